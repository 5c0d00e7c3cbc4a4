# Running a call: what all kernels have in common.

cdef int run(void *call, size_t bytes, tuple arrays) except -1:
    """Run the call; if this thread records a plan, it becomes part of it and keeps the arrays alive."""
    if pellucid.recording():
        pellucid.remember(call, bytes, arrays)
    pellucid.execute(call)
    return 0


cdef object new_scratch(size_t bytes):
    """Memory of the call's own: two plans, or two threads, never share it. NumPy does not align it to a cache line."""
    return numpy.empty(bytes + 64, numpy.uint8)


cdef char *aligned(object scratch):
    return <char *>((<size_t>memory(scratch) + 63) & ~<size_t>63)


cdef bint has_shape(object a, dim n, dim h, dim w, dim c) noexcept:
    return axes(a) == 4 and length(a, 0) == n and length(a, 1) == h and length(a, 2) == w and length(a, 3) == c
