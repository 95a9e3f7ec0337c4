"""How a night's answer follows from its clues, line by line: what reasoning.py found, pruned to what is needed.

From the answer backwards, everything that it needs is marked. A line is written for each that can be said in a
formula, is no clue, and is not seen at a glance: that what is in one room is in no other, or too far away from one.
What follows from an assumption stands as "if that, then this", and behind it the assumption's negation.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from rungwise.contracts.clue.encoding import numbering
from rungwise.contracts.clue.reasoning import Because, Reasoning, Step, marked
from rungwise.contracts.clue.tree import (
    CULPRIT,
    TOOL,
    VICTIM,
    At,
    Category,
    Compound,
    Derivation,
    Element,
    Formula,
    Is,
    Literal,
    Op,
    Puzzle,
    Shape,
)

MOST = 200  # lines: what is longer nobody would read, or could write
NAMED = (Category.VICTIM, Category.SUSPECT, Category.WEAPON)


def derive(puzzle: Puzzle) -> Derivation | None:
    """None where the answer does not follow, as far as was tried, or only in too many lines."""
    reasoning = Reasoning(puzzle)
    if not reasoning.solve():
        return None
    told = _Told(reasoning, puzzle)
    told.tell()
    if len(told.lines) > MOST:
        return None
    plain = tuple(clue for clue in puzzle.clues if _is_plain(clue))
    return Derivation(
        lines=tuple(told.lines),
        rounds=max(told.depth.values(), default=0),
        splits=told.splits,
        indirect=1 - len(plain) / max(1, len(puzzle.clues)),
        left=Reasoning(replace(puzzle, clues=plain)).left(),
    )


def _is_plain(clue: Formula) -> bool:
    return isinstance(clue, Is) or (isinstance(clue, At) and clue.piece.category in NAMED)


class _Told:
    """The lines so far, and how long a chain of them led to each literal that was needed."""

    def __init__(self, reasoning: Reasoning, puzzle: Puzzle) -> None:
        self.reasoning, self.clues = reasoning, set(puzzle.clues)
        literal = reasoning.search.literal
        self.given = {literal(clue) for clue in puzzle.clues if not isinstance(clue, Compound)}
        self.names = _names(puzzle.shape) | {number: said for said, number in reasoning.search.known.items()}
        self.lines: dict[Formula, None] = {}
        self.depth: dict[int, int] = {}
        self.splits = 0

    def tell(self) -> None:
        known = self.reasoning.known()
        needed = marked(self.reasoning.answer(), known)
        self._write({literal: step for literal, step in known.items() if literal in needed}, {}, None)

    def _write(self, needed: Because, before: Because, assumed: Literal | None) -> int:
        """Lines for what was needed, in order. The longest chain of them."""
        around = {**before, **needed}
        for literal, step in needed.items():
            inner = self._refute(step, around)
            self.depth[literal] = max(inner, *(self.depth.get(one, 0) for one in step.needs), 0)
            if literal not in self.given and not self._at_a_glance(literal, around):
                self.depth[literal] += self._line(literal, assumed)
        return max((self.depth[literal] for literal in needed), default=0)

    def _line(self, literal: int, assumed: Literal | None) -> int:
        said = self.said(literal)
        if said is None:
            return 0
        line = said if assumed is None else Compound(assumed, Op.THEN, said)
        if line in self.clues or line in self.lines:
            return 0
        self.lines[line] = None
        return 1

    def _refute(self, step: Step, around: Because) -> int:
        """What follows from an assumption that fails; of two assumptions, only that they do not go together."""
        refuted = self.reasoning.refutations.pop(step.clause, None)
        if refuted is None:
            return 0
        self.splits += 1
        assumed, *other = refuted.assumed
        if other:
            return self._line(other[0] ^ 1, self.said(assumed))
        outside = dict(self.depth)
        longest = self._write(refuted.follows, around, self.said(assumed))
        self.depth = outside
        return longest

    def said(self, literal: int) -> Literal | None:
        found = self.names.get(literal & ~1)
        return found if found is None or not literal & 1 else replace(found, holds=False)

    # ---- what is seen at a glance ----

    def _at_a_glance(self, literal: int, around: Because) -> bool:
        """That it is not this because it is another; that it is not there because the step would be too far."""
        needs = around[literal].needs
        if self._excluded(literal, needs):
            return True
        said = self.said(literal)
        return (
            isinstance(said, At) and not said.holds and all(self._elsewhere(said.piece, one, around) for one in needs)
        )

    def _elsewhere(self, piece: Element, literal: int, around: Because) -> bool:
        said = self.said(literal)
        own = isinstance(said, At) and said.piece == piece
        return own and literal in around and self._excluded(literal, around[literal].needs)

    def _excluded(self, literal: int, needs: Sequence[int]) -> bool:
        if len(needs) != 1 or not literal & 1 or needs[0] & 1:
            return False
        one, other = self.said(literal), self.said(needs[0])
        if isinstance(one, At) and isinstance(other, At):
            return (one.piece, one.time) == (other.piece, other.time)
        return isinstance(one, Is) and isinstance(other, Is) and _rivals(one, other)


def _rivals(one: Is, other: Is) -> bool:
    """Whether both cannot be: two things of a category for the same, or the same for two."""
    alike = one.first.category is other.first.category and one.second.category is other.second.category
    return alike and (one.first == other.first) != (one.second == other.second)


@lru_cache(maxsize=16)
def _names(shape: Shape) -> dict[int, Literal]:
    """What each variable says."""
    n = numbering(shape)
    pieces = [VICTIM, *_all(Category.SUSPECT, shape.size), *_all(Category.WEAPON, shape.weapons)]
    parts = [CULPRIT, TOOL, *_all(Category.MOTIVE, len(n.motives))]
    found: dict[int, Literal] = {}
    for piece, row in zip([*pieces, *parts], n.at, strict=True):
        for time, rooms in enumerate(row):
            for room, number in enumerate(rooms):
                found.setdefault(number, At(piece, room, time))
    choices = {Category.SUSPECT: n.culprit, Category.ROOM: n.where, Category.TIME: n.when}
    for category, choice in choices.items():
        found |= {number: Is(CULPRIT, Element(category, which)) for which, number in enumerate(choice)}
    found |= {number: Is(TOOL, Element(Category.WEAPON, which)) for which, number in enumerate(n.tool)}
    for suspect, motives in zip(_all(Category.SUSPECT, shape.size), n.motives, strict=False):
        found |= {
            number: Is(suspect, motive)
            for motive, number in zip(_all(Category.MOTIVE, shape.size), motives, strict=True)
        }
    return found


def _all(category: Category, count: int) -> list[Element]:
    return [Element(category, number) for number in range(count)]
