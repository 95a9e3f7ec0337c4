"""Everything that is looked at before a run may begin, each by name, all told at once.

A gate that fails stops the run. One that warns lets it go on and says what its result will not be able to show. The
last of them trains: a few steps in a folder of their own, cut off after the first and gone on with, which must come to
the same bytes and, where the rung asks for a canary, to answers that can be read.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from rungwise.contract import Contract, Json
from rungwise.errors import InputError, RungwiseError
from rungwise.held import shared
from rungwise.ladder import gates
from rungwise.ladder.artifacts import sha256_of
from rungwise.ladder.audit import stated
from rungwise.ladder.blueprint import read as read_blueprint
from rungwise.ladder.compare import compare
from rungwise.ladder.countable import require_countable
from rungwise.ladder.handoff import verify
from rungwise.ladder.ledger import Ledger
from rungwise.ladder.rows_audit import Given, audit_rows
from rungwise.ladder.rung import Rung, require_one_axis
from rungwise.ladder.stopped import CanaryFailed
from rungwise.ladder.trial import parity, trial
from rungwise.policy.gate import MOST
from rungwise.probe.freeze import Probe
from rungwise.probe.measure import Result, require_accounting
from rungwise.probe.result import metric
from rungwise.probe.stats import resolvable
from rungwise.train import stages
from rungwise.train.learned import learned_by
from rungwise.train.prepare import Order, Prepared, prepare, started

LEAST_STEPS, LEAST_EPOCHS = 200, 1.0  # below them a run proves nothing of what can be learned
LEAST_TASKS = 100
FREE_BYTES = 500_000_000


@dataclass(frozen=True, slots=True)
class Gate:
    name: str
    passed: bool
    detail: str
    warned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a run is about to begin with."""

    written: Rung  # as it stands in the file
    rung: Rung  # as it is run
    order: Order
    contract: Contract
    probe: Probe
    ledger: Ledger
    baseline: Rung | None = None
    measured: Mapping[str, Result | None] = field(default_factory=dict)  # the baseline's result, and the champion's
    runs: Mapping[str, str] = field(default_factory=dict)  # whose results those are
    small: bool = False  # a smoke run: what needs other runs is left out

    def stages(self) -> list[str]:
        return [name for name in stages.STAGES if getattr(self.rung, name)]


Look = Callable[[Before, Mapping[str, Prepared]], str | Gate]


def preflight(before: Before) -> list[Gate]:
    """All gates; what cannot be prepared is a gate that fails, and those that need it are left out."""
    found, ready = [], {}
    for stage in before.stages():
        if stage == "rl" and before.rung.rl and before.rung.rl.start == "sft":
            continue  # its beginning is not there yet
        try:
            ready[stage] = prepare(stage, before.order, before.contract)
        except (InputError, RungwiseError) as error:
            found.append(Gate(f"{stage} can be prepared", False, str(error)))
    for name, look in LOOKS.items():
        before.order.show.doing(f"preflight: {name}")
        if not (before.small and name in NEEDS_OTHERS):
            found.append(_looked(name, look, before, ready))
    return found


def _looked(name: str, look: Look, before: Before, ready: Mapping[str, Prepared]) -> Gate:
    try:
        told = look(before, ready)
    except CanaryFailed as error:
        return Gate("canary", False, str(error))
    except (InputError, RungwiseError) as error:
        return Gate(name, False, str(error))
    return replace(told, name=name) if isinstance(told, Gate) else Gate(name, True, told)


def _warning(told: str) -> Gate:
    return Gate("", True, told, warned=True)


# ---- the record and what is asked ----


def _ladder(before: Before, _ready: Mapping[str, Prepared]) -> str:
    faults = verify(before.ledger.path)
    if faults:
        raise RungwiseError("; ".join(map(str, faults[:5])))
    return f"{len(before.ledger.entries())} entries, the chain is whole"


def _one_axis(before: Before, _ready: Mapping[str, Prepared]) -> str:
    if before.baseline is None:
        return "no baseline: nothing to differ from"
    require_one_axis(before.written, before.baseline)
    return f"only {before.rung.axis} differs from {before.rung.baseline}"


def _baseline(before: Before, _ready: Mapping[str, Prepared]) -> str:
    if before.baseline is None:
        return "none"
    if before.rung.axis == "contract":
        return "of another contract, so of another probe: nothing is compared"
    if before.measured.get("baseline") is None:
        raise InputError(
            f"{before.rung.baseline} has no result on this probe with seed {before.rung.seed}; "
            f"run it first: rungwise run {before.rung.baseline} --seed {before.rung.seed}"
        )
    return f"{before.rung.baseline} was measured on this probe"


