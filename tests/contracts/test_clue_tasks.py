"""Tasks of clue: one answer each, no clue to spare, no structure in two splits, hard for the reason their tier says."""

from functools import cache

import pytest

from rungwise.contract import Contract, Lazy, Task
from rungwise.contracts.clue import clue
from rungwise.contracts.clue.isomorphism import relabelled
from rungwise.contracts.clue.judge import puzzle_of
from rungwise.contracts.clue.language import BETWEEN, HEAD
from rungwise.contracts.clue.names import fixed
from rungwise.contracts.clue.solver import Solved, minimal, solve
from rungwise.contracts.clue.tasks import SPLITS, require_tiers
from rungwise.contracts.clue.tiers import TIERS
from rungwise.contracts.clue.tree import Compound, Is
from rungwise.errors import ContractError, InputError, RungwiseError
from tests.contracts.clue_reader import answers

SMALL = "C0-C5"


@cache
def made(**given: object) -> Contract:
    return clue(**{"tiers": SMALL, **given})  # type: ignore[arg-type]


@cache
def tasks(split: str, n: int = 30, **given: object) -> list[Task]:
    return list(made(**given).tasks(split, n, 5))


@pytest.mark.parametrize("surface", ["compact", "english"])
def test_every_text_has_one_answer_by_an_independent_reader(surface: str) -> None:
    for task in tasks("train", surface=surface):
        (answer,) = answers(task.facts["puzzle"], surface)
        gold = made(surface=surface, answer="direct").gold(task)
        assert gold == f"{HEAD[surface]} {BETWEEN[surface].join(answer)}"


def test_no_clue_can_be_left_out_but_where_noise_was_asked_for() -> None:
    spare = dict.fromkeys(SPLITS, 0)
    for split in SPLITS:
        for task in tasks(split, 18, tiers="C1-C4"):
            puzzle, _ = puzzle_of(task, "compact")
            spare[split] += len(puzzle.clues) - len(minimal(puzzle.shape, puzzle.clues, puzzle.slots))
    assert spare.pop("noisy") >= 36 and set(spare.values()) == {0}


def test_no_structure_stands_in_two_splits() -> None:
    found = {split: {task.facts["structure"] for task in tasks(split, 120, tiers="C0-C4")} for split in SPLITS}
    for one in SPLITS:
        assert not any(found[one] & found[other] for other in SPLITS if other != one)


def test_a_structure_is_the_same_under_other_names() -> None:
    for task in tasks("train", tiers="C0-C4", names="drawn"):
        puzzle, _ = puzzle_of(task, "compact")
        assert relabelled(puzzle) == task.facts["structure"]


def test_each_tier_needs_what_it_is_about() -> None:
    for task in tasks("test", 60):
        puzzle, difficulty = puzzle_of(task, "compact")[0], task.facts["difficulty"]
        compounds = any(isinstance(clue, Compound) for clue in puzzle.clues)
        assert isinstance(solve(puzzle), Solved) and difficulty["left"] >= 1
        if task.tier in ("C0", "C1"):
            assert all(isinstance(clue, Is) for clue in puzzle.clues) and bool(task.facts["lines"]) == (
                task.tier == "C1"
            )
        if task.tier in ("C2", "C3"):
            assert difficulty["splits"] == 0 and compounds == (task.tier == "C3")
        if task.tier == "C4":
            assert difficulty["splits"] > 0
        if task.tier == "C5":
            assert puzzle.shape.kind == "moments"


def test_what_is_larger_is_no_training_shape_of_any_tier() -> None:
    """More suspects, or houses; a night of a lower tier is measured by the nights below the published size."""
    for label, tier in TIERS.items():
        others = [shape for other in TIERS.values() for shape in other.shapes if shape.kind == tier.shapes[0].kind]
        assert tier.larger and not set(tier.larger) & set(others)
        if label in ("C5", "C6"):
            others = [shape for other in ("C5", "C6") for shape in TIERS[other].shapes]
        assert min(shape.size for shape in tier.larger) > max(shape.size for shape in others), label


def test_nothing_is_larger_than_a_shape_of_ones_own() -> None:
    contract = clue(shape="crime 3 2")
    assert contract.splits == tuple(split for split in SPLITS if split != "larger")
    with pytest.raises(InputError, match="no split 'larger'") as caught:
        contract.tasks("larger", 1, 0)
    assert "\n" not in str(caught.value)


def test_the_tier_of_an_item_is_known_before_it_is_made() -> None:
    made = clue(tiers="C0,C2,Z1").tasks("test", 7, 3)
    assert isinstance(made, Lazy) and [made.tier(at) for at in range(7)] == [task.tier for task in made]
    assert [made[2:].tier(at) for at in range(5)] == [task.tier for task in made[2:]]


def test_an_item_depends_on_split_seed_and_place_alone() -> None:
    whole = tasks("test", 12)
    again = clue(tiers=SMALL).tasks("test", 6, 5)[3:6]
    assert [task.id for task in again] == [task.id for task in whole[3:6]]
    assert not {task.id for task in clue(tiers=SMALL).tasks("test", 12, 6)} & {task.id for task in whole}


def test_fixed_names_are_the_first_and_drawn_ones_any() -> None:
    for task in tasks("train"):
        puzzle, names = puzzle_of(task, "compact")
        assert names == fixed(puzzle.shape)
    letters = {puzzle_of(task, "compact")[1].places for task in tasks("train", names="drawn")}
    assert len(letters) > 20


def test_a_shape_of_ones_own() -> None:
    contract = clue(shape="crime 4 3", kinds="is=1,link=2,or=1", redundant=2)
    assert contract.tiers == ("own",)
    (task,) = contract.tasks("train", 1, 0)
    puzzle, _ = puzzle_of(task, "compact")
    assert (puzzle.shape.size, puzzle.shape.attributes) == (4, 3) and contract.judge(
        task, contract.gold(task) or ""
    ).passed


@pytest.mark.parametrize(("text", "tiers"), [("C0-C2", "C0,C1,C2"), ("C4,C1", "C1,C4"), ("Z1", "Z1"), ("C3-C3", "C3")])
def test_tiers_are_named_alone_or_from_one_to_another(text: str, tiers: str) -> None:
    assert require_tiers(text) == tiers and set(tiers.split(",")) <= set(TIERS)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"tiers": "C9"}, "no tier 'C9'"), ({"tiers": "C3-C1"}, "expected tiers"), ({"surface": "latin"}, "compact"),
        ({"answer": "prose"}, "proof"), ({"names": "mine"}, "fixed"), ({"shape": "crime 4"}, "crime SUSPECTS"),
        ({"shape": "moments 3 3"}, "COLUMNSxROWS"), ({"shape": "crime 9 2"}, "2 to 5"), 
        ({"kinds": "is=1"}, "without shape"),
        ({"shape": "crime 3 2", "kinds": "is:1"}, "KIND=WEIGHT"), 
        ({"shape": "crime 3 2", "kinds": "linc=1"}, "did you mean"),
        ({"answer": "proof"}, "expected it with tiers of C0-C4"),
        ({"source": "nowhere.json"}, "no such file"), ({"answer": "clues"}, "expected english with clues"),
    ],
)  # fmt: skip
def test_bad_settings_are_told_in_a_line(given: dict[str, str], told: str) -> None:
    with pytest.raises(RungwiseError) as caught:
        clue(**given)  # type: ignore[arg-type]
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_a_split_that_is_not_there() -> None:
    with pytest.raises((InputError, ContractError), match="no split 'tset'"):
        made().tasks("tset", 1, 0)
