"""What needs no skill is measured like any other policy, knows no more than a run's training tasks, and can be named in
a condition."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rungwise.contract import Task, load_contract
from rungwise.errors import InputError
from rungwise.ladder import ruling as rulings
from rungwise.ladder.countable import require_countable
from rungwise.ladder.gates import found, parsed
from rungwise.ladder.rung import read
from rungwise.ladder.shallow import kept, known_by, measured, strongest
from rungwise.policy.policy import Decode, answer_of
from rungwise.probe.diagnosis import symptoms
from rungwise.probe.failures import diagnose
from rungwise.probe.freeze import freeze, open_probe
from rungwise.probe.measure import Result, measure
from rungwise.probe.measure import read as read_result
from rungwise.probe.result import estimate
from rungwise.probe.shallow import SHALLOW, ShallowWriter, shallow
from rungwise.report.run_page import run_page
from rungwise.train import corpus
from tests.unit.reported import put, section, walked
from tests.unit.small import task
from tests.unit.toy import contract_of, toy, toy_probe

PROMPTS = st.lists(st.text("ab cd,", max_size=12), min_size=1, max_size=8)


def asked(prompts: Sequence[str]) -> list[tuple[Task, str]]:
    """Training tasks whose golds say which they are."""
    return [(task(prompt), f"gold {at}") for at, prompt in enumerate(prompts)]


@given(PROMPTS, st.text("ab cd,", max_size=12))
def test_the_nearest_prompt_shares_most_words(prompts: list[str], prompt: str) -> None:
    def overlap(other: str) -> float:
        one, two = (set(re.findall(r"\w+", text)) for text in (prompt, other))
        return len(one & two) / max(1, len(one | two))

    answer = shallow(asked(prompts))["nearest"](task(prompt))
    assert answer == f"gold {max(range(len(prompts)), key=lambda at: overlap(prompts[at]))}"


def test_each_policy_writes_what_its_name_says() -> None:
    known = [(task("walk to the door"), "up 1"), (task("walk home"), "left 12"), (task("run home"), "left 12")]
    told = {name: answer(task("walk to the window")) for name, answer in shallow(known).items()}
    assert told == {
        "nearest": "up 1", "frequent": "left 12", "smallest": "up 1", "echo": "walk to the window", "empty": ""
    }  # fmt: skip
    nothing = {name: answer(task("walk")) for name, answer in shallow([]).items()}
    assert nothing == {name: "walk" if name == "echo" else "" for name in SHALLOW}


@pytest.mark.parametrize("how", ["all", "fenced", "after:ANSWER:"])
def test_an_answer_stands_where_answers_are_looked_for(how: str, tmp_path: Path) -> None:
    contract = load_contract(toy(tmp_path))
    writer, decode = ShallowWriter("frequent", contract, asked(["a prompt"])), Decode(answer=how)
    (group,) = writer.write([task("another")], 3, decode, seed=0)
    assert [answer_of(one.text, how) for one in group] == ["gold 0"] * 3
    already = replace(writer, known=[(task("a prompt"), group[0].text)])
    assert next(already.write([task("another")], 1, decode, seed=0))[0].text == group[0].text


def test_an_unknown_name_is_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'nearest'"):
        ShallowWriter("neerest", load_contract(toy(tmp_path)), [])


OWN = (
    "    def grammar(self)",
    """    @property
    def shallow(self):
        return {"first_word": lambda task: task.prompt.split()[0]}

    def grammar(self)""",
)


def test_a_contract_has_shallow_policies_of_its_own(tmp_path: Path) -> None:
    probe = freeze(tmp_path / "probe", toy(tmp_path, {"__init__.py": OWN}), {}, {"test": 4}, k=2, workers=1)
    (told, *_) = ShallowWriter("first_word", probe.contract, []).write(probe.tasks, 2, Decode(), seed=0)
    assert [one.text for one in told] == [probe.tasks[0].prompt.split()[0]] * 2
    require_countable(["greedy - first_word >= 0.1", "greedy - nearest > 0"], probe.contract, probe.tasks, 2)
    with pytest.raises(InputError, match=r"nothing is called 'last_word'.*first_word"):
        require_countable(["greedy - last_word >= 0.1"], probe.contract, probe.tasks, 2)


def test_a_slice_of_slices_is_there_where_a_task_is_in_all_of_them(tmp_path: Path) -> None:
    probe = freeze(tmp_path / "probe", toy(tmp_path), {}, {"test": 4, "dev": 4}, k=2, workers=1)
    tier = probe.tasks[0].tier
    require_countable(
        [f"greedy[split=test,tier={tier}] >= 0.1", f"greedy[{tier}, unseen] > 0"], probe.contract, probe.tasks, 2
    )
    for wrong, told in (
        ("split=test,split=dev", "no task of the probe is in all of"),
        ("test,tier=no", "no slice 'tier=no'"),
    ):
        with pytest.raises(InputError, match=told):
            require_countable([f"greedy[{wrong}] >= 0.1"], probe.contract, probe.tasks, 2)


# ---- of a run ----


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has learned from twenty golds, two of which answer tasks of the probe as well."""
    home = tmp_path_factory.mktemp("shallow")
    made = walked(home)
    probe = open_probe(home / "probe")
    contract = contract_of(probe)
    rows = [corpus.Row(task=one, answer=contract.gold(one) or "") for one in contract.tasks("train", 20, 0)]
    rows += [corpus.Row(task=replace(one, split="train"), answer=probe.golds[one.id]) for one in probe.tasks[:2]]
    corpus.save(made / "sft" / "corpus.jsonl", rows)
    return made


