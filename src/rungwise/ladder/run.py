"""The whole line of one rung: preflight, preregistration, training, measuring, ruling, report.

    RUN/rung.toml settings.json changed.json     what is asked, and what differs from the baseline
    RUN/preflight.json check.json                what was looked at before
    RUN/sft/ rl/                                 see train/stages.py
    RUN/probe/                                   see probe/measure.py
    RUN/shallow/                                 see shallow.py
    RUN/cost.json ruling.json report.html        what came of it

1. The rung file is on the ladder before anything is trained. What is on the ladder is not changed: a rung that was
   edited after it trained is refused.
2. Each part leaves a file; a line that was cut off goes on behind the last of them.
3. A result that is compared with, and a model that is begun with, must be what the ladder has recorded.
4. A smoke run is the same line in miniature, on a ladder of its own.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

from rungwise.contract import Json, hash_of, identity, judge_all, load_contract
from rungwise.errors import InputError, RungwiseError
from rungwise.ladder import preflight as looks
from rungwise.ladder import ruling as rulings
from rungwise.ladder import shallow
from rungwise.ladder.artifacts import artifacts, sha256_of
from rungwise.ladder.cost import cost
from rungwise.ladder.enter import enter, rule_again
from rungwise.ladder.facts import training_of
from rungwise.ladder.ledger import Entry, Ledger, Overtaken
from rungwise.ladder.others import Others, baseline_of, others_of, past_of, recorded
from rungwise.ladder.rung import AXES, Rung, axis_of, changed, flattened, settings_hash, training
from rungwise.ladder.smoke import fewer
from rungwise.ladder.stopped import NotReady
from rungwise.policy.policy import answer_of
from rungwise.policy.writer import Writer, open_local
from rungwise.probe.diagnosis import symptoms
from rungwise.probe.failures import diagnose
from rungwise.probe.freeze import Probe, held_of, open_probe
from rungwise.probe.measure import Result, measure
from rungwise.probe.measure import read as read_result
from rungwise.probe.measure import save as save_result
from rungwise.probe.result import estimate
from rungwise.probe.shallow import says
from rungwise.source import judge_hash, source
from rungwise.train import checkpoint, corpus
from rungwise.train.finished import model_of
from rungwise.train.learned import learned_by
from rungwise.train.prepare import Order, Show
from rungwise.train.stages import STAGES, run_stage, stage_settings

KEPT = (
    "sft/model/*", "rl/model/*", "rl/trained/*", "sft/metrics.jsonl", "rl/metrics.jsonl", "sft/corpus*.jsonl",
    "rl/pool.jsonl",
)  # fmt: skip
TRAINED = 64  # training tasks that are measured as well
HEADLINE = ("greedy", "repaired", "pass@1", "picked", "oracle", "score")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    text: bytes  # of the rung file, read once
    written: Rung  # as it stands in the file
    rung: Rung  # as it is run: in miniature where it is a smoke run
    out: Path
    resume: bool
    show: Show
    page: Callable[[Path], str]  # the report of a run's folder
    ledger: Ledger
    smoke: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    verb: str
    headline: str
    row: str  # of the ladder's table
    report: Path


LOOK_FOR: Mapping[str, str] = {
    "sft": "look for a loss that falls fast at first and a held-out loss that follows. Flat from the start: the lr or "
           "the tokens; held-out rising while the loss falls: learned by heart, take more tasks",
    "rl": "look for a score that rises while zero_variance stays under a half. Most groups alike: tasks too hard or "
          "too easy; length or shapes falling while the reward rises: paid for doing less",
}  # fmt: skip


def run_line(line: Line) -> Done:
    """Preflight to report; what the ladder has is not done again, and what it has not is not believed."""
    probe = _probe(line)
    _require_own(line)
    _settled(line, probe)
    if not _looked_before(line):
        _require_preflight(line, probe, others_of(line.rung, line.ledger, probe))
    _preregister(line, probe)
    _train(line)
    ours = _measure(line, probe)
    ruled = _rule(line, probe, ours)
    _report(line)
    return Done(
        verb=ruled["verb"], headline=ruled["headline"], row=row_of(line.rung, ours, ruled["verb"]),
        report=line.out / "report.html",
    )  # fmt: skip


def looked(line: Line) -> list[looks.Gate]:
    """The gates alone; nothing is recorded and nothing trained but the trial."""
    probe = _probe(line)
    others = others_of(line.rung, line.ledger, probe)
    return looks.preflight(_before(line, probe, others))


# ---- what is asked ----


def _probe(line: Line) -> Probe:
    assert line.rung.probe is not None
    probe = open_probe(Path(line.rung.probe.path))
    own = line.rung.contract
    asked = identity(load_contract(own.name, own.settings))
    if (probe.lock.identity, probe.lock.judge_hash) != (asked, judge_hash(source(own.name))):
        raise InputError(line.rung.fault(("probe", "path"), f"is of {probe.lock.identity}; this rung is of {asked}"))
    if hash_of(dict(probe.lock.settings)) != hash_of(dict(own.settings)):
        raise InputError(
            line.rung.fault(("probe", "path"), f"has settings {dict(probe.lock.settings)}; expected its own")
        )
    return fewer(probe) if line.smoke else probe


def _require_own(line: Line) -> None:
    """A folder is one run's, and nothing in it is older than its place on the ladder."""
    path = line.out / "settings.json"
    begun = [stage for stage in STAGES if (line.out / stage / "checkpoints").exists()]
    if begun and line.ledger.last(line.out, "preregistered") is None:
        raise InputError(
            f"has trained {begun[0]} before it stood on {line.ledger.path}; choose another --out", file=line.out
        )
    if not path.exists():
        return
    if not line.resume:
        raise InputError("holds a run already; go on with --resume, or choose another --out", file=line.out)
    was = msgspec.json.decode(path.read_bytes())
    if hash_of(was) != hash_of(line.rung.record()):
        differing = sorted(key for key in {*was, *line.rung.record()} if was.get(key) != line.rung.record().get(key))
        raise InputError(f"was begun with another {', '.join(differing)}; choose another --out", file=path)


