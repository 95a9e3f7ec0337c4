"""Drawing answers from a nano model: all the samples of many tasks at once, each with a stream of its own.

1. With the C kernels the whole loop runs in C, on as many threads as the policy has workers, which take the next sample
   from a common counter. An answer is the same to the bit whatever runs beside it.
2. Without them `stepping.run` drives the same model in plain torch, by the same rules and the same random numbers.
3. A sample's key is derived from (seed, task, index of the sample): neither k nor the order of tasks changes an answer.
"""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from rungwise.contract import Task
from rungwise.errors import InputError, RungwiseError
from rungwise.policy.drawing import keys_of
from rungwise.policy.kernels import How, Model, Native, at, long
from rungwise.policy.plain import rotated
from rungwise.policy.policy import ENDS, Decode, Floats, Group, Ids, Sample
from rungwise.policy.stepping import SMOOTHING, not_finite, run

if TYPE_CHECKING:
    from rungwise.policy.grammar import Automaton
    from rungwise.policy.nano import Nano

SLOTS = 48  # sequences at a time on one thread
CACHED_BYTES = 512 * 1024 * 1024  # of prompts' keys and values at a time
NO_CHOICE, NOT_FINITE = 3, 4  # how an answer ends in C that cannot go on, beside ENDS

Drawn = tuple[Ids, Floats, str]


def sample(
    nano: "Nano", tasks: Sequence[Task], k: int, decode: Decode, seed: int, automaton: "Automaton | None"
) -> list[Group]:
    if decode.grammar and automaton is None:
        raise InputError("the contract has no grammar to hold answers to", field="grammar")
    if decode.max_new_tokens < 1:
        raise InputError(f"{decode.max_new_tokens}; expected at least 1", field="max_new_tokens")
    prompts, keys = [_prompt(nano, task) for task in tasks], keys_of(tasks, k, seed)
    draw, held = _native if nano.native else _plain, automaton if decode.grammar else None
    groups = []
    for part in _parts(nano, len(tasks)):
        answers = draw(nano, prompts[part], k, keys[part.start * k : part.stop * k], decode, held)
        for i, (task, prompt) in enumerate(zip(tasks[part], prompts[part], strict=True)):
            samples = tuple(_sample(nano, *drawn) for drawn in answers[i * k : (i + 1) * k])
            groups.append(Group(task=task, prompt=prompt, samples=samples))
    return groups


def _sample(nano: "Nano", tokens: Ids, logprobs: Floats, ended: str) -> Sample:
    text = nano.tokens.text(tokens[:-1] if ended == "stop" else tokens)
    return Sample(text=text, tokens=tokens, logprobs=logprobs, ended=ended)


def _prompt(nano: "Nano", task: Task) -> Ids:
    ids = np.array(nano.tokens.prompt(task.prompt), np.int32)
    if len(ids) >= nano.context:
        raise InputError(f"its prompt has {len(ids)} tokens, the context {nano.context}", field=f"task {task.id}")
    return ids


