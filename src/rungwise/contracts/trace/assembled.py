"""Sums one after another, assembled into a trace: numbers find their places, steps their experts, experts their blocks.

Where a sum's number comes from, in this order: a result that no later sum has used yet, the question, a result that
was used, the world. A share that the question states as a percent (.2 for 20%) goes by percentage, a division by what
is stated as a part (48/2 for half of 48) is a multiplication by that part, and a hundredth by itself is one percent.
"""

import string
from collections.abc import Iterator, Sequence
from fractions import Fraction

from rungwise.contracts.trace.machine import EXPERT
from rungwise.contracts.trace.numbers import CONSTANTS, ratio, spelled, value_of
from rungwise.contracts.trace.stated import Stated
from rungwise.contracts.trace.sums import Expression, Number, Sum
from rungwise.contracts.trace.tree import (
    Block,
    Constant,
    Init,
    Line,
    Literal,
    Pointer,
    Query,
    Source,
    Step,
    Trace,
    Value,
)

HUNDREDTH = Fraction(1, 100)


class Refusal(Exception):
    """Why a problem did not compile."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


class Assembly:
    """The nodes of a trace in the making: numbers, and steps over earlier nodes."""

    def __init__(self, question: str, numbers: Sequence[Stated]) -> None:
        self.question, self.numbers = question.lower(), numbers
        self.stated = [Fraction(*(value_of(one.value) or (0, 1))) for one in numbers]
        self.rates = {value / 100: value for one, value in zip(numbers, self.stated, strict=True) if one.percent}
        self.nodes: list[Value | tuple[str, int, int]] = []
        self.values: list[Fraction] = []
        self.results: list[int] = []
        self.unused: list[int] = []

    def put(self, expression: Expression) -> int:
        """The node of a sum, and from now on a result that later sums may mean by its value."""
        node = self._node(expression)
        self.results.append(node)
        if not isinstance(expression, Number):
            self.unused.append(node)
        return node

    def _node(self, expression: Expression) -> int:
        if isinstance(expression, Number):
            return self._number(expression.value / 100 if expression.percent else expression.value)
        part = self._part(expression)
        if part is not None:
            return self._number(part)
        return self._percent(expression) or self._step(expression)

    def _part(self, one: Sum) -> Fraction | None:
        """A quotient of two numbers that the question states as one: 3/4."""
        if one.kind != "div" or not isinstance(one.left, Number) or not isinstance(one.right, Number):
            return None
        value = one.left.value / one.right.value
        plain = one.left.value in self.stated and one.right.value in self.stated
        return value if value in self.stated and value.denominator > 1 and not plain else None

    def _percent(self, one: Sum) -> int | None:
        """What takes a percent of something; None where nothing does."""
        taken = _taken(one, self)
        if taken is None:
            return None
        kind, base, rate = taken
        return self._add((kind, self._node(base), self._node(rate)))

    def _step(self, one: Sum) -> int:
        left = self._node(one.left)
        if one.kind == "div" and isinstance(one.right, Number) and not self.has(one.right.value):
            inverse = 1 / one.right.value
            if inverse in self.stated and inverse.denominator > 1:
                return self._add(("mul", left, self._number(inverse)))
        return self._add((one.kind, left, self._node(one.right)))

    def has(self, value: Fraction) -> bool:
        return value in self.stated or any(self.values[node] == value for node in self.results)

    def _add(self, step: tuple[str, int, int]) -> int:
        kind, a, b = step
        x, y = self.values[a], self.values[b]
        self.nodes.append(step)
        self.values.append(
            x + y if kind == "add" else x - y if kind == "sub" else x * y if kind == "mul" else x / y if kind == "div"
            else x * y / 100 if kind == "pct_of" else x - x * y / 100 if kind == "pct_off" else x + x * y / 100
        )  # fmt: skip
        return len(self.nodes) - 1

    # ---- numbers ----

    def _number(self, value: Fraction) -> int:
        for node in reversed(self.unused):
            if self.values[node] == value:
                self.unused.remove(node)
                return node
        if value in self.stated or value in self.rates:
            return self._leaf(self._stated(value), value)
        for node in reversed(self.results):
            if self.values[node] == value:
                return node
        made = self._from_percent(value)
        return made if made is not None else self._leaf(self._constant(value), value)

    def _from_percent(self, value: Fraction) -> int | None:
        """What a percent leaves (80 of 20%), and dollars that were stated as cents."""
        if 100 - value in self.rates.values():
            return self._add(("sub", self._number(Fraction(100)), self._number(100 - value)))
        if 100 * value in self.stated and value.denominator > 1:
            return self._add(("pct_of", self._number(Fraction(1)), self._number(100 * value)))
        return None

    def _leaf(self, leaf: Value, value: Fraction) -> int:
        if leaf in self.nodes:
            return self.nodes.index(leaf)
        self.nodes.append(leaf)
        self.values.append(value)
        return len(self.nodes) - 1

    def _stated(self, value: Fraction) -> Value:
        """The first mention of a number that has not been used, else the first; a share as it is."""
        places = [place for place, other in enumerate(self.stated, start=1) if other == value and place < 100]
        if not places:
            return Literal(spelled(ratio(value)))
        return next((Pointer(place) for place in places if Pointer(place) not in self.nodes), Pointer(places[0]))

    def _constant(self, value: Fraction) -> Constant:
        names = [name for name, n in CONSTANTS.items() if n == value]
        if not names:
            raise Refusal("unplaced", f"{value} is not of the question")
        return Constant(max(names, key=self._fit))

    def _fit(self, name: str) -> int:
        """How many of a constant's words the question has: days and week of days_per_week."""
        return sum(word.removesuffix("s") in self.question for word in name.split("_") if word != "per")

    # ---- blocks ----

    def trace(self, result: int) -> Trace:
        """What the result hangs on, in blocks: a step is in the block of the one step that takes it where their expert
        is the same, and in one of its own elsewhere."""
        home = self._homes(result)
        order = sorted(set(home.values()))
        return Trace(tuple(self._block(root, home, order) for root in order))

    def _homes(self, result: int) -> dict[int, int]:
        """Of every step that is needed, the last step of its block."""
        home: dict[int, int] = {}
        takers: dict[int, set[int]] = {result: set()}
        for node in range(result, -1, -1):
            step = self.nodes[node]
            if node not in takers or not isinstance(step, tuple):
                continue
            homes = {home[taker] for taker in takers[node]}
            alike = all(self._expert(taker) == self._expert(node) for taker in takers[node])
            home[node] = homes.pop() if len(homes) == 1 and alike else node
            for operand in step[1:]:
                takers.setdefault(int(operand), set()).add(node)
        if not home:
            raise Refusal("no_trace", "the answer stands in the question")
        return home

    def is_step(self, node: int) -> bool:
        return isinstance(self.nodes[node], tuple)

    def _expert(self, node: int) -> str:
        step = self.nodes[node]
        assert isinstance(step, tuple)
        return EXPERT[step[0]]

    def _block(self, root: int, home: dict[int, int], order: list[int]) -> Block:
        steps = sorted(node for node, at in home.items() if at == root)
        names = {node: f"s{place}" for place, node in enumerate(steps, start=1)}
        letters = _letters()
        lines: list[Line] = []
        for node in steps:
            step = self.nodes[node]
            assert isinstance(step, tuple)
            for operand in step[1:]:
                if operand not in names:
                    names[operand] = next(letters)
                    lines.append(Init(names[operand], self._given(operand, root, order)))
        made = [Step(op, (names[a], names[b]), names[node]) for node in steps for op, a, b in [self._made(node)]]
        return Block(self._expert(root), (*lines, *made, Query(names[root])))

    def _made(self, node: int) -> tuple[str, int, int]:
        step = self.nodes[node]
        assert isinstance(step, tuple)
        return step

    def _given(self, node: int, root: int, order: list[int]) -> Value:
        leaf = self.nodes[node]
        if not isinstance(leaf, tuple):
            return leaf
        block = order.index(node)
        return Source(None if block == order.index(root) - 1 else block)


