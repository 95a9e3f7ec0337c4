"""Canvases that nobody would draw: any mode with any numbers, fan-outs, cycles, several entries. And mutated gold ones.

From a random.Random alone, so that a number names a canvas. All have an entry; most have a worker and a store.
"""

import random
from collections.abc import Sequence
from typing import get_args

from msgspec.structs import replace

from rungwise.contracts.canvas.judge import Problem, Scenario
from rungwise.contracts.canvas.language import (
    FRACTIONS,
    PARAMS,
    Behavior,
    Canvas,
    Component,
    Connection,
    Cost,
    Fault,
    Mode,
    Type,
    parse,
    write,
)

ALL_TYPES: tuple[Type, ...] = get_args(Type)
ALL_MODES: tuple[Mode, ...] = get_args(Mode)
INNER: tuple[Type, ...] = ("step", "step", "tool", "person", "decision", "channel", "storage")
WORKING: tuple[Type, ...] = ("step", "tool", "person")
AT_ENTRIES: tuple[Mode, ...] = ("passthrough", "passthrough", "split", "replicate", "ratelimit", "retry", "filter")
AT_ENDS: tuple[Mode, ...] = ("passthrough", "queue", "transform")
WEIGHTS = {"stability": 30, "delivery": 30, "cost": 15, "constraints": 15, "design": 10}


def stressed(load: int, *scenarios: Scenario) -> Problem:
    """A problem that asks for nothing but to be survived."""
    return Problem(
        title="", tier="dp4", load=load, budget=1e6, max_components=64, required=[],
        scenarios=[Scenario("baseline", "", ""), *scenarios], weights=WEIGHTS, criteria={}, leak=0.3, certificate="",
    )  # fmt: skip


def storm(rng: random.Random) -> Problem:
    """All six kinds of scenario, of any size that the tiers have."""
    return stressed(
        rng.randint(6, 16),
        Scenario("spike", "", "", rng.choice((16, 20, 24)), 20, rng.choice((150, 250, 325))),
        Scenario("outage", "", "", 20, rng.choice((12, 20, 26)), 0),
        Scenario("latency", "", "", 16, 32, rng.choice((2, 4, 6))),
        Scenario("cascade", "", "", 20, rng.choice((12, 22)), 0),
        Scenario("adversarial", "", "", 16, 32, rng.choice((100, 150, 200))),
    )


def wild(rng: random.Random) -> Canvas:
    entries = rng.choice((1, 1, 1, 2, 3))
    n = max(rng.randint(4, 11), entries + 3)
    components = [_part(f"n{i}", "trigger", rng, rng.choice(AT_ENTRIES)) for i in range(entries)]
    components += [_part(f"n{i}", rng.choice(INNER), rng) for i in range(entries, n - 2)]
    components += [_part(f"n{n - 2}", rng.choice(WORKING), rng)]
    components += [_part(f"n{n - 1}", "storage", rng, rng.choice(AT_ENDS))]
    pairs = _pairs(entries, n, rng)
    connections = [
        Connection(
            id=f"c{k}", source=f"n{a}", target=f"n{b}", latency=float(rng.choice((0, 0, 0, 250, 1000, 4000))),
            weight=rng.choice((1.0, 1.0, 1.0, 2.0, 0.5, 3.0)),
        )
        for k, (a, b) in enumerate(pairs)
    ]  # fmt: skip
    return read(write(Canvas(name="wild", components=components, connections=connections)))


def _pairs(entries: int, n: int, rng: random.Random) -> Sequence[tuple[int, int]]:
    """One to three lines ahead from each component, and up to two that lead back."""
    pairs: list[tuple[int, int]] = []
    for i in range(n - 1):
        first = max(i + 1, entries)
        pairs += [(i, rng.randint(first, min(n - 1, first + 3))) for _ in range(rng.choice((1, 1, 1, 2, 2, 3)))]
    for _ in range(rng.choice((0, 0, 0, 1, 2))):
        a = rng.randint(entries, n - 2)
        pairs.append((a, rng.randint(entries, a)))
    pairs = list(dict.fromkeys(pairs))
    rng.shuffle(pairs)
    return pairs


def mutated(canvas: Canvas, rng: random.Random) -> Canvas:
    """One to four changes of a mode, a number, a type or a line."""
    for number in range(rng.randint(1, 4)):
        canvas = _changed(canvas, f"x{number}", rng)
    return read(write(canvas))


def _changed(canvas: Canvas, name: str, rng: random.Random) -> Canvas:
    components, connections = list(canvas.components), list(canvas.connections)
    i, k = rng.randrange(len(components)), rng.randrange(len(connections))
    part, line = components[i], connections[k]
    match rng.choice(("mode", "numbers", "scale", "type", "insert", "weigh", "cut", "join")):
        case "mode":
            components[i] = replace(part, behavior=_behavior(rng.choice(ALL_MODES), rng))
        case "numbers":
            components[i] = replace(part, behavior=_behavior(part.behavior.mode, rng))
        case "scale":
            components[i] = replace(part, scale=rng.randint(1, 4))
        case "type":
            components[i] = replace(part, type=rng.choice(ALL_TYPES))
        case "insert":
            components.append(_part(name, rng.choice(ALL_TYPES), rng))
            connections[k] = replace(line, target=name)
            connections.append(Connection(id=name, source=name, target=line.target))
        case "weigh":
            connections[k] = replace(line, weight=rng.choice((0.5, 2.0, 5.0)), latency=rng.choice((0.0, 500.0, 2000.0)))
        case "cut" if len(connections) > 2:
            connections.pop(k)
        case "join":
            other = rng.choice(components)
            if (part.id, other.id) not in {(c.source, c.target) for c in connections}:
                connections.append(Connection(id=name, source=part.id, target=other.id))
    return Canvas(name=canvas.name, components=components, connections=connections)


def _part(name: str, type_: Type, rng: random.Random, mode: Mode | None = None) -> Component:
    behavior = _behavior(rng.choice(ALL_MODES) if mode is None else mode, rng)
    free = Cost(monthly=0.0, setup=0.0)
    return Component(id=name, type=type_, label=name, behavior=behavior, cost=free, scale=rng.randint(1, 4))


def _behavior(mode: Mode, rng: random.Random) -> Behavior:
    """Each number left out, at an end of its range, or somewhere between."""
    params: dict[str, int | float | str] = {}
    for name, spec in PARAMS.get(mode, {}).items():
        if rng.random() < 0.4:
            continue
        if spec.words:
            params[name] = rng.choice(spec.words)
        elif name in FRACTIONS:
            params[name] = round(rng.uniform(spec.low, spec.high), 2)
        else:
            between = rng.randint(int(spec.low), int(min(spec.high, 4 * spec.default)))
            params[name] = rng.choice((int(spec.low), int(spec.default), between))
    return Behavior(mode=mode, params=params)


def read(text: str, surface: str = "json") -> Canvas:
    found = parse(text, surface)
    assert not isinstance(found, Fault), found
    return found.canvas


def drawing(text: str) -> Canvas:
    """A canvas from its compact lines, however they are indented."""
    return read('canvas "drawing"\n' + "\n".join(line.strip() for line in text.strip().splitlines()), "compact")
