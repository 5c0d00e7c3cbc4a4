/* The interface of the kernels: what each one is given, and the table through which it is called.
 *
 * A kernel is a function of one pointer to its arguments. The arguments begin with the kernel itself, so that a call
 * is a piece of memory: a recorded plan is an array of such pieces, run again by `(*call->run)(call)`.
 * What each kernel computes is specified by the reference implementation in core/pellucid/ops.
 */
#pragma once
#include "pellucid.h" /* what plugins share: core/pellucid/ops/include */
#include <stddef.h>
#include <stdint.h>

typedef pellucid_dim dim;
typedef pellucid_kernel kernel;
typedef pellucid_status Status;
typedef pellucid_activation Activation;
typedef pellucid_product Product;

/* Without their prefix, as in a module of its own. */
#define DONE PELLUCID_DONE
#define STOP PELLUCID_STOP
#define ROW_OUT_OF_RANGE PELLUCID_ROW_OUT_OF_RANGE
#define LABEL_OUT_OF_RANGE PELLUCID_LABEL_OUT_OF_RANGE
#define IDENTITY PELLUCID_IDENTITY
#define RELU PELLUCID_RELU
#define LEAKY_RELU PELLUCID_LEAKY_RELU
#define ELU PELLUCID_ELU
#define SIGMOID PELLUCID_SIGMOID
#define TANH PELLUCID_TANH
#define SOFTPLUS PELLUCID_SOFTPLUS
#define SILU PELLUCID_SILU
#define GELU PELLUCID_GELU

typedef struct {
    kernel run;
} Call;

/* The finaliser of splitmix64 (Steele, Lea & Flood, 2014). */
static inline uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Where the random numbers of one call come from; see body/random.h. */
typedef struct {
    const uint64_t *cell;  /* step key, row offset */
    uint64_t site;         /* already mixed */
    const int64_t *rows;   /* identity of each row, or NULL for row offset + r */
    dim row_count, per_row;
} Stream;

/* A number at the end is of 64 bits: behind one of 32 the compiler leaves a gap, in which lies whatever the stack held, and
 * together they may look like an address (core/pellucid/testing/kept.py). */
typedef struct { kernel run; float *out; dim n; double value; } fill_args;
typedef struct { kernel run; float *out; dim n; double factor; } scale_args;
typedef struct { kernel run; float *out; const float *x; dim n; double factor; } add_scaled_args;
typedef add_scaled_args add_sign_args;
typedef struct { kernel run; float *out; const float *x; dim n; double rate; } lerp_args;
typedef struct { kernel run; const float *x; double *out; dim n; } sum_squares_args;
typedef struct { kernel run; float *out; const double *squares; dim n; double limit; } clip_norm_args;

typedef struct {
    kernel run;
    dim rows, inputs, outputs;
    const float *x, *weight, *bias; /* bias may be NULL */
    float *y, *z;                   /* z: NULL unless the derivative needs it */
    Activation activation;
} dense_forward_args;

typedef struct {
    kernel run;
    dim rows, inputs, outputs;
    const float *dy, *x, *weight, *y, *z;
    float *dz, *dweight, *dbias, *dx; /* each may be NULL; dz is NULL for identity */
    Activation activation;
} dense_backward_args;

typedef struct { kernel run; const float *x; float *y; dim n; float alpha; Activation name; } activation_forward_args;
typedef struct {
    kernel run;
    const float *dy, *x, *y;
    float *dx;
    dim n;
    float alpha;
    Activation name;
} activation_backward_args;

typedef struct { kernel run; const float *x; float *y; dim rows, width; } softmax_forward_args;
typedef struct { kernel run; const float *dy, *y; float *dx; dim rows, width; } softmax_backward_args;

typedef struct {
    kernel run;
    dim rows, width;
    const float *prediction;
    const int64_t *label;    /* softmax_cross_entropy only */
    const float *target;     /* the others */
    const float *weight32;   /* weights of the rows in one of two precisions; both NULL: all 1 */
    const double *weight64;
    double *loss;
    float *gradient;
    float delta;             /* huber only */
} loss_args;
typedef loss_args softmax_cross_entropy_args;
typedef loss_args softmax_cross_entropy_soft_args;
typedef loss_args binary_cross_entropy_args;
typedef loss_args mse_args;
typedef loss_args mae_args;
typedef loss_args huber_args;

typedef struct {
    kernel run;
    Stream stream;
    const float *x;
    float *out;
    uint32_t threshold;
    float factor;
} dropout_args;
typedef struct { kernel run; Stream stream; float *out; } random_uniform_args;
typedef struct { kernel run; Stream stream; float *out; } random_normal_args;

typedef struct {
    kernel run;
    dim rows, width;
    const float *x, *gamma, *beta;
    float *mean, *var, *y; /* batch_norm_inference only reads mean and var */
    double eps;
} batch_norm_forward_args;
typedef batch_norm_forward_args batch_norm_inference_args;

typedef struct {
    kernel run;
    dim rows, width;
    const float *dy, *x, *gamma, *mean, *var;
    float *dgamma, *dbeta, *dx; /* each may be NULL */
    double eps;
} batch_norm_backward_args;
typedef batch_norm_backward_args batch_norm_inference_backward_args;

