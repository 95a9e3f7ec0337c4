"""The ladder on disk: a record of rungs, rulings and champions that is added to and never changed.

    runs/ladder.db      the entries, each with the hash of the one before it
    runs/ladder.head    number and hash of the last one, by which a tail that was cut off is found

1. An entry's hash is over all of it and over the hash of the entry before, so none is edited, removed, put between or
   moved unseen. Triggers refuse what a slip would do; whoever drops them meets the chain. Whoever rewrites both files
   from some entry on can be found only by a head that was kept elsewhere.
2. Every reader and every append goes through the whole chain first: of a ladder that does not hold nothing is believed,
   and nothing is added that would hide what was done. `handoff.verify` says what it was.
3. An append is one transaction, and many processes may write at once. The head is written after it, under the same
   lock: a kill between the two leaves a head that lags, which the next append mends.
4. A run is preregistered, trained, measured and ruled, in this order. Training again asks for measuring again. What was
   preregistered cannot change once something was trained, a measurement is ruled once (or `again`, with reasons), and
   only what a promote ruling stands for becomes champion, and only in place of the one that the ruling was against.
5. Paths of runs and artifacts are as they were given: as seen from the folder the command ran in.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from rungwise.contract import Json, hash_of
from rungwise.errors import InputError, RungwiseError, nearest
from rungwise.ladder.artifacts import Artifact

DEFAULT = Path("runs/ladder.db")
GENESIS = "0" * 64
PATIENCE = 30.0  # seconds for other writers
STATES = ("preregistered", "trained", "measured", "ruled")
VERBS = ("promote", "reject", "repair", "branch")
REFUSED = "BEGIN SELECT RAISE(ABORT, 'the ladder is only added to'); END"
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS entries (number INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, "
    "run TEXT NOT NULL, body TEXT NOT NULL, before TEXT NOT NULL, hash TEXT NOT NULL)",
    f"CREATE TRIGGER IF NOT EXISTS never_changed BEFORE UPDATE ON entries {REFUSED}",
    f"CREATE TRIGGER IF NOT EXISTS never_removed BEFORE DELETE ON entries {REFUSED}",
    "CREATE TRIGGER IF NOT EXISTS added_at_the_end BEFORE INSERT ON entries "  # INSERT OR REPLACE fires no other
    f"WHEN NEW.number <> (SELECT ifnull(max(number), 0) + 1 FROM entries) {REFUSED}",
)


Table = dict[str, Json]
KEYS: Mapping[str, Mapping[str, Json]] = {  # kind -> what its body must have; other keys are the writer's own
    "preregistered": {
        "rung": str, "contract": str, "probe": Json, "text": str, "sha256": str, "settings": Table,
        "settings_sha256": str, "seed": int, "question": str, "hypothesis": str, "expectations": list, "axis": Json,
        "baseline": Json,
    },
    "trained": {"artifacts": list[Artifact], "cost": Table},
    "measured": {"probe": str, "result": str, "headline": Table},
    "ruled": {"verb": str, "reasons": list[str], "by": str},
    "champion": {"contract": str, "probe": str},
    "unfrozen": {"contract": str, "probe": str, "reason": str},
    "note": {"text": str},
}  # fmt: skip


class Overtaken(InputError):
    """Another run became champion since the ruling."""


class Head(msgspec.Struct, frozen=True):
    number: int
    hash: str


UNREADABLE = Head(-1, "")


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
            lines = _believed(self.path, lambda: lines_in(connection))
            before = [_entry(line) for line in lines if line.run == place]
            require_allowed(kind, place, msgspec.json.decode(text), before)
            if kind == "champion":
                require_standing(place, body, map(_entry, lines))
            if not lines:  # the head stands before the first entry does
                _write_head(self.path, [])
            line = _next(lines, kind, place, text)
            connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)", line)
        with transaction(self.path) as connection:  # others may have appended meanwhile: the head is of the last
            _write_head(self.path, lines_in(connection))
        return _entry(line)

    def entries(self, run: str | Path | None = None, kind: str | None = None) -> list[Entry]:
        """In the order they were written; none where there is no ladder yet."""
        if kind is not None:
            require_kind(kind)
        place = None if run is None else _place(run)
        return [
            _entry(line) for line in _believed(self.path, lambda: lines_of(self.path))
            if place in (None, line.run) and kind in (None, line.kind)
        ]  # fmt: skip

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
    rule = {"preregistered": _changed, "ruled": _unruly, "champion": _unpromoted, "unfrozen": _no_champion}.get(kind)
    problem = _too_early(kind, run, before) or (rule(body, before) if rule else None)
    if problem:
        raise InputError(problem, file=run, field=kind)


def _too_early(kind: str, run: str, before: Sequence[Entry]) -> str | None:
    if not run and kind != "note":
        return "no run is named; expected its folder"
    after = {"trained": STATES, "measured": STATES[1:], "ruled": STATES[2:], "champion": STATES[3:]}.get(kind)
    now = state(before)
    if after is None or now in after:
        return None
    order = f"a run is {', '.join(STATES)}, then perhaps champion; this one is {now or 'not in the ladder'}"
    return f"{after[0]!r} is missing before it: {order}"


def _changed(body: Mapping[str, Json], before: Sequence[Entry]) -> str | None:
    """A rung that is no longer the one the run was trained by."""
    asked = {entry.kind: entry for entry in before}
    if "trained" not in asked:
        return None
    was = asked["preregistered"]
    differing = [key for key in KEYS["preregistered"] if body[key] != was.body[key]]
    told = f"{', '.join(differing)} changed since it was preregistered (entry {was.number}) and then trained"
    return f"{told}; expected the same, or another folder for another run" if differing else None


def _unruly(body: Mapping[str, Json], before: Sequence[Entry]) -> str | None:
    if body["verb"] not in VERBS:
        return f"no verb {body['verb']!r}; {nearest(str(body['verb']), VERBS)}"
    if not body["reasons"]:
        return "'reasons' is empty; expected at least one"
    if state(before) == "ruled" and body.get("again") is not True:
        ruling = next(entry for entry in reversed(before) if entry.kind == "ruled")
        told = f"{ruling.body['verb']}, entry {ruling.number}"
        return f"this measurement was ruled already ({told}); expected a new one, or again = true with the reasons"
    return None


def _unpromoted(body: Mapping[str, Json], before: Sequence[Entry]) -> str | None:
    by_kind = {entry.kind: entry.body for entry in before}  # the last of each
    if by_kind["ruled"]["verb"] != "promote":
        return f"its last ruling is {by_kind['ruled']['verb']}; expected promote"
    if by_kind["ruled"].get("waits"):
        return "its promotion waits for a person's name; expected a ruling that has one"
    for key, kind in (("contract", "preregistered"), ("probe", "measured")):
        if body[key] != by_kind[kind][key]:
            return f"{key} {body[key]!r}; expected that which was {kind}, {by_kind[kind][key]!r}"
    return None


def require_standing(run: str, body: Mapping[str, Json], entries: Iterable[Entry]) -> None:
    """That the champion is still the one `instead_of` which this run is to be it: None where there was none."""
    standing = champions(entries).get((body["contract"], body["probe"]))
    found = standing.run if standing else None
    if body.get("instead_of", found) != found:
        told = f"was ruled on against {body['instead_of'] or 'no champion'}, and {found or 'none'} stands now"
        raise Overtaken(f"{told}; have it ruled on again: rungwise run ... --resume", file=run, field="champion")


def _no_champion(body: Mapping[str, Json], before: Sequence[Entry]) -> str | None:
    if (body["contract"], body["probe"]) not in champions(before):
        return f"is no champion of {body['contract']} on probe {body['probe']}; expected one that is"
    return None if body["reason"] else "'reason' is empty; expected why the champion is set aside"


# ---- the files ----


@contextmanager
def transaction(path: Path, schema: Sequence[str] = ()) -> Iterator[sqlite3.Connection]:
    """All of it or nothing, and nobody else writes meanwhile."""
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)) as connection:
            connection.text_factory = _readable
            connection.execute("BEGIN IMMEDIATE")
            for statement in schema:
                connection.execute(statement)
            yield connection
            connection.execute("COMMIT")


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Of a file that is there. Not read-only: what a kill left half written has to be taken back first."""
    place = f"{path.absolute().as_uri()}?mode=rw"
    with _told(path), closing(sqlite3.connect(place, timeout=PATIENCE, uri=True)) as connection:
        connection.text_factory = _readable
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
    """All of a small file or nothing of it. Within a transaction: two at once would share the half written one."""
    whole = path.with_name(f".{path.name}")
    with whole.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    whole.replace(path)


