/* Losses with their gradients: L = Σ wᵢ lᵢ / Σ wᵢ over rows, and d L / d prediction.
 *
 * A loss is a function of some rows, from one to before another: Σ wᵢ/W lᵢ and, in a->gradient, its gradient, where W is
 * the total weight. The driver gives it block by block and sums these.
 */
typedef double (*RowsLoss)(const loss_args *a, dim first, dim last, double total);

typedef struct {
    const loss_args *a;
    RowsLoss rows_loss;
    double total; /* Σ w, or 1 where that is 0 */
    Blocks blocks;
    double *sums;
} LossBlocks;

INLINE double weight_at(const loss_args *a, dim i) {
    return a->weight32 ? (double)a->weight32[i] : a->weight64 ? a->weight64[i] : 1.;
}

static void part_loss(const void *arguments, int part, int parts) {
    const LossBlocks *s = arguments;
    const Range r = part_of(s->blocks.count, 1, part, parts);
    for (dim block = r.first; block < r.last; block++) {
        const dim first = block * s->blocks.size, next = first + s->blocks.size;
        const dim last = next < s->a->rows ? next : s->a->rows;
        s->sums[block] = s->rows_loss(s->a, first, last, s->total);
    }
}

static Status mean_loss(const loss_args *a, RowsLoss rows_loss) {
    double sums[MOST_BLOCKS], loss = 0, total = (double)a->rows;
    if (a->weight32 || a->weight64) {
        total = 0;
        for (dim i = 0; i < a->rows; i++) total += weight_at(a, i);
    }
    const LossBlocks s = {a, rows_loss, total > 0 ? total : 1, in_blocks(a->rows, 16), sums};
    parallel(part_loss, &s, parts_for(ACTIVATION_WORK * (double)a->rows * (double)a->width));
    for (dim i = 0; i < s.blocks.count; i++) loss += sums[i];
    *a->loss = loss;
    return DONE;
}

/* log(a + u) for a ≥ 0 and u ≥ 0, where a = 1 loses nothing of a small u: by the logarithm of a double. */
INLINE double log_sum_of(float a, float u) {
    return a == 1.f && u < 1e-4f ? (double)(u - 0.5f * u * u) : log((double)a + (double)u);
}

/* A loss of rows that have nothing to do with each other: each gives its lᵢ and the gradient of wᵢ/W lᵢ. */
#define ROW_BY_ROW(rows_loss, row_loss)                                                                                \
    static double rows_loss(const loss_args *a, dim first, dim last, double total) {                                   \
        double sum = 0;                                                                                                \
        for (dim i = first; i < last; i++) {                                                                           \
            const double share = weight_at(a, i) / total;                                                              \
            sum += share * (double)row_loss(a, i, (float)share);                                                       \
        }                                                                                                              \
        return sum;                                                                                                    \
    }

/* l = log Σ e^z − z_t; dz = softmax(z) − onehot(t). With s = Σ_{k≠t} e^{z_k − max z} these are log(1 + s) and
 * −s/(1 + s) at t where t is the largest: a difference to 1 would lose what is left. */
INLINE float cross_entropy_row(const loss_args *a, dim row, float most, float share) {
    const float *z = a->prediction + row * a->width;
    float *dz = a->gradient + row * a->width, *of_label = dz + a->label[row];
    const float own = *of_label; /* dz is e^{z − most} */
    *of_label = 0;
    const float others = sum_span(dz, a->width), factor = share / (own + others);
    for (dim k = 0; k < a->width; k++) dz[k] *= factor;
    *of_label = -others * factor;
    return (float)(log_sum_of(own, others) - (double)(z[a->label[row]] - most));
}

static double cross_entropy_rows(const loss_args *a, dim first, dim last, double total) {
    float most[ROWS_AT_ONCE];
    const dim at_once = rows_at_once(a->width);
    double sum = 0;
    for (dim start = first; start < last; start += at_once) {
        const dim rows = last - start < at_once ? last - start : at_once, at = start * a->width;
        exponentials(a->prediction + at, a->gradient + at, rows, a->width, most);
        for (dim i = 0; i < rows; i++) {
            const double share = weight_at(a, start + i) / total;
            sum += share * (double)cross_entropy_row(a, start + i, most[i], (float)share);
        }
    }
    return sum;
}

static Status run_softmax_cross_entropy(const void *arguments) {
    const loss_args *a = arguments;
    for (dim i = 0; i < a->rows; i++)
        if (a->label[i] < 0 || a->label[i] >= a->width) { /* nothing is read out of bounds, nothing goes unnoticed */
            *a->loss = NAN;
            for (dim k = 0; k < a->rows * a->width; k++) a->gradient[k] = NAN;
            return LABEL_OUT_OF_RANGE;
        }
    return mean_loss(a, cross_entropy_rows);
}

/* Σ e − 1, where the largest is 1: what the others make, which the sum would round to the precision of 1. */
static float beside_largest(float *e, dim n) {
    dim largest = 0;
    while (largest < n && e[largest] != 1.f) largest++;
    if (largest == n) return sum_span(e, n) - 1.f; /* there is a NaN among them */
    e[largest] = 0;
    const float others = sum_span(e, n);
    e[largest] = 1.f;
    return others;
}

