"""Figures of trained models: which are drawn for which run, what stands in them, and why others are left out."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure
from pellucid.workbench.evaluation.calibration import calibration
from pellucid.workbench.evaluation.classes import confusion
from pellucid.workbench.evaluation.evaluation import evaluate_run
from pellucid.workbench.experiments.finished import FinishedRun
from pellucid.workbench.figures.activations import Outputs, draw_activations, outputs_of
from pellucid.workbench.figures.cases import cases_of, draw_cases
from pellucid.workbench.figures.comparison import draw_comparison
from pellucid.workbench.figures.confusion import draw_confusion
from pellucid.workbench.figures.drawn import FIGURES
from pellucid.workbench.figures.listing import Drawn
from pellucid.workbench.figures.material import evenly
from pellucid.workbench.figures.of_run import draw_run
from pellucid.workbench.figures.reliability import draw_reliability
from pellucid.workbench.figures.sheet import Sheet
from pellucid.workbench.figures.surface import draw_surface
from pellucid.workbench.figures.values import draw_values
from pellucid.workbench.figures.weights import draw_weights, first_weights

RNG = np.random.default_rng(0)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are saved; at a tenth of their size, as nobody looks at these."""
    figures: list[Figure] = []
    save = Figure.savefig

    def small(self: Figure, *given: Any, **named: Any) -> None:
        figures.append(self)
        save(self, *given, **named | {"dpi": 13})

    monkeypatch.setattr(Figure, "savefig", small)
    return figures


def texts(figure: Figure) -> list[str]:
    """All that is written in a figure, in its panels too."""
    own = [text.get_text() for text in figure.texts]
    return own + [text.get_text() for axes in figure.axes for text in (*axes.texts, axes.title)]


def trained(folder: Path, x: Any, y: Any, outputs: int, loss: str, **dataset: Any) -> FinishedRun[Any]:
    """A run on files: a network of four units."""
    np.savez(folder / "data.npz", x=x, y=y)
    model = {"type": "sequential", "layers": [{"type": "dense", "units": 4, "activation": "relu"},
                                              {"type": "dense", "units": outputs}]}  # fmt: skip
    built = pl.build(model, input_shape=x.shape[1:], seed=0)
    trainer = pl.Trainer(built, loss=loss, seed=0)
    trainer.fit((x, y), epochs=1, verbose=False)
    pl.save(built, folder / "model.safetensors")
    return pl.open_run(folder / "model.safetensors")


def drawn(run: FinishedRun[Any], folder: Path) -> Drawn:
    file = str(folder / "data.npz")
    return draw_run(run, evaluate_run(run, file), file)


def names(found: Drawn) -> set[str]:
    return {file.stem for file in found.files}


def test_a_plane_of_two_classes(tmp_path: Path, unseen_figures: list[Figure]) -> None:
    x = RNG.normal(size=(40, 2)).astype(np.float32)
    found = drawn(trained(tmp_path, x, np.arange(40) % 2, 2, "softmax_cross_entropy"), tmp_path)
    assert names(found) == {"confusion", "calibration", "samples", "mistakes", "surface", "activations", "weights"}
    assert {file.parent for file in found.files} == {tmp_path / "model-figures" / "data"}
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in found.files)
    assert found.left_out == {"values.png": "the model predicts no values, one row a sample"}
    assert "values.png is not drawn: the model predicts no values" in str(found)


def test_pictures_of_three_classes(tmp_path: Path, unseen_figures: list[Figure]) -> None:
    x = RNG.random((30, 64)).astype(np.float32)
    found = drawn(trained(tmp_path, x, np.arange(30) % 3, 3, "softmax_cross_entropy"), tmp_path)
    assert names(found) == {"confusion", "calibration", "samples", "mistakes", "activations", "weights"}
    assert found.left_out["surface.png"] == "a sample has the shape (64,), and is not one number or two"
    weights = unseen_figures[-1]
    assert [image.get_array().shape for image in weights.axes[0].images] == [(8, 8)] * 4


