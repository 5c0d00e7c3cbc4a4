/* dW[kh, kw, c, f] += Σ over images and pixels of image[pixel + tap, c] · dz[pixel, f]: a product Aᵀ B for each image,
 * where again A is read in the image. Blocks of images are summed apart, in sums that are added in order at the end. Blocks,
 * strips and the chains of additions within depend on the sizes only: the result does not depend on the number of threads. */
enum {
    IMAGE_BLOCKS = 8,
    PIXELS_AT_ONCE = 256,      /* that a tile sums up before it adds to the sums of its block */
    GRADIENT_FLOATS = 1 << 20, /* all sums of the blocks together, at most (but for a single block) */
    FEW_ROWS = 32              /* with fewer rows of A than this, copying B costs more than it saves */
};

typedef struct {
    Filter filter;    /* source: the images; target: the maps */
    Convolution shape;
    const float *image, *map; /* map: dz */
    float *dweight;
    dim depth;        /* rows of dW for one group: taps × its channels */
    dim *offset;      /* of each of them, in a slab */
    dim block_floats; /* the sums of a block */
    dim blocks, panel_parts;
    dim padded;       /* columns of all groups' panels */
    dim rows_at_once, strips_at_once; /* of pixels, of strips: how much is summed up before it goes where it is kept */
    float *sums;      /* blocks × groups × panels × depth rows × the panel's columns; or of winograd_gradient.h */
    float *totals;    /* of the same size: what is kept, if a block has more strips than are summed up at once; or NULL */
    char *workspaces; /* for each part a slab, and a panel of dz or Winograd's planes */
    size_t workspace_bytes;
} WeightGradient;

static void plan_weight_gradient(WeightGradient *w, const Convolution *c, int parts, Scratch *s) {
    Filter *f = &w->filter;
    Scratch none = {0};
    convolution_filter(f, c, NULL, NULL, 1, &none); /* for its measures only; where strips end, chains of additions end */
    w->shape = *c;
    w->depth = c->kernel_height * c->kernel_width * f->group_channels;
    w->padded = c->groups * padded_columns(f->group_columns);
    w->offset = take(s, (size_t)w->depth * sizeof *w->offset);
    w->block_floats = w->padded * (f->winograd ? ELEMENTS * c->channels : w->depth);
    w->blocks = most(1, least(least(IMAGE_BLOCKS, c->images), GRADIENT_FLOATS / most(1, w->block_floats)));
    /* Few blocks: the panels are divided between the threads, too. */
    w->panel_parts = w->blocks >= parts ? 1 : least(panel_count(f->group_columns), ceiling(parts, w->blocks));
    w->rows_at_once = most(1, PIXELS_AT_ONCE / most(1, f->columns));
    w->strips_at_once = f->winograd ? CHAIN : most(1, CHAIN / most(1, ceiling(f->strip, w->rows_at_once)));
    const int kept = ceiling(c->images, w->blocks) * f->strips > w->strips_at_once;
    w->sums = take_floats(s, w->blocks * w->block_floats);
    w->totals = kept ? take_floats(s, w->blocks * w->block_floats) : NULL;
    w->workspace_bytes = (size_t)(f->slab_floats + most(f->work_floats, f->strip * f->columns * PANEL_COLUMNS)) * sizeof(float) + 64;
    w->workspace_bytes &= ~(size_t)63;
    w->workspaces = take(s, w->workspace_bytes * (size_t)parts);
    if (!s->base) return;
    for (dim k = 0; k < w->depth; k++) {
        const dim tap = k / f->group_channels, kh = tap / c->kernel_width, kw = tap % c->kernel_width;
        w->offset[k] = kh * c->dilation_rows * slab_pitch(f) + kw * c->dilation_columns * c->channels +
                       k % f->group_channels;
    }
}

/* One panel of one group on one strip. */
static void add_panel(const WeightGradient *w, const float *slab, const float *map, dim rows, dim g, Panel panel,
                      float *copy, float *sums) {
    const Filter *f = &w->filter;
    const dim width = panel.V * LANES, pixels = rows * f->columns;
    const float *b = map + g * f->group_columns + panel.first;
    dim b_pixel = f->target_channels;
    if (panel.columns < width || w->depth >= FEW_ROWS) {
        for (dim i = 0; i < pixels; i++, b += b_pixel) {
            float *to = copy + i * width;
            if (panel.columns == PANEL_COLUMNS) memcpy(to, b, PANEL_COLUMNS * sizeof *to);
            else {
                for (dim j = 0; j < panel.columns; j++) to[j] = b[j];
                for (dim j = panel.columns; j < width; j++) to[j] = 0;
            }
        }
        b = copy;
        b_pixel = width;
    }
    PixelTile t = {.a_row = f->source_step_rows * slab_pitch(f), .a_pixel = f->source_step_columns * f->source_channels,
                   .b = b, .b_pixel = b_pixel, .rows = rows, .columns = f->columns, .at_once = w->rows_at_once};
    const dim tile_count = ceiling(w->depth, TILE_ROWS);
    slab += g * f->group_channels;
    for (dim n = 0; n < tile_count; n++) {
        const Range k = part_of(w->depth, n, tile_count);
        const int R = (int)(k.last - k.first);
        for (int r = 0; r < R; r++) t.a[r] = slab + w->offset[k.first + r];
        t.c = sums + k.first * width;
        pixel_tiles[panel.V][R](&t);
    }
}

