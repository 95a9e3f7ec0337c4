"""All worlds of a shape, numbered, and for every formula the set of worlds in which it holds: a mask.

A mask is a Python integer whose bit i is world i, so that "and" of masks is "and" of formulas and a set of clues is
solved by as many machine instructions as its worlds fill words. Masks of literals are remembered.

In crime and zebra everything belongs to one of `size` groups, a suspect's or a house's, and every literal compares the
groups of two elements. A world's number has one digit for each attribute, which of all permutations it is in, and one
for the culprit. In moments, moments.py lists the worlds and says what holds in them.
"""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from itertools import permutations
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray

from rungwise.contracts.clue import moments
from rungwise.contracts.clue.spelling import RANK
from rungwise.contracts.clue.tree import (
    CRIME_ATTRIBUTES,
    ZEBRA_ATTRIBUTES,
    Category,
    Compound,
    Element,
    Formula,
    Is,
    Left,
    Literal,
    Next,
    Op,
    Shape,
    World,
)
from rungwise.errors import InputError

LARGEST = 4_000_000  # worlds: half a megabyte a mask
MOST_BYTES = 256 * 2**20  # of all spaces that are remembered together
MOST_MASKS = 128 * 2**20  # bytes of one space's masks, which are then begun anew

Truth = NDArray[np.bool_]
Numbers = NDArray[np.int8]


def attributes(shape: Shape) -> tuple[Category, ...]:
    """What each suspect, or house, has one of (crime, zebra)."""
    return (ZEBRA_ATTRIBUTES if shape.kind == "zebra" else CRIME_ATTRIBUTES)[: shape.attributes]


def owners(shape: Shape) -> Category:
    """What has them."""
    return Category.HOUSE if shape.kind == "zebra" else Category.SUSPECT


def together(first: Element, second: Element, holds: bool = True) -> Is:
    """That they belong together, in the one order that Is has."""
    if RANK[first.category] > RANK[second.category]:
        first, second = second, first
    return Is(first, second, holds)


def count(shape: Shape) -> int:
    """How many worlds there are (crime, zebra)."""
    return prod(_digits(shape))


def _digits(shape: Shape) -> tuple[int, ...]:
    orders = (factorial(shape.size),) * shape.attributes
    return (*orders, shape.size) if shape.kind == "crime" else orders


class Space(ABC):
    """The worlds of a shape."""

    def __init__(self, shape: Shape, size: int, held: int) -> None:
        self.shape, self.size = shape, size
        self.full = (1 << size) - 1
        self._held = held
        self._masks: dict[Literal, int] = {}

    @property
    def bytes(self) -> int:
        return self._held + len(self._masks) * (self.size // 8)

    def mask(self, formula: Formula) -> int:
        if isinstance(formula, Compound):
            return self._joined(formula.op, self.mask(formula.first), self.mask(formula.second))
        known = self._masks.get(formula)
        if known is None:
            if len(self._masks) * (self.size // 8) > MOST_MASKS:
                self._masks.clear()
            packed = np.packbits(self._truth(formula), bitorder="little")
            known = self._masks[formula] = int.from_bytes(packed.tobytes(), "little")
        return known

    def _joined(self, op: Op, first: int, second: int) -> int:
        if op is Op.OR:
            return first | second
        if op is Op.ONE:
            return first ^ second
        return (self.full ^ first) | second if op is Op.THEN else self.full ^ first ^ second

    @abstractmethod
    def world(self, index: int) -> World: ...

    @abstractmethod
    def _truth(self, literal: Literal) -> Truth:
        """In which worlds the literal holds."""


class _Groups(Space):
    """Crime and zebra. A column has one axis for each digit, and is as long as the digit counts along its own alone."""

    def __init__(self, shape: Shape) -> None:
        self.digits = _digits(shape)
        super().__init__(shape, prod(self.digits), 0)
        self.orders, inverses = _orders(shape.size)
        self.columns: dict[Element, Numbers] = {}
        for axis, attribute in enumerate(attributes(shape)):
            for number in range(shape.size):
                self.columns[Element(attribute, number)] = self._along(axis, inverses[:, number])
        for number in range(shape.size):
            self.columns[Element(owners(shape), number)] = self._along(0, np.array([number], dtype=np.int8))
        if shape.kind == "crime":
            numbers = np.arange(shape.size, dtype=np.int8)
            self.columns[Element(Category.CULPRIT, 0)] = self._along(len(self.digits) - 1, numbers)

    def _along(self, axis: int, values: Numbers) -> Numbers:
        return values.reshape([-1 if one == axis else 1 for one in range(len(self.digits))])

    def world(self, index: int) -> World:
        digits = np.unravel_index(index, self.digits)
        places = tuple(tuple(map(int, self.orders[digit])) for digit in digits[: self.shape.attributes])
        return World(places=places, culprit=int(digits[-1]) if self.shape.kind == "crime" else 0)

    def _truth(self, literal: Literal) -> Truth:
        first, second = self.columns[literal.first], self.columns[literal.second]  # type: ignore[union-attr]
        found = np.broadcast_to(_compared(literal, first, second) == literal.holds, self.digits)
        return found.reshape(-1)


@lru_cache(maxsize=8)
def _orders(size: int) -> tuple[Numbers, Numbers]:
    """All permutations, and for each who has which of its numbers."""
    orders = np.array(list(permutations(range(size))), dtype=np.int8)
    return orders, np.argsort(orders, axis=1).astype(np.int8)


def _compared(literal: Literal, first: Numbers, second: Numbers) -> Truth:
    found: Truth
    if isinstance(literal, Is):
        found = first == second
    elif isinstance(literal, Next):
        found = np.abs(first - second) == 1
    elif isinstance(literal, Left):
        found = first + 1 == second
    else:
        raise TypeError(literal)
    return found


class _Moments(Space):
    def __init__(self, shape: Shape) -> None:
        self.columns: Mapping[str, moments.Column] = moments.columns(shape)
        size = len(self.columns["culprit"])
        super().__init__(shape, size, sum(column.nbytes for column in self.columns.values()))

    def world(self, index: int) -> World:
        pieces, times = 1 + self.shape.size + self.shape.weapons, range(self.shape.times)
        suspects = range(self.shape.size if self.shape.motives else 0)
        return World(
            paths=tuple(
                tuple(int(self.columns[f"p{piece}t{time}"][index]) for time in times) for piece in range(pieces)
            ),
            motives=tuple(int(self.columns[f"m{suspect}"][index]) for suspect in suspects),
        )

    def _truth(self, literal: Literal) -> Truth:
        return moments.truth(self.columns, literal, self.shape)


_SPACES: OrderedDict[Shape, Space] = OrderedDict()  # the one used last stands last


def space(shape: Shape) -> Space:
    """Remembered, as long as all together fit into MOST_BYTES."""
    found = _SPACES.pop(shape, None) or _made(shape)
    _SPACES[shape] = found
    while len(_SPACES) > 1 and sum(one.bytes for one in _SPACES.values()) > MOST_BYTES:
        _SPACES.popitem(last=False)
    return found


def _made(shape: Shape) -> Space:
    if shape.kind == "moments":
        return _Moments(shape)
    if count(shape) > LARGEST:
        raise InputError(f"too large: {count(shape):,} worlds, expected at most {LARGEST:,}")
    return _Groups(shape)
