"""Cards in rows and columns, and the ways of the connectors between them.

A connector between neighbours of a row runs straight. Every other runs in the channels between rows and between
columns: what leaves one side of a card shares a track there, else what enters one; no other two lie on each other, and
none crosses a card. Labels stand in the channels too, where their wires meet the cards. Channels are as wide as what
runs in them asks for. It goes in two steps, since how high a card must be is known only when its width is:

    labels = labels_of(sheet, links, font)
    plan = across(sheet, cells, links, labels)   # columns
    ...                                          # the texts set at plan.wide
    grid = down(sheet, plan, heights, at)        # ports, tracks, rows: `grid.cards` and a Route for each link
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rungwise.contracts.scene.kit import (
    Box,
    Font,
    Point,
    Rect,
    Sheet,
    head,
    label,
    lines_of,
    overflow,
    pill_size,
    spread,
    wire,
)
from rungwise.contracts.scene.ways import BOTTOM, Cell, Key, Link, Net, Strip, Way, net_of, packed

TRACK, MARGIN = 12, 12  # pixels a track takes, and between the outer tracks or labels and the cards
ARROW = 14  # pixels that a joint takes beside the gap that all siblings have: an arrow and a bit of its shaft
STUBS = 0.8  # of the gap: what is seen of a wire beside its label
LABEL_ROOM, APART = 88, 6  # pixels; a label is broken to this, and stands this far from the next
LEAST_CARD = 56
TALLER = 1.25  # a card is at most so high for its width or for its text, whichever is more


class Route(NamedTuple):
    points: list[Point]
    label: Point | None


class _Channel(NamedTuple):
    """Between two rows, from above: labels of the upper cards, tracks, labels of the lower cards."""

    upper: list[list[Strip]]
    tracks: list[list[Strip]]
    lower: list[list[Strip]]


class Labels(NamedTuple):
    """Of links, set."""

    font: Font
    lines: list[list[str]]
    sizes: list[tuple[float, float]]


@dataclass(slots=True)
class Plan:
    cells: Sequence[Cell]
    links: Sequence[Link]
    labels: list[list[str]]
    sizes: list[tuple[float, float]]
    font: Font
    net: Net
    lefts: list[float] = field(default_factory=list)
    wide: float = 0
    ends: list[tuple[float, float]] = field(default_factory=list)  # where each link leaves and enters, across
    climbs: list[float] = field(default_factory=list)  # where it changes rows, across
    channels: list[_Channel] = field(default_factory=list)


class Grid(NamedTuple):
    cards: list[Rect]
    routes: list[Route]


def labels_of(sheet: Sheet, links: Sequence[Link], font: Font) -> Labels:
    lines = [_label(sheet, link, font) for link in links]
    return Labels(font, lines, [pill_size(one, font) if one else (0.0, 0.0) for one in lines])


def across(sheet: Sheet, cells: Sequence[Cell], links: Sequence[Link], labels: Labels) -> Plan:
    plan = Plan(cells, links, labels.lines, labels.sizes, labels.font, net_of(tuple(cells), tuple(links)))
    _columns(sheet, plan)
    return plan


def _label(sheet: Sheet, link: Link, font: Font) -> list[str]:
    text = sheet.items[link.at].get("label")
    if not text:
        return []
    widest = max([font.face[word] for word in text.split()]) * font.size
    return lines_of(link.at, "label", text, font, max(LABEL_ROOM, widest + 1))


def joint(sheet: Sheet, label: float) -> float:
    """How far two cards stand apart that are joined, with a label of this size on their connector."""
    return label + sheet.gap * STUBS + ARROW if label else sheet.gap + ARROW


# ---- across ----


def _columns(sheet: Sheet, plan: Plan) -> None:
    """Column gaps by what runs in them, and the cards' common width by what they leave."""
    columns = max([column for _, column in plan.cells]) + 1
    gaps = [0.0, *[float(sheet.gap)] * (columns - 1), 0.0]
    for link, way, (wide, _) in zip(plan.links, plan.net.ways, plan.sizes, strict=True):
        if way is None:
            at = max(plan.cells[link.a][1], plan.cells[link.b][1])
            gaps[at] = max(gaps[at], joint(sheet, wide))
    climbing = plan.net.climbs
    for at, tracks in enumerate(climbing):
        if tracks:
            gaps[at] = max(gaps[at], (len(tracks) + 1) * TRACK)
    plan.wide = (sheet.body.w - sum(gaps)) / columns
    if plan.wide < LEAST_CARD:
        overflow(plan.links[0].at)
    x = sheet.body.x
    plan.climbs = [0.0] * len(plan.links)
    for at, gap in enumerate(gaps):
        for track, numbers in enumerate(climbing[at]):
            for number in numbers:
                plan.climbs[number] = x + gap * (track + 1) / (len(climbing[at]) + 1)
        x += gap
        plan.lefts.append(x)
        x += plan.wide


