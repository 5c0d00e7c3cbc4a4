"""Photos of characters on paper: what is found on them, what is refused, what the network is shown, what it says."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, DataError
from pellucid.standard.images.background import darkness
from pellucid.standard.images.ink import ink_image
from pellucid.standard.images.reading import read_image
from pellucid.standard.images.shapes import shapes_of
from pellucid.workbench.cli import main
from pellucid.workbench.photos import photo_rule, seen_by

pytest.importorskip("PIL.Image")
from PIL import Image, ImageDraw

from tests.photos.renderings import photo_of


@cache
def digits() -> pl.Splits:
    return pl.load_dataset("mnist", validation=0, seed=0)


def paper(draw: Any, size: tuple[int, int] = (300, 220), ground: int = 230) -> np.ndarray[Any, Any]:
    """A sheet on which something is drawn, with a little texture."""
    image = Image.new("L", size, ground)
    draw(ImageDraw.Draw(image))
    noise = np.random.default_rng(0).normal(0, 4, (size[1], size[0]))
    return (np.clip(np.asarray(image) + noise, 0, 255) / 255)[..., None].astype(np.float32)


def seven(pen: Any, left: int = 60, top: int = 50, scale: float = 1.0, ink: int = 60, width: int = 9) -> None:
    points = [(0, 0), (50, 0), (20, 80)]
    pen.line([(left + scale * x, top + scale * y) for x, y in points], fill=ink, width=width, joint="curve")


def test_a_photo_of_a_digit_becomes_the_digit(tmp_path: Path) -> None:
    rng, found = np.random.default_rng(1), []
    for image in digits().test.x[:20].reshape(-1, 28, 28):
        (tmp_path / "photo.jpg").write_bytes(photo_of(image, rng))
        pixels = ink_image(read_image(tmp_path / "photo.jpg", 3)).pixels
        assert pixels.shape == (28, 28) and pixels.dtype == np.float32 and 0 <= pixels.min() <= pixels.max() <= 1
        found.append(np.corrcoef(pixels.ravel(), image.ravel())[0, 1])
    assert np.median(found) > 0.85 and min(found) > 0.4, np.round(found, 2)  # turned up to 10 degrees


def test_box_and_centre_are_those_of_mnist() -> None:
    for scale, left, top in ((1.0, 60, 50), (1.8, 20, 10), (0.5, 200, 120)):
        pixels = ink_image(paper(lambda pen: seven(pen, left, top, scale, width=round(9 * scale)))).pixels  # noqa: B023
        rows, columns = np.nonzero(pixels > 0.05)
        assert rows.max() - rows.min() + 1 == 20  # the longer side of its box
        assert columns.max() - columns.min() + 1 < 17  # proportions are kept
        total = pixels.sum()
        centre = (pixels.sum(axis=1) @ np.arange(28)) / total, (pixels.sum(axis=0) @ np.arange(28)) / total
        np.testing.assert_allclose(centre, 14, atol=0.51)  # as MNIST's own, to a whole pixel


def test_light_writing_on_dark_ground_is_inverted() -> None:
    dark = ink_image(paper(seven))
    light = ink_image(1 - paper(seven))
    assert "darker" in dark.said and "lighter" in light.said
    np.testing.assert_allclose(light.pixels, dark.pixels, atol=0.02)


def test_uneven_light_and_a_shadow_change_little() -> None:
    even = paper(seven)
    across = np.linspace(1, 0.35, even.shape[1], dtype=np.float32)[None, :, None]
    edge = np.where(np.arange(even.shape[0]) < 90, 1, 0.6).astype(np.float32)[:, None, None]
    pixels = ink_image(even).pixels
    for light in (across, edge):
        assert np.corrcoef(ink_image(even * light).pixels.ravel(), pixels.ravel())[0, 1] > 0.98


def test_a_thin_pen_is_widened_and_that_is_said() -> None:
    thin, thick = (ink_image(paper(lambda pen: seven(pen, scale=1.6, width=width))) for width in (4, 14))  # noqa: B023
    assert thin.said.endswith("thin strokes widened") and not thick.said.endswith("widened")
    assert thin.pixels.sum() > 0.5 * thick.pixels.sum()
    assert (thin.pixels > 0.9).sum() > 10


def test_specks_and_what_the_border_cuts_are_left_out() -> None:
    def dirty(pen: Any) -> None:
        seven(pen)
        pen.ellipse((20, 20, 23, 23), fill=90)
        pen.line([(296, 0), (296, 220)], fill=30, width=10)

    found, clean = ink_image(paper(dirty)).pixels, ink_image(paper(seven)).pixels
    assert np.corrcoef(found.ravel(), clean.ravel())[0, 1] > 0.97


def test_an_empty_photo_is_refused() -> None:
    with pytest.raises(DataError, match=r"empty\.jpg shows no writing: nothing on it is clearly darker"):
        ink_image(paper(lambda pen: None), where="empty.jpg")
    with pytest.raises(DataError, match="shows no writing"):
        ink_image(np.full((50, 60, 3), 0.5, np.float32))


def test_specks_alone_are_refused() -> None:
    with pytest.raises(DataError, match=r"shows specks and no character: the largest has \d pixels of 300"):
        ink_image(paper(lambda pen: pen.ellipse((100, 100, 105, 105), fill=40)))


def test_several_characters_are_refused() -> None:
    def two(pen: Any) -> None:
        seven(pen, 40)
        seven(pen, 150)

    with pytest.raises(DataError, match="shows 2 characters, or more"):
        ink_image(paper(two))
    with pytest.raises(DataError, match=r"something \d+ pixels wide and \d+ high: several characters that touch"):
        ink_image(paper(lambda pen: pen.line([(40, 100), (260, 104)], fill=50, width=9)))


def test_a_broken_stroke_is_one_character() -> None:
    def five(pen: Any) -> None:
        pen.line([(100, 50), (60, 50), (58, 85), (90, 90), (95, 120), (60, 130)], fill=50, width=8)
        pen.line([(106, 48), (125, 46)], fill=50, width=8)  # its bar, not joined

    rows, columns = np.nonzero(ink_image(paper(five)).pixels > 0.3)
    assert columns.max() - columns.min() > rows.max() - rows.min() - 5  # the bar is there


def test_shapes_are_those_that_touch() -> None:
    mask = np.array([[1, 0, 0, 1, 1], [0, 1, 0, 0, 0], [1, 0, 0, 1, 0], [1, 1, 1, 1, 0]])
    labels, shapes = shapes_of(mask)
    assert [(s.area, s.height, s.width) for s in shapes] == [(8, 4, 4), (2, 1, 2)]
    assert (labels > 0).sum() == 10 and labels[0, 3] == labels[0, 4] != labels[0, 0] == labels[3, 3]
    assert shapes_of(np.zeros((3, 3)))[1] == []
    rng = np.random.default_rng(0)
    ndimage = pytest.importorskip("scipy.ndimage")
    for density in (0.2, 0.5, 0.7):
        mask = rng.random((40, 50)) < density
        theirs, n = ndimage.label(mask, np.ones((3, 3)))
        ours, shapes = shapes_of(mask)
        assert len(shapes) == n == len(np.unique(ours)) - 1
        assert len(np.unique(ours * 10_000 + theirs)) == n + 1  # one of ours for each of theirs


# -- Models ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of digits in 8 x 8 pixels, trained by ``pellucid train`` in a second."""
    path = tmp_path_factory.mktemp("photos") / "run"
    words = ("--set", "train.epochs=15", "--set", "train.seed=0", "--set", "model.hidden=[64]", "--out", str(path))
    assert main(["train", "--model", "ann", "--dataset", "digits", *words, "--quiet"]) == 0
    return path


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "seven.jpg"
    Image.fromarray((255 * paper(seven)[..., 0]).astype(np.uint8)).save(path)
    return path


