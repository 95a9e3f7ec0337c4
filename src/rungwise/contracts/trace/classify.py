"""Why a trace that runs is wrong: the smallest repair that makes its graph gold's.

Two graphs are compared from their results downward, and the fewest repairs between them are found; of as few, the
earlier kind in this order:

1. steps missing (the trace stops at something that gold goes on from) or steps too many
2. a number off by a power of ten, or a percent taken for a share: decimal
3. two numbers in each other's place, or the operands of a difference or quotient: entity_swap, rate_time, arg_order
4. one operation for another: rate_time, relation_inverted, wrong_op
5. one number for another: wrong_value where the question has it, invented_value where it has not
6. the result is another one that gold computes too: wrong_target

Two repairs are told as the pair; more are other_structure. What a number or a step is (rate, time, factor, whose) is
read from gold. Where there is no gold, `guess` asks which single repair reaches the answer; several may.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from msgspec.structs import replace as replaced

from rungwise.contracts.trace.dag import COMMUTES, LEAF, Graph, draw
from rungwise.contracts.trace.machine import applied, reduced
from rungwise.contracts.trace.numbers import Ratio
from rungwise.contracts.trace.wanted import Gold, Wanted

LABELS: Mapping[str, str] = {
    "missing_steps": "go on to what is asked: this is on the way to the answer",
    "extra_steps": "stop at what is asked: this goes beyond the answer",
    "decimal": "copy the number as it stands; a percent goes to the percentage expert",
    "entity_swap": "give each number to the one whose it is",
    "rate_time": "tell rates, times and amounts apart",
    "arg_order": "what is taken away, or divided by, stands second",
    "relation_inverted": "mind which way the comparison goes",
    "wrong_op": "choose another operation",
    "wrong_value": "take another of the question's numbers",
    "invented_value": "take a number that the question has",
    "wrong_target": "ask for what the question asks for",
    "two_faults": "two things are wrong; each alone would do",
    "other_structure": "begin again: the steps are not those of the question",
}
CATEGORIES: Mapping[str, str] = {
    "entity_swap": "multi_entity", "relation_inverted": "multi_entity", "wrong_target": "multi_entity",
    "wrong_value": "value", "invented_value": "value", "truncated": "truncation", "rate_time": "rate_time",
    "decimal": "decimal",
}  # fmt: skip
MOST_REPAIRS = 2
_MOST_FOUND = 3  # a swap is found as two numbers replaced, and one repair more may stand beside it
_MOST_NODES = 64  # a graph of more is compared as a whole only
STEPS, ORDER, OPERATION, NUMBER = 1, 3, 4, 5  # the order above; a decimal is seen only once a number is compared
RATES = frozenset(("rate", "time", "distance", "rate_equation"))
COMPARES = frozenset(("factor", "comparison"))

# rank, label, the node that is there, the node that gold has
Repair = tuple[int, str, int, int]
Repairs = frozenset[Repair]


def classify(graph: Graph, ours: int, wanted: Wanted) -> tuple[str, ...]:
    """One label, or the two of a pair. Both traces are in the one graph."""
    gold = wanted.gold
    assert gold is not None
    if ours == gold.root:
        return ("routing_only",)
    if ours in gold.aside:
        return ("wrong_target",)
    labels = _repairs(graph, ours, wanted, gold)
    return tuple(sorted(labels)) if 0 < len(labels) <= MOST_REPAIRS else ("other_structure",)


def _repairs(graph: Graph, ours: int, wanted: Wanted, gold: Gold) -> list[str]:
    comparison = _Comparison(graph, len(graph.below(ours)) <= _MOST_NODES)
    single = comparison.between(ours, gold.root, 1)
    if single is not None and _cost(single)[1] <= ORDER:
        return _labels(single, graph, wanted, gold)
    swapped = _swapped(graph, ours, gold)
    if swapped:
        return [swapped]
    found = comparison.between(ours, gold.root, _MOST_FOUND) if single is None else single
    return _labels(found, graph, wanted, gold) if found is not None else []


def _swapped(graph: Graph, ours: int, gold: Gold) -> str | None:
    """Whether gold with two of its numbers in each other's place is the trace."""
    trial, program = graph.copy(), gold.program
    for one, other in combinations(gold.givens, 2):
        values = list(program.values)
        at, by = program.nodes[one.place][1], program.nodes[other.place][1]
        values[at], values[by] = values[by], values[at]
        if values[at] != values[by] and draw(replaced(program, values=tuple(values)), trial).root == ours:
            return "rate_time" if one.roles & RATES and other.roles & RATES else "entity_swap"
    return None


