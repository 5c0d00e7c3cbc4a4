# Whole arrays, rows of arrays, and the cells of a training loop.

def fill(out, double value):
    cdef fill_args a
    cdef scalar_args b
    if writes_as(out, cnp.NPY_FLOAT64):
        b = scalar_args(run_fill64, <double *>memory(out), NULL, size(out), value)
        if recording():
            remember(&b, sizeof(b), (out,))
        execute(&b)
        return True
    if not writes(out):
        return False
    a = fill_args(table.fill, floats(out), size(out), value)
    if recording():
        remember(&a, sizeof(a), (out,))
    execute(&a)
    return True


def copy(x, out):
    """Covers any dtype, where x and out have the same one; the transpose of a matrix of floats or doubles; and numbers of
    64 bits, truth values and floats that become floats or doubles."""
    if not (cnp.PyArray_Check(x) and cnp.PyArray_Check(out)):
        return False
    if not cnp.PyArray_ISCARRAY(<cnp.ndarray>out):
        return False
    if cnp.PyArray_TYPE(<cnp.ndarray>x) != cnp.PyArray_TYPE(<cnp.ndarray>out):
        return copy_converted(x, out)
    if not is_plain(out):
        return False
    if not same_shape(x, out):
        misfit("copy", "x and out of one shape", {"x": x, "out": out})
    if not cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>x):
        return copy_transposed(x, out)
    cdef copy_args a = copy_args(run_copy, <char *>memory(x), <char *>memory(out), cnp.PyArray_NBYTES(<cnp.ndarray>x))
    if recording():
        remember(&a, sizeof(a), (x, out))
    execute(&a)
    return True


cdef bint copy_transposed(object x, object out) except -1:
    """Covers x whose transpose lies in memory row after row; x and out have one dtype and one shape."""
    cdef int dtype = cnp.PyArray_TYPE(<cnp.ndarray>x)
    if not (cnp.PyArray_ISFARRAY_RO(<cnp.ndarray>x) and cnp.PyArray_NDIM(<cnp.ndarray>x) == 2):
        return False
    if dtype not in (cnp.NPY_FLOAT32, cnp.NPY_FLOAT64):
        return False
    cdef transpose_args a = transpose_args(
        run_transpose, <char *>memory(x), <char *>memory(out), out.shape[0], out.shape[1], dtype == cnp.NPY_FLOAT64
    )
    if recording():
        remember(&a, sizeof(a), (x, out))
    execute(&a)
    return True


cdef bint copy_converted(object x, object out) except -1:
    """Covers C-contiguous arrays of one shape, each of a type that has a name in C."""
    cdef int source = numbers_of(x), to = numbers_of(out)
    if source < 0 or not 0 <= to <= DOUBLES or not cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>x):
        return False
    if not same_shape(x, out):
        misfit("copy", "x and out of one shape", {"x": x, "out": out})
    cdef convert_args a = convert_args(run_convert, memory(x), memory(out), size(out), <Numbers>source, <Numbers>to)
    if recording():
        remember(&a, sizeof(a), (x, out))
    execute(&a)
    return True


cdef inline int numbers_of(object a) noexcept:
    """How C names the type of its elements, or −1."""
    cdef int dtype = cnp.PyArray_TYPE(<cnp.ndarray>a)
    if dtype == cnp.NPY_INT64:
        return INTEGERS
    if dtype == cnp.NPY_BOOL:
        return TRUTHS
    return FLOATS if dtype == cnp.NPY_FLOAT32 else DOUBLES if dtype == cnp.NPY_FLOAT64 else -1


cdef inline bint is_plain(object a) noexcept:
    """Numbers: elements that may be moved as bytes."""
    cdef int dtype = cnp.PyArray_TYPE(<cnp.ndarray>a)
    return dtype <= cnp.NPY_CLONGDOUBLE or dtype == cnp.NPY_FLOAT16


def scale(out, double factor):
    cdef scale_args a
    cdef scalar_args b
    if writes_as(out, cnp.NPY_FLOAT64):
        b = scalar_args(run_scale64, <double *>memory(out), NULL, size(out), factor)
        if recording():
            remember(&b, sizeof(b), (out,))
        execute(&b)
        return True
    if not writes(out):
        return False
    a = scale_args(table.scale, floats(out), size(out), factor)
    if recording():
        remember(&a, sizeof(a), (out,))
    execute(&a)
    return True


def add_scaled(out, x, double factor):
    cdef add_scaled_args a
    cdef scalar_args b
    cdef bint double_precision = writes_as(out, cnp.NPY_FLOAT64) and reads_as(x, cnp.NPY_FLOAT64)
    if not double_precision and not (writes(out) and reads(x)):
        return False
    if not same_shape(x, out):
        misfit("add_scaled", "x and out of one shape", {"out": out, "x": x})
    if double_precision:
        b = scalar_args(run_add_scaled64, <double *>memory(out), <double *>memory(x), size(out), factor)
        if recording():
            remember(&b, sizeof(b), (out, x))
        execute(&b)
        return True
    a = add_scaled_args(table.add_scaled, floats(out), floats(x), size(out), factor)
    if recording():
        remember(&a, sizeof(a), (out, x))
    execute(&a)
    return True


