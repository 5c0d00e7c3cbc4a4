/* Scratch memory, laid out by the same code that measures it: with base NULL only `used` counts. */
typedef struct {
    char *base;
    size_t used;
} Scratch;

INLINE void *take(Scratch *s, size_t bytes) {
    void *taken = s->base ? s->base + s->used : NULL;
    s->used += (bytes + 63) & ~(size_t)63; /* whole cache lines: two threads never write the same one */
    return taken;
}

INLINE float *take_floats(Scratch *s, dim count) { return take(s, (size_t)count * sizeof(float)); }
