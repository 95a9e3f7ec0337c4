"""One step of the weights: gradients of many small portions on all cores, clipped, and AdamW or Muon.

1. A portion is what fits a core's caches. Portion i is computed by thread i mod `workers`, each thread adds up its own
   in order, then the threads' sums are added in order: the same bytes every time on the same number of cores.
2. Matrix products and kernels let go of the interpreter, so threads of one core each beat one loop over two cores.
3. A loss or gradient that is not finite ends the run before the weights are touched.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

from rungwise.errors import InputError, RungwiseError
from rungwise.policy.policy import Policy
from rungwise.policy.trainable import BLOCK

LARGE = 4_000_000  # weights

Portion = TypeVar("Portion")
Figures = Mapping[str, Tensor]


class NotFinite(RungwiseError):
    """A loss or gradient became infinite or not a number; the last checkpoint is as it was."""


class Steering(Protocol):
    """Who changes a step on its way; see steer/arm.py."""

    def gradient(self) -> None:
        """The parameters' gradients are those of the losses, before they are clipped."""

    def update(self, before: Mapping[str, Tensor]) -> None:
        """The parameters have moved from where they were."""


@dataclass(frozen=True, slots=True)
class Step:
    loss: float
    grad_norm: float
    update_norm: float
    figures: list[Figures]  # one for each portion, in order


