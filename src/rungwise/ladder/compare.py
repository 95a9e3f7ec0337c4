"""Two results side by side, paired on the tasks of one probe.

Results of two probes are never compared: what differs is named. The main metric is tested once over all tasks; slices
are tested together, their p values adjusted by Holm, so that one of many does not seem to matter by chance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from rungwise.contract import Json
from rungwise.errors import RungwiseError
from rungwise.probe.measure import Result
from rungwise.probe.result import Row, k_of, metric, slices
from rungwise.probe.stats import Difference, holm, paired

ALPHA = 0.05


class NotComparable(RungwiseError):
    """Two results that were not measured by the same thing."""


@dataclass(frozen=True, slots=True)
class Comparison:
    metric: str
    whole: Difference
    parts: Mapping[str, Difference]  # by WAY=NAME
    adjusted: Mapping[str, float]  # their p values
    improved: Sequence[str]  # tasks
    regressed: Sequence[str]

    def worse(self) -> list[str]:
        """The slices that are surely worse."""
        return [name for name, found in self.parts.items() if found.value < 0 and self.adjusted[name] < ALPHA]

    @property
    def better(self) -> bool:
        return self.whole.value > 0 and self.whole.p < ALPHA


def require_comparable(ours: Result, theirs: Result) -> None:
    mine, other = ours.record["probe"], theirs.record["probe"]
    if mine["hash"] == other["hash"]:
        if [row.task for row in ours.rows] != [row.task for row in theirs.rows]:
            raise NotComparable(f"{ours.folder} and {theirs.folder} have rows of other tasks, though of one probe")
        return
    differing = [name for name in ("contract", "judge", "tasks", "decode") if mine[name] != other[name]]
    told = "; ".join(f"{name}: {_short(mine[name])} and {_short(other[name])}" for name in differing)
    raise NotComparable(
        f"{ours.folder} and {theirs.folder} were measured on two probes ({told or 'their seeds or golds differ'}); "
        "measure both on one"
    )


def _short(value: Json) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {part}" for key, part in value.items())
    return str(value)[:12]


def compare(ours: Result, theirs: Result, name: str = "greedy") -> Comparison:
    require_comparable(ours, theirs)
    pairs = list(zip(ours.rows, theirs.rows, strict=True))
    parts = {
        f"{way}={label}": difference(name, ours.rows, theirs.rows, {row.task for row in members})
        for way, found in slices(ours.rows).items() if way != "seen"
        for label, members in found.items()
    }  # fmt: skip
    return Comparison(
        metric=name,
        whole=difference(name, ours.rows, theirs.rows),
        parts=parts,
        adjusted=holm({label: found.p for label, found in parts.items()}),
        improved=[mine.task for mine, other in pairs if mine.greedy.passed and not other.greedy.passed],
        regressed=[mine.task for mine, other in pairs if other.greedy.passed and not mine.greedy.passed],
    )


def difference(name: str, ours: Sequence[Row], theirs: Sequence[Row], only: set[str] | None = None) -> Difference:
    """Over the tasks that have a value in both."""
    mine, other = metric(name, k_of(ours)), metric(name, k_of(theirs))
    pairs = [
        (a, b)
        for one, two in zip(ours, theirs, strict=True)
        if (only is None or one.task in only) and (a := mine(one)) is not None and (b := other(two)) is not None
        and isfinite(a) and isfinite(b)
    ]  # fmt: skip
    return paired([a for a, _ in pairs], [b for _, b in pairs])
