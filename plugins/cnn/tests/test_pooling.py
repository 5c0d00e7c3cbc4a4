"""Poolings against a loop over windows and against SciPy's filters; ties, NaN, rows that are left out."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import Context, Layer, get_ops
from scipy import ndimage

Array = Any
SEEDS = range(16)


def draw(seed: int, kind: str) -> tuple[Layer, Array, Array]:
    """A pooling with random arguments in float64, images that fit it and a gradient at its output."""
    rng = np.random.default_rng(seed)
    size = [int(n) for n in rng.integers(1, 5, 2)]
    padding: Any = ["same", "valid", [int(rng.integers(0, n)) for n in size]][seed % 3]
    stride = None if rng.random() < 0.3 else [int(n) for n in rng.integers(1, 4, 2)]
    shape = *(int(n) for n in rng.integers(5, 9, 2)), 2
    config = {"type": f"cnn/{kind}", "size": size, "stride": stride, "padding": padding}
    layer = pl.build(config, input_shape=shape, dtype="float64", backend="reference")
    return layer, rng.normal(size=(2, *shape)), rng.normal(size=(2, *layer.output_shape(shape)))


def run(layer: Layer, x: Array, dy: Array, dtype: str = "float64") -> tuple[Array, Array]:
    """y, dx."""
    ctx = Context(get_ops("reference"), training=True, dtype=dtype)
    y = layer.forward(ctx, x).copy()
    return y, layer.backward(ctx, dy).copy()


def windows(layer: Layer, x: Array, y: Array) -> Any:
    """The place, and the slices of the image under the window at it."""
    (sh, sw), (top, _, left, _), *_ = layer.geometry(*x.shape[1:3])
    (k, m), (_, height, width, _) = layer.window, x.shape
    for a, b in product(range(y.shape[1]), range(y.shape[2])):
        h, w = a * sh - top, b * sw - left
        yield a, b, slice(max(h, 0), min(h + k, height)), slice(max(w, 0), min(w + m, width))


@pytest.mark.parametrize("seed", SEEDS)
def test_max_pool2d_is_its_definition(seed: int) -> None:
    layer, x, dy = draw(seed, "max_pool2d")
    y, dx = run(layer, x, dy)
    expected_dx = np.zeros(x.shape)
    for a, b, rows, columns in windows(layer, x, y):
        cells = x[:, rows, columns]
        np.testing.assert_array_equal(y[:, a, b], cells.max(axis=(1, 2)))
        for n, c in np.ndindex(2, 2):
            i, j = np.unravel_index(cells[n, :, :, c].argmax(), cells.shape[1:3])
            expected_dx[n, rows.start + i, columns.start + j, c] += dy[n, a, b, c]
    np.testing.assert_allclose(dx, expected_dx, atol=1e-14)


@pytest.mark.parametrize("seed", SEEDS)
def test_average_pool2d_is_its_definition(seed: int) -> None:
    layer, x, dy = draw(seed, "average_pool2d")
    y, dx = run(layer, x, dy)
    expected_dx = np.zeros(x.shape)
    for a, b, rows, columns in windows(layer, x, y):
        cells = x[:, rows, columns]
        np.testing.assert_allclose(y[:, a, b], cells.mean(axis=(1, 2)), atol=1e-14)
        expected_dx[:, rows, columns] += dy[:, a, b][:, None, None] / (cells.shape[1] * cells.shape[2])
    np.testing.assert_allclose(dx, expected_dx, atol=1e-14)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["max_pool2d", "average_pool2d"])
def test_poolings_are_scipys_filters(kind: str, seed: int) -> None:
    layer, x, dy = draw(seed, kind)
    y, _ = run(layer, x, dy)
    (sh, sw), (top, bottom, left, right), *_ = layer.geometry(*x.shape[1:3])
    around, (k, m) = ((0, 0), (top, bottom), (left, right), (0, 0)), layer.window
    first = slice(k // 2, k // 2 + (y.shape[1] - 1) * sh + 1, sh), slice(m // 2, m // 2 + (y.shape[2] - 1) * sw + 1, sw)

    def at_places(filtered: Array) -> Array:
        return filtered[:, first[0], first[1]]

    if kind == "max_pool2d":
        padded = np.pad(x, around, constant_values=-np.inf)
        expected = at_places(ndimage.maximum_filter(padded, (1, k, m, 1), mode="constant", cval=-np.inf))
    else:
        sums, counts = (ndimage.uniform_filter(np.pad(a, around), (1, k, m, 1), mode="constant")
                        for a in (x, np.ones(x.shape)))  # fmt: skip
        expected = at_places(sums) / at_places(counts)
    np.testing.assert_allclose(y, expected, atol=1e-12)


def test_of_equal_cells_the_first_gets_the_gradient() -> None:
    layer = pl.build("cnn/max_pool2d", input_shape=(2, 2, 1), dtype="float64")
    _, dx = run(layer, np.full((1, 2, 2, 1), 3.0), np.ones((1, 1, 1, 1)))
    assert dx.reshape(-1).tolist() == [1, 0, 0, 0]


def test_nan_is_not_lost() -> None:
    """Where it appears is found by the finite check of the training step; a maximum must not hide it."""
    for kind in ("max_pool2d", "average_pool2d", "global_max_pool2d", "global_average_pool2d"):
        layer = pl.build(f"cnn/{kind}", input_shape=(4, 4, 1), dtype="float64")
        x = np.zeros((1, 4, 4, 1))
        x[0, 1, 0] = np.nan
        x[0, 1, 1] = 7.0
        ctx = Context(get_ops("reference"), training=True, dtype="float64")
        assert np.isnan(layer.forward(ctx, x).reshape(-1)[0])


def test_padding_is_never_the_largest_nor_counted() -> None:
    x = np.full((1, 3, 3, 1), -2.0)
    for kind in ("max_pool2d", "average_pool2d"):
        layer = pl.build(f"cnn/{kind}", size=3, padding=2, stride=1, input_shape=(3, 3, 1), dtype="float64")
        np.testing.assert_allclose(layer.predict(x), np.full((1, 5, 5, 1), -2.0), atol=1e-15)


def test_rows_that_do_not_fill_a_window_are_left_out_or_kept_by_padding() -> None:
    x = np.arange(25.0).reshape(1, 5, 5, 1)
    valid = pl.build("cnn/max_pool2d", input_shape=(5, 5, 1), dtype="float64")
    same = pl.build("cnn/max_pool2d", padding="same", input_shape=(5, 5, 1), dtype="float64")
    assert valid.predict(x)[0, :, :, 0].tolist() == [[6, 8], [16, 18]]
    assert same.predict(x)[0, :, :, 0].tolist() == [[6, 8, 9], [16, 18, 19], [21, 23, 24]]


@pytest.mark.parametrize("size", [(3, 5), (15, 17), (16, 16)])  # 255 cells are counted by a byte, 256 are not
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_global_pools_see_the_whole_image(size: tuple[int, int], dtype: str) -> None:
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(3, *size, 2)).astype(dtype), rng.normal(size=(3, 2)).astype(dtype)
    mean, largest = (pl.build(f"cnn/global_{kind}_pool2d", input_shape=(None, None, 2), dtype=dtype)
                     for kind in ("average", "max"))  # fmt: skip
    y, dx = run(mean, x, dy, dtype)
    np.testing.assert_allclose(y, x.mean(axis=(1, 2)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(dx, np.broadcast_to(dy[:, None, None] / (size[0] * size[1]), x.shape), rtol=1e-5)
    y, dx = run(largest, x, dy, dtype)
    np.testing.assert_array_equal(y, x.max(axis=(1, 2)))
    np.testing.assert_array_equal(dx, np.where(x == y[:, None, None], dy[:, None, None], 0))
