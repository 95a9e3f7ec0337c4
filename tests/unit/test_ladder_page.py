"""The ladder's page tells every run in order, what became of it and what it cost, and leads to each report."""

import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from rungwise.ladder.ledger import Entry, Ledger
from rungwise.report.ladder_page import ladder_page
from tests.unit.test_page import EVIL, Reader

CONTRACT, PROBE = "mazes@1[slack=1]", "ab" * 32
COST = {"wall_seconds": 90.0, "cpu_seconds": 100.0, "trained_tokens": 1000, "sampled_tokens": 10, "flops": 2e9,
        "money": 0.5, "currency": "USD"}  # fmt: skip


def asked(rung: str, probe: str = PROBE) -> dict[str, Any]:
    return {
        "rung": rung, "contract": CONTRACT, "probe": probe, "text": "", "sha256": "", "settings": {"target": "greedy"},
        "settings_sha256": "", "seed": 0, "question": f"What of {rung}?", "hypothesis": "", "expectations": [],
        "axis": None, "baseline": None,
    }  # fmt: skip


def walk(ledger: Ledger, run: Path, value: float, verb: str | None = None, probe: str = PROBE, **more: Any) -> None:
    ledger.append("preregistered", run, asked(run.parent.name, probe))
    ledger.append("trained", run, {"artifacts": [], "cost": COST})
    headline = {"greedy": [value, value - 0.05, value + 0.05, 200]}
    ledger.append("measured", run, {"probe": probe, "result": "", "headline": headline})
    if verb is not None:
        body = {"verb": verb, "reasons": [f"because {run.parent.name}"], "next": ["try more"], "by": "the rules"}
        ledger.append("ruled", run, {**body, **more})
        (run / "report.html").parent.mkdir(parents=True, exist_ok=True)
        (run / "report.html").write_text("a report")
    if verb == "promote" and not more.get("waits"):
        ledger.append("champion", run, {"contract": CONTRACT, "probe": probe})


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger(tmp_path / "runs" / "ladder.db")
    for name, value, verb in (("first", 0.3, "promote"), ("second", 0.31, "reject"), ("third", 0.61, "promote"),
                              ("fourth", 0.5, None), ("fifth", 0.8, "branch")):  # fmt: skip
        walk(made, tmp_path / "runs" / name / "seed-0", value, verb)
    return made


def page_of(ledger: Ledger) -> str:
    return ladder_page(ledger.entries(), ledger.path.parent)


def test_runs_stand_in_the_order_of_the_ladder_with_what_was_found(ledger: Ledger) -> None:
    page = page_of(ledger)
    rows = re.findall(r"<tr.*?</tr>", page.partition('<table class="forest runs">')[2].partition("</table>")[0], re.S)[
        1:
    ]
    names = ["first", "second", "third", "fourth", "fifth"]
    assert [re.findall(r"(\w+)/seed-0", unescape(row))[0] for row in rows] == names
    for row, name, told in zip(rows, names, ("30.0%", "31.0%", "61.0%", "50.0%", "80.0%"), strict=True):
        assert told in row and f"What of {name}?" in row and "200" in row and '<svg class="strip' in row


def test_the_last_champion_is_marked_and_no_other(ledger: Ledger) -> None:
    page = page_of(ledger)
    marked = re.findall(r'<tr class="axis">.*?(\w+)/seed-0', page, re.S)
    assert marked == ["third"] and page.count("champion</p>") == 1
    assert page.count("\N{BLACK STAR}") == 2  # the banner, the row


def test_a_champion_set_aside_gives_way_to_the_one_before(ledger: Ledger, tmp_path: Path) -> None:
    body = {"contract": CONTRACT, "probe": PROBE, "reason": "its probe leaked"}
    ledger.append("unfrozen", tmp_path / "runs" / "third" / "seed-0", body)
    page = page_of(ledger)
    assert re.findall(r'<tr class="axis">.*?(\w+)/seed-0', page, re.S) == ["first"] and "its probe leaked" in page


def test_every_ruling_stands_with_its_reasons(ledger: Ledger) -> None:
    words = Reader(page_of(ledger)).words
    for name in ("first", "second", "third", "fifth"):
        assert f"because {name}" in words
    assert "because fourth" not in words and "measured" in words and "try more" in words


def test_each_ruled_run_leads_to_its_report_and_others_to_none(ledger: Ledger) -> None:
    links = {str(a["href"]) for a in Reader(page_of(ledger)).all("a")}
    assert len(links) == 4 and not [link for link in links if "fourth" in link]
    for link in links:
        assert not link.startswith("/") and (ledger.path.parent / unquote(link)).read_text() == "a report"


