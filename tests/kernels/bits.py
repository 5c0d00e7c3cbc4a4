"""A hash of the bits of every op's results, a line for each size and level: ``python -m tests.kernels.bits``.

Run on kernels that different compilers made, on one machine, the lines are the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
from pellucid.ops.kernels import native
from pellucid.standard.ops.activations import ACTIVATIONS
from pellucid.standard.ops.cython import CythonOps

from tests.kernels.cases import DENSE_SIZES, GROUPS, SIZES, Call, Draw, dense_calls


def calls() -> Iterator[tuple[object, Call]]:
    """All ops on all sizes of the tests; what names the size, and the call."""
    for size in SIZES:
        for group in GROUPS.values():
            yield from ((size, call) for call in group(Draw(2), *size))
    for dense in DENSE_SIZES:
        for activation in ACTIVATIONS:
            yield from (((*dense, activation), call) for call in dense_calls(Draw(3), *dense, activation))


def bits(results: list[object]) -> str:
    arrays = [np.ascontiguousarray(result) for result in results if isinstance(result, np.ndarray)]
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()[:16]


if __name__ == "__main__":
    for level in native.simd_levels():
        native.use_simd(level)
        for size, call in calls():
            print(level, size, call.op, bits(call.run(CythonOps())))
