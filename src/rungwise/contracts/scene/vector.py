"""An SVG from outside, read safely: no document type, no entities, bounded size and depth, every element with its line.

What a person's drawing program writes may hold anything; `read` gives elements or why it is no picture, and
`unsupported` names, by code, every primitive that could not be drawn again from structure: pictures, scripts, style
sheets, foreign markup, filters beyond blur and shadow, links out of the file.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from rungwise.contracts.scene.tree import Fault

MAX_BYTES = 512 * 1024  # some fifty times our largest asset
MAX_ELEMENTS, MAX_DEPTH = 5000, 40  # an infographic has hundreds, nested some five deep
SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
SHAPES = ("rect", "circle", "ellipse", "line", "polyline", "polygon", "path")
DRAWN = frozenset((
    *SHAPES, "svg", "g", "title", "desc", "defs", "text", "tspan", "linearGradient", "radialGradient", "stop",
    "pattern", "clipPath", "marker", "filter",
))  # fmt: skip
FILTERS = frozenset(("feGaussianBlur", "feOffset", "feMerge", "feMergeNode", "feFlood", "feComposite", "feDropShadow"))
_URL = re.compile(r"url\(\s*['\"]?([^)'\"]*)")


@dataclass(slots=True)
class Element:
    """`attributes` has what stood in `style` too; attributes of other namespaces are left out, but for a link's."""

    tag: str
    attributes: Mapping[str, str]
    line: int
    children: list["Element | str"] = field(default_factory=list)

    def __str__(self) -> str:
        name = self.attributes.get("id")
        return f'<{self.tag} id="{name}">' if name else f"<{self.tag}>"


def read(svg: str) -> Element | Fault:
    """The root, or the one reason why there is none."""
    if len(svg) > MAX_BYTES:
        return Fault("E_SVG_SIZE", 1, 1, f"{len(svg)} characters", (f"at most {MAX_BYTES}",))
    reader = _Reader()
    try:
        reader.parser.Parse(svg.encode("utf-8", "replace"), True)
    except _Refused as refused:
        return refused.fault
    except expat.ExpatError as problem:
        return Fault("E_SVG_XML", problem.lineno, problem.offset + 1, expat.ErrorString(problem.code), ("XML",))
    if reader.root is None or reader.root.tag != "svg":
        return Fault("E_SVG_XML", 1, 1, str(reader.root), ("<svg> of the SVG namespace",))
    return reader.root


class _Refused(Exception):
    def __init__(self, fault: Fault) -> None:
        self.fault = fault


class _Reader:
    """Builds elements from the parser's calls, and stops it at the first that goes too far."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self.open: list[Element] = []
        self.count = 0
        self.parser = expat.ParserCreate("utf-8", " ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = lambda _tag: self.open.pop()
        self.parser.CharacterDataHandler = lambda text: self.open[-1].children.append(text)
        self.parser.StartDoctypeDeclHandler = lambda name, *_: self._refuse("E_SVG_ENTITY", f"<!DOCTYPE {name}>")
        self.parser.ProcessingInstructionHandler = lambda name, _: self._refuse("E_SVG_STYLE", f"<?{name}?>")

    def _refuse(self, code: str, found: str, *expected: str) -> None:
        at = self.parser
        raise _Refused(Fault(code, at.CurrentLineNumber, at.CurrentColumnNumber + 1, found, expected))

    def _start(self, name: str, given: dict[str, str]) -> None:
        self.count += 1
        space, _, local = name.rpartition(" ")
        tag = local if space == SVG else f"{space or 'no namespace'}:{local}"
        if self.count > MAX_ELEMENTS or len(self.open) >= MAX_DEPTH:
            told = f"<{tag}>, element {self.count} at depth {len(self.open) + 1}"
            self._refuse("E_SVG_SIZE", told, f"{MAX_ELEMENTS} elements", f"depth {MAX_DEPTH}")
        element = Element(tag, _attributes(given), self.parser.CurrentLineNumber)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)


def _attributes(given: Mapping[str, str]) -> dict[str, str]:
    plain = {name: value for name, value in given.items() if " " not in name}
    if f"{XLINK} href" in given:
        plain["href"] = given[f"{XLINK} href"]
    rules = [rule.split(":", 1) for rule in plain.pop("style", "").split(";") if ":" in rule]
    return {**plain, **{name.strip(): value.strip() for name, value in rules}}


# ---- walking and writing ----


def walk(element: Element) -> Iterator[Element]:
    yield element
    for child in element.children:
        if isinstance(child, Element):
            yield from walk(child)


def words(element: Element) -> str:
    """All text within, its pieces parted by a space."""
    parts = [child.strip() if isinstance(child, str) else words(child) for child in element.children]
    return " ".join(part for part in parts if part)


def written(element: Element) -> str:
    """The element as XML; the root says which namespace it is of."""
    space = f' xmlns="{SVG}"' if element.tag == "svg" else ""
    given = "".join(f" {name}={quoteattr(value)}" for name, value in element.attributes.items())
    inner = "".join(escape(child) if isinstance(child, str) else written(child) for child in element.children)
    return f"<{element.tag}{space}{given}>{inner}</{element.tag}>" if inner else f"<{element.tag}{space}{given}/>"


# ---- what is not supported ----


def unsupported(root: Element) -> tuple[Fault, ...]:
    """Every primitive that is not ours to draw, in the order of the file."""
    return tuple(fault for element in walk(root) for fault in _faults(element))


def _faults(element: Element) -> Iterator[Fault]:
    tag = element.tag
    if tag == "script":
        yield _fault("E_SVG_SCRIPT", element, "", "a picture without scripts")
    elif tag == "style":
        yield _fault("E_SVG_STYLE", element, "", "presentation attributes")
    elif tag.startswith("fe") and tag not in FILTERS:
        yield _fault("E_SVG_FILTER", element, "", *sorted(FILTERS))
    elif tag not in DRAWN and tag not in FILTERS:
        yield _fault("E_SVG_ELEMENT", element, "", "shapes, text, groups, gradients, patterns, markers")
    for name, value in element.attributes.items():
        if name.startswith("on"):
            yield _fault("E_SVG_SCRIPT", element, f" {name}", "a picture without scripts")
        links = [value] if name == "href" else _URL.findall(value)
        for link in links:
            if not link.strip().startswith("#"):
                yield _fault("E_SVG_EXTERNAL", element, f' {name}="{link[:40]}"', "links within the file: #name")


def _fault(code: str, element: Element, more: str, *expected: str) -> Fault:
    return Fault(code, element.line, 1, f"{element}{more}", expected)
