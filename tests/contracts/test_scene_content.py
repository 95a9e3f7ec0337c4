"""Content is read against the family's table: every fault is named by its path, and plain text is welcome."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rungwise.contracts.scene.compiler import Drawing, compile_scene
from rungwise.contracts.scene.content import MOST_FAULTS, check_content, number_of
from rungwise.contracts.scene.families import FAMILIES
from rungwise.contracts.scene.language import parse
from rungwise.contracts.scene.tree import Fault, Scene
from tests.contracts.scenes import any_content

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


def scene(text: str) -> Scene:
    found = parse(text)
    assert isinstance(found, Scene), found
    return found


PAIR = scene("""[scene][layout:timeline]
[header_band][/header_band]
[timeline_stage][id:a][ref:stages.1][/timeline_stage]
[timeline_stage][id:b][ref:stages.2][/timeline_stage]
[/scene]""")


def content(**changes: Any) -> dict[str, Any]:
    return {"header": {"headline": "One"}, "stages": [{"title": "First"}, {"title": "Second"}], **changes}


def told(faults: tuple[Fault, ...]) -> list[tuple[str, str]]:
    return [(fault.code, fault.found.partition(":")[0]) for fault in faults]


@pytest.mark.parametrize("layout", FAMILIES)
def test_content_made_for_a_family_has_no_faults(layout: str) -> None:
    assert [check_content(layout, any_content(layout, seed)) for seed in range(5)] == [()] * 5


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"header": "One"}, "E_CONTENT_SHAPE", "header"),
        ({"header": {}}, "E_CONTENT_SHAPE", "header.headline"),
        ({"header": {"headline": 7}}, "E_CONTENT_SHAPE", "header.headline"),
        ({"stages": "a"}, "E_CONTENT_SHAPE", "stages"),
        ({"stages": [["a"]]}, "E_CONTENT_SHAPE", "stages.1"),
        ({"stages": {"Big": {"title": "a"}}}, "E_CONTENT_SHAPE", "stages.Big"),
        ({"stages": [{"title": "a", "lines": "b"}]}, "E_CONTENT_SHAPE", "stages.1.lines"),
        ({"stages": [{"title": "a", "lines": ["b", 3]}]}, "E_CONTENT_SHAPE", "stages.1.lines.2"),
        ({"colour": "#fff"}, "E_CONTENT_SURPLUS", "colour"),
        ({"stages": [{"title": "a", "x": 3}]}, "E_CONTENT_SURPLUS", "stages.1.x"),
        ({"stages": [{"title": "a" * 65}]}, "E_CONTENT_SIZE", "stages.1.title"),
        ({"stages": [{"title": "a"}] * 100}, "E_CONTENT_SIZE", "stages"),
        ({"stages": [{"title": "a", "lines": []}]}, "E_CONTENT_SIZE", "stages.1.lines"),
        ({"stages": [{"title": "a", "lines": ["b"] * 7}]}, "E_CONTENT_SIZE", "stages.1.lines"),
        ({"stages": [{"title": ""}]}, "E_CONTENT_TEXT", "stages.1.title"),
        ({"stages": [{"title": " \u00a0 "}]}, "E_CONTENT_TEXT", "stages.1.title"),
        ({"stages": [{"title": "a\0b"}]}, "E_CONTENT_TEXT", "stages.1.title"),
        ({"stages": [{"title": "a\nb"}]}, "E_CONTENT_TEXT", "stages.1.title"),
        ({"stages": [{"title": "a\ud800"}]}, "E_CONTENT_TEXT", "stages.1.title"),
        ({"stages": [{"title": "\u202eab"}]}, "E_CONTENT_TEXT", "stages.1.title"),
        ({"stages": {"k": {"title": "<b>bold</b>"}}}, "E_CONTENT_MARKUP", "stages.k.title"),
        ({"stages": [{"title": "x <script src=1"}]}, "E_CONTENT_MARKUP", "stages.1.title"),
        ({"stages": [{"title": "a &lt; b"}]}, "E_CONTENT_MARKUP", "stages.1.title"),
        ({"stages": [{"title": "<!-- a"}]}, "E_CONTENT_MARKUP", "stages.1.title"),
    ],
)
def test_each_fault_has_its_code_and_its_path(changes: dict[str, Any], code: str, path: str) -> None:
    faults = check_content("timeline", content(**changes))
    assert told(faults) == [(code, path)]
    assert compile_scene(PAIR, content(**changes)) == faults


def test_all_faults_are_listed_at_once_in_the_order_of_the_file() -> None:
    bad = {"stages": [{"title": ""}, {}, {"title": "a", "badge": "b" * 30}], "header": {"headline": "<i>x"}, "z": 1}
    assert told(check_content("timeline", bad)) == [
        ("E_CONTENT_TEXT", "stages.1.title"), ("E_CONTENT_SHAPE", "stages.2.title"),
        ("E_CONTENT_SIZE", "stages.3.badge"),
        ("E_CONTENT_MARKUP", "header.headline"), ("E_CONTENT_SURPLUS", "z"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["a < b", "R&D", 'say "so"', "it's", "1 <2 & 3> 2", "&c. or &;", "100 % 日本 ✓ 🚀", "a\u00a0b"]
)
def test_plain_text_is_drawn_as_it_is(text: str) -> None:
    drawing = compile_scene(PAIR, content(header={"headline": text}))
    assert isinstance(drawing, Drawing)
    import xml.etree.ElementTree as ElementTree

    shown = [element.text for element in ElementTree.fromstring(drawing.svg).iter() if element.tag.endswith("text")]
    assert " ".join(text.split()) in shown


@given(st.sampled_from([*FAMILIES]), JSON)
def test_no_content_of_any_kind_makes_the_reader_fail(layout: str, found: Any) -> None:
    faults = check_content(layout, found)
    assert all(fault.code.startswith("E_CONTENT_") for fault in faults)
    assert faults or isinstance(found, dict)


@given(JSON, st.sampled_from([*FAMILIES]))
def test_no_value_in_any_place_makes_the_reader_fail(found: Any, layout: str) -> None:
    for part in FAMILIES[layout].parts:
        if part.content and part.item:
            for name in (*part.item.must, *part.item.may):
                check_content(layout, {part.content: {name: found}})
                check_content(layout, {part.content: [{name: found}]})


def test_a_hostile_file_gives_a_readable_number_of_faults() -> None:
    assert len(check_content("timeline", {f"k{number}": 1 for number in range(9999)})) == MOST_FAULTS


@pytest.mark.parametrize(("value", "number"), [(3, 3.0), (2.5, 2.5), ("12", 12.0), ("-4.5", -4.5), ("1e3", 1000.0)])
def test_numbers_are_numbers_or_their_digits(value: Any, number: float) -> None:
    assert number_of(value) == number
    assert check_content("poster_stack", {"bars": [{"label": "a", "value": value}]}) == ()


@pytest.mark.parametrize(
    "value", [True, None, "12 ms", "1_0", "", float("nan"), float("inf"), "nan", "٣", 10**20, [3], "1e999"]
)
def test_what_is_no_number_is_refused(value: Any) -> None:
    faults = check_content("poster_stack", {"bars": [{"label": "a", "value": value}]})
    assert [fault.found.partition(":")[0] for fault in faults] == ["bars.1.value"]


@pytest.mark.parametrize(
    ("stages", "path"),
    [([{"title": "a"}], "stages.2"), ({"b": {"title": "a"}}, "stages.1"), ([], "stages.1")],
)
def test_a_ref_that_content_does_not_have_is_named(stages: Any, path: str) -> None:
    faults = compile_scene(PAIR, content(stages=stages))
    assert isinstance(faults, tuple)
    assert {fault.code for fault in faults} == {"E_REF_MISSING"}
    assert path in faults[0].found


def test_a_part_that_stands_once_must_be_in_the_content() -> None:
    faults = compile_scene(PAIR, {"stages": [{"title": "a"}, {"title": "b"}]})
    assert isinstance(faults, tuple)
    assert [(fault.code, fault.line, fault.found) for fault in faults] == [
        ("E_REF_MISSING", 2, "header of [header_band]")
    ]


def test_items_may_be_told_by_number_or_by_key_and_more_may_be_there() -> None:
    keyed = scene("""[scene][layout:timeline]
[header_band][/header_band]
[timeline_stage][id:a][ref:stages.first][/timeline_stage]
[timeline_stage][id:b][ref:stages.second][/timeline_stage]
[/scene]""")
    items = {"first": {"title": "First"}, "second": {"title": "Second"}, "third": {"title": "Third"}}
    one, other = compile_scene(PAIR, content(footer={"text": "x"})), compile_scene(keyed, content(stages=items))
    assert isinstance(one, Drawing) and isinstance(other, Drawing)
    assert [(box.x, box.y, box.w, box.h) for box in one.boxes] == [(box.x, box.y, box.w, box.h) for box in other.boxes]