def _readable(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def snapshot(path: Path, read: Callable[[], list[Line]]) -> tuple[Head | None, list[Line]]:
    """The head is read before the lines: one may be added meanwhile, and none is ever taken away."""
    head, lines = _head(path), read()
    if head is None and lines and _head_path(path).exists():  # they were the first ones
        return snapshot(path, read)
    return head, lines


def _head(path: Path) -> Head | None:
    try:
        return msgspec.json.decode(_head_path(path).read_bytes(), type=Head)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError:
        return UNREADABLE


def _head_path(path: Path) -> Path:
    if path.suffix == ".head":
        raise InputError("a ladder's head ends in .head; expected another name, such as ladder.db", file=path)
    return path.with_suffix(".head")


def _write_head(path: Path, lines: Sequence[Line]) -> None:
    head = Head(lines[-1].number, lines[-1].hash) if lines else Head(0, GENESIS)
    written(_head_path(path), msgspec.json.encode(head))


def lines_of(path: Path) -> list[Line]:
    if not path.exists():
        return []
    with reading(path) as connection:
        return lines_in(connection)


def lines_in(connection: sqlite3.Connection) -> list[Line]:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries'").fetchone():
        return []
    asked = f"SELECT ifnull(CAST(number AS INTEGER), 0), {', '.join(Line._fields[1:])} FROM entries ORDER BY 1"
    return [Line(*row) for row in connection.execute(asked)]


def _believed(path: Path, read: Callable[[], list[Line]]) -> list[Line]:
    """The lines, where the chain holds from the first to the last and the head is in it."""
    head, lines = snapshot(path, read)
    hashes = [GENESIS, *(line.hash for line in lines)]
    chained = all(
        (line.number, line.before, line.hash) == (number, hashes[number - 1], line.sealed(number))
        for number, line in enumerate(lines, 1)
    )
    headed = not lines if head is None else head.number in range(len(hashes)) and hashes[head.number] == head.hash
    if not (chained and headed):
        raise RungwiseError(f"{path}: was tampered with, so nothing in it is believed; see `rungwise ladder verify`")
    return lines


def _next(lines: Sequence[Line], kind: str, run: str, body: str) -> Line:
    number, before = (lines[-1].number + 1, lines[-1].hash) if lines else (1, GENESIS)
    line = Line(number, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), kind, run, body, before, "")
    return line._replace(hash=line.sealed(number))


def _entry(line: Line) -> Entry:
    body = msgspec.json.decode(line.body, type=Table)
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
        text = msgspec.json.encode(body, order="deterministic").decode()
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"cannot be written down: {error}", field=f"{kind} body") from error
    plain = msgspec.json.decode(text)
    for key, what in KEYS[kind].items():
        try:
            msgspec.convert(plain[key], what)
        except msgspec.ValidationError as error:
            raise InputError(str(error), field=f"{kind} body: {key}") from error
    return text
