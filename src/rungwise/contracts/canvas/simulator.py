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
7.  What a disabled or faulty component is sent fails. A retry directly before it, or before the breaker before it,
    takes the failed work back, waits and sends it again; otherwise it is an error. A breaker opens at its failure rate.
8.  Served work is delivered at a storage, channel or person without outgoing lines. Raw work that gets there, and any
    work at another dead end, is an error. Hostile work that gets there has leaked.
9.  The fault strikes the component that carries the most clean credit in the baseline among those that do the work
    (persons, steps, tools); ties go to the one furthest from the entries, then to structure. No name is ever read.
10. Health of a 4-tick window = 1 - (dropped + errored + stalled) / offered, where stalled is what waits beyond the
    patience of 8 ticks' load, at a sixth of its amount a window.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rungwise.contracts.canvas.language import MODES, MS_PER_TICK, TYPES, Canvas, param

TICKS, INJECT, WINDOW, RING, ATTEMPTS, KINDS = 96, 72, 4, 64, 6, 3
ONE = 65536
DUST = ONE // 64  # less load than this in the whole system is rounding remainders, and the drain may end
PATIENCE, STALL_SHARE = 8, 6
BURST = 4
RATES = {"person": 4, "step": 8, "tool": 6, "storage": 12, "decision": 16, "trigger": 64, "channel": 16}

(PASSTHROUGH, TRANSFORM, FILTER, QUEUE, SPLIT, DELAY, CONDITION, RETRY, RATELIMIT, BREAKER, BATCH, REPLICATE) = range(
    12
)
PERSON, STEP, STORAGE, DECISION, TRIGGER, TOOL, CHANNEL = range(7)

KINDS_OF_FAULT = ("baseline", "spike", "outage", "latency", "cascade", "adversarial")
BASELINE, SPIKE, OUTAGE, LATENCY, CASCADE, ADVERSARIAL = range(6)

compiled = partial(njit, cache=True, error_model="numpy")()
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# Columns of the per-node table.
(N_TYPE, N_MODE, N_RATE, N_CAP, N_P0, N_P1, N_DEPTH, N_RANK) = range(8)
# Columns of the per-edge table.
(E_FROM, E_TO, E_DELAY, E_WEIGHT) = range(4)
# Columns of a scenario.
(S_KIND, S_START, S_TICKS, S_SIZE) = range(4)
# Columns of a scenario's totals, all in clean credit but for the hostile ones.
(T_OFFERED, T_DELIVERED, T_DROPPED, T_ERRORED, T_PENDING, T_HOSTILE, T_LEAKED, T_BLOCKED) = range(8)
# Columns of what each node did in a scenario.
(D_CARRIED, D_DROPPED, D_ERRORED, D_PEAK) = range(4)


@dataclass(frozen=True, slots=True)
class Run:
    """A canvas simulated under every scenario of a problem; index 0 is the scenario in row 0, the baseline."""

    totals: Ints  # [scenario, T_*]
    health: Floats  # [scenario, window]
    nodes: Ints  # [scenario, node, D_*]
    target: int  # the node that faults strike, -1 where nothing does any work


def compile_canvas(canvas: Canvas) -> tuple[Ints, Ints]:
    """The canvas as two tables: nodes in the order of its components, edges in the order of its connections."""
    place = {component.id: i for i, component in enumerate(canvas.components)}
    rows = [_node(component) for component in canvas.components]
    nodes = np.array(rows, dtype=np.int64)
    edges = np.array([_edge(c, place) for c in canvas.connections], dtype=np.int64).reshape(-1, 4)
    rank_nodes(nodes, edges)
    return nodes, edges


_TYPE = {name: i for i, name in enumerate(TYPES)}
_MODE = {name: i for i, name in enumerate(MODES)}


