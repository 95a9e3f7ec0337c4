"""A step of the weights: the same however it is cut, the same bytes every time, none where it is not finite."""

from collections.abc import Sequence

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from rungwise.errors import InputError  # noqa: E402
from rungwise.policy.nano import Nano  # noqa: E402
from rungwise.policy.packed import Row, pack, portions  # noqa: E402
from rungwise.train.learner import Learner, NotFinite, Step, even, spread  # noqa: E402
from tests.unit.small import TOKENS, nano  # noqa: E402

SLOW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
OPTIMISERS = pytest.mark.parametrize("optimiser", ["adamw", "muon"])


def rows_of(seed: int) -> list[Row]:
    draw = np.random.default_rng(seed)
    return [
        (
            draw.integers(0, TOKENS.size, draw.integers(1, 20)).tolist(),
            [draw.integers(0, TOKENS.size, draw.integers(1, 9)).tolist() for _ in range(draw.integers(1, 5))],
        )
        for _ in range(6)
    ]


def stepped(
    policy: Nano, pieces: Sequence[Sequence[Row]], *, clip: float = 1.0, lr: float = 1e-3, steps: int = 1,
    learner: Learner | None = None, optimiser: str = "adamw",
) -> Step:  # fmt: skip
    whole = sum(len(answer) for piece in pieces for _, answers in piece for answer in answers)

    def loss(piece: Sequence[Row]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        logprobs, _ = policy.logprobs(pack(piece))
        return -logprobs.sum() / whole, {"tokens": torch.tensor(len(logprobs))}

    learner = learner or Learner(policy, betas=(0.9, 0.99), weight_decay=0.1, clip=clip, optimiser=optimiser)
    for number in range(1, steps + 1):
        done = learner.step(pieces, loss, lr, f"step {number}")
    return done


def slopes(policy: Nano) -> torch.Tensor:
    return torch.cat([p.grad.flatten() for p in policy.parameters().values() if p.grad is not None])


def bits(policy: Nano) -> list[bytes]:
    return [weight.numpy().tobytes() for weight in policy.weights().values()]


@given(st.integers(0, 2**32), st.integers(1, 120), st.integers(1, 4))
@SLOW
def test_neither_portions_nor_workers_change_the_gradient(seed: int, budget: int, workers: int) -> None:
    rows, one, other = rows_of(seed), nano(), nano(workers=workers)
    whole, cut = stepped(one, [rows], clip=0.0), stepped(other, list(portions(rows, budget)), clip=0.0)
    assert whole.loss == pytest.approx(cut.loss, rel=1e-5)
    assert whole.grad_norm == pytest.approx(cut.grad_norm, rel=1e-4)
    assert float((slopes(one) - slopes(other)).norm()) < 1e-4 * whole.grad_norm


@OPTIMISERS
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_same_workers_give_the_same_bytes(workers: int, optimiser: str) -> None:
    pieces = list(portions(rows_of(1), 60))
    made = [nano(workers=workers, precision="bf16") for _ in range(2)]
    first, second = (stepped(policy, pieces, steps=4, optimiser=optimiser) for policy in made)
    assert bits(made[0]) == bits(made[1]) != bits(nano())
    assert (first.loss, first.grad_norm, first.update_norm) == (second.loss, second.grad_norm, second.update_norm)


@pytest.mark.parametrize("workers", [1, 2, 3, 9])
def test_figures_come_in_the_order_of_the_portions(workers: int) -> None:
    pieces = list(portions(rows_of(2), 25))
    assert len(pieces) > 4
    done = stepped(nano(workers=workers), pieces)
    assert [int(f["tokens"]) for f in done.figures] == [sum(len(a) for _, s in p for a in s) for p in pieces]
    assert spread(workers, [3, 1, 4, 1, 5], lambda x: x * 10) == [30, 10, 40, 10, 50]
    assert spread(workers, [], lambda x: x) == []


def test_what_fails_on_a_thread_is_told() -> None:
    def failing(number: int) -> None:
        raise ValueError(f"here, {number}")

    for workers in (1, 2):
        with pytest.raises(ValueError, match="here, 1"):
            spread(workers, [1, 2], failing)


def test_a_long_gradient_is_cut_to_the_clip_and_told_as_it_was() -> None:
    free, held = nano(), nano()
    long = stepped(free, [rows_of(3)], clip=0.0).grad_norm
    assert stepped(held, [rows_of(3)], clip=long / 10).grad_norm == pytest.approx(long)
    assert float(slopes(held).norm()) == pytest.approx(long / 10, rel=1e-3)
    assert torch.allclose(slopes(held) * 10, slopes(free), rtol=1e-3, atol=1e-7)


@OPTIMISERS
def test_the_update_norm_is_how_far_the_weights_moved(optimiser: str) -> None:
    policy = nano()
    before = {name: weight.clone() for name, weight in policy.weights().items()}
    told = stepped(policy, [rows_of(4)], optimiser=optimiser).update_norm
    moved = torch.cat([(weight - before[name]).flatten() for name, weight in policy.weights().items()])
    assert told == pytest.approx(float(moved.norm()), rel=1e-4) and told > 0


def test_only_matrices_decay() -> None:
    policy = nano()
    learner = Learner(policy, betas=(0.9, 0.99), weight_decay=0.5, clip=1.0)
    for group in learner.optimisers[0].param_groups:
        assert {p.dim() > 1 for p in group["params"]} == {group["weight_decay"] > 0}


@OPTIMISERS
@pytest.mark.parametrize("broken", [float("nan"), float("inf"), None])
def test_what_is_not_finite_leaves_the_weights_and_the_optimiser_alone(broken: float | None, optimiser: str) -> None:
    policy, rows = nano(), rows_of(5)
    learner = Learner(policy, betas=(0.9, 0.99), weight_decay=0.1, clip=1.0, optimiser=optimiser)
    stepped(policy, [rows], learner=learner)
    weights, kept = bits(policy), {name: value.clone() for name, value in learner.state().items()}

    def loss(piece: Sequence[Row]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        logprobs = policy.logprobs(pack(piece))[0]
        if broken is not None:
            return logprobs.sum() + broken, {}
        return (logprobs - logprobs.detach()).sqrt().sum(), {}  # 0, but its slope there is infinite

    with pytest.raises(NotFinite, match=r"step 7: loss .*; try a lower lr or a smaller clip and go on with --resume"):
        learner.step([rows[:3], rows[3:]], loss, 1e-3, "step 7")
    assert bits(policy) == weights
    assert all(torch.equal(value, kept[name]) for name, value in learner.state().items())
    assert np.isfinite(stepped(policy, [rows], learner=learner).loss)  # and it can go on


@OPTIMISERS
def test_a_learner_that_is_read_back_goes_on_to_the_same_bytes(optimiser: str) -> None:
    pieces, straight = list(portions(rows_of(6), 80)), nano()
    make = {"betas": (0.9, 0.99), "weight_decay": 0.1, "clip": 1.0, "optimiser": optimiser}
    learner = Learner(straight, **make)  # type: ignore[arg-type]
    stepped(straight, pieces, steps=3, learner=learner)
    weights = {name: weight.clone() for name, weight in straight.weights().items()}
    state = {name: value.clone() for name, value in learner.state().items()}
    stepped(straight, pieces, steps=3, learner=learner)
    later = nano(seed=9)
    later.load(weights)
    again = Learner(later, **make)  # type: ignore[arg-type]
    again.load(state)
    stepped(later, pieces, steps=3, learner=again)
    assert bits(later) == bits(straight)


def test_what_was_learned_of_a_weight_that_is_gone_is_refused_by_its_name() -> None:
    learner = Learner(nano(), betas=(0.9, 0.99), weight_decay=0.1, clip=1.0)
    with pytest.raises(InputError, match="the checkpoint learned it; here it is no weight"):
        learner.load({"exp_avg/quarantine.q_proj": torch.zeros(2)})


@given(st.lists(st.integers(2, 60), min_size=1, max_size=80), st.integers(1, 4), st.integers(50, 2000))
def test_no_worker_waits_for_what_was_left_over(lengths: list[int], workers: int, most: int) -> None:
    rows = [([1], [[2] * (n - 1)]) for n in lengths]
    cut = list(portions(rows, even(sum(lengths), workers, most, max(lengths))))
    rounds = max(1, round(sum(lengths) / (workers * most)))
    assert len(cut) <= workers * rounds
    tokens = [sum(1 + len(answers[0]) for _, answers in portion) for portion in cut]
    assert max(tokens) <= -(-sum(lengths) // (workers * rounds)) + max(lengths)
