/* What all recurrent layers have in common: everything but the gates.
 *
 * Forward: x W + b for all steps at once; then, step after step, h U and the gates. Rows do not see each other, so each
 * thread takes some rows through all steps, and nobody waits. Backward: the steps in reverse, likewise; then dW, dU and
 * db, each summed over all steps and rows in one matrix product that the threads cut by columns; then dx.
 */
typedef recurrent_args Call;
typedef struct { dim first, last; } Range;

INLINE Range part_of(dim n, dim unit, int part, int parts) {
    const dim units = (n + unit - 1) / unit;
    const dim first = units * part / parts * unit, last = units * (part + 1) / parts * unit;
    return (Range){first < n ? first : n, last < n ? last : n};
}

/* Where in the sequence step t is: position t, or from the end. */
INLINE dim place(const Call *a, dim t) { return a->backwards ? a->steps - 1 - t : t; }

INLINE int taken(const Call *a, dim row, dim t) { return !a->mask || a->mask[row * a->steps + place(a, t)]; }

INLINE int any_taken(const Call *a, Range rows, dim t) {
    for (dim n = rows.first; n < rows.last; n++)
        if (taken(a, n, t)) return 1;
    return 0;
}

/* Bits must not depend on the number of threads. The core's own tiles see to that for whatever rows and columns they are
 * given. For vectors of 16 bytes its large products are a library's, which adds in an order that depends on the sizes: it
 * is only asked for blocks that are the same whichever part they fall into. */
enum {
    ROW_BLOCK = VECTOR_BYTES == 16 ? 8 : 1 << 30,
    ROW_UNIT = VECTOR_BYTES == 16 ? 8 : 1, /* parts begin at multiples of it, likewise below */
    COLUMN_BLOCK = VECTOR_BYTES == 16 ? 64 : 1 << 30,
    COLUMN_UNIT = VECTOR_BYTES == 16 ? 64 : 16,
    AT_ONCE = VECTOR_BYTES == 16 ? 64 : 256, /* rows and steps: few enough for the cache, enough for a product */
    STEP_UNIT = VECTOR_BYTES == 16 ? 64 : 8
};

/* C = A B or C += A B. */
INLINE void multiply(dim rows, dim columns, dim depth, const float *a, dim a_row, const float *b, dim b_row, float *c,
                     dim c_row, int add, const float *bias) {
    for (dim first = 0; first < rows; first += ROW_BLOCK) {
        const pellucid_product p = {.rows = rows - first < ROW_BLOCK ? rows - first : ROW_BLOCK, .columns = columns,
                                    .depth = depth, .a = a + first * a_row, .a_row = a_row, .a_step = 1, .b = b,
                                    .b_row = b_row, .c = c + first * c_row, .c_row = c_row, .add = add, .bias = bias};
        pellucid->gemm(&p);
    }
}

/* Rows (t, n) in order, and those of x, y, dx (n, place of t). */
INLINE dim batch_major(const Call *a, dim row) { return row % a->rows * a->steps + place(a, row / a->rows); }

static void project(const Call *a, dim width, int part, int parts) {
    const Range rows = part_of(a->rows * a->steps, STEP_UNIT, part, parts);
    for (dim first = rows.first; first < rows.last; first += AT_ONCE) {
        const dim last = first + AT_ONCE < rows.last ? first + AT_ONCE : rows.last;
        for (dim row = first; row < last; row++)
            memcpy(a->xs + row * a->features, a->x + batch_major(a, row) * a->features,
                   (size_t)a->features * sizeof(float));
        multiply(last - first, width, a->features, a->xs + first * a->features, a->features, a->weight, width,
                 a->gates + first * width, width, 0, a->bias);
    }
}

/* The state of row n after step t, which is also an output. */
INLINE void put_out(const Call *a, dim n, dim t) {
    if (a->y)
        memcpy(a->y + (n * a->steps + place(a, t)) * a->units, a->states + ((t + 1) * a->rows + n) * a->units,
               (size_t)a->units * sizeof(float));
}

/* A step that is left out: the state stays what it was. */
INLINE void stay(float *arrays, const Call *a, dim n, dim t) {
    memcpy(arrays + ((t + 1) * a->rows + n) * a->units, arrays + (t * a->rows + n) * a->units,
           (size_t)a->units * sizeof(float));
}

