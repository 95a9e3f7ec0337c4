"""Tasks that must not be learned from, known by their hashes alone: whoever trains reads nothing else of them.

A task is the same by its id, by its prompt in other spacing (and capitals, but where these tell prompts apart), or by
what makes it that problem.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from rungwise.contract import Contract, Task, hash_of, structure_of
from rungwise.errors import InputError

Way = Callable[[Contract, Task], str]
WAYS: Mapping[str, Way] = {
    "id": lambda _contract, task: task.id,
    "prompt": lambda contract, task: hash_of(" ".join(_folded(contract, task.prompt).split())),
    "structure": structure_of,
}


def _folded(contract: Contract, prompt: str) -> str:
    return prompt if getattr(contract, "cased", False) else prompt.casefold()


@dataclass(frozen=True, slots=True)
class Held:
    """By way, the hashes of some tasks."""

    hashes: Mapping[str, frozenset[str]]

    def record(self) -> dict[str, list[str]]:
        return {way: sorted(found) for way, found in self.hashes.items()}


def held(contract: Contract, tasks: Iterable[Task]) -> Held:
    tasks = list(tasks)
    return Held({way: frozenset(of(contract, task) for task in tasks) for way, of in WAYS.items()})


def shared(contract: Contract, tasks: Sequence[Task], kept: Held) -> dict[str, list[str]]:
    """The ids of those tasks that are held, each under the first way that finds it."""
    told: set[str] = set()
    found = {}
    for way, of in WAYS.items():
        found[way] = [task.id for task in tasks if task.id not in told and of(contract, task) in kept.hashes[way]]
        told.update(found[way])
    return {way: ids for way, ids in found.items() if ids}


def read(path: Path) -> Held:
    try:
        record = msgspec.json.decode(path.read_bytes(), type=dict[str, list[str]])
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"cannot be read as the hashes of held tasks: {error}", file=path) from error
    if set(record) != set(WAYS):
        raise InputError(f"holds hashes by {', '.join(record) or 'nothing'}; expected {', '.join(WAYS)}", file=path)
    return Held({way: frozenset(found) for way, found in record.items()})
