"""What must be true of the contract, whatever its language becomes. Runs with nothing installed but rungwise."""

import re
from pathlib import Path

import pytest
from rungwise.check import examine
from rungwise.contract import Contract, Task, load_contract

ROOMS = Path(__file__).parents[1] / "newlang"
SPEC = f"{ROOMS / '__init__.py'}:newlang"


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(SPEC)


@pytest.fixture(scope="module")
def tasks(contract: Contract) -> list[Task]:
    return list(contract.tasks("test", 60, seed=0))


def gold(contract: Contract, task: Task) -> str:
    answer = contract.gold(task)
    assert answer is not None
    return answer


def test_the_judge_passes_its_own_examination() -> None:
    assert [finding for finding in examine(SPEC, n=24, seed=0).findings if not finding.passed] == []


def test_gold_is_worth_all_there_is(contract: Contract, tasks: list[Task]) -> None:
    assert {contract.judge(task, gold(contract, task)).score for task in tasks} == {1.0}


def test_the_first_tasks_do_not_depend_on_how_many_are_made(contract: Contract, tasks: list[Task]) -> None:
    assert list(contract.tasks("test", 9, seed=0)) == tasks[:9]


def test_a_valid_answer_is_never_repaired(contract: Contract, tasks: list[Task]) -> None:
    assert all(contract.repair(gold(contract, task)).edits == () for task in tasks)


def test_the_grammar_accepts_every_gold(contract: Contract, tasks: list[Task]) -> None:
    grammar = contract.grammar()
    assert grammar is not None
    assert all(re.fullmatch(grammar.regex(), gold(contract, task)) for task in tasks)
