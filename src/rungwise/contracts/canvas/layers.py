"""Where the cards and lines of a drawn canvas go: columns from left to right, few crossings, straight runs.

The four steps of Sugiyama, each in its plainest form, since a canvas has at most 64 components:

1. A line that closes a cycle is turned round: found depth first, from the entries.
2. A card's column is one past the furthest of those that send to it. A column that grows too tall is cut into several.
3. A line that passes a column gets a lane in it, so that it never runs behind a card. Orders settle by barycentres, and
   the order with the fewest crossings is kept.
4. Each card stands as near to the mean height of its neighbours as those beside it allow (isotonic regression).

Columns past the eighth go on in the next row, as text does. Cards without lines stand in a grid at the end.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

Point = tuple[float, float]
Line = tuple[int, int]

GAP, CARD_APART, LANE_APART, ROW_APART, MARGIN = 46, 32, 10, 52, 24
ACROSS, TALLEST, MOST_LANES, SWEEPS, CARDS_FIRST = 8, 9, 400, 12, 12


@dataclass(frozen=True, slots=True)
class Layout:
    """Top left corners by card; waypoints by line, always from left to right, none for a line from a card to itself."""

    places: list[Point]
    routes: list[list[Point]]
    turned: frozenset[int]  # lines that go back: their route runs from target to source
    width: float
    height: float


@dataclass(slots=True)
class _Grid:
    """Cards and lanes by number (lanes come after the cards) and what each is joined to on either side."""

    cards: int
    column: list[int]
    chains: list[list[int]]  # by line: the cards and lanes that it runs through, from left to right
    before: list[list[int]] = field(default_factory=list)
    after: list[list[int]] = field(default_factory=list)


def layout(cards: int, lines: Sequence[Line], width: float, height: float) -> Layout:
    turned = _turned(cards, lines)
    arcs = [(b, a) if number in turned else (a, b) for number, (a, b) in enumerate(lines)]
    joined = sorted({end for a, b in arcs if a != b for end in (a, b)})
    grid = _grid(cards, arcs, _cut(_columns(joined, arcs)))
    columns = _ordered(grid)
    middle = _settled(grid, columns, height)
    return _placed(grid, columns, middle, turned, width, height)


# ---- 1. cycles ----


def _turned(cards: int, lines: Sequence[Line]) -> frozenset[int]:
    """The lines that lead back to a card whose descendants are still being visited."""
    leaving: list[list[tuple[int, int]]] = [[] for _ in range(cards)]
    entries = set(range(cards)) - {b for a, b in lines if a != b}
    for number, (a, b) in enumerate(lines):
        if a != b:
            leaving[a].append((number, b))
    state, found = [0] * cards, set()
    for root in [*sorted(entries), *range(cards)]:
        if state[root] == 0:
            found |= _closing(root, leaving, state)
    return frozenset(found)


def _closing(root: int, leaving: list[list[tuple[int, int]]], state: list[int]) -> set[int]:
    found, stack = set(), [(root, iter(leaving[root]))]
    state[root] = 1
    while stack:
        card, rest = stack[-1]
        for number, other in rest:
            if state[other] == 1:
                found.add(number)
            elif state[other] == 0:
                state[other] = 1
                stack.append((other, iter(leaving[other])))
                break
        else:
            state[card] = 2
            stack.pop()
    return found


# ---- 2. columns ----


def _columns(joined: Sequence[int], arcs: Sequence[Line]) -> dict[int, int]:
    """Longest way from the left: as many rounds as there are columns, since no arc goes back."""
    column = dict.fromkeys(joined, 0)
    for _ in joined:
        moved = False
        for a, b in arcs:
            if a != b and column[b] <= column[a]:
                column[b], moved = column[a] + 1, True
        if not moved:
            break
    return column


def _cut(column: dict[int, int]) -> dict[int, int]:
    """Columns of at most TALLEST cards; what comes after a cut one moves right."""
    tall: dict[int, list[int]] = {}
    for card in sorted(column):
        tall.setdefault(column[card], []).append(card)
    cut, next_column = {}, 0
    for _, cards in sorted(tall.items()):
        parts = -(-len(cards) // TALLEST)
        for place, card in enumerate(cards):
            cut[card] = next_column + place * parts // len(cards)
        next_column += parts
    return cut


def _grid(cards: int, arcs: Sequence[Line], place: dict[int, int]) -> _Grid:
    grid = _Grid(cards, [place.get(card, -1) for card in range(cards)], [])
    reach = _reach([place[b] - place[a] for a, b in arcs if a != b])
    for a, b in arcs:
        chain = [a, b] if a != b else []
        if a != b and place[b] - place[a] <= reach:
            first = len(grid.column)
            grid.column += range(place[a] + 1, place[b])
            chain = [a, *range(first, len(grid.column)), b]
        grid.chains.append(chain)
    _join(grid)
    return grid


def _reach(spans: Sequence[int]) -> int:
    """The longest span that still gets lanes; a longer line in a tangle runs behind the cards."""
    reach, lanes = 1, 0
    for span in sorted(spans):
        lanes += span - 1
        if lanes > MOST_LANES:
            break
        reach = span
    return reach


def _join(grid: _Grid) -> None:
    grid.before = [[] for _ in grid.column]
    grid.after = [[] for _ in grid.column]
    for chain in grid.chains:
        for a, b in pairwise(chain):
            grid.after[a].append(b)
            grid.before[b].append(a)


# ---- 3. orders ----


def _ordered(grid: _Grid) -> list[list[int]]:
    columns: list[list[int]] = [[] for _ in range(max(grid.column, default=-1) + 1)]
    for item, column in enumerate(grid.column):
        if column >= 0:
            columns[column].append(item)
    best, fewest = columns, _crossings(grid, columns)
    for sweep in range(SWEEPS):
        columns = _swept(grid, columns, grid.before if sweep % 2 == 0 else grid.after, sweep % 2 == 0)
        crossings = _crossings(grid, columns)
        if crossings < fewest:
            best, fewest = columns, crossings
    return best


def _swept(grid: _Grid, columns: list[list[int]], side: list[list[int]], forward: bool) -> list[list[int]]:
    """Every column sorted by the mean place of its neighbours on one side, in the direction away from that side."""
    place = [0.0] * len(grid.column)
    swept = [list(column) for column in columns]
    for column in swept if forward else reversed(swept):
        for order, item in enumerate(column):
            place[item] = order
        column.sort(
            key=lambda item: sum([place[x] for x in side[item]]) / len(side[item]) if side[item] else place[item]
        )
        for order, item in enumerate(column):
            place[item] = order
    return swept


def _crossings(grid: _Grid, columns: list[list[int]]) -> int:
    place = {item: order for column in columns for order, item in enumerate(column)}
    count = 0
    for column in columns:
        ends: list[int] = []
        for item in column:
            mine = sorted([place[x] for x in grid.after[item]])
            count += sum([len(ends) - bisect_left(ends, end + 1) for end in mine])
            for end in mine:
                insort(ends, end)
    return count


# ---- 4. heights ----


def _settled(grid: _Grid, columns: list[list[int]], height: float) -> list[float]:
    """The middle of every card and lane."""
    middle = [0.0] * len(grid.column)
    for column in columns:
        _settle(grid, column, [0.0] * len(column), middle, height)
    both = [a + b for a, b in zip(grid.before, grid.after, strict=True)]
    for side in [grid.before, grid.after] * 4 + [both] * 4:
        for column in columns if side is not grid.after else reversed(columns):
            _settle(grid, column, [_pulled(grid, item, side[item], middle) for item in column], middle, height)
    return middle


def _pulled(grid: _Grid, item: int, neighbours: list[int], middle: list[float]) -> float:
    """The mean of the neighbours' heights; a card heeds other cards more than lanes, so that chains stay straight."""
    weights = [CARDS_FIRST if item < grid.cards and x < grid.cards else 1 for x in neighbours]
    heights = [weight * middle[x] for weight, x in zip(weights, neighbours, strict=True)]
    return sum(heights) / sum(weights) if neighbours else middle[item]