class _Comparison:
    """The fewest repairs between any two nodes of a graph, remembered."""

    def __init__(self, graph: Graph, deep: bool) -> None:
        self.graph, self.deep = graph, deep
        self.known: dict[tuple[int, int, int], Repairs | None] = {}
        self.under: dict[int, set[int]] = {}

    def between(self, ours: int, gold: int, most: int) -> Repairs | None:
        if ours == gold:
            return frozenset()
        if most == 0:
            return None
        key = (ours, gold, most)
        if key not in self.known:
            options = [one for one in self._options(ours, gold, most) if one is not None and _holds(one, most)]
            self.known[key] = min(options, key=_cost, default=None)
        return self.known[key]

    def below(self, node: int) -> set[int]:
        if node not in self.under:
            self.under[node] = set(self.graph.below(node))
        return self.under[node]

    def _options(self, ours: int, gold: int, most: int) -> Iterator[Repairs | None]:
        (kind, a, b), (other, c, d) = self.graph.keys[ours], self.graph.keys[gold]
        if ours in self.below(gold):
            yield frozenset([(STEPS, "missing_steps", ours, gold)])
            return
        if gold in self.below(ours):
            yield frozenset([(STEPS, "extra_steps", ours, gold)])
            return
        if kind == other == LEAF:
            yield frozenset([(NUMBER, "number", ours, gold)])
        if not self.deep:
            return
        if LEAF not in (kind, other):
            yield from self._steps(ours, gold, most)
        for side in self._inner(kind, a, b):
            yield _with((STEPS, "extra_steps", ours, side), self.between(side, gold, most - 1))
        for side in self._inner(other, c, d):
            yield _with((STEPS, "missing_steps", side, gold), self.between(ours, side, most - 1))

    def _inner(self, kind: str, a: int, b: int) -> list[int]:
        """The operands that are steps: to keep but a number of a whole trace is no repair of it."""
        return [side for side in (a, b) if kind != LEAF and self.graph.keys[side][0] != LEAF]

    def _steps(self, ours: int, gold: int, most: int) -> Iterator[Repairs | None]:
        """Two operations: their operands as they stand and the other way round, and what it costs that they differ."""
        (kind, a, b), (other, c, d) = self.graph.keys[ours], self.graph.keys[gold]
        turned: Repair | None = (ORDER, "arg_order", ours, gold)
        change: Repair | None = (OPERATION, "operation", ours, gold) if kind != other else None
        if kind in COMMUTES or other in COMMUTES or change:
            turned = None
        yield _with(change, self._both((a, c), (b, d), most))
        if not change or kind in COMMUTES or other in COMMUTES:
            yield _with(turned or change, self._both((b, c), (a, d), most))

    def _both(self, one: tuple[int, int], two: tuple[int, int], most: int) -> Repairs | None:
        first = self.between(*one, most)
        second = self.between(*two, most) if first is not None else None
        return first | second if first is not None and second is not None else None


def _with(repair: Repair | None, found: Repairs | None) -> Repairs | None:
    return found | {repair} if found is not None and repair else found


def _holds(repairs: Repairs, most: int) -> bool:
    """To throw one part away and put another in its place is no repair."""
    labels = {label for _, label, _, _ in repairs}
    return len(repairs) <= most and not labels >= {"missing_steps", "extra_steps"}


def _cost(repairs: Repairs) -> tuple[int, int]:
    return len(repairs), sum(rank for rank, *_ in repairs)


# ---- what a repair is called ----


