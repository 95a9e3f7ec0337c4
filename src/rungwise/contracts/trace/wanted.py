"""What the judge holds answers against: the question's numbers, and gold's graph with what each part of it is."""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import msgspec
from msgspec import Struct

from rungwise.contract import Task
from rungwise.contracts.trace.dag import Graph, draw, kinds, leaves
from rungwise.contracts.trace.faithful import Ground, ground
from rungwise.contracts.trace.language import parse
from rungwise.contracts.trace.machine import EXPERT, VALUE, Program, check, literally
from rungwise.contracts.trace.numbers import Ratio, ratio
from rungwise.contracts.trace.operations import OPERATIONS, ROLES
from rungwise.contracts.trace.stated import Stated
from rungwise.contracts.trace.tree import Fault, Trace
from rungwise.errors import InputError


class Facts(Struct, frozen=True):
    """What the judge knows of a task. `gold` is the right trace on the compact surface, its numbers as pointers,
    constants or literals; None where a real problem came without one. `answer` is exact: 18, or 5/2."""

    question: str
    answer: str
    numbers: list[Stated]
    gold: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A number that gold's result hangs on: where it stands in the program, and its roles (rate, time, factor, ...)."""

    place: int
    roles: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Gold:
    trace: Trace
    program: Program
    graph: Graph
    root: int
    below: frozenset[int]  # what the result hangs on, itself included
    aside: frozenset[int]  # what is computed besides
    leaves: frozenset[int]
    steps: frozenset[int]
    kinds: Counter[str]
    roles: dict[int, frozenset[str]]  # of each step: its expert, and the roles of the numbers that it takes
    givens: tuple[Given, ...]
    rates: frozenset[Ratio]  # its percents


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    question: str
    numbers: tuple[str, ...]
    answer: Ratio
    ground: Ground
    gold: Gold | None


def wanted_of(task: Task) -> Wanted:
    return _wanted(msgspec.json.encode(task.facts))


@lru_cache(maxsize=8192)
def _wanted(encoded: bytes) -> Wanted:
    try:
        facts = msgspec.json.decode(encoded, type=Facts)
        answer = ratio(Fraction(facts.answer))
    except (msgspec.ValidationError, ValueError, ZeroDivisionError) as error:
        raise InputError(f"{error}", field="facts") from error
    numbers = tuple(number.value for number in facts.numbers)
    gold = gold_of(facts.gold, numbers) if facts.gold is not None else None
    return Wanted(facts.question, numbers, answer, ground(facts.numbers, gold.rates if gold else ()), gold)


def gold_of(text: str, numbers: tuple[str, ...]) -> Gold:
    trace = parse(text, numbers="any")
    program = check(trace, numbers) if isinstance(trace, Trace) else trace
    if isinstance(program, Fault):
        raise InputError(f"the task's own trace is none: {program}", field="facts: gold")
    assert isinstance(trace, Trace)
    graph = Graph()
    drawn = draw(program, graph, whole=True)
    below = graph.below(drawn.root)
    start = leaves(graph, below)
    return Gold(
        trace=trace, program=program, graph=graph, root=drawn.root, below=frozenset(below),
        aside=frozenset(node for node in drawn.ids if graph.value(node) is None) - set(below),
        leaves=frozenset(start), steps=frozenset(set(below) - start),
        kinds=kinds(graph, below), roles=_roles(program, drawn.ids), givens=_givens(program), rates=_rates(program),
    )  # fmt: skip


def spelled_gold(wanted: Wanted, numbers: str) -> Trace | None:
    """Gold as it is written where numbers are literals, or pointers."""
    if wanted.gold is None:
        return None
    return literally(wanted.gold.trace, wanted.numbers) if numbers == "literal" else wanted.gold.trace


# ---- what each node is ----


def _givens(program: Program) -> tuple[Given, ...]:
    roles = _number_roles(program)
    places = [place for place, (op, _, _) in enumerate(program.nodes) if op == VALUE and program.needed[place]]
    return tuple(Given(place, frozenset(roles.get(place, ()))) for place in places)


def _number_roles(program: Program) -> dict[int, set[str]]:
    """Of each number, the roles that it has in the steps that take it."""
    found: dict[int, set[str]] = {}
    for op, a, b in program.nodes:
        for field, operand in zip(OPERATIONS[op].fields, (a, b), strict=False) if op in OPERATIONS else ():
            role = ROLES.get((EXPERT[op], field))
            if role and program.nodes[operand][0] == VALUE:
                found.setdefault(operand, set()).add(role)
    return found


def _roles(program: Program, ids: tuple[int, ...]) -> dict[int, frozenset[str]]:
    numbers = _number_roles(program)
    found: dict[int, set[str]] = {}
    for place, (op, a, b) in enumerate(program.nodes):
        if op in OPERATIONS:
            own = found.setdefault(ids[place], set())
            own |= {EXPERT[op]} | numbers.get(a, set()) | numbers.get(b, set())
    return {node: frozenset(roles) for node, roles in found.items()}


def _rates(program: Program) -> frozenset[Ratio]:
    taken = [program.nodes[b] for op, _, b in program.nodes if EXPERT.get(op) == "percentage"]
    return frozenset(program.values[place] for kind, place, _ in taken if kind == VALUE)
