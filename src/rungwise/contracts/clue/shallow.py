"""What can be had of a puzzle without working it out: policies that read the prompt alone.

first, least_mentioned, most_mentioned    of each question the name that is listed first, stands in the fewest
                                          clues, stands in the most
plain                                     from the plain facts alone (no links, no connectives): in most of the
                                          worlds that they leave
unmentioned, mentioned                    among the names that the plain facts leave, the one of which the fewest clues
                                          say what it is, or the most
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from rungwise.contract import Json, Task
from rungwise.contracts.clue.judge import puzzle_of
from rungwise.contracts.clue.language import Fault, read_answer, write_answer
from rungwise.contracts.clue.lines import listed
from rungwise.contracts.clue.names import options
from rungwise.contracts.clue.solver import alive_in, fact
from rungwise.contracts.clue.space import space
from rungwise.contracts.clue.tree import CULPRIT, Answer, At, Category, Compound, Element, Formula, Is, Puzzle, parts_of


def policies(settings: Mapping[str, Json]) -> Mapping[str, Callable[[Task], str]]:
    def writing(answered: Callable[[Puzzle], Answer]) -> Callable[[Task], str]:
        def write(task: Task) -> str:
            puzzle, names = puzzle_of(task, settings["surface"])
            return write_answer((), answered(puzzle), puzzle, names, settings["surface"])

        return write

    return {name: writing(answered) for name, answered in ANSWERED.items()}


def _first(puzzle: Puzzle) -> Answer:
    return (0,) * len(puzzle.slots)


def _mentioned(sign: int, puzzle: Puzzle) -> Answer:
    """The name with the most mentions, or with the fewest; the first of equals."""
    told = Counter(element for clue in puzzle.clues for element in _elements(clue))
    return tuple(
        max(range(options(slot.category, puzzle.shape)), key=lambda n: sign * told[Element(slot.category, n)])
        for slot in puzzle.slots
    )


def _elements(clue: Formula) -> Iterator[Element]:
    if isinstance(clue, Compound):
        yield from _elements(clue.first)
        yield from _elements(clue.second)
        return
    for field in ("piece", "first", "second"):
        if isinstance(element := getattr(clue, field, None), Element):
            yield element
    if isinstance(clue, At):
        yield Element(Category.ROOM, clue.room)


def _plain(puzzle: Puzzle) -> Answer:
    if not listed(puzzle.shape):
        return _first(puzzle)
    return tuple(max(worlds, key=lambda n: worlds[n]) for worlds in left(puzzle))


def _among_left(sign: int, puzzle: Puzzle) -> Answer:
    """The name with the most positive mentions, or with the fewest, of those that the plain facts leave."""
    if not listed(puzzle.shape):
        return _first(puzzle)
    told = positive(puzzle.clues)
    return tuple(
        max(worlds, key=lambda n: sign * told[Element(slot.category, n)])
        for slot, worlds in zip(puzzle.slots, left(puzzle), strict=True)
    )


def left(puzzle: Puzzle) -> list[dict[int, int]]:
    """Of each question the names that the plain facts leave, in how many worlds."""
    within = space(puzzle.shape)
    alive = alive_in(within, filter(plain, puzzle.clues))
    names = [range(options(slot.category, puzzle.shape)) for slot in puzzle.slots]
    worlds = [
        {n: (alive & within.mask(fact(slot, n))).bit_count() for n in row}
        for slot, row in zip(puzzle.slots, names, strict=True)
    ]
    return [{n: many for n, many in found.items() if many} for found in worlds]


def positive(clues: Iterable[Formula]) -> Counter[Element]:
    """How often it is said of each what it is, in a clue or in a part of one."""
    return Counter(
        element for part in parts_of(clues) if isinstance(part, Is | At) and part.holds for element in _elements(part)
    )


def plain(clue: Formula) -> bool:
    """A fact of one thing and where, or with whom, it belongs; no link between two attributes."""
    if isinstance(clue, Is):
        return clue.first == CULPRIT or clue.first.category in (Category.SUSPECT, Category.HOUSE)
    return isinstance(clue, At)


ANSWERED: Mapping[str, Callable[[Puzzle], Answer]] = {
    "first": _first,
    "least_mentioned": partial(_mentioned, -1),
    "most_mentioned": partial(_mentioned, 1),
    "plain": _plain,
    "unmentioned": partial(_among_left, -1),
    "mentioned": partial(_among_left, 1),
}


def reslot(task: Task, known: Task, gold: str, settings: Mapping[str, Json]) -> str:
    """The known puzzle's answer in this one's names; as it is where it was of another shape."""
    (puzzle, names), (theirs, their_names) = (puzzle_of(one, settings["surface"]) for one in (task, known))
    written = read_answer(gold, theirs, their_names, settings["surface"])
    if isinstance(written, Fault) or theirs.slots != puzzle.slots:
        return gold
    fits = all(n < options(slot.category, puzzle.shape) for n, slot in zip(written.answer, puzzle.slots, strict=True))
    return write_answer((), written.answer, puzzle, names, settings["surface"]) if fits else gold
