"""Images pixel by pixel: where they lie in another size, how large ones are read, what is said of damaged ones, ink."""

from __future__ import annotations

import re
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pellucid import ConfigError, DataError
from pellucid.standard.images.background import _surface, darkness
from pellucid.standard.images.fitting import fitted
from pellucid.standard.images.ink import _otsu, ink_image
from pellucid.standard.images.reading import is_image, read_header, read_image
from pellucid.standard.images.shapes import shapes_of
from scipy import ndimage

Image = pytest.importorskip("PIL.Image")
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("shape", "size", "rows", "columns"),
    [
        ((4, 2), (4, 8), (0, 4), (3, 5)), ((2, 4), (8, 4), (3, 5), (0, 4)), ((3, 2), (3, 5), (0, 3), (1, 3)),
        ((2, 3), (5, 3), (1, 3), (0, 3)), ((4, 1), (4, 4), (0, 4), (1, 2)), ((4, 3), (4, 4), (0, 4), (0, 3)),
    ],
)  # fmt: skip
def test_what_keeps_its_size_is_padded_around(shape: Any, size: Any, rows: Any, columns: Any) -> None:
    image = RNG.random((*shape, 3), np.float32)
    expected = np.zeros((*size, 3), np.float32)
    expected[slice(*rows), slice(*columns)] = image
    found = fitted(image, *size, "pad")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "size", "rows", "columns"),
    [
        ((4, 2), (8, 8), (0, 8), (2, 6)), ((2, 4), (8, 8), (2, 6), (0, 8)), ((8, 6), (4, 9), (0, 4), (3, 6)),
        ((100, 1), (10, 10), (0, 10), (4, 5)), ((1, 100), (10, 10), (4, 5), (0, 10)),
        ((5, 5), (10, 10), (0, 10), (0, 10)),
    ],
)  # fmt: skip
def test_all_of_an_image_stands_in_the_middle_of_black(shape: Any, size: Any, rows: Any, columns: Any) -> None:
    expected = np.zeros((*size, 1))
    expected[slice(*rows), slice(*columns)] = 1
    np.testing.assert_allclose(fitted(np.ones((*shape, 1), np.float32), *size, "pad"), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "size", "rows", "columns"),
    [
        ((4, 6), (4, 4), (0, 4), (1, 5)), ((6, 4), (4, 4), (1, 5), (0, 4)), ((4, 8), (4, 2), (0, 4), (3, 5)),
        ((5, 4), (3, 4), (1, 4), (0, 4)),
    ],
)  # fmt: skip
def test_of_a_larger_image_the_middle_is_taken(shape: Any, size: Any, rows: Any, columns: Any) -> None:
    image = RNG.random((*shape, 1), np.float32)
    for found in (fitted(image, *size), fitted(image, *size, "crop")):
        np.testing.assert_allclose(found, image[slice(*rows), slice(*columns)], atol=1e-6)
    whole = fitted(image, *size, "stretch")
    assert whole.shape == (*size, 1) and whole.mean() == pytest.approx(image.mean(), abs=0.1)
    assert fitted(image, *shape, "pad") is image


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("height", "width", "most", "factor"),
    [(4, 6, 2, 3), (6, 4, 2, 3), (4, 6, 3, 2), (4, 6, 4, 1), (5, 7, 3, 2), (2, 2, 1, 2), (2, 2, 2, 1), (3, 3, 1, 3),
     (4, 6, None, 1), (4, 6, 6, 1), (4, 6, 100, 1)],
)  # fmt: skip
def test_large_images_are_read_as_means_of_blocks(
    channels: int, height: int, width: int, most: int | None, factor: int, tmp_path: Path
) -> None:
    pixels = RNG.integers(0, 256, (height, width, channels), np.uint8)
    Image.fromarray(pixels[..., 0] if channels == 1 else pixels).save(tmp_path / "a.png")
    rows, columns = height // factor, width // factor
    cut = pixels[: rows * factor, : columns * factor].astype(float) / 255
    expected = np.array(
        [[cut[r * factor : (r + 1) * factor, c * factor : (c + 1) * factor].mean((0, 1)) for c in range(columns)]
         for r in range(rows)]
    )  # fmt: skip
    found = read_image(tmp_path / "a.png", channels, most=most)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("most", "size"),
    [(None, (64, 96)), (96, (64, 96)), (49, (64, 96)), (48, (32, 48)), (30, (32, 48)), (20, (16, 24)), (5, (4, 6))],
)
def test_photos_are_made_smaller_while_they_are_decoded(most: Any, size: Any, tmp_path: Path) -> None:
    """By eighths, quarters and halves to no fewer pixels than are enough, and then by whole factors."""
    Image.new("L", (96, 64), 128).save(tmp_path / "a.jpg")
    found = read_image(tmp_path / "a.jpg", most=most)
    assert found.shape == (*size, 1)
    np.testing.assert_allclose(found, 128 / 255, atol=0.01)


