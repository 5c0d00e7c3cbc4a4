"""draw_values: predicted numbers against the true ones, and how their errors are distributed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from pellucid.basics.arrays import HostArray
from pellucid.workbench.experiments.figures import BLUE, FAINT, INK, ORANGE, style
from pellucid.workbench.figures.sheet import Sheet, say_axes, say_title

MOST, MOST_POINTS = 4, 5_000
"""Targets that are drawn, and points of each, evenly chosen from more."""
NAMED = 5
"""The samples with the largest errors, which have their number beside them."""


def draw_values(
    predicted: HostArray, targets: HostArray, names: Sequence[str], path: Path, *, title: str = "values"
) -> str:
    """Write a PNG: for each target predicted against true, with the number of the worst samples, and the errors.

    Args:
        predicted, targets: (N, J), in the unit of the targets.

    Returns:
        why nothing was drawn, or empty.
    """
    if predicted.shape[1] > MOST:
        return f"its {predicted.shape[1]} targets are more than {MOST}"
    sheet = Sheet(predicted.shape[1], 2, panel=(3.9, 3.3), left=0.85)
    for j, name in enumerate(names):
        _against(sheet.axes(2 * j), predicted[:, j], targets[:, j], name)
        _errors(sheet.axes(2 * j + 1), predicted[:, j] - targets[:, j], name)
    count = min(NAMED, len(predicted))
    numbered = f"numbered: the {count} rows with the largest errors" if count > 1 else ""
    sheet.heading(title, [f"{len(predicted):,} sample{'s' * (len(predicted) > 1)}", numbered])
    sheet.save(path)
    return ""


def _against(axes: Axes, y: HostArray, t: HostArray, name: str) -> None:
    kept = np.unique(np.linspace(0, len(t) - 1, min(len(t), MOST_POINTS)).round().astype(int))
    low, high = float(min(y.min(), t.min())), float(max(y.max(), t.max()))
    margin = 0.05 * (high - low) or 1.0
    style(axes)
    axes.plot([low - margin, high + margin], [low - margin, high + margin], color=FAINT, linewidth=0.9,
              linestyle=(0, (2, 3)), zorder=1)  # fmt: skip
    axes.scatter(t[kept], y[kept], s=15, color=BLUE, edgecolor="white", linewidth=0.5, alpha=0.85, zorder=2)
    for row in np.argsort(-np.abs(y - t), kind="stable")[:NAMED]:
        axes.scatter(t[row], y[row], s=42, facecolor="none", edgecolor=ORANGE, linewidth=1.2, zorder=3)
        axes.annotate(f"{row}", (t[row], y[row]), (5, 3), textcoords="offset points", fontsize=7, color=INK, zorder=4)
    axes.set_xlim(low - margin, high + margin)
    axes.set_ylim(low - margin, high + margin)
    for axis in (axes.xaxis, axes.yaxis):
        axis.get_offset_text().set(color=FAINT, fontsize=7.5)
    axes.ticklabel_format(style="sci", scilimits=(-3, 5))
    say_axes(axes, f"{name}, true", f"{name}, predicted")
    say_title(axes, "predicted against true")


def _errors(axes: Axes, error: HostArray, name: str) -> None:
    style(axes)
    axes.hist(error, bins=min(40, max(8, int(np.sqrt(len(error))))), color=BLUE, edgecolor="white", linewidth=0.5)
    axes.axvline(0, color=FAINT, linewidth=0.9, linestyle=(0, (2, 3)))
    axes.axvline(float(error.mean()), color=ORANGE, linewidth=1.4)
    axes.ticklabel_format(axis="x", style="sci", scilimits=(-3, 5))
    axes.xaxis.get_offset_text().set(color=FAINT, fontsize=7.5)
    say_axes(axes, f"predicted − true of {name}", "samples")
    say_title(axes, f"errors: mean {error.mean():.3g}, RMS {np.sqrt(np.mean(error**2)):.3g}")
