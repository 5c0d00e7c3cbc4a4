/* Pooling: the largest cell or the mean of each window, channel by channel. Images are divided between the threads. */
typedef uint8_t bytes_of_lanes __attribute__((vector_size(LANES)));

/* The cells of a window that lie in the image, along one direction, for the place `at`. */
INLINE Range cells_inside(dim at, dim stride, dim dilation, dim size, dim padding, dim pixels) {
    const dim first = at * stride - padding;
    const dim begin = first >= 0 ? 0 : ceiling(-first, dilation);
    return (Range){begin, most(begin, least(size, first >= pixels ? 0 : ceiling(pixels - first, dilation)))};
}

/* A window in the image: its cells inside, and where its first cell would lie. */
typedef struct {
    Range rows, columns;
    dim row, column, pixel_row, pixel_column; /* distances between neighbouring cells, in floats */
} Window;

INLINE Window window_at(const Convolution *s, dim i, dim j) {
    return (Window){
        .rows = cells_inside(i, s->stride_rows, s->dilation_rows, s->kernel_height, s->top, s->height),
        .columns = cells_inside(j, s->stride_columns, s->dilation_columns, s->kernel_width, s->left, s->width),
        .row = i * s->stride_rows - s->top, .column = j * s->stride_columns - s->left,
        .pixel_row = s->dilation_rows * s->width * s->channels, .pixel_column = s->dilation_columns * s->channels,
    };
}

/* The largest cell and which one it is; x is where the first cell would lie. Of equal cells the first counts; NaN counts
 * as larger than all numbers. */
INLINE void largest(const Window *w, const float *x, dim kernel_width, float *y, uint8_t *argmax) {
    vf best = (vf){0} - INFINITY;
    vi which = {0};
    for (dim h = w->rows.first; h < w->rows.last; h++)
        for (dim v = w->columns.first; v < w->columns.last; v++) {
            const vf cell = load(x + h * w->pixel_row + v * w->pixel_column);
            const vi larger = ~(vi)(cell <= best) & (vi)(best == best), number = (vi){0} + (int32_t)(h * kernel_width + v);
            best = (vf)((larger & (vi)cell) | (~larger & (vi)best));
            which = (larger & number) | (~larger & which);
        }
    store(y, best);
    const bytes_of_lanes narrow = __builtin_convertvector(which, bytes_of_lanes);
    memcpy(argmax, &narrow, sizeof narrow);
}

static void part_max_pool2d_forward(const void *arguments, int part, int parts) {
    const pool_args *a = arguments;
    const Convolution *s = &a->shape;
    const dim channels = s->channels, whole = channels - channels % LANES;
    const Range rows = part_of(s->images * s->map_height, part, parts);
    for (dim unit = rows.first; unit < rows.last; unit++) {
        const float *image = a->x + unit / s->map_height * s->height * s->width * channels;
        for (dim j = 0; j < s->map_width; j++) {
            const Window w = window_at(s, unit % s->map_height, j);
            const dim at = (unit * s->map_width + j) * channels;
            const float *x = image + (w.row * s->width + w.column) * channels;
            for (dim c = 0; c < whole; c += LANES) largest(&w, x + c, s->kernel_width, a->y + at + c, a->argmax + at + c);
            for (dim c = whole; c < channels; c++) {
                float best = -INFINITY;
                dim which = 0;
                for (dim h = w.rows.first; h < w.rows.last; h++)
                    for (dim v = w.columns.first; v < w.columns.last; v++) {
                        const float cell = x[h * w.pixel_row + v * w.pixel_column + c];
                        if (cell <= best || best != best) continue;
                        best = cell;
                        which = h * s->kernel_width + v;
                    }
                a->y[at + c] = best;
                a->argmax[at + c] = (uint8_t)which;
            }
        }
    }
}

/* dy to the cell that was the largest: added, or with zeros for the others if no other window sees these cells. */
INLINE void share_out(const Window *w, const float *dy, const uint8_t *argmax, dim kernel_width, float *dx, int add) {
    bytes_of_lanes narrow;
    memcpy(&narrow, argmax, sizeof narrow);
    const vi which = __builtin_convertvector(narrow, vi), slope = (vi)load(dy);
    for (dim h = w->rows.first; h < w->rows.last; h++)
        for (dim v = w->columns.first; v < w->columns.last; v++) {
            float *cell = dx + h * w->pixel_row + v * w->pixel_column;
            const vf mine = (vf)(slope & (vi)(which == (int32_t)(h * kernel_width + v)));
            store(cell, add ? load(cell) + mine : mine);
        }
}

