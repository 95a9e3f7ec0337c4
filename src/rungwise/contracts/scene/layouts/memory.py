"""Memory as a tower of segments: addresses on its left, regions on its right, cards that explain beside them."""

import math
import re
from typing import NamedTuple

from rungwise.contracts.scene.kit import (
    Box,
    Draw,
    Font,
    Rect,
    Sheet,
    Stack,
    air_for,
    at_of,
    card,
    font_of,
    grown,
    hue,
    line_at,
    lines_of,
    look,
    one_line,
    ornament,
    overflow,
    rect,
    room_for,
    sign,
    spread,
    stack,
    written,
)

CARDS = 0.32  # of the width, for the cards
SPARE = 110  # pixels of a card without text, for an ornament
REGION_ROOM, GLYPH = 84, 14  # pixels for a region's label, and for its bracket
REGION_TYPE, TICK = 12.5, 10
IN_COLUMNS = 430  # a tower as wide as this has title, caption and size beside each other
CAPTION = 0.36  # where the second of them begins
SIGN = 20  # at the right, where a state has its sign
PAD = 6  # above and below a segment's text, at full scale
CARD_GROWTH, FILLED = (1.5, 1.25, 1), 0.85  # sizes of the cards' type, and how much of their column it may fill
WEIGHT = 3  # how much more of the spare room the largest segment has than the smallest
UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([kmgt]?)i?(?:b|bytes)?")


class _Plan(NamedTuple):
    tower: Rect
    lanes: list[int]  # by region: which column of brackets it stands in
    lane: float  # how wide a column of brackets is
    cards: Rect


class _Segment(NamedTuple):
    """What is written on a segment, from its left and from the top of the highest text."""

    texts: list[tuple[float, float, Stack]]
    size: str
    font: Font
    left: float  # of the size
    middle: float  # of the size
    h: float


class _Region(NamedTuple):
    """What a bracket says, and from where it reaches how far down."""

    at: int
    lines: list[str]
    font: Font
    y: float
    h: float


class _Set(NamedTuple):
    segments: list[_Segment]
    heights: list[float]
    cards: list[Stack]
    card_heights: list[float]


def memory_map(sheet: Sheet) -> Draw:
    segments, cards = at_of(sheet, "memory_segment"), at_of(sheet, "info_card")
    plan = _plan(sheet, segments, cards)
    apart = sheet.gap / 6
    text = grown(sheet, lambda growth: _set(sheet, plan, segments, cards, apart, growth))
    places, y = list[Rect](), plan.tower.y
    for high in text.heights:
        places.append(Rect(plan.tower.x, y, plan.tower.w, high))
        y += high + apart
    regions = _regions(sheet, plan, segments, places)
    edges = [plan.tower.y, *[place.y + (place.h + apart) - apart / 2 for place in places]]
    edges[-1] = y - apart
    return lambda: [
        *_addresses(sheet, plan, edges),
        *[_tower(sheet, at, order, places[order], text.segments[order]) for order, at in enumerate(segments)],
        *[_bracket(sheet, plan, order, region) for order, region in enumerate(regions)],
        *_cards(sheet, plan, cards, text),
    ]


def _plan(sheet: Sheet, segments: list[int], cards: list[int]) -> _Plan:
    """Where the columns stand: addresses, tower, brackets, cards."""
    body, strip = sheet.body, at_of(sheet, "address_strip")
    mono = font_of(sheet, "mono", 12.5)
    before = (
        max([mono.face.width(text) for text in sheet.items[strip[0]]["offsets"]]) * mono.size + TICK + 8 if strip else 0
    )
    lanes = _lanes(sheet, segments)
    lane = _lane(sheet) if lanes else 0
    after = lane * (max(lanes) + 1) if lanes else 0
    side = body.w * CARDS if cards else 0
    edge = mono.lead / 2 if strip else 0
    wide = body.w - before - after - (side + sheet.gap if cards else 0)
    tower = Rect(body.x + before, body.y + edge, wide, body.h - 2 * edge)
    return _Plan(tower, lanes, lane, Rect(body.right - side, body.y, side, body.h))


def _lane(sheet: Sheet) -> float:
    """How wide a column of brackets is: as its widest label asks for, broken to lines."""
    font, wide = font_of(sheet, "bold", REGION_TYPE), 0.0
    for at in at_of(sheet, "region_bracket"):
        if text := sheet.items[at].get("label"):
            widest = max([font.face[word] for word in text.split()]) * font.size
            lines = lines_of(at, "label", text, font, max(REGION_ROOM, widest + 1))
            wide = max(wide, *[font.face.width(line) * font.size for line in lines])
    return wide + GLYPH + 12


