"""The report of a run says what its files hold and nothing else, stands alone, and is made whatever they hold."""

import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rungwise.probe.result import Outcome, Row
from rungwise.report import misses, numbers, scorecard, strips
from rungwise.report.run_files import FILES, read_run
from rungwise.report.run_page import SECTIONS, run_page
from rungwise.report.summary import fields
from tests.unit.reported import put, rows_in, section, walked
from tests.unit.test_page import Reader

N = 24


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return walked(tmp_path_factory.mktemp("walked"), N)


@pytest.fixture(scope="module")
def text(home: Path) -> str:
    return run_page(home)


@pytest.fixture
def run(home: Path, tmp_path: Path) -> Path:
    """A copy that may be spoilt; its probe stays where it is."""
    return Path(shutil.copytree(home, tmp_path / "seed-0"))


@pytest.fixture(scope="module")
def rows(home: Path) -> list[Row]:
    return rows_in(home)


def cells(html: str) -> list[list[str]]:
    """The words of a table, row by row."""
    return [
        [" ".join(unescape(re.sub(r"<[^>]+>", " ", cell)).split())
         for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
        for row in re.findall(r"<tr[^>]*>(.*?)</tr>", html, re.S)
    ]  # fmt: skip


# ---- what is told ----


def test_all_that_a_run_is_about_is_told(text: str) -> None:
    words = Reader(text).words
    for word in ("Does <b>shaping</b> help?", "Yes, a little.", "shaped", "rungs/flat.toml", "rl.diversity: 0 -> 0.5",
                 "few tasks", "gold answers pass", "mazes@1", "a prompt", "greedy - baseline >= 10%", "parsed >= 20%",
                 "flat/seed-0", "unreadable"):  # fmt: skip
        assert word in words, word


def test_the_question_the_ruling_and_the_figures_come_first_then_ten_sections(text: str) -> None:
    marks = ["<h1>", 'class="ruling', ">Raw, greedy<", ">Repaired<", "against the baseline", 'id="part-why"', "<nav"]
    marks += [f'<section id="part-{name}"' for name, _, _ in SECTIONS] + ['id="part-files"', 'id="part-summary"']
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places) and len(SECTIONS) == 10


@pytest.mark.parametrize("verb, tone", [("promote", "good"), ("reject", "bad"), ("repair", "warn"), ("branch", "blue")])
def test_each_verb_has_its_colour(run: Path, verb: str, tone: str) -> None:
    ruling = json.loads((run / "ruling.json").read_text())
    put(run, "ruling.json", {**ruling, "verb": verb})
    assert f'<section class="ruling {tone}" aria-label="ruling"><p class="verb">{verb}</p>' in run_page(run)


def test_a_promotion_says_whose_name_it_waits_for_or_bears(run: Path, text: str) -> None:
    assert "Waits to be signed" in text
    ruling = json.loads((run / "ruling.json").read_text())
    put(run, "ruling.json", {**ruling, "signed": {"needed": True, "by": "Ada"}})
    signed = run_page(run)
    assert "Signed by Ada" in signed and "Waits to be signed" not in signed


def test_exactly_one_axis_is_highlighted_and_any_other_change_is_a_fault(run: Path, text: str) -> None:
    held = section(text, "held")
    assert held.count('<tr class="axis">') == 1 and '<tr class="axis"><th scope="row">reward' in held
    assert "should not have" not in held
    changed = json.loads((run / "changed.json").read_text())
    put(run, "changed.json", {**changed, "changed": {**changed["changed"], "budget": ["sft.steps: 1 -> 2"]}})
    held = section(run_page(run), "held")
    assert held.count('<tr class="axis">') == 1 and "should not have: budget" in held


def test_what_no_one_compared_is_not_said_to_be_held(run: Path, text: str) -> None:
    marked = re.compile(r'<th scope="row">(\w+)</th><td[^>]*><span class="well">held')
    assert {"judge", "probe", "data"} <= set(marked.findall(section(text, "held")))
    (run / "ruling.json").unlink()
    assert {"judge", "probe"} & set(marked.findall(section(run_page(run), "held"))) == set()


@pytest.mark.parametrize("value, p, tone", [(0.2, 0.01, "good"), (-0.2, 0.01, "bad"), (0.2, 0.06, "")])
def test_a_difference_has_a_colour_where_the_test_is_sure_of_it(run: Path, value: float, p: float, tone: str) -> None:
    ruling = json.loads((run / "ruling.json").read_text())
    changed = {**ruling["comparisons"]["baseline"], "value": value, "p": p}
    put(run, "ruling.json", {**ruling, "comparisons": {"champion": None, "baseline": changed}})
    assert f'<p class="big {tone}"><b>{numbers.signed(value, "greedy")}</b>' in run_page(run)


