/* The kernels for any CPU: 16-byte vectors, which every x86-64 (SSE2) and 64-bit ARM (NEON) has. */
#define LEVEL generic
#define VECTOR_BYTES 16
#include "body/level.h"
