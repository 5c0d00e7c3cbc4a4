"""What is done to each position by itself, on a CUDA device: tokens looked up, positions added, norms, gates, pooling.

Every element is one thread's sum in a fixed order, so nothing is atomic and two runs give the same bits.
"""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
from pellucid import Array

from pellucid_transformer.ops.rows import LONGEST_PERIOD, outside

EMBEDDING = """
#define L long long

/* y[i] = the row of token i; zeros for the padding; not a number for a token that is no row. */
KERNEL void look_up(const L *tokens, const T *weight, T *y, L count, L units, L vocabulary, L padding) {
    for (L i = PLACE; i < count; i += STRIDE) {
        L token = tokens[i / units];
        if (token < 0 || token >= vocabulary) y[i] = NAN;
        else y[i] = token == padding ? (T)0 : weight[token * units + i % units];
    }
}

/* order: the places of the tokens in the order of the tokens, and where they are equal as they stand in the batch. */
KERNEL void sort_places(const L *tokens, L *order, L count) {
    __shared__ int before[256];
    /* A column of threads for each token, whose rows share the others. */
    L i = (L)blockIdx.x * blockDim.x + threadIdx.x;
    int place = 0;
    if (i < count) {
        L own = tokens[i];
        for (L j = threadIdx.y; j < count; j += blockDim.y) place += tokens[j] < own || (tokens[j] == own && j < i);
    }
    before[LANE] = place;
    __syncthreads();
    if (threadIdx.y == 0 && i < count) {
        for (unsigned k = 1; k < blockDim.y; ++k) place += before[k * blockDim.x + threadIdx.x];
        order[place] = i;
    }
}

/* starts[v] = how many tokens are smaller than v: in order, which is sorted, the first of v stands there. */
KERNEL void find_starts(const L *tokens, const L *order, L *starts, L count, L vocabulary) {
    for (L v = PLACE; v <= vocabulary; v += STRIDE) {
        L low = 0, high = count;
        while (low < high) {
            L middle = (low + high) / 2;
            if (tokens[order[middle]] < v) low = middle + 1; else high = middle;
        }
        starts[v] = low;
    }
}

KERNEL void add_rows(const T *dy, const L *starts, const L *order, T *dweight, L count, L units, L padding) {
    for (L i = PLACE; i < count; i += STRIDE) {
        L v = i / units, c = i % units;
        if (v == padding) continue;
        double total = 0;
        for (L k = starts[v]; k < starts[v + 1]; ++k) total += dy[order[k] * units + c];
        dweight[i] += (T)total;
    }
}
"""

