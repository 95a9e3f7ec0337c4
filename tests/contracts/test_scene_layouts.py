"""Bars are to scale, markers hang in order, columns are level, edges go round cards, what is drawn at random fits."""

import itertools
import random
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.contracts.scene import drawing, packs
from rungwise.contracts.scene.compiler import Drawing, compile_scene
from rungwise.contracts.scene.draft import counts_of, scene_of_draft
from rungwise.contracts.scene.kit import Rect
from rungwise.contracts.scene.language import parse, scene_of, write
from rungwise.contracts.scene.layouts.bars import Scale
from rungwise.contracts.scene.layouts.layers import laned, layers, outlines
from rungwise.contracts.scene.layouts.span import _ticks
from rungwise.contracts.scene.layouts.spectrum import PLACES, _alongs, _spots
from rungwise.contracts.scene.tree import Component, Scene
from tests.contracts.scenes import any_content
from tests.contracts.svg_checker import SVG, groups

HERE = ("poster_stack", "comparison_span_chart", "dashboard_cards", "dual_panel_compare", "table_matrix", "flow_graph",
        "spectrum_map", "architecture_map")  # fmt: skip
NODES = {"flow_graph": ("flow_node", "flow_edge"), "architecture_map": ("map_node", "map_edge")}


def scene(layout: str, *parts: tuple[str, dict[str, str]], **attributes: str) -> Scene:
    components = tuple(Component(tag, fields) for tag, fields in (("header_band", {}), *parts))
    found = parse(write(scene_of(layout, attributes, components)))
    assert isinstance(found, Scene), found
    return found


def drawn(scene: Scene, content: dict[str, Any]) -> Drawing:
    found = compile_scene(scene, content)
    assert isinstance(found, Drawing), [str(fault) for fault in found]
    return found


# ---- graphs ----

GRAPH = st.integers(2, 24).flatmap(
    lambda n: st.tuples(
        st.just(n),
        st.lists(st.integers(0, 10**6), min_size=n - 1, max_size=n - 1),
        st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=40 - n + 1),
    )
)


def edges_of(parents: list[int], further: list[tuple[int, int]], forward: bool) -> list[tuple[int, int]]:
    """A connected graph: a tree, and edges besides."""
    pairs = {(parent % to, to) for to, parent in enumerate(parents, start=1)}
    pairs |= {(min(a, b), max(a, b)) if forward else (a, b) for a, b in further if a != b}
    return sorted(pairs)


def graph(layout: str, n: int, edges: list[tuple[int, int]], seed: int, **attributes: str) -> Scene:
    rng, (node, edge) = random.Random(seed), NODES[layout]
    lanes = layout == "architecture_map" and seed % 2
    parts = [(node, {"id": f"n{at + 1}", "ref": f"nodes.{at + 1}"}) for at in range(n)]
    if lanes:
        parts = [(tag, {**fields, "lane": rng.choice(("top", "center", "bottom"))}) for tag, fields in parts]
    for at, (a, b) in enumerate(edges):
        fields = {"from": f"n{a + 1}", "to": f"n{b + 1}"}
        parts.append((edge, {**fields, "ref": f"edges.{at % 20 + 1}"} if rng.random() < 0.3 else fields))
    return scene(layout, *parts, **attributes)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([*NODES]), GRAPH, st.sampled_from(["wide", "tall", "square"]), st.integers(0, 99))
def test_no_edge_crosses_a_card(layout: str, found: Any, canvas: str, seed: int) -> None:
    n, parents, further = found
    edges = edges_of(parents, further, layout == "flow_graph")
    asked = graph(layout, n, edges, seed, canvas=canvas, connector="bracket")  # its corners are square
    picture = compile_scene(asked, any_content(layout, seed, items=24, long=0.2))
    if isinstance(picture, tuple):
        assert [fault.code for fault in picture] == ["E_OVERFLOW"] and n > 8
        return
    tags = [one.tag for one in asked.components]
    cards = [Rect(box.x, box.y, box.w, box.h) for box in picture.boxes if tags[box.component] == NODES[layout][0]]
    ways = re.findall(r'<path d="(M[^"AHVQCZ]*)" fill="none" stroke="[^"]*" stroke-width="1.8"', picture.svg)
    assert len(ways) == len(edges)
    for way in ways:
        points = [tuple(map(float, point.split())) for point in re.split("[ML]", way)[1:]]
        for (x, y), (ex, ey) in itertools.pairwise(points):
            assert abs(x - ex) < 0.2 or abs(y - ey) < 1.2, "a slope"
            for card in cards:
                across = min(x, ex) < card.right - 1 and max(x, ex) > card.x + 1
                along = min(y, ey) < card.bottom - 1 and max(y, ey) > card.y + 1
                assert not (across and along), (way, card)


