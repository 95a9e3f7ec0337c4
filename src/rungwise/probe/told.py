"""A result in lines for people: rates with their intervals, and what fewer tasks would have made of them."""

from collections.abc import Iterator, Sequence

from rungwise.probe.result import Row, estimate, metrics, slices
from rungwise.probe.stats import Estimate, scatter

COLUMNS = ("greedy", "repaired", "pass@1", "picked", "oracle", "score")
FEW = 100


def table(rows: Sequence[Row]) -> Iterator[str]:
    held = set(metrics(rows))
    columns = [name for name in COLUMNS if name in held]
    groups = [("all", list(rows)), *[(label, part) for parts in slices(rows).values() for label, part in parts.items()]]
    yield "  ".join([f"{'':14}", f"{'n':>5}", *[f"{name:>17}" for name in columns]])
    for label, part in groups:
        yield "  ".join([f"{label:14.14}", f"{len(part):5}", *[f"{_cell(part, name):>17}" for name in columns]])
    if len(rows) < FEW:
        whole = estimate(rows, "greedy")
        yield f"with {len(rows)} tasks the interval of greedy is {100 * (whole.high - whole.low):.0f} points wide"


def _cell(rows: Sequence[Row], name: str) -> str:
    return _percent(estimate(rows, name))


def _percent(found: Estimate) -> str:
    return f"{found.value:4.0%} [{found.low:.0%}, {found.high:.0%}]"


def scatter_line(rows: Sequence[Row], size: int) -> str:
    """Scores of a few tasks, had they been drawn from these."""
    found = scatter(sum(row.greedy.passed for row in rows), len(rows), size)
    return (
        f"scores of {size} of these {len(rows)} tasks would have lain between {found.low:.0%} and {found.high:.0%} "
        f"(95 of 100 draws), at most between {found.least:.0%} and {found.most:.0%}; over all it is {found.value:.0%}"
    )
