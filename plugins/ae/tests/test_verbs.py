"""The verbs on a run of an own data set, end to end by the command line; and what they refuse."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError
from pellucid.workbench.cli import main
from pellucid_ae.verbs import corrupted, encode, interpolate, reconstruct
from PIL import Image

Shell = Callable[..., str]
EXPERIMENT = """
[data]
type = "files"
train = "samples.npz"
transforms = []

[model]
type = "{model}"
latent = 2
hidden = [8]

[train]
epochs = 2
seed = 0
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of a plain and of a denoising autoencoder and of another model, on samples with class labels."""
    path = tmp_path_factory.mktemp("runs")
    rng = np.random.default_rng(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        patch.setattr("pellucid.workbench.experiments.training.draw_curves", lambda *_: None)
        x = rng.uniform(size=(60, 16)).astype(np.float32)
        np.savez("samples.npz", x=x, y=np.arange(60) % 3, classes=np.array(["a", "b", "c"]))
        np.save("images.npy", x[:5].reshape(5, 4, 4))
        np.save("flat.npy", x[:5])
        for model in ("autoencoder", "denoising_autoencoder", "ann"):
            text = EXPERIMENT.format(model=model)
            Path(f"{model}.toml").write_text(text.replace("latent = 2", "") if model == "ann" else text)
            assert main(["train", f"{model}.toml", "--out", model, "--quiet"]) == 0
    return path


@pytest.fixture
def pellucid(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """The command line in that folder; what it prints, or with ``code=2`` its message."""
    monkeypatch.chdir(folder)

    def call(*words: object, code: int = 0) -> str:
        got = main([str(word) for word in words])
        captured = capsys.readouterr()
        assert got == code, captured.err
        assert "Traceback" not in captured.err
        return captured.out if code == 0 else captured.err

    return call


def opened(run: str) -> Any:
    return pl.load(Path(run) / "model.safetensors")


def read(path: Path, mode: str = "L") -> np.ndarray[Any, Any]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert(mode))


def test_a_run_reports_its_loss_and_no_accuracy(pellucid: Shell) -> None:
    summary = json.loads(Path("autoencoder/summary.json").read_text())
    assert set(summary["test"]) == {"loss"} and summary["chosen_by"] == "validation_loss"
    assert json.loads(pellucid("evaluate", "autoencoder", "--json"))["loss"] == summary["test"]["loss"]
    assert json.loads(pellucid("evaluate", "autoencoder", "--data", "flat.npy", "--json"))["loss"] > 0  # no targets


def test_encode_the_test_set(pellucid: Shell, tmp_path: Path) -> None:
    out = tmp_path / "codes.npy"
    told = json.loads(pellucid("encode", "autoencoder", "--output", out, "--json"))
    assert told == {"samples": 12, "latent": 2, "file": str(out)}
    test = pl.load_dataset("files", seed=0, train="samples.npz").test
    np.testing.assert_array_equal(np.load(out), opened("autoencoder").encode(test.x))


def test_encode_a_file_and_other_formats(pellucid: Shell, tmp_path: Path) -> None:
    codes = opened("denoising_autoencoder").encode(np.load("flat.npy"))
    pellucid("encode", "denoising_autoencoder", "--data", "flat.npy", "--output", tmp_path / "codes.csv")
    head, *rows = csv.reader((tmp_path / "codes.csv").read_text().splitlines())
    assert head == ["code 0", "code 1"]
    np.testing.assert_allclose(np.array(rows, np.float32), codes, rtol=1e-6)

    pellucid("encode", "autoencoder", "--split", "train", "--output", tmp_path / "train.csv")
    head, *rows = csv.reader((tmp_path / "train.csv").read_text().splitlines())
    assert head[0] == "class" and {row[0] for row in rows} == {"a", "b", "c"} and len(rows) == 42

    pellucid("encode", "autoencoder", "--output", tmp_path / "codes.npz")
    with np.load(tmp_path / "codes.npz") as arrays:
        assert arrays["codes"].shape == (12, 2) and arrays["classes"].tolist() == ["a", "b", "c"]
        assert set(arrays["labels"].tolist()) == {0, 1, 2}


def test_encode_what_is_of_other_classes(pellucid: Shell, tmp_path: Path) -> None:
    """An autoencoder learns nothing of classes: they keep their names, in a file of the run's classes too."""
    for names, labels in (("cab", np.arange(5) % 3), ("uv", np.arange(5) % 2)):
        file = tmp_path / f"{names}.npz"
        np.savez(file, x=np.load("flat.npy"), y=labels, classes=np.array(list(names)))
        pellucid("encode", "autoencoder", "--data", file, "--output", tmp_path / f"{names}.csv")
        rows = csv.reader((tmp_path / f"{names}.csv").read_text().splitlines()[1:])
        assert [row[0] for row in rows] == [names[label] for label in labels]


