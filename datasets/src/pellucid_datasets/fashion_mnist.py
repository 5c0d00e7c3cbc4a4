"""fashion_mnist: photographs of clothes, in the format of MNIST and harder."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import numpy as np
from pellucid import DataError, Dataset, Example, Part, Split, Transform, check_bool, check_part

from pellucid_datasets.idx import read_idx, read_whole
from pellucid_datasets.images import image_split
from pellucid_datasets.source import Source

CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip

SOURCE = Source(
    dataset="fashion_mnist",
    folder="fashion-mnist",
    url="https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/"
    "b2617bb6d3ffa2e429640350f613e3291e10b141/data/fashion/",
    checksums={
        "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
    size="31 MB",
    most=40_000_000,
    hint="Or, on Debian and Ubuntu: apt install dataset-fashion-mnist.",
)

VALUES = {
    "train-images-idx3-ubyte.gz": "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012",
    "train-labels-idx1-ubyte.gz": "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7",
    "t10k-images-idx3-ubyte.gz": "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a",
    "t10k-labels-idx1-ubyte.gz": "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9",
}
"""SHA-256 of the values in the files. Debian packs them anew, so the files themselves have other checksums there."""


class FashionMnist(Dataset):
    """Which piece of clothing is it? 60,000 training and 10,000 test images of the articles of a shop.

    ``x``: float32 grey levels, 0 (background) to 1, (N, 784) or, with ``flat=False``, (N, 28, 28, 1).
    ``y``: int64, the index into ``classes``: T-shirt/top, Trouser, …, Ankle boot. The official test set stays the test
    set; validation is drawn from the 60,000.

    The files are taken from ``$PELLUCID_DATA/fashion-mnist``, from the system's package ``dataset-fashion-mnist``, or
    from the cache, into which they are downloaded if they are nowhere. Wherever they lie, their values are held against
    a checksum: MNIST and several other data sets have the same file names.

    Args:
        flat: whether an image is one row of 784 values or has its axes height, width, channel.
        validation: a fraction of the 60,000 or a number of images, with the classes in proportion.
        transforms: proposed to whoever trains.

    Source: Xiao, Rasul, Vollgraf: Fashion-MNIST, a novel image dataset for benchmarking machine learning algorithms,
    2017.
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
        return {"rule": "resize", "size": [28, 28], "channels": 1, "fit": "pad", "flat": self.flat}

    def load(self, rng: np.random.Generator) -> Split:
        return self._read("train")

    def load_test(self) -> Split:
        return self._read("t10k")

    def _read(self, part: str) -> Split:
        pixels = _array(f"{part}-images-idx3-ubyte.gz", axes=3)
        labels = _array(f"{part}-labels-idx1-ubyte.gz", axes=1)
        return image_split(pixels, labels, CLASSES, flat=self.flat, where="fashion_mnist")


def _array(name: str, axes: int) -> np.ndarray[Any, Any]:
    path = SOURCE.obtained()[name]
    try:
        content = read_whole(path)
    except OSError as error:
        raise DataError(f"{path}, a file of fashion_mnist, cannot be read: {error.strerror}.") from error
    array = read_idx(content, axes=axes, name=str(path))
    found = sha256(array.data).hexdigest()
    if found != VALUES[name]:
        raise DataError(
            f"{path} does not hold what Fashion-MNIST's {name} holds: the SHA-256 of its values must be "
            f"{VALUES[name]}. Received: {found}, shape {array.shape}. MNIST and others have the same file names: check "
            f"where it comes from, and remove it. {SOURCE.how_to_get()}"
        )
    return array
