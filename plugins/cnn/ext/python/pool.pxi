# Pooling. Its window has the measures of a convolution's whose maps have the channels of the images.

cdef str POOLING = ("x, dx (N, H, W, C); y, dy and argmax (N, OH, OW, C), with the OH x OW places of the window; no "
                    "window without a pixel")


cdef bint fill_pool_shape(Convolution *c, object image, object size, object map, object geometry) except -1:
    """Whether images and maps fit together; then `c` holds their sizes."""
    if axes(image) != 4 or axes(map) != 4:
        return False
    cdef dim bottom, right, rows, columns
    (c.stride_rows, c.stride_columns), (c.top, bottom, c.left, right), (c.dilation_rows, c.dilation_columns), _ = geometry
    c.kernel_height, c.kernel_width = size
    c.images, c.height, c.width, c.channels = length(image, 0), length(image, 1), length(image, 2), length(image, 3)
    c.map_height, c.map_width, c.features, c.groups = length(map, 1), length(map, 2), c.channels, 1
    if (c.stride_rows < 1 or c.stride_columns < 1 or c.dilation_rows < 1 or c.dilation_columns < 1
            or c.top < 0 or bottom < 0 or c.left < 0 or right < 0 or c.kernel_height < 1 or c.kernel_width < 1):
        return False
    rows = c.height + c.top + bottom - (c.kernel_height - 1) * c.dilation_rows - 1
    columns = c.width + c.left + right - (c.kernel_width - 1) * c.dilation_columns - 1
    return (rows >= 0 and columns >= 0 and c.map_height == rows // c.stride_rows + 1
            and c.map_width == columns // c.stride_columns + 1
            and length(map, 0) == c.images and length(map, 3) == c.channels)


cdef object pool(str op, pellucid_kernel kernel, x, dy, size, geometry, y, dx, argmax):
    cdef object image = dx if x is None else x, map = dy if y is None else y
    cdef pool_args a
    if (not fill_pool_shape(&a.shape, image, size, map, geometry)
            or (argmax is not None and not same_shape(map, argmax))):
        misfit(op, POOLING, {"x or dx": image, "y or dy": map, "argmax": argmax})
    a.run = kernel
    a.x, a.dy, a.y, a.dx = floats(x), floats(dy), floats(y), floats(dx)
    a.argmax = NULL if argmax is None else <uint8_t *>memory(argmax)
    run(&a, sizeof(a), (x, dy, y, dx, argmax))


def max_pool2d_forward(ops, x, size, geometry, y, argmax):
    if not (reads(x) and writes(y) and writes_as(argmax, cnp.NPY_UINT8)) or size[0] * size[1] > 255:
        return NotImplemented
    return pool("cnn/max_pool2d_forward", kernels_now().max_pool2d_forward, x, None, size, geometry, y, None, argmax)


def max_pool2d_backward(ops, dy, argmax, size, geometry, dx):
    if not (reads(dy) and writes(dx) and reads_as(argmax, cnp.NPY_UINT8)):
        return NotImplemented
    return pool("cnn/max_pool2d_backward", kernels_now().max_pool2d_backward, None, dy, size, geometry, None, dx, argmax)


def average_pool2d_forward(ops, x, size, geometry, y):
    if not (reads(x) and writes(y)):
        return NotImplemented
    return pool("cnn/average_pool2d_forward", kernels_now().average_pool2d_forward, x, None, size, geometry, y, None,
                None)


def average_pool2d_backward(ops, dy, size, geometry, dx):
    if not (reads(dy) and writes(dx)):
        return NotImplemented
    return pool("cnn/average_pool2d_backward", kernels_now().average_pool2d_backward, None, dy, size, geometry, None, dx,
                None)
