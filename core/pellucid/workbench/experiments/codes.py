"""Codes of samples, as models with an encoder give them: written to a file, drawn as points, joined by lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.checks import check_int
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.samples import Split, class_labels
from pellucid.saving.files import replace_by
from pellucid.workbench.experiments.figures import BLUE, FAINT, INK, style
from pellucid.workbench.experiments.outputs import MOST_MADE, check_output, save_array, save_arrays, save_table

MOST_CLASSES = 20
"""Classes that colours can still tell apart."""


def straight_path(start: HostArray, end: HostArray, steps: int) -> HostArray:
    """Codes at equal distances on the line from ``start`` to ``end``, both (K,) and included: (steps, K)."""
    check_int(straight_path, "steps", steps, f"[2, {MOST_MADE}]")
    t = np.linspace(0.0, 1.0, steps)[:, None]
    return (1 - t) * start + t * end


def check_codes(output: Path, plot: Path | None) -> None:
    """Raise ConfigError unless these files can be made; called before any work is done for them."""
    check_output(output, ".npy", ".npz", ".csv")
    if plot is not None:
        check_output(plot, ".png", option="plot")


def save_codes(codes: HostArray, split: Split, output: Path, plot: Path | None) -> dict[str, Any]:
    """Write codes (N, K) of samples, and draw them.

    Args:
        split: the samples, whose classes stand beside the codes.
        output: a .npy (codes), .npz (codes, and labels and classes or targets) or .csv (with the class in front).
        plot: a .png with a point for each code, or None; see :func:`draw`.

    Returns:
        what a verb says: how many samples, the length of a code, and the files.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    if plot is not None:  # before anything is written: matplotlib may be missing
        draw(codes, class_labels(split.y), split.classes, plot)
    suffix = output.suffix.lower()
    if suffix == ".npy":
        save_array(output, codes)
    elif suffix == ".npz":
        save_arrays(output, codes=codes, **_told(split))
    else:
        save_table(output, _rows(codes, split))
    written = {"samples": len(codes), "latent": codes.shape[1], "file": str(output)}
    return written if plot is None else written | {"plot": str(plot)}


def _told(split: Split) -> dict[str, Any]:
    """What is known of the samples, as arrays."""
    told: dict[str, Any] = {}
    if split.y is not None:
        told["targets" if class_labels(split.y) is None else "labels"] = split.y
    if split.classes is not None:
        told["classes"] = np.array(split.classes)
    return told


def _rows(codes: HostArray, split: Split) -> Iterator[list[Any]]:
    header = [f"code {k}" for k in range(codes.shape[1])]
    labels = class_labels(split.y)
    if labels is None:
        yield from [header, *codes.tolist()]
        return
    yield ["class", *header]
    for label, code in zip(labels.tolist(), codes.tolist(), strict=True):
        yield [label if split.classes is None else split.classes[label], *code]


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
