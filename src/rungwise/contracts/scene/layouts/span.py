"""Bars on one scale, brackets from one to another, and the thesis that they bear out."""

from collections.abc import Sequence
from functools import partial
from math import floor, log10
from typing import NamedTuple

from rungwise.contracts.scene.kit import (
    ROOT,
    Box,
    Draw,
    Font,
    Rect,
    Sheet,
    Stack,
    at_of,
    card,
    font_of,
    hue,
    line_at,
    look,
    ornament,
    overflow,
    rect,
    room_for,
    stack,
    written,
)
from rungwise.contracts.scene.layouts.bars import Scale, values_of
from rungwise.contracts.scene.layouts.lists import list_drawn, listed
from rungwise.contracts.scene.layouts.zones import (
    LONG_WORD,
    SPARE,
    STRIP,
    Zone,
    beside,
    cards,
    filled,
    first_fitting,
    stacked,
)
from rungwise.contracts.scene.palette import hue_of, mix, tint

CHART = {"wide": (0.62, 0.48), "square": (1.0,), "tall": (1.0,)}  # of the width; with less, the thesis is beside it
BAR, WIDEST = 0.46, 150  # of a bar's place, and at most
LEAST = {"wide": 110, "square": 190, "tall": 240}  # pixels of the longest bar
LARGE = 1.7  # by how much it is longer before type is grown
ASIDE = 9  # pixels from a bar's middle, where a bracket ends: two may end on one bar
LEVEL = 12  # pixels between the brackets' pills
LEG = 7  # pixels between a bracket's end and the number under it
FADED = 0.45  # of the ground in a bar's lower end
TICKS = 4  # about so many steps of an axis


class _Bar(NamedTuple):
    at: int
    value: float
    told: str
    text: Stack  # its name and note


class _Bracket(NamedTuple):
    at: int
    a: int
    b: int
    level: int  # from 0, the nearest to the bars
    left: float  # its legs and the middle of its text, from the left of the plot
    right: float
    middle: float
    least: float  # from where to where it is not to meet another
    most: float
    wide: float
    high: float


class _Chart(NamedTuple):
    bars: list[_Bar]
    brackets: list[_Bracket]
    scale: Scale
    axis: Stack | None
    figure: Font
    plain: Font
    strong: Font
    ticks: float  # the width kept for them
    least: float


def comparison_span_chart(sheet: Sheet) -> Draw:
    shares = CHART[sheet.scene.attribute("canvas")]
    return filled(
        sheet,
        lambda growth: first_fitting(
            sheet, growth, sheet.body.h, [partial(_arranged, sheet, share, growth) for share in shares]
        ),
    )


def _arranged(sheet: Sheet, share: float, growth: float) -> Zone:
    """The chart, and below or beside it what is noted and what it comes to."""
    body, notes, gap = sheet.body, at_of(sheet, "annotation"), sheet.gap
    if share == 1:
        below = [cards(sheet, notes, len(notes), body.w, growth, _note)._replace(share=0.5)] if notes else []
        return stacked([_chart(sheet, body.w, growth), *below, _thesis(sheet, body.w, growth)], gap)
    wide = body.w * share
    rest = body.w - wide - gap
    side = [_thesis(sheet, rest, growth), *([cards(sheet, notes, 1, rest, growth, _note)] if notes else [])]
    return beside([_chart(sheet, wide, growth), stacked(side, gap)], [wide, rest], gap)


# ---- thesis and annotations ----


def _thesis(sheet: Sheet, width: float, growth: float) -> Zone:
    at, theme, inner = at_of(sheet, "thesis_box")[0], sheet.theme, width - 2 * sheet.pad - STRIP
    colour = hue_of(theme, sheet.tone, "tone", 0)
    title = stack(
        sheet, at, inner, ("title", font_of(sheet, "head", room_for(LONG_WORD, inner, 25 * growth)), theme.ink, 0)
    )
    lines = listed(sheet, at, inner, font_of(sheet, "text", 15 * growth))

    def draw(room: Rect) -> list[Box]:
        face = look(sheet, at, 0)._replace(ground=tint(theme, colour), edge=colour)
        x, y = room.x + sheet.pad + STRIP / 2, room.y + sheet.pad + STRIP
        drawn = card(sheet, *room, face)
        if room.h - title.h - lines.h - 2 * sheet.pad > SPARE + lines.h:
            drawn.append(ornament(sheet, *room, colour))
        drawn += written(title, x, y)
        rest = Rect(x, y + title.h + 6, inner, room.bottom - y - title.h - 6 - sheet.pad)
        return [Box(at, *room, drawn + list_drawn(sheet, lines, colour, rest))]

    return Zone(at, title.h + lines.h + 2 * sheet.pad + STRIP + 6, draw, 1.2)


