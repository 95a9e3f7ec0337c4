"""What a stage needs to go on after a kill -9 as if nothing had been: weights, optimiser, and a small state.

1. Every random choice is derived from (seed, purpose, step), so no generator has a state to keep. What has one (the
   curriculum, the baseline, the watch) is JSON in `state`.
2. A checkpoint is a folder that appears by one rename, after all of it is on the disk. A reader never sees half of one,
   and one that could not be written leaves the last good one as it is.
3. `metrics.jsonl` is cut back to the checkpoint's step on resume; the steps after it are computed again, to the same
   bytes. What a clock says goes to `timing.jsonl`, which is not compared.
"""

import contextlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from torch import Tensor

from rungwise.contract import Json
from rungwise.errors import InputError, RungwiseError


@dataclass(frozen=True, slots=True)
class Checkpoint:
    step: int
    weights: Mapping[str, Tensor]
    optimiser: Mapping[str, Tensor]
    state: Mapping[str, Json]


def save(folder: Path, checkpoint: Checkpoint) -> None:
    from safetensors.torch import save as packed

    home = folder / "checkpoints"
    room, place = home / f".{checkpoint.step:06d}-{os.getpid()}", home / f"{checkpoint.step:06d}"
    try:
        room.mkdir(parents=True, exist_ok=True)
        _written(room / "weights.safetensors", packed(_plain(checkpoint.weights)))
        _written(room / "optimiser.safetensors", packed(_plain(checkpoint.optimiser)))
        _written(room / "state.json", msgspec.json.encode(checkpoint.state, order="deterministic"))
        if place.exists():
            shutil.rmtree(place)
        room.replace(place)
        _synced(home)
    except OSError as error:
        shutil.rmtree(room, ignore_errors=True)
        kept = steps(folder)
        last = f"the last good one is step {kept[-1]}" if kept else "there is none before it"
        raise RungwiseError(f"{place}: cannot write the checkpoint: {error.strerror}; {last}") from error


def steps(folder: Path) -> list[int]:
    """The steps there are checkpoints of, in order."""
    home = folder / "checkpoints"
    return sorted(int(place.name) for place in home.iterdir() if place.name.isdigit()) if home.is_dir() else []


def read(folder: Path, step: int) -> Checkpoint:
    from safetensors.torch import load_file

    place = folder / "checkpoints" / f"{step:06d}"
    if not place.is_dir():
        told = ", ".join(map(str, steps(folder))) or "none"
        raise InputError(f"no checkpoint of step {step}; there are: {told}", file=folder)
    return Checkpoint(
        step,
        load_file(place / "weights.safetensors"),
        load_file(place / "optimiser.safetensors"),
        msgspec.json.decode((place / "state.json").read_bytes()),
    )


def write(path: Path, content: bytes) -> None:
    """All of a small file or nothing of it."""
    whole = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _written(whole, content)
        whole.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            whole.unlink()
        raise RungwiseError(f"{path}: cannot write: {error.strerror}") from error


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def _written(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _synced(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Journal:
    """metrics.jsonl and timing.jsonl of a stage: one line a step."""

    def __init__(self, folder: Path, after: int) -> None:
        """Lines of steps beyond `after` are dropped: they will be written again."""
        self.paths = {name: folder / f"{name}.jsonl" for name in ("metrics", "timing")}
        for path in self.paths.values():
            kept = [line for line in _lines(path) if _step(line) <= after]
            write(path, b"".join(line + b"\n" for line in kept))

    def write(self, name: str, record: Mapping[str, Json]) -> None:
        try:
            with self.paths[name].open("ab") as file:
                file.write(msgspec.json.encode(record) + b"\n")
        except OSError as error:
            raise RungwiseError(f"{self.paths[name]}: cannot write: {error.strerror}; go on with --resume") from error


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []  # a line cut by a kill has no end


def _step(line: bytes) -> int:
    return int(msgspec.json.decode(line)["step"])
