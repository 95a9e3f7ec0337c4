"""What a person looks at: the canvas drawn with what the worst scenario did to it, and how every scenario went.

From top to bottom: the verdict (composite, five sub-scores, cost and size against their limits), the graph, and one row
for each scenario. The graph carries the numbers of one scenario only, the one that went worst, and says which. A text
that is no canvas gets a card with the judge's label and note.

What the simulator does not count is not drawn as if it did: it counts credit by component, not by line, so the credit of
a line is its source's, divided as the mode divides it. Everything that comes from a canvas or a task goes through
`_words`, which cuts and escapes. Names and styles hang on an id made from the content, so that pictures can share a page.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from rungwise.contract import hash_of
from rungwise.contracts.canvas.judge import FAILURES, PARTS, PASS, Outcome, Problem, examine
from rungwise.contracts.canvas.language import PARAMS, Component, Fault, param, price
from rungwise.contracts.canvas.layers import Layout, Point, layout
from rungwise.contracts.canvas.simulator import (
    D_CARRIED, D_DROPPED, D_ERRORED, D_PEAK, N_CAP, ONE, T_DROPPED, T_ERRORED, T_HOSTILE, T_OFFERED, TICKS,
)  # fmt: skip

CARD, TALL, EDGE, LEAST_WIDTH = 160, 108, 28, 1100
STRIKES = ("outage", "latency", "cascade")
WORKERS, ENDS = ("person", "step", "tool"), ("storage", "channel")
KEY = {
    "queue": ("capacity", "holds {}"), "ratelimit": ("rate", "{} a tick"), "retry": ("maxRetries", "{} more"),
    "circuitbreaker": ("threshold", "at {}"), "split": ("policy", "{}"), "filter": ("strictness", "{} strict"),
    "condition": ("match", "{}"), "batch": ("size", "of {}"), "delay": ("ticks", "ticks {}"),
}  # fmt: skip


def picture(problem: Problem, answer: str, surface: str) -> str:
    found = examine(problem, answer, surface)
    root = "c" + hashlib.sha256(f"{hash_of(problem)}{surface}{answer}".encode("utf-8", "replace")).hexdigest()[:8]
    return _fault_card(root, found) if isinstance(found, Fault) else _whole(root, problem, found)


# ---- the parts put together ----


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


def _whole(root: str, problem: Problem, found: Outcome) -> str:
    lines = [(int(a), int(b)) for a, b in found.edges[:, :2].tolist()]
    plan = layout(len(found.nodes), lines, CARD, TALL)
    view = _view(root, problem, found, max(LEAST_WIDTH, plan.width + 2 * EDGE))
    parts, height = [], 0.0
    for drawn, tall in (_head(view), _graph(view, plan, lines), _scenarios(view)):
        parts += [f'<g transform="translate(0 {_n(height)})">', *drawn, "</g>"]
        height += tall
    return _svg(root, view.width, height, _title(view), _told(view), [*_symbols(root, found), *parts])


def _view(root: str, problem: Problem, found: Outcome, width: float) -> View:
    worst = _worst(problem, found)
    did = found.run.nodes[worst]
    credit = (did / ONE).tolist()
    can_hold = found.nodes[:, N_CAP].tolist()
    faults = any(scenario.kind in STRIKES for scenario in problem.scenarios)
    return View(
        root, problem, found, worst, int(found.run.totals[worst, T_OFFERED]) / ONE,
        [row[D_CARRIED] for row in credit], [row[D_DROPPED] for row in credit], [row[D_ERRORED] for row in credit],
        [int(row[D_PEAK]) / most for row, most in zip(did.tolist(), can_hold, strict=True)],
        int(found.run.target) if faults else -1, width,
    )  # fmt: skip


def _worst(problem: Problem, found: Outcome) -> int:
    """The scenario with the least delivered and stable, less what leaked beyond the allowance."""
    excess = [max(0.0, leaked - problem.leak) for leaked in found.leaked]
    sums = [d + s - x for d, s, x in zip(found.delivered, found.stable, excess, strict=True)]
    return sums.index(min(sums))


def _title(view: View) -> str:
    verdict = "passed" if view.found.failure is None else f"failed: {view.found.failure}"
    return f"{view.found.canvas.name[:120]}: {view.found.composite:.1f} of 100, {verdict}"


def _told(view: View) -> str:
    found, worst = view.found, view.worst
    return (
        f"{len(found.nodes)} components and {len(found.edges)} lines, {_money(found.cost)} of "
        f"{_money(view.problem.budget)} a month. In the worst of {len(found.delivered)} scenarios, "
        f"{view.problem.scenarios[worst].label[:120]}, {found.delivered[worst]:.0%} is delivered "
        f"at a stability of {found.stable[worst]:.0%}."
    )


# ---- the head: the verdict, sub-scores, limits ----


def _head(view: View) -> tuple[list[str], float]:
    found, problem, right = view.found, view.problem, view.width - EDGE
    composite, name = f"{found.composite:.1f}", found.canvas.name or "unnamed canvas"
    mark, tone = ("PASSED", "good") if found.failure is None else ("FAILED", "bad")
    above = problem.tier if name == problem.title else f"{problem.tier}  ·  {problem.title}"
    drawn = [
        _words(EDGE, 40, above, "eyebrow soft", view.width - 320),
        _words(EDGE, 68, name, "name", view.width - 320),
        _words(right, 62, composite, "score end"),
        _words(right, 82, f"of 100, {PASS:.0f} passes", "small soft end"),
        *_pill(right - _length(composite, 34) - 14, 42, mark, tone, end=True),
        *_meters(view),
    ]
    if found.failure is None:
        return [*drawn, *_required(view, 180)], 208
    told = f"{found.failure}: {FAILURES[found.failure]}"
    banner = f'<rect class="bad-pale" x="{EDGE}" y="160" width="{_n(right - EDGE)}" height="32" rx="6"/>'
    return [*drawn, banner, _words(EDGE + 14, 180.5, told, "body", right - 80), *_required(view, 226)], 254


def _meters(view: View) -> list[str]:
    found, problem = view.found, view.problem
    limits = (
        ("a month", f"{_money(found.cost)} / {_money(problem.budget)}", found.cost / problem.budget),
        ("components", f"{len(found.nodes)} / {problem.max_components}", len(found.nodes) / problem.max_components),
    )
    step = (view.width - 2 * EDGE + 20) / 7
    drawn = []
    for place, name in enumerate(PARTS):
        score = found.parts[name]
        drawn += _meter(EDGE + place * step, step - 20, name, f"{score:.0f}", score / 100, _tone(score / 100))
    for place, (name, value, share) in enumerate(limits, len(PARTS)):
        drawn += _meter(EDGE + place * step, step - 20, name, value, share, "bad" if share > 1 else "calm")
    return drawn


def _meter(x: float, width: float, name: str, value: str, share: float, tone: str) -> list[str]:
    return [
        _words(x, 124, name, "small soft"),
        _words(x + width, 124, value, f"value end{' bad-ink' if tone == 'bad' else ''}"),
        *_bar(x, 132, width, 5, share, tone),
    ]


def _required(view: View, y: float) -> list[str]:
    """What had to be at work, each ticked or crossed."""
    drawn = [_words(EDGE, y, "must be at work", "small soft")]
    x = EDGE + 104.0
    for name in view.problem.required:
        missing = name in view.found.missing
        wide = _length(name, 12) + 34
        drawn += [
            f'<rect class="{"chip bad-line" if missing else "chip"}" x="{_n(x)}" y="{_n(y - 15)}" width="{_n(wide)}" height="22" rx="11"/>',
            f'<path class="{"tick bad-stroke" if missing else "tick good-stroke"}" transform="translate({_n(x + 10)} {_n(y - 9)})" '
            f'd="{"M1 1L9 9M9 1L1 9" if missing else "M0 5L4 9L10 1"}"/>',
            _words(x + 26, y, name, "chip-text"),
        ]
        x += wide + 8
    return drawn


# ---- the graph under the worst scenario ----


def _graph(view: View, plan: Layout, lines: Sequence[tuple[int, int]]) -> tuple[list[str], float]:
    found, root = view.found, view.root
    wide, tall = view.width - 2 * EDGE, plan.height + 12
    credit = _line_credit(view, lines)
    order = sorted(range(len(lines)), key=lambda number: credit[number])  # the thick ones on top
    inner = [f'<g transform="translate({_n((wide - plan.width) / 2)} 6)">']
    inner += [_line(view, plan, number, lines[number], credit[number]) for number in order]
    if len(lines) <= 40:
        inner += [_line_note(found, plan, number) for number in range(len(lines))]
    inner += [part for number in range(len(found.nodes)) for part in _card(view, number, plan.places[number])]
    loops = bool(plan.turned) or any(a == b for a, b in lines)
    return [
        *_caption(view),
        f'<g transform="translate({EDGE} 44)"><rect class="panel" width="{_n(wide)}" height="{_n(tall)}" rx="10"/>',
        f'<rect fill="url(#{root}-dots)" width="{_n(wide)}" height="{_n(tall)}" rx="10"/>',
        *inner,
        "</g></g>",
        *_legend(view, loops, tall + 72),
    ], tall + 44 + 68


def _caption(view: View) -> list[str]:
    """Whose numbers the graph carries."""
    number, count = view.worst, len(view.problem.scenarios)
    which = "The only scenario: " if count == 1 else f"The worst of {count} scenarios: "
    told = (
        f"{_count(view.offered)} requests offered, {view.found.delivered[number]:.0%} delivered, "
        f"stability {view.found.stable[number]:.0%}"
    )
    return [
        _words(EDGE, 30, which + view.problem.scenarios[number].label, "heading", view.width - 460),
        _words(view.width - EDGE, 30, told, "small soft end"),
    ]


def _legend(view: View, loops: bool, y: float) -> list[str]:
    keys = [("credit carried", "line"), ("peak fill, marked at 80%", "bar"), ("dropped", "warn"), ("errored", "bad")]
    keys += [("goes back", "back")] * loops + [("faults strike here", "bolt")] * (view.struck >= 0)
    drawn, x = [], EDGE + 4.0
    for name, sign in keys:
        drawn += [_sign(view.root, x, y, sign), _words(x + 32, y, name, "small soft")]
        x += 32 + _length(name, 11) + 20
    return drawn


def _sign(root: str, x: float, y: float, sign: str) -> str:
    """A small sample of what the word beside it names."""
    shape = {
        "line": '<path class="wire" stroke-width="4.5" d="M2-4H24"/>',
        "back": '<path class="wire back" stroke-width="2" d="M2-4H24"/>',
        "bar": "".join(_bar(2, -7, 22, 5, 0.6, "calm", at=0.8)),
        "bolt": f'<use href="#{root}-strike" x="12" y="-4"/>',
    }.get(sign, f'<rect class="{sign}" x="12" y="-9" width="10" height="10" rx="5"/>')
    return f'<g transform="translate({_n(x)} {_n(y)})">{shape}</g>'


def _line_credit(view: View, lines: Sequence[tuple[int, int]]) -> list[float]:
    """A source's credit over its lines: split and condition by what their targets took in, all others evenly."""
    taken = [sum(row) for row in zip(view.carried, view.dropped, view.errored, strict=True)]
    inbound, outbound, pulled = [0] * len(taken), [0] * len(taken), [0.0] * len(taken)
    for a, b in lines:
        outbound[a] += 1
        inbound[b] += 1
    pull = [taken[b] / inbound[b] for _, b in lines]
    for (a, _), share in zip(lines, pull, strict=True):
        pulled[a] += share
    modes = [component.behavior.mode for component in view.found.canvas.components]
    return [
        view.carried[a] * share / pulled[a]
        if modes[a] in ("split", "condition") and pulled[a] > 0
        else view.carried[a] / outbound[a]
        for (a, _), share in zip(lines, pull, strict=True)
    ]


