/* The two directions: a filter for a convolution, and one for its adjoint. */

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
        .phases = 1, .winograd = suits_winograd(c),
    };
    plan_strips(f, c->images, parts);
    if (f->winograd) {
        const WeightMap map = {weight, 0, c->channels * c->features, c->features, 1};
        winograd_filter(f, &map, 0, bias, s);
        return;
    }
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
        .phases = c->stride_rows * c->stride_columns, .winograd = suits_winograd(c),
    };
    plan_strips(f, c->images, parts);
    if (f->winograd) {
        const WeightMap map = {weight, 0, c->channels * c->features, 1, c->features};
        winograd_filter(f, &map, 1, bias, s);
        return;
    }
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
