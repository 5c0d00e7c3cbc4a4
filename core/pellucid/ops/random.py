"""Counter-based randomness: every element is a hash of (key, row, column), so nothing depends on the order of work."""

from __future__ import annotations

import math
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np

from pellucid.basics.arrays import Array
from pellucid.ops.arrays import ArrayOps

GOLDEN = 0x9E3779B97F4A7C15
"""2⁶⁴ divided by the golden ratio, odd: the stride of splitmix64."""


_MASK = (1 << 64) - 1


def mix(z: int) -> int:
    """The splitmix64 finalizer: a bijection of 64-bit integers whose output bits look random (Steele et al., 2014)."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def site_key(text: str) -> int:
    """A 64-bit constant for a place in the network, the same in every process."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


class Stream(NamedTuple):
    """Names the random numbers of one call: element (r, j) depends only on the step's key, the call site, the row and
    j. So the bits are the same for every backend, number of threads and split into micro-batches.

    Attributes:
        cell: uint64 array ``[step_key, row_offset]``, rewritten in place at every step.
        site: constant of the call site.
        rows: int64 array with the identity of each row (evaluation), or None for ``row_offset + r`` (training).
    """

    cell: np.ndarray[Any, Any]
    site: int
    rows: np.ndarray[Any, Any] | None


class RandomOps(ArrayOps):
    """Element (r, j) of an array with E elements a row has the bits of splitmix64 (Steele, Lea & Flood, 2014):

    bits = mix(key + (c + 1)·GOLDEN) with key = mix(step_key ⊕ mix(site)), c = row·E + j, all modulo 2⁶⁴,

    where (step_key, row_offset) = ``stream.cell``, site = ``stream.site`` and row = ``stream.rows[r]``, or
    row_offset + r if ``rows`` is None; cell and rows are arrays of the backend or of the host. The first axis of
    ``out`` is the batch. Equal bits on every backend.
    """

    def dropout(self, x: Array, rate: float, stream: Stream, out: Array) -> None:
        """out = x/(1 − rate) where u ≥ rate, else exactly 0, with u = ⌊bits/2⁴⁰⌋·2⁻²⁴ for either dtype.

        The backward is the same call on dy. x, out: one shape and floating dtype; 0 ≤ rate < 1; out may be x.
        Kept exactly where ⌊bits/2⁴⁰⌋ ≥ ⌈rate·2²⁴⌉, a comparison of integers.
        """
        threshold = math.ceil(rate * 2**24)
        kept = (self._bits(stream, out.shape) >> 40) >= threshold
        out[...] = self.xp.where(kept, x * (1 / (1 - rate)), 0)

    def random_uniform(self, stream: Stream, out: Array) -> None:
        """out uniform in [0, 1): ⌊bits/2⁴⁰⌋·2⁻²⁴ in float32, ⌊bits/2¹¹⌋·2⁻⁵³ in float64."""
        digits = 24 if out.dtype.itemsize == 4 else 53
        out[...] = (self._bits(stream, out.shape) >> (64 - digits)).astype("float64") * 2.0**-digits

    def random_normal(self, stream: Stream, out: Array) -> None:
        """out ~ N(0, 1) by Box and Muller (1958): √(−2 ln u₁) cos 2πu₂, computed in float64.

        u₁ = (⌊bits/2³²⌋ + ½)·2⁻³² is never 0; u₂ = (bits mod 2³²)·2⁻³².
        """
        xp = self.xp
        bits = self._bits(stream, out.shape)
        u1 = ((bits >> 32).astype("float64") + 0.5) * 2.0**-32
        u2 = (bits & 0xFFFFFFFF).astype("float64") * 2.0**-32
        out[...] = xp.sqrt(-2 * xp.log(u1)) * xp.cos(2 * math.pi * u2)

    def _bits(self, stream: Stream, shape: tuple[int, ...]) -> Array:
        """The 64 bits of every element, as uint64 of this shape."""
        xp = self.xp
        rows, per_row = shape[0], math.prod(shape[1:])
        cell = self.asarray(stream.cell)
        key = self._mix(cell[:1] ^ self._constant(mix(stream.site)))
        if stream.rows is None:
            row = cell[1:] + xp.arange(rows, dtype="uint64")
        else:
            row = self.asarray(stream.rows).astype("uint64")
        count = row.reshape(-1, 1) * self._constant(per_row) + xp.arange(1, per_row + 1, dtype="uint64")
        return self._mix(key + count * self._constant(GOLDEN)).reshape(shape)

    def _mix(self, z: Array) -> Array:
        """``context.mix`` on arrays: the finaliser of splitmix64."""
        z = (z ^ (z >> 30)) * self._constant(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> 27)) * self._constant(0x94D049BB133111EB)
        return z ^ (z >> 31)

    def _constant(self, value: int) -> Array:
        """A uint64 array of one element: wraps around modulo 2⁶⁴ in arithmetic, which a scalar does with a warning."""
        return self.asarray([value], "uint64")
