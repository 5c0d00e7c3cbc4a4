/* The heart of the convolutions: a tile of R rows and V vectors of a matrix product, kept in registers.
 *
 * Each step loads V vectors of a row of B and multiplies them with R numbers of A. A is never copied into columns: a row
 * of A is an address in the image, and the numbers of a row lie in runs at fixed distances from it.
 */
enum { PANEL_COLUMNS = TILE_VECTORS * LANES };

typedef struct {
    const float *a[TILE_ROWS]; /* one address a row: the pixel under the first tap */
    float *c[TILE_ROWS];       /* where the row of the result goes */
    dim taps, run;             /* row r is, for each tap, the `run` numbers from a[r] + offset[tap] on */
    const dim *offset;
    const float *b;            /* a panel of V·LANES columns, row behind row */
    const float *bias;         /* the panel's, whole vectors, or NULL */
    int relu;
} Tile;

/* scattered: run is 1, so that there is one loop and not a very short one inside another. */
INLINE void tile(const int R, const int V, const int scattered, const Tile *t) {
    vf sum[TILE_ROWS][TILE_VECTORS];
    const float *b = t->b;
    const dim run = t->run;
UNROLL(3)
    for (int v = 0; v < V; v++) {
        const vf bias = t->bias ? load(t->bias + v * LANES) : (vf){0};
UNROLL(8)
        for (int r = 0; r < R; r++) sum[r][v] = bias;
    }
    const float *a[TILE_ROWS];
UNROLL(8)
    for (int r = 0; r < R; r++) a[r] = t->a[r];
    for (const dim *offset = t->offset, *end = offset + t->taps; offset < end; offset++) {
        const float *at[TILE_ROWS];
UNROLL(8)
        for (int r = 0; r < R; r++) at[r] = a[r] + *offset;
        for (dim k = 0; k < (scattered ? 1 : run); k++) {
            vf row[TILE_VECTORS];
UNROLL(3)
            for (int v = 0; v < V; v++) row[v] = load(b + v * LANES);
UNROLL(8)
            for (int r = 0; r < R; r++) {
                const float factor = at[r][k];
UNROLL(3)
                for (int v = 0; v < V; v++) sum[r][v] = fused_lanes(factor, row[v], sum[r][v]);
            }
            b += V * LANES;
        }
    }
    if (t->relu)
UNROLL(8)
        for (int r = 0; r < R; r++)
UNROLL(3)
            for (int v = 0; v < V; v++) sum[r][v] = rectify(sum[r][v]);
UNROLL(8)
    for (int r = 0; r < R; r++)
UNROLL(3)
        for (int v = 0; v < V; v++) store(t->c[r] + v * LANES, sum[r][v]);
}

/* A tile of Aᵀ B summed over the pixels of a strip: C[r] += Σ_(i, j) a[r][i·a_row + j·a_pixel] b[…]. C is added to after
 * every few rows: this is a sum over pixels, and no chain of additions shall be as long as an image. */
typedef struct {
    const float *a[TILE_ROWS];
    dim a_row, a_pixel;
    const float *b;
    dim b_pixel;
    dim rows, columns; /* of the strip */
    dim at_once;       /* rows between two additions to C */
    float *c;          /* R rows of V·LANES */
} PixelTile;

INLINE void pixel_tile(const int R, const int V, const PixelTile *t) {
    const float *a[TILE_ROWS], *b = t->b;
    const dim a_pixel = t->a_pixel, b_pixel = t->b_pixel;
UNROLL(8)
    for (int r = 0; r < R; r++) a[r] = t->a[r];
    for (dim i = 0; i < t->rows;) {
        vf sum[TILE_ROWS][TILE_VECTORS];
UNROLL(8)
        for (int r = 0; r < R; r++)
UNROLL(3)
            for (int v = 0; v < V; v++) sum[r][v] = (vf){0};
        for (const dim last = least(t->rows, i + t->at_once); i < last; i++) {
            for (dim j = t->columns, at = i * t->a_row; j > 0; j--, at += a_pixel) {
                vf row[TILE_VECTORS];
UNROLL(3)
                for (int v = 0; v < V; v++) row[v] = load(b + v * LANES);
UNROLL(8)
                for (int r = 0; r < R; r++) {
                    const float factor = a[r][at];
UNROLL(3)
                    for (int v = 0; v < V; v++) sum[r][v] = fused_lanes(factor, row[v], sum[r][v]);
                }
                b += b_pixel;
            }
        }
UNROLL(8)
        for (int r = 0; r < R; r++)
UNROLL(3)
            for (int v = 0; v < V; v++) {
                float *c = t->c + (r * V + v) * LANES;
                store(c, load(c) + sum[r][v]);
            }
    }
}

