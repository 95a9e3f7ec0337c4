"""Watch: the figures of a step by hand, collapses that are marked, and noise that is not."""

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import asdict

import msgspec
import pytest

from rungwise.contract import Verdict
from rungwise.errors import InputError
from rungwise.train.watch import Mark, Metrics, Rules, Seen, Watched, metrics, update

RULES = Rules()


def seen(
    score: float = 0.5,
    *,
    shape: str | None = "a",
    reward: float | None = None,
    tokens: int = 10,
    ended: str = "stop",
    failure: str | None = "wrong",
    exploit: str | None = None,
    measures: dict[str, float] | None = None,
) -> Seen:
    verdict = Verdict(
        score=score,
        passed=score == 1,
        failure=None if score == 1 else failure,
        shape=shape,
        exploit=exploit,
        measures=measures or {},
    )
    paid = score if reward is None else reward
    return Seen(verdict=verdict, tokens=tokens, ended=ended, entropy=0.5, reward=paid, advantage=paid - 0.5)


def test_the_figures_of_a_step_by_hand() -> None:
    groups = [
        [seen(1, tokens=4, measures={"size": 3}), seen(0, shape="b", tokens=8, measures={"size": 5}, exploit="cheap")],
        [seen(0, shape=None, tokens=12, ended="length", failure="unreadable"), seen(0, shape=None, ended="degenerate")],
        [seen(1, measures={"size": 4}), seen(1, measures={"size": 4})],
    ]
    assert metrics(groups, RULES) == pytest.approx(
        {
            "length": 9,
            "length_p50": 10,
            "length_p95": 11.5,
            "ended_length": 1 / 6,
            "entropy": 0.5,
            "reward": 0.5,
            "advantage": 0.5,
            "score": 0.5,
            "pass_rate": 0.5,
            "exploits": 1 / 6,
            "garbled": 2 / 6,
            "zero_variance": 2 / 3,
            "constant": 0,
            "all_pass": 1 / 3,
            "all_fail": 1 / 3,
            "shapes": 1.5,  # two and one; the group without a valid answer says nothing of it
            "measure.size": 4,
            "spread.size": 0.5,
            "failure.wrong": 2,
            "failure.unreadable": 1,
        }
    )


def test_numbers_that_are_missing_or_not_finite_are_left_out() -> None:
    groups = [[seen(shape=None, measures={"size": float("inf"), "cost": 1}), seen(shape=None, measures={"cost": 2})]]
    found = metrics(groups, RULES)
    assert {"measure.size", "spread.size", "shapes"}.isdisjoint(found)
    assert (found["measure.cost"], found["spread.cost"]) == (1.5, 0.5)


def test_with_one_answer_a_task_the_step_is_compared() -> None:
    assert metrics([[seen(0)], [seen(1)]], RULES)["constant"] == 0
    assert metrics([[seen(0)], [seen(0)]], RULES)["constant"] == 1
    assert metrics([[seen(0), seen(0)], [seen(1), seen(1)]], RULES)["constant"] == 1


# ---- histories ----

HEALTHY = {
    "length": 100.0,
    "entropy": 1.0,
    "reward": 0.5,
    "garbled": 0.1,
    "shapes": 6.0,
    "measure.parts": 8.0,
    "measure.cost": 0.9,
    "measure.done": 0.6,
    "measure.lost": 0.2,
    "spread.parts": 1.8,
    "spread.cost": 0.2,
    "spread.done": 0.2,
}
STILL = {"constant": 0.0, "ended_length": 0.0, "pass_rate": 0.1}
END = 90


def history(ends: dict[str, float], seed: int, noise: float = 0.08, steps: int = END) -> Iterable[Metrics]:
    """Each figure goes evenly from its healthy value to its end and stays there for the last third, with noise of a
    share of its value at each step."""
    rng = random.Random(seed)
    for step in range(steps):
        done = min(1, 1.5 * step / steps)
        there = {name: at + done * (ends.get(name, at) - at) for name, at in HEALTHY.items()}
        yield STILL | {name: at * max(0.0, 1 + rng.gauss(0, noise)) for name, at in there.items()}


def marks(steps: Iterable[Metrics], rules: Rules = RULES) -> list[Mark]:
    state, found = Watched(), []
    for number, now in enumerate(steps):
        state, new = update(state, number, now, rules)
        found += new
    return found


