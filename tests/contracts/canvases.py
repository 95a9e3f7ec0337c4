"""Canvases for tests: any that the language allows, and gold ones with their problems."""

from functools import cache

import msgspec
from hypothesis import strategies as st

from rungwise.contract import Task, load_contract
from rungwise.contracts.canvas.judge import Problem, problem_of
from rungwise.contracts.canvas.language import (
    MODES,
    PARAMS,
    TYPES,
    Behavior,
    Canvas,
    Component,
    Connection,
    Cost,
    parse,
)

CONTRACT = load_contract("canvas", {"surface": "compact"})


@cache
def tasks(split: str, n: int, seed: int = 0) -> tuple[Task, ...]:
    return tuple(CONTRACT.tasks(split, n, seed))


def gold_of(task: Task) -> Canvas:
    read = parse(CONTRACT.gold(task) or "", "compact")
    canvas: Canvas = read.canvas  # type: ignore[union-attr]
    return canvas


def problems(split: str, n: int, seed: int = 0) -> list[Problem]:
    return [problem_of(task) for task in tasks(split, n, seed)]


texts = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF).filter(str.isprintable), max_size=20)
money = st.sampled_from([0.0, 1.0, 12.5, 99.0, 1e6])


@st.composite
def behaviors(draw: st.DrawFn) -> Behavior:
    mode = draw(st.sampled_from(MODES))
    params: dict[str, int | float | str] = {}
    for name, spec in PARAMS.get(mode, {}).items():
        if draw(st.booleans()):
            if spec.words:
                params[name] = draw(st.sampled_from(spec.words))
            elif name in ("threshold", "strictness", "fraction"):
                params[name] = draw(st.sampled_from([0.05, 0.25, 0.5, 0.95]))
            else:
                params[name] = draw(st.integers(int(spec.low), int(spec.high)))
    return Behavior(mode=mode, params=params)


@st.composite
def canvases(draw: st.DrawFn, most: int = 9) -> Canvas:
    """Any canvas: cycles, several entries, fan-outs, islands and all."""
    n = draw(st.integers(1, most))
    components = [
        Component(
            id=f"n{i}", type=draw(st.sampled_from(TYPES)) if i else "trigger", label=draw(texts),
            behavior=draw(behaviors()),
            cost=Cost(monthly=draw(money), setup=draw(money)), scale=draw(st.integers(1, 4)), description=draw(texts),
        )
        for i in range(n)
    ]  # fmt: skip
    places = st.integers(0, n - 1)
    pairs = draw(st.lists(st.tuples(places, places), unique=True, max_size=2 * n))
    connections = [
        Connection(
            id=f"e{i}", source=f"n{a}", target=f"n{b}", latency=draw(st.sampled_from([0.0, 250.0, 999.0, 4000.0])),
            weight=draw(st.sampled_from([0.0, 0.5, 1.0, 3.0])), label=draw(texts),
        )
        for i, (a, b) in enumerate(pairs)
    ]  # fmt: skip
    return Canvas(name=draw(texts), components=components, connections=connections)


def replaced(canvas: Canvas, component: str, **fields: object) -> Canvas:
    """The canvas with fields of one component replaced."""
    return msgspec.structs.replace(
        canvas,
        components=[msgspec.structs.replace(c, **fields) if c.id == component else c for c in canvas.components],
    )
