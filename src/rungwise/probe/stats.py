"""Numbers about numbers, from scipy where it has them; loaded when first used, because scipy is slow to import.

1. One value is one task. The k samples of a task are one cluster: the caller gives the task's own mean of them.
2. Every interval is of 95%. A share has Wilson's, a difference of two shares Tango's score interval for pairs, any
   other mean the bootstrap's over tasks, its tails widened for few tasks as Student's t would widen them (Hesterberg's
   expanded percentiles).
3. A bootstrap cannot draw what it has not seen: equal values would give it no width, and few that differ too little.
   There the interval is at least as wide as this: as many tasks may differ as Wilson's interval leaves possible for
   what was met in none of n, by as much as values can, which is from 0 to 1 where all lie in it and from 0 to twice
   the largest otherwise.
4. The test of a difference and its interval are two things: p is exact (McNemar, or all sign flips where they are few),
   the interval is not, and close to 0.05 one may speak where the other does not. A ruling goes by p.
5. Whatever is drawn at random comes from a stream of its own and does not depend on the order of the tasks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb, sqrt
from typing import Any

import numpy as np

from rungwise.errors import InputError
from rungwise.seeds import derive

RESAMPLES = 4000  # of a bootstrap
FLIPS = 9999  # of a permutation test; all of them where there are no more than that
BATCH = 2_000_000  # values that are drawn at a time
FEW = 10  # so few values other than the commonest say little of how values differ
ALPHA = 0.05

Values = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95% Wilson interval and what it was counted over."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.0%} [{self.low:.0%}, {self.high:.0%}] n={self.n}"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over n tasks with its interval; of no tasks nothing is known, and 0 stands for it."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}] n={self.n}"


@dataclass(frozen=True, slots=True)
class Difference:
    """Ours less theirs on the same n tasks; `up` of them are better, `down` worse, the others equal."""

    value: float
    low: float
    high: float
    n: int
    p: float
    test: str  # mcnemar, permutation, or none where there are no tasks
    up: int
    down: int

    def __str__(self) -> str:
        return f"{self.value:+.3f} [{self.low:+.3f}, {self.high:+.3f}] p={self.p:.2g} n={self.n}"


@dataclass(frozen=True, slots=True)
class Scatter:
    """Scores that `size` of the n tasks would have given, had only so many been asked: 95% of them from low to high."""

    size: int
    value: float
    low: float
    high: float
    least: float
    most: float
    n: int


# ---- one policy ----


def rate(passed: int, n: int) -> Rate:
    if n == 0:
        return Rate(0.0, 0.0, 1.0, 0)
    from scipy.stats import binomtest

    interval = binomtest(passed, n).proportion_ci(method="wilson")
    return Rate(passed / n, float(interval.low), float(interval.high), n)


def mean(values: Sequence[float], seed: int = 0) -> Estimate:
    """Of one value a task. Values that are all 0 or 1 are a share and have its interval."""
    found = np.sort(np.asarray(values, dtype=float))
    if _shares(found):
        counted = rate(int(found.sum()), len(found))
        return Estimate(counted.value, counted.low, counted.high, counted.n)
    first, last = float(found[0]), float(found[-1])
    bounds = (0.0, 1.0) if first >= 0 and last <= 1 else (min(0.0, 2 * first), max(0.0, 2 * last))
    low, high = _interval(found, *bounds, derive(seed, "mean"))
    return Estimate(float(found.mean()), low, high, len(found))


def pass_at(k: int, n: int, c: int) -> float:
    """The share of all choices of k among n samples that hold one of the c that passed: pass@k without bias."""
    if not 1 <= k <= n:
        raise InputError(f"pass@{k} of {n} samples; expected 1 to {n}")
    if not 0 <= c <= n:
        raise InputError(f"{c} of {n} samples passed; expected 0 to {n}")
    return (comb(n, k) - comb(n - c, k)) / comb(n, k)


def scatter(passed: int, n: int, size: int) -> Scatter:
    """How widely scores of `size` tasks, drawn from these n without replacement, would have scattered."""
    if not 1 <= size <= n:
        raise InputError(f"is {size}; expected 1 to {n}, the tasks that there are", field="subset")
    from scipy.stats import hypergeom

    drawn = hypergeom(n, passed, size)
    low, high = drawn.ppf([ALPHA / 2, 1 - ALPHA / 2])
    least, most = drawn.support()
    return Scatter(
        size, passed / n, float(low) / size, float(high) / size, float(least) / size, float(most) / size, n
    )  # fmt: skip


def _shares(values: Values) -> bool:
    return bool(np.isin(values, (0.0, 1.0)).all())


def _interval(values: Values, least: float, most: float, seed: int) -> tuple[float, float]:
    """Of the mean of values in ascending order that could lie anywhere from least to most."""
    n, value = len(values), float(values.mean())
    low, high = (value, value) if values[0] == values[-1] else _bootstrap(values, seed)
    if n - int(np.unique(values, return_counts=True)[1].max()) >= FEW:
        return low, high
    unseen = rate(0, n).high
    return min(low, value - unseen * (value - least)), max(high, value + unseen * (most - value))


def _bootstrap(values: Values, seed: int) -> tuple[float, float]:
    from scipy.stats import bootstrap, norm, t

    n = len(values)
    tail = float(norm.cdf(t.ppf(ALPHA / 2, n - 1) * sqrt(n / (n - 1))))
    found = bootstrap(
        (values,), np.mean, n_resamples=RESAMPLES, batch=max(1, BATCH // n), method="percentile", axis=-1,
        confidence_level=1 - 2 * tail, random_state=np.random.default_rng(seed),
    ).confidence_interval  # fmt: skip
    return float(found.low), float(found.high)


# ---- two policies ----


def paired(ours: Sequence[float], theirs: Sequence[float], seed: int = 0) -> Difference:
    """On the same tasks in the same order. What is 0 or 1 throughout is passed or failed: McNemar, exact."""
    pairs = np.asarray(list(zip(ours, theirs, strict=True)), dtype=float).reshape(-1, 2)
    if not len(pairs):
        return Difference(0.0, -1.0, 1.0, 0, 1.0, "none", 0, 0)
    found = np.sort(pairs[:, 0] - pairs[:, 1])
    n, up, down = len(found), int((found > 0).sum()), int((found < 0).sum())
    if _shares(pairs.ravel()):
        low, high = _score_interval(up, down, n)
        return Difference((up - down) / n, low, high, n, _mcnemar(up, down), "mcnemar", up, down)
    widest = _widest(pairs)
    low, high = _interval(found, -widest, widest, derive(seed, "paired"))
    p = _sign_flips(found[found != 0], derive(seed, "flips"))
    return Difference(float(found.mean()), low, high, n, p, "permutation", up, down)


def _mcnemar(up: int, down: int) -> float:
    from scipy.stats import binomtest

    return float(binomtest(up, up + down).pvalue) if up + down else 1.0


def _sign_flips(found: Values, seed: int) -> float:
    if len(found) < 2:  # either sign is as far from 0 as the other
        return 1.0
    from scipy.stats import permutation_test

    tested = permutation_test(
        (found,), np.mean, permutation_type="samples", n_resamples=FLIPS, vectorized=True, axis=-1,
        batch=max(1, BATCH // len(found)), random_state=np.random.default_rng(seed),
    )  # fmt: skip
    return float(tested.pvalue)


def _widest(pairs: Any) -> float:
    """The most that two values of one task can differ by."""
    return 1.0 if pairs.min() >= 0 and pairs.max() <= 1 else float(np.abs(pairs).max())


def _score_interval(up: int, down: int, n: int) -> tuple[float, float]:
    """Tango's (1998) for a difference of paired shares: the differences that its score test would not reject."""
    from scipy.optimize import brentq
    from scipy.stats import norm

    z, value = float(norm.ppf(1 - ALPHA / 2)), (up - down) / n

    def excess(true: float) -> float:
        return (up - down - n * true) ** 2 - z**2 * n * _variance(true, up, down, n)

    # At the value itself the variance may be 0 and reject nothing: the ends are looked for just beside it.
    low = -1.0 if value == -1 else brentq(excess, -1.0, value - 1e-9)
    high = 1.0 if value == 1 else brentq(excess, value + 1e-9, 1.0)
    return float(low), float(high)


