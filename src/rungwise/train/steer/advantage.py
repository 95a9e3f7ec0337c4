"""Arm "advantage": an answer whose states lie towards exploits, beside its group's, is paid less.

What an answer scores along the mean difference of the pairs is held against its own group: z, with a floor on the
deviation, so that groups that are all alike are left alone. Only what is above the group's mean is paid less, before
rewards become advantages: the reward less strength x z, or the reward times what a sigmoid of z leaves of it.
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from rungwise.seeds import derive
from rungwise.train.advantages import Bools, Floats
from rungwise.train.steer import figures, states
from rungwise.train.steer.arm import Arm, Ground, Judged
from rungwise.train.steer.labels import exploits
from rungwise.train.steer.pairs import contrasts, drawn

FLOOR = 0.1  # of the deviation within a group


def above(scores: Floats) -> Floats:
    """z of each answer within its group."""
    beside = scores - scores.mean(axis=1, keepdims=True)
    z: Floats = beside / np.maximum(scores.std(axis=1, keepdims=True), FLOOR)
    return z


def paid_less(form: str, strength: float, rewards: Floats, z: Floats) -> Floats:
    if form == "additive":
        return rewards - strength * np.maximum(z, 0.0)
    left: Floats = rewards * (1 - strength * (z > 0) / (1 + np.exp(-z)))
    return left


class Advantage(Arm):
    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self.nano = states.nano_of(ground.policy, "advantage")
        self.layer = states.layer_of(self.nano, ground.own.depth)
        self.pairs = drawn(ground, ground.own.pairs)
        self.along: Tensor | None = None

    def begin(self, number: int) -> None:
        refresh = self.ground.own.refresh
        if self.along is None or (refresh and number > 1 and (number - 1) % refresh == 0):
            self.along = self._direction()

    def _direction(self) -> Tensor:
        own, seed = self.ground.own, self.ground.seed
        pairs = contrasts(self.pairs, self.nano, own.direction, seed)
        towards, away = states.of_contrasts(self.nano, pairs, self.layer)
        along = (towards - away).mean(0)
        if own.direction == "random":
            draw = torch.Generator().manual_seed(derive(seed, "steer", "random", "states") >> 1)
            along = torch.randn(along.shape, generator=draw).to(along.device)
        unit: Tensor = along / along.norm()
        return unit

    def paid(self, judged: Judged, rewards: Floats, kept: Bools) -> tuple[Floats, Bools]:
        assert self.along is not None
        own = self.ground.own
        found = states.of_groups(self.nano, judged.groups, self.layer) @ self.along
        scores = found.double().cpu().numpy()
        less = paid_less(own.form, own.strength, rewards, above(scores))
        self.told = {"taken": float((rewards - less).mean()), "spread": float(scores.std(axis=1).mean())}
        self.told |= figures.auroc("auroc", scores.ravel().tolist(), exploits(judged))
        return less, kept

    def tensors(self) -> dict[str, Tensor]:
        return {} if self.along is None else {"along": self.along}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        self.along = tensors.get("along")
