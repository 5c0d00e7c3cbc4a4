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
#pragma GCC unroll 8
        for (int r = 0; r < R; r++) __builtin_prefetch(t->c + r * t->c_row);
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
    float *const c = t->c;
    const dim c_row = t->c_row;
    if (t->bias)
#pragma GCC unroll 3
        for (int v = 0; v < V; v++) {
            const vf bias = load(t->bias + v * LANES);
#pragma GCC unroll 8
            for (int r = 0; r < R; r++) sum[r][v] += bias;
        }
    if (t->add)
#pragma GCC unroll 8
        for (int r = 0; r < R; r++)
#pragma GCC unroll 3
            for (int v = 0; v < V; v++) sum[r][v] += load(c + r * c_row + v * LANES);
    if (t->relu)
#pragma GCC unroll 8
        for (int r = 0; r < R; r++)
#pragma GCC unroll 3
            for (int v = 0; v < V; v++) sum[r][v] = rectify(sum[r][v]);
#pragma GCC unroll 8
    for (int r = 0; r < R; r++)
#pragma GCC unroll 3
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

/* What is copied: a block of B in panels, each as wide as its tiles, and the rows of A that one tile needs. The block
 * stays in the second-level cache (256 KiB) while all rows of A pass by it; the rows of A stay in the first. */
enum { BLOCK_FLOATS = 65536, MOST_DEPTH = 256, A_STEP = 8, MOST_PANELS = 64 };
static _Thread_local float block[BLOCK_FLOATS] __attribute__((aligned(64)));
static _Thread_local float tile_of_a[A_STEP * MOST_DEPTH] __attribute__((aligned(64)));

/* A square of LANES x LANES floats, transposed by exchanging ever smaller squares across the diagonal: rows i and
 * i + half keep one half of their squares and swap the other. The compiler wants to see the lane numbers as constants. */
#define KEEP(lane, half) ((lane) & (half) ? LANES + (lane) - (half) : (lane))
#define SWAP(lane, half) ((lane) & (half) ? LANES + (lane) : (lane) + (half))
#define LANES_4(F, at, half) F(at, half), F(at + 1, half), F(at + 2, half), F(at + 3, half)
#if LANES == 4
#define LANE_NUMBERS(F, half) LANES_4(F, 0, half)
#elif LANES == 8
#define LANE_NUMBERS(F, half) LANES_4(F, 0, half), LANES_4(F, 4, half)
#else
#define LANE_NUMBERS(F, half) LANES_4(F, 0, half), LANES_4(F, 4, half), LANES_4(F, 8, half), LANES_4(F, 12, half)
#endif
#define EXCHANGE(half)                                                                                                 \
    _Pragma("GCC unroll 16") for (int i = 0; i < LANES; i++) {                                                         \
        if (i & (half)) continue;                                                                                      \
        const vf a = row[i], b = row[i + (half)];                                                                      \
        row[i] = __builtin_shuffle(a, b, (vi){LANE_NUMBERS(KEEP, half)});                                              \
        row[i + (half)] = __builtin_shuffle(a, b, (vi){LANE_NUMBERS(SWAP, half)});                                     \
    }

INLINE void transpose_square(const float *from, dim from_row, float *to, dim to_row) {
    vf row[2 * LANES]; /* twice, so that i + half is in bounds for the compiler too */
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) row[i] = load(from + i * from_row);
#if LANES > 8
    EXCHANGE(8)
#endif
#if LANES > 4
    EXCHANGE(4)
#endif
    EXCHANGE(2)
    EXCHANGE(1)
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) store(to + i * to_row, row[i]);
}

/* Copy columns of Bᵀ, that is rows of b, into a panel. */
static void fill_transposed(const float *b, dim b_row, dim depth, dim columns, float *panel, dim width) {
    for (dim j = 0; j < width; j += LANES)
        for (dim k = 0; k < depth; k += LANES) {
            if (j + LANES <= columns && k + LANES <= depth) {
                transpose_square(b + j * b_row + k, b_row, panel + k * width + j, width);
                continue;
            }
            for (dim jj = j; jj < j + LANES; jj++)
                for (dim kk = k; kk < k + LANES && kk < depth; kk++)
                    panel[kk * width + jj] = jj < columns ? b[jj * b_row + kk] : 0;
        }
}

