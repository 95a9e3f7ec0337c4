"""The compact surface: its writer, and its reader. A right line is told by its words; only what is none is looked
at more closely, to say what is wrong with it or to leave it to the machine's check."""

import re
from functools import lru_cache

from rungwise.contracts.trace.numbers import CONSTANTS, value_of
from rungwise.contracts.trace.operations import EXPERTS, OPERATIONS
from rungwise.contracts.trace.spelling import (
    A_NAME,
    A_SOURCE,
    ALLOWED,
    BLOCK,
    MAX_BLOCKS,
    MAX_LINES,
    NAME,
    RESERVED,
    WORD,
    at,
    literal,
    reference,
)
from rungwise.contracts.trace.tree import (
    Block,
    Constant,
    Fault,
    Init,
    Line,
    Literal,
    Pointer,
    Query,
    Source,
    Step,
    Trace,
    Value,
)

MAKING = tuple(name for name, one in OPERATIONS.items() if not one.moves)
MOVING = tuple(name for name, one in OPERATIONS.items() if one.moves)
LONGEST = 100  # of a right line: three names and an operation
A_LINE = ("name = 16", "name = add a b", "? name", "@expert")


# ---- writing ----


def write(trace: Trace) -> str:
    return "\n".join([text for block in trace.blocks for text in (f"@{block.expert}", *map(line_of, block.lines))])


def line_of(line: Line) -> str:
    if isinstance(line, Init):
        return f"{line.name} = {value_text(line.value)}"
    if isinstance(line, Query):
        return f"? {line.name}"
    words = " ".join((line.op, *line.args))
    return f"{line.name} = {words}" if line.name else words


def value_text(value: Value) -> str:
    if isinstance(value, Literal):
        return value.text
    if isinstance(value, Pointer):
        return f"#{value.index}"
    if isinstance(value, Constant):
        return f"${value.name}"
    return "@prev" if value.block is None else f"@{value.block}"


# ---- reading ----


def read(text: str, numbers: str) -> Trace | Fault:
    blocks: list[tuple[str, list[Line]]] = []
    rows = text.split("\n")
    for number, row in enumerate(rows, start=1):
        line: Line | str | Fault | None = _right(row, numbers) if len(row) < LONGEST else None
        if line is None:
            open_ended = number == len(rows) and not (blocks and blocks[-1][1] and type(blocks[-1][1][-1]) is Query)
            line = _wrong(row, number, numbers, open_ended)
        if isinstance(line, Fault):
            return line
        if isinstance(line, str):
            if blocks and not blocks[-1][1]:
                return Fault("E_EMPTY", number, 1, row, ("a line of the block before",))
            blocks.append((line, []))
        elif not blocks:
            return Fault("E_SYNTAX", 1, 1, row, tuple(f"@{name}" for name in EXPERTS))
        else:
            blocks[-1][1].append(line)
        if len(blocks) > MAX_BLOCKS or len(blocks[-1][1]) > MAX_LINES:
            return Fault("E_TOO_LONG", number, 1, row, (f"at most {MAX_LINES} lines in {MAX_BLOCKS} blocks",))
    if not blocks[-1][1]:
        return _headed(rows, blocks[-1][0])
    return Trace(tuple([Block(expert, tuple(lines)) for expert, lines in blocks]))


def _headed(rows: list[str], expert: str) -> Fault:
    """The text ends with the opening of a block: cut off, or a block of nothing."""
    code = "E_TRUNCATED" if len(rows) > 1 or expert not in EXPERTS else "E_EMPTY"
    return Fault(code, len(rows), len(rows[-1]) + 1, "", ("a line of the block",))


@lru_cache(maxsize=32768)
def _right(row: str, numbers: str) -> Line | str | None:
    """The line, or of a block's opening its expert; None where the row is not a right line. Rows recur in whatever
    one model writes, so they are remembered."""
    match row.split(" "):
        case [name, "=", op, a, b]:
            made = op in MAKING and _named(name) and name not in RESERVED and _named(a) and _named(b)
            return Step(op, (a, b), name) if made else None
        case [name, "=", text]:
            value = _value(text, numbers) if _named(name) and name not in RESERVED else None
            return Init(name, value) if value else None
        case ["gain" | "consume" as op, entity, amount]:
            return Step(op, (entity, amount)) if _named(entity) and _named(amount) else None
        case ["transfer", giver, taker, amount]:
            return Step("transfer", (giver, taker, amount)) if all(map(_named, (giver, taker, amount))) else None
        case ["?", name]:
            return Query(name) if _named(name) else None
        case [word]:
            return word[1:] if _OPENING.fullmatch(word) else None
    return None


