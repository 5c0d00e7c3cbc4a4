# The six ops: what their arrays must be, and the struct that they fill.

cdef str ARRAYS = ("x, dx (N, T, F), mask (N, T), y, dy (N, T, H), dlast, dstate (N, H), xs (T, N, F), states (T + 1, N, "
                   "H), extra (T, N, H), and for G gates weight (F, G·H), recurrent (H, G·H), bias (G·H), gates (T, N, G·H)")


cdef int run(void *call, size_t bytes, tuple arrays) except -1:
    """Run the call; if this thread records a plan, it becomes part of it and keeps the arrays alive."""
    if pellucid.recording():
        pellucid.remember(call, bytes, arrays)
    if pellucid.execute(call) != PELLUCID_DONE:
        raise DataError("A step has more rows than are carried over. Give the layer carry = the rows of a step.")
    return 0


cdef bint is_block(object a, dim n, dim h, dim w) noexcept:
    return axes(a) == 3 and length(a, 0) == n and length(a, 1) == h and length(a, 2) == w


cdef bint is_block_or_none(object a, dim n, dim h, dim w) noexcept:
    return a is None or is_block(a, n, h, w)


cdef bint sizes(recurrent_args *a, object mask, object weight, object recurrent, object xs, object gates, object states,
                bint backwards, dim gate_count) except -1:
    """Whether what forward and backward have in common fits together; then `a` holds its sizes and pointers."""
    if axes(xs) != 3 or axes(recurrent) != 2:
        return False
    a.steps, a.rows, a.features, a.units = length(xs, 0), length(xs, 1), length(xs, 2), length(recurrent, 0)
    a.backwards, a.mask = backwards, <const uint8_t *>floats(mask)
    a.weight, a.recurrent, a.xs, a.gates, a.states = (floats(weight), floats(recurrent), floats(xs), floats(gates),
                                                      floats(states))
    cdef dim width = gate_count * a.units
    return (is_matrix_or_none(mask, a.rows, a.steps) and is_matrix(weight, a.features, width)
            and is_matrix(recurrent, a.units, width) and is_block(gates, a.steps, a.rows, width)
            and is_block(states, a.steps + 1, a.rows, a.units))


cdef bint is_mask(object mask) noexcept:
    return mask is None or reads_as(mask, cnp.NPY_BOOL)


cdef object forward(str op, dim gate_count, pellucid_kernel kernel, str activation, x, mask, weight, recurrent, bias,
                    candidate, bint backwards, xs, gates, states, cells, extra, y):
    if not (reads(x) and is_mask(mask) and reads(weight) and reads(recurrent) and reads(bias)
            and reads_or_none(candidate) and writes(xs) and writes(gates) and writes(states) and writes_or_none(cells)
            and writes_or_none(extra) and writes_or_none(y)):
        return NotImplemented
    cdef recurrent_args a
    memset(&a, 0, sizeof(a))
    if not (sizes(&a, mask, weight, recurrent, xs, gates, states, backwards, gate_count)
            and is_block(x, a.rows, a.steps, a.features) and is_vector(bias, gate_count * a.units)
            and is_vector_or_none(candidate, a.units) and is_block_or_none(cells, a.steps + 1, a.rows, a.units)
            and is_block_or_none(extra, a.steps, a.rows, a.units) and is_block_or_none(y, a.rows, a.steps, a.units)):
        misfit(op, ARRAYS, {"x": x, "mask": mask, "weight": weight, "recurrent": recurrent, "bias": bias, "xs": xs,
                            "gates": gates, "states": states, "cells": cells, "extra": extra, "y": y})
    a.run, a.activation, a.x, a.bias, a.candidate = kernel, ACTIVATIONS[activation], floats(x), floats(bias), floats(candidate)
    a.cells, a.extra, a.y = floats(cells), floats(extra), floats(y)
    run(&a, sizeof(a), (x, mask, weight, recurrent, bias, candidate, xs, gates, states, cells, extra, y))


cdef object backward(str op, dim gate_count, pellucid_kernel kernel, str activation, dy, dlast, mask, weight, recurrent,
                     bint backwards, xs, gates, states, cells, extra, dgates, dextra, dstate, dcell, dweight, drecurrent,
                     dbias, dcandidate, dx):
    if not (reads_or_none(dy) and reads_or_none(dlast) and is_mask(mask) and reads(weight) and reads(recurrent)
            and reads(xs) and reads(gates) and reads(states) and reads_or_none(cells) and reads_or_none(extra)
            and writes(dgates) and writes_or_none(dextra) and writes(dstate) and writes_or_none(dcell)
            and writes_or_none(dweight) and writes_or_none(drecurrent) and writes_or_none(dbias)
            and writes_or_none(dcandidate) and writes_or_none(dx)):
        return NotImplemented
    cdef recurrent_args a
    memset(&a, 0, sizeof(a))
    if not (sizes(&a, mask, weight, recurrent, xs, gates, states, backwards, gate_count)
            and (dy is None) != (dlast is None) and is_block_or_none(dy, a.rows, a.steps, a.units)
            and is_matrix_or_none(dlast, a.rows, a.units) and is_block_or_none(cells, a.steps + 1, a.rows, a.units)
            and is_block_or_none(extra, a.steps, a.rows, a.units)
            and is_block(dgates, a.steps, a.rows, gate_count * a.units)
            and is_block_or_none(dextra, a.steps, a.rows, a.units) and is_matrix(dstate, a.rows, a.units)
            and is_matrix_or_none(dcell, a.rows, a.units)
            and is_matrix_or_none(dweight, a.features, gate_count * a.units)
            and is_matrix_or_none(drecurrent, a.units, gate_count * a.units)
            and is_vector_or_none(dbias, gate_count * a.units) and is_vector_or_none(dcandidate, a.units)
            and is_block_or_none(dx, a.rows, a.steps, a.features)):
        misfit(op, ARRAYS, {"dy": dy, "dlast": dlast, "mask": mask, "weight": weight, "recurrent": recurrent, "xs": xs,
                            "gates": gates, "states": states, "cells": cells, "extra": extra, "dgates": dgates,
                            "dstate": dstate, "dweight": dweight, "drecurrent": drecurrent, "dbias": dbias, "dx": dx})
    a.run, a.activation, a.dy, a.dlast = kernel, ACTIVATIONS[activation], floats(dy), floats(dlast)
    a.cells, a.extra, a.dgates, a.dextra = floats(cells), floats(extra), floats(dgates), floats(dextra)
    a.dstate, a.dcell = floats(dstate), floats(dcell)
    a.dweight, a.drecurrent, a.dbias, a.dcandidate = floats(dweight), floats(drecurrent), floats(dbias), floats(dcandidate)
    a.dx = floats(dx)
    transposed = numpy.empty((gate_count * a.units, a.units), numpy.float32)
    dxs = None if dx is None else numpy.empty((a.steps, a.rows, a.features), numpy.float32)
    a.transposed, a.dxs = floats(transposed), floats(dxs)
    run(&a, sizeof(a), (dy, dlast, mask, weight, recurrent, xs, gates, states, cells, extra, dgates, dextra, dstate,
                        dcell, dweight, drecurrent, dbias, dcandidate, dx, transposed, dxs))


