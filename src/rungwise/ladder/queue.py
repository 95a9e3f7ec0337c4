"""A sweep's queue on disk: one rung under several settings, each with the same seeds, by as many workers as one likes.

    SWEEP/sweep.json    the rung file with its hash, the seeds, what is varied, what is set for all
    SWEEP/queue.db      the state of each item: waiting, running, done or failed
    SWEEP/logs/         what each item's process said
    SWEEP/ARM/seed-N/   each item's run; SWEEP/seed-N/ where nothing is varied

1. Items are in a fixed order, all arms of a seed before the next seed: what is done at any time is nearly paired.
2. Claiming is one transaction, so no two workers have the same item. A worker that died has left its item waiting: a
   process is known by its number and by when it began, since numbers come again.
3. The process that runs an item may outlive its worker. It holds a lock that nobody has to take back, and as long as it
   does, its item is not given to another. One machine is meant: numbers and locks say nothing on two.
4. A sweep is gone on with only where its rung file, seeds and settings are those it was begun with.
"""

import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

import msgspec

from rungwise.errors import InputError, RungwiseError
from rungwise.ladder.artifacts import sha256_of
from rungwise.ladder.ledger import reading, transaction, written
from rungwise.ladder.process import locked, ran
from rungwise.train.rungfile import parsed

STATES = ("waiting", "running", "done", "failed")
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS items (id TEXT PRIMARY KEY, state TEXT NOT NULL DEFAULT 'waiting', pid INTEGER, "
    "born TEXT, started REAL, ended REAL, seconds REAL NOT NULL DEFAULT 0, error TEXT)",
)
LONGEST = 100  # characters of a folder's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """sweep.json."""

    file: str
    sha256: str
    seeds: tuple[int, ...]
    over: Mapping[str, tuple[str, ...]]  # values are text, as --set takes them
    overrides: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    id: str
    overrides: tuple[str, ...]
    seed: int
    folder: Path
    state: str = "waiting"  # one of STATES
    pid: int | None = None  # of the worker
    started: float | None = None
    ended: float | None = None
    seconds: float = 0.0  # that it has run for, all its attempts together
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    folder: Path
    sweep: Sweep

    @property
    def database(self) -> Path:
        return self.folder / "queue.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    waiting: int
    running: int
    done: int
    failed: int
    seconds_left: float | None  # None until an item is done


# ---- what there is to do ----


def parse_over(text: str) -> tuple[str, tuple[str, ...]]:
    """KEY=A,B,... with values as --set takes them: a comma inside a list, a table or a quoted text parts nothing."""
    key, _, values = text.partition("=")
    found = tuple(_parted(values))
    if not all(part.strip() for part in key.split(".")) or not all(found):
        raise InputError(f"{text!r}; expected SECTION.FIELD=VALUE,VALUE", field="--over")
    return key.strip(), found


def _parted(values: str) -> Iterator[str]:
    held = ""
    for piece in values.split(","):
        held = f"{held},{piece}" if held else piece.lstrip()
        if held[:1] not in tuple("[{\"'") or _whole(held):
            yield held.strip()
            held = ""
    if held:
        raise InputError(f"{held!r} has no end; expected a value as --set takes it", field="--over")


def _whole(value: str) -> bool:
    with suppress(tomllib.TOMLDecodeError):
        return "value" in tomllib.loads(f"value = {value}")
    with suppress(msgspec.DecodeError):
        return bool(msgspec.json.decode(value))
    return False


def plan(
    file: Path, seeds: Sequence[int], over: Mapping[str, Sequence[str]], out: Path, overrides: Sequence[str] = ()
) -> list[Item]:
    """Every arm with every seed, checked as far as it can be without the contract."""
    _require_sound(seeds, over, overrides)
    found = items_of(_sweep(file, seeds, over, overrides), out)
    for item in found:
        parsed(file, item.overrides)
    return found


def items_of(sweep: Sweep, out: Path) -> list[Item]:
    arms = list(product(*([f"{key}={value}" for value in values] for key, values in sweep.over.items())))
    return [
        Item(
            id=",".join([*arm, f"seed={seed}"]),
            overrides=(*sweep.overrides, *arm),
            seed=seed,
            folder=(out / _folder(",".join(arm)) if arm else out) / f"seed-{seed}",
        )
        for seed in sweep.seeds
        for arm in arms
    ]


