"""A spectrum: an arc from one pole to the other, and what hangs from it by strings, each at its place."""

from collections.abc import Sequence
from functools import partial
from math import cos, pi, sin
from typing import NamedTuple

from rungwise.contracts.scene.kit import (
    ROOT,
    Box,
    Draw,
    Point,
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
    room_for,
    stack,
    written,
)
from rungwise.contracts.scene.layouts.lists import list_drawn, listed
from rungwise.contracts.scene.layouts.zones import LONG_WORD, SPARE, STRIP, Zone, beside, filled, first_fitting
from rungwise.contracts.scene.palette import mix

POLE = 0.25  # of the width
PLACES = {"far_left": 0.09, "left": 0.295, "middle": 0.5, "right": 0.705, "far_right": 0.91}  # of the arc, by its angle
APART = 0.045  # of the arc, between two at one place
THICK = 26  # pixels of the arc
FLATTEST, STEEPEST = 0.15, 0.42  # the arc's height by its width
UNDER, LOW = 0.66, 0.32  # of the arc's width and height: a name under it, and where its middle is
ROOM_ABOVE = 12  # pixels between the arc and its name
SPARE_ABOVE, SPARE_BETWEEN = 0.5, 0.12  # of the height that is left over, to the arc and to the strings
SPARE_POLES = 0.3  # of what the arc gets, to the poles above it
FAN = 40  # pixels, at the least, in which the strings spread
WIDEST = 340  # pixels of what hangs
TIERS = {"wide": (1, 2), "square": (2, 1), "tall": (2, 1)}  # heights at which they hang, where there are many
MANY = 4


class _Mark(NamedTuple):
    at: int
    order: int
    along: float  # of the arc
    x: float  # the middle of its card
    tier: int
    text: Stack


class _Arc(NamedTuple):
    x: float
    y: float  # of its feet
    rx: float
    ry: float

    def point(self, along: float) -> Point:
        return self.x - self.rx * cos(pi * along), self.y - self.ry * sin(pi * along)


def spectrum_map(sheet: Sheet) -> Draw:
    marks = at_of(sheet, "marker_band")
    tiers = TIERS[sheet.scene.attribute("canvas")] if len(marks) > MANY else (1,) if len(marks) < MANY else (1, 2)
    return filled(
        sheet,
        lambda growth: first_fitting(
            sheet, growth, sheet.body.h, [partial(_whole, sheet, marks, one, growth) for one in tiers]
        ),
    )


def _whole(sheet: Sheet, found: Sequence[int], tiers: int, growth: float) -> Zone:
    """Poles and arc above, markers below."""
    top = _top(sheet, growth, bool(found))
    marks, wide = _marks(sheet, found, tiers, growth)
    deep = [
        max([mark.text.h for mark in marks if mark.tier == tier]) + 2 * sheet.pad + STRIP
        for tier in range(tiers if marks else 0)
    ]
    below = sum(deep) + sheet.gap * (tiers - 1) + FAN if marks else 0.0

    def draw(room: Rect) -> list[Box]:
        spare = room.h - top.h - below
        high = top.h + spare * (SPARE_ABOVE if marks else 1)
        boxes, arc = _top_drawn(sheet, top, Rect(room.x, room.y, room.w, high))
        hung = room.y + high + FAN + spare * SPARE_BETWEEN
        taller = [one + spare * (1 - SPARE_ABOVE - SPARE_BETWEEN) / len(deep) for one in deep]
        return boxes + [_hung(sheet, arc, mark, wide, hung, taller) for mark in marks]

    return Zone(top.at, top.h + below, draw)


class _Top(NamedTuple):
    """The poles, and between them the arc; on a canvas that is not wide, the arc below them."""

    at: int
    poles: Zone
    name: Stack
    inner: float  # between the poles
    below: bool
    arched: bool  # the name stands under the arc's crown
    h: float


def _top(sheet: Sheet, growth: float, hung: bool) -> _Top:
    left, right = (_pole(sheet, at, order, growth) for order, at in enumerate(at_of(sheet, "spectrum_pole")))
    pole, below = sheet.body.w * POLE, sheet.scene.attribute("canvas") != "wide"
    inner = sheet.body.w - 2 * (pole + sheet.gap)
    arched = not hung and not below
    name, poles = (
        _name(sheet, inner * (UNDER if arched else 1), growth),
        beside([left, right], [pole, pole], inner + 2 * sheet.gap),
    )
    if below:
        high = max(poles.h, name.h) + sheet.gap + sheet.body.w * FLATTEST + THICK
    else:
        high = max(poles.h, name.h + ROOM_ABOVE + inner * FLATTEST + THICK)
    return _Top(poles.at, poles, name, inner, below, arched, high)


