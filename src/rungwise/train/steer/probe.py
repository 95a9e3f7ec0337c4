"""Arm "probe": a logistic regression on states, fitted to the pairs' sides, flags answers; they are then penalised or
screened as if they were labelled. Its threshold lets `alarms` of the clean sides through."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from rungwise.train.advantages import Bools, Floats
from rungwise.train.steer import figures, states
from rungwise.train.steer.arm import Arm, Ground, Judged
from rungwise.train.steer.labels import acted, exploits
from rungwise.train.steer.pairs import contrasts, drawn

NEWTON = 30  # steps; with a ridge it settles in far fewer


def fitted(towards: Tensor, away: Tensor, ridge: float, alarms: float) -> Tensor:
    """[width + 1]: weights, and the threshold below which their sum says nothing. States are standardised on the way,
    and the weights are told for states as they are."""
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
    plain = weights[:-1] / spread
    return torch.cat([plain, (away.double() @ plain).quantile(1 - alarms)[None]])


def flags(found: Tensor, probe: Tensor) -> Bools:
    flagged: Bools = (found.double() @ probe[:-1] > probe[-1]).cpu().numpy()
    return flagged


class Probe(Arm):
    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self.nano = states.nano_of(ground.policy, "probe")
        self.layer = states.layer_of(self.nano, ground.own.depth)
        self.pairs = drawn(ground, ground.own.pairs)
        self.probe: Tensor | None = None

    def begin(self, number: int) -> None:
        own = self.ground.own
        if self.probe is None or (own.refresh and number > 1 and (number - 1) % own.refresh == 0):
            pairs = contrasts(self.pairs, self.nano, "pairs", self.ground.seed)
            towards, away = (s.cpu() for s in states.of_contrasts(self.nano, pairs, self.layer))
            self.probe = fitted(towards, away, own.ridge, own.alarms)
            self.told["pairs_recall"] = float(np.mean(flags(towards, self.probe)))

    def paid(self, judged: Judged, rewards: Floats, kept: Bools) -> tuple[Floats, Bools]:
        assert self.probe is not None
        own = self.ground.own
        found = states.of_groups(self.nano, judged.groups, self.layer)
        flagged = flags(found.cpu(), self.probe)
        self.told |= {"flagged": float(flagged.mean())}
        self.told |= figures.against("probe", flagged.ravel().tolist(), exploits(judged))
        return acted(own.act, own.penalty, flagged, rewards, kept)

    def tensors(self) -> dict[str, Tensor]:
        return {} if self.probe is None else {"probe": self.probe}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        self.probe = tensors.get("probe")
