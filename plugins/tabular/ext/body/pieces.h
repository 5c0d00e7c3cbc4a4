/* piecewise_linear: a straight line for each bin of each number. A number is a part's own.
 *
 * Of a row only the bin that x lies in matters: all bins before it are full, all behind it empty. So the sums of the
 * weights before each bin are made once, and backward adds up what each bin's rows say and then sums over bins. */
INLINE void find_bins(const float *edges, dim bins, const float *x, int *bin) {
    for (dim i = 0; i < BLOCK; i++) bin[i] = 0;
    for (dim k = 1; k < bins; k++)
        for (dim i = 0; i < BLOCK; i++) bin[i] += x[i] >= edges[k];
}

/* How full the bin is: 0 before it, 1 behind it, and where it has no width. */
INLINE float fullness(const float *edges, int bin, float x) {
    const float width = edges[bin + 1] - edges[bin], e = (x - edges[bin]) / width;
    return e < 0 ? 0.f : e < 1 ? e : 1.f;
}

/* The sum of the weights of all bins before this one, on the bias: one after the other, so that a row by itself has the
 * bits that it has among others. */
INLINE void sum_before(const float *weight, const float *bias, int bin, dim M, double *sum) {
    for (dim j = 0; j < M; j++) sum[j] = (double)bias[j];
    for (int k = 0; k < bin; k++)
        for (dim j = 0; j < M; j++) sum[j] += (double)weight[k * M + j];
}

enum { USUAL = 8 }; /* outputs, which stay in registers */

/* One row needs no sums but those before its own bin. */
static void piece_of_one_row(const pieces_args *a, dim f) {
    const dim K = a->bins, M = a->outputs;
    const float *edges = a->edges + f * (K + 1), *weight = a->weight + f * K * M, *bias = a->bias + f * M;
    const float x = a->x[f], *slope = a->slope + f * M;
    double before[MOST_OUTPUTS];
    int bin = 0;
    for (dim k = 1; k < K; k++) bin += x >= edges[k];
    if (M == USUAL) {
        double sum[USUAL];
        sum_before(weight, bias, bin, USUAL, sum);
        memcpy(before, sum, sizeof sum);
    } else
        sum_before(weight, bias, bin, M, before);
    const float e = fullness(edges, bin, x), *w = weight + bin * M;
    for (dim j = 0; j < M; j++) a->y[f * M + j] = fused(x, slope[j], fused(e, w[j], (float)before[j]));
}

static void part_pieces_forward(const void *arguments, int part, int parts) {
    const pieces_args *a = arguments;
    const Range own = part_of(a->numbers, part, parts);
    const dim N = a->rows, F = a->numbers, K = a->bins, M = a->outputs;
    for (dim f = own.first; f < own.last; f++) {
        if (N == 1) {
            piece_of_one_row(a, f);
            continue;
        }
        const float *edges = a->edges + f * (K + 1), *weight = a->weight + f * K * M, *slope = a->slope + f * M;
        double *sums = a->sums + f * 2 * K * M;
        for (dim j = 0; j < M; j++) sums[j] = (double)a->bias[f * M + j];
        for (dim k = 1; k < K; k++)
            for (dim j = 0; j < M; j++) sums[k * M + j] = sums[(k - 1) * M + j] + (double)weight[(k - 1) * M + j];
        for (dim n = 0; n < N; n += BLOCK) {
            const dim count = least(BLOCK, N - n);
            float x[BLOCK];
            int bin[BLOCK];
            read_column(a->x + n * F + f, F, count, x);
            find_bins(edges, K, x, bin);
            for (dim i = 0; i < count; i++) {
                const float e = fullness(edges, bin[i], x[i]), *w = weight + bin[i] * M;
                const double *before = sums + bin[i] * M;
                float *y = a->y + ((n + i) * F + f) * M;
                for (dim j = 0; j < M; j++) y[j] = fused(x[i], slope[j], fused(e, w[j], (float)before[j]));
            }
        }
    }
}

static void part_pieces_backward(const void *arguments, int part, int parts) {
    const pieces_args *a = arguments;
    const Range own = part_of(a->numbers, part, parts);
    const dim N = a->rows, F = a->numbers, K = a->bins, M = a->outputs;
    for (dim f = own.first; f < own.last; f++) {
        const float *edges = a->edges + f * (K + 1), *weight = a->weight + f * K * M, *slope = a->slope + f * M;
        double *sums = a->sums + f * 2 * K * M, *filled = sums + K * M; /* of dy, and of e dy, of the rows in each bin */
        double down[MOST_OUTPUTS] = {0}, later[MOST_OUTPUTS] = {0};
        memset(sums, 0, (size_t)(2 * K * M) * sizeof(double));
        for (dim n = 0; n < N; n += BLOCK) {
            const dim count = least(BLOCK, N - n);
            float x[BLOCK];
            int bin[BLOCK];
            read_column(a->x + n * F + f, F, count, x);
            find_bins(edges, K, x, bin);
            for (dim i = 0; i < count; i++) {
                const float *dy = a->dy + ((n + i) * F + f) * M, e = fullness(edges, bin[i], x[i]);
                double *whole = sums + bin[i] * M, *own_bin = filled + bin[i] * M;
                for (dim j = 0; j < M; j++) {
                    const double d = (double)dy[j];
                    whole[j] += d;
                    own_bin[j] += (double)e * d;
                    down[j] += (double)x[i] * d;
                }
                if (!a->dx) continue;
                const float width = edges[bin[i] + 1] - edges[bin[i]], *w = weight + bin[i] * M;
                const float inside = x[i] >= edges[bin[i]] && x[i] < edges[bin[i] + 1] ? 1 / width : 0.f;
                float dx = 0;
                for (dim j = 0; j < M; j++) dx = fused(dy[j], fused(inside, w[j], slope[j]), dx);
                a->dx[(n + i) * F + f] = dx;
            }
        }
        for (dim k = K - 1; k >= 0; k--)
            for (dim j = 0; j < M; j++) {
                filled[k * M + j] += later[j]; /* full for all rows in later bins */
                later[j] += sums[k * M + j];
            }
        add_sums(filled, K * M, a->dweight, f);
        add_sums(later, M, a->dbias, f);
        add_sums(down, M, a->dslope, f);
    }
}

static Status run_pieces_forward(const void *arguments) {
    const pieces_args *a = arguments;
    const double each = (double)(a->rows * a->numbers);
    pellucid->parallel(part_pieces_forward, a, pellucid->parts_for(each * (double)(a->bins + 2 * a->outputs)));
    return PELLUCID_DONE;
}

static Status run_pieces_backward(const void *arguments) {
    const pieces_args *a = arguments;
    const double each = (double)(a->rows * a->numbers);
    pellucid->parallel(part_pieces_backward, a, pellucid->parts_for(each * (double)(a->bins + 4 * a->outputs)));
    return PELLUCID_DONE;
}
