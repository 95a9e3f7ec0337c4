"""What stands around the body in every family: ground, motif, rail, frame, header, badges and footer.

`framed` measures them for a sheet and sets `sheet.body` to the rectangle that is left. What it gives back draws them
and returns the boxes of their components. What belongs to no component goes to `sheet.under`.
"""

from typing import NamedTuple

from rungwise.contracts.scene.kit import (
    ROOT,
    Box,
    Draw,
    Font,
    Rect,
    Sheet,
    Stack,
    at_of,
    font_of,
    line_at,
    look,
    pill,
    pill_size,
    rect,
    stack,
    written,
)
from rungwise.contracts.scene.palette import TINT, hue_of, mix

INSET = {"sm": 28, "md": 44, "lg": 62}
HEADLINE = {"wide": 36, "square": 36, "tall": 40}
SPLIT = 0.56  # of the width, where a split header's headline ends
RAIL = {"muted": 6, "accent": 10}


def framed(sheet: Sheet) -> Draw:
    """All of this, measured: it sets the sheet's body. What it gives back draws."""
    inset = INSET[sheet.scene.attribute("inset")]
    outer = Rect(inset, inset, sheet.width - 2 * inset, sheet.height - 2 * inset)
    top, header = _header(sheet, outer)
    bottom, footer = _footer(sheet, outer)
    body, frame = Rect(outer.x, top + 20, outer.w, bottom - top - 20), sheet.scene.attribute("frame")
    sheet.body = body
    if frame == "panel":
        inner = sheet.pad + 4
        sheet.body = Rect(body.x + inner, body.y + inner, body.w - 2 * inner, body.h - 2 * inner)
    elif frame == "none":
        sheet.body = Rect(body.x, body.y + 14, body.w, body.h - 14)
    legend = _legend(sheet)

    def draw() -> list[Box]:
        sheet.under += [*_ground(sheet), *_motif(sheet), *_rail(sheet), _edge(sheet, frame, inset // 2, body)]
        return [*header(), *legend(), *footer()]

    return draw


def _edge(sheet: Sheet, frame: str, half: int, body: Rect) -> str:
    """What sets the picture or its body off."""
    if frame == "card":
        return _panel(sheet, Rect(half, half, sheet.width - 2 * half, sheet.height - 2 * half))
    return _panel(sheet, body) if frame == "panel" else rect(body.x, body.y - 1, body.w, 1, 0, sheet.theme.line)


def _panel(sheet: Sheet, at: Rect) -> str:
    r = sheet.radius + 6
    return rect(at.x + 0.5, at.y + 0.5, at.w - 1, at.h - 1, r, sheet.theme.panel, sheet.theme.line)


# ---- behind everything ----


def _ground(sheet: Sheet) -> list[str]:
    return [f'<rect width="{sheet.width}" height="{sheet.height}" fill="url(#{ROOT}-ground)"/>']


def _rail(sheet: Sheet) -> list[str]:
    """A strip along the left edge of the canvas."""
    rail = sheet.scene.attribute("rail")
    if rail == "none":
        return []
    fill = f"url(#{ROOT}-rail)" if rail == "accent" else sheet.theme.line
    return [f'<rect width="{RAIL[rail]}" height="{sheet.height}" fill="{fill}"/>']


def _motif(sheet: Sheet) -> list[str]:
    motif, colour = sheet.scene.attribute("background"), sheet.theme.motif
    if motif == "none":
        return []
    if motif == "rings":
        return [_ring(sheet, r, colour) for r in range(120, min(sheet.width, sheet.height), 90)]
    step, unit = (40, "M0 0H40M0 0V40") if motif == "grid" else (28, "M0 28L28 0M0 0L28 28")
    mesh = f'<path d="{unit}" fill="none" stroke="{colour}" stroke-width="1.2"/>'
    pattern = (
        f'<pattern id="{ROOT}-motif" width="{step}" height="{step}" patternUnits="userSpaceOnUse">{mesh}</pattern>'
    )
    return [pattern, f'<rect width="{sheet.width}" height="{sheet.height}" fill="url(#{ROOT}-motif)"/>']


def _ring(sheet: Sheet, r: int, colour: str) -> str:
    """A quarter of a ring about the upper right corner."""
    way = f"M{sheet.width - r} 0A{r} {r} 0 0 0 {sheet.width} {r}"
    return f'<path d="{way}" fill="none" stroke="{colour}" stroke-width="2"/>'


# ---- header ----


class _Words(NamedTuple):
    """The header's text, set."""

    at: int
    kicker: Stack
    headline: Stack
    subtitle: Stack


def _header(sheet: Sheet, outer: Rect) -> tuple[float, Draw]:
    """Where header and badges end."""
    left = outer.x + (22 if sheet.emphasis == "left" else 0)
    top = outer.y + (16 if sheet.emphasis == "top" else 0)
    hero = {"left": _left, "center": _centred, "split": _split}[sheet.scene.attribute("hero")]
    bottom, words = hero(sheet, Rect(left, top, outer.right - left, 0))

    def draw() -> list[Box]:
        boxes = words()
        boxes[0].body.append(_mark(sheet, outer, bottom))
        return boxes

    return bottom + (14 if sheet.emphasis == "center" else 0), draw


def _mark(sheet: Sheet, outer: Rect, bottom: float) -> str:
    """The header's emphasis: a bar above, beside or below it."""
    colour = hue_of(sheet.theme, sheet.tone, "tone", 0)
    fill = f"url(#{ROOT}-mix)" if sheet.tone == "mixed" else colour
    if sheet.emphasis == "left":
        return rect(outer.x, outer.y + 2, 6, bottom - outer.y - 4, 3, colour)
    if sheet.emphasis == "top":
        middle = sheet.scene.attribute("hero") == "center"
        return rect(outer.x + (outer.w / 2 - 32 if middle else 0), outer.y, 64, 5, 2.5, fill)
    return rect(outer.x + outer.w / 2 - 60, bottom + 9, 120, 5, 2.5, fill)


def _words(sheet: Sheet, headline: float, subtitle: float) -> _Words:
    """The header's text at these widths."""
    at, theme = at_of(sheet, "header_band")[0], sheet.theme
    big = HEADLINE[sheet.scene.attribute("canvas")]
    return _Words(
        at,
        stack(sheet, at, headline, ("kicker", font_of(sheet, "bold", 14), hue_of(theme, sheet.tone, "tone", 0), 0)),
        stack(sheet, at, headline, ("headline", font_of(sheet, "head", big), theme.ink, 0)),
        stack(sheet, at, subtitle, ("subtitle", font_of(sheet, "text", 16), theme.soft, 0)),
    )


def _left(sheet: Sheet, room: Rect) -> tuple[float, Draw]:
    """Everything from the left; badges at the right of the kicker where there is room, else below."""
    words, (wide, high) = _words(sheet, room.w, room.w * 0.86), _badges_size(sheet)
    kicker, headline, subtitle = words.kicker, words.headline, words.subtitle
    beside = wide and kicker.pieces and wide + 24 + _widest(kicker) < room.w
    first = max(high, kicker.h) if beside else kicker.h
    top = room.y + first + 4
    below = top + headline.h
    bottom = below + (subtitle.h + 6) if subtitle.pieces else below

    def draw() -> list[Box]:
        parts = written(kicker, room.x, room.y + (first - kicker.h) / 2)
        parts += written(headline, room.x, top) + written(subtitle, room.x, below + 6)
        head = Box(words.at, room.x, top, room.w, bottom - top, parts)
        above = [Box(words.at, room.x, room.y, _widest(kicker), first, [])] if kicker.pieces else []
        spot = (room.right - wide, room.y + first / 2) if beside else (room.x, bottom + 12 + high / 2)
        return [head, *above, *_badges(sheet, *spot)]

    return bottom if beside or not wide else bottom + (12 + high), draw


def _centred(sheet: Sheet, room: Rect) -> tuple[float, Draw]:
    """Everything about the middle, badges last."""
    words, (wide, high) = _words(sheet, room.w, room.w * 0.76), _badges_size(sheet)
    middle, y, tops = room.x + room.w / 2, room.y, list[tuple[Stack, float]]()
    for text, space in ((words.kicker, 4), (words.headline, 6), (words.subtitle, 0)):
        if text.pieces:
            tops.append((text, y))
            y += text.h + space

    def draw() -> list[Box]:
        parts = [line for text, top in tops for line in written(text, middle, top, "middle")]
        head = Box(words.at, room.x, room.y, room.w, y - room.y, parts)
        return [head, *_badges(sheet, middle - wide / 2, y + 10 + high / 2)]

    return y + 10 + high if wide else y, draw


def _split(sheet: Sheet, room: Rect) -> tuple[float, Draw]:
    """The headline on the left; subtitle and badges on the right of a rule, the lower sides level."""
    side = room.x + room.w * SPLIT + 24
    words, (wide, high) = _words(sheet, room.w * SPLIT, room.right - side), _badges_size(sheet)
    below = wide > room.right - side  # badges too wide for the right side
    tall = words.kicker.h + words.headline.h + 4
    right = words.subtitle.h + (high + 12 if wide and not below else 0)
    y, bottom = room.y + max(0.0, right - tall), room.y + max(tall, right)

    def draw() -> list[Box]:
        parts = [
            *written(words.kicker, room.x, y),
            *written(words.headline, room.x, y + words.kicker.h + 4),
            *written(words.subtitle, side, bottom - right),
            rect(side - 22, room.y + 4, 1.5, bottom - room.y - 8, 0, sheet.theme.line),
        ]
        if below or not wide:
            head = Box(words.at, room.x, room.y, room.w, bottom - room.y, parts)
            return [head, *_badges(sheet, room.x, bottom + 12 + high / 2)]
        head = Box(words.at, room.x, room.y, side - room.x - 20, bottom - room.y, parts)
        beside = Box(words.at, side, bottom - right, room.right - side, words.subtitle.h, [])
        return [head, beside, *_badges(sheet, side, bottom - high / 2)]

    return bottom + 12 + high if below else bottom, draw


def _widest(text: Stack) -> float:
    return max([one.font.face.width(line) * one.font.size for one in text.pieces for line in one.lines])


# ---- badges and footer ----


def _badge_font(sheet: Sheet) -> Font:
    return font_of(sheet, "bold", 12.5)


def _badges_size(sheet: Sheet) -> tuple[float, float]:
    """How wide and high the row of badges is; nothing where there are none."""
    sizes = [pill_size([sheet.items[at]["text"]], _badge_font(sheet)) for at in at_of(sheet, "badge_pill")]
    return (sum([wide + 8 for wide, _ in sizes]) - 8, sizes[0][1]) if sizes else (0.0, 0.0)


def _badges(sheet: Sheet, x: float, y: float) -> list[Box]:
    """A row of badges from x, their middle at y."""
    boxes, font = list[Box](), _badge_font(sheet)
    for order, at in enumerate(at_of(sheet, "badge_pill")):
        lines, face = [sheet.items[at]["text"]], look(sheet, at, order)
        wide, high = pill_size(lines, font)
        ground = mix(sheet.theme.ground, face.hue, TINT)
        boxes.append(
            Box(at, x, y - high / 2, wide, high, pill(x + wide / 2, y, lines, font, face.hue, ground, face.strip))
        )
        x += wide + 8
    return boxes


def _footer(sheet: Sheet, outer: Rect) -> tuple[float, Draw]:
    """Where the body ends above it."""
    found = at_of(sheet, "footer_note")
    if not found:
        return outer.bottom, list
    text = stack(sheet, found[0], outer.w - 16, ("text", font_of(sheet, "text", 13), sheet.theme.soft, 0))
    top = outer.bottom - text.h

    def draw() -> list[Box]:
        bar = rect(outer.x, top + 2, 3, text.h - 4, 1.5, hue_of(sheet.theme, sheet.tone, "tone", 0))
        return [Box(found[0], outer.x, top, outer.w, text.h, [bar, *written(text, outer.x + 14, top)])]

    return top - 14, draw


# ---- legend ----


def _legend(sheet: Sheet) -> Draw:
    """Chips above, below or beside the body, which becomes smaller."""
    found = at_of(sheet, "legend_row")
    if not found:
        return list
    font, body, place = font_of(sheet, "text", 13), sheet.body, sheet.scene.attribute("legend")
    wides = [font.face.width(sheet.items[at]["label"]) * font.size + 22 for at in found]
    high = font.lead + 4
    if place == "side":
        x = body.right - max(wides)
        sheet.body = Rect(body.x, body.y, body.w - max(wides) - sheet.gap, body.h)
        spots = [(x, body.y + order * (high + 8)) for order in range(len(found))]
    else:
        spots, rows = _flowed(wides, body, high)
        deep = rows * high + (rows - 1) * 4
        sheet.body = Rect(body.x, body.y + (deep + 12 if place == "top" else 0), body.w, body.h - deep - 12)
        spots = [(x, y + (body.y if place == "top" else body.bottom - deep)) for x, y in spots]
    return lambda: [
        _chip(sheet, at, order, Rect(*spot, wide, high), font)
        for order, (at, spot, wide) in enumerate(zip(found, spots, wides, strict=True))
    ]


def _chip(sheet: Sheet, at: int, order: int, room: Rect, font: Font) -> Box:
    middle, colour = room.y + room.h / 2, look(sheet, at, order).strip
    text = line_at(room.x + 20, middle, sheet.items[at]["label"], font, sheet.theme.soft)
    return Box(at, *room, [rect(room.x, middle - 6, 12, 12, 3, colour), text])


def _flowed(wides: list[float], body: Rect, high: float) -> tuple[list[tuple[float, float]], int]:
    """The chips' places from the left, in as many rows as they need, from y = 0."""
    spots, x, row = list[tuple[float, float]](), 0.0, 0
    for wide in wides:
        if x and x + wide > body.w:
            x, row = 0.0, row + 1
        spots.append((body.x + x, row * (high + 4)))
        x += wide + 22
    return spots, row + 1
