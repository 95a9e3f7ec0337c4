"""Tasks with their gold answers, drawn inline or in processes: the same ones everywhere.

1. Which they are depends on (split, n, seed, tiers) alone. Tiers are filled in the order of the items.
2. Where a contract's `tasks` returns a lazy sequence (anything that is not a list or tuple), blocks of items are made
   in processes. A list is all made when it is asked for, so processes would each make all of it: it is drawn here, in
   blocks that double. Where a lazy sequence knows the tier of an item beforehand, those that are filled are not made.
3. Tasks that took long to draw are kept in the user's cache folder, under a hash of all that they depend on, the
   contract's source included. A file there that is not whole is passed over.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from rungwise.contract import Contract, Json, Lazy, Task, hash_of, identity, load_contract
from rungwise.errors import InputError, nearest
from rungwise.source import source
from rungwise.workers import Item, run

MOST_LOOKED_AT = 256  # items for each one that is wanted
FEWEST = 4  # items at a time
LONG = 5.0  # seconds: what took longer is kept

Asked = tuple[str, str, str, int]  # contract, its settings, split, seed
Drawn = tuple[Task, str | None]  # with its gold answer


def draw(
    spec: str, settings: Mapping[str, Json], split: str, n: int, seed: int, *, tiers: Mapping[str, float] | None = None,
    answered: bool = True, on: str = "processes", workers: int = 2,
    tell: Callable[[int, int], None] = lambda _found, _n: None,
) -> list[Drawn]:  # fmt: skip
    """The split's first n tasks with their gold answers; with `tiers`, as many of each as their weights say. A task
    without a gold answer is passed over where they are to be `answered`."""
    contract = load_contract(spec, settings)
    if split not in contract.splits:
        raise InputError(f"no split {split!r}; {nearest(split, contract.splits)}")
    for tier in tiers or ():
        if tier not in contract.tiers:
            raise InputError(f"no tier {tier!r}; {nearest(tier, contract.tiers)}")
    kept = _kept_at(
        hash_of([identity(contract), dict(settings), source(spec), split, n, seed, dict(tiers or {}), answered])
    )
    if (drawn := _read(kept)) is not None:
        return drawn
    began = time.monotonic()
    first = contract.tasks(split, 1, seed)
    if not first:
        raise InputError(f"the split {split!r} of {contract.name} has no tasks")
    lazy = not isinstance(first, list | tuple)
    made_with = msgspec.json.encode(settings).decode()
    room = _quotas(tiers, n) if tiers else None
    found: list[Drawn] = []
    for task, gold in _drawn(contract, (spec, made_with, split, seed), n, lazy, on, workers, room):
        if (gold is None and answered) or (room is not None and not room.get(task.tier)):
            continue
        found.append((task, gold))
        if room is not None:
            room[task.tier] -= 1
        tell(len(found), n)
        if len(found) == n:
            if time.monotonic() - began > LONG:
                _keep(kept, found)
            return found
    raise InputError(f"{split!r} of {contract.name} gave {len(found)} {_wanted(room, answered)}; {n} asked for")


# ---- kept ----


def _kept_at(key: str) -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "rungwise" / "tasks" / f"{key}.jsonl"


def _read(path: Path) -> list[Drawn] | None:
    """The last line is the hash of those before it."""
    with suppress(OSError, msgspec.DecodeError, ValueError):
        body, _, mark = path.read_bytes().rstrip(b"\n").rpartition(b"\n")
        if sha256(body).hexdigest().encode() == mark:
            return [msgspec.json.decode(line, type=Drawn) for line in body.split(b"\n")]
    return None


def _keep(path: Path, drawn: Sequence[Drawn]) -> None:
    """Where that cannot be done, they are drawn again."""
    body, whole = b"\n".join(map(msgspec.json.encode, drawn)), path.with_name(f".{path.name}-{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        whole.write_bytes(body + b"\n" + sha256(body).hexdigest().encode() + b"\n")
        whole.replace(path)


# ---- drawn ----


def block(payload: tuple[Asked, Sequence[int]]) -> list[Drawn]:
    (spec, made_with, split, seed), at = payload
    contract = _contract(spec, made_with)
    tasks = contract.tasks(split, at[-1] + 1, seed)
    made = (tasks[one] for one in at if one < len(tasks))
    return [(task, contract.gold(task)) for task in made]


@lru_cache(maxsize=4)
def _contract(spec: str, made_with: str) -> Contract:
    """Once a process: loading may be slow, and a contract is a value."""
    return load_contract(spec, msgspec.json.decode(made_with))


def _drawn(
    contract: Contract, asked: Asked, n: int, lazy: bool, on: str, workers: int, room: Mapping[str, int] | None
) -> Iterator[Drawn]:  # fmt: skip
    size = max(FEWEST, n // 64)
    for start, stop in _waves(n, lazy):
        left = _left(contract.tasks(asked[2], stop, asked[3]) if lazy else range(stop), start)
        while at := _next(left, room):
            blocks = [at[first : first + size] for first in range(0, len(at), size)] if lazy else [at]
            items = [Item(id=f"{one[0]} to {one[-1] + 1}", payload=(asked, one)) for one in blocks]
            made = run("rungwise.drawing:block", items, on=on if lazy else "inline", workers=workers, chunk=1)
            for one, tasks in zip(blocks, made, strict=True):
                yield from tasks
                if len(tasks) < len(one):  # the split's last
                    return


def _waves(n: int, lazy: bool) -> Iterator[tuple[int, int]]:
    """The n items that are wanted, then as many again each time. A list is made in one block at a time."""
    start, stop = 0, n if lazy else min(n, FEWEST)
    while start < MOST_LOOKED_AT * n:
        yield start, stop
        start, stop = stop, 2 * stop if stop >= n else min(n, 2 * stop)


def _left(tasks: Sequence[Any], start: int) -> dict[str, Sequence[int]]:
    """The places from there on, by tier where that can be told before an item is made."""
    places = range(start, max(start + 1, len(tasks)))
    if start >= len(tasks) or not isinstance(tasks, Lazy) or tasks.tier(start) is None:
        return {"": places}
    found: dict[str, list[int]] = {}
    for at in places:
        found.setdefault(str(tasks.tier(at)), []).append(at)
    return dict(found)


def _next(left: dict[str, Sequence[int]], room: Mapping[str, int] | None) -> Sequence[int]:
    """As many of each tier as there is room for, or all where that cannot be told; they are left no more."""
    if "" in left:
        return left.pop("")
    taken = {tier: places[: len(places) if room is None else room.get(tier, 0)] for tier, places in left.items()}
    left |= {tier: left[tier][len(places) :] for tier, places in taken.items()}
    return sorted(at for places in taken.values() for at in places)


def _quotas(tiers: Mapping[str, float], n: int) -> dict[str, int]:
    """The weights' shares of n, rounded so that they add up: what is left goes to the largest remainders."""
    exact = {tier: n * weight / sum(tiers.values()) for tier, weight in tiers.items()}
    quotas = {tier: int(share) for tier, share in exact.items()}
    for tier in sorted(exact, key=lambda tier: quotas[tier] - exact[tier])[: n - sum(quotas.values())]:
        quotas[tier] += 1
    return quotas


def _wanted(room: Mapping[str, int] | None, answered: bool) -> str:
    lacking = "".join(f", {tier} lacks {count}" for tier, count in (room or {}).items() if count)
    return f"tasks{' with a gold answer' if answered else ''}{lacking}"
