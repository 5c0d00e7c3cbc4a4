/* Attention: its kernels and what they are given. N sequences of T queries and S keys, H heads of queries and K of keys and
 * values, of d numbers each. */

/* Rows (N, L, ·) that may lie apart, as queries do that stand beside keys and values. */
typedef struct {
    float *at;
    dim batch, row; /* floats from a sequence to the next, from a position to the next */
} Rows;

typedef struct {
    kernel run;
    dim rows, steps, keys, heads, kv_heads, size; /* N, T, S, H, K, d */
    dim causal;                                   /* of key s, query t sees what is not after t + S − T */
    Rows q, k, v;                                 /* (N, T, H·d), (N, S, K·d) twice */
    const uint8_t *mask;                          /* whether a key is seen, or NULL */
    dim mask_batch, mask_row;                     /* (N, T, S); of (N, S) mask_row is 0 */
    float *most, *share;                          /* (N, H, T): the largest score of each query, and 1/Σ e^{score − most} */
    float *y;                                     /* (N, T, H·d) */
    const float *dy;                              /* backward: the same */
    Rows dq, dk, dv;                              /* as q, k and v */
} attention_args;

/* Each pair of numbers (i, i + half) of the first heads of x (N, T, ·), turned where it lies. */
typedef struct {
    kernel run;
    dim rows, steps, heads, half;
    dim back;          /* by the angle's negative */
    const float *turn; /* (2, T, half): cos and sin */
    Rows x;
} rotate_args;

#define FOR_EACH_ATTENTION_KERNEL(K) K(attention_forward) K(attention_backward) K(rotate)
