"""Drawing puzzles of crime and zebra.

A world is drawn, then clues that are true in it and each exclude something that is still possible, until one answer
(or world) is left; then every clue that can be left out is. Kinds of clue, each with a weight:

    culprit    the culprit is, or has, this                     or, one    of two facts one or both, exactly one
    is, not    an owner (culprit, suspect, house) has this,     then       if the one, then the other
               has it not                                       same       both or neither
    link       two attributes go together, or do not            next, left the houses of two elements (zebra)

What is asked for would stand in more clues than anything else, and "the name told most often" would be a good guess.
So of the clues that tell of an answer, or what it is not, one in four is passed over; and of a few minimal sets the
one is taken in which the answers are told about as often as what is beside them. Nothing else sets an answer apart: one
of which nothing positive was ever said would be told by just that. shallow.py measures what mentions are still worth.
"""

import random
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate

from rungwise.contracts.clue import search
from rungwise.contracts.clue.solver import Unique, answer_of, everything, holds, minimal, needed, right
from rungwise.contracts.clue.space import LARGEST, attributes, count, owners, space, together
from rungwise.contracts.clue.tree import (
    CULPRIT,
    Answer,
    Category,
    Compound,
    Element,
    Formula,
    Is,
    Left,
    Literal,
    Next,
    Op,
    Puzzle,
    Shape,
    Slot,
    World,
    parts_of,
)
from rungwise.errors import InputError, nearest

IDLE = 60  # clues in a row that exclude nothing: the kinds cannot tell what is asked
PASSED_OVER = 0.25  # measured with so many drafts: least and most often told are then worth about the same
DRAFTS = 4  # more are little fairer and take longer
POSITIVE = 0.75  # of a compound's facts, those without "not"
LINKED = 0.25  # and those between attributes
OF_CULPRIT = 0.2  # of an owner's facts, about what one suspect of four or five has
# What the two facts of a compound are: each way in which it holds, so that none gives the other away.
WAYS: Mapping[Op, tuple[tuple[bool, bool], ...]] = {
    Op.OR: ((True, False), (False, True), (True, False), (False, True), (True, True)),
    Op.ONE: ((True, False), (False, True)),
    Op.THEN: ((True, True), (False, True), (False, False)),
    Op.SAME: ((True, True), (False, False)),
}


def draw(
    shape: Shape, kinds: Mapping[str, float], rng: random.Random, *, unique: Unique = "answer", redundant: int = 0
) -> Puzzle | None:
    """A minimal puzzle with clues of these kinds, and `redundant` true ones besides; None where none came out."""
    world = _world(shape, rng)
    slots = questions(shape, rng)
    asked = slots if unique == "answer" else everything(shape)
    answer = answer_of(world, shape, asked)
    left = (_Listed if count(shape) <= LARGEST else _Sought)(shape, asked, answer)
    says = _says(kinds, shape)
    answers = tuple(_answers(world, shape, slots))
    speech = _Witness(shape, world, rng, answers).speech(says)
    clues = _enough(left, speech)
    if clues is None:
        return None
    if isinstance(left, _Listed):
        drafts = _drafts(left, clues, speech, rng)
        needed = min(drafts, key=lambda draft: _lopsided(draft, answers, shape.size))
    else:
        needed = left.needed(clues)  # a search for every clue: once is enough
    return Puzzle(shape, _with_more(needed, redundant, speech, rng), slots)


def _enough(left: "_Listed | _Sought", speech: Iterator[Formula]) -> list[Formula] | None:
    """Clues that leave one answer."""
    clues: list[Formula] = []
    idle = 0
    while left.anything():
        clue = next(speech)
        if left.excludes(clue):
            clues.append(clue)
            idle = 0
        elif (idle := idle + 1) > IDLE:
            return None
    return clues


def _drafts(
    left: "_Listed", clues: list[Formula], speech: Iterator[Formula], rng: random.Random
) -> Iterator[tuple[Formula, ...]]:
    """Minimal sets of these clues and as many more."""
    clues += [next(speech) for _ in clues]
    for _ in range(DRAFTS):
        rng.shuffle(clues)
        yield left.needed(clues)


