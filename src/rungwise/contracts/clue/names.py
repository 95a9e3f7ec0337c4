"""Letters and words for elements.

Every category has a row of letters and a row of words, and an element has the same place in both: the letter of place 0
of the suspects is a, its word the first. Names say which place each element has: the first so many, or drawn. Times and
houses have numbers, counted from 1, instead of letters; times in words are read off a clock.
"""

import random
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from rungwise.contracts.clue.tree import (
    CRIME_ATTRIBUTES,
    CULPRIT,
    TOOL,
    VICTIM,
    ZEBRA_ATTRIBUTES,
    Category,
    Element,
    Kind,
    Shape,
)
from rungwise.errors import InputError

SUSPECT, WEAPON, ROOM, MOTIVE = Category.SUSPECT, Category.WEAPON, Category.ROOM, Category.MOTIVE
HOUSES = 7  # so many rows of so many letters are all that the alphabet has room for
TIMES = 12

LETTERS: Mapping[Category, str] = {
    SUSPECT: "abcdefghij", WEAPON: "klmnopqrst", ROOM: "ABCDEFGHIJKLMNOPQ",
    MOTIVE: "uvwxyzRSTU",  # one for each suspect, of whom there may be ten
    **{
        category: string.ascii_letters[row * HOUSES : (row + 1) * HOUSES]
        for row, category in enumerate(ZEBRA_ATTRIBUTES)
    },
}  # fmt: skip
SIGNS: Mapping[Element, str] = {CULPRIT: "*", TOOL: "#", VICTIM: "!"}

WORDS: Mapping[Category, tuple[str, ...]] = {
    SUSPECT: (
        "Doctor Amsel", "Madame Birk", "Captain Corvo", "Miss Delling", "Judge Ebbers", "Father Fenn", "Lady Grau",
        "Baron Holm", "Sister Ines", "Mister Jarrow",
    ),
    WEAPON: (
        "poker", "sickle", "hatpin", "crossbow", "mallet", "cleaver", "harpoon", "paperweight", "spade", "scalpel",
    ),
    ROOM: (
        "attic", "bakery", "boathouse", "cellar", "chapel", "gallery", "greenhouse", "laundry", "mill", "nursery",
        "observatory", "orchard", "pantry", "stable", "studio", "tower", "workshop",
    ),
    MOTIVE: (
        "blackmail", "an old debt", "an inheritance", "a broken promise", "wounded pride", "a forged will",
        "a stolen patent", "a lost election", "a secret marriage", "a ruined harvest",
    ),
    Category.PERSON: ("Anouk", "Bram", "Chiara", "Dmitri", "Eilidh", "Farid", "Greta"),
    Category.COLOUR: ("red", "blue", "green", "white", "yellow", "orange", "purple"),
    Category.DRINK: ("tea", "coffee", "milk", "cider", "cocoa", "lemonade", "water"),
    Category.PET: ("parrot", "tortoise", "hedgehog", "goldfish", "ferret", "rabbit", "gecko"),
    Category.TRADE: ("baker", "tailor", "printer", "gardener", "plumber", "potter", "barber"),
    Category.MUSIC: ("jazz", "folk", "opera", "blues", "tango", "reggae", "techno"),
    Category.PLANT: ("fern", "cactus", "orchid", "ivy", "tulip", "basil", "bamboo"),
}  # fmt: skip

SPACINGS = (15, 30, 60)  # minutes from one time to the next
DAY = 24 * 60


