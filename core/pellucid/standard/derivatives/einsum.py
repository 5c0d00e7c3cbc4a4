"""Einstein sums: every gradient is one of them, too."""

from __future__ import annotations

import numpy

from pellucid.autodiff.functions import reshape
from pellucid.autodiff.primitive import Primitive, namespace, shape_of
from pellucid.autodiff.shapes import sum_to
from pellucid.basics.arrays import Array
from pellucid.basics.errors import DifferentiationError
from pellucid.standard.derivatives.arrangement import broadcast_to


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
    partial = einsum_(dy, *(arrays[i] for i in others), subscripts=f"{inputs}->{found}")
    lengths = dict(zip(found, partial.shape, strict=True))
    partial = reshape(partial, tuple(lengths.get(c, 1) for c in mine))
    stretched = [n == 1 for n in shape_of(x)]  # to the length that the others have there
    ends = tuple(1 if one else n for one, n in zip(stretched, partial.shape, strict=True))
    return broadcast_to(sum_to(partial, ends), shape=shape_of(x))


einsum_ = Primitive(
    "einsum", einsum_rule, variadic=True,
    compute=lambda *arrays, subscripts: namespace(*arrays).einsum(subscripts, *arrays),
)  # fmt: skip


def einsum(subscripts: str, *arrays: Array) -> Array:
    parse(subscripts)
    return einsum_(*arrays, subscripts=subscripts)


TABLE = {numpy.einsum: einsum}
