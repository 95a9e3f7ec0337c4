"""A system: its stages, what they end in, and the links between them."""

from collections.abc import Callable

from rungwise.contracts.scene.kit import Box, Draw, Sheet, Stack, at_of, font_of, hue, rect, room_for, stack
from rungwise.contracts.scene.layouts.joined import LONG_WORD, joined, links_of, set_on
from rungwise.contracts.scene.routing import drawn


def system_diagram(sheet: Sheet) -> Draw:
    cards = at_of(sheet, "system_stage", "terminal_panel")
    plan, texts, grid = joined(sheet, cards, links_of(sheet, "system_link", cards), _stage)

    def draw() -> list[Box]:
        boxes = set_on(sheet, cards, texts, grid)
        boxes[-1].body.insert(0, _ring(sheet, boxes[-1], len(cards) - 1))
        return boxes + drawn(sheet, plan, grid)

    return draw


def _ring(sheet: Sheet, end: Box, order: int) -> str:
    """What everything ends in has a second edge."""
    colour = hue(sheet, end.component, order)
    return rect(end.x - 4, end.y - 4, end.w + 8, end.h + 8, sheet.radius + 4, "none", colour, ' stroke-width="1.5"')


def _stage(sheet: Sheet, width: float, growth: float) -> Callable[[int, int], Stack]:
    theme = sheet.theme
    small = font_of(sheet, "bold", room_for(8, width, 12 * growth))
    plain = font_of(sheet, "text", room_for(8, width, 13.5 * growth))
    title = font_of(sheet, "head", room_for(LONG_WORD, width, 18 * growth))
    runs = (
        ("title", title, theme.ink, 3), ("body", plain, theme.soft, 6),
        ("detail", plain, theme.soft, 8), ("lines", plain, theme.soft, 8),
    )  # fmt: skip
    return lambda at, order: stack(sheet, at, width, ("badge", small, hue(sheet, at, order), 0), *runs)
