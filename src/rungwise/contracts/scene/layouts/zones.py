"""Zones: parts of a body that know how high they must be and draw themselves into as much as they get.

A layout puts its zones on top of each other and side by side, and has the whole drawn into the body: `filled`.
"""

from collections.abc import Callable, Sequence
from math import sqrt
from typing import NamedTuple

from rungwise.contracts.scene.kit import (
    Box,
    Draw,
    Look,
    Rect,
    Sheet,
    Stack,
    air_for,
    at_of,
    card,
    first_fit,
    font_of,
    grown,
    hue,
    look,
    ornament,
    overflow,
    room_for,
    stack,
    written,
)
from rungwise.contracts.scene.palette import tint

STRIP = 6  # pixels below a card's upper edge that its strip takes
SPARE = 130  # pixels of a card without text, for an ornament
SHAPE = 1.5  # of a card that looks well: its width by its height
LONG_WORD = 7.0  # em: most words of a title
WIDE_LETTER = 0.62  # em: a digit is 0.556, capitals more
HERO = 1.6  # how much wider than its neighbours a hero's card is
FLAT = 0.3, 0.48  # of a flat card, where the figure and where the caption begins
NARROW = 560  # pixels; in less, a callout's note stands below its title
TITLE_SHARE = 0.32  # of a wide callout
Setting = Callable[
    [Sheet, int, int, float, float], Stack
]  # the text of component `at`, the order-th, at a width and a growth


class Zone(NamedTuple):
    at: int  # the component to name where there is no room
    h: float
    draw: Callable[[Rect], list[Box]]
    share: float = 1  # of height that is left over, next to the others of its stack


def filled(sheet: Sheet, build: Callable[[float], Zone]) -> Draw:
    """What `build` makes at a growth of the type, as large as it goes into the body."""
    zone = grown(sheet, lambda growth: _within(sheet.body.h, build(growth)))
    return lambda: zone.draw(sheet.body)


def first_fitting(sheet: Sheet, growth: float, room: float, builds: Sequence[Callable[[], Zone]]) -> Zone:
    """The first of several arrangements that is not too high and has no word too wide."""
    return first_fit(sheet, growth, dict(enumerate(builds)), lambda build: _within(room, build()))


def _within(room: float, zone: Zone) -> Zone:
    if zone.h > room:
        overflow(zone.at, excess=zone.h / max(1.0, room))
    return zone


def stacked(zones: Sequence[Zone], gap: float) -> Zone:
    natural = sum([zone.h for zone in zones]) + gap * (len(zones) - 1)
    shares = sum([zone.share for zone in zones])

    def draw(room: Rect) -> list[Box]:
        boxes, y, left = list[Box](), room.y, room.h - natural
        for zone in zones:
            high = zone.h + (left * zone.share / shares if shares else 0)
            boxes += zone.draw(Rect(room.x, y, room.w, high))
            y += high + gap
        return boxes

    return Zone(max(zones, key=lambda zone: zone.h).at, natural, draw, shares)


def beside(zones: Sequence[Zone], widths: Sequence[float], gap: float) -> Zone:
    """Zones measured at these widths, next to each other and equally high."""

    def draw(room: Rect) -> list[Box]:
        boxes, x = list[Box](), room.x
        for zone, wide in zip(zones, widths, strict=True):
            boxes += zone.draw(Rect(x, room.y, wide, room.h))
            x += wide + gap
        return boxes

    highest = max(zones, key=lambda zone: zone.h)
    return Zone(highest.at, highest.h, draw, max([zone.share for zone in zones]))


# ---- cards ----


def cards(
    sheet: Sheet, found: Sequence[int], columns: int, width: float, growth: float, setting: Setting, flat: bool = False
) -> Zone:
    """Cards in rows of so many, each row as wide as all; in flat ones the pieces of text stand next to each other."""
    rows = [list(enumerate(found))[first : first + columns] for first in range(0, len(found), columns)]
    if not flat:
        return stacked([_row(sheet, row, width, growth, setting) for row in rows], sheet.gap)
    zones = []
    for row in rows:
        wide = (width - sheet.gap * (len(row) - 1)) / len(row)
        zones.append(beside([_flat(sheet, at, order, wide, growth) for order, at in row], [wide] * len(row), sheet.gap))
    return stacked(zones, sheet.gap / 2 * sheet.scale)


def _row(sheet: Sheet, row: Sequence[tuple[int, int]], width: float, growth: float, setting: Setting) -> Zone:
    weights = [HERO if sheet.scene.components[at].fields.get("variant") == "hero" else 1.0 for _, at in row]
    room = width - sheet.gap * (len(row) - 1)
    widths = [room * weight / sum(weights) for weight in weights]
    texts = [
        setting(sheet, at, order, wide - 2 * sheet.pad, growth) for (order, at), wide in zip(row, widths, strict=True)
    ]

    def draw(room: Rect) -> list[Box]:
        boxes, x, spare = list[Box](), room.x, room.h - 2 * sheet.pad - STRIP
        air = air_for(texts, spare)
        for (order, at), wide, text in zip(row, widths, texts, strict=True):
            boxes.append(_card(sheet, at, Rect(x, room.y, wide, room.h), look(sheet, at, order), text, air))
            x += wide + sheet.gap
        return boxes

    highest = max(range(len(row)), key=lambda place: texts[place].h)
    return Zone(row[highest][1], texts[highest].h + 2 * sheet.pad + STRIP, draw)