def _ports(plan: Plan) -> None:
    """Where links leave and enter the upper and lower sides of cards: evenly."""
    ends = [[0.0, 0.0] for _ in plan.links]
    taken: dict[tuple[int, int], list[float]] = {}  # by channel and column: the ports of the upper card
    for card, side, ports in plan.net.ports:
        row, column = plan.cells[card]
        above = taken.setdefault((row + (side == BOTTOM), column), [])
        places = [plan.lefts[column] + plan.wide * (place + 1) / (len(ports) + 1) for place in range(len(ports))]
        if side == BOTTOM:
            above += places
        elif len(ports) + len(above) > 2:  # more than one link straight down: their wires stay apart
            places = [x + TRACK / 2 if any(abs(x - other) < TRACK / 3 for other in above) else x for x in places]
        for x, found in zip(places, ports, strict=True):
            for number, end in found:
                ends[number][end] = x
    plan.ends = [(start, end) for start, end in ends]


def _fill(sheet: Sheet, plan: Plan) -> None:
    """The channels between rows: each wire on a track and each label in a row where it meets no other."""
    rows = max([row for row, _ in plan.cells]) + 1
    wires: list[dict[Key, tuple[float, float]]] = [{} for _ in range(rows + 1)]
    upper: list[list[Strip]] = [[] for _ in range(rows + 1)]
    lower: list[list[Strip]] = [[] for _ in range(rows + 1)]
    for number, way in enumerate(plan.net.ways):
        if way is None:
            continue
        for channel, key, start, end in _pieces(plan, number, way):
            if abs(start - end) >= 1:
                low, high = wires[channel].get(key, (start, start))
                wires[channel][key] = min(low, start, end), max(high, start, end)
        if plan.labels[number]:
            far = plan.net.keys[number][0] != "enters"  # at the end that is its own
            beside = (way.enters if far else way.leaves) == BOTTOM
            wide, body = plan.sizes[number][0], sheet.body
            x = min(max(plan.ends[number][far], body.x + wide / 2), body.right - wide / 2)
            strip = Strip(x - wide / 2, x + wide / 2, ("link", number, 0))
            (upper if beside else lower)[way.last if far else way.first].append(strip)
    for channel, found in enumerate(wires):
        tracks = packed([Strip(low, high, key) for key, (low, high) in found.items()], TRACK)
        plan.channels.append(_Channel(packed(upper[channel], APART), tracks, packed(lower[channel], APART)))


def _pieces(plan: Plan, number: int, way: Way) -> list[tuple[int, Key, float, float]]:
    """The horizontal pieces of a way: channel, what it runs together with there, from and to where."""
    start, end = plan.ends[number]
    key, own = plan.net.keys[number], ("link", number, 0)
    if way.column < 0:
        return [(way.first, key, start, end)]
    climb = plan.climbs[number]
    return [
        (way.first, key if key[0] == "leaves" else own, start, climb),
        (way.last, key if key[0] == "enters" else own, climb, end),
    ]


# ---- down ----


def down(sheet: Sheet, plan: Plan, heights: Sequence[float], blamed: int, above: float = 0, below: float = 0) -> Grid:
    """Rows as high as their highest card, stretched to the body less what is kept `above` and `below`; `blamed` is the
    component to name where they do not fit."""
    rows, net = len(plan.net.beside), plan.net
    natural = _natural(plan, heights, net.beside)
    room = sheet.body.h - above - below
    if sum(natural) > (free := room - joint(sheet, 0) * (rows - 1)):  # even with nothing in the channels
        overflow(blamed, excess=sum(natural) / max(1.0, free))
    _ports(plan)
    _fill(sheet, plan)
    gaps = [_deep(sheet, plan, channel, 0 < at < rows) for at, channel in enumerate(plan.channels)]
    room -= sum(gaps)
    stretched = spread(natural, room, 0, blamed)
    tall = [min(high, max(plan.wide, low) * TALLER) for high, low in zip(stretched, natural, strict=True)]
    slack = room - sum(tall)
    inner = slack * 0.6 / (rows - 1) if rows > 1 else 0.0  # what is left goes between the rows and around them
    y = sheet.body.y + above + (slack - inner * (rows - 1)) / 2
    tops, levels = list[float](), dict[tuple[int, Key, bool], float]()
    for at, gap in enumerate(gaps):
        deep = gap + (inner if 0 < at < rows else 0)
        _level(plan, at, y, deep, levels)
        y += deep
        if at < rows:
            tops.append(y)
            y += tall[at]
    cards = [Rect(plan.lefts[column], tops[row], plan.wide, tall[row]) for row, column in plan.cells]
    return Grid(cards, _routes(plan, cards, levels, net.beside))


