# The dense layer, activations and softmax.

def dense_forward(x, weight, bias, activation, y, z):
    cdef object kind = ACTIVATIONS.get(activation)
    if kind is None or not (reads(x) and reads(weight) and reads_or_none(bias) and writes(y) and writes_or_none(z)):
        return False
    cdef Activation name = kind
    cdef bint keeps_z = name == SILU or name == GELU
    if axes(x) != 2 or axes(weight) != 2 or (keeps_z and z is None):
        return misfit("dense_forward", DENSE, {"x": x, "weight": weight, "bias": bias, "y": y, "z": z})
    cdef Py_ssize_t rows = length(x, 0), inputs = length(x, 1), outputs = length(weight, 1)
    if not (length(weight, 0) == inputs and is_vector_or_none(bias, outputs) and is_matrix(y, rows, outputs)
            and is_matrix_or_none(z, rows, outputs)):
        misfit("dense_forward", DENSE, {"x": x, "weight": weight, "bias": bias, "y": y, "z": z})
    cdef dense_forward_args a = dense_forward_args(
        table.dense_forward, rows, inputs, outputs, floats(x), floats(weight), floats(bias), floats(y),
        floats(z if keeps_z else None), name)
    if recording():
        remember(&a, sizeof(a), (x, weight, bias, y, z))
    execute(&a)
    return True


cdef str DENSE = ("x (N, I), weight and dweight (I, O), bias and dbias (O,), y, dy, dz (N, O), z (N, O) for silu and "
                  "gelu, dx (N, I)")


def dense_backward(dy, x, weight, y, z, activation, dz, dweight, dbias, dx):
    cdef object kind = ACTIVATIONS.get(activation)
    if kind is None or not (reads(dy) and reads(x) and reads(weight) and reads_or_none(y) and reads_or_none(z)
                            and writes_or_none(dz) and writes_or_none(dweight) and writes_or_none(dbias)
                            and writes_or_none(dx)):
        return False
    cdef Activation name = kind
    cdef bint fits = axes(x) == 2 and axes(weight) == 2
    cdef Py_ssize_t rows = 0, inputs = 0, outputs = 0
    if fits:
        rows, inputs, outputs = length(x, 0), length(x, 1), length(weight, 1)
        fits = (length(weight, 0) == inputs and is_matrix(dy, rows, outputs) and is_matrix_or_none(y, rows, outputs)
                and is_matrix_or_none(z, rows, outputs) and is_matrix_or_none(dz, rows, outputs)
                and is_matrix_or_none(dweight, inputs, outputs) and is_vector_or_none(dbias, outputs)
                and is_matrix_or_none(dx, rows, inputs))
    if not fits or (name != IDENTITY and (y is None or dz is None)) or ((name == SILU or name == GELU) and z is None):
        misfit("dense_backward", DENSE, {"dy": dy, "x": x, "weight": weight, "y": y, "z": z, "dz": dz,
                                         "dweight": dweight, "dbias": dbias, "dx": dx})
    cdef dense_backward_args a = dense_backward_args(
        table.dense_backward, rows, inputs, outputs, floats(dy), floats(x), floats(weight), floats(y), floats(z),
        floats(dz), floats(dweight), floats(dbias), floats(dx), name)
    if recording():
        remember(&a, sizeof(a), (dy, x, weight, y, z, dz, dweight, dbias, dx))
    execute(&a)
    return True


cdef double slope_of(name, alpha) except? -1:
    """The parameter of the activations that have one, where it is not given."""
    return DEFAULT_ALPHA.get(name, 0.0) if alpha is None else alpha


def activation_forward(name, x, y, alpha=None):
    cdef object kind = ACTIVATIONS.get(name)
    if kind is None or not (reads(x) and writes(y)):
        return False
    if not same_shape(x, y):
        misfit("activation_forward", "x and y of one shape", {"x": x, "y": y})
    cdef activation_forward_args a = activation_forward_args(
        table.activation_forward, floats(x), floats(y), size(x), slope_of(name, alpha), kind)
    if recording():
        remember(&a, sizeof(a), (x, y))
    execute(&a)
    return True


def activation_backward(name, dy, x, y, dx, alpha=None):
    cdef object kind = ACTIVATIONS.get(name)
    if kind is None or not (reads(dy) and reads_or_none(x) and reads(y) and writes(dx)):
        return False
    cdef Activation activation = kind
    if (not (same_shape(dy, y) and same_shape(dx, y) and (x is None or same_shape(x, y)))
            or (x is None and (activation == SILU or activation == GELU))):
        misfit("activation_backward", "dy, y, dx, and x for silu and gelu, of one shape",
               {"dy": dy, "x": x, "y": y, "dx": dx})
    cdef activation_backward_args a = activation_backward_args(
        table.activation_backward, floats(dy), floats(x), floats(y), floats(dx), size(y), slope_of(name, alpha),
        activation)
    if recording():
        remember(&a, sizeof(a), (dy, x, y, dx))
    execute(&a)
    return True


cdef inline Py_ssize_t row_count(object a) noexcept:
    """Rows of the last axis."""
    return size(a) // length(a, axes(a) - 1)


def softmax_forward(x, y):
    if not (reads(x) and writes(y)):
        return False
    if not same_shape(x, y) or axes(x) < 1 or length(x, axes(x) - 1) < 1:
        misfit("softmax_forward", "x, y (N, K), K ≥ 1", {"x": x, "y": y})
    cdef softmax_forward_args a = softmax_forward_args(
        table.softmax_forward, floats(x), floats(y), row_count(x), length(x, axes(x) - 1))
    if recording():
        remember(&a, sizeof(a), (x, y))
    execute(&a)
    return True


def softmax_backward(dy, y, dx):
    if not (reads(dy) and reads(y) and writes(dx)):
        return False
    if not same_shape(dy, y) or not same_shape(dx, y) or axes(y) < 1 or length(y, axes(y) - 1) < 1:
        misfit("softmax_backward", "dy, y, dx (N, K), K ≥ 1", {"dy": dy, "y": y, "dx": dx})
    cdef softmax_backward_args a = softmax_backward_args(
        table.softmax_backward, floats(dy), floats(y), floats(dx), row_count(y), length(y, axes(y) - 1))
    if recording():
        remember(&a, sizeof(a), (dy, y, dx))
    execute(&a)
    return True
