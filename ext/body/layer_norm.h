/* Layer normalisation: each row by the mean and variance of its features. */

typedef struct { float mean, var; } Moments;

/* The mean and the biased variance of x − shift, n ≥ 1 numbers. */
INLINE Moments moments_beyond(float shift, const float *x, dim n) {
    vf sum[4] = {{0}}, square[4] = {{0}};
    float total = 0, squares = 0;
    dim i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) UNROLL(4)
        for (int j = 0; j < 4; j++) {
            const vf beyond = load(x + i + j * LANES) - shift;
            sum[j] += beyond;
            square[j] += beyond * beyond;
        }
    for (; i + LANES <= n; i += LANES) {
        const vf beyond = load(x + i) - shift;
        sum[0] += beyond;
        square[0] += beyond * beyond;
    }
    for (; i < n; i++) {
        total += x[i] - shift;
        squares += (x[i] - shift) * (x[i] - shift);
    }
    total += lanes_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
    squares += lanes_sum((square[0] + square[1]) + (square[2] + square[3]));
    const float mean = total / (float)n, var = squares / (float)n - mean * mean;
    return (Moments){mean, var < 0 ? 0 : var};
}

/* What is added up are differences to a number of the row: their rounding is small beside the row's spread, however far
 * from 0 it lies, and a constant row is exactly 0. Where that number is no good one, its mean takes its place. */
static void part_layer_norm_forward(const void *arguments, int part, int parts) {
    const layer_norm_forward_args *a = arguments;
    const Range r = part_of(a->rows, 1, part, parts);
    for (dim i = r.first; i < r.last; i++) {
        const float *x = a->x + i * a->width;
        float *y = a->y + i * a->width, shift = x[0];
        Moments beyond = moments_beyond(shift, x, a->width);
        if (beyond.mean * beyond.mean > 16 * beyond.var) {
            shift += beyond.mean;
            beyond = moments_beyond(shift, x, a->width);
        }
        const float rest = beyond.mean, inv_std = 1.f / sqrtf(beyond.var + (float)a->eps);
        for (dim k = 0; k < a->width; k++) y[k] = ((x[k] - shift) - rest) * inv_std * a->gamma[k] + a->beta[k];
        a->mean[i] = shift + rest;
        a->inv_std[i] = inv_std;
    }
}

/* dγ += Σ dy ⊙ x̂ and dβ += Σ dy, by features: a sum over the rows stays within one thread and in one order. */
static void layer_norm_parameters(const layer_norm_backward_args *a, int part, int parts) {
    FOR_FEATURES(a->width, part, parts) {
        const dim j = range.first, n = FEATURE_COUNT;
        double sum_dy[FEATURES] = {0}, sum_dy_x[FEATURES] = {0};
        for (dim i = 0; i < a->rows; i++)
            for (dim k = 0; k < n; k++) {
                const dim at = i * a->width + j + k;
                sum_dy[k] += (double)a->dy[at];
                sum_dy_x[k] += (double)(a->dy[at] * ((a->x[at] - a->mean[i]) * a->inv_std[i]));
            }
        if (a->dgamma)
            for (dim k = 0; k < n; k++) a->dgamma[j + k] += (float)sum_dy_x[k];
        if (a->dbeta)
            for (dim k = 0; k < n; k++) a->dbeta[j + k] += (float)sum_dy[k];
    }
}

static void part_layer_norm_backward(const void *arguments, int part, int parts) {
    const layer_norm_backward_args *a = arguments;
    if (a->dgamma || a->dbeta) layer_norm_parameters(a, part, parts);
    if (!a->dx) return;
    const Range r = part_of(a->rows, 1, part, parts);
    const float width = (float)a->width;
    for (dim i = r.first; i < r.last; i++) { /* dx = inv_std (g − mean(g) − x̂ mean(g x̂)), g = dy γ */
        const float *dy = a->dy + i * a->width, *x = a->x + i * a->width;
        const float mean = a->mean[i], inv_std = a->inv_std[i];
        float *g = a->dx + i * a->width, along = 0;
        for (dim k = 0; k < a->width; k++) g[k] = dy[k] * a->gamma[k];
        const float mean_g = sum_span(g, a->width) / width;
#define ELEMENT(k) g[k] * ((x[k] - mean) * inv_std)
#define VECTOR(k) load(g + (k)) * ((load(x + (k)) - mean) * inv_std)
        SPAN_SUM(along, a->width, ELEMENT, VECTOR);
#undef ELEMENT
#undef VECTOR
        along /= width;
        for (dim k = 0; k < a->width; k++) g[k] = inv_std * (g[k] - mean_g - (x[k] - mean) * inv_std * along);
    }
}

NORM_KERNEL(layer_norm_forward)
NORM_KERNEL(layer_norm_backward)
