"""From log-probabilities and advantages to the number that is minimised, and the figures that say how it went.

1. A loss is a gain for each token, weighed. The gain says what a step may take from an answer: log-prob times advantage
   (reinforce, rloo), the clipped ratio (grpo, dr_grpo, dapo), the ratio of the whole answer (gspo), or the ratio as a
   capped constant before the log-prob (cispo). The weight says how tokens are added up: an answer is a sum, a mean or
   a share of the longest one, or all tokens of the batch count alike. So each loss is one line of `LOSSES`.
2. Weights are of the whole batch, so the losses of microbatches add up to the batch's, however it is cut between
   answers. With `new` equal to `old` every loss has the gradient of advantage x log-prob under its weights.
3. KL to the start. k1 (new - ref) is the unbiased value, but as a loss its gradient is that of the log-prob alone,
   which is 0 in expectation: it belongs in the reward, and is paid in advantages.py. k3, exp(ref - new) - 1 - (ref -
   new), is never negative, and as a loss it does pull to the start: on-policy its gradient is that of KL(start to new).
   It is what `kl_coef` is for here, weighed like the gain. Both are reported whenever `ref` is given, at 0 too.
4. Figures are sums over tokens, but for `ratio_max`; `together` makes means of them, and until then they stay on the
   device. `staleness` is the k3 form of KL(old to new).
5. A log-ratio is held below 20: beyond that a ratio says only "far", and inf x 0 would poison the whole batch.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rungwise.errors import InputError, nearest

FAR = 20.0
KL_ESTIMATORS = ("k1", "k3")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """A microbatch: one entry for each label token, no answer cut in two."""

    new: Tensor  # log-probabilities, with gradients
    old: Tensor  # when it was sampled
    ref: Tensor | None = None  # at the start
    entropy: Tensor
    advantage: Tensor  # one for each answer
    owner: Tensor  # the answer each token belongs to
    mask: Tensor  # 0 where a token carries no gradient: forced by the grammar, or of an answer that does not count


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """The batch that a part is a part of; only what counts."""

    answers: int
    tokens: int
    max_new_tokens: int


@dataclass(frozen=True, slots=True)
class Gain:
    """For each token what it is worth, and whether the clip holds it from below or above."""

    value: Tensor
    low: Tensor
    high: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    gain: Callable[[Part, float, float], Gain]
    weight: Callable[[Part, Whole], Tensor]
    advantage: str  # what it asks for by default, a name of advantages.py
    clip_low: float = 0.0
    clip_high: float = 0.0


def loss(
    name: str,
    part: Part,
    whole: Whole,
    *,
    clip_low: float | None = None,
    clip_high: float | None = None,
    kl_coef: float = 0.0,
    entropy_coef: float = 0.0,
) -> tuple[Tensor, dict[str, Tensor]]:
    """The part's share of the whole batch's loss, and its figures; clips are the loss's own where not given."""
    if name not in LOSSES:
        raise InputError(f"{name!r}; {nearest(name, LOSSES)}", field="loss")
    kind = LOSSES[name]
    low = kind.clip_low if clip_low is None else clip_low
    high = kind.clip_high if clip_high is None else clip_high
    gain = kind.gain(part, low, high)
    worth = gain.value
    if entropy_coef:
        worth = worth + entropy_coef * part.entropy
    if kl_coef:
        assert part.ref is not None, "a penalty for leaving the start needs its log-probabilities"
        worth = worth - kl_coef * _k3(part.ref - part.new)
    return -(worth * part.mask * kind.weight(part, whole)).sum(), _figures(part, gain)


# ---- gains ----


def _log_prob(part: Part, _low: float, _high: float) -> Gain:
    never = torch.zeros_like(part.mask)
    return Gain(part.new * part.advantage[part.owner], never, never)


def _token_ratio(part: Part, low: float, high: float) -> Gain:
    return _clipped(torch.exp(_near(part.new - part.old)), part.advantage[part.owner], low, high)


def _answer_ratio(part: Part, low: float, high: float) -> Gain:
    mean = _by_answer(part, part.new - part.old) / _lengths(part)
    return _clipped(torch.exp(_near(mean))[part.owner], part.advantage[part.owner], low, high)


