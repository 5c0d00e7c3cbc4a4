"""Codes of samples, as models with an encoder give them: written to a file, drawn as points, joined by lines."""

from __future__ import annotations

import csv
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.checks import check_int
from pellucid.basics.files import replace_file
from pellucid.interfaces.samples import Split
from pellucid.workbench.experiments.outputs import check_output, save_array


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

        draw(codes, split.y if _are_labels(split.y) else None, split.classes, plot)
    suffix = output.suffix.lower()
    if suffix == ".npy":
        save_array(output, codes)
    else:
        replace_file(output, _as_npz(codes, split) if suffix == ".npz" else _as_csv(codes, split).encode())
    written = {"samples": len(codes), "latent": codes.shape[1], "file": str(output)}
    return written if plot is None else written | {"plot": str(plot)}


def _as_npz(codes: HostArray, split: Split) -> bytes:
    arrays: dict[str, Any] = {"codes": codes}
    if split.y is not None:
        arrays["labels" if _are_labels(split.y) else "targets"] = split.y
    if split.classes is not None:
        arrays["classes"] = np.array(split.classes)
    encoded = BytesIO()
    np.savez(encoded, **arrays)
    return encoded.getvalue()


def _as_csv(codes: HostArray, split: Split) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    header = [f"code {k}" for k in range(codes.shape[1])]
    if split.y is not None and _are_labels(split.y):
        names = split.classes
        writer.writerow(["class", *header])
        for label, code in zip(split.y.tolist(), codes.tolist(), strict=True):
            writer.writerow([label if names is None else names[label], *code])
    else:
        writer.writerow(header)
        writer.writerows(codes.tolist())
    return text.getvalue()


def _are_labels(y: HostArray | None) -> bool:
    return y is not None and y.ndim == 1 and y.dtype.kind in "iu"