def _settle(grid: _Grid, column: list[int], wanted: list[float], middle: list[float], height: float) -> None:
    """The least squares heights that keep order and distances: a pool is a run of those that push each other."""
    offsets = _offsets(grid, column, height)
    pools: list[tuple[float, int, int]] = []  # the mean level, its weight, how many share it
    for item, want, offset in zip(column, wanted, offsets, strict=True):
        mean, weight, size = want - offset, CARDS_FIRST if item < grid.cards else 1, 1
        while pools and pools[-1][0] > mean:
            other, heavy, others = pools.pop()
            mean = (mean * weight + other * heavy) / (weight + heavy)
            weight, size = weight + heavy, size + others
        pools.append((mean, weight, size))
    level = [mean for mean, _, size in pools for _ in range(size)]
    for item, mean, offset in zip(column, level, offsets, strict=True):
        middle[item] = mean + offset


def _offsets(grid: _Grid, column: list[int], height: float) -> list[float]:
    """How far down each stands where all are packed, about the middle of the column."""
    offsets = [0.0]
    for a, b in pairwise(column):
        cards = (a < grid.cards) + (b < grid.cards)
        offsets.append(offsets[-1] + (LANE_APART, height / 2 + CARD_APART / 2, height + CARD_APART)[cards])
    return [offset - offsets[-1] / 2 for offset in offsets]


