/* Elementary functions in float32, without branches, so that loops over them become vector instructions.
 *
 * Each is within a few units of the last place of the exact result (erf: of 1). NaN stays NaN.
 */
INLINE uint32_t bits_of(float x) { uint32_t u; memcpy(&u, &x, 4); return u; }
INLINE float float_of(uint32_t u) { float x; memcpy(&x, &u, 4); return x; }

/* eˣ = 2ⁿ eᶠ with n = round(x / ln 2) and |f| ≤ ln 2 / 2. Gives 2ⁿ, and eᶠ − 1, from which exp and expm1 follow. */
typedef struct { float power, rest; } ExpParts;

INLINE ExpParts exp_parts(float x) {
    const float round = 12582912.f; /* 1.5·2²³: adding it leaves an integer in the low bits */
    const float shifted = fused(x, 1.44269504f, round);
    const float n = shifted - round;
    const float f = fused(n, -1.42860677e-6f, fused(n, -0.693145752f, x)); /* ln 2 in two: the first product is exact */
    float p = 1.9841270e-4f; /* 1/7!, 1/6!, …: the remainder of Taylor's series is below 1e-8 */
    p = fused(p, f, 1.3888889e-3f);
    p = fused(p, f, 8.3333333e-3f);
    p = fused(p, f, 4.1666667e-2f);
    p = fused(p, f, 1.6666667e-1f);
    p = fused(p, f, 0.5f);
    ExpParts parts = {float_of((bits_of(shifted) << 23) + 0x3f800000u), fused(p * f, f, f)};
    return parts;
}

/* eˣ for x ≤ 0 (all that stable formulas need); 0 below −87, where the result would be no normal number. */
INLINE float exp_negative(float x) {
    const ExpParts e = exp_parts(x); /* below −87 any number: choosing last keeps the chain of operations short */
    const float y = fused(e.rest, e.power, e.power);
    return x < -87.f ? 0.f : y;
}

/* eˣ − 1 for x ≤ 0, exact near 0 too. */
INLINE float expm1_negative(float x) {
    const ExpParts e = exp_parts(x);
    const float y = fused(e.rest, e.power, e.power - 1.f);
    return x < -87.f ? -1.f : y;
}

/* log(1 + u) for 0 ≤ u ≤ 1, as 2 artanh(s) with s = u/(2 + u) ≤ 1/3. */
INLINE float log1p_small(float u) {
    const float s = u / (2.f + u), q = s * s;
    float p = 1.f / 15;
    p = fused(p, q, 1.f / 13);
    p = fused(p, q, 1.f / 11);
    p = fused(p, q, 1.f / 9);
    p = fused(p, q, 1.f / 7);
    p = fused(p, q, 1.f / 5);
    p = fused(p, q, 1.f / 3);
    return 2.f * fused(p * q, s, s);
}

INLINE float absolute(float x) { return float_of(bits_of(x) & 0x7fffffffu); }
INLINE float with_sign(float size, float sign) { return float_of(bits_of(size) | (bits_of(sign) & 0x80000000u)); }

INLINE float sigmoid(float x) { /* 1/(1 + e⁻ˣ) or eˣ/(1 + eˣ), whichever cannot overflow */
    const float e = exp_negative(-absolute(x)), s = 1.f / (1.f + e);
    return x < 0 ? e * s : s;
}

INLINE float hyperbolic_tangent(float x) { /* −(e^{−2|x|} − 1)/(e^{−2|x|} + 1) */
    const float e = expm1_negative(-2.f * absolute(x));
    return with_sign(-e / (2.f + e), x);
}

INLINE float softplus(float x) { /* max(x, 0) + log(1 + e^{−|x|}) */
    return (x < 0 ? 0.f : x) + log1p_small(exp_negative(-absolute(x)));
}

/* erfc(z) = t e^{−z² + P(t)}, t = 2/(2 + z), for z ≥ 0: P is smooth (Press et al., Numerical Recipes, §6.2.2). These
 * coefficients interpolate P at the 11 Chebyshev points of u = (8 t − 5)/3 in [−1, 1], that is 0 ≤ z ≤ 6. */
INLINE float normal_cdf(float x) { /* ½ erfc(−x/√2) */
    const float z = absolute(x) * 0.70710678f;
    const float bounded = z > 6.f ? 6.f : z;
    const float t = 2.f / (2.f + bounded), u = fused(t, 2.6666667f, -1.6666667f);
    float p = -9.91917262e-06f;
    p = fused(p, u, 1.21545785e-05f);
    p = fused(p, u, 7.78700406e-05f);
    p = fused(p, u, -0.000197305601f);
    p = fused(p, u, -0.000328663412f);
    p = fused(p, u, 0.00202965115f);
    p = fused(p, u, 0.000493255482f);
    p = fused(p, u, -0.0215237884f);
    p = fused(p, u, 0.00557077575f);
    p = fused(p, u, 0.515312694f);
    p = fused(p, u, -0.501436726f);
    const float tail = 0.5f * t * exp_negative(fused(-z, z, p)); /* beyond 6, too, the square makes it vanish */
    return x < 0 ? tail : 1.f - tail;
}
