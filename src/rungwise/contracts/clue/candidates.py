"""What a crime or zebra puzzle leaves possible, by propagation over bit sets; no reasons are kept.

Every element has a bit; a state is, for each element, the set of elements that may belong to its group (always with
itself). Categories stand one after the other, each with a guard bit above it: "no category of this set is empty" is
then one addition. Propagation narrows a state by these rules, until nothing changes:

    one of each     what is known to belong together has the same candidates
    disjoint        two elements without a common candidate in some category do not belong together
    clauses         where all but one of a clause's literals fail, the last holds; also for next to and left of

It stops short of what needs an assumption. steps.py derives by the same rules, one reason at a time; search.py goes on
by trying.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from rungwise.contracts.clue.space import attributes, owners
from rungwise.contracts.clue.tree import (
    CULPRIT,
    Category,
    Compound,
    Element,
    Formula,
    Is,
    Left,
    Literal,
    Next,
    Op,
    Shape,
)

State = list[int]  # for each element's bit, its candidates; 0 at guards


@dataclass(frozen=True)
class Board:
    """What is the same for all puzzles of a shape. Owners come first, from bit 0."""

    shape: Shape
    offsets: dict[Category, int]
    width: int  # of a category, with its guard
    start: tuple[int, ...]
    guards: int
    fill: int  # added to a set, it raises the guard of every category that is not empty
    low: int  # the lowest bit of every category
    elements: tuple[int, ...]  # their bits' numbers

    def place(self, element: Element) -> int:
        return self.offsets[element.category] + element.number

    def block(self, category: Category) -> int:
        return 1 << self.place(CULPRIT) if category is Category.CULPRIT else self.owners << self.offsets[category]

    def block_at(self, place: int) -> int:
        """The category of a place; 0 for the culprit's, of which there is but one."""
        return self.owners << place - place % self.width if self.guards >> place else 0

    @property
    def owners(self) -> int:
        return (1 << self.width - 1) - 1


@lru_cache(maxsize=64)
def board(shape: Shape) -> Board:
    categories, size, width = (owners(shape), *attributes(shape)), shape.size, shape.size + 1
    offsets = {category: place * width for place, category in enumerate(categories)}
    end = len(categories) * width
    low = sum(1 << offset for offset in offsets.values())
    elements = [offset + number for offset in offsets.values() for number in range(size)]
    if shape.kind == "crime":
        offsets[Category.CULPRIT] = end
        elements.append(end)
    all_of = sum(1 << place for place in elements)
    start = [0] * (end + (shape.kind == "crime"))
    for place in elements:
        own = ((1 << size) - 1) << place - place % width if place < end else 0
        start[place] = all_of & ~own | 1 << place
    return Board(shape, offsets, width, tuple(start), low << size, low * ((1 << size) - 1), low, tuple(elements))


# ---- literals and clauses ----


class Atom(NamedTuple):
    """A literal over bits. Of Is: the second's category and its bit there."""

    kind: type
    first: int
    second: int
    holds: bool
    block: int = 0
    bit: int = 0


Clause = tuple[Atom, ...]  # at least one holds


def atom(board: Board, literal: Literal, holds: bool = True) -> Atom:
    """Of the literal, or of its negation."""
    assert isinstance(literal, Is | Next | Left)
    first, second = literal.first, literal.second
    if second == CULPRIT:
        first, second = second, first
    places = board.place(first), board.place(second)
    kind, holds = type(literal), literal.holds == holds
    return Atom(kind, *places, holds, board.block(second.category), 1 << places[1])


def clauses(board: Board, formula: Formula) -> tuple[Clause, ...]:
    if not isinstance(formula, Compound):
        return ((atom(board, formula),),)
    yes, no = ((atom(board, formula.first, sign), atom(board, formula.second, sign)) for sign in (True, False))
    if formula.op is Op.OR:
        return (yes,)
    if formula.op is Op.ONE:
        return yes, no
    then = (no[0], yes[1])
    return (then,) if formula.op is Op.THEN else (then, (yes[0], no[1]))


