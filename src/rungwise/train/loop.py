"""The steps of a stage: compute, write down, keep a checkpoint now and then, go on where a run was cut off."""

import contextlib
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from rungwise.contract import Json
from rungwise.errors import InputError
from rungwise.train import checkpoint
from rungwise.train.checkpoint import Checkpoint, Journal

Tell = Callable[[int, int, Mapping[str, Json]], None]  # step, of how many, what the step gave


class Stage(Protocol):
    """What has a life over the steps; everything it remembers is in its checkpoint."""

    def step(self, number: int) -> tuple[Mapping[str, Json], Mapping[str, Json]]:
        """What is written to metrics.jsonl, the same every time; and what a clock said, to timing.jsonl."""

    def first_batch(self) -> Json:
        """What the first step was made of, whole: to be looked at with one's own eyes."""

    def checkpoint(self, step: int) -> Checkpoint: ...

    def restore(self, checkpoint: Checkpoint) -> None: ...


def run(stage: Stage, folder: Path, steps: int, every: int, tell: Tell) -> None:
    """Steps 1..`steps`, from the folder's last checkpoint on. Ctrl-C is heard after a step, which is kept."""
    found = checkpoint.steps(folder)
    done = found[-1] if found else 0
    _swept(folder)
    if found:
        stage.restore(checkpoint.read(folder, done))
    journal = Journal(folder, after=done)
    if not found:
        checkpoint.save(folder, stage.checkpoint(0))
    with _interrupts() as interrupted:
        for number in range(done + 1, steps + 1):
            began, worked = time.perf_counter(), time.process_time()
            figures, timing = stage.step(number)
            journal.write("metrics", {"step": number, **figures})
            journal.write("timing", {"step": number, "seconds": time.perf_counter() - began,
                                     "cpu_seconds": time.process_time() - worked, **timing})  # fmt: skip
            if number == 1:
                checkpoint.write(folder / "first-batch.json", _indented(stage.first_batch()))
            stop = interrupted()
            if stop or number % every == 0 or number == steps:
                checkpoint.save(folder, stage.checkpoint(number))
            tell(number, steps, figures)
            if stop:
                raise KeyboardInterrupt


def _indented(record: Json) -> bytes:
    return msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"


@contextlib.contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed; pressed again, it does not wait. Only the main thread ever hears it."""
    pressed: list[int] = []

    def hear(number: int, _frame: object) -> None:
        pressed.append(number)
        if len(pressed) > 1:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, hear)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)


def fork(source: Path, step: int, target: Path) -> None:
    """The checkpoint of a step, with what was written down up to it, as the start of another run."""
    checkpoint.read(source, step)
    if target.exists():
        raise InputError("is there already; choose another --out", file=target)
    name = f"{step:06d}"
    shutil.copytree(source / "checkpoints" / name, target / "checkpoints" / name)
    for file in ("metrics.jsonl", "timing.jsonl"):
        if (source / file).exists():
            shutil.copy(source / file, target / file)


def _swept(folder: Path) -> None:
    """What a kill left half written."""
    home = folder / "checkpoints"
    for place in home.glob(".*") if home.is_dir() else ():
        shutil.rmtree(place, ignore_errors=True)
