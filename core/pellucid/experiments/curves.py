"""draw: the loss, the metrics and the learning rate over the epochs as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

TRAIN, VALIDATION, LR, BEST, INK, GRID = "#9aa5b1", "#0b6e99", "#b7791f", "#c2410c", "#1f2933", "#e4e7eb"
_NOT_METRICS = ("epoch", "step", "loss", "penalty", "lr", "seconds", "validation_loss")


def draw(epochs: Sequence[Mapping[str, Any]], summary: Mapping[str, Any], path: Path) -> None:
    """Write a PNG with one panel for the loss, one for each metric and one for the learning rate.

    Args:
        epochs: the lines of metrics.jsonl.
        summary: of the run; the best epoch is marked and the test figures are given.
    """
    metrics = [name for name in epochs[-1] if name not in _NOT_METRICS]
    panels = 2 + len(metrics)
    columns = min(panels, 3)
    rows = -(-panels // columns)
    figure = Figure(figsize=(5.0 * columns, 0.9 + 3.6 * rows), dpi=130, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = [figure.add_subplot(rows, columns, i + 1) for i in range(panels)]
    best = int(summary["best_epoch"])
    _loss(axes[0], epochs)
    for panel, name in zip(axes[1:], metrics, strict=False):
        _line(panel, epochs, name, VALIDATION, "validation")
        panel.set_title(name.removeprefix("validation_").replace("_", " "))
    _line(axes[-1], epochs, "lr", LR, "learning rate")
    axes[-1].set_title("learning rate")
    axes[-1].set_ylim(bottom=0)
    for panel in axes:
        _style(panel, best, len(epochs))
    for panel, name in zip(axes, ["validation_loss", *metrics], strict=False):
        _mark_best(panel, epochs, name, best)
        panel.legend(frameon=False, fontsize=9, labelcolor=INK)
    figure.suptitle(_title(summary), x=0.01, ha="left", fontsize=12, color=INK)
    figure.savefig(path)


def _loss(panel: Axes, epochs: Sequence[Mapping[str, Any]]) -> None:
    _line(panel, epochs, "loss", TRAIN, "training")
    if "validation_loss" in epochs[-1]:
        _line(panel, epochs, "validation_loss", VALIDATION, "validation")
    values = [e[name] for e in epochs for name in ("loss", "validation_loss") if isinstance(e.get(name), float)]
    if values and min(values) > 0 and max(values) > 30 * min(values):
        panel.set_yscale("log")
    panel.set_title("loss")


def _line(panel: Axes, epochs: Sequence[Mapping[str, Any]], name: str, color: str, label: str) -> None:
    x = [epoch["epoch"] for epoch in epochs]
    y = [float("nan") if epoch.get(name) is None else epoch[name] for epoch in epochs]
    panel.plot(x, y, color=color, label=label, linewidth=1.8, marker="o" if len(x) == 1 else None)


def _mark_best(panel: Axes, epochs: Sequence[Mapping[str, Any]], name: str, best: int) -> None:
    value = next((epoch.get(name) for epoch in epochs if epoch["epoch"] == best), None)
    if value is not None:
        panel.plot([best], [value], "o", color=BEST, markersize=6, label=f"best epoch {best}: {value:.4g}", zorder=5)


def _style(panel: Axes, best: int, count: int) -> None:
    panel.axvline(best, color=BEST, linewidth=0.8, linestyle=(0, (4, 3)), alpha=0.7, zorder=0)
    panel.set_xlabel("epoch", color=INK)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    if count > 1:
        panel.set_xlim(1, count)
    panel.grid(color=GRID, linewidth=0.8)
    panel.set_axisbelow(True)
    panel.tick_params(colors=INK, length=0, labelsize=9)
    panel.title.set_color(INK)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        panel.spines[side].set_color(GRID)


def _title(summary: Mapping[str, Any]) -> str:
    test = summary.get("test") or {}
    figures = " · ".join(f"{name} {value:.4g}" for name, value in test.items() if isinstance(value, float))
    name = f"{str(summary['model']).rpartition('/')[2]} on {str(summary['data']).rpartition('/')[2]}"
    return f"{name}   test: {figures}" if figures else name
