"""Reinforcement: every loss learns what is paid for, the figures say what happened, and drift stops a run."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rungwise.contract import Contract, Task, Verdict  # noqa: E402
from rungwise.errors import InputError, RungwiseError  # noqa: E402
from rungwise.policy.nano import Nano, size_of  # noqa: E402
from rungwise.policy.packed import pack  # noqa: E402
from rungwise.policy.policy import Decode, Sample  # noqa: E402
from rungwise.train.losses import LOSSES  # noqa: E402
from rungwise.train.rl import Rl, within  # noqa: E402
from rungwise.train.settings import RlSettings  # noqa: E402
from tests.unit.small import TOKENS, Letters, speller, task  # noqa: E402

CONTRACT = Letters()
POOL = CONTRACT.tasks("train", 16, 0)


@lru_cache
def _spelled() -> dict[str, torch.Tensor]:
    return {name: weight.clone() for name, weight in speller(size_of("0.1M")).weights().items()}


def beginning(**more: Any) -> Nano:
    """A policy that writes a as often as b, c and d."""
    return Nano(size_of("0.1M"), TOKENS, 64, _spelled(), **{"precision": "fp32", "workers": 1, **more})


def stage(
    policy: Nano | None = None, *, contract: Contract = CONTRACT, warn: Callable[[str], None] = lambda _: None,
    **more: Any,
) -> Rl:  # fmt: skip
    given = {"prompts": 4, "k": 8, "max_new_tokens": 8, "lr": 1e-3, "warmup": 1, **more}
    made = RlSettings.model_validate(given)
    return Rl(policy or beginning(), beginning(), contract, POOL, made, 0, None, warn)


def ran(learning: Rl, steps: int) -> list[dict[str, Any]]:
    return [dict(learning.step(number)[0]) for number in range(1, steps + 1)]


def share_of_a(policy: Nano) -> float:
    groups = policy.sample(CONTRACT.tasks("dev", 16, 1), 8, Decode(max_new_tokens=8), 5)
    return float(np.mean([CONTRACT.judge(g.task, s.text).score for g in groups for s in g.samples]))


def bits(policy: Nano) -> list[bytes]:
    return [weight.numpy().tobytes() for weight in policy.weights().values()]


# ---- it learns ----


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_learns_what_is_paid_for(loss: str) -> None:
    learning = stage(loss=loss)
    told = ran(learning, 25)
    first, last = (float(np.mean([t["reward"] for t in part])) for part in (told[:3], told[-3:]))
    assert first < 0.45 and last > first + 0.2
    assert share_of_a(learning.policy) > share_of_a(beginning()) + 0.2  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "more",
    [
        {"loss": "dapo", "steps_per_batch": 4}, {"kl": "k1", "kl_coef": 0.01}, {"kl": "k3", "kl_coef": 0.01},
        {"entropy_coef": 0.01}, {"diversity": 0.1}, {"advantage": "baseline", "k": 1, "prompts": 32},
        {"optimiser": "muon"}, {"overlong": "mask", "max_new_tokens": 6, "lr": 2e-3}, {"zero_variance": "drop"},
        {"temperature": 1.3}, {"curriculum": "levels"},
    ],
    ids=lambda more: "-".join(more),
)  # fmt: skip
def test_it_learns_in_every_other_way_too(more: dict[str, Any]) -> None:
    told = ran(stage(**more), 25)
    first, last = (float(np.mean([t["reward"] for t in part])) for part in (told[:3], told[-3:]))
    assert last > first + 0.12
    assert all(np.isfinite(v) for t in told for v in t.values() if isinstance(v, float))


# ---- the same bytes, however many work on it ----


def test_the_same_seed_gives_the_same_steps_and_another_gives_others() -> None:
    first, second = stage(), stage()
    assert ran(first, 3) == ran(second, 3)
    assert bits(first.policy) == bits(second.policy)  # type: ignore[arg-type]
    other = stage()
    other.seed = 1
    assert ran(other, 1) != ran(stage(), 1)


def test_workers_change_the_step_by_rounding_only() -> None:
    one, two = (ran(stage(beginning(workers=workers)), 1)[0] for workers in (1, 2))
    for name in ("loss", "grad_norm", "reward", "kl_k3", "entropy"):
        assert one[name] == pytest.approx(two[name], rel=1e-3, abs=1e-6), name


def test_a_stage_that_is_read_back_goes_on_to_the_same_bytes() -> None:
    straight = stage(loss="reinforce", curriculum="levels", kl_coef=0.01)
    ran(straight, 3)
    kept = straight.checkpoint(3)
    weights = {name: weight.clone() for name, weight in kept.weights.items()}
    optimiser = {name: value.clone() for name, value in kept.optimiser.items()}
    import msgspec

    state = msgspec.json.decode(msgspec.json.encode(kept.state))
    again = stage(loss="reinforce", curriculum="levels", kl_coef=0.01)
    again.restore(type(kept)(3, weights, optimiser, state))
    for number in (4, 5):
        assert again.step(number)[0] == straight.step(number)[0]
    assert bits(again.policy) == bits(straight.policy)  # type: ignore[arg-type]


# ---- figures ----


def test_on_policy_the_ratio_is_exactly_1() -> None:
    told = ran(stage(loss="grpo"), 2)
    assert all((t["ratio"], t["ratio_max"], t["staleness"]) == (1.0, 1.0, 0.0) for t in told)
    assert all(0 < t["drift"] < 1e-4 for t in told)


def test_off_policy_it_is_not() -> None:
    (told,) = ran(stage(loss="grpo", steps_per_batch=4), 1)
    assert told["ratio"] != 1.0 and told["ratio_max"] > 1.001 and told["staleness"] > 0
    assert told["trained_answers"] == 32


def test_kl_is_written_down_at_every_coefficient_and_is_that_of_the_start() -> None:
    for more in ({}, {"kl_coef": 0.1}, {"kl": "k1", "kl_coef": 0.1}):
        told = ran(stage(**more), 6)
        assert abs(told[0]["kl_k3"]) < 1e-6 and abs(told[0]["kl_k1"]) < 1e-3
        assert told[-1]["kl_k3"] > 1e-4 and {"kl_k1", "kl_k3"} <= set(told[-1])
    free, held = (ran(stage(kl_coef=coef), 20)[-1]["kl_k3"] for coef in (0.0, 1.0))
    assert held < free / 2


def test_the_loss_is_that_of_the_definition() -> None:
    """grpo's first step by hand: the mean over answers of the mean over tokens, advantages by the group's deviation."""
    learning, policy = stage(loss="grpo"), beginning()
    groups = policy.sample(learning._tasks(1), 8, learning.decode, _seed(1))
    told = ran(learning, 1)[0]
    loss, slopes = torch.zeros(()), 0.0
    for group in groups:
        rewards = np.array([CONTRACT.judge(group.task, s.text).score for s in group.samples])
        values = (rewards - rewards.mean()) / (rewards.std() + 1e-6)
        for sample, value in zip(group.samples, values, strict=True):
            logprobs = policy.logprobs(pack([(group.prompt.tolist(), [sample.tokens.tolist()])]))[0]
            loss = loss - (torch.exp(logprobs - logprobs.detach()) * float(value)).mean() / 32
    policy.absorb(torch.autograd.grad(loss, policy.leaves()))
    slopes = float(torch.cat([p.grad.flatten() for p in policy.parameters().values() if p.grad is not None]).norm())
    assert told["loss"] == pytest.approx(float(loss.detach()), abs=1e-5)
    assert told["grad_norm"] == pytest.approx(slopes, rel=1e-3)


def _seed(number: int) -> int:
    from rungwise.seeds import derive

    return derive(0, "rl", number)


class Flat(Letters):
    """Pays all answers alike."""

    def judge(self, task: Task, answer: str) -> Verdict:
        del task
        return Verdict(score=0.5, passed=False, failure="other", shape=answer[:1] or None)


def test_where_nothing_differs_nothing_is_learned_and_that_is_said_once() -> None:
    said: list[str] = []
    learning = stage(contract=Flat(), warn=said.append)
    before = bits(learning.policy)  # type: ignore[arg-type]
    told = ran(learning, 22)
    assert bits(learning.policy) == before  # type: ignore[arg-type]
    for figures in told:
        assert (figures["zero_variance"], figures["trained_answers"]) == (1.0, 0)
        assert "loss" not in figures and figures["kl_k3"] == pytest.approx(0, abs=1e-6)
    (line,) = [line for line in said if "constant_reward" in line]
    assert line.startswith("step 20: ") and "nothing is learned; the tasks are too hard" in line


def test_a_bonus_for_diversity_teaches_even_then() -> None:
    learning = stage(contract=Flat(), diversity=0.5)
    told = ran(learning, 2)
    assert told[0]["trained_answers"] > 0 and told[0]["update_norm"] > 0


# ---- what stops it ----


class Drifted(Nano):
    """Its sampler says other log-probabilities than its learner."""

    def sample(self, *args: Any, **more: Any) -> Any:
        return [
            type(group)(
                task=group.task,
                prompt=group.prompt,
                samples=tuple(
                    Sample(text=s.text, tokens=s.tokens, logprobs=s.logprobs - 0.2, ended=s.ended)
                    for s in group.samples
                ),
            )
            for group in super().sample(*args, **more)
        ]


def test_a_sampler_that_drifts_from_the_learner_stops_the_run() -> None:
    policy = Drifted(size_of("0.1M"), TOKENS, 64, _spelled(), precision="fp32", workers=1)
    with pytest.raises(RungwiseError) as caught:
        stage(policy).step(1)
    line = str(caught.value)
    assert line.startswith("step 1: the sampler's log-probabilities are 0.2 from the learner's")
    assert "rl.drift = 0.1" in line and 'model.precision = "fp32"' in line and "\n" not in line
    assert stage(policy, drift=0.3).step(1)[0]["drift"] == pytest.approx(0.2, abs=1e-3)


def test_in_bfloat16_the_drift_is_within_the_default() -> None:
    told = ran(stage(beginning(precision="bf16")), 4)
    assert all(t["drift"] < 0.05 for t in told)


def test_only_tasks_within_the_difficulty_are_kept() -> None:
    decode = Decode(max_new_tokens=1)  # one letter: a passes
    kept = within(beginning(), CONTRACT, POOL, decode, 8, 0, 0.01, 0.99)
    assert 0 < len(kept) <= len(POOL)
    with pytest.raises(InputError, match=r"no task.s pass rate is within 0\.995"):
        within(beginning(), CONTRACT, POOL, decode, 8, 0, 0.995, 0.999)


def test_tasks_of_a_step_are_distinct_where_the_pool_has_enough() -> None:
    learning = stage(prompts=8)
    picked = learning._tasks(3)
    assert len({one.id for one in picked}) == 8 and learning._tasks(3) == picked != learning._tasks(4)
    few = Rl(beginning(), beginning(), CONTRACT, [task("one"), task("two")], learning.settings, 0, None, print)
    assert sorted(one.prompt for one in few._tasks(1)) == ["one"] * 4 + ["two"] * 4
