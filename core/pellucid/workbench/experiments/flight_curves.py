"""draw_flight: what a recorder has kept of a run's steps as a picture: gradients, updates, outputs, dead units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.flight.recording import Recording
from pellucid.saving.files import replace_by
from pellucid.workbench.experiments.figures import BLUE, FAINT, INK, ORANGE, dots, style

MOST = 8
"""Lines in a panel, and histograms: of more layers the first half and the last are shown."""
PANEL, HEADING = (4.6, 3.2), 0.45
USUAL = 1e-3
"""An update that moves a weight by a thousandth of its size, as a rule a healthy learning rate."""


def draw_flight(recording: Recording, path: Path) -> None:
    """Write a PNG: the loss and the norm of the gradient; the RMS of the gradient of each parameter, of many ones those
    that are weights; how far an update moves it, relative to its size; how many units of each layer are dead; and for
    each layer how its outputs are distributed over time, the darker the more of them lie there."""
    names = recording.names()
    layers = [name.removesuffix(".histogram") for name in names if name.endswith(".histogram")]
    panels: list[Callable[[Axes], None]] = []
    if "loss" in names:
        panels.append(lambda axes: _loss(axes, recording))
    params = [name.removesuffix(".grad.rms") for name in names if name.endswith(".grad.rms")]
    params = params if len(params) <= MOST else [name for name in params if _is_weight(name)] or params
    if params:
        panels.append(lambda axes: _lines(axes, recording, params, ".grad.rms", "RMS of the gradient"))
        panels.append(lambda axes: _ratio(axes, recording, params))
    if layers:
        panels.append(lambda axes: _dead(axes, recording, layers))
        panels += [_distribution(recording, layer) for layer in _chosen(layers)]
    if not panels:
        return
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    width, height = PANEL[0] * columns, PANEL[1] * rows + HEADING
    figure = Figure(figsize=(width, height), dpi=150, facecolor="white")
    figure.subplots_adjust(
        left=0.6 / width, right=1 - 0.2 / width, bottom=0.55 / height, top=1 - (HEADING + 0.35) / height,
        wspace=0.75 / (PANEL[0] - 0.75), hspace=0.95 / (PANEL[1] - 0.95),
    )  # fmt: skip
    FigureCanvasAgg(figure)
    for i, panel in enumerate(panels):
        axes = figure.add_subplot(rows, columns, i + 1)
        panel(axes)
        style(axes)
        axes.title.set(color=INK, fontsize=11)
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))  # there is no half of a step
        axes.set_xlabel("step", color=FAINT, fontsize=9)
    steps = recording.steps()
    text = f"{len(steps):,} steps, from {steps[0]:,} to {steps[-1]:,}"
    figure.text(0.16 / width, 1 - 0.14 / height, text, va="top", fontsize=12, color=INK, weight="bold")
    replace_by(path, lambda file: figure.savefig(file, format="png"))


def _chosen(names: Sequence[str]) -> list[str]:
    return list(names) if len(names) <= MOST else [*names[: MOST // 2], *names[-MOST // 2 :]]


def _is_weight(name: str) -> bool:
    return name.rpartition(".")[2] == "weight"


def _owner(name: str) -> str:
    """The layer that a parameter or an output is of."""
    return name.rpartition(".")[0]


def _line(axes: Axes, recording: Recording, name: str, **how: Any) -> None:
    """A figure over its steps."""
    values = recording[name]
    axes.plot(recording.steps(name), values, **how, **dots(values))


def _loss(axes: Axes, recording: Recording) -> None:
    _line(axes, recording, "loss", color=ORANGE, linewidth=1.4, label="loss of the step")
    if "norm" in recording:
        _line(axes, recording, "norm", color=BLUE, linewidth=1.1, label="norm of the gradient")
    _scale(axes, [recording["loss"], *([recording["norm"]] if "norm" in recording else [])])
    axes.set_title("loss and gradient")
    _legend(axes)


def _lines(axes: Axes, recording: Recording, names: Sequence[str], what: str, title: str) -> None:
    owners = list(dict.fromkeys(_owner(name) for name in _chosen(names)))
    colors = dict(zip(owners, colormaps["viridis"](np.linspace(0.0, 0.8, len(owners))), strict=True))
    for name in _chosen(names):
        dashes = "solid" if _is_weight(name) or what == ".dead" else (0, (4, 2))  # of one layer, told apart
        _line(axes, recording, name + what, color=colors[_owner(name)], linewidth=1.2, linestyle=dashes, label=name)
    _scale(axes, [recording[name + what] for name in _chosen(names)])
    axes.set_title(title)
    _legend(axes)


def _ratio(axes: Axes, recording: Recording, names: Sequence[str]) -> None:
    _lines(axes, recording, names, ".update.ratio", "update relative to the weight; dotted: 0.001")
    axes.axhline(USUAL, color=FAINT, linewidth=0.9, linestyle=(0, (2, 3)))


def _dead(axes: Axes, recording: Recording, layers: Sequence[str]) -> None:
    """The number of dead units of each layer that ever had one."""
    some = [layer for layer in layers if recording[f"{layer}.dead"].any()]
    if some:
        _lines(axes, recording, some, ".dead", "dead units")
        axes.set_yscale("linear")
        axes.yaxis.set_major_locator(MaxNLocator("auto", integer=True))
        axes.set_ylim(bottom=0)
    else:
        axes.set_title("dead units: none")
        none = np.zeros(len(recording))
        axes.plot(recording.steps(), none, color=BLUE, linewidth=1.4, **dots(none))
        axes.set_ylim(0, 1)
        axes.set_yticks([0, 1])


def _distribution(recording: Recording, layer: str) -> Callable[[Axes], None]:
    """A heat map: how many outputs of a layer lie where, over the steps."""

    def draw(axes: Axes) -> None:
        counts = recording[f"{layer}.histogram"].astype(np.float64)
        low, high = recording[f"{layer}.min"], recording[f"{layer}.max"]
        steps = recording.steps(f"{layer}.histogram")
        good = np.isfinite(low) & np.isfinite(high)
        bottom, top = (float(low[good].min()), float(high[good].max())) if good.any() else (0.0, 1.0)
        top = top if top > bottom else bottom + 1.0
        grid = _on_one_axis(counts, low, high, bottom, top)
        edges = np.append(steps, 2 * steps[-1] - steps[-2] if len(steps) > 1 else steps[-1] + 1)
        largest = max(float(grid.max()), 1.0)
        axes.pcolormesh(
            edges, np.linspace(bottom, top, grid.shape[1] + 1), np.maximum(grid.T, largest / 1e4), cmap="Blues",
            norm=LogNorm(largest / 1e4, largest), rasterized=True,
        )  # fmt: skip
        _line(axes, recording, f"{layer}.mean", color=ORANGE, linewidth=1.4)
        axes.set_title(f"outputs {layer}; line: their mean")

    return draw


def _on_one_axis(
    counts: HostArray, low: HostArray, high: HostArray, bottom: float, top: float, cells: int = 48
) -> HostArray:  # fmt: skip
    """Counts in bins of each step's own as densities in bins that are the same for all."""
    grid = np.zeros((len(counts), cells))
    edges = np.linspace(bottom, top, cells + 1)
    for row, (count, least, most) in enumerate(zip(counts, low, high, strict=True)):
        if not (np.isfinite(least) and np.isfinite(most)):
            continue
        own = np.linspace(least, most if most > least else least + (top - bottom) / cells, len(count) + 1)
        below = np.concatenate([[0.0], np.cumsum(count)])
        grid[row] = np.diff(np.interp(edges, own, below)) / max(float(count.sum()), 1.0)
    return grid


def _scale(axes: Axes, values: Sequence[HostArray]) -> None:
    """A logarithmic axis where all is above 0 and spans more than a factor of 20."""
    positive = [v[np.isfinite(v) & (v > 0)] for v in map(np.asarray, values)]
    positive = [v for v in positive if v.size]
    if positive and max(v.max() for v in positive) > 20 * min(v.min() for v in positive):
        axes.set_yscale("log")


def _legend(axes: Axes) -> None:
    columns = 1 if len(axes.get_lines()) <= 5 else 2
    axes.legend(fontsize=7.5, labelcolor=INK, handlelength=1.6, loc="best", ncols=columns, framealpha=0.8,
                edgecolor="none", borderpad=0.2, columnspacing=1.0)  # fmt: skip
