"""A valid scene becomes a sound picture or a coded fault; the picture says what the scene says, and only that moves
it."""

import itertools
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.contracts.scene.compiler import Drawing, _audited, compile_scene
from rungwise.contracts.scene.decompile import scene_of_svg
from rungwise.contracts.scene.families import ATTRIBUTES, ENUMS, FAMILIES, TONES_OF
from rungwise.contracts.scene.fitting import SCALES
from rungwise.contracts.scene.language import parse, scene_of, write
from rungwise.contracts.scene.layouts import LAYOUTS
from rungwise.contracts.scene.palette import THEMES, TINT, mix
from rungwise.contracts.scene.sheet import Box, sheet_of
from rungwise.contracts.scene.tree import Component, Fault, Scene
from tests.contracts.scenes import any_content, any_scene, any_style
from tests.contracts.svg_checker import SVG, extent, faults_of, groups

FAMILY = st.sampled_from([*LAYOUTS])
SEED = st.integers(0, 10**6)


def drawn(scene: Scene, content: dict[str, Any]) -> Drawing:
    found = compile_scene(scene, content)
    assert isinstance(found, Drawing), [str(fault) for fault in found]
    return found


def pair(layout: str, size: int, seed: int) -> tuple[Scene, dict[str, Any]]:
    rng = random.Random(seed)
    scene = any_scene(layout, size, seed, **any_style(layout, rng))
    return scene, any_content(layout, seed, long=rng.random() * 0.8)


# ---- sound ----


@settings(max_examples=150, deadline=None)
@given(FAMILY, st.integers(2, 40), SEED)
def test_every_valid_scene_is_a_sound_picture_or_does_not_fit(layout: str, size: int, seed: int) -> None:
    scene, content = pair(layout, size, seed)
    found = compile_scene(scene, content)
    if isinstance(found, tuple):
        assert [fault.code for fault in found] == ["E_OVERFLOW"]
        assert size > 12, str(found[0])
        return
    assert faults_of(found.svg) == []
    assert scene_of_svg(found.svg) == scene
    assert [*overlaps(found)] == []
    assert [*outside_of_its_box(found)] == []
    assert [*missing(scene, content, found.svg)] == []


@settings(max_examples=60, deadline=None)
@given(FAMILY, SEED, st.lists(st.text(max_size=24), min_size=1, max_size=4))
def test_text_of_any_script_is_drawn_or_refused(layout: str, seed: int, texts: list[str]) -> None:
    scene, content = pair(layout, 6, seed)
    said = itertools.cycle(texts)
    strange = {name: told_anew(value, said) for name, value in content.items()}
    found = compile_scene(scene, strange)
    if isinstance(found, Drawing):
        assert faults_of(found.svg) == []
        assert [*outside_of_its_box(found)] == []
    else:
        assert all(fault.code in ("E_OVERFLOW", *CONTENT_CODES) for fault in found)


CONTENT_CODES = ("E_CONTENT_TEXT", "E_CONTENT_SIZE", "E_CONTENT_MARKUP", "E_CONTENT_SHAPE")


def told_anew(value: Any, said: Iterator[str]) -> Any:
    """The same content in other words."""
    if isinstance(value, dict):
        return {name: one if name in ("state", "value") else told_anew(one, said) for name, one in value.items()}
    if isinstance(value, list):
        return [told_anew(one, said) for one in value]
    return next(said) if isinstance(value, str) else value


def overlaps(drawing: Drawing) -> Iterator[str]:
    """Every solid box against every other: slow and plain, unlike the compiler's own look."""
    solid = [box for box in drawing.boxes if box.solid]
    for a, b in itertools.combinations(solid, 2):
        if min(a.x + a.w, b.x + b.w) - max(a.x, b.x) > 0.5 and min(a.y + a.h, b.y + b.h) - max(a.y, b.y) > 0.5:
            yield f"{a.component} over {b.component}"


def outside_of_its_box(drawing: Drawing) -> Iterator[str]:
    for number, group in enumerate(groups(drawing.svg)):
        boxes = [box for box in drawing.boxes if box.component == number]
        for text in group.iter(f"{SVG}text"):
            left, top, right, bottom = extent(text)
            if not any(
                left >= box.x - 1 and right <= box.x + box.w + 1 and top >= box.y - 14 and bottom <= box.y + box.h + 2
                for box in boxes
            ):
                yield f"{text.text!r} of {group.get('data-component')}"


