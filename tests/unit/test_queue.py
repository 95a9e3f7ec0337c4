"""A sweep's queue: what there is to do, each item done once by whoever comes first, and nothing lost to a kill."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rungwise.errors import InputError, RungwiseError
from rungwise.ladder.queue import (
    Item,
    Progress,
    Queue,
    claim,
    create,
    fail,
    finish,
    items,
    opened,
    parse_over,
    plan,
    progress,
    release,
    retry,
    run_command,
    work,
)  # fmt: skip
from rungwise.train.rungfile import parsed

OVER = {"rl.diversity": ("0", "0.5"), "rl.k": ("8",)}


@pytest.fixture
def rung(tmp_path: Path) -> Path:
    path = tmp_path / "first.toml"
    path.write_text('name = "first"\n[rl]\nk = 4\n')
    return path


@pytest.fixture
def queue(rung: Path, tmp_path: Path) -> Queue:
    return create(rung, [0, 1], OVER, tmp_path / "sweep")


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        act()
    assert "\n" not in str(caught.value)
    return str(caught.value)


CLAIM = """
import pathlib, sys
from rungwise.ladder.queue import *
queue = opened(pathlib.Path(sys.argv[1]))
"""


@contextmanager
def python(script: str, queue: Queue, **more: Any) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", script, str(queue.folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **more) as process:
        try:
            yield process
        finally:
            process.kill()


# ---- what there is to do ----


@pytest.mark.parametrize(
    ("text", "key", "values"),
    [
        ("rl.diversity=0,0.5", "rl.diversity", ("0", "0.5")),
        ("rl.diversity = 0, 0.5 ", "rl.diversity", ("0", "0.5")),
        ("rl.betas=[0.9,0.99],[0.9,0.95]", "rl.betas", ("[0.9,0.99]", "[0.9,0.95]")),
        ("rl.loss=grpo,dapo", "rl.loss", ("grpo", "dapo")),
        ('model.trainable="last 2 blocks, head",all', "model.trainable", ('"last 2 blocks, head"', "all")),
        ("rl.answer='after:,',all", "rl.answer", ("'after:,'", "all")),
        ('rl.tiers={dp1=1,dp2=0},{"dp1": 0, "dp2": 1}', "rl.tiers", ("{dp1=1,dp2=0}", '{"dp1": 0, "dp2": 1}')),
        ("sft.mixture=[{source='a,b',weight=[1,2]}],[]", "sft.mixture", ("[{source='a,b',weight=[1,2]}]", "[]")),
        ("rl.start=runs/a=b", "rl.start", ("runs/a=b",)),
        ("sft.split=don't,do", "sft.split", ("don't", "do")),
    ],
)
def test_values_are_parted_by_the_commas_between_them(text: str, key: str, values: tuple[str, ...]) -> None:
    assert parse_over(text) == (key, values)


SCALAR = st.one_of(
    st.integers(-99, 99), st.booleans(), st.floats(-9, 9), st.text("ab,[]{}'\"\\ =", max_size=6), st.just([])
)
VALUE = st.one_of(SCALAR, st.lists(SCALAR, max_size=3), st.lists(st.lists(st.integers(0, 9), max_size=2), max_size=2))


@given(st.lists(VALUE, min_size=1, max_size=4))
def test_any_values_are_parted_and_read_as_they_were_meant(tmp_path_factory: Any, values: list[Any]) -> None:
    file = tmp_path_factory.getbasetemp() / "rung.toml"
    file.write_text("")
    _, texts = parse_over("a.b=" + ",".join(map(json.dumps, values)))
    assert [parsed(file, [f"a.b={text}"])[0]["a"]["b"] for text in texts] == values


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rl.k", "expected SECTION.FIELD=VALUE,VALUE"),
        ("=8", "expected SECTION.FIELD=VALUE,VALUE"),
        ("rl.=8", "expected SECTION.FIELD=VALUE,VALUE"),
        ("rl.k=", "expected SECTION.FIELD=VALUE,VALUE"),
        ("rl.k=8,,16", "expected SECTION.FIELD=VALUE,VALUE"),
        ("rl.betas=[0.9,0.99", "'[0.9,0.99' has no end"),
        ('rl.loss=grpo,"dapo', "has no end"),
    ],
)
def test_what_cannot_be_parted_is_refused(text: str, told: str) -> None:
    assert told in refusal(lambda: parse_over(text))


def test_items_are_every_arm_with_every_seed_in_a_fixed_order(rung: Path, tmp_path: Path) -> None:
    found = plan(rung, [3, 1], OVER, tmp_path / "out", ["rl.steps=5"])
    assert [item.id for item in found] == [
        "rl.diversity=0,rl.k=8,seed=3",
        "rl.diversity=0.5,rl.k=8,seed=3",
        "rl.diversity=0,rl.k=8,seed=1",
        "rl.diversity=0.5,rl.k=8,seed=1",
    ]
    assert found[1].overrides == ("rl.steps=5", "rl.diversity=0.5", "rl.k=8") and found[1].seed == 3
    assert found[1].folder == tmp_path / "out" / "rl.diversity=0.5,rl.k=8" / "seed-3"
    assert plan(rung, [4], {}, tmp_path)[0].folder == tmp_path / "seed-4"
    assert [item.id for item in plan(rung, [0, 1], {}, tmp_path)] == ["seed=0", "seed=1"]


def test_every_folder_is_another_and_can_be_one(rung: Path, tmp_path: Path) -> None:
    values = ["../../etc", "/etc", '"a b"', "a/b", "a b", "ä", "x" * 400, "x" * 401, "..", "A"]
    found = plan(rung, [0, 1], {"rl.start": values}, tmp_path / "out")
    folders = {item.folder for item in found}
    assert len(folders) == len(found)
    for folder in folders:
        folder.mkdir(parents=True)
        assert folder.resolve().parent.parent == (tmp_path / "out").resolve()


@pytest.mark.parametrize(
    ("seeds", "over", "overrides", "told"),
    [
        ([], {}, [], "--seeds"),
        ([1, 1], {}, [], "--seeds"),
        ([-1], {}, [], "--seeds"),
        ([0], {"seed": ["1", "2"]}, [], "seed is set for all"),
        ([0], {"rl.k": ["1", "2"]}, ["rl.k=4"], "rl.k is set for all"),
        ([0], {"rl.k": ["8", "8"]}, [], "each once"),
        ([0], {"rl.k": []}, [], "at least one value"),
        ([0], {"name.k": ["1"]}, [], "name has no 'k' in it"),
    ],
)
def test_a_sweep_that_makes_no_sense_is_refused_before_anything_is_made(
    rung: Path, tmp_path: Path, seeds: list[int], over: Any, overrides: list[str], told: str
) -> None:
    assert told in refusal(lambda: create(rung, seeds, over, tmp_path / "sweep", overrides))
    assert "cannot read" in refusal(lambda: create(tmp_path / "none.toml", [0], {}, tmp_path / "sweep"))
    assert not (tmp_path / "sweep").exists()


# ---- on disk ----


def test_a_sweep_is_gone_on_with_where_it_is_the_same(queue: Queue, rung: Path) -> None:
    finish(queue, begun_before(0, claim(queue)))
    assert create(rung, [0, 1], OVER, queue.folder) == queue == opened(queue.folder)
    assert [item.state for item in items(opened(queue.folder))] == ["done", "waiting", "waiting", "waiting"]


def test_a_sweep_that_differs_is_refused_with_what_differs(queue: Queue, rung: Path, tmp_path: Path) -> None:
    assert "seeds [0,2], was [0,1]" in refusal(lambda: create(rung, [0, 2], OVER, queue.folder))
    told = refusal(lambda: create(rung, [0, 1], {"rl.k": ["8"]}, queue.folder, ["rl.steps=5"]))
    assert 'over {"rl.k":["8"]}, was {"rl.diversity":["0","0.5"],"rl.k":["8"]}' in told
    assert 'overrides ["rl.steps=5"], was []' in told and "seeds" not in told
    rung.write_text('name = "first"\n[rl]\nk = 5\n')
    for act in (lambda: create(rung, [0, 1], OVER, queue.folder), lambda: opened(queue.folder)):
        assert "first.toml has changed (sha256 " in refusal(act)
    for content in (b"", b"{}", b"\xff"):
        assert "cannot be read as a sweep" in refusal(lambda: opened(tmp_path))
        (tmp_path / "sweep.json").write_bytes(content)


# ---- states ----


def test_an_item_goes_through_its_states(queue: Queue) -> None:
    first, second, third = (claim(queue) for _ in range(3))
    assert first and second and third and len({first.id, second.id, third.id}) == 3
    assert (first.state, first.pid) == ("running", os.getpid()) and first.started
    assert items(queue)[0] == first
    ended = finish(queue, first)
    assert ended.state == "done" and ended.ended and ended.ended >= first.started and ended.pid is None
    assert fail(queue, second, "no room").error == "no room"
    assert release(queue, third).state == "waiting"
    assert [item.state for item in items(queue)] == ["done", "failed", "waiting", "waiting"]
    assert items(queue)[0] == ended
    assert (again := claim(queue)) and again.id == third.id
    with pytest.raises(RungwiseError, match="is not this process's to end"):
        finish(queue, first)
    assert retry(queue) == 1
    assert items(queue)[1].state == "waiting" and items(queue)[1].error is None


def test_an_item_of_a_dead_worker_waits_again(queue: Queue) -> None:
    script = f"{CLAIM}\nprint(claim(queue).id, flush=True); input()"
    with python(script, queue, stdin=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline().strip() == items(queue)[0].id
        assert [item.state for item in items(queue)][:2] == ["running", "waiting"]
        assert (second := claim(queue)) and second.id == items(queue)[1].id
        os.kill(process.pid, signal.SIGKILL)
        while Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
            time.sleep(0.01)
        assert items(queue)[0].state == "waiting"  # killed, and nobody has asked after it yet
    assert (again := claim(queue)) and again.id == items(queue)[0].id and again.pid == os.getpid()


def test_a_process_of_the_same_number_that_began_later_is_another(queue: Queue) -> None:
    mine = claim(queue)
    with closing(sqlite3.connect(queue.database)) as other, other:
        other.execute("UPDATE items SET born = '1' WHERE state = 'running'")
    assert mine and items(queue)[0].state == "waiting"
    with pytest.raises(RungwiseError, match="not this process's"):
        finish(queue, mine)
    assert claim(queue) is not None and items(queue)[0].pid == os.getpid()


def test_many_workers_share_the_items_and_none_is_done_twice(rung: Path, tmp_path: Path) -> None:
    queue = create(rung, range(40), {}, tmp_path / "sweep")
    script = f"{CLAIM}\nwhile (item := claim(queue)): finish(queue, item); print(item.id, flush=True)"
    workers = [subprocess.Popen([sys.executable, "-c", script, str(queue.folder)], stdout=subprocess.PIPE, text=True)
               for _ in range(3)]  # fmt: skip
    told = [line for worker in workers for line in worker.communicate(timeout=60)[0].split()]
    assert sorted(told) == sorted(item.id for item in items(queue))
    assert progress(queue) == Progress(waiting=0, running=0, done=40, failed=0, seconds_left=0.0)


def test_the_time_that_is_left_is_told_by_what_was_done(queue: Queue) -> None:
    assert progress(queue) == Progress(waiting=4, running=0, done=0, failed=0, seconds_left=None)
    finish(queue, begun_before(100, claim(queue)))
    release(queue, begun_before(60, claim(queue)))
    assert progress(queue).seconds_left == pytest.approx(40 + 100 + 100, abs=1)
    again = begun_before(0, claim(queue))
    assert again.seconds == pytest.approx(60, abs=1) and progress(queue).running == 1
    fail(queue, again, "no")
    assert progress(queue).seconds_left == pytest.approx(100 + 100, abs=1)


def begun_before(seconds: float, item: Item | None) -> Item:
    assert item and item.started
    return replace(item, started=item.started - seconds)


# ---- the loop ----


def running(code: str) -> Callable[[Item], Sequence[str]]:
    """A command of any kind: it is told the item's folder and seed."""
    return lambda item: [sys.executable, "-c", f"import sys, time, pathlib\n{code}", str(item.folder), str(item.seed)]


