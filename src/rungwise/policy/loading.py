"""A saved policy, ours or another's, from its folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from rungwise.contract import Json
from rungwise.errors import InputError
from rungwise.policy.policy import Policy

MARK = "rungwise.json"  # in a model's folder: what it was trained for, and how it is opened


def mark(folder: Path, record: Mapping[str, Json]) -> None:
    (folder / MARK).write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2))


def marked(folder: Path) -> Mapping[str, Json]:
    path = folder / MARK
    if not path.exists():
        raise InputError(f"no {MARK} in it; expected a model that a run has saved", file=folder)
    found: Mapping[str, Json] = msgspec.json.decode(path.read_bytes())
    return found


def load_policy(
    folder: Path, *, trainable: str = "all", lora_rank: int = 0, precision: str = "auto", device: str = "cpu",
    workers: int = 0, chat: bool = False, reserved: Sequence[str] = (), context: int = 0,
) -> Policy:  # fmt: skip
    """A model made here has the mark of it; anything else goes through Hugging Face."""
    if (folder / MARK).exists() and marked(folder)["kind"] == "nano":
        from rungwise.policy.nano import load_nano

        return load_nano(
            folder, trainable=trainable, lora_rank=lora_rank, precision=precision, device=device, workers=workers
        )
    from rungwise.policy.hub import load_hub

    return load_hub(
        folder, trainable=trainable, lora_rank=lora_rank, precision=precision, device=device, chat=chat,
        reserved=reserved, context=context, download=not folder.exists(),
    )  # fmt: skip
