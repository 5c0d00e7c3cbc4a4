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

enum { SQUARE = 32 }; /* a square of doubles and its transpose fit into the first cache */

/* Rows first … last of out (rows, columns) from x (columns, rows), square by square: along the rows of one is down the
 * columns of the other, and each line of memory should be fetched once. */
#define DEFINE_TRANSPOSE(name, number) \
    static void name(const number *x, number *out, dim rows, dim columns, dim first, dim last) { \
        for (dim i0 = first; i0 < last; i0 += SQUARE) { \
            const dim i1 = i0 + SQUARE < last ? i0 + SQUARE : last; \
            for (dim j0 = 0; j0 < columns; j0 += SQUARE) { \
                const dim j1 = j0 + SQUARE < columns ? j0 + SQUARE : columns; \
                for (dim i = i0; i < i1; i++) \
                    for (dim j = j0; j < j1; j++) out[i * columns + j] = x[j * rows + i]; \
            } \
        } \
    }
DEFINE_TRANSPOSE(transpose_floats, float)
DEFINE_TRANSPOSE(transpose_doubles, double)

static void transpose_rows(const void *arguments, int part, int parts) {
    const transpose_args *a = arguments;
    const dim first = a->rows * part / parts, last = a->rows * (part + 1) / parts;
    if (a->is_double)
        transpose_doubles((const double *)a->x, (double *)a->out, a->rows, a->columns, first, last);
    else
        transpose_floats((const float *)a->x, (float *)a->out, a->rows, a->columns, first, last);
}

Status run_transpose(const void *arguments) {
    const transpose_args *a = arguments;
    parallel(transpose_rows, a, parts_for((double)a->rows * (double)a->columns * (a->is_double ? 8 : 4)));
    return DONE;
}

#define CONVERTED(number, to) \
    for (dim i = 0; i < a->n; i++) ((to *)a->out)[i] = (to)((const number *)a->x)[i]; \
    return DONE
#define CONVERTED_FROM(number) \
    if (a->to == DOUBLES) { CONVERTED(number, double); } \
    CONVERTED(number, float)

/* Labels become targets, a loss of the model's type one that is added up: small arrays, on the calling thread. */
Status run_convert(const void *arguments) {
    const convert_args *a = arguments;
    if (a->from == DOUBLES) { CONVERTED_FROM(double); }
    if (a->from == INTEGERS) { CONVERTED_FROM(int64_t); }
    if (a->from == TRUTHS) { CONVERTED_FROM(unsigned char); }
    CONVERTED_FROM(float);
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
