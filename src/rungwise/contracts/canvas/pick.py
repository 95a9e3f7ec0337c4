"""Choosing the best of k canvases without the judge, by what can be seen without running them."""

from collections.abc import Sequence

from rungwise.contracts.canvas.judge import Problem, cost_score
from rungwise.contracts.canvas.language import Canvas, Fault, parse, price
from rungwise.contracts.canvas.structure import LINTS, structural_faults


def pick(problem: Problem, answers: Sequence[str], surface: str) -> int:
    """The index of the answer with the fewest visible faults; the first of those that are alike."""
    return max(range(len(answers)), key=lambda i: (_merit(problem, answers[i], surface), -i))


def _merit(problem: Problem, answer: str, surface: str) -> float:
    read = parse(answer, surface)
    return -1000.0 if isinstance(read, Fault) else _merit_of(problem, read.canvas)


def _merit_of(problem: Problem, canvas: Canvas) -> float:
    complete, lints = structural_faults(canvas, wide=problem.tier >= "dp3")
    present = {c.behavior.mode for c in canvas.components} | {c.type for c in canvas.components}
    missing = sum([name not in present for name in problem.required])
    extra = max(0, len(canvas.components) - problem.max_components)
    cost = max(sum([c.cost.monthly for c in canvas.components]), sum([price(c) for c in canvas.components]))
    broken = 200 * (not complete) + 60 * missing + 40 * extra + (100 - cost_score(cost, problem.budget))
    guards = {"queue", "retry", "circuitbreaker", "split"} & {c.behavior.mode for c in canvas.components}
    room = sum([component.scale for component in canvas.components if component.type in ("step", "tool", "person")])
    return 8.0 * len(guards) + 4.0 * min(room, 8) - broken - sum([LINTS[k][1] for k, _ in lints])
