"""A trained model as others load it: transformers by AutoModelForCausalLM, vLLM by its folder.

A model made here reads `<|begin|>PROMPT<|answer|>` and ends with `<|end|>`. The exported tokenizer says so as a chat
template, so a server builds the very prompt that was trained. What it cannot do is keep a user's text from spelling a
control token, as the tokenizer here does.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from rungwise.contract import Json
from rungwise.errors import InputError, RungwiseError
from rungwise.policy.loading import MARK, marked
from rungwise.policy.tokens import ANSWER, BEGIN

TEMPLATE = f"{BEGIN}{{{{ messages[-1]['content'] }}}}{{% if add_generation_prompt %}}{ANSWER}{{% endif %}}"


def export(model: Path, folder: Path) -> list[Path]:
    """Copies a saved model's folder and adds what other programs look for; the files it wrote."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("is there already and not an empty folder; choose another -o", file=folder)
    mark = marked(model)
    try:
        shutil.copytree(model, folder, dirs_exist_ok=True)
        if mark["kind"] == "nano":
            _of_nano(folder)
        (folder / "README.md").write_text(_card(mark), "utf-8")
    except OSError as error:
        raise RungwiseError(f"{folder}: cannot write: {error.strerror}") from error
    return sorted(path for path in folder.iterdir() if path.name != MARK)


def _of_nano(folder: Path) -> None:
    config, own = folder / "config.json", folder / "tokenizer_config.json"
    told = msgspec.json.decode(config.read_bytes())
    _write(own, {**msgspec.json.decode(own.read_bytes()), "chat_template": TEMPLATE})
    _write(folder / "generation_config.json", {
        "eos_token_id": told["eos_token_id"], "pad_token_id": told["pad_token_id"], "do_sample": False,
    })  # fmt: skip


def _write(path: Path, record: Mapping[str, Json]) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")


def _card(mark: Mapping[str, Json]) -> str:
    settings = ", ".join(f"{key}={value}" for key, value in mark["settings"].items())
    return (
        f"# {mark['name']}, seed {mark['seed']}\n\n"
        f"Writes answers for the contract {mark['contract']}{f' ({settings})' if settings else ''}; "
        f"trained by Rungwise, stage {mark['stage']}.\n\n"
        "```python\n"
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
        'tokens, model = AutoTokenizer.from_pretrained("."), AutoModelForCausalLM.from_pretrained(".")\n'
        'asked = tokens.apply_chat_template([{"role": "user", "content": "a task\'s prompt"}], return_tensors="pt",\n'
        "                                   add_generation_prompt=True, return_dict=True)\n"
        'said = model.generate(**asked, max_new_tokens=256)[0, asked["input_ids"].shape[1] :]\n'
        "print(tokens.decode(said, skip_special_tokens=True))\n"
        "```\n"
    )
