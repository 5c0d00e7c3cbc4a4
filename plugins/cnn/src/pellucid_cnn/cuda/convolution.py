"""Convolutions as matrix products on a CUDA device: windows gathered into rows, and gradients gathered back.

Every output element is one thread's sum, so nothing is atomic and the bits do not depend on the order of work. Images
are taken in portions whose windows fit into ``MOST`` numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pellucid import NEEDS_INPUT, Array

from pellucid_cnn.geometry import Geometry

MOST = 1 << 28
"""Numbers that the windows of a portion may take."""

WINDOWS = """
#define L long long
#define SIZES L n, L h, L w, L c, L oh, L ow, L kh, L kw, L sh, L sw, L dh, L dw, L top, L left, L groups

/* columns[g, (n, a, b), (i, j, k)] = x[n, a sh + i dh - top, b sw + j dw - left, g c + k], or 0; c channels a group.
   A row of threads for each place, VEC channels a thread. */
KERNEL void im2col(const T *x, T *columns, SIZES) {
    int CV = (int)c / VEC, KW = (int)kw, OW = (int)ow, OH = (int)oh, N = (int)n, H = (int)h, W = (int)w;
    int rows = (int)(groups * n * oh * ow), width = (int)(kh * kw) * CV;
    L pixel = c * groups;
    for (int r = (int)(blockIdx.x * blockDim.y + threadIdx.y); r < rows; r += (int)(gridDim.x * blockDim.y)) {
        int b = r % OW, q = r / OW, a = q % OH;
        q /= OH;
        int image = q % N, g = q / N, first_row = a * (int)sh - (int)top, first_column = b * (int)sw - (int)left;
        const T *from = x + image * h * w * pixel + g * c;
        V *to = (V *)columns + (L)r * width;
        for (int t = (int)threadIdx.x; t < width; t += (int)blockDim.x) {
            int k = t % CV, cell = t / CV, row = first_row + cell / KW * (int)dh;
            int column = first_column + cell % KW * (int)dw;
            V value;
            if (row >= 0 && row < H && column >= 0 && column < W)
                value = *(const V *)(from + ((L)row * W + column) * pixel + k * VEC);
            else
                for (int s = 0; s < VEC; ++s) value.v[s] = 0;
            to[t] = value;
        }
    }
}

/* x[n, row, column, (g, k)] = the sum of all columns that im2col would take from there. */
KERNEL void col2im(const T *columns, T *x, SIZES) {
    int CV = (int)c / VEC, G = (int)groups, W = (int)w, H = (int)h, total = (int)(n * h * w) * G * CV;
    for (int e = (int)PLACE; e < total; e += (int)STRIDE) {
        int k = e % CV, r = e / CV, g = r % G;
        r /= G;
        int column = r % W;
        r /= W;
        int row = r % H, image = r / H;
        V sum;
        for (int s = 0; s < VEC; ++s) sum.v[s] = 0;
        for (int i = 0; i < (int)kh; ++i) {
            int a = row + (int)top - i * (int)dh;
            if (a < 0) continue;
            if (!UNIT) {
                if (a % (int)sh) continue;
                a /= (int)sh;
            }
            if (a >= (int)oh) continue;
            for (int j = 0; j < (int)kw; ++j) {
                int b = column + (int)left - j * (int)dw;
                if (b < 0) continue;
                if (!UNIT) {
                    if (b % (int)sw) continue;
                    b /= (int)sw;
                }
                if (b >= (int)ow) continue;
                const V *from = (const V *)columns;
                V part = from[((((g * n + image) * oh + a) * ow + b) * kh * kw + i * kw + j) * CV + k];
                for (int s = 0; s < VEC; ++s) sum.v[s] += part.v[s];
            }
        }
        ((V *)x)[e] = sum;
    }
}

