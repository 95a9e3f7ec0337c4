"""Sums as people write them (48/2, $.5*(3+1), 20%*80), read into expressions by a reader of our own."""

import re
from collections.abc import Callable
from fractions import Fraction

from msgspec import Struct

MOST_CHARS = 200  # of a sum, which bounds how deep it goes
_TOKEN = re.compile(r"\s*(?:\$?((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+)(%?)|([-+*/()x×÷]))")  # noqa: RUF001
_SIGNS = {"+": "add", "-": "sub", "*": "mul", "x": "mul", "×": "mul", "/": "div", "÷": "div"}  # noqa: RUF001


class Number(Struct, frozen=True):
    value: Fraction
    percent: bool = False


class Sum(Struct, frozen=True):
    kind: str  # add, sub, mul, div
    left: "Sum | Number"
    right: "Sum | Number"


Expression = Sum | Number
Read = tuple[Expression | None, list[Number | str]]  # what was read, and what is left


def read(text: str) -> Expression | None:
    """The expression that the whole text is; None where it is none."""
    tokens = _tokens(text) if len(text) <= MOST_CHARS else None
    if not tokens:
        return None
    found, rest = _added(tokens)
    return found if not rest else None


def _tokens(text: str) -> list[Number | str] | None:
    found: list[Number | str] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return None
        number = Fraction(match[1].replace(",", "").rstrip(".")) if match[1] else None
        found.append(match[3] if number is None else Number(number, bool(match[2])))
        at = match.end()
    return found


def _added(tokens: list[Number | str]) -> Read:
    return _chain(tokens, ("+", "-"), _multiplied)


def _multiplied(tokens: list[Number | str]) -> Read:
    return _chain(tokens, ("*", "/", "x", "×", "÷"), _single)  # noqa: RUF001


def _chain(tokens: list[Number | str], signs: tuple[str, ...], inner: Callable[[list[Number | str]], Read]) -> Read:
    left, rest = inner(tokens)
    while left is not None and rest and rest[0] in signs:
        right, after = inner(rest[1:])
        if right is None:
            return None, rest
        left, rest = Sum(_SIGNS[str(rest[0])], left, right), after
    return left, rest


def _single(tokens: list[Number | str]) -> Read:
    if not tokens:
        return None, tokens
    first, rest = tokens[0], tokens[1:]
    if isinstance(first, Number):
        return first, rest
    if first == "+":
        return _single(rest)
    if first == "-":
        found, rest = _single(rest)
        return (Number(-found.value, found.percent), rest) if isinstance(found, Number) else (None, rest)
    if first == "(":
        found, rest = _added(rest)
        return (found, rest[1:]) if rest and rest[0] == ")" else (None, rest)
    return None, rest


def value_of(expression: Expression) -> Fraction | None:
    """None where it divides by zero."""
    if isinstance(expression, Number):
        return expression.value / 100 if expression.percent else expression.value
    left, right = value_of(expression.left), value_of(expression.right)
    if left is None or right is None or (expression.kind == "div" and not right):
        return None
    if expression.kind in ("add", "sub"):
        return left + right if expression.kind == "add" else left - right
    return left * right if expression.kind == "mul" else left / right
