/* What is done to each position by itself. A part of the work owns rows, or, where sums run over rows, columns: no number
 * depends on how many parts there are. Sums over rows are in double. */
enum { COLUMNS = 64 }; /* whose sums lie in registers and the nearest cache */

INLINE int parts_of_numbers(dim rows, dim columns) { return pellucid->parts_for((double)rows * (double)columns); }

/* The columns of a part, cut between blocks. */
INLINE Range columns_of(dim n, int part, int parts) {
    const Range blocks = part_of((n + COLUMNS - 1) / COLUMNS, part, parts);
    return (Range){blocks.first * COLUMNS, blocks.last * COLUMNS < n ? blocks.last * COLUMNS : n};
}

/* -- embedding ---------------------------------------------------------------------------------------------------- */

INLINE int all_known(const embedding_args *a) {
    uint64_t wrong = 0;
    for (dim i = 0; i < a->places; i++) wrong |= (uint64_t)a->tokens[i] >= (uint64_t)a->vocabulary;
    return !wrong;
}

static void part_embedding_forward(const void *arguments, int part, int parts) {
    const embedding_args *a = arguments;
    const Range own = part_of(a->places, part, parts);
    const size_t bytes = (size_t)a->units * sizeof(float);
    for (dim i = own.first; i < own.last; i++) {
        if (a->tokens[i] == a->padding) memset(a->y + i * a->units, 0, bytes);
        else memcpy(a->y + i * a->units, a->weight + a->tokens[i] * a->units, bytes);
    }
}

static Status run_embedding_forward(const void *arguments) {
    const embedding_args *a = arguments;
    if (!all_known(a)) return PELLUCID_ROW_OUT_OF_RANGE;
    pellucid->parallel(part_embedding_forward, a, parts_of_numbers(a->places, a->units));
    return PELLUCID_DONE;
}

/* The places of each token, as they stand in the batch: a sort by counting. */
static void find_places(const embedding_args *a) {
    int64_t *starts = a->starts;
    memset(starts, 0, (size_t)(a->vocabulary + 1) * sizeof(int64_t));
    for (dim i = 0; i < a->places; i++) starts[a->tokens[i] + 1]++;
    for (dim v = 0; v < a->vocabulary; v++) starts[v + 1] += starts[v];
    for (dim i = 0; i < a->places; i++) a->order[starts[a->tokens[i]]++] = i;
    for (dim v = a->vocabulary; v > 0; v--) starts[v] = starts[v - 1];
    starts[0] = 0;
}

static void part_embedding_backward(const void *arguments, int part, int parts) {
    const embedding_args *a = arguments;
    const dim units = (a->units + 15) / 16; /* blocks of a cache line: few columns suffice for a part */
    const Range blocks = part_of(units, part, parts);
    const Range own = {blocks.first * 16, blocks.last * 16 < a->units ? blocks.last * 16 : a->units};
    for (dim v = 0; v < a->vocabulary; v++) {
        if (v == a->padding) continue;
        for (dim first = own.first; first < own.last && a->starts[v] < a->starts[v + 1]; first += COLUMNS) {
            const dim width = own.last - first < COLUMNS ? own.last - first : COLUMNS;
            double total[COLUMNS] = {0};
            for (int64_t i = a->starts[v]; i < a->starts[v + 1]; i++) {
                const float *dy = a->dy + a->order[i] * a->units + first;
                for (dim j = 0; j < width; j++) total[j] += (double)dy[j];
            }
            float *row = a->dweight + v * a->units + first;
            for (dim j = 0; j < width; j++) row[j] += (float)total[j];
        }
    }
}

static Status run_embedding_backward(const void *arguments) {
    const embedding_args *a = arguments;
    if (!all_known(a)) return PELLUCID_ROW_OUT_OF_RANGE;
    find_places(a);
    pellucid->parallel(part_embedding_backward, a, parts_of_numbers(a->places, a->units));
    return PELLUCID_DONE;
}

/* -- sums and positions ------------------------------------------------------------------------------------------- */

static void part_add(const void *arguments, int part, int parts) {
    const add_args *a = arguments;
    const Range own = part_of(a->n, part, parts);
    for (dim i = own.first; i < own.last; i++) a->y[i] = a->a[i] + a->b[i];
}

static Status run_add(const void *arguments) {
    const add_args *a = arguments;
    pellucid->parallel(part_add, a, parts_of_numbers(a->n, 1));
    return PELLUCID_DONE;
}

static void part_add_positions(const void *arguments, int part, int parts) {
    const positions_args *a = arguments;
    const Range own = part_of(a->rows, part, parts);
    for (dim n = own.first; n < own.last; n++) {
        const float *x = a->x + n * a->row;
        float *y = a->y + n * a->row;
        for (dim i = 0; i < a->row; i++) y[i] = x[i] + a->table[i];
    }
}

