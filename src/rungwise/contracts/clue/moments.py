"""What holds in moments: one world in plain Python, or all worlds of a small shape as columns of small integers.

Pieces are numbered as in World.paths: 0 is the victim, then the suspects, then the weapons. The crime is the one time
at which exactly one suspect and exactly one weapon are in the victim's room; the victim lies still from then on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, permutations, product
from math import factorial, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rungwise.contracts.clue.tree import (
    At,
    Beside,
    Category,
    Compound,
    Element,
    Formula,
    Is,
    Literal,
    Met,
    Moves,
    Op,
    Shape,
    With,
    World,
)
from rungwise.errors import InputError

MOST = 4_000_000  # worlds
TRIED = 16_000_000  # combinations before the crime decides: three in four or more are no worlds
CHUNK = 1 << 18  # combinations at a time: their arrays stay within a few dozen megabytes

Column = NDArray[np.int8]
Truth = NDArray[np.bool_]


# ---- rooms ----


def neighbour(shape: Shape, room: int, side: str) -> int | None:
    """The room just north (east, south, west) of this one."""
    row, column = divmod(room, shape.columns)
    row += {"n": -1, "s": 1}.get(side, 0)
    column += {"w": -1, "e": 1}.get(side, 0)
    inside = 0 <= row < shape.rows and 0 <= column < shape.columns
    return row * shape.columns + column if inside else None


@lru_cache(maxsize=64)
def within_reach(shape: Shape) -> tuple[tuple[int, ...], ...]:
    """For each room the rooms where a piece may be a step later: the room itself first."""
    around = [[neighbour(shape, room, side) for side in "nesw"] for room in range(shape.rooms)]
    return tuple((room, *(one for one in around[room] if one is not None)) for room in range(shape.rooms))


def how_many(shape: Shape, category: Category) -> int:
    """Elements of the category."""
    return {
        Category.WEAPON: shape.weapons, Category.ROOM: shape.rooms, Category.TIME: shape.times,
        Category.VICTIM: 1, Category.CULPRIT: 1, Category.TOOL: 1,
    }.get(category, shape.size)  # fmt: skip


# ---- one world ----


@dataclass(frozen=True, slots=True)
class Crime:
    culprit: int
    tool: int
    where: int
    when: int


def crimes(paths: tuple[tuple[int, ...], ...], shape: Shape) -> Iterator[Crime]:
    """Every moment that would be one; a world has exactly one."""
    suspects, weapons = paths[1 : 1 + shape.size], paths[1 + shape.size :]
    for time, room in enumerate(paths[0]):
        there = [number for number, path in enumerate(suspects) if path[time] == room]
        lying = [number for number, path in enumerate(weapons) if path[time] == room]
        if len(there) == len(lying) == 1:
            yield Crime(there[0], lying[0], room, time)


@lru_cache(maxsize=4096)
def crime(world: World, shape: Shape) -> Crime:
    return next(crimes(world.paths, shape))


def holds(formula: Formula, world: World, shape: Shape) -> bool:
    if isinstance(formula, Compound):
        return _joined(formula.op, holds(formula.first, world, shape), holds(formula.second, world, shape))
    return _holds(formula, world, shape) == formula.holds


def _joined(op: Op, first: bool, second: bool) -> bool:
    if op is Op.OR:
        return first or second
    if op is Op.THEN:
        return second or not first
    return (first != second) == (op is Op.ONE)


def _holds(literal: Literal, world: World, shape: Shape) -> bool:
    if isinstance(literal, Is):
        return _number(literal.first, literal.second.category, world, shape) == literal.second.number
    if isinstance(literal, At):
        return _path(literal.piece, world, shape)[literal.time] == literal.room
    if isinstance(literal, Moves):
        path = _path(literal.piece, world, shape)
        return path[literal.time] != path[literal.time + 1]
    if isinstance(literal, With | Met | Beside):
        first, second = _path(literal.first, world, shape), _path(literal.second, world, shape)
        if isinstance(literal, With):
            return first[literal.time] == second[literal.time]
        if isinstance(literal, Met):
            return any(one == other == literal.room for one, other in zip(first, second, strict=True))
        return first[literal.time] == neighbour(shape, second[literal.time], literal.side)
    raise TypeError(literal)


def _number(subject: Element, category: Category, world: World, shape: Shape) -> int:
    """Which element of the category belongs to the culprit, the tool or a suspect."""
    if subject.category is Category.SUSPECT:
        return world.motives[subject.number]
    found = crime(world, shape)
    if category is Category.MOTIVE:
        return world.motives[found.culprit]
    return {
        Category.SUSPECT: found.culprit, Category.WEAPON: found.tool, Category.ROOM: found.where,
        Category.TIME: found.when,
    }[category]  # fmt: skip


def _path(piece: Element, world: World, shape: Shape) -> tuple[int, ...]:
    return world.paths[place(piece, world, shape)]


def place(piece: Element, world: World, shape: Shape) -> int:
    """Where the piece's path stands among the paths."""
    if piece.category is Category.WEAPON:
        return 1 + shape.size + piece.number
    if piece.category is Category.TOOL:
        return 1 + shape.size + crime(world, shape).tool
    if piece.category is Category.SUSPECT:
        return 1 + piece.number
    if piece.category is Category.CULPRIT:
        return 1 + crime(world, shape).culprit
    return 1 + world.motives.index(piece.number) if piece.category is Category.MOTIVE else 0


