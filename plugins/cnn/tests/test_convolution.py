"""Convolutions against a loop that follows the definition word for word, and against SciPy's correlations."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import Context, Layer, get_ops
from pellucid_cnn.geometry import Geometry, output_size, pair
from scipy import signal

Array = Any
SEEDS = range(24)


def draw(seed: int, kind: str) -> tuple[Layer, Array, Array]:
    """A layer with random arguments, built in float64, an input that fits it and a gradient at its output."""
    rng = np.random.default_rng(seed)

    def numbers(low: int, high: int) -> Any:
        one, two = (int(n) for n in rng.integers(low, high, 2))
        return one if rng.random() < 0.5 else [one, two]

    groups = int(rng.integers(1, 4))
    arguments: dict[str, Any] = {
        "filters": groups * int(rng.integers(1, 3)), "kernel_size": numbers(1, 4), "stride": numbers(1, 4),
        "padding": ["same", "valid", numbers(0, 3)][seed % 3], "dilation": numbers(1, 3), "groups": groups,
        "use_bias": bool(rng.random() < 0.7),
    }  # fmt: skip
    if kind == "conv_transpose2d" and arguments["padding"] != "same":
        arguments["output_padding"] = [int(rng.integers(0, step)) for step in pair(arguments["stride"])]
    shape = *(int(n) for n in rng.integers(5, 8, 2)), groups * int(rng.integers(1, 3))
    layer = pl.build({"type": f"cnn/{kind}", **arguments}, input_shape=shape, seed=seed, dtype="float64",
                     backend="reference")  # fmt: skip
    if layer.bias is not None:
        layer.bias.data = rng.normal(size=layer.bias.shape)
    return layer, rng.normal(size=(2, *shape)), rng.normal(size=(2, *layer.output_shape(shape)))


def run(layer: Layer, x: Array, dy: Array) -> tuple[Array, Array, Array, Array]:
    """y, dx, dW, db."""
    ctx = Context(get_ops("reference"), training=True, dtype="float64")
    for param in layer.parameters():
        param.grad[...] = 0
    y = layer.forward(ctx, x).copy()
    dx = layer.backward(ctx, dy).copy()
    return y, dx, layer.weight.grad, None if layer.bias is None else layer.bias.grad


# -- the definition, word for word ---------------------------------------------------------------------------------


def pixels_under_windows(size: Any, places: Any, kernel: Any, geometry: Geometry) -> Any:
    """(a, b, i, j, h, w) for every place, cell and pixel under it."""
    (sh, sw), (top, _, left, _), (dh, dw) = geometry.stride, geometry.padding, geometry.dilation
    for a, b, i, j in product(range(places[0]), range(places[1]), range(kernel[0]), range(kernel[1])):
        h, w = a * sh + i * dh - top, b * sw + j * dw - left
        if 0 <= h < size[0] and 0 <= w < size[1]:
            yield a, b, i, j, h, w


def loop(image: Array, at_places: Array, weight: Array, geometry: Geometry) -> tuple[Array, Array, Array]:
    """Σ over windows for the places, for the image, and for the weight (KH, KW, C/groups, F)."""
    to_places, to_image, to_weight = np.zeros(at_places.shape), np.zeros(image.shape), np.zeros(weight.shape)
    per_group, filters = weight.shape[2], weight.shape[3]
    for a, b, i, j, h, w in pixels_under_windows(image.shape[1:3], at_places.shape[1:3], weight.shape[:2], geometry):
        for c, f in product(range(per_group), range(filters)):
            channel = f // (filters // geometry.groups) * per_group + c
            to_places[:, a, b, f] += image[:, h, w, channel] * weight[i, j, c, f]
            to_image[:, h, w, channel] += at_places[:, a, b, f] * weight[i, j, c, f]
            to_weight[i, j, c, f] += image[:, h, w, channel] @ at_places[:, a, b, f]
    return to_places, to_image, to_weight


@pytest.mark.parametrize("seed", SEEDS)
def test_conv2d_is_its_definition(seed: int) -> None:
    layer, x, dy = draw(seed, "conv2d")
    y, dx, dw, db = run(layer, x, dy)
    z, expected_dx, expected_dw = loop(x, dy, layer.weight.data, layer.geometry(*x.shape[1:3]))
    np.testing.assert_allclose(y, z if layer.bias is None else z + layer.bias.data, atol=1e-12)
    np.testing.assert_allclose(dx, expected_dx, atol=1e-12)
    np.testing.assert_allclose(dw, expected_dw, atol=1e-12)
    if db is not None:
        np.testing.assert_allclose(db, dy.sum(axis=(0, 1, 2)), atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_conv_transpose2d_is_its_definition(seed: int) -> None:
    layer, x, dy = draw(seed, "conv_transpose2d")
    y, dx, dw, db = run(layer, x, dy)
    geometry = layer.geometry(*x.shape[1:3])
    expected_dx, z, _ = loop(dy, x, layer.weight.data, geometry)
    _, _, expected_dw = loop(dy, x, layer.weight.data, geometry)
    np.testing.assert_allclose(y, z if layer.bias is None else z + layer.bias.data, atol=1e-12)
    np.testing.assert_allclose(dx, expected_dx, atol=1e-12)
    np.testing.assert_allclose(dw, expected_dw, atol=1e-12)
    if db is not None:
        np.testing.assert_allclose(db, dy.sum(axis=(0, 1, 2)), atol=1e-12)


# -- SciPy ---------------------------------------------------------------------------------------------------------


def stuffed(a: Array, steps: tuple[int, int]) -> Array:
    """Zeros between the entries of a matrix, so that they lie ``steps`` apart."""
    out = np.zeros(((a.shape[0] - 1) * steps[0] + 1, (a.shape[1] - 1) * steps[1] + 1))
    out[:: steps[0], :: steps[1]] = a
    return out


def channel_pairs(channels: int, filters: int, groups: int) -> Any:
    """(channel of the image, its number in the group, filter) of all that see each other."""
    for f in range(filters):
        group = f // (filters // groups)
        for c in range(channels // groups):
            yield group * (channels // groups) + c, c, f


@pytest.mark.parametrize("seed", SEEDS)
def test_conv2d_is_scipys_correlation(seed: int) -> None:
    layer, x, dy = draw(seed, "conv2d")
    y, dx, dw, _ = run(layer, x, dy)
    (sh, sw), (top, bottom, left, right), dilation, groups = layer.geometry(*x.shape[1:3])
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    bias = np.zeros(layer.filters) if layer.bias is None else layer.bias.data
    expected_y, padded_dx, expected_dw = np.zeros(y.shape) + bias, np.zeros(padded.shape), np.zeros(dw.shape)
    for n, (channel, c, f) in product(range(2), channel_pairs(x.shape[3], layer.filters, groups)):
        kernel = stuffed(layer.weight.data[:, :, c, f], dilation)
        expected_y[n, :, :, f] += signal.correlate2d(padded[n, :, :, channel], kernel, "valid")[::sh, ::sw]
        spread = stuffed(dy[n, :, :, f], (sh, sw))
        image = signal.convolve2d(spread, kernel)  # the adjoint of a correlation is a convolution
        padded_dx[n, : image.shape[0], : image.shape[1], channel] += image
        rows = spread.shape[0] + kernel.shape[0] - 1, spread.shape[1] + kernel.shape[1] - 1
        seen = padded[n, : rows[0], : rows[1], channel]
        expected_dw[:, :, c, f] += signal.correlate2d(seen, spread, "valid")[:: dilation[0], :: dilation[1]]
    np.testing.assert_allclose(y, expected_y, atol=1e-12)
    height, width = x.shape[1:3]
    np.testing.assert_allclose(dx, padded_dx[:, top : top + height, left : left + width], atol=1e-12)
    np.testing.assert_allclose(dw, expected_dw, atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_conv_transpose2d_is_scipys_convolution(seed: int) -> None:
    layer, x, dy = draw(seed, "conv_transpose2d")
    y, *_ = run(layer, x, dy)
    stride, (top, bottom, left, right), dilation, groups = layer.geometry(*x.shape[1:3])
    bias = np.zeros(layer.filters) if layer.bias is None else layer.bias.data
    _, height, width, filters = y.shape
    whole = np.zeros((2, height + top + bottom, width + left + right, filters))
    for n, (channel, c, f) in product(range(2), channel_pairs(filters, x.shape[3], groups)):
        image = signal.convolve2d(stuffed(x[n, :, :, f], stride), stuffed(layer.weight.data[:, :, c, f], dilation))
        whole[n, : image.shape[0], : image.shape[1], channel] += image
    np.testing.assert_allclose(y, whole[:, top : top + height, left : left + width] + bias, atol=1e-12)


# -- what follows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_the_transpose_is_the_adjoint(seed: int) -> None:
    """⟨conv(u), v⟩ = ⟨u, convᵀ(v)⟩ with one weight and without biases."""
    layer, v, u = draw(seed, "conv_transpose2d")
    arguments = {name: value for name, value in layer.arguments().items() if name != "output_padding"}
    arguments |= {"filters": v.shape[3], "use_bias": False}
    conv = pl.build({"type": "cnn/conv2d", **arguments}, input_shape=u.shape[1:], dtype="float64", backend="reference")
    conv.weight.data = layer.weight.data
    if layer.bias is not None:
        layer.bias.data = np.zeros(layer.bias.shape)
    assert np.vdot(conv.predict(u), v) == pytest.approx(np.vdot(u, layer.predict(v)), abs=1e-11)


@pytest.mark.parametrize("size", range(5, 12))
def test_output_padding_tells_the_sizes_apart_that_a_stride_makes_equal(size: int) -> None:
    small = output_size(size, 3, 3, (0, 0), 1)
    rest = size - ((small - 1) * 3 + 3)
    layer = pl.create("layer", "cnn/conv_transpose2d", filters=2, stride=3, padding="valid", output_padding=rest)
    assert layer.output_shape((small, small, 1)) == (size, size, 2)


def test_a_kernel_of_one_pixel_is_a_dense_layer() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 4, 5, 6))
    conv = pl.build("cnn/conv2d", filters=2, kernel_size=1, activation="gelu", input_shape=(4, 5, 6), dtype="float64")
    dense = pl.build("dense", units=2, activation="gelu", input_shape=(4, 5, 6), dtype="float64")
    dense.weight.data = conv.weight.data[0, 0]
    np.testing.assert_allclose(conv.predict(x), dense.predict(x), atol=1e-12)


@pytest.mark.parametrize(
    ("config", "channels"),
    [
        ({"type": "cnn/conv2d", "activation": "relu"}, 8),
        ({"type": "cnn/conv2d", "activation": "relu", "groups": 8, "kernel_size": 5}, 32),
        ({"type": "cnn/conv_transpose2d", "stride": 2, "kernel_size": 4, "init": "he"}, 32),
    ],
    ids=str,
)
def test_initial_weights_keep_the_size_of_the_signal(config: dict[str, Any], channels: int) -> None:
    """He's initializer gives E z² = 2 E x² where fan_in is right."""
    layer = pl.build({**config, "filters": 64}, input_shape=(16, 16, channels), seed=0)
    x = np.random.default_rng(0).normal(size=(8, 16, 16, channels)).astype(np.float32)
    inner = layer.predict(x)[:, 4:-4, 4:-4]
    # E relu(z)² is half of E z².
    assert np.mean(inner**2) == pytest.approx(1 if layer.activation else 2, rel=0.15)
    assert not layer.bias.data.any()


def test_groups_do_not_see_each_other() -> None:
    layer = pl.build("cnn/conv2d", filters=6, groups=3, input_shape=(4, 4, 3), seed=0)
    x = np.ones((1, 4, 4, 3), np.float32)
    y = layer.predict(x)
    x[..., 1] = 5
    changed = (layer.predict(x) != y).any(axis=(0, 1, 2))
    assert changed.tolist() == [False, False, True, True, False, False]


def test_images_of_any_size_go_through_one_network() -> None:
    model = pl.build({"type": "sequential", "layers": [{"type": "cnn/conv2d", "filters": 2, "stride": 2}]},
                     input_shape=(None, None, 1), seed=0)  # fmt: skip
    for height, width in ((4, 6), (7, 3)):
        x = np.ones((2, height, width, 1), np.float32)
        assert model.predict(x).shape == (2, -(-height // 2), -(-width // 2), 2)
