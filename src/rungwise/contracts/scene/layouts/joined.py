"""What the layouts share that are cards in rows, joined by connectors: where each goes, its text, the cards drawn."""

from collections.abc import Callable, Hashable, Sequence

from rungwise.contracts.scene.kit import (
    Box,
    Sheet,
    Stack,
    air_for,
    at_of,
    card,
    first_fit,
    font_of,
    grown,
    look,
    once,
    ornament,
    written,
)
from rungwise.contracts.scene.routing import Grid, Plan, across, down, labels_of
from rungwise.contracts.scene.ways import Cell, Link

ACROSS = {"wide": 5, "square": 3, "tall": 2}  # cards in a row
LONGER = 1.4  # times that, where rows are too many
LONG_WORD = 6.4  # em: most words of a title
STRIP = 6  # pixels below the upper edge that its strip takes
SPARE = 110  # pixels of a card without text, for an ornament

Setting = Callable[[Sheet, float, float], Callable[[int, int], Stack]]  # at a width and a growth: the n-th card's text


def arrangements(sheet: Sheet, count: int, growth: float) -> dict[Hashable, list[Cell]]:
    """Ways to set out so many cards, the likeliest first: in rows of the usual length, and where type is not grown also
    in fewer, longer ones."""
    most = ACROSS[sheet.scene.attribute("canvas")]
    fewer = -(-count // most) - 1
    longer = -(-count // fewer) if fewer else 0
    ways: dict[Hashable, list[Cell]] = {"usual rows": snake(count, most)}
    if growth == 1 and most < longer <= most * LONGER:
        ways["longer rows"] = snake(count, longer)
    return ways


def snake(count: int, most: int) -> list[Cell]:
    """Rows of about equal length, every second one back from the right, so that each is beside the one before it."""
    rows = -(-count // most)
    long = -(-count // rows)
    return [(at // long, long - 1 - at % long if at // long % 2 else at % long) for at in range(count)]


def links_of(sheet: Sheet, tag: str, cards: Sequence[int]) -> list[Link]:
    return once(sheet, tag, lambda: _links(sheet, tag, cards))


def _links(sheet: Sheet, tag: str, cards: Sequence[int]) -> list[Link]:
    components = sheet.scene.components
    number = {components[at].fields["id"]: place for place, at in enumerate(cards)}
    return [
        Link(at, number[components[at].fields["from"]], number[components[at].fields["to"]]) for at in at_of(sheet, tag)
    ]


def joined(
    sheet: Sheet, cards: Sequence[int], links: Sequence[Link], setting: Setting, above: float = 0, below: float = 0
) -> tuple[Plan, list[Stack], Grid]:
    """Cards in rows with their text, as large as it fits, and the ways of their links."""

    def measure(growth: float) -> tuple[Plan, list[Stack], Grid]:
        labels = labels_of(sheet, links, font_of(sheet, "text", 12 * min(growth, 1.25)))

        def set_out(cells: Sequence[Cell]) -> tuple[Plan, list[Stack], Grid]:
            plan = across(sheet, cells, links, labels)
            text = setting(sheet, plan.wide - 2 * sheet.pad, growth)
            texts = [text(at, order) for order, at in enumerate(cards)]
            heights = [text.h + 2 * sheet.pad + STRIP for text in texts]
            return plan, texts, down(sheet, plan, heights, cards[heights.index(max(heights))], above, below)

        return first_fit(sheet, growth, arrangements(sheet, len(cards), growth), set_out)

    return grown(sheet, measure)


def set_on(sheet: Sheet, cards: Sequence[int], texts: Sequence[Stack], grid: Grid, top: float = STRIP) -> list[Box]:
    """The cards with their text, so far below their edge; those of a row share the air between their pieces."""
    rows: dict[float, list[int]] = {}
    for order, place in enumerate(grid.cards):
        rows.setdefault(place.y, []).append(order)
    boxes: dict[int, Box] = {}
    for orders in rows.values():
        room = grid.cards[orders[0]].h - 2 * sheet.pad - STRIP
        air = air_for([texts[order] for order in orders], room)
        for order in orders:
            at, place, text = cards[order], grid.cards[order], texts[order]
            face = look(sheet, at, order)
            body = card(sheet, *place, face)
            if room - text.h - air * len(text.pieces) > SPARE:
                body.append(ornament(sheet, *place, face.hue))
            boxes[order] = Box(
                at, *place, body + written(text, place.x + sheet.pad, place.y + sheet.pad + top, air=air)
            )
    return [boxes[order] for order in range(len(cards))]
