"""What data sets are made of: files up to their limits, images, photos, points in equal steps, memory asked for."""

from __future__ import annotations

import os
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pellucid import Classes, DataError
from pellucid_datasets import files, glyphs
from pellucid_datasets.digits import Digits
from pellucid_datasets.emnist import Emnist
from pellucid_datasets.fashion_mnist import FashionMnist
from pellucid_datasets.gaussian_blobs import GaussianBlobs
from pellucid_datasets.glyphs import Glyphs
from pellucid_datasets.half_moons import HalfMoons
from pellucid_datasets.idx import read_idx, read_whole
from pellucid_datasets.images import image_split
from pellucid_datasets.mnist import Mnist
from pellucid_datasets.shares import even_shares
from pellucid_datasets.sine import Sine
from pellucid_datasets.spirals import Spirals

# -- files -----------------------------------------------------------------------------------------------------------


def test_a_file_is_read_up_to_its_limit_and_a_device_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"12345")
    assert read_whole(path) == b"12345" == read_whole(path, 5)
    for wrong, limit in ((path, 4), (tmp_path, 100), (Path(os.devnull), 100)):
        with pytest.raises(DataError, match=f"is longer than {limit} bytes, or no file"):
            read_whole(wrong, limit)
    with pytest.raises(FileNotFoundError):
        read_whole(tmp_path / "none")


def test_a_file_of_this_package_is_held_against_its_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "f").write_bytes(b"")
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    assert files.packaged("f", sha256(b"").hexdigest()) == b""
    with pytest.raises(DataError, match=rf"SHA-256 must be 00\. Received: {sha256(b'').hexdigest()} \(0 bytes\)"):
        files.packaged("f", "00")


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_the_last_axis_of_an_array_runs_fastest(axes: int) -> None:
    array = np.arange(24, dtype=np.uint8).reshape(
        (24, 1, 1)[:axes] if axes == 1 else (2, 12, 1)[:axes] if axes == 2 else (2, 3, 4)
    )
    content = BytesIO()
    content.write(bytes((0, 0, 8, axes)))
    for length in array.shape:
        content.write(length.to_bytes(4, "big"))
    content.write(array.tobytes())
    assert (read_idx(content.getvalue(), axes=axes, name="a") == array).all()


def test_a_length_has_four_bytes_the_first_of_which_counts_most() -> None:
    header = bytes((0, 0, 8, 3, 1, 2, 3, 4, 0, 0, 0, 0, 255, 254, 253, 252))
    assert read_idx(header, axes=3, name="a").shape == (0x01020304, 0, 0xFFFEFDFC)


def test_images_are_shades_from_0_to_1_with_the_labels_that_there_are() -> None:
    pixels, labels = np.zeros((3, 28, 28), np.uint8), np.array([0, 2, 1], np.uint8)
    pixels[1, 3, 5], pixels[2, 0, 0] = 255, 51
    classes: Classes = ("a", "b", "c")
    found: Any = image_split(pixels, labels, classes, flat=True, where="here")
    assert found.x.shape == (3, 784) and found.x[1, 3 * 28 + 5] == 1 and found.x[2, 0] == pytest.approx(0.2)
    assert found.x.sum() == pytest.approx(1.2) and found.y.tolist() == [0, 2, 1] and found.classes == classes
    images: Any = image_split(pixels, labels, classes, flat=False, where="here")
    assert images.x.shape == (3, 28, 28, 1)
    assert len(image_split(pixels[:0], labels[:0], classes, flat=True, where="here")) == 0
    for wrong, of, told in (
        (pixels[:, :27], labels, "28 × 28 pixels. Received: 27 × 28"), (pixels, labels[:2], "3 images and 2 labels"),
        (pixels, labels + np.uint8(1), "must be 0 … 2. Received: up to 3"),
    ):  # fmt: skip
        with pytest.raises(DataError, match=told):
            image_split(wrong, of, classes, flat=True, where="here")


