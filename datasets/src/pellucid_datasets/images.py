"""image_split: pixels and labels as they stand in IDX files, as a Split in pellucid's units."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid import Classes, DataError, Split

Bytes = np.ndarray[Any, Any]


def image_split(pixels: Bytes, labels: Bytes, classes: Classes, *, flat: bool, where: str) -> Split:
    """Images with their classes.

    Args:
        pixels: uint8 (N, 28, 28), 0 for background and 255 for full ink.
        labels: uint8 (N,), each an index into ``classes``.
        flat: whether an image becomes one row of 784 values or keeps its axes, (28, 28, 1).
        where: what messages call the data.

    Errors: DataError for another size of the images, another number of labels, or a label without a class.
    """
    if pixels.shape[1:] != (28, 28):
        raise DataError(
            f"The images of {where} must have 28 × 28 pixels. Received: {' × '.join(map(str, pixels.shape[1:]))}. "
            "These are the files of another data set."
        )
    if len(pixels) != len(labels):
        raise DataError(
            f"{where} must have one label for each image. Received: {len(pixels)} images and {len(labels)} labels. "
            "The files do not belong together: fetch them again."
        )
    if len(labels) and labels.max() >= len(classes):
        raise DataError(
            f"The labels of {where} must be 0 … {len(classes) - 1}. Received: up to {labels.max()}. "
            "These are the files of another data set."
        )
    x = np.multiply(pixels, np.float32(1 / 255), dtype=np.float32, order="C")
    return Split(x.reshape(len(x), *((784,) if flat else (28, 28, 1))), labels.astype(np.int64), classes)
