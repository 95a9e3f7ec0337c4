"""What a person looks at: the verdict, the canvas under its worst scenario, and how every scenario went.

    drawing.py   elements, palette, words made safe
    layers.py    where cards and lines go
    graph.py     cards and lines with their numbers
    picture.py   the head, the scenarios, and the whole

The graph carries the numbers of one scenario only, the one that went worst, and says which. A text that is no canvas
gets a card with the judge's label and note. The same answer gives the same bytes.
"""

import hashlib
from collections.abc import Sequence

from rungwise.contracts.canvas.drawing import (
    at,
    bar,
    length,
    moved,
    num,
    path,
    pill,
    pill_width,
    rect,
    svg,
    text,
    wrapped,
)
from rungwise.contracts.canvas.graph import CARD, EDGE, TALL, View, graph, money, view_of
from rungwise.contracts.canvas.judge import FAILURES, PARTS, PASS, Outcome, Problem, examine
from rungwise.contracts.canvas.language import Fault
from rungwise.contracts.canvas.layers import layout
from rungwise.contracts.canvas.tables import (
    T_DROPPED,
    T_ERRORED,
    T_HOSTILE,
    T_OFFERED,
    TICKS,
)

NARROWEST, FAULT_WIDTH, ROW = 1140, 640, 40
WELL, FAIR = 0.9, 0.7


def picture(problem: Problem, answer: str, surface: str) -> str:
    found = examine(problem, answer, surface)
    root = "c" + hashlib.sha256(f"{problem}{surface}{answer}".encode("utf-8", "replace")).hexdigest()[:8]
    return _fault_card(root, found) if isinstance(found, Fault) else _whole(root, problem, found)


def _whole(root: str, problem: Problem, found: Outcome) -> str:
    lines = [(int(a), int(b)) for a, b in found.edges[:, :2].tolist()]
    plan = layout(len(found.nodes), lines, CARD, TALL)
    view = view_of(root, problem, found, max(NARROWEST, plan.width + 2 * EDGE))
    body, height = list[str](), 0.0
    for drawn, tall in (_head(view), graph(view, plan, lines), _scenarios(view)):
        body += moved(0, height, drawn)
        height += tall
    return svg(root, view.width, height, _title(view), _told(view), body)


def _title(view: View) -> str:
    verdict = "passed" if view.found.failure is None else f"failed: {view.found.failure}"
    return f"{view.found.canvas.name[:120]}: {view.found.composite:.1f} of 100, {verdict}"


def _told(view: View) -> str:
    found, worst = view.found, view.worst
    return (
        f"{len(found.nodes)} components and {len(found.edges)} lines, {money(found.cost)} of "
        f"{money(view.problem.budget)} a month. In the worst of {len(found.delivered)} scenarios, "
        f"{view.problem.scenarios[worst].label[:120]}, {found.delivered[worst]:.0%} is delivered "
        f"at a stability of {found.stable[worst]:.0%}."
    )


# ---- the head: the verdict, sub-scores, limits ----


def _head(view: View) -> tuple[list[str], float]:
    found, problem, right = view.found, view.problem, view.width - EDGE
    composite, name = f"{found.composite:.1f}", found.canvas.name or "unnamed canvas"
    mark, tone = ("PASSED", "good") if found.failure is None else ("FAILED", "bad")
    above = problem.tier if name == problem.title else f"{problem.tier} · {problem.title}"
    drawn = [
        text(EDGE, 40, above, "eyebrow soft", view.width - 320),
        text(EDGE, 68, name, "name", view.width - 320),
        text(right, 62, composite, "score end"),
        text(right, 82, f"of 100, {PASS:.0f} passes", "small soft end"),
        *pill(right - length(composite, 38) - 14 - pill_width(mark), 42, mark, tone),
        *_meters(view),
    ]
    if found.failure is None:
        return [*drawn, *_required(view, 180)], 208
    told = f"{found.failure.replace('_', ' ')}: {FAILURES[found.failure]}"
    banner = [rect("bad-pale", EDGE, 160, right - EDGE, 32, 6), text(EDGE + 14, 180.5, told, "body", right - 80)]
    return [*drawn, *banner, *_required(view, 226)], 254


def _meters(view: View) -> list[str]:
    found, problem = view.found, view.problem
    size, most = len(found.nodes), problem.max_components
    meters = [
        (name, f"{found.parts[name]:.0f}", found.parts[name] / 100, _tone(found.parts[name] / 100)) for name in PARTS
    ]
    for name, value, share in (
        ("a month", f"{money(found.cost)} / {money(problem.budget)}", found.cost / problem.budget),
        ("components", f"{size} / {most}", size / most),
    ):
        meters.append((name, value, share, "bad" if share > 1 else "calm"))
    step = (view.width - 2 * EDGE + 20) / len(meters)
    return [part for place, meter in enumerate(meters) for part in _meter(EDGE + place * step, step - 20, *meter)]


def _meter(x: float, width: float, name: str, value: str, share: float, tone: str) -> list[str]:
    return [
        text(x, 124, name, "small soft"),
        text(x + width, 124, value, "value end bad-ink" if tone == "bad" else "value end"),
        *bar(x, 132, width, 5, share, tone),
    ]


