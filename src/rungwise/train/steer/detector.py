"""Arm "detector": a logistic regression on states, fitted to the pairs' sides, flags answers; they are then penalised
or screened as if they were labelled. Its threshold is passed by `alarms` of clean answers that it was not fitted to:
the clean sides of pairs kept apart, and golds of the tasks that RL draws from."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from rungwise.contract import Pair
from rungwise.seeds import derive
from rungwise.train.advantages import Bools, Floats
from rungwise.train.steer import figures, states
from rungwise.train.steer.arm import Arm, Ground, Judged
from rungwise.train.steer.labels import acted, exploits
from rungwise.train.steer.pairs import contrasts, drawn, side

GOLDS = 64  # of the tasks that RL draws from: a twentieth of them is still some
NEWTON = 30  # steps; with a ridge it settles in far fewer


def fitted(towards: Tensor, away: Tensor, ridge: float) -> Tensor:
    """[width]: weights. States are standardised on the way, and the weights are told for states as they are."""
    both = torch.cat([towards, away]).double()
    middle, spread = both.mean(0), both.std(0).clamp(min=1e-6)
    x = torch.cat([(both - middle) / spread, torch.ones(len(both), 1)], 1)
    y = torch.cat([torch.ones(len(towards)), torch.zeros(len(away))]).double()
    doubt = ridge * torch.eye(x.shape[1], dtype=x.dtype)
    doubt[-1, -1] = 1e-6  # the offset is free
    weights = x.new_zeros(x.shape[1])
    for _ in range(NEWTON):
        p = (x @ weights).sigmoid()
        slope = x.t() @ (p - y) + doubt @ weights
        weights = weights - torch.linalg.solve(x.t() @ (x * (p * (1 - p))[:, None]) + doubt, slope)
    return weights[:-1] / spread


def bounded(weights: Tensor, clean: Tensor, alarms: float) -> Tensor:
    """[width + 1]: with the threshold below which their sum says nothing."""
    return torch.cat([weights, (clean.double() @ weights).quantile(1 - alarms)[None]])


def flags(found: Tensor, detector: Tensor) -> Bools:
    flagged: Bools = (found.double() @ detector[:-1] > detector[-1]).cpu().numpy()
    return flagged


class Detector(Arm):
    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self.nano = states.nano_of(ground.policy, "detector")
        self.layer = states.layer_of(self.nano, ground.own.depth)
        pairs = drawn(ground, ground.own.pairs + ground.own.apart)
        self.pairs, self.apart = pairs[: ground.own.pairs], pairs[ground.own.pairs :]
        self.detector: Tensor | None = None

    def begin(self, number: int) -> None:
        own = self.ground.own
        if self.detector is None or (own.refresh and number > 1 and (number - 1) % own.refresh == 0):
            towards, away = self._sides(self.pairs)
            apart, clean = self._sides(self.apart)
            weights = fitted(towards, away, own.ridge)
            self.detector = bounded(weights, torch.cat([clean, self._golds()]), own.alarms)
            self.told["apart_recall"] = float(np.mean(flags(apart, self.detector)))

    def _sides(self, pairs: Sequence[Pair]) -> tuple[Tensor, Tensor]:
        sides = contrasts(pairs, self.nano, "pairs", self.ground.seed)
        towards, away = states.of_contrasts(self.nano, sides, self.layer)
        return towards.cpu(), away.cpu()

    def _golds(self) -> Tensor:
        """States of right answers; none where the contract has none."""
        contract, split, seed = self.ground.contract, self.ground.settings.split, derive(self.ground.seed, "golds")
        told = [(task, contract.gold(task)) for task in contract.tasks(split, GOLDS, seed)]
        golds = [side(self.nano, task, gold) for task, gold in told if gold is not None]
        return states.of_sides(self.nano, golds, self.layer).cpu()

    def paid(self, judged: Judged, rewards: Floats, kept: Bools) -> tuple[Floats, Bools]:
        assert self.detector is not None
        own = self.ground.own
        found = states.of_groups(self.nano, judged.groups, self.layer)
        flagged = flags(found.cpu(), self.detector)
        self.told |= {"flagged": float(flagged.mean())}
        self.told |= figures.against("detector", flagged.ravel().tolist(), exploits(judged))
        return acted(own.act, own.penalty, flagged, rewards, kept)

    def tensors(self) -> dict[str, Tensor]:
        return {} if self.detector is None else {"detector": self.detector}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        self.detector = tensors.get("detector")
