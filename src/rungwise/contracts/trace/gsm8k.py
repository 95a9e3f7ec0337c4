"""Real word problems compiled to verified traces: GSM8K's calculator annotations (`<<48/2=24>>`), SVAMP's equations.

Between annotations, solutions have sums in plain words (20 + 30 = 50); those that are exact count as well. Lines are
compiled one by one. A sum's numbers are results of earlier sums, the question's, or the world's; its steps are
arithmetic, and percents where a hundredth is taken. What comes out is checked and run by the machine and is exactly the
problem's own answer, or the line is refused with a reason. No line is passed over, and no question is rewritten.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from rungwise.contract import Json
from rungwise.contracts.trace import sums
from rungwise.contracts.trace.assembled import Assembly, Refusal
from rungwise.contracts.trace.language import write
from rungwise.contracts.trace.machine import check, run
from rungwise.contracts.trace.numbers import MOST_DIGITS, ratio
from rungwise.contracts.trace.stated import Stated, stated
from rungwise.contracts.trace.tree import Fault
from rungwise.errors import InputError

REASONS: Mapping[str, str] = {
    "unreadable": "the line is no JSON object with a question and an answer",
    "no_answer": "no #### with one number behind it",
    "no_sum": "no calculator annotation",
    "sum": "an annotation that is no sum",
    "inexact": "an annotation whose value is another",
    "unreached": "no annotation comes to the answer",
    "unplaced": "a number that neither the question nor the world has",
    "no_trace": "the steps are no valid trace",
}
# An annotation with its plain spelling before it; or a sum that has none.
_SUM = re.compile(
    r"<<(?P<sum>[^<>=]*)=(?P<result>[^<>]*)>>"
    r"|(?P<plain>[$(]*[0-9][0-9.,]*[)%]*(?:\s*[-+*/x]\s*[$(]*[0-9][0-9.,]*[)%]*)+)\s*=\s*\$?(?P<value>[0-9][0-9,]*(?:\.[0-9]+)?)"
)
_ANSWER = re.compile(r"\$?(-?)\$?((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)%?\.?")


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a file. `gold` is its trace on the compact surface; None where it was refused, and `reason` says
    why."""

    line: int
    question: str = ""
    answer: str = ""  # exact: 18, or 5/2
    numbers: tuple[Stated, ...] = ()
    gold: str | None = None
    reason: str | None = None
    detail: str = ""

    @property
    def usable(self) -> bool:
        """Whether there is something to ask and to judge by, with a gold trace or without."""
        return bool(self.question and self.answer)

    @property
    def pointable(self) -> bool:
        """Whether gold can be written without spelling a number."""
        return self.gold is not None and not re.search(r"= -?[0-9]", self.gold)


@dataclass(frozen=True, slots=True)
class Report:
    path: str
    problems: tuple[Problem, ...]

    @property
    def compiled(self) -> tuple[Problem, ...]:
        return tuple(one for one in self.problems if one.gold is not None)

    @property
    def refused(self) -> tuple[Problem, ...]:
        return tuple(one for one in self.problems if one.gold is None)

    def lines(self) -> Iterator[str]:
        """What compiled, what did not and why, and every refused line."""
        total = len(self.problems)
        share = len(self.compiled) / total if total else 0.0
        yield f"{self.path}: {len(self.compiled)} of {total} problems compiled ({share:.1%})"
        for reason, n in Counter(one.reason for one in self.refused).most_common():
            yield f"  {n} x {reason}: {REASONS[reason or 'unreadable']}"
        for one in self.refused:
            yield f"{self.path}:{one.line}: {one.reason}: {one.detail}"


