"""The judge of traces: gold passes, a right answer for another reason does not, and less than passing pays less."""

import random
import time
import xml.etree.ElementTree as ET
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rungwise.contracts.trace.judge import (
    CODES,
    FAILURES,
    LADDER,
    NEAR,
    PARTS,
    POINTER_FAILURES,
    feedback,
    judge,
    public,
)
from rungwise.contracts.trace.language import NUMBERS, SURFACES, parse, write
from rungwise.contracts.trace.pick import pick
from rungwise.contracts.trace.picture import picture
from rungwise.contracts.trace.repair import repair
from rungwise.contracts.trace.sabotage import attempt, sabotage
from rungwise.contracts.trace.tree import Trace
from tests.contracts.traces import PROBLEMS, gold, made, result_of, task, verdict

EACH = pytest.mark.parametrize("name", PROBLEMS)
A = "@arithmetic\n"

# other ways to the same end -> (problem, trace): each is right for every other number too
OTHER_WAYS = {
    "what is gone taken together": (
        "eggs", A + "a = 16\nb = 3\nc = 4\np = 2\ns = add b c\nt = sub a s\nr = mul t p\n? r",
    ),
    "doubled by adding": ("eggs", A + "a = 16\nb = 3\nc = 4\ns = sub a b\nt = sub s c\nr = add t t\n? r"),
    "the other order": ("eggs", A + "p = 2\nc = 4\nb = 3\na = 16\ns = sub a c\nt = sub s b\nr = mul p t\n? r"),
    "sold one by one": (
        "eggs", A + "a = 16\nb = 3\nc = 4\np = 2\nx = mul a p\ny = mul b p\nz = mul c p\ns = sub x y\nr = sub s z\n? r",
    ),
    "with a number that is not needed": ("week", A + "a = 35\nb = 14\nd = 7\ne = 60\ns = add a b\nr = mul s d\n? r"),
    "each by itself": ("week", A + "a = 35\nb = 14\nd = 7\ns = mul a d\nt = mul b d\nr = add s t\n? r"),
    "the rate as a share": ("tip", A + "a = 45\nb = 35\nr = 0.15\ns = add a b\nt = mul s r\n? t"),
    "what is left of a hundred percent": (
        "discount",
        A + "h = 100\nr = 25\ns = sub h r\n? s\n@percentage\np = 80\nr = @prev\ns = pct_of p r\n? s\n"
        + A + "c = @prev\nv = 15\nn = 3\ns = sub c v\nt = div s n\n? t",
    ),
    "a part by dividing": ("share", A + "a = 720\nb = 2\nc = 3\nd = 56\ns = mul a b\nt = div s c\nr = add t d\n? r"),
    "by arithmetic alone": ("journey", A + "a = 48\nb = 5\nc = 40\ns = mul a b\nr = div s c\n? r"),
    "three times by adding": ("stamps", "@comparison\na = 45\nd = 17\ns = more a a\nt = more s a\nr = less t d\n? r"),
}  # fmt: skip

# right for the wrong reason -> (problem, trace, label)
DRESSED = {
    "the answer less one, and one": ("eggs", A + "a = 17\nb = 1\ns = add a b\n? s", "written"),
    "half of it, twice": ("eggs", A + "a = 9\nb = 2\ns = mul a b\n? s", "written"),
    "a false number taken away again": ("eggs", A + "a = 16\nb = 18\ns = add a b\nt = sub s a\n? t", "written"),
    "gold beside a written answer": (
        "eggs", A + "a = 16\nb = 3\nc = 18\nd = 1\ns = sub a b\nt = sub s s\nu = add t c\n? u", "written",
    ),
    "a head's result": ("eggs", A + "a = 13\nc = 4\nd = 2\ns = sub a c\nt = mul s d\n? t", "written"),
    "eighty percent by heart": ("discount", A + "p = 60\nv = 15\nn = 3\ns = sub p v\nt = div s n\n? t", "coincidence"),
    "two that make it": ("eggs", A + "a = 16\nb = 2\ns = add a b\n? s", "coincidence"),
    "two of the world": ("week", A + "a = 7\nb = 7\nc = 7\ns = mul a b\nt = mul s c\n? t", "coincidence"),
    "eight and four left out for a two of the world": ("quarter", A + "a = 9\nb = 2\ns = mul a b\n? s", "coincidence"),
    "sums of the world": (
        "stamps", A + "a = 60\nb = 52\nc = 5\nd = 1\ns = add a b\nt = add s c\nu = add t d\n? u", "still",
    ),
    "a one out of nothing": (
        "eggs", A + "a = 16\nb = 3\no = div a a\np = div b b\nt = add o p\ns = add a t\n? s", "still",
    ),
    "nothing out of something": (
        "eggs", A + "a = 16\nb = 2\nc = 3\nz = sub c c\ns = add a b\nt = add s z\n? t", "still",
    ),
    "a constant times what cancels": (
        "eggs", A + "a = 16\nb = 2\nc = 3\nx = mul a c\ny = div x c\ns = add y b\n? s", "coincidence",
    ),
}  # fmt: skip


