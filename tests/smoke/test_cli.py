"""The real command line, end to end, as a user types it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def rungwise(*arguments: object, cwd: Path | None = None, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rungwise.cli", *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stderr or done.stdout
    assert "Traceback" not in done.stderr, done.stderr
    return done


def lines(path: Path, records: Sequence[object]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A file of tasks and one of their gold answers."""
    folder = tmp_path_factory.mktemp("canvas")
    tasks, answers = folder / "tasks.jsonl", folder / "answers.jsonl"
    tasks.write_text(rungwise("tasks", "canvas", "--split", "test", "-n", 6).stdout)
    answers.write_text(rungwise("gold", "canvas", "--tasks", tasks).stdout)
    return tasks, answers


def read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_help_lists_every_verb_with_an_example() -> None:
    told = rungwise("--help").stdout
    for verb in ("new", "contracts", "check", "tasks", "gold", "judge", "show", "serve"):
        assert verb in told
        assert "Example: rungwise" in rungwise(verb, "--help").stdout


def test_help_and_the_core_load_no_heavy_library() -> None:
    code = "import sys, rungwise, rungwise.cli, rungwise.check; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for heavy in ("torch", "transformers", "numba", "scipy", "fastapi", "ray"):
        assert f"'{heavy}'" not in loaded


def test_tasks_gold_judge_and_show_make_a_line(files: tuple[Path, Path], tmp_path: Path) -> None:
    tasks, answers = files
    done = rungwise("judge", "canvas", "--tasks", tasks, "--answers", answers, "--repaired")
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [v["task"] for v in verdicts] == [t["id"] for t in read(tasks)]
    assert all(v["passed"] and v["score"] >= 0.9 and v["repaired"]["edits"] == [] for v in verdicts)
    assert "raw: 6 of 6 passed" in done.stderr and "repaired: 6 of 6" in done.stderr and "interval is" in done.stderr
    page = tmp_path / "deep" / "page.html"
    rungwise("show", "canvas", "--task", tasks, "--answer", answers, "-o", page)
    assert page.read_text().count("<article") == 6


def test_judging_in_processes_gives_the_same_bytes(files: tuple[Path, Path]) -> None:
    tasks, answers = files
    inline, processes = (
        rungwise("judge", "canvas", "--tasks", tasks, "--answers", answers, "--on", on).stdout
        for on in ("inline", "processes")
    )
    assert inline == processes


def test_the_same_tasks_are_written_twice_and_public_ones_have_no_facts() -> None:
    first, second = (rungwise("tasks", "canvas", "-n", 2, "--seed", 5).stdout for _ in range(2))
    assert first == second
    for line in rungwise("tasks", "canvas", "-n", 2, "--public").stdout.splitlines():
        assert "facts" not in json.loads(line) and "certificate" not in line
        assert json.loads(line)["public"]["constraints"]["maxComponents"] > 0


def test_a_tier_can_be_asked_for() -> None:
    told = rungwise("tasks", "canvas", "--split", "dev", "--tier", "dp1", "-n", 2).stdout
    assert [json.loads(line)["tier"] for line in told.splitlines()] == ["dp1", "dp1"]


@pytest.mark.parametrize(("of", "file"), [("rung", "five"), ("mandate", "policy"), ("blueprint", "blueprint")])
def test_a_schema_knows_every_key_of_the_files_that_are_kept(of: str, file: str) -> None:
    schema = json.loads(rungwise("schema", of).stdout)
    kept = tomllib.loads((ROOT / f"rungs/scene/{file}.toml").read_text())
    assert set(kept) <= set(schema["properties"])
    assert set(schema.get("required", [])) <= set(kept)


def test_contracts_lists_what_is_installed() -> None:
    row = json.loads(rungwise("contracts", "--json").stdout.splitlines()[0])
    assert row["name"] == "canvas" and row["splits"][0] == "train" and row["settings"] == {"surface": "json"}


def test_a_new_contract_passes_its_examination_untouched(tmp_path: Path) -> None:
    rungwise("new", "recipes", "--in", tmp_path)
    done = rungwise("check", "recipes/recipes/__init__.py:recipes", "--json", "-n", 12, cwd=tmp_path)
    record = json.loads(done.stdout)
    assert record["passed"] and all(finding["passed"] for finding in record["findings"])
    assert "recipes" in rungwise("check", "recipes/recipes/__init__.py:recipes", "-n", 12, cwd=tmp_path).stdout


def test_canvas_passes_its_examination() -> None:
    record = json.loads(rungwise("check", "canvas", "--json", "-n", 24, "--set", "surface=compact").stdout)
    assert record["passed"] and record["contract"] == "canvas@1[surface=compact]"
    names = {finding["name"] for finding in record["findings"]}
    expected = (
        "tasks gold round_trip grammar sabotage hostile leak splits tiers baselines repair picture speed bounded pure"
    )
    assert names == set(expected.split())


def test_what_the_demo_shows_is_judged_as_it_was() -> None:
    """The committed demo answers, one of each fate: a judge that drifts shows here."""
    demo = ROOT / "demo"
    done = rungwise(
        "judge", "canvas", "--tasks", demo / "tasks.jsonl", "--answers", demo / "answers.jsonl", "--repaired"
    )
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(v["failure"], v["repaired"]["failure"]) for v in verdicts] == [
        (None, None), ("unreadable", None), ("overload", "overload"), ("leak", "leak"),
        ("missing_required", "missing_required"), (None, None),
    ]  # fmt: skip
    scores = [0.0 if v["failure"] == "unreadable" else round(v["score"], 6) for v in verdicts]
    assert scores == json.loads((demo / "scores.json").read_text())


