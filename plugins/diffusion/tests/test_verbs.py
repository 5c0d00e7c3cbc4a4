"""The verbs sample and generate, by the command line: files, pictures, animations, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import pictures
from pellucid.workbench.cli import main
from pellucid_diffusion import drawing, sampling
from PIL import Image


def told(capsys: Any, *words: object) -> dict[str, Any]:
    assert main([str(word) for word in (*words, "--json")]) == 0
    return dict(json.loads(capsys.readouterr().out))


def refused(capsys: Any, *words: object) -> str:
    assert main([str(word) for word in words]) == 2
    return str(capsys.readouterr().err)


def look(path: str) -> tuple[Any, int, Any]:
    """The size of a picture, its number of frames, and how many milliseconds the last is shown."""
    with Image.open(path) as picture:
        frames = getattr(picture, "n_frames", 1)
        picture.seek(frames - 1)
        return picture.size, frames, picture.info.get("duration")


def pixels(path: str) -> Any:
    with Image.open(path) as picture:
        return np.asarray(picture, float)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_samples_as_numbers_and_as_a_picture(capsys: Any, saved_bars: Path) -> None:
    out = told(capsys, "sample", saved_bars, "--count", 5, "--steps", 10, "--output", "x.npy", "--label", "b")
    x = np.load("x.npy")
    assert out == {"samples": 5, "steps": 10, "file": "x.npy"} and x.shape == (5, 4, 4)
    assert (x.sum(axis=2).argmax(axis=1) == 1).all()
    told(capsys, "sample", saved_bars, "--count", 4, "--steps", 10, "--output", "x.png")
    assert look("x.png")[0] == (2 * (2 * 4 + 2), 2 * (2 * 4 + 2))


def test_a_picture_shows_the_samples_of_the_classes_in_turn(
    capsys: Any, saved_bars: Path, draws_bars: pl.Layer
) -> None:
    """Each number twice in both directions; and of an animation some moments in rows of five, small."""
    how: dict[str, Any] = {"labels": np.arange(5) % 3, "steps": 20, "seed": 4}
    told(capsys, "sample", saved_bars, "--count", 5, "--steps", 20, "--seed", 4, "--output", "x.png")
    whole = pictures.tile(sampling.sample(draws_bars, **how), background=0.5)
    np.testing.assert_allclose(pixels("x.png"), np.kron(whole, np.ones((2, 2))), atol=1)
    told(capsys, "sample", saved_bars, "--count", 5, "--steps", 20, "--seed", 4, "--output", "x.GIF")
    frames = [pictures.tile(moment, background=0.5) for moment in sampling.paths(draws_bars, **how)]
    sheet = pictures.contact_sheet(frames, columns=5, count=15)
    np.testing.assert_allclose(pixels("x-sheet.png"), sheet, atol=1)
    size, count, last = look("x.GIF")
    assert (size[::-1], count, last) == (frames[0].shape, 21, 2080)
    with Image.open("x.GIF") as animation:
        assert animation.info["duration"] == 80


def test_letters_on_black_are_white(capsys: Any, saved_bars: Path) -> None:
    for paper in ("white", "black"):
        told(capsys, "generate", saved_bars, "--text", "ab", "--steps", 3, "--paper", paper, "--output", f"{paper}.png")
    white, black = pixels("white.png"), pixels("black.png")
    np.testing.assert_allclose(white + black, 255, atol=1)
    assert white[0, 0] == 255 and white.shape == (2 * (4 + 8), 2 * (8 + 8))  # twice as large, with a margin of 4
    assert told(capsys, "generate", saved_bars, "--text", "c", "--steps", 2)["file"] == "text.gif"
    assert look("text.gif")[0] == (2 * (4 + 8), 2 * (4 + 8))
    Path("text.gif").unlink()
    said = refused(capsys, "generate", saved_bars, "--text", "c", "--steps", "2")
    assert "text-sheet.png exists already. Choose another --output, or remove it first." in said
    assert not Path("text.gif").exists()


def test_an_animation_has_a_contact_sheet(capsys: Any, saved_bars: Path) -> None:
    out = told(capsys, "sample", saved_bars, "--count", 4, "--steps", 8, "--output", "x.gif")
    assert out["contact_sheet"] == "x-sheet.png" and Path("x-sheet.png").exists()
    assert look("x.gif")[1] == 9


def test_words_stand_in_rows_and_appear_out_of_noise(capsys: Any, saved_bars: Path) -> None:
    out = told(capsys, "generate", saved_bars, "--text", "abc ca", "--steps", 20, "--scale", 1, "--output", "t.gif")
    assert (out["characters"], out["steps"]) == (5, 20)
    size, frames, duration = look("t.gif")
    assert size == (3 * 4 + 8, 2 * 4 + 8) and frames == 21
    assert duration > 2000  # the last frame is held
    told(capsys, "generate", saved_bars, "--text", "abc ca", "--steps", 20, "--scale", 1, "--output", "t.png")
    page = 1 - pixels("t.png") / 255
    assert page.shape == (16, 20)
    for (row, column), bar in {(0, 0): 0, (0, 1): 1, (0, 2): 2, (1, 0): 2, (1, 1): 0}.items():
        letter = page[4 + 4 * row : 8 + 4 * row, 4 + 4 * column : 8 + 4 * column]
        assert letter.sum(axis=1).argmax() == bar
    assert page[8:12, 12:16].max() == 0 and page[:4].max() == 0


def test_the_same_seed_the_same_handwriting(capsys: Any, saved_bars: Path) -> None:
    for name, seed in (("one", 0), ("two", 0), ("three", 1)):
        told(capsys, "generate", saved_bars, "--text", "ab", "--steps", 5, "--seed", seed, "--output", f"{name}.png")
    one, two, three = (Path(f"{name}.png").read_bytes() for name in ("one", "two", "three"))
    assert one == two != three


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("generate", "--text", "abx!"), "cannot draw ! x. Characters that it can: a b c"),
        (("generate", "--text", "AB"), "cannot draw A B. It can draw a b. Characters that it can: a b c"),
        (("generate", "--text", "  "), "nothing to draw in --text '  '"),
        (("generate", "--text", "a", "--steps", "0"), "from 1 to 50 steps"),
        (("generate", "--text", "a", "--output", "t.bmp"), "--output must end in .gif, .png"),
        (("generate", "--text", "a", "--scale", "0"), "'scale' of generate must be an int"),
        (("sample", "--label", "d"), "knows no class 'd'. Its classes: a, b, c"),
        (("sample", "--steps", "-3"), "from 1 to 50 steps"),
        (("sample", "--count", "0"), "'count' of sample"),
        (("sample", "--output", "there.npy"), "there.npy exists already"),
    ],
    ids=str,
)
def test_wrong_requests_are_one_clear_message(capsys: Any, saved_bars: Path, words: Any, message: str) -> None:
    Path("there.npy").write_bytes(b"")
    verb, *options = words
    said = refused(capsys, verb, saved_bars, *options)
    assert message in said and "Traceback" not in said
    assert sorted(path.name for path in Path().iterdir()) == ["there.npy"]


def test_a_run_of_another_model_is_refused(capsys: Any) -> None:
    pl.save(pl.build("ann", input_shape=(2,), outputs=2, seed=0), "ann.safetensors")
    for verb in ("generate", "sample"):
        assert f"holds a model ann/ann, which has no verb '{verb}'" in refused(capsys, verb, "ann.safetensors")
    pl.save(pl.build("mlp_denoiser", input_shape=[(2,), ()], hidden=4, blocks=1, seed=0), "new.safetensors")
    assert "has not been trained" in refused(capsys, "sample", "new.safetensors")


def points_model(tmp: str, classes: tuple[str, ...] | None) -> None:
    x = np.random.default_rng(0).normal(size=(20, 2)).astype("float32")
    part = pl.Split(x, np.arange(20) % 2, classes)
    empty = part.take(np.array([], int))
    shapes = [(2,), (), ()] if classes else [(2,), ()]
    model = pl.build("mlp_denoiser", input_shape=shapes, classes=len(classes or ()), hidden=4, blocks=1, seed=0)
    pl.Trainer(model, objective={"type": "diffusion/denoise", "steps": 20}, seed=0).fit(
        pl.Splits(part, empty, empty), verbose=False
    )
    pl.save(model, tmp)


def test_points_are_dots(capsys: Any) -> None:
    points_model("named.safetensors", ("upper", "lower"))
    told(capsys, "sample", "named.safetensors", "--count", 6, "--steps", 4, "--output", "p.gif")
    assert look("p.gif")[0] == (drawing.SIDE, drawing.SIDE)
    said = refused(capsys, "generate", "named.safetensors", "--text", "a")
    assert "whose classes are single characters" in said and "upper, lower" in said
    points_model("plain.safetensors", None)
    told(capsys, "sample", "plain.safetensors", "--count", 6, "--steps", 4, "--output", "p.png")
    points = sampling.sample(pl.load("plain.safetensors"), 6, steps=4)
    np.testing.assert_array_equal(pixels("p.png"), drawing.dots(points, None, drawing.box_around(points)))
    assert "takes no labels, so --label 1 means nothing" in refused(
        capsys, "sample", "plain.safetensors", "--label", "1", "--output", "q.png"
    )
    assert "none, it was trained without labels" in refused(capsys, "generate", "plain.safetensors", "--text", "a")


def test_dots_stand_where_the_points_are() -> None:
    box = np.array([[0.0, 0.0], [1.0, 1.0]])
    image = drawing.dots(np.array([[0.25, 0.75], [9.0, 9.0]]), np.array([1, 0]), box, side=101)
    assert tuple(image[25, 25]) == drawing.COLOURS[1]
    assert (image[2:-2, 2:-2] != 255).any(axis=2).sum() == 9


def test_samples_that_no_picture_shows_are_refused() -> None:
    with pytest.raises(pl.DataError, match=r"shape \(3,\) are no pictures.*write the numbers, to a \.npy file"):
        drawing.frames_of(np.zeros((2, 5, 3)), None)
    assert drawing.frames_of(np.zeros((1, 1, 6)), None, (2, 3))[0].shape == (2, 3)
