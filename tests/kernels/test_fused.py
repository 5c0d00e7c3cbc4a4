"""How often a product and a sum are rounded does not depend on where an element stands: neither on the tile of a matrix
product, nor on whether a loop meets it in whole vectors or beside them. Compilers would choose that freely."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import pytest
from pellucid.standard.ops.cython import CythonOps

from tests.checkout import ROOT
from tests.kernels.cases import GROUPS, Call, Draw

OPS = CythonOps()
A, B = np.float32(1 + 2**-12), np.float32(1 + 3 * 2**-13)
ROUNDED = A * B
LOST = np.float32(float(A) * float(B) - float(ROUNDED))
"""What A·B loses when it is rounded: ``−ROUNDED·1 + A·B`` where that is rounded once, and 0 where twice."""
RANDOM_OR_MOVED = {"dropout", "random_uniform", "random_normal", "gather", "softmax_cross_entropy", "next_rows"}


def rounded_once(simd: str) -> bool:
    return simd != "generic" or platform.machine() in ("aarch64", "arm64")


def full(rows: tuple[np.float32, ...], width: int) -> np.ndarray:
    return np.repeat(np.array(rows, np.float32)[:, None], width, axis=1)


def products(rows: int, columns: int) -> list[np.ndarray]:
    """y, dx and dW of these sizes, whose elements are all −ROUNDED·1 + A·B."""
    y, dx, dweight = np.zeros((3, rows, columns), np.float32)
    left, right = full((-ROUNDED, A), rows), full((np.float32(1), B), columns)
    OPS.dense_forward(left.T.copy(), right, None, "identity", y, None)
    OPS.dense_backward(left.T.copy(), y, right.T.copy(), None, None, "identity", None, None, None, dx)
    OPS.dense_backward(right, left, y, None, None, "identity", None, dweight, None, None)
    return [y, dx, dweight]


def test_a_product_is_fused_in_every_tile(simd: str) -> None:
    """Tiles have 1 to 8 rows and 1 to 3 vectors of 4 to 16 columns, of which the last may not be full."""
    assert LOST != 0
    wanted = LOST if rounded_once(simd) else 0
    for rows in (*range(1, 10), 13):
        for columns in (1, 3, 4, 7, 8, 9, 16, 17, 24, 31, 32, 40, 48, 51):
            for result in products(rows, columns):
                assert (result == wanted).all(), (rows, columns, result)


def elementwise(n: int) -> list[Call]:
    """All calls whose elements do not differ: each argument is the same along its last axis."""
    calls = [call for group in GROUPS.values() for call in group(Draw(8), 3, n) if call.op not in RANDOM_OR_MOVED]
    for call in calls:
        call.arguments[:] = [alike(argument) for argument in call.arguments]
    return calls


def alike(argument: object) -> object:
    if not isinstance(argument, np.ndarray) or not argument.ndim:
        return argument
    return np.ascontiguousarray(np.broadcast_to(argument[..., :1], argument.shape))


@pytest.mark.parametrize("n", [7, 23, 61])
def test_an_element_is_the_same_in_vectors_and_beside_them(n: int, simd: str) -> None:
    for call in elementwise(n):
        for result in call.run(OPS):
            if np.shape(result)[-1:] in ((n,), (3 * n,)):
                assert (result == result[..., :1]).all(), (call.op, result)


COPIES = sorted(path for name in ("fused.h", "math.h") for path in ROOT.glob(f"plugins/*/ext/body/{name}"))


def test_there_are_copies() -> None:
    assert {("cnn", "fused.h"), ("recurrent", "fused.h"), ("recurrent", "math.h")} <= {
        (path.parents[2].name, path.name) for path in COPIES
    }


@pytest.mark.parametrize("copy", COPIES, ids=lambda path: f"{path.parents[2].name}-{path.name}")
def test_the_plugins_have_the_same(copy: Path) -> None:
    assert copy.read_text(encoding="utf-8") == (ROOT / "ext" / "body" / copy.name).read_text(encoding="utf-8")
