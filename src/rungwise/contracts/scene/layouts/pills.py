"""Where the labels of edges go: onto their own edge, clear of cards and of each other, and where few others run."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from rungwise.contracts.scene.kit import HEAD, Point, Rect

ALONG = (0.5, 0.35, 0.65, 0.2, 0.8)  # of a stretch, where a label is tried
CLEAR = 3  # pixels between a label and cards or other labels
OVER = 45  # pixels that a label is rather off the middle of its edge than on another edge
TAIL = HEAD + 4  # pixels at the end of an edge that no label hides
Segment = tuple[float, float, float, float]


def segments(points: Sequence[Point]) -> list[Segment]:
    return [(min(x, ex), min(y, ey), max(x, ex), max(y, ey)) for (x, y), (ex, ey) in pairwise(points)]


def label_spot(
    points: Sequence[Point], size: tuple[float, float], body: Rect, taken: Sequence[Rect], others: Sequence[Segment]
) -> Point | None:
    """The middle of a label of this size; None where no place is clear."""
    (wide, high), best, least = size, None, float("inf")
    low, over, far, deep = _reach(points, size)  # what is out of reach need not be looked at again
    taken = [one for one in taken if one.x < far and one.right > low and one.y < deep and one.bottom > over]
    others = [run for run in others if run[0] < far and run[2] > low and run[1] < deep and run[3] > over]
    for x, y, cost in _spots(points, wide):
        if cost >= least:
            continue
        place = Rect(x - wide / 2, y - high / 2, wide, high)
        if place.x < body.x or place.right > body.right or place.y < body.y or place.bottom > body.bottom:
            continue
        if any(_meet(place, other) for other in taken):
            continue
        left, top, right, bottom = place.x, place.y, place.right, place.bottom
        cost += OVER * sum([x < right and ex > left and y < bottom and ey > top for x, y, ex, ey in others])
        if cost < least:
            best, least = (left + wide / 2, top + high / 2), cost
    return best


def _reach(points: Sequence[Point], size: tuple[float, float]) -> Segment:
    """From where to where a label of this size on the way can be."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    wide, high = size[0] + CLEAR, size[1] + CLEAR
    return min(xs) - wide, min(ys) - high, max(xs) + wide, max(ys) + high


def _spots(points: Sequence[Point], wide: float) -> Iterator[tuple[float, float, float]]:
    """Places on the way, with what each costs: long stretches and their middles are better."""
    whole = sum([abs(ex - x) + abs(ey - y) for (x, y), (ex, ey) in pairwise(points)])
    last = len(points) - 2
    for at, ((x, y), (ex, ey)) in enumerate(pairwise(points)):
        long = abs(ex - x) + abs(ey - y)
        if at == last and long > TAIL:
            ex, ey = ex - TAIL * (ex - x) / long, ey - TAIL * (ey - y) / long
        level = abs(ex - x) >= abs(ey - y)
        shifts = (0.0,) if level else (0.0, wide / 2 - 8, 8 - wide / 2)
        for along in ALONG:
            for shift in shifts:
                cost = (whole - long) * 0.3 + abs(along - 0.5) * long * 0.5 + abs(shift) * 0.3
                yield x + (ex - x) * along + shift, y + (ey - y) * along, cost


def _meet(one: Rect, other: Rect) -> bool:
    return (
        one.x < other.right + CLEAR
        and other.x < one.right + CLEAR
        and one.y < other.bottom + CLEAR
        and other.y < one.bottom + CLEAR
    )
