"""One hash for puzzles that are the same up to the names of things and of attributes, and the order of clues.

Elements and clues are coloured, and the colours refined: an element's by the clues in which it stands and how, a clue's
by the colours of its elements, until no colour splits any more. Only colours enter the hash, so that puzzles that are
the same get the same one. That some others may as well does no harm: they go to the same split.

The attributes of crimes and zebras have no names either: weapons for rooms is the same puzzle. What is left is that
elements of one attribute belong together, to which each attribute is an element of its own. Houses keep their numbers,
and so do a night's rooms and times, since they have places; culprit, tool and victim are alone. Where a formula reads
the same both ways, its sides have no order: their colours are added. Colours are integers of 64 bits, mixed by hand:
every machine and every Python gives the same.

Not the same to it: a night and its mirror image, and formulas that mean the same in other words (x > y and ~x | y).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from rungwise.contracts.clue.tree import (
    CRIME_ATTRIBUTES,
    ZEBRA_ATTRIBUTES,
    At,
    Beside,
    Category,
    Compound,
    Element,
    Formula,
    Is,
    Kind,
    Left,
    Literal,
    Moves,
    Op,
    Puzzle,
    Slot,
)

PLACED: Mapping[Kind, tuple[Category, ...]] = {
    "crime": (), "zebra": (Category.HOUSE,), "moments": (Category.ROOM, Category.TIME),
}  # fmt: skip
ALIKE: Mapping[Kind, tuple[Category, ...]] = {
    "crime": CRIME_ATTRIBUTES, "zebra": ZEBRA_ATTRIBUTES, "moments": (),
}  # fmt: skip
WHOLE = -1  # the number of the element that stands for a category
ORDERED = (Left, Beside)  # whose sides have an order
WORD = (1 << 64) - 1
ODD = 0x9E3779B97F4A7C15  # the golden ratio in 64 bits: its multiples are spread evenly

Colours = list[int]  # of the elements, by their place
Places = dict[Element, int]


class Said(NamedTuple):
    """A literal or a question: the places of its elements, and all else of it as one colour."""

    colour: int
    first: int
    second: int  # the same as the first where there is but one
    ordered: bool = False


class Node(NamedTuple):
    colour: int
    parts: tuple[Said, ...]
    ordered: bool = False


@lru_cache(maxsize=64)  # who draws a puzzle asks twice
def relabelled(puzzle: Puzzle) -> str:
    places: Places = {}
    nodes = [_formula(clue, places) for clue in puzzle.clues]
    nodes += [Node(_named("?"), (_question(slot, places),)) for slot in puzzle.slots]
    nodes += _belonging(ALIKE[puzzle.shape.kind], places)
    colours = [_start(element, puzzle.shape.kind) for element in places]
    number = whole = 0
    while len(set(colours)) > number:
        number = len(set(colours))
        colours, whole = _refined(nodes, colours)
    return sha256(repr((puzzle.shape, whole, sum(map(_mixed, colours)))).encode()).hexdigest()


def _refined(nodes: Sequence[Node], colours: Colours) -> tuple[Colours, int]:
    """The next colours, and one of all nodes together."""
    mixed = list(map(_mixed, colours))
    found, whole = mixed.copy(), 0
    for colour, parts, ordered in nodes:
        sides: list[int] = []
        for said, first, second, has_order in parts:
            side = _mixed(said + mixed[first] + (_mixed(mixed[second]) if has_order else mixed[second]))
            sides.append(_mixed(side + 1) if ordered and sides else side)
        colour = _mixed(colour + sum(sides))
        whole += colour
        for (_, first, second, has_order), side in zip(parts, sides, strict=True):
            seen = _mixed(colour ^ side)
            found[first] += seen
            found[second] += _mixed(seen) if has_order else seen
    return [colour & WORD for colour in found], whole & WORD


def _mixed(colour: int) -> int:
    colour = (colour & WORD) * ODD & WORD
    return (colour ^ colour >> 29) * ODD & WORD


@lru_cache(maxsize=4096)
def _named(*words: object) -> int:
    return int.from_bytes(sha256(" ".join(map(str, words)).encode()).digest()[:8], "big")


@lru_cache(maxsize=1024)
def _start(element: Element, kind: Kind) -> int:
    if element.category in ALIKE[kind]:
        return _named("an attribute" if element.number == WHOLE else "of an attribute")
    placed = element.number == WHOLE or element.category in PLACED[kind]
    return _named(str(element.category), element.number if placed else "")


def _belonging(alike: Sequence[Category], places: Places) -> list[Node]:
    """Each element to its attribute."""
    told = [(place, element) for element, place in places.items() if element.category in alike]
    return [
        Node(_named("of"), (Said(0, place, _place(Element(element.category, WHOLE), places), ordered=True),))
        for place, element in told
        if element.number != WHOLE
    ]


def _formula(formula: Formula, places: Places) -> Node:
    if isinstance(formula, Compound):
        parts = _literal(formula.first, places), _literal(formula.second, places)
        return Node(_named(formula.op), parts, formula.op is Op.THEN)
    return Node(0, (_literal(formula, places),))


def _literal(literal: Literal, places: Places) -> Said:
    if isinstance(literal, Is):  # by far the most
        rest = _named("Is", literal.holds)
    else:
        told = (getattr(literal, part, None) for part in ("room", "time", "side"))
        rest = _named(type(literal).__name__, literal.holds, *told)
    if isinstance(literal, At | Moves):
        first = second = _place(literal.piece, places)
    else:
        first, second = _place(literal.first, places), _place(literal.second, places)
    return Said(rest, first, second, isinstance(literal, ORDERED))


def _place(element: Element, places: Places) -> int:
    return places.setdefault(element, len(places))


def _question(slot: Slot, places: Places) -> Said:
    category = _place(Element(slot.category, WHOLE), places)
    return Said(_named("asked", slot.time), _place(slot.subject, places), category, ordered=True)
