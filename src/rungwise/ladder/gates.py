"""Conditions on a result, as people write them beforehand: `pass@1[dp3] - baseline >= 0.10`.

1. METRIC[SLICE] - baseline OP NUMBER; the slice and the comparison may be left out, `champion` or a shallow policy
   (`nearest`) may stand for `baseline`, and 10% for 0.10. [ONE,OTHER] is what is in both slices.
2. A condition is held or failed where the whole interval says so, and undecided where it does not: `point` says what
   the estimate alone would. Gates ask for the point; expectations are told with all three words.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rungwise.errors import InputError
from rungwise.ladder.compare import difference, require_comparable
from rungwise.probe.measure import Result
from rungwise.probe.result import estimate, part
from rungwise.probe.stats import Difference, Estimate

RUNS = ("baseline", "champion")  # what may be compared with besides shallow policies
WRITTEN = re.compile(
    r"\s*(?P<metric>[\w.@]+)\s*(?:\[(?P<part>[^\]]+)\])?\s*"
    r"(?:-\s*(?P<against>[a-z_]+)\s*)?"
    r"(?P<how>>=|<=|>|<)\s*(?P<bound>[-+]?(?:\d+\.?\d*|\.\d+))\s*(?P<percent>%?)\s*"
)
HOW: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    text: str
    metric: str
    part: str | None
    against: str | None  # one of RUNS, or a shallow policy
    how: str
    bound: float


@dataclass(frozen=True, slots=True)
class Found:
    """A condition held against a result."""

    condition: str
    status: str  # held, failed or undecided
    point: bool  # what the estimate alone says
    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.condition}: {self.status} ({self.value:.3f} [{self.low:.3f}, {self.high:.3f}], n={self.n})"


def parsed(text: str) -> Condition:
    found = WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r}; expected METRIC[SLICE] - baseline >= NUMBER, such as 'pass@1[dp3] >= 0.3'")
    bound = float(found["bound"]) / (100 if found["percent"] else 1)
    return Condition(text.strip(), found["metric"], found["part"], found["against"], found["how"], bound)


def found(condition: Condition, ours: Result, others: Mapping[str, Result | None]) -> Found:
    """`others` are the baseline and the champion, where there are any, and the shallow policies."""
    if condition.against == "champion" and others.get("champion") is None:
        return Found(condition.text, "undecided", True, 0.0, 0.0, 0.0, 0)  # there is none yet to fall behind
    seen = _estimated(condition, ours, others)
    if seen.n == 0:  # nothing has that metric: nothing is known to hold
        return Found(condition.text, "undecided", False, 0.0, 0.0, 0.0, 0)
    holds = HOW[condition.how]
    point, low, high = (holds(value, condition.bound) for value in (seen.value, seen.low, seen.high))
    status = "held" if low and high else "undecided" if low or high else "failed"
    return Found(condition.text, status, point, seen.value, seen.low, seen.high, seen.n)


def _estimated(condition: Condition, ours: Result, others: Mapping[str, Result | None]) -> Estimate | Difference:
    rows = part(ours.rows, condition.part) if condition.part else ours.rows
    if condition.against is None:
        return estimate(rows, condition.metric)
    other = others.get(condition.against)
    if other is None:
        raise InputError(f"there is no {condition.against} to compare with", field=condition.text)
    require_comparable(ours, other)
    return difference(condition.metric, ours.rows, other.rows, {row.task for row in rows})
