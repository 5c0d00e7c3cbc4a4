# The C interface (kernels.h, pool.h, blas.h), as Cython sees it.

cdef extern from "kernels.h" nogil:
    ctypedef Py_ssize_t dim
    ctypedef enum Status:
        DONE, STOP, ROW_OUT_OF_RANGE, LABEL_OUT_OF_RANGE
    ctypedef Status (*kernel)(const void *) noexcept
    ctypedef struct Call:
        kernel run
    ctypedef enum Activation:
        IDENTITY, RELU, LEAKY_RELU, ELU, SIGMOID, TANH, SOFTPLUS, SILU, GELU
    uint64_t mix(uint64_t)
    ctypedef struct Stream:
        const uint64_t *cell
        uint64_t site
        const int64_t *rows
        dim row_count, per_row
    ctypedef struct fill_args:
        kernel run
        float *out
        dim n
        double value
    ctypedef struct scale_args:
        kernel run
        float *out
        dim n
        double factor
    ctypedef struct add_scaled_args:
        kernel run
        float *out
        const float *x
        dim n
        double factor
    ctypedef struct lerp_args:
        kernel run
        float *out
        const float *x
        dim n
        double rate
    ctypedef struct sum_squares_args:
        kernel run
        const float *x
        double *out
        dim n
    ctypedef struct clip_norm_args:
        kernel run
        float *out
        const double *squares
        dim n
        double limit
    ctypedef struct dense_forward_args:
        kernel run
        dim rows, inputs, outputs
        const float *x
        const float *weight
        const float *bias
        float *y
        float *z
        Activation activation
    ctypedef struct dense_backward_args:
        kernel run
        dim rows, inputs, outputs
        const float *dy
        const float *x
        const float *weight
        const float *y
        const float *z
        float *dz
        float *dweight
        float *dbias
        float *dx
        Activation activation
    ctypedef struct activation_forward_args:
        kernel run
        const float *x
        float *y
        dim n
        float alpha
        Activation name
    ctypedef struct activation_backward_args:
        kernel run
        const float *dy
        const float *x
        const float *y
        float *dx
        dim n
        float alpha
        Activation name
    ctypedef struct softmax_forward_args:
        kernel run
        const float *x
        float *y
        dim rows, width
    ctypedef struct softmax_backward_args:
        kernel run
        const float *dy
        const float *y
        float *dx
        dim rows, width
    ctypedef struct loss_args:
        kernel run
        dim rows, width
        const float *prediction
        const int64_t *label
        const float *target
        const float *weight32
        const double *weight64
        double *loss
        float *gradient
        float delta
    ctypedef struct dropout_args:
        kernel run
        Stream stream
        const float *x
        float *out
        uint32_t threshold
        float factor
    ctypedef struct random_uniform_args:
        kernel run
        Stream stream
        float *out
    ctypedef struct random_normal_args:
        kernel run
        Stream stream
        float *out
    ctypedef struct batch_norm_forward_args:
        kernel run
        dim rows, width
        const float *x
        const float *gamma
        const float *beta
        float *mean
        float *var
        float *y
        double eps
    ctypedef struct batch_norm_backward_args:
        kernel run
        dim rows, width
        const float *dy
        const float *x
        const float *gamma
        const float *mean
        const float *var
        float *dgamma
        float *dbeta
        float *dx
        double eps
    ctypedef struct layer_norm_forward_args:
        kernel run
        dim rows, width
        const float *x
        const float *gamma
        const float *beta
        float *mean
        float *inv_std
        float *y
        double eps
    ctypedef struct layer_norm_backward_args:
        kernel run
        dim rows, width
        const float *dy
        const float *x
        const float *gamma
        const float *mean
        const float *inv_std
        float *dgamma
        float *dbeta
        float *dx
    ctypedef struct sgd_args:
        kernel run
        float *data
        float *grad
        float *velocity
        dim n
        const double *hyper
        float momentum
        int nesterov
    ctypedef struct adam_args:
        kernel run
        float *data
        float *grad
        float *m
        float *v
        dim n
        const double *hyper
        const int64_t *t
        double beta1, beta2, eps
        int decoupled
    ctypedef struct adagrad_args:
        kernel run
        float *data
        float *grad
        float *v
        dim n
        const double *hyper
        double eps
    ctypedef struct rmsprop_args:
        kernel run
        float *data
        float *grad
        float *v
        float *a
        float *u
        dim n
        const double *hyper
        double rho, momentum, eps
    ctypedef struct lion_args:
        kernel run
        float *data
        float *grad
        float *m
        dim n
        const double *hyper
        double beta1, beta2
    ctypedef struct clip_value_args:
        kernel run
        float *out
        dim n
        double limit
    enum: FIGURES_MOST_BINS
    ctypedef struct span_sums_args:
        kernel run
        const float *x
        const float *other
        const int64_t *spans
        double *out
        dim count
    ctypedef struct distribution_args:
        kernel run
        const float *x
        double *out
        dim rows, columns, bins
    ctypedef struct copy_args:
        kernel run
        const char *x
        char *out
        size_t bytes
    ctypedef struct transpose_args:
        kernel run
        const char *x
        char *out
        dim rows, columns
        bint is_double
    ctypedef enum Numbers:
        FLOATS, DOUBLES, INTEGERS, TRUTHS
    ctypedef struct convert_args:
        kernel run
        const void *x
        void *out
        dim n
        Numbers source "from"
        Numbers to
    ctypedef struct gather_args:
        kernel run
        const char *source
        const int64_t *index
        char *out
        dim count, limit
        size_t bytes
    ctypedef struct increment_args:
        kernel run
        int64_t *cell
    ctypedef struct guard_finite_args:
        kernel run
        const double *cell
    ctypedef struct next_rows_args:
        kernel run
        const int64_t *order
        int64_t *cursor
        int64_t *index
        dim count, limit
    ctypedef struct scalar_args:
        kernel run
        double *out
        const double *x
        dim n
        double factor
    ctypedef struct Kernels:
        const char *name
        kernel fill, scale, add_scaled, lerp
        kernel sum_squares, clip_norm, dense_forward, dense_backward
        kernel activation_forward, activation_backward, softmax_forward, softmax_backward
        kernel softmax_cross_entropy, softmax_cross_entropy_soft, binary_cross_entropy, mse, mae, huber, add_sign
        kernel dropout, random_uniform, random_normal, batch_norm_forward
        kernel batch_norm_backward, batch_norm_inference, batch_norm_inference_backward, layer_norm_forward
        kernel layer_norm_backward, sgd, adam, adagrad, rmsprop, lion, clip_value, span_sums, distribution
        void (*multiply)(const pellucid_product *) noexcept nogil
        void (*activation_span)(pellucid_activation, float, const float *, float *, dim) noexcept nogil
        void (*activation_slope_span)(pellucid_activation, float, const float *, const float *, const float *, float *,
                                      dim) noexcept nogil
    const Kernels *kernels_named(const char *)
    const Kernels *kernels_best()
    Status run_copy(const void *) noexcept
    Status run_transpose(const void *) noexcept
    Status run_convert(const void *) noexcept
    Status run_gather(const void *) noexcept
    Status run_increment(const void *) noexcept
    Status run_guard_finite(const void *) noexcept
    Status run_next_rows(const void *) noexcept
    Status run_fill64(const void *) noexcept
    Status run_scale64(const void *) noexcept
    Status run_add_scaled64(const void *) noexcept
    Status run_lerp64(const void *) noexcept

cdef extern from "pool.h" nogil:
    ctypedef void (*Task)(const void *, int, int) noexcept
    void parallel(Task, const void *, int) noexcept
    int parts_for(double) noexcept
    int pool_threads() noexcept
    void pool_set_threads(int)
    int pool_alone(int) noexcept
    void pool_open()
    unsigned denormals_off()
    void denormals_restore(unsigned)

cdef extern from "recording.h" nogil:
    void *recording()
    void set_recording(void *)

cdef extern from "blas.h" nogil:
    void scipy_openblas_set_num_threads(int)
