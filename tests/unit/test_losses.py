"""Losses: against a slow reference written answer by answer, and what must hold however a batch is cut."""

import math
import random
from dataclasses import replace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from rungwise.errors import InputError  # noqa: E402
from rungwise.train.advantages import ADVANTAGE_NAMES  # noqa: E402
from rungwise.train.losses import LOSSES, Part, Whole, loss, together  # noqa: E402

ON_POLICY_WEIGHTS = {
    "reinforce": lambda _length, whole: 1 / whole.answers,
    "rloo": lambda _length, whole: 1 / whole.answers,
    "grpo": lambda length, whole: 1 / length / whole.answers,
    "dr_grpo": lambda _length, whole: 1 / whole.answers / whole.max_new_tokens,
    "dapo": lambda _length, whole: 1 / whole.tokens,
    "gspo": lambda length, whole: 1 / length / whole.answers,
    "cispo": lambda _length, whole: 1 / whole.tokens,
}


def batch(seed: int, drift: float = 0.5) -> tuple[Part, Whole]:
    """Six answers of one to seven tokens, some tokens forced, one answer that does not count."""
    rng = random.Random(seed)
    lengths = [rng.randint(1, 7) for _ in range(6)]
    owner = [i for i, length in enumerate(lengths) for _ in range(length)]
    mask = [float(i != 3 and rng.random() < 0.8) for i in owner]
    new = [-rng.expovariate(1) for _ in owner]
    old, ref = ([at + rng.gauss(0, drift) for at in new] for _ in range(2))
    return Part(
        new=tensor(new).requires_grad_(),
        old=tensor(old),
        ref=tensor(ref),
        entropy=tensor([rng.random() for _ in owner]).requires_grad_(),
        advantage=tensor([rng.gauss(0, 1) for _ in lengths]),
        owner=torch.tensor(owner),
        mask=tensor(mask),
    ), Whole(answers=5, tokens=int(sum(mask)), max_new_tokens=8)


def tensor(values: list[float]) -> Any:
    return torch.tensor(values, dtype=torch.float64)


def answers_of(part: Part) -> list[tuple[float, list[tuple[float, float, float, float]]]]:
    """Each answer's advantage and its tokens that count: new, old, ref, entropy."""
    assert part.ref is not None
    rows = list(zip(part.owner, part.mask, part.new.detach(), part.old, part.ref, part.entropy.detach(), strict=True))
    return [
        (float(advantage), [tuple(map(float, row[2:])) for row in rows if row[0] == i and row[1]])  # type: ignore[misc]
        for i, advantage in enumerate(part.advantage)
    ]


def slow(name: str, part: Part, whole: Whole, low: float, high: float, kl_coef: float, entropy_coef: float) -> float:
    total = 0.0
    for advantage, tokens in answers_of(part):
        mean = sum(new - old for new, old, _, _ in tokens) / max(len(tokens), 1)
        for new, old, ref, entropy in tokens:
            ratio = math.exp(mean if name == "gspo" else new - old)
            if name in ("reinforce", "rloo"):
                gain = new * advantage
            elif name == "cispo":
                gain = min(ratio, 1 + high) * advantage * new
            else:
                gain = min(ratio * advantage, max(1 - low, min(1 + high, ratio)) * advantage)
            k3 = math.exp(ref - new) - (ref - new) - 1
            weight = ON_POLICY_WEIGHTS[name](len(tokens), whole)
            total -= weight * (gain - kl_coef * k3 + entropy_coef * entropy)
    return total


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("seed", range(8))
def test_a_loss_is_what_the_slow_reference_says(name: str, seed: int) -> None:
    part, whole = batch(seed)
    value, _ = loss(name, part, whole, clip_low=0.1, clip_high=0.3, kl_coef=0.05, entropy_coef=0.02)
    assert value.item() == pytest.approx(slow(name, part, whole, 0.1, 0.3, 0.05, 0.02))


@pytest.mark.parametrize("name", LOSSES)
def test_the_clips_are_the_losses_own_where_none_are_given(name: str) -> None:
    part, whole = batch(1)
    own = LOSSES[name]
    assert loss(name, part, whole)[0].item() == pytest.approx(
        slow(name, part, whole, own.clip_low, own.clip_high, 0, 0)
    )
    assert own.advantage in ADVANTAGE_NAMES


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("seed", range(4))
def test_on_policy_the_gradient_is_the_policy_gradient(name: str, seed: int) -> None:
    part, whole = batch(seed, drift=0)
    value, _ = loss(name, part, whole)
    value.backward()
    lengths = [max(len(tokens), 1) for _, tokens in answers_of(part)]
    expected = [
        -float(mask * part.advantage[owner]) * ON_POLICY_WEIGHTS[name](lengths[owner], whole)
        for owner, mask in zip(part.owner.tolist(), part.mask, strict=True)
    ]
    assert part.new.grad is not None
    assert part.new.grad.tolist() == pytest.approx(expected)


def cut(part: Part, keep: list[int]) -> Part:
    """The microbatch of these answers alone, numbered anew."""
    here = torch.isin(part.owner, torch.tensor(keep))
    assert part.ref is not None
    return Part(
        new=part.new[here],
        old=part.old[here],
        ref=part.ref[here],
        entropy=part.entropy[here],
        advantage=part.advantage[keep],
        owner=torch.searchsorted(torch.tensor(keep), part.owner[here]),
        mask=part.mask[here],
    )


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("cuts", [[[0, 1, 2], [3, 4, 5]], [[0], [1, 2, 3, 4], [5]], [[i] for i in range(6)]])
def test_microbatches_add_up_to_the_batch(name: str, cuts: list[list[int]]) -> None:
    part, whole = batch(5)
    value, figures = loss(name, part, whole, kl_coef=0.1, entropy_coef=0.1)
    parts = [loss(name, cut(part, keep), whole, kl_coef=0.1, entropy_coef=0.1) for keep in cuts]
    assert sum(value.item() for value, _ in parts) == pytest.approx(value.item())
    assert together([figures for _, figures in parts], whole) == pytest.approx(together([figures], whole))
    together_grad = torch.autograd.grad(sum(value for value, _ in parts), part.new)[0]
    assert together_grad.tolist() == pytest.approx(torch.autograd.grad(value, part.new)[0].tolist())


