"""Curves of runs: axes are round, lines stay where they are, names stay words, a person's fault gets one line."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from typer.testing import CliRunner

from rungwise.cli import app
from rungwise.errors import InputError
from rungwise.report.charts import WIDE, Chart, Mark, Panel, drawn, laid_out, series_of, svg_of
from rungwise.report.colours import DASHES, PALETTE, look
from rungwise.report.curves import page, panels, read, title
from rungwise.report.scales import figure, labels, mean, smoothed, span, thinned, ticks

SVG = "{http://www.w3.org/2000/svg}"
EVIL = "<script>alert(1)</script>\"'&amp;</svg></style>\u202e"
VALUES = st.floats(-1e98, 1e98)
CURVES = st.dictionaries(st.integers(0, 10**6), VALUES, min_size=1, max_size=80).map(
    lambda found: dict(sorted(found.items()))
)


def wrote(run: Path, stage: str, records: Iterable[Mapping[str, Any]], end: str = "") -> Path:
    (run / stage).mkdir(parents=True)
    text = "".join(json.dumps({"step": at, **record}) + "\n" for at, record in enumerate(records, 1))
    (run / stage / "metrics.jsonl").write_text(text + end, "utf-8")
    return run


def panel(*charts: Chart, marks: tuple[Mark, ...] = (), last: int = 10) -> Panel:
    return Panel("rl", charts, marks, last)


class Reader(HTMLParser):
    """What a browser would see: tags with their attributes, and the words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data + "\n"


# ---- lines ----


@given(CURVES)
def test_a_smoothed_line_keeps_its_steps_its_start_and_its_bounds(line: dict[int, float]) -> None:
    smooth = smoothed(line)
    assert list(smooth) == list(line)
    assert next(iter(smooth.values())) == next(iter(line.values()))
    room = 1e-9 * max(map(abs, line.values()))
    assert min(line.values()) - room <= min(smooth.values())
    assert max(smooth.values()) <= max(line.values()) + room


def test_smoothing_takes_the_mean_over_a_twentieth_and_ends_in_that_of_the_last_fortieth() -> None:
    line = {step: float(step % 2) for step in range(1, 401)}
    smooth = smoothed(line)
    assert smooth[200] == fmean(line[step] for step in range(190, 211))
    assert smooth[400] == fmean(line[step] for step in range(390, 401))
    assert smoothed({1: 5.0, 2: 7.0}) == {1: 5.0, 2: 7.0}


def test_the_mean_of_seeds_is_told_only_where_all_of_them_are() -> None:
    assert mean([{1: 1.0, 2: 2.0, 3: 3.0}, {1: 3.0, 2: 4.0}]) == {1: 2.0, 2: 3.0}
    assert mean([]) == {}


@given(st.lists(VALUES, min_size=1, max_size=300), st.integers(1, 40))
def test_thinning_keeps_ends_and_extremes_and_little_else(values: list[float], most: int) -> None:
    line = dict(enumerate(values))
    thin = thinned(line, most)
    assert len(thin) <= max(2 * most + 2, 1)
    assert set(thin.items()) <= set(line.items())
    assert list(thin) == sorted(thin)
    assert {0, len(values) - 1} <= set(thin)
    assert (min(thin.values()), max(thin.values())) == (min(values), max(values))


# ---- axes ----


@given(st.lists(CURVES, min_size=1, max_size=4))
@example([{1: 0.0, 2: 5e-324}])
@example([{1: 0.7, 2: math.nextafter(0.7, 1)}])
def test_any_figures_get_an_axis_that_holds_where_they_end(lines: list[dict[int, float]]) -> None:
    axis = ticks(*span(lines))
    room = (axis[-1] - axis[0]) * 1e-5
    assert 3 <= len(axis) <= 7
    assert axis == sorted(set(axis))
    for line in lines:
        assert axis[0] - room <= line[max(line)] <= axis[-1] + room
    assert len(set(labels(axis))) == len(axis)


