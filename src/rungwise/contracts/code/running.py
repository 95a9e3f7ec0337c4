"""Answers run in the sandbox: what a task's tests call, and what came back, test by test.

One sandbox a process, made when it is first needed and closed when the process ends. A process that was forked from one
that has a sandbox makes its own. What tests expect never enters it: results are compared here.
"""

import ast
import atexit
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

from rungwise.contracts.code.programs import Example
from rungwise.contracts.code.sandbox import Call, Outcome, Program, Raised, Sandbox, Value, same

FUEL = 10_000  # ticks a call: some fifty times what the longest gold answer takes on the longest list
MOST_TESTS = 90  # the sandbox gives a program's calls no more fuel than that together
_OPENING = Lock()  # a server judges in threads, which share one


def ran(programs: Sequence[Program]) -> list[Outcome]:
    with _OPENING:
        box = _sandbox(os.getpid())
    return box.run(programs)


@lru_cache(maxsize=1)
def _sandbox(process: int) -> Sandbox:
    box = Sandbox().__enter__()
    atexit.register(lambda: box.__exit__(None, None, None) if os.getpid() == process else None)
    return box


@dataclass(frozen=True, slots=True)
class Wanted:
    """The function that tests call, and the tests."""

    entry: str
    tests: tuple[Example, ...]

    def calls(self) -> tuple[Call, ...]:
        return tuple(Call(self.entry, arguments(given), FUEL) for given, _ in self.tests)


@lru_cache(maxsize=65536)
def arguments(given: str) -> tuple[Value, ...]:
    values: tuple[Value, ...] = ast.literal_eval(f"({given},)")
    return values


@lru_cache(maxsize=65536)
def value(result: str) -> Value:
    return ast.literal_eval(result)


def passes(outcome: Outcome, wanted: Wanted) -> list[bool]:
    """Of each test; what was never reached has not passed. True is not 1, and a tuple is no list."""
    got = (*outcome.returned, *[Raised("NotReached")] * len(wanted.tests))
    return [
        not isinstance(one, Raised) and same(one, value(result))
        for one, (_, result) in zip(got, wanted.tests, strict=False)
    ]


def met(source: str, wanted: Wanted) -> Iterator[tuple[bool, str, Example]]:
    """By test: whether it passed, what came back, the test."""
    (outcome,) = ran([Program(source, wanted.calls())])
    got = [*map(told, outcome.returned), *[outcome.note or outcome.status] * len(wanted.tests)]
    return zip(passes(outcome, wanted), got, wanted.tests, strict=False)


def told(returned: Value | Raised) -> str:
    return f"{returned.kind}: {returned.note}" if isinstance(returned, Raised) else repr(returned)
