"""How connectors run between cards in rows and columns, before anything has a size: by which sides and channels, and
which of them run together."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

TOP, BOTTOM = -1, 1
APART = 0.5  # of a row: those that end where others begin would touch
KEPT = 64  # nets; a picture is tried at a few sizes, with the same one
Cell = tuple[int, int]  # row and column
End = tuple[int, int]  # of a link: its number, and 0 where it leaves, 1 where it enters
Key = tuple[str, int, int]  # what runs together: all that leaves a side of a card, or enters it, or one link


class Link(NamedTuple):
    """A connector by its component and the two cards, by number, that it joins."""

    at: int
    a: int
    b: int


class Way(NamedTuple):
    """How a connector runs, where it is not straight to a neighbour: by a side of each card and by channels between
    rows, one, or two with a channel between columns in between."""

    leaves: int
    enters: int
    first: int
    last: int
    column: int = -1


class Strip(NamedTuple):
    """A stretch of a channel: of a wire on a track, or of a label."""

    start: float
    end: float
    what: Key


class Net(NamedTuple):
    """All ways between some cards."""

    ways: list[Way | None]  # None: straight to a neighbour
    keys: list[Key]
    ports: list[tuple[int, int, list[list[End]]]]  # card, side, and who meets there, from left to right
    climbs: list[list[list[int]]]  # by channel between columns and track: the links that climb there
    beside: list[dict[int, list[int]]]  # by row and gap: the links that run straight


@lru_cache(KEPT)
def net_of(cells: tuple[Cell, ...], links: tuple[Link, ...]) -> Net:
    ways = [way_of(cells[link.a], cells[link.b]) for link in links]
    keys = keys_of(links, ways)
    columns = max([column for _, column in cells]) + 1
    beside: list[dict[int, list[int]]] = [{} for _ in range(max([row for row, _ in cells]) + 1)]
    for number, (link, way) in enumerate(zip(links, ways, strict=True)):
        if way is None:
            row, column = cells[link.a]
            beside[row].setdefault(max(column, cells[link.b][1]), []).append(number)
    return Net(ways, keys, _ports(cells, links, ways, keys), _climbs(ways, keys, columns + 1), beside)


def way_of(a: Cell, b: Cell) -> Way | None:
    (row, column), (to, target) = a, b
    if row == to and abs(column - target) == 1:
        return None
    if row == to:
        return Way(TOP, TOP, row, row) if target > column else Way(BOTTOM, BOTTOM, row + 1, row + 1)
    if to > row:
        leaves, enters, first, last = BOTTOM, TOP, row + 1, to
    else:
        leaves, enters, first, last = TOP, BOTTOM, row, to + 1
    return Way(leaves, enters, first, last, -1 if first == last else target if column < target else target + 1)


def keys_of(links: Sequence[Link], ways: Sequence[Way | None]) -> list[Key]:
    """Links that leave one side of a card share a track, as branches share a stem; else those that enter one."""
    leaving: dict[tuple[int, int], int] = {}
    entering: dict[tuple[int, int], int] = {}
    for link, way in zip(links, ways, strict=True):
        if way:
            leaving[link.a, way.leaves] = leaving.get((link.a, way.leaves), 0) + 1
            entering[link.b, way.enters] = entering.get((link.b, way.enters), 0) + 1
    keys: list[Key] = []
    for number, (link, way) in enumerate(zip(links, ways, strict=True)):
        if way and leaving[link.a, way.leaves] > 1:
            keys.append(("leaves", link.a, way.leaves))
        elif way and entering[link.b, way.enters] > 1:
            keys.append(("enters", link.b, way.enters))
        else:
            keys.append(("link", number, 0))
    return keys


def _ports(
    cells: Sequence[Cell], links: Sequence[Link], ways: Sequence[Way | None], keys: Sequence[Key]
) -> list[tuple[int, int, list[list[End]]]]:
    """On each side of each card, in the order of where the links go; lower sides first."""
    sides: dict[tuple[int, int], dict[Key, list[tuple[int, End]]]] = {}
    for number, (link, way, key) in enumerate(zip(links, ways, keys, strict=True)):
        if way:
            own = ("link", number, 0)
            leaving = sides.setdefault((link.a, way.leaves), {})
            leaving.setdefault(key if key[0] == "leaves" else own, []).append((cells[link.b][1], (number, 0)))
            entering = sides.setdefault((link.b, way.enters), {})
            entering.setdefault(key if key[0] == "enters" else own, []).append((cells[link.a][1], (number, 1)))
    found = []
    for (card, side), ports in sorted(sides.items(), key=lambda each: -each[0][1]):
        order = sorted(ports.values(), key=lambda ends: (sum([column for column, _ in ends]) / len(ends), ends))
        found.append((card, side, [[end for _, end in ends] for ends in order]))
    return found


def _climbs(ways: Sequence[Way | None], keys: Sequence[Key], channels: int) -> list[list[list[int]]]:
    """For each channel between columns its tracks: the links that climb on each, which do not meet, or run together."""
    spans: list[dict[Key, tuple[float, float, list[int]]]] = [{} for _ in range(channels)]
    for number, (way, key) in enumerate(zip(ways, keys, strict=True)):
        if way and way.column >= 0:
            low, high, numbers = spans[way.column].get(key, (way.first, way.first, []))
            numbers.append(number)
            spans[way.column][key] = min(low, way.first, way.last), max(high, way.first, way.last), numbers
    tracks: list[list[list[int]]] = []
    for found in spans:
        rows = packed([Strip(low, high, key) for key, (low, high, _) in found.items()], APART)
        tracks.append([[number for strip in row for number in found[strip.what][2]] for row in rows])
    return tracks


def packed(strips: list[Strip], apart: float) -> list[list[Strip]]:
    """Strips in as few rows as greed needs, so far apart in each."""
    rows: list[list[Strip]] = []
    for strip in sorted(strips):
        free = next((row for row in rows if row[-1].end + apart <= strip.start), None)
        if free is None:
            rows.append([strip])
        else:
            free.append(strip)
    return rows