@dataclass(frozen=True)
class Names:
    """`places`: for each category, in the order in which a puzzle tells them, each element's place in its rows."""

    kind: Kind
    places: tuple[tuple[Category, tuple[int, ...]], ...]
    numbered: int = 0  # times or houses
    first: int = 20 * 60  # the minute of the day that is the first time
    spacing: int = 30

    @cached_property
    def letters(self) -> dict[Element, str]:
        rows = {Element(c, n): LETTERS[c][place] for c, places in self.places for n, place in enumerate(places)}
        numbers = {element: str(element.number + 1) for element in self._numbered()}
        return {**{element: SIGNS[element] for element in self._singular()}, **rows, **numbers}

    @cached_property
    def elements(self) -> dict[str, Element]:
        """By letter."""
        return {letter: element for element, letter in self.letters.items()}

    @cached_property
    def words(self) -> dict[Element, str]:
        rows = {Element(c, n): WORDS[c][place] for c, places in self.places for n, place in enumerate(places)}
        if self.kind == "moments":
            return rows | {time: clock(self.first + time.number * self.spacing) for time in self._numbered()}
        return rows | {house: f"house {house.number + 1}" for house in self._numbered()}

    @cached_property
    def worded(self) -> dict[str, Element]:
        """By word."""
        return {word: element for element, word in self.words.items()}

    def _numbered(self) -> Iterator[Element]:
        category = Category.TIME if self.kind == "moments" else Category.HOUSE
        return (Element(category, number) for number in range(self.numbered))

    def _singular(self) -> tuple[Element, ...]:
        return {"crime": (CULPRIT,), "moments": (CULPRIT, TOOL, VICTIM), "zebra": ()}[self.kind]


def counts(shape: Shape) -> tuple[tuple[Category, int], ...]:
    """How many there are of each category that has letters, in the order in which a puzzle tells them."""
    if shape.kind == "zebra":
        return tuple((category, shape.size) for category in ZEBRA_ATTRIBUTES[: shape.attributes])
    if shape.kind == "crime":
        return ((SUSPECT, shape.size), *((category, shape.size) for category in CRIME_ATTRIBUTES[: shape.attributes]))
    motives = ((MOTIVE, shape.size),) if shape.motives else ()
    return (SUSPECT, shape.size), (WEAPON, shape.weapons), (ROOM, shape.rooms), *motives


def fixed(shape: Shape) -> Names:
    """The first letters and words of every row."""
    return Names(shape.kind, tuple((c, tuple(range(count))) for c, count in _fitting(shape)), numbered(shape))


def drawn(shape: Shape, rng: random.Random, among: int = max(map(len, LETTERS.values()))) -> Names:
    """Any of the first `among` letters of every row, of all of them where not said, in any order; any clock."""
    places = [(c, tuple(rng.sample(range(_pool(c, count, among)), count))) for c, count in _fitting(shape)]
    spacing = rng.choice(SPACINGS)
    evening = rng.randrange(18 * 60, 22 * 60 + 1, spacing)
    if shape.times < 2:  # a single time does not show how far the next would be
        spacing = Names.spacing
    return Names(shape.kind, tuple(places), numbered(shape), evening if shape.times else Names.first, spacing)


def numbered(shape: Shape) -> int:
    return {"crime": 0, "moments": shape.times, "zebra": shape.size}[shape.kind]


def _pool(category: Category, count: int, among: int) -> int:
    return min(len(LETTERS[category]), max(count, among))


def _fitting(shape: Shape) -> tuple[tuple[Category, int], ...]:
    for category, count in counts(shape):
        if count > len(LETTERS[category]):
            raise InputError(f"{count}; there are names for {len(LETTERS[category])}", field=category.value)
    if shape.kind == "moments" and shape.times > TIMES:
        raise InputError(f"{shape.times}; expected at most {TIMES}", field=Category.TIME.value)
    return counts(shape)


def clock(minute: int) -> str:
    hour, rest = divmod(minute % DAY, 60)
    return f"{(hour - 1) % 12 + 1}:{rest:02} {'AM' if hour < 12 else 'PM'}"


def options(category: Category, shape: Shape) -> int:
    """How many elements of a category there are."""
    return {**dict(counts(shape)), Category.TIME: shape.times, Category.HOUSE: shape.size}[category]
