/* y = x³ and its backward, for n numbers, divided between the threads. */
#include "pellucid.h"

typedef struct {
    pellucid_kernel run;
    const float *x, *dy; /* dy is NULL in the forward pass */
    float *out;
    pellucid_dim n;
} cube_args;

static void part_cube(const void *arguments, int part, int parts) {
    const cube_args *a = arguments;
    const pellucid_dim first = a->n * part / parts, last = a->n * (part + 1) / parts;
    for (pellucid_dim i = first; i < last; i++)
        a->out[i] = a->dy ? 3 * a->x[i] * a->x[i] * a->dy[i] : a->x[i] * a->x[i] * a->x[i];
}

static pellucid_status run_cube(const void *arguments) {
    const cube_args *a = arguments;
    pellucid->parallel(part_cube, a, pellucid->parts_for(4. * (double)a->n));
    return PELLUCID_DONE;
}
