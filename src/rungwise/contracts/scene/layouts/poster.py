"""A poster: cards on top, then bars, table and panels in rows, a callout to end with."""

from collections.abc import Callable
from functools import partial

from rungwise.contracts.scene.kit import Box, Draw, Font, Rect, Sheet, at_of, font_of, look, once, rect
from rungwise.contracts.scene.layouts.bars import bars_below
from rungwise.contracts.scene.layouts.panels import panels
from rungwise.contracts.scene.layouts.tables import Columns, Line, columns_of, extent_of, ground_of, line_drawn, line_of
from rungwise.contracts.scene.layouts.zones import (
    Zone,
    beside,
    callouts,
    cards,
    filled,
    first_fitting,
    section_text,
    stacked,
)

CARDS = {"wide": 3, "square": 3, "tall": 2}  # in a row, where the scene does not say
ZONES = {"wide": 2, "square": 2, "tall": 1}
ROW_PAD = 0.55  # of the padding, above and below a row together
Part = Callable[[Sheet, float, float], Zone]  # what a part of the poster is at a width and a growth


def poster_stack(sheet: Sheet) -> Draw:
    parts: list[Part] = []
    if at_of(sheet, "compare_bar"):
        parts.append(lambda sheet, width, growth: bars_below(sheet, at_of(sheet, "compare_bar"), width, growth))
    if at_of(sheet, "table_row"):
        parts.append(_table)
    if at_of(sheet, "compare_panel"):
        parts.append(panels)
    return filled(sheet, lambda growth: _arranged(sheet, parts, growth))


def _arranged(sheet: Sheet, parts: list[Part], growth: float) -> Zone:
    """As it should be, or where that has no room, more next to each other."""
    said, canvas = sheet.scene.attribute("columns"), sheet.scene.attribute("canvas")
    columns, abreast = (CARDS[canvas], ZONES[canvas]) if said == "auto" else (int(said), int(said))
    ways = [(columns, abreast), (columns, abreast + 1), (columns + (said == "auto"), abreast + 2)]
    return first_fitting(sheet, growth, sheet.body.h, [partial(_stack, sheet, parts, *way, growth) for way in ways])


def _stack(sheet: Sheet, parts: list[Part], columns: int, abreast: int, growth: float) -> Zone:
    found = at_of(sheet, "section_card")
    flat = columns == 1 and len(found) > 1
    zones = [cards(sheet, found, columns, sheet.body.w, growth, section_text, flat)] if found else []
    for first in range(0, len(parts), abreast):
        row = parts[first : first + abreast]
        wide = (sheet.body.w - sheet.gap * (len(row) - 1)) / len(row)
        zones.append(beside([part(sheet, wide, growth) for part in row], [wide] * len(row), sheet.gap))
    return stacked([*zones, *callouts(sheet, growth)], sheet.gap)


# ---- the table ----


def _table(sheet: Sheet, width: float, growth: float) -> Zone:
    """The head and each row, on a common ground."""
    head, rows = at_of(sheet, "table_header")[0], at_of(sheet, "table_row")
    strong, plain = font_of(sheet, "bold", 12.5 * growth), font_of(sheet, "text", 13.5 * growth)
    texts = [sheet.items[head]["columns"], *[sheet.items[at]["cells"] for at in rows]]
    fonts = [strong, *[plain] * len(rows)]
    states = [sheet.scene.components[at].fields.get("state") for at in rows]
    inner = width - sheet.pad
    extent = once(sheet, "extent", lambda: extent_of(texts[0], texts[1:], strong.face, plain.face))
    columns = columns_of(head, extent, strong, plain, inner, any(states))
    pad = sheet.pad * ROW_PAD * sheet.scale
    zones = []
    for order, (at, row, font) in enumerate(zip([head, *rows], texts, fonts, strict=True)):
        line = line_of(at, "cells" if order else "columns", row, font, columns, pad)
        zones.append(Zone(at, line.h, _drawing(sheet, at, order, line, columns, font)))
    whole = stacked(zones, 0)

    def draw(room: Rect) -> list[Box]:
        sheet.under.append(rect(*room, sheet.radius, sheet.theme.card, sheet.theme.line))
        return whole.draw(Rect(room.x + sheet.pad / 2, room.y + sheet.pad / 2, inner, room.h - sheet.pad))

    return Zone(whole.at, whole.h + sheet.pad, draw, whole.share)


def _drawing(
    sheet: Sheet, at: int, order: int, line: Line, columns: Columns, font: Font
) -> Callable[[Rect], list[Box]]:
    theme, one = sheet.theme, sheet.scene.components[at]

    def draw(room: Rect) -> list[Box]:
        if not order:
            below = rect(room.x, room.bottom - 1, room.w, 1.5, 0, theme.line)
            return [Box(at, *room, [*line_drawn(line, columns, font, room, (theme.soft,)), below])]
        drawn = ground_of(sheet, room, order, one.fields.get("state"), columns.signs)
        face = look(sheet, at, order - 1)
        if "accent" in one.fields:
            drawn.append(rect(room.x, room.y + 3, 4, room.h - 6, 2, face.strip))
        inks = (face.hue if "accent" in one.fields else theme.ink, theme.soft)
        return [Box(at, *room, drawn + line_drawn(line, columns, font, room, inks))]

    return draw
