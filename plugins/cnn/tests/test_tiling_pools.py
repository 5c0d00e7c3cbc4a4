"""Windows that tile an image write each pixel's gradient once; where they leave some out, those are 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pellucid.standard.ops.base import ReferenceOps
from pellucid_cnn.geometry import Geometry, output_size
from pellucid_cnn.ops import pooling

native = pytest.importorskip("pellucid_cnn.kernels.native", reason="the kernels are not compiled")
OPS = ReferenceOps()


@pytest.mark.parametrize(
    ("sides", "kernel", "how"),
    [
        ((4, 6), (2, 2), {}), ((6, 4), (3, 2), {}), ((5, 4), (2, 2), {}), ((4, 5), (2, 2), {}),
        ((4, 4), (2, 2), {"dilation": (2, 1), "padding": (0, 1, 0, 0)}),
        ((4, 4), (2, 2), {"dilation": (1, 2), "padding": (0, 0, 0, 1)}),
        ((4, 4), (2, 2), {"padding": (1, 1, 0, 0)}), ((4, 4), (2, 2), {"padding": (0, 0, 1, 1)}),
        ((4, 4), (2, 2), {"stride": (1, 2)}), ((4, 4), (2, 2), {"stride": (2, 1)}),
        ((4, 4), (1, 1), {"dilation": (2, 2)}), ((6, 6), (2, 2), {"stride": (3, 3)}),
        ((6, 6), (3, 3), {"stride": (2, 2)}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("channels", [3, 33])
def test_gradients_are_the_references(sides: Any, kernel: Any, how: dict[str, Any], channels: int, simd: str) -> None:
    g = Geometry(**({"stride": kernel, "padding": (0, 0, 0, 0)} | how))
    places = [output_size(side, size, stride, ends, dilation) for side, size, stride, ends, dilation in zip(
        sides, kernel, g.stride, (g.padding[:2], g.padding[2:]), g.dilation, strict=True)]  # fmt: skip
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, *sides, channels)).astype(np.float32)
    y, argmax = np.empty((2, *places, channels), np.float32), np.empty((2, *places, channels), np.uint8)
    pooling.max_pool2d_forward(OPS, x, kernel, g, y, argmax)
    dy = rng.normal(size=y.shape).astype(np.float32)
    ours, theirs = np.full(x.shape, 7.0, np.float32), np.full(x.shape, 7.0, np.float32)
    native.max_pool2d_backward(OPS, dy, argmax, kernel, g, ours)
    pooling.max_pool2d_backward(OPS, dy, argmax, kernel, g, theirs)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
