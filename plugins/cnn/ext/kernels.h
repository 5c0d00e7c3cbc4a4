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

/* Every kernel that is compiled once for each instruction set. */
#define FOR_EACH_KERNEL(K)                                                                                             \
    K(conv2d_forward) K(conv2d_backward) K(conv_transpose2d_forward) K(conv_transpose2d_backward)

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
