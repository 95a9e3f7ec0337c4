"""reasoning-gym as it is asked from here: by its own process (child.py), which is started on first use.

A request that its process could not answer (it raised, took too long, ended the process) is a Failed, which is data.
Where nothing comes back at all, the machine is at fault: JudgeUnavailable.
"""

import json
import os
import select
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from rungwise.errors import InputError, JudgeUnavailable

PATIENCE = 900.0  # seconds on the clock for whatever is asked, on a machine that others need too
ITEM_SECONDS = 60.0  # of processor time for one item; the slowest data set takes 5 on average
SCORE_SECONDS = 0.5  # for one answer; the slowest scorer takes 0.1


@dataclass(frozen=True, slots=True)
class Failed:
    """What was asked and could not be had, in words."""

    why: str
    late: bool = False


class Library:
    """One process, asked by one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, do: str, seconds: float = ITEM_SECONDS, **what: Any) -> Any:
        with self._lock:
            try:
                process = self._running()
                assert process.stdin is not None
                process.stdin.write(json.dumps({"do": do, "seconds": seconds, **what}).encode() + b"\n")
                process.stdin.flush()
                told = self._heard(process)
            except (OSError, ValueError) as error:
                self.close()
                raise JudgeUnavailable(f"reasoning-gym's process is gone: {error}") from error
        if "ok" in told:
            return told["ok"]
        return Failed(told["raised"]) if "raised" in told else Failed(told["ended"], told["late"])

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            if not is_installed():
                raise InputError("reasoning-gym is not installed; pip install 'rungwise[gym]'")
            self._process = subprocess.Popen(
                [sys.executable, "-m", "rungwise.interop.gym.child"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONHASHSEED": "0", "TZ": "UTC", "OMP_NUM_THREADS": "1"},
            )  # fmt: skip
            self._heard(self._process)
        return self._process

    def _heard(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
        if not ready:
            raise OSError(f"nothing came in {PATIENCE:g} s")
        told: dict[str, Any] = json.loads(process.stdout.readline())
        return told


@lru_cache(maxsize=1)
def library() -> Library:
    """The one of this process."""
    return Library()


def library_version() -> str:
    try:
        return version("reasoning-gym")
    except PackageNotFoundError:
        return "none"


def is_installed() -> bool:
    return library_version() != "none"
