"""The normaliser: no word of an asset is left, roles and shapes are told, what is not supported is named."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.contracts.scene.assets import Asset, registry, svg_of
from rungwise.contracts.scene.normalise import Normalised, normalise, write_normalised
from rungwise.contracts.scene.vector import MAX_BYTES, Element, read, unsupported, walk, words
from rungwise.errors import InputError

ASSETS = registry()
PLACEHOLDER = re.compile(
    r"(?:heading|kicker|title|value|label|caption|paragraph|footnote|name)_[1-9][0-9]*_[sml](?:\.[0-9]+)?"
)
SVG_WORDS = {"none", "middle", "round", "start", "auto", "reverse", "sans", "serif", "mono"}  # what attributes may say


def svg(body: str, more: str = "") -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"{more}>\n{body}\n</svg>'


def normalised(text: str) -> Normalised:
    found = normalise(text)
    assert isinstance(found, Normalised), found
    return found


def root_of(text: str) -> Element:
    found = read(text)
    assert isinstance(found, Element), found
    return found


@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset.name)
def test_no_word_of_an_asset_is_left(asset: Asset) -> None:
    before, after = root_of(svg_of(asset)), root_of(normalised(svg_of(asset)).svg)
    said = set(re.findall(r"[^\W\d_]{4,}", words(before).casefold())) - SVG_WORDS
    texts = [child.strip() for one in walk(after) for child in one.children if isinstance(child, str) and child.strip()]
    assert texts and all(PLACEHOLDER.fullmatch(text) for text in texts)
    for element in walk(after):
        for name, value in element.attributes.items():
            if name not in ("d", "font-family"):
                assert not said & set(re.findall(r"[^\W\d_]{4,}", value.casefold())), (element, name, value)


@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset.name)
def test_order_and_counts_are_kept(asset: Asset) -> None:
    before, after = root_of(svg_of(asset)), root_of(normalised(svg_of(asset)).svg)
    assert [one.tag for one in walk(before)] == [one.tag for one in walk(after)]
    assert _pieces(before) == _pieces(after)
    assert sum(asset.roles.values()) == sum(one.tag in ("text", "title", "desc") for one in walk(before))
    assert normalised(svg_of(asset)).svg == normalised(svg_of(asset)).svg
    assert asset.roles["heading"] >= 1


def _pieces(root: Element) -> int:
    return sum(isinstance(child, str) and bool(child.strip()) for one in walk(root) for child in one.children)


def test_words_hide_nowhere() -> None:
    hidden = (
        '<!-- Kilimanjaro --><defs><linearGradient id="kilimanjaro"><stop stop-color="#123456"/></linearGradient>'
        "</defs>"
        '<g id="kilimanjaro-hut" class="kilimanjaro" data-x="kilimanjaro" aria-label="Kilimanjaro" '
        'xmlns:i="urn:i" i:label="Kilimanjaro">Kilimanjaro<title>Kilimanjaro</title><desc>Kilimanjaro</desc>'
        '<rect width="9" height="9" style="fill: url(\'#kilimanjaro\')"/>'
        '<text x="5" y="5">Kilimanjaro <tspan>Kilimanjaro</tspan> Kilimanjaro</text></g>'
    )
    found = normalised(svg(hidden, ' lang="kilimanjaro"'))
    assert "kilimanjaro" not in found.svg.casefold()
    assert found.roles == {"name": 2, "paragraph": 1}
    assert ">paragraph_1_m<tspan>paragraph_1_m.2</tspan>paragraph_1_m.3</text>" in found.svg
    assert 'fill="url(#g' in found.svg


def test_roles_are_told_from_size_weight_and_place() -> None:
    said = [
        (10, 9, "", "Field notes"), (18, 28, "bold", "What the tide leaves"),
        (24, 12, "", "Measured on one beach in a dry spring."),
        (45, 16, "700", "Mussels"), (52, 24, "bold", "42 kg"), (60, 12, "", "under the pier"),
        (66, 10, "", "Counted twice, by two people who did not speak."), (97, 12, "", "After the warden's book."),
    ]  # fmt: skip
    texts = "".join(
        f'<text x="5" y="{y * 10}" font-size="{size}" font-weight="{weight or 400}">{text}</text>'
        for y, size, weight, text in said
    )
    found = normalised(svg(texts).replace("0 0 100 100", "0 0 1000 1000"))
    assert re.findall(r">(\w+)</text>", found.svg) == [
        "kicker_1_s", "heading_1_m", "paragraph_1_m", "title_1_s", "value_1_s", "label_1_m", "caption_1_l",
        "footnote_1_m",
    ]  # fmt: skip


def test_shapes_are_counted_by_what_they_look_like() -> None:
    drawn = (
        '<rect width="1000" height="1000" fill="#0b1020"/><rect x="50" y="50" width="900" height="80"/>'
        '<rect x="50" y="200" width="300" height="200" rx="8"/><rect x="50" y="600" width="120" height="30" rx="15"/>'
        '<circle cx="9" cy="9" r="4"/><path d="M400 300H600" fill="none" stroke="#ff0000" marker-end="url(#tip)"/>'
        '<line x1="0" y1="0" x2="9" y2="9" stroke="#ff0000"/><path d="M0 0h4v4z"/>'
    )
    found = normalised(svg(drawn).replace("0 0 100 100", "0 0 1000 1000")).inventory
    kinds = ("arrow", "band", "connector", "detail", "disc", "panel", "pill")
    assert found.shapes == dict.fromkeys(kinds, 1)
    assert (found.theme, found.tone) == ("infra_dark", "mixed")


@pytest.mark.parametrize(
    ("line", "code", "named"),
    [
        ('<foreignObject id="note"/>', "E_SVG_ELEMENT", '<foreignObject id="note">'),
        ('<image href="#x"/>', "E_SVG_ELEMENT", "<image>"),
        ('<use href="other.svg#x"/>', "E_SVG_EXTERNAL", "other.svg#x"),
        ('<animate attributeName="x"/>', "E_SVG_ELEMENT", "<animate>"),
        ("<script>alert(1)</script>", "E_SVG_SCRIPT", "<script>"),
        ('<rect id="r" onclick="go()"/>', "E_SVG_SCRIPT", '<rect id="r"> onclick'),
        ("<style>text{fill:red}</style>", "E_SVG_STYLE", "<style>"),
        ('<filter id="f"><feTurbulence/></filter>', "E_SVG_FILTER", "<feTurbulence>"),
        ('<rect fill="url(https://x.org/a#b)"/>', "E_SVG_EXTERNAL", "https://x.org/a#b"),
        ("<rect style=\"fill: url( 'a.svg#b' )\"/>", "E_SVG_EXTERNAL", "a.svg#b"),
        ('<rect xmlns="urn:other"/>', "E_SVG_ELEMENT", "<urn:other:rect>"),
        ('<rect xmlns=""/>', "E_SVG_ELEMENT", "<no namespace:rect>"),
    ],
)
def test_what_is_not_supported_is_named_with_its_line(line: str, code: str, named: str) -> None:
    faults = normalise(svg(f"<g/>\n{line}"))
    assert isinstance(faults, tuple)
    assert (code, 3) in {(fault.code, fault.line) for fault in faults}
    assert any(named in fault.found for fault in faults)


def test_every_unsupported_element_is_told_at_once() -> None:
    faults = unsupported(root_of(svg("<image/>\n<script/>\n<rect/>")))
    assert [(fault.code, fault.line) for fault in faults] == [("E_SVG_ELEMENT", 2), ("E_SVG_SCRIPT", 3)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('<!DOCTYPE svg [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>' + svg("<text>&b;</text>"), "E_SVG_ENTITY"),
        ('<!DOCTYPE svg SYSTEM "http://x.org/svg.dtd">' + svg(""), "E_SVG_ENTITY"),
        ('<?xml-stylesheet href="http://x.org/a.css"?>' + svg(""), "E_SVG_STYLE"),
        (svg("<g>" * 100 + "</g>" * 100), "E_SVG_SIZE"),
        (svg("<g/>" * 6000), "E_SVG_SIZE"),
        (svg(" " * MAX_BYTES), "E_SVG_SIZE"),
        (svg("<g>"), "E_SVG_XML"),
        (svg("<text>&nbsp;</text>"), "E_SVG_XML"),
        ("", "E_SVG_XML"),
        ("\ud800", "E_SVG_XML"),
        ("<svg/>", "E_SVG_XML"),
        ("<html/>", "E_SVG_XML"),
    ],
)
def test_what_is_no_safe_picture_is_refused(text: str, code: str) -> None:
    found = normalise(text)
    assert isinstance(found, tuple) and [fault.code for fault in found] == [code]


def test_a_picture_may_be_odd_without_harm() -> None:
    """No size, no numbers, paths of nothing, nested text: measured as well as can be, never an error."""
    odd = '<rect width="wide"/><path d=""/><path d="Q1 2"/><polygon points="1"/><text/>'
    odd += '<text x="a">b<tspan dy="?">c</tspan></text>'
    for text in (svg(odd), svg(odd).replace(' viewBox="0 0 100 100"', ""), svg(odd).replace("0 0 100 100", "0 0 0 0")):
        assert normalised(text).svg.count("_s") == 2


def test_nothing_half_written_is_left_behind(tmp_path: Path) -> None:
    source, target = tmp_path / "in.svg", tmp_path / "out.svg"
    source.write_text(svg('<text>Tides</text>\n<image id="photo"/>'))
    target.write_text("before")
    with pytest.raises(InputError, match=r'in\.svg:3: E_SVG_ELEMENT: <image id="photo">'):
        write_normalised(source, target)
    assert target.read_text() == "before" and sorted(tmp_path.iterdir()) == [source, target]
    source.write_text(svg("<text>Tides</text>"))
    assert write_normalised(source, target).svg == target.read_text()
    with pytest.raises(InputError, match="cannot be written"):
        write_normalised(source, tmp_path)
    with pytest.raises(InputError, match="cannot be written"):
        write_normalised(source, tmp_path / "nowhere" / "out.svg")
    with pytest.raises(InputError, match="cannot be read"):
        write_normalised(tmp_path / "nowhere.svg", target)
    assert sorted(tmp_path.iterdir()) == [source, target]


@given(st.integers(0, len(ASSETS) - 1), st.floats(0, 1), st.integers(0, 60), st.text(max_size=30))
@settings(max_examples=150, deadline=None)
def test_a_damaged_picture_is_refused_or_read(which: int, place: float, gone: int, put: str) -> None:
    text = svg_of(ASSETS[which])
    at = int(place * len(text))
    found = normalise(text[:at] + put + text[at + gone :])
    if isinstance(found, Normalised):
        assert isinstance(normalise(found.svg), Normalised)
    else:
        assert found and all(fault.code.startswith("E_SVG_") and fault.line >= 1 for fault in found)
