# The C interface (kernels.h), as Cython sees it.

cdef extern from "kernels.h" nogil:
    ctypedef Py_ssize_t dim
    ctypedef struct recurrent_args:
        pellucid_kernel run
        dim rows, steps, features, units
        int backwards
        pellucid_activation activation
        const float *x
        const uint8_t *mask
        const float *weight
        const float *recurrent
        const float *bias
        const float *candidate
        float *xs
        float *gates
        float *states
        float *cells
        float *extra
        float *y
        const float *dy
        const float *dlast
        float *dgates
        float *dextra
        float *dstate
        float *dcell
        float *dweight
        float *drecurrent
        float *dbias
        float *dcandidate
        float *dx
        float *transposed
        float *dxs
    ctypedef struct carry_args:
        pellucid_kernel run
        dim rows, units, carry
        const uint64_t *offset
        const float *carried
        const float *states
        const uint8_t *begins
        float *out
    ctypedef struct Kernels:
        pellucid_kernel begin, keep, rnn_forward, rnn_backward, gru_forward, gru_backward, lstm_forward, lstm_backward
    const Kernels *kernels_now()
