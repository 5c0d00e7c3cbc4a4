"""mnist: handwritten digits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pellucid import Dataset, Example, Part, Split, Transform, check_bool, check_part

from pellucid_datasets.files import packaged
from pellucid_datasets.idx import read_idx
from pellucid_datasets.images import image_split

CHECKSUMS = {
    "train-images-idx3-ubyte.gz": "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
    "train-labels-idx1-ubyte.gz": "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
    "t10k-images-idx3-ubyte.gz": "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
    "t10k-labels-idx1-ubyte.gz": "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
}
"""SHA-256 of the files in this package. Uncompressed they are, byte for byte, those that the authors published."""


class Mnist(Dataset):
    """Which digit is it? 60,000 training images of 500 writers and 10,000 test images of 500 others.

    ``x``: float32 grey levels, 0 (paper) to 1 (ink), (N, 784) or, with ``flat=False``, (N, 28, 28, 1).
    ``y``: int64, the digit. The official test set stays the test set; validation is drawn from the 60,000.

    Args:
        flat: whether an image is one row of 784 values or has its axes height, width, channel.
        validation: a fraction of the 60,000 or a number of images, with the digits in proportion.
        transforms: proposed to whoever trains.

    Source: LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition, 1998.
    """

    examples = (Example(), Example({"flat": False}))

    def __init__(
        self,
        flat: bool = True,
        *,
        validation: Part = 0.1,
        transforms: Sequence[Transform | str] = (),
    ) -> None:
        check_bool(self, "flat", flat)
        check_part(self, "validation", validation)
        self.flat = flat
        self.validation = validation
        self.transforms = transforms

    @property
    def photos(self) -> dict[str, object]:
        """How one's own photo becomes a sample; see pellucid's contract of a data set."""
        return {"rule": "ink", "size": 28, "box": 20, "flat": self.flat}

    def load(self, rng: np.random.Generator) -> Split:
        return self._read("train")

    def load_test(self) -> Split:
        return self._read("t10k")

    def _read(self, part: str) -> Split:
        pixels = _array(f"{part}-images-idx3-ubyte.gz", axes=3)
        labels = _array(f"{part}-labels-idx1-ubyte.gz", axes=1)
        return image_split(pixels, labels, tuple("0123456789"), flat=self.flat, where="mnist")


def _array(name: str, axes: int) -> np.ndarray[Any, Any]:
    return read_idx(packaged(name, CHECKSUMS[name]), axes=axes, name=name)
