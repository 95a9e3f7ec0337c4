"""One zygote, its pipes and its workers, one worker at a time; and what became of each program that it was given."""

import contextlib
import json
import marshal
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rungwise.contracts.code.sandbox.confined.run import NOTE
from rungwise.contracts.code.sandbox.confined.values import NotPlain
from rungwise.contracts.code.sandbox.confined.zygote import HEAD, NOTICE, OUT_OF_MEMORY
from rungwise.contracts.code.sandbox.program import FRAME, Outcome, Program, read_frame, read_outcome, written
from rungwise.errors import JudgeUnavailable

# -P, -S, -s: nothing can be imported but the standard library and what the path below is made to hold; the
# environment is ours alone. Not -I, which would leave the order of sets to chance: it ignores PYTHONHASHSEED.
PYTHON = ("-P", "-S", "-s", "-B", "-W", "ignore", "-c")
START = "import sys; sys.path.append({folder!r}); from confined.zygote import main; sys.path.pop(); main()"
ENVIRONMENT = {"PYTHONHASHSEED": "0"}
PATIENCE = 120.0  # seconds without a word: a worker's processor time ends before, unless the machine gives it none
TRIES = 3  # of a program whose worker the machine lost
SOME = 1 << 16

TIMES = (signal.SIGPROF, signal.SIGXCPU)
WHY = {
    signal.SIGPROF: "took more processor time than a program may",
    signal.SIGXCPU: "took more processor time than a batch may",
    signal.SIGSYS: "made a system call that is not allowed",
}


class _Lost(Exception):
    """The zygote is gone, or the machine gave it no time. Says nothing of any program."""


@dataclass(frozen=True, slots=True)
class _End:
    """What a worker answered, and what becomes of the program that it died of, if it did."""

    outcomes: list[Outcome]
    death: Outcome | None = None
    lied: bool = False  # it said what no worker says: nothing that it said is believed


