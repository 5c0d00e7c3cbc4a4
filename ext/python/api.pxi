# The table that plugins' kernels fetch (pellucid.h), as the capsule `api`.

from cpython.pycapsule cimport PyCapsule_New


cdef pellucid_simd api_simd() noexcept nogil:
    if table is kernels_named("avx512"):
        return PELLUCID_AVX512
    return PELLUCID_AVX2 if table is kernels_named("avx2") else PELLUCID_GENERIC


cdef void api_gemm(const pellucid_product *product) noexcept nogil:
    table.multiply(product)


cdef void api_activation_forward(pellucid_activation f, float alpha, const float *x, float *y, dim n) noexcept nogil:
    table.activation_span(f, alpha, x, y, n)


cdef void api_activation_backward(pellucid_activation f, float alpha, const float *dy, const float *x, const float *y,
                                  float *dx, dim n) noexcept nogil:
    table.activation_slope_span(f, alpha, dy, x, y, dx, n)


cdef bint api_recording() noexcept:
    return recording() is not NULL


cdef int api_remember(const void *call, size_t bytes, object arrays) except -1:
    return remember(call, bytes, arrays)


cdef void api_spoil() noexcept:
    spoil()


cdef pellucid_table api_table
api_table.version = PELLUCID_API_VERSION
api_table.size = sizeof(pellucid_table)
api_table.parallel = <void (*)(pellucid_task, const void *, int) noexcept nogil>parallel
api_table.parts_for = parts_for
api_table.threads = pool_threads
api_table.simd = api_simd
api_table.gemm = api_gemm
api_table.activation_forward = api_activation_forward
api_table.activation_backward = api_activation_backward
api_table.execute = <pellucid_status (*)(const void *) noexcept>execute
api_table.recording = api_recording
api_table.remember = api_remember
api_table.spoil = api_spoil

api = PyCapsule_New(&api_table, "pellucid.ops.kernels.native.api", NULL)
