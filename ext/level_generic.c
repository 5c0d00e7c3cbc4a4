/* The kernels for any CPU: 16-byte vectors, which every x86-64 (SSE2) and 64-bit ARM (NEON) has. */
#define LEVEL generic
#define VECTOR_BYTES 16
#define TILE_ROWS 6
#define BLAS_FROM 32768. /* products from which OpenBLAS is faster: it knows this CPU, 16-byte vectors do not. The wide
                            levels have none: their own kernel is as fast (docs/decisions/kernels-blas.md) */
#define TILE_VECTORS 2
#include "body/level.h"
