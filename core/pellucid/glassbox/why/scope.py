"""What an equation's expression finds under ``np``, ``erf`` and the names of functions where its arrays are traced."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from pellucid.glassbox.equations import BUILTINS, Activation, erf as plain_erf
from pellucid.glassbox.why.functions import stacked
from pellucid.glassbox.why.operations import FUNCTIONS, apply, elementwise
from pellucid.glassbox.why.traced import MEANINGS, Traced, constant, lift, make, plain, traced_in


class Namespace:
    """A module of NumPy whose functions give Traced arrays: also those that make one of nothing, ``np.eye(3)``.

    So an expression such as ``np.eye(k)[t]``, where only the index is traced, stays traced.
    """

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._known: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name not in self._known:
            found = getattr(self._module, name)
            if isinstance(found, ModuleType):
                found = Namespace(found)
            elif callable(found) and not isinstance(found, type):
                found = _Function(found)
            self._known[name] = found
        return self._known[name]

    def array(self, value: Any, dtype: Any = None, **options: Any) -> Any:
        """An array, or a list of numbers and arrays, as a new array."""
        if not traced_in(value):
            return constant(np.array(value, dtype, **options))
        if options.keys() - {"copy", "order"}:
            raise TypeError(f"np.array of traced numbers takes no {', '.join(options)}.")
        made = np.copy(value) if isinstance(value, Traced) else stacked(value)
        return made if dtype is None else made.astype(dtype)

    def asarray(self, value: Any, dtype: Any = None, **options: Any) -> Any:
        """The same; what is an array already stays what it is."""
        if isinstance(value, Traced):
            return value if dtype is None else value.astype(dtype)
        return self.array(value, dtype, **options)

    asanyarray = ascontiguousarray = asarray

    def full(self, shape: Any, fill_value: Any, dtype: Any = None) -> Any:
        """An array of one number, which may be traced."""
        if not isinstance(fill_value, Traced):
            return constant(np.full(shape, fill_value, dtype))
        filled = np.broadcast_to(fill_value, shape)
        return filled if dtype is None else filled.astype(dtype)

    def einsum(self, subscripts: Any, *arrays: Any, **options: Any) -> Any:
        """As NumPy's, which would not ask a Traced array beside a list."""
        return apply(np.einsum, (subscripts, *arrays), options)


class _Function:
    """A function of NumPy; what it makes of no Traced array is a constant."""

    def __init__(self, function: Any) -> None:
        self._function = function
        self.__name__ = getattr(function, "__name__", "")

    def __call__(self, *args: Any, **options: Any) -> Any:
        known = traced_in(args, options)
        if not known:
            return _as_constant(self._function(*args, **options))
        if isinstance(self._function, np.ufunc):
            return self._function(*args, **options)
        if self._function not in FUNCTIONS and all(each.constant for each in known):
            return _as_constant(self._function(*plain(args), **plain(options)))
        return apply(self._function, args, options)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._function, name)
        return _Function(found) if callable(found) and name not in ("at", "reduce", "accumulate", "outer") else found


