"""What list operations and endings make of a list, written as plainly as can be and apart from every generated program:
expected values come from here alone.

Of an empty list every ending but `list` makes 0. A list is a tuple here and a list to programs.
"""

from collections.abc import Callable, Mapping

Ints = tuple[int, ...]
Result = int | Ints

OPERATIONS: Mapping[str, Callable[[Ints, int], Ints]] = {
    "keep even": lambda given, _: tuple([n for n in given if not n & 1]),
    "keep odd": lambda given, _: tuple([n for n in given if n & 1]),
    "keep gt": lambda given, bound: tuple([n for n in given if not n <= bound]),
    "add": lambda given, by: tuple([by + n for n in given]),
    "mul": lambda given, by: tuple([by * n for n in given]),
    "neg": lambda given, _: tuple([0 - n for n in given]),
    "rev": lambda given, _: tuple(reversed(given)),
    "sort": lambda given, _: tuple(sorted(given)),
    "take": lambda given, count: tuple([n for at, n in enumerate(given) if at < count]),
    "drop": lambda given, count: tuple([n for at, n in enumerate(given) if at >= count]),
}


def ending(name: str, given: Ints) -> Result:
    if name == "list":
        return given
    if name == "len":
        return len(given)
    if not given:
        return 0
    if name in ("first", "last"):
        return given[0 if name == "first" else len(given) - 1]
    if name == "sum":
        return sum(given)
    ordered = sorted(given)
    return ordered[0] if name == "min" else ordered[len(given) - 1]
