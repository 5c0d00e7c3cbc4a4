/* The interface of the kernels: what a layer of tables is given, and the table of those of one instruction set.
 *
 * What each computes is specified by its reference in src/pellucid_tabular/ops. All arrays are float32, C-contiguous,
 * unless a type says otherwise. N rows, F numbers, K frequencies or bins, M outputs for each number.
 */
#pragma once
#include "pellucid.h"
#include <stddef.h>
#include <stdint.h>

typedef pellucid_dim dim;
typedef pellucid_kernel kernel;
typedef pellucid_status Status;

enum { MOST_OUTPUTS = 64 }; /* of one number: they lie on the stack, a block of rows at a time */

typedef struct {
    kernel run;
    dim rows, numbers, frequencies, waves_used, outputs;
    int linked;             /* x itself comes first among the outputs: D = M + 1, else D = M */
    int relu;
    const float *x;         /* (N, F) */
    const float *frequency; /* (F, K) */
    const float *phase;     /* (F, K) or NULL */
    const float *weight;    /* (F, waves_used, M): the cosines, then, where they are used, the sines */
    const float *bias;      /* (F, M) */
    float *waves;           /* (F, 2, K, N): cosines and sines */
    float *y;               /* (N, F·D) */
    const float *dy;
    double *sums;           /* (F, waves_used·M + M + 2K), scratch: the gradients of parameters so far */
    float *dfrequency, *dphase, *dweight, *dbias, *dx; /* each may be NULL */
} periodic_args;

typedef struct {
    kernel run;
    dim rows, numbers, bins, outputs;
    const float *x;      /* (N, F) */
    const float *edges;  /* (F, K + 1), rising */
    const float *slope;  /* (F, M) */
    const float *weight; /* (F, K, M) */
    const float *bias;   /* (F, M) */
    double *sums;        /* (F, 2, K, M), scratch: of the weights before each bin, or of what its rows say */
    float *y;            /* (N, F·M) */
    const float *dy;
    float *dslope, *dweight, *dbias, *dx; /* each may be NULL */
} pieces_args;

typedef struct {
    kernel run;
    dim rows, columns;
    const float *x, *scale, *dy; /* (N, D), (D), (N, D) */
    float *y, *dscale, *dx;      /* the last two may be NULL */
} scale_args;

/* take: out (N, M) = the first M columns of x (N, D). put: out (N, D) = x (N, M), then zeros. */
typedef struct {
    kernel run;
    dim rows, from, to;
    const float *x;
    float *out;
} part_args;

typedef struct {
    kernel run;
    dim rows, columns, first, categories, numbers, width, size, one_hot;
    const float *x;       /* (N, D), the indexes in its last C columns, from `first` on */
    const int64_t *sizes; /* (C) */
    const float *part;    /* (N, M): what stands before the categories */
    const float *table;   /* (R, size) or NULL */
    float *y;             /* (N, width) */
    const float *dy;
    double *sums;         /* (R, size), scratch: the gradient of the table so far */
    float *dpart, *dtable; /* each may be NULL */
} look_up_args;

enum { MOST_MEMBERS = 4096 };
typedef enum { VALUES, CLASSES, ANSWERS } Mixed;

typedef struct {
    kernel run;
    dim members, used_members, rows, outputs;
    int kind;            /* Mixed */
    const float *z;      /* (U, N, C) */
    const float *weight; /* (K) */
    const int64_t *used; /* (U): which members z is of */
    float *y;            /* (N, C) */
} mixture_args;

/* Every kernel that is compiled once for each instruction set. */
#define FOR_EACH_KERNEL(K)                                                                                             \
    K(periodic_forward) K(periodic_backward) K(pieces_forward) K(pieces_backward) K(scale_forward) K(scale_backward)   \
    K(take) K(put) K(look_up_forward) K(look_up_backward) K(mixture)

typedef struct {
#define DECLARE(name) kernel name;
    FOR_EACH_KERNEL(DECLARE)
#undef DECLARE
} Kernels;

extern const Kernels kernels_generic, kernels_avx2, kernels_avx512;

/* Those for the instruction set that the core uses now. */
const Kernels *kernels_now(void);
