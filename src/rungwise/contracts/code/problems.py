"""Problems of a user's own: JSON lines, each checked before it is used.

    {"id": "p1", "prompt": "...", "entry_point": "f", "canonical": "def f(a): ...",
     "tests": ["assert f([1, 2]) == 3", {"args": [[]], "expected": 0}, ...]}

The first two tests are shown in the prompt, the others are hidden. A fault is told with its line: what cannot be read,
what is missing or stands twice, a canonical solution that the sandbox's language refuses or that fails a test, tests
that are too few or that somebody passes who returns the same whatever is given. A file with one fault is not used.
"""

import ast
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from rungwise.contract import Json, hash_of
from rungwise.contracts.code import language
from rungwise.contracts.code.programs import Example
from rungwise.contracts.code.running import MOST_TESTS, Wanted, met
from rungwise.contracts.code.specs import TIERS
from rungwise.errors import InputError

SPLIT = "problems"
SHOWN, LEAST_HIDDEN = 2, 3  # tests
MOST_CHARS = 20_000  # of a line: a page of prose and a hundred tests
FIELDS = {"id": str, "prompt": str, "tests": list, "entry_point": str, "canonical": str}
GOLDEN = 0.6180339887498949  # of the file: so far apart do neighbouring seeds begin, and no two at one place


@dataclass(frozen=True, slots=True)
class Problem:
    id: str
    prompt: str
    entry: str
    parameters: str
    gold: str  # in its canonical spelling
    tests: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    line: int
    text: str


class _Wrong(Exception):
    """Why a line is no problem."""


def examine(path: str) -> tuple[tuple[Problem, ...], tuple[Fault, ...]]:
    """The problems of a file that will do, and the faults of the others by line."""
    try:
        rows = Path(path).read_bytes().removesuffix(b"\n").split(b"\n")
    except OSError as error:
        raise InputError(error.strerror or "cannot be read", file=path) from error
    if rows == [b""]:
        raise InputError("empty; expected JSON lines, each a problem", file=path)
    problems: dict[str, Problem] = {}
    lines: dict[str, int] = {}
    faults = []
    for number, row in enumerate(rows, start=1):
        try:
            one = _problem(row)
            if one.id in lines:
                raise _Wrong(f"the id {one.id!r} stands in line {lines[one.id]} already")
            lines[one.id], problems[one.id] = number, one
        except _Wrong as wrong:
            faults.append(Fault(number, str(wrong)))
    return tuple(problems.values()), tuple(faults)


@lru_cache(maxsize=4)
def load(path: str) -> tuple[Problem, ...]:
    problems, faults = examine(path)
    if faults:
        more = f" (and {len(faults) - 1} more: python -m rungwise.contracts.code FILE)" if faults[1:] else ""
        raise InputError(faults[0].text + more, file=path, line=faults[0].line)
    return problems


def content(path: str, index: int, seed: int) -> dict[str, Json]:
    """All of a task but its hint."""
    problems = load(path)
    one = problems[(index + int(seed * GOLDEN % 1 * len(problems))) % len(problems)]
    lines = [one.prompt, *[f"{one.entry}({given}) = {result}" for given, result in one.tests[:SHOWN]]]
    statements = len([node for node in ast.walk(ast.parse(one.gold)) if isinstance(node, ast.stmt)])
    return {
        "tier": TIERS[min(max(statements - 2, 1), len(TIERS)) - 1],  # besides the definition and the return
        "prompt": "\n".join(lines),
        "facts": {
            "spec": None, "gold": one.gold, "entry": one.entry, "parameters": one.parameters,
            "shown": [*map(list, one.tests[:SHOWN])], "hidden": [*map(list, one.tests[SHOWN:])],
            "structure": hash_of([one.entry, *one.tests]),
        },
    }  # fmt: skip


# ---- one line ----