@EACH
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("numbers", NUMBERS)
def test_gold_passes_with_every_part(name: str, surface: str, numbers: str) -> None:
    found = judge(task(name), write(gold(name, numbers), surface), surface, numbers)
    assert found.passed and found.score == 1 and found.failure is None
    assert dict(found.parts) == dict.fromkeys(PARTS, 1.0)


@EACH
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("numbers", NUMBERS)
def test_every_sabotage_gets_its_label(name: str, surface: str, numbers: str) -> None:
    for wrong in sabotage(task(name), surface, numbers):
        found = judge(task(name), wrong.answer, surface, numbers)
        assert found.failure == wrong.label, (wrong, found)
        assert not found.passed and found.score <= NEAR


@pytest.mark.parametrize("numbers", NUMBERS)
def test_every_label_is_shown_by_some_sabotage(numbers: str) -> None:
    shown = {wrong.label for name in PROBLEMS for wrong in sabotage(task(name), "compact", numbers)}
    assert shown == set(FAILURES if numbers == "literal" else POINTER_FAILURES)
    assert set(CODES.values()) <= set(FAILURES)


@pytest.mark.parametrize("what", OTHER_WAYS)
def test_another_way_that_is_right_for_other_numbers_too_passes(what: str) -> None:
    name, text = OTHER_WAYS[what]
    found = verdict(name, text)
    assert found.passed and found.score == 1, found


@pytest.mark.parametrize("what", DRESSED)
def test_an_answer_that_was_not_computed_does_not_pass(what: str) -> None:
    name, text, label = DRESSED[what]
    trace = parse(text)
    assert isinstance(trace, Trace) and result_of(trace) == Fraction(PROBLEMS[name][1])
    found = verdict(name, text)
    assert (found.passed, found.failure, found.parts["answer"]) == (False, label, 1.0), found
    assert (found.score == 0 and found.exploit is not None) == (label != "coincidence")


def test_the_answer_cannot_be_written_without_the_questions_numbers() -> None:
    """A search of all traces of one step, and many of two, over small numbers: none that is right passes but gold's
    own two numbers."""
    for x in range(1, 40):
        for y in range(1, 40):
            for op in ("add", "sub", "mul", "div"):
                found = verdict("eggs", f"{A}a = {x}\nb = {y}\ns = {op} a b\n? s")
                assert not found.passed, (x, op, y)


def test_without_gold_an_answer_has_to_hang_on_the_question() -> None:
    question, answer, _ = PROBLEMS["eggs"]
    bare = made(question, answer, None)
    judged = {
        text: judge(bare, A + text, "compact", "literal")
        for text in (
            "a = 16\nb = 3\nc = 4\np = 2\ns = sub a b\nt = sub s c\nr = mul t p\n? r",
            "a = 17\nb = 1\ns = add a b\n? s",
            "a = 16\nb = 16\no = div a b\nt = add o o\ns = add a t\n? s",
            "a = 16\nb = 4\nc = 3\np = 2\ns = add a b\nt = sub s c\nr = mul t p\n? r",
        )
    }
    assert [one.failure for one in judged.values()] == [None, "written", "still", "wrong_op"]
    stated_there = made("Of 18 eggs, 3 are blue and 4 are sold. How many are eggs?", "18", None)
    for text in ("a = 18\nb = 3\ns = mul a b\nt = div s b\n? t", "a = 18\nb = 3\ns = add a b\nt = sub s b\n? t"):
        assert judge(stated_there, A + text, "compact", "literal").failure == "coincidence"
    assert all(0 <= one.score < 1 for one in list(judged.values())[1:])


def test_the_ladder_is_climbed_step_by_step() -> None:
    """Each of these goes one rung further than the one before, and is paid no less."""
    texts = [
        "Sure, the answer is 18.",
        A + "a = 16\nb = 3\ns = add a b",
        A + "a = 16\nb = 0\ns = div a b\n? s",
        A + "a = 60\nb = 24\ns = div a b\n? s",
        A + "a = 16\nb = 3\ns = sub a b\n? s",
        A + "a = 16\nb = 3\nc = 4\ns = sub a b\nt = sub s c\n? t",
        write(gold("eggs")),
    ]
    found = [verdict("eggs", text) for text in texts]
    scores = [one.score for one in found]
    assert scores == sorted(scores) and len(set(scores)) == len(scores), scores
    heights = [sum(one.parts[name] for name in LADDER) for one in found]
    assert heights == sorted(heights)
    assert [one.passed for one in found] == [False] * 6 + [True]


