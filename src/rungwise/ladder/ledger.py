"""The ladder on disk: a record of rungs, rulings and champions that is added to and never changed.

    runs/ladder.db      the entries, each with the hash of the one before it
    runs/ladder.head    number and hash of the last one, by which a tail that was cut off is found

1. An entry's hash is over all of it and over the hash of the entry before, so none is edited, removed, put between or
   moved without `verify` finding it. Triggers refuse what a slip would do; whoever drops them meets the chain. Whoever
   rewrites both files from some entry on can be found only by a head that was kept elsewhere.
2. An append is one transaction, and many processes may write at once. The head is written after it, under the same
   lock: a kill between the two leaves a head that lags, which the next append mends. Onto a ladder whose head does not
   fit nothing is appended, since that would hide what was done.
3. A run is preregistered, trained, measured and ruled, in this order. Training again asks for measuring again. What was
   preregistered cannot change once something was trained, a measurement is ruled once (or `again`, with reasons), and
   only what a promote ruling stands for becomes champion.
4. Paths of runs and artifacts are as they were given: as seen from the folder the command ran in.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypedDict

import msgspec

from rungwise.contract import Json, hash_of
from rungwise.errors import InputError, RungwiseError, nearest

DEFAULT = Path("runs/ladder.db")
GENESIS = "0" * 64
PATIENCE = 30.0  # seconds for other writers
STATES = ("preregistered", "trained", "measured", "ruled")
VERBS = ("promote", "reject", "repair", "branch")
KEYS: Mapping[str, tuple[str, ...]] = {  # kind -> what its body must have
    "preregistered": (
        "rung", "contract", "probe", "text", "sha256", "settings", "settings_sha256", "seed", "question", "hypothesis",
        "expectations", "axis", "baseline",
    ),
    "trained": ("artifacts", "cost"),
    "measured": ("probe", "result", "headline"),
    "ruled": ("verb", "reasons", "by"),
    "champion": ("contract", "probe"),
    "unfrozen": ("contract", "probe", "reason"),
    "note": ("text",),
}  # fmt: skip
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS entries (number INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, "
    "run TEXT NOT NULL, body TEXT NOT NULL, before TEXT NOT NULL, hash TEXT NOT NULL)",
    "CREATE TRIGGER IF NOT EXISTS never_changed BEFORE UPDATE ON entries "
    "BEGIN SELECT RAISE(ABORT, 'the ladder is only added to'); END",
    "CREATE TRIGGER IF NOT EXISTS never_removed BEFORE DELETE ON entries "
    "BEGIN SELECT RAISE(ABORT, 'the ladder is only added to'); END",
    "CREATE TRIGGER IF NOT EXISTS added_at_the_end BEFORE INSERT ON entries "  # INSERT OR REPLACE fires no other
    "WHEN NEW.number <> (SELECT ifnull(max(number), 0) + 1 FROM entries) "
    "BEGIN SELECT RAISE(ABORT, 'the ladder is only added to'); END",
)


class Artifact(TypedDict):
    path: str
    sha256: str
    bytes: int


class Head(msgspec.Struct, frozen=True):
    number: int
    hash: str


class Line(NamedTuple):
    """A row as it stands in the database, which need not be what was written."""

    number: int
    at: str
    kind: str
    run: str
    body: str
    before: str
    hash: str

    def sealed(self, number: int) -> str:
        """The hash it ought to have at that number."""
        return hash_of([number, self.at, self.kind, self.run, self.body, self.before])


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    number: int
    at: str  # UTC; never compared
    kind: str
    run: str
    body: Mapping[str, Json]
    hash: str


@dataclass(frozen=True, slots=True)
class Ledger:
    path: Path = DEFAULT

    def append(self, kind: str, run: str | Path, body: Mapping[str, Json]) -> Entry:
        """Durable when it returns. What the entry may not follow is refused."""
        place, text = _place(run), _text(kind, body)
        with transaction(self.path, SCHEMA) as connection:
            _require_head(self.path, connection)
            require_allowed(kind, place, msgspec.json.decode(text), _entries(self.path, connection, place))
            last = _lines(connection, "ORDER BY number DESC LIMIT 1")
            number, before = (last[0].number + 1, last[0].hash) if last else (1, GENESIS)
            line = Line(number, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), kind, place, text, before, "")
            line = line._replace(hash=line.sealed(number))
            connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)", line)
        with transaction(self.path) as connection:  # others may have appended meanwhile: the head is of the last
            _write_head(self.path, connection)
        return _entry(self.path, line)

    def entries(self, run: str | Path | None = None, kind: str | None = None) -> list[Entry]:
        """In the order they were written; none where there is no ladder yet."""
        if kind is not None:
            require_kind(kind)
        if not self.path.exists():
            return []
        with reading(self.path) as connection:
            return _entries(self.path, connection, None if run is None else _place(run), kind)

    def last(self, run: str | Path, kind: str) -> Entry | None:
        return next(reversed(self.entries(run, kind)), None)

    def champion(self, contract: str, probe: str) -> Entry | None:
        return champions(self.entries()).get((contract, probe))


def champions(entries: Iterable[Entry]) -> dict[tuple[str, str], Entry]:
    """By contract and probe. Where one was set aside, it is the one before it again."""
    standing: dict[tuple[str, str], dict[str, Entry]] = {}
    for entry in entries:
        if entry.kind in ("champion", "unfrozen"):
            runs = standing.setdefault((entry.body["contract"], entry.body["probe"]), {})
            runs.pop(entry.run, None)
            if entry.kind == "champion":
                runs[entry.run] = entry
    return {of: runs[next(reversed(runs))] for of, runs in standing.items() if runs}


# ---- what may follow what ----


def state(entries: Iterable[Entry]) -> str | None:
    """What a run was last, of its own entries; None where it was not preregistered."""
    found: str | None = None
    for entry in entries:
        if entry.kind in STATES and not (found and entry.kind == "preregistered"):
            found = entry.kind
    return found


def require_kind(kind: str) -> None:
    if kind not in KEYS:
        raise InputError(f"no kind {kind!r}; {nearest(kind, KEYS)}", field="kind")


def require_allowed(kind: str, run: str, body: Mapping[str, Json], before: Sequence[Entry]) -> None:
    """Refuses what may not follow the run's entries so far."""
    problem = None
    now = state(before)
    earlier = {"trained": STATES, "measured": STATES[1:], "ruled": STATES[2:], "champion": STATES[3:]}.get(kind)
    if earlier and now not in earlier:
        order = f"a run is {', '.join(STATES)}, then perhaps champion; this one is {now or 'not in the ladder'}"
        problem = f"{earlier[0]!r} is missing before it: {order}"
    elif kind == "preregistered":
        problem = _changed(body, before)
    elif kind == "ruled":
        problem = _unruly(body, before, now)
    elif kind == "champion":
        problem = _unpromoted(body, before)
    elif kind == "unfrozen" and champions(before).get((body["contract"], body["probe"])) is None:
        problem = f"is no champion of {body['contract']} on probe {body['probe']}; expected one that is"
    elif kind == "unfrozen" and not body["reason"]:
        problem = "'reason' is empty; expected why the champion is set aside"
    if problem:
        raise InputError(problem, file=run, field=kind)


