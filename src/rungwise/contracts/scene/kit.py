"""What every layout draws with: text set to a width, cards, pills, marks and connectors, in the colours of the theme.

A layout is a function `layout(sheet) -> Draw`. `sheet.body` is the rectangle it may use and should fill, and
`sheet.items[at]` the content of component `at`. It sets all text (`stack`, `lines_of`) and adds up heights; where they
do not fit it gives up by `overflow(at, field)`, and is called again with smaller type. What it gives back is called
once, at the scale that was found: it draws all of it, and nothing can overflow any more.
Type comes from `font_of`, which knows the scale; distances (`sheet.gap`, `sheet.pad`) do not change with the scale.

    heading, plain = font_of(sheet, "head", 18), font_of(sheet, "text", 14)      # kinds: head, bold, text, mono
    text = stack(sheet, at, width, ("title", heading, theme.ink, 0), ("caption", plain, theme.soft, 6))
    heights = spread([text.h + 2 * sheet.pad, ...], sheet.body.h, sheet.gap, at)  # natural heights, stretched to fill
    air = air_for(texts_of_the_row, h - 2 * sheet.pad)                            # spare height, between pieces of text
    drawn = card(sheet, x, y, w, h, look(sheet, at, order)) + written(text, x + sheet.pad, y + sheet.pad, air=air)
    boxes.append(Box(at, x, y, w, h, drawn))

`grown(sheet, measure)` has a picture of few components set in larger type. `look` is what accent, state and variant
come to; `card` draws it. A component may have several boxes (a connector's label is a solid box of its own). Wires go
to `sheet.under`, which is painted below all components; heads of arrows and labels belong to the connector's box.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from rungwise.contracts.scene.fitting import GROWTH, SCALES, air_for, first_fit, grown, room_for, spread
from rungwise.contracts.scene.palette import CYCLE, Theme, mix
from rungwise.contracts.scene.sheet import (
    BASELINE,
    CANVAS,
    FONTS_KEPT,
    GAP,
    PAD,
    ROOT,
    Box,
    Draw,
    Font,
    Look,
    Overflow,
    Piece,
    Point,
    Rect,
    Sheet,
    Stack,
    at_of,
    font_of,
    hue,
    line_at,
    lines_of,
    look,
    number_of,
    once,
    one_line,
    overflow,
    safe,
    stack,
    state_hue,
    written,
)

__all__ = [
    "BASELINE",
    "CANVAS",
    "GAP",
    "GROWTH",
    "PAD",
    "ROOT",
    "SCALES",
    "Box",
    "Draw",
    "Font",
    "Look",
    "Overflow",
    "Piece",
    "Point",
    "Rect",
    "Sheet",
    "Stack",
    "air_for",
    "at_of",
    "card",
    "disc",
    "first_fit",
    "font_of",
    "grown",
    "head",
    "hue",
    "label",
    "line_at",
    "lines_of",
    "look",
    "mix_stops",
    "number_of",
    "once",
    "one_line",
    "ornament",
    "overflow",
    "pill",
    "pill_size",
    "rect",
    "room_for",
    "safe",
    "sign",
    "spread",
    "stack",
    "state_hue",
    "wire",
    "written",
]

# ---- shapes ----


def rect(x: float, y: float, w: float, h: float, r: float, fill: str, stroke: str = "", more: str = "") -> str:
    edge = f' stroke="{stroke}"' if stroke else ""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{r:.1f}" fill="{fill}"{edge}{more}/>'


def card(sheet: Sheet, x: float, y: float, w: float, h: float, look: Look) -> list[str]:
    """A rounded card, a strip of its hue where the emphasis puts it, and the sign of its state on the upper edge."""
    theme, r = sheet.theme, min(sheet.radius, h / 2, w / 2)
    line, more = look.edge or theme.line, ' stroke-width="2"' if look.edge else ""
    drawn = []
    if theme.lift == "shadow":
        drawn.append(rect(x, y + 3, w, h - 1, r, theme.ink, more=' fill-opacity="0.09"'))
    elif theme.lift == "glow":
        line = look.edge or look.hue
        more = more or ' stroke-opacity="0.5"'
        drawn.append(rect(x + 1, y + 1, w - 2, h - 2, r, "none", line, ' stroke-opacity="0.16" stroke-width="5"'))
    if look.dashed:
        more += ' stroke-dasharray="5 4"'
    drawn.append(rect(x + 0.5, y + 0.5, w - 1, h - 1, r, look.ground, line, more))
    drawn.append(_strip(sheet, x, y, w, h, r, look.strip))
    if look.sign:
        drawn.append(sign(sheet, x + w - r - 9, y + 1, look.sign, look.edge or look.hue))
    return drawn


def _strip(sheet: Sheet, x: float, y: float, w: float, h: float, r: float, fill: str) -> str:
    """Along the top or left edge, following the card's corners; or a short bar in the middle of the top."""
    thick = 5 if h > 60 else 4
    if sheet.emphasis == "center":
        wide = min(64, w * 0.4)
        return rect(x + (w - wide) / 2, y, wide, thick, thick / 2, fill)
    r = max(r, thick)
    first, second, third, fourth = _corners(r, thick, sheet.emphasis == "left")
    if sheet.emphasis == "left":
        way = f"M{x + r:.1f} {y:.1f}{first}v{h - 2 * r:.1f}{second}{third}v{2 * r - h:.1f}{fourth}"
    else:
        way = f"M{x:.1f} {y + r:.1f}{first}h{w - 2 * r:.1f}{second}{third}h{2 * r - w:.1f}{fourth}"
    return f'<path fill="{fill}" d="{way}"/>'


