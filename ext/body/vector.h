/* Vectors of LANES floats, and sums over spans of floats.
 *
 * A sum always adds in the same order, which depends on its length and LANES only: the same bits at every run and for
 * every number of threads.
 */
#define LANES (VECTOR_BYTES / 4)
#define INLINE static inline __attribute__((always_inline))

/* Before a loop of at most so many times, a constant: over the rows and vectors of a tile, which stays in registers only
 * if the loop is gone before the compiler decides what does. */
#define PRAGMA(text) _Pragma(#text)
#ifdef __clang__
#define UNROLL(most) PRAGMA(clang loop unroll(full))
#else
#define UNROLL(most) PRAGMA(GCC unroll most)
#endif

typedef float vf __attribute__((vector_size(VECTOR_BYTES)));
typedef int32_t vi __attribute__((vector_size(VECTOR_BYTES)));
typedef float vf_anywhere __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));

INLINE vf load(const float *p) { return *(const vf_anywhere *)p; }
INLINE void store(float *p, vf x) { *(vf_anywhere *)p = x; }

/* The lanes of two vectors that are numbered: those of a from 0, those of b from LANES on; numbers are constants. */
#ifdef __clang__
#define PICK(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else /* gcc has that one only from version 12 on */
#define PICK(a, b, ...) __builtin_shuffle(a, b, (vi){__VA_ARGS__})
#endif

/* max(0, x) that keeps NaN, so that a mistake upstream is seen and not hidden. */
INLINE vf rectify(vf x) { return (vf)((vi)x & ~(vi)(x < 0)); }

INLINE float lanes_sum(vf x) {
    float lane[LANES], sum = 0;
    store(lane, x);
    for (int i = 0; i < LANES; i++) sum += lane[i];
    return sum;
}

/* No float is added to more than about so many others before the sum goes on in double: n additions in one chain are off
 * by up to n/2 units of the last place, and where all numbers are alike they are. */
enum { CHAIN = 64 };

/* Sums over a span: four vectors of partial sums hide the latency of the additions; long ones are taken in blocks. */
#define SPAN_SUM(sum, n, ELEMENT, VECTOR)                                                                              \
    do {                                                                                                               \
        const dim span_ = 4 * LANES * CHAIN;                                                                           \
        double blocks_ = 0;                                                                                            \
        for (dim i = 0;;) {                                                                                            \
            const dim end_ = (n)-i > span_ ? i + span_ : (n);                                                          \
            vf part0 = {0}, part1 = {0}, part2 = {0}, part3 = {0};                                                     \
            for (; i + 4 * LANES <= end_; i += 4 * LANES) {                                                            \
                part0 += VECTOR(i);                                                                                    \
                part1 += VECTOR(i + LANES);                                                                            \
                part2 += VECTOR(i + 2 * LANES);                                                                        \
                part3 += VECTOR(i + 3 * LANES);                                                                        \
            }                                                                                                          \
            for (; i + LANES <= end_; i += LANES) part0 += VECTOR(i);                                                  \
            (sum) = lanes_sum((part0 + part1) + (part2 + part3));                                                      \
            for (; i < end_; i++) (sum) += ELEMENT(i);                                                                 \
            if (i >= (n)) break;                                                                                       \
            blocks_ += (double)(sum);                                                                                  \
        }                                                                                                              \
        if ((n) > span_) (sum) = (float)(blocks_ + (double)(sum));                                                     \
    } while (0)

INLINE float sum_span(const float *x, dim n) {
    float sum = 0;
    if (n < LANES) { /* the same order, without lanes of zeros */
        for (dim i = 0; i < n; i++) sum += x[i];
        return sum;
    }
#define ELEMENT(i) x[i]
#define VECTOR(i) load(x + (i))
    SPAN_SUM(sum, n, ELEMENT, VECTOR);
#undef ELEMENT
#undef VECTOR
    return sum;
}

/* Σ x y */
INLINE float dot_span(const float *x, const float *y, dim n) {
    float sum;
#define ELEMENT(i) x[i] * y[i]
#define VECTOR(i) load(x + (i)) * load(y + (i))
    SPAN_SUM(sum, n, ELEMENT, VECTOR);
#undef ELEMENT
#undef VECTOR
    return sum;
}

/* The largest of n ≥ 1 numbers. If one is NaN the result is any number: what is computed with it is NaN anyway. */
INLINE float max_span(const float *x, dim n) {
    if (n < LANES) {
        float most = x[0];
        for (dim i = 1; i < n; i++) most = x[i] > most ? x[i] : most;
        return most;
    }
    float lane[LANES];
    for (int j = 0; j < LANES; j++) lane[j] = x[0];
    dim i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) lane[j] = x[i + j] > lane[j] ? x[i + j] : lane[j];
    for (; i < n; i++) lane[0] = x[i] > lane[0] ? x[i] : lane[0];
    float most = lane[0];
    for (int j = 1; j < LANES; j++) most = lane[j] > most ? lane[j] : most;
    return most;
}

/* A task's part of n elements, in whole cache lines so that two threads never write the same one. */
typedef struct { dim first, last; } Range;

INLINE Range part_of(dim n, dim unit, int part, int parts) {
    const dim units = (n + unit - 1) / unit;
    Range r = {units * part / parts * unit, units * (part + 1) / parts * unit};
    if (r.first > n) r.first = n;
    if (r.last > n) r.last = n;
    return r;
}
enum { CACHE_LINE = 16 }; /* floats */