def test_a_table_of_values(tmp_path: Path, unseen_figures: list[Figure]) -> None:
    x = RNG.normal(size=(40, 3)).astype(np.float32)
    found = drawn(trained(tmp_path, x, x @ [[1.0], [2.0], [-1.0]], 1, "mse"), tmp_path)
    assert names(found) == {"values", "activations", "weights"}
    assert found.left_out["confusion.png"] == "the model does not tell classes apart, one a sample"


def test_values_of_pictures_stand_above_them(tmp_path: Path, unseen_figures: list[Figure]) -> None:
    x = RNG.random((10, 8, 8)).astype(np.float32)
    found = drawn(trained(tmp_path, x.reshape(10, 64), x.mean(axis=(1, 2))[:, None] * 100, 1, "mse"), tmp_path)
    assert names(found) == {"values", "samples", "mistakes", "activations", "weights"}
    run = pl.open_run(tmp_path / "model.safetensors")
    predicted, true = run.model.predict(x.reshape(10, 64))[:, 0], x.mean(axis=(1, 2)) * 100
    worst = int(np.argmax(np.abs(predicted - true)))
    assert unseen_figures[2].axes[0].get_xlabel() == "value, true"
    first = unseen_figures[1].axes[0].texts[0].get_text()
    assert first == f"{true[worst]:.3g} → {predicted[worst]:.3g}"


def test_a_figure_of_before_does_not_stay_and_a_broken_one_stops_no_other(
    tmp_path: Path, unseen_figures: list[Figure], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    def broken(*given: Any, **named: Any) -> str:
        raise ZeroDivisionError("no such luck")

    some = {"confusion": broken, "values": FIGURES["values"], "weights": FIGURES["weights"]}
    monkeypatch.setattr("pellucid.workbench.figures.drawn.FIGURES", some)
    x = RNG.normal(size=(20, 2)).astype(np.float32)
    before = tmp_path / "model-figures" / "data" / "values.png"
    before.parent.mkdir(parents=True)
    before.write_bytes(b"old")
    found = drawn(trained(tmp_path, x, np.arange(20) % 2, 2, "softmax_cross_entropy"), tmp_path)
    assert found.left_out["confusion.png"] == "ZeroDivisionError: no such luck"
    assert not before.exists() and names(found) == {"weights"}


# -- single figures --------------------------------------------------------------------------------------------------


def test_cells_of_a_confusion_have_numbers_and_the_worst_stand_beside(tmp_path: Path, seen: list[Figure]) -> None:
    labels, taken = np.array([0] * 9 + [1] * 5 + [2] * 3), np.array([0] * 7 + [1] * 2 + [1] * 5 + [0] + [2] * 2)
    assert draw_confusion(confusion(labels, taken, ("cat", "dog", "owl")), tmp_path / "c.png", title="runs/a") == ""
    written = texts(seen[0])
    assert {"7", "2", "5", "1"} <= set(written) and "cat → dog   2\nowl → cat   1" in written
    assert "14 of 17 right (82.35%)" in written
    assert [label.get_text() for label in seen[0].axes[0].get_yticklabels()] == ["cat", "dog", "owl"]


def test_labels_of_47_classes_do_not_touch(tmp_path: Path, seen: list[Figure]) -> None:
    k = 47
    assert (
        draw_confusion(confusion(np.arange(k), np.arange(k), [chr(48 + i) for i in range(k)]), tmp_path / "c.png") == ""
    )
    figure = seen[0]
    figure.dpi = 100
    boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
    heights = [box.y1 - box.y0 for box in boxes]
    assert min(a.y0 - b.y0 for a, b in pairwise(boxes)) > 0.8 * max(heights)
    assert min(heights) > 4  # points at 100 dots an inch: one can read it
    assert not figure.axes[0].texts  # cells are too small for numbers


def test_more_classes_than_one_can_tell_apart(tmp_path: Path) -> None:
    many = confusion(np.arange(200), np.arange(200), [str(i) for i in range(200)])
    assert (
        draw_confusion(many, tmp_path / "c.png")
        == "its 200 classes are more than the 120 that one can tell apart in a picture"
    )
    assert not (tmp_path / "c.png").exists()


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 2), (3, 4)])
def test_panels_of_a_sheet_have_their_size_and_lie_in_it_side_by_side(rows: int, columns: int) -> None:
    sheet = Sheet(rows, columns, panel=(3.0, 2.0))
    boxes = np.array([sheet.axes(i).get_position().bounds for i in range(rows * columns)])
    inches = boxes * np.tile([sheet.width, sheet.height], 2)
    np.testing.assert_allclose(inches[:, 2:], np.tile([3.0, 2.0], (rows * columns, 1)))
    grid = inches.reshape(rows, columns, 4)
    assert (np.diff(grid[..., 0], axis=1) > 3.0).all() and (np.diff(grid[..., 1], axis=0) < -2.0).all()
    np.testing.assert_allclose(sheet.width - grid[:, -1, 0] - 3.0, 0.25)  # what is kept free at the right
    np.testing.assert_allclose(sheet.edge * sheet.width, grid[:, -1, 0] + 3.0)
    assert grid[..., 1].min() > 0.4 and (sheet.height - grid[..., 1].max() - 2.0) > 0.3


