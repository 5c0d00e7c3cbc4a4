/* All kernels for one instruction set: included once by each level_*.c, which says how wide the vectors are.
 *
 * The source is the same for all of them. Loops over elements are plain C, which the compiler turns into vector
 * instructions; the tiles of the matrix products, which must stay in registers, use GCC's vector types.
 */
#include "headers.h"

#include "vector.h"
#include "fused.h"
#include "scratch.h"
#include "product.h"
#include "tile.h"
#include "filter.h"
#include "pack.h"
#include "winograd.h"
#include "directions.h"
#include "sweep.h"
#include "slope.h"
#include "winograd_gradient.h"
#include "weight_gradient.h"
#include "convolution.h"
#include "pool.h"
#include "resample.h"
#include "group_norm.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

const Kernels JOIN(kernels_, LEVEL) = {
#define ENTRY(kernel_name) .kernel_name = run_##kernel_name,
    FOR_EACH_KERNEL(ENTRY)
#undef ENTRY
    .forward_scratch = forward_scratch,
    .backward_scratch = backward_scratch,
};
