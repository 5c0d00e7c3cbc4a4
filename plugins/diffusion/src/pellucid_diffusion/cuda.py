"""Kernels for CUDA devices, for backends that launch CUDA C (``ops.each``): the backend ``cupy``."""

from __future__ import annotations

from typing import Any

from pellucid import Array

KERNELS = """
KERNEL void one_hot(const long long *label, T *out, long long total, long long classes) {
    for (long long e = PLACE; e < total; e += STRIDE) {
        long long l = label[e / classes];
        out[e] = l < 0 || l >= classes ? (T)NAN : l == e % classes ? (T)1 : (T)0;
    }
}

/* out_n = a[t_n] x_n + b[t_n] y_n */
KERNEL void mix(const long long *t, const T *a, const T *x, const T *b, const T *y, T *out, long long total,
                long long each) {
    for (long long e = PLACE; e < total; e += STRIDE) {
        long long k = t[e / each];
        out[e] = a[k] * x[e] + b[k] * y[e];
    }
}

KERNEL void modulate(const T *x, const T *factor, const T *shift, T *y, long long total) {
    for (long long e = PLACE; e < total; e += STRIDE) y[e] = x[e] * factor[e] + x[e] + shift[e];
}

KERNEL void modulate_back(const T *dy, const T *x, const T *factor, T *dx, T *dfactor, long long total) {
    for (long long e = PLACE; e < total; e += STRIDE) {
        T d = dy[e];
        dfactor[e] = d * x[e];
        dx[e] = d * factor[e] + d;
    }
}
"""


def one_hot(ops: Any, label: Array, out: Array) -> None:
    """A label out of range makes its row NaN: looking at it would wait for the device."""
    if out.size:
        label = ops.contiguous(label if label.dtype.name == "int64" else label.astype("int64"))
        ops.each(KERNELS, "one_hot", out.size, label, out, out.size, out.shape[1], dtype=out.dtype)


def mix(ops: Any, t: Array, a: Array, x: Array, b: Array, y: Array, out: Array) -> None:
    if out.size:
        ops.each(
            KERNELS, "mix", out.size, ops.contiguous(t), a, ops.contiguous(x), b, ops.contiguous(y), out, out.size,
            out.size // out.shape[0], dtype=out.dtype,
        )  # fmt: skip


def modulate(ops: Any, x: Array, factor: Array, shift: Array, y: Array) -> None:
    if y.size:
        x, factor, shift = map(ops.contiguous, (x, factor, shift))
        ops.each(KERNELS, "modulate", y.size, x, factor, shift, y, y.size, dtype=y.dtype)


def modulate_backward(ops: Any, dy: Array, x: Array, factor: Array, dx: Array, dfactor: Array) -> None:
    if dx.size:
        dy, x, factor = map(ops.contiguous, (dy, x, factor))
        ops.each(KERNELS, "modulate_back", dx.size, dy, x, factor, dx, dfactor, dx.size, dtype=dx.dtype)
