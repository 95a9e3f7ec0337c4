"""Rows: drawn alike wherever they are made, saved whole, examined before they are learned from, mixed as declared."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import log2
from pathlib import Path
from typing import Any, overload

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from rungwise.contract import Grammar, Lazy, Repair, Task, Verdict, load_contract, task_id
from rungwise.errors import InputError
from rungwise.held import held
from rungwise.policy.policy import Group, Sample
from rungwise.records import Answer, line_of
from rungwise.seeds import stream
from rungwise.train.corpus import Row, attempted, audit, draw, kept, load, require_sound, save
from rungwise.train.mixture import Source, counted, encoded, mixed, too_long

SPEC = f"{__file__}:sums"


class Sums:
    """Additions. `lazy`: made when looked at. `golds`: every so many have a gold answer; 0: none has. `known`: the tier
    is told before a task is made, and a large one cannot be made."""

    name, version, gold_floor = "sums", "1", 1.0
    tiers, splits = ("small", "large", "huge"), ("train", "dev", "short", "empty")
    failures: Mapping[str, str] = {"wrong": "count again"}

    def __init__(self, lazy: bool, golds: int, known: bool) -> None:
        self.lazy, self.golds, self.known = lazy, golds, known

    def tasks(self, split: str, n: int, seed: int) -> Sequence[Task]:
        n = min(n, {"short": 10, "empty": 0}.get(split, n))
        if self.known:
            made = Made(split, seed, range(n))
            return Lazy(range(n), made.small, made.tier)
        return Made(split, seed, range(n)) if self.lazy else list(Made(split, seed, range(n)))

    def gold(self, task: Task) -> str | None:
        return None if not self.golds or sum(task.facts["of"]) % self.golds else str(sum(task.facts["of"]))

    def judge(self, task: Task, answer: str) -> Verdict:
        passed = answer == str(sum(task.facts["of"]))
        return Verdict(score=float(passed), passed=passed, failure=None if passed else "wrong")

    def structure(self, task: Task) -> list[int]:
        return sorted(task.facts["of"])

    def sabotage(self, _task: Task, _seed: int) -> list[Any]:
        return []

    def repair(self, answer: str) -> Repair:
        return Repair(answer=answer)

    def grammar(self) -> Grammar | None:
        return None

    def picture(self, _task: Task, _answer: str) -> str | None:
        return None


class Made(Sequence[Task]):
    def __init__(self, split: str, seed: int, items: range) -> None:
        self.split, self.seed, self.items, self.made = split, seed, items, set[int]()

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, at: int) -> Task: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Task]: ...
    def __getitem__(self, at: int | slice) -> Task | Sequence[Task]:
        if isinstance(at, slice):
            return Made(self.split, self.seed, self.items[at])
        tier, rng = self.tier(at), stream(self.seed, "sums", self.split, self.items[at])
        return task([rng.randrange(10 if tier == "small" else 10**6) for _ in range(2)], tier, self.split)

    def tier(self, at: int) -> str:
        return stream(self.seed, "tier", self.split, self.items[at]).choice(("small", "large"))

    def small(self, at: int) -> Task:
        """Once, and where somebody wants it."""
        assert self.tier(at) == "small" and at not in self.made
        self.made.add(at)
        return self[at]


def sums(lazy: bool = True, golds: int = 1, known: bool = False) -> Sums:
    return Sums(lazy, golds, known)


def task(of: list[int], tier: str = "small", split: str = "train", prompt: str = "") -> Task:
    prompt = prompt or " + ".join(map(str, of))
    name = task_id("sums", "1", of=of, prompt=prompt)
    return Task(id=name, contract="sums", split=split, tier=tier, family="sum", prompt=prompt, facts={"of": of})


def row(of: list[int], answer: str = "", **more: str) -> Row:
    return Row(task=task(of, **more), answer=answer or str(sum(of)), source="gold")


def drawn(
    n: int, *, lazy: bool = True, golds: int = 1, known: bool = False, split: str = "train", on: str = "inline",
    **more: Any,
) -> list[Row]:  # fmt: skip
    return draw(SPEC, {"lazy": lazy, "golds": golds, "known": known}, split, n, 7, on=on, **more)


# ---- drawing ----


def test_rows_are_the_first_tasks_wherever_they_are_made() -> None:
    expected = [Row(task=one, answer=str(sum(one.facts["of"])), source="gold") for one in Made("train", 7, range(40))]
    assert drawn(40) == drawn(40, lazy=False) == drawn(40, on="processes") == expected


@given(st.integers(1, 60), st.integers(1, 60), st.booleans())
@examples(max_examples=20, deadline=None)
def test_a_smaller_draw_begins_a_larger_one(few: int, more: int, lazy: bool) -> None:
    assert drawn(few + more, lazy=lazy)[:few] == drawn(few, lazy=lazy)


@given(st.integers(1, 50), st.integers(1, 9), st.integers(1, 9))
@examples(max_examples=20, deadline=None)
def test_tiers_get_their_shares_in_the_order_of_the_items(n: int, small: int, large: int) -> None:
    rows = drawn(n, tiers={"small": small, "large": large})
    count = Counter(one.task.tier for one in rows)
    assert len(rows) == n
    assert abs(count["small"] - n * small / (small + large)) < 1
    alone = drawn(max(1, count["small"]), tiers={"small": 1})
    assert [one for one in rows if one.task.tier == "small"] == alone[: count["small"]]


@given(st.integers(1, 50), st.integers(1, 3))
@examples(max_examples=20, deadline=None)
def test_where_tiers_are_known_beforehand_none_is_made_that_nobody_wants(n: int, golds: int) -> None:
    assert drawn(n, golds=golds, known=True, tiers={"small": 1}) == drawn(n, golds=golds, tiers={"small": 1})


def test_a_task_without_a_gold_answer_is_passed_over_unless_only_tasks_are_wanted() -> None:
    assert all(int(one.answer) % 3 == 0 for one in drawn(20, golds=3))
    assert [one.task for one in drawn(20, golds=3, answered=False)] == list(Made("train", 7, range(20)))


def test_how_far_it_is_is_told() -> None:
    told: list[tuple[int, int]] = []
    drawn(5, tell=lambda found, n: told.append((found, n)))
    assert told == [(i, 5) for i in range(1, 6)]


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"split": "trian"}, "no split 'trian'; did you mean 'train'"),
        ({"tiers": {"smal": 1}}, "no tier 'smal'; did you mean 'small'"),
        ({"split": "empty"}, "the split 'empty' of sums has no tasks"),
        ({"split": "short"}, "'short' of sums gave 10 tasks with a gold answer; 12 asked for"),
        ({"split": "short", "lazy": False}, "'short' of sums gave 10 tasks with a gold answer; 12 asked for"),
        ({"golds": 0}, "'train' of sums gave 0 tasks with a gold answer; 12 asked for"),
        ({"tiers": {"small": 1, "huge": 1}}, "gave 6 tasks with a gold answer, huge lacks 6; 12 asked for"),
    ],
)
def test_what_cannot_be_drawn_is_told(asked: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError) as caught:
        drawn(12, **asked)
    assert line in str(caught.value)


# ---- files ----


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    rows = [*drawn(5), row([1, 2], 'three "3"\n\u2028é')]
    save(tmp_path / "run" / "rows.jsonl", rows)
    assert load(tmp_path / "run" / "rows.jsonl", sums()) == rows
    assert {one.source for one in load(tmp_path / "run" / "rows.jsonl", sums(), source="replay")} == {"replay"}


def test_a_file_that_could_not_be_written_whole_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    save(path, drawn(2))
    before = path.read_bytes()

    def stopped() -> Any:
        yield from drawn(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save(path, stopped())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_answers_by_id_may_be_several_for_a_task(tmp_path: Path) -> None:
    one, two = Made("train", 0, range(2))
    (tmp_path / "tasks.jsonl").write_text(f"{line_of(one)}\n{line_of(two)}\n")
    answers = [Answer(task=one.id, answer="a"), Answer(task=two.id, answer="b"), Answer(task=one.id, answer="c")]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(line_of, answers)))
    rows = load(tmp_path / "rows.jsonl", sums(), tasks_file=tmp_path / "tasks.jsonl", source="own")
    assert [(r.task, r.answer, r.source) for r in rows] == [(one, "a", "own"), (two, "b", "own"), (one, "c", "own")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "rows.jsonl: no rows in it"),
        ("\n{}\n", "rows.jsonl:2: not a row: Object missing required field `task`"),
        ("{'task'", "rows.jsonl:1: not a row: JSON is malformed"),
        ('{"task": "x", "answer": 3}', "rows.jsonl:1: not a row: Expected `str`, got `int`"),
        ('{"task": "x", "answer": ""}', "rows.jsonl:1: no task 'x' here; expected tasks_file"),
        (line_of(Row(task=replace(task([1]), contract="other"), answer="")), "1: a task of 'other'; expected 'sums'"),
    ],
)
def test_a_fault_in_a_file_is_told_with_its_line(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "rows.jsonl").write_text(text)
    with pytest.raises(InputError) as caught:
        load(tmp_path / "rows.jsonl", sums())
    assert line in str(caught.value)


def test_files_and_ids_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"rows\.jsonl: cannot read: No such file"):
        load(tmp_path / "rows.jsonl", sums())
    (tmp_path / "tasks.jsonl").write_text(line_of(task([1])))
    (tmp_path / "rows.jsonl").write_text(line_of(Answer(task=task([1]).id[:-1], answer="")))
    with pytest.raises(InputError, match=rf"in .*tasks\.jsonl; did you mean '{task([1]).id}'"):
        load(tmp_path / "rows.jsonl", sums(), tasks_file=tmp_path / "tasks.jsonl")


# ---- what may be wrong ----


def test_rows_in_which_nothing_is_wrong() -> None:
    found = audit(sums(), [row([1, 2]), row([1, 3])], {"probe": held(sums(), [task([9, 9])])})
    assert (found.rows, found.tasks, found.duplicates, found.contradictions, found.overlaps) == (2, 2, 0, (), ())
    require_sound(found)


def test_a_duplicate_is_counted_and_another_answer_is_none() -> None:
    found = audit(sums(), [row([1, 2]), row([1, 2]), row([1, 2], "03"), row([1, 2])], {})
    assert (found.rows, found.tasks, found.duplicates, found.contradictions) == (4, 1, 2, ())
    require_sound(found)


def test_one_prompt_of_two_tasks_is_a_contradiction_where_an_answer_to_one_fails_the_other() -> None:
    alike = [row([1, 4], prompt="five?"), row([2, 3], prompt="five?")]
    assert audit(sums(), alike, {}).contradictions == ()
    found = audit(sums(), [*alike, row([3, 3], prompt="five?")], {})
    (line,) = found.contradictions
    assert alike[0].task.id in line and row([3, 3], prompt="five?").task.id in line
    with pytest.raises(InputError, match="have one prompt"):
        require_sound(found)


def test_one_id_with_two_sets_of_facts_is_a_contradiction() -> None:
    first = row([1, 2])
    changed = Row(task=replace(first.task, facts={"of": [1, 3]}), answer="4")
    assert f"task {first.task.id} stands with" in audit(sums(), [first, changed], {}).contradictions[0]


@pytest.mark.parametrize(
    ("kept_task", "way"),
    [(task([1, 2]), "id"), (task([7, 8], prompt="1 + 2"), "prompt"), (task([2, 1]), "structure")],
)
def test_an_overlap_is_told_with_the_way_it_was_seen_by(kept_task: Task, way: str) -> None:
    rows = [row([1, 2]), row([5, 6])]
    found = audit(sums(), rows, {"probe": held(sums(), [kept_task]), "held-out tasks": held(sums(), [task([8, 8])])})
    assert found.overlaps == (f"1 training tasks are in the probe by {way}: {rows[0].task.id}; expected none",)
    with pytest.raises(InputError, match="are in the probe"):
        require_sound(found)


# ---- what a policy wrote ----

SCORES, EXPLOITS = st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([None, "x"])
WRITTEN = st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abcd"), SCORES, EXPLOITS), max_size=30)


@given(WRITTEN, st.sampled_from(["passed", 0.5, 0.0]), st.integers(1, 3))
def test_the_best_different_answers_of_each_task_are_kept(written: list[Any], keep: Any, per_task: int) -> None:
    judged = [
        (group(task([i]), [text]), [Verdict(score=score, passed=score == 1, exploit=exploit)])
        for i, text, score, exploit in written
    ]
    found = kept(judged, keep, per_task)
    fit: dict[tuple[str, str], float] = {}
    for (one, _), (_, text, score, exploit) in zip(judged, written, strict=True):
        if exploit is None and score >= (1 if keep == "passed" else keep):
            fit[one.task.id, text] = max(score, fit.get((one.task.id, text), 0.0))
    scores = [fit[one.task.id, one.answer] for one in found]  # each is fit
    assert len({(one.task.id, one.answer) for one in found}) == len(found)
    for name in {name for name, _ in fit}:
        of_task = sorted((score for (other, _), score in fit.items() if other == name), reverse=True)
        mine = [score for one, score in zip(found, scores, strict=True) if one.task.id == name]
        assert mine == of_task[:per_task]


def group(of: Task, texts: list[str]) -> Group:
    ids, likely = np.zeros(1, np.int32), np.zeros(1, np.float32)
    samples = tuple(Sample(text=text, tokens=ids, logprobs=likely, ended="stop") for text in texts)
    return Group(task=of, prompt=ids, samples=samples)


def test_of_equal_answers_the_first_drawn_are_kept() -> None:
    verdicts = [Verdict(score=1, passed=True)] * 3
    assert [one.answer for one in kept([(group(task([1]), ["b", "a", "c"]), verdicts)], "passed", 2)] == ["b", "a"]


# ---- mixing ----


class Letters:
    """A token a character, and 0 at an answer's end."""

    def prompt(self, text: str) -> list[int]:
        return [ord(letter) for letter in text]

    def answer(self, text: str) -> list[int]:
        return [*self.prompt(text), 0]