@pytest.mark.parametrize("layout", NODES)
@pytest.mark.parametrize("canvas", ["wide", "tall", "square"])
def test_a_grid_of_24_nodes_and_40_edges_can_be_read_on_every_canvas(layout: str, canvas: str) -> None:
    across, aslant = [(at, at + 4) for at in range(20)], [(at, at + 5) for at in range(19) if at % 4 != 3]
    edges = sorted({*across, *aslant, (0, 1), (1, 2), (2, 3), (4, 5), (8, 9)})
    assert len(edges) == 40
    picture = drawn(graph(layout, 24, edges, 2, canvas=canvas), any_content(layout, 2, items=24, long=0.0))
    assert picture.scale >= 0.6


@given(GRAPH)
@settings(max_examples=60, deadline=None)
def test_layers_hold_every_node_and_edges_lead_to_later_ones(found: Any) -> None:
    n, parents, further = found
    edges = edges_of(parents, further, forward=True)
    ordered = layers(n, edges)
    rank = {node: at for at, layer in enumerate(ordered) for node in layer}
    assert sorted(rank) == list(range(n)) and sum(map(len, ordered)) == n
    assert all(rank[a] < rank[b] for a, b in edges)
    lanes = [[node for node in range(n) if node % 3 == lane] for lane in range(min(3, n))]
    for _, bands in [*outlines(ordered, 5), *laned(ordered, lanes, 5)]:
        assert sorted(node for band in bands for column in band for node in column) == list(range(n))
        assert len({len(band) for band in bands}) == 1 and len(bands[0]) <= 5


def test_layers_are_put_in_the_order_that_crosses_least() -> None:
    assert layers(6, [(0, 5), (1, 4), (2, 3)]) in ([[0, 1, 2], [5, 4, 3]], [[2, 1, 0], [3, 4, 5]])
    assert [sorted(layer) for layer in layers(4, [(0, 1), (1, 2), (2, 0), (2, 3)])] == [[0], [1], [2], [3]]


# ---- bars ----


def span_chart(values: list[Any]) -> tuple[Scene, dict[str, Any]]:
    bars = [("compare_bar", {"id": f"n{at + 1}", "ref": f"bars.{at + 1}"}) for at in range(len(values))]
    content = {
        "header": {"headline": "Four numbers"}, "thesis": {"title": "So it is", "lines": ["This much"]},
        "bars": [{"label": "One", "value": value} for value in values], "axis": {"label": "Seconds"},
    }  # fmt: skip
    return scene("comparison_span_chart", *bars, ("axis", {}), ("thesis_box", {})), content


@pytest.mark.parametrize("values", [[10, 20, 40], ["0.5", 1.5], [-30, 60, 0], [-4, -2], [0, 0], [1e9, 2e9, 3e9, 4e9]])
def test_bars_are_as_long_as_their_numbers(values: list[Any]) -> None:
    picture = drawn(*span_chart(values))
    bars = [group.find(f"{SVG}rect") for group in groups(picture.svg) if group.get("data-component") == "compare_bar"]
    longs = [float(bar.get("height", "")) for bar in bars if bar is not None]
    numbers = [abs(float(value)) for value in values]
    longest = max(longs)
    assert longest > 60 or not any(numbers)
    for long, number in zip(longs, numbers, strict=True):
        assert abs(long - max(1.0, longest * number / (max(numbers) or 1))) < 1.1


