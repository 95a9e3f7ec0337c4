"""Statistics against enumeration, published figures and simulation: what must be true of every interval and p value."""

from collections.abc import Callable
from itertools import combinations, product
from math import comb
from statistics import fmean

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binom, binomtest, t

from rungwise.errors import InputError
from rungwise.probe.stats import (
    Difference,
    Estimate,
    holm,
    mean,
    paired,
    pass_at,
    rate,
    resolvable,
    scatter,
)

Drawn = Callable[[np.random.Generator, int], list[float]]
shares = st.lists(st.sampled_from([0.0, 0.125, 0.25, 0.5, 1.0]), min_size=1, max_size=20)
p_values = st.dictionaries(st.text(max_size=3), st.floats(0, 1), max_size=8)


# ---- rates and means ----


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_rate_lies_in_its_interval_and_that_in_0_to_1(passed: int, failed: int) -> None:
    found = rate(passed, passed + failed)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.high > found.low


@settings(max_examples=60)
@given(shares, st.integers(0, 3))
def test_a_mean_lies_in_its_interval_which_has_a_width_and_does_not_know_the_order(
    values: list[float], seed: int
) -> None:
    found = mean(values, seed)
    assert found == mean(values[::-1], seed) == mean(sorted(values), seed)
    assert found.value == pytest.approx(fmean(values)) and found.n == len(values)
    assert 0 <= found.low <= found.value + 1e-12 and found.value - 1e-12 <= found.high <= 1
    assert found.high > found.low


def test_the_mean_of_passes_is_a_rate() -> None:
    for values in ([True] * 20, [0.0] * 7, [1.0, 0.0, 0.0], []):
        known = rate(round(sum(values)), len(values))
        assert mean(values) == Estimate(known.value, known.low, known.high, known.n)


def test_equal_values_leave_room_for_those_that_were_not_seen() -> None:
    few, many = mean([0.5] * 4), mean([0.5] * 400)
    assert few.high - few.low > 0.2 > many.high - many.low > 0
    assert mean([7.0] * 20).low < 7 < mean([7.0] * 20).high
    assert mean([-2.0]).low < -2 < mean([-2.0]).high < 0


def test_one_and_no_task_are_told_as_what_they_are() -> None:
    one, none = mean([0.3]), mean([])
    assert one.n == 1 and one.low < 0.1 and one.high > 0.8
    assert (none.n, none.low, none.high) == (0, 0.0, 1.0)


def mixture(draw: np.random.Generator, n: int) -> list[float]:
    """Pass rates of 8 samples on tasks of which most are easy or hard."""
    return [float(passed) / 8 for passed in draw.binomial(8, draw.beta(0.3, 0.7, n))]


def rare(draw: np.random.Generator, n: int) -> list[float]:
    """Nearly always nothing: what a plain bootstrap is worst at."""
    return [0.5 * (one < 0.05) for one in draw.random(n)]


def uniform(draw: np.random.Generator, n: int) -> list[float]:
    return list(map(float, draw.random(n)))


@pytest.mark.parametrize(("drawn", "truth"), [(mixture, 0.3), (rare, 0.025), (uniform, 0.5)])
@pytest.mark.parametrize("n", [3, 12, 40])
def test_the_interval_of_a_mean_covers_the_truth_as_often_as_it_says(drawn: Drawn, truth: float, n: int) -> None:
    draw, tries = np.random.default_rng(n), 120
    found = [mean(drawn(draw, n), i) for i in range(tries)]
    assert fmean(one.low <= truth <= one.high for one in found) > 0.9


def test_over_few_tasks_a_mean_is_as_uncertain_as_student_says() -> None:
    draw, ratios = np.random.default_rng(0), []
    for i in range(40):
        values = draw.normal(50, 1, 12)
        found, expected = mean(list(map(float, values)), i), t.ppf(0.975, 11) * values.std(ddof=1) / 12**0.5
        ratios.append((found.high - found.low) / (2 * expected))
    assert fmean(ratios) == pytest.approx(1, abs=0.03)


# ---- pass@k ----


@given(st.integers(1, 7).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n), st.integers(0, n))))
def test_pass_at_k_is_the_share_of_all_choices_that_hold_a_pass(drawn: tuple[int, int, int]) -> None:
    k, n, c = drawn
    choices = list(combinations([True] * c + [False] * (n - c), k))
    assert pass_at(k, n, c) == pytest.approx(fmean(any(choice) for choice in choices))


def test_pass_at_k_is_exact_at_any_size() -> None:
    assert pass_at(5000, 10_000, 1) == 0.5
    assert pass_at(1, 10**6, 1) == 1e-6
    assert pass_at(500, 1000, 0) == 0 and pass_at(500, 1000, 501) == 1


