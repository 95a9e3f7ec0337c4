"""The yaml surface, as published: one block a mapping, several a list, every step one flow mapping on one line.

    expert: arithmetic
    trace:
    - {op: init, var: price, value: 80}
    - {op: compute, compute_op: mul, args: [price, count], var: step1}
    - {op: query, var: step1}

Read line by line and strictly, by no YAML library. Arithmetic is spelled as `compute`, every other operation by its own
name with its own fields; a number of the question is `number: 2`, one of the world `constant: days_per_week`.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from rungwise.contracts.trace.numbers import CONSTANTS, SPELLED, value_of
from rungwise.contracts.trace.operations import EXPERTS, OPERATIONS, of_expert
from rungwise.contracts.trace.spelling import (
    A_NAME,
    A_SOURCE,
    ALLOWED,
    BLOCK,
    MAX_BLOCKS,
    MAX_LINES,
    NAME,
    NEVER,
    POINTER,
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

COMPUTE = tuple(one.name for one in of_expert("arithmetic"))
NAMED = tuple(one for one in OPERATIONS.values() if one.expert != "arithmetic")
OPS = ("init", "compute", "query", *(one.name for one in NAMED))
FORMS: Mapping[str, tuple[str, ...]] = {
    "init": ("var", "value"), "compute": ("compute_op", "args", "var"), "query": ("var",),
    **{one.name: one.fields if one.moves else (*one.fields, "var") for one in NAMED},
}  # fmt: skip
GIVEN = ("value", "source", "number", "constant")


# ---- writing ----


def write(trace: Trace) -> str:
    if len(trace.blocks) == 1:
        return "\n".join(_block(trace.blocks[0], "", ""))
    return "\n".join([row for block in trace.blocks for row in _block(block, "- ", "  ")])


def _block(block: Block, first: str, rest: str) -> Iterator[str]:
    yield f"{first}expert: {block.expert}"
    yield f"{rest}trace:"
    for line in block.lines:
        yield f"{rest}{line_of(line)}"


def line_of(line: Line) -> str:
    if isinstance(line, Init):
        return f"- {{op: init, var: {line.name}, {_given(line.value)}}}"
    if isinstance(line, Query):
        return f"- {{op: query, var: {line.name}}}"
    one = OPERATIONS[line.op]
    if one.expert == "arithmetic":
        return f"- {{op: compute, compute_op: {line.op}, args: [{', '.join(line.args)}], var: {line.name}}}"
    fields = [f"{field}: {arg}" for field, arg in zip(one.fields, line.args, strict=False)]
    return f"- {{op: {', '.join([line.op, *fields, *([f'var: {line.name}'] if line.name else [])])}}}"


def _given(value: Value) -> str:
    if isinstance(value, Literal):
        return f"value: {value.text}"
    if isinstance(value, Pointer):
        return f"number: {value.index}"
    if isinstance(value, Constant):
        return f"constant: {value.name}"
    return f"source: {'prev' if value.block is None else f'sub{value.block}'}.result"


# ---- reading ----


def read(text: str, numbers: str) -> Trace | Fault:
    rows = text.split("\n")
    many = rows[0].startswith("- ")
    first, rest = ("- ", "  ") if many else ("", "")
    blocks: list[Block] = []
    at_row = 0
    while at_row < len(rows):
        block = _read_block(rows, at_row, first, rest, numbers)
        if isinstance(block, Fault):
            return block
        blocks.append(block)
        at_row += 2 + len(block.lines)
        if len(blocks) > MAX_BLOCKS:
            return Fault("E_TOO_LONG", at_row, 1, rows[at_row - 1], (f"at most {MAX_BLOCKS} blocks",))
        if not many and at_row < len(rows):
            return Fault("E_SYNTAX", at_row + 1, 1, rows[at_row], ("nothing behind the one block",))
    if many and len(blocks) == 1:
        return Fault("E_SYNTAX", 1, 1, rows[0], (f"expert: {blocks[0].expert}, since it is the only block",))
    return Trace(tuple(blocks))


def _read_block(rows: list[str], start: int, first: str, rest: str, numbers: str) -> Block | Fault:
    """The block that opens at a row, up to the next that opens or to the end."""
    head = _opened(rows, start, first, rest)
    if isinstance(head, Fault):
        return head
    lines: list[Line] = []
    for place in range(start + 2, len(rows)):
        row = rows[place]
        if first and row.startswith("- expert"):
            break
        line = (_right(row, rest, numbers) if len(row) < 200 else None) or _odd(row, place + 1, rest, numbers)
        if isinstance(line, Fault):
            whole = bool(lines) and isinstance(lines[-1], Query)
            return _cut(line, row, rest) if place == len(rows) - 1 and not whole else line
        lines.append(line)
        if len(lines) > MAX_LINES:
            return Fault("E_TOO_LONG", place + 1, 1, row, (f"at most {MAX_LINES} lines a block",))
    if not lines:
        return Fault("E_EMPTY", start + 2, 1, rows[start + 1], ("a step: - {op: init, ...}",))
    return Block(head, tuple(lines))


def _opened(rows: list[str], start: int, first: str, rest: str) -> str | Fault:
    """The expert of the two rows that open a block."""
    head = re.fullmatch(rf"{first}expert: ({WORD})", rows[start])
    last = start + 1 >= len(rows)
    if last and f"{first}expert: ".startswith(rows[start]) and (start or rows[start] != ""):
        return Fault("E_TRUNCATED", start + 1, len(rows[start]) + 1, rows[start], ("an expert",))
    if head is None:
        known = tuple(f"{first}expert: {name}" for name in EXPERTS)
        return Fault("E_SYNTAX", start + 1, 1, rows[start], known)
    if last:
        return Fault("E_TRUNCATED", start + 1, len(rows[start]) + 1, "", (f"{rest}trace:",))
    row = rows[start + 1]
    if row == f"{rest}trace: []":
        return Fault("E_EMPTY", start + 2, len(rest) + 8, "[]", ("a step: - {op: init, ...}",))
    if row != f"{rest}trace:":
        begun = start + 2 == len(rows) and f"{rest}trace:".startswith(row)
        return Fault("E_TRUNCATED" if begun else "E_SYNTAX", start + 2, 1, row, (f"{rest}trace:",))
    return head[1]


def pattern(numbers: str) -> str:
    """Every right step, without the spaces before it."""
    spelled = SPELLED if numbers != "pointer" else NEVER
    pointer, constant = (NEVER, NEVER) if numbers == "literal" else (POINTER, "|".join(CONSTANTS))
    source = rf"source: (?:(prev)|sub({BLOCK}))\.result"
    given = rf"value: ({spelled})|{source}|number: ({pointer})|constant: ({constant})"
    init = rf"init, var: ({NAME}), (?:{given})"
    compute = rf"compute, compute_op: ({'|'.join(COMPUTE)}), args: \[({NAME}), ({NAME})\], var: ({NAME})"
    steps = "|".join(rf"({one.name})" + "".join(rf", {field}: ({NAME})" for field in FORMS[one.name]) for one in NAMED)
    return rf"- \{{op: (?:{init}|{compute}|query, var: ({NAME})|{steps})\}}"


_PATTERN = {numbers: re.compile(pattern(numbers)) for numbers in ALLOWED}
_NUMBER, _PREV, _SUB, _POINTER, _CONSTANT, _COMPUTE, _QUERY = 2, 3, 4, 5, 6, 10, 11


@lru_cache(maxsize=32768)
def _right(row: str, rest: str, numbers: str) -> Line | None:
    found = _PATTERN[numbers].fullmatch(row, len(rest)) if row.startswith(rest) else None
    if found is None or found[1] in RESERVED or found[10] in RESERVED:
        return None
    group, last = found.group, found.lastindex or 0
    if last == _NUMBER:
        return Init(group(1), Literal(group(2))) if value_of(group(2)) else None
    if last in (_PREV, _SUB):
        return Init(group(1), Source(None if last == _PREV else int(group(4))))
    if last == _POINTER:
        return Init(group(1), Pointer(int(group(5))))
    if last == _CONSTANT:
        return Init(group(1), Constant(group(6)))
    if last == _COMPUTE:
        return Step(group(7), (group(8), group(9)), group(10))
    if last == _QUERY:
        return Query(group(11))
    op, *words = (word for word in found.groups()[_QUERY:] if word)
    if OPERATIONS[op].moves:
        return Step(op, tuple(words))
    return None if words[-1] in RESERVED else Step(op, tuple(words[:-1]), words[-1])


# ---- rows that are not right ----


def _odd(row: str, number: int, rest: str, numbers: str) -> Line | Fault:
    """What is wrong with a row; or the line, where only the machine's check can say."""
    if not row.startswith(f"{rest}- {{") or not row.endswith("}"):
        return Fault("E_SYNTAX", number, 1, row, (f"{rest}- {{op: ...}}",))
    inner = row[len(rest) + 3 : -1]
    pairs = [piece.partition(": ") for piece in re.split(r", (?![^\[]*\])", inner)]
    fields = {key: value for key, _, value in pairs}
    op = fields.get("op", "")
    if pairs[0][0] != "op" or len(fields) < len(pairs) or not all(colon for _, colon, _ in pairs):
        return Fault("E_FIELD", number, len(rest) + 4, inner, ("op first, then key: value, each once",))
    if op not in OPS:
        return at("E_UNKNOWN_OP", number, row, op, *OPS, behind="op: ")
    return _fielded(op, fields, row, number, numbers)


