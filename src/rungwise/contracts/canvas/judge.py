"""The judge of canvas: five sub-scores of what the simulator saw, a composite of 0..100, a pass at 85.

    stability    how steady the health stayed, 0.6 x mean + 0.4 x worst over the scenarios
    delivery     the clean work delivered, less for hostile work let through beyond what is allowed, mixed likewise
    cost         100 within the budget, falling to 0 at one and a half times it; the price is the declared sum or the
                 price book's, whichever is more
    constraints  60 for required behaviours that most of the baseline's work has passed through and that have something
                 to do where they stand (a split with one line has not), 40 for size, less 15 an extra component
    design       100 less what each structural fault takes away

The composite is the problem's weighted sum. Gates: what does not parse scores 0; what parses but breaks the schema, at
most 5; what has an entry without a working way to a delivery point, a quarter of its composite. And no stated
constraint can be bought off with points elsewhere: a canvas that is tangled, over budget, over size, without a required
behaviour at work, or leaking more hostile work than is allowed gets at most 84, less 15% for each violation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum

import msgspec
import numpy as np

from rungwise.contract import Json, Task, Verdict
from rungwise.contracts.canvas.language import Canvas, Fault, parse, price
from rungwise.contracts.canvas.simulator import Run, simulate
from rungwise.contracts.canvas.structure import LINTS, at_work, structure
from rungwise.contracts.canvas.tables import (
    D_CARRIED,
    INJECT,
    KINDS_OF_FAULT,
    N_RATE,
    T_DELIVERED,
    T_DROPPED,
    T_ERRORED,
    T_HOSTILE,
    T_LEAKED,
    T_OFFERED,
    T_PENDING,
    Floats,
    Ints,
    compile_canvas,
    compiled,
    shape_of,
)
from rungwise.errors import InputError

PASS, HELD, STEP_DOWN, GATED = 85.0, 84.0, 0.15, 0.25
SCHEMA_SCORE, REFERENCE_SCORE = 0.02, 0.05
EXERCISED, LEAST_EXERCISED = 0.6, 0.05
F_DELIVERED, F_LEAKED, F_EXCESS, F_STABLE = range(4)
PARTS = ("stability", "delivery", "cost", "constraints", "design")

FAILURES: Mapping[str, str] = {
    "unreadable": "write one JSON object (or the compact lines) and nothing else, at most 64 KiB",
    "schema": "use the fields, types and modes of the language, each field once and of its type",
    "duplicate_id": "give every component and every connection an id of its own",
    "dangling": "let connections name only components that exist",
    "no_path": "give the entry a way through a person, step or tool to a storage, channel or person at the end",
    "tangled": "have one entry, a trigger; no trigger further in, and no circle",
    "missing_required": "put every required behaviour on a component that the work passes through",
    "oversized": "use at most the stated number of components",
    "over_budget": "use fewer instances, smaller queues, cheaper types",
    "leak": "put filters where hostile work comes in",
    "overload": "give the slowest component more instances, or a queue before it that holds the peak",
    "errors": "guard what can fail with a retry, or a breaker and a queue, or a second branch; mend dead ends",
    "late": "shorten delays and raise rates so that the work is done before the end",
}


class Scenario(msgspec.Struct, frozen=True):
    kind: str
    label: str
    description: str
    start: int = 0
    ticks: int = 0
    size: int = 0


class Problem(msgspec.Struct, frozen=True):
    """The facts of a task."""

    title: str
    tier: str
    load: int
    budget: float
    max_components: int
    required: list[str]
    scenarios: list[Scenario]
    weights: dict[str, int]  # hundredths, together 100
    criteria: dict[str, float]
    leak: float
    certificate: str


def problem_of(task: Task) -> Problem:
    try:
        return msgspec.convert(task.facts, Problem)
    except msgspec.ValidationError as error:
        raise InputError(f"{error}", field=f"task {task.id}: facts") from error


def scenario_table(problem: Problem) -> Ints:
    rows = [(KINDS_OF_FAULT.index(s.kind), s.start, s.ticks, s.size) for s in problem.scenarios]
    return np.array(rows, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything the judge found out about a canvas; the verdict, the feedback and the picture are made from it."""

    canvas: Canvas
    nodes: Ints
    edges: Ints
    run: Run
    delivered: list[float]  # share of the clean work, by scenario
    leaked: list[float]  # share of the hostile work, by scenario
    stable: list[float]  # 0..1, by scenario
    parts: dict[str, float]  # 0..100
    composite: float
    failure: str | None
    missing: tuple[str, ...]  # required behaviours that are absent or carry no work
    lints: tuple[tuple[str, str], ...]  # (which, component)
    cost: float  # the declared sum or the price book's, whichever is more
    declared: float
    notes: tuple[str, ...]


def judge(problem: Problem, answer: str, surface: str) -> Verdict:
    found = examine(problem, answer, surface)
    if isinstance(found, Fault):
        score = {"unreadable": 0.0, "schema": SCHEMA_SCORE}.get(found.label, REFERENCE_SCORE)
        return Verdict(score=score, passed=False, failure=found.label, notes=(found.note,))
    return Verdict(
        score=found.composite / 100,
        passed=found.failure is None,
        failure=found.failure,
        parts={name: found.parts[name] / 100 for name in PARTS},
        measures=_measures(problem, found),
        shape=shape_of(found.nodes, found.edges),
        exploit=_exploit(found),
        notes=_notes(problem, found),
    )


