# The ops of attention: what their arrays must be, and the structs that they fill.

cdef extern from "kernels.h" nogil:
    ctypedef struct Rows:
        float *at
        dim batch, row
    ctypedef struct attention_args:
        pellucid_kernel run
        dim rows, steps, keys, heads, kv_heads, size, causal
        Rows q, k, v
        const uint8_t *mask
        dim mask_batch, mask_row
        float *most
        float *share
        float *y
        const float *dy
        Rows dq, dk, dv
    ctypedef struct rotate_args:
        pellucid_kernel run
        dim rows, steps, heads, half, back
        const float *turn
        Rows x

cdef str ATTENTION = ("q, dq, y, dy (N, T, H·d), k, v, dk, dv (N, S, K·d), mask (N, S) or (N, T, S), rows (2, N, H, T) for H "
                      "heads and K kv_heads, which divides H")


cdef bint lies_in_rows(object a) noexcept:
    """An array of float32 (N, L, W) whose positions each lie in one piece, wherever the next one begins."""
    if not (cnp.PyArray_Check(a) and cnp.PyArray_TYPE(<cnp.ndarray>a) == cnp.NPY_FLOAT32 and axes(a) == 3
            and cnp.PyArray_ISBEHAVED_RO(<cnp.ndarray>a)):
        return False
    cdef cnp.npy_intp batch = cnp.PyArray_STRIDE(<cnp.ndarray>a, 0), row = cnp.PyArray_STRIDE(<cnp.ndarray>a, 1)
    return ((length(a, 2) <= 1 or cnp.PyArray_STRIDE(<cnp.ndarray>a, 2) == 4) and batch % 4 == 0 and row % 4 == 0
            and batch >= 0 and row >= 0)


cdef bint writes_rows(object a) noexcept:
    return lies_in_rows(a) and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>a)


cdef Rows rows_of(object a) noexcept:
    return Rows(floats(a), cnp.PyArray_STRIDE(<cnp.ndarray>a, 0) // 4, cnp.PyArray_STRIDE(<cnp.ndarray>a, 1) // 4)


cdef bint is_block(object a, dim n, dim h, dim w) noexcept:
    return axes(a) == 3 and length(a, 0) == n and length(a, 1) == h and length(a, 2) == w


cdef bint attention(attention_args *a, object q, object k, object v, object mask, dim heads, dim kv_heads, bint causal,
                    object rows, object y) except -1:
    """Whether what forward and backward have in common fits together; then `a` holds its sizes and pointers."""
    memset(a, 0, sizeof(attention_args))
    if heads < 1 or kv_heads < 1 or heads % kv_heads or length(q, 2) % heads:
        return False
    a.rows, a.steps, a.keys, a.size = length(q, 0), length(q, 1), length(k, 1), length(q, 2) // heads
    a.heads, a.kv_heads, a.causal, a.q, a.k, a.v = heads, kv_heads, causal, rows_of(q), rows_of(k), rows_of(v)
    cdef dim width = kv_heads * a.size
    if not (is_block(k, a.rows, a.keys, width) and is_block(v, a.rows, a.keys, width) and same_shape(q, y)
            and axes(rows) == 4 and length(rows, 0) == 2 and length(rows, 1) == a.rows and length(rows, 2) == heads
            and length(rows, 3) == a.steps):
        return False
    a.y, a.most, a.share = floats(y), floats(rows), floats(rows) + a.rows * heads * a.steps
    if mask is None:
        return True
    a.mask, a.mask_batch = <const uint8_t *>memory(mask), a.keys
    if axes(mask) == 3:
        a.mask_batch, a.mask_row = a.steps * a.keys, a.keys
        return is_block(mask, a.rows, a.steps, a.keys)
    return is_matrix(mask, a.rows, a.keys)


def attention_forward(ops, q, k, v, mask, heads, kv_heads, causal, rows, y):
    if not (lies_in_rows(q) and lies_in_rows(k) and lies_in_rows(v) and (mask is None or reads_as(mask, cnp.NPY_BOOL))
            and writes(rows) and writes(y)):
        return NotImplemented
    cdef attention_args a
    if not attention(&a, q, k, v, mask, heads, kv_heads, causal, rows, y):
        misfit("transformer/attention_forward", ATTENTION, {"q": q, "k": k, "v": v, "mask": mask, "rows": rows, "y": y})
    a.run = kernels_now().attention_forward
    run(&a, sizeof(a), (q, k, v, mask, rows, y))


def attention_backward(ops, dy, q, k, v, mask, heads, kv_heads, causal, rows, y, dq, dk, dv):
    if not (reads(dy) and lies_in_rows(q) and lies_in_rows(k) and lies_in_rows(v)
            and (mask is None or reads_as(mask, cnp.NPY_BOOL)) and reads(rows) and reads(y) and writes_rows(dq)
            and writes_rows(dk) and writes_rows(dv)):
        return NotImplemented
    cdef attention_args a
    if not (attention(&a, q, k, v, mask, heads, kv_heads, causal, rows, y) and same_shape(dy, q) and same_shape(dq, q)
            and same_shape(dk, k) and same_shape(dv, v)):
        misfit("transformer/attention_backward", ATTENTION, {"dy": dy, "q": q, "k": k, "v": v, "mask": mask, "rows": rows,
                                                             "y": y, "dq": dq, "dk": dk, "dv": dv})
    a.run, a.dy, a.dq, a.dk, a.dv = kernels_now().attention_backward, floats(dy), rows_of(dq), rows_of(dk), rows_of(dv)
    run(&a, sizeof(a), (dy, q, k, v, mask, rows, y, dq, dk, dv))


def rotate(ops, turn, heads, back, x):
    if not (reads(turn) and writes_rows(x)):
        return NotImplemented
    cdef rotate_args a
    memset(&a, 0, sizeof(a))
    if not (axes(turn) == 3 and length(turn, 0) == 2 and length(turn, 1) == length(x, 1) and heads >= 0
            and length(x, 2) >= heads * 2 * length(turn, 2)):
        misfit("transformer/rotate", "turn (2, T, d/2), x (N, T, at least heads·d)", {"turn": turn, "x": x})
    a.run, a.rows, a.steps, a.half, a.heads, a.back = (kernels_now().rotate, length(x, 0), length(x, 1), length(turn, 2),
                                                       heads, back)
    a.turn, a.x = floats(turn), rows_of(x)
    run(&a, sizeof(a), (turn, x))
