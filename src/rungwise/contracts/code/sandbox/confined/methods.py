"""The methods that a program may call, by name and type of their owner. There are no other attributes."""

from collections.abc import Callable
from typing import Any

from .fuel import counted, key, member, pay_text, plain, tick, weighed
from .offered import entries, members, sort

FAR = 64  # elements of a list that move as fast as a tick

Method = Callable[..., Any]


# ---- list ----


def _extend(values: list[Any], more: Any) -> None:
    values.extend(list(counted(more)))


def _insert(values: list[Any], place: Any, value: Any) -> None:
    tick(len(values) // FAR)
    values.insert(place, value)


def _pop(values: list[Any], *place: Any) -> Any:
    if place:
        tick(len(values) // FAR)
    return values.pop(*place)


def _searching(search: Method) -> Method:
    """What compares a value with each element, and may name it in an error."""

    def searching(values: Any, value: Any, *bounds: Any) -> Any:
        return search(weighed(values), plain(value), *bounds)

    return searching


def _whole(work: Method) -> Method:
    """What goes through its owner once."""

    def whole(values: Any, *given: Any) -> Any:
        return work(counted(values), *given)

    return whole


# ---- str ----


def _texts(work: Method) -> Method:
    """What goes through its owner, and the texts it is given, once, and makes no more than a few times as much."""

    def texts(value: str, *given: Any, **named: Any) -> Any:
        for one in (value, *given):
            weighed(one)
        return work(value, *given, **named)

    return texts


def _split(value: str, sep: Any = None, maxsplit: Any = -1) -> list[str]:
    return counted(value).split(sep, maxsplit)  # type: ignore[no-any-return]


def _join(value: str, parts: Any) -> str:
    made = list(counted(parts))
    pay_text(sum(len(one) for one in made if type(one) is str) + len(value) * len(made))
    return value.join(made)


def _replace(value: str, old: Any, new: Any, count: Any = -1) -> str:
    if type(old) is str and type(new) is str:
        pay_text(len(value) + len(old))
        pay_text(value.count(old) * len(new))
    return value.replace(old, new, count)


def _padded(pad: Method) -> Method:
    def padded(value: str, width: Any, *filled: Any) -> Any:
        if type(width) is int:
            pay_text(max(width, len(value)))
        return pad(value, width, *filled)

    return padded


# ---- dict and set ----


def _keyed(work: Method) -> Method:
    def keyed(values: Any, wanted: Any, *default: Any) -> Any:
        return work(values, key(wanted), *default)

    return keyed


def _update(values: dict[Any, Any], *more: Any, **named: Any) -> None:
    values.update(entries(*more, **named))


def _add(values: set[Any], value: Any) -> None:
    values.add(member(value))


def _with_sets(work: Method) -> Method:
    def with_sets(values: set[Any], *others: Any) -> Any:
        sets = [members(one) for one in others]
        tick(len(values))
        return work(values, *sets)

    return with_sets


_TEXTS = (
    "upper", "lower", "capitalize", "title", "swapcase", "strip", "lstrip", "rstrip", "startswith", "endswith", "find",
    "rfind", "index", "count", "isdigit", "isalpha", "isalnum", "isspace", "isupper", "islower", "removeprefix",
    "removesuffix",
)  # fmt: skip
_SETS = (
    "update", "union", "intersection", "difference", "symmetric_difference", "issubset", "issuperset", "isdisjoint",
)  # fmt: skip

_OF_TYPE: dict[type, dict[str, Method]] = {
    list: {
        "append": list.append, "extend": _extend, "insert": _insert, "pop": _pop, "remove": _searching(list.remove),
        "index": _searching(list.index), "count": _searching(list.count), "sort": sort, "reverse": _whole(list.reverse),
        "copy": _whole(list.copy), "clear": list.clear,
    },
    tuple: {"index": _searching(tuple.index), "count": _searching(tuple.count)},
    str: {
        **{name: _texts(getattr(str, name)) for name in _TEXTS},
        "split": _split, "join": _join, "replace": _replace, "splitlines": _whole(str.splitlines),
        **{name: _padded(getattr(str, name)) for name in ("zfill", "ljust", "rjust", "center")},
    },
    dict: {
        "get": _keyed(dict.get), "pop": _keyed(dict.pop), "setdefault": _keyed(dict.setdefault), "keys": dict.keys,
        "values": dict.values, "items": dict.items, "update": _update, "copy": _whole(dict.copy), "clear": dict.clear,
    },
    set: {
        "add": _add, "remove": _keyed(set.remove), "discard": _keyed(set.discard), "pop": set.pop, "clear": set.clear,
        "copy": _whole(set.copy), **{name: _with_sets(getattr(set, name)) for name in _SETS},
    },
}  # fmt: skip


def _by_type(name: str) -> Method:
    of_type = {kind: table[name] for kind, table in _OF_TYPE.items() if name in table}

    def by_type(owner: Any, *given: Any, **named: Any) -> Any:
        method = of_type.get(type(owner))
        if method is None:
            raise AttributeError(f"'{type(owner).__name__}' object has no attribute '{name}'")
        return method(owner, *given, **named)

    return by_type


METHODS: dict[str, Method] = {name: _by_type(name) for name in dict.fromkeys(n for t in _OF_TYPE.values() for n in t)}