def _note(sheet: Sheet, at: int, order: int, width: float, growth: float) -> Stack:
    name = font_of(sheet, "head", room_for(LONG_WORD, width, 16 * growth))
    plain = font_of(sheet, "text", 13.5 * growth)
    return stack(sheet, at, width, ("label", name, hue(sheet, at, order), 0), ("note", plain, sheet.theme.soft, 4))


# ---- the chart, measured ----


def _chart(sheet: Sheet, width: float, growth: float) -> Zone:
    bars, axes, theme = at_of(sheet, "compare_bar"), at_of(sheet, "axis"), sheet.theme
    values, scale = values_of(sheet, bars)
    plain, strong = font_of(sheet, "text", 13 * growth), font_of(sheet, "bold", 13 * growth)
    ticks = max([plain.face.width(text) for _, text in _ticks(scale)]) * plain.size + 10 if axes else 0.0
    place = (width - ticks) / len(bars) - sheet.gap
    found = []
    for at, value in zip(bars, values, strict=True):
        name = font_of(sheet, "bold", room_for(LONG_WORD, place, 15 * growth))
        text = stack(sheet, at, place, ("label", name, theme.ink, 0), ("note", plain, theme.soft, 3))
        found.append(_Bar(at, value, str(sheet.items[at]["value"]), text))
    axis = (
        stack(sheet, axes[0], width - ticks, ("label", strong, theme.ink, 0), ("note", plain, theme.soft, 2))
        if axes
        else None
    )
    brackets = _brackets(sheet, bars, strong, plain, width - ticks)
    longest = max([len(bar.told) for bar in found])
    figure = font_of(sheet, "head", min(24 * growth, place / (longest * 0.62)))
    least = LEAST[sheet.scene.attribute("canvas")] * (LARGE if growth > 1 else 1)
    chart = _Chart(found, brackets, scale, axis, figure, plain, strong, ticks, least)
    high = _above(chart) + chart.least + _below(chart)
    return Zone(bars[0], high, lambda room: _drawn(sheet, chart, room), 2.5)


def _above(chart: _Chart) -> float:
    """What brackets and the numbers above bars need."""
    levels = max([bracket.level for bracket in chart.brackets], default=-1) + 1
    high = max([bracket.high for bracket in chart.brackets], default=0)
    return levels * (high + LEVEL) + chart.figure.lead + 4


def _below(chart: _Chart) -> float:
    """What the numbers below negative bars, the names and the axis need."""
    numbers = chart.figure.lead if chart.scale.low < 0 else 0
    return numbers + 8 + max([bar.text.h for bar in chart.bars]) + (chart.axis.h + 12 if chart.axis else 0)


def _brackets(sheet: Sheet, bars: Sequence[int], strong: Font, plain: Font, width: float) -> list[_Bracket]:
    """Each on the lowest level on which neither it nor its text meets another; short ones first."""
    number = {sheet.scene.components[at].fields["id"]: place for place, at in enumerate(bars)}
    ends = [
        (number[(one := sheet.scene.components[at].fields)["from"]], number[one["to"]], at)
        for at in at_of(sheet, "span_bracket")
    ]
    found, place = list[_Bracket](), width / len(bars)
    for a, b, at in sorted(ends, key=lambda each: each[1] - each[0]):
        item = sheet.items[at]
        wide = (strong.face.width(item["value"]) + plain.face.width(item["label"])) * plain.size + 34
        if wide > width:
            overflow(at, "label", wide / width)
        left, right = place * (a + 0.5) + ASIDE, place * (b + 0.5) - ASIDE
        middle = min(max((left + right) / 2, wide / 2), width - wide / 2)
        least, most = min(left, middle - wide / 2) - ASIDE, max(right, middle + wide / 2) + ASIDE
        taken = {other.level for other in found if other.least < most and least < other.most}
        level = next(level for level in range(len(found) + 1) if level not in taken)
        found.append(_Bracket(at, a, b, level, left, right, middle, least, most, wide, plain.lead + 10))
    return found


def _ticks(scale: Scale) -> list[tuple[float, str]]:
    """Round numbers on the scale."""
    rough = (scale.high - scale.low) / TICKS
    unit = 10.0 ** floor(log10(rough))
    step = next(unit * size for size in (1, 2, 2.5, 5, 10) if unit * size >= rough * 0.999)
    first, last = floor(scale.low / step + 0.999), floor(scale.high / step + 0.001)
    return [(place * step, f"{place * step:.6g}") for place in range(first, last + 1)]


# ---- the chart, drawn ----


def _drawn(sheet: Sheet, chart: _Chart, room: Rect) -> list[Box]:
    top, bottom = room.y + _above(chart), room.bottom - _below(chart)
    plot = Rect(room.x + chart.ticks, top, room.w - chart.ticks, bottom - top)
    place = plot.w / len(chart.bars)
    boxes = [_bar(sheet, chart, order, plot, place) for order in range(len(chart.bars))]
    boxes += [box for bracket in chart.brackets for box in _bracket(sheet, chart, bracket, plot)]
    zero = bottom - plot.h * chart.scale.share(0)
    sheet.under.append(rect(plot.x, zero - 0.8, plot.w, 1.6, 0, sheet.theme.wire))
    return boxes + _axis(sheet, chart, plot, room)