def _flat(sheet: Sheet, at: int, order: int, width: float, growth: float) -> Zone:
    """Title, figure and caption next to each other."""
    theme, inner = sheet.theme, width - 2 * sheet.pad
    named, figured = inner * FLAT[0], inner * (FLAT[1] - FLAT[0])
    title = font_of(sheet, "head", 17 * growth)
    figure = font_of(sheet, "head", figure_size(sheet.items[at].get("value", ""), figured - sheet.pad, 27 * growth))
    runs = (
        (0.0, named - sheet.pad, ("title", title, theme.ink, 0.0)),
        (named, figured - sheet.pad, ("value", figure, hue(sheet, at, order), 0.0)),
        (inner * FLAT[1], inner * (1 - FLAT[1]), ("caption", font_of(sheet, "text", 13.5 * growth), theme.soft, 0.0)),
    )
    texts = [(aside, stack(sheet, at, wide, run)) for aside, wide, run in runs]

    def draw(room: Rect) -> list[Box]:
        drawn = card(sheet, *room, look(sheet, at, order))
        for aside, text in texts:
            drawn += written(text, room.x + sheet.pad + aside, room.y + (room.h - text.h) / 2 + STRIP / 3)
        return [Box(at, *room, drawn)]

    return Zone(at, max([text.h for _, text in texts]) + sheet.pad * sheet.scale + STRIP, draw)


def _card(sheet: Sheet, at: int, room: Rect, face: Look, text: Stack, air: float) -> Box:
    drawn = card(sheet, *room, face)
    if room.h - 2 * sheet.pad - text.h - air * len(text.pieces) > SPARE:
        drawn.append(ornament(sheet, *room, face.hue))
    return Box(at, *room, drawn + written(text, room.x + sheet.pad, room.y + sheet.pad + STRIP, air=air))


def section_text(sheet: Sheet, at: int, order: int, width: float, growth: float) -> Stack:
    """A card about one figure, or where it has none, about its title."""
    theme, variant = sheet.theme, sheet.scene.components[at].fields.get("variant")
    plain = font_of(sheet, "text", 14 * growth)
    if "value" not in sheet.items[at]:
        title = font_of(sheet, "head", room_for(LONG_WORD, width, 20 * growth))
        return stack(sheet, at, width, ("title", title, theme.ink, 0), ("caption", plain, theme.soft, 6))
    big = 44 if variant in ("metric", "hero") else 33
    figure = font_of(sheet, "head", figure_size(sheet.items[at]["value"], width, big * growth))
    name = font_of(sheet, "bold", room_for(LONG_WORD, width, 15 * growth))
    runs = (
        ("title", name, theme.ink, 0.0),
        ("value", figure, hue(sheet, at, order), 2.0),
        ("caption", plain, theme.soft, 4.0),
    )
    return stack(sheet, at, width, *runs)


def figure_size(text: str, width: float, size: float) -> float:
    """The size of type, at most `size`, at which a short text goes on one line."""
    return min(size, width / (max(len(text), 3) * WIDE_LETTER))


def columns_of(sheet: Sheet, count: int) -> int:
    """How many cards stand in a row: what the scene says, else what gives them a good shape."""
    said = sheet.scene.attribute("columns")
    if said != "auto":
        return min(int(said), count)
    wanted = round(sqrt(count * sheet.body.w / (sheet.body.h * SHAPE)))
    rows = -(-count // min(max(wanted, 1), 4))
    return -(-count // rows)


# ---- bands ----


def band(sheet: Sheet, at: int, width: float, growth: float, name: str = "note") -> Zone:
    """A band in its hue: a title, and what is to be said of it beside or below."""
    pad, theme = sheet.pad + 4, sheet.theme
    inner, high = width - 2 * pad, 2 * pad
    title = ("title", font_of(sheet, "head", 20 * growth), theme.ink, 0.0)
    note = (name, font_of(sheet, "text", 14.5 * growth), theme.soft, 6.0)
    if inner < NARROW * growth:
        one = stack(sheet, at, inner, title, note)
        return Zone(at, one.h + high, lambda room: [_band(sheet, at, room, [(one, 0.0)])], 0.4)
    left, right = stack(sheet, at, inner * TITLE_SHARE - pad, title), stack(sheet, at, inner * (1 - TITLE_SHARE), note)
    texts = [(left, 0.0), (right, inner * TITLE_SHARE)]
    return Zone(at, max(left.h, right.h) + high, lambda room: [_band(sheet, at, room, texts)], 0.3)


def _band(sheet: Sheet, at: int, room: Rect, texts: Sequence[tuple[Stack, float]]) -> Box:
    face = look(sheet, at, 0)
    edge = face.edge or face.hue
    drawn = card(sheet, *room, face._replace(ground=tint(sheet.theme, edge), edge=edge))
    for text, aside in texts:
        drawn += written(text, room.x + sheet.pad + 4 + aside, room.y + (room.h - text.h) / 2 + STRIP / 3)
    return Box(at, *room, drawn)


def callouts(sheet: Sheet, growth: float) -> list[Zone]:
    """The callout of the scene, where there is one."""
    return [band(sheet, at, sheet.body.w, growth) for at in at_of(sheet, "callout_card")]
