"""How one token a row is drawn from logits, and where the chance comes from.

1. Every sample has a 64-bit key, and the uniform for its token t is a pure function of (key, t): a counter-based
   generator (splitmix64). So an answer depends neither on its neighbours in the batch nor on when they ended.
2. A token is drawn by the inverse of the cumulated probabilities in id order, in float64: ids whose probability is 0
   are never drawn, whatever the uniform.
3. The log-probability that is returned is the one under the distribution drawn from: mask, temperature, top-k and
   top-p included, renormalised. Greedy decoding (temperature 0) has none, so it reports the one at temperature 1.
4. top-k cuts first, top-p then cuts what is left of it, at the token that reaches the share. Equal logits rank by id,
   so that exactly k tokens stay.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from rungwise.contract import Task
from rungwise.policy.policy import Decode
from rungwise.seeds import derive

GOLDEN = 0x9E3779B97F4A7C15
WORD = 2**64


def keys_of(tasks: Sequence[Task], k: int, seed: int) -> npt.NDArray[np.uint64]:
    """The key of each of k samples of each task; a task that stands there again goes on counting its samples."""
    before: Counter[str] = Counter()
    keys = []
    for task in tasks:
        keys += [derive(seed, "sample", task.id, before[task.id] + j) for j in range(k)]
        before[task.id] += k
    return np.array(keys, np.uint64)


def uniforms(keys: npt.NDArray[np.uint64], step: int) -> npt.NDArray[np.float32]:
    """For each key the number in [0, 1) that its token `step` is drawn with; 24 bits, so exact in float32."""
    z = keys + np.uint64(step * GOLDEN % WORD)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(40)) / 2**24).astype(np.float32)


def draw(
    logits: torch.Tensor, uniforms: torch.Tensor, decode: Decode, allowed: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """One token for each row of `logits`, and its log-probability; `allowed` [rows, vocabulary] is the grammar's."""
    logits = logits.float()
    if allowed is not None:
        logits = logits.masked_fill(~allowed, -torch.inf)
    if decode.temperature == 0:
        tokens = logits.argmax(-1)
        return tokens, _at(logits.log_softmax(-1), tokens)
    logprobs = _cut((logits / decode.temperature).log_softmax(-1), decode)
    tokens = _inverse(logprobs.double().exp().cumsum(-1), uniforms)
    return tokens, _at(logprobs, tokens)


def _cut(logprobs: torch.Tensor, decode: Decode) -> torch.Tensor:
    """What top-k and top-p leave, renormalised; the likeliest token always stays."""
    if not decode.top_k and decode.top_p >= 1:
        return logprobs
    ranked, ids = logprobs.sort(dim=-1, descending=True, stable=True)
    if decode.top_k:
        ranked[:, decode.top_k :] = -torch.inf
    if decode.top_p < 1:
        mass = ranked.double().softmax(-1)
        before = mass.cumsum(-1) - mass
        before[:, 0] = -1
        ranked = ranked.masked_fill(before >= decode.top_p, -torch.inf)
    return torch.full_like(logprobs, -torch.inf).scatter(-1, ids, ranked).log_softmax(-1)


def _inverse(cumulated: torch.Tensor, uniforms: torch.Tensor) -> torch.Tensor:
    """The first id whose cumulated probability is above the uniform's share of the whole."""
    share = uniforms.to(cumulated)[:, None] * cumulated[:, -1:]
    # the clamp is for rows that are not finite: those are the caller's to find, by their log-probability
    return torch.searchsorted(cumulated, share, right=True)[:, 0].clamp(max=cumulated.shape[-1] - 1)


def _at(logprobs: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    return logprobs.gather(-1, tokens[:, None])[:, 0]
