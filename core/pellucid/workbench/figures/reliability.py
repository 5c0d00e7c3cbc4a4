"""draw_reliability: whether a model that says 80 % is right in four of five cases, as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from pellucid.workbench.evaluation.calibration import Calibration, Reliability
from pellucid.workbench.evaluation.interval import wilson
from pellucid.workbench.experiments.figures import BLUE, FAINT, GRID, INK, ORANGE, style
from pellucid.workbench.figures.sheet import Sheet, say_axes, say_title


def draw_reliability(found: Calibration, path: Path, *, title: str = "calibration") -> str:
    """Write a PNG: on the left the part that was right against what was said, a dot for each bin the larger
    the more samples it has, with Wilson's interval, before and after the temperature; on the right how often what was
    said.

    Returns:
        why nothing was drawn, or empty.
    """
    sheet = Sheet(1, 2, panel=(3.9, 3.5))
    axes, counts = sheet.axes(0), sheet.axes(1)
    style(axes)
    style(counts)
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1.0, linestyle=(0, (2, 3)), zorder=1, label="as said")
    _dots(axes, found.before, ORANGE, "as it is", "o")
    if found.after is not None and found.temperature is not None:
        _dots(axes, found.after, BLUE, f"at temperature {found.temperature:.3g}", "s")
    low = min(b.confidence for r in (found.before, found.after) if r is not None for b in r.bins if b.count)
    start = max(0.0, np.floor(low * 10) / 10 - 0.05)
    axes.set_xlim(start, 1.02)
    axes.set_ylim(-0.03, 1.04)
    say_axes(axes, "what the model says", "what is right of it")
    say_title(axes, "right against said")
    width = found.before.bins[0].high - found.before.bins[0].low
    parts = [(found.before, ORANGE, -0.2), *([] if found.after is None else [(found.after, BLUE, 0.2)])]
    for reliability, colour, shift in parts:
        wide = width * (0.8 if len(parts) == 1 else 0.4)
        middles = [(b.low + b.high) / 2 + (shift * width if len(parts) > 1 else 0) for b in reliability.bins]
        counts.bar(middles, [b.count for b in reliability.bins], wide, color=colour, edgecolor=GRID, linewidth=0.3)
    counts.set_yscale("symlog", linthresh=1)
    counts.set_ylim(bottom=0)
    counts.set_xlim(start, 1.02)
    say_axes(counts, "what the model says", "samples")
    say_title(counts, "how often")
    counts.legend(*axes.get_legend_handles_labels(), frameon=False, fontsize=8, labelcolor=INK, loc="upper left")
    sheet.heading(title, _facts(found))
    sheet.save(path)
    return ""


def _dots(axes: Axes, found: Reliability, colour: str, label: str, marker: str) -> None:
    bins = [b for b in found.bins if b.count]
    x, y = [b.confidence for b in bins], [b.accuracy for b in bins]
    share = np.array([b.count for b in bins]) / max(sum(b.count for b in bins), 1)
    bounds = [wilson(b.accuracy * b.count, b.count) for b in bins]
    axes.vlines(
        x, [each.low for each in bounds], [each.high for each in bounds], color=colour, linewidth=1.0, alpha=0.7
    )
    axes.scatter(x, y, s=16 + 130 * np.sqrt(share), color=colour, marker=marker, edgecolor="white", linewidth=0.8,
                 zorder=3, alpha=0.9)  # fmt: skip
    axes.scatter([], [], s=30, color=colour, marker=marker, label=label)


def _facts(found: Calibration) -> list[str]:
    """In words: the error of calibration, before and after."""
    facts = [f"expected calibration error {found.before.ece:.4f}", f"NLL {found.before.nll:.4f}"]
    if found.after is not None and found.temperature is not None:
        return [*facts, f"at temperature {found.temperature:.3g}: {found.after.ece:.4f}, NLL {found.after.nll:.4f}"]
    return [*facts, f"no temperature: {found.why}" if found.why else ""]
