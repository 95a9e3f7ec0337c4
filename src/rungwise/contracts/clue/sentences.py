"""Formulas of the English surface, a sentence each: written and strictly read.

What is read is written again and must come out the same, so that every formula has one sentence.
"""

import re
from collections.abc import Mapping
from typing import Any

from rungwise.contracts.clue import phrases
from rungwise.contracts.clue.names import Names
from rungwise.contracts.clue.phrases import CONNECTED, SENTENCES, SIDES
from rungwise.contracts.clue.spelling import Fault, Two, misplaced, turned
from rungwise.contracts.clue.tree import (
    At,
    Beside,
    Category,
    Compound,
    Element,
    Formula,
    Is,
    Kind,
    Literal,
    Met,
    Moves,
    Shape,
    With,
)

# ---- writing ----


def write_formula(formula: Formula, names: Names) -> str:
    if isinstance(formula, Compound):
        both = _literal(formula.first, names), _literal(formula.second, names)
        return _sentence(CONNECTED[formula.op].format(first=both[0], second=both[1]))
    return _sentence(_literal(formula, names) + ".")


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _literal(literal: Literal, names: Names) -> str:
    if isinstance(literal, Is):
        return phrases.is_phrase(literal, names.kind, names)
    return SENTENCES[type(literal)][not literal.holds].format(**_told(literal, names))


def _told(literal: Literal, names: Names) -> dict[str, str]:
    """What stands in the places of its sentence."""
    first = literal.piece if isinstance(literal, At | Moves) else literal.first
    told = {"first": phrases.subject_of(first, names.kind, names)}
    if isinstance(literal, Two):
        told["second"] = phrases.subject_of(literal.second, names.kind, names)
    if isinstance(literal, At | Met):
        told["room"] = names.words[Element(Category.ROOM, literal.room)]
    if isinstance(literal, At | With | Moves | Beside):
        told["time"] = names.words[Element(Category.TIME, literal.time)]
    if isinstance(literal, Moves):
        told["later"] = names.words[Element(Category.TIME, literal.time + 1)]
    if isinstance(literal, Beside):
        told["side"] = SIDES[literal.side]
    return told


# ---- reading ----

MAX_SENTENCE = 320  # characters: the longest that can be said has some 250, and patterns are tried at every place

A_SENTENCE: Mapping[Kind, tuple[str, ...]] = {
    "crime": ("The murderer had the poker.",), "moments": ("The victim was in the attic at 8:30 PM.",),
    "zebra": ("Anouk lives in house 1.",),
}  # fmt: skip


def _pattern(text: str) -> re.Pattern[str]:
    """Of a sentence with places for what is told."""
    parts = re.split(r"\{(\w+)\}", text)
    return re.compile("".join(f"(?P<{part}>.+)" if at % 2 else re.escape(part) for at, part in enumerate(parts)))


_COMPOUNDS = [(op, _pattern(text)) for op, text in CONNECTED.items()]
# What is not so stands first: "and Bram do not live next to each other" could be read as of one named "Bram do not".
_SENTENCES = [
    (kind, holds, _pattern(senses[not holds])) for holds in (False, True) for kind, senses in SENTENCES.items()
]
_SIDE_OF = {side: letter for letter, side in SIDES.items()}
_CATEGORY = {"room": Category.ROOM, "time": Category.TIME, "later": Category.TIME}


def read_formula(text: str, shape: Shape, names: Names) -> Formula | Fault:
    if len(text) > MAX_SENTENCE:
        return Fault("too_long", 1, 1, f"{len(text)} characters", (f"at most {MAX_SENTENCE}",))
    found = _read(text, shape, names)
    if isinstance(found, Fault) or (right := write_formula(found, names)) == text:
        return found
    return Fault("formula", 1, 1, text, (right,))


def _read(text: str, shape: Shape, names: Names) -> Formula | Fault:
    plain = f"the {text[4:]}" if text.startswith("The ") else text
    for op, pattern in _COMPOUNDS:
        if both := pattern.fullmatch(plain):
            first = _read_literal(both["first"], shape, names)
            second = _read_literal(both["second"], shape, names)
            if isinstance(first, Fault):
                return first.moved(0, both.start("first"))
            return second.moved(0, both.start("second")) if isinstance(second, Fault) else Compound(first, op, second)
    if not plain.endswith("."):
        return Fault("formula", 1, len(text) + 1, "", ("a full stop",))
    return _read_literal(plain[:-1], shape, names)


def _read_literal(text: str, shape: Shape, names: Names) -> Literal | Fault:
    found = _read_sentence(text, names)
    if found is None:
        found = _read_is(text, names)
    if isinstance(found, Fault):
        return found
    if code := misplaced(found, shape.kind):
        right = (_literal(turned(found), names),) if code == "order" else A_SENTENCE[shape.kind]
        return Fault(code, 1, 1, text, right)
    return found


def _read_sentence(text: str, names: Names) -> Literal | Fault | None:
    """One of the sentences that are more than a subject and a predicate."""
    for kind, holds, pattern in _SENTENCES:
        if match := pattern.fullmatch(text):
            told: dict[str, Any] = {}
            for field, word in match.groupdict().items():
                value = _value(field, word, names)
                if value is None:
                    return Fault("unknown_name", 1, match.start(field) + 1, word)
                told[field] = value
            told.pop("later", None)
            if kind in (At, Moves):
                told["piece"] = told.pop("first")
            return kind(**told, holds=holds)
    return None


def _value(field: str, word: str, names: Names) -> Element | int | str | None:
    if field == "side":
        return _SIDE_OF.get(word)
    if field not in _CATEGORY:
        return phrases.subjects(names).get(word)
    element = names.worded.get(word)
    return element.number if element and element.category is _CATEGORY[field] else None


def _read_is(text: str, names: Names) -> Is | Fault:
    subjects, predicates = phrases.subjects(names), phrases.predicates(names)
    begun = 0
    for at in (match.start() for match in re.finditer(" ", text)):
        if text[:at] in subjects:
            begun = at + 1
            if text[begun:] in predicates:
                second, holds = predicates[text[begun:]]
                return Is(subjects[text[:at]], second, holds)
    return Fault("formula" if begun else "unknown_name", 1, begun + 1, text[begun:], A_SENTENCE[names.kind])
