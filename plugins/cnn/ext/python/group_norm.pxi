# Group normalisation.

cdef str GROUP_NORM = ("x, y, dy, dx (N, P, C), gamma, beta, dgamma, dbeta (C,), mean and inv_std (N, G) for G groups "
                       "that divide C")


cdef bint fill_group_norm(group_norm_args *a, object x, object gamma, object mean, object inv_std, dim groups) except -1:
    """Whether these fit together; then `a` holds their sizes and pointers."""
    if axes(x) != 3 or groups < 1 or length(x, 2) % groups:
        return False
    a.images, a.pixels, a.channels, a.groups = length(x, 0), length(x, 1), length(x, 2), groups
    a.x, a.gamma, a.mean, a.inv_std = floats(x), floats(gamma), floats(mean), floats(inv_std)
    a.parts = pellucid.threads()
    return (is_vector(gamma, a.channels) and is_matrix(mean, a.images, groups) and is_matrix(inv_std, a.images, groups))


def group_norm_forward(ops, x, gamma, beta, groups, eps, mean, inv_std, y):
    if not (reads(x) and reads(gamma) and reads(beta) and writes(mean) and writes(inv_std) and writes(y)):
        return NotImplemented
    cdef group_norm_args a
    if not (fill_group_norm(&a, x, gamma, mean, inv_std, groups) and same_shape(gamma, beta) and same_shape(x, y)):
        misfit("cnn/group_norm_forward", GROUP_NORM,
               {"x": x, "gamma": gamma, "beta": beta, "mean": mean, "inv_std": inv_std, "y": y})
    a.run, a.beta, a.y, a.eps = kernels_now().group_norm_forward, floats(beta), floats(y), eps
    a.dy, a.dgamma, a.dbeta, a.dx = NULL, NULL, NULL, NULL
    scratch = new_scratch(<size_t>(4 * a.channels * a.parts) * sizeof(double))
    a.scratch = aligned(scratch)
    run(&a, sizeof(a), (x, gamma, beta, mean, inv_std, y, scratch))


def group_norm_backward(ops, dy, x, gamma, mean, inv_std, groups, dgamma, dbeta, dx):
    if not (reads(dy) and reads(x) and reads(gamma) and reads(mean) and reads(inv_std) and writes_or_none(dgamma)
            and writes_or_none(dbeta) and writes_or_none(dx)):
        return NotImplemented
    cdef group_norm_args a
    if not (fill_group_norm(&a, x, gamma, mean, inv_std, groups) and same_shape(x, dy)
            and is_vector_or_none(dgamma, length(x, 2)) and is_vector_or_none(dbeta, length(x, 2))
            and (dx is None or same_shape(x, dx))):
        misfit("cnn/group_norm_backward", GROUP_NORM, {"dy": dy, "x": x, "gamma": gamma, "mean": mean,
               "inv_std": inv_std, "dgamma": dgamma, "dbeta": dbeta, "dx": dx})
    a.run, a.dy, a.beta, a.y, a.eps = kernels_now().group_norm_backward, floats(dy), NULL, NULL, 0
    a.dgamma, a.dbeta, a.dx = floats(dgamma), floats(dbeta), floats(dx)
    scratch = new_scratch(<size_t>(2 * a.channels * (a.images + a.parts)) * sizeof(double))
    a.scratch = aligned(scratch)
    run(&a, sizeof(a), (dy, x, gamma, mean, inv_std, dgamma, dbeta, dx, scratch))
