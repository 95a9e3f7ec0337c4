"""Bars to scale: numbers of any size and sign, on one scale that has zero on it."""

from collections.abc import Sequence
from typing import NamedTuple

from rungwise.contracts.scene.content import number_of
from rungwise.contracts.scene.kit import (
    Box,
    Font,
    Rect,
    Sheet,
    Stack,
    font_of,
    hue,
    line_at,
    look,
    overflow,
    rect,
    stack,
    written,
)
from rungwise.contracts.scene.layouts.zones import Zone, stacked

NAMES = 0.3  # of the width, for what the bars are called
THICK = 15  # pixels of a bar, where type is not grown
THICKEST = 26
LEAST_BAR = 3  # pixels: a small number is still seen
LEAST_TRACK = 40  # pixels in which bars can be told apart
APART = 9  # pixels between rows


class Scale(NamedTuple):
    low: float
    high: float

    def share(self, value: float) -> float:
        """Where a number stands, from 0 to 1."""
        return (value - self.low) / (self.high - self.low)


def values_of(sheet: Sheet, bars: Sequence[int]) -> tuple[list[float], Scale]:
    values = [number_of(sheet.items[at]["value"]) or 0.0 for at in bars]
    low, high = min(0.0, *values), max(0.0, *values)
    return values, Scale(low, high if high > low else low + 1)


class _Row(NamedTuple):
    at: int
    order: int
    name: Stack
    note: Stack
    value: float
    told: str


class _Chart(NamedTuple):
    """What all rows have in common."""

    scale: Scale
    strong: Font
    thick: float
    names: float  # where the bars begin, from the left
    figures: float  # the width kept for the longest number


def bars_below(sheet: Sheet, bars: Sequence[int], width: float, growth: float) -> Zone:
    """A row for each: its name, its bar with the number at its end, its note under the bar."""
    inner, theme = width - 2 * sheet.pad, sheet.theme
    values, scale = values_of(sheet, bars)
    told = [str(sheet.items[at]["value"]) for at in bars]
    strong, plain = font_of(sheet, "bold", 14 * growth), font_of(sheet, "text", 12.5 * growth)
    figures = max([strong.face.width(text) for text in told]) * strong.size + 10
    if figures + LEAST_TRACK > inner * (1 - NAMES):
        overflow(bars[0], "value", (figures + LEAST_TRACK) / max(1.0, inner * (1 - NAMES)))
    chart = _Chart(scale, strong, min(THICK * growth, THICKEST) * sheet.scale, inner * NAMES, figures)
    zones = []
    for order, (at, value, text) in enumerate(zip(bars, values, told, strict=True)):
        name = stack(sheet, at, chart.names - sheet.pad, ("label", strong, theme.ink, 0))
        note = stack(sheet, at, inner - chart.names, ("note", plain, theme.soft, 0))
        row = _Row(at, order, name, note, value, text)
        high = max(name.h, strong.lead + note.h) + APART * sheet.scale
        zones.append(Zone(at, high, lambda room, row=row: [_row(sheet, chart, row, room)]))  # type: ignore[misc]
    rows = stacked(zones, 0)

    def draw(room: Rect) -> list[Box]:
        sheet.under.append(rect(*room, sheet.radius, theme.card, theme.line))
        return rows.draw(Rect(room.x + sheet.pad, room.y + sheet.pad / 2, inner, room.h - sheet.pad))

    return Zone(rows.at, rows.h + sheet.pad, draw, rows.share)


def _row(sheet: Sheet, chart: _Chart, row: _Row, room: Rect) -> Box:
    theme, lead = sheet.theme, chart.strong.lead
    high = max(row.name.h, lead + row.note.h)
    top = room.y + (room.h - high) / 2
    left, wide = room.x + chart.names, room.w - chart.names - chart.figures
    zero, end = (left + wide * chart.scale.share(value) for value in (0.0, row.value))
    long = max(abs(end - zero), LEAST_BAR if row.value else 0)
    y = top + (lead - chart.thick) / 2
    drawn = [] if not row.order else [rect(room.x, room.y - 0.5, room.w, 1, 0, theme.line)]
    drawn += written(row.name, room.x, top if row.note.pieces else room.y + (room.h - row.name.h) / 2)
    if not row.note.pieces:
        y = room.y + (room.h - chart.thick) / 2
    drawn.append(rect(left, y, wide, chart.thick, chart.thick / 2, theme.well))
    drawn.append(rect(min(zero, end), y, long, chart.thick, chart.thick / 2, look(sheet, row.at, row.order).strip))
    drawn.append(line_at(room.right, y + chart.thick / 2, row.told, chart.strong, hue(sheet, row.at, row.order), "end"))
    return Box(row.at, *room, drawn + written(row.note, left, top + lead))