def _capped_weight(part: Part, _low: float, high: float) -> Gain:
    ratio = torch.exp(_near(part.new - part.old)).detach()
    value = ratio.clamp(max=1 + high) * part.advantage[part.owner] * part.new
    return Gain(value, torch.zeros_like(part.mask), (ratio > 1 + high).to(part.mask))


def _clipped(ratio: Tensor, advantage: Tensor, low: float, high: float) -> Gain:
    value = torch.minimum(ratio * advantage, ratio.clamp(1 - low, 1 + high) * advantage)
    held_low = (advantage < 0) & (ratio < 1 - low)
    held_high = (advantage > 0) & (ratio > 1 + high)
    return Gain(value, held_low.to(value.dtype), held_high.to(value.dtype))


# ---- weights ----


def _sum_of_answer(part: Part, whole: Whole) -> Tensor:
    return torch.ones_like(part.mask) / max(whole.answers, 1)


def _mean_of_answer(part: Part, whole: Whole) -> Tensor:
    return 1 / (_lengths(part)[part.owner] * max(whole.answers, 1))


def _share_of_longest(part: Part, whole: Whole) -> Tensor:
    return torch.ones_like(part.mask) / (max(whole.answers, 1) * whole.max_new_tokens)


def _mean_of_tokens(part: Part, whole: Whole) -> Tensor:
    return torch.ones_like(part.mask) / max(whole.tokens, 1)


# ---- both ----


def _near(log_ratio: Tensor) -> Tensor:
    return log_ratio.clamp(max=FAR)


def _k3(log_ratio: Tensor) -> Tensor:
    return torch.expm1(_near(log_ratio)) - _near(log_ratio)


def _by_answer(part: Part, values: Tensor) -> Tensor:
    return values.new_zeros(len(part.advantage)).index_add(0, part.owner, values * part.mask)


def _lengths(part: Part) -> Tensor:
    return _by_answer(part, torch.ones_like(part.mask)).clamp(min=1)


# ---- figures ----


@torch.no_grad()
def _figures(part: Part, gain: Gain) -> dict[str, Tensor]:
    ahead = part.new - part.old
    each = {
        "ratio": torch.exp(_near(ahead)),
        "staleness": _k3(ahead),
        "clipped_low": gain.low,
        "clipped_high": gain.high,
        "entropy": part.entropy,
    }
    if part.ref is not None:
        each |= {"kl_k1": part.new - part.ref, "kl_k3": _k3(part.ref - part.new)}
    sums = {name: (values * part.mask).sum() for name, values in each.items()}
    return sums | {"ratio_max": (each["ratio"] * part.mask).max()}


def together(figures: Sequence[Mapping[str, Tensor]], whole: Whole) -> dict[str, float]:
    """Means over the tokens of the whole batch, from the sums of its parts."""
    means = {
        name: float(sum(float(part[name]) for part in figures)) / max(whole.tokens, 1)
        for name in figures[0]
        if name != "ratio_max"
    }
    return means | {"ratio_max": max(float(part["ratio_max"]) for part in figures)}


LOSSES: Mapping[str, Loss] = {
    "reinforce": Loss(gain=_log_prob, weight=_sum_of_answer, advantage="baseline"),
    "rloo": Loss(gain=_log_prob, weight=_sum_of_answer, advantage="leave_one_out"),
    "grpo": Loss(gain=_token_ratio, weight=_mean_of_answer, advantage="std", clip_low=0.2, clip_high=0.2),
    "dr_grpo": Loss(gain=_token_ratio, weight=_share_of_longest, advantage="mean", clip_low=0.2, clip_high=0.2),
    "dapo": Loss(gain=_token_ratio, weight=_mean_of_tokens, advantage="std", clip_low=0.2, clip_high=0.28),
    "gspo": Loss(gain=_answer_ratio, weight=_mean_of_answer, advantage="std", clip_low=3e-4, clip_high=4e-4),
    # Its weight is at most 5 and has no lower clip.
    "cispo": Loss(gain=_capped_weight, weight=_mean_of_tokens, advantage="std", clip_high=4.0),
}
