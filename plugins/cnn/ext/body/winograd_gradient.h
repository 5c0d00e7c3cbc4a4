/* The weights' gradient of a 3 x 3 convolution by Winograd's method: 16 products Aᵀ B over the blocks, see winograd.h. */

/* A dY Aᵀ of all blocks of a strip; beyond its last row and column are zeros. */
static void transform_map(const Filter *f, const float *map, dim rows, float *out, dim plane) {
    const dim features = f->target_channels, pitch = f->columns * features, across = block_columns(f);
    const dim blocks = strip_blocks(f, rows);
    for (dim block = 0; block < blocks; block++) {
        const dim row = 2 * (block / across), column = 2 * (block % across);
        const int below = row + 1 < rows, beside = column + 1 < f->columns;
        const float *dy = map + row * pitch + column * features;
        for (dim j = 0; j < features; j += LANES) {
            vf y[2][2] = {{load(dy + j)}};
            if (beside) y[0][1] = load(dy + features + j);
            if (below) y[1][0] = load(dy + pitch + j);
            if (below && beside) y[1][1] = load(dy + pitch + features + j);
            transform_slopes((const vf(*)[2])y, out + block * features + j, plane);
        }
    }
}

/* sums[element][panel][channel] += Σ over the strip's blocks; `panels`: those that are computed here. */
static void add_winograd_strip(const Filter *f, const float *slab, const float *map, dim rows, Range panels, float *work,
                               float *sums) {
    const dim channels = f->source_channels, features = f->target_channels, blocks = strip_blocks(f, rows);
    const dim pixel_plane = plane_floats(blocks, channels), slope_plane = plane_floats(blocks, features);
    float *slopes = work + ELEMENTS * pixel_plane;
    transform_slab(f, slab, rows, work, pixel_plane);
    transform_map(f, map, rows, slopes, slope_plane);
    for (int k = 0; k < ELEMENTS; k++)
        for (dim n = panels.first; n < panels.last; n++) {
            const Panel panel = panel_of(features, n);
            multiply((Product){.a = work + k * pixel_plane, .a_row = channels, .depth = blocks,
                               .b = slopes + k * slope_plane + panel.first, .b_row = features,
                               .c = sums + (k * features + panel.first) * channels, .c_row = panel.V * LANES},
                     1, channels, panel.V);
        }
}

/* Gᵀ along one axis: four numbers become three. */
#define GATHER(u0, u1, u2, u3, out, step)                                                                              \
    do {                                                                                                               \
        out[0] = (u0) + 0.5f * ((u1) + (u2));                                                                          \
        out[step] = 0.5f * ((u1) - (u2));                                                                              \
        out[2 * step] = 0.5f * ((u1) + (u2)) + (u3);                                                                   \
    } while (0)

/* dW += Gᵀ (the sums of all blocks of images, in order) G, for some channels. */
static void add_winograd_sums(const Filter *f, const float *sums, dim images_blocks, Range channels, float *dweight) {
    const dim all = f->source_channels, features = f->target_channels;
    for (dim n = 0; n < panel_count(features); n++) {
        const Panel panel = panel_of(features, n);
        const dim width = panel.V * LANES;
        for (dim c = channels.first; c < channels.last; c++)
            for (dim j = 0; j < width; j += LANES) {
                vf u[ELEMENTS], half[12], g[9];
                for (int k = 0; k < ELEMENTS; k++) {
                    const float *from = sums + (k * features + panel.first) * all + c * width + j;
                    u[k] = load(from);
                    for (dim block = 1; block < images_blocks; block++)
                        u[k] += load(from + block * ELEMENTS * all * features);
                }
                for (int k = 0; k < 4; k++) GATHER(u[k], u[4 + k], u[8 + k], u[12 + k], (half + k), 4);
                for (int k = 0; k < 3; k++)
                    GATHER(half[4 * k], half[4 * k + 1], half[4 * k + 2], half[4 * k + 3], (g + 3 * k), 1);
                for (int k = 0; k < 9; k++) {
                    float *to = dweight + (k * all + c) * features + panel.first + j;
                    store(to, load(to) + g[k]);
                }
            }
    }
}
