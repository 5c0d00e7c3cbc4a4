"""pellucid reconstruct RUN: samples over what comes back from their codes, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pellucid import ConfigError
from pellucid.experiments.finished import Part, open_run
from pellucid.experiments.outputs import check_output
from pellucid.model import transformed
from pellucid.pictures import as_images, save_png, tile
from pellucid.prediction import in_batches, to_data

from pellucid_ae.autoencoder import Autoencoder

if TYPE_CHECKING:
    from pellucid.model import HostArray


def reconstruct(
    run: Path, *, data: str | None = None, part: Part = "test", count: int = 10, first: int = 0,
    shape: Sequence[int] | None = None, output: Path = Path("reconstructions.png"), scale: int = 2, seed: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """Draw samples in a row, and below each what the model makes of it.

    A denoising autoencoder gets its samples corrupted as in training; they stand in a row between.

    Args:
        run: a run folder or a saved model.
        data: a file of samples (.npy, .npz, .csv) or the name of a data set; default: that of the run.
        part: of a data set; a file is taken whole.
        count: how many samples.
        first: number of the first of them, from 0.
        shape: height and width, and perhaps channels, of a sample that is no picture as it is; flat samples are taken
            for squares.
        output: a new .png.
        scale: each pixel of a sample as so many of the picture.
        seed: of the corruption.

    Returns:
        the mean squared errors per pixel over these samples, in the units of the data, and the file.

    Raises:
        ConfigError: no autoencoder, a file that exists already, no Pillow. DataError: samples that are no pictures.
    """
    if count < 1 or first < 0 or scale < 1:
        raise ConfigError(
            "--count and --scale must be at least 1, --first at least 0. "
            f"Received: {count}, {scale} and {first}."
        )
    check_output(output, ".png")
    finished = open_run(run, of=Autoencoder)
    model = finished.model
    samples = finished.samples(data, part)
    clean = np.asarray(samples.x)[first : first + count]
    if not len(clean):
        raise ConfigError(f"--first {first}: there are {len(samples)} samples, counted from 0.")
    rows, errors = [clean], {}
    seen = clean
    if model.corruption is not None:
        seen = corrupted(model, clean, seed)
        rows.append(seen)
        errors["error_of_the_corrupted"] = _error(seen, clean)
    rows.append(model.reconstruct(seen))
    errors["error"] = _error(rows[-1], clean)
    images = as_images(np.concatenate(rows), shape)
    save_png(tile(images, columns=len(clean)), output, scale=scale)
    return {"samples": len(clean), **errors, "output": str(output)}


def corrupted(model: Autoencoder, x: HostArray, seed: int) -> HostArray:
    """Samples as the model would see them in training, in the units of the data."""
    assert model.corruption is not None
    return to_data(model, in_batches(model, model.corruption.forward, *transformed(model, x), training=True, seed=seed))


def _error(a: HostArray, b: HostArray) -> float:
    return float(np.mean((a.astype(np.float64) - b) ** 2))