static Status run_add_positions(const void *arguments) {
    const positions_args *a = arguments;
    pellucid->parallel(part_add_positions, a, parts_of_numbers(a->rows, a->row));
    return PELLUCID_DONE;
}

static void part_add_positions_backward(const void *arguments, int part, int parts) {
    const positions_args *a = arguments;
    const Range own = columns_of(a->row, part, parts);
    for (dim first = own.first; first < own.last; first += COLUMNS) {
        const dim width = own.last - first < COLUMNS ? own.last - first : COLUMNS;
        double total[COLUMNS] = {0};
        for (dim n = 0; n < a->rows; n++)
            for (dim j = 0; j < width; j++) total[j] += (double)a->dy[n * a->row + first + j];
        for (dim j = 0; j < width; j++) a->dtable[first + j] += (float)total[j];
    }
}

static Status run_add_positions_backward(const void *arguments) {
    const positions_args *a = arguments;
    pellucid->parallel(part_add_positions_backward, a, parts_of_numbers(a->rows, a->row));
    return PELLUCID_DONE;
}

static void part_sinusoids(const void *arguments, int part, int parts) {
    const positions_args *a = arguments;
    const Range own = part_of((a->units + 1) / 2, part, parts); /* pairs of columns */
    const dim steps = a->units ? a->row / a->units : 0;
    for (dim pair = own.first; pair < own.last; pair++) {
        const double rate = exp(-9.210340371976184 * (double)(2 * pair) / (double)a->units); /* ln 10000 */
        for (dim t = 0; t < steps; t++) {
            float *at = a->y + t * a->units + 2 * pair;
            at[0] = (float)sin((double)t * rate);
            if (2 * pair + 1 < a->units) at[1] = (float)cos((double)t * rate);
        }
    }
}

static Status run_sinusoids(const void *arguments) {
    const positions_args *a = arguments;
    pellucid->parallel(part_sinusoids, a, pellucid->parts_for(50. * (double)a->row));
    return PELLUCID_DONE;
}

/* -- norms -------------------------------------------------------------------------------------------------------- */

static void part_rms_norm_forward(const void *arguments, int part, int parts) {
    const norm_args *a = arguments;
    const Range own = part_of(a->rows, part, parts);
    const dim f = a->features;
    for (dim n = own.first; n < own.last; n++) {
        const float *x = a->x + n * f;
        float *y = a->y + n * f;
        const float r = (float)(1. / sqrt((double)dot_span(x, x, f) / (double)f + a->eps));
        a->inverse[n] = r;
        for (dim j = 0; j < f; j++) y[j] = x[j] * r * a->gain[j];
    }
}

static Status run_rms_norm_forward(const void *arguments) {
    const norm_args *a = arguments;
    pellucid->parallel(part_rms_norm_forward, a, parts_of_numbers(a->rows, 2 * a->features));
    return PELLUCID_DONE;
}

static void part_rms_norm_backward(const void *arguments, int part, int parts) {
    const norm_args *a = arguments;
    const dim f = a->features;
    const Range rows = part_of(a->rows, part, parts), columns = columns_of(f, part, parts);
    for (dim n = rows.first; a->dx && n < rows.last; n++) {
        const float *x = a->x + n * f, *dy = a->dy + n * f, r = a->inverse[n];
        float *dx = a->dx + n * f;
        for (dim j = 0; j < f; j++) dx[j] = dy[j] * a->gain[j];
        const float along = dot_span(dx, x, f) * r / (float)f * r;
        for (dim j = 0; j < f; j++) dx[j] = r * (dx[j] - along * x[j]);
    }
    for (dim first = columns.first; a->dgain && first < columns.last; first += COLUMNS) {
        const dim width = columns.last - first < COLUMNS ? columns.last - first : COLUMNS;
        double total[COLUMNS] = {0};
        for (dim n = 0; n < a->rows; n++) {
            const float *x = a->x + n * f + first, *dy = a->dy + n * f + first, r = a->inverse[n];
            for (dim j = 0; j < width; j++) total[j] += (double)(dy[j] * (x[j] * r));
        }
        for (dim j = 0; j < width; j++) a->dgain[first + j] += (float)total[j];
    }
}

static Status run_rms_norm_backward(const void *arguments) {
    const norm_args *a = arguments;
    pellucid->parallel(part_rms_norm_backward, a, parts_of_numbers(a->rows, 4 * a->features));
    return PELLUCID_DONE;
}

