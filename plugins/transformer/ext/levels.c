/* Which instruction set: the core has chosen, these kernels follow. */
#include "kernels.h"

const Kernels *kernels_now(void) {
#if defined(__x86_64__) && defined(__GNUC__)
    switch (pellucid->simd()) {
    case PELLUCID_AVX512: return &kernels_avx512;
    case PELLUCID_AVX2: return &kernels_avx2;
    case PELLUCID_GENERIC: break;
    }
#endif
    return &kernels_generic;
}
