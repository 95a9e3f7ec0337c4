"""What the surfaces have in common: what can be said and asked in a kind of puzzle, limits, and what a fault is."""

from dataclasses import dataclass, replace

from rungwise.contracts.clue.tree import (
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
    Met,
    Moves,
    Next,
    Op,
    Slot,
    With,
)

SURFACES = ("compact", "english")
# The largest published puzzle has 10,560 characters, 100 clues and 8 questions.
MAX_CHARS, MAX_CLUES, MAX_SLOTS = 32 * 1024, 256, 12

CODES = (
    "empty",  # nothing is there
    "too_long",  # characters, clues or questions
    "things",  # what there is, and the rules of the world, are not told as they must be
    "definition",  # a connective is not defined as it must be, or one that does not occur is
    "formula",  # a line that says nothing
    "unknown_name",  # of nothing in this puzzle
    "wrong_type",  # something of the wrong category, or said of the wrong kind of puzzle
    "order",  # the other one of two stands first
    "question",  # the questions are missing, doubled, or not asked as they must be
    "tail",  # text behind the end
)

_CULPRIT_FIRST = dict.fromkeys((Category.CULPRIT, Category.TOOL, *Category))
RANK = {category: rank for rank, category in enumerate(_CULPRIT_FIRST)}
PIECES = frozenset(
    (Category.SUSPECT, Category.WEAPON, Category.MOTIVE, Category.CULPRIT, Category.TOOL, Category.VICTIM)
)
Two = Is | With | Met | Beside | Next | Left
MOMENTS_PAIRS = frozenset((
    (Category.CULPRIT, Category.SUSPECT), (Category.CULPRIT, Category.ROOM), (Category.CULPRIT, Category.TIME),
    (Category.CULPRIT, Category.MOTIVE), (Category.TOOL, Category.WEAPON), (Category.SUSPECT, Category.MOTIVE),
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text is not what it should be: a code, where (line and column, from 1), what stood there and what may."""

    code: str
    line: int
    column: int
    found: str
    expected: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        expected = f"; expected {' or '.join(self.expected[:8])}" if self.expected else ""
        return f"found {self.found[:60]!r}{expected}"

    def __str__(self) -> str:
        return f"{self.code} at line {self.line}, column {self.column}: {self.note}"

    def moved(self, lines: int, columns: int = 0) -> "Fault":
        """The same fault in a text that has so much more before it."""
        return Fault(self.code, self.line + lines, self.column + columns, self.found, self.expected)


def paired(first: Category, second: Category, kind: Kind) -> bool:
    """Whether it may be said that two things of these categories, in this order, belong together."""
    return (first, second) in MOMENTS_PAIRS if kind == "moments" else RANK[first] < RANK[second]


def asked(slot: Slot, kind: Kind) -> bool:
    """Whether it may be asked."""
    if slot.time is not None:
        return kind == "moments" and slot.subject.category in PIECES and slot.category is Category.ROOM
    if slot.category in (Category.CULPRIT, Category.TOOL, Category.VICTIM):
        return False
    of, wanted = slot.subject.category, slot.category
    return paired(of, wanted, kind) or (kind != "moments" and paired(wanted, of, kind))


def misplaced(literal: Literal, kind: Kind) -> str:
    """The code of what is wrong with it, "" for nothing."""
    match literal:
        case Is(first, second):
            if paired(first.category, second.category, kind):
                return ""
            return "order" if paired(second.category, first.category, kind) else "wrong_type"
        case At(piece) | Moves(piece):
            return "" if kind == "moments" and piece.category in PIECES else "wrong_type"
        case With(first, second) | Met(first, second):
            return _two(first, second, kind, "moments", ordered=True)
        case Beside(first, _, second):
            return _two(first, second, kind, "moments", ordered=False)
        case Next(first, second):
            return _two(first, second, kind, "zebra", ordered=True)
        case Left(first, second):
            return _two(first, second, kind, "zebra", ordered=False)


def _two(first: Element, second: Element, kind: Kind, wanted: Kind, *, ordered: bool) -> str:
    categories = {first.category, second.category}
    if kind != wanted or first == second or categories == {Category.HOUSE}:
        return "wrong_type"
    if wanted == "moments" and not categories <= PIECES:
        return "wrong_type"
    return "order" if ordered and second < first else ""


def turned(literal: Literal) -> Literal:
    """With the other of two things first."""
    return replace(literal, first=literal.second, second=literal.first) if isinstance(literal, Two) else literal


def connectives(clues: tuple[Formula, ...]) -> tuple[Op, ...]:
    """Those that occur, in the order of Op."""
    found = {clue.op for clue in clues if isinstance(clue, Compound)}
    return tuple(op for op in Op if op in found)
