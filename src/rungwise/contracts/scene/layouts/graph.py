"""Graphs: cards in layers from left to right, in bands below each other where they are many, and their edges."""

from rungwise.contracts.scene.kit import (
    Box,
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
    rect,
    room_for,
    stack,
    wire,
    written,
)
from rungwise.contracts.scene.layouts.layers import laned, layers, outlines
from rungwise.contracts.scene.layouts.planning import LANE, MOST_COLUMNS, Plan, Task, planned
from rungwise.contracts.scene.layouts.zones import LONG_WORD, STRIP
from rungwise.contracts.scene.palette import hue_of, mix, tint

LANES = ("top", "center", "bottom")
PLAIN_ENDS = ("metric", "note")  # variants with a ground of their own


def flow_graph(sheet: Sheet) -> list[Box]:
    """Nodes and what they come to."""
    task = _task(sheet, at_of(sheet, "flow_node", "outcome_panel"), "flow_edge")
    found = layers(len(task.cards), task.pairs)
    plan = planned(sheet, task, outlines(found, MOST_COLUMNS[sheet.scene.attribute("canvas")]), _node)
    return _drawn(sheet, task, plan)


def architecture_map(sheet: Sheet) -> list[Box]:
    """As a flow graph; where lanes are named, a band for each."""
    task = _task(sheet, at_of(sheet, "map_node"), "map_edge")
    found, most = layers(len(task.cards), task.pairs), MOST_COLUMNS[sheet.scene.attribute("canvas")]
    said = [sheet.scene.components[at].value("lane") for at in task.cards]
    if set(said) == {"center"}:
        return _drawn(sheet, task, planned(sheet, task, outlines(found, most), _place))
    used = [lane for lane in LANES if lane in said]
    lanes = [[node for node, lane in enumerate(said) if lane == one] for one in used]
    ways = laned(found, lanes, most) if len(lanes) > 1 else outlines(found, most)
    body = sheet.body
    sheet.body = Rect(body.x + 2 * LANE, body.y, body.w - 3 * LANE, body.h)
    plan = planned(sheet, task, ways, _place)
    spans = plan.bands if len(lanes) > 1 else [(plan.bands[0][0], plan.bands[-1][1])]
    for lane, (top, bottom) in zip(used, spans, strict=True):
        sheet.under += _lane(sheet, lane, Rect(body.x, top - LANE, body.w, bottom - top + 2 * LANE))
    return _drawn(sheet, task, plan)


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


def _node(sheet: Sheet, at: int, order: int, width: float, growth: float) -> Stack:  # noqa: ARG001 - one interface
    theme, plain = sheet.theme, font_of(sheet, "text", room_for(8, width, 13 * growth))
    title = font_of(sheet, "head", room_for(LONG_WORD, width, 16 * growth))
    return stack(
        sheet, at, width,
        ("title", title, theme.ink, 0), ("body", plain, theme.soft, 4), ("detail", plain, theme.soft, 6),
        ("lines", plain, theme.soft, 4),
    )  # fmt: skip


def _place(sheet: Sheet, at: int, order: int, width: float, growth: float) -> Stack:  # noqa: ARG001 - one interface
    theme, plain = sheet.theme, font_of(sheet, "text", room_for(8, width, 13 * growth))
    title = font_of(sheet, "head", room_for(LONG_WORD, width, 16 * growth))
    return stack(sheet, at, width, ("title", title, theme.ink, 0), ("caption", plain, theme.soft, 4))


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
    used = text.h + air * max(0, len(text.starts) - 1)
    return Box(
        at,
        *room,
        drawn + written(text, room.x + plan.pad, room.y + plan.pad + STRIP * 0.8 + (inner - used) / 2, air=air),
    )
