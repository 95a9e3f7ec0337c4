"""What can go wrong, one class for each boundary that was crossed.

1. A wrong answer is data: the judge says so in a Verdict. Nothing here is ever raised for it.
2. A person's mistake (a file, a field, a name) is an InputError: one line that says where, what was found, what was
   expected and the nearest valid name. No traceback, exit code 2.
3. A contract that cannot be loaded or breaks the protocol is a ContractError: the same one line, exit code 2.
4. A judge that could not run is JudgeUnavailable: it is retried, then the run stops. It is never a score of 0.
5. A worker's failure is a WorkerError that carries the id of the item it happened on, so that it can be replayed.

Everything else is a bug of ours and keeps its traceback.
"""

import difflib
from collections.abc import Iterable


class RungwiseError(Exception):
    """The one base. `exit_code` is what the command line returns: 1 a check or gate failed, 2 usage or input."""

    exit_code = 1


class InputError(RungwiseError):
    """A person's mistake, told in one line."""

    exit_code = 2

    def __init__(self, problem: str, *, file: object = None, line: int | None = None, field: str | None = None) -> None:
        place = str(file) if file is not None else ""
        if line is not None:
            place = f"{place}:{line}" if place else f"line {line}"
        if field is not None:
            place = f"{place}: {field}" if place else field
        super().__init__(f"{place}: {problem}" if place else problem)


class ContractError(InputError):
    """A contract that cannot be imported, or whose members are not those of the protocol."""


class JudgeUnavailable(RungwiseError):
    """The judge could not run (a dead worker, a time-out of the machine): says nothing of the answer."""


class WorkerError(RungwiseError):
    """The function failed on one item; `item_id` names it."""

    def __init__(self, item_id: str, cause: str) -> None:
        super().__init__(f"item {item_id}: {cause}")
        self.item_id = item_id
        self.cause = cause

    def __reduce__(self) -> tuple[type["WorkerError"], tuple[str, str]]:
        return WorkerError, (self.item_id, self.cause)


def nearest(name: str, valid: Iterable[str]) -> str:
    """'did you mean' for a message, with the whole list where nothing is near."""
    names = sorted(valid)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return "expected one of: " + ", ".join(names) if names else "there are none"
