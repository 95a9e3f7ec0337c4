"""`rungwise run` as a user types it: trained end to end, really killed, gone on with, forked, refused in one line."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from rungwise import cli

RUNG = """
[contract]
name = "mazes/mazes/__init__.py:mazes"
[model]
size = "0.1M"
workers = 2
[sft]
tasks = 48
heldout = 8
steps = 40
batch_tokens = 1500
every = 7
[rl]
tasks = 16
prompts = 4
k = 8
steps = 24
every = 5
loss = "reinforce"
curriculum = "levels"
kl_coef = 0.01
"""
STEPS = {"sft": 40, "rl": 24}
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
ONE_FILE_AT_MOST = 150_000  # bytes: settings and rows are less, weights are more
LIMITED = "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0})); "
LIMITED += "sys.argv = ['rungwise', *sys.argv[1:]]; runpy.run_module('rungwise.cli', run_name='__main__')"


def rungwise(home: Path, *arguments: object, code: int = 0, limit: int = 0) -> subprocess.CompletedProcess[str]:
    start = ["-c", LIMITED.format(limit)] if limit else ["-m", "rungwise.cli"]
    command = [sys.executable, *start, *map(str, arguments)]
    done = subprocess.run(command, cwd=home, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stderr or done.stdout
    assert "Traceback" not in done.stderr, done.stderr
    return done


def one_line(told: str) -> str:
    lines = told.strip().splitlines()
    assert lines[-1].startswith("rungwise: ") and sum(line.startswith("rungwise: ") for line in lines) == 1, told
    return lines[-1]


Refused = Callable[..., str]


@pytest.fixture
def refused(home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Refused:
    """The one line that `rungwise run first.toml` tells where it exits with 2; here, as it soon does."""

    def told(*arguments: str) -> str:
        monkeypatch.chdir(home)
        monkeypatch.setattr(sys, "argv", ["rungwise", "run", "first.toml", *arguments])
        with pytest.raises(SystemExit) as left:
            cli.main()
        assert left.value.code == 2
        return one_line(capfd.readouterr().err)

    return told


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the toy contract, its rung, and a run of both stages that nothing interrupted."""
    folder = tmp_path_factory.mktemp("run")
    rungwise(folder, "new", "mazes", "--in", folder)
    (folder / "first.toml").write_text(RUNG)
    rungwise(folder, "run", "first.toml", "--out", "whole")
    return folder


def records(stage: Path, name: str = "metrics") -> list[dict[str, Any]]:
    path = stage / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text().split("\n")[:-1]] if path.exists() else []


def trained(run: Path) -> dict[str, bytes]:
    """What must be the same to the byte."""
    names = ("metrics.jsonl", "model/model.safetensors", "model/tokenizer.json", "settings.json")
    return {f"{stage}/{name}": (run / stage / name).read_bytes() for stage in STEPS for name in names}


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def steps(stage: Path) -> list[int]:
    return sorted(int(place.name) for place in (stage / "checkpoints").iterdir() if place.name.isdigit())


# ---- end to end ----


def test_both_stages_are_run_and_leave_their_files(home: Path) -> None:
    for stage, count in STEPS.items():
        folder = home / "whole" / stage
        assert [record["step"] for record in records(folder)] == list(range(1, count + 1))
        assert [record["step"] for record in records(folder, "timing")] == list(range(1, count + 1))
        assert steps(folder) == [*range(0, count, 7 if stage == "sft" else 5), count]
        assert json.loads((folder / "model/config.json").read_text())["architectures"] == ["LlamaForCausalLM"]
        assert not list(folder.rglob(".*"))
    assert json.loads((home / "whole/check.json").read_text())["passed"]
    sft = records(home / "whole/sft")
    assert sft[-1]["loss"] < sft[0]["loss"] / 2 and sft[-1]["heldout_loss"] < sft[6]["heldout_loss"]
    assert {"reward", "kl_k3", "shapes", "zero_variance", "drift"} <= {
        key for r in records(home / "whole/rl") for key in r
    }


def test_another_seed_is_another_run(home: Path) -> None:
    (home / "other").mkdir()
    shutil.copy(home / "whole/check.json", home / "other")
    rungwise(home, "run", "first.toml", "--stage", "sft", "--seed", "1", "--set", "sft.steps=3", "--out", "other")
    other, whole = records(home / "other/sft"), records(home / "whole/sft")
    assert [r["loss"] for r in other[:2]] != [r["loss"] for r in whole[:2]]


def test_a_model_is_sampled_from_and_judged(home: Path) -> None:
    tasks = rungwise(home, "tasks", "mazes/mazes/__init__.py:mazes", "--split", "test", "-n", 3).stdout
    (home / "tasks.jsonl").write_text(tasks)
    ask = ("sample", "whole", "--tasks", "tasks.jsonl", "-k", 2, "--temperature", "1", "--max-new-tokens", 40)
    done = rungwise(home, *ask)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [a["task"] for a in answers] == [json.loads(line)["id"] for line in tasks.splitlines() for _ in range(2)]
    assert all(0 <= a["score"] <= 1 and a["tokens"] <= 40 and a["logprob"] < 0 for a in answers)
    assert re.search(r"raw: \d of 6 passed", done.stderr)


# ---- killed, interrupted, gone on with ----


