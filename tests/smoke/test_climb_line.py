"""A climb as a user types it, on the scaffold's language: killed in its first rung, gone on with, promoting nothing."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("torch")

from tests.smoke.test_run import ENVIRONMENT, rungwise

START = """
question = "Does a model of a hundred thousand weights learn the form in forty steps?"
hypothesis = "It learns the form of the language, not its tasks."
target = "parsed"
expectations = ["parsed >= 5%"]
[contract]
name = "mazes/mazes/__init__.py:mazes"
[probe]
path = "probe"
[blueprint]
path = "plan.toml"
[model]
size = "0.1M"
workers = 2
[sft]
tasks = 200
heldout = 8
steps = 40
batch_tokens = 1500
lr = 5e-3
every = 10
"""
PLAN = """
version = 1
objective = "Ways of one, two and three lines."
keys = { surface = "limit", form = "limit" }
families = [{ name = "northeast", forms = ["3", "4"], counts = ["lines"] }]
surfaces = [{ name = "2", type = "anchor" }, { name = "3", type = "anchor" }, { name = "4", type = "anchor" }]
stages = [{ name = "only", mix = { 2 = 34, 3 = 33, 4 = 33 } }]
[contract]
name = "mazes/mazes/__init__.py:mazes"
"""
MANDATE = """
name = "up"
probe = "probe"
start = "start.toml"
goal = ["greedy >= 99%"]
[contract]
name = "mazes/mazes/__init__.py:mazes"
[budget]
rungs = 2
seconds_a_rung = 100
seconds_in_all = 300
[[interventions]]
mends = "undertrained"
axis = "budget"
why = "The loss still falls: the same rows for longer."
changes = [{ setting = "sft.steps", times = 1.5, most = 90 }]
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("climb")
    rungwise(place, "new", "mazes")
    rungwise(place, "freeze", "mazes/mazes/__init__.py:mazes", "--split", "test=24", "-k", 2, "-o", "probe")
    for name, text in (("start", START), ("plan", PLAN), ("policy", MANDATE)):
        (place / f"{name}.toml").write_text(text)
    return place


def kinds(home: Path) -> list[str]:
    import sqlite3

    with sqlite3.connect(home / "runs" / "ladder.db") as ladder:
        return [kind for (kind,) in ladder.execute("SELECT kind FROM entries ORDER BY number")]


def killed_once_it_trains(home: Path) -> None:
    command = [sys.executable, "-m", "rungwise.cli", "climb", "policy.toml"]
    steps = home / "runs/climb/up/01/seed-0/sft/checkpoints/000010"
    with subprocess.Popen(command, cwd=home, env=ENVIRONMENT, stdout=subprocess.DEVNULL) as process:
        until = time.monotonic() + 120
        while not steps.exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert steps.exists() and process.returncode == -signal.SIGKILL


def test_a_climb_that_is_killed_goes_on_and_promotes_nothing(home: Path) -> None:
    assert rungwise(home, "climb", "policy.toml", "--dry-run").stdout == "run: start.toml has not run yet\n"
    assert not (home / "runs").exists()
    killed_once_it_trains(home)
    assert kinds(home) == ["preregistered"]
    assert rungwise(home, "climb", "policy.toml", "--dry-run").stdout == "resume: rung 1 was begun\n"
    done = climbed(home)
    climb = home / "runs/climb/up"
    first, second = (json.loads((climb / f"{n}/seed-0/ruling.json").read_text()) for n in ("01", "02"))
    against = second["comparisons"]["baseline"]
    worse = against["value"] < 0 and against["p"] < 0.05  # so few steps may do that, and then a person is asked
    end, code = ("worse", 1) if worse else ("rungs_spent", 0)
    assert done.returncode == code, done.stderr
    assert kinds(home) == ["preregistered", "trained", "measured", "ruled"] * 2  # and no champion
    assert (first["verb"], first["signed"]) == ("promote", {"needed": True, "by": None})
    decisions = [json.loads(line) for line in (climb / "decisions.jsonl").read_text().splitlines()]
    assert [(one["rung"], one["status"]) for one in decisions] == [(1, "run"), (1, "resume"), (2, "run"), (None, end)]
    changed = json.loads((climb / "02/seed-0/changed.json").read_text())
    assert changed["changed"] == {"budget": ["sft.steps: 40 -> 60"]} and changed["baseline"] == "runs/climb/up/01.toml"
    handoff = (climb / "handoff.md").read_text()
    assert handoff.startswith(f"# Climb up: {end}\n") and "waits to be signed by a person" in handoff
    assert climbed(home).returncode == code
    assert kinds(home) == ["preregistered", "trained", "measured", "ruled"] * 2  # nothing is done twice


def climbed(home: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rungwise.cli", "climb", "policy.toml"]
    return subprocess.run(command, cwd=home, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)


def test_a_judge_that_has_changed_stops_the_climb(home: Path) -> None:
    judge = home / "mazes/mazes/judge.py"
    text = judge.read_text()
    judge.write_text(text.replace("NEAR_PAYS = 0.4", "NEAR_PAYS = 0.5"))
    done = rungwise(home, "climb", "policy.toml", "--out", "elsewhere", code=1)
    judge.write_text(text)
    assert "probe_changed: " in done.stdout and "the judge has changed since: judge.py" in done.stdout
    assert (home / "elsewhere/handoff.md").read_text().startswith("# Climb up: probe_changed\n")


def test_rows_that_are_not_the_blueprints_refuse_the_rung(home: Path) -> None:
    (home / "skewed.toml").write_text(PLAN.replace("2 = 34, 3 = 33", "2 = 50, 3 = 17"))
    (home / "other.toml").write_text(START.replace("plan.toml", "skewed.toml"))
    told = rungwise(home, "run", "other.toml", "--dry-run", code=1).stdout
    assert "FAILS blueprint: '2' is 33.5 of 100 rows; 'only' declares 50" in told
