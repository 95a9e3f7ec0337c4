"""One step of the weights: gradients of many small portions on all cores, clipped, and AdamW.

1. A portion is what fits a core's caches. Portion i is computed by thread i mod `workers`, each thread adds up its own
   in order, then the threads' sums are added in order: the same bytes every time on the same number of cores.
2. Matrix products and kernels let go of the interpreter, so threads of one core each beat one loop over two cores.
3. A loss or gradient that is not finite ends the run before the weights are touched.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor

from rungwise.errors import RungwiseError
from rungwise.policy.policy import Policy

Portion = TypeVar("Portion")
Figures = Mapping[str, Tensor]


class NotFinite(RungwiseError):
    """A loss or gradient became infinite or not a number; the last checkpoint is as it was."""


@dataclass(frozen=True, slots=True)
class Step:
    loss: float
    grad_norm: float
    update_norm: float
    figures: list[Figures]  # one for each portion, in order


class Learner:
    def __init__(self, policy: Policy, *, betas: tuple[float, float], weight_decay: float, clip: float) -> None:
        self.policy, self.clip = policy, clip
        parameters = policy.parameters()
        groups = [
            {
                "params": [p for p in parameters.values() if (p.dim() > 1) == matrix],
                "weight_decay": weight_decay * matrix,
            }
            for matrix in (True, False)
        ]
        self.optimiser = torch.optim.AdamW([g for g in groups if g["params"]], lr=0.0, betas=betas, fused=True)

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
        norm = float(torch.nn.utils.clip_grad_norm_(parameters, self.clip or float("inf")))
        if not (_finite(total) and _finite(norm)):
            raise NotFinite(
                f"{what}: loss {total}, gradient {norm}; try a lower lr or a smaller clip and go on with --resume"
            )
        before = [parameter.detach().clone() for parameter in parameters]
        for group in self.optimiser.param_groups:
            group["lr"] = lr
        self.optimiser.step()
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
            f"{key}/{names[id(p)]}": value for p, kept in self.optimiser.state.items() for key, value in kept.items()
        }

    def load(self, state: Mapping[str, Tensor]) -> None:
        parameters = self.policy.parameters()
        for entry, value in state.items():
            key, _, name = entry.partition("/")
            self.optimiser.state[parameters[name]][key] = value.clone()


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

    kept = torch.get_num_threads()
    with ThreadPoolExecutor(workers) as pool:
        for future in [pool.submit(alone, first) for first in range(workers)]:
            future.result()
    torch.set_num_threads(kept)
    return None


def _sum(slopes: Sequence[Tensor | None]) -> Tensor | None:
    present = [slope for slope in slopes if slope is not None]
    return torch.stack(present).sum(0) if len(present) > 1 else (present[0] if present else None)


def _finite(number: float) -> bool:
    return number == number and abs(number) != float("inf")


def even(total: int, workers: int, most: int) -> int:
    """A token budget for portions, at most `most`, that gives each worker about as much to do."""
    rounds = max(1, -(-total // (workers * most)))
    return -(-total // (workers * rounds))