def _folder(arm: str) -> str:
    """The arm itself where it can be a folder's name, else what can be of it, and its hash."""
    name = re.sub(r"[^\w.=,+-]", "_", arm, flags=re.ASCII)
    return name if name == arm and len(name) <= LONGEST else f"{name[:LONGEST]}-{sha256(arm.encode()).hexdigest()[:8]}"


def _sweep(file: Path, seeds: Sequence[int], over: Mapping[str, Sequence[str]], overrides: Sequence[str]) -> Sweep:
    return Sweep(
        file=file.as_posix(), sha256=sha256_of(file), seeds=tuple(seeds), overrides=tuple(overrides),
        over={key: tuple(values) for key, values in over.items()},
    )  # fmt: skip


def _require_sound(seeds: Sequence[int], over: Mapping[str, Sequence[str]], overrides: Sequence[str]) -> None:
    if not seeds or len(set(seeds)) < len(seeds) or min(seeds) < 0:
        raise InputError(f"{list(seeds)}; expected at least one, from 0 up, each once", field="--seeds")
    fixed = {"seed", *(override.partition("=")[0].strip() for override in overrides)}
    for key, values in over.items():
        if key in fixed:
            raise InputError(f"{key} is set for all; expected it in --over, or in --set or --seeds", field="--over")
        if not values or len(set(values)) < len(values):
            raise InputError(f"{key}={','.join(values)}; expected at least one value, each once", field="--over")


# ---- on disk ----


def create(
    file: Path, seeds: Sequence[int], over: Mapping[str, Sequence[str]], out: Path, overrides: Sequence[str] = ()
) -> Queue:
    """Begun, or gone on with where the folder holds this very sweep."""
    found = plan(file, seeds, over, out, overrides)
    queue, path = Queue(out, _sweep(file, seeds, over, overrides)), out / "sweep.json"
    with transaction(queue.database, SCHEMA) as connection:
        if path.exists():
            _require_same(_read(path), queue.sweep, path)
        else:
            written(path, msgspec.json.format(msgspec.json.encode(queue.sweep), indent=2) + b"\n")
        connection.executemany("INSERT OR IGNORE INTO items (id) VALUES (?)", [(item.id,) for item in found])
    return queue


def opened(folder: Path) -> Queue:
    """A sweep that was begun, from its folder alone."""
    sweep = _read(folder / "sweep.json")
    return create(Path(sweep.file), sweep.seeds, sweep.over, folder, sweep.overrides)


def _read(path: Path) -> Sweep:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Sweep)
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"cannot be read as a sweep: {error}", file=path) from error


def _require_same(was: Sweep, now: Sweep, path: Path) -> None:
    fields = ("seeds", "over", "overrides")
    texts = {name: [msgspec.json.encode(getattr(one, name)).decode() for one in (was, now)] for name in fields}
    differing = [f"{name} {new}, was {old}" for name, (old, new) in texts.items() if old != new]
    if was.sha256 != now.sha256:
        differing.insert(0, f"{now.file} has changed (sha256 {now.sha256[:12]}, was {was.sha256[:12]})")
    if differing:
        raise InputError(f"was begun otherwise: {'; '.join(differing)}; expected the same, or another --out", file=path)


# ---- states ----


def items(queue: Queue) -> list[Item]:
    """All of them in order, each as it stands. What a dead worker left behind is waiting."""
    with reading(queue.database) as connection:
        return _items(queue, connection)


def _items(queue: Queue, connection: Any) -> list[Item]:
    columns = ("state", "pid", "started", "ended", "seconds", "error")
    asked = connection.execute(f"SELECT id, born, {', '.join(columns)} FROM items")
    rows = {id_: (born, dict(zip(columns, row, strict=True))) for id_, born, *row in asked}
    found = []
    for item in items_of(queue.sweep, queue.folder):
        born, row = rows[item.id]
        if row["state"] == "running" and _born(row["pid"]) != born and not locked(_log(queue, item, "lock")):
            row |= {"state": "waiting", "pid": None}
        found.append(replace(item, **row))
    return found


