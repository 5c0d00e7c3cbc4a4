"""unread: the constructor's arguments that nothing reads, neither in the source of a component nor when it is used."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pellucid.basics.component import Component

READ_BY_THE_ENGINE = {
    "optimizer": {"lr", "weight_decay", "groups"},
    "dataset": {"validation", "test", "transforms", "target_transforms"},
}
"""What the engine reads of components of a kind."""


def unread(kind: str, target: Any, arguments: list[str], used: Callable[[], Any], package: str) -> list[str]:
    """The arguments that neither the source reads nor a call of ``used``, which makes and uses the component, nor
    another part of the plugin, whose module of hooks is ``package``.

    Storing an argument and checking it is no reading: ``self.rate = rate``, ``check_float(self, "rate", rate, …)``,
    ``if rate < 0: raise …``.
    """
    if not isinstance(target, type):
        return [name for name in arguments if not _named_in(target, name)]
    left = [name for name in arguments if name not in READ_BY_THE_ENGINE.get(kind, ())]
    trees = [tree for cls in target.__mro__ if cls not in (Component, object) for tree in _trees(cls)]
    left = [name for name in left if not any(_reads(tree, name) for tree in trees)]
    if not left:
        return []
    with _noted(target) as seen:
        used()
    left = [name for name in left if name not in seen]
    return [name for name in left if not _read_elsewhere(package, name)] if left else []


def _read_elsewhere(package: str, name: str) -> bool:
    """Whether a file of the plugin reads this attribute of something but ``self``: of ``self.objective``, say."""
    module = sys.modules.get(package)
    home = sys.modules.get(getattr(module, "__package__", None) or "", module)
    file = getattr(home, "__file__", None)
    if file is None:
        return False
    places = Path(file).parent.rglob("*.py") if hasattr(home, "__path__") else [Path(file)]
    for place in places:
        text = place.read_text(encoding="utf-8", errors="replace")
        if f".{name}" in text:
            found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)]
            others = [node for node in found if not (isinstance(node.value, ast.Name) and node.value.id == "self")]
            if any(node.attr == name and isinstance(node.ctx, ast.Load) for node in others):
                return True
    return False


def _trees(cls: type) -> Iterator[ast.AST]:
    """The source of each method of a class, of its own."""
    for value in vars(cls).values():
        for function in (value, getattr(value, "fget", None), getattr(value, "__func__", None)):
            function = inspect.unwrap(function) if callable(function) else function
            if inspect.isfunction(function):
                try:
                    yield ast.parse(textwrap.dedent(inspect.getsource(function)))
                except (OSError, SyntaxError):  # no source: what is read is seen when it is used
                    continue


def _named_in(function: Any, name: str) -> bool:
    """Whether a factory function reads its own argument."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return True
    return any(isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load) for n in ast.walk(tree))


def _reads(tree: ast.AST, name: str) -> bool:
    """Whether a method reads ``self.name``, or ``__init__`` does more with the argument than store and check it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            own = node.args.args[0].arg if node.args.args else "self"
            if node.name == "__init__":
                if any(_worked_with(statement, name, own) for statement in node.body):
                    return True
            elif any(_attribute(part, name, own) for part in ast.walk(node)):
                return True
    return False


def _attribute(node: ast.AST, name: str, own: str) -> bool:
    """``self.name``, ``getattr(self, "name")``, ``vars(self)["name"]``."""
    if isinstance(node, ast.Attribute):
        mine = isinstance(node.value, ast.Name) and node.value.id == own
        return node.attr == name and isinstance(node.ctx, ast.Load) and mine
    if isinstance(node, ast.Call | ast.Subscript):
        texts = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.Constant)]
        about = any(isinstance(part, ast.Name) and part.id == own for part in ast.walk(node))
        checked = isinstance(node, ast.Call) and _callee(node).startswith(("check", "_check", "require", "_require"))
        return about and not checked and any(text.value == name for text in texts)
    return False


def _worked_with(statement: ast.stmt, name: str, own: str) -> bool:
    """Whether a statement of ``__init__`` reads the argument, or ``self.name``, other than to store or check it."""
    if isinstance(statement, ast.Raise | ast.Assert) or (isinstance(statement, ast.If) and _only_raises(statement)):
        return False
    inner = [part for field in ("body", "orelse", "finalbody", "handlers") for part in getattr(statement, field, ())]
    if inner:
        inner = [part for each in inner for part in (each.body if isinstance(each, ast.ExceptHandler) else [each])]
        heads = [part for part in ast.iter_child_nodes(statement) if isinstance(part, ast.expr | ast.withitem)]
        return any(_loads(part, name, own) for part in heads) or any(_worked_with(p, name, own) for p in inner)
    if isinstance(statement, ast.Assign | ast.AnnAssign) and _stores(statement, name, own):
        return False
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        word = _callee(statement.value)
        if word.startswith(("check", "_check", "require", "_require")) or word == "__init__":
            return False  # what a base class reads, its own source says
    return _loads(statement, name, own)


def _loads(node: ast.AST, name: str, own: str) -> bool:
    return any(
        (isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Load))
        or _attribute(part, name, own)
        for part in ast.walk(node)
    )


def _only_raises(statement: ast.If) -> bool:
    return all(isinstance(part, ast.Raise) or (isinstance(part, ast.If) and _only_raises(part))
               for part in (*statement.body, *statement.orelse))  # fmt: skip


def _stores(statement: ast.Assign | ast.AnnAssign, name: str, own: str) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    plain = isinstance(statement.value, ast.Name) and statement.value.id == name
    return plain and all(
        isinstance(t, ast.Attribute) and isinstance(t.value, ast.Name) and (t.value.id, t.attr) == (own, name)
        for t in targets
    )


def _callee(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


@contextmanager
def _noted(cls: type) -> Iterator[set[str]]:
    """The attributes that are read of components of a class, other than in constructors and by configurations."""
    seen: set[str] = set()
    of_the_kit = {Component.arguments.__code__, Component.__repr__.__code__}
    plain: Any = cls.__getattribute__

    def noting(self: Any, name: str) -> Any:
        code = sys._getframe(1).f_code
        if code.co_name != "__init__" and code not in of_the_kit and not code.co_qualname.startswith(_ARGUMENTS):
            seen.add(name)
        return plain(self, name)

    had = "__getattribute__" in vars(cls)
    cls.__getattribute__ = noting  # type: ignore[assignment, method-assign]
    try:
        yield seen
    finally:
        if had:
            cls.__getattribute__ = plain  # type: ignore[method-assign]
        else:
            del cls.__getattribute__


_ARGUMENTS = "Component.arguments"
"""Its comprehensions, too: reading all arguments to write a configuration uses none."""
