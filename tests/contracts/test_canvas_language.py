"""The canvas language: two lossless surfaces, read strictly, bounded."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.contract import load_contract
from rungwise.contracts.canvas.language import Fault, Reading, parse, price, write
from tests.contracts.canvases import canvases, gold_of, tasks

SMALL = (
    '{"name":"x","components":['
    '{"id":"in","type":"trigger","label":"In","behavior":{"mode":"passthrough"},"cost":{"monthlyUsd":4,"setupUsd":0}},'
    '{"id":"db","type":"storage","label":"Db","behavior":{"mode":"queue"},"cost":{"monthlyUsd":30,"setupUsd":9}}],'
    '"connections":[{"id":"c1","from":"in","to":"db"}]}'
)


def label(text: str, surface: str = "json") -> str | None:
    read = parse(text, surface)
    return read.label if isinstance(read, Fault) else None


@given(canvases())
@settings(max_examples=150, deadline=None)
def test_both_surfaces_are_lossless(canvas: object) -> None:
    for surface in ("json", "compact"):
        read = parse(write(canvas, surface), surface)  # type: ignore[arg-type]
        assert isinstance(read, Reading), read
        assert read.canvas == canvas and not read.notes
        assert write(read.canvas, surface) == write(canvas, surface)  # type: ignore[arg-type]


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused_and_never_raises(text: str) -> None:
    for surface in ("json", "compact"):
        assert isinstance(parse(text, surface), Fault | Reading)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_any_mutated_canvas_is_read_or_refused_and_never_raises(data: st.DataObject) -> None:
    surface = data.draw(st.sampled_from(["json", "compact"]))
    text = write(data.draw(canvases(4)), surface)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 5))
        text = (
            text[:at]
            + data.draw(st.sampled_from(["", '"', "{", "]", ",", "1e999", "null", "\u202e", "x ", "\n"]))
            + text[at + cut :]
        )
    read = parse(text, surface)
    if isinstance(read, Reading):
        assert parse(write(read.canvas, surface), surface) == Reading(read.canvas)


def test_the_published_form_needs_no_parameters() -> None:
    read = parse(SMALL)
    assert isinstance(read, Reading) and read.canvas.components[1].scale == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ((SMALL, ""), "unreadable"),
        (('"name":"x"', '"name":"x","name":"y"'), "unreadable"),
        (('"name":"x"', '"name":"x","\\u006eame":"y"'), "unreadable"),
        (('"monthlyUsd":4', '"monthlyUsd":NaN'), "unreadable"),
        (('"monthlyUsd":4', '"monthlyUsd":1e999'), "unreadable"),
        (('"monthlyUsd":4', '"monthlyUsd":1e308'), "schema"),
        (('"monthlyUsd":4', '"monthlyUsd":-1'), "schema"),
        (('"monthlyUsd":4', '"monthlyUsd":true'), "schema"),
        (('"monthlyUsd":4', '"monthlyUsd":"4"'), "schema"),
        (('"name":"x"', '"name":"x","x":1'), "schema"),
        (('"type":"storage"', '"type":"database"'), "schema"),
        (('"mode":"queue"', '"mode":"cache"'), "schema"),
        (('"mode":"queue"', '"mode":"queue","params":{"capacity":[1]}'), "schema"),
        (('"mode":"queue"', '"mode":"queue","params":{"capacity":true}'), "schema"),
        (('"label":"In",', ""), "schema"),
        (('"label":"In"', '"label":"I\\u202en"'), "schema"),
        (('"label":"In"', '"label":"I\\u0000n"'), "schema"),
        (('"id":"in"', '"id":"In"'), "schema"),
        (('"id":"in"', '"id":"in\\n"'), "schema"),
        (('"id":"db"', '"id":"in"'), "duplicate_id"),
        (('"to":"db"', '"to":"dc"'), "dangling"),
        (
            (
                '{"id":"c1","from":"in","to":"db"}',
                '{"id":"c1","from":"in","to":"db"},{"id":"c2","from":"in","to":"db"}',
            ),
            "schema",
        ),
    ],
)
def test_a_fault_gets_its_label(change: tuple[str, str], expected: str) -> None:
    assert SMALL.count(change[0]) == 1
    assert label(SMALL.replace(*change)) == expected


def test_a_canvas_that_is_too_large_is_refused_before_it_is_parsed() -> None:
    assert label(SMALL + " " * 70_000) == "unreadable"
    many = json.loads(SMALL)
    many["components"] = [{**many["components"][0], "id": f"c{i}"} for i in range(65)]
    assert label(json.dumps(many)) == "schema"


@pytest.mark.parametrize(
    ("mode", "params", "kept", "notes"),
    [
        ("queue", {"capacity": 1e308}, {"capacity": 400}, 1),
        ("queue", {"capacity": -5, "colour": 1}, {"capacity": 1}, 2),
        ("retry", {"maxRetries": 99, "backoff": 0}, {"maxRetries": 5, "backoff": 1}, 2),
        ("filter", {"strictness": 7}, {"strictness": 1}, 1),
        ("split", {"policy": "random"}, {"policy": "roundrobin"}, 1),
        ("condition", {"match": "hostile; import os"}, {"match": "clean"}, 1),
        ("queue", {"capacity": "400"}, {"capacity": 40}, 1),
        ("passthrough", {"capacity": 400}, {}, 1),
    ],
)
def test_parameters_are_clamped_or_dropped_with_a_note(
    mode: str, params: dict[str, object], kept: dict[str, object], notes: int
) -> None:
    raw = json.loads(SMALL)
    raw["components"][1]["behavior"] = {"mode": mode, "params": params}
    read = parse(json.dumps(raw))
    assert isinstance(read, Reading)
    assert read.canvas.components[1].behavior.params == kept and len(read.notes) == notes


def test_the_price_grows_with_what_is_bought() -> None:
    read = parse(SMALL)
    assert isinstance(read, Reading)
    store = read.canvas.components[1]
    raw = json.loads(SMALL)
    for capacity in (40, 100, 400):
        raw["components"][1]["behavior"] = {"mode": "queue", "params": {"capacity": capacity}}
        bigger = parse(json.dumps(raw))
        assert isinstance(bigger, Reading)
        assert price(bigger.canvas.components[1]) == 24 + 2 + capacity // 10
    assert price(store) == 24 + 2 + 4


@pytest.mark.parametrize("surface", ["json", "compact"])
def test_the_grammar_holds_every_gold_answer_and_only_what_can_be_read(surface: str) -> None:
    contract = load_contract("canvas", {"surface": surface})
    grammar = contract.grammar()
    assert grammar is not None
    pattern = re.compile(grammar.regex())
    for task in tasks("train", 40):
        text = write(gold_of(task), surface)
        assert pattern.fullmatch(text)
        assert not pattern.fullmatch(text + " ") and not pattern.fullmatch(text[1:])
        assert all(word in text for word in ("trigger", "storage"))
    assert len(set(grammar.reserved)) == len(grammar.reserved)
