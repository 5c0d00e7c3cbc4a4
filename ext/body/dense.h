/* The dense layer: y = f(x W + b), and its backward in one parallel region. */

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
    if (a->activation == IDENTITY || a->activation == RELU) return;
    barrier(parts);
    const Range r = part_of(a->rows * a->outputs, CACHE_LINE, part, parts);
    const float alpha = a->activation == LEAKY_RELU ? 0.01f : 1.f;
    activation_span(a->activation, alpha, before + r.first, a->y + r.first, r.last - r.first);
}

static Status run_dense_forward(const void *arguments) {
    const dense_forward_args *a = arguments;
    const double work = (double)a->rows * (double)a->outputs;
    parallel(part_dense_forward, a, parts_for(work * ((double)a->inputs / 1 + ACTIVATION_WORK)));
    return DONE;
}

/* dz = dy f'(z) and db += Σ dz, by columns: a column's sum stays within one thread and so in one order. */
static void backward_activation(const dense_backward_args *a, int part, int parts) {
    enum { CHUNK = 256 };
    const Range columns = part_of(a->outputs, CACHE_LINE, part, parts);
    const float alpha = a->activation == LEAKY_RELU ? 0.01f : 1.f;
    for (dim j = columns.first; j < columns.last; j += CHUNK) {
        const dim n = columns.last - j < CHUNK ? columns.last - j : CHUNK;
        float sum[CHUNK] = {0};
        for (dim i = 0; i < a->rows; i++) {
            const dim at = i * a->outputs + j;
            const float *dz = a->dy + at;
            if (a->activation != IDENTITY) {
                activation_slope_span(a->activation, alpha, a->dy + at, a->z ? a->z + at : NULL, a->y + at, a->dz + at, n);
                dz = a->dz + at;
            }
            if (a->dbias)
                for (dim k = 0; k < n; k++) sum[k] += dz[k];
        }
        if (a->dbias)
            for (dim k = 0; k < n; k++) a->dbias[j + k] += sum[k];
    }
}

static void part_dense_backward(const void *arguments, int part, int parts) {
    const dense_backward_args *a = arguments;
    const float *dz = a->activation == IDENTITY ? a->dy : a->dz;
    if (a->activation != IDENTITY || a->dbias) backward_activation(a, part, parts);
    if (a->activation != IDENTITY) barrier(parts);
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
    const double products = (a->dweight != NULL) + (a->dx != NULL);
    const double work = (double)a->rows * (double)a->outputs;
    parallel(part_dense_backward, a, parts_for(work * (products * (double)a->inputs + ACTIVATION_WORK)));
    return DONE;
}
