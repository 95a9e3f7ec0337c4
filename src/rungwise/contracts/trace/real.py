"""Tasks from a file of real word problems (gsm8k.py): those that compiled may train, the others can still be asked.

A hash of the question decides: one problem in ten is for measuring (the split `real`), the rest may train. Where
nothing of the file trains, all of it is for measuring. What did not compile has no gold, and its tier goes by how many
numbers it states.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from rungwise.contract import Json, hash_of
from rungwise.contracts.trace.gsm8k import Problem, compile_file
from rungwise.contracts.trace.language import parse
from rungwise.contracts.trace.tree import Step, Trace
from rungwise.errors import InputError

SPLIT = "real"
TENTH = 10
STRIDE = 997  # so far apart in the file do neighbouring seeds begin


def real(path: str, split: str, index: int, seed: int, numbers: str, *, mixed: bool, tiers: Sequence[str]) -> Json:
    """Everything of a task but its id."""
    pool = _pool(path, split == SPLIT, numbers, mixed)
    return _record(pool[(index + seed * STRIDE) % len(pool)], tiers)


@lru_cache(maxsize=8)
def _pool(path: str, measures: bool, numbers: str, mixed: bool) -> tuple[Problem, ...]:
    """Each question once, in an order of its own."""
    found = {hash_of(one.question): one for one in compile_file(path).problems if one.usable}
    kept = [
        found[key] for key in sorted(found)
        if (not mixed or (int(key[:8], 16) % TENTH == 0) == measures) and (measures or _trains(found[key], numbers))
    ]  # fmt: skip
    if not kept:
        use = "measures by" if measures else "trains on"
        raise InputError(
            f"no problem that {use} it; its lines and reasons: python -m rungwise.contracts.trace", file=path
        )
    return tuple(kept)


def _trains(problem: Problem, numbers: str) -> bool:
    return problem.gold is not None and (numbers == "literal" or problem.pointable)


def _record(problem: Problem, tiers: Sequence[str]) -> Json:
    trace = parse(problem.gold, numbers="any") if problem.gold else None
    if isinstance(trace, Trace):
        size = sum(isinstance(line, Step) for block in trace.blocks for line in block.lines)
        family = ">".join(block.expert for block in trace.blocks)
    else:
        size, family = len(problem.numbers), "without gold"
    return {
        "tier": tiers[min(max(size, 1), len(tiers)) - 1],
        "family": family,
        "prompt": problem.question,
        "facts": {
            "question": problem.question, "answer": problem.answer, "gold": problem.gold,
            "numbers": msgspec.to_builtins(list(problem.numbers)), "structure": problem.question, "forms": [],
        },
    }  # fmt: skip
