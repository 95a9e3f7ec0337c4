"""What is counted while a program runs, and what stops it.

A program pays one tick for a turn of a loop, a turn of a comprehension and a call, one for each element that a built-in
function, method or operator makes, moves or compares, one for each 16 characters, one for each 16 nodes of source
between two ticks, and for the length of long ints. So fuel bounds time and memory, on any machine alike; no clock is
read. What stops a program is a BaseException: the language has no `try`, and nothing in it could hold one back.
"""

from collections.abc import Callable
from typing import Any

BITS = 4096  # of an int: factorials up to 500 fit
WIDEST = 1 << BITS
TOO_WIDE = f"an int of more than {BITS} bits"
LEVELS = 64  # of nesting, in what is compared, shown or sorted
PRINTED = 4000  # characters kept of what is printed
LONG = 1 << 256  # up to here an int costs what any int does
CHARACTERS_A_TICK = 16
BITS_A_TICK = 64
NODES_OF_A_KEY_A_TICK = 8
NODES_A_TICK = 16

# Keys: hashes of ints and tuples hold no secret, so keys that all collide can be worked out. Inside these bounds they
# cannot.
KEY = 1 << 60
KEY_IN_TUPLE = 1 << 31
KEY_NODES = 64

VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
LIGHT = frozenset((int, bool, float, type(None)))
ROWS = frozenset((list, tuple, set, *VIEWS))
SIZED = frozenset((*ROWS, dict, str, range))


class Stop(BaseException):
    """The program ends here. `status` is its outcome's."""

    status = "raised"


class Spent(Stop):
    status = "fuel"


class Grown(Stop):
    status = "memory"


class Exited(Stop):
    status = "exited"

    def __init__(self, code: int) -> None:
        super().__init__(f"exit({code})")
        self.code = code


class Meter:
    """Of the one program that runs in this process."""

    def __init__(self) -> None:
        self.left = 0
        self.printed: list[str] = []
        self.room = PRINTED

    def begin(self) -> None:
        self.printed, self.room = [], PRINTED

    def print(self, text: str) -> None:
        if self.room > 0:
            self.printed.append(text[: self.room])
            self.room -= len(text)


METER = Meter()


def tick(ticks: int = 1) -> bool:
    """Pay. True, so that it can stand in a condition."""
    METER.left -= ticks
    if METER.left < 0:
        raise Spent("out of fuel")
    return True


def pay_text(length: int) -> None:
    if length >= CHARACTERS_A_TICK:
        tick(length // CHARACTERS_A_TICK)


def counted(values: Any) -> Any:
    """The values, paid for. A range or a container pays for its length; an iterator pays as it is drawn from."""
    if type(values) in SIZED:
        tick(len(values))
    return values


def bounded(number: Any) -> Any:
    """The number, where it is not too wide; a long int pays for its length."""
    if type(number) is int and not -LONG < number < LONG:
        if not -WIDEST < number < WIDEST:
            raise Grown(TOO_WIDE)
        tick(number.bit_length() // BITS_A_TICK)
    return number


def weighed(value: Any) -> Any:
    """The value, once all that is in it has been paid for: what it costs to compare or show it, shared parts as often
    as they occur. So what holds itself runs out of fuel or of levels."""
    if type(value) not in LIGHT:
        _weigh([value], _nothing)
    return value


def plain(value: Any) -> Any:
    """The same, and a TypeError where something in it is not plain."""
    if type(value) not in LIGHT:
        _weigh([value], _refused)
    return value


def _weigh(level: list[Any], other: Callable[[Any], None]) -> None:
    for _ in range(LEVELS):
        deeper: list[Any] = []
        for one in level:
            kind = type(one)
            if kind is str:
                pay_text(len(one))
            elif kind is dict:
                tick(len(one) + 1)
                deeper += [inner for pair in one.items() for inner in pair if type(inner) not in LIGHT]
            elif kind in ROWS:
                tick(len(one) + 1)
                deeper += [inner for inner in one if type(inner) not in LIGHT]
            else:
                other(one)
        if not deeper:
            return
        level = deeper
    raise Grown(f"nested deeper than {LEVELS}")


def _nothing(value: Any) -> None:
    """Functions and the like are compared by what they are."""


def _refused(value: Any) -> None:
    raise TypeError(f"a {type(value).__name__} has no text or place here")


# ---- keys ----


def key(value: Any) -> Any:
    """The value, where it may be looked up. Lists, sets and dicts pass: Python refuses them itself, in its own
    words."""
    kind = type(value)
    if kind is str or (kind is int and -KEY < value < KEY) or kind in (list, dict, set):
        return value
    if kind is tuple:
        tick(1 + (KEY_NODES - _nodes(value, KEY_NODES)) // NODES_OF_A_KEY_A_TICK)
    if not plain_key(value):
        raise TypeError(f"this {kind.__name__} is no key here")
    return value


def member(value: Any) -> Any:
    """A key that a set may hold. Where None stands in a set's order is chance before Python 3.12."""
    if type(value) is int and -KEY < value < KEY:
        return value
    if value is None or (type(value) is tuple and _holds_none(value)):
        raise TypeError("None has no place in a set here")
    return key(value)


def plain_key(value: Any) -> bool:
    kind = type(value)
    if kind is tuple:
        return _nodes(value, KEY_NODES) >= 0
    return kind in (str, float, bool, type(None)) or (kind is int and -KEY < value < KEY)


def _nodes(values: tuple[Any, ...], left: int) -> int:
    """What is left of the nodes that a tuple may have; below 0 where there is something that no key may hold."""
    left -= len(values)
    for one in values:
        if left < 0:
            return left
        kind = type(one)
        if kind is tuple:
            left = _nodes(one, left - 1)
        elif kind is int:
            left = left if -KEY_IN_TUPLE < one < KEY_IN_TUPLE else -1
        elif kind is not str and kind is not bool and one is not None:
            return -1
    return left


def _holds_none(values: tuple[Any, ...]) -> bool:
    """Of a tuple that may be a key; others are refused by the rule of keys."""
    return plain_key(values) and any(one is None or (type(one) is tuple and _holds_none(one)) for one in values)
