"""A rung's training stages, from its settings to a saved model, each in a folder that tells all it did.

    RUN/check.json                                   the judge's examination, before anything is trained
    RUN/sft/ settings.json corpus.jsonl heldout.jsonl audit.json lengths.json counts.json metrics.jsonl timing.jsonl
             checkpoints/ model/
    RUN/rl/  settings.json pool.jsonl audit.json lengths.json metrics.jsonl timing.jsonl checkpoints/ model/
             trained/ (with a quarantine: the model with it, where model/ is without)

1. A stage reads files of the stage before it and writes its own, so it can be run alone, again, or from elsewhere.
2. A stage that was cut off goes on by `resume`, from its last checkpoint, to the bytes it would have had. Settings that
   differ from those it was begun with are refused; to change them on the way is a fork, in a folder of its own.
"""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from rungwise.contract import Contract, Json, Task, identity, load_contract
from rungwise.errors import InputError, RungwiseError, nearest
from rungwise.policy.gate import Lengths
from rungwise.policy.loading import mark
from rungwise.policy.policy import Decode, Policy
from rungwise.policy.writer import automaton_of
from rungwise.source import judge_hash, source
from rungwise.train import checkpoint, corpus, loop
from rungwise.train.fitting import require_known
from rungwise.train.learned import keep
from rungwise.train.mixture import Source, encoded
from rungwise.train.prepare import Order, Prepared, beginning, prepare, started
from rungwise.train.rl import Rl, within
from rungwise.train.settings import Rung
from rungwise.train.sft import Sft, expert_of

STAGES = ("sft", "rl")
EXAMINED = 8  # tasks of each split
PATIENCE = 20.0  # seconds: training may share its machine, and a busy one is no fault of the judge
DIFFICULTY_K = 8


def run_stage(stage: str, order: Order) -> Path:
    """The folder of the model that the stage made."""
    require_stage(stage)
    if getattr(order.rung, stage) is None:
        raise InputError(f"the rung has no [{stage}] section", field="--stage")
    contract = load_contract(order.rung.contract.name, order.rung.contract.settings)
    require_known(order.rung, contract)
    examined(order, contract)
    folder = order.out / stage
    _settled(folder, stage_settings(order.rung, stage), order.resume)
    return {"sft": _sft, "rl": _rl}[stage](order, contract, folder)


def require_stage(stage: str) -> None:
    if stage not in STAGES:
        raise InputError(f"no stage {stage!r}; {nearest(stage, STAGES)}", field="--stage")


def fork(stage: str, source: Path, step: int, out: Path) -> None:
    """A run that has come as far as `source` at a step; what follows may have other settings. Rows are drawn by those:
    the same ones where the settings are the same. What the policy itself wrote up to the step is taken along."""
    require_stage(stage)
    loop.fork(source / stage, step, out / stage)
    turns = checkpoint.read(source / stage, step).state.get("turns", 0)
    for name in ("check.json", "sft/model", *(f"sft/expert-{turn}.jsonl" for turn in range(1, turns + 1))):
        place = out / name
        if not (source / name).exists() or place.exists():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (source / name).is_dir() else shutil.copy)(source / name, place)


def stage_settings(rung: Rung, stage: str) -> dict[str, Json]:
    record = rung.record()
    return {key: record[key] for key in ("name", "seed", "contract", "tokens", "model", stage)}


def _settled(folder: Path, settings: dict[str, Json], resume: bool) -> None:
    """The stage's settings stand in its folder; another run's steps are not mixed with these."""
    path = folder / "settings.json"
    if path.exists():
        was = msgspec.json.decode(path.read_bytes())
        changed = [f"{key} = {new!r}, was {old!r}" for key, old, new in _compared(was, settings) if old != new]
        begun = bool(checkpoint.steps(folder))
        if begun and not resume:
            raise InputError("holds a run already; go on with --resume, or choose another --out", file=folder)
        if begun and changed:
            raise InputError(
                f"was begun with other settings: {'; '.join(changed)}; resume with those, or fork with --from",
                file=path,
            )
        if changed:  # it never came to a step: what was drawn for it is of no use
            shutil.rmtree(folder)
    _write(path, settings)


def _compared(was: Json, now: Json, place: str = "") -> list[tuple[str, Json, Json]]:
    if isinstance(was, dict) and isinstance(now, dict):
        return [
            found
            for key in sorted({*was, *now})
            for found in _compared(was.get(key), now.get(key), f"{place}.{key}" if place else key)
        ]
    return [(place, was, now)]


def examined(order: Order, contract: Contract, n: int = EXAMINED) -> None:
    """No judge is trained against that has not been attacked, as it is now."""
    from rungwise.check import examine

    own = order.rung.contract
    path, judge = order.out / "check.json", judge_hash(source(own.name))
    if path.exists():
        was = msgspec.json.decode(path.read_bytes())
        if (was["contract"], was.get("judge")) == (identity(contract), judge):
            return
    order.show.doing(f"examining {own.name}")
    n = max(n, len(contract.tiers))  # each may have its turn
    found = examine(own.name, own.settings, n=n, seed=order.rung.seed, seconds_per_answer=PATIENCE)
    if not found.passed:
        failed = [finding.name for finding in found.findings if not finding.passed]
        raise RungwiseError(f"{own.name} fails its examination ({', '.join(failed)}); see `rungwise check {own.name}`")
    _write(path, {**found.record(), "judge": judge})


