"""What goes into the sandbox and what comes out, and how both travel.

Programs are written for the worker with marshal, whose second version knows plain values exactly and shares nothing
between two of them. Outcomes come back as JSON, from a process that ran hostile code: every field is held to its type
and its bounds.
"""

import json
import marshal
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rungwise.contracts.code.sandbox.confined.fuel import PRINTED
from rungwise.contracts.code.sandbox.confined.run import NOTE
from rungwise.contracts.code.sandbox.confined.values import NotPlain, Room, Value, packed, unpacked
from rungwise.errors import InputError

FUEL = 10_000  # ticks; a loop over ten elements takes some twenty
MOST_FUEL = 1_000_000  # of a program together: a second or so, far from the alarm
MOST_CALLS = 1_000
MOST_NAMES = 100
FRAME = 4 << 20  # bytes of an outcome: 200,000 characters, escaped, and as many digits
STATUSES = ("ok", "syntax", "refused", "raised", "fuel", "memory", "exited", "time", "killed")


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the program, called with copies of these plain values."""

    name: str
    args: tuple[Value, ...] = ()
    fuel: int = FUEL


@dataclass(frozen=True, slots=True)
class Program:
    source: str
    calls: tuple[Call, ...] = ()
    reads: tuple[str, ...] = ()  # module variables to be looked at when all is done
    fuel: int = FUEL  # of the module itself


@dataclass(frozen=True, slots=True)
class Raised:
    """In the place of a value: what a call raised; or NotPlain, where it returned what cannot leave."""

    kind: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    status: str
    note: str = ""  # for people; where and why
    returned: tuple[Value | Raised, ...] = ()  # of the calls that ended, in order
    printed: str = ""
    exited: int | None = None  # an exit() was reached, and so many calls had ended before
    exit_code: int | None = None
    read: dict[str, Value | Raised] = field(default_factory=dict)  # of the variables asked for, those that there are
    defined: tuple[str, ...] = ()  # module names that hold a function of the program's, when the module has run
    ticks: int = 0


# ---- there ----


def written(programs: Sequence[Program]) -> list[bytes]:
    """Each for itself, so that any part of a batch can be sent again."""
    return [_written(program, place) for place, program in enumerate(programs)]


def _written(program: Program, place: int) -> bytes:
    where = f"program {place}"
    if type(program.source) is not str:
        raise InputError("a source is a text", field=where)
    if len(program.calls) > MOST_CALLS or len(program.reads) > MOST_NAMES:
        raise InputError(f"more than {MOST_CALLS} calls or {MOST_NAMES} variables", field=where)
    fuels = [program.fuel, *(call.fuel for call in program.calls)]
    if any(type(fuel) is not int or fuel < 0 for fuel in fuels) or sum(fuels) > MOST_FUEL:
        raise InputError(f"fuel is 0 or more, and at most {MOST_FUEL} together", field=where)
    room = Room()
    try:
        for call in program.calls:
            packed(call.args, room)
        calls = [(call.name, call.args, call.fuel) for call in program.calls]
        return marshal.dumps((program.source, program.fuel, calls, list(program.reads)), 2)
    except (NotPlain, ValueError) as error:
        raise InputError(f"what it is called with is not plain: {error}", field=where) from None


# ---- and back ----


def read_frame(frame: bytes) -> dict[str, Any]:
    """Raises NotPlain on what no worker of ours writes."""
    try:
        found = json.loads(frame.decode("ascii"))
    except (ValueError, RecursionError, MemoryError):
        raise NotPlain("no JSON") from None
    if type(found) is not dict:
        raise NotPlain("no object")
    return found


def read_outcome(frame: bytes, program: Program) -> Outcome:
    found = read_frame(frame)
    room = Room()
    return Outcome(
        status=_one(found, "status", STATUSES),
        note=_text(found.get("note", ""), NOTE),
        returned=tuple(_value(one, room) for one in _list(found, "returned", len(program.calls))),
        printed=_text(found.get("printed", ""), PRINTED),
        exited=_whole(found.get("exited"), len(program.calls)),
        exit_code=_whole(found.get("code"), 0xFF),
        read={name: _value(one, room) for name, one in _named(found, program.reads)},
        defined=tuple(_text(one, NAME) for one in _list(found, "defined", DEFINED)),
        ticks=_whole(found.get("ticks", 0), 2 * MOST_FUEL) or 0,
    )


NAME = DEFINED = 10_000  # a name is no longer than a source, and there are fewer of them


def _one(found: dict[str, Any], name: str, known: tuple[str, ...]) -> str:
    value: str = found.get(name, "")
    if value not in known:
        raise NotPlain(f"no {name}")
    return value


def _text(found: Any, longest: int) -> str:
    if type(found) is not str or len(found) > longest:
        raise NotPlain("no text, or too long")
    return found


def _whole(found: Any, most: int) -> int | None:
    if found is None:
        return None
    if type(found) is not int or not 0 <= found <= most:
        raise NotPlain("no number, or out of bounds")
    return found


def _list(found: dict[str, Any], name: str, most: int) -> list[Any]:
    value = found.get(name, [])
    if type(value) is not list or len(value) > most:
        raise NotPlain("no list, or too long")
    return value


def _named(found: dict[str, Any], names: tuple[str, ...]) -> list[tuple[str, Any]]:
    pairs = _list(found, "read", len(names))
    if any(type(pair) is not list or len(pair) != 2 or pair[0] not in names for pair in pairs):
        raise NotPlain("variables that were not asked for")
    return [(name, value) for name, value in pairs]


def _value(found: Any, room: Room) -> Value | Raised:
    if type(found) is dict and "r" in found:
        kind, note = _pair_of_texts(found)
        return Raised(kind, note)
    return unpacked(found, room)


def _pair_of_texts(found: dict[str, Any]) -> tuple[str, str]:
    pair = _list(found, "r", 2)
    if len(found) != 1 or len(pair) != 2:
        raise NotPlain("no kind and note")
    return _text(pair[0], NOTE), _text(pair[1], NOTE)
