"""The judge of clue: all of the answer or nothing, every wrong one by its label, lines by what they are worth."""

import time
from functools import cache
from itertools import product
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.contract import Contract, Task
from rungwise.contracts.clue import clue
from rungwise.contracts.clue.judge import chance, puzzle_of
from rungwise.contracts.clue.language import read_line, write_answer
from rungwise.contracts.clue.names import options
from rungwise.contracts.clue.solver import entails

TIERS = ("C0", "C1", "C2", "C3", "C4", "C5")


@cache
def made(**given: object) -> Contract:
    return clue(**{"tiers": "C0-C5", **given})  # type: ignore[arg-type]


@cache
def tasks(split: str = "test", n: int = 24, **given: object) -> list[Task]:
    return list(made(**given).tasks(split, n, 3))


@pytest.mark.parametrize(
    ("surface", "answer"),
    [("compact", "trace"), ("english", "trace"), ("compact", "direct"), ("english", "direct"), ("english", "clues")],
)
def test_gold_scores_1_and_each_wrong_answer_gets_its_label(surface: str, answer: str) -> None:
    contract, shown = made(surface=surface, answer=answer), set()
    for task in tasks(surface=surface, answer=answer):
        gold = contract.gold(task)
        assert gold is not None
        verdict = contract.judge(task, gold)
        assert verdict.passed and verdict.score == 1
        for wrong in contract.sabotage(task, 0):
            found = contract.judge(task, wrong.answer)
            assert not found.passed and found.failure == wrong.label, (wrong, found)
            shown.add(wrong.label)
    assert shown >= set(contract.failures)


def test_only_the_one_answer_passes() -> None:
    for task in tasks(n=12):
        puzzle, names = puzzle_of(task, "compact")
        every = list(product(*(range(options(slot.category, puzzle.shape)) for slot in puzzle.slots)))
        verdicts = [made().judge(task, write_answer((), answer, puzzle, names)) for answer in every]
        passed = [answer for answer, verdict in zip(every, verdicts, strict=True) if verdict.passed]
        assert passed == [tuple(task.facts["answer"])]
        assert fmean(verdict.score for verdict in verdicts) == pytest.approx(chance(puzzle))


# ---- lines ----


def test_gold_lines_are_new_and_true_and_lead_all_the_way() -> None:
    for task in tasks():
        verdict = made().judge(task, made().gold(task) or "")
        assert verdict.parts["progress"] == verdict.parts["legible"] == verdict.parts["sound"] == 1
        assert verdict.measures["new"] == verdict.measures["lines"] == len(task.facts["lines"])


@pytest.mark.parametrize("surface", ["compact", "english"])
def test_a_proof_leads_all_the_way_and_what_it_copies_is_no_progress(surface: str) -> None:
    given = {"tiers": "C0-C4,Z1", "surface": surface, "answer": "proof"}
    contract, copied = made(**given), 0.0
    for task in tasks(**given):
        *lines, last = (contract.gold(task) or "").split("\n")
        verdict = contract.judge(task, "\n".join([*lines, last]))
        assert verdict.passed
        assert verdict.parts["progress"] == verdict.parts["legible"] == verdict.parts["sound"] == 1
        copied += verdict.measures["copied"]
        puzzle, names = puzzle_of(task, surface)
        copies = [line for line in lines if read_line(line, puzzle.shape, names, surface) in puzzle.clues]
        padded = contract.judge(task, "\n".join([*copies, last]))
        assert padded.parts["progress"] == float(verdict.measures["new"] == 0)
    assert copied > 0


@pytest.mark.parametrize("surface", ["compact", "english"])
def test_each_line_is_told_for_what_it_is(surface: str) -> None:
    contract = made(surface=surface)
    for task in tasks(surface=surface):
        puzzle, _ = puzzle_of(task, surface)
        own = contract.gold(task)
        assert own is not None
        last, lines = own.split("\n")[-1], task.facts["lines"]
        copied = task.prompt.split("\n")[-len(puzzle.clues) - 1 : -1] if surface == "compact" else []
        told = "\n".join([*lines, *lines[:1], *copied, "who knows", last])
        measures = contract.judge(task, told).measures
        wanted = {"new": len(lines), "repeated": len(lines[:1]), "copied": len(copied), "illegible": 1, "false": 0}
        assert {name: measures[name] for name in wanted} == wanted