def test_a_run_and_the_page_may_lie_anywhere_beside_each_other() -> None:
    entries = [entry("ruled", "out/a b/seed-0"), entry("preregistered", "out/a b/seed-0")]
    assert 'href="../out/a%20b/seed-0/report.html"' in ladder_page(entries[::-1])
    assert 'href="a%20b/seed-0/report.html"' in ladder_page(entries[::-1], Path("out"))


def test_costs_are_summed(ledger: Ledger) -> None:
    told = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page_of(ledger)))
    assert told["by the clock"] == "7 min 30 s" and told["of processors"] == "8 min 20 s"
    assert told["tokens learned from"] == "5,000" and told["money"] == "2.50 USD"


def test_runs_on_different_probes_are_not_in_one_table(ledger: Ledger, tmp_path: Path) -> None:
    walk(ledger, tmp_path / "runs" / "other" / "seed-0", 0.9, "promote", "cd" * 32)
    tables = page_of(ledger).split('<table class="forest runs">')[1:]
    assert len(tables) == 2 and "other/seed-0" not in tables[0].partition("</table>")[0]
    assert page_of(ledger).count("champion</p>") == 2


def test_a_promotion_that_waits_for_a_name_says_so(ledger: Ledger, tmp_path: Path) -> None:
    assert "to be signed" not in page_of(ledger)
    walk(ledger, tmp_path / "runs" / "sixth" / "seed-0", 0.9, "promote", waits=True)
    page = page_of(ledger)
    assert "to be signed" in page and re.findall(r'<tr class="axis">.*?(\w+)/seed-0', page, re.S) == ["third"]


def test_no_place_of_this_machine_is_told_and_the_same_ladder_gives_the_same_bytes(ledger: Ledger) -> None:
    page = page_of(ledger)
    assert str(ledger.path.parent.parent) not in page and page_of(ledger) == page


def test_every_entry_stands_in_the_record(ledger: Ledger) -> None:
    record = page_of(ledger).partition('id="part-record"')[2]
    entries = ledger.entries()
    assert record.count("<tr>") == 1 + len(entries) and all(one.hash[:12] in record for one in entries)


def test_an_empty_ladder_has_a_page() -> None:
    assert "Nothing was preregistered yet" in ladder_page([])


def entry(kind: str, run: str, body: Mapping[str, Any] | None = None) -> Entry:
    told = body or {"verb": "reject", "reasons": ["r"], "by": "x"} if kind == "ruled" else body or asked("x")
    return Entry(number=1, at="2026-01-01T00:00:00Z", kind=kind, run=run, body=told, hash="e" * 64)


@pytest.mark.parametrize("headline", [{}, {EVIL: [0.5, 0.4, 0.6, 9]}, {"greedy": EVIL}, {"greedy": [EVIL] * 4}])
@pytest.mark.parametrize("run", [f"runs/{EVIL}/seed-0", "javascript:alert(1)", "//example.org/x"])
def test_nothing_runs_whatever_entries_say(headline: dict[str, Any], run: str) -> None:
    cost = {**COST, "currency": EVIL, "wall_seconds": EVIL}
    bodies = {
        "preregistered": {**asked(EVIL, EVIL), "contract": EVIL, "question": EVIL, "seed": EVIL, "settings": EVIL},
        "trained": {"artifacts": [], "cost": cost}, "measured": {"probe": EVIL, "result": EVIL, "headline": headline},
        "ruled": {"verb": EVIL, "reasons": [EVIL], "next": EVIL, "by": EVIL},
        "champion": {"contract": EVIL, "probe": EVIL}, "note": {"text": EVIL},
        "unfrozen": {"contract": EVIL, "probe": EVIL, "reason": EVIL},
    }  # fmt: skip
    page = ladder_page([entry(kind, run, body) for kind, body in bodies.items()])
    page.encode()
    read = Reader(page)
    assert not {"script", "img", "iframe", "base", "form", "textarea"} & {tag for tag, _ in read.tags}
    assert not [name for _, attributes in read.tags for name in attributes if name.startswith("on")]
    links = [str(a["href"]) for a in read.all("a")]
    assert links and not [link for link in links if re.match(r"(\w+:|//|/)", link)]
    assert EVIL[:20] in read.words and not re.search("[\x00\u202e]", page)
