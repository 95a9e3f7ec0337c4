"""The tasks of canvas: problems drawn from a tier table, worded, and proved solvable.

Splits: `train` (tiers in the proportions of the published pool, 28/58/114/114/58/28 in every 400), `dev` and `test`
(all tiers alike, held-out systems and wording), `published` (the first 20 items in the published held-out proportions,
1/3/6/6/3/1), `transfer` (as test, in the one class that no other split has). A hash of the problem's structure, not of
its words, decides which split may have it, so no split can hold another's problem in other words.

Item i depends on (split, seed, i) alone: drawing is repeated under the same stream until the structure falls into the
split, a certificate is found, and (from dp3 on) it is not too easy: four components do not solve it, nor do most
designs drawn without simulating.
"""

import math
import random
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from rungwise.contract import Json, Lazy, Task, hash_of, task_id
from rungwise.contracts.canvas.certificate import NO_BUDGET, certificate, solved_by_few, unskilled_passes
from rungwise.contracts.canvas.judge import Problem, Scenario
from rungwise.contracts.canvas.language import parse, write
from rungwise.contracts.canvas.words import SYSTEMS, System, brief, scenario_words
from rungwise.errors import InputError, nearest
from rungwise.seeds import stream

TIERS = ("dp1", "dp2", "dp3", "dp4", "dp5", "dp6")
SPLITS = ("train", "dev", "test", "published", "transfer")
CLASSES = ("infra", "ops", "civic", "adversarial")
TRANSFER_CLASS = "personal"
POOLS: Mapping[str, tuple[int, ...]] = {
    "train": (28, 58, 114, 114, 58, 28),
    "dev": (1, 1, 1, 1, 1, 1),
    "test": (1, 1, 1, 1, 1, 1),
    "published": (1, 3, 6, 6, 3, 1),
    "transfer": (1, 1, 1, 1, 1, 1),
}
BUCKETS = 20
OWNED: Mapping[str, range] = {
    "train": range(12),
    "dev": range(12, 14),
    "published": range(14, 15),
    "test": range(15, 18),
    "transfer": range(18, 20),
}

MAX_COMPONENTS = (6, 8, 10, 11, 12, 13)
ROOM = (6, 2, 1, 1, 1, 1)  # components beyond the certificate's, up to the tier's most
REQUIRED = ((1, 2), (2, 3), (3, 3), (3, 4), (4, 4), (4, 5))
LOADS = ((6, 12), (8, 14), (13, 18), (12, 18), (12, 17), (12, 16))
SCENARIOS = (1, 2, 3, 4, 5, 5)
TRIES, UNSKILLED = 12, (12, 12, 6, 4, 2, 1)
SLACK = (2.2, 1.7, 1.18, 1.1, 1.05, 1.02)
SPIKE = (150, 200, 250, 275, 300, 325)
OUTAGE = (12, 16, 20, 22, 24, 26)
DELAY = (2, 2, 3, 4, 5, 6)
CASCADE = (12, 16, 20, 22, 24, 26)
HOSTILE = (100, 100, 125, 150, 175, 200)
LEAK = (0.4, 0.4, 0.35, 0.3, 0.25, 0.2)
CRITERIA = (
    (58, 16.8, 75.0, 12), (58, 14.0, 75.8, 10), (73, 11.2, 83.7, 8), (79, 8.8, 87.5, 6), (78, 7.3, 88.0, 5),
    (80, 6.5, 88.5, 5),
)  # fmt: skip
BEHAVIOURS: Mapping[str, tuple[str, ...]] = {
    "infra": ("queue", "retry", "circuitbreaker", "ratelimit", "storage", "batch", "transform", "split"),
    "ops": ("queue", "split", "circuitbreaker", "batch", "storage", "delay", "transform", "retry"),
    "civic": ("queue", "split", "circuitbreaker", "ratelimit", "retry", "storage", "delay", "batch"),
    "personal": ("queue", "split", "retry", "circuitbreaker", "transform", "storage", "delay", "batch"),
    "adversarial": ("filter", "ratelimit", "circuitbreaker", "queue", "split", "storage", "batch", "delay"),
}
WEIGHTS = ((30, 30, 15, 15, 10), (34, 26, 15, 15, 10), (26, 34, 15, 15, 10))