def test_predict_says_what_it_is_and_shows_what_the_network_saw(
    run: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(run), str(photo), "--json"]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert record["class"] == "7" and record["seen"] == str(photo.parent / "seven.seen.png")
    shown = Image.open(record["seen"])
    assert shown.size == (224, 224)
    seen = np.asarray(shown.resize((8, 8), Image.Resampling.BOX)) / 255
    model = pl.load(run / "model.safetensors")  # the file alone knows the rule
    np.testing.assert_allclose(seen, seen_by(model, photo).picture[0, ..., 0], atol=1 / 254)
    assert main(["predict", str(run), str(photo)]) == 0
    told = capsys.readouterr()
    assert "7      " in told.out and "seven.seen.png" in told.out
    assert "ink darker than its ground" in told.err


def test_the_folder_of_what_was_seen(run: Path, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "looked").mkdir()
    assert main(["predict", str(run), str(photo), "--seen", str(tmp_path / "looked")]) == 0
    assert [path.name for path in (tmp_path / "looked").iterdir()] == ["seven.seen.png"]
    assert not (tmp_path / "seven.seen.png").exists()


def test_mistakes_with_photos_are_told(run: Path, photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(run), str(photo.with_name("none.jpg"))]) == 2
    assert "none.jpg does not exist" in capsys.readouterr().err
    photo.write_text("no photo")
    assert main(["predict", str(run), str(photo)]) == 2
    assert "seven.jpg is no image that can be read" in capsys.readouterr().err