def _as_constant(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return constant(value)
    return type(value)(map(_as_constant, value)) if type(value) in (list, tuple) else value


NP = Namespace(np)
MEANINGS["namespace"] = NP  # type: ignore[assignment]


def erf(x: Any) -> Any:
    """The error function, cell by cell."""
    return elementwise("erf", plain_erf, x) if isinstance(x, Traced) else math.erf(x)


def _extreme(of_numbers: Callable[..., Any], of_two: Any) -> Callable[..., Any]:
    def found(*values: Any, **options: Any) -> Any:
        items = list(values[0]) if len(values) == 1 else list(values)
        if options or not traced_in(items):
            return of_numbers(*values, **options)
        best = items[0]
        for item in items[1:]:
            best = of_two(best, item)
        return best

    return found


class TracedActivation:
    """:class:`~pellucid.glassbox.equations.Activation` for Traced arrays: f(z) as what its equations make of z."""

    def __init__(self, activation: Activation) -> None:
        self.layer = activation.layer

    def __call__(self, z: Any) -> Any:
        return z if self.layer is None else self._find("y", lift(z))

    def derivative(self, z: Any) -> Any:
        """f′(z), element by element."""
        z = lift(z)
        return constant(np.ones(z.shape)) if self.layer is None else self._find("dx", z)

    def _find(self, wanted: str, z: Traced) -> Any:
        assert self.layer is not None
        names = {name: symbolic(name, value) for name, value in self.layer.arguments().items()}
        names |= {"x": z, "dy": constant(np.ones(z.shape))}
        for equation in self.layer.equations:
            if equation.python is not None:
                names[equation.of] = run(equation.python, equation.of, names)
        return names[wanted]


def symbolic(name: str, value: Any) -> Any:
    """A fraction that is an argument of a component keeps its name: ``eps``. Whole numbers decide on shapes; they and
    all else stay what they are."""
    return constant(value, name) if isinstance(value, float) else value


def function_of(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that a component was given, on Traced arrays; opaque where its code does not run on them."""

    def called(*args: Any, **options: Any) -> Any:
        if not traced_in(args, options):
            return function(*args, **options)
        try:
            result = function(*args, **options)
        except (TypeError, AttributeError, ValueError):
            result = None
        if isinstance(result, Traced):
            return result
        operands = tuple(traced_in(args, options))
        return make("opaque", name, operands, lambda: function(*plain(args), **plain(options)), key=[])

    return called


# -- expressions -----------------------------------------------------------------------------------------------------


def choose(condition: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """``then() if condition else otherwise()``, of which it is known that a traced condition has chosen it."""
    chosen = then() if condition else otherwise()
    if not isinstance(condition, Traced) or condition.constant or callable(chosen):
        return chosen
    picked = (condition, lift(chosen))
    return make("choose", "if", picked, lambda: picked[1].value)


def either(first: Any, otherwise: Callable[[], Any]) -> Any:
    """``first or otherwise()``."""
    return choose(first, lambda: first, otherwise)


class _Choices(ast.NodeTransformer):
    """Writes ``a if c else b`` and ``a or b`` as calls of the functions above."""

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        return self._called("_choose", [node.test], [node.body, node.orelse]) or node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Or) or len(node.values) != 2:
            return node
        return self._called("_either", [node.values[0]], [node.values[1]]) or node

    def _called(self, name: str, now: list[ast.expr], later: list[ast.expr]) -> ast.expr | None:
        if any(isinstance(part, ast.NamedExpr) for tree in later for part in ast.walk(tree)):
            return None  # in a lambda it would name something of the lambda's own
        nothing = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
        lambdas: list[ast.expr] = [ast.Lambda(args=nothing, body=tree) for tree in later]
        return ast.Call(func=ast.Name(id=name, ctx=ast.Load()), args=[*now, *lambdas], keywords=[])


SCOPE: dict[str, Any] = {
    "__builtins__": {
        **BUILTINS, "max": _extreme(max, np.maximum), "min": _extreme(min, np.minimum),
    },
    "np": NP, "erf": erf, "_choose": choose, "_either": either,
}  # fmt: skip


@cache
def _code(expression: str, of: str) -> Any:
    tree = ast.fix_missing_locations(_Choices().visit(ast.parse(expression, mode="eval")))
    return compile(tree, f"<equation of {of}>", "eval")


@cache
def names_in(expression: str) -> frozenset[str]:
    """The names that an expression reads."""
    return frozenset(node.id for node in ast.walk(ast.parse(expression, mode="eval")) if isinstance(node, ast.Name))


def run(expression: str, of: str, names: dict[str, Any]) -> Any:
    """The value of an equation's expression in which the names stand for these."""
    with np.errstate(all="ignore"):
        return eval(_code(expression, of), {**SCOPE, **names})
