"""References of the poolings: the largest cell or the mean of each window, channel by channel."""

from __future__ import annotations

from math import inf
from typing import Any

from pellucid import Array, Ops

from pellucid_cnn.geometry import Geometry, Pair
from pellucid_cnn.ops.columns import col2im, im2col


def argmax_type(size: Pair) -> str:
    """The dtype of ``argmax`` for a window of this size: a byte where one can count its cells."""
    return "uint8" if size[0] * size[1] <= 255 else "int32"


def max_pool2d_forward(ops: Ops, x: Array, size: Pair, geometry: Geometry, y: Array, argmax: Array) -> None:
    """y[n, a, b, c] = the largest cell of the window at (a, b), argmax = which one, as i·KW + j.

    x: (N, H, W, C); size: (KH, KW); y: (N, OH, OW, C) and argmax of the same shape, both overwritten. argmax is uint8
    for windows of up to 255 cells and int32 for larger ones. Of equal cells the first counts; NaN counts as larger than
    all numbers, so it is not lost. Cells in the padding do not count, and every window has one that does.
    """
    columns = im2col(ops.xp, x, size, geometry, -inf)
    cells = columns.reshape(*y.shape[:3], size[0] * size[1], y.shape[3])
    argmax[...] = cells.argmax(axis=3)
    y[...] = cells.max(axis=3)


def max_pool2d_backward(ops: Ops, dy: Array, argmax: Array, size: Pair, geometry: Geometry, dx: Array) -> None:
    """dx[pixel] = the sum of dy over the windows whose largest cell it is. dx: (N, H, W, C), overwritten."""
    n, h, w, c = dy.shape
    offset = ops.xp.arange(size[0] * size[1]).reshape(-1, 1)
    columns = ops.xp.where(argmax.reshape(n, h, w, 1, c) == offset, dy.reshape(n, h, w, 1, c), 0)
    col2im(ops.xp, columns.reshape(n, h, w, *size, c), geometry, dx)


def average_pool2d_forward(ops: Ops, x: Array, size: Pair, geometry: Geometry, y: Array) -> None:
    """y = the mean of the window's cells that lie in the image. x: (N, H, W, C); y: (N, OH, OW, C), overwritten."""
    cells = im2col(ops.xp, x, size, geometry).sum(axis=(3, 4), dtype="float64")
    y[...] = cells / _counts(ops.xp, x, size, geometry)


def average_pool2d_backward(ops: Ops, dy: Array, size: Pair, geometry: Geometry, dx: Array) -> None:
    """dx = dy shared out equally among the window's cells that lie in the image. dx: (N, H, W, C), overwritten."""
    n, h, w, c = dy.shape
    shared = (dy / _counts(ops.xp, dx, size, geometry)).reshape(n, h, w, 1, 1, c)
    col2im(ops.xp, ops.xp.broadcast_to(shared, (n, h, w, *size, c)), geometry, dx)


def _counts(xp: Any, x: Array, size: Pair, geometry: Geometry) -> Array:
    """How many cells of each window lie in the image: (1, OH, OW, 1)."""
    inside = xp.ones((1, x.shape[1], x.shape[2], 1), dtype=x.dtype)
    return im2col(xp, inside, size, geometry).sum(axis=(3, 4))
