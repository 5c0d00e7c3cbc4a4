/* The matrix product C = A B of small and middle sizes: a kernel that keeps a tile of C in registers.
 *
 * A tile of R rows and V vectors is a sum of outer products: each step loads V vectors of a row of B and multiplies
 * them with R numbers of A, of which nothing is reordered beforehand. General libraries copy A and B into blocks first;
 * at the batch sizes of training that costs as much as it saves. B is copied into a panel of V vectors only where it is
 * read transposed, where the last vector is not full, or where many rows use it.
 *
 * Every element of C is one chain of multiply-adds over k, whatever tile it falls into: the bits do not depend on how
 * the matrix is split between threads.
 */
typedef struct {
    dim rows, columns, depth;
    const float *a;
    dim a_row, a_step; /* element (i, k) is a[i·a_row + k·a_step]: either may be 1, so A may be transposed */
    const float *b;
    dim b_row;
    int b_transposed;  /* element (k, j) is b[k·b_row + j], or b[j·b_row + k] */
    float *c;
    dim c_row;
    int add;           /* C += A B */
    const float *bias; /* added to each row, or NULL */
    int relu;          /* max(0, ·) at last */
} Product;

enum { PANEL_COLUMNS = TILE_VECTORS * LANES, PANEL_DEPTH = 1024, PACK_FROM_ROWS = 48 };

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
#pragma GCC unroll 8
    for (int r = 0; r < R; r++)
#pragma GCC unroll 3
        for (int v = 0; v < V; v++) sum[r][v] = (vf){0};
    for (dim k = t->depth; k > 0; k--) {
        vf row[TILE_VECTORS];
#pragma GCC unroll 3
        for (int v = 0; v < V; v++) row[v] = load(b + v * LANES);
        __builtin_prefetch(b + 8 * b_row);
#pragma GCC unroll 8
        for (int r = 0; r < R; r++) {
            const float factor = a[r * a_row];
#pragma GCC unroll 3
            for (int v = 0; v < V; v++) sum[r][v] += factor * row[v];
        }
        a += a_step;
        b += b_row;
    }
#pragma GCC unroll 3
    for (int v = 0; v < V; v++) {
        const vf bias = t->bias ? load(t->bias + v * LANES) : (vf){0};
#pragma GCC unroll 8
        for (int r = 0; r < R; r++) {
            float *c = t->c + r * t->c_row + v * LANES;
            vf x = sum[r][v] + bias;
            if (t->add) x += load(c);
            store(c, t->relu ? rectify(x) : x);
        }
    }
}

/* One function for every size of tile, so that the compiler knows R and V and keeps the sums in registers. */
#define TILE(R, V) static __attribute__((noinline)) void tile_##R##_##V(const Tile *t) { tile(R, V, t); }
#define TILES(V) TILE(1, V) TILE(2, V) TILE(3, V) TILE(4, V) TILE(5, V) TILE(6, V)
#define NAMES(V) NULL, tile_1_##V, tile_2_##V, tile_3_##V, tile_4_##V, tile_5_##V, tile_6_##V
TILES(1) TILES(2)
#if TILE_ROWS == 8
TILE(7, 1) TILE(8, 1) TILE(7, 2) TILE(8, 2)
TILES(3) TILE(7, 3) TILE(8, 3)
static void (*const tiles[TILE_VECTORS + 1][TILE_ROWS + 1])(const Tile *) = {
    {NULL}, {NAMES(1), tile_7_1, tile_8_1}, {NAMES(2), tile_7_2, tile_8_2}, {NAMES(3), tile_7_3, tile_8_3}};
#else
static void (*const tiles[TILE_VECTORS + 1][TILE_ROWS + 1])(const Tile *) = {{NULL}, {NAMES(1)}, {NAMES(2)}};
#endif

static _Thread_local float panel[PANEL_DEPTH * PANEL_COLUMNS] __attribute__((aligned(64)));

