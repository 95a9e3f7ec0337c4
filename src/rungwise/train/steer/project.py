"""Arm "project": from each matrix's gradient, and from the step that comes of it, what lies along exploits is taken.

1. A pair's gradient is that of the run's own loss with the advantages +1 and -1, so it has the same denominator as what
   it is taken from, and long answers weigh what they weigh there.
2. The optimiser's moments turn a step off the gradient that was projected, so the step is projected as well (`on`).
   `leak` is how much of the step lay along the axes before that, `residual` after it, both of the weights' own change.
3. `cin` and `cout` are lengths along the real axes as shares of the gradient's, before and after; that `cout` is 0 is
   arithmetic and no evidence. `null` is what a gradient without any direction of its own would have for `cin`.
4. A control keeps the real basis too, leaves the gradient alone and acts once, on the step itself (control.py).
   `update_removed` is, for project and controls alike, how far the step that was taken is from the one that would have
   been, as a share of that; `update_length` is the one's length as a share of the other's.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import fmean

import torch
from torch import Tensor

from rungwise.policy.trainable import BLOCK
from rungwise.seeds import stream
from rungwise.train import losses
from rungwise.train.learner import spread
from rungwise.train.losses import Part, Whole
from rungwise.train.steer import figures
from rungwise.train.steer.arm import Arm, Ground, Judged
from rungwise.train.steer.basis import Basis, Taken, basis, like, overlap, share, taken
from rungwise.train.steer.control import Beside, clipped, instead, seed_of, shrunk
from rungwise.train.steer.pairs import Contrast, Side, contrasts, drawn, packed

ROUNDING = 1e-3
Signed = tuple[Sequence[Side], Sequence[float]]  # answers and the advantage of each


class Project(Arm):
    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        own = ground.own
        pairs = drawn(ground, own.pairs + own.apart)
        self.read, self.apart = pairs[: own.pairs], pairs[own.pairs :]
        self.real: dict[str, Tensor] = {}
        self.used: dict[str, Tensor] = {}  # a control's own
        self.number = 0
        self.controls = own.direction != "pairs"
        blocks = {name: weight for name, weight in self.policy.parameters().items() if _of_a_block(name, weight)}
        self.beside = Beside(blocks, ground.settings, self.policy.workers)
        self.others: dict[str, Tensor] = {}  # the gradients that it steps along

    # ---- directions ----

    def begin(self, number: int) -> None:
        own, self.number = self.ground.own, number
        if not self.real or (own.refresh and number > 1 and (number - 1) % own.refresh == 0):
            self._refreshed()

    def _refreshed(self) -> None:
        own, found = self.ground.own, self._basis("pairs")
        near = overlap(found, self.real) if self.real else 1.0
        self.told |= {"overlap": near, "refreshed": near >= own.overlap}
        if near < own.overlap:
            return
        self.real = found
        if own.direction in ("shuffled", "clean"):
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
            if _of_a_block(name, parameter) and parameter.grad is not None
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
        projected = {n: found[n].left.view_as(g) if n in found else g for n, g in grads.items()}
        rest = sum(float(p.grad.square().sum()) for n, p in self.policy.parameters().items()
                   if n not in grads and p.grad is not None)  # fmt: skip
        others = projected if self.controls else grads
        self.others = {n: g.clone() for n, g in clipped(others, rest, self.ground.settings.clip).items()}
        if not self.controls:
            for name, grad in grads.items():
                grad.copy_(projected[name])
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
        weights, s, own = self.policy.parameters(), self.ground.settings, self.ground.own
        mine = {name: (before[name] - weights[name].detach()).flatten() for name in self.real}
        other = self.beside.step(before, self.others, s.lr_at(self.number))
        plain, steered = (mine, other) if self.controls else (other, mine)
        found = self._taken(steered, acts=own.on != "gradient")
        steps = {name: self._instead(name, plain[name], one.left) for name, one in found.items()}
        with torch.no_grad():
            for name, step in steps.items():
                weights[name].copy_(before[name] - step.view_as(before[name]))
        self._tell_steps({name: plain[name] for name in steps}, mine, steps)
        if own.direction not in ("pairs", "shrink"):
            self.told["matched"] = fmean(_as_far(plain[n], steps[n], one.left) for n, one in found.items())

    def _instead(self, name: str, plain: Tensor, projected: Tensor) -> Tensor:
        own = self.ground.own
        if own.direction == "pairs":
            return projected
        if own.direction == "shrink":
            return shrunk(plain, projected)
        seed = seed_of(self.ground.seed, name, self.number)
        return instead(plain, projected, self.real[name], self.used.get(name), own.side, seed)

    def _tell_steps(self, plain: Basis, mine: Basis, steps: Basis) -> None:
        def into(found: Basis) -> list[float]:
            return [float((self.real[name] @ found[name]).clamp(min=0).square().sum()) for name in steps]

        def whole(found: Basis) -> list[float]:
            return [float(found[name].square().sum()) for name in steps]

        moved = {name: plain[name] - step for name, step in steps.items()}
        self.told |= {
            "leak": share(into(mine), whole(mine)), "residual": share(into(steps), whole(steps)),
            "update_removed": share(whole(moved), whole(plain)), "update_length": share(whole(steps), whole(plain)),
        }  # fmt: skip

    def _taken(self, flat: Mapping[str, Tensor], acts: bool) -> dict[str, Taken]:
        own = self.ground.own
        return {
            name: taken(
                flat[name], real, side=own.side, overshoot=own.overshoot, rescale=own.rescale, acts=acts
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
        kept = {"real": self.real, "used": self.used, "beside": self.beside.state()}
        return {f"{kind}/{name}": tensor for kind, tensors in kept.items() for name, tensor in tensors.items()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        self.real, self.used, beside = (
            {name.removeprefix(kind): v for name, v in tensors.items() if name.startswith(kind)}
            for kind in ("real/", "used/", "beside/")
        )
        self.beside.load(beside)


def _as_far(plain: Tensor, step: Tensor, projected: Tensor) -> bool:
    return bool((plain - step).norm() > (1 - ROUNDING) * (plain - projected).norm())


def _of_a_block(name: str, weight: Tensor) -> bool:
    return weight.dim() == 2 and BLOCK.search(name) is not None


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
