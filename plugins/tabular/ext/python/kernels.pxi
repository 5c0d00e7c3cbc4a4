# The C interface (kernels.h), as Cython sees it; and how a call is run.

cdef extern from "kernels.h" nogil:
    ctypedef Py_ssize_t dim
    enum: MOST_OUTPUTS
    ctypedef struct periodic_args:
        pellucid_kernel run
        dim rows, numbers, frequencies, waves_used, outputs
        int linked
        int relu
        const float *x
        const float *frequency
        const float *phase
        const float *weight
        const float *bias
        float *waves
        float *y
        const float *dy
        double *sums
        float *dfrequency
        float *dphase
        float *dweight
        float *dbias
        float *dx
    ctypedef struct pieces_args:
        pellucid_kernel run
        dim rows, numbers, bins, outputs
        const float *x
        const float *edges
        const float *slope
        const float *weight
        const float *bias
        double *sums
        float *y
        const float *dy
        float *dslope
        float *dweight
        float *dbias
        float *dx
    ctypedef struct scale_args:
        pellucid_kernel run
        dim rows, columns
        const float *x
        const float *scale
        const float *dy
        float *y
        float *dscale
        float *dx
    ctypedef struct part_args:
        pellucid_kernel run
        dim rows
        dim width_in "from"
        dim to
        const float *x
        float *out
    ctypedef struct look_up_args:
        pellucid_kernel run
        dim rows, columns, first, categories, numbers, width, size, one_hot
        const float *x
        const int64_t *sizes
        const float *part
        const float *table
        float *y
        const float *dy
        double *sums
        float *dpart
        float *dtable
    enum: MOST_MEMBERS
    ctypedef enum Mixed:
        VALUES, CLASSES, ANSWERS
    ctypedef struct mixture_args:
        pellucid_kernel run
        dim members, used_members, rows, outputs
        int kind
        const float *z
        const float *weight
        const int64_t *used
        float *y
    ctypedef struct Kernels:
        pellucid_kernel periodic_forward, periodic_backward, pieces_forward, pieces_backward
        pellucid_kernel scale_forward, scale_backward, take, put, look_up_forward, look_up_backward, mixture
    const Kernels *kernels_now()


cdef int run(void *call, size_t bytes, tuple arrays) except -1:
    """Run the call; if this thread records a plan, it becomes part of it and keeps the arrays alive. Its status."""
    if pellucid.recording():
        pellucid.remember(call, bytes, arrays)
    return pellucid.execute(call)


cdef bint is_block(object a, dim n, dim h, dim w) noexcept:
    return axes(a) == 3 and length(a, 0) == n and length(a, 1) == h and length(a, 2) == w


cdef bint is_block_or_none(object a, dim n, dim h, dim w) noexcept:
    return a is None or is_block(a, n, h, w)
