"""Numbers as a problem says them: digits, words, twice, half, a dozen, 12,500, $4.50, twenty percent."""

import random
import re
from collections.abc import Mapping

from rungwise.contracts.trace.relations import Number
from rungwise.contracts.trace.stated import TENS, UNITS

BY_TENS: Mapping[int, str] = {number: word for word, number in TENS.items()}
PARTS: Mapping[int, tuple[str, str]] = {
    2: ("half", "halves"), 3: ("third", "thirds"), 4: ("quarter", "quarters"), 5: ("fifth", "fifths"),
}  # fmt: skip
DOZEN = 12
# How often, where there is a choice; so that, all in all, half of the problems have a number that is no digits.
IN_WORDS, IN_DOZENS, TWICE, HALF, IN_PARTS, IN_PERCENT, IN_DOLLARS = 0.15, 0.4, 0.8, 0.9, 0.4, 0.3, 0.6


OPEN, SHUT = "\x01", "\x02"  # around what is a number of the question, until all is said
_MARKED = re.compile(f"{OPEN}([^{SHUT}]*){SHUT}")


class Speaker:
    """Says numbers in one story's manner: `words` all that has no more than three digits, else now and then."""

    def __init__(self, rng: random.Random, *, words: bool = False) -> None:
        self.rng, self.words = rng, words

    def number(self, number: Number) -> str:
        return f"{OPEN}{self._plain(number)}{SHUT}"

    def _plain(self, number: Number, *, cents: bool = False) -> str:
        if number.denominator > 1:
            return f"{float(number):.{2 if cents or number.denominator not in (2, 5, 10) else 1}f}"
        number = int(number)
        if number < 1000 and (self.words or (number <= DOZEN and self.rng.random() < IN_WORDS)):
            return in_words(number)
        return f"{number:,}"

    def of(self, number: Number, noun: str, between: str = "") -> str:
        """5 marbles; $5 or 5 dollars; a dozen plums. `between` stands before the noun: 5 more marbles, $5 more."""
        said = self._plain(number, cents=noun == "dollars")
        if noun == "dollars" and said[0].isdigit() and (number.denominator > 1 or self.rng.random() < IN_DOLLARS):
            return f"${OPEN}{said}{SHUT}" + between.replace(" fewer", " less")
        if number == DOZEN and not between and self.rng.random() < IN_DOZENS:
            return f"a {OPEN}dozen{SHUT} {noun}"
        return f"{OPEN}{said}{SHUT}{between} {noun}"

    def times(self, number: Number) -> str:
        return f"{OPEN}twice{SHUT}" if number == 2 and self.rng.random() < TWICE else f"{self.number(number)} times"

    def share(self, number: Number) -> str:
        above, below = number.numerator, number.denominator
        if not self.words and self.rng.random() >= (HALF if below == 2 else IN_PARTS):
            return f"{OPEN}{above}/{below}{SHUT}"
        part, parts = PARTS[below]
        if above > 1:
            return f"{OPEN}{UNITS[above]} {parts}{SHUT}"
        return f"{'' if below == 2 else 'a '}{OPEN}{part}{SHUT}"

    def percent(self, number: Number) -> str:
        said = in_words(int(number)) if self.words else str(number)
        return f"{OPEN}{said}{SHUT}" + (" percent" if self.words or self.rng.random() < IN_PERCENT else "%")


def spans(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without the marks, and where its numbers stand."""
    found, pieces, last, gone = [], [], 0, 0
    for match in _MARKED.finditer(text):
        pieces += [text[last : match.start()], match[1]]
        found.append((match.start() - gone, match.start() - gone + len(match[1])))
        last, gone = match.end(), gone + 2
    return "".join([*pieces, text[last:]]), found


def in_words(number: int) -> str:
    """Up to 999: one hundred and forty-five."""
    hundreds, rest = divmod(number, 100)
    if hundreds:
        return f"{UNITS[hundreds]} hundred" + (f" and {in_words(rest)}" if rest else "")
    if rest < len(UNITS):
        return UNITS[rest]
    tens, units = divmod(rest, 10)
    return BY_TENS[10 * tens] + (f"-{UNITS[units]}" if units else "")
