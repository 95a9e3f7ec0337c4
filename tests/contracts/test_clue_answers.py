"""What a policy of clue writes: one answer block passes and nothing else does; and the grammar it can be held to."""

import random
import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rungwise.contracts.clue.grammar import KINDS, grammar
from rungwise.contracts.clue.language import (
    ANSWER_CODES,
    HEAD,
    SURFACES,
    Fault,
    Written,
    read_answer,
    read_clues,
    read_line,
    write_answer,
    write_formula,
)
from rungwise.contracts.clue.names import counts, drawn, fixed
from rungwise.contracts.clue.tree import (
    CULPRIT,
    Category,
    Is,
    Op,
    Shape,
)
from rungwise.policy.grammar import compile_grammar
from rungwise.policy.tokens import build
from tests.contracts.clue_puzzles import (
    CRIME,
    MOMENTS,
    NIGHT,
    PATIENT,
    SEED,
    SURFACE,
    ZEBRA,
    told,
    wild_formula,
    wild_names,
    wild_puzzle,
)

# ---- answers ----


@PATIENT
@given(SEED, SURFACE)
def test_every_answer_is_read_back(seed: int, surface: str) -> None:
    rng = random.Random(seed)
    puzzle = wild_puzzle(rng)
    names = wild_names(rng, puzzle.shape, surface)
    rows = dict(counts(puzzle.shape))
    answer = tuple(rng.randrange(rows.get(slot.category, names.numbered)) for slot in puzzle.slots)
    lines = tuple(write_formula(wild_formula(rng, puzzle.shape), names, surface) for _ in range(rng.randint(0, 5)))
    text = write_answer(lines, answer, puzzle, names, surface)
    for ending in ("", "\n"):
        assert read_answer(text + ending, puzzle, names, surface) == Written(lines, answer)


# (text, code, line, column) for CRIME's three questions, of whom, weapon and room
WRONG_ANSWERS = {
    "nothing": ("", "empty", 1, 1),
    "blanks": (" \n \n", "empty", 1, 1),
    "lines alone": ("a~k\nb=l", "no_answer", 2, 1),
    "names alone": ("b k A", "no_answer", 1, 1),
    "the word within a line": ("the answer b k A", "no_answer", 1, 1),
    "a blank before": (" answer b k A", "no_answer", 1, 1),
    "another case": ("Answer b k A", "no_answer", 1, 1),
    "homoglyphs": ("\u0430nswer b k A", "no_answer", 1, 1),
    "the other surface's": ("answer: b k A", "no_answer", 1, 1),
    "a doubled block": ("answer b k A\nanswer b k A", "second_answer", 2, 1),
    "two answers": ("answer b k A\nb=k\nanswer a k A", "second_answer", 3, 1),
    "a line behind": ("answer b k A\nb=k", "tail", 2, 1),
    "two line ends": ("answer b k A\n\n", "tail", 2, 1),
    "too few": ("b=k\nanswer b k", "wrong_count", 2, 7),
    "none": ("answer", "wrong_count", 1, 7),
    "none but a blank": ("answer ", "wrong_count", 1, 7),
    "too many": ("answer b k A B", "wrong_count", 1, 7),
    "a hedge": ("answer b k A or B", "wrong_count", 1, 7),
    "two blanks": ("answer b  k A", "wrong_count", 1, 7),
    "a blank behind": ("answer b k A ", "wrong_count", 1, 7),
    "commas": ("answer b, k, A", "unknown_name", 1, 8),
    "a list in a place": ("answer b k A/B", "unknown_name", 1, 12),
    "the case of a room": ("answer b k a", "wrong_type", 1, 12),
    "a homoglyph for a name": ("answer b k \u0410", "unknown_name", 1, 12),
    "a name of nothing here": ("answer d k A", "unknown_name", 1, 8),
    "another order": ("answer k b A", "wrong_type", 1, 8),
    "the culprit as himself": ("answer * k A", "wrong_type", 1, 8),
    "a template": ("answer ? ? ?", "unknown_name", 1, 8),
    "a line end of another machine": ("answer b k A\r\n", "unknown_name", 1, 12),
    "another space": ("answer\u00a0b k A", "no_answer", 1, 1),
    "a megabyte": ("a~k\n" * 250_000 + "answer b k A", "too_long", 1, 1),
    "too many lines": ("a~k\n" * 300 + "answer b k A", "too_long", 257, 1),
    "the prompt itself": (CRIME, "no_answer", 8, 1),
}


@pytest.mark.parametrize("what", WRONG_ANSWERS)
def test_every_fault_of_an_answer_has_its_code_and_place(what: str) -> None:
    text, *expected = WRONG_ANSWERS[what]
    fault = read_answer(text, *told(CRIME))
    assert isinstance(fault, Fault), fault
    assert fault.code in ANSWER_CODES and fault.note
    assert [fault.code, fault.line, fault.column] == expected


