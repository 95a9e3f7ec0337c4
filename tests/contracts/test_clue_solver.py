"""What the solver says of a puzzle, held against every world tried in plain Python, against search, and against another
solver altogether; and what counts as the same puzzle."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise, permutations, product

import pytest
from hypothesis import given, settings

from rungwise.contracts.clue import crime, night, search, solver
from rungwise.contracts.clue import space as spaces
from rungwise.contracts.clue.solver import (
    Refusal,
    Solved,
    answer_of,
    entails,
    everything,
    fact,
    holds,
    minimal,
    negated,
    solve,
)
from rungwise.contracts.clue.space import LARGEST, attributes, space
from rungwise.contracts.clue.tiers import CLAUSES, HOUSES
from rungwise.contracts.clue.tree import (
    CULPRIT,
    Answer,
    Category,
    Element,
    Is,
    Next,
    Puzzle,
    Shape,
    Slot,
    World,
)
from rungwise.errors import InputError
from tests.contracts.clue_cp_sat import by_cp_sat
from tests.contracts.clue_puzzles import PATIENT, SEED, every_slot, small_shape, wild_formula

CRIME = Shape(kind="crime", size=3, attributes=2)
SUSPECTS, WEAPONS, ROOMS = (
    [Element(category, number) for number in range(3)]
    for category in (Category.SUSPECT, Category.WEAPON, Category.ROOM)
)
WHO = (Slot(CULPRIT, Category.SUSPECT),)
TOLD = {"crime": {**CLAUSES, "not": 1.0}, "zebra": {**HOUSES, "is": 1.0, "or": 1.0, "one": 1.0, "then": 1.0}}


def any_puzzle(rng: random.Random, *kinds: str) -> Puzzle:
    """Few clues or many: with no answer, one, or several."""
    shape = small_shape(rng)
    while kinds and shape.kind not in kinds:
        shape = small_shape(rng)
    clues = tuple(wild_formula(rng, shape) for _ in range(rng.randint(0, 9)))
    slots = every_slot(shape)
    return Puzzle(shape, clues, tuple(rng.sample(slots, min(3, len(slots)))))


def worlds(shape: Shape) -> Iterator[World]:
    orders = product(permutations(range(shape.size)), repeat=shape.attributes)
    for places in orders:
        for culprit in range(shape.size if shape.kind == "crime" else 1):
            yield World(places=places, culprit=culprit)


def tried(puzzle: Puzzle) -> list[Answer]:
    """The answers of all worlds in which all clues hold, one by one."""
    shape = puzzle.shape
    left = (world for world in worlds(shape) if all(holds(clue, world, shape) for clue in puzzle.clues))
    return [answer_of(world, shape, puzzle.slots) for world in left]


def check_evidence(puzzle: Puzzle, refusal: Refusal) -> None:
    if refusal.reason == "several answers":
        for world, answer in refusal.evidence:
            assert all(holds(clue, world, puzzle.shape) for clue in puzzle.clues)
            assert answer_of(world, puzzle.shape, puzzle.slots) == answer
        (_, one), (_, other) = refusal.evidence
        assert one != other
    else:
        assert refusal.reason == "contradictory"
        left = list(puzzle.clues)
        for clue in refusal.evidence:
            left.remove(clue)  # each is a clue
        assert not solver._possible(puzzle.shape, refusal.evidence)
        for place in range(len(refusal.evidence)):
            fewer = refusal.evidence[:place] + refusal.evidence[place + 1 :]
            assert solver._possible(puzzle.shape, fewer)


# ---- one world, all worlds ----


@PATIENT
@given(SEED)
def test_a_mask_holds_the_worlds_in_which_the_formula_holds(seed: int) -> None:
    rng = random.Random(seed)
    shape = small_shape(rng)
    within, formula = space(shape), wild_formula(rng, shape)
    mask = within.mask(formula)
    assert 0 <= mask <= within.full
    for index in rng.choices(range(within.size), k=30):
        world = within.world(index)
        assert bool(mask >> index & 1) == holds(formula, world, shape)
        assert all(holds(one, world, shape) for one in negated(formula)) != holds(formula, world, shape)


@pytest.mark.parametrize(("size", "attributes"), [(2, 2), (3, 2), (4, 1)])
@pytest.mark.parametrize("kind", ["crime", "zebra"])
def test_a_space_has_every_world_once(kind: str, size: int, attributes: int) -> None:
    shape = Shape(kind=kind, size=size, attributes=attributes)  # type: ignore[arg-type]
    within = space(shape)
    assert sorted(map(repr, map(within.world, range(within.size)))) == sorted(map(repr, worlds(shape)))


@PATIENT
@given(SEED)
def test_the_answer_is_what_the_facts_say(seed: int) -> None:
    rng = random.Random(seed)
    shape = small_shape(rng)
    within, slots = space(shape), every_slot(shape)
    world = within.world(rng.randrange(within.size))
    for slot, number in zip(slots, answer_of(world, shape, slots), strict=True):
        assert holds(fact(slot, number), world, shape)
    told = everything(shape)
    assert solver.right(within, told, answer_of(world, shape, told)).bit_count() == 1


def test_spaces_are_remembered_by_bytes_and_not_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = [Shape(kind="zebra", size=size, attributes=2) for size in (2, 3, 4, 5)]
    monkeypatch.setattr(spaces, "_SPACES", type(spaces._SPACES)())
    for shape in shapes:
        space(shape).mask(Next(Element(Category.PERSON, 0), Element(Category.PERSON, 1)))
    assert list(spaces._SPACES) == shapes
    monkeypatch.setattr(spaces, "MOST_BYTES", 100)  # the last alone has 1,800 bytes of mask
    space(shapes[0])
    assert list(spaces._SPACES) == [shapes[0]]


def test_too_many_worlds_are_refused() -> None:
    with pytest.raises(InputError, match="too large: 8,640,000 worlds, expected at most 4,000,000"):
        space(Shape(kind="crime", size=5, attributes=3))


# ---- one answer ----


@PATIENT
@given(SEED)
def test_solving_is_trying_every_world(seed: int) -> None:
    puzzle = any_puzzle(random.Random(seed), "crime", "zebra")
    expected, found = tried(puzzle), solve(puzzle)
    if len(set(expected)) == 1:
        assert found == Solved(expected[0], len(expected))
    else:
        assert isinstance(found, Refusal)
        assert found.reason == ("several answers" if expected else "contradictory")
        check_evidence(puzzle, found)


@PATIENT
@given(SEED)
def test_search_says_what_masks_say(seed: int) -> None:
    puzzle = any_puzzle(random.Random(seed))
    by_masks, by_search = solver._by_masks(puzzle, True), solver._by_search(puzzle, True)
    if isinstance(by_masks, Solved):
        assert by_search == Solved(by_masks.answer)
    else:
        assert isinstance(by_search, Refusal) and by_search.reason == by_masks.reason
        check_evidence(puzzle, by_search)


def test_no_clue_is_lost_that_stands_twice() -> None:
    twice = Is(CULPRIT, SUSPECTS[0])
    puzzle = Puzzle(CRIME, (twice, twice, Is(CULPRIT, SUSPECTS[1])), WHO)
    assert solve(puzzle) == Refusal("contradictory", (twice, Is(CULPRIT, SUSPECTS[1])))
    assert minimal(CRIME, (twice, twice), WHO) == (twice,)


def test_a_search_that_is_given_up_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = Shape(kind="zebra", size=7, attributes=7)
    clues = tuple(Next(Element(one, 0), Element(two, 1)) for one, two in pairwise(attributes(wide)))
    puzzle = Puzzle(wide, clues, (Slot(Element(Category.PERSON, 0), Category.HOUSE),))
    assert search.second(puzzle, None, budget=3) == "too large"
    monkeypatch.setattr(search.second, "__defaults__", (3,))
    assert solve(puzzle) == Refusal("too large")
    with pytest.raises(InputError, match="too large"):
        entails(puzzle, clues[0])


@pytest.mark.parametrize("kind", ["crime", "zebra"])
def test_another_solver_agrees(kind: str) -> None:
    rng = random.Random(11)
    shapes = [Shape(kind=kind, size=n, attributes=k) for n, k in [(3, 2), (3, 3), (4, 3), (5, 2), (5, 3)] * 4]  # type: ignore[arg-type]
    check_agreed(crime.draw(shape, TOLD[kind], rng) for shape in shapes)


def test_another_solver_agrees_on_nights() -> None:
    """Those that are counted and those that are searched, with lying and with carried weapons."""
    rng = random.Random(12)
    sizes = [(2, 2, 1, 2), (2, 2, 2, 2), (3, 3, 1, 2), (3, 2, 2, 3), (3, 3, 1, 2), (3, 2, 2, 2), (4, 3, 2, 3)]
    shapes = [
        Shape(kind="moments", size=n, weapons=n, columns=c, rows=r, times=t, motives=m % 2 > 0, carried=m > 4)
        for m, (n, c, r, t) in enumerate(sizes)
    ]
    check_agreed(night.draw(shape, rng=rng) for shape in shapes)


def check_agreed(drawn: Iterable[Puzzle | None]) -> None:
    """On puzzles with one answer, and on the same puzzles with a clue left out or turned round."""
    reasons = set()
    for whole in drawn:
        if whole is None:
            continue
        dropped = replace(whole, clues=whole.clues[1:])
        turned = replace(whole, clues=(*negated(whole.clues[0]), *whole.clues))
        for puzzle in (whole, dropped, turned):
            found = solve(puzzle)
            reasons.add(found.reason if isinstance(found, Refusal) else "one")
            answers = by_cp_sat(puzzle)
            if isinstance(found, Solved):
                assert answers == [found.answer]
            else:
                assert len(answers) == {"several answers": 2, "contradictory": 0}[found.reason]
    assert reasons == {"one", "several answers", "contradictory"}


@settings(PATIENT, max_examples=40)
@given(SEED)
def test_another_solver_agrees_on_small_puzzles_of_any_kind(seed: int) -> None:
    puzzle = any_puzzle(random.Random(seed))
    found, answers = solve(puzzle), by_cp_sat(puzzle)
    assert len(answers) == (1 if isinstance(found, Solved) else 2 if found.reason == "several answers" else 0)
    assert not isinstance(found, Solved) or answers == [found.answer]


# ---- what follows ----


@PATIENT
@given(SEED)
def test_entailed_is_what_holds_in_every_world_that_is_left(seed: int) -> None:
    rng = random.Random(seed)
    puzzle = any_puzzle(rng, "crime", "zebra")
    formula = wild_formula(rng, puzzle.shape)
    left = (world for world in worlds(puzzle.shape) if all(holds(one, world, puzzle.shape) for one in puzzle.clues))
    expected = all(holds(formula, world, puzzle.shape) for world in left)
    assert entails(puzzle, formula) == expected
    assert solver._possible(puzzle.shape, (*puzzle.clues, *negated(formula))) != expected


@pytest.mark.parametrize("unique", ["answer", "state"])
def test_minimal_puzzles_have_no_clue_to_spare(unique: solver.Unique) -> None:
    rng = random.Random(3)
    for shape in (CRIME, Shape(kind="zebra", size=3, attributes=3), Shape(kind="crime", size=5, attributes=3)):
        puzzle = crime.draw(shape, TOLD[shape.kind], rng, unique=unique, redundant=4)
        assert puzzle is not None
        asked = puzzle.slots if unique == "answer" else everything(shape)
        kept = minimal(shape, puzzle.clues, puzzle.slots, unique)
        assert isinstance(solve(Puzzle(shape, kept, asked)), Solved)
        for place in range(len(kept)):
            assert isinstance(solve(Puzzle(shape, kept[:place] + kept[place + 1 :], asked)), Refusal)


def test_the_first_clue_goes_first() -> None:
    clues = (Is(CULPRIT, SUSPECTS[0]), Is(CULPRIT, WEAPONS[0]), Is(SUSPECTS[0], WEAPONS[0]))
    assert minimal(CRIME, clues, WHO) == clues[1:]
    assert minimal(CRIME, clues[::-1], WHO) == (Is(CULPRIT, SUSPECTS[0]),)


def test_nothing_is_made_minimal_that_has_several_answers() -> None:
    with pytest.raises(InputError, match="several answers"):
        minimal(CRIME, (Is(CULPRIT, ROOMS[0]),), WHO)


def test_worlds_beyond_counting_are_searched() -> None:
    shape = Shape(kind="crime", size=5, attributes=3)
    assert spaces.count(shape) > LARGEST
    puzzle = crime.draw(shape, CLAUSES, random.Random(1))
    assert puzzle is not None
    found = solve(puzzle)
    assert isinstance(found, Solved) and found.worlds is None
    for slot, number in zip(puzzle.slots, found.answer, strict=True):
        assert entails(puzzle, fact(slot, number))
        assert not entails(puzzle, fact(slot, (number + 1) % 5))
    ambiguous = replace(puzzle, clues=puzzle.clues[1:])
    refusal = solve(ambiguous)
    assert isinstance(refusal, Refusal) and refusal.reason == "several answers"
    check_evidence(ambiguous, refusal)