def test_experts_that_are_not_golds_are_told_and_not_punished() -> None:
    name, text = OTHER_WAYS["by arithmetic alone"]
    found = verdict(name, text)
    assert found.passed and found.parts["graph"] == 1 and found.parts["routing"] == 0
    assert "routing_only" in found.notes[0]


@given(st.text(max_size=300))
def test_any_text_gets_a_verdict_and_none_passes(text: str) -> None:
    for surface in SURFACES:
        found = judge(task("eggs"), text, surface, "literal")
        assert not found.passed and found.failure in FAILURES


def test_no_mutated_answer_raises_or_passes_undeserved() -> None:
    """What passes is right by a machine of its own, and starts from numbers of the question or the world."""
    rng, passed, read = random.Random(7), 0, 0
    for _ in range(3000):
        name, surface = rng.choice(list(PROBLEMS)), rng.choice(SURFACES)
        text = _mutated(write(gold(name), surface), rng)
        found = judge(task(name), text, surface, "literal")
        read += found.shape is not None
        if found.passed:
            passed += 1
            trace = parse(text, surface)
            assert isinstance(trace, Trace) and result_of(trace) == Fraction(PROBLEMS[name][1])
            assert found.parts["grounded"] == 1
    assert read > 250 and passed > 20


def _mutated(text: str, rng: random.Random) -> str:
    for _ in range(rng.choice((1, 1, 2))):
        at, cut = rng.randrange(len(text) + 1), rng.choice((0, 1, 1, 2))
        piece = rng.choice((rng.choice("0123456789ab_ \n=?@#{},:[]é\ud800"), "", text[at : at + rng.randrange(9)]))
        text = text[:at] + piece + text[at + cut :]
    return text


def test_the_same_answer_gets_the_same_verdict() -> None:
    text = OTHER_WAYS["each by itself"][1]
    assert verdict("week", text) == verdict("week", text)


def test_hostile_size_ends_soon() -> None:
    """The judge's worst: the largest trace that may be, every step of it near gold's."""
    steps = "\n".join(
        f"s{n} = {'sub' if n % 2 else 'mul'} {f's{n - 1}' if n else 'a'} {'b' if n % 3 else 'd'}" for n in range(42)
    )
    text = "\n".join([f"{A}a = 16\nb = 3\nc = 4\nd = 2\n{steps}\n? s41"] * 10)
    begun = time.perf_counter()
    verdict("eggs", text)
    assert time.perf_counter() - begun < 0.5


# ---- what is told, chosen and shown ----


def test_feedback_tells_of_the_text_and_never_of_gold() -> None:
    assert feedback(task("eggs"), write(gold("eggs")), "compact", "literal") == {"passed": True}
    wrong = feedback(task("eggs"), A + "a = 16\nb = 3\ns = sub a b\n? s", "compact", "literal")
    assert wrong == {"passed": False, "result": "wrong"}
    broken = feedback(task("eggs"), A + "a = 16,000\n? a", "compact", "literal")
    assert broken["failure"] == "number" and "line 2" in broken["notes"][0]
    assert "18" not in str(wrong) and "gold" not in str(broken)


def test_public_shows_the_question_and_its_numbers_alone() -> None:
    assert public(task("eggs")) == {"question": PROBLEMS["eggs"][0], "numbers": ["16", "3", "4", "2"]}


def test_the_pick_is_the_commonest_result() -> None:
    right, wrong = write(gold("eggs")), A + "a = 16\nb = 3\ns = add a b\n? s"
    other = OTHER_WAYS["doubled by adding"][1]
    assert pick(task("eggs"), ["nonsense", wrong, right, other], "compact", "literal") == 2
    assert pick(task("eggs"), ["nonsense", "more"], "compact", "literal") == 0


@EACH
def test_a_picture_shows_the_result_beside_gold(name: str) -> None:
    drawn = picture(task(name), write(gold(name)), "compact", "literal")
    ET.fromstring(drawn)
    assert "PASSED" in drawn and "gold" in drawn


def test_a_picture_is_drawn_of_anything_and_shows_no_markup_of_a_models() -> None:
    for text in ("", "<script>alert(1)</script>", "@arithmetic\n<b>", A + "a = 16\nb = 3\ns = add a b\n? s"):
        drawn = picture(task("eggs"), text, "compact", "literal")
        ET.fromstring(drawn)
        assert "<script" not in drawn and "<b>" not in drawn


def test_an_unskilled_attempt_is_readable_and_sometimes_right() -> None:
    tried = [(name, attempt(task(name), seed, "compact", "literal")) for name in PROBLEMS for seed in range(20)]
    assert all(repair(text, "compact", "literal").answer == text for _, text in tried)
    passed = [verdict(name, text).passed for name, text in tried]
    assert 0.3 < sum(passed) / len(passed) < 0.95