/* One function for every size of tile, so that the compiler knows R and V and keeps the sums in registers. */
#define TILE(R, V)                                                                                                     \
    static __attribute__((noinline)) void tile_##R##_##V(const Tile *t) { tile(R, V, 0, t); }                          \
    static __attribute__((noinline)) void scattered_tile_##R##_##V(const Tile *t) { tile(R, V, 1, t); }                \
    static __attribute__((noinline)) void pixel_tile_##R##_##V(const PixelTile *t) { pixel_tile(R, V, t); }                \
    static __attribute__((noinline)) void product_##R##_##V(const Product *p) { product(R, V, p); }                    \
    static __attribute__((noinline)) void transposed_product_##R##_##V(const Product *p) { transposed_product(R, V, p); }
#define TILES(V) TILE(1, V) TILE(2, V) TILE(3, V) TILE(4, V) TILE(5, V) TILE(6, V)
#define NAMES(kind, V) NULL, kind##_1_##V, kind##_2_##V, kind##_3_##V, kind##_4_##V, kind##_5_##V, kind##_6_##V
TILES(1) TILES(2)
#if TILE_ROWS == 8 && TILE_VECTORS == 3
TILE(7, 1) TILE(8, 1) TILE(7, 2) TILE(8, 2)
TILES(3) TILE(7, 3) TILE(8, 3)
#define TABLE(kind)                                                                                                    \
    {{NULL}, {NAMES(kind, 1), kind##_7_1, kind##_8_1}, {NAMES(kind, 2), kind##_7_2, kind##_8_2},                       \
     {NAMES(kind, 3), kind##_7_3, kind##_8_3}}
#else
#define TABLE(kind) {{NULL}, {NAMES(kind, 1)}, {NAMES(kind, 2)}}
#endif
static void (*const tiles[2][TILE_VECTORS + 1][TILE_ROWS + 1])(const Tile *) = {TABLE(tile), TABLE(scattered_tile)};
static void (*const pixel_tiles[TILE_VECTORS + 1][TILE_ROWS + 1])(const PixelTile *) = TABLE(pixel_tile);
static void (*const products[2][TILE_VECTORS + 1][TILE_ROWS + 1])(const Product *) = {
    TABLE(product), TABLE(transposed_product)
};

/* All rows of C: tiles of nearly equal height, the higher ones first; a low last one would be slow. */
INLINE void multiply(Product p, int transposed, dim rows, int V) {
    const dim count = ceiling(rows, TILE_ROWS), height = rows / count, higher = rows % count;
    if (higher) {
        p.tiles = higher;
        products[transposed][V][height + 1](&p);
        p.a += higher * (height + 1) * (transposed ? 1 : p.a_row);
        p.c += higher * (height + 1) * p.c_row;
    }
    p.tiles = count - higher;
    products[transposed][V][height](&p);
}

/* A tile whose last vector is not full is computed beside the result and copied. */
static void partial_tile(const Tile *whole, int scattered, int R, int V, dim columns) {
    float beside[TILE_ROWS * PANEL_COLUMNS];
    Tile t = *whole;
    for (int r = 0; r < R; r++) t.c[r] = beside + r * V * LANES;
    tiles[scattered][V][R](&t);
    for (int r = 0; r < R; r++) memcpy(whole->c[r], t.c[r], (size_t)columns * sizeof(float));
}

/* The columns of a matrix in panels of nearly equal width: V vectors, of which the last may not be full. */
typedef struct {
    dim first, columns; /* the columns that there are */
    int V;
} Panel;

INLINE dim panel_count(dim columns) { return ceiling(ceiling(columns, LANES), TILE_VECTORS); }

INLINE Panel panel_of(dim columns, dim number) {
    const dim vectors = ceiling(columns, LANES);
    const Range r = part_of(vectors, number, panel_count(columns));
    return (Panel){r.first * LANES, least(columns, r.last * LANES) - r.first * LANES, (int)(r.last - r.first)};
}

/* The columns of all panels, full vectors. */
INLINE dim padded_columns(dim columns) { return ceiling(columns, LANES) * LANES; }
