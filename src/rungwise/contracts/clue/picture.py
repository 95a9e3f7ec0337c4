"""What a person looks at: the clues, the lines that were written in the colour of what each is worth, and the answer
beside the right one. Everything a model wrote is escaped and cut short.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from xml.sax.saxutils import escape

from rungwise.contract import Json, Task
from rungwise.contracts.clue.judge import judge, puzzle_of
from rungwise.contracts.clue.language import Fault, Written, read_answer, write_formula
from rungwise.contracts.clue.lines import weighed
from rungwise.contracts.clue.names import Names
from rungwise.contracts.clue.tasks import PUBLISHED
from rungwise.contracts.clue.tree import Element, Puzzle, Slot

INK, SOFT, PAPER, PANEL, GOOD, BAD = "#1c1f26", "#667085", "#ffffff", "#f4f6f9", "#1a7f4b", "#c8452f"
COLOURS = {
    "copied": SOFT, "new": GOOD, "repeated": "#b58a1c", "false": BAD, "illegible": "#8250c4", "unweighed": INK, "": INK
}  # fmt: skip
FONT = 'font-family="Helvetica, Arial, Liberation Sans, sans-serif"'
MONO = 'font-family="Menlo, DejaVu Sans Mono, monospace"'
EDGE, GAP, LINE, HEAD = 24, 16, 20, 64
MOST_LINES = 40
WIDE = {"compact": (300, 300, 280), "english": (640, 710, 300)}  # of the columns, the second with room for notes
CHARS = {"compact": (30, 24, 20), "english": (100, 100, 28)}
LETTERING = {"compact": f'{MONO} font-size="13"', "english": f'{FONT} font-size="12.5"'}


@dataclass(frozen=True, slots=True)
class Row:
    text: str
    colour: str = INK
    note: str = ""


def picture(task: Task, answer: str, settings: Mapping[str, Json]) -> str | None:
    if task.split == PUBLISHED:
        return None
    surface: str = settings["surface"]
    puzzle, names = puzzle_of(task, surface)
    verdict = judge(task, answer, settings)
    clues = [Row(write_formula(clue, names, surface)) for clue in puzzle.clues]
    columns = [("clues", clues), *_written(task, answer, puzzle, names, settings)]
    title = "every question is right" if verdict.passed else f"{verdict.failure}: {', '.join(verdict.notes)}"
    return _drawn(title, GOOD if verdict.passed else BAD, columns, surface)


def _written(
    task: Task, answer: str, puzzle: Puzzle, names: Names, settings: Mapping[str, Json]
) -> Iterator[tuple[str, Sequence[Row]]]:
    surface: str = settings["surface"]
    raw = answer.split("\n")
    written = Fault("", 1, 1, "") if settings["answer"] == "clues" else read_answer(answer, puzzle, names, surface)
    lines = written.lines if isinstance(written, Written) else tuple(raw)
    classes = ("",) * len(lines)
    if isinstance(written, Written):
        classes = weighed(puzzle, names, surface, lines, task.facts["lines"]).classes
    yield "lines", [Row(line, COLOURS[name], name) for line, name in zip(lines, classes, strict=True)]
    told = written.answer if isinstance(written, Written) else (None,) * len(puzzle.slots)
    yield (
        "answer",
        [
            _answered(slot, mine, right, names, surface)
            for slot, mine, right in zip(puzzle.slots, told, task.facts["answer"], strict=True)
        ],
    )


def _answered(slot: Slot, mine: int | None, right: int, names: Names, surface: str) -> Row:
    known = names.letters if surface == "compact" else names.words
    wanted = known[Element(slot.category, right)]
    if mine == right:
        return Row(f"{slot.category}: {wanted}", GOOD)
    told = "nothing" if mine is None else known[Element(slot.category, mine)]
    return Row(f"{slot.category}: {told}", BAD, f"is {wanted}")


# ---- drawing ----


def _drawn(title: str, colour: str, columns: Sequence[tuple[str, Sequence[Row]]], surface: str) -> str:
    tall = max(min(len(rows), MOST_LINES + 1) for _, rows in columns)
    width = 2 * EDGE + sum(WIDE[surface]) + (len(columns) - 1) * GAP
    height = HEAD + (tall + 2) * LINE + EDGE
    lefts = accumulate((wide + GAP for wide in WIDE[surface]), initial=EDGE)
    body = "".join(
        _column(x, WIDE[surface][at], name, rows, CHARS[surface][at], LETTERING[surface])
        for at, (x, (name, rows)) in enumerate(zip(lefts, columns, strict=False))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<rect width="{width}" height="{height}" fill="{PAPER}"/>'
        f'<text x="{EDGE}" y="38" {FONT} font-size="17" font-weight="600" fill="{colour}">{_shown(title, 90)}</text>'
        f"{body}</svg>"
    )


def _column(x: int, wide: int, name: str, rows: Sequence[Row], chars: int, lettering: str) -> str:
    shown = list(rows[:MOST_LINES])
    if len(rows) > MOST_LINES:
        shown.append(Row(f"and {len(rows) - MOST_LINES} more", SOFT))
    tall = (len(shown) + 2) * LINE
    drawn = [f'<rect x="{x}" y="{HEAD}" width="{wide}" height="{tall}" rx="8" fill="{PANEL}"/>',
             f'<text x="{x + 12}" y="{HEAD + 24}" {FONT} font-size="12" fill="{SOFT}">{name}</text>']  # fmt: skip
    for at, row in enumerate(shown):
        y = HEAD + 24 + (at + 1) * LINE
        drawn.append(f'<text x="{x + 12}" y="{y}" {lettering} fill="{row.colour}">{_shown(row.text, chars)}</text>')
        if row.note:
            drawn.append(f'<text x="{x + wide - 12}" y="{y}" text-anchor="end" {FONT} font-size="11" fill="{SOFT}">'
                         f"{_shown(row.note, 24)}</text>")  # fmt: skip
    return "".join(drawn)


def _shown(text: str, chars: int) -> str:
    """Escaped, cut short, and nothing in it that XML may not hold."""
    cut = text if len(text) <= chars else f"{text[: chars - 1]}…"
    return escape("".join(char if char.isprintable() else "�" for char in cut))