def compile_file(path: str | Path) -> Report:
    """GSM8K's JSON lines (`question`, `answer`), or SVAMP's JSON list (`Body`, `Question`, `Equation`, `Answer`)."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(error.strerror or "cannot be read", file=path) from error
    if not content.strip():
        raise InputError("empty; expected JSON lines with question and answer", file=path)
    if content.lstrip()[:1] == b"[":
        return Report(str(path), tuple(_svamp(content, path)))
    lines = content.removesuffix(b"\n").split(b"\n")
    return Report(str(path), tuple(compile_line(number, line) for number, line in enumerate(lines, start=1)))


def compile_line(number: int, line: bytes) -> Problem:
    try:
        record = json.loads(line)
        question, answer = record["question"], record["answer"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return Problem(number, reason="unreadable", detail=f"{type(error).__name__}: {error}"[:120])
    if not isinstance(question, str) or not isinstance(answer, str) or not question.strip():
        return Problem(number, reason="unreadable", detail="question and answer are texts")
    told, marked, behind = answer.rpartition("####")
    value = answer_value(behind) if marked else None
    if value is None:
        return Problem(number, question, reason="no_answer", detail=behind.strip()[:60] if marked else "no ####")
    return _compiled(number, question, value, list(_told(told)))


Told = tuple[sums.Expression | None, Fraction | None, str]  # a sum, what it is said to be, and how it stands there


def _told(text: str) -> Iterator[Told]:
    """The sums in their order; of the plain ones, those that are right."""
    for found in _SUM.finditer(text):
        if found["sum"] is not None:
            yield sums.read(found["sum"]), answer_value(found["result"].rsplit("=", 1)[-1]), found[0][:80]
            continue
        expression, value = sums.read(found["plain"]), answer_value(found["value"])
        if expression is not None and value is not None and sums.value_of(expression) == value:
            yield expression, value, found[0][:80]


def answer_value(text: str) -> Fraction | None:
    """The number that stands behind ####: 1,080 is one thousand and eighty, and -3 is below zero."""
    found = _ANSWER.fullmatch(text.strip())
    if found is None or len(found[2]) > 2 * MOST_DIGITS:
        return None
    return Fraction(f"{found[1]}{found[2].replace(',', '')}")


def _svamp(content: bytes, path: str | Path) -> Iterator[Problem]:
    try:
        records = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"no JSON list: {error}", file=path) from error
    for number, record in enumerate(records, start=1):
        yield _svamp_problem(number, record)


def _svamp_problem(number: int, record: Json) -> Problem:
    try:
        body, asked = record["Body"].strip(), record["Question"].strip()
        equation, answer = record["Equation"], Fraction(str(record["Answer"]))
    except (KeyError, TypeError, AttributeError, ValueError, ZeroDivisionError) as error:
        return Problem(number, reason="unreadable", detail=f"{type(error).__name__}: {error}"[:120])
    question = f"{body}{'' if body.endswith(('.', '?', '!', ',')) else '.'} {asked}"
    return _compiled(number, question, answer, [(sums.read(str(equation)), answer, str(equation)[:80])])


# ---- one problem ----


def _compiled(number: int, question: str, answer: Fraction, told: list[Told]) -> Problem:
    numbers = stated(question)
    exact = str(answer)
    try:
        gold = _trace(question, numbers, answer, told)
    except Refusal as refusal:
        return Problem(number, question, exact, numbers, reason=refusal.reason, detail=refusal.detail)
    return Problem(number, question, exact, numbers, gold)


def _trace(question: str, numbers: tuple[Stated, ...], answer: Fraction, told: list[Told]) -> str:
    """The verified trace of a problem's sums, or the Refusal."""
    if not told:
        raise Refusal("no_sum", "no <<...>>")
    assembly = Assembly(question, numbers)
    reached = None
    for expression, claimed, text in told:
        if expression is None:
            raise Refusal("sum", text)
        value = sums.value_of(expression)
        if value is None or value != claimed:
            raise Refusal("inexact", text)
        node = assembly.put(expression)
        reached = node if value == answer and assembly.is_step(node) else reached
    if reached is None:
        raise Refusal("unreached", f"the last is {told[-1][2]}, the answer {answer}")
    trace = assembly.trace(reached)
    program = check(trace, [one.value for one in numbers])
    values = run(program) if not isinstance(program, Fault) else program
    if isinstance(program, Fault) or isinstance(values, Fault):
        raise Refusal("no_trace", str(values))
    if values[program.result] != ratio(answer):
        raise Refusal("no_trace", f"it runs to {values[program.result]}")
    return write(trace)
