"""The numbers that a question states, and where: digits, words, fractions, percents, half, twice, a dozen.

Their order is what pointers count by, and their values are what a trace may start from. Reading is generous: what may
be meant as a number is one. The question itself is never rewritten.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

from msgspec import Struct

from rungwise.contracts.trace.numbers import MOST_DECIMALS, MOST_DIGITS, ratio, spelled, value_of


class Stated(Struct, frozen=True):
    """A number of the question: its spelling in a trace, and its span. Of 20% the number is 20, and it is a percent."""

    value: str
    start: int
    end: int
    percent: bool = False


UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
SMALL: Mapping[str, int] = {word: n for n, word in enumerate(UNITS)}
_BY_TEN = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
TENS: Mapping[str, int] = {word: 10 * n for n, word in enumerate(_BY_TEN, start=2)}
SCALES: Mapping[str, int] = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
PARTS: Mapping[str, int] = {
    "half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10,
}  # fmt: skip
FACTORS: Mapping[str, Fraction] = {
    "twice": Fraction(2), "double": Fraction(2), "doubled": Fraction(2), "doubles": Fraction(2), "couple": Fraction(2),
    "pair": Fraction(2), "pairs": Fraction(2), "twins": Fraction(2), "thrice": Fraction(3), "triple": Fraction(3),
    "tripled": Fraction(3), "triples": Fraction(3), "triplets": Fraction(3), "quadruple": Fraction(4),
    "quadrupled": Fraction(4), "dozen": Fraction(12), "dozens": Fraction(12),
    "hundred": Fraction(100), "thousand": Fraction(1000), "million": Fraction(10**6),
    "½": Fraction(1, 2), "¼": Fraction(1, 4), "¾": Fraction(3, 4), "⅓": Fraction(1, 3), "⅔": Fraction(2, 3),
}  # fmt: skip

_UNITS, _TENS, _SCALES = "|".join(SMALL), "|".join(TENS), "|".join(SCALES)
_PARTS = "|".join([*PARTS, *(f"{part}s" for part in PARTS if part not in ("half", "halves"))])
_COUNT = rf"(?:(?:{_TENS})(?:[- ](?:{'|'.join(UNITS[1:10])}))?|{_UNITS})"
_BELOW = rf"{_COUNT}(?:[- ]hundred(?:(?: and)? {_COUNT})?)?"
_WORDS = rf"{_BELOW}(?:[- ](?:thousand|million|billion)(?:,? (?:and )?{_BELOW})?)*"
_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+"
_NUMBER = re.compile(
    rf"(?P<whole>[0-9]+)(?: and |[ -])(?P<over>[0-9]+)/(?P<under>[1-9][0-9]*)"
    rf"|\b(?P<some>[0-9]+|{_COUNT}|an?)(?: [a-z]+)? and (?:a |one )half\b"
    rf"|\b(?P<six>half[- ](?:a[- ])?dozen)\b"
    rf"|(?P<above>[0-9]+)/(?P<below>[1-9][0-9]*)"
    rf"|(?P<digits>{_DIGITS})(?:[ -](?P<scale>{_SCALES})\b)?"
    rf"|\b(?P<many>{_UNITS})[- ](?P<parts>{_PARTS})\b"
    rf"|\b(?P<words>{_WORDS})\b"
    rf"|\b(?P<part>{_PARTS})\b"
    rf"|(?P<factor>\b(?:{'|'.join(name for name in FACTORS if name.isalpha() and name.isascii())})\b|[½¼¾⅓⅔])",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"\s?%|[ -]per ?cent\b", re.IGNORECASE)


@lru_cache(maxsize=8192)
def stated(question: str) -> tuple[Stated, ...]:
    """Every number in the order in which they stand."""
    found = []
    for match in _NUMBER.finditer(question):
        text = _spelling(match)
        if text is not None:
            percent = _PERCENT.match(question, match.end()) is not None
            found.append(Stated(text, match.start(), match.end(), percent))
    return tuple(found)


def _spelling(match: re.Match[str]) -> str | None:
    """As a trace spells it: a fraction stays a fraction. None for what is too long to be spelled."""
    if len(match[0]) > MOST_DIGITS + MOST_DECIMALS + 40:
        return None
    value = _value(match)
    text = f"{value.numerator}/{value.denominator}" if _is_fraction(match) and value.denominator > 1 else ""
    text = text if text and value_of(text) else spelled(ratio(value))
    return text if value_of(text) is not None else None


def _is_fraction(match: re.Match[str]) -> bool:
    return bool(match["below"] or match["under"] or match["parts"] or match["part"] or match["factor"])


def _value(match: re.Match[str]) -> Fraction:
    if match["whole"]:
        return Fraction(match["whole"]) + Fraction(int(match["over"]), int(match["under"]))
    if match["some"]:
        return _some(match["some"].lower()) + Fraction(1, 2)
    if match["six"]:
        return Fraction(6)
    if match["above"]:
        return Fraction(int(match["above"]), int(match["below"]))
    if match["digits"]:
        return Fraction(match["digits"].replace(",", "")) * SCALES.get((match["scale"] or "").lower(), 1)
    if match["many"]:
        return Fraction(SMALL[match["many"].lower()], _part(match["parts"]))
    if match["words"]:
        return Fraction(_counted(match["words"].lower()))
    return Fraction(1, _part(match["part"])) if match["part"] else FACTORS[match["factor"].lower()]


def _some(word: str) -> Fraction:
    return Fraction(1) if word in ("a", "an") else Fraction(word if word.isdigit() else _counted(word))


def _part(word: str) -> int:
    word = word.lower()
    return PARTS.get(word) or PARTS[word.removesuffix("s")]


def _counted(words: str) -> int:
    """Two hundred and fifty thousand, word by word."""
    total = group = 0
    for word in re.findall(r"[a-z]+", words):
        if word == "hundred":
            group = max(group, 1) * 100
        elif word in SCALES:
            total, group = total + max(group, 1) * SCALES[word], 0
        elif word != "and":
            group += SMALL[word] if word in SMALL else TENS[word]
    return total + group