def _line(view: View, plan: Layout, number: int, ends: tuple[int, int], credit: float) -> str:
    share = min(1.0, credit / view.offered) if view.offered else 0.0
    thick = 1.4 + 5.6 * share
    kind = "wire back" if number in plan.turned else "wire"
    if share < 0.002:
        kind += " idle"
    route, head = plan.routes[number], 7 + thick
    if not route:
        return _loop(plan.places[ends[0]], kind, thick)
    if number in plan.turned:
        tip, way, tail = route[0], 1, [(route[0][0] + head - 1, route[0][1]), *route[1:]]
    else:
        tip, way, tail = route[-1], -1, [*route[:-1], (route[-1][0] - head + 1, route[-1][1])]
    wing = 2.6 + thick * 0.75
    arrow = f"M{_at(tip)}l{_n(way * head)} {_n(-wing)}v{_n(2 * wing)}z"
    tone = " idle-head" if share < 0.002 else ""
    return f'<path class="{kind}" stroke-width="{_n(thick)}" d="{_curve(tail)}"/><path class="head{tone}" d="{arrow}"/>'


def _loop(corner: Point, kind: str, thick: float) -> str:
    x, y = corner[0] + CARD - 44, corner[1]
    return (
        f'<path class="{kind} back" stroke-width="{_n(thick)}" d="M{_n(x)} {_n(y)}c0-24 26-24 26-8"/>'
        f'<path class="head{" idle-head" if kind.endswith("idle") else ""}" d="M{_n(x + 26)} {_n(y)}l-5-9h10z"/>'
    )