@given(st.floats(-1e3, 1e3), st.floats(1e-6, 1e9))
def test_ticks_are_round_and_even(start: float, wide: float) -> None:
    axis = ticks(start * wide, start * wide + wide)
    step = axis[1] - axis[0]
    mantissa = step / 10 ** math.floor(math.log10(step) + 1e-6)
    assert min(abs(mantissa - by) for by in (1, 2, 2.5, 5)) < 1e-3
    assert all(abs(value / step - round(value / step)) < 1e-3 for value in axis)


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ([0, 0.5, 1.0], ["0", "0.5", "1.0"]),
        ([0, 0.25, 0.5], ["0", "0.25", "0.50"]),
        ([0.1 * n for n in range(4)], ["0", "0.1", "0.2", "0.3"]),
        ([-2.0, 0.0, 2.0], ["\u22122", "0", "2"]),
        ([0, 500, 1000, 1500], ["0", "500", "1,000", "1,500"]),
        ([0, 200_000, 400_000], ["0", "200k", "400k"]),
        ([0, 2_500_000, 5_000_000], ["0", "2.5M", "5.0M"]),
        ([0, 2e-8, 4e-8], ["0", "2e\u22128", "4e\u22128"]),
    ],
)
def test_labels_are_as_people_write_them(at: list[float], told: list[str]) -> None:
    assert labels(at) == told


def test_figures_are_short_and_true() -> None:
    told = [figure(value) for value in (0.0, 5.8507, 0.5511, -0.00213, 0.00000288, 664_409.0, 1e30)]
    assert told == ["0", "5.85", "0.551", "\u22120.0021", "2.9e\u22126", "664,409", "1.0e30"]


def test_a_spike_does_not_flatten_the_rest_and_is_told() -> None:
    line = {step: 1.0 + step % 3 for step in range(1, 201)} | {7: 40.0}
    assert span([line])[1] == 3.0
    assert "\u2191 40<" in "".join(drawn(Chart("x", (series_of("a", 0, [line]),)), panel(last=200)).body)


def test_what_is_not_drawn_of_seeds_does_not_stretch_the_axis() -> None:
    seeds = [{step: float(step % 2 == seed) for step in range(1, 401)} for seed in (0, 1)]
    series = series_of("a", 0, seeds)
    assert {0.0, 1.0}.isdisjoint(list(series.drawn[0].values())[20:])
    assert max(max(line.values()) for line in series.drawn[:2]) == 1.0
    assert span(series.drawn)[1] < 0.7


@pytest.mark.parametrize("end", [40.0, -40.0])
def test_a_line_that_ends_far_off_is_drawn_to_its_end(end: float) -> None:
    line = {step: 1.0 + step % 3 for step in range(1, 201)} | {200: end}
    assert end in span([line])


# ---- marks ----

MARKS = st.builds(Mark, st.integers(0, 3), st.integers(0, 100), st.text("abcdefg_", max_size=40))


@given(st.lists(MARKS, max_size=12))
def test_marks_all_stand_somewhere_and_their_words_do_not_meet(marks: list[Mark]) -> None:
    rows = laid_out(marks, 100)
    assert sorted(map(repr, marks)) == sorted(repr(mark) for row in rows for mark in row)
    chart = Chart("x", (series_of("a", 0, [{1: 1.0}]),))
    body = "".join(drawn(chart, panel(chart, marks=tuple(marks), last=100)).body)
    words = re.findall(r'<text class="(from|end) halo mark" x="([\d.]+)" y="(\d+)">([^<]*)</text>', body)
    assert len(words) == len(marks)
    spans: dict[str, list[tuple[float, float]]] = {}
    for side, x, y, word in words:
        wide = 5.6 * len(word)
        start = float(x) - (wide if side == "end" else 0)
        assert start + wide <= WIDE + 0.1
        spans.setdefault(y, []).append((start, start + wide))
    for row in spans.values():
        row.sort()
        assert all(before[1] < after[0] for before, after in pairwise(row))


def test_no_two_of_forty_series_look_the_same() -> None:
    assert len({look(slot) for slot in range(len(PALETTE) * len(DASHES))}) == len(PALETTE) * len(DASHES) == 40


