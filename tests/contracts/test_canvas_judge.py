"""The judge of canvas: what must not change a verdict, what must, and every way of gaming it that is known."""

import random
import time
from collections.abc import Callable
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings

from rungwise.contract import Verdict
from rungwise.contracts.canvas.judge import Outcome, Problem, Scenario, assess, cost_score, judge, problem_of
from rungwise.contracts.canvas.language import (
    MODES,
    Behavior,
    Canvas,
    Component,
    Connection,
    Cost,
    Reading,
    parse,
    write,
)  # fmt: skip
from rungwise.contracts.canvas.tables import (
    ONE,
    T_DELIVERED,
    T_DROPPED,
    T_ERRORED,
    T_OFFERED,
    T_PENDING,
)
from tests.contracts.canvases import CONTRACT, canvases, gold_of, problems, replaced, tasks
from tests.contracts.wild_canvases import drawing, stressed

TASKS = tasks("test", 24)
COSTLESS = Cost(monthly=0.0, setup=0.0)


def verdict(number: int, canvas: Canvas) -> Verdict:
    return CONTRACT.judge(TASKS[number], write(canvas, "compact"))


def outcome(number: int, canvas: Canvas) -> Outcome:
    return assess(problem_of(TASKS[number]), canvas)


def plus(canvas: Canvas, components: list[Component], lines: list[tuple[str, str]]) -> Canvas:
    connections = [Connection(id=f"x{i}", source=a, target=b) for i, (a, b) in enumerate(lines)]
    return msgspec.structs.replace(
        canvas, components=[*canvas.components, *components], connections=[*canvas.connections, *connections]
    )


def part(id_: str, type_: str, mode: str = "passthrough", scale: int = 1) -> Component:
    return Component(id=id_, type=type_, label=id_, behavior=Behavior(mode=mode), cost=COSTLESS, scale=scale)  # type: ignore[arg-type]


NUMBERS = range(len(TASKS))


# ---- what must not matter ----


@given(canvases())
@settings(max_examples=60, deadline=None)
def test_names_order_and_labels_change_nothing(canvas: Canvas) -> None:
    problem = problems("test", 24)[11]
    rng = random.Random(len(canvas.components))
    new = {c.id: f"z{rng.randrange(10**9)}-{i}" for i, c in enumerate(canvas.components)}
    components = [
        msgspec.structs.replace(c, id=new[c.id], label="backup cache", description="") for c in canvas.components
    ]
    connections = [
        msgspec.structs.replace(c, id=f"y{i}", source=new[c.source], target=new[c.target], label="fast")
        for i, c in enumerate(canvas.connections)
    ]
    rng.shuffle(components)
    rng.shuffle(connections)
    other = Canvas(name="another", components=components, connections=connections)
    first, second = assess(problem, canvas), assess(problem, other)
    assert first.composite == second.composite and first.parts == second.parts and first.failure == second.failure
    assert np.array_equal(first.run.totals, second.run.totals)
    texts = [write(canvas, "json"), write(other, "json")]
    assert judge(problem, texts[0], "json").shape == judge(problem, texts[1], "json").shape


@given(canvases())
@settings(max_examples=60, deadline=None)
def test_credit_is_conserved_to_the_last_unit(canvas: Canvas) -> None:
    for problem in problems("test", 24)[10:14]:
        totals = assess(problem, canvas).run.totals
        accounted = totals[:, [T_DELIVERED, T_DROPPED, T_ERRORED, T_PENDING]].sum(axis=1)
        assert np.array_equal(totals[:, T_OFFERED], accounted)
        assert (totals >= 0).all()


@pytest.mark.parametrize("number", NUMBERS)
def test_whitespace_and_surface_change_nothing(number: int) -> None:
    canvas, problem = gold_of(TASKS[number]), problem_of(TASKS[number])
    text = write(canvas, "json")
    loose = text.replace(",", " ,\n ").replace(":", " : ")
    assert parse(loose, "json") == parse(text, "json")
    assert judge(problem, text, "json") == judge(problem, loose, "json") == verdict(number, canvas)


# ---- what must not pay ----


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("type_", ["trigger", "person", "storage", "step", "channel"])
def test_a_disconnected_component_never_raises_the_score(number: int, type_: str) -> None:
    gold = gold_of(TASKS[number])
    alone = verdict(number, plus(gold, [part("island", type_, scale=4)], []))
    assert alone.score < verdict(number, gold).score and not alone.passed


