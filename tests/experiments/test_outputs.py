"""What verbs of models write: codes in three formats and as points, samples as numbers, pictures and animations."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pellucid.basics.errors import ConfigError, DataError
from pellucid.interfaces.samples import Split
from pellucid.workbench import pictures
from pellucid.workbench.experiments.codes import check_codes, plane, save_codes, straight_path
from pellucid.workbench.experiments.outputs import check_amount, save_samples
from PIL import Image

SAMPLES = np.random.default_rng(0).random((6, 16))


def size(path: Path) -> Any:
    with Image.open(path) as picture:
        return picture.size, getattr(picture, "n_frames", 1)


def test_samples_are_written_as_the_ending_says(tmp_path: Path) -> None:
    save_samples(tmp_path / "a.npy", SAMPLES, numbers=SAMPLES.reshape(2, 3, 16))
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), SAMPLES.reshape(2, 3, 16))
    save_samples(tmp_path / "a.png", SAMPLES, columns=3)
    assert size(tmp_path / "a.png") == ((2 * (3 * 4 + 2 * 2), 2 * (2 * 4 + 2)), 1)
    save_samples(tmp_path / "a.gif", SAMPLES, shape=(2, 8))
    assert size(tmp_path / "a.gif") == ((8 * 8, 8 * 2), 6)
    save_samples(tmp_path / "b.gif", SAMPLES, scale=3)
    assert size(tmp_path / "b.gif")[0] == (12, 12)


def test_what_cannot_be_drawn_is_written_nowhere(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pictures"):
        save_samples(tmp_path / "a.png", SAMPLES[:, :5])
    with pytest.raises(ConfigError, match=r"a scale of at least 1\. Received: 0"):
        save_samples(tmp_path / "a.png", SAMPLES, scale=0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("y", "classes", "head", "arrays"),
    [
        (None, None, "code 0,code 1", {"codes"}),
        (np.array([1, 0]), None, "class,code 0,code 1", {"codes", "labels"}),
        (np.array([1, 0]), ("a", "b"), "class,code 0,code 1", {"codes", "labels", "classes"}),
        (np.array([0.5, 1.5]), None, "code 0,code 1", {"codes", "targets"}),
    ],
)
def test_codes_stand_beside_what_is_known(tmp_path: Path, y: Any, classes: Any, head: str, arrays: set[str]) -> None:
    codes = np.array([[1.0, 2.0], [3.0, 4.0]])
    split = Split(np.zeros((2, 3)), y, classes)
    for ending in ("npy", "npz", "csv"):
        told = save_codes(codes, split, tmp_path / f"codes.{ending}", None)
        assert told == {"samples": 2, "latent": 2, "file": str(tmp_path / f"codes.{ending}")}
    np.testing.assert_array_equal(np.load(tmp_path / "codes.npy"), codes)
    assert set(np.load(tmp_path / "codes.npz")) == arrays
    first, second, _ = (tmp_path / "codes.csv").read_text(encoding="utf-8").splitlines()
    assert first == head and second.endswith("1.0,2.0") and second.startswith("b" if classes else "1")


def test_codes_of_any_length_have_a_place_in_the_plane() -> None:
    codes = np.random.default_rng(0).normal(size=(50, 3)) * [0.1, 5.0, 1.0]
    points, names = plane(codes)
    variances = np.linalg.eigvalsh(np.cov(codes.T, bias=True))[::-1]
    assert names[0] == f"principal axis 1 of the codes ({variances[0] / variances.sum():.0%} of the variance)"
    np.testing.assert_allclose(np.var(points, axis=0), variances[:2])
    assert plane(codes[:, :2])[1] == ("code 0", "code 1")
    assert plane(codes[:, :1])[0].tolist() == [[i, code] for i, code in enumerate(codes[:, 0])]


def test_a_straight_path_between_codes() -> None:
    np.testing.assert_allclose(straight_path(np.zeros(2), np.array([2.0, 4.0]), 3), [[0, 0], [1, 2], [2, 4]])
    with pytest.raises(ConfigError, match=r"'steps' of straight_path must be an int in \[2, 1000000\]"):
        straight_path(np.zeros(2), np.ones(2), 1)


def test_without_matplotlib_codes_are_not_drawn_and_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ["matplotlib", *(name for name in sys.modules if name.startswith("matplotlib."))]:
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("codes", "figures"):  # they are imported anew
        monkeypatch.delitem(sys.modules, f"pellucid.workbench.experiments.{name}")
    save_codes = import_module("pellucid.workbench.experiments.codes").save_codes
    with pytest.raises(ConfigError, match=r'matplotlib, which is missing: pip install "pellucid\[plot\]"'):
        save_codes(SAMPLES, Split(SAMPLES), tmp_path / "codes.npy", tmp_path / "codes.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "most"), [("a.npy", 1_000_000), ("a.png", 10_000), ("a.gif", 10_000)])
def test_as_many_samples_as_one_command_makes(name: str, most: int) -> None:
    check_amount(save_samples, "count", most, Path(name))
    for count in (most + 1, 10**400, 0, 1.5):
        with pytest.raises(ConfigError, match=rf"must be an int in \[1, {most}\]"):
            check_amount(save_samples, "count", count, Path(name))


def test_a_picture_has_a_size_that_can_be_looked_at(tmp_path: Path) -> None:
    images = np.broadcast_to(np.uint8(0), (100_000, 60, 60))
    with pytest.raises(ConfigError, match=r"100,000 images as one would have .*Expected: at most 100,000,000"):
        pictures.tile(images)
    with pytest.raises(ConfigError, match="Take a smaller scale"):
        pictures.save_png(images[0], tmp_path / "a.png", scale=1000)
    with pytest.raises(ConfigError, match="An animation of 100000 frames would have"):
        pictures.save_gif(images, tmp_path / "a.gif", scale=8)
    assert not list(tmp_path.iterdir())


def test_arrays_beside_the_codes_are_those_of_the_samples(tmp_path: Path) -> None:
    codes, labels = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([2, 0, 2])
    save_codes(codes, Split(np.zeros((3, 4)), labels, ("a", "b", "c")), tmp_path / "named.npz", None)
    with np.load(tmp_path / "named.npz") as found:
        np.testing.assert_array_equal(found["codes"], codes)
        assert found["labels"].tolist() == [2, 0, 2] and found["classes"].tolist() == ["a", "b", "c"]
    save_codes(codes, Split(np.zeros((3, 4)), labels * 0.5), tmp_path / "values.npz", None)
    with np.load(tmp_path / "values.npz") as found:
        assert found["targets"].tolist() == [1.0, 0.0, 1.0]
    save_codes(codes, Split(np.zeros((3, 4)), labels, ("a", "b", "c")), tmp_path / "named.CSV", None)
    assert (tmp_path / "named.CSV").read_text() == "class,code 0,code 1\nc,1.0,2.0\na,3.0,4.0\nc,5.0,6.0\n"


def test_codes_are_written_and_drawn(tmp_path: Path, unseen_figures: list[Any]) -> None:
    split = Split(np.zeros((4, 3)), np.array([0, 1, 1, 0]), ("cat", "dog"))
    codes = np.arange(8.0).reshape(4, 2)
    told = save_codes(codes, split, tmp_path / "a.npy", tmp_path / "a.png")
    assert told == {"samples": 4, "latent": 2, "file": str(tmp_path / "a.npy"), "plot": str(tmp_path / "a.png")}
    assert (tmp_path / "a.png").exists()
    (axes,) = unseen_figures[0].axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["cat", "dog"]
    np.testing.assert_array_equal(axes.collections[1].get_offsets(), codes[1:3])


def test_principal_axes_are_those_of_the_largest_variance() -> None:
    codes = np.array([[3.0, 0, 1.5], [-3, 0, 1.5], [0, -2, 0.5], [0, 2, 0.5]], np.float32)
    points, names = plane(codes)
    np.testing.assert_allclose(np.abs(points), np.abs(codes[:, :2]), atol=1e-12)  # either sign
    assert names == (
        "principal axis 1 of the codes (67% of the variance)", "principal axis 2 of the codes (30% of the variance)",
    )  # fmt: skip
    assert points.dtype == np.float64
    still, names = plane(np.ones((4, 3)))
    assert not still.any() and names[1] == "principal axis 2 of the codes (0% of the variance)"


def test_which_files_codes_may_go_to(tmp_path: Path) -> None:
    for name in ("a.npy", "a.npz", "a.csv"):
        check_codes(tmp_path / name, None)
        check_codes(tmp_path / name, tmp_path / "a.png")
    with pytest.raises(ConfigError, match=r"--output must end in \.npy, \.npz, \.csv\. Received"):
        check_codes(tmp_path / "a.png", None)
    with pytest.raises(ConfigError, match=r"--plot must end in \.png\. Received"):
        check_codes(tmp_path / "a.npy", tmp_path / "a.npy")
    assert straight_path(np.array([1.0]), np.array([3.0]), 2).tolist() == [[1.0], [3.0]]
    assert straight_path(np.array([0.0]), np.array([8.0]), 5).ravel().tolist() == [0, 2, 4, 6, 8]
