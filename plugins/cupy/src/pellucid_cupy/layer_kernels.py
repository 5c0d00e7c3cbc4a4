"""The GPU kernels of normalisations and losses; see ``pellucid_cupy.kernels`` for what they may use."""

from __future__ import annotations

NORMALISE = """
/* Each column by its mean and variance; dx with the sums of dy and of dy xhat, or with neither. */
#define SCALE(c) (gamma[c] / sqrt(var[c] + (T)eps))
KERNEL void normalise(const T *x, const T *gamma, const T *beta, const T *mean, const T *var, T *y, long long n,
                      long long cols, double eps) {
    for (long long i = PLACE; i < n; i += STRIDE) {
        long long c = i % cols;
        y[i] = (x[i] - mean[c]) * SCALE(c) + beta[c];
    }
}

KERNEL void normalise_back(const T *dy, const T *x, const T *gamma, const T *mean, const T *var, const T *sum_dy,
                           const T *sum_dyx, T *dx, long long n, long long cols, double eps, double share) {
    for (long long i = PLACE; i < n; i += STRIDE) {
        long long c = i % cols;
        T inside = dy[i];
        if (sum_dy) {
            T xhat = (x[i] - mean[c]) / sqrt(var[c] + (T)eps);
            inside = inside - sum_dy[c] * (T)share - xhat * (sum_dyx[c] * (T)share);
        }
        dx[i] = SCALE(c) * inside;
    }
}

/* One block a row. Differences are added up, first to the row's first number, and what the mean as a T lacks is taken
   out as well: a constant row gives beta. */
KERNEL void layer_norm(const T *x, const T *gamma, const T *beta, T *mean, T *inv_std, T *y, long long cols,
                       double eps) {
    __shared__ T sums[256];
    const T *from = x + blockIdx.x * cols;
    T *to = y + blockIdx.x * cols, total = 0, rest = 0;
    for (long long c = LANE; c < cols; c += LANES) total += from[c] - from[0];
    BLOCK_SUM(sums, total)
    T centre = from[0] + sums[0] / (T)cols;
    __syncthreads();
    total = 0;
    for (long long c = LANE; c < cols; c += LANES) {
        rest += from[c] - centre;
        total += (from[c] - centre) * (from[c] - centre);
    }
    BLOCK_SUM(sums, rest)
    rest = sums[0] / (T)cols;
    __syncthreads();
    BLOCK_SUM(sums, total)
    T variance = sums[0] / (T)cols - rest * rest;
    T scale = 1 / sqrt((variance < 0 ? (T)0 : variance) + (T)eps);
    for (long long c = LANE; c < cols; c += LANES) to[c] = (from[c] - centre - rest) * scale * gamma[c] + beta[c];
    if (LANE == 0) { mean[blockIdx.x] = centre; inv_std[blockIdx.x] = scale; }
}

KERNEL void layer_norm_back(const T *dy, const T *x, const T *gamma, const T *mean, const T *inv_std, T *dx, T *along,
                            long long cols) {
    __shared__ T sums[256];
    long long first = blockIdx.x * cols;
    T centre = mean[blockIdx.x], scale = inv_std[blockIdx.x], sum_g = 0, sum_gx = 0;
    for (long long c = LANE; c < cols; c += LANES) {
        T g = dy[first + c] * gamma[c], xhat = (x[first + c] - centre) * scale;
        sum_g += g;
        sum_gx += g * xhat;
        if (along) along[first + c] = dy[first + c] * xhat;
    }
    BLOCK_SUM(sums, sum_g)
    sum_g = sums[0] / (T)cols;
    __syncthreads();
    BLOCK_SUM(sums, sum_gx)
    sum_gx = sums[0] / (T)cols;
    if (dx)
        for (long long c = LANE; c < cols; c += LANES) {
            T g = dy[first + c] * gamma[c], xhat = (x[first + c] - centre) * scale;
            dx[first + c] = scale * (g - sum_g - xhat * sum_gx);
        }
}
"""

LOSSES = """
/* One block of one row of threads for each sample: its loss, and its gradient over n. */
KERNEL void cross_entropy(const T *logits, const long long *target, double *losses, T *dlogits, long long n,
                          long long classes) {
    __shared__ T sums[256];
    long long row = blockIdx.x, label = target[row];
    const T *z = logits + row * classes;
    T *dz = dlogits + row * classes;
    T largest = z[0], total = 0, ones = 0;
    for (long long k = LANE; k < classes; k += LANES) largest = largest >= z[k] ? largest : z[k];
    sums[LANE] = largest;
    __syncthreads();
    for (unsigned k = 0; k < LANES; ++k) largest = largest >= sums[k] ? largest : sums[k];
    __syncthreads();
    for (long long k = LANE; k < classes; k += LANES) {
        T e = exp(z[k] - largest);
        if (e == 1) ones += 1; else total += e;
    }
    BLOCK_SUM(sums, ones)
    ones = sums[0] - 1;
    __syncthreads();
    BLOCK_SUM(sums, total)
    total = log1p(sums[0] + ones); /* the largest one's 1 would round away what the others make */
    bool wrong = label < 0 || label >= classes;
    for (long long k = LANE; k < classes; k += LANES) {
        T p = k == label ? expm1(z[k] - largest - total) : exp(z[k] - largest - total);
        dz[k] = wrong ? (T)NAN : p / (T)n;
    }
    if (LANE == 0) losses[row] = wrong ? NAN : (double)(total + (largest - z[label]));
}

/* Losses of each number by itself: the sum over a block's numbers, and the gradient. */
#define EACH(name, LOSS, GRADIENT) \\
KERNEL void name(const T *prediction, const T *target, double *partial, T *gradient, long long n, double share) { \\
    __shared__ double sums[256]; \\
    double total = 0; \\
    for (long long i = PLACE; i < n; i += STRIDE) { \\
        T p = prediction[i], t = target[i]; \\
        total += (double)(LOSS); \\
        gradient[i] = (T)share * (GRADIENT); \\
    } \\
    BLOCK_SUM(sums, total) \\
    if (LANE == 0) partial[blockIdx.x] = sums[0]; \\
}
EACH(mse, (p - t) * (p - t), 2 * (p - t))
EACH(binary_cross_entropy, fabs(p) * (p < 0 ? t : 1 - t) + log1p(exp(-fabs(p))),
     p < 0 ? exp(-fabs(p)) / (1 + exp(-fabs(p))) - t : (1 - t) - exp(-fabs(p)) / (1 + exp(-fabs(p))))
"""
