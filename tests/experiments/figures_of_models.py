"""What test_every_figure draws of models: each function of ``workbench/figures`` with data that reach its branches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pellucid.workbench.evaluation.calibration import Bin, Calibration, Reliability
from pellucid.workbench.evaluation.classes import Confusion
from pellucid.workbench.figures.activations import Outputs, draw_activations
from pellucid.workbench.figures.answers import draw_answers
from pellucid.workbench.figures.cases import Case, cases_of, cases_of_values, draw_cases
from pellucid.workbench.figures.comparison import draw_comparison
from pellucid.workbench.figures.confusion import draw_confusion
from pellucid.workbench.figures.reliability import draw_reliability
from pellucid.workbench.figures.surface import draw_surface
from pellucid.workbench.figures.values import draw_values
from pellucid.workbench.figures.weights import draw_weights

from tests.figures import Figures


def wave(*shape: int) -> Any:
    """Numbers between -1 and 1 of which no two are alike."""
    return np.sin(1.0 + np.arange(np.prod(shape)) ** 1.1).reshape(shape)


# -- confusion and answers ---------------------------------------------------------------------------------------------


def _confusion(counts: Any, names: Any, path: Path, **more: Any) -> str:
    return draw_confusion(Confusion(np.asarray(counts), tuple(names)), path, **more)


def _many_confusions(classes: int, path: Path) -> str:
    counts = np.diag(np.full(classes, 30))
    counts[np.arange(classes - 1), np.arange(1, classes)] = np.arange(1, classes)
    names = [f"class {k}" for k in range(classes - 1)]
    return _confusion(counts, [*names, "a name of more than 24 letters"], path, title="runs/many")


def _answers(count: int, path: Path) -> str:
    answers = 0.5 + 0.5 * wave(12, count)
    truth = (answers > 0.5).astype(float)
    truth[::3] = 1 - truth[::3]
    names = [f"answer number {j} of them" for j in range(count)]
    return draw_answers(answers, truth, names, path, title="runs/a, test")


# -- cases -------------------------------------------------------------------------------------------------------------


def _grid(path: Path) -> str:
    p = np.tile([[0.7, 0.3], [0.004, 0.996]], (5, 1))[:9]
    cases = cases_of(range(9), np.array([0, 1, 1, 1, 0, 0, 0, 1, 0]), p, ("cat", "a long name of a dog"))
    images = np.arange(9 * 6).reshape(9, 2, 3) / 54
    return draw_cases(cases, images, ("cat", "dog"), path, title="runs/a: samples", facts=["9 of 90", ""])


def _coloured_grid(path: Path) -> str:
    cases = cases_of_values([4, 2], np.array([0, 0, 1.25, 0, 10]), np.array([0, 0, 1.5, 0, 7.5]))
    return draw_cases(cases, 0.5 + 0.5 * wave(2, 2, 2, 3), (), path, title="values")


def _table(path: Path) -> str:
    classes = ("cat", "dog", "an owl at night in the wood")
    p = np.array([[0.95, 0.05, 0.0], [0.39, 0.61, 0.0], [0.2, 0.6, 0.2], [0.005, 0.0049, 0.9901]])
    return draw_cases(cases_of(range(4), np.array([0, 0, 2, 2]), p, classes), None, classes, path, title="table")


def _wide_table(path: Path) -> str:
    classes = [f"k{k}" for k in range(16)]
    case = Case(12_345, "k3", "k3", True, "", np.full(16, 1 / 16))
    return draw_cases([case], None, classes, path, title="16 classes", facts=["one"])


# -- curves of several runs --------------------------------------------------------------------------------------------


def _epochs(*losses: float, **more: Any) -> list[dict[str, Any]]:
    return [{"epoch": i, "loss": loss, **{name: values[i - 1] for name, values in more.items()}}
            for i, loss in enumerate(losses, 1)]  # fmt: skip


def _comparison(path: Path) -> str:
    seeds = [_epochs(0.8, 0.2, validation_loss=[0.9, 0.5]), _epochs(0.6, 0.4, 0.3, validation_loss=[0.7, None, 0.6])]
    groups: Any = {"one": [_epochs(2.0, 0.01, 0.5, validation_loss=[1.0, 0.5, 0.6], validation_top_k=[0.1, 0.5, 0.6])],
              "two": seeds, "none": [[]]}  # fmt: skip
    return draw_comparison(groups, path)


def _comparison_of_many(path: Path) -> str:
    more = {f"validation_m{k}": [0.1 * k, 0.2] for k in range(3)}
    groups = {f"run {k} with a very long name of {'x' * 20} {k}": [_epochs(1.0 + k, 0.5, **more)] for k in range(9)}
    return draw_comparison(groups, path, title="runs/many")


# -- calibration -------------------------------------------------------------------------------------------------------


def _reliability(shift: float, ece: float) -> Reliability:
    empty = Bin(0.4, 0.6, 0, np.nan, np.nan)
    return Reliability(ece, 0.4321, 0.1, (Bin(0.2, 0.4, 4, 0.36, 0.25), empty, Bin(0.6, 0.8, 16, 0.7 + shift, 0.75),
                                          Bin(0.8, 1.0, 80, 0.9 + shift, 0.85)))  # fmt: skip


# -- surfaces ----------------------------------------------------------------------------------------------------------

PLANE = np.array([[-1.0, 0.0], [1.0, 0.5], [1.0, -0.5], [0.5, 2.0]])
SLOPES = np.array([[2.0, -1.0, 0.0], [0.0, 1.0, -1.0]])


def _softmax(scores: Any) -> Any:
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _plane(labels: list[int], classes: tuple[str, ...], path: Path, **more: Any) -> str:
    slopes = SLOPES[:, : len(classes)]
    return draw_surface(lambda z: _softmax(z @ slopes), PLANE, np.array(labels), path, classes=classes, **more)


def _heights(values: Any, says: Any, path: Path) -> str:
    return draw_surface(says, PLANE, np.asarray(values), path, classes=None, features=("width", "height"))


def _line(path: Path) -> str:
    x = np.array([[0.0], [1.0], [3.0]])
    return draw_surface(lambda z: z**2, x, np.array([[0.5], [1.5], [8.0]]), path, classes=None, features=("age",))


def _line_of_classes(path: Path) -> str:
    x, labels = np.array([[0.0], [1.0], [3.0], [4.0]]), np.array([0, 0, 1, 2])
    return draw_surface(lambda z: _softmax(z * [[-1.0, 0.0, 1.0]]), x, labels, path, classes=("a", "b", "c"))


# -- values ------------------------------------------------------------------------------------------------------------


def _values(path: Path) -> str:
    t = np.arange(12.0)[:, None] * [1.0, 1e6]
    y = t + np.array([0.1, 0.0])
    y[[3, 5, 7, 9, 10, 11], 0] += [5, -4, 3, -2, 1, 0.5]
    return draw_values(y, t, ("height", "weight"), path, title="runs/v, test")


# -- weights and outputs -----------------------------------------------------------------------------------------------


def _pictured(path: Path) -> str:
    weights = wave(6, 70) * np.linspace(0.1, 1, 70)
    weights[:, 69] = 0
    return draw_weights(weights, path, where="layers.0", title="runs/a: weights of layers.0", image=(2, 3))


def _outputs(path: Path) -> str:
    values = wave(10, 4).clip(0)
    values[:, 1], values[:5, 2], values[0, 3] = 0, 0, np.inf
    images = np.abs(wave(10, 2, 2, 2)) + 1
    return draw_activations([Outputs("layers.0", "Dense", values), Outputs("layers.1", "Conv2D", images)], path)


def _outputs_of_many(path: Path) -> str:
    values = [np.full((4, 1), np.nan), np.zeros((4, 1)), np.ones((4, 1)), *(wave(4, k) for k in range(2, 6))]
    layers = [Outputs(f"layers.{i}", "ReLU", each) for i, each in enumerate(values)]
    return draw_activations(layers, path, title="runs/a, test: activations")


FIGURES: Figures = {
    "confusion": lambda path: _confusion(
        [[12_345, 655, 0], [0, 350, 650], [1, 0, 2]], ("cat", "dog", "an owl at night"), path),
    "confusion_none": lambda path: _confusion([[5, 0], [0, 0]], ("no", "ok"), path, title="t"),
    "confusion_nothing": lambda path: _confusion([[0]], ("a",), path),
    "confusion_20": lambda path: _many_confusions(20, path),
    "confusion_21": lambda path: _many_confusions(21, path),
    "confusion_120": lambda path: _many_confusions(120, path),
    "answers_2": lambda path: _answers(2, path),
    "answers_7": lambda path: _answers(7, path),
    "cases": _grid,
    "cases_of_values": _coloured_grid,
    "cases_table": _table,
    "cases_wide_table": _wide_table,
    "comparison": _comparison,
    "comparison_of_many": _comparison_of_many,
    "reliability": lambda path: draw_reliability(
        Calibration(_reliability(0.0, 0.05), 1.2345, _reliability(-0.05, 0.025)), path, title="runs/a, test"),
    "reliability_alone": lambda path: draw_reliability(Calibration(_reliability(0.0, 0.05), why="no reason"), path),
    "surface": lambda path: _plane([0, 0, 1, 1], ("left", "right"), path, features=("u", "v"), title="runs/a, test"),
    "surface_of_three": lambda path: _plane([1, 0, 0, 1], ("a", "b", "c"), path, features=("u",)),
    "surface_of_values": lambda path: _heights([1, 2, 3, 9], lambda z: z[:, :1] * z[:, 1:], path),
    "surface_flat": lambda path: _heights([2, 2, 2, 2], lambda z: np.full((len(z), 1), 2.0), path),
    "surface_line": _line,
    "surface_line_of_classes": _line_of_classes,
    "values": _values,
    "values_alike": lambda path: draw_values(np.full((3, 1), 2.0), np.full((3, 1), 2.0), ("t",), path),
    "values_of_many": lambda path: draw_values(wave(6000, 1), wave(6000, 1) / 2, ("t",), path),
    "weights": lambda path: draw_weights(wave(4, 3), path, where="a", title="few", image=(2, 2, 1)),
    "weights_of_many": _pictured,
    "weights_in_colours": lambda path: draw_weights(wave(2, 3, 3, 5), path, where="a", title="filters"),
    "weights_table": lambda path: draw_weights(
        wave(2, 6), path, where="a", title="table", features=("age", "size of all that there is at all")),
    "weights_wide_table": lambda path: draw_weights(wave(3, 66), path, where="a", title="wide", features=("age",)),
    "activations": _outputs,
    "activations_of_many": _outputs_of_many,
}  # fmt: skip