@pytest.mark.parametrize("canvas", ["wide", "tall"])
def test_wide_brackets_leave_room_for_each_other_and_for_what_is_beside(canvas: str) -> None:
    asked, content = span_chart([4, 3, 2, 1])
    joins = [
        Component("span_bracket", {"from": a, "to": b, "ref": "brackets.1"}) for a, b in (("n1", "n2"), ("n3", "n4"))
    ]
    content["brackets"] = [{"label": "more than the one beside", "value": "twenty-four letters long"}]
    whole = scene_of(asked.layout, {"canvas": canvas}, (*asked.components, *joins))
    found, found_tags = drawn(whole, content), [one.tag for one in whole.components]
    pills = [box for box in found.boxes if box.solid and found_tags[box.component] == "span_bracket"]
    assert len(pills) == 2 and abs(pills[0].y - pills[1].y) > pills[0].h


def test_a_long_number_does_not_leave_its_bar_without_room() -> None:
    bars = [("compare_bar", {"ref": "bars.1"})] * 2 + [("section_card", {"ref": "cards.1"})] * 2
    content = {
        "header": {"headline": "Long"}, "cards": [{"title": "One"}],
        "bars": [{"label": "Two", "value": "-123456789012.25"}],
    }  # fmt: skip
    picture = drawn(scene("poster_stack", *bars, columns="4"), content)
    wides = [float(rect.get("width", "")) for group in groups(picture.svg) for rect in group.iter(f"{SVG}rect")]
    assert min(wides) > 0


@given(st.floats(-1e15, 1e15), st.floats(1e-3, 1e15))
def test_ticks_are_few_and_on_the_scale(low: float, wide: float) -> None:
    scale = Scale(low, low + wide)
    if scale.high - scale.low < max(abs(low), 1) * 1e-9:
        return
    ticks = [value for value, _ in _ticks(scale)]
    assert 1 <= len(ticks) <= 10
    slack = (scale.high - scale.low) * 0.01
    assert all(scale.low - slack <= value <= scale.high + slack for value in ticks)


# ---- the rest ----


@given(st.lists(st.sampled_from([*PLACES]), min_size=1, max_size=7), st.sampled_from([1, 2]), st.integers(300, 1200))
def test_markers_keep_apart_and_in_order(places: list[str], tiers: int, room: int) -> None:
    places = sorted(places, key=[*PLACES].index)
    alongs = _alongs(places)
    assert all(0 < along < 1 for along in alongs)
    body, gap = Rect(10, 0, room, 100), 20
    wide = (room - (len(places) - 1) * gap / tiers) / ((len(places) - 1) / tiers + 1)
    step = (wide + gap) / tiers
    spots = _spots(alongs, wide, step, body)
    assert all(b - a > step - 0.01 for a, b in itertools.pairwise(spots))
    assert spots[0] - wide / 2 > body.x - 0.01 and spots[-1] + wide / 2 < body.right + 0.01


def test_cells_of_a_column_are_level_and_figures_end_at_one_line() -> None:
    rows = [{"cells": ["Ingest", f"{at * 37} ms", "yes" * (at + 1)]} for at in range(4)]
    content = {"header": {"headline": "Rows"}, "groups": [{"title": "T", "header": ["A", "B", "C"], "rows": rows}]}
    group = groups(drawn(scene("table_matrix", ("table_block", {"ref": "groups.1"})), content).svg)[1]
    texts = [(text.get("x"), text.get("text-anchor"), text.text) for text in group.iter(f"{SVG}text")]
    for column in range(3):
        found = {text[:2] for text in texts if text[2] in ["ABC"[column], *[str(row["cells"][column]) for row in rows]]}
        assert len(found) == 1
        assert {anchor for _, anchor in found} == ({"end"} if column == 1 else {None})


@pytest.mark.parametrize("layout", HERE)
@pytest.mark.parametrize(("length", "least"), [("short", 0.97), ("long", 0.8)])
def test_what_is_drawn_at_random_fits(layout: str, length: packs.Length, least: float) -> None:
    rng, low, high = random.Random(f"{layout} {length}"), *drawing.sizes(layout)
    fits, tried = 0, 40
    for _ in range(tried):
        draft = drawing.draft(layout, (low, min(16, high)), rng)
        pack = packs.PACKS[rng.choice([*packs.PACKS])]
        content = packs.content_for(layout, counts_of(draft), pack, rng, length)
        fits += isinstance(compile_scene(scene_of_draft(draft), content), Drawing)
    assert fits >= least * tried
