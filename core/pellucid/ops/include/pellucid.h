/* What the core's compiled kernels offer to those of a plugin: threads, the matrix product, activations, plans.
 *
 * docs/plugins/kernels.md shows how a plugin uses this. Everything stands in one table of functions, which the plugin
 * fetches when it is imported; nothing is linked. One file of the plugin defines PELLUCID_IMPORT before it includes this
 * header (in Cython: include "pellucid/api.pxi") and calls pellucid_import() once; all others just include it.
 */
#ifndef PELLUCID_H
#define PELLUCID_H

#ifdef PELLUCID_IMPORT
#include <Python.h>
#else
typedef struct _object PyObject;
#endif
#include <stddef.h>

/* Raised when the meaning of something here changes. What is new is added at the end of the table, which `size` tells. */
#define PELLUCID_API_VERSION 1

typedef ptrdiff_t pellucid_dim;

typedef enum {
    PELLUCID_DONE = 0,
    PELLUCID_STOP = 1,              /* a replayed plan ends here; it returns False */
    PELLUCID_ROW_OUT_OF_RANGE = 2,  /* a replayed plan ends here; it raises a DataError. Nothing was written. */
    PELLUCID_LABEL_OUT_OF_RANGE = 3 /* the plan goes on: the kernel has set its results to NaN */
} pellucid_status;

/* A kernel gets a pointer to its arguments: a struct that begins with the kernel itself, so that a call is a piece of
 * memory, which a plan copies and runs again. */
typedef pellucid_status (*pellucid_kernel)(const void *arguments);

/* One part of a parallel region. */
typedef void (*pellucid_task)(const void *arguments, int part, int parts);

typedef enum {
    PELLUCID_IDENTITY,
    PELLUCID_RELU,
    PELLUCID_LEAKY_RELU,
    PELLUCID_ELU,
    PELLUCID_SIGMOID,
    PELLUCID_TANH,
    PELLUCID_SOFTPLUS,
    PELLUCID_SILU,
    PELLUCID_GELU
} pellucid_activation;

/* The instruction set that the core uses: the best that the CPU knows, or what PELLUCID_SIMD says. */
typedef enum { PELLUCID_GENERIC, PELLUCID_AVX2, PELLUCID_AVX512 } pellucid_simd;

/* C = A B, or C += A B, with a bias for each column and max(0, ·) at the end. */
typedef struct {
    pellucid_dim rows, columns, depth;
    const float *a;
    pellucid_dim a_row, a_step; /* element (i, k) is a[i·a_row + k·a_step]: either may be 1, so A may be transposed */
    const float *b;
    pellucid_dim b_row;
    int b_transposed;  /* element (k, j) is b[k·b_row + j], or b[j·b_row + k] */
    float *c;
    pellucid_dim c_row;
    int add;           /* C += A B */
    const float *bias; /* added to each row, or NULL */
    int relu;          /* max(0, ·) at last */
} pellucid_product;

typedef struct {
    int version; /* PELLUCID_API_VERSION of the core */
    size_t size; /* bytes of its table */

    /* Run task(arguments, 0, parts) … task(arguments, parts − 1, parts), as far as possible at the same time, and wait for
     * all of them. There may be fewer parts than asked for: one, if another thread of the program is inside a region.
     * Parts must not wait for each other, nor start regions. Denormal numbers are zero in all of them. */
    void (*parallel)(pellucid_task task, const void *arguments, int parts);
    /* How many parts are worth it for work of about this many multiply-adds; 1 where a region would cost more. */
    int (*parts_for)(double work);
    /* The most parts that a region has (pellucid.set_num_threads). */
    int (*threads)(void);
    pellucid_simd (*simd)(void);

    /* The matrix product on the calling thread: call it in the parts of a region. */
    void (*gemm)(const pellucid_product *product);
    /* y = f(x) for n numbers, y may be x; alpha is the parameter of leaky_relu and elu. */
    void (*activation_forward)(pellucid_activation f, float alpha, const float *x, float *y, pellucid_dim n);
    /* dx = dy f'(x), dx may be dy. x is read for silu and gelu only, y for all others; the other one may be NULL. */
    void (*activation_backward)(pellucid_activation f, float alpha, const float *dy, const float *x, const float *y,
                                float *dx, pellucid_dim n);

    /* The rest is called with the GIL held. */

    /* Run a call: its kernel, without the GIL and with denormal numbers taken for zero. */
    pellucid_status (*execute)(const void *call);
    /* Whether this thread is recording a plan. */
    int (*recording)(void);
    /* Append a copy of the call to the plan being recorded, which keeps `arrays` (a tuple) alive. −1: a Python exception. */
    int (*remember)(const void *call, size_t bytes, PyObject *arrays);
    /* Something happened that a plan cannot replay: the one being recorded, if any, comes to nothing. */
    void (*spoil)(void);
} pellucid_table;

/* The table, after pellucid_import(). */
extern __attribute__((visibility("hidden"))) const pellucid_table *pellucid;

#ifdef PELLUCID_IMPORT
const pellucid_table *pellucid;

/* Fetch the table from the core; −1 and an ImportError where it is not there or does not suit. */
static inline int pellucid_import(void) {
    PyObject *module = PyImport_ImportModule("pellucid.ops.kernels.native");
    PyObject *capsule = module ? PyObject_GetAttrString(module, "api") : NULL;
    const pellucid_table *table = capsule ? PyCapsule_GetPointer(capsule, "pellucid.ops.kernels.native.api") : NULL;
    Py_XDECREF(capsule);
    Py_XDECREF(module); /* sys.modules keeps the module, and so the table, alive */
    if (!table) return -1;
    if (table->version != PELLUCID_API_VERSION || table->size < sizeof *table) {
        PyErr_Format(PyExc_ImportError,
                     "These kernels do not fit the installed pellucid. Expected: kernel interface %d with a table of at "
                     "least %zu bytes. Received: interface %d, %zu bytes. Install a version of this plugin that fits, or "
                     "build it again: pip install --force-reinstall --no-cache-dir PLUGIN.",
                     PELLUCID_API_VERSION, sizeof *table, table->version, table->size);
        return -1;
    }
    pellucid = table;
    return 0;
}
#endif
#endif
