"""A scene and its content, drawn: the one place where coordinates, colours and text sizes come from.

    content.py   the content checked, and bound to the components
    metrics.py   how wide text is
    palette.py   colours by role
    sheet.py     one attempt at the picture, and text set to widths
    fitting.py   what goes into how much room
    kit.py       cards, pills, connectors: what layouts use
    ways.py routing.py   connectors between cards in rows
    frame.py     what stands around the body
    layouts/     one function a family

A picture is measured until the largest of a few scales of type is found at which all text fits, drawn once, and looked
over: what leaves the canvas or lies on a sibling is a fault, never a picture. The same scene and content give the same
bytes everywhere, and the scene can be read back from them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from rungwise.contract import Json
from rungwise.contracts.scene.content import bind, check_content
from rungwise.contracts.scene.fitting import SCALES, first_scale, next_scale
from rungwise.contracts.scene.frame import framed
from rungwise.contracts.scene.kit import mix_stops
from rungwise.contracts.scene.layouts import LAYOUTS
from rungwise.contracts.scene.palette import FONTS, THEMES, hue_of, mix
from rungwise.contracts.scene.sheet import ROOT, Box, Draw, Overflow, Sheet, at_scale, safe, sheet_of
from rungwise.contracts.scene.tree import Component, Fault, Scene

SLACK = 0.1  # a tenth of a pixel, to which coordinates are rounded


@dataclass(frozen=True, slots=True)
class Drawing:
    svg: str
    boxes: tuple[Box, ...]
    width: int
    height: int
    scale: float


def compile_scene(scene: Scene, content: Mapping[str, Json]) -> Drawing | tuple[Fault, ...]:
    """The picture, or every fault of the content, or why it cannot be drawn."""
    faults = check_content(scene.layout, content)
    if faults:
        return faults
    items = bind(scene, content)
    if isinstance(items, tuple):
        return items
    return _largest(scene, items, content)


def _largest(scene: Scene, items: Sequence[Any], content: Mapping[str, Json]) -> Drawing | tuple[Fault, ...]:
    """The picture at the largest scale at which everything fits. How much text there is says where to begin, how much
    did not fit where to try next."""
    whole, tried = sheet_of(scene, items, content), -1
    step = begun = first_scale(whole)
    best: tuple[Sheet, list[Draw]] | None = None
    while tried < step:
        sheet = at_scale(whole, SCALES[step])
        try:
            draws = [framed(sheet), LAYOUTS[scene.layout](sheet)]
        except Overflow as found:
            if begun and tried < 0 and found.excess <= 1:  # no text is too large, so at another size it may go
                step, begun, best = 0, 0, None
                continue
            if best:
                break
            if step == len(SCALES) - 1:
                return (_overflown(scene, found),)
            tried, step = step, next_scale(step, found.excess)
        else:
            best, step = (sheet, draws), step - 1
    assert best
    sheet, draws = best
    return _looked_over(sheet, [box for draw in draws for box in draw()])


def _looked_over(sheet: Sheet, boxes: list[Box]) -> Drawing | tuple[Fault, ...]:
    fault = _audited(sheet, boxes)
    return (fault,) if fault else Drawing(_svg(sheet, boxes), tuple(boxes), sheet.width, sheet.height, sheet.scale)


def _overflown(scene: Scene, found: Overflow) -> Fault:
    one = scene.components[found.at]
    path = one.fields.get("ref") or scene.family.part[one.tag].content or one.tag
    told = f"{path}.{found.name}" if found.name else path
    return Fault("E_OVERFLOW", found.at + 2, 1, f"{told} of [{one.tag}]", ("shorter text", "fewer components"))


# ---- the look over ----


def _audited(sheet: Sheet, boxes: Sequence[Box]) -> Fault | None:
    solid, far, deep = list[tuple[float, float, float, float, Box]](), sheet.width + SLACK, sheet.height + SLACK
    for box in boxes:
        left, top, right, bottom = box.x, box.y, box.x + box.w, box.y + box.h
        if not (left >= -SLACK and top >= -SLACK and right <= far and bottom <= deep):  # so that no number is off too
            return _misplaced(sheet, box, "off the canvas")
        if box.solid:
            solid.append((left, top, right - SLACK, bottom - SLACK, box))
    solid.sort(key=lambda each: each[0])
    open_: list[tuple[float, float, float, float, Box]] = []
    for one in solid:
        left, top, _, bottom, box = one
        open_ = [other for other in open_ if other[2] > left]
        for _, high, _, low, other in open_:
            if low > top and bottom > high:
                return _misplaced(sheet, box, f"over {_name(sheet, other)}")
        open_.append(one)
    return None


def _misplaced(sheet: Sheet, box: Box, what: str) -> Fault:
    return Fault("E_GEOMETRY", box.component + 2, 1, f"{_name(sheet, box)} {what}")


def _name(sheet: Sheet, box: Box) -> str:
    return f"[{sheet.scene.components[box.component].tag}] {box.component + 1}"


# ---- the file ----


def _svg(sheet: Sheet, boxes: Sequence[Box]) -> str:
    scene = sheet.scene
    bodies: list[list[str]] = [[] for _ in scene.components]
    for box in boxes:
        bodies[box.component] += box.body
    header = sheet.items[0]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{ROOT}" viewBox="0 0 {sheet.width} {sheet.height}" '
        f'width="{sheet.width}" height="{sheet.height}" role="img" aria-labelledby="{ROOT}-title {ROOT}-desc" '
        f'font-family="{FONTS["sans"]}" data-layout="{scene.layout}"{_data(scene.attributes)}>',
        f'<title id="{ROOT}-title">{safe(header["headline"])}</title>',
        f'<desc id="{ROOT}-desc">{safe(_told(sheet))}</desc>',
        _defs(scene.attribute("theme"), sheet.tone),
        *sheet.under,
    ]
    for one, body in zip(scene.components, bodies, strict=True):
        parts += (_opened(one), *body, "</g>")
    parts.append("</svg>")
    whole = "".join(parts)
    return whole.replace(ROOT, "s" + hashlib.blake2b(whole.encode(), digest_size=6).hexdigest())


def _opened(one: Component) -> str:
    return f'<g data-component="{one.tag}"{_data(one.fields)}>'


def _data(fields: Mapping[str, str]) -> str:
    return "".join([f' data-{name}="{value}"' for name, value in fields.items()])


def _told(sheet: Sheet) -> str:
    name = sheet.scene.layout.replace("_", " ")
    subtitle = sheet.items[0].get("subtitle")
    return f"A {name} of {len(sheet.scene.components)} parts" + (f": {subtitle}" if subtitle else "")


@cache
def _defs(name: str, tone: str) -> str:
    """The gradients: of the ground, of the accent rail, of what is mixed."""
    theme, first = THEMES[name], hue_of(THEMES[name], tone, "tone", 0)
    mixed = mix_stops(theme)
    fading = f'<stop stop-color="{first}"/><stop offset="1" stop-color="{mix(first, theme.deep, 0.7)}"/>'
    rail = mixed if tone == "mixed" else fading
    ground = f'<stop stop-color="{theme.ground}"/><stop offset="1" stop-color="{theme.deep}"/>'
    if theme.lift == "glow":  # light from above, as of a screen
        lit = f'<stop stop-color="{mix(theme.ground, first, 0.1)}"/><stop offset="1" stop-color="{theme.deep}"/>'
        sky = f'<radialGradient id="{ROOT}-ground" cx="0.5" cy="0" r="1">{lit}</radialGradient>'
    else:
        sky = f'<linearGradient id="{ROOT}-ground" x1="0" y1="0" x2="0" y2="1">{ground}</linearGradient>'
    return (
        f'<defs>{sky}<linearGradient id="{ROOT}-rail" x1="0" y1="0" x2="0" y2="1">{rail}</linearGradient>'
        f'<linearGradient id="{ROOT}-mix">{mixed}</linearGradient></defs>'
    )
