"""The whole line as a user types it, on the scaffold's language; and each way of cheating it, refused by name."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")

from tests.smoke.test_run import one_line, rungwise

RUNG = """
name = "{name}"
question = "Does a model of a hundred thousand weights learn anything in sixty steps?"
hypothesis = "It learns the form of the language, not its tasks."
expectations = ["parsed >= 5%", "greedy[t1] >= 90%", "greedy - nearest >= -100%"]
{asked}
[contract]
name = "mazes/mazes/__init__.py:mazes"
[probe]
path = "probe"
[model]
size = "0.1M"
workers = 2
"""
SFT = """
[sft]
tasks = 200
heldout = 8
steps = 60
batch_tokens = 1500
lr = 5e-3
every = 20
"""
RL = """
[rl]
start = "runs/base/seed-{seed}"
tasks = 16
prompts = 2
k = 4
steps = 4
every = 2
max_new_tokens = 16
"""
ASKED = 'axis = "reward"\nbaseline = "base.toml"'


@pytest.fixture(scope="session")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a language, a probe, and one rung that was walked to its report."""
    home = tmp_path_factory.mktemp("line")
    rungwise(home, "new", "mazes")
    rungwise(home, "freeze", "mazes/mazes/__init__.py:mazes", "--split", "test=24", "-k", 2, "-o", "probe")
    (home / "base.toml").write_text(RUNG.format(name="base", asked="") + SFT)
    (home / "paid.toml").write_text(RUNG.format(name="paid", asked=ASKED) + RL)
    done = rungwise(home, "run", "base.toml")
    (home / "told.txt").write_text(done.stdout)
    return home


@pytest.fixture
def home(walked: Path, tmp_path: Path) -> Path:
    place = tmp_path / "home"
    shutil.copytree(walked, place)
    return place


def refused(home: Path, *arguments: object, code: int = 1) -> str:
    return rungwise(home, *arguments, code=code).stderr


def edited(path: Path, change: Callable[[str], str]) -> None:
    text = path.read_text()
    assert change(text) != text
    path.write_text(change(text))


def test_a_rung_is_walked_to_its_report(walked: Path) -> None:
    run = walked / "runs" / "base" / "seed-0"
    verb, row, page = (walked / "told.txt").read_text().strip().splitlines()
    ruling = json.loads((run / "ruling.json").read_text())
    assert verb.startswith(ruling["verb"]) and row.startswith("| base | seed 0 |") and (walked / page).exists()
    assert [found["status"] for found in ruling["expectations"]][1] == "failed"
    gates = json.loads((run / "preflight.json").read_text())
    assert {"examination", "accounting", "disjoint", "parity", "trial"} <= {gate["name"] for gate in gates}
    assert all(gate["passed"] for gate in gates)
    first = json.loads((run / "sft" / "first-batch.json").read_text())
    assert all(len(row["answer_ids"][0]) == len(row["learned"][0]) for row in first)
    cost = json.loads((run / "cost.json").read_text())
    assert cost["flops"] > 6e9 and cost["wall_seconds"] > 0 and cost["trained_tokens"] > 60 * 1000
    assert "runs/base/seed-0" in next((walked / "runs").glob("handoff-mazes-*.md")).read_text()


def test_a_run_is_held_against_what_needs_no_skill(walked: Path, tmp_path: Path) -> None:
    run = walked / "runs" / "base" / "seed-0"
    ruling = json.loads((run / "ruling.json").read_text())
    assert ruling["shallow"]["nearest"]["n"] == 24 and ruling["expectations"][2]["n"] == 24
    against = [one["run"] for name, one in ruling["comparisons"].items() if name.endswith("prompt")]
    assert against == ["runs/base/seed-0/shallow/nearest"]
    assert "gold of the nearest training prompt" in (run / "report.html").read_text()
    rungwise(walked, "probe", "probe", "--shallow", "nearest", "--of", run, "-o", tmp_path / "near")
    told = rungwise(walked, "compare", tmp_path / "near", run / "shallow" / "nearest").stdout
    assert told.startswith("greedy: +0.000") and "0 tasks improved, 0 regressed" in told
    rungwise(walked, "probe", "probe", "--shallow", "frequent", "-o", tmp_path / "frequent")
    told = refused(walked, "probe", "probe", "--shallow", "echo", "--answers", "a", "-o", tmp_path / "no", code=2)
    assert "--shallow: stands beside --of alone" in one_line(told)


def test_the_rung_stood_on_the_ladder_before_it_was_trained(walked: Path) -> None:
    with sqlite3.connect(walked / "runs" / "ladder.db") as ladder:
        kinds = [kind for (kind,) in ladder.execute("SELECT kind FROM entries ORDER BY number")]
    assert kinds[:4] == ["preregistered", "trained", "measured", "ruled"]
    rungwise(walked, "ladder", "verify")
    assert "runs/base/seed-0  ruled" in rungwise(walked, "ladder").stdout