def test_what_is_wrong_with_a_file_is_said_in_the_readers_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, cut = tmp_path / "text.png", tmp_path / "cut.png"
    text.write_text("no image", encoding="utf-8")
    Image.fromarray(RNG.integers(0, 256, (50, 50), np.uint8)).save(cut)
    cut.write_bytes(cut.read_bytes()[:900])
    for path, reason in ((text, "cannot identify image file"), (cut, r"image file is truncated[^'\"]*")):
        with pytest.raises(DataError) as caught:
            read_image(path)
        said = (
            f"{re.escape(str(path))} is no image that can be read, or it is damaged or cut off \\({reason}\\)\\. Save"
        )
        assert re.match(said, str(caught.value)), caught.value
    with pytest.raises(DataError) as caught:
        read_header(tmp_path / "nowhere.png")
    assert str(caught.value) == f"{tmp_path / 'nowhere.png'} does not exist. Check the path."
    for error, reason in ((ValueError(), "ValueError"), (KeyError("odd"), "odd"), (OSError(f"in '{text}'"), "in")):
        monkeypatch.setattr(Image, "open", lambda path, error=error: (_ for _ in ()).throw(error))
        with pytest.raises(DataError, match=re.escape(f"damaged or cut off ({reason}). Save it again")):
            read_image(text)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ConfigError, match=r'read by Pillow, which is missing: pip install "pellucid\[plot\]"'):
        read_image(text)


def test_too_many_pixels_are_refused_and_many_are_read_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("L", (20, 10)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 150)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_image(tmp_path / "a.png").shape == (10, 20, 1)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    with pytest.raises(DataError, match=r"a\.png has more pixels than an image is read with: .* Make it smaller\."):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("name", "known"), [("a.png", True), ("a.JPG", True), ("a.tiff", True), ("a.txt", False), ("png", False)]
)
def test_names_of_images(name: str, known: bool) -> None:
    assert is_image(Path(name)) is known


def sheet(*boxes: tuple[int, int, int, int], size: tuple[int, int] = (200, 220)) -> Any:
    """White paper with black boxes: their top, left, bottom and right."""
    photo = np.ones((*size, 1), np.float32)
    for top, left, bottom, right in boxes:
        photo[top:bottom, left:right] = 0
    return photo