def examine(problem: Problem, answer: str, surface: str) -> Outcome | Fault:
    read = parse(answer, surface)
    if isinstance(read, Fault):
        return read
    return assess(problem, read.canvas, read.notes)


def assess(problem: Problem, canvas: Canvas, notes: tuple[str, ...] = ()) -> Outcome:
    nodes, edges = compile_canvas(canvas)
    run = simulate(nodes, edges, scenario_table(problem), problem.load)
    figures = scenario_figures(run.totals, run.health, problem.leak).tolist()
    delivered, leaked, excess, stable = figures[F_DELIVERED], figures[F_LEAKED], figures[F_EXCESS], figures[F_STABLE]
    declared, book = fsum([c.cost.monthly for c in canvas.components]), sum([price(c) for c in canvas.components])
    cost = max(declared, book)
    missing = _missing(problem.required, canvas, nodes, edges, run, problem.load)
    complete, tangled, marks = structure(nodes, edges, run.target, problem.tier >= "dp3")
    lints = tuple([(LINTS[k][0], canvas.components[i].id) for k, i in marks.tolist()])
    parts = {
        "stability": 100 * _over_scenarios(stable),
        "delivery": 100 * _over_scenarios([d * (1 - x) for d, x in zip(delivered, excess, strict=True)]),
        "cost": cost_score(cost, problem.budget),
        "constraints": _constraints(problem, len(canvas.components), len(missing)),
        "design": max(0.0, 100.0 - sum([LINTS[k][1] for k, _ in marks.tolist()])),
    }
    composite = sum([problem.weights[name] * parts[name] for name in PARTS]) / 100
    broken = _broken(problem, tangled, missing, len(canvas.components), cost, max(excess))
    if not complete:
        failure: str | None = "no_path"
        composite *= GATED
    elif broken:
        failure = broken[0]
        composite = min(composite, HELD) * max(0.0, 1 - STEP_DOWN * len(broken))
    else:
        failure = None if composite >= PASS else _physical_failure(run)
    return Outcome(
        canvas,
        nodes,
        edges,
        run,
        delivered,
        leaked,
        stable,
        parts,
        composite,
        failure,
        missing,
        lints,
        cost,
        declared,
        notes,
    )


def _over_scenarios(values: list[float]) -> float:
    return 0.6 * sum(values) / len(values) + 0.4 * min(values)


@compiled
def scenario_figures(totals: Ints, health: Floats, allowed: float) -> Floats:
    """By scenario: the shares delivered, leaked, leaked beyond the allowance, and the stability, each 0..1."""
    count, windows = health.shape
    figures = np.zeros((4, count))
    for s in range(count):
        low, high, total = 1.0, 0.0, 0.0
        for w in range(windows):
            low, high, total = min(low, health[s, w]), max(high, health[s, w]), total + health[s, w]
        leaked = totals[s, T_LEAKED] / max(totals[s, T_HOSTILE], 1)
        figures[F_DELIVERED, s] = totals[s, T_DELIVERED] / max(totals[s, T_OFFERED], 1)
        figures[F_LEAKED, s] = leaked
        figures[F_EXCESS, s] = max(0.0, leaked - allowed) / (1 - allowed)
        figures[F_STABLE, s] = min(1.0, max(0.0, 0.7 * (total / windows) - 0.3 * (high - low) + 0.3))
    return figures


def cost_score(cost: float, budget: float) -> float:
    """Full credit within the budget at once, nothing from one and a half times it."""
    return 100 * min(1.0, max(0.0, (1.5 - cost / budget) / 0.5))


def _constraints(problem: Problem, size: int, missing: int) -> float:
    share = 1 - missing / len(problem.required) if problem.required else 1.0
    return 60 * share + max(0.0, 40 - 15 * max(0, size - problem.max_components))


def _missing(required: Sequence[str], canvas: Canvas, nodes: Ints, edges: Ints, run: Run, load: int) -> tuple[str, ...]:
    """What most of the work that the baseline delivers has not passed through, all components of a mode or type taken
    together."""
    least = max(EXERCISED * int(run.totals[0, T_DELIVERED]), LEAST_EXERCISED * int(run.totals[0, T_OFFERED]))
    carried: dict[str, int] = {}
    for component, (as_type, as_mode) in zip(canvas.components, at_work(nodes, edges, run.nodes[0], load), strict=True):
        mode = component.behavior.mode
        carried[component.type] = carried.get(component.type, 0) + int(as_type)
        carried[mode] = carried.get(mode, 0) + int(as_mode)
    return tuple([name for name in required if carried.get(name, 0) < max(1, least)])


