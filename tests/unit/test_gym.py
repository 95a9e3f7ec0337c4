"""Data sets of reasoning-gym as contracts, ours as its data sets, and what is said of all of its."""

import json
import time
import warnings

import pytest

from rungwise.check import examine
from rungwise.contract import Contract, Task, load_contract
from rungwise.errors import InputError
from rungwise.interop.gym.tasks import SPLITS, Source, made, split_of
from rungwise.interop.gym.theirs import Failed

pytest.importorskip("reasoning_gym", reason="needs the extra gym: pip install 'rungwise[gym]'")

SPEC = "rungwise.interop.gym:gym"


def contract(dataset: str, **settings: object) -> Contract:
    return load_contract(SPEC, {"dataset": dataset, **settings})


def first(dataset: str, **settings: object) -> tuple[Contract, Task]:
    made_of = contract(dataset, **settings)
    return made_of, made_of.tasks("test", 1, 0)[0]


# ---- tasks ----


def test_the_librarys_own_neighbours_are_the_same_items_and_ours_share_none() -> None:
    source = Source("chain_sum", (None,), "")
    assert made(source, None, 11, 1)["question"] == made(source, None, 12, 0)["question"]
    sums = contract("chain_sum")
    ours, next_to_ours = ({task.prompt for task in sums.tasks("train", 100, seed)} for seed in (11, 12))
    assert len(ours) == 100 and not ours & next_to_ours


def test_an_item_depends_on_split_seed_and_index_alone() -> None:
    once, again = contract("chain_sum"), contract("chain_sum")
    again.tasks("dev", 3, 5)
    again.tasks("train", 30, 4)
    assert list(again.tasks("train", 30, 5)) == list(once.tasks("train", 50, 5))[:30]


def test_a_question_is_of_one_split_whatever_the_seed() -> None:
    sums = contract("chain_sum")
    for split in SPLITS:
        for seed in (0, 1):
            tasks = sums.tasks(split, 40, seed)
            assert {split_of(task.prompt) for task in tasks} == {split}
            assert len({task.prompt for task in tasks}) == 40
    shares = [split_of(str(number)) for number in range(2000)]
    assert [round(shares.count(split) / 2000, 1) for split in SPLITS] == [0.7, 0.1, 0.2]


def test_a_data_set_with_too_few_questions_says_how_many_it_has() -> None:
    with pytest.raises(
        InputError, match=r"leg_counting at level0 has too few distinct questions: \d+ for dev, then none"
    ):
        contract("leg_counting", level=0).tasks("dev", 50, 0)


def test_levels_are_tiers_and_stand_in_the_facts() -> None:
    sums = contract("chain_sum", level="1,3")
    one, other, *_ = sums.tasks("train", 4, 0)
    assert sums.tiers == ("level1", "level3") == (one.tier, other.tier)
    assert one.facts["difficulty"] != other.facts["difficulty"]
    assert sums.judge(other, str(sums.gold(other))).passed


def test_a_config_stands_above_the_level() -> None:
    sums = contract("chain_sum", level=1, config={"min_terms": 5, "max_terms": 5})
    assert all(task.prompt.count("+") + task.prompt.count(" - ") == 4 for task in sums.tasks("train", 10, 0))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"dataset": "chain_sums"}, "no data set 'chain_sums'; did you mean 'chain_sum'?"),
        ({"level": 99}, "leg_counting has no level '99'; expected default, or 0 to 35"),
        ({"level": "1,1"}, "'1,1'; expected each level once"),
        ({"dataset": "gsm_symbolic", "level": 0}, "expected default: it has no curriculum"),
        ({"config": '{"min_animal": 2}'}, "no setting 'min_animal'; did you mean 'min_animals'?"),
        ({"config": '{"seed": 2}'}, "'seed' is not set here"),
        ({"config": "[]"}, "'[]'; expected a JSON object"),
        ({"config": {"min_animals": 20}}, "cannot be had: AssertionError: max_animals must be >= min_animals"),
        ({"dataset": "knight_swap", "level": 0}, "knight_swap at level0 cannot be had: AssertionError"),
        ({"dataset": "rush_hour"}, "rush_hour at default cannot be had: its items come without an answer"),
        ({"strict": 1}, "1; expected true or false"),
    ],
)
def test_bad_input_gets_one_line(settings: dict[str, object], told: str) -> None:
    with pytest.raises(InputError) as caught:
        load_contract(SPEC, settings)
    assert told in str(caught.value) and "\n" not in str(caught.value)


# ---- the judge ----


@pytest.mark.parametrize("dataset", ["chain_sum", "countdown", "graph_color", "propositional_logic", "zebra_puzzles"])
def test_gold_passes_though_some_have_it_as_an_example_alone(dataset: str) -> None:
    made_of = contract(dataset)
    assert all(made_of.judge(task, str(made_of.gold(task))).score == 1 for task in made_of.tasks("train", 4, 0))


def test_the_answer_or_something_else_is_paid_by_the_library_and_not_here() -> None:
    strict, task = first("chain_sum")
    lenient = contract("chain_sum", strict=False)
    hedge = f"{strict.gold(task)} or something else"
    assert strict.judge(task, hedge).score == 0 < strict.judge(task, hedge).measures["credit"]
    paid = lenient.judge(task, hedge)
    assert 0 < paid.score < 1 and not paid.passed and paid.exploit == "contains_the_answer"


def test_what_a_scorer_raises_on_is_counted_and_named() -> None:
    factors, task = first("prime_factorization")
    found = factors.judge(task, "no idea")
    assert (found.score, found.failure, found.measures["raised"]) == (0, "raised", 1)
    assert found.notes[0].startswith("prime_factorization: ValueError")


