"""What a trained model can do on the command line: encode, reconstruct, interpolate.

Each writes new files, in a format that the ending of their names says. Samples are those of the run's own data unless
``data`` names others.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from pellucid import (
    ConfigError,
    HostArray,
    SplitName,
    check_amount,
    check_codes,
    check_int,
    check_output,
    in_batches,
    open_run,
    save_codes,
    save_samples,
    straight_path,
)

from pellucid_ae.autoencoder import Autoencoder


def encode(
    run: Path, *, data: str | None = None, split: SplitName = "test", output: Path = Path("codes.npy"),
    plot: Path | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Write the codes of samples to a file, one sample a row.

    Args:
        run: a run folder or a saved model.
        data: a file of samples (.npy, .npz, .csv) or the name of a data set; none takes the run's own.
        split: of a data set; a file is taken whole.
        output: a .npy (codes), .npz (codes, labels, classes) or .csv (with the class in front).
        plot: a .png with a scatter plot of the codes, coloured by class; longer codes are shown along their two
            principal axes.
    """
    check_codes(output, plot)
    opened = open_run(run, of=Autoencoder)
    chosen = opened.samples(data, split)
    return save_codes(opened.model.encode(chosen.x), chosen, output, plot)


def reconstruct(
    run: Path, *, data: str | None = None, split: SplitName = "test", first: int = 0, count: int = 10, seed: int = 0,
    shape: Sequence[int] | None = None, output: Path = Path("reconstructions.png"), scale: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Draw samples in a row, and below each what comes back from its code.

    A denoising autoencoder gets its samples corrupted as in training; they stand in a row between.

    Args:
        run: a run folder or a saved model.
        data: a file of samples (.npy, .npz, .csv) or the name of a data set; none takes the run's own.
        split: of a data set; a file is taken whole.
        first: number of the first sample, from 0.
        count: how many samples.
        seed: of the corruption.
        shape: height and width, and perhaps channels, of a sample; none takes flat ones for squares.
        output: a .png, or a .npy with the reconstructions.
        scale: the file's pixels for each of a sample's, in both directions; none takes 2.
    """
    check_amount(reconstruct, "count", count, output)
    check_int(reconstruct, "seed", seed, "[0, inf)")
    check_output(output, ".png", ".npy")
    opened = open_run(run, of=Autoencoder)
    model = opened.model
    chosen = opened.samples(data, split)
    check_int(reconstruct, "first", first, f"[0, {len(chosen) - 1}]")
    x = np.asarray(chosen.x)[first : first + count]
    rows, errors = [x], {}
    if model.corruption is not None:
        rows.append(corrupted(model, x, seed))
        errors["mean_squared_error_of_the_corrupted"] = _error(rows[1], x)
    rows.append(model.reconstruct(rows[-1]))
    save_samples(output, np.concatenate(rows), numbers=rows[-1], columns=len(x), shape=shape, scale=scale)
    return {"samples": len(x), "mean_squared_error": _error(rows[-1], x), **errors, "file": str(output)}


def interpolate(
    run: Path, *, between: Sequence[int] = (0, 1), steps: int = 9, data: str | None = None, split: SplitName = "test",
    shape: Sequence[int] | None = None, output: Path = Path("interpolation.png"), scale: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Walk on a straight line from the code of one sample to that of the next.

    Args:
        run: a run folder or a saved model.
        between: numbers of the samples, from 0, at least two.
        steps: codes on each way, both ends included.
        data: a file of samples (.npy, .npz, .csv) or the name of a data set; none takes the run's own.
        split: of a data set; a file is taken whole.
        shape: height and width, and perhaps channels, of a sample; none takes flat ones for squares.
        output: a .png with a row for each way, a .gif of all ways, or a .npy (ways, steps, …).
        scale: the file's pixels for each of a sample's, in both directions; none takes 2, in a .gif 8.
    """
    if len(between) < 2:
        raise ConfigError(f"--between needs at least two samples. Received: {list(between)}.")
    check_amount(interpolate, "steps", steps, output, least=2)
    check_amount(interpolate, "steps of all ways", steps * (len(between) - 1), output)
    check_output(output, ".png", ".gif", ".npy")
    opened = open_run(run, of=Autoencoder)
    chosen = opened.samples(data, split)
    for row in between:
        check_int(interpolate, "between", row, f"[0, {len(chosen) - 1}]")
    codes = opened.model.encode(chosen.take(np.array(between)).x)
    frames = opened.model.decode(np.concatenate([straight_path(a, b, steps) for a, b in pairwise(codes)]))
    ways = frames.reshape(-1, steps, *frames.shape[1:])
    save_samples(output, frames, numbers=ways, columns=steps, shape=shape, scale=scale)
    return {"ways": len(ways), "steps": steps, "file": str(output)}


def corrupted(model: Autoencoder, x: Any, seed: int) -> HostArray:
    """Samples as a model with a corruption would see them in training, in the units of the data.

    Raises:
        ConfigError: the model has no corruption, or a seed that is none.
    """
    check_int(corrupted, "seed", seed, "[0, inf)")
    if model.corruption is None:
        raise ConfigError(
            "This autoencoder has no 'corruption': it was trained on the samples as they are. Give a "
            "denoising_autoencoder, or an autoencoder built with a corruption."
        )
    forward = model.corruption.forward
    return in_batches(model, forward, x, training=True, seed=seed, from_data=True, into_data=True)


def _error(a: HostArray, b: HostArray) -> float:
    """Mean squared, in the units of the data."""
    return float(np.mean((a.astype(np.float64) - b) ** 2))
