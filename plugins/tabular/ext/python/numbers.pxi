# Layers of numbers: periodic, plr, piecewise_linear, scaling.

cdef str PERIODIC = ("x, dx (N, F), frequency, phase (F, K), weight (F, K or 2K, M), bias (F, M), waves (F, 2, K, N), "
                     "y, dy (N, F·M), or (N, F·(M + 1)) where x is linked, sums (F, KM + M + 2K); with a phase K, without 2K")


cdef bint periodic_sizes(periodic_args *a, object x, object frequency, bint cosines, object weight, object bias, object waves,
                         object y, bint linked) except -1:
    """Whether what forward and backward have in common fits together; then `a` holds its sizes and pointers."""
    if axes(x) != 2 or axes(frequency) != 2 or axes(weight) != 3:
        return False
    a.rows, a.numbers, a.frequencies, a.outputs = length(x, 0), length(x, 1), length(frequency, 1), length(weight, 2)
    a.waves_used = a.frequencies if cosines else 2 * a.frequencies
    a.linked = linked
    a.x, a.frequency, a.weight, a.waves, a.y = floats(x), floats(frequency), floats(weight), floats(waves), floats(y)
    return (is_matrix(frequency, a.numbers, a.frequencies) and is_block(weight, a.numbers, a.waves_used, a.outputs)
            and is_matrix_or_none(bias, a.numbers, a.outputs) and axes(waves) == 4 and length(waves, 0) == a.numbers
            and length(waves, 1) == 2 and length(waves, 2) == a.frequencies and length(waves, 3) == a.rows
            and is_matrix(y, a.rows, a.numbers * (a.outputs + linked)))


def periodic_forward(ops, x, frequency, phase, weight, bias, bint linked, bint relu, waves, y):
    if not (reads(x) and reads(frequency) and reads_or_none(phase) and reads(weight) and reads(bias) and writes(waves)
            and writes(y)):
        return NotImplemented
    cdef periodic_args a
    memset(&a, 0, sizeof(a))
    if not (periodic_sizes(&a, x, frequency, phase is not None, weight, bias, waves, y, linked)
            and is_matrix_or_none(phase, a.numbers, a.frequencies)):
        misfit("tabular/periodic_forward", PERIODIC, {"x": x, "frequency": frequency, "phase": phase, "weight": weight,
                                                      "bias": bias, "waves": waves, "y": y})
    if a.outputs > MOST_OUTPUTS:
        return NotImplemented
    a.run, a.phase, a.bias, a.relu = kernels_now().periodic_forward, floats(phase), floats(bias), relu
    run(&a, sizeof(a), (x, frequency, phase, weight, bias, waves, y))


def periodic_backward(ops, dy, x, frequency, weight, waves, y, bint linked, bint relu, sums, dfrequency, dphase, dweight, dbias, dx):
    if not (writes_as(sums, cnp.NPY_FLOAT64) and reads(dy) and reads(x) and reads(frequency) and reads(weight) and reads(waves) and reads(y)
            and writes_or_none(dfrequency) and writes_or_none(dphase) and writes_or_none(dweight)
            and writes_or_none(dbias) and writes_or_none(dx)):
        return NotImplemented
    cdef periodic_args a
    memset(&a, 0, sizeof(a))
    cdef bint cosines = axes(weight) == 3 and axes(frequency) == 2 and length(weight, 1) == length(frequency, 1)
    if not (periodic_sizes(&a, x, frequency, cosines, weight, dbias, waves, y, linked) and same_shape(dy, y)
            and is_matrix_or_none(dfrequency, a.numbers, a.frequencies) and (dx is None or same_shape(dx, x))
            and is_matrix_or_none(dphase, a.numbers, a.frequencies)
            and is_block_or_none(dweight, a.numbers, a.waves_used, a.outputs)
            and is_matrix(sums, a.numbers, (a.waves_used + 1) * a.outputs + 2 * a.frequencies)):
        misfit("tabular/periodic_backward", PERIODIC, {
            "dy": dy, "x": x, "frequency": frequency, "weight": weight, "waves": waves, "y": y, "sums": sums, "dfrequency": dfrequency,
            "dphase": dphase, "dweight": dweight, "dbias": dbias, "dx": dx})
    if a.outputs > MOST_OUTPUTS:
        return NotImplemented
    a.run, a.dy, a.relu, a.sums = kernels_now().periodic_backward, floats(dy), relu, <double *>memory(sums)
    a.dfrequency, a.dphase, a.dweight, a.dbias, a.dx = (floats(dfrequency), floats(dphase), floats(dweight), floats(dbias),
                                                        floats(dx))
    run(&a, sizeof(a), (dy, x, frequency, weight, waves, y, sums, dfrequency, dphase, dweight, dbias, dx))


cdef str PIECES = ("x, dx (N, F), edges (F, K + 1), weight (F, K, M), sums (F, 2, K, M), slope, bias (F, M), y, dy (N, F·M)")


