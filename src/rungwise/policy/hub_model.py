"""Opening a Hugging Face model: where it is, the structure tokens it gets, and what of it is trained.

1. Only safetensors are read and no code that comes with a model is run. A name is looked up in the local cache; it is
   downloaded only with download=True.
2. Structure tokens added on request start as the mean of the rows that spelled them until then, in and out, without a
   random draw: the model's guesses begin near those it had. Whether they are trained is said by the phrase, as for any
   other row, so with frozen embeddings or LoRA they stay as they started.
3. LoRA goes to the linear layers among the weights that the phrase chooses, never to the head: rank r at scale 1,
   drawn the same in every run.
"""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from rungwise.errors import InputError, nearest
from rungwise.policy.trainable import chosen
from rungwise.seeds import derive


def opened(name: str, download: bool) -> tuple[Any, Any]:
    transformers, safetensors = _needed("transformers"), _needed("safetensors")
    transformers.utils.logging.disable_progress_bar()  # a run has its own
    folder = Path(name).expanduser()
    place = str(folder) if folder.is_dir() else name
    if not folder.is_dir():
        _require_name(folder, name)
    how = {"trust_remote_code": False, "local_files_only": folder.is_dir() or not download}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(place, **how)
        model, told = transformers.AutoModelForCausalLM.from_pretrained(
            place, dtype=torch.float32, use_safetensors=True, output_loading_info=True, **how
        )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, safetensors.SafetensorError) as error:
        why = str(error).strip().partition("\n")[0]
        more = "" if folder.is_dir() or download else f"; no folder {name}, and fetching a model needs download = true"
        raise InputError(f"cannot load the model: {why}{more}", file=name) from error
    if told["missing_keys"]:
        raise InputError(f"its safetensors lack {min(told['missing_keys'])}", file=name)
    return model, tokenizer


def _needed(package: str) -> Any:
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise InputError(f"a Hugging Face model needs {package}: pip install 'rungwise[hf]'") from error


def _require_name(folder: Path, name: str) -> None:
    """A name is `model` or `owner/model`; anything else is the path of a folder that is not there."""
    if folder.is_absolute() or name.startswith((".", "~")) or len(folder.parts) > 2 or name.endswith("/"):
        beside = [path.name for path in folder.parent.glob("*/")] if folder.parent.is_dir() else []
        raise InputError(f"no such folder; {nearest(folder.name, beside)}", file=name)


def stops(model: Any) -> list[int]:
    ids = model.generation_config.eos_token_id
    return [] if ids is None else [ids] if isinstance(ids, int) else list(ids)


def reserve(model: Any, tokenizer: Any, words: Sequence[str]) -> None:
    """Words that are no token yet get one; it matches everywhere, and is not special, or others would strip it."""
    known = tokenizer.get_vocab()
    new = {word: tokenizer.encode(word, add_special_tokens=False) for word in words if word not in known}
    added = _needed("tokenizers").AddedToken
    tokenizer.add_tokens([added(word, special=False, normalized=False) for word in words])
    if len(tokenizer) > model.get_input_embeddings().weight.shape[0]:
        with torch.random.fork_rng(devices=[]):  # the new rows are drawn, then written over below
            model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    for layer in (model.get_input_embeddings(), model.get_output_embeddings()):
        with torch.no_grad():
            for word, parts in new.items():
                layer.weight[tokenizer.convert_tokens_to_ids(word)] = layer.weight[parts].mean(0)


def made_trainable(model: Any, phrase: str, lora_rank: int) -> Any:
    trained = set(chosen([name for name, _ in model.named_parameters()], phrase))
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in trained and not lora_rank)
    if not lora_rank:
        return model
    head, kinds = model.get_output_embeddings(), (torch.nn.Linear, _needed("transformers").pytorch_utils.Conv1D)
    linear = [name for name, layer in model.named_modules() if isinstance(layer, kinds) and layer is not head]
    targets = [name for name in linear if f"{name}.weight" in trained]
    if not targets:
        raise InputError(f"{phrase!r} names no linear layer that an adapter could go to", field="lora_rank")
    peft = _needed("peft")
    how = peft.LoraConfig(r=lora_rank, lora_alpha=lora_rank, lora_dropout=0.0, target_modules=targets)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(derive(0, "lora"))
        return peft.get_peft_model(model, how)
