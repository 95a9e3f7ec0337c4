"""The one table of the scene language: attributes, fields, and what each family is made of. Grammar, reader, writer,
content schema, generator, compiler and tests are driven by it; no other file names a tag or a value by its own list.

Three namespaces, never mixed: *ids* name components within a scene (`n1`), *refs* name content outside of it
(`stages.3`, the third item; or `stages.cache`, an item by its key), and enum values belong to the language. Text,
colours, coordinates and paths are not in the language at all: the compiler owns them.

`legend` stands where the published line had a free `topic`: what a picture is about is content, not structure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

# ---- attributes: of the whole scene, in their one legal order; the first value is the default, never written ----

ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "canvas": ("wide", "tall", "square"),
    "theme": ("infra_dark", "paper_editorial", "signal_glow"),
    "tone": ("blue", "amber", "green", "purple", "mixed"),
    "frame": ("panel", "card", "none"),
    "density": ("balanced", "compact", "airy"),
    "inset": ("md", "sm", "lg"),
    "gap": ("md", "sm", "lg"),
    "hero": ("left", "center", "split"),
    "columns": ("auto", "1", "2", "3", "4"),
    "emphasis": ("top", "left", "center"),
    "rail": ("none", "muted", "accent"),
    "background": ("none", "grid", "mesh", "rings"),
    "connector": ("line", "arrow", "bracket", "curve"),
    "legend": ("bottom", "top", "side"),
}
TONES_OF: Mapping[str, tuple[str, ...]] = {
    "infra_dark": ("blue", "amber", "green", "purple", "mixed"),
    "paper_editorial": ("blue", "amber", "green", "mixed"),
    "signal_glow": ("blue", "green", "purple"),
}
SPECIAL = ("columns", "connector", "legend")  # only where a family says so

# ---- fields: of one component, in their one legal order ----

ENUMS: Mapping[str, tuple[str, ...]] = {  # the first is the default and is never written; "" means it must be written
    "side": ("", "left", "right"),
    "lane": ("center", "top", "bottom"),
    "place": ("middle", "far_left", "left", "right", "far_right"),
    "variant": ("default", "hero", "metric", "note", "warning", "success"),
    "state": ("normal", "highlight", "success", "warning", "danger"),
    "accent": ("tone", "amber", "green", "blue", "purple", "red", "muted", "mixed"),
}
FIELDS = ("id", "from", "to", "ref", *ENUMS)

# ---- content: what an item holds, by kind ----

Kind = Literal["short", "title", "text", "lines", "cells", "number", "rows"]
LONGEST: Mapping[Kind, int] = {
    "short": 24,
    "title": 64,
    "text": 240,
    "lines": 72,
    "cells": 40,
    "number": 16,
    "rows": 40,
}
MOST_LINES, MOST_CELLS, MOST_ROWS = 6, 6, 12


@dataclass(frozen=True, slots=True)
class Item:
    """The shape of one content item; what ends in `?` in the table may be absent."""

    must: Mapping[str, Kind]
    may: Mapping[str, Kind]


def item(**kinds: Kind) -> Item:
    must = {name: kind for name, kind in kinds.items() if not name.endswith("_")}
    return Item(must, {name[:-1]: kind for name, kind in kinds.items() if name.endswith("_")})


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A kind of component in a family. Without `ref` in its fields its content is the one item at `content`."""

    tag: str
    least: int
    most: int
    fields: tuple[str, ...] = ()
    content: str | None = None
    item: Item | None = None
    joins: tuple[str, ...] = ()  # the tags that `from` and `to` may name
    bare: bool = False  # its ref may be left out: an edge without a label

    @property
    def node(self) -> bool:
        return "id" in self.fields


Rule = Literal["chain", "tree", "acyclic", "connected", "span", "loose"]


