"""Finding a contract, and what is said of one that cannot be found, imported or trusted to have its members."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from rungwise.contract import Grammar, Task, Verdict, hash_of, identity, installed, judge_all, load_contract, task_id
from rungwise.errors import ContractError, JudgeUnavailable


def written(folder: Path, text: str) -> str:
    path = folder / "mine.py"
    path.write_text(text)
    return f"{path}:make"


def refused(spec: str, settings: dict[str, object] | None = None) -> str:
    with pytest.raises(ContractError) as caught:
        load_contract(spec, settings)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_canvas_is_found_by_name_by_module_and_is_the_same() -> None:
    assert installed()["canvas"] == "rungwise.contracts.canvas:canvas"
    by_name, by_module = load_contract("canvas"), load_contract("rungwise.contracts.canvas:canvas")
    assert identity(by_name) == identity(by_module) == "canvas@1[surface=json]"


def test_settings_are_part_of_the_identity_and_of_task_ids() -> None:
    compact = load_contract("canvas", {"surface": "compact"})
    assert identity(compact) == "canvas@1[surface=compact]"
    assert compact.tasks("train", 1, 0)[0].id != load_contract("canvas").tasks("train", 1, 0)[0].id


def test_a_name_that_is_not_there_gets_the_nearest() -> None:
    assert "did you mean 'canvas'" in refused("canvsa")


def test_an_import_that_fails_names_the_file_and_the_own_line(tmp_path: Path) -> None:
    line = refused(written(tmp_path, "import json\n\nlimit = 1 / 0\n"))
    assert "mine.py:3: ZeroDivisionError" in line


def test_a_syntax_error_names_its_line(tmp_path: Path) -> None:
    assert "mine.py:2: SyntaxError" in refused(written(tmp_path, "a = 1\nb = = 2\n"))


def test_a_module_that_is_not_there_is_named() -> None:
    assert "No module named 'no_such_module'" in refused("no_such_module:make")


def test_an_attribute_that_is_not_there_gets_the_nearest(tmp_path: Path) -> None:
    assert "has no 'make'; did you mean 'maker'" in refused(written(tmp_path, "def maker(): ...\n"))


def test_a_setting_that_is_not_there_gets_the_nearest() -> None:
    assert "no setting 'surfac'; did you mean 'surface'" in refused("canvas", {"surfac": "json"})


def test_a_factory_that_raises_names_its_own_line(tmp_path: Path) -> None:
    assert "mine.py:2: KeyError" in refused(written(tmp_path, "def make():\n    raise KeyError('x')\n"))


MEMBERS = """
class C:
    name = "c"; version = "1"; tiers = ("t",); splits = ("train",); failures = {"bad": "mend"}; gold_floor = 1.0
    def tasks(self, split, n, seed): ...
    def gold(self, task): ...
    def judge(self, task, answer): ...
    def sabotage(self, task, seed): ...
    def repair(self, answer): ...
    def grammar(self): ...
    def picture(self, task, answer): ...
"""


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("del C.repair", "lacks the member repair(answer)"),
        ("C.judge = lambda self, task: None", "judge cannot be called as judge(task, answer)"),
        ("C.tiers = ['t']", "tiers is a list (['t']); expected tiers: tuple"),
        ("C.gold = 'gold'", "gold is a str; expected a method gold(task)"),
        ("C.splits = ()", "splits is empty"),
        ("C.gold_floor = None", "gold_floor is a NoneType (None); expected gold_floor: float"),
    ],
)
def test_a_member_that_is_wrong_is_named_with_what_is_expected(tmp_path: Path, broken: str, told: str) -> None:
    assert told in refused(written(tmp_path, f"{MEMBERS}\n{broken}\nmake = C()\n"))


def test_a_contract_made_already_takes_no_settings(tmp_path: Path) -> None:
    spec = written(tmp_path, MEMBERS + "make = C()\n")
    assert load_contract(spec).name == "c"
    assert "settings need a factory: surface" in refused(spec, {"surface": "json"})


def test_equal_content_has_equal_ids_whatever_the_order_of_keys() -> None:
    assert task_id("c", "1", a=1, b={"x": 1, "y": 2}) == task_id("c", "1", b={"y": 2, "x": 1}, a=1)
    assert task_id("c", "1", a=1) != task_id("c", "2", a=1)
    assert hash_of({"a": 1, "b": 2}) == hash_of({"b": 2, "a": 1})


def test_a_judge_that_cannot_run_is_tried_again_then_stops() -> None:
    class Flaky:
        def __init__(self, failures: int) -> None:
            self.failures = failures

        def judge_batch(self, pairs: Sequence[tuple[Task, str]]) -> list[Verdict]:
            self.failures -= 1
            if self.failures >= 0:
                raise JudgeUnavailable("busy")
            return [Verdict(score=1.0, passed=True) for _ in pairs]

    task = Task(id="1", contract="c", split="s", tier="t", family="f", prompt="p", facts={})
    assert judge_all(Flaky(2), [(task, "a")])[0].passed  # type: ignore[arg-type]
    with pytest.raises(JudgeUnavailable):
        judge_all(Flaky(3), [(task, "a")])  # type: ignore[arg-type]


def test_a_grammar_puts_its_rules_together_and_refuses_recursion() -> None:
    grammar = Grammar(start="all", rules={"all": "<one>(?:,<one>)*", "one": "[a-z]|<two>", "two": "[0-9]"}, reserved=())
    import re

    assert re.fullmatch(grammar.regex(), "a,1,b") and not re.fullmatch(grammar.regex(), "a,")
    with pytest.raises(ContractError, match="refers to itself"):
        Grammar(start="a", rules={"a": "x<b>", "b": "<a>"}, reserved=()).regex()