def test_calibration_says_before_and_after(tmp_path: Path, seen: list[Figure]) -> None:
    p = np.stack([np.linspace(0.05, 0.95, 60), 1 - np.linspace(0.05, 0.95, 60)], axis=1)
    labels = (RNG.random(60) < p[:, 1] * 0.8 + 0.1).astype(np.int64)
    found = calibration(p, labels, (p, labels))
    assert found.temperature is not None
    draw_reliability(found, tmp_path / "c.png")
    heading = seen[0].texts[1].get_text()
    assert (
        f"expected calibration error {found.before.ece:.4f}" in heading
        and f"temperature {found.temperature:.3g}" in heading
    )
    heights = [bar.get_height() for bar in seen[0].axes[1].patches]
    assert sum(heights) == 2 * 60
    draw_reliability(calibration(p, labels, None), tmp_path / "d.png")
    assert "no temperature: there is no validation part" in seen[1].texts[1].get_text()
    middles = [(each.low + each.high) / 2 for each in found.before.bins]
    bars = [bar.get_x() + bar.get_width() / 2 for bar in seen[1].axes[1].patches]
    np.testing.assert_allclose(bars, middles)  # alone in their bins, they stand in the middle
    left, right = np.reshape([bar.get_x() + bar.get_width() / 2 for bar in seen[0].axes[1].patches], (2, -1))
    np.testing.assert_allclose((left + right) / 2, middles)
    np.testing.assert_allclose(right - left, seen[0].axes[1].patches[0].get_width())  # beside each other


def test_cases_are_pictures_with_label_and_prediction_or_rows_of_probabilities(
    tmp_path: Path, seen: list[Figure]
) -> None:  # fmt: skip
    p, labels = np.array([[0.9, 0.1], [0.3, 0.7], [0.0, 1.0]]), np.array([0, 0, 1])
    cases = cases_of([0, 1, 2], labels, p, ("no", "yes"))
    assert [case.right for case in cases] == [True, False, True]
    draw_cases(cases, RNG.random((3, 5, 5)), ("no", "yes"), tmp_path / "a.png", title="t")
    assert {"no", "no → yes", "yes", "90 %", "70 %", "100 %"} <= set(texts(seen[0]))
    draw_cases(cases, None, ("no", "yes"), tmp_path / "b.png", title="t")
    assert {"0.90", "0.30", "0.70", "no → yes"} <= set(texts(seen[1]))
    assert [label.get_text() for label in seen[1].axes[0].get_yticklabels()] == ["row 0", "row 1", "row 2"]
    assert draw_cases([], None, ("no",), tmp_path / "c.png", title="t") == "there are none"
    many = [str(i) for i in range(30)]
    why = draw_cases(cases_of([0], labels, np.eye(30)[:1], many), None, many, tmp_path / "c.png", title="t")
    assert why == "the samples are no pictures, and a table of 30 classes could not be read"


