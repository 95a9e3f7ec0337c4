"""The compact surface: its writer and its strict reader. Every tree has one spelling, and nothing else is read.

A puzzle is lines: what there is, a definition for each connective that occurs (and for ~), the clues, the questions.

    crime     abc klm AB          suspects, then as many weapons, rooms, motives
    moments   abc klm ABCD 2x2 t4 carried     suspects, weapons, rooms row by row, (motives,) columns x rows, times
    zebra     1-3 abc hij         houses, then as many persons, colours, drinks, pets, trades, musics, plants

    *=a  a~k  #=l  *=3            Is: together, not together; * the culprit, # the tool, ! the victim, 3 a time or house
    a@B1  a&b1  a&bB  a+2         At, With, Met, Moves; b moves between 2 and 3
    a/nb1  a-h  a<h               Beside (north of b at 1), Next, Left
    ~a@B1                         not so
    *=a|a=k                       a Compound; also ^ > <>

    ?*s *w b1 !2                  which suspect, which weapon; where b is at 1, the victim at 2. By a category's letter:
                                  s w r m t; h house n person c colour d drink p pet j trade u music g plant
"""

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate

from rungwise.contracts.clue.literals import read_formula, write_formula
from rungwise.contracts.clue.names import LETTERS, Names, counts, numbered
from rungwise.contracts.clue.spelling import (
    MAX_CHARS,
    MAX_CLUES,
    MAX_SLOTS,
    Fault,
    asked,
    connectives,
)
from rungwise.contracts.clue.tree import (
    CRIME_ATTRIBUTES,
    ZEBRA_ATTRIBUTES,
    Category,
    Formula,
    Op,
    Puzzle,
    Shape,
    Slot,
    parts_of,
)

DEFINITIONS: Mapping[Op, str] = {
    Op.OR: "one or both", Op.ONE: "exactly one", Op.THEN: "if the first, then the second", Op.SAME: "both or neither",
}  # fmt: skip
NEGATION = "~ not"
CATEGORIES: Mapping[Category, str] = {
    Category.SUSPECT: "s", Category.WEAPON: "w", Category.ROOM: "r", Category.MOTIVE: "m", Category.TIME: "t",
    Category.HOUSE: "h", Category.PERSON: "n", Category.COLOUR: "c", Category.DRINK: "d", Category.PET: "p",
    Category.TRADE: "j", Category.MUSIC: "u", Category.PLANT: "g",
}  # fmt: skip
CATEGORY_OF = {letter: category for category, letter in CATEGORIES.items()}

# ---- writing ----


def write_puzzle(puzzle: Puzzle, names: Names) -> str:
    defined = _defined(puzzle.clues)
    clues = [write_formula(clue, names) for clue in puzzle.clues]
    asked_for = "?" + " ".join(write_slot(slot, names) for slot in puzzle.slots)
    return "\n".join([_things(puzzle.shape, names), *defined, *clues, asked_for])


def _defined(clues: Sequence[Formula]) -> list[str]:
    negated = not all(literal.holds for literal in parts_of(clues))
    return [f"{op} {DEFINITIONS[op]}" for op in connectives(tuple(clues))] + [NEGATION] * negated


def write_slot(slot: Slot, names: Names) -> str:
    return names.letters[slot.subject] + (CATEGORIES[slot.category] if slot.time is None else str(slot.time + 1))


def _things(shape: Shape, names: Names) -> str:
    words = ["".join(LETTERS[category][place] for place in places) for category, places in names.places]
    if shape.kind == "zebra":
        return " ".join([f"1-{shape.size}", *words])
    if shape.kind == "crime":
        return " ".join(words)
    return " ".join([*words, f"{shape.columns}x{shape.rows}", f"t{shape.times}", *["carried"] * shape.carried])


# ---- reading a puzzle ----


def read_puzzle(text: str) -> tuple[Puzzle, Names] | Fault:
    if not text:
        return Fault("empty", 1, 1, "", ("what there is",))
    if len(text) > MAX_CHARS:
        return Fault("too_long", 1, 1, f"{len(text)} characters", (f"at most {MAX_CHARS}",))
    lines = text.split("\n")
    things = _read_things(lines[0])
    if isinstance(things, Fault):
        return things
    defined = _definitions(lines)
    clues = _read_clues(lines, 1 + defined, *things)
    if isinstance(clues, Fault):
        return clues
    slots = _read_questions(lines, 1 + defined + len(clues), *things)
    if isinstance(slots, Fault):
        return slots
    return _misdefined(lines[1 : 1 + defined], _defined(clues)) or (Puzzle(things[0], clues, slots), things[1])


def _definitions(lines: Sequence[str]) -> int:
    """How many lines there are that begin as one does."""
    signs = ("~ ", *(f"{op} " for op in Op))
    return next((at - 1 for at in range(1, len(lines)) if not lines[at].startswith(signs)), len(lines) - 1)


