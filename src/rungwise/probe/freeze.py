"""A probe: frozen tasks on disk, the only thing that results are compared on.

    PROBE/probe.json    what it was made from, how answers are drawn and read, and the hashes of everything below
    PROBE/tasks.jsonl   the tasks with the facts that the judge needs
    PROBE/gold.jsonl    their gold answers
    PROBE/held.json     hashes of the tasks: all that whoever trains may read of a probe

1. The probe's hash is over tasks, gold, judge source, contract, decode settings and k. Opening checks every file
   against it, and the judge as it is installed now: what differs is named, and nothing is measured.
2. Tasks of a split stand once each by id, prompt and structure. A training pool is drawn as rungs draw theirs, and
   no task of the probe may be in it; what was looked at stands in probe.json. A run's own rows are looked through again
   before it trains.
3. A changed probe is another probe: it has another hash, and results on the two are not compared.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from rungwise import held
from rungwise.contract import Contract, Json, Task, hash_of, identity, load_contract
from rungwise.drawing import Drawn, draw
from rungwise.errors import InputError, RungwiseError
from rungwise.policy.policy import Decode, require_answer
from rungwise.records import Answer, answered, line_of, read_tasks
from rungwise.source import judge_hash, source

Tell = Callable[[str], None]


class ProbeChanged(RungwiseError):
    """A probe whose files or judge are no longer what was frozen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """probe.json."""

    name: str
    contract: str  # as `load_contract` finds it
    settings: Mapping[str, Json]
    identity: str
    seed: int
    k: int  # samples a task
    temperature: float  # of those
    max_new_tokens: int  # 0: what the context leaves
    answer: str  # what counts as the answer in a policy's text
    counts: Mapping[str, Mapping[str, int]]  # by split, tier and family; of structures too, each is there once
    apart: Mapping[str, Json]  # the training pool that no task was found in
    source: Mapping[str, str]  # of the judge, file by file
    tasks_hash: str
    gold_hash: str
    judge_hash: str

    @property
    def hash(self) -> str:
        """Of all that a result depends on. Where the contract lies and what the probe is called is left out."""
        told = msgspec.to_builtins(self)
        return hash_of({key: told[key] for key in told if key not in ("name", "contract", "source", "counts", "apart")})

    def greedy(self) -> Decode:
        return Decode(temperature=0.0, max_new_tokens=self.max_new_tokens, answer=self.answer)

    def sampled(self) -> Decode:
        return Decode(temperature=self.temperature, max_new_tokens=self.max_new_tokens, answer=self.answer)


@dataclass(frozen=True, slots=True)
class Probe:
    lock: Lock
    contract: Contract
    tasks: Sequence[Task]
    golds: Mapping[str, str]  # by task; those that have one


# ---- making ----


def freeze(
    folder: Path, spec: str, settings: Mapping[str, Json], splits: Mapping[str, int], *, name: str = "", seed: int = 0,
    tiers: Mapping[str, float] | None = None, k: int = 8, temperature: float = 1.0, max_new_tokens: int = 0,
    answer: str = "all", pool: str | None = None, pool_tasks: int = 256, workers: int = 2, tell: Tell = lambda _: None,
) -> Probe:  # fmt: skip
    """`splits` says how many tasks of each; `pool` names the split that rungs train on, the contract's first, and
    `pool_tasks` how many of its tasks the probe is held against."""
    if (folder / "probe.json").exists():
        raise InputError("is a probe already; a frozen one is never changed, choose another folder", file=folder)
    contract = load_contract(spec, settings)
    require_answer(answer)
    drawn: list[Drawn] = []
    for split, n in splits.items():
        drawn += _drawn(contract, spec, settings, split, n, seed, tiers, workers, tell)
    if len(_different(contract, drawn)) < len(drawn):
        raise InputError(f"{' and '.join(splits)} share tasks; a task stands in a probe once", field="--split")
    tasks, golds = [task for task, _ in drawn], {task.id: gold for task, gold in drawn if gold is not None}
    apart = _apart(contract, spec, settings, pool or contract.splits[0], pool_tasks, tasks, splits, seed, workers, tell)
    files = source(spec)
    lock = Lock(
        name=name or folder.name, contract=spec, settings=dict(settings), identity=identity(contract), seed=seed, k=k,
        temperature=temperature, max_new_tokens=max_new_tokens, answer=answer, counts=_counts(tasks), apart=apart,
        source=files, tasks_hash=_hash_of_tasks(tasks), gold_hash=hash_of(golds), judge_hash=judge_hash(files),
    )  # fmt: skip
    _write(folder, lock, contract, tasks, golds)
    return Probe(lock, contract, tasks, golds)


def _drawn(
    contract: Contract, spec: str, settings: Mapping[str, Json], split: str, n: int, seed: int,
    tiers: Mapping[str, float] | None, workers: int, tell: Tell,
) -> list[Drawn]:  # fmt: skip
    """n tasks of a split that are n different problems: what stands twice is drawn again."""
    wanted, found = n, []
    while True:
        tell(f"drawing {wanted} tasks of {split}")
        drawn = draw(
            spec, settings, split, wanted, seed, tiers=tiers, answered=False, workers=workers,
            tell=lambda at, whole: tell(f"drawing tasks of {split}: {at} of {whole}"),
        )  # fmt: skip
        found = _different(contract, drawn)
        if len(found) >= n:
            return found[:n] if not tiers else _evened(found, drawn[:n], n)
        if wanted > 16 * n:
            raise InputError(f"{len(found)} different tasks among {wanted}; {n} asked for", field=f"--split {split}")
        wanted *= 2


