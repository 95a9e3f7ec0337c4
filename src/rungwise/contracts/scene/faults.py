"""Why a text is no scene: the tags one by one, up to the first that may not stand there.

`language.parse` reads a right text line by line; only where a line fails does this file look for the reason. It must
always find one, since the text is known to be wrong: what it cannot name is E_TOKEN at the first line that fails.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rungwise.contracts.scene import language
from rungwise.contracts.scene.families import ATTRIBUTES, ENUMS, FAMILIES, FIELDS, TAGS, Family, Part
from rungwise.contracts.scene.language import CLOSE, HEAD, KEY, OPEN
from rungwise.contracts.scene.tree import Fault

_TAG = re.compile(r"\[(/?)([A-Za-z_][A-Za-z0-9_-]{0,40})(?::([^\[\]\n]{0,120}))?\]")
_OWNED_NAMES = frozenset(
    (
        "x",
        "y",
        "width",
        "height",
        "w",
        "h",
        "d",
        "fill",
        "stroke",
        "points",
        "color",
        "colour",
        "font",
        "path",
        "style",
        "transform",
        "viewbox",
    )
)
_OWNED_TEXT = re.compile(
    r"<|#[0-9a-fA-F]{3,8}\b|(?<!\d)\d{1,9}(?:\.\d{1,9})?(?:px|pt|em|%)|\bM ?-?\d{1,9}[ ,]"
    r"|\b(?:rgb|url|translate)\(|\bhttps?:"
)


@dataclass(frozen=True, slots=True)
class Tag:
    line: int
    column: int
    text: str
    close: bool = False
    name: str = ""
    value: str | None = None


def first_fault(text: str, surface: str) -> Fault:
    tags = list(_tags(text))
    found = _framed(tags) or (_blocks(tags) if surface == "block" else None)
    return found or _line_fault(text, surface)


def _tags(text: str) -> Iterator[Tag]:
    """The tags; what stands between them as a tag without a name."""
    for number, line in enumerate(text.split("\n"), start=1):
        at = 0
        while at < len(line):
            found = _TAG.match(line, at)
            if found:
                yield Tag(number, at + 1, found[0], bool(found[1]), found[2], found[3])
                at = found.end()
                continue
            after = _TAG.search(line, at)
            end = after.start() if after else len(line)
            yield Tag(number, at + 1, line[at:end])
            at = end


def _framed(tags: Sequence[Tag]) -> Fault | None:
    """One [scene] ... [/scene] with nothing before it, behind it or unreadable in it."""
    if not tags:
        return Fault("E_START", 1, 1, "", (OPEN,))
    for tag in tags:
        owned = _owned(tag)
        if owned:
            return owned
    if tags[0].text != OPEN:
        return _at("E_START", tags[0], OPEN)
    ends = [at for at, tag in enumerate(tags) if tag.text == CLOSE]
    for tag in tags[: ends[0] if ends else len(tags)]:
        if not tag.name:
            return _at("E_TOKEN", tag, "a tag: [name], [name:value] or [/name]")
    if not ends:
        return _at("E_END", tags[-1], CLOSE)
    if ends[0] != len(tags) - 1:
        return _at("E_END", tags[ends[0] + 1], "nothing behind [/scene]")
    return None


def _owned(tag: Tag) -> Fault | None:
    """What the compiler owns: coordinates, colours, paths, markup, links."""
    value = tag.value if tag.name else tag.text
    if tag.name.lower() in _OWNED_NAMES or (value and _OWNED_TEXT.search(value)):
        return _at("E_OWNED", tag, "structure alone: the compiler places, colours and draws")
    return None


def _blocks(tags: Sequence[Tag]) -> Fault | None:
    layout = tags[1]
    if layout.close or layout.name != "layout":
        return _at("E_ATTR_MISSING", layout, "[layout:...]")
    if layout.value is None or layout.value not in FAMILIES:
        return _at("E_ATTR_VALUE", layout, *FAMILIES)
    family = FAMILIES[layout.value]
    at, fault = _attributes(family, tags)
    while fault is None and tags[at].text != CLOSE:
        at, fault = _component(family, tags, at)
    return fault


def _attributes(family: Family, tags: Sequence[Tag]) -> tuple[int, Fault | None]:
    at, seen, known = 2, list[str](), family.attributes
    while at < len(tags) and (tags[at].name in ATTRIBUTES or tags[at].name == "layout") and not tags[at].close:
        tag, name = tags[at], tags[at].name
        if name in seen or name == "layout":
            return at, _at("E_ATTR_DUP", tag, "each attribute once")
        if name not in known:
            return at, _at("E_ATTR_LAYOUT", tag, *known)
        if seen and known.index(name) < known.index(seen[-1]):
            return at, _at("E_ATTR_ORDER", tag, *(f"[{later}:...]" for later in known[known.index(seen[-1]) + 1 :]))
        if tag.value not in ATTRIBUTES[name]:
            return at, _at("E_ATTR_VALUE", tag, *ATTRIBUTES[name][1:])
        if tag.value == ATTRIBUTES[name][0]:
            return at, _at("E_ATTR_DEFAULT", tag, *ATTRIBUTES[name][1:], "nothing: it is the default")
        if tag.line != 1:
            return at, _at("E_TOKEN", tag, "attributes on the first line")
        seen.append(name)
        at += 1
    return at, None


def _component(family: Family, tags: Sequence[Tag], at: int) -> tuple[int, Fault | None]:
    """One block from its opening tag to behind its closing tag."""
    tag = tags[at]
    if tag.close:
        return at, _at("E_NEST_CLOSE", tag, "a component or [/scene]")
    if tag.name in ATTRIBUTES or tag.name == "layout":
        return at, _at("E_ATTR_ORDER", tag, "attributes before components")
    if tag.name not in TAGS:
        code = "E_NEST_FIELD" if tag.name in FIELDS else "E_TOKEN"
        return at, _at(code, tag, *(f"[{name}]" for name in family.part))
    if tag.name not in family.part:
        return at, _at("E_COMP_FAMILY", tag, *(f"[{name}]" for name in family.part))
    if tag.value is not None:
        return at, _at("E_TOKEN", tag, f"[{tag.name}]")
    if at and tags[at - 1].line == tag.line:
        return at, _at("E_TOKEN", tag, "one component a line")
    part, inside = family.part[tag.name], at + 1
    while not tags[inside].close and tags[inside].name in FIELDS and tags[inside].line == tag.line:
        inside += 1
    fault = _fields(part, tag, tags[at + 1 : inside])
    if fault:
        return inside, fault
    end = tags[inside]
    if end.text != f"[/{tag.name}]" or end.line != tag.line:
        known = _told(part.fields)
        return inside, _at(
            "E_NEST_OPEN" if end.close or end.name in TAGS else "E_COMP_FIELD", end, f"[/{tag.name}]", *known
        )
    return inside + 1, None


def _fields(part: Part, opening: Tag, tags: Sequence[Tag]) -> Fault | None:
    seen: list[str] = []
    for tag in tags:
        name = tag.name
        later = part.fields[part.fields.index(seen[-1]) + 1 :] if seen else part.fields
        if name not in part.fields:
            return _at("E_COMP_FIELD", tag, *_told(part.fields), f"[/{part.tag}]")
        if name in seen:
            return _at("E_COMP_FIELD", tag, "each field once")
        if name not in later:
            return _at("E_COMP_FIELD", tag, *_told(later), f"[/{part.tag}]")
        if not re.fullmatch(language.value_regex(part, name), tag.value or ""):
            return _value_fault(part, tag)
        seen.append(name)
    missing = [name for name in part.fields if name not in seen and not language.optional(part, name)]
    return _at("E_COMP_FIELD", opening, *_told(missing)) if missing else None


def _told(fields: Sequence[str]) -> list[str]:
    return [f"[{name}:...]" for name in fields]


def _value_fault(part: Part, tag: Tag) -> Fault:
    if tag.name == "ref":
        code = "E_REF_FORM" if re.fullmatch(rf"[a-z_]+\.{KEY}|[^.]*", tag.value or "") else "E_COMP_FIELD"
        return _at(code, tag, f"{part.content}.1 for its first item", f"{part.content}.name")
    if tag.name in ENUMS:
        return _at("E_COMP_FIELD", tag, *ENUMS[tag.name][1:])
    return _at("E_TOPO_FORM", tag, "an id: a small letter, then up to 23 small letters, digits and _")


def _line_fault(text: str, surface: str) -> Fault:
    """The first line that is not spelled right, where no tag by itself was wrong."""
    lines = text.split("\n")
    head = HEAD.match(lines[0])
    if head is None:
        return Fault("E_ATTR_MISSING", 1, len(OPEN) + 1, lines[0][len(OPEN) :], ("[layout:...]", *FAMILIES))
    family = FAMILIES[head[1]]
    if not language.attribute_pattern(family).fullmatch(lines[0]):
        known = tuple(_told(family.attributes))
        return Fault("E_ATTR_VALUE", 1, head.end() + 1, lines[0][head.end() :], known)
    patterns = language.line_patterns(family, surface)
    for number, line in enumerate(lines[1:], start=2):
        if line == CLOSE and number == len(lines):
            break
        if not any(pattern.fullmatch(line) for pattern, _, _ in patterns.values()):
            return Fault("E_TOKEN", number, 1, line, tuple(_forms(family, line, surface)))
    return Fault("E_END", len(lines), 1, lines[-1], (CLOSE,))


def _forms(family: Family, line: str, surface: str) -> list[str]:
    """How a line of that tag is spelled, or which tags there are."""
    tag = re.match(r"\[([a-z_]+)", line)
    part = family.part.get(tag[1]) if tag else None
    if part is None:
        return [f"[{name}]" for name in family.part]
    if surface == "block":
        return [f"[{part.tag}]{''.join(f'[{name}:...]' for name in part.fields)}[/{part.tag}]"]
    return [f"[{part.tag}:{'|'.join(f'{name}=...' if name in ENUMS else name for name in part.fields)}]"]


def _at(code: str, tag: Tag, *expected: str) -> Fault:
    return Fault(code, tag.line, tag.column, tag.text, expected)
