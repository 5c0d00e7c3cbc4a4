# The ops of single positions, pooling, and the contrastive loss: what their arrays must be, and the structs that they fill.

cdef extern from "kernels.h" nogil:
    ctypedef struct embedding_args:
        pellucid_kernel run
        dim places, vocabulary, units, padding
        const int64_t *tokens
        const float *weight
        float *y
        const float *dy
        int64_t *starts
        int64_t *order
        float *dweight
    ctypedef struct add_args:
        pellucid_kernel run
        dim n
        const float *a
        const float *b
        float *y
    ctypedef struct positions_args:
        pellucid_kernel run
        dim rows, row, units
        const float *x
        const float *table
        float *y
        const float *dy
        float *dtable
    ctypedef struct norm_args:
        pellucid_kernel run
        dim rows, features
        double eps
        const float *x
        const float *gain
        float *inverse
        float *y
        const float *dy
        float *dgain
        float *dx
    ctypedef struct gate_args:
        pellucid_kernel run
        dim rows, units
        const float *z
        float *y
        const float *dy
        float *dz
    ctypedef struct pool_args:
        pellucid_kernel run
        dim rows, steps, units, first
        const uint8_t *mask
        const float *x
        float *y
        const float *dy
        float *dx
    ctypedef struct contrastive_args:
        pellucid_kernel run
        dim rows, units
        double temperature
        const float *z
        const int64_t *labels
        const float *weight
        float *scores
        double *each
        double *loss
        float *dz


cdef bint ends_in(object tokens, object y, dim units) noexcept:
    """Whether y has the shape of the tokens and one axis more, of so many units."""
    if axes(y) != axes(tokens) + 1 or length(y, axes(tokens)) != units:
        return False
    for axis in range(axes(tokens)):
        if length(y, axis) != length(tokens, axis):
            return False
    return True


cdef object look_up(void *call, size_t bytes, tuple arrays, object tokens, object vocabulary):
    """Run it; a token that is no row of the table is a DataError that names it."""
    if pellucid.recording():
        pellucid.remember(call, bytes, arrays)
    if pellucid.execute(call) == PELLUCID_ROW_OUT_OF_RANGE:
        raise outside(tokens, vocabulary)


def embedding_forward(ops, tokens, weight, dim padding, y):
    if not (reads_as(tokens, cnp.NPY_INT64) and reads(weight) and writes(y)):
        return NotImplemented
    if axes(weight) != 2 or not ends_in(tokens, y, length(weight, 1)):
        misfit("transformer/embedding_forward", "tokens (N, …), weight (V, D), y (N, …, D)",
               {"tokens": tokens, "weight": weight, "y": y})
    cdef embedding_args a
    memset(&a, 0, sizeof(a))
    a.run, a.places, a.vocabulary, a.units = kernels_now().embedding_forward, size(tokens), length(weight, 0), length(weight, 1)
    a.padding, a.tokens, a.weight, a.y = padding, <const int64_t *>memory(tokens), floats(weight), floats(y)
    look_up(&a, sizeof(a), (tokens, weight, y), tokens, length(weight, 0))


def embedding_backward(ops, dy, tokens, dim padding, starts, order, dweight):
    if not (reads(dy) and reads_as(tokens, cnp.NPY_INT64) and writes_as(starts, cnp.NPY_INT64)
            and writes_as(order, cnp.NPY_INT64) and writes(dweight)):
        return NotImplemented
    if (axes(dweight) != 2 or not ends_in(tokens, dy, length(dweight, 1)) or not is_vector(starts, length(dweight, 0) + 1)
            or not is_vector(order, size(tokens))):
        misfit("transformer/embedding_backward", "dy (N, …, D), tokens (N, …), starts (V + 1), order (N·…), dweight (V, D)",
               {"dy": dy, "tokens": tokens, "starts": starts, "order": order, "dweight": dweight})
    cdef embedding_args a
    memset(&a, 0, sizeof(a))
    a.run, a.places, a.vocabulary = kernels_now().embedding_backward, size(tokens), length(dweight, 0)
    a.units, a.padding, a.tokens, a.dy = length(dweight, 1), padding, <const int64_t *>memory(tokens), floats(dy)
    a.starts, a.order, a.dweight = <int64_t *>memory(starts), <int64_t *>memory(order), floats(dweight)
    look_up(&a, sizeof(a), (dy, tokens, starts, order, dweight), tokens, length(dweight, 0))


def add(ops, a, b, y):
    if not (reads(a) and reads(b) and writes(y)):
        return NotImplemented
    if not (same_shape(a, b) and same_shape(a, y)):
        misfit("transformer/add", "three arrays of one shape", {"a": a, "b": b, "y": y})
    cdef add_args call = add_args(kernels_now().add, size(a), floats(a), floats(b), floats(y))
    run(&call, sizeof(call), (a, b, y))


