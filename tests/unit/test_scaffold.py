"""`rungwise new NAME`: what must be true of the package it writes, and of the names it refuses."""

import re
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.contract import Contract, Task, load_contract, structure_of
from rungwise.errors import ContractError, InputError
from rungwise.ladder.rung import read, require_one_axis
from rungwise.scaffold import PLACEHOLDER, TEMPLATE, create
from rungwise.train.fitting import require_known

NAME = "my_lang"
ROOMS = ("__init__", "language", "judge", "tasks", "sabotage", "repair", "picture")
LABELS = {"unreadable", "too_long", "wall", "off_grid", "not_there"}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scaffold")
    create(NAME, folder)
    return folder / NAME


@pytest.fixture(scope="module")
def contract(package: Path) -> Contract:
    return load_contract(f"{package / NAME / '__init__.py'}:{NAME}")


@pytest.fixture(scope="module")
def tasks(contract: Contract) -> Sequence[Task]:
    return contract.tasks("train", 300, seed=0)


def test_its_rung_can_be_run(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(package.parent)
    rung = read(Path(NAME) / "rung.toml")
    require_known(rung, load_contract(rung.contract.name))
    assert rung.name == NAME and rung.sft and rung.asks
    require_one_axis(read(Path(NAME) / "rl.toml"), rung)


@pytest.fixture(scope="module")
def task(tasks: Sequence[Task]) -> Task:
    return tasks[2]


def gold(contract: Contract, task: Task) -> str:
    answer = contract.gold(task)
    assert answer is not None
    return answer


# ---- what is written -------------------------------------------------------------------------------------------------


def test_every_file_is_written_and_none_names_the_template(package: Path, tmp_path: Path) -> None:
    files = create("other", tmp_path)
    assert sorted(files) == sorted(file for file in tmp_path.rglob("*") if file.is_file())
    assert {str(file.relative_to(tmp_path / "other")) for file in files} == {
        "README.md",
        "pyproject.toml",
        "rung.toml",
        "rl.toml",
        "tests/test_contract.py",
        *(f"other/{room}.py" for room in ROOMS),
    }
    for file in [*files, *package.rglob("*.py")]:
        assert PLACEHOLDER not in str(file).lower()
        assert PLACEHOLDER not in file.read_text(encoding="utf-8").lower()


def test_the_entry_point_names_the_factory(package: Path) -> None:
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["rungwise.contracts"] == {NAME: f"{NAME}:{NAME}"}
    assert "class MyLangContract" in (package / NAME / "__init__.py").read_text()


def test_the_readme_is_one_screen(package: Path) -> None:
    assert len((package / "README.md").read_text().splitlines()) <= 45


def test_the_types_hold_for_whoever_installs_rungwise(package: Path) -> None:
    assert_clean(package, "mypy", "--strict", NAME, "tests")


@pytest.mark.parametrize("name", ["q", NAME, "n" * 32])
def test_the_style_is_that_of_the_house_whatever_the_name(name: str, tmp_path: Path) -> None:
    create(name, tmp_path)
    assert_clean(tmp_path / name, "ruff", "check")
    assert_clean(tmp_path / name, "ruff", "format", "--check")


def assert_clean(folder: Path, *tool: str) -> None:
    done = subprocess.run([sys.executable, "-m", *tool], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_caches_left_in_the_template_are_not_copied(tmp_path: Path) -> None:
    load_contract(f"{TEMPLATE / PLACEHOLDER / '__init__.py'}:{PLACEHOLDER}")
    assert not [file for file in create("clean", tmp_path) if "cache" in str(file.relative_to(tmp_path))]


# ---- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *["", "Walk", "my-lang", "2d", "_lang", "lang_", "a__b", "naïve", "a b", "../up", "x" * 33],
        *["class", "print", "json", "numpy", "rungwise", "judge", "tests", "canvas"],
    ],
)
def test_a_bad_name_is_refused_in_one_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rungwise.scaffold.installed", lambda: {"canvas": "rungwise.contracts.canvas:canvas"})
    with pytest.raises(InputError) as refusal:
        create(name, tmp_path)
    assert repr(name) in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert not list(tmp_path.iterdir())


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match=f"{NAME}: stands here already"):
        create(NAME, tmp_path)
    assert [file.name for file in (tmp_path / NAME).iterdir()] == ["thesis.txt"]


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    assert create(NAME, tmp_path)


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write") as refusal:
        create(NAME, tmp_path / "file")
    assert "\n" not in str(refusal.value)


