/* Copies that the matrix product makes of its inputs, where that pays. */

/* What is copied: a block of B in panels, each as wide as its tiles, and the rows of A that one tile needs. The block
 * stays in the second-level cache (256 KiB) while all rows of A pass by it; the rows of A stay in the first. */
enum { BLOCK_FLOATS = 65536, MOST_DEPTH = 256, A_STEP = 8, MOST_PANELS = 64 };
static _Thread_local float block[BLOCK_FLOATS] __attribute__((aligned(64)));
static _Thread_local float tile_of_a[A_STEP * MOST_DEPTH] __attribute__((aligned(64)));

/* The columns of a panel: V vectors, of which the last may not be full. */
typedef struct {
    dim column, columns;
    int V;
    const float *b; /* copied or in place */
    dim b_row;
} Panel;

/* A square of LANES x LANES floats, transposed by exchanging ever smaller squares across the diagonal: rows i
 * and i + half keep one half of their squares and swap the other. The lane numbers must be constants to the compiler. */
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
    UNROLL(16) for (int i = 0; i < LANES; i++) {                                                         \
        if (i & (half)) continue;                                                                                      \
        const vf a = row[i], b = row[i + (half)];                                                                      \
        row[i] = PICK(a, b, LANE_NUMBERS(KEEP, half));                                                              \
        row[i + (half)] = PICK(a, b, LANE_NUMBERS(SWAP, half));                                                     \
    }

INLINE void transpose_square(const float *from, dim from_row, float *to, dim to_row) {
    vf row[2 * LANES]; /* twice, so that i + half is in bounds for the compiler too */
UNROLL(16)
    for (int i = 0; i < LANES; i++) row[i] = load(from + i * from_row);
#if LANES > 8
    EXCHANGE(8)
#endif
#if LANES > 4
    EXCHANGE(4)
#endif
    EXCHANGE(2)
    EXCHANGE(1)
UNROLL(16)
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

/* Copy columns of B into panels that lie one behind the other: row by row, as B lies in memory. */
static void fill_straight(const float *b, dim b_row, dim depth, const Panel *panels, dim count) {
    for (dim k = 0; k < depth; k++, b += b_row) {
        const float *from = b + panels->column;
        for (const Panel *panel = panels; panel < panels + count; from += panel->columns, panel++) {
            float *to = (float *)panel->b + k * panel->b_row;
            if (panel->columns == PANEL_COLUMNS) {
UNROLL(3)
                for (int v = 0; v < TILE_VECTORS; v++) store(to + v * LANES, load(from + v * LANES));
            } else {
                put_some(from, to, panel->columns, 0);
                for (dim j = panel->columns; j < panel->b_row; j++) to[j] = 0;
            }
        }
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