def missing(scene: Scene, content: dict[str, Any], svg: str) -> Iterator[str]:
    """Words of the content that its component's group does not show."""
    for one, group in zip(scene.components, groups(svg), strict=True):
        path = one.fields.get("ref") or scene.family.part[one.tag].content
        if path is None or ("ref" in scene.family.part[one.tag].fields and "ref" not in one.fields):
            continue
        name, _, key = path.partition(".")
        item = content[name][int(key) - 1] if key else content[name]
        shown = " ".join(text.text or "" for text in group.iter(f"{SVG}text")).split()
        for value in item.values():
            if isinstance(value, str) and one.tag not in ("comparison_metric",):
                yield from (f"{word} of {path}" for word in value.split() if word not in shown)


def test_the_look_over_finds_what_overlaps_and_what_is_off_the_canvas() -> None:
    scene, content = any_scene("timeline", 3, 1), any_content("timeline", 1)
    sheet = sheet_of(scene, [{}] * len(scene.components), content)
    a, b = Box(1, 100, 100, 200, 80, []), Box(2, 299, 150, 50, 50, [])
    assert _audited(sheet, [a, replace(b, x=301)]) is None
    assert _audited(sheet, [a, replace(b, solid=False)]) is None
    for wrong in ([a, b], [b, a], [replace(a, x=-2)], [replace(a, y=760)], [replace(a, x=float("nan"))]):
        fault = _audited(sheet, wrong)
        assert fault is not None and fault.code == "E_GEOMETRY"


def test_too_much_text_is_named_by_component_and_path() -> None:
    scene = any_scene("timeline", 12, 3)
    content = any_content("timeline", 3)
    content["stages"][0]["title"] = "W" * 64
    assert isinstance(found := compile_scene(scene, content), tuple)
    assert [(fault.code, fault.found) for fault in found] == [("E_OVERFLOW", "stages.1.title of [timeline_stage]")]


def test_text_is_set_smaller_only_where_it_must() -> None:
    scene = any_scene("timeline", 16, 3, density="compact")
    scales = []
    for lines in range(7):
        content = any_content("timeline", 3)
        for stage in content["stages"]:
            stage["lines"] = ["So many words that a card is filled with them soon"] * max(1, lines)
        scales.append(found.scale if isinstance(found := compile_scene(scene, content), Drawing) else 0)
    assert scales[0] == 1
    assert scales == sorted(scales, reverse=True)
    assert len(set(scales)) > 2 and set(scales) <= {*SCALES, 0}


# ---- the same everywhere ----


