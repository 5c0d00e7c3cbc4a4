"""Joining channels, taking them apart and repeating pixels, each in one pass over the larger array."""

from __future__ import annotations

from typing import Any

from pellucid import Array

from pellucid_cnn.geometry import Pair

JOINS = """
#define L long long

KERNEL void join(const T *a, const T *b, T *y, L rows, L na, L nb) {
    L n = na + nb;
    for (L e = PLACE; e < rows * n; e += STRIDE) {
        L k = e % n, r = e / n;
        y[e] = k < na ? a[r * na + k] : b[r * nb + k - na];
    }
}

KERNEL void part(const T *y, T *a, T *b, L rows, L na, L nb) {
    L n = na + nb;
    for (L e = PLACE; e < rows * n; e += STRIDE) {
        L k = e % n, r = e / n;
        if (k < na) a[r * na + k] = y[e]; else b[r * nb + k - na] = y[e];
    }
}

/* y (n, fh h, fw w, c): each pixel fh x fw times. */
KERNEL void repeat(const T *x, T *y, L n, L h, L w, L c, L fh, L fw) {
    L W = w * fw, H = h * fh;
    for (L e = PLACE; e < n * H * W * c; e += STRIDE) {
        L k = e % c, column = e / c % W, row = e / c / W % H, image = e / c / W / H;
        y[e] = x[((image * h + row / fh) * w + column / fw) * c + k];
    }
}

KERNEL void repeat_back(const T *dy, T *dx, L n, L h, L w, L c, L fh, L fw) {
    for (L e = PLACE; e < n * h * w * c; e += STRIDE) {
        L k = e % c, column = e / c % w, row = e / c / w % h, image = e / c / w / h;
        T sum = 0;
        for (L i = 0; i < fh; ++i)
            for (L j = 0; j < fw; ++j)
                sum += dy[((image * h * fh + row * fh + i) * (w * fw) + column * fw + j) * c + k];
        dx[e] = sum;
    }
}
"""


def concatenate(ops: Any, a: Array, b: Array, y: Array) -> None:
    na, nb = a.shape[-1], b.shape[-1]
    if y.size:
        rows = y.size // (na + nb)
        ops.each(JOINS, "join", y.size, ops.contiguous(a), ops.contiguous(b), y, rows, na, nb, dtype=y.dtype)


def split(ops: Any, y: Array, a: Array, b: Array) -> None:
    na, nb = a.shape[-1], b.shape[-1]
    if y.size:
        ops.each(JOINS, "part", y.size, ops.contiguous(y), a, b, y.size // (na + nb), na, nb, dtype=y.dtype)


def upsample_nearest_forward(ops: Any, x: Array, factor: Pair, y: Array) -> None:
    if y.size:
        ops.each(JOINS, "repeat", y.size, ops.contiguous(x), y, *x.shape, *factor, dtype=y.dtype)


def upsample_nearest_backward(ops: Any, dy: Array, factor: Pair, dx: Array) -> None:
    if dx.size:
        ops.each(JOINS, "repeat_back", dx.size, ops.contiguous(dy), dx, *dx.shape, *factor, dtype=dx.dtype)
