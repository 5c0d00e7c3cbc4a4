"""draw: the loss, the metrics and the learning rate over the epochs as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pellucid.saving.files import replace_by
from pellucid.workbench.experiments.figures import BLUE, FAINT, INK, ORANGE, RED, VIOLET, dots, style

Epochs = Sequence[Mapping[str, Any]]

TRAINING, VALIDATION, RATE, BEST = ORANGE, BLUE, VIOLET, RED
PANEL, HEADING = (4.6, 3.2), 0.62
"""Width and height of a panel, height of the heading, in inches."""
_NO_METRICS = ("epoch", "step", "loss", "penalty", "lr", "seconds", "validation_loss")
_LOGARITHMIC = 20.0
"""A loss that spans more than this factor is drawn on a logarithmic axis."""


def draw(epochs: Epochs, summary: Mapping[str, Any], path: Path) -> None:
    """Write a PNG with one panel for the loss, one for each metric and one for the learning rate.

    Args:
        epochs: the lines of metrics.jsonl, at least one.
        summary: of the run; its best epoch is marked, and its test figures stand above.
    """
    metrics = [*dict.fromkeys(name.removeprefix("validation_") for name in epochs[-1] if name not in _NO_METRICS)]
    count = 2 + len(metrics)
    columns = min(count, 3)
    rows = -(-count // columns)
    width, height = PANEL[0] * columns, PANEL[1] * rows + HEADING
    figure = Figure(figsize=(width, height), dpi=150, facecolor="white")
    # Margins in inches, wide enough for every tick's text: matplotlib's own layout draws all of it once more.
    figure.subplots_adjust(
        left=0.55 / width, right=1 - 0.2 / width, bottom=0.55 / height, top=1 - (HEADING + 0.4) / height,
        wspace=0.7 / (PANEL[0] - 0.7), hspace=0.95 / (PANEL[1] - 0.95),
    )  # fmt: skip
    FigureCanvasAgg(figure)
    panels = [figure.add_subplot(rows, columns, i + 1) for i in range(count)]
    best = int(summary["best_epoch"])

    _loss(panels[0], epochs, best)
    for panel, name in zip(panels[1:], metrics, strict=False):
        _parts(panel, epochs, name, best)
        panel.set_title(name.replace("_", " "))
    _line(panels[-1], epochs, "lr", RATE, "")
    panels[-1].set_title("learning rate")
    panels[-1].set_ylim(bottom=0)
    panels[-1].ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
    for panel in panels:
        _style(panel, best, [epoch["epoch"] for epoch in epochs])
    _title(figure, summary)
    replace_by(path, lambda file: figure.savefig(file, format="png"))


def _parts(panel: Axes, epochs: Epochs, name: str, best: int) -> list[str]:
    """A figure of the training samples and of those for validation, as far as there are any: their names."""
    parts = {name: ("training", TRAINING), f"validation_{name}": ("validation", VALIDATION)}
    if name in _NO_METRICS and name != "loss":  # validation's figure of another thing's name
        del parts[name]
    shown = [part for part in parts if any(epoch.get(part) is not None for epoch in epochs)]
    for part in shown:
        label, color = parts[part]
        _line(panel, epochs, part, color, label)
    if shown:
        _mark_best(panel, epochs, shown[-1], best)
    return shown


def _loss(panel: Axes, epochs: Epochs, best: int) -> None:
    shown = _parts(panel, epochs, "loss", best)
    values = [epoch[name] for epoch in epochs for name in shown if epoch.get(name) is not None]
    if values and min(values) > 0 and max(values) > _LOGARITHMIC * min(values):
        panel.set_yscale("log")
    panel.set_title("loss")


def _line(panel: Axes, epochs: Epochs, name: str, color: str, label: str) -> None:
    x = [epoch["epoch"] for epoch in epochs]
    y = [float("nan") if epoch.get(name) is None else epoch[name] for epoch in epochs]
    both = {"marker": "o", "markersize": 4} if len(x) < 3 else dots(y)
    panel.plot(x, y, color=color, label=label or None, linewidth=1.9, solid_capstyle="round", **both)


def _mark_best(panel: Axes, epochs: Epochs, name: str, best: int) -> None:
    value = next((epoch.get(name) for epoch in epochs if epoch["epoch"] == best), None)
    if value is not None:
        panel.plot([best], [value], "o", color=BEST, markersize=6.5, markeredgecolor="white", markeredgewidth=1.2,
                   label=f"best epoch {best}: {value:.4g}", zorder=5)  # fmt: skip
    panel.legend(frameon=False, fontsize=8.5, labelcolor=INK, handlelength=1.6, loc="best")


def _style(panel: Axes, best: int, numbers: Sequence[int]) -> None:
    style(panel)
    panel.axvline(best, color=BEST, linewidth=0.9, linestyle=(0, (2, 3)), alpha=0.8, zorder=1)
    panel.set_xlabel("epoch", color=FAINT, fontsize=9)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7, min_n_ticks=1))
    margin = max((numbers[-1] - numbers[0]) * 0.03, 0.3)
    panel.set_xlim(numbers[0] - margin, numbers[-1] + margin)
    panel.yaxis.get_offset_text().set(color=FAINT, fontsize=8)
    panel.title.set(color=INK, fontsize=11)


def _title(figure: Figure, summary: Mapping[str, Any]) -> None:
    """What was trained, and below it the test figures."""
    model, data = (str(summary[name]).rpartition("/")[2] for name in ("model", "data"))
    figures = {name: value for name, value in (summary.get("test") or {}).items() if value is not None}
    test = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in figures.items())
    epochs = f"{summary['epochs']} epoch{'s' * (summary['epochs'] != 1)}"
    time = f"{epochs} in {summary['training_seconds']:.2f} s"
    facts = [*([f"test {test}"] if test else []), f"{summary['parameters']:,} parameters", time]
    width, height = figure.get_size_inches()
    left = 0.16 / width
    figure.text(left, 1 - 0.14 / height, f"{model} on {data}", va="top", fontsize=13, color=INK, weight="bold")
    figure.text(left, 1 - 0.42 / height, "   ·   ".join(facts), va="top", fontsize=9.5, color=FAINT)
