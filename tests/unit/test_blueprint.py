"""A curriculum that was written down: one fixture for each thing that can be wrong with it, or with rows made by it."""

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rungwise.cli import app
from rungwise.contract import Contract, load_contract
from rungwise.errors import InputError, RungwiseError
from rungwise.ladder.audit import audit, stated
from rungwise.ladder.blueprint import Blueprint, read
from rungwise.ladder.ledger import Ledger
from rungwise.ladder.phases import Shown, phase_reached, require_phase
from rungwise.ladder.rows_audit import Given, audit_rows
from rungwise.ladder.rung_text import _pair
from rungwise.probe.result import Outcome, Row
from tests.unit.toy import toy

SOUND: dict[str, Any] = {
    "version": 1, "objective": "Ways through mazes.", "contract": {"name": "mazes"},
    "families": [{"name": "north", "forms": ["near"], "counts": ["lines"]}],
    "profiles": [{"name": "hurry", "family": "north", "form": "near", "intent": {"goal": "arrive soon"}}],
    "competencies": [{"name": "turn", "stages": ["A", "B"]}],
    "surfaces": [
        {"name": "whole", "type": "anchor", "families": ["north"], "competencies": ["turn"]},
        {"name": "clean", "type": "hygiene", "families": ["north"]},
        {"name": "asked", "type": "intent", "families": ["north"]},
        {"name": "over", "type": "bridge", "families": ["north"]},
        {"name": "apart", "type": "contrast", "families": ["north"]},
    ],
    "frontiers": [{"name": "default turn", "why": "one turn is the commonest", "covered_by": ["apart"]}],
    "stages": [
        {"name": "A", "mix": {"whole": 50, "clean": 50}},
        {"name": "B", "mix": {"whole": 20, "clean": 20, "asked": 20, "over": 20, "apart": 20}},
    ],
    "holdouts": [{"name": "hidden", "per_family": 6, "surfaces": ["asked"]}],
    "non_regression": ["whole"],
}  # fmt: skip


def changed(path: str, value: object) -> Blueprint:
    data = deepcopy(SOUND)
    place: Any = data
    *above, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    for key in above:
        place = place[key]
    place[last] = value
    return Blueprint.model_validate(data)


def found(of: Blueprint, *, warnings: bool = False) -> list[str]:
    return [f"{'.'.join(map(str, one.keys))}: {one.problem}" for one in audit(of) if one.warning is warnings]


