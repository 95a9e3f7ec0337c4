"""Graphs in layers: who stands in which column, above whom, so that edges lead forward and few of them cross.

Nodes are numbers; nothing here knows how large anything is. A `Bands` is a picture in outline: bands below each other,
in each the same number of columns, in each column nodes from top to bottom.
"""

from collections.abc import Sequence

SWEEPS = 4  # more hardly ever find a better order
MOST_PARTS = 4  # columns of one layer
FOLDED, SPLIT = 0.93, 0.93  # what is left of an outline's worth with every band more, and every column
Edge = tuple[int, int]
Bands = list[list[list[int]]]


def layers(count: int, edges: Sequence[Edge]) -> list[list[int]]:
    """Each node a layer after all that lead to it, edges that close a circle left aside; within, by barycentres."""
    forward = _forward(count, edges)
    rank, before, after = [0] * count, _joined(count, forward, 1), _joined(count, forward, 0)
    for node in _sorted(count, before, after):
        rank[node] = max([rank[other] + 1 for other in before[node]], default=0)
    for node in range(count):  # what nothing leads to stands next to what it leads to
        if not before[node] and after[node]:
            rank[node] = min([rank[other] for other in after[node]]) - 1
    found: list[list[int]] = [[] for _ in range(max(rank) + 1)]
    for node in range(count):
        found[rank[node]].append(node)
    found = [layer for layer in found if layer]
    return _ordered(found, before, after)


def _joined(count: int, edges: Sequence[Edge], end: int) -> list[list[int]]:
    """For each node the other ends of the edges that have it at this end."""
    found: list[list[int]] = [[] for _ in range(count)]
    for edge in edges:
        found[edge[end]].append(edge[1 - end])
    return found


def _forward(count: int, edges: Sequence[Edge]) -> list[Edge]:
    """The edges without those that lead back to where a walk along the edges came from."""
    after, state, kept = _joined(count, edges, 0), [0] * count, list[Edge]()
    entered = {node for _, node in edges}
    starts = [node for node in range(count) if node not in entered] + list(range(count))
    for start in starts:
        if state[start]:
            continue
        state[start] = 1
        walk = [(start, iter(after[start]))]
        while walk:
            node, ways = walk[-1]
            to = next(ways, None)
            if to is None:
                state[node] = 2
                walk.pop()
                continue
            if state[to] != 1:
                kept.append((node, to))
            if not state[to]:
                state[to] = 1
                walk.append((to, iter(after[to])))
    return kept


def _sorted(count: int, before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]) -> list[int]:
    """Every node after all that lead to it."""
    left = [len(others) for others in before]
    free = [node for node in range(count) if not left[node]]
    for node in free:  # it grows on the way
        for to in after[node]:
            left[to] -= 1
            if not left[to]:
                free.append(to)
    return free


def _ordered(
    found: list[list[int]], before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]
) -> list[list[int]]:
    """Each layer by the mean place of what its nodes are joined to, there and back a few times."""
    place: dict[int, float] = {}
    for layer in found:
        _placed(layer, place)
    best, fewest = [list(layer) for layer in found], _crossings(found, after, place)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        beside = after if sweep % 2 else before
        for layer in reversed(found) if sweep % 2 else found:
            layer.sort(key=lambda node: _mean(node, beside[node], place))
            _placed(layer, place)
        crossings = _crossings(found, after, place)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in found], crossings
    return best


def _placed(layer: Sequence[int], place: dict[int, float]) -> None:
    for at, node in enumerate(layer):
        place[node] = (at + 0.5) / len(layer)


def _mean(node: int, others: Sequence[int], place: dict[int, float]) -> float:
    return sum([place[other] for other in others]) / len(others) if others else place[node]


def _crossings(found: Sequence[Sequence[int]], after: Sequence[Sequence[int]], place: dict[int, float]) -> int:
    """How often edges that leave one layer would cross, were they straight."""
    crossings = 0
    for layer in found:
        ends = [(place[node], place[to]) for node in layer for to in after[node]]
        crossings += sum([(a - c) * (b - d) < 0 for at, (a, b) in enumerate(ends) for c, d in ends[:at]])
    return crossings


# ---- outlines ----


def outlines(found: Sequence[Sequence[int]], most_columns: int) -> list[tuple[float, Bands]]:
    """Every way to stand the layers side by side: long layers in several columns, many columns in several bands, the
    next band back from the right, so that what follows is near. Each with what that costs it."""
    ways: dict[tuple[int, int], tuple[float, Bands]] = {}
    longest = max(map(len, found))
    for most in dict.fromkeys(-(-longest // parts) for parts in range(1, MOST_PARTS + 1)):
        columns = [
            list(layer[part :: -(-len(layer) // most)]) for layer in found for part in range(-(-len(layer) // most))
        ]
        for bands in dict.fromkeys(-(-len(columns) // across) for across in range(1, most_columns + 1)):
            across = -(-len(columns) // bands)
            if across <= most_columns:
                outline = [
                    _band(columns[at : at + across], across, at // across) for at in range(0, len(columns), across)
                ]
                ways[most, bands] = FOLDED ** (bands - 1) * SPLIT ** (len(columns) - len(found)), outline
    return list(ways.values())


def _band(columns: list[list[int]], across: int, order: int) -> list[list[int]]:
    filled = columns + [[] for _ in range(across - len(columns))]
    return filled[::-1] if order % 2 else filled


def laned(
    found: Sequence[Sequence[int]], lanes: Sequence[Sequence[int]], most_columns: int
) -> list[tuple[float, Bands]]:
    """Every way with a band for each lane: layers that follow each other share columns where there are too many."""
    rank = {node: at for at, layer in enumerate(found) for node in layer}
    order = {node: at for layer in found for at, node in enumerate(layer)}
    ways = []
    for across in range(1, min(len(found), most_columns) + 1):
        bands = []
        for lane in lanes:
            columns: list[list[int]] = [[] for _ in range(across)]
            for node in sorted(lane, key=lambda node: (rank[node], order[node])):
                columns[rank[node] * across // len(found)].append(node)
            bands.append(columns)
        ways.append((1.0, bands))
    return ways
