"""Reads the regular expressions of a contract's grammar into a tree over bytes.

1. The subset is the one that `Grammar` documents: literals, escapes, classes, groups, alternatives, ? * + {m} {m,}
   {m,n}, and <name> for another rule. Within it a text is accepted exactly where Python's `re.fullmatch` accepts it.
2. Everything else is refused, with the rule and the place in it, rather than read in a way that `re` would not. Of
   escapes only those of punctuation and \\n \\t \\r \\f \\v are read: \\d and \\w mean more in Python than it seems.
3. A character beyond ASCII is the sequence of its UTF-8 bytes; a range of them is split where the lengths and the
   continuation bytes do.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rungwise.contract import Grammar
from rungwise.errors import ContractError, nearest

Range = tuple[int, int]  # of code points, both ends included

CONTROL_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
COUNTS = re.compile(r"\{([0-9]*)(,?)([0-9]*)\}")
LAST = 0x10FFFF
SURROGATES = (0xD800, 0xDFFF)  # no text that can be encoded has them


@dataclass(frozen=True, slots=True)
class Byte:
    """Any one of these bytes."""

    among: frozenset[int]


@dataclass(frozen=True, slots=True)
class Chain:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    options: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    body: "Node"
    least: int
    most: int | None


Node = Byte | Chain | Choice | Repeat


def read(grammar: Grammar) -> Node:
    """The tree of the start rule, every other rule in its place."""
    return _rule(grammar.start, grammar.rules, {}, ())


def _rule(name: str, rules: Mapping[str, str], known: dict[str, Node], above: tuple[str, ...]) -> Node:
    if name not in rules:
        raise ContractError(f"the grammar has no rule <{name}>; {nearest(name, rules)}")
    if name in above:
        raise ContractError(f"grammar rule <{name}> refers to itself by way of {' > '.join(above)}")
    if name not in known:
        known[name] = _Reader(name, rules, known, above).whole()
    return known[name]


class _Reader:
    """Recursive descent over one rule's body."""

    def __init__(self, name: str, rules: Mapping[str, str], known: dict[str, Node], above: tuple[str, ...]) -> None:
        self.name, self.body, self.at = name, rules[name], 0
        self.rules, self.known, self.above = rules, known, above

    def whole(self) -> Node:
        tree = self.choice()
        if self.at < len(self.body):
            raise self.fault("a ) that closes nothing")
        return tree

    def choice(self) -> Node:
        options = [self.chain()]
        while self.took("|"):
            options.append(self.chain())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def chain(self) -> Node:
        parts: list[Node] = []
        while self.at < len(self.body) and self.body[self.at] not in "|)":
            parts.append(self.repeated(self.atom()))
        return parts[0] if len(parts) == 1 else Chain(tuple(parts))

    def repeated(self, body: Node) -> Node:
        least, most = self.counts()
        if (least, most) == (1, 1):
            return body
        if self.body[self.at : self.at + 1] in ("?", "*", "+", "{"):
            raise self.fault("a repetition of a repetition")
        return Repeat(body, least, most)

    def counts(self) -> tuple[int, int | None]:
        if self.took("?"):
            return 0, 1
        if self.took("*"):
            return 0, None
        if self.took("+"):
            return 1, None
        if not self.body.startswith("{", self.at):
            return 1, 1
        found = COUNTS.match(self.body, self.at)
        if not found or not (found[1] or found[3]):
            raise self.fault(r"a { that is no {m}, {m,} or {m,n}; a literal one is \{")
        least = int(found[1] or 0)
        most = least if not found[2] else int(found[3]) if found[3] else None
        if most is not None and most < least:
            raise self.fault(f"{found[0]}, which has the larger number first")
        self.at = found.end()
        return least, most

    def atom(self) -> Node:
        at, char = self.at, self.body[self.at]
        if char == "<" and (reference := self.reference()):
            return _rule(reference, self.rules, self.known, (*self.above, self.name))
        if self.took("("):
            if self.took("?") and not self.took(":"):
                self.at = at
                raise self.fault("a group of another kind than (?:...)")
            inside = self.choice()
            if not self.took(")"):
                self.at = at
                raise self.fault("a ( that is not closed")
            return inside
        if self.took("["):
            return _characters(self.members())
        if char in ".^$*+?{":
            raise self.fault(rf"{char}, which is not of the subset; a literal one is \{char}")
        point = self.character()
        return _characters([(point, point)])

    def reference(self) -> str | None:
        name = self.body[self.at + 1 :].partition(">")[0]
        if name not in self.rules:
            return None
        self.at += len(name) + 2
        return name

    def members(self) -> list[Range]:
        opened, outside, ranges = self.at - 1, self.took("^"), list[Range]()
        while not (ranges and self.took("]")):
            if self.at >= len(self.body):
                self.at = opened
                raise self.fault("a [ that is not closed")
            first = last = self.character()
            if self.body.startswith("-", self.at) and not self.body.startswith("-]", self.at):
                self.at += 1
                last = self.character()
            if last < first:
                raise self.fault(f"a range whose end {chr(last)!r} is before its beginning {chr(first)!r}")
            ranges.append((first, last))
        return _others(ranges) if outside else ranges

    def character(self) -> int:
        escaped = self.took("\\")
        if self.at >= len(self.body):
            raise self.fault("an end where a character is expected")
        char = self.body[self.at]
        if escaped and char.isascii() and char.isalnum():
            if char not in CONTROL_ESCAPES:
                raise self.fault(rf"\{char}, which is not of the subset; expected a class such as [0-9]")
            char = CONTROL_ESCAPES[char]
        self.at += 1
        return ord(char)

    def took(self, char: str) -> bool:
        taken = self.body.startswith(char, self.at)
        self.at += taken
        return taken

    def fault(self, found: str) -> ContractError:
        return ContractError(f"grammar rule <{self.name}> has at character {self.at + 1} {found}")


