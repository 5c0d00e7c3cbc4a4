"""The derivatives of reductions and of everything that moves elements without changing them."""

# A rule may name itself and functions below it.
# mypy: disable-error-code="has-type"

from __future__ import annotations

from math import prod as product
from typing import Any

from pellucid.autodiff.primitive import Primitive, namespace, shape_of
from pellucid.basics.arrays import Array, as_tuple

Axis = int | tuple[int, ...] | None


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes as non-negative numbers; None means all, and so does whatever a number is reduced over."""
    if axis is None or not ndim:
        return tuple(range(ndim))
    return tuple(a % ndim for a in as_tuple(axis))


def kept(reduced: Array, x: Array, axis: Axis) -> Array:
    """The result of a reduction of ``x`` over ``axis`` with the reduced axes put back as axes of length 1."""
    gone = axes_of(axis, len(shape_of(x)))
    return reshape(reduced, tuple(1 if i in gone else n for i, n in enumerate(shape_of(x))))


def sum_to(dy: Array, shape: tuple[int, ...]) -> Array:
    """The adjoint of broadcasting: sum over the axes along which ``shape`` was repeated."""
    if shape_of(dy) == shape:
        return dy
    lead = len(dy.shape) - len(shape)
    repeated = [lead + i for i, n in enumerate(shape) if n == 1 and dy.shape[lead + i] != 1]
    return reshape(sum_(dy, axis=(*range(lead), *repeated)), shape)


def total(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """The sum. A long one in float64, for NumPy adds float32 down the columns in one chain."""
    xp, shape = namespace(x), shape_of(x)
    if getattr(x, "dtype", None) != "float32" or product(shape[a] for a in axes_of(axis, len(shape))) <= 256:
        return xp.sum(x, axis=axis, keepdims=keepdims)
    return xp.sum(x, axis=axis, keepdims=keepdims, dtype="float64").astype("float32")


def inverse(axes: tuple[int, ...] | None, ndim: int) -> tuple[int, ...] | None:
    """The permutation that undoes ``axes``."""
    if axes is None:
        return None
    forth = axes_of(axes, ndim)
    return tuple(forth.index(i) for i in range(ndim))


def zeros_but(dy: Array, index: Any, shape: tuple[int, ...]) -> Array:
    """Zeros of ``shape`` with ``dy`` added at ``index``, where repeated indices accumulate."""
    xp = namespace(dy)
    dy = xp.asarray(dy)
    if all(part is None or part is Ellipsis or isinstance(part, int | slice) for part in as_tuple(index)):
        x = xp.zeros(shape, dtype=dy.dtype)
        x[index] = dy  # nothing can be repeated
        return x
    wide = xp.zeros(shape, dtype="float64" if dy.dtype == "float32" else dy.dtype)
    xp.add.at(wide, index, dy.astype(wide.dtype))
    return wide.astype(dy.dtype)


# Reductions: dx is dy, spread over what it was gathered from.
sum_ = Primitive(
    "sum", lambda dy, y, x, axis=None, keepdims=False: broadcast_to(kept(dy, x, axis), shape_of(x)), compute=total
)

# Same elements, other shape: dx is dy in the shape of x.
reshape = Primitive(
    "reshape", lambda dy, y, x, shape: reshape(dy, shape_of(x)),
    compute=lambda x, shape: namespace(x).asarray(x).reshape(shape),
)  # fmt: skip
expand_dims = Primitive("expand_dims", lambda dy, y, x, axis: reshape(dy, shape_of(x)))

# Same elements, other places: dx is dy, moved back.
transpose = Primitive("transpose", lambda dy, y, x, axes=None: transpose(dy, axes=inverse(axes, len(shape_of(x)))))
swapaxes = Primitive("swapaxes", lambda dy, y, x, axis1, axis2: swapaxes(dy, axis1=axis1, axis2=axis2))

# Elements of two arrays: each gets dy where it was chosen.
where = Primitive(
    "where",
    lambda dy, y, condition, a, b: None,
    lambda dy, y, condition, a, b: sum_to(where(condition, dy, 0.0), shape_of(a)),
    lambda dy, y, condition, a, b: sum_to(where(condition, 0.0, dy), shape_of(b)),
)

# Elements repeated: dx is the sum of dy over the copies.
broadcast_to = Primitive("broadcast_to", lambda dy, y, x, shape: sum_to(dy, shape_of(x)))

# Elements picked: dx is dy where they came from; what was not picked gets zero.
getitem = Primitive(
    "getitem", lambda dy, y, x, index: scatter(dy, index=index, shape=x.shape), compute=lambda x, index: x[index]
)
scatter = Primitive("scatter", lambda g, y, dy, index, shape: g[index], compute=zeros_but)

# Another dtype: dx is dy in the dtype of x.
astype = Primitive(
    "astype", lambda dy, y, x, dtype: astype(dy, dtype=getattr(x, "dtype", float)),
    compute=lambda x, dtype: namespace(x).asarray(x).astype(dtype),
)  # fmt: skip
