"""emnist: every split upright and with its classes, from single files and from the archive; mistakes are named."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, DataError
from pellucid_datasets import emnist, places
from pellucid_datasets.emnist import SPLITS, Emnist

Write = Callable[[Path, str], dict[str, bytes]]


@pytest.fixture
def folder(nowhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data set's folder in PELLUCID_DATA, on a machine without any other files."""
    monkeypatch.setenv(places.DATA, str(tmp_path / "data"))
    (tmp_path / "data/emnist").mkdir(parents=True)
    return tmp_path / "data/emnist"


def pack(archive: Path, contents: dict[str, bytes]) -> None:
    """An archive laid out like the official one."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w") as opened:
        for name, content in contents.items():
            opened.writestr(f"gzip/{name}", content)


def check_generated(splits: pl.Splits, split: str) -> None:
    """Every bar lies in the first rows, as long as the label says."""
    n = len(SPLITS[split])
    assert [len(splits.train), len(splits.test)] == [2 * n, n]
    first = 1 if split == "letters" else 0
    for part in (splits.train, splits.test):
        images = part.x.reshape(-1, 28, 28)
        assert images.dtype == np.float32 and part.y.dtype == np.int64 and sorted(set(part.y)) == list(range(n))
        np.testing.assert_array_equal(images[:, 0].sum(1) + 28 * images[:, 1].sum(1), part.y + first)
        assert (images[:, 2:27] == 0).all() and (images[:, 27, :26] == 0).all()


@pytest.mark.parametrize("split", SPLITS)
def test_every_split_stands_upright(split: str, folder: Path, letters: Write) -> None:
    letters(folder, split)
    splits = pl.load_dataset("emnist", split=split, validation=0)
    check_generated(splits, split)
    assert splits.train.x.shape[1:] == (784,)
    assert Emnist(split, flat=False).splits(0).test.x.shape[1:] == (28, 28, 1)


def test_classes_are_those_of_the_paper() -> None:
    assert {name: len(classes) for name, classes in SPLITS.items()} == {
        "balanced": 47, "bymerge": 47, "byclass": 62, "letters": 26, "digits": 10, "mnist": 10,
    }  # fmt: skip
    # Section II.B of the paper: these small letters are merged with their capitals.
    assert set(ascii_lowercase) - set(SPLITS["balanced"]) == set("cijklmopsuvwxyz")
    assert SPLITS["byclass"][10] == "A" and SPLITS["byclass"][36] == "a" and SPLITS["balanced"][46] == "t"
    assert SPLITS["letters"] == ascii_uppercase


@pytest.mark.parametrize("place", ["PELLUCID_DATA", "cache"])
def test_the_archive_will_do(place: str, folder: Path, nowhere: Path, letters: Write, tmp_path: Path) -> None:
    target = folder if place == "PELLUCID_DATA" else nowhere / "emnist"
    pack(target / "gzip.zip", letters(tmp_path / "elsewhere", "letters"))
    check_generated(Emnist("letters", validation=0).splits(0), "letters")


def test_a_file_in_the_archive_may_have_as_many_bytes_as_the_limit_and_no_more(
    folder: Path, letters: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = letters(tmp_path / "elsewhere", "letters")
    pack(folder / "gzip.zip", contents)
    largest = max(map(len, contents.values()))
    monkeypatch.setattr(emnist, "LIMIT", largest)
    check_generated(Emnist("letters", validation=0).splits(0), "letters")
    monkeypatch.setattr(emnist, "LIMIT", largest - 1)
    with pytest.raises(DataError, match=f"announces {largest} bytes: it is not the official archive"):
        Emnist("letters", validation=0).splits(0)


def test_the_archive_is_downloaded_and_checked(
    folder: Path, nowhere: Path, letters: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pooch")
    published = tmp_path / "published/gzip.zip"
    pack(published, letters(tmp_path / "elsewhere", "digits"))

    def fetch(source: object, url: str, file: str, pooch: object) -> None:
        assert url == "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
        Path(file).write_bytes(published.read_bytes())

    monkeypatch.setattr(type(emnist.SOURCE), "_fetch", fetch)
    checksums = {"gzip.zip": sha256(published.read_bytes()).hexdigest()}
    monkeypatch.setattr(emnist, "SOURCE", replace(emnist.SOURCE, checksums=checksums))
    check_generated(Emnist("digits", validation=0).splits(0), "digits")
    assert (nowhere / "emnist/gzip.zip").is_file()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no archive", r"is not EMNIST's archive, or damaged: .*gzip/emnist-balanced-train-images.*562 MB"),
        (None, r"is not EMNIST's archive, or damaged: .*There is no item named 'gzip/emnist-balanced-train"),
    ],
    ids=["not-a-zip", "another-zip"],
)
def test_another_archive_is_named(content: bytes | None, message: str, folder: Path) -> None:
    pack(folder / "gzip.zip", {"readme.txt": b""})
    if content is not None:
        (folder / "gzip.zip").write_bytes(content)
    with pytest.raises(DataError, match=message):
        Emnist().splits(0)


def test_files_that_do_not_belong_together_are_named(folder: Path, letters: Write) -> None:
    letters(folder, "letters")
    stem = folder / "emnist-letters-train"
    labels = gzip.decompress(Path(f"{stem}-labels-idx1-ubyte.gz").read_bytes())
    for wrong, message in (
        (labels[:7] + bytes([labels[7] - 1]) + labels[8:-1], "52 images and 51 labels"),
        (labels[:-1] + bytes([27]), "must be 0 … 25. Received: up to 26"),
        (labels[:-1] + bytes([0]), "must be 1 … 26. Received: 0"),
    ):
        Path(f"{stem}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(wrong))
        with pytest.raises(DataError, match=message):
            Emnist("letters").splits(0)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"The 'split' of Emnist must be one of 'balanced', 'bymerge'.*'caps'"):
        Emnist("caps")
