"""Sandbox: programs in, outcomes out, in order; over as many lanes as there are workers."""

import os
import platform
import queue
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

from rungwise.contracts.code.sandbox.confined import filter as calls
from rungwise.contracts.code.sandbox.lane import Lane
from rungwise.contracts.code.sandbox.program import Outcome, Program
from rungwise.errors import InputError, JudgeUnavailable

BATCH = 128  # programs a worker: its start, some 3 ms, is then a few hundredths of the work
SECONDS = 10.0  # processor time of one program: twice what the dearest that fuel allows was seen to take


@dataclass(frozen=True, slots=True)
class Layer:
    name: str
    present: bool
    needed: bool  # without it nothing runs; the others are extras
    note: str


class Sandbox:
    """`with Sandbox() as box: box.run(programs)`. With `fresh`, every program has a worker of its own. May be shared
    by threads, and not by a process with its forks."""

    def __init__(self, workers: int = 1, fresh: bool = False, seconds: float = SECONDS) -> None:
        if workers < 1 or seconds <= 0:
            raise InputError("a sandbox has at least one worker, and more than no time")
        self._fresh = fresh
        self._lanes = [Lane(seconds) for _ in range(workers)]
        self._free: queue.SimpleQueue[Lane] = queue.SimpleQueue()
        self._owner = 0

    def __enter__(self) -> "Sandbox":
        _supported()
        self._owner = os.getpid()
        try:
            for lane in self._lanes:
                lane.start()
                self._free.put(lane)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def _stop(self) -> None:
        self._owner = 0
        for lane in self._lanes:
            lane.stop()

    def run(self, programs: Sequence[Program], *, fresh: bool | None = None) -> list[Outcome]:
        """An outcome a program. JudgeUnavailable where the machine, and not a program, was at fault."""
        if self._owner != os.getpid():
            raise JudgeUnavailable("a sandbox runs between `with` and its end, in the process that opened it")
        alone = self._fresh if fresh is None else fresh
        parts = [programs[at : at + BATCH] for at in range(0, len(programs), BATCH)]
        if len(self._lanes) == 1 or len(parts) < 2:
            return [outcome for part in parts for outcome in self._on_a_lane(part, alone)]
        with ThreadPoolExecutor(len(self._lanes)) as threads:
            found = threads.map(lambda part: self._on_a_lane(part, alone), parts)
            return [outcome for part in found for outcome in part]

    def _on_a_lane(self, programs: Sequence[Program], fresh: bool) -> list[Outcome]:
        lane = self._free.get()
        try:
            return lane.run(programs, fresh=fresh)
        finally:
            self._free.put(lane)

    @staticmethod
    def layers() -> tuple[Layer, ...]:
        """What this machine has, tried and not asked."""
        lane = Lane(SECONDS)
        try:
            _supported()
            lane.start()
            problem = ""
        except JudgeUnavailable as error:
            problem = str(error)
        finally:
            lane.stop()
        return (
            Layer("language", True, True, "an allow-list over the syntax tree, and fuel"),
            Layer("kernel", not problem, True, problem or "limits, one descriptor, a filter of system calls"),
            Layer("trust", True, True, "plain values over a pipe; what is expected stays here"),
            *(Layer(name, name in lane.extras, False, note) for name, note in EXTRAS.items()),
        )


EXTRAS = {
    "ordinary user": "workers are not root",
    "own network": "a network namespace without a way out",
    "no files": "Landlock: no file can be opened",
}


def _supported() -> None:
    if sys.platform != "linux" or platform.machine() not in calls.CALLS:
        raise JudgeUnavailable(
            f"the sandbox lacks a layer here: no filter of system calls is known for {sys.platform} on "
            f"{platform.machine()}. What a model wrote is not run with less. Use Linux on {' or '.join(calls.CALLS)}, "
            "in a virtual machine or a container"
        )
