"""Directions in the space of a weight matrix, read from gradients, and what is taken away along them. Pure.

1. A row of `slopes` is the loss gradient of one pair: of the exploiting side less that of the clean side. What rewards
   exploits has a gradient along +row, and the step that follows it makes them likelier: so gating on V g > 0 is right.
2. The axes are the right singular vectors, by way of the small matrix of all inner products. Most pairs lie on the
   positive side of each axis: every pair has one vote, and where they are split their sum decides. Sides that are
   swapped by a coin span the same axes, so of the control "shuffled" the signs alone are arbitrary.
3. Axes weaker than a share of their matrix's first are cut, and so are the weakest of all matrices' together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

NOTHING = 1e-6  # of the first axis: rounding

Basis = Mapping[str, Tensor]  # by matrix [axes, entries], orthonormal rows


def basis(slopes: Mapping[str, Tensor], axes: int, cut: float, noise: float) -> dict[str, Tensor]:
    """`slopes` are [pairs, entries] by matrix."""
    found = {name: axes_of(rows, axes) for name, rows in slopes.items()}
    floor = float(torch.cat([strength for _, strength in found.values()]).quantile(noise))
    kept = {
        name: vectors[(strength >= floor) & (strength > max(cut, NOTHING) * strength[0])]
        for name, (vectors, strength) in found.items()
    }
    return {name: vectors for name, vectors in kept.items() if len(vectors)}


def axes_of(rows: Tensor, axes: int) -> tuple[Tensor, Tensor]:
    """The strongest right singular vectors and their singular values."""
    values, left = torch.linalg.eigh((rows @ rows.t()).double())
    top = values.flip(0)[:axes].clamp(min=0).sqrt()
    vectors = left.flip(1)[:, :axes].t().float() @ rows
    vectors = vectors / vectors.norm(dim=1, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny)
    sides = rows @ vectors.t()
    votes = sides.sign().sum(0)
    flipped = torch.where(votes == 0, sides.sum(0), votes) < 0
    return vectors * torch.where(flipped, -1.0, 1.0)[:, None], top.float()


def like(shape: Basis, own: Basis) -> dict[str, Tensor]:
    """Of `own` as many axes as `shape` has of each matrix."""
    return {name: own[name][: len(vectors)] for name, vectors in shape.items()}


def overlap(one: Basis, other: Basis) -> float:
    """How much of the smaller space lies in the larger, over all matrices: 1 the same, 0 at right angles."""
    names = one.keys() & other.keys()
    shared = sum(float((one[name] @ other[name].t()).square().sum()) for name in sorted(names))
    return shared / max(1, sum(min(len(one[name]), len(other[name])) for name in names))


# ---- taking away ----


@dataclass(frozen=True, slots=True)
class Taken:
    """What is left of a matrix's gradient, with the sums that figures are made of."""

    left: Tensor
    into: float  # what lay along the axes, on their positive side, squared
    out: float  # the same of what is left
    whole: float  # all of it, squared
    removed: float  # squared


def gated(c: Tensor, side: str) -> Tensor:
    return {"positive": c.clamp(min=0), "both": c, "reverse": 2 * c}[side]


def taken(g: Tensor, real: Tensor, *, side: str, overshoot: float, rescale: bool, acts: bool = True) -> Taken:
    """`g` is flat."""
    c = real @ g
    left = g - overshoot * (gated(c, side) @ real) if acts else g
    if rescale and acts:
        left = left * (g.norm() / left.norm().clamp(min=torch.finfo(torch.float32).tiny))
    sums = torch.stack([
        c.clamp(min=0).square().sum(), (real @ left).clamp(min=0).square().sum(), g.square().sum(),
        (g - left).square().sum(),
    ])  # fmt: skip
    return Taken(left, *sums.tolist())


def share(parts: Sequence[float], wholes: Sequence[float]) -> float:
    """A length as a share of another, from squares by matrix."""
    return float((sum(parts) / max(sum(wholes), 1e-30)) ** 0.5)
