"""What a person looks at: the trace as a graph from its numbers to its result, each step in its expert's colour with
its value, and the right answer beside. A text that does not run gets a card that says why.

Numbers stand in the first column, a step one column behind the last that it takes. What the result does not hang on is
pale. Everything a model wrote is escaped and cut short.
"""

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from rungwise.contract import Task
from rungwise.contracts.trace.judge import CODES, FAILURES, Computed, computed, judge
from rungwise.contracts.trace.machine import EXPERT, VALUE, Program, told
from rungwise.contracts.trace.numbers import Ratio, spelled
from rungwise.contracts.trace.tree import Fault, Init, Step
from rungwise.contracts.trace.wanted import Wanted, wanted_of

COLOURS = {
    "arithmetic": "#3867d6", "percentage": "#b4552d", "rate_equation": "#1f8a70", "comparison": "#8250c4",
    "entity_track": "#a3447f",
}  # fmt: skip
INK, SOFT, LINE_INK, PAPER, GOOD, BAD = "#1c1f26", "#667085", "#b6bfcc", "#ffffff", "#1a7f4b", "#c8452f"
FONT = 'font-family="Helvetica, Arial, Liberation Sans, sans-serif"'
WIDE, TALL, ACROSS, DOWN, EDGE, HEAD, FOOT = 148, 46, 196, 62, 28, 92, 44  # boxes, their distances, margins
CARD, LINE, CHARS, MOST_LINES = 720, 22, 84, 6
MOST_NODES = 80  # more than that is no picture for a person

Point = tuple[float, float]


def picture(task: Task, answer: str, surface: str, numbers: str) -> str:
    wanted = wanted_of(task)
    found = computed(wanted, answer, surface, numbers)
    if isinstance(found, Fault):
        return _card(CODES[found.code], str(found))
    if len(found.program.nodes) > MOST_NODES:
        return _card("other_structure", f"{len(found.program.nodes)} numbers and steps are too many to draw")
    verdict = judge(task, answer, surface, numbers)
    return _graph(found, wanted, verdict.failure)


# ---- the graph ----


def _graph(found: Computed, wanted: Wanted, failure: str | None) -> str:
    program = found.program
    places = _places(program)
    width = max(max(x for x, _ in places) + WIDE + 2 * EDGE, 560)
    height = HEAD + max(y for _, y in places) + TALL + FOOT
    shifted = [(x + EDGE, y + HEAD) for x, y in places]
    body = [*_edges(program, shifted), *_boxes(program, found.values, shifted), *_legend(program, height)]
    return _svg(width, height, f"result {_short(found.result)}", [*_head(found, wanted, failure, width), *body])


def _places(program: Program) -> list[Point]:
    """Columns by depth; in its column a step stands as high as what it takes, below the one before it."""
    depth: list[int] = []
    places: list[Point] = []
    lowest: dict[int, float] = {}
    for op, a, b in program.nodes:
        column = 0 if op == VALUE else 1 + max(depth[a], depth[b])
        wished = 0.0 if op == VALUE else (places[a][1] + places[b][1]) / 2
        y = max(wished, lowest.get(column, -DOWN) + DOWN)
        lowest[column] = y
        depth.append(column)
        places.append((float(ACROSS * column), y))
    return places


def _edges(program: Program, places: Sequence[Point]) -> Iterator[str]:
    for place, (op, a, b) in enumerate(program.nodes):
        for side in (a, b) if op != VALUE else ():
            (x, y), (u, v) = places[side], places[place]
            x, y, v = x + WIDE, y + TALL / 2, v + TALL / 2 + (-8 if side == a else 8)
            bend = (x + u) / 2
            shade = "" if program.needed[place] else ' opacity=".35"'
            yield (
                f'<path d="M{x:.0f} {y:.0f}C{bend:.0f} {y:.0f} {bend:.0f} {v:.0f} {u:.0f} {v:.0f}" fill="none" '
                f'stroke="{LINE_INK}" stroke-width="1.6"{shade}/>'
            )


def _boxes(program: Program, values: Sequence[Ratio], places: Sequence[Point]) -> Iterator[str]:
    for place, (op, _, _) in enumerate(program.nodes):
        block, number = program.places[place]
        line = program.trace.blocks[block].lines[number]
        name = line.name if isinstance(line, Init | Step) else ""
        colour = SOFT if op == VALUE else COLOURS[EXPERT.get(op, "entity_track")]
        above = name if op == VALUE else f"{op} {name}".strip()
        x, y = places[place]
        thick = 3 if place == program.result else 1.4
        round_by = TALL // 2 if op == VALUE else 8
        shade = "" if program.needed[place] else ' opacity=".4"'
        yield (
            f'<g{shade}><rect x="{x:.0f}" y="{y:.0f}" width="{WIDE}" height="{TALL}" rx="{round_by}" '
            f'fill="{PAPER}" stroke="{colour}" stroke-width="{thick}"/>'
            f"{_text(x + WIDE / 2, y + 18, above, 11, colour, 'middle')}"
            f"{_text(x + WIDE / 2, y + 36, _short(values[place]), 15, INK, 'middle')}</g>"
        )


def _head(found: Computed, wanted: Wanted, failure: str | None, width: float) -> Iterator[str]:
    passed = failure is None
    colour = GOOD if passed else BAD
    yield _text(EDGE, 34, "PASSED" if passed else (failure or "").replace("_", " ").upper(), 12, colour)
    yield _text(EDGE, 62, f"{_short(found.result)}", 24, INK)
    yield _text(EDGE + 15 * len(_short(found.result)) + 18, 62, f"gold {_short(wanted.answer)}", 15, SOFT)
    if failure:
        yield _text(width - EDGE, 34, FAILURES[failure], 12, SOFT, "end")


def _legend(program: Program, height: float) -> Iterator[str]:
    for place, expert in enumerate(dict.fromkeys(block.expert for block in program.trace.blocks)):
        x = EDGE + 140 * place
        yield f'<circle cx="{x + 5}" cy="{height - 20:.0f}" r="5" fill="{COLOURS[expert]}"/>'
        yield _text(x + 16, height - 16, expert.replace("_", " "), 12, SOFT)


def _short(value: Ratio) -> str:
    text = spelled(value) if len(told(value)) < 18 else told(value)
    return text if len(text) <= 16 else f"{text[:15]}…"


# ---- the frame ----


def _text(x: float, y: float, words: str, size: int, colour: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}">'
        f"{escape(words)}</text>"
    )


def _svg(width: float, height: float, title: str, body: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" {FONT}><title>{escape(title)}</title>'
        f'<rect width="{width:.0f}" height="{height:.0f}" rx="10" fill="#f7f8fa"/>{"".join(body)}</svg>'
    )


def _card(label: str, note: str) -> str:
    plain = "".join(char if char.isprintable() else " " for char in note)
    lines = [plain[at : at + CHARS] for at in range(0, min(len(plain), MOST_LINES * CHARS), CHARS)]
    height = 118 + LINE * len(lines)
    body = [
        _text(EDGE, 40, "NO RESULT", 12, BAD),
        _text(EDGE, 64, label.replace("_", " "), 18, INK),
        *[_text(EDGE, 92 + LINE * place, line, 14, INK) for place, line in enumerate(lines)],
        _text(EDGE, height - 18, FAILURES[label], 12, SOFT),
    ]
    return _svg(CARD, height, f"no result: {label}", body)
