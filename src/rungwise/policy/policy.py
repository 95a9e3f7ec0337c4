"""What a policy is: it writes answers for tasks, and where it can be trained, says how likely it was to write them.

Text enters and leaves here only. Between the sampler and the learner go token ids, never text encoded again: what is
trained is what was sampled.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rungwise.contract import Task
from rungwise.errors import InputError

if TYPE_CHECKING:
    import torch

    from rungwise.policy.grammar import Automaton
    from rungwise.policy.packed import Packed

Ids = np.ndarray[Any, np.dtype[np.int32]]
Floats = np.ndarray[Any, np.dtype[np.float32]]

ENDS = ("stop", "length", "degenerate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decode:
    """How answers are drawn, and what counts as the answer in them; part of every result's hash."""

    temperature: float = 1.0  # 0 is greedy
    top_k: int = 0  # 0: all
    top_p: float = 1.0
    max_new_tokens: int = 256
    grammar: bool = False  # held to the contract's grammar
    floor: float | None = None  # a sample whose smoothed log-probability falls below is degenerate and ends
    answer: str = "all"  # or "fenced", or "after:MARK"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """One answer as it was drawn. The end token is the last of `tokens` where it ended by "stop"."""

    text: str
    tokens: Ids
    logprobs: Floats  # of each token, under the very distribution it was drawn from
    ended: str  # one of ENDS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """The k answers a policy wrote for one task."""

    task: Task
    prompt: Ids
    samples: tuple[Sample, ...]


class Vocabulary(Protocol):
    """A tokenizer, whoever made it."""

    @property
    def size(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def pieces(self) -> tuple[bytes | None, ...]:
        """What each id stands for; None for control tokens."""

    @property
    def reserved(self) -> tuple[str, ...]: ...
    @property
    def hash(self) -> str: ...
    def prompt(self, text: str) -> list[int]: ...
    def answer(self, text: str) -> list[int]:
        """With the end token."""

    def text(self, ids: Iterable[int]) -> str: ...


class Policy(Protocol):
    """What `train` and `probe` know of a model, whether it was made here or elsewhere."""

    @property
    def tokens(self) -> Vocabulary: ...
    @property
    def context(self) -> int: ...
    @property
    def device(self) -> "torch.device": ...
    @property
    def workers(self) -> int:
        """How many portions are best computed side by side."""

    def sample(
        self, tasks: Sequence[Task], k: int, decode: Decode, seed: int, automaton: "Automaton | None" = None
    ) -> list[Group]: ...

    def logprobs(
        self, batch: "Packed", temperature: float = 1.0, masks: "torch.Tensor | None" = None
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        """Of every label of the batch its log-probability, and the entropy it was drawn from; both carry gradients to
        `leaves()`. `masks` [labels, vocabulary] is true where the grammar allows a token."""

    def leaves(self) -> "list[torch.Tensor]":
        """What gradients are taken of; made anew after every change of the weights."""

    def absorb(self, grads: "Sequence[torch.Tensor | None]") -> None:
        """Gradients of `leaves()`, in their order, become the `.grad` of `parameters()`."""

    def parameters(self) -> "Mapping[str, torch.nn.Parameter]":
        """The weights that are trained, by name, in a fixed order; frozen ones are left out."""

    def refresh(self) -> None:
        """The weights have changed: whatever was derived from them is made anew."""

    def weights(self) -> "Mapping[str, torch.Tensor]":
        """All that a checkpoint must keep to restore the policy by `load`."""

    def load(self, weights: "Mapping[str, torch.Tensor]") -> None: ...

    def save(self, folder: Path) -> None:
        """A folder that plain transformers loads."""


def require_answer(how: str) -> None:
    if how not in ("all", "fenced") and not (how.startswith("after:") and how != "after:"):
        raise InputError(f"{how!r}; expected all, fenced or after:MARK", field="answer")


def answer_of(text: str, how: str) -> str:
    """What counts as the answer in a policy's text; the judge reads exactly that. Empty where there is none."""
    if how == "all":
        return text
    if how == "fenced":
        return _fenced(text)
    if how.startswith("after:") and len(how) > len("after:"):
        return text.rpartition(how.removeprefix("after:"))[2] if how.removeprefix("after:") in text else ""
    raise InputError(f"{how!r}; expected all, fenced or after:MARK", field="answer")


def _fenced(text: str) -> str:
    """The inside of the last block between lines that begin with three backticks."""
    lines = text.split("\n")
    fences = [i for i, line in enumerate(lines) if line.startswith("```")]
    if len(fences) < 2:
        return ""
    last = len(fences) // 2 * 2
    return "\n".join(lines[fences[last - 2] + 1 : fences[last - 1]])