def _settled(line: Line, probe: Probe) -> None:
    """What is asked, and of each axis whether it is the baseline's."""
    line.out.mkdir(parents=True, exist_ok=True)
    checkpoint.write(line.out / "rung.toml", line.text)
    _write(line.out / "settings.json", line.rung.record())
    baseline = baseline_of(line.written)
    _write(line.out / "changed.json", {
        "baseline": line.rung.baseline, "axis": line.rung.axis,
        "changed": changed(line.written, baseline) if baseline else {}, "held": _held(line.rung, probe),
    })  # fmt: skip


def _held(rung: Rung, probe: Probe) -> dict[str, str]:
    """Of each axis the hash of its settings, and of what stands outside the rung."""
    flat = {axis: {} for axis in sorted({*AXES.values()} - {""})}  # type: dict[str, dict[str, Json]]
    for key, value in flattened(training(rung)):
        if axis := axis_of(key):
            flat[axis][key] = value
    return {axis: hash_of(found) for axis, found in flat.items()} | {
        "judge": probe.lock.judge_hash, "probe": probe.lock.hash
    }  # fmt: skip


# ---- before ----


def _before(line: Line, probe: Probe, others: Others) -> looks.Before:
    return looks.Before(
        rung=line.rung, order=_order(line, resume=line.resume), contract=probe.contract, probe=probe,
        ledger=line.ledger, written=line.written, baseline=baseline_of(line.written), small=line.smoke,
        measured={name: found[1] if found else None for name, found in others.items()},
        runs={name: found[0] for name, found in others.items() if found},
    )  # fmt: skip


def _order(line: Line, resume: bool) -> Order:
    assert line.rung.probe is not None
    held = {f"probe {line.rung.probe.path}": held_of(Path(line.rung.probe.path))}
    return Order(rung=line.rung, out=line.out, resume=resume, show=line.show, held=held)


