"""What makes a tree of layers a model: initialisation of its parameters, and the inputs that it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import prod
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, Shape, as_array, as_tuple, fits, parts_of, taken
from pellucid.basics.checks import is_size
from pellucid.basics.errors import ConfigError, DataError, PellucidError, ShapeError
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.names import column_names, reordered
from pellucid.interfaces.transform import as_read

BLOCK = 1 << 18
"""Numbers of an array that are made ready at a time, if one batch holds no more: one or two megabytes."""


def check_inputs(inputs: tuple[HostArray, ...], shapes: tuple[Shape, ...]) -> None:
    """Compare the shapes of whole inputs with those that the model, or its objective, takes."""
    if len(inputs) != len(shapes):
        raise ShapeError(f"The model takes {len(shapes)} input(s) of shapes {list(shapes)}. Received: {len(inputs)}.")
    for i, (x, shape) in enumerate(zip(inputs, shapes, strict=True)):
        if not fits(x.shape, (None, *shape)):
            wanted = ("N", *("any" if n is None else n for n in shape))
            hint = ""
            if x.shape == shape:
                hint = " A single sample needs a batch axis: x[None]."
            elif None not in shape and x.ndim > 1 and prod(x.shape[1:]) == prod(n or 0 for n in shape):
                hint = f" The sizes agree: x.reshape(-1, {', '.join(map(str, shape))}) would fit."
            raise ShapeError(
                f"Input {i} of the model must have shape ({', '.join(map(str, wanted))}), one sample a row. "
                f"Received: {tuple(x.shape)}.{hint}"
            )


def as_model_input(model: Layer, i: int, x: HostArray) -> HostArray:
    """Input i in the model's floating-point type, or as int64 or bool if it holds indices or masks."""
    if i not in model.integer_inputs:
        return in_type(f"Input {i}", x, require_runtime(model).dtype)
    if x.dtype.kind == "f":
        raise DataError(
            f"Input {i} of the model holds indices or masks and must be of integers or booleans. Received: dtype "
            f"{x.dtype}. Convert it: x.astype('int64')."
        )
    return np.ascontiguousarray(x, bool if x.dtype.kind == "b" else np.int64)


def in_type(what: str, x: HostArray, dtype: np.dtype[Any]) -> HostArray:
    """Numbers in a floating-point type; DataError if a finite one has become infinite in it."""
    if x.dtype.kind != "f" or x.dtype.itemsize <= dtype.itemsize or x.size == 0:
        return np.ascontiguousarray(x, dtype)
    with np.errstate(over="ignore", under="ignore"):
        converted = np.ascontiguousarray(x, dtype)
    if not (np.isfinite(converted.min()) and np.isfinite(converted.max())):
        lost = np.argwhere(np.isfinite(x) & ~np.isfinite(converted))
        if len(lost):
            row, *column = lost[0].tolist()
            of_row = f", column {column[0] if len(column) == 1 else tuple(column)}" if column else ""
            raise DataError(
                f"{what} holds a number too large for the model's {dtype}: {x[(row, *column)]} in row {row}{of_row}. "
                "Scale the data, or build the model with dtype='float64'."
            )
    return converted


def given_inputs(model: Layer, x: Any) -> tuple[HostArray, ...]:
    """``x`` as a tuple of host arrays: as the model's first transform reads it; else the columns of a data frame are
    found by their names."""
    x = as_read(require_runtime(model).transforms, x)
    given = [as_array(part, f"Input {i} of the model") for i, part in enumerate(as_tuple(x))]
    if (names := column_names(x)) is not None and (known := require_runtime(model).metadata.get("features")):
        given[0] = reordered(given[0], names, known, "the samples")
    return tuple(part if part.ndim else part[None] for part in given)


def transformed(model: Layer, x: Any, shapes: tuple[Shape, ...] | None = None) -> tuple[HostArray, ...]:
    """``x`` as :func:`given_inputs` has it, with the model's fitted transforms applied to the first, in its type.

    ``shapes`` are those that the inputs must have, if other than the model's.
    """
    return ready(model, given_inputs(model, x), shapes)


def ready(model: Layer, given: tuple[HostArray, ...], shapes: tuple[Shape, ...] | None = None) -> tuple[HostArray, ...]:
    """The same of what :func:`given_inputs` has looked at."""
    runtime, (first, *others) = require_runtime(model), given
    for transform in runtime.transforms:
        first = transform.apply(first)
    inputs = (first, *others)
    check_inputs(inputs, runtime.input_shapes if shapes is None else shapes)
    return tuple(as_model_input(model, i, part) for i, part in enumerate(inputs))


def ready_batches(
    arrays: tuple[Any, ...], batch_size: int, ready: Callable[..., tuple[Any, ...]]
) -> Iterator[tuple[slice, tuple[Any, ...]]]:
    """Which rows, and what ``ready`` makes of them, one batch after the other: it is given as many batches as fill a
    block, of each of several aligned arrays, tuples or tables of them, or Nones.

    An error is that of all rows together: its message counts them from the first.
    """
    width = max(prod(array.shape[1:]) for part in arrays for array in parts_of(part))
    for block in batches(len(arrays[0]), batch_size, BLOCK // max(1, width)):
        try:
            made = ready(*(taken(part, block) for part in arrays))
        except PellucidError:
            ready(*arrays)
            raise
        for rows in batches(block.stop - block.start, batch_size):
            place = slice(block.start + rows.start, block.start + rows.stop)
            yield place, tuple(taken(part, rows) for part in made)


def collected(batches: Iterable[tuple[slice, Any]], n: int) -> Any:
    """The n rows of which each batch holds some, an array or a tuple of them: a copy, which is all that is held.

    Raises:
        ShapeError: other than one row for each sample of a batch.
    """
    wholes: list[HostArray] = []
    for rows, batch in batches:
        parts = as_tuple(batch)
        wholes = wholes or [np.empty((n, *part.shape[1:]), part.dtype) for part in parts]
        for whole, part in zip(wholes, parts, strict=True):
            if len(part) != rows.stop - rows.start:
                raise ShapeError(
                    f"One row for each of {rows.stop - rows.start} samples was expected of what is computed in "
                    f"batches. Received: an array of shape {part.shape}. The first axis is the batch: let it stand."
                )
            whole[rows] = part
    return tuple(wholes) if isinstance(batch, tuple) else wholes[0]


def batches(n: int, batch_size: int, least: int = 0) -> Iterator[slice]:
    """Consecutive slices that cover n rows, each a batch, or the batches that ``least`` rows hold; at least one slice,
    so that no rows still give outputs of the right shape."""
    if not is_size(batch_size):
        raise ConfigError(f"The 'batch_size' must be an int of at least 1. Received: {batch_size!r}.")
    step = max(batch_size, least // batch_size * batch_size)
    for start in range(0, max(n, 1), step):
        yield slice(start, min(start + step, n))
