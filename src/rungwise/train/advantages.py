"""What an answer's reward says beside those of its group: the advantage. Pure, in float64, all groups at once.

1. `std`, `mean` and `leave_one_out` look at one group only, so a constant added to all its rewards changes nothing and
   a group's advantages sum to 0. A group without two different rewards says nothing: its advantages are exactly 0
   whatever the rounding, and it is counted as flat. `std` divides by the population's deviation plus 1e-6: of answers
   with mean 0.5 and deviation 0.25, a reward of 0.25 is worth -1.
2. `baseline` is plain REINFORCE: what was usual so far is subtracted, then follows the step's mean. It compares across
   groups, so it works with one answer a task, and a flat group still has advantages.
3. Diversity is paid here and not in the reward. An answer gets 1/n, n being how many answers of its group have its
   shape, less the mean of that over the group. It stands beside the advantage and is not divided by the deviation, so
   it also acts in flat groups. An answer without a shape is invalid: it takes no part and gets nothing.
4. k1, the log-ratio to the start summed over an answer, is paid here too: as a loss it has no gradient in expectation
   (losses.py, 3). It is subtracted after the division by the deviation: before it, a group with equal rewards would be
   normalised by nothing but the noise of its k1.
5. An answer cut by length may be masked (no gradient, no part in its group's mean), punished (reward 0) or kept.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from rungwise.errors import InputError, nearest

Floats = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]

Kind = TypeVar("Kind")

EPSILON = 1e-6
ZERO_VARIANCE = ("keep", "drop")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Advantages:
    values: Floats  # [groups, k]; 0 where an answer does not count
    counts: Bools  # [groups, k]: what the loss divides by and what carries a gradient
    flat: Bools  # [groups]: no two different rewards
    baseline: float  # after this step, for the next


def advantages(
    name: str,
    rewards: Floats,
    kept: Bools,
    *,
    baseline: float = 0.5,
    decay: float = 0.9,
    shapes: Sequence[Sequence[str | None]] | None = None,
    diversity: float = 0.0,
    k1: Floats | None = None,
    kl_coef: float = 0.0,
    zero_variance: str = "keep",
) -> Advantages:
    """`zero_variance` "drop" leaves groups without any advantage out of what the loss divides by."""
    across = name == "baseline"
    values = np.where(kept, rewards - baseline, 0.0) if across else _known(name, ADVANTAGES, "advantage")(rewards, kept)
    if shapes is not None and diversity:
        values = values + diversity * rarity(shapes, kept)
    if k1 is not None and kl_coef:
        values = values - kl_coef * (_centred_across if across else centred)(k1, kept)
    if zero_variance not in ZERO_VARIANCE:
        raise InputError(f"{zero_variance!r}; {nearest(zero_variance, ZERO_VARIANCE)}", field="zero_variance")
    silent = (zero_variance == "drop") & ~values.any(axis=1, keepdims=True)
    return Advantages(
        values=values,
        counts=kept & ~silent,
        flat=_flat(rewards, kept),
        baseline=followed(baseline, rewards, kept, decay),
    )


# ---- beside the group ----


def centred(values: Floats, kept: Bools) -> Floats:
    """Less the mean of what is kept; exactly 0 where that is all the same, and where nothing is kept."""
    mean = np.where(kept, values, 0.0).sum(axis=1, keepdims=True) / _count(kept)
    return np.where(kept & ~_flat(values, kept)[:, None], values - mean, 0.0)


def by_std(rewards: Floats, kept: Bools) -> Floats:
    beside = centred(rewards, kept)
    deviation: Floats = np.sqrt((beside**2).sum(axis=1, keepdims=True) / _count(kept))
    return beside / (deviation + EPSILON)


def leave_one_out(rewards: Floats, kept: Bools) -> Floats:
    """Less the mean of the others, which is n/(n-1) times the distance from the mean of all."""
    return centred(rewards, kept) * _count(kept) / np.maximum(_count(kept) - 1, 1)


def rarity(shapes: Sequence[Sequence[str | None]], kept: Bools) -> Floats:
    """1/n less its mean over the group, n being how many kept answers of the group have the same shape."""
    part = kept & np.array([[shape is not None for shape in group] for group in shapes])
    share = np.zeros(kept.shape)
    for i, group in enumerate(shapes):
        seen = Counter(shape for shape, takes_part in zip(group, part[i], strict=True) if takes_part)
        share[i] = [1 / seen[shape] if takes_part else 0.0 for shape, takes_part in zip(group, part[i], strict=True)]
    return centred(share, part)


def _centred_across(values: Floats, kept: Bools) -> Floats:
    return centred(values.reshape(1, -1), kept.reshape(1, -1)).reshape(values.shape)


def _count(kept: Bools) -> Floats:
    count: Floats = np.maximum(kept.sum(axis=1, keepdims=True), 1).astype(np.float64)
    return count


def _flat(values: Floats, kept: Bools) -> Bools:
    most, least = np.where(kept, values, -np.inf).max(axis=1), np.where(kept, values, np.inf).min(axis=1)
    flat: Bools = most <= least
    return flat


# ---- beside what was usual ----


def followed(baseline: float, rewards: Floats, kept: Bools, decay: float) -> float:
    return decay * baseline + (1 - decay) * float(rewards[kept].mean()) if kept.any() else baseline


# ---- answers cut by length ----


def overlong(how: str, rewards: Floats, cut: Bools) -> tuple[Floats, Bools]:
    """The rewards, and which answers are kept, by what is done with those that were cut."""
    return _known(how, OVERLONG, "overlong")(rewards, cut)


def _masked(rewards: Floats, cut: Bools) -> tuple[Floats, Bools]:
    return rewards, ~cut


def _punished(rewards: Floats, cut: Bools) -> tuple[Floats, Bools]:
    return np.where(cut, 0.0, rewards), np.ones_like(cut)


def _kept_as_is(rewards: Floats, cut: Bools) -> tuple[Floats, Bools]:
    return rewards, np.ones_like(cut)


def _known(name: str, registry: Mapping[str, Kind], field: str) -> Kind:
    if name not in registry:
        raise InputError(f"{name!r}; {nearest(name, registry)}", field=field)
    return registry[name]


ADVANTAGES: Mapping[str, Callable[[Floats, Bools], Floats]] = {
    "std": by_std,
    "mean": centred,
    "leave_one_out": leave_one_out,
}
ADVANTAGE_NAMES = (*ADVANTAGES, "baseline")
OVERLONG: Mapping[str, Callable[[Floats, Bools], tuple[Floats, Bools]]] = {
    "mask": _masked,
    "punish": _punished,
    "keep": _kept_as_is,
}