@pytest.mark.parametrize("number", NUMBERS)
def test_a_smaller_budget_never_raises_the_score(number: int) -> None:
    problem, gold = problem_of(TASKS[number]), gold_of(TASKS[number])
    scores = [
        assess(msgspec.structs.replace(problem, budget=problem.budget * share), gold).composite
        for share in (2, 1.2, 1, 0.9, 0.8, 0.6, 0.3)
    ]
    assert scores == sorted(scores, reverse=True)
    assert cost_score(100, 100) == 100 and cost_score(150, 100) == 0 and cost_score(125, 100) == 50


@pytest.mark.parametrize("number", NUMBERS)
def test_declaring_no_cost_buys_nothing_and_shows(number: int) -> None:
    gold = gold_of(TASKS[number])
    free = msgspec.structs.replace(
        gold, components=[msgspec.structs.replace(c, cost=COSTLESS) for c in gold.components]
    )
    honest, cheap = verdict(number, gold), verdict(number, free)
    assert cheap.score == honest.score and cheap.measures["cost_share"] == honest.measures["cost_share"]
    assert cheap.exploit == "underpriced" and honest.exploit is None


@pytest.mark.parametrize("number", NUMBERS)
def test_many_triggers_or_copies_deliver_no_more_than_was_offered(number: int) -> None:
    gold = gold_of(TASKS[number])
    first = gold.connections[0].target
    crowd = plus(gold, [part(f"t{i}", "trigger") for i in range(5)], [(f"t{i}", first) for i in range(5)])
    copied = plus(
        gold,
        [part(f"s{i}", "storage", scale=4) for i in range(4)],
        [(gold.components[-2].id, f"s{i}") for i in range(4)],
    )
    for canvas in (crowd, copied):
        found = outcome(number, canvas)
        assert max(found.delivered) <= 1.0 and found.failure is not None


def test_a_trigger_wired_to_a_store_does_no_work() -> None:
    for number in NUMBERS:
        bare = Canvas(name="x", components=[part("in", "trigger"), part("db", "storage", scale=4)],
                      connections=[Connection(id="c", source="in", target="db")])  # fmt: skip
        assert verdict(number, bare).failure == "no_path" and verdict(number, bare).score <= 0.25


def test_a_person_who_is_the_entry_has_not_done_the_work() -> None:
    bare = Canvas(name="x", components=[part("in", "person", scale=4), part("db", "storage", scale=4)],
                  connections=[Connection(id="c", source="in", target="db")])  # fmt: skip
    found = outcome(0, bare)
    assert found.failure == "no_path" and found.delivered == [0.0] * len(found.delivered)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_required_behaviour_on_a_dead_branch_does_not_count(number: int) -> None:
    gold, problem = gold_of(TASKS[number]), problem_of(TASKS[number])
    for name in problem.required:
        if name == "storage":
            continue
        bare = msgspec.structs.replace(
            gold,
            components=[
                msgspec.structs.replace(c, behavior=Behavior(mode="passthrough")) if c.behavior.mode == name else c
                for c in gold.components
            ],
        )
        island = [part("d0", "trigger"), part("d1", "step", name), part("d2", "storage")]  # type: ignore[list-item]
        decorated = plus(bare, [island[1], island[2]], [("d1", "d2"), ("d2", "d1")])
        found = verdict(number, decorated)
        assert not found.passed and found.score <= 0.84


def test_a_split_with_one_line_and_a_retry_that_guards_nothing_are_not_at_work() -> None:
    base = [
        part("in", "trigger"),
        part("a", "channel", "split", 2),
        part("b", "step", scale=4),
        part("db", "storage", "retry", 2),
    ]
    row = Canvas(name="x", components=base, connections=[
        Connection(id=f"c{i}", source=a, target=b) for i, (a, b) in enumerate([("in", "a"), ("a", "b"), ("b", "db")])
    ])  # fmt: skip
    problem = msgspec.structs.replace(problems("test", 24)[0], required=["split", "retry", "storage"])
    assert assess(problem, row).missing == ("split", "retry")


@pytest.mark.parametrize("number", NUMBERS)
def test_turning_everything_away_so_that_nothing_breaks_fails(number: int) -> None:
    gold = gold_of(TASKS[number])
    entry = gold.components[0].id
    for behavior in (
        Behavior(mode="filter", params={"strictness": 1}),
        Behavior(mode="ratelimit", params={"rate": 1, "burst": 1}),
    ):
        assert not verdict(number, replaced(gold, entry, behavior=behavior)).passed


@pytest.mark.parametrize("number", NUMBERS)
def test_work_hidden_in_delays_or_circles_is_not_delivered(number: int) -> None:
    gold = gold_of(TASKS[number])
    slow = msgspec.structs.replace(
        gold, connections=[msgspec.structs.replace(c, latency=4000.0) for c in gold.connections]
    )
    if len(gold.components) > 4:
        assert not verdict(number, slow).passed
    ring = [part("r1", "channel", scale=4), part("r2", "channel", scale=4)]
    ringed = plus(gold, ring, [(gold.components[0].id, "r1"), ("r1", "r2"), ("r2", "r1")])
    assert not verdict(number, ringed).passed