def _changed(body: Mapping[str, Json], before: Sequence[Entry]) -> str | None:
    """A rung that is no longer what it was when it was trained by."""
    trained = any(entry.kind == "trained" for entry in before)
    first = [entry for entry in before if entry.kind == "preregistered"][-1:]
    differing = [key for key in ("sha256", "settings_sha256") if first and body[key] != first[0].body[key]]
    if not (trained and differing):
        return None
    what = {"sha256": "the rung file", "settings_sha256": "the settings"}[differing[0]]
    return (
        f"{what} changed after it was preregistered (entry {first[0].number}) and trained by; "
        "expected the same, or another folder for another run"
    )


def _unruly(body: Mapping[str, Json], before: Sequence[Entry], now: str | None) -> str | None:
    if body["verb"] not in VERBS:
        return f"no verb {body['verb']!r}; {nearest(str(body['verb']), VERBS)}"
    if not body["reasons"]:
        return "'reasons' is empty; expected at least one"
    if now == "ruled" and body.get("again") is not True:
        ruling = next(entry for entry in reversed(before) if entry.kind == "ruled")
        told = f"{ruling.body['verb']}, entry {ruling.number}"
        return f"this measurement was ruled already ({told}); expected a new one, or again = true with the reasons"
    return None


def _unpromoted(body: Mapping[str, Json], before: Sequence[Entry]) -> str | None:
    by_kind = {entry.kind: entry.body for entry in before}  # the last of each
    if by_kind["ruled"]["verb"] != "promote":
        return f"its last ruling is {by_kind['ruled']['verb']}; expected promote"
    for key, kind in (("contract", "preregistered"), ("probe", "measured")):
        if body[key] != by_kind[kind][key]:
            return f"{key} {body[key]!r}; expected that which was {kind}, {by_kind[kind][key]!r}"
    return None


# ---- artifacts ----


def sha256_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", file=path) from error


