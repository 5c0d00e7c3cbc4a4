# The C interface (kernels.h), as Cython sees it.

cdef extern from "kernels.h" nogil:
    ctypedef Py_ssize_t dim
    ctypedef struct Convolution:
        dim images, height, width, channels, map_height, map_width, features, kernel_height, kernel_width
        dim stride_rows, stride_columns, dilation_rows, dilation_columns, top, left, groups
    ctypedef struct convolution_forward_args:
        pellucid_kernel run
        Convolution shape
        const float *x
        const float *weight
        const float *bias
        float *y
        float *z
        pellucid_activation activation
        char *scratch
        int parts
    ctypedef struct convolution_backward_args:
        pellucid_kernel run
        Convolution shape
        const float *dy
        const float *x
        const float *weight
        const float *y
        const float *z
        float *dz
        float *dweight
        float *dbias
        float *dx
        pellucid_activation activation
        char *scratch
        int parts
    ctypedef struct Kernels:
        pellucid_kernel conv2d_forward, conv2d_backward, conv_transpose2d_forward, conv_transpose2d_backward
        size_t (*forward_scratch)(const convolution_forward_args *, int) noexcept
        size_t (*backward_scratch)(const convolution_backward_args *, int) noexcept
    const Kernels *kernels_now()
