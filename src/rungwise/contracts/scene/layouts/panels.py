"""Two panels that face each other, and what follows from them."""

from collections.abc import Sequence
from typing import NamedTuple

from rungwise.contracts.scene.kit import (
    Box,
    Draw,
    Rect,
    Sheet,
    Stack,
    air_for,
    at_of,
    card,
    font_of,
    hue,
    look,
    ornament,
    rect,
    room_for,
    stack,
    written,
)
from rungwise.contracts.scene.layouts.lists import Listed, list_drawn, listed
from rungwise.contracts.scene.layouts.zones import (
    LONG_WORD,
    SPARE,
    STRIP,
    Zone,
    beside,
    callouts,
    figure_size,
    filled,
    stacked,
)
from rungwise.contracts.scene.palette import tint

MARGIN = 8  # pixels of the card around its tinted head
SEAM = 17  # the radius of the mark between the panels


class _Panel(NamedTuple):
    at: int
    order: int
    head: Stack
    listed: Listed


def dual_panel_compare(sheet: Sheet) -> Draw:
    def build(growth: float) -> Zone:
        return stacked([panels(sheet, sheet.body.w, growth), *callouts(sheet, growth)], sheet.gap)

    whole = filled(sheet, build)

    def draw() -> list[Box]:
        boxes = whole()
        right = boxes[1]  # painted after the left one
        right.body.extend(_seam(sheet, right.x - sheet.gap / 2, right.y + right.h / 2))
        return boxes

    return draw


def _seam(sheet: Sheet, x: float, y: float) -> list[str]:
    """What says that the two are held against each other."""
    theme = sheet.theme
    arrows = "M-2.5 -6L-8.5 0L-2.5 6M2.5 -6L8.5 0L2.5 6"
    return [
        f'<g transform="translate({x:.1f} {y:.1f})" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">'
        f'<circle r="{SEAM}" fill="{theme.panel}" stroke="{theme.line}"/>'
        f'<path d="{arrows}" fill="none" stroke="{theme.soft}"/></g>',
    ]  # fmt: skip


def panels(sheet: Sheet, width: float, growth: float) -> Zone:
    """The panels of the scene from left to right: one or two."""
    found = at_of(sheet, "compare_panel")
    wide = (width - sheet.gap * (len(found) - 1)) / len(found)
    texts = [_set(sheet, at, order, wide - 2 * (sheet.pad + MARGIN), growth) for order, at in enumerate(found)]
    head = max([text.head.h for text in texts]) + 2 * sheet.pad * sheet.scale  # level in both
    high = head + STRIP + 2 * MARGIN + max([text.listed.h for text in texts])
    zones = [Zone(text.at, high, lambda room, text=text: [_panel(sheet, text, texts, head, room)]) for text in texts]  # type: ignore[misc]
    return beside(zones, [wide] * len(zones), sheet.gap)


def _set(sheet: Sheet, at: int, order: int, width: float, growth: float) -> _Panel:
    theme, figure = sheet.theme, sheet.items[at].get("value", "")
    head = stack(
        sheet, at, width,
        ("title", font_of(sheet, "head", room_for(LONG_WORD, width, 23 * growth)), theme.ink, 0),
        ("value", font_of(sheet, "head", figure_size(figure, width, 40 * growth)), hue(sheet, at, order), 2),
        ("caption", font_of(sheet, "text", 14.5 * growth), theme.soft, 4),
    )  # fmt: skip
    return _Panel(at, order, head, listed(sheet, at, width, font_of(sheet, "text", 14.5 * growth)))


def _panel(sheet: Sheet, text: _Panel, both: Sequence[_Panel], head: float, room: Rect) -> Box:
    face = look(sheet, text.at, text.order)
    drawn = card(sheet, *room, face)
    left, top = room.x + MARGIN, room.y + STRIP + MARGIN
    below = room.bottom - top - head - MARGIN
    if not any(one.listed.lines for one in both):  # the head is all there is
        head, below = head + below, 0.0
    drawn.append(rect(left, top, room.w - 2 * MARGIN, head, max(sheet.radius - 4, 2), tint(sheet.theme, face.hue)))
    pad = sheet.pad * sheet.scale
    inner = head - 2 * pad
    air = air_for([one.head for one in both], inner)
    used = text.head.h + air * max(0, len(text.head.pieces) - 1)
    if inner - used > SPARE:
        drawn.append(ornament(sheet, left, top, room.w - 2 * MARGIN, head, face.hue))
    drawn += written(text.head, left + sheet.pad, top + pad, air=air)
    rest = Rect(left + sheet.pad, top + head, room.w - 2 * (MARGIN + sheet.pad), below)
    return Box(text.at, *room, drawn + list_drawn(sheet, text.listed, face.strip, rest))