def _curve(points: Sequence[Point]) -> str:
    """Smooth to the right, straight where it keeps its height or turns into another row."""
    path = f"M{_at(points[0])}"
    for (x, y), (u, v) in zip(points, points[1:], strict=False):
        if u <= x or abs(v - y) < 0.5 or u - x < 8:
            path += f"L{_n(u)} {_n(v)}"
        else:
            path += f"C{_n((x + u) / 2)} {_n(y)} {_n((x + u) / 2)} {_n(v)} {_n(u)} {_n(v)}"
    return path


def _line_note(found: Outcome, plan: Layout, number: int) -> str:
    """What a line adds of its own: a delay, a weight that something reads."""
    connection, route = found.canvas.connections[number], plan.routes[number]
    source = next(c for c in found.canvas.components if c.id == connection.source)
    weighs = source.behavior.mode == "condition" or source.behavior.params.get("policy") == "weighted"
    told = [f"+{connection.latency:g} ms"] * (connection.latency > 0)
    told += [f"weight {connection.weight:g}"] * (weighs and connection.weight != 1)
    if not told or not route:
        return ""
    (x, y), (u, v) = route[-2], route[-1]
    return _words((x + u) / 2, (y + v) / 2 - 7, ", ".join(told), "note mid")


# ---- one component ----


