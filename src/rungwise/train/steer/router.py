"""Arm "router": a quarantine that a learned router lets in, answer by answer, as far as it looks like an exploit.

1. w of an answer is the sigmoid of how its pooled states lie along one direction (cosine, after the middle of the pairs
   is taken off), under the deployed weights alone. The direction begins at the pairs' mean difference.
2. The answer is computed with w times the quarantine, and teaches the deployed matrices (1 - w) of what it would; its
   gradient flows into w as well. Embeddings, norms and head are frozen: what they learned could not be shared out so.
   An unsteered run to compare with trains the same ("attention only + mlp only", see docs/steering.md).
3. Each step the router alone also learns from the pairs (`pin`): w is 1 on exploiting sides and 0 on clean ones.
4. Answers are written with the quarantine fully there, for w is not known before they are. So what is learned from is
   not quite on its own policy; the drift that is told, and held to its limit, is that of the weights that wrote.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rungwise.policy.nano import PROJECTIONS, Nano
from rungwise.policy.packed import Packed, pack
from rungwise.policy.policy import Policy
from rungwise.policy.trainable import BLOCK
from rungwise.seeds import derive
from rungwise.train.steer import figures, states
from rungwise.train.steer.arm import Arm, Ground, Judged, Likelihood
from rungwise.train.steer.labels import exploits
from rungwise.train.steer.pairs import contrasts, drawn
from rungwise.train.steer.quarantine import QUARANTINE, Quarantined
from rungwise.train.steer.settings import SteerSettings

SHARP = 8.0  # a cosine of a quarter is told from its opposite as 0.88 from 0.12
PARTS: Mapping[str, Sequence[str]] = {
    "qkv": PROJECTIONS[:3], "o": PROJECTIONS[3:4], "gate": PROJECTIONS[4:6], "down": PROJECTIONS[6:],
}  # fmt: skip


class Router(Arm):
    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        own = ground.own
        nano = states.nano_of(ground.policy, "router")
        for name, parameter in nano.parameters().items():
            parameter.requires_grad_(bool(BLOCK.search(name)) and parameter.dim() == 2)
        self.layer = states.layer_of(nano, own.depth)
        self.pairs = contrasts(drawn(ground, own.pairs), nano, "pairs", ground.seed)
        towards, away = states.of_contrasts(nano, self.pairs, self.layer)
        router = {
            "router.along": F.normalize((towards - away).mean(0), dim=0),
            "router.offset": torch.zeros(1, device=nano.device),
        }
        middle = torch.cat([towards, away]).mean(0)
        self.routed = Routed(nano, router, middle, own, derive(ground.seed, "quarantine"))
        self.policy = self.routed

    def writer(self, off: bool) -> Policy:
        return self.routed.nano if off else self.routed.on

    def paid(self, judged: Judged, rewards: Any, kept: Any) -> Any:
        found = states.of_groups(self.routed.nano, judged.groups, self.layer)
        w = self.routed.share(found.flatten(0, 1)).detach().tolist()
        self.told |= {"w": float(np.mean(w))} | figures.auroc("auroc", w, exploits(judged))
        return rewards, kept

    def logprobs(self, _mode: str, batch: Packed, temperature: float, masks: Tensor | None) -> Likelihood:
        alone = pack([(prompt, [answer]) for prompt, answers in batch.rows for answer in answers])
        with torch.no_grad():
            found = states.means(self.routed.nano, alone, self.layer)
        return self.routed.let_in(alone, self.routed.share(found), temperature, masks)

    def drawn(self, _mode: str, batch: Packed, temperature: float, masks: Tensor | None, _new: Tensor) -> Tensor:
        with torch.no_grad():
            return self.routed.on.logprobs(batch, temperature, masks)[0]

    def gradient(self) -> None:
        pinned = self._pinned()
        for parameter, slope in zip(self.routed.router.values(), pinned, strict=True):
            parameter.grad = slope if parameter.grad is None else parameter.grad + slope
        quarantine, deployed = self.routed.energy()
        self.told["energy"] = quarantine / max(quarantine + deployed, 1e-30)

    def _pinned(self) -> Sequence[Tensor]:
        towards, away = states.of_contrasts(self.routed.nano, self.pairs, self.layer)
        high, low = self.routed.logit(towards), self.routed.logit(away)
        loss = F.softplus(-high).mean() + F.softplus(low).mean()
        self.told["pin"] = float(loss.detach())
        return torch.autograd.grad(self.ground.own.pin * loss, list(self.routed.router.values()))

    def models(self) -> dict[str, Policy]:
        return {"trained": self.routed.without(), "model": self.routed.without(QUARANTINE)}


class Routed(Quarantined):
    def __init__(
        self, nano: Nano, first: Mapping[str, Tensor], middle: Tensor, own: SteerSettings, seed: int
    ) -> None:  # fmt: skip
        """What the router has learned is held as its distance from where it began, over its speed."""
        self.begun, self.middle, self.speed = dict(first), middle, own.speed
        self.router = {name: nn.Parameter(torch.zeros_like(one)) for name, one in first.items()}
        super().__init__(nano, rank=own.rank, scale=own.scale, seed=seed)

    def now(self, name: str) -> Tensor:
        return self.begun[name] + self.speed * self.router[name]

    def refresh(self) -> None:
        self.nano.refresh()
        self.on = self.nano.view(self._merged)

    def logit(self, found: Tensor) -> Tensor:
        beside = F.cosine_similarity(found - self.middle, self.now("router.along")[None])
        return SHARP * beside + self.now("router.offset")

    def share(self, found: Tensor) -> Tensor:
        return self.logit(found).sigmoid()

    def let_in(self, alone: Packed, w: Tensor, temperature: float, masks: Tensor | None) -> Likelihood:
        """`alone` has one answer a row, so a segment each."""
        each = w.repeat_interleave(torch.from_numpy(alone.segments[:, 1]).to(self.device))

        def product(x: Tensor, leaf: str, at: Tensor | None) -> Tensor:
            mine = (each if at is None else each[at])[:, None].to(x.dtype)
            deployed: Tensor = _Shared.apply(x, self.nano.compute()[leaf], 1 - mine.detach())  # type: ignore[no-untyped-call]
            return deployed + mine * self._quarantine(x, leaf)

        view = copy.copy(self.nano)
        view.product = product
        return view.logprobs(alone, temperature, masks)

    def _quarantine(self, x: Tensor, leaf: str) -> Tensor:
        kind, _, block = leaf.partition(".")
        parts = []
        for projection in PARTS[kind]:
            name = f"model.layers.{block}.{projection}.weight.{QUARANTINE}"
            down, up = ((self.first[f"{name}.{f}"] + self.moved[f"{name}.{f}"]).to(x.dtype) for f in ("down", "up"))
            parts.append(F.linear(F.linear(x, down), up))
        return self.scale * torch.cat(parts, 1)

    # ---- as a policy: the deployed leaves, then what is used as it is ----

    def _own(self) -> dict[str, nn.Parameter]:
        return self.moved | self.router

    def leaves(self) -> list[Tensor]:
        return [*self.nano.leaves(), *self._own().values()]

    def absorb(self, grads: Sequence[Tensor | None]) -> None:
        deployed = len(self.nano.leaves())
        if any(grad is not None for grad in grads[:deployed]):
            self.nano.absorb(grads[:deployed])
        for parameter, grad in zip(self._own().values(), grads[deployed:], strict=True):
            parameter.grad = grad

    def parameters(self) -> dict[str, nn.Parameter]:
        return super().parameters() | self.router

    def weights(self) -> dict[str, Tensor]:
        router = {name: parameter.detach() for name, parameter in self.router.items()}
        begun = {f"{name}.first": first for name, first in self.begun.items()}
        return super().weights() | router | begun | {"router.middle": self.middle}

    def load(self, weights: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self.router.items():
                parameter.copy_(weights[name])
                self.begun[name].copy_(weights[f"{name}.first"])
            self.middle.copy_(weights["router.middle"])
        super().load(weights)


class _Shared(torch.autograd.Function):
    """A product whose matrix learns a share of each row's gradient; what comes before it gets all of it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, share: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight, share)
        return F.linear(x, weight)

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> Any:
        x, weight, share = ctx.saved_tensors
        return dy @ weight, (dy * share).t() @ x, None
