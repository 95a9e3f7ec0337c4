"""The oracle of canvas: a discrete-time simulator of a canvas under load and faults. One scalar kernel under numba.

What is simulated, in whole ticks 0..95 (arrivals in 0..71, then the system drains):

1.  Work comes as *load* (what keeps a component busy) and *credit* (the unique request it stands for). Both are
    integers in units of 1/65536 request, so that a run is the same to the bit on every machine, and every rounding
    remainder stays where it was. Copying work copies its load but divides its credit: a copy never counts twice.
2.  Work is of three kinds: raw (clean, not yet worked on), served (clean, has passed a person, step or tool that is not
    itself an entry), hostile.
3.  A component without incoming lines is an entry; the problem's whole load is divided over the entries.
4.  Each tick, each component: takes what arrives (filter and ratelimit turn work away, overflow is dropped in
    proportion), serves at most rate x scale of what it holds, and sends it on; it arrives one tick later at the
    earliest. Everything is computed from the state at the tick's start, so no order of components matters.
5.  A component more than 80% full slows those that send to it, down to a stop at 100%; an open breaker stops them.
    A component that copies waits for its slowest line; split and condition send where there is room.
6.  split and condition send each item down one line; every other mode copies to all its lines.
7.  What a disabled or faulty component is sent fails. A retry directly before it, or before the breaker before it (if
    that has no other source), takes the failed work back, waits and sends it again; otherwise it is an error. A breaker
    opens above its failure rate.
8.  Served work is delivered at a storage, channel or person without outgoing lines. Raw work that gets there, and any
    work at another dead end, is an error. Hostile work that gets there has leaked.
9.  The fault strikes one of the components that do the work (persons, steps, tools): before all others one that no
    retry or breaker guards, if it carries at least half of what the busiest does; then the busiest by clean credit
    carried in the baseline, then the furthest from the entry, then by structure. No name is ever read.
10. Health of a 4-tick window = 1 - (dropped + errored + stalled) / the steady load, where stalled is what waits beyond
    the patience of 8 ticks' load, at a sixth of its amount a window.
"""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numba import njit

from rungwise.contracts.canvas.tables import (
    ADVERSARIAL,
    AGE,
    BASELINE,
    BATCH,
    BREAK,
    BREAKER,
    BUDGET,
    BURST,
    CASCADE,
    CHANNEL,
    CLOSED,
    CONDITION,
    D_CARRIED,
    D_DROPPED,
    D_ERRORED,
    D_PEAK,
    DELAY,
    DUST,
    E_DELAY,
    E_FROM,
    E_TO,
    E_WEIGHT,
    FAILED,
    FAILING,
    FILTER,
    HALF_OPEN,
    HELD,
    INJECT,
    LAST_HALF,
    LATENCY,
    N_CAP,
    N_DEPTH,
    N_GUARD,
    N_GUARDED,
    N_INBOUND,
    N_MODE,
    N_P0,
    N_P1,
    N_RANK,
    N_RATE,
    N_TIE,
    N_TRIES,
    N_TYPE,
    NEXT_TO_TARGET,
    ONE,
    OPEN,
    OUTAGE,
    PATIENCE,
    PERSON,
    RATELIMIT,
    RETRY,
    RING,
    ROOM,
    S_KIND,
    S_SIZE,
    S_START,
    S_TICKS,
    SPIKE,
    SPLIT,
    STALL_SHARE,
    STEP,
    STORAGE,
    STRUCK,
    T_BLOCKED,
    T_DELIVERED,
    T_DROPPED,
    T_ERRORED,
    T_HOSTILE,
    T_LEAKED,
    T_OFFERED,
    T_PENDING,
    TARGET,
    TICKS,
    TOKENS,
    TOOL,
    TRIED,
    UNTIL,
    WAITING,
    WINDOW,
    Floats,
    Ints,
    compiled,
)

# What runs inside the tick loop allocates nothing: with reference counting off and everything inlined it is 25 times
# faster, as fast as one long function.
leaf = partial(njit, cache=True, error_model="numpy", _nrt=False, forceinline=True)()


