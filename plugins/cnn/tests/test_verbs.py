"""The verbs of trained classifiers: pictures of filters, of feature maps, of augmented images; and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError
from pellucid.workbench.cli import main
from pellucid_cnn import verbs

Image = pytest.importorskip("PIL.Image")


def pixels(path: Path) -> np.ndarray[Any, Any]:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network that was trained on files of noise."""
    folder = tmp_path_factory.mktemp("verbs")
    rng = np.random.default_rng(0)
    np.savez(folder / "noise.npz", x=rng.uniform(size=(40, 8, 8, 1)).astype("float32"), y=np.arange(40) % 3)
    (folder / "noise.toml").write_text(
        f'''[data]
type = "files"
train = "{folder / "noise.npz"}"
classify = true
transforms = ["cnn/random_shift", {{ type = "cnn/random_rotate", degrees = 20.0 }}]
[model]
type = "cnn/lenet"
filters = [5, 6]
hidden = [8]
mirror = true
normalization = "batch_norm"
[train]
epochs = 1
seed = 0
''',
        encoding="utf-8",
    )
    assert main(["train", str(folder / "noise.toml"), "--out", str(folder / "run"), "--quiet"]) == 0
    return folder / "run"


def test_filters_show_the_sign_and_size_of_each_weight(run: Path, tmp_path: Path) -> None:
    found = verbs.filters(run, output=tmp_path / "filters.png", scale=1)
    weight: Any = pl.load(run / "model.safetensors").parameters()[0].data  # (3, 3, 1, 5)
    assert found["filters"] == 5 and found["largest_weight"] == pytest.approx(abs(weight).max())
    picture = pixels(tmp_path / "filters.png")
    grey = np.rint(255 * (0.5 + weight[..., 0, 1] / (2 * abs(weight).max())))
    np.testing.assert_array_equal(picture[:3, 4:7], grey)


