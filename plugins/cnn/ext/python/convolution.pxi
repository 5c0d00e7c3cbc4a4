# Convolution and transposed convolution. Both are given as a convolution from images to maps; the transposed one has
# its input on the side of the maps.

cdef str CONVOLUTION = ("x (N, H, W, C), weight and dweight (KH, KW, C/groups, F), bias and dbias (F,), y, dy, dz "
                        "(N, OH, OW, F), z like y for silu and gelu, dx like x, with the OH x OW places of the window")
cdef str TRANSPOSED = ("x (N, H, W, C), weight and dweight (KH, KW, F/groups, C), bias and dbias (F,), y, dy, dz "
                       "(N, OH, OW, F), z like y for silu and gelu, dx like x, where a window of this geometry has "
                       "H x W places on OH x OW pixels")


cdef bint fill_shape(Convolution *c, object image, object weight, object map, object geometry) except -1:
    """Whether images, weight and maps fit together; then `c` holds their sizes."""
    if axes(image) != 4 or axes(weight) != 4 or axes(map) != 4:
        return False
    cdef dim bottom, right, rows, columns
    (c.stride_rows, c.stride_columns), (c.top, bottom, c.left, right), (c.dilation_rows, c.dilation_columns), c.groups = (
        geometry)
    c.images, c.height, c.width, c.channels = length(image, 0), length(image, 1), length(image, 2), length(image, 3)
    c.map_height, c.map_width, c.features = length(map, 1), length(map, 2), length(map, 3)
    c.kernel_height, c.kernel_width = length(weight, 0), length(weight, 1)
    if (c.stride_rows < 1 or c.stride_columns < 1 or c.dilation_rows < 1 or c.dilation_columns < 1 or c.groups < 1
            or c.top < 0 or bottom < 0 or c.left < 0 or right < 0 or c.kernel_height < 1 or c.kernel_width < 1):
        return False
    rows = c.height + c.top + bottom - (c.kernel_height - 1) * c.dilation_rows - 1
    columns = c.width + c.left + right - (c.kernel_width - 1) * c.dilation_columns - 1
    return (rows >= 0 and columns >= 0 and c.map_height == rows // c.stride_rows + 1
            and c.map_width == columns // c.stride_columns + 1 and length(map, 0) == c.images
            and c.channels % c.groups == 0 and c.features % c.groups == 0
            and length(weight, 2) == c.channels // c.groups and length(weight, 3) == c.features)


cdef object forward(str op, bint transposed, x, weight, bias, geometry, activation, y, z):
    cdef object kind = ACTIVATIONS.get(activation)
    if kind is None or not (reads(x) and reads(weight) and reads_or_none(bias) and writes(y) and writes_or_none(z)):
        return NotImplemented
    cdef convolution_forward_args a
    cdef bint keeps_z = activation == "silu" or activation == "gelu"
    if (not fill_shape(&a.shape, y if transposed else x, weight, x if transposed else y, geometry)
            or not is_vector_or_none(bias, length(y, 3)) or (z is not None and not same_shape(y, z))
            or (keeps_z and z is None)):
        misfit(op, TRANSPOSED if transposed else CONVOLUTION, {"x": x, "weight": weight, "bias": bias, "y": y, "z": z})
    cdef const Kernels *kernels = kernels_now()
    a.run = kernels.conv_transpose2d_forward if transposed else kernels.conv2d_forward
    a.x, a.weight, a.bias, a.y, a.z = floats(x), floats(weight), floats(bias), floats(y), floats(z if keeps_z else None)
    a.activation = kind
    a.parts = pellucid.threads()
    scratch = new_scratch(kernels.forward_scratch(&a, transposed))
    a.scratch = aligned(scratch)
    run(&a, sizeof(a), (x, weight, bias, y, z, scratch))


cdef object backward(str op, bint transposed, dy, x, weight, y, z, geometry, activation, dz, dweight, dbias, dx):
    cdef object kind = ACTIVATIONS.get(activation)
    if kind is None or not (
            reads(dy) and reads(x) and reads(weight) and reads_or_none(y) and reads_or_none(z) and writes_or_none(dz)
            and writes_or_none(dweight) and writes_or_none(dbias) and writes_or_none(dx)):
        return NotImplemented
    cdef convolution_backward_args a
    cdef bint linear = activation == "identity", keeps_z = activation == "silu" or activation == "gelu"
    if (not fill_shape(&a.shape, dy if transposed else x, weight, x if transposed else dy, geometry)
            or not is_vector_or_none(dbias, length(dy, 3)) or (y is not None and not same_shape(dy, y))
            or (z is not None and not same_shape(dy, z)) or (dz is not None and not same_shape(dy, dz))
            or (dweight is not None and not same_shape(weight, dweight)) or (dx is not None and not same_shape(x, dx))
            or (not linear and (y is None or dz is None)) or (keeps_z and z is None)):
        misfit(op, TRANSPOSED if transposed else CONVOLUTION, {"dy": dy, "x": x, "weight": weight, "y": y, "z": z,
               "dz": dz, "dweight": dweight, "dbias": dbias, "dx": dx})
    cdef const Kernels *kernels = kernels_now()
    a.run = kernels.conv_transpose2d_backward if transposed else kernels.conv2d_backward
    a.dy, a.x, a.weight, a.y, a.z = floats(dy), floats(x), floats(weight), floats(y), floats(z if keeps_z else None)
    a.dz, a.dweight, a.dbias, a.dx = floats(dz), floats(dweight), floats(dbias), floats(dx)
    a.activation = kind
    a.parts = pellucid.threads()
    scratch = new_scratch(kernels.backward_scratch(&a, transposed))
    a.scratch = aligned(scratch)
    run(&a, sizeof(a), (dy, x, weight, y, z, dz, dweight, dbias, dx, scratch))


def conv2d_forward(ops, x, weight, bias, geometry, activation, y, z):
    return forward("cnn/conv2d_forward", False, x, weight, bias, geometry, activation, y, z)


def conv2d_backward(ops, dy, x, weight, y, z, geometry, activation, dz, dweight, dbias, dx):
    return backward("cnn/conv2d_backward", False, dy, x, weight, y, z, geometry, activation, dz, dweight, dbias, dx)


def conv_transpose2d_forward(ops, x, weight, bias, geometry, activation, y, z):
    return forward("cnn/conv_transpose2d_forward", True, x, weight, bias, geometry, activation, y, z)


def conv_transpose2d_backward(ops, dy, x, weight, y, z, geometry, activation, dz, dweight, dbias, dx):
    return backward("cnn/conv_transpose2d_backward", True, dy, x, weight, y, z, geometry, activation, dz, dweight,
                    dbias, dx)
