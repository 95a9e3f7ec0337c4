"""What a person looks at: the grid, the path that the answer takes, and where it went wrong.

An answer may be anything, so what is drawn of it is bounded, and its text is cleaned and escaped.
"""

from collections.abc import Iterator
from html import escape

from rungwise.contract import Task, Verdict

from .judge import MAX_CHARS, Cell, Maze, Trail, judge, maze_of, replay
from .language import parse

SIDE = 44
MARGIN = 40
PANEL = 200
MOST_LINES = 8
MOST_COLUMNS = 18
SANS = "Helvetica, Arial, DejaVu Sans, sans-serif"
MONO = "Menlo, Consolas, DejaVu Sans Mono, monospace"

INK, PAPER, FLOOR, EDGE, WALL = "#1f2933", "#ffffff", "#f4f6f8", "#dde3ea", "#52606d"
PATH, START, GOAL, WRONG = "#2f6fde", "#2f6fde", "#1e9e6a", "#d64545"


def picture(task: Task, answer: str) -> str:
    maze, verdict = maze_of(task), judge(task, answer)
    moves = parse(answer) if len(answer) <= MAX_CHARS else None
    trail = replay(maze, moves or ())
    side = SIDE * len(maze.rows)
    width, height = side + 2 * MARGIN + PANEL, side + 2 * MARGIN + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        f'<rect width="{width}" height="{height}" rx="10" fill="{PAPER}"/>',
        *_squares(maze),
        *_path(trail),
        _badge(maze.start, "S", START),
        _badge(maze.goal, "G", GOAL),
        *_crash(trail),
        *_listing(answer, side + 2 * MARGIN),
        _text(MARGIN, height - 22, _caption(verdict), GOAL if verdict.passed else WRONG, bold=True),
        "</svg>",
    ]
    return "\n".join(parts)


def _squares(maze: Maze) -> Iterator[str]:
    for row, letters in enumerate(maze.rows):
        for column, letter in enumerate(letters):
            x, y = MARGIN + column * SIDE, MARGIN + row * SIDE
            fill = WALL if letter == "#" else FLOOR
            yield (
                f'<rect x="{x + 1.5}" y="{y + 1.5}" width="{SIDE - 3}" height="{SIDE - 3}" rx="6" '
                f'fill="{fill}" stroke="{fill if letter == "#" else EDGE}"/>'
            )


def _path(trail: Trail) -> Iterator[str]:
    cells = [*trail.cells, *([trail.into] if trail.into else [])]
    if len(cells) < 2:
        return
    points = " ".join(f"{x},{y}" for x, y in map(_middle, cells))
    yield (
        f'<polyline points="{points}" fill="none" stroke="{PATH}" stroke-opacity="0.55" stroke-width="7" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    )
    x, y = _middle(trail.cells[-1])
    yield f'<circle cx="{x}" cy="{y}" r="8" fill="{PATH}"/>'


def _crash(trail: Trail) -> Iterator[str]:
    """A cross on the square that could not be entered; just outside the edge where there is none."""
    if trail.into is not None:
        x, y = _middle(trail.into)
        yield f'<circle cx="{x}" cy="{y}" r="12" fill="{PAPER}" stroke="{WRONG}" stroke-width="2"/>'
        yield (
            f'<path d="M{x - 5} {y - 5} L{x + 5} {y + 5} M{x + 5} {y - 5} L{x - 5} {y + 5}" stroke="{WRONG}" '
            'stroke-width="3.5" stroke-linecap="round"/>'
        )


def _badge(cell: Cell, letter: str, fill: str) -> str:
    x, y = _middle(cell)
    return (
        f'<circle cx="{x}" cy="{y}" r="14" fill="{fill}"/>'
        f'<text x="{x}" y="{y + 5.5}" font-family="{SANS}" font-size="16" font-weight="bold" text-anchor="middle" '
        f'fill="{PAPER}">{letter}</text>'
    )


def _listing(answer: str, x: int) -> Iterator[str]:
    """The answer as it was written, its first lines, each cut where the panel ends."""
    lines = answer[:MAX_CHARS].split("\n")
    more = ["…"] if len(lines) > MOST_LINES else []
    for number, line in enumerate(lines[:MOST_LINES] + more):
        yield _text(x, MARGIN + 20 + 22 * number, _cut(line, MOST_COLUMNS), INK, font=MONO)


def _caption(verdict: Verdict) -> str:
    if verdict.failure is None:
        return f"passed: {verdict.measures['lines']} lines, {verdict.measures['cells']} steps"
    return f"{verdict.failure}: {verdict.notes[0]}"


def _cut(line: str, most: int) -> str:
    return line if len(line) <= most else line[: most - 1] + "…"


def _text(x: float, y: float, text: str, fill: str, *, bold: bool = False, font: str = SANS) -> str:
    """Characters that XML forbids, lone surrogates among them, are shown as a dot."""
    clean = escape("".join(letter if letter.isprintable() else "·" for letter in text))
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}" font-family="{font}" font-size="15"{weight} fill="{fill}">{clean}</text>'


def _middle(cell: Cell) -> tuple[float, float]:
    return MARGIN + (cell[1] + 0.5) * SIDE, MARGIN + (cell[0] + 0.5) * SIDE