def _lanes(sheet: Sheet, segments: list[int]) -> list[int]:
    """Regions that share a segment stand in different columns."""
    ends, lanes = list[int](), list[int]()
    for first, last in _reaches(sheet, segments):
        lane = next((lane for lane, end in enumerate(ends) if end < first), len(ends))
        ends[lane : lane + 1] = [last]
        lanes.append(lane)
    return lanes


def _reaches(sheet: Sheet, segments: list[int]) -> list[tuple[int, int]]:
    components = sheet.scene.components
    place = {components[at].fields["id"]: order for order, at in enumerate(segments)}
    regions = [components[at].fields for at in at_of(sheet, "region_bracket")]
    return [(place[fields["from"]], place[fields["to"]]) for fields in regions]


# ---- text ----


def _set(sheet: Sheet, plan: _Plan, segments: list[int], cards: list[int], apart: float, growth: float) -> _Set:
    texts = [_segment(sheet, plan, at, growth) for at in segments]
    natural = [text.h + 2 * PAD * sheet.scale for text in texts]
    room = plan.tower.h - apart * (len(texts) - 1)
    if sum(natural) > room:
        overflow(segments[natural.index(max(natural))], excess=sum(natural) / room)
    weights = _weights([sheet.items[at].get("size", "") for at in segments])
    spare = (room - sum(natural)) / sum(weights)
    heights = [high + spare * weight for high, weight in zip(natural, weights, strict=True)]
    return _Set(texts, heights, *_told(sheet, plan, cards))


def _segment(sheet: Sheet, plan: _Plan, at: int, growth: float) -> _Segment:
    """Title, caption and size: beside each other in a wide tower, else the caption below."""
    theme, item, wide = sheet.theme, sheet.items[at], plan.tower.w - 32
    title, plain = font_of(sheet, "head", 15 * min(growth, 1.9)), font_of(sheet, "text", 13 * min(growth, 1.9))
    size = font_of(sheet, "mono", 13 * min(growth, 1.9))
    rooms = (0.34, 0.43, 0.2) if wide + 32 >= IN_COLUMNS else (0.65, 1, 0.33)
    name = stack(sheet, at, wide * rooms[0], ("title", title, theme.ink, 0))
    caption = stack(sheet, at, wide * rooms[1], ("caption", plain, theme.soft, 0))
    aside = SIGN if sheet.scene.components[at].fields.get("state") else 0
    told = one_line(at, "size", item["size"], size, wide * rooms[2] - aside)
    left = 16 + wide - aside - size.face.width(told) * size.size
    if rooms[1] < 1:
        tall = max(name.h, caption.h)
        texts = [(16, (tall - name.h) / 2, name), (16 + wide * CAPTION, (tall - caption.h) / 2, caption)]
        return _Segment(texts, told, size, left, tall / 2, tall)
    tall = name.h + (caption.h + 2 if caption.pieces else 0)
    return _Segment([(16, 0, name), (16, name.h + 2, caption)], told, size, left, name.h / 2, tall)


def _weights(sizes: list[str]) -> list[float]:
    """How much of the spare room each segment has: by the logarithm of its size where all sizes are numbers."""
    found = [_SIZE.fullmatch(size.strip().lower()) for size in sizes]
    bits = [math.log2(max(1.0, float(one[1]))) + 10 * UNITS[one[2]] for one in found if one]
    if len(bits) < len(sizes) or min(bits) == max(bits):
        return [1.0] * len(sizes)
    return [1 + (WEIGHT - 1) * (bit - min(bits)) / (max(bits) - min(bits)) for bit in bits]


def _told(sheet: Sheet, plan: _Plan, cards: list[int]) -> tuple[list[Stack], list[float]]:
    """The cards' texts, as large as their own column lets them be, and how high each card is."""
    if not cards:
        return [], []
    for growth in CARD_GROWTH:
        texts = [_card(sheet, at, plan.cards.w - 2 * sheet.pad, growth) for at in cards]
        tall = [text.h + 2 * sheet.pad + 6 for text in texts]
        if sum(tall) + sheet.gap * (len(cards) - 1) <= plan.cards.h * FILLED:
            break
    return texts, spread(tall, plan.cards.h, sheet.gap, cards[0])


