"""Where Winograd's method is taken: kernels that hand pixels on show it, as all others do that without error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pellucid.standard.ops.base import ReferenceOps
from pellucid_cnn.geometry import Geometry, output_size
from pellucid_cnn.ops import convolution

native = pytest.importorskip("pellucid_cnn.kernels.native", reason="the kernels are not compiled")
SIDES, CHANNELS, TAPS = (8, 9), (16, 16), (3, 3)


@pytest.mark.parametrize("op", ["conv2d_forward", "conv_transpose2d_forward"])
@pytest.mark.parametrize(
    ("sides", "channels", "taps", "how", "winograd"),
    [
        (SIDES, CHANNELS, TAPS, {}, True), (SIDES, (32, 16), TAPS, {}, True), (SIDES, (16, 48), TAPS, {}, True),
        ((6, 7), CHANNELS, TAPS, {}, True), ((5, 8), CHANNELS, TAPS, {}, True),  # of 3 x 4 blocks of 2 x 2 pixels
        ((6, 6), CHANNELS, TAPS, {}, False), ((2, 22), CHANNELS, TAPS, {}, False), ((2, 23), CHANNELS, TAPS, {}, True),
        (SIDES, (8, 16), TAPS, {}, False), (SIDES, (16, 8), TAPS, {}, False), (SIDES, (17, 16), TAPS, {}, False),
        (SIDES, (16, 17), TAPS, {}, False), (SIDES, CHANNELS, (4, 3), {}, False), (SIDES, CHANNELS, (3, 4), {}, False),
        (SIDES, CHANNELS, (2, 3), {}, False), (SIDES, CHANNELS, (3, 2), {}, False),
        ((18, 18), CHANNELS, TAPS, {"stride": (2, 1)}, False), ((18, 18), CHANNELS, TAPS, {"stride": (1, 2)}, False),
        (SIDES, CHANNELS, TAPS, {"dilation": (2, 1)}, False), (SIDES, CHANNELS, TAPS, {"dilation": (1, 2)}, False),
        (SIDES, (32, 32), TAPS, {"groups": 2}, False),
    ],
)  # fmt: skip
def test_it_is_taken_where_it_pays_and_fits(
    op: str, sides: Any, channels: Any, taps: Any, how: dict[str, Any], winograd: bool, simd: str
) -> None:
    g = Geometry(padding=(1, 1, 1, 1), **how)
    (height, width), (inner, outer) = sides, channels
    places = [output_size(height, taps[0], g.stride[0], (1, 1), g.dilation[0]),
              output_size(width, taps[1], g.stride[1], (1, 1), g.dilation[1])]  # fmt: skip
    weight = np.zeros((*taps, inner // g.groups, outer), np.float32)
    weight[1, 1, range(min(inner // g.groups, outer)), range(min(inner // g.groups, outer))] = 1.0
    large, small = (2, height, width, inner), (2, *places, outer)
    given, made = (large, small) if op == "conv2d_forward" else (small, large)
    x = np.random.default_rng(0).normal(size=given).astype(np.float32)
    found = [np.full(made, 7.0, np.float32) for _ in range(2)]
    for y, forward in zip(found, (getattr(native, op), getattr(convolution, op)), strict=True):
        forward(ReferenceOps(), x, weight, None, g, "identity", y, None)
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)
    assert np.array_equal(found[0], found[1]) != winograd