def lerp(out, x, double rate):
    cdef lerp_args a
    cdef scalar_args b
    cdef bint double_precision = writes_as(out, cnp.NPY_FLOAT64) and reads_as(x, cnp.NPY_FLOAT64)
    if not double_precision and not (writes(out) and reads(x)):
        return False
    if not same_shape(x, out):
        misfit("lerp", "x and out of one shape", {"out": out, "x": x})
    if double_precision:
        b = scalar_args(run_lerp64, <double *>memory(out), <double *>memory(x), size(out), rate)
        if recording():
            remember(&b, sizeof(b), (out, x))
        execute(&b)
        return True
    a = lerp_args(table.lerp, floats(out), floats(x), size(out), rate)
    if recording():
        remember(&a, sizeof(a), (out, x))
    execute(&a)
    return True


def gather(source, index, out):
    """Covers any dtype of numbers; index int64."""
    if not (cnp.PyArray_Check(source) and cnp.PyArray_Check(out) and reads_as(index, cnp.NPY_INT64)):
        return False
    if not (cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>source) and cnp.PyArray_ISCARRAY(<cnp.ndarray>out)):
        return False
    if cnp.PyArray_TYPE(<cnp.ndarray>source) != cnp.PyArray_TYPE(<cnp.ndarray>out) or not is_plain(out):
        return False
    cdef int axis
    cdef bint fits = axes(index) == 1 and axes(source) >= 1 and axes(out) == axes(source)
    fits = fits and length(out, 0) == length(index, 0)
    cdef size_t row_bytes = <size_t>cnp.PyArray_ITEMSIZE(<cnp.ndarray>out)
    if fits:
        for axis in range(1, axes(out)):
            fits = fits and length(out, axis) == length(source, axis)
            row_bytes *= <size_t>length(out, axis)
    if not fits:
        misfit("gather", "source (M, …), index (n,), out (n, …)", {"source": source, "index": index, "out": out})
    cdef gather_args a = gather_args(run_gather, <char *>memory(source), <int64_t *>memory(index), <char *>memory(out),
                                     length(index, 0), length(source, 0), row_bytes)
    if recording():
        remember(&a, sizeof(a), (source, index, out))
    if execute(&a) == ROW_OUT_OF_RANGE:
        raise DataError(f"Cannot gather rows: an index lies outside 0 … {length(source, 0) - 1}. "
                        f"Received: {index.min()} … {index.max()}. Check how the row numbers were made.")
    return True


def sum_squares(x, out):
    if not (reads(x) and writes_as(out, cnp.NPY_FLOAT64)):
        return False
    if size(out) != 1:
        misfit("sum_squares", "out ()", {"x": x, "out": out})
    cdef sum_squares_args a = sum_squares_args(table.sum_squares, floats(x), <double *>memory(out), size(x))
    if recording():
        remember(&a, sizeof(a), (x, out))
    execute(&a)
    return True


def clip_norm(out, sum_squares, double limit):
    if not (writes(out) and reads_as(sum_squares, cnp.NPY_FLOAT64)):
        return False
    if size(sum_squares) != 1:
        misfit("clip_norm", "sum_squares ()", {"out": out, "sum_squares": sum_squares})
    cdef clip_norm_args a = clip_norm_args(
        table.clip_norm, floats(out), <double *>memory(sum_squares), size(out), limit)
    if recording():
        remember(&a, sizeof(a), (out, sum_squares))
    execute(&a)
    return True


def increment(cell):
    if not writes_as(cell, cnp.NPY_INT64):
        return False
    if size(cell) != 1:
        misfit("increment", "cell ()", {"cell": cell})
    cdef increment_args a = increment_args(run_increment, <int64_t *>memory(cell))
    if recording():
        remember(&a, sizeof(a), (cell,))
    execute(&a)
    return True


def guard_finite(cell):
    """True or False: whether the number is finite; None: not covered."""
    if not reads_as(cell, cnp.NPY_FLOAT64):
        return None
    if size(cell) != 1:
        misfit("guard_finite", "cell ()", {"cell": cell})
    cdef guard_finite_args a = guard_finite_args(run_guard_finite, <double *>memory(cell))
    if recording():
        remember(&a, sizeof(a), (cell,))
    return execute(&a) == DONE


def next_rows(order, cursor, index):
    if not (reads_as(order, cnp.NPY_INT64) and writes_as(cursor, cnp.NPY_INT64) and writes_as(index, cnp.NPY_INT64)):
        return False
    if not (axes(order) == 1 and size(cursor) == 1 and axes(index) == 1):
        misfit("next_rows", "order (M,), cursor (), index (n,)", {"order": order, "cursor": cursor, "index": index})
    cdef next_rows_args a = next_rows_args(run_next_rows, <int64_t *>memory(order), <int64_t *>memory(cursor),
                                           <int64_t *>memory(index), length(index, 0), length(order, 0))
    if recording():
        remember(&a, sizeof(a), (order, cursor, index))
    if execute(&a) == ROW_OUT_OF_RANGE:
        raise DataError(f"Cannot take {length(index, 0)} rows at {int(cursor)}: the order has {length(order, 0)}. "
                        "Set the cursor back at the start of an epoch.")
    return True
