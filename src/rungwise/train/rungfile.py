"""A rung file as a person wrote it: TOML and `--set` read into a checked model, all faults at once, with their places.

1. tomllib does not say where a value stood. But every statement begins on a line of its own, so the file is cut into
   the shortest runs of lines that are TOML by themselves: each is one header, or one key with its value.
2. `--set rl.k=16` goes into what was read before it is checked, so it is held to the same rules; a fault in it is told
   as the option's. Its value is TOML, else JSON, else plain text.
3. pydantic tells a fault in a union once for each branch, with the branch's name in the path. Names that are no part of
   what was written are dropped, faults of one place are told as one, and a fault inside a table hides the one that says
   the table itself should have been something else.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from rungwise.contract import Json
from rungwise.errors import InputError, nearest

Keys = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)

CROSSED = "crossed"
EXPECTED: Mapping[str, str] = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "dict_type": "a table",
    "model_type": "a table",
    "tuple_type": "a list",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where everything stood."""

    file: Path
    lines: Mapping[Keys, int]
    overridden: frozenset[Keys]

    def fault(self, keys: Keys, problem: str) -> str:
        field = ".".join(map(str, keys))
        if self._overrides(keys):
            return f"--set {field}: {problem}"
        line = self.line(keys)
        return f"{self.file}{f':{line}' if line else ''}: {field}: {problem}"

    def line(self, keys: Keys) -> int:
        """Of the key itself, or of what it stands in; 0 where none of it is in the file."""
        if self._overrides(keys):
            return 0
        return next((self.lines[keys[:n]] for n in range(len(keys), 0, -1) if keys[:n] in self.lines), 0)

    def _overrides(self, keys: Keys) -> bool:
        return any(keys[: len(own)] == own for own in self.overridden)


def parsed(path: Path, overrides: Sequence[str]) -> tuple[dict[str, Json], Source]:
    try:
        text = path.read_text("utf-8").replace("\r\n", "\n")
        data = tomllib.loads(text)
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", file=path) from error
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8: {error.reason} at byte {error.start}", file=path) from error
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(path, text, str(error)) from error
    lines = _lines(text)
    return data, Source(path, lines, frozenset(_overridden(data, override) for override in overrides))


def _not_toml(path: Path, text: str, told: str) -> InputError:
    at = re.search(r" \(at line (\d+), (column \d+)\)$", told)
    if at is None:  # "(at end of document)"
        return InputError(f"not TOML: {told}", file=path, line=text.count("\n") + 1)
    return InputError(f"not TOML: {told[: at.start()]}, {at[2]}", file=path, line=int(at[1]))


# ---- lines ----


def _lines(text: str) -> dict[Keys, int]:
    lines: dict[Keys, int] = {}
    arrays: dict[Keys, int] = {}  # of [[...]] so far, the last one's index
    table: Keys = ()
    for number, header, read in _statements(text):
        paths = list(_paths(read))
        if header:
            table = _entered(paths[-1], arrays)
            paths = [()]
        for path in paths:
            whole = (*table, *path)
            for n in range(1, len(whole) + 1):
                lines.setdefault(whole[:n], number)
    return lines


def _statements(text: str) -> Iterator[tuple[int, bool, dict[str, Json]]]:
    """Where it begins, whether it is a header, and what it says."""
    begins, held = 1, ""
    for number, line in enumerate(text.split("\n"), 1):
        begins, held = (begins, f"{held}\n{line}") if held else (number, line)
        with suppress(tomllib.TOMLDecodeError):
            read = tomllib.loads(held)
            if read:
                yield begins, held.lstrip().startswith("["), read
            held = ""


def _paths(value: Json, above: Keys = ()) -> Iterator[Keys]:
    inner: Iterator[tuple[str | int, Json]] = iter(())
    if isinstance(value, dict):
        inner = iter(value.items())
    elif isinstance(value, list):
        inner = enumerate(value)
    for key, below in inner:
        yield (*above, key)
        yield from _paths(below, (*above, key))


def _entered(header: Keys, arrays: dict[Keys, int]) -> Keys:
    """The table that a header opens, with the index of each array it goes through; [[a]] reads as ("a", 0)."""
    names = [key for key in header if isinstance(key, str)]
    place: Keys = ()
    for i, name in enumerate(names):
        place = (*place, name)
        if i == len(names) - 1 and header[-1] == 0:
            arrays[place] = arrays.get(place, -1) + 1
        if place in arrays:
            place = (*place, arrays[place])
    return place