def _required(view: View, y: float) -> list[str]:
    """What had to be at work, each ticked or crossed."""
    drawn, x = [text(EDGE, y, "must be at work", "small soft")], EDGE + 106.0
    for name in view.problem.required:
        missing = name in view.found.missing
        sign, tone = ("M1 1L9 9M9 1L1 9", "bad") if missing else ("M0 5L4 9L10 1", "good")
        drawn += [
            rect("chip bad-line" if missing else "chip", x, y - 15, length(name, 12) + 36, 22, 11),
            path(f"tick {tone}-line", sign, f' transform="translate({at((x + 10, y - 9))})"'),
            text(x + 26, y, name, "chip-text"),
        ]
        x += length(name, 12) + 44
    return drawn


def _tone(share: float) -> str:
    return "good" if share >= WELL else "warn" if share >= FAIR else "bad"


# ---- one row for each scenario ----


def _scenarios(view: View) -> tuple[list[str], float]:
    hostile = bool(view.found.run.totals[:, T_HOSTILE].any())
    heads = ("delivered", "stability", "dropped", "errored", "leaked")[: 4 + hostile]
    columns = [view.width - EDGE - 12 - 78 * place for place in reversed(range(len(heads)))]
    drawn = [
        text(EDGE, 20, "Scenarios", "heading"),
        text(EDGE + 250, 20, f"health over {TICKS} ticks, the fault shaded", "small soft"),
        *[text(x, 20, name, "small soft end") for x, name in zip(columns, heads, strict=True)],
    ]
    for number in range(len(view.problem.scenarios)):
        drawn += moved(EDGE, 32 + ROW * number, _scenario(view, number, [x - EDGE for x in columns]))
    return drawn, 50.0 + ROW * len(view.problem.scenarios)


def _scenario(view: View, number: int, columns: Sequence[float]) -> list[str]:
    worst = number == view.worst and len(view.problem.scenarios) > 1
    tone = "bad" if view.found.failure else "calm"
    return [
        rect(f"{tone}-pale" if worst else "row", 0, 0, view.width - 2 * EDGE, ROW - 4, 6),
        text(14, 23, view.problem.scenarios[number].label, "label", 150 if worst else 220),
        *(pill(232 - pill_width("WORST"), 10, "WORST", tone) if worst else []),
        *moved(250, 5, _sparkline(view, number, columns[0] - 334)),
        *[text(x, 23, told, style) for x, (told, style) in zip(columns, _shares(view, number), strict=False)],
    ]


def _shares(view: View, number: int) -> list[tuple[str, str]]:
    """What the columns say, coloured where the number itself is good or bad."""
    found, totals = view.found, view.found.run.totals[number].tolist()
    offered, over = max(totals[T_OFFERED], 1), found.leaked[number] > view.problem.leak
    plain = "value end"
    return [
        *[(f"{share:.0%}", plain + ("" if share >= WELL else f" {_tone(share)}-ink"))
          for share in (found.delivered[number], found.stable[number])],
        (_lost(totals[T_DROPPED] / offered), plain),
        (_lost(totals[T_ERRORED] / offered), plain),
        (f"{found.leaked[number]:.0%}" if totals[T_HOSTILE] else "", f"{plain} bad-ink" if over else plain),
    ]  # fmt: skip


def _lost(share: float) -> str:
    return f"{share:.1%}" if 0.0005 <= share < 0.0995 else f"{share:.0%}"


def _sparkline(view: View, number: int, width: float) -> list[str]:
    """Health by window, each at its middle; 1 at the top."""
    health, scenario = view.found.run.health[number].tolist(), view.problem.scenarios[number]
    step = width / len(health)
    middles = [((place + 0.5) * step, 24 - 22 * value) for place, value in enumerate(health)]
    line = "L".join([at(point) for point in [(0, middles[0][1]), *middles, (width, middles[-1][1])]])
    tone = "bad" if min(health) < 0.5 else "warn" if min(health) < 0.85 else "calm"
    start, end = (min(1, tick / TICKS) * width for tick in (scenario.start, scenario.start + scenario.ticks))
    return [
        rect("shade", start, 0, end - start, 26, 3) if scenario.ticks else "",
        path("rule", f"M0 24h{num(width)}"),
        path(f"area {tone}", f"M0 24L{line}V24z"),
        path(f"spark {tone}-line", f"M{line}"),
    ]


# ---- a text that is no canvas ----


def _fault_card(root: str, fault: Fault) -> str:
    lines = wrapped(fault.note, 74, 5)
    tall, inside = 24 + 20.0 * len(lines), FAULT_WIDTH - 2 * EDGE
    body = [
        *pill(EDGE, 28, "NOT A CANVAS", "bad"),
        text(EDGE, 78, fault.label.replace("_", " "), "name"),
        rect("bad-pale", EDGE, 96, inside, tall, 6),
        *[text(EDGE + 14, 121 + 20 * place, line, "body", inside - 20) for place, line in enumerate(lines)],
        text(EDGE, 122 + tall, FAILURES[fault.label], "small soft", inside),
    ]
    return svg(root, FAULT_WIDTH, 148 + tall, f"Not a canvas: {fault.label}", fault.note[:400], body)
