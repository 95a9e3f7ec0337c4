"""Nodes that the tree of a program gets: calls of our own functions, by names that no source can spell."""

import ast
from typing import Any

PLACE: Any = {"lineno": 1, "col_offset": 0}


def own_name(name: str) -> str:
    return f".{name}"  # no name in Python has a dot


def method_name(name: str) -> str:
    return f"method {name}"


def call(name: str, *args: ast.expr) -> ast.expr:
    return ast.Call(func=_named(name), args=list(args), keywords=[], **PLACE)


def method(name: str, node: ast.Call, owner: ast.expr, args: list[ast.expr]) -> ast.expr:
    """owner.name(...) as a call of ours, in the same order: the owner, then what it is given."""
    node.func, node.args = _named(method_name(name)), [owner, *args]
    return node


def constant(value: Any) -> ast.expr:
    return ast.Constant(value=value, **PLACE)


def negated(node: ast.expr) -> ast.expr:
    return ast.UnaryOp(op=ast.Not(), operand=node, **PLACE)


def load(name: str) -> ast.expr:
    return ast.Name(id=own_name(name), ctx=ast.Load(), **PLACE)


def let(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign(targets=[ast.Name(id=own_name(name), ctx=ast.Store(), **PLACE)], value=value, **PLACE)


def statement(node: ast.expr) -> ast.stmt:
    return ast.Expr(value=node, **PLACE)


def ticking(ticks: int) -> ast.expr:
    return TICK if ticks <= 1 else call("tick", constant(ticks))


def both(first: ast.expr, second: ast.expr) -> ast.expr:
    return ast.BoolOp(op=ast.And(), values=[first, second], **PLACE)


def _named(name: str) -> ast.Name:
    """One node a name: compiling changes no node, so that it may stand in many places."""
    found = _NAMES.get(name)
    if found is None:
        found = _NAMES[name] = ast.Name(id=own_name(name), ctx=ast.Load(), **PLACE)
    return found


_NAMES: dict[str, ast.Name] = {}
TICK = call("tick")
