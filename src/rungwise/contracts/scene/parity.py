"""How alike two pictures are in structure: a designer's and the one that our compiler draws of the same scene.

Both are measured from their SVGs by the same code (`inventory.py`). What has to be told by hand is only which group of
a designer's file is which component and what its edges join; the registry holds that, and a compiled picture says it
of itself. Components of equal kind are then paired by the words that they show, the most alike first, so neither ids
nor the order of the files count. Each of the six parts runs from 0 to 1:

    components  how many kinds of components the two have in common
    order       pairs of components that are read in the same order: the upper first, on one level the left one
    positions   pairs that stand alike: left of, right of or level; above, below or beside
    edges       edges that join the same components
    palette     light or dark ground, and how many components show each hue
    copy        words in common

The score is their weighted mean; what neither picture has (edges, say) does not count.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from rungwise.contracts.scene.inventory import LIGHT, Extent, canvas, colours, ground, hues, marks, union
from rungwise.contracts.scene.vector import Element, read, walk, words

WEIGHTS = {"components": 3, "order": 2, "positions": 3, "edges": 3, "palette": 1, "copy": 2}  # colour says least of all
Relation = Callable[[Extent, Extent], tuple[int, ...]]
SLACK = 0.01  # of the canvas: boxes that overlap by less stand clear of each other


@dataclass(frozen=True, slots=True)
class Role:
    """Which group of a picture is which component; `source` and `target` are the groups that an edge joins."""

    group: str
    tag: str
    source: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    tag: str
    extent: Extent
    words: Counter[str]
    hues: frozenset[str]


@dataclass(frozen=True, slots=True)
class Structure:
    pieces: Mapping[str, Piece]  # what is no edge, by group
    edges: frozenset[tuple[str, str]]
    tags: Counter[str]
    words: Counter[str]
    light: bool


@dataclass(frozen=True, slots=True)
class Parity:
    score: float
    parts: Mapping[str, float]


def parity(one: Structure, other: Structure) -> Parity:
    pairs = _paired(one, other)
    found = {
        "components": _shared(one.tags, other.tags),
        "order": _agreed(one, other, pairs, _before),
        "positions": _agreed(one, other, pairs, _place),
        "edges": _edges(one, other, pairs),
        "palette": _palette(one, other),
        "copy": _shared(one.words, other.words),
    }
    parts = {name: value for name, value in found.items() if value is not None}
    total = sum(WEIGHTS[name] for name in parts)
    return Parity(sum(WEIGHTS[name] * value for name, value in parts.items()) / total, parts)


# ---- measuring a picture ----


def structure(svg: str, roles: Sequence[Role]) -> Structure:
    """A picture whose components are these groups, each named by its id."""
    root = _root(svg)
    groups = {element.attributes["id"]: element for element in walk(root) if "id" in element.attributes}
    return _measured(root, [(role, groups[role.group]) for role in roles])


def structure_of_drawing(svg: str) -> Structure:
    """A picture of our compiler: every component says what it is, its id, and what it joins."""
    root, roles = _root(svg), list[tuple[Role, Element]]()
    for at, element in enumerate(walk(root)):
        given = element.attributes
        if "data-component" in given:
            name = given.get("data-id", f"part {at}")
            joined = given.get("data-from", ""), given.get("data-to", "")
            roles.append((Role(name, given["data-component"], *joined), element))
    return _measured(root, roles)


def _root(svg: str) -> Element:
    root = read(svg)
    if not isinstance(root, Element):
        raise ValueError(str(root))
    return root


def _measured(root: Element, roles: Sequence[tuple[Role, Element]]) -> Structure:
    found, gradients, pieces = marks(root), colours(root), dict[str, Piece]()
    for role, group in roles:
        inner = [mark for mark in found if any(around is group for around in mark.inside)]
        if not role.source and inner:
            extent = union([mark.extent for mark in inner])
            pieces[role.group] = Piece(role.tag, _scaled(extent, canvas(root)), _words([group]), hues(inner, gradients))
    return Structure(
        pieces,
        frozenset((role.source, role.target) for role, _ in roles if role.source),
        Counter(role.tag for role, _ in roles),
        _words([group for _, group in roles]),
        ground(root, found) >= LIGHT,
    )


def _scaled(extent: Extent, whole: Extent) -> Extent:
    """As shares of the canvas, so that pictures of different sizes compare."""
    wide, high = max(whole.right - whole.left, 1.0), max(whole.bottom - whole.top, 1.0)
    left, right = (extent.left - whole.left) / wide, (extent.right - whole.left) / wide
    return Extent(left, (extent.top - whole.top) / high, right, (extent.bottom - whole.top) / high)


def _words(groups: Sequence[Element]) -> Counter[str]:
    texts = [words(element) for group in groups for element in walk(group) if element.tag == "text"]
    split = "".join(char if char.isalnum() else " " for char in " ".join(texts).casefold()).split()
    return Counter(split)


# ---- comparing two ----


def _paired(one: Structure, other: Structure) -> dict[str, str]:
    """Pieces of the one by pieces of the other: of the same kind, the most alike in words first."""
    ranked = sorted(
        (-_shared(a.words, b.words), abs(at - to), name, twin)  # where words do not tell, the order of the files does
        for at, (name, a) in enumerate(one.pieces.items())
        for to, (twin, b) in enumerate(other.pieces.items())
        if a.tag == b.tag
    )
    pairs: dict[str, str] = {}
    for *_, name, twin in ranked:
        if name not in pairs and twin not in pairs.values():
            pairs[name] = twin
    return pairs


def _shared(one: Counter[str], other: Counter[str]) -> float:
    """Twice what both have, by what the two have together."""
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 1.0


def _agreed(one: Structure, other: Structure, pairs: Mapping[str, str], told: Relation) -> float | None:
    """The share of what can be said of every two pieces on which the pictures agree; lost pieces agree on nothing."""
    count = max(len(one.pieces), len(other.pieces))
    if count < 2:
        return None
    agreed = 0.0
    for (a, twin_a), (b, twin_b) in combinations(pairs.items(), 2):
        here = told(one.pieces[a].extent, one.pieces[b].extent)
        there = told(other.pieces[twin_a].extent, other.pieces[twin_b].extent)
        agreed += sum(x == y for x, y in zip(here, there, strict=True)) / len(here)
    return agreed / (count * (count - 1) / 2)


def _before(a: Extent, b: Extent) -> tuple[bool]:
    if a.bottom <= b.top + SLACK or b.bottom <= a.top + SLACK:
        return (a.top < b.top,)
    return (a.left < b.left,)


def _place(a: Extent, b: Extent) -> tuple[int, int]:
    return _side(a.left, a.right, b.left, b.right), _side(a.top, a.bottom, b.top, b.bottom)


def _side(start: float, end: float, other_start: float, other_end: float) -> int:
    return -1 if end <= other_start + SLACK else 1 if other_end <= start + SLACK else 0


def _edges(one: Structure, other: Structure, pairs: Mapping[str, str]) -> float | None:
    total = len(one.edges) + len(other.edges)
    moved = {(pairs.get(source), pairs.get(target)) for source, target in one.edges}
    return 2 * len(moved & other.edges) / total if total else None


def _palette(one: Structure, other: Structure) -> float:
    """Half for the ground, half for how many pieces show each hue."""
    shown = [Counter(_hues(structure)) for structure in (one, other)]
    return ((one.light == other.light) + _shared(*shown)) / 2


def _hues(structure: Structure) -> Iterator[str]:
    for piece in structure.pieces.values():
        yield from piece.hues or ("none",)