/* dh of rows at step t: what comes from the step after, and from the output. */
INLINE void take_in(const Call *a, dim n, dim t) {
    float *dh = a->dstate + n * a->units;
    if (a->dy) {
        const float *dy = a->dy + (n * a->steps + place(a, t)) * a->units;
        if (t == a->steps - 1) memcpy(dh, dy, (size_t)a->units * sizeof(float));
        else
            for (dim j = 0; j < a->units; j++) dh[j] += dy[j];
    } else if (t == a->steps - 1) memcpy(dh, a->dlast + n * a->units, (size_t)a->units * sizeof(float));
}

/* Uᵀ, so that each step of the backward reads it row by row. */
static void transpose_recurrent(const Call *a, dim width) {
    for (dim first = 0; first < a->units; first += 16)
        for (dim k = 0; k < width; k++)
            for (dim j = first; j < a->units && j < first + 16; j++)
                a->transposed[k * a->units + j] = a->recurrent[j * width + k];
}

/* C += Aᵀ B over all rows and steps, for some columns of C; B's begin `shift` further to the right. */
INLINE void add_products(const Call *a, dim height, const float *left, const float *right, dim right_row, Range columns,
                         dim shift, float *c, dim c_row) {
    for (dim first = columns.first, next; first < columns.last; first = next) {
        next = (first / COLUMN_BLOCK + 1) * COLUMN_BLOCK;
        if (next > columns.last) next = columns.last;
        const pellucid_product p = {.rows = height, .columns = next - first, .depth = a->rows * a->steps, .a = left,
                                    .a_row = 1, .a_step = height, .b = right + first + shift, .b_row = right_row,
                                    .c = c + first, .c_row = c_row, .add = 1};
        pellucid->gemm(&p);
    }
}

/* Sums over rows and steps of some columns; no chain of floats is longer than 64, and those are added in double. */
static void add_columns(const Call *a, const float *right, dim right_row, Range columns, float *sum) {
    enum { CHAIN = 64, WIDTH = 64 };
    for (dim first = columns.first; first < columns.last; first += WIDTH) {
        const dim width = columns.last - first < WIDTH ? columns.last - first : WIDTH;
        double total[WIDTH] = {0};
        for (dim row = 0; row < a->rows * a->steps; row += CHAIN) {
            float some[WIDTH] = {0};
            const dim end = row + CHAIN < a->rows * a->steps ? row + CHAIN : a->rows * a->steps;
            for (dim r = row; r < end; r++)
                for (dim j = 0; j < width; j++) some[j] += right[r * right_row + first + j];
            for (dim j = 0; j < width; j++) total[j] += (double)some[j];
        }
        for (dim j = 0; j < width; j++) sum[first + j] += (float)total[j];
    }
}

/* dW, dU and db of some columns of `width`; for U those from `own` on may have a gradient of their own, dextra. */
static void weights(const Call *a, dim width, dim own, int part, int parts) {
    const Range all = part_of(width, COLUMN_UNIT, part, parts);
    if (all.last <= all.first || !a->rows || !a->steps) return;
    const Range shared = {all.first, all.last < own ? all.last : own}, rest = {all.first > own ? all.first : own, all.last};
    if (a->dweight) add_products(a, a->features, a->xs, a->dgates, width, all, 0, a->dweight, width);
    if (a->dbias) add_columns(a, a->dgates, width, all, a->dbias);
    if (a->drecurrent) add_products(a, a->units, a->states, a->dgates, width, shared, 0, a->drecurrent, width);
    if (a->drecurrent) add_products(a, a->units, a->states, a->dextra, a->units, rest, -own, a->drecurrent, width);
    if (a->dcandidate) add_columns(a, a->dextra, a->units, (Range){rest.first - own, rest.last - own}, a->dcandidate);
}