def rnn_forward(ops, x, mask, weight, recurrent, bias, activation, backwards, xs, gates, states, y):
    return forward("recurrent/rnn_forward", 1, kernels_now().rnn_forward, activation, x, mask, weight, recurrent, bias,
                   None, backwards, xs, gates, states, None, None, y)


def rnn_backward(ops, dy, dlast, mask, weight, recurrent, activation, backwards, xs, states, dgates, dstate, dweight,
                 drecurrent, dbias, dx):
    return backward("recurrent/rnn_backward", 1, kernels_now().rnn_backward, activation, dy, dlast, mask, weight,
                    recurrent, backwards, xs, dgates, states, None, None, dgates, None, dstate, None, dweight, drecurrent,
                    dbias, None, dx)


def gru_forward(ops, x, mask, weight, recurrent, bias, candidate, backwards, xs, gates, states, extra, y):
    return forward("recurrent/gru_forward", 3, kernels_now().gru_forward, "tanh", x, mask, weight, recurrent, bias,
                   candidate, backwards, xs, gates, states, None, extra, y)


def gru_backward(ops, dy, dlast, mask, weight, recurrent, backwards, xs, gates, states, extra, dgates, dextra, dstate,
                 dweight, drecurrent, dbias, dcandidate, dx):
    return backward("recurrent/gru_backward", 3, kernels_now().gru_backward, "tanh", dy, dlast, mask, weight, recurrent,
                    backwards, xs, gates, states, None, extra, dgates, dextra, dstate, None, dweight, drecurrent, dbias,
                    dcandidate, dx)


def lstm_forward(ops, x, mask, weight, recurrent, bias, backwards, xs, gates, states, cells, extra, y):
    return forward("recurrent/lstm_forward", 4, kernels_now().lstm_forward, "tanh", x, mask, weight, recurrent, bias,
                   None, backwards, xs, gates, states, cells, extra, y)


def lstm_backward(ops, dy, dlast, mask, weight, recurrent, backwards, xs, gates, states, cells, extra, dgates, dstate,
                  dcell, dweight, drecurrent, dbias, dx):
    return backward("recurrent/lstm_backward", 4, kernels_now().lstm_backward, "tanh", dy, dlast, mask, weight,
                    recurrent, backwards, xs, gates, states, cells, extra, dgates, None, dstate, dcell, dweight,
                    drecurrent, dbias, None, dx)


cdef str CARRY = "carried, before (R, H), row_offset (1,) uint64, begins (N,), states (N, H)"


cdef bint is_offset(object row_offset) noexcept:
    return reads_as(row_offset, cnp.NPY_UINT64) and axes(row_offset) == 1 and length(row_offset, 0) == 1


def begin(ops, carried, row_offset, begins, out):
    if not (reads(carried) and is_offset(row_offset) and is_mask(begins) and writes(out)):
        return NotImplemented
    if axes(carried) != 2 or axes(out) != 2 or length(out, 1) != length(carried, 1) or not is_vector_or_none(
            begins, length(out, 0)):
        misfit("recurrent/begin", CARRY, {"carried": carried, "row_offset": row_offset, "begins": begins, "out": out})
    cdef carry_args a = carry_args(kernels_now().begin, length(out, 0), length(out, 1), length(carried, 0),
                                   <const uint64_t *>memory(row_offset), floats(carried), NULL,
                                   <const uint8_t *>floats(begins), floats(out))
    run(&a, sizeof(a), (carried, row_offset, begins, out))


def keep(ops, before, row_offset, states, out):
    if not (reads(before) and is_offset(row_offset) and reads(states) and writes(out)):
        return NotImplemented
    if axes(before) != 2 or not same_shape(before, out) or axes(states) != 2 or length(states, 1) != length(out, 1):
        misfit("recurrent/keep", CARRY, {"before": before, "row_offset": row_offset, "states": states, "out": out})
    cdef carry_args a = carry_args(kernels_now().keep, length(states, 0), length(states, 1), length(before, 0),
                                   <const uint64_t *>memory(row_offset), floats(before), floats(states), NULL, floats(out))
    run(&a, sizeof(a), (before, row_offset, states, out))
