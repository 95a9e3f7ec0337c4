"""The scene language: one syntax tree, two lossless surfaces, one legal spelling in each.

- `block`: the model's surface. `[scene][layout:timeline][tone:amber]` on the first line, then one component a line, as
  `[timeline_stage][id:n1][ref:stages.3][lane:top][/timeline_stage]`, then `[/scene]`.
- `packed`: the same as `[timeline_stage:n1|stages.3|lane=top]`.

What has its default value is not written, attributes and fields stand in the table's order, components in their
family's, edges sorted by the places of what they join. A text is read whole and strictly: what is not spelled exactly
so is a Fault with a code, a place and what was expected there. A line that is right is read by one regular expression
made from the table; only where that fails does `faults.py` walk tag by tag to say why.
"""

import re
from collections.abc import Mapping
from functools import cache

from rungwise.contracts.scene.families import (
    ATTRIBUTES,
    ENUMS,
    FAMILIES,
    MOST_COMPONENTS,
    PLAIN,
    TONES_OF,
    Family,
    Part,
)
from rungwise.contracts.scene.topology import topology
from rungwise.contracts.scene.tree import Component, Fault, Scene

__all__ = ["Component", "Fault", "Scene", "converted", "parse", "scene_of", "write"]

SURFACES = ("block", "packed")
MAX_CHARS = 32 * 1024
ID = r"[a-z][a-z0-9_]{0,23}"
KEY = rf"(?:[1-9][0-9]?|{ID})"
OPEN, CLOSE = "[scene]", "[/scene]"


# ---- writing ----


def write(scene: Scene, surface: str = "block") -> str:
    attributes = "".join(f"[{name}:{value}]" for name, value in scene.attributes.items())
    line = _block_line if surface == "block" else _packed_line
    lines = [f"{OPEN}[layout:{scene.layout}]{attributes}", *map(line, scene.components)]
    return "\n".join([*lines, CLOSE])


def _block_line(component: Component) -> str:
    inner = "".join([f"[{name}:{value}]" for name, value in component.fields.items()])
    return f"[{component.tag}]{inner}[/{component.tag}]"


def _packed_line(component: Component) -> str:
    fields = dict(component.fields)
    ends = [fields.pop("from"), fields.pop("to")] if "from" in fields else []
    bare = [fields.pop("id", None), "->".join(ends), fields.pop("ref", None)]
    given = [text for text in bare if text] + [f"{name}={value}" for name, value in fields.items()]
    return f"[{component.tag}{':' if given else ''}{'|'.join(given)}]"


def scene_of(layout: str, attributes: Mapping[str, str], components: tuple[Component, ...]) -> Scene:
    """A scene in its one order: attributes and fields by the table, defaults left out, components by family, edges by
    their ends. What the table does not know is kept at the end for the reader to refuse."""
    family = FAMILIES[layout]
    ordered = {name: attributes[name] for name in (*ATTRIBUTES, *attributes) if name in attributes}
    kept = {name: value for name, value in ordered.items() if value != ATTRIBUTES.get(name, ("",))[0]}
    trimmed = tuple(Component(one.tag, _written(family.part.get(one.tag), one.fields)) for one in components)
    places = {one.fields["id"]: at for at, one in enumerate(trimmed) if "id" in one.fields}
    tags = [part.tag for part in family.parts]

    def key(one: Component) -> tuple[int, ...]:
        joins = [places.get(one.fields[end], len(places)) for end in ("from", "to") if end in one.fields]
        return (tags.index(one.tag) if one.tag in tags else len(tags), *joins)

    return Scene(layout, kept, tuple(sorted(trimmed, key=key)))


def _written(part: Part | None, fields: Mapping[str, str]) -> dict[str, str]:
    order = part.fields if part else tuple(fields)
    return {name: fields[name] for name in order if name in fields and fields[name] != ENUMS.get(name, ("",))[0]}


# ---- reading ----


def parse(text: str, surface: str = "block") -> Scene | Fault:
    """The scene that the whole text spells, or the first fault in it."""
    if len(text) > MAX_CHARS:
        return Fault("E_SIZE", 1, 1, f"{len(text)} characters", (f"at most {MAX_CHARS}",))
    scene = _read(text, surface)
    if scene is None:
        from rungwise.contracts.scene.faults import first_fault  # it needs this file's words

        return first_fault(text, surface)
    return _sound(scene) or scene


def _read(text: str, surface: str) -> Scene | None:
    lines = text.split("\n")
    head = HEAD.match(lines[0])
    if head is None or lines[-1] != CLOSE or len(lines) < 2:
        return None
    family = FAMILIES[head[1]]
    attributes = attribute_pattern(family).fullmatch(lines[0])
    if attributes is None:
        return None
    components = []
    patterns = line_patterns(family, surface)
    for line in lines[1:-1]:
        tag = _TAG.match(line)
        known = patterns.get(tag[1]) if tag else None
        found = known[0].fullmatch(line) if known else None
        if known is None or found is None:
            return None
        components.append(
            Component(known[1], {name: value for name, value in zip(known[2], found.groups(), strict=True) if value})
        )
    given = {name: value for name, value in zip(family.attributes, attributes.groups(), strict=True) if value}
    return Scene(family.name, given, tuple(components))


