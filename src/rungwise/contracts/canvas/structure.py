"""What can be said of a canvas from its structure: is it complete, what is wrong with it, what is at work."""

import numpy as np

from rungwise.contracts.canvas.language import Canvas
from rungwise.contracts.canvas.tables import (
    BREAKER,
    CHANNEL,
    CONDITION,
    D_CARRIED,
    DELAY,
    E_FROM,
    E_TO,
    E_WEIGHT,
    FILTER,
    N_CAP,
    N_DEPTH,
    N_MODE,
    N_P0,
    N_RATE,
    N_TYPE,
    ONE,
    PERSON,
    QUEUE,
    RATELIMIT,
    REPLICATE,
    RETRY,
    SPLIT,
    STEP,
    STORAGE,
    TOOL,
    TRIGGER,
    Ints,
    compile_canvas,
    compiled,
)

LEAST_FILTERED = ONE // 10  # of hostile work; what lets nine in ten by is no filter
IDLE_LIMIT = 5  # times the steady load; a limit above it limits nothing
LINTS = (
    ("unreachable", 20, "is never reached from an entry"),
    ("dead_end", 20, "ends the work but is no storage, channel or person"),
    ("entry_not_trigger", 20, "is an entry but no trigger"),
    ("circle", 20, "stands on a circle"),
    ("unguarded_tool", 10, "is a tool without a retry or breaker directly before it"),
    ("fan_out", 15, "copies its work to several lines though it is no replicate"),
    ("inner_trigger", 20, "is a trigger but no entry"),
    ("single_point", 15, "does nearly all of the work, unguarded"),
)


def at_work(nodes: Ints, edges: Ints, baseline: Ints, load: int) -> list[list[int]]:
    """By node, the credit it carries, and the same again where its mode has something to do where it stands."""
    work: list[list[int]] = _work(nodes, edges, baseline, load * ONE).tolist()
    return work


@compiled
def _work(nodes: Ints, edges: Ints, baseline: Ints, load: int) -> Ints:
    n = nodes.shape[0]
    lines, weighty, guards = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    for e in range(edges.shape[0]):
        a, kind, mode = edges[e, E_FROM], nodes[edges[e, E_TO], N_TYPE], nodes[edges[e, E_TO], N_MODE]
        lines[a] += 1
        weighty[a] += 1 if edges[e, E_WEIGHT] > 0 else 0
        works = kind == PERSON or kind == STEP or kind == TOOL or kind == STORAGE
        guards[a] += 1 if works or mode == RETRY or mode == BREAKER else 0
    work = np.zeros((n, 2), np.int64)
    for i in range(n):
        mode, first = nodes[i, N_MODE], nodes[i, N_P0]
        work[i, 0] = baseline[i, D_CARRIED]
        idle = (mode == CONDITION or mode == REPLICATE) and lines[i] < 2
        idle = idle or (mode == SPLIT and (weighty[i] if first == 1 else lines[i]) < 2)
        idle = idle or ((mode == RETRY or mode == BREAKER) and guards[i] == 0)
        idle = idle or ((mode == RETRY or mode == DELAY) and first == 0)
        idle = idle or (mode == FILTER and first < LEAST_FILTERED)
        idle = idle or (mode == RATELIMIT and first > IDLE_LIMIT * load)
        idle = idle or (mode == QUEUE and nodes[i, N_CAP] <= 2 * nodes[i, N_RATE])
        work[i, 1] = 0 if idle else work[i, 0]
    return work


def structural_faults(canvas: Canvas, *, wide: bool) -> tuple[bool, list[tuple[int, int]]]:
    """What can be said of the structure without a run: whether it is complete, and its faults by (lint, component)."""
    nodes, edges = compile_canvas(canvas)
    complete, tangled, marks = structure(nodes, edges, -1, wide)
    return complete and not tangled, [(k, i) for k, i in marks.tolist()]


