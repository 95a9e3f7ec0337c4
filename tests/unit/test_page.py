"""A page of answers stands alone and runs nothing, whatever prompts, answers, notes and pictures hold."""

import re
from html.parser import HTMLParser

import pytest

from rungwise.contract import Repair, Task, Verdict
from rungwise.report.page import MOST_CHARS, Mended, Shown, is_plain_svg, page

EVIL = (
    "<script>alert(1)</script><img src=https://example.org/x onerror=alert(1)>\"'&amp;</pre></textarea>\u202e\x00\ud800"
)
PLAIN = (
    '<svg xmlns="http://www.w3.org/2000/svg" id="c1" viewBox="0 0 9 9"><title>a &lt;b&gt;</title>'
    "<style>#c1 .x{fill:red}@media (prefers-color-scheme:dark){#c1 .x{fill:blue}}</style>"
    '<rect class="x" width="9"/></svg>'
)
SVG_START = '<svg xmlns="http://www.w3.org/2000/svg" id="c1">'


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
        self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def shown(number: int = 1, answer: str = "an answer", picture: str | None = None, repaired: bool = False) -> Shown:
    task = Task(
        id=f"id{number}", contract="c", split="dev", tier=f"T{number}", family="f", prompt=f"prompt {number}",
        facts={"secret": "the hidden fact"},
    )  # fmt: skip
    verdict = Verdict(
        score=0.4321, passed=False, failure="slow", parts={"speed": 0.25}, measures={"steps": 12.0},
        exploit="padding", notes=("a note",),
    )  # fmt: skip
    mended = Mended(Repair(answer="a mended answer", edits=("an edit",)), Verdict(score=1.0, passed=True), picture)
    return Shown(task, answer, verdict, picture, mended if repaired else None)


def evil() -> Shown:
    task = Task(id=EVIL, contract=EVIL, split=EVIL, tier=EVIL, family=EVIL, prompt=EVIL, facts={})
    verdict = Verdict(
        score=float("nan"), passed=False, failure=EVIL, parts={EVIL: 7.0}, measures={EVIL: float("inf")},
        exploit=EVIL, notes=(EVIL,) * 100,
    )  # fmt: skip
    return Shown(task, EVIL, verdict, EVIL, Mended(Repair(answer=EVIL, edits=(EVIL,)), verdict, EVIL))


def test_everything_that_was_judged_is_told() -> None:
    read = Reader(page("A title", "A lead.", [shown(repaired=True)], {"slow": "be quicker"}))
    for word in ("A title", "A lead.", "prompt 1", "0.432", "speed", "steps", "slow", "be quicker", "a note", "padding",
                 "an answer", "a mended answer", "an edit", "passed", "failed"):  # fmt: skip
        assert word in read.words, word


def test_every_item_has_a_row_that_leads_to_its_card() -> None:
    read = Reader(page("t", "l", [shown(number) for number in range(1, 6)], {}))
    cards = {attributes["id"] for attributes in read.all("article")}
    links = [str(a["href"]) for a in read.all("a") if str(a["href"]).startswith("#item")]
    assert len(read.all("tr")) == 1 + 5
    assert [link[1:] for link in links] == sorted(cards) and len(cards) == 5


def test_one_item_needs_no_table() -> None:
    assert not Reader(page("t", "l", [shown()], {})).all("table")


def test_raw_and_repaired_stand_in_columns_of_their_own() -> None:
    both = page("t", "l", [shown(1, repaired=True), shown(2)], {})
    assert "raw score" in both and "repaired score" in both
    rows = re.findall(r"<tr>.*?</tr>", both)
    assert len({row.count("<td") + row.count("<th") for row in rows}) == 1
    assert "repaired score" not in page("t", "l", [shown(1), shown(2)], {})


def test_the_facts_of_a_task_are_never_shown() -> None:
    assert "hidden fact" not in page("t", "l", [shown(repaired=True), shown(2)], {})


