"""Codes of samples, as models with an encoder give them: written to a file, drawn as points, joined by lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.checks import check_int
from pellucid.interfaces.dataset import class_labels
from pellucid.interfaces.samples import Split
from pellucid.workbench.experiments.outputs import check_output, save_array, save_arrays, save_table


def straight_path(start: HostArray, end: HostArray, steps: int) -> HostArray:
    """Codes at equal distances on the line from ``start`` to ``end``, both (K,) and included: (steps, K)."""
    check_int(straight_path, "steps", steps, "[2, inf)")
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
        plot: a .png with a point for each code, or None; see :mod:`pellucid.workbench.experiments.scatter`.

    Returns:
        what a verb says: how many samples, the length of a code, and the files.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    if plot is not None:  # before anything is written: matplotlib may be missing
        from pellucid.workbench.experiments.scatter import draw

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
