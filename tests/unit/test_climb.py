"""What comes after a rung: each way to go on, and each stop, by its name."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rungwise.errors import InputError
from rungwise.ladder.decide import KNOWN, Decision, Next, Ran, Resume, Standing, Stop, decide
from rungwise.ladder.mandate import Change, Intervention, Mandate, read
from rungwise.ladder.rung import Rung, changed, require_one_axis, settings_hash
from rungwise.ladder.rung import read as read_rung
from rungwise.ladder.rung_text import text_of

START = {
    "name": "start", "question": "q", "hypothesis": "h", "expectations": ["greedy >= 0.5"],
    "contract": {"name": "canvas"}, "probe": {"path": "probes/p"}, "model": {"size": "1M"},
    "sft": {"tasks": 400, "steps": 100, "lr": 1e-3, "tiers": {"dp1": 1.0, "dp2": 2.0}},
    "rl": {"steps": 50, "kl_coef": 0.04},
}  # fmt: skip
LONGER = {
    "mends": "undertrained", "axis": "budget", "why": "The loss still falls.",
    "changes": [{"setting": "sft.steps", "times": 1.5, "most": 200}],
}  # fmt: skip
HARDER = {
    "mends": "unreadable", "axis": "data", "why": "The hard ones are rare.",
    "changes": [{"setting": "sft.tiers", "value": {"dp1": 1.0, "dp2": 4.0}}],
}  # fmt: skip
PAID = {
    "mends": "readable_not_passed", "axis": "reward", "why": "Pay for passing alone.",
    "changes": [{"setting": "rl.reward", "value": {"form": "exact"}}],
}  # fmt: skip
MANDATE: dict[str, Any] = {
    "name": "up", "contract": {"name": "canvas"}, "probe": "probes/p", "start": "start.toml", "goal": ["greedy >= 95%"],
    "patience": 2, "canary": 10, "budget": {"rungs": 5, "seconds_a_rung": 60, "seconds_in_all": 300},
    "interventions": [LONGER, HARDER],
}  # fmt: skip
PROBE = "a" * 64


def mandate(**other: object) -> Mandate:
    return Mandate.model_validate(MANDATE | other)


def rung(**other: object) -> Rung:
    return Rung.model_validate(START | other)


def ran(of: Rung | None = None, **other: Any) -> Ran:
    own = of or rung()
    told = {
        "file": "01.toml", "rung": own, "settings": settings_hash(own), "probe": PROBE, "seconds": 10.0,
        "verb": "reject", "classes": (("undertrained", 1.0),),
    }  # fmt: skip
    return Ran(**(told | other))


def after(*rungs: Ran, **other: Any) -> Decision:
    of = other.pop("mandate", mandate())
    return decide(of, Standing(**({"start": rung(), "probe": PROBE, "ran": rungs} | other)))


def stopped(decision: Decision) -> str:
    assert isinstance(decision, Stop), decision
    assert decision.exit_code == (0 if decision.status in KNOWN else 1) and decision.sentence
    return decision.status


def went_on(decision: Decision) -> Rung:
    assert isinstance(decision, Next), decision
    return decision.rung


# ---- going on ----


def test_the_first_rung_is_the_start_and_waits_for_a_name() -> None:
    first = went_on(after())
    assert settings_hash(first) == settings_hash(rung())
    assert (first.name, first.signed, first.preflight.canary) == ("up-01", True, 10)


def test_the_next_rung_is_the_last_one_with_the_one_intervention() -> None:
    second = went_on(after(ran()))
    assert changed(second, rung()) == {"budget": ["sft.steps: 100 -> 150"]}
    assert (second.baseline, second.axis, second.hypothesis) == ("01.toml", "budget", "The loss still falls.")
    assert second.signed and second.expectations == ("greedy - baseline > 0",) and "sft.steps" in second.question


def test_a_secondary_class_of_another_layer_changes_nothing() -> None:
    two = (("undertrained", 1.0), ("unreadable", 9.0))
    assert went_on(after(ran(classes=two))).axis == "budget"


def test_a_rung_that_was_begun_is_gone_on_with() -> None:
    begun = rung(name="up-02")
    assert after(ran(), begun=begun) == Resume(2, "rung 2 was begun")


def test_a_section_that_the_rung_has_not_had_is_one_axis_too() -> None:
    plain = rung(rl=None)
    paid = mandate(interventions=[{
        "mends": "readable_not_passed", "axis": "reward", "why": "Pay.",
        "changes": [{"setting": "rl.loss", "value": "grpo"}],
    }])  # fmt: skip
    second = went_on(after(ran(plain, classes=(("readable_not_passed", 3.0),)), mandate=paid))
    assert second.rl and list(changed(second, plain)) == ["reward"]


# ---- stops that the mandate has foreseen ----


def test_the_goal() -> None:
    assert stopped(after(ran(reached=True, goal=("greedy >= 95%: held",)))) == "goal"


def test_all_rungs_are_spent() -> None:
    few = mandate(budget=MANDATE["budget"] | {"rungs": 1})
    assert stopped(after(ran(), mandate=few)) == "rungs_spent"


def test_no_room_is_left_for_a_whole_rung() -> None:
    assert stopped(after(ran(seconds=59.0), mandate=mandate(budget=MANDATE["budget"] | {"seconds_in_all": 118}))) == (
        "seconds_spent"
    )
    assert isinstance(after(ran(seconds=59.0)), Next)


def test_a_rung_took_too_long() -> None:
    assert stopped(after(ran(seconds=61.0))) == "rung_too_long"


def test_a_factor_is_at_its_bound_and_a_value_in_place() -> None:
    there = rung(sft=START["sft"] | {"steps": 200})
    assert stopped(after(ran(there))) == "bound_reached"
    nearly = rung(sft=START["sft"] | {"steps": 180})
    assert went_on(after(ran(nearly))).sft.steps == 200  # type: ignore[union-attr]
    harder = rung(sft=START["sft"] | {"tiers": {"dp1": 1.0, "dp2": 4.0}})
    assert stopped(after(ran(harder, classes=(("unreadable", 2.0),)))) == "bound_reached"


def test_rungs_in_a_row_without_a_gain() -> None:
    still = ran(gain=0.01, p=0.4)
    assert stopped(after(ran(), still, still)) == "no_gain"
    assert isinstance(after(ran(), still), Next)
    risen = replace(still, gain=0.2, p=0.001)
    assert isinstance(after(ran(), risen, still), Next)


# ---- stops that ask for a person ----


def test_a_gate_of_the_rung_does_not_hold_even_where_the_goal_is_reached() -> None:
    assert stopped(after(ran(failing=("parsed >= 95%",), reached=True))) == "gates_failed"


def test_a_rung_is_surely_worse_than_what_it_changes() -> None:
    assert stopped(after(ran(), ran(gain=-0.2, p=0.001))) == "worse"
    assert isinstance(after(ran(), ran(gain=-0.2, p=0.2)), Next)


def test_a_measured_ceiling() -> None:
    assert stopped(after(ran(verb="branch"))) == "ceiling"


def test_no_class_of_failure_is_found() -> None:
    assert stopped(after(ran(classes=()))) == "class_none"


def test_a_class_that_nobody_knows() -> None:
    assert stopped(after(ran(classes=(("bad_weather", 2.0),)))) == "class_unknown"


def test_a_class_that_the_mandate_has_nothing_for() -> None:
    assert stopped(after(ran(classes=(("truncated", 2.0), ("undertrained", 1.0))))) == "class_not_in_mandate"


def test_two_classes_of_one_layer_that_are_as_strong() -> None:
    other = HARDER | {"mends": "start_missing", "changes": [{"setting": "sft.tasks", "times": 2, "most": 4000}]}
    of = mandate(interventions=[HARDER, other])
    two = (("start_missing", 2.0), ("unreadable", 2.0))
    assert stopped(after(ran(classes=two), mandate=of)) == "tie"
    assert went_on(after(ran(classes=(two[0], ("unreadable", 1.9))), mandate=of)).axis == "data"
    alike = mandate(interventions=[HARDER, HARDER | {"mends": "start_missing"}])
    assert went_on(after(ran(classes=two), mandate=alike)).axis == "data"


@pytest.mark.parametrize(
    ("other", "status"),
    [
        ({"contract": {"name": "canvas", "settings": {"surface": "compact"}}}, "contract_changed"),
        ({"tokens": {"size": 2048}}, "tokenizer_changed"),
        ({"model": {"size": "3M"}}, "model_changed"),
    ],
)
def test_a_rung_of_another_contract_tokenizer_or_model(other: dict[str, object], status: str) -> None:
    assert stopped(after(ran(rung(**other)))) == status
    assert stopped(after(ran(), begun=rung(**other))) == status


def test_a_rung_file_that_was_edited_after_it_ran() -> None:
    assert stopped(after(ran(settings="0" * 64))) == "rung_edited"


def test_another_probe_or_judge() -> None:
    assert stopped(after(ran(), probe="b" * 64)) == "probe_changed"
    assert stopped(after(ran(), ran(probe="b" * 64))) == "probe_changed"
    assert stopped(after(mandate=mandate(probe_hash="b" * 64))) == "probe_changed"
    assert stopped(after(probe="", probe_fault="the judge has changed since: judge.py")) == "probe_changed"


def test_a_preflight_that_refuses() -> None:
    assert stopped(after(begun=rung(), refused=("disjoint",))) == "preflight_failed"
    assert stopped(after(begun=rung(), refused=("canary", "disk"))) == "preflight_failed"


def test_a_canary_is_tried_twice_and_then_it_stops() -> None:
    once = went_on(after(begun=went_on(after()), refused=("canary",)))
    assert once.preflight.canary == 20 and settings_hash(once) == settings_hash(rung())
    assert stopped(after(begun=once, refused=("canary",))) == "canary_failed"


def test_an_intervention_that_does_not_fit_the_rung() -> None:
    by_epochs = rung(sft={"tasks": 400, "epochs": 4.0})
    assert stopped(after(ran(by_epochs))) == "not_applicable"
    wrong = mandate(interventions=[LONGER | {"changes": [{"setting": "sft.steps", "value": 0}]}])
    assert stopped(after(ran(), mandate=wrong)) == "not_applicable"


def test_an_intervention_that_leads_back() -> None:
    """From one rung to the other and back again, as the class changes."""
    two = [
        LONGER | {"changes": [{"setting": "sft.steps", "value": 150}]},
        LONGER | {"mends": "truncated", "changes": [{"setting": "sft.steps", "value": 100}]},
    ]
    second = went_on(after(ran(), mandate=mandate(interventions=two)))
    back = after(ran(), ran(second, classes=(("truncated", 2.0),)), mandate=mandate(interventions=two))
    assert stopped(back) == "tried"


# ---- nothing but the intervention ----

FACTORS = st.sampled_from([("sft.steps", "budget"), ("sft.lr", "budget"), ("sft.tasks", "data"), ("rl.k", "budget"),
                           ("rl.kl_coef", "reward"), ("sft.tiers.dp2", "data"), ("rl.prompts", "budget")])  # fmt: skip


@given(
    FACTORS, st.floats(0.3, 3.0).filter(lambda factor: abs(factor - 1) > 0.05), st.floats(0.01, 5000),
    st.integers(1, 6),
)  # fmt: skip
def test_no_rung_differs_by_more_than_the_intervention(
    what: tuple[str, str], factor: float, bound: float, rungs: int
) -> None:
    setting, axis = what
    side = "most" if factor > 1 else "least"
    written = LONGER | {"axis": axis, "changes": [{"setting": setting, "times": factor, side: bound}]}
    of = mandate(interventions=[written], patience=9, budget=MANDATE["budget"] | {"rungs": 9, "seconds_in_all": 1e4})
    chain = [ran(file="01.toml")]
    for number in range(2, rungs + 2):
        decision = after(*chain, mandate=of)
        if not isinstance(decision, Next):
            assert stopped(decision) in ("bound_reached", "not_applicable")
            return
        made, last = decision.rung, chain[-1].rung
        told = changed(made, last)
        assert [line.partition(":")[0] for line in told[axis]] == [setting] and list(told) == [axis]
        require_one_axis(made, last)
        assert made.signed and (made.contract, made.tokens, made.model) == (last.contract, last.tokens, last.model)
        value = made.record()
        for key in setting.split("."):
            value = value[key]
        assert value <= max(1, round(bound)) or value <= bound if factor > 1 else value >= min(bound, round(bound))
        chain.append(ran(made, file=f"{number:02d}.toml"))


def test_a_rung_reads_back_from_its_text(tmp_path: Path) -> None:
    odd = rung(question='q "quoted"\nand \\ more \x7f', sft={
        "epochs": 1e-05, "mixture": [{"source": "gold", "tiers": {"dp1": 1.0}}, {"source": "rows.jsonl", "weight": 2.0}]
    }, contract={"name": "canvas", "settings": {"surface": "compact", "odd key": [1, {"a": True}]}})  # fmt: skip
    path = tmp_path / "rung.toml"
    path.write_text(text_of(odd, "a remark\nof two lines"))
    assert read_rung(path).record() == odd.record()


# ---- what a mandate may not say ----

WRITTEN = """
probe = "probes/p"
start = "{start}"
goal = ["greedy >= 95%"]
[contract]
name = "canvas"
[budget]
rungs = 2
seconds_a_rung = 60
seconds_in_all = 200
[[interventions]]
mends = "undertrained"
axis = "budget"
why = "Longer."
changes = [{{ setting = "sft.steps", times = 1.5, most = 400 }}]
"""


def written(folder: Path, *changes: tuple[str, str]) -> Path:
    (folder / "start.toml").write_text(text_of(rung(), "start"))
    text = WRITTEN.format(start=folder / "start.toml")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "policy.toml"
    path.write_text(text)
    return path


def test_a_mandate_is_read_with_its_start(tmp_path: Path) -> None:
    found, start = read(written(tmp_path))
    assert found.interventions == (Intervention.model_validate(LONGER | {
        "why": "Longer.", "changes": [Change(setting="sft.steps", times=1.5, most=400)]}),)  # fmt: skip
    assert start.name == "start" and found.name == tmp_path.name


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"undertrained"', '"undertraind"', "interventions.0.mends: 'undertraind': did you mean 'undertrained'?"),
        ('"undertrained"', '"probe_integrity"', "is of the infra, which no training mends"),
        ('axis = "budget"', 'axis = "tokens"', "interventions.0.axis: 'tokens'; expected one of: budget, data"),
        ('"sft.steps"', '"sft.stepz"', "no such setting 'sft.stepz'; did you mean 'steps'?"),
        ('"sft.steps"', '"model.size"', "'model.size' is of axis 'model'; expected one of 'budget'"),
        ('"sft.steps"', '"sft.every"', "'sft.every' is of axis 'none'; expected one of 'budget'"),
        (", most = 400", "", "interventions.0.changes.0.most: missing; expected where multiplying by 1.5 ends"),
        ("times = 1.5, most", "value = 5, most", "value: given with a bound"),
        ("greedy >= 95%", "greedy - baseline >= 1%", "moves with the baseline"),
        ("rungs = 2", "rungs = 0", "budget.rungs: 0; expected greater than or equal to 1"),
        ("seconds_a_rung = 60", "seconds_a_rung = 600", "budget.seconds_a_rung: is above seconds_in_all"),
        ('"probes/p"', '"probes/q"', "'probes/q' is not that of"),
        ('name = "canvas"', 'name = "scene"', "contract: is not that of"),
        ("rungs = 2", "rungs = 2\nmoney = 3", "budget.money: no such field"),
    ],
)
def test_what_a_mandate_may_not_say_is_told_in_one_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(InputError) as refused:
        read(written(tmp_path, (old, new)))
    assert told in str(refused.value) and str(refused.value).startswith(f"{tmp_path}/policy.toml:")
    assert "\n" not in str(refused.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read(written(tmp_path, ('"undertrained"', '"undertraind"'), ("rungs = 2", "rungs = 0"), ("95%", "much")))
    assert len(str(refused.value).splitlines()) == 3