HEAD = re.compile(rf"\[scene\]\[layout:({'|'.join(FAMILIES)})\]")
_TAG = re.compile(r"\[([a-z_]+)[\]:]")


@cache
def attribute_pattern(family: Family) -> re.Pattern[str]:
    return re.compile(rf"\[scene\]\[layout:{family.name}\]" + "".join(map(attribute_regex, family.attributes)))


def attribute_regex(name: str) -> str:
    return rf"(?:\[{name}:({'|'.join(ATTRIBUTES[name][1:])})\])?"


@cache
def line_patterns(family: Family, surface: str) -> Mapping[str, tuple[re.Pattern[str], str, tuple[str, ...]]]:
    """For each tag: how its line is spelled, the tag, and what the groups are."""
    regex = block_regex if surface == "block" else packed_regex
    return {part.tag: (re.compile(regex(part)), part.tag, part.fields) for part in family.parts}


def block_regex(part: Part) -> str:
    return rf"\[{part.tag}\]" + "".join(_field_regex(part, name) for name in part.fields) + rf"\[/{part.tag}\]"


def _field_regex(part: Part, name: str) -> str:
    inner = rf"\[{name}:({value_regex(part, name)})\]"
    return f"(?:{inner})?" if optional(part, name) else inner


def value_regex(part: Part, name: str) -> str:
    if name == "ref":
        return rf"{part.content}\.{KEY}"
    return "|".join(value for value in ENUMS[name][1:]) if name in ENUMS else ID


def optional(part: Part, name: str) -> bool:
    return (name == "ref" and part.bare) or (name in ENUMS and bool(ENUMS[name][0]))


def packed_regex(part: Part) -> str:
    regex, first = rf"\[{part.tag}", True
    for name in part.fields:
        mark = "->" if name == "to" else ":" if first else r"\|"
        key = f"{name}=" if name in ENUMS else ""
        value = rf"{mark}{key}({value_regex(part, name)})"
        regex += f"(?:{value})?" if optional(part, name) else value
        first = False
    return regex + r"\]"


# ---- what no line can say by itself: order, counts, names, edges ----


def _sound(scene: Scene) -> Fault | None:
    return _style(scene) or _order(scene) or _counts(scene) or topology(scene)


def _style(scene: Scene) -> Fault | None:
    theme, tone = scene.attribute("theme"), scene.attribute("tone")
    if tone in TONES_OF[theme]:
        return None
    return Fault("E_STYLE_PAIR", 1, 1, f"theme {theme} with tone {tone}", TONES_OF[theme])


def _order(scene: Scene) -> Fault | None:
    tags = [part.tag for part in scene.family.parts]
    latest = 0
    for at, component in enumerate(scene.components):
        place = tags.index(component.tag)
        if place < latest:
            return Fault("E_COMP_ORDER", at + 2, 1, f"[{component.tag}]", tuple(f"[{tag}]" for tag in tags[latest:]))
        latest = place
    return None


def _counts(scene: Scene) -> Fault | None:
    family, end = scene.family, len(scene.components) + 2
    counts = dict.fromkeys(family.part, 0)
    for component in scene.components:
        counts[component.tag] += 1
    for part in family.parts:
        if counts[part.tag] < part.least:
            code = "E_COUNT" if counts[part.tag] else "E_COMP_MISSING"
            return Fault(code, end, 1, f"{counts[part.tag]} [{part.tag}]", (f"at least {part.least}",))
        if counts[part.tag] > part.most:
            return Fault("E_COUNT", end, 1, f"{counts[part.tag]} [{part.tag}]", (f"at most {part.most}",))
    for one, other in family.same:
        if bool(counts[one]) != bool(counts[other]):
            told = f"{counts[one]} [{one}], {counts[other]} [{other}]"
            return Fault("E_COMP_MISSING", end, 1, told, ("both or neither",))
    body = len(scene.components) - sum(counts[tag] for tag in PLAIN)
    if not family.body[0] <= body <= family.body[1] or len(scene.components) > MOST_COMPONENTS:
        return Fault("E_COUNT", end, 1, f"{body} components in the body", (f"{family.body[0]} to {family.body[1]}",))
    return _sides(scene)


def _sides(scene: Scene) -> Fault | None:
    """What has a side has each side once, the left one first."""
    sides = [(at, one.fields["side"]) for at, one in enumerate(scene.components) if "side" in one.fields]
    for (at, side), wanted in zip(sides, ("left", "right"), strict=False):
        if side != wanted:
            return Fault("E_COMP_FIELD", at + 2, 1, f"[side:{side}]", (f"[side:{wanted}]",))
    return None


# ---- conversion ----


def converted(text: str, source: str, target: str) -> str | Fault:
    """The same scene on the other surface."""
    read = parse(text, source)
    return read if isinstance(read, Fault) else write(read, target)