def test_another_process_hash_seed_and_locale_give_the_same_bytes() -> None:
    root = Path(__file__).parents[2]
    program = (
        "import sys, hashlib; from tests.contracts.test_scene_compiler import pair, LAYOUTS, compile_scene\n"
        "for layout in LAYOUTS:\n"
        "    print(hashlib.sha256(compile_scene(*pair(layout, 8, 5)).svg.encode()).hexdigest())"
    )
    seen = set()
    for seed, locale in (("0", "C"), ("77", "de_DE.UTF-8")):
        env = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "PYTHONPATH": str(root)}
        done = subprocess.run(
            [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True, cwd=root
        )
        seen.add(done.stdout)
    assert len(seen) == 1
    assert len(seen.pop().split()) == len(LAYOUTS)


@settings(max_examples=40, deadline=None)
@given(FAMILY, st.integers(2, 16), SEED)
def test_names_move_nothing(layout: str, size: int, seed: int) -> None:
    scene, content = pair(layout, size, seed)
    names = {one.fields["id"]: f"z{9 - at % 9}x{at}" for at, one in enumerate(scene.components) if "id" in one.fields}
    renamed = tuple(
        Component(
            one.tag,
            {
                name: names.get(value, value) if name in ("id", "from", "to") else value
                for name, value in one.fields.items()
            },
        )
        for one in scene.components
    )
    a, b = compile_scene(scene, content), compile_scene(scene_of(layout, scene.attributes, renamed), content)
    assert isinstance(a, Drawing) == isinstance(b, Drawing)
    if isinstance(a, Drawing) and isinstance(b, Drawing):
        assert bare(a.svg) == bare(b.svg)


def bare(svg: str) -> str:
    """The picture without names: of components, and those that stand on its own hash."""
    return re.sub(r' data-(id|from|to|ref)="[^"]*"|s[0-9a-f]{12}', "", svg)


def test_two_pictures_on_a_page_share_no_name() -> None:
    svgs = [drawn(*pair("timeline", 5, seed)).svg for seed in range(4)]
    names = [re.findall(r' id="([^"]+)"', svg) for svg in svgs]
    assert len({name for one in names for name in one}) == sum(map(len, names))


# ---- everything that is written shows ----


SELDOM = {"annotation", "table_header", "table_row", "badge_pill"}  # parts that a rich scene may lack


def rich(layout: str) -> tuple[Scene, dict[str, Any]]:
    """A scene in which every attribute has something to work on: nearly all parts, several cards, labelled edges."""
    family = FAMILIES[layout]
    for seed in range(400):
        scene = any_scene(layout, 14 if layout == "poster_stack" else 9, seed)
        tags = [one.tag for one in scene.components]
        edges = [one for one in scene.components if "from" in one.fields]
        several = "columns" not in family.special or tags.count("section_card") > 2
        labelled = not edges or any("ref" in one.fields for one in edges)
        if several and labelled and {part.tag for part in family.parts} <= {*tags, *SELDOM}:
            return scene, any_content(layout, seed, long=0.2)
    raise AssertionError(layout)


def styled(scene: Scene, **attributes: str) -> Scene:
    return scene_of(scene.layout, {**scene.attributes, **attributes}, scene.components)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_value_of_every_attribute_shows(layout: str) -> None:
    scene, content = rich(layout)
    for name in FAMILIES[layout].attributes:
        values = TONES_OF["infra_dark"] if name == "tone" else ATTRIBUTES[name]
        pictures = [bare(drawn(styled(scene, **{name: value}), content).svg) for value in values]
        pictures = [re.sub(rf' data-{name}="[a-z_0-9]*"', "", picture) for picture in pictures]
        distinct = {"columns": 2}.get(name, len(values))  # a grid of few cards has fewer than 4 columns
        assert len(set(pictures)) >= distinct, name


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_value_of_every_field_shows(layout: str) -> None:
    scene, content = rich(layout)
    for part in FAMILIES[layout].parts:
        at = next((at for at, one in enumerate(scene.components) if one.tag == part.tag), None)
        for name in part.fields if at is not None else ():
            if name not in ENUMS or name == "side":
                continue
            pictures = []
            for value in ENUMS[name]:
                parts = list(scene.components)
                parts[at] = Component(part.tag, {**parts[at].fields, name: value})
                svg = bare(drawn(scene_of(layout, scene.attributes, tuple(parts)), content).svg)
                pictures.append(svg.replace(f' data-{name}="{value}"', ""))
            shared = 1 if name == "accent" else 0  # the tone is blue, and so may the accent be
            assert len(set(pictures)) >= len(ENUMS[name]) - shared, (part.tag, name)


@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read_on_every_ground_it_stands_on(theme: str) -> None:
    role = THEMES[theme]
    hues = [role.hues[name] for name in role.hues]
    grounds = [role.ground, role.deep, role.panel, role.card, role.well]
    tints = [mix(ground, hue, TINT) for ground in (role.card, role.ground) for hue in hues]
    pairs = [(text, ground) for text in (role.ink, role.soft, *hues) for ground in grounds]
    pairs += [(text, ground) for text in (role.ink, role.soft) for ground in tints]
    pairs += [(hue, mix(ground, hue, TINT)) for hue in hues for ground in (role.card, role.ground)]
    pairs += [(role.on, hue) for hue in hues]
    assert [(text, ground) for text, ground in pairs if contrast(text, ground) < 4.5] == []


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# ---- back from the picture ----


@pytest.mark.parametrize(
    "svg",
    ["", "<svg", "text", "<svg/>", '<svg xmlns="http://www.w3.org/2000/svg" data-layout="timeline"/>',
     '<!DOCTYPE svg [<!ENTITY a "b">]><svg data-layout="timeline">&a;</svg>', "<svg>" * 5000, "\0", "x" * 3_000_000],
)  # fmt: skip
def test_what_is_no_picture_of_ours_is_a_fault(svg: str) -> None:
    assert isinstance(scene_of_svg(svg), Fault)


def test_a_picture_that_was_changed_is_read_as_what_it_says_now() -> None:
    scene, content = any_scene("timeline", 3, 1), any_content("timeline", 1)
    svg = drawn(scene, content).svg
    moved = svg.replace('data-layout="timeline"', 'data-layout="timeline" data-theme="paper_editorial"')
    assert scene_of_svg(moved) == parse(
        write(scene).replace("[layout:timeline]", "[layout:timeline][theme:paper_editorial]")
    )
    assert isinstance(scene_of_svg(svg.replace('data-component="header_band"', 'data-component="script"')), Fault)
    assert isinstance(scene_of_svg(re.sub(r'data-id="[a-z0-9]+"', 'data-id="][x"', svg)), Fault)
