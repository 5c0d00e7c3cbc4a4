"""draw_points, draw_curve: samples of one or two numbers, where they lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pellucid.workbench.data_pictures.sheet import Sheet, Shown, groups, legend
from pellucid.workbench.experiments.figures import BLUE, FAINT, style


def draw_points(shown: Shown, path: Path) -> None:
    """Points in the plane, coloured by their classes, or by the numbers that are their targets."""
    sheet = Sheet(shown, 6.2, 5.4)
    axes = sheet.panel(0.65, 0.1, 5.3, 4.8)
    size = float(np.clip(4000 / len(shown.x), 3, 30))
    if shown.labels is None and shown.y is not None:
        values = shown.y.reshape(len(shown.x), -1)[:, 0]
        drawn = axes.scatter(shown.x[:, 0], shown.x[:, 1], s=size, c=values, cmap="viridis", linewidths=0)
        sheet.figure.colorbar(drawn, ax=axes, shrink=0.8).ax.tick_params(labelsize=8, colors=FAINT)
    else:
        for name, colour, rows in groups(shown):
            axes.scatter(
                shown.x[rows, 0], shown.x[rows, 1], s=size, color=colour, linewidths=0, alpha=0.8, label=name or None
            )
        legend(axes, [name for name, _, _ in groups(shown)])
    axes.set_xlabel(shown.features[0], fontsize=9, color=FAINT, parse_math=False)
    axes.set_ylabel(shown.features[1], fontsize=9, color=FAINT, parse_math=False)
    axes.set_aspect("equal", adjustable="datalim")
    style(axes)
    sheet.save(path)


def draw_curve(shown: Shown, path: Path) -> None:
    """One number on the other: each column of targets on x."""
    sheet = Sheet(shown, 6.6, 4.4)
    axes = sheet.panel(0.65, 0.1, 5.7, 3.8)
    size = float(np.clip(4000 / len(shown.x), 3, 30))
    if shown.labels is not None or shown.y is None:
        for name, colour, rows in groups(shown):
            axes.hist(shown.x[rows, 0], bins=40, color=colour, alpha=0.55, label=name or None)
        legend(axes, [name for name, _, _ in groups(shown)])
        axes.set_ylabel("samples", fontsize=9, color=FAINT)
    else:
        y = shown.y.reshape(len(shown.x), -1)
        for k in range(min(y.shape[1], 6)):
            axes.scatter(
                shown.x[:, 0], y[:, k], s=size, color=BLUE if y.shape[1] == 1 else None, linewidths=0, alpha=0.7
            )
        name = shown.classes[0] if len(shown.classes) == 1 else "y"
        axes.set_ylabel(name, fontsize=9, color=FAINT, parse_math=False)
    axes.set_xlabel(shown.features[0], fontsize=9, color=FAINT, parse_math=False)
    style(axes)
    sheet.save(path)