def source(name: str, weight: float, rows: int, answer: int = 3) -> Source:
    return Source(name=name, weight=weight, rows=[([i, 0], [[i] * answer]) for i in range(1, rows + 1)])


SOURCES = st.lists(
    st.tuples(st.floats(0.05, 1), st.integers(1, 40), st.integers(1, 9)), min_size=1, max_size=4
).map(lambda many: [source(f"s{i}", *one) for i, one in enumerate(many)])  # fmt: skip


@given(SOURCES, st.integers(1, 200), st.integers(1, 30), st.integers(1, 30), st.integers(0, 5))
def test_a_longer_plan_begins_with_the_shorter_one(
    sources: list[Source], budget: int, steps: int, more: int, seed: int
) -> None:
    short = mixed(sources, batch_tokens=budget, seed=seed, steps=steps)
    long = mixed(sources, batch_tokens=budget, seed=seed, steps=steps + more)
    assert [long.batch(step) for step in range(steps, 0, -1)] == [short.batch(step) for step in range(steps, 0, -1)]


@given(SOURCES, st.integers(1, 200), st.integers(1, 60), st.integers(0, 5))
def test_each_pass_has_every_row_once_and_every_source_its_share(
    sources: list[Source], budget: int, steps: int, seed: int
) -> None:
    plan = mixed(sources, batch_tokens=budget, seed=seed, steps=steps)
    whole = sum(one.weight for one in sources)
    for i, one in enumerate(sources):
        places = plan.place[plan.source == i].tolist()
        for at in range(0, len(places) - len(one.rows) + 1, len(one.rows)):
            assert sorted(places[at : at + len(one.rows)]) == list(range(len(one.rows)))
        assert abs(len(places) - one.weight / whole * len(plan.source)) < 2 + 2 * log2(len(plan.source) + 1)
        for step in range(1, steps + 1):
            batch = plan.source[(step - 1) * plan.batch_rows : step * plan.batch_rows]
            assert abs((batch == i).sum() - one.weight / whole * plan.batch_rows) < 2 + log2(plan.batch_rows + 1)


