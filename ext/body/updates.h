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