cdef bint pieces_sizes(pieces_args *a, object x, object edges, object slope, object weight, object bias, object sums,
                       object y) except -1:
    """The same for piecewise_linear."""
    if axes(x) != 2 or axes(weight) != 3:
        return False
    a.rows, a.numbers, a.bins, a.outputs = length(x, 0), length(x, 1), length(weight, 1), length(weight, 2)
    a.x, a.edges, a.slope, a.weight, a.sums = floats(x), floats(edges), floats(slope), floats(weight), <double *>memory(sums)
    return (is_matrix(edges, a.numbers, a.bins + 1) and is_matrix(slope, a.numbers, a.outputs)
            and is_block(weight, a.numbers, a.bins, a.outputs) and is_matrix_or_none(bias, a.numbers, a.outputs)
            and size(sums) == 2 * a.numbers * a.bins * a.outputs and is_matrix(y, a.rows, a.numbers * a.outputs))


def piecewise_linear_forward(ops, x, edges, slope, weight, bias, sums, y):
    if not (reads(x) and reads(edges) and reads(slope) and reads(weight) and reads(bias)
            and writes_as(sums, cnp.NPY_FLOAT64) and writes(y)):
        return NotImplemented
    cdef pieces_args a
    memset(&a, 0, sizeof(a))
    if not pieces_sizes(&a, x, edges, slope, weight, bias, sums, y):
        misfit("tabular/piecewise_linear_forward", PIECES, {"x": x, "edges": edges, "slope": slope, "weight": weight,
                                                            "bias": bias, "sums": sums, "y": y})
    if a.outputs > MOST_OUTPUTS:
        return NotImplemented
    a.run, a.bias, a.y = kernels_now().pieces_forward, floats(bias), floats(y)
    run(&a, sizeof(a), (x, edges, slope, weight, bias, sums, y))


def piecewise_linear_backward(ops, dy, x, edges, slope, weight, sums, dslope, dweight, dbias, dx):
    if not (reads(dy) and reads(x) and reads(edges) and reads(slope) and reads(weight) and writes_as(sums, cnp.NPY_FLOAT64)
            and writes_or_none(dslope) and writes_or_none(dweight) and writes_or_none(dbias) and writes_or_none(dx)):
        return NotImplemented
    cdef pieces_args a
    memset(&a, 0, sizeof(a))
    if not (pieces_sizes(&a, x, edges, slope, weight, dbias, sums, dy) and (dslope is None or same_shape(dslope, slope))
            and (dweight is None or same_shape(dweight, weight)) and (dx is None or same_shape(dx, x))):
        misfit("tabular/piecewise_linear_backward", PIECES, {
            "dy": dy, "x": x, "edges": edges, "slope": slope, "weight": weight, "sums": sums, "dslope": dslope,
            "dweight": dweight, "dbias": dbias, "dx": dx})
    if a.outputs > MOST_OUTPUTS:
        return NotImplemented
    a.run, a.dy = kernels_now().pieces_backward, floats(dy)
    a.dslope, a.dweight, a.dbias, a.dx = floats(dslope), floats(dweight), floats(dbias), floats(dx)
    run(&a, sizeof(a), (dy, x, edges, slope, weight, sums, dslope, dweight, dbias, dx))


def scaling_forward(ops, x, scale, y):
    if not (reads(x) and reads(scale) and writes(y)):
        return NotImplemented
    if not (axes(x) == 2 and is_vector(scale, length(x, 1)) and same_shape(x, y)):
        misfit("tabular/scaling_forward", "x, y (N, D), scale (D)", {"x": x, "scale": scale, "y": y})
    cdef scale_args a
    memset(&a, 0, sizeof(a))
    a.run, a.rows, a.columns = kernels_now().scale_forward, length(x, 0), length(x, 1)
    a.x, a.scale, a.y = floats(x), floats(scale), floats(y)
    run(&a, sizeof(a), (x, scale, y))


def scaling_backward(ops, dy, x, scale, dscale, dx):
    if not (reads(dy) and reads(x) and reads(scale) and writes_or_none(dscale) and writes_or_none(dx)):
        return NotImplemented
    if not (axes(x) == 2 and is_vector(scale, length(x, 1)) and same_shape(x, dy) and (dx is None or same_shape(x, dx))
            and is_vector_or_none(dscale, length(x, 1))):
        misfit("tabular/scaling_backward", "dy, x, dx (N, D), scale, dscale (D)",
               {"dy": dy, "x": x, "scale": scale, "dscale": dscale, "dx": dx})
    cdef scale_args a
    memset(&a, 0, sizeof(a))
    a.run, a.rows, a.columns = kernels_now().scale_backward, length(x, 0), length(x, 1)
    a.dy, a.x, a.scale, a.dscale, a.dx = floats(dy), floats(x), floats(scale), floats(dscale), floats(dx)
    run(&a, sizeof(a), (dy, x, scale, dscale, dx))
