"""The kernel for CUDA devices, for backends that launch CUDA C (``ops.each``): the backend ``cupy``."""

from __future__ import annotations

from typing import Any

from pellucid import Array

KERNELS = """
/* out (n, between, features + classes) = [x, onehot(label)] */
KERNEL void join_label(const T *x, const long long *label, T *out, long long total, long long between,
                       long long features, long long classes) {
    long long width = features + classes;
    for (long long e = PLACE; e < total; e += STRIDE) {
        long long k = e % width, row = e / width, l = label[row / between];
        out[e] = k < features ? x[row * features + k]
                 : l < 0 || l >= classes ? (T)NAN : l == k - features ? (T)1 : (T)0;
    }
}
"""


def join_label(ops: Any, x: Array, label: Array, classes: int, out: Array) -> None:
    """A label out of range makes its features NaN: looking at it would wait for the device."""
    if out.size:
        features = x.shape[-1]
        between = out.size // (out.shape[0] * (features + classes))
        label = ops.contiguous(label if label.dtype.name == "int64" else label.astype("int64"))
        ops.each(
            KERNELS, "join_label", out.size, ops.contiguous(x), label, out, out.size, between, features, classes,
            dtype=out.dtype,
        )  # fmt: skip