def test_a_sound_blueprint_has_nothing_against_it() -> None:
    assert audit(Blueprint.model_validate(SOUND)) == []


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("version", 2, "version: 2; expected 1"),
        ("surfaces.1.name", "whole", "surfaces.1.name: 'whole' stands twice"),
        ("families.0.forms", [], "families.0: 'north' has no forms"),
        ("families.0.counts", [], "families.0: 'north' has no counts"),
        ("profiles.0.family", "south", "profiles.0.family: 'south' is no family"),
        ("profiles.0.form", "far", "profiles.0.form: 'far' is no form of north"),
        ("families.0.forms", ["near", "far"], "families.0.forms: 'far' has no profile"),
        ("profiles", [], "families.0.forms: 'near' has no profile"),
        (
            "surfaces.0.families",
            ["nort"],
            "surfaces.0.families: 'nort' is no one of the families; did you mean 'north'?",
        ),
        ("surfaces.1.competencies", ["jump"], "surfaces.1.competencies: 'jump' is no one of the competencies"),
        ("competencies.0.stages", ["A", "C"], "competencies.0.stages: 'C' is no one of the stages"),
        ("frontiers.0.covered_by", ["apart", "part"], "frontiers.0.covered_by: 'part' is no one of the surfaces"),
        ("stages.0.mix", {"whole": 50, "cleen": 50}, "stages.0.mix: 'cleen' is no one of the surfaces"),
        ("holdouts.0.surfaces", ["as"], "holdouts.0.surfaces: 'as' is no one of the surfaces"),
        ("non_regression", ["whole", "all"], "non_regression: 'all' is no one of the surfaces"),
        ("surfaces.1.type", "repair_prose", "surfaces.1.type: 'repair_prose' is banned"),
        ("surfaces.1.type", "warning_language", "surfaces.1.type: 'warning_language' is banned"),
        ("surfaces.1.type", "negative_only", "surfaces.1.type: 'negative_only' is banned"),
        ("surfaces.1.type", "hygeine", "surfaces.1.type: 'hygeine' is no type of surface; did you mean 'hygiene'?"),
        ("surfaces.0.competencies", [], "competencies.0: no surface teaches 'turn'"),
        ("stages.0.mix", {"clean": 100}, "competencies.0.stages: 'turn' is not taught in 'A'"),
        ("frontiers.0.covered_by", [], "frontiers.0: 'default turn' is covered by no surface"),
        ("frontiers.0.why", "", "frontiers.0: 'default turn' has no why"),
        ("stages.0.mix", {"whole": 100, "clean": 0}, "stages.0.mix.clean: 0; expected above 0"),
        ("stages.0.mix", {"whole": 50, "clean": 49}, "stages.0.mix: weights sum to 99; expected 100"),
        ("holdouts.0.per_family", 0, "holdouts.0.per_family: 0; expected at least 1"),
        ("non_regression", ["clean", "apart"], "stages.0.mix: 'apart' is not in 'A', and must not regress"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(path: str, value: object, told: str) -> None:
    assert any(one.startswith(told) for one in found(changed(path, value))), found(changed(path, value))


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("stages.0.mix", {"whole": 60, "clean": 40}, "stages.0.mix: 'whole' is 60 of 100"),
        ("stages.1.mix", {"whole": 50, "clean": 25, "apart": 25}, "stages.1.mix: 2 surfaces besides anchors"),
        (
            "families",
            [*SOUND["families"], {"name": "up", "forms": [], "counts": ["lines"]}],
            "families.1: 'up' stands in",
        ),
    ],
)
def test_what_often_goes_wrong_is_a_warning(path: str, value: object, told: str) -> None:
    assert any(one.startswith(told) for one in found(changed(path, value), warnings=True))


def test_all_faults_are_told_at_once_with_file_and_line(tmp_path: Path) -> None:
    data = deepcopy(SOUND) | {"version": 3, "non_regression": ["all"]}
    data["surfaces"][1]["type"] = "negative_only"
    asked = read(saved(tmp_path, data))
    faults, _ = stated(asked, Ledger(tmp_path / "ladder.db"))
    assert len(faults) == 5 and all(one.startswith(f"{tmp_path}/plan.toml:") for one in faults)
    with pytest.raises(InputError, match="no such field; did you mean 'covered_by'"):
        read(saved(tmp_path, data | {"frontiers": [{"name": "x", "coverd_by": []}]}))


def saved(folder: Path, data: dict[str, Any]) -> Path:
    path = folder / "plan.toml"
    path.write_text("".join(f"{_pair(key, value)}\n" for key, value in data.items()))
    return path


# ---- against rows ----