def _fielded(op: str, fields: dict[str, str], row: str, number: int, numbers: str) -> Line | Fault:
    names = [key for key in fields if key != "op"]
    given = [key for key in names if key in GIVEN] if op == "init" else []
    form = ("var", *given) if len(given) == 1 else FORMS[op]
    if tuple(names) != form:
        told = next((key for key in names if key not in form), row)
        return at("E_FIELD", number, row, told, f"op: {op}, " + ", ".join(f"{key}: ..." for key in form), behind=", ")
    for key in ("var", *(form if op not in ("init", "compute") else ())):
        name = fields.get(key)
        if name is not None and (key == "var" or value_of(name) is None) and _unfit(name, made=op != "query"):
            return at("E_SYNTAX", number, row, name, *A_NAME, behind=f"{key}: ")
    if op == "init":
        return _init(fields["var"], given[0], fields[given[0]], row, number, numbers)
    return _compute(fields, row, number) if op == "compute" else _named(op, fields)


def _unfit(name: str, *, made: bool) -> bool:
    return not re.fullmatch(NAME, name) or (made and name in RESERVED)


def _init(name: str, key: str, text: str, row: str, number: int, numbers: str) -> Line | Fault:
    if key == "source":
        found = re.fullmatch(rf"(?:prev|sub({BLOCK}))\.result", text)
        if found is None:
            return at("E_SOURCE", number, row, text, *A_SOURCE["yaml"], behind="source: ")
        return Init(name, Source(int(found[1]) if found[1] else None))
    mark = {"number": "#", "constant": "$"}.get(key)
    value = reference(mark, text, numbers) if mark else literal(text, numbers)
    return Init(name, value) if value else at("E_NUMBER", number, row, text, *ALLOWED[numbers], behind=f"{key}: ")