def _require_preflight(line: Line, probe: Probe, others: Others) -> None:
    found = looks.preflight(_before(line, probe, others))
    for gate in found:
        if gate.warned:
            line.show.warn(f"preflight: {gate.name}: {gate.detail}")
    if told := list(looks.faults(found)):
        shutil.rmtree(line.out / ".trial", ignore_errors=True)
        (line.out / "settings.json").unlink()
        failed = [gate.name for gate in found if not gate.passed]
        raise NotReady("\n".join([f"preflight: {len(told)} of {len(found)} gates fail", *told]), failed)
    _write(line.out / "preflight.json", looks.record(found))


def _looked_before(line: Line) -> bool:
    """Whether the gates that this very run was preregistered after still stand in its folder."""
    entry, path = line.ledger.last(line.out, "preregistered"), line.out / "preflight.json"
    return line.resume and entry is not None and path.exists() and entry.body.get("preflight") == sha256_of(path)


def _preregister(line: Line, probe: Probe) -> None:
    """Nothing of it can be another once something was trained: the ladder refuses that."""
    rung = line.rung
    body = {
        "rung": rung.name, "contract": probe.lock.identity, "probe": probe.lock.hash, "text": line.text.decode(),
        "sha256": sha256(line.text).hexdigest(), "settings": rung.record(), "settings_sha256": settings_hash(rung),
        "seed": rung.seed, "question": rung.question, "hypothesis": rung.hypothesis, "target": rung.target,
        "expectations": list(rung.expectations), "gates": list(rung.gates), "axis": rung.axis,
        "baseline": rung.baseline, "preflight": sha256_of(line.out / "preflight.json"),
    }  # fmt: skip
    last = line.ledger.last(line.out, "preregistered")
    if last is None or hash_of(dict(last.body)) != hash_of(body):
        line.ledger.append("preregistered", line.out, body)


# ---- the run ----


def _train(line: Line) -> None:
    trained = line.ledger.last(line.out, "trained")
    if trained is not None:
        _require_artifacts(line.out, trained)
        return
    for stage in STAGES:
        if getattr(line.rung, stage) and not _stage_done(line, stage):
            line.show.warn(LOOK_FOR[stage])
            run_stage(stage, _order(line, resume=True))
    body = {"artifacts": artifacts(line.out, KEPT), "cost": cost(line.out, line.rung.cost)}
    line.ledger.append("trained", line.out, body)


def _stage_done(line: Line, stage: str) -> bool:
    """A model that was trained by these settings."""
    folder = line.out / stage
    if not (folder / "model").is_dir():
        return False
    if msgspec.json.decode((folder / "settings.json").read_bytes()) != stage_settings(line.rung, stage):
        raise InputError("holds a model that was trained by other settings; choose another --out", file=folder)
    return True


def _require_artifacts(run: Path, trained: Entry) -> None:
    for one in trained.body["artifacts"]:
        path = Path(one["path"])
        if "model" in path.parts and (not path.exists() or sha256_of(path) != one["sha256"]):
            raise RungwiseError(f"{path} is not what {run} has recorded (entry {trained.number})")


def _measure(line: Line, probe: Probe) -> Result:
    """A result that the ladder does not know is not believed: it is measured again, which costs little."""
    folder, entry = line.out / "probe", line.ledger.last(line.out, "measured")
    if entry is not None:
        found = recorded(line.out.as_posix(), line.ledger, probe)
        if found is None:
            raise RungwiseError(
                f"{line.out} was measured on another probe (entry {entry.number}); choose another --out"
            )
        return found[1]
    shutil.rmtree(folder, ignore_errors=True)
    writer = open_local(model_of(line.out), probe.contract, device=line.rung.model.device)
    told = measure(probe, writer, seed=line.rung.seed, learned=_learned(line), tell=line.show.doing)
    save_result(folder, probe, told)
    _write(folder / "trained.json", _of_trained(line, probe, writer))
    ours = read_result(folder)
    _write(line.out / "cost.json", cost(line.out, line.rung.cost, ours.record["seconds"]))
    line.ledger.append("measured", line.out, {
        "probe": probe.lock.hash, "result": sha256_of(folder / "result.json"),
        "headline": {name: ours.record["metrics"][name] for name in HEADLINE if name in ours.record["metrics"]},
    })  # fmt: skip
    return ours


