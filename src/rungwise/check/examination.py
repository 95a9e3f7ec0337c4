"""The judge's own examination: attacked before it is trusted.

1. Everything runs in a child process that says what it is about to do and for how long it may; one that takes longer is
   killed, and the examination goes on record as failed there. So an endless judge cannot hang us, and one that ends its
   own process cannot pass.
2. A second child does the same work with another hash seed, another clock, another random state and another folder.
   Whatever differs is not pure.
3. Every finding is made, whatever the others said, and each is one line with figures.

Exit code 0 where all passed, 1 otherwise.
"""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from rungwise.check.examinee import TASK_SECONDS, Finding
from rungwise.check.findings import run
from rungwise.contract import Json, identity, load_contract
from rungwise.errors import ContractError


@dataclass(frozen=True, slots=True)
class Examination:
    contract: str
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        return all(finding.passed for finding in self.findings)

    def record(self) -> dict[str, Json]:
        return {"contract": self.contract, "passed": self.passed, "seconds": self.seconds,
                "findings": [asdict(finding) for finding in self.findings]}  # fmt: skip


Progress = Callable[[str], None]


def examine(
    spec: str,
    settings: Mapping[str, Json] | None = None,
    *,
    n: int = 20,
    seed: int = 0,
    seconds_per_answer: float = 2.0,
    progress: Progress = lambda _: None,
) -> Examination:
    """Examines the contract on n tasks a split; `seconds_per_answer` is the longest any one judgement may take."""
    begun = time.monotonic()
    contract = load_contract(spec, settings)
    order = {
        "spec": _anywhere(spec),
        "settings": dict(settings or {}),
        "n": n,
        "seed": seed,
        "limit": seconds_per_answer,
    }
    other = _Child({**order, "role": "other"}, env={"PYTHONHASHSEED": "2", "TZ": "Pacific/Apia"})
    first = _Child({**order, "role": "first"}, env={"PYTHONHASHSEED": "1"})
    try:
        found = list(_findings(first, progress))
        findings = [*found, *_compared(first, other, {finding.name for finding in found})]
    finally:
        first.kill()
        other.kill()
    return Examination(identity(contract), tuple(findings), round(time.monotonic() - begun, 2))


def _anywhere(spec: str) -> str:
    """The same contract from another working folder."""
    place, colon, attribute = spec.rpartition(":")
    return f"{Path(place).resolve()}:{attribute}" if colon and place.endswith(".py") else spec


def _findings(child: "_Child", progress: Progress) -> Iterator[Finding]:
    for message in child.messages():
        if "doing" in message:
            progress(message["doing"])
        if "finding" in message:
            yield Finding(**message["finding"])
    if child.fault:
        yield Finding("bounded", False, child.fault)
    else:
        yield Finding("bounded", True, f"no answer took longer than {child.limit:g} s to judge")


def _compared(first: "_Child", other: "_Child", made: set[str]) -> Iterator[Finding]:
    """Purity: what the two children saw of the same work."""
    for message in other.messages():
        del message
    if "pure" in made:  # already found wanting within one process
        return
    if first.fault or other.fault:
        yield Finding("pure", False, f"not examined to the end: {first.fault or other.fault}")
        return
    differing = [name for name, seen in other.seen.items() if first.seen.get(name, seen) != seen]
    detail = (
        f"{differing[0]} differs in a process with another hash seed, clock, random state and folder"
        if differing
        else f"{len(other.seen)} tasks and verdicts alike in two processes with other hash seeds, clocks and folders"
    )
    yield Finding("pure", not differing, detail, {"compared": len(other.seen), "differing": len(differing)})


class _Child:
    """One examining process: its messages as they come, and the fault that ended it before its time."""

    def __init__(self, order: Mapping[str, Any], env: Mapping[str, str]) -> None:
        self.limit: float = order["limit"]
        self.fault: str | None = None
        self.seen: dict[str, str] = {}
        path = os.pathsep.join([str(Path.cwd()), *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rungwise.check.examination"], text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": path, **env},
        )  # fmt: skip
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(order))
        self._process.stdin.close()
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True).start()

    def _read(self, stdout: TextIO) -> None:
        for line in stdout:
            self._lines.put(line)
        self._lines.put(None)

    def messages(self) -> Iterator[dict[str, Any]]:
        doing, allowed = "starting", TASK_SECONDS
        while True:
            try:
                line = self._lines.get(timeout=allowed)
            except queue.Empty:
                self.fault = f"{doing}: not done after {allowed:g} s"
                return
            if line is None:
                self.fault = f"{doing}: the process ended"
                return
            message = json.loads(line)
            if "done" in message:
                return
            doing, allowed = message.get("doing", doing), message.get("limit", allowed)
            self.seen.update(message.get("seen", {}))
            yield message

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


# ---- inside the child ----


def _child_main() -> None:
    order = json.loads(sys.stdin.read())
    say = _channel()
    if order["role"] == "other":
        _elsewhen()
    try:
        run(order, say)
    except ContractError as error:
        say({"finding": asdict(Finding("members", False, str(error)))})
    say({"done": True})


def _channel() -> Callable[[Mapping[str, Json]], None]:
    """Messages to the parent, on a descriptor of their own: what a contract prints goes nowhere."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    def say(message: Mapping[str, Json]) -> None:
        with contextlib.suppress(BrokenPipeError):
            out.write(json.dumps(message) + "\n")
            out.flush()

    return say


def _elsewhen() -> None:
    """A clock eleven years ahead that jumps by a second or two whenever it is read, and a random state of its own."""
    import datetime
    import itertools
    import random

    ahead, reads, now = 11 * 365 * 86400, itertools.count(1), time.time
    time.time = lambda: now() + ahead + 1.618 * next(reads)
    time.time_ns = lambda: int(time.time() * 1e9)
    localtime, gmtime = time.localtime, time.gmtime
    time.localtime = lambda seconds=None: localtime(time.time() if seconds is None else seconds)
    time.gmtime = lambda seconds=None: gmtime(time.time() if seconds is None else seconds)

    class Later(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> "Later":
            return cls.fromtimestamp(time.time(), tz)

    class LaterDay(datetime.date):
        @classmethod
        def today(cls) -> "LaterDay":
            return cls.fromtimestamp(time.time())

    Later.utcnow = classmethod(lambda cls: cls.fromtimestamp(time.time(), datetime.UTC).replace(tzinfo=None))  # type: ignore[assignment, method-assign]
    Later.today = classmethod(lambda cls: cls.fromtimestamp(time.time()))  # type: ignore[assignment, method-assign]
    datetime.datetime, datetime.date = Later, LaterDay  # type: ignore[misc]
    random.seed(20391)


if __name__ == "__main__":
    _child_main()
