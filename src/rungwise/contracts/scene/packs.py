"""A scene's content, made from a topic pack: what the components say, bound from outside and never written by a model.

The family table decides what there is: an item for every part that shows one, a list (or, by key, an object) for every
part with refs. What each field holds follows from its kind, and for a few from its name.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate, cycle, islice
from typing import Literal

from rungwise.contract import Json
from rungwise.contracts.scene.families import FAMILIES, MOST_CELLS, MOST_LINES, Item, Kind
from rungwise.contracts.scene.topics import LONGEST_TITLE, PACKS, Pack

__all__ = ["LENGTHS", "PACKS", "Length", "Pack", "content_for", "names_of", "retitled"]

Length = Literal["short", "medium", "long"]
FEWEST = 2  # items of a collection that nobody counted: the most that any part needs, and enough to look like a list
WIDTHS = (3, 4)  # columns of a table
TITLES = ("{} and {}", "From {} to {}", "{} before {}", "{}, {} and the rest", "Why {} needs {}", "{} without {}")
BAR = (1, 100)  # what a bar's number may be: a share of the longest bar that can still be seen


@dataclass(frozen=True, slots=True)
class Measure:
    """How much an item says; a pair is the least and the most."""

    odds: float  # that an optional field is there, for all items of a collection alike
    sentences: tuple[int, int]  # of a text; three of the longest still fit
    lines: tuple[int, int]
    rows: tuple[int, int]


LENGTHS: Mapping[Length, Measure] = {
    "short": Measure(0.3, (1, 1), (1, 2), (2, 3)),
    "medium": Measure(0.7, (1, 2), (2, 3), (3, 5)),
    "long": Measure(1.0, (2, 3), (4, MOST_LINES), (6, 9)),
}


def retitled(pack: Pack, rng: random.Random) -> Pack:
    """The pack under a title of two names from seen packs: of ten titles alone a model learns to expect those ten."""
    names = [name for one in PACKS.values() if not one.hidden for name in one.names]
    while len(title := rng.choice(TITLES).format(*rng.sample(names, 2))) > LONGEST_TITLE:
        pass
    return replace(pack, title=title)


def names_of(pack: Pack) -> tuple[str, ...]:
    """The keys of content that is given by name, in the order of the pack's names."""
    return tuple(map(_key, pack.names))


@cache
def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower())


def content_for(
    layout: str, counts: Mapping[str, int], pack: Pack, rng: random.Random, length: Length, *, keyed: bool = False
) -> dict[str, Json]:
    """Content for every part of a family, `counts[collection]` items in each collection; the same for equal streams."""
    family = FAMILIES[layout]
    listed = {part.content: part.least for part in family.parts if part.content and "ref" in part.fields}
    draw = _draw(pack, rng, LENGTHS[length], {name: counts.get(name, max(n, FEWEST)) for name, n in listed.items()})
    content: dict[str, Json] = {}
    for part in family.parts:
        if part.content and part.item:
            writers = _writers(part.item, draw)
            named = _items(draw, writers, draw.counts.get(part.content, 1))
            held = {_key(name): item for name, item in named.items()} if keyed else list(named.values())
            content[part.content] = held if part.content in listed else next(iter(named.values()))
    return content


# ---- one scene's draw: the pack's words in an order of their own ----


@dataclass(frozen=True, slots=True)
class Draw:
    """What a scene's content is drawn from. Words go round for ever, so neighbours differ and none run out."""

    pack: Pack
    rng: random.Random
    measure: Measure
    counts: Mapping[str, int]
    width: int  # columns of every table in the scene
    names: Iterator[str]
    sentences: Iterator[str]
    labels: Iterator[str]
    values: Iterator[str]
    sizes: Iterator[str]
    laid: Sequence[str]  # the sizes once, in the order in which they go round: where each begins is their sum