def _of_trained(line: Line, probe: Probe, writer: Writer) -> dict[str, Json]:
    """The greedy pass rate on tasks that this run learned from: whether the trouble is in learning or beyond it."""
    path = line.out / "sft" / "corpus.jsonl"
    if not path.exists():
        return {}
    line.show.doing("measuring on training tasks")
    rows = corpus.load(path, probe.contract)
    tasks = list({row.task.id: row.task for row in rows[:: max(1, len(rows) // TRAINED)]}.values())[:TRAINED]
    texts = [answer_of(group[0].text, probe.lock.answer) for group in writer.write(tasks, 1, probe.lock.greedy(), 0)]
    verdicts = judge_all(probe.contract, list(zip(tasks, texts, strict=True)))
    return {"passed": sum(verdict.passed for verdict in verdicts), "n": len(tasks)}


def _learned(line: Line) -> frozenset[str] | None:
    """What was learned from by this run, and by those that it goes on from."""
    assert line.rung.probe is not None
    known = learned_by(line.out)
    return known.answers if known and line.rung.probe.learned else None


def _rule(line: Line, probe: Probe, ours: Result) -> dict[str, Json]:
    path, last = line.out / "ruling.json", line.ledger.last(line.out, "ruled")
    of = probe.lock.identity, probe.lock.hash
    if last is None:
        _write(path, _ruling(line, probe, ours, others_of(line.rung, line.ledger, probe)))
    try:
        enter(line.ledger, line.out, *of)
    except Overtaken:
        line.show.warn("another run became champion meanwhile; ruled on again, against that one")
        again = _ruling(line, probe, ours, others_of(line.rung, line.ledger, probe))
        rule_again(line.ledger, line.out, again, "the rules", *of)
    record: dict[str, Json] = msgspec.json.decode(path.read_bytes())
    return record


def _ruling(line: Line, probe: Probe, ours: Result, others: Others) -> dict[str, Json]:
    """Against the champion as it stands now, not as it stood before training."""
    held = {name: found for name, found in others.items() if name != "pilot"}
    results = {name: found[1] if found else None for name, found in held.items()}
    told, baseline = training_of(line.out), results["baseline"]
    held_against = baseline.rows if baseline else None
    diagnosis = diagnose(ours.rows, told, baseline=held_against)
    past = past_of(line.ledger, line.rung, str(ours.record["probe"]["hash"]))
    seen = symptoms(ours.rows, told, held_against, diagnosis=diagnosis, runs=past)
    unskilled = shallow.measured(line.out, probe, line.show.doing)
    ruling = rulings.rule(line.rung, ours, results, diagnosis, seen, unskilled)
    runs = {name: found[0] for name, found in held.items() if found}
    runs |= {says(name): one.folder.as_posix() for name, one in unskilled.items()}
    signed = {"needed": line.rung.signed and ruling.verb == "promote", "by": None}
    return {**rulings.record(ruling, diagnosis, seen, runs), "signed": signed}


def _report(line: Line) -> None:
    line.show.doing("writing the report")
    checkpoint.write(line.out / "report.html", line.page(line.out).encode())


def row_of(rung: Rung, ours: Result, verb: str) -> str:
    """One line of a table."""
    told = " | ".join(f"{name} {estimate(ours.rows, name)}" for name in HEADLINE if name in ours.record["metrics"])
    return f"| {rung.name} | seed {rung.seed} | {told} | {verb} |"


def _write(path: Path, record: Json) -> None:
    checkpoint.write(path, msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