@pytest.mark.parametrize(("k", "n", "c"), [(9, 8, 1), (0, 8, 1), (1, 0, 0), (1, 8, 9), (1, 8, -1)])
def test_pass_at_more_than_there_is_is_refused_in_one_line(k: int, n: int, c: int) -> None:
    with pytest.raises(InputError, match="expected") as refused:
        pass_at(k, n, c)
    assert "\n" not in str(refused.value)


# ---- pairs ----


def pairs(up: int, down: int, both: int, neither: int) -> Difference:
    ours = [True] * up + [False] * down + [True] * both + [False] * neither
    theirs = [False] * up + [True] * down + [True] * both + [False] * neither
    return paired(ours, theirs)


small = st.integers(0, 6)


@given(small, small, small, small)
def test_mcnemar_is_the_sign_test_on_the_tasks_that_differ(up: int, down: int, both: int, neither: int) -> None:
    found, apart = pairs(up, down, both, neither), abs(up - down)
    sides = [sum(signs) for signs in product((1, -1), repeat=up + down)]
    assert found.p == pytest.approx(fmean(abs(side) >= apart for side in sides))
    assert (found.up, found.down, found.n) == (up, down, up + down + both + neither)


@given(small, small, small, small)
def test_a_difference_lies_in_an_interval_that_has_a_width_and_turns_with_the_sides(
    up: int, down: int, both: int, neither: int
) -> None:
    one, other = pairs(up, down, both, neither), pairs(down, up, neither, both)
    assert -1 <= one.low <= one.value <= one.high <= 1
    assert one.high - one.low > 0
    assert (other.low, other.high, other.p) == pytest.approx((-one.high, -one.low, one.p), abs=1e-6)


