"""Tables in groups: next to each other where they go, else below each other; a note below all."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from rungwise.contracts.scene.kit import (
    Box,
    Draw,
    Font,
    Rect,
    Sheet,
    Stack,
    at_of,
    card,
    font_of,
    look,
    once,
    overflow,
    rect,
    stack,
    written,
)
from rungwise.contracts.scene.layouts.tables import (
    Columns,
    Extent,
    Line,
    columns_of,
    extent_of,
    ground_of,
    line_drawn,
    line_of,
)
from rungwise.contracts.scene.layouts.zones import STRIP, Zone, band, beside, filled, first_fitting, stacked
from rungwise.contracts.scene.palette import STATES

APART = 8  # pixels between title, rows and caption
ROW_PAD = 0.55  # of the padding, above and below a row together
STRETCH = 2.2  # of its own height, by which a row may grow
SIDE_BY_SIDE = {"wide": (2, 3, 1), "square": (1, 2), "tall": (1, 2)}  # tables in a row, the better first


class _Table(NamedTuple):
    title: Stack
    columns: Columns
    lines: list[Line]  # the head first
    fonts: list[Font]
    caption: Stack
    h: float


def table_matrix(sheet: Sheet) -> Draw:
    notes = at_of(sheet, "note_band")
    tables = [(at, once(sheet, at, partial(_extent, sheet, at))) for at in at_of(sheet, "table_block")]

    def build(growth: float) -> Zone:
        below = [band(sheet, at, sheet.body.w, growth, "body") for at in notes]
        room = sheet.body.h - sum([zone.h + sheet.gap for zone in below])
        return stacked([_arranged(sheet, tables, room, growth), *below], sheet.gap)

    return filled(sheet, build)


def _extent(sheet: Sheet, at: int) -> Extent:
    item = sheet.items[at]
    strong, plain = font_of(sheet, "bold", 12), font_of(sheet, "text", 12)
    return extent_of(item["header"], [row["cells"] for row in item["rows"]], strong.face, plain.face)


def _arranged(sheet: Sheet, tables: Sequence[tuple[int, Extent]], room: float, growth: float) -> Zone:
    ways = SIDE_BY_SIDE[sheet.scene.attribute("canvas")] if len(tables) > 1 else (1,)
    return first_fitting(sheet, growth, room, [partial(_grid, sheet, tables, columns, growth) for columns in ways])


def _grid(sheet: Sheet, tables: Sequence[tuple[int, Extent]], columns: int, growth: float) -> Zone:
    rows = []
    for first in range(0, len(tables), columns):
        row = tables[first : first + columns]
        wide = (sheet.body.w - sheet.gap * (len(row) - 1)) / len(row)
        zones = [_table(sheet, *table, first + place, wide, growth) for place, table in enumerate(row)]
        rows.append(beside(zones, [wide] * len(row), sheet.gap))
    return stacked(rows, sheet.gap)


def _table(sheet: Sheet, at: int, extent: Extent, order: int, wide: float, growth: float) -> Zone:
    text = _set(sheet, at, extent, wide - 2 * sheet.pad, growth)
    share = len(text.lines)  # the longer table takes more of what is left
    return Zone(at, text.h, lambda room: [_drawn(sheet, at, order, text, room)], share)


def _set(sheet: Sheet, at: int, extent: Extent, width: float, growth: float) -> _Table:
    item, theme = sheet.items[at], sheet.theme
    strong, plain = font_of(sheet, "bold", 12.5 * growth), font_of(sheet, "text", 13.5 * growth)
    rows = [item["header"], *[row["cells"] for row in item["rows"]]]
    fonts = [strong, *[plain] * len(item["rows"])]
    columns = columns_of(at, extent, strong, plain, width, any(_state(row) for row in item["rows"]))
    if growth > 1 and not columns.whole:
        overflow(at)  # cells are broken rather than set small, but not to be set large
    title = stack(sheet, at, width, ("title", font_of(sheet, "head", 18 * growth), theme.ink, 0))
    caption = stack(sheet, at, width, ("caption", font_of(sheet, "text", 12.5 * growth), theme.soft, 0))
    lines = [
        line_of(at, "rows", row, font, columns, sheet.pad * ROW_PAD * sheet.scale)
        for row, font in zip(rows, fonts, strict=True)
    ]
    below = caption.h + APART if caption.pieces else 0
    high = title.h + APART + sum([line.h for line in lines]) + below + 2 * sheet.pad + STRIP
    return _Table(title, columns, lines, fonts, caption, high)


def _state(row: Any) -> str | None:
    state = row.get("state")
    return state if state in STATES else None


def _drawn(sheet: Sheet, at: int, order: int, text: _Table, room: Rect) -> Box:
    theme, face = sheet.theme, look(sheet, at, order)
    drawn = card(sheet, *room, face)
    x, y, wide = room.x + sheet.pad, room.y + sheet.pad + STRIP, room.w - 2 * sheet.pad
    drawn += written(text.title, x, y)
    y += text.title.h + APART
    left = room.h - text.h
    states = [None, *[_state(row) for row in sheet.items[at]["rows"]]]
    for place, (line, font, state) in enumerate(zip(text.lines, text.fonts, states, strict=True)):
        row = Rect(x, y, wide, line.h + min(left / len(text.lines), line.h * STRETCH))
        if place:
            drawn += ground_of(sheet, row, place, state, text.columns.signs)
        drawn += line_drawn(line, text.columns, font, row, (theme.ink, theme.soft) if place else (face.hue,))
        y = row.bottom
        if not place:
            drawn.append(rect(x, y - 1, wide, 1.5, 0, face.strip))
    return Box(at, *room, drawn + written(text.caption, x, y + APART))