def test_champion_and_baseline_that_are_one_run_are_told_once(run: Path) -> None:
    ruling = json.loads((run / "ruling.json").read_text())
    put(
        run,
        "ruling.json",
        {**ruling, "comparisons": dict.fromkeys(("champion", "baseline"), ruling["comparisons"]["baseline"])},
    )
    page = run_page(run)
    assert page.count(">greedy against the champion and baseline<") == 1 and ">greedy against the baseline<" not in page


def test_fewer_than_a_hundred_tasks_are_warned_of_with_the_width(text: str, rows: Sequence[Row]) -> None:
    from rungwise.probe.stats import rate

    found = rate(sum(row.greedy.passed for row in rows), len(rows))
    assert f"Only {N} tasks: the interval of greedy is {100 * (found.high - found.low):.0f} points wide" in text


def test_a_hundred_tasks_are_not_warned_of(run: Path) -> None:
    lines = (run / "probe/rows.jsonl").read_bytes().splitlines(keepends=True)
    (run / "probe/rows.jsonl").write_bytes(b"".join(lines * 5))
    assert "points wide. Only a paired" not in run_page(run)


# ---- counted from the rows ----


def test_the_headline_is_what_the_rows_say(text: str, rows: Sequence[Row]) -> None:
    raw, repaired = (sum(getattr(row, kind).passed for row in rows) for kind in ("greedy", "repaired"))
    mended = sum(row.repaired.passed and not row.greedy.passed for row in rows)
    broken = sum(row.greedy.passed and not row.repaired.passed for row in rows)
    assert mended and 0 < raw < len(rows)
    tiles = re.findall(r'<p class="big">([\d.]+)%.*?<p class="soft">(\d+) of (\d+) tasks', text, re.S)
    assert [(float(value), int(k), int(n)) for value, k, n in tiles] == [
        (round(100 * raw / N, 1), raw, N), (round(100 * repaired / N, 1), repaired, N)
    ]  # fmt: skip
    assert f"{mended} mended, {broken} broken by it" in text


def test_every_slice_is_what_its_rows_say(text: str, rows: Sequence[Row]) -> None:
    table = section(text, "probe").partition('<table class="slices">')[2].partition("</table>")[0]
    heads, *lines = cells(table)
    told = {line[0].split()[0]: line for line in lines if line[1]}
    for label in {row.tier for row in rows} | {row.family for row in rows} | {"all"}:
        own = [row for row in rows if label in (row.tier, row.family, "all")]
        assert int(told[label][1].split()[0]) == len(own)
        for name, passed in (
            ("greedy", [row.greedy.passed for row in own]), ("repaired", [row.repaired.passed for row in own]),
            ("oracle", [any(one.passed for one in row.samples) for row in own]),
            ("pass@1", [one.passed for row in own for one in row.samples]),
            ("all@2", [all(one.passed for one in row.samples) for row in own]),
        ):  # fmt: skip
            assert told[label][heads.index(name)].split("%")[0] == numbers.percent(sum(passed) / len(passed))[:-1]


def test_raw_against_repaired_adds_up(text: str, rows: Sequence[Row]) -> None:
    table = section(text, "scorecard").partition('<table class="cross">')[2].partition("</table>")[0]
    found = Counter((row.greedy.passed, row.repaired.passed) for row in rows)
    assert [[int(cell) for cell in line[1:]] for line in cells(table)[1:]] == [
        [found[True, True], found[True, False]], [found[False, True], found[False, False]]
    ]  # fmt: skip


def test_every_miss_stands_in_the_gallery_exactly_once(text: str, rows: Sequence[Row]) -> None:
    wanted = [row.task for row in rows if not row.greedy.passed]
    gallery = section(text, "misses")
    told = re.findall(r"<summary>.*?<code>(\w+)</code>", gallery)
    listed = [line[0] for line in cells(gallery.partition('<table class="misses">')[2])[1:]]
    assert len(told) == misses.CARDS and sorted(told + listed) == sorted(wanted)
    assert f"{len(wanted)} of {N} tasks were missed" in gallery


