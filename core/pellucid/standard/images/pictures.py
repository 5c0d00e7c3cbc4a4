"""Pictures: images in files as samples, decoded when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.interfaces.rows import Samples
from pellucid.interfaces.samples import Split
from pellucid.standard.images.fitting import Fit, fitted
from pellucid.standard.images.reading import read_image


class Pictures(Samples):
    """Images in files, in one size, each decoded when it is asked for.

    Args:
        files: of the images.
        labels: the class of each.
        classes: their names.
        size: height and width of every sample.
        channels: 1 or 3.
        fit: how an image of another size is brought to it; see :func:`pellucid.standard.images.fitting.fitted`.

    Shapes: x (N, height, width, channels), float32 from 0 to 1; y (N,), int64.
    """

    def __init__(
        self, files: Sequence[Path], labels: HostArray, classes: Sequence[str], *, size: tuple[int, int],
        channels: int = 3, fit: Fit = "crop",
    ) -> None:  # fmt: skip
        self.files, self.labels, self.classes = tuple(files), labels, tuple(classes)
        self.size, self.channels, self.fit = size, channels, fit

    def __len__(self) -> int:
        return len(self.files)

    def take(self, rows: HostArray) -> Split:
        assert self.labels is not None
        x = np.empty((len(rows), *self.size, self.channels), np.float32)
        for image, row in zip(x, rows, strict=True):
            image[:] = fitted(read_image(self.files[row], self.channels, most=2 * max(self.size)), *self.size, self.fit)
        return Split(x, self.labels[rows], self.classes)
