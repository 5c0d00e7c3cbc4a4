/* A convolution or its adjoint as matrix products whose left side is read where it lies in the image.
 *
 * A filter moves over a grid of steps. At step (i, j) it reads the source from row top + i·source_step on, and writes one
 * pixel of the target for each of its phases. A convolution has one phase. Its adjoint has stride × stride of them: the
 * pixels of the image fall into classes that are met by different taps of the kernel (row h by those kh for which
 * h + padding − kh·dilation is a multiple of the stride). So no phase multiplies by inserted zeros.
 */
typedef struct {
    dim row, column;            /* of the target at grid step (0, 0) */
    dim first_row, last_row;    /* the grid rows and columns whose target pixel exists */
    dim first_column, last_column;
    dim taps;                   /* offsets to go through, each followed by `run` numbers */
    dim *offset;                /* in a slab, see below */
    float *weight;              /* groups × panels × taps·run rows × the panel's columns */
} Phase;

typedef struct {
    dim source_height, source_width, source_channels;
    dim target_height, target_width, target_channels;
    dim groups, group_channels, group_columns; /* of source and target */
    dim rows, columns;                         /* of the grid */
    dim source_step_rows, source_step_columns, target_step_rows, target_step_columns;
    dim top, left;   /* source row and column of the first tap at grid step (0, 0), may be negative */
    dim reach_rows, reach_columns; /* source rows and columns that one step sees */
    dim slab_columns;              /* source columns that a row of the grid sees */
    int in_place;                  /* all of them are in the image: no slab is copied */
    dim strip, strips, slab_floats; /* rows of the grid whose slab of the source is copied at a time */
    dim run;
    int scattered;
    dim phases;
    Phase *phase;
    float *bias; /* padded to whole vectors for each group, or NULL */
} Filter;

/* A slab is the part of the source that a strip of the grid reads, with zeros outside of the image. This many floats
 * of it (128 KiB) stay in the second-level cache together with a block of the weights. */
enum { SLAB_FLOATS = 32768 };

INLINE dim slab_pitch(const Filter *f) {
    return (f->in_place ? f->source_width : f->slab_columns) * f->source_channels;
}

/* Cut the grid into strips and see whether the source needs no copy. */
static void plan_strips(Filter *f, dim images, int parts) {
    f->slab_columns = most(0, f->columns - 1) * f->source_step_columns + f->reach_columns;
    const dim slab_rows = most(0, f->rows - 1) * f->source_step_rows + f->reach_rows;
    f->in_place = f->top >= 0 && f->left >= 0 && f->top + slab_rows <= f->source_height &&
                  f->left + f->slab_columns <= f->source_width;
    const dim pitch = most(1, f->slab_columns * f->source_channels);
    const dim rows = (most(SLAB_FLOATS / pitch, f->reach_rows) - f->reach_rows) / f->source_step_rows + 1;
    f->strips = most(1, ceiling(f->rows, rows));
    if (images < parts) f->strips = least(most(1, f->rows), most(f->strips, ceiling(parts, most(1, images))));
    f->strip = ceiling(f->rows, f->strips);
    f->slab_floats = f->in_place || !f->strip ? 0 : ((f->strip - 1) * f->source_step_rows + f->reach_rows) * pitch;
}

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

/* The convolution: from images to maps. */
static void convolution_filter(Filter *f, const Convolution *c, const float *weight, const float *bias, int parts,
                               Scratch *s) {
    *f = (Filter){
        .source_height = c->height, .source_width = c->width, .source_channels = c->channels,
        .target_height = c->map_height, .target_width = c->map_width, .target_channels = c->features,
        .groups = c->groups, .group_channels = c->channels / c->groups, .group_columns = c->features / c->groups,
        .rows = c->map_height, .columns = c->map_width,
        .source_step_rows = c->stride_rows, .source_step_columns = c->stride_columns,
        .target_step_rows = 1, .target_step_columns = 1,
        .top = -c->top, .left = -c->left,
        .reach_rows = (c->kernel_height - 1) * c->dilation_rows + 1,
        .reach_columns = (c->kernel_width - 1) * c->dilation_columns + 1,
        .phases = 1,
    };
    plan_strips(f, c->images, parts);
    /* Neighbouring taps of a row are one run, if their pixels are neighbours too. */
    const int joined = c->groups == 1 && (c->dilation_columns == 1 || c->kernel_width == 1);
    const dim run = joined ? c->kernel_width * c->channels : f->group_channels;
    const dim taps_in_row = joined ? 1 : c->kernel_width, taps = c->kernel_height * taps_in_row;
    f->scattered = run < SHORT_RUN;
    f->run = f->scattered ? 1 : run;
    Phase *p = f->phase = take(s, sizeof *p);
    dim *offset = take(s, (size_t)taps * sizeof *offset), *index = take(s, (size_t)taps * sizeof *index);
    dim *offsets = take(s, (size_t)(taps * run) * sizeof *offsets);
    float *weights = take_weights(s, f, taps * run);
    pad_bias(f, bias, s);
    if (!s->base) return;
    *p = (Phase){.last_row = f->rows, .last_column = f->columns, .offset = offsets, .weight = weights};
    for (dim t = 0; t < taps; t++) {
        const dim kh = t / taps_in_row, kw = t % taps_in_row;
        offset[t] = kh * c->dilation_rows * slab_pitch(f) + kw * c->dilation_columns * c->channels;
        index[t] = joined ? kh : t;
    }
    set_offsets(f, p, offset, taps, run);
    const WeightMap map = {weight, f->group_columns, run * c->features, c->features, 1};
    pack_weights(f, p, &map, index, taps, run);
}

