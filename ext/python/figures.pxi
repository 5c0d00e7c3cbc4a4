# What a recorder keeps of arrays. These look on and are no ops: a plan that is being recorded does not hold them.

def span_sums(x, other, spans, out):
    """out (k, 3): of each span of the flat x, Σ (x − other)², how many of these are 0, Σ other²."""
    if not (reads(x) and reads_or_none(other) and reads_as(spans, cnp.NPY_INT64) and writes_as(out, cnp.NPY_FLOAT64)):
        return False
    cdef Py_ssize_t i, n = size(x), count = length(spans, 0) if axes(spans) == 2 else 0
    if not (axes(x) == 1 and is_vector_or_none(other, n) and is_matrix(spans, count, 2) and is_matrix(out, count, 3)):
        misfit("span_sums", "x, other (n,), spans (k, 2), out (k, 3)",
               {"x": x, "other": other, "spans": spans, "out": out})
    cdef int64_t *edges = <int64_t *>memory(spans)
    for i in range(count):
        if not 0 <= edges[2 * i] <= edges[2 * i + 1] <= n:
            raise DataError(f"span_sums: span {i} must lie within 0 … {n}. "
                            f"Received: {edges[2 * i]} … {edges[2 * i + 1]}.")
    cdef span_sums_args a = span_sums_args(table.span_sums, floats(x), floats(other), edges, <double *>memory(out), count)
    with nogil:
        a.run(&a)
    return True


def distribution(x, out):
    """out (5 + bins,): Σ x, Σ x², smallest, largest, columns that are 0 in every row, counts in equal bins."""
    if not (reads(x) and writes_as(out, cnp.NPY_FLOAT64)) or size(x) == 0 or size(out) > 5 + FIGURES_MOST_BINS:
        return False
    if not (axes(x) == 2 and axes(out) == 1 and size(out) > 5):
        misfit("distribution", "x (rows, columns), out (5 + bins,)", {"x": x, "out": out})
    cdef distribution_args a = distribution_args(
        table.distribution, floats(x), <double *>memory(out), length(x, 0), length(x, 1), size(out) - 5)
    with nogil:
        a.run(&a)
    return True
