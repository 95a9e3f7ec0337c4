"""One command as a process of its own, under a lock that outlives whoever began it."""

import fcntl
import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

TAIL = 8192  # bytes of what a process said last


def ran(command: Sequence[str], said: Path, told: Path, lock: Path) -> str | None:
    """What went wrong, in the process's own last words; None where nothing did. It has a session of its own: a
    terminal's Ctrl-C would reach it besides ours, and a second one means that nobody waits for it."""
    said.parent.mkdir(exist_ok=True)
    with said.open("ab") as out, told.open("ab") as err, _lock(lock) as held:
        before = err.tell()
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True, pass_fds=[held]
            )
        except OSError as error:
            return f"cannot run {command[0]}: {error.strerror}"
        try:
            code = process.wait()
        except BaseException:
            _stop(process)
            raise
    return _last_words(told, before, code) if code else None


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ctrl-C once, and it saves what it has; once more where the person presses again; a third time ends it."""
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        with suppress(KeyboardInterrupt):
            process.wait()
            return
    process.kill()
    process.wait()


def _last_words(path: Path, before: int, code: int) -> str:
    with path.open("rb") as file:
        file.seek(max(before, path.stat().st_size - TAIL))
        lines = [line.strip() for line in re.split("[\r\n]+", file.read().decode("utf-8", "replace"))]
    last = next((line for line in reversed(lines) if line), "")
    plain = "".join(letter if letter.isprintable() else " " for letter in last)[:300]
    ended = f"exit code {code}" if code > 0 else f"killed by signal {-code}"
    return f"{ended}: {plain}" if plain else ended


@contextmanager
def _lock(path: Path) -> Iterator[int]:
    """Held by this process and by every one that is handed it, until the last of them is gone."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def locked(path: Path) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: two that ask do not see each other
        except BlockingIOError:
            return True
    return False