def _truth(board: Board, state: State, atom: Atom) -> bool | None:
    kind, first, second, holds, block, bit = atom
    if kind is Is:
        possible = state[first] & block
        if not possible & bit:
            return not holds
        return holds if possible == bit else None
    here, there = state[first] & board.owners, state[second] & board.owners
    known = not here & here - 1, not there & there - 1
    if known[0] and not _after(kind, here) & there:
        return not holds
    if known[1] and not _before(kind, there) & here:
        return not holds
    return holds if all(known) else None


def _after(kind: type, here: int) -> int:
    """Where the second may be if the first is here."""
    return here << 1 | here >> 1 if kind is Next else here << 1


def _before(kind: type, there: int) -> int:
    return there << 1 | there >> 1 if kind is Next else there >> 1


def _asserted(board: Board, state: State, atom: Atom) -> tuple[int, int, int, int]:
    """What is left of the candidates of both, if the literal holds."""
    kind, first, second, holds, block, bit = atom
    one, other = state[first], state[second]
    if kind is Is:
        return first, one & (~block | bit if holds else ~bit), second, other
    all_of = board.owners
    here, there = one & all_of, other & all_of
    if holds:
        here &= _before(kind, there)
        there &= _after(kind, here)
    else:
        if not there & there - 1:
            here &= ~_before(kind, there)
        if not here & here - 1:
            there &= ~_after(kind, here)
    return first, one & ~all_of | here, second, other & ~all_of | there


def rules_of(board: Board, formulas: Sequence[Formula]) -> list[Clause]:
    return [rule for formula in formulas for rule in clauses(board, formula)]


# ---- propagation ----


def settle(board: Board, state: State, rules: Sequence[Clause], todo: int) -> bool:
    """Narrows the state, of which the elements in `todo` have changed; False where it contradicts itself."""
    while True:
        while todo:
            lowest = todo & -todo
            todo ^= lowest
            changed = _spread(board, state, lowest)
            if changed is None:
                return False
            todo |= changed
        for rule in rules:
            last, left = None, 0
            for one in rule:
                truth = _truth(board, state, one)
                if truth:
                    break
                if truth is None:
                    last, left = one, left + 1
            else:
                if last is None:
                    return False
                if left == 1:
                    first, one_left, second, other_left = _asserted(board, state, last)
                    todo |= narrow(state, first, one_left) | narrow(state, second, other_left & state[second])
        if not todo:
            return True


def _spread(board: Board, state: State, bit: int) -> int | None:
    """What one element's candidates say of others: the elements that changed by it."""
    place = bit.bit_length() - 1
    mine, guards, fill = state[place], board.guards, board.fill
    if (mine + fill) & guards != guards:
        return None
    changed = 0
    known = ~((mine & mine - board.low) + fill) & guards  # the categories in which one candidate is left
    while known:
        guard = known & -known
        known ^= guard
        single = mine & guard - (guard >> board.width - 1)
        other = single.bit_length() - 1
        if other != place and state[other] != mine:
            both = mine & state[other]
            changed |= narrow(state, other, both) | narrow(state, place, both)
            mine = state[place]
            if (mine + fill) & guards != guards:
                return None
    rest = mine ^ bit
    while rest:
        lowest = rest & -rest
        rest ^= lowest
        if ((mine & state[lowest.bit_length() - 1]) + fill) & guards != guards:
            mine ^= lowest
            changed |= narrow(state, place, mine)
    return changed


def narrow(state: State, place: int, left: int) -> int:
    """Gives an element the candidates that are left, and takes it from those that are not."""
    gone = state[place] & ~left
    if not gone:
        return 0
    state[place] = left
    bit = 1 << place
    changed = gone | bit
    while gone:
        lowest = gone & -gone
        gone ^= lowest
        state[lowest.bit_length() - 1] &= ~bit
    return changed


def begun(board: Board, rules: Sequence[Clause]) -> State | None:
    """What propagation finds from the start; None where the rules contradict one another."""
    state = list(board.start)
    return state if settle(board, state, rules, 0) else None


def assume(board: Board, state: State, rules: Sequence[Clause], atom: Atom) -> State | None:
    """What follows if this holds as well; None where it cannot."""
    found = state.copy()
    first, one_left, second, other_left = _asserted(board, found, atom)
    todo = narrow(found, first, one_left)
    todo |= narrow(found, second, other_left & found[second])
    return found if settle(board, found, rules, todo) else None
