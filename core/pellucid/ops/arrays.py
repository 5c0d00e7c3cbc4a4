"""Array operations: making arrays, copying, scaling, gathering, sums of squares, and the cells of the training loop."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy

from pellucid.basics.arrays import Array
from pellucid.basics.errors import DataError


class ArrayOps:
    """What is done with arrays as such. The rules that hold for every op stand in ``Ops``."""

    xp: Any

    # -- making arrays ------------------------------------------------------------------------------------------

    def empty(self, shape: int | tuple[int, ...], dtype: Any) -> Array:
        """A new C-contiguous array of any content."""
        return self.xp.empty(shape, dtype=dtype)

    def zeros(self, shape: int | tuple[int, ...], dtype: Any) -> Array:
        """A new C-contiguous array of zeros."""
        return self.xp.zeros(shape, dtype=dtype)

    def asarray(self, host: Any, dtype: Any = None) -> Array:
        """The host's array, list or number as an array of this backend; shares memory where that is possible."""
        return self.xp.asarray(host, dtype=dtype)

    def to_host(self, a: Array) -> numpy.ndarray:
        """An array of any backend as ``numpy.ndarray``; on a host backend it shares memory, so copy before handing it
        out."""
        if type(a) is numpy.ndarray:
            return a
        return numpy.asarray(a.get() if hasattr(a, "get") else a)  # CuPy's have a get

    def quiet(self) -> AbstractContextManager[Any]:
        """Within: overflow and invalid operations give infinity and NaN without a warning from NumPy.

        The finite check of the training step finds and names them; a warning beside it would only be noise.
        """
        return numpy.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore")

    # -- whole arrays -------------------------------------------------------------------------------------------

    def fill(self, out: Array, value: float) -> None:
        """out = value."""
        out[...] = value

    def copy(self, x: Array, out: Array) -> None:
        """out = x, converted to the dtype of ``out``. x: the shape of ``out``, any dtype."""
        out[...] = x

    def scale(self, out: Array, factor: float) -> None:
        """out ← factor · out."""
        out *= factor

    def add_scaled(self, out: Array, x: Array, factor: float) -> None:
        """out ← out + factor · x. x: shape and dtype of ``out``."""
        out += factor * x

    def lerp(self, out: Array, x: Array, rate: float) -> None:
        """out ← out + rate · (x − out): the step of an exponential moving average. x: shape and dtype of ``out``."""
        out += rate * (x - out)

    def gather(self, source: Array, index: Array, out: Array) -> None:
        """out[i] = source[index[i]]: the rows of a minibatch.

        source: (M, …) any dtype; index: (n,) int64 of the backend or of the host, 0 ≤ index < M; out: (n, …) the dtype
        of ``source``.

        Raises:
            DataError: an index is out of range; ``out`` is untouched then.
        """
        if index.shape[0] and not (int(index.min()) >= 0 and int(index.max()) < source.shape[0]):
            raise DataError(
                f"Cannot gather rows: an index lies outside 0 … {source.shape[0] - 1}. "
                f"Received: {int(index.min())} … {int(index.max())}. Check how the row numbers were made."
            )
        out[...] = source[self.asarray(index)]

    def sum_squares(self, x: Array, out: Array) -> None:
        """out = Σ x², accumulated in float64. x: any shape; out: float64 0-d.

        Infinity and NaN in ``x`` give a non-finite sum, so this is also the finite check and the global norm's square.
        """
        with self.quiet():
            wide = x.astype("float64")
            out[...] = self.xp.sum(wide * wide)

    def clip_norm(self, out: Array, sum_squares: Array, limit: float) -> None:
        """out ← out · min(1, limit/‖out‖), where ‖out‖ = √sum_squares: clipping by the global norm.

        sum_squares: float64 0-d, as ``sum_squares(out, …)`` left it; limit > 0. A zero gradient stays zero.
        """
        norm = self.xp.sqrt(sum_squares.reshape(1))
        out *= (limit / self.xp.maximum(norm, limit)).astype(out.dtype)

    # -- cells: the values of a training loop that change from step to step ----------------------------------------

    def increment(self, cell: Array) -> None:
        """cell ← cell + 1. cell: int64 0-d."""
        cell += 1

    def guard_finite(self, cell: Array) -> bool:
        """Whether the value is finite. cell: float64 0-d. While a plan is replayed, a value that is not stops it."""
        return bool(self.xp.isfinite(cell))

    def next_rows(self, order: Array, cursor: Array, index: Array) -> None:
        """index = order[cursor : cursor + n]; cursor ← cursor + n.

        order: (M,) int64; cursor: int64 0-d, cursor + n ≤ M (the caller sees to it); index: (n,) int64; all three on
        the host or all on the device.
        """
        n = index.shape[0]
        start = int(cursor)
        index[...] = order[start : start + n]
        cursor += n
