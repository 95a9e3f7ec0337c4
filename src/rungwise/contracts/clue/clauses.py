"""Tables of Boolean clauses, as sat.py searches them: what there is room for, and what stands where."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]

TRUE, FALSE, OPEN = 1, -1, 0
# Of `at`: how many there are, and where the search stands.
(VARIABLES, CLAUSES, SET, DONE, LEVELS, FRONT, NEXT, STAMP, BROKEN, CORE, SPENT) = range(11)
COUNTS = 11


class Tables(NamedTuple):
    pool: Ints
    begin: Ints  # clause c is pool[begin[c]:begin[c + 1]]
    head: Ints  # by literal: the first node of those that watch it
    link: Ints  # by node: the next one; nodes 2c and 2c + 1 are of clause c
    value: Ints  # by literal
    phase: Ints  # by variable
    level: Ints
    reason: Ints  # the clause that made it so, -1 for a decision
    trail: Ints  # literals in the order they became true
    limits: Ints  # by level: how long the trail was when it began
    newer: Ints  # the queue of variables
    older: Ints
    stamp: Ints
    seen: Ints
    core: Ints
    at: Ints


def tables(variables: int, clauses: int, literals: int) -> Tables:
    """Room for so many variables, clauses and literals of clauses; nothing in it yet."""
    each = variables + 1
    sizes = (literals, clauses + 1, 2 * each, 2 * clauses, 2 * each, *[each] * 10, COUNTS)
    empty = Tables._make(np.zeros(size, np.int32) for size in sizes)
    empty.head[:] = -1
    empty.at[FRONT] = empty.at[NEXT] = -1
    return empty


def copied(t: Tables) -> Tables:
    return Tables._make(array.copy() for array in t)


def with_room(t: Tables, variables: int, clauses: int, literals: int) -> Tables:
    """The same with room for at least so many more of each."""
    sizes = (len(t.phase) - 1, len(t.begin) - 1, len(t.pool))
    used = (int(t.at[VARIABLES]), int(t.at[CLAUSES]), int(t.begin[t.at[CLAUSES]]))
    least = [have + more for have, more in zip(used, (variables, clauses, literals), strict=True)]
    if all(size >= wanted for size, wanted in zip(sizes, least, strict=True)):
        return t
    larger = tables(*(max(size, 2 * wanted) for size, wanted in zip(sizes, least, strict=True)))
    for at in range(len(t)):
        larger[at][: len(t[at])] = t[at]
    return larger


def run_of(clauses: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Clauses as one run of literals, and where each begins."""
    begins = np.zeros(len(clauses) + 1, np.int32)
    np.cumsum([len(clause) for clause in clauses], out=begins[1:])
    return np.array([literal for clause in clauses for literal in clause], np.int32), begins