WRONG_ENGLISH_ANSWERS = {
    "another order": ("answer: bakery; Doctor Amsel", "wrong_type", 1, 9),
    "an article": ("answer: Doctor Amsel; the bakery", "unknown_name", 1, 23),
    "a full stop": ("answer: Doctor Amsel; bakery.", "unknown_name", 1, 23),
    "commas": ("answer: Doctor Amsel, bakery", "wrong_count", 1, 8),
    "no blank": ("answer:Doctor Amsel; bakery", "no_answer", 1, 1),
    "half a name": ("answer: Amsel; bakery", "unknown_name", 1, 9),
    "another case": ("answer: doctor amsel; bakery", "unknown_name", 1, 9),
    "a homoglyph": ("answer: Doctor \u0410msel; bakery", "unknown_name", 1, 9),
    "a second one": ("answer: Madame Birk; mill\nanswer: Doctor Amsel; bakery", "second_answer", 2, 1),
    "within a sentence": ("So the answer: Doctor Amsel; bakery", "no_answer", 1, 1),
}


@pytest.mark.parametrize("what", WRONG_ENGLISH_ANSWERS)
def test_every_fault_of_an_english_answer_has_its_code_and_place(what: str) -> None:
    text, *expected = WRONG_ENGLISH_ANSWERS[what]
    puzzle, names = told(NIGHT, "english")
    assert read_answer("answer: Doctor Amsel; bakery", puzzle, names, "english") == Written((), (0, 1))
    fault = read_answer(text, puzzle, names, "english")
    assert isinstance(fault, Fault), fault
    assert [fault.code, fault.line, fault.column] == expected


@PATIENT
@given(
    st.text(max_size=60) | st.lists(st.sampled_from(("answer", " ", "a", "k", "A", "\n", "a~k", "*", "é"))).map("".join)
)
def test_any_text_is_an_answer_or_a_fault(text: str) -> None:
    puzzle, names = told(CRIME)
    read = read_answer(text, puzzle, names)
    if isinstance(read, Written):
        assert write_answer(read.lines, read.answer, puzzle, names) == text.removesuffix("\n")
    else:
        lines = text.split("\n")
        assert read.code in ANSWER_CODES and 1 <= read.line <= len(lines)
        assert 1 <= read.column <= len(lines[read.line - 1]) + 1


def test_clues_that_a_solver_is_to_read_are_clues_alone() -> None:
    puzzle, names = told(CRIME)
    assert read_clues("a=k\n*=a|b~l\n", puzzle.shape, names) == puzzle.clues[:2]
    for text, code, line in (("", "empty", 1), ("a=k\n\nb=l", "formula", 2), ("a=k\nanswer a k A", "formula", 2)):
        fault = read_clues(text, puzzle.shape, names)
        assert isinstance(fault, Fault) and (fault.code, fault.line) == (code, line)
    fault = read_clues("a=k\n" * 257, puzzle.shape, names)
    assert isinstance(fault, Fault) and fault.code == "too_long"


# ---- the grammar ----


@PATIENT
@given(SEED, st.booleans())
def test_the_grammar_allows_whatever_is_written(seed: int, alone: bool) -> None:
    rng = random.Random(seed)
    puzzle = wild_puzzle(rng)
    names = drawn(puzzle.shape, rng)
    lines = [write_formula(wild_formula(rng, puzzle.shape), names) for _ in range(rng.randint(1, 5))]
    text = "\n".join(lines) if alone else write_answer(lines, (0,) * len(puzzle.slots), puzzle, names)
    for kinds in (KINDS, (puzzle.shape.kind,)):
        made = grammar("compact", kinds, clues=alone)
        assert made is not None and re.fullmatch(made.regex(), text)


def test_what_the_grammar_allows_of_a_full_set_of_letters_is_read() -> None:
    shape = Shape(kind="crime", size=10, attributes=3)
    made, names = grammar("compact"), fixed(shape)
    assert made is not None
    literals = re.compile(made.regex())
    for first, second in combinations(names.letters.values(), 2):
        for sign in "=~":
            for a, b in ((first, second), (second, first)):
                line = f"{a}{sign}{b}"
                assert bool(literals.fullmatch(f"{line}\nanswer a")) == (read_line(line, shape, names) is not None), (
                    line
                )


def test_reserved_words_are_one_token_each_and_the_grammar_can_be_held_to() -> None:
    made = grammar("compact")
    assert made is not None and len(set(made.reserved)) == len(made.reserved)
    shape = Shape(kind="crime", size=5, attributes=3)
    names = fixed(shape)
    pairs = combinations(
        sorted(names.letters, key=lambda one: (one != CULPRIT, list(Category).index(one.category), one)), 2
    )
    literals = {
        write_formula(Is(a, b, holds), names) for a, b in pairs for holds in (True, False) if a.category != b.category
    }
    assert literals == set(made.reserved) - {*Op, "answer"}
    tokens = build(made, [CRIME], 1024)
    pieces = [tokens.pieces[at] for at in tokens.answer("a~k\n*=a|b~l\nb=C<>*~u\nanswer a l B")]
    assert pieces[:3] == [b"a~k", b"\n", b"*=a"] and pieces[3] == b"|" and b"<>" in pieces and b"answer" in pieces
    held = compile_grammar(made, tokens)
    assert held.masks(tokens.answer("a~k\n*=a|b~l\nanswer a l B")).any()
    assert grammar("english") is None and set(HEAD) == set(SURFACES)


def test_every_kind_of_grammar_compiles_and_writes() -> None:
    for clues in (False, True):
        made = grammar("compact", KINDS, clues=clues)
        assert made is not None
        tokens = build(made, [MOMENTS, ZEBRA], 800)
        text = "*&bA<>k/n!3\n~a-h>1=h" + ("" if clues else "\nanswer a 12")
        assert compile_grammar(made, tokens).masks(tokens.answer(text)).any()