def _variance(true: float, up: int, down: int, n: int) -> float:
    """Of one pair's difference, where the likeliest shares whose difference is `true` hold."""
    b = -up - down + (2 * n - up + down) * true
    c = -down * true * (1 - true)
    share = (sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
    return max(0.0, 2 * share + true * (1 - true))


def holm(ps: Mapping[str, float]) -> dict[str, float]:
    """p values adjusted so that one of many tests does not seem to matter by chance (Holm's step-down)."""
    adjusted, before = {}, 0.0
    for rank, name in enumerate(sorted(ps, key=lambda name: (ps[name], name))):
        before = max(before, min(1.0, (len(ps) - rank) * ps[name]))
        adjusted[name] = before
    return {name: adjusted[name] for name in ps}


# ---- what a probe can tell ----


def resolvable(
    n: int, rate: float = 0.5, discordant: float | None = None, power: float = 0.8, alpha: float = ALPHA
) -> float:  # fmt: skip
    """The least true difference in pass rate that McNemar's test over n tasks finds in `power` of all tries.

    One policy passes at `rate`, the other differs towards the side where there is more room. `discordant` is the share
    of tasks on which they differ; where it is not known they are taken to fail on unrelated tasks, which is about the
    worst: policies of one family fail on the same ones, and smaller differences are found. 1 where none can be found.
    """
    most = max(rate, 1 - rate)
    if _power(n, most, rate, discordant, alpha) < power:
        return 1.0
    low, high = 0.0, most
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if _power(n, middle, rate, discordant, alpha) >= power else (middle, high)
    return high


def _power(n: int, difference: float, rate: float, discordant: float | None, alpha: float) -> float:
    """How often the test says that the better one is better, over all numbers of tasks on which they may differ."""
    from scipy.stats import binom

    near = min(rate, 1 - rate)
    apart = near + (1 - 2 * near) * (near + difference) if discordant is None else max(discordant, difference)
    m = np.arange(n + 1)
    most_down = binom.ppf(alpha / 2, m, 0.5) - 1  # losses, of m, with which it still says so
    wins = binom.cdf(most_down, m, (apart - difference) / (2 * apart) if apart else 0.5)
    return float((binom.pmf(m, n, apart) * wins).sum())
