/* The weights of a filter, copied into panels, and the offsets of its taps. */

/* Where the phase's matrix of weights has its element: row (tap, k), column j of group g. */
typedef struct {
    const float *weight;
    dim group, tap, step, column; /* distances between neighbours */
} WeightMap;

static void pack_weights(const Filter *f, Phase *p, const WeightMap *map, const dim *kernel_index, dim taps, dim run) {
    const dim depth = taps * run;
    for (dim g = 0; g < f->groups; g++)
        for (dim n = 0; n < panel_count(f->group_columns); n++) {
            const Panel panel = panel_of(f->group_columns, n);
            const dim width = panel.V * LANES;
            float *to = p->weight + g * padded_columns(f->group_columns) * depth + panel.first * depth;
            for (dim t = 0; t < taps; t++) {
                const float *from = map->weight + g * map->group + kernel_index[t] * map->tap + panel.first * map->column;
                for (dim k = 0; k < run; k++, to += width, from += map->step) {
                    if (map->column == 1) memcpy(to, from, (size_t)panel.columns * sizeof *to);
                    else for (dim j = 0; j < panel.columns; j++) to[j] = from[j * map->column];
                    for (dim j = panel.columns; j < width; j++) to[j] = 0;
                }
            }
        }
}

/* Runs shorter than this are taken number by number. */
enum { SHORT_RUN = 8 };

INLINE float *take_weights(Scratch *s, const Filter *f, dim depth) {
    return take_floats(s, f->groups * padded_columns(f->group_columns) * depth);
}

/* Write the offsets of a phase: one for each tap, or for each number of it. */
static void set_offsets(const Filter *f, Phase *p, const dim *slab_offset, dim taps, dim run) {
    p->taps = f->scattered ? taps * run : taps;
    for (dim t = 0; t < taps; t++)
        if (f->scattered)
            for (dim k = 0; k < run; k++) p->offset[t * run + k] = slab_offset[t] + k;
        else p->offset[t] = slab_offset[t];
}

static void pad_bias(Filter *f, const float *bias, Scratch *s) {
    if (!bias) return;
    const dim width = padded_columns(f->group_columns);
    f->bias = take_floats(s, f->groups * width);
    if (!s->base) return;
    memset(f->bias, 0, (size_t)(f->groups * width) * sizeof(float));
    for (dim g = 0; g < f->groups; g++)
        memcpy(f->bias + g * width, bias + g * f->group_columns, (size_t)f->group_columns * sizeof(float));
}
