"""Tasks, answers and verdicts as JSON lines: one record a line, every fault told with its file and line."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from rungwise.contract import Contract, Json, Task
from rungwise.errors import InputError, nearest

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a policy wrote for the task of this id."""

    task: str
    answer: str


def line_of(record: object) -> str:
    return msgspec.json.encode(record).decode()


def public_record(contract: Contract, task: Task) -> dict[str, Json]:
    """A task without its facts, and with what the contract says may be shown of it."""
    record = {key: value for key, value in asdict(task).items() if key != "facts"}
    public = getattr(contract, "public", None)
    return {**record, "public": public(task)} if public else record


def read_tasks(path: Path, contract: Contract) -> list[Task]:
    """The tasks of a file, each of this contract and standing once."""
    lines: dict[str, int] = {}
    tasks = []
    for number, task in _records(path, Task):
        if task.contract != contract.name:
            raise InputError(f"a task of {task.contract!r}; expected {contract.name!r}", file=path, line=number)
        if task.id in lines:
            raise InputError(f"task {task.id} stands already in line {lines[task.id]}", file=path, line=number)
        if task.tier not in contract.tiers:
            raise InputError(f"no tier {task.tier!r}; {nearest(task.tier, contract.tiers)}", file=path, line=number)
        lines[task.id] = number
        tasks.append(task)
    return tasks


def read_answers(path: Path, tasks: Sequence[Task], tasks_path: Path) -> list[str]:
    """One answer for each task, in the tasks' order. All that is unknown, missing or there twice is named at once."""
    found: dict[str, tuple[int, str]] = {}
    known = {task.id for task in tasks}
    faults = []
    for number, record in _records(path, Answer):
        if record.task not in known:
            faults.append(f"{path}:{number}: no task {record.task!r} in {tasks_path}; {nearest(record.task, known)}")
        elif record.task in found:
            faults.append(f"{path}:{number}: task {record.task} has its answer already in line {found[record.task][0]}")
        else:
            found[record.task] = (number, record.answer)
    for number, task in enumerate(tasks, 1):
        if task.id not in found:
            faults.append(f"{tasks_path}:{number}: task {task.id} has no answer in {path}")
    if faults:
        more = f"\n(and {len(faults) - 20} more)" if len(faults) > 20 else ""
        raise InputError("\n".join(faults[:20]) + more)
    return [found[task.id][1] for task in tasks]


def answers_of(path: Path, tasks: Sequence[Task], tasks_path: Path) -> list[tuple[Task, str]]:
    """The tasks that the file answers: JSON lines, or for a single task the answer's plain text."""
    text = _text(path)
    if len(tasks) == 1 and not text.startswith('{"task"'):
        return [(tasks[0], text)]
    return answered(path, tasks, tasks_path)


def answered(path: Path, tasks: Sequence[Task], tasks_path: Path) -> list[tuple[Task, str]]:
    """The tasks that a file of JSON lines answers, in their order."""
    known = {record.task for _, record in _records(path, Answer)}
    chosen = [task for task in tasks if task.id in known]
    return list(zip(chosen, read_answers(path, chosen, tasks_path), strict=True))


def _records(path: Path, kind: type[Record]) -> Iterator[tuple[int, Record]]:
    decoder = msgspec.json.Decoder(kind)
    for number, line in enumerate(_lines(_text(path)), 1):
        if not line.strip():
            continue
        try:
            yield number, decoder.decode(line)
        except msgspec.ValidationError as error:
            hint = "; was it written with --public?" if "`facts`" in str(error) else ""
            raise InputError(f"{error}{hint}", file=path, line=number) from error
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise InputError(f"not a JSON record: {error}", file=path, line=number) from error


def _lines(text: str) -> Iterable[str]:
    return text.split("\n")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", file=path) from error
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8: {error.reason} at byte {error.start}", file=path) from error


def settings_of(pairs: Sequence[str]) -> Mapping[str, Json]:
    """KEY=VALUE pairs of the command line; a value is JSON where it reads as JSON, else the text itself."""
    settings: dict[str, Json] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise InputError(f"{pair!r}; expected KEY=VALUE", field="--set")
        try:
            settings[key] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            settings[key] = value
    return settings