cdef bint first_rows(object x, object table) noexcept:
    """Whether the table (L, D) has a row for each position of x (N, T, D)."""
    return (axes(x) == 3 and axes(table) == 2 and length(table, 1) == length(x, 2) and length(table, 0) >= length(x, 1))


def add_positions(ops, x, table, y):
    if not (reads(x) and reads(table) and writes(y)):
        return NotImplemented
    if not (first_rows(x, table) and same_shape(x, y)):
        misfit("transformer/add_positions", "x, y (N, T, D), table (at least T, D)", {"x": x, "table": table, "y": y})
    cdef positions_args a
    memset(&a, 0, sizeof(a))
    a.run, a.rows, a.row, a.units = kernels_now().add_positions, length(x, 0), length(x, 1) * length(x, 2), length(x, 2)
    a.x, a.table, a.y = floats(x), floats(table), floats(y)
    run(&a, sizeof(a), (x, table, y))


def add_positions_backward(ops, dy, dtable):
    if not (reads(dy) and writes(dtable)):
        return NotImplemented
    if not first_rows(dy, dtable):
        misfit("transformer/add_positions_backward", "dy (N, T, D), dtable (at least T, D)", {"dy": dy, "dtable": dtable})
    cdef positions_args a
    memset(&a, 0, sizeof(a))
    a.run, a.rows, a.row = kernels_now().add_positions_backward, length(dy, 0), length(dy, 1) * length(dy, 2)
    a.units, a.dy, a.dtable = length(dy, 2), floats(dy), floats(dtable)
    run(&a, sizeof(a), (dy, dtable))


def sinusoids(ops, table):
    if not writes(table):
        return NotImplemented
    if axes(table) != 2:
        misfit("transformer/sinusoids", "table (T, D)", {"table": table})
    cdef positions_args a
    memset(&a, 0, sizeof(a))
    a.run, a.row, a.units, a.y = kernels_now().sinusoids, size(table), length(table, 1), floats(table)
    run(&a, sizeof(a), (table,))


cdef str NORM = "x, y, dy, dx (N, F), gain, dgain (F), inverse (N)"


def rms_norm_forward(ops, x, gain, double eps, inverse, y):
    if not (reads(x) and reads(gain) and writes(inverse) and writes(y)):
        return NotImplemented
    if not (axes(x) == 2 and same_shape(x, y) and is_vector(gain, length(x, 1)) and is_vector(inverse, length(x, 0))):
        misfit("transformer/rms_norm_forward", NORM, {"x": x, "gain": gain, "inverse": inverse, "y": y})
    cdef norm_args a
    memset(&a, 0, sizeof(a))
    a.run, a.rows, a.features, a.eps = kernels_now().rms_norm_forward, length(x, 0), length(x, 1), eps
    a.x, a.gain, a.inverse, a.y = floats(x), floats(gain), floats(inverse), floats(y)
    run(&a, sizeof(a), (x, gain, inverse, y))


def rms_norm_backward(ops, dy, x, gain, inverse, dgain, dx):
    if not (reads(dy) and reads(x) and reads(gain) and reads(inverse) and writes_or_none(dgain) and writes_or_none(dx)):
        return NotImplemented
    if not (axes(x) == 2 and same_shape(x, dy) and is_vector(gain, length(x, 1)) and is_vector(inverse, length(x, 0))
            and is_vector_or_none(dgain, length(x, 1)) and is_matrix_or_none(dx, length(x, 0), length(x, 1))):
        misfit("transformer/rms_norm_backward", NORM, {"dy": dy, "x": x, "gain": gain, "inverse": inverse, "dgain": dgain,
                                                       "dx": dx})
    cdef norm_args a
    memset(&a, 0, sizeof(a))
    a.run, a.rows, a.features, a.dy = kernels_now().rms_norm_backward, length(x, 0), length(x, 1), floats(dy)
    a.x, a.gain, a.inverse, a.dgain, a.dx = floats(x), floats(gain), floats(inverse), floats(dgain), floats(dx)
    run(&a, sizeof(a), (dy, x, gain, inverse, dgain, dx))


def unit_forward(ops, x, double eps, inverse, y):
    if not (reads(x) and writes(inverse) and writes(y)):
        return NotImplemented
    if not (axes(x) == 2 and same_shape(x, y) and is_vector(inverse, length(x, 0))):
        misfit("transformer/unit_forward", NORM, {"x": x, "inverse": inverse, "y": y})
    cdef norm_args a
    memset(&a, 0, sizeof(a))
    a.run, a.rows, a.features, a.eps = kernels_now().unit_forward, length(x, 0), length(x, 1), eps
    a.x, a.inverse, a.y = floats(x), floats(inverse), floats(y)
    run(&a, sizeof(a), (x, inverse, y))