def _top_drawn(sheet: Sheet, top: _Top, room: Rect) -> tuple[list[Box], _Arc]:
    middle = room.x + room.w / 2
    if top.below:
        row = max(top.poles.h, top.name.h) + (room.h - top.h) * SPARE_POLES
        arc = _arc(0, Rect(room.x, room.y + row + sheet.gap, room.w, room.h - row - sheet.gap))
        y = room.y + (row - top.name.h) / 2
    else:
        row = room.h
        arc = _arc(
            0 if top.arched else top.name.h + ROOM_ABOVE, Rect(middle - top.inner / 2, room.y, top.inner, room.h)
        )
        y = arc.y - arc.ry - THICK / 2 - ROOM_ABOVE - top.name.h
        if top.arched:
            y = min(arc.y - arc.ry * LOW - top.name.h / 2, room.bottom - top.name.h)
    poles = top.poles.draw(Rect(room.x, room.y, room.w, row))
    return [*poles, *_continuum(sheet, arc, top.name, y, top.inner)], arc


def _pole(sheet: Sheet, at: int, order: int, growth: float) -> Zone:
    width = sheet.body.w * POLE - 2 * sheet.pad
    title = font_of(sheet, "head", room_for(LONG_WORD, width, 20 * growth))
    name = stack(sheet, at, width, ("title", title, hue(sheet, at, order), 0))
    lines = listed(sheet, at, width, font_of(sheet, "text", room_for(8, width, 13.5 * growth)))

    def draw(room: Rect) -> list[Box]:
        face = look(sheet, at, order)
        drawn, y = card(sheet, *room, face), room.y + sheet.pad + STRIP
        if room.h - name.h - lines.h * 1.6 > SPARE:
            drawn.append(ornament(sheet, *room, face.hue))
        rest = Rect(room.x + sheet.pad, y + name.h + 6, width, room.bottom - y - name.h - 6 - sheet.pad)
        return [Box(at, *room, drawn + written(name, rest.x, y) + list_drawn(sheet, lines, face.strip, rest))]

    return Zone(at, name.h + lines.h + 2 * sheet.pad + STRIP + 6, draw)


# ---- the arc ----


def _name(sheet: Sheet, width: float, growth: float) -> Stack:
    title, plain = font_of(sheet, "head", 20 * growth), font_of(sheet, "text", 13.5 * growth)
    runs = (("label", title, sheet.theme.ink, 0.0), ("note", plain, sheet.theme.soft, 3.0))
    return stack(sheet, at_of(sheet, "continuum_arc")[0], width - 24, *runs)


def _arc(above: float, room: Rect) -> _Arc:
    """As steep as there is room below what stands above, its feet within the width."""
    free = room.h - above - THICK
    ry = min(free, room.w * STEEPEST)
    return _Arc(room.x + room.w / 2, room.bottom - THICK / 2 - (free - ry) / 2, room.w / 2 - THICK / 2 - 2, ry)


def _continuum(sheet: Sheet, arc: _Arc, name: Stack, y: float, wide: float) -> list[Box]:
    at, theme = at_of(sheet, "continuum_arc")[0], sheet.theme
    first, last = (hue(sheet, pole, order) for order, pole in enumerate(at_of(sheet, "spectrum_pole")))
    if first == last:
        first = mix(first, theme.panel, 0.68)
    (left, foot), (right, _) = arc.point(0), arc.point(1)
    way = f"M{left:.1f} {foot:.1f}A{arc.rx:.1f} {arc.ry:.1f} 0 0 1 {right:.1f} {foot:.1f}"
    drawn = [
        f'<linearGradient id="{ROOT}-arc"><stop stop-color="{first}"/>'
        f'<stop offset="1" stop-color="{last}"/></linearGradient>',
        _bow(way, THICK),
    ]
    if theme.lift == "glow":
        drawn.insert(1, _bow(way, THICK + 16, ' stroke-opacity="0.16"'))
    for along in PLACES.values():
        px, py = arc.point(along)
        drawn.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{theme.panel}" fill-opacity="0.7"/>')
    drawn += written(name, arc.x, y, "middle")
    top, bottom = arc.y - arc.ry - THICK / 2, arc.y + THICK / 2
    return [
        Box(at, left - THICK / 2, top, right - left + THICK, bottom - top, drawn, False),
        Box(at, arc.x - wide / 2, y, wide, name.h, []),
    ]


