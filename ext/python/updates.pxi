# The optimizers' updates.

def sgd(data, grad, velocity, hyper, double momentum, bint nesterov):
    if not (writes(data) and writes(grad) and writes_or_none(velocity) and reads_as(hyper, cnp.NPY_FLOAT64)):
        return False
    if not (axes(data) == 1 and is_vector(grad, length(data, 0)) and is_vector_or_none(velocity, length(data, 0))
            and size(hyper) == 2):
        misfit("sgd", "data, grad, velocity (n,), hyper (2,)",
               {"data": data, "grad": grad, "velocity": velocity, "hyper": hyper})
    cdef sgd_args a = sgd_args(table.sgd, floats(data), floats(grad), floats(velocity), size(data),
                               <double *>memory(hyper), momentum, nesterov)
    if recording():
        remember(&a, sizeof(a), (data, grad, velocity, hyper))
    execute(&a)
    return True


def adam(data, grad, m, v, hyper, t_cell, double beta1, double beta2, double eps, bint decoupled):
    if not (writes(data) and writes(grad) and writes(m) and writes(v) and reads_as(hyper, cnp.NPY_FLOAT64)
            and reads_as(t_cell, cnp.NPY_INT64)):
        return False
    cdef Py_ssize_t n = size(data)
    if not (axes(data) == 1 and is_vector(grad, n) and is_vector(m, n) and is_vector(v, n) and size(hyper) == 2
            and size(t_cell) == 1):
        misfit("adam", "data, grad, m, v (n,), hyper (2,), t ()",
               {"data": data, "grad": grad, "m": m, "v": v, "hyper": hyper, "t": t_cell})
    cdef adam_args a = adam_args(table.adam, floats(data), floats(grad), floats(m), floats(v), n,
                                 <double *>memory(hyper), <int64_t *>memory(t_cell), beta1, beta2, eps, decoupled)
    if recording():
        remember(&a, sizeof(a), (data, grad, m, v, hyper, t_cell))
    execute(&a)
    return True


def adagrad(data, grad, v, hyper, double eps):
    if not (writes(data) and writes(grad) and writes(v) and reads_as(hyper, cnp.NPY_FLOAT64)):
        return False
    cdef Py_ssize_t n = size(data)
    if not (axes(data) == 1 and is_vector(grad, n) and is_vector(v, n) and size(hyper) == 2):
        misfit("adagrad", "data, grad, v (n,), hyper (2,)", {"data": data, "grad": grad, "v": v, "hyper": hyper})
    cdef adagrad_args a = adagrad_args(table.adagrad, floats(data), floats(grad), floats(v), n,
                                       <double *>memory(hyper), eps)
    if recording():
        remember(&a, sizeof(a), (data, grad, v, hyper))
    execute(&a)
    return True


def rmsprop(data, grad, v, a, u, hyper, double rho, double momentum, double eps):
    if not (writes(data) and writes(grad) and writes(v) and writes_or_none(a) and writes_or_none(u)
            and reads_as(hyper, cnp.NPY_FLOAT64)):
        return False
    cdef Py_ssize_t n = size(data)
    if not (axes(data) == 1 and is_vector(grad, n) and is_vector(v, n) and is_vector_or_none(a, n)
            and is_vector_or_none(u, n) and size(hyper) == 2):
        misfit("rmsprop", "data, grad, v, a, u (n,), hyper (2,)",
               {"data": data, "grad": grad, "v": v, "a": a, "u": u, "hyper": hyper})
    cdef rmsprop_args p = rmsprop_args(table.rmsprop, floats(data), floats(grad), floats(v), floats(a), floats(u), n,
                                       <double *>memory(hyper), rho, momentum, eps)
    if recording():
        remember(&p, sizeof(p), (data, grad, v, a, u, hyper))
    execute(&p)
    return True


def lion(data, grad, m, hyper, double beta1, double beta2):
    if not (writes(data) and writes(grad) and writes(m) and reads_as(hyper, cnp.NPY_FLOAT64)):
        return False
    cdef Py_ssize_t n = size(data)
    if not (axes(data) == 1 and is_vector(grad, n) and is_vector(m, n) and size(hyper) == 2):
        misfit("lion", "data, grad, m (n,), hyper (2,)", {"data": data, "grad": grad, "m": m, "hyper": hyper})
    cdef lion_args a = lion_args(table.lion, floats(data), floats(grad), floats(m), n, <double *>memory(hyper), beta1,
                                 beta2)
    if recording():
        remember(&a, sizeof(a), (data, grad, m, hyper))
    execute(&a)
    return True


def clip_value(out, double limit):
    if not writes(out):
        return False
    cdef clip_value_args a = clip_value_args(table.clip_value, floats(out), size(out), limit)
    if recording():
        remember(&a, sizeof(a), (out,))
    execute(&a)
    return True
