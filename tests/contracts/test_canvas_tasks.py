"""The tasks of canvas, their gold answers, and the tools that mend and choose."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.contracts.canvas.certificate import solved_by_few
from rungwise.contracts.canvas.judge import problem_of
from rungwise.contracts.canvas.language import Reading, parse, price
from rungwise.contracts.canvas.tasks import OWNED, POOLS, SPLITS, TIERS
from rungwise.contracts.canvas.words import SYSTEMS
from rungwise.errors import InputError
from tests.contracts.canvases import CONTRACT, canvases, gold_of, tasks


def test_the_pools_have_the_published_proportions() -> None:
    assert sum(POOLS["train"]) == 400 and sum(POOLS["published"]) == 20
    for split in ("published", "test"):
        n = sum(POOLS[split])
        counts = Counter(task.tier for task in tasks(split, n))
        assert tuple(counts[tier] for tier in TIERS) == POOLS[split]


def test_the_train_pool_has_its_tiers_in_every_400() -> None:
    from rungwise.contracts.canvas.tasks import _tier

    assert Counter(_tier("train", 3, i) for i in range(400, 800)) == dict(zip(TIERS, POOLS["train"], strict=True))


def test_item_i_depends_on_split_seed_and_i_alone() -> None:
    assert list(CONTRACT.tasks("dev", 6, 1)[:3]) == list(CONTRACT.tasks("dev", 3, 1))
    assert not {task.id for task in tasks("dev", 6)} & {task.id for task in CONTRACT.tasks("dev", 6, 1)}


def test_structures_belong_to_one_split_each() -> None:
    owned = [bucket for split in SPLITS for bucket in OWNED[split]]
    assert sorted(owned) == list(range(20))


def test_transfer_alone_has_the_held_out_class_and_nouns_are_disjoint() -> None:
    assert {task.family for task in tasks("transfer", 12)} == {"personal"}
    assert "personal" not in {
        task.family for split in ("train", "dev", "test", "published") for task in tasks(split, 12)
    }
    nouns = [system.noun for pools in SYSTEMS.values() for systems in pools.values() for system in systems]
    assert len(nouns) == len(set(nouns))


def test_four_components_do_not_solve_the_harder_tiers() -> None:
    hard = [problem_of(task) for task in tasks("train", 40) if task.tier >= "dp3"]
    assert len(hard) > 20 and not any(solved_by_few(problem) for problem in hard)


def test_gold_answers_are_many_designs_not_one_template() -> None:
    shapes = Counter(CONTRACT.judge(task, CONTRACT.gold(task) or "").shape for task in tasks("train", 60))
    assert len(shapes) > 50


def test_gold_declares_what_it_costs_and_fits_the_budget() -> None:
    for task in tasks("train", 40):
        gold = gold_of(task)
        assert all(component.cost.monthly == price(component) for component in gold.components)
        assert sum(map(price, gold.components)) <= task.facts["budget"]


def test_the_prompt_tells_the_limits_and_neither_weights_nor_proof() -> None:
    for task in tasks("test", 12):
        assert f"at most {task.facts['max_components']} components" in task.prompt
        assert f"${task.facts['budget']:.0f} a month" in task.prompt
        assert all(name in task.prompt for name in task.facts["required"])
        assert all(scenario["description"] in task.prompt for scenario in task.facts["scenarios"])
        assert str(task.facts["weights"]) not in task.prompt and "certificate" not in task.prompt


def test_an_unknown_split_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="no split 'tset'; did you mean 'test'"):
        CONTRACT.tasks("tset", 1, 0)


# ---- sabotage, repair, pick ----


def test_every_sabotage_gets_its_label() -> None:
    labels: Counter[str] = Counter()
    for task in (*tasks("train", 60), *tasks("transfer", 12)):
        for wrong in CONTRACT.sabotage(task, 0):
            labels[wrong.label] += 1
            assert CONTRACT.judge(task, wrong.answer).failure == wrong.label, (task.id, wrong.why)
    assert set(labels) == set(CONTRACT.failures)


@given(canvases(7))
@settings(max_examples=80, deadline=None)
def test_repair_settles_at_once_and_gives_what_can_be_read(canvas: object) -> None:
    from rungwise.contracts.canvas.language import write

    once = CONTRACT.repair(write(canvas, "compact"))  # type: ignore[arg-type]
    assert isinstance(parse(once.answer, "compact"), Reading)
    assert CONTRACT.repair(once.answer).answer == once.answer


@given(st.text(max_size=200))
@settings(max_examples=150, deadline=None)
def test_repair_takes_any_text(text: str) -> None:
    once = CONTRACT.repair(text)
    assert CONTRACT.repair(once.answer).answer == once.answer


@pytest.mark.parametrize("wrap", ["Here it is:\n```json\n{}\n```\nDone.", "{}\n\nI hope this helps", "\ufeff{}"])
def test_repair_finds_a_canvas_in_what_surrounds_it(wrap: str) -> None:
    from rungwise.contract import load_contract

    contract = load_contract("canvas")
    for task in contract.tasks("test", 6, 0):
        gold = contract.gold(task) or ""
        mend = contract.repair(wrap.replace("{}", gold))
        assert mend.answer == gold and mend.edits == ("text around the canvas cut",)


def test_repair_adds_no_behaviour_and_no_capacity() -> None:
    for task in tasks("test", 12):
        gold = gold_of(task)
        before = Counter(component.behavior.mode for component in gold.components)
        for wrong in CONTRACT.sabotage(task, 0):
            read = parse(CONTRACT.repair(wrong.answer).answer, "compact")
            if isinstance(read, Reading) and wrong.label in ("no_path", "dangling", "duplicate_id"):
                after = Counter(component.behavior.mode for component in read.canvas.components)
                assert not {mode for mode in after - before if mode != "passthrough"}


def test_pick_prefers_sound_canvases_without_the_judge() -> None:
    right = 0
    for task in tasks("test", 24):
        gold = CONTRACT.gold(task) or ""
        wrong = [
            w.answer for w in CONTRACT.sabotage(task, 0) if w.label in ("no_path", "unreadable", "missing_required")
        ]
        answers = [*wrong[:3], gold, *wrong[3:]]
        right += CONTRACT.pick(task, answers) == 3  # type: ignore[attr-defined]
    assert right == 24
