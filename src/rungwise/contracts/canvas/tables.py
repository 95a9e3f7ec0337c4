"""A canvas as tables of integers: what the simulator runs, what ranks its components, and the shape of the whole."""

from functools import partial
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rungwise.contracts.canvas.language import MODES, MS_PER_TICK, TYPES, Canvas, param

TICKS, INJECT, WINDOW, RING = 96, 72, 4, 64
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
(N_TYPE, N_MODE, N_RATE, N_CAP, N_P0, N_P1, N_DEPTH, N_RANK, N_INBOUND, N_GUARD, N_TRIES, N_TIE, N_GUARDED) = range(13)
# Columns of what changes about a node while it runs.
(HELD, WAITING, BUDGET, TOKENS, ROOM, AGE, BREAK, UNTIL, FAILING, TRIED, FAILED, STRUCK) = range(12)
# Of BREAK: a breaker is closed, open, or half open at 10, 40 and 70 percent. Of STRUCK: the target, what it sends to.
CLOSED, OPEN, HALF_OPEN, LAST_HALF = 0, 1, 2, 4
TARGET, NEXT_TO_TARGET = 1, 2
# Columns of the per-edge table.
(E_FROM, E_TO, E_DELAY, E_WEIGHT) = range(4)
# Columns of a scenario.
(S_KIND, S_START, S_TICKS, S_SIZE) = range(4)
# Columns of a scenario's totals, all in clean credit but for the hostile ones.
(T_OFFERED, T_DELIVERED, T_DROPPED, T_ERRORED, T_PENDING, T_HOSTILE, T_LEAKED, T_BLOCKED) = range(8)
# Columns of what each node did in a scenario.
(D_CARRIED, D_DROPPED, D_ERRORED, D_PEAK) = range(4)


def compile_canvas(canvas: Canvas) -> tuple[Ints, Ints]:
    """The canvas as two tables: nodes in the order of its components, edges in the order of its connections."""
    place = {component.id: i for i, component in enumerate(canvas.components)}
    nodes = np.zeros((len(canvas.components), 13), np.int64)
    nodes[:, :6] = [_node(component) for component in canvas.components]
    edges = np.array([_edge(c, place) for c in canvas.connections], dtype=np.int64).reshape(-1, 4)
    rank_nodes(nodes, edges)
    return nodes, edges


_TYPE = {name: i for i, name in enumerate(TYPES)}
_MODE = {name: i for i, name in enumerate(MODES)}


def _node(component: Any) -> tuple[int, ...]:
    mode = _MODE[component.behavior.mode]
    rate = RATES[component.type] * component.scale * ONE
    first, second = 0, 0
    capacity = rate if component.type == "trigger" else 2 * rate
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
    return _TYPE[component.type], mode, rate, capacity, first, second


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
    """Fills in each node's distance from the entries, its structural rank and the rank that breaks ties."""
    n = nodes.shape[0]
    _colour(nodes, edges, N_RANK, False)
    _colour(nodes, edges, N_TIE, True)
    nodes[:, N_DEPTH] = 0
    for e in range(edges.shape[0]):
        nodes[edges[e, E_TO], N_DEPTH] = -1
    for _ in range(n):
        for e in range(edges.shape[0]):
            a, b = edges[e, E_FROM], edges[e, E_TO]
            if nodes[a, N_DEPTH] >= 0 and nodes[b, N_DEPTH] < 0:
                nodes[b, N_DEPTH] = -3 - nodes[a, N_DEPTH]
        for i in range(n):
            if nodes[i, N_DEPTH] < -1:
                nodes[i, N_DEPTH] = -nodes[i, N_DEPTH] - 2


@compiled
def _colour(nodes: Ints, edges: Ints, column: int, everything: bool) -> None:
    """Weisfeiler-Lehman colours of types and modes, or of everything that tells one component from another."""
    n = nodes.shape[0]
    colour, fresh, mark = np.empty(n, np.int64), np.empty(n, np.int64), np.zeros(edges.shape[0], np.int64)
    for i in range(n):
        colour[i] = _mixed(nodes[i, N_TYPE] * 16 + nodes[i, N_MODE] + 1, 1)
        if everything:
            for field in (N_RATE, N_CAP, N_P0, N_P1):
                colour[i] = _mixed(colour[i] + nodes[i, field] % 2147483647, 19 + field)
    if everything:
        for e in range(edges.shape[0]):
            mark[e] = _mixed(edges[e, E_DELAY] * 1000003 + edges[e, E_WEIGHT], 29)
    for _ in range(6):
        for i in range(n):
            fresh[i] = _mixed(colour[i], 2)
        for e in range(edges.shape[0]):
            a, b = edges[e, E_FROM], edges[e, E_TO]
            fresh[a] += _mixed(colour[b] + mark[e], 3)
            fresh[b] += _mixed(colour[a] + mark[e], 5)
        for i in range(n):
            colour[i] = fresh[i] % 2147483647
    nodes[:, column] = colour


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
