"""Symptoms: each is told where its rule holds and not otherwise, and more capacity is the last of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest

from rungwise.probe.diagnosis import Past, Symptom, symptoms
from rungwise.probe.failures import Training
from rungwise.probe.result import Row
from tests.unit.corrupted import (
    TRAINED,
    Answer,
    Bench,
    Defect,
    N,
    broken,
    cut_off,
    made,
    named,
    of_families,
    spill,
    wrong,
)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return made(tmp_path_factory.mktemp("corrupted"))


# ---- symptoms ----


@dataclass(frozen=True)
class Sign:
    """What must be seen where: rows by defect and share, facts of training, and the symptom with its severity."""

    name: str
    severity: str
    defect: Defect | None = None
    share: float = 0.3
    training: dict[str, Any] = field(default_factory=dict)


SIGNS = [
    Sign("low_everywhere", "critical", wrong, 0.9),
    Sign("unreadable", "critical", broken, 0.2),
    Sign("readable_none_passed", "critical", wrong, 1.0),
    Sign("right_until_cut", "warn", cut_off, 0.9),
    Sign("repair_first", "warn", spill, 0.3),
    Sign("train_probe_gap", "warn", wrong, 0.4, {"train_pass_rate": 0.95}),
    Sign("unknown_tokens", "critical", training={"vocabulary_unknown": 3}),
    Sign("gold_too_long", "critical", training={"longest_gold_share_of_context": 0.81}),
    Sign("loss_low_pass_low", "warn", wrong, 0.6, {"loss_last": 0.05}),
    Sign("learned_by_heart", "warn", wrong, 0.4, {"loss_last": 0.05, "heldout_last": 0.4}),
    Sign("smooth", "info", training={"loss_last": 0.01}),
    Sign("loss_high", "warn", wrong, 0.4, {"loss_last": 0.8}),
    Sign("plateau", "warn", wrong, 0.7, {"loss_last": 0.2, "loss_slope": 0.001}),
    Sign("gradient_spike", "warn", training={"grad_highest": 40.0}),
    Sign("gradient_collapse", "critical", training={"grad_lowest": 1e-4}),
]


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: sign.name)
def test_a_symptom_is_told_where_its_rule_holds_and_nowhere_else(bench: Bench, sign: Sign) -> None:
    rows = bench.corrupted(sign.defect, sign.share) if sign.defect else bench.right()
    found = named(symptoms(rows, replace(TRAINED, **sign.training)))
    assert found[sign.name] == sign.severity
    assert sign.name not in named(symptoms(bench.right(), TRAINED))
    if sign.training:
        assert sign.name not in named(symptoms(rows, TRAINED))


@pytest.mark.parametrize(
    ("training", "told"),
    [
        ({"longest_gold_share_of_context": 0.8}, False), ({"longest_gold_share_of_context": 0.801}, True),
        ({"grad_highest": 10.0}, False), ({"grad_highest": 10.1}, True), ({"vocabulary_unknown": 0}, False),
        ({"vocabulary_unknown": 1}, True), ({"loss_last": 0.05}, False), ({"loss_last": 0.049}, True),
        ({"loss_last": 0.5}, False), ({"loss_last": 0.501}, True),
    ],
    ids=str,
)  # fmt: skip
def test_bands_begin_where_they_are_said_to(bench: Bench, training: dict[str, Any], told: bool) -> None:
    assert bool(symptoms(bench.right(), replace(TRAINED, **training))) == told


def test_parts_that_lie_apart_are_named(bench: Bench) -> None:
    rows = of_families(bench, 0)
    weak = {row.family for row in rows if not row.greedy.passed}
    (found,) = [one for one in symptoms(rows) if one.name == "uneven_family"]
    assert found.severity == "critical" and any(family in found.sentence for family in weak)
    hard = [
        bench.row(task, wrong(bench, task, Random(i)) if task.tier == "t3" and i % 4 else Answer(bench.gold(task)))
        for i, task in enumerate(bench.tasks)
    ]
    assert named(symptoms(hard))["uneven_tier"] == "warn"
    assert not {"uneven_tier", "uneven_family"} & set(named(symptoms(bench.corrupted(wrong))))  # chance alone


def test_only_a_family_that_is_cut_off_is_named(bench: Bench) -> None:
    family, draw = bench.tasks[0].family, Random(0)
    rows = [
        bench.row(task, cut_off(bench, task, draw) if task.family == family else Answer(bench.gold(task)))
        for task in bench.tasks
    ]
    (found,) = [one for one in symptoms(rows) if one.name == "right_until_cut"]
    assert f"family {family} " in found.sentence


def test_what_was_seen_and_what_was_not(bench: Bench) -> None:
    def rows(share: float) -> list[Row]:
        return [replace(row, seen=i < N // 2) for i, row in enumerate(
            [*bench.right()[: N // 2], *bench.corrupted(wrong, share)[N // 2 :]])]  # fmt: skip

    assert named(symptoms(rows(0.5)))["seen_unseen_gap"] == "warn"
    assert named(symptoms(rows(1.0)))["seen_unseen_gap"] == "critical"
    assert "seen_unseen_gap" not in named(symptoms(rows(0.1)))
    assert "seen_unseen_gap" not in named(symptoms([replace(row, seen=not row.seen) for row in rows(0.5)]))


def test_a_fall_below_the_baseline_is_told_with_its_slices(bench: Bench) -> None:
    worse = [
        bench.row(task, wrong(bench, task, Random(i)) if task.tier == "t2" else Answer(bench.gold(task)))
        for i, task in enumerate(bench.tasks)
    ]
    (found,) = [one for one in symptoms(worse, None, bench.right()) if one.name == "regression"]
    assert found.severity == "critical" and "tier=t2 -100 points" in found.sentence and "tier=t1" not in found.sentence
    assert "regression" not in named(symptoms(bench.right(), None, worse))
    assert "regression" not in named(symptoms(bench.corrupted(wrong, 0.02), None, bench.right()))


def test_what_samples_show_that_greedy_does_not(bench: Bench) -> None:
    draw = Random(0)
    found = [bench.row(task, wrong(bench, task, draw), samples=[bench.gold(task), "up 9"]) for task in bench.tasks[:40]]
    alike = [bench.row(task, Answer("up 9"), samples=["up 9", "up 8"]) for task in bench.tasks[:40]]
    assert named(symptoms(found))["among_samples"] == "info"
    assert named(symptoms(alike))["samples_alike"] == "warn"
    assert "samples_alike" not in named(symptoms(found)) and "among_samples" not in named(symptoms(alike))


# ---- capacity ----

LEARNED = replace(TRAINED, train_pass_rate=0.99)
PLATEAU = [Past(primary="readable_not_passed", passed=0.69), Past(primary="readable_not_passed", passed=0.705)]


def capacity(bench: Bench, training: Training, runs: Sequence[Past], defect: Defect = wrong) -> Symptom:
    found = symptoms(bench.corrupted(defect), training, runs=runs)
    assert not {"ceiling", "capacity_blocked"} & {one.name for one in found[:-1]}
    return found[-1]


def test_capacity_comes_last_and_only_at_a_measured_ceiling(bench: Bench) -> None:
    assert (found := capacity(bench, LEARNED, PLATEAU)).name == "ceiling" and found.severity == "warn"
    assert capacity(bench, LEARNED, [Past(primary="truncated", passed=0.1), *PLATEAU]).name == "ceiling"


@pytest.mark.parametrize(
    ("training", "runs", "defect", "reason"),
    [
        (LEARNED, [], wrong, "1 of 3 clean runs"),
        (LEARNED, PLATEAU[1:], wrong, "2 of 3 clean runs"),
        (LEARNED, [PLATEAU[0], replace(PLATEAU[1], clean=False)], wrong, "2 of 3 clean runs"),
        (LEARNED, [PLATEAU[0], replace(PLATEAU[1], passed=0.6)], wrong, "points apart"),
        (LEARNED, [PLATEAU[0], replace(PLATEAU[1], primary="attractor")], wrong, "different classes"),
        (TRAINED, PLATEAU, wrong, "is not known"),
        (replace(LEARNED, train_pass_rate=0.8), PLATEAU, wrong, "80% of the training tasks"),
        (replace(LEARNED, steps=100), PLATEAU, wrong, "undertrained comes first"),
        (LEARNED, PLATEAU, cut_off, "truncated comes first"),
        (replace(LEARNED, vocabulary_unknown=1), PLATEAU, wrong, "unknown_tokens comes first"),
    ],
)
def test_capacity_is_blocked_with_the_reason(
    bench: Bench, training: Training, runs: Sequence[Past], defect: Defect, reason: str
) -> None:
    found = capacity(bench, training, runs, defect)
    assert found.name == "capacity_blocked" and found.severity == "info" and reason in found.sentence


def test_of_a_clean_result_nothing_is_said_of_capacity(bench: Bench) -> None:
    assert symptoms(bench.right(), LEARNED, runs=PLATEAU) == []


def test_symptoms_stand_in_order_of_severity(bench: Bench) -> None:
    found = symptoms(bench.corrupted(wrong, 0.9), replace(TRAINED, loss_last=0.04, vocabulary_unknown=1))
    order = ["critical", "warn", "info"]
    assert [one.severity for one in found] == sorted([one.severity for one in found], key=order.index)
    assert all(one.sentence.endswith(".") and one.action.endswith(".") for one in found)
