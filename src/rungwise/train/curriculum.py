"""Which tiers the tasks of the next step come from.

1. A preset is a density over difficulty, from the easiest (0) to the hardest (1), made of six equal steps. A tier's
   weight is the density's mass over its own n-th of that line. So six tiers get the six numbers as they stand, and any
   other count the same curve. `uniform` is even over tasks where most tasks are of middle difficulty, `near_miss` leans
   on the middle, where a small model fails by little, `hard_only` takes the upper half alone.
2. `levels` starts at the lowest tier. When enough of the last answers at the highest open tier have passed, the next
   opens and the count begins anew. Half of the tasks come from the highest open tier, the rest evenly from those below,
   so that what was learned is not lost. The state is a small value that a checkpoint keeps.
3. A draw spaces its n points evenly over the weights from one random start: each tier gets its expected number of tasks
   rounded up or down, which at eight tasks a step is much steadier than eight dice. It depends on seed and step alone.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import isfinite

from rungwise.errors import InputError, nearest
from rungwise.seeds import stream

PRESETS: Mapping[str, tuple[float, ...]] = {
    "uniform": (0.07, 0.145, 0.285, 0.285, 0.145, 0.07),
    "near_miss": (0.03, 0.09, 0.38, 0.38, 0.09, 0.03),
    "hard_only": (0.0, 0.0, 0.0, 0.5, 0.35, 0.15),
}
CURRICULA = (*PRESETS, "custom", "levels")
NEWEST = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    level: int = 0  # the highest open tier
    recent: tuple[bool, ...] = ()  # which of the last answers at it have passed


# ---- weights ----


def preset(name: str, tiers: Sequence[str]) -> dict[str, float]:
    if name not in PRESETS:
        raise InputError(f"{name!r}; {nearest(name, PRESETS)}", field="curriculum")
    steps = PRESETS[name]
    below = [_mass(steps, i * len(steps) / len(tiers)) for i in range(len(tiers) + 1)]
    return {tier: below[i + 1] - below[i] for i, tier in enumerate(tiers)}


def _mass(steps: Sequence[float], at: float) -> float:
    """What lies below `at`, counted in steps."""
    return sum(step * min(1.0, max(0.0, at - i)) for i, step in enumerate(steps))


def custom(weights: Mapping[str, float], tiers: Sequence[str]) -> dict[str, float]:
    """Weights of any size, by tier; a tier that is not named has none."""
    for tier, weight in weights.items():
        if tier not in tiers:
            raise InputError(f"no tier {tier!r}; {nearest(tier, tiers)}", field="curriculum")
        if not isfinite(weight) or weight < 0:
            raise InputError(f"{weight}; expected a number of at least 0", field=f"curriculum: {tier}")
    if not sum(weights.values()):
        raise InputError("all weights are 0; expected at least one above", field="curriculum")
    return {tier: weights.get(tier, 0.0) / sum(weights.values()) for tier in tiers}


def of_levels(state: Levels, tiers: Sequence[str]) -> dict[str, float]:
    lower = (1 - NEWEST) / state.level if state.level else 0.0
    newest = NEWEST if state.level else 1.0
    return {tier: lower if i < state.level else newest * (i == state.level) for i, tier in enumerate(tiers)}


# ---- levels ----


def update(
    state: Levels,
    results: Iterable[tuple[str, bool]],
    tiers: Sequence[str],
    *,
    window: int = 64,
    threshold: float = 0.7,
) -> Levels:
    """After a step, from the tier and the pass of each of its answers; at most one level opens."""
    here = [passed for tier, passed in results if tier == tiers[state.level]]
    recent = (*state.recent, *here)[-window:]
    if state.level + 1 < len(tiers) and len(recent) == window and sum(recent) >= threshold * window:
        return Levels(level=state.level + 1)
    return Levels(level=state.level, recent=recent)


# ---- drawing ----


def draw(weights: Mapping[str, float], n: int, seed: int, step: int) -> list[str]:
    """The tiers of the step's n tasks, easiest first."""
    tiers = [tier for tier, weight in weights.items() if weight > 0]
    edges = list(accumulate(weights[tier] for tier in tiers))
    start = stream(seed, "curriculum", step).random()
    # The edges exclude the last one: a point that rounding has put on it is still the last tier's.
    return [tiers[bisect_right(edges[:-1], edges[-1] * (i + start) / n)] for i in range(n)]


def fitting(
    ids: Iterable[str], rates: Mapping[str, tuple[int, int]], *, low: float = 0.0, high: float = 1.0
) -> list[str]:
    """The tasks whose measured pass rate (passes, tries) is within [low, high]; one never tried is kept."""
    ids = list(ids)
    kept = [name for name in ids if _fits(*rates.get(name, (0, 0)), low, high)]
    if ids and not kept:
        raise InputError(f"no task's pass rate is within {low:g} and {high:g}", field="difficulty filter")
    return kept


def _fits(passes: int, tries: int, low: float, high: float) -> bool:
    return not tries or low <= passes / tries <= high