def _different(contract: Contract, drawn: Sequence[Drawn]) -> list[Drawn]:
    told: set[tuple[str, str]] = set()
    found = []
    for task, gold in drawn:
        marks = {(way, of(contract, task)) for way, of in held.WAYS.items()}
        if not marks & told:
            found.append((task, gold))
        told |= marks
    return found


def _evened(found: Sequence[Drawn], first: Sequence[Drawn], n: int) -> list[Drawn]:
    """As many of each tier as the first n had."""
    room = Counter(task.tier for task, _ in first)
    kept = []
    for task, gold in found:
        if room[task.tier]:
            room[task.tier] -= 1
            kept.append((task, gold))
    return kept if len(kept) == n else list(found[:n])


def _apart(
    contract: Contract, spec: str, settings: Mapping[str, Json], pool: str, n: int, tasks: Sequence[Task],
    splits: Mapping[str, int], seed: int, workers: int, tell: Tell,
) -> dict[str, Json]:  # fmt: skip
    if pool in splits:
        raise InputError(f"{pool!r} is what rungs train on; expected other splits", field="--split")
    tell(f"holding them against {n} tasks of {pool}")
    others = [task for task, _ in draw(spec, settings, pool, n, seed, answered=False, workers=workers)]
    found = held.shared(contract, tasks, held.held(contract, others))
    if found:
        told = "; ".join(f"{len(ids)} by {way}: {', '.join(ids[:5])}" for way, ids in found.items())
        raise RungwiseError(f"tasks of the probe are in {pool!r} too ({told}); the contract's splits are not disjoint")
    return {"split": pool, "tasks": n, "seed": seed, "shared": 0, "hash": _hash_of_tasks(others)}


def _counts(tasks: Sequence[Task]) -> dict[str, dict[str, int]]:
    return {way: dict(Counter(getattr(task, way) for task in tasks)) for way in ("split", "tier", "family")}


def _hash_of_tasks(tasks: Sequence[Task]) -> str:
    return hash_of([msgspec.to_builtins(task) for task in tasks])


def _write(
    folder: Path, lock: Lock, contract: Contract, tasks: Sequence[Task], golds: Mapping[str, str]
) -> None:  # fmt: skip
    """probe.json last: a folder without it is no probe."""
    answers = [Answer(task=task.id, answer=golds[task.id]) for task in tasks if task.id in golds]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, records in (("tasks", tasks), ("gold", answers)):
            (folder / f"{name}.jsonl").write_text("".join(f"{line_of(one)}\n" for one in records), "utf-8")
        (folder / "held.json").write_bytes(msgspec.json.encode(held.held(contract, tasks).record()))
        told = {**msgspec.to_builtins(lock), "hash": lock.hash}
        (folder / "probe.json").write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    except OSError as error:
        raise RungwiseError(f"{folder}: cannot write the probe: {error.strerror}") from error


# ---- opening ----


def lock_of(folder: Path) -> Lock:
    """probe.json alone, whose own hash must hold."""
    path = folder / "probe.json"
    try:
        record = msgspec.json.decode(path.read_bytes())
        lock = msgspec.convert(record, Lock)
    except FileNotFoundError as error:
        raise InputError("no probe.json in it; make a probe with `rungwise freeze`", file=folder) from error
    except (OSError, msgspec.DecodeError, msgspec.ValidationError) as error:
        raise InputError(f"cannot be read as a probe: {error}", file=path) from error
    if record.get("hash") != lock.hash:
        raise ProbeChanged(f"{path}: was edited after it was frozen: its hash is not that of its contents")
    return lock


def held_of(folder: Path) -> held.Held:
    return held.read(folder / "held.json")


def open_probe(folder: Path) -> Probe:
    """The probe as it was frozen, with the judge it was frozen with; all that differs is named at once."""
    lock = lock_of(folder)
    contract = load_contract(lock.contract, lock.settings)
    tasks = read_tasks(folder / "tasks.jsonl", contract)
    golds = _golds(folder, tasks)
    faults = [
        *([f"tasks.jsonl was edited: {_hash_of_tasks(tasks)[:12]}, frozen as {lock.tasks_hash[:12]}"]
          if _hash_of_tasks(tasks) != lock.tasks_hash else []),
        *([f"gold.jsonl was edited: {hash_of(golds)[:12]}, frozen as {lock.gold_hash[:12]}"]
          if hash_of(golds) != lock.gold_hash else []),
        *(["held.json is not of these tasks"] if held_of(folder) != held.held(contract, tasks) else []),
        *_judge_faults(lock, contract),
    ]  # fmt: skip
    if faults:
        raise ProbeChanged("\n".join(f"{folder}: {fault}" for fault in faults))
    return Probe(lock, contract, tasks, golds)


def _golds(folder: Path, tasks: Sequence[Task]) -> dict[str, str]:
    path = folder / "gold.jsonl"
    if not path.exists():
        raise ProbeChanged(f"{path} is missing; the golds of a probe are part of it")
    return {task.id: answer for task, answer in answered(path, tasks, folder / "tasks.jsonl")}


def _judge_faults(lock: Lock, contract: Contract) -> list[str]:
    now, was = source(lock.contract), lock.source
    changed = sorted(name for name in {*now, *was} if now.get(name) != was.get(name))
    faults = [f"the judge has changed since: {', '.join(changed)}; freeze a new probe"] if changed else []
    if identity(contract) != lock.identity:
        faults.append(f"the contract is now {identity(contract)}, frozen as {lock.identity}")
    return faults