@dataclass(frozen=True, eq=False)
class Family:
    name: str
    parts: tuple[Part, ...]  # in their one legal order
    special: tuple[str, ...] = ()
    rule: Rule = "loose"  # what its edges must form
    body: tuple[int, int] = (1, 64)  # components besides header, badges and footer
    same: tuple[tuple[str, str], ...] = field(default=())  # pairs of tags that need each other

    @cached_property
    def part(self) -> Mapping[str, Part]:
        return {part.tag: part for part in self.parts}

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        return tuple(name for name in ATTRIBUTES if name not in SPECIAL or name in self.special)


MOST_COMPONENTS = 80
PLAIN = ("header_band", "badge_pill", "footer_note")  # around the body, in every family

_header = Part("header_band", 1, 1, (), "header", item(headline="title", kicker_="short", subtitle_="text"))
_footer = Part("footer_note", 0, 1, (), "footer", item(text="text"))
_badges = Part("badge_pill", 0, 3, ("ref", "accent"), "badges", item(text="short"))
_callout = Part("callout_card", 0, 1, ("accent",), "callout", item(title="title", note="text"))
_legend = Part("legend_row", 0, 6, ("ref", "accent"), "legend", item(label="short"))
_cards = item(title="title", value_="short", caption_="text")
_nodes = item(title="title", body_="text", detail_="lines")
_outcome = Part("outcome_panel", 0, 8, ("id", "ref", "variant"), "outcomes", item(title="title", lines_="lines"))
_label = item(label="short")


def _edges(tag: str, least: int, most: int, *joins: str) -> Part:
    return Part(tag, least, most, ("from", "to", "ref"), "edges", _label, joins, bare=True)


def _panels(least: int) -> Part:
    shape = item(title="title", value_="short", caption_="text", lines_="lines")
    return Part("compare_panel", least, 2, ("ref", "side", "variant", "accent"), "panels", shape)


def _section(least: int, most: int) -> Part:
    return Part("section_card", least, most, ("ref", "variant", "accent"), "cards", _cards)


def _bars(least: int, most: int, *fields: str) -> Part:
    return Part("compare_bar", least, most, (*fields, "ref", "accent"), "bars",
         item(label="title", value="number", note_="text"))  # fmt: skip


