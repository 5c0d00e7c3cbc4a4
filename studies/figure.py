"""The figure of a study: on the left how the settings learn, on the right what they reach on the test set."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from pellucid.workbench.experiments.figures import FAINT, INK, style
from PIL import Image

from studies.drawing import Drawing, chosen
from studies.results import Results, Setting

COLOURS = ("#1f6f8b", "#d98324", "#7a6c9d", "#c0392b", "#3a8f5c", "#8c6d46", "#5f6f7d", "#c56aa0")
LARGEST = 100_000
"""Bytes."""
TONES = 128
"""Of a figure: a file of so many is a third of one with all."""


def draw(results: Results, drawing: Drawing, path: Path) -> None:
    """Write a PNG of less than 100 kB.

    Raises:
        ValueError: it is larger.
    """
    settings = chosen(results, drawing)
    figure = Figure(
        figsize=(8.4, max(3.2, 0.36 * len(settings) + 1.3)), dpi=110, facecolor="white", layout="constrained"
    )
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    for number, setting in enumerate(settings):
        colour, dashed = COLOURS[number % len(COLOURS)], number >= len(COLOURS)
        _curve(left, setting, drawing, colour, dashed)
        _dots(right, setting, drawing, colour, len(settings) - 1 - number)
    left.set_xlabel(drawing.epochs_are, color=FAINT, fontsize=9)
    left.set_title(drawing.curve.replace("_", " "), fontsize=10, color=INK)
    if drawing.logarithmic:
        left.set_yscale("log")
    right.set_yticks(range(len(settings)), [setting.name for setting in settings[::-1]])
    right.set_title(f"{drawing.test}, each seed and the mean", fontsize=10, color=INK)
    for axes in (left, right):
        style(axes)
    if "accuracy" in drawing.curve:
        left.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    left.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    right.xaxis.set_major_locator(MaxNLocator(4))
    right.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    right.tick_params(axis="y", labelcolor=INK, labelsize=9)
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())  # type: ignore[attr-defined]
    Image.fromarray(pixels).convert("RGB").quantize(TONES).save(path, optimize=True)
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path} has {path.stat().st_size:,} bytes, more than {LARGEST:,}. Draw fewer settings.")


def _curve(axes: object, setting: Setting, drawing: Drawing, colour: str, dashed: bool) -> None:
    """The mean over the seeds, on a logarithmic axis that of the logarithms, and a band of one deviation."""
    curves = [run.curves[drawing.curve] for run in setting.runs if drawing.curve in run.curves]
    if not curves:
        return
    length = min(map(len, curves))
    y = np.array([[np.nan if v is None else v for v in curve[:length]] for curve in curves], float)
    x = drawing.epoch_is * np.arange(1, length + 1)
    if drawing.logarithmic:
        y = np.log10(y)
    mean, sd = y.mean(axis=0), y.std(axis=0, ddof=1) if len(y) > 1 else 0 * y[0]
    low, high = mean - sd, mean + sd
    if drawing.logarithmic:
        mean, low, high = 10**mean, 10**low, 10**high
    axes.plot(x, mean, color=colour, linewidth=1.7, linestyle="--" if dashed else "-", label=setting.name)  # type: ignore[attr-defined]
    axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)  # type: ignore[attr-defined]


def _dots(axes: object, setting: Setting, drawing: Drawing, colour: str, place: int) -> None:
    values: Sequence[float] = setting.values(drawing.test) if setting.runs else []
    values = [value for value in values if isfinite(value)]
    axes.plot(values, [place] * len(values), "o", color=colour, markersize=4, alpha=0.5)  # type: ignore[attr-defined]
    if values:
        axes.plot([float(np.mean(values))], [place], "|", color=colour, markersize=17, markeredgewidth=2.4)  # type: ignore[attr-defined]
    if setting.failed:
        said = f"{len(setting.failed)} of {len(setting.failed) + len(values)} not finite"
        axes.annotate(said, (1.0, place), xycoords=("axes fraction", "data"), ha="right", va="center", fontsize=8,  # type: ignore[attr-defined]
                      color=colour)  # fmt: skip
