"""Products, running sums, differences, and reductions made of others."""

from __future__ import annotations

from math import nan, prod as product
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_index

from pellucid.autodiff.elementwise import divide, multiply, sqrt
from pellucid.autodiff.functions import (
    mean,
    ravel,
    reshape,
    sum as sum_,
    transpose,
)
from pellucid.autodiff.primitive import Primitive, namespace, shape_of, strip
from pellucid.autodiff.shapes import Axis, axes_of, kept, where
from pellucid.basics.arrays import Array
from pellucid.standard.derivatives.arrangement import diagonal, expand_dims, flip, sort, swapaxes

# mypy: disable-error-code="has-type"


def share_of_extremes(dy: Array, y: Array, x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """``dy`` at the largest (smallest) elements, in equal shares where there are several."""
    plain = strip(x)
    hits = namespace(plain).asarray(plain == strip(kept(y, x, axis)), dtype=getattr(plain, "dtype", float))
    shares = hits / hits.sum(axis=axis, keepdims=True)
    return kept(dy, x, axis) * shares


def product_of_others(dy: Array, y: Array, x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """``dx_i = dy ∏_{j≠i} x_j``: formed without division, so zeros are no exception; n² products."""
    gone = axes_of(axis, len(shape_of(x)))
    stay = tuple(i for i in range(len(shape_of(x))) if i not in gone)
    n = product(x.shape[i] for i in gone)
    rows = reshape(transpose(x, axes=(*stay, *gone)), (*(x.shape[i] for i in stay), 1, n))
    eye = namespace(x).eye(n, dtype=bool)
    others = prod_(where(eye, 1.0, rows), axis=-1)  # (*stay, n)
    back = tuple((*stay, *gone).index(i) for i in range(len(shape_of(x))))
    others = transpose(reshape(others, tuple(x.shape[i] for i in (*stay, *gone))), axes=back)
    return kept(dy, x, axis) * others


largest = Primitive("max", share_of_extremes)
smallest = Primitive("min", share_of_extremes)
prod_ = Primitive("prod", product_of_others)
cumsum_ = Primitive("cumsum", lambda dy, y, x, axis: flip(cumsum_(flip(dy, axis), axis=axis), axis))


def max(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    return largest(x, axis=axis, keepdims=keepdims)


def min(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    return smallest(x, axis=axis, keepdims=keepdims)


def prod(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    return prod_(x, axis=axis, keepdims=keepdims)


def cumsum(x: Array, axis: int | None = None) -> Array:
    return cumsum_(ravel(x), axis=0) if axis is None or not shape_of(x) else cumsum_(x, axis=axis)


def var(x: Array, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> Array:
    n = product(x.shape[i] for i in axes_of(axis, len(x.shape)))
    away = x - mean(x, axis, keepdims=True)
    return sum_(away * away, axis, keepdims=keepdims) / (n - ddof)


def std(x: Array, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> Array:
    v = var(x, axis, ddof=ddof, keepdims=keepdims)
    flat = strip(v) == 0  # the tip of a cone: the slopes around it average to 0, whatever is divided by
    return where(flat, 0.0, sqrt(where(flat, 1.0, v)))


def cumprod_dx(dy: Array, y: Array, x: Array, axis: int) -> Array:
    """``dx_i = Σ_{j≥i} dy_j ∏_{k≤j, k≠i} x_k``: formed without division, so zeros are no exception; n² products."""
    xp, n = namespace(x), x.shape[axis]
    rows, dys = (expand_dims(swapaxes(a, axis, -1), -2) for a in (x, dy))
    others = cumprod_(where(xp.eye(n, dtype=bool), 1.0, rows), axis=-1)  # (…, i, j)
    later = xp.arange(n) >= xp.arange(n).reshape((-1, 1))
    return swapaxes(sum_(where(later, others * dys, 0.0), -1), axis, -1)


cumprod_ = Primitive("cumprod", cumprod_dx)


def cumprod(x: Array, axis: int | None = None) -> Array:
    return cumprod_(ravel(x), axis=0) if axis is None or not shape_of(x) else cumprod_(x, axis=axis)


def diff(x: Array, n: int = 1, axis: int = -1) -> Array:
    """``y_i = x_{i+1} − x_i``, n times."""
    axis = normalize_axis_index(axis, len(x.shape))
    for _ in range(n):
        i = (slice(None),) * axis
        x = x[(*i, slice(1, None))] - x[(*i, slice(None, -1))]
    return x


def trace(x: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    return sum_(diagonal(x, offset, axis1, axis2), -1)


def median(x: Array, axis: int | None = None, *, keepdims: bool = False) -> Array:
    """The middle of the sorted elements, or the mean of the two there; NaN where one is."""
    gone = axes_of(axis, len(shape_of(x)))
    x, axis = (ravel(x), 0) if axis is None else (x, normalize_axis_index(axis, len(x.shape)))
    n, xp = x.shape[axis], namespace(x)
    ordered = sort(x, axis)
    y = mean(ordered[(slice(None),) * axis + (slice((n - 1) // 2, n // 2 + 1),)], axis)
    lost = xp.isnan(strip(x)).any(axis=axis)
    y = where(lost, mean(x, axis), y) * xp.asarray(xp.where(lost, nan, 1.0), dtype=x.dtype)  # its slopes are NaN, too
    return expand_dims(y, gone) if keepdims else y


def ptp(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    return max(x, axis, keepdims=keepdims) - min(x, axis, keepdims=keepdims)


def average(x: Array, axis: int | None = None, weights: Any = None) -> Array:
    """``Σ w x / Σ w``; the weights have x's shape, or one axis."""
    if weights is None:
        return mean(x, axis)
    if axis is not None and shape_of(weights) != shape_of(x):
        axis = normalize_axis_index(axis, len(x.shape))
        weights = reshape(weights, tuple(-1 if i == axis else 1 for i in range(len(x.shape))))
    return divide(sum_(multiply(x, weights), axis), sum_(weights, axis))


def nansum(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    return sum_(where(namespace(x).isnan(strip(x)), 0.0, x), axis, keepdims=keepdims)


def nanmean(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    there = namespace(x).asarray(~namespace(x).isnan(strip(x)), dtype=x.dtype)
    return divide(nansum(x, axis, keepdims=keepdims), there.sum(axis=axis, keepdims=keepdims))


TABLE = {
    getattr(numpy, f.__name__): f
    for f in (max, min, prod, cumsum, var, std, cumprod, diff, trace, median, ptp, average, nansum, nanmean)
}
