"""Whatever writes answers, behind the one small interface that a probe needs: a policy opened here, or a file.

1. An answer is the text as it was written; what counts as the answer in it is read later, by whoever judges.
2. A policy that was opened here writes what it would write anywhere: an answer depends on seed and task, not on what is
   asked beside it. A prompt that leaves no room in the context is answered by nothing, cut short.
3. A file's records are the output of `rungwise sample`, a result's answers.jsonl, or any {"task", "answer"} a line. All
   that is wrong with it is told at once, by line.
4. `describe` says who wrote, with every hash that is known, and never a secret.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

import msgspec

from rungwise.contract import Contract, Json, Task
from rungwise.errors import InputError, nearest
from rungwise.policy.loading import MARK, load_policy, marked
from rungwise.policy.policy import Decode, Policy, Sample

if TYPE_CHECKING:
    from rungwise.policy.grammar import Automaton

TOGETHER = 64  # tasks at a time
TOLD = 20  # faults of a file that are spelled out


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One answer as text."""

    text: str
    ended: str  # one of policy.ENDS
    tokens: int  # 0 where that is not known
    logprob: float | None


class Writer(Protocol):
    def describe(self) -> dict[str, Json]:
        """Who it is, as it stands in a result."""

    def write(self, tasks: Sequence[Task], k: int, decode: Decode, seed: int) -> Iterator[list[Written]]:
        """k answers to each task, in the order of the tasks."""


# ---- a policy opened here ----


@dataclass(frozen=True, slots=True)
class LocalWriter:
    policy: Policy
    contract: Contract
    origin: Mapping[str, Json] = field(default_factory=dict)  # where it was opened, and what lay there

    def describe(self) -> dict[str, Json]:
        return {"kind": "local", **self.origin, "tokens": self.policy.tokens.hash}

    def write(self, tasks: Sequence[Task], k: int, decode: Decode, seed: int) -> Iterator[list[Written]]:
        decode = replace(decode, max_new_tokens=decode.max_new_tokens or self.policy.context)
        automaton = automaton_of(self.contract, self.policy) if decode.grammar else None
        for start in range(0, len(tasks), TOGETHER):
            part = [(task, self._fits(task)) for task in tasks[start : start + TOGETHER]]
            groups = iter(self.policy.sample([task for task, fits in part if fits], k, decode, seed, automaton))
            for _, fits in part:
                yield [_written(sample) for sample in next(groups).samples] if fits else [_cut_short()] * k

    def _fits(self, task: Task) -> bool:
        return len(self.policy.tokens.prompt(task.prompt)) < self.policy.context


def automaton_of(contract: Contract, policy: Policy) -> "Automaton":
    from rungwise.policy.grammar import compile_grammar

    grammar = contract.grammar()
    if grammar is None:
        raise InputError(f"{contract.name} has no grammar to hold answers to", field="grammar")
    return compile_grammar(grammar, policy.tokens)


def _written(sample: Sample) -> Written:
    return Written(
        text=sample.text, ended=sample.ended, tokens=len(sample.tokens), logprob=float(sample.logprobs.sum())
    )


def _cut_short() -> Written:
    return Written(text="", ended="length", tokens=0, logprob=None)


def open_local(
    folder: Path, contract: Contract, *, device: str = "cpu", precision: str = "auto", chat: bool = False
) -> LocalWriter:
    """A model's folder; `chat` is for one that no run has saved, else the folder says it."""
    if not (folder / "config.json").is_file():
        raise InputError("no config.json in it; expected a model's folder", file=folder)
    mark: Mapping[str, Json] = {"chat": chat, **(marked(folder) if (folder / MARK).exists() else {})}
    policy = load_policy(folder, device=device, precision=precision, chat=mark["chat"])
    saved = {key: mark[key] for key in ("name", "seed", "stage", "chat") if key in mark}
    weights = {path.name: _sha256_of(path) for path in sorted(folder.glob("*.safetensors"))}
    return LocalWriter(policy, contract, {"path": folder.as_posix(), **saved, "weights": weights})


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# ---- a file of answers ----


