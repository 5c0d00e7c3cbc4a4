/* The heart of the matrix product: a tile of R rows and V vectors of C, kept in registers.
 *
 * A tile is a sum of outer products: each step loads V vectors of a row of B and multiplies them with R numbers of A.
 */
enum { PANEL_COLUMNS = TILE_VECTORS * LANES };

typedef struct {
    dim depth;
    const float *a;
    dim a_row, a_step;
    const float *b;
    dim b_row;
    float *c;
    dim c_row;
    int add;
    const float *bias;
    int relu;
} Tile;

INLINE void tile(const int R, const int V, const Tile *t) {
    vf sum[TILE_ROWS][TILE_VECTORS];
    const float *a = t->a, *b = t->b;
    const dim a_row = t->a_row, a_step = t->a_step, b_row = t->b_row;
    if (t->add)
UNROLL(8)
        for (int r = 0; r < R; r++) __builtin_prefetch(t->c + r * t->c_row);
UNROLL(8)
    for (int r = 0; r < R; r++)
UNROLL(3)
        for (int v = 0; v < V; v++) sum[r][v] = (vf){0};
    for (dim k = t->depth; k > 0; k--) {
        vf row[TILE_VECTORS];
UNROLL(3)
        for (int v = 0; v < V; v++) row[v] = load(b + v * LANES);
        __builtin_prefetch(b + 8 * b_row);
UNROLL(8)
        for (int r = 0; r < R; r++) {
            const float factor = a[r * a_row];
UNROLL(3)
            for (int v = 0; v < V; v++) sum[r][v] = fused_lanes(factor, row[v], sum[r][v]);
        }
        a += a_step;
        b += b_row;
    }
    float *const c = t->c;
    const dim c_row = t->c_row;
    if (t->bias)
UNROLL(3)
        for (int v = 0; v < V; v++) {
            const vf bias = load(t->bias + v * LANES);
UNROLL(8)
            for (int r = 0; r < R; r++) sum[r][v] += bias;
        }
    if (t->add)
UNROLL(8)
        for (int r = 0; r < R; r++)
UNROLL(3)
            for (int v = 0; v < V; v++) sum[r][v] += load(c + r * c_row + v * LANES);
    if (t->relu)
UNROLL(8)
        for (int r = 0; r < R; r++)
UNROLL(3)
            for (int v = 0; v < V; v++) sum[r][v] = rectify(sum[r][v]);
UNROLL(8)
    for (int r = 0; r < R; r++)
UNROLL(3)
        for (int v = 0; v < V; v++) store(c + r * c_row + v * LANES, sum[r][v]);
}

/* One function for every size of tile, so that the compiler knows R and V and keeps the sums in registers. */
#define TILE(R, V) static __attribute__((noinline)) void tile_##R##_##V(const Tile *t) { tile(R, V, t); }
#define TILES(V) TILE(1, V) TILE(2, V) TILE(3, V) TILE(4, V) TILE(5, V) TILE(6, V)
#define NAMES(V) NULL, tile_1_##V, tile_2_##V, tile_3_##V, tile_4_##V, tile_5_##V, tile_6_##V
TILES(1) TILES(2)
#if TILE_ROWS == 8 && TILE_VECTORS == 3
TILE(7, 1) TILE(8, 1) TILE(7, 2) TILE(8, 2)
TILES(3) TILE(7, 3) TILE(8, 3)
static void (*const tiles[TILE_VECTORS + 1][TILE_ROWS + 1])(const Tile *) = {
    {NULL}, {NAMES(1), tile_7_1, tile_8_1}, {NAMES(2), tile_7_2, tile_8_2}, {NAMES(3), tile_7_3, tile_8_3}};
#else
static void (*const tiles[TILE_VECTORS + 1][TILE_ROWS + 1])(const Tile *) = {{NULL}, {NAMES(1)}, {NAMES(2)}};
#endif

/* A row of a tile, of which only some columns are in C: whole vectors first. */
INLINE void put_some(const float *from, float *to, dim columns, int add) {
    dim j = 0;
    for (; j + LANES <= columns; j += LANES) store(to + j, add ? load(to + j) + load(from + j) : load(from + j));
    for (; j < columns; j++) to[j] = add ? to[j] + from[j] : from[j];
}

/* A tile whose last vector is not full is computed beside C and copied. */
static void partial_tile(Tile t, int R, int V, dim columns) {
    float beside[TILE_ROWS * PANEL_COLUMNS], bias[PANEL_COLUMNS];
    float *const c = t.c;
    const dim c_row = t.c_row, width = V * LANES;
    if (t.bias) {
        memset(bias, 0, sizeof bias);
        put_some(t.bias, bias, columns, 0);
        t.bias = bias;
    }
    const int add = t.add, relu = t.relu && add;
    t.c = beside;
    t.c_row = width;
    t.add = 0;
    t.relu = t.relu && !add;
    tiles[V][R](&t);
    for (int r = 0; r < R; r++) {
        put_some(beside + r * width, c + r * c_row, columns, add);
        if (relu)
            for (dim j = 0; j < columns; j++) c[r * c_row + j] = c[r * c_row + j] < 0 ? 0 : c[r * c_row + j];
    }
}
