"""`python -m rungwise.contracts.code FILE` checks a file of problems, line by line.
`python -m rungwise.contracts.code audit ANSWERS.jsonl --tasks TASKS.jsonl [--fresh FILE]` says how much loopholes are
used; with --fresh it also writes the tasks under names that were met nowhere, to be answered again.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from rungwise.contract import Task
from rungwise.contracts.code.detection import Pairs, audit, fresh, lines
from rungwise.contracts.code.problems import examine
from rungwise.errors import InputError, RungwiseError, nearest


def main(arguments: list[str]) -> int:
    try:
        told, code = _audited(arguments[1:]) if arguments[:1] == ["audit"] else _examined(arguments)
    except RungwiseError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    with suppress(BrokenPipeError):
        sys.stdout.writelines(f"{line}\n" for line in told)
    return code


def _examined(arguments: list[str]) -> tuple[list[str], int]:
    if len(arguments) != 1 or arguments[0].startswith("-"):
        raise InputError("expected FILE, or audit ANSWERS --tasks TASKS")
    (path,) = arguments
    problems, faults = examine(path)
    told = [f"{path}:{fault.line}: {fault.text}" for fault in faults]
    return [*told, f"{path}: {len(problems)} problems will do, {len(faults)} will not"], int(bool(faults))


# ---- audit ----


def _audited(arguments: list[str]) -> tuple[list[str], int]:
    parser = argparse.ArgumentParser(prog="python -m rungwise.contracts.code audit")
    parser.add_argument("answers")
    parser.add_argument("--tasks", required=True)
    parser.add_argument("--fresh")
    given = parser.parse_args(arguments)
    pairs = _pairs(given.answers, given.tasks)
    if given.fresh:
        renamed = (fresh(task, at) for at, task in enumerate({task.id: task for task, _ in pairs}.values()))
        Path(given.fresh).write_bytes(b"".join(msgspec.json.encode(task) + b"\n" for task in renamed))
    return list(lines(audit(pairs))), 0


def _pairs(answers: str, tasks: str) -> Pairs:
    known = {task.id: task for _, task in _rows(tasks, Task)}
    pairs = []
    for number, row in _rows(answers, dict[str, Any]):
        if row.get("task") not in known or not isinstance(row.get("answer"), str):
            raise InputError(
                f"no answer to a task of {tasks}; {nearest(str(row.get('task')), known)}", file=answers, line=number
            )
        pairs.append((known[row["task"]], row["answer"]))
    if not pairs:
        raise InputError("no answers in it", file=answers)
    return pairs


def _rows(path: str, kind: Any) -> Iterator[tuple[int, Any]]:
    try:
        rows = Path(path).read_bytes().splitlines()
    except OSError as error:
        raise InputError(error.strerror or "cannot be read", file=path) from error
    for number, row in enumerate(rows, start=1):
        try:
            yield number, msgspec.json.decode(row, type=kind)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise InputError(f"no row: {error}", file=path, line=number) from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
