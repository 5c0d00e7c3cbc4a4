"""A product and a sum are rounded as often in every tile of a convolution; the core's test_fused.py says more."""

from __future__ import annotations

import platform

import numpy as np
import pytest
from pellucid import get_ops
from pellucid_cnn.geometry import Geometry

core = pytest.importorskip("pellucid.ops.kernels", reason="the core's kernels are not compiled").native
native = pytest.importorskip("pellucid_cnn.kernels.native", reason="the kernels are not compiled")
A, B = np.float32(1 + 2**-12), np.float32(1 + 3 * 2**-13)
ROUNDED = A * B
LOST = np.float32(float(A) * float(B) - float(ROUNDED))
"""What A·B loses when it is rounded: ``−ROUNDED·1 + A·B`` where that is rounded once, and 0 where twice."""


def rows(first: np.float32, second: np.float32, width: int) -> np.ndarray:
    """One image of one row of two pixels, whose channels are alike."""
    return np.repeat(np.array([first, second], np.float32), width).reshape(1, 1, 2, width)


def columns(first: np.float32, second: np.float32, height: int) -> np.ndarray:
    """One image of one row of pixels that are alike, of two channels."""
    return np.tile(np.array([first, second], np.float32), height).reshape(1, 1, height, 2)


def convolutions(height: int, width: int) -> dict[str, np.ndarray]:
    """Results of height pixels or channels and width features, whose elements are all −ROUNDED·1 + A·B."""
    ops, one = get_ops("cython"), np.float32(1)
    x, weight = columns(-ROUNDED, A, height), rows(one, B, width)
    y = np.zeros((1, 1, height, width), np.float32)
    dx, scattered, dweight = y.copy(), y.copy(), y.copy()
    native.conv2d_forward(ops, x, weight, None, Geometry(), "identity", y, None)
    taps = weight.reshape(1, 2, 1, width)
    native.conv2d_forward(ops, x.reshape(1, 1, -1, 1), taps, None, Geometry((1, 2)), "identity", scattered, None)
    turned = np.ascontiguousarray(weight.swapaxes(2, 3))
    native.conv2d_backward(ops, x, dx, turned, None, None, Geometry(), "identity", None, None, None, dx)
    image, slopes = rows(-ROUNDED, A, height), rows(one, B, width)
    native.conv2d_backward(ops, slopes, image, dweight, None, None, Geometry(), "identity", None, dweight, None, None)
    return {"y": y, "dx": dx, "y of scattered numbers": scattered, "dweight": dweight}


def test_a_product_is_fused_in_every_tile(simd: str) -> None:
    wanted = LOST if simd != "generic" or platform.machine() in ("aarch64", "arm64") else 0
    for height in (*range(1, 10), 13):
        for width in (1, 3, 4, 7, 8, 9, 16, 17, 24, 31, 32, 40, 48, 51):
            for name, result in convolutions(height, width).items():
                assert (result == wanted).all(), (name, height, width, result)