_OPENING = re.compile(f"@{WORD}")
_SOURCE = re.compile(rf"@(?:prev|({BLOCK}))")
_named = lru_cache(maxsize=8192)(re.compile(NAME).fullmatch)


def _value(text: str, numbers: str) -> Value | None:
    if text[:1] == "@":
        source = _SOURCE.fullmatch(text)
        return Source(int(source[1]) if source[1] else None) if source else None
    return reference(text[0], text[1:], numbers) if text[:1] in ("#", "$") else literal(text, numbers)


# ---- lines that are not right ----


def _wrong(row: str, number: int, numbers: str, open_ended: bool) -> Line | Fault:
    """What is wrong with a row. The last of a text without an end is cut short where a right line could begin so."""
    if open_ended and _BEGUN.fullmatch(row):
        return Fault("E_TRUNCATED", number, len(row) + 1, row, ("the rest of the line, and ? name",))
    return _odd(row, number, numbers)


def _odd(row: str, number: int, numbers: str) -> Line | Fault:
    if not row or row != row.strip(" ") or "  " in row or row.startswith("@"):
        return Fault("E_SYNTAX", number, 1, row, A_LINE)
    words = row.split(" ")
    if words[0] == "?":
        return at("E_SYNTAX", number, row, row[2:], *A_NAME)
    if len(words) > 1 and words[1] == "=":
        if not re.fullmatch(NAME, words[0]) or words[0] in RESERVED:
            return at("E_SYNTAX", number, row, words[0], *A_NAME)
        return _made(words, row, number, numbers)
    if words[0] in MOVING:
        return _operands(words[0], words[1:], "", row, number)
    if words[0] in MAKING:
        return Fault("E_FIELD", number, 1, row, (f"name = {words[0]} a b",))
    if len(words) > 2 and all(re.fullmatch(NAME, word) for word in words):
        return at("E_UNKNOWN_OP", number, row, words[0], *MOVING)
    return Fault("E_SYNTAX", number, 1, row, A_LINE)


def _made(words: list[str], row: str, number: int, numbers: str) -> Line | Fault:
    """What stands behind `name =`."""
    name, told = words[0], " ".join(words[2:])
    first = words[2] if len(words) > 2 else ""
    if first in MAKING:
        return _operands(first, words[3:], name, row, number)
    if first in MOVING:
        return at("E_FIELD", number, row, told, f"{told} without a name", behind=" = ")
    if first.startswith("@"):
        return Fault("E_SOURCE", number, len(name) + 4, told, A_SOURCE["compact"])
    plain = all(re.fullmatch(NAME, word) or value_of(word) for word in words[2:])
    if plain and len(words) > 3 and re.fullmatch(NAME, first):
        return at("E_UNKNOWN_OP", number, row, first, *MAKING, behind=" = ")
    if plain and len(words) > 3 and value_of(first):
        return Fault("E_FIELD", number, len(name) + 4, told, ("one number",))
    return Fault("E_NUMBER", number, len(name) + 4, told, ALLOWED[numbers])


def _operands(op: str, args: list[str], name: str, row: str, number: int) -> Line | Fault:
    """Too many, too few, or numbers for names: readable, and the machine's check will say so."""
    for word in args:
        if not re.fullmatch(NAME, word) and value_of(word) is None:
            marked = word[1:] and reference(word[0], word[1:], "any")
            return at("E_LITERAL_ARG" if marked else "E_SYNTAX", number, row, word, *A_NAME, behind=f"{op} ")
    return Step(op, tuple(args), name)


def _prefixes(words: tuple[str, ...]) -> str:
    return "|".join(sorted({word[:end] for word in words for end in range(1, len(word) + 1)}, key=len, reverse=True))


_BEGUN = re.compile(
    rf"@[a-z_]*|\?? ?|{NAME}\.?|{NAME}(?: |=| =| = ?(?:[-@#$]?|-?[0-9]+[./]|@(?:{_prefixes(('prev',))})|"
    rf"\$(?:{_prefixes(tuple(CONSTANTS))})|{_prefixes(MAKING)}|(?:{'|'.join(MAKING)}) (?:{NAME}\.? ?)?))|"
    rf"(?:gain|consume)(?: {NAME}\.?)? ?|transfer(?: {NAME}\.?){{0,2}} ?"
)
