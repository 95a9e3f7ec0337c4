"""A designer's SVG without its words: every text becomes a placeholder that says what it is for and how long it was.

`heading_1_m` is the first heading, of middling length; the second line of a paragraph is `paragraph_3_l.2`. What a text
is for is told from its size, weight and place, as a reader would; what is not supported is told by name and nothing is
written. Ids, which may be words too, become numbers. Order and counts of everything stay as they were.
"""

import os
import re
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rungwise.contracts.scene.inventory import LIGHT, Extent, Mark, canvas, colours, ground, hues, marks
from rungwise.contracts.scene.tree import Fault
from rungwise.contracts.scene.vector import Element, read, unsupported, walk, words, written
from rungwise.errors import InputError

SHORT, MEDIUM = 12, 40  # characters: a label, a line; more is a sentence
HEADING, BOLDER = 1.7, 1.1  # times the middle size of the picture's text
TOP, FOOT = 0.3, 0.9  # of the height: where a masthead ends, where a footnote begins
VALUE = 16  # characters that a figure with its unit may have
LABEL = 24
SPOKEN = ("title", "desc")  # read aloud, never painted
DEEP = 0.05  # as dark a ground as this is a screen at night
_WORDS = re.compile(r"^(?:class|role|lang|tabindex|name|(?:data|aria)-.*)$")  # attributes that may hold copy


@dataclass(frozen=True, slots=True)
class Inventory:
    """What the picture is made of: counts of kinds of shapes, and which theme and tone of ours it comes nearest to."""

    shapes: Mapping[str, int]
    theme: str
    tone: str


@dataclass(frozen=True, slots=True)
class Normalised:
    svg: str
    roles: Mapping[str, int]
    inventory: Inventory


def normalise(svg: str) -> Normalised | tuple[Fault, ...]:
    """The picture in placeholders, or everything in it that is not supported."""
    root = read(svg)
    if isinstance(root, Fault):
        return (root,)
    faults = unsupported(root)
    if faults:
        return faults
    found = marks(root)
    roles = _roles(root, found)
    inventory = _inventory(root, found)
    names = {one.attributes["id"]: f"g{at}" for at, one in enumerate(walk(root), 1) if "id" in one.attributes}
    for element in walk(root):
        element.attributes = {
            name: _renamed(name, value, names) for name, value in element.attributes.items() if not _WORDS.match(name)
        }
    return Normalised(written(root) + "\n", roles, inventory)


def write_normalised(source: Path, target: Path) -> Normalised:
    """The placeholder form of a file in another; that one is whole or is not there."""
    try:
        found = normalise(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError(f"cannot be read: {problem}", file=source) from problem
    if isinstance(found, tuple):
        first, more = found[0], f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise InputError(f"{first.code}: {first.found}{more}", file=source, line=first.line)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        part.write_text(found.svg, encoding="utf-8")
        part.replace(target)
    except OSError as problem:
        part.unlink(missing_ok=True)
        raise InputError(f"cannot be written: {problem.strerror}", file=target) from problem
    return found


# ---- words to placeholders ----


def _roles(root: Element, found: Sequence[Mark]) -> dict[str, int]:
    """Puts a placeholder in every text's place, and counts what the texts were for."""
    texts = {id(mark.element): mark for mark in found if mark.kind == "text"}
    told = _Page([*texts.values()], canvas(root))
    counts = Counter[str]()
    for element in walk(root):
        whole = words(element)
        if element.tag not in ("text", *SPOKEN) or not whole:
            continue
        mark = texts.get(id(element))
        role = told.role(mark, whole) if mark else "name"
        counts[role] += 1
        length = "s" if len(whole) <= SHORT else "m" if len(whole) <= MEDIUM else "l"
        _placed(element, f"{role}_{counts[role]}_{length}", 0)
    for element in walk(root):  # text outside of text elements is never painted
        if element.tag not in ("text", "tspan", *SPOKEN):
            element.children = [child for child in element.children if isinstance(child, Element)]
    return dict(sorted(counts.items()))


def _placed(element: Element, name: str, line: int) -> int:
    """The placeholder for each piece of text within, numbered from the second on; how many there are."""
    children: list[Element | str] = []
    for child in element.children:
        if isinstance(child, Element):
            line = _placed(child, name, line)
            children.append(child)
        elif child.strip():
            line += 1
            children.append(name if line == 1 else f"{name}.{line}")
    element.children = children
    return line


class _Page:
    """What a text's size, weight and place are compared with."""

    def __init__(self, texts: Sequence[Mark], whole: Extent) -> None:
        self.body = statistics.median([mark.size for mark in texts] or [16.0])
        self.top, self.high = whole.top, max(whole.bottom - whole.top, 1.0)
        mast = [mark for mark in texts if self._down(mark) <= TOP]
        self.head = max(mast, key=lambda mark: mark.size).extent.top if mast else whole.top

    def _down(self, mark: Mark) -> float:
        return (mark.extent.top - self.top) / self.high

    def role(self, mark: Mark, text: str) -> str:
        if self._down(mark) >= FOOT and not mark.bold:
            return "footnote"
        if re.search(r"\d", text) and len(text) <= VALUE and mark.size >= self.body:
            return "value"
        if mark.size >= HEADING * self.body:
            return "heading"
        if self._down(mark) <= TOP and mark.extent.top < self.head:
            return "kicker"
        if mark.bold and mark.size >= BOLDER * self.body:
            return "title"
        if len(text) <= LABEL:
            return "label"
        return "caption" if mark.size < self.body else "paragraph"


def _renamed(name: str, value: str, names: Mapping[str, str]) -> str:
    if name == "id":
        return names[value]
    if name == "href":
        return "#" + names.get(value.strip()[1:], "g0")
    return re.sub(r"url\(\s*['\"]?#([^)'\"]*)['\"]?\s*\)", lambda link: f"url(#{names.get(link[1], 'part_0')})", value)


# ---- what it is made of ----


def _inventory(root: Element, found: Sequence[Mark]) -> Inventory:
    shapes = Counter(mark.kind for mark in found if mark.kind not in ("text", "ground"))
    return Inventory(dict(sorted(shapes.items())), _theme(root, found), _tone(root, found))


def _theme(root: Element, found: Sequence[Mark]) -> str:
    light = ground(root, found)
    if light >= LIGHT:
        return "paper_editorial"
    blurred = any(element.tag == "feGaussianBlur" for element in walk(root))
    return "signal_glow" if blurred or light <= DEEP else "infra_dark"


def _tone(root: Element, found: Sequence[Mark]) -> str:
    """The hue that most marks have, where most of those with any have it and it is a tone of ours; else mixed."""
    gradients = colours(root)
    counts = Counter(name for mark in found if mark.kind != "ground" for name in hues([mark], gradients))
    if not counts:
        return "mixed"
    name, most = counts.most_common(1)[0]
    return name if name != "red" and most * 2 > counts.total() else "mixed"
