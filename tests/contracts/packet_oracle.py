"""The second opinion on a canvas: what the packets say of it, and whether a pass stands in their eyes.

Stability, delivery, leaks, the target of faults and the gates are worked out anew, in plain Python, from packet_run.py
and the words of the judge's docstring. The sub-scores for cost, constraints and design are taken from the judge.

`confirms(problem, canvas)` is the audit: run it over answers that passed. It is about 0.1 s a canvas.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rungwise.contracts.canvas.judge import PASS, Outcome, Problem, assess
from rungwise.contracts.canvas.language import MODES, TYPES, Canvas, price
from tests.contracts.packet_run import Run, Seen
from tests.contracts.packets import ENDS, EPS, WORKERS, Place, places_of

GRAIN = 5  # packets a request
READINGS = ((GRAIN, False), (2 * GRAIN, True))  # grain, and whether lists are mixed; the second where the first doubts
NEAR_TIE = 0.01  # of the most carried: nearer than that, packets cannot tell who carries more
COMPOSITE_TOLERANCE, LEAK_TOLERANCE = 1.0, 0.02
EXERCISED = 0.6
LEADS_TO = ("storage", *WORKERS)


@dataclass(frozen=True, slots=True)
class Opinion:
    scenarios: tuple[Seen, ...]
    target: int
    gate: str | None  # the stated constraint that is broken, under the judge's name for it; leaks are not among them
    parts: Mapping[str, float]
    composite: float  # before any gate

    def leak(self) -> float:
        return max(seen.leak() for seen in self.scenarios)


def oracle(
    problem: Problem, canvas: Canvas, *, found: Outcome | None = None, grain: int = GRAIN, mixed: bool = False
) -> Opinion:
    """What the packets say. Where the judge's fault target is as good as ours for all that packets can tell, it is
    taken: a fault that falls on the other twin would be another story, not a disagreement."""
    found = assess(problem, canvas) if found is None else found
    first, *others = problem.scenarios
    baseline = Run(canvas, first, problem.load, -1, grain, mixed).watched()
    target, near = struck(canvas, baseline.carried)
    if found.run.target in near:
        target = int(found.run.target)
    seen = (baseline, *[Run(canvas, scenario, problem.load, target, grain, mixed).watched() for scenario in others])
    excess = [max(0.0, s.leak() - problem.leak) / (1 - problem.leak) for s in seen]
    parts = {
        **{name: found.parts[name] for name in ("cost", "constraints", "design")},
        "stability": 100 * _overall([s.stability() for s in seen]),
        "delivery": 100 * _overall([s.shares()[0] * (1 - x) for s, x in zip(seen, excess, strict=True)]),
    }
    return Opinion(seen, target, gate(problem, canvas, baseline), parts, weighed(problem, parts))


def confirms(problem: Problem, canvas: Canvas) -> bool:
    """Whether a pass stands: no gate closed, no leak, and 85 points, each within the tolerance stated above."""
    found = assess(problem, canvas)
    opinions = (oracle(problem, canvas, found=found, grain=grain, mixed=mixed) for grain, mixed in READINGS)
    return any(stands(problem, opinion) for opinion in opinions)


def stands(problem: Problem, opinion: Opinion) -> bool:
    tight = opinion.leak() <= problem.leak + LEAK_TOLERANCE
    return opinion.gate is None and tight and opinion.composite >= PASS - COMPOSITE_TOLERANCE


def weighed(problem: Problem, parts: Mapping[str, float]) -> float:
    return sum(problem.weights[name] * parts[name] for name in parts) / sum(problem.weights.values())


def _overall(values: Sequence[float]) -> float:
    return 0.6 * sum(values) / len(values) + 0.4 * min(values)


# ---- what a fault strikes (note 9) ----


def struck(canvas: Canvas, carried: Sequence[float]) -> tuple[int, tuple[int, ...]]:
    """The target, and all who carry as much for all that packets can tell."""
    places = places_of(canvas, 1)
    depth, rank = _depths(places), _ranks(places)
    able = [i for i, place in enumerate(places) if place.type in WORKERS and not place.entry and carried[i] > EPS]
    if not able:
        return -1, ()
    most = max(carried[i] for i in able)
    bare = [i for i in able if not _guarded(places[i], places) and 2 * carried[i] >= most - 1]
    able = bare or able
    top = max(carried[i] for i in able)
    first = max(able, key=lambda i: (min(int(carried[i] + 1e-6), int(most - 1)), depth[i], rank[i]))
    return first, tuple(i for i in able if carried[i] >= top * (1 - NEAR_TIE) - 1)


def _guarded(place: Place, places: Sequence[Place]) -> bool:
    return all(places[source].mode in ("retry", "circuitbreaker") for source in place.sources)


def _depths(places: Sequence[Place]) -> list[int]:
    """Lines from the nearest entry; -1 where none leads."""
    depth = [0 if place.entry else -1 for place in places]
    front = [i for i, place in enumerate(places) if place.entry]
    while front:
        reached = {line.target for i in front for line in places[i].lines if depth[line.target] < 0}
        for i in reached:
            depth[i] = depth[front[0]] + 1
        front = sorted(reached)
    return depth


def _ranks(places: Sequence[Place]) -> list[int]:
    """kernel: six rounds of colour refinement over types and modes. The hash is the kernel's, so that ties are too."""
    colour = [_hashed(TYPES.index(place.type) * 16 + MODES.index(place.mode) + 1, 1) for place in places]
    for _ in range(6):
        ahead = [sum(_hashed(colour[line.target], 3) for line in place.lines) for place in places]
        behind = [sum(_hashed(colour[source], 5) for source in place.sources) for place in places]
        colour = [(_hashed(own, 2) + a + b) % 2147483647 for own, a, b in zip(colour, ahead, behind, strict=True)]
    return colour


