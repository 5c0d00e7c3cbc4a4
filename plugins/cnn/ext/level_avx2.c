/* The kernels for CPUs with AVX2 and FMA: 32-byte vectors. 6 x 2 sums fill 12 of 16 registers. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#include "body/headers.h"
#pragma GCC target("avx2,fma")
#define LEVEL avx2
#define VECTOR_BYTES 32
#define TILE_ROWS 6
#define TILE_VECTORS 2
#include "body/level.h"
#endif
