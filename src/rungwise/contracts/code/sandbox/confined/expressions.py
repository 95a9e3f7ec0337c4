"""Expressions: what may stand in one, and what stands in its place when the program runs."""

import ast
from collections.abc import Callable, Sequence
from typing import Any

from . import nodes
from .fuel import BITS, NODES_A_TICK
from .methods import METHODS
from .offered import TYPES

MOST = 4_000  # nodes
DEEPEST = 40  # of nesting: real functions stay under 20
NESTING = "nesting"
CONTAINER = 7  # nodes more: what a container takes of memory

PAID = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Pow: "pow", ast.FloorDiv: "floordiv", ast.Mod: "mod",
    ast.LShift: "lshift", ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor",
}  # fmt: skip
UNPAID = frozenset((ast.Div, ast.RShift))  # of numbers alone, and never larger than what they take
WORDS = {
    "Import": "import", "ImportFrom": "import", "ClassDef": "class", "With": "with", "Delete": "del", "JoinedStr":
    "f-string", "Starred": "star", "NamedExpr": "walrus", "MatMult": "@", "Attribute": "attribute",
    "AsyncFunctionDef": "async", "AsyncFor": "async", "AsyncWith": "async", "TryStar": "try", "YieldFrom": "yield",
    "Slice": "slice in a tuple", "TemplateStr": "t-string", "TypeAlias": "type",
}  # fmt: skip


class Refused(Exception):
    """At this node, or, without one, of the whole."""

    def __init__(self, node: Any, found: str) -> None:
        super().__init__(found)
        self.line, self.column, self.found = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1, found


