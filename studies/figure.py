"""The figure of a study: on the left how the settings learn, on the right what they reach on the test set; of many
settings in rows."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from pellucid.workbench.experiments.figures import FAINT, INK, style
from PIL import Image

from studies.drawing import Drawing, chosen, grouped, names_of
from studies.results import Results, Setting

COLOURS = ("#1f6f8b", "#d98324", "#7a6c9d", "#c0392b", "#3a8f5c", "#8c6d46", "#5f6f7d", "#c56aa0")
BEHIND = "#dfe3e6"
LARGEST = 100_000
"""Bytes."""
TONES = 128
"""Of a figure: a file of so many is a third of one with all."""


def draw(results: Results, drawing: Drawing, path: Path) -> None:
    """Write a PNG of less than 100 kB.

    Raises:
        ValueError: it is larger; there are more settings side by side than colours.
    """
    settings = chosen(results, drawing)
    figure = Figure(dpi=110, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    if drawing.apart is None:
        _side_by_side(figure, settings, drawing)
    else:
        _in_rows(figure, grouped(settings, drawing.apart), drawing)
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())  # type: ignore[attr-defined]
    Image.fromarray(pixels).convert("RGB").quantize(TONES).save(path, optimize=True)
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path} has {path.stat().st_size:,} bytes, more than {LARGEST:,}. Draw fewer settings.")


def _side_by_side(figure: Figure, settings: Sequence[Setting], drawing: Drawing) -> None:
    """All curves in one picture, each in the colour of its dots."""
    if len(settings) > len(COLOURS):
        raise ValueError(f"{len(settings)} settings have {len(COLOURS)} colours. Draw fewer, or rows of them: apart.")
    figure.set_size_inches(8.4, max(3.2, 0.36 * len(settings) + 1.3))
    left, right = figure.subplots(1, 2)
    for number, setting in enumerate(settings):
        _curve(left, setting, drawing, COLOURS[number])
        _dots(right, setting, drawing, COLOURS[number], len(settings) - 1 - number)
    right.set_yticks(range(len(settings)), [setting.name for setting in settings[::-1]])
    left.set_xlabel(drawing.epochs_are, color=FAINT, fontsize=9)
    _titled(left, right, drawing)
    _styled(left, right, drawing)


def _in_rows(figure: Figure, groups: Sequence[Sequence[Setting]], drawing: Drawing) -> None:
    """A row for each group, which is called by what its settings have in common."""
    figure.set_size_inches(8.4, 0.95 * len(groups) + 0.6)
    rows = figure.subplots(len(groups), 2, sharex="col", squeeze=False)
    for (left, right), group in zip(rows, groups, strict=True):
        left.sharey(rows[0, 0])
        for setting in (setting for other in groups for setting in other if other is not group):
            _curve(left, setting, drawing, BEHIND, alone=False)
        name, own = names_of(group)
        for number, setting in enumerate(group):
            _curve(left, setting, drawing, COLOURS[number])
            _dots(right, setting, drawing, COLOURS[number], len(group) - 1 - number)
        left.set_ylabel(name, rotation=0, ha="right", va="center", color=INK, fontsize=9)
        right.set_yticks(range(len(group)), own[::-1])
        right.set_ylim(-0.7, len(group) - 0.3)
        _styled(left, right, drawing)
    rows[-1, 0].set_xlabel(drawing.epochs_are, color=FAINT, fontsize=9)
    _titled(*rows[0], drawing)


def _titled(left: Any, right: Any, drawing: Drawing) -> None:
    left.set_title(drawing.curve.replace("_", " "), fontsize=10, color=INK)
    right.set_title(f"{drawing.test}, each seed and the mean", fontsize=10, color=INK)


def _styled(left: Any, right: Any, drawing: Drawing) -> None:
    if drawing.logarithmic:
        left.set_yscale("log")
    for axes in (left, right):
        style(axes)
    if "accuracy" in drawing.curve:
        left.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    left.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    right.xaxis.set_major_locator(MaxNLocator(4))
    right.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    right.tick_params(axis="y", labelcolor=INK, labelsize=9)


def _curve(axes: Any, setting: Setting, drawing: Drawing, colour: str, *, alone: bool = True) -> None:
    """The mean over the seeds, on a logarithmic axis that of the logarithms, and a band of one deviation; behind others
    the mean by itself."""
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
    axes.plot(x, mean, color=colour, linewidth=1.7 if alone else 0.8, label=setting.name)
    if alone:
        axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)


def _dots(axes: Any, setting: Setting, drawing: Drawing, colour: str, place: int) -> None:
    values: Sequence[float] = setting.values(drawing.test) if setting.runs else []
    values = [value for value in values if isfinite(value)]
    axes.plot(values, [place] * len(values), "o", color=colour, markersize=4, alpha=0.5)
    if values:
        axes.plot([float(np.mean(values))], [place], "|", color=colour, markersize=17, markeredgewidth=2.4)
    if setting.failed:
        said = f"{len(setting.failed)} of {len(setting.failed) + len(values)} not finite"
        axes.annotate(said, (1.0, place), xycoords=("axes fraction", "data"), ha="right", va="center", fontsize=8,
                      color=colour)  # fmt: skip