@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.parametrize(
    ("made", "size", "box", "centre"),
    [(Digits, 8, 8, "box"), (Mnist, 28, 20, None), (FashionMnist, [28, 28], None, None), (Emnist, 28, 24, "box"),
     (lambda flat: Glyphs(flat=flat), 28, 20, None), (lambda flat: Glyphs("a", size=70, flat=flat), 70, 50, None)],
)  # fmt: skip
def test_photos_become_samples_of_the_size_of_the_images(
    made: Any, size: Any, box: Any, centre: Any, flat: bool
) -> None:
    told = made(flat=flat).photos
    assert (told["size"], told.get("box"), told.get("centre"), told["flat"]) == (size, box, centre, flat)
    assert Glyphs("a", align="line").photos is None


# -- points ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "parts", "shares"), [(7, 3, [3, 2, 2]), (6, 3, [2, 2, 2]), (2, 3, [1, 1, 0]), (8, 3, [3, 3, 2])]
)
def test_shares_differ_by_one_and_the_larger_come_first(n: int, parts: int, shares: list[int]) -> None:
    assert even_shares(n, parts) == shares


def test_points_stand_in_equal_steps() -> None:
    moons = HalfMoons(101, 0.0).load(np.random.default_rng(0))
    for label, count, centre, turn in ((0, 51, (0.0, 0.0), 1), (1, 50, (1.0, 0.5), -1)):
        x = (moons.x[moons.y == label] - centre) * turn
        angles = np.arctan2(np.abs(x[:, 1]), x[:, 0])
        np.testing.assert_allclose(angles, np.linspace(0, np.pi, count), atol=1e-5)
        assert (x[:, 1] > -1e-6).all()
    arms = Spirals(25, 3, 0.5, 0.0).load(np.random.default_rng(0))
    for k, count in enumerate((9, 8, 8)):
        r = np.hypot(*arms.x[arms.y == k].T)
        np.testing.assert_allclose(r, np.arange(1, count + 1) / count, atol=1e-6)
    few = Spirals(10, 12, 0.0, 0.0).load(np.random.default_rng(0))
    assert len(few) == 10 and few.classes is not None and len(few.classes) == 12


def test_noise_is_as_large_as_asked_for() -> None:
    noisy: Any
    plain: Any
    noisy, plain = (Spirals(20_000, 2, 1.0, noise).load(np.random.default_rng(1)).x for noise in (0.3, 0.0))
    assert (noisy - plain).std() == pytest.approx(0.3, rel=0.03)
    sine = Sine(50_000, 2.0, 0.0).load(np.random.default_rng(0))
    assert isinstance(sine.x, np.ndarray)
    assert np.abs(sine.x).max() == pytest.approx(np.pi, rel=1e-3) and abs(sine.x.mean()) < 0.03
    assert sine.x.std() == pytest.approx(np.pi / 3**0.5, rel=0.02)
    centres = np.concatenate([GaussianBlobs(10, 10, 300, 0.0).load(np.random.default_rng(i)).x for i in range(5)])
    assert (
        9.9 < centres.max() <= 10
        and -10 <= centres.min() < -9.9
        and centres.std() == pytest.approx(20 / 12**0.5, rel=0.02)
    )


def test_memory_is_asked_for_before_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    class Enough(Exception):
        """It has been asked."""

    def check(size: float, *_: Any) -> None:
        asked.append(size)
        raise Enough

    monkeypatch.setattr("pellucid_datasets.gaussian_blobs.check_memory", check)
    monkeypatch.setattr(glyphs, "check_memory", check)
    for data, size in ((GaussianBlobs(50, features=7), 12 * 50 * 7), (Glyphs("abc", 20, 16), 5 * 3 * 20 * 16 * 16)):
        with pytest.raises(Enough):
            data.load(np.random.default_rng(0))
        assert asked.pop() == size
