# column_embedding: its numbers taken out and their gradients put back, its categories looked up.

cdef object between(str op, pellucid_kernel kernel, x, out, bint narrower):
    if not (reads(x) and writes(out)):
        return NotImplemented
    if not (axes(x) == 2 and axes(out) == 2 and length(x, 0) == length(out, 0)
            and (length(out, 1) <= length(x, 1) if narrower else length(x, 1) <= length(out, 1))):
        misfit(op, "as many rows, and fewer columns in " + ("out" if narrower else "x"), {"x": x, "out": out})
    cdef part_args a
    memset(&a, 0, sizeof(a))
    a.run, a.rows, a.width_in, a.to, a.x, a.out = kernel, length(x, 0), length(x, 1), length(out, 1), floats(x), floats(out)
    run(&a, sizeof(a), (x, out))


def take_columns(ops, x, out):
    return between("tabular/take_columns", kernels_now().take, x, out, True)


def put_columns(ops, x, out):
    return between("tabular/put_columns", kernels_now().put, x, out, False)


cdef str LOOK_UP = "x (N, D), sizes (C), numbers (N, M), table (R, size), y, dy (N, M + what C categories take)"


cdef bint look_up_sizes(look_up_args *a, object x, object sizes, object part, object table, object y, dim size,
                        dim one_hot) except -1:
    """Whether all fits together, by the widths that the sizes lead to; then `a` holds sizes and pointers."""
    if not (axes(x) == 2 and axes(sizes) == 1 and axes(y) == 2 and (part is None or axes(part) == 2)):
        return False
    a.rows, a.columns, a.categories, a.width = length(x, 0), length(x, 1), length(sizes, 0), length(y, 1)
    a.first, a.size, a.one_hot = a.columns - a.categories, size, one_hot
    a.x, a.sizes = floats(x), <const int64_t *>memory(sizes)
    cdef dim c, known, rows = 0, width = 0
    for c in range(a.categories):
        known = <dim>a.sizes[c] - 1
        if known < 0:
            return False
        width += known if known <= one_hot else size
        rows += 0 if known <= one_hot else known
    a.numbers = a.width - width
    return (a.first >= 0 and a.numbers >= 0 and length(y, 0) == a.rows and (part is None or is_matrix(part, a.rows, a.numbers))
            and (table is None or is_matrix(table, rows, size)))


def look_up_forward(ops, x, sizes, numbers, table, dim size, dim one_hot, y):
    if not (reads(x) and reads_as(sizes, cnp.NPY_INT64) and reads(numbers) and reads_or_none(table) and writes(y)):
        return NotImplemented
    cdef look_up_args a
    memset(&a, 0, sizeof(a))
    if not look_up_sizes(&a, x, sizes, numbers, table, y, size, one_hot) or (table is None and (sizes - 1 > one_hot).any()):
        misfit("tabular/look_up_forward", LOOK_UP, {"x": x, "sizes": sizes, "numbers": numbers, "table": table, "y": y})
    a.run, a.part, a.table, a.y = kernels_now().look_up_forward, floats(numbers), floats(table), floats(y)
    run(&a, sizeof(a), (x, sizes, numbers, table, y))


def look_up_backward(ops, dy, x, sizes, dim size, dim one_hot, sums, dnumbers, dtable):
    if not ((sums is None or writes_as(sums, cnp.NPY_FLOAT64)) and reads(dy) and reads(x) and reads_as(sizes, cnp.NPY_INT64) and writes_or_none(dnumbers) and writes_or_none(dtable)):
        return NotImplemented
    cdef look_up_args a
    memset(&a, 0, sizeof(a))
    if not look_up_sizes(&a, x, sizes, dnumbers, dtable, dy, size, one_hot) or not (
            dtable is None or (sums is not None and same_shape(sums, dtable))):
        misfit("tabular/look_up_backward", LOOK_UP, {"dy": dy, "x": x, "sizes": sizes, "sums": sums, "dnumbers": dnumbers, "dtable": dtable})
    a.run, a.dy, a.dpart, a.dtable = kernels_now().look_up_backward, floats(dy), floats(dnumbers), floats(dtable)
    a.sums = <double *>floats(sums)
    run(&a, sizeof(a), (dy, x, sizes, sums, dnumbers, dtable))
