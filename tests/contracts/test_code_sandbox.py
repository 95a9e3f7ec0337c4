"""The sandbox: what the language lets through, and that an outcome hangs on nothing but its program."""

import re
from collections.abc import Iterator
from random import Random
from textwrap import indent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.contracts.code.sandbox import (
    Call,
    Checked,
    Outcome,
    Program,
    Raised,
    Refusal,
    Sandbox,
    inspect,
    same,
)
from rungwise.errors import InputError
from tests.contracts.escapes import ESCAPES

PROGRAMS = [escape.program() for escape in ESCAPES]
REVERSE = Program("def f(a):\n    return a[::-1]", (Call("f", ([1, 2],)),))


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


def one(box: Sandbox, source: str, *calls: Call, reads: tuple[str, ...] = ()) -> Outcome:
    return box.run([Program(source, calls, reads)])[0]


# ---- the language ----


def test_the_corpus_is_large() -> None:
    assert len(ESCAPES) >= 80
    assert len({escape.name for escape in ESCAPES}) == len(ESCAPES)


def test_every_escape_gets_its_status(box: Sandbox) -> None:
    outcomes = box.run(PROGRAMS)
    wrong = [
        (escape.name, outcome) for escape, outcome in zip(ESCAPES, outcomes, strict=True) if not escape.met(outcome)
    ]
    assert not wrong


def test_a_batch_agrees_with_one_worker_a_program_and_with_another_order(box: Sandbox) -> None:
    together = box.run(PROGRAMS)
    assert box.run(PROGRAMS, fresh=True) == together
    assert box.run(PROGRAMS[::-1]) == together[::-1]


def test_inspection_says_the_same_without_running_anything(recwarn: pytest.WarningsRecorder) -> None:
    for escape in ESCAPES:
        found = inspect(escape.source)
        assert isinstance(found, Refusal) == (escape.status in ("syntax", "refused")), escape.name
        assert not isinstance(found, Refusal) or found.syntax == (escape.status == "syntax"), escape.name
    assert not recwarn.list


def test_a_refusal_names_its_place() -> None:
    assert inspect("x = 1\ny = [1 for i in x if __import__('os')]") == Refusal(
        False, 2, 22, "underscore name __import__"
    )
    assert inspect("def f(a):\n    a.x = 1") == Refusal(False, 2, 5, "attribute")
    checked = inspect("def f(a):\n    return a\ndef g():\n    return 1")
    assert isinstance(checked, Checked)
    assert checked.functions == ("f", "g")


# What generated programs are put together from: I an int, L a list of ints, B a bool, S a block.
FORMS = {
    "I": (
        "x", "1", "-2", "len(a)", "sum(a)", "I + I", "I - I", "I * I", "I % I", "I // I", "L[I]", "(I if B else I)",
        "max(L, default=I)", "{1: I, I: 2}.get(I, 5)", "len({I, I} | set(L))", "abs(I)", "int(str(I))", "I ** 2",
        "(lambda x: I)(I)", "L.count(I)", "L.index(I)", "(I << 2 ^ I & 5)", "round(I / 2)", "sum(x for x in L if B)",
    ),
    "L": (
        "a", "a[::-1]", "[]", "[1, x]", "[I, I]", "L + L", "L * 2", "L[I:I]", "sorted(L, reverse=B)",
        "list(range(I, 9))",
        "[I for x in L if B]", "list(map(lambda x: I, L))", "[i * j for i, j in zip(L, L)]", "list({I: x for x in L})",
        "sorted(set(L))", "[i for i, x in enumerate(L) if B]", "list(filter(None, reversed(L)))",
    ),
    "B": (
        "True", "x > 0", "a == []", "x is None", "I < I", "I <= I < I", "L == L", "I not in L", "B and B", "B or B",
        "not B", "any(I > 1 for x in L)", "all(B for x in L)",
    ),
    "S": (
        "a = L", "x = I", "x += I", "a += L", "x *= I", "a[I] = I", "a[I] += I", "a[I:I] = L", "a.append(I)",
        "x = a.pop(I)", "a.insert(I, I)", "a.sort(key=lambda x: I)", "a.extend(L)", "a.remove(I)", "assert B",
        "a[0], x = x, I", "return L", "a.reverse()", "if B:\n    S\nelse:\n    S", "for x in L:\n    S", "S\nS",
        "S\nS", "while len(a) < I:\n    a.append(I)",
    ),
}  # fmt: skip


def drawn(kind: str, random: Random, depth: int) -> str:
    forms = FORMS[kind]
    form = random.choice(forms[:4] if depth == 0 else forms)
    text = re.sub(r"\b[ILB]\b", lambda found: bracketed(drawn(found.group(), random, max(depth - 1, 0))), form)
    return re.sub(r"( *)\bS\b", lambda found: indent(drawn("S", random, max(depth - 1, 0)), found.group(1)), text)


def bracketed(text: str) -> str:
    return text if text.isidentifier() else f"({text})"


def source(seed: int) -> str:
    return f"def f(a, x):\n{indent(drawn('S', Random(seed), 5), '    ')}\n    return a, x"


SOURCES = st.lists(st.integers(0, 2**32).map(source), min_size=8, max_size=8)


def in_python(source: str, args: tuple[Any, ...]) -> Any:
    """What Python makes of it, unwatched: these programs are ours."""
    names: dict[str, Any] = {}
    exec(source, names)
    try:
        return names["f"](*args)
    except Exception as error:
        return type(error).__name__


