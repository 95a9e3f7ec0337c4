"""A decision tree: down or to the right, whichever has more room for its cards; a long thin one in rows, as a graph."""

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from rungwise.contracts.scene.kit import (
    Box,
    Draw,
    Font,
    Rect,
    Sheet,
    Stack,
    air_for,
    at_of,
    card,
    first_fit,
    font_of,
    grown,
    lines_of,
    look,
    once,
    overflow,
    pill,
    pill_size,
    room_for,
    spread,
    stack,
    written,
)
from rungwise.contracts.scene.layouts.joined import ACROSS, LONG_WORD, STRIP, arrangements, links_of
from rungwise.contracts.scene.palette import hue_of, tint
from rungwise.contracts.scene.routing import Labels, Route, across, down, labels_of, link_boxes
from rungwise.contracts.scene.ways import Cell, Link

LIKED = {"down": (150, 118), "right": (225, 74), "rows": (235, 165)}  # pixels that a card likes to have, with its ways
LAST = 0.75  # what rows must be better by: a tree that can be seen is worth some room
WIDEST = 330  # of a card that has its level to itself
BUS, ARROW = 14, 24  # from a parent to where its ways part; from a label to the child
LEAST, MOST = 22, 52  # of the way between two levels, beside the gap; what it takes of spare room
LABEL_ROOM = 92  # of a label beside a card
ENTRY = 20  # from the entry's badge to the first card
TALLER = 1.35  # than its text, at most


class _Tree(NamedTuple):
    cards: list[int]  # components
    links: list[Link]
    into: list[int]  # by card: the link that leads to it, or -1
    below: list[list[int]]  # by card: its children
    depth: list[int]
    order: list[int]  # the cards, each before what is below it and that before its next sibling

    @property
    def levels(self) -> int:
        return max(self.depth) + 1

    @property
    def leaves(self) -> list[int]:
        return [one for one in self.order if not self.below[one]]


class _Placed(NamedTuple):
    places: list[Rect]
    texts: list[Stack]
    routes: list[Route]  # by link
    labels: list[list[str]]
    font: Font
    entry: tuple[float, float]  # the middle of the lower edge of its badge


def decision_tree(sheet: Sheet) -> Draw:
    cards = at_of(sheet, "decision_node", "outcome_panel")
    tree = once(sheet, "tree", lambda: _tree(cards, links_of(sheet, "decision_edge", cards)))
    ways = _ways(sheet, tree)
    placed = grown(sheet, lambda growth: first_fit(sheet, growth, ways, lambda way: way(sheet, tree, growth)))
    return lambda: [*_entry(sheet, placed), *_cards(sheet, tree, placed), *_links(sheet, tree, placed)]


def _tree(cards: list[int], links: list[Link]) -> _Tree:
    into, below = [-1] * len(cards), [list[int]() for _ in cards]
    for number, link in enumerate(links):
        into[link.b] = number
        below[link.a].append(link.b)
    depth, order, todo = [0] * len(cards), list[int](), [into.index(-1)]
    while todo:
        one = todo.pop()
        order.append(one)
        for child in below[one]:
            depth[child] = depth[one] + 1
        todo += reversed(below[one])
    return _Tree(cards, links, into, below, depth, order)


