/* Attention without a table of all pairs: a block of queries meets one tile of keys after the other.
 *
 * Forward: of a tile's scores the largest so far and Σ e^{score − largest} are kept for each query; where a later tile has a
 * larger one, what was added up before is scaled down to it (Milakov & Gimelshein, Online normalizer calculation for
 * softmax, 2018; Dao et al., FlashAttention, 2022). Backward makes the tiles of P again from these two numbers.
 *
 * Pieces of work share no output: a block of queries of a head in forward; in backward a head of keys with all queries that
 * look at it, whose gradients are added up in one order. So bits do not depend on the number of threads.
 */
typedef attention_args Attention;

enum { QUERIES = 64, KEYS = 512 }; /* of a tile: rows enough for the matrix product, and together in the cache */

static _Thread_local float scores[QUERIES * KEYS] __attribute__((aligned(64)));
static _Thread_local float slopes[QUERIES * KEYS] __attribute__((aligned(64)));

/* A block of queries of one head, and the keys that the last of them, and so any, may see. */
typedef struct {
    dim n, head, first, count, keys, tile;
} Block;

INLINE const float *head_of(const Rows *x, dim n, dim at, dim head, dim size) {
    return x->at + n * x->batch + at * x->row + head * size;
}

INLINE Block block_of(const Attention *a, dim n, dim head, dim first) {
    Block b = {.n = n, .head = head, .first = first, .keys = a->keys};
    b.count = a->steps - first < QUERIES ? a->steps - first : QUERIES;
    if (a->causal) {
        const dim seen = first + b.count + a->keys - a->steps;
        if (seen < b.keys) b.keys = seen > 0 ? seen : 0;
    }
    return b;
}

/* C (rows, columns) = A B, or A Bᵀ, or added to. */
INLINE void product(dim rows, dim columns, dim depth, const float *a, dim a_row, dim a_step, const float *b, dim b_row,
                    int b_transposed, float *c, dim c_row, int add) {
    const pellucid_product p = {.rows = rows, .columns = columns, .depth = depth, .a = a, .a_row = a_row, .a_step = a_step,
                                .b = b, .b_row = b_row, .b_transposed = b_transposed, .c = c, .c_row = c_row, .add = add};
    pellucid->gemm(&p);
}

/* Rows of a tile are whole vectors: what is added at their end is not seen. */
INLINE dim whole_vectors(dim n) { return (n + LANES - 1) / LANES * LANES; }

/* One row of a tile of raw products q·k, in place: q·k/√d where a key is seen, −∞ where not. How many numbers, in whole
 * vectors, may be seen at all: of the others up to `pitch` nothing is written. */
INLINE dim see(const Attention *a, const Block *b, dim i, dim key, dim keys, float scale, float *s) {
    const dim t = b->first + i, seen = a->causal ? t + 1 + a->keys - a->steps - key : keys;
    const dim end = seen < 0 ? 0 : seen < keys ? seen : keys, width = whole_vectors(end);
    if (a->mask) {
        const uint8_t *m = a->mask + b->n * a->mask_batch + t * a->mask_row + key;
        for (dim j = 0; j < end; j++) s[j] = m[j] ? s[j] * scale : -INFINITY;
    } else
        for (dim j = 0; j < width; j++) s[j] *= scale;
    for (dim j = end; j < width; j++) s[j] = -INFINITY;
    return width;
}

/* times e^{s − shift}, and zeros up to the end of the row. */
INLINE void exponentials(float *s, dim width, dim pitch, float shift, float times) {
    for (dim j = 0; j < width; j++) s[j] = exp_negative(s[j] - shift) * times;
    for (dim j = width; j < pitch; j++) s[j] = 0;
}

