"""Answers of a policy opened here, and answers that a file holds."""

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from rungwise.contract import Task  # noqa: E402
from rungwise.errors import InputError  # noqa: E402
from rungwise.policy.loading import mark  # noqa: E402
from rungwise.policy.policy import Decode  # noqa: E402
from rungwise.policy.writer import TOGETHER, FileWriter, LocalWriter, Written, open_local  # noqa: E402
from rungwise.train.finished import answers_of_run  # noqa: E402
from tests.unit.small import TOKENS, Letters, nano, task  # noqa: E402

GREEDY = Decode(temperature=0.0, max_new_tokens=12)
SAMPLED = Decode(temperature=1.0, max_new_tokens=12)
TASKS = [task("one"), task("two words"), task("three, at last")]


# ---- a policy opened here ----


@pytest.mark.parametrize("decode", [GREEDY, SAMPLED])
def test_it_writes_what_sampling_from_a_run_writes(decode: Decode) -> None:
    policy = nano()
    asked = [task(f"number {i}") for i in range(TOGETHER + 3)]
    found = list(LocalWriter(policy, Letters()).write(asked, 2, decode, 5))
    records = list(answers_of_run(policy, Letters(), asked, 2, decode, 5))
    assert [
        {"answer": one.text, "ended": one.ended, "tokens": one.tokens, "logprob": one.logprob}
        for group in found
        for one in group
    ] == [{key: record[key] for key in ("answer", "ended", "tokens", "logprob")} for record in records]
    assert len({one.text for group in found for one in group}) > 40 and all(len(group) == 2 for group in found)


def test_what_counts_as_the_answer_is_not_its_business() -> None:
    policy = nano()
    fenced = Decode(temperature=0.0, max_new_tokens=12, answer="fenced")
    assert list(LocalWriter(policy, Letters()).write(TASKS, 1, fenced, 0)) == list(
        LocalWriter(policy, Letters()).write(TASKS, 1, GREEDY, 0)
    )


def test_a_prompt_that_leaves_no_room_is_answered_by_nothing_and_takes_no_other_answer_with_it() -> None:
    policy = nano(context=40)
    long = task("y" * 38)
    asked = [TASKS[0], long, TASKS[1], long, TASKS[2]]
    found = list(LocalWriter(policy, Letters()).write(asked, 2, SAMPLED, 3))
    assert found[1] == found[3] == [Written(text="", ended="length", tokens=0, logprob=None)] * 2
    assert [found[i] for i in (0, 2, 4)] == list(LocalWriter(policy, Letters()).write(TASKS, 2, SAMPLED, 3))
    assert list(LocalWriter(policy, Letters()).write([long], 1, SAMPLED, 3)) == [found[1][:1]]


def test_a_limit_of_0_is_what_the_context_leaves() -> None:
    policy = nano(context=40)
    found = list(LocalWriter(policy, Letters()).write(TASKS, 8, Decode(max_new_tokens=0), 3))
    for asked, group in zip(TASKS, found, strict=True):
        room = 40 - len(TOKENS.prompt(asked.prompt))
        assert {one.tokens for one in group if one.ended == "length"} <= {room}
        assert all(one.tokens <= room for one in group)
    assert any(one.ended == "length" for group in found for one in group)


def test_a_grammar_that_is_asked_for_and_missing_is_told() -> None:
    with pytest.raises(InputError, match="grammar: letters has no grammar"):
        list(LocalWriter(nano(), Letters()).write(TASKS, 1, Decode(grammar=True), 0))


def test_a_saved_model_tells_the_hashes_of_its_weights_and_tokens(tmp_path: Path) -> None:
    policy, folder = nano(), tmp_path / "model"
    policy.save(folder)
    mark(folder, {"kind": "nano", "name": "first", "seed": 3, "stage": "rl", "chat": False, "contract": "letters"})
    made = open_local(folder, Letters(), precision="fp32")
    weights = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert made.describe() == {
        "kind": "local", "path": folder.as_posix(), "name": "first", "seed": 3, "stage": "rl", "chat": False,
        "weights": {"model.safetensors": weights}, "tokens": policy.tokens.hash,
    }  # fmt: skip
    json.dumps(made.describe())
    assert list(made.write(TASKS, 2, SAMPLED, 1)) == list(LocalWriter(policy, Letters()).write(TASKS, 2, SAMPLED, 1))
    with pytest.raises(InputError, match="expected a model's folder"):
        open_local(tmp_path, Letters())


# ---- a file of answers ----


def written(path: Path, records: Sequence[dict[str, Any] | str]) -> FileWriter:
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return FileWriter(path)


def texts(writer: FileWriter, k: int, decode: Decode, tasks: Sequence[Task] = TASKS) -> list[list[str]]:
    return [[one.text for one in group] for group in writer.write(tasks, k, decode, 0)]


