# The core's kernel interface (pellucid.h) as Cython sees it; include "pellucid/arguments.pxi" after it.
# The module that includes this calls pellucid_import() once, before anything else here is used.

cdef extern from *:
    """
    #define PELLUCID_IMPORT
    #include "pellucid.h"
    """
    ctypedef Py_ssize_t pellucid_dim
    ctypedef enum pellucid_status:
        PELLUCID_DONE, PELLUCID_STOP, PELLUCID_ROW_OUT_OF_RANGE, PELLUCID_LABEL_OUT_OF_RANGE
    ctypedef pellucid_status (*pellucid_kernel)(const void *) noexcept nogil
    ctypedef void (*pellucid_task)(const void *, int, int) noexcept nogil
    ctypedef enum pellucid_simd:
        PELLUCID_GENERIC, PELLUCID_AVX2, PELLUCID_AVX512
    ctypedef struct pellucid_product:
        pellucid_dim rows, columns, depth
        const float *a
        pellucid_dim a_row, a_step
        const float *b
        pellucid_dim b_row
        int b_transposed
        float *c
        pellucid_dim c_row
        int add
        const float *bias
        int relu
    const int PELLUCID_API_VERSION
    ctypedef struct pellucid_table:
        int version
        size_t size
        void (*parallel)(pellucid_task, const void *, int) noexcept nogil
        int (*parts_for)(double) noexcept nogil
        int (*threads)() noexcept nogil
        pellucid_simd (*simd)() noexcept nogil
        void (*gemm)(const pellucid_product *) noexcept nogil
        void (*activation_forward)(pellucid_activation, float, const float *, float *, pellucid_dim) noexcept nogil
        void (*activation_backward)(pellucid_activation, float, const float *, const float *, const float *, float *,
                                    pellucid_dim) noexcept nogil
        pellucid_status (*execute)(const void *) noexcept
        bint (*recording)() noexcept
        int (*remember)(const void *, size_t, object) except -1
        void (*spoil)() noexcept
    const pellucid_table *pellucid
    int pellucid_import() except -1
