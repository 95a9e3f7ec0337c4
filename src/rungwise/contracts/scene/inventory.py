"""What a picture is made of, measured from its SVG: where each shape and text stands, what it looks like, its hues.

The same measure is taken of a designer's file and of our compiler's, so that the two can be compared. It is a reading
of shapes, not a rendering: curves count by their control points, text by the widths of `metrics.py`, and of transforms
only `translate` is followed.
"""

import colorsys
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rungwise.contracts.scene.metrics import face
from rungwise.contracts.scene.vector import SHAPES, Element, walk, words

INHERITED = ("font-size", "font-weight", "fill", "stroke", "text-anchor")
UNPAINTED = ("defs", "marker", "clipPath", "pattern", "title", "desc")
GROUND = 0.9  # of the canvas: what covers as much is what all else stands on
PILL_ROUND, PILL_HIGH = 0.35, 0.09  # of its own height, of the canvas
BAND_WIDE, BAND_HIGH = 0.5, 0.12  # of the canvas
PANEL_WIDE, PANEL_HIGH = 0.08, 0.06  # of the canvas: room for a word and a line
BOLD = 600  # from this weight on text looks bold
CHROMA = 0.24  # less colour than this reads as grey, brown paper or slate
LIGHT = 0.5
HUES = ((20, "red"), (66, "amber"), (175, "green"), (248, "blue"), (325, "purple"), (360, "red"))  # up to degrees


