"""What a scene is about, from outside of it: read against the family table, every fault named by its path, then bound
to the components that refer to it.

`content` holds, by the table's names, one item where a part stands once (`header`), and a list or an object of items
where parts have refs: `stages.3` is the third of a list, `stages.cache` what an object has under that key. Items that
no component refers to are allowed. Text is text: no control characters, no markup; `a < b` and `R&D` are fine.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice

from rungwise.contract import Json
from rungwise.contracts.scene.families import (
    ENUMS,
    FAMILIES,
    LONGEST,
    MOST_CELLS,
    MOST_LINES,
    MOST_ROWS,
    Family,
    Item,
    Kind,
)
from rungwise.contracts.scene.language import ID
from rungwise.contracts.scene.tree import Component, Fault, Scene

MOST_ITEMS = 99  # what a ref can count to
MOST_FAULTS = 100  # a person reads a few; a hostile file could have millions
Bound = Mapping[str, Json]
_NOTHING: Bound = {}
_MARKUP = re.compile(r"<[A-Za-z/!?]|&#?\w+;")
_KEY = re.compile(ID)
_NUMBER = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,2})?")
_JOINERS = "\u200c\u200d"  # of emoji and of Indian scripts: the only invisible characters that change what is written


def check_content(layout: str, content: Json) -> tuple[Fault, ...]:
    """Every fault of the whole, in its own order; none where it is fit for a scene of this family."""
    if not isinstance(content, Mapping):
        return (_fault("content", "E_CONTENT_SHAPE", _told(content), "an object"),)
    return tuple(islice(_all(_shapes(FAMILIES[layout]), content), MOST_FAULTS))


def bind(scene: Scene, content: Mapping[str, Json]) -> list[Bound] | tuple[Fault, ...]:
    """The item of each component; nothing for an edge without a label."""
    items, faults = list[Bound](), list[Fault]()
    parts = scene.family.part
    for at, one in enumerate(scene.components):
        path = one.fields.get("ref") or (parts[one.tag].content if "ref" not in parts[one.tag].fields else None)
        item = _NOTHING if path is None else _looked_up(content, path)
        if item is None:
            faults.append(_missing(at, one, str(path), content))
        else:
            items.append(item)
    return tuple(faults) or items


def _looked_up(content: Mapping[str, Json], path: str) -> Bound | None:
    name, _, key = path.partition(".")
    held = content.get(name)
    found = None
    if isinstance(held, list):
        if key.isdigit() and int(key) <= len(held):
            found = held[int(key) - 1]
    elif isinstance(held, Mapping):
        found = held.get(key) if key else held
    return found if type(found) is dict or isinstance(found, Mapping) else None


def _missing(at: int, one: Component, path: str, content: Mapping[str, Json]) -> Fault:
    held = content.get(path.partition(".")[0])
    if isinstance(held, list) and held:
        expected = f"{path.partition('.')[0]}.1 to {path.partition('.')[0]}.{len(held)}"
    elif isinstance(held, Mapping) and "." in path and held:
        expected = "one of " + ", ".join(map(str, [*held][:6]))
    else:
        expected = "content at this path"
    return Fault("E_REF_MISSING", at + 2, 1, f"{path} of [{one.tag}]", (expected,))


# ---- the whole against the table ----


@cache
def _shapes(family: Family) -> Mapping[str, tuple[Item, bool]]:
    """What may stand under each name, and whether there are several of it."""
    return {part.content: (part.item, "ref" in part.fields) for part in family.parts if part.content and part.item}


def _is_right(item: Item, value: Json) -> bool:
    """Plainly right, which nearly all items are: no need to look for what is wrong."""
    if type(value) is not dict:
        return False
    must, may = item.must, item.may
    for name in must:
        if name not in value:
            return False
    for name, held in value.items():
        kind = must.get(name) or may.get(name)
        if kind is None or not _RIGHT[kind](held, LONGEST[kind]):
            return False
    return True


def _all(shapes: Mapping[str, tuple[Item, bool]], content: Mapping[str, Json]) -> Iterator[Fault]:
    for name, value in content.items():
        if name not in shapes:
            yield _fault(str(name)[:40], "E_CONTENT_SURPLUS", "not of this family", *shapes)
            continue
        item, several = shapes[name]
        if several:
            yield from _collection(name, item, value)
        elif not _is_right(item, value):
            yield from _item(name, item, value)


def _collection(name: str, item: Item, value: Json) -> Iterator[Fault]:
    if not isinstance(value, list | Mapping):
        yield _fault(name, "E_CONTENT_SHAPE", _told(value), "a list of items", "an object of items")
        return
    if len(value) > MOST_ITEMS:
        yield _fault(name, "E_CONTENT_SIZE", f"{len(value)} items", f"at most {MOST_ITEMS}")
    if isinstance(value, list):
        for at, one in enumerate(value[:MOST_ITEMS]):
            if not _is_right(item, one):
                yield from _item(f"{name}.{at + 1}", item, one)
        return
    for key, one in islice(value.items(), MOST_ITEMS):
        path = f"{name}.{str(key)[:40]}"
        if not (isinstance(key, str) and _KEY.fullmatch(key)):
            yield _fault(
                path, "E_CONTENT_SHAPE", "no key", "a small letter, then small letters, digits and _, 24 at most"
            )
        yield from _item(path, item, one)


def _item(path: str, item: Item, value: Json) -> Iterator[Fault]:
    if not isinstance(value, Mapping):
        yield _fault(path, "E_CONTENT_SHAPE", _told(value), "an object")
        return
    must, may = item.must, item.may
    for name in must:
        if name not in value:
            yield _fault(f"{path}.{name}", "E_CONTENT_SHAPE", "nothing", _EXPECTED[must[name]])
    for name, held in value.items():
        kind = must.get(name) or may.get(name)
        if kind is None:
            yield _fault(f"{path}.{str(name)[:40]}", "E_CONTENT_SURPLUS", "not of this item", *must, *may)
        else:
            yield from _KINDS[kind](f"{path}.{name}", held, kind)


# ---- one value, by kind ----


def _text(path: str, value: Json, kind: Kind) -> Iterator[Fault]:
    if not isinstance(value, str):
        yield _fault(path, "E_CONTENT_SHAPE", _told(value), "text")
    elif len(value) > LONGEST[kind]:
        yield _fault(path, "E_CONTENT_SIZE", f"{len(value)} characters", f"at most {LONGEST[kind]}")
    elif not value.strip():
        yield _fault(path, "E_CONTENT_TEXT", "only spaces" if value else "an empty text", "text")
    elif not _is_text(value):
        yield _fault(path, "E_CONTENT_TEXT", "a control character", "characters that can be seen")
    elif markup := _MARKUP.search(value):
        yield _fault(path, "E_CONTENT_MARKUP", markup[0][:12], "plain text: it is escaped here")


def _is_text(value: str) -> bool:
    return value.isprintable() or all(
        char.isprintable() or char in _JOINERS or unicodedata.category(char) == "Zs" for char in value
    )


def _texts(path: str, value: Json, kind: Kind) -> Iterator[Fault]:
    most = MOST_LINES if kind == "lines" else MOST_CELLS
    if not isinstance(value, list):
        yield _fault(path, "E_CONTENT_SHAPE", _told(value), "a list of texts")
        return
    if not 1 <= len(value) <= most:
        yield _fault(path, "E_CONTENT_SIZE", f"{len(value)} texts", f"1 to {most}")
    for at, one in enumerate(value[:most]):
        yield from _text(f"{path}.{at + 1}", one, kind)


def _number(path: str, value: Json, kind: Kind) -> Iterator[Fault]:
    most = LONGEST[kind]
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        yield _fault(path, "E_CONTENT_SHAPE", _told(value), "a number")
    elif len(value) > most if isinstance(value, str) else isinstance(value, int) and abs(value) >= 10**most:
        yield _fault(path, "E_CONTENT_SIZE", "a long number", f"at most {most} digits")
    elif number_of(value) is None:
        yield _fault(path, "E_CONTENT_SHAPE", f"{value!r}"[:24], "a number")


def number_of(value: Json) -> float | None:
    """A finite number, as such or spelled with digits; `1_000`, `nan` and ` 7` are none."""
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _rows(path: str, value: Json, kind: Kind) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield _fault(path, "E_CONTENT_SHAPE", _told(value), f"a list of {kind}")
        return
    if not 1 <= len(value) <= MOST_ROWS:
        yield _fault(path, "E_CONTENT_SIZE", f"{len(value)} {kind}", f"1 to {MOST_ROWS}")
    for at, row in enumerate(value[:MOST_ROWS]):
        yield from _row(f"{path}.{at + 1}", row)


def _row(path: str, row: Json) -> Iterator[Fault]:
    if not isinstance(row, Mapping) or "cells" not in row:
        yield _fault(path, "E_CONTENT_SHAPE", _told(row), "an object with cells")
        return
    for name, value in row.items():
        if name == "cells":
            yield from _texts(f"{path}.cells", value, "cells")
        elif name != "state":
            yield _fault(f"{path}.{str(name)[:40]}", "E_CONTENT_SURPLUS", "not of a row", "cells", "state")
        elif value not in ENUMS["state"]:
            yield _fault(f"{path}.state", "E_CONTENT_SHAPE", _told(value), *ENUMS["state"])


_KINDS: Mapping[Kind, Callable[[str, Json, Kind], Iterator[Fault]]] = {
    "short": _text, "title": _text, "text": _text, "lines": _texts, "cells": _texts, "number": _number, "rows": _rows,
}  # fmt: skip


# ---- the same, for what is plainly right ----


def _right_text(value: Json, longest: int) -> bool:
    return (
        type(value) is str
        and 0 < len(value) <= longest
        and value.isprintable()
        and "<" not in value
        and "&" not in value
        and not value.isspace()
    )


def _right_texts(value: Json, longest: int) -> bool:
    fewest = min(MOST_LINES, MOST_CELLS)
    return type(value) is list and 0 < len(value) <= fewest and all(_right_text(one, longest) for one in value)


def _right_number(value: Json, longest: int) -> bool:
    return (type(value) is int and abs(value) < 10**longest) or (type(value) is float and math.isfinite(value))


def _right_rows(value: Json, longest: int) -> bool:
    return type(value) is list and 0 < len(value) <= MOST_ROWS and all(_is_right_row(row, longest) for row in value)


def _is_right_row(row: Json, longest: int) -> bool:
    if type(row) is not dict or not _right_texts(row.get("cells"), longest):
        return False
    return len(row) == 1 or (len(row) == 2 and row.get("state") in ENUMS["state"])


_RIGHT: Mapping[Kind, Callable[[Json, int], bool]] = {
    "short": _right_text, "title": _right_text, "text": _right_text, "lines": _right_texts, "cells": _right_texts,
    "number": _right_number, "rows": _right_rows,
}  # fmt: skip
_EXPECTED: Mapping[Kind, str] = {
    "short": "text", "title": "text", "text": "text", "lines": "a list of texts", "cells": "a list of texts",
    "number": "a number", "rows": "a list of rows",
}  # fmt: skip


def _told(value: Json) -> str:
    names: Sequence[tuple[type, str]] = (
        (bool, "true or false"), (str, "text"), (int, "a number"), (float, "a number"), (list, "a list"),
        (Mapping, "an object"),
    )  # fmt: skip
    return next(
        (name for kind, name in names if isinstance(value, kind)), "null" if value is None else "something else"
    )


def _fault(path: str, code: str, found: str, *expected: str) -> Fault:
    return Fault(code, 0, 0, f"{path}: {found}", expected)
