"""Proof that a problem can be solved: a search over ordinary designs for a canvas of 90 or more.

A design is a row of stages from the trigger to the store; a stage is one part or, behind a split, several branches.
Designs are drawn at random from what an engineer would draw (queue before the workers, guards before what can fail,
filters in front), then their numbers are climbed up to 90, then what the design does not need is taken away. The first
design that gets there is the certificate, not the best of all, so that certificates differ from one another. The
problem's budget is set from its cost afterwards, and the certificate is the task's gold answer.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import msgspec

from rungwise.contracts.canvas.judge import Outcome, Problem, assess
from rungwise.contracts.canvas.language import (
    MODES,
    Behavior,
    Canvas,
    Component,
    Connection,
    Cost,
    Mode,
    Type,
    price,
    write,
)
from rungwise.seeds import stream

ENOUGH, STEADY = 90.0, 0.85
DESIGNS, CLIMB, THRIFT = 12, 45, 40
HOPE = {0: 50.0, 3: 68.0, 6: 76.0, 10: 81.0, 16: 85.0, 24: 87.5}  # a climb below this by this step is given up
NO_BUDGET = 1e9

SPARE: tuple[Mode, ...] = ("queue", "retry", "circuitbreaker", "passthrough")
THIN: tuple[Type, ...] = ("channel", "decision")
WORKERS: tuple[Type, ...] = ("step", "step", "tool", "person")
Params = tuple[tuple[str, int | float | str], ...]


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    type: Type
    mode: Mode = "passthrough"
    scale: int = 1
    params: Params = ()

    def with_param(self, name: str, value: int | float | str) -> "Part":
        return replace(self, params=(*[p for p in self.params if p[0] != name], (name, value)))


Design = tuple[tuple[tuple[Part, ...], ...], ...]  # stages of branches of parts


def certificate(problem: Problem, rng: random.Random) -> tuple[Canvas, Outcome] | None:
    """A canvas of 90 or more and what the judge says of it, or None where no design drawn gets there."""
    free = msgspec.structs.replace(problem, budget=NO_BUDGET)
    for _ in range(DESIGNS):
        design = draw(problem, rng)
        if len(list(parts_of(design))) > problem.max_components:
            continue
        found = _climb(free, design, rng)
        if found is not None:
            return found
    return None


def attempt(problem: Problem, seed: int, surface: str) -> str:
    """What an engineer might draw at first, nothing simulated: a yardstick for how hard the tiers are."""
    return write(drawn(draw(problem, stream(seed, "canvas attempt", problem.certificate)), problem.title), surface)


def _climb(problem: Problem, design: Design, rng: random.Random) -> tuple[Canvas, Outcome] | None:
    """Up to 90 by changing numbers one at a time; given up early where there is little hope."""
    best = assess(problem, drawn(design, problem.title))
    for step in range(CLIMB):
        if _is_enough(best):
            return _thrifty(problem, design, best, rng)
        if best.composite < HOPE.get(step, 0.0):
            return None
        other = _changed(design, rng)
        found = assess(problem, drawn(other, problem.title))
        if found.composite > best.composite:
            design, best = other, found
    return None


def _is_enough(found: Outcome) -> bool:
    """A pass with a margin, and no example to anyone of losing a good part of the steady load."""
    return found.failure is None and found.composite >= ENOUGH and found.delivered[0] >= STEADY


def _thrifty(problem: Problem, design: Design, best: Outcome, rng: random.Random) -> tuple[Canvas, Outcome]:
    """The same design with what it does not need taken away, while it stays at 90 or more."""
    for _ in range(THRIFT):
        other = _smaller(design, rng)
        if other == design:
            continue
        found = assess(problem, drawn(other, problem.title))
        if _is_enough(found) and found.cost < best.cost:
            design, best = other, found
    return best.canvas, best


# ---- drawing a design ----


def draw(problem: Problem, rng: random.Random) -> Design:
    kinds = {scenario.kind for scenario in problem.scenarios}
    wanted = required_modes(problem)
    rough = bool(kinds & {"outage", "cascade", "latency"})
    stages: list[tuple[tuple[Part, ...], ...]] = [((Part("in", "trigger"),),)]
    front: list[Part] = []
    screens = rng.choice((1, 1, 2)) if "adversarial" in kinds else int("filter" in wanted)
    front += [_thin("screen", "filter", rng, ("strictness", 0.5)) for _ in range(screens)]
    if "ratelimit" in wanted:
        front.append(_thin("limit", "ratelimit", rng, ("rate", 60), ("burst", 60)))
    rng.shuffle(front)
    if "queue" in wanted or rough or "spike" in kinds or rng.random() < 0.3:
        front.append(Part("queue", rng.choice(THIN), "queue", 2, (("capacity", 240),)))
    stages += [((part,),) for part in front]
    stages += _workers(wanted, rough, rng)
    stages.append(((Part("store", "storage", scale=2),),))
    return _limited(_with_required(tuple(stages), wanted, rng), 4 * problem.load)


def _limited(design: Design, rate: int) -> Design:
    """Rate limits that let four times the steady load by."""

    def limited(part: Part) -> Part:
        return replace(part, params=(("rate", rate), ("burst", rate))) if part.mode == "ratelimit" else part

    return tuple(tuple(tuple(limited(part) for part in branch) for branch in stage) for stage in design)


def required_modes(problem: Problem) -> list[Mode]:
    """What is required of modes; a required type is there in every design."""
    return [mode for mode in MODES if mode in problem.required]


def _thin(name: str, mode: Mode, rng: random.Random, *params: tuple[str, float]) -> Part:
    return Part(name, rng.choice(THIN), mode, 2, params)


def _workers(wanted: Sequence[Mode], rough: bool, rng: random.Random) -> list[tuple[tuple[Part, ...], ...]]:
    worker = Part("work", rng.choice(WORKERS), rng.choice(("passthrough", "transform")), 2)
    guards = [name for name in ("retry", "circuitbreaker") if name in wanted]
    if rough and not guards and rng.random() < 0.8:
        guards = [rng.choice(("retry", "circuitbreaker"))]
    rng.shuffle(guards)
    branch = (*[_guard(name, rng) for name in guards[: rng.choice((1, 2))]], worker)
    width = rng.choice((2, 2, 3)) if "split" in wanted or (rough and rng.random() < 0.6) else 1
    if width == 1:
        return [((part,),) for part in branch]
    return [((Part("share", rng.choice(THIN), "split", 2),),), (branch,) * width]


def _guard(name: str, rng: random.Random) -> Part:
    kind: Type = rng.choice((*THIN, "step"))
    if name == "retry":
        return Part("again", kind, "retry", 2, (("maxRetries", rng.choice((2, 3, 5))), ("backoff", rng.choice((2, 4)))))
    return Part("fuse", kind, "circuitbreaker", 2, (("cooldown", rng.choice((4, 8))),))


def _with_required(design: Design, wanted: Sequence[Mode], rng: random.Random) -> Design:
    """Every required mode that is not there yet goes onto a part that has none to lose, or onto a new one."""
    for mode in wanted:
        if any(part.mode == mode for part in parts_of(design)):
            continue
        plain = [i for i, stage in enumerate(design) if len(stage) == 1 and _is_plain(stage[0][0], mode)]
        if plain and rng.random() < 0.5:
            place = rng.choice(plain)
            part = design[place][0][0]
            design = (*design[:place], ((_in_mode(part, mode),),), *design[place + 1 :])
        else:
            alone = [i for i in range(1, len(design)) if len(design[i]) == 1 and design[i - 1][0][-1].mode != "split"]
            place = rng.choice(alone)
            extra = _in_mode(Part(mode[:6], rng.choice(THIN), scale=2), mode)
            design = (*design[:place], ((extra,),), *design[place:])
    return design


def _is_plain(part: Part, mode: str) -> bool:
    return part.mode in ("passthrough", "transform") and not (part.type == "trigger" and mode in ("batch", "retry"))


def _in_mode(part: Part, mode: Mode) -> Part:
    params: Params = {
        "queue": (("capacity", 160),), "ratelimit": (("rate", 60), ("burst", 60)), "delay": (("ticks", 1),),
        "batch": (("size", 4), ("maxWait", 1)), "filter": (("strictness", 0.2),),
    }.get(mode, ())  # fmt: skip
    return replace(part, mode=mode, params=params)


# ---- changing one thing ----

STEPS: dict[str, tuple[str, tuple[int | float, ...]]] = {
    "queue": ("capacity", (20, 40, 80, 120, 160, 200, 240, 280, 320, 360, 400)),
    "filter": ("strictness", (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)),
    "ratelimit": ("rate", (12, 16, 20, 30, 40, 60, 80, 120)),
    "circuitbreaker": ("cooldown", (2, 3, 4, 6, 8, 12)),
}


def _changed(design: Design, rng: random.Random) -> Design:
    """One part bigger or smaller, or its number one step along; all branches of a stage alike."""
    stage, spot, part = _any_part(design, rng)
    known = STEPS.get(part.mode)
    if part.mode == "retry" and rng.random() < 0.5:
        changed = part.with_param(rng.choice(("maxRetries", "backoff")), rng.choice((1, 2, 3, 4, 5)))
    elif known and rng.random() < 0.5:
        changed = part.with_param(known[0], _next(known[1], dict(part.params).get(known[0], known[1][0]), rng))
    elif rng.random() < 0.15 and part.type in ("step", "tool", "person"):
        changed = replace(part, type=rng.choice(WORKERS))
    else:
        changed = replace(part, scale=min(4, max(1, part.scale + rng.choice((-1, 1)))))
    return _with_part(design, stage, spot, changed)


def _smaller(design: Design, rng: random.Random) -> Design:
    """One part with an instance less, or a queue that holds less."""
    stage, spot, part = _any_part(design, rng)
    capacity = dict(part.params).get("capacity")
    if capacity is not None and rng.random() < 0.5:
        changed = part.with_param("capacity", max(20, int(capacity) - 40))
    else:
        changed = replace(part, scale=max(1, part.scale - 1))
    return _with_part(design, stage, spot, changed)


def _any_part(design: Design, rng: random.Random) -> tuple[int, int, Part]:
    stage = rng.randrange(1, len(design))
    spot = rng.randrange(len(design[stage][0]))
    return stage, spot, design[stage][0][spot]


def _with_part(design: Design, stage: int, spot: int, part: Part) -> Design:
    branch = design[stage][0]
    branch = (*branch[:spot], part, *branch[spot + 1 :])
    return (*design[:stage], (branch,) * len(design[stage]), *design[stage + 1 :])


def _next(values: Sequence[int | float], now: int | float | str, rng: random.Random) -> int | float:
    at = values.index(now) if now in values else 0
    return values[min(len(values) - 1, max(0, at + rng.choice((-2, -1, 1, 2))))]


# ---- from design to canvas ----


def parts_of(design: Design) -> Iterator[Part]:
    return (part for stage in design for branch in stage for part in branch)


def drawn(design: Design, title: str) -> Canvas:
    """The canvas of a design: stages joined in order, names that stand twice numbered, costs as in the price book."""
    components: list[Component] = []
    connections: list[Connection] = []
    tails: list[str] = []
    used: dict[str, int] = {}
    for stage in design:
        ends: list[str] = []
        for branch in stage:
            before = tails
            for part in branch:
                used[part.name] = used.get(part.name, 0) + 1
                name = part.name if used[part.name] == 1 else f"{part.name}{used[part.name]}"
                components.append(_component(name, part))
                for source in before:
                    connections.append(Connection(id=f"c{len(connections) + 1}", source=source, target=name))
                before = [name]
            ends += before
        tails = ends
    return Canvas(name=title, components=components, connections=connections)


def _component(name: str, part: Part) -> Component:
    behavior = Behavior(mode=part.mode, params=dict(part.params))
    free = Component(
        id=name, type=part.type, label=name, behavior=behavior, cost=Cost(monthly=0.0, setup=0.0), scale=part.scale
    )
    return msgspec.structs.replace(free, cost=Cost(monthly=float(price(free)), setup=0.0))


# ---- the refusal: too easy ----


def unskilled_passes(problem: Problem, tries: int, rng: random.Random) -> int:
    """How many of so many designs drawn without simulating pass."""
    return sum([assess(problem, drawn(draw(problem, rng), problem.title)).failure is None for _ in range(tries)])


def solved_by_few(problem: Problem) -> bool:
    """Whether a row of three or four passes with the required modes on it in some order, or a trunk of the required
    modes with a pool of workers at its end."""
    return any(
        sum([c.cost.monthly for c in canvas.components]) <= problem.budget and assess(problem, canvas).failure is None
        for canvas in (*_rows(problem), *_pools(problem))
    )


def _rows(problem: Problem) -> Iterator[Canvas]:
    modes = required_modes(problem)
    if "split" in modes:  # has nothing to do in a row
        return
    guards = [mode for mode in SPARE if mode not in modes]
    for size in (3, 4):
        if len(modes) > size:
            continue
        placed = [*modes, *guards][: max(size, len(modes))]
        for order in sorted(set(permutations(placed, size))):
            for worker in (WORKERS[0], WORKERS[-1]):
                for scale in (2, 4):
                    yield _row(problem, order, worker, scale)


def _row(problem: Problem, order: Sequence[Mode], worker: Type, scale: int) -> Canvas:
    middle: list[Type] = ["channel"] if len(order) == 4 else []
    types: list[Type] = ["trigger", *middle, worker, "storage"]
    parts = [Part(f"p{i}", type_, scale=1 if type_ == "trigger" else scale) for i, type_ in enumerate(types)]
    row = [_generous(_in_mode(part, mode)) for part, mode in zip(parts, order, strict=True)]
    return drawn(_limited(tuple(((part,),) for part in row), 4 * problem.load), problem.title)


def _pools(problem: Problem) -> Iterator[Canvas]:
    trunk = [
        _generous(_in_mode(Part(mode, "channel", scale=2), mode)) for mode in required_modes(problem) if mode != "split"
    ]
    head = (*[((part,),) for part in (Part("in", "trigger"), *trunk)], ((Part("share", "decision", "split", 2),),))
    for width in (2, 3, 4):
        for worker in (WORKERS[0], WORKERS[-1]):
            pool = ((Part("work", worker, scale=2),),) * width
            design = (*head, pool, ((Part("store", "storage", scale=2),),))
            yield drawn(_limited(design, 4 * problem.load), problem.title)
            if worker == "person":
                yield drawn(_limited((*head, pool), 4 * problem.load), problem.title)


def _generous(part: Part) -> Part:
    if part.mode == "queue":
        return part.with_param("capacity", 320)
    return part.with_param("maxRetries", 5) if part.mode == "retry" else part