class Extent(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float


class Mark(NamedTuple):
    """One shape or text as it stands on the canvas; `inside` are the elements around it, the outermost first."""

    element: Element
    kind: str
    extent: Extent
    paints: tuple[str, ...]
    size: float  # of text
    bold: bool
    inside: tuple[Element, ...]


def canvas(root: Element) -> Extent:
    box = _numbers(root.attributes.get("viewBox", ""))
    if len(box) == 4:
        return Extent(box[0], box[1], box[0] + box[2], box[1] + box[3])
    return Extent(0, 0, _size(root.attributes.get("width", "0")), _size(root.attributes.get("height", "0")))


def marks(root: Element) -> list[Mark]:
    """All that is painted, in the order in which it is."""
    return list(_marks(root, {"font-size": "16", "fill": "#000000"}, (0.0, 0.0), (), canvas(root)))


def _marks(
    element: Element, style: Mapping[str, str], at: tuple[float, float], inside: tuple[Element, ...], whole: Extent
) -> Iterator[Mark]:
    if element.tag in UNPAINTED:
        return
    given = element.attributes
    style = {**style, **{name: given[name] for name in INHERITED if name in given}}
    moved = re.match(r"translate\(([^)]*)\)", given.get("transform", ""))
    dx, dy, *_ = (*_numbers(moved[1]), 0.0, 0.0) if moved else (0.0, 0.0)
    at = at[0] + dx, at[1] + dy
    if element.tag in SHAPES or element.tag == "text":
        extent = _moved(_text_extent(element, style) if element.tag == "text" else _shape_extent(element), at)
        size, bold = _size(style["font-size"]), _is_bold(style.get("font-weight", "400"))
        paints = tuple(style[name] for name in ("fill", "stroke") if style.get(name, "none") != "none")
        yield Mark(element, _kind(element, style, extent, whole), extent, paints, size, bold, inside)
        return
    for child in element.children:
        if isinstance(child, Element):
            yield from _marks(child, style, at, (*inside, element), whole)


# ---- where ----


def union(extents: Sequence[Extent]) -> Extent:
    left, top, right, bottom = zip(*extents, strict=True)
    return Extent(min(left), min(top), max(right), max(bottom))


def _moved(extent: Extent, at: tuple[float, float]) -> Extent:
    return Extent(extent.left + at[0], extent.top + at[1], extent.right + at[0], extent.bottom + at[1])


def _numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", text)]


def _size(text: str) -> float:
    return (_numbers(text) or [0.0])[0]


def _shape_extent(element: Element) -> Extent:
    given = {name: _size(value) for name, value in element.attributes.items() if name not in ("d", "points")}
    match element.tag:
        case "rect":
            x, y = given.get("x", 0), given.get("y", 0)
            return Extent(x, y, x + given.get("width", 0), y + given.get("height", 0))
        case "circle" | "ellipse":
            x, y, r = given.get("cx", 0), given.get("cy", 0), given.get("r", 0)
            rx, ry = given.get("rx", r), given.get("ry", r)
            return Extent(x - rx, y - ry, x + rx, y + ry)
        case "line":
            points = [(given.get("x1", 0), given.get("y1", 0)), (given.get("x2", 0), given.get("y2", 0))]
        case "path":
            points = _path_points(element.attributes.get("d", ""))
        case _:
            flat = _numbers(element.attributes.get("points", ""))
            points = list(zip(flat[::2], flat[1::2], strict=False))
    return union([Extent(x, y, x, y) for x, y in points or [(0.0, 0.0)]])


_ARGUMENTS = {"M": 2, "L": 2, "T": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "A": 7}


def _path_points(d: str) -> list[tuple[float, float]]:
    """Every point that a path's commands name, control points among them, as places on the canvas."""
    points, x, y = list[tuple[float, float]](), 0.0, 0.0
    for command, rest in re.findall(r"([MLTHVCSQAmlthvcsqa])([^A-DF-Za-df-z]*)", d):
        values, step = _numbers(rest), _ARGUMENTS[command.upper()]
        for at in range(0, len(values) - step + 1, step):
            ends = _ends(command.upper(), values[at : at + step], (0.0, 0.0) if command.islower() else (x, y))
            if command.islower():
                ends = [(x + dx, y + dy) for dx, dy in ends]
            points += ends
            x, y = ends[-1]
    return points


def _ends(command: str, values: list[float], here: tuple[float, float]) -> list[tuple[float, float]]:
    if command == "H":
        return [(values[0], here[1])]
    if command == "V":
        return [(here[0], values[0])]
    if command == "A":
        values = values[-2:]
    return list(zip(values[::2], values[1::2], strict=True))


def _text_extent(element: Element, style: Mapping[str, str]) -> Extent:
    size, x, y = _size(style["font-size"]), _size(element.attributes.get("x", "0")), 0.0
    widths = face("sans_bold" if _is_bold(style.get("font-weight", "400")) else "sans")
    lines = list[Extent]()
    y = _size(element.attributes.get("y", "0"))
    for child in element.children:
        if isinstance(child, Element):
            x, y = _size(child.attributes.get("x", str(x))), y + _size(child.attributes.get("dy", "0"))
        wide = widths.width(child if isinstance(child, str) else words(child)) * size
        left = x - wide * {"middle": 0.5, "end": 1.0}.get(style.get("text-anchor", "start"), 0.0)
        lines.append(Extent(left, y - size * 0.75, left + wide, y + size * 0.25))  # what stands over and under a line
    return union(lines or [Extent(x, y, x, y)])


def _is_bold(weight: str) -> bool:
    return weight in ("bold", "bolder") or _size(weight) >= BOLD


# ---- what ----


def _kind(element: Element, style: Mapping[str, str], extent: Extent, whole: Extent) -> str:
    if element.tag == "text":
        return "text"
    given = element.attributes
    if "stroke" in style and (style["fill"] == "none" or element.tag in ("line", "polyline")):
        headed = "marker-end" in given or "marker-start" in given
        outlined = element.tag in ("rect", "circle", "ellipse", "polygon") or given.get("d", "").rstrip()[-1:] in (
            "z",
            "Z",
        )
        if not outlined:
            return "arrow" if headed else "connector"
    if element.tag in ("circle", "ellipse"):
        return "disc"
    wide, high = (extent.right - extent.left) / _span(whole)[0], (extent.bottom - extent.top) / _span(whole)[1]
    if wide * high >= GROUND:
        return "ground"
    if _size(given.get("rx", "0")) >= PILL_ROUND * (extent.bottom - extent.top) and high <= PILL_HIGH:
        return "pill"
    if wide >= BAND_WIDE and high <= BAND_HIGH:
        return "band"
    return "panel" if wide >= PANEL_WIDE and high >= PANEL_HIGH else "detail"


def _span(whole: Extent) -> tuple[float, float]:
    return max(whole.right - whole.left, 1.0), max(whole.bottom - whole.top, 1.0)


# ---- in which colours ----


def colours(root: Element) -> dict[str, tuple[str, ...]]:
    """What each gradient of the picture is made of."""
    made = [element for element in walk(root) if element.tag.endswith("Gradient")]
    return {f"url(#{one.attributes.get('id')})": tuple(_stops(one)) for one in made}


def _stops(gradient: Element) -> Iterator[str]:
    for stop in walk(gradient):
        if "stop-color" in stop.attributes:
            yield stop.attributes["stop-color"]


def hue(colour: str) -> str | None:
    """Which hue a colour has; nothing where it is a grey or is not given by its red, green and blue."""
    parts = _rgb(colour)
    if parts is None or max(parts) - min(parts) < CHROMA:
        return None
    degrees = colorsys.rgb_to_hls(*parts)[0] * 360
    return next(name for end, name in HUES if degrees <= end)


def lightness(colour: str) -> float | None:
    parts = _rgb(colour)
    return None if parts is None else colorsys.rgb_to_hls(*parts)[1]


def _rgb(colour: str) -> tuple[float, float, float] | None:
    short = re.fullmatch(r"#([0-9a-fA-F]{3})", colour)
    digits = "".join(digit * 2 for digit in short[1]) if short else colour.removeprefix("#")
    if not re.fullmatch(r"[0-9a-fA-F]{6}", digits):
        return None
    red, green, blue = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue


def hues(found: Sequence[Mark], gradients: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """The hues that these marks are painted in."""
    named = [colour for mark in found for paint in mark.paints for colour in gradients.get(paint, (paint,))]
    return frozenset(name for name in map(hue, named) if name)


def ground(root: Element, found: Sequence[Mark]) -> float:
    """How light the picture's ground is, from 0 to 1: white, where it has none of its own."""
    paint = next((paint for mark in found if mark.kind == "ground" for paint in mark.paints), "#ffffff")
    known = [value for one in colours(root).get(paint, (paint,)) if (value := lightness(one)) is not None]
    return sum(known) / len(known) if known else 1.0
