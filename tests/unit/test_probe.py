"""A probe cannot be changed unseen, and a result is counted from texts alone."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from rungwise.contract import structure_of
from rungwise.errors import InputError, RungwiseError
from rungwise.policy.writer import FileWriter, Written
from rungwise.probe.freeze import Probe, ProbeChanged, freeze, held_of, lock_of, open_probe
from rungwise.probe.measure import (
    Measured,
    ProbeAccounting,
    learned_of,
    measure,
    outcome,
    read,
    require_accounting,
    rows_of,
    save,
)  # fmt: skip
from rungwise.probe.result import estimate, metric, metrics, part, slices
from rungwise.probe.stats import pass_at
from tests.unit.toy import golden, toy, toy_probe, written


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Probe:
    return toy_probe(tmp_path_factory.mktemp("probe"))


@pytest.fixture
def frozen(tmp_path: Path) -> Path:
    toy_probe(tmp_path, n=6)
    return tmp_path / "probe"


def mixed(probe: Probe) -> dict[tuple[str, str, int], Written]:
    """Gold for half the tasks, text that repair mends for a quarter, junk for the rest."""
    texts = golden(probe)
    for at, task in enumerate(probe.tasks):
        if at % 4 == 1:
            texts[task.id, "greedy", 0] = written(probe.golds[task.id].upper() + "\n")
        if at % 4 == 3:
            texts[task.id, "greedy", 0] = written("left left", "length")
            texts[task.id, "sample", 1] = written("")
    return texts


def measured(probe: Probe, texts: Mapping[tuple[str, str, int], Written]) -> Measured:
    return Measured(rows=rows_of(probe, texts), texts=texts, policy={"kind": "test"}, seed=0, seconds=1.0)


# ---- freezing ----


def test_a_probe_opens_as_it_was_frozen(frozen: Path) -> None:
    opened = open_probe(frozen)
    assert len(opened.tasks) == 6 and len(opened.golds) == 6
    assert lock_of(frozen).hash == opened.lock.hash


def test_a_frozen_probe_is_never_made_again(frozen: Path) -> None:
    with pytest.raises(InputError, match="never changed"):
        freeze(frozen, lock_of(frozen).contract, {}, {"test": 6}, workers=1)


@pytest.mark.parametrize("file", ["tasks.jsonl", "gold.jsonl", "held.json"])
def test_an_edited_file_is_refused_by_name(frozen: Path, file: str) -> None:
    path = frozen / file
    lines = path.read_text().splitlines(keepends=True)
    if file == "held.json":
        record = json.loads(path.read_text())
        record["id"] = record["id"][1:]
        path.write_text(json.dumps(record))
    else:
        record = json.loads(lines[2])
        field = "prompt" if file == "tasks.jsonl" else "answer"
        path.write_text("".join([*lines[:2], json.dumps(record | {field: record[field] + " "}) + "\n", *lines[3:]]))
    with pytest.raises(ProbeChanged, match=file):
        open_probe(frozen)


def test_edited_settings_are_refused(frozen: Path) -> None:
    path = frozen / "probe.json"
    path.write_text(path.read_text().replace('"temperature": 1.0', '"temperature": 0.5'))
    with pytest.raises(ProbeChanged, match="edited after it was frozen"):
        open_probe(frozen)


def test_a_changed_judge_is_refused_by_the_name_of_its_file(frozen: Path) -> None:
    judge = frozen.parent / "mazes" / "mazes" / "judge.py"
    judge.write_text(judge.read_text().replace("NEAR_PAYS = 0.4", "NEAR_PAYS = 0.45"))
    with pytest.raises(ProbeChanged, match=r"the judge has changed since: judge\.py"):
        open_probe(frozen)


def test_tasks_that_training_could_draw_are_refused(tmp_path: Path) -> None:
    leaking = toy(tmp_path, {"tasks.py": ('"test": range(9, 10)', '"test": range(10)')})
    with pytest.raises(RungwiseError, match=r"are in 'train' too \("):
        freeze(tmp_path / "probe", leaking, {}, {"test": 200}, workers=1)


def test_a_probe_of_what_is_trained_on_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="what rungs train on"):
        freeze(tmp_path / "probe", toy(tmp_path), {}, {"train": 6}, workers=1)


def test_tasks_are_different_problems_and_their_hashes_tell_nothing_else(probe: Probe, frozen: Path) -> None:
    assert len({task.prompt for task in probe.tasks}) == len(probe.tasks)
    for tier, number in probe.lock.counts["tier"].items():
        assert len({structure_of(probe.contract, task) for task in probe.tasks if task.tier == tier}) == number
    kept = (frozen / "held.json").read_text()
    opened = open_probe(frozen)
    assert not any(gold in kept for gold in opened.golds.values())
    assert held_of(frozen).hashes["id"] == {task.id for task in opened.tasks}


# ---- measuring ----


def test_gold_as_every_answer_is_right_in_every_column(probe: Probe) -> None:
    rows = rows_of(probe, golden(probe))
    whole = {name: estimate(rows, name).value for name in metrics(rows)}
    for name in ("greedy", "repaired", "score", "exact", "parsed", "pass@1", "all@2", "oracle"):
        assert whole[name] == 1.0, name
    for name in ("truncated", "exploit", "control", "tail", "edited"):
        assert whole[name] == 0.0, name


def test_nothing_at_all_is_wrong_in_every_column(probe: Probe) -> None:
    rows = rows_of(probe, {place: written("") for place in golden(probe)})
    assert estimate(rows, "greedy").value == estimate(rows, "oracle").value == estimate(rows, "score").value == 0.0


def test_gold_that_does_not_measure_as_right_stops_everything(probe: Probe) -> None:
    first, second = probe.tasks[0].id, probe.tasks[1].id
    wrong = replace(probe, golds={**probe.golds, first: probe.golds[second] + "\nup 9"})
    require_accounting(probe)
    with pytest.raises(ProbeAccounting, match=first):
        require_accounting(wrong)


def test_raw_and_repaired_come_of_one_text_and_are_told_apart(probe: Probe, tmp_path: Path) -> None:
    record = save(tmp_path, probe, measured(probe, mixed(probe)))
    whole = record["metrics"]
    assert whole["greedy"][0] == 0.5 and whole["repaired"][0] == 0.75
    assert len(record["repair"]["improved"]) == 6 and record["repair"]["regressed"] == []
    assert sum(record["failures"]["raw"].values()) == 12 and sum(record["failures"]["repaired"].values()) == 6


def test_every_figure_is_a_count_of_the_rows(probe: Probe) -> None:
    rows = rows_of(probe, mixed(probe))
    passed = [sum(sample.passed for sample in row.samples) for row in rows]
    assert estimate(rows, "pass@1").value == pytest.approx(sum(passed) / (2 * len(rows)))
    assert estimate(rows, "oracle").value == pytest.approx(sum(map(bool, passed)) / len(rows))
    assert [metric("pass@2", 2)(row) for row in rows] == [pass_at(2, 2, c) for c in passed]
    assert estimate(rows, "truncated").value == 0.25
    for way, found in slices(rows).items():
        assert sum(len(members) for members in found.values()) == len(rows), way
        for label, members in found.items():
            assert part(rows, f"{way}={label}") == members


def test_several_slices_are_what_is_in_all_of_them(probe: Probe) -> None:
    rows = rows_of(probe, mixed(probe))
    first = rows[0]
    both = [row for row in rows if (row.split, row.tier) == (first.split, first.tier)]
    assert part(rows, f"split={first.split},tier={first.tier}") == part(rows, f"{first.split}, {first.tier}") == both
    with pytest.raises(InputError, match="no slice 'tier=tirr'"):
        part(rows, f"{first.split},tier=tirr")


def test_a_result_is_made_again_without_the_policy(probe: Probe, tmp_path: Path) -> None:
    save(tmp_path / "first", probe, measured(probe, mixed(probe)))
    again = measure(probe, FileWriter(tmp_path / "first" / "answers.jsonl"))
    save(tmp_path / "second", probe, again)
    assert read(tmp_path / "first").rows == read(tmp_path / "second").rows


@pytest.mark.parametrize("file", ["rows.jsonl", "result.json"])
def test_a_result_with_figures_that_were_not_counted_is_refused(probe: Probe, tmp_path: Path, file: str) -> None:
    save(tmp_path, probe, measured(probe, mixed(probe)))
    path = tmp_path / file
    old, new = ('"passed":false', '"passed":true') if file == "rows.jsonl" else ("0.5,", "0.6,")
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ProbeChanged):
        read(tmp_path)


def test_what_was_learned_from_is_told_apart(probe: Probe) -> None:
    contract, first = probe.contract, probe.tasks[0]
    rows = rows_of(probe, golden(probe), learned_of(contract, [probe.golds[first.id]]))
    assert rows[0].seen is True and {row.seen for row in rows} == {True, False}
    assert rows_of(probe, golden(probe))[0].seen is None


def test_an_answer_is_described_by_its_text(probe: Probe) -> None:
    task, gold = probe.tasks[0], probe.golds[probe.tasks[0].id]
    assert outcome(probe.contract, task, gold, gold=gold).divergence is None
    cut = outcome(probe.contract, task, gold[:-2], gold=gold)
    assert cut.prefix and cut.divergence == len(gold) - 2 and not cut.exact
    assert outcome(probe.contract, task, gold + "\nand so on", gold=gold).tail
    assert outcome(probe.contract, task, "<|end|>" + gold, gold=gold).control


@pytest.mark.parametrize(
    ("name", "told"), [("gredy", "did you mean 'greedy'"), ("pass@9", "no metric 'pass@9'"), ("best", "no metric")]
)
def test_an_unknown_metric_is_told_with_the_nearest(name: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        metric(name, 2)
