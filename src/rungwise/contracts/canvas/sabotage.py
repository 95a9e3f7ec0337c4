"""Wrong answers made from the gold one, each with the label that the judge must give it.

Each breaks one thing on purpose and by construction: what the change does follows from the language and the price book,
never from asking the judge. Where a task leaves no room for a change (no component or dollar to spare, no hostile
work), it is left out. Together they cover every failure label.
"""

from collections.abc import Iterator
from itertools import pairwise

import msgspec

from rungwise.contract import Sabotage
from rungwise.contracts.canvas.judge import Problem
from rungwise.contracts.canvas.language import (
    MAX_LATENCY_MS,
    MS_PER_TICK,
    Behavior,
    Canvas,
    Component,
    Connection,
    Cost,
    parse,
    price,
    write,
)  # fmt: skip

EXTRA = 12  # dollars that one more trigger costs at the most
replaced = msgspec.structs.replace


def sabotage(problem: Problem, surface: str) -> Iterator[Sabotage]:
    read = parse(problem.certificate, "compact")
    gold: Canvas = read.canvas  # type: ignore[union-attr]
    text = write(gold, surface)
    yield Sabotage(answer=f"Here is the canvas:\n{text}", label="unreadable", why="prose before the canvas")
    yield Sabotage(answer=text[: len(text) // 2] + "~", label="unreadable", why="cut in the middle")
    for label, why, canvas in _broken(problem, gold):
        yield Sabotage(answer=write(canvas, surface), label=label, why=why)


def _broken(problem: Problem, gold: Canvas) -> Iterator[tuple[str, str, Canvas]]:
    room = problem.max_components - len(gold.components)
    yield "schema", "a direction mark hidden in the name", replaced(gold, name=gold.name + "\u202e")
    yield "duplicate_id", "two components under one id", _twins(gold)
    yield "dangling", "a line to a component that is not there", _dangling(gold)
    yield "no_path", "no line reaches the store", _severed(gold)
    for name in problem.required:
        yield "missing_required", f"no {name}", _without(gold, name)
    yield "oversized", "passing channels in front until it is too large", _in_front(gold, *["passthrough"] * (room + 1))
    yield "over_budget", "one component declared at twice the budget", _declared(gold, 2 * problem.budget)
    if room and problem.budget - sum([price(c) for c in gold.components]) >= EXTRA:
        yield "overload", "the way in narrowed to a quarter", _in_front(gold, "ratelimit", **_quarter(problem.load))
        yield "errors", "half of the work copied into a dead end", _dead_end(gold)
        yield "late", "every line as slow as lets a quarter through in time", _slow(gold)
    if any(scenario.kind == "adversarial" for scenario in problem.scenarios):
        yield "leak", "filters that let everything by", _open_filters(gold)


def _twins(gold: Canvas) -> Canvas:
    first, *rest = gold.components
    return replaced(gold, components=[first, *rest[:-1], replaced(rest[-1], id=first.id)])


def _dangling(gold: Canvas) -> Canvas:
    return replaced(gold, connections=[*gold.connections[:-1], replaced(gold.connections[-1], target="nowhere")])


def _severed(gold: Canvas) -> Canvas:
    stores = {c.id for c in gold.components if c.type == "storage"}
    return replaced(gold, connections=[c for c in gold.connections if c.target not in stores])


def _without(gold: Canvas, name: str) -> Canvas:
    """The required behaviour gone, everything else as it was."""

    def stripped(component: Component) -> Component:
        if component.type == name:
            return replaced(component, type="channel")
        return _in_mode(component, "passthrough") if component.behavior.mode == name else component

    return replaced(gold, components=[stripped(component) for component in gold.components])


def _in_mode(component: Component, mode: str, **params: float) -> Component:
    return _priced(replaced(component, behavior=Behavior(mode=mode, params=params)))  # type: ignore[arg-type]


def _priced(component: Component) -> Component:
    return replaced(component, cost=Cost(monthly=float(price(component)), setup=0.0))


def _entry(gold: Canvas) -> str:
    reached = {connection.target for connection in gold.connections}
    return next(c.id for c in gold.components if c.id not in reached)


def _in_front(gold: Canvas, *modes: str, **params: float) -> Canvas:
    """New triggers in a row that end in the old entry; nothing behind them changes its place."""
    added = [_trigger(f"x{number}", mode, params) for number, mode in enumerate(modes)]
    way = [*[component.id for component in added], _entry(gold)]
    lines = [Connection(id=f"x{a}", source=a, target=b) for a, b in pairwise(way)]
    return replaced(gold, components=[*added, *gold.components], connections=[*lines, *gold.connections])


def _quarter(load: int) -> dict[str, float]:
    return {"rate": load // 4 + 1, "burst": load // 4 + 1}


def _trigger(id_: str, mode: str, params: dict[str, float]) -> Component:
    behavior = Behavior(mode=mode, params=dict(params))  # type: ignore[arg-type]
    none = Cost(monthly=0.0, setup=0.0)
    return _priced(Component(id=id_, type="trigger", label=id_, behavior=behavior, cost=none, scale=2))


def _declared(gold: Canvas, dollars: float) -> Canvas:
    first, *rest = gold.components
    return replaced(gold, components=[replaced(first, cost=Cost(monthly=dollars, setup=0.0)), *rest])


def _dead_end(gold: Canvas) -> Canvas:
    added = replaced(_trigger("x0", "passthrough", {}), scale=2)
    line = Connection(id="x0", source=_entry(gold), target="x0")
    return replaced(gold, components=[*gold.components, added], connections=[*gold.connections, line])


def _slow(gold: Canvas) -> Canvas:
    """A delay in front and slow lines behind it, so that the way takes about 70 of the 96 ticks."""
    delayed = _in_front(gold, "delay", ticks=16)
    depth = _depths(delayed)
    left, ticks = 70 - 16 - max(depth.values()), []
    for _ in range(max(depth.values())):
        ticks.append(max(0, min(MAX_LATENCY_MS // MS_PER_TICK, left)))
        left -= ticks[-1]
    lines = [replaced(c, latency=float(ticks[depth[c.source]] * MS_PER_TICK)) for c in delayed.connections]
    return replaced(delayed, connections=lines)


def _depths(canvas: Canvas) -> dict[str, int]:
    """Lines on the longest way from the entry to each component; gold canvases have no cycles."""
    depth = {_entry(canvas): 0}
    for _ in canvas.components:
        for connection in canvas.connections:
            if connection.source in depth:
                depth[connection.target] = max(depth.get(connection.target, 0), depth[connection.source] + 1)
    return depth


def _open_filters(gold: Canvas) -> Canvas:
    def opened(component: Component) -> Component:
        is_filter = component.behavior.mode == "filter"
        return _in_mode(component, "filter", strictness=0.01) if is_filter else component

    return replaced(gold, components=[opened(component) for component in gold.components])
