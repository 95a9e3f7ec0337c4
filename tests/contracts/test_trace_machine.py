"""The machine: every static code, every exploit that verifiers of such traces have fallen for, and exact results."""

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rungwise.contracts.trace.language import SURFACES, parse, write
from rungwise.contracts.trace.machine import CAP, Program, check, run
from rungwise.contracts.trace.stated import stated
from rungwise.contracts.trace.tree import Fault, Trace
from tests.contracts.traces import PROBLEMS, gold, result_of, task, wild

SUM = "@arithmetic\na = 1\nb = 2\ns = add a b\n? s"

# what was once accepted, or is often written -> (trace, its code, the line it stands in)
REFUSED = {
    "an unknown expert": ("@weather\na = 1\nb = 2\ns = add a b\n? s", "E_UNKNOWN_EXPERT", 1),
    "an unknown expert behind": (f"{SUM}\n@time\na = @prev\n? a", "E_UNKNOWN_EXPERT", 6),
    "percent by arithmetic": ("@arithmetic\na = 1\nb = 2\ns = pct_of a b\n? s", "E_OP_NOT_IN_EXPERT", 4),
    "a sum by percentage": ("@percentage\na = 1\nb = 2\ns = add a b\n? s", "E_OP_NOT_IN_EXPERT", 4),
    "a hundredth by arithmetic": ("@arithmetic\na = 1\nb = 100\ns = div a b\n? s", "E_OP_NOT_IN_EXPERT", 4),
    "an undefined name": ("@arithmetic\na = 1\ns = add a b\n? s", "E_UNDEFINED", 3),
    "an undefined entity": ("@entity_track\na = 1\ntransfer a b a\n? b", "E_UNDEFINED", 3),
    "another block's name": (f"{SUM}\n@arithmetic\nt = add a s\n? t", "E_UNDEFINED", 7),
    "a query of nothing known": ("@arithmetic\na = 1\nb = 2\ns = add a b\n? t", "E_UNDEFINED", 5),
    "a name twice": ("@arithmetic\na = 1\na = 2\ns = add a a\n? s", "E_REDEFINED", 3),
    "a result named again": ("@arithmetic\na = 1\nb = 2\ns = add a b\ns = add s b\n? s", "E_REDEFINED", 5),
    "a computed value given anew": ("@arithmetic\na = 1\nb = 2\ns = add a b\ns = 3\n? s", "E_REDEFINED", 5),
    "from an entity to itself": ("@entity_track\na = 3\nb = 2\ntransfer a a b\n? a", "E_REDEFINED", 4),
    "one argument": ("@arithmetic\na = 18\nb = 2\ns = add a\n? s", "E_ARITY", 4),
    "three arguments": ("@arithmetic\na = 18\nb = 2\ns = add a b a\n? s", "E_ARITY", 4),
    "literals for arguments": ("@arithmetic\na = 18\ns = add 18 0\n? s", "E_LITERAL_ARG", 3),
    "a literal amount": ("@entity_track\na = 18\nconsume a 3\n? a", "E_LITERAL_ARG", 3),
    "the result of itself": ("@arithmetic\na = @0\nb = 1\ns = add a b\n? s", "E_SOURCE", 2),
    "of the block before the first": ("@arithmetic\na = @prev\nb = 1\ns = add a b\n? s", "E_SOURCE", 2),
    "of a block to come": ("@arithmetic\na = 1\nb = 2\ns = add a b\n? s\n@arithmetic\nc = @5\n? c", "E_SOURCE", 7),
    "no query": ("@arithmetic\na = 1\nb = 2\ns = add a b", "E_QUERY_MISSING", 4),
    "no query in the first block": ("@arithmetic\na = 1\nb = 2\n@arithmetic\na = 1\n? a", "E_QUERY_MISSING", 3),
    "a number behind the query": ("@arithmetic\na = 1\nb = 2\ns = add a b\n? s\nc = 18", "E_QUERY_NOT_LAST", 6),
    "two queries": ("@arithmetic\na = 1\nb = 2\ns = add a b\n? a\n? s", "E_QUERY_MANY", 6),
    "a query of what was given": ("@arithmetic\na = 18\nb = 2\ns = add a b\n? a", "E_QUERY_INIT_ONLY", 5),
    "an entity that nothing happens to": ("@entity_track\na = 18\nb = 2\nc = 1\ngain b c\n? a", "E_QUERY_INIT_ONLY", 6),
    "what came from another block": (
        f"{SUM}\n@arithmetic\na = @prev\nb = 3\nt = add b b\n? a", "E_QUERY_INIT_ONLY", 10,
    ),
    "a block for nothing": (f"{SUM}\n{SUM}", "E_DEAD", 5),
    "one number": ("@arithmetic\na = 9\ns = add a a\n? s", "E_TRIVIAL", 4),
    "one number and a dead one": ("@arithmetic\na = 9\nb = 1\ns = add a a\n? s", "E_TRIVIAL", 5),
    "times one": ("@arithmetic\na = 18\nb = 1\ns = mul a b\n? s", "E_TRIVIAL", 5),
    "plus nothing": ("@arithmetic\na = 0\nb = 18\ns = add a b\n? s", "E_TRIVIAL", 5),
    "a hundred percent": ("@percentage\na = 18\nb = 100\ns = pct_of a b\n? s", "E_TRIVIAL", 5),
    "nothing off": ("@percentage\na = 18\nb = 0\ns = pct_off a b\n? s", "E_TRIVIAL", 5),
    "by zero": ("@arithmetic\na = 1\nb = 0\ns = div a b\n? s", "E_DIV0", 4),
    "by a zero that was computed": ("@arithmetic\na = 1\nb = 2\nz = sub a a\ns = div b z\n? s", "E_DIV0", 5),
    "at no speed": ("@rate_equation\na = 1\nb = 0\ns = duration a b\n? s", "E_DIV0", 4),
    "more than there is": ("@entity_track\na = 3\nb = 4\nconsume a b\n? a", "E_STOCK", 4),
    "more than the giver has": ("@entity_track\na = 3\nb = 4\nc = 4\ntransfer a b c\n? b", "E_STOCK", 5),
    "less than nothing consumed": ("@entity_track\na = 3\nb = -15\nconsume a b\n? a", "E_NEGATIVE_AMOUNT", 4),
    "less than nothing gained": ("@entity_track\na = 3\nb = -1\ngain a b\n? a", "E_NEGATIVE_AMOUNT", 4),
    "too many digits": (
        "@arithmetic\na = 999999999999999\nb = 2\nc = mul a a\nd = mul c c\ne = mul d b\n? e", "E_RANGE", 5,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_computation_has_its_code_and_line(what: str) -> None:
    text, *expected = REFUSED[what]
    trace = parse(text)
    assert isinstance(trace, Trace), trace
    program = check(trace)
    fault = run(program) if isinstance(program, Program) else program
    assert isinstance(fault, Fault), fault
    assert [fault.code, fault.line] == expected


def test_a_fault_stands_in_the_same_step_on_both_surfaces() -> None:
    trace = parse("@arithmetic\na = 1\nb = 2\ns = add a b\n? s\n@arithmetic\nc = @prev\nt = sub c d\n? t")
    assert isinstance(trace, Trace)
    compact, yaml = (check(trace, (), surface) for surface in SURFACES)
    assert isinstance(compact, Fault) and isinstance(yaml, Fault)
    assert (compact.line, compact.column, yaml.line) == (8, 11, 10)
    row = write(trace, "yaml").split("\n")[yaml.line - 1]
    assert row[yaml.column - 1] == "d" == compact.found


def test_a_pointer_beyond_the_questions_numbers_is_none() -> None:
    trace = parse("@arithmetic\na = #1\nb = #3\ns = add a b\n? s", numbers="pointer")
    assert isinstance(trace, Trace)
    fault = check(trace, ("16", "3"))
    assert isinstance(fault, Fault) and (fault.code, fault.line) == ("E_NUMBER", 3)


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("numbers", ["literal", "pointer"])
def test_gold_comes_to_its_answer(name: str, numbers: str) -> None:
    question, answer, _ = PROBLEMS[name]
    stated_numbers = tuple(one.value for one in stated(question))
    trace = gold(name, numbers)
    program = check(trace, stated_numbers)
    assert isinstance(program, Program)
    values = run(program)
    assert isinstance(values, list) and Fraction(*values[program.result]) == Fraction(answer)
    assert result_of(trace, stated_numbers) == Fraction(task(name).facts["answer"])


@given(st.randoms(use_true_random=False))
def test_the_machine_and_a_second_one_in_fractions_agree(rng: random.Random) -> None:
    trace = wild(rng)
    program = check(trace)
    if isinstance(program, Fault):
        assert program.code in ("E_TRIVIAL", "E_REDEFINED", "E_OP_NOT_IN_EXPERT", "E_DEAD")
        return
    values = run(program)
    if isinstance(values, Fault):
        if values.code != "E_RANGE":
            with pytest.raises((ZeroDivisionError, ValueError)):
                result_of(trace)
        return
    assert Fraction(*values[program.result]) == result_of(trace)
    assert all(abs(n) < CAP and 0 < d < CAP for n, d in values)


def test_a_trace_of_every_size_ends_soon() -> None:
    """The longest trace there may be, doubling itself all the way, ends in a value or a code."""
    lines = [
        "a = 3",
        "b = 2",
        *[f"s{n} = add {f's{n - 1}' if n else 'a'} {f's{n - 1}' if n else 'b'}" for n in range(45)],
    ]
    first, *rest = ["@arithmetic\n" + "\n".join(lines) + "\n? s44"] * 12
    trace = parse("\n".join([first, *[block.replace("a = 3", "a = @prev") for block in rest]]))
    assert isinstance(trace, Trace)
    program = check(trace)
    assert isinstance(program, Program)
    fault = run(program)
    assert isinstance(fault, Fault) and fault.code == "E_RANGE"