def _node(component: Any) -> tuple[int, int, int, int, int, int, int, int]:
    mode = _MODE[component.behavior.mode]
    rate = RATES[component.type] * component.scale * ONE
    first, second, capacity = 0, 0, 2 * rate
    if mode == QUEUE:
        capacity = max(capacity, int(param(component, "capacity")) * ONE)
        rate = min(rate, int(param(component, "rate")) * ONE)
    elif mode == RATELIMIT:
        first, second = int(param(component, "rate")) * ONE, int(param(component, "burst")) * ONE
    elif mode == RETRY:
        first, second = int(param(component, "maxRetries")), int(param(component, "backoff"))
    elif mode == BREAKER:
        first, second = int(param(component, "threshold") * ONE), int(param(component, "cooldown"))
    elif mode == SPLIT:
        first = int(param(component, "policy"))
    elif mode == FILTER:
        strictness = int(param(component, "strictness") * ONE)
        first = ONE - (ONE - strictness) ** 2 // ONE
        second = strictness**3 // (2 * ONE * ONE)
    elif mode == CONDITION:
        first, second = int(param(component, "match")), int(param(component, "fraction") * ONE)
    elif mode == BATCH:
        first, second = int(param(component, "size")) * ONE, int(param(component, "maxWait"))
        capacity = max(capacity, 2 * first)
    elif mode == DELAY:
        first = int(param(component, "ticks"))
    return _TYPE[component.type], mode, rate, capacity, first, second, 0, 0


def _edge(connection: Any, place: dict[str, int]) -> tuple[int, int, int, int]:
    delay = 1 + int(connection.latency) // MS_PER_TICK
    return place[connection.source], place[connection.target], delay, min(int(connection.weight * 1000), 1_000_000)


@compiled
def _mixed(value: int, salt: int) -> int:
    """A small integer hash that stays inside int64."""
    x = (value % 2147483647) * 48271 + salt * 69621 + 12345
    x = (x % 2147483647) * 40692 + (x >> 13)
    return (x % 2147483647) * 39373 % 2147483629


@compiled
def rank_nodes(nodes: Ints, edges: Ints) -> None:
    """Fills in each node's distance from the entries and its structural rank (a Weisfeiler-Lehman colour)."""
    n = nodes.shape[0]
    colour = np.empty(n, np.int64)
    fresh = np.empty(n, np.int64)
    inbound = np.zeros(n, np.int64)
    for i in range(n):
        colour[i] = _mixed(nodes[i, N_TYPE] * 16 + nodes[i, N_MODE] + 1, 1)
    for e in range(edges.shape[0]):
        inbound[edges[e, E_TO]] += 1
    for _ in range(6):
        for i in range(n):
            fresh[i] = _mixed(colour[i], 2)
        for e in range(edges.shape[0]):
            a, b = edges[e, E_FROM], edges[e, E_TO]
            fresh[a] += _mixed(colour[b], 3)
            fresh[b] += _mixed(colour[a], 5)
        for i in range(n):
            colour[i] = fresh[i] % 2147483647
    for i in range(n):
        nodes[i, N_RANK] = colour[i]
        nodes[i, N_DEPTH] = 0 if inbound[i] == 0 else -1
    for _ in range(n):
        for e in range(edges.shape[0]):
            a, b = edges[e, E_FROM], edges[e, E_TO]
            if nodes[a, N_DEPTH] >= 0 and nodes[b, N_DEPTH] < 0:
                nodes[b, N_DEPTH] = -2 - nodes[a, N_DEPTH] - 1
        for i in range(n):
            if nodes[i, N_DEPTH] < -1:
                nodes[i, N_DEPTH] = -nodes[i, N_DEPTH] - 2


def shape_of(nodes: Ints, edges: Ints) -> str:
    """The canonical structure: types, modes and lines. Names, labels, parameters, scales and costs are left out."""
    first, second = _shape(nodes, edges)
    return f"{nodes.shape[0]}n{edges.shape[0]}e-{first:08x}{second:08x}"


@compiled
def _shape(nodes: Ints, edges: Ints) -> tuple[int, int]:
    first, second = 0, 0
    for i in range(nodes.shape[0]):
        first += _mixed(nodes[i, N_RANK], 7)
        second += _mixed(nodes[i, N_RANK], 11)
    for e in range(edges.shape[0]):
        pair = nodes[edges[e, E_FROM], N_RANK] * 3 + nodes[edges[e, E_TO], N_RANK] * 5
        first += _mixed(pair, 13)
        second += _mixed(pair, 17)
    return first % 4294967296, second % 4294967296


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
    guard, depth, attempts = _guards(nodes, edges)
    arriving = np.zeros((RING, n), np.int64)
    kinds = 2
    for s in range(count):
        kinds = 3 if scenarios[s, S_KIND] == ADVERSARIAL else kinds
    ring_load = np.zeros((RING, n, kinds, attempts), np.int64)
    ring_credit = np.zeros((RING, n, kinds, attempts), np.int64)
    target = -1
    for s in range(count):
        if s > 0:
            ring_load[:] = 0
            ring_credit[:] = 0
            arriving[:] = 0
        _run(
            nodes, edges, start, order, guard, depth, scenarios[s], load, target, ring_load, ring_credit, arriving,
            totals[s], health[s], did[s],
        )  # fmt: skip
        if s == 0:
            target = _target(nodes, did[0])
    return totals, health, did, target