@settings(max_examples=40, deadline=None)
@given(SOURCES)
def test_what_is_allowed_means_what_it_means_in_python(box: Sandbox, sources: list[str]) -> None:
    inputs = (([], 0), ([3, -1, 2], 1), ([5, 5, 0, 4], -2))
    for source, outcome in zip(sources, box.run([_asking(source, inputs) for source in sources]), strict=True):
        if outcome.status != "ok":  # out of fuel: Python might not come back either
            assert outcome.status in ("fuel", "memory", "refused"), (source, outcome)
            continue
        for (a, x), got in zip(inputs, outcome.returned, strict=True):
            wanted = in_python(source, (list(a), x))
            assert (got.kind == wanted) if isinstance(got, Raised) else same(got, wanted), (source, got, wanted)


def _asking(source: str, inputs: tuple[Any, ...]) -> Program:
    return Program(source, tuple(Call("f", one) for one in inputs))


@settings(max_examples=5, deadline=None)
@given(SOURCES)
def test_generated_programs_agree_in_batch_and_alone(box: Sandbox, sources: list[str]) -> None:
    programs = [_asking(source, (([3, -1, 2], 1),)) for source in sources]
    assert box.run(programs) == box.run(programs, fresh=True)


# ---- what an outcome says ----


def test_calls_have_their_own_fuel_and_their_own_copies(box: Sandbox) -> None:
    shared = [1]
    grow = "def f(a, n):\n    a.append(n)\n    for i in range(n):\n        pass\n    return a"
    outcome = one(box, grow, Call("f", (shared, 5), fuel=20), Call("f", (shared, 6), fuel=20))
    assert outcome.returned == ([1, 5], [1, 6])
    stopped = one(box, grow, Call("f", ([], 5)), Call("f", ([], 50), fuel=20), Call("f", ([], 5)))
    assert (stopped.status, stopped.returned) == ("fuel", ([5],))


def test_a_call_that_raises_does_not_end_the_program(box: Sandbox) -> None:
    outcome = one(box, "def f(a):\n    return 6 // a", Call("f", (0,)), Call("f", (2,)), Call("g"), Call("f", ()))
    assert outcome.status == "ok"
    zero, three, missing, empty = outcome.returned
    assert zero == Raised("ZeroDivisionError", "integer division or modulo by zero")
    assert three == 3
    assert isinstance(missing, Raised) and missing.kind == "NameError"
    assert isinstance(empty, Raised) and empty.kind == "TypeError"


def test_exits_are_events_that_say_before_which_call(box: Sandbox) -> None:
    at_once = one(box, "ok = 1\nexit(0)\nok = 2", Call("f"), reads=("ok", "no"))
    assert (at_once.status, at_once.exited, at_once.exit_code, at_once.read) == ("exited", 0, 0, {"ok": 1})
    leaving = "def f(a):\n    if a == 2:\n        exit('failed')\n    return a"
    later = one(box, leaving, *(Call("f", (i,)) for i in range(4)))
    assert (later.returned, later.exited, later.exit_code) == ((0, 1), 2, 1)


def test_what_cannot_leave_is_told_in_its_place(box: Sandbox) -> None:
    source = (
        "def f(a):\n    return [lambda: a, (i for i in []), range(3)][a]\n"
        "def g():\n    a = []\n    for i in range(40):\n        a = [a, a]\n    return a\ng2 = g"
    )
    outcome = one(box, source, Call("f", (0,)), Call("f", (1,)), Call("f", (2,)), Call("g"), reads=("g", "g2"))
    assert [got.note for got in outcome.returned] == ["a function", "a generator", "a range", "nested deeper than 32"]
    assert outcome.read["g"] == Raised("NotPlain", "a function")
    assert outcome.defined == ("f", "g", "g2")


def test_prints_are_kept_up_to_a_length(box: Sandbox) -> None:
    assert one(box, "print(1, 'a', [2.5, None], sep='-')").printed == "1-a-[2.5, None]\n"
    flood = one(box, "for i in range(500):\n    print('x' * 20)")
    assert flood.status == "ok"
    assert len(flood.printed) == 4000


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**40), 10**40) | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple)
    | st.dictionaries(st.integers(-99, 99) | st.text(max_size=3), inner, max_size=3)
    | st.sets(st.integers(-99, 99) | st.booleans() | st.tuples(st.integers(0, 9), st.text(max_size=2)), max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(PLAIN, max_size=6))
def test_plain_values_cross_both_ways_unchanged(box: Sandbox, values: list[Any]) -> None:
    outcome = one(box, "def f(a):\n    return a", *(Call("f", (value,)) for value in values))
    assert all(same(got, sent) for got, sent in zip(outcome.returned, values, strict=True))


@given(PLAIN, PLAIN)
def test_same_is_equality_of_value_and_type(a: Any, b: Any) -> None:
    assert same(a, a)
    assert same(a, b) == same(b, a)
    assert not same(a, b) or repr(a) == repr(b) or a == b


def test_same_tells_types_apart() -> None:
    for a, b in (
        (True, 1),
        (1, 1.0),
        ((1,), [1]),
        ({1}, {True}),
        ({1: 2}, {True: 2}),
        ([{(1,)}], [{(True,)}]),
        (None, 0),
    ):
        assert not same(a, b)
    assert same([1, {2: (3,)}], [1.0, {2.0: (3.0,)}], numbers=True)
    assert not same(True, 1, numbers=True)
    assert same([float("nan")], [float("nan")])
    assert same({1: 2, 3: 4}, {3: 4, 1: 2})
    assert not same(Raised("NameError"), Raised("NameError"))


def test_what_is_not_plain_does_not_go_in(box: Sandbox) -> None:
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    for value in (len, b"", 1j, {1: object()}, deep, [0] * 30_000, {frozenset()}, 1 << 5000, "a" * 300_000):
        with pytest.raises(InputError, match="not plain"):
            one(box, "x = 1", Call("f", (value,)))
    with pytest.raises(InputError, match="fuel"):
        one(box, "x = 1", Call("f", (), fuel=10**9))
