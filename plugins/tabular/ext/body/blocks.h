/* What all kernels have in common: parts of a range, blocks of a column, sums over a block. */
typedef struct { dim first, last; } Range;

INLINE Range part_of(dim n, int part, int parts) { return (Range){n * part / parts, n * (part + 1) / parts}; }

INLINE dim least(dim a, dim b) { return a < b ? a : b; }

/* a b + c, rounded once where the level has an instruction for that, and twice where it has none. Compilers are told not to
 * decide it themselves (-ffp-contract=off in setup.py). */
INLINE float fused(float a, float b, float c) {
#if (defined(__x86_64__) && VECTOR_BYTES > 16) || (defined(__aarch64__) && defined(__ARM_FEATURE_FMA))
    return __builtin_fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

/* A block of a column of a matrix with `row` numbers a row: in, and out again; what the block lacks is zero. */
INLINE void read_column(const float *from, dim row, dim count, float *block) {
    for (dim i = 0; i < count; i++) block[i] = from[i * row];
    for (dim i = count; i < BLOCK; i++) block[i] = 0;
}

INLINE void write_column(const float *block, dim count, float *to, dim row) {
    for (dim i = 0; i < count; i++) to[i * row] = block[i];
}

/* Row f of a gradient, `count` numbers, that is wanted unless it is NULL: its sums over all rows, which were made in double,
 * block by block, as a single chain of floats would lose digits. */
INLINE void add_sums(const double *sums, dim count, float *gradient, dim f) {
    for (dim i = 0; gradient && i < count; i++) {
        float *here = gradient + f * count + i;
        *here = (float)((double)*here + sums[i]);
    }
}

/* A sum of LANES numbers, pair by pair. */
INLINE float total(float *s) {
    for (int half = LANES / 2; half; half /= 2)
        for (int l = 0; l < half; l++) s[l] += s[l + half];
    return s[0];
}

INLINE float block_sum(const float *a) {
    float s[LANES] = {0};
    for (int i = 0; i < BLOCK; i += LANES)
        for (int l = 0; l < LANES; l++) s[l] += a[i + l];
    return total(s);
}

INLINE float block_product(const float *a, const float *b) {
    float s[LANES] = {0};
    for (int i = 0; i < BLOCK; i += LANES)
        for (int l = 0; l < LANES; l++) s[l] = fused(a[i + l], b[i + l], s[l]);
    return total(s);
}
