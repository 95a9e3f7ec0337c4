"""The sandbox: what the language lets through, what the kernel holds when the language is left out, and that an outcome
hangs on nothing but its program."""

import json
import os
import re
import signal
import struct
import threading
from collections.abc import Iterator
from random import Random
from textwrap import indent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.contracts.code.sandbox import (
    STATUSES,
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
from rungwise.contracts.code.sandbox.confined import filter as calls
from rungwise.contracts.code.sandbox.confined.values import NotPlain, Room, packed, unpacked
from rungwise.contracts.code.sandbox.lane import Lane
from rungwise.contracts.code.sandbox.program import read_frame, read_outcome
from rungwise.errors import InputError, JudgeUnavailable
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


# ---- the kernel, with the language left out ----

# What the sandbox starts, but for one thing: a worker hands its program to Python as it is.
UNWATCHED = """
import sys; sys.path.append({folder!r})
from confined.zygote import serve
import ctypes, mmap, os, resource, signal, socket, subprocess, threading, time
def plain(source, fuel, calls, reads):
    names = dict(globals())
    exec(source, names)
    return {{"status": "ok", "note": str(names.get("note", ""))[:200]}}
serve(int(sys.argv[1]), float(sys.argv[2]), plain)
"""
HOSTILE = {
    "open": ("open('/etc/passwd')", "killed"),
    "open for writing": ("os.open('/tmp/x', os.O_CREAT | os.O_WRONLY)", "killed"),
    "import": ("import decimal", "killed"),
    "list a folder": ("os.listdir('/')", "killed"),
    "socket": ("socket.socket()", "killed"),
    "connect": ("socket.create_connection(('127.0.0.1', 80))", "killed"),
    "fork": ("os.fork()", "killed"),
    "thread": ("threading.Thread(target=print).start()", "killed"),
    "system": ("os.system('id')", "killed"),
    "exec": ("os.execv('/bin/sh', ['sh'])", "killed"),
    "subprocess": ("subprocess.run(['id'])", "killed"),
    "kill the parent": ("os.kill(os.getppid(), 9)", "killed"),
    "kill all": ("os.kill(-1, 9)", "killed"),
    "ptrace": ("ctypes.CDLL(None).ptrace(16, 1, 0, 0)", "killed"),
    "sleep": ("time.sleep(1000)", "killed"),
    "wait for input": ("os.read(0, 1)", "killed"),
    "write elsewhere": ("os.write(2, b'x')", "killed"),
    "runnable memory": ("mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)", "killed"),
    "raise a limit": ("resource.setrlimit(resource.RLIMIT_AS, (-1, -1))", "killed"),
    "ignore the alarm": ("signal.signal(signal.SIGPROF, signal.SIG_IGN)", "killed"),
    "a crash": ("ctypes.string_at(0)", "killed"),
    "an end of its own": ("os._exit(0)", "killed"),
    "no frames": ("os.write(1, b'x' * 100000)", "killed"),
    "a frame of 4 GB": ("os.write(1, b'\\xff' * 4 + b'[')", "killed"),
    "a frame too many": ("os.write(1, (b'\\0\\0\\0\\x0f' + b'{\"status\":\"ok\"}') * 99)", "killed"),
    "a frame that says nonsense": ("os.write(1, b'\\0\\0\\0\\x10' + b'{\"status\":\"yes\"}')", "killed"),
    "8 GB at once": ("x = bytearray(8 << 30)", "memory"),
    "8 GB in parts": ("x = []\nwhile True:\n    x.append(bytes(1 << 20))", "memory"),
    "8 GB of list": ("x = [0] * (1 << 30)", "memory"),
    "forever": ("while True:\n    pass", "time"),
    "forever in C": ("sum(range(10 ** 15))", "time"),
    "forever, and no alarm": ("signal.setitimer(signal.ITIMER_PROF, 0)\nwhile True:\n    pass", "time"),
}  # fmt: skip


@pytest.fixture(scope="module")
def unwatched() -> Iterator[Lane]:
    lane = Lane(1.0, UNWATCHED)
    lane.start()
    yield lane
    lane.stop()


@pytest.mark.parametrize("name", HOSTILE)
def test_the_kernel_alone_holds_hostile_code(unwatched: Lane, name: str) -> None:
    source, status = HOSTILE[name]
    before, outcome, after = unwatched.run([REVERSE, Program(source), REVERSE], fresh=False)
    assert outcome.status == status, outcome
    assert outcome.note
    assert (before.status, after.status) == ("ok", "ok")


def test_bombs_in_a_batch_cost_one_item_each(unwatched: Lane) -> None:
    programs = [Program(f"note = {i}") for i in range(64)]
    for place, source in ((0, "os._exit(1)"), (13, "x = bytearray(8 << 30)"), (14, "open('x')"), (63, "os.fork()")):
        programs[place] = Program(source)
    outcomes = unwatched.run(programs, fresh=False)
    assert [i for i, outcome in enumerate(outcomes) if outcome.note != str(i)] == [0, 13, 14, 63]
    assert [outcomes[i].status for i in (0, 13, 14, 63)] == ["killed", "memory", "killed", "killed"]


def test_a_program_is_not_blamed_for_what_another_left_behind(unwatched: Lane) -> None:
    hoard = Program("import builtins\nbuiltins.kept = bytearray(200 << 20)")
    modest = Program("x = bytearray(100 << 20)\nnote = len(x)")
    assert [outcome.status for outcome in unwatched.run([hoard, modest, modest], fresh=False)] == ["ok", "ok", "ok"]


def test_nothing_of_ours_is_near(unwatched: Lane) -> None:
    strangers = "{'rungwise', 'numpy', 'torch', 'msgspec', 'pydantic'}"
    near = (f"{strangers} & set(sys.modules)", "dict(os.environ)", "sys.path")
    modules, environment, path = unwatched.run([Program(f"note = {one}") for one in near], fresh=False)
    assert (modules.note, environment.note) == ("set()", "{}")
    assert "site-packages" not in path.note


WITHOUT = {
    "calls.CALLS.clear()": "refuses seccomp",
    "kernel.filtered = lambda: None": "the system-call filter .it was set",
    "kernel.LIMITS.pop(resource.RLIMIT_AS)": "the memory limit",
    "resource.setrlimit = None": "resource limits",
}


@pytest.mark.parametrize("without", WITHOUT)
def test_a_missing_layer_stops_everything_and_is_named(without: str) -> None:
    start = "import sys, resource; sys.path.append({folder!r}); from confined import filter as calls, kernel, zygote; "
    lane = Lane(1, f"{start}{without}; zygote.main()")
    with pytest.raises(JudgeUnavailable, match=WITHOUT[without]) as raised:
        lane.start()
    assert "Linux" in str(raised.value)


def test_the_layers_of_this_machine_are_told() -> None:
    layers = Sandbox.layers()
    assert [layer.name for layer in layers if layer.needed] == ["language", "kernel", "trust"]
    assert all(layer.present for layer in layers if layer.needed)


def allowed(machine: str, architecture: int, number: int, first: int = 0, third: int = 0) -> bool:
    """What the kernel's small machine makes of the filter, step by step."""
    steps = list(struct.iter_unpack("=HBBI", calls.program(machine)))
    data = {0: number, 4: architecture, 16: first, 32: third}
    at = loaded = 0
    while True:
        code, yes, no, value = steps[at]
        at += 1
        if code == calls.RETURN:
            return bool(value == calls.ALLOW)
        if code == calls.LOAD:
            loaded = data[value]
        else:
            at += yes if (loaded == value if code == calls.EQUAL else loaded & value) else no


@pytest.mark.parametrize("machine", calls.CALLS)
def test_the_filter_allows_its_list_and_nothing_else(machine: str) -> None:
    architecture, numbers = calls.CALLS[machine]
    other = next(arch for arch, _ in calls.CALLS.values() if arch != architecture)
    listed = set(numbers.values())
    for number in (*range(600), 0x40000000 + numbers["exit"], 2**32 - 1):
        assert allowed(machine, architecture, number, first=1, third=3) == (number in listed)
        assert not allowed(machine, other, number, first=1, third=3)
    assert not allowed(machine, architecture, numbers["write"], first=2)
    assert not allowed(machine, architecture, numbers["mmap"], third=5)


# ---- trust ----

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("tsdrx"), inner, max_size=2),
    max_leaves=10,
)  # fmt: skip
FIELDS = ("status", "note", "returned", "printed", "exited", "code", "read", "defined", "ticks")