ROWS = """
#define L long long

KERNEL void add(const T *a, const T *b, T *y, L count) {
    for (L i = PLACE; i < count; i += STRIDE) y[i] = a[i] + b[i];
}

/* The table goes around: y[i] = x[i] + table[i % part]. */
KERNEL void add_positions(const T *x, const T *table, T *y, L count, L part) {
    for (L i = PLACE; i < count; i += STRIDE) y[i] = x[i] + table[i % part];
}

KERNEL void sinusoids(T *table, L count, L width, double rate) {
    for (L i = PLACE; i < count; i += STRIDE) {
        L column = i % width;
        double angle = (double)(i / width) * exp(rate * (double)(column / 2 * 2));
        table[i] = (T)(column % 2 ? cos(angle) : sin(angle));
    }
}

/* inverse = 1/sqrt(factor sum x^2 + eps) of each row, y = x inverse gain. A block for each row. */
KERNEL void normalise(const T *x, const T *gain, T *inverse, T *y, L width, double factor, double eps) {
    __shared__ double sums[256];
    L r = blockIdx.x;
    double total = 0;
    for (L c = LANE; c < width; c += LANES) total += (double)x[r * width + c] * (double)x[r * width + c];
    BLOCK_SUM(sums, total)
    T by = (T)(1 / sqrt(sums[0] * factor + eps));
    for (L c = LANE; c < width; c += LANES) y[r * width + c] = x[r * width + c] * by * (gain ? gain[c] : (T)1);
    if (LANE == 0) inverse[r] = by;
}

/* With u = dy gain and x^ = x inverse, or y where there is no x: dx = inverse (u - x^ factor sum u x^). */
KERNEL void normalise_back(const T *dy, const T *x, const T *y, const T *gain, const T *inverse, T *products, T *dx,
                           L width, double factor) {
    __shared__ double sums[256];
    L r = blockIdx.x;
    T by = inverse[r];
    double total = 0;
    for (L c = LANE; c < width; c += LANES) {
        L i = r * width + c;
        T seen = x ? x[i] * by : y[i];
        if (products) products[i] = dy[i] * seen;
        total += (double)(dy[i] * (gain ? gain[c] : (T)1)) * (double)seen;
    }
    BLOCK_SUM(sums, total)
    T mean = (T)(sums[0] * factor);
    if (dx)
        for (L c = LANE; c < width; c += LANES) {
            L i = r * width + c;
            T seen = x ? x[i] * by : y[i];
            dx[i] = by * (dy[i] * (gain ? gain[c] : (T)1) - seen * mean);
        }
}

/* y = silu(a) b of z = a | b, and back; silu(a) = a s, s = 1/(1 + e^-a). */
KERNEL void gate(const T *z, T *y, L count, L units) {
    for (L i = PLACE; i < count; i += STRIDE) {
        const T *a = z + i / units * 2 * units + i % units;
        y[i] = a[0] / ((T)1 + exp(-a[0])) * a[units];
    }
}

KERNEL void gate_back(const T *dy, const T *z, T *dz, L count, L units) {
    for (L i = PLACE; i < count; i += STRIDE) {
        L at = i / units * 2 * units + i % units;
        T a = z[at], b = z[at + units], s = (T)1 / ((T)1 + exp(-a));
        dz[at] = dy[i] * b * (s * ((T)1 + a * ((T)1 - s)));
        dz[at + units] = dy[i] * a * s;
    }
}

/* Each position's share of its sequence's mean: 1/count where it is there, or 1 at the first that is. */
#define COUNT_THERE \\
    L there = 0, begin = -1; \\
    for (L t = 0; t < steps; ++t) \\
        if (!mask || mask[n * steps + t]) { \\
            if (begin < 0) begin = t; \\
            ++there; \\
        } \\
    if (first && there) there = 1;
#define TAKEN(t) (first ? (t) == begin : !mask || mask[n * steps + (t)])

KERNEL void pool(const T *x, const bool *mask, T *y, L count, L steps, L width, L first) {
    for (L i = PLACE; i < count; i += STRIDE) {
        L n = i / width, c = i % width;
        COUNT_THERE
        double total = 0;
        for (L t = 0; t < steps; ++t)
            if (TAKEN(t)) total += x[(n * steps + t) * width + c];
        y[i] = (T)(there ? total / there : 0);
    }
}

KERNEL void pool_back(const T *dy, const bool *mask, T *dx, L count, L steps, L width, L first) {
    for (L i = PLACE; i < count; i += STRIDE) {
        L n = i / width, c = i % width;
        COUNT_THERE
        T by = there ? dy[i] / (T)there : (T)0;
        for (L t = 0; t < steps; ++t) dx[(n * steps + t) * width + c] = TAKEN(t) ? by : (T)0;
    }
}
"""


def embedding_forward(ops: Any, tokens: Array, weight: Array, padding: int, y: Array) -> Any:
    """A token that is no row is named where it can be looked at: not in a step that is replayed, whose loss is NaN."""
    if tokens.dtype != "int64":
        return NotImplemented
    if ops.recording is None:
        error = outside(np.array(ops.to_host(tokens)), weight.shape[0]) if tokens.size else None
        if error:
            raise error
    count, (vocabulary, units) = y.size, weight.shape
    ops.each(EMBEDDING, "look_up", count, tokens, weight, y, count, units, vocabulary, padding, dtype=y.dtype)
    return None


