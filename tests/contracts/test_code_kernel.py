"""The sandbox where the language is left out: what the kernel holds, what of a worker is believed, how lanes end."""

import json
import os
import signal
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rungwise.contracts.code.sandbox import STATUSES, Call, Outcome, Program, Raised, Sandbox, same
from rungwise.contracts.code.sandbox.confined import filter as calls
from rungwise.contracts.code.sandbox.confined.values import NotPlain, Room, packed, unpacked
from rungwise.contracts.code.sandbox.lane import Lane
from rungwise.contracts.code.sandbox.program import read_frame, read_outcome
from rungwise.errors import JudgeUnavailable

REVERSE = Program("def f(a):\n    return a[::-1]", (Call("f", ([1, 2],)),))


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


# ---- the kernel ----

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