def test_every_item_is_run_and_a_failure_is_told_in_its_own_last_words(queue: Queue) -> None:
    told: list[tuple[str, str, int]] = []
    code = """
print("well")
print("begun", file=sys.stderr)
if sys.argv[2] == "1":
    sys.exit("a \\x1b[31mred\\n  rl.k: 8 is too many  \\n\\n")
"""
    work(queue, lambda item, far: told.append((item.id, item.state, far.done)), running(code))
    assert [item.state for item in items(queue)] == ["done", "done", "failed", "failed"]
    assert {item.error for item in items(queue)[2:]} == {"exit code 1: rl.k: 8 is too many"}
    first, *_, last = items(queue)
    assert told[:3] == [(first.id, "running", 0), (first.id, "done", 1), (items(queue)[1].id, "running", 1)]
    assert told[-1] == (last.id, "failed", 2) and len(told) == 8
    assert (queue.folder / "logs" / f"{first.folder.parent.name},{first.folder.name}.out").read_text() == "well\n"
    retry(queue)
    work(queue, lambda *_: None, running(""))
    assert progress(queue).done == 4


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (running("import os; os.kill(os.getpid(), 9)"), "killed by signal 9"),
        (running("sys.exit(3)"), "exit code 3"),
        (running("sys.exit('\\x00\\x1b]0;title\\x07' + 'x' * 999)"), f"exit code 1:   ]0;title {'x' * 289}"),
        (lambda _: ["/no/such/program"], "cannot run /no/such/program: No such file or directory"),
    ],
)
def test_whatever_ends_a_process_is_told_in_one_line(rung: Path, tmp_path: Path, command: Any, error: str) -> None:
    queue = create(rung, [0], {}, tmp_path / "sweep")
    work(queue, lambda *_: None, command)
    assert items(queue)[0].error == error


