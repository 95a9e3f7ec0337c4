"""Errors, seeds, workers: what everything else stands on."""

import gc
import pickle
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rungwise.errors import InputError, JudgeUnavailable, WorkerError, nearest
from rungwise.seeds import derive, stream
from rungwise.workers import Item, run


def double(payload: int) -> int:
    if payload == 13:
        raise ValueError("unlucky")
    if payload == 14:
        raise JudgeUnavailable("no sandbox")
    if payload == 15:
        raise InputError("not a number", file="a.jsonl", line=3)
    return 2 * payload


DOUBLE = f"{__name__}:double"


def items(*payloads: int) -> list[Item]:
    return [Item(id=f"item-{payload}", payload=payload) for payload in payloads]


def test_an_input_error_is_one_line_that_says_where() -> None:
    assert (
        str(InputError("no tier 'dp9'", file="rung.toml", line=4, field="rl.tier"))
        == "rung.toml:4: rl.tier: no tier 'dp9'"
    )
    assert str(InputError("empty")) == "empty"


def test_the_nearest_valid_name_is_offered() -> None:
    assert nearest("canvs", ["canvas", "scene"]) == "did you mean 'canvas'?"
    assert nearest("zzz", ["canvas", "scene"]) == "expected one of: canvas, scene"


def test_a_seed_depends_on_every_part_and_on_nothing_else() -> None:
    assert derive(1, "tasks", "train", 2) == derive(1, "tasks", "train", 2)
    seeds = {derive(1, "tasks", "train", 2), derive(2, "tasks", "train", 2), derive(1, "gold", "train", 2),
             derive(1, "tasks", "train", 3), derive(1, "tasks", "train2")}  # fmt: skip
    assert len(seeds) == 5
    assert stream(0, "a").random() == stream(0, "a").random()


def test_a_seed_is_the_same_under_another_hash_seed() -> None:
    code = "from rungwise.seeds import derive; print(derive(7, 'purpose', 'key', 1))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True
        ).stdout
        for seed in ("0", "1")
    }
    assert outputs == {f"{derive(7, 'purpose', 'key', 1)}\n"}


@pytest.mark.parametrize("on", ["inline", "processes"])
def test_results_come_in_the_order_of_the_items(on: str) -> None:
    payloads = [5, 3, 9, 1, 100, 7]
    results = list(run(DOUBLE, items(*payloads), on=on, workers=2, chunk=2))
    assert pickle.dumps(results) == pickle.dumps([2 * payload for payload in payloads])


@pytest.mark.parametrize("on", ["inline", "processes"])
def test_a_failure_names_its_item_wherever_it_happened(on: str) -> None:
    results = run(DOUBLE, items(1, 13, 2), on=on)
    assert next(results) == 2
    with pytest.raises(WorkerError, match=r"item item-13: ValueError: unlucky") as caught:
        next(results)
    assert caught.value.item_id == "item-13"
    assert pickle.loads(pickle.dumps(caught.value)).item_id == "item-13"


@pytest.mark.parametrize("on", ["inline", "processes"])
def test_a_judge_that_cannot_run_and_a_user_fault_keep_their_kind(on: str) -> None:
    with pytest.raises(JudgeUnavailable, match="item-14: no sandbox"):
        list(run(DOUBLE, items(14), on=on))
    with pytest.raises(InputError, match=r"item-15: a.jsonl:3: not a number"):
        list(run(DOUBLE, items(15), on=on))


def test_a_worker_that_dies_is_the_machine_s_fault_and_no_score() -> None:
    with pytest.raises(JudgeUnavailable, match="a worker died"):
        list(run("os:_exit", items(3), on="processes"))


def test_an_unknown_place_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="no place 'inlin' to run on; did you mean 'inline'"):
        run_all = run(DOUBLE, items(1), on="inlin")
        list(run_all)


def touched(payload: tuple[str, int]) -> int:
    folder, number = payload
    time.sleep(0.02)
    (Path(folder) / str(number)).touch()
    return number


def test_who_takes_no_more_results_has_no_more_made(tmp_path: Path) -> None:
    asked = [Item(id=str(i), payload=(str(tmp_path), i)) for i in range(400)]
    results = run("tests.unit.test_floor:touched", asked, on="processes", workers=2, chunk=1)
    next(results)
    del results
    gc.collect()
    time.sleep(1.0)  # what was begun may end
    made = len(list(tmp_path.iterdir()))
    time.sleep(1.0)
    assert len(list(tmp_path.iterdir())) == made < 100
