"""Many contracts as one: whose tasks, who judges, what training leaves out; and the matrix of what that comes to."""

import json
from collections import Counter
from pathlib import Path

import pytest

from rungwise.check import examine
from rungwise.contract import Contract, identity, load_contract
from rungwise.drawing import draw
from rungwise.errors import InputError
from rungwise.interop.panel.__main__ import main
from rungwise.interop.panel.matrix import ALL, left_by, matrix, opened
from rungwise.probe.freeze import freeze
from rungwise.probe.measure import measure, read, save
from rungwise.probe.shallow import ShallowWriter

SPEC = "rungwise.interop.panel:panel"
MEMBERS = "trace:surface=compact;scene:families=timeline;trace:surface=yaml,numbers=pointer"
NAMES = ["trace-compact", "scene-timeline", "trace-yaml-pointer"]


def panel(**settings: object) -> Contract:
    return load_contract(SPEC, {"members": MEMBERS, **settings})


# ---- the contract ----


def test_members_take_turns_and_are_the_families() -> None:
    found = panel()
    for split in found.splits:
        tasks = found.tasks(split, 7, 0)
        assert [task.family for task in tasks] == [*NAMES, *NAMES, NAMES[0]]
        assert list(found.tasks(split, 5, 0)) == list(tasks)[:5]
        assert len({task.id for task in tasks}) == 7


def test_training_leaves_out_what_is_named_and_measuring_does_not() -> None:
    whole, without = panel(), panel(leave="scene-timeline")
    assert {task.family for task in without.tasks("train", 9, 0)} == {"trace-compact", "trace-yaml-pointer"}
    for split in ("dev", "test"):
        assert without.tasks(split, 9, 0) == whole.tasks(split, 9, 0)
    assert identity(whole) != identity(without)


def test_each_task_is_judged_by_its_own_member() -> None:
    found = panel()
    tasks = found.tasks("test", 6, 0)
    golds = [str(found.gold(task)) for task in tasks]
    assert all(found.judge(task, gold).passed for task, gold in zip(tasks, golds, strict=True))
    others = [*golds[1:], golds[0]]
    assert not any(found.judge(task, other).passed for task, other in zip(tasks, others, strict=True))
    pairs = [*zip(tasks, golds, strict=True), *zip(tasks, others, strict=True)]
    assert found.judge_batch(pairs) == [found.judge(*pair) for pair in pairs]  # type: ignore[attr-defined]


def test_a_task_is_that_of_its_member() -> None:
    found, own = panel(), load_contract("trace", {"surface": "compact"})
    theirs = own.tasks("iid", 2, 3)  # trace has no split test; iid is what it measures first
    assert [task.prompt for task in found.tasks("test", 6, 3) if task.family == NAMES[0]] == [t.prompt for t in theirs]


def test_repair_is_what_all_members_agree_on() -> None:
    found = panel(members="trace:surface=compact;trace:surface=compact,forms=3")
    task = found.tasks("test", 1, 0)[0]
    gold = str(found.gold(task))
    assert found.repair(f"```\n{gold}\n```").answer == gold  # both mend it alike
    assert panel().repair(f"```\n{gold}\n```").answer == f"```\n{gold}\n```"  # whose it is is not known


def test_the_grammar_is_the_members_where_they_have_one_in_common() -> None:
    assert panel().grammar() is None
    alike = panel(members="trace:surface=compact;trace:surface=compact,forms=3")
    assert alike.grammar() == load_contract("trace").grammar()


def test_tiers_are_one_or_the_members_in_their_order() -> None:
    assert panel().tiers == ("all",)
    union = panel(tiers="union")
    assert union.tiers == ("t1", "t2", "t3", "t4", "t5", "t6", "s1", "s2", "s3", "s4")
    assert {task.tier for task in union.tasks("test", 6, 0)} <= set(union.tiers)


def test_thirty_members_have_an_identity_that_names_a_file() -> None:
    many = ";".join(
        f"trace:forms={forms},numbers={how}" for forms in range(1, 13) for how in ("literal", "pointer", "any")
    )
    assert len(identity(panel(members=many.replace("any", "literal,surface=yaml")))) < 150


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"members": " ; "}, "members: names no contract"),
        ({"members": "trace;trace"}, "members: trace stands twice"),
        ({"members": "trce"}, "did you mean 'trace'?"),
        ({"members": "trace:surfce=yaml"}, "trace has no setting 'surfce'; did you mean 'surface'?"),
        ({"leave": "trace-compct"}, "leave: no member 'trace-compct'; did you mean 'trace-compact'?"),
        ({"leave": ",".join(NAMES)}, "leave: leaves no member to train on"),
        ({"tiers": "unoin"}, "did you mean 'union'?"),
    ],
)
def test_bad_input_gets_one_line(settings: dict[str, object], told: str) -> None:
    with pytest.raises(InputError) as caught:
        panel(**settings)
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_the_examination_passes() -> None:
    assert examine(SPEC, {"members": MEMBERS.rpartition(";")[0]}, n=8, seconds_per_answer=20).passed


