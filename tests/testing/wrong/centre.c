/* y = x - mean of its row + b, with every mistake that a kernel of a plugin may make; a number says which one is made. */
#define PELLUCID_IMPORT
#include "pellucid.h"

enum { RIGHT, REST_OF_PARTS, REST_OF_VECTORS, MOST_COLUMNS, STATIC_SCRATCH, CUT_SUMS, UNWRITTEN, LAST_OF_THREE, BEYOND,
       ONE_TOO_MANY, ASSIGNED, FLOAT_SUMS, MOST_ROWS, READS_BEYOND, HIDDEN_STATIC, RACE, WRITES_INPUT, EVERY_THIRD };

typedef struct {
    pellucid_kernel run;
    float *x, *b, *means, *out; /* backwards: x is dy, b the gradient of b, or NULL */
    pellucid_dim rows, columns;
    pellucid_dim backward, mistake;
} centre_args;

static float shared[1 << 16], unseen[1 << 16];

static pellucid_dim first_of(const centre_args *a, int part, int parts) {
    if (a->mistake == REST_OF_PARTS && a->rows >= parts) return a->rows / parts * part;
    return a->rows * part / parts;
}

static void part_rows(const void *arguments, int part, int parts) {
    const centre_args *a = arguments;
    const pellucid_dim n = a->columns, most = a->mistake == MOST_COLUMNS && n > 32 ? 32 : n;
    const pellucid_dim last = first_of(a, part + 1, parts) - (a->mistake == LAST_OF_THREE && parts == 3 && part == 2);
    float *means = a->mistake == HIDDEN_STATIC ? unseen : a->means;
    for (pellucid_dim i = first_of(a, part, parts); i < last; i++) {
        if (a->mistake == MOST_ROWS && i >= 64) break;
        float *x = a->x + i * n, *out = a->out + i * n;
        if (a->mistake != UNWRITTEN) means[i % (1 << 16)] = 0;
        for (pellucid_dim j = 0; j < n + (a->mistake == READS_BEYOND); j++) means[i % (1 << 16)] += x[j];
    }
    for (pellucid_dim i = first_of(a, part, parts); i < last; i++) {
        if (a->mistake == MOST_ROWS && i >= 64) break;
        float *x = a->x + i * n, *out = a->out + i * n;
        const float mean = means[i % (1 << 16)] / (float)n;
        const pellucid_dim end = a->mistake == REST_OF_VECTORS && n > 8 ? n & ~7 : most;
        for (pellucid_dim j = 0; j < end + (a->mistake == BEYOND && i + 1 == a->rows); j++) {
            const float shift = a->backward || j >= n ? 0 : a->b[j];
            if (a->mistake == EVERY_THIRD && parts > 1 && j % 3 == 0) continue;
            out[j] = (j < n ? x[j] : 0) - mean + shift;
        }
        if (a->mistake == WRITES_INPUT) x[0] = out[0];
    }
}

static void part_columns(const void *arguments, int part, int parts) {
    const centre_args *a = arguments;
    const pellucid_dim n = a->columns;
    if (a->mistake == CUT_SUMS) { /* rows are cut, and each part adds what it has */
        for (pellucid_dim j = 0; j < n; j++) {
            float sum = 0;
            for (pellucid_dim i = a->rows * part / parts; i < a->rows * (part + 1) / parts; i++) sum += a->x[i * n + j];
            static int lock;
            while (__sync_lock_test_and_set(&lock, 1)) {}
            a->b[j] += sum;
            __sync_lock_release(&lock);
        }
        return;
    }
    if (a->mistake == RACE) { /* the same without the lock */
        for (pellucid_dim i = a->rows * part / parts; i < a->rows * (part + 1) / parts; i++)
            for (pellucid_dim j = 0; j < n; j++) ((volatile float *)a->b)[j] += a->x[i * n + j];
        return;
    }
    for (pellucid_dim j = n * part / parts; j < n * (part + 1) / parts; j++) {
        double sum = 0;
        float narrow = 0;
        for (pellucid_dim i = 0; i < a->rows; i++) sum += a->x[i * n + j], narrow += a->x[i * n + j];
        if (a->mistake == FLOAT_SUMS) sum = (double)narrow;
        a->b[j] = a->mistake == ASSIGNED ? (float)sum : a->b[j] + (float)sum;
    }
}

static pellucid_status run_centre(const void *arguments) {
    centre_args a = *(const centre_args *)arguments;
    const int parts = pellucid->parts_for(4. * (double)a.rows * (double)a.columns);
    if (a.mistake == ONE_TOO_MANY && a.rows > 1000) a.rows--;
    pellucid->parallel(part_rows, &a, parts);
    if (a.backward && a.b) pellucid->parallel(part_columns, &a, parts);
    return PELLUCID_DONE;
}

/* centre(x, b, means, out, rows, columns, backward, mistake, arrays): addresses, sizes; arrays is None: not remembered. */
static PyObject *centre(PyObject *self, PyObject *arguments) {
    centre_args a = {run_centre};
    PyObject *arrays;
    if (!PyArg_ParseTuple(arguments, "nnnnnnnnO", (Py_ssize_t *)&a.x, (Py_ssize_t *)&a.b, (Py_ssize_t *)&a.means,
                          (Py_ssize_t *)&a.out, &a.rows, &a.columns, &a.backward, &a.mistake, &arrays))
        return NULL;
    if (a.mistake == STATIC_SCRATCH) a.means = shared;
    if (arrays != Py_None && pellucid->recording() && pellucid->remember(&a, sizeof a, arrays)) return NULL;
    pellucid->execute(&a);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"centre", centre, METH_VARARGS, NULL}, {0}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "centre", NULL, -1, methods};

PyMODINIT_FUNC PyInit_centre(void) { return pellucid_import() ? NULL : PyModule_Create(&definition); }
