"""Puzzles that are drawn have one answer and no clue to spare; the lines that lead to it say nothing but what follows;
and what can be seen without thinking gives little away."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache

import pytest
from hypothesis import given

from rungwise.contracts.clue import candidates, crime, grid
from rungwise.contracts.clue.grid import assumes, derive
from rungwise.contracts.clue.language import Fault, read_puzzle
from rungwise.contracts.clue.search import second
from rungwise.contracts.clue.shallow import ANSWERED
from rungwise.contracts.clue.solver import (
    Solved,
    Unique,
    alive_in,
    answer_of,
    entails,
    everything,
    fact,
    holds,
    minimal,
    negated,
    solve,
)
from rungwise.contracts.clue.space import space, together
from rungwise.contracts.clue.steps import Chain, Clauses, Proof
from rungwise.contracts.clue.tasks import asks
from rungwise.contracts.clue.tiers import CLAUSES, FACTS, HOUSES, LINKS, TIERS
from rungwise.contracts.clue.tree import (
    CULPRIT,
    Answer,
    Category,
    Compound,
    Derivation,
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
from rungwise.errors import InputError
from tests.contracts.clue_puzzles import PATIENT, SEED

A, B, C = (Element(Category.SUSPECT, number) for number in range(3))
K, L, M = (Element(Category.WEAPON, number) for number in range(3))
P, Q, R = (Element(Category.ROOM, number) for number in range(3))
CRIME = Shape(kind="crime", size=3, attributes=2)
ASKED = (Slot(CULPRIT, Category.SUSPECT), Slot(CULPRIT, Category.WEAPON), Slot(CULPRIT, Category.ROOM))
EACH = 100  # puzzles a tier
NEAREST = 16  # lines above a step, among which are its reasons: a refutation has the most
NEAR = 0.06  # three deviations of a share of 600 and what is left to mend


@cache
def drawn(tier: str) -> list[tuple[Puzzle, Derivation]]:
    """The first puzzles that need what the tier is about."""
    rng, found, wanted = random.Random(tier), [], TIERS[tier]
    while len(found) < EACH:
        puzzle = crime.draw(rng.choice(wanted.shapes), wanted.kinds, rng)
        if puzzle is not None:
            derivation = derive(puzzle)
            assert assumes(puzzle) == bool(derivation.splits)
            if asks(wanted, puzzle):
                found.append((puzzle, derivation))
    return found


# ---- drawn puzzles ----


@PATIENT
@given(SEED)
def test_one_answer_and_no_clue_to_spare(seed: int) -> None:
    rng = random.Random(seed)
    kind = rng.choice(["crime", "zebra"])
    shape = Shape(kind=kind, size=rng.randint(2, 4), attributes=rng.randint(1, 3))  # type: ignore[arg-type]
    kinds = {"crime": CLAUSES, "zebra": {**HOUSES, "is": 1.0, "not": 1.0, "same": 1.0}}[kind]
    unique: Unique = rng.choice(["answer", "state"])
    puzzle = crime.draw(shape, kinds, rng, unique=unique)
    if puzzle is None:
        return
    asked = puzzle.slots if unique == "answer" else everything(shape)
    assert isinstance(solve(Puzzle(shape, puzzle.clues, asked)), Solved)
    assert minimal(shape, puzzle.clues, puzzle.slots, unique) == puzzle.clues


def test_redundant_clues_are_true_and_new_and_stand_anywhere() -> None:
    places = Counter[int]()
    for seed in range(60):
        plain, more = (crime.draw(CRIME, CLAUSES, random.Random(seed), redundant=extra) for extra in (0, 3))
        assert plain is not None and more is not None and _answer(plain) == _answer(more)
        assert len(set(more.clues)) == len(more.clues) == len(plain.clues) + 3
        assert set(plain.clues) < set(more.clues)
        places.update(place for place, clue in enumerate(more.clues) if clue not in plain.clues)
    assert min(places[place] for place in range(5)) > 10


def test_clues_are_of_the_kinds_that_were_asked_for() -> None:
    def kind(clue: Formula) -> str:
        if isinstance(clue, Compound):
            return {Op.OR: "or", Op.ONE: "one", Op.THEN: "then", Op.SAME: "same"}[clue.op]
        if isinstance(clue, Next | Left):
            return "next" if isinstance(clue, Next) else "left"
        assert isinstance(clue, Is)
        if clue.first.category not in (Category.CULPRIT, Category.SUSPECT, Category.HOUSE):
            return "link"
        return "is" if clue.holds else "not"

    rng = random.Random(9)
    for kinds, shape in ((FACTS, CRIME), (LINKS, CRIME), (HOUSES, Shape(kind="zebra", size=4, attributes=3))):
        told = Counter(kind(clue) for _ in range(200) for clue in _some(shape, kinds, rng).clues)
        assert set(told) == set(kinds) - {"culprit"}
    every = Counter(kind(clue) for _ in range(200) for clue in _some(CRIME, CLAUSES, rng).clues)
    assert set(every) == set(CLAUSES) - {"culprit"}


def _answer(puzzle: Puzzle) -> Answer:
    solved = solve(puzzle)
    assert isinstance(solved, Solved)
    return solved.answer


def _some(shape: Shape, kinds: Mapping[str, float], rng: random.Random, **settings: Unique) -> Puzzle:
    return next(filter(None, (crime.draw(shape, kinds, rng, **settings) for _ in range(50))))


def test_kinds_that_cannot_tell_give_no_puzzle() -> None:
    """Links alone never lead to the culprit."""
    assert crime.draw(CRIME, {"link": 1.0}, random.Random(1)) is None
    with pytest.raises(InputError, match="did you mean 'link'"):
        crime.draw(CRIME, {"links": 1.0}, random.Random(1))
    with pytest.raises(InputError, match="no kind of clue for crime"):
        crime.draw(CRIME, {"next": 1.0}, random.Random(1))


def test_the_same_random_numbers_draw_the_same_puzzle() -> None:
    shape = Shape(kind="crime", size=4, attributes=3)
    assert crime.draw(shape, CLAUSES, random.Random(8)) == crime.draw(shape, CLAUSES, random.Random(8))


# ---- what can be seen without thinking ----


@cache
def seen(tier: str) -> Mapping[str, float]:
    """Of 600 puzzles the share of which each policy that solves nothing has all answers."""
    hits = Counter[str]()
    for puzzle in puzzles(tier, 600):
        answer = _answer(puzzle)
        hits.update({name: float(answered(puzzle) == answer) for name, answered in ANSWERED.items()})  # type: ignore[arg-type]
    return {name: hits[name] / 600 for name in ANSWERED}


def puzzles(tier: str, number: int) -> Iterator[Puzzle]:
    rng, wanted = random.Random(17), TIERS[tier]
    while number:
        puzzle = crime.draw(rng.choice(wanted.shapes), wanted.kinds, rng)
        if puzzle is not None and asks(wanted, puzzle):
            number -= 1
            yield puzzle


@pytest.mark.parametrize("tier", ["C2", "C3", "C4", "Z1", "Z2"])
def test_how_often_names_are_told_adds_little_to_what_the_plain_facts_say(tier: str) -> None:
    """With some answers never told of positively, that they were not gave away up to three times as many as
    the plain facts do."""
    shares = seen(tier)
    for name in ("unmentioned", "mentioned", "least_mentioned", "most_mentioned", "first"):
        assert shares[name] < shares["plain"] + NEAR, shares


@pytest.mark.parametrize("tier", ["C1", "C2", "C3", "C4"])
def test_how_often_names_are_told_says_little_alone(tier: str) -> None:
    """All told as it comes, "most often" has 15 of 100 in C3 and 29 in C2."""
    shares = seen(tier)
    assert max(shares["least_mentioned"], shares["most_mentioned"]) < shares["first"] + 2 * NEAR, shares
    size, attributes = TIERS[tier].shapes[0].size, TIERS[tier].shapes[0].attributes
    assert shares["first"] < size ** -(attributes + 1) + 0.035, shares


# ---- derivations ----


@pytest.mark.parametrize("tier", ["C0", "C1", "C2", "C3", "C4", "Z1", "Z2"])
def test_every_puzzle_of_a_tier_is_derived(tier: str) -> None:
    assert (tier == "C0") == all(not derivation.lines for _, derivation in drawn(tier))  # there, all is told
    for puzzle, derivation in drawn(tier):
        check_derivation(puzzle, derivation)
        assert assumes(puzzle) == (derivation.splits > 0)


def check_derivation(puzzle: Puzzle, derivation: Derivation) -> None:
    """Every line follows and is new, and no clue; the answer stands there in the end."""
    within = space(puzzle.shape)
    alive = alive_in(within, puzzle.clues)
    assert all(alive & ~within.mask(line) == 0 for line in derivation.lines)
    assert len(set(derivation.lines)) == len(derivation.lines)
    assert not set(derivation.lines) & set(puzzle.clues)
    answers = {fact(slot, number) for slot, number in zip(puzzle.slots, _answer(puzzle), strict=True)}
    assert answers <= {*derivation.lines, *puzzle.clues}
    if derivation.lines:
        assert derivation.lines[-1] in answers
    assert derivation.splits <= len(derivation.lines) >= derivation.rounds
    assert 0 <= derivation.indirect <= 1 <= derivation.left


@pytest.mark.parametrize("tier", ["C3", "C4", "Z2"])
def test_every_line_is_a_step_from_those_before_it(tier: str) -> None:
    """The line denied, what propagation finds from the clues and the lines before contradicts itself."""
    for puzzle, derivation in drawn(tier)[:40]:
        before: list[Formula] = list(puzzle.clues)
        for line in derivation.lines:
            assert follows(puzzle.shape, before, line), (puzzle, line)
            before.append(line)


@pytest.mark.parametrize("tier", ["C0", "C1", "C2", "C3", "C4", "Z2"])
def test_a_line_of_a_proof_follows_from_the_lines_just_above_it(tier: str) -> None:
    """From them alone: the clues that it needs are among them. What it says anew are the lines, and ends in answers."""
    for puzzle, derivation in drawn(tier)[:60]:
        said: list[Formula] = []
        for line in derivation.proof:
            if line not in puzzle.clues and line not in said:
                assert follows(puzzle.shape, said[-NEAREST:], line), (puzzle, line)
            said.append(line)
        assert set(derivation.proof) - set(puzzle.clues) == set(derivation.lines)
        assert {fact(*slot) for slot in zip(puzzle.slots, _answer(puzzle), strict=True)} <= set(derivation.proof)


def follows(shape: Shape, told: list[Formula], line: Formula) -> bool:
    board = candidates.board(shape)
    return candidates.begun(board, candidates.rules_of(board, [*told, *negated(line)])) is None


@PATIENT
@given(SEED)
def test_houses_are_derived(seed: int) -> None:
    rng = random.Random(seed)
    shape = Shape(kind="zebra", size=rng.randint(2, 4), attributes=rng.randint(2, 3))
    puzzle = crime.draw(shape, {**HOUSES, "or": 1.0, "then": 1.0, "one": 0.5}, rng)
    if puzzle is not None:
        check_derivation(puzzle, derive(puzzle))


@pytest.mark.parametrize(
    "shape", [Shape(kind="crime", size=5, attributes=3), Shape(kind="zebra", size=5, attributes=5)]
)
def test_puzzles_beyond_counting_are_drawn_and_derived(shape: Shape) -> None:
    rng = random.Random(6)
    for _ in range(2):
        puzzle = _some(shape, CLAUSES if shape.kind == "crime" else HOUSES, rng)
        derivation, answer = derive(puzzle), _answer(puzzle)
        assert all(entails(puzzle, line) for line in derivation.lines)
        facts = {fact(slot, number) for slot, number in zip(puzzle.slots, answer, strict=True)}
        assert facts <= {*derivation.lines, *puzzle.clues}
        for place in range(len(puzzle.clues)):
            fewer = Puzzle(shape, puzzle.clues[:place] + puzzle.clues[place + 1 :], puzzle.slots)
            world = second(fewer, answer)
            assert world is not None and not isinstance(world, str)
            assert all(holds(clue, world, shape) for clue in fewer.clues)
            assert answer_of(world, shape, puzzle.slots) != answer


def test_a_proof_is_short() -> None:
    """Whose it is, and then whose he is; nothing that the answer does not need."""
    clues = (Is(A, K), Is(B, L), Is(CULPRIT, M), Is(M, Q), Is(A, P, False))
    puzzle = Puzzle(CRIME, clues, ASKED[:1])
    lines = Is(C, M), Is(CULPRIT, C)
    proof = Is(A, K), Is(B, L), Is(C, M), Is(CULPRIT, M), Is(CULPRIT, C)
    assert derive(puzzle) == Derivation(lines, rounds=2, splits=0, indirect=0.2, left=1, proof=proof)
    told = (Is(CULPRIT, A),)
    assert derive(Puzzle(CRIME, told, ASKED[:1])) == Derivation((), 0, 0, 0.0, 1, proof=told)


def test_a_hypothesis_is_a_condition_and_its_refutation_the_opposite() -> None:
    """He has k or l, and whoever has it is not the culprit."""
    if_k, if_l = Compound(Is(A, K), Op.THEN, Is(CULPRIT, B)), Compound(Is(A, K, False), Op.THEN, Is(CULPRIT, B))
    derivation = derive(Puzzle(CRIME, (if_k, if_l), ASKED[:1]))
    assert derivation.lines[-1] == Is(CULPRIT, B) and derivation.splits == 1
    conditions = [line for line in derivation.lines if isinstance(line, Compound)]
    assert all(line.op is Op.THEN for line in conditions)
    assert {line.first for line in conditions} <= {Is(CULPRIT, B, False), Is(A, K), Is(A, K, False)}


def test_the_measures_say_what_the_plain_facts_leave() -> None:
    link = together(K, P)
    puzzle = Puzzle(CRIME, (Is(A, K), link, Is(CULPRIT, P), Is(B, Q)), ASKED)
    derivation = derive(puzzle)
    assert derivation.indirect == 0.25
    assert derivation.left == 6  # a or c, who may be in p, with any weapon
    assert derivation.splits == 0 and derivation.rounds >= 2


def test_puzzles_without_one_answer_have_no_lines() -> None:
    assert derive(Puzzle(CRIME, (Is(CULPRIT, A, False),), ASKED)).lines == ()
    assert derive(Puzzle(CRIME, (Is(CULPRIT, A), Is(CULPRIT, B)), ASKED)).lines == ()
    assert derive(Puzzle(CRIME, (Compound(Is(A, K), Op.ONE, Is(A, K)),), ASKED)).lines == ()


@PATIENT
@given(SEED)
def test_single_steps_and_bit_sets_come_to_the_same(seed: int) -> None:
    """Two propagations, one by clauses and one by sets of candidates."""
    rng = random.Random(seed)
    kind: Callable[..., Shape] = rng.choice([_crime, _zebra])
    shape = kind(rng.randint(2, 4), rng.randint(1, 3))
    puzzle = crime.draw(shape, CLAUSES if shape.kind == "crime" else {**HOUSES, "or": 1.0, "one": 1.0}, rng)
    if puzzle is None:
        return
    clues = rng.sample(puzzle.clues, rng.randint(1, len(puzzle.clues)))
    clauses = Clauses(shape, clues)
    chain = Chain(clauses, Proof(), [[]])
    contradiction = chain.run()
    board = clauses.board
    state = candidates.begun(board, candidates.rules_of(board, clues))
    assert contradiction is None and state is not None
    for variable, (one, other) in enumerate(clauses.rules.pairs):
        mine = state[other] & board.block_at(one) if board.block_at(one) else state[one]
        if not state[other] >> one & 1:
            assert 2 * variable + 1 in chain.known
        elif mine == 1 << one:
            assert 2 * variable in chain.known
        else:
            assert not {2 * variable, 2 * variable + 1} & set(chain.known)


def _crime(size: int, attributes: int) -> Shape:
    return Shape(kind="crime", size=size, attributes=attributes)


def _zebra(size: int, attributes: int) -> Shape:
    return Shape(kind="zebra", size=size, attributes=attributes)


DEEP = """abcd klmn ABCD
| one or both
^ exactly one
> if the first, then the second
<> both or neither
~ not
b=B|l~B
*~B^d=l
c~l>m=A
l~B<>l=C
a~B<>*=D
k=C<>c=C
b=l>n=D
m~B<>a=D
?*s *w *r"""


def test_deep_assumptions_are_tried_when_plain_ones_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    read = read_puzzle(DEEP, "compact")
    assert not isinstance(read, Fault)
    puzzle, _ = read
    derivation = derive(puzzle)
    check_derivation(puzzle, derivation)
    assert derivation.splits > 1
    monkeypatch.setattr(grid, "DEEPEST", 0)
    assert derive(puzzle).lines == ()