def test_the_failure_cards_add_up_to_all_misses(text: str, rows: Sequence[Row]) -> None:
    found = Counter(row.greedy.failure for row in rows if not row.greedy.passed)
    cards = re.findall(r'<article class="fail"><header><h3>(\w+)</h3><b>(\d+)</b>', text)
    assert 0 < len(cards) <= 6
    assert all(found[name] == int(n) for name, n in cards)
    left = re.search(r"And of other labels: ([^.]*)\.", text)
    assert sum(int(n) for _, n in cards) + sum(map(int, re.findall(r"\d+", left[1] if left else ""))) == found.total()


def test_the_first_batches_are_there_as_the_model_saw_them(text: str) -> None:
    data = section(text, "data")
    for told in ("<code>1 2</code>", "<code>7 3</code>", "<code>9 3</code>", "another prompt", "2 more answers"):
        assert told in data, told
    assert "&quot;failure&quot;:&quot;wall&quot;" in data and data.count('class="curve"') == 3


def test_costs_are_those_of_the_file(text: str) -> None:
    told = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", section(text, "decision")))
    assert told["by the clock"] == "21.5 s" and told["tokens learned from"] == "480"
    assert told["money"] == "0.01 USD"


def test_exact_is_rated_only_where_nothing_but_gold_is_right(rows: Sequence[Row], home: Path) -> None:
    run = read_run(home)
    marked = re.compile(r'<tr><th scope="row"><code>exact</code>.*?<td class="state"[^>]*>(.*?)</td>')
    only = [replace(row, greedy=replace(row.greedy, exact=row.greedy.passed)) for row in rows]
    told = [marked.search(scorecard.scorecard(replace(run, rows=one))) for one in (only, [other_way(only[0]), *only])]
    assert [found and bool(found[1]) for found in told] == [True, False]


def other_way(row: Row) -> Row:
    return replace(row, greedy=replace(row.greedy, passed=True, failure=None, exact=False))


def test_a_figure_that_the_contract_cannot_give_is_said_to_be_unknown(rows: Sequence[Row], home: Path) -> None:
    blind = [replace(row, greedy=replace(row.greedy, parsed=None, exact=None)) for row in rows]
    run = read_run(home)
    assert scorecard.scorecard(replace(run, rows=blind)).count("not known") == 2


# ---- links and files ----


def test_names_within_the_page_are_unique_and_every_link_arrives(text: str) -> None:
    read = Reader(text)
    names = [str(attributes["id"]) for _, attributes in read.tags if "id" in attributes]
    assert len(names) == len(set(names))
    links = [str(a["href"]) for a in read.all("a")]
    assert len(links) > 40 and all(link.startswith("#") and link[1:] in names for link in links)
    labels = {str(a["aria-labelledby"]) for _, a in read.tags if "aria-labelledby" in a}
    assert labels <= set(names)


def test_every_file_stands_with_its_hash_and_size(text: str, home: Path) -> None:
    table = {line[0]: line[1:] for line in cells(section(text, "files"))[1:]}
    there = {path for path in FILES if (home / path).exists()}
    assert set(table) == there and len(there) > 15
    for path in there:
        content = (home / path).read_bytes()
        assert table[path] == [numbers.size(len(content)), hashlib.sha256(content).hexdigest()]


def test_every_claim_and_every_lesson_links_to_a_file(text: str) -> None:
    claims = re.findall(
        r"<li>(.*?)</li>", section(text, "decision").partition('class="claims"')[2].partition("</ul>")[0]
    )
    lessons = re.findall(r"<li.*?</li>", section(text, "lessons"), re.S)
    assert len(claims) >= 2 and 2 <= len(lessons) <= 5
    assert all('<a href="#file-' in one for one in [*claims, *lessons])


def test_more_symptoms_than_have_room_stand_folded_the_worst_first(run: Path) -> None:
    ruling = json.loads((run / "ruling.json").read_text())
    symptoms = [
        {"name": f"s{at}", "severity": severity, "sentence": "s", "action": "a"}
        for at, severity in enumerate(["info"] * 4 + ["warn"] * 3 + ["critical"] * 2)
    ]
    put(run, "ruling.json", {**ruling, "symptoms": symptoms})
    lessons = section(run_page(run), "lessons")
    shown, folded = lessons.split('<details class="fold">')
    assert re.findall(r"<h3>(s\d)</h3>", shown) == ["s7", "s8", "s4", "s5"] and shown.count("<li") == 5
    assert re.findall(r"<h3>(s\d)</h3>", folded) == ["s6", "s0", "s1", "s2", "s3"]


def test_there_are_two_lessons_of_a_run_that_was_measured_and_not_ruled_on(run: Path) -> None:
    (run / "ruling.json").unlink()
    lessons = section(run_page(run), "lessons")
    assert 2 <= lessons.count("<li") <= 5 and "nothing was diagnosed" in lessons