def _others(ranges: list[Range]) -> list[Range]:
    free, found = 0, list[Range]()
    for first, last in sorted(ranges):
        if free < first:
            found.append((free, first - 1))
        free = max(free, last + 1)
    return [*found, (free, LAST)] if free <= LAST else found


def _characters(ranges: list[Range]) -> Node:
    """One character of these, as bytes; the first bytes that stand alone together, the rest as sequences."""
    sequences = [sequence for first, last in ranges for sequence in _encoded(first, last)]
    ascii_ones = frozenset(byte for one in sequences if len(one) == 1 for byte in range(one[0][0], one[0][1] + 1))
    longer = [Chain(tuple(Byte(frozenset(range(a, b + 1))) for a, b in one)) for one in sequences if len(one) > 1]
    options: tuple[Node, ...] = (*((Byte(ascii_ones),) if ascii_ones else ()), *longer)
    return options[0] if len(options) == 1 else Choice(options)


def _encoded(first: int, last: int) -> Iterator[list[Range]]:
    """The code points as sequences of byte ranges, each of which stands for all that can be made of it."""
    if SURROGATES[0] <= first and last <= SURROGATES[1]:
        return
    cut = _cut(first, last)
    if cut is None:
        yield list(zip(chr(first).encode(), chr(last).encode(), strict=True))
    else:
        yield from _encoded(first, cut)
        yield from _encoded(cut + 1, last)


def _cut(first: int, last: int) -> int | None:
    """Where the range must be cut, the end of the left part; None where one sequence tells it all."""
    for edge in (0x7F, 0x7FF, SURROGATES[0] - 1, SURROGATES[1], 0xFFFF):
        if first <= edge < last:
            return edge
    for low in (0x3F, 0xFFF, 0x3FFFF) if last > 0x7F else ():  # what one, two and three continuation bytes hold
        if first & ~low != last & ~low:
            if first & low:
                return first | low
            if last & low != low:
                return (last & ~low) - 1
    return None