static void attend(const Attention *a, Block b) {
    const dim width = a->heads * a->size, group = a->heads / a->kv_heads, own = b.head / group;
    const float scale = 1.f / sqrtf((float)a->size);
    float *y = a->y + (b.n * a->steps + b.first) * width + b.head * a->size;
    float most[QUERIES], total[QUERIES];
    for (dim i = 0; i < b.count; i++) most[i] = -INFINITY, total[i] = 0;
    if (!b.keys)
        for (dim i = 0; i < b.count; i++) memset(y + i * width, 0, (size_t)a->size * sizeof(float));
    for (dim key = 0; key < b.keys; key += KEYS) {
        const dim keys = b.keys - key < KEYS ? b.keys - key : KEYS, pitch = whole_vectors(keys);
        product(b.count, keys, a->size, head_of(&a->q, b.n, b.first, b.head, a->size), a->q.row, 1,
                head_of(&a->k, b.n, key, own, a->size), a->k.row, 1, scores, pitch, 0);
        for (dim i = 0; i < b.count; i++) {
            float *s = scores + i * pitch;
            const dim seen = see(a, &b, i, key, keys, scale, s);
            const float before = most[i], here = seen ? max_span(s, seen) : -INFINITY;
            most[i] = here > before ? here : before;
            const float shift = most[i] == -INFINITY ? 0.f : most[i], kept = key ? exp_negative(before - shift) : 0.f;
            exponentials(s, seen, pitch, shift, 1.f);
            total[i] = total[i] * kept + sum_span(s, seen);
            if (key && kept != 1.f)
                for (dim j = 0; j < a->size; j++) y[i * width + j] *= kept;
        }
        product(b.count, a->size, keys, scores, pitch, 1, head_of(&a->v, b.n, key, own, a->size), a->v.row, 0, y, width,
                key > 0);
    }
    const dim at = (b.n * a->heads + b.head) * a->steps + b.first;
    for (dim i = 0; i < b.count; i++) {
        const float share = total[i] == 0.f ? 0.f : 1.f / total[i];
        a->most[at + i] = most[i] == -INFINITY ? 0.f : most[i];
        a->share[at + i] = share;
        for (dim j = 0; j < a->size; j++) y[i * width + j] *= share;
    }
}

/* dS of one row of a tile, in place of dP. Σ P dP over all keys is dy·y; where the tile has them all it is taken from dP,
 * and once more from what is left: where one key takes nearly all, rounding would otherwise be larger than that. */
INLINE void slope_row(const float *p, float *dp, dim width, dim pitch, float scale, float mean, int all) {
    float left = 0;
    if (all) {
        vf sum = {0};
        mean = dot_span(p, dp, width);
        for (dim j = 0; j < width; j += LANES) sum += load(p + j) * (load(dp + j) - mean);
        left = lanes_sum(sum);
    }
    for (dim j = 0; j < width; j++) dp[j] = (dp[j] - mean - left) * (p[j] * scale);
    for (dim j = width; j < pitch; j++) dp[j] = 0;
}

/* The first block of a head of keys begins their sums. */
static void attend_back(const Attention *a, Block b, int begins) {
    const dim width = a->heads * a->size, group = a->heads / a->kv_heads, own = b.head / group, size = a->size;
    const float scale = 1.f / sqrtf((float)size);
    const dim start = (b.n * a->steps + b.first) * width + b.head * size;
    const dim at = (b.n * a->heads + b.head) * a->steps + b.first;
    const float *y = a->y + start, *dy = a->dy + start, *q = head_of(&a->q, b.n, b.first, b.head, size);
    float *dq = (float *)head_of(&a->dq, b.n, b.first, b.head, size);
    if (!b.keys)
        for (dim i = 0; i < b.count; i++) memset(dq + i * a->dq.row, 0, (size_t)size * sizeof(float));
    for (dim key = 0; key < b.keys; key += KEYS) {
        const dim keys = b.keys - key < KEYS ? b.keys - key : KEYS, pitch = whole_vectors(keys);
        const int all = keys == b.keys;
        const float *k = head_of(&a->k, b.n, key, own, size), *v = head_of(&a->v, b.n, key, own, size);
        float *dk = (float *)head_of(&a->dk, b.n, key, own, size), *dv = (float *)head_of(&a->dv, b.n, key, own, size);
        product(b.count, keys, size, q, a->q.row, 1, k, a->k.row, 1, scores, pitch, 0);
        product(b.count, keys, size, dy, width, 1, v, a->v.row, 1, slopes, pitch, 0);
        for (dim i = 0; i < b.count; i++) {
            float *p = scores + i * pitch, *dp = slopes + i * pitch;
            const dim seen = see(a, &b, i, key, keys, scale, p);
            exponentials(p, seen, pitch, a->most[at + i], a->share[at + i]);
            for (dim j = keys; j < seen; j++) dp[j] = 0;
            slope_row(p, dp, seen, pitch, scale, all ? 0.f : dot_span(dy + i * width, y + i * width, size), all);
        }
        product(keys, size, b.count, scores, 1, pitch, dy, width, 0, dv, a->dv.row, !begins);
        product(keys, size, b.count, slopes, 1, pitch, q, a->q.row, 0, dk, a->dk.row, !begins);
        product(b.count, size, keys, slopes, pitch, 1, k, a->k.row, 0, dq, a->dq.row, key > 0);
    }
}

