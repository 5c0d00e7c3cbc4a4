/* Losses with their gradients: L = Σ wᵢ lᵢ / Σ wᵢ over rows, and d L / d prediction.
 *
 * A row gives its loss lᵢ and the gradient of lᵢ; the driver weighs, averages and sums them, block by block.
 */
typedef float (*RowLoss)(const loss_args *a, dim row, float share);

typedef struct {
    const loss_args *a;
    RowLoss row_loss;
    double total; /* Σ w, or 1 where that is 0 */
    dim block, blocks;
    double *sums;
} LossBlocks;

INLINE double weight_at(const loss_args *a, dim i) {
    return a->weight32 ? (double)a->weight32[i] : a->weight64 ? a->weight64[i] : 1.;
}

static void part_loss(const void *arguments, int part, int parts) {
    const LossBlocks *s = arguments;
    const Range r = part_of(s->blocks, 1, part, parts);
    for (dim block = r.first; block < r.last; block++) {
        const dim first = block * s->block, next = first + s->block, last = next < s->a->rows ? next : s->a->rows;
        double sum = 0;
        for (dim i = first; i < last; i++) {
            const double share = weight_at(s->a, i) / s->total;
            sum += share * (double)s->row_loss(s->a, i, (float)share);
        }
        s->sums[block] = sum;
    }
}

static Status mean_loss(const loss_args *a, RowLoss row_loss) {
    double sums[MOST_BLOCKS], loss = 0, total = (double)a->rows;
    if (a->weight32 || a->weight64) {
        total = 0;
        for (dim i = 0; i < a->rows; i++) total += weight_at(a, i);
    }
    dim block = (a->rows + MOST_BLOCKS - 1) / MOST_BLOCKS;
    if (block < 16) block = 16;
    const LossBlocks s = {a, row_loss, total > 0 ? total : 1, block, (a->rows + block - 1) / block, sums};
    parallel(part_loss, &s, parts_for(ACTIVATION_WORK * (double)a->rows * (double)a->width));
    for (dim i = 0; i < s.blocks; i++) loss += sums[i];
    *a->loss = loss;
    return DONE;
}

/* l = log Σ e^z − z_t; dz = softmax(z) − onehot(t) */
static float cross_entropy_row(const loss_args *a, dim row, float share) {
    const float *z = a->prediction + row * a->width;
    float *dz = a->gradient + row * a->width, most;
    const float sum = exponentials(z, dz, a->width, &most), factor = share / sum;
    for (dim k = 0; k < a->width; k++) dz[k] *= factor;
    dz[a->label[row]] -= share;
    return logf(sum) - (z[a->label[row]] - most);
}

static Status run_softmax_cross_entropy(const void *arguments) {
    const loss_args *a = arguments;
    for (dim i = 0; i < a->rows; i++)
        if (a->label[i] < 0 || a->label[i] >= a->width) { /* nothing is read out of bounds, nothing goes unnoticed */
            *a->loss = NAN;
            for (dim k = 0; k < a->rows * a->width; k++) a->gradient[k] = NAN;
            return LABEL_OUT_OF_RANGE;
        }
    return mean_loss(a, cross_entropy_row);
}

/* l = −Σ t log softmax(z); dz = softmax(z) Σ t − t */
static float soft_cross_entropy_row(const loss_args *a, dim row, float share) {
    const float *z = a->prediction + row * a->width, *t = a->target + row * a->width;
    float *dz = a->gradient + row * a->width, most, loss = 0;
    const float sum = exponentials(z, dz, a->width, &most), log_sum = logf(sum);
    const float factor = sum_span(t, a->width) / sum;
    for (dim k = 0; k < a->width; k++) {
        loss -= t[k] * ((z[k] - most) - log_sum);
        dz[k] = share * (dz[k] * factor - t[k]);
    }
    return loss;
}

static Status run_softmax_cross_entropy_soft(const void *arguments) {
    return mean_loss(arguments, soft_cross_entropy_row);
}

/* l = (1/K) Σ softplus(z) − z t; dz = (σ(z) − t)/K */
static float binary_cross_entropy_row(const loss_args *a, dim row, float share) {
    const float *z = a->prediction + row * a->width, *t = a->target + row * a->width;
    float *dz = a->gradient + row * a->width;
    for (dim k = 0; k < a->width; k++) dz[k] = softplus(z[k]) - z[k] * t[k];
    const float loss = sum_span(dz, a->width);
    const float factor = share / (float)a->width;
    for (dim k = 0; k < a->width; k++) dz[k] = factor * (sigmoid(z[k]) - t[k]);
    return loss / (float)a->width;
}

static Status run_binary_cross_entropy(const void *arguments) { return mean_loss(arguments, binary_cross_entropy_row); }

/* l = (1/K) Σ (y − t)²; dy = 2 (y − t)/K */
static float mse_row(const loss_args *a, dim row, float share) {
    const float *y = a->prediction + row * a->width, *t = a->target + row * a->width;
    float *dy = a->gradient + row * a->width;
    for (dim k = 0; k < a->width; k++) dy[k] = y[k] - t[k];
    const float loss = dot_span(dy, dy, a->width) / (float)a->width;
    const float factor = 2.f * share / (float)a->width;
    for (dim k = 0; k < a->width; k++) dy[k] *= factor;
    return loss;
}

static Status run_mse(const void *arguments) { return mean_loss(arguments, mse_row); }
