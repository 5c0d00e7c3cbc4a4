# What all ops share: the table of the kernels (kernels.h), and how a call is run.

cdef extern from "kernels.h" nogil:
    ctypedef Py_ssize_t dim
    ctypedef struct Kernels:
        pellucid_kernel attention_forward, attention_backward, rotate
        pellucid_kernel embedding_forward, embedding_backward, add, add_positions, add_positions_backward, sinusoids
        pellucid_kernel rms_norm_forward, rms_norm_backward, unit_forward, unit_backward, gate_forward, gate_backward
        pellucid_kernel pool_forward, pool_backward, contrastive
    const Kernels *kernels_now()


cdef int run(void *call, size_t bytes, tuple arrays) except -1:
    """Run the call; if this thread records a plan, it becomes part of it and keeps the arrays alive."""
    if pellucid.recording():
        pellucid.remember(call, bytes, arrays)
    pellucid.execute(call)
    return 0
