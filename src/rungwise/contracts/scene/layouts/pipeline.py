"""A pipeline: numbered stages on lanes, phases above them, what is to be noted below."""

from collections.abc import Callable

from rungwise.contracts.scene.kit import (
    Box,
    Draw,
    Sheet,
    Stack,
    air_for,
    at_of,
    card,
    disc,
    font_of,
    hue,
    line_at,
    look,
    one_line,
    rect,
    room_for,
    stack,
    written,
)
from rungwise.contracts.scene.layouts.joined import LONG_WORD, STRIP, joined, links_of, set_on
from rungwise.contracts.scene.palette import hue_of, mix, tint
from rungwise.contracts.scene.routing import drawn

BAND = 16  # of a lane above and below its stages
NUMBER = 13  # the radius of a stage's number
CHEVRON = 14  # how far one phase points into the next


def pipeline_lane(sheet: Sheet) -> Draw:
    stages, notes = at_of(sheet, "stage_card"), at_of(sheet, "section_card")
    phases, texts = _phases(sheet), [_note(sheet, at, len(notes)) for at in notes]
    deep = max([text.h for text in texts]) + 2 * sheet.pad + STRIP if notes else 0
    above = phases[0].h + sheet.gap if phases else 0
    below = deep + sheet.gap if notes else 0
    links = links_of(sheet, "flow_arrow", stages)
    plan, set_text, grid = joined(sheet, stages, links, _stage, above + BAND, below + BAND)

    def draw() -> list[Box]:
        ground = mix(sheet.theme.panel, sheet.theme.well, 0.55)
        for y, high in sorted({(place.y, place.h) for place in grid.cards}):
            sheet.under.append(rect(sheet.body.x, y - BAND, sheet.body.w, high + 2 * BAND, sheet.radius + 2, ground))
        boxes = set_on(sheet, stages, set_text, grid, STRIP + NUMBER / 2)
        for order, box in enumerate(boxes):
            box.body.extend(_number(sheet, box, order))
        return [*phases, *boxes, *drawn(sheet, plan, grid), *_notes(sheet, notes, texts, deep)]

    return draw


def _stage(sheet: Sheet, width: float, growth: float) -> Callable[[int, int], Stack]:
    title = font_of(sheet, "head", room_for(LONG_WORD, width, 18 * growth))
    plain = font_of(sheet, "text", room_for(8, width, 13.5 * growth))
    runs = ("title", title, sheet.theme.ink, 0), ("caption", plain, sheet.theme.soft, 6)

    def text(at: int, order: int) -> Stack:  # noqa: ARG001 - one interface
        pieces, h = stack(sheet, at, width, *runs)
        return Stack(pieces, h + NUMBER / 2)  # the number reaches into the card

    return text


def _number(sheet: Sheet, box: Box, order: int) -> list[str]:
    """Which stage it is, on the card's upper edge."""
    font, colour = font_of(sheet, "bold", 13), hue(sheet, box.component, order)
    return disc(box.x + sheet.pad + NUMBER, box.y + 1, NUMBER, str(order + 1), font, sheet.theme.on, colour)


def _phases(sheet: Sheet) -> list[Box]:
    """Two phases as one bar, the first pointing into the second."""
    found = at_of(sheet, "phase_divider")
    if not found:
        return []
    body, theme, item, font = sheet.body, sheet.theme, sheet.items[found[0]], font_of(sheet, "bold", 13.5)
    half, high = body.w / 2, font.lead + 12
    first, second = hue_of(theme, sheet.tone, "tone", 0), hue_of(theme, sheet.tone, "tone", 1)
    middle, right, y = body.x + half, body.right, body.y
    half_high, left_end = high / 2, middle - CHEVRON
    left = f"M{left_end:.1f} {y:.1f}l{CHEVRON} {half_high:.1f}l-{CHEVRON} {half_high:.1f}H{body.x:.1f}V{y:.1f}Z"
    rest = f"M{left_end + 5:.1f} {y:.1f}l{CHEVRON} {half_high:.1f}l-{CHEVRON} {half_high:.1f}H{right:.1f}V{y:.1f}Z"
    names = [one_line(found[0], name, item[name], font, half - 3 * CHEVRON) for name in ("left", "right")]
    drawn = [
        f'<path d="{left}" fill="{tint(theme, first)}"/>',
        f'<path d="{rest}" fill="{tint(theme, second) if second != first else theme.well}"/>',
        line_at(body.x + half / 2 - CHEVRON / 2, y + high / 2, names[0], font, first, "middle"),
        line_at(
            middle + half / 2 + CHEVRON / 2,
            y + high / 2,
            names[1],
            font,
            second if second != first else theme.soft,
            "middle",
        ),
    ]
    return [Box(found[0], body.x, y, body.w, high, drawn)]


def _note(sheet: Sheet, at: int, several: int) -> Stack:
    width = (sheet.body.w - sheet.gap * (several - 1)) / several - 2 * sheet.pad
    order = at_of(sheet, "section_card").index(at)
    big = 24 if sheet.scene.components[at].fields.get("variant") in ("metric", "hero") else 17
    return stack(
        sheet, at, width,
        ("title", font_of(sheet, "head", 15), sheet.theme.ink, 0),
        ("value", font_of(sheet, "bold", big), hue(sheet, at, order), 3),
        ("caption", font_of(sheet, "text", 13), sheet.theme.soft, 4),
    )  # fmt: skip


def _notes(sheet: Sheet, notes: list[int], texts: list[Stack], high: float) -> list[Box]:
    boxes, y = list[Box](), sheet.body.bottom - high
    wide = (sheet.body.w - sheet.gap * (len(notes) - 1)) / max(1, len(notes))
    air = air_for(texts, high - 2 * sheet.pad - STRIP) if texts else 0
    for order, (at, text) in enumerate(zip(notes, texts, strict=True)):
        x = sheet.body.x + order * (wide + sheet.gap)
        drawn = card(sheet, x, y, wide, high, look(sheet, at, order))
        boxes.append(
            Box(at, x, y, wide, high, drawn + written(text, x + sheet.pad, y + sheet.pad + STRIP / 2, air=air))
        )
    return boxes
