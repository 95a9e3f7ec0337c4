"""Rung after rung inside a mandate, until it says stop. Never promotes, and leaves a handoff.

    CLIMB/01.toml 02.toml ...     the rungs, each made from the one before it
    CLIMB/01/seed-S/ ...          their runs
    CLIMB/decisions.jsonl         what was decided, and why; one line a decision
    CLIMB/handoff.md              where it stopped, and what the ladder says

1. What was done is read from these files and the ladder, nothing is remembered otherwise: killed anywhere, the same
   command goes on from there.
2. A start that was ruled on already, with these very settings and on this probe, is not run again.
3. The budget's clock is looked at in every step of training. A rung that takes too long is stopped as it is, and can be
   gone on with under a larger budget.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Protocol

import msgspec

from rungwise.contract import Json, identity, load_contract
from rungwise.errors import RungwiseError
from rungwise.ladder import gates
from rungwise.ladder.artifacts import sha256_of
from rungwise.ladder.cost import cost
from rungwise.ladder.countable import require_countable
from rungwise.ladder.decide import Decision, Next, Ran, Resume, Standing, Stop, decide
from rungwise.ladder.enter import ruling_of
from rungwise.ladder.handoff import handoff
from rungwise.ladder.ledger import Ledger, written
from rungwise.ladder.mandate import Mandate
from rungwise.ladder.others import recorded
from rungwise.ladder.rung import CostSettings, Rung, read, settings_hash
from rungwise.ladder.rung_text import text_of
from rungwise.ladder.stopped import NotReady, Overrun
from rungwise.probe.freeze import Probe, ProbeChanged, open_probe

EVERY = 1.0  # seconds between two looks at the clock


class Walk(Protocol):
    """Walks one rung to its ruling, or goes on with it; calls `watch` as often as it tells anything."""

    def __call__(self, file: Path, rung: Rung, out: Path, watch: Callable[[], None]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    mandate: Mandate
    start: Rung
    ledger: Ledger
    folder: Path
    walk: Walk
    tell: Callable[[str], None]

    def file(self, number: int) -> Path:
        return self.folder / f"{number:02d}.toml"

    def run(self, number: int) -> Path:
        return self.folder / f"{number:02d}" / f"seed-{self.start.seed}"


def climb(of: Climb) -> Stop:
    standing(of)  # what a person has written wrong is told as theirs, before anything is begun
    refused: tuple[str, ...] = ()
    while True:
        try:
            decision = decide(of.mandate, replace(standing(of), refused=refused))
            if isinstance(decision, Stop):
                break
            _log(of, decision)
            refused = _walked(of, decision)
        except RungwiseError as error:
            decision = Stop("rung_too_long" if isinstance(error, Overrun) else "broken", str(error))
            break
    _log(of, decision)
    written(of.folder / "handoff.md", _handoff(of, decision).encode())
    return decision


def foreseen(of: Climb) -> Decision:
    """What would be done now; nothing is."""
    return decide(of.mandate, standing(of))


def _walked(of: Climb, decision: Next | Resume) -> tuple[str, ...]:
    """The gates that refuse it."""
    file = of.file(decision.number)
    if isinstance(decision, Next):
        text = text_of(decision.rung, f"Rung {decision.number} of the climb {of.mandate.name}: {decision.sentence}")
        written(file, text.encode())
    run = of.run(decision.number)
    try:
        of.walk(file, read(file), run, _watched(of.mandate, run))
    except NotReady as error:
        of.tell(str(error))
        return error.gates
    return ()


def _watched(mandate: Mandate, run: Path) -> Callable[[], None]:
    looked, most = [time.monotonic()], mandate.budget.seconds_a_rung

    def watch() -> None:
        if time.monotonic() - looked[0] < EVERY:
            return
        looked[0] = time.monotonic()
        spent = _seconds(mandate, run)
        if spent > most:
            raise Overrun(f"{run} has taken {spent:.0f} s of {most:g}; it goes on where seconds_a_rung is more")

    return watch


def _seconds(mandate: Mandate, run: Path) -> float:
    path = run / "cost.json"
    told = msgspec.json.decode(path.read_bytes()) if path.exists() else cost(run, CostSettings())
    return float(told[f"{mandate.budget.clock}_seconds"])


# ---- where it stands ----


def standing(of: Climb) -> Standing:
    try:
        probe = open_probe(Path(of.mandate.probe))
    except ProbeChanged as error:
        return Standing(start=of.start, probe_fault=str(error))
    require_countable(of.mandate.goal, probe.contract, probe.tasks, probe.lock.k)
    ran: list[Ran] = []
    for number in count(1):
        file, run = _place(of, probe, number)
        if run is not None and of.ledger.last(run, "ruled"):
            ran.append(_ran(of, probe, file, run))
            continue
        begun = read(file, seed=of.start.seed) if file.exists() and run is not None else None
        return Standing(start=of.start, probe=probe.lock.hash, ran=tuple(ran), begun=begun)
    raise AssertionError("numbers do not end")


def _place(of: Climb, probe: Probe, number: int) -> tuple[Path, Path | None]:
    """A rung's file and its run; the start's own where that need not be run again, no run where there is nothing."""
    file = of.file(number)
    if file.exists():
        return file, of.run(number)
    return Path(of.mandate.start), _run_of_start(of, probe) if number == 1 else None


def _run_of_start(of: Climb, probe: Probe) -> Path | None:
    wanted = (of.start.name, of.start.seed, settings_hash(of.start))
    for entry in reversed(of.ledger.entries(kind="preregistered")):
        same = (entry.body["rung"], entry.body["seed"], entry.body["settings_sha256"]) == wanted
        if same and of.ledger.last(entry.run, "ruled") and recorded(entry.run, of.ledger, probe):
            return Path(entry.run)
    return None


def _ran(of: Climb, probe: Probe, file: Path, run: Path) -> Ran:
    asked, measured, ruled = (of.ledger.last(run, kind) for kind in ("preregistered", "measured", "ruled"))
    assert asked and measured and ruled
    if sha256_of(run / "ruling.json") != ruled.body["ruling"]:
        raise RungwiseError(f"{run / 'ruling.json'} is not the ruling that the ladder has (entry {ruled.number})")
    ruling = ruling_of(run)
    against = ruling["comparisons"].get("baseline", {})
    found = _goal(of, probe, run)
    return Ran(
        file=file.as_posix(), rung=read(file, seed=of.start.seed), settings=asked.body["settings_sha256"],
        probe=measured.body["probe"], seconds=_seconds(of.mandate, run) if file.parent == of.folder else 0.0,
        verb=ruling["verb"], failing=tuple(one["condition"] for one in ruling["gates"] if not one["point"]),
        goal=tuple(map(str, found)), reached=bool(found) and all(one.status == "held" for one in found),
        gain=against.get("value"), p=against.get("p", 1.0), classes=_classes(ruling["diagnosis"]),
    )  # fmt: skip


def _goal(of: Climb, probe: Probe, run: Path) -> list[gates.Found]:
    """Nothing is known of a run that was measured on another probe."""
    ours = recorded(run.as_posix(), of.ledger, probe)
    champion = of.ledger.champion(probe.lock.identity, probe.lock.hash)
    best = recorded(champion.run, of.ledger, probe) if champion else None
    others = {"champion": best[1] if best else None}
    return [gates.found(gates.parsed(text), ours[1], others) for text in of.mandate.goal] if ours else []


def _classes(diagnosis: Mapping[str, Json]) -> tuple[tuple[str, float], ...]:
    """Those that were found, with how many times its threshold each has reached."""
    named = [name for name in (diagnosis["primary"], *diagnosis["secondary"]) if name != "none"]
    evidence = diagnosis["evidence"]
    return tuple((name, evidence[name]["value"] / evidence[name]["threshold"]) for name in named)


# ---- what is left behind ----


def _log(of: Climb, decision: Decision) -> None:
    """A decision that was written down before it could be carried out is not written twice."""
    number = None if isinstance(decision, Stop) else decision.number
    record = {"rung": number, "status": decision.status, "sentence": decision.sentence, "mandate": of.mandate.hash()}
    line = msgspec.json.encode(record) + b"\n"
    path = of.folder / "decisions.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_bytes() if path.exists() else b""
    if not before.endswith(line):
        written(path, before + line)
    of.tell(f"{decision.status}: {decision.sentence}")


def _handoff(of: Climb, stop: Stop) -> str:
    """Where the climb stopped; below it, what the ladder says of the contract."""
    own = of.mandate.contract
    whole = handoff(of.ledger, identity(load_contract(own.name, own.settings)))
    return f"# Climb {of.mandate.name}: {stop.status}\n\n{stop.sentence}\n\n{whole}"
