/* Whole arrays: filling, scaling, adding, sums of squares. */

/* Elements are cheap: the work of one is about two multiply-adds, unless it comes from memory. */
#define ELEMENTWISE(name, BODY)                                                                                        \
    static void part_##name(const void *arguments, int part, int parts) {                                              \
        const name##_args *a = arguments;                                                                              \
        const Range r = part_of(a->n, CACHE_LINE, part, parts);                                                        \
        for (dim i = r.first; i < r.last; i++) BODY;                                                                   \
    }                                                                                                                  \
    static Status run_##name(const void *arguments) {                                                                  \
        parallel(part_##name, arguments, parts_for(4. * (double)((const name##_args *)arguments)->n));                 \
        return DONE;                                                                                                   \
    }

ELEMENTWISE(fill, a->out[i] = (float)a->value)
ELEMENTWISE(scale, a->out[i] *= (float)a->factor)
ELEMENTWISE(add_scaled, a->out[i] += (float)a->factor * a->x[i])
ELEMENTWISE(add_sign, a->out[i] += (float)a->factor * (a->x[i] > 0 ? 1.f : a->x[i] < 0 ? -1.f : a->x[i]))
ELEMENTWISE(lerp, a->out[i] += (float)a->rate * (a->x[i] - a->out[i]))

/* Sums over the batch are taken in blocks whose number depends on the size only; the sums of the blocks are added in
 * order. So the result does not depend on the number of threads. */
enum { MOST_BLOCKS = 256 };

typedef struct {
    dim size, count;
} Blocks;

/* So many numbers or rows in at most MOST_BLOCKS blocks, none smaller than `least` but the last. */
INLINE Blocks in_blocks(dim n, dim least) {
    const dim even = (n + MOST_BLOCKS - 1) / MOST_BLOCKS, size = even < least ? least : even;
    const Blocks blocks = {size, (n + size - 1) / size};
    if (blocks.count > MOST_BLOCKS) __builtin_trap(); /* their sums would be written past the end of an array */
    return blocks;
}

typedef struct {
    const sum_squares_args *a;
    Blocks blocks;
    double *sums;
} SquareBlocks;

/* sum + x² in double, where the square of a float is exact: one rounding and two give the same bits. */
INLINE double with_square(float x, double sum) {
#if defined(FUSED_BY_X86) || defined(FUSED_BY_ARM)
    return __builtin_fma((double)x, (double)x, sum);
#else
    return sum + (double)x * (double)x;
#endif
}

static double squares_of(const float *x, dim n) {
    double lane[4 * LANES] = {0}, sum = 0;
    dim i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES)
        for (int j = 0; j < 4 * LANES; j++) lane[j] = with_square(x[i + j], lane[j]);
    for (; i < n; i++) sum = with_square(x[i], sum);
    for (int j = 0; j < 4 * LANES; j++) sum += lane[j];
    return sum;
}

static void part_sum_squares(const void *arguments, int part, int parts) {
    const SquareBlocks *s = arguments;
    const Range r = part_of(s->blocks.count, 1, part, parts);
    for (dim i = r.first; i < r.last; i++) {
        const dim start = i * s->blocks.size, left = s->a->n - start;
        s->sums[i] = squares_of(s->a->x + start, left < s->blocks.size ? left : s->blocks.size);
    }
}

static Status run_sum_squares(const void *arguments) {
    const sum_squares_args *a = arguments;
    double sums[MOST_BLOCKS], sum = 0;
    const SquareBlocks s = {a, in_blocks(a->n, 4096), sums};
    parallel(part_sum_squares, &s, parts_for(2. * (double)a->n));
    for (dim i = 0; i < s.blocks.count; i++) sum += sums[i];
    *a->out = sum;
    return DONE;
}

static Status run_clip_norm(const void *arguments) {
    const clip_norm_args *a = arguments;
    const double norm = sqrt(*a->squares);
    if (norm <= a->limit) return DONE;
    const scale_args shrink = {NULL, a->out, a->n, (float)(a->limit / norm)};
    return run_scale(&shrink);
}