def embedding_backward(
    ops: Any, dy: Array, tokens: Array, padding: int, starts: Array, order: Array, dweight: Array
) -> Any:
    if tokens.dtype != "int64":
        return NotImplemented
    count, (vocabulary, units) = tokens.size, dweight.shape
    if count:
        ops.launch(EMBEDDING, "sort_places", (-(-count // ops.block[0]), 1), ops.block, tokens, order, count)
    ops.each(EMBEDDING, "find_starts", vocabulary + 1, tokens, order, starts, count, vocabulary)
    ops.each(EMBEDDING, "add_rows", dweight.size, dy, starts, order, dweight, dweight.size, units, padding,
             dtype=dy.dtype)  # fmt: skip
    return None


def add_positions(ops: Any, x: Array, table: Array, y: Array) -> None:
    part = x.shape[1] * x.shape[2]
    ops.each(ROWS, "add_positions", y.size, x, ops.contiguous(table), y, y.size, part, dtype=y.dtype)


def add_positions_backward(ops: Any, dy: Array, dtable: Array) -> None:
    n, steps, width = dy.shape
    ops.column_sums("dy[i]", dy.reshape(n, steps * width), out=dtable[:steps].reshape(steps * width))


def add(ops: Any, a: Array, b: Array, y: Array) -> None:
    ops.each(ROWS, "add", y.size, ops.contiguous(a), ops.contiguous(b), y, y.size, dtype=y.dtype)


def sinusoids(ops: Any, table: Array) -> None:
    rate = -log(LONGEST_PERIOD) / table.shape[1]
    ops.each(ROWS, "sinusoids", table.size, table, table.size, table.shape[1], rate, dtype=table.dtype)


def rms_norm_forward(ops: Any, x: Array, gain: Array, eps: float, inverse: Array, y: Array) -> None:
    _normalise(ops, x, gain, inverse, y, 1 / x.shape[1], eps)


def rms_norm_backward(
    ops: Any, dy: Array, x: Array, gain: Array, inverse: Array, dgain: Array | None, dx: Array | None
) -> None:
    products = None if dgain is None else ops.empty(dy.shape, dy.dtype)
    _normalise_back(ops, dy, x, None, gain, inverse, products, dx, 1 / x.shape[1])
    if dgain is not None:
        ops.column_sums("dy[i]", products, out=dgain)


def unit_forward(ops: Any, x: Array, eps: float, inverse: Array, y: Array) -> None:
    _normalise(ops, x, None, inverse, y, 1.0, eps)


def unit_backward(ops: Any, dy: Array, y: Array, inverse: Array, dx: Array) -> None:
    _normalise_back(ops, dy, None, y, None, inverse, None, dx, 1.0)


def gate_forward(ops: Any, z: Array, y: Array) -> None:
    ops.each(ROWS, "gate", y.size, z, y, y.size, y.shape[1], dtype=y.dtype)


def gate_backward(ops: Any, dy: Array, z: Array, dz: Array) -> None:
    ops.each(ROWS, "gate_back", dy.size, dy, z, dz, dy.size, dy.shape[1], dtype=dy.dtype)


def pool_forward(ops: Any, x: Array, mask: Array | None, first: bool, y: Array) -> Any:
    return _pool(ops, "pool", x, mask, first, y)


def pool_backward(ops: Any, dy: Array, mask: Array | None, first: bool, dx: Array) -> Any:
    return _pool(ops, "pool_back", dy, mask, first, dx)


def _pool(ops: Any, name: str, given: Array, mask: Array | None, first: bool, out: Array) -> Any:
    if mask is not None and mask.dtype != "bool":
        return NotImplemented
    (_, steps, width), count = (given if given.ndim == 3 else out).shape, min(given.size, out.size)
    ops.each(ROWS, name, count, given, mask, out, count, steps, width, int(first), dtype=out.dtype)
    return None


def _normalise(ops: Any, x: Array, gain: Array | None, inverse: Array, y: Array, factor: float, eps: float) -> None:
    if y.size:
        ops.launch(ROWS, "normalise", (len(x), 1), (ops.block[0], 1), x, gain, inverse, y, x.shape[1], float(factor),
                   float(eps), dtype=y.dtype)  # fmt: skip


def _normalise_back(
    ops: Any, dy: Array, x: Array | None, y: Array | None, gain: Array | None, inverse: Array, products: Array | None,
    dx: Array | None, factor: float,
) -> None:  # fmt: skip
    if dy.size:
        ops.launch(ROWS, "normalise_back", (len(dy), 1), (ops.block[0], 1), dy, x, y, gain, inverse, products, dx,
                   dy.shape[1], float(factor), dtype=dy.dtype)  # fmt: skip
