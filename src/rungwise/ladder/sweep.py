"""What a sweep has found: each arm over its seeds, arms held against the first one seed by seed, and the hypothesis.

The spread over seeds is that of training; the interval inside one run is that of the probe's tasks. Neither stands for
the other, so both are told.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from rungwise.ladder import gates
from rungwise.ladder.queue import Item
from rungwise.ladder.rung import Rung
from rungwise.ladder.shallow import kept
from rungwise.probe.measure import Result, read
from rungwise.probe.result import estimate

COLUMNS = ("greedy", "repaired", "pass@1", "picked", "oracle", "score", "shapes")


@dataclass(frozen=True, slots=True)
class OverSeeds:
    """A figure's mean over seeds, with the 95% interval of Student's t, None with one seed."""

    value: float
    low: float | None
    high: float | None
    seeds: int

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.value:.1%} (1 seed)"
        return f"{self.value:.1%} [{self.low:.1%}, {self.high:.1%}] over {self.seeds} seeds"


def over_seeds(values: Sequence[float]) -> OverSeeds:
    if len(values) < 2:
        return OverSeeds(values[0] if values else math.nan, None, None, len(values))
    from scipy.stats import t

    half = float(t.ppf(0.975, len(values) - 1)) * stdev(values) / math.sqrt(len(values))
    return OverSeeds(fmean(values), fmean(values) - half, fmean(values) + half, len(values))


def arms(items: Sequence[Item]) -> dict[str, dict[int, Result]]:
    """By arm and seed, the results of the items that are done."""
    found: dict[str, dict[int, Result]] = {}
    for item in items:
        if item.state == "done":
            found.setdefault(arm_of(item), {})[item.seed] = read(item.folder / "probe")
    return found


def arm_of(item: Item) -> str:
    return item.id.rpartition("seed=")[0].rstrip(",") or "as written"


def table(found: Mapping[str, Mapping[int, Result]]) -> Iterator[str]:
    """Means over seeds, and against the first arm the mean of the differences seed by seed."""
    first = next(iter(found), None)
    held = {name for runs in found.values() for one in runs.values() for name in one.record["metrics"]}
    columns = [name for name in COLUMNS if name in held]
    yield "| " + " | ".join(["arm", "seeds", *columns, f"greedy against {first}"]) + " |"
    yield "|" + "---|" * (len(columns) + 3)
    for arm, runs in found.items():
        cells = [_cell(name, [_value(one, name) for one in runs.values()]) for name in columns]
        both = sorted(set(runs) & set(found[first or ""]))
        apart = over_seeds([_value(runs[seed], "greedy") - _value(found[first or ""][seed], "greedy") for seed in both])
        yield "| " + " | ".join([arm, str(len(runs)), *cells, "" if arm == first else str(apart)]) + " |"


def _value(one: Result, name: str) -> float:
    return estimate(one.rows, name).value


def _cell(name: str, values: Sequence[float]) -> str:
    how = ".2f" if name in ("score", "shapes") else ".0%"

    def shown(value: float) -> str:
        return format(value, how)

    spread = f" ± {shown(stdev(values))}" if len(values) > 1 else ""
    return shown(fmean(values)) + spread


def expected(rung: Rung, runs: Mapping[int, Result], baselines: Mapping[int, Result]) -> Iterator[str]:
    """Each expectation over all seeds: held where the interval over seeds holds, failed where none of it does."""
    for text in rung.expectations:
        asked = gates.parsed(text)
        seeds = sorted(set(runs) & set(baselines)) if asked.against == "baseline" else sorted(runs)
        others = {
            seed: {"baseline": baselines.get(seed), **kept(runs[seed].folder.parent, asked.against)} for seed in seeds
        }
        values = [gates.found(asked, runs[seed], others[seed]).value for seed in seeds]
        yield f"{text}: {judged(asked, over_seeds(values))}"


def judged(asked: gates.Condition, found: OverSeeds) -> str:
    holds = gates.HOW[asked.how]
    if found.low is None or found.high is None:
        return f"undecided, {found}: one seed says nothing of others"
    ends = [holds(found.low, asked.bound), holds(found.high, asked.bound)]
    return f"{'held' if all(ends) else 'undecided' if any(ends) else 'failed'}, {found}"
