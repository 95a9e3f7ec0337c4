"""The tasks of trace: texts that determine their answers, two ways to each answer, splits that share nothing."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path

import pytest

from rungwise.contract import Task, structure_of
from rungwise.contracts.trace import Traces, phrases, tasks, trace
from rungwise.contracts.trace.gold import cut, joints
from rungwise.contracts.trace.language import Init, Pointer, Step, Trace, parse
from rungwise.contracts.trace.machine import VALUE, check, run
from rungwise.contracts.trace.oracle import FORMULAS, amount
from rungwise.contracts.trace.phrases import FAMILIES, FORMS, HELD
from rungwise.contracts.trace.phrases.questions import ASKS, CONTEXTS, HELD_ASKS
from rungwise.contracts.trace.relations import MEASURES, PHRASED, RELATIONS, Fact
from rungwise.contracts.trace.shapes import neighbours
from rungwise.contracts.trace.stated import stated
from rungwise.contracts.trace.words import PRONOUN
from rungwise.errors import InputError
from rungwise.probe.shallow import shallow
from tests.contracts.trace_reader import Tree, read_back, spoken_of_early

EACH = 120
DATA = Path(__file__).parents[3] / "shared" / "data" / "gsm8k"


def made(**settings: object) -> Traces:
    contract = trace(**settings)  # type: ignore[arg-type]
    assert isinstance(contract, Traces)
    return contract


@pytest.fixture(scope="module")
def drawn() -> dict[str, list[Task]]:
    return {split: list(made().tasks(split, EACH, 3)) for split in tasks.SPLITS}


def results(task: Task) -> tuple[Fraction, list[Fraction]]:
    """What the machine makes of the gold trace: the result, and everything on the way."""
    gold = parse(task.facts["gold"], numbers="any")
    assert isinstance(gold, Trace)
    program = check(gold, [number["value"] for number in task.facts["numbers"]])
    values = [Fraction(*value) for value in run(program)]  # type: ignore[arg-type]
    steps = [
        value for place, (node, value) in enumerate(zip(program.nodes, values, strict=True))  # type: ignore[union-attr]
        if node[0] != VALUE and place != program.result  # type: ignore[union-attr]
    ]  # fmt: skip
    return values[program.result], steps  # type: ignore[union-attr]


def facts_of(task: Task) -> tuple[Fact, ...]:
    """The facts that the answer hangs on, without names and measures."""
    return tuple(
        Fact(relation, 0, "", tuple(bases), tuple(map(Fraction, numbers)))
        for relation, bases, numbers in task.facts["structure"]
    )


# ---- answers ----


@pytest.mark.parametrize(
    "settings", [{}, {"numbers": "pointer"}, {"surface": "yaml"}, {"surface": "yaml", "numbers": "pointer"}]
)
def test_gold_passes_in_every_split(settings: dict[str, str]) -> None:
    contract = made(**settings)
    for split in contract.splits:
        for task in contract.tasks(split, 20, 1):
            gold = contract.gold(task)
            assert gold is not None and contract.canonical(gold) == gold
            verdict = contract.judge(task, gold)
            assert verdict.passed and verdict.score == 1 and set(verdict.parts.values()) == {1.0}, (
                task.prompt,
                verdict,
            )


def test_the_oracle_and_the_machine_come_to_one_answer() -> None:
    compared = 0
    for split in tasks.SPLITS:
        for task in made().tasks(split, 200, 8):
            facts = facts_of(task)
            assert results(task)[0] == Fraction(task.facts["answer"]) == amount(facts, len(facts) - 1)
            compared += 1
    assert compared == 2000 and set(FORMULAS) == set(RELATIONS)


def test_the_answer_stands_nowhere_and_is_no_step_on_the_way(drawn: dict[str, list[Task]]) -> None:
    for task in chain(*drawn.values()):
        answer, steps = results(task)
        assert answer > 0 and min(steps, default=answer) > 0
        assert (100 * answer).denominator == 1
        assert answer not in steps
        assert answer not in [Fraction(number["value"]) for number in task.facts["numbers"]]


def test_numbers_are_where_they_are_said_to_be(drawn: dict[str, list[Task]]) -> None:
    for task in chain(*drawn.values()):
        told = [(n["value"], n["start"], n["end"], n["percent"]) for n in task.facts["numbers"]]
        assert told == [(n.value, n.start, n.end, n.percent) for n in stated(task.prompt)], task.prompt


# ---- a prompt determines its answer ----


def tree(facts: tuple[Fact, ...], at: int) -> Tree:
    fact = facts[at]
    return settled([fact.relation, [tree(facts, base) for base in fact.bases], [str(n) for n in fact.numbers]])


def settled(found: Tree) -> Tree:
    """With exact numbers, and the two sides of a total in one order."""
    relation, bases, numbers = found
    assert isinstance(bases, list) and isinstance(numbers, list)
    taken = [settled(base) for base in bases]
    return [relation, sorted(taken, key=repr) if relation == "total" else taken, [Fraction(n) for n in numbers]]


def test_the_text_reads_back_to_the_same_facts(drawn: dict[str, list[Task]]) -> None:
    for task in chain(*(found[:60] for found in drawn.values())):
        facts = facts_of(task)
        assert settled(read_back(task.prompt)) == tree(facts, len(facts) - 1), task.prompt


def test_pronouns_stand_for_subjects_alone(drawn: dict[str, list[Task]]) -> None:
    for task in chain(*drawn.values()):
        assert not re.search(r"\b(?:from|gives|given|to|by|with|of) (?:she|he)\b", task.prompt, re.IGNORECASE)


def test_the_people_of_a_story_have_names_of_their_own() -> None:
    names = [name.lower() for name in PRONOUN]
    assert len(set(names)) == len(names)
    words = {word for form in all_forms() for word in re.findall("[a-z]+", form.lower())}
    roles = {role for relation in RELATIONS.values() for role in relation.roles} | {"unit"}
    assert not set(names) & (words | roles | {noun for one in MEASURES.values() for noun in one.noun.split()})


# ---- splits ----


def test_splits_share_neither_task_nor_prompt_nor_structure(drawn: dict[str, list[Task]]) -> None:
    owners: dict[tuple[str, str], set[str]] = defaultdict(set)
    for split, found in drawn.items():
        for task in found:
            for what, key in (("id", task.id), ("prompt", task.prompt), ("structure", structure_of(made(), task))):
                owners[what, key].add(split)
    assert all(len(splits) == 1 for splits in owners.values())
    owned = [bucket for split in tasks.SPLITS for bucket in tasks.OWNED[split]]
    assert sorted(owned) == list(range(tasks.BUCKETS))


def test_item_i_depends_on_split_seed_and_i_alone() -> None:
    contract = made()
    for split in tasks.SPLITS:
        assert list(contract.tasks(split, 9, 4)[5:7]) == [contract.tasks(split, 40, 4)[at] for at in (5, 6)]
    assert not {task.id for task in contract.tasks("dev", 50, 0)} & {task.id for task in contract.tasks("dev", 50, 1)}


def computes(task: Task) -> int:
    return sum(fact.relation != "holds" for fact in facts_of(task))


def path_cut(task: Task) -> tuple[int, set[tuple[str, str]]]:
    facts = facts_of(task)
    own = cut(facts, len(facts) - 1)
    return len(set(own.values())), joints(facts, own)


def test_each_split_has_its_new_thing_and_no_other(drawn: dict[str, list[Task]]) -> None:
    for split, found in drawn.items():
        for task in found:
            blocks, pairs = path_cut(task)
            assert (computes(task) >= 5) == (split == "length")
            assert task.tier == tasks.TIERS[min(computes(task), 6) - 1]
            assert any(tasks.held(*pair) for pair in neighbours(facts_of(task))) == (split == "graph")
            assert (blocks > 2 or bool(pairs & tasks.HELD_JOINTS)) == (split == "composition")
            assert task.family.count(">") == blocks - 1
            assert aside(task) == (split == "distractors"), task.prompt
            assert new_number(task) == (split == "numbers"), task.prompt


def aside(task: Task) -> bool:
    """Whether numbers are stated that gold does not use."""
    gold = parse(task.facts["gold"], numbers="any")
    assert isinstance(gold, Trace)
    used = {
        line.value.index for block in gold.blocks for line in block.lines
        if isinstance(line, Init) and isinstance(line.value, Pointer)
    }  # fmt: skip
    return len(used) < len(task.facts["numbers"])


def new_number(task: Task) -> bool:
    said = [(task.prompt[n["start"] : n["end"]], Fraction(n["value"])) for n in task.facts["numbers"]]
    words = any(re.fullmatch("[a-z -]+", text.lower()) and value > 12 for text, value in said)
    fine = any("." in text and value.denominator not in (2, 4) for text, value in said)
    return words or fine or any("," in text for text, _ in said)


def test_only_the_order_split_speaks_of_what_is_not_told_yet(drawn: dict[str, list[Task]]) -> None:
    for split, found in drawn.items():
        assert sum(bool(spoken_of_early(task.prompt)) for task in found) == (EACH if split == "order" else 0), split


# ---- words ----


def all_forms() -> Iterator[str]:
    for families in FORMS.values():
        yield from chain(*families.values())
    yield from (*ASKS, *CONTEXTS)


def test_every_relation_has_its_forms_in_three_families() -> None:
    assert set(FORMS) == {PHRASED.get(name, name) for name in RELATIONS}
    for phrase, families in FORMS.items():
        assert tuple(families) == FAMILIES
        assert [len(set(texts)) for texts in families.values()] == [phrases.EACH] * len(FAMILIES), phrase
        assert len(set(chain(*families.values()))) == phrases.EACH * len(FAMILIES), phrase
        assert all(text.endswith("?") for text in families["C"])
        assert not any(text.endswith("?") for text in families["A"] + families["B"])


def test_held_forms_are_made_of_words_that_are_seen() -> None:
    def plain(texts: list[str]) -> set[str]:
        return {word for text in texts for word in re.findall("[a-z]+", re.sub(r"\{.*?\}", "", text).lower())}

    seen = [text for families in FORMS.values() for texts in families.values() for text in texts[:-HELD]]
    held = [text for families in FORMS.values() for texts in families.values() for text in texts[-HELD:]]
    assert plain(held + list(ASKS[-HELD_ASKS:])) <= plain(seen + list(ASKS[:-HELD_ASKS]))


def test_training_never_sees_a_held_form_and_phrase_sees_no_other(drawn: dict[str, list[Task]]) -> None:
    held_asks = {f"ask.{place}" for place in range(len(ASKS) - HELD_ASKS + 1, len(ASKS) + 1)}
    for split, found in drawn.items():
        for form in chain(*(task.facts["forms"] for task in found)):
            is_held = form in held_asks if form.startswith("ask") else int(form.split(".")[1][1:]) > phrases.EACH - HELD
            assert is_held == (split == "phrase"), (split, form)


@pytest.mark.parametrize("many", [1, 3, 12])
def test_training_uses_as_many_forms_as_it_is_told(many: int) -> None:
    by_phrase: dict[str, Counter[str]] = defaultdict(Counter)
    for task in made(forms=many).tasks("train", 600, 0):
        for form in task.facts["forms"]:
            by_phrase[form.split(".")[0]][form] += 1
    assert max(map(len, by_phrase.values())) == many


def test_gold_that_is_cut_behind_every_fact_is_the_same_computation() -> None:
    """It passes before the judge of the usual gold, and puts no experts together that training must not."""
    usual, finest = made(), made(blocks="facts")
    cut_more = 0
    for one, other in zip(usual.tasks("train", 200, 5), finest.tasks("train", 200, 5), strict=True):
        trace = parse(str(finest.gold(other)), "compact", "literal")
        assert isinstance(trace, Trace) and one.prompt == other.prompt
        assert all(sum(isinstance(line, Step) for line in block.lines) == 1 for block in trace.blocks)
        assert usual.judge(one, str(finest.gold(other))).passed
        experts = [block.expert for block in trace.blocks]
        assert not tasks.HELD_JOINTS.intersection(pairwise(experts))
        cut_more += len(experts) > len(one.family.split(">"))
    assert cut_more > 50


def test_the_problems_of_the_published_probe_are_kept_out() -> None:
    names = "janet josh james wendi kylar toulouse charleston seattle carla jean gail"
    things = "duck ducks eggs muffins robe robes bolts fiber house flipping sprints sprint chickens chicken feed flock"
    more = "glasses glass sheep gigabyte gigabytes download lollipops lollipop tank tanks fish"
    words = {word for text in all_forms() for word in re.findall("[a-z]+", text.lower())}
    words |= {name.lower() for name in PRONOUN} | {word for one in MEASURES.values() for word in one.noun.split()}
    assert not words & set(f"{names} {things} {more}".split())


@pytest.mark.parametrize("part", ["test", "train"])
def test_no_eight_words_in_a_row_stand_in_gsm8k(part: str, drawn: dict[str, list[Task]]) -> None:
    path = DATA / f"{part}.jsonl"
    if not path.exists():
        pytest.skip(f"{path} is not here: GSM8K's {part} file is not part of the project")
    real = set(chain(*(eights(json.loads(line)["question"]) for line in path.read_text().splitlines())))
    ours = set(chain(*(eights(task.prompt) for task in chain(*drawn.values()))))
    assert not real & ours


def eights(text: str) -> Iterator[tuple[str, ...]]:
    """Eight words in a row of one sentence, all numbers alike."""
    for sentence in re.split(r"(?<=[.?!]) ", text.lower()):
        words = ["0" if word[0].isdigit() else word for word in re.findall(r"[a-z']+|[0-9][0-9.,/]*", sentence)]
        yield from zip(*(words[at:] for at in range(8)), strict=False)


# ---- the lookup table ----


def problem(prompt: str, gold: str, answer: str) -> Task:
    numbers = [{"value": n.value, "start": n.start, "end": n.end, "percent": n.percent} for n in stated(prompt)]
    facts = {"question": prompt, "answer": answer, "gold": gold, "numbers": numbers}
    return Task(id=prompt, contract="trace", split="dev", tier="t1", family="comparison", prompt=prompt, facts=facts)


@pytest.mark.parametrize("numbers", ["literal", "pointer"])
def test_a_known_gold_takes_another_problems_numbers_in_their_order(numbers: str) -> None:
    contract = made(numbers=numbers)
    gold = "@comparison\nmia = #2\nfactor = #1\ns1 = times mia factor\n? s1"
    known = problem("Ben has 3 times as many plums as Mia. Mia has 12. How many has Ben?", gold, "36")
    twin = problem("Tom has twice as many pots as Ada. Ada has 40. How many has Tom?", gold, "80")
    other = problem("Tom has 7 more pots than Ada. Ada has 40. How many has Tom?", gold.replace("times", "more"), "47")
    looked_up = contract.reslot(twin, known, contract.gold(known) or "")
    assert contract.judge(twin, looked_up).passed
    assert not contract.judge(other, contract.reslot(other, known, contract.gold(known) or "")).passed
    assert contract.judge(known, contract.reslot(known, known, contract.gold(known) or "")).passed
    assert contract.reslot(twin, known, "no trace") == "no trace"


def test_the_most_common_trace_is_counted_whatever_its_numbers() -> None:
    contract = made()
    times, more = (f"@comparison\nmia = #1\nby = #2\ns1 = {op} mia by\n? s1" for op in ("times", "more"))
    known = [
        (task, contract.gold(task) or "")
        for task in (
            problem("Mia has 12 plums. Ben has 5 more, and who counts them all. How many?", more, "17"),
            problem("Mia has 9. Ben has 4 times that. How many?", times, "36"),
            problem("Ada has 7. Tom has 8 times that. How many?", times, "56"),
        )
    ]
    asked = problem("Nora has 11. Emil has 6 times that. How many?", times, "66")
    assert contract.judge(asked, shallow(known, contract.reslot)["frequent"](asked)).passed
    assert shallow(known)["frequent"](asked) == known[0][1]


# ---- a file of real problems ----


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "problems.jsonl"
    rows = [
        {"question": f"Ana buys {n} pens for {n + 3} dollars each. What does she pay?",
         "answer": f"{n} * {n + 3} = <<{n}*{n + 3}={n * (n + 3)}>>{n * (n + 3)}\n#### {n * (n + 3)}"}
        for n in range(4, 84)
    ]  # fmt: skip
    rows.append({"question": "How many of 9 apples are left after 2 are gone?", "answer": "Seven.\n#### 7"})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_file_trains_by_its_share_and_keeps_a_tenth_apart(file: Path) -> None:
    contract = made(source=str(file), mix=0.5)
    train = list(contract.tasks("train", 200, 0))
    real = [task for task in train if task.prompt.startswith("Ana")]
    assert 60 < len(real) < 140
    apart = {task.prompt for task in contract.tasks("real", 200, 0)}
    assert apart and not apart & {task.prompt for task in train}
    for task in real:
        gold = contract.gold(task)
        assert gold is not None and contract.judge(task, gold).passed and task.family == "arithmetic"


def test_what_did_not_compile_can_be_asked_and_never_trains(file: Path) -> None:
    whole = {task.prompt: task for task in made(source=str(file), mix=0.0).tasks("real", 81, 0)}
    (left,) = [task for prompt, task in whole.items() if "apples" in prompt]
    contract = made(source=str(file))
    assert len(whole) == 81 and contract.gold(left) is None and left.family == "without gold"
    assert contract.judge(left, "@arithmetic\na = 9\nb = 2\ns1 = sub a b\n? s1").passed
    assert left.prompt not in {task.prompt for task in contract.tasks("train", 200, 0)}


def test_settings_that_make_no_sense_are_named(file: Path) -> None:
    for settings, told in (
        ({"surface": "xml"}, "surface"), ({"numbers": "words"}, "numbers"), ({"forms": 31}, "1 to 30"),
        ({"mix": 2}, "mix"), ({"blocks": "steps"}, "blocks"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=told):
            trace(**settings)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no split 'real'"):
        made().tasks("real", 1, 0)
    with pytest.raises(InputError, match=r"nothere\.jsonl"):
        made(source=str(file.with_name("nothere.jsonl"))).tasks("train", 1, 0)[0]


def test_every_kind_of_story_is_told() -> None:
    found = list(made().tasks("train", 1500, 2))
    told = Counter(relation for task in found for relation, *_ in task.facts["structure"])
    assert set(told) == set(RELATIONS) and min(told.values()) >= 10, told
    experts = Counter(chain(*(pairwise(task.family.split(">")) for task in found)))
    assert not set(experts) & tasks.HELD_JOINTS and len(experts) >= 10
