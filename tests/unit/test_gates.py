"""Conditions say what they say, and results of two probes are never held against each other."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rungwise.errors import InputError
from rungwise.ladder.compare import NotComparable, compare
from rungwise.ladder.gates import HOW, found, parsed
from rungwise.policy.writer import Written
from rungwise.probe.freeze import Probe
from rungwise.probe.measure import Measured, Result, read, rows_of, save
from tests.unit.toy import golden, toy_probe, written


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Probe:
    return toy_probe(tmp_path_factory.mktemp("gates"), n=40, k=1)


def result(probe: Probe, folder: Path, wrong: int, tier: str | None = None) -> Result:
    """Gold, but for the first `wrong` tasks (of a tier)."""
    texts: dict[tuple[str, str, int], Written] = golden(probe)
    failing = [task.id for task in probe.tasks if tier in (None, task.tier)][:wrong]
    texts |= {(task, column, 0): written("up 9") for task in failing for column in ("greedy", "sample")}
    save(folder, probe, Measured(rows=rows_of(probe, texts), texts=texts, policy={}, seed=0, seconds=0.0))
    return read(folder)


@given(
    st.sampled_from(["greedy", "pass@1", "score.repaired", "measure.lines"]), st.sampled_from(["", "t1", "tier=t2"]),
    st.sampled_from(["", "baseline", "champion", "nearest"]),
    st.sampled_from(sorted(HOW)), st.integers(-100, 100), st.booleans(),
)  # fmt: skip
def test_a_condition_is_read_as_it_is_written(
    metric: str, part: str, against: str, how: str, bound: int, percent: bool
) -> None:
    text = f"{metric}{f'[{part}]' if part else ''}{f' - {against}' if against else ''} {how} {bound}{'%' * percent}"
    asked = parsed(text)
    assert (asked.metric, asked.part or "", asked.against or "", asked.how) == (metric, part, against, how)
    assert asked.bound == pytest.approx(bound / 100 if percent else bound)


@pytest.mark.parametrize("text", ["", "greedy", "greedy = 1", "greedy >=", "greedy - 3 >= 0", ">= 1", "a b >= 1"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected METRIC"):
        parsed(text)


@pytest.mark.parametrize(
    ("text", "status", "point"),
    [
        ("greedy >= 0.4", "held", True),
        ("greedy >= 0.75", "undecided", True),
        ("greedy >= 0.85", "undecided", False),
        ("greedy >= 0.99", "failed", False),
        ("greedy <= 0.99", "held", True),
        ("greedy[t1] - baseline >= -0.9", "held", True),
    ],
)
def test_a_condition_holds_where_the_whole_interval_does(
    probe: Probe, tmp_path: Path, text: str, status: str, point: bool
) -> None:
    ours, theirs = result(probe, tmp_path / "ours", 8), result(probe, tmp_path / "theirs", 8)
    seen = found(parsed(text), ours, {"baseline": theirs})
    assert (seen.status, seen.point) == (status, point), str(seen)


def test_without_a_baseline_nothing_is_compared(probe: Probe, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no baseline"):
        found(parsed("greedy - baseline > 0"), result(probe, tmp_path, 4), {})


def test_a_comparison_is_paired_and_tells_the_tasks(probe: Probe, tmp_path: Path) -> None:
    ours, theirs = result(probe, tmp_path / "ours", 2), result(probe, tmp_path / "theirs", 20)
    seen = compare(ours, theirs)
    assert seen.whole.value == pytest.approx(18 / 40) and seen.better and not seen.worse()
    assert len(seen.improved) == 18 and not seen.regressed
    back = compare(theirs, ours)
    assert back.whole.value == pytest.approx(-18 / 40) and not back.better and back.regressed == seen.improved


def test_a_slice_that_falls_is_found_though_the_whole_rises(probe: Probe, tmp_path: Path) -> None:
    tiers = [task.tier for task in probe.tasks]
    n = tiers.count("t1")
    ours = result(probe, tmp_path / "ours", n, "t1")  # all of t1 fails
    theirs = result(probe, tmp_path / "theirs", 0)
    assert "tier=t1" in compare(ours, theirs).worse()


@pytest.mark.parametrize("changed", ["judge", "tasks", "contract"])
def test_results_of_two_probes_are_refused_and_what_differs_is_named(
    probe: Probe, tmp_path: Path, changed: str
) -> None:
    ours = result(probe, tmp_path, 0)
    other: Mapping[str, object] = {**ours.record["probe"], "hash": "another", changed: "another one"}
    theirs = replace(ours, record={**ours.record, "probe": other})
    with pytest.raises(NotComparable, match=changed):
        compare(ours, theirs)
