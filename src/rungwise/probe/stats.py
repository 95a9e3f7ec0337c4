"""Numbers about numbers, from scipy where it has them; loaded when first used, because scipy is slow to import."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95% Wilson interval and what it was counted over."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.0%} [{self.low:.0%}, {self.high:.0%}] n={self.n}"


def rate(passed: int, n: int) -> Rate:
    if n == 0:
        return Rate(0.0, 0.0, 1.0, 0)
    from scipy.stats import binomtest

    interval = binomtest(passed, n).proportion_ci(method="wilson")
    return Rate(passed / n, float(interval.low), float(interval.high), n)