typedef struct {
    kernel run;
    dim rows, width;
    const float *x, *gamma, *beta;
    float *mean, *inv_std, *y;
    double eps;
} layer_norm_forward_args;

typedef struct {
    kernel run;
    dim rows, width;
    const float *dy, *x, *gamma, *mean, *inv_std;
    float *dgamma, *dbeta, *dx; /* each may be NULL */
} layer_norm_backward_args;

typedef struct {
    kernel run;
    float *data, *grad, *velocity; /* velocity may be NULL */
    dim n;
    const double *hyper; /* learning rate, weight decay */
    float momentum;
    int nesterov;
} sgd_args;

typedef struct {
    kernel run;
    float *data, *grad, *m, *v;
    dim n;
    const double *hyper; /* learning rate, weight decay */
    const int64_t *t;
    double beta1, beta2, eps;
    int decoupled;
} adam_args;

typedef struct {
    kernel run;
    float *data, *grad, *v;
    dim n;
    const double *hyper; /* learning rate, weight decay */
    double eps;
} adagrad_args;

typedef struct {
    kernel run;
    float *data, *grad, *v, *a, *u; /* a and u may be NULL */
    dim n;
    const double *hyper; /* learning rate, weight decay */
    double rho, momentum, eps;
} rmsprop_args;

typedef struct {
    kernel run;
    float *data, *grad, *m;
    dim n;
    const double *hyper; /* learning rate, weight decay */
    double beta1, beta2;
} lion_args;

typedef struct { kernel run; float *out; dim n; double limit; } clip_value_args;

/* What a recorder keeps of arrays; spans are pairs of first element and the one behind the last. */
enum { FIGURES_MOST_BINS = 64 };
typedef struct { kernel run; const float *x, *other; const int64_t *spans; double *out; dim count; } span_sums_args;
typedef struct { kernel run; const float *x; double *out; dim rows, columns, bins; } distribution_args;

/* Every kernel that is compiled once for each instruction set. */
#define FOR_EACH_KERNEL(K)                                                                                             \
    K(fill) K(scale) K(add_scaled) K(lerp) K(sum_squares) K(clip_norm)                                                 \
    K(dense_forward) K(dense_backward)                                                                                 \
    K(activation_forward) K(activation_backward) K(softmax_forward) K(softmax_backward)                                \
    K(softmax_cross_entropy) K(softmax_cross_entropy_soft) K(binary_cross_entropy) K(mse) K(mae) K(huber) K(add_sign)  \
    K(dropout) K(random_uniform) K(random_normal)                                                                      \
    K(batch_norm_forward) K(batch_norm_backward) K(batch_norm_inference) K(batch_norm_inference_backward)              \
    K(layer_norm_forward) K(layer_norm_backward)                                                                       \
    K(sgd) K(adam) K(adagrad) K(rmsprop) K(lion) K(clip_value) K(span_sums) K(distribution)

typedef struct {
    const char *name;
#define DECLARE(name) kernel name;
    FOR_EACH_KERNEL(DECLARE)
#undef DECLARE
    /* Not kernels but parts of them, for plugins: one product on this thread; an activation of a span, and backward. */
    void (*multiply)(const Product *);
    void (*activation_span)(Activation, float alpha, const float *x, float *y, dim n);
    void (*activation_slope_span)(Activation, float alpha, const float *dy, const float *x, const float *y, float *dx,
                                  dim n);
} Kernels;

extern const Kernels kernels_generic, kernels_avx2, kernels_avx512;

/* The table of an instruction set by name, or NULL where it is unknown, not compiled or not supported by this CPU. */
const Kernels *kernels_named(const char *name);
/* The best table for this CPU. */
const Kernels *kernels_best(void);

/* Kernels that only move bytes are the same for all instruction sets (cells.c). */
typedef struct { kernel run; const char *x; char *out; size_t bytes; } copy_args;
typedef struct { kernel run; const char *x; char *out; dim rows, columns; int is_double; } transpose_args;
typedef enum { FLOATS, DOUBLES, INTEGERS, TRUTHS } Numbers; /* float, double, int64_t, a byte of 0 or 1 */
typedef struct { kernel run; const void *x; void *out; dim n; Numbers from, to; } convert_args;
typedef struct {
    kernel run;
    const char *source;
    const int64_t *index;
    char *out;
    dim count, limit;
    size_t bytes;
} gather_args;
typedef struct { kernel run; int64_t *cell; } increment_args;
typedef struct { kernel run; const double *cell; } guard_finite_args;
typedef struct { kernel run; const int64_t *order; int64_t *cursor, *index; dim count, limit; } next_rows_args;
typedef struct { kernel run; double *out; const double *x; dim n; double factor; } scalar_args;

Status run_copy(const void *);
Status run_transpose(const void *);
Status run_convert(const void *);
Status run_gather(const void *);
Status run_increment(const void *);
Status run_guard_finite(const void *);
Status run_next_rows(const void *);
Status run_fill64(const void *);
Status run_scale64(const void *);
Status run_add_scaled64(const void *);
Status run_lerp64(const void *);
