"""Group normalisation on a CUDA device: a block for each group of an image, sums in shared memory."""

from __future__ import annotations

from typing import Any

from pellucid import Array

MOST_IMAGES = 65535
"""Blocks that a grid may have along its second axis."""
PIXELS = 128
"""Of an image, that one block of threads adds up."""

GROUPS = """
#define L long long

/* x, y (n, p, c); block (image, group); each group has `each` channels, `some` times VEC. Differences to the group's
   first number are added up, and what the mean as a T lacks is taken out as well: a constant group gives beta. */
KERNEL void forward(const T *x, const T *gamma, const T *beta, T *mean, T *inv_std, T *y, L p, L c, L each,
                    double eps) {
    __shared__ double sums[256];
    L group = blockIdx.y, first = blockIdx.x * p * c + group * each, place = blockIdx.x * gridDim.y + group;
    int some = (int)each / VEC, count = (int)p * some, width = (int)c / VEC;
    const V *from = (const V *)(x + first);
    V *to = (V *)(y + first);
    double total = 0, rest = 0;
    for (int e = LANE; e < count; e += LANES) {
        V value = from[e / some * width + e % some];
        for (int s = 0; s < VEC; ++s) total += (double)value.v[s] - x[first];
    }
    BLOCK_SUM(sums, total)
    T centre = (T)(x[first] + sums[0] / (double)(p * each));
    __syncthreads();
    total = 0;
    for (int e = LANE; e < count; e += LANES) {
        V value = from[e / some * width + e % some];
        for (int s = 0; s < VEC; ++s) {
            T beyond = value.v[s] - centre;
            rest += beyond;
            total += (double)beyond * beyond;
        }
    }
    BLOCK_SUM(sums, rest)
    rest = sums[0] / (double)(p * each);
    __syncthreads();
    BLOCK_SUM(sums, total)
    double variance = sums[0] / (double)(p * each) - rest * rest;
    T scale = (T)(1 / sqrt((variance < 0 ? 0 : variance) + eps)), lacking = (T)rest;
    for (int e = LANE; e < count; e += LANES) {
        int k = e % some, i = e / some * width + k;
        V value = from[i];
        for (int s = 0; s < VEC; ++s) {
            L channel = group * each + k * VEC + s;
            value.v[s] = (value.v[s] - centre - lacking) * scale * gamma[channel] + beta[channel];
        }
        to[i] = value;
    }
    if (LANE == 0) { mean[place] = centre; inv_std[place] = scale; }
}

KERNEL void backward(const T *dy, const T *x, const T *gamma, const T *mean, const T *inv_std, T *dx, L p, L c,
                     L each) {
    __shared__ double sums[256];
    L group = blockIdx.y, first = blockIdx.x * p * c + group * each, place = blockIdx.x * gridDim.y + group;
    int some = (int)each / VEC, count = (int)p * some, width = (int)c / VEC;
    const V *dys = (const V *)(dy + first), *xs = (const V *)(x + first);
    V *to = (V *)(dx + first);
    T centre = mean[place], scale = inv_std[place];
    double sum_g = 0, sum_gx = 0;
    for (int e = LANE; e < count; e += LANES) {
        int k = e % some, i = e / some * width + k;
        V d = dys[i], value = xs[i];
        for (int s = 0; s < VEC; ++s) {
            T g = d.v[s] * gamma[group * each + k * VEC + s];
            sum_g += g;
            sum_gx += (double)g * ((value.v[s] - centre) * scale);
        }
    }
    BLOCK_SUM(sums, sum_g)
    T mean_g = (T)(sums[0] / (double)(p * each));
    __syncthreads();
    BLOCK_SUM(sums, sum_gx)
    T mean_gx = (T)(sums[0] / (double)(p * each));
    for (int e = LANE; e < count; e += LANES) {
        int k = e % some, i = e / some * width + k;
        V d = dys[i], value = xs[i];
        for (int s = 0; s < VEC; ++s) {
            T g = d.v[s] * gamma[group * each + k * VEC + s];
            d.v[s] = scale * (g - mean_g - (value.v[s] - centre) * scale * mean_gx);
        }
        to[i] = d;
    }
}

/* Of each channel and chunk of an image's pixels: the sums of dy xhat and of dy. Block (channels, image and chunk). */
KERNEL void channel_sums(const T *dy, const T *x, const T *mean, const T *inv_std, T *with_x, T *alone, L p, L c,
                         L each, L chunks, L of_chunk) {
    __shared__ double sums[8][33];
    __shared__ double others[8][33];
    L k = (L)blockIdx.x * blockDim.x + threadIdx.x, image = blockIdx.y / chunks, begin = blockIdx.y % chunks * of_chunk;
    L end = begin + of_chunk < p ? begin + of_chunk : p;
    double total = 0, other = 0;
    if (k < c) {
        L place = image * (c / each) + k / each;
        T centre = mean[place], scale = inv_std[place];
        for (L q = begin + threadIdx.y; q < end; q += blockDim.y) {
            L i = (image * p + q) * c + k;
            total += (double)dy[i] * ((x[i] - centre) * scale);
            other += dy[i];
        }
    }
    sums[threadIdx.y][threadIdx.x] = total;
    others[threadIdx.y][threadIdx.x] = other;
    __syncthreads();
    if (threadIdx.y == 0 && k < c) {
        for (unsigned s = 1; s < blockDim.y; ++s) {
            total += sums[s][threadIdx.x];
            other += others[s][threadIdx.x];
        }
        with_x[blockIdx.y * c + k] = (T)total;
        alone[blockIdx.y * c + k] = (T)other;
    }
}
"""


def group_norm_forward(
    ops: Any, x: Array, gamma: Array, beta: Array, groups: int, eps: float, mean: Array, inv_std: Array, y: Array
) -> None:
    n, p, c = x.shape
    if x.size:
        words = ops.together(c // groups, x, y)
        ops.launch(GROUPS, "forward", (n, groups), ops.block, x, gamma, beta, mean, inv_std, y, p, c, c // groups,
                   float(eps), dtype=x.dtype, VEC=str(words))  # fmt: skip


def group_norm_backward(
    ops: Any, dy: Array, x: Array, gamma: Array, mean: Array, inv_std: Array, groups: int,
    dgamma: Array | None, dbeta: Array | None, dx: Array | None,
) -> Any:  # fmt: skip
    n, p, c = x.shape
    if n > MOST_IMAGES:
        return NotImplemented
    if not x.size:
        return None
    dy = ops.contiguous(dy)
    if dgamma is not None or dbeta is not None:
        chunks = max(1, min(-(-p // PIXELS), MOST_IMAGES // n))
        with_x, alone = ops.empty((n * chunks, c), x.dtype), ops.empty((n * chunks, c), x.dtype)
        ops.launch(
            GROUPS, "channel_sums", (-(-c // ops.block[0]), n * chunks), ops.block, dy, x, mean, inv_std, with_x, alone,
            p, c, c // groups, chunks, -(-p // chunks), dtype=x.dtype,
        )  # fmt: skip
        for partial, gradient in ((with_x, dgamma), (alone, dbeta)):
            if gradient is not None:
                ops.columns("identity", partial, None, None, None, gradient)
    if dx is not None:
        words = ops.together(c // groups, dy, x, dx)
        ops.launch(GROUPS, "backward", (n, groups), ops.block, dy, x, gamma, mean, inv_std, dx, p, c, c // groups,
                   dtype=x.dtype, VEC=str(words))  # fmt: skip
    return None
