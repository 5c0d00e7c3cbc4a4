/* A filter moves over a batch: strip by strip, tile by tile. */

/* The source from the strip's first row on: in the image, or copied with zeros around it. */
static const float *load_slab(const Filter *f, const float *image, dim first_row, dim last_row, float *slab) {
    const dim row0 = f->top + first_row * f->source_step_rows, channels = f->source_channels;
    if (f->in_place) return image + (row0 * f->source_width + f->left) * channels;
    const dim rows = slab_rows(f, last_row - first_row);
    const dim pitch = f->slab_columns * channels;
    const dim begin = least(f->slab_columns, most(0, -f->left));
    const dim end = most(begin, least(f->slab_columns, f->source_width - f->left));
    for (dim i = 0; i < rows; i++) {
        float *to = slab + i * pitch;
        const dim row = row0 + i;
        if (row < 0 || row >= f->source_height || begin == end) {
            memset(to, 0, (size_t)pitch * sizeof *to);
            continue;
        }
        const float *from = image + (row * f->source_width + begin + f->left) * channels;
        memset(to, 0, (size_t)(begin * channels) * sizeof *to);
        memcpy(to + begin * channels, from, (size_t)((end - begin) * channels) * sizeof *to);
        memset(to + end * channels, 0, (size_t)(pitch - end * channels) * sizeof *to);
    }
    return slab;
}

/* So many floats of the weights (192 KiB) stay in the second-level cache while all tiles of a strip pass by. */
enum { WEIGHT_BLOCK_FLOATS = 49152 };

/* One phase and group on the grid rows [first, last) of a strip whose slab begins at grid row strip_row. */
static void sweep_phase(const Filter *f, const Phase *p, dim g, Range grid, dim strip_row, const float *slab, float *target,
                        int relu) {
    const dim rows = grid.last - grid.first, columns = p->last_column - p->first_column;
    const dim pixels = rows * columns, panels = panel_count(f->group_columns);
    if (rows <= 0 || columns <= 0) return;
    const dim depth = p->taps * f->run, padded = padded_columns(f->group_columns);
    const dim at_once = most(1, WEIGHT_BLOCK_FLOATS / most(1, depth * PANEL_COLUMNS));
    const dim pitch = slab_pitch(f), tile_count = ceiling(pixels, TILE_ROWS);
    slab += g * f->group_channels;
    target += g * f->group_columns;
    for (dim first_panel = 0; first_panel < panels; first_panel += at_once) {
        const dim last_panel = least(panels, first_panel + at_once);
        dim i = grid.first, j = p->first_column;
        for (dim n = 0; n < tile_count; n++) { /* tiles of nearly equal height: a low last one would be slow */
            const Range pixel = part_of(pixels, n, tile_count);
            const int R = (int)(pixel.last - pixel.first);
            Tile t = {.taps = p->taps, .run = f->run, .offset = p->offset, .relu = relu};
            float *c[TILE_ROWS];
            for (int r = 0; r < R; r++) {
                const dim row = i * f->target_step_rows + p->row, column = j * f->target_step_columns + p->column;
                t.a[r] = slab + (i - strip_row) * f->source_step_rows * pitch + j * f->source_step_columns * f->source_channels;
                c[r] = target + (row * f->target_width + column) * f->target_channels;
                if (++j == p->last_column) j = p->first_column, i++;
            }
            for (dim m = first_panel; m < last_panel; m++) {
                const Panel panel = panel_of(f->group_columns, m);
                t.b = p->weight + (g * padded + panel.first) * depth;
                t.bias = f->bias ? f->bias + g * padded + panel.first : NULL;
                for (int r = 0; r < R; r++) t.c[r] = c[r] + panel.first;
                if (panel.columns < panel.V * LANES) partial_tile(&t, f->scattered, R, panel.V, panel.columns);
                else tiles[f->scattered][panel.V][R](&t);
            }
        }
    }
}

typedef struct {
    Filter filter;
    dim images;
    const float *source;
    float *target, *activated; /* activated: where f(target) goes; may be target */
    Activation activation;
    char *slabs;               /* one for each part */
    size_t slab_bytes;
} Sweep;

static void part_sweep(const void *arguments, int part, int parts) {
    const Sweep *s = arguments;
    const Filter *f = &s->filter;
    const dim source_floats = f->source_height * f->source_width * f->source_channels;
    const dim row_floats = f->target_width * f->target_channels;
    float *slab = (float *)(s->slabs + (size_t)part * s->slab_bytes);
    const Range units = part_of(s->images * f->strips, part, parts);
    for (dim unit = units.first; unit < units.last; unit++) {
        const dim image = unit / f->strips;
        const Range strip = strip_of(f, unit % f->strips);
        float *target = s->target + image * f->target_height * row_floats;
        if (strip.last <= strip.first) continue;
        const float *source = load_slab(f, s->source + image * source_floats, strip.first, strip.last, slab);
        if (f->winograd)
            winograd_strip(f, source, strip.last - strip.first, slab + f->slab_floats, target + strip.first * row_floats,
                           s->activation == PELLUCID_RELU);
        else for (dim n = 0; n < f->phases; n++) {
            const Phase *p = &f->phase[n];
            const Range grid = {most(strip.first, p->first_row), least(strip.last, p->last_row)};
            for (dim g = 0; g < f->groups; g++)
                sweep_phase(f, p, g, grid, strip.first, source, target, s->activation == PELLUCID_RELU);
        }
        if (s->activation == PELLUCID_IDENTITY || s->activation == PELLUCID_RELU) continue;
        /* The target rows of a strip lie together, and still in the cache. */
        const dim first = most(0, strip.first * f->target_step_rows + f->phase->row);
        const dim last = least(f->target_height, strip.last * f->target_step_rows + f->phase->row);
        float *activated = s->activated + (image * f->target_height + first) * row_floats;
        pellucid->activation_forward(s->activation, default_alpha(s->activation), target + first * row_floats, activated,
                                     most(0, last - first) * row_floats);
    }
}

/* Lay out the slabs behind the filter; parts as many as the scratch is for. */
static void take_slabs(Sweep *s, int parts, Scratch *scratch) {
    s->slab_bytes = ((size_t)(s->filter.slab_floats + s->filter.work_floats) * sizeof(float) + 63) & ~(size_t)63;
    s->slabs = take(scratch, s->slab_bytes * (size_t)parts);
}

/* Multiply-adds of a convolution, or of its adjoint. */
INLINE double convolution_work(const Convolution *c) {
    return (double)c->images * (double)c->map_height * (double)c->map_width * (double)c->features *
           (double)c->kernel_height * (double)c->kernel_width * (double)(c->channels / c->groups);
}

INLINE int parts_of_work(double work, int allotted) {
    const int parts = pellucid->parts_for(work);
    return parts < allotted ? parts : allotted;
}
