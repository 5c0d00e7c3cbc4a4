/* Vectors of LANES floats, and small helpers. */
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

/* max(0, x) that keeps NaN, so that a mistake upstream is seen and not hidden. */
INLINE vf rectify(vf x) { return (vf)((vi)x & ~(vi)(x < 0)); }

INLINE dim least(dim a, dim b) { return a < b ? a : b; }
INLINE dim most(dim a, dim b) { return a > b ? a : b; }
INLINE dim ceiling(dim a, dim b) { return (a + b - 1) / b; }
/* a / b rounded down, also for negative a. */
INLINE dim floor_of(dim a, dim b) { return a >= 0 ? a / b : -ceiling(-a, b); }

/* No float is added to more than about so many others before the sum goes on in double, or apart: n additions in one
 * chain are off by up to n/2 units of the last place, and where all numbers are alike they are. */
enum { CHAIN = 64 };

/* A part of n things. */
typedef struct { dim first, last; } Range;

INLINE Range part_of(dim n, dim part, dim parts) { return (Range){n * part / parts, n * (part + 1) / parts}; }

INLINE float default_alpha(Activation f) { return f == PELLUCID_LEAKY_RELU ? 0.01f : 1.f; }
