"""Attention on a CUDA device: products of all heads at once by cuBLAS, and between them a block for each row of scores.

Heads that share a key head stand one below the other: (N·K, H/K·T, d) beside (N·K, S, d), so that what they send to
their keys is added up by the product itself.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

from pellucid import Array

SOFTMAX = """
#ifndef INFINITY
#define INFINITY __int_as_float(0x7f800000)
#endif
#define L long long
#define SEEN(s) ((!mask || mask[(pairs ? n * steps + t : n) * keys + (s)]) && (!causal || (s) <= t + keys - steps))
#define PLACE_OF_ROW \\
    L r = blockIdx.x, t = r % steps, n = r / (steps * heads); \\
    T by = (T)scale;

/* A row of scores becomes its weights: p = exp(p by - largest)/sum over the keys that are seen, 0 at the others. */
KERNEL void softmax(T *scores, const bool *mask, T *rows, L count, L heads, L steps, L keys, L pairs, L causal,
                    double scale) {
    __shared__ double sums[256];
    PLACE_OF_ROW
    T *p = scores + r * keys, top = -INFINITY;
    for (L s = LANE; s < keys; s += LANES)
        if (SEEN(s) && p[s] * by > top) top = p[s] * by;
    sums[LANE] = top;
    __syncthreads();
    for (unsigned width = LANES / 2; width > 0; width /= 2) {
        if (LANE < width && sums[LANE + width] > sums[LANE]) sums[LANE] = sums[LANE + width];
        __syncthreads();
    }
    top = (T)sums[0];
    if (top == -INFINITY) top = 0; /* nothing is seen, or nothing that is a number */
    __syncthreads();
    double total = 0;
    for (L s = LANE; s < keys; s += LANES) {
        p[s] = SEEN(s) ? exp(p[s] * by - top) : (T)0;
        total += p[s];
    }
    BLOCK_SUM(sums, total)
    T share = sums[0] == 0 ? (T)0 : (T)(1 / sums[0]);
    for (L s = LANE; s < keys; s += LANES) p[s] *= share;
    if (LANE == 0) {
        rows[r] = top;
        rows[count + r] = share;
    }
}

/* Scores become the weights that they were, and dp the gradient of the scores: p (dp - sum p dp) by. */
KERNEL void softmax_back(T *scores, T *gradient, const bool *mask, const T *rows, L count, L heads, L steps, L keys,
                         L pairs, L causal, double scale) {
    __shared__ double sums[256];
    PLACE_OF_ROW
    T *p = scores + r * keys, *dp = gradient + r * keys, top = rows[r], share = rows[count + r];
    double total = 0;
    for (L s = LANE; s < keys; s += LANES) {
        p[s] = SEEN(s) ? exp(p[s] * by - top) * share : (T)0;
        total += (double)p[s] * (double)dp[s];
    }
    BLOCK_SUM(sums, total)
    double mean = sums[0];
    __syncthreads();
    total = 0; /* once more: where one key takes nearly all, what the first mean leaves by rounding is not small */
    for (L s = LANE; s < keys; s += LANES) total += (double)p[s] * ((double)dp[s] - mean);
    BLOCK_SUM(sums, total)
    double rest = sums[0];
    for (L s = LANE; s < keys; s += LANES) dp[s] = p[s] * (T)((double)dp[s] - mean - rest) * by;
}
"""


def attention_forward(
    ops: Any, q: Array, k: Array, v: Array, mask: Array | None, heads: int, kv_heads: int, causal: bool, rows: Array,
    y: Array,
) -> Any:  # fmt: skip
    if _not_here(q, mask):
        return NotImplemented
    queries, keys, values = _apart(ops, q, heads, kv_heads), _apart(ops, k, kv_heads), _apart(ops, v, kv_heads)
    scores = ops.empty((len(queries), queries.shape[1], keys.shape[1]), q.dtype)
    ops.product(queries, keys, scores, tb=True)
    _over_rows(ops, "softmax", (scores,), mask, rows, heads, q.shape[1], causal, q.shape[2] // heads)
    mixed = ops.empty(queries.shape, q.dtype)
    ops.product(scores, values, mixed)
    _joined(ops, mixed, heads, y)
    return None


def attention_backward(
    ops: Any, dy: Array, q: Array, k: Array, v: Array, mask: Array | None, heads: int, kv_heads: int, causal: bool,
    rows: Array, y: Array, dq: Array, dk: Array, dv: Array,
) -> Any:  # fmt: skip
    if _not_here(q, mask):
        return NotImplemented
    queries, keys, values = _apart(ops, q, heads, kv_heads), _apart(ops, k, kv_heads), _apart(ops, v, kv_heads)
    dmixed = _apart(ops, dy, heads, kv_heads)
    p = ops.empty((len(queries), queries.shape[1], keys.shape[1]), q.dtype)
    ds = ops.empty(p.shape, q.dtype)
    ops.product(queries, keys, p, tb=True)
    ops.product(dmixed, values, ds, tb=True)
    _over_rows(ops, "softmax_back", (p, ds), mask, rows, heads, q.shape[1], causal, q.shape[2] // heads)
    # What is no longer needed is written over: queries by their gradient's, and so on.
    ops.product(p, dmixed, values, ta=True)
    ops.product(ds, keys, dmixed)
    ops.product(ds, queries, keys, ta=True)
    _joined(ops, dmixed, heads, dq)
    _joined(ops, keys, kv_heads, dk)
    _joined(ops, values, kv_heads, dv)
    return None


def _not_here(q: Array, mask: Array | None) -> bool:
    """Whether there is nothing to do, or a mask of other numbers than truth values: the reference knows."""
    return q.size == 0 or (mask is not None and mask.dtype != "bool")


def _apart(ops: Any, x: Array, heads: int, kv_heads: int | None = None) -> Any:
    """(N, T, H·d) -> (N·K, H/K·T, d)."""
    n, steps, width = x.shape
    group = 1 if kv_heads is None else heads // kv_heads
    to = ops.empty((n * heads // group, group * steps, width // heads), x.dtype)
    by_head = x.reshape(n, steps, heads, width // heads).transpose(0, 2, 1, 3)
    ops.copy(by_head, to.reshape(n, heads, steps, width // heads))
    return to


def _joined(ops: Any, x: Array, heads: int, y: Array) -> None:
    """y (N, T, H·d) = x (N·K, H/K·T, d); y may be a view of rows that lie apart."""
    n, steps, width = y.shape
    by_head = x.reshape(n, heads, steps, width // heads).transpose(0, 2, 1, 3)
    ops.copy(by_head, y.reshape(n, steps, heads, width // heads))


def _over_rows(
    ops: Any, name: str, scores: tuple[Array, ...], mask: Array | None, rows: Array, heads: int, steps: int,
    causal: bool, size: int,
) -> None:  # fmt: skip
    """A block for each query of each head, of more threads where there are many keys."""
    count, keys = rows.size // 2, scores[0].shape[2]
    wide, high = ops.block
    block = wide, 1 if keys <= 16 * wide else high
    pairs = mask is not None and mask.ndim == 3
    ops.launch(
        SOFTMAX, name, (count, 1), block, *scores, None if mask is None else ops.contiguous(mask), rows, count, heads,
        steps, keys, int(pairs), int(causal), 1 / sqrt(size), dtype=rows.dtype,
    )  # fmt: skip