def _hashed(value: int, salt: int) -> int:
    x = (value % 2147483647) * 48271 + salt * 69621 + 12345
    x = (x % 2147483647) * 40692 + (x >> 13)
    return (x % 2147483647) * 39373 % 2147483629


# ---- the stated constraints ----


def gate(problem: Problem, canvas: Canvas, baseline: Seen) -> str | None:
    places = places_of(canvas, 1)
    entries = [i for i, place in enumerate(places) if place.entry]
    if not entries or not all(_arrives(places, i) for i in entries):
        return "no_path"
    inner = any(place.type == "trigger" and not place.entry for place in places)
    if len(entries) > 1 or inner or any(_leads_to(places, i, i) for i in range(len(places))):
        return "tangled"
    if _missing(problem, places, baseline):
        return "missing_required"
    if len(canvas.components) > problem.max_components:
        return "oversized"
    declared = sum(component.cost.monthly for component in canvas.components)
    return "over_budget" if max(declared, sum(map(price, canvas.components))) > problem.budget else None


def _leads_to(places: Sequence[Place], source: int, target: int) -> bool:
    """By one line or more."""
    ahead = [line.target for line in places[source].lines]
    seen = set(ahead)
    while ahead:
        i = ahead.pop()
        if i == target:
            return True
        fresh = {line.target for line in places[i].lines} - seen
        seen |= fresh
        ahead += fresh
    return False


def _arrives(places: Sequence[Place], entry: int) -> bool:
    """Whether some way from here ends at a delivery point with the work done."""
    ahead, seen = [(entry, False)], {(entry, False)}
    while ahead:
        i, done = ahead.pop()
        place = places[i]
        done = done or (place.type in WORKERS and not place.entry)
        if not place.lines and place.type in ENDS and done:
            return True
        fresh = {(line.target, done) for line in place.lines} - seen
        seen |= fresh
        ahead += fresh
    return False


def _missing(problem: Problem, places: Sequence[Place], baseline: Seen) -> bool:
    """Whether some required type or mode lets most of what is delivered go by, all of its kind taken together."""
    carried: dict[str, float] = {}
    for place, credit in zip(places, baseline.carried, strict=True):
        carried[place.type] = carried.get(place.type, 0) + credit
        if not _idle(place, places, problem.load):
            carried[place.mode] = carried.get(place.mode, 0) + credit
    least = max(EXERCISED * baseline.delivered, 0.05 * baseline.offered, EPS)
    return any(carried.get(name, 0) < least * (1 - NEAR_TIE) for name in problem.required)


def _idle(place: Place, places: Sequence[Place], load: int) -> bool:
    numbers = place.numbers
    match place.mode:
        case "condition" | "replicate":
            return len(place.lines) < 2
        case "split":
            return len([line for line in place.lines if line.weight or not numbers["policy"]]) < 2
        case "retry" | "circuitbreaker":
            ahead = [places[line.target] for line in place.lines]
            leads = any(p.type in LEADS_TO or p.mode in ("retry", "circuitbreaker") for p in ahead)
            return not leads or numbers.get("maxRetries") == 0
        case "filter":
            return 1 - (1 - numbers["strictness"]) ** 2 < 0.1
        case "ratelimit":
            return numbers["rate"] > 5 * load
        case "queue":
            return place.cap <= 2 * place.rate
        case "delay":
            return numbers["ticks"] == 0
    return False
