"""The process that forks workers: small, started once, holds nothing but this folder and the standard library.

It takes a batch on its standard input, forks a worker for it, says who it is, waits for its end, says how it ended. A
worker answers on the standard output, one frame a program, in order; so the program that it died of is the first
without an answer. What the zygote itself says travels on a third pipe, which no worker has: a worker cannot lie about
its own end. It buries a worker only when the next batch comes, so that the number which the parent would kill is
nobody else's.
"""

import gc
import json
import marshal
import os
import signal
import struct
import sys
from collections.abc import Callable
from typing import Any

from . import kernel
from .run import run

ASKED, ANSWERS, NOTICES = 0, 1, 3
HEAD = struct.Struct("!I")
NOTICE = struct.Struct("!iii")  # what happened, which process, how it ended (os.waitid's code and status)
BORN, DIED = 1, 2
ENDED, UNCONFINED, UNFILTERED, OUT_OF_MEMORY, BROKEN = 0, 71, 72, 73, 74
REFUSED = {
    (os.CLD_EXITED, UNCONFINED): "resource limits (the system refuses them)",
    (os.CLD_EXITED, UNFILTERED): "the system-call filter (the system refuses seccomp)",
}

Runner = Callable[..., dict[str, Any]]


def serve(notices: int, seconds: float, runner: Runner = run) -> None:
    """Until the standard input ends. `runner` is what a worker does with each program."""
    os.dup2(notices, NOTICES)
    os.environ.clear()
    read_once()
    gc.freeze()  # what is loaded by now is never looked at again, and so never copied
    extras = kernel.once()
    send(NOTICES, {"missing": missing(), "extras": extras})
    last = 0
    while (batch := receive(ASKED)) is not None:
        if last:
            os.waitpid(last, 0)
        child = last = os.fork()
        if child == 0:
            work(batch, seconds, runner)
        os.write(NOTICES, NOTICE.pack(BORN, child, 0))
        how = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        assert how is not None
        os.write(NOTICES, NOTICE.pack(DIED, how.si_code, how.si_status))


def read_once() -> None:
    """What Python loads on first use must be loaded before files are out of reach."""
    run("def f(a):\n    return [x + 1 for x in a]", 100, [("f", [[1, 2]], 100)], [])
    run("x = (", 1, [], [])
    run("\u00e9 = 1", 1, [], [])  # letters beyond ASCII are normalised by a module of their own


def missing() -> str:
    """Tried, not asked: a confined worker that opens a file must die of it, and one that takes 1 GB must be refused."""
    for attempt, wanted, name in (
        (_open, (os.CLD_KILLED, int(signal.SIGSYS)), "the system-call filter"),
        (_take, (os.CLD_EXITED, OUT_OF_MEMORY), "the memory limit"),
    ):
        how = _tried(attempt)
        if how != wanted:
            return REFUSED.get(how, f"{name} (it was set, and did not hold)")
    return ""


def _tried(attempt: Callable[[], Any]) -> tuple[int, int]:
    """How a worker ends that does this."""
    child = os.fork()
    if child == 0:
        end = BROKEN
        try:
            confine(1)
            attempt()
        except MemoryError:
            end = OUT_OF_MEMORY
        finally:
            os._exit(end)
    how = os.waitid(os.P_PID, child, os.WEXITED)
    assert how is not None
    return how.si_code, how.si_status


def _open() -> int:
    return os.open("/", os.O_RDONLY)


def _take() -> bytes:
    return bytes(1 << 30)  # asked for, and never touched


# ---- the worker ----


def confine(seconds: float) -> None:
    """Or end: nothing is run with less."""
    sys.stdout = sys.stderr = None  # Python would write to them on its own, and die of it
    try:
        kernel.keep_one_descriptor()
        kernel.limit(seconds)
    except BaseException:
        os._exit(UNCONFINED)
    try:
        kernel.filtered()
    except BaseException:
        os._exit(UNFILTERED)


def work(batch: bytes, seconds: float, runner: Runner) -> None:
    """Never returns. What it says first is that it is confined."""
    end = BROKEN
    try:
        programs: list[bytes] = marshal.loads(batch)  # our parent's own bytes, in which a hostile text is but a text
        confine(seconds)
        send(ANSWERS, {"confined": True})
        for program in programs:
            signal.setitimer(signal.ITIMER_PROF, seconds)  # processor time; nothing handles the alarm, so it kills
            send(ANSWERS, runner(*marshal.loads(program)))
        end = ENDED
    except MemoryError:
        end = OUT_OF_MEMORY
    finally:
        os._exit(end)


# ---- frames ----


def send(descriptor: int, told: dict[str, Any]) -> None:
    frame = json.dumps(told, separators=(",", ":")).encode("ascii")
    frame = HEAD.pack(len(frame)) + frame
    while frame:
        frame = frame[os.write(descriptor, frame) :]


def receive(descriptor: int) -> bytes | None:
    head = _exactly(descriptor, HEAD.size)
    return None if head is None else _exactly(descriptor, HEAD.unpack(head)[0])


def _exactly(descriptor: int, size: int) -> bytes | None:
    parts = []
    while size:
        part = os.read(descriptor, size)
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def main() -> None:
    serve(int(sys.argv[1]), float(sys.argv[2]))
