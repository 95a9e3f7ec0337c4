"""Moments: columns, brute force and search know the same worlds; drawn puzzles have one answer; lines follow."""

import random
from collections.abc import Iterator
from itertools import pairwise, permutations, product

import numpy as np
import pytest

from rungwise.contracts.clue import clauses, night, sat
from rungwise.contracts.clue.hints import KINDS, OF_TWO, hint, scene
from rungwise.contracts.clue.moments import columns, crimes, holds, truth
from rungwise.contracts.clue.paths import TOO_LARGE, Search, second
from rungwise.contracts.clue.solver import Refusal, Solved, answer_of, entails, everything, minimal, solve
from rungwise.contracts.clue.space import space
from rungwise.contracts.clue.tree import (
    CULPRIT,
    TOOL,
    VICTIM,
    At,
    Beside,
    Category,
    Compound,
    Element,
    Formula,
    Is,
    Literal,
    Met,
    Moves,
    Op,
    Puzzle,
    Shape,
    Slot,
    With,
    World,
)
from rungwise.errors import InputError


def shape(size: int, weapons: int, rooms: str, times: int, *, motives: bool = False, carried: bool = False) -> Shape:
    across, down = map(int, rooms.split("x"))
    return Shape(kind="moments", size=size, weapons=weapons, columns=across, rows=down, times=times, motives=motives,
                 carried=carried)  # fmt: skip


TINY = (
    shape(2, 2, "2x1", 2, motives=True, carried=True), shape(2, 1, "1x3", 2), shape(1, 2, "2x1", 3, carried=True),
    shape(2, 2, "2x1", 1, motives=True),
)  # fmt: skip
SMALL = (
    *TINY, shape(2, 2, "2x2", 2), shape(3, 2, "2x1", 2, motives=True), shape(2, 2, "3x1", 3, carried=True),
    shape(2, 3, "2x2", 2, carried=True),
)  # fmt: skip
C5, C6 = shape(2, 2, "2x2", 2), shape(3, 3, "3x2", 3)
C7 = shape(6, 5, "3x3", 4, motives=True, carried=True)
CRIME = (
    Slot(CULPRIT, Category.SUSPECT), Slot(TOOL, Category.WEAPON), Slot(CULPRIT, Category.ROOM),
    Slot(CULPRIT, Category.TIME),
)  # fmt: skip


# ---- everything once more, in the plainest way ----


def brute(of: Shape) -> Iterator[World]:
    rooms, pieces = range(of.rooms), 1 + of.size + of.weapons
    every = list(product(rooms, repeat=of.times))
    for chosen in product(every, repeat=pieces):
        if len(moments_of(chosen, of)) == 1 and all(steps_well(number, chosen, of) for number in range(pieces)):
            for motives in permutations(range(of.size)) if of.motives else [()]:
                yield World(paths=chosen, motives=motives)


def moments_of(chosen: tuple[tuple[int, ...], ...], of: Shape) -> list[tuple[int, int, int, int]]:
    found = []
    for time in range(of.times):
        room = chosen[0][time]
        who = [number for number in range(of.size) if chosen[1 + number][time] == room]
        what = [number for number in range(of.weapons) if chosen[1 + of.size + number][time] == room]
        if len(who) == 1 and len(what) == 1:
            found.append((who[0], what[0], room, time))
    return found