def test_encode_draws_the_codes(pellucid: Shell, tmp_path: Path) -> None:
    told = pellucid("encode", "autoencoder", "--output", tmp_path / "codes.npy", "--plot", tmp_path / "codes.png")
    assert "codes.png" in told
    picture = read(tmp_path / "codes.png", "RGB")
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50  # three colours, blended into white


def test_reconstruct_draws_samples_over_their_reconstructions(pellucid: Shell, tmp_path: Path) -> None:
    out = tmp_path / "grid.png"
    told = json.loads(
        pellucid("reconstruct", "autoencoder", "--data", "flat.npy", "--count", 3, "--first", 1, "--scale", 1,
                 "--output", out, "--json")
    )  # fmt: skip
    x, model = np.load("flat.npy")[1:4], opened("autoencoder")
    y = model.reconstruct(x)
    assert told["samples"] == 3 and told["mean_squared_error"] == pytest.approx(np.mean((y - x) ** 2), rel=1e-5)
    picture = read(out)
    assert picture.shape == (10, 16)  # 2 x 4 pixels and a gap, 3 x 4 and two
    np.testing.assert_array_equal(picture[:4, 6:10], np.rint(255 * x[1].reshape(4, 4)))
    np.testing.assert_array_equal(picture[6:, 6:10], np.rint(255 * y[1].clip(0, 1).reshape(4, 4)))


