/* Convolutions of 3 x 3 with 2.25 times fewer multiplications (Winograd, 1980; Lavin & Gray, 2016: F(2 x 2, 3 x 3)).
 *
 * A block of 2 x 2 results follows from 4 x 4 pixels d: Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A. Summed over the channels the
 * product ⊙ becomes 16 matrix products, one for each element of the 4 x 4 block: (blocks × channels) (channels × features).
 * The gradient is the same turned around: dg = Gᵀ [Σ over blocks of (Bᵀ d B) ⊙ (A dY Aᵀ)] G.
 *
 *          1  0 −1  0            1  0  0
 *     Bᵀ = 0  1  1  0       G =  ½  ½  ½       Aᵀ = 1  1  1  0
 *          0 −1  1  0            ½ −½  ½            0  1 −1 −1
 *          0  1  0 −1            0  0  1
 */
enum { ELEMENTS = 16, SKEW = 16 /* keeps the 16 planes from falling into the same sets of the cache */ };

/* Numbers of one element for all blocks of a strip. */
INLINE dim plane_floats(dim blocks, dim channels) { return blocks * channels + SKEW; }

/* G along one axis: three numbers become four. */
#define EXPAND(g0, g1, g2, out, step)                                                                                  \
    do {                                                                                                               \
        out[0] = (g0);                                                                                                 \
        out[step] = 0.5f * ((g0) + (g1) + (g2));                                                                       \
        out[2 * step] = 0.5f * ((g0) - (g1) + (g2));                                                                   \
        out[3 * step] = (g2);                                                                                          \
    } while (0)

/* G g Gᵀ for every channel and feature, in panels; index[k] is which tap of the kernel stands at place k. */
static void pack_winograd(const Filter *f, float *to, const WeightMap *map, const dim *index) {
    const dim plane = padded_columns(f->group_columns) * f->group_channels;
    for (dim n = 0; n < panel_count(f->group_columns); n++) {
        const Panel panel = panel_of(f->group_columns, n);
        const dim width = panel.V * LANES;
        for (dim c = 0; c < f->group_channels; c++) {
            float *out = to + panel.first * f->group_channels + c * width;
            for (dim j = 0; j < width; j++) {
                float g[9] = {0}, half[12], full[ELEMENTS];
                if (j < panel.columns)
                    for (int k = 0; k < 9; k++)
                        g[k] = map->weight[index[k] * map->tap + c * map->step + (panel.first + j) * map->column];
                for (int k = 0; k < 3; k++) EXPAND(g[k], g[3 + k], g[6 + k], (half + k), 3);
                for (int k = 0; k < 4; k++) EXPAND(half[3 * k], half[3 * k + 1], half[3 * k + 2], (full + 4 * k), 1);
                for (int k = 0; k < ELEMENTS; k++) out[k * plane + j] = full[k];
            }
        }
    }
}

/* Lay out the filter; `flipped`: the adjoint reads the kernel from its last tap to its first. */
static void winograd_filter(Filter *f, const WeightMap *map, int flipped, const float *bias, Scratch *s) {
    f->phase = take(s, sizeof *f->phase);
    float *weights = take_floats(s, ELEMENTS * padded_columns(f->group_columns) * f->group_channels);
    pad_bias(f, bias, s);
    if (!s->base) return;
    *f->phase = (Phase){.last_row = f->rows, .last_column = f->columns, .weight = weights};
    dim index[9];
    for (dim k = 0; k < 9; k++) index[k] = flipped ? 8 - k : k;
    pack_winograd(f, weights, map, index);
}

/* Bᵀ d B, for LANES channels: four rows of pixels, `pitch` apart. */
INLINE void transform_pixels(const float *d, dim pitch, dim channels, float *out, dim plane) {
    vf t[4][4];
UNROLL(4)
    for (int j = 0; j < 4; j++) {
        const vf d0 = load(d + j * channels), d1 = load(d + pitch + j * channels);
        const vf d2 = load(d + 2 * pitch + j * channels), d3 = load(d + 3 * pitch + j * channels);
        t[0][j] = d0 - d2;
        t[1][j] = d1 + d2;
        t[2][j] = d2 - d1;
        t[3][j] = d1 - d3;
    }
UNROLL(4)
    for (int i = 0; i < 4; i++) {
        store(out + (4 * i + 0) * plane, t[i][0] - t[i][2]);
        store(out + (4 * i + 1) * plane, t[i][1] + t[i][2]);
        store(out + (4 * i + 2) * plane, t[i][2] - t[i][1]);
        store(out + (4 * i + 3) * plane, t[i][1] - t[i][3]);
    }
}

