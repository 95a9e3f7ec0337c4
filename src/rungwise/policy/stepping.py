"""The token-by-token loop, for any model that can take a step: answers grow together and leave the batch as they end.

A stepper holds the cache. It reads each prompt once and copies it for the answers of its group, so rows are in the
order (prompt, copy); it is then given the last token of every row that is left, and told which rows to keep. A row ends
by an end token ("stop"), by its limit ("length"), or where its smoothed log-probability falls below the floor
("degenerate").
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from rungwise.errors import RungwiseError
from rungwise.policy.drawing import draw, uniforms
from rungwise.policy.policy import ENDS, Decode, Floats, Ids

if TYPE_CHECKING:
    from rungwise.policy.grammar import Automaton

SMOOTHING = 0.992  # the weight of the past in the smoothed log-probability
LIVE = -1
STOP, LENGTH, DEGENERATE = map(ENDS.index, ("stop", "length", "degenerate"))

Drawn = tuple[Ids, Floats, str]  # tokens, the log-probability of each, one of ENDS


class Stepper(Protocol):
    def prefill(self, prompts: Sequence[Sequence[int]], copies: int) -> torch.Tensor:
        """Reads each prompt and makes `copies` rows of it; the logits of every row's first token."""

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """One token for each row that is left; the logits of the next."""

    def keep(self, rows: torch.Tensor) -> None:
        """Only these rows, by index among those that are left, go on."""


def run(
    stepper: Stepper,
    prompts: Sequence[Sequence[int]],
    k: int,
    keys: npt.NDArray[np.uint64],
    decode: Decode,
    end_ids: Collection[int],
    automaton: "Automaton | None",
    context: int,
) -> list[Drawn]:
    """k answers to each prompt, in the order (prompt, copy), as are `keys`; prompt and answer stay within `context`."""
    limits = np.repeat([min(decode.max_new_tokens, context - len(prompt)) for prompt in prompts], k)
    tokens = np.zeros((len(keys), limits.max()), dtype=np.int32)
    logprobs = np.zeros(tokens.shape, dtype=np.float32)
    lengths, ended = np.zeros(len(keys), dtype=np.int64), np.full(len(keys), LIVE)
    live, smooth = np.arange(len(keys)), np.zeros(len(keys))
    walk = _Walk(automaton, len(keys)) if automaton is not None else None
    logits = stepper.prefill(prompts, k)
    for t in range(tokens.shape[1]):
        allowed = walk.allowed().to(logits.device) if walk else None
        chance = torch.from_numpy(uniforms(keys[live], t)).to(logits.device)
        drawn, logprob = (x.cpu().numpy() for x in draw(logits, chance, decode, allowed))
        _require_finite(logprob, t)
        tokens[live, t], logprobs[live, t], lengths[live] = drawn, logprob, t + 1
        smooth = SMOOTHING * smooth + (1 - SMOOTHING) * logprob if t else logprob.astype(np.float64)
        ended[live] = _endings(drawn, smooth, limits[live] == t + 1, end_ids, decode.floor)
        stay = np.flatnonzero(ended[live] == LIVE)
        if not len(stay):
            break
        if len(stay) < len(live):
            live, smooth, drawn = live[stay], smooth[stay], drawn[stay]
            stepper.keep(torch.from_numpy(stay))
        if walk:
            walk.advance(stay, drawn)
        logits = stepper.step(torch.from_numpy(drawn))
    return [(tokens[i, :n].copy(), logprobs[i, :n].copy(), ENDS[ended[i]]) for i, n in enumerate(lengths)]


def _endings(
    drawn: npt.NDArray[Any],
    smooth: npt.NDArray[np.float64],
    full: npt.NDArray[np.bool_],
    end_ids: Collection[int],
    floor: float | None,
) -> npt.NDArray[np.int64]:
    """Why each row ends with this token, or LIVE: an end token before all else, then the floor, then the limit."""
    ending = np.where(full, LENGTH, LIVE)
    if floor is not None:
        ending[smooth < floor] = DEGENERATE
    ending[np.isin(drawn, list(end_ids))] = STOP
    return ending


def _require_finite(logprob: npt.NDArray[Any], t: int) -> None:
    if not np.isfinite(logprob).all():
        raise not_finite(t)


def not_finite(t: int) -> RungwiseError:
    return RungwiseError(
        f"the model's log-probabilities are not finite at token {t} of an answer: its weights have diverged; "
        "go back to the last checkpoint with a lower learning rate"
    )


class _Walk:
    """Where in the grammar each row is that is left."""

    def __init__(self, automaton: "Automaton", rows: int) -> None:
        self._automaton = automaton
        self._at = [(automaton.start, -1)] * rows  # state, previous token

    def allowed(self) -> torch.Tensor:
        return torch.from_numpy(np.stack([self._automaton.allowed(state, last) for state, last in self._at]))

    def advance(self, stay: npt.NDArray[Any], drawn: npt.NDArray[Any]) -> None:
        """Rows that ended are left out first: nothing follows an end token."""
        left = [self._at[i][0] for i in stay]
        self._at = [
            (self._automaton.advance(state, int(token)), int(token)) for state, token in zip(left, drawn, strict=True)
        ]
