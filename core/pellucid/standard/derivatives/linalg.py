"""Linear algebra: norms, inverse, solutions, determinants, Cholesky factors; of one matrix or of a batch.

The rules follow from ``d(A⁻¹) = −A⁻¹ dA A⁻¹``, ``d det A = ⟨cof A, dA⟩`` and ``dA = dL Lᵀ + L dLᵀ``.
Source: Giles, An extended collection of matrix derivative results for forward and reverse mode AD, 2008.
"""

from __future__ import annotations

from math import inf
from typing import Any, NamedTuple

import numpy

from pellucid.autodiff.elementwise import absolute, power
from pellucid.autodiff.functions import sum as sum_
from pellucid.autodiff.primitive import Primitive, Recorded, namespace, shape_of, strip
from pellucid.autodiff.products import matmul
from pellucid.autodiff.shapes import Axis, axes_of, kept, sum_to, where
from pellucid.basics.arrays import Array
from pellucid.basics.errors import DifferentiationError
from pellucid.standard.derivatives.arrangement import expand_dims, squeeze, swapaxes, tril
from pellucid.standard.derivatives.elementwise import length
from pellucid.standard.derivatives.reductions import max as max_, min as min_

# mypy: disable-error-code="has-type"


def linalg(name: str, *rules: Any) -> Primitive:
    """A function of the arrays' ``linalg``."""
    return Primitive(name, *rules, compute=lambda *x, **options: getattr(namespace(*x).linalg, name)(*x, **options))


def T(x: Array) -> Array:
    """Each matrix transposed."""
    return swapaxes(x, -1, -2)


def as_factor(dy: Array) -> Array:
    """One number for each matrix, with two axes of length 1 to multiply it by."""
    return expand_dims(dy, (-2, -1))


# -- norms -------------------------------------------------------------------------------------------------------------

euclidean = linalg("norm", lambda dy, y, x, axis=None, keepdims=False: kept(dy, x, axis) * x / length(kept(y, x, axis)))


def norm(x: Array, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Array:
    """Of vectors the p-norm, of matrices the Frobenius norm. The slope at 0, the tip of a cone, is 0."""
    n = len(axes_of(axis, len(shape_of(x)))) if axis is not None or ord is not None else 0
    if ord is None or (n == 1 and ord == 2) or (n == 2 and ord == "fro"):
        return euclidean(x, axis=axis, keepdims=keepdims)
    if n != 1 or not isinstance(ord, int | float) or ord == 0:
        raise DifferentiationError(
            "linalg.norm is differentiated for ord=None, of vectors for every number but 0, and of matrices for 'fro'. "
            f"Received: ord={ord!r} over {n} axes. Name the axis of the vectors, or write the norm as a formula."
        )
    if abs(ord) == inf:
        return (max_ if ord > 0 else min_)(absolute(x), axis, keepdims=keepdims)
    total = sum_(absolute(x) if ord == 1 else power(absolute(x), ord), axis, keepdims=keepdims)
    if ord == 1:
        return total
    tip = (strip(total) == 0) & (ord > 0)
    return where(tip, 0.0, power(where(tip, 1.0, total), 1 / ord))


# -- inverse and solutions ---------------------------------------------------------------------------------------------

inv = linalg("inv", lambda dy, y, a: -matmul(matmul(T(y), dy), T(y)))
solve_columns = linalg(
    "solve",
    lambda dy, y, a, b: sum_to(-matmul(solve_columns(T(a), dy), T(y)), shape_of(a)),
    lambda dy, y, a, b: sum_to(solve_columns(T(a), dy), shape_of(b)),
)


def solve(a: Array, b: Array) -> Array:
    """``x`` with ``a x = b``; b holds columns, or is one."""
    if len(shape_of(b)) == 1:
        return squeeze(solve_columns(a, expand_dims(b, -1)), -1)
    return solve_columns(a, b)


# -- determinants ------------------------------------------------------------------------------------------------------


def well_conditioned(a: Array, inverse: Array) -> bool:
    """Whether ``‖A‖ ‖A⁻¹‖ ≤ ε^(−1/3)`` for each matrix: a third of the digits is left of the inverse squared."""
    norms = [namespace(a).sqrt((x * x).sum(axis=-1).sum(axis=-1)) for x in (a, inverse)]
    return bool((norms[0] * norms[1] <= float(numpy.finfo(a.dtype).eps) ** (-1 / 3)).all())


def cofactors(y: Array, a: Array) -> Array:
    """``det A · A⁻ᵀ``; where a matrix is singular, the determinants of its minors, which need no inverse.

    A matrix that is nearly singular has a determinant of rounding errors, which the inverse, of the same factors, makes
    up for. The derivative of their product, wanted where grad is nested, is a difference of two that are far larger.
    """
    n, xp = a.shape[-1], namespace(a)
    if bool((strip(y) != 0).all()):
        inverse = inv(a)
        if not isinstance(a, Recorded) or well_conditioned(strip(a), strip(inverse)):
            return as_factor(y) * T(inverse)
    others = xp.asarray([[j for j in range(n) if j != i] for i in range(n)], dtype=int).reshape((n, n - 1))
    signs = 1.0 - 2.0 * ((xp.arange(n).reshape((-1, 1)) + xp.arange(n)) % 2)
    minors = a[..., others[:, None, :, None], others[None, :, None, :]]  # (…, i, j, n − 1, n − 1)
    return det(minors) * xp.asarray(signs, dtype=a.dtype)


def inverse_of_regular(a: Array) -> Array:
    try:
        return T(inv(a))
    except numpy.linalg.LinAlgError as error:
        raise DifferentiationError(
            f"The logarithm of a determinant has no derivative where it is 0 ({error}). numpy.linalg.det has one there."
        ) from None


det = linalg("det", lambda dy, y, a: as_factor(dy) * cofactors(y, a))
log_abs_det = Primitive(
    "slogdet", lambda dy, y, a: as_factor(dy) * inverse_of_regular(a),
    compute=lambda a: namespace(a).linalg.slogdet(a)[1],
)  # fmt: skip


class SignAndLog(NamedTuple):
    """What ``numpy.linalg.slogdet`` gives; the sign is a constant."""

    sign: Any
    logabsdet: Any


def slogdet(a: Array) -> SignAndLog:
    return SignAndLog(namespace(a).linalg.slogdet(strip(a))[0], log_abs_det(a))


# -- Cholesky ----------------------------------------------------------------------------------------------------------


def cholesky_da(dy: Array, y: Array, a: Array) -> Array:
    """``dA = (S + Sᵀ)/2`` with ``S = L⁻ᵀ Φ(Lᵀ dL) L⁻¹``, Φ the lower triangle with half of the diagonal."""
    n = a.shape[-1]
    half = 1.0 - 0.5 * namespace(a).eye(n, dtype=a.dtype)
    inner = tril(matmul(T(y), tril(dy))) * half
    s = T(solve_columns(T(y), T(solve_columns(T(y), inner))))
    return (s + T(s)) * 0.5


cholesky = linalg("cholesky", cholesky_da)

TABLE = {
    numpy.linalg.norm: norm, numpy.linalg.inv: inv, numpy.linalg.solve: solve, numpy.linalg.det: det,
    numpy.linalg.slogdet: slogdet, numpy.linalg.cholesky: cholesky,
}  # fmt: skip