# ---- whole pages ----


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Two seeds of one rung, of different lengths and marked; and one run by itself, that has done SFT only."""
    for seed, steps in ((0, 60), (1, 50)):
        run = tmp_path / "flat" / f"seed-{seed}"
        wrote(run, "sft", [{"loss": 6.0 / at, "lr": 0.1} for at in range(1, 21)])
        rows: list[dict[str, Any]] = [
            {"score": 0.5 + 0.1 * seed, "measure.parts": 7.0, "marks": [], "tiers": {"dp2": 3}} for _ in range(steps)
        ]
        rows[29 + seed]["marks"] = ["minimalism"]
        rows[9] |= {"failure.dangling": 4.0, "exploited.exit": 4.0}
        wrote(run, "rl", rows)
    wrote(tmp_path / "lone", "sft", [{"loss": 5.0 / at, "grad_norm": None} for at in range(1, 11)])
    return tmp_path


def test_seeds_share_a_series_and_a_rung_stands_for_its_seeds(runs: Path) -> None:
    seeds = [runs / "flat" / "seed-0", runs / "flat" / "seed-1"]
    assert read([*seeds, seeds[0]]) == read([runs / "flat"])
    sft, rl = panels(read([runs / "flat", runs / "lone"]))
    assert [chart.name for chart in sft.charts] == ["loss"]
    assert [series.name for series in sft.charts[0].series] == ["flat (2 seeds)", "lone"]
    assert [chart.name for chart in rl.charts] == ["score", "measure.parts"]
    (score,) = rl.charts[0].series
    assert len(score.faint) == 2
    assert len(score.strong) == 50
    assert score.strong[1] == pytest.approx(0.55)
    assert (rl.last, rl.missing) == (60, ("lone",))
    assert rl.marks == (Mark(0, 30, "minimalism \u00d72"),)


def test_the_page_tells_names_ends_marks_and_what_is_missing(runs: Path) -> None:
    rungs = read([runs / "flat", runs / "lone"])
    read_page = Reader(page(title(rungs), panels(rungs)))
    for told in ("Curves of flat, lone", "flat (2 seeds)", "6 \u2192 0.3", "5 \u2192 0.5", "minimalism \u00d72"):
        assert told in read_page.words
    assert "No rl metrics of lone." in read_page.words
    spoken = [attributes["aria-label"] for tag, attributes in read_page.tags if attributes.get("role") == "img"]
    assert spoken[0] == "loss: flat (2 seeds) 6 \u2192 0.3; lone 5 \u2192 0.5"


def test_metrics_are_chosen_by_name_or_pattern_in_the_order_asked_for(runs: Path) -> None:
    rungs = read([runs / "flat"])
    (rl,) = panels(rungs, metrics=["tiers.*", "score"])
    assert [chart.name for chart in rl.charts] == ["tiers.dp2", "score"]
    assert [made.name for made in panels(rungs, "sft")] == ["sft"]


@pytest.mark.parametrize("name", ["failure.dangling", "exploited.exit"])
def test_a_count_that_is_not_told_is_none(runs: Path, name: str) -> None:
    (rl,) = panels(read([runs / "flat"]), metrics=[name])
    line = rl.charts[0].series[0].faint[0]
    assert (len(line), line[10], line[20]) == (60, 4 / 3, 0.0)


def test_where_nothing_usual_is_known_all_is_shown(tmp_path: Path) -> None:
    wrote(tmp_path / "a", "rl", [{"odd": 1, "flag": True}])
    assert [chart.name for chart in panels(read([tmp_path / "a"]))[0].charts] == ["odd"]


def test_names_are_lengthened_until_they_differ(tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("x/same", "y/same", "z/seed-0-from-40", "z/seed-3")]
    for place in places:
        wrote(place, "sft", [{"loss": 1.0}])
    assert [rung.name for rung in read(places)] == ["x/same", "y/same", "z/seed-0-from-40", "z"]


def test_the_same_figures_give_the_same_bytes_wherever_they_stand(runs: Path, tmp_path_factory: Any) -> None:
    there = tmp_path_factory.mktemp("elsewhere")
    for name in ("flat/seed-0", "flat/seed-1"):
        (there / name).mkdir(parents=True)
        (there / name / "sft").symlink_to(runs / name / "sft")
    here, other = (read([place / "flat"]) for place in (runs, there))
    for made in (page, svg_of):
        text = made(title(here), panels(here, "sft"))
        assert text == made(title(other), panels(other, "sft"))
        assert str(runs) not in text


def test_a_picture_is_one_well_formed_svg_without_a_script(runs: Path) -> None:
    rungs = read([runs / "flat", runs / "lone"])
    root = ElementTree.fromstring(svg_of(title(rungs), panels(rungs)))
    words = [element.text for element in root.iter(f"{SVG}text")]
    assert {"sft", "rl", "loss", "score", "measure.parts", "lone", "minimalism \u00d72"} <= set(words)
    _, _, wide, tall = (float(number) for number in root.attrib["viewBox"].split())
    assert (wide, tall) == (float(root.attrib["width"]), float(root.attrib["height"]))


def test_the_verb_writes_a_page_or_a_picture_by_the_name_of_the_file(runs: Path) -> None:
    def call(name: str) -> Any:
        return CliRunner().invoke(app, ["curves", str(runs / "flat"), "-o", str(runs / name), "--metric", "score"])

    for name, start in (("a.html", "<!doctype html>"), ("new/a.svg", "<svg ")):
        assert call(name).output == f"{runs / name}\n"
        assert (runs / name).read_text("utf-8").startswith(start)
    assert str(call("a.png").exception).endswith("a.png'; expected a name that ends in .html or .svg")


def test_hostile_names_stay_words(tmp_path: Path) -> None:
    run = wrote(tmp_path / EVIL.replace("/", "|"), "rl", [{EVIL: 1.0, "score": 0.5, "marks": [EVIL]}] * 3)
    rungs = read([run])
    shown = panels(rungs, metrics=["*"])
    reader = Reader(page(title(rungs), shown))
    assert {"script", "img", "iframe"}.isdisjoint(tag for tag, _ in reader.tags)
    assert not [name for _, attributes in reader.tags for name in attributes if name.startswith("on")]
    assert "<script>alert(1)" in reader.words
    picture = svg_of(title(rungs), shown)
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(picture).iter()}
    assert tags == {"svg", "title", "style", "rect", "g", "path", "text", "circle"}
    assert "\u202e" not in picture


@given(st.lists(CURVES, min_size=1, max_size=3), st.text(max_size=60), st.lists(MARKS, max_size=3))
def test_any_figures_and_names_make_a_well_formed_picture(
    lines: list[dict[int, float]], name: str, marks: list[Mark]
) -> None:
    shown = panel(Chart(name, (series_of(name, 0, lines),)), marks=tuple(marks), last=10**6)
    paths = [element.attrib["d"] for element in ElementTree.fromstring(svg_of(name, [shown])).iter(f"{SVG}path")]
    assert all(re.fullmatch(r"[MLHVhvlz0-9.,-]+", path) for path in paths)


# ---- a run that goes on, and faults ----


def test_the_last_line_of_a_run_that_goes_on_does_not_count_until_it_is_whole(tmp_path: Path) -> None:
    run = wrote(tmp_path / "a", "sft", [{"loss": 2.0}, {"loss": 1.0}], end='{"step":3,"lo')
    assert panels(read([run]))[0].charts[0].series[0].faint == ({1: 2.0, 2: 1.0},)


@pytest.mark.parametrize("value", ["null", "true", '"1"', "1e200", "[1]"])
def test_what_is_no_number_that_can_be_drawn_is_left_out(tmp_path: Path, value: str) -> None:
    run = wrote(tmp_path / "a", "sft", [{"loss": 2.0}], end=f'{{"step":2,"loss":{value}}}\n')
    lines = panels(read([run]))[0].charts[0].series[0].faint
    assert lines == ({1: 2.0},)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "metrics.jsonl:2: not the record of a step"),
        ("[]", "metrics.jsonl:2: not the record of a step"),
        ('{"loss":1}', "metrics.jsonl:2: not the record of a step"),
        ('{"step":2,"loss":1e400}', "metrics.jsonl:2: not the record of a step"),
        ('{"step":-1}', "metrics.jsonl:2: not the record of a step"),
        ('{"step":2,"marks":[1]}', "metrics.jsonl:2: not the record of a step"),
        ('{"step":1,"loss":1}', "metrics.jsonl:2: step 1 after step 1; expected a later one"),
    ],
)
def test_a_line_that_is_no_step_is_named(tmp_path: Path, line: str, told: str) -> None:
    run = wrote(tmp_path / "a", "sft", [{"loss": 2.0}], end=line + "\n")
    with pytest.raises(InputError, match=re.escape(told)):
        read([run])


def test_a_folder_that_is_no_run_is_named_with_the_nearest(runs: Path) -> None:
    for folder, told in (
        ("flet", "flet: no such folder; did you mean 'flat'?"),
        ("nowhere/at", "at: no such folder; expected a run"),
        ("lone/sft", f"sft: holds a single stage; name the run's folder, {runs / 'lone'}"),
        (".", "no metrics in it; expected a run's folder, with sft/metrics.jsonl or rl/metrics.jsonl"),
    ):
        with pytest.raises(InputError, match=re.escape(told)):
            read([runs / folder])


def test_unknown_stages_and_metrics_are_named_with_the_nearest(runs: Path) -> None:
    rungs = read([runs / "lone"])
    for stage, metrics, told in (
        ("rll", [], "--stage: no stage 'rll'; did you mean 'rl'?"),
        ("rl", [], "--stage: no run has metrics of rl yet"),
        (None, ["los"], "--metric: no metric 'los'; did you mean 'loss'?"),
    ):
        with pytest.raises(InputError, match=re.escape(told)):
            panels(rungs, stage, metrics)