/* l = −Σ t log softmax(z); dz = softmax(z) Σ t − t, likewise. */
INLINE float soft_cross_entropy_row(const loss_args *a, dim row, float share) {
    const float *z = a->prediction + row * a->width, *t = a->target + row * a->width;
    float *dz = a->gradient + row * a->width, loss = 0, most;
    exponentials(z, dz, 1, a->width, &most);
    const float others = beside_largest(dz, a->width);
    const float log_sum = (float)log_sum_of(1.f, others), total = sum_span(t, a->width), factor = total / (1.f + others);
    for (dim k = 0; k < a->width; k++) {
        loss -= t[k] * ((z[k] - most) - log_sum);
        dz[k] = share * (dz[k] == 1.f ? (total - t[k]) - others * factor : dz[k] * factor - t[k]);
    }
    return loss;
}

ROW_BY_ROW(soft_cross_entropy_rows, soft_cross_entropy_row)

static Status run_softmax_cross_entropy_soft(const void *arguments) {
    return mean_loss(arguments, soft_cross_entropy_rows);
}

/* l = (1/K) Σ |z| u + log(1 + e^{−|z|}) and dz = ±(e/(1 + e) − u)/K with e = e^{−|z|}, u = 1 − t and − for z ≥ 0, u = t and
 * + below. Nothing cancels: what is left of the loss of a row that is nearly certain is not lost. */
INLINE float binary_cross_entropy_row(const loss_args *a, dim row, float share) {
    const float *z = a->prediction + row * a->width, *t = a->target + row * a->width;
    float *dz = a->gradient + row * a->width;
    for (dim k = 0; k < a->width; k++) {
        const float size = absolute(z[k]);
        dz[k] = size * (z[k] < 0 ? t[k] : 1.f - t[k]) + log1p_small(exp_negative(-size));
    }
    const float loss = sum_span(dz, a->width);
    const float factor = share / (float)a->width;
    for (dim k = 0; k < a->width; k++) {
        const float e = exp_negative(-absolute(z[k])), other = e / (1.f + e);
        dz[k] = z[k] < 0 ? factor * (other - t[k]) : factor * ((1.f - t[k]) - other);
    }
    return loss / (float)a->width;
}

ROW_BY_ROW(binary_cross_entropy_rows, binary_cross_entropy_row)

static Status run_binary_cross_entropy(const void *arguments) { return mean_loss(arguments, binary_cross_entropy_rows); }

/* l = (1/K) Σ (y − t)²; dy = 2 (y − t)/K */
INLINE float mse_row(const loss_args *a, dim row, float share) {
    const float *y = a->prediction + row * a->width, *t = a->target + row * a->width;
    float *dy = a->gradient + row * a->width;
    for (dim k = 0; k < a->width; k++) dy[k] = y[k] - t[k];
    const float loss = dot_span(dy, dy, a->width) / (float)a->width;
    const float factor = 2.f * share / (float)a->width;
    for (dim k = 0; k < a->width; k++) dy[k] *= factor;
    return loss;
}

ROW_BY_ROW(mse_rows, mse_row)

static Status run_mse(const void *arguments) { return mean_loss(arguments, mse_rows); }

/* l = (1/K) Σ |y − t|; dy = sign(y − t)/K, 0 where they are equal. */
INLINE float mae_row(const loss_args *a, dim row, float share) {
    const float *y = a->prediction + row * a->width, *t = a->target + row * a->width;
    float *dy = a->gradient + row * a->width;
    for (dim k = 0; k < a->width; k++) dy[k] = absolute(y[k] - t[k]);
    const float loss = sum_span(dy, a->width) / (float)a->width;
    const float factor = share / (float)a->width;
    for (dim k = 0; k < a->width; k++) {
        const float r = y[k] - t[k]; /* r itself: 0, or what is no number */
        dy[k] = factor * (r > 0 ? 1.f : r < 0 ? -1.f : r);
    }
    return loss;
}

ROW_BY_ROW(mae_rows, mae_row)

static Status run_mae(const void *arguments) { return mean_loss(arguments, mae_rows); }

/* With c = r cut off at ±δ: l = (1/K) Σ c (r − c/2), which is r²/2 where |r| ≤ δ and δ(|r| − δ/2) beyond; dy = c/K. */
INLINE float huber_row(const loss_args *a, dim row, float share) {
    const float *y = a->prediction + row * a->width, *t = a->target + row * a->width, most = a->delta;
    float *dy = a->gradient + row * a->width;
    for (dim k = 0; k < a->width; k++) {
        const float r = y[k] - t[k], c = r > most ? most : r < -most ? -most : r;
        dy[k] = c * (r - 0.5f * c);
    }
    const float loss = sum_span(dy, a->width) / (float)a->width;
    const float factor = share / (float)a->width;
    for (dim k = 0; k < a->width; k++) {
        const float r = y[k] - t[k];
        dy[k] = factor * (r > most ? most : r < -most ? -most : r);
    }
    return loss;
}

ROW_BY_ROW(huber_rows, huber_row)

static Status run_huber(const void *arguments) { return mean_loss(arguments, huber_rows); }
