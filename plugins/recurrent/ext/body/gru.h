/* gru: z, r = σ(x W + h' U + b), n = tanh(x Wₙ + bₙ + r ⊙ q), q = h' Uₙ + c, h = (1 − z) ⊙ n + z ⊙ h'.
 * The gates hold z, r, n; extra holds q. */
INLINE void gru_gates(float *restrict z, const float *restrict q, const float *restrict before, float *restrict h,
                      dim H) {
    float *restrict r = z + H, *restrict n = z + 2 * H;
    for (dim j = 0; j < H; j++) {
        const float update = sigmoid(z[j]), reset = sigmoid(r[j]);
        const float candidate = hyperbolic_tangent(fused(reset, q[j], n[j]));
        z[j] = update;
        r[j] = reset;
        n[j] = candidate;
        h[j] = fused(update, before[j] - candidate, candidate);
    }
}

static void gru_steps(const Call *a, Range rows) {
    const dim H = a->units, N = a->rows, count = rows.last - rows.first;
    for (dim t = 0; t < a->steps && count > 0; t++) {
        const dim at = t * N + rows.first;
        float *gates = a->gates + at * 3 * H, *q = a->extra + at * H;
        const float *before = a->states + at * H;
        if (any_taken(a, rows, t)) {
            multiply(count, 2 * H, H, before, H, a->recurrent, 3 * H, gates, 3 * H, 1, NULL);
            multiply(count, H, H, before, H, a->recurrent + 2 * H, 3 * H, q, H, 0, a->candidate);
        }
        for (dim n = rows.first; n < rows.last; n++, gates += 3 * H, q += H) {
            if (taken(a, n, t))
                gru_gates(gates, q, a->states + (t * N + n) * H, a->states + ((t + 1) * N + n) * H, H);
            else stay(a->states, a, n, t);
            put_out(a, n, t);
        }
    }
}

INLINE void gru_slopes(const float *restrict z, const float *restrict q, const float *restrict before,
                       float *restrict dh, float *restrict dz, float *restrict dq, dim H) {
    const float *restrict r = z + H, *restrict n = z + 2 * H;
    float *restrict dr = dz + H, *restrict dn = dz + 2 * H;
    for (dim j = 0; j < H; j++) {
        const float candidate = dh[j] * (1.f - z[j]) * (1.f - n[j] * n[j]);
        dn[j] = candidate;
        dq[j] = candidate * r[j];
        dr[j] = candidate * q[j] * r[j] * (1.f - r[j]);
        dz[j] = dh[j] * (before[j] - n[j]) * z[j] * (1.f - z[j]);
        dh[j] *= z[j];
    }
}

static void gru_back(const Call *a, Range rows) {
    const dim H = a->units, N = a->rows, count = rows.last - rows.first;
    for (dim t = a->steps - 1; t >= 0 && count > 0; t--) {
        for (dim n = rows.first; n < rows.last; n++) {
            take_in(a, n, t);
            const dim at = t * N + n;
            float *dgates = a->dgates + at * 3 * H, *dq = a->dextra + at * H;
            if (taken(a, n, t))
                gru_slopes(a->gates + at * 3 * H, a->extra + at * H, a->states + at * H, a->dstate + n * H, dgates, dq,
                           H);
            else {
                memset(dgates, 0, (size_t)(3 * H) * sizeof(float));
                memset(dq, 0, (size_t)H * sizeof(float));
            }
        }
        if (t == 0 || !any_taken(a, rows, t)) continue;
        const dim at = t * N + rows.first;
        float *dh = a->dstate + rows.first * H;
        multiply(count, H, 2 * H, a->dgates + at * 3 * H, 3 * H, a->transposed, H, dh, H, 1, NULL);
        multiply(count, H, H, a->dextra + at * H, H, a->transposed + 2 * H * H, H, dh, H, 1, NULL);
    }
}

KERNELS(gru, 3, 2)
