/* All kernels for one instruction set: included once by each level_*.c, which says how wide the vectors are.
 *
 * The loops are plain C over blocks of rows, which the compiler turns into vector instructions. Threads divide numbers,
 * columns or rows, never a sum: so the bits are the same however many there are.
 */
#include "headers.h"

#define INLINE static inline __attribute__((always_inline))
enum { BLOCK = 64, LANES = 16 };

#include "blocks.h"
#include "periodic.h"
#include "pieces.h"
#include "scale.h"
#include "columns.h"
#include "mixture.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

const Kernels JOIN(kernels_, LEVEL) = {
#define ENTRY(kernel_name) .kernel_name = run_##kernel_name,
    FOR_EACH_KERNEL(ENTRY)
#undef ENTRY
};
