/* Activations over a span of n numbers, forward and backward. y may be x, dx may be dy. */

static void activation_span(Activation name, float alpha, const float *x, float *y, dim n) {
    switch (name) {
    case IDENTITY: if (y != x) memmove(y, x, (size_t)n * sizeof *x); break;
    case RELU: for (dim i = 0; i < n; i++) y[i] = x[i] < 0 ? 0 : x[i]; break;
    case LEAKY_RELU: for (dim i = 0; i < n; i++) y[i] = x[i] > 0 ? x[i] : alpha * x[i]; break;
    case ELU: for (dim i = 0; i < n; i++) y[i] = x[i] > 0 ? x[i] : alpha * expm1_negative(x[i]); break;
    case SIGMOID: for (dim i = 0; i < n; i++) y[i] = sigmoid(x[i]); break;
    case TANH: for (dim i = 0; i < n; i++) y[i] = hyperbolic_tangent(x[i]); break;
    case SOFTPLUS: for (dim i = 0; i < n; i++) y[i] = softplus(x[i]); break;
    case SILU: for (dim i = 0; i < n; i++) y[i] = x[i] * sigmoid(x[i]); break;
    case GELU: for (dim i = 0; i < n; i++) y[i] = x[i] * normal_cdf(x[i]); break;
    }
}

INLINE float silu_slope(float x) {
    const float s = sigmoid(x);
    return s * (1.f + x * (1.f - s));
}

INLINE float gelu_slope(float x) { return normal_cdf(x) + x * 0.398942280f * exp_negative(-0.5f * x * x); }

/* dx = dy f'(x). x is used by silu and gelu only; all others find the derivative from y. */
static void activation_slope_span(Activation name, float alpha, const float *dy, const float *x, const float *y,
                                  float *dx, dim n) {
    switch (name) {
    case IDENTITY: if (dx != dy) memmove(dx, dy, (size_t)n * sizeof *dx); break;
    case RELU: for (dim i = 0; i < n; i++) dx[i] = y[i] > 0 ? dy[i] : 0; break;
    case LEAKY_RELU: for (dim i = 0; i < n; i++) dx[i] = y[i] > 0 ? dy[i] : alpha * dy[i]; break;
    case ELU: for (dim i = 0; i < n; i++) dx[i] = y[i] > 0 ? dy[i] : dy[i] * (y[i] + alpha); break; /* α eˣ = y + α */
    case SIGMOID: for (dim i = 0; i < n; i++) dx[i] = dy[i] * y[i] * (1.f - y[i]); break;
    case TANH: for (dim i = 0; i < n; i++) dx[i] = dy[i] * (1.f - y[i] * y[i]); break;
    case SOFTPLUS: for (dim i = 0; i < n; i++) dx[i] = dy[i] * -expm1_negative(-y[i]); break; /* σ(x) = 1 − e⁻ʸ */
    case SILU: for (dim i = 0; i < n; i++) dx[i] = dy[i] * silu_slope(x[i]); break;
    case GELU: for (dim i = 0; i < n; i++) dx[i] = dy[i] * gelu_slope(x[i]); break;
    }
}

enum { ACTIVATION_WORK = 20 }; /* multiply-adds that one element costs, roughly, averaged over the activations */

static void part_activation_forward(const void *arguments, int part, int parts) {
    const activation_forward_args *a = arguments;
    const Range r = part_of(a->n, CACHE_LINE, part, parts);
    activation_span(a->name, a->alpha, a->x + r.first, a->y + r.first, r.last - r.first);
}

static Status run_activation_forward(const void *arguments) {
    const activation_forward_args *a = arguments;
    parallel(part_activation_forward, a, parts_for(ACTIVATION_WORK * (double)a->n));
    return DONE;
}

static void part_activation_backward(const void *arguments, int part, int parts) {
    const activation_backward_args *a = arguments;
    const Range r = part_of(a->n, CACHE_LINE, part, parts);
    const float *x = a->x ? a->x + r.first : NULL;
    activation_slope_span(a->name, a->alpha, a->dy + r.first, x, a->y + r.first, a->dx + r.first, r.last - r.first);
}

static Status run_activation_backward(const void *arguments) {
    const activation_backward_args *a = arguments;
    parallel(part_activation_backward, a, parts_for(ACTIVATION_WORK * (double)a->n));
    return DONE;
}