/* Copy R ≤ A_STEP neighbouring columns of a matrix; `whole`: A_STEP of them may be read. */
static void gather_tile(const float *a, dim a_step, dim depth, int R, int whole) {
    if (whole)
        for (dim k = 0; k < depth; k++) memcpy(tile_of_a + k * A_STEP, a + k * a_step, A_STEP * sizeof *a);
    else
        for (dim k = 0; k < depth; k++)
            for (int r = 0; r < R; r++) tile_of_a[k * A_STEP + r] = a[k * a_step + r];
}

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

/* The columns of a panel: V vectors, of which the last may not be full. */
typedef struct {
    dim column, columns;
    int V;
    const float *b; /* copied or in place */
    dim b_row;
} Panel;

/* Copy columns of B into panels that lie one behind the other: row by row, as B lies in memory. */
static void fill_straight(const float *b, dim b_row, dim depth, const Panel *panels, dim count) {
    for (dim k = 0; k < depth; k++, b += b_row) {
        const float *from = b + panels->column;
        for (const Panel *panel = panels; panel < panels + count; from += panel->columns, panel++) {
            float *to = (float *)panel->b + k * panel->b_row;
            if (panel->columns == PANEL_COLUMNS) {
#pragma GCC unroll 3
                for (int v = 0; v < TILE_VECTORS; v++) store(to + v * LANES, load(from + v * LANES));
            } else {
                put_some(from, to, panel->columns, 0);
                for (dim j = panel->columns; j < panel->b_row; j++) to[j] = 0;
            }
        }
    }
}

/* All rows with a block of B: some of its columns, some of its depth. */
static void multiply_panels(const Product *p, Range rows, dim k0, dim depth, const Panel *panels, dim count) {
    const dim height = rows.last - rows.first, tile_count = (height + TILE_ROWS - 1) / TILE_ROWS;
    for (dim i = 0; i < tile_count; i++) { /* tiles of nearly equal height: a low last one would be slow */
        const dim first = rows.first + height * i / tile_count, last = rows.first + height * (i + 1) / tile_count;
        const int R = (int)(last - first);
        Tile t = {.depth = depth, .a_row = p->a_row, .a_step = p->a_step, .c_row = p->c_row};
        t.a = p->a + first * p->a_row + k0 * p->a_step;
        t.add = p->add || k0 > 0;
        t.relu = p->relu && k0 + depth == p->depth;
        if (p->a_step != 1 && count >= 4) { /* transposed: gather what lies far apart, if many panels use it */
            gather_tile(t.a, p->a_step, depth, R, first + A_STEP <= p->rows);
            t.a = tile_of_a;
            t.a_step = A_STEP;
        }
        for (dim j = 0; j < count; j++) {
            const Panel *panel = &panels[j];
            t.b = panel->b;
            t.b_row = panel->b_row;
            t.c = p->c + first * p->c_row + panel->column;
            t.bias = p->bias && k0 == 0 ? p->bias + panel->column : NULL;
            if (panel->columns < panel->V * LANES) partial_tile(t, R, panel->V, panel->columns);
            else tiles[panel->V][R](&t);
        }
    }
}

