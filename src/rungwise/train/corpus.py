"""The rows that a policy is fine-tuned on: drawn, read from files or kept from samples; and what may be wrong in them.

1. Rows are drawn once and saved in the run's folder, so that a resumed or forked run learns from the same bytes.
2. A duplicate is a row that stands twice; it costs nothing but is a weight that nobody declared. A contradiction is one
   prompt asked of two different tasks where an answer to one fails the other: nobody could learn both. Several right
   answers to one task contradict nothing. An overlap with held tasks is looked for by id, by prompt and by structure.
3. What a policy was paid for without doing the task is never learned from, whatever its score.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from rungwise import drawing
from rungwise.contract import Contract, Json, Task, Verdict, judge_all
from rungwise.errors import InputError, RungwiseError, nearest
from rungwise.held import Held, shared
from rungwise.policy.policy import Group
from rungwise.records import line_of, read_tasks
from rungwise.seeds import derive

SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    task: Task
    answer: str
    source: str = ""  # of the mixture


# ---- drawing ----


def draw(
    spec: str, settings: Mapping[str, Json], split: str, n: int, seed: int, *, source: str = "gold", **how: Any
) -> list[Row]:
    """Rows of gold answers, as `drawing.draw` draws them; an empty answer stands for none."""
    drawn = drawing.draw(spec, settings, split, n, seed, **how)
    return [Row(task=task, answer=gold or "", source=source) for task, gold in drawn]


def attempted(contract: Contract, rows: Sequence[Row], each: int, seed: int) -> list[Row]:
    """What the unskilled write for the rows' tasks, right or wrong: a policy to begin with that RL can mend."""
    attempt: Callable[[Task, int], str] | None = getattr(contract, "attempt", None)
    if attempt is None:
        raise InputError(f"{contract.name} has no member `attempt`; expected gold or a file", field="sft.mixture")
    return [
        Row(task=row.task, answer=attempt(row.task, derive(seed, "attempt", i)), source=row.source)
        for row in rows
        for i in range(each)
    ]


# ---- files ----


def save(path: Path, rows: Iterable[Row]) -> None:
    """All of the file or nothing of it, also where the machine dies."""
    whole = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line_of(row)}\n" for row in rows)
            file.flush()
            os.fsync(file.fileno())
        whole.replace(path)
    except OSError as error:
        raise RungwiseError(f"{path}: cannot write: {error.strerror}") from error
    finally:
        whole.unlink(missing_ok=True)


class _Line(msgspec.Struct):
    task: Task | str
    answer: str
    source: str = ""


def load(path: Path, contract: Contract, *, tasks_file: Path | None = None, source: str | None = None) -> list[Row]:
    """Rows as `save` wrote them, or {"task": id, "answer": text} for tasks that stand in `tasks_file`; a task may have
    several answers. `source` stands for what the file itself says."""
    known = {task.id: task for task in read_tasks(tasks_file, contract)} if tasks_file else {}
    rows = []
    for number, line in _lines(path):
        task = known.get(line.task) if isinstance(line.task, str) else line.task
        if task is None:
            place = f"in {tasks_file}; {nearest(str(line.task), known)}" if tasks_file else "here; expected tasks_file"
            raise InputError(f"no task {line.task!r} {place}", file=path, line=number)
        if task.contract != contract.name:
            raise InputError(f"a task of {task.contract!r}; expected {contract.name!r}", file=path, line=number)
        rows.append(Row(task=task, answer=line.answer, source=line.source if source is None else source))
    if not rows:
        raise InputError("no rows in it", file=path)
    return rows


def _lines(path: Path) -> Iterator[tuple[int, _Line]]:
    decoder = msgspec.json.Decoder(_Line)
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    try:
                        yield number, decoder.decode(line)
                    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
                        raise InputError(f"not a row: {error}", file=path, line=number) from error
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", file=path) from error


# ---- what may be wrong ----


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    rows: int
    tasks: int
    duplicates: int  # rows that stood before
    contradictions: tuple[str, ...]
    overlaps: tuple[str, ...]


def audit(contract: Contract, rows: Sequence[Row], held: Mapping[str, Held]) -> Audit:
    """`held` are the tasks that must not be learned from: of probes and of the held-out loss, by what they are for."""
    distinct = {(row.task.id, row.answer): row for row in rows}
    return Audit(
        rows=len(rows),
        tasks=len({row.task.id for row in rows}),
        duplicates=len(rows) - len(distinct),
        contradictions=tuple(_contradictions(contract, list(distinct.values()))),
        overlaps=tuple(_overlaps(contract, {row.task.id: row.task for row in rows}.values(), held)),
    )


def require_sound(found: Audit) -> None:
    faults = [*found.contradictions, *found.overlaps]
    if faults:
        more = [f"(and {len(faults) - 20} more)"] if len(faults) > 20 else []
        raise InputError("\n".join([*faults[:20], *more]))


def _contradictions(contract: Contract, rows: Sequence[Row]) -> Iterator[str]:
    asked: dict[str, dict[str, Row]] = defaultdict(dict)
    facts: dict[str, Task] = {}
    for row in rows:
        same = facts.setdefault(row.task.id, row.task)
        if (same.prompt, same.facts) != (row.task.prompt, row.task.facts):
            yield f"task {row.task.id} stands with two prompts or two sets of facts; expected one"
        asked[row.task.prompt].setdefault(row.task.id, row)
    for first, *others in (list(by_id.values()) for by_id in asked.values()):
        for other in others:
            crosswise = judge_all(contract, [(first.task, other.answer), (other.task, first.answer)])
            if not all(verdict.passed for verdict in crosswise):
                yield f"tasks {first.task.id} and {other.task.id} have one prompt, but an answer to one fails the other"


def _overlaps(contract: Contract, tasks: Iterable[Task], held: Mapping[str, Held]) -> Iterator[str]:
    tasks = list(tasks)
    for purpose, kept in held.items():
        for way, found in shared(contract, tasks, kept).items():
            shown = ", ".join(found[:SHOWN]) + (", ..." if len(found) > SHOWN else "")
            yield f"{len(found)} training tasks are in the {purpose} by {way}: {shown}; expected none"


# ---- what a policy wrote ----


def kept(
    judged: Iterable[tuple[Group, Sequence[Verdict]]], keep: Literal["passed"] | float, per_task: int
) -> list[Row]:
    """Of each task the best answers, at most `per_task` different ones: those that passed, or with `keep` a number
    those of at least that score. Of equal ones the first drawn."""
    best: dict[str, list[tuple[float, Row]]] = defaultdict(list)
    for group, verdicts in judged:
        for sample, verdict in zip(group.samples, verdicts, strict=True):
            if verdict.exploit is None and (verdict.passed if keep == "passed" else verdict.score >= keep):
                best[group.task.id].append((verdict.score, Row(task=group.task, answer=sample.text, source="expert")))
    return [row for scored in best.values() for row in _distinct(scored)[:per_task]]


def _distinct(scored: list[tuple[float, Row]]) -> list[Row]:
    distinct: dict[str, Row] = {}
    for _, row in sorted(scored, key=lambda pair: -pair[0]):
        distinct.setdefault(row.answer, row)
    return list(distinct.values())
