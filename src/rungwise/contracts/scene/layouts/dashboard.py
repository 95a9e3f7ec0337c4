"""Figures on cards, in a grid that has no holes."""

from functools import partial

from rungwise.contracts.scene.kit import Draw, Sheet, at_of
from rungwise.contracts.scene.layouts.zones import (
    Zone,
    callouts,
    cards,
    columns_of,
    filled,
    first_fitting,
    section_text,
    stacked,
)

MOST_FLAT = 2  # flat cards that go next to each other


def dashboard_cards(sheet: Sheet) -> Draw:
    found = at_of(sheet, "section_card")
    columns = columns_of(sheet, len(found))
    kinds = (False, True) if columns <= MOST_FLAT else (False,)

    def build(flat: bool, growth: float) -> Zone:
        grid = cards(sheet, found, columns, sheet.body.w, growth, section_text, flat)
        return stacked([grid, *callouts(sheet, growth)], sheet.gap)

    return filled(
        sheet,
        lambda growth: first_fitting(sheet, growth, sheet.body.h, [partial(build, flat, growth) for flat in kinds]),
    )
