"""References of enlarging images, by repetition or between pixels, and of reading them at any coordinates."""

from __future__ import annotations

from typing import Any

from pellucid import Array, Ops

from pellucid_cnn.geometry import Pair


def upsample_nearest_forward(ops: Ops, x: Array, factor: Pair, y: Array) -> None:
    """y[n, h, w] = x[n, ⌊h/f⌋, ⌊w/f'⌋] for factor (f, f'). x: (N, H, W, C); y: (N, f·H, f'·W, C), overwritten."""
    y[...] = ops.xp.repeat(ops.xp.repeat(x, factor[0], axis=1), factor[1], axis=2)


def upsample_nearest_backward(ops: Ops, dy: Array, factor: Pair, dx: Array) -> None:
    """dx = the sum of dy over the f x f' pixels that each pixel became. dx: (N, H, W, C), overwritten."""
    del ops
    n, h, w, c = dx.shape
    dx[...] = dy.reshape(n, h, factor[0], w, factor[1], c).sum(axis=(2, 4))


def upsample_bilinear_forward(ops: Ops, x: Array, y: Array) -> None:
    """y[n] = A x[n] Bᵀ with the matrices of linear interpolation along height and width.

    x: (N, H, W, C); y: (N, OH, OW, C), overwritten; OH and OW are multiples of H and W.
    """
    rows, columns = _interpolation(ops.xp, y.shape[1], x), _interpolation(ops.xp, y.shape[2], x, axis=2)
    _separable(ops.xp, x, rows, columns, y)


def upsample_bilinear_backward(ops: Ops, dy: Array, dx: Array) -> None:
    """dx[n] = Aᵀ dy[n] B: each pixel collects what it has been weighed with. dx: (N, H, W, C), overwritten."""
    rows, columns = _interpolation(ops.xp, dy.shape[1], dx), _interpolation(ops.xp, dy.shape[2], dx, axis=2)
    _separable(ops.xp, dy, rows.T, columns.T, dx)


def _interpolation(xp: Any, out: int, x: Array, axis: int = 1) -> Array:
    """A (OH, H), A[i, j] = max(0, 1 − |u_i − j|) where u_i = (i + ½)·H/OH − ½, kept within 0 … H − 1.

    Pixel i of the result has its centre at i + ½; u_i is the same point among the pixels of the image.
    """
    size = x.shape[axis]
    at = (xp.arange(out, dtype=x.dtype) + 0.5) * (size / out) - 0.5
    at = xp.minimum(xp.maximum(at, 0), size - 1).reshape(-1, 1)
    return xp.maximum(1 - xp.abs(at - xp.arange(size, dtype=x.dtype)), 0)


def _separable(xp: Any, x: Array, rows: Array, columns: Array, y: Array) -> None:
    """y[n, :, :, c] = rows x[n, :, :, c] columnsᵀ, one direction after the other."""
    n, h, w, c = x.shape
    tall = xp.matmul(rows, x.reshape(n, h, w * c))  # (N, OH, W·C)
    y[...] = xp.matmul(columns, tall.reshape(-1, w, c)).reshape(y.shape)


def warp(ops: Ops, x: Array, grid: Array, y: Array) -> None:
    """y[n, h, w] = x[n] read at the point grid[n, h, w], linearly between its four pixels and zero outside.

    x: (N, H, W, C); grid: (N, OH, OW, 2), row and column in pixels, (0, 0) being the centre of the first one;
    y: (N, OH, OW, C), overwritten. A point less than one pixel outside fades out: missing neighbours count as zeros.
    """
    xp = ops.xp
    n, height, width, _ = x.shape
    sample = xp.arange(n).reshape(-1, 1, 1)
    row, column = grid[..., 0], grid[..., 1]
    low_row, low_column = xp.floor(row), xp.floor(column)
    y[...] = 0
    for r in (low_row, low_row + 1):
        for c in (low_column, low_column + 1):
            inside = (r >= 0) & (r < height) & (c >= 0) & (c < width)
            share = xp.where(inside, (1 - xp.abs(row - r)) * (1 - xp.abs(column - c)), 0)
            at = xp.where(inside, r, 0).astype("int64"), xp.where(inside, c, 0).astype("int64")
            y += share.reshape(*share.shape, 1) * x[sample, at[0], at[1]]
