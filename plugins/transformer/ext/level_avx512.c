/* The kernels for CPUs with AVX-512: 64-byte vectors. */
#if defined(__x86_64__) && defined(__GNUC__)
#include "body/headers.h"
#ifdef PELLUCID_EMULATE_AVX512 /* the same code in AVX2 instructions, so that its logic can be tested without AVX-512 */
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#elif defined(__clang__) /* which takes the widest vectors by itself */
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma,prefer-vector-width=512")
#endif
#define LEVEL avx512
#define VECTOR_BYTES 64
#include "body/level.h"
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