def _card(view: View, number: int, corner: Point) -> list[str]:
    component = view.found.canvas.components[number]
    struck = number == view.struck
    drawn = [f'<g transform="translate({_n(corner[0])} {_n(corner[1])})">', _tooltip(component)]
    for depth in range(component.scale - 1, 0, -1):
        drawn.append(
            f'<rect class="card under" x="{depth * 4}" y="{-depth * 4}" width="{CARD}" height="{TALL}" rx="8"/>'
        )
    drawn += [
        f'<rect class="card{" struck" if struck else ""}" width="{CARD}" height="{TALL}" rx="8"/>',
        f'<g clip-path="url(#{view.root}-clip)">',
        f'<use href="#{view.root}-{component.type}" class="{_role(component)}" x="10" y="14"/>',
        _words(44, 25, component.label or component.id, "label", CARD - 52),
        _words(44, 40, _kind(component), "small soft", CARD - 52),
        _words(10, 60, _mode(component), "small", CARD - 16),
        *_bar(10, 69, CARD - 56, 6, view.peak[number], "calm" if view.peak[number] <= 0.8 else "warn", at=0.8),
        _words(CARD - 10, 75, f"{view.peak[number]:.0%}", "small end"),
        _words(10, 92, f"{_count(view.carried[number])} carried", "small soft"),
        _words(CARD - 10, 92, _price(component), "small end"),
        "</g>",
        *_badges(view, number),
        f'<use href="#{view.root}-strike" x="{CARD - 8}" y="8"/>' if struck else "",
        "</g>",
    ]
    return drawn


def _tooltip(component: Component) -> str:
    """Everything of it that the card has no room for."""
    names = PARAMS.get(component.behavior.mode, ())
    told = [f"{component.id}: {component.label[:120]}", *[f"{name} {_parameter(component, name)}" for name in names]]
    return f"<title>{_safe(', '.join([*told, component.description[:160]]).rstrip(', '))}</title>"


def _role(component: Component) -> str:
    return "worker" if component.type in WORKERS else "store" if component.type in ENDS else "router"


def _kind(component: Component) -> str:
    times = f" ×{component.scale}" if component.scale > 1 else ""
    return f"{component.type}{times}" + (f" · {component.id}" if component.label not in ("", component.id) else "")


def _mode(component: Component) -> str:
    """The mode with the one parameter that says most of it."""
    mode = component.behavior.mode
    name, words = KEY.get(mode, ("", ""))
    if mode == "condition" and component.behavior.params.get("match") == "fraction":
        name = "fraction"
    return f"{mode}, {words.format(_parameter(component, name))}" if name else mode


def _parameter(component: Component, name: str) -> str:
    words = PARAMS[component.behavior.mode][name].words
    value = param(component, name)
    return words[int(value)] if words else f"{value:g}"


