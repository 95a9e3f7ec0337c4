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
from rungwise.contracts.canvas.tables import (
    RATES,
)

DEAD_END = 32  # dollars that a decision of four instances costs
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
    yield "tangled", "a circle", _circle(gold)
    yield "tangled", "a second entry", _second_entry(gold)
    for name in problem.required:
        yield "missing_required", f"no {name}", _without(gold, name)
    yield "oversized", "channels behind the store until it is too large", _behind(gold, room + 1)
    yield "over_budget", "one component declared at twice the budget", _declared(gold, 2 * problem.budget)
    if gold.components[0].behavior.mode == "passthrough":
        quarter = problem.load // 4 + 1
        narrowed = _entry_in_mode(gold, "ratelimit", rate=quarter, burst=quarter)
        yield "overload", "the way in narrowed to a quarter", narrowed
        if _is_ample(problem, gold):
            slow = _slow(_entry_in_mode(gold, "delay", ticks=16))
            yield "late", "every line as slow as lets a quarter through in time", slow
    if _has_room(problem, gold) and not {"storage", gold.components[-1].behavior.mode} & set(problem.required):
        yield "errors", "half of the work copied into a dead end", _dead_end(gold)
    if any(scenario.kind == "adversarial" for scenario in problem.scenarios):
        yield "leak", "filters that let nearly everything by", _open_filters(gold)


def _is_ample(problem: Problem, gold: Canvas) -> bool:
    """No component alone on its way that the steady load's peaks fill: what is lost then is lost to slowness."""
    shared = any(component.behavior.mode == "split" for component in gold.components)
    return shared or min(RATES[c.type] * c.scale for c in gold.components) >= 1.5 * problem.load


def _has_room(problem: Problem, gold: Canvas) -> bool:
    """For one more component, at the price of the dead end."""
    left = problem.budget - sum([price(component) for component in gold.components])
    return len(gold.components) < problem.max_components and left >= DEAD_END


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


def _entry_in_mode(gold: Canvas, mode: str, **params: float) -> Canvas:
    entry, *rest = gold.components
    return replaced(gold, components=[_in_mode(entry, mode, **params), *rest])


def _circle(gold: Canvas) -> Canvas:
    worker = next(c.id for c in gold.components if c.type in ("person", "step", "tool"))
    return replaced(gold, connections=[*gold.connections, Connection(id="x0", source=worker, target=worker)])


def _second_entry(gold: Canvas) -> Canvas:
    line = Connection(id="x0", source="x0", target=gold.connections[0].target)
    return replaced(gold, components=[*gold.components, _plain("x0", "trigger")], connections=[*gold.connections, line])


def _behind(gold: Canvas, count: int) -> Canvas:
    """Channels in a row behind the store: the last of them keeps the work, and nothing before it changes."""
    way = [gold.components[-1].id, *[f"x{number}" for number in range(count)]]
    lines = [Connection(id=b, source=a, target=b) for a, b in pairwise(way)]
    added = [_plain(name, "channel") for name in way[1:]]
    return replaced(gold, components=[*gold.components, *added], connections=[*gold.connections, *lines])


def _plain(id_: str, type_: str, scale: int = 4) -> Component:
    none, behavior = Cost(monthly=0.0, setup=0.0), Behavior(mode="passthrough")
    return _priced(Component(id=id_, type=type_, label=id_, behavior=behavior, cost=none, scale=scale))  # type: ignore[arg-type]


def _declared(gold: Canvas, dollars: float) -> Canvas:
    first, *rest = gold.components
    return replaced(gold, components=[replaced(first, cost=Cost(monthly=dollars, setup=0.0)), *rest])


def _dead_end(gold: Canvas) -> Canvas:
    """Whoever sends to the store sends a copy to a decision where nothing goes on."""
    store = gold.components[-1].id
    senders = [connection.source for connection in gold.connections if connection.target == store]
    lines = [Connection(id=f"x{number}", source=sender, target="x0") for number, sender in enumerate(senders)]
    added = _plain("x0", "decision")
    return replaced(gold, components=[*gold.components, added], connections=[*gold.connections, *lines])


def _slow(gold: Canvas) -> Canvas:
    """Slow lines behind an entry that delays, so that the way takes about 70 of the 96 ticks."""
    depth = _depths(gold)
    left, ticks = 70 - 16 - max(depth.values()), []
    for _ in range(max(depth.values())):
        ticks.append(max(0, min(MAX_LATENCY_MS // MS_PER_TICK, left)))
        left -= ticks[-1]
    lines = [replaced(c, latency=float(ticks[depth[c.source]] * MS_PER_TICK)) for c in gold.connections]
    return replaced(gold, connections=lines)


def _depths(canvas: Canvas) -> dict[str, int]:
    """Lines on the longest way from the entry to each component; gold canvases have no cycles."""
    depth = {canvas.components[0].id: 0}
    for _ in canvas.components:
        for connection in canvas.connections:
            if connection.source in depth:
                depth[connection.target] = max(depth.get(connection.target, 0), depth[connection.source] + 1)
    return depth


def _open_filters(gold: Canvas) -> Canvas:
    def opened(component: Component) -> Component:
        is_filter = component.behavior.mode == "filter"
        return _in_mode(component, "filter", strictness=0.06) if is_filter else component

    return replaced(gold, components=[opened(component) for component in gold.components])
