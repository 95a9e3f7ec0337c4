"""What goes into how much room: the largest type, the first arrangement that fits, heights spread over a body.

What does not fit says by how much, and nothing is tried of which that shows that it cannot fit.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

from rungwise.contracts.scene.sheet import Overflow, Sheet, Stack, overflow

SCALES = (1, 0.92, 0.85, 0.78, 0.72, 0.66, 0.6)
GROWTH = (2.3, 1.9, 1.5, 1.25, 1)  # a picture of little text is set larger; the first that fits
FEW, MANY = 16, 26  # components that are worth trying all of it, and the smaller half of it
LETTER = 138  # pixels that a letter takes with its share of the leading
FULLEST = 0.6  # of a body that is text, at the most
USUAL = 0.1  # of a canvas that is text, where many components just fit
PACE = 0.7  # text of k times the room fits at about 1 / k ** PACE: between lines that break anew and lines that do not
SHRINKS = 3  # text at half the size takes a quarter of the room, or less where lines break better
LEAST_SIZE = 0.65  # of the usual size of type, for a narrow card
AIR, MOST_AIR = 0.6, 30  # of the spare height, and in pixels, what pieces of text take between them
T = TypeVar("T")
C = TypeVar("C")


# ---- the size of type ----


def first_scale(whole: Sheet) -> int:
    """The scale to begin with: by how much text there is, where that is likely to be too much."""
    if len(whole.scene.components) <= MANY:
        return 0
    room = USUAL * whole.width * whole.height
    return next((at for at, scale in enumerate(SCALES) if whole.letters * LETTER * scale**2 <= room), len(SCALES) - 1)


def next_scale(step: int, excess: float) -> int:
    """The first scale at which this much too much may fit."""
    wanted = SCALES[step] / excess**PACE
    return next((at for at in range(step + 1, len(SCALES)) if SCALES[at] <= wanted), len(SCALES) - 1)


def grown(sheet: Sheet, measure: Callable[[float], T]) -> T:
    """What `measure` gives for the largest growth of the type at which it does not overflow."""
    size, last = len(sheet.scene.components), (Overflow(0, "", 0), 1.0)
    worth = GROWTH[:-1] if size <= FEW else GROWTH[2:-1] if size <= MANY else ()
    for growth in worth if sheet.scale == 1 else ():
        if crowded(sheet, growth) or in_vain(*last, growth):
            continue
        try:
            return measure(growth)
        except Overflow as overflow:
            last = overflow, growth
    return measure(GROWTH[-1])


def crowded(sheet: Sheet, size: float) -> bool:
    """Whether the text would fill more of the body at this size than any layout can."""
    return sheet.letters * LETTER * size * size > FULLEST * sheet.body.w * sheet.body.h


def in_vain(found: Overflow, before: float, size: float) -> Overflow | None:
    """What is sure to be said at this size of what did not fit at the size before; None where it may fit,
    or where it is not known how much too much it was."""
    excess = found.excess * (size / before) ** SHRINKS
    return Overflow(found.at, found.name, excess) if excess > 1 and found.excess > 1 else None


# ---- arrangements and heights ----


def first_fit(sheet: Sheet, growth: float, choices: Mapping[Hashable, C], measure: Callable[[C], T]) -> T:
    """What `measure` gives for the first choice that does not overflow. What one overflowed by is kept under its name,
    so that it is not tried again at a size at which it cannot fit."""
    size, found = sheet.scale * growth, list[Overflow]()
    for name, choice in choices.items():
        if name in sheet.failed and (told := in_vain(*sheet.failed[name], size)):
            found.append(told)
            continue
        try:
            return measure(choice)
        except Overflow as overflow:
            sheet.failed[name] = overflow, size
            found.append(overflow)
    raise min(found, key=lambda overflow: overflow.excess)


def spread(natural: Sequence[float], room: float, gap: float, at: int, most: float = 99) -> list[float]:
    """Heights (or widths) that fill the room: each its natural one and the same share of what is left, but at most
    `most` times its own, the rest going to the first. Overflows, on behalf of component `at`, where they do not fit."""
    left = room - sum(natural) - gap * (len(natural) - 1)
    if left < -0.01:
        overflow(at, excess=sum(natural) / max(1.0, sum(natural) + left))
    share = left / len(natural)
    sizes = [min(size + share, size * most) for size in natural]
    sizes[0] += room - sum(sizes) - gap * (len(natural) - 1)
    return sizes


def air_for(texts: Sequence[Stack], room: float) -> float:
    """The space to put between the pieces of stacks beside each other, so that they take some of a height that is more
    than they need; one figure for all, so that their lines stay level."""
    pieces = max([len(text.pieces) for text in texts])
    return max(0.0, min((room - max([text.h for text in texts])) * AIR / pieces, MOST_AIR)) if pieces else 0.0


def room_for(words: float, width: float, size: float) -> float:
    """The size of type, at most `size`, at which a word of so many em goes on a line of this width: a narrow card is
    set smaller, rather than all text of the picture; but not so small that nobody reads it."""
    return min(size, max(width / words, size * LEAST_SIZE))
