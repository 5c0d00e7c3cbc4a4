"""fashion_mnist: found in PELLUCID_DATA, the system's package or the cache; whatever is wrong with it is said."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, DataError
from pellucid_datasets import fashion_mnist, places
from pellucid_datasets.fashion_mnist import FashionMnist

Write = Callable[[Path], dict[str, bytes]]


def check_generated(splits: pl.Splits) -> None:
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [30, 10, 20]
    for part in (splits.train, splits.validation, splits.test):
        assert part.x.dtype == np.float32 and part.y.dtype == np.int64
        np.testing.assert_array_equal(np.rint(part.x.reshape(-1, 784)[:, 0] * 255), part.y)
        assert part.x.max() == 1


@pytest.mark.parametrize("place", ["PELLUCID_DATA", "system", "cache"])
def test_it_is_found_in_every_place(
    place: str, nowhere: Path, clothes: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == "PELLUCID_DATA":
        monkeypatch.setenv(places.DATA, str(tmp_path / "data"))
    folder = {"PELLUCID_DATA": tmp_path / "data", "system": places.SYSTEM, "cache": nowhere}[place] / "fashion-mnist"
    clothes(folder)
    check_generated(FashionMnist(validation=10).splits(0))
    for path in folder.iterdir():  # unpacked files do as well
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    check_generated(FashionMnist(validation=10, flat=False).splits(0))


def test_the_folder_that_was_named_comes_first(
    nowhere: Path, clothes: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(places.DATA, str(tmp_path / "data"))
    clothes(tmp_path / "data/fashion-mnist")
    (places.SYSTEM / "fashion-mnist").mkdir(parents=True)
    for name in fashion_mnist.VALUES:
        (places.SYSTEM / "fashion-mnist" / name).write_bytes(b"not looked at")
    check_generated(FashionMnist(validation=10).splits(0))


def test_half_of_the_files_is_a_mistake(nowhere: Path, clothes: Write) -> None:
    clothes(places.SYSTEM / "fashion-mnist")
    (places.SYSTEM / "fashion-mnist/t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match=r"\(system\) has 3 of 4 files\. Missing: t10k-labels-idx1-ubyte\.gz\. Put "):
        FashionMnist().splits(0)


def test_the_files_of_mnist_are_not_taken_for_it(
    nowhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pellucid_datasets import files

    monkeypatch.setenv(places.DATA, str(tmp_path))
    (tmp_path / "fashion-mnist").symlink_to(files.FOLDER)
    with pytest.raises(DataError, match=r"SHA-256 of its values must be 2e487a6c.*MNIST and others have the same file"):
        FashionMnist().splits(0)


def test_a_damaged_file_is_named(nowhere: Path, clothes: Write) -> None:
    clothes(places.SYSTEM / "fashion-mnist")
    path = places.SYSTEM / "fashion-mnist/t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte\.gz is truncated"):
        FashionMnist().splits(0)


def test_a_variable_that_names_no_folder_is_refused(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(places.DATA, str(nowhere / "mistyped"))
    with pytest.raises(DataError, match=r"PELLUCID_DATA must name a folder.*mistyped', which is none\. Correct it"):
        FashionMnist().splits(0)


def test_a_folder_that_may_not_be_searched_is_named(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(DataError, match=r"fashion-mnist \(system.*may not be searched: Permission denied\. Correct"):
        FashionMnist().splits(0)


@pytest.mark.parametrize("arguments", [{"flat": 1}, {"validation": 1.5}])
def test_wrong_arguments_are_refused(arguments: dict) -> None:
    with pytest.raises(ConfigError, match=f"The '{next(iter(arguments))}' of FashionMnist must be"):
        FashionMnist(**arguments)


def test_the_real_files_where_they_are() -> None:
    if fashion_mnist.SOURCE.found(fashion_mnist.VALUES) is None:
        pytest.skip("Fashion-MNIST is not on this machine: the generated files above stand for it")
    splits = pl.load_dataset("fashion_mnist", flat=False)
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [54000, 6000, 10000]
    assert splits.classes[:2] == ("T-shirt/top", "Trouser") and splits.classes[9] == "Ankle boot"
    assert splits.test.x.shape == (10000, 28, 28, 1)
    assert np.bincount(splits.train.y).tolist() == [5400] * 10 and np.bincount(splits.test.y).tolist() == [1000] * 10
    assert splits.test.y[:5].tolist() == [9, 2, 1, 1, 6]  # as shown in the authors' tutorial
    mean = splits.train.x.mean(axis=(0, 3))
    trousers = splits.train.x[splits.train.y == 1].mean(axis=(0, 3))
    assert trousers[20:, 14].mean() < trousers[20:, 10].mean()  # two legs, and a gap between them
    np.testing.assert_allclose(mean.mean(), 0.2860, atol=0.001)  # a known figure
