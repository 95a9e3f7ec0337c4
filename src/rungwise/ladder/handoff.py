"""What the ladder says: whether it is whole, where each run stands, and what whoever goes on should know.

1. `verify` names every fault. It walks down from the head, each entry by the hash that the one after it holds of it, so
   that one edit is told as one fault, and not as all that follow from it.
2. An artifact that is gone is a warning: checkpoints may be deleted. One whose bytes are not those that were recorded
   is a fault. Of a path that was recorded twice the newer record counts.
3. `handoff` is made from the ladder alone: the same ladder gives the same text.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from rungwise.contract import Json
from rungwise.errors import RungwiseError
from rungwise.ladder.artifacts import Artifact, artifact, sha256_of
from rungwise.ladder.ledger import (
    GENESIS,
    STATES,
    UNREADABLE,
    Entry,
    Head,
    Ledger,
    Line,
    champions,
    lines_of,
    snapshot,
    state,
)

SHOWN = 5  # rulings in a handoff
STUCK = 2  # rulings in a row without a promote, after which more of the same is no answer


@dataclass(frozen=True, slots=True)
class Fault:
    kind: str
    number: int | None  # of the entry
    detail: str
    warning: bool = False

    def __str__(self) -> str:
        place = "ladder" if self.number is None else f"entry {self.number}"
        return f"{place}: {self.kind}: {self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a run stands."""

    run: str
    rung: str
    contract: str
    question: str
    state: str
    headline: Mapping[str, Json] = field(default_factory=dict)
    ruling: str | None = None
    waits: bool = False  # the ruling, for a person's name
    champion: bool = False
    cost: Mapping[str, Json] = field(default_factory=dict)


# ---- whether it is whole ----


def verify(path: Path, *, artifacts: bool = False) -> list[Fault]:
    """All that was done to the ladder; with `artifacts` also to the files whose hashes it holds. Warnings are no
    faults."""
    try:
        head, lines = snapshot(path, lambda: lines_of(path))
    except RungwiseError as error:
        return [Fault("unreadable", None, str(error))]
    chain = {(fault.kind, fault.number): fault for fault in _chain_faults(head, lines)}  # found from both its ends
    return [*chain.values(), *_body_faults(lines), *(_artifact_faults(lines) if artifacts else ())]


def _chain_faults(head: Head | None, lines: Sequence[Line]) -> Iterator[Fault]:
    by_number = {line.number: line for line in reversed(lines)}
    by_hash: dict[str | None, Line] = {line.hash: line for line in reversed(lines)}
    number, wanted = _end(head, lines)
    yield from _head_faults(head, lines, wanted)
    seen: set[int] = set()
    while number > 0:
        near = (by_hash.get(wanted), by_number.get(number))
        line = next((line for line in near if line is not None and id(line) not in seen), None)
        if line is None:
            left = max((other.number for other in lines if other.number < number and id(other) not in seen), default=0)
            yield Fault("removed", number, _gone(left + 1, number))
            number, wanted = left, None
            continue
        seen.add(id(line))
        whole = line.sealed(number) == line.hash
        if line.number != number:
            yield Fault("moved", line.number, f"was written as entry {number}")
        if not whole:
            yield Fault("edited", line.number, "does not give its hash")
        elif wanted not in (None, line.hash):
            yield Fault("edited", number, "is not what the entry after it was written onto")
        number, wanted = number - 1, line.before if whole or line.before in by_hash else None
    if wanted not in (None, GENESIS):
        yield Fault("edited", 1, "is written onto something")
    yield from (Fault("inserted", line.number, "nothing leads to it") for line in lines if id(line) not in seen)


def _end(head: Head | None, lines: Sequence[Line]) -> tuple[int, str | None]:
    """Number and hash of the last entry: the one of the head, and those that were written onto it."""
    if head is None or head.hash not in {GENESIS, *(line.hash for line in lines)}:
        return _last(lines), None
    number, wanted = head.number, head.hash
    onto = {line.before: line for line in reversed(lines)}
    while (line := onto.pop(wanted, None)) is not None:
        number, wanted = number + 1, line.hash
    return number, wanted


def _head_faults(head: Head | None, lines: Sequence[Line], wanted: str | None) -> Iterator[Fault]:
    last = _last(lines)
    if head == UNREADABLE:
        yield Fault("head missing", None, "cannot be read")
    elif head is None:
        yield from [Fault("head missing", None, "there is none")] if lines else []
    elif wanted is None and head.number > last:
        yield Fault("tail cut", head.number, _gone(last + 1, head.number))
    elif wanted is None:
        yield Fault("edited", head.number, "is not what the head was written for: this entry or one before it")


def _last(lines: Iterable[Line]) -> int:
    return max((line.number for line in lines), default=0)


def _gone(first: int, last: int) -> str:
    return f"entry {last} is gone" if first == last else f"entries {first} to {last} are gone"


def _body_faults(lines: Iterable[Line]) -> Iterator[Fault]:
    for line in lines:
        try:
            msgspec.json.decode(line.body, type=dict[str, Json])
        except (msgspec.DecodeError, TypeError, RecursionError) as error:
            yield Fault("not JSON", line.number, str(error))


def _artifact_faults(lines: Iterable[Line]) -> Iterator[Fault]:
    lines = list(lines)
    yield from _file_faults(lines)
    newest = {own["path"]: (line.number, own) for line in lines for own in _recorded(line)}
    for number, own in newest.values():
        path = Path(own["path"])
        if not path.exists():
            yield Fault("artifact missing", number, own["path"], warning=True)
            continue
        try:
            changed = artifact(path) != own
        except RungwiseError:
            changed = True
        if changed:
            yield Fault("artifact changed", number, f"{own['path']} is not what was recorded")