@given(SOURCES, st.integers(1, 200), st.integers(1, 20), st.data())
def test_counts_are_those_of_the_batches(sources: list[Source], budget: int, steps: int, data: st.DataObject) -> None:
    plan = mixed(sources, batch_tokens=budget, seed=0, steps=steps)
    after = data.draw(st.integers(0, steps))
    batches = [one for step in range(1, after + 1) for one in plan.batch(step)]
    counts = counted(plan, after)
    assert sum(one.rows for one in counts) == len(batches) == after * plan.batch_rows
    assert sum(one.tokens for one in counts) == sum(len(answers[0]) for _, answers in batches)
    for one, declared in zip(counts, sources, strict=True):
        assert one.rows == pytest.approx(one.epochs * len(declared.rows))
        assert one.declared == pytest.approx(declared.weight / sum(other.weight for other in sources))
    if after:
        assert sum(one.row_share for one in counts) == pytest.approx(sum(one.token_share for one in counts)) == 1


def test_a_share_of_rows_is_not_one_of_tokens_and_both_are_told() -> None:
    plan = mixed([source("long", 3, 50, answer=9), source("short", 1, 5, answer=1)], batch_tokens=90, seed=0, steps=100)
    long, short = counted(plan)
    assert plan.batch_rows == round(90 / (0.75 * 11 + 0.25 * 3))
    assert long.row_share == pytest.approx(0.75, abs=0.01)
    assert long.token_share == pytest.approx(27 / 28, abs=0.01)
    assert (short.tokens, short.epochs) == (short.rows, short.rows / 5)


