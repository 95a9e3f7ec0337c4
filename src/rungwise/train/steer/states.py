"""What a policy makes of an answer on its way through the blocks: one vector an answer."""

from collections.abc import Sequence

import torch
from torch import Tensor

from rungwise.errors import InputError
from rungwise.policy.nano import Nano
from rungwise.policy.packed import Packed, Row, pack, portions
from rungwise.policy.policy import Group, Policy
from rungwise.train.learner import spread
from rungwise.train.steer.pairs import Contrast, Side, packed

PORTION = 4096  # tokens at a time on one thread


def nano_of(policy: Policy, what: str) -> Nano:
    """Models made here alone are looked into."""
    if not isinstance(policy, Nano):
        raise InputError(f"{what!r} looks into the model; expected one made here (model.size)", field="rl.steer.arm")
    return policy


def layer_of(policy: Nano, depth: float) -> int:
    """How many blocks are behind a depth; at least one."""
    return max(1, round(depth * policy.size.layers))


def means(policy: Nano, batch: Packed, layer: int) -> Tensor:
    """[answers, width]: the mean over where the answer's tokens are predicted from."""
    states, owner = policy.states(batch, layer), torch.from_numpy(batch.owner).to(policy.device)
    sums = states.new_zeros(batch.answers, states.shape[1]).index_add(0, owner, states)
    return sums / torch.bincount(owner, minlength=batch.answers)[:, None]


def of_groups(policy: Nano, groups: Sequence[Group], layer: int) -> Tensor:
    """[groups, k, width]"""
    rows: list[Row] = [(g.prompt.tolist(), [s.tokens.tolist() for s in g.samples]) for g in groups]
    parts = spread(policy.workers, list(portions(rows, PORTION)), lambda part: means(policy, pack(part), layer))
    return torch.cat(parts).view(len(groups), -1, policy.size.width)


def of_sides(policy: Nano, sides: Sequence[Side], layer: int) -> Tensor:
    """[sides, width]"""
    found = spread(policy.workers, sides, lambda one: means(policy, packed([one]), layer))
    return torch.cat([torch.zeros(0, policy.size.width, device=policy.device), *found])


def of_contrasts(policy: Nano, contrasts: Sequence[Contrast], layer: int) -> tuple[Tensor, Tensor]:
    """[pairs, width] of the sides towards and away from."""
    found = torch.stack(spread(policy.workers, contrasts, lambda pair: means(policy, packed(pair), layer)))
    return found[:, 0], found[:, 1]
