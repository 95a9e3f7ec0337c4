"""The scene language: one spelling a scene, two lossless surfaces, and a code with a place for whatever is wrong."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rungwise.contracts.scene import drawing
from rungwise.contracts.scene.draft import scene_of_draft
from rungwise.contracts.scene.families import ATTRIBUTES, COLLECTIONS, ENUMS, FAMILIES, FIELDS, TAGS
from rungwise.contracts.scene.grammar import grammar, reserved
from rungwise.contracts.scene.judge import LABELS, label_of
from rungwise.contracts.scene.language import converted, parse, scene_of, write
from rungwise.contracts.scene.repair import repair
from rungwise.contracts.scene.tree import Component, Fault, Scene

TIMELINE = """[scene][layout:timeline][theme:paper_editorial][tone:amber]
[header_band][/header_band]
[timeline_stage][id:n1][ref:stages.1][/timeline_stage]
[timeline_stage][id:n2][ref:stages.3][lane:top][accent:red][/timeline_stage]
[timeline_arrow][from:n1][to:n2][/timeline_arrow]
[footer_note][/footer_note]
[/scene]"""
TREE = """[scene][layout:decision_tree]
[header_band][/header_band]
[decision_node][id:a][ref:nodes.1][/decision_node]
[decision_node][id:b][ref:nodes.2][/decision_node]
[outcome_panel][id:c][ref:outcomes.1][/outcome_panel]
[decision_edge][from:a][to:b][ref:edges.1][/decision_edge]
[decision_edge][from:b][to:c][/decision_edge]
[/scene]"""
LATE_HEADER = TIMELINE.replace("[header_band][/header_band]\n", "").replace(
    "\n[/scene]", "\n[header_band][/header_band]\n[/scene]"
)
LOOK, KOOL = "[theme:paper_editorial][tone:amber]", "[tone:amber][theme:paper_editorial]"
ARROW = "[timeline_arrow][from:n1][to:n2][/timeline_arrow]"
EDGE, FIRST, SECOND = "[decision_edge]", "[from:a][to:b][ref:edges.1]", "[from:b][to:c]"

# what is wrong -> (text, code, line)
WRONG = {
    "nothing": ("", "E_START", 1),
    "too long": ("[scene]" * 6000, "E_SIZE", 1),
    "leading junk": ("Sure! " + TIMELINE, "E_START", 1),
    "trailing junk": (TIMELINE + " done", "E_END", 7),
    "twice": (TIMELINE + "\n" + TIMELINE, "E_END", 8),
    "not closed": (TIMELINE.removesuffix("\n[/scene]"), "E_END", 6),
    "prose between": (TIMELINE.replace("\n[footer", "\nthe end\n[footer"), "E_TOKEN", 6),
    "no layout": (TIMELINE.replace("[layout:timeline]", ""), "E_ATTR_MISSING", 1),
    "unknown layout": (TIMELINE.replace("layout:timeline", "layout:carousel"), "E_ATTR_VALUE", 1),
    "attribute twice": (TIMELINE.replace("[tone:amber]", "[tone:amber][tone:amber]"), "E_ATTR_DUP", 1),
    "attributes swapped": (TIMELINE.replace(LOOK, KOOL), "E_ATTR_ORDER", 1),
    "attribute behind a component": (TIMELINE.replace("\n[footer", "\n[tone:amber]\n[footer"), "E_ATTR_ORDER", 6),
    "bogus value": (TIMELINE.replace("[tone:amber]", "[tone:amber][inset:huge]"), "E_ATTR_VALUE", 1),
    "spelled default": (TIMELINE.replace("[tone:amber]", "[tone:blue]"), "E_ATTR_DEFAULT", 1),
    "another family's attribute": (TIMELINE.replace("[tone:amber]", "[tone:amber][columns:2]"), "E_ATTR_LAYOUT", 1),
    "a tone the theme lacks": (TIMELINE.replace("tone:amber", "tone:purple"), "E_STYLE_PAIR", 1),
    "unknown tag": (TIMELINE.replace("[footer_note][/footer_note]", "[sparkle][/sparkle]"), "E_TOKEN", 6),
    "two on a line": (TIMELINE.replace("[/timeline_arrow]\n", "[/timeline_arrow]"), "E_TOKEN", 5),
    "close before open": (TIMELINE.replace("[header_band][/header_band]", "[/header_band]"), "E_NEST_CLOSE", 2),
    "open without close": (TIMELINE.replace("[/header_band]", ""), "E_NEST_OPEN", 3),
    "a field by itself": (TIMELINE.replace("[header_band][/header_band]", "[lane:top]"), "E_NEST_FIELD", 2),
    "zero components": ("[scene][layout:timeline]\n[/scene]", "E_COMP_MISSING", 2),
    "another family's component": (TIMELINE.replace("timeline_arrow", "flow_arrow"), "E_COMP_FAMILY", 5),
    "components out of order": (LATE_HEADER, "E_COMP_ORDER", 6),
    "fields out of order": (TIMELINE.replace("[lane:top][accent:red]", "[accent:red][lane:top]"), "E_COMP_FIELD", 4),
    "field twice": (TIMELINE.replace("[lane:top]", "[lane:top][lane:top]"), "E_COMP_FIELD", 4),
    "field missing": (TIMELINE.replace("[id:n1]", ""), "E_COMP_FIELD", 3),
    "field of another": (TIMELINE.replace("[lane:top]", "[state:danger]"), "E_COMP_FIELD", 4),
    "too few": (
        TIMELINE.replace("[timeline_stage][id:n1][ref:stages.1][/timeline_stage]\n", "")
        .replace("[timeline_arrow][from:n1][to:n2][/timeline_arrow]\n", ""), "E_COUNT", 5,
    ),
    "too many": (TIMELINE.replace("\n[/scene]", "\n[footer_note][/footer_note]\n[/scene]"), "E_COUNT", 8),
    "an id for a ref": (TIMELINE.replace("stages.3", "n1"), "E_REF_FORM", 4),
    "another collection": (TIMELINE.replace("stages.3", "nodes.3"), "E_REF_FORM", 4),
    "a ref for an id": (TIMELINE.replace("[to:n2]", "[to:stages.3]"), "E_TOPO_FORM", 5),
    "id twice": (TIMELINE.replace("[id:n2]", "[id:n1]"), "E_TOPO_DUP", 4),
    "renamed node": (TIMELINE.replace("[id:n2]", "[id:n3]"), "E_TOPO_DANGLING", 5),
    "dangling edge": (TREE.replace("[to:c]", "[to:d]"), "E_TOPO_DANGLING", 7),
    "left alone": (TREE.replace("[decision_edge][from:b][to:c][/decision_edge]\n", ""), "E_TOPO_DANGLING", 5),
    "a circle": (TREE.replace("[from:b][to:c]", "[from:b][to:a]"), "E_TOPO_CYCLE", 3),
    "two parents": (
        TREE.replace(EDGE + SECOND, f"{EDGE}[from:a][to:c][/decision_edge]\n{EDGE}{SECOND}"),
        "E_TOPO_CYCLE", 5,
    ),
    "an edge twice": (
        TREE.replace("[/scene]", "[decision_edge][from:b][to:c][/decision_edge]\n[/scene]"), "E_TOPO_DUP", 8,
    ),
    "edges out of order": (
        TREE.replace(FIRST, "LATER").replace(SECOND, "[from:a][to:b]").replace("LATER", SECOND),
        "E_COMP_ORDER", 7,
    ),
    "a colour": (TIMELINE.replace("[accent:red]", "[accent:#ff0000]"), "E_OWNED", 4),
    "a coordinate": (TIMELINE.replace("[lane:top]", "[x:120]"), "E_OWNED", 4),
    "a path": (TIMELINE.replace("[footer_note]", "M 10 20 L 30 40\n[footer_note]"), "E_OWNED", 6),
    "markup": (TIMELINE.replace("[footer_note]", "<script>\n[footer_note]"), "E_OWNED", 6),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_has_a_code_and_a_place(what: str) -> None:
    text, code, line = WRONG[what]
    found = parse(text)
    assert isinstance(found, Fault)
    assert (found.code, found.line) == (code, line), str(found)
    assert found.column >= 1 and (found.expected or code == "E_START"), str(found)
    assert label_of(found) in LABELS.values()


def test_right_ones_are_read() -> None:
    for text in (TIMELINE, TREE):
        scene = parse(text)
        assert isinstance(scene, Scene) and write(scene) == text


def test_every_label_of_a_fault_is_shown() -> None:
    faults = [parse(text) for text, _, _ in WRONG.values()]
    assert set(LABELS.values()) == {label_of(fault) for fault in faults if isinstance(fault, Fault)}


def drawn(seed: int) -> Scene:
    rng = random.Random(seed)
    layout = rng.choice(list(FAMILIES))
    low, high = drawing.sizes(layout)
    return scene_of_draft(drawing.draft(layout, (low, min(high, rng.randint(low, 24))), rng))


seeds = st.integers(0, 10**6)


@given(seeds)
def test_both_surfaces_hold_the_whole_scene(seed: int) -> None:
    scene = drawn(seed)
    block, packed = write(scene), write(scene, "packed")
    assert parse(block) == scene == parse(packed, "packed")
    assert (converted(block, "block", "packed"), converted(packed, "packed", "block")) == (packed, block)


@given(seeds, st.randoms())
def test_there_is_one_spelling(seed: int, rng: random.Random) -> None:
    """Whatever order attributes, fields and (where they are told apart by more than their place) edges are given in."""
    scene = drawn(seed)
    attributes = list({**dict.fromkeys(scene.family.attributes), **scene.attributes}.items())
    rng.shuffle(attributes)
    given = {name: value or ATTRIBUTES[name][0] for name, value in attributes}
    edges = [one for one in scene.components if "from" in one.fields]
    rng.shuffle(edges)
    components = [one for one in scene.components if "from" not in one.fields] + edges
    mixed = []
    for one in components:
        fields = list(one.fields.items())
        rng.shuffle(fields)
        mixed.append(Component(one.tag, dict(fields)))
    assert scene_of(scene.layout, given, tuple(mixed)) == scene


@given(seeds, st.data())
def test_a_text_that_is_changed_is_read_or_told_why_not(seed: int, data: st.DataObject) -> None:
    text = write(drawn(seed))
    tags = re.findall(r"\[[^\]]*\]|\n", text)
    at, other = (data.draw(st.integers(0, len(tags) - 1)) for _ in range(2))
    how = data.draw(st.sampled_from(("drop", "double", "swap", "junk", "cut")))
    if how == "drop":
        tags.pop(at)
    elif how == "double":
        tags.insert(at, tags[at])
    elif how == "swap":
        tags[at], tags[other] = tags[other], tags[at]
    elif how == "junk":
        tags.insert(at, data.draw(st.text(max_size=12)))
    else:
        tags = tags[:at]
    changed = "".join(tags)
    for surface in ("block", "packed"):
        found = parse(changed, surface)
        if isinstance(found, Scene):
            assert write(found, surface) == changed
        else:
            assert found.code.startswith("E_") and found.line >= 1 and str(found)
    assert repair(changed, "block").answer == repair(repair(changed, "block").answer, "block").answer


@given(st.text(max_size=300))
def test_any_text_at_all_is_told_why_not(text: str) -> None:
    for surface in ("block", "packed"):
        assert isinstance(parse(text, surface), Fault)
        repair(text, surface)


@given(seeds)
def test_the_grammar_has_it_on_both_surfaces(seed: int) -> None:
    scene = drawn(seed)
    for surface in ("block", "packed"):
        assert re.fullmatch(grammar(surface, tuple(FAMILIES)).regex(), write(scene, surface))


def test_what_is_reserved_is_structure() -> None:
    """From the table alone: no id, no key, no number, no payload; another topic adds nothing."""
    for surface in ("block", "packed"):
        words = reserved(surface, tuple(FAMILIES))
        assert len(set(words)) == len(words)
        for word in words:
            inner = re.sub(r"^[\n|]?\[?/?|[\]:.=]+$", "", word)
            known = {"scene", "layout", "-", "->", "", *TAGS, *FIELDS, *COLLECTIONS, *ATTRIBUTES}
            pairs = {
                f"{n}{m}{v}"
                for n, vs in (*ATTRIBUTES.items(), *ENUMS.items(), ("layout", tuple(FAMILIES)))
                for v in vs
                for m in ":="
            }
            assert inner in known | pairs, word


# ---- repair: close, dedupe, reorder, never invent ----

MENDED = {
    "words around": ("Here you are:\n" + TIMELINE + "\nEnjoy!", TIMELINE),
    "not closed": (TIMELINE.removesuffix("\n[/scene]"), TIMELINE),
    "cut in the last component": (TIMELINE.removesuffix("[/footer_note]\n[/scene]"), TIMELINE),
    "attribute twice": (TIMELINE.replace("[tone:amber]", "[tone:amber][tone:blue]"), TIMELINE),
    "attributes swapped": (TIMELINE.replace(LOOK, KOOL), TIMELINE),
    "fields swapped": (TIMELINE.replace("[lane:top][accent:red]", "[accent:red][lane:top]"), TIMELINE),
    "a default": (TIMELINE.replace("[ref:stages.1]", "[ref:stages.1][lane:center]"), TIMELINE),
    "components out of order": (LATE_HEADER, TIMELINE),
    "an edge twice": (TIMELINE.replace("[footer_note]", f"{ARROW}\n[footer_note]"), TIMELINE),
}  # fmt: skip


@pytest.mark.parametrize("what", MENDED)
def test_what_can_be_mended(what: str) -> None:
    broken, whole = MENDED[what]
    assert isinstance(parse(broken), Fault)
    found = repair(broken, "block")
    assert found.answer == whole and found.edits


@given(seeds, st.data())
def test_repair_never_invents(seed: int, data: st.DataObject) -> None:
    """Every component, field and attribute of what was mended stood in the text."""
    text = write(drawn(seed))
    lines = text.split("\n")
    lines.pop(data.draw(st.integers(1, len(lines) - 1)))
    cut = "\n".join(lines)[: data.draw(st.integers(10, len(text)))]
    mended = repair(cut, "block").answer
    for tag in re.findall(r"\[[a-z_]+(?::[^\]]*)?\]", mended):
        assert tag in cut