@pytest.mark.parametrize("picture", [None, PLAIN, EVIL, f"<svg>{EVIL}</svg>", f"{SVG_START}<script/></svg>"])
def test_nothing_runs_and_nothing_is_fetched(picture: str | None) -> None:
    text = page(EVIL, EVIL, [evil(), shown(2, EVIL, picture, repaired=True)], {EVIL: EVIL})
    text.encode()
    read = Reader(text)
    policy = str(read.all("meta")[1]["content"])
    assert "default-src 'none'" in policy and "script" not in policy and "http" not in policy
    assert not {"script", "object", "embed", "base", "form", "audio", "video"} & {tag for tag, _ in read.tags}
    for tag, attributes in read.tags:
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("src", "href"):
            assert str(attributes.get(name) or "#").startswith(("#", "data:")), tag
    assert all("sandbox" in frame and not frame["sandbox"] for frame in read.all("iframe"))
    outside = re.sub(r'srcdoc="[^"]*"|src="data:[^"]*"|xmlns="[^"]*"', "", text)
    assert "\u202e" not in outside and "\x00" not in outside
    assert "https:" not in re.sub(r"&lt;img src=https://example.org/x", "", outside) and "http:" not in outside


def test_names_within_the_page_are_unique_and_every_link_arrives() -> None:
    read = Reader(page("t", "l", [shown(1, repaired=True), shown(2)], {}))
    names = [str(attributes["id"]) for _, attributes in read.tags if "id" in attributes]
    assert len(names) == len(set(names))
    for _, attributes in read.tags:
        for key in ("href", "aria-labelledby"):
            target = str(attributes.get(key) or "").removeprefix("#")
            assert target in {*names, ""} or target.startswith("data:")


def test_a_long_answer_is_cut_and_the_page_says_by_how_much() -> None:
    text = page("t", "l", [shown(1, "a" * (MOST_CHARS + 1234))], {})
    assert "1,234 characters left out" in text and "a" * MOST_CHARS in text and "a" * (MOST_CHARS + 1) not in text
    assert "left out" not in page("t", "l", [shown(1, "a" * MOST_CHARS)], {})


def test_the_first_line_of_an_answer_is_kept_though_it_is_empty() -> None:
    assert "\n\nb</pre>" in page("t", "l", [shown(1, "\nb")], {})


def test_a_plain_picture_stands_in_the_page_and_any_other_apart() -> None:
    assert PLAIN in page("t", "l", [shown(1, picture=PLAIN)], {})
    unscoped = PLAIN.replace("#c1 .x{fill:red}", "body{fill:pink}")
    assert "fill:pink" not in page("t", "l", [shown(1, picture=unscoped)], {})
    assert Reader(page("t", "l", [shown(1, picture=unscoped)], {})).all("img")
    assert Reader(page("t", "l", [shown(1, picture="<p>a table</p>")], {})).all("iframe")


@pytest.mark.parametrize(
    "inside",
    [
        "<script>1</script>",
        "<foreignObject><p>x</p></foreignObject>",
        "<image href='https://example.org/x'/>",
        "<a href='#x'><text>x</text></a>",
        "<use href='https://example.org/x#y'/>",
        "<use xmlns:l='http://www.w3.org/1999/xlink' l:href='https://example.org/x'/>",
        "<rect onclick='1'/>",
        "<rect style='fill:url(https://example.org/x)'/>",
        "<rect fill='url(https://example.org/x)'/>",
        "<title><path/></title>",
        "<style>text{fill:red}</style>",
        "<style>#c1 a,body{fill:red}</style>",
        "<style>@import 'x';#c1 a{fill:red}</style>",
        "<style>#c1 a{fill:url(https://example.org/x)}</style>",
        "<style>#c1 a{}/*{*/body{fill:red}</style>",
        "<style>#c1~main{display:none}</style>",
        "<p xmlns='http://www.w3.org/1999/xhtml'>x</p>",
        "<animate/>",
        "<!-- x -->",
        "<![CDATA[x]]>",
        "<g>",
        "\x00",
        "\ud800",
    ],
)
def test_a_picture_that_reaches_out_is_not_plain(inside: str) -> None:
    assert is_plain_svg(f"{SVG_START}<g/></svg>")
    assert not is_plain_svg(f"{SVG_START}{inside}</svg>")


def test_the_same_items_give_the_same_bytes() -> None:
    items = [shown(1, picture=PLAIN, repaired=True), evil()]
    assert page("t", "l", items, {}) == page("t", "l", items, {})