# ---- all worlds ----


def columns(shape: Shape) -> Mapping[str, Column]:
    """Every world of the shape, one number a world in each column; refused where there are too many."""
    tried = combinations(shape)
    if tried > TRIED:
        raise InputError(f"too large: {tried:,} combinations of paths, expected at most {TRIED:,}")
    walks, rests = _walks(shape), np.repeat(np.arange(shape.rooms, dtype=np.int8)[:, None], shape.times, 1)
    options = [walks] * (1 + shape.size) + [walks if shape.carried else rests] * shape.weapons
    kept = [_legal(shape, options, start) for start in range(0, tried, CHUNK)]
    worlds = {key: np.concatenate([part[key] for part in kept]) for key in kept[0]}
    return _with_motives(shape, worlds)


def combinations(shape: Shape) -> int:
    """Counted, not listed: paths by how many end in each room."""
    ends = [1] * shape.rooms
    for _ in range(shape.times - 1):
        ends = [sum(ends[other] for other in reached) for reached in within_reach(shape)]
    walking = 1 + shape.size + (shape.weapons if shape.carried else 0)
    lying = 0 if shape.carried else shape.weapons
    return int(sum(ends) ** walking * shape.rooms**lying)


def _walks(shape: Shape) -> Column:
    reach = within_reach(shape)
    walks: list[tuple[int, ...]] = [(room,) for room in range(shape.rooms)]
    for _ in range(shape.times - 1):
        walks = [(*walk, room) for walk in walks for room in reach[walk[-1]]]
    return np.array(walks, dtype=np.int8)


def _legal(shape: Shape, options: list[Column], start: int) -> dict[str, Column]:
    """The worlds among the combinations of one chunk."""
    sizes = [len(paths) for paths in options]
    index = np.unravel_index(np.arange(start, min(start + CHUNK, prod(sizes))), sizes)
    paths = [option[:, time][i] for option, i in zip(options, index, strict=True) for time in range(shape.times)]
    table = np.array(paths).reshape(len(options), shape.times, -1)
    there, lying = table[1 : 1 + shape.size] == table[0], table[1 + shape.size :] == table[0]
    moments = (there.sum(0) == 1) & (lying.sum(0) == 1)
    when = moments.argmax(0)
    lies = np.ones(table.shape[2], dtype=bool)
    for time in range(1, shape.times):
        lies &= (table[0, time] == table[0, time - 1]) | (when >= time)
    keep = np.flatnonzero((moments.sum(0) == 1) & lies & _carried(shape, table))
    table, when = table[:, :, keep], when[keep]
    each = np.arange(len(keep))
    found = {f"p{piece}t{time}": table[piece, time] for piece in range(len(options)) for time in range(shape.times)}
    who, what = there[:, when, keep].argmax(0), lying[:, when, keep].argmax(0)
    found |= {"culprit": who, "tool": what, "where": table[0, when, each], "when": when}
    return {key: column.astype(np.int8) for key, column in found.items()}