def steps_well(number: int, chosen: tuple[tuple[int, ...], ...], of: Shape) -> bool:
    when = moments_of(chosen, of)[0][3]
    for time, (here, there) in enumerate(pairwise(chosen[number])):
        apart = abs(here % of.columns - there % of.columns) + abs(here // of.columns - there // of.columns)
        with_whom = any(path[time] == here and path[time + 1] == there for path in chosen[1 : 1 + of.size])
        if apart > 1 or (apart and number == 0 and time >= when):
            return False
        if apart and number > of.size and not (of.carried and with_whom):
            return False
    return True


def so(said: Literal, world: World, of: Shape) -> bool:
    """The meaning of a literal, by where things are."""
    who, what, where, when = moments_of(world.paths, of)[0]

    def room(piece: Element, time: int) -> int:
        known = {Category.VICTIM: 0, Category.CULPRIT: 1 + who, Category.TOOL: 1 + of.size + what}
        first = {Category.SUSPECT: 1, Category.WEAPON: 1 + of.size}
        if piece.category is Category.MOTIVE:
            return world.paths[1 + world.motives.index(piece.number)][time]
        row = known[piece.category] if piece.category in known else first[piece.category] + piece.number
        return world.paths[row][time]

    if isinstance(said, Is):
        if said.first.category is Category.SUSPECT:
            return said.holds == (world.motives[said.first.number] == said.second.number)
        found = {Category.SUSPECT: who, Category.WEAPON: what, Category.ROOM: where, Category.TIME: when}
        if of.motives:
            found[Category.MOTIVE] = world.motives[who]
        return said.holds == (found[said.second.category] == said.second.number)
    if isinstance(said, At):
        return said.holds == (room(said.piece, said.time) == said.room)
    if isinstance(said, Moves):
        return said.holds == (room(said.piece, said.time) != room(said.piece, said.time + 1))
    if isinstance(said, With):
        return said.holds == (room(said.first, said.time) == room(said.second, said.time))
    if isinstance(said, Met):
        times = [time for time in range(of.times) if room(said.first, time) == said.room == room(said.second, time)]
        return said.holds == bool(times)
    assert isinstance(said, Beside)
    down, across = {"n": (-1, 0), "s": (1, 0), "e": (0, 1), "w": (0, -1)}[said.side]
    row, column = divmod(room(said.second, said.time), of.columns)
    return said.holds == (divmod(room(said.first, said.time), of.columns) == (row + down, column + across))


# ---- things to say ----


def literal(of: Shape, rng: random.Random) -> Literal:
    names = [VICTIM, CULPRIT, TOOL]
    for category, count in ((Category.SUSPECT, of.size), (Category.WEAPON, of.weapons)):
        names += [Element(category, number) for number in range(count)]
    names += [Element(Category.MOTIVE, number) for number in range(of.size if of.motives else 0)]
    (first, second), time = rng.sample(names, 2), rng.randrange(of.times)
    room, true = rng.randrange(of.rooms), rng.random() < 0.7
    able: list[Literal] = [
        At(first, room, time, true), With(min(first, second), max(first, second), time, true),
        Met(min(first, second), max(first, second), room, true), _is(of, rng, true),
        Beside(first, rng.choice(("n", "e", "s", "w")), second, time, true),
    ]  # fmt: skip
    if of.times > 1:
        able.append(Moves(first, rng.randrange(of.times - 1), true))
    return rng.choice(able)


def _is(of: Shape, rng: random.Random, true: bool) -> Is:
    sizes = {Category.SUSPECT: of.size, Category.ROOM: of.rooms, Category.TIME: of.times, Category.WEAPON: of.weapons}
    if of.motives:
        sizes[Category.MOTIVE] = of.size
    category = rng.choice(list(sizes))
    first = TOOL if category is Category.WEAPON else CULPRIT
    if category is Category.MOTIVE and rng.random() < 0.5:
        first = Element(Category.SUSPECT, rng.randrange(of.size))
    return Is(first, Element(category, rng.randrange(sizes[category])), true)


def formula(of: Shape, rng: random.Random) -> Formula:
    if rng.random() < 0.5:
        return literal(of, rng)
    return Compound(literal(of, rng), rng.choice(list(Op)), literal(of, rng))


def drawn(of: Shape, seed: int, **how: object) -> Puzzle:
    rng = random.Random(seed)
    found = [puzzle for puzzle in (night.draw(of, KINDS, rng, **how) for _ in range(4)) if puzzle]  # type: ignore[arg-type]
    return found[0]


# ---- all worlds ----


@pytest.mark.parametrize("of", TINY)
def test_the_columns_are_all_worlds_and_each_once(of: Shape) -> None:
    told, pieces = columns(of), range(1 + of.size + of.weapons)
    listed = [
        World(
            paths=tuple(tuple(int(told[f"p{one}t{time}"][at]) for time in range(of.times)) for one in pieces),
            motives=tuple(int(told[f"m{one}"][at]) for one in range(of.size if of.motives else 0)),
        )
        for at in range(len(told["culprit"]))
    ]
    assert len(set(listed)) == len(listed)
    assert set(listed) == set(brute(of))
    for at, world in enumerate(listed):
        crime = tuple(int(told[key][at]) for key in ("culprit", "tool", "where", "when"))
        assert [crime] == moments_of(world.paths, of)


@pytest.mark.parametrize("of", TINY)
def test_a_literal_means_the_same_everywhere(of: Shape) -> None:
    rng, within = random.Random(1), space(of)
    some = [within.world(rng.randrange(within.size)) for _ in range(20)]
    for _ in range(300):
        said = literal(of, rng)
        alike = [at for at, one in enumerate(map(within.world, range(min(within.size, 60)))) if so(said, one, of)]
        assert [at for at in np.flatnonzero(truth(within.columns, said, of)).tolist() if at < 60] == alike
        assert [holds(said, one, of) for one in some] == [so(said, one, of) for one in some]


def test_what_is_too_large_is_refused_before_it_is_listed() -> None:
    for of in (C7, shape(10, 8, "17x1", 12), shape(10, 1, "2x1", 1, motives=True)):
        with pytest.raises(InputError, match="too large"):
            columns(of)


# ---- search ----


@pytest.mark.parametrize("of", SMALL)
def test_a_search_says_what_the_list_of_worlds_says(of: Shape) -> None:
    rng, within = random.Random(2), space(of)
    outcomes = set()
    for _ in range(60):
        world = within.world(rng.randrange(within.size))
        clues = tuple(one for one in (formula(of, rng) for _ in range(40)) if so_all(one, world, of))
        clues = clues[: rng.randint(0, 24)] + tuple(formula(of, rng) for _ in range(rng.choice((0, 0, 2))))
        puzzle = Puzzle(of, clues, CRIME)
        by_list, found = solve(puzzle), second(puzzle)
        if found is None or found == TOO_LARGE:
            assert isinstance(by_list, Refusal) and by_list.reason == "contradictory"
            outcomes.add("contradictory")
            continue
        assert len(list(crimes(found.paths, of))) == 1 and all(so_all(clue, found, of) for clue in clues)
        answer = answer_of(found, of, CRIME)
        other = second(puzzle, answer)
        assert (other is None) == isinstance(by_list, Solved)
        outcomes.add(other is None)
        if isinstance(other, World):
            assert answer_of(other, of, CRIME) != answer and all(so_all(clue, other, of) for clue in clues)
    assert outcomes == {"contradictory", True, False}


def so_all(said: Formula, world: World, of: Shape) -> bool:
    if not isinstance(said, Compound):
        return so(said, world, of)
    first, second_ = so(said.first, world, of), so(said.second, world, of)
    return {Op.OR: first or second_, Op.ONE: first != second_, Op.THEN: not first or second_}.get(
        said.op, first == second_
    )


@pytest.mark.parametrize("of", [C5, C6])
def test_contradictory_and_ambiguous_puzzles_are_told_with_evidence(of: Shape) -> None:
    puzzle = drawn(of, 3)
    answer = solve(puzzle).answer  # type: ignore[union-attr]
    fewer = Puzzle(of, puzzle.clues[1:], puzzle.slots)
    many = solve(fewer)
    assert isinstance(many, Refusal) and many.reason == "several answers"
    assert len({found for _, found in many.evidence}) == 2
    assert night.derive(fewer) is None
    wrong = Puzzle(of, (*puzzle.clues, Is(CULPRIT, Element(Category.SUSPECT, answer[0]), False)), puzzle.slots)
    none = solve(wrong)
    assert isinstance(none, Refusal) and none.reason == "contradictory"
    assert second(Puzzle(of, none.evidence, ())) is None  # type: ignore[arg-type]
    assert night.derive(wrong) is None


def test_a_search_gives_up_when_it_was_told_to() -> None:
    puzzle = drawn(C7, 1, questions=8)
    answer = solve(puzzle).answer  # type: ignore[union-attr]
    assert second(puzzle, answer) is None
    assert second(puzzle, answer, budget=3) == TOO_LARGE


def test_the_clues_that_are_blamed_contradict_by_themselves() -> None:
    rng, blamed = random.Random(4), 0
    for _ in range(60):
        search = Search(C5)
        said = [formula(C5, rng) for _ in range(9)]
        guards = [search.say(one) for one in said]
        if search.find(guards) is None:
            fewer = tuple(one for one, guard in zip(said, guards, strict=True) if guard in search.core)
            assert second(Puzzle(C5, fewer, ())) is None
            blamed += len(fewer) < len(said)
    assert blamed > 10


def test_clauses_alone_against_all_assignments() -> None:
    rng = random.Random(5)
    for _ in range(200):
        count = rng.randint(3, 9)
        said = [sorted(2 * v + rng.randrange(2) for v in rng.sample(range(count), 3)) for _ in range(5 * count)]
        assumed = [2 * v + rng.randrange(2) for v in rng.sample(range(count), 2)]
        t = clauses.tables(count, 1000, 20000)
        sat.new_variables(t, count)
        sat.add(t, *clauses.run_of(said))
        every = product((0, 1), repeat=count)
        well = any(
            all(any(bits[x >> 1] != x & 1 for x in run) for run in [*said, *([a] for a in assumed)]) for bits in every
        )
        found = sat.search(t, np.array(assumed, np.int32), 10_000)
        assert found == (sat.FOUND if well else sat.NONE)
        if well:
            assert all(any(t.value[x] == clauses.TRUE for x in run) for run in said)


# ---- puzzles ----


@pytest.mark.parametrize("of", [C5, shape(2, 2, "3x1", 2, carried=True), shape(3, 2, "2x1", 2, motives=True), TINY[3]])
@pytest.mark.parametrize("unique", ["answer", "state"])
def test_a_drawn_puzzle_has_one_answer_and_no_clue_to_spare(of: Shape, unique: str) -> None:
    for seed in range(12):
        puzzle = drawn(of, seed, unique=unique)
        asked = puzzle.slots if unique == "answer" else everything(of)
        found = solve(Puzzle(of, puzzle.clues, asked))
        assert isinstance(found, Solved) and (unique == "answer" or found.worlds == 1)
        assert minimal(of, puzzle.clues, puzzle.slots, unique) == puzzle.clues  # type: ignore[arg-type]


def test_a_large_puzzle_has_one_answer_and_no_clue_to_spare() -> None:
    for of, asked in ((C6, 0), (C6, 8), (C7, 8)):
        puzzle = drawn(of, 7, questions=asked)
        found = solve(puzzle)
        assert isinstance(found, Solved) and len(puzzle.slots) >= (asked or 3)
        for place in range(len(puzzle.clues)):
            fewer = puzzle.clues[:place] + puzzle.clues[place + 1 :]
            other = second(Puzzle(of, fewer, puzzle.slots), found.answer)
            assert isinstance(other, World) and not so_all(puzzle.clues[place], other, of)


def test_what_is_asked_is_no_clue_and_what_is_redundant_is_true() -> None:
    for seed in range(8):
        puzzle = drawn(C6, seed, questions=8, redundant=3)
        facts = {At(slot.subject, 0, slot.time).piece for slot in puzzle.slots if slot.time is not None}
        assert len(puzzle.slots) == len(set(puzzle.slots)) == 8 and facts
        said = {(clue.piece, clue.time) for clue in puzzle.clues if isinstance(clue, At) and clue.holds}
        assert not said & {(slot.subject, slot.time) for slot in puzzle.slots}
        assert len(set(puzzle.clues)) == len(puzzle.clues)
        assert isinstance(solve(puzzle), Solved)
        kept = minimal(C6, puzzle.clues, puzzle.slots)
        assert len(kept) <= len(puzzle.clues) - 3


def test_the_same_seed_draws_the_same_puzzle_and_another_does_not() -> None:
    assert drawn(C7, 11, questions=8) == drawn(C7, 11, questions=8)
    assert len({drawn(C5, seed) for seed in range(30)}) == 30


def test_every_kind_of_clue_can_be_drawn_and_is_true() -> None:
    rng = random.Random(6)
    for kind in {*KINDS, *OF_TWO}:
        made = set()
        for _ in range(40):
            world = night.play(C7, rng)
            assert world
            found = hint(kind, scene(C7, world), rng)
            if found is not None:
                assert so_all(found, world, C7), (kind, found)
                made.add(found)
        assert len(made) > 10, kind


def test_kinds_that_are_none_or_say_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="no kind 'atx'"):
        night.draw(C5, {"atx": 1.0}, random.Random(1))
    with pytest.raises(InputError, match="nothing but the answer"):
        night.draw(C5, {"is": 1.0}, random.Random(1))


# ---- how the answer follows ----


@pytest.mark.parametrize("of", [C5, shape(2, 2, "3x1", 3, carried=True), shape(3, 2, "2x1", 2, motives=True), C6])
def test_every_line_follows_and_the_last_ones_are_the_answer(of: Shape) -> None:
    for seed in range(8 if of == C6 else 25):
        puzzle = drawn(of, seed)
        derivation, solved = night.derive(puzzle), solve(puzzle)
        assert derivation is not None and isinstance(solved, Solved)
        lines = derivation.lines
        assert len(set(lines)) == len(lines) and not set(lines) & set(puzzle.clues)
        assert all(entails(puzzle, line) for line in lines)
        answer = {
            Is(slot.subject, Element(slot.category, number))
            for slot, number in zip(puzzle.slots, solved.answer, strict=True)
        }
        assert answer <= {*lines, *puzzle.clues}
        assert derivation.rounds <= len(lines) and (derivation.splits > 0) >= any(
            isinstance(x, Compound) for x in lines
        )
        assert 0 <= derivation.indirect <= 1 and derivation.left >= 1