@compiled
def _outgoing(n: int, edges: Ints) -> tuple[Ints, Ints]:
    """Edges grouped by their source: those of node i are order[start[i]:start[i + 1]]."""
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
def _guards(nodes: Ints, edges: Ints) -> tuple[Ints, Ints, int]:
    """Who takes failed work back: a retry itself, or the retry that is a breaker's only source. And how many attempts
    each component has to tell apart."""
    n = nodes.shape[0]
    inbound = np.zeros(n, np.int64)
    source = np.full(n, -1, np.int64)
    guard = np.full(n, -1, np.int64)
    depth = np.ones(n, np.int64)
    attempts = 1
    for e in range(edges.shape[0]):
        inbound[edges[e, E_TO]] += 1
        source[edges[e, E_TO]] = edges[e, E_FROM]
    for i in range(n):
        if nodes[i, N_MODE] == RETRY:
            guard[i] = i
        elif nodes[i, N_MODE] == BREAKER and inbound[i] == 1 and nodes[source[i], N_MODE] == RETRY:
            guard[i] = source[i]
        if guard[i] >= 0:
            depth[i] = nodes[guard[i], N_P0] + 1
            attempts = max(attempts, depth[i])
    return guard, depth, attempts


@compiled
def _target(nodes: Ints, did: Ints) -> int:
    best = -1
    for i in range(nodes.shape[0]):
        kind = nodes[i, N_TYPE]
        works = (kind == PERSON or kind == STEP or kind == TOOL) and nodes[i, N_DEPTH] > 0 and did[i, D_CARRIED] > 0
        if works and (best < 0 or _before(nodes, did, i, best)):
            best = i
    return best


@compiled
def _before(nodes: Ints, did: Ints, i: int, best: int) -> bool:
    """Carried credit in whole requests, so that rounding dust decides nothing; then distance; then structure."""
    mine, other = did[i, D_CARRIED] // ONE, did[best, D_CARRIED] // ONE
    if mine != other:
        return bool(mine > other)
    if nodes[i, N_DEPTH] != nodes[best, N_DEPTH]:
        return bool(nodes[i, N_DEPTH] > nodes[best, N_DEPTH])
    return bool(nodes[i, N_RANK] > nodes[best, N_RANK])


