"""The judge of traces: read, checked, run exactly, and held against gold as a graph.

Passed is a valid trace whose result is exactly the answer, for a reason: it is gold's computation, or one that gives
the same for other numbers too (faithful.py). An answer that was written down is no pass and earns nothing, however it
is dressed. Short of passing, an answer earns a little for being read, valid and run, and up to NEAR by how much of
gold's graph it has; a policy that always writes some valid trace gets VALID or RAN, and no more.

The parts are a ladder, each step of which stands on those before it: parsed, valid, executed, leaves (recall and
precision), operations, graph, answer. Beside it: `steps`, how many of gold's intermediate results are there;
`grounded`, the share of numbers that the question or the world gives; `routing`, whether the experts are gold's.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rungwise.contract import Json, Task, Verdict
from rungwise.contracts.trace.classify import LABELS, classify, guess
from rungwise.contracts.trace.dag import LEAF, Graph, draw, kinds, leaves
from rungwise.contracts.trace.faithful import agrees, movers, still
from rungwise.contracts.trace.language import parse
from rungwise.contracts.trace.machine import LEAST_LEAVES, Program, check, run, told
from rungwise.contracts.trace.numbers import Ratio
from rungwise.contracts.trace.tree import Fault, Step, Trace
from rungwise.contracts.trace.wanted import Wanted, wanted_of

READ, VALID, RAN, NEAR = 0.02, 0.05, 0.1, 0.5
LADDER = ("parsed", "valid", "executed", "leaf_recall", "leaf_precision", "operations", "graph", "answer")
PARTS = (*LADDER, "steps", "grounded", "routing")
NOTHING = dict.fromkeys(PARTS, 0.0)

CODES: Mapping[str, str] = {
    "E_EMPTY": "unreadable", "E_SYNTAX": "unreadable", "E_FIELD": "unreadable", "E_TOO_LONG": "unreadable",
    "E_TRUNCATED": "truncated", "E_NUMBER": "number", "E_UNKNOWN_OP": "operation", "E_UNKNOWN_EXPERT": "operation",
    "E_OP_NOT_IN_EXPERT": "operation", "E_ARITY": "operation", "E_LITERAL_ARG": "operation", "E_UNDEFINED": "names",
    "E_REDEFINED": "names", "E_SOURCE": "source", "E_QUERY_MISSING": "query", "E_QUERY_NOT_LAST": "query",
    "E_QUERY_MANY": "query", "E_QUERY_INIT_ONLY": "query", "E_TRIVIAL": "trivial", "E_DIV0": "breaks",
    "E_STOCK": "breaks", "E_NEGATIVE_AMOUNT": "breaks", "E_RANGE": "breaks",
    "E_DEAD": "dead",
}  # fmt: skip
FAILURES: Mapping[str, str] = {
    "unreadable": "write blocks of lines as the language spells them, and nothing else",
    "truncated": "write the trace to its end: the last line is a query",
    "number": "write each number in its one spelling: no commas, no expressions, no names",
    "operation": "use the operations of the block's expert, each with its operands by name",
    "names": "name each value once, before it is used",
    "source": "take the result of an earlier block",
    "query": "end every block with one query, of something that it computes",
    "trivial": "compute the answer from two numbers or more",
    "dead": "write no block whose result is not used",
    "breaks": "divide by no zero, take no more than there is, keep numbers small",
    "written": "start from numbers of the question: this answer starts from one that was made up to reach it",
    "still": "let the answer hang on the question: this one makes a number that does not",
    "coincidence": "compute what is asked: this is right for these numbers only",
    **LABELS,
}
# A policy that cannot write numbers cannot write the answer.
POINTER_FAILURES = {label: mend for label, mend in FAILURES.items() if label != "written"}
EXPLOITS = {"written": "written_answer", "still": "built_constant"}


@dataclass(frozen=True, slots=True, eq=False)
class Computed:
    """An answer that was read, checked and run."""

    program: Program
    values: list[Ratio]
    graph: Graph
    root: int

    @property
    def result(self) -> Ratio:
        return self.values[self.program.result]


def judge(task: Task, answer: str, surface: str, numbers: str) -> Verdict:
    wanted = wanted_of(task)
    found = computed(wanted, answer, surface, numbers)
    if isinstance(found, Fault):
        return _unfit(found, answer, surface, numbers)
    parts = compared(found, wanted)
    failure, notes = _failure(found, wanted, parts)
    program = found.program
    measures = {
        "nodes": len(program.nodes), "dead": program.needed.count(False), "blocks": len(program.trace.blocks),
    }  # fmt: skip
    return Verdict(
        score=_score(parts, failure), passed=failure is None, failure=failure, parts=parts, measures=measures,
        shape=shape_of(program), exploit=EXPLOITS.get(failure or ""), notes=notes,
    )  # fmt: skip


def computed(wanted: Wanted, answer: str, surface: str, numbers: str) -> Computed | Fault:
    trace = parse(answer, surface, numbers)
    if isinstance(trace, Fault):
        return trace
    program = check(trace, wanted.numbers, surface)
    if isinstance(program, Fault):
        return program
    values = run(program)
    if isinstance(values, Fault):
        return values
    graph = wanted.gold.graph.copy() if wanted.gold else Graph()
    return Computed(program, values, graph, draw(program, graph).root)


def _unfit(fault: Fault, answer: str, surface: str, numbers: str) -> Verdict:
    """No trace, no valid one, or one that breaks when it is run."""
    trace = parse(answer, surface, numbers)
    parsed = isinstance(trace, Trace)
    valid = parsed and CODES[fault.code] == "breaks"
    parts = {**NOTHING, "parsed": float(parsed), "valid": float(valid)}
    label = CODES[fault.code]
    score = VALID if valid else READ if parsed else 0.0
    return Verdict(score=score, passed=False, failure=label, parts=parts, notes=(str(fault),))


def compared(found: Computed, wanted: Wanted) -> dict[str, float]:
    """How much of gold's graph is there. Without gold, what can be said without it."""
    graph, gold = found.graph, wanted.gold
    right = float(found.result == wanted.answer)
    ran = {**NOTHING, "parsed": 1.0, "valid": 1.0, "executed": 1.0, "answer": right}
    if gold is not None and found.root == gold.root:
        return {**dict.fromkeys(PARTS, 1.0), "answer": right, "routing": _routed(found, wanted)}
    below = graph.below(found.root)
    start = leaves(graph, below)
    ran["grounded"] = sum(_grounded(graph.keys[node][1:], wanted) for node in start) / len(start)
    if gold is None:
        return ran
    shared = len(start & gold.leaves)
    ours = kinds(graph, below)
    both = (ours & gold.kinds).total()
    return ran | {
        "leaf_recall": shared / len(gold.leaves),
        "leaf_precision": shared / len(start),
        "operations": 2 * both / (ours.total() + gold.kinds.total()),
        "steps": len(gold.steps.intersection(below)) / len(gold.steps),
        "routing": _routed(found, wanted),
    }


