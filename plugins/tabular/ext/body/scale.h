/* scaling: y = s x. Forward threads divide the rows, backward the columns, each of which is a sum over all rows. */
static void part_scale_forward(const void *arguments, int part, int parts) {
    const scale_args *a = arguments;
    const Range own = part_of(a->rows, part, parts);
    for (dim n = own.first; n < own.last; n++)
        for (dim j = 0; j < a->columns; j++) a->y[n * a->columns + j] = a->x[n * a->columns + j] * a->scale[j];
}

static void part_scale_backward(const void *arguments, int part, int parts) {
    const scale_args *a = arguments;
    const Range own = part_of((a->columns + BLOCK - 1) / BLOCK, part, parts);
    for (dim first = own.first * BLOCK; first < least(own.last * BLOCK, a->columns); first += BLOCK) {
        const dim count = least(BLOCK, a->columns - first);
        double total_of[BLOCK] = {0};
        for (dim n = 0; n < a->rows; n += BLOCK) {
            float sums[BLOCK] = {0};
            for (dim i = n; i < least(n + BLOCK, a->rows); i++) {
                const float *dy = a->dy + i * a->columns + first, *x = a->x + i * a->columns + first;
                for (dim j = 0; j < count; j++) sums[j] = fused(dy[j], x[j], sums[j]);
                float *dx = a->dx ? a->dx + i * a->columns + first : NULL;
                for (dim j = 0; dx && j < count; j++) dx[j] = dy[j] * a->scale[first + j];
            }
            for (dim j = 0; j < count; j++) total_of[j] += (double)sums[j];
        }
        add_sums(total_of, count, a->dscale ? a->dscale + first : NULL, 0);
    }
}

static Status run_scale_forward(const void *arguments) {
    const scale_args *a = arguments;
    pellucid->parallel(part_scale_forward, a, pellucid->parts_for((double)(a->rows * a->columns)));
    return PELLUCID_DONE;
}

static Status run_scale_backward(const void *arguments) {
    const scale_args *a = arguments;
    pellucid->parallel(part_scale_backward, a, pellucid->parts_for(2. * (double)(a->rows * a->columns)));
    return PELLUCID_DONE;
}