static void part_unit_forward(const void *arguments, int part, int parts) {
    const norm_args *a = arguments;
    const Range own = part_of(a->rows, part, parts);
    const dim f = a->features;
    for (dim n = own.first; n < own.last; n++) {
        const float *x = a->x + n * f;
        const float r = (float)(1. / sqrt((double)dot_span(x, x, f) + a->eps));
        a->inverse[n] = r;
        for (dim j = 0; j < f; j++) a->y[n * f + j] = x[j] * r;
    }
}

static Status run_unit_forward(const void *arguments) {
    const norm_args *a = arguments;
    pellucid->parallel(part_unit_forward, a, parts_of_numbers(a->rows, 2 * a->features));
    return PELLUCID_DONE;
}

static void part_unit_backward(const void *arguments, int part, int parts) { /* x holds y here */
    const norm_args *a = arguments;
    const Range own = part_of(a->rows, part, parts);
    const dim f = a->features;
    for (dim n = own.first; n < own.last; n++) {
        const float *y = a->x + n * f, *dy = a->dy + n * f, r = a->inverse[n], along = dot_span(dy, y, f);
        for (dim j = 0; j < f; j++) a->dx[n * f + j] = r * (dy[j] - along * y[j]);
    }
}

static Status run_unit_backward(const void *arguments) {
    const norm_args *a = arguments;
    pellucid->parallel(part_unit_backward, a, parts_of_numbers(a->rows, 2 * a->features));
    return PELLUCID_DONE;
}

/* -- gates -------------------------------------------------------------------------------------------------------- */

static void part_gate_forward(const void *arguments, int part, int parts) {
    const gate_args *a = arguments;
    const Range own = part_of(a->rows, part, parts);
    for (dim n = own.first; n < own.last; n++) {
        const float *z = a->z + 2 * n * a->units, *b = z + a->units;
        float *y = a->y + n * a->units;
        for (dim j = 0; j < a->units; j++) y[j] = z[j] * sigmoid(z[j]) * b[j];
    }
}

static Status run_gate_forward(const void *arguments) {
    const gate_args *a = arguments;
    pellucid->parallel(part_gate_forward, a, parts_of_numbers(a->rows, 8 * a->units));
    return PELLUCID_DONE;
}

static void part_gate_backward(const void *arguments, int part, int parts) {
    const gate_args *a = arguments;
    const Range own = part_of(a->rows, part, parts);
    for (dim n = own.first; n < own.last; n++) {
        const float *z = a->z + 2 * n * a->units, *b = z + a->units, *dy = a->dy + n * a->units;
        float *da = a->dz + 2 * n * a->units, *db = da + a->units;
        for (dim j = 0; j < a->units; j++) {
            const float s = sigmoid(z[j]), slope = s * (1.f + z[j] * (1.f - s));
            da[j] = dy[j] * b[j] * slope;
            db[j] = dy[j] * (z[j] * s);
        }
    }
}

static Status run_gate_backward(const void *arguments) {
    const gate_args *a = arguments;
    pellucid->parallel(part_gate_backward, a, parts_of_numbers(a->rows, 12 * a->units));
    return PELLUCID_DONE;
}

/* -- pooling ------------------------------------------------------------------------------------------------------ */

INLINE int is_there(const pool_args *a, dim n, dim t) { return !a->mask || a->mask[n * a->steps + t]; }

/* How much a position that counts does: of the first one all, of the mean its part; 0 where none does. */
INLINE float share_of(const pool_args *a, dim n, dim *end) {
    dim count = 0;
    *end = a->steps;
    for (dim t = 0; t < a->steps; t++) {
        if (!is_there(a, n, t)) continue;
        count++;
        if (a->first) { *end = t + 1; break; }
    }
    return count ? 1.f / (float)count : 0.f;
}

static void part_pool_forward(const void *arguments, int part, int parts) {
    const pool_args *a = arguments;
    const Range own = part_of(a->rows, part, parts);
    for (dim n = own.first; n < own.last; n++) {
        dim end;
        const double share = (double)share_of(a, n, &end);
        for (dim first = 0; first < a->units; first += COLUMNS) {
            const dim width = a->units - first < COLUMNS ? a->units - first : COLUMNS;
            double total[COLUMNS] = {0};
            for (dim t = 0; t < end; t++) {
                if (!is_there(a, n, t)) continue;
                const float *x = a->x + (n * a->steps + t) * a->units + first;
                for (dim j = 0; j < width; j++) total[j] += (double)x[j];
            }
            for (dim j = 0; j < width; j++) a->y[n * a->units + first + j] = (float)(total[j] * share);
        }
    }
}

static Status run_pool_forward(const void *arguments) {
    const pool_args *a = arguments;
    pellucid->parallel(part_pool_forward, a, parts_of_numbers(a->rows * a->steps, a->units));
    return PELLUCID_DONE;
}

