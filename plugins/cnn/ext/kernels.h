/* The interface of the kernels: what each one is given, and the table of those of one instruction set.
 *
 * What each computes is specified by its reference in src/pellucid_cnn/ops. All arrays are float32, C-contiguous, NHWC.
 */
#pragma once
#include "pellucid.h"
#include <stddef.h>
#include <stdint.h>

typedef pellucid_dim dim;
typedef pellucid_kernel kernel;
typedef pellucid_status Status;
typedef pellucid_activation Activation;

/* A convolution: images (N, H, W, C) to maps (N, OH, OW, F). A transposed one goes from maps to images. */
typedef struct {
    dim images, height, width, channels;
    dim map_height, map_width, features;
    dim kernel_height, kernel_width;
    dim stride_rows, stride_columns, dilation_rows, dilation_columns;
    dim top, left; /* padding; that of the other two sides follows from the sizes */
    dim groups;
} Convolution;

typedef struct {
    kernel run;
    Convolution shape;
    const float *x, *weight, *bias; /* bias may be NULL */
    float *y, *z;                   /* z: NULL unless the derivative needs it */
    Activation activation;
    char *scratch; /* as many bytes as the kernel's scratch function says for so many parts */
    int parts;     /* the most parts that the scratch is enough for */
} convolution_forward_args;
typedef convolution_forward_args conv2d_forward_args;
typedef convolution_forward_args conv_transpose2d_forward_args;

typedef struct {
    kernel run;
    Convolution shape;
    const float *dy, *x, *weight, *y, *z;
    float *dz, *dweight, *dbias, *dx; /* each may be NULL; dz is NULL for identity */
    Activation activation;
    char *scratch;
    int parts;
} convolution_backward_args;
typedef convolution_backward_args conv2d_backward_args;
typedef convolution_backward_args conv_transpose2d_backward_args;

/* Pooling: of the shape, features are the channels again. */
typedef struct {
    kernel run;
    Convolution shape;
    const float *x, *dy;
    float *y, *dx;
    uint8_t *argmax; /* written by max_pool2d_forward, read by its backward */
} pool_args;

/* x (images, height, width, channels) and y factor times as high and wide; backward: x is dy and y is dx, exchanged. */
typedef struct {
    kernel run;
    dim images, height, width, channels, factor_rows, factor_columns;
    const float *x;
    float *y;
} upsample_args;

typedef struct {
    kernel run;
    dim images, height, width, channels, out_height, out_width;
    const float *x, *grid;
    float *y;
} warp_args;

/* y = [a, b] or [a, b] = y along the channels. */
typedef struct {
    kernel run;
    dim rows, a_channels, b_channels;
    float *a, *b, *y;
} join_args;

typedef struct {
    kernel run;
    dim images, pixels, channels, groups;
    const float *x, *dy, *gamma, *beta;
    float *mean, *inv_std, *y;
    float *dgamma, *dbeta, *dx; /* each may be NULL */
    double eps;
    char *scratch; /* forward: 4 doubles for each channel and part; backward: 2 for each image, 2 for each part */
    int parts;
} group_norm_args;

/* Every kernel that is compiled once for each instruction set. */
#define FOR_EACH_KERNEL(K)                                                                                             \
    K(conv2d_forward) K(conv2d_backward) K(conv_transpose2d_forward) K(conv_transpose2d_backward)                      \
    K(max_pool2d_forward) K(max_pool2d_backward) K(average_pool2d_forward) K(average_pool2d_backward)                  \
    K(upsample_nearest_forward) K(upsample_nearest_backward) K(warp) K(concatenate) K(split)                           \
    K(group_norm_forward) K(group_norm_backward)

typedef struct {
#define DECLARE(name) kernel name;
    FOR_EACH_KERNEL(DECLARE)
#undef DECLARE
    /* How many bytes of scratch these need for so many parts; `arguments` are complete but for scratch. */
    size_t (*forward_scratch)(const convolution_forward_args *arguments, int transposed);
    size_t (*backward_scratch)(const convolution_backward_args *arguments, int transposed);
} Kernels;

extern const Kernels kernels_generic, kernels_avx2, kernels_avx512;

/* Those for the instruction set that the core uses now. */
const Kernels *kernels_now(void);
