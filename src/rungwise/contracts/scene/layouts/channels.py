"""The ways of edges between cards in columns: out of a card's side, along channels between columns, into another's.

A channel is as high as the body and holds no card, so an upright piece in it meets none; a level piece that goes past
columns runs where none of them has a card. Pieces of edges that leave one card together, or reach one together, share a
track; others that would lie on each other have tracks of their own, in the order in which fewest cross.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from rungwise.contracts.scene.kit import Point, Rect

MARGIN = 12  # pixels of a channel without tracks, beside the cards
APART = 8  # pixels, at the least, between what runs side by side
NEAREST = 4.5  # pixels between two tracks: with less they look like one
CORNER = 7  # pixels of a card's side, near its corners, without ports
PORTS = (0, 9, -9, 18, -18, 27, -27)  # from the middle of a card's side
PAST = 9  # pixels between a level piece and the cards that it passes
BEND = 30  # pixels of detour that are better than another bend
Net = tuple[str, int]  # what leaves a card or reaches it


class Field(NamedTuple):
    cards: Sequence[Rect]
    columns: Sequence[int]  # of each card
    channels: Sequence[tuple[float, float]]  # from the left; the first before the first column
    top: float
    bottom: float


@dataclass(slots=True)
class _Way:
    a: int
    b: int
    leave: int  # channels; equal where one is enough
    enter: int
    start: float = 0  # heights: of the ends, and of the level piece between two channels
    end: float = 0
    level: float = 0
    straight: bool = False


class _Net(NamedTuple):
    """What shares a track: from where to where, and how it is put in order."""

    net: Net
    low: float
    high: float
    key: tuple[int, float]


@dataclass(slots=True)
class _Taken:
    """Heights at which something runs level in a channel, and for whom."""

    ports: list[tuple[float, tuple[Net, ...]]] = field(default_factory=list)

    def free(self, y: float, net: Net) -> bool:
        return all(net in nets or abs(y - other) >= APART for other, nets in self.ports)


def routes(ground: Field, edges: Sequence[tuple[int, int]]) -> list[list[Point]] | None:
    """The points of each edge's way; None where a channel is too narrow."""
    known = set(edges)
    upright = {edge: _upright(ground, *edge, (edge[1], edge[0]) in known) for edge in edges}
    count = len(ground.channels) - 1
    ways = [_Way(a, b, *sides(ground.columns[a], ground.columns[b], count)) for a, b in edges if not upright[a, b]]
    _ports(ground, ways, known)
    _levels(ground, ways)
    tracks = _tracks(ground, ways)
    if tracks is None:
        return None
    found = {(way.a, way.b): _points(ground, ways, way, tracks) for way in ways}
    return [upright[edge] or found[edge] for edge in edges]


def _upright(ground: Field, a: int, b: int, twice: bool) -> list[Point]:
    """Straight down or up, where one card stands below the other and none between."""
    column, one, other = ground.columns[a], ground.cards[a], ground.cards[b]
    if ground.columns[b] != column:
        return []
    low, high = sorted((one.y, other.y))
    if any(low < card.y < high for card, at in zip(ground.cards, ground.columns, strict=True) if at == column):
        return []
    x = one.x + one.w / 2 + (PORTS[1] * (1 if a < b else -1) if twice else 0)
    return [(x, one.bottom), (x, other.y)] if one.y < other.y else [(x, one.y), (x, other.bottom)]


def sides(source: int, target: int, count: int) -> tuple[int, int]:
    """The channels by which an edge leaves and enters, by the columns of its ends and how many columns there are."""
    if source == target:  # round, on the inner side of the last column
        beside = source if source and source == count - 1 else source + 1
        return beside, beside
    return (source + 1, target) if source < target else (source, target + 1)


# ---- heights ----


def _ports(ground: Field, ways: Sequence[_Way], known: set[tuple[int, int]]) -> None:
    """Where ways leave and enter, in the middle of a side where nothing else is; straight across where that goes."""
    taken = [_Taken() for _ in ground.channels]
    for way in ways:
        y = _across(ground, way, (way.b, way.a) in known)
        if y is not None and taken[way.leave].free(y, ("to", way.b)):
            way.start = way.end = way.level = y
            way.straight = True
            taken[way.leave].ports.append((y, (("from", way.a), ("to", way.b))))
    for way in ways:
        if not way.straight:
            down = 1 if ground.cards[way.b].y >= ground.cards[way.a].y else -1
            way.start = _port(ground.cards[way.a], taken[way.leave], ("from", way.a), down)
            way.end = _port(ground.cards[way.b], taken[way.enter], ("to", way.b), -down)


def _across(ground: Field, way: _Way, twice: bool) -> float | None:
    """The height at which two neighbours are joined by a straight line."""
    one, other = ground.cards[way.a], ground.cards[way.b]
    if way.leave != way.enter or ground.columns[way.a] == ground.columns[way.b]:
        return None
    aside = PORTS[1] * (1 if way.a < way.b else -1) / 2 if twice else 0
    for y in (one.y + one.h / 2, other.y + other.h / 2):
        if max(one.y, other.y) + CORNER <= y + aside <= min(one.bottom, other.bottom) - CORNER:
            return y + aside
    return None