def _parts(nano: "Nano", tasks: int) -> Iterator[slice]:
    """As many tasks at a time as their prompts' caches have room."""
    of_one = 4 * nano.size.layers * nano.size.groups * nano.size.head * nano.context * 2
    most = max(1, CACHED_BYTES // of_one)
    return (slice(i, min(i + most, tasks)) for i in range(0, tasks, most))


# ---- in C ----


@dataclass(frozen=True, slots=True)
class Sampler:
    """The weights as the kernels read them; valid until the weights change."""

    model: Model
    held: tuple[Any, ...]  # what the pointers point to


def sampler_of(nano: "Nano", native: Native) -> Sampler:
    size, vocab, w = nano.size, nano.tokens.size, nano.compute()
    order = [f"{part}.{i}" for i in range(size.layers) for part in ("qkv", "o", "gate", "down")] + ["head"]
    sizes = [-(-len(w[name]) // 16) * 16 * w[name].shape[1] for name in order]
    panels = torch.empty(sum(sizes), dtype=nano.dtype)
    for name, start, length in zip(order, np.cumsum([0, *sizes]), sizes, strict=False):
        native.lib.pack(len(w[name]), w[name].shape[1], at(w[name]), at(panels[start : start + length]))
    norms = torch.stack([w[f"norm.{i}"].detach() for i in range(2 * size.layers + 1)]).contiguous()
    model = Model(
        size.width, size.layers, size.heads, size.groups, size.head, size.ff, vocab, nano.context, nano.eps,
        at(w["embed"]), at(panels), at(norms), at(nano.tables[0]), at(nano.tables[1]),
    )  # fmt: skip
    return Sampler(model, (w, panels, norms, nano.tables))


def _native(
    nano: "Nano", prompts: Sequence[Ids], k: int, keys: Any, decode: Decode, automaton: "Automaton | None"
) -> list[Drawn]:
    assert nano.native is not None
    lib, model = nano.native.lib, nano.sampler().model
    samples, most, cap = len(prompts) * k, decode.max_new_tokens, -(-max(map(len, prompts)) // 16) * 16
    how, held = _how(nano, decode, automaton)
    starts = np.cumsum([0, *map(len, prompts)]).astype(np.int64)
    flat = np.concatenate(prompts).astype(np.int64)
    lib.cache_size.restype = ctypes.c_long
    caches = torch.zeros(len(prompts) * lib.cache_size(ctypes.byref(model), cap), dtype=nano.dtype)
    logits = torch.empty(len(prompts), -(-nano.tokens.size // 16) * 16)
    tokens, logprobs = np.zeros((samples, most), np.int64), np.zeros((samples, most), np.float32)
    lengths, ended = np.zeros(samples, np.int32), np.zeros(samples, np.int32)
    prompt_of = np.repeat(np.arange(len(prompts), dtype=np.int32), k)
    slots = min(SLOTS, -(-samples // nano.workers))

    def filled(following: Any) -> None:
        lib.prefill(
            ctypes.byref(model), long(len(prompts)), _of(flat), _of(starts), cap, at(caches), at(logits), following
        )

    def written(following: Any) -> None:
        lib.decode(
            ctypes.byref(model), ctypes.byref(how), long(samples), _of(prompt_of), _of(keys), _of(starts), cap,
            at(caches),
            at(logits), slots, _of(tokens), _of(logprobs), _of(lengths), _of(ended), following, (ctypes.c_long * 2)(),
        )  # fmt: skip

    for phase in (filled, written):
        _on_threads(nano.workers, phase)
    del held
    if (ended == NO_CHOICE).any():
        raise RungwiseError("the grammar allowed no token at all: its automaton has a dead end")
    if (ended == NOT_FINITE).any():
        raise not_finite(int(lengths[ended == NOT_FINITE][0]))
    return [
        (tokens[i, : lengths[i]].astype(np.int32), logprobs[i, : lengths[i]], ENDS[ended[i]]) for i in range(samples)
    ]


def _on_threads(workers: int, phase: Callable[[Any], None]) -> None:
    following = ctypes.byref(ctypes.c_long(0))
    if workers == 1:
        return phase(following)
    with ThreadPoolExecutor(workers) as pool:
        for future in [pool.submit(phase, following) for _ in range(workers)]:
            future.result()
    return None


def _of(array: Any) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _how(nano: "Nano", decode: Decode, automaton: "Automaton | None") -> tuple[How, tuple[Any, ...]]:
    end = np.array([nano.tokens.end], np.int64)
    arrays: tuple[Any, ...] = (None,) * 5
    if automaton is not None:
        arrays = (automaton.bits, automaton.pairs, automaton.delta, automaton.piece_start, automaton.piece_bytes)
    how = How(
        decode.temperature, decode.top_p, decode.floor or 0.0, SMOOTHING, decode.top_k, decode.max_new_tokens, len(end),
        decode.floor is not None, _of(end), *(_of(a) if a is not None else None for a in arrays),
        automaton.start if automaton is not None else 0,
    )  # fmt: skip
    return how, (end, arrays)


# ---- in plain torch ----


def _plain(
    nano: "Nano", prompts: Sequence[Ids], k: int, keys: Any, decode: Decode, automaton: "Automaton | None"
) -> list[Drawn]:
    with torch.no_grad():
        return run(
            Stepper(nano, decode.max_new_tokens),
            [p.tolist() for p in prompts],
            k,
            keys,
            decode,
            (nano.tokens.end,),
            automaton,
            nano.context,
        )


class Stepper:
    """One token of every row at a time, with the keys and values of all that came before in tensors made once."""

    def __init__(self, nano: "Nano", most: int) -> None:
        self.nano, self.most = nano, most

    def prefill(self, prompts: Sequence[Sequence[int]], copies: int) -> Tensor:
        """Each prompt once; its row is then there `copies` times."""
        nano, size = self.nano, self.nano.size
        lengths = torch.tensor([len(prompt) for prompt in prompts], device=nano.device)
        longest = int(lengths.max())
        room = min(longest + self.most, nano.context)
        shape = (size.layers, 2, len(prompts), size.groups, room, size.head)
        self.cache = torch.zeros(shape, dtype=nano.dtype, device=nano.device)
        self.lengths = torch.zeros_like(lengths)
        tokens = torch.zeros(len(prompts), longest, dtype=torch.long, device=nano.device)
        for row, prompt in zip(tokens, prompts, strict=True):
            row[: len(prompt)] = torch.as_tensor(np.asarray(prompt), device=nano.device)
        logits = self._forward(tokens, lengths)
        rows = torch.arange(len(prompts), device=nano.device).repeat_interleave(copies)
        self.keep(rows)
        return logits[rows]

    def step(self, tokens: Tensor) -> Tensor:
        return self._forward(tokens[:, None], torch.ones_like(self.lengths))

    def keep(self, rows: Tensor) -> None:
        self.cache, self.lengths = self.cache[:, :, rows], self.lengths[rows]

    def _forward(self, tokens: Tensor, new: Tensor) -> Tensor:
        """Logits after the last of the `new` tokens of each row; what pads a row is written over later, never read."""
        nano, w, ops, size = self.nano, self.nano.compute(), self.nano.ops, self.nano.size
        rows, wide = tokens.shape
        positions = (self.lengths[:, None] + torch.arange(wide, device=nano.device)).clamp(max=self.cache.shape[4] - 1)
        cosines, sines = (table[positions][:, :, None] for table in nano.tables)
        longest = int(positions.max()) + 1
        seen = torch.arange(longest, device=nano.device)[None, None] <= positions[:, :, None]
        which = torch.arange(rows, device=nano.device)[:, None]
        x, y = F.embedding(tokens, w["embed"]).flatten(0, 1), None
        for i in range(size.layers):
            x, h = ops.norm(x, y, w[f"norm.{2 * i}"], nano.eps)
            qkv = F.linear(h, w[f"qkv.{i}"]).view(rows, wide, -1, size.head)
            q, k, v = torch.split(qkv, [size.heads, size.groups, size.groups], dim=2)
            self.cache[i, 0][which, :, positions] = rotated(k, cosines, sines)
            self.cache[i, 1][which, :, positions] = v
            keys, values = self.cache[i, :, :, :, :longest]
            asked = rotated(q, cosines, sines).transpose(1, 2)
            mixed = F.scaled_dot_product_attention(asked, keys, values, seen[:, None], enable_gqa=True)
            mixed = mixed.transpose(1, 2).reshape(rows * wide, -1)
            x, h = ops.norm(x, F.linear(mixed, w[f"o.{i}"]), w[f"norm.{2 * i + 1}"], nano.eps)
            y = F.linear(ops.gate(F.linear(h, w[f"gate.{i}"])), w[f"down.{i}"])
        last = torch.arange(rows, device=nano.device) * wide + new - 1
        assert y is not None
        _, h = ops.norm(x[last], y[last], w[f"norm.{2 * size.layers}"], nano.eps)
        self.lengths = self.lengths + new
        return h.float() @ w["head"].float().t()
