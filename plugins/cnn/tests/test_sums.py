"""Sums over pixels and images: of 50,000 alike one chain in float32 is off by 5e-4, blocks and doubles by 1e-6."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pellucid.standard.ops.base import ReferenceOps
from pellucid_cnn.geometry import Geometry
from pellucid_cnn.ops import convolution, group_norm, pooling

OPS = ReferenceOps()
TENTH = float(np.float32(0.1))


def alike(*shape: int) -> Any:
    return np.full(shape, 0.1, np.float32)


def levels() -> tuple[str, ...]:
    try:
        from pellucid.ops.kernels import native
        from pellucid_cnn.kernels import native as ours
    except ImportError:  # nothing is compiled
        return ()
    return tuple(native.simd_levels()) if ours else ()


@pytest.fixture(params=["reference", *levels()])
def kernels(request: pytest.FixtureRequest) -> Iterator[Any]:
    """What has the ops as its functions: the references, or the kernels of one instruction set."""
    if request.param == "reference":
        yield SimpleNamespace(**vars(convolution) | vars(group_norm) | vars(pooling))
        return
    from pellucid.ops.kernels import native as core
    from pellucid_cnn.kernels import native

    before = core.simd_level()
    core.use_simd(request.param)
    yield native
    core.use_simd(before)


@pytest.mark.parametrize("op", ["conv2d_backward", "conv_transpose2d_backward"])
@pytest.mark.parametrize(
    "size", [(1, 224, 224, 1, 2), (64, 28, 28, 1, 1), (6250, 2, 4, 1, 2), (1, 120, 120, 16, 16)], ids=str
)
def test_convolutions(kernels: Any, op: str, size: tuple[int, ...]) -> None:
    n, h, w, c, f = size
    kernel, geometry = (3, 3) if c > 1 else (1, 1), Geometry(padding=(1, 1, 1, 1) if c > 1 else (0, 0, 0, 0))
    x, dy = alike(n, h, w, c), alike(n, h, w, f)
    channels = (c, f) if op == "conv2d_backward" else (f, c)
    weight, dbias = np.zeros((*kernel, *channels), np.float32), np.zeros(f, np.float32)
    getattr(kernels, op)(OPS, dy, x, weight, None, None, geometry, "identity", None, weight, dbias, None)
    np.testing.assert_allclose(dbias, n * h * w * TENTH, rtol=1e-6)
    middle = weight[kernel[0] // 2, kernel[1] // 2]
    np.testing.assert_allclose(middle, n * h * w * TENTH**2, rtol=5e-6)


@pytest.mark.parametrize("size", [(1, 50_000, 4), (50_000, 1, 4)], ids=str)
def test_group_normalisation(kernels: Any, size: tuple[int, ...]) -> None:
    n, p, c = size
    x, dgamma, dbeta = alike(n, p, c), np.zeros(c, np.float32), np.zeros(c, np.float32)
    of_groups = np.zeros((n, 2), np.float32), np.ones((n, 2), np.float32), 2
    kernels.group_norm_backward(OPS, x, x, np.ones(c, np.float32), *of_groups, dgamma, dbeta, None)
    np.testing.assert_allclose(dbeta, n * p * TENTH, rtol=2e-6)
    np.testing.assert_allclose(dgamma, n * p * TENTH**2, rtol=2e-6)


def test_the_mean_of_an_image(kernels: Any) -> None:
    x, y = alike(1, 211, 223, 65), np.empty((1, 1, 1, 65), np.float32)
    kernels.average_pool2d_forward(OPS, x, x.shape[1:3], Geometry(), y)
    np.testing.assert_allclose(y, TENTH, rtol=1e-6)