def test_the_summary_has_twenty_fields_and_none_is_empty(text: str, home: Path, tmp_path: Path) -> None:
    for told in (fields(read_run(home)), fields(read_run(tmp_path))):
        assert len(told) == len(dict(told)) == 20 and all(value for _, value in told)
    block = unescape(text.partition('<pre class="plain"')[2].partition("</pre>")[0])
    assert len(block.strip().split("\n")) == 21  # with the rest of the tag


# ---- which misses are shown ----


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("xyz")), max_size=60))
def test_misses_are_chosen_in_turn_and_none_is_lost(told: list[tuple[str, str]]) -> None:
    own = [one(f"{at}", failure, tier) for at, (failure, tier) in enumerate(told)]
    shown = misses.chosen(own, "xyz")
    labels = {failure for failure, _ in told}
    assert len({row.task for row in shown}) == len(shown) == min(misses.CARDS, len(own))
    assert {row.greedy.failure for row in shown[: len(labels)]} == labels
    for label in labels:
        tiers = [row.tier for row in shown if row.greedy.failure == label]
        known = {tier for failure, tier in told if failure == label}
        assert len(set(tiers)) == min(len(tiers), len(known))


def one(task: str, failure: str, tier: str) -> Row:
    outcome = Outcome(
        score=0.0, passed=False, failure=failure, ended="stop", tokens=1, parsed=True, exact=False, divergence=0,
        prefix=False, control=False, tail=False, shape=None, exploit=None, parts={}, measures={},
    )  # fmt: skip
    return Row(task=task, split="test", tier=tier, family="f", seen=None, greedy=outcome, repaired=outcome, edits=0,
               samples=(), picked=None)  # fmt: skip


def test_a_page_holds_at_most_24_pictures(text: str) -> None:
    gallery = section(text, "misses")
    assert 0 < gallery.count("<figure") + gallery.count("<iframe") <= misses.PICTURES == 24


def test_where_an_answer_leaves_gold_is_marked() -> None:
    html = misses._differing("up 1\nleft 2", "up 1\nright 2")
    assert html == '<span class="same">up 1\n</span><mark>l</mark>eft 2'
    assert misses._differing("up", "up 1") == '<span class="same">up</span><mark>\N{WHITE SQUARE}</mark>'
    assert misses._differing("same", "same") == "same"


# ---- what the rates point to ----


@pytest.mark.parametrize(
    "change, says",
    [
        ({"ended": "length", "parsed": False}, "look at the budget"),
        ({"parsed": False, "failure": "unreadable"}, "the form comes before the content"),
        ({"parsed": True}, "the form is learned, the task is not"),
        ({"parsed": True, "exact": True}, "look at the judge or the probe"),
        ({"parsed": None, "failure": "unreadable"}, "the form comes before the content"),
        ({"parsed": True, "exact": True, "passed": True, "failure": None}, "single failures"),
    ],
)
def test_the_rates_point_to_one_thing(change: dict[str, object], says: str) -> None:
    row = one("t", "wrong", "x")
    rows = [replace(row, greedy=replace(row.greedy, **change))] * 10  # type: ignore[arg-type]
    assert says in scorecard.interpretation(rows)


# ---- figures ----


@given(st.floats(0, 1))
def test_a_share_is_all_or_nothing_only_where_it_is(share: float) -> None:
    told = numbers.percent(share)
    assert (told in ("0%", "100%")) == (share in (0.0, 1.0)) or share < 1e-6 or share > 1 - 1e-6
    assert abs(float(told[:-1]) - 100 * share) <= 0.5


@given(st.floats(-1, 1))
def test_a_difference_has_its_sign(value: float) -> None:
    told = numbers.signed(value, "greedy").replace("\N{MINUS SIGN}", "-")
    assert abs(float(told) - 100 * value) <= 0.051 and (told[0] in "+-") == (float(told) != 0)


@given(st.floats(), st.floats(), st.floats(), st.floats(-2, 2))
def test_what_is_drawn_stays_within_its_strip(value: float, low: float, high: float, end: float) -> None:
    scale = strips.around([low, high, end])
    for html in (strips.rate(value, low, high), strips.delta(value, low, high, scale),
                 strips.bound(value, low, high, end, strips.spanning([low, high, end]))):  # fmt: skip
        places = [float(place) for place in re.findall(r'"(-?[\d.]+|nan|inf)%"', html)]
        assert len(places) >= 5 and all(0 <= place <= 100 for place in places)