/* Of a block's sums, those in some of the panels: begin again with them, or add them to what is kept. */
static void clear_sums(const WeightGradient *w, float *sums, Range panels) {
    const Filter *f = &w->filter;
    const dim rows = f->winograd ? f->source_channels : w->depth, padded = padded_columns(f->group_columns);
    for (dim g = 0; g < (f->winograd ? ELEMENTS : f->groups); g++)
        for (dim m = panels.first; m < panels.last; m++) {
            const Panel panel = panel_of(f->group_columns, m);
            memset(sums + (g * padded + panel.first) * rows, 0, (size_t)(panel.V * LANES * rows) * sizeof *sums);
        }
}

static void keep_sums(const WeightGradient *w, const float *restrict sums, float *restrict totals, Range panels) {
    const Filter *f = &w->filter;
    const dim rows = f->winograd ? f->source_channels : w->depth, padded = padded_columns(f->group_columns);
    for (dim g = 0; g < (f->winograd ? ELEMENTS : f->groups); g++)
        for (dim m = panels.first; m < panels.last; m++) {
            const Panel panel = panel_of(f->group_columns, m);
            const dim first = (g * padded + panel.first) * rows;
            for (dim k = first; k < first + panel.V * LANES * rows; k++) totals[k] += sums[k];
        }
}

static void part_weight_gradient(const void *arguments, int part, int parts) {
    const WeightGradient *w = arguments;
    const Filter *f = &w->filter;
    const dim image_floats = f->source_height * f->source_width * f->source_channels;
    const dim map_row = f->target_width * f->target_channels, panels = panel_count(f->group_columns);
    const dim padded = padded_columns(f->group_columns);
    float *slab = (float *)(w->workspaces + (size_t)part * w->workspace_bytes), *copy = slab + f->slab_floats;
    const Range units = part_of(w->blocks * w->panel_parts, part, parts);
    for (dim unit = units.first; unit < units.last; unit++) {
        const dim block = unit / w->panel_parts;
        const Range images = part_of(w->shape.images, block, w->blocks);
        const Range mine = part_of(panels, unit % w->panel_parts, w->panel_parts);
        float *block_sums = w->sums + block * w->block_floats;
        float *totals = w->totals ? w->totals + block * w->block_floats : NULL;
        dim summed = 0;
        clear_sums(w, block_sums, mine);
        if (totals) clear_sums(w, totals, mine);
        for (dim image = images.first; image < images.last; image++)
            for (dim n = 0; n < f->strips; n++) {
                const Range strip = strip_of(f, n);
                if (strip.last <= strip.first) continue;
                if (totals && summed++ == w->strips_at_once) {
                    keep_sums(w, block_sums, totals, mine);
                    clear_sums(w, block_sums, mine);
                    summed = 1;
                }
                const float *source = load_slab(f, w->image + image * image_floats, strip.first, strip.last, slab);
                const float *map = w->map + (image * f->rows + strip.first) * map_row;
                if (f->winograd) {
                    add_winograd_strip(f, source, map, strip.last - strip.first, mine, copy, block_sums);
                    continue;
                }
                for (dim g = 0; g < f->groups; g++)
                    for (dim m = mine.first; m < mine.last; m++) {
                        const Panel panel = panel_of(f->group_columns, m);
                        float *sums = block_sums + (g * padded + panel.first) * w->depth;
                        add_panel(w, source, map, strip.last - strip.first, g, panel, copy, sums);
                    }
            }
        if (totals) keep_sums(w, totals, block_sums, mine); /* which are read at the end */
    }
}

/* dW += the sums of the blocks, in order; the rows of dW are divided between the threads. */
static void part_add_blocks(const void *arguments, int part, int parts) {
    const WeightGradient *w = arguments;
    const Filter *f = &w->filter;
    const dim padded = padded_columns(f->group_columns), features = f->target_channels;
    if (f->winograd) {
        add_winograd_sums(f, w->sums, w->blocks, part_of(f->source_channels, part, parts), w->dweight);
        return;
    }
    const Range rows = part_of(w->depth, part, parts);
    for (dim g = 0; g < f->groups; g++)
        for (dim m = 0; m < panel_count(f->group_columns); m++) {
            const Panel panel = panel_of(f->group_columns, m);
            const dim width = panel.V * LANES;
            for (dim k = rows.first; k < rows.last; k++) {
                float *restrict to = w->dweight + k * features + g * f->group_columns + panel.first;
                float total[PANEL_COLUMNS];
                for (dim block = 0; block < w->blocks; block++) {
                    const float *from = w->sums + block * w->block_floats + (g * padded + panel.first) * w->depth + k * width;
                    for (dim j = 0; j < panel.columns; j++) total[j] = block ? total[j] + from[j] : from[j];
                }
                for (dim j = 0; j < panel.columns; j++) to[j] += total[j];
            }
        }
}

static void run_weight_gradient(const WeightGradient *w, int parts) {
    pellucid->parallel(part_weight_gradient, w, parts_of_work(convolution_work(&w->shape), parts));
    pellucid->parallel(part_add_blocks, w, parts_of_work((double)(w->blocks * w->block_floats), parts));
}
