"""Shaping: what each form and term pays, and whether a term is felt at all."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rungwise.contract import Verdict, load_contract
from rungwise.errors import InputError
from rungwise.train.shaping import FORMS, TERMS, Form, Reward, Term, effect, require_sound, reward, warnings

STEPS = {"unparsed": 0.0, "wrong_expert": 0.3, "invalid": 0.5, "wrong": 0.7}


def paid(form: Form, score: float, failure: str | None = None) -> float:
    verdict = Verdict(score=score, passed=failure is None, failure=failure)
    return reward(form, (), verdict, tier="t1", tokens=1).value


def added(term: Term, verdict: Verdict, tier: str = "t1", tokens: int = 1) -> float:
    return reward(Form(), [term], verdict, tier=tier, tokens=tokens).terms[term.name]


def measured(**measures: float) -> Verdict:
    return Verdict(score=0.5, passed=False, failure="wrong", parts={"design": 0.75}, measures=measures)


def test_the_forms() -> None:
    assert paid(Form(name="raw"), 0.6, "wrong") == 0.6
    assert paid(Form(name="exact"), 0.9, "wrong") == 0
    assert paid(Form(name="exact"), 0.9) == 1
    assert paid(Form(name="partial", power=3), 0.5, "wrong") == 0.125
    assert paid(Form(name="chance_corrected", chance=0.2), 0.6, "wrong") == pytest.approx(0.5)
    assert paid(Form(name="chance_corrected", chance=0.2), 0.1, "wrong") == pytest.approx(-0.125)
    tiered = Form(name="tiered", values=STEPS)
    assert [paid(tiered, 0, label) for label in STEPS] == [0, 0.3, 0.5, 0.7]
    assert paid(tiered, 0.8) == 1


@given(st.sampled_from(sorted({*FORMS} - {"tiered"})), st.floats(0, 1), st.floats(0, 1))
def test_a_better_score_never_pays_less(name: str, one: float, other: float) -> None:
    form = Form(name=name, power=2, chance=0.3)
    assert paid(form, min(one, other), "wrong") <= paid(form, max(one, other), "wrong") <= 1


@pytest.mark.parametrize(("at", "worth"), [(0.4, -1), (0.5, -1), (0.675, 0), (0.85, 1), (0.925, 0), (1, -1), (2, -1)])
def test_a_triangle_is_best_at_its_peak(at: float, worth: float) -> None:
    term = Term(name="use", kind="triangle", reads="cost_share", share=0.05, low=0.5, peak=0.85, high=1.0)
    assert added(term, measured(cost_share=at)) == pytest.approx(0.05 * worth)


@pytest.mark.parametrize(("at", "worth"), [(0, -1), (2, -1), (4, 0), (6, 1), (8, 1), (10, 1), (12, 0), (15, -1)])
def test_a_band_is_best_inside_and_worst_a_width_away(at: float, worth: float) -> None:
    term = Term(name="size", kind="band", reads="steps", share=0.1, low=6, high=10)
    assert added(term, measured(steps=at)) == pytest.approx(0.1 * worth)


def test_a_part_and_the_length() -> None:
    assert added(Term(name="tidy", kind="part", reads="design", share=0.1), measured()) == pytest.approx(0.05)
    short = Term(name="short", kind="length", share=0.2, low=100, high=200)
    assert [added(short, measured(), tokens=n) for n in (1, 100, 150, 200, 999)] == pytest.approx(
        [0.2, 0.2, 0, -0.2, -0.2]
    )


@given(
    st.sampled_from(sorted(TERMS)),
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(0, 10**6),
    st.floats(0, 1),
)
def test_a_term_stays_within_its_share(kind: str, at: float, tokens: int, share: float) -> None:
    term = Term(name="any", kind=kind, reads="x", share=share, low=-1, peak=0.3, high=4)
    verdict = Verdict(score=0.5, passed=False, failure="wrong", parts={"x": at})
    assert abs(added(term, verdict, tokens=tokens)) <= share


def test_the_bounds_may_differ_by_tier() -> None:
    term = Term(name="size", kind="band", reads="steps", share=1, low={"t1": 1, "t2": 5}, high={"t1": 3, "t2": 9})
    assert added(term, measured(steps=2), "t1") == 1
    assert added(term, measured(steps=2), "t2") < 0
    with pytest.raises(InputError, match="term size: 't3'; expected one of: t1, t2"):
        added(term, measured(steps=2), "t3")


def test_an_answer_that_could_not_be_measured_gets_the_worst() -> None:
    unread = Verdict(score=0, passed=False, failure="unreadable")
    assert added(Term(name="size", kind="band", reads="steps", share=0.1, low=6, high=10), unread) == -0.1
    assert added(Term(name="tidy", kind="part", reads="design", share=0.1), unread) == -0.1


@pytest.mark.parametrize("kind", sorted({*TERMS} - {"length"}))
@pytest.mark.parametrize("at", [math.inf, -math.inf, math.nan])
def test_a_number_that_is_not_finite_gets_the_worst(kind: str, at: float) -> None:
    verdict = Verdict(score=0.5, passed=False, failure="wrong", parts={"x": at})
    assert added(Term(name="any", kind=kind, reads="x", share=0.1), verdict) == -0.1


def test_a_measure_that_does_not_exist() -> None:
    term = Term(name="size", kind="band", reads="component", share=0.1, low=6, high=10)
    with pytest.raises(InputError, match="term size: 'component'; did you mean 'components'"):
        added(term, measured(components=7, cost=1))
    with pytest.raises(InputError, match="term tidy: 'components'; expected one of: design"):
        added(Term(name="tidy", kind="part", reads="components", share=0.1), measured(components=7))


@pytest.mark.parametrize(
    ("form", "terms", "message"),
    [
        (Form(name="exacct"), [], "reward form: 'exacct'; did you mean 'exact'"),
        (Form(name="chance_corrected", chance=1), [], "chance: 1; expected 0 up to below 1"),
        (Form(name="tiered", values={**STEPS, "wrnog": 1}), [], "reward values: 'wrnog'; did you mean 'wrong'"),
        (Form(name="tiered", values={"wrong": 1}), [], "reward values: no value for unparsed, wrong_expert, invalid"),
        (Form(), [Term(name="a", kind="bnd", share=1)], "term a: 'bnd'; did you mean 'band'"),
        (Form(), [Term(name="a", kind="band", share=1)] * 2, "two terms are named 'a'"),
        (Form(), [Term(name="a", kind="band", share=1, low=1)], "term a: low 1, peak 0.5, high 1; expected"),
        (Form(), [Term(name="a", kind="triangle", share=1, peak=2)], "term a: low 0, peak 2, high 1; expected"),
        (Form(), [Term(name="a", kind="band", share=1, high={"t1": 2})], "term a: 't2'"),
    ],
)
def test_faults_that_show_before_anything_is_run(form: Form, terms: list[Term], message: str) -> None:
    with pytest.raises(InputError, match=message):
        require_sound(form, terms, STEPS, ["t1", "t2"])


def test_a_label_without_a_value_at_the_first_answer_that_has_it() -> None:
    with pytest.raises(InputError, match="reward values: 'wrongs'; did you mean 'wrong'"):
        paid(Form(name="tiered", values=STEPS), 0.2, "wrongs")


# ---- whether a term is felt ----


def group(scores: list[float], terms: list[float]) -> list[Reward]:
    return [Reward(value=a + b, form=a, terms={"size": b}) for a, b in zip(scores, terms, strict=True)]


SIZE = Term(name="size", kind="band", share=0.05)


def test_the_published_trap_is_named() -> None:
    groups = [
        group([0.3, 0.5, 0.7, 0.9], [0.005, -0.005, 0.005, -0.005]),
        group([0.9, 0.1, 0.5, 0.3], [-0.005, 0.005] * 2),
    ]
    felt = effect(groups)
    assert felt["size"] == pytest.approx(0.005 / math.sqrt((0.05 + 0.0875) / 2), rel=0.03)
    (line,) = warnings([SIZE], felt)
    assert line.startswith("term size (share 0.05) varies 1.9% as much as the reward within a group")
    assert "\n" not in line


def test_a_term_that_differs_only_between_groups_is_not_felt() -> None:
    groups = [group([0.3, 0.7], [0.5, 0.5]), group([0.3, 0.7], [-0.5, -0.5])]
    assert effect(groups) == {"size": 0}
    assert len(warnings([SIZE], effect(groups))) == 1


def test_a_term_that_is_felt_draws_no_warning() -> None:
    assert warnings([SIZE], effect([group([0.3, 0.7], [0.05, -0.05])])) == []
    assert warnings([SIZE], effect([group([0.5, 0.5], [0.01, -0.01])])) == []  # it is all there is
    assert warnings([SIZE], effect([group([0.1] * 3, [0.0] * 3)])) == []  # nothing to compare with


# ---- a shipped contract's published terms, as a rung file has them ----

CANVAS: list[dict[str, Any]] = [
    {"name": "util", "kind": "triangle", "reads": "cost_share", "share": 0.05, "low": 0.5, "peak": 0.85, "high": 1.0},
    {"name": "size", "kind": "band", "reads": "components", "share": 0.05,
     "low": {"dp1": 3, "dp2": 4, "dp3": 6, "dp4": 7, "dp5": 9, "dp6": 10},
     "high": {"dp1": 5, "dp2": 6, "dp3": 9, "dp4": 10, "dp5": 12, "dp6": 13}},
    {"name": "coverage", "kind": "part", "reads": "constraints", "share": 0.05},
]  # fmt: skip


def test_the_terms_of_canvas_are_data() -> None:
    canvas = load_contract("canvas")
    terms = [Term(**row) for row in CANVAS]
    require_sound(Form(), terms, canvas.failures, canvas.tiers)
    task = canvas.tasks("train", 1, 0)[0]
    gold = canvas.gold(task)
    assert gold is not None
    good, junk = (
        reward(Form(), terms, verdict, tier=task.tier, tokens=100)
        for verdict in (canvas.judge(task, gold), canvas.judge(task, "junk"))
    )
    assert good.terms["coverage"] == pytest.approx(0.05)
    assert abs(good.terms["util"]) < 0.05  # it uses 95% of its budget: between the peak and the end
    assert abs(good.value - good.form) <= 0.15
    assert junk.terms == {"util": -0.05, "size": -0.05, "coverage": -0.05}