def _misdefined(found: Sequence[str], wanted: Sequence[str]) -> Fault | None:
    for at in range(max(len(found), len(wanted))):
        here, there = ("".join(lines[at : at + 1]) for lines in (found, wanted))
        if here != there:
            return Fault("definition", at + 2, 1, here, (there or "a clue",))
    return None


def _read_clues(lines: Sequence[str], start: int, shape: Shape, names: Names) -> tuple[Formula, ...] | Fault:
    clues: list[Formula] = []
    for at, line in enumerate(lines[start:], start):
        if line.startswith("?"):
            break
        clue = read_formula(line, shape, names)
        if isinstance(clue, Fault):
            return clue.moved(at)
        clues.append(clue)
        if len(clues) > MAX_CLUES:
            return Fault("too_long", at + 1, 1, line, (f"at most {MAX_CLUES} clues",))
    return tuple(clues)


def _read_questions(lines: Sequence[str], at: int, shape: Shape, names: Names) -> tuple[Slot, ...] | Fault:
    if at >= len(lines):
        return Fault("question", len(lines), len(lines[-1]) + 1, "", ("?*s *w", "?1n"))
    if at + 1 < len(lines):
        return Fault("tail", at + 2, 1, lines[at + 1], ("nothing behind the questions",))
    words = lines[at][1:].split(" ")
    if len(words) > MAX_SLOTS:
        return Fault("too_long", at + 1, 1, f"{len(words)} questions", (f"at most {MAX_SLOTS}",))
    slots: list[Slot] = []
    for word, column in zip(words, _columns(words, 2), strict=True):
        slot = _read_slot(word, shape, names)
        if slot is None or slot in slots:
            return Fault("question", at + 1, column, word, ("*s", "a1", "1n", "each once"))
        slots.append(slot)
    return tuple(slots)


def _read_slot(word: str, shape: Shape, names: Names) -> Slot | None:
    subject, what = names.elements.get(word[:1]), word[1:]
    time = names.elements.get(what) if what.isdecimal() else None
    if subject is None:
        return None
    if time and time.category is Category.TIME:
        slot = Slot(subject, Category.ROOM, time.number)
    elif what in CATEGORY_OF and CATEGORY_OF[what] in {element.category for element in names.elements.values()}:
        slot = Slot(subject, CATEGORY_OF[what])
    else:
        return None
    return slot if asked(slot, shape.kind) else None


def _columns(words: Sequence[str], first: int) -> list[int]:
    """Where words stand that blanks are between."""
    return list(accumulate((len(word) + 1 for word in words[:-1]), initial=first))


# ---- reading what there is ----

_GRID = re.compile("([1-9][0-9]?)x([1-9][0-9]?)")
_TIMES = re.compile("t([1-9]|1[0-2])")
_HOUSES = re.compile("1-([2-7])")
CRIME = (Category.SUSPECT, *CRIME_ATTRIBUTES)


def _read_things(line: str) -> tuple[Shape, Names] | Fault:
    words = line.split(" ")
    houses = _HOUSES.fullmatch(words[0])
    places, at = [], 1 if houses else 0
    for category in ZEBRA_ATTRIBUTES if houses else CRIME:
        if at == len(words) or (row := _places(words[at], category)) is None:
            break
        places.append((category, row))
        at += 1
    shape = _shape(tuple(map(len, (row for _, row in places))), words[at:], int(houses[1]) if houses else 0)
    if shape is None or counts(shape) != tuple((category, len(row)) for category, row in places):
        column = _columns(words, 1)[min(at, len(words) - 1)]
        expected = ("abc klm ABC", "abc klm ABCD 2x2 t4", "1-3 abc hij")
        return Fault("things", 1, column, " ".join(words[at:]) or line, expected)
    return shape, Names(shape.kind, tuple(places), numbered(shape))


def _places(word: str, category: Category) -> tuple[int, ...] | None:
    known = word and len(set(word)) == len(word) and all(letter in LETTERS[category] for letter in word)
    return tuple(map(LETTERS[category].index, word)) if known else None


def _shape(sizes: tuple[int, ...], rest: Sequence[str], houses: int) -> Shape | None:
    """The shape that rows of so many letters tell, with the words behind them."""
    if houses:
        return None if rest or not sizes else Shape(kind="zebra", size=houses, attributes=len(sizes))
    if not rest:
        return Shape(kind="crime", size=sizes[0], attributes=len(sizes) - 1) if len(sizes) > 1 else None
    grid, times = _GRID.fullmatch(rest[0]), _TIMES.fullmatch("".join(rest[1:2]))
    if not grid or not times or list(rest[2:]) not in ([], ["carried"]) or len(sizes) < 3:
        return None
    return Shape(
        kind="moments", size=sizes[0], weapons=sizes[1], columns=int(grid[1]), rows=int(grid[2]),
        times=int(times[1]), motives=len(sizes) > 3, carried=len(rest) > 2,
    )  # fmt: skip