# ---- where everything stands ----


def _placed(
    grid: _Grid, columns: list[list[int]], middle: list[float], turned: frozenset[int], width: float, height: float
) -> Layout:
    tops = _rows(grid, columns, middle, height)
    across = min(len(columns), ACROSS) or 1
    corners = [
        (grid.column[i] % ACROSS * (width + GAP) + MARGIN, middle[i] - height / 2)
        if grid.column[i] >= 0
        else (0.0, 0.0)
        for i in range(len(grid.column))
    ]
    low = tops[-1] - ROW_APART + MARGIN if len(tops) > 1 else 0.0
    alone = [card for card in range(grid.cards) if grid.column[card] < 0]
    for number, card in enumerate(alone):
        row, place = divmod(number, max(across, min(len(alone), ACROSS)))
        corners[card] = (place * (width + GAP) + MARGIN, low + row * (height + CARD_APART) + MARGIN)
    bottom = max([low, *[corners[card][1] + height + MARGIN for card in alone]])
    right = max([x for x, _ in corners], default=0.0) + width + MARGIN
    routes = _routes(grid, corners, tops, width, height)
    return Layout(corners[: grid.cards], routes, turned, right, bottom)


def _rows(grid: _Grid, columns: list[list[int]], middle: list[float], height: float) -> list[float]:
    """Moves each row of columns below the one before; returns the top of every row, and of what comes after."""
    tops = [float(MARGIN)]
    for first in range(0, len(columns), ACROSS):
        items = [item for column in columns[first : first + ACROSS] for item in column]
        reach = [height / 2 if item < grid.cards else 0.0 for item in items]
        high = min([middle[item] - half for item, half in zip(items, reach, strict=True)])
        for item in items:
            middle[item] += tops[-1] - high
        tops.append(max([middle[i] + half for i, half in zip(items, reach, strict=True)]) + ROW_APART)
    return tops


def _routes(grid: _Grid, corners: list[Point], tops: list[float], width: float, height: float) -> list[list[Point]]:
    leave = _ports(grid.chains, corners, height)
    enter = _ports([chain[::-1] for chain in grid.chains], corners, height)
    routes = []
    for number, chain in enumerate(grid.chains):
        points: list[Point] = []
        for place, item in enumerate(chain):
            x, y = corners[item][0], corners[item][1] + height / 2
            y += leave[number] if place == 0 else enter[number] if place == len(chain) - 1 else 0
            step = [(x, y)] * (place > 0) + [(x + width, y)] * (place < len(chain) - 1)
            row = grid.column[item] // ACROSS
            if place > 0 and grid.column[chain[place - 1]] // ACROSS < row:
                points += _turn(points[-1], (x, y), tops[row] - ROW_APART / 2 + number % 5 * 5 - 10, width, number)
            points += step
        routes.append(points)
    return routes


def _turn(start: Point, end: Point, level: float, width: float, number: int) -> list[Point]:
    """From the right of one row to the left of a later one, by way of the gutter above it."""
    right = max(start[0], ACROSS * (width + GAP) - GAP + MARGIN) + 8 + number % 4 * 4
    left = MARGIN - 8 - number % 4 * 4
    return [(right, start[1]), (right, level), (left, level), (left, end[1])]


def _ports(chains: list[list[int]], corners: list[Point], height: float) -> dict[int, float]:
    """How far from the middle of its first card's side each line leaves, so that lines fan out in order."""
    by_card: dict[int, list[int]] = {}
    for number, chain in enumerate(chains):
        if chain:
            by_card.setdefault(chain[0], []).append(number)
    offsets = {}
    for numbers in by_card.values():
        numbers.sort(key=lambda number: (corners[chains[number][1]][1], number))
        step = min(14.0, (height - 34) / len(numbers))
        for place, number in enumerate(numbers):
            offsets[number] = (place - (len(numbers) - 1) / 2) * step
    return offsets
