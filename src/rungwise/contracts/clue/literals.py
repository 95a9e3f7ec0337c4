"""Formulas of the compact surface, as compact.py shows them: written and strictly read, one spelling each."""

import re
from collections.abc import Mapping

from rungwise.contracts.clue.names import Names
from rungwise.contracts.clue.spelling import Fault, misplaced, turned
from rungwise.contracts.clue.tree import (
    At,
    Beside,
    Category,
    Compound,
    Element,
    Formula,
    Is,
    Left,
    Literal,
    Met,
    Moves,
    Next,
    Op,
    Shape,
    With,
)

# ---- writing ----


def write_formula(formula: Formula, names: Names) -> str:
    if isinstance(formula, Compound):
        return f"{_literal(formula.first, names)}{formula.op}{_literal(formula.second, names)}"
    return _literal(formula, names)


def _literal(literal: Literal, names: Names) -> str:
    letter = names.letters
    if isinstance(literal, Is):
        return f"{letter[literal.first]}{'=' if literal.holds else '~'}{letter[literal.second]}"
    return ("" if literal.holds else "~") + _positive(literal, names)


def _positive(literal: Literal, names: Names) -> str:
    letter = names.letters
    match literal:
        case At(piece, room, time):
            return f"{letter[piece]}@{letter[Element(Category.ROOM, room)]}{time + 1}"
        case With(first, second, time):
            return f"{letter[first]}&{letter[second]}{time + 1}"
        case Met(first, second, room):
            return f"{letter[first]}&{letter[second]}{letter[Element(Category.ROOM, room)]}"
        case Moves(piece, time):
            return f"{letter[piece]}+{time + 1}"
        case Beside(first, side, second, time):
            return f"{letter[first]}/{side}{letter[second]}{time + 1}"
        case Next(first, second):
            return f"{letter[first]}-{letter[second]}"
        case Left(first, second):
            return f"{letter[first]}<{letter[second]}"
    raise TypeError(literal)


# ---- reading ----

_TIME = "(?P<time>[1-9][0-9]?)"
_COMPOUND = re.compile(r"(.+?)(<>|[|^>])(.+)")
_LITERAL = re.compile(r"(~?)([*#!a-zA-Z1-9])([=~@&+/<-])(.+)")
_BEHIND = {  # the sign: what stands behind it
    **dict.fromkeys("=~", re.compile("(?P<second>[*#!a-zA-Z1-9]|1[0-2])")),
    **dict.fromkeys("-<", re.compile("(?P<second>[*#!a-zA-Z1-9])")),
    "@": re.compile(f"(?P<room>[a-zA-Z]){_TIME}"),
    "&": re.compile(f"(?P<second>[*#!a-zA-Z])(?:(?P<room>[a-zA-Z])|{_TIME})"),
    "+": re.compile(_TIME),
    "/": re.compile(f"(?P<side>[nesw])(?P<second>[*#!a-zA-Z]){_TIME}"),
}
A_LITERAL = {
    "crime": ("a=k", "a~k"), "moments": ("a@A1", "a&b1", "a&bA", "a+1", "a/nb1", "*=a"), "zebra": ("1=a", "a-b", "a<b"),
}  # fmt: skip


def read_formula(text: str, shape: Shape, names: Names) -> Formula | Fault:
    both = _COMPOUND.fullmatch(text)
    if not both:
        return _read_literal(text, shape, names)
    first = _read_literal(both[1], shape, names)
    if isinstance(first, Fault):
        return first
    second = _read_literal(both[3], shape, names)
    return second.moved(0, both.start(3)) if isinstance(second, Fault) else Compound(first, Op(both[2]), second)


def _read_literal(text: str, shape: Shape, names: Names) -> Literal | Fault:
    parts = _LITERAL.fullmatch(text)
    behind = _BEHIND[parts[3]].fullmatch(parts[4]) if parts else None
    if not parts or not behind or (parts[1] and parts[3] in "=~"):
        return Fault("formula", 1, 1, text, A_LITERAL[shape.kind])
    found: dict[str, Element] = {}
    for field, letter, at in [("first", parts[2], parts.start(2)), *_fields(behind, parts.start(4))]:
        element = _element(letter, field, at + 1, names)
        if isinstance(element, Fault):
            return element
        found[field] = element
    literal = _made(parts[3], found, behind, not parts[1])
    if isinstance(literal, Moves) and literal.time + 1 == names.numbered:
        return Fault("unknown_name", 1, parts.start(4) + 1, parts[4], ("a time that another comes after",))
    if code := misplaced(literal, shape.kind):
        right = (write_formula(turned(literal), names),) if code == "order" else A_LITERAL[shape.kind]
        return Fault(code, 1, 1, text, right)
    return literal


def _element(letter: str, field: str, column: int, names: Names) -> Element | Fault:
    if letter not in names.elements:
        return Fault("unknown_name", 1, column, letter, tuple(names.elements))
    element = names.elements[letter]
    if field in ("room", "time") and element.category != field:
        return Fault("wrong_type", 1, column, letter, (f"a {field}",))
    return element


def _fields(behind: re.Match[str], start: int) -> list[tuple[str, str, int]]:
    """The names that stand behind the sign, and where."""
    return [
        (field, letter, start + behind.start(field))
        for field, letter in behind.groupdict().items()
        if letter and field != "side"
    ]


def _made(sign: str, found: Mapping[str, Element], behind: re.Match[str], holds: bool) -> Literal:
    first = found["first"]
    match sign:
        case "=" | "~":
            return Is(first, found["second"], sign == "=")
        case "-":
            return Next(first, found["second"], holds)
        case "<":
            return Left(first, found["second"], holds)
        case "@":
            return At(first, found["room"].number, found["time"].number, holds)
        case "+":
            return Moves(first, found["time"].number, holds)
        case "/":
            side = behind["side"]
            return Beside(first, side, found["second"], found["time"].number, holds)  # type: ignore[arg-type]
    if "room" in found:
        return Met(first, found["second"], found["room"].number, holds)
    return With(first, found["second"], found["time"].number, holds)