@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=9), st.sampled_from([*STATUSES, "no"]))
def test_what_a_worker_says_is_read_strictly(said: dict[str, Any], status: str) -> None:
    try:
        outcome = read_outcome(json.dumps({"status": status, **said}).encode(), REVERSE)
    except NotPlain:
        return
    assert outcome.status in STATUSES
    assert len(outcome.returned) <= 1
    for value in outcome.returned:
        if not isinstance(value, Raised):
            assert same(unpacked(packed(value, Room()), Room()), value)


@pytest.mark.parametrize(
    "frame",
    [b"", b"[]", b"3", b"[" * 100_000, b'{"status": "ok", "returned": [{"t": [1], "s": [2]}]}', b'{"status": ["ok"]}',
     b'{"status": "ok", "returned": [{"s": [[1]]}]}', b'{"status": "ok", "returned": [1, 2]}', b"\xff{}",
     b'{"status": "ok", "returned": [{"d": [[1, 2, 3]]}]}', b'{"status": "ok", "exited": true}', b'{"status": {}}',
     b'{"status": "ok", "read": [["other", 1]]}', b'{"status": "ok", "read": [[["x"], 1]]}',
     b'{"status": "ok", "returned": [' + b"9" * 5000 + b"]}",
     b'{"status": "ok", "returned": [' + b"[" * 40 + b"]" * 40 + b"]}"],
)  # fmt: skip
def test_frames_that_no_worker_writes_are_not_believed(frame: bytes) -> None:
    with pytest.raises(NotPlain):
        read_outcome(frame, REVERSE)
    assert read_frame(b"{}") == {}


# ---- its life ----


def test_a_lost_zygote_is_replaced(box: Sandbox) -> None:
    process = box._lanes[0]._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    assert box.run([REVERSE])[0].returned == ([2, 1],)


def test_workers_and_threads_share_a_sandbox() -> None:
    programs = [Program(f"def f(a):\n    return a + {i}", (Call("f", (1,)),)) for i in range(300)]
    wanted = [(i + 1,) for i in range(300)]
    with Sandbox(workers=2) as shared:
        assert [outcome.returned for outcome in shared.run(programs)] == wanted
        found: list[list[Outcome]] = []
        threads = [threading.Thread(target=lambda: found.append(shared.run(programs[:50]))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert all([outcome.returned for outcome in one] == wanted[:50] for one in found) and len(found) == 4
    with pytest.raises(JudgeUnavailable, match="with"):
        shared.run(programs)


def test_nothing_is_left_running() -> None:
    with Sandbox() as opened:
        opened.run([REVERSE])
        process = opened._lanes[0]._process
        assert process is not None
    assert process.returncode is not None
