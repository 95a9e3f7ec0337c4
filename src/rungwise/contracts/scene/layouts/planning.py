"""Where the cards and labels of a graph go: of all outlines the one that suits its text best, measured and routed."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from math import sqrt
from typing import Any, NamedTuple

from rungwise.contracts.scene.kit import (
    SCALES,
    Font,
    Point,
    Rect,
    Sheet,
    Stack,
    first_fit,
    font_of,
    grown,
    lines_of,
    once,
    overflow,
    pill_size,
)
from rungwise.contracts.scene.layouts.channels import MARGIN, Field, routes, sides
from rungwise.contracts.scene.layouts.layers import Bands
from rungwise.contracts.scene.layouts.pills import label_spot, segments
from rungwise.contracts.scene.layouts.zones import STRIP
from rungwise.contracts.scene.sheet import GAP

CHANNEL, TRACK, MOST_TRACKS = 42, 9, 9  # pixels of a channel at the least, of each way in it, and how many count
STUB = 12  # pixels of an edge seen on either side of its label
WIDEST_CHANNEL = 140
NARROWEST, WIDEST = 84, 350  # pixels of a card
BETWEEN = 25  # pixels between cards of a column
BANDS = 40  # pixels between bands
ROUND = 9  # pixels for each way that may lead round above and below all cards; and how many count
MOST_ROUND = 4
LABEL_ROOM = 92  # pixels, to which a label is broken
LANE = 10  # pixels of a lane around its cards
STRETCH = 0.8  # of the height to spare that cards take rather than the gaps between them
TALLER = 1.9  # than its text is a card at most
MOST_COLUMNS = {"wide": 7, "square": 5, "tall": 4}
LONGEST = 3  # items by which the room for text is guessed
TRIED = 4  # outlines, the best first
READABLE = 120  # pixels of a line of text that is not narrow
LIKED = 1.8  # a card's width by its height
TITLE, TEXT = (9.0, 22.0), (6.4, 17.5)  # pixels of a letter and of a line
Setting = Callable[[Sheet, float, float], Callable[[int], Stack]]  # at a width and a growth: a card's text


class Task(NamedTuple):
    cards: list[int]
    edges: list[int]
    pairs: list[tuple[int, int]]  # of cards, for each edge


class Name(NamedTuple):
    """An edge's label, set."""

    lines: list[str]
    size: tuple[float, float]


class Plan(NamedTuple):
    cards: list[Rect]
    texts: list[Stack]
    ways: list[list[Point]]
    names: Sequence[Name]
    spots: list[Point | None]
    bands: list[tuple[float, float]]  # from where to where each goes
    font: Font
    pad: float


def planned(sheet: Sheet, task: Task, outlines: Sequence[tuple[float, Bands]], setting: Setting) -> Plan:
    """The best outline that fits, in type as large as it fits."""
    needs = once(sheet, "needs", lambda: _needs(sheet, task))
    named = sum([bool(sheet.items[at]) for at in task.edges]) / max(len(task.edges), 1)
    rated = [(weight * _worth(sheet, bands, needs, named), at, bands) for at, (weight, bands) in enumerate(outlines)]
    rated = sorted(rated, key=lambda one: -one[0])[:TRIED]
    least = rated[0][0] * (sheet.scale if sheet.scale > SCALES[-1] else 0)  # a worse outline, or smaller type
    worthy: dict[Hashable, Bands] = {at: bands for worth, at, bands in rated if worth >= least}

    def measure(growth: float) -> Plan:
        font = font_of(sheet, "text", 12 * min(growth, 1.25))
        names = [_name(sheet, at, font) for at in task.edges]
        plan = partial(_plan, sheet, task, setting=setting, growth=growth, font=font, names=names)
        return first_fit(sheet, growth, worthy, plan)

    return grown(sheet, measure)


def _needs(sheet: Sheet, task: Task) -> list[tuple[int, list[int]]]:
    """The longest of the items."""
    return sorted([_letters(sheet.items[at]) for at in task.cards], key=lambda one: -one[0] - sum(one[1]))[:LONGEST]


def _letters(item: Mapping[str, Any]) -> tuple[int, list[int]]:
    """How long the title is, and every paragraph below it."""
    below = [value if isinstance(value, list) else [value] for name, value in item.items() if name != "title"]
    return len(item["title"]), [len(text) for texts in below for text in texts]


