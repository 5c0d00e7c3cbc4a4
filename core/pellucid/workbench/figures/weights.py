"""draw_weights: what the units of the first layer look for, as pictures where the inputs are pixels."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.record.quantity import Call
from pellucid.glassbox.trace import Trace
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.parameters import Param
from pellucid.workbench.experiments.figures import FAINT, INK, short
from pellucid.workbench.figures.sheet import DIVERGING, Sheet, say_axes

MOST, COLUMNS = 64, 8
"""Units that are shown: of more those with the largest weights."""
MOST_INPUTS = 48
"""Rows of a table of weights whose names can be read."""


def first_weights(trace: Trace) -> tuple[str, Param] | None:
    """Path and weights of the first layer of a prediction that has a parameter with two axes or more."""
    for call in _calls(trace.calls):
        if not isinstance(call.component, Layer) or call.inner:
            continue
        for value in vars(call.component).values():
            if isinstance(value, Param) and len(value.shape) >= 2:
                return call.path, value
    return None


def _calls(calls: Sequence[Call]) -> list[Call]:
    """All of them in the order in which they were made."""
    return [each for call in calls for each in (call, *_calls(call.inner))]


def draw_weights(
    weights: HostArray, path: Path, *, where: str, title: str, image: tuple[int, ...] | None = None,
    features: Sequence[str] | None = None,
) -> str:  # fmt: skip
    """Write a PNG: a picture for each unit, blue below 0, red above; or a table of inputs and units.

    Args:
        weights: (inputs, units) of a dense layer; (h, w, channels, units) of a convolution.
        where: the path of the layer.
        image: shape of an input as a picture, (H, W) or (H, W, C); None if it is none.
        features: names of the inputs, where they are known.

    Returns:
        why nothing was drawn, or empty.
    """
    if weights.ndim == 2 and image is not None and prod(image) == len(weights):
        shape = tuple(image) if len(image) == 3 else (*image, 1)
        _pictures(weights.T.reshape(-1, *shape), path, title)
        return ""
    if weights.ndim == 4 and weights.shape[2] in (1, 3) and weights.shape[0] * weights.shape[1] > 1:
        _pictures(weights.transpose(3, 0, 1, 2), path, title)
        return ""
    if weights.ndim == 2 and len(weights) <= MOST_INPUTS:
        _table(weights, path, title, features)
        return ""
    return f"the weights of {where}, of shape {weights.shape}, are neither pictures nor a table of few inputs"


def _pictures(units: HostArray, path: Path, title: str) -> None:
    """units (U, h, w, 1 or 3)."""
    size = np.abs(units).reshape(len(units), -1).max(axis=1)
    kept = np.sort(np.argsort(-size, kind="stable")[:MOST])
    columns = min(COLUMNS, max(len(kept), 4))
    side = 0.95
    sheet = Sheet(
        -(-len(kept) // columns), columns, panel=(side, side * units.shape[1] / units.shape[2]), left=0.1, bottom=0.02,
        between=0.06, above=0.2, right=0.2,
    )  # fmt: skip
    canvas = sheet.canvas()
    for place, unit in enumerate(kept):
        left, top, wide, high = sheet.box(place)
        values, largest = units[unit], max(float(size[unit]), 1e-30)
        grey = values.shape[-1] == 1
        shown = values[..., 0] if grey else 0.5 + values / (2 * largest)
        canvas.imshow(shown, cmap=DIVERGING if grey else None, vmin=-largest, vmax=largest, interpolation="nearest",
                      extent=(left, left + wide, top + high, top), aspect="auto")  # fmt: skip
        canvas.text(left + wide / 2, top - 0.03, f"{unit}", ha="center", va="bottom", fontsize=7, color=FAINT)
    some = f"{len(kept)} of {len(units)} units, those with the largest weights" if len(kept) < len(units) else ""
    scale = "each unit on its own scale: blue below 0, white 0, red above"
    scale = scale if units.shape[-1] == 1 else "each unit on its own scale: grey is 0"
    sheet.heading(title, [some or f"{len(units)} units", scale])
    sheet.save(path)


def _table(weights: HostArray, path: Path, title: str, features: Sequence[str] | None) -> None:
    n, units = weights.shape
    names = [f"input {i}" for i in range(n)] if features is None or len(features) != n else list(features)
    size = np.abs(weights).max(axis=0)
    kept = np.sort(np.argsort(-size, kind="stable")[:MOST])
    largest = max(float(size.max(initial=0.0)), 1e-30)
    cell = max(0.17, min(0.32, 7.0 / len(kept)))
    left = 0.55 + 0.075 * max(min(len(name), 24) for name in names)
    sheet = Sheet(panel=(max(cell * len(kept), 2.6), max(0.3 * n, 0.6)), left=left, bottom=0.55, right=1.1)
    axes = sheet.axes()
    image = axes.imshow(weights[:, kept], cmap=DIVERGING, vmin=-largest, vmax=largest, aspect="auto")
    axes.set_yticks(range(n), [short(name, 24) for name in names], fontsize=8, color=INK)
    step = max(1, len(kept) // 16)
    axes.set_xticks(range(0, len(kept), step), [f"{unit}" for unit in kept[::step]], fontsize=7.5, color=FAINT)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_yticks(np.arange(0.5, n - 1), minor=True)
    axes.grid(which="minor", color="white", linewidth=1.2)
    axes.tick_params(which="minor", length=0)
    say_axes(axes, "unit", "")
    place = axes.get_position()
    bar = sheet.figure.add_axes((1 - 0.85 / sheet.width, place.y0, 0.11 / sheet.width, place.height))
    colours = sheet.figure.colorbar(image, cax=bar)
    colours.ax.tick_params(length=0, labelsize=7, colors=FAINT)
    colours.outline.set_visible(False)
    some = f"{len(kept)} of {units} units, those with the largest weights" if len(kept) < units else f"{units} units"
    sheet.heading(title, [some])
    sheet.save(path)