def cut(home: Path, out: str, stage: str, after: int, how: int) -> tuple[int, str]:
    """Starts or goes on with a run and sends a signal once a step is written down; its exit code and what it told."""
    command = [sys.executable, "-m", "rungwise.cli", "run", "first.toml", "--out", out, "--resume"]
    with subprocess.Popen(command, cwd=home, env=ENVIRONMENT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as run:
        _wait(lambda: run.poll() is not None or _written(home / out / stage) >= after)
        run.send_signal(how)
        told = run.communicate(timeout=120)[1].decode()
    return run.returncode, told


def _written(stage: Path) -> int:
    path = stage / "metrics.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _wait(met: Callable[[], bool]) -> None:
    limit = time.monotonic() + 120
    while not met():
        assert time.monotonic() < limit
        time.sleep(0.002)


def test_a_run_that_is_stopped_again_and_again_comes_to_the_same_bytes(home: Path) -> None:
    """Ctrl-C first, then really killed, with what a kill can leave half written."""
    code, told = cut(home, "cut", "sft", 3, signal.SIGINT)
    assert code == 130 and "Traceback" not in told
    assert one_line(told) == "rungwise: interrupted; cut keeps what was done: go on with --resume"
    assert steps(home / "cut/sft")[-1] == len(records(home / "cut/sft")) >= 3
    for stage, after in (("sft", 17), ("rl", 2), ("rl", 13)):
        code, _ = cut(home, "cut", stage, after, signal.SIGKILL)
        assert code == -signal.SIGKILL and _written(home / "cut" / stage) < STEPS[stage]
        torn = home / "cut" / stage / "checkpoints/.000099-1"
        torn.mkdir(parents=True)
        (torn / "weights.safetensors").write_bytes(b"half")
        with (home / "cut" / stage / "metrics.jsonl").open("ab") as file:
            file.write(b'{"step":99,"lo')
    rungwise(home, "run", "first.toml", "--out", "cut", "--resume")
    assert trained(home / "cut") == trained(home / "whole")
    assert set(STEPS) == {path.name for path in (home / "cut").iterdir() if path.is_dir()}
    assert not list((home / "cut").rglob(".*"))


def test_a_full_disk_is_one_line_and_keeps_what_was_good(home: Path) -> None:
    shutil.copytree(home / "whole", home / "full")
    before = everything(home / "full")
    again = ("run", "first.toml", "--out", "full", "--resume")
    line = one_line(rungwise(home, *again, code=1, limit=ONE_FILE_AT_MOST).stderr)
    assert line.startswith("rungwise: full/sft/model: cannot write the model: ") and "File too large" in line
    assert everything(home / "full") == before
    for step in (35, 40):
        shutil.rmtree(home / f"full/sft/checkpoints/{step:06d}")
    line = one_line(rungwise(home, *again, code=1, limit=ONE_FILE_AT_MOST).stderr)
    assert line == (
        "rungwise: full/sft/checkpoints/000035: cannot write the checkpoint: File too large; "
        "the last good one is step 28"
    )
    after = everything(home / "full")
    assert {name: after[name] for name in after if "checkpoints" in name or "model" in name} == {
        name: before[name] for name in after if "checkpoints" in name or "model" in name
    }


# ---- begun with other settings ----


def test_a_fork_goes_on_with_other_settings_and_leaves_its_source(home: Path, refused: Refused) -> None:
    source = everything(home / "whole")
    fork = ("--stage", "rl", "--of", "whole", "--from")
    rungwise(home, "run", "first.toml", *fork, "15", "--set", "rl.lr=1e-3", "--set", "rl.steps=18")
    assert everything(home / "whole") == source
    forked, whole = (records(home / name / "rl") for name in ("whole-from-15", "whole"))
    assert forked[:15] == whole[:15] and forked[16] != whole[16] and len(forked) == 18
    assert forked[15]["score"] == whole[15]["score"] and forked[15]["lr"] == 1e-3  # the same weights wrote the answers
    assert "no checkpoint of step 16; there are: 0, 5, 10, 15, 20, 24" in refused(*fork, "16", "--out", "x")
    assert "whole-from-15/rl: is there already" in refused(*fork, "15")
    assert "--stage: no stage 'slt'; did you mean 'sft'?" in refused("--from", "7", "--stage", "slt")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            "--resume --set sft.lr=0.5",
            "was begun with other settings: sft.lr = 0.5, was 0.002; resume with those, or fork",
        ),
        ("--resume --seed 3", "was begun with other settings: seed = 3, was 0"),
        ("", "holds a run already; go on with --resume, or choose another --out"),
        ("--stage stf", "--stage: no stage 'stf'; did you mean 'sft'?"),
        ("--from 7", "--from: needs --stage"),
        ("--of whole", "--of: needs --from"),
        ("--set model.size=10m", "--set model.size: '10m'; did you mean '10M'?"),
        ("--set rl.loss=gropo", "--set rl.loss: 'gropo'; did you mean 'grpo'?"),
        ("--set sft.tiers.t4=1", "--set sft.tiers.t4: no tier 't4'; expected one of: t1, t2, t3"),
        ("--set sft.split=tran", "--set sft.split: no split 'tran'; did you mean 'train'?"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(refused: Refused, more: str, told: str) -> None:
    assert told in refused("--out", "whole", *more.split())


def test_what_shows_only_with_the_model_is_told_in_one_line_too(home: Path) -> None:
    (home / "new").mkdir()
    shutil.copy(home / "whole/check.json", home / "new")
    done = rungwise(home, "run", "first.toml", "--out", "new", "--set", "model.trainable=mpl only", code=2)
    assert "trainable: no phrase 'mpl only'; did you mean 'mlp only'?" in one_line(done.stderr)
