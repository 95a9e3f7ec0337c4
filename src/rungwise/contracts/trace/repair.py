"""The deterministic mend of a trace, made without sight of the task: it may tidy and spell, never compute or choose.

What is mended: a fence and what stands around the trace, spaces, capital letters in structure, numbers that have but
one reading (80,000 is 80000, $5.00 is 5, 010 is 10), block openings that are missing where the operations leave no
doubt, lines behind the last query, a yaml list of one block. What is not: a name without a value, a query that is
missing, a number that might be two.
"""

import re
from collections.abc import Iterator

from rungwise.contract import Repair
from rungwise.contracts.trace import compact, flow
from rungwise.contracts.trace.language import parse, write
from rungwise.contracts.trace.numbers import spelled, value_of
from rungwise.contracts.trace.operations import EXPERTS, OPERATIONS
from rungwise.contracts.trace.spelling import MAX_CHARS
from rungwise.contracts.trace.tree import Block, Fault, Line, Query, Step, Trace

_FENCE = re.compile(r"```[a-zA-Z]*\n(.*?)(?:\n```|$)", re.DOTALL)
_NUMBER = re.compile(r"\$?(-?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\.([0-9]{1,8}))?")
_GIVEN = re.compile(r"(= |value: )([$0-9.,-]+)(?=\}|$)")


def repair(answer: str, surface: str, numbers: str) -> Repair:
    if len(answer) > MAX_CHARS or not isinstance(parse(answer, surface, numbers), Fault):
        return Repair(answer=answer)
    for mended, edit in _mends(answer, surface):
        trace = parse(mended, surface, numbers)
        if isinstance(trace, Trace):
            return Repair(answer=write(trace, surface), edits=(edit,))
    return Repair(answer=answer)


def _mends(answer: str, surface: str) -> Iterator[tuple[str, str]]:
    """Texts that are more and more mended, the least first."""
    fenced = _FENCE.search(answer)
    inner = fenced[1] if fenced else answer
    if fenced:
        yield inner, "the fence is gone"
    rows = [_tidy(row, surface) for row in inner.split("\n")]
    rows = [row for row in rows if row.strip()]
    yield "\n".join(rows), "spaces and empty lines are tidied"
    rows = [_GIVEN.sub(_respelled, row) for row in rows]
    yield "\n".join(rows), "numbers are spelled"
    framed = _framed(rows, surface)
    if framed:
        yield "\n".join(framed), "what is no line of a trace is gone"
        yield from ((text, "the blocks are opened") for text in _opened(framed, surface))


def _tidy(row: str, surface: str) -> str:
    if surface == "yaml":
        indent = "  " if row.startswith(("  -", "  trace", "   ")) else ""
        row = re.sub(r"\s+", " ", row.strip())
        row = re.sub(r"\s*,\s*(?=[a-z_]+\s*:|[a-z])", ", ", re.sub(r"\s*:\s*(?=\S)", ": ", row))
        return indent + re.sub(r"\{\s+", "{", re.sub(r"\s+\}", "}", row))
    row = re.sub(r"\s*=\s*", " = ", re.sub(r"\s+", " ", row.strip()))
    return re.sub(r"^\?\s*", "? ", re.sub(r"^@\s+", "@", row))


def _respelled(found: re.Match[str]) -> str:
    """The one spelling of a number that a person may have written otherwise."""
    number = _NUMBER.fullmatch(found[2])
    if number is None or value_of(found[2]) is not None:
        return found[0]
    digits = str(int(number[2].replace(",", "")))
    decimals = (number[3] or "").rstrip("0")
    text = f"{number[1]}{digits}" + (f".{decimals}" if decimals else "")
    value = value_of(text)
    return found[1] + (spelled(value) if value else found[2])


def _framed(rows: list[str], surface: str) -> list[str]:
    """From the first row that is one of a trace to the last, up to the last query."""
    known = [place for place, row in enumerate(rows) if _is_row(row, surface)]
    asked = [place for place in known if "op: query" in rows[place] or rows[place].startswith("? ")]
    return [rows[place] for place in known if place <= asked[-1]] if asked else []


def _is_row(row: str, surface: str) -> bool:
    if surface == "yaml":
        return bool(re.fullmatch(r" *- \{op: .*\}|(?:- )?expert: [a-z_]+| *trace:", row))
    return bool(re.fullmatch(r"@[a-z_]+|\? \S+|\S+ = .+|(?:gain|consume|transfer) .+", row))


def _opened(rows: list[str], surface: str) -> Iterator[str]:
    """Blocks with the expert that their operations belong to, where that is one."""
    lines = [_line(row, surface) for row in rows]
    blocks: list[Block] = []
    held: list[Line] = []
    for line in lines:
        if line is None:
            continue
        held.append(line)
        if isinstance(line, Query):
            experts = {OPERATIONS[one.op].expert for one in held if isinstance(one, Step)}
            if len(experts) != 1:
                return
            blocks.append(Block(experts.pop(), tuple(held)))
            held = []
    if blocks and not held:
        yield write(Trace(tuple(blocks)), surface)


def _line(row: str, surface: str) -> Line | None:
    """The line that a row spells, whatever block it stands in."""
    compactly = surface == "compact"
    text = f"@{EXPERTS[0]}\n{row}" if compactly else f"expert: {EXPERTS[0]}\ntrace:\n{row.strip()}"
    read = compact.read(text, "any") if compactly else flow.read(text, "any")
    return read.blocks[0].lines[0] if isinstance(read, Trace) and len(read.blocks) == 1 else None
