/* Counter-based random numbers: element (r, j) is a hash of (key, row, j), so nothing depends on the order of work.
 *
 * bits = mix(key + (c + 1)·GOLDEN), key = mix(step key ⊕ mix(site)), c = row·E + j: splitmix64 (Steele et al., 2014).
 */

/* The hash input of element (row, 0); the next elements follow at a stride of GOLDEN. */
#define GOLDEN 0x9E3779B97F4A7C15u
INLINE uint64_t row_start(const Stream *s, dim row) {
    const uint64_t identity = s->rows ? (uint64_t)s->rows[row] : s->cell[1] + (uint64_t)row;
    return mix(s->cell[0] ^ s->site) + (identity * (uint64_t)s->per_row + 1) * GOLDEN;
}

/* Rows are split between threads; a single row is left to one. */
#define RANDOM_KERNEL(name, WORK, ELEMENT)                                                                             \
    static void part_##name(const void *arguments, int part, int parts) {                                              \
        const name##_args *a = arguments;                                                                              \
        const dim n = a->stream.per_row;                                                                               \
        const Range r = part_of(a->stream.row_count, 1, part, parts);                                                  \
        for (dim row = r.first; row < r.last; row++) {                                                                 \
            const uint64_t start = row_start(&a->stream, row);                                                         \
            for (dim j = 0; j < n; j++) {                                                                              \
                const uint64_t bits = mix(start + (uint64_t)j * GOLDEN);                                               \
                a->out[row * n + j] = ELEMENT;                                                                         \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    static Status run_##name(const void *arguments) {                                                                  \
        const Stream *s = &((const name##_args *)arguments)->stream;                                                   \
        parallel(part_##name, arguments, parts_for(WORK * (double)s->row_count * (double)s->per_row));                 \
        return DONE;                                                                                                   \
    }

INLINE float dropped(uint64_t bits, float x, uint32_t threshold, float factor) {
    return (int32_t)(bits >> 40) >= (int32_t)threshold ? x * factor : 0.f;
}

INLINE float uniform(uint64_t bits) { return (float)(int32_t)(bits >> 40) * 5.9604644775390625e-8f; } /* 2⁻²⁴ */

/* Box and Muller (1958), in double: near u₁ = 1 the logarithm has no correct digits in float32. */
INLINE float normal(uint64_t bits) {
    const double u1 = ((double)(bits >> 32) + 0.5) * 0x1p-32, u2 = (double)(bits & 0xFFFFFFFFu) * 0x1p-32;
    return (float)(sqrt(-2 * log(u1)) * cos(6.283185307179586 * u2));
}

RANDOM_KERNEL(dropout, 8., dropped(bits, a->x[row * n + j], a->threshold, a->factor))
RANDOM_KERNEL(random_uniform, 8., uniform(bits))
RANDOM_KERNEL(random_normal, 400., normal(bits))