def tasks(split: str, n: int, seed: int, name: str, version: str, surface: str) -> Lazy:
    if split not in SPLITS:
        raise InputError(f"no split {split!r}; {nearest(split, SPLITS)}", field="split")
    return Lazy(range(n), lambda index: _task(split, seed, index, name, version, surface))


def gold(task: Task, surface: str) -> str:
    return write(parse(task.facts["certificate"], "compact").canvas, surface)  # type: ignore[union-attr]


def structure(facts: Mapping[str, Json]) -> Json:
    """What makes it this problem: everything but its words, its limits that follow from the rest, and its proof."""
    scenarios = [[s["kind"], s["start"], s["ticks"], s["size"]] for s in facts["scenarios"]]
    return [facts["tier"], facts["load"], facts["required"], scenarios, facts["weights"]]


def public(task: Task) -> dict[str, Json]:
    """What the prompt tells anyway, as the published interface lays it out."""
    facts = task.facts
    return {
        "title": facts["title"],
        "constraints": {
            "maxComponents": facts["max_components"],
            "requiredBehaviors": facts["required"],
            "monthlyCostUsd": facts["budget"],
            "maxHostileShare": facts["leak"],
        },
        "scenarios": [{"label": s["label"], "description": s["description"]} for s in facts["scenarios"]],
    }


def _task(split: str, seed: int, index: int, name: str, version: str, surface: str) -> Task:
    family, paragraph, problem = _solvable(split, seed, index)
    content = {
        "tier": problem.tier,
        "family": family,
        "prompt": _prompt(problem, paragraph, surface),
        "facts": msgspec.to_builtins(problem),
    }
    return Task(id=task_id(name, version, surface=surface, **content), contract=name, split=split, **content)


@lru_cache(maxsize=8192)
def _solvable(split: str, seed: int, index: int) -> tuple[str, str, Problem]:
    """Class, brief and problem. Pure, so remembered: examining, probing and training ask for the same tasks again."""
    rng = stream(seed, "canvas tasks", split, index)
    level = TIERS.index(_tier(split, seed, index))
    proved = None
    while proved is None:
        family = TRANSFER_CLASS if split == "transfer" else rng.choice(CLASSES)
        problem = _problem(split, family, level, rng)
        system = rng.choice(SYSTEMS[family][split if split in ("train", "dev") else "heldout"])
        proved = _proved(_worded(problem, system, split != "train", rng), rng)
    return family, brief(system, family, proved.load, split != "train", rng), proved


def _tier(split: str, seed: int, index: int) -> str:
    """Every full round of the pool has exactly the pool's numbers, in an order of its own."""
    pool = [tier for tier, count in zip(TIERS, POOLS[split], strict=True) for _ in range(count)]
    lap, place = divmod(index, len(pool))
    return _shuffled(tuple(pool), seed, split, lap)[place]


@lru_cache(maxsize=64)
def _shuffled(pool: tuple[str, ...], seed: int, split: str, lap: int) -> tuple[str, ...]:
    order = list(pool)
    stream(seed, "canvas tiers", split, lap).shuffle(order)
    return tuple(order)


# ---- the problem without its words ----


def _problem(split: str, family: str, level: int, rng: random.Random) -> Problem:
    """A problem whose structure belongs to the split, with no words and no budget yet."""
    while True:
        problem = _drawn(family, level, rng)
        if int(hash_of(structure(msgspec.to_builtins(problem)))[:8], 16) % BUCKETS in OWNED[split]:
            return problem


def _drawn(family: str, level: int, rng: random.Random) -> Problem:
    low, high = REQUIRED[level]
    required = sorted(rng.sample(BEHAVIOURS[family], rng.randint(low, high)))
    stability, drop, delivery, errors = CRITERIA[level]
    weights = dict(zip(("stability", "delivery", "cost", "constraints", "design"), rng.choice(WEIGHTS), strict=True))
    return Problem(
        title="",
        tier=TIERS[level],
        load=rng.randint(*LOADS[level]),
        budget=NO_BUDGET,
        max_components=MAX_COMPONENTS[level],
        required=required,
        scenarios=[_scenario(kind, level, rng) for kind in _kinds(family, level, rng)],
        weights=weights,
        leak=LEAK[level],
        certificate="",
        criteria={"stability": stability, "drop": drop, "delivery": delivery, "errors": errors},
    )


