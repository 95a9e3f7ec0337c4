"""A world of a crime or zebra puzzle with another answer, or the certainty that there is none: complete search.

What can be ruled out is ruled out (candidates.py); then the smallest choice that is left is tried, one way after the
other.
"""

from collections.abc import Iterator, Sequence
from typing import Literal as OneOf

from rungwise.contracts.clue.candidates import Board, Clause, State, atom, begun, board, narrow, rules_of, settle
from rungwise.contracts.clue.space import attributes, together
from rungwise.contracts.clue.tree import CULPRIT, Answer, Category, Element, Puzzle, Slot, World

NODES = 20_000  # a search that needs more is given up: some seconds

TooLarge = OneOf["too large"]


def other_answer(board: Board, slots: Sequence[Slot], answer: Answer) -> Clause:
    """A clause that every world with another answer obeys, and no world with this one."""
    facts = (together(slot.subject, Element(slot.category, number)) for slot, number in zip(slots, answer, strict=True))
    return tuple(atom(board, fact, holds=False) for fact in facts)


def second(puzzle: Puzzle, other_than: Answer | None, budget: int = NODES) -> World | TooLarge | None:
    """A world of the puzzle with another answer, or any; None where there is none; "too large" beyond the budget."""
    on = board(puzzle.shape)
    rules = rules_of(on, puzzle.clues)
    if other_than is not None:
        rules.append(other_answer(on, puzzle.slots, other_than))
    state = begun(on, rules)
    open_states = [] if state is None else [state]
    while open_states:
        if not budget:
            return "too large"
        budget -= 1
        state = open_states.pop()
        choice = _smallest_choice(on, state)
        if choice is None:
            return _world(on, state)
        open_states.extend(_branches(on, state, rules, *choice))
    return None


def _smallest_choice(board: Board, state: State) -> tuple[int, int] | None:
    """An element and its candidates in one category, where there are several."""
    best, fewest = None, board.width
    deciders = (*range(board.shape.size), *([board.place(CULPRIT)] if board.shape.kind == "crime" else ()))
    for place in deciders:
        for offset in range(0, len(board.offsets) * board.width, board.width):
            candidates = state[place] & board.owners << offset
            if 1 < candidates.bit_count() < fewest:
                best, fewest = (place, candidates), candidates.bit_count()
    return best


def _branches(board: Board, state: State, rules: Sequence[Clause], place: int, candidates: int) -> Iterator[State]:
    left = candidates
    while left:
        bit = left & -left
        left ^= bit
        branch = state.copy()
        if settle(board, branch, rules, narrow(branch, place, branch[place] & ~candidates | bit)):
            yield branch


def _world(board: Board, state: State) -> World:
    size = board.shape.size

    def owned(place: int, category: Category) -> int:
        return (state[place] & board.block(category)).bit_length() - 1 - board.offsets[category]

    culprit = owned(board.place(CULPRIT), Category.SUSPECT) if board.shape.kind == "crime" else 0
    return World(
        places=tuple(tuple(owned(owner, one) for owner in range(size)) for one in attributes(board.shape)),
        culprit=culprit,
    )
