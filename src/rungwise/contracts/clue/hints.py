"""Clues of moments before they are clues: things that are true in a world, of one kind, drawn at random.

    is        what the answer is: who, with what, where, when, why
    motive    a suspect's motive
    at        where a piece is at a time                     not     one of these that is not so
    with      two in one room at a time                      or      one or both
    met       two in a given room at least once              one     one and not both
    moves     a piece moves, or stays                        then    if the first, then the second
    beside    two in neighbouring rooms                      same    both or neither

A piece is named for what it is, or for its part: the murderer, the weapon, whoever has a motive. Which of them is
drawn before it is known whom they are, so that no suspect is named more or less often for what he did.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal as OneOf

from rungwise.contracts.clue.moments import crime, holds, how_many, neighbour, place
from rungwise.contracts.clue.tree import (
    CULPRIT,
    TOOL,
    VICTIM,
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

KINDS: Mapping[str, float] = {  # how often each is drawn; near the mix of the published puzzles
    "is": 1, "motive": 2, "at": 20, "with": 13, "met": 7, "moves": 20, "beside": 13, "one": 10, "same": 11, "not": 3,
}  # fmt: skip
OF_TWO = {  # kind -> connective, and which of the two parts may be true
    "or": (Op.OR, ((True, False), (False, True), (True, True))),
    "one": (Op.ONE, ((True, False), (False, True))),
    "then": (Op.THEN, ((True, True), (False, True), (False, False))),
    "same": (Op.SAME, ((True, True), (False, False))),
}
PARTS = ("at", "at", "at", "is", "with", "moves")  # what is joined, most often where something was
INDIRECT = 0.25  # of the pieces that are named, through their part
SIDES: tuple[OneOf["n", "e", "s", "w"], ...] = ("n", "e", "s", "w")
TRIES = 8  # for something of a kind that this world has


@dataclass(frozen=True, slots=True)
class Scene:
    """A world, and what its pieces may be called: for each name where its path stands among the paths."""

    shape: Shape
    world: World
    direct: tuple[tuple[Element, int], ...]
    indirect: tuple[tuple[Element, int], ...]


def scene(shape: Shape, world: World) -> Scene:
    suspects = [Element(Category.SUSPECT, number) for number in range(shape.size)]
    weapons = [Element(Category.WEAPON, number) for number in range(shape.weapons)]
    parts = [CULPRIT, TOOL, *(Element(Category.MOTIVE, number) for number in range(len(world.motives)))]
    placed = [
        tuple((one, place(one, world, shape)) for one in names) for names in ([VICTIM, *suspects, *weapons], parts)
    ]  # fmt: skip
    return Scene(shape, world, *placed)


def hint(kind: str, told: Scene, rng: random.Random) -> Formula | None:
    """Something true of the kind; None where the world has none, as far as was tried."""
    for _ in range(TRIES):
        found = _joined(kind, told, rng) if kind in OF_TWO else _single(kind, told, rng)
        if found is not None:
            return found
    return None


def _joined(kind: str, told: Scene, rng: random.Random) -> Compound | None:
    op, patterns = OF_TWO[kind]
    first, second = (_part(told, rng, true) for true in rng.choice(patterns))
    if first is None or second is None or replace(first, holds=second.holds) == second:
        return None
    return Compound(first, op, second)


def _part(told: Scene, rng: random.Random, true: bool) -> Literal | None:
    kind = rng.choice(PARTS)
    return _single(kind, told, rng) if true else _untrue(kind, told, rng)


def _single(kind: str, told: Scene, rng: random.Random) -> Literal | None:
    if kind == "not":
        found = _untrue(rng.choice(PARTS), told, rng)
        return found and replace(found, holds=not found.holds)
    return _TRUE[kind](told, rng)


# ---- what is so ----


def _is(told: Scene, rng: random.Random) -> Literal:
    return rng.choice(solution(told.shape, told.world))


def solution(shape: Shape, world: World) -> list[Literal]:
    """Who, with what, where, when (where there is more than one time) and why, as facts."""
    found = crime(world, shape)
    facts: list[Literal] = [
        Is(CULPRIT, Element(Category.SUSPECT, found.culprit)), Is(TOOL, Element(Category.WEAPON, found.tool)),
        Is(CULPRIT, Element(Category.ROOM, found.where)),
    ]  # fmt: skip
    if shape.times > 1:
        facts.append(Is(CULPRIT, Element(Category.TIME, found.when)))
    if shape.motives:
        facts.append(Is(CULPRIT, Element(Category.MOTIVE, world.motives[found.culprit])))
    return facts


def _motive(told: Scene, rng: random.Random) -> Literal | None:
    if not told.shape.motives:
        return None
    suspect = rng.randrange(told.shape.size)
    return Is(Element(Category.SUSPECT, suspect), Element(Category.MOTIVE, told.world.motives[suspect]))


def _at(told: Scene, rng: random.Random) -> Literal:
    (piece, row), time = _named(told, rng), rng.randrange(told.shape.times)
    return At(piece, told.world.paths[row][time], time)


def _with(told: Scene, rng: random.Random) -> Literal | None:
    found = _pair(told, rng, lambda room, other: room == other)
    return found and With(min(found[:2]), max(found[:2]), found[2])


def _met(told: Scene, rng: random.Random) -> Literal | None:
    found = _pair(told, rng, lambda room, other: room == other)
    return found and Met(min(found[:2]), max(found[:2]), found[3])


def _beside(told: Scene, rng: random.Random) -> Literal | None:
    side = rng.choice(SIDES)
    found = _pair(told, rng, lambda room, other: room == neighbour(told.shape, other, side))
    return found and Beside(found[0], side, found[1], found[2])


def _moves(told: Scene, rng: random.Random) -> Literal | None:
    piece, row = _named(told, rng)
    still = not told.shape.carried and piece.category in (Category.WEAPON, Category.TOOL)
    if still or told.shape.times == 1:
        return None
    time, path = rng.randrange(told.shape.times - 1), told.world.paths[row]
    return Moves(piece, time, path[time] != path[time + 1])


_TRUE: Mapping[str, Callable[[Scene, random.Random], Literal | None]] = {
    "is": _is, "motive": _motive, "at": _at, "with": _with, "met": _met, "beside": _beside, "moves": _moves,
}  # fmt: skip


def _named(told: Scene, rng: random.Random) -> tuple[Element, int]:
    return rng.choice(told.indirect if rng.random() < INDIRECT else told.direct)


def _pair(
    told: Scene, rng: random.Random, stand: Callable[[int, int], bool]
) -> tuple[Element, Element, int, int] | None:
    """Two pieces that stand so to one another at a time, the time, and the room of the second."""
    (first, row), time, paths = _named(told, rng), rng.randrange(told.shape.times), told.world.paths
    names = told.indirect if rng.random() < INDIRECT else told.direct
    fit = [(one, other) for one, other in names if other != row and stand(paths[row][time], paths[other][time])]
    if not fit:
        return None
    second, other = rng.choice(fit)
    return first, second, time, paths[other][time]


# ---- what is not ----


def _untrue(kind: str, told: Scene, rng: random.Random) -> Literal | None:
    """Something of the kind that is not so, though it might be."""
    found = _any(kind, told, rng)
    return found if found is not None and not holds(found, told.world, told.shape) else None


def _any(kind: str, told: Scene, rng: random.Random) -> Literal | None:
    time, piece = rng.randrange(told.shape.times), _named(told, rng)[0]
    if kind == "at":
        return At(piece, rng.randrange(told.shape.rooms), time)
    if kind == "is":
        return _any_answer(told, rng)
    if kind == "with":
        other = _named(told, rng)[0]
        return None if other == piece else With(min(piece, other), max(piece, other), time)
    found = _moves(told, rng)
    return found and replace(found, holds=not found.holds)


def _any_answer(told: Scene, rng: random.Random) -> Literal:
    said = rng.choice(solution(told.shape, told.world))
    assert isinstance(said, Is)
    category = said.second.category
    return Is(said.first, Element(category, rng.randrange(how_many(told.shape, category))))


def differing(told: Scene, other: World) -> list[Literal]:
    """Where the other world is not as this one: facts of this one that rule it out."""
    facts: list[Literal] = [
        At(piece, told.world.paths[row][time], time)
        for (piece, row), time in product(told.direct, range(told.shape.times))
        if told.world.paths[row][time] != other.paths[row][time]
    ]
    for suspect, motive in enumerate(told.world.motives):
        if other.motives[suspect] != motive:
            facts.append(Is(Element(Category.SUSPECT, suspect), Element(Category.MOTIVE, motive)))
    return facts


def mentioned(clue: Formula) -> Iterator[Element]:
    """Every piece and room that it names."""
    if isinstance(clue, Compound):
        yield from (*mentioned(clue.first), *mentioned(clue.second))
        return
    if isinstance(clue, At | Met):
        yield Element(Category.ROOM, clue.room)
    if isinstance(clue, At | Moves):
        yield clue.piece
    else:
        yield from (clue.first, clue.second)
