"""The results that a rung is held against, found on the ladder and taken only as they were recorded there."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from rungwise.errors import RungwiseError
from rungwise.ladder.artifacts import sha256_of
from rungwise.ladder.ledger import Entry, Ledger
from rungwise.ladder.rung import Rung, read, settings_hash
from rungwise.probe.diagnosis import Past
from rungwise.probe.freeze import Probe, open_probe
from rungwise.probe.measure import Result
from rungwise.probe.measure import read as read_result

Others = Mapping[str, tuple[str, Result] | None]  # champion, baseline, pilot: their runs and results


def baseline_of(rung: Rung) -> Rung | None:
    return read(Path(rung.baseline), seed=rung.seed) if rung.baseline else None


def others_of(rung: Rung, ledger: Ledger, probe: Probe) -> Others:
    """The results that this rung is held against, with their runs, as the ladder has recorded them. A rung that changes
    the contract has a probe of its own, on which its baseline was never measured."""
    champion = ledger.champion(probe.lock.identity, probe.lock.hash)
    baseline, pilot = baseline_of(rung), rung.preflight.pilot
    return {
        "champion": recorded(champion.run, ledger, probe) if champion else None,
        "baseline": _of_rung(baseline, ledger, probe) if baseline and rung.axis != "contract" else None,
        "pilot": _of_rung(read(Path(pilot), seed=rung.seed), ledger, probe) if pilot else None,
    }


def _of_rung(rung: Rung, ledger: Ledger, probe: Probe) -> tuple[str, Result] | None:
    """The latest run of that rung, with that seed and these very settings, that was measured on this probe."""
    for entry in reversed(ledger.entries(kind="preregistered")):
        body = entry.body
        same = (body["rung"], body["seed"], body["settings_sha256"]) == (rung.name, rung.seed, settings_hash(rung))
        if same and (found := recorded(entry.run, ledger, probe)):
            return found
    return None


def recorded(run: str, ledger: Ledger, probe: Probe) -> tuple[str, Result] | None:
    entry = ledger.last(run, "measured")
    if entry is None or entry.body["probe"] != probe.lock.hash:
        return None
    path = Path(run) / "probe" / "result.json"
    if not path.exists():
        raise RungwiseError(f"{path} is gone; the ladder has it as measured (entry {entry.number})")
    if sha256_of(path) != entry.body["result"]:
        raise RungwiseError(f"{path} is not the result that the ladder has recorded (entry {entry.number}): forged")
    return run, read_result(path.parent)


def baselines_of(rung: Rung, ladder: Path, seeds: Iterable[int]) -> dict[int, Result]:
    """The results of a rung's baseline, by seed."""
    if rung.baseline is None or rung.probe is None:
        return {}
    probe, found = open_probe(Path(rung.probe.path)), {}
    for seed in seeds:
        result = _of_rung(read(Path(rung.baseline), seed=seed), Ledger(ladder), probe)
        if result is not None:
            found[seed] = result[1]
    return found


def past_of(ledger: Ledger, rung: Rung, probe: str) -> list[Past]:
    """Earlier runs with the same model that were measured on the same probe and ruled on."""
    held: dict[str, dict[str, Entry]] = {}
    for entry in ledger.entries():
        held.setdefault(entry.run, {})[entry.kind] = entry
    model = rung.record()["model"]
    return [
        Past(primary=by["ruled"].body["primary"], passed=by["measured"].body["headline"]["greedy"][0])
        for by in held.values()
        if "ruled" in by and by["measured"].body["probe"] == probe
        and by["preregistered"].body["settings"]["model"] == model
    ]  # fmt: skip
