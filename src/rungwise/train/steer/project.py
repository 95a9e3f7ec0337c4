"""Arm "project": from each matrix's gradient, and from the step that comes of it, what lies along exploits is taken.

1. A pair's gradient is that of the run's own loss with the advantages +1 and -1, so it has the same denominator as what
   it is taken from, and long answers weigh what they weigh there.
2. The optimiser's moments turn a step off the gradient that was projected, so the step is projected as well (`on`).
   `leak` is how much of the step lay along the axes before that, `residual` after it, both of the weights' own change.
3. `cin` and `cout` are lengths along the real axes as shares of the gradient's, before and after; that `cout` is 0 is
   arithmetic and no evidence. `null` is what a gradient without any direction of its own would have for `cin`.
4. Controls keep the real basis too: they take away as much, matrix by matrix.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor

from rungwise.policy.trainable import BLOCK
from rungwise.seeds import stream
from rungwise.train import losses
from rungwise.train.learner import spread
from rungwise.train.losses import Part, Whole
from rungwise.train.steer import figures
from rungwise.train.steer.arm import Arm, Ground, Judged
from rungwise.train.steer.basis import Taken, any_directions, basis, like, overlap, share, taken
from rungwise.train.steer.pairs import Contrast, Side, contrasts, drawn, packed

Signed = tuple[Sequence[Side], Sequence[float]]  # answers and the advantage of each


class Project(Arm):
    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        own = ground.own
        pairs = drawn(ground, own.pairs + own.apart)
        self.read, self.apart = pairs[: own.pairs], pairs[own.pairs :]
        self.real: dict[str, Tensor] = {}
        self.used: dict[str, Tensor] = {}  # a control's

    # ---- directions ----

    def begin(self, number: int) -> None:
        own = self.ground.own
        if not self.real or (own.refresh and number > 1 and (number - 1) % own.refresh == 0):
            self._refreshed()

    def _refreshed(self) -> None:
        own, found = self.ground.own, self._basis("pairs")
        near = overlap(found, self.real) if self.real else 1.0
        self.told |= {"overlap": near, "refreshed": near >= own.overlap}
        if near < own.overlap:
            return
        self.real = found
        if own.direction == "random":
            self.used = any_directions(found, self.ground.seed)
        elif own.direction != "pairs":
            self.used = like(found, self._basis(own.direction, noise=0.0))
        self._held_against_others()

    def _basis(self, direction: str, noise: float | None = None) -> dict[str, Tensor]:
        own = self.ground.own
        pairs = contrasts(self.read, self.policy, direction, self.ground.seed)
        rows = self._slopes([(pair, (1.0, -1.0)) for pair in pairs])
        return basis(rows, own.axes, own.cut, own.noise if noise is None else noise)

    def _slopes(self, signed: Sequence[Signed]) -> dict[str, Tensor]:
        """[signed, entries] by matrix: the loss gradients of answers with these advantages."""
        found: dict[str, list[Tensor]] = {}
        for leaves in spread(self.policy.workers, signed, partial(_leaf_slopes, self.ground)):
            for parameter in self.policy.parameters().values():
                parameter.grad = None
            self.policy.absorb(leaves)
            for name, grad in self._matrices().items():
                found.setdefault(name, []).append(grad.flatten().float().clone())
        return {name: torch.stack(rows) for name, rows in found.items()}

    def _matrices(self) -> dict[str, Tensor]:
        """The gradients of the blocks' matrices."""
        return {
            name: parameter.grad for name, parameter in self.policy.parameters().items()
            if parameter.dim() == 2 and BLOCK.search(name) and parameter.grad is not None
        }  # fmt: skip

    def _scores(self, signed: Sequence[Signed]) -> list[float]:
        """How far the gradient of each goes along the axes."""
        along = self.used or self.real
        rows = self._slopes(signed)
        return torch.stack([(rows[name] @ v.t()).sum(1) for name, v in along.items()]).sum(0).tolist()

    def _held_against_others(self) -> None:
        """Whether the exploiting side of pairs that were not read lies further along."""
        if not self.apart:
            return
        pairs: list[Contrast] = contrasts(self.apart, self.policy, "pairs", self.ground.seed)
        apart = self._scores([(pair, (1.0, -1.0)) for pair in pairs])
        self.told |= figures.sign_test("apart", [score > 0 for score in apart])

    # ---- a step ----

    def gradient(self) -> None:
        grads = self._matrices()
        found = self._taken({n: g.flatten() for n, g in grads.items()}, acts=self.ground.own.on != "update")
        for name, one in found.items():
            grads[name].copy_(one.left.view_as(grads[name]))
        parts = list(found.values())
        whole = [one.whole for one in parts]
        self.told |= {
            "cin": share([one.into for one in parts], whole), "cout": share([one.out for one in parts], whole),
            "fired": sum(one.into > 0 for one in parts) / max(1, len(parts)), "null": self._null(),
            "removed": share([one.removed for one in parts], whole),
        }  # fmt: skip

    def _null(self) -> float:
        axes, entries = (sum(v.shape[i] for v in self.real.values()) for i in (0, 1))
        return float((axes / (2 * max(1, entries))) ** 0.5)

    def update(self, before: Mapping[str, Tensor]) -> None:
        """A step goes against the gradient, so its opposite is what is held against the axes."""
        weights = self.policy.parameters()
        back = {name: (before[name] - weights[name].detach()).flatten() for name in self.real}
        found = self._taken(back, acts=self.ground.own.on != "gradient")
        if self.ground.own.on != "gradient":
            with torch.no_grad():
                for name, one in found.items():
                    weights[name].copy_(before[name] - one.left.view_as(before[name]))
        parts = list(found.values())
        self.told["leak"] = share([one.into for one in parts], [one.whole for one in parts])
        self.told["residual"] = share([one.out for one in parts], [float(p.left.square().sum()) for p in parts])

    def _taken(self, flat: Mapping[str, Tensor], acts: bool) -> dict[str, Taken]:
        own = self.ground.own
        return {
            name: taken(
                flat[name], real, self.used.get(name), gate=own.gate, overshoot=own.overshoot, rescale=own.rescale,
                acts=acts,
            )
            for name, real in self.real.items() if name in flat
        }  # fmt: skip

    # ---- looked at, never acted on ----

    def learned(self, judged: Judged) -> None:
        own = self.ground.own
        if not own.scored or judged.number % own.scored_every:
            return
        flat = [
            (Side(tuple(group.prompt.tolist()), tuple(sample.tokens.tolist())), verdict)
            for group, row in zip(judged.groups, judged.verdicts, strict=True)
            for sample, verdict in zip(group.samples, row, strict=True)
        ]
        few = stream(self.ground.seed, "scored", judged.number).sample(flat, min(own.scored, len(flat)))
        scores = self._scores([([side], [1.0]) for side, _ in few])
        self.told |= figures.auroc("auroc", scores, [verdict.exploit is not None for _, verdict in few])

    # ---- checkpoints ----

    def tensors(self) -> dict[str, Tensor]:
        return {f"real/{n}": v for n, v in self.real.items()} | {f"used/{n}": v for n, v in self.used.items()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        self.real, self.used = (
            {name.removeprefix(kind): v for name, v in tensors.items() if name.startswith(kind)}
            for kind in ("real/", "used/")
        )


def _leaf_slopes(ground: Ground, signed: Signed) -> list[Tensor | None]:
    sides, advantages = signed
    s, device, batch = ground.settings, ground.policy.device, packed(sides)
    new, entropy = ground.policy.logprobs(batch, s.temperature)
    part = Part(
        new=new, old=new.detach(), entropy=entropy, advantage=torch.tensor(advantages, device=device),
        owner=torch.from_numpy(batch.owner).to(device), mask=torch.ones_like(new.detach()),
    )  # fmt: skip
    whole = Whole(answers=1, tokens=s.max_new_tokens, max_new_tokens=s.max_new_tokens)
    value, _ = losses.loss(s.loss, part, whole)
    slopes = torch.autograd.grad(value, ground.policy.leaves(), allow_unused=True)
    return [slope.float() if slope is not None else None for slope in slopes]
