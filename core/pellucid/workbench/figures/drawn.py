"""draw_figures: all figures that a trained model and some samples allow, and why the others are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pellucid.basics.errors import PellucidError
from pellucid.interfaces.layer import require_runtime
from pellucid.workbench.figures.activations import draw_activations, outputs_of
from pellucid.workbench.figures.cases import cases_of, draw_cases
from pellucid.workbench.figures.confusion import draw_confusion
from pellucid.workbench.figures.material import Material
from pellucid.workbench.figures.reliability import draw_reliability
from pellucid.workbench.figures.surface import draw_surface
from pellucid.workbench.figures.values import draw_values
from pellucid.workbench.figures.weights import draw_weights, first_weights

SHOWN, IN_TABLE = 32, 16
"""Samples in pictures, and as rows of a table."""
NO_CLASSES = "the model tells no classes apart"
Why = str
"""Why a figure was not drawn; empty where it was."""


@dataclass(frozen=True)
class Drawn:
    """What came of it.

    Attributes:
        files: what was written.
        left_out: names of figures that were not, each with the reason.
    """

    files: tuple[Path, ...]
    left_out: Mapping[str, Why]


def draw_figures(material: Material, folder: Path) -> Drawn:
    """Write one PNG for each figure that applies, into a folder that is made; a figure of before is replaced.

    A figure that cannot be made is left out, with the reason: the others are drawn all the same.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files, left_out = list[Path](), dict[str, Why]()
    for name, draw in FIGURES.items():
        path = folder / f"{name}.png"
        try:
            why = draw(material, path)
        except PellucidError as error:
            why = str(error)
        except Exception as error:  # a picture is not worth the figures that were computed
            why = f"{type(error).__name__}: {error}"
        if why:
            left_out[name] = why
            path.unlink(missing_ok=True)  # one of before would be of something else
        else:
            files.append(path)
    return Drawn(tuple(files), left_out)


def _confusion(m: Material, path: Path) -> Why:
    return NO_CLASSES if m.found.confusion is None else draw_confusion(m.found.confusion, path, title=m.heading)


def _calibration(m: Material, path: Path) -> Why:
    return NO_CLASSES if m.found.calibration is None else draw_reliability(m.found.calibration, path, title=m.heading)


def _samples(m: Material, path: Path) -> Why:
    """Some from the first to the last: data often lies in order."""
    most = min(len(m.split), SHOWN if m.images is not None else IN_TABLE)
    rows = np.unique(np.linspace(0, len(m.split) - 1, most).round().astype(int))
    return _cases(m, path, rows.tolist(), "samples", f"{len(rows)} of {len(m.split):,}, evenly chosen")


def _mistakes(m: Material, path: Path) -> Why:
    wrong = m.outcome is not None and m.outcome.right is not None and m.outcome.by_sample
    if wrong and m.outcome is not None and bool(np.all(m.outcome.right)):
        return "there are none: all samples are taken for what they are"
    rows = _worst(m)
    most = SHOWN if m.images is not None else IN_TABLE
    fact = f"{min(len(rows), most)} of {len(rows):,}, the least probable true class first"
    return _cases(m, path, rows[:most], "worst mistakes", fact)


def _worst(m: Material) -> list[int]:
    """Rows that are taken for another class, the least probable true class first."""
    outcome = m.outcome
    if outcome is None or outcome.probabilities is None or outcome.labels is None:
        return []
    wrong = np.flatnonzero(outcome.probabilities.argmax(axis=1) != outcome.labels)
    of_true = outcome.probabilities[wrong, outcome.labels[wrong]]
    return [int(row) for row in wrong[np.argsort(of_true, kind="stable")]]


def _cases(m: Material, path: Path, rows: list[int], title: str, fact: str) -> Why:
    outcome = m.outcome
    if outcome is None or outcome.probabilities is None or outcome.labels is None:
        return NO_CLASSES
    if not outcome.by_sample:
        return "a sample has a class for each of its steps"
    cases = cases_of(rows, outcome.labels, outcome.probabilities, outcome.names)
    return draw_cases(cases, m.shown(rows), outcome.names, path, title=f"{m.heading}: {title}", facts=[fact])


def _values(m: Material, path: Path) -> Why:
    if m.outcome is None or m.outcome.predicted is None or m.outcome.targets is None:
        return "the model predicts no values"
    return draw_values(m.outcome.predicted, m.outcome.targets, m.outcome.names, path, title=m.heading)


def _surface(m: Material, path: Path) -> Why:
    x, outcome = m.split.x, m.outcome
    if isinstance(x, tuple):
        return f"the model has {len(x)} inputs"
    if outcome is None or not outcome.by_sample or (outcome.labels is None and outcome.targets is None):
        return "the model tells no classes apart and predicts no values"
    y, classes = (outcome.targets, None) if outcome.labels is None else (outcome.labels, outcome.names)
    assert y is not None
    if x.ndim != 2 or x.dtype.kind not in "fiu":
        return f"a sample is no row of one or two numbers: {x.dtype} {x.shape[1:]}"
    return draw_surface(m.says, x, y, path, classes=classes, features=m.split.features, title=m.heading)


def _activations(m: Material, path: Path) -> Why:
    return draw_activations(outputs_of(m.trace()), path, title=f"{m.heading}: activations")


def _weights(m: Material, path: Path) -> Why:
    first = first_weights(m.trace())
    if first is None:
        return "no layer has weights with two axes"
    where, param = first
    weights = np.asarray(require_runtime(m.run.model).ops.to_host(param.data))
    image = None if m.images is None else m.images.shape[1:]
    title = f"{m.found.run}: weights of {where}"
    return draw_weights(weights, path, where=where, title=title, image=image, features=m.split.features)


FIGURES: dict[str, Callable[[Material, Path], Why]] = {
    "confusion": _confusion, "calibration": _calibration, "samples": _samples, "mistakes": _mistakes,
    "values": _values, "surface": _surface, "activations": _activations, "weights": _weights,
}  # fmt: skip
"""Names of the files -> what draws them."""
