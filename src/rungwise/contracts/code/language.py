"""What an answer is: a small Python program that the sandbox's language allows. Read once, as a tree, never run here.

Its canonical spelling is the one that Python gives its tree; its shape is that without numbers and texts. Two other
programs are made of it: one whose function is a stub that always returns the same, by which a checker shows whether it
checks anything, and one whose exits do nothing, by which a function beside an exit is judged all the same.
"""

import ast
import re
import warnings
from dataclasses import dataclass
from functools import cached_property

from rungwise.contracts.code.sandbox import Refusal, inspect

_TEXT = re.compile(r"""'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*\"""")
_NUMBER = re.compile(r"-?\b[0-9][0-9a-z.+]*")
_NUMBERS = re.compile(r"\[0(?:, 0)*\]")


@dataclass(frozen=True, eq=False)
class Reading:
    text: str
    tree: ast.Module

    @cached_property
    def spelled(self) -> str:
        return ast.unparse(self.tree)

    @property
    def defined(self) -> tuple[str, ...]:
        """The functions at the top, each as often as it is defined."""
        return tuple(node.name for node in self.tree.body if isinstance(node, ast.FunctionDef))

    @property
    def exits(self) -> bool:
        return any(map(_is_exit, ast.walk(self.tree)))

    @property
    def idle(self) -> bool:
        """Whether nothing can come of it: values alone."""
        return all(isinstance(node, ast.Expr) for node in self.tree.body) and not self.calls

    @property
    def calls(self) -> int:
        return sum(isinstance(node, ast.Call) for node in ast.walk(self.tree))


@dataclass(frozen=True, slots=True)
class Fault:
    label: str
    note: str


def read(answer: str) -> Reading | Fault:
    found = inspect(answer)
    if isinstance(found, Refusal):
        return Fault("does_not_compile" if found.syntax else "refused", str(found))
    return Reading(answer, _tree(answer))


def _tree(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def canonical(answer: str) -> str | None:
    found = read(answer)
    return found.spelled if isinstance(found, Reading) else None


def shape(spelled: str) -> str:
    """What makes two answers the same structure: no number, no text, and a list of numbers is one however long."""
    return _NUMBERS.sub("[0]", _NUMBER.sub("0", _TEXT.sub("''", spelled)))


# ---- what a name stands for ----


def once_a_function(reading: Reading, name: str) -> bool:
    """Whether the name is a function's of the top, and never anything else's."""
    return reading.defined.count(name) == 1 and sum(_binds(node, name) for node in reading.tree.body) == 1


def _binds(statement: ast.stmt, name: str) -> bool:
    if isinstance(statement, ast.FunctionDef):
        return statement.name == name
    return any(
        (isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store))
        or (isinstance(node, ast.FunctionDef) and node.name == name)
        for node in ast.walk(statement)
    )


def parameters(reading: Reading, name: str) -> str:
    """Of the function of that name, as they stand between its brackets."""
    return "".join(ast.unparse(node.args) for node in _functions(reading, name))


def written(reading: Reading, name: str) -> str:
    """All functions of that name, in their canonical spelling."""
    return "\n".join(map(ast.unparse, _functions(reading, name)))


def _functions(reading: Reading, name: str) -> list[ast.FunctionDef]:
    return [node for node in reading.tree.body if isinstance(node, ast.FunctionDef) and node.name == name]


# ---- programs made of it ----


def stubbed(reading: Reading, entry: str, parameters: str, value: str) -> str:
    """The answer around a function that always returns this value."""
    others = [node for node in reading.tree.body if not _binds(node, entry)]
    rest = ast.unparse(ast.Module(others, []))
    return f"def {entry}({parameters}):\n    return {value}\n{rest}"


def without_exits(reading: Reading) -> str:
    """With None in the place of every exit, wherever it stands."""
    return ast.unparse(_Staying().visit(_tree(reading.text)))


class _Staying(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        return ast.copy_location(ast.Constant(None), node) if _is_exit(node) else self.generic_visit(node)


def _is_exit(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "exit"