def test_a_setting_out_of_range_is_one_line(package: Path) -> None:
    with pytest.raises(ContractError, match="slack is 0; expected at least 1"):
        load_contract(f"{package / NAME / '__init__.py'}:{NAME}", {"slack": 0})


# ---- tasks -----------------------------------------------------------------------------------------------------------


def test_gold_scores_one_and_is_not_in_the_prompt(contract: Contract, tasks: Sequence[Task]) -> None:
    for task in tasks:
        verdict = contract.judge(task, gold(contract, task))
        assert (verdict.score, verdict.passed, verdict.failure) == (1.0, True, None)
        assert not any(line in task.prompt for line in gold(contract, task).split("\n"))
        assert len(task.prompt) <= 300


def test_golds_are_diverse(contract: Contract, tasks: Sequence[Task]) -> None:
    assert len({gold(contract, task) for task in tasks}) > 100


def test_hardly_a_task_stands_twice_in_a_split(contract: Contract) -> None:
    for split in contract.splits:
        assert len({task.id for task in contract.tasks(split, 300, seed=5)}) >= 290  # the grids are small


def test_splits_share_no_task_in_any_turn_or_mirror(contract: Contract) -> None:
    drawn = {split: {structure_of(contract, t) for t in contract.tasks(split, 90, seed=0)} for split in contract.splits}
    assert not drawn["train"] & drawn["dev"] | drawn["train"] & drawn["test"] | drawn["dev"] & drawn["test"]


def test_a_turned_maze_is_the_same_problem(contract: Contract, task: Task) -> None:
    turned = ["".join(column) for column in zip(*task.facts["grid"][::-1], strict=True)]
    twin = Task(
        id="", contract="", split="", tier="", family="", prompt="", facts={**task.facts, "grid": turned, "limit": 9}
    )
    assert structure_of(contract, twin) == structure_of(contract, task)


def test_neighbouring_seeds_share_no_task(contract: Contract, tasks: Sequence[Task]) -> None:
    next_door = contract.tasks("train", 300, seed=1)
    assert not {structure_of(contract, t) for t in next_door} & {structure_of(contract, t) for t in tasks}


def test_a_task_depends_on_its_own_place_alone(contract: Contract, tasks: Sequence[Task]) -> None:
    assert list(contract.tasks("train", 10, seed=0)) == list(tasks[:10])
    assert [task.tier for task in tasks[:4]] == ["t1", "t2", "t3", "t1"]


def test_harder_tiers_need_more_lines(contract: Contract, tasks: Sequence[Task]) -> None:
    lines = {tier: [gold(contract, t).count("\n") + 1 for t in tasks if t.tier == tier] for tier in contract.tiers}
    assert max(lines["t1"]) < min(lines["t2"]) <= max(lines["t2"]) < min(lines["t3"])


def test_an_unknown_split_is_one_line(contract: Contract) -> None:
    with pytest.raises(ContractError, match="no split 'tran'; did you mean 'train'"):
        contract.tasks("tran", 1, seed=0)


# ---- judge and sabotage ----------------------------------------------------------------------------------------------


def test_every_sabotage_gets_its_label(contract: Contract, tasks: Sequence[Task]) -> None:
    seen = set()
    for task in tasks:
        for wrong in contract.sabotage(task, seed=1):
            verdict = contract.judge(task, wrong.answer)
            assert (verdict.failure, verdict.passed) == (wrong.label, False), wrong
            assert verdict.score < 0.5
            seen.add(wrong.label)
    assert seen == set(contract.failures) == LABELS