def _lopsided(clues: Sequence[Formula], answers: Sequence[Element], size: int) -> int:
    """How far the answers are from being told as often as others: in all, and of what they are."""
    parts = parts_of(clues)
    told = [element for part in parts for element in (part.first, part.second)]  # type: ignore[union-attr]
    of_what = [
        element for part in parts if isinstance(part, Is) and part.holds for element in (part.first, part.second)
    ]
    return sum(_apart(Counter(found), answers, size) for found in (told, of_what))


def _apart(told: Counter[Element], answers: Sequence[Element], size: int) -> int:
    rows = Counter[Category]()
    for element, times in told.items():
        rows[element.category] += times
    return sum(abs(size * told[answer] - rows[answer.category]) for answer in answers)


def questions(shape: Shape, rng: random.Random) -> tuple[Slot, ...]:
    """Crime: all about the culprit. Zebra: all about one thing."""
    if shape.kind == "crime":
        return tuple(Slot(CULPRIT, category) for category in (owners(shape), *attributes(shape)))
    subject = Element(rng.choice(attributes(shape)), rng.randrange(shape.size))
    others = (one for one in attributes(shape) if one is not subject.category)
    return tuple(Slot(subject, category) for category in (owners(shape), *others))


def _world(shape: Shape, rng: random.Random) -> World:
    places = tuple(tuple(rng.sample(range(shape.size), shape.size)) for _ in attributes(shape))
    return World(places=places, culprit=rng.randrange(shape.size) if shape.kind == "crime" else 0)


def _answers(world: World, shape: Shape, slots: Sequence[Slot]) -> Iterator[Element]:
    for slot, number in zip(slots, answer_of(world, shape, slots), strict=True):
        yield Element(slot.category, number)


def _with_more(
    clues: Sequence[Formula], redundant: int, speech: Iterator[Formula], rng: random.Random
) -> tuple[Formula, ...]:
    """With so many more, as far as there are others; in any order."""
    told = list(clues)
    for _ in range(IDLE * redundant):
        if len(told) == len(clues) + redundant:
            break
        clue = next(speech)
        if clue not in told:
            told.append(clue)
    rng.shuffle(told)
    return tuple(told)


# ---- what is still possible ----


class _Listed:
    """Worlds with another answer, as a mask."""

    def __init__(self, shape: Shape, asked: Sequence[Slot], answer: Answer) -> None:
        self.within = space(shape)
        self.wrong = self.left = self.within.full & ~right(self.within, asked, answer)

    def anything(self) -> bool:
        return self.left != 0

    def excludes(self, clue: Formula) -> bool:
        before, self.left = self.left, self.left & self.within.mask(clue)
        return before != self.left

    def needed(self, clues: Sequence[Formula]) -> tuple[Formula, ...]:
        return tuple(clues[place] for place in needed(self.wrong, list(map(self.within.mask, clues))))


class _Sought:
    """Where the worlds are too many to be listed: one of them with another answer, again and again."""

    def __init__(self, shape: Shape, asked: Sequence[Slot], answer: Answer) -> None:
        self.shape, self.asked, self.answer = shape, tuple(asked), answer
        self.clues: tuple[Formula, ...] = ()
        self.other: World | None = None

    def anything(self) -> bool:
        if self.other is None:
            found = search.second(Puzzle(self.shape, self.clues, self.asked), self.answer)
            if isinstance(found, str):
                raise InputError(f"{found}: the search for another answer was given up", field="shape")
            self.other = found
        return self.other is not None

    def excludes(self, clue: Formula) -> bool:
        assert self.other is not None
        if holds(clue, self.other, self.shape):
            return False
        self.clues, self.other = (*self.clues, clue), None
        return True

    def needed(self, clues: Sequence[Formula]) -> tuple[Formula, ...]:
        return minimal(self.shape, clues, self.asked)


# ---- true clues ----


