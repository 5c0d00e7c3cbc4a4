# Enlarging by repetition, reading at any coordinates, joining and splitting channels.

cdef object upsample(str op, pellucid_kernel kernel, small, large, factor, bint backward):
    cdef dim rows, columns
    rows, columns = factor
    if (axes(small) != 4 or axes(large) != 4 or rows < 1 or columns < 1
            or not has_shape(large, length(small, 0), rows * length(small, 1), columns * length(small, 2),
                             length(small, 3))):
        misfit(op, "x, dx (N, H, W, C); y, dy (N, f·H, f'·W, C) for factor (f, f')",
               {"x or dx": small, "y or dy": large})
    cdef upsample_args a = upsample_args(
        kernel, length(small, 0), length(small, 1), length(small, 2), length(small, 3), rows, columns,
        floats(large if backward else small), floats(small if backward else large))
    run(&a, sizeof(a), (small, large))


def upsample_nearest_forward(ops, x, factor, y):
    if not (reads(x) and writes(y)):
        return NotImplemented
    return upsample("cnn/upsample_nearest_forward", kernels_now().upsample_nearest_forward, x, y, factor, False)


def upsample_nearest_backward(ops, dy, factor, dx):
    if not (reads(dy) and writes(dx)):
        return NotImplemented
    return upsample("cnn/upsample_nearest_backward", kernels_now().upsample_nearest_backward, dx, dy, factor, True)


def warp(ops, x, grid, y):
    if not (reads(x) and reads(grid) and writes(y)):
        return NotImplemented
    if (axes(x) != 4 or axes(y) != 4 or length(x, 0) != length(y, 0) or length(x, 3) != length(y, 3)
            or not has_shape(grid, length(y, 0), length(y, 1), length(y, 2), 2)):
        misfit("cnn/warp", "x (N, H, W, C), grid (N, OH, OW, 2), y (N, OH, OW, C)", {"x": x, "grid": grid, "y": y})
    cdef warp_args a = warp_args(
        kernels_now().warp, length(x, 0), length(x, 1), length(x, 2), length(x, 3), length(y, 1), length(y, 2),
        floats(x), floats(grid), floats(y))
    run(&a, sizeof(a), (x, grid, y))


cdef object join(str op, pellucid_kernel kernel, first, second, y):
    cdef int axis, last = axes(y) - 1
    cdef bint fits = last >= 0 and axes(first) == last + 1 and axes(second) == last + 1
    cdef dim rows = 1
    if fits:
        for axis in range(last):
            rows *= length(y, axis)
            fits = fits and length(first, axis) == length(y, axis) and length(second, axis) == length(y, axis)
        fits = fits and length(first, last) + length(second, last) == length(y, last)
    if not fits:
        misfit(op, "a (…, A), b (…, B), y (…, A + B)", {"a": first, "b": second, "y": y})
    cdef join_args a = join_args(kernel, rows, length(first, last), length(second, last), floats(first), floats(second),
                                 floats(y))
    run(&a, sizeof(a), (first, second, y))


def concatenate(ops, a, b, y):
    if not (reads(a) and reads(b) and writes(y)):
        return NotImplemented
    return join("cnn/concatenate", kernels_now().concatenate, a, b, y)


def split(ops, y, a, b):
    if not (reads(y) and writes(a) and writes(b)):
        return NotImplemented
    return join("cnn/split", kernels_now().split, a, b, y)