@pytest.fixture(scope="module")
def unskilled(run: Path) -> dict[str, Result]:
    return measured(run, open_probe(run.parents[2] / "probe"), lambda _: None)


def test_a_memoriser_knows_the_run_s_own_rows_and_passes_what_it_has_seen(
    run: Path, unskilled: dict[str, Result]
) -> None:
    probe = open_probe(run.parents[2] / "probe")
    assert len(known_by(run, probe.contract)) == 22
    passed = {row.task for row in unskilled["nearest"].rows if row.greedy.passed}
    assert {one.id for one in probe.tasks[:2]} <= passed and len(passed) < len(probe.tasks)
    assert not any(row.greedy.passed for name in ("echo", "empty") for row in unskilled[name].rows)
    assert strongest(unskilled, "greedy") == "nearest"
    assert read_result(run / "shallow" / "nearest").rows == kept(run, "nearest")["nearest"].rows


def test_a_run_that_goes_on_knows_what_was_known_before(run: Path, tmp_path: Path) -> None:
    contract = open_probe(run.parents[2] / "probe").contract
    own = msgspec.json.decode((run / "settings.json").read_bytes())["contract"]
    put(tmp_path, "settings.json", {"seed": 0, "contract": own, "rl": {"start": str(run.parent / "seed-{seed}")}})
    assert len(known_by(tmp_path, contract)) == 22
    put(tmp_path, "settings.json", {"seed": 0, "contract": {"name": "other"}, "rl": {"start": str(run)}})
    assert known_by(tmp_path, contract) == []


def test_rows_of_a_file_are_known_too(run: Path, tmp_path: Path) -> None:
    contract = open_probe(run.parents[2] / "probe").contract
    sources = [{"source": "gold"}, {"source": str(run / "sft" / "corpus.jsonl")}, {"source": "gone.jsonl"}]
    put(tmp_path, "settings.json", {"sft": {"mixture": sources}, "rl": None})
    assert len(known_by(tmp_path, contract)) == 22


@pytest.mark.parametrize(
    ("text", "status"),
    [("greedy - nearest <= -90%", "failed"), ("greedy - empty >= 10%", "held"), ("pass@1 - echo > 10%", "held")],
)
def test_a_condition_can_name_it(run: Path, unskilled: dict[str, Result], text: str, status: str) -> None:
    ours = read_result(run / "probe")
    seen = found(parsed(text), ours, unskilled)
    assert seen.status == status, str(seen)
    other = estimate(unskilled[parsed(text).against or ""].rows, parsed(text).metric).value
    assert seen.value == pytest.approx(estimate(ours.rows, parsed(text).metric).value - other)


def test_the_ruling_and_its_page_say_what_can_be_had_without_skill(run: Path, unskilled: dict[str, Result]) -> None:
    ours, folders = read_result(run / "probe"), {SHALLOW[name]: str(one.folder) for name, one in unskilled.items()}
    known = diagnose(ours.rows), symptoms(ours.rows)
    ruling = rulings.rule(read(run / "rung.toml"), ours, {"baseline": ours}, *known, unskilled)
    assert "nearest" not in ruling.headline
    record = rulings.record(ruling, *known, {"baseline": str(run), **folders})
    assert set(record["comparisons"]) == {"baseline", "gold of the nearest training prompt"}
    assert record["comparisons"]["gold of the nearest training prompt"]["parts"]
    put(run, "ruling.json", {**record, "signed": {"needed": False, "by": None}})
    told = section(run_page(run), "probe")
    assert "greedy without skill" in told and "greedy against the gold of the nearest training prompt" in told
    assert all(says in told for says in SHALLOW.values())


def test_it_is_measured_as_any_policy_is(tmp_path: Path) -> None:
    probe = toy_probe(tmp_path, n=12)
    golds = [(one, probe.golds[one.id]) for one in probe.tasks]
    whole = measure(probe, ShallowWriter("nearest", probe.contract, golds))
    assert {name: estimate(whole.rows, name).value for name in ("greedy", "pass@1", "oracle")} == {
        "greedy": 1.0, "pass@1": 1.0, "oracle": 1.0
    }  # fmt: skip
    assert whole.policy["kind"] == "shallow" and whole.policy["name"] == "nearest" and whole.policy["tasks"] == 12
