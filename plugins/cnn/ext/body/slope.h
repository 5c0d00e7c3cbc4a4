/* dz = dy f'(z) and db += Σ dz, in one pass over the pixels. */

/* The sum over pixels is taken in this many blocks and these are added in order, however many threads there are. Within a
 * block it is taken in float over CHAIN pixels and in double over these. */
enum { SUM_BLOCKS = 32 };

typedef struct {
    dim pixels, features;
    const float *dy, *y, *z;
    float *dz, *dbias; /* each may be NULL */
    Activation activation;
    dim blocks;
    double *sums;      /* blocks × (features, and as many floats), in whole cache lines */
    dim sum_row;
} Slope;

static void take_sums(Slope *s, Scratch *scratch) {
    s->blocks = least(SUM_BLOCKS, most(1, s->pixels));
    s->sum_row = ceiling(s->features, 16) * 24;
    s->sums = s->dbias ? take(scratch, (size_t)(s->blocks * s->sum_row) * sizeof *s->sums) : NULL;
}

/* total += sum, which begins again. */
static void end_chain(double *restrict total, float *restrict sum, dim n) {
    for (dim k = 0; k < n; k++) total[k] += (double)sum[k];
    memset(sum, 0, (size_t)n * sizeof *sum);
}

static void slope_block(const Slope *s, dim block) {
    enum { AT_ONCE = 2048 }; /* floats: dz is still in the first-level cache when it is summed */
    const Range pixels = part_of(s->pixels, block, s->blocks);
    const dim features = s->features, step = most(1, AT_ONCE / most(1, features));
    double *restrict total = s->sums ? s->sums + block * s->sum_row : NULL;
    float *restrict sum = total ? (float *)(total + s->sum_row / 3 * 2) : NULL;
    dim chain = 0;
    if (total) memset(total, 0, (size_t)s->sum_row * sizeof *total);
    for (dim first = pixels.first; first < pixels.last; first += step) {
        const dim last = least(pixels.last, first + step), at = first * features, n = (last - first) * features;
        const float *restrict dz = s->dy + at;
        if (s->activation == PELLUCID_RELU) { /* the usual one, without a call */
            const float *restrict y = s->y + at;
            float *restrict out = s->dz + at;
            for (dim k = 0; k < n; k++) out[k] = y[k] > 0 ? dz[k] : 0;
        } else if (s->activation != PELLUCID_IDENTITY)
            pellucid->activation_backward(s->activation, default_alpha(s->activation), dz, s->z ? s->z + at : NULL,
                                          s->y + at, s->dz + at, n);
        if (!total) continue;
        if (s->activation != PELLUCID_IDENTITY) dz = s->dz + at;
        for (dim i = first; i < last; i++, dz += features) {
            for (dim k = 0; k < features; k++) sum[k] += dz[k];
            if (++chain % CHAIN == 0) end_chain(total, sum, features);
        }
    }
    if (total) end_chain(total, sum, features);
}

static void part_slope(const void *arguments, int part, int parts) {
    const Slope *s = arguments;
    const Range blocks = part_of(s->blocks, part, parts);
    for (dim block = blocks.first; block < blocks.last; block++) slope_block(s, block);
}

static void run_slope(const Slope *s, int parts) {
    if (s->activation == PELLUCID_IDENTITY && !s->dbias) return;
    const double cost = s->activation == PELLUCID_IDENTITY || s->activation == PELLUCID_RELU ? 4 : 20;
    pellucid->parallel(part_slope, s, parts_of_work(cost * (double)s->pixels * (double)s->features, parts));
    if (!s->dbias) return;
    for (dim block = 1; block < s->blocks; block++)
        for (dim k = 0; k < s->features; k++) s->sums[k] += s->sums[block * s->sum_row + k];
    for (dim k = 0; k < s->features; k++) s->dbias[k] += (float)s->sums[k];
}