@pytest.mark.parametrize(
    ("dataset", "answer"),
    [
        ("n_queens", "__import__('os')._exit(0)"), ("spiral_matrix", "[__import__('os')._exit(0)]"),
        ("countdown", "exit()"), ("countdown", "().__class__.__base__"), ("countdown", "9**9**9**9"),
        ("puzzle24", "factorial(10**8)"), ("chain_sum", "\ud800"), ("chain_sum", "x" * 10**6),
    ],
)  # fmt: skip
def test_hostile_answers_fail_in_time_and_the_next_is_judged(dataset: str, answer: str) -> None:
    made_of, task = first(dataset)
    began = time.process_time()
    assert not made_of.judge(task, answer).passed
    assert made_of.judge(task, str(made_of.gold(task))).passed
    assert time.process_time() - began < 1


def test_the_time_that_an_answer_may_take_is_bounded() -> None:
    made_of, task = first("countdown")
    assert made_of.judge(task, "9**9**9**9").notes == ("countdown: it took too long",)


def test_only_what_is_surely_wrong_is_sabotage() -> None:
    sums, queens = contract("chain_sum"), contract("n_queens")
    whys = {wrong.why for task in sums.tasks("train", 9, 0) for wrong in sums.sabotage(task, 0)}
    assert whys == {"another item's answer", "the answer or something else", "more text than a scorer is given"}
    whys = {wrong.why for task in queens.tasks("train", 9, 0) for wrong in queens.sabotage(task, 0)}
    assert "another item's answer" not in whys  # a board may have several solutions


def test_repair_takes_the_tagged_answer_and_settles() -> None:
    made_of, task = first("chain_sum")
    gold = str(made_of.gold(task))
    for text in (f"It is <answer> {gold} </answer>.", f"```\n{gold}\n```"):
        assert made_of.repair(text).answer == gold
    for text in (gold, f"<answer>{gold}</answer> or <answer>7</answer>", " 7 "):
        assert made_of.repair(text).answer == text


def test_the_examination_passes_a_sound_scorer_and_finds_one_that_takes_anything() -> None:
    assert examine(SPEC, {"dataset": "leg_counting"}, n=6, seconds_per_answer=20).passed
    found = examine(SPEC, {"dataset": "game_of_life_halting"}, n=4, seconds_per_answer=20)
    assert {"sabotage", "hostile"} <= {finding.name for finding in found.findings if not finding.passed}


# ---- what all of them are like ----


def test_the_survey_tells_what_was_seen() -> None:
    from rungwise.interop.gym.survey import seen, summary, table

    found = [seen(name) for name in ("chain_sum", "boxnet", "game_of_life_halting", "prime_factorization")]
    sums, boxes, halting, factors = found
    assert sums.works and sums.own == 1 and sums.repeated == 5 and 0 < (sums.hedged or 0) < 1
    assert not boxes.works and boxes.answered == 0
    assert halting.paid == 1 and halting.hedged_full == halting.answered
    assert factors.raised > 0
    assert sum(line.startswith(one.name) for line in table(found) for one in found) == 4
    assert "1 of 4 do not: boxnet" in list(summary(found))


def test_a_data_set_that_fails_is_data() -> None:
    assert isinstance(made(Source("knight_swap", (0,), ""), 0, 0, 0), Failed)


# ---- ours as its data sets ----


@pytest.fixture(scope="module")
def registered() -> list[str]:
    from rungwise.interop.gym import register

    assert register() == register()
    return register()


def test_every_contract_of_ours_is_a_data_set(registered: list[str]) -> None:
    assert {"rungwise_trace", "rungwise_scene", "rungwise_canvas"} <= set(registered)
    assert not {"rungwise_gym", "rungwise_panel"} & set(registered)


@pytest.mark.parametrize("name", ["rungwise_trace", "rungwise_scene"])
def test_the_librarys_conventions_hold(registered: list[str], name: str) -> None:
    import reasoning_gym
    from reasoning_gym.factory import create_curriculum, get_score_answer_fn

    assert name in registered
    one, same, next_to = (reasoning_gym.create_dataset(name, seed=seed, size=5) for seed in (11, 11, 12))
    entries = list(one)
    assert entries == list(same) and len(entries) == 5
    assert not {entry["question"] for entry in entries} & {entry["question"] for entry in next_to}
    for at, entry in enumerate(entries):
        sent = json.loads(json.dumps(entry))
        assert (sent["metadata"]["source_dataset"], sent["metadata"]["source_index"]) == (name, at)
        assert one.score_answer(entry["answer"], sent) == get_score_answer_fn(name)(entry["answer"], sent) == 1
        assert one.score_answer(None, sent) == one.score_answer("junk", sent) == one.score_answer("", sent) == 0
    curriculum = create_curriculum(name)
    for level in (0, 1):
        curriculum.set_global_level(level)
        drawn = type(one)(curriculum.generate_configuration({"seed": 1, "size": 3}))
        assert {entry["metadata"]["difficulty"]["tier"] for entry in drawn} == {level}


def test_settings_travel_with_the_entry_and_nothing_is_raised(registered: list[str]) -> None:
    import reasoning_gym

    yaml = reasoning_gym.create_dataset(registered[-1], seed=1, size=1, settings={"surface": "yaml"})
    compact = reasoning_gym.create_dataset(registered[-1], seed=1, size=1)
    entry = yaml[0]
    assert registered[-1] == "rungwise_trace"
    assert compact.score_answer(entry["answer"], entry) == 1
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert compact.score_answer("x", {"question": "", "answer": "", "metadata": {}}) == 0
    assert "not scored" in str(caught[0].message)
    with pytest.raises(AssertionError, match="tier must be one of"):
        reasoning_gym.create_dataset("rungwise_trace", tier="t99")