def _carried(shape: Shape, table: Column) -> Truth:
    """Whether every weapon that moves goes where a suspect who was in its room goes."""
    well = np.ones(table.shape[2], dtype=bool)
    suspects = table[1 : 1 + shape.size]
    for path in table[1 + shape.size :]:
        for before, after in pairwise(range(shape.times)):
            beside = (suspects[:, before] == path[before]) & (suspects[:, after] == path[after])
            well &= (path[before] == path[after]) | beside.any(0)
    return well


def _with_motives(shape: Shape, worlds: dict[str, Column]) -> dict[str, Column]:
    count = len(worlds["culprit"])
    total = count * (factorial(shape.size) if shape.motives else 1)
    if total > MOST:
        raise InputError(f"too large: {total:,} worlds, expected at most {MOST:,}")
    orders = np.array(list(permutations(range(shape.size))) if shape.motives else [()], dtype=np.int8)
    found = {key: np.repeat(column, len(orders)) for key, column in worlds.items()}
    return found | {f"m{suspect}": np.tile(orders[:, suspect], count) for suspect in range(orders.shape[1])}


def truth(worlds: Mapping[str, Column], literal: Literal, shape: Shape) -> Truth:
    """In which of the worlds the literal holds."""
    found: Truth = _truth(worlds, literal, shape)
    return found if literal.holds else ~found


def _truth(worlds: Mapping[str, Column], literal: Literal, shape: Shape) -> Any:
    if isinstance(literal, Is):
        return _numbers(worlds, literal.first, literal.second.category, shape) == literal.second.number
    if isinstance(literal, At):
        return _rooms(worlds, literal.piece, literal.time, shape) == literal.room
    if isinstance(literal, Moves):
        before, after = (_rooms(worlds, literal.piece, literal.time + later, shape) for later in (0, 1))
        return before != after
    if isinstance(literal, With | Beside):
        first, second = (_rooms(worlds, piece, literal.time, shape) for piece in (literal.first, literal.second))
        if isinstance(literal, With):
            return first == second
        beyond = [neighbour(shape, room, literal.side) for room in range(shape.rooms)]
        return first == np.array([-1 if room is None else room for room in beyond], dtype=np.int8)[second]
    if isinstance(literal, Met):
        pairs = product((literal.first, literal.second), range(shape.times))
        there = [_rooms(worlds, piece, time, shape) == literal.room for piece, time in pairs]
        return np.any(np.logical_and(there[: shape.times], there[shape.times :]), axis=0)
    raise TypeError(literal)


def _numbers(worlds: Mapping[str, Column], subject: Element, category: Category, shape: Shape) -> Column:
    if subject.category is Category.SUSPECT:
        return worlds[f"m{subject.number}"]
    if category is Category.MOTIVE:
        return np.choose(worlds["culprit"], [worlds[f"m{suspect}"] for suspect in range(shape.size)])
    key = {Category.SUSPECT: "culprit", Category.WEAPON: "tool", Category.ROOM: "where", Category.TIME: "when"}
    return worlds[key[category]]


def _rooms(worlds: Mapping[str, Column], piece: Element, time: int, shape: Shape) -> Column:
    """Where the piece is at the time, in each world."""
    if piece.category is Category.VICTIM:
        return worlds[f"p0t{time}"]
    first = 1 + shape.size if piece.category in (Category.WEAPON, Category.TOOL) else 1
    if piece.category in (Category.SUSPECT, Category.WEAPON):
        return worlds[f"p{first + piece.number}t{time}"]
    if piece.category is Category.TOOL:
        return np.choose(worlds["tool"], [worlds[f"p{first + weapon}t{time}"] for weapon in range(shape.weapons)])
    of_suspects = [worlds[f"p{first + suspect}t{time}"] for suspect in range(shape.size)]
    if piece.category is Category.CULPRIT:
        return np.choose(worlds["culprit"], of_suspects)
    return np.select([worlds[f"m{suspect}"] == piece.number for suspect in range(shape.size)], of_suspects)
