/* Winograd's matrix products, one panel of columns at a time: tiles below each other, with no set-up between them. */
typedef struct {
    const float *a, *b;
    dim a_row, b_row; /* from row to row */
    dim depth;        /* numbers that each result is a sum of */
    dim tiles;
    float *c;
    dim c_row;
} Product;

/* C = A B. A: tiles·R × depth; B: depth × V·LANES; C: tiles·R × V·LANES. */
INLINE void product(const int R, const int V, const Product *p) {
    const dim depth = p->depth, b_row = p->b_row;
    const float *a = p->a;
    float *c = p->c;
    for (dim n = p->tiles; n > 0; n--, a += R * p->a_row, c += R * p->c_row) {
        vf sum[TILE_ROWS][TILE_VECTORS];
        const float *at[TILE_ROWS], *b = p->b;
UNROLL(8)
        for (int r = 0; r < R; r++) {
            at[r] = a + r * p->a_row;
UNROLL(3)
            for (int v = 0; v < V; v++) sum[r][v] = (vf){0};
        }
        for (dim k = 0; k < depth; k++, b += b_row) {
            vf row[TILE_VECTORS];
UNROLL(3)
            for (int v = 0; v < V; v++) row[v] = load(b + v * LANES);
UNROLL(8)
            for (int r = 0; r < R; r++) {
                const float factor = at[r][k];
UNROLL(3)
                for (int v = 0; v < V; v++) sum[r][v] = fused_lanes(factor, row[v], sum[r][v]);
            }
        }
UNROLL(8)
        for (int r = 0; r < R; r++)
UNROLL(3)
            for (int v = 0; v < V; v++) store(c + r * p->c_row + v * LANES, sum[r][v]);
    }
}

/* C += Aᵀ B. A: depth × tiles·R; B: depth × V·LANES; C: tiles·R × V·LANES. */
INLINE void transposed_product(const int R, const int V, const Product *p) {
    const dim depth = p->depth, a_row = p->a_row, b_row = p->b_row;
    const float *first = p->a;
    float *c = p->c;
    for (dim n = p->tiles; n > 0; n--, first += R, c += R * p->c_row) {
        vf sum[TILE_ROWS][TILE_VECTORS];
        const float *a = first, *b = p->b;
UNROLL(8)
        for (int r = 0; r < R; r++)
UNROLL(3)
            for (int v = 0; v < V; v++) sum[r][v] = (vf){0};
        for (dim k = 0; k < depth; k++, a += a_row, b += b_row) {
            vf row[TILE_VECTORS];
UNROLL(3)
            for (int v = 0; v < V; v++) row[v] = load(b + v * LANES);
UNROLL(8)
            for (int r = 0; r < R; r++) {
                const float factor = a[r];
UNROLL(3)
                for (int v = 0; v < V; v++) sum[r][v] = fused_lanes(factor, row[v], sum[r][v]);
            }
        }
UNROLL(8)
        for (int r = 0; r < R; r++)
UNROLL(3)
            for (int v = 0; v < V; v++) {
                float *to = c + r * p->c_row + v * LANES;
                store(to, load(to) + sum[r][v]);
            }
    }
}