def _start(before: Before, _ready: Mapping[str, Prepared]) -> str | Gate:
    """A model that a run begins with must be the one that its own run has recorded, the baseline's where it stands for
    the baseline's SFT."""
    rl = before.rung.rl
    if rl is None or rl.start in ("sft", "model"):
        return "this run's own"
    place = started(before.rung)
    entry = next((one for one in reversed(before.ledger.entries(kind="trained")) if _same(one.run, place)), None)
    if before.baseline and before.rung.sft is None and not _stands_for(before, place):
        raise RungwiseError(f"{place} is not the baseline's run that the ladder has, {before.runs.get('baseline')}")
    if entry is None:
        return _warning(f"{place} is not a run on this ladder: its weights are taken as they are")
    for one in entry.body["artifacts"]:
        path = Path(one["path"])
        if "model" in path.parts and (not path.exists() or sha256_of(path) != one["sha256"]):
            raise RungwiseError(f"{path} is not what {entry.run} has recorded: its bytes have changed")
    return f"{place} is as {entry.run} has recorded it"


def _stands_for(before: Before, place: Path) -> bool:
    """The baseline's own run, or the very run that the baseline began with too."""
    theirs = before.baseline.rl.start if before.baseline and before.baseline.rl else None
    shared = theirs is not None and before.rung.rl is not None and theirs == before.rung.rl.start
    return shared or _same(before.runs.get("baseline", ""), place)


def _same(run: str, place: Path) -> bool:
    return bool(run) and Path(run).resolve() == place.resolve()


def _pilot(before: Before, _ready: Mapping[str, Prepared]) -> str:
    if before.rung.preflight.pilot is None:
        return "not asked for"
    pilot = before.measured.get("pilot")
    if pilot is None:
        raise InputError(f"{before.rung.preflight.pilot} has not been measured on this probe; run it first")
    other = before.measured.get("baseline")
    worse = compare(pilot, other, before.rung.target).worse() if other else []
    if worse:
        raise RungwiseError(f"the pilot made {', '.join(worse)} worse; the full run would too")
    return "the pilot made nothing worse"


# ---- the judge and the probe ----


def _examination(before: Before, _ready: Mapping[str, Prepared]) -> str:
    stages.examined(before.order, before.contract, before.rung.preflight.examined)
    return "passed, see check.json"


def _accounting(before: Before, _ready: Mapping[str, Prepared]) -> str:
    require_accounting(before.probe)
    return f"{len(before.probe.golds)} gold answers measure as right"


def _power(before: Before, _ready: Mapping[str, Prepared]) -> str | Gate:
    n = len(before.probe.tasks)
    least = resolvable(n)
    told = f"{n} tasks: a difference under {least:.0%} will not be found"
    small = [
        text for text in before.rung.expectations
        if (asked := gates.parsed(text)).against and asked.part is None and 0 < abs(asked.bound) < least
    ]  # fmt: skip
    if small:
        return _warning(f"{told}, and {small[0]!r} asks for less")
    return _warning(told) if n < LEAST_TASKS else told


def _disjoint(before: Before, ready: Mapping[str, Prepared]) -> str | Gate:
    overlaps = [line for one in ready.values() for line in one.audit.overlaps]
    rl = before.rung.rl
    known = None
    if rl is not None and rl.start not in ("sft", "model"):
        known = learned_by(started(before.rung))
        found = shared(before.contract, before.probe.tasks, known.tasks) if known else {}
        overlaps += [
            f"{len(ids)} tasks of the probe were learned from by {rl.start} ({way})" for way, ids in found.items()
        ]
    if overlaps:
        raise RungwiseError("; ".join(overlaps))
    told = f"none of {sum(one.audit.tasks for one in ready.values())} training tasks is in the probe"
    if rl is not None and rl.start not in ("sft", "model") and known is None:
        return _warning(f"{told}; what {rl.start} has learned from is not known")
    return told


def _conditions(before: Before, _ready: Mapping[str, Prepared]) -> str:
    """Every metric and slice that is asked for is there to be had, before it costs a run to find out."""
    rung, tasks, k = before.rung, before.probe.tasks, before.probe.lock.k
    metric(rung.target, k)
    require_countable((*rung.expectations, *rung.gates), before.contract, tasks, k)
    for text in (*rung.expectations, *rung.gates):
        if gates.parsed(text).against == "baseline" and rung.axis == "contract":
            raise InputError("a baseline of another contract is not compared with", field=text)
    return f"{len(rung.expectations)} expectations and {len(rung.gates)} gates can be counted"


# ---- rows ----


def _corpus(_before: Before, ready: Mapping[str, Prepared]) -> str | Gate:
    wrong = [line for one in ready.values() for line in one.audit.contradictions]
    if wrong:
        raise RungwiseError("; ".join(wrong[:5]))
    rows, twice = (sum(getattr(one.audit, name) for one in ready.values()) for name in ("rows", "duplicates"))
    told = f"{rows} rows, no contradictions, {twice} stand twice"
    return _warning(told) if 2 * twice > rows else told


