"""The operations of `nano` in plain torch: what the kernels compute, for machines without them and for a GPU."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from rungwise.policy.kernels import Placed


class Plain:
    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype

    def norm(self, x: Tensor, y: Tensor | None, w: Tensor, eps: float) -> tuple[Tensor, Tensor]:
        x = x if y is None else x + y.float()
        return x, (x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * w).to(self.dtype)

    def attention(self, qkv: Tensor, batch: Placed, heads: int, groups: int, tables: tuple[Tensor, Tensor]) -> Tensor:
        """Every segment is a row of queries; its keys are its parent's and its own. Rows are padded to the longest."""
        n, hd = len(qkv), qkv.shape[1] // (heads + 2 * groups)
        q, k, v = torch.split(qkv.view(n, -1, hd), [heads, groups, groups], dim=1)
        cosines, sines = (table[batch.positions][:, None] for table in tables)
        q, k = rotated(q, cosines, sines), rotated(k, cosines, sines)
        asked, read, seen = _places(batch.segments)
        mixed = F.scaled_dot_product_attention(
            q[asked].transpose(1, 2), k[read].transpose(1, 2), v[read].transpose(1, 2), seen[:, None], enable_gqa=True
        )
        length = batch.segments[:, 1]
        real = torch.arange(asked.shape[1], device=qkv.device)[None] < length[:, None]
        flat: Tensor = mixed.transpose(1, 2)[real]  # segments lie end to end, so this is their order
        return flat.reshape(n, heads * hd)

    def gate(self, both: Tensor) -> Tensor:
        gate, up = both.float().chunk(2, dim=-1)
        return (F.silu(gate) * up).to(self.dtype)

    def likelihood(
        self, h: Tensor, head: Tensor, labels: Tensor, temperature: float, masks: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        logits = (h.float() @ head.float().t()) / temperature
        return likelihood(logits, labels, masks)


def likelihood(logits: Tensor, labels: Tensor, masks: Tensor | None) -> tuple[Tensor, Tensor]:
    """Of each label its log-probability, and the entropy of the distribution it was drawn from."""
    if masks is not None:
        logits = logits.masked_fill(~masks, -1e30)
    logprobs = torch.log_softmax(logits, dim=-1)
    entropy = -(logprobs.exp() * logprobs.clamp(min=-1e4)).sum(-1)
    return logprobs.gather(1, labels[:, None])[:, 0], entropy


def rotated(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    a, b = x.float().chunk(2, dim=-1)
    return torch.cat([a * cosines - b * sines, b * cosines + a * sines], dim=-1).to(x.dtype)


def tables(context: int, hd: int, theta: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines of [position, half a head]."""
    frequencies = torch.exp(torch.arange(0, hd, 2, dtype=torch.float32) * (-math.log(theta) / hd))
    angles = torch.arange(context, dtype=torch.float32)[:, None] * frequencies
    return angles.cos().contiguous().to(device), angles.sin().contiguous().to(device)


def _places(segments: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Flat indices of [segment, query] and [segment, key], and which key each query may see."""
    start, length, parent, past = segments.unbind(1)
    queries = torch.arange(int(length.max()), device=segments.device)[None]
    keys = torch.arange(int((length + past).max()), device=segments.device)[None]
    asked = start[:, None] + queries.clamp(max=length[:, None] - 1)
    own = start[:, None] + (keys - past[:, None]).clamp(min=0).minimum(length[:, None] - 1)
    read = torch.where(keys < past[:, None], parent[:, None] + keys, own)
    return asked, read, keys[:, None] <= (past[:, None] + queries)[:, :, None]
