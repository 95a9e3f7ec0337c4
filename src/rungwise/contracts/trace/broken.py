"""Gold's trace with one thing wrong, each with the label that it must get. Labels follow from what is changed and from
gold's graph; the judge is not asked.

What is the same as gold after all (a times a for a plus a where a is 2), what breaks when it is run, and what gold also
computes is left out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from rungwise.contracts.trace.classify import scaled
from rungwise.contracts.trace.dag import draw
from rungwise.contracts.trace.machine import LEAST_LEAVES, check, reduced, resolved, run
from rungwise.contracts.trace.numbers import CONSTANTS, Ratio, spelled, value_of
from rungwise.contracts.trace.operations import OPERATIONS, ROLES
from rungwise.contracts.trace.tree import (
    Block,
    Constant,
    Fault,
    Init,
    Line,
    Literal,
    Pointer,
    Query,
    Step,
    Trace,
    Value,
)
from rungwise.contracts.trace.wanted import Wanted, spelled_gold

Place = tuple[int, int]  # block and line
ANOTHER = {
    "add": "sub", "sub": "add", "mul": "add", "div": "mul",
    "amount": "duration", "duration": "amount", "pace": "amount",
    "times": "ratio", "more": "less", "less": "more", "fraction": "ratio", "ratio": "times",
}  # fmt: skip
WRONG_OP = {"arithmetic": "wrong_op", "rate_equation": "rate_time", "comparison": "relation_inverted"}
PRIMES = (9973, 8887, 7919, 6997, 5987)  # what no question has
ONE_MORE = {
    "arithmetic": "add", "percentage": "pct_up", "rate_equation": "amount", "comparison": "more",
    "entity_track": "gain",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Broken:
    label: str
    why: str
    trace: Trace


def broken(wanted: Wanted, numbers: str) -> Iterator[Broken]:
    """One of each kind that the task has room for."""
    gold = spelled_gold(wanted, numbers)
    assert gold is not None
    seen: set[str] = set()
    for one in _all(wanted, gold, numbers):
        if one.why not in seen and _is_wrong(wanted, one):
            seen.add(one.why)
            yield one


def _is_wrong(wanted: Wanted, one: Broken) -> bool:
    program = check(one.trace, wanted.numbers)
    if isinstance(program, Fault):
        return False
    values = run(program)
    gold = wanted.gold
    assert gold is not None
    if isinstance(values, Fault) or values[program.result] == wanted.answer:
        return False
    root = draw(program, gold.graph.copy()).root
    known = root in gold.below or root in gold.aside
    return known == (one.label in ("missing_steps", "wrong_target"))


def _all(wanted: Wanted, gold: Trace, numbers: str) -> Iterator[Broken]:
    yield from _steps(wanted, gold)
    yield from _more_and_less(wanted, gold)
    yield from _numbers(wanted, gold, numbers)
    yield from _swaps(wanted, gold)
    yield from _targets(gold)


# ---- steps ----


def _steps(wanted: Wanted, gold: Trace) -> Iterator[Broken]:
    for place, line in _lines(gold, Step):
        assert isinstance(line, Step)
        one = OPERATIONS[line.op]
        if line.op in ANOTHER:
            other = Step(ANOTHER[line.op], line.args, line.name)
            yield Broken(WRONG_OP[one.expert], f"{one.expert}: another operation", put(gold, place, other))
        if one.kind in ("sub", "div") and line.name:
            label = "rate_time" if one.expert == "rate_equation" else "arg_order"
            turned = Step(line.op, line.args[::-1], line.name)
            yield Broken(label, f"{one.expert}: operands the other way round", put(gold, place, turned))
        if line.op == "pct_of":
            yield from _plain_rate(wanted, gold, place, line)


def _plain_rate(wanted: Wanted, gold: Trace, place: Place, line: Step) -> Iterator[Broken]:
    """A percent by arithmetic, where it is all that its block does and its rate is no other number of gold's."""
    block = gold.blocks[place[0]]
    inits = [one for one in block.lines if isinstance(one, Init) and one.name == line.args[1]]
    rates = [resolved(one.value, wanted.numbers) for one in inits]
    assert wanted.gold is not None
    elsewhere = set(rates) & {None, (1, 1), *wanted.gold.graph.values(wanted.gold.below)}
    if rates and not elsewhere and all(isinstance(one, Init | Query) or one is line for one in block.lines):
        plain = put(gold, place, Step("mul", line.args, line.name))
        yield Broken("decimal", "a percent taken for a share", _of_expert(plain, place[0], "arithmetic"))


