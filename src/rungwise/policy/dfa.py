"""The smallest deterministic automaton over bytes that accepts what a tree of `regex` does.

1. Thompson's construction, then sets of its states, then Moore's partition refinement. All of it over classes of bytes
   that no part of the expression tells apart: some fifty for a language in ASCII instead of 256.
2. States from which no text can be completed are cut off, so that whatever is still running can end.
3. Expressions can ask for exponentially many states; more than MOST_STATES are refused.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rungwise.errors import ContractError
from rungwise.policy.regex import Byte, Chain, Choice, Node

Table = np.ndarray[Any, np.dtype[np.int32]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

DEAD = -1
MOST_STATES = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class ByteAutomaton:
    """State 0 is the start."""

    delta: Table  # [states, 256], DEAD where a byte may not come
    accepting: Flags


def byte_automaton(tree: Node) -> ByteAutomaton:
    nfa = _Nfa()
    final = nfa.add(tree, nfa.state())
    kinds = _kinds({among for edges in nfa.edges for among, _ in edges})
    delta, accepting = _subsets(nfa, final, kinds)
    delta, accepting = _smallest(*_trimmed(delta, accepting))
    return ByteAutomaton(np.ascontiguousarray(delta[:, kinds]), accepting)


def require_few(states: int) -> None:
    if states > MOST_STATES:
        raise ContractError(f"the grammar needs more than {MOST_STATES:,} states; expected smaller repetition counts")


class _Nfa:
    def __init__(self) -> None:
        self.edges: list[list[tuple[frozenset[int], int]]] = []
        self.free: list[list[int]] = []  # where each state goes without a byte

    def state(self) -> int:
        self.edges.append([])
        self.free.append([])
        require_few(len(self.edges) // 10)
        return len(self.edges) - 1

    def add(self, node: Node, at: int) -> int:
        """From `at` on; the state in which the node has been read."""
        if isinstance(node, Byte):
            end = self.state()
            self.edges[at].append((node.among, end))
            return end
        if isinstance(node, Chain):
            for part in node.parts:
                at = self.add(part, at)
            return at
        if isinstance(node, Choice):
            end = self.state()
            for option in node.options:
                self.free[self.add(option, at)].append(end)
            return end
        for _ in range(node.least):
            at = self.add(node.body, at)
        end = self.state()
        if node.most is None:
            again = self.state()
            self.free[at].append(again)
            self.free[again].append(end)
            self.free[self.add(node.body, again)].append(again)
            return end
        for _ in range(node.most - node.least):
            self.free[at].append(end)
            at = self.add(node.body, at)
        self.free[at].append(end)
        return end

    def reached(self, state: int) -> frozenset[int]:
        """With all that it reaches without a byte, as far as it matters: states with edges or without a way on."""
        found, todo = {state}, [state]
        while todo:
            new = set(self.free[todo.pop()]) - found
            found |= new
            todo.extend(new)
        return frozenset(s for s in found if self.edges[s] or not self.free[s])


def _kinds(sets: set[frozenset[int]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Of each byte the number of its class: bytes that are in the same sets."""
    inside = np.array([[byte in one for one in sorted(sets, key=sorted)] for byte in range(256)])
    return np.unique(inside.reshape(256, -1), axis=0, return_inverse=True)[1].reshape(-1)


def _subsets(nfa: _Nfa, final: int, kinds: np.ndarray[Any, np.dtype[np.int64]]) -> tuple[Table, Flags]:
    kinds_of = {among: sorted(set(kinds[list(among)].tolist())) for edges in nfa.edges for among, _ in edges}
    reached: dict[int, frozenset[int]] = {}
    number: dict[frozenset[int], int] = {nfa.reached(0): 0}
    states, rows = list(number), list[list[int]]()
    for state in states:  # it grows on the way
        targets: list[set[int]] = [set() for _ in range(int(kinds.max()) + 1)]
        for source in state:
            for among, target in nfa.edges[source]:
                if target not in reached:
                    reached[target] = nfa.reached(target)
                for kind in kinds_of[among]:
                    targets[kind] |= reached[target]
        row = []
        for found in map(frozenset, targets):
            if found and found not in number:
                number[found] = len(states)
                states.append(found)
                require_few(len(states))
            row.append(number[found] if found else DEAD)
        rows.append(row)
    return np.array(rows, dtype=np.int32), np.array([final in state for state in states])


def _trimmed(delta: Table, accepting: Flags) -> tuple[Table, Flags]:
    """Without the states that cannot reach an accepting one."""
    living, before = accepting, None
    while before is None or not np.array_equal(living, before):
        before = living
        living = before | (before[delta] & (delta != DEAD)).any(1)
    if not living[0]:
        raise ContractError("the grammar accepts no text at all")
    number = np.where(living, np.cumsum(living) - 1, DEAD).astype(np.int32)
    return _renamed(delta[living], number), accepting[living]


def _smallest(delta: Table, accepting: Flags) -> tuple[Table, Flags]:
    """States are told apart by what they accept at once, then by where their bytes lead, until nothing new is found.

    A row is compared by a hash of it; that no two different rows were taken for equal is verified at the end.
    """
    weights = np.random.Generator(np.random.PCG64(0)).integers(1, 2**63, delta.shape[1] + 1, dtype=np.uint64) | 1
    label, found = accepting.astype(np.int64), 0
    while True:
        rows = np.column_stack([label, np.where(delta == DEAD, DEAD, label[delta])])
        first, label = _unique(rows, weights)
        if len(first) == found:
            break
        found = len(first)
    assert np.array_equal(rows, rows[first][label])
    order = np.argsort(first, kind="stable")  # the start stays the first
    number = np.empty(found, dtype=np.int32)
    number[order] = np.arange(found, dtype=np.int32)
    return _renamed(delta[first[order]], number[label]), accepting[first[order]]


def _unique(rows: np.ndarray[Any, Any], weights: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], ...]:
    hashes = (rows.astype(np.uint64) * weights).sum(1)
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    return first, inverse.reshape(-1)


def _renamed(delta: Table, number: Table) -> Table:
    return np.where(delta == DEAD, DEAD, number[delta]).astype(np.int32)
