"""The scene read back from its picture: every component is a group that says what it is."""

from xml.etree import ElementTree

from rungwise.contracts.scene.families import ATTRIBUTES, FAMILIES, FIELDS, MOST_COMPONENTS
from rungwise.contracts.scene.language import parse, scene_of, write
from rungwise.contracts.scene.tree import Component, Fault, Scene

MAX_BYTES = 2 * 1024 * 1024  # some ten times the largest picture
_GROUP = "{http://www.w3.org/2000/svg}g"


def scene_of_svg(svg: str) -> Scene | Fault:
    """`compile_scene` turned round; a fault where the text is no picture that it may have made."""
    if len(svg) > MAX_BYTES:
        return _fault(f"{len(svg)} characters", f"at most {MAX_BYTES}")
    if "<!" in svg:  # no document type, so no entities: the reader below would expand them
        return _fault("a declaration", "plain elements")
    try:
        root = ElementTree.fromstring(svg)
    except (ElementTree.ParseError, ValueError) as problem:
        return _fault(str(problem), "an SVG")
    layout = root.get("data-layout", "")
    if layout not in FAMILIES:
        return _fault(f"data-layout {layout[:40]!r}", *FAMILIES)
    groups = [group for group in root.iter(_GROUP) if group.get("data-component") is not None]
    if len(groups) > MOST_COMPONENTS:
        return _fault(f"{len(groups)} components", f"at most {MOST_COMPONENTS}")
    components = tuple(Component(group.get("data-component", ""), _data(group, FIELDS)) for group in groups)
    return parse(write(scene_of(layout, _data(root, tuple(ATTRIBUTES)), components)))


def _data(element: ElementTree.Element, names: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name in names if (value := element.get(f"data-{name}"))}


def _fault(found: str, *expected: str) -> Fault:
    return Fault("E_SVG", 0, 0, found, expected)