@compiled
def _run(
    nodes: Ints, edges: Ints, start: Ints, order: Ints, guard: Ints, depth: Ints, scenario: Ints, load: int,
    target: int, ring_load: Ints, ring_credit: Ints, arriving: Ints, totals: Ints, health: Floats, did: Ints,
) -> None:  # fmt: skip
    """One scenario. The numbered comments are the steps that the module's note describes."""
    n, attempts = nodes.shape[0], ring_load.shape[3]
    pool_load = np.zeros((n, KINDS, attempts), np.int64)
    pool_credit = np.zeros((n, KINDS, attempts), np.int64)
    held = np.zeros(n, np.int64)  # load in the pool
    waiting = np.zeros(n, np.int64)  # load on its way back to a retry
    budget = np.zeros(n, np.int64)
    tokens = np.zeros(n, np.int64)
    room = np.zeros(n, np.int64)
    age = np.zeros(n, np.int64)
    state = np.zeros(n, np.int64)  # breaker: 0 closed, 1 open, 2..4 half open at 10, 40, 70 percent
    until = np.zeros(n, np.int64)
    failing = np.zeros(n, np.int64)  # breaker: smoothed failure rate
    tried = np.zeros(n, np.int64)
    failed = np.zeros(n, np.int64)
    kinds = 3 if scenario[S_KIND] == ADVERSARIAL else 2
    entries = 0
    inbound = np.zeros(n, np.int64)
    struck = np.zeros(n, np.int64)  # 1 the target, 2 what it sends to
    for e in range(edges.shape[0]):
        inbound[edges[e, E_TO]] += 1
        if edges[e, E_FROM] == target and struck[edges[e, E_TO]] == 0:
            struck[edges[e, E_TO]] = 2
    if target >= 0:
        struck[target] = 1
    for i in range(n):
        if inbound[i] == 0:
            entries += 1
        if nodes[i, N_MODE] == RATELIMIT:
            tokens[i] = nodes[i, N_P1]
    kind_of, first, last, size = (
        scenario[S_KIND],
        scenario[S_START],
        scenario[S_START] + scenario[S_TICKS],
        scenario[S_SIZE],
    )
    if target < 0 and kind_of != SPIKE and kind_of != ADVERSARIAL:
        kind_of = BASELINE

    for t in range(TICKS):
        on = first <= t < last
        slot = t % RING
        if t >= INJECT and t % WINDOW == 0 and _inside(held, arriving) < DUST:
            break
        lost = totals[T_DROPPED] + totals[T_ERRORED]
        # 3. arrivals from outside: a fixed burst pattern around the steady load
        if t < INJECT and entries > 0:
            clean = load * 6 // 5 if (t // BURST) % 2 == 0 else load * 4 // 5
            hostile = 0
            if kind_of == SPIKE and on:
                clean = clean * size // 100
            elif kind_of == ADVERSARIAL and on:
                hostile = clean * size // 100 // entries
            clean //= entries
            for i in range(n):
                if inbound[i] == 0:
                    ring_load[slot, i, 0, 0] += clean
                    ring_credit[slot, i, 0, 0] += clean
                    if hostile > 0:
                        ring_load[slot, i, 2, 0] += hostile
                        ring_credit[slot, i, 2, 0] += hostile
                    arriving[slot, i] += clean + hostile
            totals[T_OFFERED] += clean * entries
            totals[T_HOSTILE] += hostile * entries

        for i in range(n):
            mode = nodes[i, N_MODE]
            # 4a. what arrives is let in or turned away
            if arriving[slot, i] > 0:
                share = ONE
                if mode == RATELIMIT and arriving[slot, i] > tokens[i]:
                    share = (tokens[i] << 16) // arriving[slot, i]
                arriving[slot, i] = 0
                admitted = 0
                for k in range(kinds):
                    for a in range(depth[i]):
                        x, c = ring_load[slot, i, k, a], ring_credit[slot, i, k, a]
                        if x == 0 and c == 0:
                            continue
                        ring_load[slot, i, k, a] = 0
                        ring_credit[slot, i, k, a] = 0
                        if a > 0 and mode == RETRY:
                            waiting[i] -= x
                        if mode == FILTER:
                            share = ONE - (nodes[i, N_P0] if k == 2 else nodes[i, N_P1])
                        y, d = x * share >> 16, c * share >> 16
                        if d < c:
                            _lose(totals, did, i, k, c - d, D_DROPPED)
                        pool_load[i, k, a] += y
                        pool_credit[i, k, a] += d
                        admitted += y
                held[i] += admitted
                if mode == RATELIMIT:
                    tokens[i] -= min(admitted, tokens[i])
            if mode == RATELIMIT:
                tokens[i] = min(tokens[i] + nodes[i, N_P0], nodes[i, N_P1])
            cap = nodes[i, N_CAP]
            if held[i] > cap:
                keep = (cap << 24) // held[i]
                held[i] = 0
                for k in range(kinds):
                    for a in range(depth[i]):
                        x, c = pool_load[i, k, a], pool_credit[i, k, a]
                        pool_load[i, k, a] = x * keep >> 24
                        pool_credit[i, k, a] = c * keep >> 24
                        held[i] += pool_load[i, k, a]
                        _lose(totals, did, i, k, c - pool_credit[i, k, a], D_DROPPED)
            did[i, D_PEAK] = max(did[i, D_PEAK], held[i])
            # 5. how much room those that send here see
            full = held[i] + waiting[i]
            level = ONE if full <= cap * 4 // 5 else max(0, ((cap - full) * 5 << 16) // cap)
            if state[i] == 1:
                if t >= until[i]:
                    state[i] = 2
                else:
                    level = 0
            if state[i] >= 2:
                level = min(level, ONE * (3 * state[i] - 5) // 10)
            room[i] = min(ONE, level)

        # 4b. service and sending; only room, and what this tick will add to the rings, is read of others
        for i in range(n):
            mode, type_ = nodes[i, N_MODE], nodes[i, N_TYPE]
            rate = nodes[i, N_RATE]
            if struck[i] == 1 and on:
                if kind_of == OUTAGE:
                    rate = 0
                elif kind_of == LATENCY:
                    rate = rate * 4 // (4 + size)
                elif kind_of == CASCADE:
                    rate = rate * 2 // 5
            if state[i] == 1:
                rate = 0
            elif state[i] >= 2:
                rate = rate * (3 * state[i] - 5) // 10
            if mode == BATCH:
                budget[i] = min(budget[i] + rate, rate * (nodes[i, N_P1] + 1))
                age[i] = age[i] + 1 if held[i] > 0 else 0
                if held[i] < nodes[i, N_P0] and age[i] <= nodes[i, N_P1]:
                    continue
                age[i] = 0
            else:
                budget[i] = rate
            total = held[i]
            amount = min(total, budget[i])
            if amount <= 0:
                continue
            lines = start[i + 1] - start[i]
            heaviest, matched_lines, other_lines, weight_sum = 0, 0, 0, 0
            open_matched, open_other, widest, narrowest = 0, 0, 0, ONE
            for j in range(start[i], start[i + 1]):
                heaviest = max(heaviest, edges[order[j], E_WEIGHT])
            for j in range(start[i], start[i + 1]):
                e = order[j]
                r = room[edges[e, E_TO]]
                narrowest = min(narrowest, r)
                widest = max(widest, r)
                if mode == SPLIT:
                    weight_sum += (edges[e, E_WEIGHT] if nodes[i, N_P0] == 1 else 1000) * (r >> 4)
                elif mode == CONDITION:
                    if edges[e, E_WEIGHT] == heaviest:
                        matched_lines += 1
                        open_matched = max(open_matched, r)
                    else:
                        other_lines += 1
                        open_other = max(open_other, r)
            if lines > 0:
                factor = narrowest
                if mode == SPLIT:
                    factor = widest if weight_sum > 0 else 0
                elif mode == CONDITION:
                    factor = open_matched if other_lines == 0 else min(open_matched, open_other)
                amount = amount * factor >> 16
            if amount <= 0:
                continue
            part_served = (amount << 24) // total
            sent = 0
            for k in range(kinds):
                for a in range(depth[i]):
                    x, c = pool_load[i, k, a] * part_served >> 24, pool_credit[i, k, a] * part_served >> 24
                    if x == 0:
                        continue
                    pool_load[i, k, a] -= x
                    pool_credit[i, k, a] -= c
                    onward = (
                        1 if k == 0 and inbound[i] > 0 and (type_ == STEP or type_ == TOOL or type_ == PERSON) else k
                    )
                    if k != 2:
                        did[i, D_CARRIED] += c
                    if lines == 0:
                        sent += x
                        if type_ == STORAGE or type_ == CHANNEL or type_ == PERSON:
                            if onward == 1:
                                totals[T_DELIVERED] += c
                            elif onward == 2:
                                totals[T_LEAKED] += c
                            else:
                                _lose(totals, did, i, k, c, D_ERRORED)
                        else:
                            _lose(totals, did, i, k, c, D_ERRORED)
                        continue
                    gone, gone_credit = 0, 0
                    each = c if lines == 1 else c // lines
                    for j in range(start[i], start[i + 1]):
                        e = order[j]
                        other = edges[e, E_TO]
                        y, d = x, each
                        if mode == SPLIT and lines > 1:
                            share = (edges[e, E_WEIGHT] if nodes[i, N_P0] == 1 else 1000) * (room[other] >> 4)
                            part = (share << 16) // weight_sum
                            y, d = x * part >> 16, c * part >> 16
                        elif mode == CONDITION:
                            part = _condition_share(nodes[i, N_P0], nodes[i, N_P1], k, other_lines == 0)
                            if edges[e, E_WEIGHT] == heaviest:
                                part //= matched_lines
                            else:
                                part = (ONE - part) // other_lines
                            y, d = x * part >> 16, c * part >> 16
                        gone += y
                        gone_credit += d
                        # 7. what fails on the way
                        loss = 0
                        if on and kind_of == OUTAGE and struck[other] == 1:
                            loss = ONE
                        elif on and kind_of == CASCADE:
                            loss = ONE // 20 if struck[other] != 2 else ONE // 4 - ONE // 100
                        fy, fd = y * loss >> 16, d * loss >> 16
                        tried[i] += y
                        failed[i] += fy
                        back = guard[i]
                        if fy > 0 or fd > 0:
                            if back >= 0 and a < nodes[back, N_P0]:
                                wait = max(1, nodes[back, N_P1] * (a + 1))
                                ring_load[(t + wait) % RING, back, onward, a + 1] += fy
                                ring_credit[(t + wait) % RING, back, onward, a + 1] += fd
                                arriving[(t + wait) % RING, back] += fy
                                waiting[back] += fy
                            else:
                                _lose(totals, did, other, k, fd, D_ERRORED)
                        travel = edges[e, E_DELAY] + (nodes[i, N_P0] if mode == DELAY else 0)
                        if on and kind_of == LATENCY and struck[other] == 1:
                            travel += size
                        kept = a if mode == RETRY and guard[other] == i and nodes[other, N_MODE] == BREAKER else 0
                        ring_load[(t + travel) % RING, other, onward, kept] += y - fy
                        ring_credit[(t + travel) % RING, other, onward, kept] += d - fd
                        arriving[(t + travel) % RING, other] += y - fy
                    if mode == SPLIT or mode == CONDITION:
                        sent += gone
                        pool_load[i, k, a] += x - gone
                    else:
                        sent += x
                    pool_credit[i, k, a] += c - gone_credit
            held[i] -= sent
            budget[i] -= sent

        for i in range(n):
            if nodes[i, N_MODE] == BREAKER and tried[i] > 0:
                now = (failed[i] << 8) // max(1, tried[i] >> 8)
                failing[i] += (now - failing[i]) // 4
                if (state[i] == 0 and failing[i] > nodes[i, N_P0]) or (state[i] >= 2 and now > nodes[i, N_P0]):
                    state[i] = 1
                    until[i] = t + 1 + nodes[i, N_P1]
                elif state[i] >= 2:
                    state[i] = state[i] + 1 if state[i] < 4 else 0
                    failing[i] = 0
            tried[i] = 0
            failed[i] = 0

        # 10. health
        now_lost = totals[T_DROPPED] + totals[T_ERRORED]
        pending = totals[T_OFFERED] - totals[T_DELIVERED] - now_lost
        stalled = max(0, pending - PATIENCE * load) // (STALL_SHARE * WINDOW)
        health[t // WINDOW] += (now_lost - lost + stalled) / (WINDOW * load)
    for w in range(TICKS // WINDOW):
        health[w] = 1.0 - min(1.0, health[w])
    for i in range(n):
        for k in range(2):
            for a in range(attempts):
                totals[T_PENDING] += pool_credit[i, k, a]
                for slot in range(RING):
                    totals[T_PENDING] += ring_credit[slot, i, k, a]


@compiled
def _inside(held: Ints, arriving: Ints) -> int:
    """All load that is held or under way."""
    return int(held.sum() + arriving.sum())


@compiled
def _lose(totals: Ints, did: Ints, i: int, k: int, credit: int, column: int) -> None:
    """Credit that will not be delivered: for clean work a drop or an error, for hostile work a block."""
    if k == 2:
        totals[T_BLOCKED] += credit
    else:
        did[i, column] += credit
        totals[T_DROPPED if column == D_DROPPED else T_ERRORED] += credit


@compiled
def _condition_share(match: int, fraction: int, k: int, alone: bool) -> int:
    """How much of this kind goes down the heaviest lines. It tells clean from hostile as badly as a filter does."""
    if alone:
        return ONE
    if match == 2:
        return fraction
    hostile_right, clean_wrong = ONE * 3 // 4, ONE // 16
    to_match = hostile_right if k == 2 else clean_wrong
    return to_match if match == 1 else ONE - to_match
