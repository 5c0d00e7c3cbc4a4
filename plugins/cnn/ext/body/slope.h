/* dz = dy f'(z) and db += Σ dz, in one pass over the pixels. */

/* The sum over pixels is taken in this many blocks and these are added in order, however many threads there are. */
enum { SUM_BLOCKS = 32 };

typedef struct {
    dim pixels, features;
    const float *dy, *y, *z;
    float *dz, *dbias; /* each may be NULL */
    Activation activation;
    dim blocks;
    float *sums;       /* blocks × features, in whole cache lines */
    dim sum_row;
} Slope;

static void take_sums(Slope *s, Scratch *scratch) {
    s->blocks = least(SUM_BLOCKS, most(1, s->pixels));
    s->sum_row = ceiling(s->features, 16) * 16;
    s->sums = s->dbias ? take_floats(scratch, s->blocks * s->sum_row) : NULL;
}

static void slope_block(const Slope *s, dim block) {
    enum { AT_ONCE = 2048 }; /* floats: dz is still in the first-level cache when it is summed */
    const Range pixels = part_of(s->pixels, block, s->blocks);
    const dim features = s->features, step = most(1, AT_ONCE / most(1, features));
    float *restrict sum = s->sums ? s->sums + block * s->sum_row : NULL;
    if (sum) memset(sum, 0, (size_t)features * sizeof *sum);
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
        if (!sum) continue;
        if (s->activation != PELLUCID_IDENTITY) dz = s->dz + at;
        for (dim i = first; i < last; i++, dz += features)
            for (dim k = 0; k < features; k++) sum[k] += dz[k];
    }
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
    if (s->dbias)
        for (dim block = 0; block < s->blocks; block++)
            for (dim k = 0; k < s->features; k++) s->dbias[k] += s->sums[block * s->sum_row + k];
}