# ---- bad input: one clear line, exit code 2 ----


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["tasks", "canvs"], "no contract 'canvs'; did you mean 'canvas'?"),
        (["tasks", "canvas", "--split", "tets"], "--split: no split 'tets'; did you mean 'test'?"),
        (["tasks", "canvas", "--tier", "dp9"], "--tier: no tier 'dp9'"),
        (["tasks", "canvas", "--set", "surface=yaml"], "surface: no surface 'yaml'"),
        (["tasks", "canvas", "--set", "surface"], "--set: 'surface'; expected KEY=VALUE"),
        (["schema", "mandates"], "no file 'mandates'; did you mean 'mandate'?"),
        (["check", "nowhere/mine.py:make"], "nowhere/mine.py: no such file"),
        (["new", "2fast"], "'2fast' is no package name"),
        (["judge", "canvas", "--tasks", "none.jsonl", "--answers", "none.jsonl"], "none.jsonl: cannot read"),
    ],
)
def test_bad_input_gets_one_clear_line(arguments: list[str], told: str, tmp_path: Path) -> None:
    done = rungwise(*arguments, cwd=tmp_path, code=2)
    assert told in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_an_unknown_option_or_verb_is_a_usage_error() -> None:
    assert "No such option" in rungwise("tasks", "canvas", "--sedd", 1, code=2).stderr
    assert "No such command" in rungwise("judgee", code=2).stderr


def test_lines_that_do_not_parse_are_named_by_number(files: tuple[Path, Path], tmp_path: Path) -> None:
    tasks, answers = files
    broken = tmp_path / "tasks.jsonl"
    rows = tasks.read_text().splitlines()
    for bad, told in (
        ("{oops", "tasks.jsonl:2: not a JSON record"),
        ('{"id": "x"}', "tasks.jsonl:2: Object missing required field"),
        (rows[0], "tasks.jsonl:2: task "),
    ):
        broken.write_text("\n".join([rows[0], bad, *rows[2:]]))
        assert told in rungwise("judge", "canvas", "--tasks", broken, "--answers", answers, code=2).stderr
    public = json.loads(rows[1])
    del public["facts"]
    broken.write_text("\n".join([rows[0], json.dumps(public)]))
    assert (
        "was it written with --public?"
        in rungwise("judge", "canvas", "--tasks", broken, "--answers", answers, code=2).stderr
    )


def test_unknown_missing_and_duplicate_answers_are_all_named(files: tuple[Path, Path], tmp_path: Path) -> None:
    tasks, answers = files
    rows = read(answers)
    wrong = lines(tmp_path / "a.jsonl", [rows[0], rows[0], {"task": "nope", "answer": ""}, *rows[2:]])
    told = rungwise("judge", "canvas", "--tasks", tasks, "--answers", wrong, code=2).stderr
    assert f"a.jsonl:2: task {rows[0]['task']} has its answer already in line 1" in told
    assert "a.jsonl:3: no task 'nope'" in told
    assert f"tasks.jsonl:2: task {rows[1]['task']} has no answer" in told


def test_a_failed_examination_exits_with_1(tmp_path: Path) -> None:
    rungwise("new", "recipes", "--in", tmp_path)
    judge = tmp_path / "recipes" / "recipes" / "judge.py"
    text = judge.read_text()
    judge.write_text(text.replace("passed=failure is None", "passed=True", 1))
    assert judge.read_text() != text
    done = rungwise("check", tmp_path / "recipes/recipes/__init__.py:recipes", "--json", "-n", 12, code=1)
    assert not json.loads(done.stdout)["passed"]


def test_a_reader_that_stops_early_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m rungwise.cli tasks canvas -n 30 2>{tmp_path}/err | head -1 | cut -c1-6"
    assert subprocess.run(command, shell=True, capture_output=True, text=True).stdout == '{"id":\n'
    assert (tmp_path / "err").read_text() == ""


# ---- the server ----


def test_serve_answers_and_stops_when_told_to(files: tuple[Path, Path]) -> None:
    tasks, answers = files
    command = [sys.executable, "-m", "rungwise.cli", "serve", "canvas", "--port", "0", "-n", "2", "--split", "dev"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    try:
        assert server.stdout is not None
        url = next(found[0] for line in server.stdout if (found := re.search(r"http://[\d.:]+", line)))
        problem = json.load(urllib.request.urlopen(f"{url}/api/bench/problems"))["problems"][0]
        whole = json.load(urllib.request.urlopen(f"{url}/api/bench/problems?id={problem['id']}"))["problem"]
        assert whole["prompt"] and whole["constraints"]["maxComponents"] and whole["scenarios"][0]["label"]
        items = [{"task": t, "answer": a["answer"]} for t, a in zip(read(tasks), read(answers), strict=True)]
        verdicts = post(f"{url}/score", {"items": items})["verdicts"]
        assert len(verdicts) == 6 and all(v["passed"] for v in verdicts)
        gold = json.loads(str(read(answers)[0]["answer"]))
        body = {"problemId": problem["id"], "submitter": "me", "canvas": gold, "website": ""}
        told = post(f"{url}/api/bench/submit", body)
        assert set(told["subscores"]) == {"stability", "delivery", "cost", "constraints", "design"}
        assert isinstance(told["compositeScore"], int)
        packet = post(f"{url}/api/bench/feedback", {"problemId": problem["id"], "canvas": gold, "website": ""})
        assert set(packet) == {"v1Passed", "failingScenarios", "failingChecks", "observations"}
        begun = time.monotonic()
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) == 0 and time.monotonic() - begun < 10
    finally:
        server.kill()


def post(url: str, body: object) -> dict[str, object]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    answer: dict[str, object] = json.load(urllib.request.urlopen(request))
    return answer