static void part_max_pool2d_backward(const void *arguments, int part, int parts) {
    const pool_args *a = arguments;
    const Convolution *s = &a->shape;
    const dim channels = s->channels, image_floats = s->height * s->width * channels, whole = channels - channels % LANES;
    /* Windows that tile the image write every pixel once. */
    const int tiling = s->stride_rows == s->kernel_height && s->stride_columns == s->kernel_width && !s->top && !s->left &&
                       s->dilation_rows == 1 && s->dilation_columns == 1 &&
                       s->map_height * s->stride_rows == s->height && s->map_width * s->stride_columns == s->width;
    const Range images = part_of(s->images, part, parts);
    for (dim image = images.first; image < images.last; image++) {
        float *to = a->dx + image * image_floats;
        if (!tiling) memset(to, 0, (size_t)image_floats * sizeof *to);
        for (dim i = 0; i < s->map_height; i++)
            for (dim j = 0; j < s->map_width; j++) {
                const Window w = window_at(s, i, j);
                const dim at = ((image * s->map_height + i) * s->map_width + j) * channels;
                float *dx = to + (w.row * s->width + w.column) * channels;
                for (dim c = 0; c < whole; c += LANES)
                    share_out(&w, a->dy + at + c, a->argmax + at + c, s->kernel_width, dx + c, !tiling);
                for (dim c = whole; c < channels; c++)
                    for (dim h = w.rows.first; h < w.rows.last; h++)
                        for (dim v = w.columns.first; v < w.columns.last; v++) {
                            float *cell = dx + h * w.pixel_row + v * w.pixel_column + c;
                            const float mine = a->argmax[at + c] == h * s->kernel_width + v ? a->dy[at + c] : 0;
                            *cell = tiling ? mine : *cell + mine;
                        }
            }
    }
}

/* y = Σ x / count over a window of many cells, such as a whole image: in float over a chain, and in double over these. */
static void mean_of_many(const Window *w, const float *x, dim channels, float share, float *y) {
    enum { AT_ONCE = 64 };
    for (dim c = 0; c < channels; c += AT_ONCE) {
        const dim n = least(AT_ONCE, channels - c);
        double total[AT_ONCE] = {0};
        for (dim h = w->rows.first; h < w->rows.last; h++)
            for (dim first = w->columns.first; first < w->columns.last; first += CHAIN) {
                float sum[AT_ONCE] = {0};
                for (dim v = first; v < least(w->columns.last, first + CHAIN); v++)
                    for (dim k = 0; k < n; k++) sum[k] += x[h * w->pixel_row + v * w->pixel_column + c + k];
                for (dim k = 0; k < n; k++) total[k] += (double)sum[k];
            }
        for (dim k = 0; k < n; k++) y[c + k] = (float)(total[k] * (double)share);
    }
}

/* y = Σ x / count, and its adjoint dx = Σ dy / count. */
INLINE void average_pool(const pool_args *a, int backward, int part, int parts) {
    const Convolution *s = &a->shape;
    const dim channels = s->channels, image_floats = s->height * s->width * channels;
    const Range images = part_of(s->images, part, parts);
    for (dim image = images.first; image < images.last; image++) {
        if (backward) memset(a->dx + image * image_floats, 0, (size_t)image_floats * sizeof(float));
        for (dim i = 0; i < s->map_height; i++)
            for (dim j = 0; j < s->map_width; j++) {
                const Window w = window_at(s, i, j);
                const dim map = ((image * s->map_height + i) * s->map_width + j) * channels;
                const dim first = image * image_floats + (w.row * s->width + w.column) * channels;
                const dim cells = (w.rows.last - w.rows.first) * (w.columns.last - w.columns.first);
                const float share = 1.f / (float)cells;
                if (!backward && cells > CHAIN) {
                    mean_of_many(&w, a->x + first, channels, share, a->y + map);
                    continue;
                }
                if (!backward) memset(a->y + map, 0, (size_t)channels * sizeof(float));
                for (dim h = w.rows.first; h < w.rows.last; h++)
                    for (dim v = w.columns.first; v < w.columns.last; v++) {
                        const dim pixel = first + h * w.pixel_row + v * w.pixel_column;
                        const float *restrict from = backward ? a->dy + map : a->x + pixel;
                        float *restrict to = backward ? a->dx + pixel : a->y + map;
                        for (dim k = 0; k < channels; k++) to[k] += share * from[k];
                    }
            }
    }
}

static void part_average_pool2d_forward(const void *a, int part, int parts) { average_pool(a, 0, part, parts); }
static void part_average_pool2d_backward(const void *a, int part, int parts) { average_pool(a, 1, part, parts); }

/* Elements that are touched, times what one costs in multiply-adds, roughly. */
INLINE double pool_work(const Convolution *s) {
    return 4. * (double)(s->images * s->map_height * s->map_width * s->channels * s->kernel_height * s->kernel_width);
}

#define POOL_KERNEL(name)                                                                                              \
    static Status run_##name(const void *arguments) {                                                                  \
        pellucid->parallel(part_##name, arguments, pellucid->parts_for(pool_work(&((const pool_args *)arguments)->shape))); \
        return PELLUCID_DONE;                                                                                          \
    }
POOL_KERNEL(max_pool2d_forward)
POOL_KERNEL(max_pool2d_backward)
POOL_KERNEL(average_pool2d_forward)
POOL_KERNEL(average_pool2d_backward)
