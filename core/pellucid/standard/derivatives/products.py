"""Products of arrays, made of ``@`` and ``*``."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_index

from pellucid.autodiff.elementwise import multiply, subtract
from pellucid.autodiff.functions import ravel, reshape, transpose
from pellucid.autodiff.primitive import shape_of
from pellucid.autodiff.products import matmul
from pellucid.basics.arrays import Array, as_tuple
from pellucid.basics.errors import ShapeError


def outer(a: Array, b: Array) -> Array:
    return multiply(reshape(a, (-1, 1)), reshape(b, (1, -1)))


def vdot(a: Array, b: Array) -> Array:
    return matmul(ravel(a), ravel(b))


def inner(a: Array, b: Array) -> Array:
    """``y = Σ_k a_…k b_…k``."""
    if not shape_of(a) or not shape_of(b):
        return multiply(a, b)
    return matmul(a, b) if len(shape_of(b)) == 1 else tensordot(a, b, (-1, -1))


def tensordot(a: Array, b: Array, axes: Any = 2) -> Array:
    """The sum over ``axes`` of a and b: one matrix product, with the summed axes last in a and first in b."""
    n, m = len(shape_of(a)), len(shape_of(b))
    if isinstance(axes, int | numpy.integer):
        axes = (range(n - axes, n), range(axes))
    sides = [as_tuple(tuple(side) if isinstance(side, Sequence) else side) for side in axes]
    mine, others = ([normalize_axis_index(i, length) for i in side] for side, length in zip(sides, (n, m), strict=True))
    rows, columns = [i for i in range(n) if i not in mine], [i for i in range(m) if i not in others]
    p, q = shape_of(a), shape_of(b)
    left = reshape(transpose(a, (*rows, *mine)), (prod(p[i] for i in rows), prod(p[i] for i in mine)))
    right = reshape(transpose(b, (*others, *columns)), (prod(q[i] for i in others), prod(q[i] for i in columns)))
    return reshape(matmul(left, right), (*(p[i] for i in rows), *(q[i] for i in columns)))


def kron(a: Array, b: Array) -> Array:
    """Every element of a times all of b: an axis of a and one of b by turns, then both in one."""
    n = max(len(shape_of(a)), len(shape_of(b)))
    p, q = ((1,) * (n - len(shape_of(x))) + shape_of(x) for x in (a, b))
    blocks = multiply(
        reshape(a, tuple(length for i in p for length in (i, 1))),
        reshape(b, tuple(length for i in q for length in (1, i))),
    )
    return reshape(blocks, tuple(i * j for i, j in zip(p, q, strict=True)))


def cross(a: Array, b: Array) -> Array:
    """``a × b`` of vectors with three elements, along the last axis."""
    if shape_of(a)[-1:] != (3,) or shape_of(b)[-1:] != (3,):
        raise ShapeError(
            "cross is differentiated for vectors of three elements along the last axis. Received: shapes "
            f"{shape_of(a)} and {shape_of(b)}."
        )
    on, back = (..., [1, 2, 0]), (..., [2, 0, 1])
    a, b = (numpy.asarray(x) if isinstance(x, list) else x for x in (a, b))
    return subtract(multiply(a[on], b[back]), multiply(a[back], b[on]))


TABLE = {getattr(numpy, f.__name__): f for f in (outer, vdot, inner, tensordot, kron, cross)}