@lru_cache(FONTS_KEPT)
def _corners(r: float, thick: float, left: bool) -> tuple[str, str, str, str]:
    """A strip's four arcs: outside and back inside, where the curve is flatter by the strip's thickness."""
    rr = max(r - thick, 0.1)
    arcs = (
        ((r, r, 0, -r, r), (r, r, 0, r, r), (rr, r, 1, -rr, -r), (rr, r, 1, rr, -r))
        if left
        else ((r, r, 1, r, -r), (r, r, 1, r, r), (r, rr, 0, -r, -rr), (r, rr, 0, -r, rr))
    )
    first, second, third, fourth = (f"a{rx:.1f} {ry:.1f} 0 0 {way} {dx:.1f} {dy:.1f}" for rx, ry, way, dx, dy in arcs)
    return first, second, third, f"{fourth}z"


def pill_size(lines: Sequence[str], font: Font) -> tuple[float, float]:
    wide = max([font.face.width(line) for line in lines]) * font.size
    return wide + font.size * 1.5, len(lines) * font.lead + font.size * 0.6


def pill(
    x: float, y: float, lines: Sequence[str], font: Font, ink: str, ground: str, line: str = "", more: str = ""
) -> list[str]:
    """Lines in a rounded ground of their own, about the middle (x, y)."""
    w, h = pill_size(lines, font)
    top = y - (len(lines) - 1) / 2 * font.lead
    return [
        rect(x - w / 2, y - h / 2, w, h, min(h / 2, 14), ground, line, more),
        *[line_at(x, top + row * font.lead, text, font, ink, "middle") for row, text in enumerate(lines)],
    ]


def disc(x: float, y: float, r: float, text: str, font: Font, ink: str, ground: str) -> list[str]:
    """A number in a circle."""
    return [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="{ground}"/>',
        line_at(x, y, text, font, ink, "middle"),
    ]


def ornament(sheet: Sheet, x: float, y: float, w: float, h: float, hue: str) -> str:
    """Quarter rings in the lower right corner of a card that has more room than text."""
    reach, way = min(w, h) * 0.42, ""
    for share in (1, 0.78, 0.56, 0.34):
        r = reach * share
        way += f"M{x + w - r:.1f} {y + h - 1:.1f}A{r:.1f} {r:.1f} 0 0 1 {x + w - 1:.1f} {y + h - r:.1f}"
    return f'<path d="{way}" fill="none" stroke="{mix(sheet.theme.card, hue, 0.3)}" stroke-width="1.5"/>'


_SIGNS = {  # drawn in a circle of radius 9 about the origin
    "success": "M-4 0.2L-1.2 3L4 -2.8",
    "warning": "M0 -4.6V1M0 4V4.2",
    "danger": "M-3 -3L3 3M3 -3L-3 3",
    "highlight": "M0 -4.4L1.3 -1.3L4.4 0L1.3 1.3L0 4.4L-1.3 1.3L-4.4 0L-1.3 -1.3Z",
}


def sign(sheet: Sheet, x: float, y: float, state: str, hue: str) -> str:
    """What a state looks like beside its colour, for eyes that do not see the colour: tick, bang, cross or star."""
    return (
        f'<g transform="translate({x:.1f} {y:.1f})"><circle r="9" fill="{hue}"/><path d="{_SIGNS[state]}" fill="none" '
        f'stroke="{sheet.theme.on}" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/></g>'
    )


