"""Rulings on the ladder: how they come there, and how a person's name comes under one."""

import os
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import msgspec

from rungwise.contract import Json
from rungwise.errors import InputError, RungwiseError
from rungwise.ladder.artifacts import sha256_of
from rungwise.ladder.handoff import handoff
from rungwise.ladder.ledger import Ledger, require_standing


def enter(ledger: Ledger, run: Path, contract: str, probe: str) -> None:
    """The run's ruling on the ladder, and its championship where it is promoted and no name is waited for. What is
    there already stays; a ruling.json that is not what was entered is refused."""
    last = ledger.last(run, "ruled")
    if last is None:
        _append(ledger, run, ruling_of(run), "the rules")
    elif last.body["ruling"] != sha256_of(run / "ruling.json"):
        raise RungwiseError(f"{run / 'ruling.json'} is not the ruling that the ladder has (entry {last.number})")
    _crown(ledger, run, contract, probe)


def sign(ledger: Ledger, run: Path, name: str) -> None:
    """A person's name under a promotion that waits for one."""
    first, last = ledger.last(run, "preregistered"), ledger.last(run, "ruled")
    if first is None or last is None:
        raise InputError(f"has no ruling on {ledger.path}; expected a run that was ruled on there", file=run)
    if last.body["verb"] != "promote" or not last.body["waits"]:
        raise InputError(f"{last.body['verb']}: waits for nobody's name", file=run)
    if last.body["ruling"] != sha256_of(run / "ruling.json"):
        raise RungwiseError(f"{run / 'ruling.json'} is not the ruling that the ladder has (entry {last.number})")
    record, of = ruling_of(run), (first.body["contract"], first.body["probe"])
    require_standing(run.as_posix(), _championship(record, *of), ledger.entries())
    record["signed"]["by"] = name
    rule_again(ledger, run, record, name, *of)


def rule_again(ledger: Ledger, run: Path, record: dict[str, Json], by: str, contract: str, probe: str) -> None:
    """Another ruling in place of the one that stands: on the ladder first, then in the run's own file."""
    _append(ledger, run, record, by, again=True)
    _write(run / "ruling.json", _bytes(record))
    _crown(ledger, run, contract, probe)


def _append(ledger: Ledger, run: Path, record: Mapping[str, Json], by: str, again: bool = False) -> None:
    ledger.append("ruled", run, {
        "verb": record["verb"], "reasons": record["reasons"], "next": record["next"], "by": by,
        "primary": record["diagnosis"]["primary"], "ruling": sha256(_bytes(record)).hexdigest(),
        "waits": record["signed"]["needed"] and not record["signed"]["by"], **({"again": True} if again else {}),
    })  # fmt: skip


def _crown(ledger: Ledger, run: Path, contract: str, probe: str) -> None:
    last, crowned = ledger.last(run, "ruled"), ledger.last(run, "champion")
    assert last is not None
    if last.body["verb"] == "promote" and (crowned is None or crowned.number < last.number):
        championship = _championship(ruling_of(run), contract, probe)
        require_standing(run.as_posix(), championship, ledger.entries())  # also where a name is waited for
        if not last.body["waits"]:
            ledger.append("champion", run, championship)
    name = re.sub(r"[^\w.=,-]+", "-", contract).strip("-")
    _write(ledger.path.parent / f"handoff-{name}.md", handoff(ledger, contract).encode())


def _championship(record: Mapping[str, Json], contract: str, probe: str) -> dict[str, Json]:
    beaten = record["comparisons"].get("champion")
    return {"contract": contract, "probe": probe, "instead_of": beaten and beaten["run"]}


def ruling_of(run: Path) -> dict[str, Json]:
    path = run / "ruling.json"
    try:
        record: dict[str, Json] = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"cannot be read as a ruling: {error}", file=path) from error
    return record


def _bytes(record: Mapping[str, Json]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing; two that write at once have each a file of their own until then."""
    whole = path.with_name(f".{path.name}-{os.getpid()}")
    whole.write_bytes(content)
    whole.replace(path)
