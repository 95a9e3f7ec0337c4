"""Whether Boolean clauses can all be true: search that learns a clause from every conflict. Tables and loops for numba.

1.  A variable v stands as literal 2v, its negation as 2v + 1. A clause is a run of literals in `pool`.
2.  Propagation watches two literals of each clause, first and second of its run; each watch is a node of a linked list
    that hangs on the literal it watches. A clause all of whose literals but one are false makes that one true and is
    remembered as its reason.
3.  At a conflict the clause of the first unique implication point is learned, and the search goes back as far as that
    clause allows. What the conflict touched moves to the front of the queue that decisions are taken from.
4.  Assumptions are the first decisions. Where they cannot all hold, `core` says which of them are to blame.
5.  A variable is decided as it stood last (`phase`), so that a solution near a known one is found first.

All is integers and every order is fixed: the same clauses give the same answer on every machine.
"""

from functools import partial

import numpy as np
from numba import njit

from rungwise.contracts.clue.clauses import (
    BROKEN,
    CLAUSES,
    CORE,
    DONE,
    FALSE,
    FRONT,
    LEVELS,
    NEXT,
    OPEN,
    SET,
    SPENT,
    STAMP,
    TRUE,
    VARIABLES,
    Ints,
    Tables,
)

compiled = partial(njit, cache=True, error_model="numpy")()
# What the search is made of: inlined, since to pass the tables on costs more than most of it does.
part = partial(njit, cache=True, error_model="numpy", _nrt=False, forceinline=True)()
# What a search comes to.
NONE, FOUND, SPENT_ALL, FULL = 0, 1, 2, 3
RESTART = 64  # conflicts until the search starts afresh with what it has learned


@compiled
def new_variables(t: Tables, count: int) -> None:
    """More variables, at the front of the queue in their order."""
    for v in range(t.at[VARIABLES], t.at[VARIABLES] + count):
        t.reason[v] = -1
        _to_front(t, v)
        t.at[NEXT] = v
    t.at[VARIABLES] += count


@compiled
def add(t: Tables, literals: Ints, begins: Ints) -> None:
    """Clauses, before any decision. There must be room for them."""
    for c in range(len(begins) - 1):
        clause, start = t.at[CLAUSES], t.begin[t.at[CLAUSES]]
        size = begins[c + 1] - begins[c]
        t.pool[start : start + size] = literals[begins[c] : begins[c + 1]]
        t.begin[clause + 1] = start + size
        t.at[CLAUSES] += 1
        _put_open_first(t, start, size)
        if size > 1:
            _watch(t, t.pool[start], 2 * clause)
            _watch(t, t.pool[start + 1], 2 * clause + 1)
        if size == 0 or t.value[t.pool[start]] == FALSE:
            t.at[BROKEN] = 1
        elif t.value[t.pool[start]] == OPEN and (size == 1 or t.value[t.pool[start + 1]] == FALSE):
            _make(t, t.pool[start], clause)
    if t.at[BROKEN] == 0 and _propagate(t) >= 0:
        t.at[BROKEN] = 1


@part
def _put_open_first(t: Tables, start: int, size: int) -> None:
    front = 0
    for i in range(size):
        if front < 2 and t.value[t.pool[start + i]] != FALSE:
            t.pool[start + i], t.pool[start + front] = t.pool[start + front], t.pool[start + i]
            front += 1


@part
def _watch(t: Tables, literal: int, node: int) -> None:
    t.link[node] = t.head[literal]
    t.head[literal] = node


@part
def _make(t: Tables, literal: int, reason: int) -> None:
    """True from now on, at this level."""
    t.value[literal] = TRUE
    t.value[literal ^ 1] = FALSE
    t.level[literal >> 1] = t.at[LEVELS]
    t.reason[literal >> 1] = reason
    t.trail[t.at[SET]] = literal
    t.at[SET] += 1


@part
def _decide(t: Tables, literal: int) -> None:
    """A new level, at which this is assumed (nothing, where it is true already)."""
    t.limits[t.at[LEVELS]] = t.at[SET]
    t.at[LEVELS] += 1
    if t.value[literal] == OPEN:
        _make(t, literal, -1)