# ---- the matrix ----


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a lookup of training tasks passes, with all members in them and without one: as runs lie on disk."""
    home = tmp_path_factory.mktemp("runs")
    members = MEMBERS.rpartition(";")[0]
    probe = freeze(home / "probe", SPEC, {"members": members}, {"test": 24}, k=0, pool_tasks=24)
    for name, leave in (("whole", ""), ("without", "scene-timeline")):
        known = draw(SPEC, {"members": members, "leave": leave}, "train", 20, 0, on="inline")
        save(home / name / "probe", probe, measure(probe, ShallowWriter("nearest", known, {})))
        settings = {"contract": {"name": "panel", "settings": {"members": members}}, "rl": None,
                    "sft": {"mixture": [{"source": "gold", "draw": {"leave": leave}}]}}  # fmt: skip
        (home / name / "settings.json").write_text(json.dumps(settings))
    return home


def test_a_cell_is_the_rate_over_a_familys_tasks(runs: Path) -> None:
    found = matrix([opened(str(runs / name)) for name in ("whole", "without")], "score")
    assert list(found.rows) == [ALL, "all but scene-timeline"]
    assert found.families == ("trace-compact", "scene-timeline")
    assert {name: cell.left for name, cell in found.rows["all but scene-timeline"].items()} == {
        "trace-compact": False, "scene-timeline": True,
    }  # fmt: skip
    rows = [row for row in read(runs / "whole" / "probe").rows if row.family == "scene-timeline"]
    cell = found.rows[ALL]["scene-timeline"]
    assert cell.estimate.n == len(rows) == 12
    assert cell.estimate.value == pytest.approx(sum(row.greedy.score for row in rows) / 12)
    assert cell.estimate.low <= cell.estimate.value <= cell.estimate.high


def test_results_of_one_label_are_seeds_of_one_thing(runs: Path) -> None:
    found = matrix([opened(f"both={runs / name}") for name in ("whole", "without")], "score")
    cell = found.rows["both"]["scene-timeline"]
    apart = [matrix([opened(str(runs / name))], "score") for name in ("whole", "without")]
    values = [next(iter(one.rows.values()))["scene-timeline"].estimate.value for one in apart]
    assert (cell.seeds, cell.least, cell.most) == (2, min(values), max(values))
    assert cell.estimate.value == pytest.approx(sum(values) / 2) and cell.estimate.n == 12


def test_only_what_no_source_draws_is_left_out(runs: Path, tmp_path: Path) -> None:
    told = json.loads((runs / "without" / "settings.json").read_text())
    for more, left in (
        ([], ("scene-timeline",)), ([{"source": "gold", "draw": {}}], ()), ([{"source": "a.jsonl", "draw": {}}], ()),
        ([{"source": "gold", "draw": {"leave": ["scene-timeline", "trace-compact"]}}], ("scene-timeline",)),
    ):  # fmt: skip
        mixture = [*told["sft"]["mixture"], *more]
        (tmp_path / "settings.json").write_text(json.dumps({**told, "sft": {"mixture": mixture}}))
        assert left_by(tmp_path) == left
    (tmp_path / "settings.json").write_text(json.dumps({**told, "rl": {"k": 8}}))
    assert left_by(tmp_path) == ()  # RL draws from all
    assert left_by(tmp_path / "elsewhere") is None


def test_the_command_tells_the_table_and_writes_the_page(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [
        "matrix",
        str(runs / "whole"),
        str(runs / "without"),
        f"<b>={runs / 'whole'}",
        "-o",
        str(tmp_path / "m.html"),
    ]
    assert main(asked) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].split() == ["trained", "on", "trace-compact", "scene-timeline"]
    assert told[2].startswith("all but scene-timeline") and "*0%" in told[2] and "n=12" in told[2]
    page = (tmp_path / "m.html").read_text()
    assert Counter(part.split()[0] for part in page.split("<svg ")[1:]) == {'class="strip': 6}
    assert "&lt;b&gt;" in page and "<b>=" not in page
    assert main([*asked[:3], "--json"]) == 0
    cells = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(cell["trained_on"], cell["family"], cell["n"]) for cell in cells][1] == (ALL, "scene-timeline", 12)


def test_results_of_other_tasks_are_refused(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = freeze(tmp_path / "probe", SPEC, {"members": "trace"}, {"test": 3}, k=0, pool_tasks=3)
    known = draw(SPEC, {"members": "trace"}, "train", 3, 0, on="inline")
    save(tmp_path / "other", other, measure(other, ShallowWriter("nearest", known, {})))
    assert main(["matrix", str(runs / "whole"), str(tmp_path / "other")]) == 2
    assert "has other tasks than" in capsys.readouterr().err
    assert main(["matrix", str(runs / "whole"), "--metric", "gredy"]) == 2
    assert "did you mean 'greedy'?" in capsys.readouterr().err
