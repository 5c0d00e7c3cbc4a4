"""draw_comparison: the loss and the metrics of several runs over their epochs, in one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pellucid.basics.arrays import HostArray
from pellucid.workbench.experiments.figures import INK, style
from pellucid.workbench.figures.sheet import Sheet, class_colours, say_axes, say_title

MOST = 8
"""Lines that one can tell apart; of more the first are drawn, which whoever calls has put in order."""
_DASHES: tuple[Any, ...] = ("solid", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)))
_LOGARITHMIC = 20.0
Epochs = Sequence[Mapping[str, Any]]


def draw_comparison(groups: Mapping[str, Sequence[Epochs]], path: Path, *, title: str = "runs") -> str:
    """Write a PNG: training loss, validation loss and each metric that all have in common or some have.

    Args:
        groups: what the lines are called -> the epochs of each run of it, as ``metrics.jsonl`` has them. Of several
            runs, seeds say, the line is their mean, in a band from the smallest to the largest.

    Returns:
        why nothing was drawn, or empty.
    """
    groups = {name: [epochs for epochs in runs if epochs] for name, runs in groups.items()}
    groups = {name: runs for name, runs in groups.items() if runs}
    if not groups:
        return "no run has epochs"
    shown = dict(list(groups.items())[:MOST])
    names = _figures([epochs for runs in shown.values() for epochs in runs])
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    longest = max(map(len, shown))
    sheet = Sheet(rows, columns, panel=(3.7, 2.7), left=0.7, right=0.75 + min(0.085 * min(longest, 40) + 0.3, 3.6))
    for place, name in enumerate(names):
        axes = sheet.axes(place)
        coloured = enumerate(zip(shown.values(), class_colours(len(shown)), strict=True))
        lines = [_of_group(axes, runs, name, colour, _DASHES[i % 4]) for i, (runs, colour) in coloured]
        _scale(axes, name, [line for line in lines if line.size])
        style(axes)
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        say_axes(axes, "epoch", "")
        say_title(axes, _words(name))
    handles = sheet.figure.axes[0].get_lines()
    labels = [name if len(name) <= 40 else f"{name[:19]}…{name[-20:]}" for name in shown]
    sheet.figure.legend(
        handles, labels, loc="upper left", frameon=False, fontsize=8.5, labelcolor=INK, handlelength=2.6,
        bbox_to_anchor=(sheet.edge + 0.1 / sheet.width, 1 - 1.0 / sheet.height),
    )  # fmt: skip
    several = max(len(runs) for runs in shown.values())
    some = f"the first {len(shown)} of {len(groups)}" if len(shown) < len(groups) else ""
    bands = f"means of up to {several} runs, bands from the smallest to the largest" if several > 1 else ""
    sheet.heading(title, [some, bands])
    sheet.save(path)
    return ""


def _figures(runs: Sequence[Epochs]) -> list[str]:
    """What is drawn: the losses, then the other figures of the validation."""
    found = dict.fromkeys(name for epochs in runs for name in epochs[-1])
    return [name for name in found if name in ("loss", "validation_loss")] + [
        name for name in found if name.startswith("validation_") and name != "validation_loss"
    ]  # fmt: skip


def _words(name: str) -> str:
    if name == "loss":
        return "loss, training"
    return f"{name.removeprefix('validation_').replace('_', ' ')}, validation"


def _of_group(axes: Axes, runs: Sequence[Epochs], name: str, colour: str, dashes: Any) -> HostArray:
    """Draws a line; its values."""
    last = max(int(epochs[-1]["epoch"]) for epochs in runs)
    table = np.full((len(runs), last), np.nan)
    for row, epochs in zip(table, runs, strict=True):
        for epoch in epochs:
            value = epoch.get(name)
            if isinstance(value, int | float):
                row[epoch["epoch"] - 1] = value
    some = np.isfinite(table).any(axis=0)
    x, kept = np.arange(1, last + 1)[some], table[:, some]
    mean = np.nanmean(kept, axis=0) if kept.size else np.empty(0)
    axes.plot(x, mean, color=colour, linestyle=dashes, linewidth=1.8, marker="o" if len(x) < 3 else None, markersize=4)
    if len(runs) > 1 and kept.size:
        axes.fill_between(x, np.nanmin(kept, axis=0), np.nanmax(kept, axis=0), color=colour, alpha=0.16, linewidth=0)
    return mean


def _scale(axes: Axes, name: str, lines: Sequence[HostArray]) -> None:
    values = np.concatenate(lines) if lines else np.empty(0)
    if name.endswith("loss") and values.size and values.min() > 0 and values.max() > _LOGARITHMIC * values.min():
        axes.set_yscale("log")