def _bow(way: str, thick: float, more: str = "") -> str:
    return (
        f'<path d="{way}" fill="none" stroke="url(#{ROOT}-arc)" stroke-width="{thick}" stroke-linecap="round"{more}/>'
    )


# ---- markers ----


def _marks(sheet: Sheet, found: Sequence[int], tiers: int, growth: float) -> tuple[list[_Mark], float]:
    """The markers in the order of their places, and how wide a card is. Cards at two heights overlap in their
    sides, but for a gap through which the strings of the lower ones run."""
    if not found:
        return [], 0.0
    wide = (sheet.body.w - (len(found) - 1) * sheet.gap / tiers) / ((len(found) - 1) / tiers + 1)
    wide = min(wide, max(WIDEST, sheet.body.w / 4))
    ranked = sorted(enumerate(found), key=lambda one: [*PLACES].index(sheet.scene.components[one[1]].value("place")))
    alongs = _alongs([sheet.scene.components[at].value("place") for _, at in ranked])
    spots = _spots(alongs, wide, (wide + sheet.gap) / tiers, sheet.body)
    marks = []
    for place, ((order, at), along, x) in enumerate(zip(ranked, alongs, spots, strict=True)):
        marks.append(_Mark(at, order, along, x, place % tiers, _text(sheet, at, order, wide - 2 * sheet.pad, growth)))
    return marks, wide


def _text(sheet: Sheet, at: int, order: int, width: float, growth: float) -> Stack:
    name = font_of(sheet, "bold", room_for(LONG_WORD, width, 15 * growth))
    plain = font_of(sheet, "text", room_for(8, width, 13 * growth))
    return stack(sheet, at, width, ("label", name, hue(sheet, at, order), 0), ("note", plain, sheet.theme.soft, 4))


def _alongs(places: Sequence[str]) -> list[float]:
    """Where each is on the arc: those of one place next to each other about it."""
    alongs = []
    for at, place in enumerate(places):
        several, before = places.count(place), places[:at].count(place)
        half = (several - 1) / 2 * APART
        middle = min(max(PLACES[place], half + 0.03), 0.97 - half)
        alongs.append(middle - half + before * APART)
    return alongs


def _spots(alongs: Sequence[float], wide: float, step: float, body: Rect) -> list[float]:
    """The cards' middles: as near to below their places as they go without meeting."""
    least, most = body.x + wide / 2, body.right - wide / 2
    wanted = [min(max(body.x + body.w * along, least), most) for along in alongs]
    rightward, leftward = list(wanted), list(wanted)
    for at in range(1, len(wanted)):
        rightward[at] = max(wanted[at], rightward[at - 1] + step)
        leftward[-at - 1] = min(wanted[-at - 1], leftward[-at] - step)
    last = len(wanted) - 1
    rightward = [min(x, most - (last - at) * step) for at, x in enumerate(rightward)]
    leftward = [max(x, least + at * step) for at, x in enumerate(leftward)]
    return [(a + b) / 2 for a, b in zip(rightward, leftward, strict=True)]


def _hung(sheet: Sheet, arc: _Arc, mark: _Mark, wide: float, top: float, deep: Sequence[float]) -> Box:
    face = look(sheet, mark.at, mark.order)
    y = top + sum(deep[: mark.tier]) + sheet.gap * mark.tier
    room = Rect(mark.x - wide / 2, y, wide, deep[mark.tier])
    px, py = arc.point(mark.along)
    foot = max(arc.y, py)
    bend = (foot + top) / 2
    string = f"M{px:.1f} {py:.1f}V{foot:.1f}C{px:.1f} {bend:.1f} {mark.x:.1f} {bend:.1f} {mark.x:.1f} {top:.1f}V{y:.1f}"
    sheet.under.append(
        f'<path d="{string}" fill="none" stroke="{mix(face.hue, sheet.theme.panel, 0.3)}" stroke-width="1.6"/>'
    )
    drawn = card(sheet, *room, face)
    air = air_for([mark.text], room.h - 2 * sheet.pad - STRIP)
    drawn += written(mark.text, room.x + sheet.pad, room.y + sheet.pad + STRIP, air=air)
    drawn.append(
        f'<circle cx="{px:.1f}" cy="{py:.1f}" r="8" fill="{sheet.theme.panel}" stroke="{face.hue}" stroke-width="4"/>'
    )
    return Box(mark.at, *room, drawn)