def test_walking_on_does_nothing_twice_and_another_rung_is_not_walked_here(home: Path) -> None:
    weights = home / "runs" / "base" / "seed-0" / "sft" / "model" / "model.safetensors"
    before = weights.stat().st_mtime_ns
    again = rungwise(home, "run", "base.toml", "--resume").stdout
    assert again.splitlines()[0] == (home / "told.txt").read_text().splitlines()[0]
    assert weights.stat().st_mtime_ns == before
    assert "holds a run already" in one_line(refused(home, "run", "base.toml", code=2))
    told = one_line(refused(home, "run", "base.toml", "--resume", "--set", "sft.lr=1e-3", code=2))
    assert "was begun with another sft" in told


def test_a_second_rung_is_held_against_the_first(home: Path) -> None:
    done = rungwise(home, "run", "paid.toml")
    ruling = json.loads((home / "runs" / "paid" / "seed-0" / "ruling.json").read_text())
    assert ruling["comparisons"]["baseline"]["run"] == "runs/base/seed-0"
    assert "against the baseline" in done.stdout
    told = rungwise(home, "compare", "runs/paid/seed-0", "runs/base/seed-0", "--metric", "score").stdout
    assert told.startswith("score: ")


def test_a_baseline_that_was_not_measured_is_asked_for(home: Path) -> None:
    told = refused(home, "run", "paid.toml", "--seed", 5, "--set", 'rl.start="runs/base/seed-0"')
    assert "baseline: base.toml has no result on this probe with seed 5; run it first" in told


def test_two_axes_at_once_are_refused(home: Path) -> None:
    edited(home / "paid.toml", lambda text: text.replace('size = "0.1M"', 'size = "1M"'))
    told = refused(home, "run", "paid.toml")
    assert "one axis: " in told and "model: model.size: '0.1M' -> '1M' too" in told


def test_a_forged_result_is_refused(home: Path) -> None:
    edited(home / "runs/base/seed-0/probe/result.json", lambda text: text.replace('"seconds"', '"second"'))
    assert "is not the result that the ladder has recorded" in one_line(refused(home, "run", "paid.toml"))


def test_an_edited_probe_is_refused(home: Path) -> None:
    edited(home / "probe" / "tasks.jsonl", lambda text: text.replace("lines.", "lines!", 1))
    assert "tasks.jsonl was edited" in refused(home, "run", "paid.toml")


def test_a_changed_judge_is_refused(home: Path) -> None:
    edited(home / "mazes/mazes/judge.py", lambda text: text.replace("NEAR_PAYS = 0.4", "NEAR_PAYS = 0.5"))
    assert "the judge has changed since: judge.py" in refused(home, "run", "paid.toml")


def test_a_leaked_task_is_refused(home: Path) -> None:
    """A row to learn from that stands in the probe."""
    task = json.loads((home / "probe" / "tasks.jsonl").read_text().splitlines()[0])
    gold = json.loads((home / "probe" / "gold.jsonl").read_text().splitlines()[0])["answer"]
    (home / "rows.jsonl").write_text(json.dumps({"task": task, "answer": gold}) + "\n")
    source = '[[sft.mixture]]\nsource = "rows.jsonl"\n'
    (home / "leak.toml").write_text(RUNG.format(name="leak", asked="") + SFT + source)
    told = refused(home, "run", "leak.toml")
    assert "disjoint: 1 training tasks are in the probe probe by id" in told


def test_a_flipped_byte_in_what_a_run_begins_with_is_refused(home: Path) -> None:
    weights = home / "runs/base/seed-0/sft/model/model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert "start: " in (told := refused(home, "run", "paid.toml")) and "its bytes have changed" in told
    assert "artifact" in rungwise(home, "ladder", "verify", code=1).stdout


def test_a_result_that_was_never_measured_is_not_believed(home: Path) -> None:
    """Gold measured as answers, put where a run's own result stands."""
    rungwise(home, "probe", "probe", "--answers", "runs/base/seed-0/probe/answers.jsonl", "-o", "else")
    told = refused(home, "probe", "probe", "--answers", "else/answers.jsonl", "-o", "runs/base/seed-0/probe", code=2)
    assert "is in a run's folder" in one_line(told)
    edited(home / "base.toml", lambda text: text.replace('"base"', '"other"').replace("steps = 60", "steps = 4"))
    shutil.copytree(home / "else", home / "runs" / "other" / "seed-0" / "probe")
    measured = json.loads((home / "else" / "result.json").read_text())
    rungwise(home, "run", "base.toml")
    own = json.loads((home / "runs/other/seed-0/probe/result.json").read_text())
    assert own["policy"]["kind"] == "local" and own["policy"] != measured["policy"]