def _draw(pack: Pack, rng: random.Random, measure: Measure, counts: Mapping[str, int]) -> Draw:
    def mixed(words: Sequence[str]) -> list[str]:
        return sorted(words, key=lambda _: rng.random())  # less than half of shuffle's time

    width, laid = rng.choice(WIDTHS), mixed(pack.sizes)
    names, sentences = cycle(mixed(pack.names)), cycle(mixed(pack.sentences))
    labels, values = cycle(mixed(pack.labels)), cycle(mixed(pack.values))
    return Draw(pack, rng, measure, counts, width, names, sentences, labels, values, cycle(laid), laid)


def _items(draw: Draw, writers: Sequence[tuple[str, "Writer"]], count: int) -> dict[str, Json]:
    """Items by their names, which are all different: past the pack's last name they begin again with a number."""
    known = len(draw.pack.names)
    names = [next(draw.names) if at < known else f"{next(draw.names)} {at // known + 1}" for at in range(count)]
    return {name: {field: write(draw, name) for field, write in writers} for name in names}


def _within(draw: Draw, ends: tuple[int, int]) -> int:
    return ends[0] + int(draw.rng.random() * (ends[1] - ends[0] + 1))


def _some(words: Iterator[str], count: int) -> list[str]:
    return list(islice(words, count))


# ---- what a field holds ----

Writer = Callable[[Draw, str], Json]  # the second is the item's name


def _writers(item: Item, draw: Draw) -> list[tuple[str, Writer]]:
    """The fields that these items have, and how each is written."""
    fields = [*item.must.items(), *(one for one in item.may.items() if draw.rng.random() < draw.measure.odds)]
    return [(name, _BY_NAME.get((name, kind)) or _BY_KIND[kind]) for name, kind in fields]


def _text(draw: Draw, _name: str) -> str:
    return " ".join(_some(draw.sentences, _within(draw, draw.measure.sentences)))


def _lines(draw: Draw, _name: str) -> list[str]:
    return _some(draw.sentences, _within(draw, draw.measure.lines))


def _cells(draw: Draw, name: str) -> list[str]:
    return [name, *_some(draw.values, draw.width - 1)]


def _heads(draw: Draw, _name: str) -> list[str]:
    return _some(draw.labels, draw.width)


def _rows(draw: Draw, _name: str) -> list[Json]:
    return [{"cells": _cells(draw, name)} for name in _some(draw.names, _within(draw, draw.measure.rows))]


def _offsets(draw: Draw, _name: str) -> list[str]:
    """Where the segments begin, and where the last one ends; where that is too many, some of them, evenly."""
    segments = draw.counts["segments"]
    steps = max(min(segments, MOST_LINES - 1), 1)
    starts = [0, *accumulate(map(_amount, islice(cycle(draw.laid), segments)))]
    return [_sum(draw.laid[0], starts[at * segments // steps]) for at in range(steps + 1)]


def _amount(size: str) -> int:
    return int(size, 16) if size.startswith("0x") else int(size.partition(" ")[0])


def _sum(like: str, amount: int) -> str:
    """An amount as that size is spelled."""
    return f"0x{amount:04X}" if like.startswith("0x") else f"{amount} {like.partition(' ')[2]}"


_BY_KIND: Mapping[Kind, Writer] = {
    "short": lambda draw, _: next(draw.labels),
    "title": lambda _, name: name,
    "text": _text,
    "lines": _lines,
    "cells": _cells,
    "number": lambda draw, _: _within(draw, BAR),
    "rows": _rows,
}
_BY_NAME: Mapping[tuple[str, Kind], Writer] = {  # where the kind alone does not tell
    ("headline", "title"): lambda draw, _: draw.pack.title,
    ("kicker", "short"): lambda draw, _: draw.pack.kicker,
    ("value", "short"): lambda draw, _: next(draw.values),
    ("badge", "short"): lambda draw, _: next(draw.values),
    ("size", "short"): lambda draw, _: next(draw.sizes),
    ("columns", "cells"): _heads,
    ("header", "cells"): _heads,
    ("values", "cells"): lambda draw, _: _some(draw.values, min(draw.counts["columns"], MOST_CELLS)),
    ("offsets", "lines"): _offsets,
}