class Expressions:
    """One walk over one tree. A rule takes a node and gives the node that stands in its place."""

    def __init__(self) -> None:
        self.count = self.depth = 0
        self.bound: set[str] = set()
        self.loaded: dict[str, ast.Name] = {}

    def enter(self) -> None:
        self.count += 1
        self.depth += 1
        if self.depth > DEEPEST:
            raise Refused(None, NESTING)
        if self.count > MOST:
            raise Refused(None, f"more than {MOST} nodes")

    def expr(self, node: ast.expr) -> ast.expr:
        rule = RULES.get(type(node))
        if rule is None:
            raise Refused(node, word(node))
        self.enter()
        made = rule(self, node)
        self.depth -= 1
        return made

    def each(self, found: Sequence[ast.expr]) -> list[ast.expr]:
        return [self.expr(node) for node in found]

    def ticking(self, before: int) -> ast.expr:
        return nodes.ticking(1 + (self.count - before) // NODES_A_TICK)

    def binds(self, node: ast.AST, name: str) -> None:
        if name[0] == "_" and name != "_":
            raise Refused(node, f"underscore name {name}")
        self.bound.add(name)

    def arguments(self, node: ast.AST, args: ast.arguments) -> None:
        if args.vararg or args.kwarg or args.kwonlyargs or args.posonlyargs:
            raise Refused(args.vararg or args.kwarg or node, "star or slash among arguments")
        for one in args.args:
            self.binds(one, one.arg)
            self.annotation(one.annotation)
            one.annotation = None

    def annotation(self, node: ast.expr | None) -> None:
        """Names of types, joined and subscripted; it is dropped, and so never evaluated."""
        if node is None:
            return
        self.enter()
        if type(node) is ast.Subscript:
            self.annotation(node.value)
            self.annotation(node.slice)
        elif type(node) is ast.BinOp and type(node.op) is ast.BitOr:
            self.annotation(node.left)
            self.annotation(node.right)
        elif type(node) is ast.Tuple:
            for one in node.elts:
                self.annotation(one)
        elif not (
            (type(node) is ast.Name and node.id in TYPES) or (type(node) is ast.Constant and node.value in (None, ...))
        ):
            raise Refused(node, "annotation")

    def target(self, node: ast.expr) -> ast.expr:
        self.enter()
        if type(node) is ast.Name:
            self.binds(node, node.id)
        elif type(node) is ast.Tuple or type(node) is ast.List:
            node.elts = [self.target(one) for one in node.elts]
        elif type(node) is ast.Subscript and type(node.slice) is not ast.Slice:
            node.value, node.slice = self.expr(node.value), self.index(node.slice)
        else:
            raise Refused(node, "slice among targets" if type(node) is ast.Subscript else word(node))
        self.depth -= 1
        return node

    def names(self, node: ast.expr) -> ast.expr:
        """What a loop binds: names alone."""
        if type(node) is ast.Subscript:
            raise Refused(node, "subscript as a loop's target")
        if type(node) is ast.Tuple or type(node) is ast.List:
            self.enter()
            node.elts = [self.names(one) for one in node.elts]
            self.depth -= 1
            return node
        return self.target(node)

    def constant(self, node: ast.Constant) -> ast.expr:
        kind = type(node.value)
        if kind not in (int, str, bool, float, type(None)):
            raise Refused(node, f"{kind.__name__} literal")
        if kind is int and node.value.bit_length() > BITS:  # type: ignore[union-attr]
            raise Refused(node, f"an int of more than {BITS} bits")
        return node

    def name(self, node: ast.Name) -> ast.expr:
        if node.id[0] == "_" and node.id != "_":
            raise Refused(node, f"underscore name {node.id}")
        self.loaded.setdefault(node.id, node)
        return node

    def binary(self, node: ast.BinOp) -> ast.expr:
        left, right = self.expr(node.left), self.expr(node.right)
        paid = PAID.get(type(node.op))
        if paid is None:
            node.left, node.right, node.op = left, right, self.unpaid(node, node.op)
            return node
        if paid == "mod" and _is_text(node.left):
            raise Refused(node, "string formatting")
        return nodes.call(paid, left, right)

    def unpaid(self, node: ast.AST, op: ast.operator) -> ast.operator:
        if type(op) not in UNPAID:
            raise Refused(node, word(op))
        return op

    def unary(self, node: ast.UnaryOp) -> ast.expr:
        node.operand = self.expr(node.operand)
        return node

    def logical(self, node: ast.BoolOp) -> ast.expr:
        node.values = self.each(node.values)
        return node

    def conditional(self, node: ast.IfExp) -> ast.expr:
        node.test, node.body, node.orelse = self.expr(node.test), self.expr(node.body), self.expr(node.orelse)
        return node

    def compare(self, node: ast.Compare) -> ast.expr:
        sides = [node.left, *node.comparators]
        light = [type(one) is ast.Constant for one in sides]
        made = self.each(sides)
        kinds = {type(op) for op in node.ops}
        if kinds & {ast.In, ast.NotIn}:
            if len(made) > 2:
                raise Refused(node, "in among chained comparisons")
            inside = nodes.call("in", made[0], made[1])
            return inside if type(node.ops[0]) is ast.In else nodes.negated(inside)
        if kinds & {ast.Is, ast.IsNot}:
            if len(made) > 2 or not any(_is_single(one) for one in sides):
                raise Refused(node, "is without None, True or False")
        elif len(made) > 2 or not any(light):  # beside a constant nothing is walked through
            made = [one if known else nodes.call("weighed", one) for one, known in zip(made, light, strict=True)]
        node.left, node.comparators = made[0], made[1:]
        return node

    def call(self, node: ast.Call) -> ast.expr:
        for one in node.keywords:
            if one.arg is None:
                raise Refused(one.value, "star")
            if one.arg[0] == "_":
                raise Refused(one.value, f"underscore name {one.arg}")
        function = node.func
        if type(function) is not ast.Attribute:
            node.func = self.expr(function)
            node.args = self.each(node.args)
        else:
            if function.attr not in METHODS:
                raise Refused(function, f"attribute {function.attr}")
            nodes.method(function.attr, node, self.expr(function.value), self.each(node.args))
        for one in node.keywords:
            one.value = self.expr(one.value)
        return node

    def subscript(self, node: ast.Subscript) -> ast.expr:
        value = self.expr(node.value)
        if type(node.slice) is ast.Slice:
            return nodes.call("slice", value, *self.bounds(node.slice))
        node.value, node.slice = value, self.index(node.slice)
        return node

    def bounds(self, node: ast.Slice) -> list[ast.expr]:
        return [self.expr(one) if one else nodes.constant(None) for one in (node.lower, node.upper, node.step)]

    def index(self, node: ast.expr) -> ast.expr:
        known = type(node) is ast.Constant or (type(node) is ast.UnaryOp and type(node.operand) is ast.Constant)
        made = self.expr(node)
        return made if known else nodes.call("key", made)

    def row(self, node: ast.List | ast.Tuple) -> ast.expr:
        self.count += CONTAINER
        node.elts = self.each(node.elts)
        return node

    def members(self, node: ast.Set) -> ast.expr:
        self.count += CONTAINER
        node.elts = [nodes.call("member", self.expr(one)) for one in node.elts]
        return node

    def entries(self, node: ast.Dict) -> ast.expr:
        self.count += CONTAINER
        for place, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
            if key is None:
                raise Refused(value, "star")
            node.keys[place] = self.index(key)
            node.values[place] = self.expr(value)
        return node

    def function_value(self, node: ast.Lambda) -> ast.expr:
        if node.args.defaults:
            raise Refused(node, "lambda with defaults")
        self.arguments(node, node.args)
        before = self.count
        body = self.expr(node.body)
        node.body = nodes.both(self.ticking(before), body)
        return node

    def row_of(self, node: ast.ListComp | ast.GeneratorExp) -> ast.expr:
        before = self.turns(node.generators)
        node.elt = self.expr(node.elt)
        return self.paid(node, before)

    def members_of(self, node: ast.SetComp) -> ast.expr:
        before = self.turns(node.generators)
        node.elt = nodes.call("member", self.expr(node.elt))
        return self.paid(node, before)

    def entries_of(self, node: ast.DictComp) -> ast.expr:
        before = self.turns(node.generators)
        node.key = nodes.call("key", self.expr(node.key))
        node.value = self.expr(node.value)
        return self.paid(node, before)

    def turns(self, generators: Sequence[ast.comprehension]) -> int:
        before = self.count
        for one in generators:
            if one.is_async:
                raise Refused(one.iter, "async")
            one.iter = self.expr(one.iter)
            one.target = self.names(one.target)
            one.ifs = self.each(one.ifs)
        return before

    def paid(self, node: Any, before: int) -> ast.expr:
        ticking = self.ticking(before)
        for one in node.generators:
            one.ifs.insert(0, ticking)
        made: ast.expr = node
        return made


def word(node: ast.AST) -> str:
    name = type(node).__name__
    return WORDS.get(name, name.lower())


def _is_text(node: ast.expr) -> bool:
    return type(node) is ast.Constant and type(node.value) is str


def _is_single(node: ast.expr) -> bool:
    return type(node) is ast.Constant and (node.value is None or node.value is True or node.value is False)


E = Expressions
RULES: dict[type[ast.AST], Callable[[Expressions, Any], ast.expr]] = {
    ast.Constant: E.constant, ast.Name: E.name, ast.BinOp: E.binary, ast.UnaryOp: E.unary, ast.BoolOp: E.logical,
    ast.IfExp: E.conditional, ast.Compare: E.compare, ast.Call: E.call, ast.Subscript: E.subscript, ast.List: E.row,
    ast.Tuple: E.row, ast.Set: E.members, ast.Dict: E.entries, ast.Lambda: E.function_value, ast.ListComp: E.row_of,
    ast.GeneratorExp: E.row_of, ast.SetComp: E.members_of, ast.DictComp: E.entries_of,
}  # fmt: skip