def _port(card: Rect, taken: _Taken, net: Net, toward: int) -> float:
    """The port that it has already, else the free one nearest to the middle."""
    for y, nets in taken.ports:
        if net in nets:
            return y
    middle, half = card.y + card.h / 2, card.h / 2 - CORNER
    for aside in PORTS:
        y = middle + aside * toward
        if abs(aside) <= half and taken.free(y, net):
            break
    else:
        y = middle
    taken.ports.append((y, (net,)))
    return y


def _levels(ground: Field, ways: Sequence[_Way]) -> None:
    """The heights at which ways pass the columns between two channels."""
    used: list[tuple[float, int, int, _Way]] = []
    passing = [way for way in ways if way.leave != way.enter]
    for way in sorted(passing, key=lambda way: abs(way.leave - way.enter)):
        first, last = sorted((way.leave, way.enter))
        blocked = [
            (card.y - PAST, card.bottom + PAST)
            for card, at in zip(ground.cards, ground.columns, strict=True)
            if first <= at < last
        ]
        others = [
            y for y, low, high, other in used if low < last and first < high and other.a != way.a and other.b != way.b
        ]
        heights = sorted(_heights(ground, way, blocked, others), key=partial(_detour, way))
        way.level = next((y for y in heights if _clear(y, blocked, others)), ground.top)
        used.append((way.level, first, last, way))


def _heights(
    ground: Field, way: _Way, blocked: Iterable[tuple[float, float]], others: Iterable[float]
) -> Iterable[float]:
    yield from (way.start, way.end)
    for low, high in blocked:
        yield from (low, high)
    for y in others:
        yield from (y - APART, y + APART)
    yield from (ground.top, ground.bottom)


def _clear(y: float, blocked: Iterable[tuple[float, float]], others: Iterable[float]) -> bool:
    return not any(low < y < high for low, high in blocked) and not any(abs(y - other) < APART for other in others)


def _detour(way: _Way, y: float) -> float:
    return abs(y - way.start) + abs(y - way.end) + BEND * (abs(y - way.start) > 1) + BEND * (abs(y - way.end) > 1)


# ---- tracks ----


def _tracks(ground: Field, ways: Sequence[_Way]) -> dict[tuple[int, Net], float] | None:
    """Where each net runs up and down in each channel."""
    pieces: dict[int, dict[Net, list[tuple[float, float, bool]]]] = {}
    for way in ways:
        for channel, net, start, end in _pieces(ways, way):
            rightward = ground.columns[way.a] < channel
            pieces.setdefault(channel, {}).setdefault(net, []).append((start, end, rightward))
    tracks = {}
    for channel, nets in pieces.items():
        left, right = ground.channels[channel]
        numbers = _numbered([_net(net, found) for net, found in nets.items()])
        count = max(numbers.values()) + 1
        step = (right - left - 2 * MARGIN) / count
        if step < NEAREST:
            return None
        for net, number in numbers.items():
            tracks[channel, net] = left + MARGIN + (number + 0.5) * step
    return tracks


def _pieces(ways: Sequence[_Way], way: _Way) -> list[tuple[int, Net, float, float]]:
    """The upright pieces of a way: channel, net, and from which height to which."""
    if way.straight:
        return []
    if way.leave == way.enter:
        return [(way.leave, _shared(ways, way), way.start, way.end)]
    first, last = (way.leave, ("from", way.a), way.start, way.level), (way.enter, ("to", way.b), way.level, way.end)
    return [piece for piece in (first, last) if abs(piece[2] - piece[3]) > 1]


def _shared(ways: Sequence[_Way], way: _Way) -> Net:
    """Edges share a track with those that leave the same card; one alone, with those that reach the same."""
    alone = sum([one.a == way.a and one.leave == way.leave and not one.straight for one in ways]) == 1
    return ("to", way.b) if alone else ("from", way.a)


def _net(net: Net, found: Sequence[tuple[float, float, bool]]) -> _Net:
    starts, ends = [start for start, _, _ in found], [end for _, end, _ in found]
    start, down = sum(starts) / len(starts), sum(ends) >= sum(starts)
    key = ((0, -start) if down else (1, start)) if found[0][2] else ((3, start) if down else (2, -start))
    return _Net(net, min(starts + ends), max(starts + ends), key)


def _numbered(nets: list[_Net]) -> dict[Net, int]:
    """A track for each net, right of all before it in order that it would lie on."""
    numbers: dict[Net, int] = {}
    done: list[_Net] = []
    for net in sorted(nets, key=lambda net: net.key):
        over = [numbers[other.net] for other in done if other.low < net.high + APART and net.low < other.high + APART]
        numbers[net.net] = max(over, default=-1) + 1
        done.append(net)
    return numbers


def _points(ground: Field, ways: Sequence[_Way], way: _Way, tracks: dict[tuple[int, Net], float]) -> list[Point]:
    one, other = ground.cards[way.a], ground.cards[way.b]
    points = [(one.right if way.leave == ground.columns[way.a] + 1 else one.x, way.start)]
    for channel, net, start, end in _pieces(ways, way):
        x = tracks[channel, net]
        points += [(x, start), (x, end)]
    return [*points, (other.x if way.enter == ground.columns[way.b] else other.right, way.end)]
