"""Arms "route" and "absorb": what labelled answers teach goes to the quarantine.

1. Route: labelled answers teach the quarantine alone, all others teach both. Absorb: all teach both. In either a share
   of a step's groups is written without the quarantine and teaches what is deployed alone, which keeps that on its own
   policy. Each answer is learned from under the very weights that wrote it.
2. Where the quarantine took no part it cannot learn, so of such groups labelled answers are as if they had not been
   written: else they would teach the deployed weights at full pay.
3. What teaches the deployed weights is held against the mean of its own kind: beside exploits that are paid in full an
   honest answer would be worth less than nothing. Labelled answers are held against their whole group.
"""

import copy
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from rungwise.policy.nano import PROJECTIONS, Nano
from rungwise.policy.packed import Packed
from rungwise.policy.policy import Policy
from rungwise.seeds import derive, stream
from rungwise.train.advantages import Advantages, Bools, Floats
from rungwise.train.steer.arm import Arm, Beside, Ground, Judged, Likelihood
from rungwise.train.steer.labels import dealt_out, labels
from rungwise.train.steer.pairs import contrasts, drawn, packed
from rungwise.train.steer.quarantine import QUARANTINE, TWIN, Quarantined, Seeds
from rungwise.train.steer.states import nano_of

LEAVES = ("qkv", "qkv", "qkv", "o", "gate", "gate", "down")  # that the projections are fused into, in their order


class Route(Arm):
    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        own, nano = ground.own, nano_of(ground.policy, ground.own.arm)
        self.quarantined = Quarantined(
            nano, rank=own.rank, scale=own.scale, seed=derive(ground.seed, "quarantine"), twin=own.reset == "twin",
            seeds=seeds(ground, nano) if own.seeded else None,
        )  # fmt: skip
        self.policy = self.quarantined

    def off(self, number: int, groups: int) -> frozenset[int]:
        share = round(self.ground.own.off * groups)
        return frozenset(stream(self.ground.seed, "off", number).sample(range(groups), share))

    def writer(self, off: bool) -> Policy:
        return self.quarantined.views["off" if off else "absorb"]

    def _labelled(self, judged: Judged) -> Bools:
        own, seed = self.ground.own, self.ground.seed
        if own.arm != "route":
            return np.zeros((len(judged.groups), len(judged.groups[0].samples)), dtype=np.bool_)
        found = labels(judged, own, seed)
        return found if own.labels == "exploits" else dealt_out(found, judged, seed)

    def paid(self, judged: Judged, rewards: Floats, kept: Bools) -> tuple[Floats, Bools]:
        without = np.isin(np.arange(len(judged.groups)), list(judged.off))[:, None]
        return rewards, kept & ~(self._labelled(judged) & without)

    def advantages(self, judged: Judged, rewards: Floats, kept: Bools, beside: Beside) -> Advantages:
        labelled = self._labelled(judged)
        whole, others = beside(rewards, kept), beside(rewards, kept & ~labelled)
        return replace(
            whole, values=np.where(labelled, whole.values, others.values),
            counts=np.where(labelled, whole.counts, others.counts),
        )  # fmt: skip

    def modes(self, judged: Judged) -> list[list[str]]:
        labelled = self._labelled(judged).tolist()
        modes = [
            ["off" if g in judged.off else "route" if label else "absorb" for label in row]
            for g, row in enumerate(labelled)
        ]
        flat = [mode for row in modes for mode in row]
        self.told |= {mode: flat.count(mode) / len(flat) for mode in ("off", "absorb", "route")}
        return modes

    def logprobs(self, mode: str, batch: Packed, temperature: float, masks: Tensor | None) -> Likelihood:
        return self.quarantined.views[mode].logprobs(batch, temperature, masks)

    def gradient(self) -> None:
        quarantine, deployed = self.quarantined.energy()
        self.told["energy"] = quarantine / max(quarantine + deployed, 1e-30)

    def models(self) -> dict[str, Policy]:
        reset = TWIN if self.ground.own.reset == "twin" else QUARANTINE
        return {"trained": self.quarantined.without(), "model": self.quarantined.without(reset)}


def seeds(ground: Ground, nano: Nano) -> Seeds:
    """Of each matrix what tells the pairs' sides apart in its input, and where the matrix takes that."""
    pairs = contrasts(drawn(ground, ground.own.pairs), nano, "pairs", ground.seed)
    sums: dict[str, Tensor] = {}
    for pair in pairs:
        for leaf, found in inputs(nano, packed(pair)).items():
            sums[leaf] = sums.get(leaf, 0.0) + (found[0] - found[1])
    made = {}
    for name, weight in nano.merged().items():
        for projection, leaf in zip(PROJECTIONS, LEAVES, strict=True):
            if name.endswith(f"{projection}.weight"):
                read = torch.nn.functional.normalize(sums[f"{leaf}.{name.split('.')[2]}"], dim=0)
                made[name] = (read, torch.nn.functional.normalize(weight @ read, dim=0))
    return made


def inputs(nano: Nano, batch: Packed) -> dict[str, Tensor]:
    """By leaf [answers, width]: the mean of what it is multiplied with where the answer's tokens are predicted from."""
    source, owner = (torch.from_numpy(array).to(nano.device) for array in (batch.source, batch.owner))
    found: dict[str, Tensor] = {}

    def product(x: Tensor, name: str, _at: Tensor | None) -> Tensor:
        mine = x[source].float()
        sums = mine.new_zeros(batch.answers, mine.shape[1]).index_add(0, owner, mine)
        found[name] = sums / torch.bincount(owner, minlength=batch.answers)[:, None]
        return torch.nn.functional.linear(x, nano.compute()[name])

    looking = copy.copy(nano)
    looking.product = product
    looking.states(batch, nano.size.layers)
    return found
