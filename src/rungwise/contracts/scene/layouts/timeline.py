"""Stages along a spine: above it, on it or below it; a long one turns at the end of the row and comes back."""

from typing import NamedTuple

from rungwise.contracts.scene.kit import (
    Box,
    Draw,
    Font,
    Point,
    Rect,
    Sheet,
    Stack,
    air_for,
    at_of,
    card,
    font_of,
    grown,
    hue,
    lines_of,
    look,
    ornament,
    overflow,
    pill_size,
    room_for,
    spread,
    stack,
    written,
)
from rungwise.contracts.scene.layouts.joined import ACROSS, LONG_WORD, SPARE, STRIP, snake
from rungwise.contracts.scene.routing import LABEL_ROOM, Route, joint, link_boxes

SHIFT = 26  # pixels at least between a card above the spine and one below it, each to its own side
SPINE, DOT = 6, 7  # how thick it is, and the radius of a stage's dot on it
TALLER = 1.5  # than its text or than 0.8 of its width, at most
SHORTEST = 0.7  # of the highest card of its row
LEAST = 90  # pixels of a card's width


class _Plan(NamedTuple):
    cells: list[tuple[int, int]]
    labels: list[list[str]]  # by arrow
    font: Font
    gap: float
    wide: float
    row_gap: float


class _Set(NamedTuple):
    plan: _Plan
    texts: list[Stack]
    bands: list[float]  # by row
    highs: list[float]  # of a row's cards


def timeline(sheet: Sheet) -> Draw:
    stages, arrows = at_of(sheet, "timeline_stage"), at_of(sheet, "timeline_arrow")
    cells = snake(len(stages), ACROSS[sheet.scene.attribute("canvas")])
    done = grown(sheet, lambda growth: _set(sheet, stages, arrows, cells, growth))
    return lambda: _drawn(sheet, stages, arrows, done)


def _drawn(sheet: Sheet, stages: list[int], arrows: list[int], done: _Set) -> list[Box]:
    cells = done.plan.cells
    places, spines = _places(sheet, done, stages)
    sheet.under += _spine(sheet, cells, places, spines)
    boxes = []
    for order, (at, place, text) in enumerate(zip(stages, places, done.texts, strict=True)):
        boxes.append(Box(at, *place, _stage(sheet, at, order, place, text, spines[cells[order][0]])))
    number = {sheet.scene.components[at].fields["id"]: order for order, at in enumerate(stages)}
    for at, lines in zip(arrows, done.plan.labels, strict=True):
        first = number[sheet.scene.components[at].fields["from"]]
        route = _route(cells, places, spines, first, bool(lines))
        size = pill_size(lines, done.plan.font) if lines else (0.0, 0.0)
        boxes += link_boxes(sheet, at, route, lines, *size, done.plan.font)
    return boxes


# ---- text ----


def _set(sheet: Sheet, stages: list[int], arrows: list[int], cells: list[tuple[int, int]], growth: float) -> _Set:
    plan = _plan(sheet, arrows, cells, growth)
    texts = [_text(sheet, at, order, plan.wide - 2 * sheet.pad, growth) for order, at in enumerate(stages)]
    rows, moved = cells[-1][0] + 1, [sheet.scene.components[at].fields.get("lane") is not None for at in stages]
    natural, apart = [0.0] * rows, [False] * rows
    for (row, _), text, off in zip(cells, texts, moved, strict=True):
        natural[row] = max(natural[row], text.h + 2 * sheet.pad + STRIP)
        apart[row] = apart[row] or off
    needed = [high + (SHIFT if off else 0) for high, off in zip(natural, apart, strict=True)]
    highest = max(range(len(texts)), key=lambda order: texts[order].h)
    bands = spread(needed, sheet.body.h, plan.row_gap, stages[highest])
    highs = []
    for high, off, band in zip(natural, apart, bands, strict=True):
        likes = max(high, min(max(high, plan.wide * 0.8) * TALLER, band))
        highs.append(max(high, min(likes, (band - SHIFT) / 2)) if off else likes)
    return _Set(plan, texts, bands, highs)


def _plan(sheet: Sheet, arrows: list[int], cells: list[tuple[int, int]], growth: float) -> _Plan:
    font = font_of(sheet, "text", 12 * min(growth, 1.25))
    labels = [_label(sheet, at, font) for at in arrows]
    sizes = [pill_size(lines, font) for lines in labels if lines]
    columns = max([column for _, column in cells]) + 1
    gap = max([joint(sheet, 0), *[joint(sheet, wide) for wide, _ in sizes]]) if arrows else float(sheet.gap)
    wide = (sheet.body.w - gap * (columns - 1)) / columns
    if wide < LEAST:
        overflow(arrows[0], "label")
    return _Plan(cells, labels, font, gap, wide, max([joint(sheet, 0), *[joint(sheet, high) for _, high in sizes]]))


def _label(sheet: Sheet, at: int, font: Font) -> list[str]:
    text = sheet.items[at].get("label")
    if not text:
        return []
    widest = max([font.face[word] for word in text.split()]) * font.size
    return lines_of(at, "label", text, font, max(LABEL_ROOM, widest + 1))


