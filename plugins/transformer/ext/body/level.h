/* All kernels for one instruction set: included once by each level_*.c, which says how wide the vectors are.
 *
 * The loops are plain C, which the compiler turns into vector instructions; matrix products are the core's.
 */
#include "headers.h"

#define LANES (VECTOR_BYTES / 4)
#define INLINE static inline __attribute__((always_inline))
typedef float vf __attribute__((vector_size(VECTOR_BYTES)));

#include "fused.h"
#include "math.h"
#include "spans.h"
#include "attention.h"
#include "rows.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

const Kernels JOIN(kernels_, LEVEL) = {
#define ENTRY(kernel_name) .kernel_name = run_##kernel_name,
    FOR_EACH_KERNEL(ENTRY)
#undef ENTRY
};