MINIMAL = {"measure.parts": 6.6, "measure.cost": 0.72, "shapes": 3.65, "reward": 0.6}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("minimalism", MINIMAL),
        ("length_collapse", {"length": 10}),
        ("mode_collapse", {"shapes": 1.2}),
        ("mode_collapse", {"spread.parts": 0.05, "spread.cost": 0.0}),
        ("entropy_collapse", {"entropy": 0.02}),
        ("degenerate_text", {"garbled": 0.6}),
    ],
)
def test_a_collapse_is_marked_once_with_its_figures(name: str, ends: dict[str, float], seed: int) -> None:
    found = marks(history(ends, seed))
    assert [mark.name for mark in found] == [name]
    assert 3 * RULES.window - 2 <= found[0].step < END
    assert " from " in found[0].sentence
    assert "\n" not in found[0].sentence


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("noise", [0.05, 0.15, 0.3])
def test_noise_alone_marks_nothing(seed: int, noise: float) -> None:
    assert marks(history({}, seed, noise, steps=250)) == []


@pytest.mark.parametrize("seed", [1, 31])
def test_windows_that_differ_by_luck_for_long_mark_nothing(seed: int) -> None:
    assert marks(history({}, seed, noise=0.45, steps=150)) == []


@pytest.mark.parametrize(
    "ends",
    [
        {"reward": 0.9, "measure.done": 0.9},  # it learns
        {"shapes": 4.5, "reward": 0.6},  # it settles, and does as much as before
        {name: at for name, at in MINIMAL.items() if name != "shapes"},  # it does less in as many ways
        MINIMAL | {"reward": 0.4},  # it does less and is not paid for it
        MINIMAL | {"measure.cost": 0.9},  # one measure alone falls
        MINIMAL | {"measure.done": 0.9, "measure.lost": 0.3},  # as many measures rise as fall
        {"length": 60, "entropy": 0.4, "spread.parts": 0.9, "garbled": 0.15},  # all within what is usual
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_what_is_no_collapse_is_not_marked(ends: dict[str, float], seed: int) -> None:
    assert marks(history(ends, seed)) == []


def test_the_measures_watched_can_be_named() -> None:
    ends = {"measure.parts": 5.0, "measure.done": 0.9, "shapes": 4.0, "reward": 0.7}
    assert marks(history(ends, 0)) == []
    (mark,) = marks(history(ends, 0), Rules(measures=("parts",)))
    assert mark.name == "minimalism"
    assert "measure.done" not in mark.sentence
    with pytest.raises(InputError, match="no measure 'part'; did you mean 'parts'"):
        marks(history(ends, 0), Rules(measures=("part",)))


def test_a_contract_without_shapes_or_measures_is_watched_too() -> None:
    bare: Callable[[Metrics], Metrics] = lambda now: {  # noqa: E731
        name: at for name, at in now.items() if "." not in name and name != "shapes"
    }
    assert [mark.name for mark in marks(map(bare, history({"length": 5}, 0)))] == ["length_collapse"]


@pytest.mark.parametrize(
    ("now", "advice"),
    [
        ({"pass_rate": 1.0}, "take harder tiers"),
        ({"pass_rate": 0.0}, "easier tiers, a partial reward"),
        ({"pass_rate": 0.0, "ended_length": 0.9}, "raise max_new_tokens"),
    ],
)
def test_a_constant_reward_is_marked_with_what_to_do(now: Metrics, advice: str) -> None:
    constant = [STILL | HEALTHY | {"constant": 1.0} | now] * 19
    alive = [STILL | HEALTHY]
    assert marks([*constant, *alive, *constant]) == []
    (mark,) = marks([*alive, *constant, constant[0], *constant])
    assert (mark.name, mark.step) == ("constant_reward", 20)
    assert advice in mark.sentence


def test_a_state_that_was_saved_goes_on_as_if_it_had_not_been() -> None:
    state, saved = Watched(), Watched()
    for number, now in enumerate(history({"length": 10}, 3)):
        state, here = update(state, number, now, RULES)
        saved, there = update(msgspec.convert(json.loads(json.dumps(asdict(saved))), Watched), number, now, RULES)
        assert here == there
    assert saved == state
    assert state.marked == ("length_collapse",)