def _labels(found: Repairs, graph: Graph, wanted: Wanted, gold: Gold) -> list[str]:
    numbers = sorted((ours, other) for _, label, ours, other in found if label == "number")
    labels = [_step_label(label, other, gold) for _, label, _, other in sorted(found) if label != "number"]
    while numbers:
        ours, other = numbers.pop(0)
        if (other, ours) in numbers:
            numbers.remove((other, ours))
            labels.append("entity_swap")
        else:
            labels.append(_number_label(graph.value(ours), graph.value(other), wanted))
    return labels


def _number_label(ours: Ratio | None, gold: Ratio | None, wanted: Wanted) -> str:
    """Where gold has a percent's share, a number is first taken for another rate, then for a rate as it stands."""
    assert ours is not None and gold is not None
    given, shares = wanted.ground.given, wanted.ground.shares
    off = scaled(ours, gold)
    stated = ours in given and not (gold in shares and off)
    stated = stated or (gold in shares and reduced(100 * ours[0], ours[1]) in given)
    return "wrong_value" if stated else "decimal" if off else "invented_value"


def _step_label(label: str, node: int, gold: Gold) -> str:
    if label in ("missing_steps", "extra_steps"):
        return label
    roles = gold.roles.get(node, frozenset())
    if roles & RATES:
        return "rate_time"
    if label == "arg_order":
        return label
    return "relation_inverted" if roles & COMPARES else "wrong_op"


def scaled(ours: Ratio, gold: Ratio) -> bool:
    """Off by a power of ten, or a fraction that was rounded to a decimal."""
    if not ours[0] or not gold[0]:
        return False
    n, d = reduced(ours[0] * gold[1], ours[1] * gold[0])
    if n > 0 and 1 in (n, d) and _power_of_ten(max(n, d)):
        return True
    close = 100 * abs(ours[0] * gold[1] - gold[0] * ours[1]) <= abs(gold[0] * ours[1])
    return close and gold[1] > 1 and ours[1] > 1


def _power_of_ten(n: int) -> bool:
    return str(n).strip("0") == "1"


# ---- without gold ----


def guess(values: Sequence[Ratio], graph: Graph, root: int, wanted: Wanted) -> str:
    """The label of the first single repair that reaches the answer. More than one may, so it is a guess."""
    if any(value == wanted.answer for value in values):
        return "extra_steps"
    nodes = sorted(graph.below(root))
    for label, node, put in _single_repairs(graph, nodes, wanted):
        if _value(graph, nodes, node, put) == wanted.answer:
            return label
    return "other_structure"


def _single_repairs(
    graph: Graph, nodes: Sequence[int], wanted: Wanted
) -> Iterator[tuple[str, int, tuple[str, int, int]]]:
    numbers = [node for node in nodes if graph.value(node) is not None]
    steps = [node for node in nodes if graph.value(node) is None]
    for node in numbers:
        _, n, d = graph.keys[node]
        for power in (10, 100, 1000):
            yield "decimal", node, (LEAF, *reduced(n * power, d))
            yield "decimal", node, (LEAF, *reduced(n, d * power))
    for node in steps:
        kind, a, b = graph.keys[node]
        if kind not in COMMUTES:
            yield "arg_order", node, (kind, b, a)
    for node in steps:
        kind, a, b = graph.keys[node]
        for other in ("add", "sub", "mul", "div"):
            if other != kind:
                yield "wrong_op", node, (other, a, b)
    for node in numbers:
        for value in sorted(wanted.ground.given):
            yield "wrong_value", node, (LEAF, *value)


def _value(graph: Graph, nodes: Sequence[int], changed: int, put: tuple[str, int, int]) -> Ratio | None:
    """The value of the last node with one node changed; None where that divides by zero."""
    found: dict[int, Ratio] = {}
    for node in nodes:
        kind, a, b = put if node == changed else graph.keys[node]
        if kind == LEAF:
            found[node] = (a, b)
        elif kind == "div" and not found[b][0]:
            return None
        else:
            found[node] = applied(kind, found[a], found[b])
    return found[nodes[-1]]