def _broken(
    problem: Problem, tangled: bool, missing: Sequence[str], size: int, cost: float, excess: float
) -> list[str]:
    """The stated constraints that do not hold, one entry for each violation."""
    broken = ["tangled"] if tangled else []
    broken += ["missing_required"] * len(missing)
    broken += ["oversized"] if size > problem.max_components else []
    broken += ["over_budget"] if cost > problem.budget else []
    return broken + (["leak"] if excess > 0 else [])


def _physical_failure(run: Run) -> str:
    """What most of the credit that did not arrive in time came to, over all scenarios."""
    dropped, errored, pending = run.totals[:, [T_DROPPED, T_ERRORED, T_PENDING]].sum(axis=0).tolist()
    return "late" if pending >= max(dropped, errored) else "overload" if dropped >= errored else "errors"


def _measures(problem: Problem, found: Outcome) -> dict[str, float]:
    """Descriptive, never paid. Rates are means over the scenarios."""
    dropped, errored, capacity = _means(found.run.totals, found.run.nodes[0], found.nodes)
    delivered = sum(found.delivered) / len(found.delivered)
    want = problem.criteria
    met = (
        found.parts["stability"] >= want["stability"]
        and 100 * dropped <= want["drop"]
        and 100 * delivered >= want["delivery"]
        and 100 * errored <= want["errors"]
    )
    return {
        "components": float(len(found.nodes)),
        "cost_share": found.cost / problem.budget,
        "capacity_share": capacity,
        "delivered": delivered,
        "dropped": dropped,
        "errored": errored,
        "criteria_met": float(met),
    }


@compiled
def _means(totals: Ints, baseline: Ints, nodes: Ints) -> tuple[float, float, float]:
    dropped, errored, capacity = 0.0, 0.0, 0.0
    for s in range(totals.shape[0]):
        dropped += totals[s, T_DROPPED] / max(totals[s, T_OFFERED], 1) / totals.shape[0]
        errored += totals[s, T_ERRORED] / max(totals[s, T_OFFERED], 1) / totals.shape[0]
    for i in range(nodes.shape[0]):
        capacity += baseline[i, D_CARRIED] / (nodes[i, N_RATE] * INJECT) / nodes.shape[0]
    return dropped, errored, capacity


def _exploit(found: Outcome) -> str | None:
    """Ways that paid elsewhere and pay nothing here; named so that a policy that tries them can be seen."""
    if found.declared < 0.5 * found.cost:
        return "underpriced"
    if not found.missing:
        return None
    present = {c.behavior.mode for c in found.canvas.components} | {c.type for c in found.canvas.components}
    return "decorative" if any(name in present for name in found.missing) else None


def _notes(problem: Problem, found: Outcome) -> tuple[str, ...]:
    notes = list(found.notes)
    wording = {name: text for name, _, text in LINTS}
    notes += [f"{component} {wording[lint]}" for lint, component in found.lints]
    notes += [f"required {name} carries no work" for name in found.missing]
    if found.cost > problem.budget:
        notes.append(f"costs {found.cost:.0f} of a budget of {problem.budget:.0f} a month")
    if len(found.nodes) > problem.max_components:
        notes.append(f"{len(found.nodes)} components; at most {problem.max_components}")
    for number, scenario in enumerate(problem.scenarios):
        if found.delivered[number] < 0.9 or found.stable[number] < 0.7:
            notes.append(
                f"{scenario.label}: delivered {found.delivered[number]:.0%}, stability {found.stable[number]:.0%}"
            )
    return tuple(notes)


# ---- what a policy may be told before a second try ----


def feedback(problem: Problem, answer: str, surface: str) -> dict[str, Json]:
    """Failing scenarios and checks, in steps of 5%; never the composite, the weights or a solution."""
    found = examine(problem, answer, surface)
    if isinstance(found, Fault):
        check = {"check": found.label, "missing": []}
        return {"v1Passed": False, "failingScenarios": [], "failingChecks": [check], "observations": [found.label]}
    lints = sorted({lint for lint, _ in found.lints})
    checks = [{"check": lint, "missing": []} for lint in lints]
    if found.missing:
        checks.append({"check": "missing_required", "missing": list(found.missing)})
    if len(found.nodes) > problem.max_components:
        checks.append({"check": "oversized", "missing": []})
    if found.cost > problem.budget:
        checks.append({"check": "over_budget", "missing": []})
    observations = [found.failure] if found.failure else []
    return {
        "v1Passed": found.failure is None,
        "failingScenarios": _failing_scenarios(problem, found),
        "failingChecks": checks,
        "observations": [*observations, *lints],
    }


def _failing_scenarios(problem: Problem, found: Outcome) -> list[dict[str, Json]]:
    failing: list[dict[str, Json]] = []
    for number, scenario in enumerate(problem.scenarios):
        seen = (
            ("delivery", float(found.delivered[number]), problem.criteria["delivery"] / 100),
            ("stability", float(found.stable[number]), problem.criteria["stability"] / 100),
        )
        failing += [
            {"label": scenario.label, "kind": scenario.kind, "metric": metric, "observed": _coarse(observed),
             "target": _coarse(target)}
            for metric, observed, target in seen
            if observed < target
        ]  # fmt: skip
    return failing


def _coarse(share: float) -> float:
    return round(round(share * 20) / 20, 2)
