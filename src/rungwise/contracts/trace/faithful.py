"""Whether a right answer was computed from the question, or written down.

What is right for a reason stays right for other numbers. The question's numbers are replaced by others, in the
answer's trace and in gold's alike, and both must still agree. A trace that starts from the answer, or from a number
that was made up to reach it, does not move along; one that is right by chance moves elsewhere.

1. The arithmetic is that of a large prime, so that every rational expression has an exact value: two different ones
   agree by chance about once in 10**16.
2. An integer n becomes a residue of its own, and a fraction n/d the quotient of theirs: half is still one over two, and
   taking 2/3 is still doubling and dividing by 3. A percent is its rate over 100. 0, 1 and numbers of the world stay.
3. What gold hangs on and the answer leaves out must be small, and there must be an addition for it: a + a is 2 x a.
   It stays as it is in both. What leaves something out may take no number of the world that gold does not.
4. No part of a trace may be made to stand still: 16/16 + 16/16 is a way to write 2 without a question. A product of
   numbers of the world is none (7 x 24 hours), nor what gold itself does.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rungwise.contracts.trace.dag import LEAF, Graph, kinds
from rungwise.contracts.trace.machine import reduced
from rungwise.contracts.trace.numbers import CONSTANTS, Ratio, value_of
from rungwise.contracts.trace.stated import Stated

PRIME = 2**61 - 1
SMALL = 12  # what repetition may stand for: a dozen additions are more than any trace that is honest about it
WORLD = frozenset(CONSTANTS.values())


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What a trace may start from, and what of it moves."""

    given: frozenset[Ratio]  # what is stated, a percent as a share, the parts of a fraction
    shares: Mapping[Ratio, Ratio]  # of a percent's share, its rate
    held: frozenset[int]  # the world's integers that the question does not give

    def has(self, value: Ratio) -> bool:
        return value in self.given or (value[1] == 1 and value[0] in WORLD)

    def integers(self, values: Iterable[Ratio]) -> set[int]:
        """What may move: numerators and denominators, but for the world's."""
        return self.all_integers(values) - self.held

    def all_integers(self, values: Iterable[Ratio]) -> set[int]:
        return {abs(n) for value in values for n in self.shares.get(value, value)} - {0, 1}


def ground(numbers: Sequence[Stated], rates: Iterable[Ratio] = ()) -> Ground:
    """`rates` are percents that gold knows of, whether or not the question writes them so."""
    given: set[Ratio] = set()
    percents = set(rates)
    for number in numbers:
        n, d = value_of(number.value) or (0, 1)
        given |= {(n, d), (n, 1), (d, 1)} if "/" in number.value else {(n, d)}
        if number.percent:
            percents.add((n, d))
    shares = {reduced(n, 100 * d): (n, d) for n, d in percents}
    stated = {abs(n) for value in given for n in value} - {1}  # what every integer is over
    return Ground(frozenset(given | shares.keys()), shares, WORLD - stated)


# ---- other numbers ----


def moved(graph: Graph, nodes: Iterable[int], moving: Collection[int], at: Ground) -> dict[int, int] | None:
    """The value of every node once the integers in `moving` are other ones; None where that divides by zero."""
    found: dict[int, int] = {}
    for node in sorted(nodes):
        kind, a, b = graph.keys[node]
        if kind == LEAF:
            rate = at.shares.get((a, b))
            n, d = rate or (a, b)
            below = _moved(d, moving) * (100 if rate else 1)
            found[node] = _moved(n, moving) * pow(below, -1, PRIME) % PRIME
        elif kind == "div":
            if not found[b]:
                return None
            found[node] = found[a] * pow(found[b], -1, PRIME) % PRIME
        else:
            x, y = found[a], found[b]
            found[node] = (x * y if kind == "mul" else x + y if kind == "add" else x - y) % PRIME
    return found


def _moved(n: int, moving: Collection[int]) -> int:
    if abs(n) not in moving:
        return n % PRIME
    return _residue(n) if n > 0 else PRIME - _residue(-n)


@lru_cache(maxsize=4096)
def _residue(n: int) -> int:
    return int.from_bytes(hashlib.sha256(b"another %d" % n).digest()[:8], "big") % (PRIME - 2) + 2


def agrees(graph: Graph, ours: int, gold: int, at: Ground) -> bool:
    """Whether a trace and gold compute the same for other numbers than the question's."""
    below, wanted = graph.below(ours), graph.below(gold)
    used = at.integers(graph.values(below))
    left_out = movers(graph, gold, at) - used
    foreign = at.all_integers(graph.values(below)) - used - at.all_integers(graph.values(wanted))
    repeated = kinds(graph, below)["add"] - kinds(graph, wanted)["add"]
    if left_out and (max(left_out) > SMALL or len(left_out) > repeated or foreign):
        return False
    one, other = moved(graph, below, used, at), moved(graph, wanted, used, at)
    return one is not None and other is not None and one[ours] == other[gold]


def movers(graph: Graph, root: int, at: Ground) -> set[int]:
    """The integers that a result moves with, each by itself."""
    nodes = graph.below(root)
    before = moved(graph, nodes, (), at)
    after = {n: moved(graph, nodes, {n}, at) for n in at.integers(graph.values(nodes))}
    return {n for n, found in after.items() if before and found and found[root] != before[root]}


def still(graph: Graph, root: int, known: Collection[int], at: Ground) -> bool:
    """Whether some part of a trace, none of gold's, is a number made of others: it does not move where they do, or it
    is a sum of what never moves."""
    nodes = graph.below(root)
    moving = at.integers(graph.values(nodes))
    one, other = moved(graph, nodes, (), at), moved(graph, nodes, moving, at)
    if one is None or other is None:
        return True
    for node in nodes:
        kind, a, b = graph.keys[node]
        if kind == LEAF or node in known or one[node] != other[node]:
            continue
        if kind in ("add", "sub") or one[a] != other[a] or one[b] != other[b]:
            return True
    return False
