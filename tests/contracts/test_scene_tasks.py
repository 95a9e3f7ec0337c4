"""The tasks of scene: prompts that determine their answers, splits that share nothing, words that can be read."""

import random
import re
from collections import Counter, defaultdict
from itertools import islice

import pytest

from rungwise.contract import Task, structure_of
from rungwise.contracts.scene import Scenes, drawing, intent, scene, words
from rungwise.contracts.scene.draft import Clause, Draft, Rule, scene_of_draft
from rungwise.contracts.scene.families import FAMILIES, TONES_OF
from rungwise.contracts.scene.judge import FIELDS, facts_of
from rungwise.contracts.scene.language import parse, write
from rungwise.contracts.scene.tasks import SIZES, SPLITS, TIERS, tier_of
from rungwise.contracts.scene.tree import Scene
from rungwise.errors import InputError

EACH = 24


@pytest.fixture(scope="module")
def contract() -> Scenes:
    made = scene()
    assert isinstance(made, Scenes)
    return made


@pytest.fixture(scope="module")
def drawn(contract: Scenes) -> dict[str, list[Task]]:
    return {split: list(contract.tasks(split, EACH, 3)) for split in SPLITS}


def test_gold_passes_and_is_what_the_rules_come_to(contract: Scenes, drawn: dict[str, list[Task]]) -> None:
    for tasks in drawn.values():
        for task in tasks:
            gold = contract.gold(task)
            assert gold is not None
            verdict = contract.judge(task, gold)
            assert verdict.passed and verdict.score == 1 and set(verdict.parts.values()) == {1.0}, verdict
            read = parse(gold)
            assert isinstance(read, Scene) and tier_of(read) == task.tier


def test_splits_share_neither_task_nor_prompt_nor_structure(contract: Scenes, drawn: dict[str, list[Task]]) -> None:
    owners: dict[tuple[str, str], set[str]] = defaultdict(set)
    for split, tasks in drawn.items():
        for task in tasks:
            for what, key in (("id", task.id), ("prompt", task.prompt), ("structure", structure_of(contract, task))):
                owners[what, key].add(split)
    assert all(len(splits) == 1 for splits in owners.values())


def test_a_split_has_what_its_name_says(drawn: dict[str, list[Task]]) -> None:
    surfaces = {split: {task.facts["surface"] for task in tasks} for split, tasks in drawn.items()}
    assert surfaces["train"] == {"explicit", "prose", "intent"}
    assert (surfaces["paraphrase"], surfaces["intent"], surfaces["anchors"]) == ({"prose"}, {"intent"}, {"explicit"})
    assert {task.tier for task in drawn["longer"]} == {TIERS[3]}
    assert TIERS[3] not in {task.tier for task in drawn["train"]}
    held = [intent.held(wish) for task in drawn["intent"] if (wish := facts_of(task).intent)]
    seen = [
        intent.held(wish) for split in ("train", "test") for task in drawn[split] if (wish := facts_of(task).intent)
    ]
    assert all(held) and len(held) == EACH and seen and not any(seen)


# ---- a prompt determines its answer: an independent reader of explicit prompts finds the same rules ----


def rules_of(prompt: str) -> Draft:
    layout, style, _about, *lines = prompt.split("\n")
    family = FAMILIES[layout.removeprefix("layout ")]
    clauses = [Clause("header_band")]
    for line in lines:
        head, *told = line.split(", ")
        tag, *more = head.split(" ")
        clause = Clause(tag, int(more[0][1:]) if more and more[0][0] == "x" else 1)
        given: dict[str, object] = {}
        if family.part[tag].joins:
            given = {"count": 0, "edges": more[0] if more else "", "labels": "none" if family.part[tag].bare else "all"}
        rules = []
        for piece in told:
            if match := re.fullmatch(r"items from (\d+)", piece):
                given |= {"start": int(match[1])}
            elif match := re.fullmatch(r"items (back to|skip from) (\d+)", piece):
                given |= {"items": match[1].split()[0], "start": int(match[2])}
            elif match := re.fullmatch(r"items ([\d ]+)", piece):
                given |= {"items": "list", "listed": tuple(map(int, match[1].split()))}
            elif match := re.fullmatch(r"labels (\S+)", piece):
                given |= {"labels": match[1]}
            elif re.fullmatch(r"\d+>\d+(?: \d+>\d+)*", piece):
                pairs = (pair.split(">") for pair in piece.split())
                given |= {"pairs": tuple((int(a), int(b)) for a, b in pairs)}
            else:
                field, which, value, *other = piece.split()
                at = int(which) if which.isdigit() else 0
                rules.append(Rule(field, "one" if at else which, value, "".join(other), at))
        names = {name: getattr(clause, name) for name in clause.__struct_fields__}
        clauses.append(Clause(**{**names, **given, "rules": tuple(rules)}))  # type: ignore[arg-type]
    attributes = dict(pair.split(" ") for pair in style.split(", "))
    return Draft(family.name, attributes, tuple(clauses))


def test_an_explicit_prompt_says_all_of_its_rules() -> None:
    for seed in range(600):
        rng = random.Random(seed)
        layout = rng.choice(list(FAMILIES))
        draft = drawing.draft(layout, (1, 16), rng)
        assert write(scene_of_draft(rules_of(words.explicit(draft, "x")))) == write(scene_of_draft(draft))


