"""The packs of content: real copy, of the shapes that the family table asks for."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import pytest

from rungwise.contract import Json
from rungwise.contracts.scene.content import check_content
from rungwise.contracts.scene.families import FAMILIES, LONGEST, MOST_CELLS, MOST_LINES, MOST_ROWS, Item, Kind
from rungwise.contracts.scene.language import ID
from rungwise.contracts.scene.packs import BAR, LENGTHS, PACKS, WIDTHS, Length, Pack, content_for, names_of
from rungwise.contracts.scene.topics import (
    LONGEST_KICKER,
    LONGEST_LABEL,
    LONGEST_NAME,
    LONGEST_SENTENCE,
    LONGEST_TITLE,
)

HIDDEN = [pack for pack in PACKS.values() if pack.hidden]
SEEN = [pack for pack in PACKS.values() if not pack.hidden]


def content(
    layout: str, length: Length = "medium", seed: int = 0, pack: Pack = SEEN[0], **counts: int
) -> dict[str, Json]:
    return content_for(layout, counts, pack, random.Random(seed), length)


def keyed(layout: str, **counts: int) -> dict[str, Json]:
    return content_for(layout, counts, SEEN[0], random.Random(0), "medium", keyed=True)


# ---- the schema of the table, read by itself ----


def fits(kind: Kind, value: Json) -> bool:
    match kind:
        case "number":
            return type(value) is int and BAR[0] <= value <= BAR[1]
        case "lines":
            return listed(value, MOST_LINES) and all(words(line, LONGEST["lines"]) for line in value)
        case "cells":
            return listed(value, MOST_CELLS) and all(words(cell, LONGEST["cells"]) for cell in value)
        case "rows":
            return listed(value, MOST_ROWS) and all(
                set(row) == {"cells"} and fits("cells", row["cells"]) for row in value
            )
    return words(value, LONGEST[kind])


def words(value: Json, longest: int) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= longest and value == " ".join(value.split())


def listed(value: Json, most: int) -> bool:
    return isinstance(value, list) and 1 <= len(value) <= most


def wrong(item: Item, value: Mapping[str, Json]) -> list[str]:
    """The fields that the table does not have, the ones that are missing, and the ones that do not fit."""
    kinds = {**item.must, **item.may}
    missing = [name for name in item.must if name not in value]
    return missing + [name for name, held in value.items() if name not in kinds or not fits(kinds[name], held)]


@pytest.mark.parametrize("layout", FAMILIES)
@pytest.mark.parametrize("length", LENGTHS)
def test_content_of_every_pack_has_the_shape_of_the_table(layout: str, length: Length) -> None:
    most = {part.content: part.most for part in FAMILIES[layout].parts if part.content}
    for seed, pack in enumerate(PACKS.values()):
        made = content(layout, length, seed, pack, **(most if seed % 2 else {}))
        assert set(made) == set(most) and check_content(layout, made) == ()
        for part in FAMILIES[layout].parts:
            assert part.content and part.item
            items = made[part.content] if "ref" in part.fields else [made[part.content]]
            assert [wrong(part.item, one) for one in items] == [[]] * len(items)
            assert len(items) >= part.least and (seed % 2 == 0 or len(items) == part.most)


def test_a_collection_has_as_many_items_as_are_asked_for_all_with_other_names() -> None:
    for count in (0, 1, 12, 24, 40):
        titles = [node["title"] for node in content("flow_graph", nodes=count)["nodes"]]
        assert len(titles) == len(set(titles)) == count
        assert len(keyed("flow_graph", edges=count)["edges"]) == count


def test_every_optional_field_is_there_at_length_and_missing_somewhere_below() -> None:
    for layout, family in FAMILIES.items():
        rich, poor = content(layout, "long"), [content(layout, "short", seed) for seed in range(30)]
        for part in family.parts:
            assert part.content and part.item
            for name in part.item.may:
                assert name in first(rich[part.content])
                there = [name in first(made[part.content]) for made in poor]
                assert any(there) and not all(there)


def first(held: Json) -> Mapping[str, Json]:
    one: Mapping[str, Json] = held[0] if isinstance(held, list) else held
    return one


@pytest.mark.parametrize("layout", FAMILIES)
def test_longer_content_says_more(layout: str) -> None:
    sizes = [sum(len("".join(texts(content(layout, length, seed)))) for seed in range(20)) for length in LENGTHS]
    assert sizes[0] * 1.2 < sizes[1] and sizes[1] * 1.2 < sizes[2]


def texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(inner)


# ---- what belongs together ----


@pytest.mark.parametrize("seed", range(8))
def test_tables_are_as_wide_as_their_heads(seed: int) -> None:
    poster, matrix = content("poster_stack", seed=seed, rows=8), content("table_matrix", "long", seed, groups=4)
    wide = {len(poster["table"]["columns"]), *(len(row["cells"]) for row in poster["rows"])}
    assert len(wide) == 1 and wide <= set(WIDTHS)
    for group in matrix["groups"]:
        assert {len(row["cells"]) for row in group["rows"]} == {len(group["header"])} <= set(WIDTHS)
        assert len({row["cells"][0] for row in group["rows"]}) == len(group["rows"])


@pytest.mark.parametrize("columns", [2, 3, 5])
def test_a_metric_has_a_value_for_every_column(columns: int) -> None:
    board = content("comparison_board", columns=columns, metrics=6)
    assert [len(metric["values"]) for metric in board["metrics"]] == [columns] * 6 and len(board["columns"]) == columns


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
def test_offsets_are_the_sums_of_the_sizes_before_them(pack: Pack) -> None:
    for segments in (1, 3, 5, 6, 20):
        made = content("memory_map", seed=segments, pack=pack, segments=segments)
        offsets = [amount(offset) for offset in made["addresses"]["offsets"]]
        sizes = [amount(segment["size"]) for segment in made["segments"]]
        sums = [sum(sizes[:at]) for at in range(segments + 1)]
        assert offsets == sums if segments < MOST_LINES else len(offsets) == MOST_LINES
        assert set(offsets) <= set(sums) and (offsets[0], offsets[-1]) == (0, sums[-1])
        assert all(one < other for one, other in pairwise(offsets))


def amount(text: str) -> int:
    return int(text.split()[0], 0) if text.startswith("0x") else int(text.split()[0])


def test_no_item_says_a_sentence_twice() -> None:
    for seed in range(40):
        for stage in content("system_diagram", "long", seed, stages=8)["stages"]:
            said = [*re.split(r"(?<=\.) ", stage["body"]), *stage["detail"]]
            assert len(said) == len(set(said))


# ---- the same for equal streams, other for others ----


@pytest.mark.parametrize("layout", FAMILIES)
def test_content_is_a_function_of_its_stream(layout: str) -> None:
    assert content(layout, seed=5) == content(layout, seed=5) != content(layout, seed=6)


def test_content_by_name_is_the_content_by_number_under_the_keys_of_its_names() -> None:
    for layout, family in FAMILIES.items():
        by_number, by_name = content(layout, nodes=24, segments=20), keyed(layout, nodes=24, segments=20)
        for part in family.parts:
            assert part.content
            numbered, named = by_number[part.content], by_name[part.content]
            assert (list(named.values()) == numbered) if "ref" in part.fields else (named == numbered)
            assert "ref" not in part.fields or set(named) <= set(names_of(SEEN[0]))
    assert "decode_step" in keyed("flow_graph", nodes=24)["nodes"]
    assert all(re.fullmatch(ID, key) for key in keyed("flow_graph", nodes=90)["nodes"])


# ---- the packs ----


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
def test_packs_hold_enough_words_of_the_right_length(pack: Pack) -> None:
    assert len(pack.title) <= LONGEST_TITLE and len(pack.kicker) <= LONGEST_KICKER
    enough(pack.names, 24, LONGEST_NAME)  # the most nodes of any family
    enough(pack.sentences, 10, LONGEST_SENTENCE)
    enough(pack.labels, 8, LONGEST_LABEL)
    enough(pack.values, 8, LONGEST["short"])
    enough(pack.sizes, 6, LONGEST["short"])
    assert all(1 <= len(re.split(r"[ ]", name)) <= 3 for name in pack.names)
    assert all(len(text) >= 25 and text[0].isupper() and re.search(r"[^.]\.$", text) for text in pack.sentences)
    assert len({re.sub(r"^(0x)?[0-9A-F]+", "", size) for size in pack.sizes}) == 1


def enough(words: Sequence[str], least: int, longest: int) -> None:
    assert len(set(words)) == len(words) >= least and all(1 <= len(word) <= longest for word in words)


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
def test_keys_are_ids_and_all_different(pack: Pack) -> None:
    keys = names_of(pack)
    assert len(set(keys)) == len(pack.names) and all(re.fullmatch(ID, key) for key in keys)


def test_hidden_packs_share_no_title_name_or_sentence_with_seen_ones() -> None:
    assert len(SEEN) >= 10 and len(HIDDEN) >= 4
    seen, hidden = ({text.lower() for pack in packs for text in own(pack)} for packs in (SEEN, HIDDEN))
    assert not seen & hidden


def own(pack: Pack) -> tuple[str, ...]:
    return (pack.title, pack.kicker, *pack.names, *pack.sentences)


def test_no_copy_holds_markup_but_the_ampersands_that_are_meant() -> None:
    copy = [
        text
        for pack in PACKS.values()
        for text in (*own(pack), *pack.labels, *pack.values, *pack.sizes)
        if set(text) & set("<>&[]")
    ]
    assert copy == ["O&M crew", "P&I cover"]
