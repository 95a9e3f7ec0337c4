"""Any Hugging Face causal model as a policy: a folder, or a name where a name is asked for.

1. `hub_model` opens the model, `hub_tokens` has its tokenizer; here it writes and learns.
2. Weights are held in float32; precision "bf16" computes under autocast, in the sampler and the learner alike. Dropout
   is off always: the learner must see the distribution that was sampled from.
3. `end` is trained; every end token that the model's generation_config names stops an answer.
4. What is saved has LoRA merged in, from a copy, so that the run goes on with the very same weights.
5. Sampling reads each prompt once, left-padded with the others, and copies its cache for the answers. Simplified: the
   cache is transformers' own, which grows by copying; models whose past is no list of keys and values do not fit.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from rungwise.contract import Task
from rungwise.errors import InputError, nearest
from rungwise.policy.drawing import keys_of
from rungwise.policy.hub_model import made_trainable, opened, reserve, stops
from rungwise.policy.hub_tokens import HubTokens
from rungwise.policy.packed import Packed
from rungwise.policy.policy import Decode, Floats, Group, Ids, Sample
from rungwise.policy.stepping import run

if TYPE_CHECKING:
    from rungwise.policy.grammar import Automaton

PRECISIONS = ("auto", "fp32", "bf16")
LIVE_TOKENS = 2**16  # cached at a time, over all rows: bounds the sampler's memory, changes no answer


def load_hub(
    path_or_name: str | Path,
    *,
    trainable: str = "all",
    lora_rank: int = 0,
    precision: str = "fp32",
    device: str = "cpu",
    chat: bool = False,
    reserved: Sequence[str] = (),
    context: int = 0,
    download: bool = False,
) -> "HubPolicy":
    if precision not in PRECISIONS:
        raise InputError(f"no precision {precision!r}; {nearest(precision, PRECISIONS)}", field="precision")
    model, tokenizer = opened(str(path_or_name), download)
    longest = getattr(model.config.get_text_config(), "max_position_embeddings", None) or context
    if not 0 <= context <= longest or not longest:
        raise InputError(f"{context}, and the model reads {longest or 'an unknown number of'} tokens", field="context")
    reserve(model, tokenizer, reserved)
    size = model.get_input_embeddings().weight.shape[0]
    tokens = HubTokens(tokenizer, size, stops(model), reserved=reserved, chat=chat)
    model = made_trainable(model, trainable, lora_rank).to(device).eval()
    half = precision == "bf16" or (precision == "auto" and model.device.type == "cuda")
    return HubPolicy(model, tokens, context or longest, half)


class HubPolicy:
    """See `Policy`."""

    def __init__(self, model: Any, tokens: HubTokens, context: int, half: bool) -> None:
        self.model, self.tokens, self.context, self.half = model, tokens, context, half
        self.device: torch.device = model.device
        self.workers = 1  # torch's own threads share each product

    # ---- writing ----

    def sample(
        self, tasks: Sequence[Task], k: int, decode: Decode, seed: int, automaton: "Automaton | None" = None
    ) -> list[Group]:
        if decode.grammar and automaton is None:
            raise InputError("the contract has no grammar to hold answers to", field="grammar")
        prompts, keys = [self._prompt(task) for task in tasks], keys_of(tasks, k, seed)
        groups = []
        for part in _portions([len(prompt) for prompt in prompts], k, decode.max_new_tokens):
            held = automaton if decode.grammar else None
            with torch.no_grad(), self._precision():
                drawn = run(
                    Cached(self.model, self.tokens.pad), prompts[part], k, keys[part.start * k : part.stop * k], decode,
                    self.tokens.stops, held, self.context,
                )  # fmt: skip
            for i, task in enumerate(tasks[part]):
                samples = tuple(self._sample(*answer) for answer in drawn[i * k : (i + 1) * k])
                groups.append(Group(task=task, prompt=np.array(prompts[part][i], np.int32), samples=samples))
        return groups

    def _prompt(self, task: Task) -> list[int]:
        ids = self.tokens.prompt(task.prompt)
        if len(ids) >= self.context:
            raise InputError(f"its prompt has {len(ids)} tokens, the context {self.context}", field=f"task {task.id}")
        return ids

    def _sample(self, tokens: Ids, logprobs: Floats, ended: str) -> Sample:
        text = self.tokens.text(tokens[:-1] if ended == "stop" else tokens)
        return Sample(text=text, tokens=tokens, logprobs=logprobs, ended=ended)

    # ---- learning ----

    def logprobs(
        self, batch: Packed, temperature: float = 1.0, masks: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits are made from the first label's position on; the prompts' own are left out as far as rows agree."""
        inputs, mask, rows, columns = _padded(batch, self.tokens.pad)
        first = int(columns.min())
        with self._precision():
            logits = self.model(
                input_ids=inputs.to(self.device), attention_mask=mask.to(self.device), use_cache=False,
                position_ids=torch.arange(inputs.shape[1], device=self.device).expand_as(inputs),
                logits_to_keep=inputs.shape[1] - first,
            ).logits  # fmt: skip
        picked = logits[rows.to(self.device), columns.to(self.device) - first].float() / (temperature or 1.0)
        if masks is not None:
            picked = picked.masked_fill(~masks, -torch.inf)
        every = picked.log_softmax(-1)
        finite = every if masks is None else every.masked_fill(~masks, 0)  # 0 x -inf is nothing to the entropy
        labels = torch.from_numpy(batch.labels).to(self.device)
        return every.gather(-1, labels[:, None])[:, 0], -(every.exp() * finite).sum(-1)

    def leaves(self) -> list[torch.Tensor]:
        return list(self.parameters().values())

    def absorb(self, grads: Sequence[torch.Tensor | None]) -> None:
        for parameter, grad in zip(self.parameters().values(), grads, strict=True):
            parameter.grad = grad

    def parameters(self) -> dict[str, torch.nn.Parameter]:
        return {name: parameter for name, parameter in self.model.named_parameters() if parameter.requires_grad}

    def refresh(self) -> None:
        """Nothing is derived from the weights."""

    # ---- keeping ----

    def weights(self) -> dict[str, torch.Tensor]:
        """The trained parameters; the rest, structure tokens' rows included, `load_hub` makes the same again."""
        return {name: parameter.detach() for name, parameter in self.parameters().items()}

    def load(self, weights: Mapping[str, torch.Tensor]) -> None:
        own = self.weights()
        if other := own.keys() ^ weights.keys():
            raise InputError(f"{min(other)} is trained on one side only: not the weights of this model and phrase")
        for name, tensor in own.items():
            tensor.copy_(weights[name])

    def save(self, folder: Path) -> None:
        whole = self.model
        if hasattr(whole, "merge_and_unload"):
            whole = copy.deepcopy(whole).merge_and_unload()
        whole.save_pretrained(folder)
        self.tokens.save(folder)

    def _precision(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.half)


