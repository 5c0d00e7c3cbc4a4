/* Kernels that move bytes, or touch one number: they are the same for every instruction set. */
#include "kernels.h"
#include "pool.h"
#include <math.h>
#include <string.h>

Status run_copy(const void *arguments) {
    const copy_args *a = arguments;
    memmove(a->out, a->x, a->bytes);
    return DONE;
}

static void gather_rows(const void *arguments, int part, int parts) {
    const gather_args *a = arguments;
    const dim first = a->count * part / parts, last = a->count * (part + 1) / parts;
    for (dim i = first; i < last; i++) {
        if (i + 2 < last) { /* rows of a minibatch are scattered: ask for one early, the hardware cannot guess it */
            const char *next = a->source + (size_t)a->index[i + 2] * a->bytes;
            for (size_t k = 0; k < a->bytes; k += 64) __builtin_prefetch(next + k);
        }
        memcpy(a->out + (size_t)i * a->bytes, a->source + (size_t)a->index[i] * a->bytes, a->bytes);
    }
}

Status run_gather(const void *arguments) {
    const gather_args *a = arguments;
    for (dim i = 0; i < a->count; i++)
        if (a->index[i] < 0 || a->index[i] >= a->limit) return ROW_OUT_OF_RANGE;
    if (a->bytes == 0) return DONE;
    parallel(gather_rows, a, parts_for((double)a->count * (double)a->bytes));
    return DONE;
}

Status run_increment(const void *arguments) {
    ++*((const increment_args *)arguments)->cell;
    return DONE;
}

Status run_guard_finite(const void *arguments) {
    return isfinite(*((const guard_finite_args *)arguments)->cell) ? DONE : STOP;
}

Status run_next_rows(const void *arguments) {
    const next_rows_args *a = arguments;
    const int64_t start = *a->cursor;
    if (start < 0 || start > a->limit - a->count) return ROW_OUT_OF_RANGE;
    if (a->count) memcpy(a->index, a->order + start, (size_t)a->count * sizeof(int64_t));
    *a->cursor = start + a->count;
    return DONE;
}

/* Losses are float64 numbers; composites add and weigh them with these. */
Status run_fill64(const void *arguments) {
    const scalar_args *a = arguments;
    for (dim i = 0; i < a->n; i++) a->out[i] = a->factor;
    return DONE;
}

Status run_scale64(const void *arguments) {
    const scalar_args *a = arguments;
    for (dim i = 0; i < a->n; i++) a->out[i] *= a->factor;
    return DONE;
}

Status run_add_scaled64(const void *arguments) {
    const scalar_args *a = arguments;
    for (dim i = 0; i < a->n; i++) a->out[i] += a->factor * a->x[i];
    return DONE;
}

Status run_lerp64(const void *arguments) {
    const scalar_args *a = arguments;
    for (dim i = 0; i < a->n; i++) a->out[i] += a->factor * (a->x[i] - a->out[i]);
    return DONE;
}