@pytest.fixture(scope="module")
def mazes(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    return load_contract(toy(tmp_path_factory.mktemp("plan")))


def rows(mazes: Contract) -> list[Given]:
    """A hundred, half of each surface of the first stage."""
    return [
        Given(place=f"row {at}", answer=mazes.gold(task) or "", task=replace(task, family="north", facts={
            **task.facts, "surface": ("whole", "clean")[at % 2], "form": "near"}))
        for at, task in enumerate(mazes.tasks("train", 100, 0), 1)
    ]  # fmt: skip


def spoiled(given: Given, **other: object) -> Given:
    facts = {key: other.pop(key) for key in ("surface", "form") if key in other}
    answer = str(other.pop("answer", given.answer))
    return replace(given, answer=answer, task=replace(given.task, facts={**given.task.facts, **facts}, **other))  # type: ignore[arg-type]


def audited(mazes: Contract, given: list[Given]) -> tuple[list[str], list[str]]:
    return audit_rows(Blueprint.model_validate(SOUND), mazes, given, "A")


def test_rows_as_declared_have_nothing_against_them(mazes: Contract) -> None:
    assert audited(mazes, rows(mazes)) == ([], [])


def test_each_banned_row_is_named(mazes: Contract) -> None:
    good = rows(mazes)
    for spoil, told in [
        (
            lambda one: spoiled(one, prompt=f"{one.task.prompt} Do NOT go back."),
            "the prompt has warning language: 'Do NOT'",
        ),
        (lambda one: spoiled(one, prompt=f"[OUT] {one.task.prompt} [OUT]"), "[OUT] stands 2 times in the prompt"),
        (
            lambda one: spoiled(one, prompt=f"{one.task.prompt}<|eos|>"),
            "the prompt has the text of a control token: '<|eos|>'",
        ),
        (lambda one: spoiled(one, answer=""), "the judge fails its answer ("),
    ]:
        faults, _ = audited(mazes, [*good[:6], spoil(good[6]), *good[7:]])
        assert len(faults) == 1 and faults[0].startswith(f"row 7: {told}"), faults


def test_one_prompt_with_two_answers_is_a_contradiction(mazes: Contract) -> None:
    good = rows(mazes)
    other = next(one for one in good[1:] if not mazes.judge(good[0].task, one.answer).passed)
    at = good.index(other)
    faults, _ = audited(mazes, [*good[:at], spoiled(other, prompt=good[0].task.prompt), *good[at + 1 :]])
    assert faults == [f"{other.place}: has the prompt of row 1 and another answer"]


def test_a_declared_surface_or_form_without_rows(mazes: Contract) -> None:
    faults, _ = audited(mazes, [spoiled(one, surface="whole", form="far") for one in rows(mazes)])
    assert {"no row is of the surface 'clean'", "no row is of the form 'near' of north"} <= set(faults)


def test_the_mix_may_be_two_points_off_and_no_more(mazes: Contract) -> None:
    good = rows(mazes)
    clean = [at for at, one in enumerate(good) if one.task.facts["surface"] == "clean"]
    for moved, faulty in ((2, 0), (3, 2)):
        mixed = [spoiled(one, surface="whole") if at in clean[:moved] else one for at, one in enumerate(good)]
        assert len(audited(mazes, mixed)[0]) == faulty
    weighed = [replace(one, weight=3.0 if one.task.facts["surface"] == "whole" else 1.0) for one in good]
    assert audited(mazes, weighed)[0][0].startswith("'whole' is 75.0 of 100 rows; 'A' declares 50")


def test_a_surface_that_is_not_declared_is_a_warning(mazes: Contract) -> None:
    good = rows(mazes)
    faults, warnings = audited(mazes, [spoiled(good[0], surface="new"), *good[1:]])
    assert (faults, warnings) == ([], ["1 rows are of the surface 'new', which is not declared"])


def test_a_stage_must_be_named_where_there_are_several(mazes: Contract) -> None:
    with pytest.raises(InputError, match="no stage ''; expected one of: A, B"):
        audit_rows(Blueprint.model_validate(SOUND), mazes, rows(mazes))


# ---- on the command line, on the scaffold's own rows ----


def plan(folder: Path) -> dict[str, Any]:
    """Of the scaffold, whose facts say how many lines a way may have."""
    ways = ["north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"]
    return {
        "version": 1, "objective": "Ways of one, two and three lines.", "keys": {"surface": "limit", "form": "limit"},
        "contract": {"name": toy(folder)},
        "families": [{"name": way, "forms": ["2" if len(way) < 6 else "3", "4"], "counts": ["lines"]} for way in ways],
        "surfaces": [{"name": name, "type": "anchor", "families": ways} for name in ("2", "3", "4")],
        "stages": [{"name": "only", "mix": {"2": 34, "3": 33, "4": 33}}],
    }  # fmt: skip


def test_the_verb_tells_faults_and_exits_with_them(tmp_path: Path) -> None:
    ladder = ["--ladder", str(tmp_path / "ladder.db")]
    path = saved(tmp_path, plan(tmp_path))
    done = CliRunner().invoke(app, ["blueprint", str(path), "--tasks", "600", "--json", *ladder])
    assert (
        json.loads(done.stdout) == {"passed": True, "faults": [], "warnings": [], "rows": 600} and done.exit_code == 0
    )
    saved(tmp_path, plan(tmp_path / "again") | {"stages": [{"name": "only", "mix": {"2": 60, "3": 40}}]})
    done = CliRunner().invoke(app, ["blueprint", str(path), "--tasks", "600", *ladder])
    assert done.exit_code == 1
    assert "FAULT: '2' is 33.3 of 100 rows; 'only' declares 60" in done.stdout and "2 faults, 1 warnings" in done.stdout


# ---- phases ----


def answered(passed: bool, family: str = "f", **other: Any) -> Row:
    one = Outcome(
        score=float(passed), passed=passed, failure=None if passed else "off", ended="stop", tokens=4, parsed=True,
        exact=passed, divergence=None if passed else 3, prefix=None, control=False, tail=False, shape="s", exploit=None,
        parts=other.pop("parts", {}), measures={},
    )  # fmt: skip
    return Row(task="t", split="test", tier="t1", family=family, seen=None, greedy=one, repaired=one, edits=0,
               samples=(), picked=None)  # fmt: skip


def many(passed: int, n: int, families: int = 1, **other: Any) -> Shown:
    made = [answered(at < passed, f"f{at % families}", **other) for at in range(n)]
    return Shown(rows=made)


K1, K2, K3, K4 = many(3, 3), many(6, 8), many(8, 10, 5), many(7, 10)
K5 = replace(many(5, 20, parts={"family": 1.0}), choice="part.family")


def test_phases_are_reached_one_after_the_other() -> None:
    assert phase_reached({}) is None
    assert phase_reached({"K1": K1, "K2": K2, "K3": K3, "K4": K4, "K5": K5}) == "K5"
    assert phase_reached({"K1": K1, "K3": K3}) == "K1"  # nothing is skipped
    require_phase("K1", {})
    require_phase("K5", {"K1": K1, "K2": K2, "K3": K3, "K4": K4})


@pytest.mark.parametrize(
    ("name", "shown", "told"),
    [
        ("K2", {}, r"K2 cannot begin: K1 \(three golds by heart\): no run stands for it"),
        ("K3", {"K1": K1}, r"K2 \(what was held out\): no run stands for it"),
        ("K2", {"K1": many(2, 3)}, "exact >= 100% does not hold"),
        ("K2", {"K1": many(2, 2)}, "2 tasks; expected at least 3"),
        ("K3", {"K1": K1, "K2": many(7, 10)}, "greedy > 70% does not hold"),
        ("K4", {"K1": K1, "K2": K2, "K3": many(9, 10, 4)}, "4 families; expected at least 5"),
        ("K4", {"K1": K1, "K2": K2, "K3": many(14, 16, 8)}, None),
        (
            "K4",
            {"K1": K1, "K2": K2, "K3": Shown(rows=[*many(40, 40, 5).rows, answered(False, "weak")])},
            "weak is at 0%",
        ),
        ("K5", {"K1": K1, "K2": K2, "K3": K3, "K4": many(6, 10)}, "greedy > 60% does not hold"),
        ("K3", {"K1": K1, "K2": replace(K2, conditions=["score >= 0.9"])}, "score >= 0.9 does not hold"),
    ],
)
def test_a_phase_that_skips_or_fails_one_before_it_is_refused_by_name(
    name: str, shown: dict[str, Shown], told: str | None
) -> None:
    if told is None:
        require_phase(name, shown)
        return
    with pytest.raises(RungwiseError, match=told):
        require_phase(name, shown)


def test_open_planning_asks_for_the_choice() -> None:
    before = {"K1": K1, "K2": K2, "K3": K3, "K4": K4}
    assert phase_reached(before | {"K5": replace(K5, choice="")}) == "K4"
    assert phase_reached(before | {"K5": replace(many(5, 20, parts={"family": 0.79}), choice="part.family")}) == "K4"


def test_an_unknown_phase_is_refused() -> None:
    with pytest.raises(InputError, match="no phase 'K6'"):
        require_phase("K6", {})
    with pytest.raises(InputError, match="no phase 'K0'"):
        phase_reached({"K0": K1})


def test_a_blueprint_in_a_phase_needs_runs_that_the_ladder_has_ruled_on(tmp_path: Path) -> None:
    ladder = Ledger(tmp_path / "ladder.db")
    faults, _ = stated(changed("phase", "K2"), ladder)
    assert faults == ["phase: K2 cannot begin: K1 (three golds by heart): no run stands for it"]
    data = SOUND | {"phase": "K2", "evidence": [{"phase": "K1", "run": "runs/nowhere"}]}
    faults, _ = stated(Blueprint.model_validate(data), ladder)
    assert faults == [f"phase: runs/nowhere: is not ruled on in {ladder.path}; expected a run that is"]
