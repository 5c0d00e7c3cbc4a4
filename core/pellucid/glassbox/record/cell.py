"""A cell of an array, as users write it, checked."""

from __future__ import annotations

from typing import Any

from pellucid.basics.checks import is_int
from pellucid.basics.errors import DataError

Cell = tuple[int, ...]


def check_cell(name: str, shape: tuple[int, ...], cell: Any) -> Cell:
    """A cell of an array of this shape as a tuple of ints; those from the end count backwards.

    Raises:
        DataError: there is no such cell.
    """
    indices = cell if isinstance(cell, tuple | list) else (cell,)
    good = all(is_int(i) for i in indices) and len(indices) == len(shape)
    if not good or not all(-n <= i < n for i, n in zip(indices, shape, strict=True)):
        example = tuple(n - 1 for n in shape)
        raise DataError(
            f"'{name}' has no cell {cell!r}: its shape is {shape}. "
            + (f"Give one index for each axis, such as {example}." if shape else "It is one number: give ().")
        )
    return tuple(int(i) % n for i, n in zip(indices, shape, strict=True))
