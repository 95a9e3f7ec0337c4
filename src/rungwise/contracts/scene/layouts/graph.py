"""Graphs: cards in layers from left to right, in bands below each other where they are many, and their edges."""

from collections.abc import Callable
from functools import partial

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
    head,
    label,
    look,
    once,
    rect,
    room_for,
    stack,
    wire,
    written,
)
from rungwise.contracts.scene.layouts.layers import Bands, laned, layers, outlines
from rungwise.contracts.scene.layouts.planning import LANE, MOST_COLUMNS, Plan, Task, planned
from rungwise.contracts.scene.layouts.zones import LONG_WORD, STRIP
from rungwise.contracts.scene.palette import hue_of, mix, tint

LANES = ("top", "center", "bottom")
PLAIN_ENDS = ("metric", "note")  # variants with a ground of their own


def flow_graph(sheet: Sheet) -> Draw:
    """Nodes and what they come to."""
    task = once(sheet, "task", lambda: _task(sheet, at_of(sheet, "flow_node", "outcome_panel"), "flow_edge"))
    ways = once(sheet, "ways", lambda: outlines(_layers(task), MOST_COLUMNS[sheet.scene.attribute("canvas")]))
    return partial(_drawn, sheet, task, planned(sheet, task, ways, _node))


def architecture_map(sheet: Sheet) -> Draw:
    """As a flow graph; where lanes are named, a band for each."""
    task = once(sheet, "task", lambda: _task(sheet, at_of(sheet, "map_node"), "map_edge"))
    said = [sheet.scene.components[at].value("lane") for at in task.cards]
    used = [lane for lane in LANES if lane in said]
    lanes = [[node for node, lane in enumerate(said) if lane == one] for one in used]
    ways = once(sheet, "ways", lambda: _ways(sheet, task, lanes))
    if used == ["center"]:
        return partial(_drawn, sheet, task, planned(sheet, task, ways, _place))
    body = sheet.body
    sheet.body = Rect(body.x + 2 * LANE, body.y, body.w - 3 * LANE, body.h)
    plan = planned(sheet, task, ways, _place)
    spans = plan.bands if len(lanes) > 1 else [(plan.bands[0][0], plan.bands[-1][1])]

    def draw() -> list[Box]:
        for lane, (top, bottom) in zip(used, spans, strict=True):
            sheet.under += _lane(sheet, lane, Rect(body.x, top - LANE, body.w, bottom - top + 2 * LANE))
        return _drawn(sheet, task, plan)

    return draw


def _layers(task: Task) -> list[list[int]]:
    return layers(len(task.cards), task.pairs)


def _ways(sheet: Sheet, task: Task, lanes: list[list[int]]) -> list[tuple[float, Bands]]:
    found, most = _layers(task), MOST_COLUMNS[sheet.scene.attribute("canvas")]
    return laned(found, lanes, most) if len(lanes) > 1 else outlines(found, most)


def _lane(sheet: Sheet, lane: str, room: Rect) -> list[str]:
    """A strip behind its cards; at its left, which lane it is."""
    theme, high = sheet.theme, min(room.h / 2, 60.0)
    y = {"top": room.y + LANE, "center": room.y + (room.h - high) / 2, "bottom": room.bottom - LANE - high}[lane]
    ground = mix(theme.panel, theme.well, 0.5)
    return [
        rect(*room, sheet.radius, ground),
        rect(room.x + 5, y, 4, high, 2, hue_of(theme, sheet.tone, "tone", LANES.index(lane))),
    ]


def _task(sheet: Sheet, cards: list[int], tag: str) -> Task:
    components = sheet.scene.components
    number = {components[at].fields["id"]: place for place, at in enumerate(cards)}
    edges = at_of(sheet, tag)
    pairs = [(number[components[at].fields["from"]], number[components[at].fields["to"]]) for at in edges]
    return Task(cards, edges, pairs)


# ---- text ----


def _node(sheet: Sheet, width: float, growth: float) -> Callable[[int], Stack]:
    title, plain = _fonts(sheet, width, growth)
    ink, soft = sheet.theme.ink, sheet.theme.soft
    runs = ("title", title, ink, 0), ("body", plain, soft, 4), ("detail", plain, soft, 6), ("lines", plain, soft, 4)
    return lambda at: stack(sheet, at, width, *runs)


def _place(sheet: Sheet, width: float, growth: float) -> Callable[[int], Stack]:
    title, plain = _fonts(sheet, width, growth)
    runs = ("title", title, sheet.theme.ink, 0), ("caption", plain, sheet.theme.soft, 4)
    return lambda at: stack(sheet, at, width, *runs)


def _fonts(sheet: Sheet, width: float, growth: float) -> tuple[Font, Font]:
    """Of titles, and of what stands below them."""
    title = font_of(sheet, "head", room_for(LONG_WORD, width, 16 * growth))
    return title, font_of(sheet, "text", room_for(8, width, 13 * growth))


# ---- drawing ----


def _drawn(sheet: Sheet, task: Task, plan: Plan) -> list[Box]:
    boxes = [_card(sheet, at, order, plan) for order, at in enumerate(task.cards)]
    for at, points, spot, name in zip(task.edges, plan.ways, plan.spots, plan.names, strict=True):
        xs, ys = [x for x, _ in points], [y for _, y in points]
        sheet.under.append(wire(sheet, points))
        boxes.append(Box(at, min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys), [head(sheet, points)], False))
        if spot:
            (x, y), (wide, high) = spot, name.size
            boxes.append(Box(at, x - wide / 2, y - high / 2, wide, high, label(sheet, x, y, name.lines, plan.font)))
    return boxes


def _card(sheet: Sheet, at: int, order: int, plan: Plan) -> Box:
    room, text, face = plan.cards[order], plan.texts[order], look(sheet, at, order)
    ends = sheet.scene.components[at].tag == "outcome_panel"
    if ends and sheet.scene.components[at].fields.get("variant") not in PLAIN_ENDS:  # what a flow comes to is filled
        face = face._replace(ground=tint(sheet.theme, face.edge or face.hue))
    drawn = card(sheet, *room, face)
    if ends:
        drawn.append(rect(room.right - 7, room.y + room.h * 0.25, 3, room.h * 0.5, 1.5, face.edge or face.hue))
    inner = room.h - 2 * plan.pad - STRIP
    air = air_for([text], inner) * 0.5
    used = text.h + air * max(0, len(text.pieces) - 1)
    return Box(
        at,
        *room,
        drawn + written(text, room.x + plan.pad, room.y + plan.pad + STRIP * 0.8 + (inner - used) / 2, air=air),
    )
