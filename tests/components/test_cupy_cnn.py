"""The kernels of the cnn plugin for CUDA, held against its references: on a GPU, or compiled for the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.components.support import REFERENCE, built, context
from tests.components.test_cupy_backend import GPU, needs_compiler

pytest.importorskip("pellucid_cnn")
from pellucid.registry.config import create

IMAGE = (5, 6, 4)
CASES: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("conv2d", {"filters": 6, "activation": "relu"}, IMAGE),
    ("conv2d", {"filters": 3, "kernel_size": (3, 2), "stride": (2, 1), "dilation": (1, 2), "padding": [0, 2]}, IMAGE),
    ("conv2d", {"filters": 2, "kernel_size": 3, "stride": (1, 2)}, IMAGE),
    ("conv2d", {"filters": 6, "groups": 2, "activation": "silu", "padding": "valid"}, IMAGE),
    ("conv2d", {"filters": 3, "kernel_size": 1, "use_bias": False}, IMAGE),
    ("conv_transpose2d", {"filters": 4, "stride": 2, "activation": "tanh"}, IMAGE),
    ("conv_transpose2d", {"filters": 6, "groups": 2, "kernel_size": 2}, IMAGE),
    ("max_pool2d", {}, IMAGE),
    ("max_pool2d", {"size": 3, "stride": (1, 2), "padding": "same"}, IMAGE),
    ("average_pool2d", {"size": (2, 3)}, IMAGE),
    ("average_pool2d", {"size": 3, "stride": 2, "padding": 1}, IMAGE),
    ("group_norm", {"groups": 2}, IMAGE),
    ("group_norm", {"groups": 1}, (24, 12, 4)),
    ("conv2d", {"filters": 8, "groups": 2}, (5, 6, 8)),
    ("upsample", {"factor": (2, 3)}, IMAGE),
]


@needs_compiler
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "arguments", "shape"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)])
def test_forward_and_backward(name: str, arguments: dict[str, Any], shape: tuple[int, ...], dtype: str) -> None:
    layer, its_layer = (
        built(create("layer", f"cnn/{name}", **arguments), shape, ops=ops, dtype=dtype) for ops in (REFERENCE, GPU)
    )
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, *shape)).astype(dtype)
    x[:, 1] = np.round(x[:, 1])  # equal numbers, so that the first of them counts
    ctx, its_ctx = context(dtype=dtype), context(GPU, dtype=dtype)
    y, its_y = layer.forward(ctx, x), its_layer.forward(its_ctx, GPU.asarray(x))
    tolerance = {"rtol": 1e-11, "atol": 1e-12} if dtype == "float64" else {"rtol": 1e-4, "atol": 2e-5}
    np.testing.assert_allclose(GPU.to_host(its_y), y, **tolerance)
    dy = rng.normal(size=y.shape).astype(dtype)
    dx, its_dx = layer.backward(ctx, dy), its_layer.backward(its_ctx, GPU.asarray(dy))
    np.testing.assert_allclose(GPU.to_host(its_dx), dx, **tolerance)
    for p, its_p in zip(layer.parameters(), its_layer.parameters(), strict=True):
        np.testing.assert_allclose(GPU.to_host(its_p.grad), p.grad, **tolerance, err_msg=p.path)


@needs_compiler
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_group_norm_of_a_constant_image_is_its_shift(dtype: str) -> None:
    layer = built(create("layer", "cnn/group_norm", groups=2), (7, 11, 6), ops=GPU, dtype=dtype)
    for value in (0.1, 1 / 3, 12345.678, 1e7, -1e8):
        x = GPU.asarray(np.full((1, 7, 11, 6), value, dtype))
        y = GPU.to_host(layer.forward(context(GPU, dtype=dtype), x))
        np.testing.assert_array_equal(y, np.broadcast_to(GPU.to_host(layer.beta.data), y.shape))


@needs_compiler
def test_channels_joined_and_taken_apart() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(3, 2, 4)), rng.normal(size=(3, 2, 3))
    y, its_y = np.empty((3, 2, 7)), GPU.empty((3, 2, 7), "float64")
    REFERENCE.op("cnn/concatenate")(a, b, y)
    GPU.op("cnn/concatenate")(GPU.asarray(a), GPU.asarray(b), its_y)
    np.testing.assert_array_equal(GPU.to_host(its_y), y)
    its_a, its_b = GPU.empty(a.shape, "float64"), GPU.empty(b.shape, "float64")
    GPU.op("cnn/split")(its_y, its_a, its_b)
    np.testing.assert_array_equal(GPU.to_host(its_a), a)
    np.testing.assert_array_equal(GPU.to_host(its_b), b)


@needs_compiler
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_images_read_at_any_place(dtype: str) -> None:
    rng = np.random.default_rng(0)
    x, grid = rng.normal(size=(3, *IMAGE)).astype(dtype), rng.uniform(-2, 8, (3, 4, 3, 2)).astype(dtype)
    y, its_y = np.empty((3, 4, 3, 4), dtype), GPU.empty((3, 4, 3, 4), dtype)
    REFERENCE.op("cnn/warp")(x, grid, y)
    GPU.op("cnn/warp")(GPU.asarray(x), GPU.asarray(grid), its_y)
    np.testing.assert_allclose(GPU.to_host(its_y), y, rtol=1e-4 if dtype == "float32" else 1e-11, atol=1e-5)


@needs_compiler
def test_many_images_are_taken_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    from pellucid_cnn.cuda import convolution

    monkeypatch.setattr(convolution, "MOST", 1)
    test_forward_and_backward("conv2d", {"filters": 6, "groups": 2}, IMAGE, "float64")
