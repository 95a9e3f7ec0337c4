"""Worlds of moments beyond what can be enumerated: found, or proved not to be, by a search that learns (sat.py).

What solvers use:

    second(puzzle, other_than, budget) -> World | TOO_LARGE | None
        A world in which all clues hold and the answer is not `other_than` (any world where that is None);
        None: it is proved that there is none; TOO_LARGE: not known after so many conflicts.
    Search(shape)
        The same step by step, for one puzzle in the making: what was learned of one set of clues serves the next.

Every time of every piece has a set of rooms it may still be in, one Boolean a room; propagation narrows the sets from
before and after, and each conflict of a search leaves a clause that holds of the shape for good.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final
from typing import Literal as OneOf

import numpy as np

from rungwise.contracts.clue import clauses, sat
from rungwise.contracts.clue.encoding import (
    Clause,
    Numbering,
    claims,
    meaning,
    numbering,
    pieces,
    row_of,
    rules,
    stands_for,
)
from rungwise.contracts.clue.solver import fact
from rungwise.contracts.clue.tree import (
    Answer,
    Element,
    Formula,
    Is,
    Literal,
    Puzzle,
    Shape,
    World,
)

TooLarge = OneOf["too large"]
TOO_LARGE: Final = "too large"
BUDGET = 20_000  # conflicts: some seconds at the largest shapes
# What a puzzle adds to its shape's clauses, before room has to be made: variables, clauses, literals.
MORE = (256, 2048, 16384)


def second(puzzle: Puzzle, other_than: Answer | None = None, budget: int = BUDGET) -> World | TooLarge | None:
    search = Search(puzzle.shape)
    assumed = [search.say(clue) for clue in puzzle.clues]
    if other_than is not None:
        assumed.append(search.say_other(list(map(fact, puzzle.slots, other_than))))
    return search.find(assumed, budget)


class Search:
    """Clauses of one shape, and of what is said beside; what is said holds only where it is assumed."""

    def __init__(self, shape: Shape, near: World | None = None) -> None:
        """`near`: a world of which what is found differs no more than it has to."""
        self.shape = shape
        self.numbers = numbering(shape)
        self.tables = clauses.copied(_start(shape))
        self.count = self.numbers.count  # of variables
        self.core: tuple[int, ...] = ()  # of what was assumed last in vain: what cannot all hold
        self.known: dict[Literal, int] = {}  # what was said, as if it held, by the literal that stands for it
        self._rows: set[int] = set()
        self._clauses: list[Clause] = []
        if near is not None:
            self._lean(near)

    def say(self, formula: Formula) -> int:
        """What to assume for the formula to hold."""
        guard = self._fresh()
        self._clauses += [[guard ^ 1, *clause] for clause in claims(formula, self.literal)]
        return guard

    def state(self, formula: Formula) -> None:
        """The formula holds, whatever is assumed."""
        self.state_clauses(claims(formula, self.literal))

    def state_clauses(self, clauses: Sequence[Clause]) -> None:
        self._clauses += clauses

    def say_other(self, truths: Sequence[Literal]) -> int:
        """What to assume for some of these not to hold."""
        guard = self._fresh()
        self._clauses.append([guard ^ 1, *(self.literal(one) ^ 1 for one in truths)])
        return guard

    def literal(self, said: Literal) -> int:
        """The integer that stands for it."""
        positive = said if said.holds else replace(said, holds=True)
        if positive not in self.known:
            for piece in _named(positive):
                self._stand_for(row_of(self.shape, piece))
            self.known[positive], definition = meaning(self.shape, positive, self._fresh)
            self._clauses += definition
        return self.known[positive] ^ (not said.holds)

    def find(self, assumed: Sequence[int], budget: int = BUDGET) -> World | TooLarge | None:
        self.flush()
        wanted = np.array(list(dict.fromkeys(assumed)), np.int32)
        self.tables.at[clauses.SPENT] = 0
        while (found := sat.search(self.tables, wanted, budget)) == sat.FULL:
            sat.go_back(self.tables, 0)
            self.tables = clauses.with_room(self.tables, 0, MORE[1], MORE[2] + self.count)
        if found == sat.SPENT_ALL:
            sat.go_back(self.tables, 0)
            return TOO_LARGE
        self.core = tuple(self.tables.core[: self.tables.at[clauses.CORE]].tolist())
        world = self._world() if found == sat.FOUND else None
        sat.go_back(self.tables, 0)
        return world

    def flush(self) -> None:
        """Hands on what was said since."""
        if self._clauses:
            literals, begins = clauses.run_of(self._clauses)
            more = self.count - int(self.tables.at[clauses.VARIABLES])
            self.tables = clauses.with_room(self.tables, more, len(begins), len(literals) + 1)
            sat.new_variables(self.tables, more)
            sat.add(self.tables, literals, begins)
            self._clauses = []

    def _fresh(self) -> int:
        self.count += 1
        return 2 * (self.count - 1)

    def _stand_for(self, row: int) -> None:
        if row >= pieces(self.shape) and row not in self._rows:
            self._rows.add(row)
            self._clauses += stands_for(self.shape, row)

    def _lean(self, near: World) -> None:
        for row, path in zip(self.numbers.at, near.paths, strict=False):
            for rooms, there in zip(row, path, strict=True):
                self.tables.phase[rooms[there] >> 1] = 1

    def _world(self) -> World:
        value, shape, count = self.tables.value, self.shape, pieces(self.shape)
        paths = (value[_places(shape)] == clauses.TRUE).argmax(2)
        motives = tuple(int((value[list(row)] == clauses.TRUE).argmax()) for row in self.numbers.motives)
        return World(paths=tuple(map(tuple, paths[:count].tolist())), motives=motives)


def _named(said: Literal) -> list[Element]:
    """The pieces whose rows it speaks of."""
    if isinstance(said, Is):
        return []
    return [getattr(said, name) for name in ("piece", "first", "second") if hasattr(said, name)]


@lru_cache(maxsize=64)
def _places(shape: Shape) -> clauses.Ints:
    return np.array(numbering(shape).at[: pieces(shape)], np.int32)


@lru_cache(maxsize=16)
def _start(shape: Shape) -> clauses.Tables:
    """The shape's own clauses, what follows from them, and some room."""
    numbers: Numbering = numbering(shape)
    literals, begins = clauses.run_of(list(rules(shape)))
    sizes = (numbers.count, len(begins) - 1, len(literals))
    tables = clauses.tables(*(size + more for size, more in zip(sizes, MORE, strict=True)))
    sat.new_variables(tables, numbers.count)
    sat.add(tables, literals, begins)
    return tables