/* One axis of the adjoint: which steps there are, and which taps meet the pixels of each residue. */
typedef struct {
    dim stride, dilation, kernel, padding;
    dim first_step, steps; /* pixel + padding = stride·step + residue */
    dim lowest, highest;   /* the map pixels that a step sees, relative to it */
} AdjointAxis;

INLINE int meets(const AdjointAxis *a, dim residue, dim k) { return (residue - k * a->dilation) % a->stride == 0; }
INLINE dim map_distance(const AdjointAxis *a, dim residue, dim k) { return floor_of(residue - k * a->dilation, a->stride); }

static AdjointAxis adjoint_axis(dim stride, dim dilation, dim kernel_size, dim padding, dim pixels) {
    AdjointAxis a = {.stride = stride, .dilation = dilation, .kernel = kernel_size, .padding = padding};
    a.first_step = padding / stride;
    a.steps = pixels ? (pixels - 1 + padding) / stride - a.first_step + 1 : 0;
    for (dim residue = 0; residue < stride; residue++)
        for (dim k = 0; k < kernel_size; k++)
            if (meets(&a, residue, k)) {
                a.lowest = least(a.lowest, map_distance(&a, residue, k));
                a.highest = most(a.highest, map_distance(&a, residue, k));
            }
    return a;
}

/* The grid steps at which a residue's pixel, first + stride·step, lies within the image. */
INLINE Range steps_within(dim first, dim stride, dim pixels, dim steps) {
    const dim begin = first >= 0 ? 0 : ceiling(-first, stride);
    return (Range){begin, most(begin, least(steps, first >= pixels ? 0 : ceiling(pixels - first, stride)))};
}

/* The adjoint: from maps to images. */
static void adjoint_filter(Filter *f, const Convolution *c, const float *weight, const float *bias, int parts, Scratch *s) {
    const AdjointAxis rows = adjoint_axis(c->stride_rows, c->dilation_rows, c->kernel_height, c->top, c->height);
    const AdjointAxis columns = adjoint_axis(c->stride_columns, c->dilation_columns, c->kernel_width, c->left, c->width);
    *f = (Filter){
        .source_height = c->map_height, .source_width = c->map_width, .source_channels = c->features,
        .target_height = c->height, .target_width = c->width, .target_channels = c->channels,
        .groups = c->groups, .group_channels = c->features / c->groups, .group_columns = c->channels / c->groups,
        .rows = rows.steps, .columns = columns.steps,
        .source_step_rows = 1, .source_step_columns = 1,
        .target_step_rows = c->stride_rows, .target_step_columns = c->stride_columns,
        .top = rows.first_step + rows.lowest, .left = columns.first_step + columns.lowest,
        .reach_rows = rows.highest - rows.lowest + 1, .reach_columns = columns.highest - columns.lowest + 1,
        .phases = c->stride_rows * c->stride_columns,
    };
    plan_strips(f, c->images, parts);
    const dim run = f->group_channels, all_taps = c->kernel_height * c->kernel_width;
    f->scattered = run < SHORT_RUN;
    f->run = f->scattered ? 1 : run;
    f->phase = take(s, (size_t)f->phases * sizeof *f->phase);
    dim *offset = take(s, (size_t)all_taps * sizeof *offset), *index = take(s, (size_t)all_taps * sizeof *index);
    dim *offsets = take(s, (size_t)(all_taps * run) * sizeof *offsets);
    float *weights = take_weights(s, f, all_taps * run); /* every tap belongs to one phase */
    pad_bias(f, bias, s);
    if (!s->base) return;
    const WeightMap map = {weight, f->group_channels, f->group_columns * c->features, 1, c->features};
    for (dim n = 0; n < f->phases; n++) {
        const dim residue_row = n / c->stride_columns, residue_column = n % c->stride_columns;
        const dim row = rows.first_step * c->stride_rows - c->top + residue_row;
        const dim column = columns.first_step * c->stride_columns - c->left + residue_column;
        const Range i = steps_within(row, c->stride_rows, c->height, f->rows);
        const Range j = steps_within(column, c->stride_columns, c->width, f->columns);
        Phase *p = &f->phase[n];
        *p = (Phase){.row = row, .column = column, .first_row = i.first, .last_row = i.last, .first_column = j.first,
                     .last_column = j.last, .offset = offsets, .weight = weights};
        dim taps = 0;
        for (dim kh = 0; kh < c->kernel_height; kh++)
            for (dim kw = 0; kw < c->kernel_width; kw++)
                if (meets(&rows, residue_row, kh) && meets(&columns, residue_column, kw)) {
                    offset[taps] = (map_distance(&rows, residue_row, kh) - rows.lowest) * slab_pitch(f) +
                                   (map_distance(&columns, residue_column, kw) - columns.lowest) * c->features;
                    index[taps++] = kh * c->kernel_width + kw;
                }
        set_offsets(f, p, offset, taps, run);
        pack_weights(f, p, &map, index, taps, run);
        offsets += p->taps;
        weights += f->groups * padded_columns(f->group_columns) * taps * run;
    }
}
