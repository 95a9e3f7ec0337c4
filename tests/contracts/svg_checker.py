"""An SVG file looked over by itself: what it says, not how it was made. Returns what is wrong with it, line by line."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from rungwise.contracts.scene.metrics import face

SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {
    "svg", "g", "defs", "title", "desc", "rect", "path", "circle", "text", "pattern", "linearGradient",
    "radialGradient", "stop",
}  # fmt: skip
SLACK = 1.0  # pixels


def faults_of(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    return [*_names(root), *_harm(root), *_outside(root), *_loose(root)]


def _names(root: ElementTree.Element) -> Iterator[str]:
    names = [element.get("id") for element in root.iter() if element.get("id")]
    yield from (f"id {name} twice" for name in {name for name in names if names.count(name) > 1})
    prefix = root.get("id", "")
    yield from (f"id {name} without the root's" for name in names if not str(name).startswith(prefix) or not prefix)


def _harm(root: ElementTree.Element) -> Iterator[str]:
    known = {element.get("id") for element in root.iter()}
    for element in root.iter():
        name = element.tag.removeprefix(SVG)
        if name not in ALLOWED or not element.tag.startswith(SVG):
            yield f"element {element.tag}"
        for key, value in element.attrib.items():
            if (
                key.startswith("on")
                or "href" in key
                or key == "style"
                or re.search(r"(https?|data|file|javascript):", value)
            ):
                yield f"attribute {key}={value}"
            for target in re.findall(r"url\(([^)]*)\)", value):
                if not target.startswith("#") or target[1:] not in known:
                    yield f"reference {target}"
        for key in ("aria-labelledby",):
            yield from (f"{key} {name}" for name in element.get(key, "").split() if name not in known)


def _outside(root: ElementTree.Element) -> Iterator[str]:
    wide, high = float(root.get("width", 0)), float(root.get("height", 0))
    for element in root.iter(f"{SVG}rect"):
        x, y, w, h = (float(element.get(name, 0)) for name in ("x", "y", "width", "height"))
        if min(x, y, wide - x - w, high - y - h) < -SLACK or min(w, h) < 0:
            yield f"rect {x} {y} {w} {h}"
    for element in root.iter(f"{SVG}text"):
        left, top, right, bottom = extent(element)
        if min(left, top, wide - right, high - bottom) < -SLACK:
            yield f"text {element.text!r} at {left} {top}"


def _loose(root: ElementTree.Element) -> Iterator[str]:
    """Coordinates with more than one decimal, and what is no number at all."""
    for element in root.iter():
        for key in ("x", "y", "width", "height", "cx", "cy", "r", "d"):
            for number in re.findall(r"nan|inf|[0-9]+\.[0-9]{2,}", element.get(key, "")):
                yield f"{key} with {number}"


def extent(text: ElementTree.Element) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a line of text, by the fonts' own widths."""
    size, family = float(text.get("font-size", 16)), text.get("font-family", "Helvetica")
    kind = "mono" if "Courier" in family else "serif" if "Times" in family else "sans"
    measured = face(f"{kind}_bold" if text.get("font-weight") == "700" else kind)
    wide = sum(measured[word] for word in (text.text or "").split(" ")) + (text.text or "").count(" ") * measured.space
    wide *= size
    x, y = float(text.get("x", 0)), float(text.get("y", 0))
    left = {"start": x, "middle": x - wide / 2, "end": x - wide}[text.get("text-anchor", "start")]
    return left, y - size * 0.75, left + wide, y + size * 0.22


def groups(svg: str) -> list[ElementTree.Element]:
    return [element for element in ElementTree.fromstring(svg).iter(f"{SVG}g") if element.get("data-component")]
