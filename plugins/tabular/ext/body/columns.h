/* column_embedding: numbers beside what indexes of categories stand for, one-hot or a row of the table. */
INLINE int index_of(float value, int64_t size) {
    return value >= 0.5f && value < (float)size - 0.5f ? (int)(value + 0.5f) : 0; /* NaN and what is none: 0 */
}

static Status run_take(const void *arguments) {
    const part_args *a = arguments;
    for (dim n = 0; n < a->rows; n++) memcpy(a->out + n * a->to, a->x + n * a->from, (size_t)a->to * sizeof(float));
    return PELLUCID_DONE;
}

static Status run_put(const void *arguments) {
    const part_args *a = arguments;
    for (dim n = 0; n < a->rows; n++) {
        memcpy(a->out + n * a->to, a->x + n * a->from, (size_t)a->from * sizeof(float));
        memset(a->out + n * a->to + a->from, 0, (size_t)(a->to - a->from) * sizeof(float));
    }
    return PELLUCID_DONE;
}

static void part_look_up_forward(const void *arguments, int part, int parts) {
    const look_up_args *a = arguments;
    const Range own = part_of(a->rows, part, parts);
    for (dim n = own.first; n < own.last; n++) {
        float *y = a->y + n * a->width;
        const float *table = a->table, *x = a->x + n * a->columns + a->first;
        memcpy(y, a->part + n * a->numbers, (size_t)a->numbers * sizeof(float));
        y += a->numbers;
        for (dim c = 0; c < a->categories; c++) {
            const dim known = (dim)a->sizes[c] - 1;
            const int index = index_of(x[c], a->sizes[c]);
            const dim width = known <= a->one_hot ? known : a->size;
            memset(y, 0, (size_t)width * sizeof(float));
            if (known <= a->one_hot) {
                if (index) y[index - 1] = 1;
            } else {
                if (index) memcpy(y, table + (index - 1) * a->size, (size_t)width * sizeof(float));
                table += known * a->size;
            }
            y += width;
        }
    }
}

static void part_look_up_backward(const void *arguments, int part, int parts) {
    const look_up_args *a = arguments;
    const Range rows = part_of(a->rows, part, parts), own = part_of(a->categories, part, parts);
    for (dim n = rows.first; a->dpart && n < rows.last; n++)
        memcpy(a->dpart + n * a->numbers, a->dy + n * a->width, (size_t)a->numbers * sizeof(float));
    dim at = a->numbers;
    float *table = a->dtable;
    double *sums = a->sums;
    for (dim c = 0; table && c < own.last; c++) {
        const dim known = (dim)a->sizes[c] - 1;
        const int embedded = known > a->one_hot, mine = embedded && c >= own.first;
        if (mine) memset(sums, 0, (size_t)(known * a->size) * sizeof(double));
        for (dim n = 0; mine && n < a->rows; n++) {
            const int index = index_of(a->x[n * a->columns + a->first + c], a->sizes[c]);
            if (!index) continue;
            const float *dy = a->dy + n * a->width + at;
            double *row = sums + (index - 1) * a->size;
            for (dim j = 0; j < a->size; j++) row[j] += (double)dy[j];
        }
        if (mine) add_sums(sums, known * a->size, table, 0);
        at += embedded ? a->size : known;
        if (embedded) table += known * a->size, sums += known * a->size;
    }
}

static Status run_look_up_forward(const void *arguments) {
    const look_up_args *a = arguments;
    pellucid->parallel(part_look_up_forward, a, pellucid->parts_for((double)(a->rows * a->width)));
    return PELLUCID_DONE;
}

static Status run_look_up_backward(const void *arguments) {
    const look_up_args *a = arguments;
    pellucid->parallel(part_look_up_backward, a, pellucid->parts_for((double)(a->rows * a->width)));
    return PELLUCID_DONE;
}
