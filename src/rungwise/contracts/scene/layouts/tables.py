"""Tables: columns as wide as their texts ask for, figures to the right, every second row on a ground of its own."""

from collections.abc import Sequence
from typing import NamedTuple

from rungwise.contracts.scene.kit import (
    Font,
    Rect,
    Sheet,
    line_at,
    lines_of,
    overflow,
    rect,
    sign,
)
from rungwise.contracts.scene.metrics import Face
from rungwise.contracts.scene.palette import STATES, hue_of, mix

CELL = 10  # pixels left and right of a cell's text
SIGN = 30  # the column of the states' signs
NONE_GIVEN = "–"  # noqa: RUF001 - a row may have fewer cells than its head
WIDEST = 26.0  # em; a longer text is broken rather than its neighbours
FAINT = 0.09  # of a state's hue on its row
FIGURE = "0123456789$€£<>~+-−≤≥±."  # noqa: RUF001 - what a figure begins with; a true minus too


class Extent(NamedTuple):
    """How wide the cells of each column are, in em: their widest words and their widest texts, of the head and of the
    rows; whether the rows hold figures. It does not depend on the size of type, so it is measured once."""

    head: list[tuple[float, float]]
    rows: list[tuple[float, float]]
    figures: list[bool]


class Columns(NamedTuple):
    """The columns of a table: where each begins and how wide it is, and whether it holds figures."""

    lefts: list[float]
    wides: list[float]
    figures: list[bool]
    signs: float  # the width kept at the right for signs
    whole: bool  # no text must be broken


class Line(NamedTuple):
    """A row's cells; where they are broken to their columns, their lines."""

    broken: list[list[str]]
    cells: Sequence[str]
    h: float


def extent_of(head: Sequence[str], rows: Sequence[Sequence[str]], strong: Face, plain: Face) -> Extent:
    count = max([len(head), *[len(row) for row in rows]])
    columns = [[row[place] for row in rows if place < len(row)] for place in range(count)]
    return Extent(
        [_em(head[place : place + 1], strong) for place in range(count)],
        [_em(texts, plain) for texts in columns],
        [place > 0 and all(text[0] in FIGURE for text in texts) for place, texts in enumerate(columns)],
    )


def _em(texts: Sequence[str], face: Face) -> tuple[float, float]:
    wides = [face.width(text) for text in texts]
    words = [face[word] for text in texts for word in text.split()]
    return max(words, default=0.0), max(wides, default=0.0)


def columns_of(at: int, extent: Extent, strong: Font, plain: Font, width: float, signs: bool) -> Columns:
    """Each at least as wide as its widest word, and what is left shared by how much text there is."""
    count, room = len(extent.head), width - SIGN * signs
    pairs = list(zip(extent.head, extent.rows, strict=True))
    least = [max(head[0] * strong.size, rows[0] * plain.size) for head, rows in pairs]
    natural = [max(min(head[1], WIDEST) * strong.size, min(rows[1], WIDEST) * plain.size) for head, rows in pairs]
    whole = all(head[1] <= WIDEST and rows[1] <= WIDEST for head, rows in pairs)
    free = room - sum(least) - 2 * CELL * count
    if free < 0:
        overflow(at, excess=(room - free) / max(1.0, room))
    wants = [max(much - little, 0.0) for much, little in zip(natural, least, strict=True)]
    total = sum(wants)
    if total > free:
        wides = [little + free * want / total + 2 * CELL for little, want in zip(least, wants, strict=True)]
    else:
        wides = [little + want + (free - total) / count + 2 * CELL for little, want in zip(least, wants, strict=True)]
    lefts = [sum(wides[:place]) for place in range(count)]
    return Columns(lefts, wides, extent.figures, SIGN * signs, whole and total <= free)


def line_of(at: int, name: str, row: Sequence[str], font: Font, columns: Columns, pad: float) -> Line:
    if columns.whole:
        return Line([], row, font.lead + pad)
    cells = [
        lines_of(at, name, text, font, wide - 2 * CELL + 0.1)
        for text, wide in zip(row, columns.wides, strict=False)  # a row may have fewer cells
    ]
    return Line(cells, row, max([len(lines) for lines in cells]) * font.lead + pad)


def line_drawn(line: Line, columns: Columns, font: Font, room: Rect, inks: Sequence[str]) -> list[str]:
    """The texts of a row: the first cell in the first ink, the others in the second."""
    drawn = []
    cells = line.broken or [[text] for text in line.cells]
    cells += [[NONE_GIVEN] for _ in columns.wides[len(cells) :]]
    for place, lines in enumerate(cells):
        figures = columns.figures[place]
        x = room.x + columns.lefts[place] + (columns.wides[place] - CELL if figures else CELL)
        y = room.y + room.h / 2 - (len(lines) - 1) / 2 * font.lead
        ink = inks[min(place, len(inks) - 1)]
        for row, text in enumerate(lines):
            drawn.append(line_at(x, y + row * font.lead, text, font, ink, "end" if figures else "start"))
    return drawn


def ground_of(sheet: Sheet, room: Rect, order: int, state: str | None, signs: float) -> list[str]:
    """What a row stands on: every second one darker; a state has its tint, an edge and its sign."""
    theme = sheet.theme
    if state is None or state not in STATES:
        return [rect(*room, 4, mix(theme.card, theme.well, 0.75))] if order % 2 else []
    told = hue_of(theme, sheet.tone, STATES[state], 0)
    drawn = [rect(*room, 4, mix(theme.card, told, FAINT)), rect(room.x, room.y, 4, room.h, 2, told)]
    if signs:
        drawn.append(sign(sheet, room.right - signs / 2, room.y + room.h / 2, state, told))
    return drawn
