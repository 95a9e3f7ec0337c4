"""Small line charts as SVG, many of them side by side: no script, no plotting library, the same bytes every time.

1. What shares a colour is a series: one rung, with a line for each seed. A single line is drawn faint as it was
   written down and strong as its moving mean; of several seeds each one's moving mean is thin, their mean is strong.
2. Series differ by dashes as well as by colour, so that a black and white print can be read.
3. The charts of a panel have one step axis, so that they can be read down a column. Marks stand under it.
4. A few far values (the first steps of a loss, a spike) must not flatten all others: where the outer fiftieth would
   stretch the axis by half, it is cut off at the edge, and an arrow says how far it went.
5. Whatever is written in a chart was named by others: it is escaped, and long names are cut.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from rungwise.report.colours import STYLE, colour, look
from rungwise.report.page import seen as seen
from rungwise.report.scales import Curve, figure, labels, mean, smoothed, span, thinned, ticks

WIDE, LEFT, RIGHT, TOP, PLOT = 380, 46, 18, 34, 136
ROOM, MARKS = WIDE - LEFT - RIGHT, TOP + PLOT + 22
ROW, MARK_ROW, COLUMNS, GAP = 17, 13, 3, 30
FEW = 30  # values that are drawn as dots too


@dataclass(frozen=True, slots=True)
class Series:
    """The lines of one rung in one chart, one a seed; none where it has no such figure."""

    name: str
    slot: int  # which colour and dashes
    faint: tuple[Curve, ...]  # a single line as it was written down, several as their moving means
    strong: Curve  # the mean of the moving means

    @property
    def drawn(self) -> tuple[Curve, ...]:
        return (*self.faint, self.strong)

    @property
    def seeds(self) -> tuple[Curve, ...]:
        """The moving mean of each."""
        return self.faint if len(self.faint) > 1 else (self.strong,) if self.strong else ()


def series_of(name: str, slot: int, lines: Sequence[Curve]) -> Series:
    thin = tuple(smoothed(line) for line in lines)
    return Series(name, slot, thin if len(thin) > 1 else tuple(lines), mean(thin))


@dataclass(frozen=True, slots=True)
class Chart:
    name: str
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A word at a step, said of a series."""

    slot: int
    step: int
    word: str


@dataclass(frozen=True, slots=True)
class Panel:
    """Charts over the same steps."""

    name: str
    charts: tuple[Chart, ...]
    marks: tuple[Mark, ...]
    last: int  # step
    missing: tuple[str, ...] = ()  # series that have nothing here


# ---- one chart ----


@dataclass(frozen=True, slots=True)
class Drawing:
    """Elements, as wide as all charts."""

    body: tuple[str, ...]
    tall: float
    told: str  # in words, for whoever does not see it


def drawn(chart: Chart, panel: Panel) -> Drawing:
    """One chart of a panel: axes, lines, marks, and where each series starts and ends."""
    rows = laid_out(panel.marks, panel.last)
    axis = ticks(*span([line for series in chart.series for line in series.drawn]))
    under = MARKS + MARK_ROW * len(rows) + 14
    scale = Scale(axis[0], axis[-1], panel.last)
    ends = [(series, _ends(series)) for series in chart.series]
    body = [
        f'<text class="name" x="0" y="15">{short(chart.name, 46)}</text>',
        *_y_axis(axis, scale),
        *_x_axis(scale),
        *[_guide(mark, row, scale) for row, marks in enumerate(rows) for mark in marks],
        *[part for series in chart.series for part in _lines(series, scale)],
        *_beyond(chart, scale),
        *[part for row, marks in enumerate(rows) for mark in marks for part in _mark(mark, row, scale)],
        *[part for at, (series, end) in enumerate(ends) for part in _key(series, end, at, under)],
    ]
    told = "; ".join(f"{series.name} {end}" for series, end in ends)
    return Drawing(tuple(body), under - 10 + ROW * ceil(len(ends) / COLUMNS), f"{chart.name}: {told}")