def faults(writer: FileWriter, k: int, decode: Decode = SAMPLED, tasks: Sequence[Task] = TASKS) -> list[str]:
    with pytest.raises(InputError) as caught:
        list(writer.write(tasks, k, decode, 0))
    return str(caught.value).split("\n")


def test_without_columns_greedy_is_the_first_answer_and_samples_are_the_first_k(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    made = written(
        path, [{"task": one.id, "answer": f"{turn}{one.prompt[0]}"} for turn in "abc" for one in TASKS[::-1]]
    )
    assert texts(made, 1, GREEDY) == [["ao"], ["at"], ["at"]]
    assert texts(made, 2, SAMPLED) == [["ao", "bo"], ["at", "bt"], ["at", "bt"]]
    assert made.describe() == {
        "kind": "file", "path": path.as_posix(), "answers": 9, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }  # fmt: skip


def test_with_columns_each_has_its_own(tmp_path: Path) -> None:
    rows = [
        {"task": one.id, "column": column, "i": i, "answer": f"{column} {i}"}
        for one in TASKS
        for column, k in (("sample", 3), ("greedy", 1))
        for i in range(k)
    ]
    made = written(tmp_path / "a", rows)
    assert texts(made, 1, GREEDY) == [["greedy 0"]] * 3
    assert texts(made, 3, SAMPLED) == [["sample 0", "sample 1", "sample 2"]] * 3


def test_what_a_run_wrote_comes_back_whole(tmp_path: Path) -> None:
    policy = nano()
    records = list(answers_of_run(policy, Letters(), TASKS, 3, SAMPLED, 2))
    found = list(written(tmp_path / "a", records).write(TASKS, 3, SAMPLED, 0))
    assert found == list(LocalWriter(policy, Letters()).write(TASKS, 3, SAMPLED, 2))


@given(st.lists(st.text(max_size=30), min_size=3, max_size=3))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_text_survives_the_file(tmp_path: Path, answers: list[str]) -> None:
    rows = [{"task": one.id, "answer": answer} for one, answer in zip(TASKS, answers, strict=True)]
    assert texts(written(tmp_path / "a", rows), 1, GREEDY) == [[answer] for answer in answers]


def test_all_that_is_wrong_is_told_at_once_by_line(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    first, second, third = (one.id for one in TASKS)
    made = written(
        path,
        [
            {"task": first, "column": "sample", "i": 0, "answer": "a"},
            "{not json",
            {"task": first[:-1] + "?", "column": "sample", "answer": "a"},
            {"task": first, "column": "sample", "i": 0, "answer": "again"},
            {"task": second, "answer": "a"},
            {"task": second, "column": "best", "answer": "a"},
            "",
            {"task": second, "answer": 3},
            {"task": second, "column": "sample", "answer": "a", "ended": "eos"},
            {"task": second, "column": "sample", "answer": "a", "tokens": -1},
        ],
    )
    told = faults(made, 3)
    for line, expected in {
        2: "not a JSON record", 3: f"did you mean '{first}'", 4: "stands in line 1 already", 5: "no column",
        6: "'best'", 8: "Expected `str`, got `int`", 9: "'eos'", 10: ">= 0",
    }.items():  # fmt: skip
        assert any(fault.startswith(f"{path}:{line}: ") and expected in fault for fault in told), expected
    assert f"{path}: task {first} has 2 answers of column 'sample' (line 1, 4); 3 asked for" in told
    assert f"{path}: task {third} has 0 answers of column 'sample'; 3 asked for" in told
    assert len(told) == 11


def test_a_wrong_file_is_told_in_some_lines_and_not_in_all(tmp_path: Path) -> None:
    made = written(tmp_path / "a", [{"task": "z" * 5000, "answer": "a"}] * 5000)
    began = time.perf_counter()
    told = faults(made, 1, tasks=[task(f"{i}") for i in range(2000)])
    assert time.perf_counter() - began < 10.0
    assert len(told) == 21 and told[-1] == "(and more)"
    assert all(len(line) < 300 for line in told)


def test_nothing_is_told_of_answers_that_are_there_beyond_k(tmp_path: Path) -> None:
    made = written(tmp_path / "a", [{"task": one.id, "answer": str(i)} for one in TASKS for i in range(9)])
    assert texts(made, 4, SAMPLED) == [["0", "1", "2", "3"]] * 3


@pytest.mark.parametrize("content", [b"\xff\xfe{", b"[" * 200_000, b'{"task": "\xed\xa0\x80"}', b"null", b"\x00"])
def test_what_is_no_record_is_a_fault_of_its_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    assert faults(FileWriter(path), 1)[0].startswith(f"{path}:1: ")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read: No such file"):
        FileWriter(tmp_path / "none")
