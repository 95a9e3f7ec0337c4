"""The English surface: a puzzle as a story with clues and questions; its writer and its strict reader.

    A murder has been done, and exactly one of the suspects did it.
    Suspects: Doctor Amsel, Madame Birk.
    Weapons: poker, sickle. Each suspect had exactly one of them, and no two had the same.
    By "A, or B, or both" is meant that at least one of A and B is true.
    Clues:
    - The murderer is Madame Birk, or Doctor Amsel did not have the poker, or both.
    Questions:
    A. Who is the murderer?

What is read is written again and must come out the same, so that every tree has one spelling here as well.
"""

import re
import string
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import zip_longest

from rungwise.contracts.clue import phrases
from rungwise.contracts.clue.names import DAY, SPACINGS, TIMES, WORDS, Names, counts, numbered
from rungwise.contracts.clue.phrases import DEFINITIONS, HEADINGS, OWN, QUESTIONS
from rungwise.contracts.clue.sentences import read_formula, write_formula
from rungwise.contracts.clue.spelling import MAX_CHARS, MAX_CLUES, MAX_SLOTS, PIECES, Fault, asked, connectives
from rungwise.contracts.clue.tree import CULPRIT, TOOL, Category, Element, Formula, Kind, Puzzle, Shape, Slot

CLUES, QUESTIONED = "Clues:", "Questions:"
OPENINGS: Mapping[Kind, str] = {
    "crime": phrases.MURDER_OPENING, "moments": phrases.MOMENTS_OPENING, "zebra": phrases.ZEBRA_OPENING,
}  # fmt: skip
OPENED = 10  # so many characters tell which of them it is
Places = tuple[tuple[Category, tuple[int, ...]], ...]

# ---- writing ----


def write_puzzle(puzzle: Puzzle, names: Names) -> str:
    defined = [DEFINITIONS[op] for op in connectives(puzzle.clues)]
    clues = [f"- {write_formula(clue, names)}" for clue in puzzle.clues]
    questions = [
        f"{letter}. {write_slot(slot, names)}"
        for letter, slot in zip(string.ascii_uppercase, puzzle.slots, strict=False)
    ]
    return "\n".join([*_things(puzzle.shape, names), *defined, CLUES, *clues, QUESTIONED, *questions])


def write_slot(slot: Slot, names: Names) -> str:
    subject = phrases.subject_of(slot.subject, names.kind, names)
    if slot.time is not None:
        return phrases.WHERE_THEN.format(subject, names.words[Element(Category.TIME, slot.time)])
    if names.kind == "moments" and slot.subject in (CULPRIT, TOOL) and slot.category in phrases.OF_THE_MURDER_ASKED:
        return phrases.OF_THE_MURDER_ASKED[slot.category]
    return QUESTIONS[slot.category].format(subject)


def _things(shape: Shape, names: Names) -> list[str]:
    """What there is, and what can be."""
    opening = OPENINGS[shape.kind].format(shape.size)
    lists = [_list(category, [WORDS[category][place] for place in places], shape) for category, places in names.places]
    times = [names.words[Element(Category.TIME, time)] for time in range(shape.times)]
    return [opening, *lists, *([_list(Category.TIME, times, shape)] if times else []), *phrases.rules(shape)]


def _list(category: Category, words: Sequence[str], shape: Shape) -> str:
    moments = shape.kind == "moments"
    heading = f"{HEADINGS[category]}: "
    if moments and category is Category.ROOM:
        rows = [", ".join(words[at : at + shape.columns]) for at in range(0, len(words), shape.columns)]
        return f"{heading}{'; '.join(rows)}.{phrases.LAYOUT}"
    shared = moments and category is Category.WEAPON  # in moments a weapon is nobody's own
    return f"{heading}{', '.join(words)}.{'' if shared else OWN.get(category, '')}"


# ---- reading a puzzle ----


def read_puzzle(text: str) -> tuple[Puzzle, Names] | Fault:
    if not text:
        return Fault("empty", 1, 1, "", ("what there is",))
    if len(text) > MAX_CHARS:
        return Fault("too_long", 1, 1, f"{len(text)} characters", (f"at most {MAX_CHARS}",))
    lines = text.split("\n")
    for heading in (CLUES, QUESTIONED):
        if lines.count(heading) != 1:
            return Fault("question" if heading is QUESTIONED else "formula", len(lines), 1, lines[-1], (heading,))
    start, end = lines.index(CLUES), lines.index(QUESTIONED)
    things = _read_things(lines[:start])
    if isinstance(things, Fault):
        return things
    clues = _read_clues(lines[start + 1 : end], *things)
    if isinstance(clues, Fault):
        return clues.moved(start + 1)
    slots = _read_questions(lines[end + 1 :], *things)
    if isinstance(slots, Fault):
        return slots.moved(end + 1)
    puzzle = Puzzle(things[0], clues, slots)
    return _otherwise(lines, puzzle, things[1]) or (puzzle, things[1])


def _otherwise(lines: Sequence[str], puzzle: Puzzle, names: Names) -> Fault | None:
    """The first place in which the text is not what would be written of it."""
    rules = len(_things(puzzle.shape, names))
    for at, wanted in enumerate(write_puzzle(puzzle, names).split("\n")):
        here = lines[at]
        if here != wanted:
            column = next((i for i, (a, b) in enumerate(zip(here, wanted, strict=False)) if a != b), len(wanted))
            code = "things" if at < rules else "definition"
            return Fault(code, at + 1, min(column, len(here)) + 1, here[column:], (wanted,))
    return None