def _card(sheet: Sheet, at: int, width: float, growth: float) -> Stack:
    title = font_of(sheet, "head", room_for(6.4, width, 16 * growth))
    plain = font_of(sheet, "text", room_for(6.4, width, 13.5 * growth))
    return stack(sheet, at, width, ("title", title, sheet.theme.ink, 0), ("lines", plain, sheet.theme.soft, 7))


def _regions(sheet: Sheet, plan: _Plan, segments: list[int], places: list[Rect]) -> list[_Region]:
    font, found = font_of(sheet, "bold", REGION_TYPE), list[_Region]()
    for at, (first, last) in zip(at_of(sheet, "region_bracket"), _reaches(sheet, segments), strict=True):
        y = places[first].y + 3
        high = places[last].bottom - 3 - y
        text = sheet.items[at].get("label")
        lines = lines_of(at, "label", text, font, plan.lane - GLYPH - 11) if text else []
        if len(lines) * font.lead > high:
            overflow(at, "label", len(lines) * font.lead / high)
        found.append(_Region(at, lines, font, y, high))
    return found


# ---- drawing ----


def _addresses(sheet: Sheet, plan: _Plan, edges: list[float]) -> list[Box]:
    """The offsets at the segments' edges, spread over them where they are fewer; at even distances where more."""
    found = at_of(sheet, "address_strip")
    if not found:
        return []
    offsets, mono = sheet.items[found[0]]["offsets"], font_of(sheet, "mono", 12.5)
    if len(offsets) > len(edges):
        edges = [plan.tower.y + plan.tower.h * order / (len(offsets) - 1) for order in range(len(offsets))]
    right, drawn = plan.tower.x - 4, list[str]()
    for order, text in enumerate(offsets):
        y = edges[round(order * (len(edges) - 1) / max(1, len(offsets) - 1))]
        drawn.append(line_at(right - TICK, y, text, mono, sheet.theme.soft, "end"))
        drawn.append(rect(right - TICK + 4, y - 0.6, TICK - 4, 1.2, 0, sheet.theme.wire))
    return [Box(found[0], sheet.body.x, sheet.body.y, right - sheet.body.x, sheet.body.h, drawn)]


def _tower(sheet: Sheet, at: int, order: int, place: Rect, one: _Segment) -> Box:
    """A segment in its place."""
    face, top = look(sheet, at, order), place.y + (place.h - one.h) / 2
    drawn = card(sheet, *place, face._replace(sign=None))
    for left, down, words in one.texts:
        drawn += written(words, place.x + left, top + down)
    drawn.append(line_at(place.x + one.left, top + one.middle, one.size, one.font, hue(sheet, at, order)))
    if face.sign:
        drawn.append(sign(sheet, place.right - 18, place.y + place.h / 2, face.sign, face.edge or face.hue))
    return Box(at, *place, drawn)


def _bracket(sheet: Sheet, plan: _Plan, order: int, region: _Region) -> Box:
    x, y, high = plan.tower.right + 4 + plan.lane * plan.lanes[order], region.y, region.h
    font, colour, middle = region.font, hue(sheet, region.at, order), y + high / 2
    way = f"M{x:.1f} {y:.1f}q7 0 7 7V{middle - 5:.1f}l5 5l-5 5V{y + high - 7:.1f}q0 7 -7 7"
    body = [f'<path d="{way}" fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round"/>']
    top = middle - (len(region.lines) - 1) * font.lead / 2
    for place, line in enumerate(region.lines):
        body.append(line_at(x + GLYPH + 4, top + place * font.lead, line, font, colour))
    return Box(region.at, x, y, plan.lane - 6, high, body)


def _cards(sheet: Sheet, plan: _Plan, cards: list[int], text: _Set) -> list[Box]:
    boxes, y = list[Box](), plan.cards.y
    for order, (at, one, high) in enumerate(zip(cards, text.cards, text.card_heights, strict=True)):
        place = Rect(plan.cards.x, y, plan.cards.w, high)
        air = air_for([one], high - 2 * sheet.pad - 6)
        drawn = card(sheet, *place, look(sheet, at, order))
        if high - one.h - 2 * sheet.pad - air * len(one.pieces) > SPARE:
            drawn.append(ornament(sheet, *place, hue(sheet, at, order)))
        boxes.append(Box(at, *place, drawn + written(one, place.x + sheet.pad, y + sheet.pad + 5, air=air)))
        y += high + sheet.gap
    return boxes
