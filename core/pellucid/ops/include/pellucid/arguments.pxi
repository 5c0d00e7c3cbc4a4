# Checks of arguments: is this an array that the kernels cover, and do the shapes fit? The core and plugins share them.
# The module that includes this has: import numpy; cimport numpy as cnp; from pellucid import ShapeError.

cdef extern from "pellucid.h" nogil:
    ctypedef enum pellucid_activation:
        PELLUCID_IDENTITY, PELLUCID_RELU, PELLUCID_LEAKY_RELU, PELLUCID_ELU, PELLUCID_SIGMOID, PELLUCID_TANH
        PELLUCID_SOFTPLUS, PELLUCID_SILU, PELLUCID_GELU

cdef dict ACTIVATIONS = {
    "identity": PELLUCID_IDENTITY, "relu": PELLUCID_RELU, "leaky_relu": PELLUCID_LEAKY_RELU, "elu": PELLUCID_ELU,
    "sigmoid": PELLUCID_SIGMOID, "tanh": PELLUCID_TANH, "softplus": PELLUCID_SOFTPLUS, "silu": PELLUCID_SILU,
    "gelu": PELLUCID_GELU,
}

cdef inline bint reads_as(object a, int dtype) noexcept:
    """An array of this dtype: C-contiguous, aligned, native byte order."""
    if not cnp.PyArray_Check(a) or cnp.PyArray_TYPE(<cnp.ndarray>a) != dtype:
        return False
    return cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>a)


cdef inline bint writes_as(object a, int dtype) noexcept:
    """The same, and writeable."""
    if not cnp.PyArray_Check(a) or cnp.PyArray_TYPE(<cnp.ndarray>a) != dtype:
        return False
    return cnp.PyArray_ISCARRAY(<cnp.ndarray>a)


cdef inline bint reads(object a) noexcept:
    return reads_as(a, cnp.NPY_FLOAT32)


cdef inline bint writes(object a) noexcept:
    return writes_as(a, cnp.NPY_FLOAT32)


cdef inline bint reads_or_none(object a) noexcept:
    return a is None or reads(a)


cdef inline bint writes_or_none(object a) noexcept:
    return a is None or writes(a)


cdef inline int axes(object a) noexcept:
    return cnp.PyArray_NDIM(<cnp.ndarray>a)


cdef inline Py_ssize_t length(object a, int axis) noexcept:
    return cnp.PyArray_DIM(<cnp.ndarray>a, axis)


cdef inline Py_ssize_t size(object a) noexcept:
    return cnp.PyArray_SIZE(<cnp.ndarray>a)


cdef inline bint same_shape(object a, object b) noexcept:
    return cnp.PyArray_SAMESHAPE(<cnp.ndarray>a, <cnp.ndarray>b)


cdef inline bint is_vector(object a, Py_ssize_t n) noexcept:
    return axes(a) == 1 and length(a, 0) == n


cdef inline bint is_vector_or_none(object a, Py_ssize_t n) noexcept:
    return a is None or is_vector(a, n)


cdef inline bint is_matrix(object a, Py_ssize_t rows, Py_ssize_t columns) noexcept:
    return axes(a) == 2 and length(a, 0) == rows and length(a, 1) == columns


cdef inline bint is_matrix_or_none(object a, Py_ssize_t rows, Py_ssize_t columns) noexcept:
    return a is None or is_matrix(a, rows, columns)


cdef inline float *floats(object a) noexcept:
    """The first element, or NULL for None."""
    return NULL if a is None else <float *>cnp.PyArray_DATA(<cnp.ndarray>a)


cdef inline void *memory(object a) noexcept:
    return cnp.PyArray_DATA(<cnp.ndarray>a)


cdef int misfit(str op, str expected, dict received) except -1:
    """Raise the ShapeError of an op."""
    shapes = ", ".join(f"{name} {'None' if a is None else tuple(numpy.shape(a))}" for name, a in received.items())
    raise ShapeError(f"{op}: the shapes do not fit together. Expected: {expected}. Received: {shapes}. "
                     "Check the shapes that the layer was built for against the data it is given.")
