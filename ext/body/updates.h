/* The optimizers: one pass over a flat segment reads the gradient, updates the parameters and clears the gradient. */

static void part_sgd(const void *arguments, int part, int parts) {
    const sgd_args *a = arguments;
    const Range r = part_of(a->n, CACHE_LINE, part, parts);
    float *restrict data = a->data, *restrict grad = a->grad, *restrict velocity = a->velocity;
    const float lr = (float)a->hyper[0], decay = (float)a->hyper[1], momentum = a->momentum;
    if (!velocity)
        for (dim i = r.first; i < r.last; i++) {
            data[i] -= lr * (grad[i] + decay * data[i]);
            grad[i] = 0;
        }
    else {
        const float own = a->nesterov ? 1 : 0, share = a->nesterov ? momentum : 1; /* step: v, or g + μv */
        for (dim i = r.first; i < r.last; i++) {
            const float g = grad[i] + decay * data[i];
            const float v = momentum * velocity[i] + g;
            velocity[i] = v;
            data[i] -= lr * (own * g + share * v);
            grad[i] = 0;
        }
    }
}

static Status run_sgd(const void *arguments) {
    const sgd_args *a = arguments;
    parallel(part_sgd, a, parts_for(10. * (double)a->n));
    return DONE;
}

static void part_adam(const void *arguments, int part, int parts) {
    const adam_args *a = arguments;
    const Range r = part_of(a->n, CACHE_LINE, part, parts);
    float *restrict data = a->data, *restrict grad = a->grad, *restrict first = a->m, *restrict second = a->v;
    const double t = (double)*a->t, lr = a->hyper[0], decay = a->hyper[1];
    const float step = (float)(lr / (1 - pow(a->beta1, t)));
    const float root = (float)sqrt(1 / (1 - pow(a->beta2, t))); /* √v̂ = √v · root */
    const float shrink = a->decoupled ? (float)(lr * decay) : 0, l2 = a->decoupled ? 0 : (float)decay;
    const float beta1 = (float)a->beta1, rest1 = (float)(1 - a->beta1), beta2 = (float)a->beta2;
    const float rest2 = (float)(1 - a->beta2), eps = (float)a->eps;
    for (dim i = r.first; i < r.last; i++) {
        const float g = grad[i] + l2 * data[i];
        const float m = beta1 * first[i] + rest1 * g;
        const float v = beta2 * second[i] + rest2 * (g * g);
        first[i] = m;
        second[i] = v;
        data[i] = data[i] - shrink * data[i] - step * m / (sqrtf(v) * root + eps);
        grad[i] = 0;
    }
}

static Status run_adam(const void *arguments) {
    const adam_args *a = arguments;
    parallel(part_adam, a, parts_for(20. * (double)a->n));
    return DONE;
}

static void part_adagrad(const void *arguments, int part, int parts) {
    const adagrad_args *a = arguments;
    const Range r = part_of(a->n, CACHE_LINE, part, parts);
    float *restrict data = a->data, *restrict grad = a->grad, *restrict squares = a->v;
    const float lr = (float)a->hyper[0], decay = (float)a->hyper[1], eps = (float)a->eps;
    for (dim i = r.first; i < r.last; i++) {
        const float g = grad[i] + decay * data[i];
        const float v = squares[i] + g * g;
        squares[i] = v;
        data[i] -= lr * g / (sqrtf(v) + eps);
        grad[i] = 0;
    }
}

static Status run_adagrad(const void *arguments) {
    const adagrad_args *a = arguments;
    parallel(part_adagrad, a, parts_for(15. * (double)a->n));
    return DONE;
}

/* One of the four, for constants `centered` and `moving`; memory that is not there is never touched. */
static inline void rmsprop_span(const rmsprop_args *p, Range r, const int centered, const int moving) {
    float *restrict data = p->data, *restrict grad = p->grad, *restrict squares = p->v;
    float *restrict mean = p->a, *restrict steps = p->u;
    const float lr = (float)p->hyper[0], decay = (float)p->hyper[1], eps = (float)p->eps;
    const float rho = (float)p->rho, rest = (float)(1 - p->rho), momentum = (float)p->momentum;
    for (dim i = r.first; i < r.last; i++) {
        const float g = grad[i] + decay * data[i];
        const float v = rho * squares[i] + rest * (g * g);
        squares[i] = v;
        float w = v;
        if (centered) {
            const float m = rho * mean[i] + rest * g;
            mean[i] = m;
            w = v - m * m;
            w = w > 0 ? w : 0;
        }
        float step = g / (sqrtf(w) + eps);
        if (moving) {
            step += momentum * steps[i];
            steps[i] = step;
        }
        data[i] -= lr * step;
        grad[i] = 0;
    }
}

static void part_rmsprop(const void *arguments, int part, int parts) {
    const rmsprop_args *p = arguments;
    const Range r = part_of(p->n, CACHE_LINE, part, parts);
    if (p->a)
        if (p->u) rmsprop_span(p, r, 1, 1);
        else rmsprop_span(p, r, 1, 0);
    else if (p->u) rmsprop_span(p, r, 0, 1);
    else rmsprop_span(p, r, 0, 0);
}

static Status run_rmsprop(const void *arguments) {
    const rmsprop_args *p = arguments;
    parallel(part_rmsprop, p, parts_for(20. * (double)p->n));
    return DONE;
}

static void part_lion(const void *arguments, int part, int parts) {
    const lion_args *a = arguments;
    const Range r = part_of(a->n, CACHE_LINE, part, parts);
    float *restrict data = a->data, *restrict grad = a->grad, *restrict mean = a->m;
    const float lr = (float)a->hyper[0], decay = (float)a->hyper[1];
    const float beta1 = (float)a->beta1, rest1 = (float)(1 - a->beta1);
    const float beta2 = (float)a->beta2, rest2 = (float)(1 - a->beta2);
    for (dim i = r.first; i < r.last; i++) {
        const float g = grad[i], c = beta1 * mean[i] + rest1 * g;
        const float sign = c > 0 ? 1.f : c < 0 ? -1.f : c; /* of NaN it is NaN */
        mean[i] = beta2 * mean[i] + rest2 * g;
        data[i] -= lr * (sign + decay * data[i]);
        grad[i] = 0;
    }
}

static Status run_lion(const void *arguments) {
    const lion_args *a = arguments;
    parallel(part_lion, a, parts_for(15. * (double)a->n));
    return DONE;
}

static void part_clip_value(const void *arguments, int part, int parts) {
    const clip_value_args *a = arguments;
    const Range r = part_of(a->n, CACHE_LINE, part, parts);
    float *restrict out = a->out;
    const float limit = (float)a->limit;
    for (dim i = r.first; i < r.last; i++) {
        const float x = out[i] > limit ? limit : out[i];
        out[i] = x < -limit ? -limit : x;
    }
}

static Status run_clip_value(const void *arguments) {
    const clip_value_args *a = arguments;
    parallel(part_clip_value, a, parts_for(3. * (double)a->n));
    return DONE;
}
