"""Advantages: what they are, what changes nothing, and who takes no part."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from rungwise.errors import InputError
from rungwise.train.advantages import ADVANTAGE_NAMES, ADVANTAGES, advantages, overlong, rarity

REWARDS = st.integers(0, 10).map(lambda tenth: tenth / 10)


@st.composite
def steps(draw: st.DrawFn) -> Any:
    """Rewards, which answers are kept, and shapes, of a few groups."""
    shape = draw(array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6))
    kept = draw(arrays(np.bool_, shape))
    names = draw(arrays(np.object_, shape, elements=st.sampled_from([None, "a", "b", "c"])))
    return draw(arrays(np.float64, shape, elements=REWARDS)), kept, names.tolist()


def everyone(rewards: Any) -> Any:
    return np.ones(rewards.shape, dtype=np.bool_)


def test_the_worked_example() -> None:
    rewards = np.array([[0.25, 0.75] * 8])
    values = advantages("std", rewards, everyone(rewards)).values
    assert values[0, 0] == pytest.approx(-1, abs=1e-5)
    assert values[0, 1] == pytest.approx(1, abs=1e-5)


def test_each_by_hand() -> None:
    rewards = np.array([[1.0, 0.0, 0.5, 0.1]])
    kept = np.array([[True, True, True, False]])
    deviation = np.sqrt((0.25 + 0.25 + 0) / 3) + 1e-6
    expected = {
        "mean": [0.5, -0.5, 0, 0],
        "std": [0.5 / deviation, -0.5 / deviation, 0, 0],
        "leave_one_out": [1 - 0.25, 0 - 0.75, 0, 0],
        "baseline": [0.7, -0.3, 0.2, 0],
    }
    assert set(expected) == set(ADVANTAGE_NAMES)
    for name, values in expected.items():
        assert advantages(name, rewards, kept, baseline=0.3).values[0] == pytest.approx(values)


@given(steps(), st.sampled_from(sorted(ADVANTAGES)), st.floats(-5, 5), st.floats(0, 1))
def test_a_constant_added_to_a_group_changes_nothing(step: Any, name: str, constant: float, beta: float) -> None:
    rewards, kept, shapes = step
    there, here = (
        advantages(name, given_rewards, kept, shapes=shapes, diversity=beta).values
        for given_rewards in (rewards + constant, rewards)
    )
    assert there == pytest.approx(here, abs=1e-8)


@given(steps(), st.sampled_from(sorted(ADVANTAGES)), st.floats(0, 1))
def test_a_group_sums_to_nothing_and_who_is_not_kept_has_nothing(step: Any, name: str, beta: float) -> None:
    rewards, kept, shapes = step
    values = advantages(name, rewards, kept, shapes=shapes, diversity=beta).values
    assert values.sum(axis=1) == pytest.approx(0, abs=1e-8)
    assert not values[~kept].any()


@given(steps(), st.sampled_from(ADVANTAGE_NAMES), st.randoms())
def test_the_order_of_a_group_does_not_matter(step: Any, name: str, random: Any) -> None:
    rewards, kept, shapes = step
    order = list(range(rewards.shape[1]))
    random.shuffle(order)
    shuffled = [[group[i] for i in order] for group in shapes]
    moved = advantages(name, rewards[:, order], kept[:, order], shapes=shuffled, diversity=0.5).values
    assert moved == pytest.approx(advantages(name, rewards, kept, shapes=shapes, diversity=0.5).values[:, order])


@given(REWARDS, st.integers(1, 9), st.sampled_from(sorted(ADVANTAGES)))
def test_equal_rewards_say_exactly_nothing_and_are_counted(reward: float, k: int, name: str) -> None:
    rewards = np.array([[reward] * k, [1.0 + reward] + [reward] * (k - 1)])
    found = advantages(name, rewards, everyone(rewards))
    assert not found.values[0].any()
    assert found.flat.tolist() == [True, k == 1]


def test_groups_that_say_nothing_can_be_left_out() -> None:
    rewards = np.array([[1.0, 1.0], [1.0, 0.0]])
    assert advantages("mean", rewards, everyone(rewards)).counts.all()
    dropped = advantages("mean", rewards, everyone(rewards), zero_variance="drop")
    assert dropped.counts.tolist() == [[False, False], [True, True]]
    paid = advantages(
        "mean", rewards, everyone(rewards), zero_variance="drop", shapes=[["a", "b"], ["a", "b"]], diversity=1.0
    )
    assert paid.counts.tolist() == [[False, False], [True, True]]  # two different shapes are equally rare


def test_a_rare_shape_is_worth_more_and_an_invalid_answer_takes_no_part() -> None:
    kept = np.ones((1, 5), dtype=np.bool_)
    values = rarity([["a", "a", "a", "b", None]], kept)[0]
    assert values == pytest.approx([1 / 3 - 0.5] * 3 + [0.5, 0])
    rewards = np.full((1, 5), 0.7)
    assert advantages("std", rewards, kept, shapes=[["a", "a", "a", "b", None]], diversity=0.2).values[
        0
    ] == pytest.approx(0.2 * values)


def test_an_answer_that_is_not_kept_makes_no_shape_common() -> None:
    kept = np.array([[True, True, False, False]])
    assert not rarity([["a", "b", "b", "b"]], kept).any()


def test_the_baseline_follows_what_was_usual() -> None:
    rewards = np.array([[1.0], [0.0], [1.0], [1.0]])
    first = advantages("baseline", rewards, everyone(rewards))
    assert first.values[:, 0].tolist() == [0.5, -0.5, 0.5, 0.5]
    assert first.baseline == pytest.approx(0.9 * 0.5 + 0.1 * 0.75)
    nobody = np.zeros_like(everyone(rewards))
    assert advantages("baseline", rewards, nobody, baseline=0.3).baseline == 0.3


def test_k1_pulls_to_the_start_without_being_normalised() -> None:
    rewards, k1 = np.array([[0.4, 0.4]]), np.array([[3.0, 1.0]])
    assert advantages("std", rewards, everyone(rewards), k1=k1, kl_coef=0.01).values[0] == pytest.approx([-0.01, 0.01])
    alone, far = np.array([[0.5], [0.5]]), np.array([[3.0], [1.0]])
    values = advantages("baseline", alone, everyone(alone), k1=far, kl_coef=0.01).values[:, 0]
    assert values == pytest.approx([-0.01, 0.01])


def test_answers_cut_by_length() -> None:
    rewards, cut = np.array([[0.8, 0.2, 0.6]]), np.array([[True, False, False]])
    found = {how: overlong(how, rewards, cut) for how in ("mask", "punish", "keep")}
    values = {how: advantages("mean", *pair).values[0] for how, pair in found.items()}
    assert values["mask"] == pytest.approx([0, -0.2, 0.2])
    assert values["punish"] == pytest.approx([0 - 0.8 / 3, 0.2 - 0.8 / 3, 0.6 - 0.8 / 3])
    assert values["keep"] == pytest.approx([0.8 - 1.6 / 3, 0.2 - 1.6 / 3, 0.6 - 1.6 / 3])


def test_a_name_that_does_not_exist() -> None:
    one = np.ones((1, 1))
    with pytest.raises(InputError, match="did you mean 'leave_one_out'"):
        advantages("leave_on_out", one, everyone(one))
    with pytest.raises(InputError, match="did you mean 'mask'"):
        overlong("masks", one, everyone(one))
    with pytest.raises(InputError, match="did you mean 'drop'"):
        advantages("mean", one, everyone(one), zero_variance="dropp")
