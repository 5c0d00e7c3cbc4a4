/* Pooling: the largest cell or the mean of each window, channel by channel. Images are divided between the threads. */
enum { CHANNELS_AT_ONCE = 64 };

/* The cells of a window that lie in the image, along one direction, for the place `at`. */
INLINE Range cells_inside(dim at, dim stride, dim dilation, dim size, dim padding, dim pixels) {
    const dim first = at * stride - padding;
    const dim begin = first >= 0 ? 0 : ceiling(-first, dilation);
    return (Range){begin, most(begin, least(size, first >= pixels ? 0 : ceiling(pixels - first, dilation)))};
}

/* Of equal cells the first counts; NaN counts as larger than all numbers. */
static void part_max_pool2d_forward(const void *arguments, int part, int parts) {
    const pool_args *a = arguments;
    const Convolution *s = &a->shape;
    const dim channels = s->channels;
    const Range rows = part_of(s->images * s->map_height, part, parts);
    for (dim unit = rows.first; unit < rows.last; unit++) {
        const dim image = unit / s->map_height, i = unit % s->map_height;
        const Range kh = cells_inside(i, s->stride_rows, s->dilation_rows, s->kernel_height, s->top, s->height);
        for (dim j = 0; j < s->map_width; j++) {
            const Range kw = cells_inside(j, s->stride_columns, s->dilation_columns, s->kernel_width, s->left, s->width);
            for (dim c = 0; c < channels; c += CHANNELS_AT_ONCE) {
                const dim n = least(CHANNELS_AT_ONCE, channels - c), out = (unit * s->map_width + j) * channels + c;
                float best[CHANNELS_AT_ONCE];
                int32_t which[CHANNELS_AT_ONCE] = {0};
                for (dim k = 0; k < n; k++) best[k] = -INFINITY;
                for (dim h = kh.first; h < kh.last; h++)
                    for (dim w = kw.first; w < kw.last; w++) {
                        const dim row = i * s->stride_rows - s->top + h * s->dilation_rows;
                        const dim column = j * s->stride_columns - s->left + w * s->dilation_columns;
                        const float *x = a->x + ((image * s->height + row) * s->width + column) * channels + c;
                        const int32_t cell = (int32_t)(h * s->kernel_width + w);
                        for (dim k = 0; k < n; k++) {
                            const int larger = !(x[k] <= best[k]) & (best[k] == best[k]);
                            best[k] = larger ? x[k] : best[k];
                            which[k] = larger ? cell : which[k];
                        }
                    }
                memcpy(a->y + out, best, (size_t)n * sizeof *best);
                for (dim k = 0; k < n; k++) a->argmax[out + k] = (uint8_t)which[k];
            }
        }
    }
}

static void part_max_pool2d_backward(const void *arguments, int part, int parts) {
    const pool_args *a = arguments;
    const Convolution *s = &a->shape;
    const dim channels = s->channels, image_floats = s->height * s->width * channels;
    const Range images = part_of(s->images, part, parts);
    for (dim image = images.first; image < images.last; image++) {
        memset(a->dx + image * image_floats, 0, (size_t)image_floats * sizeof(float));
        for (dim i = 0; i < s->map_height; i++) {
            const Range kh = cells_inside(i, s->stride_rows, s->dilation_rows, s->kernel_height, s->top, s->height);
            for (dim j = 0; j < s->map_width; j++) {
                const Range kw =
                    cells_inside(j, s->stride_columns, s->dilation_columns, s->kernel_width, s->left, s->width);
                for (dim c = 0; c < channels; c += CHANNELS_AT_ONCE) {
                    const dim n = least(CHANNELS_AT_ONCE, channels - c);
                    const dim at = ((image * s->map_height + i) * s->map_width + j) * channels + c;
                    const float *dy = a->dy + at;
                    int32_t which[CHANNELS_AT_ONCE];
                    for (dim k = 0; k < n; k++) which[k] = a->argmax[at + k];
                    for (dim h = kh.first; h < kh.last; h++)
                        for (dim w = kw.first; w < kw.last; w++) {
                            const dim row = i * s->stride_rows - s->top + h * s->dilation_rows;
                            const dim column = j * s->stride_columns - s->left + w * s->dilation_columns;
                            float *dx = a->dx + ((image * s->height + row) * s->width + column) * channels + c;
                            const int32_t cell = (int32_t)(h * s->kernel_width + w);
                            for (dim k = 0; k < n; k++) dx[k] += which[k] == cell ? dy[k] : 0;
                        }
                }
            }
        }
    }
}

/* y = Σ x / count, and its adjoint dx = Σ dy / count. */
INLINE void average_pool(const pool_args *a, int backward, int part, int parts) {
    const Convolution *s = &a->shape;
    const dim channels = s->channels, image_floats = s->height * s->width * channels;
    const Range images = part_of(s->images, part, parts);
    for (dim image = images.first; image < images.last; image++) {
        if (backward) memset(a->dx + image * image_floats, 0, (size_t)image_floats * sizeof(float));
        for (dim i = 0; i < s->map_height; i++) {
            const Range kh = cells_inside(i, s->stride_rows, s->dilation_rows, s->kernel_height, s->top, s->height);
            for (dim j = 0; j < s->map_width; j++) {
                const Range kw =
                    cells_inside(j, s->stride_columns, s->dilation_columns, s->kernel_width, s->left, s->width);
                const dim map = ((image * s->map_height + i) * s->map_width + j) * channels;
                const float share = 1.f / (float)((kh.last - kh.first) * (kw.last - kw.first));
                if (!backward) memset(a->y + map, 0, (size_t)channels * sizeof(float));
                for (dim h = kh.first; h < kh.last; h++)
                    for (dim w = kw.first; w < kw.last; w++) {
                        const dim row = i * s->stride_rows - s->top + h * s->dilation_rows;
                        const dim column = j * s->stride_columns - s->left + w * s->dilation_columns;
                        const dim pixel = ((image * s->height + row) * s->width + column) * channels;
                        const float *restrict from = backward ? a->dy + map : a->x + pixel;
                        float *restrict to = backward ? a->dx + pixel : a->y + map;
                        for (dim k = 0; k < channels; k++) to[k] += share * from[k];
                    }
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
