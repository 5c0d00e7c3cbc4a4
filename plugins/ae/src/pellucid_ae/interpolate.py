"""pellucid interpolate RUN: what lies between samples, along the straight line between their codes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pellucid import ConfigError
from pellucid.experiments.finished import Part, open_run
from pellucid.experiments.outputs import check_output
from pellucid.pictures import as_images, save_png, tile

from pellucid_ae.autoencoder import Autoencoder
from pellucid_ae.runs import chosen

if TYPE_CHECKING:
    from pellucid.model import HostArray


def interpolate(
    run: Path, *, between: Sequence[int] = (0, 1), steps: int = 9, data: str | None = None, part: Part = "test",
    shape: Sequence[int] | None = None, output: Path = Path("interpolation.png"), scale: int = 2,
) -> dict[str, Any]:  # fmt: skip
    """Draw the way from one sample's reconstruction to the next one's: a row for each pair of neighbours in --between.

    Args:
        run: a run folder or a saved model.
        between: numbers of the samples, from 0, at least two.
        steps: pictures in a row, both ends included.
        data: a file of samples (.npy, .npz, .csv) or the name of a data set; default: that of the run.
        part: of a data set; a file is taken whole.
        shape: height and width, and perhaps channels, of a sample that is no picture as it is; flat samples are taken
            for squares.
        output: a new .png.
        scale: each pixel of a sample as so many of the picture.

    Returns:
        the rows and columns of the picture, and the file.

    Raises:
        ConfigError: no autoencoder, a sample that is not there, a file that exists already, no Pillow.
        DataError: samples that are no pictures.
    """
    if len(between) < 2:
        raise ConfigError(f"--between needs at least two samples. Received: {list(between)}.")
    if steps < 2 or scale < 1:
        raise ConfigError(f"--steps must be at least 2 and --scale at least 1. Received: {steps} and {scale}.")
    check_output(output, ".png")
    finished = open_run(run, of=Autoencoder)
    model = finished.model
    samples = finished.samples(data, part).x
    assert not isinstance(samples, tuple)
    codes = model.encode(chosen(samples, between, "between"))
    strips = [line(a, b, steps) for a, b in pairwise(codes)]
    images = as_images(model.decode(np.concatenate(strips)), shape)
    save_png(tile(images, columns=steps), output, scale=scale)
    return {"rows": len(strips), "columns": steps, "output": str(output)}


def line(a: HostArray, b: HostArray, steps: int) -> HostArray:
    """``(1 − t) a + t b`` for ``steps`` values of t from 0 to 1: (steps, K)."""
    t = np.linspace(0.0, 1.0, steps)[:, None]
    return ((1 - t) * a + t * b).astype(a.dtype)