def _natural(plan: Plan, heights: Sequence[float], beside: list[dict[int, list[int]]]) -> list[float]:
    natural = [0.0] * len(beside)
    for (row, _), high in zip(plan.cells, heights, strict=True):
        natural[row] = max(natural[row], high)
    for row, gaps in enumerate(beside):
        for numbers in gaps.values():
            natural[row] = max(natural[row], sum([plan.sizes[number][1] + APART for number in numbers]) + APART)
    return natural


def _deep(sheet: Sheet, plan: Plan, channel: _Channel, inner: bool) -> float:
    """How high a channel is."""
    needed = float(len(channel.tracks) * TRACK)
    needed += sum([_label_row(plan, row) for row in (*channel.upper, *channel.lower)])
    least = joint(sheet, 0) if inner else 0
    return max(least, needed + 2 * MARGIN) if needed else least


def _label_row(plan: Plan, row: list[Strip]) -> float:
    return max([plan.sizes[strip.what[1]][1] for strip in row]) + APART


def _level(plan: Plan, at: int, top: float, deep: float, levels: dict[tuple[int, Key, bool], float]) -> None:
    """The middle of each track and of each label of a channel."""
    channel = plan.channels[at]
    y = top + MARGIN
    for row in channel.upper:
        high = _label_row(plan, row)
        levels.update({(at, strip.what, True): y + high / 2 for strip in row})
        y += high
    foot = top + deep - MARGIN
    for row in channel.lower:
        high = _label_row(plan, row)
        levels.update({(at, strip.what, True): foot - high / 2 for strip in row})
        foot -= high
    step = (foot - y) / max(1, len(channel.tracks))
    for place, row in enumerate(channel.tracks):
        levels.update({(at, strip.what, False): y + step * (place + 0.5) for strip in row})


def _routes(
    plan: Plan, cards: list[Rect], levels: dict[tuple[int, Key, bool], float], beside: list[dict[int, list[int]]]
) -> list[Route]:
    routes: list[Route] = []
    for number, (link, way) in enumerate(zip(plan.links, plan.net.ways, strict=True)):
        if way is None:
            routes.append(Route([], None))
            continue
        a, b = cards[link.a], cards[link.b]
        start, end = plan.ends[number]
        points = [(start, a.bottom if way.leaves == BOTTOM else a.y)]
        for channel, key, left, right in _pieces(plan, number, way):
            if abs(left - right) >= 1:
                y = levels[channel, key, False]
                points += [(left, y), (right, y)]
        points.append((end if len(points) > 1 else start, b.bottom if way.enters == BOTTOM else b.y))
        routes.append(Route(points, _named(plan, number, way, levels)))
    for row in beside:
        for numbers in row.values():
            _straight(plan, cards, routes, numbers)
    return routes


def _named(plan: Plan, number: int, way: Way, levels: dict[tuple[int, Key, bool], float]) -> Point | None:
    """The middle of a link's label."""
    if not plan.labels[number]:
        return None
    channel = plan.channels[at := way.first if plan.net.keys[number][0] == "enters" else way.last]
    what = ("link", number, 0)
    strip = next(strip for row in (*channel.upper, *channel.lower) for strip in row if strip.what == what)
    return (strip.start + strip.end) / 2, levels[at, what, True]


def _straight(plan: Plan, cards: list[Rect], routes: list[Route], numbers: list[int]) -> None:
    """Connectors between two neighbours, under each other about the middle."""
    sizes = [max(2.0 * TRACK, plan.sizes[number][1] + APART) for number in numbers]
    card = cards[plan.links[numbers[0]].a]
    y = card.y + (card.h - sum(sizes)) / 2
    for number, size in zip(numbers, sizes, strict=True):
        a, b = cards[plan.links[number].a], cards[plan.links[number].b]
        start, end = (a.right, b.x) if b.x > a.x else (a.x, b.right)
        middle = y + size / 2
        name = ((start + end) / 2, middle) if plan.labels[number] else None
        routes[number] = Route([(start, middle), (end, middle)], name)
        y += size


# ---- drawing ----


def drawn(sheet: Sheet, plan: Plan, grid: Grid) -> list[Box]:
    """The boxes of all links; their wires go under the cards."""
    boxes = []
    for link, lines, (wide, high), route in zip(plan.links, plan.labels, plan.sizes, grid.routes, strict=True):
        boxes += link_boxes(sheet, link.at, route, lines, wide, high, plan.font)
    return boxes


def link_boxes(
    sheet: Sheet, at: int, route: Route, lines: list[str], wide: float, high: float, font: Font
) -> list[Box]:
    xs, ys = [x for x, _ in route.points], [y for _, y in route.points]
    sheet.under.append(wire(sheet, route.points))
    boxes = [Box(at, min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys), [head(sheet, route.points)], False)]
    if route.label:
        x, y = route.label
        boxes.append(Box(at, x - wide / 2, y - high / 2, wide, high, label(sheet, x, y, lines, font)))
    return boxes