/* (rows, groups, c) <-> (groups, rows, c) */
KERNEL void regroup(const T *from, T *to, L rows, L c, L groups, L back) {
    L total = rows * groups * c;
    for (L e = PLACE; e < total; e += STRIDE) {
        L k = e % c, g = e / c % groups, r = e / c / groups, other = (g * rows + r) * c + k;
        if (back) to[e] = from[other]; else to[other] = from[e];
    }
}
"""


def conv2d_forward(
    ops: Any, x: Array, weight: Array, bias: Array | None, geometry: Geometry, activation: str,
    y: Array, z: Array | None,
) -> None:  # fmt: skip
    before: Array = z if activation in NEEDS_INPUT else y
    correlate(ops, x, weight, geometry, before)
    ops.finish(bias, activation, before, y)


def conv2d_backward(
    ops: Any, dy: Array, x: Array, weight: Array, y: Array, z: Array | None, geometry: Geometry, activation: str,
    dz: Array | None, dweight: Array | None, dbias: Array | None, dx: Array | None,
) -> None:  # fmt: skip
    dy = _through(ops, dy, y, z, activation, dz, dbias)
    if dweight is not None:
        add_weight_gradient(ops, x, dy, geometry, dweight)
    if dx is not None:
        spread(ops, dy, weight, geometry, dx)


def conv_transpose2d_forward(
    ops: Any, x: Array, weight: Array, bias: Array | None, geometry: Geometry, activation: str,
    y: Array, z: Array | None,
) -> None:  # fmt: skip
    before: Array = z if activation in NEEDS_INPUT else y
    spread(ops, x, weight, geometry, before)
    ops.finish(bias, activation, before, y)


def conv_transpose2d_backward(
    ops: Any, dy: Array, x: Array, weight: Array, y: Array, z: Array | None, geometry: Geometry, activation: str,
    dz: Array | None, dweight: Array | None, dbias: Array | None, dx: Array | None,
) -> None:  # fmt: skip
    dy = _through(ops, dy, y, z, activation, dz, dbias)
    if dweight is not None:
        add_weight_gradient(ops, dy, x, geometry, dweight)
    if dx is not None:
        correlate(ops, dy, weight, geometry, dx)


# -- the three sums, as in pellucid_cnn/ops/convolution.py -------------------------------------------------------------


def correlate(ops: Any, x: Array, weight: Array, geometry: Geometry, z: Array) -> None:
    """z = X W for each group; z is overwritten."""
    by_group = _by_group(ops, weight, geometry.groups)
    for part_x, part_z in _portions(x, z, weight):
        columns = _columns(ops, part_x, weight, geometry, part_z.shape)
        if geometry.groups == 1:
            ops.product(columns[0], by_group[0], part_z.reshape(-1, z.shape[-1]))
            continue
        product = ops.empty((geometry.groups, columns.shape[1], by_group.shape[2]), z.dtype)
        ops.product(columns, by_group, product)
        _regroup(ops, product, part_z, by_group.shape[2], geometry.groups, back=True)


def spread(ops: Any, z: Array, weight: Array, geometry: Geometry, x: Array) -> None:
    """x = col2im(z Wᵀ) for each group; x is overwritten."""
    by_group = _by_group(ops, weight, geometry.groups)
    kernel = weight.shape[0] * weight.shape[1] * weight.shape[2]
    for part_x, part_z in _portions(x, z, weight):
        grouped = _split(ops, part_z, geometry.groups)
        columns = ops.empty((geometry.groups, grouped.shape[1], kernel), z.dtype)
        ops.product(grouped, by_group, columns, tb=True)
        sizes = _sizes(part_x.shape, part_z.shape, weight.shape, geometry)
        words = ops.together(weight.shape[2], columns, part_x)
        unit = str(int(geometry.stride == (1, 1)))
        ops.each(WINDOWS, "col2im", part_x.size // words, columns, part_x, *sizes, dtype=x.dtype, VEC=str(words),
                 UNIT=unit)  # fmt: skip


def add_weight_gradient(ops: Any, x: Array, dz: Array, geometry: Geometry, dweight: Array) -> None:
    """dweight += Xᵀ dz for each group."""
    groups, filters = geometry.groups, dweight.shape[3]
    for part_x, part_z in _portions(x, dz, dweight):
        columns = _columns(ops, part_x, dweight, geometry, part_z.shape)
        if groups == 1:
            ops.product(columns[0], part_z.reshape(-1, filters), dweight.reshape(-1, filters), add=True, ta=True)
            continue
        gradient = ops.empty((groups, columns.shape[2], filters // groups), dz.dtype)
        ops.product(columns, _split(ops, part_z, groups), gradient, ta=True)
        whole = ops.empty(dweight.shape, dz.dtype)
        _regroup(ops, gradient, whole, filters // groups, groups, back=True)
        ops.add_scaled(dweight, whole, 1.0)


def _portions(x: Array, z: Array, weight: Array) -> Iterator[tuple[Array, Array]]:
    """Images with their places, in portions."""
    kh, kw = weight.shape[:2]
    of_one = z.shape[1] * z.shape[2] * kh * kw * x.shape[3]
    count = max(1, MOST // max(of_one, 1))
    for start in range(0, x.shape[0], count):
        yield x[start : start + count], z[start : start + count]


def _sizes(
    x: tuple[int, ...], z: tuple[int, ...], weight: tuple[int, ...], geometry: Geometry
) -> tuple[int, ...]:  # fmt: skip
    kh, kw, c, _ = weight
    top, _, left, _ = geometry.padding
    return (*x[:3], c, *z[1:3], kh, kw, *geometry.stride, *geometry.dilation, top, left, geometry.groups)


def _columns(ops: Any, x: Array, weight: Array, geometry: Geometry, z: tuple[int, ...]) -> Array:
    """The windows of x as rows, one matrix for each group: (G, N·OH·OW, KH·KW·C/G)."""
    kh, kw, c, _ = weight.shape
    places = z[0] * z[1] * z[2]
    pointwise = kh == kw == 1 and geometry.stride == (1, 1) and not any(geometry.padding) and geometry.groups == 1
    if pointwise:
        return x.reshape(1, places, c)
    columns = ops.empty((geometry.groups, places, kh * kw * c), x.dtype)
    if columns.size:
        grid = max(1, min(1 << 14, -(-columns.shape[0] * places // ops.block[1]))), 1
        ops.launch(
            WINDOWS, "im2col", grid, ops.block, x, columns, *_sizes(x.shape, z, weight.shape, geometry), dtype=x.dtype,
            VEC=str(ops.together(c, x, columns)), UNIT="0",
        )  # fmt: skip
    return columns


def _by_group(ops: Any, weight: Array, groups: int) -> Array:
    """(KH, KW, C/G, F) -> (G, KH·KW·C/G, F/G)."""
    kh, kw, c, f = weight.shape
    if groups == 1:
        return weight.reshape(1, kh * kw * c, f)
    split = ops.empty((groups, kh * kw * c, f // groups), weight.dtype)
    _regroup(ops, weight, split, f // groups, groups)
    return split


def _split(ops: Any, z: Array, groups: int) -> Array:
    """(N, OH, OW, F) -> (G, N·OH·OW, F/G)."""
    n, h, w, f = z.shape
    if groups == 1:
        return z.reshape(1, n * h * w, f)
    split = ops.empty((groups, n * h * w, f // groups), z.dtype)
    _regroup(ops, z, split, f // groups, groups)
    return split


def _regroup(ops: Any, source: Array, target: Array, each: int, groups: int, *, back: bool = False) -> None:
    if source.size:
        rows = source.size // (each * groups)
        ops.each(WINDOWS, "regroup", source.size, source, target, rows, each, groups, int(back), dtype=source.dtype,
                 UNIT="0")  # fmt: skip


def _through(
    ops: Any, dy: Array, y: Array, z: Array | None, activation: str, dz: Array | None, dbias: Array | None
) -> Array:  # fmt: skip
    """dz = dy ⊙ f′(z), dbias += Σ dz."""
    flat = (-1, dy.shape[-1])
    if dy.size == 0:
        return dy
    through = ops.through(
        dy.reshape(flat), y.reshape(flat), None if z is None else z.reshape(flat), activation,
        None if dz is None else dz.reshape(flat), dbias,
    )  # fmt: skip
    return through.reshape(dy.shape)
