"""Geometry: how a window moves over an image, the rules of padding, and the sizes that follow."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Literal, NamedTuple, TypeAlias

from pellucid import ConfigError, Layer, Shape, ShapeError

Pair = tuple[int, int]
Size: TypeAlias = int | Sequence[int]
"""One number for both directions, or two: vertical, horizontal."""
Padding: TypeAlias = Literal["valid", "same"] | int | Sequence[int]


class Geometry(NamedTuple):
    """How a window of KH x KW cells moves over an image; the ops take it as an argument.

    Cell (i, j) of the window at place (a, b) lies on pixel ``(a·s + i·d − top, b·s' + j·d' − left)``.

    Attributes:
        stride: steps (s, s') from one place to the next, vertical and horizontal.
        padding: rows and columns of zeros around the image: top, bottom, left, right.
        dilation: distances (d, d') between neighbouring cells of the window.
        groups: the channels are split into so many groups that do not see each other.
    """

    stride: Pair = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1


def pair(size: Size) -> Pair:
    """``3`` or ``(3, 5)`` as (vertical, horizontal)."""
    if isinstance(size, Sequence):
        return int(size[0]), int(size[1])
    return int(size), int(size)


def check_pair(owner: object, name: str, value: object, least: int = 1) -> None:
    """Raise ConfigError unless ``value`` is an int of at least ``least`` or a pair of them."""
    if not _is_pair(value, least):
        raise ConfigError(
            f"The '{name}' of {type(owner).__name__} must be an int of at least {least}, or two of them, vertical and "
            f"horizontal. Received: {value!r}."
        )


def check_padding(owner: object, value: object) -> None:
    """Raise ConfigError unless ``value`` is 'valid', 'same', a size or a pair of sizes."""
    if not (isinstance(value, str) and value in ("valid", "same")) and not _is_pair(value, 0):
        raise ConfigError(
            f"The 'padding' of {type(owner).__name__} must be 'valid', 'same', or a number of rows and columns of at "
            f"least 0, or two such numbers, vertical and horizontal. Received: {value!r}."
        )


def _is_pair(value: object, least: int) -> bool:
    sizes = value if isinstance(value, list | tuple) and len(value) == 2 else [value]
    return all(not isinstance(size, bool) and isinstance(size, Integral) and int(size) >= least for size in sizes)


def extent(kernel: int, dilation: int) -> int:
    """The pixels from the first to the last cell of a window: (K − 1)·d + 1."""
    return (kernel - 1) * dilation + 1


def output_size(size: int, kernel: int, stride: int, padding: Pair, dilation: int) -> int:
    """The places of a window along one direction: ⌊(H + before + after − (K − 1)·d − 1)/s⌋ + 1; below 1: it does not
    fit."""
    return (size + sum(padding) - extent(kernel, dilation)) // stride + 1


def pad(padding: Padding, axis: int, size: int, kernel: int, stride: int, dilation: int) -> Pair:
    """Zeros before and after, along one direction.

    ``"same"`` gives ⌈H/s⌉ places. What that lacks is put half before and half after; of an odd number the larger half
    comes after, as in TensorFlow, Keras and JAX.
    """
    if padding == "valid":
        return 0, 0
    if padding == "same":
        places = -(-size // stride)
        lacking = max((places - 1) * stride + extent(kernel, dilation) - size, 0)
        return lacking // 2, lacking - lacking // 2
    zeros = pair(padding)[axis]
    return zeros, zeros


def check_images(owner: Layer, shape: Shape) -> int:
    """The number of channels of a layer's input, images.

    Raises:
        ShapeError: the samples are not of shape (height, width, channels), or the channels vary.
    """
    if len(shape) != 3 or shape[2] is None:
        remedy = "for greyscale images of (height, width) append an axis: x[..., None]"
        if len(shape) == 1:
            remedy = (
                "rows of pixels become images by flat = false of a data set that has it, such as mnist, or by the "
                "layer reshape, such as shape = [28, 28, 1]"
            )
        raise ShapeError(
            f"{type(owner).__name__} takes images, samples of shape (height, width, channels) with a fixed number of "
            f"channels. Received: samples of shape {tuple(shape)}, {len(shape)} axes. Channels come last; {remedy}."
        )
    return shape[2]


def places(
    owner: object, shape: Shape, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair = (1, 1)
) -> tuple[int | None, int | None]:
    """How many places the window has on images of this shape, vertically and horizontally; None where the size varies.

    Raises:
        ShapeError: the window does not fit into the padded image.
    """
    sizes: list[int | None] = []
    for axis, size in enumerate(shape[:2]):
        if size is None:
            sizes.append(None)
            continue
        around = pad(padding, axis, size, kernel[axis], stride[axis], dilation[axis])
        count = output_size(size, kernel[axis], stride[axis], around, dilation[axis])
        if count < 1:
            name = ("height", "width")[axis]
            raise ShapeError(
                f"The window of {type(owner).__name__} is larger than the image: it covers "
                f"{extent(kernel[axis], dilation[axis])} pixels, the image has a {name} of {size}, with padding "
                f"{size + sum(around)}. Give larger images, a smaller window, or padding = 'same'."
            )
        sizes.append(count)
    return sizes[0], sizes[1]


def geometry_of(
    height: int, width: int, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair = (1, 1), groups: int = 1
) -> Geometry:
    """The geometry for images of this size, with the padding in numbers."""
    top, bottom = pad(padding, 0, height, kernel[0], stride[0], dilation[0])
    left, right = pad(padding, 1, width, kernel[1], stride[1], dilation[1])
    # Beyond the padded image a longer stride changes nothing; kernels take time and memory for each of its pixels.
    stride = min(stride[0], top + height + bottom), min(stride[1], left + width + right)
    return Geometry(stride, (top, bottom, left, right), dilation, groups)


def check_groups(owner: object, channels: int, groups: int, of: str) -> None:
    """Raise ShapeError unless the groups divide the channels."""
    if channels % groups:
        divisors = ", ".join(str(n) for n in range(1, channels + 1) if channels % n == 0)
        raise ShapeError(
            f"The 'groups' of {type(owner).__name__} must divide its {of}. Received: {groups} groups of {channels} "
            f"channels. Choose one of {divisors}, or another number of channels."
        )
