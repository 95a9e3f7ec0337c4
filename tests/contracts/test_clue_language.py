"""The clue language: one spelling a tree in either surface, a code with a place for whatever is wrong, and a second
reader of the texts that finds the same answers in them."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.contracts.clue import crime, night
from rungwise.contracts.clue.language import (
    BETWEEN,
    HEAD,
    SURFACES,
    Fault,
    Written,
    read_answer,
    read_clues,
    read_formula,
    read_line,
    read_puzzle,
    write_clues,
    write_formula,
    write_puzzle,
)
from rungwise.contracts.clue.names import LETTERS, WORDS, clock, counts, drawn, fixed
from rungwise.contracts.clue.phrases import subject_of
from rungwise.contracts.clue.solver import Solved, answer_of, solve
from rungwise.contracts.clue.space import Space, space
from rungwise.contracts.clue.spelling import CODES
from rungwise.contracts.clue.tiers import TIERS
from rungwise.contracts.clue.tree import (
    ZEBRA_ATTRIBUTES,
    Category,
    Element,
    Formula,
    Puzzle,
    Shape,
    Slot,
)
from rungwise.errors import InputError
from tests.contracts.clue_puzzles import (
    CRIME,
    MOMENTS,
    NIGHT,
    PATIENT,
    SEED,
    SURFACE,
    ZEBRA,
    every_slot,
    small_shape,
    told,
    wild_formula,
    wild_names,
    wild_puzzle,
    wild_shape,
)
from tests.contracts.clue_reader import answers

# ---- written and read back ----


@PATIENT
@given(SEED, SURFACE)
def test_every_puzzle_is_read_back(seed: int, surface: str) -> None:
    rng = random.Random(seed)
    puzzle = wild_puzzle(rng)
    names = wild_names(rng, puzzle.shape, surface)
    assert read_puzzle(write_puzzle(puzzle, names, surface), surface) == (puzzle, names)


@PATIENT
@given(SEED, SURFACE)
def test_every_formula_is_read_back_and_has_its_own_text(seed: int, surface: str) -> None:
    rng = random.Random(seed)
    shape = wild_shape(rng)
    names = wild_names(rng, shape, surface)
    formulas = [wild_formula(rng, shape) for _ in range(20)]
    texts = [write_formula(one, names, surface) for one in formulas]
    assert [read_line(text, shape, names, surface) for text in texts] == formulas
    assert len(set(texts)) == len(set(formulas))
    assert read_clues(write_clues(formulas, names, surface), shape, names, surface) == tuple(formulas)


@PATIENT
@given(SEED, SURFACE, st.text(max_size=3))
def test_a_spoilt_puzzle_is_one_of_another_tree_or_has_a_code_and_a_place(seed: int, surface: str, put: str) -> None:
    rng = random.Random(seed)
    puzzle = wild_puzzle(rng)
    text = write_puzzle(puzzle, drawn(puzzle.shape, rng), surface)
    at = rng.randrange(len(text) + 1)
    put = rng.choice([put, rng.choice(text), "\n", " ", rng.choice(text.split("\n"))])
    check_spoilt(text[:at] + put + text[at + rng.choice([0, 0, len(put), 5, len(text)]) :], surface)


@PATIENT
@given(st.text(max_size=200), SURFACE)
def test_any_text_is_a_puzzle_or_a_fault(text: str, surface: str) -> None:
    check_spoilt(text, surface)


def check_spoilt(text: str, surface: str) -> None:
    read = read_puzzle(text, surface)
    if isinstance(read, Fault):
        lines = text.split("\n")
        assert read.code in CODES
        assert 1 <= read.line <= len(lines) and 1 <= read.column <= len(lines[read.line - 1]) + 1, read
    else:
        assert write_puzzle(*read, surface) == text


@PATIENT
@given(SEED, SURFACE, st.text(max_size=3))
def test_a_spoilt_line_is_another_formula_or_has_a_code_and_a_place(seed: int, surface: str, put: str) -> None:
    rng = random.Random(seed)
    shape = wild_shape(rng)
    names = wild_names(rng, shape, surface)
    text = write_formula(wild_formula(rng, shape), names, surface)
    at = rng.randrange(len(text) + 1)
    put = rng.choice([put, *rng.choices(list(LETTERS[Category.SUSPECT] + "|^><=~&@/-+123 "), k=3)])
    spoilt = text[:at] + put + text[at + rng.choice([0, 1, 3]) :]
    read = read_formula(spoilt, shape, names, surface)
    if isinstance(read, Fault):
        assert read.code in CODES and read.line == 1 and 1 <= read.column <= len(spoilt) + 1
    else:
        assert write_formula(read, names, surface) == spoilt


# ---- what is wrong -> (text, code, line, column) ----

WRONG_COMPACT = {
    "nothing": ("", "empty", 1, 1),
    "no things": ("a=k\n?*s", "things", 1, 1),
    "suspects alone": ("abc\n?*s", "things", 1, 1),
    "a letter of another row": (CRIME.replace("klm", "kla"), "things", 1, 5),
    "a letter twice": (CRIME.replace("klm", "kll"), "things", 1, 5),
    "a homoglyph": (CRIME.replace("abc", "\u0430bc"), "things", 1, 1),
    "a weapon too few": (CRIME.replace("klm", "kl"), "things", 1, 8),
    "two blanks": (CRIME.replace("abc ", "abc  "), "things", 1, 5),
    "a blank behind": (CRIME.replace("ABC\n", "ABC \n"), "things", 1, 13),
    "a grid of other rooms": (MOMENTS.replace("2x2", "2x3"), "things", 1, 15),
    "no times": (MOMENTS.replace(" t3", ""), "things", 1, 15),
    "too many times": (MOMENTS.replace("t3", "t13"), "things", 1, 15),
    "carried twice": (MOMENTS.replace("carried", "carried carried"), "things", 1, 15),
    "too many houses": (ZEBRA.replace("1-3", "1-8"), "things", 1, 1),
    "houses and a grid": (ZEBRA.replace("hij", "hij 2x2 t1"), "things", 1, 13),
    "a definition missing": (CRIME.replace("| one or both\n", ""), "definition", 2, 1),
    "a negation that is not defined": (CRIME.replace("~ not\n", ""), "definition", 4, 1),
    "a definition of what does not occur": (CRIME.replace("~A>", "~A|"), "definition", 3, 1),
    "another definition": (CRIME.replace("one or both", "exactly one"), "definition", 2, 1),
    "definitions out of order": (
        CRIME.replace("| one or both\n", "").replace("second\n", "second\n| one or both\n"), "definition", 2, 1,
    ),
    "an empty line": (CRIME.replace("a=k\n", "a=k\n\n"), "formula", 6, 1),
    "a blank in a clue": (CRIME.replace("a=k", "a = k"), "formula", 5, 1),
    "a line end of another machine": (CRIME.replace("a=k", "a=k\r"), "formula", 5, 1),
    "half a compound": (CRIME.replace("|b~l", "|"), "formula", 6, 1),
    "three in a compound": (CRIME.replace("|b~l", "|b~l|b=m"), "formula", 6, 5),
    "a doubled negative": (CRIME.replace("*~A>", "~*~A>"), "formula", 7, 1),
    "a name of nothing here": (CRIME.replace("|b~l", "|b~n"), "unknown_name", 6, 7),
    "two of one category": (CRIME.replace("a=k", "a=b"), "wrong_type", 5, 1),
    "one and itself": (CRIME.replace("a=k", "a=a"), "wrong_type", 5, 1),
    "the weapon first": (CRIME.replace("a=k", "k=a"), "order", 5, 1),
    "the culprit second": (CRIME.replace("*=a|", "a=*|"), "order", 6, 1),
    "said of another kind": (CRIME.replace("a=k", "a-k"), "wrong_type", 5, 1),
    "a weapon for a room": (MOMENTS.replace("a@A1", "a@k1"), "wrong_type", 3, 3),
    "a motive for a room": (MOMENTS.replace("uv", "RS").replace("a=u", "a=R").replace("A1", "R1"), "wrong_type", 3, 3),
    "a time that is not": (MOMENTS.replace("a@A1", "a@A4"), "unknown_name", 3, 4),
    "a time of zero": (MOMENTS.replace("a@A1", "a@A0"), "formula", 3, 1),
    "the last time's move": (MOMENTS.replace("a+2", "a+3"), "unknown_name", 6, 3),
    "with the greater first": (MOMENTS.replace("~a&b2", "~b&a2"), "order", 4, 1),
    "a suspect's weapon": (MOMENTS.replace("#~k", "a~k"), "wrong_type", 9, 1),
    "a room that goes about": (MOMENTS.replace("a+2", "A+2"), "wrong_type", 6, 1),
    "beside itself": (MOMENTS.replace("k/n!3", "k/nk3"), "wrong_type", 7, 1),
    "two houses": (ZEBRA.replace("h-a", "1-2"), "wrong_type", 5, 1),
    "neighbours out of order": (ZEBRA.replace("h-a", "a-h"), "order", 5, 1),
    "no questions": (CRIME[: CRIME.rindex("\n")], "question", 7, 8),
    "an empty question": (CRIME.replace("?*s *w *r", "?"), "question", 8, 2),
    "a question twice": (CRIME.replace("*w *r", "*w *w"), "question", 8, 8),
    "a question of no sense": (CRIME.replace("*w *r", "*w as"), "question", 8, 8),
    "a question of what is not there": (CRIME.replace("*w *r", "*w *m"), "question", 8, 8),
    "a second block of questions": (CRIME + "\n?*s", "tail", 9, 1),
    "a line end behind": (CRIME + "\n", "tail", 9, 1),
    "too long": (CRIME + " " * 40_000, "too_long", 1, 1),
    "too many clues": (CRIME.replace("a=k", "\n".join(["a=k"] * 300)), "too_long", 261, 1),
    "too many questions": (ZEBRA.replace("?1n", "?" + "1n " * 12 + "2n"), "too_long", 7, 1),
}  # fmt: skip


def test_the_examples_are_right() -> None:
    for text in (CRIME, MOMENTS, ZEBRA):
        read = read_puzzle(text)
        assert not isinstance(read, Fault), read
        assert write_puzzle(*read) == text


@pytest.mark.parametrize("what", WRONG_COMPACT)
def test_every_fault_of_the_compact_surface_has_its_code_and_place(what: str) -> None:
    text, *expected = WRONG_COMPACT[what]
    fault = read_puzzle(text)
    assert isinstance(fault, Fault), fault
    assert [fault.code, fault.line, fault.column] == expected, str(fault)


STORY = """A murder has been done, and exactly one of the suspects did it.
Suspects: Doctor Amsel, Madame Birk.
Weapons: poker, sickle. Each suspect had exactly one of them, and no two had the same.
By "A, or B, or both" is meant that at least one of A and B is true.
Clues:
- The murderer is Madame Birk, or Doctor Amsel did not have the poker, or both.
- The one who had the poker is not the murderer.
Questions:
A. Which weapon did the murderer have?"""
STORY = STORY.replace("The one who had the poker is not the murderer", "Madame Birk had the sickle")
WRONG_ENGLISH = {
    "nothing": ("", "empty", 1, 1),
    "another story": ("Once upon a time.\nClues:\nQuestions:", "things", 1, 1),
    "another opening": (STORY.replace("did it.", "did it!"), "things", 1, 63),
    "a weapon of no row": (STORY.replace("poker, sickle", "poker, banjo"), "unknown_name", 3, 17),
    "a weapon twice": (STORY.replace("poker, sickle", "poker, poker"), "unknown_name", 3, 10),
    "a weapon too few": (STORY.replace("poker, sickle", "poker"), "things", 3, 1),
    "another rule": (STORY.replace("exactly one of them", "some of them"), "things", 3, 42),
    "a rule missing": (NIGHT.replace("No weapon was ever moved.\n", ""), "things", 7, 1),
    "a time of no clock": (NIGHT.replace("11:45 PM, 1", "23:45, 1"), "unknown_name", 5, 8),
    "times that are far apart": (NIGHT.replace("12:00 AM.\nF", "1:00 AM.\nF"), "unknown_name", 5, 18),
    "rooms that make no grid": (NIGHT.replace("mill, tower", "mill"), "things", 4, 1),
    "no times": (re.sub("Times: .*\n", "", NIGHT).replace("Birk at 11:45 PM", "Birk"), "things", 5, 1),
    "no definition": (re.sub("By .*\n", "", STORY), "definition", 4, 1),
    "another definition": (STORY.replace("at least one", "exactly one"), "definition", 4, 37),
    "no clues": (STORY.replace("Clues:\n", ""), "formula", 8, 1),
    "no dash": (STORY.replace("- Madame", "Madame"), "formula", 7, 1),
    "no full stop": (STORY.replace("sickle.\nQ", "sickle\nQ"), "formula", 7, 29),
    "an unknown suspect": (STORY.replace("- Madame Birk", "- Mister Birk"), "unknown_name", 7, 3),
    "an unknown predicate": (STORY.replace("Birk had the", "Birk took the"), "formula", 7, 15),
    "a homoglyph": (STORY.replace("- Madame Birk", "- M\u0430dame Birk"), "unknown_name", 7, 3),
    "a small letter": (STORY.replace("- The murderer", "- the murderer"), "formula", 6, 3),
    "a large letter": (STORY.replace("Birk, or Doctor", "Birk, or The murderer is Doctor"), "unknown_name", 6, 35),
    "an unknown time": (NIGHT.replace("Birk at 11:45 PM", "Birk at 11:30 PM"), "unknown_name", 10, 54),
    "the other order": (re.sub("- Mad.*", "- The one who had the poker is Madame Birk.", STORY), "order", 7, 3),
    "no questions": (STORY[: STORY.index("\nA. ")], "question", 8, 11),
    "questions of no heading": (STORY.replace("Questions:\n", ""), "question", 8, 1),
    "another letter": (STORY.replace("A. ", "B. "), "question", 9, 1),
    "a question twice": (re.sub("B. .*", "B. Who is the murderer?", NIGHT), "question", 14, 1),
    "a second block": (f"{STORY}\n{STORY}", "formula", 18, 1),
    "a line end behind": (STORY + "\n", "question", 10, 1),
    "too long": (STORY + " " * 40_000, "too_long", 1, 1),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG_ENGLISH)
def test_every_fault_of_the_english_surface_has_its_code_and_place(what: str) -> None:
    for text in (STORY, NIGHT):
        read = read_puzzle(text, "english")
        assert not isinstance(read, Fault), read
    text, *expected = WRONG_ENGLISH[what]
    fault = read_puzzle(text, "english")
    assert isinstance(fault, Fault), fault
    assert [fault.code, fault.line, fault.column] == expected, str(fault)


# ---- what the texts mean ----


MOST_CLUES, FEW = 25, 100  # where to stop; of how many worlds it is worth to look at all answers
MOST_WORLDS = 20_000  # so many are tried in plain Python in about a second


def drawn_puzzle(rng: random.Random, shape: Shape) -> tuple[Puzzle, set[tuple[int, ...]]]:
    """Clues that are true in some world, until one answer is left or there are enough; and what answers are left."""
    within = space(shape)
    truth = rng.randrange(within.size)
    slots = tuple(rng.sample(every := every_slot(shape), min(3, len(every))))
    clues: list[Formula] = []
    alive, found = within.full, set[tuple[int, ...]]()
    while len(found) != 1 and len(clues) < MOST_CLUES:
        clue = wild_formula(rng, shape)
        mask = within.mask(clue)
        if mask >> truth & 1 and mask & alive != alive:
            clues.append(clue)
            alive &= mask
            if alive.bit_count() < FEW:
                found = allowed(within, alive, slots)
    return Puzzle(shape, tuple(clues), slots), found or allowed(within, alive, slots)


def allowed(within: Space, alive: int, slots: tuple[Slot, ...]) -> set[tuple[int, ...]]:
    left = [at for at in range(within.size) if alive >> at & 1]
    return {answer_of(within.world(at), within.shape, slots) for at in left}


@settings(max_examples=40, deadline=None)
@given(SEED)
def test_both_texts_allow_the_answers_that_the_tree_allows(seed: int) -> None:
    rng = random.Random(seed)
    puzzle, found = drawn_puzzle(rng, small_shape(rng))
    names = drawn(puzzle.shape, rng)
    for surface, known in (("compact", names.letters), ("english", names.words)):
        wanted = {
            tuple(known[Element(slot.category, number)] for slot, number in zip(puzzle.slots, answer, strict=True))
            for answer in found
        }
        assert answers(write_puzzle(puzzle, names, surface), surface) == wanted


DRAWN = [(tier, shape) for tier in ("C1", "C2", "C3", "C4", "Z1", "Z2", "C5") for shape in TIERS[tier].shapes]


@pytest.mark.parametrize(("tier", "shape"), [(tier, shape) for tier, shape in DRAWN if space(shape).size < MOST_WORLDS])
def test_the_texts_of_puzzles_that_are_drawn_have_one_answer(tier: str, shape: Shape) -> None:
    rng = random.Random(7)
    for surface in SURFACES:
        puzzle = None
        while puzzle is None:
            puzzle = crime.draw(shape, TIERS[tier].kinds, rng) if TIERS[tier].kinds else night.draw(shape, rng=rng)
        names = drawn(shape, rng)
        [found] = answers(write_puzzle(puzzle, names, surface), surface)
        solved = solve(puzzle)
        assert isinstance(solved, Solved)
        assert read_answer(f"{HEAD[surface]} {BETWEEN[surface].join(found)}", puzzle, names, surface) == Written(
            (), solved.answer
        )


def test_other_definitions_make_other_puzzles() -> None:
    """The second reader takes connectives for what the text says they are."""
    compact = "ab kl\n| one or both\n*=a|a=k\n*=a\n?*w"
    assert answers(compact, "compact") == {("k",), ("l",)}
    assert answers(compact.replace("one or both", "exactly one"), "compact") == {("l",)}
    english = write_puzzle(*told(compact), "english")
    assert answers(english, "english") == {("poker",), ("sickle",)}
    assert answers(english.replace("at least one of", "exactly one of"), "english") == {("sickle",)}


# ---- names ----


def test_no_letter_or_word_stands_for_two_things() -> None:
    for categories in (set(LETTERS) - set(ZEBRA_ATTRIBUTES), ZEBRA_ATTRIBUTES):
        letters = [letter for category in categories for letter in LETTERS[category]]
        words = [word for category in categories for word in WORDS[category]]
        assert len(set(letters)) == len(letters) == len(words) == len(set(words))
        assert not any(re.search("[,;.?:]", word) for word in words)


@PATIENT
@given(SEED)
def test_names_go_both_ways_and_are_told_apart_in_every_sentence(seed: int) -> None:
    rng = random.Random(seed)
    shape = wild_shape(rng)
    names = drawn(shape, rng)
    assert all(names.elements[names.letters[one]] == one for one in names.letters)
    assert all(names.worded[names.words[one]] == one for one in names.words)
    rows = {category for category, _ in counts(shape)}
    assert {one for one in names.letters if one.category in rows} == {
        one for one in names.words if one.category in rows
    }
    pieces = [one for one in names.letters if one.category not in (Category.TIME, Category.ROOM)]
    assert len({subject_of(one, shape.kind, names) for one in pieces}) == len(pieces)


def test_names_are_drawn_from_as_many_letters_as_asked() -> None:
    shape = Shape(kind="crime", size=3, attributes=3)
    few = {letter for seed in range(200) for letter in drawn(shape, random.Random(seed), 5).letters.values()}
    assert few == set("*abcdeklmnoABCDEuvwxy")
    every = [drawn(shape, random.Random(seed)) for seed in range(400)]
    assert {names.letters[Element(Category.ROOM, 0)] for names in every} == set(LETTERS[Category.ROOM])


def test_more_things_than_names_are_refused_in_one_line() -> None:
    with pytest.raises(InputError, match="suspect: 11; there are names for 10"):
        fixed(Shape(kind="crime", size=11, attributes=1))
    with pytest.raises(InputError, match="time: 13; expected at most 12"):
        fixed(Shape(kind="moments", size=2, weapons=1, columns=1, rows=1, times=13))


def test_clocks() -> None:
    assert [clock(minute) for minute in (0, 15, 720, 1185, 1440)] == [
        "12:00 AM", "12:15 AM", "12:00 PM", "7:45 PM", "12:00 AM",
    ]  # fmt: skip
