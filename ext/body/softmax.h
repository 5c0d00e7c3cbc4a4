/* Softmax over rows: y_k = e^{x_k} / Σ_j e^{x_j}, shifted by the row's maximum so that nothing overflows. */

/* out = e^{x − max x}; returns the maximum. */
static float exponentials(const float *x, float *out, dim n) {
    const float shift = max_span(x, n);
    for (dim i = 0; i < n; i++) out[i] = exp_negative(x[i] - shift);
    return shift;
}

static void part_softmax_forward(const void *arguments, int part, int parts) {
    const softmax_forward_args *a = arguments;
    const Range r = part_of(a->rows, 1, part, parts);
    for (dim i = r.first; i < r.last; i++) {
        float *y = a->y + i * a->width;
        exponentials(a->x + i * a->width, y, a->width);
        const float inverse = 1.f / sum_span(y, a->width);
        for (dim k = 0; k < a->width; k++) y[k] *= inverse;
    }
}

static Status run_softmax_forward(const void *arguments) {
    const softmax_forward_args *a = arguments;
    parallel(part_softmax_forward, a, parts_for(ACTIVATION_WORK * (double)a->rows * (double)a->width));
    return DONE;
}

static void part_softmax_backward(const void *arguments, int part, int parts) {
    const softmax_backward_args *a = arguments;
    const Range r = part_of(a->rows, 1, part, parts);
    for (dim i = r.first; i < r.last; i++) {
        const float *dy = a->dy + i * a->width, *y = a->y + i * a->width;
        float *dx = a->dx + i * a->width;
        const float along = dot_span(dy, y, a->width);
        for (dim k = 0; k < a->width; k++) dx[k] = y[k] * (dy[k] - along);
    }
}

static Status run_softmax_backward(const void *arguments) {
    const softmax_backward_args *a = arguments;
    parallel(part_softmax_backward, a, parts_for(4. * (double)a->rows * (double)a->width));
    return DONE;
}
