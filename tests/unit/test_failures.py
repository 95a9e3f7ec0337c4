"""Failure classes: 30% of right answers with one defect must be found as what they are, and as no more than that."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from random import Random
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.errors import InputError
from rungwise.probe.diagnosis import symptoms
from rungwise.probe.failures import CLASSES, Diagnosis, diagnose, slope
from rungwise.probe.labels import LABELS, counted, label, spilled
from rungwise.probe.result import Outcome, Row
from rungwise.seeds import stream
from tests.unit.corrupted import (
    TRAINED,
    Answer,
    Bench,
    Defect,
    N,
    always_up,
    broken,
    control_text,
    cut_off,
    made,
    named,
    no_room,
    nothing,
    of_families,
    piece,
    salad,
    spill,
    stop_early,
    talk,
    wander,
    wrong,
)

ORDER = [one.name for one in CLASSES]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return made(tmp_path_factory.mktemp("corrupted"))


# ---- one defect, one diagnosis ----


def with_refused_gold(bench: Bench, seed: int) -> list[Row]:
    """30% of the tasks with facts that forbid what is gold to them."""
    rows = bench.right()
    for i in stream(seed, "refused").sample(range(N), round(0.3 * N)):
        task = bench.tasks[i]
        spoilt = replace(task, facts={**task.facts, "limit": 0})
        rows[i] = replace(rows[i], greedy=bench.measured(spoilt, Answer(bench.gold(task)), bench.gold(task)))
    return rows


def golds(bench: Bench, defect: Defect | None, seed: int) -> list[Outcome]:
    rows = bench.corrupted(defect, seed=seed) if defect else bench.right()
    return [row.greedy for row in rows]


def diagnosed(bench: Bench, name: str, seed: int = 0) -> Diagnosis:
    """What is said of rows with the defect of that class, and of no other."""
    right = bench.right()
    known: dict[str, Any] = {"oracle": [row.greedy for row in right], "again": right, "baseline": right}
    rows, told = right, TRAINED
    if name in DEFECTS:
        rows = bench.corrupted(DEFECTS[name], seed=seed)
        known["again"] = rows
    if name == "probe_accounting":
        known["oracle"] = golds(bench, spill, seed)
    elif name == "probe_integrity":
        known["again"] = bench.corrupted(wrong, seed=seed)
    elif name in ("exact_not_passed", "family_imbalance"):
        known["again"] = rows = (with_refused_gold if name == "exact_not_passed" else of_families)(bench, seed)
    elif name == "fragmented_supervision":
        told = replace(told, fragment_share=0.2, fragment_share_before=0.05)
    elif name == "undertrained":
        told = replace(told, steps=60)
    return diagnose(rows, told, **known)


DEFECTS: Mapping[str, Defect] = MappingProxyType({
    "exploit": wander, "truncated": cut_off, "control_leak": control_text, "tail_spill": spill, "degenerate": salad,
    "tainted_supervision": nothing, "fragmented_supervision": piece, "undertrained": wrong, "start_missing": talk,
    "end_missing": stop_early, "unreadable": broken, "attractor": always_up, "readable_not_passed": wrong,
})  # fmt: skip


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_confusion_matrix_is_diagonal(bench: Bench, seed: int) -> None:
    names = ["none", *ORDER]
    matrix = {name: diagnosed(bench, name, seed) for name in names}
    assert {name: (found.primary, found.secondary) for name, found in matrix.items()} == {
        name: (name, ()) for name in names
    }


def test_right_answers_with_all_that_can_be_known_are_clean(bench: Bench) -> None:
    found = diagnosed(bench, "none")
    assert set(found.evidence) == set(ORDER) - {"fragmented_supervision"}  # the share of pieces is not known
    assert all(one["value"] < one["threshold"] for one in found.evidence.values())
    assert symptoms(bench.right(), TRAINED, bench.right()) == []


@pytest.mark.parametrize("name", [name for name in DEFECTS if name not in ("exploit", "control_leak")])
def test_a_few_faults_are_no_class(bench: Bench, name: str) -> None:
    rows = bench.corrupted(DEFECTS[name], share=0.03)
    assert diagnose(rows, replace(TRAINED, fragment_share=0.2, fragment_share_before=0.1)).primary == "none"


def test_what_is_not_known_is_passed_over(bench: Bench) -> None:
    alone = diagnose(bench.corrupted(nothing))
    assert alone.primary == "start_missing"  # nothing says whether it was so before
    assert not {"probe_integrity", "tainted_supervision", "fragmented_supervision", "undertrained"} & set(
        alone.evidence
    )
    assert diagnose(bench.corrupted(wrong)).primary == "readable_not_passed"


def test_two_defects_are_told_in_order(bench: Bench) -> None:
    some = {row.task: row for row in bench.corrupted(cut_off, 0.5)}
    rows = [row if not row.greedy.passed else some[row.task] for row in bench.corrupted(broken, 0.4)]
    found = diagnose(rows)
    assert (found.primary, found.layer) == ("truncated", "budget") and "max_new_tokens" in found.mend
    assert "unreadable" in found.secondary


def test_tainted_rows_are_found_before_anything_is_written(bench: Bench) -> None:
    assert diagnose(bench.right(), replace(TRAINED, junk_targets=2)).primary == "tainted_supervision"


def test_a_fall_is_laid_to_the_rows_only_where_they_changed(bench: Bench) -> None:
    empty, pieces = bench.corrupted(nothing), bench.corrupted(piece)
    assert diagnose(empty, TRAINED, baseline=empty).primary == "start_missing"
    same = replace(TRAINED, fragment_share=0.1, fragment_share_before=0.1)
    assert diagnose(pieces, same, baseline=bench.right()).primary == "start_missing"


@pytest.mark.parametrize(
    "short",
    [{"steps": 199}, {"epochs": 0.9}, {"loss_slope": -0.2}, {"train_pass_rate": 0.1, "loss_last": 0.8}],
    ids=lambda short: next(iter(short)),
)
def test_too_little_training_is_no_fault_of_the_model(bench: Bench, short: dict[str, Any]) -> None:
    weak = bench.corrupted(wrong, 0.8)
    assert diagnose(weak, replace(TRAINED, **short)).primary == "undertrained"
    assert diagnose(weak, TRAINED).primary != "undertrained"
    assert diagnose(bench.right(), replace(TRAINED, **short)).primary == "none"  # it was enough, as it shows


def test_another_beginning_is_no_missing_start_where_answers_may_begin_so(bench: Bench) -> None:
    assert diagnose(bench.corrupted(talk)).primary == "start_missing"
    rows = bench.corrupted(talk)
    free = replace(rows[0], samples=(bench.judged(bench.tasks[0], Answer(f"{other(bench.gold(bench.tasks[0]))} 1")),))
    assert diagnose([free, *rows[1:]]).primary == "unreadable"


def other(gold: str) -> str:
    return next(way for way in ("up", "down", "left", "right") if way[0] != gold[0])


def test_families_that_are_all_weak_are_not_out_of_balance(bench: Bench) -> None:
    draw, rows = Random(0), of_families(bench, 0)
    for family in {row.family for row in rows if row.greedy.passed}:
        members = [i for i, task in enumerate(bench.tasks) if task.family == family]
        for i in members[: len(members) // 2 + 1]:
            rows[i] = bench.row(bench.tasks[i], wrong(bench, bench.tasks[i], draw))
    rows *= 3  # as if there were more tasks: beyond chance, as the symptom says
    assert diagnose(rows).primary == "readable_not_passed" and "uneven_family" in named(symptoms(rows))


def test_a_shape_attracts_where_it_is_wrong_in_several_families_and_not_usual(bench: Bench) -> None:
    rows = bench.corrupted(always_up)
    assert diagnose(rows).primary == "attractor"
    usual = [replace(row, greedy=replace(row.greedy, shape="U")) for row in rows[1:]]
    assert diagnose([rows[0], *usual]).primary == "readable_not_passed"  # right answers have it as well
    family = next(row.family for row in rows if not row.greedy.passed)
    one = [
        bench.row(task, Answer("up 9") if task.family == family else Answer(bench.gold(task))) for task in bench.tasks
    ]
    assert (found := diagnose(one)).primary == "family_imbalance" and found.secondary == ()


def test_gold_that_fails_is_told_before_all_else(bench: Bench) -> None:
    rows = [*bench.corrupted(cut_off)[: N // 2], *with_refused_gold(bench, 0)[N // 2 :]]
    assert diagnose(rows, oracle=golds(bench, None, 0)).primary == "exact_not_passed"
    assert diagnose(rows, oracle=golds(bench, talk, 0)).primary == "probe_accounting"


def test_a_verdict_that_contradicts_itself_is_one_of_accounting(bench: Bench) -> None:
    row, *rows = bench.right()
    assert diagnose([replace(row, greedy=replace(row.greedy, failure="wall")), *rows]).primary == "probe_accounting"
    assert diagnose([replace(row, greedy=replace(row.greedy, score=1.2)), *rows]).primary == "probe_accounting"


def test_no_rows_are_no_clean_result() -> None:
    with pytest.raises(InputError, match="no rows"):
        diagnose([])


def test_a_diagnosis_is_plain_json(bench: Bench) -> None:
    told = msgspec.json.decode(msgspec.json.encode(asdict(diagnosed(bench, "truncated"))))
    assert told["evidence"]["truncated"] == {"value": pytest.approx(0.3), "threshold": 0.05}


def test_every_class_says_what_it_is() -> None:
    layers = {"eval", "infra", "judge", "reward", "budget", "decode", "data"}
    for one in CLASSES:
        assert one.layer in layers and one.mend.endswith(".") and one.counts
        assert set(one.unless) < set(ORDER) and all(ORDER.index(name) < ORDER.index(one.name) for name in one.unless)


# ---- one answer ----


@pytest.mark.parametrize(
    ("defect", "expected"),
    [
        (wander, "exploit"), (control_text, "control_junk"), (spill, "tail_spill"), (salad, "degenerate"),
        (cut_off, "truncated"), (no_room, "truncated"), (nothing, "empty"), (talk, "unreadable"),
        (broken, "unreadable"), (wrong, "wrong"), (always_up, "wrong"),
    ],
    ids=lambda one: getattr(one, "__name__", one),
)  # fmt: skip
def test_an_answer_has_the_label_of_its_defect(bench: Bench, defect: Defect, expected: str) -> None:
    draw = stream(0, "labels")
    assert {label(bench.judged(task, defect(bench, task, draw))) for task in bench.tasks} == {expected}


def test_a_passed_answer_has_none_and_labels_stand_beside_the_contracts_own(bench: Bench) -> None:
    assert counted(bench.right()) == {"none": {"none": N}}
    found = counted(bench.corrupted(always_up))
    assert found["none"] == {"none": N - 36} and sum(found["wrong"].values()) == 36
    assert set(found) == {"none", "wrong"} and set(found["wrong"]) == {"off_grid", "wall"}


@settings(max_examples=80)
@given(data=st.data(), text=st.text(max_size=40), ended=st.sampled_from(["stop", "length", "degenerate"]))
def test_any_text_has_one_label(bench: Bench, data: st.DataObject, text: str, ended: str) -> None:
    task = data.draw(st.sampled_from(bench.tasks[:6]))
    found = bench.judged(task, Answer(text, ended))
    assert label(found) in LABELS and (label(found) == "none") == found.passed


def test_a_readable_beginning_alone_is_no_spill(bench: Bench) -> None:
    task = next(task for task in bench.tasks if bench.gold(task).count("\n") == 2)
    gold = bench.gold(task)
    first, second, third = gold.split("\n")
    assert spilled(bench.contract, task, f"{gold}\nand so on", gold)
    assert spilled(bench.contract, task, f"{gold}\nand so on")  # seen by the judge, without gold
    assert spilled(bench.contract, task, f"{gold}\n{other(third)} 9\nand so on", gold)
    assert not spilled(bench.contract, task, f"{first}\n{second};\n{third}", gold)
    assert not spilled(bench.contract, task, f"{first}\n{second[:-1]}", gold)
    assert not spilled(bench.contract, task, gold, gold)
    assert not spilled(bench.contract, task, "", gold)


def test_without_gold_or_canonical_form_nothing_is_guessed(bench: Bench) -> None:
    blind = [
        replace(row, greedy=replace(row.greedy, parsed=None, exact=None, divergence=None, prefix=None, tail=False))
        for row in bench.corrupted(nothing)
    ]
    assert {label(row.greedy) for row in blind} == {"none", "unreadable"}  # by the contract's own label
    assert diagnose(blind).primary == "unreadable"


# ---- training ----


def test_the_slope_is_that_of_the_last_tenth() -> None:
    assert slope([1.0] * 100) == 0
    assert slope([2.0] * 80 + [1.0] * 10 + [0.5] * 10) == pytest.approx(-0.5)
    assert slope([1.0] * 19) is None and slope([0.0] * 100) is None
