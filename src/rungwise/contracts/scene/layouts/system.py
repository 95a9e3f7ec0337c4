"""A system: its stages, what they end in, and the links between them."""

from rungwise.contracts.scene.kit import Box, Sheet, Stack, at_of, font_of, hue, rect, room_for, stack
from rungwise.contracts.scene.layouts.joined import LONG_WORD, joined, links_of, set_on
from rungwise.contracts.scene.routing import drawn


def system_diagram(sheet: Sheet) -> list[Box]:
    cards = at_of(sheet, "system_stage", "terminal_panel")
    plan, texts, grid = joined(sheet, cards, links_of(sheet, "system_link", cards), _stage)
    boxes = set_on(sheet, cards, texts, grid)
    end = boxes[-1]  # what everything ends in has a second edge
    colour = hue(sheet, end.component, len(cards) - 1)
    ring = rect(end.x - 4, end.y - 4, end.w + 8, end.h + 8, sheet.radius + 4, "none", colour, ' stroke-width="1.5"')
    end.body.insert(0, ring)
    return boxes + drawn(sheet, plan, grid)


def _stage(sheet: Sheet, at: int, order: int, width: float, growth: float) -> Stack:
    theme = sheet.theme
    small = font_of(sheet, "bold", room_for(8, width, 12 * growth))
    plain = font_of(sheet, "text", room_for(8, width, 13.5 * growth))
    title = font_of(sheet, "head", room_for(LONG_WORD, width, 18 * growth))
    return stack(
        sheet, at, width,
        ("badge", small, hue(sheet, at, order), 0), ("title", title, theme.ink, 3), ("body", plain, theme.soft, 6),
        ("detail", plain, theme.soft, 8), ("lines", plain, theme.soft, 8),
    )  # fmt: skip
