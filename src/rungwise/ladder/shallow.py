"""What shallow policies get on a run's probe, who know no more than the run's own training tasks. RUN/shallow/NAME/.

Each is a result like any other, so that conditions and comparisons can name it. A ruling goes by what was just
measured; what lies in the folder afterwards is for those who look.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from rungwise.contract import Contract, Json
from rungwise.ladder import gates
from rungwise.probe.freeze import Probe
from rungwise.probe.measure import Result, measure, read, save
from rungwise.probe.result import estimate
from rungwise.probe.shallow import Known, ShallowWriter, names, says
from rungwise.train import corpus

DRAWN = ("gold", "attempt")  # sources whose tasks lie in the run's own files


def known_by(run: Path, contract: Contract) -> Known:
    """The training tasks of a run with their golds, and those of the run that it goes on from."""
    asked = _asked(run)
    own = (*sorted(run.glob("sft/corpus*.jsonl")), run / "rl" / "pool.jsonl")
    paths: list[tuple[Path, Path | None]] = [(path, None) for path in own]
    paths += [
        (Path(source["source"]), Path(source["tasks_file"]) if source.get("tasks_file") else None)
        for source in (asked.get("sft") or {}).get("mixture", ()) if source["source"] not in DRAWN
    ]  # fmt: skip
    rows = [
        row for path, tasks in paths if path.exists() and path.stat().st_size
        for row in corpus.load(path, contract, tasks_file=tasks)
    ]  # fmt: skip
    return [*((row.task, row.answer) for row in rows if row.answer), *_before(run, asked, contract)]


def _before(run: Path, asked: Mapping[str, Json], contract: Contract) -> Known:
    start = (asked.get("rl") or {}).get("start", "")
    place = Path(start.replace("{seed}", str(asked.get("seed", 0))))
    if start in ("", "sft", "model") or place.resolve() == run.resolve():
        return []
    return known_by(place, contract) if _asked(place).get("contract") == asked.get("contract") else []


def _asked(run: Path) -> dict[str, Json]:
    places = (run / name for name in ("settings.json", "rl/settings.json", "sft/settings.json"))
    path = next((place for place in places if place.exists()), None)
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Json]) if path else {}


def measured(run: Path, probe: Probe, tell: Callable[[str], None]) -> dict[str, Result]:
    """By name; measured and kept."""
    known, found = known_by(run, probe.contract), {}
    for name in names(probe.contract):
        tell(f"measuring the {says(name)}")
        folder = run / "shallow" / name
        told = measure(probe, ShallowWriter(name, probe.contract, known, {"run": run.as_posix()}))
        found[name] = Result(folder, save(folder, probe, told), told.rows)
    return found


def kept(run: Path, name: str | None) -> dict[str, Result]:
    """What `measured` has kept of that one; nothing where it is no shallow policy."""
    return {name: read(run / "shallow" / name)} if name is not None and name not in gates.RUNS else {}


def strongest(found: Mapping[str, Result], metric: str) -> str | None:
    return max(found, key=lambda name: estimate(found[name].rows, metric).value, default=None)