def test_a_model_that_was_trained_before_is_not_taken_for_the_rung_s_own(home: Path) -> None:
    rungwise(home, "run", "base.toml", "--stage", "sft", "--set", "sft.steps=3", "--out", "early")
    told = one_line(refused(home, "run", "base.toml", "--out", "early", code=2))
    assert "has trained sft before it stood on" in told


def test_a_rejected_run_is_not_signed_into_champion(home: Path) -> None:
    ruling = home / "runs/base/seed-0/ruling.json"
    edited(ruling, lambda text: text.replace('"verb": "reject"', '"verb": "promote"').replace(
        '"verb": "repair"', '"verb": "promote"').replace('"needed": false', '"needed": true'))  # fmt: skip
    assert "waits for nobody's name" in refused(home, "rule", "runs/base/seed-0", "--by", "Mallory", code=2)
    assert "is not the ruling that the ladder has" in refused(home, "run", "base.toml", "--resume")
    assert "ruling.json is not what was recorded" in rungwise(home, "ladder", "verify", code=1).stdout


def test_what_was_asked_cannot_change_after_training(home: Path) -> None:
    (home / "runs/base/seed-0/settings.json").unlink()
    edited(home / "base.toml", lambda text: text.replace("It learns the form", "It learns nothing but the form"))
    told = refused(home, "run", "base.toml", "--resume", code=2)
    assert "hypothesis changed since it was preregistered" in told


def test_a_start_that_learned_from_the_probe_is_refused(home: Path) -> None:
    rows = zip(
        *((home / "probe" / f"{name}.jsonl").read_text().splitlines() for name in ("tasks", "gold")), strict=True
    )
    learned = [{"task": json.loads(task), "answer": json.loads(gold)["answer"]} for task, gold in rows]
    (home / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in learned))
    source = '[[sft.mixture]]\nsource = "rows.jsonl"\n'
    (home / "cheat.toml").write_text(
        RUNG.split("[probe]")[0].split("question")[0].format(name="cheat")
        + "".join(
            ['[contract]\nname = "mazes/mazes/__init__.py:mazes"\n[model]\nsize = "0.1M"\nworkers = 2\n', SFT, source]
        )
    )
    rungwise(home, "run", "cheat.toml", "--set", "sft.steps=3")
    (home / "from.toml").write_text(RUNG.format(name="from", asked="") + RL.replace("runs/base", "runs/cheat"))
    told = refused(home, "run", "from.toml")
    assert "disjoint: 24 tasks of the probe were learned from by runs/cheat/seed-{seed} (id)" in told


def test_a_condition_that_cannot_be_counted_is_told_before_it_costs_a_run(home: Path) -> None:
    edited(home / "base.toml", lambda text: text.replace("parsed >= 5%", "prased >= 5%"))
    told = rungwise(home, "run", "base.toml", "--out", "other", "--dry-run", code=1).stdout
    assert "conditions: no metric 'prased'; did you mean 'parsed'?" in told
    told = rungwise(
        home, "run", "base.toml", "--out", "other", "--dry-run", "--set", 'gates=["greedy[t9] > 0"]', code=1
    )
    assert "no slice 't9'" in told.stdout or "no metric" in told.stdout


def test_other_rows_are_drawn_where_other_rows_are_asked_for(home: Path) -> None:
    """What a dry run has drawn is not taken for what a later rung asks for."""
    rungwise(home, "run", "base.toml", "--out", "other", "--dry-run")
    rungwise(
        home, "run", "base.toml", "--stage", "sft", "--out", "other", "--set", "sft.tasks=30", "--set", "sft.steps=2"
    )
    assert len((home / "other" / "sft" / "corpus.jsonl").read_text().splitlines()) == 30


def test_an_edited_ladder_is_refused(home: Path) -> None:
    with sqlite3.connect(home / "runs" / "ladder.db") as ladder:
        ladder.execute("DROP TRIGGER never_changed")
        ladder.execute("UPDATE entries SET body = replace(body, 'reject', 'promote')")
    assert "FAULT" in rungwise(home, "ladder", "verify", code=1).stdout


def test_all_gates_that_fail_are_told_at_once_and_nothing_is_trained(home: Path) -> None:
    twice = '[[sft.mixture]]\nsource = "gold"\n[[sft.mixture]]\nsource = "gold"\nname = "repair"\nweight = 9\n'
    edited(home / "base.toml", lambda text: text + twice)
    told = rungwise(home, "run", "base.toml", "--out", "other", "--dry-run", "--set", "model.context=16", code=1).stdout
    failing = [line for line in told.splitlines() if line.startswith("FAILS")]
    assert any("shares: repair rows 90%" in line for line in failing), told
    assert any("context" in line for line in failing)
    assert not (home / "other" / "sft" / "model").exists()


