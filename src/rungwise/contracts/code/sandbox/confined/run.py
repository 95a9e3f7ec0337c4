"""One program: read, run to its end, its functions called one after the other. What comes of it is told as plain data.

Every program gets fresh globals, and inputs that nothing else holds. The table of built-in functions is shared, and
cannot be reached to be changed: the language has no attributes.
"""

import re
from types import FunctionType
from typing import Any

from .fuel import METER, Stop
from .language import Refusal, read
from .methods import METHODS
from .nodes import method_name, own_name
from .offered import OFFERED, OWN
from .values import NotPlain, Room, packed

NOTE = 200  # characters of a note
_ADDRESS = re.compile(r"0x[0-9a-f]+")
_BUILTINS = {
    **OFFERED,
    **{own_name(name): function for name, function in OWN.items()},
    **{own_name(method_name(name)): function for name, function in METHODS.items()},
}


class _Run:
    """One program's life."""

    def __init__(self, fuel: int) -> None:
        self.globals: dict[str, Any] = {"__builtins__": _BUILTINS}
        self.room = Room()
        self.fuel = fuel
        self.returned: list[Any] = []
        self.ticks = 0
        METER.begin()

    def spend(self, fuel: int, work: Any, *args: Any) -> Any:
        METER.left = fuel
        try:
            return work(*args)
        finally:
            self.ticks += fuel - max(METER.left, 0)


def run(source: str, fuel: int, calls: list[Any], reads: list[str]) -> dict[str, Any]:
    """What the parent reads as an Outcome (program.py)."""
    checked = read(source)
    if isinstance(checked, Refusal):
        return {"status": "syntax" if checked.syntax else "refused", "note": _short(str(checked))}
    life = _Run(fuel)
    status, note, code, defined = "ok", "", None, []
    try:
        life.spend(fuel, exec, checked.code, life.globals)
        defined = [name for name, value in life.globals.items() if type(value) is FunctionType]
        for name, args, allowed in calls:
            life.returned.append(_called(life, name, args, allowed))
    except Stop as stop:
        status, note, code = stop.status, str(stop), getattr(stop, "code", None)
    except MemoryError:
        raise
    except Exception as error:
        status, note = "raised", f"{type(error).__name__}: {_told(error)}"
    return {
        "status": status, "note": note, "returned": life.returned, "printed": "".join(METER.printed),
        "exited": None if code is None else len(life.returned), "code": code, "defined": defined,
        "read": [[name, _sent(life, life.globals[name])] for name in reads if name in life.globals],
        "ticks": life.ticks,
    }  # fmt: skip


def _called(life: _Run, name: str, args: list[Any], fuel: int) -> Any:
    function = life.globals.get(name)
    if type(function) is not FunctionType:
        return {"r": ["NameError", f"no function {name}"]}
    try:
        value = life.spend(fuel, function, *args)
    except MemoryError:
        raise
    except Exception as error:
        return {"r": [type(error).__name__, _told(error)]}
    return _sent(life, value)


def _sent(life: _Run, value: Any) -> Any:
    try:
        return packed(value, life.room)
    except NotPlain as error:
        return {"r": ["NotPlain", str(error)]}


def _told(error: Exception) -> str:
    """Its text, without addresses and without what differs between versions of Python. Errors of ours and of Python's
    hold texts, keys and numbers: short."""
    if isinstance(error, RecursionError):
        return "maximum recursion depth exceeded"
    return _short(_ADDRESS.sub("0x", str(error)[: 2 * NOTE]))


def _short(text: str) -> str:
    return text if len(text) <= NOTE else text[: NOTE - 3] + "..."