@compiled
def structure(nodes: Ints, edges: Ints, target: int, wide: bool) -> tuple[bool, bool, Ints]:
    """Whether every entry has a working way to a delivery point; whether there is more than one entry, a trigger
    further in or a circle; and the structural faults by (lint, node)."""
    n = nodes.shape[0]
    marks = np.zeros((8, n), np.int64)
    inbound, outbound, guarded = np.zeros(n, np.int64), np.zeros(n, np.int64), np.ones(n, np.int64)
    for e in range(edges.shape[0]):
        a, b = edges[e, E_FROM], edges[e, E_TO]
        outbound[a] += 1
        inbound[b] += 1
        if nodes[a, N_MODE] != RETRY and nodes[a, N_MODE] != BREAKER:
            guarded[b] = 0
    # way[i, w]: from i, its work already done (w = 1) or not, a delivery point is reached with the work done
    way = np.zeros((n, 2), np.int64)
    for i in range(n):
        kind = nodes[i, N_TYPE]
        if outbound[i] == 0 and (kind == STORAGE or kind == CHANNEL or kind == PERSON):
            way[i, 1] = 1
            way[i, 0] = 1 if kind == PERSON and inbound[i] > 0 else 0
    for _ in range(n):
        for e in range(edges.shape[0]):
            a, b = edges[e, E_FROM], edges[e, E_TO]
            kind = nodes[a, N_TYPE]
            works = (kind == PERSON or kind == STEP or kind == TOOL) and inbound[a] > 0
            way[a, 1] = max(way[a, 1], way[b, 1])
            way[a, 0] = max(way[a, 0], way[b, 1] if works else way[b, 0])
    complete, entries = True, 0
    alive = np.ones(n, np.int64)
    for i in range(n):
        kind, mode = nodes[i, N_TYPE], nodes[i, N_MODE]
        if nodes[i, N_DEPTH] < 0:
            marks[0, i] = 1
        if outbound[i] == 0 and kind != STORAGE and kind != CHANNEL and kind != PERSON:
            marks[1, i] = 1
        if inbound[i] == 0:
            entries += 1
            if kind != TRIGGER:
                marks[2, i] = 1
            if way[i, 0] == 0:
                complete = False
        if kind == TRIGGER and inbound[i] > 0:
            marks[6, i] = 1
        if kind == TOOL and inbound[i] > 0 and guarded[i] == 0:
            marks[4, i] = 1
        if outbound[i] > 1 and mode != REPLICATE and mode != SPLIT and mode != CONDITION:
            marks[5, i] = 1
    if wide and target >= 0 and guarded[target] == 0 and inbound[target] > 0 and _only_worker(nodes, edges, target):
        marks[7, target] = 1
    for _ in range(n):  # what remains after peeling off the components without a living successor stands on a cycle
        for i in range(n):
            if alive[i] == 1:
                alive[i] = 0
                for e in range(edges.shape[0]):
                    if edges[e, E_FROM] == i and (alive[edges[e, E_TO]] == 1 or edges[e, E_TO] == i):
                        alive[i] = 1
    tangled = entries > 1
    found = np.empty((8 * n, 2), np.int64)
    count = 0
    for k in range(8):
        for i in range(n):
            if marks[k, i] == 1 or (k == 3 and alive[i] == 1):
                found[count, 0], found[count, 1] = k, i
                count += 1
                tangled = tangled or k == 3 or k == 6
    return complete and entries > 0, tangled, found[:count]


@compiled
def _only_worker(nodes: Ints, edges: Ints, target: int) -> bool:
    """Whether no way from an entry to an end goes round the target."""
    n = nodes.shape[0]
    seen, outbound = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for e in range(edges.shape[0]):
        outbound[edges[e, E_FROM]] += 1
    for i in range(n):
        seen[i] = 1 if nodes[i, N_DEPTH] == 0 and i != target else 0
    for _ in range(n):
        for e in range(edges.shape[0]):
            if seen[edges[e, E_FROM]] == 1 and edges[e, E_TO] != target:
                seen[edges[e, E_TO]] = 1
    for i in range(n):
        if seen[i] == 1 and outbound[i] == 0:
            return False
    return True
