"""What a function is to do: list operations in a row, then what is made of the list; as a tree, in words, drawn.

    keep even; add 3; sum

`degenerate` says why a spec is no problem: it could be met without doing what it says. Specs that do the same to every
list of BATTERY are one function, whatever they say; `fingerprint` names it, and splits own functions, not words.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from rungwise.contract import hash_of
from rungwise.contracts.code.reference import OPERATIONS, Ints, Result, ending
from rungwise.seeds import stream

TIERS = ("d1", "d2", "d3", "d4")  # by operations
ENDINGS = ("sum", "max", "min", "len", "first", "last", "list")
NUMBERS = {  # what an operation may be given
    "keep gt": range(7), "add": (*range(-9, 0), *range(1, 10)), "mul": (2, 3, 4, 5), "take": range(1, 5),
    "drop": range(1, 4), "keep even": (None,), "keep odd": (None,), "neg": (None,), "rev": (None,), "sort": (None,),
}  # fmt: skip
LEAST, MOST = -9, 9  # of the numbers in a list
LONGEST = 7
BATTERY_SIZE = 48
CONSTANT = 0.6  # a result that more of the battery have is too good a guess
_STEP = re.compile(r"(keep even|keep odd|neg|rev|sort)|(keep gt|add|mul|take|drop) (-?[0-9]{1,3})")


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    number: int | None = None

    def __str__(self) -> str:
        return self.name if self.number is None else f"{self.name} {self.number}"


@dataclass(frozen=True, slots=True)
class Spec:
    steps: tuple[Step, ...]
    end: str

    def __str__(self) -> str:
        return "; ".join([*map(str, self.steps), self.end])


def parse(text: str) -> Spec | None:
    """The spec that a text spells; None where it spells none."""
    *words, end = text.split("; ")
    found = [_STEP.fullmatch(word) for word in words]
    if end not in ENDINGS:
        return None
    steps = [Step(one[1] or one[2], None if one[1] else int(one[3])) for one in found if one]
    return Spec(tuple(steps), end) if len(steps) == len(words) else None


def drawn(rng: random.Random, depth: int) -> Spec:
    """No operation stands twice in a row: two would be one."""
    names: list[str] = []
    while len(names) < depth:
        names += [name for name in (rng.choice(list(NUMBERS)),) if names[-1:] != [name]]
    return Spec(tuple(Step(name, rng.choice(tuple(NUMBERS[name]))) for name in names), rng.choice(ENDINGS))


def run(spec: Spec, given: Ints) -> Result:
    """What the spec makes of a list: the one source of expected values."""
    for step in spec.steps:
        given = OPERATIONS[step.name](given, step.number or 0)
    return ending(spec.end, given)


def numbers(rng: random.Random, shortest: int, longest: int, near: tuple[int, ...] = ()) -> Ints:
    """A list; half of it close to what a spec compares with, where something is named."""
    pool = [*near, *[n + 1 for n in near]]
    return tuple(
        rng.choice(pool) if pool and rng.random() < 0.5 else rng.randint(LEAST, MOST)
        for _ in range(rng.randint(shortest, longest))
    )


@lru_cache(maxsize=1)
def battery() -> tuple[Ints, ...]:
    """The lists by which functions are told apart: the empty one, short ones and long ones; every length in turn."""
    rng = stream(0, "code battery")
    return tuple(numbers(rng, i % (LONGEST + 1), i % (LONGEST + 1)) for i in range(BATTERY_SIZE))


@lru_cache(maxsize=65536)
def results(spec: Spec) -> tuple[Result, ...]:
    return tuple(run(spec, given) for given in battery())


def fingerprint(spec: Spec) -> str:
    return hash_of(results(spec))


def shallow() -> Iterator[Spec]:
    """What somebody guesses who does not read the operations."""
    return (Spec((), end) for end in ENDINGS)


def degenerate(spec: Spec) -> str | None:
    """Why this is no problem to set; None where it is one."""
    got = results(spec)
    if max(got.count(value) for value in got) > CONSTANT * len(got):
        return "most lists have one result"
    for fewer in range(len(spec.steps)):
        for steps in combinations(spec.steps, fewer):
            if results(Spec(steps, spec.end)) == got:
                return "fewer of its operations do as well"
    return "a guess without the operations is right" if any(results(one) == got for one in shallow()) else None


def neighbours(spec: Spec) -> Iterator[Spec]:
    """Specs that are one slip away: an operation left out, two swapped, a number or a parity off, another ending."""
    steps = spec.steps
    for at, step in enumerate(steps):
        yield Spec(steps[:at] + steps[at + 1 :], spec.end)
        yield Spec(steps[:at] + steps[at + 1 : at + 2] + (step,) + steps[at + 2 :], spec.end)
        for other in _slips(step):
            yield Spec((*steps[:at], other, *steps[at + 1 :]), spec.end)
    yield from (Spec(steps, end) for end in ENDINGS if end != spec.end)


def _slips(step: Step) -> Iterator[Step]:
    if step.number is not None:
        yield from (Step(step.name, number) for number in (step.number - 1, step.number + 1))
    if step.name.startswith("keep "):
        yield Step("keep odd" if step.name == "keep even" else "keep even")
    if step.name in ("take", "drop"):
        yield Step("drop" if step.name == "take" else "take", step.number)
