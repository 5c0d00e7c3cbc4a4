/* All kernels for one instruction set: included once by each level_*.c, which says how wide the vectors are.
 *
 * The source is the same for all of them. Loops over elements are plain C, which the compiler turns into vector
 * instructions; sums and the matrix product, whose order of additions matters, use GCC's vector types.
 */
#include "headers.h"

#include "vector.h"
#include "fused.h"
#include "math.h"
#include "arrays.h"
#include "tile.h"
#include "panels.h"
#include "gemm.h"
#include "activations.h"
#include "dense.h"
#include "softmax.h"
#include "losses.h"
#include "random.h"
#include "batch_norm.h"
#include "layer_norm.h"
#include "updates.h"
#include "figures.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define TEXT_(a) #a
#define TEXT(a) TEXT_(a)

const Kernels JOIN(kernels_, LEVEL) = {
    .name = TEXT(LEVEL),
#define ENTRY(kernel_name) .kernel_name = run_##kernel_name,
    FOR_EACH_KERNEL(ENTRY)
#undef ENTRY
    .multiply = multiply,
    .activation_span = activation_span,
    .activation_slope_span = activation_slope_span,
};
