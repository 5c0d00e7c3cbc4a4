# Counter-based random numbers and dropout.

cdef bint fill_stream(Stream *s, stream, out) except -1:
    """Describe the random numbers of ``out``; False where the stream's arrays are not covered."""
    cell, rows = stream.cell, stream.rows
    if not reads_as(cell, cnp.NPY_UINT64) or not (rows is None or reads_as(rows, cnp.NPY_INT64)):
        return False
    if axes(out) < 1 or size(cell) != 2 or not is_vector_or_none(rows, length(out, 0)):
        misfit("random numbers", "out (N, …), stream.rows (N,) or None, stream.cell (2,)",
               {"out": out, "stream.rows": rows, "stream.cell": cell})
    s.cell = <uint64_t *>memory(cell)
    s.site = mix(<uint64_t>stream.site)
    s.rows = NULL if rows is None else <int64_t *>memory(rows)
    s.row_count = length(out, 0)
    s.per_row = size(out) // s.row_count if s.row_count else 0
    return True


def dropout(x, double rate, stream, out):
    cdef dropout_args a
    if not (reads(x) and writes(out)):
        return False
    if not same_shape(x, out):
        misfit("dropout", "x and out of one shape", {"x": x, "out": out})
    if not 0 <= rate < 1:
        raise ConfigError(f"dropout: rate is the fraction that is dropped. Expected: 0 ≤ rate < 1. Received: {rate}.")
    if not fill_stream(&a.stream, stream, out):
        return False
    a.run = table.dropout
    a.x, a.out, a.threshold, a.factor = floats(x), floats(out), <uint32_t>ceil(rate * 16777216), 1 / (1 - rate)
    if recording():
        remember(&a, sizeof(a), (x, out, stream))
    execute(&a)
    return True


def random_uniform(stream, out):
    cdef random_uniform_args a
    if not writes(out) or not fill_stream(&a.stream, stream, out):
        return False
    a.run, a.out = table.random_uniform, floats(out)
    if recording():
        remember(&a, sizeof(a), (stream, out))
    execute(&a)
    return True


def random_normal(stream, out):
    cdef random_normal_args a
    if not writes(out) or not fill_stream(&a.stream, stream, out):
        return False
    a.run, a.out = table.random_normal, floats(out)
    if recording():
        remember(&a, sizeof(a), (stream, out))
    execute(&a)
    return True
