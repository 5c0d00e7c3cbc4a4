/* Everything from outside: included before the instruction set is chosen, so that it applies to our code only. */
#pragma once
#include "../kernels.h"
#include <math.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif
