"""Moments as clauses: a variable for every row, time and room, for the culprit, the tool, where, when and motives.

A row is where something is at every time: the pieces as in World.paths, then three that stand for a piece that is not
known: the culprit, the tool, and for each motive whoever has it. Such a row goes with the piece it may turn out to be.
Literals are integers as in sat.py: 2v says that variable v is true, 2v + 1 that it is not.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product

from rungwise.contracts.clue.moments import neighbour, within_reach
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
)

Clause = list[int]


@dataclass(frozen=True, slots=True)
class Numbering:
    """The literal (2v) of each variable. What lies still has the same at every time."""

    at: tuple[tuple[tuple[int, ...], ...], ...]  # [row][time][room]
    motives: tuple[tuple[int, ...], ...]  # [suspect][motive]
    tool: tuple[int, ...]
    culprit: tuple[int, ...]
    where: tuple[int, ...]
    when: tuple[int, ...]
    carries: tuple[int, ...]  # from here on, in the order of _carrying
    count: int  # of variables


@lru_cache(maxsize=64)
def numbering(shape: Shape) -> Numbering:
    """Later variables are decided earlier: the crime first."""
    made = 0

    def some(count: int) -> tuple[int, ...]:
        nonlocal made
        made += count
        return tuple(range(2 * (made - count), 2 * made, 2))

    def row(still: bool) -> tuple[tuple[int, ...], ...]:
        return (some(shape.rooms),) * shape.times if still else tuple(some(shape.rooms) for _ in range(shape.times))

    still = [is_still(shape, number) for number in range(rows(shape))]
    steps = (shape.times - 1) * sum(len(reached) - 1 for reached in within_reach(shape))
    carries = some(shape.size * steps if shape.carried else 0)
    at = tuple(row(rests) for rests in still)
    has = tuple(some(shape.size) for _ in range(shape.size)) if shape.motives else ()
    tool, culprit, where, when = map(some, (shape.weapons, shape.size, shape.rooms, shape.times))
    return Numbering(at, has, tool, culprit, where, when, carries, made)


def pieces(shape: Shape) -> int:
    return 1 + shape.size + shape.weapons


def rows(shape: Shape) -> int:
    return pieces(shape) + 2 + (shape.size if shape.motives else 0)


def is_still(shape: Shape, row: int) -> bool:
    """Whether the row is a weapon's or the tool's, in a shape where weapons lie still."""
    return not shape.carried and (shape.size < row < pieces(shape) or row == pieces(shape) + 1)


def row_of(shape: Shape, piece: Element) -> int:
    first = {
        Category.VICTIM: 0, Category.SUSPECT: 1, Category.WEAPON: 1 + shape.size, Category.CULPRIT: pieces(shape),
        Category.TOOL: pieces(shape) + 1, Category.MOTIVE: pieces(shape) + 2,
    }  # fmt: skip
    return first[piece.category] + piece.number


# ---- the rules of the world ----


def rules(shape: Shape) -> Iterator[Clause]:
    n = numbering(shape)
    for row in range(pieces(shape)):
        yield from _path(shape, n, row)
    for choice in (n.tool, n.culprit, n.where, n.when, *n.motives, *zip(*n.motives, strict=True)):
        yield from _one_of(choice)
    if shape.carried:
        yield from _carrying(shape, n)
    yield from _crime(shape, n)
    yield from _no_other(shape, n)


def _one_of(choice: Sequence[int]) -> Iterator[Clause]:
    yield list(choice)
    for pair in combinations(choice, 2):
        yield [one ^ 1 for one in pair]


def _path(shape: Shape, n: Numbering, row: int) -> Iterator[Clause]:
    """One room at a time; a step goes to the next room at most, seen from before and from after."""
    for rooms in dict.fromkeys(n.at[row]):
        yield from _one_of(rooms)
    if is_still(shape, row):
        return
    for time in range(shape.times - 1):
        before, after = n.at[row][time], n.at[row][time + 1]
        for room, reached in enumerate(within_reach(shape)):
            yield [before[room] ^ 1, *(after[other] for other in reached)]
            yield [after[room] ^ 1, *(before[other] for other in reached)]


def _carrying(shape: Shape, n: Numbering) -> Iterator[Clause]:
    """A weapon goes only where a suspect goes who was in its room."""
    carries = iter(n.carries)
    for time, (room, reached) in product(range(shape.times - 1), enumerate(within_reach(shape))):
        for other in reached[1:]:
            carried = [next(carries) for _ in range(shape.size)]
            for suspect, carry in enumerate(carried, 1):
                yield [carry ^ 1, n.at[suspect][time][room]]
                yield [carry ^ 1, n.at[suspect][time + 1][other]]
            for row in range(1 + shape.size, pieces(shape)):
                yield [n.at[row][time][room] ^ 1, n.at[row][time + 1][other] ^ 1, *carried]


def _crime(shape: Shape, n: Numbering) -> Iterator[Clause]:
    """Then and there the victim is, the culprit and the tool are, no other suspect and weapon is; the victim stays."""
    for room in range(shape.rooms):
        yield [n.where[room] ^ 1, n.at[0][-1][room]]
        yield [n.where[room], n.at[0][-1][room] ^ 1]
    for time, room in product(range(shape.times), range(shape.rooms)):
        then, there = n.when[time] ^ 1, n.where[room] ^ 1
        for later in range(time, shape.times):
            yield [then, there, n.at[0][later][room]]
            yield [then, n.at[0][later][room] ^ 1, n.where[room]]
        suspects = [path[time][room] for path in n.at[1 : 1 + shape.size]]
        weapons = [path[time][room] for path in n.at[1 + shape.size : pieces(shape)]]
        yield from _alone([then, there], n.culprit, suspects)
        yield from _alone([there] if not shape.carried else [then, there], n.tool, weapons)


def _alone(unless: Clause, choice: Sequence[int], here: Sequence[int]) -> Iterator[Clause]:
    """The one chosen is here and no other; so some one is, and no two are."""
    for chosen, one in zip(choice, here, strict=True):
        yield [*unless, chosen ^ 1, one]
        yield [*unless, one ^ 1, chosen]
    yield [*unless, *here]
    for one, other in combinations(here, 2):
        yield [*unless, one ^ 1, other ^ 1]


def _no_other(shape: Shape, n: Numbering) -> Iterator[Clause]:
    """Wherever one suspect and one weapon are alone with the victim, that is the crime."""
    for time, room in product(range(shape.times), range(shape.rooms)):
        there = [n.at[row][time][room] for row in range(pieces(shape))]
        suspects, weapons = there[1 : 1 + shape.size], there[1 + shape.size :]
        for suspect, weapon in product(range(shape.size), range(shape.weapons)):
            alone = [one ^ (number == suspect) for number, one in enumerate(suspects)]
            lying = [one ^ (number == weapon) for number, one in enumerate(weapons)]
            yield [there[0] ^ 1, *alone, *lying, n.when[time]]


def stands_for(shape: Shape, row: int) -> Iterator[Clause]:
    """A row of a piece that is not known: wherever the piece is that it turns out to be."""
    n, which = numbering(shape), row - pieces(shape)
    choices = (n.culprit, n.tool, *zip(*n.motives, strict=True))[which]
    first = 1 + shape.size if which == 1 else 1
    yield from _path(shape, n, row)
    for time, (piece, choice) in product(range(1 if is_still(shape, row) else shape.times), enumerate(choices, first)):
        for one, own in zip(n.at[piece][time], n.at[row][time], strict=True):
            yield [choice ^ 1, one ^ 1, own]
            yield [choice ^ 1, own ^ 1, one]
    if which < 2:
        for time, room in product(range(shape.times), range(shape.rooms)):
            yield [n.when[time] ^ 1, n.where[room] ^ 1, n.at[row][time][room]]
            yield [n.when[time] ^ 1, n.at[row][time][room] ^ 1, n.where[room]]


# ---- what is said ----


def claims(formula: Formula, literal_of: Callable[[Literal], int]) -> list[Clause]:
    """The clauses that hold exactly where the formula does."""
    if not isinstance(formula, Compound):
        return [[literal_of(formula)]]
    first, second = literal_of(formula.first), literal_of(formula.second)
    return {
        Op.OR: [[first, second]],
        Op.ONE: [[first, second], [first ^ 1, second ^ 1]],
        Op.THEN: [[first ^ 1, second]],
        Op.SAME: [[first ^ 1, second], [first, second ^ 1]],
    }[formula.op]


def meaning(shape: Shape, said: Literal, fresh: Callable[[], int]) -> tuple[int, list[Clause]]:
    """The literal that stands for what is said (as if it held), and the clauses that make it mean that."""
    n = numbering(shape)
    if isinstance(said, Is):
        return _belongs(n, said.first, said.second, fresh)
    if isinstance(said, At):
        return n.at[row_of(shape, said.piece)][said.time][said.room], []
    if isinstance(said, Moves):
        path = n.at[row_of(shape, said.piece)]
        return _moves(path[said.time], path[said.time + 1], fresh())
    if isinstance(said, With | Met | Beside):
        first, second = n.at[row_of(shape, said.first)], n.at[row_of(shape, said.second)]
        if isinstance(said, With):
            return _beside(list(zip(first[said.time], second[said.time], strict=True)), [], [], fresh())
        if isinstance(said, Beside):
            return _placed(shape, said, first[said.time], second[said.time], fresh())
        both = {(one[said.room], other[said.room]) for one, other in zip(first, second, strict=True)}
        return _met(sorted(both), fresh)
    raise TypeError(said)


def _belongs(n: Numbering, subject: Element, other: Element, fresh: Callable[[], int]) -> tuple[int, list[Clause]]:
    if subject.category is Category.SUSPECT:
        return n.motives[subject.number][other.number], []
    if other.category is Category.MOTIVE:
        why, clauses = fresh(), []
        for culprit, motives in zip(n.culprit, n.motives, strict=True):
            clauses += [[culprit ^ 1, motives[other.number] ^ 1, why], [culprit ^ 1, motives[other.number], why ^ 1]]
        return why, clauses
    choice = {
        Category.SUSPECT: n.culprit, Category.WEAPON: n.tool, Category.ROOM: n.where, Category.TIME: n.when,
    }  # fmt: skip
    return choice[other.category][other.number], []


def _moves(before: Sequence[int], after: Sequence[int], moves: int) -> tuple[int, list[Clause]]:
    clauses = []
    for here, still in zip(before, after, strict=True):
        clauses += [[moves ^ 1, here ^ 1, still ^ 1], [moves, here ^ 1, still], [moves, still ^ 1, here]]
    return moves, clauses


def _placed(
    shape: Shape, said: Beside, first: Sequence[int], second: Sequence[int], beside: int
) -> tuple[int, list[Clause]]:
    beyond = [neighbour(shape, room, said.side) for room in range(shape.rooms)]
    pairs = [(first[there], second[room]) for room, there in enumerate(beyond) if there is not None]
    edge = [second[room] for room, there in enumerate(beyond) if there is None]
    far = [one for room, one in enumerate(first) if room not in beyond]
    return _beside(pairs, edge, far, beside)


def _beside(
    pairs: list[tuple[int, int]], edge: Sequence[int], far: Sequence[int], beside: int
) -> tuple[int, list[Clause]]:
    """True where both of a pair are; `edge` and `far` are in no pair."""
    clauses = [[beside ^ 1, one ^ 1] for one in (*edge, *far)]
    for one, other in pairs:
        clauses += [[one ^ 1, other ^ 1, beside], [beside ^ 1, one ^ 1, other], [beside ^ 1, other ^ 1, one]]
    return beside, clauses


def _met(both: list[tuple[int, int]], fresh: Callable[[], int]) -> tuple[int, list[Clause]]:
    met, clauses, times = fresh(), [], []
    for one, other in both:
        there = fresh()
        times.append(there)
        clauses += [[there ^ 1, one], [there ^ 1, other], [one ^ 1, other ^ 1, there], [there ^ 1, met]]
    return met, [*clauses, [met ^ 1, *times]]
