"""im2col and col2im: the windows of an image laid out beside each other, and the adjoint that adds them up again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pellucid import Array

from pellucid_cnn.geometry import Geometry, Pair, output_size


def im2col(xp: Any, x: Array, kernel: Pair, geometry: Geometry, padding_value: float = 0.0) -> Array:
    """columns[n, a, b, i, j] = x[n, a·s + i·d − top, b·s' + j·d' − left], or ``padding_value`` outside of the image.

    x: (N, H, W, C) -> (N, OH, OW, KH, KW, C) for a window of KH x KW cells at OH x OW places.
    """
    n, height, width, channels = x.shape
    padded = xp.full(_padded_shape(x.shape, geometry), padding_value, dtype=x.dtype)
    top, _, left, _ = geometry.padding
    padded[:, top : top + height, left : left + width] = x
    out_h, out_w = _places(height, width, kernel, geometry)
    columns = xp.empty((n, out_h, out_w, *kernel, channels), dtype=x.dtype)
    for i, j, rows, cols in _cells(kernel, (out_h, out_w), geometry):
        columns[:, :, :, i, j] = padded[:, rows, cols]
    return columns


def col2im(xp: Any, columns: Array, geometry: Geometry, x: Array) -> None:
    """x[n, h, w] = the sum of all columns[n, a, b, i, j] that ``im2col`` would take from there; x is overwritten."""
    _, out_h, out_w, kh, kw, _ = columns.shape
    padded = xp.zeros(_padded_shape(x.shape, geometry), dtype=x.dtype)
    for i, j, rows, cols in _cells((kh, kw), (out_h, out_w), geometry):
        padded[:, rows, cols] += columns[:, :, :, i, j]
    top, _, left, _ = geometry.padding
    x[...] = padded[:, top : top + x.shape[1], left : left + x.shape[2]]


def _cells(kernel: Pair, places: Pair, geometry: Geometry) -> Iterator[tuple[int, int, slice, slice]]:
    """Each cell (i, j) of the window with the padded rows and columns that it lies on, one for every place."""
    (sh, sw), (dh, dw) = geometry.stride, geometry.dilation
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            rows = slice(i * dh, i * dh + (places[0] - 1) * sh + 1, sh)
            cols = slice(j * dw, j * dw + (places[1] - 1) * sw + 1, sw)
            yield i, j, rows, cols


def _padded_shape(shape: tuple[int, ...], geometry: Geometry) -> tuple[int, ...]:
    top, bottom, left, right = geometry.padding
    return shape[0], shape[1] + top + bottom, shape[2] + left + right, shape[3]


def _places(height: int, width: int, kernel: Pair, geometry: Geometry) -> Pair:
    top, bottom, left, right = geometry.padding
    (sh, sw), (dh, dw) = geometry.stride, geometry.dilation
    out_h = output_size(height, kernel[0], sh, (top, bottom), dh)
    return out_h, output_size(width, kernel[1], sw, (left, right), dw)
