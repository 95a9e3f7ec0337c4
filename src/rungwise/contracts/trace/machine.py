"""The machine: a trace is checked without running it, then run exactly.

check   experts, operations, names, order, queries; what is right becomes a Program, one flat list of values and steps
        over all blocks, with every name resolved and every number of the question put in its place
run     the values of the Program's nodes, as integers over integers; never a float

    E_UNKNOWN_EXPERT    no such expert                  E_SOURCE           no result of an earlier block
    E_OP_NOT_IN_EXPERT  another expert's operation      E_QUERY_MISSING    the block asks for nothing
    E_UNDEFINED         a name without a value          E_QUERY_NOT_LAST   lines behind the query
    E_REDEFINED         a name twice                    E_QUERY_MANY       two queries
    E_ARITY             too many or too few operands    E_QUERY_INIT_ONLY  the query asks for what was given
    E_LITERAL_ARG       a number for a name             E_TRIVIAL          the result hangs on one number or no step
    E_DEAD              a block whose result is not used (a number or a step that is not used is none)
    E_DIV0 E_STOCK E_NEGATIVE_AMOUNT E_RANGE            by zero; more than there is; a negative amount; too many digits
"""

from collections.abc import Sequence
from math import gcd

from msgspec import Struct

from rungwise.contracts.trace.language import line_at
from rungwise.contracts.trace.numbers import CONSTANTS, Ratio, value_of
from rungwise.contracts.trace.operations import EXPERTS, OPERATIONS, of_expert
from rungwise.contracts.trace.spelling import A_NAME, A_SOURCE
from rungwise.contracts.trace.tree import (
    Block,
    Constant,
    Fault,
    Init,
    Literal,
    Pointer,
    Query,
    Source,
    Step,
    Trace,
    Value,
)

VALUE = "value"  # the kind of a node that is a number
LEAST_LEAVES = 2
CAP = 10**30  # of numerators and denominators; real problems stay under 10**12
KINDS = {one.name: one.kind for one in OPERATIONS.values()} | {"transfer_from": "sub", "transfer_to": "add"}
ARITY = {one.name: len(one.fields) for one in OPERATIONS.values()}
EXPERT = {one.name: one.expert for one in OPERATIONS.values()}
MOVES = frozenset(("gain", "consume", "transfer_from", "transfer_to"))
HUNDRED: Ratio = (100, 1)

Node = tuple[str, int, int]  # an operation and the nodes that it takes; or VALUE and the place of its number


class Program(Struct, frozen=True):
    """A checked trace. A transfer is two nodes: what the giver has left, and what the taker has then."""

    trace: Trace
    surface: str
    nodes: tuple[Node, ...]
    values: tuple[Ratio, ...]  # of the nodes that are numbers
    places: tuple[tuple[int, int], ...]  # of each node: its block, and its line there
    result: int
    needed: tuple[bool, ...]  # whether the result hangs on the node


class _Building:
    """A Program in the making."""

    def __init__(self, trace: Trace, numbers: Sequence[str], surface: str) -> None:
        self.trace, self.numbers, self.surface = trace, numbers, surface
        self.nodes: list[Node] = []
        self.values: list[Ratio] = []
        self.places: list[tuple[int, int]] = []
        self.results: list[int] = []
        self.block = self.line = 0
        self.names: dict[str, int] = {}
        self.made: set[str] = set()

    def fault(self, code: str, found: str, *expected: str) -> Fault:
        return located(self.trace, self.surface, self.block, self.line, code, found, expected)

    def node(self, op: str, a: int, b: int) -> int:
        self.nodes.append((op, a, b))
        self.places.append((self.block, self.line))
        return len(self.nodes) - 1


def located(
    trace: Trace, surface: str, block: int, line: int, code: str, found: str, expected: tuple[str, ...] = ()
) -> Fault:
    """A fault at the last word `found` of a line, since what is asked for and what operands are stands behind."""
    number, text = line_at(trace, surface, block, line)
    return Fault(code, number, max(text.rfind(found), 0) + 1, found, expected)


# ---- check ----


def check(trace: Trace, numbers: Sequence[str] = (), surface: str = "compact") -> Program | Fault:
    """The program, or the first fault. `numbers` are the question's, spelled, for pointers to point at."""
    building = _Building(trace, numbers, surface)
    for place, block in enumerate(trace.blocks):
        building.block, building.line, building.names, building.made = place, 0, {}, set()
        fault = _block(building, block)
        if fault is not None:
            return fault
    return _whole(building)


