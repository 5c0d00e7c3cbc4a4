/* mixture: what the members of an ensemble say together. In double, for it is little work and the last of all; threads
 * divide the rows. log Σ w p is kept as the largest of its logarithms and a sum beside that. */
typedef struct { double largest, sum; } LogSum;

INLINE void log_add(LogSum *s, double x) {
    if (x <= s->largest) {
        s->sum += exp(x - s->largest);
        return;
    }
    s->sum = s->sum * exp(s->largest - x) + 1;
    s->largest = x;
}

INLINE double log_of(LogSum s) { return s.largest + log(s.sum); }

INLINE double log_weight(float w) { return w > 0 ? log((double)w) : -1e4; }

static void part_mixture(const void *arguments, int part, int parts) {
    const mixture_args *a = arguments;
    const Range own = part_of(a->rows, part, parts);
    const dim C = a->outputs;
    double all = 0, computed = 0;
    for (dim k = 0; k < a->members; k++) all += (double)a->weight[k];
    for (dim u = 0; u < a->used_members; u++) computed += (double)a->weight[a->used[u]];
    const float missing = computed == all ? 0 : NAN;
    double base[MOST_MEMBERS]; /* log w − log Σ exp z of each member, in this row */
    for (dim n = own.first; n < own.last; n++) {
        const float *z = a->z + n * C;
        const dim next = a->rows * C; /* from one member to the next */
        for (dim u = 0; a->kind == CLASSES && u < a->used_members; u++) {
            LogSum s = {-INFINITY, 0};
            for (dim c = 0; c < C; c++) log_add(&s, (double)z[u * next + c]);
            base[u] = log_weight(a->weight[a->used[u]]) - log_of(s);
        }
        for (dim c = 0; c < C; c++) {
            double value = 0;
            LogSum yes = {-INFINITY, 0}, no = {-INFINITY, 0};
            for (dim u = 0; u < a->used_members; u++) {
                const double x = (double)z[u * next + c];
                const float w = a->weight[a->used[u]];
                if (a->kind == VALUES) value += (double)w * x;
                if (a->kind == CLASSES) log_add(&yes, base[u] + x);
                if (a->kind == ANSWERS) {
                    const double rest = log1p(exp(-fabs(x)));
                    log_add(&yes, log_weight(w) + (x < 0 ? x : 0) - rest);
                    log_add(&no, log_weight(w) + (x > 0 ? -x : 0) - rest);
                }
            }
            if (a->kind == CLASSES) value = log_of(yes);
            if (a->kind == ANSWERS) value = log_of(yes) - log_of(no);
            a->y[n * C + c] = (float)value + missing;
        }
    }
}

static Status run_mixture(const void *arguments) {
    const mixture_args *a = arguments;
    for (dim u = 0; u < a->used_members; u++)
        if (a->used[u] < 0 || a->used[u] >= a->members) return PELLUCID_ROW_OUT_OF_RANGE;
    const double work = (a->kind == VALUES ? 1. : 40.) * (double)(a->used_members * a->rows * a->outputs);
    pellucid->parallel(part_mixture, a, pellucid->parts_for(work));
    return PELLUCID_DONE;
}