@pytest.mark.parametrize(
    ("box", "centre", "rows", "columns"),
    [
        ((50, 80, 107, 113), "mass", (5, 24), (9, 20)), ((50, 80, 107, 113), "box", (4, 23), (8, 19)),
        ((70, 60, 103, 117), "mass", (9, 20), (5, 24)), ((70, 60, 103, 117), "box", (8, 19), (4, 23)),
        ((60, 70, 117, 127), "mass", (5, 24), (5, 24)), ((20, 150, 77, 165), "mass", (5, 24), (12, 17)),
    ],
)  # fmt: skip
def test_a_box_of_ink_fills_its_box(box: tuple[int, int, int, int], centre: Any, rows: Any, columns: Any) -> None:
    """Of 19 pixels the middle one is the fourteenth, or the middle of the box is the middle of all, rounded to even."""
    photo, height, width = sheet(box), box[2] - box[0], box[3] - box[1]
    found = ink_image(photo, box=19, centre=centre)
    assert found.said == f"ink darker than its ground, {width} x {height} pixels of it"
    inside = found.pixels[slice(*rows), slice(*columns)]
    assert found.pixels.sum() == pytest.approx(inside.sum()) and inside.min() > 0.8
    np.testing.assert_allclose(inside, inside[::-1], atol=1e-5)
    np.testing.assert_allclose(inside, inside[:, ::-1], atol=1e-5)
    in_colours = ink_image(np.repeat(photo, 3, axis=2), box=19, centre=centre)
    np.testing.assert_allclose(in_colours.pixels, found.pixels, atol=1e-5)
    light = ink_image(1 - photo, box=19, centre=centre)
    assert light.said == found.said.replace("darker", "lighter")
    np.testing.assert_allclose(light.pixels, found.pixels, atol=1e-5)
    small = ink_image(photo, 14, 10).pixels > 0.5
    assert small.shape == (14, 14) and max(small.any(axis=1).sum(), small.any(axis=0).sum()) == 10


def test_the_centre_of_mass_or_of_the_box() -> None:
    """A foot that reaches out to the right draws the centre of the box with it, and hardly that of the mass."""
    photo = sheet((40, 60, 120, 100), (104, 100, 120, 140))
    mass, box = (ink_image(photo, centre=centre).pixels for centre in ("mass", "box"))  # type: ignore[arg-type]
    where = [np.flatnonzero(pixels.sum(axis=0) > 0.5) for pixels in (mass, box)]
    assert [int(columns[0]) for columns in where] == [8, 4] and {len(columns) for columns in where} == {20}
    assert mass.sum(axis=0) @ np.arange(28) / mass.sum() == pytest.approx(13.5, abs=1)


@pytest.mark.parametrize("invert", [False, True])
def test_the_light_that_is_missing(invert: bool) -> None:
    photo = 1 - 0.75 * (1 - sheet((80, 90, 110, 110)))
    found, inverted = darkness(1 - photo if invert else photo)
    assert inverted is invert and found.shape == (200, 220)
    ink = np.zeros((200, 220), bool)
    ink[80:110, 90:110] = True
    np.testing.assert_allclose(found[ink], 0.75, atol=0.02)
    np.testing.assert_allclose(found[~ink], 0, atol=0.02)
    uneven = photo * np.linspace(1, 0.6, 220, dtype=np.float32)[:, None]
    as_it_is, turned = darkness(uneven)[0], darkness(1 - uneven)[0]
    np.testing.assert_allclose(turned, as_it_is, atol=1e-3)


@pytest.mark.parametrize("seed", range(6))
def test_shapes_are_those_that_scipy_finds(seed: int) -> None:
    mask = np.random.default_rng(seed).random((15, 20)) < (0.25, 0.4, 0.6)[seed % 3]
    labels, shapes = shapes_of(mask)
    expected, number = ndimage.label(mask, np.ones((3, 3)))
    assert len(shapes) == number and len({*zip(labels[mask], expected[mask], strict=True)}) == number
    assert not labels[~mask].any()
    for shape in shapes:
        rows, columns = np.nonzero(labels == shape.label)
        assert (shape.top, shape.left, shape.bottom, shape.right, shape.area) == (
            rows.min(), columns.min(), rows.max() + 1, columns.max() + 1, len(rows)
        )  # fmt: skip
        assert (shape.height, shape.width) == (np.ptp(rows) + 1, np.ptp(columns) + 1)
    assert [shape.area for shape in shapes] == sorted((shape.area for shape in shapes), reverse=True)


