"""Arm "trusted": a gradient is kept only along what a clean run has changed.

Of each matrix the change of the clean run has left singular vectors; a gradient becomes its part along the first few,
each weighed by its share of their strength. It needs no word on what an exploit is.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from rungwise.errors import InputError
from rungwise.policy.loading import load_policy
from rungwise.policy.trainable import BLOCK
from rungwise.train.finished import model_of
from rungwise.train.steer.arm import Arm, Ground
from rungwise.train.steer.basis import share
from rungwise.train.steer.states import nano_of


def trusted(change: Tensor, axes: int) -> Tensor:
    """[rows, axes]: left singular vectors times the root of their share of the strength of all that are kept."""
    left, strength, _ = torch.linalg.svd(change, full_matrices=False)
    kept = strength[:axes] / strength[:axes].sum().clamp(min=torch.finfo(change.dtype).tiny)
    made: Tensor = left[:, :axes] * kept.sqrt()
    return made


class Trusted(Arm):
    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        start = nano_of(ground.start, "trusted").merged()
        folder = Path(ground.own.clean.replace("{seed}", str(ground.seed)))
        clean = nano_of(load_policy(model_of(folder), precision="fp32"), "trusted").merged()
        change = {name: _change(name, clean, weight, folder)
                  for name, weight in start.items() if weight.dim() == 2 and BLOCK.search(name)}  # fmt: skip
        if not any(one.any() for one in change.values()):
            raise InputError("has the weights that this run begins with; expected a clean run that went on from them",
                             file=folder)  # fmt: skip
        self.along = {name: trusted(one, ground.own.axes) for name, one in change.items()}

    def gradient(self) -> None:
        whole, left = [], []
        for name, parameter in self.policy.parameters().items():
            if name in self.along and parameter.grad is not None:
                whole.append(float(parameter.grad.square().sum()))
                parameter.grad.copy_(self.along[name] @ (self.along[name].t() @ parameter.grad))
                left.append(float(parameter.grad.square().sum()))
        self.told["left"] = share(left, whole)


def _change(name: str, clean: Mapping[str, Tensor], weight: Tensor, folder: Path) -> Tensor:
    found = clean.get(name)
    if found is None or found.shape != weight.shape:
        raise InputError(f"its {name} has another shape than this run's; expected a run that began with the same model",
                         file=folder)  # fmt: skip
    return found.to(weight.device) - weight
