/* What is done to each position by itself: embedding, positions, norms, gates; pooling; and the contrastive loss. */

typedef struct {
    kernel run;
    dim places, vocabulary, units, padding; /* −1: no token is padding */
    const int64_t *tokens;                  /* (places) */
    const float *weight;                    /* (vocabulary, units) */
    float *y;                               /* (places, units) */
    const float *dy;
    int64_t *starts; /* (vocabulary + 1), scratch: where the places of each token begin */
    int64_t *order;  /* (places), scratch: the places of the first token, of the second, … */
    float *dweight;
} embedding_args;

/* y = a + b for n numbers. */
typedef struct {
    kernel run;
    dim n;
    const float *a, *b;
    float *y;
} add_args;

typedef struct {
    kernel run;
    dim rows, row, units; /* numbers of a sequence, and of a position */
    const float *x;       /* (rows, row) */
    const float *table;   /* (at least row) */
    float *y;
    const float *dy;
    float *dtable;
} positions_args;

/* Norms of rows: rms_norm, and unit, without a gain. */
typedef struct {
    kernel run;
    dim rows, features;
    double eps;
    const float *x;    /* (rows, features) */
    const float *gain; /* (features) */
    float *inverse;    /* (rows): 1/√(…) */
    float *y;
    const float *dy;
    float *dgain, *dx; /* each may be NULL */
} norm_args;

typedef struct {
    kernel run;
    dim rows, units;
    const float *z; /* (rows, 2·units): a and b side by side */
    float *y;       /* (rows, units) = silu(a) b */
    const float *dy;
    float *dz;
} gate_args;

typedef struct {
    kernel run;
    dim rows, steps, units, first;
    const uint8_t *mask; /* (rows, steps) or NULL */
    const float *x;      /* (rows, steps, units) */
    float *y;            /* (rows, units) */
    const float *dy;
    float *dx;
} pool_args;

typedef struct {
    kernel run;
    dim rows, units;
    double temperature;
    const float *z;        /* (rows, units) */
    const int64_t *labels; /* (rows) */
    const float *weight;   /* (rows) or NULL */
    float *scores;         /* (rows, rows), scratch: at last the slope of the loss at each */
    double *each;          /* (rows), scratch: the loss of each row */
    double *loss;
    float *dz; /* (rows, units) */
} contrastive_args;

#define FOR_EACH_ROW_KERNEL(K)                                                                                         \
    K(embedding_forward) K(embedding_backward) K(add) K(add_positions) K(add_positions_backward) K(sinusoids)          \
    K(rms_norm_forward) K(rms_norm_backward) K(gate_forward) K(gate_backward) K(pool_forward) K(pool_backward)         \
    K(unit_forward) K(unit_backward) K(contrastive)