/* Aᵀ m A, for LANES features. */
INLINE void transform_products(const float *m, dim plane, vf out[2][2]) {
    vf s[2][4];
UNROLL(4)
    for (int j = 0; j < 4; j++) {
        const vf m0 = load(m + j * plane), m1 = load(m + (4 + j) * plane);
        const vf m2 = load(m + (8 + j) * plane), m3 = load(m + (12 + j) * plane);
        s[0][j] = m0 + m1 + m2;
        s[1][j] = m1 - m2 - m3;
    }
UNROLL(2)
    for (int i = 0; i < 2; i++) {
        out[i][0] = s[i][0] + s[i][1] + s[i][2];
        out[i][1] = s[i][1] - s[i][2] - s[i][3];
    }
}

/* A dY Aᵀ, for LANES features. */
INLINE void transform_slopes(const vf y[2][2], float *out, dim plane) {
    vf t[4][2];
UNROLL(2)
    for (int j = 0; j < 2; j++) {
        t[0][j] = y[0][j];
        t[1][j] = y[0][j] + y[1][j];
        t[2][j] = y[0][j] - y[1][j];
        t[3][j] = -y[1][j];
    }
UNROLL(4)
    for (int i = 0; i < 4; i++) {
        store(out + (4 * i + 0) * plane, t[i][0]);
        store(out + (4 * i + 1) * plane, t[i][0] + t[i][1]);
        store(out + (4 * i + 2) * plane, t[i][0] - t[i][1]);
        store(out + (4 * i + 3) * plane, -t[i][1]);
    }
}

/* The blocks of a strip: how many, and the pixels of each. */
INLINE dim block_columns(const Filter *f) { return ceiling(f->columns, 2); }
INLINE dim strip_blocks(const Filter *f, dim rows) { return ceiling(rows, 2) * block_columns(f); }

/* All blocks of a slab; channels are whole vectors. */
static void transform_slab(const Filter *f, const float *slab, dim rows, float *out, dim plane) {
    const dim pitch = slab_pitch(f), channels = f->source_channels, across = block_columns(f);
    const dim blocks = strip_blocks(f, rows);
    for (dim block = 0; block < blocks; block++) {
        const float *d = slab + 2 * (block / across) * pitch + 2 * (block % across) * channels;
        for (dim c = 0; c < channels; c += LANES)
            transform_pixels(d + c, pitch, channels, out + block * channels + c, plane);
    }
}

/* One strip of the target, from its slab; work is for the planes of pixels and of products. */
static void winograd_strip(const Filter *f, const float *slab, dim rows, float *work, float *target, int relu) {
    const dim channels = f->source_channels, features = f->target_channels, blocks = strip_blocks(f, rows);
    const dim pixel_plane = plane_floats(blocks, channels), product_plane = plane_floats(blocks, features);
    const dim row_floats = f->target_width * features, across = block_columns(f);
    float *product = work + ELEMENTS * pixel_plane;
    transform_slab(f, slab, rows, work, pixel_plane);
    for (int k = 0; k < ELEMENTS; k++)
        for (dim n = 0; n < panel_count(features); n++) {
            const Panel panel = panel_of(features, n);
            multiply((Product){.a = work + k * pixel_plane, .a_row = channels, .depth = channels,
                               .b = f->phase->weight + (k * features + panel.first) * channels, .b_row = panel.V * LANES,
                               .c = product + k * product_plane + panel.first, .c_row = features},
                     0, blocks, panel.V);
        }
    for (dim block = 0; block < blocks; block++) {
        const dim row = 2 * (block / across), column = 2 * (block % across);
        float *y = target + row * row_floats + column * features;
        const int below = row + 1 < rows, beside = column + 1 < f->columns;
        for (dim j = 0; j < features; j += LANES) {
            vf out[2][2];
            const vf bias = f->bias ? load(f->bias + j) : (vf){0};
            transform_products(product + block * features + j, product_plane, out);
UNROLL(4)
            for (int i = 0; i < 4; i++) {
                out[i >> 1][i & 1] += bias;
                if (relu) out[i >> 1][i & 1] = rectify(out[i >> 1][i & 1]);
            }
            store(y + j, out[0][0]);
            if (beside) store(y + features + j, out[0][1]);
            if (below) store(y + row_floats + j, out[1][0]);
            if (below && beside) store(y + row_floats + features + j, out[1][1]);
        }
    }
}
