"""Images in folders: what they become, what is refused and how it is said, training on them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, DataError, PellucidWarning
from pellucid.standard.images import folder as folders
from pellucid.standard.images.fitting import fitted
from pellucid.standard.images.folder import ImageFolder
from pellucid.standard.images.pictures import Pictures
from pellucid.standard.images.reading import read_header, read_image
from pellucid.workbench.cli import main

Image = pytest.importorskip("PIL.Image")
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes an array as an image, wherever in the folder."""

    def image(name: str, pixels: Any, mode: str | None = None, **how: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        made = Image.fromarray(np.asarray(pixels, np.uint8))
        (made.convert(mode) if mode else made).save(path, **how)
        return path

    return image


@pytest.fixture
def pets(write: Write, tmp_path: Path) -> Path:
    """Dark cats and bright dogs, 12 of each, 12 x 10 pixels."""
    rng = np.random.default_rng(0)
    for i in range(12):
        write(f"pets/cat/{i}.png", rng.integers(0, 100, (10, 12)))
        write(f"pets/dog/{i}.png", rng.integers(156, 256, (10, 12)))
    return tmp_path / "pets"


def test_a_folder_becomes_samples(pets: Path) -> None:
    whole = ImageFolder(str(pets), validation=0, test=0).splits(0).train
    assert whole.classes == ("cat", "dog") and whole.y.tolist() == [0] * 12 + [1] * 12
    assert whole.x.shape == (24, 10, 12, 1) and whole.x.dtype == np.float32
    dark = np.asarray(Image.open(pets / "cat" / "0.png"))
    np.testing.assert_array_equal(whole.x[0, :, :, 0], dark.astype(np.float32) / np.float32(255))


def test_what_was_found_out_is_told_and_makes_the_same(pets: Path) -> None:
    data = ImageFolder(str(pets))
    first = data.splits(1)
    assert data.decided() == {"size": [10, 12], "channels": 1}
    assert [len(part) for part in (first.train, first.validation, first.test)] == [17, 2, 5]
    again = ImageFolder(str(pets), **data.decided()).splits(1)
    np.testing.assert_array_equal(first.test.x, again.test.x)


def test_decoded_when_asked_for_where_memory_is_short(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = ImageFolder(str(pets)).splits(0)
    monkeypatch.setattr(folders, "IN_MEMORY", 100)
    lazy = ImageFolder(str(pets)).splits(0)
    assert isinstance(kept.train, pl.Split) and not isinstance(lazy.train, pl.Split)
    np.testing.assert_array_equal(lazy.train.x, kept.train.x)
    trained = []
    for splits in (kept, lazy):
        model = pl.build("ann", input_shape=(10, 12, 1), hidden=[8], outputs=2, seed=0)
        pl.Trainer(model, seed=0).fit(splits, epochs=2, verbose=False)
        trained.append(model.runtime.arena.data.tobytes())
    assert trained[0] == trained[1]


def test_colours_where_any_image_has_them(pets: Path, write: Write) -> None:
    write("pets/dog/red.png", np.full((10, 12, 3), (255, 0, 0)))
    whole = ImageFolder(str(pets), validation=0, test=0).splits(0).train
    assert whole.x.shape == (25, 10, 12, 3)
    np.testing.assert_array_equal(whole.x[24, 0, 0], [1, 0, 0])
    assert (whole.x[0, ..., 0] == whole.x[0, ..., 2]).all()
    grey = ImageFolder(str(pets), channels=1, validation=0, test=0).splits(0).train
    assert grey.x.shape == (25, 10, 12, 1)
    assert grey.x[24, 0, 0, 0] == pytest.approx(0.299, abs=0.003)


def test_several_sizes_are_refused_or_brought_to_one(pets: Path, write: Write) -> None:
    write("pets/dog/wide.png", np.zeros((10, 20)))
    with pytest.raises(DataError, match=r"several sizes: .*0\.png has 12 x 10 pixels, .*wide\.png has 20 x 10\..*size"):
        ImageFolder(str(pets)).splits()
    whole = ImageFolder(str(pets), size=[8, 6], validation=0, test=0).splits(0).train
    assert whole.x.shape == (25, 8, 6, 1)
    assert ImageFolder(str(pets), size=8, validation=0, test=0).splits(0).train.x.shape == (25, 8, 8, 1)


def test_large_images_want_a_size(write: Write, tmp_path: Path) -> None:
    write("large/a/0.png", np.zeros((300, 20)))
    write("large/b/0.png", np.zeros((300, 20)))
    with pytest.raises(DataError, match=r"have 20 x 300 pixels, more than 256 a side\. Say which size"):
        ImageFolder(str(tmp_path / "large")).splits()


def test_the_three_ways_to_another_size() -> None:
    image = np.zeros((4, 8, 1), np.float32)
    image[:, 2:6] = 1  # the middle square
    np.testing.assert_array_equal(fitted(image, 4, 4, "crop"), np.ones((4, 4, 1)))
    padded = fitted(image, 8, 8, "pad")
    np.testing.assert_array_equal(padded[[0, 1, 6, 7]], 0)
    np.testing.assert_array_equal(padded[2:6], image)
    assert 0 < fitted(image, 4, 4, "stretch").mean() < 1
    np.testing.assert_allclose(fitted(image, 2, 2, "stretch").mean(), 0.5, atol=0.1)
    assert fitted(image, 4, 8, "pad") is image


def test_every_size_is_cut_to_every_other() -> None:
    for h, w in ((383, 297), (451, 334), (7, 91), (100, 101)):
        image = np.full((h, w, 1), 0.5, np.float32)
        for height, width in ((28, 28), (49, 11), (3, 97)):
            np.testing.assert_allclose(fitted(image, height, width, "crop"), 0.5, atol=1e-6)


def test_smaller_images_are_means_and_not_samples() -> None:
    stripes = np.tile(np.array([0, 1], np.float32), 32)[None, :, None].repeat(64, axis=0)
    np.testing.assert_allclose(fitted(stripes, 8, 8), 0.5, atol=0.1)  # without antialiasing: 0 or 1


def test_a_broken_file_is_named(pets: Path) -> None:
    whole = (pets / "cat" / "3.png").read_bytes()
    (pets / "cat" / "3.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cat.3\.png is no image that can be read, or it is damaged or cut off"):
        ImageFolder(str(pets)).splits()
    (pets / "cat" / "3.png").write_text("no image")
    with pytest.raises(DataError, match=r"cat.3\.png is no image"):
        ImageFolder(str(pets)).splits()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_stand_upright_as_cameras_note_it(write: Write, orientation: int) -> None:
    upright = np.arange(6).reshape(2, 3) * 50
    stored = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1], 5: upright.T,
        6: np.rot90(upright), 7: upright[::-1, ::-1].T, 8: np.rot90(upright, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = write("turned.png", np.ascontiguousarray(stored), exif=exif)
    header = read_header(path)
    assert (header.height, header.width, header.grey) == (2, 3, True)
    np.testing.assert_array_equal(np.rint(255 * read_image(path)[..., 0]), upright)


def test_every_kind_of_pixel_is_read(write: Write, tmp_path: Path) -> None:
    ramp = np.arange(0, 250, 10).reshape(5, 5)
    for mode in ("L", "P", "RGB", "LA", "RGBA", "CMYK"):
        path = write(f"{mode}.tif", ramp, mode)
        np.testing.assert_allclose(255 * read_image(path)[..., 0], ramp, atol=1)
    for mode in ("L", "P"):
        assert read_header(tmp_path / f"{mode}.tif").grey
    Image.fromarray((ramp * 257).astype(np.uint16)).save(tmp_path / "fine.png")
    np.testing.assert_allclose(255 * read_image(tmp_path / "fine.png")[..., 0], ramp, atol=1e-3)
    clear = np.zeros((4, 4, 4))
    assert (read_image(write("clear.png", clear), 3) == 1).all()  # nothing on white


def test_a_large_photo_is_reduced_while_it_is_read(write: Write) -> None:
    path = write("photo.jpg", np.full((400, 600, 3), 128))
    assert read_image(path, 3, most=150).shape[1] in range(150, 300)
    assert read_image(path, 3).shape == (400, 600, 3)


def test_what_a_network_saw_of_a_photo_is_no_sample(pets: Path, write: Write) -> None:
    write("pets/cat/3.seen.png", np.full((20, 20, 3), 99))  # as pellucid predict writes it beside the photo
    with pytest.warns(PellucidWarning, match=r"what a network saw of a photo, \*\.seen\.png, are left out: 1 of"):
        assert len(ImageFolder(str(pets), validation=0, test=0).splits(0).train) == 24


def test_what_is_no_image_is_left_out_and_told(pets: Path) -> None:
    (pets / "cat" / "notes.txt").write_text("hm")
    (pets / ".DS_Store").write_text("")
    with pytest.warns(PellucidWarning, match=r"no images are left out: 1 of its files, the first of them .*notes\.txt"):
        assert len(ImageFolder(str(pets), validation=0, test=0).splits(0).train) == 24


def test_folders_of_parts(pets: Path, write: Write, tmp_path: Path) -> None:
    write("more/dog/0.png", np.zeros((10, 12)))
    splits = ImageFolder(str(pets), test=str(tmp_path / "more"), validation=0).splits()
    assert splits.test.y.tolist() == [1] and splits.test.classes == ("cat", "dog")
    write("more/cow/0.png", np.zeros((10, 12)))
    with pytest.raises(DataError, match=r"unknown classes: cow\. Those of .* are: cat, dog"):
        ImageFolder(str(pets), test=str(tmp_path / "more")).splits()


def test_folders_that_hold_something_else(pets: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must hold a folder of images for each class"):
        ImageFolder(str(pets / "cat")).splits()
    with pytest.raises(DataError, match=r"It holds folders: is it a part of the data\? Then give .*pets"):
        ImageFolder(str(tmp_path)).splits()
    with pytest.raises(DataError, match="Cannot read the folder"):
        ImageFolder(str(tmp_path / "nothing")).splits()


@pytest.mark.parametrize("wrong", [{"size": 0}, {"size": [1, 2, 3]}, {"size": "64"}, {"fit": "zoom"}, {"channels": 2}])
def test_wrong_arguments_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"The '{next(iter(wrong))}' of ImageFolder must be"):
        ImageFolder("pets", **wrong)


def test_pictures_are_samples_like_others(pets: Path) -> None:
    files = sorted((pets / "cat").glob("*.png"))
    pictures = Pictures(files, np.zeros(12, np.int64), ("cat",), size=(5, 6), channels=3)
    assert pictures.take(np.array([3, 1])).x.shape == (2, 5, 6, 3) and len(pictures) == 12


def test_a_folder_is_trained_on_evaluated_and_its_model_told(
    pets: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(pets.parent)
    words = ("--set", "train.epochs=2", "--set", "train.seed=0", "--out", "run", "--quiet")
    assert main(["train", "--dataset", "pets", *words]) == 0
    told = capsys.readouterr()
    assert "found out that size = [10, 12], channels = 1; 2 classes: cat, dog." in told.err
    assert "model     cnn/lenet, outputs = 2, filters = [32]" in told.err
    assert "transforms = [core/scale]" in told.err
    assert main(["evaluate", "run", "--data", "pets", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] > 0.4
    assert main(["evaluate", "run", "--json"]) == 0


def test_without_convolutions_a_dense_network_is_proposed(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pellucid.standard.images import choice

    monkeypatch.setattr(choice, "find_claims", list)
    data = ImageFolder(str(pets), transforms=["standardize"])
    data.splits()
    proposed = data.proposed()
    assert proposed["model"]["type"] == "core/sequential" and "data" not in proposed
    assert pl.build(proposed["model"], input_shape=(10, 12, 1), seed=0).predict(np.zeros((1, 10, 12, 1))).shape == (
        1,
        2,
    )