@dataclass(frozen=True, slots=True)
class Scale:
    low: float
    high: float
    last: int

    def x(self, step: float) -> float:
        return LEFT + ROOM * step / self.last

    def y(self, value: float) -> float:
        inside = min(max(value, self.low), self.high)
        return TOP + PLOT * (1 - (inside - self.low) / (self.high - self.low))


def _y_axis(at: Sequence[float], scale: Scale) -> list[str]:
    told = zip(labels(at), [scale.y(value) for value in at], strict=True)
    return [
        f'<path class="grid" d="M{LEFT},{y:.1f}H{WIDE - RIGHT}"/>'
        f'<text class="end" x="{LEFT - 7}" y="{y + 4:.1f}">{label}</text>'
        for label, y in told
    ]


def _x_axis(scale: Scale) -> list[str]:
    at = [value for value in ticks(0, scale.last) if value <= scale.last and value == int(value)]
    nicks = "".join(f"M{scale.x(step):.1f},{TOP + PLOT}v4" for step in at)
    words = zip(labels(at), at, strict=True)
    return [
        f'<path class="axis" d="M{LEFT},{TOP + PLOT}H{WIDE - RIGHT}{nicks}"/>',
        f'<text class="end" x="{LEFT - 10}" y="{TOP + PLOT + 16}">step</text>',
        *[f'<text class="mid" x="{scale.x(step):.1f}" y="{TOP + PLOT + 16}">{word}</text>' for word, step in words],
    ]


def _lines(series: Series, scale: Scale) -> list[str]:
    kind = "thin" if len(series.faint) > 1 else "raw"
    faint = [_line(kind, series, line, scale) for line in series.faint if line != series.strong]
    return [*faint, _line("strong", series, series.strong, scale)]


def _line(kind: str, series: Series, line: Curve, scale: Scale) -> str:
    points = [(scale.x(step), scale.y(value)) for step, value in thinned(line, ROOM).items()]
    if not points:
        return ""
    path = f'<path class="{kind} {look(series.slot)}" d="M{"L".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'
    dots = [] if kind != "strong" else points if len(points) <= FEW else points[-1:]
    dot = f'<circle class="dot {colour(series.slot)}" r="2.4" '
    return path + "".join(f'{dot}cx="{x:.1f}" cy="{y:.1f}"/>' for x, y in dots)


def _beyond(chart: Chart, scale: Scale) -> list[str]:
    """An arrow at the edge, with how far the farthest value beyond it goes."""
    points = [(value, step) for series in chart.series for line in series.drawn for step, value in line.items()]
    told = []
    for arrow, (value, step), y in (("↑", max(points), TOP - 5), ("↓", min(points), TOP + PLOT - 5)):
        if not scale.low <= value <= scale.high:
            side = "end" if scale.x(step) > WIDE / 2 else "from"
            told.append(f'<text class="{side} halo" x="{scale.x(step):.1f}" y="{y}">{arrow} {figure(value)}</text>')
    return told


def _ends(series: Series) -> str:
    values = list(series.strong.values())
    return f"{figure(values[0])} → {figure(values[-1])}" if values else "none"