line = st.builds(
    "{} {}".format,
    st.sampled_from(["up", "down", "left", "right", "Up", "north"]),
    st.integers(min_value=0, max_value=10),
)
junk = st.one_of(
    st.text(max_size=500), st.lists(line, max_size=12).map("\n".join), st.text("updown left\n3\r\t`", max_size=60)
)


@settings(max_examples=300, deadline=None)
@given(answer=junk)
def test_the_judge_is_total_and_passes_no_junk(contract: Contract, task: Task, answer: str) -> None:
    verdict = contract.judge(task, answer)
    assert verdict == contract.judge(task, answer)
    assert verdict.failure in LABELS or arrives(task, answer)
    assert 0 <= verdict.score <= 1
    assert verdict.passed == (verdict.score == 1) == (verdict.failure is None)


def arrives(task: Task, answer: str) -> bool:
    """A second opinion, written without the judge."""
    row, column = task.facts["start"]
    lines = answer.split("\n")
    for line in lines:
        direction, steps = line.split(" ")
        for _ in range(int(steps)):
            row += {"up": -1, "down": 1}.get(direction, 0)
            column += {"left": -1, "right": 1}.get(direction, 0)
            if row < 0 or column < 0 or task.facts["grid"][row][column] == "#":
                return False
    return [row, column] == task.facts["goal"] and len(lines) <= task.facts["limit"]


@settings(max_examples=300, deadline=None)
@given(answer=junk)
def test_grammar_and_parser_accept_the_same(contract: Contract, answer: str) -> None:
    grammar = contract.grammar()
    assert grammar is not None
    assert bool(re.fullmatch(grammar.regex(), answer)) == (contract.canonical(answer) == answer)  # type: ignore[attr-defined]


def test_the_grammar_accepts_every_gold(contract: Contract, tasks: Sequence[Task]) -> None:
    grammar = contract.grammar()
    assert grammar is not None
    pattern = re.compile(grammar.regex())
    assert all(pattern.fullmatch(gold(contract, task)) for task in tasks)


# ---- repair ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "mended", "edits"),
    [
        ("right 3\nup 2", "right 3\nup 2", ()),
        (" RIGHT  3 \n\tup 2", "right 3\nup 2", ("case and space folded",)),
        ("```\nup 2\n```", "up 2", ("code fence removed",)),
        ("Sure!\nup 2\n", "up 2", ("case and space folded", "lines dropped that are no moves")),
        ("up 2\nup 1\nleft 1", "up 3\nleft 1", ("equal directions merged",)),
        ("up 8\nup 8", "up 9", ("equal directions merged",)),
        ("I cannot do this", "I cannot do this", ()),
        ("", "", ()),
    ],
)
def test_what_repair_mends(contract: Contract, answer: str, mended: str, edits: tuple[str, ...]) -> None:
    assert (contract.repair(answer).answer, contract.repair(answer).edits) == (mended, edits)


@settings(max_examples=300, deadline=None)
@given(answer=junk)
def test_repair_is_idempotent_and_leaves_what_is_valid(contract: Contract, answer: str) -> None:
    mended = contract.repair(answer)
    assert contract.repair(mended.answer).answer == mended.answer
    assert contract.repair(mended.answer).edits == ()
    assert bool(mended.edits) == (mended.answer != answer)
    if contract.canonical(answer) is not None:  # type: ignore[attr-defined]
        assert mended.answer == answer


# ---- picture ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer", ["", "<script>&\x00\ud800</script>", "up 9\n" * 5000, "x" * 10**6, "right 9", "down 9"]
)
def test_the_picture_of_anything_is_small_and_well_formed(contract: Contract, task: Task, answer: str) -> None:
    drawn = contract.picture(task, answer)
    assert drawn is not None
    ElementTree.fromstring(drawn.encode())
    assert "<script>" not in drawn
    assert len(drawn) < 10_000
