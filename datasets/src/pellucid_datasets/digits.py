"""digits: handwritten digits in few pixels."""

from __future__ import annotations

import gzip
from collections.abc import Sequence

import numpy as np
from pellucid import Dataset, Example, Part, Split, Transform, check_bool

from pellucid_datasets.files import packaged

CHECKSUM = "75f8c688b8534cf98e46c61028f1405fd0622a8cb968d496565cfd193db01ae9"


class Digits(Dataset):
    """Which digit is it? 1,797 of them, of 13 writers, in 8 x 8 pixels: an epoch takes milliseconds.

    Each pixel tells how many of 4 x 4 points of a larger picture are ink, in sixteenths. ``x``: float32 grey levels, 0
    (paper) to 1 (ink), (N, 64) or, with ``flat=False``, (N, 8, 8, 1); ``y``: int64, the digit.

    Args:
        flat: whether an image is one row of 64 values or has its axes height, width, channel.
        validation, test: a fraction of the 1,797 or a number of images, with the digits in proportion.
        transforms: proposed to whoever trains.

    Source: Alpaydin & Kaynak, Optical Recognition of Handwritten Digits, 1998, UCI Machine Learning Repository, CC BY
    4.0: its test set, as scikit-learn has it.
    """

    examples = (Example(), Example({"flat": False}))

    def __init__(
        self, flat: bool = True, *, validation: Part = 0.1, test: Part = 0.2, transforms: Sequence[Transform | str] = ()
    ) -> None:
        super().__init__(validation=validation, test=test, transforms=transforms)
        check_bool(self, "flat", flat)
        self.flat = flat

    @property
    def photos(self) -> dict[str, object]:
        """How one's own photo becomes a sample; see pellucid's contract of a data set."""
        return {"rule": "ink", "size": 8, "box": 8, "centre": "box", "flat": self.flat}

    def load(self, rng: np.random.Generator) -> Split:
        whole = np.frombuffer(gzip.decompress(packaged("digits.bin.gz", CHECKSUM)), np.uint8).reshape(-1, 65)
        x = np.multiply(whole[:, 1:], np.float32(1 / 16), dtype=np.float32)
        shape = (64,) if self.flat else (8, 8, 1)
        return Split(x.reshape(len(x), *shape), whole[:, 0].astype(np.int64), tuple("0123456789"))
