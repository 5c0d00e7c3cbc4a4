/* Spans of floats, and how work is divided. A sum adds in an order that depends on its length and LANES only: the same
 * bits at every run and for every number of threads. */
typedef float vf_anywhere __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));

INLINE vf load(const float *p) { return *(const vf_anywhere *)p; }
INLINE void store(float *p, vf x) { *(vf_anywhere *)p = x; }

/* A thread's part of n pieces of work. */
typedef struct { dim first, last; } Range;

INLINE Range part_of(dim n, int part, int parts) { return (Range){n * part / parts, n * (part + 1) / parts}; }

INLINE float lanes_sum(vf x) {
#if defined(FUSED_BY_X86) && VECTOR_BYTES == 64 && !defined(PELLUCID_EMULATE_AVX512)
    return _mm512_reduce_add_ps((__m512)x);
#else
    float lane[LANES], sum = 0;
    store(lane, x);
    for (int i = 0; i < LANES; i++) sum += lane[i];
    return sum;
#endif
}

INLINE float lanes_most(const float *lane) {
#if defined(FUSED_BY_X86) && VECTOR_BYTES == 64 && !defined(PELLUCID_EMULATE_AVX512)
    return _mm512_reduce_max_ps((__m512)load(lane));
#else
    float most = lane[0];
    for (int j = 1; j < LANES; j++) most = lane[j] > most ? lane[j] : most;
    return most;
#endif
}

/* The largest of n ≥ 1 numbers. If one is NaN the result is any number: what is computed with it is NaN anyway. */
INLINE float max_span(const float *x, dim n) {
    float lane[LANES];
    dim i = 0;
    for (int j = 0; j < LANES; j++) lane[j] = x[0];
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) lane[j] = x[i + j] > lane[j] ? x[i + j] : lane[j];
    for (; i < n; i++) lane[0] = x[i] > lane[0] ? x[i] : lane[0];
    return lanes_most(lane);
}

/* Σ x, or Σ x y; of no more than some thousand numbers. */
INLINE float sum_span(const float *x, dim n) {
    vf sum = {0};
    float rest = 0;
    dim i = 0;
    for (; i + LANES <= n; i += LANES) sum += load(x + i);
    for (; i < n; i++) rest += x[i];
    return lanes_sum(sum) + rest;
}

INLINE float dot_span(const float *x, const float *y, dim n) {
    vf sum = {0};
    float rest = 0;
    dim i = 0;
    for (; i + LANES <= n; i += LANES) sum += load(x + i) * load(y + i);
    for (; i < n; i++) rest += x[i] * y[i];
    return lanes_sum(sum) + rest;
}
