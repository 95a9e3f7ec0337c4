"""A small decoder in the Llama layout, made here: RMSNorm, rotary positions, grouped queries, SwiGLU, tied embeddings.

1. The parameters are float32 and carry transformers' names; `save` writes a folder that LlamaForCausalLM loads.
2. What is computed with is made of them once after every change (`refresh`): fused matrices, in bfloat16 where the
   machine multiplies those faster. Gradients are taken of these leaves and flow on to the parameters once a step,
   whether a weight is trained itself, through a low-rank adapter, or not at all.
3. The operations beside matrix products come from the C kernels or from plain torch; the model does not know which.
4. Left out on purpose: dropout, biases, untied heads, rope scaling.
"""

import copy
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rungwise.contract import Task
from rungwise.errors import InputError, RungwiseError, nearest
from rungwise.policy import sample as sampling
from rungwise.policy.kernels import Native, Placed, library
from rungwise.policy.packed import Packed
from rungwise.policy.plain import Plain, tables
from rungwise.policy.policy import Decode, Group
from rungwise.policy.tokens import Tokens
from rungwise.policy.trainable import chosen
from rungwise.seeds import derive

if TYPE_CHECKING:
    from rungwise.policy.grammar import Automaton

THETA, EPS, DEVIATION = 10000.0, 1e-5, 0.02
PROJECTIONS = (
    "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
    "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    """The shape of the decoder; all but `layers` and the head counts are multiples of 16."""

    width: int
    layers: int
    heads: int
    groups: int  # key and value heads
    head: int
    ff: int


# Named by the parameters of their blocks; the embedding comes on top.
SIZES: Mapping[str, Size] = {
    "0.1M": Size(64, 2, 2, 1, 32, 192),
    "1M": Size(128, 6, 4, 2, 32, 320),
    "3M": Size(256, 4, 8, 4, 32, 704),
    "10M": Size(384, 6, 6, 2, 64, 1024),
    "45M": Size(640, 10, 10, 2, 64, 1792),
}
PRECISIONS = ("auto", "fp32", "bf16")

Product = Callable[[Tensor, str, Tensor | None], Tensor]  # of states and a leaf; of which flat indices, None: of all


def size_of(name: str) -> Size:
    if name not in SIZES:
        raise InputError(f"no model size {name!r}; {nearest(name, SIZES)}", field="model.size")
    return SIZES[name]


class Nano:
    def __init__(
        self, size: Size, tokens: Tokens, context: int, weights: Mapping[str, Tensor], *,
        trainable: str = "all", lora_rank: int = 0, precision: str = "auto", device: str = "cpu", workers: int = 0,
        eps: float = EPS, theta: float = THETA,
    ) -> None:  # fmt: skip
        self.size, self.tokens, self.context = size, tokens, context
        self.device = torch.device(device)
        self.dtype = _dtype(precision, self.device)
        self.lora_rank, self.eps, self.theta = lora_rank, eps, theta
        self._all = {name: nn.Parameter(weights[name].to(self.device, torch.float32).clone()) for name in _names(size)}
        trained = chosen(tuple(self._all), trainable)
        for name, parameter in self._all.items():
            parameter.requires_grad_(name in trained and not lora_rank)
        if lora_rank:
            self._all |= self._adapters([name for name in trained if _projection(name)], trainable)
        lib = library(self.dtype) if self.device.type == "cpu" else None
        self.native = Native(lib, self.dtype) if lib is not None else None
        self.ops = self.native or Plain(self.dtype)
        # Kernels work on one thread, so there are as many workers as cores; plain torch shares each product out itself.
        self.workers = (workers or cores()) if self.native else 1
        self.tables = tables(context, size.head, theta, self.device)
        self.product: Product | None = None  # instead of the plain one
        self.refresh()

    def _adapters(self, names: Sequence[str], trainable: str) -> dict[str, nn.Parameter]:
        if not names:
            raise InputError(
                f"{trainable!r} names no projection that a low-rank adapter could go to", field="lora_rank"
            )
        made = {}
        for name in names:
            rows, width = self._all[name].shape
            draw = torch.Generator().manual_seed(derive(0, "lora", name) >> 1)
            down = torch.randn(self.lora_rank, width, generator=draw) / math.sqrt(width)
            made[f"{name}.down"] = nn.Parameter(down.to(self.device))
            made[f"{name}.up"] = nn.Parameter(torch.zeros(rows, self.lora_rank, device=self.device))
        return made

    # ---- weights ----

    def parameters(self) -> dict[str, nn.Parameter]:
        return {name: parameter for name, parameter in self._all.items() if parameter.requires_grad}

    def weights(self) -> dict[str, Tensor]:
        return {name: parameter.detach() for name, parameter in self._all.items()}

    def load(self, weights: Mapping[str, Tensor]) -> None:
        for name, parameter in self._all.items():
            found = tuple(weights[name].shape) if name in weights else None
            if found != parameter.shape:
                raise InputError(f"{found or 'missing'}; expected {tuple(parameter.shape)}", field=name)
        with torch.no_grad():
            for name, parameter in self._all.items():
                parameter.copy_(weights[name])
        self.refresh()

    def merged(self) -> dict[str, Tensor]:
        """The weights in transformers' names, adapters added in."""
        return {name: self.whole(name).detach() for name in _names(self.size)}

    def whole(self, name: str) -> Tensor:
        weight: Tensor = self._all[name]
        if f"{name}.up" in self._all:
            weight = weight + self._all[f"{name}.up"] @ self._all[f"{name}.down"]
        return weight

    def refresh(self) -> None:
        self.compute_with(self.whole)

    def compute_with(self, whole: Callable[[str], Tensor]) -> None:
        """The leaves are made of these weights, by transformers' names."""
        self._made = self._fused(whole)
        self._leaves = {
            name: made.detach().to(self._stored(name)).contiguous().requires_grad_(made.requires_grad)
            for name, made in self._made.items()
        }
        self._sampler: sampling.Sampler | None = None

    def view(self, whole: Callable[[str], Tensor]) -> "Nano":
        """The same model with other weights in its products. Its leaves are its own; `load` and `refresh` are not for
        it."""
        made = copy.copy(self)
        made.compute_with(whole)
        return made

    def _stored(self, name: str) -> torch.dtype:
        return torch.float32 if name == "embed" or "norm" in name else self.dtype

    def _fused(self, whole: Callable[[str], Tensor]) -> dict[str, Tensor]:
        embed = whole("model.embed_tokens.weight")
        made = {"embed": embed}
        for i in range(self.size.layers):
            q, k, v, o, gate, up, down = (whole(f"model.layers.{i}.{p}.weight") for p in PROJECTIONS)
            made |= {
                f"norm.{2 * i}": whole(f"model.layers.{i}.input_layernorm.weight"),
                f"qkv.{i}": torch.cat([q, k, v]),
                f"o.{i}": o,
                f"norm.{2 * i + 1}": whole(f"model.layers.{i}.post_attention_layernorm.weight"),
                f"gate.{i}": torch.cat([gate, up]),
                f"down.{i}": down,
            }
        return made | {f"norm.{2 * self.size.layers}": whole("model.norm.weight"), "head": embed}

    def compute(self) -> dict[str, Tensor]:
        """The leaves by name: what products are computed with."""
        return self._leaves

    def sampler(self) -> sampling.Sampler:
        if self._sampler is None:
            assert self.native is not None
            self._sampler = sampling.sampler_of(self, self.native)
        return self._sampler

    def leaves(self) -> list[Tensor]:
        return [leaf for leaf in self._leaves.values() if leaf.requires_grad]

    def absorb(self, grads: Sequence[Tensor | None]) -> None:
        made = [made for made in self._made.values() if made.requires_grad]
        pairs = [(m, g) for m, g in zip(made, grads, strict=True) if g is not None]
        torch.autograd.backward([m for m, _ in pairs], [g.to(m.dtype) for m, g in pairs], retain_graph=True)

    # ---- likelihood ----

    def logprobs(self, batch: Packed, temperature: float = 1.0, masks: Tensor | None = None) -> tuple[Tensor, Tensor]:
        if batch.positions.max() >= self.context:
            raise RungwiseError(f"a row of {batch.positions.max() + 1} tokens, and the context is {self.context}")
        placed = Placed(batch, self.device)
        rows, which = torch.unique(placed.source, return_inverse=True)
        h = self._hidden(placed, rows)
        return self.ops.likelihood(h[which], self._leaves["head"], placed.labels, temperature, masks)

    def states(self, batch: Packed, layer: int) -> Tensor:
        """[labels, width]: what the first `layer` blocks have made of where each label is predicted from."""
        placed = Placed(batch, self.device)
        with torch.no_grad():
            x, y = self._through(placed, layer, None)
            return (x if y is None else x + y.float())[placed.source]

    def _hidden(self, placed: Placed, rows: Tensor) -> Tensor:
        """Last hidden states of the flat indices `rows`."""
        w, size = self._leaves, self.size
        x, y = self._through(placed, size.layers, rows)
        return self.ops.norm(x, y, w[f"norm.{2 * size.layers}"], self.eps)[1]

    def _through(self, placed: Placed, layers: int, rows: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """The stream, and what is still to be added to it. The last block does nothing for others than `rows` but keys
        and values."""
        w, ops, size, at = self._leaves, self.ops, self.size, None
        x, y = F.embedding(placed.tokens, w["embed"]), None
        for i in range(layers):
            x, h = ops.norm(x, y, w[f"norm.{2 * i}"], self.eps)
            mixed = ops.attention(self._product(h, f"qkv.{i}", at), placed, size.heads, size.groups, self.tables)
            if i == size.layers - 1 and rows is not None:
                x, mixed, at = x[rows], mixed[rows], rows
            x, h = ops.norm(x, self._product(mixed, f"o.{i}", at), w[f"norm.{2 * i + 1}"], self.eps)
            y = self._product(ops.gate(self._product(h, f"gate.{i}", at)), f"down.{i}", at)
        return x, y

    def _product(self, x: Tensor, name: str, at: Tensor | None) -> Tensor:
        return self.product(x, name, at) if self.product else F.linear(x, self._leaves[name])

    # ---- answers ----

    def sample(
        self, tasks: Sequence[Task], k: int, decode: Decode, seed: int, automaton: "Automaton | None" = None
    ) -> list[Group]:
        return sampling.sample(self, tasks, k, decode, seed, automaton)

    def save(self, folder: Path) -> None:
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        self.tokens.save(folder)
        weights = {name: tensor.cpu().contiguous() for name, tensor in self.merged().items()}
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        (folder / "config.json").write_bytes(msgspec.json.format(msgspec.json.encode(self._config()), indent=2))

    def _config(self) -> dict[str, object]:
        size = self.size
        return {
            "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
            "hidden_size": size.width,
            "intermediate_size": size.ff, "num_hidden_layers": size.layers, "num_attention_heads": size.heads,
            "num_key_value_heads": size.groups, "head_dim": size.head, "vocab_size": self.tokens.size,
            "max_position_embeddings": self.context, "rms_norm_eps": self.eps, "rope_theta": self.theta,
            "tie_word_embeddings": True, "attention_bias": False, "mlp_bias": False, "torch_dtype": "float32",
            "initializer_range": DEVIATION, "eos_token_id": self.tokens.end, "pad_token_id": self.tokens.pad,
            "bos_token_id": None,
        }  # fmt: skip


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fresh(size: Size, vocabulary: int, seed: int) -> dict[str, Tensor]:
    """Weights to start from: normal, those that add to the stream smaller the more of them there are."""
    made = {}
    for name, shape in _shapes(size, vocabulary).items():
        if len(shape) == 1:
            made[name] = torch.ones(shape)
            continue
        draw = torch.Generator().manual_seed(derive(seed, "weights", name) >> 1)
        adds = name.endswith(("o_proj.weight", "down_proj.weight"))
        made[name] = torch.randn(shape, generator=draw) * DEVIATION / (math.sqrt(2 * size.layers) if adds else 1)
    return made


def load_nano(folder: Path, **settings: Any) -> Nano:
    """What `save` wrote, or any Llama of this layout."""
    from safetensors.torch import load_file

    config = msgspec.json.decode((folder / "config.json").read_bytes())
    size = Size(
        config["hidden_size"], config["num_hidden_layers"], config["num_attention_heads"],
        config["num_key_value_heads"],
        config["head_dim"], config["intermediate_size"],
    )  # fmt: skip
    weights = load_file(folder / "model.safetensors")
    return Nano(
        size,
        Tokens.load(folder),
        config["max_position_embeddings"],
        weights,
        eps=config["rms_norm_eps"],
        theta=config["rope_theta"] if "rope_theta" in config else config["rope_parameters"]["rope_theta"],
        **settings,
    )


def _names(size: Size) -> list[str]:
    return list(_shapes(size, 0))


def _shapes(size: Size, vocabulary: int) -> dict[str, tuple[int, ...]]:
    d, q, kv, ff = size.width, size.heads * size.head, size.groups * size.head, size.ff
    of = dict(zip(PROJECTIONS, ((q, d), (kv, d), (kv, d), (d, q), (ff, d), (ff, d), (d, ff)), strict=True))
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (vocabulary, d)}
    for i in range(size.layers):
        shapes[f"model.layers.{i}.input_layernorm.weight"] = (d,)
        shapes |= {f"model.layers.{i}.{name}.weight": shape for name, shape in of.items()}
        shapes[f"model.layers.{i}.post_attention_layernorm.weight"] = (d,)
    return shapes | {"model.norm.weight": (d,)}


def _projection(name: str) -> bool:
    return name.endswith("_proj.weight")


def _dtype(precision: str, device: torch.device) -> torch.dtype:
    if precision not in PRECISIONS:
        raise InputError(f"no precision {precision!r}; {nearest(precision, PRECISIONS)}", field="model.precision")
    fast = device.type == "cuda" or _multiplies_bf16()
    return torch.bfloat16 if precision == "bf16" or (precision == "auto" and fast) else torch.float32


def _multiplies_bf16() -> bool:
    try:
        return "avx512_bf16" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