def _price(component: Component) -> str:
    declared, book = component.cost.monthly, price(component)
    return _money(book) if declared == book else f"{_money(book)}, says {_money(declared)}"


def _badges(view: View, number: int) -> list[str]:
    """What it lost, across its lower edge; what is wrong with where it stands, across its upper edge."""
    dropped, errored = view.dropped[number], view.errored[number]
    drawn, x = [], 10.0
    for lost, name, tone in ((dropped, "dropped", "warn"), (errored, "errored", "bad")):
        if lost >= 0.05:
            told = f"{_count(lost)} {name}"
            drawn += _pill(x, TALL - 8, told, tone)
            x += _length(told, 11) + 20
    marks = [lint for lint, owner in view.found.lints if owner == view.found.canvas.components[number].id]
    if marks:
        more = f" +{len(marks) - 1}" if len(marks) > 1 else ""
        drawn += _pill(10, -8, marks[0].replace("_", " ") + more, "lint")
    return drawn


# ---- one row for each scenario ----


def _scenarios(view: View) -> tuple[list[str], float]:
    right = view.width - EDGE
    columns = [right - 12 - 78 * place for place in range(5)][::-1]
    heads = ("delivered", "stability", "dropped", "errored", "leaked")
    drawn = [_words(EDGE, 20, "Scenarios", "heading")]
    drawn.append(_words(EDGE + 250, 20, f"health over {TICKS} ticks, the fault shaded", "small soft"))
    drawn += [_words(x, 20, name, "small soft end") for x, name in zip(columns, heads, strict=True)]
    for number in range(len(view.problem.scenarios)):
        drawn += _scenario(view, number, 32 + number * 40.0, columns)
    return drawn, 32 + 40.0 * len(view.problem.scenarios) + 18


def _scenario(view: View, number: int, y: float, columns: Sequence[float]) -> list[str]:
    found, scenario = view.found, view.problem.scenarios[number]
    worst = number == view.worst and len(view.problem.scenarios) > 1
    tone = ("bad" if found.failure else "calm") if worst else ""
    wide = view.width - 2 * EDGE
    drawn = [
        f'<rect class="{tone + "-pale" if tone else "row"}" x="{EDGE}" y="{_n(y)}" width="{_n(wide)}" height="36" rx="6"/>'
    ]
    drawn.append(_words(EDGE + 14, y + 23, scenario.label, "label", 150 if worst else 220))
    if worst:
        drawn += _pill(EDGE + 232, y + 10, "WORST", tone, end=True)
    left = EDGE + 250
    drawn += _sparkline(view, number, left, y + 5, columns[0] - 84 - left)
    for x, (told, share) in zip(columns, _shares(view, number), strict=True):
        drawn.append(_words(x, y + 23, told, f"value end {_ink(share)}"))
    return drawn


def _shares(view: View, number: int) -> list[tuple[str, float | None]]:
    """What the columns say, each with how good it is, 0..1; None where that is not for this number to tell."""
    found, totals = view.found, view.found.run.totals[number].tolist()
    offered, hostile = max(totals[T_OFFERED], 1), totals[T_HOSTILE]
    over = found.leaked[number] > view.problem.leak
    return [
        (f"{found.delivered[number]:.0%}", found.delivered[number]),
        (f"{found.stable[number]:.0%}", found.stable[number]),
        (_share(totals[T_DROPPED] / offered), None),
        (_share(totals[T_ERRORED] / offered), None),
        (f"{found.leaked[number]:.0%}" if hostile else "–", 0.0 if over else None),
    ]


def _sparkline(view: View, number: int, x: float, y: float, width: float) -> list[str]:
    health, scenario = view.found.run.health[number].tolist(), view.problem.scenarios[number]
    step = width / len(health)
    middles = [(x + (place + 0.5) * step, y + 24 - 22 * value) for place, value in enumerate(health)]
    points = [(x, middles[0][1]), *middles, (x + width, middles[-1][1])]
    line = "L".join(_at(point) for point in points)
    tone = "bad" if min(health) < 0.5 else "warn" if min(health) < 0.85 else "calm"
    start, length = (min(width, width * ticks / TICKS) for ticks in (scenario.start, scenario.ticks))
    shade = f'<rect class="shade" x="{_n(x + start)}" y="{_n(y)}" width="{_n(min(length, width - start))}" height="26" rx="3"/>'
    return [
        shade if scenario.ticks else "",
        f'<path class="rule" d="M{_n(x)} {_n(y + 24)}h{_n(width)}"/>',
        f'<path class="area {tone}" d="M{_n(x)} {_n(y + 24)}L{line}V{_n(y + 24)}z"/>',
        f'<path class="spark {tone}-stroke" d="M{line}"/>',
    ]


