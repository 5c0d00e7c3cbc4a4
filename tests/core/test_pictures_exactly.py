"""Pictures pixel by pixel: what is left out of a call, and what lies on the edge of what is taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pellucid.basics.errors import ConfigError, DataError
from pellucid.workbench import pictures
from pellucid.workbench.experiments.outputs import check_amount, check_output, save_samples, save_table

Image = pytest.importorskip("PIL.Image")

LEVELS = np.arange(1, 6, dtype=np.uint8)[:, None, None] * np.ones((5, 1, 1), np.uint8)


def read(path: Path) -> Any:
    with Image.open(path) as picture:
        return np.asarray(picture)


def times(path: Path) -> list[int]:
    """Milliseconds that each frame is shown."""
    with Image.open(path) as picture:
        found = []
        for k in range(getattr(picture, "n_frames", 1)):
            picture.seek(k)
            found.append(int(picture.info.get("duration", 0)))
        return found


# -- tiles -------------------------------------------------------------------------------------------------------------


def test_left_to_itself_a_tile_is_about_square_white_with_two_pixels_between() -> None:
    expected = np.full((2 * 1 + 2, 3 * 1 + 2 * 2), 255)
    expected[0, [0, 3, 6]], expected[3, [0, 3]] = (1, 2, 3), (4, 5)
    np.testing.assert_array_equal(pictures.tile(LEVELS), expected)
    assert pictures.tile(LEVELS[:4]).shape == (4, 4) and pictures.tile(LEVELS[:1]).tolist() == [[1]]


@pytest.mark.parametrize(("columns", "shape"), [(1, (5, 1)), (2, (3, 2)), (5, (1, 5)), (9, (1, 5))])
def test_columns_are_those_asked_for_where_there_are_so_many(columns: int, shape: tuple[int, int]) -> None:
    whole = pictures.tile(LEVELS, columns=columns, gap=0, background=0)
    assert whole.shape == shape and whole.ravel().tolist() == [1, 2, 3, 4, 5, 0][: whole.size]


def test_a_tile_of_colours_has_grey_between() -> None:
    image = np.zeros((2, 1, 1, 3))
    image[0, 0, 0], image[1, 0, 0] = (1.0, 0.5, 0.0), (0.0, 0.2, 2.0)
    whole = pictures.tile(image, columns=1, gap=1, background=0.25)
    assert whole.tolist() == [[[255, 128, 0]], [[64, 64, 64]], [[0, 51, 255]]]


def test_as_large_as_a_picture_may_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pictures, "MOST_PIXELS", 20)
    monkeypatch.setattr(pictures, "FRAMES", 3)
    frame = np.zeros((2, 1), np.uint8)
    pictures.save_gif([frame] * 7, tmp_path / "a.gif", scale=2)  # 56 of 60
    with pytest.raises(ConfigError, match=r"of 8 frames would have 64 pixels\. Expected: at most 60\. Show fewer,"):
        pictures.save_gif([frame] * 8, tmp_path / "b.gif", scale=2)


def test_pixels_are_counted_and_not_their_colours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    counted: list[Any] = []
    monkeypatch.setattr(pictures, "_check_pixels", lambda shape, scale, *words: counted.append((shape, scale)))
    image = np.zeros((2, 5, 3), np.uint8)
    pictures.save_png(image, tmp_path / "a.png", scale=4)
    assert counted == [((2, 5), 4)]
    pictures.tile(np.zeros((3, 2, 5, 3)), columns=3, gap=1)
    assert counted[1:] == [((2, 17), 1)]
    pictures.save_gif([image, image], tmp_path / "a.gif", scale=3)
    assert counted[2:] == [((2, 2, 5), 3), ((2, 5), 3), ((2, 5), 3)]


def test_the_most_pixels_of_one_picture() -> None:
    pictures._check_pixels((10_000, 10_000), 1, "It", "Take less")
    pictures._check_pixels((2_500, 2_500), 4, "It", "Take less")
    with pytest.raises(ConfigError, match=r"^It would have 100,010,000 .* at most 100,000,000\. Take less,"):
        pictures._check_pixels((10_000, 10_001), 1, "It", "Take less")


# -- samples as images -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("samples", "shape"), [
    (np.zeros((1, 16)), (1, 4, 4)), (np.zeros((3, 25)), (3, 5, 5)), (np.zeros((2, 2, 3)), (2, 2, 3)),
    (np.zeros((2, 1, 1)), (2, 1, 1)), (np.zeros((2, 4, 5, 1)), (2, 4, 5)), (np.zeros((2, 4, 5, 3)), (2, 4, 5, 3)),
])  # fmt: skip
def test_samples_that_are_images_by_their_shape(samples: Any, shape: tuple[int, ...]) -> None:
    assert pictures.as_images(samples).shape == shape


@pytest.mark.parametrize("samples", [np.zeros((2, 9)), np.zeros((2, 17)), np.zeros(16), np.zeros((2, 3, 3, 4))])
def test_samples_that_are_none(samples: Any) -> None:
    with pytest.raises(DataError, match="are no pictures"):
        pictures.as_images(samples)


@pytest.mark.parametrize(("shape", "fine"), [
    ((1, 12), True), ([4, 3], True), ((2, 6, 1), True), ((2, 2, 3), True), ((12,), False), ((2, 2, 3, 1), False),
    ((12, 1, 1), True), ((2, 3, 2), False), ((0, 12), False),
])  # fmt: skip
def test_shapes_of_an_image_that_one_may_give(shape: Any, fine: bool) -> None:
    x = np.arange(24.0).reshape(2, 12) / 24
    if fine:
        kept = tuple(shape[:2]) if tuple(shape[2:]) == (1,) else tuple(shape)
        np.testing.assert_array_equal(pictures.as_images(x, shape), x.reshape(2, *kept))
    else:
        with pytest.raises(ConfigError, match="perhaps 1 or 3 channels: 12 numbers in all"):
            pictures.as_images(x, shape)


@pytest.mark.parametrize(("largest", "shown"), [(1.0, 1.0), (16.0, 16.0), (17.0, 17 / 255), (255.0, 1.0)])
def test_levels_above_sixteen_are_bytes(largest: float, shown: float) -> None:
    x = np.zeros((2, 2, 2))
    x[1, 1, 1] = largest
    assert pictures.as_images(x).max() == shown
    assert pictures.as_images(np.zeros((0, 2, 2))).shape == (0, 2, 2)


def test_pixels_are_rounded_and_whole_numbers_are_masks_at_most() -> None:
    assert pictures.as_pixels([[[0.0, 0.1, 0.501, 1.0]]]).tolist() == [[[0, 26, 128, 255]]]  # 25.5 to even
    assert pictures.as_pixels(np.full((1, 1, 2), 200, np.uint8)).tolist() == [[[200, 200]]]
    assert pictures.as_pixels(np.ones((1, 1, 1, 1), int)).tolist() == [[[255]]]
    assert pictures.as_pixels(np.zeros((0, 2, 2), int)).shape == (0, 2, 2)
    with pytest.raises(DataError, match="int64 up to 2"):
        pictures.as_pixels(np.full((1, 1, 1), 2))
    for shape in ((2, 2), (1, 2, 2, 4), (1, 1, 2, 2, 3)):
        with pytest.raises(DataError, match="Pictures need images of shape"):
            pictures.as_pixels(np.zeros(shape))


# -- animations --------------------------------------------------------------------------------------------------------


def test_frames_are_shown_for_a_twentieth_of_a_second_and_the_last_a_second_longer(tmp_path: Path) -> None:
    frames = [np.full((2, 2), level, np.uint8) for level in (0, 100, 255)]
    assert times(pictures.save_gif(frames, tmp_path / "a.gif")) == [50, 50, 1050]
    assert times(pictures.save_gif(frames, tmp_path / "b.gif", seconds=0.12, hold=0)) == [120, 120, 120]
    assert times(pictures.save_gif(frames, tmp_path / "c.gif", seconds=0, hold=0.5))[-1] == 500
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.size == (2, 2)  # a pixel is a pixel
    with pytest.raises(ConfigError, match=r"at least 0 s\. Received: 1 and -0\.5"):
        pictures.save_gif(frames, tmp_path / "d.gif", seconds=1, hold=-0.5)


def test_a_png_is_as_large_as_its_image_and_may_have_colours(tmp_path: Path) -> None:
    image = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    assert pictures.save_png(image, str(tmp_path / "a.png")) == tmp_path / "a.png"
    np.testing.assert_array_equal(read(tmp_path / "a.png"), image)
    pictures.save_png(image[..., 0], tmp_path / "b.png", scale=2)
    np.testing.assert_array_equal(read(tmp_path / "b.png"), np.kron(image[..., 0], np.ones((2, 2), int)))


def test_a_contact_sheet_has_twenty_frames_in_rows_of_ten() -> None:
    frames = np.arange(39, dtype=np.uint8)[:, None, None] * np.ones((1, 1, 1), np.uint8)
    sheet = pictures.contact_sheet(frames)
    assert sheet.shape == (2 + 4, 10 + 9 * 4)
    assert sheet[0, ::5].tolist() == list(range(0, 20, 2)) and sheet[5, ::5].tolist() == list(range(20, 40, 2))
    assert sheet[0, 1] == 255


def test_frames_are_coarse_in_thirty_two_levels_but_for_the_last() -> None:
    frames = [np.roll(np.arange(256, dtype=np.uint8), k).reshape(1, 256) for k in (0, 7, 20)]
    *first, last = pictures.coarse(frames)
    step = 255 / 31
    levels = np.array([round(round(level / step) * step) for level in range(256)])
    assert len(first) == 2 and len(set(levels)) == 32 and first[0].dtype == np.uint8
    np.testing.assert_array_equal(first, levels[np.array(frames[:2])])
    assert last is frames[2]
    assert set(np.unique(pictures.coarse(frames, levels=2)[0])) == {0, 255}
    assert pictures.coarse(frames[:1]) == frames[:1]


# -- files -------------------------------------------------------------------------------------------------------------


def test_samples_in_files_are_enlarged_twice_and_eight_times(tmp_path: Path) -> None:
    x = np.linspace(0, 1, 64).reshape(4, 16)
    images = x.reshape(4, 4, 4)
    save_samples(tmp_path / "a.PNG", x, columns=4)
    np.testing.assert_array_equal(read(tmp_path / "a.PNG")[::2, ::2], pictures.tile(images, columns=4))
    save_samples(tmp_path / "b.png", x, scale=1)
    np.testing.assert_array_equal(read(tmp_path / "b.png"), pictures.tile(images))
    save_samples(tmp_path / "c.gif", x)
    with Image.open(tmp_path / "c.gif") as gif:
        assert gif.size == (32, 32) and getattr(gif, "n_frames", 1) == 4
    save_samples(tmp_path / "d.npy", x)
    np.testing.assert_array_equal(np.load(tmp_path / "d.npy"), x)
    save_samples(tmp_path / "e.png", x, shape=(2, 8), scale=1, columns=1)
    assert read(tmp_path / "e.png").shape == (4 * 2 + 3 * 2, 8)


@pytest.mark.parametrize(("name", "option", "said"), [
    ("a.jpg", "output", r"^--output must end in \.npy, \.png\. Received: .*a\.jpg\.$"),
    ("there.npy", "plot", r"^--plot .*there\.npy exists already\. Choose another name, or remove it first\.$"),
    ("no/a.npy", "output", r"^--output .*a\.npy: there is no folder .*no\. Make it first\.$"),
])  # fmt: skip
def test_files_that_cannot_be_made_are_said(tmp_path: Path, name: str, option: str, said: str) -> None:
    (tmp_path / "there.npy").touch()
    with pytest.raises(ConfigError, match=said):
        check_output(tmp_path / name, ".npy", ".png", option=option)
    check_output(tmp_path / "A.NPY", ".npy", ".png")


@pytest.mark.parametrize(("name", "most"), [("a.csv", 1_000_000), ("a.PNG", 10_000), ("a.GIF", 10_000)])
def test_how_many_samples_a_file_takes(name: str, most: int) -> None:
    check_amount(None, "count", 3, Path(name), least=3)
    with pytest.raises(ConfigError, match=rf"\[3, {most}\]"):
        check_amount(None, "count", 2, Path(name), least=3)


def test_a_table_has_a_row_a_line(tmp_path: Path) -> None:
    save_table(tmp_path / "a.csv", [["a", "b c"], [1, 'x "y", z']])
    assert (tmp_path / "a.csv").read_bytes() == b'a,b c\n1,"x ""y"", z"\n'
