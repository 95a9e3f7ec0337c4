"""What an arm is: the places of an RL step that it may act at. This one acts at none."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from rungwise.contract import Contract, Json, Verdict
from rungwise.policy.packed import Packed
from rungwise.policy.policy import Group, Policy
from rungwise.train.advantages import Advantages, Bools, Floats
from rungwise.train.steer.settings import SteerSettings

if TYPE_CHECKING:
    from rungwise.train.settings import RlSettings

Beside = Callable[[Floats, Bools], Advantages]
Likelihood = tuple[Tensor, Tensor]  # log-probabilities and entropies, see Policy.logprobs


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What an arm stands on: `policy` is trained and `start` is what it was."""

    policy: Policy
    start: Policy
    contract: Contract
    settings: "RlSettings"
    seed: int

    @property
    def own(self) -> SteerSettings:
        assert self.settings.steer is not None
        return self.settings.steer


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The answers of a step. What is paid is the score, what is true is whether it passed."""

    number: int
    groups: Sequence[Group]
    verdicts: Sequence[Sequence[Verdict]]
    off: frozenset[int] = frozenset()  # groups that were written without the quarantine


class Arm:
    """`told` is what the next line of metrics.jsonl says of it, under `steer.`"""

    def __init__(self, ground: Ground) -> None:
        self.ground, self.policy = ground, ground.policy
        self.told: dict[str, Json] = {}

    # ---- the places of a step, in order ----

    def begin(self, number: int) -> None:
        """Before anything is sampled."""

    def off(self, number: int, groups: int) -> frozenset[int]:
        """The groups that are written without the quarantine."""
        del number, groups
        return frozenset()

    def writer(self, off: bool) -> Policy:
        del off
        return self.policy

    def paid(self, judged: Judged, rewards: Floats, kept: Bools) -> tuple[Floats, Bools]:
        """Rewards, and which answers count, before they become advantages."""
        del judged
        return rewards, kept

    def advantages(self, judged: Judged, rewards: Floats, kept: Bools, beside: Beside) -> Advantages:
        """What each answer is worth beside those of its group that count."""
        del judged
        return beside(rewards, kept)

    def modes(self, judged: Judged) -> list[list[str]]:
        """How each answer is learned from; answers of one mode are computed together."""
        return [["" for _ in group.samples] for group in judged.groups]

    def logprobs(self, mode: str, batch: Packed, temperature: float, masks: Tensor | None) -> Likelihood:
        del mode
        return self.policy.logprobs(batch, temperature, masks)

    def drawn(self, mode: str, batch: Packed, temperature: float, masks: Tensor | None, new: Tensor) -> Tensor:
        """The log-probabilities of the distribution that was sampled from: the learner's own."""
        del mode, batch, temperature, masks
        return new.detach()

    def gradient(self) -> None:
        """The parameters' gradients are those of the losses, before they are clipped."""

    def update(self, before: Mapping[str, Tensor]) -> None:
        """The parameters have moved from where they were."""

    def learned(self, judged: Judged) -> None:
        """After the step; for what is only written down."""

    # ---- what is kept ----

    def figures(self) -> dict[str, Json]:
        told, self.told = self.told, {}
        return {f"steer.{name}": value for name, value in told.items()}

    def models(self) -> dict[str, Policy]:
        """What is saved, by the name of its folder; `model` is what is deployed."""
        return {"model": self.policy}

    def tensors(self) -> dict[str, Tensor]:
        """What it remembers, for a checkpoint."""
        return {}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        del tensors


def flat(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat([tensor.flatten() for tensor in tensors])