def _kinds(family: str, level: int, rng: random.Random) -> list[str]:
    count = SCENARIOS[level] - 1
    if count == 0:
        return ["baseline"]
    hostile = ["adversarial"] if family == "adversarial" else []
    if level == 1:
        return ["baseline", *(hostile or [rng.choice(("spike", "latency"))])]
    if level == 2:
        return ["baseline", *(hostile or ["spike"]), rng.choice(("cascade", "outage"))]
    others = ["spike", "cascade", "latency", "outage"]
    if not hostile and rng.random() < 0.2:
        hostile = ["adversarial"]
    chosen = hostile + rng.sample(others, min(count - len(hostile), len(others)))
    return ["baseline", *sorted(chosen)]


def _scenario(kind: str, level: int, rng: random.Random) -> Scenario:
    start = rng.choice((16, 20, 24))
    ticks, size = {
        "baseline": (0, 0), "spike": (rng.choice((16, 20, 24)), SPIKE[level]), "outage": (OUTAGE[level], 0),
        "latency": (rng.choice((24, 32, 40)), DELAY[level]), "cascade": (CASCADE[level], 0),
        "adversarial": (rng.choice((24, 32, 40)), HOSTILE[level]),
    }[kind]  # fmt: skip
    return Scenario(kind=kind, label="", description="", start=start if ticks else 0, ticks=ticks, size=size)


def _proved(problem: Problem, rng: random.Random) -> Problem | None:
    """The problem with its budget and certificate; None where it is too hard to prove or too easy to be worth it."""
    found = certificate(problem, rng)
    if found is None:
        return None
    canvas, outcome = found
    level = TIERS.index(problem.tier)
    proved = msgspec.structs.replace(
        problem,
        budget=float(math.ceil(SLACK[level] * outcome.cost)),
        max_components=min(problem.max_components, len(canvas.components) + ROOM[level]),
        certificate=write(canvas, "compact"),
    )
    return None if _too_easy(proved, rng) else proved


def _too_easy(problem: Problem, rng: random.Random) -> bool:
    """From dp3 on: a few components solve it, or more of a dozen unskilled designs than the tier allows."""
    level = TIERS.index(problem.tier)
    if level < 2:
        return False
    return unskilled_passes(problem, TRIES, rng) > UNSKILLED[level] or solved_by_few(problem)


# ---- its words ----


def _worded(problem: Problem, system: System, heldout: bool, rng: random.Random) -> Problem:
    scenarios = []
    for scenario in problem.scenarios:
        label, description = scenario_words(
            scenario.kind, {"percent": scenario.size, "ticks": _told(scenario)}, system, heldout, rng
        )
        scenarios.append(msgspec.structs.replace(scenario, label=label, description=description))
    return msgspec.structs.replace(problem, title=system.title, scenarios=scenarios)


def _told(scenario: Scenario) -> int:
    """The ticks that the description speaks of: how long a fault lasts, but how much longer an item takes."""
    return scenario.size if scenario.kind == "latency" else scenario.ticks


def _prompt(problem: Problem, paragraph: str, surface: str) -> str:
    hostile = any(scenario.kind == "adversarial" for scenario in problem.scenarios)
    form = "CanvasState JSON" if surface == "json" else "compact canvas lines"
    return "\n".join(
        [
            f"# {problem.title}",
            paragraph,
            "Constraints:",
            f"- at most {problem.max_components} components",
            f"- at work on the way: {', '.join(problem.required)}",
            f"- at most ${problem.budget:.0f} a month",
            *([f"- at most {problem.leak:.0%} of what is hostile let through"] if hostile else []),
            "Scenarios:",
            *[f"- {scenario.label}: {scenario.description}" for scenario in problem.scenarios],
            f"Answer with the canvas alone, as {form}.",
        ]
    )
