/* Softmax over rows: y_k = e^{x_k} / Σ_j e^{x_j}, shifted by the row's maximum so that nothing overflows. */

enum { ROWS_AT_ONCE = 16 };

/* As many rows as stay in the cache, at least one. */
INLINE dim rows_at_once(dim width) {
    enum { FLOATS = 4096 };
    return width * ROWS_AT_ONCE <= FLOATS ? ROWS_AT_ONCE : width < FLOATS ? FLOATS / width : 1;
}

/* out = e^{x − max x} for some rows, and their maxima. A row may be shorter than a vector, so all exponentials are taken
 * at once. */
static void exponentials(const float *x, float *out, dim rows, dim width, float *most) {
    for (dim i = 0; i < rows; i++) {
        const float *from = x + i * width, shift = most[i] = max_span(from, width);
        float *to = out + i * width;
        for (dim k = 0; k < width; k++) to[k] = from[k] - shift;
    }
    for (dim i = 0; i < rows * width; i++) out[i] = exp_negative(out[i]);
}

static void part_softmax_forward(const void *arguments, int part, int parts) {
    const softmax_forward_args *a = arguments;
    const Range r = part_of(a->rows, 1, part, parts);
    float most[ROWS_AT_ONCE];
    const dim at_once = rows_at_once(a->width);
    for (dim start = r.first; start < r.last; start += at_once) {
        const dim rows = r.last - start < at_once ? r.last - start : at_once;
        float *y = a->y + start * a->width;
        exponentials(a->x + start * a->width, y, rows, a->width, most);
        for (dim i = 0; i < rows; i++, y += a->width) {
            const float inverse = 1.f / sum_span(y, a->width);
            for (dim k = 0; k < a->width; k++) y[k] *= inverse;
        }
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
