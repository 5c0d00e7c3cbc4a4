"""draw_figures: all figures that a trained model and some samples allow, and why the others are left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from pellucid.basics.errors import PellucidError
from pellucid.interfaces.layer import require_runtime
from pellucid.workbench.evaluation.read import Outcome
from pellucid.workbench.figures.activations import draw_activations, outputs_of
from pellucid.workbench.figures.answers import draw_answers
from pellucid.workbench.figures.cases import cases_of, cases_of_values, draw_cases
from pellucid.workbench.figures.confusion import draw_confusion
from pellucid.workbench.figures.listing import Drawn
from pellucid.workbench.figures.material import Material, evenly
from pellucid.workbench.figures.reliability import draw_reliability
from pellucid.workbench.figures.surface import MOST_POINTS, draw_surface
from pellucid.workbench.figures.values import draw_values
from pellucid.workbench.figures.weights import draw_weights, first_weights

SHOWN, IN_TABLE = 32, 16
"""Samples in pictures, and as rows of a table."""
NO_CLASSES = "the model does not tell classes apart, one a sample"
Why = str
"""Why a figure was not drawn; empty where it was."""


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
            left_out[path.name] = why
            path.unlink(missing_ok=True)  # one of before would be of something else
        else:
            files.append(path)
    return Drawn(tuple(files), left_out)


def _confusion(m: Material, path: Path) -> Why:
    if m.outcome is not None and m.outcome.answers is not None and m.outcome.truth is not None:
        return draw_answers(m.outcome.answers, m.outcome.truth, m.outcome.names, path, title=m.heading)
    return NO_CLASSES if m.found.confusion is None else draw_confusion(m.found.confusion, path, title=m.heading)


def _calibration(m: Material, path: Path) -> Why:
    return NO_CLASSES if m.found.calibration is None else draw_reliability(m.found.calibration, path, title=m.heading)


def _samples(m: Material, path: Path) -> Why:
    rows = evenly(len(m), SHOWN if m.are_pictures else IN_TABLE)
    return _cases(m, path, rows, "samples", f"{len(rows)} of {len(m):,}, evenly chosen")


def _mistakes(m: Material, path: Path) -> Why:
    rows, order = ([], "") if m.outcome is None else _worst(m.outcome)
    if m.outcome is not None and m.outcome.right is not None and not rows:
        return "there are none: every sample is taken for what it is"
    kept = rows[: SHOWN if m.are_pictures else IN_TABLE]
    return _cases(m, path, kept, "worst mistakes", f"{len(kept)} of {len(rows):,}, {order} first")


def _worst(outcome: Outcome) -> tuple[list[int], str]:
    """Rows that are taken for another class, or all of one value each, the worst first; and what that means."""
    if outcome.probabilities is not None and outcome.labels is not None:
        wrong = np.flatnonzero(outcome.probabilities.argmax(axis=1) != outcome.labels)
        of_true = outcome.probabilities[wrong, outcome.labels[wrong]]
        return wrong[np.argsort(of_true, kind="stable")].tolist(), "the least probable true class"
    if outcome.predicted is not None and outcome.targets is not None and outcome.targets.shape[1] == 1:
        off = np.abs(outcome.predicted - outcome.targets)[:, 0]
        return np.argsort(-off, kind="stable").tolist(), "the largest error"
    return [], ""


def _cases(m: Material, path: Path, rows: list[int], title: str, fact: str) -> Why:
    outcome = m.outcome
    if outcome is not None and outcome.probabilities is not None and outcome.labels is not None:
        cases = cases_of(rows, outcome.labels, outcome.probabilities, outcome.names)
    elif outcome is not None and outcome.predicted is not None and outcome.targets is not None:
        if outcome.targets.shape[1] > 1:
            return f"a sample has {outcome.targets.shape[1]} values"
        cases = cases_of_values(rows, outcome.targets[:, 0], outcome.predicted[:, 0])
    else:
        return "the model does not tell classes apart and predicts no values, one row a sample"
    names = () if outcome is None else outcome.names
    return draw_cases(cases, m.pictures(rows), names, path, title=f"{m.heading}: {title}", facts=[fact])


def _values(m: Material, path: Path) -> Why:
    if m.outcome is None or m.outcome.predicted is None or m.outcome.targets is None:
        return "the model predicts no values, one row a sample"
    numbered = "value" if len(m.outcome.names) == 1 else "value {}"  # of targets without names
    names = [numbered.format(name) if name.isdecimal() else name for name in m.outcome.names]
    return draw_values(m.outcome.predicted, m.outcome.targets, names, path, title=m.heading)


def _surface(m: Material, path: Path) -> Why:
    first, outcome = m.first, m.outcome
    if isinstance(first.x, tuple):
        return f"the model has {len(first.x)} inputs"
    if first.x.ndim != 2 or first.x.shape[1] > 2 or first.x.dtype.kind not in "fiu":
        return f"a sample has the shape {first.x.shape[1:]}, and is not one number or two"
    if outcome is None or (outcome.probabilities is None and outcome.targets is None):
        return "the model does not tell classes apart and predicts no values"
    rows = evenly(len(m), MOST_POINTS)
    y, classes = (outcome.targets, None) if outcome.labels is None else (outcome.labels, outcome.names)
    assert y is not None
    points = np.asarray(m.take(rows).x)
    return draw_surface(m.says, points, y[rows], path, classes=classes, features=first.features, title=m.heading)


def _activations(m: Material, path: Path) -> Why:
    return draw_activations(outputs_of(m.trace()), path, title=f"{m.heading}: activations")


def _weights(m: Material, path: Path) -> Why:
    first = first_weights(m.trace())
    if first is None:
        return "no layer has weights with two axes"
    where, param = first
    weights = np.asarray(require_runtime(m.run.model).ops.to_host(param.data))
    picture = m.pictures([0])
    return draw_weights(
        weights, path, where=where, title=f"{m.found.run}: weights of {where}",
        image=None if picture is None else picture.shape[1:], features=m.first.features,
    )  # fmt: skip


FIGURES: dict[str, Callable[[Material, Path], Why]] = {
    "confusion": _confusion, "calibration": _calibration, "samples": _samples, "mistakes": _mistakes,
    "values": _values, "surface": _surface, "activations": _activations, "weights": _weights,
}  # fmt: skip
"""Names of the files -> what draws them."""