def _of_expert(trace: Trace, place: int, expert: str) -> Trace:
    blocks = [Block(expert, one.lines) if at == place else one for at, one in enumerate(trace.blocks)]
    return Trace(tuple(blocks))


def _more_and_less(wanted: Wanted, gold: Trace) -> Iterator[Broken]:
    block = gold.blocks[-1]
    steps = [line for line in block.lines if isinstance(line, Step) and line.name]
    if len(steps) >= LEAST_LEAVES:
        fewer = tuple(line for line in block.lines[:-1] if line is not steps[-1])
        yield Broken("missing_steps", "the last step left out", _last(gold, (*fewer, Query(steps[-2].name))))
    elif len(gold.blocks) > 1:
        yield Broken("missing_steps", "the last block left out", Trace(gold.blocks[:-1]))
    query = block.lines[-1]
    assert isinstance(query, Query)
    for line in block.lines:
        if isinstance(line, Init) and resolved(line.value, wanted.numbers) not in ((0, 1), (1, 1), None):
            if line.name == query.name:
                continue
            args = (query.name, line.name)
            moves = block.expert == "entity_track"
            step = Step(ONE_MORE[block.expert], args, "" if moves else "more_1")
            asked = query if moves else Query("more_1")
            yield Broken("extra_steps", "one step more", _last(gold, (*block.lines[:-1], step, asked)))


def _last(gold: Trace, lines: tuple[Line, ...]) -> Trace:
    return Trace((*gold.blocks[:-1], Block(gold.blocks[-1].expert, lines)))


# ---- numbers ----


def _numbers(wanted: Wanted, gold: Trace, numbers: str) -> Iterator[Broken]:
    inits = _needed(wanted, gold)
    for place, line in inits:
        value = resolved(line.value, wanted.numbers)
        assert value is not None
        tenfold = spelled((value[0] * 10, 1) if value[1] == 1 else reduced(value[0], value[1] * 10))
        if numbers == "literal" and _new(tenfold, wanted):
            scaled_up = put(gold, place, Init(line.name, Literal(tenfold)))
            yield Broken("decimal", "a number ten times too large or small", scaled_up)
        for other in _stated(wanted, numbers):
            if resolved(other, wanted.numbers) not in (value, None):
                yield Broken("wrong_value", "another number of the question", put(gold, place, Init(line.name, other)))
    for many, label in ((1, "invented_value"), (2, "two_faults"), (3, "other_structure")):
        for chosen in combinations(inits, many):
            trace = _invented(wanted, gold, list(chosen), numbers)
            if trace is not None:
                yield Broken(label, f"{many} numbers that the question has not", trace)


def _invented(wanted: Wanted, gold: Trace, chosen: list[tuple[Place, Init]], numbers: str) -> Trace | None:
    """Different numbers in other ones' places, none of them near what it stands for or ten times it."""
    values = [resolved(line.value, wanted.numbers) for _, line in chosen]
    rest = list(_made_up(wanted, numbers))
    trace = gold
    for (place, line), value in zip(chosen, values, strict=True):
        fitting = [one for one in rest if not _scaled(resolved(one, wanted.numbers), value)]
        if not fitting or values.count(value) > 1:
            return None
        rest.remove(fitting[0])
        trace = put(trace, place, Init(line.name, fitting[0]))
    return trace