@pytest.mark.parametrize("number", NUMBERS)
def test_huge_parameters_are_clamped_and_paid_for(number: int) -> None:
    gold = gold_of(TASKS[number])
    greedy = msgspec.structs.replace(
        gold,
        components=[
            msgspec.structs.replace(
                c, scale=10**9, behavior=Behavior(mode=c.behavior.mode, params={"capacity": 1e308, "rate": 1e308})
            )
            for c in gold.components
        ],
    )
    found = CONTRACT.judge(TASKS[number], write(gold, "compact"))
    text = msgspec.json.encode(greedy).decode()
    assert judge(problem_of(TASKS[number]), text, "json").measures["cost_share"] > found.measures["cost_share"]


# ---- what the scores say ----


@pytest.mark.parametrize("number", NUMBERS)
def test_gold_passes_with_its_certificate_s_margin_within_budget(number: int) -> None:
    found = verdict(number, gold_of(TASKS[number]))
    assert found.passed and found.score >= CONTRACT.gold_floor
    assert found.measures["cost_share"] <= 1 and found.shape and found.exploit is None


def test_gates_hold_their_scores() -> None:
    problem = problem_of(TASKS[0])
    assert judge(problem, "junk", "json").score == 0
    assert judge(problem, '{"a":1}', "json").score <= 0.05
    held = replaced(
        gold_of(TASKS[0]), gold_of(TASKS[0]).components[0].id, cost=Cost(monthly=10 * problem.budget, setup=0.0)
    )
    assert judge(problem, write(held, "json"), "json").score <= 0.84


def test_the_same_canvas_has_the_same_verdict_to_the_byte() -> None:
    seen = {str(verdict(number, gold_of(TASKS[number]))) for number in NUMBERS for _ in range(3)}
    assert len(seen) == len(TASKS)


def test_feedback_tells_what_failed_in_coarse_steps_and_never_the_score() -> None:
    weak = next(wrong.answer for wrong in CONTRACT.sabotage(TASKS[5], 0) if wrong.label == "overload")
    told = CONTRACT.feedback(TASKS[5], weak)  # type: ignore[attr-defined]
    assert not told["v1Passed"] and told["failingScenarios"]
    assert all(round(row["observed"] * 20, 6).is_integer() for row in told["failingScenarios"])
    assert not {"composite", "score", "weights"} & set(str(told).replace("'", " ").split())
    junk = CONTRACT.feedback(TASKS[5], "junk")  # type: ignore[attr-defined]
    assert junk["failingChecks"] == [{"check": "unreadable", "missing": []}]


def test_facts_that_are_no_problem_are_a_user_s_fault_not_a_crash() -> None:
    from rungwise.errors import InputError

    with pytest.raises(InputError, match=r"facts: .*scenarios"):
        CONTRACT.judge(replace(TASKS[0], facts={**TASKS[0].facts, "scenarios": 3}), "x")


# ---- what an attack on the judge found, each closed ----


def mean_and_passes(answers: Callable[[Problem], str]) -> tuple[float, int]:
    found = [assess(problem, drawing(answers(problem))) for problem in problems("test", 24)]
    return sum(f.composite for f in found) / len(found), sum(f.failure is None for f in found)


def star_of_side_branches(problem: Problem) -> str:
    """Each required mode on a branch of its own beside a guarded decoy: it once passed 52 of 60 tasks."""
    leaves = [mode for mode in MODES if mode in problem.required and mode not in ("split", "retry", "circuitbreaker")]
    lines = ["in trigger split", "g channel retry backoff=8", "b channel circuitbreaker", "p person batch x2 size=16"]
    lines += [f"l{mode} person {mode} x2" for mode in leaves]
    lines += [f"q{i} person batch x2 size=16" for i in range(problem.max_components - len(lines))]
    heads = [line.split()[0] for line in lines[4:]]
    return "\n".join([*lines, "in > g", "g > b", "b > p", *[f"in > {head}" for head in heads]])


def bare_star(problem: Problem) -> str:
    """Nothing but persons: it once was paid 79 on average, 84 on many."""
    size = min(5, problem.max_components - 1)
    persons = [f"p{i} person passthrough" for i in range(size)]
    return "\n".join(["in trigger split", *persons, *[f"in > p{i}" for i in range(size)]])


def test_one_template_for_every_task_neither_passes_nor_pays() -> None:
    mean, passes = mean_and_passes(star_of_side_branches)
    assert passes <= 2 and mean < 70
    mean, passes = mean_and_passes(bare_star)
    assert passes <= 1 and mean < 60