def _letters() -> Iterator[str]:
    yield from string.ascii_lowercase
    yield from (f"n{place}" for place in range(27, 100))


Taken = tuple[str, Expression, Expression]


def _taken(one: Sum, assembly: Assembly) -> Taken | None:
    """The operation, base and rate of x * r/100, x * r / 100, x / 100; and where the question states 20 percent, of
    x * .2, x * .8 and x * 1.2."""
    left, right = one.left, one.right
    if one.kind == "mul":
        return _share(left, right, assembly) or _share(right, left, assembly)
    if one.kind != "div" or not _is_hundred(right):
        return None
    if isinstance(left, Number) or left.kind != "mul":
        return "pct_of", left, Number(Fraction(1))
    first = isinstance(left.left, Number) and left.left.value / 100 in assembly.rates
    return ("pct_of", left.right, left.left) if first else ("pct_of", left.left, left.right)


def _share(base: Expression, share: Expression, assembly: Assembly) -> Taken | None:
    if isinstance(share, Sum):
        return ("pct_of", base, share.left) if share.kind == "div" and _is_hundred(share.right) else None
    value = share.value / 100 if share.percent else share.value
    if share.percent or (not assembly.has(value) and _is_rate(value * 100, assembly)):
        return "pct_of", base, Number(value * 100)
    if not assembly.has(value):
        for kind, rate in (("pct_off", 1 - value), ("pct_up", value - 1)):
            if rate in assembly.rates:
                return kind, base, Number(rate * 100)
    return None


def _is_rate(value: Fraction, assembly: Assembly) -> bool:
    """A rate that is stated as a percent or in cents, or a coin's."""
    return value in assembly.stated or (value.denominator == 1 and value in (1, 5, 10, 25))


def _is_hundred(one: Expression) -> bool:
    return isinstance(one, Number) and one.value == 100 and not one.percent
