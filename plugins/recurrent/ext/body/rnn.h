/* rnn: h = f(x W + h' U + b). The gates hold h, so that the derivative follows from it. */
static void rnn_steps(const Call *a, Range rows) {
    const dim H = a->units, N = a->rows, count = rows.last - rows.first;
    for (dim t = 0; t < a->steps && count > 0; t++) {
        float *z = a->gates + (t * N + rows.first) * H;
        if (any_taken(a, rows, t))
            multiply(count, H, H, a->states + (t * N + rows.first) * H, H, a->recurrent, H, z, H, 1, NULL);
        for (dim n = rows.first; n < rows.last; n++, z += H) {
            if (!taken(a, n, t)) stay(a->states, a, n, t);
            else {
                float *h = a->states + ((t + 1) * N + n) * H;
                if (a->activation == PELLUCID_TANH)
                    for (dim j = 0; j < H; j++) h[j] = hyperbolic_tangent(z[j]);
                else
                    for (dim j = 0; j < H; j++) h[j] = z[j] < 0 ? 0.f : z[j];
            }
            put_out(a, n, t);
        }
    }
}

static void rnn_back(const Call *a, Range rows) {
    const dim H = a->units, N = a->rows, count = rows.last - rows.first;
    for (dim t = a->steps - 1; t >= 0 && count > 0; t--) {
        for (dim n = rows.first; n < rows.last; n++) {
            take_in(a, n, t);
            float *dz = a->dgates + (t * N + n) * H, *dh = a->dstate + n * H;
            const float *h = a->states + ((t + 1) * N + n) * H;
            if (!taken(a, n, t)) memset(dz, 0, (size_t)H * sizeof(float));
            else {
                if (a->activation == PELLUCID_TANH)
                    for (dim j = 0; j < H; j++) dz[j] = dh[j] * (1.f - h[j] * h[j]);
                else
                    for (dim j = 0; j < H; j++) dz[j] = h[j] > 0 ? dh[j] : 0.f;
                memset(dh, 0, (size_t)H * sizeof(float));
            }
        }
        if (t > 0 && any_taken(a, rows, t))
            multiply(count, H, H, a->dgates + (t * N + rows.first) * H, H, a->transposed, H, a->dstate + rows.first * H,
                     H, 1, NULL);
    }
}

KERNELS(rnn, 1, 1)