/* Copy B[k0 … k0+depth, column … column+columns] into the panel, rows padded with zeros to V whole vectors. */
static void fill_panel(const Product *p, dim k0, dim depth, dim column, dim columns, int V) {
    const dim width = V * LANES;
    if (p->b_transposed) {
        const float *b = p->b + column * p->b_row + k0;
        for (dim j = 0; j < width; j++)
            for (dim k = 0; k < depth; k++) panel[k * width + j] = j < columns ? b[j * p->b_row + k] : 0;
    } else {
        const float *b = p->b + k0 * p->b_row + column;
        for (dim k = 0; k < depth; k++, b += p->b_row) {
            memcpy(panel + k * width, b, (size_t)columns * sizeof *b);
            if (columns < width) memset(panel + k * width + columns, 0, (size_t)(width - columns) * sizeof *b);
        }
    }
}

/* A tile whose last vector is not full is computed beside C and copied. */
static void partial_tile(Tile t, int R, int V, dim columns) {
    float beside[TILE_ROWS * PANEL_COLUMNS], bias[PANEL_COLUMNS] = {0};
    float *c = t.c;
    const dim c_row = t.c_row, width = V * LANES;
    const size_t bytes = (size_t)columns * sizeof *c;
    memset(beside, 0, sizeof beside);
    if (t.add)
        for (int r = 0; r < R; r++) memcpy(beside + r * width, c + r * c_row, bytes);
    if (t.bias) t.bias = memcpy(bias, t.bias, bytes);
    t.c = beside;
    t.c_row = width;
    tiles[V][R](&t);
    for (int r = 0; r < R; r++) memcpy(c + r * c_row, beside + r * width, bytes);
}

/* The columns of one panel, for some rows and some k. */
static void multiply_panel(const Product *p, Range rows, dim k0, dim depth, dim column, dim columns, int V) {
    const dim count = rows.last - rows.first, tile_count = (count + TILE_ROWS - 1) / TILE_ROWS;
    const int partial = columns < V * LANES;
    const int packed = partial || p->b_transposed || count >= PACK_FROM_ROWS;
    if (packed) fill_panel(p, k0, depth, column, columns, V);
    Tile t = {.depth = depth, .a_row = p->a_row, .a_step = p->a_step, .c_row = p->c_row};
    t.b = packed ? panel : p->b + k0 * p->b_row + column;
    t.b_row = packed ? V * LANES : p->b_row;
    t.add = p->add || k0 > 0;
    t.bias = p->bias && k0 == 0 ? p->bias + column : NULL;
    t.relu = p->relu && k0 + depth == p->depth;
    for (dim i = 0; i < tile_count; i++) { /* tiles of nearly equal height: a low last one would be slow */
        const dim first = rows.first + count * i / tile_count, last = rows.first + count * (i + 1) / tile_count;
        t.a = p->a + first * p->a_row + k0 * p->a_step;
        t.c = p->c + first * p->c_row + column;
        if (partial) partial_tile(t, (int)(last - first), V, columns);
        else tiles[V][last - first](&t);
    }
}

/* The block of C that one thread computes. */
static void multiply_block(const Product *p, Range rows, Range columns) {
    if (rows.first >= rows.last || columns.first >= columns.last) return;
    const dim vectors = (columns.last - columns.first + LANES - 1) / LANES;
    const dim panels = (vectors + TILE_VECTORS - 1) / TILE_VECTORS;
    dim k0 = 0;
    do {
        const dim left = p->depth - k0, depth = left < PANEL_DEPTH ? left : PANEL_DEPTH;
        for (dim i = 0; i < panels; i++) {
            const dim first = vectors * i / panels, last = vectors * (i + 1) / panels;
            const dim column = columns.first + first * LANES, most = columns.last - column;
            const int V = (int)(last - first);
            multiply_panel(p, rows, k0, depth, column, most < V * LANES ? most : V * LANES, V);
        }
        k0 += depth;
    } while (k0 < p->depth);
}

/* One thread's part of the product: split by rows or by columns, whichever leaves the larger part smaller. */
static void multiply_part(const Product *p, int part, int parts) {
    Range rows = {0, p->rows}, columns = {0, p->columns};
    const dim vectors = (p->columns + LANES - 1) / LANES;
    const dim by_rows = (p->rows + parts - 1) / parts * vectors, by_columns = p->rows * ((vectors + parts - 1) / parts);
    if (by_columns <= by_rows) columns = part_of(p->columns, LANES, part, parts);
    else rows = part_of(p->rows, 1, part, parts);
    multiply_block(p, rows, columns);
}
