"""read_image: the pixels of an image file, upright, in grey levels or colours."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import ConfigError, DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
SEEN = ".seen.png"
"""How the names of pictures end in which is what a network saw of a photo: they are written beside it."""
GREY = ("1", "L", "LA", "La", "I", "F")
"""Modes of Pillow that have no colours; those of 16 bits, ``I;16`` and the like, besides."""
_ORIENTATION = 0x0112
_LYING = (5, 6, 7, 8)
"""Orientations of Exif with rows and columns exchanged."""


@dataclass(frozen=True)
class Header:
    """What the beginning of an image file tells: no pixel has been decoded.

    Attributes:
        height, width: as it is looked at, after the orientation that a camera has noted.
        grey: whether it has no colours.
    """

    height: int
    width: int
    grey: bool


def is_image(path: Path) -> bool:
    """Whether a file is called as an image is."""
    return path.suffix.lower() in SUFFIXES


def read_header(path: Path) -> Header:
    """The size and kind of an image.

    Raises:
        DataError: no image, or one that is damaged at its beginning. ConfigError: Pillow is not installed.
    """
    with _opened(path) as image:
        width, height = image.size
        if image.getexif().get(_ORIENTATION) in _LYING:
            height, width = width, height
        return Header(height, width, _is_grey(image))


def read_image(path: Path, channels: int = 1, *, most: int | None = None) -> HostArray:
    """The pixels of an image, float32 (height, width, channels) from 0 to 1.

    A camera's orientation (Exif) is carried out. Colours become grey by the luma of ITU-R 601, ``0.299 R + 0.587 G +
    0.114 B``. What is transparent lies on white. 16 bits are read as such. Of an animation it is the first picture.

    Args:
        channels: 1 for grey levels, 3 for red, green and blue.
        most: pixels of the longer side that are enough: a larger image is made smaller by whole factors, mean by mean,
            which for JPEG files is done while they are decoded.

    Raises:
        DataError: no image, or a damaged one, which is named. ConfigError: Pillow is not installed.
    """
    with _opened(path) as image:
        if most is not None and max(image.size) > most and image.format == "JPEG":
            image.draft(None, (most, most))  # the smallest eighth, quarter or half that is no smaller
        pixels = _decoded(image, channels)
    factor = 1 if most is None else max(pixels.shape[:2]) // most
    if factor > 1:
        height, width = (n // factor * factor for n in pixels.shape[:2])
        blocks = pixels[:height, :width].reshape(height // factor, factor, width // factor, factor, channels)
        pixels = blocks.mean(axis=(1, 3))
    return pixels


def _decoded(image: Any, channels: int) -> HostArray:
    from PIL import ImageOps  # optional

    fine = image.mode in ("I", "F") or image.mode.startswith("I;16")
    image = ImageOps.exif_transpose(image)
    if fine:
        values = np.asarray(image).astype(np.float32)
        values /= 65535 if values.max(initial=0) > 255 else 255 if values.max(initial=0) > 1 else 1
        return np.repeat(values[..., None], channels, axis=2)
    if image.mode in ("LA", "La", "RGBA", "RGBa", "PA") or "transparency" in image.info:
        from PIL import Image

        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"), np.float32)
    return pixels.reshape(*pixels.shape[:2], channels) / np.float32(255)


def _is_grey(image: Any) -> bool:
    if image.mode == "P":  # a table of colours, which may hold grey ones alone
        colours = np.reshape(image.getpalette("RGB") or [0, 0, 0], (-1, 3))
        return bool((colours == colours[:, :1]).all())
    return image.mode in GREY or image.mode.startswith("I;16")


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The image, whatever goes wrong with it as an error of ours that names the file."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ConfigError('Images are read by Pillow, which is missing: pip install "pellucid[plot]".') from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata, and of sizes that memory holds all the same
            with Image.open(path) as image:
                yield image
    except (ConfigError, DataError):
        raise
    except Image.DecompressionBombError as error:
        raise DataError(f"{path} has more pixels than an image is read with: {error} Make it smaller.") from error
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist. Check the path.") from error
    except Exception as error:  # Pillow's readers raise what they like: OSError, SyntaxError, ValueError, struct.error
        reason = str(error).partition(str(path))[0].strip(" '\"") or type(error).__name__
        raise DataError(
            f"{path} is no image that can be read, or it is damaged or cut off ({reason}). Save it again as PNG or "
            "JPEG, or remove it."
        ) from error
