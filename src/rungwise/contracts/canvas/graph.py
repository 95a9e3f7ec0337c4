"""The graph of the picture: cards and lines with what one scenario, the worst, did to them.

What the simulator does not count is not drawn as if it did: it counts credit by component, not by line. So the credit
of a line is its source's, divided over its lines as the mode divides it; for a split or a condition, in proportion to
what the lines' targets took in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rungwise.contracts.canvas.drawing import (
    at,
    bar,
    curve,
    length,
    moved,
    num,
    path,
    pill,
    pill_width,
    rect,
    safe,
    text,
)
from rungwise.contracts.canvas.judge import Outcome, Problem
from rungwise.contracts.canvas.language import PARAMS, Component, param, price
from rungwise.contracts.canvas.layers import Layout, Line, Point
from rungwise.contracts.canvas.tables import (
    D_CARRIED,
    D_DROPPED,
    D_ERRORED,
    D_PEAK,
    N_CAP,
    ONE,
    T_OFFERED,
)

CARD, TALL, EDGE, SHEET = 160, 108, 28, 4
THIN, THICKEST, IDLE, CLEAR = 1.4, 7.0, 0.002, 40  # widths of a line; share that is none; most lines with notes
SLOWS = 0.8  # the fill from which a component slows those that send to it
STRIKES = ("outage", "latency", "cascade")
KEY = {
    "queue": ("capacity", "holds {}"), "ratelimit": ("rate", "{} a tick"), "retry": ("maxRetries", "{} more"),
    "circuitbreaker": ("threshold", "at {}"), "split": ("policy", "{}"), "filter": ("strictness", "{} strict"),
    "condition": ("match", "{}"), "batch": ("size", "of {}"), "delay": ("ticks", "ticks {}"),
}  # fmt: skip
ICONS = {
    "person": "M12 11a3.5 3.5 0 1 0 0-7a3.5 3.5 0 0 0 0 7zM5 20c0-4 3-6 7-6s7 2 7 6",
    "step": "M5 6h14v12H5zM10 9.5l4 2.5l-4 2.5",
    "storage": "M5 7c0-3 14-3 14 0s-14 3-14 0v10c0 3 14 3 14 0V7M5 12c0 3 14 3 14 0",
    "decision": "M12 4l8 8l-8 8l-8-8z",
    "trigger": "M13 3L6 13.5h5L10.5 21L18 10h-5.5z",
    "tool": "M19 8a4.5 4.5 0 0 1-6 5L7.5 19A2 2 0 0 1 5 16.5L11 11a4.5 4.5 0 0 1 5-6l-2.5 2.5l.5 2.5l2.5.5z",
    "channel": "M4 7h16v10H4zM4 7l8 6l8-6",
}
ROLES = {"person": "worker", "step": "worker", "tool": "worker", "storage": "store", "channel": "store"}


@dataclass(frozen=True, slots=True)
class View:
    """The outcome as the picture reads it: plain numbers, in requests, of the worst scenario."""

    root: str
    problem: Problem
    found: Outcome
    worst: int
    offered: float
    carried: list[float]
    dropped: list[float]
    errored: list[float]
    peak: list[float]  # share of what it can hold
    struck: int  # the component that faults strike, -1 where no scenario has such a fault
    width: float


def view_of(root: str, problem: Problem, found: Outcome, width: float) -> View:
    worst = _worst(problem, found)
    did = found.run.nodes[worst].tolist()
    faults = any(scenario.kind in STRIKES for scenario in problem.scenarios)
    return View(
        root,
        problem,
        found,
        worst,
        offered=int(found.run.totals[worst, T_OFFERED]) / ONE,
        carried=[row[D_CARRIED] / ONE for row in did],
        dropped=[row[D_DROPPED] / ONE for row in did],
        errored=[row[D_ERRORED] / ONE for row in did],
        peak=[row[D_PEAK] / most for row, most in zip(did, found.nodes[:, N_CAP].tolist(), strict=True)],
        struck=int(found.run.target) if faults else -1,
        width=width,
    )


def _worst(problem: Problem, found: Outcome) -> int:
    """The scenario with the least delivered and stable, less what leaked beyond the allowance."""
    excess = [max(0.0, leaked - problem.leak) for leaked in found.leaked]
    sums = [d + s - x for d, s, x in zip(found.delivered, found.stable, excess, strict=True)]
    return sums.index(min(sums))


def graph(view: View, plan: Layout, lines: Sequence[Line]) -> tuple[list[str], float]:
    """The panel with its caption and its key, and how high they are."""
    wide, tall = view.width - 2 * EDGE, plan.height + 12
    loops = bool(plan.turned) or any(a == b for a, b in lines)
    dots = f'<rect fill="url(#{view.root}-dots)" width="{num(wide)}" height="{num(tall)}" rx="10"/>'
    inner = moved((wide - plan.width) / 2, 6, [*_wires(view, plan, lines), *_cards(view, plan)])
    panel = moved(EDGE, 44, [rect("panel", 0, 0, wide, tall, 10), dots, *inner])
    return [*_definitions(view.root), *_caption(view), *panel, *_key(view, loops, tall + 72)], tall + 112


def _definitions(root: str) -> list[str]:
    return [
        f'<defs><clipPath id="{root}-clip"><rect width="{CARD}" height="{TALL}" rx="8"/></clipPath>',
        f'<pattern id="{root}-dots" width="16" height="16" patternUnits="userSpaceOnUse">',
        '<circle class="dot" cx="8" cy="8" r=".9"/></pattern></defs>',
    ]


def _caption(view: View) -> list[str]:
    """Whose numbers the graph carries."""
    number, count = view.worst, len(view.problem.scenarios)
    which = "The only scenario: " if count == 1 else f"The worst of {count} scenarios: "
    told = (
        f"{count_of(view.offered)} requests offered, {view.found.delivered[number]:.0%} delivered, "
        f"stability {view.found.stable[number]:.0%}"
    )
    return [
        text(EDGE, 30, which + view.problem.scenarios[number].label, "heading", view.width - 460),
        text(view.width - EDGE, 30, told, "small soft end"),
    ]


def _key(view: View, loops: bool, y: float) -> list[str]:
    """A sample of every sign in the graph beside what it means."""
    signs = [
        ("credit carried", [path("wire", "M2-4H24", ' stroke-width="4.5"')]),
        (f"peak fill, marked at {SLOWS:.0%}", bar(2, -7, 22, 5, 0.6, "calm", SLOWS)),
        ("dropped", [rect("warn", 12, -9, 10, 10, 5)]),
        ("errored", [rect("bad", 12, -9, 10, 10, 5)]),
    ]
    signs += [("goes back", [path("wire back", "M2-4H24", ' stroke-width="2"')])] * loops
    signs += [("faults strike here", _bolt(14, -4))] * (view.struck >= 0)
    drawn, x = list[str](), EDGE + 4.0
    for name, sample in signs:
        drawn += [*moved(x, y, sample), text(x + 32, y, name, "small soft")]
        x += 52 + length(name, 11)
    return drawn


# ---- lines ----


def _wires(view: View, plan: Layout, lines: Sequence[Line]) -> Iterator[str]:
    credit = _line_credit(view, lines)
    for number in sorted(range(len(lines)), key=lambda number: credit[number]):  # the thick ones on top
        share = min(1.0, credit[number] / view.offered) if view.offered else 0.0
        yield from _wire(view, plan, number, lines[number][0], share)
    if len(lines) <= CLEAR:
        yield from [_line_note(view.found, plan, number) for number in range(len(lines))]


def _line_credit(view: View, lines: Sequence[Line]) -> list[float]:
    taken = [sum(row) for row in zip(view.carried, view.dropped, view.errored, strict=True)]
    inbound, outbound, pulled = [0] * len(taken), [0] * len(taken), [0.0] * len(taken)
    for a, b in lines:
        outbound[a] += 1
        inbound[b] += 1
    pulls = [taken[b] / inbound[b] for _, b in lines]
    for (a, _), pull in zip(lines, pulls, strict=True):
        pulled[a] += pull
    chooses = [component.behavior.mode in ("split", "condition") for component in view.found.canvas.components]
    return [
        view.carried[a] * (pull / pulled[a] if chooses[a] and pulled[a] > 0 else 1 / outbound[a])
        for (a, _), pull in zip(lines, pulls, strict=True)
    ]


def _wire(view: View, plan: Layout, number: int, source: int, share: float) -> list[str]:
    """A line as thick as what it carries, with its head where the work arrives."""
    thick = THIN + (THICKEST - THIN) * share
    route, back = plan.routes[number], number in plan.turned or not plan.routes[number]
    line = "wire" + " back" * back + " idle" * (share < IDLE)
    tip = "head" + " idle-head" * (share < IDLE)
    if not route:
        x, y = plan.places[source][0] + CARD - 44, plan.places[source][1] - _stacked(view, source)
        way, arrow = f"M{at((x, y))}c0-24 26-24 26-8", f"M{at((x + 26, y))}l-5-9h10z"
    elif back:
        way, arrow = curve([(route[0][0] + 6 + thick, route[0][1]), *route[1:]]), _arrow(route[0], 1, thick)
    else:
        way, arrow = curve([*route[:-1], (route[-1][0] - 6 - thick, route[-1][1])]), _arrow(route[-1], -1, thick)
    return [path(line, way, f' stroke-width="{num(thick)}"'), path(tip, arrow)]


def _stacked(view: View, number: int) -> int:
    """How far the sheets of further instances stand out above a card."""
    return SHEET * (view.found.canvas.components[number].scale - 1)


def _arrow(tip: Point, away: int, thick: float) -> str:
    wing = 2.6 + thick * 0.75
    return f"M{at(tip)}l{num(away * (7 + thick))} {num(-wing)}v{num(2 * wing)}z"


def _line_note(found: Outcome, plan: Layout, number: int) -> str:
    """What a line adds of its own: a delay, or a weight that its source reads."""
    connection, route = found.canvas.connections[number], plan.routes[number]
    source = found.canvas.components[int(found.edges[number, 0])]
    weighs = source.behavior.mode == "condition" or source.behavior.params.get("policy") == "weighted"
    told = [f"+{connection.latency:g} ms"] * (connection.latency > 0)
    told += [f"weight {connection.weight:g}"] * (weighs and connection.weight != 1)
    if not told or not route:
        return ""
    (x, y), (u, v) = route[-2:]
    return text((x + u) / 2, (y + v) / 2 - 7, ", ".join(told), "note mid")


# ---- components ----


def _cards(view: View, plan: Layout) -> Iterator[str]:
    for number, (x, y) in enumerate(plan.places):
        yield from moved(x, y, _card(view, number))


def _card(view: View, number: int) -> list[str]:
    component = view.found.canvas.components[number]
    peak, struck = view.peak[number], number == view.struck
    return [
        _tooltip(component),
        *[rect("card", step, -step, CARD, TALL, 8) for step in range(_stacked(view, number), 0, -SHEET)],
        rect("card struck" if struck else "card", 0, 0, CARD, TALL, 8),
        f'<g clip-path="url(#{view.root}-clip)">',
        rect(ROLES.get(component.type, "router"), 10, 14, 26, 26, 6),
        path("icon", ICONS[component.type], ' transform="translate(11 15)"'),
        text(44, 25, component.label or component.id, "label", CARD - 50),
        text(44, 40, _kind(component), "small soft", CARD - 50),
        text(10, 60, _mode(component), "small", CARD - 14),
        *bar(10, 69, CARD - 58, 6, peak, "calm" if peak <= SLOWS else "warn", SLOWS),
        text(CARD - 10, 75, f"{peak:.0%}", "small end"),
        *_bottom(component, count_of(view.carried[number])),
        "</g>",
        *_badges(view, number, component),
        *(_bolt(CARD - 8, 8) if struck else []),
    ]


def _bolt(x: float, y: float) -> list[str]:
    return moved(x, y, ['<circle class="strike" r="10"/>', path("bolt", "M1-6.5L-4 1h3.5L-1 6.5L4-1H.5z")])


def _tooltip(component: Component) -> str:
    """Everything of it that the card has no room for."""
    names = PARAMS.get(component.behavior.mode, ())
    told = [f"{component.id}: {component.label[:120]}", *[f"{name} {_parameter(component, name)}" for name in names]]
    return f"<title>{safe(', '.join(told))}. {safe(component.description[:160])}</title>"


def _kind(component: Component) -> str:
    times = f" x{component.scale}" if component.scale > 1 else ""
    named = f" · {component.id}" if component.label not in ("", component.id) else ""
    return f"{component.type}{times}{named}"


def _mode(component: Component) -> str:
    """The mode with the one parameter that says most of it."""
    mode = component.behavior.mode
    name, phrase = KEY.get(mode, ("", ""))
    if component.behavior.params.get(name) == "fraction":
        name, phrase = "fraction", "fraction {}"
    return f"{mode}, {phrase.format(_parameter(component, name))}" if name else mode


def _parameter(component: Component, name: str) -> str:
    known = PARAMS[component.behavior.mode][name].words
    value = param(component, name)
    return known[int(value)] if known else f"{value:g}"


def _bottom(component: Component, carried: str) -> list[str]:
    """What it carried and its price; beside the price book's what the canvas says, where that is something else."""
    declared, book = component.cost.monthly, price(component)
    alike = declared == book
    costs = money(book) if alike else f"{money(book)}, says {money(declared)}"
    return [
        text(10, 92, f"{carried} carried" if alike else carried, "small soft"),
        text(CARD - 10, 92, costs, "small end"),
    ]


def _badges(view: View, number: int, component: Component) -> list[str]:
    """What it lost, across its lower edge; what is wrong with where it stands, across its upper edge."""
    drawn, x = list[str](), 10.0
    for lost, name, tone in ((view.dropped[number], "dropped", "warn"), (view.errored[number], "errored", "bad")):
        if lost >= 0.05:
            told = f"{count_of(lost)} {name}"
            drawn += pill(x, TALL - 9, told, tone)
            x += pill_width(told) + 4
    marks = [lint.replace("_", " ") for lint, owner in view.found.lints if owner == component.id]
    if marks:
        drawn += pill(10, -8, marks[0] + (f" +{len(marks) - 1}" if len(marks) > 1 else ""), "lint")
    return drawn


# ---- numbers ----


def count_of(value: float) -> str:
    return f"{value:.1f}" if 0.05 <= value < 9.95 else f"{value:,.0f}"


def money(value: float) -> str:
    for limit, unit in ((1e9, "G"), (1e6, "M")):
        if value >= limit:
            return f"${value / limit:.3g}{unit}"
    return f"${value:,.0f}" if value >= 1000 or value == round(value) else f"${value:,.2f}"