def unit_backward(ops, dy, y, inverse, dx):
    if not (reads(dy) and reads(y) and reads(inverse) and writes(dx)):
        return NotImplemented
    if not (axes(y) == 2 and same_shape(y, dy) and same_shape(y, dx) and is_vector(inverse, length(y, 0))):
        misfit("transformer/unit_backward", NORM, {"dy": dy, "y": y, "inverse": inverse, "dx": dx})
    cdef norm_args a
    memset(&a, 0, sizeof(a))
    a.run, a.rows, a.features, a.dy = kernels_now().unit_backward, length(y, 0), length(y, 1), floats(dy)
    a.x, a.inverse, a.dx = floats(y), floats(inverse), floats(dx)
    run(&a, sizeof(a), (dy, y, inverse, dx))


def gate_forward(ops, z, y):
    if not (reads(z) and writes(y)):
        return NotImplemented
    if not (axes(y) == 2 and is_matrix(z, length(y, 0), 2 * length(y, 1))):
        misfit("transformer/gate_forward", "z (N, 2H), y (N, H)", {"z": z, "y": y})
    cdef gate_args a
    memset(&a, 0, sizeof(a))
    a.run, a.rows, a.units, a.z, a.y = kernels_now().gate_forward, length(y, 0), length(y, 1), floats(z), floats(y)
    run(&a, sizeof(a), (z, y))


def gate_backward(ops, dy, z, dz):
    if not (reads(dy) and reads(z) and writes(dz)):
        return NotImplemented
    if not (axes(dy) == 2 and is_matrix(z, length(dy, 0), 2 * length(dy, 1)) and same_shape(z, dz)):
        misfit("transformer/gate_backward", "z, dz (N, 2H), dy (N, H)", {"dy": dy, "z": z, "dz": dz})
    cdef gate_args a
    memset(&a, 0, sizeof(a))
    a.run, a.rows, a.units = kernels_now().gate_backward, length(dy, 0), length(dy, 1)
    a.z, a.dy, a.dz = floats(z), floats(dy), floats(dz)
    run(&a, sizeof(a), (dy, z, dz))


cdef bint pools(pool_args *a, object x, object mask, object y, bint first) except -1:
    """Whether x (N, T, D), mask (N, T) or None and y (N, D) fit; then `a` holds the sizes and the mask."""
    memset(a, 0, sizeof(pool_args))
    if axes(x) != 3 or not is_matrix(y, length(x, 0), length(x, 2)):
        return False
    a.rows, a.steps, a.units, a.first = length(x, 0), length(x, 1), length(x, 2), first
    if mask is not None:
        a.mask = <const uint8_t *>memory(mask)
    return is_matrix_or_none(mask, a.rows, a.steps)


cdef str POOL = "x, dx (N, T, D), mask (N, T), y, dy (N, D)"


def pool_forward(ops, x, mask, bint first, y):
    if not (reads(x) and (mask is None or reads_as(mask, cnp.NPY_BOOL)) and writes(y)):
        return NotImplemented
    cdef pool_args a
    if not pools(&a, x, mask, y, first):
        misfit("transformer/pool_forward", POOL, {"x": x, "mask": mask, "y": y})
    a.run, a.x, a.y = kernels_now().pool_forward, floats(x), floats(y)
    run(&a, sizeof(a), (x, mask, y))


def pool_backward(ops, dy, mask, bint first, dx):
    if not (reads(dy) and (mask is None or reads_as(mask, cnp.NPY_BOOL)) and writes(dx)):
        return NotImplemented
    cdef pool_args a
    if not pools(&a, dx, mask, dy, first):
        misfit("transformer/pool_backward", POOL, {"dy": dy, "mask": mask, "dx": dx})
    a.run, a.dy, a.dx = kernels_now().pool_backward, floats(dy), floats(dx)
    run(&a, sizeof(a), (dy, mask, dx))


def contrastive(ops, z, labels, weight, double temperature, scores, each, loss, dz):
    if not (reads(z) and reads_as(labels, cnp.NPY_INT64) and reads_or_none(weight) and writes(scores)
            and writes_as(each, cnp.NPY_FLOAT64) and writes_as(loss, cnp.NPY_FLOAT64) and writes(dz)):
        return NotImplemented
    cdef contrastive_args a
    memset(&a, 0, sizeof(a))
    if not (axes(z) == 2 and same_shape(z, dz) and is_vector(labels, length(z, 0)) and is_vector(each, length(z, 0))
            and is_vector_or_none(weight, length(z, 0)) and is_matrix(scores, length(z, 0), length(z, 0)) and size(loss) == 1):
        misfit("transformer/contrastive", "z, dz (N, D), labels, weight, each (N), scores (N, N), loss ()",
               {"z": z, "labels": labels, "weight": weight, "scores": scores, "each": each, "loss": loss, "dz": dz})
    a.run, a.rows, a.units, a.temperature = kernels_now().contrastive, length(z, 0), length(z, 1), temperature
    a.z, a.labels, a.weight, a.scores = floats(z), <const int64_t *>memory(labels), floats(weight), floats(scores)
    a.each, a.loss, a.dz = <double *>memory(each), <double *>memory(loss), floats(dz)
    run(&a, sizeof(a), (z, labels, weight, scores, each, loss, dz))