static void part_attention_forward(const void *arguments, int part, int parts) {
    const Attention *a = arguments;
    const dim blocks = (a->steps + QUERIES - 1) / QUERIES;
    const Range mine = part_of(a->rows * a->heads * blocks, part, parts);
    for (dim i = mine.first; i < mine.last; i++)
        attend(a, block_of(a, i / blocks / a->heads, i / blocks % a->heads, i % blocks * QUERIES));
}

static void part_attention_backward(const void *arguments, int part, int parts) {
    const Attention *a = arguments;
    const dim group = a->heads / a->kv_heads;
    const Range mine = part_of(a->rows * a->kv_heads, part, parts);
    for (dim i = mine.first; i < mine.last; i++) {
        const dim n = i / a->kv_heads, own = i % a->kv_heads;
        const Block begins = block_of(a, n, own * group, 0);
        for (dim s = a->steps ? begins.keys : 0; s < a->keys; s++) {
            memset((float *)head_of(&a->dk, n, s, own, a->size), 0, (size_t)a->size * sizeof(float));
            memset((float *)head_of(&a->dv, n, s, own, a->size), 0, (size_t)a->size * sizeof(float));
        }
        for (dim head = own * group; head < (own + 1) * group; head++)
            for (dim first = 0; first < a->steps; first += QUERIES)
                attend_back(a, block_of(a, n, head, first), head == begins.head && !first);
    }
}

/* Multiply-adds of one product of all pairs, and what their exponentials cost. */
INLINE double pairs_work(const Attention *a, double products) {
    return (double)(a->rows * a->heads) * (double)a->steps * (double)a->keys * (products * (double)a->size + 16.);
}

static Status run_attention_forward(const void *arguments) {
    pellucid->parallel(part_attention_forward, arguments, pellucid->parts_for(pairs_work(arguments, 2)));
    return PELLUCID_DONE;
}

static Status run_attention_backward(const void *arguments) {
    pellucid->parallel(part_attention_backward, arguments, pellucid->parts_for(pairs_work(arguments, 5)));
    return PELLUCID_DONE;
}

static void part_rotate(const void *arguments, int part, int parts) {
    const rotate_args *a = arguments;
    const Range mine = part_of(a->rows * a->steps, part, parts);
    for (dim i = mine.first; i < mine.last; i++) {
        const dim t = i % a->steps;
        const float *cosine = a->turn + t * a->half, *sine = cosine + a->steps * a->half, sign = a->back ? -1.f : 1.f;
        float *low = a->x.at + i / a->steps * a->x.batch + t * a->x.row;
        for (dim head = 0; head < a->heads; head++, low += 2 * a->half) {
            float *high = low + a->half;
            for (dim j = 0; j < a->half; j++) {
                const float x = low[j], z = high[j], s = sign * sine[j];
                low[j] = fused(x, cosine[j], -(z * s));
                high[j] = fused(x, s, z * cosine[j]);
            }
        }
    }
}

static Status run_rotate(const void *arguments) {
    const rotate_args *a = arguments;
    pellucid->parallel(part_rotate, a, pellucid->parts_for(4. * (double)(a->rows * a->steps * a->heads * a->half)));
    return PELLUCID_DONE;
}
