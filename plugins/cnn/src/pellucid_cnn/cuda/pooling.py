"""Poolings on a CUDA device: a thread for each output; gradients are gathered by each pixel from its windows."""

from __future__ import annotations

from typing import Any

from pellucid import Array

from pellucid_cnn.geometry import Geometry, Pair

POOLS = """
#define L long long
#define SIZES L n, L h, L w, L c, L oh, L ow, L kh, L kw, L sh, L sw, L top, L left

KERNEL void max_pool(const T *x, T *y, INDEX *argmax, SIZES) {
    L total = n * oh * ow * c;
    for (L e = PLACE; e < total; e += STRIDE) {
        L k = e % c, b = e / c % ow, a = e / c / ow % oh, image = e / c / ow / oh;
        T best = 0;
        L which = -1;
        for (L i = 0; i < kh; ++i)
            for (L j = 0; j < kw; ++j) {
                L row = a * sh + i - top, column = b * sw + j - left;
                if (row < 0 || row >= h || column < 0 || column >= w) continue;
                T value = x[((image * h + row) * w + column) * c + k];
                if (which < 0 || value > best || (value != value && best == best)) {
                    best = value;
                    which = i * kw + j;
                }
            }
        y[e] = best;
        argmax[e] = (INDEX)which;
    }
}

/* The windows (a, b) in which pixel (row, column) is cell (i, j): those with a sh + i - top = row. */
#define WINDOWS_OF_PIXEL \\
    for (L i = 0; i < kh; ++i) { \\
        L a = row + top - i; \\
        if (a < 0 || a % sh || a / sh >= oh) continue; \\
        a /= sh; \\
        for (L j = 0; j < kw; ++j) { \\
            L b = column + left - j; \\
            if (b < 0 || b % sw || b / sw >= ow) continue; \\
            b /= sw;

KERNEL void max_pool_back(const T *dy, const INDEX *argmax, T *dx, SIZES) {
    L total = n * h * w * c;
    for (L e = PLACE; e < total; e += STRIDE) {
        L k = e % c, column = e / c % w, row = e / c / w % h, image = e / c / w / h;
        T sum = 0;
        WINDOWS_OF_PIXEL
            L at = ((image * oh + a) * ow + b) * c + k;
            if ((L)argmax[at] == i * kw + j) sum += dy[at];
        }}
        dx[e] = sum;
    }
}

/* How many cells of the window that begins at `first` lie within 0 ... size - 1. */
#define WITHIN(first, cells, size) \\
    ((T)(((first) + (cells) < (size) ? (first) + (cells) : (size)) - ((first) > 0 ? (first) : 0)))

KERNEL void average_pool(const T *x, T *y, SIZES) {
    L total = n * oh * ow * c;
    for (L e = PLACE; e < total; e += STRIDE) {
        L k = e % c, b = e / c % ow, a = e / c / ow % oh, image = e / c / ow / oh;
        T sum = 0;
        for (L i = 0; i < kh; ++i)
            for (L j = 0; j < kw; ++j) {
                L row = a * sh + i - top, column = b * sw + j - left;
                if (row >= 0 && row < h && column >= 0 && column < w)
                    sum += x[((image * h + row) * w + column) * c + k];
            }
        y[e] = sum / (WITHIN(a * sh - top, kh, h) * WITHIN(b * sw - left, kw, w));
    }
}

KERNEL void average_pool_back(const T *dy, T *dx, SIZES) {
    L total = n * h * w * c;
    for (L e = PLACE; e < total; e += STRIDE) {
        L k = e % c, column = e / c % w, row = e / c / w % h, image = e / c / w / h;
        T sum = 0;
        WINDOWS_OF_PIXEL
            sum += dy[((image * oh + a) * ow + b) * c + k]
                   / (WITHIN(a * sh - top, kh, h) * WITHIN(b * sw - left, kw, w));
        }}
        dx[e] = sum;
    }
}
"""


def max_pool2d_forward(ops: Any, x: Array, size: Pair, geometry: Geometry, y: Array, argmax: Array) -> None:
    _launch(ops, "max_pool", y.size, x, (y, argmax), size, geometry, x.shape, y.shape, _index(argmax))


def max_pool2d_backward(ops: Any, dy: Array, argmax: Array, size: Pair, geometry: Geometry, dx: Array) -> None:
    _launch(ops, "max_pool_back", dx.size, dy, (argmax, dx), size, geometry, dx.shape, dy.shape, _index(argmax))


def average_pool2d_forward(ops: Any, x: Array, size: Pair, geometry: Geometry, y: Array) -> None:
    _launch(ops, "average_pool", y.size, x, (y,), size, geometry, x.shape, y.shape)


def average_pool2d_backward(ops: Any, dy: Array, size: Pair, geometry: Geometry, dx: Array) -> None:
    _launch(ops, "average_pool_back", dx.size, dy, (dx,), size, geometry, dx.shape, dy.shape)


def _launch(
    ops: Any, name: str, count: int, source: Array, others: tuple[Array, ...], size: Pair, geometry: Geometry,
    pixels: tuple[int, ...], places: tuple[int, ...], index: str = "unsigned char",
) -> None:  # fmt: skip
    if count == 0:
        return
    top, _, left, _ = geometry.padding
    ops.each(
        POOLS, name, count, ops.contiguous(source), *others, *pixels, *places[1:3], *size, *geometry.stride, top, left,
        dtype=source.dtype, INDEX=index,
    )  # fmt: skip


def _index(argmax: Array) -> str:
    return "unsigned char" if argmax.dtype.name == "uint8" else "int"