def _problem(row: bytes) -> Problem:
    record = _record(row)
    entry = record["entry_point"]
    if not entry.isidentifier():
        raise _Wrong(f"entry_point {entry!r} is no name")
    tests = tuple(_test(at, test, entry) for at, test in enumerate(record["tests"], start=1))
    _require_telling(tests)
    reading = language.read(record["canonical"])
    if isinstance(reading, language.Fault):
        raise _Wrong(f"canonical is outside the sandbox's language ({reading.label}): {reading.note}")
    if not language.once_a_function(reading, entry):
        raise _Wrong(f"canonical defines no function {entry!r} at its top, or more than one")
    gold = ast.unparse(reading.tree)
    _require_passing(gold, Wanted(entry, tests))
    return Problem(
        record["id"], record["prompt"].strip(), entry, language.parameters(reading, entry), gold, tests
    )  # fmt: skip


def _record(row: bytes) -> dict[str, Any]:
    if len(row) > MOST_CHARS:
        raise _Wrong(f"{len(row):,} bytes; at most {MOST_CHARS:,}")
    try:
        record = json.loads(row)
    except (ValueError, RecursionError) as error:
        raise _Wrong(f"no JSON: {error}") from None
    if not isinstance(record, dict):
        raise _Wrong(f"a JSON {type(record).__name__}; expected an object")
    for field, kind in FIELDS.items():
        if field not in record:
            raise _Wrong(f"the field {field!r} is missing; expected {', '.join(FIELDS)}")
        if not isinstance(record[field], kind) or not record[field]:
            raise _Wrong(f"{field}: {str(record[field])!r:.40}; expected a {kind.__name__} that is not empty")
    return record


def _test(at: int, test: Any, entry: str) -> Example:
    if isinstance(test, dict) and set(test) == {"args", "expected"} and isinstance(test["args"], list) and test["args"]:
        return _spelled(at, test["args"], test["expected"])
    read = _asserted(test, entry) if isinstance(test, str) else None
    if read is None:
        raise _Wrong(
            f"test {at}: {str(test)!r:.60}; expected 'assert {entry}(values) == value' or args and expected as JSON"
        )
    return _spelled(at, *read)


def _spelled(at: int, given: list[Any], result: Any) -> Example:
    """As Python writes them; what it cannot read again, such as an infinite number, is equal to nothing written."""
    texts = ", ".join(map(repr, given)), repr(result)
    try:
        for text in texts:
            ast.literal_eval(f"({text},)")
    except ValueError:
        raise _Wrong(f"test {at}: {' == '.join(texts)!r:.60}; expected finite numbers") from None
    return texts


def _asserted(text: str, entry: str) -> tuple[list[Any], Any] | None:
    """The values of `assert f(values) == value`: read, never run, and never put into another assert."""
    try:
        (statement,) = ast.parse(text).body
        assert isinstance(statement, ast.Assert) and isinstance(statement.test, ast.Compare)
        called, (operator,), (wanted,) = statement.test.left, statement.test.ops, statement.test.comparators
        assert isinstance(called, ast.Call) and isinstance(called.func, ast.Name) and called.func.id == entry
        assert isinstance(operator, ast.Eq | ast.Is) and called.args and not called.keywords
        given, result = [ast.literal_eval(arg) for arg in called.args], ast.literal_eval(wanted)
    except (AssertionError, ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None
    return given, result


def _require_telling(tests: tuple[Example, ...]) -> None:
    least = SHOWN + LEAST_HIDDEN
    if not least <= len(tests) <= MOST_TESTS:
        raise _Wrong(f"{len(tests)} tests; expected {least} to {MOST_TESTS}: two are shown, the others hidden")
    if len({given for given, _ in tests}) < len(tests):
        raise _Wrong("a test stands twice")
    results = {result for _, result in tests[SHOWN:]}
    if len(results) == 1:
        raise _Wrong(f"the hidden tests accept a function that always returns {results.pop()}")
    if tests[0][1] == tests[1][1]:
        raise _Wrong(f"the first two tests, which are shown, both have the result {tests[0][1]}")


def _require_passing(gold: str, wanted: Wanted) -> None:
    try:
        found = list(met(gold, wanted))
    except InputError as error:
        raise _Wrong(f"tests that the sandbox cannot be given: {error}") from None
    for at, (passed, got, (given, result)) in enumerate(found, start=1):
        if not passed:
            raise _Wrong(f"canonical fails its own test {at}: {wanted.entry}({given}) is {got}, not {result}")
