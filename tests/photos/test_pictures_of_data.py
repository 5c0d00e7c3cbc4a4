"""pellucid show-data --picture: every registered data set that needs no network has a picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.registry.registry import default_registry
from pellucid.workbench.cli import main

Image = pytest.importorskip("PIL.Image")
pytest.importorskip("matplotlib")

NEEDS_FILES = {
    "datasets/emnist": "a download",
    "datasets/fashion_mnist": "a download",
    "core/files": "below",
    "core/image_folder": "below",
    "core/mapped": "below",
    "studio/own_table": "a table that a page gives",
}
"""Data sets that cannot be had by their examples."""


def coloured(path: Path) -> float:
    """The share of a picture that is not white."""
    image = np.asarray(Image.open(path).convert("L"))
    assert min(image.shape) > 200
    return float((image < 200).mean())


@pytest.mark.slow  # a dozen figures of up to thirty panels
@pytest.mark.parametrize("name", [n for n in pl.names("dataset") if n not in NEEDS_FILES])
def test_every_data_set_has_a_picture(name: str, tmp_path: Path) -> None:
    from pellucid.workbench.data_pictures.drawing import draw_data

    kind = default_registry().load(default_registry().find("dataset", name))
    dataset = kind(**(kind.examples[0].arguments if kind.examples else {}))
    report = dataset.report() if hasattr(dataset, "report") else {}
    splits = dataset.splits()
    draw_data(name, dataset, splits, report, tmp_path / "data.png")
    least = 0.005 if len(splits.train) < 20 else 0.01  # few dots leave more white
    assert coloured(tmp_path / "data.png") > least


def test_no_data_set_is_forgotten() -> None:
    assert NEEDS_FILES.keys() <= set(pl.names("dataset"))


def test_show_data_draws_what_it_is_asked_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["show-data", "spirals", "--set", "classes=3", "--picture", "arms.png", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["picture"] == "arms.png"
    assert coloured(tmp_path / "arms.png") > 0.005
    assert main(["show-data", "spirals", "--picture", "arms.png"]) == 2
    assert "arms.png exists already" in capsys.readouterr().err
    assert main(["show-data", "spirals", "--picture", "arms.jpg"]) == 2
    assert "--picture must end in .png" in capsys.readouterr().err
    assert main(["show-data", "spirals"]) == 0 and [path.name for path in tmp_path.iterdir()] == ["arms.png"]


def _images(folder: Path, colours: bool) -> None:
    rng = np.random.default_rng(0)
    for name in ("cat", "dog", "a rather long name of a class"):
        (folder / name).mkdir(parents=True)
        for i in range(5):
            pixels = rng.integers(0, 256, (9, 12, 3) if colours else (9, 12)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")


def _table(folder: Path) -> None:
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = [f"{rng.normal()},{'' if i % 9 == 0 else i % 5},{i % 4},{'yes' if i % 3 else 'no'}" for i in range(80)]
    (folder / "x.csv").write_text("\n".join(["$a_1$,b,c,answer", *rows]))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: _images(folder, colours=True), ["data"]),
        (lambda folder: _images(folder, colours=False), ["data", "--set", "size=[6, 20]"]),
        (_table, ["data/x.csv", "--target", "answer"]),
    ],
)
def test_files_and_folders_of_ones_own(
    make: Callable[[Path], Any], words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "data")
    assert main(["show-data", *words, "--picture", "data.png"]) == 0
    assert coloured(tmp_path / "data.png") > 0.01


@pytest.mark.parametrize(
    "x",
    [np.zeros((20, 6, 5, 3)), np.random.default_rng(0).normal(size=(20, 9)), np.arange(60).reshape(20, 3)],
    ids=["images", "many columns", "integers"],
)
def test_arrays_in_files(x: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("data.npz", x=x, y=np.arange(20.0))
    assert main(["show-data", "data.npz", "--picture", "data.png"]) == 0
    assert coloured(tmp_path / "data.png") > 0.005


def test_a_mapped_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.random.default_rng(0).normal(size=(200, 2)))
    assert main(["show-data", "mapped", "--set", "x=x.npy", "--picture", "data.png"]) == 0
    assert coloured(tmp_path / "data.png") > 0.005


@pytest.mark.parametrize("name", ["iris", "digits", "half_moons", "sine", "breast_cancer"])
def test_panels_lie_in_the_sheet_beside_each_other(name: str, tmp_path: Path, unseen_figures: list[Any]) -> None:
    from pellucid.workbench.data_pictures.drawing import draw_data

    dataset = pl.create("dataset", name)
    report = dataset.report() if hasattr(dataset, "report") else {}
    draw_data(name, dataset, dataset.splits(0), report, tmp_path / "data.png")
    boxes = [axes.get_position() for axes in unseen_figures[0].axes]
    assert boxes
    for i, box in enumerate(boxes):
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= 1 and box.y1 <= 1
        for other in boxes[:i]:
            beside = other.x1 <= box.x0 + 1e-9 or box.x1 <= other.x0 + 1e-9
            assert beside or other.y1 <= box.y0 + 1e-9 or box.y1 <= other.y0 + 1e-9


def test_beside_images_stands_their_class_and_how_many_there_are(tmp_path: Path, unseen_figures: list[Any]) -> None:
    from pellucid.workbench.data_pictures.drawing import draw_data

    dataset = pl.create("dataset", "digits")
    splits = dataset.splits(0)
    draw_data("digits", dataset, splits, {}, tmp_path / "data.png")
    texts = [text.get_text() for axes in unseen_figures[0].axes for text in axes.texts]
    for name, count in zip(splits.classes, np.bincount(splits.train.y), strict=True):
        assert name in texts and f"{count:,}" in texts
