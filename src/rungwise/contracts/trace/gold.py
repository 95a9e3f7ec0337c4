"""The right trace of a story: what the query hangs on, cut into blocks of one expert each.

A fact stands in the block of those that need it where they are all in one block and of its own expert; else it is the
result of a block of its own. So the cut is unique. Blocks and lines stand in the order in which the query comes upon
them, each operation's first operand first; a number stands just before the step that takes it.

The finest cut has every fact in a block of its own: the same computation, which training may write instead.
"""

from collections.abc import Mapping, Sequence

from rungwise.contracts.trace.relations import EXPERT_OF, MEASURES, RELATIONS, SMALLER, Fact, ancestors
from rungwise.contracts.trace.tree import Block, Constant, Init, Line, Pointer, Query, Source, Step, Trace

UNITS: Mapping[str, str] = dict(SMALLER.values())  # minutes -> minutes_per_hour
Mentioned = Mapping[tuple[int, int], int]  # of a fact's number, which of the question's numbers it is, from 1


def cut(facts: tuple[Fact, ...], query: int) -> dict[int, int]:
    """Of every fact that is computed on the way to the query, the fact whose block it stands in."""
    takers: dict[int, list[int]] = {}
    own: dict[int, int] = {}
    for at in reversed(ancestors(facts, query)):
        fact = facts[at]
        for base in fact.bases:
            takers.setdefault(base, []).append(at)
        expert = EXPERT_OF[fact.relation]
        if expert:
            blocks = {own[taker] for taker in takers.get(at, ())}
            alike = all(EXPERT_OF[facts[taker].relation] == expert for taker in takers.get(at, ()))
            own[at] = blocks.pop() if len(blocks) == 1 and alike else at
    return own


def joints(facts: tuple[Fact, ...], own: Mapping[int, int]) -> set[tuple[str, str]]:
    """The pairs of experts of which one takes the other's result."""
    return {
        (EXPERT_OF[facts[base].relation], EXPERT_OF[facts[at].relation])
        for at in own for base in facts[at].bases if base in own and own[base] != own[at]
    }  # fmt: skip


def gold_trace(
    facts: tuple[Fact, ...], query: int, people: Sequence[str], mentioned: Mentioned, finest: bool = False
) -> Trace:
    own = cut(facts, query)
    own = {at: at for at in own} if finest else own
    writing = _Writing(facts, own, [name.lower() for name in people], mentioned)
    writing.block(query)
    return Trace(tuple(writing.blocks))


class _Writing:
    def __init__(self, facts: tuple[Fact, ...], own: Mapping[int, int], names: list[str], mentioned: Mentioned) -> None:
        self.facts, self.own, self.names, self.mentioned = facts, own, names, mentioned
        self.blocks: list[Block] = []
        self.place: dict[int, int] = {}  # of a block's fact, where the block stands

    def block(self, root: int) -> None:
        inside = self._inside(root, [])
        for at in inside:
            for base in self.facts[at].bases:
                if base in self.own and self.own[base] != root and base not in self.place:
                    self.block(base)
        lines = _Lines(self, root)
        for at in inside:
            lines.fact(at)
        self.place[root] = len(self.blocks)
        expert = EXPERT_OF[self.facts[root].relation]
        self.blocks.append(Block(expert, (*lines.written, Query(lines.known[root]))))

    def _inside(self, at: int, found: list[int]) -> list[int]:
        """The facts of a block, what is needed first."""
        for base in self.facts[at].bases:
            if self.own.get(base) == self.own[at] and base not in found:
                self._inside(base, found)
        found.append(at)
        return found


class _Lines:
    """The lines of one block, as its facts come."""

    def __init__(self, writing: _Writing, root: int) -> None:
        self.writing, self.root = writing, root
        self.written: list[Line] = []
        self.known: dict[int, str] = {}  # what a fact's amount is called here
        self.used: dict[str, int] = {}

    def fact(self, at: int) -> None:
        fact = self.writing.facts[at]
        relation = RELATIONS[fact.relation]
        args = tuple(self._operand(at, fact, arg) for arg in relation.args)
        if relation.event:
            self.written.append(Step(relation.op, args))
            self.known[at] = self.writing.names[fact.owner]
        else:
            name = f"s{sum(type(line) is Step for line in self.written) + 1}"
            self.written.append(Step(relation.op, args, name))
            self.known[at] = name

    def _operand(self, at: int, fact: Fact, arg: str) -> str:
        if arg in "ab":
            return self._base(fact.bases["ab".index(arg)])
        if arg == "u":
            name = self._named("unit")
            self.written.append(Init(name, Constant(UNITS[MEASURES[fact.measure].noun])))
            return name
        name = self._named(RELATIONS[fact.relation].roles[int(arg)])
        self.written.append(Init(name, Pointer(self.writing.mentioned[at, int(arg)])))
        return name

    def _base(self, base: int) -> str:
        if base not in self.known:
            writing = self.writing
            name = writing.names[writing.facts[base].owner]
            if base in writing.own:
                place = writing.place[base]
                source = Source(None if place == len(writing.blocks) - 1 else place)
                self.written.append(Init(name, source))
            else:
                self.written.append(Init(name, Pointer(writing.mentioned[base, 0])))
            self.known[base] = name
        return self.known[base]

    def _named(self, role: str) -> str:
        """by, by2, by3: a role's name, numbered where the block has it already."""
        self.used[role] = self.used.get(role, 0) + 1
        return role if self.used[role] == 1 else f"{role}{self.used[role]}"
