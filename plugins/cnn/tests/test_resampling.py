"""Enlarging and reading between pixels against SciPy's interpolation; the backward as the adjoint of the forward."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import Context, get_ops
from scipy import ndimage

FACTORS = [1, 2, 3, (2, 1), (1, 4), [3, 2]]
Array = Any


@pytest.fixture
def x() -> Array:
    return np.random.default_rng(0).normal(size=(2, 4, 3, 2))


def upsample(x: Array, **arguments: Any) -> Array:
    return pl.build("cnn/upsample", input_shape=x.shape[1:], dtype="float64", **arguments).predict(x)


@pytest.mark.parametrize("factor", FACTORS, ids=str)
def test_nearest_repeats_pixels(x: Array, factor: Any) -> None:
    down, across = np.broadcast_to(factor, 2)
    np.testing.assert_array_equal(upsample(x, factor=factor), np.kron(x, np.ones((1, down, across, 1))))


@pytest.mark.parametrize("factor", FACTORS, ids=str)
def test_bilinear_is_scipys_zoom(x: Array, factor: Any) -> None:
    zoom = (1, *np.broadcast_to(factor, 2), 1)
    expected = ndimage.zoom(x, zoom, order=1, mode="nearest", grid_mode=True)
    np.testing.assert_allclose(upsample(x, factor=factor, interpolation="bilinear"), expected, atol=1e-12)


def test_bilinear_keeps_a_slope_between_the_outer_pixels() -> None:
    slope = np.arange(5.0).reshape(1, 1, 5, 1)
    y = upsample(slope, factor=(1, 2), interpolation="bilinear")[0, 0, :, 0]
    assert y.tolist() == [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4]


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("factor", FACTORS, ids=str)
def test_the_backward_is_the_adjoint(x: Array, factor: Any, interpolation: str) -> None:
    layer = pl.build("cnn/upsample", factor=factor, interpolation=interpolation, input_shape=(4, 3, 2), dtype="float64")
    ctx = Context(get_ops("reference"), training=True, dtype="float64")
    y = layer.forward(ctx, x)
    dy = np.random.default_rng(1).normal(size=y.shape)
    assert np.vdot(layer.backward(ctx, dy), x) == pytest.approx(np.vdot(dy, y), abs=1e-11)


def warp(x: Array, grid: Array) -> Array:
    y = np.full((*grid.shape[:3], x.shape[3]), np.nan)
    get_ops("reference").op("cnn/warp")(x, grid, y)
    return y


def test_warp_is_scipys_map_coordinates(x: Array) -> None:
    grid = np.random.default_rng(1).uniform(-2, 6, size=(2, 5, 7, 2))  # some points lie outside
    y = warp(x, grid)
    for n, c in np.ndindex(2, 2):
        expected = ndimage.map_coordinates(
            x[n, :, :, c], np.moveaxis(grid[n], -1, 0), order=1, mode="grid-constant", cval=0.0
        )
        np.testing.assert_allclose(y[n, :, :, c], expected, atol=1e-12)


def test_warp_by_the_identity_changes_nothing(x: Array) -> None:
    grid = np.stack(np.meshgrid(np.arange(4.0), np.arange(3.0), indexing="ij"), axis=-1)
    np.testing.assert_array_equal(warp(x, np.stack([grid, grid])), x)
    np.testing.assert_array_equal(warp(x, np.stack([grid, grid]) + 100), np.zeros_like(x))


def test_warp_fades_out_beyond_a_single_pixel() -> None:
    """An image of one pixel has no other to read instead of those that lie outside."""
    x = np.array([2.0, 4.0]).reshape(2, 1, 1, 1)
    points = [(0, 0), (0.25, 0), (0, -0.5), (-0.25, 0.75), (1, 0), (0, -1), (7, 7)]
    y = warp(x, np.broadcast_to(np.array(points, float), (2, 1, len(points), 2)))
    shares = [1, 0.75, 0.5, 0.75 * 0.25, 0, 0, 0]
    np.testing.assert_array_equal(y[:, 0, :, 0], [[2 * share for share in shares], [4 * share for share in shares]])


def test_images_read_their_own_points(x: Array) -> None:
    grid = np.zeros((2, 1, 2, 2))
    grid[0, 0], grid[1, 0] = [(3, 2), (0, 1)], [(1, 0), (2, 2)]
    expected = [[[x[0, 3, 2], x[0, 0, 1]]], [[x[1, 1, 0], x[1, 2, 2]]]]
    np.testing.assert_array_equal(warp(x, grid), expected)