/* The part of C that one thread computes. */
static void multiply_block(const Product *p, Range rows, Range columns) {
    if (rows.first >= rows.last || columns.first >= columns.last) return;
    const dim vectors = (columns.last - columns.first + LANES - 1) / LANES;
    const dim panel_count = (vectors + TILE_VECTORS - 1) / TILE_VECTORS;
    /* Copying pays when many tiles use it, and sooner where the rows of B are so far apart that they fall into the same
     * few sets of the cache. */
    const int many_rows = rows.last - rows.first >= (p->b_row < 512 ? 160 : 48);
    Panel panels[MOST_PANELS];
    const dim slices = p->depth ? (p->depth + MOST_DEPTH - 1) / MOST_DEPTH : 1;
    for (dim slice = 0; slice < slices; slice++) {
        const dim k0 = p->depth * slice / slices, depth = p->depth * (slice + 1) / slices - k0;
        const dim room = BLOCK_FLOATS / (depth ? depth * PANEL_COLUMNS : PANEL_COLUMNS);
        const dim at_once = room < MOST_PANELS ? room : MOST_PANELS;
        const dim blocks = (panel_count + at_once - 1) / at_once;
        for (dim n = 0; n < blocks; n++) {
            const dim first = panel_count * n / blocks, last = panel_count * (n + 1) / blocks;
            float *copy = block;
            for (dim i = first; i < last; i++) {
                Panel *panel = &panels[i - first];
                const dim vector = vectors * i / panel_count;
                panel->V = (int)(vectors * (i + 1) / panel_count - vector);
                panel->column = columns.first + vector * LANES;
                const dim width = panel->V * LANES, most = columns.last - panel->column;
                panel->columns = most < width ? most : width;
                const int in_place = !p->b_transposed && !many_rows && panel->columns == width;
                panel->b = in_place ? p->b + k0 * p->b_row + panel->column : copy;
                panel->b_row = in_place ? p->b_row : width;
                if (in_place) continue;
                if (p->b_transposed)
                    fill_transposed(p->b + panel->column * p->b_row + k0, p->b_row, depth, panel->columns, copy, width);
                else if (!many_rows) fill_straight(p->b + k0 * p->b_row, p->b_row, depth, panel, 1);
                copy += depth * width;
            }
            if (many_rows && !p->b_transposed)
                fill_straight(p->b + k0 * p->b_row, p->b_row, depth, panels, last - first);
            multiply_panels(p, rows, k0, depth, panels, last - first);
        }
    }
}

/* Very large products go to OpenBLAS, which has one more level of blocking. */
static int suits_blas(const Product *p) {
    return (double)p->rows * (double)p->columns * (double)p->depth >= BLAS_FROM && p->rows <= INT32_MAX &&
           p->columns <= INT32_MAX && p->depth <= INT32_MAX && p->b_row <= INT32_MAX && p->c_row <= INT32_MAX;
}

static void multiply_with_blas(const Product *p, Range rows, Range columns) {
    const dim height = rows.last - rows.first, width = columns.last - columns.first;
    if (height <= 0 || width <= 0) return;
    const int transposed_a = p->a_step != 1;
    const float *a = p->a + rows.first * p->a_row, *b = p->b + columns.first * (p->b_transposed ? p->b_row : 1);
    float *c = p->c + rows.first * p->c_row + columns.first;
    if (scipy_openblas_get_num_threads() != 1) scipy_openblas_set_num_threads(1); /* somebody used threadpoolctl */
    scipy_cblas_sgemm(CBLAS_ROW_MAJOR, transposed_a ? CBLAS_TRANSPOSE : CBLAS_NO_TRANSPOSE,
                      p->b_transposed ? CBLAS_TRANSPOSE : CBLAS_NO_TRANSPOSE, (int)height, (int)width, (int)p->depth, 1, a,
                      (int)(transposed_a ? p->a_step : p->a_row), b, (int)p->b_row, p->add, c, (int)p->c_row);
    if (p->bias || p->relu)
        for (dim i = 0; i < height; i++, c += p->c_row)
            for (dim j = 0; j < width; j++) {
                const float x = c[j] + (p->bias ? p->bias[columns.first + j] : 0);
                c[j] = p->relu && x < 0 ? 0 : x;
            }
}

/* One thread's part of the product: split by rows or by columns, whichever leaves the larger part smaller; if it is the
 * same, the longer side, so that less is read twice. */
static void multiply_part(const Product *p, int part, int parts) {
    Range rows = {0, p->rows}, columns = {0, p->columns};
    const dim vectors = (p->columns + LANES - 1) / LANES;
    const dim by_rows = (p->rows + parts - 1) / parts * vectors, by_columns = p->rows * ((vectors + parts - 1) / parts);
    if (by_columns < by_rows || (by_columns == by_rows && p->columns >= p->rows)) columns = part_of(p->columns, LANES, part, parts);
    else rows = part_of(p->rows, 1, part, parts);
    if (suits_blas(p)) multiply_with_blas(p, rows, columns);
    else multiply_block(p, rows, columns);
}