def test_the_last_words_are_those_of_the_last_attempt(rung: Path, tmp_path: Path) -> None:
    queue = create(rung, [0], {}, tmp_path / "sweep")
    work(queue, lambda *_: None, running("sys.exit('the first')"))
    retry(queue)
    work(queue, lambda *_: None, running("sys.exit(7)"))
    assert items(queue)[0].error == "exit code 7"


def test_the_command_is_what_a_person_would_type(queue: Queue) -> None:
    item = items(queue)[1]
    assert run_command(queue, item)[1:] == [
        "-m", "rungwise.cli", "run", queue.sweep.file, "--seed", "0", "--set", "rl.diversity=0.5", "--set", "rl.k=8",
        "--out", str(item.folder), "--resume",
    ]  # fmt: skip
    work(create(Path(queue.sweep.file), [0], {}, queue.folder / "one"), lambda *_: None)
    assert "exit code 2: " in str(items(opened(queue.folder / "one"))[0].error)


LOOP = """
code = {code!r}
print("working", flush=True)
command = lambda item: [sys.executable, "-c", code, str(item.folder)]
work(queue, lambda item, far: print(item.state, flush=True), command)
"""
SAVES = """
import pathlib, signal, sys, time
place, heard = pathlib.Path(sys.argv[1]), []
place.mkdir(parents=True, exist_ok=True)
signal.signal(signal.SIGINT, lambda *_: heard.append(1))
(place / "begun").touch()
ends = time.monotonic() + 30  # where a test fails, nobody stops it
while not heard and time.monotonic() < ends:
    time.sleep(0.01)
time.sleep(0.5)
(place / "saved").write_text(str(len(heard)))
sys.exit(130)
"""