# ---- a text that is no canvas ----


def _fault_card(root: str, fault: Fault) -> str:
    lines = _wrapped(fault.note, 74, 5)
    tall = 24 + 20.0 * len(lines)
    body = [
        *_pill(EDGE, 28, "NOT A CANVAS", "bad"),
        _words(EDGE, 78, fault.label.replace("_", " "), "name"),
        f'<rect class="bad-pale" x="{EDGE}" y="96" width="{640 - 2 * EDGE}" height="{_n(tall)}" rx="6"/>',
        *[_words(EDGE + 14, 121 + 20 * place, line, "body", 560) for place, line in enumerate(lines)],
        _words(EDGE, 96 + tall + 26, FAILURES[fault.label], "small soft", 584),
    ]
    return _svg(root, 640, 96 + tall + 52, f"Not a canvas: {fault.label}", fault.note[:400], body)


def _wrapped(text: str, size: int, most: int) -> list[str]:
    """Lines of about `size` characters, broken at spaces where there are any; the last one says that more was left."""
    rest, lines = _plain(text[:2000]), []
    while rest and len(lines) < most:
        cut = len(rest) if len(rest) <= size else max(rest.rfind(" ", 0, size), size // 2)
        lines.append(rest[:cut].strip())
        rest = rest[cut:].strip()
    return [*lines[:-1], lines[-1] + "…"] if rest else lines


# ---- shapes that recur ----


def _bar(x: float, y: float, width: float, tall: float, share: float, tone: str, at: float | None = None) -> list[str]:
    """A filled share of a track, perhaps with a mark on it."""
    fill = width * min(1.0, max(0.0, share))
    half = tall / 2
    drawn = [f'<rect class="track" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(tall)}" rx="{_n(half)}"/>']
    if fill >= 0.5:
        drawn.append(
            f'<rect class="{tone}" x="{_n(x)}" y="{_n(y)}" width="{_n(max(fill, tall))}" height="{_n(tall)}" rx="{_n(half)}"/>'
        )
    if at is not None:
        drawn.append(f'<path class="mark" d="M{_n(x + width * at)} {_n(y - 2)}v{_n(tall + 4)}"/>')
    return drawn


def _pill(x: float, y: float, text: str, tone: str, end: bool = False) -> list[str]:
    wide = _length(text, 11) + 16
    left = x - wide if end else x
    return [
        f'<rect class="pill {tone}" x="{_n(left)}" y="{_n(y)}" width="{_n(wide)}" height="17" rx="8.5"/>',
        _words(left + wide / 2, y + 12.2, text, f"pill-text {tone}-text mid"),
    ]


def _tone(share: float) -> str:
    return "good" if share >= 0.9 else "warn" if share >= 0.7 else "bad"


def _ink(share: float | None) -> str:
    return "" if share is None or share >= 0.9 else f"{_tone(share)}-ink"


# ---- words: everything written by others is cut and escaped here ----

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\uffff]")


def _words(x: float, y: float, text: str, style: str, room: float | None = None) -> str:
    """A text element, no wider than `room`."""
    size = SIZES[next(name for name in style.split() if name in SIZES)]
    shown = text if room is None else _fitting(text, room, size)
    return f'<text class="{style.strip()}" x="{_n(x)}" y="{_n(y)}">{_safe(shown)}</text>' if shown else ""


def _safe(text: str) -> str:
    return escape(_plain(text))


def _plain(text: str) -> str:
    """Without what XML forbids and what turns the direction of text."""
    return _UNSEEN.sub("\ufffd", " ".join(text.split()))


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _fitting(text: str, room: float, size: float) -> str:
    if _length(text[:400], size) <= room and len(text) <= 400:
        return text
    used, kept = 0.8, 0
    for kept, letter in enumerate(text):  # noqa: B007 - where it stopped is what is wanted
        used += _em(letter)
        if used * size > room:
            break
    return text[:kept].rstrip() + "…"


def _length(text: str, size: float) -> float:
    return size * sum([_em(letter) for letter in text])


