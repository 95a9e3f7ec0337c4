"""Wrong traces, each with the label that the judge must give it: spoilt texts, exploits, gold with one thing wrong."""

import re
from collections.abc import Iterator
from itertools import product

from rungwise.contract import Sabotage, Task
from rungwise.contracts.trace.broken import broken, put
from rungwise.contracts.trace.faithful import SMALL, WORLD, movers
from rungwise.contracts.trace.language import write
from rungwise.contracts.trace.machine import applied
from rungwise.contracts.trace.numbers import CONSTANTS, Ratio, spelled, value_of
from rungwise.contracts.trace.operations import of_expert
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
from rungwise.contracts.trace.wanted import Wanted, spelled_gold, wanted_of
from rungwise.seeds import stream


def sabotage(task: Task, surface: str, numbers: str) -> Iterator[Sabotage]:
    wanted = wanted_of(task)
    gold = spelled_gold(wanted, numbers)
    if gold is None:
        return
    yield from _texts(gold, surface)
    for label, why, trace in (*_unsound(gold, numbers), *_dressed(wanted, numbers)):
        yield Sabotage(answer=write(trace, surface), label=label, why=why)
    for one in broken(wanted, numbers):
        yield Sabotage(answer=write(one.trace, surface), label=one.label, why=one.why)


def _texts(gold: Trace, surface: str) -> Iterator[Sabotage]:
    text = write(gold, surface)
    value = r"(#[0-9]+|\$[a-z_]+|(?<== )-?[0-9]\S*)" if surface == "compact" else r"(value|number|constant): [^},]+"
    comma = "80,000" if surface == "compact" else "value: 80,000"
    yield Sabotage(answer=f"Here is the trace:\n{text}", label="unreadable", why="prose before the trace")
    yield Sabotage(answer=text + "\n", label="unreadable", why="a line end behind the trace")
    yield Sabotage(answer=text[: text.rindex("\n") + 2], label="truncated", why="cut in the last line")
    yield Sabotage(answer=re.sub(value, comma, text, count=1), label="number", why="a comma in a number")
    step = r"= (?:[a-z_]+) (?=[a-z])" if surface == "compact" else r"op: (?!init|query)[a-z_]+"
    invented = "= pow " if surface == "compact" else "op: pow"
    if re.search(step, text):
        yield Sabotage(answer=re.sub(step, invented, text, count=1), label="operation", why="an invented operation")


def _unsound(gold: Trace, numbers: str) -> Iterator[tuple[str, str, Trace]]:
    first, last = gold.blocks[0], gold.blocks[-1]
    plain: Value = Literal("3") if numbers == "literal" else Pointer(1)
    a, b = Init("a", plain), Init("b", plain)
    yield "names", "a name twice", Trace((Block(first.expert, (first.lines[0], *first.lines)), *gold.blocks[1:]))
    yield "names", "a name without a value", _block(a, Step("add", ("a", "nobody"), "s1"), Query("s1"))
    yield "source", "the result of a block that is not there", put(gold, (0, 0), Init("early", Source()))
    yield "operation", "an expert that there is not", Trace((*gold.blocks[:-1], Block("weather", last.lines)))
    yield "operation", "a percent by arithmetic", _block(a, b, Step("pct_of", ("a", "b"), "s1"), Query("s1"))
    yield "query", "no query", Trace((*gold.blocks[:-1], Block(last.expert, last.lines[:-1])))
    yield "query", "what was given is asked for", _block(a, b, Query("a"))
    yield "trivial", "one number", _block(a, Step("add", ("a", "a"), "s1"), Query("s1"))
    yield "dead", "a block that nothing hangs on", _behind(gold, Block(first.expert, first.lines))
    zero = Step("sub", ("a", "a"), "s1")
    yield "breaks", "a division by zero", _block(a, b, zero, Step("div", ("b", "s1"), "s2"), Query("s2"))


def _behind(gold: Trace, block: Block) -> Trace:
    """Gold behind a block without sources of its own, its references to blocks moved on by one."""
    blocks = [
        Block(
            one.expert,
            tuple(
                Init(line.name, Source(line.value.block + 1))
                if isinstance(line, Init) and isinstance(line.value, Source) and line.value.block is not None
                else line
                for line in one.lines
            ),
        )
        for one in gold.blocks
    ]
    return Trace((block, *blocks))


def _block(*lines: Line) -> Trace:
    return Trace((Block("arithmetic", lines),))


# ---- the answer, written down ----