static void inputs(const Call *a, dim width, int part, int parts) {
    const Range rows = part_of(a->rows * a->steps, STEP_UNIT, part, parts);
    for (dim first = rows.first; first < rows.last; first += AT_ONCE) {
        const dim last = first + AT_ONCE < rows.last ? first + AT_ONCE : rows.last;
        const pellucid_product p = {.rows = last - first, .columns = a->features, .depth = width,
                                    .a = a->dgates + first * width, .a_row = width, .a_step = 1, .b = a->weight,
                                    .b_row = width, .b_transposed = 1, .c = a->dxs + first * a->features,
                                    .c_row = a->features};
        pellucid->gemm(&p);
        for (dim row = first; row < last; row++)
            memcpy(a->dx + batch_major(a, row) * a->features, a->dxs + row * a->features,
                   (size_t)a->features * sizeof(float));
    }
}

/* The tasks and the two kernels of a layer with so many gates; the candidate of gru has a gradient of its own for U. */
INLINE int parts_of(const Call *a, dim height, dim width) {
    return pellucid->parts_for((double)(a->rows * a->steps) * (double)height * (double)width);
}

#define KERNELS(cell, gates_of, own_from)                                                                              \
    static void part_##cell##_project(const void *a, int part, int parts) {                                           \
        project(a, (gates_of) * ((const Call *)a)->units, part, parts);                                               \
    }                                                                                                                  \
    static void part_##cell##_steps(const void *a, int part, int parts) {                                             \
        cell##_steps(a, part_of(((const Call *)a)->rows, ROW_UNIT, part, parts));                                            \
    }                                                                                                                  \
    static void part_##cell##_back(const void *a, int part, int parts) {                                              \
        cell##_back(a, part_of(((const Call *)a)->rows, ROW_UNIT, part, parts));                                             \
    }                                                                                                                  \
    static void part_##cell##_weights(const void *a, int part, int parts) {                                           \
        const dim units = ((const Call *)a)->units;                                                                   \
        weights(a, (gates_of) * units, (own_from) * units, part, parts);                                              \
    }                                                                                                                  \
    static void part_##cell##_inputs(const void *a, int part, int parts) {                                            \
        inputs(a, (gates_of) * ((const Call *)a)->units, part, parts);                                                \
    }                                                                                                                  \
    static Status run_##cell##_forward(const void *arguments) {                                                       \
        const Call *a = arguments;                                                                                     \
        const dim width = (gates_of) * a->units;                                                                       \
        pellucid->parallel(part_##cell##_project, a, parts_of(a, a->features, width));                                \
        pellucid->parallel(part_##cell##_steps, a, parts_of(a, a->units + GATE_WORK, width));                         \
        return PELLUCID_DONE;                                                                                          \
    }                                                                                                                  \
    static Status run_##cell##_backward(const void *arguments) {                                                      \
        const Call *a = arguments;                                                                                     \
        const dim width = (gates_of) * a->units;                                                                       \
        transpose_recurrent(a, width);                                                                                 \
        pellucid->parallel(part_##cell##_back, a, parts_of(a, a->units + GATE_WORK, width));                          \
        pellucid->parallel(part_##cell##_weights, a, parts_of(a, a->units + a->features, width));                     \
        if (a->dx) pellucid->parallel(part_##cell##_inputs, a, parts_of(a, a->features, width));                      \
        return PELLUCID_DONE;                                                                                          \
    }

enum { GATE_WORK = 16 }; /* multiply-adds that a number of a gate costs, roughly */

INLINE int out_of_range(const carry_args *a) {
    return a->rows > a->carry || *a->offset > (uint64_t)(a->carry - a->rows);
}

static Status run_begin(const void *arguments) {
    const carry_args *a = arguments;
    if (out_of_range(a)) return PELLUCID_ROW_OUT_OF_RANGE;
    const float *carried = a->carried + (dim)*a->offset * a->units;
    for (dim n = 0; n < a->rows; n++)
        if (a->begins && a->begins[n]) memset(a->out + n * a->units, 0, (size_t)a->units * sizeof(float));
        else memcpy(a->out + n * a->units, carried + n * a->units, (size_t)a->units * sizeof(float));
    return PELLUCID_DONE;
}

static Status run_keep(const void *arguments) {
    const carry_args *a = arguments;
    if (out_of_range(a)) return PELLUCID_ROW_OUT_OF_RANGE;
    memcpy(a->out, a->carried, (size_t)(a->carry * a->units) * sizeof(float));
    memcpy(a->out + (dim)*a->offset * a->units, a->states, (size_t)(a->rows * a->units) * sizeof(float));
    return PELLUCID_DONE;
}