def claim(queue: Queue) -> Item | None:
    """The first that waits, now this process's; None where none waits."""
    with transaction(queue.database) as connection:
        waiting = (item for item in _items(queue, connection) if item.state == "waiting")
        free = next((item for item in waiting if not locked(_log(queue, item, "lock"))), None)
        if free is None:
            return None
        pid, now = os.getpid(), time.time()
        connection.execute(
            "UPDATE items SET state = 'running', pid = ?, born = ?, started = ?, ended = NULL WHERE id = ?",
            (pid, _born(pid), now, free.id),
        )
    return replace(free, state="running", pid=pid, started=now, ended=None)


def finish(queue: Queue, item: Item) -> Item:
    return _ended(queue, item, "done")


def fail(queue: Queue, item: Item, error: str) -> Item:
    return _ended(queue, item, "failed", error)


def release(queue: Queue, item: Item) -> Item:
    """It waits again, to be gone on with."""
    return _ended(queue, item, "waiting")


def _ended(queue: Queue, item: Item, state: str, error: str | None = None) -> Item:
    now, seconds = time.time(), _spent(item)
    with transaction(queue.database) as connection:
        changed = connection.execute(
            "UPDATE items SET state = ?, pid = NULL, born = NULL, ended = ?, seconds = ?, error = ? "
            "WHERE id = ? AND state = 'running' AND pid = ? AND born = ?",
            (state, now, seconds, error, item.id, os.getpid(), _born(os.getpid())),
        )
        if not changed.rowcount:
            raise RungwiseError(f"{queue.folder}: {item.id} is not this process's to end")
    return replace(item, state=state, pid=None, ended=now, seconds=seconds, error=error)


def retry(queue: Queue) -> int:
    """What has failed waits again; how many."""
    with transaction(queue.database) as connection:
        again = connection.execute("UPDATE items SET state = 'waiting', error = NULL WHERE state = 'failed'")
    return again.rowcount


def progress(queue: Queue) -> Progress:
    found = items(queue)
    counts = {state: sum(item.state == state for item in found) for state in STATES}
    left = None
    if done := [item.seconds for item in found if item.state == "done"]:
        needed = [fmean(done) - _spent(item) for item in found if item.state in ("waiting", "running")]
        left = sum(max(0.0, seconds) for seconds in needed) / max(1, counts["running"])
    return Progress(**counts, seconds_left=left)


def _spent(item: Item) -> float:
    return item.seconds + (time.time() - item.started if item.state == "running" and item.started else 0.0)


def _born(pid: int) -> str | None:
    """When a process began, as its machine tells it; None where it is no more."""
    try:
        told = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        state, began = told[0].decode(), told[19].decode()
    except (FileNotFoundError, ProcessLookupError):
        if Path("/proc/self/stat").exists():
            return None
        ps = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        state, _, began = ps.stdout.strip().partition(" ")
    return began.strip() if began and state[0] not in "ZX" else None


# ---- the loop ----

Tell = Callable[[Item, Progress], None]  # an item that has begun or ended, and how far all is
Command = Callable[[Item], Sequence[str]]


def work(queue: Queue, tell: Tell, command: Command | None = None) -> None:
    """Runs what waits, one item at a time. Ctrl-C stops the item's process as it stops a person's own `rungwise run`,
    and leaves the item waiting."""
    command = command or partial(run_command, queue)
    while (item := claim(queue)) is not None:
        try:
            tell(item, progress(queue))
            error = ran(command(item), *(_log(queue, item, kind) for kind in ("out", "err", "lock")))
        except BaseException:
            tell(release(queue, item), progress(queue))
            raise
        item = finish(queue, item) if error is None else fail(queue, item, error)
        tell(item, progress(queue))


def run_command(queue: Queue, item: Item) -> list[str]:
    if sha256_of(Path(queue.sweep.file)) != queue.sweep.sha256:
        raise InputError("has changed since the sweep was begun; put it back, or begin another", file=queue.sweep.file)
    settings = [part for override in item.overrides for part in ("--set", override)]
    return [
        sys.executable, "-m", "rungwise.cli", "run", queue.sweep.file, "--seed", str(item.seed), *settings,
        "--out", str(item.folder), "--resume",
    ]  # fmt: skip


def _log(queue: Queue, item: Item, kind: str) -> Path:
    """One name an item: an arm's folder and its seed's."""
    return queue.folder / "logs" / f"{','.join(item.folder.relative_to(queue.folder).parts)}.{kind}"