def _dressed(wanted: Wanted, numbers: str) -> Iterator[tuple[str, str, Trace]]:
    answer = wanted.answer
    if numbers == "literal":
        yield from _written(wanted)
    able = [place for place, text in enumerate(wanted.numbers) if value_of(text) not in (None, (0, 1), (100, 1))]
    if answer[1] == 1 and 2 < answer[0] < 2**16 and len(able) > 1:
        yield "still", "the answer built out of ones", _built(answer[0] - 1, able, numbers, wanted)
    found = _chance(wanted)
    if found is not None:
        x, op, y = found
        lines = (Init("a", _value(x, wanted, numbers)), Init("b", _value(y, wanted, numbers)))
        yield "coincidence", "right by chance", _block(*lines, Step(op, ("a", "b"), "s1"), Query("s1"))


def _written(wanted: Wanted) -> Iterator[tuple[str, str, Trace]]:
    """The answer less one, and one; half of the answer, twice; where those are no numbers of the question."""
    n, d = wanted.answer
    for why, op, x, y in (
        ("the answer less one, and one", "add", (n - d, d), (1, 1)),
        ("the answer and one, less one", "sub", (n + d, d), (1, 1)),
        ("the answer and a thousand, less a thousand", "sub", (n + 1000 * d, d), (1000, 1)),
    ):
        texts = [spelled(value) for value in (x, y)]
        if not wanted.ground.has(x) and not _of_gold(wanted, x) and all(value_of(text) for text in texts) and x[0]:
            lines = (Init("a", Literal(texts[0])), Init("b", Literal(texts[1])))
            yield "written", why, _block(*lines, Step(op, ("a", "b"), "s1"), Query("s1"))


def _of_gold(wanted: Wanted, value: Ratio) -> bool:
    return wanted.gold is not None and wanted.gold.graph.known("=", *value) is not None


def _built(count: int, able: list[int], numbers: str, wanted: Wanted) -> Trace:
    """a/a is one; doubling and adding one make any number; b/b is the last one."""
    lines: list[Line] = [Init("a", _first(wanted, numbers, able[0])), Init("b", _first(wanted, numbers, able[1]))]
    lines += [Step("div", ("a", "a"), "one"), Step("div", ("b", "b"), "other")]
    last = "one"
    for place, bit in enumerate(bin(count)[3:]):
        lines.append(Step("add", (last, last), f"t{place}"))
        last = f"t{place}"
        if bit == "1":
            lines.append(Step("add", (last, "one"), f"u{place}"))
            last = f"u{place}"
    return _block(*lines, Step("add", (last, "other"), "s1"), Query("s1"))


def _first(wanted: Wanted, numbers: str, place: int) -> Value:
    return Pointer(place + 1) if numbers == "pointer" else Literal(wanted.numbers[place])


def _chance(wanted: Wanted) -> tuple[Ratio, str, Ratio] | None:
    """Two numbers of the question or the world that happen to make the answer, though gold needs others, not small."""
    gold = wanted.gold
    assert gold is not None
    stated = sorted({value for text in wanted.numbers if (value := value_of(text)) and value[1] == 1})
    world = [(n, 1) for n in sorted(WORLD)]
    asked = movers(gold.graph, gold.root, wanted.ground)
    for x, y, op in product(stated, [*stated, *world], ("add", "sub", "mul", "div")):
        if x == y or not x[0] or not y[0] or y == (1, 1) or (op == "div" and y == (100, 1)):
            continue
        used = wanted.ground.integers([x, y])
        if applied(op, x, y) == wanted.answer and used and any(n > SMALL for n in asked - used):
            return x, op, y
    return None


def _value(value: Ratio, wanted: Wanted, numbers: str) -> Value:
    if numbers == "literal":
        return Literal(spelled(value))
    for place, text in enumerate(wanted.numbers, start=1):
        if value_of(text) == value:
            return Pointer(place)
    return Constant(next(name for name, n in CONSTANTS.items() if n == value[0]))


# ---- the unskilled ----

SLIP = 0.06  # how often a hasty writer gets one line wrong


def attempt(task: Task, seed: int, surface: str, numbers: str) -> str:
    """Gold by a hasty writer: each number and each step may slip. More lines are more slips."""
    wanted = wanted_of(task)
    gold = spelled_gold(wanted, numbers)
    if gold is None:
        return ""
    rng = stream(seed, "trace attempt", task.id)
    trace = gold
    for at, block in enumerate(gold.blocks):
        others = [one.name for one in of_expert(block.expert) if len(one.fields) == 2]
        for place, line in enumerate(block.lines):
            if rng.random() >= SLIP:
                continue
            if isinstance(line, Init) and not isinstance(line.value, Source) and wanted.numbers:
                trace = put(
                    trace, (at, place), Init(line.name, _first(wanted, numbers, rng.randrange(len(wanted.numbers))))
                )
            elif isinstance(line, Step) and line.op in others:
                trace = put(trace, (at, place), Step(rng.choice(others), line.args, line.name))
    return write(trace, surface)