def _scaled(one: Ratio | None, other: Ratio | None) -> bool:
    return one is None or other is None or scaled(one, other) or scaled((one[0], one[1] * 100), other)


def _new(text: str, wanted: Wanted) -> bool:
    value = value_of(text)
    return value is not None and value not in wanted.ground.given


def _stated(wanted: Wanted, numbers: str) -> list[Value]:
    if numbers == "pointer":
        return [Pointer(place) for place in range(1, len(wanted.numbers) + 1)]
    return [Literal(text) for text in wanted.numbers if value_of(text)]


def _made_up(wanted: Wanted, numbers: str) -> Iterable[Value]:
    """Numbers that are neither the question's nor gold's, nor near any of them."""
    assert wanted.gold is not None
    if numbers == "pointer":
        known = wanted.gold.graph.values(wanted.gold.below)
        named = {n: name for name, n in CONSTANTS.items() if n in wanted.ground.held and n > 1 and (n, 1) not in known}
        return [Constant(name) for name in named.values()]
    near = {n for value in wanted.ground.given for n in value}
    return [Literal(str(n)) for n in PRIMES if not any(abs(n - m) < n / 20 for m in near)]


# ---- places ----


def _swaps(wanted: Wanted, gold: Trace) -> Iterator[Broken]:
    """Two numbers of different names in each other's place, unless they are one step's operands."""
    inits = _needed(wanted, gold)
    pairs = [line.args for _, line in _lines(gold, Step) if isinstance(line, Step)]
    for (place, one), (other_place, other) in combinations(inits, 2):
        values = [resolved(line.value, wanted.numbers) for line in (one, other)]
        if place[0] == other_place[0] and any({one.name, other.name} <= set(pair) for pair in pairs):
            continue
        if values[0] == values[1]:
            continue
        roles = [_roles(gold.blocks[at[0]], line.name) for at, line in ((place, one), (other_place, other))]
        label = "rate_time" if all(told & {"rate", "time", "distance"} for told in roles) else "entity_swap"
        swapped = put(put(gold, place, Init(one.name, other.value)), other_place, Init(other.name, one.value))
        yield Broken(label, f"two numbers in each other's place: {label}", swapped)


def _roles(block: Block, name: str) -> set[str]:
    """What a name is to the operations that take it."""
    taken = [
        (line.op, field)
        for line in block.lines
        if isinstance(line, Step)
        for field, word in zip(OPERATIONS[line.op].fields, line.args, strict=False)
        if word == name
    ]
    return {ROLES[block.expert, field] for _, field in taken if (block.expert, field) in ROLES}


def _targets(gold: Trace) -> Iterator[Broken]:
    block = gold.blocks[-1]
    query = block.lines[-1]
    moved = {name for line in block.lines if isinstance(line, Step) and not line.name for name in line.args[:-1]}
    for name in sorted(moved):
        if isinstance(query, Query) and name != query.name:
            yield Broken("wrong_target", "another entity is asked for", _last(gold, (*block.lines[:-1], Query(name))))


# ---- editing ----


def _lines(trace: Trace, kind: type[Line]) -> list[tuple[Place, Line]]:
    return [
        ((at, place), line)
        for at, block in enumerate(trace.blocks)
        for place, line in enumerate(block.lines)
        if isinstance(line, kind)
    ]


def _needed(wanted: Wanted, gold: Trace) -> list[tuple[Place, Init]]:
    """The numbers that the result hangs on, but for results of other blocks."""
    assert wanted.gold is not None
    places = {wanted.gold.program.places[given.place] for given in wanted.gold.givens}
    return [(place, line) for place, line in _lines(gold, Init) if isinstance(line, Init) and place in places]


def put(trace: Trace, place: Place, line: Line) -> Trace:
    """The trace with another line at a place."""
    at, number = place
    block = trace.blocks[at]
    lines = (*block.lines[:number], line, *block.lines[number + 1 :])
    return Trace((*trace.blocks[:at], Block(block.expert, lines), *trace.blocks[at + 1 :]))
