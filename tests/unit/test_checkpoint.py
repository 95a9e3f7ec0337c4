"""Checkpoints and journals: whole or not there, and a stage that is cut anywhere goes on to the same bytes."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

torch = pytest.importorskip("torch")

from rungwise.errors import InputError, RungwiseError  # noqa: E402
from rungwise.train import checkpoint, loop  # noqa: E402
from rungwise.train.checkpoint import Checkpoint, Journal  # noqa: E402

# A disk that is full, as far as one process can be told: no file of it may grow beyond this.
FULL = """
import resource, sys, pathlib, torch
from rungwise.errors import RungwiseError
from rungwise.train.checkpoint import Checkpoint, save
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    save(pathlib.Path(sys.argv[1]), Checkpoint(4, {"w": torch.zeros(100_000)}, {}, {}))
except RungwiseError as error:
    print(error)
"""


class Killed(BaseException):
    """As a kill: nothing catches it."""


class Walk:
    """A stage whose every step depends on all before it."""

    def __init__(self, dies_at: int = 0) -> None:
        self.weight, self.moment, self.sum, self.dies_at = torch.ones(3), torch.zeros(3), 0, dies_at

    def step(self, number: int) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        if number == self.dies_at:
            raise Killed
        self.moment = 0.9 * self.moment + torch.tensor([number, 1.0, -number])
        self.weight, self.sum = self.weight + 0.1 * self.moment, self.sum + number
        return {"sum": self.sum, "weight": float(self.weight.sum())}, {"clock": 1.0}

    def first_batch(self) -> float:
        return float(self.weight.sum())

    def checkpoint(self, step: int) -> Checkpoint:
        return Checkpoint(step, {"w": self.weight}, {"m": self.moment}, {"sum": self.sum})

    def restore(self, checkpoint: Checkpoint) -> None:
        self.weight, self.moment = checkpoint.weights["w"], checkpoint.optimiser["m"]
        self.sum = checkpoint.state["sum"]


def ran(folder: Path, *, steps: int = 11, every: int = 3, dies_at: int = 0) -> Walk:
    stage = Walk(dies_at)
    loop.run(stage, folder, steps, every, lambda *_: None)
    return stage


def content(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "timing.jsonl"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("dies_at", range(1, 12))
def test_a_stage_cut_anywhere_goes_on_to_the_same_bytes(tmp_path: Path, dies_at: int) -> None:
    ran(tmp_path / "whole")
    with pytest.raises(Killed):
        ran(tmp_path / "cut", dies_at=dies_at)
    ran(tmp_path / "cut")
    assert content(tmp_path / "cut") == content(tmp_path / "whole")
    assert checkpoint.steps(tmp_path / "cut") == [0, 3, 6, 9, 11]
    timing = [msgspec.json.decode(line)["step"] for line in (tmp_path / "cut/timing.jsonl").read_bytes().splitlines()]
    assert timing == list(range(1, 12))


def test_what_a_kill_left_half_written_is_swept_away(tmp_path: Path) -> None:
    ran(tmp_path / "whole")
    with pytest.raises(Killed):
        ran(tmp_path / "cut", dies_at=8)
    torn = tmp_path / "cut/checkpoints/.000007-123"
    torn.mkdir()
    (torn / "weights.safetensors").write_bytes(b"half")
    with (tmp_path / "cut/metrics.jsonl").open("ab") as file:
        file.write(b'{"step":8,"su')
    ran(tmp_path / "cut")
    assert content(tmp_path / "cut") == content(tmp_path / "whole")


def test_a_finished_stage_is_left_as_it_is(tmp_path: Path) -> None:
    ran(tmp_path)
    before = content(tmp_path)
    assert ran(tmp_path).sum == sum(range(1, 12))
    assert content(tmp_path) == before


def test_a_checkpoint_is_read_as_it_was_saved(tmp_path: Path) -> None:
    kept = Checkpoint(4, {"a": torch.arange(6.0).view(2, 3).t()}, {}, {"levels": {"recent": [True]}, "x": 0.1})
    checkpoint.save(tmp_path, kept)
    found = checkpoint.read(tmp_path, 4)
    assert torch.equal(found.weights["a"], kept.weights["a"]) and found.optimiser == {} and found.state == kept.state
    with pytest.raises(InputError, match="no checkpoint of step 5; there are: 4"):
        checkpoint.read(tmp_path, 5)
    with pytest.raises(InputError, match="there are: none"):
        checkpoint.read(tmp_path / "elsewhere", 5)


def test_a_checkpoint_that_cannot_be_written_leaves_the_last_one(tmp_path: Path) -> None:
    ran(tmp_path, steps=3)
    before = content(tmp_path)
    told = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, timeout=120, check=True
    ).stdout
    assert "000004: cannot write the checkpoint: File too large; the last good one is step 3" in told
    assert content(tmp_path) == before


def test_a_journal_keeps_the_lines_up_to_a_step(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        Journal(tmp_path, after=step).write("metrics", {"step": step, "loss": step / 3})
    Journal(tmp_path, after=2)
    assert (tmp_path / "metrics.jsonl").read_bytes() == b'{"step":1,"loss":0.3333333333333333}\n' + (
        b'{"step":2,"loss":0.6666666666666666}\n'
    )
    assert {path.name for path in tmp_path.iterdir()} == {"metrics.jsonl", "timing.jsonl"}


def test_a_file_that_cannot_be_written_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RungwiseError, match=r"file/metrics.jsonl: cannot write: File exists"):
        Journal(tmp_path / "file", after=0)


def test_a_fork_begins_where_its_source_was_and_leaves_it_alone(tmp_path: Path) -> None:
    ran(tmp_path / "source")
    before = content(tmp_path / "source")
    loop.fork(tmp_path / "source", 6, tmp_path / "fork")
    ran(tmp_path / "fork")
    assert (tmp_path / "fork/metrics.jsonl").read_bytes() == before["metrics.jsonl"]
    assert checkpoint.steps(tmp_path / "fork") == [6, 9, 11]
    assert content(tmp_path / "source") == before
    with pytest.raises(InputError, match="is there already"):
        loop.fork(tmp_path / "source", 6, tmp_path / "fork")
    with pytest.raises(InputError, match="no checkpoint of step 7; there are: 0, 3, 6, 9, 11"):
        loop.fork(tmp_path / "source", 7, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_an_interrupt_is_heard_after_the_step_and_loses_nothing(tmp_path: Path) -> None:
    class Interrupted(Walk):
        def step(self, number: int) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
            if number == 5:
                os.kill(os.getpid(), signal.SIGINT)
            return super().step(number)

    ran(tmp_path / "whole")
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        loop.run(Interrupted(), tmp_path / "cut", 11, 3, lambda *_: None)
    assert checkpoint.steps(tmp_path / "cut") == [0, 3, 5] and signal.getsignal(signal.SIGINT) is handler
    ran(tmp_path / "cut")
    cut, whole = content(tmp_path / "cut"), content(tmp_path / "whole")
    assert all(cut[name] == whole[name] for name in whole)


def test_a_second_interrupt_does_not_wait(tmp_path: Path) -> None:
    class Impatient(Walk):
        def step(self, number: int) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
            for _ in range(2 if number == 5 else 0):
                os.kill(os.getpid(), signal.SIGINT)
            return super().step(number)

    with pytest.raises(KeyboardInterrupt):
        loop.run(Impatient(), tmp_path, 11, 3, lambda *_: None)
    assert checkpoint.steps(tmp_path) == [0, 3]