def _em(letter: str) -> float:
    """About how wide a letter is; no font is known here, so a little too much rather than too little."""
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.05
    if unicodedata.combining(letter):
        return 0.1
    return (
        0.34 if letter in "fijlrtI.,:;'|!()[] " else 0.86 if letter in "mwMW@%" else 0.7 if letter.isupper() else 0.58
    )


def _count(value: float) -> str:
    return f"{value:.1f}" if 0.05 <= value < 9.95 else f"{value:,.0f}"


def _share(value: float) -> str:
    return "–" if value < 0.0005 else f"{value:.1%}" if value < 0.0995 else f"{value:.0%}"


def _money(value: float) -> str:
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e5, "k")):
        if value >= limit:
            return f"${value / (1e3 if unit == 'k' else limit):.3g}{unit}"
    return f"${value:,.0f}" if value == round(value) else f"${value:,.2f}"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0").replace("-0.0", "0")


def _at(point: Point) -> str:
    return f"{_n(point[0])} {_n(point[1])}"


# ---- the frame: style, symbols, names for those who do not see it ----

ICONS = {
    "person": "M12 11a3.5 3.5 0 1 0 0-7a3.5 3.5 0 0 0 0 7zM5 20c0-4 3-6 7-6s7 2 7 6",
    "step": "M5 6h14v12H5zM10 9.5l4 2.5l-4 2.5",
    "storage": "M5 7c0-3 14-3 14 0s-14 3-14 0v10c0 3 14 3 14 0V7M5 12c0 3 14 3 14 0",
    "decision": "M12 4l8 8l-8 8l-8-8z",
    "trigger": "M13 3L6 13.5h5L10.5 21L18 10h-5.5z",
    "tool": "M19 8a4.5 4.5 0 0 1-6 5L7.5 19A2 2 0 0 1 5 16.500L11 11a4.500 4.500 0 0 1 5-6l-2.500 2.500l.5 2.500l2.500.5z",
    "channel": "M4 7h16v10H4zM4 7l8 6l8-6",
}
BOLT = "M1-6.500L-4 1h3.500L-1 6.500L4-1H.5z"

SIZES = {
    "eyebrow": 12, "name": 21, "score": 34, "heading": 14, "label": 12.5, "value": 12.5, "body": 13, "small": 11,
    "chip-text": 12, "pill-text": 11, "note": 10,
}  # fmt: skip
WEIGHTS = {"name": 600, "score": 600, "heading": 600, "label": 600, "value": 600, "pill-text": 600}