def test_a_model_that_says_nothing_gets_resized_photos(photo: Path) -> None:
    grey = pl.build("ann", input_shape=(784,), hidden=[4], outputs=2, seed=0)
    assert (photo_rule(grey).rule, photo_rule(grey).size, photo_rule(grey).flat) == ("resize", (28, 28), True)
    seen = seen_by(grey, photo)
    assert seen.x.shape == (1, 784) and seen.said.startswith("resized to 28 x 28 pixels in grey levels (crop), and not")
    assert seen_by(grey, photo, "ink").x.reshape(28, 28)[0, 0] == 0  # paper is 0
    colours = pl.build("ann", input_shape=(12, 16, 3), hidden=[4], outputs=2, seed=0)
    assert seen_by(colours, photo).x.shape == (1, 12, 16, 3)
    with pytest.raises(ConfigError, match="--photo ink makes square grey pictures, and this model takes 16 x 12"):
        photo_rule(colours, "ink")
    with pytest.raises(ConfigError, match=r"takes samples of shape \(5,\), which are no pictures"):
        photo_rule(pl.build("ann", input_shape=(5,), hidden=[4], outputs=2, seed=0))


@pytest.mark.parametrize(
    "said",
    ["ink", {"rule": "ink"}, {"rule": "blot", "size": 28}, {"rule": "ink", "size": 28, "box": 29},
     {"rule": "resize", "size": [28, "28"]}, {"rule": "resize", "size": 28, "colour": 3},
     {"rule": "resize", "size": 28, "channels": 2}],
)  # fmt: skip
def test_what_a_file_says_wrongly_is_refused(said: Any) -> None:
    model = pl.build("ann", input_shape=(784,), hidden=[4], outputs=2, seed=0)
    model.runtime.metadata["photos"] = said
    with pytest.raises(DataError, match="does not say rightly how photos become samples"):
        photo_rule(model)


@pytest.mark.parametrize("name", ["mnist", "emnist", "fashion_mnist", "digits", "glyphs"])
def test_every_data_set_of_pictures_says_how_its_photos_are(name: str) -> None:
    model = pl.build("ann", input_shape=(784,), hidden=[4], outputs=2, seed=0)
    model.runtime.metadata["photos"] = pl.create("dataset", name).photos
    rule = photo_rule(model)
    assert rule.flat and rule.rule == ("resize" if name == "fashion_mnist" else "ink")


@pytest.mark.slow
def test_ninety_five_of_a_hundred_photos_are_read(tmp_path: Path) -> None:
    """Photo-like renderings of test digits, by a network that has had ten seconds of training."""
    data = digits()
    model = pl.build("ann", input_shape=(784,), hidden=[256], outputs=10, seed=0)
    trainer = pl.Trainer(model, optimizer={"type": "adam", "lr": 0.002}, schedule="cosine", seed=0)
    trainer.fit((data.train.x, data.train.y), epochs=3, batch_size=128, verbose=False)
    model.runtime.metadata["photos"] = pl.create("dataset", "mnist").photos
    rng = np.random.default_rng(0)
    rows = rng.choice(len(data.test), 100, replace=False)
    right = 0
    for row in rows:
        (tmp_path / "photo.jpg").write_bytes(photo_of(data.test.x[row].reshape(28, 28), rng))
        seen = seen_by(model, tmp_path / "photo.jpg")
        right += int(model.predict(seen.x).argmax() == data.test.y[row])
    assert right >= 95, right


@pytest.mark.parametrize("light", [True, False])
@pytest.mark.parametrize("shape", [(3, 96), (96, 3), (60, 60)])
def test_a_strip_with_one_stroke_is_light_on_dark_or_dark_on_light(shape: tuple[int, int], light: bool) -> None:
    y, x = np.mgrid[: shape[0], : shape[1]]
    strip = 0.5 + 0.1 * np.cos(0.7 * x) * np.cos(0.9 * y) + 0.2 * x / shape[1]
    strip[shape[0] // 2, shape[1] // 2] = 1.0 if light else 0.0
    assert darkness(strip[..., None])[1] is light
