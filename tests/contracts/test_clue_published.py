"""The published puzzles, by a grader that can score every answer, and by the one that was released."""

import json
from pathlib import Path

import pytest

from rungwise.contracts.clue import published
from rungwise.contracts.clue.repair import repair_sheet
from rungwise.errors import InputError

FILE = Path(__file__).parents[3] / "shared" / "data" / "temporal_clue" / "val.json"
PROMPT = """The following persons of interest have been identified as suspects:

• Mr. Ash
• Mrs. Elm

And the following weapons were found on the premises:

• Rope
• Lamp

The exact time has been narrowed down to one of the following times:

• 08:00 PM
• 09:00 PM

The available clues are as follows:

- Mr. Ash had the Rope

Please answer the following question(s):

A. Who?
B. When?

Fill out your final answers in the following format:

A. SUSPECT
B. TIME
"""
ENTRY = {"num_clues": 1, "prompt": PROMPT, "solution": {"A": "Mr. Ash", "B": "09:00 PM"}}


def loaded(tmp_path: Path, *entries: object) -> list[published.Published]:
    path = tmp_path / "puzzles.json"
    path.write_text(json.dumps(entries))
    return published.load(path)


def graded(puzzle: published.Published, answer: str, grader: str = "fixed") -> tuple[list[bool], str | None]:
    sheet = published.GRADERS[grader](puzzle, answer)
    return list(published.right(puzzle, sheet)), sheet.fault


@pytest.mark.skipif(not FILE.exists(), reason="the published puzzles are not there")
def test_a_perfect_sheet_is_worth_1_by_the_fixed_grader_and_0_926_by_the_released_one() -> None:
    puzzles = published.load(FILE)
    worth = {
        grader: sum(sum(right := graded(one, published.write(one), grader)[0]) / len(right) for one in puzzles)
        for grader in published.GRADERS
    }
    assert len(puzzles) == 64 and worth["fixed"] == 64 and round(worth["released"] / 64, 3) == 0.926


@pytest.mark.parametrize(
    "text", ["So it was him.\n\nA. Mr. Ash\nB. 09:00 PM\n", "A. Who?\nhim\n**A. Mr. Ash**\n**B.** 09:00 PM\nVoilà."]
)
def test_repair_finds_the_sheet_behind_other_text(tmp_path: Path, text: str) -> None:
    (puzzle,) = loaded(tmp_path, ENTRY)
    assert graded(puzzle, text) == ([False, False], "no_answer")
    mended = repair_sheet(text)
    assert graded(puzzle, mended.answer) == ([True, True], None) and mended.edits
    assert repair_sheet(mended.answer).answer == mended.answer


def test_a_sheet_is_read_question_by_question(tmp_path: Path) -> None:
    (puzzle,) = loaded(tmp_path, ENTRY)
    assert graded(puzzle, "A. Mr. Ash\nB. 09:00 PM\n") == ([True, True], None)
    assert graded(puzzle, "A. Mr. Ash\nB. 08:00 PM") == ([True, False], None)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("", "empty"), ("A. Mr. Ash", "no_answer"), ("B. 09:00 PM\nA. Mr. Ash", "no_answer"),
        ("A. Mr. Ash\nB. 09:00 PM\nthat is all", "no_answer"),
        ("A. Mrs. Elm\nA. Mr. Ash\nB. 09:00 PM", "no_answer"), ("A. Mr. Ash\nB. 09:00 PM\n" * 2, "second_answer"),
        ("A. Mr. Ash or Mrs. Elm\nB. 09:00 PM", "unknown_name"), ("A. mr. ash\nB. 09:00 PM", "unknown_name"),
        ("A. Rope\nB. 09:00 PM", "wrong_type"), ("A. SUSPECT\nB. TIME", "unknown_name"),
        ("A. Mr. \u0410sh\nB. 09:00 PM", "unknown_name"),  # a Cyrillic letter
        (PROMPT, "no_answer"),
    ],
)  # fmt: skip
def test_the_fixed_grader_reads_one_whole_sheet_or_nothing(tmp_path: Path, answer: str, fault: str) -> None:
    assert graded(*loaded(tmp_path, ENTRY), answer) == ([False, False], fault)


def test_the_released_grader_takes_the_last_match_anywhere_and_no_digit(tmp_path: Path) -> None:
    (puzzle,) = loaded(tmp_path, ENTRY)
    assert graded(puzzle, "A. Mrs. Elm, no, A. mr. ash B. 09:00 PM", "released")[0] == [False, False]  # "mr. ash B. "
    assert graded(puzzle, "A. Mrs. Elm, no, A. mr. ash", "released")[0] == [True, False]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"num_clues": 2}, "entry 1: num_clues: 2; the prompt has 1"),
        ({"prompt": 3}, "entry 1: prompt: 3; expected text"),
        ({"solution": {}}, "entry 1: solution: {}; expected an object"),
        ({"solution": {"A": "Mr. Ash"}}, "entry 1: solution: letters A; the prompt asks A, B"),
        ({"solution": {"A": "Mr. Oak", "B": "09:00 PM"}},
         "entry 1: solution.A: 'Mr. Oak'; expected a suspect of the prompt"),
    ],
)  # fmt: skip
def test_a_malformed_puzzle_is_named_by_entry_and_field(tmp_path: Path, change: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match="entry 1") as caught:
        loaded(tmp_path, ENTRY, {**ENTRY, **change})
    assert told in str(caught.value)
    with pytest.raises(InputError, match="is not JSON"):
        published.load(Path(__file__))
