"""What follows from a puzzle's clues: its one answer, or why it has none; what they entail; which of them are needed.

Up to LARGEST worlds by masks; beyond, by search for a world with another answer (search.py for crime and zebra,
paths.py for moments). Both say the same, but a search may give up, and then says "too large".
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal as OneOf

from rungwise.contracts.clue import moments, search
from rungwise.contracts.clue.space import LARGEST, Space, attributes, count, owners, space, together
from rungwise.contracts.clue.tree import (
    CULPRIT,
    VICTIM,
    Answer,
    At,
    Category,
    Compound,
    Element,
    Formula,
    Is,
    Left,
    Literal,
    Next,
    Op,
    Puzzle,
    Shape,
    Slot,
    World,
)
from rungwise.errors import InputError

Unique = OneOf["answer", "state"]
Evidence = tuple[Formula, ...] | tuple[tuple[World, Answer], ...]


@dataclass(frozen=True, slots=True)
class Solved:
    answer: Answer
    worlds: int | None = None  # that are left; None where they were not counted


@dataclass(frozen=True, slots=True)
class Refusal:
    """Evidence: contradictory clues of which none can be left out; or two worlds, each with its answer."""

    reason: OneOf["contradictory", "several answers", "too large"]
    evidence: Evidence = ()


# ---- one world ----


def holds(formula: Formula, world: World, shape: Shape) -> bool:
    """The meaning of a formula."""
    if shape.kind == "moments":
        return moments.holds(formula, world, shape)
    if isinstance(formula, Compound):
        first, second = holds(formula.first, world, shape), holds(formula.second, world, shape)
        return {Op.OR: first or second, Op.ONE: first != second, Op.THEN: second or not first}.get(
            formula.op, first == second
        )
    return _true(formula, world, shape) == formula.holds


def _true(literal: Literal, world: World, shape: Shape) -> bool:
    assert isinstance(literal, Is | Next | Left)
    first, second = (_group(element, world, shape) for element in (literal.first, literal.second))
    if isinstance(literal, Is):
        return first == second
    return first + 1 == second or (isinstance(literal, Next) and first - 1 == second)


def _group(element: Element, world: World, shape: Shape) -> int:
    """Whose the element is."""
    if element == CULPRIT:
        return world.culprit
    if element.category is owners(shape):
        return element.number
    return world.places[attributes(shape).index(element.category)].index(element.number)


def answer_of(world: World, shape: Shape, slots: Iterable[Slot]) -> Answer:
    return tuple(_number(world, shape, slot) for slot in slots)


def _number(world: World, shape: Shape, slot: Slot) -> int:
    if shape.kind != "moments":
        group = _group(slot.subject, world, shape)
        if slot.category is owners(shape):
            return group
        return world.places[attributes(shape).index(slot.category)][group]
    numbers = range(max(shape.size, shape.weapons, shape.rooms, shape.times))
    return next(number for number in numbers if moments.holds(fact(slot, number), world, shape))


def fact(slot: Slot, number: int) -> Literal:
    """That this is the slot's answer."""
    if slot.time is not None:
        return At(slot.subject, number, slot.time)
    return together(slot.subject, Element(slot.category, number))


def everything(shape: Shape) -> tuple[Slot, ...]:
    """Slots whose answer is the whole world."""
    suspects = [Element(owners(shape), number) for number in range(shape.size)]
    if shape.kind != "moments":
        told = tuple(Slot(one, attribute) for attribute in attributes(shape) for one in suspects)
        return (Slot(CULPRIT, Category.SUSPECT), *told) if shape.kind == "crime" else told
    pieces = (VICTIM, *suspects, *(Element(Category.WEAPON, number) for number in range(shape.weapons)))
    motives = tuple(Slot(one, Category.MOTIVE) for one in suspects if shape.motives)
    return *(Slot(one, Category.ROOM, time) for one in pieces for time in range(shape.times)), *motives


def negated(formula: Formula) -> tuple[Formula, ...]:
    """What holds, all of it, where the formula does not."""
    if not isinstance(formula, Compound):
        return (_opposite(formula),)
    if formula.op is Op.OR:
        return _opposite(formula.first), _opposite(formula.second)
    if formula.op is Op.THEN:
        return formula.first, _opposite(formula.second)
    return (Compound(formula.first, Op.SAME if formula.op is Op.ONE else Op.ONE, formula.second),)


def _opposite(literal: Literal) -> Literal:
    return replace(literal, holds=not literal.holds)


# ---- all worlds ----


@lru_cache(maxsize=256)
def small(shape: Shape) -> bool:
    """Whether the shape's worlds can be listed. Remembered, since a night's may have to be listed to be told."""
    if shape.kind != "moments":
        return count(shape) <= LARGEST
    try:
        space(shape)
    except InputError:
        return False
    return True