def _text(sheet: Sheet, at: int, order: int, width: float, growth: float) -> Stack:
    small = font_of(sheet, "bold", room_for(8, width, 12.5 * growth))
    title = font_of(sheet, "head", room_for(LONG_WORD, width, 18 * growth))
    plain = font_of(sheet, "text", room_for(8, width, 13.5 * growth))
    return stack(
        sheet, at, width,
        ("badge", small, hue(sheet, at, order), 0), ("title", title, sheet.theme.ink, 3),
        ("lines", plain, sheet.theme.soft, 8),
    )  # fmt: skip


# ---- places ----


def _places(sheet: Sheet, done: _Set, stages: list[int]) -> tuple[list[Rect], list[float]]:
    """The cards, and the height of each row's spine."""
    plan, tops, y = done.plan, list[float](), sheet.body.y
    for band in done.bands:
        tops.append(y)
        y += band + plan.row_gap
    places = []
    for at, (row, column), text in zip(stages, plan.cells, done.texts, strict=True):
        lane, room = sheet.scene.components[at].value("lane"), done.highs[row]
        high = max(text.h + 2 * sheet.pad + STRIP, room * SHORTEST)
        spare, own = done.bands[row] - room, room - high
        top = tops[row] + {"top": own, "center": (spare + own) / 2, "bottom": spare}[lane]
        places.append(Rect(sheet.body.x + column * (plan.wide + plan.gap), top, plan.wide, high))
    return places, [top + band / 2 for top, band in zip(tops, done.bands, strict=True)]


def _on(place: Rect, spine: float) -> bool:
    """Whether a card lies on the spine, so that it hides it."""
    return place.y < spine - DOT and place.bottom > spine + DOT


def _route(cells: list[tuple[int, int]], places: list[Rect], spines: list[float], first: int, labelled: bool) -> Route:
    """Along the spine from one card, or from its dot, to the next; at the end of a row down to the next row."""
    a, b = places[first], places[first + 1]
    (row, column), (to, target) = cells[first], cells[first + 1]
    if row != to:
        x, spine, next_spine = a.x + a.w / 2, spines[row], spines[to]
        start = spine + DOT if a.bottom < spine else a.bottom
        end = next_spine - DOT if b.y > next_spine else b.y
        return Route([(x, start), (x, end)], (x, (start + end) / 2) if labelled else None)
    spine, way = spines[row], 1 if target > column else -1
    ends: list[float] = []
    for place, side in ((a, way), (b, -way)):
        edge = place.w / 2 if _on(place, spine) else DOT + 2.0
        ends.append(place.x + place.w / 2 + side * edge)
    between = (max(a.x, b.x) + min(a.right, b.right)) / 2  # where the gap was made wide enough
    return Route([(ends[0], spine), (ends[1], spine)], (between, spine) if labelled else None)


# ---- drawing ----


def _spine(sheet: Sheet, cells: list[tuple[int, int]], places: list[Rect], spines: list[float]) -> list[str]:
    """One line through all rows, turning at their ends, with an arrow at its own end."""
    points: list[Point] = []
    for (row, _), place in zip(cells, places, strict=True):
        points.append((place.x + place.w / 2, spines[row]))
    x, y = points[0]
    way = f"M{sheet.body.x:.1f} {y:.1f}L{x:.1f} {y:.1f}"
    for x, y in points[1:]:
        way += f"L{x:.1f} {y:.1f}"
    right = len(spines) % 2 == 1
    end = sheet.body.right if right else sheet.body.x
    if abs(end - x) > places[-1].w and len(spines) > 1:
        end = places[-1].right + 14 if right else places[-1].x - 14
    way += f"L{end:.1f} {y:.1f}"
    return [
        f'<path d="{way}" fill="none" stroke="{sheet.theme.line}" stroke-width="{SPINE}" stroke-linecap="round" '
        f'stroke-linejoin="round"/>'
    ]


def _stage(sheet: Sheet, at: int, order: int, place: Rect, text: Stack, spine: float) -> list[str]:
    face, colour = look(sheet, at, order), hue(sheet, at, order)
    room = place.h - 2 * sheet.pad - STRIP
    air = air_for([text], room)
    drawn = card(sheet, *place, face)
    if room - text.h - air * len(text.pieces) > SPARE:
        drawn.append(ornament(sheet, *place, face.hue))
    drawn += written(text, place.x + sheet.pad, place.y + sheet.pad + STRIP, air=air)
    if _on(place, spine):
        return drawn
    x, edge = place.x + place.w / 2, place.bottom if place.bottom < spine else place.y
    stem = f'<path d="M{x:.1f} {edge:.1f}V{spine:.1f}" stroke="{colour}" stroke-width="2"/>'
    dot = f'<circle cx="{x:.1f}" cy="{spine:.1f}" r="{DOT - 1}" fill="{sheet.theme.panel}" stroke="{colour}"'
    dot += ' stroke-width="3"/>'
    return [*drawn, stem, dot]
