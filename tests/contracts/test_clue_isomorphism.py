"""What counts as the same puzzle: other names and another order make no other one, anything else does."""

import random
from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given

from rungwise.contracts.clue import crime, night
from rungwise.contracts.clue.isomorphism import relabelled
from rungwise.contracts.clue.names import counts
from rungwise.contracts.clue.space import attributes, together
from rungwise.contracts.clue.tiers import CLAUSES, HOUSES
from rungwise.contracts.clue.tree import (
    CULPRIT,
    Category,
    Compound,
    Element,
    Formula,
    Is,
    Left,
    Next,
    Op,
    Puzzle,
    Shape,
    Slot,
)
from tests.contracts.clue_puzzles import PATIENT, SEED
from tests.contracts.test_clue_solver import CRIME, SUSPECTS, WEAPONS, WHO, any_puzzle


@PATIENT
@given(SEED)
def test_other_names_and_another_order_make_the_same_puzzle(seed: int) -> None:
    rng = random.Random(seed)
    puzzle = any_puzzle(rng)
    assert relabelled(puzzle) == relabelled(renamed(puzzle, rng))


def renamed(puzzle: Puzzle, rng: random.Random) -> Puzzle:
    placed = (Category.ROOM,) if puzzle.shape.kind == "moments" else ()
    new: dict[Element, Element] = {}
    for category, number in counts(puzzle.shape):
        order = list(range(number)) if category in placed else rng.sample(range(number), number)
        new.update({Element(category, one): Element(category, order[one]) for one in range(number)})
    clues = [_renamed(clue, new) for clue in puzzle.clues]
    slots = [replace(slot, subject=new.get(slot.subject, slot.subject)) for slot in puzzle.slots]
    return Puzzle(puzzle.shape, tuple(rng.sample(clues, len(clues))), tuple(slots))


@PATIENT
@given(SEED)
def test_other_attributes_make_the_same_puzzle(seed: int) -> None:
    """Weapons for rooms, drinks for pets; not suspects for weapons, nor houses for anything."""
    rng = random.Random(seed)
    kind = rng.choice(["crime", "zebra"])
    shape = Shape(kind=kind, size=rng.randint(2, 4), attributes=rng.randint(2, 3))  # type: ignore[arg-type]
    puzzle = crime.draw(shape, CLAUSES if kind == "crime" else HOUSES, rng)
    if puzzle is not None:
        there = attributes(shape)
        other = dict(zip(there, rng.sample(there, len(there)), strict=True))
        assert relabelled(puzzle) == relabelled(renamed(exchanged(puzzle, other), rng))


def exchanged(puzzle: Puzzle, other: Mapping[Category, Category]) -> Puzzle:
    every = [Element(category, number) for category, many in counts(puzzle.shape) for number in range(many)]
    new = {one: Element(other.get(one.category, one.category), one.number) for one in every}
    slots = [
        replace(slot, subject=new.get(slot.subject, slot.subject), category=other.get(slot.category, slot.category))
        for slot in puzzle.slots
    ]
    return Puzzle(puzzle.shape, tuple(_renamed(clue, new) for clue in puzzle.clues), tuple(slots))


def test_elements_of_one_attribute_belong_together() -> None:
    """Weapon and room of one clue each, or two weapons: nothing else tells these apart."""
    a, b = SUSPECTS[:2]
    k, other = WEAPONS[:2]
    room = Element(Category.ROOM, 0)
    both = [Puzzle(CRIME, (Is(a, k, False), Is(b, second, False)), WHO) for second in (other, room)]
    assert len(set(map(relabelled, both))) == 2
    turned = Puzzle(CRIME, (Is(a, room, False), Is(b, Element(Category.ROOM, 1), False)), WHO)
    assert relabelled(turned) == relabelled(both[0])


def _renamed(formula: Formula, new: Mapping[Element, Element]) -> Formula:
    if isinstance(formula, Compound):
        return Compound(_renamed(formula.first, new), formula.op, _renamed(formula.second, new))  # type: ignore[arg-type]
    parts = {part: getattr(formula, part) for part in ("piece", "first", "second") if hasattr(formula, part)}
    changed = {part: new.get(element, element) for part, element in parts.items()}
    if not isinstance(formula, Is | Left) and "side" not in formula.__slots__ and "first" in changed:
        changed["first"], changed["second"] = sorted((changed["first"], changed["second"]))
    return replace(formula, **changed)


def test_what_differs_in_one_thing_is_another_puzzle() -> None:
    """In a sign, a connective, a side, a place, an element that both share, a clue, a question, a shape."""
    a, b, c = SUSPECTS
    k, m = WEAPONS[:2]
    either = Compound(Is(a, k), Op.OR, Is(b, m))
    puzzle = Puzzle(CRIME, (either, Is(CULPRIT, c)), WHO)
    others = [
        replace(puzzle, clues=(replace(either, op=Op.ONE), Is(CULPRIT, c))),
        replace(puzzle, clues=(replace(either, op=Op.THEN), Is(CULPRIT, c))),
        replace(puzzle, clues=(replace(either, first=Is(a, k, False)), Is(CULPRIT, c))),
        replace(puzzle, clues=(replace(either, second=Is(a, m)), Is(CULPRIT, c))),
        replace(puzzle, clues=(either, Is(CULPRIT, a))),
        replace(puzzle, clues=(either, Is(CULPRIT, c, False))),
        replace(puzzle, clues=(either,)),
        replace(puzzle, slots=(Slot(CULPRIT, Category.WEAPON),)),
        replace(puzzle, shape=replace(CRIME, attributes=3)),
    ]
    assert len({relabelled(one) for one in (puzzle, *others)}) == 1 + len(others)
    then = Compound(Is(a, k), Op.THEN, Is(CULPRIT, b))
    turned = Compound(Is(CULPRIT, b), Op.THEN, Is(a, k))
    assert relabelled(Puzzle(CRIME, (then,), WHO)) != relabelled(Puzzle(CRIME, (turned,), WHO))
    houses = Shape(kind="zebra", size=3, attributes=2)
    red, ann = Element(Category.COLOUR, 0), Element(Category.PERSON, 0)
    asked = (Slot(red, Category.HOUSE),)
    left = [Puzzle(houses, (one,), asked) for one in (Left(red, ann), Left(ann, red), Next(red, ann))]
    first = [Puzzle(houses, (together(Element(Category.HOUSE, n), ann),), asked) for n in range(3)]
    assert len({relabelled(one) for one in (*left, *first)}) == 6


def test_nights_keep_their_rooms_and_times() -> None:
    shape = Shape(kind="moments", size=2, weapons=2, columns=2, rows=1, times=2)
    puzzle = night.draw(shape, rng=random.Random(4))
    assert puzzle is not None
    assert relabelled(puzzle) == relabelled(renamed(puzzle, random.Random(5)))
    once = Is(CULPRIT, Element(Category.TIME, 0))
    again = Is(CULPRIT, Element(Category.TIME, 1))
    assert relabelled(Puzzle(shape, (once,), WHO)) != relabelled(Puzzle(shape, (again,), WHO))