def test_prose_says_as_much_as_the_explicit_prompt() -> None:
    """Two drafts with one prose, in whatever forms, would be two answers to one prompt."""
    said: dict[str, str] = {}
    for seed in range(3000):
        rng = random.Random(seed)
        draft = drawing.draft(rng.choice(list(FAMILIES)), (1, 6), rng)
        prose = words.prose(draft, "x", random.Random(0), hidden=False)
        assert said.setdefault(prose, words.explicit(draft, "x")) == words.explicit(draft, "x")


def test_an_intent_determines_its_scene_and_names_no_style() -> None:
    banned = [*TONES_OF, *FAMILIES, "theme", "tone", "density", "layout"]
    for seed in range(400):
        rng = random.Random(seed)
        wish = intent.draw(rng.choice(list(intent.TOPICS)), rng)
        draft = intent.draft_of(wish)
        assert isinstance(parse(write(scene_of_draft(draft))), Scene)
        said = intent.prompt(wish)
        assert not [word for word in banned if re.search(rf"\b{word}\b", said)], said


def test_every_topic_and_every_goal_is_seen_though_some_pairs_are_not() -> None:
    pairs = {
        (topic, goal): intent.held(intent.Intent(topic, goal, "", "", 0, 0))
        for topics in intent.TOPICS.values() for topic in topics for goal in intent.GOALS
    }  # fmt: skip
    assert 0.1 < sum(pairs.values()) / len(pairs) < 0.3
    for layout, topics in intent.TOPICS.items():
        for goal in intent.GOALS:  # a family has met every goal, with another topic
            assert not all(pairs[topic, goal] for topic in topics), (layout, goal)
    assert {topic for (topic, _), held in pairs.items() if not held} == {t for ts in intent.TOPICS.values() for t in ts}


# ---- words ----


def test_a_hidden_sentence_is_new_and_made_of_words_that_are_seen() -> None:
    def plain(sentences: tuple[str, ...]) -> set[str]:
        return {word for text in sentences for word in re.findall(r"[a-z]+", re.sub(r"\{.*?\}", "", text).lower())}

    def slots(text: str) -> list[str]:
        return sorted(set(re.findall(r"\{(.*?)\}", text.lower())) - {"noun", "plural"})

    said = {form: words.sentences(form) for form in words.FORMS}
    seen = {word for one in said.values() for word in plain(one.seen)}
    for form, one in said.items():
        assert one.hidden and one.seen and not set(one.seen) & set(one.hidden), form
        assert plain(one.hidden) <= seen, (form, plain(one.hidden) - seen)
        assert len({tuple(slots(text)) for text in (*one.seen, *one.hidden)}) == 1, form
        assert not [text for text in (*one.seen, *one.hidden) if re.search(r"[()|]", text)]
    assert sum(len(one.seen) >= 9 for one in said.values()) >= 20


def test_every_component_has_a_name() -> None:
    tags = {part.tag for family in FAMILIES.values() for part in family.parts}
    assert tags == set(words.NOUNS)


# ---- the judge ----


def test_every_break_gets_its_label(contract: Scenes, drawn: dict[str, list[Task]]) -> None:
    shown = Counter[str]()
    for tasks in drawn.values():
        for task in tasks[:6]:
            for wrong in contract.sabotage(task, 0):
                verdict = contract.judge(task, wrong.answer)
                assert verdict.failure == wrong.label, (wrong.why, verdict)
                assert verdict.score < 0.85
                shown[wrong.label] += 1
    assert set(shown) == set(contract.failures)


def test_other_names_of_ids_are_the_same_scene(contract: Scenes, drawn: dict[str, list[Task]]) -> None:
    for task in drawn["test"]:
        gold = contract.gold(task) or ""
        renamed = re.sub(r"\[(id|from|to):n(\d+)\]", r"[\1:stop_\2]", gold)
        verdict = contract.judge(task, renamed)
        assert verdict.passed and verdict.parts["materialised"] == 1
        assert verdict.parts["exact"] == (renamed == gold)


def test_one_wrong_choice_moves_the_part_it_belongs_to(contract: Scenes, drawn: dict[str, list[Task]]) -> None:
    for task in islice(drawn["test"], 12):
        for wrong in contract.sabotage(task, 0):
            if wrong.label in FIELDS[1:]:
                parts = contract.judge(task, wrong.answer).parts
                lower = [name for name in FIELDS if parts[name] < 1]
                assert wrong.label in lower
                assert len(lower) == 1 or wrong.label == "components", (wrong, lower)


@pytest.mark.parametrize(
    "settings", [{"surface": "packed"}, {"families": "timeline,memory_map", "wording": "prose"}, {"refs": "names"}]
)
def test_settings(settings: dict[str, str]) -> None:
    made = scene(**settings)
    for split in ("train", "content", "intent"):
        for task in made.tasks(split, 6, 0):
            gold = made.gold(task)
            assert gold is not None and made.judge(task, gold).passed
            if "families" in settings:
                assert task.family in settings["families"]
            if settings.get("refs") == "names" and facts_of(task).draft.keys:
                assert all(key in task.prompt for key in re.findall(r"\[ref:\w+\.([a-z]\w*)\]", gold))


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(InputError, match="carousel"):
        scene(families="carousel")
    with pytest.raises(InputError, match="surface"):
        scene(surface="xml")


def test_sizes_follow_tiers() -> None:
    assert [SIZES[tier][0] for tier in TIERS[1:]] == [SIZES[tier][1] + 1 for tier in TIERS[:-1]]