_FAMILIES = (
    Family(
        "poster_stack",
        (
            _header, _section(0, 6), _bars(0, 6),
            Part("table_header", 0, 1, (), "table", item(columns="cells")),
            Part("table_row", 0, 8, ("ref", "state", "accent"), "rows", item(cells="cells")),
            _panels(0), _callout, _badges, _footer,
        ),
        special=("columns",), body=(4, 24), same=(("table_header", "table_row"),),
    ),
    Family(
        "comparison_span_chart",
        (
            _header, _bars(2, 4, "id"),
            Part("axis", 0, 1, (), "axis", item(label="title", note_="text")),
            _legend,
            Part("annotation", 0, 3, ("ref", "accent"), "annotations", item(label="title", note_="text")),
            Part("span_bracket", 0, 2, ("from", "to", "ref"), "brackets",
                 item(label="short", value="short"), ("compare_bar",)),
            Part("thesis_box", 1, 1, (), "thesis", item(title="title", lines="lines")),
            _badges, _footer,
        ),
        special=("legend",), rule="span",
    ),
    Family(
        "pipeline_lane",
        (
            _header,
            Part("phase_divider", 0, 1, (), "phases", item(left="short", right="short")),
            Part("stage_card", 3, 12, ("id", "ref", "state", "accent"), "stages", item(title="title", caption_="text")),
            _edges("flow_arrow", 2, 24, "stage_card"),
            _section(0, 3), _badges, _footer,
        ),
        special=("connector",), rule="connected",
    ),
    Family(
        "dashboard_cards", (_header, _section(2, 12), _callout, _badges, _footer), special=("columns",),
    ),
    Family("dual_panel_compare", (_header, _panels(2), _callout, _badges, _footer)),
    Family(
        "timeline",
        (
            _header,
            Part("timeline_stage", 2, 10, ("id", "ref", "lane", "accent"), "stages",
                 item(title="title", badge_="short", lines_="lines")),
            _edges("timeline_arrow", 0, 9, "timeline_stage"),
            _badges, _footer,
        ),
        special=("connector",), rule="chain",
    ),
    Family(
        "table_matrix",
        (
            _header, _legend,
            Part("table_block", 1, 4, ("ref", "accent"), "groups",
                 item(title="title", header="cells", rows="rows", caption_="text")),
            Part("note_band", 0, 1, ("state",), "note", item(title="title", body="text")),
            _badges, _footer,
        ),
        special=("legend",),
    ),
    Family(
        "decision_tree",
        (
            _header,
            Part("entry_badge", 0, 1, (), "entry", item(label="short")),
            Part("decision_node", 1, 16, ("id", "ref", "state"), "nodes", _nodes),
            _outcome,
            _edges("decision_edge", 0, 32, "decision_node", "outcome_panel"),
            _badges, _footer,
        ),
        special=("connector",), rule="tree",
    ),
    Family(
        "memory_map",
        (
            _header,
            Part("address_strip", 0, 1, (), "addresses", item(offsets="lines")),
            Part("memory_segment", 1, 20, ("id", "ref", "state", "accent"), "segments",
                 item(title="title", size="short", caption_="text")),
            Part("region_bracket", 0, 4, ("from", "to", "ref"), "regions", _label, ("memory_segment",)),
            Part("info_card", 0, 4, ("ref", "accent"), "cards", item(title="title", lines="lines")),
            _badges, _footer,
        ),
        rule="span",
    ),
    Family(
        "flow_graph",
        (
            _header,
            Part("flow_node", 2, 24, ("id", "ref", "state", "accent"), "nodes", _nodes),
            _outcome,
            _edges("flow_edge", 1, 40, "flow_node", "outcome_panel"),
            _badges, _footer,
        ),
        special=("connector",), rule="acyclic",
    ),
    Family(
        "comparison_board",
        (
            _header, _legend,
            Part("comparison_column", 2, 5, ("id", "ref", "variant", "accent"), "columns",
                 item(title="title", subtitle_="text", lines_="lines")),
            Part("comparison_metric", 0, 6, ("ref", "state"), "metrics", item(label="title", values="cells")),
            Part("comparison_callout", 0, 3, ("ref", "accent"), "callouts", item(title="title", note="text")),
            _badges, _footer,
        ),
        special=("legend",),
    ),
    Family(
        "system_diagram",
        (
            _header,
            Part("system_stage", 2, 8, ("id", "ref", "state", "accent"), "stages",
                 item(title="title", badge_="short", body_="text", detail_="lines")),
            Part("terminal_panel", 1, 1, ("id", "variant"), "terminal",
                 item(title="title", body_="text", lines_="lines")),
            _edges("system_link", 1, 24, "system_stage", "terminal_panel"),
            _badges, _footer,
        ),
        special=("connector",), rule="connected",
    ),
    Family(
        "spectrum_map",
        (
            _header,
            Part("spectrum_pole", 2, 2, ("ref", "side", "accent"), "poles", item(title="title", lines_="lines")),
            Part("continuum_arc", 1, 1, (), "continuum", item(label="title", note_="text")),
            Part("marker_band", 0, 7, ("ref", "place", "accent"), "markers", item(label="title", note_="text")),
            _badges, _footer,
        ),
    ),
    Family(
        "architecture_map",
        (
            _header,
            Part("map_node", 2, 24, ("id", "ref", "lane", "state", "accent"), "nodes",
                 item(title="title", caption_="text")),
            _edges("map_edge", 1, 40, "map_node"),
            _badges, _footer,
        ),
        special=("connector",), rule="connected",
    ),
)  # fmt: skip
FAMILIES: Mapping[str, Family] = {family.name: family for family in _FAMILIES}
TAGS = tuple(dict.fromkeys(part.tag for family in _FAMILIES for part in family.parts))
COLLECTIONS = tuple(dict.fromkeys(
    part.content for family in _FAMILIES for part in family.parts if part.content and "ref" in part.fields
))  # fmt: skip
