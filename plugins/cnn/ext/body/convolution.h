/* The kernels: convolution and transposed convolution, forward and backward. Each lays out its scratch, then sweeps. */

static void lay_out_forward(const convolution_forward_args *a, int transposed, Sweep *sweep, Scratch *s) {
    *sweep = (Sweep){.images = a->shape.images, .source = a->x, .target = a->z ? a->z : a->y, .activated = a->y,
                     .activation = a->activation};
    if (transposed) adjoint_filter(&sweep->filter, &a->shape, a->weight, a->bias, a->parts, s);
    else convolution_filter(&sweep->filter, &a->shape, a->weight, a->bias, a->parts, s);
    take_slabs(sweep, a->parts, s);
}

static size_t forward_scratch(const convolution_forward_args *a, int transposed) {
    Scratch s = {0};
    Sweep sweep;
    lay_out_forward(a, transposed, &sweep, &s);
    return s.used;
}

INLINE Status forward(const convolution_forward_args *a, int transposed) {
    Scratch s = {.base = a->scratch};
    Sweep sweep;
    lay_out_forward(a, transposed, &sweep, &s);
    pellucid->parallel(part_sweep, &sweep, parts_of_work(convolution_work(&a->shape), a->parts));
    return PELLUCID_DONE;
}

static Status run_conv2d_forward(const void *arguments) { return forward(arguments, 0); }
static Status run_conv_transpose2d_forward(const void *arguments) { return forward(arguments, 1); }

typedef struct {
    Slope slope;
    WeightGradient gradient;
    Sweep sweep; /* dx: the filter of the other direction over dz */
} Backward;

static void lay_out_backward(const convolution_backward_args *a, int transposed, Backward *b, Scratch *s) {
    const Convolution *c = &a->shape;
    const float *dz = a->activation == PELLUCID_IDENTITY ? a->dy : a->dz;
    b->slope = (Slope){
        .pixels = c->images * (transposed ? c->height * c->width : c->map_height * c->map_width),
        .features = transposed ? c->channels : c->features,
        .dy = a->dy, .y = a->y, .z = a->z, .dz = a->dz, .dbias = a->dbias, .activation = a->activation,
    };
    take_sums(&b->slope, s);
    if (a->dweight) {
        b->gradient = (WeightGradient){.image = transposed ? dz : a->x, .map = transposed ? a->x : dz, .dweight = a->dweight};
        plan_weight_gradient(&b->gradient, c, a->parts, s);
    }
    if (a->dx) {
        b->sweep = (Sweep){.images = c->images, .source = dz, .target = a->dx, .activation = PELLUCID_IDENTITY};
        if (transposed) convolution_filter(&b->sweep.filter, c, a->weight, NULL, a->parts, s);
        else adjoint_filter(&b->sweep.filter, c, a->weight, NULL, a->parts, s);
        take_slabs(&b->sweep, a->parts, s);
    }
}

static size_t backward_scratch(const convolution_backward_args *a, int transposed) {
    Scratch s = {0};
    Backward b;
    lay_out_backward(a, transposed, &b, &s);
    return s.used;
}

INLINE Status backward(const convolution_backward_args *a, int transposed) {
    Scratch s = {.base = a->scratch};
    Backward b;
    lay_out_backward(a, transposed, &b, &s);
    run_slope(&b.slope, a->parts);
    if (a->dweight) run_weight_gradient(&b.gradient, a->parts);
    if (a->dx) pellucid->parallel(part_sweep, &b.sweep, parts_of_work(convolution_work(&a->shape), a->parts));
    return PELLUCID_DONE;
}

static Status run_conv2d_backward(const void *arguments) { return backward(arguments, 0); }
static Status run_conv_transpose2d_backward(const void *arguments) { return backward(arguments, 1); }
