/* Batch normalisation: each feature by the mean and variance of the batch. Threads share the features, so that a sum
 * over the batch stays within one thread and in one order; sums are accumulated in float64. */
enum { FEATURES = 256 }; /* features at a time: their sums stay in the first-level cache */

#define FOR_FEATURES(width, part, parts)                                                                               \
    for (Range range = part_of(width, CACHE_LINE, part, parts); range.first < range.last; range.first += FEATURES)
#define FEATURE_COUNT (range.last - range.first < FEATURES ? range.last - range.first : FEATURES)

static void part_batch_norm_forward(const void *arguments, int part, int parts) {
    const batch_norm_forward_args *a = arguments;
    const double inverse = a->rows ? 1. / (double)a->rows : 0;
    FOR_FEATURES(a->width, part, parts) {
        const dim j = range.first, n = FEATURE_COUNT;
        double sum[FEATURES] = {0}, squares[FEATURES] = {0};
        float factor[FEATURES];
        for (dim i = 0; i < a->rows; i++)
            for (dim k = 0; k < n; k++) sum[k] += (double)a->x[i * a->width + j + k];
        for (dim k = 0; k < n; k++) a->mean[j + k] = (float)(sum[k] * inverse);
        for (dim i = 0; i < a->rows; i++)
            for (dim k = 0; k < n; k++) {
                const float centred = a->x[i * a->width + j + k] - a->mean[j + k];
                squares[k] += (double)(centred * centred);
            }
        for (dim k = 0; k < n; k++) {
            a->var[j + k] = (float)(squares[k] * inverse);
            factor[k] = a->gamma[j + k] / sqrtf(a->var[j + k] + (float)a->eps);
        }
        for (dim i = 0; i < a->rows; i++)
            for (dim k = 0; k < n; k++) {
                const dim at = i * a->width + j + k;
                a->y[at] = (a->x[at] - a->mean[j + k]) * factor[k] + a->beta[j + k];
            }
    }
}

static void part_batch_norm_inference(const void *arguments, int part, int parts) {
    const batch_norm_inference_args *a = arguments;
    FOR_FEATURES(a->width, part, parts) {
        const dim j = range.first, n = FEATURE_COUNT;
        float factor[FEATURES];
        for (dim k = 0; k < n; k++) factor[k] = a->gamma[j + k] / sqrtf(a->var[j + k] + (float)a->eps);
        for (dim i = 0; i < a->rows; i++)
            for (dim k = 0; k < n; k++) {
                const dim at = i * a->width + j + k;
                a->y[at] = (a->x[at] - a->mean[j + k]) * factor[k] + a->beta[j + k];
            }
    }
}

/* Both backwards: in training the gradient also flows through the mean and the variance. */
static void batch_norm_backward_part(const batch_norm_backward_args *a, int through_statistics, int part, int parts) {
    const float inverse = a->rows ? (float)(1. / (double)a->rows) : 0;
    FOR_FEATURES(a->width, part, parts) {
        const dim j = range.first, n = FEATURE_COUNT;
        double sum_dy[FEATURES] = {0}, sum_dy_x[FEATURES] = {0};
        float inv_std[FEATURES], mean_dy[FEATURES] = {0}, mean_dy_x[FEATURES] = {0};
        for (dim k = 0; k < n; k++) inv_std[k] = 1.f / sqrtf(a->var[j + k] + (float)a->eps);
        for (dim i = 0; i < a->rows; i++)
            for (dim k = 0; k < n; k++) {
                const dim at = i * a->width + j + k;
                const float normalised = (a->x[at] - a->mean[j + k]) * inv_std[k];
                sum_dy[k] += (double)a->dy[at];
                sum_dy_x[k] += (double)(a->dy[at] * normalised);
            }
        if (a->dgamma)
            for (dim k = 0; k < n; k++) a->dgamma[j + k] += (float)sum_dy_x[k];
        if (a->dbeta)
            for (dim k = 0; k < n; k++) a->dbeta[j + k] += (float)sum_dy[k];
        if (!a->dx) continue;
        if (through_statistics)
            for (dim k = 0; k < n; k++) {
                mean_dy[k] = (float)sum_dy[k] * inverse;
                mean_dy_x[k] = (float)sum_dy_x[k] * inverse;
            }
        for (dim i = 0; i < a->rows; i++)
            for (dim k = 0; k < n; k++) {
                const dim at = i * a->width + j + k;
                const float normalised = (a->x[at] - a->mean[j + k]) * inv_std[k];
                a->dx[at] = a->gamma[j + k] * inv_std[k] * (a->dy[at] - mean_dy[k] - normalised * mean_dy_x[k]);
            }
    }
}

static void part_batch_norm_backward(const void *arguments, int part, int parts) {
    batch_norm_backward_part(arguments, 1, part, parts);
}

static void part_batch_norm_inference_backward(const void *arguments, int part, int parts) {
    batch_norm_backward_part(arguments, 0, part, parts);
}

#define NORM_KERNEL(name)                                                                                              \
    static Status run_##name(const void *arguments) {                                                                  \
        const name##_args *a = arguments;                                                                              \
        parallel(part_##name, a, parts_for(10. * (double)a->rows * (double)a->width));                                 \
        return DONE;                                                                                                   \
    }

NORM_KERNEL(batch_norm_forward)
NORM_KERNEL(batch_norm_backward)
NORM_KERNEL(batch_norm_inference)
NORM_KERNEL(batch_norm_inference_backward)
