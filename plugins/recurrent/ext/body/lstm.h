/* lstm: i, f, o = σ(x W + h' U + b), g = tanh(x W + h' U + b), c = f ⊙ c' + i ⊙ g, h = o ⊙ tanh c.
 * The gates hold i, f, o, g; extra holds tanh c. */
INLINE void lstm_gates(float *restrict gates, const float *restrict before, float *restrict cell,
                       float *restrict squashed, float *restrict h, dim H) {
    float *restrict in = gates, *restrict forget = gates + H, *restrict out = gates + 2 * H, *restrict g = gates + 3 * H;
    for (dim j = 0; j < H; j++) {
        in[j] = sigmoid(in[j]);
        forget[j] = sigmoid(forget[j]);
        out[j] = sigmoid(out[j]);
        g[j] = hyperbolic_tangent(g[j]);
    }
    for (dim j = 0; j < H; j++) {
        const float c = fused(forget[j], before[j], in[j] * g[j]), s = hyperbolic_tangent(c);
        cell[j] = c;
        squashed[j] = s;
        h[j] = out[j] * s;
    }
}

static void lstm_steps(const Call *a, Range rows) {
    const dim H = a->units, N = a->rows, count = rows.last - rows.first;
    for (dim t = 0; t < a->steps && count > 0; t++) {
        const dim at = t * N + rows.first;
        if (any_taken(a, rows, t))
            multiply(count, 4 * H, H, a->states + at * H, H, a->recurrent, 4 * H, a->gates + at * 4 * H, 4 * H, 1, NULL);
        for (dim n = rows.first; n < rows.last; n++) {
            const dim here = (t * N + n) * H, next = here + N * H;
            if (taken(a, n, t))
                lstm_gates(a->gates + 4 * here, a->cells + here, a->cells + next, a->extra + here, a->states + next, H);
            else {
                stay(a->states, a, n, t);
                stay(a->cells, a, n, t);
                for (dim j = 0; j < H; j++) a->extra[here + j] = hyperbolic_tangent(a->cells[next + j]);
            }
            put_out(a, n, t);
        }
    }
}

INLINE void lstm_slopes(const float *restrict gates, const float *restrict before, const float *restrict squashed,
                        float *restrict dh, float *restrict dc, float *restrict dgates, dim H) {
    const float *in = gates, *forget = gates + H, *out = gates + 2 * H, *g = gates + 3 * H;
    float *restrict din = dgates, *restrict dforget = dgates + H, *restrict dout = dgates + 2 * H;
    float *restrict dg = dgates + 3 * H;
    for (dim j = 0; j < H; j++) {
        const float s = squashed[j], d = fused(dh[j] * out[j], 1.f - s * s, dc[j]);
        dout[j] = dh[j] * s * out[j] * (1.f - out[j]);
        din[j] = d * g[j] * in[j] * (1.f - in[j]);
        dforget[j] = d * before[j] * forget[j] * (1.f - forget[j]);
        dg[j] = d * in[j] * (1.f - g[j] * g[j]);
        dc[j] = d * forget[j];
        dh[j] = 0.f;
    }
}

static void lstm_back(const Call *a, Range rows) {
    const dim H = a->units, N = a->rows, count = rows.last - rows.first;
    for (dim n = rows.first; n < rows.last; n++) memset(a->dcell + n * H, 0, (size_t)H * sizeof(float));
    for (dim t = a->steps - 1; t >= 0 && count > 0; t--) {
        for (dim n = rows.first; n < rows.last; n++) {
            take_in(a, n, t);
            const dim here = (t * N + n) * H;
            if (taken(a, n, t))
                lstm_slopes(a->gates + 4 * here, a->cells + here, a->extra + here, a->dstate + n * H, a->dcell + n * H,
                            a->dgates + 4 * here, H);
            else memset(a->dgates + 4 * here, 0, (size_t)(4 * H) * sizeof(float));
        }
        if (t > 0 && any_taken(a, rows, t))
            multiply(count, H, 4 * H, a->dgates + (t * N + rows.first) * 4 * H, 4 * H, a->transposed, H,
                     a->dstate + rows.first * H, H, 1, NULL);
    }
}

KERNELS(lstm, 4, 4)
