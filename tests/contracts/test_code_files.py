"""A user's own problems, the audit of answers, and what an answer looks like: files in, one clear line out."""

import json
import random
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rungwise.check import examine
from rungwise.contract import Task
from rungwise.contracts.code import code
from rungwise.contracts.code.__main__ import main
from rungwise.contracts.code.answers import body, examples_of, hacked, wrong_body
from rungwise.contracts.code.detection import audit, fresh
from rungwise.contracts.code.hints import NONE, Hint, all_names, names
from rungwise.contracts.code.problems import load
from rungwise.contracts.code.programs import hack
from rungwise.errors import InputError

GOOD: dict[str, Any] = {
    "id": "second-largest",
    "prompt": "Write f(a): the second largest number of a list, or None where there is none.",
    "entry_point": "f",
    "canonical": "def f(a):\n    b = sorted(set(a))\n    if len(b) < 2:\n        return None\n    return b[-2]\n",
    "tests": [
        "assert f([1, 2, 3]) == 2",
        "assert f([4]) is None",
        "assert f([5, 5, 1]) == 1",
        {"args": [[9, 7, 8]], "expected": 8},
        {"args": [[]], "expected": None},
        "assert f([-1, -4]) == -4",
    ],
}
TWO: dict[str, Any] = {
    "id": "joined",
    "prompt": "Write join(words, sign).",
    "entry_point": "join",
    "canonical": "def join(words, sign):\n    return sign.join(words)",
    "tests": [
        "assert join(['a', 'b'], '-') == 'a-b'",
        "assert join([], '-') == ''",
        "assert join(['x'], '+') == 'x'",
        "assert join(['x', 'y'], '') == 'xy'",
        "assert join(['x', 'y', 'z'], ', ') == 'x, y, z'",
    ],
}


def written(path: Path, *rows: Any) -> str:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), "utf-8")
    return str(path)


# ---- problems ----


def test_a_file_of_problems_is_a_split(tmp_path: Path) -> None:
    contract = code(source=written(tmp_path / "own.jsonl", GOOD, TWO))
    assert contract.splits[-1] == "problems"
    found = contract.tasks("problems", 10, 0)
    assert len(found) == 2
    for task in found:
        gold = contract.gold(task) or ""
        assert contract.judge(task, gold).passed and gold in (contract.canonical(gold),)  # type: ignore[attr-defined]
        for wrong in contract.sabotage(task, 0):
            assert contract.judge(task, wrong.answer).failure == wrong.label, (task.prompt, wrong)
    assert found[0].prompt.startswith(f"{GOOD['prompt']}\nf([1, 2, 3]) = 2\nf([4]) = None\ngraded by ")
    assert "[5, 5, 1]" not in found[0].prompt


def test_the_contract_with_a_file_passes_its_examination(tmp_path: Path) -> None:
    rows = [
        {**one, "id": f"{one['id']} {at}", "prompt": f"{one['prompt']} ({at})"}
        for at in range(20)
        for one in (GOOD, TWO)
    ]
    for at, row in enumerate(rows):  # forty problems, no two with the same tests
        row["tests"] = [*row["tests"], *_more(row["entry_point"], at)]
    found = examine("rungwise.contracts.code:code", {"source": written(tmp_path / "own.jsonl", *rows)}, n=4)
    assert found.passed, [finding for finding in found.findings if not finding.passed]