RECORDED = {"measured": ("result", "probe/result.json"), "ruled": ("ruling", "ruling.json")}


def _file_faults(lines: Sequence[Line]) -> Iterator[Fault]:
    """Results and rulings, as the last entry of their kind has them for their run."""
    newest = {(line.run, line.kind): line for line in lines if line.kind in RECORDED}
    for line in newest.values():
        key, name = RECORDED[line.kind]
        path, known = Path(line.run) / name, _of_body(line, key)
        if known is None:
            continue
        if not path.exists():
            yield Fault("artifact missing", line.number, path.as_posix(), warning=True)
        elif sha256_of(path) != known:
            yield Fault("artifact changed", line.number, f"{path.as_posix()} is not what was recorded")


def _of_body(line: Line, key: str) -> Json:
    try:
        return msgspec.json.decode(line.body, type=dict[str, Json]).get(key)
    except (msgspec.DecodeError, TypeError, RecursionError):
        return None


def _recorded(line: Line) -> list[Artifact]:
    """None of a body that is no longer one: that is a fault of its own."""
    try:
        return msgspec.convert(msgspec.json.decode(line.body).get("artifacts", []), list[Artifact])
    except (msgspec.DecodeError, TypeError, AttributeError, RecursionError):
        return []


# ---- where each run stands ----


def standings(path: Path) -> list[Standing]:
    """One a run, in the order they were preregistered."""
    entries = Ledger(path).entries()
    runs: dict[str, list[Entry]] = {}
    for entry in entries:
        runs.setdefault(entry.run, []).append(entry)
    crowned = {entry.run for entry in champions(entries).values()}
    return [_standing(run, own, run in crowned) for run, own in runs.items() if state(own)]


def _standing(run: str, entries: Sequence[Entry], crowned: bool) -> Standing:
    bodies = {entry.kind: entry.body for entry in entries}  # the last of each
    asked, now = bodies["preregistered"], state(entries) or ""
    return Standing(
        run=run, rung=asked["rung"], contract=asked["contract"], question=asked["question"], state=now,
        headline=bodies.get("measured", {}).get("headline", {}),
        ruling=bodies["ruled"]["verb"] if "ruled" in bodies else None,
        waits=now == "ruled" and bool(bodies["ruled"].get("waits")), champion=crowned,
        cost=bodies.get("trained", {}).get("cost", {}),
    )  # fmt: skip


# ---- for whoever goes on ----


def handoff(ledger: Ledger, contract: str) -> str:
    """Markdown on one contract, by its identity. Of a ladder that does not hold only what is wrong with it."""
    faults = [str(fault) for fault in verify(ledger.path)]
    parts = {"Hard stops": faults} if faults else _parts(ledger, contract)
    lists = {title: "\n".join(f"- {' '.join(line.split())}" for line in lines) for title, lines in parts.items()}
    told = [f"# Handoff: {contract}", *(f"## {title}\n\n{lines or 'None.'}" for title, lines in lists.items())]
    return "\n\n".join(told) + "\n"


def _parts(ledger: Ledger, contract: str) -> dict[str, list[str]]:
    entries, rows = ledger.entries(), standings(ledger.path)
    own = {row.run: row for row in rows if row.contract == contract}
    rulings = [entry for entry in entries if entry.kind == "ruled" and entry.run in own]
    crowned = {probe: own[entry.run] for (of, probe), entry in champions(entries).items() if of == contract}
    following = rulings[-1].body.get("next") or [] if rulings else []
    return {
        "Champion": [f"{row.run} on probe {probe}: {_plain(row.headline)}" for probe, row in crowned.items()],
        "Last rulings": [_ruling(entry) for entry in reversed(rulings[-SHOWN:])],
        "Open": [_open(row) for row in own.values() if row.state != "ruled" or row.waits],
        "Next rung": [_plain(one) for one in (following if isinstance(following, list) else [following])],
        "Hard stops": [*_stuck(rulings), *_fallen(crowned)],
    }


def _ruling(entry: Entry) -> str:
    body = entry.body
    return f"{body['verb']} {entry.run} (entry {entry.number}, by {body['by']}): {'; '.join(body['reasons'])}"


def _open(row: Standing) -> str:
    following = [*STATES, "signed by a person"][STATES.index(row.state) + 1]
    return f"{row.run} ({row.question}): {row.state}, waits to be {following}"


def _stuck(rulings: Sequence[Entry]) -> Iterator[str]:
    verbs = [entry.body["verb"] for entry in reversed(rulings)]
    row = verbs.index("promote") if "promote" in verbs else len(verbs)
    if row >= STUCK:
        yield f"{row} rulings in a row without a promote: find out why before more of the same is trained"


def _fallen(crowned: Mapping[str, Standing]) -> Iterator[str]:
    for probe, row in crowned.items():
        if row.state != "ruled":
            yield f"champion {row.run} on probe {probe} was {row.state} again since: rule on it, or set it aside"
        elif row.ruling != "promote":
            yield f"champion {row.run} on probe {probe} was ruled {row.ruling} since: set it aside, or rule again"


def _plain(value: Json) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        told = [_plain(inner) for inner in value]
        return f"{told[0]} [{told[1]}, {told[2]}] n={told[3]}" if _estimated(value) else f"[{', '.join(told)}]"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _estimated(value: Sequence[Json]) -> bool:
    """As results tell a metric: value, low, high, n."""
    return len(value) == 4 and all(isinstance(part, int | float) for part in value)
