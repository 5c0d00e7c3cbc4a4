/* periodic and plr: cosines and sines of each number, then a small linear layer for each. A number is a part's own. */
INLINE float float_with_sign(float size, float sign) {
    uint32_t a, b;
    memcpy(&a, &size, 4);
    memcpy(&b, &sign, 4);
    a |= b & 0x80000000u;
    memcpy(&size, &a, 4);
    return size;
}

INLINE float absolute(float x) {
    uint32_t a;
    memcpy(&a, &x, 4);
    a &= 0x7fffffffu;
    memcpy(&x, &a, 4);
    return x;
}

/* sin 2πu for |u| ≤ 1/4: Taylor's series up to (2πu)¹³, whose remainder is below 1e-9; a coefficient is two units
 * of its last place larger, so that a quarter of a turn gives exactly 1. */
INLINE float quarter_sine(float u) {
    const float v = u * 6.28318531f, q = v * v;
    float p = 1.60590438e-10f;
    p = fused(p, q, -2.50521084e-8f);
    p = fused(p, q, 2.75573192e-6f);
    p = fused(p, q, -1.98412698e-4f);
    p = fused(p, q, 8.3333356e-3f);
    p = fused(p, q, -1.66666667e-1f);
    return fused(p * q, v, v);
}

/* cos 2πt and sin 2πt. What is left of t to the nearest whole number lies in [−1/2, 1/2]. */
INLINE void wave(float t, float *cosine, float *sine) {
    const float round = 12582912.f; /* 1.5·2²³: adding it leaves no digits behind the point */
    const float r = t - ((t + round) - round), a = absolute(r);
    *cosine = quarter_sine(0.25f - a);
    *sine = quarter_sine(float_with_sign(a < 0.25f ? a : 0.5f - a, r));
}

static void part_periodic_forward(const void *arguments, int part, int parts) {
    const periodic_args *a = arguments;
    const Range own = part_of(a->numbers, part, parts);
    const dim N = a->rows, F = a->numbers, K = a->frequencies, W = a->waves_used, M = a->outputs, D = M + a->linked;
    for (dim f = own.first; f < own.last; f++) {
        float *waves = a->waves + f * 2 * K * N;
        const float *weight = a->weight + f * W * M;
        for (dim n = 0; n < N; n += BLOCK) {
            const dim count = least(BLOCK, N - n);
            float x[BLOCK], z[BLOCK];
            read_column(a->x + n * F + f, F, count, x);
            float *y = a->y + (n * F + f) * D;
            if (a->linked) write_column(x, count, y++, F * D);
            for (dim k = 0; k < K; k++) {
                const float w = a->frequency[f * K + k], p = a->phase ? a->phase[f * K + k] * 0.159154943f : 0.f;
                float *c = waves + k * N + n, *s = waves + (K + k) * N + n;
                for (dim i = 0; i < count; i++) wave(fused(w, x[i], p), c + i, s + i);
            }
            for (dim j = 0; j < M; j++) {
                for (dim i = 0; i < BLOCK; i++) z[i] = a->bias[f * M + j];
                for (dim k = 0; k < W; k++) {
                    const float w = weight[k * M + j], *c = waves + k * N + n;
                    for (dim i = 0; i < count; i++) z[i] = fused(w, c[i], z[i]);
                }
                if (a->relu)
                    for (dim i = 0; i < count; i++) z[i] = z[i] < 0 ? 0.f : z[i];
                write_column(z, count, y + j, F * D);
            }
        }
    }
}

static void part_periodic_backward(const void *arguments, int part, int parts) {
    const periodic_args *a = arguments;
    const Range own = part_of(a->numbers, part, parts);
    const dim N = a->rows, F = a->numbers, K = a->frequencies, W = a->waves_used, M = a->outputs, D = M + a->linked;
    for (dim f = own.first; f < own.last; f++) {
        const float *waves = a->waves + f * 2 * K * N, *weight = a->weight + f * W * M;
        double *dweight = a->sums + f * (W * M + M + 2 * K), *dbias = dweight + W * M, *dfrequency = dbias + M;
        double *dphase = dfrequency + K;
        memset(dweight, 0, (size_t)(W * M + M + 2 * K) * sizeof(double));
        for (dim n = 0; n < N; n += BLOCK) {
            const dim count = least(BLOCK, N - n);
            float x[BLOCK], dx[BLOCK], d[MOST_OUTPUTS][BLOCK], c[BLOCK], s[BLOCK], g[BLOCK], h[BLOCK];
            read_column(a->x + n * F + f, F, count, x);
            const float *dy = a->dy + (n * F + f) * D;
            read_column(dy, F * D, a->linked ? count : 0, dx);
            dy += a->linked;
            for (dim j = 0; j < M; j++) {
                read_column(dy + j, F * D, count, d[j]);
                if (a->relu) {
                    read_column(a->y + (n * F + f) * D + j, F * D, count, g);
                    for (dim i = 0; i < BLOCK; i++) d[j][i] = g[i] > 0 ? d[j][i] : 0.f;
                }
                dbias[j] += (double)block_sum(d[j]);
            }
            for (dim k = 0; k < K; k++) {
                read_column(waves + k * N + n, 1, count, c);
                read_column(waves + (K + k) * N + n, 1, count, s);
                for (dim i = 0; i < BLOCK; i++) g[i] = h[i] = 0;
                for (dim j = 0; j < M; j++) {
                    const float w = weight[k * M + j];
                    for (dim i = 0; i < BLOCK; i++) g[i] = fused(w, d[j][i], g[i]);
                    dweight[k * M + j] += (double)block_product(c, d[j]);
                }
                for (dim j = 0; j < M && W > K; j++) {
                    const float w = weight[(K + k) * M + j];
                    for (dim i = 0; i < BLOCK; i++) h[i] = fused(w, d[j][i], h[i]);
                    dweight[(K + k) * M + j] += (double)block_product(s, d[j]);
                }
                for (dim i = 0; i < BLOCK; i++) g[i] = fused(h[i], c[i], -g[i] * s[i]); /* at the angle */
                dphase[k] += (double)block_sum(g);
                dfrequency[k] += 6.283185307179586 * (double)block_product(g, x);
                const float w = 6.28318531f * a->frequency[f * K + k];
                for (dim i = 0; i < BLOCK; i++) dx[i] = fused(w, g[i], dx[i]);
            }
            if (a->dx) write_column(dx, count, a->dx + n * F + f, F);
        }
        add_sums(dweight, W * M, a->dweight, f);
        add_sums(dbias, M, a->dbias, f);
        add_sums(dfrequency, K, a->dfrequency, f);
        add_sums(dphase, K, a->dphase, f);
    }
}

static Status run_periodic_forward(const void *arguments) {
    const periodic_args *a = arguments;
    const double each = (double)(a->rows * a->numbers);
    pellucid->parallel(part_periodic_forward, a, pellucid->parts_for(each * (double)(a->waves_used * a->outputs + 16 * a->frequencies)));
    return PELLUCID_DONE;
}

static Status run_periodic_backward(const void *arguments) {
    const periodic_args *a = arguments;
    const double each = (double)(a->rows * a->numbers);
    pellucid->parallel(part_periodic_backward, a, pellucid->parts_for(each * (double)(2 * a->waves_used * a->outputs + 8 * a->frequencies)));
    return PELLUCID_DONE;
}
