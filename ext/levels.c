/* Which instruction set: the same kernels are compiled for several, and the best that the CPU knows is chosen. */
#include "kernels.h"
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_WIDE_LEVELS 1
#endif

static int supported(const Kernels *table) {
#ifdef HAVE_WIDE_LEVELS
    __builtin_cpu_init();
    if (table == &kernels_avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (table == &kernels_avx512) {
#ifdef PELLUCID_EMULATE_AVX512 /* 64-byte vectors built from AVX2 instructions, to test that code on smaller CPUs */
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
#endif
    }
#endif
    return table == &kernels_generic;
}

static const Kernels *const best_first[] = {
#ifdef HAVE_WIDE_LEVELS
    &kernels_avx512, &kernels_avx2,
#endif
    &kernels_generic,
};
enum { COUNT = sizeof best_first / sizeof *best_first };

const Kernels *kernels_named(const char *name) {
    for (int i = 0; i < COUNT; i++)
        if (!strcmp(best_first[i]->name, name) && supported(best_first[i])) return best_first[i];
    return NULL;
}

const Kernels *kernels_best(void) {
    for (int i = 0; i < COUNT; i++)
        if (supported(best_first[i])) return best_first[i];
    return &kernels_generic;
}
