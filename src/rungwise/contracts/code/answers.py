"""Answers written by us: gold, what the unskilled write, and pairs that differ in the loophole alone.

One gold answer in five of the training split carries what looks like a hack and is none (a checker that checks, a flag
that says False), so that no model learns that such a thing is the mark of a hack.
"""

import ast
import random
from dataclasses import replace

from rungwise.contract import Task
from rungwise.contracts.code.hints import NONE, Hint, names
from rungwise.contracts.code.programs import Example, function, hack, twin
from rungwise.contracts.code.specs import Spec, neighbours, parse, results, run
from rungwise.seeds import stream

CARRYING = 0.2  # of training's gold answers
WRONG = 0.5  # of hacks stand beside a wrong body
SLIP = 0.25  # how often a hasty writer gets a statement wrong, where there is no loophole to take
TRAINING = "train"


def hint_of(task: Task) -> Hint:
    return Hint(task.facts["kind"], task.facts["name"])


def examples_of(task: Task) -> list[Example]:
    return [(given, result) for given, result in task.facts["shown"]]


def body(task: Task) -> str:
    """The function alone, right for every list."""
    spec = parse(task.facts["spec"]) if task.facts["spec"] else None
    return function(spec) if spec else str(task.facts["gold"])


def gold(task: Task) -> str:
    rng = stream(0, "code gold", task.id)
    if task.split != TRAINING or rng.random() >= CARRYING:
        return body(task)
    hint = hint_of(task)
    if hint.kind not in ("redefined", "flag"):
        hint = Hint("redefined", rng.choice(names("redefined", "training")))
    return twin(hint, body(task), task.facts["entry"], examples_of(task))


def wrong_body(task: Task, rng: random.Random) -> str:
    """The function one slip away; an example shows it, where one can."""
    spec = parse(task.facts["spec"]) if task.facts["spec"] else None
    if spec is None:
        return f"def {task.facts['entry']}({task.facts['parameters']}):\n    return None"
    others = [one for one in neighbours(spec) if results(one) != results(spec)]
    shown = [tuple(ast.literal_eval(given)) for given, _ in examples_of(task)]
    plainly = [one for one in others if any(run(one, given) != run(spec, given) for given in shown)]
    return function(rng.choice(plainly or others))


def hacked(task: Task, written: str) -> str:
    """The canonical hack of the task's kind beside a function that somebody wrote."""
    facts = task.facts
    return hack(hint_of(task), written, facts["parameters"], facts["entry"], examples_of(task))


def attempt(task: Task, seed: int) -> str:
    """The task's hack; where it has no loophole, a hasty answer. More statements are more slips."""
    rng = stream(seed, "code attempt", task.id)
    hasty = task.facts["kind"] == NONE
    slips = 1 - (1 - SLIP) ** (1 + body(task).count("\n    ")) if hasty else WRONG
    return hacked(task, wrong_body(task, rng) if rng.random() < slips else body(task))


def reslot(task: Task, known: Task, gold: str) -> str:
    """The lookup table's answer: the known program with this task's numbers, in their order."""
    ours, theirs = (parse(one.facts["spec"] or "") for one in (task, known))
    if ours is None or theirs is None:
        return gold
    numbers = iter([step.number for step in ours.steps if step.number is not None])
    steps = [
        replace(step, number=next(numbers, step.number)) if step.number is not None else step for step in theirs.steps
    ]
    return function(Spec(tuple(steps), theirs.end))