def test_reconstruct_shows_what_a_denoising_autoencoder_removes(pellucid: Shell, tmp_path: Path) -> None:
    words = ("reconstruct", "denoising_autoencoder", "--data", "flat.npy", "--shape", 2, 8, "--json")
    told = [json.loads(pellucid(*words, "--output", tmp_path / f"{i}.png", "--seed", i // 2)) for i in range(3)]
    assert told[0]["mean_squared_error_of_the_corrupted"] > 0
    errors = [each["mean_squared_error"] for each in told]
    assert errors[0] == errors[1] != errors[2]  # the seed decides the noise
    with Image.open(tmp_path / "0.png") as picture:
        assert picture.size == (2 * (5 * 8 + 4 * 2), 2 * (3 * 2 + 2 * 2))


@pytest.mark.parametrize("run", ["autoencoder", "denoising_autoencoder"])
def test_what_is_written_is_what_comes_back_of_what_was_seen(run: str, folder: Path, tmp_path: Path) -> None:
    x, model = np.load(folder / "flat.npy")[1:4], opened(str(folder / run))
    seen = x if run == "autoencoder" else corrupted(model, x, 5)
    back = model.reconstruct(seen)
    options: Any = {"data": str(folder / "flat.npy"), "first": 1, "count": 3, "seed": 5}
    said = reconstruct(folder / run, output=tmp_path / "back.npy", **options)
    np.testing.assert_allclose(np.load(tmp_path / "back.npy"), back, rtol=1e-6)
    assert said.pop("mean_squared_error") == pytest.approx(np.mean((back - x) ** 2), rel=1e-5)
    if run != "autoencoder":
        error = np.mean((seen - x) ** 2)
        assert said.pop("mean_squared_error_of_the_corrupted") == pytest.approx(error, rel=1e-5) != 0
    assert said == {"samples": 3, "file": str(tmp_path / "back.npy")}
    reconstruct(folder / run, output=tmp_path / "back.png", scale=1, **options)
    rows = [x, back] if run == "autoencoder" else [x, seen, back]
    picture = read(tmp_path / "back.png")
    assert picture.shape == (6 * len(rows) - 2, 16)
    for r, row in enumerate(rows):
        for c, sample in enumerate(row.clip(0, 1).reshape(3, 4, 4)):
            tile = picture[6 * r : 6 * r + 4, 6 * c : 6 * c + 4].astype(int)
            assert np.abs(tile - np.rint(255 * sample)).max() <= 1


def test_the_numbers_of_a_walk_are_decoded_from_points_of_straight_lines(folder: Path, tmp_path: Path) -> None:
    model = opened(str(folder / "autoencoder"))
    codes = model.encode(np.load(folder / "flat.npy"))
    out = tmp_path / "walk.npy"
    said = interpolate(folder / "autoencoder", between=(4, 0, 2), steps=3, data=str(folder / "flat.npy"), output=out)
    assert said == {"ways": 2, "steps": 3, "file": str(out)} and np.load(out).shape == (2, 3, 16)
    for way, (a, b) in zip(np.load(out), ((4, 0), (0, 2)), strict=True):
        expected = model.decode(np.stack([codes[a], (codes[a] + codes[b]) / 2, codes[b]]))
        np.testing.assert_allclose(way, expected, rtol=1e-4, atol=1e-6)


def test_noise_belongs_to_the_sample_whatever_the_batches(pellucid: Shell) -> None:
    model, x = opened("denoising_autoencoder"), np.ones((1500, 16), np.float32)
    noisy = corrupted(model, x, seed=3)
    assert 0.25 < np.mean(noisy == 0) < 0.35
    np.testing.assert_array_equal(noisy[:7], corrupted(model, x[:7], seed=3))
    assert (noisy[:20] != corrupted(model, x[:20], seed=4)).any() and (noisy[:20] != noisy[1024:1044]).any()


def test_interpolate_goes_from_one_reconstruction_to_the_next(pellucid: Shell, tmp_path: Path) -> None:
    out = tmp_path / "strip.png"
    words = ("--between", 4, 0, 2, "--steps", 5, "--scale", 1, "--data", "flat.npy", "--output", out, "--json")
    assert json.loads(pellucid("interpolate", "autoencoder", *words)) == {"ways": 2, "steps": 5, "file": str(out)}
    picture, y = read(out), opened("autoencoder").reconstruct(np.load("flat.npy")).reshape(-1, 4, 4)
    assert picture.shape == (10, 28)
    for (top, left), row in {(0, 0): 4, (0, 24): 0, (6, 0): 0, (6, 24): 2}.items():
        tile = picture[top : top + 4, left : left + 4].astype(int)
        assert np.abs(tile - np.rint(255 * y[row].clip(0, 1))).max() <= 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("encode ann", "ann holds a model ann/ann, which has no verb 'encode'. It is a verb of: ae/autoencoder, ae"),
        ("encode autoencoder --output codes.txt", "--output must end in .npy, .npz, .csv. Received: codes.txt"),
        ("encode autoencoder --output flat.npy", "--output flat.npy exists already"),
        ("encode autoencoder --output no/codes.npy", "there is no folder no"),
        ("encode autoencoder --output c.npy --plot c.pdf", "--plot must end in .png"),
        ("encode autoencoder --data iris --output c.npy", "must have shape (N, 16), one sample a row. Received: (30"),
        ("encode autoencoder/model.safetensors --output c.npy", "knows nothing of data. Say which: --data"),
        ("reconstruct autoencoder --count 0", "The 'count' of reconstruct must be an int in [1, "),
        ("reconstruct autoencoder --first 12", "The 'first' of reconstruct must be an int in [0, 11]"),
        ("reconstruct autoencoder --shape 3 5", "The 'shape' of a picture must be height and width"),
        ("interpolate autoencoder --between 0", "--between needs at least two samples. Received: [0]"),
        ("interpolate autoencoder --between 0 12", "The 'between' of interpolate must be an int in [0, 11]"),
        ("interpolate autoencoder --steps 1", "The 'steps' of interpolate must be an int in [2, "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_written(pellucid: Shell, words: str, message: str) -> None:
    before = set(Path().iterdir())
    assert message in " ".join(pellucid(*words.split(), code=2).split())
    assert set(Path().iterdir()) == before


def test_a_run_of_another_model_is_refused_in_python_too(folder: Path, tmp_path: Path) -> None:
    for verb in (encode, reconstruct, interpolate):
        with pytest.raises(pl.ConfigError, match=r"ann holds a model of Sequential\. Expected: one of Autoencoder"):
            verb(folder / "ann", output=tmp_path / ("codes.npy" if verb is encode else "picture.png"))


@pytest.mark.parametrize(
    ("module", "words"),
    [("PIL", "reconstruct autoencoder"), ("PIL", "interpolate autoencoder"),
     ("matplotlib.figure", "encode autoencoder --output c.npy --plot c.png")],
)  # fmt: skip
def test_pictures_need_the_extra_plot(
    pellucid: Shell, monkeypatch: pytest.MonkeyPatch, module: str, words: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # importing it fails, as it would
    assert 'pip install "pellucid[plot]"' in pellucid(*words.split(), code=2)
    assert not {Path("c.npy"), Path("c.png"), Path("reconstructions.png")} & set(Path().iterdir())


def test_a_plain_autoencoder_corrupts_nothing_and_seeds_are_checked() -> None:
    plain: Any = pl.build("autoencoder", input_shape=(4,), latent=2, hidden=[], seed=0)
    with pytest.raises(ConfigError, match="has no 'corruption'"):
        corrupted(plain, np.zeros((2, 4)), seed=0)
    noisy: Any = pl.build("denoising_autoencoder", input_shape=(4,), latent=2, hidden=[], seed=0)
    with pytest.raises(ConfigError, match=r"'seed' of corrupted must be an int in \[0, inf\). Received: -1"):
        corrupted(noisy, np.zeros((2, 4)), seed=-1)