static void part_pool_backward(const void *arguments, int part, int parts) {
    const pool_args *a = arguments;
    const Range own = part_of(a->rows, part, parts);
    for (dim n = own.first; n < own.last; n++) {
        dim end;
        const float share = share_of(a, n, &end), *dy = a->dy + n * a->units;
        for (dim t = 0; t < a->steps; t++) {
            const float factor = t < end && is_there(a, n, t) ? share : 0.f;
            float *dx = a->dx + (n * a->steps + t) * a->units;
            for (dim j = 0; j < a->units; j++) dx[j] = factor * dy[j];
        }
    }
}

static Status run_pool_backward(const void *arguments) {
    const pool_args *a = arguments;
    pellucid->parallel(part_pool_backward, a, parts_of_numbers(a->rows * a->steps, a->units));
    return PELLUCID_DONE;
}

/* -- the contrastive loss ----------------------------------------------------------------------------------------- */

enum { TOGETHER = 64 }; /* rows of a product: the same blocks for any number of parts */

INLINE Range blocks_of(dim rows, int part, int parts) { return part_of((rows + TOGETHER - 1) / TOGETHER, part, parts); }

INLINE double share_of_row(const contrastive_args *a, dim i) {
    double total = 0;
    for (dim k = 0; k < a->rows; k++) total += a->weight ? (double)a->weight[k] : 1.;
    const double own = a->weight ? (double)a->weight[i] : 1.;
    return total ? own / total : own;
}

/* Row i of the scores: at first products of vectors, at last the slope of the loss at each; and its loss. */
static void compare_row(const contrastive_args *a, dim i, double share) {
    float *s = a->scores + i * a->rows, most = 0;
    const float scale = (float)(1. / a->temperature);
    const int64_t label = a->labels[i];
    dim partners = 0;
    int any = 0;
    for (dim j = 0; j < a->rows; j++) {
        s[j] *= scale;
        if (j == i) continue;
        most = !any || s[j] > most ? s[j] : most;
        any = 1;
        partners += a->labels[j] == label;
    }
    double sum = 0, near = 0;
    for (dim j = 0; j < a->rows; j++) {
        s[j] -= most;
        if (j == i) continue;
        sum += (double)exp_negative(s[j]);
        near += a->labels[j] == label ? (double)s[j] : 0.;
    }
    if (!partners) {
        a->each[i] = 0;
        memset(s, 0, (size_t)a->rows * sizeof(float));
        return;
    }
    a->each[i] = share * (log(sum) - near / (double)partners);
    const float factor = (float)(share / a->temperature), over = (float)(1. / sum), part = 1.f / (float)partners;
    for (dim j = 0; j < a->rows; j++)
        s[j] = j == i ? 0.f : factor * (exp_negative(s[j]) * over - (a->labels[j] == label ? part : 0.f));
}

static void part_compare(const void *arguments, int part, int parts) {
    const contrastive_args *a = arguments;
    const Range own = blocks_of(a->rows, part, parts);
    for (dim block = own.first; block < own.last; block++) {
        const dim first = block * TOGETHER, rows = a->rows - first < TOGETHER ? a->rows - first : TOGETHER;
        product(rows, a->rows, a->units, a->z + first * a->units, a->units, 1, a->z, a->units, 1, a->scores + first * a->rows,
                a->rows, 0);
        for (dim i = first; i < first + rows; i++) compare_row(a, i, share_of_row(a, i));
    }
}

static void part_send_back(const void *arguments, int part, int parts) {
    const contrastive_args *a = arguments;
    const Range own = blocks_of(a->rows, part, parts);
    for (dim block = own.first; block < own.last; block++) {
        const dim first = block * TOGETHER, rows = a->rows - first < TOGETHER ? a->rows - first : TOGETHER;
        float *dz = a->dz + first * a->units;
        product(rows, a->units, a->rows, a->scores + first * a->rows, a->rows, 1, a->z, a->units, 0, dz, a->units, 0);
        product(rows, a->units, a->rows, a->scores + first, 1, a->rows, a->z, a->units, 0, dz, a->units, 1);
    }
}

static Status run_contrastive(const void *arguments) {
    const contrastive_args *a = arguments;
    const int parts = pellucid->parts_for((double)a->rows * (double)a->rows * (double)(a->units + 16));
    pellucid->parallel(part_compare, a, parts);
    pellucid->parallel(part_send_back, a, parts);
    double loss = 0;
    for (dim i = 0; i < a->rows; i++) loss += a->each[i];
    *a->loss = loss;
    return PELLUCID_DONE;
}
