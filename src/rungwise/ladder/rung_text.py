"""A rung as the text of a file: only what is not a default, a section each. Read back it is the same rung."""

import re
from collections.abc import Iterator, Mapping

import msgspec

from rungwise.contract import Json
from rungwise.ladder.rung import Rung

BARE = re.compile(r"[A-Za-z0-9_-]+")


def text_of(rung: Rung, remark: str) -> str:
    said = rung.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    lines = [f"# {line}" for line in remark.splitlines()]
    lines += [_pair(key, value) for key, value in said.items() if not isinstance(value, dict)]
    for name, section in said.items():
        if isinstance(section, dict):
            lines += ["", f"[{name}]", *_section(section)]
    return "\n".join(lines) + "\n"


def _section(section: Mapping[str, Json]) -> Iterator[str]:
    return (_pair(key, value) for key, value in section.items())


def _pair(key: str, value: Json) -> str:
    return f"{key if BARE.fullmatch(key) else _text(key)} = {_value(value)}"


def _value(value: Json) -> str:
    if isinstance(value, Mapping):
        return f"{{ {', '.join(_pair(key, inner) for key, inner in value.items())} }}" if value else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return _text(value) if isinstance(value, str) else repr(value).lower()


def _text(value: str) -> str:
    """JSON's escapes are TOML's, but for DEL, which TOML does not let stand as it is."""
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
