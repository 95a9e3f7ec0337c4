"""Statements: what may stand in a block, and what stands in its place when the program runs."""

import ast
from collections.abc import Callable, Sequence
from typing import Any

from . import nodes
from .expressions import PAID, Expressions, Refused, word
from .offered import OFFERED


class Statements(Expressions):
    def program(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        made = self.block(body)
        for name, node in self.loaded.items():
            if name not in self.bound and name not in OFFERED:
                raise Refused(node, f"unknown name {name}")
        return made

    def block(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for node in body:
            rule = RULES.get(type(node))
            if rule is None:
                raise Refused(node, word(node))
            self.enter()
            one = rule(self, node)
            self.depth -= 1
            made += one if type(one) is list else [one]
        return made

    def paid_block(self, body: Sequence[ast.stmt], before: int) -> list[ast.stmt]:
        """A block that is run again and again: it pays when it begins, for all that it can do before the next tick:
        what was read since there were `before` nodes."""
        made = self.block(body)
        return [nodes.statement(self.ticking(before)), *made]

    def function(self, node: ast.FunctionDef) -> ast.stmt:
        if node.decorator_list:
            raise Refused(node.decorator_list[0], "decorator")
        if getattr(node, "type_params", None):
            raise Refused(node, "type parameter")
        self.binds(node, node.name)
        self.arguments(node, node.args)
        node.args.defaults = self.each(node.args.defaults)
        self.annotation(node.returns)
        node.returns = None
        node.body = self.paid_block(node.body, self.count)
        return node

    def assign(self, node: ast.Assign) -> ast.stmt:
        node.value = self.expr(node.value)
        if len(node.targets) == 1:
            only = node.targets[0]
            if type(only) is ast.Subscript and type(only.slice) is ast.Slice:
                return nodes.statement(nodes.call("put", node.value, self.expr(only.value), *self.bounds(only.slice)))
        node.targets = [self.target(one) for one in node.targets]
        return node

    def annotated(self, node: ast.AnnAssign) -> ast.stmt:
        self.annotation(node.annotation)
        if node.value is None or type(node.target) is not ast.Name:
            raise Refused(node, "annotation")
        plain = ast.Assign(targets=[node.target], value=node.value, lineno=node.lineno, col_offset=node.col_offset)
        return self.assign(plain)

    def augmented(self, node: ast.AugAssign) -> ast.stmt | list[ast.stmt]:
        """x += y as Python does it: x is looked up before y, once, and changed in place where its type can be."""
        target = node.target
        if type(target) is ast.Name:
            self.binds(target, target.id)
            old: ast.expr = ast.Name(id=target.id, ctx=ast.Load(), lineno=target.lineno, col_offset=target.col_offset)
            value = self.in_place(node, old, self.expr(node.value))
            return ast.Assign(targets=[target], value=value, lineno=node.lineno, col_offset=node.col_offset)
        if type(target) is not ast.Subscript or type(target.slice) is ast.Slice:
            raise Refused(target, f"{word(target)} before an augmented assignment")
        first = [nodes.let("of", self.expr(target.value)), nodes.let("at", self.index(target.slice))]
        old = ast.Subscript(value=nodes.load("of"), slice=nodes.load("at"), ctx=ast.Load(), **nodes.PLACE)
        target.value, target.slice = nodes.load("of"), nodes.load("at")
        value = self.in_place(node, old, self.expr(node.value))
        return [*first, ast.Assign(targets=[target], value=value, lineno=node.lineno, col_offset=node.col_offset)]

    def in_place(self, node: ast.AugAssign, old: ast.expr, value: ast.expr) -> ast.expr:
        if type(node.op) in PAID:
            return nodes.call(f"i{PAID[type(node.op)]}", old, value)
        return ast.BinOp(left=old, op=self.unpaid(node, node.op), right=value, **nodes.PLACE)

    def loop(self, node: ast.For) -> ast.stmt:
        node.iter = self.expr(node.iter)
        before = self.count
        node.target = self.names(node.target)
        node.body, node.orelse = self.paid_block(node.body, before), self.block(node.orelse)
        return node

    def repeat(self, node: ast.While) -> ast.stmt:
        before = self.count
        node.test = self.expr(node.test)
        node.body, node.orelse = self.paid_block(node.body, before), self.block(node.orelse)
        return node

    def branch(self, node: ast.If) -> ast.stmt:
        node.test = self.expr(node.test)
        node.body, node.orelse = self.block(node.body), self.block(node.orelse)
        return node

    def given_back(self, node: ast.Return) -> ast.stmt:
        node.value = self.expr(node.value) if node.value else None
        return node

    def bare(self, node: ast.Expr) -> ast.stmt:
        node.value = self.expr(node.value)
        return node

    def asserted(self, node: ast.Assert) -> ast.stmt:
        node.test = self.expr(node.test)
        node.msg = nodes.call("text", self.expr(node.msg)) if node.msg else None
        return node

    def simple(self, node: Any) -> Any:
        return node


S = Statements
RULES: dict[type[ast.AST], Callable[[Statements, Any], Any]] = {
    ast.FunctionDef: S.function, ast.Assign: S.assign, ast.AnnAssign: S.annotated, ast.AugAssign: S.augmented,
    ast.For: S.loop, ast.While: S.repeat, ast.If: S.branch, ast.Return: S.given_back, ast.Expr: S.bare,
    ast.Assert: S.asserted, ast.Pass: S.simple, ast.Break: S.simple, ast.Continue: S.simple,
}  # fmt: skip