def likeliest(true: float, up: int, down: int, n: int) -> float:
    """The variance of n pairs at the likeliest shares with that difference, found by search."""

    def unlikely(down_share: float) -> float:
        cells = np.array([down_share + true, down_share, 1 - true - 2 * down_share])
        seen = np.array([up, down, n - up - down])
        return -float((seen[seen > 0] * np.log(np.maximum(cells[seen > 0], 1e-300))).sum())

    bounds = (max(0.0, -true), (1 - true) / 2)
    share = float(minimize_scalar(unlikely, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x)
    return n * (2 * share + true - true**2)


@pytest.mark.parametrize(("up", "down", "n"), [(9, 1, 44), (12, 3, 44), (2, 2, 30), (30, 5, 60), (1, 0, 9)])
def test_the_score_interval_ends_where_its_test_begins_to_reject(up: int, down: int, n: int) -> None:
    found = pairs(up, down, n - up - down, 0)
    for end in (found.low, found.high):
        z = (up - down - n * end) / likeliest(end, up, down, n) ** 0.5
        assert abs(z) == pytest.approx(1.96, abs=0.01)


def test_without_any_task_that_differs_the_interval_is_that_of_what_was_not_seen() -> None:
    found, unseen = pairs(0, 0, 15, 5), rate(0, 20).high
    assert (found.value, found.p) == (0, 1)
    assert (found.low, found.high) == pytest.approx((-unseen, unseen))


def test_the_interval_of_paired_rates_covers_the_truth() -> None:
    draw, hits = np.random.default_rng(0), []
    for n, up, down in [(20, 0.2, 0.05), (100, 0.1, 0.02), (200, 0.02, 0.01)]:
        counts = draw.multinomial(n, [up, down, 1 - up - down], size=200)
        found = [pairs(int(a), int(b), int(same), 0) for a, b, same in counts]
        hits.append(fmean(one.low <= up - down <= one.high for one in found))
    assert min(hits) > 0.92


differences = st.lists(st.sampled_from([-0.5, -0.25, 0.0, 0.125, 0.25, 0.75]), min_size=1, max_size=9)


@settings(max_examples=40)
@given(differences)
@example([0.25])
@example([0.0, 0.0])
def test_the_permutation_p_is_the_share_of_all_sign_flips(values: list[float]) -> None:
    found = paired([(value + 1) / 2 for value in values], [0.5 - 0 * value for value in values])
    halves = [value / 2 for value in values]
    flips = [sum(a * b for a, b in zip(signs, halves, strict=True)) for signs in product((1, -1), repeat=len(values))]
    assert found.p == pytest.approx(fmean(abs(flip) >= abs(sum(halves)) - 1e-12 for flip in flips))


def test_many_tasks_are_flipped_at_random_and_the_same_way_each_time() -> None:
    draw = np.random.default_rng(3)
    theirs = draw.random(60)
    ours = np.clip(theirs + 0.05 + 0.1 * draw.standard_normal(60), 0, 1)
    found = paired(list(ours), list(theirs), seed=5)
    assert found == paired(list(ours[::-1]), list(theirs[::-1]), seed=5)
    assert found.test == "permutation" and found.p < 0.01 and found.low > 0
    assert found.p >= 1 / 10_000  # no p that so few flips cannot show


def test_the_permutation_test_is_right_under_no_difference() -> None:
    draw = np.random.default_rng(1)
    ps = [paired(list(draw.random(9)), list(draw.random(9))).p for _ in range(120)]
    assert fmean(p < 0.05 for p in ps) < 0.1
    assert fmean(p < 0.5 for p in ps) > 0.4


def test_few_tasks_that_differ_leave_room_on_both_sides() -> None:
    ours, theirs = [0.5] * 99 + [0.75], [0.5] * 100
    found = paired(ours, theirs)
    assert found.low < 0 < found.value < found.high
    assert found.high - found.low > 0.02


def test_equal_policies_of_any_unit_have_an_interval() -> None:
    assert paired([0.5] * 10, [0.5] * 10).high > 0
    tokens = paired([120.0] * 10, [120.0] * 10)
    assert -60 < tokens.low < 0 < tokens.high < 60


def test_no_tasks_tell_nothing() -> None:
    assert paired([], []) == Difference(0.0, -1.0, 1.0, 0, 1.0, "none", 0, 0)


def test_two_results_of_different_length_are_no_pair() -> None:
    with pytest.raises(ValueError):
        paired([1.0], [1.0, 0.0])


# ---- many tests ----


@given(p_values)
def test_holm_raises_every_p_and_keeps_their_order(ps: dict[str, float]) -> None:
    found = holm(ps)
    assert list(found) == list(ps)
    for name in ps:
        assert ps[name] <= found[name] <= 1
        assert all(found[name] <= found[other] for other in ps if ps[name] < ps[other])


@given(p_values, st.floats(0.001, 0.5))
def test_holm_rejects_what_stepping_down_rejects(ps: dict[str, float], alpha: float) -> None:
    rejected, ordered = set(), sorted(ps, key=lambda name: ps[name])
    for rank, name in enumerate(ordered):
        if (len(ps) - rank) * ps[name] > alpha:
            break
        rejected.add(name)
    assert {name for name, p in holm(ps).items() if p <= alpha} == rejected


# ---- what a probe can tell ----


def found_in(n: int, difference: float, apart: float, tries: int = 2000) -> float:
    """How often McNemar's test says that the better one is better."""
    draw = np.random.default_rng(n)
    counts = draw.multinomial(n, [(apart + difference) / 2, (apart - difference) / 2, 1 - apart], size=tries)
    known = {(a, b): a > b and binomtest(a, a + b).pvalue < 0.05 for a, b in {(int(a), int(b)) for a, b, _ in counts}}
    return fmean(known[int(a), int(b)] for a, b, _ in counts)


@pytest.mark.parametrize(
    ("n", "share", "apart"), [(40, 0.5, None), (100, 0.1, None), (200, 0.9, None), (100, 0.5, 0.2)]
)
def test_the_resolvable_difference_is_found_in_four_of_five_tries(n: int, share: float, apart: float | None) -> None:
    least = resolvable(n, share, apart)
    other = share + least if share <= 0.5 else share - least
    differing = apart if apart is not None else share * (1 - other) + other * (1 - share)
    assert found_in(n, least, differing) == pytest.approx(0.8, abs=0.03)


def test_more_tasks_or_policies_that_fail_alike_resolve_more() -> None:
    by_n = [resolvable(n) for n in (20, 50, 100, 200, 400)]
    assert by_n == sorted(by_n, reverse=True) and by_n[-1] < 0.11
    assert resolvable(100, discordant=0.1) < resolvable(100, discordant=0.3) < resolvable(100, power=0.95)


def test_few_tasks_resolve_nothing() -> None:
    assert resolvable(0) == resolvable(5) == resolvable(5, rate=0.0) == 1.0
    assert resolvable(6, rate=0.0) < 1  # six gains and no loss are significant


def test_scatter_is_that_of_every_subset() -> None:
    passed, n, size = 4, 9, 3
    scores = sorted(fmean(one) for one in combinations([1] * passed + [0] * (n - passed), size))
    found = scatter(passed, n, size)
    assert (found.least, found.most) == pytest.approx((scores[0], scores[-1]))
    assert fmean(found.low <= score <= found.high for score in scores) >= 0.95
    assert len(scores) == comb(n, size)


def test_ten_of_two_hundred_tasks_show_the_trap() -> None:
    found = scatter(120, 200, 10)
    assert found.low <= 0.3 and found.high >= 0.9 and (found.least, found.most) == (0, 1)
    drawn = binom.rvs(10, 0.6, size=2000, random_state=0) / 10
    assert fmean(found.low <= one <= found.high for one in drawn) > 0.93
    whole = scatter(120, 200, 200)
    assert whole.low == whole.high == whole.least == whole.most == 0.6


@pytest.mark.parametrize("size", [0, -1, 201])
def test_a_subset_must_be_one(size: int) -> None:
    with pytest.raises(InputError, match="expected 1 to 200"):
        scatter(120, 200, size)
