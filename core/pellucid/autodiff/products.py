"""The derivatives of matrix products."""

from __future__ import annotations

from pellucid.autodiff.primitive import Primitive
from pellucid.autodiff.shapes import expand_dims, reshape, sum_to, swapaxes
from pellucid.basics.arrays import Array


def as_matrices(dy: Array, a: Array, b: Array) -> tuple[Array, Array, Array]:
    """``dy``, ``a`` and ``b`` with the axes that ``@`` adds to a vector on its left (row) and right (column)."""
    if len(b.shape) == 1:
        b, dy = expand_dims(b, axis=1), expand_dims(dy, axis=-1)
    if len(a.shape) == 1:
        a, dy = expand_dims(a, axis=0), expand_dims(dy, axis=-2)
    return dy, a, b


def matmul_da(dy: Array, y: Array, a: Array, b: Array) -> Array:
    """``da = dy bᵀ``, summed over the batch axes along which ``a`` was repeated."""
    dy, rows, columns = as_matrices(dy, a, b)
    return reshape(sum_to(matmul(dy, swapaxes(columns, axis1=-1, axis2=-2)), rows.shape), a.shape)


def matmul_db(dy: Array, y: Array, a: Array, b: Array) -> Array:
    """``db = aᵀ dy``, summed over the batch axes along which ``b`` was repeated."""
    dy, rows, columns = as_matrices(dy, a, b)
    return reshape(sum_to(matmul(swapaxes(rows, axis1=-1, axis2=-2), dy), columns.shape), b.shape)


matmul = Primitive("matmul", matmul_da, matmul_db)
