/* a b + c, rounded once where the level has an instruction for that, and twice where it has none.
 *
 * A compiler may make such an instruction of any product and sum, and where it does so is its own affair: gcc 16 takes it
 * in a loop over two vectors and not in one over a single vector, and the bits of an element depend on the tile that it
 * falls into. So compilers are told not to (-ffp-contract=off in setup.py), and what is worth it calls this.
 */
#if defined(__x86_64__) && VECTOR_BYTES > 16
#define FUSED_BY_X86 1
#elif defined(__aarch64__) && defined(__ARM_FEATURE_FMA)
#define FUSED_BY_ARM 1
#endif

INLINE float fused(float a, float b, float c) {
#if defined(FUSED_BY_X86) || defined(FUSED_BY_ARM)
    return __builtin_fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

/* The same for every lane of b and c. */
INLINE vf fused_lanes(float a, vf b, vf c) {
#if defined(FUSED_BY_X86) && VECTOR_BYTES == 32
    return (vf)_mm256_fmadd_ps(_mm256_set1_ps(a), (__m256)b, (__m256)c);
#elif defined(FUSED_BY_X86) && defined(PELLUCID_EMULATE_AVX512)
    union { vf whole; __m256 half[2]; } x = {b}, y = {c};
    for (int i = 0; i < 2; i++) y.half[i] = _mm256_fmadd_ps(_mm256_set1_ps(a), x.half[i], y.half[i]);
    return y.whole;
#elif defined(FUSED_BY_X86)
    return (vf)_mm512_fmadd_ps(_mm512_set1_ps(a), (__m512)b, (__m512)c);
#elif defined(FUSED_BY_ARM)
    return (vf)vfmaq_n_f32((float32x4_t)c, (float32x4_t)b, a);
#else
    return a * b + c;
#endif
}