class _Record(msgspec.Struct, frozen=True):
    task: str
    answer: str
    column: Literal["greedy", "sample"] | None = None
    i: int | None = None  # among the task's answers of that column
    ended: Literal["stop", "length", "degenerate"] = "stop"
    tokens: Annotated[int, msgspec.Meta(ge=0)] = 0
    logprob: float | None = None


class FileWriter:
    """Answers that were written before. Greedy takes a task's first of column "greedy", or its first where the file has
    no columns; sampling takes the first k of column "sample", or the first k."""

    def __init__(self, path: Path) -> None:
        self._path, content = path, _content(path)
        self._hash = hashlib.sha256(content).hexdigest()
        self._records: dict[int, _Record] = {}  # by line
        self._faults: list[str] = []
        for line, text in enumerate(content.split(b"\n"), 1):
            if text.strip():
                self._read(line, text)
        self._columns = any(record.column for record in self._records.values())

    def describe(self) -> dict[str, Json]:
        return {"kind": "file", "path": self._path.as_posix(), "sha256": self._hash, "answers": len(self._records)}

    def write(self, tasks: Sequence[Task], k: int, decode: Decode, seed: int) -> Iterator[list[Written]]:
        del seed
        column = ("sample" if decode.temperature else "greedy") if self._columns else None
        found: dict[str, list[int]] = {}
        for line, record in self._records.items():
            if record.column == column:
                found.setdefault(record.task, []).append(line)
        _require_none(chain(self._faults, self._unfit(tasks), self._short(tasks, found, k, column)))
        for task in tasks:
            yield [_as_written(self._records[line]) for line in found[task.id][:k]]

    def _read(self, line: int, text: bytes) -> None:
        try:
            self._records[line] = msgspec.json.decode(text, type=_Record)
        except msgspec.ValidationError as error:
            self._faults.append(f"{self._path}:{line}: {error}")
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            self._faults.append(f"{self._path}:{line}: not a JSON record: {error}")

    def _unfit(self, tasks: Sequence[Task]) -> Iterator[str]:
        """Records of no task, records twice, and those without a column where others have one."""
        known, lines = {task.id for task in tasks}, dict[tuple[str, str | None, int | None], int]()
        for line, record in self._records.items():
            place, before = f"{self._path}:{line}", lines.get((record.task, record.column, record.i))
            if record.task not in known:
                yield f"{place}: no task {record.task[:80]!r} in the probe{_meant(record.task, known)}"
            elif self._columns and record.column is None:
                yield f"{place}: no column, and others have one; expected greedy or sample"
            elif record.i is not None and before:
                yield f"{place}: answer {record.i} of task {record.task} stands in line {before} already"
            lines[record.task, record.column, record.i] = line

    def _short(
        self, tasks: Sequence[Task], found: Mapping[str, list[int]], k: int, column: str | None
    ) -> Iterator[str]:
        kind = f" of column {column!r}" if column else ""
        for task in tasks:
            lines = found.get(task.id, [])
            if len(lines) < k:
                where = f" (line {', '.join(map(str, lines))})" if lines else ""
                yield f"{self._path}: task {task.id} has {len(lines)} answers{kind}{where}; {k} asked for"


def _require_none(faults: Iterator[str]) -> None:
    told = list(islice(faults, TOLD + 1))  # what comes after is not looked for: a wrong file may have many
    if told:
        raise InputError("\n".join([*told[:TOLD], *(["(and more)"] if len(told) > TOLD else [])]))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", file=path) from error


def _meant(name: str, known: Collection[str]) -> str:
    """The nearest of many names, where one is near; a foreign file's lines would list them all."""
    near = nearest(name, known)
    return f"; {near}" if near.startswith("did you mean") else ""


def _as_written(record: _Record) -> Written:
    return Written(text=record.answer, ended=record.ended, tokens=record.tokens, logprob=record.logprob)
