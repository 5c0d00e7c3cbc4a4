/* A plugin's kernels in plain C, as small as they can be: they try everything that pellucid.h offers. */
#define PELLUCID_IMPORT
#include "pellucid.h"

typedef struct {
    pellucid_kernel run;
    float *out;
    pellucid_dim n;
    int parts;
} add_one_args;

static void part_add_one(const void *arguments, int part, int parts) {
    const add_one_args *a = arguments;
    for (pellucid_dim i = a->n * part / parts; i < a->n * (part + 1) / parts; i++) a->out[i] += 1;
}

static pellucid_status run_add_one(const void *arguments) {
    const add_one_args *a = arguments;
    pellucid->parallel(part_add_one, a, a->parts);
    return a->n ? PELLUCID_DONE : PELLUCID_STOP;
}

static PyObject *add_one(PyObject *self, PyObject *arguments) {
    PyObject *array;
    Py_buffer out;
    int parts;
    if (!PyArg_ParseTuple(arguments, "Oi", &array, &parts) || PyObject_GetBuffer(array, &out, PyBUF_WRITABLE)) return NULL;
    const add_one_args a = {run_add_one, out.buf, out.len / 4, parts};
    PyBuffer_Release(&out);
    if (pellucid->recording()) {
        PyObject *arrays = PyTuple_Pack(1, array);
        const int failed = !arrays || pellucid->remember(&a, sizeof a, arrays);
        Py_XDECREF(arrays);
        if (failed) return NULL;
    }
    return PyLong_FromLong(pellucid->execute(&a));
}

static PyObject *gemm(PyObject *self, PyObject *arguments) {
    Py_buffer a, b, c, bias;
    pellucid_product p = {0};
    int a_transposed, has_bias;
    if (!PyArg_ParseTuple(arguments, "y*y*w*y*nnnipipp", &a, &b, &c, &bias, &p.rows, &p.columns, &p.depth, &a_transposed,
                          &p.b_transposed, &p.add, &has_bias, &p.relu))
        return NULL;
    p.a = a.buf, p.b = b.buf, p.c = c.buf, p.bias = has_bias ? bias.buf : NULL;
    p.a_row = a_transposed ? 1 : p.depth, p.a_step = a_transposed ? p.rows : 1;
    p.b_row = p.b_transposed ? p.depth : p.columns, p.c_row = p.columns;
    pellucid->gemm(&p);
    PyBuffer_Release(&a), PyBuffer_Release(&b), PyBuffer_Release(&c), PyBuffer_Release(&bias);
    Py_RETURN_NONE;
}

static PyObject *activation(PyObject *self, PyObject *arguments) {
    Py_buffer x, dy, y, dx;
    int f;
    if (!PyArg_ParseTuple(arguments, "iy*y*w*w*", &f, &x, &dy, &y, &dx)) return NULL;
    pellucid->activation_forward(f, 1, x.buf, y.buf, y.len / 4);
    pellucid->activation_backward(f, 1, dy.buf, x.buf, y.buf, dx.buf, dx.len / 4);
    PyBuffer_Release(&x), PyBuffer_Release(&dy), PyBuffer_Release(&y), PyBuffer_Release(&dx);
    Py_RETURN_NONE;
}

static PyObject *spoil(PyObject *self, PyObject *nothing) {
    pellucid->spoil();
    Py_RETURN_NONE;
}

static PyObject *machine(PyObject *self, PyObject *nothing) {
    return Py_BuildValue("iiii", (int)pellucid->simd(), pellucid->threads(), pellucid->parts_for(10), pellucid->parts_for(1e12));
}

static PyMethodDef methods[] = {
    {"add_one", add_one, METH_VARARGS, NULL}, {"gemm", gemm, METH_VARARGS, NULL},
    {"activation", activation, METH_VARARGS, NULL}, {"spoil", spoil, METH_NOARGS, NULL},
    {"machine", machine, METH_NOARGS, NULL}, {0},
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "plugin", NULL, -1, methods};

PyMODINIT_FUNC PyInit_plugin(void) { return pellucid_import() ? NULL : PyModule_Create(&definition); }