def test_features_have_a_row_for_each_stage(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "features.png"
    assert main(["features", str(run), "--image", "3", "--split", "train", "--maps", "4", "--output", str(output),
                 "--scale", "1", "--json"]) == 0  # fmt: skip
    found = json.loads(capsys.readouterr().out)
    assert found["stages"] == "ReLU 8 x 8 x 5 → MaxPool2D 4 x 4 x 5 → ReLU 4 x 4 x 6 → MaxPool2D 2 x 2 x 6"
    assert found["predicted"] in "012" and found["class"] in "012"
    assert pixels(output).shape == (5 * 8 + 4 * verbs.GAP, 4 * 8 + 3 * 2)


@pytest.mark.parametrize("channels", [2, 3])
def test_images_of_several_channels_are_seen_as_they_are(channels: int, tmp_path: Path) -> None:
    """In colour if there are three, else channel by channel; in the units of the data, whatever the model is given."""
    x = np.random.default_rng(0).integers(0, 256, (12, 8, 8, channels)).astype("uint8")
    split = pl.Split(x, np.arange(12) % 3)
    model = pl.build("cnn/lenet", input_shape=(8, 8, channels), outputs=3, filters=[2], hidden=[], seed=0)
    pl.Trainer(model, seed=0).fit(pl.Splits(split, split, split, ("standardize",)), verbose=False)
    pl.save(model, tmp_path / "model.safetensors")
    np.savez(tmp_path / "x.npz", x=x)
    verbs.features(
        tmp_path / "model.safetensors", image=1, data=str(tmp_path / "x.npz"), output=tmp_path / "seen.png", scale=1
    )
    picture = pixels(tmp_path / "seen.png")
    if channels == 3:
        np.testing.assert_array_equal(picture[:8, :8], x[1])
        assert (picture[12:, :, 0] == picture[12:, :, 2]).all()  # feature maps have no colour
    else:
        second = x[1, ..., 1].astype(float)
        grey = np.rint(255 * (second - second.min()) / (second.max() - second.min()))
        np.testing.assert_array_equal(picture[:8, 10:18], grey)


def grey(channels: Any, maps: int) -> list[Any]:
    """The first channels of (H, W, C) as squares from black, where each is lowest, to white."""
    squares = [channels[..., k].astype(float) for k in range(channels.shape[2])][:maps]
    return [np.rint(255 * (square - square.min()) / ((square.max() - square.min()) or 1)) for square in squares]


def test_features_are_those_of_prediction_and_nothing_else_is_drawn(tmp_path: Path) -> None:
    """Of a model that computes otherwise in training: all pixels of the picture."""
    x = np.random.default_rng(0).uniform(size=(12, 8, 8, 1)).astype(np.float32)
    model: Any = pl.build("cnn/lenet", input_shape=(8, 8, 1), outputs=3, filters=[3, 4], hidden=[], seed=0,
                          normalization="batch_norm", dropout=0.5)  # fmt: skip
    pl.Trainer(model, seed=0).fit(pl.Split(x, np.arange(12) % 3), epochs=2, verbose=False)
    pl.save(model, tmp_path / "model.safetensors")
    np.savez(tmp_path / "x.npz", x=x, y=np.arange(12) % 3)
    found = verbs.features(tmp_path / "model.safetensors", image=4, data=str(tmp_path / "x.npz"), maps=3, scale=1,
                           output=tmp_path / "seen.png")  # fmt: skip
    assert found["predicted"] == str(model.predict(x[[4]]).argmax()) and found["class"] == "1"
    trace = model.trace(x[[4]])
    shown = [i for i, layer in enumerate(model.layers) if type(layer).__name__ in ("ReLU", "MaxPool2D")]
    stages = [trace[f"layers.{i}.y"][0] for i in shown]
    assert [stage.shape[1:] for stage in stages] == [(8, 3), (4, 3), (4, 4), (2, 4)]
    whole = np.full((5 * 8 + 4 * 4, 3 * 8 + 2 * 2), 255.0)
    whole[:8, :8] = np.rint(255 * x[4, ..., 0])
    for row, stage in enumerate(stages, 1):
        for k, square in enumerate(grey(stage, 3)):
            whole[12 * row : 12 * row + 8, 10 * k : 10 * k + 8] = np.kron(square, np.ones((8 // len(square),) * 2))
    np.testing.assert_allclose(pixels(tmp_path / "seen.png"), whole, atol=1)


def test_augmented_shows_each_image_and_its_changes(run: Path, tmp_path: Path) -> None:
    output = tmp_path / "augmented.png"
    found = verbs.augmented(run, count=3, times=4, output=output)
    assert found["augmentations"] == "RandomShift, RandomRotate"
    picture = pixels(output)
    assert picture.shape == (3 * 8 + 2 * 2, 5 * 8 + 4 * 2)
    first, *changed = (picture[:8, 10 * i : 10 * i + 8] for i in range(5))
    assert not any(np.array_equal(first, other) for other in changed)
    verbs.augmented(run, count=3, times=4, output=tmp_path / "again.png")
    np.testing.assert_array_equal(pixels(tmp_path / "again.png"), picture)


def test_augmented_draws_images_of_two_channels_as_squares(tmp_path: Path) -> None:
    x = np.random.default_rng(0).uniform(size=(6, 8, 8, 2)).astype(np.float32)
    model = pl.build("cnn/lenet", input_shape=(8, 8, 2), outputs=3, filters=[2], seed=0)
    part = pl.Split(x, np.arange(6) % 3)
    splits = pl.Splits(part, part, part, transforms=["cnn/random_shift"])
    pl.Trainer(model, seed=0).fit(splits, epochs=1, verbose=False)
    pl.save(model, tmp_path / "two.safetensors")
    np.savez(tmp_path / "x.npz", x=x)
    verbs.augmented(tmp_path / "two.safetensors", count=3, times=4, data=str(tmp_path / "x.npz"),
                    output=tmp_path / "two.png")  # fmt: skip
    picture = pixels(tmp_path / "two.png")
    assert picture.shape == (3 * 8 + 2 * 2, 10 * 8 + 9 * 2)
    assert picture[:8, :8].min() == 0 and picture[:8, :8].max() == 255  # each channel from black to white
    with pytest.raises(ConfigError, match=r"'seed' of augmented must be an int in \[0, inf\). Received: -1"):
        verbs.augmented(tmp_path / "two.safetensors", seed=-1, output=tmp_path / "none.png")


def test_what_cannot_be_drawn_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--output must end in .png. Received: .*filters.jpg"):
        verbs.filters(run, output=tmp_path / "filters.jpg")
    (tmp_path / "there.png").write_text("precious")
    with pytest.raises(ConfigError, match=r"there.png exists already"):
        verbs.features(run, output=tmp_path / "there.png")
    with pytest.raises(ConfigError, match=r"'image' of features must be an int in \[0, \d+\]. Received: 99"):
        verbs.features(run, image=99, split="train", output=tmp_path / "features.png")
    model = pl.build("cnn/lenet", input_shape=(8, 8, 1), outputs=3, filters=[2], seed=0)
    pl.save(model, tmp_path / "plain.safetensors")
    with pytest.raises(ConfigError, match="has no augmentations"):
        verbs.augmented(tmp_path / "plain.safetensors", data="iris", output=tmp_path / "augmented.png")
    pl.save(pl.build("dense", units=2, input_shape=(4,)), tmp_path / "dense.safetensors")
    for verb in (verbs.filters, verbs.features, verbs.augmented):
        with pytest.raises(ConfigError, match=r"dense.safetensors holds a Dense, which has no convolution"):
            verb(tmp_path / "dense.safetensors", output=tmp_path / "none.png")
