"""Evaluates the equations of a component, so that they can be held against its code."""

from __future__ import annotations

import ast
import math
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, wraps
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.component import Component, Equation
from pellucid.glassbox.failure import ConformanceError, require, require_close
from pellucid.registry.config import create


def _import_numpy(name: str, *rest: Any) -> Any:
    """NumPy's methods import parts of NumPy when they are first called."""
    if name.partition(".")[0] != "numpy":
        raise ImportError(f"an equation cannot import {name}")
    return __import__(name, *rest)


BUILTINS = {f.__name__: f for f in (abs, float, int, len, max, min, range, sum, tuple)} | {"__import__": _import_numpy}
"""All that an expression may call besides NumPy's functions as ``np.…``, ``erf``, and what the component names."""

erf = np.vectorize(math.erf, otypes=[np.float64])


def _einsum(subscripts: str, *operands: Any, **options: Any) -> Any:
    """NumPy's; of more than two arrays by pairs, without which four of them over images do not end."""
    return np.einsum(
        subscripts, *operands, **{"optimize": ("greedy", 2**25) if len(operands) > 2 else False, **options}
    )


_NUMPY = SimpleNamespace(**{**vars(np), "einsum": _einsum})
"""What ``np`` is to an expression."""
_REMEDY = (
    "An expression is made of x (x0, x1, … for several inputs), dy, y, the component's symbols and constructor "
    "arguments, what equations above it define, and np."
)


class Activation:
    """The function that a constructor argument names, as in ``f(z)`` and ``f.derivative(z)``.

    It is computed from the equations of the registered activation, not by its code; None is the identity.
    """

    def __init__(self, name: str | None) -> None:
        self.name = name
        self.layer: Component | None = None
        if name is not None:
            self.layer = create("layer", name)

    def __call__(self, z: HostArray) -> HostArray:
        return z if self.layer is None else self._find("y", z)

    def derivative(self, z: HostArray) -> HostArray:
        """f′(z), element by element."""
        return np.ones_like(z) if self.layer is None else self._find("dx", z)

    def _find(self, wanted: str, z: HostArray) -> HostArray:
        assert self.layer is not None
        names = {**self.layer.arguments(), "x": z, "dy": np.ones_like(z)}
        return np.asarray(evaluate(self.layer.equations, names)[wanted])


