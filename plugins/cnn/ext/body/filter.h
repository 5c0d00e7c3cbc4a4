/* A convolution or its adjoint as matrix products whose left side is read where it lies in the image.
 *
 * A filter moves over a grid of steps. At step (i, j) it reads the source from row top + i·source_step on, and writes one
 * pixel of the target for each of its phases. A convolution has one phase. Its adjoint has stride × stride of them: the
 * pixels of the image fall into classes that are met by different taps of the kernel (row h by those kh for which
 * h + padding − kh·dilation is a multiple of the stride). So no phase multiplies by inserted zeros.
 */
typedef struct {
    dim row, column;            /* of the target at grid step (0, 0) */
    dim first_row, last_row;    /* the grid rows and columns whose target pixel exists */
    dim first_column, last_column;
    dim taps;                   /* offsets to go through, each followed by `run` numbers */
    dim *offset;                /* in a slab, see below */
    float *weight;              /* groups × panels × taps·run rows × the panel's columns */
} Phase;

typedef struct {
    dim source_height, source_width, source_channels;
    dim target_height, target_width, target_channels;
    dim groups, group_channels, group_columns; /* of source and target */
    dim rows, columns;                         /* of the grid */
    dim source_step_rows, source_step_columns, target_step_rows, target_step_columns;
    dim top, left;   /* source row and column of the first tap at grid step (0, 0), may be negative */
    dim reach_rows, reach_columns; /* source rows and columns that one step sees */
    dim slab_columns;              /* source columns that a row of the grid sees */
    int in_place;                  /* all of them are in the image: no slab is copied */
    dim strip, strips, slab_floats; /* rows of the grid whose slab of the source is copied at a time */
    int winograd;                   /* winograd.h computes it, in strips of an even number of rows */
    dim work_floats;                /* that it needs beside the slab */
    dim run;
    int scattered;
    dim phases;
    Phase *phase;
    float *bias; /* padded to whole vectors for each group, or NULL */
} Filter;

/* A slab is the part of the source that a strip of the grid reads, with zeros outside of the image. This many floats
 * of it (128 KiB) stay in the second-level cache together with a block of the weights. */
enum { SLAB_FLOATS = 32768 };

INLINE dim slab_pitch(const Filter *f) {
    return (f->in_place ? f->source_width : f->slab_columns) * f->source_channels;
}

/* Rows of the slab for so many rows of the grid. */
INLINE dim slab_rows(const Filter *f, dim rows) {
    return f->winograd ? ceiling(rows, 2) * 2 + 2 : (rows - 1) * f->source_step_rows + f->reach_rows;
}

/* The rows of strip number n. */
INLINE Range strip_of(const Filter *f, dim n) {
    if (!f->winograd) return part_of(f->rows, n, f->strips);
    const Range r = part_of(ceiling(f->rows, 2), n, f->strips);
    return (Range){2 * r.first, least(f->rows, 2 * r.last)};
}

/* Winograd's method pays for 3 x 3 taps next to each other, whole vectors of channels, and not too few pixels. */
enum { FEWEST_CHANNELS = 16, FEWEST_BLOCKS = 12, WINOGRAD_FLOATS = 65536 /* 256 KiB for the planes of a strip */ };

INLINE int suits_winograd(const Convolution *c) {
    return c->kernel_height == 3 && c->kernel_width == 3 && c->stride_rows == 1 && c->stride_columns == 1 &&
           c->dilation_rows == 1 && c->dilation_columns == 1 && c->groups == 1 && c->channels >= FEWEST_CHANNELS &&
           c->features >= FEWEST_CHANNELS && c->height && c->width && c->channels % LANES == 0 && c->features % LANES == 0 &&
           ceiling(c->map_height, 2) * ceiling(c->map_width, 2) >= FEWEST_BLOCKS;
}

static void plan_winograd_strips(Filter *f, dim images, int parts) {
    const dim rows = ceiling(f->rows, 2), across = ceiling(f->columns, 2), planes = f->source_channels + f->target_channels;
    f->slab_columns = 2 * across + 2;
    const dim at_once = most(1, WINOGRAD_FLOATS / (16 * planes * across));
    f->strips = ceiling(rows, at_once);
    if (images < parts) f->strips = least(rows, most(f->strips, ceiling(parts, most(1, images))));
    f->strip = 2 * ceiling(rows, f->strips);
    f->slab_floats = slab_rows(f, f->strip) * f->slab_columns * f->source_channels;
    f->work_floats = 16 * (f->strip / 2 * across * planes + 32);
}

/* Cut the grid into strips and see whether the source needs no copy. */
static void plan_strips(Filter *f, dim images, int parts) {
    if (f->winograd) {
        plan_winograd_strips(f, images, parts);
        return;
    }
    f->slab_columns = most(0, f->columns - 1) * f->source_step_columns + f->reach_columns;
    const dim all_rows = most(0, f->rows - 1) * f->source_step_rows + f->reach_rows;
    f->in_place = f->top >= 0 && f->left >= 0 && f->top + all_rows <= f->source_height &&
                  f->left + f->slab_columns <= f->source_width;
    const dim pitch = most(1, f->slab_columns * f->source_channels);
    const dim rows = (most(SLAB_FLOATS / pitch, f->reach_rows) - f->reach_rows) / f->source_step_rows + 1;
    f->strips = most(1, ceiling(f->rows, rows));
    if (images < parts) f->strips = least(most(1, f->rows), most(f->strips, ceiling(parts, most(1, images))));
    f->strip = ceiling(f->rows, f->strips);
    f->slab_floats = f->in_place || !f->strip ? 0 : slab_rows(f, f->strip) * pitch;
}
