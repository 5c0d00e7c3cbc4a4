"""The derivatives of matrix products and of Einstein sums."""

from __future__ import annotations

from pellucid.autodiff.elementwise import multiply
from pellucid.autodiff.primitive import Primitive, namespace, shape_of
from pellucid.autodiff.shapes import broadcast_to, expand_dims, reshape, sum_to, swapaxes
from pellucid.basics.arrays import Array
from pellucid.basics.errors import DifferentiationError


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


def parse(subscripts: str) -> tuple[list[str], str]:
    """``"ij,jk->ik"`` as (["ij", "jk"], "ik"); without an arrow the output holds the letters that occur once."""
    written = subscripts.replace(" ", "") if isinstance(subscripts, str) else "..."
    inputs, arrow, output = written.partition("->")
    if not arrow:
        output = "".join(c for c in sorted(set(inputs) - {","}) if inputs.count(c) == 1)
    operands = inputs.split(",")
    if "." in written or any(len(set(part)) < len(part) for part in operands):
        raise DifferentiationError(
            f"einsum is differentiated for subscripts in a str, without '...' and with no letter twice in one operand. "
            f"Received: {subscripts!r}. Name every axis; for a trace or a diagonal index the array: x[i, i]."
        )
    return operands, output


def einsum_rule(dy: Array, y: Array, *arrays: Array, which: int, subscripts: str) -> Array:
    """The gradient at one operand is the Einstein sum of ``dy`` with all others, over the letters that it lacks."""
    operands, output = parse(subscripts)
    mine, x = operands[which], arrays[which]
    others = [i for i in range(len(arrays)) if i != which]
    inputs = ",".join([output, *(operands[i] for i in others)])
    found = "".join(c for c in mine if c in inputs)  # a letter that only this operand has was summed: spread over it
    partial = einsum(dy, *(arrays[i] for i in others), subscripts=f"{inputs}->{found}")
    lengths = dict(zip(found, partial.shape, strict=True))
    partial = reshape(partial, tuple(lengths.get(c, 1) for c in mine))
    stretched = [n == 1 for n in shape_of(x)]  # to the length that the others have there
    ends = tuple(1 if one else n for one, n in zip(stretched, partial.shape, strict=True))
    return broadcast_to(sum_to(partial, ends), shape=shape_of(x))


matmul = Primitive("matmul", matmul_da, matmul_db)
einsum = Primitive(
    "einsum", einsum_rule, variadic=True,
    compute=lambda *arrays, subscripts: namespace(*arrays).einsum(subscripts, *arrays),
)  # fmt: skip


def dot(a: Array, b: Array) -> Array:
    """NumPy's dot for numbers, vectors and matrices."""
    if not shape_of(a) or not shape_of(b):
        return multiply(a, b)
    if len(shape_of(b)) > 2 or len(shape_of(a)) > 2:
        raise DifferentiationError(
            f"dot is differentiated for arrays of at most two axes. Received: shapes {shape_of(a)} and {shape_of(b)}. "
            "Write a @ b for batches of matrices, or numpy.einsum."
        )
    return matmul(a, b)