def _block(building: _Building, block: Block) -> Fault | None:
    if block.expert not in EXPERTS:
        number, _ = line_at(building.trace, building.surface, building.block, 0)
        above = 1 if building.surface == "compact" else 2
        return Fault("E_UNKNOWN_EXPERT", number - above, 1, block.expert, EXPERTS)
    last = len(block.lines) - 1
    for place, line in enumerate(block.lines):
        building.line = place
        if type(line) is Init:
            fault = _init(building, line)
        elif type(line) is Step:
            fault = _step(building, line, block.expert)
        else:
            assert isinstance(line, Query)
            fault = _query(building, line, block) if place == last else _unasked(building, block)
        if fault is not None:
            return fault
    if type(block.lines[last]) is not Query:
        return building.fault("E_QUERY_MISSING", "", "a query as the block's last line")
    return None


def _init(building: _Building, line: Init) -> Fault | None:
    if line.name in building.names:
        return building.fault("E_REDEFINED", line.name, "a name of its own")
    if type(line.value) is Source:
        back = line.value.block
        source = building.block - 1 if back is None else back
        if not 0 <= source < building.block:
            return building.fault("E_SOURCE", "", *A_SOURCE[building.surface], "of an earlier block")
        building.names[line.name] = building.results[source]
        return None
    value = resolved(line.value, building.numbers)
    if value is None:
        return building.fault("E_NUMBER", "", f"one of the question's {len(building.numbers)} numbers")
    building.names[line.name] = building.node(VALUE, len(building.values), 0)
    building.values.append(value)
    return None


def resolved(value: Value, numbers: Sequence[str]) -> Ratio | None:
    """What a value is worth; None for a pointer beyond the question's numbers."""
    if isinstance(value, Literal):
        return value_of(value.text)
    if isinstance(value, Constant):
        return CONSTANTS[value.name], 1
    if isinstance(value, Pointer) and value.index <= len(numbers):
        return value_of(numbers[value.index - 1])
    return None


def _step(building: _Building, line: Step, expert: str) -> Fault | None:
    if EXPERT[line.op] != expert:
        return building.fault("E_OP_NOT_IN_EXPERT", line.op, *(one.name for one in of_expert(expert)))
    if len(line.args) != ARITY[line.op]:
        return building.fault("E_ARITY", line.op, f"{ARITY[line.op]} operands, not {len(line.args)}")
    names = building.names
    for word in line.args:
        if word not in names:
            spelled = value_of(word) is not None
            return building.fault("E_LITERAL_ARG" if spelled else "E_UNDEFINED", word, *(names or A_NAME))
    if expert == "entity_track":
        return _move(building, line)
    if line.name in names:
        return building.fault("E_REDEFINED", line.name, "a name of its own")
    a, b = names[line.args[0]], names[line.args[1]]
    if line.op == "div" and building.nodes[b][0] == VALUE and building.values[building.nodes[b][1]] == HUNDRED:
        return building.fault("E_OP_NOT_IN_EXPERT", line.args[1], "percentage's pct_of: arithmetic divides by no 100")
    names[line.name] = building.node(line.op, a, b)
    building.made.add(line.name)
    return None


def _move(building: _Building, line: Step) -> Fault | None:
    names, args = building.names, line.args
    amount = names[args[-1]]
    if line.op != "transfer":
        names[args[0]] = building.node(line.op, names[args[0]], amount)
    elif args[0] == args[1]:
        return building.fault("E_REDEFINED", args[1], "another entity than the one that gives")
    else:
        names[args[0]] = building.node("transfer_from", names[args[0]], amount)
        names[args[1]] = building.node("transfer_to", names[args[1]], amount)
    building.made.update(args[:-1])
    return None


def _query(building: _Building, line: Query, block: Block) -> Fault | None:
    if line.name not in building.names:
        return building.fault("E_UNDEFINED", line.name, *(building.names or A_NAME))
    if line.name not in building.made:
        steps = any(type(one) is Step for one in block.lines)
        return building.fault("E_QUERY_INIT_ONLY", line.name, *(sorted(building.made) if steps else ["a step"]))
    building.results.append(building.names[line.name])
    return None


def _unasked(building: _Building, block: Block) -> Fault:
    building.line += 1
    many = type(block.lines[building.line]) is Query
    return building.fault("E_QUERY_MANY" if many else "E_QUERY_NOT_LAST", "", "nothing behind the query")


