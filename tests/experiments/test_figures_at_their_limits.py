"""Figures at their limits: the last name that is not shortened and the first that is, the most panels, lines and
classes, the last scale that is linear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from pellucid.workbench.evaluation.calibration import Bin, Calibration, Reliability
from pellucid.workbench.evaluation.classes import Confusion
from pellucid.workbench.experiments.codes import MOST_CLASSES, draw
from pellucid.workbench.experiments.curves import draw as draw_curves
from pellucid.workbench.figures.activations import Outputs, draw_activations
from pellucid.workbench.figures.answers import draw_answers
from pellucid.workbench.figures.cases import Case, _percent, cases_of, draw_cases
from pellucid.workbench.figures.comparison import draw_comparison
from pellucid.workbench.figures.confusion import draw_confusion
from pellucid.workbench.figures.reliability import draw_reliability
from pellucid.workbench.figures.sheet import class_colours
from pellucid.workbench.figures.surface import draw_surface
from pellucid.workbench.figures.values import draw_values
from pellucid.workbench.figures.weights import draw_weights

from tests.experiments.figures_of_training import SUMMARY


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "figure.png"


def inches(figure: Any, place: int = 0) -> list[float]:
    """Width and height of a panel."""
    box = figure.axes[place].get_position()
    return [round(float(side), 6) for side in figure.get_size_inches() * (box.width, box.height)]


def heading(figure: Any) -> str:
    return str(figure.texts[-1].get_text())


# -- classes and answers -----------------------------------------------------------------------------------------------


def test_names_of_24_letters_are_whole_and_of_25_are_not(path: Path, unseen_figures: list[Any]) -> None:
    names = ("a" * 24, "b" * 25)
    draw_confusion(Confusion(np.array([[9_999, 1], [999, 1]]), names), path)
    axes = unseen_figures[0].axes[0]
    shown = [label.get_text() for label in axes.get_xticklabels()]
    assert shown == [label.get_text() for label in axes.get_yticklabels()] == ["a" * 24, "b" * 23 + "…"]
    assert {text.get_text(): text.get_fontsize() for text in axes.texts} == {"9,999": 6.2, "1": 8, "999": 8}


@pytest.mark.parametrize(("cells", "white"), [((13, 7), {"13", "20"}), ((12, 8), {"12", "8", "20"})])
def test_numbers_are_white_in_cells_of_more_than_a_third(
    cells: tuple[int, int], white: set[str], path: Path, unseen_figures: list[Any]
) -> None:
    """7 of 20 are as much as a cell may have whose number is dark, and 8 are more."""
    draw_confusion(Confusion(np.array([cells, (0, 20)]), ("a", "b")), path)
    truth = np.repeat([0.0, 1.0], 20)[:, None]
    taken = np.repeat([0.0, 1.0, 1.0], [cells[0], cells[1], 20])[:, None]
    draw_answers(taken, truth, ["a"], path, title="")
    for figure in unseen_figures:
        assert {text.get_text() for text in figure.axes[0].texts if text.get_color() == "white"} == white


def test_probabilities_near_their_ends_have_two_more_digits() -> None:
    told = {
        0.0: "0.00 %", 0.0099: "0.99 %", 0.01: "1 %", 0.0123: "1 %", 0.5: "50 %", 0.99: "99 %", 0.9901: "99.01 %",
        0.99994: "99.99 %", 0.99996: "100 %", 1.0: "100 %",
    }  # fmt: skip
    assert {probability: _percent(probability) for probability in told} == told


def test_as_many_confusions_are_listed_as_there_is_room(path: Path, unseen_figures: list[Any]) -> None:
    counts = np.arange(1, 17).reshape(4, 4)
    draw_confusion(Confusion(counts, tuple("abcd")), path)
    listed = unseen_figures[0].texts[1].get_text().split("\n")
    assert listed == ["d → c   15", "d → b   14", "d → a   13", "c → d   12", "c → b   10", "c → a   9"]


@pytest.mark.parametrize(("classes", "why"), [
    (120, ""), (121, "its 121 classes are more than the 120 that one can tell apart in a picture"),
])  # fmt: skip
def test_the_most_classes_of_a_confusion(path: Path, unseen_figures: list[Any], classes: int, why: str) -> None:
    names = tuple(f"{k}" for k in range(classes))
    assert draw_confusion(Confusion(np.eye(classes, dtype=int), names), path) == why
    assert len(unseen_figures) == (not why)


def test_the_most_answers_and_one_that_is_even(path: Path, unseen_figures: list[Any]) -> None:
    answers = np.full((1, 40), 0.5)
    assert draw_answers(answers, np.zeros((1, 40)), [f"{j}" for j in range(40)], path, title="t") == ""
    assert heading(unseen_figures[0]) == "100.00% of 40 answers right"  # 0.5 is no yes
    more = draw_answers(np.ones((1, 41)), np.ones((1, 41)), ["a"] * 41, path, title="t")
    assert more == "its 41 answers are more than the 40 that one looks at"


@pytest.mark.parametrize("count", [1, 8, 9, 12])
def test_every_class_has_a_colour_of_its_own(count: int) -> None:
    colours = class_colours(count)
    assert len(set(colours)) == count and (colours[0] == "#0072b2") == (count <= 8)
    assert count <= 8 or (colours[0] == "#440154" and colours[-1] != "#fde725")  # not the palest of viridis


# -- cases -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("letters", "size"), [(13, 8.5), (14, 8.5 * 13 / 14), (22, 8.5 * 13 / 22), (23, 5.0)])
def test_long_words_are_small_but_can_be_read(path: Path, unseen_figures: list[Any], letters: int, size: float) -> None:
    case = Case(0, "a" * letters, "", True, "")
    draw_cases([case], np.zeros((1, 2, 2)), (), path, title="t")
    assert unseen_figures[0].axes[0].texts[0].get_fontsize() == pytest.approx(size)


@pytest.mark.parametrize(
    ("count", "columns", "rows"), [(1, 4, 1), (4, 4, 1), (5, 5, 1), (8, 8, 1), (9, 8, 2), (17, 8, 3)]
)
def test_pictures_of_cases_stand_in_rows(
    path: Path, unseen_figures: list[Any], count: int, columns: int, rows: int
) -> None:
    draw_cases([Case(0, "a", "b", None, "")] * count, np.zeros((count, 2, 2)), (), path, title="t")
    width, height = unseen_figures[0].get_size_inches()
    assert width == pytest.approx(columns * 1.12 + (columns - 1) * 0.1 + 0.25)
    assert height == pytest.approx(rows * (0.42 + 1.0 + 0.08) + 0.72)


@pytest.mark.parametrize(("letters", "wide"), [(1, 0.7), (6, 0.7), (8, 0.82), (16, 1.5), (40, 1.5)])
def test_columns_of_a_table_are_as_wide_as_names(
    path: Path, unseen_figures: list[Any], letters: int, wide: float
) -> None:
    names = ["a" * letters, "b", "c", "d", "e"]
    draw_cases([Case(0, "b", "b", True, "", np.eye(5)[1])], None, names, path, title="t")
    assert inches(unseen_figures[0]) == pytest.approx([5 * wide, 0.26])
    right = max(1.0, 0.4 + 0.085 * min(letters, 24)) + 0.9
    assert unseen_figures[0].get_size_inches()[0] == pytest.approx(0.9 + 5 * wide + right)


def test_tables_that_could_not_be_read(path: Path, unseen_figures: list[Any]) -> None:
    case = Case(0, "0", "0", True, "", np.eye(17)[0])
    why = draw_cases([case], None, [f"{k}" for k in range(17)], path, title="t")
    assert why == "the samples are no pictures, and a table of 17 classes could not be read"
    why = draw_cases([case, Case(0, "0", "0", None, "")], None, ["0"], path, title="t")
    assert why == "the samples are no pictures: values.png has each of them" and not unseen_figures


@pytest.mark.parametrize(("probability", "words"), [
    (0.0, "0.00 %"), (0.0099, "0.99 %"), (0.01, "1 %"), (0.5, "50 %"), (0.99, "99 %"), (0.9901, "99.01 %"),
    (0.9999, "99.99 %"), (0.99996, "100 %"), (1.0, "100 %"),
])  # fmt: skip
def test_nothing_is_certain_that_is_not_quite(probability: float, words: str) -> None:
    (case,) = cases_of([0], np.array([0]), np.array([[probability, -1.0]]), ("a", "b"))
    assert case.beside == words


# -- curves ------------------------------------------------------------------------------------------------------------


def epochs(*losses: float) -> list[dict[str, Any]]:
    return [{"epoch": i, "loss": loss, "lr": 0.1, "step": i, "seconds": 1.0} for i, loss in enumerate(losses, 1)]


@pytest.mark.parametrize(("losses", "scale", "marked"), [
    ((1.0, 20.0), "linear", True), ((1.0, 20.5), "log", True), ((0.0, 20.5), "linear", True),
    ((3.0, 2.0, 1.0), "linear", False),
])  # fmt: skip
def test_scales_and_marks_of_losses(
    path: Path, unseen_figures: list[Any], losses: tuple[float, ...], scale: str, marked: bool
) -> None:
    draw_comparison({"a": [epochs(*losses)]}, path)
    draw_curves(epochs(*losses), SUMMARY | {"best_epoch": 1}, path)
    for figure in unseen_figures:
        axes = figure.axes[0]
        assert axes.get_yscale() == scale
        assert (axes.get_lines()[0].get_marker() == "o") == marked


def test_metrics_are_on_linear_scales_and_the_line_of_40_letters_has_its_name(
    path: Path, unseen_figures: list[Any]
) -> None:
    lines = [{"epoch": 1, "validation_accuracy": 0.01}, {"epoch": 2, "validation_accuracy": 0.9}]
    groups = {"a" * 40: [lines], "b" * 20 + "c" * 21: [lines], **{f"{k}": [lines] for k in range(6)}}
    draw_comparison(groups, path)
    (figure,) = unseen_figures
    assert figure.axes[0].get_yscale() == "linear" and heading(figure) == ""
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names[:2] == ["a" * 40, "b" * 19 + "…" + "c" * 20] and len(names) == 8


# -- values, weights, outputs, codes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "bins"), [(1, 8), (80, 8), (81, 9), (1600, 40), (1700, 40)])
def test_errors_have_as_many_bars_as_the_root_of_the_samples(
    path: Path, unseen_figures: list[Any], rows: int, bins: int
) -> None:
    t = np.arange(float(rows))[:, None]
    assert draw_values(t * 1.5, t, ("a",), path) == ""
    assert len(unseen_figures[0].axes[1].patches) == bins


def test_the_most_targets_and_layers_and_classes(path: Path, unseen_figures: list[Any]) -> None:
    assert draw_values(np.zeros((3, 4)), np.zeros((3, 4)), tuple("abcd"), path) == ""
    assert draw_values(np.zeros((3, 5)), np.zeros((3, 5)), tuple("abcde"), path) == "its 5 targets are more than 4"
    layers = [Outputs(f"{k}", "Dense", np.full((2, 1), 1.0 + k)) for k in range(6)]
    for count, shown in ((5, ["0", "1", "2", "3", "4"]), (6, ["0", "1", "3", "4", "5"])):
        draw_activations(layers[:count], path)
        assert [axes.get_title().split()[0] for axes in unseen_figures[-1].axes[::2]] == shown
        assert ("5 of 6 layers" in heading(unseen_figures[-1])) == (count == 6)
    x, many = np.array([[0.0], [1.0]]), [f"{k}" for k in range(13)]
    assert draw_surface(lambda z: np.ones((len(z), 12)), x, np.zeros(2, int), path, classes=many[:12]) == ""
    why = draw_surface(lambda z: z, x, np.zeros(2, int), path, classes=many)
    assert why == "colours cannot tell 13 classes apart"
    draw(np.zeros((40, 2)), np.arange(40) % MOST_CLASSES, None, path)
    assert len(unseen_figures[-1].axes[0].collections) == MOST_CLASSES == 20
    draw(np.zeros((10, 2)), np.arange(10), None, path)  # the last with tab10, whose second is orange
    assert tuple(unseen_figures[-1].axes[0].collections[1].get_facecolor()[0]) == pytest.approx(
        (1, 127 / 255, 14 / 255, 0.6)
    )


@pytest.mark.parametrize("x", [np.zeros((3, 3)), np.zeros(3), np.zeros((3, 2, 1))])
def test_what_lies_in_no_plane_has_no_surface(path: Path, x: Any) -> None:
    why = draw_surface(lambda z: z, x, np.zeros(3), path, classes=None)
    assert why == f"samples have the shape {x.shape[1:]}, and a plane has two numbers"


@pytest.mark.parametrize(("inputs", "units", "size", "step"), [
    (1, 3, [2.6, 0.6], 1), (2, 21, [6.72, 0.6], 1), (3, 31, [7.0, 0.9], 1), (3, 32, [7.0, 0.9], 2),
    (48, 41, [7.0, 14.4], 2), (3, 50, [8.5, 0.9], 3),
])  # fmt: skip
def test_cells_of_a_table_of_weights(
    path: Path, unseen_figures: list[Any], inputs: int, units: int, size: list[float], step: int
) -> None:
    assert draw_weights(np.ones((inputs, units)), path, where="a", title="t") == ""
    assert inches(unseen_figures[0]) == pytest.approx(size)
    assert np.diff(unseen_figures[0].axes[0].get_xticks()[:2]).tolist() == [step]
    assert heading(unseen_figures[0]) == f"{units} units"


@pytest.mark.parametrize(
    ("shape", "image"), [((49, 2), None), ((1, 1, 3, 2), None), ((3, 3, 2, 2), None), ((50, 2), (7, 7))]
)
def test_weights_that_one_cannot_look_at(path: Path, shape: tuple[int, ...], image: Any) -> None:
    why = draw_weights(np.ones(shape), path, where="a", title="t", image=image)
    assert why == f"the weights of a, of shape {shape}, are neither pictures nor a table of few inputs"


@pytest.mark.parametrize(("shape", "image", "picture"), [
    ((1, 2, 1, 3), None, (1, 2)), ((3, 3, 3, 2), None, (3, 3, 3)), ((6, 64), (2, 3), (2, 3)),
    ((12, 2), (2, 2, 3), (2, 2, 3)),
])  # fmt: skip
def test_weights_that_are_pictures(
    path: Path, unseen_figures: list[Any], shape: tuple[int, ...], image: Any, picture: tuple[int, ...]
) -> None:
    weights = np.zeros(shape)
    assert draw_weights(weights, path, where="a", title="t", image=image) == ""
    images = unseen_figures[0].axes[0].images
    assert len(images) == shape[-1] and images[0].get_array().shape == picture
    assert (images[0].get_array() == (0.5 if len(picture) == 3 else 0)).all()  # in the middle of its scale
    assert heading(unseen_figures[0]).startswith(f"{shape[-1]} units ")


@pytest.mark.parametrize(("confidence", "start"), [(0.02, 0.0), (0.15, 0.05), (0.39, 0.25), (0.41, 0.35)])
def test_reliability_begins_below_the_least_that_is_said(
    path: Path, unseen_figures: list[Any], confidence: float, start: float
) -> None:
    found = Reliability(0.1, 0.1, 0.1, (Bin(0.0, 0.5, 2, confidence, 0.5), Bin(0.5, 1.0, 0, np.nan, np.nan)))
    draw_reliability(Calibration(found), path)
    assert unseen_figures[0].axes[0].get_xlim() == pytest.approx((start, 1.02))
    assert heading(unseen_figures[0]) == "expected calibration error 0.1000   ·   NLL 0.1000"


@pytest.mark.parametrize(("left", "right", "boundaries"), [
    ((0.4, 0.4, 0.2), (0.2, 0.2, 0.6), 1), ((0.5, 0.5), (0.8, 0.2), 0), ((0.4, 0.6), (0.6, 0.4), 1),
    ((0.5, 0.5), (0.5, 0.5), 0),
])  # fmt: skip
def test_a_class_has_a_boundary_where_it_is_the_most_probable_here_and_not_there(
    path: Path, unseen_figures: list[Any], left: tuple[float, ...], right: tuple[float, ...], boundaries: int
) -> None:
    names, x = [f"{k}" for k in range(len(left))], np.array([[-1.0, 0.0], [1.0, 1.0]])
    draw_surface(lambda z: np.where(z[:, :1] < 0, left, right), x, np.zeros(2, int), path, classes=names)
    kinds = [type(each).__name__ for each in unseen_figures[0].axes[0].collections]
    assert kinds.count("QuadContourSet") == boundaries