def evaluate(equations: tuple[Equation, ...], names: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every equation with an expression, by what it is ``of``.

    They are evaluated in order; each may use those above it. Nothing but ``names``, ``np``, ``erf`` and a few
    harmless builtins is in reach.
    """
    return {equation.of: value for equation, value in _evaluated(equations, names)}


def _evaluated(equations: tuple[Equation, ...], names: Mapping[str, Any]) -> Iterator[tuple[Equation, Any]]:
    """Each equation with an expression and its value, in order: two of one name are two."""
    known = dict(names)
    for equation in equations:
        if equation.python is None:
            continue
        scope = {"__builtins__": BUILTINS, "np": _NUMPY, "erf": erf, **known}
        try:
            with np.errstate(all="ignore"):
                value = eval(compile(equation.python, f"<equation of {equation.of}>", "eval"), scope)
        except Exception as error:
            raise ConformanceError(
                f"The expression of the equation of '{equation.of}' cannot be evaluated: {equation.python}",
                expected="a value", received=f"{type(error).__name__}: {error}", remedy=_REMEDY,
            ) from error  # fmt: skip
        known[equation.of] = value = remembered(value)
        yield equation, value


def remembered(value: Any) -> Any:
    """A function that an equation defines, computed once for the same numbers and words: a recurrence, which an
    equation for each of its parts calls. Anything else is itself."""
    if not isinstance(value, FunctionType):
        return value
    known: dict[Any, Any] = {}

    @wraps(value)
    def called(*args: Any, **named: Any) -> Any:
        if named or not all(isinstance(arg, str | int | float) for arg in args):
            return value(*args, **named)
        if args not in known:
            known[args] = value(*args)
        return known[args]

    return called


def require_equations(
    component: Component, names: Mapping[str, Any], computed: Mapping[str, Any], tolerance: float = 1e-9, *,
    where: str = "", finite: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Raise ConformanceError where an equation of the component gives another value than its code did.

    What the code gave is out of reach as long as an equation below defines it: of such an array the shape alone is
    there, its numbers are NaN.

    Args:
        names: what the equations may name besides the constructor's arguments.
        computed: what the code gave; the equation of anything else is not compared.
        tolerance: see ``require_close``.
        where: further words for the message, such as " in step 3".
        finite: nothing is said where an equation's value is not finite: far out a textbook's formula may overflow.

    Returns:
        The value of every equation.
    """
    equations, found = component.equations, {}
    defined = {equation.of for equation in equations if equation.python is not None}
    given = {k: _unknown(v) if k in defined and v is computed.get(k) else v for k, v in names.items()}
    for equation, value in _evaluated(equations, {**component.arguments(), **given}):
        of = equation.of
        found[of] = value
        if computed.get(of) is not None:
            known = np.isfinite(value) if finite and np.shape(value) == np.shape(computed[of]) else np.True_
            require_close(f"The equation of '{of}' and the code differ{where}: the code's value", computed[of],
                          value if known.all() else np.where(known, value, computed[of]), tolerance,
                          "One of the two is wrong: derive it again, and correct it.")  # fmt: skip
            if _COMPARED:
                _COMPARED[-1].add(of)
    return found


def _unknown(value: Any) -> Any:
    """Something of the same shape that tells nothing of the value."""
    return np.full(np.shape(value), np.nan)


_COMPARED: list[set[str]] = []


@contextmanager
def noted_comparisons() -> Iterator[set[str]]:
    """What equations within are held against code, by what they are of."""
    _COMPARED.append(set())
    try:
        yield _COMPARED[-1]
    finally:
        _COMPARED.pop()


def idle(equations: tuple[Equation, ...], compared: Collection[str]) -> list[str]:
    """The expressions that are neither compared nor used by one below them that matters, by what they are of.

    Nor is a part idle of what a function makes that is used below: ``f = each('f')`` beside ``h = each('h')``.
    """
    wanted: set[str] = set()
    found = []
    for equation in reversed(equations):
        if equation.python is None:
            continue
        if equation.of in compared or equation.of in wanted:
            wanted = wanted - {equation.of} | used(equation.python)
        elif _part_of(equation.python) not in wanted:
            found.append(equation.of)
    return found[::-1]


def _part_of(expression: str) -> str | None:
    """The function that an expression only calls, with constants; None where it is anything else."""
    call = ast.parse(expression, mode="eval").body
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.keywords:
        return None
    return call.func.id if all(isinstance(argument, ast.Constant) for argument in call.args) else None


def used_names(equations: tuple[Equation, ...]) -> set[str]:
    """The names that any of the expressions reads."""
    return {name for equation in equations if equation.python is not None for name in used(equation.python)}


@lru_cache(maxsize=4096)
def used(expression: str) -> frozenset[str]:
    """The names that an expression reads, other than those that it binds itself."""
    nodes = list(ast.walk(ast.parse(expression, mode="eval")))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    return frozenset({node.id for node in names if isinstance(node.ctx, ast.Load)} - bound)


def check_text(equations: tuple[Equation, ...]) -> None:
    """Raise ConformanceError unless every equation has LaTeX with balanced braces and an expression that parses."""
    for equation in equations:
        balanced = _balanced(equation.latex)
        require(
            equation.latex.strip() and balanced, f"The LaTeX of the equation of '{equation.of}' is broken.",
            expected="text with as many { as }", received=repr(equation.latex), remedy="Close the braces.",
        )  # fmt: skip
        if equation.python is not None:
            try:
                ast.parse(equation.python, mode="eval")
            except SyntaxError as error:
                raise ConformanceError(
                    f"The expression of the equation of '{equation.of}' is no Python expression.",
                    expected="an expression", received=f"{equation.python!r}: {error.msg}", remedy=_REMEDY,
                ) from error  # fmt: skip


def _balanced(latex: str) -> bool:
    depth = 0
    bare = latex.replace(r"\{", "").replace(r"\}", "")
    for character in bare:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0