def artifact(path: Path) -> Artifact:
    return {"path": path.as_posix(), "sha256": sha256_of(path), "bytes": path.stat().st_size}


def artifacts(folder: Path, patterns: Iterable[str]) -> list[Artifact]:
    """Of the files in a folder that any of the patterns finds, sorted."""
    found = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    return [artifact(path) for path in sorted(found)]


# ---- the files ----


@contextmanager
def transaction(path: Path, schema: Sequence[str] = ()) -> Iterator[sqlite3.Connection]:
    """All of it or nothing, and nobody else writes meanwhile."""
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            for statement in schema:
                connection.execute(statement)
            yield connection
            connection.execute("COMMIT")


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Of a file that is there. Not read-only: what a kill left half written has to be taken back first."""
    with (
        _told(path),
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", timeout=PATIENCE, uri=True)) as connection,
    ):
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        yield connection


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_NOTADB:
            raise InputError("is no database; expected one that rungwise has made", file=path) from error
        raise RungwiseError(f"{path}: {error}") from error
    except OSError as error:
        raise RungwiseError(f"{path}: {error.strerror}") from error


def written(path: Path, content: bytes) -> None:
    """All of a small file or nothing of it."""
    whole = path.with_name(f".{path.name}-{os.getpid()}")
    with whole.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    whole.replace(path)


def head_of(path: Path) -> Head | None:
    try:
        return msgspec.json.decode(_head_path(path).read_bytes(), type=Head)
    except FileNotFoundError:
        return None


def _head_path(path: Path) -> Path:
    if path.suffix == ".head":
        raise InputError("a ladder's head ends in .head; expected another name, such as ladder.db", file=path)
    return path.with_suffix(".head")


def _write_head(path: Path, connection: sqlite3.Connection) -> None:
    last = _lines(connection, "ORDER BY number DESC LIMIT 1")
    head = Head(last[0].number, last[0].hash) if last else Head(0, GENESIS)
    written(_head_path(path), msgspec.json.encode(head))


def _require_head(path: Path, connection: sqlite3.Connection) -> None:
    """The head stands before the first entry does, so it is missing nowhere but in an empty ladder."""
    try:
        head = head_of(path)
    except msgspec.DecodeError:
        head = Head(-1, "")
    if head is None and not _lines(connection, "LIMIT 1"):
        return _write_head(path, connection)
    at = _lines(connection, "WHERE number = ?", head.number) if head else []
    if head is None or (at[0].hash if at else GENESIS if head.number == 0 else None) != head.hash:
        raise RungwiseError(f"{path}: was tampered with, nothing is appended; `rungwise ladder verify` says what")
    return None


def lines_of(path: Path) -> list[Line]:
    if not path.exists():
        return []
    with reading(path) as connection:
        return _lines(connection)


def _lines(connection: sqlite3.Connection, what: str = "ORDER BY number", *values: Json) -> list[Line]:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries'").fetchone():
        return []
    return [Line(*row) for row in connection.execute(f"SELECT {', '.join(Line._fields)} FROM entries {what}", values)]


def _entries(path: Path, connection: sqlite3.Connection, run: str | None, kind: str | None = None) -> list[Entry]:
    asked = {name: value for name, value in (("run", run), ("kind", kind)) if value is not None}
    where = f"WHERE {' AND '.join(f'{name} = ?' for name in asked)}" if asked else ""
    return [_entry(path, line) for line in _lines(connection, f"{where} ORDER BY number", *asked.values())]


def _entry(path: Path, line: Line) -> Entry:
    try:
        body = msgspec.json.decode(line.body, type=dict[str, Json])
    except msgspec.DecodeError as error:
        problem = f"entry {line.number} is not JSON; `rungwise ladder verify` says what was done"
        raise RungwiseError(f"{path}: {problem}") from error
    return Entry(number=line.number, at=line.at, kind=line.kind, run=line.run, body=body, hash=line.hash)


def _place(run: str | Path) -> str:
    place = Path(run).as_posix() if str(run) else ""
    try:
        place.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{place!r} is not UTF-8; expected a folder that can be written down", field="run") from error
    return place


def _text(kind: str, body: Mapping[str, Json]) -> str:
    """A body's canonical JSON, checked for what its kind must have."""
    require_kind(kind)
    if missing := [key for key in KEYS[kind] if key not in body]:
        raise InputError(f"is missing {', '.join(missing)}; expected {', '.join(KEYS[kind])}", field=f"{kind} body")
    try:
        msgspec.convert(body.get("artifacts", []), list[Artifact])
        return msgspec.json.encode(body, order="deterministic").decode()
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"cannot be written down: {error}", field=f"{kind} body") from error