def test_every_violation_costs_more_than_the_hold() -> None:
    problem, gold = problem_of(TASKS[0]), gold_of(TASKS[0])
    dear = replaced(gold, gold.components[0].id, cost=Cost(monthly=2 * problem.budget, setup=0.0))
    both = msgspec.structs.replace(problem, max_components=1)
    scores = [assess(problem, gold).composite, assess(problem, dear).composite, assess(both, dear).composite]
    assert scores[0] >= 90 and scores[1] <= 84 * 0.85 + 1e-9 and scores[2] < scores[1]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_second_entry_an_inner_trigger_and_a_circle_are_tangled(number: int) -> None:
    gold = gold_of(TASKS[number])
    first, second = gold.components[0].id, gold.connections[0].target
    entry = plus(gold, [part("t", "trigger")], [("t", second)])
    inner = plus(gold, [part("t", "trigger")], [("t", first)])
    circle = plus(gold, [], [(second, second)])
    for canvas in (entry, inner, circle):
        assert verdict(number, canvas).failure == "tangled" and verdict(number, canvas).score <= 0.714


@pytest.mark.parametrize(
    ("mode", "idle"),
    [
        ("retry", {"maxRetries": 0}),
        ("filter", {"strictness": 0.0001}),
        ("ratelimit", {"rate": 200, "burst": 400}),
        ("queue", {"capacity": 1}),
        ("delay", {"ticks": 0}),
    ],
)
def test_a_required_mode_that_does_nothing_is_missing(mode: str, idle: dict[str, int | float | str]) -> None:
    problem = msgspec.structs.replace(problems("test", 24)[0], required=[mode])
    for params, missing in ((idle, (mode,)), (AT_WORK[mode], ())):
        row = drawing(ROW)
        behavior = Behavior(mode=mode, params=params)  # type: ignore[arg-type]
        assert assess(problem, replaced(row, "a", behavior=behavior)).missing == missing


ROW = """
    in trigger passthrough
    a channel passthrough x2
    b step passthrough x4
    c storage passthrough x2
    in > a
    a > b
    b > c"""
AT_WORK: dict[str, dict[str, int | float | str]] = {
    "retry": {}, "filter": {"strictness": 0.2}, "ratelimit": {"rate": 20, "burst": 20}, "queue": {"capacity": 100},
    "delay": {"ticks": 1},
}  # fmt: skip


def test_a_split_whose_second_line_weighs_nothing_is_not_at_work() -> None:
    text = ROW.replace("a channel passthrough x2", "a decision split x2 policy=weighted")
    problem = msgspec.structs.replace(problems("test", 24)[0], required=["split"])
    assert assess(problem, drawing(text + "\na > c *0")).missing == ("split",)
    assert assess(problem, drawing(text + "\na > c *1")).missing == ()


def test_the_fault_strikes_the_unguarded_before_a_guarded_decoy() -> None:
    canvas = drawing("""
        in trigger split
        far channel retry
        decoy step passthrough x2
        bare step passthrough x2
        store storage passthrough x4
        in > far
        far > decoy
        decoy > store
        in > bare
        bare > store""")
    found = outcome(0, canvas)
    assert canvas.components[found.run.target].id == "bare"


def test_failed_work_that_waits_takes_up_room() -> None:
    canvas = drawing("""
        in trigger retry maxRetries=5 backoff=8
        w step passthrough x4
        c storage passthrough x4
        in > w
        w > c""")
    found = assess(stressed(12, Scenario("outage", "", "", 20, 30, 0)), canvas)
    assert found.run.totals[1, T_DROPPED] > 20 * ONE


HARD_TO_MEND = [
    '{"components":[{"id":"a","type":"step","behavior":{"mode":"queue"},"scale":1' + "0" * 400 + "}]}",
    "a" + "-" * 65_000,
    "[" * 60_000 + "{",
    "in trigger passthrough\nin > in *0." + "0" * 30 + "1",
]


@pytest.mark.parametrize("text", HARD_TO_MEND)
def test_repair_is_total_and_quick(text: str) -> None:
    begun = time.perf_counter()
    once = CONTRACT.repair(text)
    assert CONTRACT.repair(once.answer).answer == once.answer and time.perf_counter() - begun < 1


def test_tiny_numbers_are_read_as_they_can_be_written() -> None:
    text = 'canvas "x"\nin trigger passthrough $0.00000000000000000001\nb step passthrough\nin > b *0.0000001'
    read = parse(text, "compact")
    assert isinstance(read, Reading) and parse(write(read.canvas, "compact"), "compact") == Reading(read.canvas)