@given(st.integers(1, 100), st.integers(1, 12), st.integers(5, 400))
def test_epochs_of_one_source_are_whole_passes_to_a_batch(rows: int, epochs: int, budget: int) -> None:
    plan = mixed([source("gold", 2, rows)], batch_tokens=budget, seed=0, epochs=epochs)
    assert epochs * rows <= plan.steps * plan.batch_rows < epochs * rows + plan.batch_rows


def test_epochs_of_a_mixture_are_passes_over_its_first_source() -> None:
    plan = mixed([source("gold", 0.8, 400), source("anchors", 0.2, 20)], batch_tokens=50, seed=0, epochs=3)
    gold, anchors = counted(plan)
    assert gold.epochs == pytest.approx(3, rel=0.02)
    assert anchors.epochs == pytest.approx(15, rel=0.05)


def test_another_seed_is_another_order() -> None:
    one, other = (mixed([source("gold", 1, 50)], batch_tokens=50, seed=seed, steps=3) for seed in (0, 1))
    assert one.place.tolist() != other.place.tolist()


def test_a_source_without_rows_is_refused() -> None:
    with pytest.raises(InputError, match="the source 'replay' has no rows"):
        mixed([source("gold", 1, 1), source("replay", 1, 0)], batch_tokens=1, seed=0, steps=1)


