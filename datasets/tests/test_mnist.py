"""mnist: all of it, as published, in natural units; damaged files are noticed."""

from __future__ import annotations

from hashlib import md5
from pathlib import Path

import numpy as np
import pytest
from pellucid import ConfigError, DataError, Splits
from pellucid_datasets import files, mnist
from pellucid_datasets.mnist import Mnist

PUBLISHED = {
    "train-images-idx3-ubyte.gz": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte.gz": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte.gz": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte.gz": "27ae3e4e09519cfbb04c329615203637",
}
"""MD5 of the uncompressed files, as other distributions of MNIST list them."""


@pytest.fixture(scope="module")
def splits() -> Splits:
    return Mnist().splits(0)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_the_files_are_the_authors(name: str) -> None:
    import gzip

    content = gzip.decompress(files.packaged(name, mnist.CHECKSUMS[name]))
    assert md5(content, usedforsecurity=False).hexdigest() == PUBLISHED[name]


def test_parts_shapes_and_units(splits: Splits) -> None:
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [54000, 6000, 10000]
    assert splits.classes == tuple("0123456789")
    for part in (splits.train, splits.validation, splits.test):
        assert part.x.shape[1:] == (784,) and part.x.dtype == np.float32
        assert part.x.min() == 0 and part.x.max() == 1
        assert part.y.shape == (len(part),) and part.y.dtype == np.int64


def test_digits_are_aligned_and_in_proportion(splits: Splits) -> None:
    whole = Mnist(validation=0).splits(0)
    # A known figure: the classes of the 60,000 (LeCun et al.).
    assert np.bincount(whole.train.y).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(splits.test.y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    share = np.bincount(splits.validation.y) / np.bincount(whole.train.y)
    np.testing.assert_allclose(share, 0.1, atol=1 / 5421)

    # Every image stands in one part, beside its own label.
    def keyed(x: np.ndarray, y: np.ndarray) -> list[tuple[int, int]]:
        return sorted((hash(row.tobytes()), int(label)) for row, label in zip(x, y, strict=True))

    parts = keyed(splits.train.x, splits.train.y) + keyed(splits.validation.x, splits.validation.y)
    assert sorted(parts) == keyed(whole.train.x, whole.train.y)


def test_images_keep_their_axes_when_asked(splits: Splits) -> None:
    images = Mnist(flat=False, validation=100).splits(0)
    assert images.train.x.shape == (59900, 28, 28, 1)
    np.testing.assert_array_equal(images.test.x.reshape(-1, 784), splits.test.x)
    first = images.test.x[0, :, :, 0]  # the first test image, a 7: ink in the upper bar, none at the lower left
    assert splits.test.y[0] == 7
    assert first[8, 8:20].mean() > 0.3 and first[18:, :8].max() == 0


@pytest.mark.parametrize("arguments", [{"flat": 1}, {"flat": None}, {"validation": 1.5}])
def test_wrong_arguments_are_refused(arguments: dict) -> None:
    with pytest.raises(ConfigError, match=f"The '{next(iter(arguments))}' of Mnist must be"):
        Mnist(**arguments)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package's data that may be damaged."""
    for name in mnist.CHECKSUMS:
        (tmp_path / name).write_bytes((files.FOLDER / name).read_bytes())
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    return tmp_path


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match=r"t10k-labels.*cannot be read: No such file.*pip install --force-reinstall"):
        Mnist().splits(0)


def test_a_damaged_file_is_named(folder: Path) -> None:
    path = folder / "train-labels-idx1-ubyte.gz"
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"train-labels.*SHA-256 must be 1787548b.*Received: \w{64} \(28857 bytes\)"):
        Mnist().splits(0)