@pytest.mark.parametrize(
    ("other", "apart"),
    [
        ((104, 100, 120, 120), False), ((104, 90, 120, 110), False), ((104, 108, 144, 111), False),
        ((104, 100, 130, 120), True), ((108, 100, 124, 120), None), ((92, 100, 118, 120), False),
    ],
)  # fmt: skip
def test_a_dot_belongs_to_its_letter_and_a_second_letter_does_not(other: Any, apart: bool | None) -> None:
    """Beside a bar of 60 x 20 from row 20 on: a dot at most 24 away is the letter's, what is as high as 24 and as large
    as 180 points is another letter unless it is at most 12 away; a dot further off is a speck."""
    photo = sheet((20, 100, 80, 120), other)
    if apart:
        with pytest.raises(DataError, match=r"the photo shows 2 characters, or more: there are shapes apart"):
            ink_image(photo)
        return
    bottom, left = (80, 100) if apart is None else (other[2], min(100, other[1]))
    assert ink_image(photo).said == f"ink darker than its ground, {120 - left} x {bottom - 20} pixels of it"


@pytest.mark.parametrize(("part", "seen"), [(0.05, False), (0.07, False), (0.09, True), (0.3, True)])
def test_what_takes_hardly_any_light_is_no_ink(part: float, seen: bool) -> None:
    photo = 1 - part * (1 - sheet((50, 80, 107, 113)))
    if seen:
        assert ink_image(photo).said == "ink darker than its ground, 33 x 57 pixels of it"
        return
    with pytest.raises(DataError, match="the photo shows no writing: nothing on it is clearly darker"):
        ink_image(photo)


@pytest.mark.parametrize(("first", "second"), [(0.2, 0.8), (0.1, 0.3), (-1.0, 2.0)])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_two_groups_are_parted_where_their_means_are_furthest_apart(first: float, second: float, share: float) -> None:
    """The variance between the groups below and above, for every possible level, by its definition."""
    rng, n = np.random.default_rng(0), 400
    few = round(share * n)
    spread = (second - first) / 12
    values = np.concatenate([rng.normal(first, spread, few), rng.normal(second, spread, n - few)]).astype(np.float32)

    def between(level: float) -> float:
        low, high = values[values < level], values[values >= level]
        return 0.0 if not len(low) or not len(high) else len(low) * len(high) * float(low.mean() - high.mean()) ** 2

    level = _otsu(values)
    assert between(level) >= 0.995 * max(between(each) for each in np.linspace(values.min(), values.max(), 200))
    assert np.mean(values < level) == pytest.approx(share, abs=0.02)


def test_a_mirrored_photo_has_the_mirrored_darkness() -> None:
    light = (
        np.linspace(1, 0.5, 220, dtype=np.float32)[:, None] * np.linspace(1, 0.8, 200, dtype=np.float32)[:, None, None]
    )
    photo = (1 - 0.75 * (1 - sheet((80, 90, 110, 112), (30, 150, 60, 155)))) * light
    found = darkness(photo)[0]
    np.testing.assert_allclose(darkness(photo[:, ::-1])[0], found[:, ::-1], atol=2e-4)
    np.testing.assert_allclose(darkness(photo[::-1])[0], found[::-1], atol=2e-4)


def test_the_fall_of_the_light_is_found_beside_what_stands_out_from_it() -> None:
    y, x = np.meshgrid(np.linspace(-1, 1, 40), np.linspace(-1, 1, 60), indexing="ij")
    light = 0.8 + 0.1 * x - 0.05 * y - 0.1 * x * x + 0.07 * x * y - 0.02 * y * y
    np.testing.assert_allclose(_surface(light), light, atol=1e-9)
    written = light.copy()
    written[10:20, 20:30] -= 0.5
    np.testing.assert_allclose(_surface(written), light, atol=1e-4)
