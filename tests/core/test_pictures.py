"""Pictures: tiles, PNG files, animations and contact sheets hold the pixels that they should."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pellucid.basics.errors import CheckpointError, ConfigError, DataError
from pellucid.workbench import pictures
from PIL import Image

RNG = np.random.default_rng(0)


def test_tiles_without_gaps_touch() -> None:
    images = np.arange(16).reshape(4, 2, 2).astype(np.uint8)
    whole = pictures.tile(images, columns=2, gap=0)
    assert np.array_equal(whole, np.block([[images[0], images[1]], [images[2], images[3]]]))


def test_tiles_stand_row_by_row_with_gaps_between() -> None:
    images = np.linspace(0, 1, 5)[:, None, None] * np.ones((5, 3, 4))
    whole = pictures.tile(images, columns=2, gap=1, background=0.5)
    assert (whole.shape, whole.dtype) == ((3 * 3 + 2, 2 * 4 + 1), np.uint8)
    for i, level in enumerate([0, 64, 128, 191, 255]):
        top, left = i // 2 * 4, i % 2 * 5
        assert (whole[top : top + 3, left : left + 4] == level).all()
    assert (whole[3] == 128).all()
    assert (whole[8:, 5:] == 128).all()  # the empty place


@pytest.mark.parametrize("shape", [(7, 4, 5, 1), (7, 4, 5)])
def test_grey_images_with_and_without_a_channel(shape: tuple[int, ...]) -> None:
    images = RNG.random(shape)
    np.testing.assert_array_equal(pictures.tile(images), pictures.tile(images.reshape(7, 4, 5)))
    assert pictures.tile(images).shape == (3 * 4 + 4, 3 * 5 + 4)


def test_colours_stay_and_values_outside_are_clipped() -> None:
    images = np.full((1, 2, 2, 3), [-1.0, 0.2, 7.0])
    np.testing.assert_array_equal(pictures.tile(images), np.full((2, 2, 3), [0, 51, 255]))


def test_samples_become_images() -> None:
    flat = np.arange(32.0).reshape(2, 16) / 32
    assert pictures.as_images(flat).shape == (2, 4, 4)
    assert pictures.as_images(flat, (2, 8)).shape == pictures.as_images(flat.reshape(2, 2, 8, 1)).shape == (2, 2, 8)
    assert pictures.as_images(flat[:, :12], [2, 2, 3]).shape == (2, 2, 2, 3)
    levels = np.array([[[0, 51], [102, 255]]])
    for kind in (np.uint8, np.float32):
        np.testing.assert_allclose(pictures.as_images(levels.astype(kind))[0], [[0, 0.2], [0.4, 1]], rtol=1e-6)


@pytest.mark.parametrize("shape", [(3, 5), (16,), (4, 2, 2), (-4, -4), (), 4, (4.0, 4.0), "44"], ids=str)
def test_a_shape_that_samples_do_not_have_is_refused(shape: Any) -> None:
    with pytest.raises(ConfigError, match=r"perhaps 1 or 3 channels: 16 numbers in all, as a sample has\. Received"):
        pictures.as_images(np.zeros((2, 16)), shape)


@pytest.mark.parametrize("shape", [(4,), (12,), (5, 5, 2), (), (2, 3, 3, 3)], ids=str)
def test_samples_that_are_no_pictures_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=r"Samples of shape .* are no pictures\. If their \d+ numbers are pixels, give"):
        pictures.as_images(np.zeros((2, *shape)))


@pytest.mark.parametrize("samples", [[["a"] * 16], [[1.0] * 16, [2.0]], np.zeros((1, 16), complex)])
def test_samples_that_are_no_numbers_are_refused(samples: Any) -> None:
    with pytest.raises(DataError, match=r"The array of samples for pictures must hold real numbers"):
        pictures.as_images(samples)


def test_a_png_holds_the_pixels(tmp_path: Path) -> None:
    image = pictures.tile(RNG.random((4, 6, 6)))
    path = pictures.save_png(image, tmp_path / "a.png", scale=3)
    read = np.asarray(Image.open(path))
    assert read.shape == (3 * image.shape[0], 3 * image.shape[1])
    np.testing.assert_array_equal(read[1::3, 1::3], image)


def test_a_gif_holds_its_frames_and_their_times(tmp_path: Path) -> None:
    frames = [np.full((5, 6), level, np.uint8) for level in (0, 90, 200)]
    with Image.open(pictures.save_gif(frames, tmp_path / "a.gif", seconds=0.1, hold=2.0, scale=2)) as gif:
        assert (gif.n_frames, gif.size, gif.info["loop"]) == (3, (12, 10), 0)
        durations, levels = [], []
        for k in range(3):
            gif.seek(k)
            durations.append(gif.info["duration"])
            levels.append(int(np.asarray(gif.convert("L"))[0, 0]))
    assert durations == [100, 100, 2100]
    assert levels == [0, 90, 200]


def test_a_contact_sheet_shows_first_and_last() -> None:
    frames = np.arange(0, 250, dtype=np.uint8)[:, None, None] * np.ones((1, 2, 2), np.uint8)
    sheet = pictures.contact_sheet(frames, columns=5, count=10)
    assert sheet.shape == (2 * 2 + 4, 5 * 2 + 4 * 4)
    assert (sheet[0, 0], sheet[-1, -1]) == (0, 249)
    assert pictures.contact_sheet(frames[:3]).shape == (2, 3 * 2 + 2 * 4)


def test_coarse_frames_stay_close_and_the_last_stays() -> None:
    frame = np.arange(256, dtype=np.uint8).reshape(16, 16)
    first, last = pictures.coarse([frame, frame], levels=18)
    assert len(np.unique(first)) == 18 and first.min() == 0 and first.max() == 255
    assert np.abs(first.astype(int) - frame).max() <= 8
    assert last is frame
    with pytest.raises(DataError, match="coarse needs at least one frame"):
        pictures.coarse([])
    with pytest.raises(ConfigError, match=r"'levels' of coarse must be an int in \[2, inf\)\. Received: 1"):
        pictures.coarse([frame], levels=1)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((4, 784)), r"Received: \(4, 784\). Flat images are reshaped first"),
        (np.zeros((4, 5, 5, 2)), "with 1 or 3 channels"),
        (np.zeros((0, 5, 5)), "at least one image"),
        (np.full((1, 5, 5), np.nan), "NaN or infinity"),
        (np.full((1, 5, 5), 255), r"from 0 to 255 as uint8\. Received: int64 up to 255\. Convert them"),
    ],
)
def test_what_is_no_picture_is_refused(images: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        pictures.tile(images)


def test_only_uint8_is_written_and_only_where_there_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"uint8 image, as tile returns\. Received: dtype float64"):
        pictures.save_png(np.zeros((3, 3)), tmp_path / "a.png")
    with pytest.raises(DataError, match="at least one frame"):
        pictures.save_gif([], tmp_path / "a.gif")
    with pytest.raises(CheckpointError, match="Cannot write"):
        pictures.save_png(np.zeros((3, 3), np.uint8), tmp_path / "none" / "a.png")
    assert not list(tmp_path.iterdir())


def test_whole_numbers_may_be_masks() -> None:
    np.testing.assert_array_equal(pictures.tile(np.array([[[0, 1]]])), [[0, 255]])
    np.testing.assert_array_equal(pictures.tile(np.array([[[False, True]]])), [[0, 255]])


@pytest.mark.parametrize("options", [{"columns": 0}, {"columns": -1}, {"gap": -1}], ids=str)
def test_layouts_that_are_none_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="at least one column and a gap of at least 0"):
        pictures.tile(np.zeros((2, 3, 3)), **options)


def test_files_that_would_hold_no_picture_are_not_written(tmp_path: Path) -> None:
    image = np.zeros((3, 4), np.uint8)
    for shape in ((3, 4, 1), (12,), (0, 4)):
        with pytest.raises(DataError, match=r"A picture is an array \(H, W\) or \(H, W, 3\)"):
            pictures.save_png(np.zeros(shape, np.uint8), tmp_path / "a.png")
    with pytest.raises(ConfigError, match=r"scale of at least 1\. Received: 0"):
        pictures.save_png(image, tmp_path / "a.png", scale=0)
    with pytest.raises(DataError, match=r"one shape\. Received: \(3, 4\) and \(4, 3\)"):
        pictures.save_gif([image, image.T], tmp_path / "a.gif")
    with pytest.raises(ConfigError, match=r"at least 0 s\. Received: -1 and 1"):
        pictures.save_gif([image], tmp_path / "a.gif", seconds=-1)
    assert not list(tmp_path.iterdir())


def test_without_pillow_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ConfigError, match=r'Pillow, which is missing: pip install "pellucid\[plot\]"'):
        pictures.save_png(np.zeros((3, 3), np.uint8), tmp_path / "a.png")
