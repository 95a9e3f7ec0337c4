"""Failure classes: real answers of a real contract, each defect put in, must be found as what they are and no more.

Every outcome comes from a text that was judged. The contract is the one that `rungwise new` writes; its gold answers
are right, so that rows made of them are clean, and 30% of them corrupted in one way have one right diagnosis.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.contract import Contract, Task, Verdict, load_contract
from rungwise.errors import InputError
from rungwise.probe.diagnosis import Past, Symptom, symptoms
from rungwise.probe.failures import CLASSES, Diagnosis, Training, diagnose, slope
from rungwise.probe.labels import LABELS, counted, label, spilled
from rungwise.probe.measure import outcome
from rungwise.probe.result import Outcome, Row
from rungwise.scaffold import create
from rungwise.seeds import stream

N = 120
ORDER = [one.name for one in CLASSES]
TRAINED = Training(steps=800, epochs=3.0, loss_first=2.0, loss_last=0.3, loss_slope=-0.03, junk_targets=0)


# ---- texts, judged ----


@dataclass(frozen=True)
class Answer:
    text: str
    ended: str = "stop"


@dataclass(frozen=True)
class Bench:
    """A contract with tasks and their gold answers; what was judged is kept."""

    contract: Contract
    tasks: Sequence[Task]
    kept: dict[tuple[str, Answer], Outcome] = field(default_factory=dict)

    def gold(self, task: Task) -> str:
        answer = self.contract.gold(task)
        assert answer is not None
        return answer

    def judged(self, task: Task, answer: Answer) -> Outcome:
        if (task.id, answer) not in self.kept:
            self.kept[task.id, answer] = self.measured(task, answer, self.gold(task))
        return self.kept[task.id, answer]

    def measured(self, task: Task, answer: Answer, gold: str) -> Outcome:
        found = outcome(self.contract, task, answer.text, answer.ended, len(answer.text), gold)
        return replace(found, tail=spilled(self.contract, task, answer.text, gold))

    def row(self, task: Task, answer: Answer, samples: Sequence[str] = (), seen: bool | None = None) -> Row:
        mended = self.contract.repair(answer.text)
        return Row(
            task=task.id, split=task.split, tier=task.tier, family=task.family, seen=seen,
            greedy=self.judged(task, answer), repaired=self.judged(task, replace(answer, text=mended.answer)),
            edits=len(mended.edits), samples=tuple(self.judged(task, Answer(text)) for text in samples), picked=None,
        )  # fmt: skip

    def right(self) -> list[Row]:
        return [self.row(task, Answer(self.gold(task))) for task in self.tasks]

    def corrupted(self, defect: "Defect", share: float = 0.3, seed: int = 0) -> list[Row]:
        draw = stream(seed, "corrupted", defect.__name__)
        chosen = set(draw.sample(range(len(self.tasks)), round(share * len(self.tasks))))
        return [
            self.row(task, defect(self, task, draw) if i in chosen else Answer(self.gold(task)))
            for i, task in enumerate(self.tasks)
        ]


Defect = Callable[[Bench, Task, Random], Answer]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder: Path = tmp_path_factory.mktemp("failures")
    create("maze_lang", folder)
    contract = load_contract(f"{folder / 'maze_lang' / 'maze_lang' / '__init__.py'}:maze_lang")
    return Bench(watchful(contract), contract.tasks("train", N, seed=0))


def watchful(contract: Contract) -> Contract:
    """The same contract, whose judge has a name for wandering to and fro until the lines run out."""
    made: type[Any] = type(contract)

    def judge(self: Any, task: Task, answer: str) -> Verdict:
        verdict: Verdict = made.judge(self, task, answer)
        wandered = "left 1\nright 1\nleft 1" in answer
        return replace(verdict, exploit="wandering") if wandered and not verdict.passed else verdict

    watchful: Contract = type("Watchful", (made,), {"judge": judge})(1)
    return watchful


# ---- the defects ----


def cut_off(bench: Bench, task: Task, draw: Random) -> Answer:
    gold = bench.gold(task)
    return Answer(gold[: draw.randrange(1, len(gold))], "length")


def no_room(_bench: Bench, _task: Task, _draw: Random) -> Answer:
    return Answer("", "length")


def control_text(bench: Bench, task: Task, draw: Random) -> Answer:
    gold = bench.gold(task)
    at = draw.randrange(len(gold) + 1)
    return Answer(f"{gold[:at]}<|im_end|>{gold[at:]}", draw.choice(["stop", "length"]))


def spill(bench: Bench, task: Task, draw: Random) -> Answer:
    more = draw.choice(["The robot is on G now.", "", "```", "Now another one:\nright 1"])
    return Answer(f"{bench.gold(task)}\n{more}", draw.choice(["stop", "length"]))


def salad(_bench: Bench, _task: Task, draw: Random) -> Answer:
    return Answer(" ".join(draw.choice(["right", "up", "3", "of"]) for _ in range(12)), "degenerate")


def nothing(_bench: Bench, _task: Task, _draw: Random) -> Answer:
    return Answer("")


def piece(bench: Bench, task: Task, draw: Random) -> Answer:
    gold = bench.gold(task)
    return Answer(gold[draw.randrange(1, 4) :])


def talk(bench: Bench, task: Task, draw: Random) -> Answer:
    return Answer(draw.choice(["Answer: ", "Sure! Here it is:\n", "- ", "\n"]) + bench.gold(task))


def stop_early(bench: Bench, task: Task, draw: Random) -> Answer:
    return Answer(cut_off(bench, task, draw).text)


def broken(bench: Bench, task: Task, draw: Random) -> Answer:
    lines = bench.gold(task).split("\n")
    at = draw.randrange(len(lines))
    lines[at] = draw.choice([lines[at].replace(" ", "  "), f"{lines[at]};", f"{lines[at]}0"])
    return Answer("\n".join([*lines, "up 1"]))


def wrong(bench: Bench, task: Task, draw: Random) -> Answer:
    """Readable and wrong, in many shapes; not gold cut short, which is another defect."""
    labels, gold = ("wall", "off_grid", "not_there"), bench.gold(task)
    answers = [one.answer for one in bench.contract.sabotage(task, 0) if one.label in labels]
    return Answer(draw.choice([answer for answer in answers if not gold.startswith(answer)]))


def always_up(_bench: Bench, _task: Task, _draw: Random) -> Answer:
    return Answer("up 9")


def wander(_bench: Bench, _task: Task, _draw: Random) -> Answer:
    return Answer("left 1\nright 1\nleft 1")


# ---- one defect, one diagnosis ----


def of_families(bench: Bench, seed: int) -> list[Row]:
    """About 30% of the tasks answered wrongly, all of them in some families."""
    draw, weak, n = stream(seed, "weak"), set[str](), 0
    families = sorted({task.family for task in bench.tasks})
    for family in draw.sample(families, len(families)):
        size = sum(task.family == family for task in bench.tasks)
        if n + size <= 0.35 * N:
            weak.add(family)
            n += size
    return [
        bench.row(task, wrong(bench, task, draw) if task.family in weak else Answer(bench.gold(task)))
        for task in bench.tasks
    ]


def with_refused_gold(bench: Bench, seed: int) -> list[Row]:
    """30% of the tasks with facts that forbid what is gold to them."""
    rows = bench.right()
    for i in stream(seed, "refused").sample(range(N), round(0.3 * N)):
        task = bench.tasks[i]
        spoilt = replace(task, facts={**task.facts, "limit": 0})
        rows[i] = replace(rows[i], greedy=bench.measured(spoilt, Answer(bench.gold(task)), bench.gold(task)))
    return rows


def golds(bench: Bench, defect: Defect | None, seed: int) -> list[Outcome]:
    rows = bench.corrupted(defect, seed=seed) if defect else bench.right()
    return [row.greedy for row in rows]


def diagnosed(bench: Bench, name: str, seed: int = 0) -> Diagnosis:
    """What is said of rows with the defect of that class, and of no other."""
    right = bench.right()
    known: dict[str, Any] = {"oracle": [row.greedy for row in right], "again": right, "baseline": right}
    rows, told = right, TRAINED
    if name in DEFECTS:
        rows = bench.corrupted(DEFECTS[name], seed=seed)
        known["again"] = rows
    if name == "probe_accounting":
        known["oracle"] = golds(bench, spill, seed)
    elif name == "probe_integrity":
        known["again"] = bench.corrupted(wrong, seed=seed)
    elif name in ("exact_not_passed", "family_imbalance"):
        known["again"] = rows = (with_refused_gold if name == "exact_not_passed" else of_families)(bench, seed)
    elif name == "fragmented_supervision":
        told = replace(told, fragment_share=0.2, fragment_share_before=0.05)
    elif name == "undertrained":
        told = replace(told, steps=60)
    return diagnose(rows, told, **known)


DEFECTS: Mapping[str, Defect] = MappingProxyType({
    "exploit": wander, "truncated": cut_off, "control_leak": control_text, "tail_spill": spill, "degenerate": salad,
    "tainted_supervision": nothing, "fragmented_supervision": piece, "undertrained": wrong, "start_missing": talk,
    "end_missing": stop_early, "unreadable": broken, "attractor": always_up, "readable_not_passed": wrong,
})  # fmt: skip


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_confusion_matrix_is_diagonal(bench: Bench, seed: int) -> None:
    names = ["none", *ORDER]
    matrix = {name: diagnosed(bench, name, seed) for name in names}
    assert {name: (found.primary, found.secondary) for name, found in matrix.items()} == {
        name: (name, ()) for name in names
    }


def test_right_answers_with_all_that_can_be_known_are_clean(bench: Bench) -> None:
    found = diagnosed(bench, "none")
    assert set(found.evidence) == set(ORDER) - {"fragmented_supervision"}  # the share of pieces is not known
    assert all(one["value"] < one["threshold"] for one in found.evidence.values())
    assert symptoms(bench.right(), TRAINED, bench.right()) == []


@pytest.mark.parametrize("name", [name for name in DEFECTS if name not in ("exploit", "control_leak")])
def test_a_few_faults_are_no_class(bench: Bench, name: str) -> None:
    rows = bench.corrupted(DEFECTS[name], share=0.03)
    assert diagnose(rows, replace(TRAINED, fragment_share=0.2, fragment_share_before=0.1)).primary == "none"


def test_what_is_not_known_is_passed_over(bench: Bench) -> None:
    alone = diagnose(bench.corrupted(nothing))
    assert alone.primary == "start_missing"  # nothing says whether it was so before
    assert not {"probe_integrity", "tainted_supervision", "fragmented_supervision", "undertrained"} & set(
        alone.evidence
    )
    assert diagnose(bench.corrupted(wrong)).primary == "readable_not_passed"


def test_two_defects_are_told_in_order(bench: Bench) -> None:
    some = {row.task: row for row in bench.corrupted(cut_off, 0.5)}
    rows = [row if not row.greedy.passed else some[row.task] for row in bench.corrupted(broken, 0.4)]
    found = diagnose(rows)
    assert (found.primary, found.layer) == ("truncated", "budget") and "max_new_tokens" in found.mend
    assert "unreadable" in found.secondary


def test_tainted_rows_are_found_before_anything_is_written(bench: Bench) -> None:
    assert diagnose(bench.right(), replace(TRAINED, junk_targets=2)).primary == "tainted_supervision"


def test_a_fall_is_laid_to_the_rows_only_where_they_changed(bench: Bench) -> None:
    empty, pieces = bench.corrupted(nothing), bench.corrupted(piece)
    assert diagnose(empty, TRAINED, baseline=empty).primary == "start_missing"
    same = replace(TRAINED, fragment_share=0.1, fragment_share_before=0.1)
    assert diagnose(pieces, same, baseline=bench.right()).primary == "start_missing"


@pytest.mark.parametrize(
    "short",
    [{"steps": 199}, {"epochs": 0.9}, {"loss_slope": -0.2}, {"train_pass_rate": 0.1, "loss_last": 0.8}],
    ids=lambda short: next(iter(short)),
)
def test_too_little_training_is_no_fault_of_the_model(bench: Bench, short: dict[str, Any]) -> None:
    weak = bench.corrupted(wrong, 0.8)
    assert diagnose(weak, replace(TRAINED, **short)).primary == "undertrained"
    assert diagnose(weak, TRAINED).primary != "undertrained"
    assert diagnose(bench.right(), replace(TRAINED, **short)).primary == "none"  # it was enough, as it shows


def test_another_beginning_is_no_missing_start_where_answers_may_begin_so(bench: Bench) -> None:
    assert diagnose(bench.corrupted(talk)).primary == "start_missing"
    rows = bench.corrupted(talk)
    free = replace(rows[0], samples=(bench.judged(bench.tasks[0], Answer(f"{other(bench.gold(bench.tasks[0]))} 1")),))
    assert diagnose([free, *rows[1:]]).primary == "unreadable"


def other(gold: str) -> str:
    return next(way for way in ("up", "down", "left", "right") if way[0] != gold[0])


def test_families_that_are_all_weak_are_not_out_of_balance(bench: Bench) -> None:
    draw, rows = Random(0), of_families(bench, 0)
    for family in {row.family for row in rows if row.greedy.passed}:
        members = [i for i, task in enumerate(bench.tasks) if task.family == family]
        for i in members[: len(members) // 2 + 1]:
            rows[i] = bench.row(bench.tasks[i], wrong(bench, bench.tasks[i], draw))
    rows *= 3  # as if there were more tasks: beyond chance, as the symptom says
    assert diagnose(rows).primary == "readable_not_passed" and "uneven_family" in named(symptoms(rows))


def test_a_shape_attracts_where_it_is_wrong_in_several_families_and_not_usual(bench: Bench) -> None:
    rows = bench.corrupted(always_up)
    assert diagnose(rows).primary == "attractor"
    usual = [replace(row, greedy=replace(row.greedy, shape="U")) for row in rows[1:]]
    assert diagnose([rows[0], *usual]).primary == "readable_not_passed"  # right answers have it as well
    family = next(row.family for row in rows if not row.greedy.passed)
    one = [
        bench.row(task, Answer("up 9") if task.family == family else Answer(bench.gold(task))) for task in bench.tasks
    ]
    assert (found := diagnose(one)).primary == "family_imbalance" and found.secondary == ()


def test_gold_that_fails_is_told_before_all_else(bench: Bench) -> None:
    rows = [*bench.corrupted(cut_off)[: N // 2], *with_refused_gold(bench, 0)[N // 2 :]]
    assert diagnose(rows, oracle=golds(bench, None, 0)).primary == "exact_not_passed"
    assert diagnose(rows, oracle=golds(bench, talk, 0)).primary == "probe_accounting"


def test_a_verdict_that_contradicts_itself_is_one_of_accounting(bench: Bench) -> None:
    row, *rows = bench.right()
    assert diagnose([replace(row, greedy=replace(row.greedy, failure="wall")), *rows]).primary == "probe_accounting"
    assert diagnose([replace(row, greedy=replace(row.greedy, score=1.2)), *rows]).primary == "probe_accounting"


def test_no_rows_are_no_clean_result() -> None:
    with pytest.raises(InputError, match="no rows"):
        diagnose([])


def test_a_diagnosis_is_plain_json(bench: Bench) -> None:
    told = msgspec.json.decode(msgspec.json.encode(asdict(diagnosed(bench, "truncated"))))
    assert told["evidence"]["truncated"] == {"value": pytest.approx(0.3), "threshold": 0.05}


def test_every_class_says_what_it_is() -> None:
    layers = {"eval", "infra", "judge", "reward", "budget", "decode", "data"}
    for one in CLASSES:
        assert one.layer in layers and one.mend.endswith(".") and one.counts
        assert set(one.unless) < set(ORDER) and all(ORDER.index(name) < ORDER.index(one.name) for name in one.unless)


# ---- one answer ----


@pytest.mark.parametrize(
    ("defect", "expected"),
    [
        (wander, "exploit"), (control_text, "control_junk"), (spill, "tail_spill"), (salad, "degenerate"),
        (cut_off, "truncated"), (no_room, "truncated"), (nothing, "empty"), (talk, "unreadable"),
        (broken, "unreadable"), (wrong, "wrong"), (always_up, "wrong"),
    ],
    ids=lambda one: getattr(one, "__name__", one),
)  # fmt: skip
def test_an_answer_has_the_label_of_its_defect(bench: Bench, defect: Defect, expected: str) -> None:
    draw = stream(0, "labels")
    assert {label(bench.judged(task, defect(bench, task, draw))) for task in bench.tasks} == {expected}


def test_a_passed_answer_has_none_and_labels_stand_beside_the_contracts_own(bench: Bench) -> None:
    assert counted(bench.right()) == {"none": {"none": N}}
    found = counted(bench.corrupted(always_up))
    assert found["none"] == {"none": N - 36} and sum(found["wrong"].values()) == 36
    assert set(found) == {"none", "wrong"} and set(found["wrong"]) == {"off_grid", "wall"}


@settings(max_examples=80)
@given(data=st.data(), text=st.text(max_size=40), ended=st.sampled_from(["stop", "length", "degenerate"]))
def test_any_text_has_one_label(bench: Bench, data: st.DataObject, text: str, ended: str) -> None:
    task = data.draw(st.sampled_from(bench.tasks[:6]))
    found = bench.judged(task, Answer(text, ended))
    assert label(found) in LABELS and (label(found) == "none") == found.passed


def test_a_readable_beginning_alone_is_no_spill(bench: Bench) -> None:
    task = next(task for task in bench.tasks if bench.gold(task).count("\n") == 2)
    gold = bench.gold(task)
    first, second, third = gold.split("\n")
    assert spilled(bench.contract, task, f"{gold}\nand so on", gold)
    assert spilled(bench.contract, task, f"{gold}\nand so on")  # seen by the judge, without gold
    assert spilled(bench.contract, task, f"{gold}\n{other(third)} 9\nand so on", gold)
    assert not spilled(bench.contract, task, f"{first}\n{second};\n{third}", gold)
    assert not spilled(bench.contract, task, f"{first}\n{second[:-1]}", gold)
    assert not spilled(bench.contract, task, gold, gold)
    assert not spilled(bench.contract, task, "", gold)


def test_without_gold_or_canonical_form_nothing_is_guessed(bench: Bench) -> None:
    blind = [
        replace(row, greedy=replace(row.greedy, parsed=None, exact=None, divergence=None, prefix=None, tail=False))
        for row in bench.corrupted(nothing)
    ]
    assert {label(row.greedy) for row in blind} == {"none", "unreadable"}  # by the contract's own label
    assert diagnose(blind).primary == "unreadable"


# ---- symptoms ----


def named(found: Sequence[Symptom]) -> dict[str, str]:
    return {one.name: one.severity for one in found}


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


# ---- training ----


def test_the_slope_is_that_of_the_last_tenth() -> None:
    assert slope([1.0] * 100) == 0
    assert slope([2.0] * 80 + [1.0] * 10 + [0.5] * 10) == pytest.approx(-0.5)
    assert slope([1.0] * 19) is None and slope([0.0] * 100) is None
