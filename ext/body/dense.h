/* The dense layer: y = f(x W + b), and its backward. */

INLINE float default_alpha(Activation name) { return name == LEAKY_RELU ? 0.01f : 1.f; }

static void part_dense_forward(const void *arguments, int part, int parts) {
    const dense_forward_args *a = arguments;
    float *before = a->z ? a->z : a->y; /* z = x W + b, in place of y where it is not kept */
    const Product product = {
        .rows = a->rows, .columns = a->outputs, .depth = a->inputs,
        .a = a->x, .a_row = a->inputs, .a_step = 1,
        .b = a->weight, .b_row = a->outputs,
        .c = before, .c_row = a->outputs,
        .bias = a->bias, .relu = a->activation == RELU,
    };
    multiply_part(&product, part, parts);
}

static void part_dense_activation(const void *arguments, int part, int parts) {
    const dense_forward_args *a = arguments;
    const Range r = part_of(a->rows * a->outputs, CACHE_LINE, part, parts);
    activation_span(a->activation, default_alpha(a->activation), (a->z ? a->z : a->y) + r.first, a->y + r.first,
                    r.last - r.first);
}

static Status run_dense_forward(const void *arguments) {
    const dense_forward_args *a = arguments;
    const double elements = (double)a->rows * (double)a->outputs;
    parallel(part_dense_forward, a, parts_for(elements * (double)a->inputs));
    if (a->activation != IDENTITY && a->activation != RELU) /* those two are done while the tile is in registers */
        parallel(part_dense_activation, a, parts_for(elements * ACTIVATION_WORK));
    return DONE;
}

/* dz = dy f'(z) and db += Σ dz, by columns: a column's sum stays within one thread and so in one order. It is taken in
 * float over CHAIN rows and in double over these. */
static void part_dense_activation_backward(const void *arguments, int part, int parts) {
    enum { CHUNK = 256 };
    const dense_backward_args *a = arguments;
    const Range columns = part_of(a->outputs, CACHE_LINE, part, parts);
    const float alpha = default_alpha(a->activation);
    for (dim j = columns.first; j < columns.last; j += CHUNK) {
        const dim n = columns.last - j < CHUNK ? columns.last - j : CHUNK;
        double total[CHUNK];
        for (dim k = 0; k < n; k++) total[k] = 0;
        for (dim first = 0; first < a->rows; first += CHAIN) {
            const dim last = a->rows - first > CHAIN ? first + CHAIN : a->rows;
            float sum[CHUNK];
            for (dim k = 0; k < n; k++) sum[k] = 0;
            for (dim i = first; i < last; i++) {
                const dim at = i * a->outputs + j;
                const float *dz = a->dy + at;
                if (a->activation != IDENTITY) {
                    const float *z = a->z ? a->z + at : NULL;
                    activation_slope_span(a->activation, alpha, a->dy + at, z, a->y + at, a->dz + at, n);
                    dz = a->dz + at;
                }
                if (a->dbias)
                    for (dim k = 0; k < n; k++) sum[k] += dz[k];
            }
            if (a->dbias)
                for (dim k = 0; k < n; k++) total[k] += (double)sum[k];
        }
        if (a->dbias)
            for (dim k = 0; k < n; k++) a->dbias[j + k] += (float)total[k];
    }
}

static void part_dense_products(const void *arguments, int part, int parts) {
    const dense_backward_args *a = arguments;
    const float *dz = a->activation == IDENTITY ? a->dy : a->dz;
    if (a->activation == IDENTITY && a->dbias) part_dense_activation_backward(a, part, parts);
    if (a->dweight) { /* dW += xᵀ dz */
        const Product product = {
            .rows = a->inputs, .columns = a->outputs, .depth = a->rows,
            .a = a->x, .a_row = 1, .a_step = a->inputs,
            .b = dz, .b_row = a->outputs,
            .c = a->dweight, .c_row = a->outputs, .add = 1,
        };
        multiply_part(&product, part, parts);
    }
    if (a->dx) { /* dx = dz Wᵀ */
        const Product product = {
            .rows = a->rows, .columns = a->inputs, .depth = a->outputs,
            .a = dz, .a_row = a->outputs, .a_step = 1,
            .b = a->weight, .b_row = a->outputs, .b_transposed = 1,
            .c = a->dx, .c_row = a->inputs,
        };
        multiply_part(&product, part, parts);
    }
}

static Status run_dense_backward(const void *arguments) {
    const dense_backward_args *a = arguments;
    const double elements = (double)a->rows * (double)a->outputs;
    const double products = (a->dweight != NULL) + (a->dx != NULL);
    const double slope_work = a->activation == RELU ? 2 : ACTIVATION_WORK;
    if (a->activation != IDENTITY) /* the products need all of dz */
        parallel(part_dense_activation_backward, a, parts_for(elements * slope_work));
    parallel(part_dense_products, a, parts_for(elements * (products * (double)a->inputs + 1)));
    return DONE;
}