def _key(series: Series, end: str, at: int, y: float) -> list[str]:
    """The line's look with its first and last value, in columns under the axis."""
    x, y = WIDE / COLUMNS * (at % COLUMNS), y + ROW * (at // COLUMNS)
    return [sample(series.slot, x, y), f'<text class="value" x="{x + 26:.1f}" y="{y:.1f}">{end}</text>']


def sample(slot: int, x: float, y: float) -> str:
    """A piece of a series' line, to be put beside a text that stands at y."""
    return f'<path class="strong {look(slot)}" d="M{x:.1f},{y - 4:.1f}h20"/>'


# ---- marks ----


def laid_out(marks: Iterable[Mark], last: int) -> list[list[Mark]]:
    """Marks in as few rows as it takes for their words not to run into each other, the last steps in the first row: so
    the line from a mark up to the axis passes to the left of the words above it."""
    scale, rows, starts = Scale(0, 1, last), list[list[Mark]](), list[float]()
    for mark in sorted(marks, key=lambda mark: (-mark.step, mark.slot, mark.word)):
        start, end = _reach(mark, scale)
        row = next((row for row, taken in enumerate(starts) if end < taken), len(starts))
        if row == len(starts):
            rows.append([])
            starts.append(0)
        rows[row].append(mark)
        starts[row] = start
    return rows


def _reach(mark: Mark, scale: Scale) -> tuple[float, float]:
    """From where to where its word goes: to the right of its tick, or to the left where there is no room."""
    x, wide = scale.x(mark.step), 12 + 5.6 * min(28, len(mark.word))
    return (x - 5, x + wide) if x + wide <= WIDE else (x - wide, x + 5)


def _guide(mark: Mark, row: int, scale: Scale) -> str:
    x = scale.x(mark.step)
    return f'<path class="guide {colour(mark.slot)}" d="M{x:.1f},{TOP}V{MARKS + MARK_ROW * row}"/>'


def _mark(mark: Mark, row: int, scale: Scale) -> list[str]:
    x, y = scale.x(mark.step), MARKS + MARK_ROW * row
    side, word_at = ("from", x + 7) if _reach(mark, scale)[1] > x + 5 else ("end", x - 7)
    return [
        f'<path class="dot {colour(mark.slot)}" d="M{x:.1f},{y}l4,8h-8z"/>',
        f'<text class="{side} halo mark" x="{word_at:.1f}" y="{y + 8}">{short(mark.word, 28)}</text>',
    ]


# ---- a picture of panels ----


def svg_of(title: str, panels: Sequence[Panel]) -> str:
    """One SVG file that stands alone, with a legend for each panel."""
    columns = max(min(COLUMNS, len(panel.charts) if len(panel.charts) != 4 else 2) for panel in panels)
    body, tall, wide = list[str](), 0.0, columns * (WIDE + GAP) - GAP
    for panel in panels:
        parts, height = _panel(panel, columns, wide)
        body += [f'<g transform="translate(0,{tall:.0f})">', *parts, "</g>"]
        tall += height
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="curve" width="{wide + 2 * GAP}" height="{tall + GAP:.0f}"'
            f' viewBox="{-GAP} {-GAP} {wide + 2 * GAP} {tall + GAP:.0f}" role="img">',
            f"<title>{seen(title)}</title>\n<style>{STYLE}</style>",
            f'<rect class="paper" x="{-GAP}" y="{-GAP}" width="100%" height="100%"/>',
            *body,
            "</svg>\n",
        ]
    )


def _panel(panel: Panel, columns: int, wide: float) -> tuple[list[str], float]:
    body, tall = _legend(panel, wide)
    for start in range(0, len(panel.charts), columns):
        drawings = [drawn(chart, panel) for chart in panel.charts[start : start + columns]]
        for at, drawing in enumerate(drawings):
            body += [f'<g transform="translate({at * (WIDE + GAP)},{tall:.0f})">', *drawing.body, "</g>"]
        tall += max(drawing.tall for drawing in drawings) + GAP
    return body, tall


def _legend(panel: Panel, wide: float) -> tuple[list[str], float]:
    body = [f'<text class="head" x="0" y="10">{seen(panel.name)}</text>']
    x, y = 12.0 + 9 * len(panel.name), 10.0
    for series in panel.charts[0].series:
        room = 54 + 7 * min(46, len(series.name))
        if x + room > wide and x > 0:
            x, y = 0, y + 20
        body += [
            sample(series.slot, x, y),
            f'<text class="key" x="{x + 27:.0f}" y="{y:.0f}">{short(series.name, 46)}</text>',
        ]
        x += room
    return body, y + 24


def short(name: str, most: int) -> str:
    return seen(name if len(name) <= most else name[: most - 1] + "…")