def _routed(found: Computed, wanted: Wanted) -> float:
    assert wanted.gold is not None
    ours, gold = found.program.trace.blocks, wanted.gold.trace.blocks
    return float([block.expert for block in ours] == [block.expert for block in gold])


def _grounded(value: tuple[int, int], wanted: Wanted) -> bool:
    return wanted.ground.has(value) or (wanted.gold is not None and (LEAF, *value) in wanted.gold.graph.ids)


def _failure(found: Computed, wanted: Wanted, parts: Mapping[str, float]) -> tuple[str | None, tuple[str, ...]]:
    if parts["answer"]:
        other = ("routing_only: gold has other experts",) if wanted.gold and not parts["routing"] else ()
        return unfaithful(found, wanted) if not parts["graph"] else (None, other)
    notes = (f"the result is {told(found.result)}",)
    if wanted.gold is None:
        label = guess(found.values, found.graph, found.root, wanted)
        return label, (*notes, "without gold the label is a guess")
    labels = classify(found.graph, found.root, wanted)
    if len(labels) == 2:
        return "two_faults", (*notes, " and ".join(labels))
    return labels[0], notes


def unfaithful(found: Computed, wanted: Wanted) -> tuple[str | None, tuple[str, ...]]:
    """Why a right result is no pass; None where it is one, by another way than gold's."""
    graph, gold = found.graph, wanted.gold
    start = graph.values(graph.below(found.root))
    made_up = [told(value) for value in start if not _grounded(value, wanted)]
    if made_up:
        return "written", (f"{', '.join(made_up)}: not of the question",)
    if still(graph, found.root, gold.below if gold else (), wanted.ground):
        return "still", ("a part of the trace is the same for every question",)
    if gold is None:
        return _moving_enough(found, wanted)
    if not agrees(graph, found.root, gold.root, wanted.ground):
        return "coincidence", ("for other numbers than the question's it gives another result than the right one",)
    return None, ()


def _moving_enough(found: Computed, wanted: Wanted) -> tuple[str | None, tuple[str, ...]]:
    """Without gold: the answer moves with two of the question's numbers, or with all that there are."""
    there = wanted.ground.integers(wanted.ground.given)
    if len(movers(found.graph, found.root, wanted.ground)) >= min(LEAST_LEAVES, len(there)):
        return None, ()
    return "coincidence", ("the answer hangs on too little of the question",)


def _score(parts: Mapping[str, float], failure: str | None) -> float:
    if failure is None:
        return 1.0
    if failure in EXPLOITS:
        return 0.0
    met = parts["leaf_recall"] * parts["leaf_precision"] + parts["operations"] + 2 * parts["steps"]
    return RAN + (NEAR - RAN) * met / 4


def shape_of(program: Program) -> str:
    """What makes two answers the same structure: experts and operations, whatever their names and numbers."""
    trace = program.trace
    return "|".join(
        f"{block.expert}:" + ",".join([line.op for line in block.lines if type(line) is Step]) for block in trace.blocks
    )


# ---- what may be told ----


def feedback(task: Task, answer: str, surface: str, numbers: str) -> dict[str, Json]:
    """What a policy may be told before a second try: where its own text breaks, or that its result is another one."""
    verdict = judge(task, answer, surface, numbers)
    if verdict.failure is None:
        return {"passed": True}
    told_of = {"passed": False, "failure": verdict.failure, "mend": FAILURES[verdict.failure]}
    if verdict.parts["executed"]:
        wrong = not verdict.parts["answer"]
        # Which repair would do is known from gold alone, so it is not told.
        return {"passed": False, "result": "wrong"} if wrong else {**told_of, "notes": list(verdict.notes)}
    return {**told_of, "notes": list(verdict.notes)}


def public(task: Task) -> dict[str, Json]:
    """The question and its numbers in order, as pointers count them."""
    wanted = wanted_of(task)
    return {"question": wanted.question, "numbers": list(wanted.numbers)}
