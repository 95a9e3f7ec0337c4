"""A policy on a probe: what it wrote, kept as text, and what the judge says of it, made from that text.

    FOLDER/answers.jsonl   every answer as it was written; with them a result can be made again without the policy
    FOLDER/rows.jsonl      a row a task: see result.py
    FOLDER/result.json     who, on what, with which hashes, and every figure

1. Gold goes through the same path first: if what must be right is not counted as right, nothing is measured.
2. The greedy answer is judged as it is and after repair, both from the same text. Samples are judged as they are. The
   contract's own picker sees the answers and no verdict.
3. A prompt that the policy has no room for is an answer that is empty and cut short: it counts as failed.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

import msgspec

from rungwise.contract import Contract, Json, Task, Verdict, hash_of, judge_all
from rungwise.errors import InputError, RungwiseError
from rungwise.policy.policy import answer_of
from rungwise.policy.writer import Writer, Written
from rungwise.probe.freeze import Probe, ProbeChanged
from rungwise.probe.labels import spilled
from rungwise.probe.result import Outcome, Row, estimate, k_of, mended, metrics, slices
from rungwise.records import line_of

CONTROL = re.compile(r"<\|[^<>|\s]{1,40}\|>|</?s>|\[/?INST\]|\x00")

Tell = Callable[[str], None]
Texts = Mapping[tuple[str, str, int], Written]  # by task, column and number
COLUMNS = ("greedy", "sample")


class ProbeAccounting(RungwiseError):
    """Gold answers do not measure as right: the fault is in the measuring, or in gold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An answer to be judged."""

    task: Task
    text: str
    ended: str = "stop"
    tokens: int = 0
    gold: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    rows: Sequence[Row]
    texts: Texts
    policy: Mapping[str, Json]
    seed: int
    seconds: float


# ---- one answer ----


def outcome(
    contract: Contract, task: Task, text: str, ended: str = "stop", tokens: int = 0, gold: str | None = None
) -> Outcome:
    return outcomes(contract, [Asked(task=task, text=text, ended=ended, tokens=tokens, gold=gold)])[0]


def outcomes(contract: Contract, asked: Sequence[Asked]) -> list[Outcome]:
    """One text for one task is judged once: its verdict is always the same."""
    pairs = {(one.task.id, one.text): (one.task, one.text) for one in asked}
    verdicts = dict(zip(pairs, judge_all(contract, list(pairs.values())), strict=True))
    return [_outcome(contract, one, verdicts[one.task.id, one.text]) for one in asked]


def _outcome(contract: Contract, one: Asked, verdict: Verdict) -> Outcome:
    canonical: Callable[[str], str | None] | None = getattr(contract, "canonical", None)
    own = canonical(one.text) if canonical else one.text
    right = (canonical(one.gold) if canonical else one.gold) if one.gold is not None else None
    return Outcome(
        score=verdict.score, passed=verdict.passed, failure=verdict.failure, ended=one.ended, tokens=one.tokens,
        parsed=own is not None if canonical else None, exact=own == right if one.gold is not None else None,
        divergence=_divergence(one.text, one.gold),
        prefix=None if one.gold is None else one.text != one.gold and one.gold.startswith(one.text),
        control=CONTROL.search(one.text) is not None,
        tail=spilled(contract, one.task, one.text, one.gold),
        shape=verdict.shape, exploit=verdict.exploit, parts=_finite(verdict.parts),
        measures=_finite(verdict.measures),
    )  # fmt: skip


def _finite(numbers: Mapping[str, float]) -> dict[str, float]:
    """What is not finite is no number, and JSON has no name for it."""
    return {name: value for name, value in numbers.items() if isfinite(value)}


def _divergence(text: str, gold: str | None) -> int | None:
    if gold is None or text == gold:
        return None
    return next((i for i, (a, b) in enumerate(zip(text, gold, strict=False)) if a != b), min(len(text), len(gold)))


# ---- all of a probe ----


def measure(
    probe: Probe, writer: Writer, *, seed: int = 0, learned: Set[str] | None = None, tell: Tell = lambda _: None
) -> Measured:
    """`learned` are the hashes of the canonical answers that the policy was trained on, where that is known."""
    require_accounting(probe)
    began = time.perf_counter()
    texts = dict(_written(probe, writer, seed, tell))
    tell("judging")
    rows = rows_of(probe, texts, learned)
    return Measured(rows=rows, texts=texts, policy=writer.describe(), seed=seed, seconds=time.perf_counter() - began)


def require_accounting(probe: Probe) -> None:
    """Gold must be right on every count, or no figure means anything."""
    held = [task for task in probe.tasks if task.id in probe.golds]
    found = outcomes(
        probe.contract, [Asked(task=task, text=probe.golds[task.id], gold=probe.golds[task.id]) for task in held]
    )
    faults = [
        f"task {task.id}: gold {'fails as ' + str(one.failure) if not one.passed else 'is not counted as exact'}"
        for task, one in zip(held, found, strict=True)
        if not (one.passed and one.exact and one.parsed is not False and one.score >= probe.contract.gold_floor)
    ]
    if faults:
        more = [f"(and {len(faults) - 5} more)"] if len(faults) > 5 else []
        raise ProbeAccounting("\n".join(["gold does not measure as right:", *faults[:5], *more]))


def _written(probe: Probe, writer: Writer, seed: int, tell: Tell) -> Iterable[tuple[tuple[str, str, int], Written]]:
    lock, whole = probe.lock, len(probe.tasks)
    for column, k, decode in (("greedy", 1, lock.greedy()), ("sample", lock.k, lock.sampled())):
        groups = writer.write(probe.tasks, k, decode, seed) if k else ()
        for number, (task, group) in enumerate(zip(probe.tasks, groups, strict=bool(k)), 1):
            if len(group) != k:
                raise RungwiseError(f"task {task.id}: {len(group)} answers of the policy; {k} asked for")
            yield from (((task.id, column, i), written) for i, written in enumerate(group))
            tell(f"{column}: {number} of {whole} tasks")


def rows_of(probe: Probe, texts: Texts, learned: Set[str] | None = None) -> list[Row]:
    """The rows of what was written: a function of the texts alone."""
    contract, lock = probe.contract, probe.lock

    def asked(task: Task, column: str, i: int) -> Asked:
        written = texts[task.id, column, i]
        return Asked(
            task=task, text=answer_of(written.text, lock.answer), ended=written.ended, tokens=written.tokens,
            gold=probe.golds.get(task.id),
        )  # fmt: skip

    raw = [asked(task, "greedy", 0) for task in probe.tasks]
    repairs = [contract.repair(one.text) for one in raw]
    again = [replace(one, text=mend.answer) for one, mend in zip(raw, repairs, strict=True)]
    drawn = [[asked(task, "sample", i) for i in range(lock.k)] for task in probe.tasks]
    greedy, repaired = outcomes(contract, raw), outcomes(contract, again)
    sampled = outcomes(contract, [one for group in drawn for one in group])
    return [
        Row(
            task=task.id, split=task.split, tier=task.tier, family=task.family,
            seen=_seen(contract, probe.golds.get(task.id), learned), greedy=greedy[at], repaired=repaired[at],
            edits=len(repairs[at].edits), samples=tuple(sampled[at * lock.k : (at + 1) * lock.k]),
            picked=_picked(contract, task, [one.text for one in drawn[at]]),
        )
        for at, task in enumerate(probe.tasks)
    ]  # fmt: skip


def _picked(contract: Contract, task: Task, answers: Sequence[str]) -> int | None:
    pick: Callable[[Task, Sequence[str]], int] | None = getattr(contract, "pick", None)
    return pick(task, answers) if pick and answers else None


def learned_of(contract: Contract, answers: Iterable[str]) -> frozenset[str]:
    """Answers as `seen` counts them: by the hash of their canonical form."""
    return frozenset(_canonical_hash(contract, answer) for answer in answers)


def _canonical_hash(contract: Contract, answer: str) -> str:
    canonical: Callable[[str], str | None] | None = getattr(contract, "canonical", None)
    return hash_of((canonical(answer) if canonical else None) or answer)


def _seen(contract: Contract, gold: str | None, learned: Set[str] | None) -> bool | None:
    return None if gold is None or learned is None else _canonical_hash(contract, gold) in learned


# ---- on disk ----


def save(folder: Path, probe: Probe, found: Measured) -> dict[str, Json]:
    """The three files; the record of result.json."""
    answers = [
        {"task": task, "column": column, "i": i, "answer": one.text, "ended": one.ended, "tokens": one.tokens,
         "logprob": one.logprob}
        for (task, column, i), one in found.texts.items()
    ]  # fmt: skip
    files = {
        "answers.jsonl": "".join(f"{line_of(answer)}\n" for answer in answers),
        "rows.jsonl": "".join(f"{line_of(row)}\n" for row in found.rows),
    }
    record = _record(probe, found, {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
        (folder / "result.json").write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
    except OSError as error:
        raise RungwiseError(f"{folder}: cannot write the result: {error.strerror}") from error
    return record


def _record(probe: Probe, found: Measured, files: Mapping[str, str]) -> dict[str, Json]:
    lock = probe.lock
    improved, regressed = mended(found.rows)
    return {
        "probe": {"name": lock.name, "hash": lock.hash, "contract": lock.identity, "judge": lock.judge_hash,
                  "tasks": lock.tasks_hash, "decode": {"k": lock.k, "temperature": lock.temperature,
                  "max_new_tokens": lock.max_new_tokens, "answer": lock.answer}},
        "policy": found.policy, "seed": found.seed, "k": k_of(found.rows), "n": len(found.rows),
        "seconds": found.seconds, "files": files, "metrics": told(found.rows),
        "slices": {way: {label: told(part) for label, part in parts.items()}
                   for way, parts in slices(found.rows).items()},
        "failures": _failures(found.rows), "repair": {"improved": improved, "regressed": regressed},
    }  # fmt: skip


def told(rows: Sequence[Row]) -> dict[str, Json]:
    """Every metric of the rows as [value, low, high, n]."""
    found = {name: estimate(rows, name) for name in metrics(rows)}
    return {name: [one.value, one.low, one.high, one.n] for name, one in found.items()}


def _failures(rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    counted: dict[str, dict[str, int]] = {"raw": {}, "repaired": {}}
    for row in rows:
        for kind, one in (("raw", row.greedy), ("repaired", row.repaired)):
            if one.failure is not None:
                counted[kind][one.failure] = counted[kind].get(one.failure, 0) + 1
    return {kind: dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))) for kind, found in counted.items()}


@dataclass(frozen=True, slots=True)
class Result:
    """A result as it lies on disk, its rows beside its record."""

    folder: Path
    record: Mapping[str, Json]
    rows: Sequence[Row]


def read(folder: Path) -> Result:
    """A result whose rows are those it was counted from."""
    path = folder / "result.json"
    try:
        record = msgspec.json.decode(path.read_bytes())
        lines = (folder / "rows.jsonl").read_bytes()
    except FileNotFoundError as error:
        raise InputError("no result in it; measure with `rungwise probe`", file=folder) from error
    except msgspec.DecodeError as error:
        raise InputError(f"cannot be read as a result: {error}", file=path) from error
    if not isinstance(record, dict) or not {"files", "metrics", "probe"} <= set(record):
        raise InputError("cannot be read as a result: it lacks files, metrics or probe", file=path)
    if hashlib.sha256(lines).hexdigest() != record["files"].get("rows.jsonl"):
        raise ProbeChanged(f"{folder / 'rows.jsonl'}: was edited after it was measured")
    try:
        rows = [msgspec.json.decode(line, type=Row) for line in lines.splitlines()]
    except msgspec.DecodeError as error:
        raise InputError(f"cannot be read as rows: {error}", file=folder / "rows.jsonl") from error
    counted = told(rows)
    held = {name: counted.get(name) for name in record["metrics"]}  # later versions may count more
    if "greedy" not in held or held != record["metrics"]:
        raise ProbeChanged(f"{path}: its figures are not those of its rows")
    return Result(folder, record, rows)
