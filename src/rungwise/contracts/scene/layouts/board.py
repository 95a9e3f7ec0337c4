"""Things side by side: columns with their heads, a row for each metric across them, callouts below."""

from typing import NamedTuple

from rungwise.contracts.scene.kit import (
    Box,
    Draw,
    Font,
    Sheet,
    Stack,
    air_for,
    at_of,
    card,
    font_of,
    grown,
    hue,
    line_at,
    lines_of,
    look,
    number_of,
    ornament,
    rect,
    room_for,
    spread,
    stack,
    state_hue,
    written,
)

LABELS = 0.17  # of the width, for what the metrics are called
LEAST_COLUMN = 165  # with less for each column, a metric's name stands above its values
LONG_WORD = 6.6  # em: most words of a title
MOST_STRETCH = 1.7  # of a metric's row; what is left goes to the columns
SPARE = 130  # pixels of a column without text, for an ornament
ROWS_APART = 6
NONE_GIVEN = "\u2013"  # where a metric has no value for a column


class _Plan(NamedTuple):
    columns: list[int]
    numbers: list[int]  # by which the metrics have their values
    metrics: list[int]
    callouts: list[int]
    lefts: list[float]
    wide: float  # of a column
    labels: float


class _Row(NamedTuple):
    name: Stack
    cells: list[list[str]]
    font: Font
    h: float


class _Set(NamedTuple):
    heads: list[Stack]
    rows: list[_Row]
    callouts: list[Stack]
    heights: list[float]  # of the heads, each row, the callouts


def comparison_board(sheet: Sheet) -> Draw:
    plan = _plan(sheet)
    text = grown(sheet, lambda growth: _set(sheet, plan, growth))
    return lambda: _drawn(sheet, plan, text)


def _drawn(sheet: Sheet, plan: _Plan, text: _Set) -> list[Box]:
    y, high, boxes = sheet.body.y, text.heights[0], list[Box]()
    air = air_for(text.heads, high - 2 * sheet.pad - 6)
    for order, (at, x) in enumerate(zip(plan.columns, plan.lefts, strict=True)):
        drawn = card(sheet, x, y, plan.wide, high, look(sheet, at, order))
        if high - text.heads[order].h - air * len(text.heads[order].pieces) > SPARE:
            drawn.append(ornament(sheet, x, y, plan.wide, high, hue(sheet, at, order)))
        boxes.append(
            Box(
                at,
                x,
                y,
                plan.wide,
                high,
                drawn + written(text.heads[order], x + sheet.pad, y + sheet.pad + 4, air=air),
            )
        )
    y += high + sheet.gap
    for order, (at, row) in enumerate(zip(plan.metrics, text.rows, strict=True)):
        high = text.heights[1 + order]
        boxes.append(Box(at, sheet.body.x, y, sheet.body.w, high, _metric(sheet, plan, at, row, y, high)))
        y += high + (ROWS_APART if order < len(text.rows) - 1 else sheet.gap)
    return boxes + _callouts(sheet, plan.callouts, text.callouts, y)


def _plan(sheet: Sheet) -> _Plan:
    columns, metrics = at_of(sheet, "comparison_column"), at_of(sheet, "comparison_metric")
    body, gap = sheet.body, sheet.gap
    labels = body.w * LABELS if metrics else 0
    if labels and (body.w - labels) / len(columns) - gap < LEAST_COLUMN:
        labels = 0
    before = labels + gap if labels else 0
    wide = (body.w - before - gap * (len(columns) - 1)) / len(columns)
    lefts = [body.x + before + order * (wide + gap) for order in range(len(columns))]
    return _Plan(
        columns,
        [number_of(sheet, at) for at in columns],
        metrics,
        at_of(sheet, "comparison_callout"),
        lefts,
        wide,
        labels,
    )