def test_the_figures_by_hand() -> None:
    part = Part(
        new=tensor([-1.0, -1.0, -1.0, -1.0, -1.0]),
        old=tensor([-1.5, -0.5, -0.5, -1.5, -9.0]),
        ref=tensor([-1.0, -1.0, -2.0, -1.0, -9.0]),
        entropy=tensor([0.4, 0.2, 0.2, 0.4, 9.0]),
        advantage=tensor([1.0, -1.0]),
        owner=torch.tensor([0, 0, 1, 1, 1]),
        mask=tensor([1.0, 1.0, 1.0, 1.0, 0.0]),
    )
    whole = Whole(answers=2, tokens=4, max_new_tokens=8)
    found = together([loss("grpo", part, whole)[1]], whole)
    up, down = math.exp(0.5), math.exp(-0.5)
    assert found == pytest.approx(
        {
            "ratio": (up + down) / 2,
            "ratio_max": up,
            "staleness": (up - 1.5 + down - 0.5) / 2,
            "clipped_low": 1 / 4,  # the third token: the second is as low, but of an answer that is to become likelier
            "clipped_high": 1 / 4,
            "entropy": 0.3,
            "kl_k1": 1 / 4,
            "kl_k3": math.exp(-1) / 4,
        }
    )
    with pytest.raises(AssertionError, match="needs"):
        loss("grpo", replace(part, ref=None), whole, kl_coef=0.1)
    assert "kl_k1" not in loss("grpo", replace(part, ref=None), whole)[1]


def test_a_clipped_answer_of_gspo_is_clipped_in_all_its_tokens() -> None:
    part = Part(
        new=tensor([-1.0, -1.0, -1.0]),
        old=tensor([-1.1, -1.0, -1.0]),
        entropy=tensor([0.0, 0.0, 0.0]),
        advantage=tensor([1.0, 1.0]),
        owner=torch.tensor([0, 0, 1]),
        mask=tensor([1.0, 1.0, 1.0]),
    )
    whole = Whole(answers=2, tokens=3, max_new_tokens=4)
    assert together([loss("gspo", part, whole)[1]], whole)["clipped_high"] == pytest.approx(2 / 3)


def test_the_cap_of_cispo_still_teaches() -> None:
    part, whole = batch(2)
    far = replace(part, old=part.new.detach() - 3)
    loss("cispo", far, whole)[0].backward()
    assert part.new.grad is not None
    expected = -5 * far.mask * far.advantage[far.owner] / whole.tokens
    assert part.new.grad.tolist() == pytest.approx(expected.tolist())


def expected_pull(weights: Any, of_token: Any) -> Any:
    """The gradient of the expectation under the current distribution of a per-token loss, exactly, by enumeration."""
    log_probs = torch.log_softmax(weights, dim=0)
    return torch.autograd.grad((log_probs.detach().exp() * of_token(log_probs)).sum(), weights)[0]


def test_k3_pulls_to_the_start_and_k1_as_a_loss_would_not() -> None:
    weights, start = tensor([0.3, -1.0, 0.5]).requires_grad_(), torch.log_softmax(tensor([1.0, 0.0, -1.0]), dim=0)
    assert expected_pull(weights, lambda new: new - start).tolist() == pytest.approx([0, 0, 0], abs=1e-12)

    def k3(new: Any) -> Any:
        part = Part(
            new=new,
            old=new.detach(),
            ref=start,
            entropy=torch.zeros(3),
            advantage=tensor([0.0, 0.0, 0.0]),
            owner=torch.arange(3),
            mask=new.detach().exp(),
        )
        return loss("dapo", part, Whole(answers=1, tokens=1, max_new_tokens=1), kl_coef=1.0)[0]

    log_probs = torch.log_softmax(weights, dim=0)
    pull = torch.autograd.grad(k3(log_probs), weights)[0]
    kl_from_start = torch.autograd.grad((start.exp() * (start - torch.log_softmax(weights, dim=0))).sum(), weights)[0]
    assert pull.tolist() == pytest.approx(kl_from_start.tolist())


@pytest.mark.parametrize("name", LOSSES)
def test_a_policy_far_away_poisons_nothing(name: str) -> None:
    part, whole = batch(4)
    far = replace(part, old=part.new.detach() - 800, advantage=torch.zeros_like(part.advantage), ref=part.old + 800)
    value, figures = loss(name, far, whole, kl_coef=1.0)
    value.backward()
    assert part.new.grad is not None
    assert bool(torch.isfinite(part.new.grad).all())
    assert all(math.isfinite(figure) for figure in together([figures], whole).values())


def test_a_batch_in_which_nothing_counts_costs_nothing() -> None:
    part, _ = batch(1)
    empty = replace(part, mask=torch.zeros_like(part.mask))
    for name in LOSSES:
        assert loss(name, empty, Whole(answers=0, tokens=0, max_new_tokens=8))[0].item() == 0


def test_a_loss_that_does_not_exist() -> None:
    with pytest.raises(InputError, match="loss: 'drgrpo'; did you mean 'dr_grpo'"):
        loss("drgrpo", *batch(0))
