"""The NumPy functions that Variables understand: those with a rule of their own, and those made from them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from math import prod as product
from typing import Any

import numpy

from pellucid.autodiff import elementwise, products, shapes
from pellucid.autodiff.elementwise import maximum, minimum, sqrt
from pellucid.autodiff.primitive import Primitive, namespace, shape_of, strip
from pellucid.autodiff.shapes import Axis, axes_of
from pellucid.basics.arrays import Array
from pellucid.basics.checks import is_int
from pellucid.basics.errors import DifferentiationError

# -- functions with a rule of their own, with NumPy's signatures ----------------------------------------------------


def sum(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    return shapes.sum_(x, axis=axis, keepdims=keepdims)


def prod(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    return shapes.prod(x, axis=axis, keepdims=keepdims)


def max(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    return shapes.max_(x, axis=axis, keepdims=keepdims)


def min(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    return shapes.min_(x, axis=axis, keepdims=keepdims)


def cumsum(x: Array, axis: int | None = None) -> Array:
    return shapes.cumsum(ravel(x), axis=0) if axis is None else shapes.cumsum(x, axis=axis)


def reshape(x: Array, shape: int | tuple[int, ...]) -> Array:
    return shapes.reshape(x, shape=shape)


def transpose(x: Array, axes: Sequence[int] | None = None) -> Array:
    return shapes.transpose(x, axes=None if axes is None else tuple(axes))


def swapaxes(x: Array, axis1: int, axis2: int) -> Array:
    return shapes.swapaxes(x, axis1=axis1, axis2=axis2)


def moveaxis(x: Array, source: Any, destination: Any) -> Array:
    return shapes.moveaxis(x, source=source, destination=destination)


def squeeze(x: Array, axis: Axis = None) -> Array:
    return shapes.squeeze(x, axis=axis)


def expand_dims(x: Array, axis: int | tuple[int, ...]) -> Array:
    return shapes.expand_dims(x, axis=axis)


def broadcast_to(x: Array, shape: int | tuple[int, ...]) -> Array:
    return shapes.broadcast_to(x, shape=shape)


def flip(x: Array, axis: Axis = None) -> Array:
    return shapes.flip(x, axis=axis)


def roll(x: Array, shift: Any, axis: Any = None) -> Array:
    return shapes.roll(x, shift=shift, axis=axis)


def tril(x: Array, k: int = 0) -> Array:
    return shapes.tril(x, k=k)


def triu(x: Array, k: int = 0) -> Array:
    return shapes.triu(x, k=k)


def concatenate(arrays: Sequence[Array], axis: int | None = 0) -> Array:
    if axis is None:
        return shapes.concatenate(*(ravel(a) for a in arrays), axis=0)
    return shapes.concatenate(*arrays, axis=axis)


def where(condition: Array, x: Any, y: Any) -> Array:
    return shapes.where(strip(condition), x, y)


def einsum(subscripts: str, *arrays: Array) -> Array:
    products.parse(subscripts)
    return products.einsum(*arrays, subscripts=subscripts)


def repeat(x: Array, repeats: int, axis: int | None = None) -> Array:
    if not is_int(repeats):
        raise DifferentiationError(
            f"repeat is differentiated for one number of repeats for all elements. Received: {repeats!r}. "
            "Index instead: x[np.repeat(np.arange(len(x)), repeats)]."
        )
    return shapes.repeat(ravel(x) if axis is None else x, repeats=repeats, axis=0 if axis is None else axis)


def pad(x: Array, pad_width: Any, mode: str = "constant", *, constant_values: float = 0.0) -> Array:
    if mode != "constant":
        raise DifferentiationError(f"pad is differentiated for mode='constant'. Received: {mode!r}.")
    widths = numpy.broadcast_to(pad_width, (len(x.shape), 2)).tolist()
    return shapes.pad(x, pad_width=tuple(map(tuple, widths)), constant_values=constant_values)


# -- functions made from others: they need no rule -------------------------------------------------------------------


def mean(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    return sum(x, axis, keepdims=keepdims) / product(x.shape[i] for i in axes_of(axis, len(x.shape)))


def var(x: Array, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> Array:
    n = product(x.shape[i] for i in axes_of(axis, len(x.shape)))
    away = x - mean(x, axis, keepdims=True)
    return sum(away * away, axis, keepdims=keepdims) / (n - ddof)


def std(x: Array, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> Array:
    return sqrt(var(x, axis, ddof=ddof, keepdims=keepdims))


def ravel(x: Array) -> Array:
    return reshape(x, (-1,))


def clip(x: Array, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Array:
    low, high = a_min if min is None else min, a_max if max is None else max
    raised = x if low is None else maximum(x, low)
    return raised if high is None else minimum(raised, high)


def stack(arrays: Sequence[Array], axis: int = 0) -> Array:
    return concatenate([expand_dims(a, axis) if shape_of(a) else reshape(a, (1,)) for a in arrays], axis)


def vstack(arrays: Sequence[Array]) -> Array:
    return concatenate([reshape(a, (1, -1)) if len(shape_of(a)) < 2 else a for a in arrays], 0)


def hstack(arrays: Sequence[Array]) -> Array:
    ones = [reshape(a, (1,)) if not shape_of(a) else a for a in arrays]
    return concatenate(ones, 0 if len(shape_of(ones[0])) == 1 else 1)


def split(x: Array, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Array]:
    n = x.shape[axis]
    if is_int(indices_or_sections):
        if n % indices_or_sections:
            raise ValueError(f"an axis of length {n} cannot be split into {indices_or_sections} equal parts")
        ends = list(range(n // indices_or_sections, n, n // indices_or_sections))
    else:
        ends = [int(end) for end in indices_or_sections]  # type: ignore[union-attr]
    return [
        shapes.piece(x, axis % len(x.shape), start, stop) for start, stop in zip([0, *ends], [*ends, n], strict=True)
    ]


def take(x: Array, indices: Any, axis: int | None = None) -> Array:
    if axis is None:
        return ravel(x)[indices]
    return x[(slice(None),) * (axis % len(x.shape)) + (indices,)]


def outer(a: Array, b: Array) -> Array:
    return reshape(a, (-1, 1)) * reshape(b, (1, -1))


# -- functions without a derivative, or whose derivative is zero wherever it exists ----------------------------------


def constant(function: Callable[..., Any]) -> Callable[..., Any]:
    """Computed on the plain arrays; the result is a plain array, through which no gradient flows."""

    def compute(*args: Any, **options: Any) -> Any:
        plain = [strip(arg) for arg in args]
        return getattr(namespace(*plain), function.__name__)(*plain, **{k: strip(v) for k, v in options.items()})

    return compute


CONSTANT = (
    "sign", "floor", "ceil", "trunc", "rint", "round", "isnan", "isfinite", "isinf", "signbit", "greater",
    "greater_equal", "less", "less_equal", "equal", "not_equal", "logical_and", "logical_or", "logical_not",
    "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor", "invert", "argmax", "argmin", "argsort", "all",
    "any", "count_nonzero", "isclose", "allclose", "array_equal", "shape", "ndim", "size", "zeros_like",
    "ones_like", "full_like", "empty_like", "result_type", "floor_divide",
)  # fmt: skip
DERIVED = (
    sum, prod, max, min, cumsum, reshape, transpose, swapaxes, moveaxis, squeeze, expand_dims, broadcast_to, flip,
    roll, tril, triu, concatenate, where, einsum, repeat, pad, mean, var, std, ravel, clip, stack, vstack, hstack,
    split, take, outer,
)  # fmt: skip

BY_FUNCTION: dict[Any, Callable[..., Any]] = (
    {getattr(numpy, name): f for name, f in vars(elementwise).items() if isinstance(f, Primitive) and name == f.name}
    | {getattr(numpy, f.__name__): f for f in DERIVED}
    | {numpy.matmul: products.matmul, numpy.dot: products.dot}
    | {getattr(numpy, name): constant(getattr(numpy, name)) for name in CONSTANT}
)
"""NumPy's function -> what it means for Variables."""


def apply(function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What ``numpy.function(*args, **options)`` means where a Variable is among the arguments.

    Raises:
        DifferentiationError: the function, or an option of it, is not differentiated.
    """
    name = f"{getattr(function, '__module__', None) or 'numpy'}.{getattr(function, '__name__', function)}"
    ours = BY_FUNCTION.get(function)
    if options.get("out") is not None:
        raise DifferentiationError(
            f"{name} was asked to write into an array (out=, or an operator such as a += x on an array a), "
            "which a tape cannot record. Make a new array: a = a + x."
        )
    if ours is None:
        raise DifferentiationError(
            f"{name} has no derivative rule. Write it with functions that have one "
            f"({', '.join(sorted(known_functions()))}); if no gradient is to flow through it, use the plain array: "
            f"{name}(x.value)."
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


def known_functions() -> list[str]:
    """The names of the NumPy functions through which gradients flow."""
    return [f.__name__ for f in BY_FUNCTION if f.__name__ not in CONSTANT]
