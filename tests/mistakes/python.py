"""Small mistakes in Python: of the code's tree one node is changed, and only its own text in the file.

Documentation, messages, annotations and what stands for the glass box alone (equations, examples) are left as they are:
nothing there can be wrong for a test of what the code does.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.mistakes.mistake import Mistake

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.MatMult: ast.Add,
}  # fmt: skip
NOT_CODE = {"equations", "symbols", "examples", "__all__", "__slots__"}
"""Attributes of classes and modules that are left alone."""
EITHER_WAY = {"max", "min", "maximum", "minimum", "hypot", "gcd"}
"""Functions of two numbers to which their order is one."""
MESSAGES = {"warn", "tell", "note", "require", "require_close", "listed", "did_you_mean"}
"""Calls whose arguments are words for people."""


def drawn_from(path: Path) -> Iterator[Mistake]:
    """Every mistake that can be made in a file, in the order in which it is read."""
    source = path.read_text(encoding="utf-8")
    lines = source.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for node, what, changed in _changes(ast.parse(source)):
        first = starts[node.lineno - 1] + node.col_offset
        last = starts[node.end_lineno - 1] + node.end_col_offset
        new = ast.unparse(changed)
        # As an expression it stands for one operand, whatever it stood between; a statement ends its line.
        yield Mistake(path, what, first, last, f"({new})" if isinstance(node, ast.expr) else new)


def is_one(mistake: Mistake) -> bool:
    """Whether it can be compiled, and is another code than what stands there."""
    try:
        return ast.dump(ast.parse(mistake.made())) != ast.dump(ast.parse(mistake.path.read_text(encoding="utf-8")))
    except SyntaxError:
        return False


def _changes(tree: ast.AST) -> Iterator[tuple[Any, str, ast.AST]]:
    """Nodes, in what way each is changed, and what stands in its place."""
    for node in _code(tree):
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARISONS:
            other = COMPARISONS[type(node.ops[0])]()
            yield node, "comparison", ast.Compare(node.left, [other], node.comparators)
        elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC and not _is_text(node):
            if not (isinstance(node.op, ast.BitOr) and _are_types(node)):
                yield node, "arithmetic", ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)
        elif isinstance(node, ast.BoolOp):
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield node, "logic", ast.BoolOp(other, node.values)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
            yield node, "logic", node.operand
        elif isinstance(node, ast.Constant) and type(node.value) in (bool, int, float):
            yield node, "constant", ast.Constant(_another(node.value))
        elif isinstance(node, ast.If | ast.IfExp | ast.While):
            yield node.test, "branch", ast.UnaryOp(ast.Not(), node.test)
        elif isinstance(node, ast.Call) and len(node.args) > 1:
            either_way = len(node.args) == 2 and not node.keywords and _called(node) in EITHER_WAY
            if not either_way and not any(isinstance(argument, ast.Starred) for argument in node.args[:2]):
                swapped = [node.args[1], node.args[0], *node.args[2:]]
                yield node, "arguments", ast.Call(node.func, swapped, node.keywords)
        elif isinstance(node, ast.Slice):
            for end in ("lower", "upper"):
                if (at := getattr(node, end)) is not None:
                    yield at, "boundary", ast.BinOp(at, ast.Add(), ast.Constant(1))
        elif isinstance(node, ast.Raise | ast.AugAssign) or _does_something(node) or _holds_something(node):
            yield node, "statement", ast.Pass()
        elif isinstance(node, ast.Break | ast.Continue):
            yield node, "statement", ast.Continue() if isinstance(node, ast.Break) else ast.Break()


def _another(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else value * 1.25 if value else 1.0


def _is_text(node: ast.BinOp) -> bool:
    return any(isinstance(side, ast.JoinedStr) or isinstance(getattr(side, "value", None), str)
               for side in (node.left, node.right))  # fmt: skip


def _are_types(node: ast.BinOp) -> bool:
    """Whether it is a union of types, ``int | float``, and not of sets or tables."""
    return all(isinstance(side, ast.Name | ast.Attribute) or (isinstance(side, ast.BinOp) and _are_types(side))
               for side in (node.left, node.right))  # fmt: skip


def _holds_something(node: ast.AST) -> bool:
    """Whether it asserts what no type checker has to be told."""
    if not isinstance(node, ast.Assert):
        return False
    parts = node.test.values if isinstance(node.test, ast.BoolOp) else [node.test]
    return not all(
        (isinstance(part, ast.Compare) and ast.unparse(part).endswith(" is not None") and len(part.ops) == 1)
        or (isinstance(part, ast.Call) and _called(part) == "isinstance")
        for part in parts
    )


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else str(getattr(node.func, "id", ""))


def _does_something(node: ast.AST) -> bool:
    """Whether it is a statement for its effect: a call, or what an attribute or an item is set to."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    targets = node.targets if isinstance(node, ast.Assign) else []
    return any(isinstance(target, ast.Attribute | ast.Subscript) for target in targets)


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those that are not code; a text's parts have no places of their own in it."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_left_alone(child):
                yield from _code(child)


def _is_left_alone(node: ast.AST) -> bool:
    if isinstance(node, ast.JoinedStr):
        return True
    if isinstance(node, ast.Call):
        called = _called(node)
        return called in MESSAGES or called.endswith(("Error", "Warning", "TypeVar"))
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(getattr(target, "id", getattr(target, "attr", "")) in NOT_CODE for target in targets)
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