def _whole(building: _Building) -> Program | Fault:
    nodes, result = building.nodes, building.results[-1]
    needed = [False] * len(nodes)
    needed[result] = True
    leaves, real = 0, False
    for place in range(result, -1, -1):
        if needed[place]:
            op, a, b = nodes[place]
            if op == VALUE:
                leaves += 1
            else:
                needed[a] = needed[b] = True
                real = real or not _idle(building, op, a, b)
    for block, at in enumerate(building.results):
        if not needed[at]:
            building.block, building.line = block, len(building.trace.blocks[block].lines) - 1
            return building.fault("E_DEAD", "", "a block whose result is used")
    if leaves < LEAST_LEAVES or not real:
        told = f"{leaves} number" if leaves < LEAST_LEAVES else "no step that changes its number"
        fault = building.fault("E_TRIVIAL", "", "a result of two numbers or more")
        return Fault(fault.code, fault.line, fault.column, told, fault.expected)
    return Program(
        building.trace, building.surface, tuple(nodes), tuple(building.values), tuple(building.places), result,
        tuple(needed),
    )  # fmt: skip


IDLE: dict[str, Ratio] = {
    "add": (0, 1), "sub": (0, 1), "mul": (1, 1), "div": (1, 1), "pct_of": HUNDRED, "pct_off": (0, 1), "pct_up": (0, 1),
}  # fmt: skip


def _idle(building: _Building, op: str, a: int, b: int) -> bool:
    """Whether a step gives back what it takes: plus 0, times 1, a hundred percent of."""
    kind = KINDS[op]
    sides = (a, b) if kind in ("add", "mul") else (b,)
    return any(
        building.nodes[side][0] == VALUE and building.values[building.nodes[side][1]] == IDLE[kind] for side in sides
    )


# ---- run ----


def run(program: Program) -> list[Ratio] | Fault:
    """The value of every node, needed or not, or the first fault."""
    found: list[Ratio] = []
    for place, (op, a, b) in enumerate(program.nodes):
        if op == VALUE:
            found.append(program.values[a])
            continue
        kind, x, y = KINDS[op], found[a], found[b]
        if kind == "div" and not y[0]:
            return _broken(program, place, "E_DIV0", "0", "anything but 0")
        value = applied(kind, x, y)
        if op in MOVES:
            if y[0] < 0:
                return _broken(program, place, "E_NEGATIVE_AMOUNT", told(y), "an amount of 0 or more")
            if kind == "sub" and value[0] < 0:
                return _broken(program, place, "E_STOCK", told(y), f"at most {told(x)}, which is what there is")
        if not -CAP < value[0] < CAP or value[1] >= CAP:
            return _broken(program, place, "E_RANGE", f"{len(str(max(abs(value[0]), value[1])))} digits", "at most 30")
        found.append(value)
    return found


def applied(kind: str, x: Ratio, y: Ratio) -> Ratio:
    """One operation; what is divided by is not 0."""
    (n, d), (m, e) = x, y
    if d == 1 and e == 1:
        if kind == "mul":
            return n * m, 1
        if kind == "add":
            return n + m, 1
        if kind == "sub":
            return n - m, 1
    if kind == "add":
        return reduced(n * e + m * d, d * e)
    if kind == "sub":
        return reduced(n * e - m * d, d * e)
    if kind == "mul":
        return reduced(n * m, d * e)
    if kind == "div":
        return reduced(n * e, d * m)
    part = reduced(n * m, d * e * 100)
    return part if kind == "pct_of" else applied("sub" if kind == "pct_off" else "add", x, part)


def reduced(n: int, d: int) -> Ratio:
    common = gcd(n, d)
    return (n // common, d // common) if d > 0 else (-n // common, -d // common)


def told(value: Ratio) -> str:
    return str(value[0]) if value[1] == 1 else f"{value[0]}/{value[1]}"


def _broken(program: Program, place: int, code: str, found: str, *expected: str) -> Fault:
    block, line = program.places[place]
    number, text = line_at(program.trace, program.surface, block, line)
    return Fault(code, number, 1, f"{text.strip()} ({found})", expected)


# ---- numbers in another way ----


def literally(trace: Trace, numbers: Sequence[str]) -> Trace:
    """The same trace with every pointer and constant spelled as the number that it stands for."""

    def spelled(value: Value) -> Value:
        if isinstance(value, Pointer):
            return Literal(numbers[value.index - 1])
        return Literal(str(CONSTANTS[value.name])) if isinstance(value, Constant) else value

    return Trace(
        tuple(
            Block(
                block.expert,
                tuple(Init(line.name, spelled(line.value)) if isinstance(line, Init) else line for line in block.lines),
            )
            for block in trace.blocks
        )
    )