class _Witness:
    """Says true things of one world, somewhat less of the answers than of all else."""

    def __init__(self, shape: Shape, world: World, rng: random.Random, answers: Sequence[Element]) -> None:
        self.size, self.rng, self.answers = shape.size, rng, frozenset(answers)
        self.attributes = attributes(shape)
        self.all = (owners(shape), *self.attributes)
        self.culprit = world.culprit if shape.kind == "crime" else None
        places = (range(shape.size), *world.places)
        self.of = {one: tuple(Element(one, n) for n in row) for one, row in zip(self.all, places, strict=True)}

    def speech(self, says: Callable[[random.Random], "_Says"]) -> Iterator[Formula]:
        """Clues without end."""
        while True:
            clue = says(self.rng)(self)
            if not self._tells(clue) or self.rng.random() >= PASSED_OVER:
                yield clue

    def _tells(self, clue: Formula) -> bool:
        """Of an answer, whether or not; a neighbour of it says too little to count."""
        if isinstance(clue, Compound):
            return self._tells(clue.first) or self._tells(clue.second)
        return isinstance(clue, Is) and not self.answers.isdisjoint((clue.first, clue.second))

    def below(self, n: int) -> int:
        return int(self.rng.random() * n)

    def one_of(self, categories: Sequence[Category]) -> Category:
        return categories[self.below(len(categories))]

    def partner(self, category: Category, group: int, joined: bool) -> Element:
        """What the group has of a category, or what another one has."""
        return self.of[category][group if joined else (group + 1 + self.below(self.size - 1)) % self.size]

    def of_culprit(self, joined: bool = True, holds: bool = True) -> Is:
        return Is(CULPRIT, self.partner(self.one_of(self.all), self.culprit or 0, joined), holds)

    def of_owner(self, joined: bool, holds: bool) -> Is:
        if self.culprit is not None and self.rng.random() < OF_CULPRIT:
            return self.of_culprit(joined, holds)
        group = self.below(self.size)
        return Is(self.of[self.all[0]][group], self.partner(self.one_of(self.attributes), group, joined), holds)

    def link(self, joined: bool, holds: bool) -> Is:
        one, group = self.below(len(self.attributes)), self.below(self.size)
        other = (one + 1 + self.below(len(self.attributes) - 1)) % len(self.attributes)
        first = self.of[self.attributes[one]][group]
        return together(first, self.partner(self.attributes[other], group, joined), holds)

    def compound(self, op: Op) -> Compound:
        """Of two facts about different things."""
        first, second = WAYS[op][self.below(len(WAYS[op]))]
        one, other = self.fact(first), self.fact(second)
        while (one.first, one.second) == (other.first, other.second):
            other = self.fact(second)
        return Compound(one, op, other)

    def fact(self, true: bool) -> Is:
        positive = self.rng.random() < POSITIVE
        linked = len(self.attributes) > 1 and self.rng.random() < LINKED
        return (self.link if linked else self.of_owner)(positive == true, positive)

    def neighbours(self, kind: type[Next] | type[Left]) -> Literal:
        group = self.below(self.size - 1)
        first, second = (self.of[self.one_of(self.attributes)][group + step] for step in (0, 1))
        return Left(first, second) if kind is Left else Next(min(first, second), max(first, second))


_Says = Callable[[_Witness], Formula]


def _linked(witness: _Witness) -> Formula:
    holds = witness.rng.random() < 0.5
    return witness.link(holds, holds)


SAYS: Mapping[str, _Says] = {
    "culprit": _Witness.of_culprit,
    "is": lambda witness: witness.of_owner(True, True),
    "not": lambda witness: witness.of_owner(False, False),
    "link": _linked,
    "or": lambda witness: witness.compound(Op.OR),
    "one": lambda witness: witness.compound(Op.ONE),
    "then": lambda witness: witness.compound(Op.THEN),
    "same": lambda witness: witness.compound(Op.SAME),
    "next": lambda witness: witness.neighbours(Next),
    "left": lambda witness: witness.neighbours(Left),
}


def _says(kinds: Mapping[str, float], shape: Shape) -> Callable[[random.Random], _Says]:
    """Draws a kind by its weight; one that the shape has no room for is passed over."""
    for kind in kinds:
        if kind not in SAYS:
            raise InputError(f"no kind of clue {kind!r}; {nearest(kind, SAYS)}", field="kinds")
    impossible = {"culprit"} if shape.kind == "zebra" else {"next", "left"}
    impossible |= {"link"} if shape.attributes < 2 else set()
    able = {kind: weight for kind, weight in kinds.items() if kind not in impossible and weight > 0}
    if not able:
        raise InputError(f"{', '.join(kinds)}: no kind of clue for {shape.kind}", field="kinds")
    says, weights = [SAYS[kind] for kind in able], list(accumulate(able.values()))
    return lambda rng: says[bisect(weights, rng.random() * weights[-1])]