def _worth(sheet: Sheet, bands: Bands, needs: Sequence[tuple[int, list[int]]], named: float) -> float:
    """A guess at how large the text can be, and how well the cards are shaped."""
    columns, rows = len(bands[0]), sum([max(map(len, band)) for band in bands])
    channel = CHANNEL + 2 * TRACK + named * LABEL_ROOM / 2
    wide = min((sheet.body.w - (columns - 1) * channel) / columns, WIDEST)
    high = (sheet.body.h - (rows - 1) * BETWEEN - (len(bands) - 1) * (BANDS - BETWEEN)) / rows
    inner, room = wide - 2 * sheet.pad, high - sheet.pad - STRIP
    if inner < NARROWEST / 2 or room < TITLE[1] / 2:
        return 0.001 * max(min(wide, high), 0.0)
    needed = max(
        [_deep(title, TITLE, inner) + sum([_deep(one, TEXT, inner) for one in below]) for title, below in needs]
    )
    shape = wide / min(high, needed * TALLER + sheet.pad + STRIP)
    return min(sqrt(min(room / needed, 2.0)), inner / READABLE) * sqrt(min(shape / LIKED, LIKED / shape))


def _deep(letters: int, kind: tuple[float, float], width: float) -> float:
    return -(-letters * kind[0] // width) * kind[1]


def _plan(
    sheet: Sheet, task: Task, bands: Bands, setting: Setting, growth: float, font: Font, names: Sequence[Name]
) -> Plan:
    pad = round(sheet.pad * sheet.scale, 1)
    columns = {node: place for band in bands for place, column in enumerate(band) for node in column}
    channels, wide = _channels(sheet, task, names, columns, len(bands[0]))
    text = setting(sheet, wide - 2 * pad, growth)
    texts = [text(at) for at in task.cards]
    natural = [text.h + 2 * pad + STRIP for text in texts]
    spans, middles, heights = _rows(sheet, task, names, bands, natural)
    cards = [
        Rect(channels[columns[node]][1], middles[node] - heights[node] / 2, wide, heights[node])
        for node in range(len(texts))
    ]
    body = sheet.body
    ground = Field(cards, [columns[node] for node in range(len(cards))], channels, body.y, body.bottom)
    ways = routes(ground, task.pairs)
    if ways is None:
        overflow(task.edges[0])
    return Plan(cards, texts, ways, names, _spots(sheet, task, cards, ways, names), spans, font, pad)


def _name(sheet: Sheet, at: int, font: Font) -> Name:
    text = sheet.items[at].get("label")
    if not text:
        return Name([], (0.0, 0.0))
    widest = max([font.face[word] for word in text.split()]) * font.size
    lines = lines_of(at, "label", text, font, max(LABEL_ROOM * sheet.scale, widest + 1))
    return Name(lines, pill_size(lines, font))


# ---- across ----


def _channels(
    sheet: Sheet, task: Task, names: Sequence[Name], columns: Mapping[int, int], count: int
) -> tuple[list[tuple[float, float]], float]:
    """The channels from the left, as wide as what runs in them asks for, and how wide a card is."""
    nets: list[tuple[set[int], set[int]]] = [(set(), set()) for _ in range(count + 1)]
    widths = [0.0, *[float(CHANNEL)] * (count - 1), 0.0]
    for (a, b), name in zip(task.pairs, names, strict=True):
        leave, enter = sides(columns[a], columns[b], count)
        nets[leave][0].add(a)
        nets[enter][1].add(b)
        if name.lines and columns[a] != columns[b]:
            widths[enter] = max(widths[enter], name.size[0] + 2 * STUB)
    for at, (left, reached) in enumerate(nets):
        several = min(max(min(len(left), len(reached)), 1 if left or reached else 0), MOST_TRACKS)
        if several and (0 < at < count or count == 1):
            widths[at] = max(widths[at], 2 * MARGIN + TRACK * (several + 1))
    widths[1:-1] = [width + _more(sheet) for width in widths[1:-1]]
    wide = (sheet.body.w - sum(widths)) / count
    if wide < NARROWEST:
        overflow(task.cards[0])
    over = min((wide - WIDEST) * count / max(count - 1, 1), WIDEST_CHANNEL - CHANNEL)
    if over > 0 and count > 1:
        widths = [width + over * (0 < at < count) for at, width in enumerate(widths)]
        wide = (sheet.body.w - sum(widths)) / count
    channels, x = [], sheet.body.x
    for width in widths:
        channels.append((x, x + width))
        x += width + wide
    return channels, wide


def _more(sheet: Sheet) -> float:
    """What the scene's gap adds to every distance, or takes from it."""
    return float(sheet.gap - GAP["md"])


# ---- down ----


def _rows(
    sheet: Sheet, task: Task, names: Sequence[Name], bands: Bands, natural: Sequence[float]
) -> tuple[list[tuple[float, float]], dict[int, float], list[float]]:
    """From where to where each band goes, the cards' middles, and how high they are: all alike where that goes."""
    gaps = _gaps(sheet, task, names)
    round_ = max(LANE, ROUND * min(MOST_ROUND, sum([abs(place) > 1 for place in _jumps(bands, task.pairs)])))
    between = max(BANDS, *[name.size[1] + 2 * STUB + 4 for name in names]) if names else BANDS
    between += _more(sheet)
    room = sheet.body.h - 2 * round_ - between * (len(bands) - 1)
    alike = [max(natural)] * len(natural)
    deep = [_deepest(band, alike, gaps) for band in bands]
    if sum(deep) > room:
        alike = list(natural)
        deep = [_deepest(band, alike, gaps) for band in bands]
    if sum(deep) > room:
        overflow(task.cards[natural.index(max(natural))], excess=sum(deep) / max(1.0, room))
    rows = [max(map(len, band)) for band in bands]
    spare = room - sum(deep)
    grow = min(spare / sum(rows), max(natural) * (TALLER - 1)) * STRETCH
    heights = [high + grow for high in alike]
    spans, middles, y = [], dict[int, float](), sheet.body.y + round_
    for band, low, row in zip(bands, deep, rows, strict=True):
        high = low + spare * row / sum(rows)
        spans.append((y, y + high))
        _settled(band, heights, gaps, spans[-1], task.pairs, middles)
        y += high + between
    return spans, middles, heights


def _jumps(bands: Bands, pairs: Sequence[tuple[int, int]]) -> list[int]:
    columns = {node: place for band in bands for place, column in enumerate(band) for node in column}
    return [columns[b] - columns[a] for a, b in pairs]


Gaps = Callable[[int, int], float]


def _gaps(sheet: Sheet, task: Task, names: Sequence[Name]) -> Gaps:
    """How far two cards of a column must be from each other: further where an edge joins them."""
    joined: dict[tuple[int, int], float] = {}
    for pair, name in zip(task.pairs, names, strict=True):
        joined[min(pair), max(pair)] = max(joined.get((min(pair), max(pair)), 0.0), name.size[1])
    least = BETWEEN + _more(sheet) / 2

    def gap(one: int, other: int) -> float:
        label = joined.get((min(one, other), max(one, other)))
        return least if label is None else label + 2 * STUB + 4

    return gap


def _deepest(band: Sequence[Sequence[int]], heights: Sequence[float], gaps: Gaps) -> float:
    return max([
        sum([heights[node] for node in column]) + sum([gaps(a, b) for a, b in pairwise(column)]) for column in band
    ])  # fmt: skip


def _settled(
    band: Sequence[list[int]], heights: Sequence[float], gaps: Gaps, span: tuple[float, float],
    pairs: Sequence[tuple[int, int]], middles: dict[int, float],
) -> None:  # fmt: skip
    """The middles of a band's cards: the fullest columns evenly, others as near to what they are joined to as goes."""
    near: dict[int, list[int]] = {}
    for a, b in pairs:
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    fullest = max(range(len(band)), key=lambda at: len(band[at]))
    here = set[int]()
    for at in (*range(fullest, -1, -1), *range(fullest + 1, len(band))):
        column, wanted = band[at], []
        for place, node in enumerate(column):
            known = [middles[other] for other in near.get(node, ()) if other in here]
            even = span[0] + (span[1] - span[0]) * (place + 0.5) / len(column)
            wanted.append(sum(known) / len(known) if known and len(column) < len(band[fullest]) else even)
        middles.update(zip(column, _apart(column, wanted, heights, gaps, span), strict=True))
        here.update(column)


def _apart(
    column: Sequence[int], wanted: Sequence[float], heights: Sequence[float], gaps: Gaps, span: tuple[float, float]
) -> list[float]:
    """The middles nearest to what is wanted that keep the cards apart and within the span."""
    steps = [(heights[a] + heights[b]) / 2 + gaps(a, b) for a, b in pairwise(column)]
    down, up = list(wanted), list(wanted)
    for at, step in enumerate(steps):
        down[at + 1] = max(wanted[at + 1], down[at] + step)
    for at in range(len(steps) - 1, -1, -1):
        up[at] = min(wanted[at], up[at + 1] - steps[at])
    found = [(low + high) / 2 for low, high in zip(down, up, strict=True)]
    for at in range(len(column) - 1, -1, -1):
        most = span[1] - heights[column[at]] / 2 if at == len(column) - 1 else found[at + 1] - steps[at]
        found[at] = min(found[at], most)
    for at in range(len(column)):
        least = span[0] + heights[column[at]] / 2 if at == 0 else found[at - 1] + steps[at - 1]
        found[at] = max(found[at], least)
    return found


# ---- labels ----


def _spots(
    sheet: Sheet, task: Task, cards: Sequence[Rect], ways: Sequence[Sequence[Point]], names: Sequence[Name]
) -> list[Point | None]:
    taken, found = list(cards), list[Point | None]()
    runs = [segments(way) for way in ways]
    for number, (at, way, name) in enumerate(zip(task.edges, ways, names, strict=True)):
        if not name.lines:
            found.append(None)
            continue
        others = [run for other, several in enumerate(runs) if other != number for run in several]
        spot = label_spot(way, name.size, sheet.body, taken, others)
        if spot is None:
            overflow(at, "label")
        taken.append(Rect(spot[0] - name.size[0] / 2, spot[1] - name.size[1] / 2, *name.size))
        found.append(spot)
    return found