def _write(path: Path, record: Any) -> None:
    checkpoint.write(path, msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")


# ---- sft ----


def _sft(order: Order, contract: Contract, folder: Path) -> Path:
    rung, settings, ready = order.rung, order.rung.sft, prepare("sft", order, contract)
    assert settings is not None
    _kept(folder, ready)
    corpus.require_sound(ready.audit)
    policy, rows = ready.policy, [row for found in ready.sources.values() for row in found]
    ready.lengths.refuse(policy.context)
    expert = settings.expert and expert_of(
        policy, contract, [row.task for row in rows], settings, rung.seed, folder, _most(ready.lengths, policy)
    )
    weights = {source.title(): source.weight for source in settings.mixture}
    sources = [
        Source(name=name, weight=weights[name], rows=encoded(policy.tokens, found))
        for name, found in ready.sources.items()
    ]
    stage = Sft(policy, sources, encoded(policy.tokens, ready.heldout), settings, rung.seed, expert or None)
    _write(folder / "counts.json", stage.counts(stage.steps))
    loop.run(stage, folder, stage.steps, settings.every, order.show.tell)
    own = [row for found in sorted(folder.glob("expert-*.jsonl")) if found.stat().st_size for row in
           corpus.load(found, contract)]  # fmt: skip
    keep(folder, contract, [*rows, *own], after=None)
    return _saved(order, policy, folder)


def _kept(folder: Path, ready: Prepared) -> None:
    _write(folder / "audit.json", asdict(ready.audit))
    _write(folder / "lengths.json", asdict(ready.lengths))


def _saved(order: Order, policy: Policy, folder: Path, name: str = "model") -> Path:
    """The model's folder, which is there as a whole or not at all."""
    from safetensors import SafetensorError

    own, rung, room, place = order.rung.contract, order.rung, folder / f".{name}", folder / name
    try:
        shutil.rmtree(room, ignore_errors=True)
        policy.save(room)
        mark(room, {
            "kind": "hub" if rung.model.path else "nano", "contract": own.name, "settings": own.settings,
            "chat": rung.model.chat, "name": rung.name, "seed": rung.seed, "stage": folder.name,
        })  # fmt: skip
        shutil.rmtree(place, ignore_errors=True)
        room.replace(place)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(room, ignore_errors=True)
        told = (isinstance(error, OSError) and error.strerror) or error
        raise RungwiseError(f"{place}: cannot write the model: {told}; go on with --resume") from error
    return place


def _most(lengths: Lengths, policy: Policy) -> int:
    """The longest gold answer with some room, to the next 32; what is left of the context at most."""
    return max(16, min(-(-(lengths.gold.most + 16) // 32) * 32, policy.context - lengths.prompt.most))


# ---- rl ----


def _rl(order: Order, contract: Contract, folder: Path) -> Path:
    rung, settings, ready = order.rung, order.rung.rl, prepare("rl", order, contract)
    assert settings is not None
    _kept(folder, ready)
    corpus.require_sound(ready.audit)
    policy, (start, _) = ready.policy, beginning(order, contract, ready.pool)
    settings = settings.model_copy(update={"max_new_tokens": settings.max_new_tokens or _most(ready.lengths, policy)})
    automaton = automaton_of(contract, policy) if settings.grammar else None
    tasks = _fitting(order, contract, start, [row.task for row in ready.pool], settings.max_new_tokens)
    stage = Rl(policy, start, contract, tasks, settings, rung.seed, automaton, order.show.warn)
    loop.run(stage, folder, settings.steps, settings.every, order.show.tell)
    before = {"sft": order.out, "model": None}.get(settings.start, started(rung))
    keep(folder, contract, [corpus.Row(task=task, answer="") for task in tasks], after=before)
    return [_saved(order, one, folder, name) for name, one in stage.arm.models().items()][-1]


def _fitting(order: Order, contract: Contract, start: Policy, pool: list[Task], most: int) -> list[Task]:
    """Tasks that are neither hopeless nor done with, where the rung asks for that."""
    settings = order.rung.rl
    assert settings is not None
    low, high = settings.difficulty
    if (low, high) == (0.0, 1.0):
        return pool
    order.show.doing(f"measuring the pass rate of {len(pool)} tasks")
    decode = Decode(temperature=settings.temperature, max_new_tokens=most, answer=settings.answer)
    kept = within(start, contract, pool, decode, DIFFICULTY_K, order.rung.seed, low, high)
    order.show.warn(f"{len(kept)} of {len(pool)} tasks have a pass rate within {low:g} and {high:g}")
    return kept
