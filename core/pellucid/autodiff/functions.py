"""The NumPy functions that Variables understand: those with a rule of their own, and those made from them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import cache
from math import prod as product
from typing import Any

import numpy

from pellucid.autodiff import elementwise, products, shapes
from pellucid.autodiff.primitive import Primitive, namespace, strip
from pellucid.autodiff.shapes import Axis, axes_of
from pellucid.basics.arrays import Array
from pellucid.basics.errors import DifferentiationError
from pellucid.registry.derivatives import Derivatives
from pellucid.registry.plugins import CORE, Plugins
from pellucid.registry.registry import default_registry

# -- functions with a rule of their own, with NumPy's signatures ----------------------------------------------------


def sum(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    return shapes.sum_(x, axis=axis, keepdims=keepdims)


def reshape(x: Array, shape: int | tuple[int, ...]) -> Array:
    return shapes.reshape(x, shape=shape)


def transpose(x: Array, axes: Sequence[int] | None = None) -> Array:
    return shapes.transpose(x, axes=None if axes is None else tuple(axes))


# -- functions made from others: they need no rule -------------------------------------------------------------------


def mean(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    return sum(x, axis, keepdims=keepdims) / product(x.shape[i] for i in axes_of(axis, len(x.shape)))


def ravel(x: Array) -> Array:
    return reshape(x, (-1,))


# -- functions without a derivative, or whose derivative is zero wherever it exists ----------------------------------


class Constant:
    """A function through which no gradient flows: computed on the plain arrays, it gives a plain array."""

    def __init__(self, function: Any) -> None:
        self.name = function.__name__

    def __call__(self, *args: Any, **options: Any) -> Any:
        plain = [strip(arg) for arg in args]
        return getattr(namespace(*plain), self.name)(*plain, **{k: strip(v) for k, v in options.items()})


DERIVED = (sum, reshape, transpose, mean, ravel)

BY_FUNCTION: dict[Any, Callable[..., Any]] = {
    **{getattr(numpy, name): f for name, f in vars(elementwise).items() if isinstance(f, Primitive) and name == f.name},
    **{getattr(numpy, f.__name__): f for f in DERIVED},
    numpy.matmul: products.matmul,
}
"""NumPy's function -> what it means for Variables: what their operators and methods need, and the rules themselves."""


@cache
def further(plugins: Plugins, of: tuple[str, ...] | None = None) -> dict[Any, Callable[..., Any]]:
    """The same of the functions that plugins know, and pellucid's own built-ins first; asked when one is first met.
    Those of these vendors, and of plugins that are loaded; or of all."""
    derivatives = Derivatives()
    plugins.call("pellucid_derivatives", of, derivatives=derivatives)
    return derivatives.meanings


def apply(function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What ``numpy.function(*args, **options)`` means where a Variable is among the arguments.

    Raises:
        DifferentiationError: the function, or an option of it, is not differentiated.
    """
    name = name_of(function)
    plugins = default_registry().plugins
    ours = BY_FUNCTION.get(function) or further(plugins, (CORE,)).get(function) or further(plugins).get(function)
    if options.get("out") is not None:
        raise DifferentiationError(
            f"{name} was asked to write into an array (out=, or an operator such as a += x on an array a), "
            "which a tape cannot record. Make a new array: a = a + x."
        )
    if ours is None:
        raise DifferentiationError(
            f"{name} has no derivative rule. Write it with functions that have one "
            f"({', '.join(known_functions())}); if no gradient is to flow through it, use the plain array: "
            f"{name}(x.value). A plugin can add a rule, in its hook pellucid_derivatives."
        )
    given = {key: value for key, value in options.items() if value is not numpy._NoValue and key != "out"}
    if isinstance(ours, Primitive):
        if given:
            raise DifferentiationError(f"{name} of Variables takes no options. Received: {', '.join(given)}.")
        return ours(*args)
    try:
        bound = inspect.signature(ours).bind(*args, **given)
    except TypeError as error:
        raise DifferentiationError(
            f"{name} of Variables does not take these arguments: {error}. "
            f"Those that it takes: {', '.join(inspect.signature(ours).parameters)}."
        ) from None
    return ours(*bound.args, **bound.kwargs)


def name_of(function: Any) -> str:
    """As one writes it: ``numpy.linalg.norm``. A ufunc does not know its module."""
    name = getattr(function, "__name__", str(function))
    module = getattr(function, "__module__", None) or ("numpy" if getattr(numpy, name, None) is function else "")
    return f"{module}.{name}".lstrip(".")


def known_functions() -> list[str]:
    """The names of the functions through which gradients flow, sorted; NumPy's without its own."""
    known = BY_FUNCTION | further(default_registry().plugins)
    return sorted(name_of(f).removeprefix("numpy.") for f, ours in known.items() if not isinstance(ours, Constant))