class Learner:
    def __init__(
        self, policy: Policy, *, betas: tuple[float, float], weight_decay: float, clip: float, optimiser: str = "adamw",
        steering: Steering | None = None,
    ) -> None:  # fmt: skip
        self.policy, self.clip, self.steering = policy, clip, steering
        # Between the workers' portions torch's own threads pay for large models only; on a busy machine they cost.
        if policy.workers > 1:
            large = sum(p.numel() for p in policy.parameters().values()) > LARGE
            torch.set_num_threads(policy.workers if large else 1)
        self.optimisers = optimisers(optimiser, policy.parameters(), policy.workers, betas, weight_decay)

    def step(
        self, portions: Sequence[Portion], loss: Callable[[Portion], tuple[Tensor, Figures]], lr: float, what: str
    ) -> Step:
        """The portions' losses add up to that of the step. `what` names it where it fails."""
        done = _spread(self.policy.workers, portions, lambda portion: self._slopes(portion, loss))
        total = sum(value for part in done for value, _ in part.told)
        parameters = list(self.policy.parameters().values())
        for parameter in parameters:
            parameter.grad = None
        self.policy.absorb([_sum(slopes) for slopes in zip(*(part.slopes for part in done), strict=True)])
        if self.steering:
            self.steering.gradient()
        norm = float(torch.nn.utils.clip_grad_norm_(parameters, self.clip or float("inf")))
        if not (_finite(total) and _finite(norm)):
            raise NotFinite(
                f"{what}: loss {total}, gradient {norm}; try a lower lr or a smaller clip and go on with --resume"
            )
        before = [parameter.detach().clone() for parameter in parameters]
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = lr
        spread(self.policy.workers, self.optimisers, lambda optimiser: optimiser.step())
        if self.steering:
            self.steering.update(dict(zip(self.policy.parameters(), before, strict=True)))
        moved = (
            torch.stack([(p.detach() - b).square().sum() for p, b in zip(parameters, before, strict=True)]).sum().sqrt()
        )
        self.policy.refresh()
        figures = [done[i % len(done)].told[i // len(done)][1] for i in range(len(portions))]
        return Step(total, norm, float(moved), figures)

    def _slopes(self, portion: Portion, loss: Callable[[Portion], tuple[Tensor, Figures]]) -> "_Part":
        value, figures = loss(portion)
        slopes = torch.autograd.grad(value, self.policy.leaves(), allow_unused=True)
        return _Part([(float(value.detach()), figures)], [s.float() if s is not None else None for s in slopes])

    def state(self) -> dict[str, Tensor]:
        """What the optimiser remembers, by the names of the parameters."""
        names = {id(p): name for name, p in self.policy.parameters().items()}
        return {
            f"{key}/{names[id(p)]}": value
            for optimiser in self.optimisers
            for p, kept in optimiser.state.items()
            for key, value in kept.items()
        }

    def load(self, state: Mapping[str, Tensor]) -> None:
        parameters = self.policy.parameters()
        for entry, value in state.items():
            key, _, name = entry.partition("/")
            if name not in parameters:
                raise InputError("the checkpoint learned it; here it is no weight: another arm, or model", field=name)
            parameter = parameters[name]
            for optimiser in self.optimisers:
                if any(parameter is own for group in optimiser.param_groups for own in group["params"]):
                    optimiser.state[parameter][key] = value.clone()


def optimisers(
    name: str, parameters: Mapping[str, Tensor], workers: int, betas: tuple[float, float], weight_decay: float
) -> list[torch.optim.Optimizer]:
    """Muon turns the step of each matrix of the blocks into one that moves all directions alike, at AdamW's scale, so
    that one learning rate serves both; embeddings, head and norms stay with AdamW. Only matrices decay. Each worker has
    a Muon of its own, for turning a matrix takes products of its size."""
    turned = [p for n, p in parameters.items() if name == "muon" and p.dim() == 2 and BLOCK.search(n)]
    rest = [p for p in parameters.values() if not any(p is own for own in turned)]
    groups = [
        {"params": [p for p in rest if (p.dim() > 1) == matrix], "weight_decay": weight_decay * matrix}
        for matrix in (True, False)
    ]
    made: list[torch.optim.Optimizer] = []
    if any(group["params"] for group in groups):
        made.append(torch.optim.AdamW([g for g in groups if g["params"]], lr=0.0, betas=betas, fused=True))
    parts = [turned[first::workers] for first in range(workers)]
    return made + [
        torch.optim.Muon(part, lr=0.0, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
        for part in parts
        if part
    ]


@dataclass(slots=True)
class _Part:
    told: list[tuple[float, Figures]]
    slopes: list[Tensor | None]

    def add(self, other: "_Part") -> None:
        self.told += other.told
        for i, slope in enumerate(other.slopes):
            mine = self.slopes[i]
            self.slopes[i] = slope if mine is None else (mine if slope is None else mine.add_(slope))


def spread(workers: int, items: Sequence[Portion], call: Callable[[Portion], Any]) -> list[Any]:
    """call(item) of each, in order, item i on thread i mod workers."""
    found: list[Any] = [None] * len(items)

    def mine(first: int) -> None:
        for i in range(first, len(items), workers):
            found[i] = call(items[i])

    _threads(workers, mine)
    return found


def _spread(workers: int, portions: Sequence[Portion], call: Callable[[Portion], _Part]) -> list[_Part]:
    """The sum of each thread's own portions."""
    sums: list[_Part | None] = [None] * min(workers, len(portions))

    def mine(first: int) -> None:
        for i in range(first, len(portions), len(sums)):
            part, held = call(portions[i]), sums[first]
            if held is None:
                sums[first] = part
            else:
                held.add(part)

    _threads(len(sums), mine)
    return [part for part in sums if part is not None]


def _threads(workers: int, call: Callable[[int], None]) -> None:
    if workers == 1:
        return call(0)

    def alone(first: int) -> None:
        torch.set_num_threads(1)
        call(first)

    with ThreadPoolExecutor(workers) as pool:
        for future in [pool.submit(alone, first) for first in range(workers)]:
            future.result()
    return None


def _sum(slopes: Sequence[Tensor | None]) -> Tensor | None:
    present = [slope for slope in slopes if slope is not None]
    for slope in present[1:]:
        present[0].add_(slope)
    return present[0] if present else None


def _finite(number: float) -> bool:
    return number == number and abs(number) != float("inf")


def even(total: int, workers: int, most: int, longest: int) -> int:
    """A token budget for portions, about `most`, that gives each worker as many of about one size. A portion ends
    before the row that it has no room for, so there is room for one more than its share: else what is left over would
    be a portion of its own, which one worker computes while the others wait."""
    rounds = max(1, round(total / (workers * most)))
    return -(-total // (workers * rounds)) + longest
