"""Pictures of samples: tiles of many images, PNG files, animated GIFs and their contact sheets.

Images hold grey levels or colours from 0 to 1; what leaves here are uint8 arrays and files. Needs Pillow, which
``pip install "pellucid[plot]"`` brings.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, isqrt, prod, sqrt
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, as_array
from pellucid.basics.checks import check_int, is_size
from pellucid.basics.errors import ConfigError, DataError
from pellucid.saving.files import replace_by

SMALLEST = 4
"""Rows of fewer numbers than the square of this are features, and no pictures."""
MOST_PIXELS = 100_000_000
"""Of one picture: about what programs that show pictures take."""
FRAMES = 10
"""So many times as many an animation has, in all its frames together."""
LARGEST_LEVEL = 16.0
"""A value above this is a grey level from 0 to 255: a model of data from 0 to 1 does not go so far astray."""


def as_images(samples: Any, shape: Sequence[int] | None = None) -> HostArray:
    """Samples in the units of their data as images, (N, H, W) or (N, H, W, 3), with levels from 0 to 1.

    Where a value is above 16, all are levels from 0 to 255, as bytes hold them, and are divided by 255.

    Args:
        samples: (N, …).
        shape: height and width, and perhaps 1 or 3 channels, of an image; None takes samples that are images as they
            are, and makes squares of rows of n² numbers, n ≥ 4.

    Raises:
        ConfigError: the shape is none of an image, or has another number of pixels than a sample. DataError: the
            samples are no array of numbers, or no shape is given and none follows.
    """
    values = as_array(samples, "The array of samples for pictures")
    numbers = prod(values.shape[1:])
    if shape is not None:
        if not _is_image_shape(shape) or prod(shape) != numbers:
            raise ConfigError(
                f"The 'shape' of a picture must be height and width, and perhaps 1 or 3 channels: {numbers} numbers in "
                f"all, as a sample has. Received: {shape!r}."
            )
        values = values.reshape(-1, *shape)
    elif values.ndim == 2 and isqrt(numbers) ** 2 == numbers and numbers >= SMALLEST**2:
        values = values.reshape(-1, isqrt(numbers), isqrt(numbers))
    if values.ndim not in (3, 4) or values.shape[3:] not in _CHANNELS:
        raise DataError(
            f"Samples of shape {values.shape[1:]} are no pictures. If their {numbers} numbers are pixels, give the "
            "'shape': height and width, and perhaps 1 or 3 channels. Otherwise write the numbers, to a .npy file."
        )
    values = values[..., 0] if values.shape[3:] == (1,) else values
    return values / 255 if values.max(initial=0) > LARGEST_LEVEL else values


def _is_image_shape(shape: Any) -> bool:
    """Whether these are height and width, and perhaps 1 or 3 channels."""
    if not isinstance(shape, Sequence) or not all(map(is_size, shape)):
        return False
    return len(shape) >= 2 and tuple(shape[2:]) in _CHANNELS


_CHANNELS = ((), (1,), (3,))


def tile(images: Any, *, columns: int | None = None, gap: int = 2, background: float = 1.0) -> HostArray:
    """Many images as one, row by row from the top left.

    Args:
        images: (N, H, W), (N, H, W, 1) or (N, H, W, 3), values in [0, 1]; what lies outside is clipped.
        columns: images in a row; None makes the whole about square.
        gap: pixels between neighbours.
        background: grey level of the gaps and of empty places.

    Returns:
        uint8, (H', W') for grey images or (H', W', 3) for coloured ones.

    Raises:
        DataError: not images, none at all, not finite, or whole numbers above 1 that are not uint8.
        ConfigError: no columns, a gap below 0; more than ``MOST_PIXELS``.
    """
    if (columns is not None and columns < 1) or gap < 0:
        raise ConfigError(
            f"pictures.tile needs at least one column and a gap of at least 0. Received: columns={columns}, gap={gap}."
        )
    pixels = as_pixels(images)
    n, height, width = pixels.shape[:3]
    if n == 0:
        raise DataError("pictures.tile needs at least one image. Received: none.")
    columns = min(n, columns or ceil(sqrt(n)))
    rows = ceil(n / columns)
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap, *pixels.shape[3:])
    _check_pixels(shape[:2], 1, f"{n:,} images as one", "Show fewer of them")
    whole = np.full(shape, round(255 * background), np.uint8)
    for i, image in enumerate(pixels):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        whole[top : top + height, left : left + width] = image
    return whole


def _check_pixels(shape: tuple[int, ...], scale: int, what: str, remedy: str, most: int = MOST_PIXELS) -> None:
    pixels = prod(shape) * scale**2
    if pixels > most:
        raise ConfigError(
            f"{what} would have {pixels:,} pixels. Expected: at most {most:,}. {remedy}, or write the numbers, "
            "to a .npy file."
        )


def as_pixels(images: Any) -> HostArray:
    """Images in [0, 1] as uint8; an axis of one channel is dropped. uint8 images are taken as they are.

    Raises:
        DataError: another shape than ``tile`` takes, not finite, or whole numbers above 1 that are not uint8.
    """
    values = as_array(images, "The array of images")
    if values.ndim == 4 and values.shape[3] == 1:
        values = values[..., 0]
    if not (values.ndim == 3 or (values.ndim == 4 and values.shape[3] == 3)):
        raise DataError(
            "Pictures need images of shape (N, height, width), with 1 or 3 channels as a fourth axis or none. "
            f"Received: {np.shape(images)}. Flat images are reshaped first, by pictures.as_images(x)."
        )
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind in "iu" and values.max(initial=0) > 1:
        raise DataError(
            f"Pictures take grey levels from 0 to 1, or from 0 to 255 as uint8. Received: {values.dtype} up to "
            f"{values.max()}. Convert them: images.astype('uint8'), or images / 255."
        )
    if not np.isfinite(values).all():
        raise DataError("Pictures need finite values from 0 to 1. Received: NaN or infinity among them.")
    return np.rint(255 * np.clip(values, 0.0, 1.0)).astype(np.uint8)


def contact_sheet(frames: Any, *, columns: int = 10, count: int = 20) -> HostArray:
    """An animation as one image: ``count`` of its frames, evenly spread, the first and the last among them.

    Args:
        frames: uint8, (F, H, W) or (F, H, W, 3).
    """
    every = np.asarray(frames)
    chosen = np.unique(np.linspace(0, len(every) - 1, min(count, len(every))).round().astype(int))
    return tile(every[chosen], columns=columns, gap=4)


def coarse(frames: Sequence[HostArray] | HostArray, levels: int = 32) -> list[HostArray]:
    """Frames in few levels of grey or of each colour, which looks the same and takes a half to a third of the bytes of
    an animation; the last as it is.

    Args:
        frames: uint8 images, at least one.
        levels: at least 2.

    Raises:
        DataError: no frames. ConfigError: fewer levels.
    """
    if len(frames) == 0:
        raise DataError("pictures.coarse needs at least one frame. Received: none.")
    check_int(coarse, "levels", levels, "[2, inf)")
    step = 255 / (levels - 1)
    return [*(np.rint(np.rint(frame / step) * step).astype(np.uint8) for frame in frames[:-1]), frames[-1]]


def save_png(image: HostArray, path: Path | str, *, scale: int = 1) -> Path:
    """Write one uint8 image, each pixel as ``scale`` x ``scale`` of the file's; returns the path.

    Raises:
        ConfigError: Pillow is not installed, a scale below 1, more than ``MOST_PIXELS`` in all. DataError: not one
            uint8 image.
    """
    return _write(path, _picture(image, scale), format="PNG", optimize=True)


def save_gif(
    frames: Sequence[HostArray] | HostArray, path: Path | str, *, seconds: float = 0.05, hold: float = 1.0,
    scale: int = 1,
) -> Path:  # fmt: skip
    """Write an animation that repeats for ever; returns the path.

    Args:
        frames: uint8 images of one shape.
        seconds: how long each is shown. Browsers show nothing for less than 0.02.
        hold: how much longer the last is shown.

    Raises:
        ConfigError: Pillow is not installed, a scale below 1, times below 0. DataError: no frames, frames of several
            shapes.
    """
    if len(frames) == 0:
        raise DataError("pictures.save_gif needs at least one frame. Received: none.")
    shapes = sorted({np.shape(frame) for frame in frames})
    if len(shapes) > 1:
        raise DataError(f"The frames of an animation must be of one shape. Received: {shapes[0]} and {shapes[1]}.")
    most = FRAMES * MOST_PIXELS
    _check_pixels((len(frames), *shapes[0][:2]), scale, f"An animation of {len(frames)} frames", "Show fewer", most)
    if seconds < 0 or hold < 0:
        raise ConfigError(f"pictures.save_gif shows frames for at least 0 s. Received: {seconds} and {hold}.")
    first, *others = (_picture(frame, scale) for frame in frames)
    durations = [round(1000 * seconds)] * len(frames)
    durations[-1] += round(1000 * hold)
    return _write(path, first, format="GIF", save_all=True, append_images=others, duration=durations, loop=0)


def _picture(image: HostArray, scale: int) -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise ConfigError('Pictures are written by Pillow, which is missing: pip install "pellucid[plot]".') from error
    pixels = np.asarray(image)
    if pixels.dtype != np.uint8:
        raise DataError(f"A picture is written from a uint8 image, as tile returns. Received: dtype {pixels.dtype}.")
    if not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)) or pixels.size == 0:
        raise DataError(f"A picture is an array (H, W) or (H, W, 3), as tile returns. Received: shape {pixels.shape}.")
    if scale < 1:
        raise ConfigError(f"A picture is enlarged by a scale of at least 1. Received: {scale}.")
    _check_pixels(pixels.shape[:2], scale, f"A picture enlarged by a scale of {scale}", "Take a smaller scale")
    return Image.fromarray(pixels.repeat(scale, axis=0).repeat(scale, axis=1))


def _write(path: Path | str, picture: Any, **options: Any) -> Path:
    replace_by(path, lambda file: picture.save(file, **options))
    return Path(path)