LETTERS = st.sampled_from([f"{a}{sign}{b}" for a in "*abc" for b in "klmABC" for sign in "=~"])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 23), st.lists(LETTERS, max_size=6, unique=True))
def test_a_line_is_false_where_the_solver_does_not_find_it_entailed(at: int, lines: list[str]) -> None:
    task = tasks()[at]
    puzzle, names = puzzle_of(task, "compact")
    verdict = made().judge(task, "\n".join([*lines, (made().gold(task) or "").split("\n")[-1]]))
    said = [read_line(line, puzzle.shape, names) for line in lines]
    assert verdict.measures["illegible"] == said.count(None) and verdict.failure == (
        "illegible" if None in said else None
    )
    assert verdict.measures["false"] == sum(one is not None and not entails(puzzle, one) for one in said)
    assert verdict.passed == (None not in said)  # what lines say is measured, and neither paid nor punished


def test_padding_is_worth_nothing() -> None:
    """True lines that the derivation does not need are counted as new, and are no progress."""
    for task in tasks():
        last = (made().gold(task) or "").split("\n")[-1]
        padding = [clue for clue in ("a=k|a~k", "b=l|b~l") if task.tier != "C5"]
        bare, padded = made().judge(task, last), made().judge(task, "\n".join([*padding, last]))
        assert bare.passed and padded.passed and padded.measures["new"] == len(padding)
        assert padded.parts["progress"] == bare.parts["progress"] == float(not task.facts["lines"])


@pytest.mark.parametrize("tiers", ["C6", "Z1-Z3", "C7"])
def test_the_largest_puzzles_are_judged_alike(tiers: str) -> None:
    contract = made(tiers=tiers)
    for task in tasks(n=3, tiers=tiers):
        gold = contract.gold(task) or ""
        verdict = contract.judge(task, gold)
        assert verdict.passed and verdict.parts["progress"] == verdict.parts["sound"] == 1
        assert verdict.measures["new"] == verdict.measures["lines"] and not verdict.measures["unweighed"]
        for wrong in contract.sabotage(task, 0):
            assert contract.judge(task, wrong.answer).failure == wrong.label


def test_a_lie_in_a_large_night_is_found() -> None:
    contract = made(tiers="C6")
    for task in tasks(n=3, tiers="C6"):
        last = (contract.gold(task) or "").split("\n")[-1]
        verdict = contract.judge(task, f"a@A1\na@B1\n~a@A1\n{last}")
        assert verdict.passed and verdict.measures["false"] >= 2 and verdict.parts["sound"] < 0.5


def test_every_verdict_has_the_parts_that_a_reward_may_read() -> None:
    for task in tasks(n=6):
        for wrong in made().sabotage(task, 0):
            verdict = made().judge(task, wrong.answer)
            assert set(verdict.parts) == {"questions", "chance", "legible", "sound", "progress"}
            assert verdict.failure == "wrong" or not verdict.parts["progress"]


@pytest.mark.parametrize("line", ["x was just " * 1500 + "x of " * 1500 + ".", "answer " + "*" * 16_000 + "x"])
def test_a_long_line_costs_no_more_than_a_look(line: str) -> None:
    contract = made(surface="english")
    task = tasks(surface="english")[0]
    start = time.process_time()
    assert not contract.judge(task, f"{line[:15_900]}\n{(contract.gold(task) or '').split(chr(10))[-1]}").passed
    contract.repair(line)
    assert time.process_time() - start < 0.2


# ---- clues for a solver ----


def test_a_solver_answers_from_what_was_written() -> None:
    contract = made(answer="clues", surface="english")
    for task in tasks(answer="clues", surface="english"):
        gold = (contract.gold(task) or "").split("\n")
        assert contract.judge(task, "\n".join(gold[::-1])).passed  # the order of clues is nobody's business
        if task.tier != "C0":  # which has clues to spare
            assert contract.judge(task, "\n".join(gold[1:] or ["?"])).failure in ("several", "illegible")


# ---- what can be had without skill ----


def test_the_shallow_answer_in_the_right_form() -> None:
    contract = made()
    own = contract.shallow  # type: ignore[attr-defined]
    assert set(own) == {"first", "least_mentioned", "most_mentioned", "plain", "unmentioned", "mentioned"}
    for task in tasks():
        assert all(contract.judge(task, write(task)).failure in (None, "wrong") for write in own.values())
    plain = {tier: [contract.judge(t, own["plain"](t)).passed for t in tasks() if t.tier == tier] for tier in TIERS}
    assert all(plain["C0"]) and not all(plain["C3"])


def test_a_known_answer_is_fitted_by_its_places() -> None:
    contract = made(names="drawn")
    one, other = [task for task in tasks(names="drawn") if task.tier == "C2"][:2]
    fitted = contract.reslot(one, other, contract.gold(other) or "")  # type: ignore[attr-defined]
    assert contract.judge(one, fitted).failure in (None, "wrong")
