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
    ctypedef struct pool_args:
        pellucid_kernel run
        Convolution shape
        const float *x
        const float *dy
        float *y
        float *dx
        uint8_t *argmax
    ctypedef struct upsample_args:
        pellucid_kernel run
        dim images, height, width, channels, factor_rows, factor_columns
        const float *x
        float *y
    ctypedef struct warp_args:
        pellucid_kernel run
        dim images, height, width, channels, out_height, out_width
        const float *x
        const float *grid
        float *y
    ctypedef struct join_args:
        pellucid_kernel run
        dim rows, a_channels, b_channels
        float *a
        float *b
        float *y
    ctypedef struct group_norm_args:
        pellucid_kernel run
        dim images, pixels, channels, groups
        const float *x
        const float *dy
        const float *gamma
        const float *beta
        float *mean
        float *inv_std
        float *y
        float *dgamma
        float *dbeta
        float *dx
        double eps
        char *scratch
        int parts
    ctypedef struct Kernels:
        pellucid_kernel conv2d_forward, conv2d_backward, conv_transpose2d_forward, conv_transpose2d_backward
        pellucid_kernel max_pool2d_forward, max_pool2d_backward, average_pool2d_forward, average_pool2d_backward
        pellucid_kernel upsample_nearest_forward, upsample_nearest_backward, warp, concatenate, split
        pellucid_kernel group_norm_forward, group_norm_backward
        size_t (*forward_scratch)(const convolution_forward_args *, int) noexcept
        size_t (*backward_scratch)(const convolution_backward_args *, int) noexcept
    const Kernels *kernels_now()