# ---- overrides ----


def _overridden(data: dict[str, Json], override: str) -> Keys:
    """Puts the value into `data` and says where."""
    key, equals, value = override.partition("=")
    names = key.strip().split(".")
    if not equals or not all(names):
        raise InputError(f"{override!r}; expected SECTION.FIELD=VALUE", field="--set")
    place: Any = data
    keys: Keys = ()
    for i, name in enumerate(names):
        inner: str | int = int(name) if isinstance(place, list) and name.isdigit() else name
        if not isinstance(place, dict) and not (isinstance(inner, int) and inner < len(place)):
            raise InputError(f"{override!r}: {'.'.join(map(str, keys))} has no {name!r} in it", field="--set")
        keys = (*keys, inner)
        if i == len(names) - 1:
            place[inner] = _value(value.strip())
        else:
            place = place.setdefault(inner, {}) if isinstance(place, dict) else place[inner]
    return keys


def _value(text: str) -> Json:
    with suppress(tomllib.TOMLDecodeError):
        read = tomllib.loads(f"value = {text}")
        if read.keys() == {"value"} and isinstance(read["value"], str | int | float | list | dict):
            return read["value"]  # not a date: 2026-01-31 is somebody's run
    with suppress(msgspec.DecodeError):
        return msgspec.json.decode(text)
    return text


# ---- faults ----


def crossed(faults: Mapping[str, str]) -> None:
    """For a model's own checks across its fields: field -> what was found and what was expected."""
    if faults:
        raise PydanticCustomError(CROSSED, "fields that do not fit", {"faults": dict(faults)})


def checked(model: type[Model], data: Mapping[str, Json], source: Source, refused: Mapping[str, str]) -> Model:
    """`refused` says of fields that people look for, but that are left out on purpose, why."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InputError("\n".join(_told(model, data, source, refused, error.errors()))) from error


def _told(
    model: type[BaseModel], data: Json, source: Source, refused: Mapping[str, str], errors: Sequence[ErrorDetails]
) -> list[str]:
    problems: dict[Keys, list[str]] = {}
    for error in errors:
        keys = _written(error, data)
        if error["type"] == CROSSED:
            for field, problem in error["ctx"]["faults"].items():
                below = (int(key) if key.isdigit() else key for key in field.split("."))
                problems.setdefault((*keys, *below), []).append(problem)
        else:
            problems.setdefault(keys, []).append(_problem(model, keys, error, refused))
    inner = [keys for keys in problems if not any(keys == other[: len(keys)] for other in problems if other != keys)]
    return [source.fault(keys, _joined(problems[keys])) for keys in sorted(inner, key=source.line)]


def _written(error: ErrorDetails, data: Json) -> Keys:
    """The path of an error without the names of a union's branches."""
    keys: Keys = ()
    for key in error["loc"]:
        there = key in data if isinstance(data, dict) else isinstance(data, list) and isinstance(key, int)
        if there:
            data = data[key]
        if there or (error["type"] == "missing" and isinstance(data, dict)):
            keys = (*keys, key)
    return keys


def _problem(model: type[BaseModel], keys: Keys, error: ErrorDetails, refused: Mapping[str, str]) -> str:
    kind, message = error["type"], error["msg"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        fields = _model_at(model, keys[:-1]).model_fields
        return refused.get(".".join(map(str, keys))) or f"no such {_what(keys)}; {nearest(str(keys[-1]), fields)}"
    found = _shown(error["input"])
    if kind == "literal_error":
        names = re.findall(r"'([^']*)'", error["ctx"]["expected"])
        return f"{found}; {nearest(str(error['input']), names)}"
    message = re.sub(r"^(Input should be|Value error, expected) ", "", message)
    return f"{found}; expected {EXPECTED.get(kind, message)}"


def _joined(problems: Sequence[str]) -> str:
    """What one union's branches expected."""
    first, *others = dict.fromkeys(problems)
    return " or ".join([first, *(other.partition("; expected ")[2] or other for other in others)])


def _what(keys: Keys) -> str:
    return "field" if len(keys) > 1 else "section or field"


def _model_at(model: type[BaseModel], keys: Keys) -> type[BaseModel]:
    for key in keys:
        if isinstance(key, str):
            model = next(_models_in(model.model_fields[key].annotation))
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _shown(value: Json) -> str:
    text = repr(value) if isinstance(value, str | float) else msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}..."