@part
def _propagate(t: Tables) -> int:
    """2. All that follows; the clause that cannot hold, or -1."""
    pool, value = t.pool, t.value
    while t.at[DONE] < t.at[SET]:
        false = t.trail[t.at[DONE]] ^ 1
        t.at[DONE] += 1
        node, kept = t.head[false], -1
        while node >= 0:
            after, start, end = t.link[node], t.begin[node >> 1], t.begin[(node >> 1) + 1]
            if pool[start] == false:
                pool[start], pool[start + 1] = pool[start + 1], false
            moved = False
            if value[pool[start]] != TRUE:
                for i in range(start + 2, end):
                    if value[pool[i]] != FALSE:
                        pool[start + 1], pool[i] = pool[i], false
                        _watch(t, pool[start + 1], node)
                        moved = True
                        break
                if not moved and value[pool[start]] == FALSE:
                    t.at[DONE] = t.at[SET]
                    return int(node >> 1)
                if not moved:
                    _make(t, pool[start], node >> 1)
            if not moved:
                kept = node
            elif kept < 0:
                t.head[false] = after
            else:
                t.link[kept] = after
            node = after
    return -1


@part
def _go_back(t: Tables, level: int) -> None:
    if t.at[LEVELS] <= level:
        return
    for i in range(t.at[SET] - 1, t.limits[level] - 1, -1):
        literal = t.trail[i]
        v = literal >> 1
        t.value[literal] = t.value[literal ^ 1] = OPEN
        t.phase[v] = 1 - (literal & 1)
        t.reason[v] = -1
        if t.at[NEXT] < 0 or t.stamp[v] > t.stamp[t.at[NEXT]]:
            t.at[NEXT] = v
    t.at[SET] = t.at[DONE] = t.limits[level]
    t.at[LEVELS] = level


@part
def _to_front(t: Tables, v: int) -> None:
    t.older[v], t.newer[v] = t.at[FRONT], -1
    if t.at[FRONT] >= 0:
        t.newer[t.at[FRONT]] = v
    t.at[FRONT] = v
    t.at[STAMP] += 1
    t.stamp[v] = t.at[STAMP]


@part
def _bump(t: Tables, v: int) -> None:
    """3. To the front of the queue. It is not open now: NEXT stays right without it."""
    if t.at[FRONT] == v:
        return
    t.older[t.newer[v]] = t.older[v]
    if t.older[v] >= 0:
        t.newer[t.older[v]] = t.newer[v]
    if t.at[NEXT] == v:
        t.at[NEXT] = t.newer[v]
    _to_front(t, v)


@part
def _learn(t: Tables, conflict: int) -> int:
    """3. Writes the learned clause behind the others and returns the level to go back to."""
    clause, start = t.at[CLAUSES], t.begin[t.at[CLAUSES]]
    size, open_here, i, why = 1, 0, t.at[SET] - 1, conflict
    while True:
        for j in range(t.begin[why], t.begin[why + 1]):
            v = t.pool[j] >> 1
            if t.seen[v] == 0 and t.level[v] > 0:
                t.seen[v] = 1
                if t.level[v] == t.at[LEVELS]:
                    open_here += 1
                else:
                    t.pool[start + size] = t.pool[j]
                    size += 1
        while t.seen[t.trail[i] >> 1] == 0:
            i -= 1
        literal = t.trail[i]
        why = t.reason[literal >> 1]
        i -= 1
        open_here -= 1
        if open_here == 0:
            break
    t.pool[start] = literal ^ 1
    _forget_seen(t, i + 1, size, start)
    size = _shortened(t, start, size)
    back, second = 0, 1
    for j in range(1, size):
        level = t.level[t.pool[start + j] >> 1]
        if level > back:
            back, second = level, j
    if size > 1:
        t.pool[start + 1], t.pool[start + second] = t.pool[start + second], t.pool[start + 1]
    t.begin[clause + 1] = start + size
    return back


@part
def _forget_seen(t: Tables, first: int, size: int, start: int) -> None:
    """Of this level all marks go, and the variables move to the front; those in the clause keep theirs."""
    for i in range(first, t.at[SET]):
        v = t.trail[i] >> 1
        if t.seen[v] == 1:
            t.seen[v] = 0
            _bump(t, v)
    for j in range(1, size):
        _bump(t, t.pool[start + j] >> 1)


@part
def _shortened(t: Tables, start: int, size: int) -> int:
    """Without the literals that follow from the others of the learned clause."""
    kept = 1
    for j in range(1, size):
        v = t.pool[start + j] >> 1
        follows = t.reason[v] >= 0
        if follows:
            for i in range(t.begin[t.reason[v]], t.begin[t.reason[v] + 1]):
                other = t.pool[i] >> 1
                if other != v and t.seen[other] == 0 and t.level[other] > 0:
                    follows = False
                    break
        t.seen[v] = 2 if follows else 1
    for j in range(1, size):
        literal = t.pool[start + j]
        if t.seen[literal >> 1] == 1:
            t.pool[start + kept] = literal
            kept += 1
        t.seen[literal >> 1] = 0
    return kept


@part
def _blame(t: Tables, failed: int) -> None:
    """4. The assumptions from which it follows that this one cannot hold."""
    t.core[0], t.at[CORE] = failed, 1
    if t.level[failed >> 1] == 0:
        return
    t.seen[failed >> 1] = 1
    for i in range(t.at[SET] - 1, t.limits[0] - 1, -1):
        v = t.trail[i] >> 1
        if t.seen[v] == 0:
            continue
        t.seen[v] = 0
        if t.reason[v] < 0:
            t.core[t.at[CORE]] = t.trail[i]
            t.at[CORE] += 1
            continue
        for j in range(t.begin[t.reason[v]], t.begin[t.reason[v] + 1]):
            if t.level[t.pool[j] >> 1] > 0:
                t.seen[t.pool[j] >> 1] = 1
        t.seen[v] = 0


@compiled
def assume(t: Tables, literal: int) -> int:
    """A decision and all that follows; the clause that cannot hold, or -1."""
    _decide(t, literal)
    return int(_propagate(t))


@compiled
def probe(t: Tables, literals: Ints, sizes: Ints) -> None:
    """Assumes each alone: how much follows before a clause cannot hold; 0 where none fails or it is not open."""
    level = t.at[LEVELS]
    for i in range(len(literals)):
        sizes[i] = 0
        if t.value[literals[i]] == OPEN:
            before = t.at[SET]
            _decide(t, literals[i])
            if _propagate(t) >= 0:
                sizes[i] = t.at[SET] - before
            _go_back(t, level)


@compiled
def refute(t: Tables, literals: Ints) -> bool:
    """Whether these cannot all hold, by propagation; if so, that becomes a clause. There must be room for it."""
    failed = False
    for i in range(len(literals)):
        if not failed:
            _decide(t, literals[i])
            failed = t.value[literals[i]] == FALSE or _propagate(t) >= 0
    _go_back(t, 0)
    if failed:
        add(t, literals ^ 1, np.array([0, len(literals)], np.int32))
    return failed


@compiled
def go_back(t: Tables, level: int) -> None:
    """Undoes what was assumed beyond the level."""
    _go_back(t, level)


@compiled
def search(t: Tables, assumed: Ints, budget: int) -> int:
    """FOUND (the values stand until go_back), NONE (with core), SPENT_ALL after so many conflicts, FULL: make room."""
    since = 0
    t.at[CORE] = 0
    while t.at[BROKEN] == 0:
        conflict = _propagate(t)
        if conflict >= 0:
            if t.at[LEVELS] == 0:
                t.at[BROKEN] = 1
                break
            t.at[SPENT] += 1
            since += 1
            _go_back(t, _learn(t, conflict))
            _add_learned(t)
            continue
        if t.at[SPENT] > budget:
            return SPENT_ALL
        if _full(t):
            return FULL
        if since > RESTART:
            since = 0
            _go_back(t, 0)
            continue
        literal = _choose(t, assumed)
        if literal < 0:
            return FOUND
        if t.value[literal] == FALSE:
            _blame(t, literal)
            return NONE
        _decide(t, literal)
    return NONE


@part
def _add_learned(t: Tables) -> None:
    clause = t.at[CLAUSES]
    start, size = t.begin[clause], t.begin[clause + 1] - t.begin[clause]
    t.at[CLAUSES] += 1
    if size > 1:
        _watch(t, t.pool[start], 2 * clause)
        _watch(t, t.pool[start + 1], 2 * clause + 1)
    _make(t, t.pool[start], clause)


@part
def _full(t: Tables) -> bool:
    clauses = t.at[CLAUSES]
    return bool(clauses + 2 >= len(t.begin) or t.begin[clauses] + t.at[VARIABLES] + 1 >= len(t.pool))


@part
def _choose(t: Tables, assumed: Ints) -> int:
    """The next assumption, else the foremost open variable of the queue as it stood last; -1: nothing is open."""
    if t.at[LEVELS] < len(assumed):
        return int(assumed[t.at[LEVELS]])
    v = t.at[NEXT]
    while v >= 0 and t.value[2 * v] != OPEN:
        v = t.older[v]
    t.at[NEXT] = v
    return -1 if v < 0 else int(2 * v + 1 - t.phase[v])
