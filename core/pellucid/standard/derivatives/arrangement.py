"""Functions that move, join, cut, pick, repeat or pad elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_index

from pellucid.autodiff import shapes
from pellucid.autodiff.functions import ravel, reshape, sum as sum_
from pellucid.autodiff.primitive import Primitive, namespace, shape_of, strip
from pellucid.autodiff.shapes import Axis, scatter, sum_to
from pellucid.basics.arrays import Array
from pellucid.basics.checks import is_int
from pellucid.basics.errors import DifferentiationError

# mypy: disable-error-code="has-type"

# -- with a rule of their own: dx is dy, moved back or with zeros in the same places -----------------------------------


def opposite(shift: int | tuple[int, ...]) -> Any:
    """The shift that undoes ``shift``."""
    return tuple(-s for s in shift) if isinstance(shift, tuple) else -shift


def without_padding(dy: Array, y: Array, x: Array, pad_width: tuple[tuple[int, int], ...], **constant: Any) -> Array:
    return dy[tuple(slice(before, before + n) for (before, _), n in zip(pad_width, x.shape, strict=True))]


def sum_of_repeats(dy: Array, y: Array, x: Array, repeats: int, axis: int) -> Array:
    axis %= len(shape_of(x))
    return sum_(reshape(dy, (*x.shape[: axis + 1], repeats, *x.shape[axis + 1 :])), axis + 1)


def piece(dy: Array, axis: int, start: int, stop: int) -> Array:
    """The elements start … stop − 1 along one axis."""
    index = [slice(None)] * len(dy.shape)
    index[axis] = slice(start, stop)
    return dy[tuple(index)]


def part_of_concatenation(dy: Array, y: Array, *arrays: Array, which: int, axis: int = 0) -> Array:
    """The piece of dy that came from one of the arrays."""
    sizes = [shape_of(a)[axis] for a in arrays]
    start = sum(sizes[:which])
    return piece(dy, axis % len(dy.shape), start, start + sizes[which])


squeeze_ = Primitive("squeeze", lambda dy, y, x, axis=None: reshape(dy, shape_of(x)))
flip_ = Primitive("flip", lambda dy, y, x, axis=None: flip_(dy, axis=axis))
concatenate_ = Primitive(
    "concatenate", part_of_concatenation, variadic=True,
    compute=lambda *arrays, axis=0: namespace(*arrays).concatenate(arrays, axis=axis),
)  # fmt: skip
moveaxis_ = Primitive("moveaxis", lambda dy, y, x, source, destination: moveaxis(dy, destination, source))
roll_ = Primitive("roll", lambda dy, y, x, shift, axis=None: roll_(dy, shift=opposite(shift), axis=axis))
tril_ = Primitive("tril", lambda dy, y, x, k=0: sum_to(tril_(dy, k=k), shape_of(x)))
triu_ = Primitive("triu", lambda dy, y, x, k=0: sum_to(triu_(dy, k=k), shape_of(x)))
pad_ = Primitive("pad", without_padding)
repeat_ = Primitive("repeat", sum_of_repeats)


def swapaxes(x: Array, axis1: int, axis2: int) -> Array:
    return shapes.swapaxes(x, axis1=axis1, axis2=axis2)


def squeeze(x: Array, axis: Axis = None) -> Array:
    return squeeze_(x, axis=axis)


def expand_dims(x: Array, axis: int | tuple[int, ...]) -> Array:
    return shapes.expand_dims(x, axis=axis)


def broadcast_to(x: Array, shape: int | tuple[int, ...]) -> Array:
    return shapes.broadcast_to(x, shape=shape)


def flip(x: Array, axis: Axis = None) -> Array:
    return flip_(x, axis=axis)


def concatenate(arrays: Sequence[Array], axis: int | None = 0) -> Array:
    if axis is None:
        return concatenate_(*(ravel(a) for a in arrays), axis=0)
    return concatenate_(*arrays, axis=axis)


def where(condition: Array, x: Any, y: Any) -> Array:
    return shapes.where(strip(condition), x, y)


def moveaxis(x: Array, source: Any, destination: Any) -> Array:
    return moveaxis_(x, source=source, destination=destination)


def roll(x: Array, shift: Any, axis: Any = None) -> Array:
    return roll_(x, shift=shift, axis=axis)


def tril(x: Array, k: int = 0) -> Array:
    return tril_(x, k=k)


def triu(x: Array, k: int = 0) -> Array:
    return triu_(x, k=k)


def pad(x: Array, pad_width: Any, mode: str = "constant", *, constant_values: float = 0.0) -> Array:
    if mode != "constant":
        raise DifferentiationError(f"pad is differentiated for mode='constant'. Received: {mode!r}.")
    if not shape_of(x):
        return x
    widths = numpy.broadcast_to(pad_width, (len(x.shape), 2)).tolist()
    return pad_(x, pad_width=tuple(map(tuple, widths)), constant_values=constant_values)


def flipud(x: Array) -> Array:
    return flip(x, 0)


def fliplr(x: Array) -> Array:
    return flip(x, 1)


# -- joined ------------------------------------------------------------------------------------------------------------


def stack(arrays: Sequence[Array], axis: int = 0) -> Array:
    return concatenate([expand_dims(a, axis) if shape_of(a) else reshape(a, (1,)) for a in arrays], axis)


def vstack(arrays: Sequence[Array]) -> Array:
    return concatenate([reshape(a, (1, -1)) if len(shape_of(a)) < 2 else a for a in arrays], 0)


def hstack(arrays: Sequence[Array]) -> Array:
    ones = [reshape(a, (1,)) if not shape_of(a) else a for a in arrays]
    return concatenate(ones, 0 if len(shape_of(ones[0])) == 1 else 1)


def column_stack(arrays: Sequence[Array]) -> Array:
    return concatenate([reshape(a, (-1, 1)) if len(shape_of(a)) < 2 else a for a in arrays], 1)


def append(x: Array, values: Array, axis: int | None = None) -> Array:
    return concatenate([x, values], axis)


# -- cut ---------------------------------------------------------------------------------------------------------------


def split(x: Array, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Array]:
    n, parts = x.shape[axis], indices_or_sections
    if isinstance(parts, int | numpy.integer) and n % parts:
        raise ValueError(f"an axis of length {n} cannot be split into {parts} equal parts")
    return array_split(x, parts, axis)


def array_split(x: Array, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Array]:
    n, parts = x.shape[axis], indices_or_sections
    if isinstance(parts, int | numpy.integer):  # the first n % parts are longer by one
        ends = [(i + 1) * (n // parts) + min(i + 1, n % parts) for i in range(parts - 1)]
    else:
        ends = [int(end) for end in parts]
    axis = normalize_axis_index(axis, len(x.shape))
    return [piece(x, axis, start, stop) for start, stop in zip([0, *ends], [*ends, n], strict=True)]


# -- picked ------------------------------------------------------------------------------------------------------------


def take(x: Array, indices: Any, axis: int | None = None) -> Array:
    if axis is None:
        return ravel(x)[indices]
    return x[(slice(None),) * normalize_axis_index(axis, len(x.shape)) + (indices,)]


def take_along_axis(x: Array, indices: Any, axis: int | None = -1) -> Array:
    """``y_ijk = x_(i, j, indices_ijk)`` for the last axis; an element that is picked twice gets both gradients."""
    if axis is None:
        x, axis = ravel(x), 0
    indices, ndim = strip(indices), len(x.shape)
    axis = normalize_axis_index(axis, ndim)
    places = [namespace(x).arange(n).reshape([-1 if i == j else 1 for j in range(ndim)]) for i, n in enumerate(x.shape)]
    return x[(*places[:axis], indices, *places[axis + 1 :])]


def sort(x: Array, axis: int | None = -1, kind: str | None = None, *, stable: bool | None = None) -> Array:
    """The elements where ``argsort`` finds them. Equal ones keep their order, so each has the slope of its place."""
    if axis is None:
        x, axis = ravel(x), -1
    return take_along_axis(x, namespace(x).argsort(strip(x), axis=axis, kind="stable"), axis)


def diagonal(x: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    matrices = moveaxis(x, (axis1, axis2), (-2, -1))
    down, right = max(-offset, 0), max(offset, 0)
    i = namespace(x).arange(max(0, min(x.shape[axis1] - down, x.shape[axis2] - right)))
    return matrices[..., i + down, i + right]


def diag(x: Array, k: int = 0) -> Array:
    """The diagonal of a matrix; of a vector the matrix that has it as its diagonal."""
    if len(x.shape) == 2:
        return diagonal(x, k)
    i, n = namespace(x).arange(x.shape[0]), x.shape[0] + abs(k)
    return scatter(x, index=(i + max(-k, 0), i + max(k, 0)), shape=(n, n))


# -- repeated ----------------------------------------------------------------------------------------------------------


def repeat(x: Array, repeats: int, axis: int | None = None) -> Array:
    if not is_int(repeats):
        raise DifferentiationError(
            f"repeat is differentiated for one number of repeats for all elements. Received: {repeats!r}. "
            "Index instead: x[np.repeat(np.arange(len(x)), repeats)]."
        )
    return repeat_(ravel(x) if axis is None else x, repeats=repeats, axis=0 if axis is None else axis)


def tile(x: Array, reps: int | tuple[int, ...]) -> Array:
    """Copies side by side: an axis for the copies before each axis, along which x is broadcast, then both in one."""
    times = (reps,) if isinstance(reps, int | numpy.integer) else tuple(reps)
    shape = (1,) * (len(times) - len(shape_of(x))) + shape_of(x)
    times = (1,) * (len(shape) - len(times)) + times
    once = reshape(x, tuple(length for n in shape for length in (1, n)))
    copies = broadcast_to(once, tuple(length for pair in zip(times, shape, strict=True) for length in pair))
    return reshape(copies, tuple(r * n for r, n in zip(times, shape, strict=True)))


TABLE = {
    getattr(numpy, f.__name__): f
    for f in (
        swapaxes, squeeze, expand_dims, broadcast_to, flip, concatenate, where,
        moveaxis, roll, tril, triu, pad, flipud, fliplr, stack, vstack, hstack, column_stack, append, split,
        array_split, take, take_along_axis, sort, diagonal, diag, repeat, tile,
    )
}  # fmt: skip