def _shares(before: Before, _ready: Mapping[str, Prepared]) -> str:
    """Rows made to mend something are few, and what was learned before is kept alive, by the sources' names."""
    if before.rung.sft is None:
        return "no rows"
    mixture, own = before.rung.sft.mixture, before.rung.preflight
    whole = sum(source.weight for source in mixture)
    repair, anchor = (
        sum(source.weight for source in mixture if source.title().startswith(kind)) / whole
        for kind in ("repair", "anchor")
    )
    told = f"repair rows {repair:.0%}, anchor rows {anchor:.0%}"
    if repair > own.repair_share or anchor < own.anchor_share:
        raise RungwiseError(
            f"{told}; expected at most {own.repair_share:.0%} of repair and at least {own.anchor_share:.0%} of anchor"
        )
    return told


def _blueprint(before: Before, ready: Mapping[str, Prepared]) -> str | Gate:
    """What was written down before the rows were made, and whether they are that."""
    asked, sft = before.rung.blueprint, before.rung.sft
    if asked is None:
        return "none is named"
    blueprint = read_blueprint(Path(asked.path))
    faults, warnings = stated(blueprint, before.ledger, before.rung.contract)
    if sft is not None and "sft" in ready:
        rows = [
            Given(place=f"{one.title()} row {at}", task=row.task, answer=row.answer, weight=one.weight / len(found))
            for one in sft.mixture for found in [ready["sft"].sources[one.title()]] for at, row in enumerate(found, 1)
        ]  # fmt: skip
        told, more = audit_rows(blueprint, before.contract, rows, asked.stage)
        faults, warnings = [*faults, *told], [*warnings, *more]
    if faults:
        raise RungwiseError("; ".join(faults))
    return _warning("; ".join(warnings)) if warnings else f"{asked.path} holds"


def _context(before: Before, ready: Mapping[str, Prepared]) -> str:
    told = []
    for stage, one in ready.items():
        one.lengths.refuse(one.policy.context)
        if stage == "sft" and 100 * one.lengths.both.most > MOST * one.policy.context:
            told.append(f"the longest row takes more than {MOST}% of the context")
        long = [
            task.id for task in before.probe.tasks if len(one.policy.tokens.prompt(task.prompt)) >= one.policy.context
        ]
        if long:
            raise RungwiseError(
                f"{len(long)} prompts of the probe do not fit the context of {one.policy.context}; "
                "raise model.context, or they count as failed"
            )
        told.append(f"{stage}: p95 {one.lengths.both.p95}, longest {one.lengths.both.most} of {one.policy.context}")
    return "; ".join(told) or "known once SFT is done"


def _tokens(_before: Before, ready: Mapping[str, Prepared]) -> str:
    for stage, one in ready.items():
        if one.lengths.unreadable:
            raise RungwiseError(f"{stage}: {one.lengths.unreadable} gold answers do not come back from their tokens")
    return "every gold answer comes back from its tokens"


def _signal(before: Before, ready: Mapping[str, Prepared]) -> str | Gate:
    sft = before.rung.sft
    if sft is None or "sft" not in ready:
        return "no SFT"
    lengths, rows = ready["sft"].lengths, ready["sft"].audit.rows
    of_an_epoch = max(1.0, rows * lengths.both.p50 / sft.batch_tokens)
    steps = sft.steps or int((sft.epochs or 0) * of_an_epoch)
    told = f"{steps} steps, about {steps / of_an_epoch:.1f} passes over {rows} rows"
    if steps < LEAST_STEPS or steps / of_an_epoch < LEAST_EPOCHS:
        return _warning(
            f"{told}: too small to prove anything; no verdict on size or language before "
            f"{LEAST_STEPS} steps and {LEAST_EPOCHS:g} pass"
        )
    return told


# ---- the machine ----


def _disk(before: Before, _ready: Mapping[str, Prepared]) -> str:
    before.order.out.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(before.order.out).free
    if free < FREE_BYTES:
        raise RungwiseError(f"{free / 1e6:.0f} MB free; expected {FREE_BYTES / 1e6:.0f}")
    return f"{free / 1e9:.0f} GB free"


LOOKS: Mapping[str, Look] = {
    "ladder": _ladder, "one axis": _one_axis, "baseline": _baseline, "start": _start, "pilot": _pilot, "disk": _disk,
    "examination": _examination, "accounting": _accounting, "conditions": _conditions, "power": _power,
    "disjoint": _disjoint, "corpus": _corpus, "shares": _shares, "blueprint": _blueprint, "context": _context,
    "tokens": _tokens, "signal": _signal, "parity": parity, "trial": trial,
}  # fmt: skip
NEEDS_OTHERS = ("baseline", "start", "pilot", "blueprint", "trial")


def faults(found: list[Gate]) -> Iterator[str]:
    return (f"{gate.name}: {gate.detail}" for gate in found if not gate.passed)


def record(found: list[Gate]) -> list[dict[str, Json]]:
    return [
        {"name": gate.name, "passed": gate.passed, "warned": gate.warned, "detail": gate.detail, "figures": {}}
        for gate in found
    ]
