"""pellucid encode RUN: the codes of samples, as a file and as a picture."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pellucid.experiments.finished import Part, open_run
from pellucid.experiments.outputs import check_output, save_array
from pellucid.saving.atomic import replace_file

from pellucid_ae.autoencoder import Autoencoder

if TYPE_CHECKING:
    from pellucid import Split
    from pellucid.model import HostArray


def encode(
    run: Path, *, data: str | None = None, part: Part = "test", output: Path = Path("codes.npy"),
    plot: Path | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Write the codes of samples to a file, one sample a row.

    Args:
        run: a run folder or a saved model.
        data: a file of samples (.npy, .npz, .csv) or the name of a data set; default: that of the run.
        part: of a data set; a file is taken whole.
        output: a new .npy (codes), .npz (codes, labels, classes) or .csv (with the class in front).
        plot: a new .png with a scatter plot of the codes, coloured by class; longer codes are shown along their two
            principal axes.

    Returns:
        how many samples, the length of a code, and the files.

    Raises:
        ConfigError: no autoencoder, a file that exists already. DataError: unusable samples.
    """
    check_output(output, ".npy", ".npz", ".csv")
    if plot is not None:
        check_output(plot, ".png", option="plot")
    finished = open_run(run, of=Autoencoder)
    model = finished.model
    split = finished.samples(data, part)
    codes = model.encode(split.x)
    if plot is not None:  # before anything is written: matplotlib may be missing
        from pellucid_ae.scatter import draw

        labels = split.y if _are_labels(split.y) else None
        draw(codes, labels, split.classes, plot)
    _write(output, codes, split)
    written = {"samples": len(codes), "latent": codes.shape[1], "output": str(output)}
    return written if plot is None else written | {"plot": str(plot)}


def _write(path: Path, codes: HostArray, split: Split) -> None:
    if path.suffix.lower() == ".npy":
        save_array(path, codes)
        return
    buffer = io.BytesIO()
    if path.suffix.lower() == ".npz":
        arrays: dict[str, Any] = {"codes": codes}
        if split.y is not None:
            arrays["labels" if _are_labels(split.y) else "targets"] = split.y
        if split.classes is not None:
            arrays["classes"] = np.array(split.classes)
        np.savez(buffer, **arrays)
    else:
        buffer.write(_as_csv(codes, split).encode())
    replace_file(path, buffer.getvalue())


def _as_csv(codes: HostArray, split: Split) -> str:
    text = io.StringIO()
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