def test_ctrl_c_lets_the_process_save_and_leaves_its_item_waiting(queue: Queue) -> None:
    """As a terminal sends it: to the worker's whole group."""
    first = items(queue)[0]
    with python(CLAIM + LOOP.format(code=SAVES), queue, start_new_session=True) as worker:
        until(first.folder / "begun")
        os.killpg(worker.pid, signal.SIGINT)
        out, _ = worker.communicate(timeout=20)
    assert worker.returncode == -signal.SIGINT and out.split() == ["working", "running", "waiting"]
    assert (first.folder / "saved").read_text() == "1"
    assert [item.state for item in items(queue)] == ["waiting"] * 4 and items(queue)[0].seconds > 0


def test_ctrl_c_for_the_third_time_waits_for_nobody(queue: Queue) -> None:
    first = items(queue)[0]
    deaf = SAVES.replace("heard.append(1)", "(place / str(time.time())).touch()")
    with python(CLAIM + LOOP.format(code=deaf), queue, start_new_session=True) as worker:
        until(first.folder / "begun")
        for heard in (1, 2, 3):
            os.killpg(worker.pid, signal.SIGINT)
            while heard < 3 and len(list(first.folder.iterdir())) < 1 + heard:
                time.sleep(0.01)
        worker.communicate(timeout=20)
    assert [item.state for item in items(queue)] == ["waiting"] * 4
    assert len(list(first.folder.iterdir())) == 3


def test_an_item_whose_process_outlives_its_worker_is_given_to_nobody(rung: Path, tmp_path: Path) -> None:
    queue = create(rung, [0], {}, tmp_path / "sweep")
    item = items(queue)[0]
    code = "import os, pathlib, sys; p = pathlib.Path(sys.argv[1]); p.mkdir(); (p / 'a').write_text(str(os.getpid()))\n"
    code += "os.rename(p / 'a', p / 'begun'); import time; time.sleep(60)"
    with python(CLAIM + LOOP.format(code=code), queue) as worker:
        until(item.folder / "begun")
        worker.kill()
    orphan = int((item.folder / "begun").read_text())
    try:
        assert claim(queue) is None and items(queue)[0].state == "running"
    finally:
        os.kill(orphan, signal.SIGKILL)
    ends = time.monotonic() + 10
    while (again := claim(queue)) is None and time.monotonic() < ends:
        time.sleep(0.01)
    assert again and again.id == item.id


def until(path: Path) -> None:
    ends = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < ends, f"{path} is not there"
        time.sleep(0.01)