class Cached:
    """A stepper around transformers' cache of keys and values; rows are left-padded, so that all end in one column."""

    def __init__(self, model: Any, pad: int) -> None:
        self._model, self._pad = model, pad
        self._cache: Any = None

    def prefill(self, prompts: Sequence[Sequence[int]], copies: int) -> torch.Tensor:
        longest = max(map(len, prompts))
        padded = [[self._pad] * (longest - len(prompt)) + list(prompt) for prompt in prompts]
        self._mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts], device=self._model.device)
        positions = (self._mask.cumsum(-1) - 1).clamp(min=0)
        logits = self._forward(torch.tensor(padded), positions)
        self._cache.batch_repeat_interleave(copies)
        self._mask = self._mask.repeat_interleave(copies, 0)
        self._next = positions[:, -1:].repeat_interleave(copies, 0) + 1
        return logits.repeat_interleave(copies, 0)

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        self._mask = torch.nn.functional.pad(self._mask, (0, 1), value=1)
        logits = self._forward(tokens[:, None], self._next)
        self._next = self._next + 1
        return logits

    def keep(self, rows: torch.Tensor) -> None:
        rows = rows.to(self._mask.device)
        self._cache.batch_select_indices(rows)
        self._mask, self._next = self._mask[rows], self._next[rows]

    def _forward(self, tokens: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        out = self._model(
            input_ids=tokens.to(positions.device), attention_mask=self._mask, position_ids=positions,
            past_key_values=self._cache, use_cache=True, logits_to_keep=1,
        )  # fmt: skip
        self._cache = out.past_key_values
        logits: torch.Tensor = out.logits[:, -1]
        return logits


def _portions(lengths: Sequence[int], k: int, most: int) -> Iterator[slice]:
    """As many tasks at a time as stay within the tokens that may be cached; at least one."""
    start = 0
    while start < len(lengths):
        end = start + 1
        while end < len(lengths) and (end + 1 - start) * k * (max(lengths[start : end + 1]) + most) <= LIVE_TOKENS:
            end += 1
        yield slice(start, end)
        start = end


def _padded(batch: Packed, pad: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Right-padded inputs and their mask, one row an answer; and of every label the row and column it comes from."""
    pairs = [(prompt, answer) for prompt, answers in batch.rows for answer in answers]
    inputs = [[*map(int, prompt), *map(int, answer[:-1])] for prompt, answer in pairs]
    longest = max(map(len, inputs))
    ids = torch.tensor([row + [pad] * (longest - len(row)) for row in inputs])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in inputs])
    rows = torch.cat([torch.full((len(answer),), i) for i, (_, answer) in enumerate(pairs)])
    columns = torch.cat([torch.arange(len(answer)) + len(prompt) - 1 for prompt, answer in pairs])
    return ids, mask, rows, columns
