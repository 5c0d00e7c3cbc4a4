/* Everything from outside: included before the instruction set is chosen, so that it applies to our code only. */
#pragma once
#include "../kernels.h"
#include <math.h>
#include <string.h>