@dataclass(frozen=True, slots=True)
class Run:
    """A canvas simulated under every scenario of a problem; index 0 is the scenario in row 0, the baseline."""

    totals: Ints  # [scenario, T_*]
    health: Floats  # [scenario, window]
    nodes: Ints  # [scenario, node, D_*]
    target: int  # the node that faults strike, -1 where nothing does any work


class World(NamedTuple):
    """A canvas while it runs. Work is held as [..., kind, attempt, load or credit]."""

    nodes: Ints
    edges: Ints
    start: Ints  # the lines out of node i are order[start[i]:start[i + 1]]
    order: Ints
    state: Ints  # [node, HELD...]
    pool: Ints  # [node, kind, attempt, 2]: what each node holds
    ring: Ints  # [tick, node, kind, attempt, 2]: what is under way to it
    arriving: Ints  # [tick, node]: the load of the ring
    totals: Ints  # [T_*]
    did: Ints  # [node, D_*]


LOAD, CREDIT = 0, 1


def simulate(nodes: Ints, edges: Ints, scenarios: Ints, load: int) -> Run:
    totals, health, did, target = _simulate(nodes, edges, scenarios, load * ONE)
    return Run(totals, health, did, target)


@compiled
def _simulate(nodes: Ints, edges: Ints, scenarios: Ints, load: int) -> tuple[Ints, Floats, Ints, int]:
    n, count = nodes.shape[0], scenarios.shape[0]
    totals = np.zeros((count, 8), np.int64)
    health = np.zeros((count, TICKS // WINDOW), np.float64)
    did = np.zeros((count, n, 4), np.int64)
    start, order = _outgoing(n, edges)
    attempts = _find_guards(nodes, edges)
    kinds = 2
    for s in range(count):
        kinds = 3 if scenarios[s, S_KIND] == ADVERSARIAL else kinds
    state = np.zeros((n, 12), np.int64)
    pool = np.zeros((n, kinds, attempts, 2), np.int64)
    ring = np.zeros((RING, n, kinds, attempts, 2), np.int64)
    arriving = np.zeros((RING, n), np.int64)
    target = -1
    for s in range(count):
        world = World(nodes, edges, start, order, state, pool, ring, arriving, totals[s], did[s])
        if s > 0:
            _clear(world)
        _run(world, scenarios[s], load, target, health[s])
        if s == 0:
            target = _target(nodes, did[0])
    return totals, health, did, target


@compiled
def _outgoing(n: int, edges: Ints) -> tuple[Ints, Ints]:
    start = np.zeros(n + 1, np.int64)
    for e in range(edges.shape[0]):
        start[edges[e, E_FROM] + 1] += 1
    for i in range(n):
        start[i + 1] += start[i]
    fill = start.copy()
    order = np.empty(edges.shape[0], np.int64)
    for e in range(edges.shape[0]):
        source = edges[e, E_FROM]
        order[fill[source]] = e
        fill[source] += 1
    return start, order


@compiled
def _find_guards(nodes: Ints, edges: Ints) -> int:
    """Fills in who takes a node's failed work back (a retry itself, or the retry that is a breaker's only source) and
    how many attempts the node has to tell apart. Returns the most of these."""
    n, most = nodes.shape[0], 1
    source = np.full(n, -1, np.int64)
    nodes[:, N_INBOUND] = 0
    nodes[:, N_GUARDED] = 1
    for e in range(edges.shape[0]):
        mode = nodes[edges[e, E_FROM], N_MODE]
        if mode != RETRY and mode != BREAKER:
            nodes[edges[e, E_TO], N_GUARDED] = 0
        nodes[edges[e, E_TO], N_INBOUND] += 1
        source[edges[e, E_TO]] = edges[e, E_FROM]
    for i in range(n):
        guard = -1
        if nodes[i, N_MODE] == RETRY:
            guard = i
        elif nodes[i, N_MODE] == BREAKER and nodes[i, N_INBOUND] == 1 and nodes[source[i], N_MODE] == RETRY:
            guard = source[i]
        nodes[i, N_GUARD] = guard
        nodes[i, N_TRIES] = nodes[guard, N_P0] + 1 if guard >= 0 else 1
        most = max(most, nodes[i, N_TRIES])
    return int(most)


@compiled
def _target(nodes: Ints, did: Ints) -> int:
    most = 0
    for i in range(nodes.shape[0]):
        if _works(nodes, i):
            most = max(most, did[i, D_CARRIED])
    best = -1
    for i in range(nodes.shape[0]):
        if _works(nodes, i) and did[i, D_CARRIED] > 0 and (best < 0 or _before(nodes, did, i, best, most)):
            best = i
    return best


@compiled
def _works(nodes: Ints, i: int) -> bool:
    """A person, step or tool that is not itself an entry."""
    kind = nodes[i, N_TYPE]
    return bool((kind == PERSON or kind == STEP or kind == TOOL) and nodes[i, N_INBOUND] > 0)


@compiled
def _before(nodes: Ints, did: Ints, i: int, best: int, most: int) -> bool:
    """Whether i is struck rather than best. Within one request of the most is as much as the most, so that rounding
    decides nothing."""
    for step in range(5):
        mine, other = _claim(nodes, did, i, most, step), _claim(nodes, did, best, most, step)
        if mine != other:
            return bool(mine > other)
    return False


@compiled
def _claim(nodes: Ints, did: Ints, i: int, most: int, step: int) -> int:
    carried = did[i, D_CARRIED]
    if step == 0:
        return 1 if nodes[i, N_GUARDED] == 0 and 2 * carried >= most - ONE else 0
    if step == 1:
        return int(most if carried >= most - ONE else carried)
    return int(nodes[i, N_DEPTH] if step == 2 else nodes[i, N_RANK] if step == 3 else nodes[i, N_TIE])


# ---- one scenario; the numbers are those of the note above ----


@leaf
def _run(world: World, scenario: Ints, load: int, target: int, health: Floats) -> None:
    n, totals = world.nodes.shape[0], world.totals
    kind, size = scenario[S_KIND], scenario[S_SIZE]
    first, last = scenario[S_START], scenario[S_START] + scenario[S_TICKS]
    if target < 0 and kind != SPIKE and kind != ADVERSARIAL:
        kind = BASELINE
    kinds = 3 if kind == ADVERSARIAL else 2
    entries = _set_up(world, target)
    for t in range(TICKS):
        if t >= INJECT and t % WINDOW == 0 and _inside(world) < DUST:
            break
        now = kind if first <= t < last else BASELINE
        lost = totals[T_DROPPED] + totals[T_ERRORED]
        if t < INJECT and entries > 0:
            _inject(world, t, load, entries, now, size)
        for i in range(n):
            if world.arriving[t % RING, i] > 0:
                _admit(world, i, t % RING, kinds)
            if world.nodes[i, N_MODE] == RATELIMIT:
                world.state[i, TOKENS] = min(world.state[i, TOKENS] + world.nodes[i, N_P0], world.nodes[i, N_P1])
            _overflow(world, i, kinds)
            _make_room(world, i, t)
        for i in range(n):
            amount = _service(world, i, now, size)
            if amount > 0:
                _serve(world, i, t, amount, kinds, now, size)
        for i in range(n):
            if world.nodes[i, N_MODE] == BREAKER and world.state[i, TRIED] > 0:
                _settle_breaker(world, i, t)
        # 10. health
        now_lost = totals[T_DROPPED] + totals[T_ERRORED]
        pending = totals[T_OFFERED] - totals[T_DELIVERED] - now_lost
        stalled = max(0, pending - PATIENCE * load) // (STALL_SHARE * WINDOW)
        health[t // WINDOW] += (now_lost - lost + stalled) / (WINDOW * load)
    for w in range(TICKS // WINDOW):
        health[w] = 1.0 - min(1.0, health[w])
    totals[T_PENDING] = _clean_credit(world)


@leaf
def _clear(world: World) -> None:
    """Empty again; only what a node can have used, which is a small part of what it might."""
    world.state[:] = 0
    world.pool[:] = 0
    world.arriving[:] = 0
    for i in range(world.nodes.shape[0]):
        for slot in range(RING):
            for k in range(world.pool.shape[1]):
                for a in range(world.nodes[i, N_TRIES]):
                    world.ring[slot, i, k, a, LOAD] = 0
                    world.ring[slot, i, k, a, CREDIT] = 0


@leaf
def _set_up(world: World, target: int) -> int:
    """Marks what faults strike, fills the token buckets, counts the entries."""
    nodes, edges, state = world.nodes, world.edges, world.state
    entries = 0
    for e in range(edges.shape[0]):
        if edges[e, E_FROM] == target:
            state[edges[e, E_TO], STRUCK] = NEXT_TO_TARGET
    if target >= 0:
        state[target, STRUCK] = TARGET
    for i in range(nodes.shape[0]):
        entries += 1 if nodes[i, N_INBOUND] == 0 else 0
        state[i, TOKENS] = nodes[i, N_P1] if nodes[i, N_MODE] == RATELIMIT else 0
    return entries


@leaf
def _inject(world: World, t: int, load: int, entries: int, now: int, size: int) -> None:
    """3. Arrivals from outside: a fixed burst pattern around the steady load."""
    clean = load * 6 // 5 if (t // BURST) % 2 == 0 else load * 4 // 5
    hostile = clean * size // 100 // entries if now == ADVERSARIAL else 0
    clean = (clean * size // 100 if now == SPIKE else clean) // entries
    for i in range(world.nodes.shape[0]):
        if world.nodes[i, N_INBOUND] == 0:
            _send(world, t, i, 0, 0, clean, clean)
            if hostile > 0:
                _send(world, t, i, 2, 0, hostile, hostile)
    world.totals[T_OFFERED] += clean * entries
    world.totals[T_HOSTILE] += hostile * entries


@leaf
def _send(world: World, t: int, i: int, k: int, a: int, load: int, credit: int) -> None:
    """Work of kind k in its attempt a, to arrive at node i in tick t."""
    slot = t % RING
    world.ring[slot, i, k, a, LOAD] += load
    world.ring[slot, i, k, a, CREDIT] += credit
    world.arriving[slot, i] += load


@leaf
def _admit(world: World, i: int, slot: int, kinds: int) -> None:
    """4. What arrives is let in or turned away."""
    mode, state, share = world.nodes[i, N_MODE], world.state, ONE
    if mode == RATELIMIT and world.arriving[slot, i] > state[i, TOKENS]:
        share = (state[i, TOKENS] << 16) // world.arriving[slot, i]
    world.arriving[slot, i] = 0
    admitted = 0
    for k in range(kinds):
        if mode == FILTER:
            share = ONE - (world.nodes[i, N_P0] if k == 2 else world.nodes[i, N_P1])
        for a in range(world.nodes[i, N_TRIES]):
            load, credit = world.ring[slot, i, k, a, LOAD], world.ring[slot, i, k, a, CREDIT]
            if load == 0 and credit == 0:
                continue
            world.ring[slot, i, k, a, LOAD] = 0
            world.ring[slot, i, k, a, CREDIT] = 0
            if a > 0 and mode == RETRY:
                state[i, WAITING] -= load
            kept = credit * share >> 16
            if kept < credit:
                _lose(world, i, k, credit - kept, D_DROPPED)
            world.pool[i, k, a, LOAD] += load * share >> 16
            world.pool[i, k, a, CREDIT] += kept
            admitted += load * share >> 16
    state[i, HELD] += admitted
    if mode == RATELIMIT:
        state[i, TOKENS] -= min(admitted, state[i, TOKENS])


@leaf
def _overflow(world: World, i: int, kinds: int) -> None:
    """4. What does not fit is dropped in proportion; failed work that waits for its retry takes up room as well."""
    held, cap = world.state[i, HELD], max(0, world.nodes[i, N_CAP] - world.state[i, WAITING])
    if held > cap:
        share = (cap << 24) // held
        world.state[i, HELD] = 0
        for k in range(kinds):
            for a in range(world.nodes[i, N_TRIES]):
                credit = world.pool[i, k, a, CREDIT]
                world.pool[i, k, a, LOAD] = world.pool[i, k, a, LOAD] * share >> 24
                world.pool[i, k, a, CREDIT] = credit * share >> 24
                world.state[i, HELD] += world.pool[i, k, a, LOAD]
                _lose(world, i, k, credit - world.pool[i, k, a, CREDIT], D_DROPPED)
    world.did[i, D_PEAK] = max(world.did[i, D_PEAK], world.state[i, HELD])


@leaf
def _make_room(world: World, i: int, t: int) -> None:
    """5. The share of its rate that those who send here may use."""
    state, cap = world.state, world.nodes[i, N_CAP]
    full = state[i, HELD] + state[i, WAITING]
    room = ONE if full <= cap * 4 // 5 else max(0, ((cap - full) * 5 << 16) // cap)
    if state[i, BREAK] == OPEN and t >= state[i, UNTIL]:
        state[i, BREAK] = HALF_OPEN
    state[i, ROOM] = min(room, _throughput(state[i, BREAK]))


@leaf
def _throughput(breaker: int) -> int:
    """The share that a breaker in this state lets through."""
    if breaker == CLOSED:
        return ONE
    return 0 if breaker == OPEN else ONE * (3 * breaker - 5) // 10


@leaf
def _service(world: World, i: int, now: int, size: int) -> int:
    """4. How much load node i sends on in this tick: what it holds, its rate, and the room that it sees ahead."""
    nodes, state = world.nodes, world.state
    rate = nodes[i, N_RATE]
    if state[i, STRUCK] == TARGET:
        if now == OUTAGE:
            rate = 0
        elif now == LATENCY:
            rate = rate * 4 // (4 + size)
        elif now == CASCADE:
            rate = rate * 2 // 5
    if state[i, BREAK] != CLOSED:
        rate = rate * _throughput(state[i, BREAK]) >> 16
    if nodes[i, N_MODE] == BATCH:
        state[i, BUDGET] = min(state[i, BUDGET] + rate, rate * (nodes[i, N_P1] + 1))
        state[i, AGE] = state[i, AGE] + 1 if state[i, HELD] > 0 else 0
        if state[i, HELD] + DUST < nodes[i, N_P0] and state[i, AGE] <= nodes[i, N_P1]:
            return 0
        state[i, AGE] = 0
    else:
        state[i, BUDGET] = rate
    amount = min(state[i, HELD], state[i, BUDGET])
    if amount <= 0 or world.start[i] == world.start[i + 1]:
        return int(amount)
    return int(amount * _room_ahead(world, i) >> 16)


@leaf
def _room_ahead(world: World, i: int) -> int:
    """5. The slowest line for a copy, the widest for a split, the slower of the two sides' widest for a condition."""
    mode = world.nodes[i, N_MODE]
    if mode == SPLIT or mode == CONDITION:
        return _room_to_choose(world, i, mode)
    narrowest = ONE
    for j in range(world.start[i], world.start[i + 1]):
        narrowest = min(narrowest, world.state[world.edges[world.order[j], E_TO], ROOM])
    return int(narrowest)


@leaf
def _room_to_choose(world: World, i: int, mode: int) -> int:
    heaviest, widest, matching, other = _heaviest(world, i), 0, 0, 0
    for j in range(world.start[i], world.start[i + 1]):
        e = world.order[j]
        room = world.state[world.edges[e, E_TO], ROOM]
        if _pull(world, i, e, heaviest) > 0:
            widest = max(widest, room)
        if world.edges[e, E_WEIGHT] == heaviest:
            matching = max(matching, room)
        else:
            other = max(other, room)
    if mode == SPLIT:
        return int(widest)
    share = _matching(world, i, 0, heaviest)
    return int(matching if share == ONE else other if share == 0 else min(matching, other))


@leaf
def _heaviest(world: World, i: int) -> int:
    heaviest = 0
    for j in range(world.start[i], world.start[i + 1]):
        heaviest = max(heaviest, world.edges[world.order[j], E_WEIGHT])
    return heaviest


@leaf
def _pull(world: World, i: int, e: int, heaviest: int) -> int:
    """6. What draws work down line e of a split or condition: the room ahead, for a weighted split by the weight."""
    by_weight = world.nodes[i, N_MODE] == SPLIT and world.nodes[i, N_P0] == 1 and heaviest > 0
    weight = world.edges[e, E_WEIGHT] if by_weight else 1000
    return int(weight * (world.state[world.edges[e, E_TO], ROOM] >> 4))


@leaf
def _serve(world: World, i: int, t: int, amount: int, kinds: int, now: int, size: int) -> None:
    """4. The same share of everything held, down the lines or, where there are none, out."""
    nodes, state, pool = world.nodes, world.state, world.pool
    share = 1 << 24 if amount == state[i, HELD] else (amount << 24) // state[i, HELD]
    at_end = world.start[i] == world.start[i + 1]
    for k in range(kinds):
        onward = 1 if k == 0 and _works(nodes, i) else k
        for a in range(nodes[i, N_TRIES]):
            load, credit = pool[i, k, a, LOAD] * share >> 24, pool[i, k, a, CREDIT] * share >> 24
            if load == 0:
                continue
            if k != 2:
                world.did[i, D_CARRIED] += credit
            if at_end:
                _finish(world, i, k, onward, credit)
            else:
                load, credit = _pass_on(world, i, t, k, onward, a, load, credit, now, size)
            pool[i, k, a, LOAD] -= load
            pool[i, k, a, CREDIT] -= credit
            state[i, HELD] -= load
            state[i, BUDGET] -= load


@leaf
def _finish(world: World, i: int, k: int, onward: int, credit: int) -> None:
    """8. The end of the way: delivered, leaked, or an error."""
    kind = world.nodes[i, N_TYPE]
    keeps = kind == STORAGE or kind == CHANNEL or kind == PERSON
    if keeps and onward == 1:
        world.totals[T_DELIVERED] += credit
    elif keeps and onward == 2:
        world.totals[T_LEAKED] += credit
    else:
        _lose(world, i, k, credit, D_ERRORED)


@leaf
def _pass_on(
    world: World, i: int, t: int, k: int, onward: int, a: int, load: int, credit: int, now: int, size: int
) -> tuple[int, int]:
    """6. One sort of work, shared out over the lines or copied to them. Returns the load and credit that left."""
    mode, lines = world.nodes[i, N_MODE], world.start[i + 1] - world.start[i]
    chooses = mode == SPLIT or mode == CONDITION
    gone, gone_credit, each = 0, 0, credit if lines == 1 else credit // lines
    for j in range(world.start[i], world.start[i + 1]):
        e = world.order[j]
        y, d = load, each
        if chooses:
            part = _part(world, i, e, k, lines)
            y, d = load * part >> 16, credit * part >> 16
        gone += y
        gone_credit += d
        _cross(world, i, t, e, k, onward, a, y, d, now, size)
    return gone if chooses else load, gone_credit


@leaf
def _part(world: World, i: int, e: int, k: int, lines: int) -> int:
    """The share of the work that goes down line e of a split or condition."""
    is_split, heaviest, total = world.nodes[i, N_MODE] == SPLIT, _heaviest(world, i), 0
    if is_split and lines == 1:
        return ONE
    side = world.edges[e, E_WEIGHT] == heaviest
    for j in range(world.start[i], world.start[i + 1]):
        other = world.order[j]
        if is_split or (world.edges[other, E_WEIGHT] == heaviest) == side:
            total += _pull(world, i, other, heaviest)
    if total == 0:
        return 0
    matching = ONE if is_split else _matching(world, i, k, heaviest)
    return int((matching if side or is_split else ONE - matching) * _pull(world, i, e, heaviest) // total)


@leaf
def _matching(world: World, i: int, k: int, heaviest: int) -> int:
    """How much of kind k a condition sends down its heaviest lines; it knows hostile work no better than a filter."""
    alike = True
    for j in range(world.start[i], world.start[i + 1]):
        alike = alike and world.edges[world.order[j], E_WEIGHT] == heaviest
    if alike:
        return ONE
    match, fraction = world.nodes[i, N_P0], world.nodes[i, N_P1]
    if match == 2:
        return int(fraction)
    called_hostile = ONE * 3 // 4 if k == 2 else ONE // 16
    return called_hostile if match == 1 else ONE - called_hostile


@leaf
def _cross(
    world: World, i: int, t: int, e: int, k: int, onward: int, a: int, load: int, credit: int, now: int, size: int
) -> None:
    """7. Work on line e: what fails goes back to its guard or is an error, the rest arrives later."""
    nodes, state, other, mode = world.nodes, world.state, world.edges[e, E_TO], world.nodes[i, N_MODE]
    loss = _loss(state[other, STRUCK], now)
    lost, lost_credit = load * loss >> 16, credit * loss >> 16
    if mode == BREAKER:
        state[i, TRIED] += load
        state[i, FAILED] += lost
    if lost > 0 or lost_credit > 0:
        guard = nodes[i, N_GUARD]
        if guard >= 0 and a < nodes[guard, N_P0]:
            _send(world, t + nodes[guard, N_P1] * (a + 1), guard, onward, a + 1, lost, lost_credit)
            state[guard, WAITING] += lost
        else:
            _lose(world, other, k, lost_credit, D_ERRORED)
    travel = world.edges[e, E_DELAY] + (nodes[i, N_P0] if mode == DELAY else 0)
    if now == LATENCY and state[other, STRUCK] == TARGET:
        travel += size
    kept = a if mode == RETRY and nodes[other, N_GUARD] == i and nodes[other, N_MODE] == BREAKER else 0
    _send(world, t + travel, other, onward, kept, load - lost, credit - lost_credit)


@leaf
def _loss(struck: int, now: int) -> int:
    """The share of what is sent to a node that fails: all, or one in twenty, and one in five of the rest."""
    if now == OUTAGE:
        return ONE if struck == TARGET else 0
    if now == CASCADE:
        return ONE // 4 - ONE // 100 if struck == NEXT_TO_TARGET else ONE // 20
    return 0


@leaf
def _settle_breaker(world: World, i: int, t: int) -> None:
    """7. Opens where the smoothed failure rate, or a half-open try, is over the threshold; else recovers by steps."""
    state, threshold = world.state, world.nodes[i, N_P0]
    failing = (state[i, FAILED] << 8) // max(1, state[i, TRIED] >> 8)
    state[i, FAILING] += (failing - state[i, FAILING]) // 4
    closed = state[i, BREAK] == CLOSED
    if (state[i, FAILING] if closed else failing) > threshold:
        state[i, BREAK] = OPEN
        state[i, UNTIL] = t + 1 + world.nodes[i, N_P1]
    elif not closed:
        state[i, BREAK] = state[i, BREAK] + 1 if state[i, BREAK] < LAST_HALF else CLOSED
        state[i, FAILING] = 0
    state[i, TRIED] = 0
    state[i, FAILED] = 0


@leaf
def _lose(world: World, i: int, k: int, credit: int, column: int) -> None:
    """Credit that will not be delivered: for clean work a drop or an error, for hostile work a block."""
    if k == 2:
        world.totals[T_BLOCKED] += credit
    else:
        world.did[i, column] += credit
        world.totals[T_DROPPED if column == D_DROPPED else T_ERRORED] += credit


@leaf
def _inside(world: World) -> int:
    """All load that is held or under way."""
    return int(world.state[:, HELD].sum() + world.arriving.sum())


@leaf
def _clean_credit(world: World) -> int:
    """What was neither delivered nor lost: counted, so that conservation can be tested and not just assumed."""
    total = 0
    for i in range(world.nodes.shape[0]):
        for k in range(2):
            for a in range(world.nodes[i, N_TRIES]):
                total += world.pool[i, k, a, CREDIT]
                for slot in range(RING):
                    total += world.ring[slot, i, k, a, CREDIT]
    return total
