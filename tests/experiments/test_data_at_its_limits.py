"""Pictures of data sets and of recordings at their limits: columns, classes, names, texts, dots, lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from pellucid.glassbox.flight.recording import Parts, Recording
from pellucid.workbench.data_pictures.columns import draw_columns
from pellucid.workbench.data_pictures.images import draw_images
from pellucid.workbench.data_pictures.points import draw_curve, draw_points
from pellucid.workbench.data_pictures.texts import draw_texts
from pellucid.workbench.experiments.flight_curves import draw_flight

from tests.experiments.figures_of_data import shown, wave


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "figure.png"


def boxes(figure: Any) -> Any:
    """Left, width and height of each panel in inches."""
    found = np.array([axes.get_position().bounds for axes in figure.axes])
    width, height = figure.get_size_inches()
    return (found[:, [0, 2, 3]] * [width, width, height]).round(6)


# -- tables ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("columns", "panels", "across"), [
    (1, 1, 2), (2, 4, 0), (5, 25, 0), (6, 6, 3), (37, 36, 6),
])  # fmt: skip
def test_few_columns_are_drawn_on_each_other_and_more_by_themselves(
    path: Path, unseen_figures: list[Any], columns: int, panels: int, across: int
) -> None:
    draw_columns(shown(np.arange(4.0 * columns).reshape(4, -1), features=[f"x{k}" for k in range(columns)]), [], path)
    (figure,) = unseen_figures
    assert len(figure.axes) == panels
    if across:
        wide = max(1.95, 5.35 / across)
        lefts = sorted({float(left) for left in boxes(figure)[:, 0]})
        assert lefts == pytest.approx([0.35 + k * wide for k in range(min(across, panels))])
        assert figure.texts[2].get_text() == ("1 more column" if columns == 37 else "")
    else:
        assert not any(axes.get_title(loc="left") for axes in figure.axes)


def test_columns_with_gaps_or_words_are_drawn_by_themselves(path: Path, unseen_figures: list[Any]) -> None:
    gap = np.array([[0.0, 1.0], [2.0, np.nan]])
    draw_columns(shown(gap, features=("a" * 26, "b" * 27)), [{"name": "a" * 26, "missing": 0}], path)
    assert [axes.get_title(loc="left") for axes in unseen_figures[0].axes] == ["a" * 26, "b" * 25 + "…"]


@pytest.mark.parametrize(("rows", "size"), [(100, 9), (300, 5), (2000, 1.5)])
def test_dots_of_pairs_are_smaller_the_more_there_are(
    path: Path, unseen_figures: list[Any], rows: int, size: float
) -> None:
    draw_columns(shown(wave(rows, 2), features=("a", "b")), [], path)
    assert unseen_figures[0].axes[1].collections[0].get_sizes().tolist() == [size]


@pytest.mark.parametrize(("different", "told"), [(8, []), (9, ["9 different"])])
def test_of_categories_the_most_frequent_are_named(
    path: Path, unseen_figures: list[Any], different: int, told: list[str]
) -> None:
    counts = {"a" * 14: 5, "b" * 15: 4} | {f"{k}": 1 for k in range(different - 2)}
    draw_columns(shown(np.zeros((3, 1)), features=("c",)), [{"name": "c", "counts": counts}], path)
    texts = [text.get_text() for text in unseen_figures[0].axes[0].texts]
    assert texts == [" " + "a" * 14, " " + "b" * 13 + "…", *(f" {k}" for k in range(6)), *told]


# -- images ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("classes", "columns", "each"), [(1, 1, 12), (16, 1, 12), (17, 2, 6), (33, 3, 4), (97, 6, 3)])
def test_classes_of_images_stand_in_columns_and_the_first_96_are_drawn(
    path: Path, unseen_figures: list[Any], classes: int, columns: int, each: int
) -> None:
    draw_images(shown(np.zeros((classes, 4, 4)), None, range(classes), [f"k{k}" for k in range(classes)]), path)
    (figure,) = unseen_figures
    side, found, drawn = min(0.62, 7.4 / (each * columns)), boxes(figure), min(classes, 96)
    assert [axes.texts[0].get_text() for axes in figure.axes] == [f"k{k}" for k in range(drawn)]
    assert len({float(left) for left in found[:, 0]}) == columns
    np.testing.assert_allclose(found[:, 1:], np.tile([each * side, side], (drawn, 1)), atol=1e-6)


@pytest.mark.parametrize(("letters", "room"), [(1, 6), (6, 6), (7, 7), (22, 22), (23, 22)])
def test_names_of_classes_have_room(path: Path, unseen_figures: list[Any], letters: int, room: int) -> None:
    draw_images(shown(np.zeros((1, 4, 4)), None, [0], ["a" * letters]), path)
    left, _, _ = boxes(unseen_figures[0])[0]
    assert left == pytest.approx(0.2 + 0.35 + 0.075 * room, abs=1e-6)
    name = unseen_figures[0].axes[0].texts[0].get_text()
    assert name == ("a" * letters if letters <= 22 else "a" * 21 + "…")


@pytest.mark.parametrize(("height", "gap"), [(13, 1), (27, 1), (28, 2), (42, 3)])
def test_images_stand_apart(path: Path, unseen_figures: list[Any], height: int, gap: int) -> None:
    draw_images(shown(np.zeros((2, height, 5)), None, [0, 0], ["a"]), path)
    assert unseen_figures[0].axes[0].images[0].get_array().shape == (height, 12 * 5 + 11 * gap)


# -- points and texts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "size"), [(50, 30), (200, 20), (1000, 4), (2000, 3)])
def test_dots_are_smaller_the_more_there_are(path: Path, unseen_figures: list[Any], rows: int, size: float) -> None:
    draw_points(shown(wave(rows, 2), features=("a", "b")), path)
    draw_curve(shown(wave(rows, 1), wave(rows), features=("a",)), path)
    for figure in unseen_figures:
        assert figure.axes[0].collections[0].get_sizes().tolist() == [size]


def test_a_curve_of_labels_that_have_targets_shows_how_often_they_occur(path: Path, unseen_figures: list[Any]) -> None:
    draw_curve(shown(wave(6, 1), np.arange(6), np.arange(6) % 2, ("a", "b"), features=("x",)), path)
    assert unseen_figures[0].axes[0].get_ylabel() == "samples"


def test_a_running_text_is_made_of_its_first_two_hundred_pieces_and_broken_into_lines(
    path: Path, unseen_figures: list[Any]
) -> None:
    draw_texts(shown(np.zeros((250, 3), int)), ["a"] * 250, [3] * 250, running=True, path=path)
    lines = [text.get_text() for text in unseen_figures[0].axes[0].texts]
    assert lines == ["a" * 52] * 3 + ["a" * 44]


@pytest.mark.parametrize(("different", "bins"), [(2, 2), (30, 30), (31, 30)])
def test_lengths_of_texts_have_a_bar_each_or_thirty(
    path: Path, unseen_figures: list[Any], different: int, bins: int
) -> None:
    lengths = list(range(1, different + 1))
    draw_texts(shown(np.zeros((different, 3), int)), ["a"] * different, lengths, running=False, path=path)
    assert len(unseen_figures[0].axes[1].patches) == bins


# -- steps -------------------------------------------------------------------------------------------------------------


def flight(tmp_path: Path, record: dict[str, Any], steps: int = 2) -> None:
    Parts(tmp_path / "steps").append(dict.fromkeys(range(1, steps + 1), record))
    draw_flight(Recording(tmp_path / "steps"), tmp_path / "flight.png")


@pytest.mark.parametrize(("names", "drawn", "columns"), [
    ([f"{k}.bias" for k in range(5)], 5, 1), ([f"{k}.bias" for k in range(6)], 6, 2),
    ([f"{k}.{p}" for k in range(4) for p in ("weight", "bias")], 8, 2),
    ([f"{k}.{p}" for k in range(5) for p in ("weight", "bias")], 5, 1), ([f"{k}.bias" for k in range(9)], 8, 2),
])  # fmt: skip
def test_of_many_parameters_the_weights_are_drawn(
    tmp_path: Path, unseen_figures: list[Any], names: list[str], drawn: int, columns: int
) -> None:
    flight(tmp_path, {f"{name}.grad.rms": 1.0 for name in names} | {f"{name}.update.ratio": 1.0 for name in names})
    axes = unseen_figures[0].axes[0]
    assert len(axes.get_lines()) == drawn and axes.get_legend()._ncols == columns
    assert len(unseen_figures[0].axes) == 2 and axes.get_title() == "RMS of the gradient"


@pytest.mark.parametrize(("small", "large", "scale"), [
    (1.0, 20.0, "linear"), (1.0, 20.5, "log"), (0.0, 20.5, "linear"), (np.inf, 20.5, "linear"), (-1.0, 20.5, "linear"),
])  # fmt: skip
def test_gradients_that_are_far_apart_are_on_a_logarithmic_scale(
    tmp_path: Path, unseen_figures: list[Any], small: float, large: float, scale: str
) -> None:
    record = {"a.weight.grad.rms": small, "b.weight.grad.rms": large}
    flight(tmp_path, record | {"a.weight.update.ratio": 1.0, "b.weight.update.ratio": 1.0})
    assert unseen_figures[0].axes[0].get_yscale() == scale


def test_a_recording_of_nothing_is_no_picture(tmp_path: Path, unseen_figures: list[Any]) -> None:
    flight(tmp_path, {"other": 1.0})
    assert not unseen_figures and not (tmp_path / "flight.png").exists()


def test_a_single_step_is_one_step_wide(tmp_path: Path, unseen_figures: list[Any]) -> None:
    outputs = {"a.min": 0.0, "a.max": 1.0, "a.mean": 0.5, "a.dead": np.int64(0), "a.histogram": np.array([1, 3])}
    flight(tmp_path, outputs, steps=1)
    (mesh,) = unseen_figures[0].axes[1].collections
    assert mesh.get_coordinates()[0, :, 0].tolist() == [1, 2]
    np.testing.assert_allclose(np.ravel(mesh.get_array()), [1 / 4 / 24] * 24 + [3 / 4 / 24] * 24)


@pytest.mark.parametrize(("missing", "title"), [
    (0, "a name of a column that i…"), (7, "a name of a …  (7 missing)"), (1234, "a name o…  (1,234 missing)"),
])  # fmt: skip
def test_a_title_is_as_long_with_missing_cells_as_without(
    path: Path, unseen_figures: list[Any], missing: int, title: str
) -> None:
    features = ["a name of a column that is long", *"bcdef"]
    told = [{"name": name, "missing": missing * (name == features[0])} for name in features]
    draw_columns(shown(np.arange(24.0).reshape(4, 6), features=features), told, path)
    assert unseen_figures[0].axes[0].get_title(loc="left") == title
