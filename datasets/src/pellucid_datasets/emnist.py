"""emnist: handwritten letters and digits, in the format of MNIST."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any

import numpy as np
from pellucid import DataError, Dataset, Example, Part, Split, Transform, check_bool, check_choice, check_part

from pellucid_datasets.idx import LIMIT, read_idx, read_whole
from pellucid_datasets.images import image_split
from pellucid_datasets.source import Source

MERGED = digits + ascii_uppercase + "abdefghnqrt"
"""Lower-case letters that look like their capitals (c, i, j, k, …) share a class with them."""
SPLITS = {
    "balanced": MERGED,
    "bymerge": MERGED,
    "byclass": digits + ascii_uppercase + ascii_lowercase,
    "letters": ascii_uppercase,
    "digits": digits,
    "mnist": digits,
}
"""The official splits, and their classes in the order of the labels."""
ARCHIVE = "gzip.zip"
SOURCE = Source(
    dataset="emnist",
    folder="emnist",
    url="https://biometrics.nist.gov/cs_links/EMNIST/",
    checksums={ARCHIVE: "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e"},
    size="562 MB",
    most=600_000_000,
)


class Emnist(Dataset):
    """Which character is it? Up to 814,255 handwritten letters and digits of NIST's Special Database 19.

    ========== ======= ======================================== ========= =======
    split      classes                                           training    test
    ========== ======= ======================================== ========= =======
    balanced        47 0-9 A-Z abdefghnqrt, each equally often    112,800  18,800
    bymerge         47 the same, as often as they were written    697,932 116,323
    byclass         62 0-9 A-Z a-z                                697,932 116,323
    letters         26 A-Z, each together with its small letter   124,800  20,800
    digits          10 0-9                                        240,000  40,000
    mnist           10 0-9, made like MNIST                        60,000  10,000
    ========== ======= ======================================== ========= =======

    ``x``: float32 grey levels, 0 (paper) to 1 (ink), (N, 784) or, with ``flat=False``, (N, 28, 28, 1): upright, whereas
    the files hold every image with rows and columns exchanged. ``y``: int64, the index into ``classes``; the files
    number letters from 1, here they count from 0 like all others. The official test set stays the test set.
    ``bymerge`` and ``byclass`` take 2.6 GB of memory, and as much again while they are divided.

    The files, ``emnist-letters-train-images-idx3-ubyte.gz`` and so on, are taken from ``$PELLUCID_DATA/emnist``; the
    official archive of all of them, ``gzip.zip``, from there or from the cache, into which it is downloaded if it is
    nowhere.

    Args:
        split: one of the above.
        flat: whether an image is one row of 784 values or has its axes height, width, channel.
        validation: a fraction of the training images or a number, with the classes in proportion.
        transforms: proposed to whoever trains.

    Source: Cohen, Afshar, Tapson, van Schaik: EMNIST, an extension of MNIST to handwritten letters, 2017.
    """

    examples = (Example(), Example({"split": "letters", "flat": False}))

    def __init__(
        self,
        split: str = "balanced",
        flat: bool = True,
        *,
        validation: Part = 0.1,
        transforms: Sequence[Transform | str] = (),
    ) -> None:
        check_choice(self, "split", split, SPLITS)
        check_bool(self, "flat", flat)
        check_part(self, "validation", validation)
        self.split = split
        self.flat = flat
        self.validation = validation
        self.transforms = transforms

    @property
    def photos(self) -> dict[str, object]:
        """How one's own photo becomes a sample; see pellucid's contract of a data set."""
        return {"rule": "ink", "size": 28, "box": 24, "centre": "box", "flat": self.flat}

    def load(self, rng: np.random.Generator) -> Split:
        return self._read("train")

    def load_test(self) -> Split:
        return self._read("test")

    def _read(self, part: str) -> Split:
        where = f"emnist-{self.split}-{part}"
        pixels, labels = _arrays(*names(self.split, part))
        if self.split == "letters":
            if len(labels) and labels.min() == 0:
                raise DataError(f"The labels of {where} must be 1 … 26. Received: 0. Fetch the official files again.")
            labels = labels - np.uint8(1)
        upright = pixels.transpose(0, 2, 1)
        return image_split(upright, labels, tuple(SPLITS[self.split]), flat=self.flat, where=where)


def names(split: str, part: str) -> tuple[str, str]:
    """The files of images and labels of ``"train"`` or ``"test"``."""
    return f"emnist-{split}-{part}-images-idx3-ubyte.gz", f"emnist-{split}-{part}-labels-idx1-ubyte.gz"


def _arrays(images: str, labels: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The contents of these two files, from single files if these are there, else from the archive."""
    single = SOURCE.found((images, labels))
    try:
        if single is not None:
            contents = [(read_whole(single[name]), str(single[name])) for name in (images, labels)]
        else:
            archive = SOURCE.obtained()[ARCHIVE]
            contents = [(_member(archive, name), f"{name} in {archive}") for name in (images, labels)]
    except OSError as error:
        raise DataError(f"{error.filename}, a file of emnist, cannot be read: {error.strerror}.") from error
    (pixels, where_pixels), (values, where_values) = contents
    return read_idx(pixels, axes=3, name=where_pixels), read_idx(values, axes=1, name=where_values)


def _member(archive: Path, name: str) -> bytes:
    """The file of this name in the archive."""
    try:
        with zipfile.ZipFile(archive) as opened:
            info = opened.getinfo(f"gzip/{name}")
            if info.file_size > LIMIT:
                raise DataError(
                    f"{name} in {archive} announces {info.file_size} bytes: it is not the official archive."
                )
            return opened.read(info)
    except (KeyError, zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
        raise DataError(
            f"{archive} is not EMNIST's archive, or damaged: reading gzip/{name} from it failed ({error}). Delete it. "
            f"{SOURCE.how_to_get()}"
        ) from error
