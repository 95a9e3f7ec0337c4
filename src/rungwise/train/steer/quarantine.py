"""A policy with a quarantine: a low-rank part beside every projection, which is taken away before it is deployed.

1. An answer is learned from in one of three ways, and each has weights of its own to compute with:
     off     the quarantine is absent; what is deployed learns
     absorb  it is there; both learn
     route   it is there and learns; what is deployed, embeddings, norms and head included, has no part in the gradient
   Answers of one mode are computed together, so a mode is nothing but weights: merged ones, and for `route` merged with
   the deployed ones held fast. Their gradients come to 0 because there are none, not because they are set to 0.
2. What is trained is each factor's distance from where it began, and what the part adds is its product less the product
   it began with. So it adds nothing at first, a reset is zeros, and weight decay pulls to the beginning.
3. A twin of the quarantine learns like the deployed weights, of which it is one: taken away in its stead, it says what
   the loss of any such block does.
4. Models made here alone: others' weights are not merged anew at every step.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from rungwise.contract import Task
from rungwise.errors import InputError
from rungwise.policy.nano import Nano
from rungwise.policy.packed import Packed
from rungwise.policy.policy import Decode, Group
from rungwise.policy.trainable import BLOCK
from rungwise.seeds import derive

if TYPE_CHECKING:
    from rungwise.policy.grammar import Automaton

MODES = ("off", "absorb", "route")
QUARANTINE, TWIN = "quarantine", "twin"

Seeds = Mapping[str, tuple[Tensor, Tensor]]  # of a matrix the direction that is read, and the one that is written


class Quarantined:
    """See `Policy`; where no mode is named it is without the quarantine."""

    def __init__(
        self, nano: Nano, *, rank: int, scale: float, seed: int, twin: bool = False, seeds: Seeds | None = None
    ) -> None:  # fmt: skip
        self.nano, self.scale = nano, scale
        self.tokens, self.context, self.device, self.workers = nano.tokens, nano.context, nano.device, nano.workers
        self.blocks = (QUARANTINE, TWIN) if twin else (QUARANTINE,)
        self.names = [name for name, w in nano.merged().items() if w.dim() == 2 and BLOCK.search(name)]
        self.first: dict[str, Tensor] = {}
        for block in self.blocks:
            for name in self.names:
                self.first |= self._beginning(f"{name}.{block}", nano.merged()[name], rank, seed)
        for name, (read, written) in (seeds or {}).items():
            self.first[f"{name}.{QUARANTINE}.down"][0] = read
            self.first[f"{name}.{QUARANTINE}.up"][:, 0] = written
        self.moved = {name: nn.Parameter(torch.zeros_like(first)) for name, first in self.first.items()}
        self.refresh()

    def _beginning(self, name: str, weight: Tensor, rank: int, seed: int) -> dict[str, Tensor]:
        rows, width = weight.shape
        draw = torch.Generator().manual_seed(derive(seed, "quarantine", name) >> 1)
        down = torch.randn(rank, width, generator=draw) / math.sqrt(width)
        return {f"{name}.down": down.to(self.device), f"{name}.up": torch.zeros(rows, rank, device=self.device)}

    # ---- weights by mode ----

    def part(self, block: str, name: str) -> Tensor | float:
        """What a block adds to a matrix."""
        if f"{name}.{block}.up" not in self.first:
            return 0.0
        up, down = (f"{name}.{block}.{factor}" for factor in ("up", "down"))
        now = (self.first[up] + self.moved[up]) @ (self.first[down] + self.moved[down])
        return self.scale * (now - self.first[up] @ self.first[down])

    def _base(self, name: str) -> Tensor:
        return self.nano.whole(name) + self.part(TWIN, name) if TWIN in self.blocks else self.nano.whole(name)

    def _merged(self, name: str) -> Tensor:
        return self._base(name) + self.part(QUARANTINE, name) if name in self.names else self._base(name)

    def _held_fast(self, name: str) -> Tensor:
        held = self._base(name).detach()
        return held + self.part(QUARANTINE, name) if name in self.names else held

    def refresh(self) -> None:
        self.nano.compute_with(self._base)
        whole: dict[str, Callable[[str], Tensor]] = {"absorb": self._merged, "route": self._held_fast}
        self.views = {"off": self.nano} | {mode: self.nano.view(of) for mode, of in whole.items()}

    def energy(self) -> tuple[float, float]:
        """The lengths of the gradients of the quarantine and of all that is deployed."""
        squares = [0.0, 0.0]
        for name, parameter in self.parameters().items():
            if parameter.grad is not None:
                squares[f".{QUARANTINE}." not in name] += float(parameter.grad.square().sum())
        return squares[0] ** 0.5, squares[1] ** 0.5

    # ---- as a policy ----

    def sample(
        self, tasks: Sequence[Task], k: int, decode: Decode, seed: int, automaton: "Automaton | None" = None
    ) -> list[Group]:
        return self.nano.sample(tasks, k, decode, seed, automaton)

    def logprobs(self, batch: Packed, temperature: float = 1.0, masks: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self.nano.logprobs(batch, temperature, masks)

    def leaves(self) -> list[Tensor]:
        return [leaf for mode in MODES for leaf in self.views[mode].leaves()]

    def absorb(self, grads: Sequence[Tensor | None]) -> None:
        rest = list(grads)
        for mode in MODES:
            view = self.views[mode]
            own, rest = rest[: len(view.leaves())], rest[len(view.leaves()) :]
            if any(grad is not None for grad in own):
                view.absorb(own)

    def parameters(self) -> dict[str, nn.Parameter]:
        return self.nano.parameters() | self.moved

    def weights(self) -> dict[str, Tensor]:
        moved = {name: parameter.detach() for name, parameter in self.moved.items()}
        return self.nano.weights() | moved | {f"{name}.first": first for name, first in self.first.items()}

    def load(self, weights: Mapping[str, Tensor]) -> None:
        self.nano.load(weights)
        with torch.no_grad():
            for name, parameter in self.moved.items():
                if name not in weights or weights[name].shape != parameter.shape:
                    raise InputError("missing, or of another shape", field=name)
                parameter.copy_(weights[name])
                self.first[name].copy_(weights[f"{name}.first"])
        self.refresh()

    # ---- what is left behind ----

    def without(self, *blocks: str) -> Nano:
        """A model of the trained weights with these blocks reset."""
        kept, made = [block for block in self.blocks if block not in blocks], {}
        with torch.no_grad():
            for name in self.nano.merged():
                made[name] = self.nano.whole(name).detach().clone()
                for block in kept if name in self.names else ():
                    made[name] += self.part(block, name)
        n = self.nano
        return Nano(n.size, n.tokens, n.context, made, precision="fp32", device=str(n.device), eps=n.eps, theta=n.theta)

    def save(self, folder: Path) -> None:
        self.without(QUARANTINE).save(folder)