def test_the_largest_weights_are_shown_each_by_its_number(tmp_path: Path, seen: list[Figure]) -> None:
    weights = RNG.normal(size=(64, 70)) * np.linspace(0.1, 1, 70)
    draw_weights(weights, tmp_path / "w.png", where="layers.0", title="t", image=(8, 8))
    shown = [int(text.get_text()) for text in seen[0].axes[0].texts]
    assert len(shown) == 64 and shown == sorted(shown) and 69 in shown and 0 not in shown
    unit = seen[0].axes[0].images[-1]
    assert np.array_equal(unit.get_array(), weights[:, shown[-1]].reshape(8, 8))
    low, high = unit.get_clim()
    assert low == -high == -np.abs(weights[:, shown[-1]]).max()
    heading = [text.get_text() for text in seen[0].texts]
    assert "64 of 70 units, those with the largest weights" in heading[1]
    assert "each unit on its own scale: blue below 0, white 0, red above" in heading[1]


def test_filters_and_few_inputs_are_drawn_and_other_weights_are_said_not_to_be(
    tmp_path: Path, seen: list[Figure]
) -> None:  # fmt: skip
    assert draw_weights(RNG.normal(size=(3, 3, 3, 5)), tmp_path / "w.png", where="a", title="t") == ""
    assert [image.get_array().shape for image in seen[0].axes[0].images] == [(3, 3, 3)] * 5
    assert "5 units" in seen[0].texts[1].get_text() and "grey is 0" in seen[0].texts[1].get_text()
    assert (
        draw_weights(RNG.normal(size=(2, 6)), tmp_path / "w.png", where="a", title="t", features=("age", "size")) == ""
    )
    assert [label.get_text() for label in seen[1].axes[0].get_yticklabels()] == ["age", "size"]
    why = draw_weights(RNG.normal(size=(3, 3, 16, 5)), tmp_path / "x.png", where="a", title="t")
    assert why.startswith("the weights of a, of shape (3, 3, 16, 5), are neither")


