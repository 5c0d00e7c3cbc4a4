/* Enlarging images by repetition, reading them at any coordinates, and joining their channels. */

static void part_upsample_nearest_forward(const void *arguments, int part, int parts) {
    const upsample_args *a = arguments;
    const dim channels = a->channels, wide = a->width * a->factor_columns;
    const Range rows = part_of(a->images * a->height, part, parts);
    for (dim i = rows.first; i < rows.last; i++) {
        const float *x = a->x + i * a->width * channels;
        float *y = a->y + i * a->factor_rows * wide * channels;
        for (dim j = 0; j < wide; j++)
            memcpy(y + j * channels, x + j / a->factor_columns * channels, (size_t)channels * sizeof *y);
        for (dim copy = 1; copy < a->factor_rows; copy++)
            memcpy(y + copy * wide * channels, y, (size_t)(wide * channels) * sizeof *y);
    }
}

static void part_upsample_nearest_backward(const void *arguments, int part, int parts) {
    const upsample_args *a = arguments;
    const dim channels = a->channels, wide = a->width * a->factor_columns;
    const Range rows = part_of(a->images * a->height, part, parts);
    for (dim i = rows.first; i < rows.last; i++) {
        float *restrict dx = a->y + i * a->width * channels;
        memset(dx, 0, (size_t)(a->width * channels) * sizeof *dx);
        for (dim copy = 0; copy < a->factor_rows; copy++) {
            const float *restrict dy = a->x + (i * a->factor_rows + copy) * wide * channels;
            for (dim j = 0; j < a->width; j++)
                for (dim n = 0; n < a->factor_columns; n++)
                    for (dim c = 0; c < channels; c++)
                        dx[j * channels + c] += dy[(j * a->factor_columns + n) * channels + c];
        }
    }
}

/* y = Σ over the four neighbours of the point of their share times their pixel; outside are zeros. */
static void part_warp(const void *arguments, int part, int parts) {
    const warp_args *a = arguments;
    const dim channels = a->channels, pixels = a->out_height * a->out_width;
    const Range points = part_of(a->images * pixels, part, parts);
    for (dim point = points.first; point < points.last; point++) {
        const float *image = a->x + point / pixels * a->height * a->width * channels;
        const float row = a->grid[2 * point], column = a->grid[2 * point + 1];
        const float low_row = floorf(row), low_column = floorf(column);
        float *restrict y = a->y + point * channels;
        memset(y, 0, (size_t)channels * sizeof *y);
        for (int corner = 0; corner < 4; corner++) {
            const float r = low_row + (float)(corner >> 1), c = low_column + (float)(corner & 1);
            if (!(r >= 0 && r < (float)a->height && c >= 0 && c < (float)a->width)) continue; /* NaN, too */
            const float share = (1 - fabsf(row - r)) * (1 - fabsf(column - c));
            const float *restrict x = image + ((dim)r * a->width + (dim)c) * channels;
            for (dim k = 0; k < channels; k++) y[k] += share * x[k];
        }
    }
}

static void part_concatenate(const void *arguments, int part, int parts) {
    const join_args *a = arguments;
    const dim width = a->a_channels + a->b_channels;
    const Range rows = part_of(a->rows, part, parts);
    for (dim i = rows.first; i < rows.last; i++) {
        memcpy(a->y + i * width, a->a + i * a->a_channels, (size_t)a->a_channels * sizeof(float));
        memcpy(a->y + i * width + a->a_channels, a->b + i * a->b_channels, (size_t)a->b_channels * sizeof(float));
    }
}

static void part_split(const void *arguments, int part, int parts) {
    const join_args *a = arguments;
    const dim width = a->a_channels + a->b_channels;
    const Range rows = part_of(a->rows, part, parts);
    for (dim i = rows.first; i < rows.last; i++) {
        memcpy(a->a + i * a->a_channels, a->y + i * width, (size_t)a->a_channels * sizeof(float));
        memcpy(a->b + i * a->b_channels, a->y + i * width + a->a_channels, (size_t)a->b_channels * sizeof(float));
    }
}

#define RESAMPLE_KERNEL(name, type, elements)                                                                          \
    static Status run_##name(const void *arguments) {                                                                  \
        const type *a = arguments;                                                                                     \
        pellucid->parallel(part_##name, a, pellucid->parts_for(2. * (double)(elements)));                              \
        return PELLUCID_DONE;                                                                                          \
    }
RESAMPLE_KERNEL(upsample_nearest_forward, upsample_args, a->images * a->height * a->width * a->channels * a->factor_rows * a->factor_columns)
RESAMPLE_KERNEL(upsample_nearest_backward, upsample_args, a->images * a->height * a->width * a->channels * a->factor_rows * a->factor_columns)
RESAMPLE_KERNEL(warp, warp_args, a->images * a->out_height * a->out_width * (4 * a->channels + 16))
RESAMPLE_KERNEL(concatenate, join_args, a->rows * (a->a_channels + a->b_channels))
RESAMPLE_KERNEL(split, join_args, a->rows * (a->a_channels + a->b_channels))
