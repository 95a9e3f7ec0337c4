"""Propagation over a night's clauses with a reason for every step, and assumptions that fail where that is not enough.

1.  The clues and the rules of the world are propagated. Each literal that comes out remembers the clause it is from.
2.  Where the answer is not out yet, everything that is open is assumed in turn. The assumptions that fail soonest are
    refuted for good, and so on. Where none fails, "if the first, then not the second" is found in the same way.
3.  The refutations are done once more without each that can be spared, and those that are left are explained.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from rungwise.contracts.clue import clauses, sat
from rungwise.contracts.clue.encoding import Clause, pieces
from rungwise.contracts.clue.moments import how_many
from rungwise.contracts.clue.paths import Search
from rungwise.contracts.clue.solver import fact
from rungwise.contracts.clue.tree import Compound, Puzzle

REFUTED = 64  # assumptions, beyond which a puzzle is left alone: nobody would read its derivation
AT_ONCE = 8  # assumptions that are refuted before all others are tried again
FIRSTS = 64  # first assumptions of two that are tried, the answer's own before others


class Step(NamedTuple):
    """Where a literal is from: a clause (-1: it was assumed), and the literals that it needs."""

    clause: int
    needs: tuple[int, ...]


Because = dict[int, Step]  # by literal, in the order they came out
Assumed = tuple[int, ...]  # one literal or two


class Refutation(NamedTuple):
    """Why what was assumed fails: what of it was needed, in order, and what was known before and was used."""

    assumed: Assumed
    follows: Because
    uses: tuple[int, ...]


class Reasoning:
    def __init__(self, puzzle: Puzzle) -> None:
        self.shape, self.search = puzzle.shape, Search(puzzle.shape)
        literal = self.search.literal
        self.slots = [
            [literal(fact(slot, number)) for number in range(how_many(self.shape, slot.category))]
            for slot in puzzle.slots
        ]
        joined = [clue for clue in puzzle.clues if isinstance(clue, Compound)]
        self.parts = [literal(part) for clue in joined for part in (clue.first, clue.second)]
        for clue in puzzle.clues:
            self.search.state(clue)
        self.search.flush()
        self.tables = clauses.with_room(self.search.tables, 0, REFUTED + AT_ONCE, 2 * (REFUTED + AT_ONCE))
        self.refutations: dict[int, Refutation] = {}  # by the clause that came of it

    def solve(self) -> bool:
        """Whether the answer is out in the end."""
        start, refuted = clauses.copied(self.tables), list[Assumed]()
        while not self._is_done():
            found = self._failing() or self._failing_two()
            refuted += [assumed for assumed in found if self._refute(assumed)]
            if not found or len(refuted) > REFUTED:
                return False
        if self.tables.at[clauses.BROKEN]:
            return False
        for one in reversed(refuted):
            fewer = [other for other in refuted if other != one]
            refuted = fewer if self._replay(start, fewer) else refuted
        return self._replay(start, refuted, explained=True)

    def left(self) -> int:
        """Answers that are not excluded."""
        found = 1
        for slot in self.slots:
            found *= sum(1 for one in slot if self._value(one) != clauses.FALSE)
        return found

    def answer(self) -> list[int]:
        return [one for slot in self.slots for one in slot if self._value(one) == clauses.TRUE]

    def known(self, start: int = 0) -> Because:
        """All that came out, in order, with what it follows from."""
        t, found = self.tables, Because()
        for literal in t.trail[start : t.at[clauses.SET]].tolist():
            clause = int(t.reason[literal >> 1])
            needs = [one ^ 1 for one in self._clause(clause) if one != literal] if clause >= 0 else []
            uses = self.refutations[clause].uses if clause in self.refutations else ()
            found[literal] = Step(clause, (*needs, *uses))
        return found

    # ---- assumptions ----

    def _failing(self) -> list[Assumed]:
        """Those that fail, the soonest first."""
        candidates = np.array(self._candidates(), np.int32)
        sizes = np.zeros(len(candidates), np.int32)
        sat.probe(self.tables, candidates, sizes)
        failing = np.flatnonzero(sizes)
        soonest = failing[np.argsort(sizes[failing], kind="stable")]
        return [(one,) for one in candidates[soonest[:AT_ONCE]].tolist()]

    def _failing_two(self) -> list[Assumed]:
        for first in self._candidates()[:FIRSTS]:
            if self._value(first) == clauses.OPEN:
                sat.assume(self.tables, first)
                seconds = self._failing()
                sat.go_back(self.tables, 0)
                if seconds:
                    return [(first, *seconds[0])]
        return []

    def _refute(self, assumed: Assumed) -> bool:
        """Whether there was anything to refute: not where an earlier refutation has settled it."""
        open_still = not self._is_done() and all(self._value(one) == clauses.OPEN for one in assumed)
        return open_still and bool(sat.refute(self.tables, np.array(assumed, np.int32)))

    def _replay(self, start: clauses.Tables, refuted: Sequence[Assumed], *, explained: bool = False) -> bool:
        """Whether the answer comes out when these are refuted, one after the other."""
        self.tables = clauses.copied(start)
        for assumed in refuted:
            if explained:
                self._explain(assumed)
            if all(self._value(one) == clauses.OPEN for one in assumed) and not self._refute(assumed):
                return False
        return self._is_done()

    def _explain(self, assumed: Assumed) -> None:
        conflict = -1
        for one in assumed:
            if conflict < 0 and self._value(one) == clauses.OPEN:
                conflict = sat.assume(self.tables, one)
        if conflict >= 0:
            follows = self.known(int(self.tables.limits[0]))
            needed = marked([one ^ 1 for one in self._clause(conflict)], follows)
            kept = {one: step for one, step in follows.items() if one in needed and step.clause >= 0}
            uses = tuple(sorted(needed - follows.keys()))
            self.refutations[int(self.tables.at[clauses.CLAUSES])] = Refutation(assumed, kept, uses)
        sat.go_back(self.tables, 0)

    # ---- what there is ----

    def _candidates(self) -> Clause:
        numbers = self.search.numbers
        crime = [*numbers.culprit, *numbers.tool, *numbers.where, *numbers.when]
        rooms = [one for row in numbers.at[: pieces(self.shape)] for time in dict.fromkeys(row) for one in time]
        places = [*rooms, *chain.from_iterable(numbers.motives)]
        others = [*places, *self.parts, *(one ^ 1 for one in self.parts), *(one ^ 1 for one in places)]
        return list(dict.fromkeys([*self._unsolved(), *crime, *others]))

    def _is_done(self) -> bool:
        return bool(self.tables.at[clauses.BROKEN]) or not self._unsolved()

    def _unsolved(self) -> Clause:
        """What may still be the answer, of slots of which it is not out."""
        unsolved = [slot for slot in self.slots if all(self._value(one) != clauses.TRUE for one in slot)]
        return [one for slot in unsolved for one in slot if self._value(one) == clauses.OPEN]

    def _value(self, literal: int) -> int:
        return int(self.tables.value[literal])

    def _clause(self, clause: int) -> Clause:
        t = self.tables
        found: Clause = t.pool[t.begin[clause] : t.begin[clause + 1]].tolist()
        return found


def marked(goals: Iterable[int], because: Because) -> set[int]:
    """The goals and all that they need of what follows."""
    needed, waiting = set[int](), list(goals)
    while waiting:
        literal = waiting.pop()
        if literal not in needed:
            needed.add(literal)
            waiting += because[literal].needs if literal in because else ()
    return needed
