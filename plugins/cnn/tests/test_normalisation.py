"""group_norm against a loop over groups and its two limits; the core's batch_norm as the one for channels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import Context, Layer, get_ops

Array = Any


@pytest.fixture
def x() -> Array:
    return np.random.default_rng(0).normal(3.0, 2.0, size=(4, 3, 5, 6))


def built(name: str, **arguments: Any) -> Layer:
    layer = pl.build(name, input_shape=(3, 5, 6), dtype="float64", backend="reference", **arguments)
    rng = np.random.default_rng(1)
    for param in layer.parameters():
        param.data = rng.normal(size=param.shape)
    return layer


def run(layer: Layer, x: Array, dy: Array) -> tuple[Array, Array]:
    """y, dx."""
    ctx = Context(get_ops("reference"), training=True, dtype="float64")
    y = layer.forward(ctx, x).copy()
    return y, layer.backward(ctx, dy).copy()


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_group_norm_is_its_definition(x: Array, groups: int) -> None:
    layer = built("cnn/group_norm", groups=groups)
    y = layer.predict(x)
    each = 6 // groups
    for n, g in np.ndindex(4, groups):
        part = x[n, :, :, g * each : (g + 1) * each]
        normalised = (part - part.mean()) / np.sqrt(part.var() + layer.eps)
        scale, shift = (p.data[g * each : (g + 1) * each] for p in (layer.gamma, layer.beta))
        np.testing.assert_allclose(y[n, :, :, g * each : (g + 1) * each], scale * normalised + shift, atol=1e-12)


@pytest.mark.parametrize("backend", ["reference", "cython"])
@pytest.mark.parametrize(("groups", "channels", "pixels"), [(1, 1, 1), (1, 4, 2), (4, 4, 2), (2, 6, 3), (3, 3, 1)])
def test_an_image_is_normalised_by_its_own_numbers_alone(groups: int, channels: int, pixels: int, backend: str) -> None:
    layer = pl.build("cnn/group_norm", groups=groups, input_shape=(1, pixels, channels), backend=backend)
    x = np.random.default_rng(0).normal(size=(3, 1, pixels, channels)).astype(np.float32)
    alone = [layer.forward(Context(layer.runtime.ops), x[[n]])[0].copy() for n in range(3)]
    for n in range(3):
        others = np.where(np.arange(3)[:, None, None, None] == n, x, np.nan)
        np.testing.assert_array_equal(layer.forward(Context(layer.runtime.ops), others)[n], alone[n])


@pytest.mark.parametrize("scale", [1e-22, 1e-30, 1e15])
def test_groups_of_tiny_and_of_huge_numbers(scale: float) -> None:
    x = np.random.default_rng(0).normal(3.0, 1.0, size=(2, 4, 4, 6)) * scale
    found = []
    for backend in ("reference", "cython"):
        layer = pl.build("cnn/group_norm", groups=2, input_shape=(4, 4, 6), backend=backend)
        found.append(layer.forward(Context(layer.runtime.ops), x.astype(np.float32)))
    np.testing.assert_allclose(*found, rtol=1e-4, atol=1e-6)


def test_one_group_is_layer_norm_of_the_whole_image(x: Array) -> None:
    groups = pl.build("cnn/group_norm", groups=1, input_shape=(3, 5, 6), dtype="float64", backend="reference")
    rows = pl.build("layer_norm", input_shape=(90,), dtype="float64", backend="reference")
    dy = np.random.default_rng(2).normal(size=x.shape)
    for ours, theirs in zip(run(groups, x, dy), run(rows, x.reshape(4, 90), dy.reshape(4, 90)), strict=True):
        np.testing.assert_allclose(ours.reshape(4, 90), theirs, atol=1e-12)


def test_a_group_for_each_channel_is_batch_norm_of_one_image(x: Array) -> None:
    groups, batch = built("cnn/group_norm", groups=6), built("batch_norm")
    dy = np.random.default_rng(2).normal(size=x.shape)
    for n in range(4):
        one = slice(n, n + 1)
        for ours, theirs in zip(run(groups, x[one], dy[one]), run(batch, x[one], dy[one]), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_the_cores_batch_norm_normalises_each_channel_over_images_and_pixels(x: Array) -> None:
    """Channels come last, so there is no other batch_norm for images."""
    layer = built("batch_norm")
    dy = np.random.default_rng(2).normal(size=x.shape)
    y, dx = run(layer, x, dy)
    for c in range(6):
        channel, gradient = x[..., c], dy[..., c] * layer.gamma.data[c]
        inv_std = 1 / np.sqrt(channel.var() + layer.eps)
        normalised = (channel - channel.mean()) * inv_std
        np.testing.assert_allclose(y[..., c], layer.gamma.data[c] * normalised + layer.beta.data[c], atol=1e-12)
        expected = inv_std * (gradient - gradient.mean() - normalised * (gradient * normalised).mean())
        np.testing.assert_allclose(dx[..., c], expected, atol=1e-12)
    assert layer.running_mean.shape == layer.running_var.shape == (6,)


def test_group_norm_does_not_depend_on_the_other_images(x: Array) -> None:
    layer = built("cnn/group_norm", groups=2)
    np.testing.assert_array_equal(layer.predict(x)[1:2], layer.predict(x[1:2]))


@pytest.mark.parametrize("backend", ["reference", "cython"])
@pytest.mark.parametrize("groups", [1, 2, 6])
def test_group_norm_of_a_constant_image_is_zero(backend: str, groups: int) -> None:
    layer = pl.build("cnn/group_norm", groups=groups, input_shape=(7, 11, 6), backend=backend)
    for value in (0.1, 14.0, 12345.678, 1e7, -1e8):
        assert not layer.predict(np.full((2, 7, 11, 6), value, "float32")).any()


@pytest.mark.parametrize("backend", ["reference", "cython"])
@pytest.mark.parametrize("shift", [0.0, 1e2, 1e4, 1e6])
def test_group_norm_far_from_zero_is_that_of_the_numbers(backend: str, shift: float) -> None:
    x = (np.random.default_rng(0).normal(size=(3, 7, 11, 6)) + shift).astype("float32")
    x[0, 0, 0, 0] += 100  # the first number is as bad a guess of the mean as can be
    exact, model = (
        pl.build("cnn/group_norm", groups=2, input_shape=(7, 11, 6), dtype=dtype, backend=backend)
        for dtype in ("float64", "float32")
    )
    np.testing.assert_allclose(model.predict(x), exact.predict(x), rtol=1e-4, atol=4e-6)