def _set(sheet: Sheet, plan: _Plan, growth: float) -> _Set:
    heads = [_head(sheet, at, order, plan.wide - 2 * sheet.pad, growth) for order, at in enumerate(plan.columns)]
    rows = [_row(sheet, plan, at, growth) for at in plan.metrics]
    callouts = [_callout(sheet, at, len(plan.callouts), growth) for at in plan.callouts]
    natural = [max([head.h for head in heads]) + 2 * sheet.pad + 6, *[row.h for row in rows]]
    gaps = sheet.gap * bool(rows) + ROWS_APART * max(0, len(rows) - 1)
    if callouts:
        natural.append(max([one.h for one in callouts]) + 2 * sheet.pad)
        gaps += sheet.gap
    return _Set(heads, rows, callouts, spread(natural, sheet.body.h - gaps, 0, plan.columns[0], MOST_STRETCH))


def _head(sheet: Sheet, at: int, order: int, width: float, growth: float) -> Stack:
    big = sheet.scene.components[at].fields.get("variant") in ("hero", "metric")
    title = font_of(sheet, "head", room_for(LONG_WORD, width, (23 if big else 19) * growth))
    plain = font_of(sheet, "text", room_for(LONG_WORD, width, 14 * growth))
    return stack(
        sheet, at, width,
        ("title", title, sheet.theme.ink, 0), ("subtitle", plain, hue(sheet, at, order), 4),
        ("lines", plain, sheet.theme.soft, 10),
    )  # fmt: skip


def _row(sheet: Sheet, plan: _Plan, at: int, growth: float) -> _Row:
    strong = font_of(sheet, "bold", 14 * growth)
    values = sheet.items[at]["values"]  # one for each column that the content has, of which these are some
    told = [values[number] if number < len(values) else NONE_GIVEN for number in plan.numbers]
    name = stack(sheet, at, (plan.labels or sheet.body.w) - 24, ("label", strong, sheet.theme.soft, 0))
    cells = [lines_of(at, "values", value, strong, plan.wide - 16) for value in told]
    tall = max([len(lines) for lines in cells]) * strong.lead
    tall = max(name.h, tall) if plan.labels else name.h + tall
    return _Row(name, cells, strong, tall + sheet.pad)


def _metric(sheet: Sheet, plan: _Plan, at: int, row: _Row, y: float, high: float) -> list[str]:
    """A band across the columns, its name beside or above the values; a state colours its edge and its values."""
    theme, told = sheet.theme, state_hue(sheet, at)
    drawn = [rect(sheet.body.x, y, sheet.body.w, high, min(8, sheet.radius), theme.well)]
    if told:
        drawn.append(rect(sheet.body.x, y, 5, high, 2.5, told))
    values = max([len(lines) for lines in row.cells]) * row.font.lead
    name = y + (high - row.name.h - (0 if plan.labels else values)) / 2
    drawn += written(row.name, sheet.body.x + 16, name)
    middle = y + high / 2 if plan.labels else name + row.name.h + values / 2
    for x, lines in zip(plan.lefts, row.cells, strict=True):
        top, across = middle - (len(lines) - 1) * row.font.lead / 2, (x + plan.wide / 2 if plan.labels else x + 16)
        anchor = "middle" if plan.labels else "start"
        for place, line in enumerate(lines):
            drawn.append(line_at(across, top + place * row.font.lead, line, row.font, told or theme.ink, anchor))
    return drawn


def _callout(sheet: Sheet, at: int, several: int, growth: float) -> Stack:
    room = (sheet.body.w - sheet.gap * (several - 1)) / several - 2 * sheet.pad
    title, plain = font_of(sheet, "head", 15.5 * growth), font_of(sheet, "text", 13.5 * growth)
    return stack(sheet, at, room, ("title", title, sheet.theme.ink, 0), ("note", plain, sheet.theme.soft, 4))


def _callouts(sheet: Sheet, callouts: list[int], texts: list[Stack], y: float) -> list[Box]:
    boxes, high = list[Box](), sheet.body.bottom - y
    wide = (sheet.body.w - sheet.gap * (len(callouts) - 1)) / max(1, len(callouts))
    air = air_for(texts, high - 2 * sheet.pad) if texts else 0
    for order, (at, text) in enumerate(zip(callouts, texts, strict=True)):
        x = sheet.body.x + order * (wide + sheet.gap)
        drawn = card(sheet, x, y, wide, high, look(sheet, at, order))
        boxes.append(Box(at, x, y, wide, high, drawn + written(text, x + sheet.pad, y + sheet.pad, air=air)))
    return boxes
