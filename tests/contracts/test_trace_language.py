"""The trace language: one spelling a trace, two lossless surfaces, and a code with a place for whatever is wrong."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rungwise.contracts.trace.broken import put
from rungwise.contracts.trace.grammar import grammar
from rungwise.contracts.trace.judge import CODES
from rungwise.contracts.trace.language import NUMBERS, SURFACES, parse, write
from rungwise.contracts.trace.machine import Program, check
from rungwise.contracts.trace.numbers import CONSTANTS, spelled, value_of
from rungwise.contracts.trace.operations import EXPERTS, OPERATIONS, of_expert
from rungwise.contracts.trace.repair import repair
from rungwise.contracts.trace.spelling import RESERVED
from rungwise.contracts.trace.tree import Block, Fault, Init, Literal, Query, Source, Step, Trace
from tests.contracts.traces import PROBLEMS, gold, wild

COMPACT = """@percentage
price = 80
rate = 20
s1 = pct_off price rate
? s1
@arithmetic
p = @prev
n = 3
s1 = mul p n
? s1"""
YAML = """- expert: percentage
  trace:
  - {op: init, var: price, value: 80}
  - {op: init, var: rate, value: 20}
  - {op: pct_off, base: price, rate: rate, var: s1}
  - {op: query, var: s1}
