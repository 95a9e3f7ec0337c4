"""The block surface as named regular expressions, made from the table. What no automaton can say (that an edge joins
components that exist, that nothing is counted twice) stays with the judge."""

from rungwise.contract import Grammar
from rungwise.contracts.scene.families import ATTRIBUTES, COLLECTIONS, ENUMS, FAMILIES, FIELDS, TAGS, TONES_OF, Family
from rungwise.contracts.scene.language import ID, KEY, block_regex, packed_regex


def grammar(surface: str, families: tuple[str, ...]) -> Grammar:
    rules = {"scene": "|".join(f"<{name}>" for name in families), "id": ID, "key": KEY}
    regex = block_regex if surface == "block" else packed_regex
    for name in families:
        family = FAMILIES[name]
        lines = ["\n" + regex(part).replace(KEY, "<key>").replace(ID, "<id>") for part in family.parts]
        body = "".join(_times(line, part.least, part.most) for line, part in zip(lines, family.parts, strict=True))
        rules[name] = rf"\[scene\]\[layout:{name}\]{_attributes(family)}{body}" + "\n" + r"\[/scene\]"
    return Grammar(start="scene", rules=rules, reserved=reserved(surface, families))


def _times(regex: str, least: int, most: int) -> str:
    if (least, most) == (1, 1):
        return regex
    return f"(?:{regex})?" if (least, most) == (0, 1) else f"(?:{regex})" + ("+" if least else "*")


def _attributes(family: Family) -> str:
    """In order, with the tones that go with the theme."""
    told = ""
    for name in family.attributes:
        if name == "theme":
            told += f"(?:{'|'.join(_looks())})"
        elif name != "tone":
            told += rf"(?:\[{name}:(?:{'|'.join(ATTRIBUTES[name][1:])})\])?"
    return told


def _looks() -> list[str]:
    plain = ATTRIBUTES["theme"][0], ATTRIBUTES["tone"][0]
    looks = []
    for theme, tones in TONES_OF.items():
        words = "|".join(tone for tone in tones if tone != plain[1])
        looks.append(("" if theme == plain[0] else rf"\[theme:{theme}\]") + rf"(?:\[tone:(?:{words})\])?")
    return looks


def reserved(surface: str, families: tuple[str, ...]) -> tuple[str, ...]:
    """Words of structure, from the table alone: whole tags over closed lists, the beginnings of what names something,
    and collections. Ids, keys and payload are never among them."""
    parts = [part for name in families for part in FAMILIES[name].parts]
    tags = [tag for tag in TAGS if any(part.tag == tag for part in parts)]
    names = dict.fromkeys(attribute for name in families for attribute in FAMILIES[name].attributes)
    words = ["[scene]", "\n[/scene]", *[f"[layout:{name}]" for name in families]]
    words += [f"[{name}:{value}]" for name in names for value in ATTRIBUTES[name][1:]]
    fields = [name for name in FIELDS if any(name in part.fields for part in parts)]
    collections = [f"{name}." for name in COLLECTIONS if any(part.content == name for part in parts)]
    if surface == "packed":
        given = [f"|{name}={value}" for name in fields if name in ENUMS for value in ENUMS[name][1:]]
        return (*words, *[f"\n[{tag}" for tag in tags], "->", "|", ":", "]", *given, *collections)
    words += [f"\n[{tag}]" for tag in tags] + [f"[/{tag}]" for tag in tags]
    words += [f"[{name}:{value}]" for name in fields if name in ENUMS for value in ENUMS[name][1:]]
    words += [f"[{name}:" for name in fields if name not in ENUMS]
    return (*words, "]", *collections)
