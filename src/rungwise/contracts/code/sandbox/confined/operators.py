"""Operators that could make more than they cost: they pay for their result before it is made.

Each comes twice: `add` for a + b, `iadd` for a += b, which changes a list, set or dict in place as Python does.
"""

import operator
from collections.abc import Callable
from typing import Any

from .fuel import BITS, LONG, SIZED, TOO_WIDE, Grown, bounded, counted, key, pay_text, tick, weighed

FACTORS_A_TICK = 16
NUMBERS = frozenset((int, bool, float))
Operator = Callable[[Any, Any], Any]


def operators() -> dict[str, Operator]:
    table: dict[str, Operator] = {}
    for name, (plain, in_place, paying) in _PAYING.items():
        table[name] = _paid(plain, paying)
        table[f"i{name}"] = _paid(in_place, paying)
    return table | {"in": inside}


def _paid(operate: Operator, pay: Callable[[Operator, Any, Any], Any]) -> Operator:
    if pay in (_raised, _lifted):
        return lambda a, b: pay(operate, a, b)

    def paid(a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int:  # the usual case: what is made is less than twice as long
            result = operate(a, b)
            if -LONG < result < LONG and -LONG < a < LONG:
                return result
            bounded(a)
            return bounded(result)
        return pay(operate, a, b)

    return paid


def _power(a: int, b: int) -> Any:
    if b > 0 and a.bit_length() * b > BITS + b:  # |a| ** b has at least (bits of a - 1) * b bits
        raise Grown(TOO_WIDE)
    tick(b.bit_length() // FACTORS_A_TICK)  # even a power of 1 takes a step for each bit
    return bounded(a**b)


def _shifted(a: int, b: int) -> int:
    if a and b > BITS:
        raise Grown(TOO_WIDE)
    result: int = bounded(a << b)
    return result


# ---- what each pays, where not both are ints ----


def _joined(operate: Operator, a: Any, b: Any) -> Any:
    kind = type(a)
    if kind is list and operate is operator.iadd:
        b = list(counted(b))
    elif kind is type(b) and kind in (list, tuple):
        tick(len(a) + len(b))
    elif kind is str and type(b) is str:
        pay_text(len(a) + len(b))
    return operate(a, b) if kind in (list, tuple, str) else _calculated(operate, a, b)


def _repeated(operate: Operator, a: Any, b: Any) -> Any:
    many, row = (a, b) if type(a) in NUMBERS else (b, a)
    if type(row) in (list, tuple, str) and type(many) in (int, bool):
        length = len(row) * max(many, 0)
        (pay_text if type(row) is str else tick)(length)
        return operate(a, b)
    return _calculated(operate, a, b)


def _raised(operate: Operator, a: Any, b: Any) -> Any:
    if type(a) in (int, bool) and type(b) in (int, bool):
        return _power(int(a), int(b))
    result = _calculated(operate, a, b)
    if type(result) is complex:
        raise ValueError("a negative number cannot be raised to a fractional power")
    return result


def _lifted(operate: Operator, a: Any, b: Any) -> Any:
    return _shifted(int(a), int(b)) if type(a) in (int, bool) and type(b) in (int, bool) else _foreign(operate, a, b)


def _calculated(operate: Operator, a: Any, b: Any) -> Any:
    return bounded(operate(a, b)) if type(a) in NUMBERS and type(b) in NUMBERS else _foreign(operate, a, b)


def _united(operate: Operator, a: Any, b: Any) -> Any:
    if type(a) is type(b) and type(a) in (set, dict):
        tick(len(a) + len(b))
        return operate(a, b)
    return _calculated(operate, a, b)


def _foreign(operate: Operator, a: Any, b: Any) -> Any:
    """Between these types the operator is not offered, whatever Python would make of it (text % value, views &
    sets)."""
    raise TypeError(f"no {operate.__name__} between {type(a).__name__} and {type(b).__name__} here")


_PAYING: dict[str, tuple[Operator, Operator, Callable[[Operator, Any, Any], Any]]] = {
    "add": (operator.add, operator.iadd, _joined),
    "sub": (operator.sub, operator.isub, _united),
    "mul": (operator.mul, operator.imul, _repeated),
    "floordiv": (operator.floordiv, operator.ifloordiv, _calculated),
    "mod": (operator.mod, operator.imod, _calculated),
    "pow": (operator.pow, operator.ipow, _raised),
    "lshift": (operator.lshift, operator.ilshift, _lifted),
    "and": (operator.and_, operator.iand, _united),
    "or": (operator.or_, operator.ior, _united),
    "xor": (operator.xor, operator.ixor, _united),
}


# ---- membership and slices ----


def inside(value: Any, values: Any) -> bool:
    kind = type(values)
    if kind is set or kind is dict:
        return key(value) in values
    if kind is str:
        pay_text(len(values) + (len(value) if type(value) is str else 0))
        return value in values
    if kind is range and type(value) in (int, bool):
        return value in values
    if kind in SIZED:
        weighed(value)
        if kind is range:
            counted(values)
        return value in weighed(values)
    return any(weighed(value) == weighed(one) for one in counted(values))


def sliced(values: Any, lower: Any, upper: Any, step: Any) -> Any:
    wanted = slice(lower, upper, step)
    if type(values) in (list, tuple, str):
        length = len(range(*wanted.indices(len(values))))
        (pay_text if type(values) is str else tick)(length)
    return values[wanted]


def put(value: Any, values: Any, lower: Any, upper: Any, step: Any) -> None:
    """values[lower:upper:step] = value"""
    if type(values) is not list:
        raise TypeError(f"'{type(values).__name__}' object does not support slice assignment")
    value = list(counted(value))
    tick(len(values) + len(value))
    values[lower:upper:step] = value
