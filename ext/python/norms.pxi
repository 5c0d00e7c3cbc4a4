# Batch and layer normalisation.

cdef int check_features(str op, x, dict matrices, dict vectors, dict row_vectors) except -1:
    """All matrices (N, F), all vectors (F,), all row vectors (N,)."""
    cdef bint fits = axes(x) == 2
    if fits:
        for a in matrices.values():
            fits = fits and is_matrix_or_none(a, length(x, 0), length(x, 1))
        for a in vectors.values():
            fits = fits and is_vector_or_none(a, length(x, 1))
        for a in row_vectors.values():
            fits = fits and is_vector(a, length(x, 0))
    if not fits:
        expected = f"x, {', '.join(matrices)} (N, F), {', '.join(vectors)} (F,)"
        expected += f", {', '.join(row_vectors)} (N,)" if row_vectors else ""
        misfit(op, expected, {"x": x, **matrices, **vectors, **row_vectors})
    return 0


def batch_norm_forward(x, gamma, beta, double eps, mean, var, y):
    if not (reads(x) and reads(gamma) and reads(beta) and writes(mean) and writes(var) and writes(y)):
        return False
    check_features("batch_norm_forward", x, {"y": y}, {"gamma": gamma, "beta": beta, "mean": mean, "var": var}, {})
    cdef batch_norm_forward_args a = batch_norm_forward_args(
        table.batch_norm_forward, length(x, 0), length(x, 1), floats(x), floats(gamma), floats(beta), floats(mean),
        floats(var), floats(y), eps)
    if recording():
        remember(&a, sizeof(a), (x, gamma, beta, mean, var, y))
    execute(&a)
    return True


def batch_norm_inference(x, gamma, beta, mean, var, double eps, y):
    if not (reads(x) and reads(gamma) and reads(beta) and reads(mean) and reads(var) and writes(y)):
        return False
    check_features("batch_norm_inference", x, {"y": y}, {"gamma": gamma, "beta": beta, "mean": mean, "var": var}, {})
    cdef batch_norm_forward_args a = batch_norm_forward_args(
        table.batch_norm_inference, length(x, 0), length(x, 1), floats(x), floats(gamma), floats(beta), floats(mean),
        floats(var), floats(y), eps)
    if recording():
        remember(&a, sizeof(a), (x, gamma, beta, mean, var, y))
    execute(&a)
    return True


cdef bint run_batch_norm_backward(kernel run, str op, dy, x, gamma, mean, var, double eps, dgamma, dbeta, dx) except -1:
    if not (reads(dy) and reads(x) and reads(gamma) and reads(mean) and reads(var) and writes_or_none(dgamma)
            and writes_or_none(dbeta) and writes_or_none(dx)):
        return False
    check_features(op, x, {"dy": dy, "dx": dx},
                   {"gamma": gamma, "mean": mean, "var": var, "dgamma": dgamma, "dbeta": dbeta}, {})
    cdef batch_norm_backward_args a = batch_norm_backward_args(
        run, length(x, 0), length(x, 1), floats(dy), floats(x), floats(gamma), floats(mean), floats(var),
        floats(dgamma), floats(dbeta), floats(dx), eps)
    if recording():
        remember(&a, sizeof(a), (dy, x, gamma, mean, var, dgamma, dbeta, dx))
    execute(&a)
    return True


def batch_norm_backward(dy, x, gamma, mean, var, double eps, dgamma, dbeta, dx):
    return run_batch_norm_backward(table.batch_norm_backward, "batch_norm_backward", dy, x, gamma, mean, var, eps,
                                   dgamma, dbeta, dx)


def batch_norm_inference_backward(dy, x, gamma, mean, var, double eps, dgamma, dbeta, dx):
    return run_batch_norm_backward(table.batch_norm_inference_backward, "batch_norm_inference_backward", dy, x, gamma,
                                   mean, var, eps, dgamma, dbeta, dx)


def layer_norm_forward(x, gamma, beta, double eps, mean, inv_std, y):
    if not (reads(x) and reads(gamma) and reads(beta) and writes(mean) and writes(inv_std) and writes(y)):
        return False
    check_features("layer_norm_forward", x, {"y": y}, {"gamma": gamma, "beta": beta},
                   {"mean": mean, "inv_std": inv_std})
    cdef layer_norm_forward_args a = layer_norm_forward_args(
        table.layer_norm_forward, length(x, 0), length(x, 1), floats(x), floats(gamma), floats(beta), floats(mean),
        floats(inv_std), floats(y), eps)
    if recording():
        remember(&a, sizeof(a), (x, gamma, beta, mean, inv_std, y))
    execute(&a)
    return True


def layer_norm_backward(dy, x, gamma, mean, inv_std, dgamma, dbeta, dx):
    if not (reads(dy) and reads(x) and reads(gamma) and reads(mean) and reads(inv_std) and writes_or_none(dgamma)
            and writes_or_none(dbeta) and writes_or_none(dx)):
        return False
    check_features("layer_norm_backward", x, {"dy": dy, "dx": dx}, {"gamma": gamma, "dgamma": dgamma, "dbeta": dbeta},
                   {"mean": mean, "inv_std": inv_std})
    cdef layer_norm_backward_args a = layer_norm_backward_args(
        table.layer_norm_backward, length(x, 0), length(x, 1), floats(dy), floats(x), floats(gamma), floats(mean),
        floats(inv_std), floats(dgamma), floats(dbeta), floats(dx))
    if recording():
        remember(&a, sizeof(a), (dy, x, gamma, mean, inv_std, dgamma, dbeta, dx))
    execute(&a)
    return True
