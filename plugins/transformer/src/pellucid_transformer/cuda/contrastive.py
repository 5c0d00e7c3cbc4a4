"""The contrastive loss on a CUDA device: all products at once, then one block for each row of the batch."""

from __future__ import annotations

from typing import Any

from pellucid import Array

ROWS = """
#ifndef INFINITY
#define INFINITY __int_as_float(0x7f800000)
#endif
#define L long long

/* scores[i, j] = z_i z_j becomes the gradient at z_i z_j / temperature, and each[i] what row i adds to the loss. */
KERNEL void contrast(T *scores, const L *labels, const T *weight, double *each, L n, double temperature) {
    __shared__ double sums[256];
    L i = blockIdx.x, own = labels[i];
    T *s = scores + i * n;
    double total = 0, share = 1.0 / n;
    if (weight) {
        for (L j = LANE; j < n; j += LANES) total += weight[j];
        BLOCK_SUM(sums, total)
        share = sums[0] ? weight[i] / sums[0] : weight[i];
        __syncthreads();
    }
    double top = -INFINITY;
    for (L j = LANE; j < n; j += LANES)
        if (j != i && s[j] / temperature > top) top = s[j] / temperature;
    sums[LANE] = top;
    __syncthreads();
    for (unsigned width = LANES / 2; width > 0; width /= 2) {
        if (LANE < width && sums[LANE + width] > sums[LANE]) sums[LANE] = sums[LANE + width];
        __syncthreads();
    }
    top = sums[0] == -INFINITY ? 0 : sums[0];
    __syncthreads();
    double all = 0, partners = 0, apart = 0;
    for (L j = LANE; j < n; j += LANES) {
        if (j == i) continue;
        double score = s[j] / temperature - top;
        all += exp(score);
        if (labels[j] == own) {
            partners += 1;
            apart += score;
        }
    }
    BLOCK_SUM(sums, all)
    all = sums[0];
    __syncthreads();
    BLOCK_SUM(sums, partners)
    partners = sums[0];
    __syncthreads();
    BLOCK_SUM(sums, apart)
    apart = sums[0];
    if (LANE == 0) each[i] = partners ? share * (log(all) - apart / partners) : 0;
    for (L j = LANE; j < n; j += LANES) {
        double g = 0;
        if (j != i && partners)
            g = exp(s[j] / temperature - top) / all - (labels[j] == own ? 1 / partners : 0);
        s[j] = (T)(share * g / temperature);
    }
}

/* loss = the sum of each. One block. */
KERNEL void add_each(const double *each, double *loss, L n) {
    __shared__ double sums[256];
    double total = 0;
    for (L i = LANE; i < n; i += LANES) total += each[i];
    BLOCK_SUM(sums, total)
    if (LANE == 0) loss[0] = sums[0];
}
"""


def contrastive(
    ops: Any, z: Array, labels: Array, weight: Array | None, temperature: float, scores: Array, each: Array,
    loss: Array, dz: Array,
) -> Any:  # fmt: skip
    n = len(z)
    if not n or labels.dtype != "int64" or (weight is not None and weight.dtype != z.dtype):
        return NotImplemented
    ops.product(z, z, scores, tb=True)
    ops.launch(ROWS, "contrast", (n, 1), ops.block, scores, labels, weight, each, n, float(temperature), dtype=z.dtype)
    ops.launch(ROWS, "add_each", (1, 1), ops.block, each, loss, n)
    ops.product(scores, z, dz)
    ops.product(scores, z, dz, add=True, ta=True)
    return None
