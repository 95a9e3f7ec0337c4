"""What project is held against: the step that would have been taken otherwise, and steps changed as much as project's.

1. Every step is computed twice from the same gradients and the same weights: as it is without projection, and as
   project has it, each by an optimiser with moments of its own. One of the two is the run's; the other is `Beside`.
   So what is taken away is known of the step itself, whatever the optimiser makes of a projected gradient.
2. A control changes its own unsteered step, matrix by matrix, by exactly as much as project would, and to exactly the
   length that project's would have. Axes that are fixed, of any kind, cannot do that: a step hardly lies along them,
   so to take so much there is to go far past 0, and the step grows. So the change is drawn anew at each step, among
   all that have this length and leave this length, at right angles to the real axes: what lies along those stays
   whole. Of a matrix whose step lies along the real axes for the most part there is not so much else: then all else is
   taken, at most, and `matched` says of how many matrices it was enough.
3. "shuffled" and "clean" take first what lies along their own axes, on their positive side, and draw only the rest.
   Those of "shuffled" are the real axes with arbitrary signs, so it takes of the real ones what a coin lets it.
4. "shrink" leaves the direction as it was, and gives it the length.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from rungwise.seeds import derive
from rungwise.train.learner import optimisers
from rungwise.train.settings import RlSettings
from rungwise.train.steer.basis import gated

TINY = torch.finfo(torch.float32).tiny


class Beside:
    """An optimiser that goes along with the run's, from the same weights at every step, with gradients of its own."""

    def __init__(self, weights: Mapping[str, Tensor], settings: RlSettings, workers: int) -> None:
        s = self.settings = settings
        self.weights = {name: nn.Parameter(weight.detach().clone()) for name, weight in weights.items()}
        self.optimisers = optimisers(s.optimiser, self.weights, workers, s.betas, s.weight_decay)

    def step(self, before: Mapping[str, Tensor], grads: Mapping[str, Tensor], lr: float) -> dict[str, Tensor]:
        """How far the weights would come, by matrix and flat, as descents: before less after."""
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(before[name])
                weight.grad = grads.get(name)
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = lr
            optimiser.step()
        return {name: (before[name] - weight.detach()).flatten() for name, weight in self.weights.items()}

    def state(self) -> dict[str, Tensor]:
        names = {id(weight): name for name, weight in self.weights.items()}
        return {
            f"{key}/{names[id(weight)]}": value
            for optimiser in self.optimisers for weight, kept in optimiser.state.items() for key, value in kept.items()
        }  # fmt: skip

    def load(self, state: Mapping[str, Tensor]) -> None:
        for entry, value in state.items():
            key, _, name = entry.partition("/")
            for optimiser in self.optimisers:
                if any(self.weights[name] is own for group in optimiser.param_groups for own in group["params"]):
                    optimiser.state[self.weights[name]][key] = value.clone()


def clipped(grads: Mapping[str, Tensor], others: float, clip: float) -> dict[str, Tensor]:
    """As the run's own are; `others` is the squared length of the gradients of all other weights."""
    norm = (sum(float(grad.square().sum()) for grad in grads.values()) + others) ** 0.5
    by = min(1.0, clip / (norm + 1e-6)) if clip else 1.0
    return {name: grad * by for name, grad in grads.items()}


def shrunk(step: Tensor, projected: Tensor) -> Tensor:
    shorter: Tensor = step * (projected.norm() / step.norm().clamp(min=TINY))
    return shorter


def instead(step: Tensor, projected: Tensor, real: Tensor, own: Tensor | None, side: str, seed: int) -> Tensor:
    """The step of a control: as far from `step` as `projected` is, and as long, as far as that can be had.
    All are flat; `real` and `own` are axes."""
    change = step - projected
    length, along = change.norm(), step @ change
    away = torch.zeros_like(step)
    if own is not None:
        away = gated(own @ step, side) @ own
        most = torch.minimum(length / away.norm().clamp(min=TINY), (along / (step @ away).clamp(min=TINY)).clamp(min=0))
        away = away * most.clamp(max=1.0)
    left = (length.square() - away.square().sum()).clamp(min=0).sqrt()
    barred = torch.linalg.qr((real if own is None else torch.cat([real, own])).t())[0]
    rest = _outside(step, barred)
    onward = (along - step @ away) / rest.norm().clamp(min=TINY)
    if onward.abs() > left:
        away = away + onward.sign() * torch.minimum(left, rest.norm()) * _unit(rest)
        spent: Tensor = step - away
        return spent
    across = _outside(_outside(_any(step, seed), barred), _unit(rest)[:, None])
    away = away + onward * _unit(rest) + (left.square() - onward.square()).sqrt() * _unit(across)
    controlled: Tensor = step - away
    return controlled


def _any(like: Tensor, seed: int) -> Tensor:
    return torch.randn(len(like), generator=torch.Generator().manual_seed(seed >> 1)).to(like.device)


def seed_of(seed: int, name: str, number: int) -> int:
    return derive(seed, "steer", "random", name, number)


def _outside(vector: Tensor, columns: Tensor) -> Tensor:
    outside: Tensor = vector - columns @ (columns.t() @ vector)
    return outside


def _unit(vector: Tensor) -> Tensor:
    unit: Tensor = vector / vector.norm().clamp(min=TINY)
    return unit
