"""Rulings on the ladder: how they come there, and how a person's name comes under one."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from rungwise.contract import Json
from rungwise.errors import InputError
from rungwise.ladder.handoff import handoff
from rungwise.ladder.ledger import Ledger, written


def enter(
    ledger: Ledger, run: Path, contract: str, probe: str, record: Mapping[str, Json], again: bool = False
) -> None:
    """A ruling on the ladder; a promotion makes a champion, where no person's name is waited for."""
    by = record["signed"]["by"]
    ledger.append("ruled", run, {
        "verb": record["verb"], "reasons": record["reasons"], "next": record["next"], "by": by or "the rules",
        "primary": record["diagnosis"]["primary"],
            "waits": record["signed"]["needed"] and not by, **({"again": True} if again else {}),
    })  # fmt: skip
    if record["verb"] == "promote" and (by or not record["signed"]["needed"]):
        ledger.append("champion", run, {"contract": contract, "probe": probe})
    written(ledger.path.parent / f"handoff-{contract.partition('@')[0]}.md", handoff(ledger, contract).encode())


def sign(ledger: Ledger, run: Path, name: str) -> dict[str, Json]:
    """A person's name under a promotion that waits for one."""
    path = run / "ruling.json"
    if not path.exists():
        raise InputError("no ruling in it; expected a run that was ruled on", file=run)
    record = msgspec.json.decode(path.read_bytes())
    if not record["signed"]["needed"] or record["signed"]["by"]:
        raise InputError(f"{record['verb']}: waits for nobody's name", file=path)
    record["signed"]["by"] = name
    written(path, msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
    first = ledger.last(run, "preregistered")
    assert first is not None
    enter(ledger, run, first.body["contract"], first.body["probe"], record, again=True)
    return dict(record)