- expert: arithmetic
  trace:
  - {op: init, var: p, source: prev.result}
  - {op: init, var: n, value: 3}
  - {op: compute, compute_op: mul, args: [p, n], var: s1}
  - {op: query, var: s1}"""

# what is wrong -> (text, code, line, column)
WRONG_COMPACT = {
    "nothing": ("", "E_EMPTY", 1, 1),
    "spaces": ("  \n ", "E_EMPTY", 1, 1),
    "a block of nothing": ("@arithmetic", "E_EMPTY", 1, 12),
    "an empty block before": ("@arithmetic\n" + COMPACT, "E_EMPTY", 2, 1),
    "no opening": (COMPACT.replace("@percentage\n", ""), "E_SYNTAX", 1, 1),
    "prose before": ("Sure!\n" + COMPACT, "E_SYNTAX", 1, 1),
    "prose behind": (COMPACT + "\nSo it is 192.", "E_SYNTAX", 11, 1),
    "a line end behind": (COMPACT + "\n", "E_SYNTAX", 11, 1),
    "two spaces": (COMPACT.replace("price = 80", "price =  80"), "E_SYNTAX", 2, 1),
    "a capital": (COMPACT.replace("price = 80", "Price = 80"), "E_SYNTAX", 2, 1),
    "a reserved name": (COMPACT.replace("n = 3", "no = 3"), "E_SYNTAX", 8, 1),
    "cut in a line": (COMPACT[:-2], "E_TRUNCATED", 10, 3),
    "cut in a step": (COMPACT[: COMPACT.rindex(" p n")], "E_TRUNCATED", 9, 9),
    "cut in a number": (COMPACT[: COMPACT.rindex("3")], "E_TRUNCATED", 8, 5),
    "cut behind a block": (COMPACT[: COMPACT.index("p = @prev") - 1], "E_TRUNCATED", 6, 12),
    "a comma": (COMPACT.replace("80", "80,000"), "E_NUMBER", 2, 9),
    "an exponent": (COMPACT.replace("80", "1e3"), "E_NUMBER", 2, 9),
    "yaml's false": (COMPACT.replace("80", "no"), "E_NUMBER", 2, 9),
    "yaml's octal": (COMPACT.replace("80", "010"), "E_NUMBER", 2, 9),
    "yaml's sixty": (COMPACT.replace("80", "1:30"), "E_NUMBER", 2, 9),
    "an expression": (COMPACT.replace("80", "4 * 20"), "E_NUMBER", 2, 9),
    "a name for a number": (COMPACT.replace("n = 3", "n = price"), "E_NUMBER", 8, 5),
    "no number": (COMPACT.replace("80", "NaN"), "E_NUMBER", 2, 9),
    "a superfluous zero": (COMPACT.replace("80", "80.0"), "E_NUMBER", 2, 9),
    "not in lowest terms": (COMPACT.replace("80", "2/4"), "E_NUMBER", 2, 9),
    "a percent sign": (COMPACT.replace("rate = 20", "rate = 20%"), "E_NUMBER", 3, 8),
    "a dollar": (COMPACT.replace("80", "$80"), "E_NUMBER", 2, 9),
    "other digits": (COMPACT.replace("80", "\u0668\u0660"), "E_NUMBER", 2, 9),
    "too many digits": (COMPACT.replace("80", "9" * 16), "E_NUMBER", 2, 9),
    "a pointer among literals": (COMPACT.replace("80", "#1"), "E_NUMBER", 2, 9),
    "two numbers": (COMPACT.replace("80", "80 81"), "E_FIELD", 2, 9),
    "value and source": (COMPACT.replace("@prev", "@prev 80"), "E_SOURCE", 7, 5),
    "a source that is none": (COMPACT.replace("@prev", "@last"), "E_SOURCE", 7, 5),
    "an invented operation": (COMPACT.replace("mul p n", "pow p n"), "E_UNKNOWN_OP", 9, 6),
    "a step without a name": (COMPACT.replace("s1 = mul", "mul"), "E_FIELD", 9, 1),
    "a name for a change": (COMPACT.replace("mul p n", "gain p n"), "E_FIELD", 9, 6),
    "too long": ("@arithmetic\n" + "a = 1\n" * 4000, "E_TOO_LONG", 1, 1),
    "too many lines": ("@arithmetic\n" + "a = 1\n" * 60 + "? a", "E_TOO_LONG", 50, 1),
    "too many blocks": ("\n".join(["@arithmetic\na = 1\n? a"] * 14), "E_TOO_LONG", 37, 1),
}  # fmt: skip
WRONG_YAML = {
    "nothing": ("", "E_EMPTY", 1, 1),
    "an empty trace": ("expert: arithmetic\ntrace: []", "E_EMPTY", 2, 8),
    "no steps": ("expert: arithmetic\ntrace:", "E_EMPTY", 2, 1),
    "a list of one": (YAML[: YAML.index("- expert: arithmetic") - 1], "E_SYNTAX", 1, 1),
    "two documents": ("expert: arithmetic\ntrace:\n- {op: query, var: a}\nmore", "E_SYNTAX", 4, 1),
    "a line end behind": (YAML + "\n", "E_SYNTAX", 13, 1),
    "a fence": (f"```yaml\n{YAML}\n```", "E_SYNTAX", 1, 1),
    "block style": (YAML.replace("{op: query, var: s1}\n", "op: query\n"), "E_SYNTAX", 6, 1),
    "a space too many": (YAML.replace("{op: init, var: n", "{ op: init, var: n"), "E_FIELD", 10, 6),
    "cut in a line": (YAML[:-5], "E_TRUNCATED", 12, 20),
    "cut behind an expert": (YAML[: YAML.index("- expert: arithmetic") + 20], "E_TRUNCATED", 7, 21),
    "a comma": (YAML.replace("value: 80", "value: 80,000"), "E_NUMBER", 3, 35),
    "an exponent": (YAML.replace("value: 80", "value: 1e3"), "E_NUMBER", 3, 35),
    "false": (YAML.replace("value: 80", "value: no"), "E_NUMBER", 3, 35),
    "octal": (YAML.replace("value: 80", "value: 010"), "E_NUMBER", 3, 35),
    "sixty": (YAML.replace("value: 80", "value: 1:30"), "E_NUMBER", 3, 35),
    "an expression": (YAML.replace("value: 80", "value: 4 * 20"), "E_NUMBER", 3, 35),
    "a name for a number": (YAML.replace("value: 3", "value: price"), "E_NUMBER", 10, 31),
    "an infinite one": (YAML.replace("value: 80", "value: .inf"), "E_NUMBER", 3, 35),
    "a quoted one": (YAML.replace("value: 80", 'value: "80"'), "E_NUMBER", 3, 35),
    "value and source": (YAML.replace("value: 3", "value: 3, source: prev.result"), "E_FIELD", 10, 34),
    "no value": (YAML.replace(", value: 3", ""), "E_FIELD", 10, 1),
    "a field too many": (YAML.replace("value: 3", "value: 3, unit: days"), "E_FIELD", 10, 34),
    "a field twice": (YAML.replace("value: 3", "value: 3, value: 3"), "E_FIELD", 10, 6),
    "fields out of order": (YAML.replace("var: n, value: 3", "value: 3, var: n"), "E_FIELD", 10, 1),
    "a field missing": (YAML.replace("base: price, ", ""), "E_FIELD", 5, 1),
    "from and to": (
        "expert: entity_track\ntrace:\n- {op: transfer, from: a, to: b, amount: c}\n- {op: query, var: a}",
        "E_FIELD", 3, 18,
    ),
    "an invented operation": (YAML.replace("op: compute, compute_op: mul", "op: add"), "E_UNKNOWN_OP", 11, 10),
    "a power": (YAML.replace("compute_op: mul", "compute_op: pow"), "E_UNKNOWN_OP", 11, 31),
    "a source that is none": (YAML.replace("prev.result", "last.result"), "E_SOURCE", 9, 32),
    "no list of arguments": (YAML.replace("[p, n]", "p"), "E_FIELD", 11, 42),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG_COMPACT)
def test_every_fault_of_the_compact_surface_has_its_code_and_place(what: str) -> None:
    text, *expected = WRONG_COMPACT[what]
    fault = parse(text)
    assert isinstance(fault, Fault), fault
    assert [fault.code, fault.line, fault.column] == expected


@pytest.mark.parametrize("what", WRONG_YAML)
def test_every_fault_of_the_yaml_surface_has_its_code_and_place(what: str) -> None:
    text, *expected = WRONG_YAML[what]
    fault = parse(text, "yaml")
    assert isinstance(fault, Fault), fault
    assert [fault.code, fault.line, fault.column] == expected


def test_the_two_surfaces_spell_the_same_tree() -> None:
    assert parse(COMPACT) == parse(YAML, "yaml")
    assert write(parse(COMPACT), "yaml") == YAML and write(parse(YAML, "yaml")) == COMPACT  # type: ignore[arg-type]


@given(st.randoms(use_true_random=False), st.sampled_from(NUMBERS))
def test_every_tree_is_read_back_from_both_surfaces(rng: random.Random, numbers: str) -> None:
    trace = wild(rng, numbers)
    for surface in SURFACES:
        text = write(trace, surface)
        assert parse(text, surface, numbers) == trace
        assert re.fullmatch(grammar(surface, numbers).regex(), text)
        assert repair(text, surface, numbers).answer == text


PIECES = ("@", "arithmetic", "\n", "a", " = ", "3", "add", " ", "?", "#", "- {op: ", "}", ", ", ": ", "init", "expert")


@given(st.text(max_size=200) | st.lists(st.sampled_from(PIECES)).map("".join))
def test_any_text_is_a_trace_or_a_fault_with_a_known_code(text: str) -> None:
    for surface in SURFACES:
        read = parse(text, surface)
        if isinstance(read, Trace):
            assert write(read, surface) == text
        else:
            assert read.code in CODES and read.line >= 1 and read.column >= 1


@given(st.randoms(use_true_random=False), st.sampled_from(SURFACES))
def test_what_the_grammar_allows_and_names_do_not_forbid_is_read(rng: random.Random, surface: str) -> None:
    """The grammar cannot count or look names up; everything else that it allows the reader reads."""
    text = write(wild(rng), surface)
    at = rng.randrange(len(text))
    mutated = text[:at] + rng.choice("abz019 =@\n,:") + text[at + rng.randint(0, 2) :]
    if re.fullmatch(grammar(surface, "literal").regex(), mutated):
        read = parse(mutated, surface)
        words = set(re.findall(r"[a-z_]+", mutated))
        assert isinstance(read, Trace) or read.code == "E_NUMBER" or words & (RESERVED - OPERATIONS.keys()), read


def test_yaml_is_yaml() -> None:
    """What the surface writes, a YAML library reads as the same tree: nothing is typed behind our back."""
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed; only this test uses it")
    loaded = yaml.safe_load(YAML)
    assert [block["expert"] for block in loaded] == ["percentage", "arithmetic"]
    assert loaded[0]["trace"][0] == {"op": "init", "var": "price", "value": 80}
    assert loaded[1]["trace"][2] == {"op": "compute", "compute_op": "mul", "args": ["p", "n"], "var": "s1"}


def test_no_two_experts_share_an_operation() -> None:
    assert set(EXPERTS) == {"arithmetic", "percentage", "rate_equation", "comparison", "entity_track"}
    assert sum(len(of_expert(expert)) for expert in EXPERTS) == len(OPERATIONS) == 18


def test_every_operation_is_written_read_and_checked_on_both_surfaces() -> None:
    for one in OPERATIONS.values():
        names = ("a", "b", "c")[: len(one.fields)]
        inits = tuple(Init(name, Literal("8")) for name in names)
        step = Step(one.name, names, "" if one.moves else "s1")
        trace = Trace((Block(one.expert, (*inits, step, Query("a" if one.moves else "s1"))),))
        for surface in SURFACES:
            assert parse(write(trace, surface), surface) == trace
        assert isinstance(check(trace), Program), one


def test_every_constant_and_every_number_has_one_spelling() -> None:
    for text in ("0", "16", "0.25", "2/3", "-3", "999999999999999", "0.00000001"):
        value = value_of(text)
        assert value is not None and (spelled(value) == text or "/" in text)
    assert all(value_of(str(n)) == (n, 1) for n in CONSTANTS.values())
    assert [value_of(text) for text in ("-0", "1/1", "3/1", "2/4", "0/3", ".5", "5.", "1.50", "+1", "1_000", "")] == [
        None
    ] * 11


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("numbers", NUMBERS)
def test_reserved_words_are_structure_and_stand_in_gold(surface: str, numbers: str) -> None:
    made = grammar(surface, numbers)
    texts = [write(gold(name, numbers), surface) for name in PROBLEMS]
    assert len(set(made.reserved)) == len(made.reserved)
    assert not any(re.search(r"\d", word) for word in made.reserved)
    core = [word for word in made.reserved if not word.startswith((" = $", ", constant: "))]
    unused = [word for word in core if not any(word in text for text in texts)]
    assert len(unused) <= len(core) // 3, unused


def test_a_line_is_put_where_it_was() -> None:
    trace = gold("eggs")
    assert put(trace, (0, 1), trace.blocks[0].lines[1]) == trace
    assert put(trace, (0, 0), Init("x", Source())).blocks[0].lines[0] == Init("x", Source())


# text -> what the mend makes of it
MENDED = {
    "a fence": (f"Here:\n```\n{COMPACT}\n```\nDone.", COMPACT),
    "spaces": (COMPACT.replace(" = ", "  =   ").replace("? s1", "?s1"), COMPACT),
    "empty lines": (COMPACT.replace("\n", "\n\n") + "\n", COMPACT),
    "a comma": (COMPACT.replace("80", "80,000"), COMPACT.replace("80", "80000")),
    "dollars": (COMPACT.replace("80", "$80.00"), COMPACT),
    "a leading zero": (COMPACT.replace("80", "080"), COMPACT),
    "prose around": (f"Sure!\n{COMPACT}\nThe answer is 192.", COMPACT),
    "no openings": (COMPACT.replace("@percentage\n", "").replace("@arithmetic\n", ""), COMPACT),
}


@pytest.mark.parametrize("what", MENDED)
def test_repair_mends_what_leaves_no_doubt(what: str) -> None:
    text, mended = MENDED[what]
    found = repair(text, "compact", "literal")
    assert found.answer == mended and found.edits
    assert repair(found.answer, "compact", "literal").answer == mended


@pytest.mark.parametrize("text", ["", "192", "@arithmetic\na = about 80\n? a", COMPACT[:40], "?" * 99])
def test_repair_invents_nothing(text: str) -> None:
    assert repair(text, "compact", "literal").answer == text


def test_repair_mends_yaml() -> None:
    spoilt = f"```yaml\n{YAML}\n```".replace("{op: ", "{ op: ").replace("value: 80", "value: 80,000")
    assert repair(spoilt, "yaml", "literal").answer == YAML.replace("value: 80", "value: 80000")
