/* Group normalisation: each image by the mean and variance of all pixels and a group's channels.
 *
 * Sums run over pixels, channel by channel, in float over CHUNK pixels and in double over these. What is summed over the
 * images, too, is kept apart for each image and added in order: the threads do not change it. */
enum { CHUNK = 64, CHANNELS_AT_ONCE = 64 };

/* Σ over the pixels of FIRST and of SECOND, both expressions of k (channel) and at (element). */
#define SUM_PIXELS(pixels, channels, first_sum, second_sum, FIRST, SECOND)                                             \
    for (dim c0_ = 0; c0_ < (channels); c0_ += CHANNELS_AT_ONCE) {                                                     \
        const dim n_ = least(CHANNELS_AT_ONCE, (channels) - c0_);                                                      \
        for (dim k = c0_; k < c0_ + n_; k++) first_sum[k] = second_sum[k] = 0;                                         \
        for (dim p0_ = 0; p0_ < (pixels); p0_ += CHUNK) {                                                              \
            float first_[CHANNELS_AT_ONCE] = {0}, second_[CHANNELS_AT_ONCE] = {0};                                     \
            for (dim p_ = p0_; p_ < least((pixels), p0_ + CHUNK); p_++)                                                \
                for (dim k = c0_; k < c0_ + n_; k++) {                                                                 \
                    const dim at = p_ * (channels) + k;                                                                \
                    first_[k - c0_] += (FIRST);                                                                        \
                    second_[k - c0_] += (SECOND);                                                                      \
                }                                                                                                      \
            for (dim k = c0_; k < c0_ + n_; k++) {                                                                     \
                first_sum[k] += (double)first_[k - c0_];                                                               \
                second_sum[k] += (double)second_[k - c0_];                                                             \
            }                                                                                                          \
        }                                                                                                              \
    }

INLINE double group_sum(const double *sums, dim group, dim width) {
    double total = 0;
    for (dim k = group * width; k < (group + 1) * width; k++) total += sums[k];
    return total;
}

/* Each part has two rows of doubles and three of floats, one number a channel.
 *
 * What is added up are differences to a number of the group: their rounding is small beside the group's spread, however
 * far from 0 it lies, and a constant group is exactly 0. Where that number is no good one, the means take their place. */
static void part_group_norm_forward(const void *arguments, int part, int parts) {
    const group_norm_args *a = arguments;
    const dim channels = a->channels, width = channels / a->groups, size = a->pixels * channels;
    const double count = (double)(a->pixels * width);
    double *first = (double *)a->scratch + (dim)part * 4 * channels, *second = first + channels;
    float *restrict shift = (float *)(second + channels), *restrict factor = shift + channels;
    float *restrict level = factor + channels;
    const Range images = part_of(a->images, part, parts);
    for (dim image = images.first; image < images.last; image++) {
        const float *restrict x = a->x + image * size;
        float *restrict y = a->y + image * size, *mean = a->mean + image * a->groups;
        float *inv_std = a->inv_std + image * a->groups;
        for (dim k = 0; k < channels; k++) shift[k] = a->pixels ? x[k / width * width] : 0;
        for (int again = 1, far = 1; far; again = 0) {
            SUM_PIXELS(a->pixels, channels, first, second, x[at] - shift[k], (x[at] - shift[k]) * (x[at] - shift[k]))
            far = 0;
            for (dim g = 0; g < a->groups; g++) {
                const double rest = group_sum(first, g, width) / count;
                const double var = group_sum(second, g, width) / count - rest * rest;
                mean[g] = (float)((double)shift[g * width] + rest);
                inv_std[g] = (float)(1 / sqrt((var < 0 ? 0 : var) + a->eps));
                for (dim k = g * width; k < (g + 1) * width; k++) {
                    factor[k] = inv_std[g] * a->gamma[k];
                    level[k] = (float)((double)a->beta[k] - rest * (double)factor[k]);
                }
                far |= again && rest * rest > 16 * var;
            }
            if (far)
                for (dim k = 0; k < channels; k++) shift[k] = mean[k / width];
        }
        for (dim p = 0; p < a->pixels; p++)
            for (dim k = 0; k < channels; k++)
                y[p * channels + k] = (x[p * channels + k] - shift[k]) * factor[k] + level[k];
    }
}

/* With x̂ = (x − mean) inv_std and g = γ dy: dx = inv_std (g − mean(g) − x̂ mean(g x̂)) = factor dy − slope (x − mean) − level. */
static void part_group_norm_backward(const void *arguments, int part, int parts) {
    const group_norm_args *a = arguments;
    const dim channels = a->channels, width = channels / a->groups, size = a->pixels * channels;
    const double count = (double)(a->pixels * width);
    float *rows = (float *)((double *)a->scratch + a->images * 2 * channels) + (dim)part * 4 * channels;
    float *restrict shift = rows, *restrict factor = rows + channels, *restrict slope = rows + 2 * channels;
    float *restrict level = rows + 3 * channels;
    const Range images = part_of(a->images, part, parts);
    for (dim image = images.first; image < images.last; image++) {
        const float *restrict x = a->x + image * size, *restrict dy = a->dy + image * size;
        const float *mean = a->mean + image * a->groups, *inv_std = a->inv_std + image * a->groups;
        double *first = (double *)a->scratch + image * 2 * channels, *second = first + channels;
        for (dim k = 0; k < channels; k++) shift[k] = mean[k / width];
        SUM_PIXELS(a->pixels, channels, first, second, dy[at], dy[at] * (x[at] - shift[k]))
        for (dim k = 0; k < channels; k++) second[k] *= (double)inv_std[k / width]; /* Σ dy, Σ dy x̂ */
        if (!a->dx) continue;
        for (dim g = 0; g < a->groups; g++) {
            double along = 0, total = 0;
            for (dim k = g * width; k < (g + 1) * width; k++) {
                total += (double)a->gamma[k] * first[k];
                along += (double)a->gamma[k] * second[k];
            }
            for (dim k = g * width; k < (g + 1) * width; k++) {
                factor[k] = inv_std[g] * a->gamma[k];
                slope[k] = (float)((double)inv_std[g] * (double)inv_std[g] * along / count);
                level[k] = (float)((double)inv_std[g] * total / count);
            }
        }
        float *restrict dx = a->dx + image * size;
        for (dim p = 0; p < a->pixels; p++)
            for (dim k = 0; k < channels; k++) {
                const dim at = p * channels + k;
                dx[at] = factor[k] * dy[at] - slope[k] * (x[at] - shift[k]) - level[k];
            }
    }
}

INLINE int group_norm_parts(const group_norm_args *a, double cost) {
    return parts_of_work(cost * (double)(a->images * a->pixels * a->channels), a->parts);
}

static Status run_group_norm_forward(const void *arguments) {
    const group_norm_args *a = arguments;
    pellucid->parallel(part_group_norm_forward, a, group_norm_parts(a, 6));
    return PELLUCID_DONE;
}

static Status run_group_norm_backward(const void *arguments) {
    const group_norm_args *a = arguments;
    pellucid->parallel(part_group_norm_backward, a, group_norm_parts(a, 8));
    double *const sums = (double *)a->scratch; /* of the first image, to which the others are added */
    for (dim image = 1; image < a->images; image++)
        for (dim k = 0; k < 2 * a->channels; k++) sums[k] += sums[image * 2 * a->channels + k];
    for (dim k = 0; k < a->channels && a->images; k++) {
        if (a->dbeta) a->dbeta[k] += (float)sums[k];
        if (a->dgamma) a->dgamma[k] += (float)sums[a->channels + k];
    }
    return PELLUCID_DONE;
}
