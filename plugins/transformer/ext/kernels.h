/* The interface of the kernels: what a layer gives them, and the table of those of one instruction set.
 *
 * What each computes is specified by its reference in src/pellucid_transformer/ops. All arrays are float32, C-contiguous
 * unless it is said otherwise.
 */
#pragma once
#include "pellucid.h"
#include <stddef.h>
#include <stdint.h>

typedef pellucid_dim dim;
typedef pellucid_kernel kernel;
typedef pellucid_status Status;
typedef pellucid_activation Activation;

#include "arguments/attention.h"
#include "arguments/rows.h"

/* Every kernel that is compiled once for each instruction set. */
#define FOR_EACH_KERNEL(K) FOR_EACH_ATTENTION_KERNEL(K) FOR_EACH_ROW_KERNEL(K)

typedef struct {
#define DECLARE(name) kernel name;
    FOR_EACH_KERNEL(DECLARE)
#undef DECLARE
} Kernels;

extern const Kernels kernels_generic, kernels_avx2, kernels_avx512;

/* Those for the instruction set that the core uses now. */
const Kernels *kernels_now(void);
