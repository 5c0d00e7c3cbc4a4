/* The kernels for CPUs with AVX2 and FMA: 32-byte vectors. 6 x 2 sums fill 12 of 16 registers. */
#if defined(__x86_64__) && defined(__GNUC__) /* clang says so, too */
#include "body/headers.h"
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#define LEVEL avx2
#define VECTOR_BYTES 32
#define TILE_ROWS 6
#define TILE_VECTORS 2
#include "body/level.h"
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