def _read_clues(lines: Sequence[str], shape: Shape, names: Names) -> tuple[Formula, ...] | Fault:
    if len(lines) > MAX_CLUES:
        return Fault("too_long", MAX_CLUES + 1, 1, lines[MAX_CLUES], (f"at most {MAX_CLUES} clues",))
    clues: list[Formula] = []
    for at, line in enumerate(lines):
        if not line.startswith("- "):
            return Fault("formula", at + 1, 1, line, ("- a clue",))
        clue = read_formula(line[2:], shape, names)
        if isinstance(clue, Fault):
            return clue.moved(at, 2)
        clues.append(clue)
    return tuple(clues)


def _read_questions(lines: Sequence[str], shape: Shape, names: Names) -> tuple[Slot, ...] | Fault:
    if not lines:
        return Fault("question", 0, len(QUESTIONED) + 1, "", ("A. and a question",))
    if len(lines) > MAX_SLOTS:
        return Fault("too_long", MAX_SLOTS + 1, 1, lines[MAX_SLOTS], (f"at most {MAX_SLOTS} questions",))
    slots: list[Slot] = []
    for at, line in enumerate(lines):
        head = f"{string.ascii_uppercase[at]}. "
        slot = _questions(shape, names).get(line[len(head) :]) if line.startswith(head) else None
        if slot is None or slot in slots:
            return Fault("question", at + 1, 1, line, (f"{head}and a question that was not asked before",))
        slots.append(slot)
    return tuple(slots)


@lru_cache(maxsize=64)
def _questions(shape: Shape, names: Names) -> Mapping[str, Slot]:
    """Whatever can be asked."""
    categories = {element.category for element in names.words}
    slots = [Slot(subject, category) for subject in names.letters for category in categories]
    pieces = [piece for piece in names.letters if piece.category in PIECES]
    slots += [Slot(piece, Category.ROOM, time) for piece in pieces for time in range(shape.times)]
    return {write_slot(slot, names): slot for slot in slots if asked(slot, shape.kind)}


# ---- reading what there is ----

_HEADED = {heading: category for category, heading in HEADINGS.items()}
_LISTED = re.compile(rf"({'|'.join(_HEADED)}): ([^.]+)\.")
_CLOCK = re.compile("(1[0-2]|[1-9]):([0-5][0-9]) ([AP])M")


def _read_things(lines: Sequence[str]) -> tuple[Shape, Names] | Fault:
    """What the lists tell; whether the sentences around them are right is looked at afterwards."""
    kind = next((kind for kind, opening in OPENINGS.items() if lines and lines[0][:OPENED] == opening[:OPENED]), None)
    if kind is None:
        return Fault("things", 1, 1, "".join(lines[:1]), tuple(OPENINGS.values()))
    places: list[tuple[Category, tuple[int, ...]]] = []
    grid, times = (0, 0), (0, Names.first, Names.spacing)
    for at, line in enumerate(lines, 1):
        listed = _LISTED.match(line)
        if not listed:
            continue
        category, words = _HEADED[listed[1]], re.split("[,;] ", listed[2])
        read = _read_times(words) if category is Category.TIME else _places(words, category)
        if isinstance(read, str):
            return Fault("unknown_name", at, line.index(read, len(listed[1]) + 2) + 1, read, WORDS.get(category, ()))
        if category is Category.TIME:
            times = read[0], read[1], read[2]
        else:
            places.append((category, read))
        if category is Category.ROOM:
            rows = listed[2].count(";") + 1
            grid = len(words) // rows, rows
    return _consistent(kind, tuple(places), grid, times, phrases.CARRIED in lines)


def _places(words: Sequence[str], category: Category) -> tuple[int, ...] | str:
    """Each word's place in its row, or the first that has none or stands there twice."""
    for at, word in enumerate(words):
        if word not in WORDS[category] or word in words[:at]:
            return word
    return tuple(map(WORDS[category].index, words))


def _read_times(words: Sequence[str]) -> tuple[int, ...] | str:
    """How many, the first and what lies between two; or the first that is none."""
    minutes: list[int] = []
    for at, word in enumerate(words):
        told = _CLOCK.fullmatch(word)
        if not told or at >= TIMES:
            return word
        minutes.append(int(told[1]) % 12 * 60 + int(told[2]) + (DAY // 2 if told[3] == "P" else 0))
    spacing = (minutes[1] - minutes[0]) % DAY if len(words) > 1 else Names.spacing
    return (len(words), minutes[0], spacing) if spacing in SPACINGS else words[1]


def _consistent(
    kind: Kind, places: Places, grid: tuple[int, int], times: tuple[int, int, int], carried: bool
) -> tuple[Shape, Names] | Fault:
    sizes = {category: len(row) for category, row in places}
    people = Category.PERSON if kind == "zebra" else Category.SUSPECT
    shape = Shape(kind=kind, size=sizes.get(people, 0), attributes=len(sizes) - (kind == "crime"))
    if kind == "moments":
        shape = Shape(
            kind=kind, size=shape.size, weapons=sizes.get(Category.WEAPON, 0), columns=grid[0], rows=grid[1],
            times=times[0], motives=Category.MOTIVE in sizes, carried=carried,
        )  # fmt: skip
    told = counts(shape)
    for at, (found, wanted) in enumerate(zip_longest(places, told)):
        if found is None or wanted is None or (found[0], len(found[1])) != wanted:
            return Fault("things", at + 2, 1, found[0] if found else "", _a_list(wanted))
    if len(told) < (1 if kind == "zebra" else 2) or (kind == "moments" and not times[0]):
        return Fault("things", len(told) + 2, 1, "", ("another list",))
    return shape, Names(kind, places, numbered(shape), *times[1:])


def _a_list(wanted: tuple[Category, int] | None) -> tuple[str, ...]:
    return (f"{HEADINGS[wanted[0]]}: and {wanted[1]} of them",) if wanted else ("no such list",)
