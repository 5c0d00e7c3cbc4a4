"""guarded: a backend whose new memory holds NaN and is fenced in, so that who reads or writes elsewhere is seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any
from unittest.mock import patch

import numpy as np

from pellucid.glassbox.failure import require
from pellucid.standard.ops.base import Ops

FENCE = 64
"""Bytes on both sides of an array; a multiple keeps it aligned."""
FILLED = 0xFF
"""A byte of NaN, of −1."""


class Fences:
    """The arrays that were made, with what lies around them."""

    def __init__(self) -> None:
        self._blocks: list[tuple[Any, int, int]] = []

    def empty(self, shape: Any, dtype: Any = float, *_: Any, **__: Any) -> Any:
        """A new array that holds NaN, between two fences."""
        shape, dtype = (shape,) if isinstance(shape, int | np.integer) else tuple(shape), np.dtype(dtype)
        size = prod(shape) * dtype.itemsize
        block = np.full(size + 3 * FENCE, FILLED, np.uint8)
        start = FENCE + -block.ctypes.data % FENCE
        self._blocks.append((block, start, size))
        array = block[start : start + size].view(dtype).reshape(shape)
        if dtype.kind == "b":
            array[...] = True
        return array

    def copy(self, array: Any) -> Any:
        """The same numbers between two fences."""
        made = self.empty(array.shape, array.dtype)
        made[...] = array
        return made

    def require_whole(self, when: str) -> None:
        """Raise ConformanceError if something was written outside of an array."""
        for block, start, size in self._blocks:
            around = np.concatenate([block[:start], block[start + size :]])
            written = int((around != FILLED).sum())
            require(not written, f"A kernel writes outside of its array of {size} bytes {when}.",
                    expected="nothing written before it or behind it", received=f"{written} bytes",
                    remedy="Let loops end where the array does; the last vector of a row may be a part of one.",
            )  # fmt: skip
        self._blocks.clear()


@contextmanager
def guarded(ops: Ops) -> Iterator[tuple[Ops, Fences]]:
    """Within: the same backend with inputs and memory between fences; NumPy's ``empty``, as wrappers call it, too."""
    fences = Fences()
    if not isinstance(ops.empty(1, "float32"), np.ndarray):  # the memory of a device, which this cannot fence in
        yield ops, fences
        return

    def asarray(_: Ops, host: Any, dtype: Any = None) -> Any:
        return fences.copy(ops.asarray(host, dtype))

    def empty(_: Ops, shape: Any, dtype: Any) -> Any:
        return fences.empty(shape, dtype)

    kind = type("Guarded", (type(ops),), {"asarray": asarray, "empty": empty})
    twin: Ops = object.__new__(kind)  # not copy.copy: a copied backend is the one that all models share
    twin.__dict__.update(ops.__dict__)
    with patch.object(np, "empty", fences.empty):
        yield twin, fences