def _bar(sheet: Sheet, chart: _Chart, order: int, plot: Rect, place: float) -> Box:
    bar, theme = chart.bars[order], sheet.theme
    colour, wide = hue(sheet, bar.at, order), min(place * BAR, WIDEST)
    middle = plot.x + place * (order + 0.5)
    zero, end = (plot.bottom - plot.h * chart.scale.share(value) for value in (0.0, bar.value))
    name = f"{ROOT}-bar{order}"
    fade = (
        f'<linearGradient id="{name}" x1="0" y1="0" x2="0" y2="1"><stop stop-color="{colour}"/>'
        f'<stop offset="1" stop-color="{mix(colour, theme.panel, FADED)}"/></linearGradient>'
    )
    mixed = sheet.scene.components[bar.at].fields.get("accent") == "mixed"
    fill = f"url(#{ROOT}-mix)" if mixed else f"url(#{name})"
    x, top, long = middle - wide / 2, min(zero, end), max(abs(end - zero), 1.0)
    r = min(sheet.radius, long / 2)
    number = end + chart.figure.lead / 2 * (1 if bar.value < 0 else -1)
    below = plot.bottom + 8 + (chart.figure.lead if chart.scale.low < 0 else 0)
    drawn = [
        "" if mixed else fade,
        rect(x, top, wide, long, r, fill),
        line_at(middle, number, bar.told, chart.figure, colour, "middle"),
        *written(bar.text, middle, below, "middle"),
    ]
    high = min(top, number - chart.figure.lead / 2)
    half = place / 2 - sheet.gap / 2
    return Box(bar.at, middle - half, high, 2 * half, below + bar.text.h - high, drawn)


def _bracket(sheet: Sheet, chart: _Chart, bracket: _Bracket, plot: Rect) -> list[Box]:
    theme, at = sheet.theme, bracket.at
    left, right = plot.x + bracket.left, plot.x + bracket.right
    y = plot.y - chart.figure.lead - 4 - LEVEL - bracket.level * (bracket.high + LEVEL) - bracket.high / 2 + LEVEL / 2
    ends = [_top(chart, plot, end) - chart.figure.lead - LEG for end in (bracket.a, bracket.b)]
    colour = hue_of(theme, sheet.tone, "tone", 1)
    r = min(8.0, abs(ends[0] - y), abs(ends[1] - y))
    way = (
        f"M{left:.1f} {ends[0]:.1f}V{y + r:.1f}Q{left:.1f} {y:.1f} {left + r:.1f} {y:.1f}"
        f"H{right - r:.1f}Q{right:.1f} {y:.1f} {right:.1f} {y + r:.1f}V{ends[1]:.1f}"
    )
    feet = "".join([f"M{x - 6:.1f} {end:.1f}H{x + 6:.1f}" for x, end in zip((left, right), ends, strict=True)])
    sheet.under.append(
        f'<path d="{way}{feet}" fill="none" stroke="{colour}" stroke-width="1.8" stroke-linecap="round"/>'
    )
    item, middle, wide, high = sheet.items[at], plot.x + bracket.middle, bracket.wide, bracket.high
    start = middle - wide / 2 + 13
    pill = [
        rect(middle - wide / 2, y - high / 2, wide, high, high / 2, theme.panel, colour),
        line_at(start, y, item["value"], chart.strong, theme.ink),
        line_at(middle + wide / 2 - 13, y, item["label"], chart.plain, theme.soft, "end"),
    ]
    deep = max(ends) - y
    return [
        Box(at, left, y, right - left, deep, [], False),
        Box(at, middle - wide / 2, y - high / 2, wide, high, pill),
    ]


def _top(chart: _Chart, plot: Rect, order: int) -> float:
    """Where a bar's upper end is."""
    return plot.bottom - plot.h * chart.scale.share(max(chart.bars[order].value, 0.0))


def _axis(sheet: Sheet, chart: _Chart, plot: Rect, room: Rect) -> list[Box]:
    if not chart.axis:
        return []
    at, theme, drawn = at_of(sheet, "axis")[0], sheet.theme, list[str]()
    for value, text in _ticks(chart.scale):
        y = plot.bottom - plot.h * chart.scale.share(value)
        sheet.under.append(rect(plot.x, y - 0.5, plot.w, 1, 0, theme.line))
        drawn.append(line_at(plot.x - 8, y, text, chart.plain, theme.soft, "end"))
    y = room.bottom - chart.axis.h
    drawn += written(chart.axis, plot.x + plot.w / 2, y, "middle")
    return [Box(at, room.x, plot.y, room.w, room.bottom - plot.y, drawn, False)]
