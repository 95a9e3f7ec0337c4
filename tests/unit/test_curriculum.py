"""Curriculum: weights by rule, levels by success, draws that are as even as they can be."""

import json
from collections import Counter
from dataclasses import asdict

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rungwise.errors import InputError
from rungwise.train.curriculum import PRESETS, Levels, custom, draw, fitting, of_levels, preset, update

TIERS = ("t1", "t2", "t3")
WEIGHTS = st.lists(st.floats(0, 100), min_size=1, max_size=8).filter(lambda weights: sum(weights) > 1e-3)


@pytest.mark.parametrize("name", PRESETS)
def test_six_tiers_get_the_six_numbers(name: str) -> None:
    assert list(preset(name, list("abcdef")).values()) == pytest.approx(list(PRESETS[name]))


@given(st.sampled_from(sorted(PRESETS)), st.integers(1, 12))
def test_a_preset_is_whole_and_keeps_its_form_at_any_count(name: str, count: int) -> None:
    weights = list(preset(name, [f"t{i}" for i in range(count)]).values())
    assert sum(weights) == pytest.approx(1)
    if name == "hard_only":
        assert not any(weights[: count // 2])
    else:
        assert weights == pytest.approx(weights[::-1])
        rising = weights[: (count + 1) // 2]
        assert rising == pytest.approx(sorted(rising))


def test_near_miss_of_three_tiers_sends_three_quarters_to_the_middle() -> None:
    assert preset("near_miss", TIERS) == pytest.approx({"t1": 0.12, "t2": 0.76, "t3": 0.12})


def test_custom_weights() -> None:
    assert custom({"t3": 3, "t1": 1}, TIERS) == {"t1": 0.25, "t2": 0, "t3": 0.75}
    with pytest.raises(InputError, match="no tier 't4'; expected one of: t1, t2, t3"):
        custom({"t4": 1}, TIERS)
    with pytest.raises(InputError, match=r"curriculum: t1: -1; expected"):
        custom({"t1": -1}, TIERS)
    with pytest.raises(InputError, match="all weights are 0"):
        custom({"t1": 0}, TIERS)
    with pytest.raises(InputError, match="did you mean 'near_miss'"):
        preset("nearmiss", TIERS)


# ---- drawing ----


@given(WEIGHTS, st.integers(1, 50), st.integers(0, 5), st.integers(0, 1000))
def test_a_draw_gives_each_tier_its_number_rounded(weights: list[float], n: int, seed: int, step: int) -> None:
    by_tier = {f"t{i}": weight for i, weight in enumerate(weights)}
    drawn = draw(by_tier, n, seed, step)
    assert len(drawn) == n
    assert drawn == draw(by_tier, n, seed, step)
    counts = Counter(drawn)
    for tier, weight in by_tier.items():
        assert abs(counts[tier] - n * weight / sum(weights)) < 1 + 1e-6
        assert weight or not counts[tier]


def test_over_many_steps_a_rare_tier_gets_its_share() -> None:
    counts = Counter(tier for step in range(500) for tier in draw(preset("near_miss", list("abcdef")), 8, 7, step))
    assert {tier: round(count / 4000, 2) for tier, count in counts.items()} == pytest.approx(
        dict(zip("abcdef", PRESETS["near_miss"], strict=True)), abs=0.011
    )


def test_steps_and_seeds_differ() -> None:
    weights = dict.fromkeys(TIERS, 1 / 3)
    assert len({tuple(draw(weights, 4, seed, step)) for seed in range(5) for step in range(5)}) > 1


# ---- levels ----


def test_levels_open_one_at_a_time_when_enough_have_passed() -> None:
    state = Levels()
    state = update(state, [("t1", True)] * 5 + [("t2", True)] * 9, TIERS, window=10)
    assert state == Levels(level=0, recent=(True,) * 5)
    state = update(state, [("t1", False)] * 5, TIERS, window=10)
    assert state.level == 0
    state = update(state, [("t1", True)] * 3, TIERS, window=10)
    assert state.level == 0  # the last ten are two passes, five fails, three passes
    state = update(state, [("t1", True)] * 4, TIERS, window=10)
    assert state == Levels(level=1)
    assert update(state, [("t1", False)] * 99, TIERS, window=10) == state


def test_the_last_level_stays_open() -> None:
    state = Levels(level=2)
    for _ in range(5):
        state = update(state, [("t3", True)] * 10, TIERS, window=10)
    assert state == Levels(level=2, recent=(True,) * 10)


def test_half_of_the_tasks_come_from_the_newest_level() -> None:
    assert of_levels(Levels(), TIERS) == {"t1": 1, "t2": 0, "t3": 0}
    assert of_levels(Levels(level=1), TIERS) == {"t1": 0.5, "t2": 0.5, "t3": 0}
    assert of_levels(Levels(level=2), TIERS) == {"t1": 0.25, "t2": 0.25, "t3": 0.5}


@given(st.lists(st.tuples(st.sampled_from(TIERS), st.booleans()), max_size=80))
def test_a_state_that_was_saved_goes_on_as_if_it_had_not_been(results: list[tuple[str, bool]]) -> None:
    state = update(Levels(), results, TIERS, window=6)
    saved = msgspec.convert(json.loads(json.dumps(asdict(state))), Levels)
    assert saved == state
    assert update(saved, results, TIERS, window=6) == update(state, results, TIERS, window=6)


# ---- the difficulty filter ----


def test_tasks_outside_the_rates_are_left_out() -> None:
    rates = {"never": (0, 8), "always": (8, 8), "half": (4, 8), "edge": (2, 8), "untried": (0, 0)}
    kept = fitting([*rates, "unknown"], rates, low=0.25, high=0.9)
    assert kept == ["half", "edge", "untried", "unknown"]
    assert fitting(rates, rates) == list(rates)
    with pytest.raises(InputError, match=r"no task's pass rate is within 0.6 and 0.9"):
        fitting(["never", "half"], rates, low=0.6, high=0.9)
