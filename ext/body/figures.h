/* Figures of arrays: what a recorder keeps of a step, each array read as seldom as can be. Not part of a plan. */

enum { FIGURES_BLOCK = 1024, TABLES = 4 };

INLINE dim zeros_of(const float *x, dim n) {
    dim zeros = 0;
    for (dim i = 0; i < n;) {
        const dim end = n - i > (1 << 20) ? i + (1 << 20) : n;
        int32_t some = 0;
        for (; i < end; i++) some += x[i] == 0;
        zeros += some;
    }
    return zeros;
}

/* Of each span: Σ (x − other)², how many of these are 0, Σ other²; without other it counts as 0. */
static Status run_span_sums(const void *arguments) {
    const span_sums_args *a = arguments;
    float change[FIGURES_BLOCK];
    for (dim s = 0; s < a->count; s++) {
        const dim stop = a->spans[2 * s + 1];
        double squares = 0, others = 0;
        dim zeros = 0;
        for (dim i = a->spans[2 * s]; i < stop; i += FIGURES_BLOCK) {
            const dim n = stop - i < FIGURES_BLOCK ? stop - i : FIGURES_BLOCK;
            const float *x = a->x + i;
            if (a->other) {
                for (dim j = 0; j < n; j++) change[j] = x[j] - a->other[i + j];
                others += squares_of(a->other + i, n);
                x = change;
            }
            squares += squares_of(x, n);
            zeros += zeros_of(x, n);
        }
        a->out[3 * s] = squares, a->out[3 * s + 1] = (double)zeros, a->out[3 * s + 2] = others;
    }
    return DONE;
}

/* How many columns are 0 in every row; most are seen not to be in the first. */
static dim dead_columns(const float *x, dim rows, dim columns) {
    dim dead = 0;
    for (dim j = 0; j < columns; j += CACHE_LINE) {
        const dim n = columns - j < CACHE_LINE ? columns - j : CACHE_LINE;
        int32_t alive[CACHE_LINE] = {0};
        dim left = n;
        for (dim r = 0; r < rows && left; r++) {
            for (dim k = 0; k < n; k++) alive[k] |= x[r * columns + j + k] != 0;
            left = n;
            for (dim k = 0; k < n; k++) left -= alive[k];
        }
        dead += left;
    }
    return dead;
}

/* Counts in equal bins from low on; several tables, as the same bin is often hit again at once. */
static void count_bins(const float *x, dim n, double low, double factor, dim bins, double *out) {
    int32_t table[TABLES][FIGURES_MOST_BINS], bin[FIGURES_BLOCK];
    for (dim b = 0; b < bins; b++) out[b] = 0;
    for (dim i = 0; i < n;) {
        const dim end = n - i > (1 << 30) ? i + (1 << 30) : n;
        for (int t = 0; t < TABLES; t++)
            for (dim b = 0; b < bins; b++) table[t][b] = 0;
        for (; i < end; i += FIGURES_BLOCK) {
            const dim size = end - i < FIGURES_BLOCK ? end - i : FIGURES_BLOCK;
            for (dim j = 0; j < size; j++) {
                const int32_t place = (int32_t)(((double)x[i + j] - low) * factor);
                bin[j] = place < bins ? place : (int32_t)bins - 1; /* the largest itself */
            }
            dim j = 0;
            for (; j + TABLES <= size; j += TABLES)
                for (int t = 0; t < TABLES; t++) table[t][bin[j + t]]++;
            for (; j < size; j++) table[0][bin[j]]++;
        }
        for (int t = 0; t < TABLES; t++)
            for (dim b = 0; b < bins; b++) out[b] += table[t][b];
    }
}

/* Σ x, Σ x², smallest, largest, dead columns, counts in equal bins between the two, none where one is not finite. */
static Status run_distribution(const void *arguments) {
    const distribution_args *a = arguments;
    const dim n = a->rows * a->columns;
    double sum = 0, squares = 0;
    float low[LANES], high[LANES];
    for (int j = 0; j < LANES; j++) low[j] = high[j] = a->x[0];
    for (dim i = 0; i < n; i += FIGURES_BLOCK) {
        const dim size = n - i < FIGURES_BLOCK ? n - i : FIGURES_BLOCK;
        const float *x = a->x + i;
        double lane[LANES] = {0};
        dim j = 0;
        for (; j + LANES <= size; j += LANES)
            for (int k = 0; k < LANES; k++) {
                low[k] = x[j + k] < low[k] ? x[j + k] : low[k];
                high[k] = x[j + k] > high[k] ? x[j + k] : high[k];
                lane[k] += (double)x[j + k];
            }
        for (; j < size; j++) {
            low[0] = x[j] < low[0] ? x[j] : low[0];
            high[0] = x[j] > high[0] ? x[j] : high[0];
            sum += (double)x[j];
        }
        for (int k = 0; k < LANES; k++) sum += lane[k];
        squares += squares_of(x, size);
    }
    for (int j = 1; j < LANES; j++) {
        low[0] = low[j] < low[0] ? low[j] : low[0];
        high[0] = high[j] > high[0] ? high[j] : high[0];
    }
    double least = (double)low[0], most = (double)high[0];
    for (dim i = 0; !isfinite(sum) && i < n; i++) /* comparisons pass NaN over */
        if (isnan(a->x[i])) least = most = (double)a->x[i];
    a->out[0] = sum, a->out[1] = squares, a->out[2] = least, a->out[3] = most;
    a->out[4] = (double)dead_columns(a->x, a->rows, a->columns);
    const double width = most - least;
    if (isfinite(width))
        count_bins(a->x, n, least, width > 0 ? (double)a->bins / width : 0, a->bins, a->out + 5);
    else
        for (dim b = 0; b < a->bins; b++) a->out[5 + b] = 0;
    return DONE;
}
