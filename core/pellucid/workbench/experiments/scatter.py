"""draw: the codes of samples as points, coloured by class."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import ConfigError
from pellucid.basics.files import replace_by
from pellucid.workbench.experiments.figures import BLUE, FAINT, INK, style

MOST_CLASSES = 20
"""Classes that colours can still tell apart."""


def draw(codes: HostArray, labels: HostArray | None, classes: tuple[str, ...] | None, path: Path) -> None:
    """Write a PNG of the codes (N, K) in the plane.

    Args:
        labels: of each sample, or None; more than ``MOST_CLASSES`` are not coloured.
        classes: their names, or None.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigError('Codes are drawn by matplotlib, which is missing: pip install "pellucid[plot]".') from error
    points, names = plane(codes)
    figure = Figure(figsize=(7.2, 6.0), dpi=130, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    different = [] if labels is None else np.unique(labels).tolist()
    if labels is None or len(different) > MOST_CLASSES:
        axes.scatter(points[:, 0], points[:, 1], s=5, linewidths=0, alpha=0.6, color=BLUE)
    else:
        from matplotlib import colormaps

        colors = colormaps["tab10" if len(different) <= 10 else "tab20"]
        for k, label in enumerate(different):
            name = str(label) if classes is None else classes[label]
            x, y = points[labels == label].T
            axes.scatter(x, y, s=5, linewidths=0, alpha=0.6, color=colors(k), label=name)
        legend = axes.legend(
            frameon=False, fontsize=9, labelcolor=INK, markerscale=3, loc="center left", bbox_to_anchor=(1.0, 0.5)
        )
        for handle in legend.legend_handles:
            if handle is not None:
                handle.set_alpha(1.0)
    axes.set_xlabel(names[0], color=FAINT, fontsize=9)
    axes.set_ylabel(names[1], color=FAINT, fontsize=9)
    style(axes)
    replace_by(path, lambda file: figure.savefig(file, format="png"))


def plane(codes: HostArray) -> tuple[HostArray, tuple[str, str]]:
    """Points (N, 2) and what their axes are: the code itself if it has two numbers; a single number against the order
    of the samples; otherwise the two directions in which the codes vary most."""
    n, size = codes.shape
    if size == 1:
        return np.stack([np.arange(n), codes[:, 0]], axis=1), ("sample", "code 0")
    if size == 2:
        return codes, ("code 0", "code 1")
    centred = codes.astype(np.float64) - codes.mean(axis=0, dtype=np.float64)
    variances, axes = np.linalg.eigh(centred.T @ centred)  # ascending
    shares = variances[::-1][:2] / max(variances.sum(), np.finfo(np.float64).tiny)
    first, second = (f"principal axis {k + 1} of the codes ({share:.0%} of the variance)"
                     for k, share in enumerate(shares))  # fmt: skip
    return centred @ axes[:, ::-1][:, :2], (first, second)
