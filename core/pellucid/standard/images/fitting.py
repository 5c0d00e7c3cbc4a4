"""fitted: an image of any size in a size that is asked for."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import ConfigError

Fit = Literal["crop", "pad", "stretch"]
FITS = ("crop", "pad", "stretch")


def fitted(image: HostArray, height: int, width: int, fit: Fit = "crop") -> HostArray:
    """An image in another size, float32 (height, width, channels); as it is where it has this size.

    Each pixel is the mean of what it covers, weighted by a triangle (bilinear, with antialiasing), or, where the image
    is enlarged, what lies between its neighbours.

    Args:
        image: (H, W, channels), float32.
        fit: ``crop`` keeps proportions and takes the largest part of the middle; ``pad`` keeps proportions and all of
            the image, with black beside it; ``stretch`` keeps all of it and no proportions.

    Raises:
        ConfigError: Pillow is not installed.
    """
    h, w, channels = image.shape
    if (h, w) == (height, width):
        return image
    box = (0.0, 0.0, float(w), float(h))
    if fit == "crop":
        scale = min(h / height, w / width)
        cut_h, cut_w = min(height * scale, h), min(width * scale, w)  # which rounding may have made larger
        box = ((w - cut_w) / 2, (h - cut_h) / 2, (w + cut_w) / 2, (h + cut_h) / 2)
    if fit != "pad":
        return resized(image, height, width, box)
    scale = max(h / height, w / width)
    inner_h, inner_w = max(1, round(h / scale)), max(1, round(w / scale))
    whole = np.zeros((height, width, channels), np.float32)
    top, left = (height - inner_h) // 2, (width - inner_w) // 2
    whole[top : top + inner_h, left : left + inner_w] = resized(image, inner_h, inner_w, box)
    return whole


def resized(image: HostArray, height: int, width: int, box: tuple[float, float, float, float]) -> HostArray:
    """What lies in a box of an image (left, top, right, bottom), in another size."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ConfigError('Images are resized by Pillow, which is missing: pip install "pellucid[plot]".') from error
    parts: list[Any] = [
        Image.fromarray(np.ascontiguousarray(channel)).resize((width, height), Image.Resampling.BILINEAR, box=box)
        for channel in np.moveaxis(image.astype(np.float32, copy=False), 2, 0)
    ]
    return np.stack([np.asarray(part, np.float32) for part in parts], axis=2)
