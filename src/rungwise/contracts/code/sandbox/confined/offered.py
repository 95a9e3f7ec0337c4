"""The built-in functions that a program may name. Python's own where they cost next to nothing, else ours, which
pay."""

from collections.abc import Callable, Iterable, Iterator
from itertools import starmap
from types import FunctionType
from typing import Any

from .fuel import METER, SIZED, VIEWS, Exited, bounded, counted, key, member, pay_text, plain, tick, weighed
from .operators import operators, put, sliced

DIGITS = 4000  # of a text that is read as a number, and of what `round` rounds to


# ---- making ----


def row(values: Any = ()) -> list[Any]:
    return list(counted(values))


def fixed_row(values: Any = ()) -> tuple[Any, ...]:
    return tuple(counted(values))


def members(values: Any = ()) -> set[Any]:
    return {member(one) for one in counted(values)}


def entries(values: Any = (), **named: Any) -> dict[Any, Any]:
    if type(values) is dict:
        return dict(counted(values)) | named
    made = {}
    for one in counted(values):
        first, second = one
        made[key(first)] = second
    return made | named


def text(value: Any = "") -> str:
    return value if type(value) is str else shown(value)


def shown(value: Any) -> str:
    """Its repr; of what is not plain, its type alone, for the rest would be an address."""
    kind = type(value)
    if kind in (range, int, float, bool) or value is None:
        found = repr(value)
        pay_text(len(found))
        return found
    if kind is not str and kind is not dict and kind not in SIZED:
        return f"<{kind.__name__}>"
    found = repr(plain(value if kind not in VIEWS else list(counted(value))))
    pay_text(len(found))
    return found


def whole(value: Any = 0, base: Any = None) -> int:
    if type(value) is str and len(value) > DIGITS:
        raise ValueError(f"a number of more than {DIGITS} digits")
    if type(value) is str:
        pay_text(len(value))
    result: int = bounded(int(value) if base is None else int(value, base))
    return result


def real(value: Any = 0.0) -> float:
    if type(value) is str:
        pay_text(len(value))
    return float(value)


def parted(a: Any, b: Any) -> tuple[Any, Any]:
    return PART(a, b), REST(a, b)


def rounded(number: Any, ndigits: Any = None) -> Any:
    if ndigits is not None and not -DIGITS < ndigits < DIGITS:
        raise ValueError(f"no rounding to more than {DIGITS} digits")
    pay_text(abs(ndigits or 0))
    return round(number, ndigits)


# ---- going through ----


def total(values: Any, start: Any = 0) -> Any:
    if type(start) is str:
        raise TypeError("sum() can't sum strings [use ''.join(seq) instead]")
    for one in counted(values):
        start = ADD(start, one)
    return start


def every(values: Any) -> bool:
    return all(counted(values))


def some(values: Any) -> bool:
    return any(counted(values))


def ordered(values: Any, *, key: Any = None, reverse: Any = False) -> list[Any]:
    made = list(counted(values))
    sort(made, key=key, reverse=reverse)
    return made


def sort(values: list[Any], *, key: Any = None, reverse: Any = False) -> None:
    tick(len(values))
    weighed(values)
    values.sort(key=_weighing(key), reverse=reverse)


def _weighing(function: Any) -> Any:
    return None if function is None else lambda one: weighed(function(one))


def _chosen(choose: Callable[..., Any]) -> Callable[..., Any]:
    def chosen(*values: Any, key: Any = None, **default: Any) -> Any:
        if len(values) == 1:
            made = list(counted(values[0]))
            weighed(made)
            return choose(made, key=_weighing(key), **default)
        weighed(list(values))
        return choose(*values, key=_weighing(key), **default)

    return chosen


def _paced(values: Iterable[Any]) -> Iterator[Any]:
    for one in values:
        tick()
        yield one


def mapped(function: Any, *rows: Any) -> Iterator[Any]:
    return starmap(function, _paced(zip(*rows, strict=False)))


def kept(function: Any, values: Any) -> Iterator[Any]:
    return filter(function, _paced(iter(values)))


def paired(*rows: Any, strict: Any = False) -> Iterator[Any]:
    return _paced(zip(*rows, strict=strict))


def numbered(values: Any, start: Any = 0) -> Iterator[Any]:
    return _paced(enumerate(values, start))


def backwards(values: Any) -> Iterator[Any]:
    return _paced(reversed(values))


# ---- what is recorded ----


def printed(*values: Any, sep: Any = " ", end: Any = "\n") -> None:
    line = _or(sep, " ").join([text(one) for one in values]) + _or(end, "\n")
    tick()
    pay_text(len(line))
    METER.print(line)


def _or(found: Any, usual: str) -> str:
    if found is None:
        return usual
    if type(found) is not str:
        raise TypeError(f"sep and end must be strings, not {type(found).__name__}")
    pay_text(len(found))
    return found


def left(code: Any = None) -> None:
    """exit(): an event of ours. As a shell has it: None is 0, a text is 1."""
    if code is None or type(code) in (int, bool):
        raise Exited(int(code or 0) & 0xFF)
    raise Exited(1)


def of_type(value: Any, types: Any) -> bool:
    if type(types) is tuple:
        return any(of_type(value, one) for one in counted(types))
    found = next((known for named, known in _TYPES if named is types), None)
    if found is None:
        raise TypeError("isinstance() takes the types " + ", ".join(TYPES))
    return isinstance(value, found)


_OPERATORS = operators()
ADD, PART, REST = _OPERATORS["add"], _OPERATORS["floordiv"], _OPERATORS["mod"]
_TYPES: tuple[tuple[Any, type], ...] = (
    (bool, bool), (whole, int), (real, float), (text, str), (row, list), (fixed_row, tuple), (entries, dict),
    (members, set),
)  # fmt: skip
TYPES = ("bool", "int", "float", "str", "list", "tuple", "dict", "set")

OFFERED: dict[str, Any] = {
    "abs": abs, "bool": bool, "chr": chr, "divmod": parted, "len": len, "ord": ord, "range": range,
    "all": every, "any": some, "dict": entries, "enumerate": numbered, "exit": left, "filter": kept, "float": real,
    "int": whole, "isinstance": of_type, "list": row, "map": mapped, "max": _chosen(max), "min": _chosen(min),
    "print": printed, "quit": left, "repr": shown, "reversed": backwards, "round": rounded, "set": members,
    "sorted": ordered, "str": text, "sum": total, "tuple": fixed_row, "zip": paired,
}  # fmt: skip

for _name, _function in OFFERED.items():  # as Python's error messages shall call them
    if isinstance(_function, FunctionType):
        _function.__qualname__ = _name

# What the rewritten tree calls (nodes.py); no source can spell these names.
OWN: dict[str, Any] = {
    **_OPERATORS, "tick": tick, "key": key, "member": member, "weighed": weighed, "text": text, "slice": sliced,
    "put": put,
}  # fmt: skip
