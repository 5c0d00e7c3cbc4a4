/* The kernels for CPUs with AVX2 and FMA: 32-byte vectors. */
#if defined(__x86_64__) && defined(__GNUC__) /* clang says so, too */
#include "body/headers.h"
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#define LEVEL avx2
#define VECTOR_BYTES 32
#include "body/level.h"
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
