"""Traces as expression graphs in one canonical form, so that two that compute alike are seen to be alike.

Blocks are inlined, names gone, experts forgotten. Only add, sub, mul and div are left: twenty percent off p is
p - p x 1/5. What commutes is sorted. Equal subexpressions are one node, with one id for all traces that share a Graph.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from rungwise.contracts.trace.machine import KINDS, VALUE, Program, reduced
from rungwise.contracts.trace.numbers import Ratio

LEAF = "="
COMMUTES = frozenset(("add", "mul"))
Key = tuple[str, int, int]  # LEAF and its value; or a kind and two ids


class Graph:
    """Nodes by what they are. A copy grows without changing the one that it was copied from."""

    __slots__ = ("ids", "keys")

    def __init__(self, ids: dict[Key, int] | None = None, keys: list[Key] | None = None) -> None:
        self.ids, self.keys = ids or {}, keys or []

    def copy(self) -> "Graph":
        return Graph(self.ids.copy(), self.keys.copy())

    def node(self, kind: str, a: int, b: int) -> int:
        """The id of a node; of a leaf, a and b are its value."""
        known = self.known(kind, a, b)
        if known is None:
            key = _key(kind, a, b)
            known = self.ids[key] = len(self.keys)
            self.keys.append(key)
        return known

    def known(self, kind: str, a: int, b: int) -> int | None:
        return self.ids.get(_key(kind, a, b))

    def value(self, node: int) -> Ratio | None:
        kind, a, b = self.keys[node]
        return (a, b) if kind == LEAF else None

    def values(self, nodes: Iterable[int]) -> list[Ratio]:
        """The values of those nodes that are numbers."""
        return [(a, b) for kind, a, b in map(self.keys.__getitem__, nodes) if kind == LEAF]

    def hundredth(self, node: int) -> int:
        """A rate as a share: of a number the number itself, so that 20 percent and 0.2 are the same leaf."""
        kind, n, d = self.keys[node]
        if kind == LEAF:
            return self.node(LEAF, *reduced(n, 100 * d))
        return self.node("div", node, self.node(LEAF, 100, 1))

    def below(self, root: int) -> list[int]:
        """All nodes that a node hangs on, itself first."""
        seen, order = {root}, [root]
        for node in order:
            kind, a, b = self.keys[node]
            if kind != LEAF:
                for side in (a, b):
                    if side not in seen:
                        seen.add(side)
                        order.append(side)
        return order


def _key(kind: str, a: int, b: int) -> Key:
    return (kind, b, a) if a > b and kind in COMMUTES else (kind, a, b)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a program came to in a graph: its result, and of each of its nodes the id."""

    root: int
    ids: tuple[int, ...]


def draw(program: Program, graph: Graph, *, whole: bool = False) -> Drawn:
    """Put a program into a graph: what its result hangs on, or the `whole` of it. What is left out has the id -1."""
    ids: list[int] = []
    for (op, a, b), needed in zip(program.nodes, program.needed, strict=True):
        if not (needed or whole):
            ids.append(-1)
        elif op == VALUE:
            ids.append(graph.node(LEAF, *program.values[a]))
        else:
            ids.append(_put(graph, KINDS[op], ids[a], ids[b]))
    return Drawn(ids[program.result], tuple(ids))


def _put(graph: Graph, kind: str, a: int, b: int) -> int:
    if not kind.startswith("pct"):
        return graph.node(kind, a, b)
    part = graph.node("mul", a, graph.hundredth(b))
    return part if kind == "pct_of" else graph.node("sub" if kind == "pct_off" else "add", a, part)


def leaves(graph: Graph, nodes: list[int]) -> set[int]:
    return {node for node in nodes if graph.keys[node][0] == LEAF}


def kinds(graph: Graph, nodes: list[int]) -> Counter[str]:
    return Counter([graph.keys[node][0] for node in nodes if graph.keys[node][0] != LEAF])