def _ways(sheet: Sheet, tree: _Tree) -> dict[Hashable, Callable[[Sheet, _Tree, float], _Placed]]:
    """The three ways to lay it out, first the one with most room for each card."""
    body, leaves, levels = sheet.body, len(tree.leaves), tree.levels
    rows = -(-len(tree.cards) // ACROSS[sheet.scene.attribute("canvas")])
    shares = {
        "down": (body.w / leaves, body.h / levels),
        "right": (body.w / levels, body.h / leaves),
        "rows": (body.w / -(-len(tree.cards) // rows), body.h / rows),
    }
    ways = {"down": _down, "right": _right, "rows": _rows}
    fit = {name: min(1.0, wide / LIKED[name][0], high / LIKED[name][1]) for name, (wide, high) in shares.items()}
    fit["rows"] *= LAST
    return {name: ways[name] for name in sorted(ways, key=lambda name: -fit[name])}


# ---- down ----


def _down(sheet: Sheet, tree: _Tree, growth: float) -> _Placed:
    body, font = sheet.body, font_of(sheet, "text", 12 * min(growth, 1.25))
    slot = (body.w - sheet.gap * (len(tree.leaves) - 1)) / len(tree.leaves)
    spans = _spans(tree, body.x, slot, sheet.gap)
    wides = [min(right - left, WIDEST) for left, right in spans]
    middles = [(left + right) / 2 for left, right in spans]
    labels = [_label(sheet, link, font, min(slot, WIDEST)) for link in tree.links]
    sizes = [pill_size(lines, font)[1] if lines else 0.0 for lines in labels]
    texts = _texts(sheet, tree, wides, growth)
    natural, gaps = [0.0] * tree.levels, [float(LEAST + sheet.gap)] * (tree.levels - 1)
    for one, text in enumerate(texts):
        natural[tree.depth[one]] = max(natural[tree.depth[one]], _height(sheet, text))
    for link, high in zip(tree.links, sizes, strict=True):
        at = tree.depth[link.a]
        gaps[at] = max(gaps[at], BUS + high + ARROW + sheet.gap / 2 if high else 0)
    entry = _entry_height(sheet)
    tops, highs = _levels(sheet, tree, natural, gaps, entry)
    places = [
        Rect(middle - wide / 2, tops[level], wide, highs[level])
        for middle, wide, level in zip(middles, wides, tree.depth, strict=True)
    ]
    routes = []
    for link, high in zip(tree.links, sizes, strict=True):
        (x, y), (ex, ey) = (middles[link.a], places[link.a].bottom), (middles[link.b], places[link.b].y)
        bus = y + (ey - y - high - ARROW) / 2 if high else (y + ey) / 2
        points = [(x, y), (ex, ey)] if abs(x - ex) < 1 else [(x, y), (x, bus), (ex, bus), (ex, ey)]
        routes.append(Route(points, (ex, ey - ARROW - high / 2 + 3) if high else None))
    first = places[tree.order[0]]
    return _Placed(places, texts, routes, labels, font, (first.x + first.w / 2, first.y - ENTRY))


def _spans(tree: _Tree, x: float, slot: float, gap: float) -> list[tuple[float, float]]:
    """From where to where each card's leaves reach, across."""
    spans = [(0.0, 0.0)] * len(tree.cards)
    for place, one in enumerate(tree.leaves):
        spans[one] = (x + place * (slot + gap), x + place * (slot + gap) + slot)
    for one in reversed(tree.order):
        if tree.below[one]:
            spans[one] = (spans[tree.below[one][0]][0], spans[tree.below[one][-1]][1])
    return spans


def _levels(
    sheet: Sheet, tree: _Tree, natural: list[float], gaps: list[float], entry: float
) -> tuple[list[float], list[float]]:
    """Where each level begins and how high it is."""
    room = sheet.body.h - entry - sum(gaps)
    highest = natural.index(max(natural))
    tall = spread(natural, room, 0, tree.cards[tree.depth.index(highest)])
    highs = [min(high, low * TALLER) for high, low in zip(tall, natural, strict=True)]
    more = min(MOST, (room - sum(highs)) / max(1, len(gaps)))
    y = sheet.body.y + entry + (room - sum(highs) - more * len(gaps)) / 2
    tops = [y]
    for high, gap in zip(highs, gaps, strict=False):
        tops.append(tops[-1] + high + gap + more)
    return tops, highs


# ---- to the right ----


def _right(sheet: Sheet, tree: _Tree, growth: float) -> _Placed:
    body, font = sheet.body, font_of(sheet, "text", 12 * min(growth, 1.25))
    labels = [_label(sheet, link, font, LABEL_ROOM + font.size * 1.5) for link in tree.links]
    sizes = [pill_size(lines, font) if lines else (0.0, 0.0) for lines in labels]
    gaps = [float(LEAST + sheet.gap)] * (tree.levels - 1)
    for link, (wide, _) in zip(tree.links, sizes, strict=True):
        at = tree.depth[link.a]
        gaps[at] = max(gaps[at], BUS + wide + ARROW + sheet.gap / 2 if wide else 0)
    wide = min((body.w - sum(gaps)) / tree.levels, WIDEST)
    more = min((body.w - sum(gaps) - wide * tree.levels) / max(1, len(gaps)), MOST)
    x = body.x + (body.w - sum(gaps) - more * len(gaps) - wide * tree.levels) / 2
    lefts = [x]
    for gap in gaps:
        lefts.append(lefts[-1] + wide + gap + more)
    texts = _texts(sheet, tree, [wide] * len(tree.cards), growth)
    places = _beside(sheet, tree, [_height(sheet, text) for text in texts], lefts, wide)
    routes = []
    for link, (long, _) in zip(tree.links, sizes, strict=True):
        a, b = places[link.a], places[link.b]
        (x, y), (ex, ey) = (a.right, a.y + a.h / 2), (b.x, b.y + b.h / 2)
        bus = x + (ex - x - long - ARROW) / 2 if long else (x + ex) / 2
        points = [(x, y), (ex, ey)] if abs(y - ey) < 1 else [(x, y), (bus, y), (bus, ey), (ex, ey)]
        routes.append(Route(points, (ex - ARROW - long / 2 + 3, ey) if long else None))
    first = places[tree.order[0]]
    return _Placed(places, texts, routes, labels, font, (first.x + first.w / 2, first.y - ENTRY))


def _beside(sheet: Sheet, tree: _Tree, heights: list[float], lefts: list[float], wide: float) -> list[Rect]:
    """Every card in the middle of what is below it, each leaf with the same share of what room is left."""
    entry, apart = _entry_height(sheet), max(12.0, sheet.gap * 0.7)
    root = tree.order[0]
    needed = _extents(tree, heights, apart, root, entry)
    spare = sheet.body.h - needed[root]
    if spare < 0:
        overflow(tree.cards[heights.index(max(heights))], excess=needed[root] / sheet.body.h)
    share = spare / len(tree.leaves)
    grown = [high + (share if not tree.below[one] else 0) for one, high in enumerate(heights)]
    extents = _extents(tree, grown, apart, root, entry)
    tops = [0.0] * len(heights)
    tops[root] = sheet.body.y + (sheet.body.h - extents[root]) / 2
    places = [Rect(0, 0, 0, 0)] * len(heights)
    for one in tree.order:
        high = min(heights[one] + share * 0.5, heights[one] * TALLER)
        lead = entry if one == root else 0
        top = tops[one] + (extents[one] - high - lead) / 2 + lead
        places[one] = Rect(lefts[tree.depth[one]], top, wide, high)
        inner = sum([extents[child] for child in tree.below[one]]) + apart * (len(tree.below[one]) - 1)
        y = tops[one] + (extents[one] - inner) / 2
        for child in tree.below[one]:
            tops[child] = y
            y += extents[child] + apart
    return places


def _extents(tree: _Tree, heights: list[float], apart: float, root: int, entry: float) -> list[float]:
    extents = list(heights)
    extents[root] += 2 * entry  # above it its badge, below it as much, so that it stays in the middle
    for one in reversed(tree.order):
        if tree.below[one]:
            inner = sum([extents[child] for child in tree.below[one]]) + apart * (len(tree.below[one]) - 1)
            extents[one] = max(extents[one], inner)
    return extents


# ---- in rows ----


def _rows(sheet: Sheet, tree: _Tree, growth: float) -> _Placed:
    """Parents before children, in lines that turn at the end."""
    ways = arrangements(sheet, len(tree.cards), growth)
    labels = labels_of(sheet, tree.links, font_of(sheet, "text", 12 * min(growth, 1.25)))
    return first_fit(sheet, growth, ways, lambda spots: _in_rows(sheet, tree, labels, growth, spots))


def _in_rows(sheet: Sheet, tree: _Tree, labels: Labels, growth: float, spots: list[Cell]) -> _Placed:
    cells = [(0, 0)] * len(tree.cards)
    for spot, one in zip(spots, tree.order, strict=True):
        cells[one] = spot
    plan, entry = across(sheet, cells, tree.links, labels), _entry_height(sheet)
    texts = _texts(sheet, tree, [plan.wide] * len(tree.cards), growth)
    heights = [_height(sheet, text) for text in texts]
    grid = down(sheet, plan, heights, tree.cards[heights.index(max(heights))], above=entry)
    first = grid.cards[tree.order[0]]
    badge = (first.x + first.w / 2, first.y - ENTRY)
    return _Placed(grid.cards, texts, grid.routes, plan.labels, plan.font, badge)


# ---- what all ways share ----


def _label(sheet: Sheet, link: Link, font: Font, width: float) -> list[str]:
    text = sheet.items[link.at].get("label")
    return lines_of(link.at, "label", text, font, width - font.size * 1.5) if text else []


def _texts(sheet: Sheet, tree: _Tree, wides: Sequence[float], growth: float) -> list[Stack]:
    settings = {wide: _setting(sheet, wide - 2 * sheet.pad, growth) for wide in set(wides)}
    return [settings[wide](at) for at, wide in zip(tree.cards, wides, strict=True)]


def _setting(sheet: Sheet, width: float, growth: float) -> Callable[[int], Stack]:
    ink, soft = sheet.theme.ink, sheet.theme.soft
    title = font_of(sheet, "head", room_for(LONG_WORD, width, 16 * growth))
    plain = font_of(sheet, "text", room_for(8, width, 13 * growth))
    runs = ("title", title, ink, 0), ("body", plain, soft, 4), ("detail", plain, soft, 6), ("lines", plain, soft, 6)
    return lambda at: stack(sheet, at, width, *runs)


def _height(sheet: Sheet, text: Stack) -> float:
    return text.h + 2 * sheet.pad * 0.8 + STRIP


def _entry_height(sheet: Sheet) -> float:
    found = at_of(sheet, "entry_badge")
    if not found:
        return 0
    font = font_of(sheet, "bold", 13)
    return pill_size([sheet.items[found[0]]["label"]], font)[1] + ENTRY


def _entry(sheet: Sheet, placed: _Placed) -> list[Box]:
    found = at_of(sheet, "entry_badge")
    if not found:
        return []
    font, colour, (x, y) = font_of(sheet, "bold", 13), hue_of(sheet.theme, sheet.tone, "tone", 0), placed.entry
    lines = [sheet.items[found[0]]["label"]]
    wide, high = pill_size(lines, font)
    x = min(max(x, sheet.body.x + wide / 2), sheet.body.right - wide / 2)
    stem = f'<path d="M{placed.entry[0]:.1f} {y:.1f}v{ENTRY}" stroke="{colour}" stroke-width="2"/>'
    drawn = [stem, *pill(x, y - high / 2, lines, font, sheet.theme.on, colour)]
    return [Box(found[0], x - wide / 2, y - high, wide, high, drawn)]


def _cards(sheet: Sheet, tree: _Tree, placed: _Placed) -> list[Box]:
    boxes = []
    for one, (at, place, text) in enumerate(zip(tree.cards, placed.places, placed.texts, strict=True)):
        face, inset = look(sheet, at, tree.depth[one]), sheet.pad * 0.8
        if sheet.scene.components[at].tag == "outcome_panel" and not sheet.scene.components[at].fields.get("variant"):
            face = face._replace(ground=tint(sheet.theme, face.hue))
        air = air_for([text], place.h - 2 * inset - STRIP)
        drawn = card(sheet, *place, face) + written(text, place.x + sheet.pad, place.y + inset + STRIP, air=air)
        boxes.append(Box(at, *place, drawn))
    return boxes


def _links(sheet: Sheet, tree: _Tree, placed: _Placed) -> list[Box]:
    boxes = list[Box]()
    for link, route, lines in zip(tree.links, placed.routes, placed.labels, strict=True):
        size = pill_size(lines, placed.font) if lines else (0.0, 0.0)
        boxes += link_boxes(sheet, link.at, route, lines, *size, placed.font)
    return boxes
