/* The interface of the kernels: what a recurrent layer is given, and the table of those of one instruction set.
 *
 * What each computes is specified by its reference in src/pellucid_recurrent/ops. All arrays are float32, C-contiguous.
 * N rows, T steps, F features, H units, G gates. Inside of a call time comes first, (T, N, …), in the order in which
 * steps are taken: what all steps have in common is then one large matrix product.
 */
#pragma once
#include "pellucid.h"
#include <stddef.h>
#include <stdint.h>

typedef pellucid_dim dim;
typedef pellucid_kernel kernel;
typedef pellucid_status Status;
typedef pellucid_activation Activation;

typedef struct {
    kernel run;
    dim rows, steps, features, units;
    int backwards;            /* the steps are taken from the last to the first */
    Activation activation;    /* of rnn */
    const float *x;           /* (N, T, F) */
    const uint8_t *mask;      /* (N, T) or NULL: 0 where a step is left out */
    const float *weight;      /* (F, G·H) */
    const float *recurrent;   /* (H, G·H) */
    const float *bias;        /* (G·H) */
    const float *candidate;   /* gru: (H), added before the reset gate */
    float *xs;                /* (T, N, F): x, time first */
    float *gates;             /* (T, N, G·H) */
    float *states;            /* (T + 1, N, H), the first of which is given */
    float *cells;             /* lstm: (T + 1, N, H) */
    float *extra;             /* (T, N, H). lstm: tanh of the cell; gru: what the reset gate multiplies */
    float *y;                 /* (N, T, H) or NULL */
    const float *dy;          /* (N, T, H), or NULL: then dlast */
    const float *dlast;       /* (N, H) */
    float *dgates;            /* (T, N, G·H) */
    float *dextra;            /* gru: (T, N, H) */
    float *dstate, *dcell;    /* (N, H) */
    float *dweight, *drecurrent, *dbias, *dcandidate, *dx; /* each may be NULL */
    float *transposed;        /* scratch, (G·H, H) */
    float *dxs;               /* scratch, (T, N, F), where dx is wanted */
} recurrent_args;

/* begin: out (rows, H) = the rows of carried (carry, H) from *offset on, 0 where a row begins a sequence.
 * keep: out (carry, H) = carried, with the rows of states (rows, H) from *offset on. */
typedef struct {
    kernel run;
    dim rows, units, carry;
    const uint64_t *offset; /* read when it runs: a replay may be of other rows */
    const float *carried, *states;
    const uint8_t *begins; /* or NULL */
    float *out;
} carry_args;

/* Every kernel that is compiled once for each instruction set. */
#define FOR_EACH_KERNEL(K)                                                                                             \
    K(rnn_forward) K(rnn_backward) K(gru_forward) K(gru_backward) K(lstm_forward) K(lstm_backward)     \
    K(begin) K(keep)

typedef struct {
#define DECLARE(name) kernel name;
    FOR_EACH_KERNEL(DECLARE)
#undef DECLARE
} Kernels;

extern const Kernels kernels_generic, kernels_avx2, kernels_avx512;

/* Those for the instruction set that the core uses now. */
const Kernels *kernels_now(void);
