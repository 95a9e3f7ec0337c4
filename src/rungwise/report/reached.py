"""When curves reach a level, and their mean over the steps: what tells a delay from a difference."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from statistics import fmean, median, stdev

from rungwise.report.charts import Chart, Panel
from rungwise.report.frame import Column, Line, table
from rungwise.report.page import seen as seen
from rungwise.report.scales import Curve, figure

HEAD = ("figure", "rung", "first step, by seed", "median", "mean", "of steps")


@dataclass(frozen=True, slots=True)
class Reached:
    """What one rung's seeds did in one chart."""

    metric: str  # behind its stage
    rung: str
    steps: tuple[float, ...]  # where each seed first was at the level, or beyond; inf where it never was
    means: tuple[float, ...]  # of each seed's steps up to `until`; none where a seed has no step so early
    until: int

    @property
    def cells(self) -> tuple[str, ...]:
        spread = f" ± {figure(stdev(self.means))}" if len(self.means) > 1 else ""
        return (
            self.metric, self.rung, " ".join(map(_step, self.steps)), _step(median(self.steps)),
            figure(fmean(self.means)) + spread if self.means else "none", f"up to {self.until}",
        )  # fmt: skip


def reached(panels: Sequence[Panel], level: float) -> list[Reached]:
    """A row for every rung in every chart. Lines are moving means; their means are over the steps that all have."""
    return [row for panel in panels for chart in panel.charts for row in _of_chart(panel.name, chart, level)]


def _of_chart(stage: str, chart: Chart, level: float) -> Iterator[Reached]:
    lines = {series.name: series.seeds for series in chart.series if series.seeds}
    until = min((max(line) for seeds in lines.values() for line in seeds), default=0)
    for name, seeds in lines.items():
        before = [[value for step, value in line.items() if step <= until] for line in seeds]
        means = tuple(map(fmean, before)) if all(before) else ()
        yield Reached(f"{stage} {chart.name}", name, tuple(first_at(line, level) for line in seeds), means, until)


def first_at(line: Curve, level: float) -> float:
    """The first step that is not on the side of the level where the line began."""
    begun = next(iter(line.values()))
    return next((step for step, value in line.items() if min(begun, value) <= level <= max(begun, value)), inf)


def _step(step: float) -> str:
    return "never" if step == inf else f"{step:g}"


def text(rows: Sequence[Reached]) -> Iterator[str]:
    cells = [HEAD, *(row.cells for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def section(rows: Sequence[Reached], level: float) -> str:
    columns = [Column(name) for name in HEAD]
    lines = (Line([seen(cell) for cell in row.cells]) for row in rows)
    told = f"where {figure(level)} is reached"
    return f'<section aria-labelledby="reached"><h2 id="reached">{told}</h2>{table(columns, lines, told)}</section>'