def test_a_promotion_can_wait_for_a_person(home: Path) -> None:
    text = RUNG.format(name="signed", asked='signed = true\ntarget = "parsed"') + SFT
    (home / "signed.toml").write_text(text)
    rungwise(home, "run", "signed.toml", "--ladder", "other/ladder.db")
    told = rungwise(home, "rule", "runs/signed/seed-0", "--ladder", "other/ladder.db").stdout
    assert told.startswith("promote, waits for a person's name")
    assert "[champion]" not in rungwise(home, "ladder", "--ladder", "other/ladder.db").stdout
    told = rungwise(home, "rule", "runs/signed/seed-0", "--by", "Ada", "--ladder", "other/ladder.db").stdout
    assert "signed by Ada" in told and "[champion]" in rungwise(home, "ladder", "--ladder", "other/ladder.db").stdout


def test_a_promotion_that_was_overtaken_while_it_waited_is_ruled_on_again(home: Path) -> None:
    ladder = ("--ladder", "other/ladder.db")
    for name, asked in (("signed", "signed = true\n"), ("rival", "")):
        (home / f"{name}.toml").write_text(RUNG.format(name=name, asked=f'{asked}target = "parsed"') + SFT)
        rungwise(home, "run", f"{name}.toml", *ladder)
    told = refused(home, "rule", "runs/signed/seed-0", "--by", "Ada", *ladder, code=2)
    assert "was ruled on against no champion, and runs/rival/seed-0 stands now" in told
    told = rungwise(home, "run", "signed.toml", "--resume", *ladder).stderr
    assert "another run became champion meanwhile" in told
    again = json.loads((home / "runs/signed/seed-0/ruling.json").read_text())
    assert again["comparisons"]["champion"]["run"] == "runs/rival/seed-0" and again["verb"] != "promote"


def test_what_trains_reads_nothing_of_a_probe_but_its_hashes(home: Path) -> None:
    """With tasks and gold gone, the stage that trains does not miss them, and still refuses to learn from them."""
    task, gold = (
        json.loads((home / "probe" / f"{name}.jsonl").read_text().splitlines()[0]) for name in ("tasks", "gold")
    )
    (home / "rows.jsonl").write_text(json.dumps({"task": task, "answer": gold["answer"]}) + "\n")
    edited(home / "base.toml", lambda text: text.replace("steps = 60", "steps = 3"))
    for name in ("tasks.jsonl", "gold.jsonl", "probe.json"):
        (home / "probe" / name).unlink()
    rungwise(home, "run", "base.toml", "--stage", "sft", "--out", "apart")
    assert (home / "apart" / "sft" / "model" / "config.json").exists()
    edited(home / "base.toml", lambda text: text + '[[sft.mixture]]\nsource = "rows.jsonl"\n')
    told = refused(home, "run", "base.toml", "--stage", "sft", "--out", "leaking", code=2)
    assert "1 training tasks are in the probe probe by id" in told


def test_the_line_in_miniature_leaves_the_ladder_alone(home: Path) -> None:
    entries = rungwise(home, "ladder", "verify").stdout
    rungwise(home, "run", "paid.toml", "--smoke")
    assert rungwise(home, "ladder", "verify").stdout == entries
    assert (home / "runs/paid/seed-0/smoke/report.html").exists()


def test_a_sweep_is_gone_on_with_and_told_over_its_seeds(home: Path) -> None:
    edited(home / "base.toml", lambda text: text.replace("steps = 60", "steps = 6").replace('"base"', '"swept"'))
    sweep = ("sweep", "base.toml", "--seeds", 2, "--over", "sft.lr=1e-3,5e-3", "--out", "swept")
    told = rungwise(home, *sweep).stdout
    assert "| sft.lr=1e-3 | 2 |" in told and "| sft.lr=5e-3 | 2 |" in told and "over 2 seeds" in told
    assert rungwise(home, *sweep).stdout == told


def test_an_exported_model_is_the_model_in_plain_transformers(home: Path) -> None:
    transformers = pytest.importorskip("transformers")
    rungwise(home, "export", "runs/base/seed-0", "-o", "exported")
    tokens = transformers.AutoTokenizer.from_pretrained(home / "exported")
    model = transformers.AutoModelForCausalLM.from_pretrained(home / "exported")
    task = json.loads((home / "probe" / "tasks.jsonl").read_text().splitlines()[0])
    asked = tokens.apply_chat_template(
        [{"role": "user", "content": task["prompt"]}], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    said = model.generate(**asked, max_new_tokens=12)[0, asked["input_ids"].shape[1] :]
    own = json.loads((home / "runs/base/seed-0/probe/answers.jsonl").read_text().splitlines()[0])
    assert own["task"] == task["id"] and own["column"] == "greedy"
    text = tokens.decode(said, skip_special_tokens=True)
    assert own["answer"].startswith(text[:8]) or text.startswith(own["answer"][:8])
