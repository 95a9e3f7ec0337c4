"""What the lines before an answer are worth: each says something that the clues entail, or not, or nothing at all.

    copied     a clue                                       false      does not follow from the clues
    repeated   a line that stood before                     illegible  no formula of this puzzle
    new        follows, and is none of these

One AND of two masks tells whether a line follows, so a whole trace costs microseconds. A line under a condition is an
implication, and is held against the clues like any other. Where the worlds are too many to be listed, what is none of
the others stays unweighed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rungwise.contracts.clue.language import read_line
from rungwise.contracts.clue.moments import combinations
from rungwise.contracts.clue.names import Names
from rungwise.contracts.clue.solver import alive_in
from rungwise.contracts.clue.space import count, space
from rungwise.contracts.clue.tree import Formula, Puzzle, Shape

CLASSES = ("copied", "new", "repeated", "false", "illegible", "unweighed")
LISTED = 400_000  # worlds: beyond, the first look at a puzzle would take seconds


@dataclass(frozen=True, slots=True)
class Weighed:
    classes: tuple[str, ...]  # of each line
    progress: float  # the share of the derivation's lines that are there

    def counts(self) -> Mapping[str, int]:
        return {name: self.classes.count(name) for name in CLASSES}


def weighable(shape: Shape) -> bool:
    return (combinations(shape) if shape.kind == "moments" else count(shape)) <= LISTED


def weighed(puzzle: Puzzle, names: Names, surface: str, lines: Sequence[str], wanted: Sequence[str]) -> Weighed:
    """`wanted`: the derivation's lines, each worth the same; padding is worth nothing."""
    alive = _alive(puzzle) if weighable(puzzle.shape) else None
    seen: set[Formula] = set()
    classes = []
    for line in lines:
        formula = read_line(line, puzzle.shape, names, surface)
        classes.append(_class(formula, puzzle, alive, seen))
        if formula is not None:
            seen.add(formula)
    there = {line for line, name in zip(lines, classes, strict=True) if name == "new"}
    return Weighed(tuple(classes), len(there & set(wanted)) / len(set(wanted)) if wanted else 1.0)


@lru_cache(maxsize=4096)
def _alive(puzzle: Puzzle) -> int:
    return alive_in(space(puzzle.shape), puzzle.clues)


def _class(formula: Formula | None, puzzle: Puzzle, alive: int | None, seen: set[Formula]) -> str:
    if formula is None:
        return "illegible"
    if formula in seen:
        return "repeated"
    if formula in puzzle.clues:
        return "copied"
    if alive is None:
        return "unweighed"
    return "false" if alive & ~space(puzzle.shape).mask(formula) else "new"
