"""The transfer matrix: a row for what was trained on, a column for each family, in each cell the pass rate on it.

1. All results are of the same tasks, judge and way of decoding, or nothing is told.
2. Results with one label are seeds of one thing: a task's value is its mean over them, and the interval is over tasks.
   It says nothing of the spread over seeds, which stands beside it as the lowest and highest seed.
3. A row's label is what its run left out, as its settings have it, else the name of its folder. A cell whose family
   was left out is marked: there the model is measured on what it was never trained on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import msgspec

from rungwise.contract import Json
from rungwise.errors import InputError
from rungwise.probe.measure import Result, read
from rungwise.probe.result import metric
from rungwise.probe.stats import Estimate, mean
from rungwise.report.frame import Column, Line, framed, note, table
from rungwise.report.numbers import amount, between
from rungwise.report.page import seen
from rungwise.report.strips import rate

ALL = "all"
SAME = ("tasks", "judge", "decode")  # what two results must have in common


@dataclass(frozen=True, slots=True)
class Cell:
    estimate: Estimate
    least: float  # of the seeds
    most: float
    seeds: int
    left: bool  # the family was not trained on


@dataclass(frozen=True, slots=True)
class Matrix:
    metric: str
    families: tuple[str, ...]
    rows: Mapping[str, Mapping[str, Cell]]  # by label and family


@dataclass(frozen=True, slots=True)
class Named:
    label: str
    left: tuple[str, ...]
    result: Result


def opened(told: str) -> Named:
    """LABEL=PATH, or a path alone: of a run, or of a result."""
    label, equals, place = told.rpartition("=")
    known = Path(told).exists()  # a sweep's folders have = in their names
    folder = Path(told if known or not equals else place)
    result = read(folder / "probe" if (folder / "probe" / "result.json").exists() else folder)
    left = left_by(folder)
    own = ALL if left == () else "" if left is None else f"{ALL} but {', '.join(left)}"
    return Named((label if not known else "") or own or folder.name, left or (), result)


def left_by(run: Path) -> tuple[str, ...] | None:
    """The members that no source of a run has rows of; None where it is no run. A file's rows may be of any."""
    path = run / "settings.json"
    if not path.exists():
        return None
    try:
        told: Json = msgspec.json.decode(path.read_bytes())
        own = told["contract"]["settings"]
        drawn = [own | one["draw"] if one["source"] == "gold" else {} for one in (told["sft"] or {}).get("mixture", ())]
        drawn += [own] if told["rl"] else []
    except (msgspec.DecodeError, TypeError, AttributeError, KeyError) as error:
        raise InputError(f"cannot be read as the settings of a run: {error!r}", file=path) from error
    left = [_listed(one.get("leave", "")) for one in drawn]
    return tuple(name for name in left[0] if all(name in others for others in left)) if left else ()


def _listed(leave: str | Sequence[str]) -> list[str]:
    return [name.strip() for name in (leave.split(",") if isinstance(leave, str) else leave) if name.strip()]


def matrix(found: Sequence[Named], name: str = "greedy") -> Matrix:
    first = found[0]
    for one in found[1:]:
        differing = [key for key in SAME if one.result.record["probe"][key] != first.result.record["probe"][key]]
        if differing:
            told = f"has other {' and '.join(differing)} than {first.result.folder}"
            raise InputError(f"{told}; results are compared on one probe alone", file=one.result.folder)
    families = tuple(dict.fromkeys(row.family for row in first.result.rows))
    labels = dict.fromkeys(one.label for one in found)
    return Matrix(name, families, {
        label: {family: _cell([one for one in found if one.label == label], family, name) for family in families}
        for label in labels
    })  # fmt: skip


def _cell(seeds: Sequence[Named], family: str, name: str) -> Cell:
    values = [_values(one.result, family, name) for one in seeds]
    if not values[0]:
        raise InputError(f"no task of {family} has a value for {name}", field="--metric")
    means = [fmean(of_one) for of_one in values]
    over = mean([fmean(of_task) for of_task in zip(*values, strict=True)])
    return Cell(over, min(means), max(means), len(seeds), any(family in one.left for one in seeds))


def _values(result: Result, family: str, name: str) -> list[float]:
    """In the order of the probe's tasks, which all results share."""
    value = metric(name, len(result.rows[0].samples))
    found = [value(row) for row in result.rows if row.family == family]
    return [float(one) for one in found if one is not None]


# ---- told ----


def lines(found: Matrix) -> Iterator[str]:
    """For a terminal: a family's column as wide as its name or its cells."""
    told = {
        label: [_text(cells[family], found.metric) for family in found.families] for label, cells in found.rows.items()
    }
    wide = max(len(name) for name in ("trained on", *found.rows))
    widths = [
        max(len(text) for text in (family, *(row[at] for row in told.values())))
        for at, family in enumerate(found.families)
    ]
    yield "  ".join(
        ["trained on".ljust(wide), *(family.rjust(n) for family, n in zip(found.families, widths, strict=True))]
    )
    for label, row in told.items():
        yield "  ".join([label.ljust(wide), *(text.rjust(n) for text, n in zip(row, widths, strict=True))])
    if any(cell.left for cells in found.rows.values() for cell in cells.values()):
        yield "* not trained on"


def _text(cell: Cell, name: str) -> str:
    one = cell.estimate
    return f"{'*' if cell.left else ''}{amount(one.value, name)} [{between(one.low, one.high, name)}] n={one.n}"


def records(found: Matrix) -> Iterator[dict[str, Json]]:
    for label, cells in found.rows.items():
        for family, cell in cells.items():
            one = cell.estimate
            yield {"trained_on": label, "family": family, "left_out": cell.left, "metric": found.metric,
                   "value": one.value, "low": one.low, "high": one.high, "n": one.n, "seeds": cell.seeds,
                   "least": cell.least, "most": cell.most}  # fmt: skip


def fragment(found: Matrix) -> str:
    """The table as HTML, a strip under each figure; for a page of its own, or to stand in another."""
    columns = [Column("trained on", "text"), *(Column(family, "rate") for family in found.families)]
    rows = [
        Line([seen(label), *(_drawn(cells[family], found.metric) for family in found.families)])
        for label, cells in found.rows.items()
    ]
    told = f"{found.metric} by family; blue was not trained on, the interval is over tasks, not over seeds."
    return note(told, "blue") + table(columns, rows, "transfer matrix", "matrix")


def _drawn(cell: Cell, name: str) -> str:
    one, tone = cell.estimate, "" if not cell.left else "blue"
    seeds = f", seeds {between(cell.least, cell.most, name)}" if cell.seeds > 1 else ""
    figure = f"<b>{seen(amount(one.value, name))}</b>"
    marked = f'<span class="chip blue">{figure}</span>' if cell.left else figure
    told = f"{between(one.low, one.high, name)}, n={one.n}{seeds}"
    return f"{marked}<br><small>{seen(told)}</small>{rate(one.value, one.low, one.high, tone)}"


def page(found: Matrix) -> str:
    return framed("Transfer matrix", f"<main><h1>Transfer matrix</h1>{fragment(found)}</main>")
