"""What the lines before an answer are worth: each says something that the clues entail, or not, or nothing at all.

    copied     a clue                                       false      does not follow from the clues
    repeated   a line that stood before                     illegible  no formula of this puzzle
    new        follows, and is none of these                unweighed  could not be told within the search's budget

Where the worlds can be listed, one AND of two masks tells whether a line follows, so a whole trace costs microseconds;
beyond, a search for a world in which it does not, a millisecond or so a line. A line under a condition is an
implication, and is held against the clues like any other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import factorial

from rungwise.contracts.clue import search
from rungwise.contracts.clue.language import read_line
from rungwise.contracts.clue.moments import combinations
from rungwise.contracts.clue.names import Names
from rungwise.contracts.clue.solver import alive_in, negated
from rungwise.contracts.clue.space import count, space
from rungwise.contracts.clue.tree import Formula, Puzzle, Shape, World

CLASSES = ("copied", "new", "repeated", "false", "illegible", "unweighed")
LISTED = 400_000  # worlds: beyond, the first look at a puzzle would take seconds
BUDGET = 300  # conflicts (nights) or nodes of one search

Found = World | str | None  # a world in which the line is false, "too large", or none


@dataclass(frozen=True, slots=True)
class Weighed:
    classes: tuple[str, ...]  # of each line
    progress: float  # the share of the derivation's lines that are there

    def counts(self) -> Mapping[str, int]:
        return {name: self.classes.count(name) for name in CLASSES}


def listed(shape: Shape) -> bool:
    if shape.kind != "moments":
        return count(shape) <= LISTED
    return combinations(shape) * (factorial(shape.size) if shape.motives else 1) <= LISTED


def weighed(puzzle: Puzzle, names: Names, surface: str, lines: Sequence[str], wanted: Sequence[str]) -> Weighed:
    """`wanted`: the derivation's lines, each worth the same but for clues that it names; padding is worth nothing."""
    counter = None
    seen: set[Formula] = set()
    classes = []
    for line in lines:
        formula = read_line(line, puzzle.shape, names, surface)
        if formula is None:
            classes.append("illegible")
        elif formula in seen or formula in puzzle.clues:
            classes.append("repeated" if formula in seen else "copied")
        else:
            counter = counter or _counter(puzzle)
            found = counter(formula)
            classes.append("new" if found is None else "unweighed" if isinstance(found, str) else "false")
        if formula is not None:
            seen.add(formula)
    if "illegible" in classes:
        return Weighed(tuple(classes), 0.0)
    steps = {line for line in wanted if read_line(line, puzzle.shape, names, surface) not in puzzle.clues}
    return Weighed(tuple(classes), len(steps & set(lines)) / len(steps) if steps else 1.0)


def _counter(puzzle: Puzzle) -> Callable[[Formula], Found]:
    """Looks for a world that speaks against a formula."""
    shape = puzzle.shape
    if listed(shape):
        alive, within = _alive(puzzle), space(shape)
        return lambda said: within.world(0) if alive & ~within.mask(said) else None
    if shape.kind != "moments":
        return lambda said: search.second(Puzzle(shape, (*puzzle.clues, *negated(said)), ()), None, BUDGET)
    from rungwise.contracts.clue.paths import Search  # brings numba

    night = Search(shape)
    for clue in puzzle.clues:
        night.state(clue)
    return lambda said: night.find([night.say(one) for one in negated(said)], BUDGET)


@lru_cache(maxsize=4096)
def _alive(puzzle: Puzzle) -> int:
    return alive_in(space(puzzle.shape), puzzle.clues)