class Lane:
    """From `start` to `stop`. One thread at a time."""

    def __init__(self, seconds: float, start: str = START) -> None:
        self.extras: tuple[str, ...] = ()
        self._command = [sys.executable, *PYTHON, start.format(folder=str(Path(__file__).parent))]
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._worker = 0

    # ---- the zygote ----

    def start(self) -> None:
        self._notices, theirs = os.pipe()
        try:
            self._process = subprocess.Popen(
                [*self._command, str(theirs), str(self._seconds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, pass_fds=(theirs,), env=ENVIRONMENT, cwd="/", start_new_session=True, bufsize=0,
            )  # fmt: skip
        except OSError as error:
            os.close(self._notices)
            raise JudgeUnavailable(f"the sandbox's process could not be started: {error}") from None
        finally:
            os.close(theirs)
        assert self._process.stdin and self._process.stdout
        self._asked, self._answers = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._answers, False)
        self._greet()

    def _greet(self) -> None:
        try:
            hello = json.loads(self._heard(HEAD.unpack(self._heard(HEAD.size))[0]))
        except _Lost as lost:
            self.stop()
            raise JudgeUnavailable(f"the sandbox's process did not start: {lost}") from None
        if hello["missing"]:
            self.stop()
            raise JudgeUnavailable(
                f"the sandbox lacks a layer here: {hello['missing']}. What a model wrote is not run with less. It "
                "needs Linux 4.14 or newer on x86-64 or aarch64; a container must allow seccomp filters and prctl"
            )
        self.extras = tuple(hello["extras"])

    def stop(self) -> None:
        """Kills what runs. The worker first: while the zygote lives, nobody else can have its number."""
        if self._process is None:
            return
        if self._worker:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._worker, signal.SIGKILL)
        self._process.kill()
        self._process.communicate()
        os.close(self._notices)
        self._process, self._worker = None, 0

    def _heard(self, size: int) -> bytes:
        """So much of what the zygote says."""
        found = b""
        while len(found) < size:
            if not select.select([self._notices], [], [], PATIENCE)[0]:
                raise _Lost(f"no word for {PATIENCE:.0f} seconds")
            part = os.read(self._notices, size - len(found))
            if not part:
                raise _Lost(self._last_words())
            found += part
        return found

    def _last_words(self) -> str:
        assert self._process and self._process.stderr
        self._process.kill()
        said = self._process.stderr.read().decode("utf-8", "replace").strip().splitlines()
        return said[-1] if said else "it ended without a word"

    # ---- programs ----

    def run(self, programs: Sequence[Program], *, fresh: bool) -> list[Outcome]:
        """In order. A program that a worker died of is tried again, alone in a new one: what it gets hangs on nobody
        else."""
        parts = written(programs)
        done: list[Outcome] = []
        while len(done) < len(programs):
            first = len(done)
            last = first + 1 if fresh else len(programs)
            end = self._tried(parts[first:last], programs[first:last])
            if end.lied and last - first > 1:
                return done + self.run(programs[first:], fresh=True)
            done += end.outcomes
            if end.death is not None:
                at = len(done)
                alone = end if last - first == 1 else self._tried(parts[at : at + 1], programs[at : at + 1])
                done.append(alone.death or alone.outcomes[0])
        return done

    def _tried(self, parts: list[bytes], programs: Sequence[Program]) -> _End:
        for _ in range(TRIES):
            try:
                if self._process is None:
                    self.start()
                return self._worked(parts, programs)
            except (_Lost, BrokenPipeError) as error:
                lost = error
                self.stop()
            except BaseException:  # interrupted: what is in the pipes belongs to nobody now
                self.stop()
                raise
        raise JudgeUnavailable(f"the sandbox lost its worker {TRIES} times: {lost}")

    def _worked(self, parts: list[bytes], programs: Sequence[Program]) -> _End:
        asked = marshal.dumps(parts)
        self._ask(HEAD.pack(len(asked)) + asked)
        _, self._worker, _ = NOTICE.unpack(self._heard(NOTICE.size))
        hearing = _Hearing(programs)
        while not self._died():
            self._hear(hearing)
        self._hear(hearing)  # what it said last
        _, code, status = NOTICE.unpack(self._heard(NOTICE.size))
        self._worker = 0
        if not hearing.confined:
            raise _Lost(f"a worker ended before it was confined (status {status})")
        if hearing.fault:
            return _End([], Outcome(status="killed", note=hearing.fault[:NOTE]), lied=True)
        if len(hearing.outcomes) == len(programs):
            return _End(hearing.outcomes)
        return _End(hearing.outcomes, _death(code, status))

    def _ask(self, frame: bytes) -> None:
        while frame:
            frame = frame[os.write(self._asked, frame) :]

    def _died(self) -> bool:
        """Waits for a word of the worker's, or of its end."""
        ready = select.select([self._notices, self._answers], [], [], PATIENCE)[0]
        if not ready:
            raise _Lost(f"no word for {PATIENCE:.0f} seconds")
        return self._notices in ready

    def _hear(self, hearing: "_Hearing") -> None:
        """All that is in the pipe. What does not keep to the form is not listened to any longer."""
        while True:
            try:
                said = os.read(self._answers, SOME)
            except BlockingIOError:
                return
            if not said:
                raise _Lost(self._last_words())
            if not hearing.hears(said):
                os.kill(self._worker, signal.SIGKILL)


class _Hearing:
    """The frames of one worker: that it is confined, then one outcome a program."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self.outcomes: list[Outcome] = []
        self.confined = False
        self.fault = ""
        self._programs = programs
        self._buffer = b""

    def hears(self, said: bytes) -> bool:
        if not self.fault:
            self._buffer += said
            try:
                while (frame := self._frame()) is not None:
                    self._take(frame)
            except NotPlain as error:
                self.fault = f"answered what no program can: {error}"
        return not self.fault

    def _frame(self) -> bytes | None:
        if len(self._buffer) < HEAD.size:
            return None
        (size,) = HEAD.unpack_from(self._buffer)
        if size > FRAME:
            raise NotPlain(f"{size} bytes")
        if len(self._buffer) < HEAD.size + size:
            return None
        frame = self._buffer[HEAD.size : HEAD.size + size]
        self._buffer = self._buffer[HEAD.size + size :]
        return frame

    def _take(self, frame: bytes) -> None:
        if not self.confined:
            self.confined = read_frame(frame) == {"confined": True}
        elif len(self.outcomes) < len(self._programs):
            self.outcomes.append(read_outcome(frame, self._programs[len(self.outcomes)]))
        else:
            raise NotPlain("more than was asked")


def _death(code: int, status: int) -> Outcome:
    if code == os.CLD_EXITED:
        if status == OUT_OF_MEMORY:
            return Outcome(status="memory", note="took more memory than a worker may")
        return Outcome(status="killed", note=f"ended its own worker (status {status})")
    known = signal.Signals(status)
    return Outcome(status="time" if known in TIMES else "killed", note=WHY.get(known, f"died of {known.name}"))
