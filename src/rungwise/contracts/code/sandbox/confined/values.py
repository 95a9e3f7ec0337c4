"""Plain values: None, bool, int, float, str, and list, tuple, dict, set of plain values. Exactly these types.

Only plain values cross the border, in both directions. What comes out of a worker is JSON in which a list is a list and
every other container is an object with one tag; what reads it trusts nothing.
"""

from typing import Any

from .fuel import BITS, KEY, plain_key

Value = Any  # a plain value; the type checker is not told, the rule below holds it at run time

ATOMS = (type(None), bool, int, float, str)
DEEPEST = 32
NODES = 20_000  # of all values of a program together: 8 calls that return some hundred elements each are far below
CHARACTERS = 200_000


class NotPlain(Exception):
    """The value cannot cross the border; the text says why."""


class Room:
    """How much may still cross, in one direction, for one program."""

    def __init__(self) -> None:
        self.nodes, self.characters = NODES, CHARACTERS

    def take(self, nodes: int, characters: int = 0) -> None:
        self.nodes -= nodes
        self.characters -= characters
        if self.nodes < 0 or self.characters < 0:
            raise NotPlain("too large")


def packed(value: Value, room: Room, depth: int = DEEPEST) -> Any:
    """As JSON knows it: a tuple, set or dict becomes {"t"}, {"s"} or {"d"}."""
    kind = type(value)
    if kind is list:
        return _each(value, room, depth)
    if kind in ATOMS:
        return _atom(value, room)
    if kind is tuple:
        return {"t": _each(value, room, depth)}
    if kind is set:
        return {"s": _each(value, room, depth)}
    if kind is dict:
        return {"d": [_each(pair, room, depth) for pair in value.items()]}
    raise NotPlain(f"a {kind.__name__}")


def _each(values: Any, room: Room, depth: int) -> list[Any]:
    if depth == 0:
        raise NotPlain(f"nested deeper than {DEEPEST}")
    room.take(len(values) + 1)
    return [one if type(one) is int and -KEY < one < KEY else packed(one, room, depth - 1) for one in values]


def _atom(value: Value, room: Room) -> Any:
    if type(value) is int and value.bit_length() > BITS:
        raise NotPlain(f"an int of more than {BITS} bits")
    if type(value) is str:
        room.take(1, len(value))
    return value


def unpacked(found: Any, room: Room, depth: int = DEEPEST) -> Value:
    """The value again. Raises NotPlain on anything that `packed` does not write."""
    if type(found) is list:
        return _all(found, room, depth)
    if type(found) is not dict:
        return _atom(found, room)
    if len(found) != 1:
        raise NotPlain("an object without a single tag")
    ((tag, inner),) = found.items()
    if type(inner) is not list:
        raise NotPlain("a tag without a list")
    if tag == "t":
        return tuple(_all(inner, room, depth))
    if tag == "s":
        return {_key(one) for one in _all(inner, room, depth)}
    if tag == "d":
        return {_key(key): value for key, value in (_pair(one, room, depth) for one in inner)}
    raise NotPlain("an unknown tag")


def _all(found: list[Any], room: Room, depth: int) -> list[Value]:
    if depth == 0:
        raise NotPlain(f"nested deeper than {DEEPEST}")
    room.take(len(found) + 1)
    return [one if type(one) is int and -KEY < one < KEY else unpacked(one, room, depth - 1) for one in found]


def _pair(found: Any, room: Room, depth: int) -> list[Value]:
    if type(found) is not list or len(found) != 2:
        raise NotPlain("a dict's entry that is no pair")
    return _all(found, room, depth)


def _key(value: Value) -> Value:
    """Held to the rule of keys, which bounds what collisions can cost."""
    if not plain_key(value):
        raise NotPlain("no key")
    return value


# ---- comparing ----


def same(a: object, b: object, *, numbers: bool = False) -> bool:
    """Equal in type and value at every depth: True is not 1, a list is no tuple. NaN is itself. Order counts where
    the type keeps one, so not for sets and dicts. With `numbers`, 1 is 1.0 (and True still is not). False for what is
    not plain."""
    if type(a) is type(b) and type(a) in (int, str, bool):
        return a == b
    try:
        return bool(_told(a, numbers, DEEPEST) == _told(b, numbers, DEEPEST))
    except NotPlain:
        return False


def _told(value: Value, numbers: bool, depth: int) -> Any:
    """The value with every type spelled out, so that == compares both."""
    kind = type(value)
    if kind in ATOMS:
        shown = "nan" if value != value else value
        return ("number" if numbers and kind in (int, float) else kind.__name__, shown)
    if depth == 0 or kind not in (list, tuple, set, dict):
        raise NotPlain(kind.__name__)
    if kind is dict:
        pairs = value.items()
        return ("dict", {_told(key, numbers, depth - 1): _told(one, numbers, depth - 1) for key, one in pairs})
    inner = (_told(one, numbers, depth - 1) for one in value)
    return (kind.__name__, frozenset(inner) if kind is set else tuple(inner))