def _compute(fields: dict[str, str], row: str, number: int) -> Line | Fault:
    """Too many arguments, too few, or numbers: readable, and the machine's check will say so."""
    op, args = fields["compute_op"], fields["args"]
    if op not in COMPUTE:
        return at("E_UNKNOWN_OP", number, row, op, *COMPUTE, behind="compute_op: ")
    if not (args.startswith("[") and args.endswith("]")):
        return at("E_FIELD", number, row, args, "[name, name]", behind="args: ")
    words = args[1:-1].split(", ") if args != "[]" else []
    for word in words:
        if not re.fullmatch(NAME, word) and value_of(word) is None:
            return at("E_SYNTAX", number, row, word, *A_NAME, behind="args: [")
    return Step(op, tuple(words), fields["var"])


def _named(op: str, fields: dict[str, str]) -> Line:
    return Step(op, tuple(fields[key] for key in OPERATIONS[op].fields), fields.get("var", ""))


def _cut(fault: Fault, row: str, rest: str) -> Fault:
    """The last row of a text without an end: cut short where a right row could begin so."""
    begun = f"{rest}- {{op: ".startswith(row) or re.fullmatch(rf"{rest}- \{{op: [^{{}}]*", row)
    if not begun:
        return fault
    return Fault("E_TRUNCATED", fault.line, len(row) + 1, row, ("the rest of the line, and a query",))
