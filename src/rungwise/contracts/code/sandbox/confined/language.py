"""The first layer: a program is read if all of it stands on a list of what is allowed.

The tree is walked once. A construct without a rule below is refused with its place and its name; what has a rule is
checked and, where it could cost more than it says, turned into a call that pays first (fuel.py). Nothing is run here.

    functions, lambdas without defaults, if, for, while, return, pass, break, continue, assert, assignments
    None, bool, int, float, str, list, tuple, dict, set; subscripts, slices, comprehensions, conditional expressions
    + - * / // % ** << >> & | ^ ~, comparisons, and or not; `is` only beside None, True and False
    built-in functions of offered.py, methods of methods.py (called at once), functions of the program's own
    annotations are read and dropped
"""

import ast
import warnings
from dataclasses import dataclass
from threading import Lock
from types import CodeType
from typing import Any

from .expressions import NESTING, Refused
from .statements import Statements

LONGEST = 10_000  # characters of source
NOWHERE = "\ud800"  # no file can be called that: at a syntax error Python would open it, to quote the line
_QUIET = Lock()  # what Python warns of is one list a process; two threads that both change it could leave it changed


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a source is no program: Python's own grammar (`syntax`), or our list. Columns begin at 1."""

    syntax: bool
    line: int
    column: int
    found: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.found}"


@dataclass(frozen=True, slots=True)
class Checked:
    """What may run. Its code calls functions of ours by names that only the runner gives it."""

    code: CodeType
    nodes: int
    functions: tuple[str, ...]  # that the source defines at its top level


def inspect(source: str) -> Checked | Refusal:
    """The first layer alone, in this process: nothing runs."""
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read(source)


def read(source: str) -> Checked | Refusal:
    """As `inspect`, where the process is known to ignore warnings."""
    if len(source) > LONGEST:
        return Refusal(False, 1, 1, f"more than {LONGEST} characters")
    try:
        tree: Any = compile(source, NOWHERE, "exec", ast.PyCF_ONLY_AST, True, 0)
        functions = tuple(node.name for node in tree.body if type(node) is ast.FunctionDef)
        reading = Statements()
        tree.body = reading.program(tree.body)
        code = compile(tree, NOWHERE, "exec", 0, True, 0)
    except Refused as error:
        return Refusal(False, error.line, error.column, error.found)
    except SyntaxError as error:
        return Refusal(True, error.lineno or 1, max(error.offset or 1, 1), error.msg)
    except ValueError as error:  # null bytes, surrogates, numbers of too many digits
        return Refusal(True, 1, 1, str(error)[:100])
    except (RecursionError, MemoryError):
        return Refusal(False, 1, 1, NESTING)
    return Checked(code, reading.count, functions)
