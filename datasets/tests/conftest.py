"""Generated files in the formats of the data sets, in folders of their own: no test needs what this machine has."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from pellucid_datasets import emnist, fashion_mnist, places


def idx(array: np.ndarray) -> bytes:
    """The array (uint8) as the content of an IDX file."""
    header = bytes((0, 0, 8, array.ndim)) + b"".join(length.to_bytes(4, "big") for length in array.shape)
    return header + array.tobytes()


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any files: no PELLUCID_DATA, no system packages, an empty cache, which is returned."""
    monkeypatch.delenv(places.DATA, raising=False)
    monkeypatch.setenv(places.CACHE, str(tmp_path / "cache"))
    monkeypatch.setattr(places, "SYSTEM", tmp_path / "system")
    return tmp_path / "cache"


@pytest.fixture
def clothes(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], dict[str, bytes]]:
    """Writes files in Fashion-MNIST's layout into a folder, 40 + 20 images, and has them taken for the real ones."""

    def write(folder: Path) -> dict[str, bytes]:
        rng, contents = np.random.default_rng(0), {}
        for part, n in (("train", 40), ("t10k", 20)):
            labels = np.resize(np.arange(10, dtype=np.uint8), n)
            images = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
            images[:, 0, 0], images[:, 0, 1] = labels, 255  # the label can be read from the image
            for name, array in ((f"{part}-images-idx3-ubyte.gz", images), (f"{part}-labels-idx1-ubyte.gz", labels)):
                contents[name] = gzip.compress(idx(array), mtime=0)
                monkeypatch.setitem(fashion_mnist.VALUES, name, sha256(array).hexdigest())
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        return contents

    return write


@pytest.fixture
def letters() -> Callable[[Path, str], dict[str, bytes]]:
    """Writes files in EMNIST's layout into a folder: of each class two images for training and one for the test.

    Upright, an image has a bar in its first row, as long as its label in the file, and in its last corner a number that
    no other one has: a data set's parts have no image in common. The files hold it transposed.
    """

    def write(folder: Path, split: str) -> dict[str, bytes]:
        contents = {}
        first = 1 if split == "letters" else 0
        for part, each in (("train", 2), ("test", 1)):
            labels = np.tile(np.arange(first, first + len(emnist.SPLITS[split]), dtype=np.uint8), each)
            upright = np.zeros((len(labels), 28, 28), np.uint8)
            for number, (image, label) in enumerate(zip(upright, labels, strict=True)):
                image[0, : label % 28], image[1, : label // 28] = 255, 255
                image[27, 26:] = each, number
            stem = f"emnist-{split}-{part}"
            contents[f"{stem}-images-idx3-ubyte.gz"] = gzip.compress(idx(upright.transpose(0, 2, 1).copy()))
            contents[f"{stem}-labels-idx1-ubyte.gz"] = gzip.compress(idx(labels))
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        return contents

    return write
