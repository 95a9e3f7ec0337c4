"""Lines under each other, a dot before each and a rule between every two, spread over the height there is."""

from typing import NamedTuple

from rungwise.contracts.scene.kit import Font, Piece, Rect, Sheet, Stack, lines_of, rect, written

INDENT = 18  # of a line, for the dot before it
APART = 0.6  # of a line's height, the least space between two
LOOSE = 1.6  # by how much more than they need lines may stand apart


class Listed(NamedTuple):
    lines: list[Stack]
    apart: float
    h: float


def listed(sheet: Sheet, at: int, width: float, font: Font) -> Listed:
    """The `lines` of a component's item, set to a width; none where it has none."""
    lines = []
    for line in sheet.items[at].get("lines", ()):
        texts = lines_of(at, "lines", line, font, width - INDENT)
        lines.append(Stack([Piece(0, texts, font, sheet.theme.ink)], len(texts) * font.lead))
    apart = font.lead * APART
    return Listed(lines, apart, sum([line.h + apart for line in lines]))


def list_drawn(sheet: Sheet, found: Listed, fill: str, room: Rect) -> list[str]:
    drawn: list[str] = []
    if not found.lines:
        return drawn
    y, apart = room.y, found.apart + min((room.h - found.h) / len(found.lines), found.apart * LOOSE)
    for place, line in enumerate(found.lines):
        if place:
            drawn.append(rect(room.x, y - 0.5, room.w, 1, 0, sheet.theme.line))
        middle = y + apart / 2 + line.h / len(line.pieces[0].lines) / 2
        drawn.append(f'<circle cx="{room.x + 4:.1f}" cy="{middle:.1f}" r="3.5" fill="{fill}"/>')
        drawn += written(line, room.x + INDENT, y + apart / 2)
        y += line.h + apart
    return drawn