@pytest.mark.parametrize("step", [0, 4])
def test_a_step_that_is_not_in_the_plan(step: int) -> None:
    with pytest.raises(IndexError):
        mixed([source("gold", 1, 5)], batch_tokens=9, seed=0, steps=3).batch(step)


def test_rows_longer_than_the_context_are_named_with_their_length() -> None:
    rows = [row([1, 2]), row([100, 2]), row([10, 2])]
    as_tokens = encoded(Letters(), rows)  # type: ignore[arg-type]
    assert as_tokens[0] == ([ord(letter) for letter in "1 + 2"], [[ord("3"), 0]])
    assert too_long(rows, as_tokens, 9) == [(rows[1].task.id, 11)]
    assert too_long(rows, as_tokens, 11) == []


def test_rows_of_a_real_contract_are_its_first_tasks() -> None:
    canvas = load_contract("canvas", {"surface": "compact"})
    rows = draw("canvas", {"surface": "compact"}, "train", 2, 0, tiers={"dp1": 1}, on="inline")
    assert [one.task.tier for one in rows] == ["dp1", "dp1"]
    assert all(canvas.judge(one.task, one.answer).passed for one in rows)
    assert msgspec.json.decode(line_of(rows[0]), type=Row) == rows[0]


# ---- what the unskilled write ----------------------------------------------------------------------------------------


def test_attempts_are_of_the_same_tasks_differ_and_come_out_the_same_again() -> None:
    contract = load_contract("canvas", {"surface": "compact"})
    rows = [Row(task=task, answer="", source="attempt") for task in contract.tasks("train", 2, 0)]
    made = attempted(contract, rows, 3, 7)
    assert [row.task.id for row in made] == [row.task.id for row in rows for _ in range(3)]
    assert made == attempted(contract, rows, 3, 7) != attempted(contract, rows, 3, 8)
    assert all(contract.judge(row.task, row.answer).failure != "unreadable" for row in made)


def test_a_contract_without_attempts_is_told() -> None:
    with pytest.raises(InputError, match="no member `attempt`"):
        attempted(sums(), drawn(1), 1, 0)
