"""Figures as people read them: shares in percent, differences in points, times, sizes and amounts.

1. A share is 0% or 100% only where it is exactly that; near them one more digit is told.
2. A difference always has its sign, with a true minus.
"""

import math
import re

from rungwise.report.scales import MINUS, figure

RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
SHARES = re.compile(
    r"(greedy|repaired|exact|exact\.repaired|parsed|truncated|exploit|exploit\.sampled|exploited|exploited\.sampled|control|tail|edited|picked|oracle"
    r"|(pass|all)@\d+)"
)


def is_share(metric: str) -> bool:
    """Whether it is a share of tasks, by its name; others are means of some unit of their own."""
    return SHARES.fullmatch(metric) is not None


def percent(share: float, digits: int = 0) -> str:
    """62%, 0.4%, 99.7%: never rounded to all or nothing."""
    if share in (0.0, 1.0):
        return f"{100 * share:.0f}%"
    told = f"{100 * share:.{digits}f}"
    if float(told) in (0, 100) and digits < 4:
        return percent(share, digits + 1)
    return f"{told.replace('-', MINUS)}%"


def amount(value: float, metric: str, digits: int = 0) -> str:
    return percent(value, digits) if is_share(metric) else plain(value, metric)


def plain(value: float, metric: str) -> str:
    """Scores with three digits, as they are compared; what has a unit of its own with those that count."""
    return f"{value:.3f}" if metric.startswith(("score", "part.")) else figure(value)


def between(low: float, high: float, metric: str) -> str:
    """The interval, its unit told once."""
    if not is_share(metric):
        return f"{plain(low, metric)} to {plain(high, metric)}"
    return f"{percent(low).removesuffix('%')} to {percent(high)}"


def dashed(low: float, high: float) -> str:
    """The interval of a share, as short as it can be told."""
    return f"{percent(low).removesuffix('%')}\N{EN DASH}{percent(high).removesuffix('%')}"


def signed(value: float, metric: str) -> str:
    """+4.3 points, or +0.043 of what is no share."""
    told = f"{100 * value:+.1f}" if is_share(metric) else f"{value:+.3f}"
    return "0" + told[2:] if float(told) == 0 else told.replace("-", MINUS)


def unit(metric: str) -> str:
    return "points" if is_share(metric) else ""


def chance(p: float) -> str:
    """A p value."""
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.4f}" if p < 0.01 else f"p = {p:.2f}"


def bare_chance(p: float) -> str:
    """Under a heading that says what it is."""
    return chance(p).removeprefix("p ").removeprefix("= ")


def time(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "unknown"
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {whole % 60} s"


def size(many: int) -> str:
    """Bytes."""
    return (
        f"{many:,} B" if many < 10_000 else f"{many / 1000:,.0f} kB" if many < 10_000_000 else f"{many / 1e6:,.0f} MB"
    )


def many(value: float) -> str:
    """Tokens and flops: in full while that can be read, then by powers of ten."""
    if not math.isfinite(value):
        return "unknown"
    if value < 1e7:
        return f"{value:,.0f}"
    if value < 1e12:
        return f"{value / 1e6:,.1f} million" if value < 1e9 else f"{value / 1e9:,.1f} billion"
    digits, _, power = f"{value:.1e}".partition("e")
    return f"{digits} \u00d7 10{str(int(power)).translate(RAISED)}"


def counted(number: int, what: str) -> str:
    """1 task, 2 tasks."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
