"""Images read at any coordinates on a CUDA device: a thread for each pixel of the result."""

from __future__ import annotations

from typing import Any

from pellucid import Array

WARP = """
#define L long long

KERNEL void warp(const T *x, const T *grid, T *y, L n, L h, L w, L c, L oh, L ow) {
    for (L e = PLACE; e < n * oh * ow; e += STRIDE) {
        L image = e / (oh * ow);
        T row = grid[2 * e], column = grid[2 * e + 1], low_row = floor(row), low_column = floor(column);
        for (L k = 0; k < c; ++k) {
            T sum = 0;
            for (int i = 0; i < 2; ++i)
                for (int j = 0; j < 2; ++j) {
                    T r = low_row + i, q = low_column + j;
                    if (r < 0 || r >= h || q < 0 || q >= w) continue;
                    sum += (1 - fabs(row - r)) * (1 - fabs(column - q)) * x[((image * h + (L)r) * w + (L)q) * c + k];
                }
            y[e * c + k] = sum;
        }
    }
}
"""


def warp(ops: Any, x: Array, grid: Array, y: Array) -> None:
    if y.size:
        n, oh, ow, _ = y.shape
        ops.each(WARP, "warp", n * oh * ow, ops.contiguous(x), ops.contiguous(grid), y, n, *x.shape[1:], oh, ow,
                 dtype=y.dtype)  # fmt: skip
