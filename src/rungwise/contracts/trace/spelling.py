"""What both surfaces spell alike: names, values, limits; and the fault at a word of a line."""

from rungwise.contracts.trace.numbers import CONSTANTS, value_of
from rungwise.contracts.trace.operations import OPERATIONS
from rungwise.contracts.trace.tree import Constant, Fault, Literal, Pointer, Value

SURFACES = ("compact", "yaml")
NUMBERS = ("literal", "pointer")
# A long real problem has 25 lines in 6 blocks; the question's numbers have two digits.
MAX_CHARS, MAX_LINES, MAX_BLOCKS = 16 * 1024, 48, 12

NAME = r"[a-z][a-z0-9_]{0,23}(?:\.[a-z][a-z0-9_]{0,23})?"
WORD = r"[a-z][a-z0-9_]{0,23}"
POINTER = r"[1-9][0-9]?"
BLOCK = r"[0-9]|1[01]"
# No names: operations, `prev`, and what YAML would take for something other than a word.
RESERVED = frozenset((*OPERATIONS, "prev", "yes", "no", "on", "off", "true", "false", "null"))
NEVER = "(?!)"  # the regular expression of nothing, where a setting has no such number

A_NUMBER = ("a number as 16, 0.25 or 2/3",)
A_NAME = ("a name: small letters, digits and _",)
A_SOURCE = {"compact": ("@prev", "@0"), "yaml": ("prev.result", "sub0.result")}
ALLOWED = {
    "literal": A_NUMBER,
    "pointer": ("#1 for the question's first number", "$days_per_week"),
    "any": (*A_NUMBER, "#1", "$days_per_week"),
}


def literal(text: str, numbers: str) -> Literal | None:
    return Literal(text) if numbers != "pointer" and value_of(text) is not None else None


def reference(mark: str, text: str, numbers: str) -> Value | None:
    """What `#2` or `$days_per_week` stands for, where such may be written."""
    if numbers == "literal":
        return None
    if mark == "$":
        return Constant(text) if text in CONSTANTS else None
    return Pointer(int(text)) if len(text) <= 2 and text.isdigit() and text.isascii() and text[0] != "0" else None


def at(code: str, number: int, line: str, found: str, *expected: str, behind: str = "") -> Fault:
    """A fault at the first place where the word stands in the line, behind another that stands before it."""
    start = max(line.find(behind), 0) + len(behind)
    return Fault(code, number, max(line.find(found, start), 0) + 1, found, expected)