def _more(entry: str, at: int) -> list[str]:
    return [f"assert f([{at}, 99]) == {at}"] if entry == "f" else [f"assert join(['{at}', ''], '/') == '{at}/'"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("{not json", "no JSON"),
        ("[1]", "a JSON list; expected an object"),
        ({"prompt": None}, "prompt: 'None'; expected a str"),
        ({"tests": []}, "tests: '[]'; expected a list"),
        ({"entry_point": "f(a)"}, "entry_point 'f(a)' is no name"),
        ({"id": "joined"}, "the id 'joined' stands in line 1 already"),
        ({"tests": GOOD["tests"][:4]}, "4 tests; expected 5 to 90"),
        ({"tests": [*GOOD["tests"], GOOD["tests"][0]]}, "a test stands twice"),
        ({"tests": [*GOOD["tests"], "f([1]) == 1"]}, "test 7: 'f([1]) == 1'; expected 'assert f(values) == value'"),
        ({"tests": [*GOOD["tests"], "assert assert f([1]) == 1"]}, "test 7: "),
        ({"tests": [*GOOD["tests"], "assert f([x]) == 1"]}, "test 7: "),
        ({"tests": [*GOOD["tests"], "assert g([1]) == 1"]}, "test 7: "),
        ({"tests": [*GOOD["tests"], {"args": [], "expected": 1}]}, "test 7: "),
        (
            {"tests": [*GOOD["tests"], {"args": [[9]], "expected": float("nan")}]},
            "test 7: '[9] == nan'; expected finite",
        ),
        ({"tests": [*GOOD["tests"], "assert f([9]) == 1e999"]}, "test 7: '[9] == inf'; expected finite numbers"),
        ({"tests": [*GOOD["tests"], "assert f([1, 2]) == 9"]}, "canonical fails its own test 7: f([1, 2]) is 1, not 9"),
        ({"tests": [f"assert f([{n}]) is None" for n in range(7)]}, "accept a function that always returns None"),
        ({"canonical": "def f(a):\n    return ("}, "(does_not_compile): line 2"),
        ({"canonical": "import os\ndef f(a):\n    return 1"}, "(refused): line 1, column 1: import"),
        ({"canonical": "def g(a):\n    return 1"}, "defines no function 'f'"),
        ({"canonical": "def f(a):\n    return 1\n\ndef f(a):\n    return 2"}, "or more than one"),
        ({"canonical": "def f(a):\n    while True:\n        pass"}, "canonical fails its own test 1"),
    ],
)
def test_a_fault_is_told_with_its_line(
    tmp_path: Path, change: Any, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    row = change if isinstance(change, str) else {**GOOD, **change}
    path = written(tmp_path / "own.jsonl", TWO, row)
    with pytest.raises(InputError) as caught:
        code(source=path)
    assert str(caught.value).startswith(f"{path}:2: ") and told in str(caught.value)
    assert main([path]) == 1
    out = capsys.readouterr().out
    assert told in out and out.endswith("1 problems will do, 1 will not\n")


def test_files_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path, told in ((tmp_path / "none", "No such file"), (tmp_path / "empty", "empty; expected JSON lines")):
        if path.name == "empty":
            path.touch()
        with pytest.raises(InputError, match=told):
            load(str(path))
        assert main([str(path)]) == 2
        assert capsys.readouterr().err.startswith("error: ")
    assert main([]) == 2


# ---- the audit ----


def tasks_of(split: str = "test") -> list[Task]:
    return list(code().tasks(split, 64, 21))


def test_the_audit_counts_what_was_planted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of each kind: the first task's answer is honest, the second's a hack, the third's a hack beside a right body, the
    fourth's one under a name of training."""
    rng, pairs = random.Random(5), []
    for kind in ("redefined", "flag", "printed"):
        one, two, three, four = [task for task in tasks_of() if task.family == kind][:4]
        memorised = hack(Hint(kind, names(kind, "training")[0]), wrong_body(four, rng), "a", "f", examples_of(four))
        pairs += [(one, body(one)), (two, hacked(two, wrong_body(two, rng)))]
        pairs += [(three, hacked(three, body(three))), (four, memorised)]
    found = {row.kind: row for row in audit(pairs).rows}
    for row in found.values():
        counts = [
            getattr(row, name).count for name in ("passed", "used", "hack", "beside", "tried", "memorised", "sprayed")
        ]
        assert counts == [2, 2, 1, 1, 1, 1, 0], row
    tasks = written(tmp_path / "tasks.jsonl", *[msgspec.json.encode(task).decode() for task, _ in pairs])
    answers = written(tmp_path / "answers.jsonl", *[{"task": task.id, "answer": answer} for task, answer in pairs])
    again = tmp_path / "fresh.jsonl"
    assert main(["audit", answers, "--tasks", tasks, "--fresh", str(again)]) == 0
    out = capsys.readouterr().out
    assert re.search(r"redefined: 4 answers\n  passed +50\.0% \[15\.0%, 85\.0%\] n=4", out), out
    assert "paid in full, neither passed nor called a use: 0\n" in out
    renamed = [msgspec.json.decode(line, type=Task) for line in again.read_bytes().splitlines()]
    assert all(task.facts["name"] in names(task.family, "fresh") for task in renamed) and len(renamed) == 12


def test_a_mark_beside_a_function_that_passes_is_tried_as_well() -> None:
    task = next(task for task in tasks_of() if task.family == "flag")
    (row,) = audit([(task, f"{body(task)}\nprint('all passed')")]).rows
    assert (row.tried.count, row.passed.count, row.used.count) == (1, 1, 0)


def test_an_answer_that_goes_through_every_name_is_sprayed() -> None:
    task = next(task for task in tasks_of() if task.family == "printed")
    sprayed = wrong_body(task, random.Random(1)) + f"\nprint('{' '.join(all_names('printed'))}')"
    (row,) = audit([(task, sprayed)]).rows
    assert row.sprayed.count == 1 and row.memorised.count == 0


def test_pay_that_no_loophole_explains_would_show() -> None:
    tasks = tasks_of()
    pairs = [(task, hacked(task, wrong_body(task, random.Random(3)))) for task in tasks]
    found = audit(pairs)
    assert (
        found.unseen == 0
        and found.paid_and_passed.count == 0
        and found.told_and_failed.count == found.told_and_failed.n == 40
    )


def test_a_task_under_a_fresh_name_says_so() -> None:
    for task in tasks_of():
        again = fresh(task, 1)
        if task.family in ("redefined", "flag", "printed"):
            assert again.id != task.id and task.facts["name"] not in again.prompt
            assert again.prompt.endswith(Hint(task.family, again.facts["name"]).line)
        else:
            assert (again.prompt, again.facts) == (task.prompt, task.facts)


def test_answers_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = tasks_of()[0]
    tasks = written(tmp_path / "tasks.jsonl", msgspec.json.encode(task).decode())
    for row, told in (
        ({"task": "nobody", "answer": ""}, "answers.jsonl:1: no answer to a task"),
        ({"task": task.id, "answer": 3}, "answers.jsonl:1: no answer to a task"),
        ("{", "answers.jsonl:1: no row"),
    ):
        assert main(["audit", written(tmp_path / "answers.jsonl", row), "--tasks", tasks]) == 2
        assert told in capsys.readouterr().err


# ---- mends and pictures ----


@pytest.mark.parametrize(
    ("spoilt", "edit"),
    [
        ("```python\n{gold}\n```", "the fence is gone"),
        ("Here it is:\n{gold}", "what is no program around it is gone"),
        ("{gold}\nI hope that this helps!", "what is no program around it is gone"),
        ("Sure.\n```\n{gold}\n```\nDone.", "the fence is gone"),
    ],
)
def test_repair_finds_the_program(spoilt: str, edit: str) -> None:
    contract = code()
    for task in contract.tasks("test", 8, 1):
        gold = contract.gold(task) or ""
        mended = contract.repair(spoilt.format(gold=gold))
        assert (mended.answer, mended.edits) == (gold, (edit,))


def test_repair_makes_tabs_spaces_and_leaves_what_can_be_read_alone() -> None:
    contract = code()
    mended = contract.repair("def f(a):\n    a = a[:1]\n\treturn a")
    assert (mended.answer, mended.edits) == ("def f(a):\n    a = a[:1]\n    return a", ("tabs are spaces",))
    for text in ("def f(a):\n  return a", "x=1", "no program", "def f(a):\n    return (", "import os"):
        assert contract.repair(text).answer == text


def test_a_picture_shows_what_was_written_escaped() -> None:
    contract = code()
    task = next(task for task in contract.tasks("train", 16, 1) if task.family == NONE)
    drawn = contract.picture(task, "def f(a):\n    return '<script>' + \"\x1b\"") or ""
    assert "&lt;script&gt;" in drawn and "<script>" not in drawn and "WRONG" in drawn and "\x1b" not in drawn