def solve(puzzle: Puzzle, *, evidence: bool = True) -> Solved | Refusal:
    """Without `evidence` a contradiction is not traced back to its clues, which costs a search for each."""
    return (_by_masks if small(puzzle.shape) else _by_search)(puzzle, evidence)


def _by_masks(puzzle: Puzzle, evidence: bool) -> Solved | Refusal:
    within = space(puzzle.shape)
    alive = alive_in(within, puzzle.clues)
    if not alive:
        return Refusal("contradictory", _contradictory(puzzle) if evidence else ())
    first = _seen(puzzle, within.world(lowest(alive)))
    others = alive & ~right(within, puzzle.slots, first[1])
    if others:
        return Refusal("several answers", (first, _seen(puzzle, within.world(lowest(others)))))
    return Solved(first[1], alive.bit_count())


def _by_search(puzzle: Puzzle, evidence: bool) -> Solved | Refusal:
    try:
        one = _another(puzzle)
        if one is None:
            return Refusal("contradictory", _contradictory(puzzle) if evidence else ())
        first = _seen(puzzle, one)
        other = _another(puzzle, first[1])
    except InputError:
        return Refusal("too large")
    return Solved(first[1]) if other is None else Refusal("several answers", (first, _seen(puzzle, other)))


def _seen(puzzle: Puzzle, world: World) -> tuple[World, Answer]:
    return world, answer_of(world, puzzle.shape, puzzle.slots)


def alive_in(within: Space, clues: Iterable[Formula]) -> int:
    alive = within.full
    for clue in clues:
        alive &= within.mask(clue)
    return alive


def right(within: Space, slots: Sequence[Slot], answer: Answer) -> int:
    """The worlds with this answer."""
    return alive_in(within, map(fact, slots, answer))


def lowest(mask: int) -> int:
    """The number of the first world."""
    return (mask & -mask).bit_length() - 1


def _another(puzzle: Puzzle, other_than: Answer | None = None) -> World | None:
    """A world with another answer, or any; by search."""
    if puzzle.shape.kind == "moments":
        from rungwise.contracts.clue import paths  # brings numba

        found = paths.second(puzzle, other_than)
    else:
        found = search.second(puzzle, other_than)
    if isinstance(found, str):
        raise InputError("too large: the search was given up")
    return found


def _possible(shape: Shape, clues: Sequence[Formula]) -> bool:
    if small(shape):
        return alive_in(space(shape), clues) != 0
    return _another(Puzzle(shape, tuple(clues), ())) is not None


def _contradictory(puzzle: Puzzle) -> tuple[Formula, ...]:
    """Clues that contradict one another, none of which can be left out."""
    return _thinned(puzzle.clues, lambda fewer: not _possible(puzzle.shape, fewer))


def _thinned(clues: Sequence[Formula], well: Callable[[tuple[Formula, ...]], bool]) -> tuple[Formula, ...]:
    """What is left when each that can be left out well is, from the first."""
    kept = tuple(range(len(clues)))
    for place in kept:
        fewer = tuple(one for one in kept if one != place)
        if well(tuple(clues[one] for one in fewer)):
            kept = fewer
    return tuple(clues[one] for one in kept)


# ---- what follows ----


def entails(puzzle: Puzzle, formula: Formula) -> bool:
    """Whether the formula holds wherever the clues do. Beyond what search can tell, an InputError."""
    if small(puzzle.shape):
        within = space(puzzle.shape)
        return alive_in(within, puzzle.clues) & ~within.mask(formula) == 0
    return not _possible(puzzle.shape, (*puzzle.clues, *negated(formula)))


def minimal(
    shape: Shape, clues: Sequence[Formula], slots: Sequence[Slot], unique: Unique = "answer"
) -> tuple[Formula, ...]:
    """The clues without those that are not needed, looked at in the given order, for one answer or for one world."""
    asked = tuple(slots) if unique == "answer" else everything(shape)
    found = solve(Puzzle(shape, tuple(clues), asked))
    if isinstance(found, Refusal):
        raise InputError(f"{found.reason}: nothing to make minimal")
    if small(shape):
        within = space(shape)
        wrong = within.full & ~right(within, asked, found.answer)
        return tuple(clues[place] for place in needed(wrong, [within.mask(clue) for clue in clues]))
    return _thinned(clues, lambda fewer: _another(Puzzle(shape, fewer, asked), found.answer) is None)


def needed(wrong: int, masks: Sequence[int]) -> list[int]:
    """The places of masks that together leave nothing wrong; each that can be left out is, from the first."""
    rest = [-1]
    for mask in reversed(masks):
        rest.append(rest[-1] & mask)
    kept = []
    for place, mask in enumerate(masks):
        if wrong & rest[len(masks) - 1 - place]:
            kept.append(place)
            wrong &= mask
    return kept