# ---- connectors ----

HEAD, BARB, BAR = 9, 5, 7  # how long an arrow's head is, and half as wide as it and as a bracket's bar are
BEND = {"line": 8, "arrow": 8, "bracket": 0, "curve": 40}  # the radius of a corner
BOW = 9  # how far a curve leaves a straight way


def wire(sheet: Sheet, points: Sequence[Point], colour: str = "", weight: float = 1.8) -> str:
    """The way of a connector, its corners as the scene's connector has them."""
    return (
        f'<path d="{_way(points, sheet.connector)}" fill="none" stroke="{colour or sheet.theme.wire}" '
        f'stroke-width="{weight}" stroke-linejoin="round"/>'
    )


def _way(points: Sequence[Point], connector: str) -> str:
    (x, y), (ex, ey) = points[0], points[-1]
    if len(points) == 2 and connector == "curve":
        up, right = (BOW, 0) if abs(ex - x) > abs(ey - y) else (0, BOW)
        return f"M{x:.1f} {y:.1f}Q{(x + ex) / 2 + right:.1f} {(y + ey) / 2 - up:.1f} {ex:.1f} {ey:.1f}"
    way, bend = f"M{x:.1f} {y:.1f}", BEND[connector]
    for (px, py), (nx, ny) in pairwise(points[1:]):
        before, after = abs(px - x) + abs(py - y), abs(nx - px) + abs(ny - py)
        r = min(bend, before / 2, after / 2)
        if r < 1:
            way += f"L{px:.1f} {py:.1f}"
        else:
            way += (
                f"L{px - (px - x) / before * r:.1f} {py - (py - y) / before * r:.1f}"
                f"Q{px:.1f} {py:.1f} {px + (nx - px) / after * r:.1f} {py + (ny - py) / after * r:.1f}"
            )
        x, y = px, py
    return f"{way}L{ex:.1f} {ey:.1f}"


def head(sheet: Sheet, points: Sequence[Point], colour: str = "") -> str:
    """How a connector ends: a line in a dot, an arrow in its head, a bracket in two bars, a curve in a chevron."""
    fill = colour or sheet.theme.wire
    if sheet.connector == "line":
        (x, y), (ux, uy) = points[-1], _towards(points[-2], points[-1])
        return f'<circle cx="{x - ux * 4:.1f}" cy="{y - uy * 4:.1f}" r="3.6" fill="{fill}"/>'
    if sheet.connector == "arrow":
        return f'<path d="{_barbs(points)}Z" fill="{fill}"/>'
    way = _bar(points[-2], points[-1]) + _bar(points[1], points[0]) if sheet.connector == "bracket" else _barbs(points)
    return (
        f'<path d="{way}" fill="none" stroke="{fill}" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/>'
    )


def _towards(start: Point, end: Point) -> Point:
    """One pixel of the way; ways run straight across or down."""
    across, down = end[0] - start[0], end[1] - start[1]
    long = max(abs(across), abs(down)) or 1
    return across / long, down / long


def _barbs(points: Sequence[Point]) -> str:
    """From one barb over the tip to the other."""
    (x, y), (ux, uy) = points[-1], _towards(points[-2], points[-1])
    bx, by = x - ux * HEAD, y - uy * HEAD
    return (
        f"M{bx - uy * BARB:.1f} {by + ux * BARB:.1f}L{x - ux:.1f} {y - uy:.1f}"
        f"L{bx + uy * BARB:.1f} {by - ux * BARB:.1f}"
    )


def _bar(start: Point, end: Point) -> str:
    (x, y), (ux, uy) = end, _towards(start, end)
    return f"M{x - ux - uy * BAR:.1f} {y - uy + ux * BAR:.1f}L{x - ux + uy * BAR:.1f} {y - uy - ux * BAR:.1f}"


def label(sheet: Sheet, x: float, y: float, lines: Sequence[str], font: Font) -> list[str]:
    """An edge's label on the edge: the panel's colour behind it, so that the wire stops at it."""
    return pill(x, y, lines, font, sheet.theme.soft, sheet.theme.panel, sheet.theme.line)


def mix_stops(theme: Theme) -> str:
    """The gradient of what is mixed: all hues from left to right."""
    return "".join([f'<stop offset="{at / 3:.2f}" stop-color="{theme.hues[name]}"/>' for at, name in enumerate(CYCLE)])