# What each class paints, in the light and in the dark.
PAINT: tuple[tuple[str, str, str, str], ...] = (
    ("paper", "fill", "#ffffff", "#10151c"),
    ("panel", "fill", "#f5f7f9", "#161c25"),
    ("panel", "stroke", "#e3e8ee", "#242d39"),
    ("dot", "fill", "#d7dde4", "#28313d"),
    ("card", "fill", "#ffffff", "#1d2530"),
    ("card", "stroke", "#c6ced8", "#3a4553"),
    ("struck", "stroke", "#8250df", "#a884f7"),
    ("row", "fill", "#f5f7f9", "#161c25"),
    ("shade", "fill", "#dfe4ea", "#2b3542"),
    ("track", "fill", "#e4e9ee", "#313c4a"),
    ("mark", "stroke", "#7d8896", "#8b98a8"),
    ("rule", "stroke", "#c9d1da", "#3a4553"),
    ("wire", "stroke", "#7f9cc4", "#5b7fb3"),
    ("head", "fill", "#6c8bb8", "#6f93c7"),
    ("idle", "stroke", "#c3cad3", "#414c5b"),
    ("idle-head", "fill", "#b4bdc8", "#4d596a"),
    ("strike", "fill", "#8250df", "#a884f7"),
    ("strike-bolt", "fill", "#ffffff", "#10151c"),
    ("icon", "stroke", "#2e5fb3", "#8fb7f5"),
    ("worker", "fill", "#e3edfb", "#20344f"),
    ("store", "fill", "#dcf1ec", "#1a3b37"),
    ("router", "fill", "#eceff3", "#2b3441"),
    ("chip", "fill", "#ffffff", "#161c25"),
    ("chip", "stroke", "#d3dae2", "#343f4d"),
    ("good", "fill", "#1f8a55", "#3fb97f"),
    ("warn", "fill", "#e09a1c", "#e3a63d"),
    ("bad", "fill", "#cf3b34", "#f0716a"),
    ("calm", "fill", "#4a7dd0", "#6b9ce8"),
    ("lint", "fill", "#fdf1d8", "#3d3117"),
    ("lint", "stroke", "#e5bd6a", "#7d642b"),
    ("bad-pale", "fill", "#fdeceb", "#3a1d1f"),
    ("calm-pale", "fill", "#e9f0fb", "#1b2a41"),
    ("good-stroke", "stroke", "#1f8a55", "#3fb97f"),
    ("warn-stroke", "stroke", "#c98305", "#e3a63d"),
    ("bad-stroke", "stroke", "#cf3b34", "#f0716a"),
    ("bad-line", "stroke", "#cf3b34", "#f0716a"),
    ("calm-stroke", "stroke", "#4a7dd0", "#6b9ce8"),
    ("soft", "fill", "#5d6978", "#99a6b5"),
    ("warn-ink", "fill", "#a86500", "#e8b45a"),
    ("bad-ink", "fill", "#bf2f29", "#f58a84"),
    ("good-text", "fill", "#ffffff", "#0d1a13"),
    ("warn-text", "fill", "#3a2500", "#2a1b00"),
    ("bad-text", "fill", "#ffffff", "#2a0b0a"),
    ("calm-text", "fill", "#ffffff", "#0c1626"),
    ("lint-text", "fill", "#7a5300", "#eec673"),
    ("note", "fill", "#5d6978", "#99a6b5"),
    ("note", "stroke", "#f5f7f9", "#161c25"),
)
SHAPE = {
    "wire": "fill:none;stroke-linejoin:round", "back": "stroke-dasharray:6 4", "spark": "fill:none;stroke-width:1.6;stroke-linejoin:round",
    "area": "opacity:.16", "icon": "fill:none;stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round",
    "tick": "fill:none;stroke-width:2;stroke-linecap:round;stroke-linejoin:round", "struck": "stroke-width:2.2",
    "end": "text-anchor:end", "mid": "text-anchor:middle", "value": "font-variant-numeric:tabular-nums",
    "score": "font-variant-numeric:tabular-nums;letter-spacing:-.02em", "eyebrow": "letter-spacing:.02em",
    "note": "stroke-width:3;stroke-linejoin:round;paint-order:stroke", "mark": "stroke-width:1.2",
}  # fmt: skip


def _style(root: str) -> str:
    fonts = "fill:#1a222d;font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
    rules = [f"#{root} text{{{fonts}}}"]
    rules += [
        f"#{root} .{name}{{font-size:{size}px;font-weight:{WEIGHTS.get(name, 400)}}}" for name, size in SIZES.items()
    ]
    rules += [f"#{root} .{name}{{{shape}}}" for name, shape in SHAPE.items()]
    light = [f"#{root} .{name}{{{what}:{day}}}" for name, what, day, _ in PAINT]
    dark = [f"#{root} .{name}{{{what}:{night}}}" for name, what, _, night in PAINT]
    return "".join([*rules, *light, "@media (prefers-color-scheme:dark){", f"#{root} text{{fill:#e8edf3}}", *dark, "}"])


def _symbols(root: str, found: Outcome) -> list[str]:
    used = sorted({component.type for component in found.canvas.components})
    icons = [
        f'<g id="{root}-{name}"><rect width="26" height="26" rx="6"/><path class="icon" transform="translate(1 1)" d="{ICONS[name]}"/></g>'
        for name in used
    ]
    return [
        "<defs>",
        *icons,
        f'<g id="{root}-strike"><circle class="strike" r="10"/><path class="strike-bolt" d="{BOLT}"/></g>',
        f'<clipPath id="{root}-clip"><rect width="{CARD}" height="{TALL}" rx="8"/></clipPath>',
        f'<pattern id="{root}-dots" width="16" height="16" patternUnits="userSpaceOnUse"><circle class="dot" cx="8" cy="8" r=".9"/></pattern>',
        "</defs>",
    ]


def _svg(root: str, width: float, height: float, title: str, told: str, body: Iterable[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{root}" role="img" aria-labelledby="{root}-title {root}-told" '
        f'viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}" height="{_n(height)}">'
        f'<title id="{root}-title">{_safe(title)}</title><desc id="{root}-told">{_safe(told)}</desc>'
        f"<style>{_style(root)}</style>"
        f'<rect class="paper" width="{_n(width)}" height="{_n(height)}" rx="12"/>' + "".join(body) + "</svg>"
    )
