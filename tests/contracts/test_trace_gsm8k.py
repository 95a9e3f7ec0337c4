"""Real problems compiled: what compiles is exactly right, what does not is named with its line and reason."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from rungwise.contracts.trace.gsm8k import REASONS, answer_value, compile_file, compile_line
from rungwise.contracts.trace.judge import judge
from rungwise.contracts.trace.language import parse
from rungwise.contracts.trace.stated import stated
from rungwise.contracts.trace.tree import Trace
from rungwise.errors import InputError
from tests.contracts.traces import made, result_of

REAL = Path(__file__).parents[3] / "shared" / "data" / "gsm8k"
LEAST_SHARE = 0.84  # of a file's problems, verified exactly


def line(question: str, answer: str) -> bytes:
    return json.dumps({"question": question, "answer": answer}).encode()


# question, solution -> the trace
COMPILED = {
    "a chain": (
        "Lea has 12 pens and buys 3 packs of 8. How many has she?", "3*8=<<3*8=24>>24. 12+24=<<12+24=36>>36\n#### 36",
        "@arithmetic\na = #2\nb = #3\nc = #1\ns1 = mul a b\ns2 = add c s1\n? s2",
    ),
    "half of": (
        "Lea has 48 pens and gives half away. How many are left?",
        "48/2=<<48/2=24>>24 are gone. 48-24=<<48-24=24>>24\n#### 24",
        "@arithmetic\na = #1\nb = #2\ns1 = mul a b\ns2 = sub a s1\n? s2",
    ),
    "a percent as a share": (
        "A $60 coat is 20% off. What is saved?", "60*.2=<<60*.2=12>>12\n#### 12",
        "@percentage\na = #1\nb = #2\ns1 = pct_of a b\n? s1",
    ),
    "what a percent leaves": (
        "A $60 coat is 20% off. What does it cost?", "60*.8=<<60*.8=48>>48\n#### 48",
        "@percentage\na = #1\nb = #2\ns1 = pct_off a b\n? s1",
    ),
    "a sum that is not annotated": (
        "Lea has 12 pens, Tim 9. Both sell all at $2. How much is that?",
        "12 + 9 = 21 pens. 21*2=<<21*2=42>>42\n#### 42",
        "@arithmetic\na = #1\nb = #2\nc = #3\ns1 = add a b\ns2 = mul s1 c\n? s2",
    ),
    "the world's": (
        "Tim reads 6 pages a day. How many in 2 weeks?", "2*7=<<2*7=14>>14. 14*6=<<14*6=84>>84\n#### 84",
        "@arithmetic\na = #2\nb = $days_per_week\nc = #1\ns1 = mul a b\ns2 = mul s1 c\n? s2",
    ),
    "commas and dollars": (
        "A house costs $80,000 and the repair $50,000. What together?",
        "80,000+50,000=$<<80000+50000=130000>>\n#### $130,000",
        "@arithmetic\na = #1\nb = #2\ns1 = add a b\n? s1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", COMPILED)
def test_sums_become_a_trace(what: str) -> None:
    question, solution, trace = COMPILED[what]
    found = compile_line(1, line(question, solution))
    assert found.gold == trace, found
    assert judge(made(question, found.answer, found.gold), trace, "compact", "any").passed


# a line -> (its reason, a word of the detail)
REFUSED = {
    "no JSON": (b"{not json", "unreadable", "JSONDecodeError"),
    "an empty line": (b"", "unreadable", "JSONDecodeError"),
    "other letters": (b'{"question": "\xff"}', "unreadable", "Unicode"),
    "a list": (b"[1]", "unreadable", "TypeError"),
    "no answer": (json.dumps({"question": "How many?"}).encode(), "unreadable", "answer"),
    "a number for a question": (json.dumps({"question": 3, "answer": "#### 3"}).encode(), "unreadable", "texts"),
    "deep": (b"[" * 100_000, "unreadable", "RecursionError"),
    "no ####": (line("How many are 3 and 4?", "<<3+4=7>>"), "no_answer", "####"),
    "words behind ####": (line("How many are 3 and 4?", "<<3+4=7>> #### seven"), "no_answer", "seven"),
    "no annotation": (line("How many are 3 and 4?", "Seven.\n#### 7"), "no_sum", "<<"),
    "an annotation of words": (line("How many are 3 and 4?", "<<three+4=7>>\n#### 7"), "sum", "three"),
    "an inexact annotation": (line("A third of 10?", "<<10/3=3.33>>\n#### 3.33"), "inexact", "10/3"),
    "by zero": (line("How many are 3 and 0?", "<<3/0=3>>\n#### 3"), "inexact", "3/0"),
    "another answer": (line("How many are 3 and 4?", "<<3+4=7>>\n#### 8"), "unreached", "8"),
    "a number from nowhere": (line("How many are 3 and 4?", "<<3+119=122>>\n#### 122"), "unplaced", "119"),
    "one number": (line("How many are 9 and as many?", "<<9+9=18>>\n#### 18"), "no_trace", "E_TRIVIAL"),
    "endless": (line("How many are 3 and 4?", "<<" + "(" * 5000 + "3+4=7>>\n#### 7"), "sum", "<<"),
    "huge": (line("How many are 3 and 4?", "<<3+4=7>>\n#### " + "9" * 400), "no_answer", "999"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_line_that_does_not_compile_has_its_reason(what: str) -> None:
    content, reason, word = REFUSED[what]
    found = compile_line(7, content)
    assert (found.gold, found.line, found.reason) == (None, 7, reason), found
    assert word in found.detail


def test_no_line_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    contents = [content for content, _, _ in REFUSED.values()]
    contents[2:2] = [line(*COMPILED[what][:2]) for what in COMPILED]
    path.write_bytes(b"\n".join(contents) + b"\n")
    report = compile_file(path)
    assert len(report.problems) == len(contents) and len(report.compiled) == len(COMPILED)
    assert [one.line for one in report.problems] == list(range(1, len(contents) + 1))
    told = list(report.lines())
    assert f"{len(COMPILED)} of {len(contents)}" in told[0]
    assert all(any(f"own.jsonl:{one.line}: {one.reason}" in row for row in told) for one in report.refused)
    assert {one.reason for one in report.refused} == set(REASONS)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        compile_file(tmp_path / "nowhere.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(InputError, match="empty"):
        compile_file(tmp_path / "empty.jsonl")
    (tmp_path / "half.json").write_text("[{")
    with pytest.raises(InputError, match="no JSON list"):
        compile_file(tmp_path / "half.json")


def test_equations_are_traces_as_well(tmp_path: Path) -> None:
    path = tmp_path / "svamp.json"
    records = [
        {"Body": "Ed had 17 figs. He ate 8", "Equation": "( 17.0 - 8.0 )", "Answer": 9.0},
        {"Body": "3 boxes of 12 and 5 more.", "Equation": "( ( 3.0 * 12.0 ) + 5.0 )", "Answer": 41},
        {"Body": "Ed had 17 figs.", "Equation": "( 17.0 - 8.0 )", "Answer": 10.0},
        {"Body": "Ed had 17 figs."},
    ]
    path.write_text(json.dumps([{"Question": "How many has he?", **record} for record in records]))
    report = compile_file(path)
    assert [one.reason for one in report.problems] == [None, None, "inexact", "unreadable"]
    assert report.problems[0].gold == "@arithmetic\na = #1\nb = #2\ns1 = sub a b\n? s1"
    assert report.problems[1].answer == "41"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,080", 1080),
        ("-3", -3),
        ("$5.50", Fraction(11, 2)),
        (" 18 ", 18),
        ("18.", 18),
        ("1,08", None),
        ("", None),
        ("5 or 6", None),
    ],
)
def test_an_answer_is_read_whole(text: str, value: Fraction | int | None) -> None:
    assert answer_value(text) == value


# text -> the numbers in it
READ = {
    "two hundred and fifty thousand, or 80,000": ["250000", "80000"],
    "five, six and seven": ["5", "6", "7"],
    "half a dozen, two dozen, a dozen": ["6", "2", "12", "12"],
    "two-thirds of 3/4, and a quarter": ["2/3", "3/4", "1/4"],
    "twice the 3 1/2 hours, thrice two and a half": ["2", "7/2", "3", "2.5"],
    "$5.00, .5 and 2 million": ["5", "0.5", "2000000"],
    "twenty-five percent, 20% and 12 percent": ["25", "20", "12"],
    "no number here": [],
}


@pytest.mark.parametrize("text", READ)
def test_the_numbers_of_a_text(text: str) -> None:
    found = stated(text)
    assert [one.value for one in found] == READ[text]
    assert all(text[one.start : one.end].strip() for one in found)
    assert [one.percent for one in found] == [text[one.end :].startswith(("%", " percent")) for one in found]


def test_a_real_file_compiles_and_no_gold_is_misread() -> None:
    """Held against a second reading of the golds, and a second machine."""
    path = REAL / "train.jsonl"
    if not path.is_file():
        pytest.skip(f"{path.name} of GSM8K (MIT) is not beside the project, which does not need it")
    report = compile_file(path)
    records = [json.loads(row) for row in path.read_text(encoding="utf-8").splitlines()]
    assert len(report.problems) == len(records)
    golds = [record["answer"].split("####")[-1].strip().replace(",", "") for record in records]
    assert [one.answer for one in report.problems] == [str(Fraction(gold)) for gold in golds]
    assert len(report.compiled) >= LEAST_SHARE * len(records), next(report.lines())
    for one in report.compiled:
        trace = parse(one.gold or "", numbers="any")
        assert isinstance(trace, Trace)
        assert result_of(trace, tuple(number.value for number in one.numbers)) == Fraction(one.answer)
