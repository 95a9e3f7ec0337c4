"""The syntax tree of puzzles: what there is (shape), what is said of it (formulas), what is asked (slots).

Three kinds of puzzle share it.

    crime     n suspects, each with one weapon (room, motive) of his own; one of them did it. A world is a permutation
              for each attribute, and a culprit.
    moments   suspects walk from room to room; weapons lie still or are carried; the crime is the one moment at which a
              suspect is alone with the victim and exactly one weapon. A world is where everything is at every time, and
              who has which motive. Nobody names the culprit: culprit, weapon, room and time follow from the world.
    zebra     n houses in a row, each with one colour (drink, pet, ...). A world is a permutation for each attribute.

An element is a category and a number within it. Letters and words are given to it when a puzzle is written (names.py),
so that a tree is the same under every naming.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal as OneOf

Kind = OneOf["crime", "moments", "zebra"]


class Category(StrEnum):
    SUSPECT = "suspect"
    WEAPON = "weapon"
    ROOM = "room"
    MOTIVE = "motive"
    TIME = "time"
    HOUSE = "house"
    COLOUR = "colour"
    DRINK = "drink"
    PET = "pet"
    TRADE = "trade"
    MUSIC = "music"
    PLANT = "plant"
    PERSON = "person"
    CULPRIT = "culprit"  # the one who did it: number 0 alone
    TOOL = "tool"  # the weapon it was done with: number 0 alone (moments)
    VICTIM = "victim"  # number 0 alone (moments)


CRIME_ATTRIBUTES = (Category.WEAPON, Category.ROOM, Category.MOTIVE)
ZEBRA_ATTRIBUTES = (
    Category.PERSON, Category.COLOUR, Category.DRINK, Category.PET, Category.TRADE, Category.MUSIC, Category.PLANT
)  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Element:
    category: Category
    number: int


CULPRIT = Element(Category.CULPRIT, 0)
TOOL = Element(Category.TOOL, 0)
VICTIM = Element(Category.VICTIM, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a puzzle's worlds are made of."""

    kind: Kind
    size: int  # suspects, or houses
    attributes: int = 0  # how many of CRIME_ATTRIBUTES or ZEBRA_ATTRIBUTES
    weapons: int = 0  # moments: from here on
    columns: int = 0
    rows: int = 0  # rooms are numbered row by row from the north-west
    times: int = 0
    motives: bool = False  # whether every suspect has a motive of his own
    carried: bool = False  # whether a weapon may go where a suspect who shares its room goes

    @property
    def rooms(self) -> int:
        return self.columns * self.rows


# ---- formulas ----


@dataclass(frozen=True, slots=True, order=True)
class Is:
    """Two elements of different categories belong together. Culprit and tool stand first, then the order of Category.

    In moments: culprit is a suspect, a room, a time or a motive (where and when it was done, and why); tool is a
    weapon; a suspect is a motive.
    """

    first: Element
    second: Element
    holds: bool = True


@dataclass(frozen=True, slots=True, order=True)
class At:
    """A piece (suspect, weapon, victim, culprit, tool, or a motive: whoever has it) is in a room at a time."""

    piece: Element
    room: int
    time: int
    holds: bool = True


@dataclass(frozen=True, slots=True, order=True)
class With:
    """Two pieces are in one room at a time; the lesser element stands first."""

    first: Element
    second: Element
    time: int
    holds: bool = True


@dataclass(frozen=True, slots=True, order=True)
class Met:
    """Two pieces are in this room together at least once."""

    first: Element
    second: Element
    room: int
    holds: bool = True


@dataclass(frozen=True, slots=True, order=True)
class Moves:
    """A piece is in another room at time + 1 than at time."""

    piece: Element
    time: int
    holds: bool = True


@dataclass(frozen=True, slots=True, order=True)
class Beside:
    """At a time the first piece is in the room just north (east, south, west) of the second's."""

    first: Element
    side: OneOf["n", "e", "s", "w"]
    second: Element
    time: int
    holds: bool = True


@dataclass(frozen=True, slots=True, order=True)
class Next:
    """Zebra: the houses of two elements are neighbours; the lesser element stands first."""

    first: Element
    second: Element
    holds: bool = True


@dataclass(frozen=True, slots=True, order=True)
class Left:
    """Zebra: the house of the first is the one just left of the second's."""

    first: Element
    second: Element
    holds: bool = True


Literal = Is | At | With | Met | Moves | Beside | Next | Left


class Op(StrEnum):
    OR = "|"  # one or both
    ONE = "^"  # one and not both
    THEN = ">"  # if the first, then the second
    SAME = "<>"  # both or neither


@dataclass(frozen=True, slots=True)
class Compound:
    first: Literal
    op: Op
    second: Literal


Formula = Literal | Compound


def parts_of(clues: Iterable[Formula]) -> list[Literal]:
    """The literals that the clues are made of."""
    return [part for clue in clues for part in ((clue.first, clue.second) if isinstance(clue, Compound) else (clue,))]


# ---- questions ----


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """Which element of a category belongs to the subject; with a time: in which room the subject is then.

    The answer is that element's number.
    """

    subject: Element
    category: Category
    time: int | None = None


@dataclass(frozen=True, slots=True)
class Puzzle:
    shape: Shape
    clues: tuple[Formula, ...]
    slots: tuple[Slot, ...]


Answer = tuple[int, ...]  # a number for each slot


@dataclass(frozen=True, slots=True)
class World:
    """One way in which all could be.

    crime    places: for each attribute, which of it each suspect has; culprit
    zebra    places: for each attribute, which of it each house has
    moments  paths: for victim, suspects and weapons in this order, the room at each time; motives of the suspects
    """

    places: tuple[tuple[int, ...], ...] = ()
    culprit: int = 0
    paths: tuple[tuple[int, ...], ...] = ()
    motives: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Derivation:
    """How the answer follows from the clues, in small steps, and how hard that was."""

    lines: tuple[Formula, ...]  # derived facts in order, none of them a clue
    rounds: int  # of propagation: the longest chain of lines
    splits: int  # assumptions that were refuted
    indirect: float  # the share of clues that are not plain facts
    left: int  # answers, or worlds, that the plain facts alone leave
    proof: tuple[Formula, ...] = ()  # the lines, each behind what it follows from; a night has none
