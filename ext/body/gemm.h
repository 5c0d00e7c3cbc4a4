/* The matrix product C = A B, tile by tile (tile.h).
 *
 * General libraries copy A and B into blocks first; at the batch sizes of training that costs as much as it saves. Here B
 * is copied only where it is read transposed, where the last vector is not full, or where many rows use it (panels.h).
 *
 * Every element of C is the same chains of multiply-adds over k, whatever tile it falls into: its bits depend neither on
 * how the matrix is split between threads nor on how many rows it has. What a Product says stands in pellucid.h.
 */

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

#ifdef BLAS_FROM
/* Products of more multiply-adds than this go to OpenBLAS. The order in which it adds depends on the size of what it is
 * asked for, so it is never asked for what a thread happens to get: C is cut into blocks by the size of the product
 * alone, and every thread does some of them (docs/decisions/kernels-blas.md).
 */
static int suits_blas(const Product *p) {
    return (double)p->rows * (double)p->columns * (double)p->depth >= BLAS_FROM && p->rows <= INT32_MAX &&
           p->columns <= INT32_MAX && p->depth <= INT32_MAX && p->b_row <= INT32_MAX && p->c_row <= INT32_MAX;
}

static void multiply_with_blas(const Product *p, Range rows, Range columns) {
    enum { DEEPEST = 256 }; /* small products OpenBLAS adds up in one chain, however deep they are */
    const dim height = rows.last - rows.first, width = columns.last - columns.first;
    const int transposed_a = p->a_step != 1;
    const dim a_row = p->rows == 1 ? (p->depth > 1 ? p->depth : 1) : p->a_row; /* of a single row any length will do */
    const float *a = p->a + rows.first * p->a_row, *b = p->b + columns.first * (p->b_transposed ? p->b_row : 1);
    float *c = p->c + rows.first * p->c_row + columns.first;
    if (scipy_openblas_get_num_threads() != 1) scipy_openblas_set_num_threads(1); /* somebody used threadpoolctl */
    for (dim k0 = 0; k0 < p->depth; k0 += DEEPEST)
        scipy_cblas_sgemm(CBLAS_ROW_MAJOR, transposed_a ? CBLAS_TRANSPOSE : CBLAS_NO_TRANSPOSE,
                          p->b_transposed ? CBLAS_TRANSPOSE : CBLAS_NO_TRANSPOSE, (int)height, (int)width,
                          (int)(p->depth - k0 < DEEPEST ? p->depth - k0 : DEEPEST), 1, a + k0 * p->a_step,
                          (int)(transposed_a ? p->a_step : a_row), b + k0 * (p->b_transposed ? 1 : p->b_row),
                          (int)p->b_row, p->add || k0, c, (int)p->c_row);
    if (p->bias || p->relu)
        for (dim i = 0; i < height; i++, c += p->c_row)
            for (dim j = 0; j < width; j++) {
                const float x = c[j] + (p->bias ? p->bias[columns.first + j] : 0);
                c[j] = p->relu && x < 0 ? 0 : x;
            }
}

/* A thread's blocks. Their longer side is halved until there are enough for threads to share, but not so small that
 * copying what they need would take longer than the work; large ones until they are as small as is good for BLAS. */
static void multiply_blocks_with_blas(const Product *p, int part, int parts) {
    enum { ENOUGH = 16 };
    static const double small = 2097152., large = 134217728.; /* 2²¹ and 2²⁷ multiply-adds */
    double height = (double)p->rows, width = (double)p->columns;
    dim down = 1, across = 1;
    for (;;) {
        const double work = height * width * (double)p->depth;
        if (work <= small || (work <= large && down * across >= ENOUGH)) break;
        if (height < 2 * CACHE_LINE && width < 2 * CACHE_LINE) break;
        if (height > width) height /= 2, down *= 2;
        else width /= 2, across *= 2;
    }
    const Range mine = part_of(down * across, 1, part, parts);
    for (dim n = mine.first; n < mine.last; n++)
        multiply_with_blas(p, part_of(p->rows, 1, (int)(n / across), (int)down),
                           part_of(p->columns, CACHE_LINE, (int)(n % across), (int)across));
}
#endif

/* One thread's part of the product: split by rows or by columns, whichever leaves the larger part smaller; if it is the
 * same, the longer side, so that less is read twice. */
static void multiply_part(const Product *p, int part, int parts) {
#ifdef BLAS_FROM
    if (suits_blas(p)) {
        multiply_blocks_with_blas(p, part, parts);
        return;
    }
#endif
    Range rows = {0, p->rows}, columns = {0, p->columns};
    const dim vectors = (p->columns + LANES - 1) / LANES;
    const dim by_rows = (p->rows + parts - 1) / parts * vectors;
    const dim by_columns = p->rows * ((vectors + parts - 1) / parts);
    const int columns_are_longer = p->columns >= p->rows;
    if (by_columns < by_rows || (by_columns == by_rows && columns_are_longer))
        columns = part_of(p->columns, LANES, part, parts);
    else rows = part_of(p->rows, 1, part, parts);
    multiply_block(p, rows, columns);
}

/* The whole product on this thread. */
static void multiply(const Product *p) { multiply_part(p, 0, 1); }