def test_a_surface_has_the_boundary_and_rings_what_is_wrong(tmp_path: Path, seen: list[Figure]) -> None:
    def says(x: Any) -> Any:
        p = 1 / (1 + np.exp(-4 * x[:, :1]))
        return np.concatenate([1 - p, p], axis=1)

    x = np.array([[-1.0, 0.0], [1.0, 0.5], [1.0, -0.5]])
    draw_surface(says, x, np.array([0, 1, 0]), tmp_path / "s.png", classes=("left", "right"), features=("u", "v"))
    axes = seen[0].axes[0]
    assert "ringed: 1 taken for another class" in seen[0].texts[1].get_text()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("u", "v")
    boundary = next(c for c in axes.collections if type(c).__name__ == "QuadContourSet")
    vertices = np.concatenate([path.vertices for path in boundary.get_paths()])
    assert np.abs(vertices[:, 0]).max() < 0.02  # where both are as probable
    colours = axes.images[0].get_array()
    assert (colours[0, 0] < colours[0, colours.shape[1] // 2]).any()  # paler where it is not sure


def test_surfaces_of_values_and_of_one_input(tmp_path: Path, seen: list[Figure]) -> None:
    x = RNG.normal(size=(20, 2))
    assert draw_surface(lambda z: z[:, :1] * z[:, 1:], x, x[:, 0], tmp_path / "a.png", classes=None) == ""
    assert draw_surface(lambda z: z**2, x[:, :1], x[:, 0], tmp_path / "b.png", classes=None) == ""
    line = seen[1].axes[0].get_lines()[0]
    assert np.allclose(line.get_ydata(), np.asarray(line.get_xdata()) ** 2)
    both = lambda z: np.concatenate([z, 1 - z], axis=1)  # noqa: E731
    assert draw_surface(both, x[:, :1], np.arange(20) % 2, tmp_path / "c.png", classes=("a", "b")) == ""
    assert draw_surface(both, x, x, tmp_path / "d.png", classes=None).startswith("there are (2,) targets a sample")
    many = [str(i) for i in range(13)]
    assert "13 classes" in draw_surface(both, x, np.arange(20) % 13, tmp_path / "d.png", classes=many)


def test_units_that_are_dead_are_counted(tmp_path: Path, seen: list[Figure]) -> None:
    values = np.abs(RNG.normal(size=(10, 4)))
    values[:, 1] = 0
    values[:5, 2] = 0
    assert Outputs("layers.0", "Dense", values).awake.tolist() == [1.0, 0.0, 0.5, 1.0]
    picture = np.zeros((3, 4, 4, 2))
    picture[0, 1, 1, 1] = 1
    assert np.allclose(Outputs("layers.0", "Conv2D", picture).awake, [0, 1 / 3])
    draw_activations([Outputs("layers.0", "Dense", values)], tmp_path / "a.png")
    assert "4 units, 1 dead" in texts(seen[0]) and "38% exactly 0,\nleft out" in texts(seen[0])
    draw_activations([Outputs(f"layers.{i}", "Dense", values) for i in range(9)], tmp_path / "b.png")
    assert "5 of 9 layers" in seen[1].texts[1].get_text()
    assert draw_activations([], tmp_path / "c.png") == "no layer gives numbers of its own"


def test_outputs_and_weights_are_those_of_the_glass_box() -> None:
    dense = {"type": "dense", "units": 3, "activation": "relu"}
    layers = [{"type": "flatten"}, dense, {"type": "dropout", "rate": 0.5}, {"type": "dense", "units": 2}]
    model = pl.build({"type": "sequential", "layers": layers}, input_shape=(2, 2), seed=0)
    trace = model.trace(RNG.normal(size=(6, 2, 2)), keep=["*.x", "*.y"])
    found = outputs_of(trace)
    assert [(each.path, each.kind) for each in found] == [("layers.1", "Dense"), ("layers.3", "Dense")]
    assert np.array_equal(found[0].values, trace["layers.1.y"])
    first = first_weights(trace)
    assert first is not None and first[0] == "layers.1" and first[1] is model.layers[1].weight


def test_values_name_the_rows_with_the_largest_errors(tmp_path: Path, seen: list[Figure]) -> None:
    t = np.arange(20.0)[:, None]
    y = t + 0.1
    y[[3, 17]] += 5
    draw_values(y, t, ("height",), tmp_path / "v.png")
    assert {"3", "17"} <= set(texts(seen[0]))
    assert seen[0].axes[1].get_title() == f"errors: mean {(y - t).mean():.3g}, RMS {np.sqrt(((y - t) ** 2).mean()):.3g}"
    assert (
        draw_values(np.zeros((2, 9)), np.zeros((2, 9)), "abcdefghi", tmp_path / "w.png")
        == "its 9 targets are more than 4"
    )


def test_runs_are_drawn_beside_each_other_and_seeds_as_a_band(tmp_path: Path, seen: list[Figure]) -> None:
    def epochs(*losses: float) -> list[dict[str, Any]]:
        return [{"epoch": i + 1, "loss": loss, "validation_accuracy": 1 - loss} for i, loss in enumerate(losses)]

    groups = {"one": [epochs(1.0, 0.5)], "two": [epochs(0.8, 0.2), epochs(0.6, 0.4, 0.3)], "none": [[]]}
    assert draw_comparison(groups, tmp_path / "c.png") == ""
    loss, accuracy = seen[0].axes
    assert [axes.get_title() for axes in (loss, accuracy)] == ["loss, training", "accuracy, validation"]
    assert [line.get_ydata().tolist() for line in loss.get_lines()] == [[1.0, 0.5], pytest.approx([0.7, 0.3, 0.3])]
    assert len(loss.collections) == 1
    assert [text.get_text() for text in seen[0].legends[0].get_texts()] == ["one", "two"]
    assert draw_comparison({"none": [[]]}, tmp_path / "d.png") == "no run has epochs"


def test_rows_are_chosen_evenly() -> None:
    assert evenly(5, 10) == [0, 1, 2, 3, 4] and evenly(100, 3) == [0, 50, 99] and evenly(1, 4) == [0]
