"""What a trained model can do on the command line: encode, reconstruct, sample, interpolate, traverse, likelihood.

Each but the last writes new files, in a format that the ending of their names says. Samples and labels are those of the
run's own data unless ``data`` names others.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from pellucid import (
    ConfigError,
    FinishedRun,
    HostArray,
    Split,
    SplitName,
    check_amount,
    check_codes,
    check_float,
    check_int,
    check_output,
    class_number,
    open_run,
    save_codes,
    save_samples,
    straight_path,
)

from pellucid_vae import inference
from pellucid_vae.bounds import importance_weighted_bound
from pellucid_vae.models import LatentVariableModel


def encode(
    run: Path, *, data: str | None = None, split: SplitName = "test", output: Path = Path("codes.npy"),
    plot: Path | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Write the codes of samples to a file, one sample a row: the means of q(z | x).

    Args:
        run: a run folder or a saved model.
        data: a file of samples (.npy, .npz, .csv) or the name of a data set; none takes the run's own.
        split: of a data set; a file is taken whole.
        output: a .npy (codes), .npz (codes, labels, classes) or .csv (with the class in front).
        plot: a .png with a scatter plot of the codes, coloured by class; longer codes are shown along their two
            principal axes.
    """
    check_codes(output, plot)
    opened = _opened(run)
    chosen = opened.samples(data, split)
    codes = inference.encode(opened.model, chosen.x, _labels(opened.model, chosen))
    return save_codes(codes, chosen, output, plot)


def reconstruct(
    run: Path, *, data: str | None = None, split: SplitName = "test", first: int = 0, count: int = 10,
    shape: Sequence[int] | None = None, output: Path = Path("reconstructions.png"), scale: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Draw samples in a row, and below each what comes back from the mean of its code.

    Args:
        run: a run folder or a saved model.
        data: a file of samples (.npy, .npz, .csv) or the name of a data set; none takes the run's own.
        split: of a data set; a file is taken whole.
        first: number of the first sample, from 0.
        count: how many samples.
        shape: height and width, and perhaps channels, of a sample; none takes flat ones for squares.
        output: a .png, or a .npy with the reconstructions.
        scale: the file's pixels for each of a sample's, in both directions; none takes 2.
    """
    check_amount(reconstruct, "count", count, output)
    check_output(output, ".png", ".npy")
    opened = _opened(run)
    chosen = opened.samples(data, split)
    check_int(reconstruct, "first", first, f"[0, {len(chosen) - 1}]")
    chosen = chosen.take(np.arange(first, min(first + count, len(chosen))))
    x = np.asarray(chosen.x)
    back = inference.reconstruct(opened.model, x, _labels(opened.model, chosen))
    save_samples(output, np.concatenate([x, back]), numbers=back, columns=len(x), shape=shape, scale=scale)
    error = float(np.mean((back.astype(np.float64) - x) ** 2))
    return {"samples": len(x), "mean_squared_error": error, "file": str(output)}


def sample(
    run: Path, *, count: int = 100, label: str | None = None, seed: int = 0, shape: Sequence[int] | None = None,
    output: Path = Path("samples.png"), scale: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Draw new samples: codes from N(0, I), decoded.

    Args:
        run: a run folder or a saved model.
        count: how many.
        label: of a conditional model: the class to draw; none draws all in turn.
        seed: the same seed, the same samples.
        shape: height and width, and perhaps channels, of a sample; none takes flat ones for squares.
        output: a .png of all samples, or a .npy.
        scale: the file's pixels for each of a sample's, in both directions; none takes 2.
    """
    check_amount(sample, "count", count, output)
    check_output(output, ".png", ".npy")
    model = _opened(run).model
    drawn = inference.sample(model, count, labels=_asked_labels(model, label, count), seed=seed)
    columns = model.conditions if model.conditions and label is None else None
    save_samples(output, drawn, columns=columns, shape=shape, scale=scale)
    return {"samples": count, "seed": seed, "file": str(output)}


def interpolate(
    run: Path, *, between: Sequence[int] = (0, 1), steps: int = 9, label: str | None = None, data: str | None = None,
    split: SplitName = "test", shape: Sequence[int] | None = None, output: Path = Path("interpolation.png"),
    scale: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Walk on a straight line from the code of one sample to that of the next.

    Args:
        run: a run folder or a saved model.
        between: numbers of the samples, from 0, at least two.
        steps: codes on each way, both ends included.
        label: of a conditional model: the class along all ways; none takes on each way that of its first sample.
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
    opened = _opened(run)
    model, chosen = opened.model, opened.samples(data, split)
    for row in between:
        check_int(interpolate, "between", row, f"[0, {len(chosen) - 1}]")
    ends = chosen.take(np.array(between))
    labels = _labels(model, ends)
    codes = inference.encode(model, ends.x, labels)
    along = None if labels is None else labels[:-1].repeat(steps)
    if label is not None:
        along = _asked_labels(model, label, steps * (len(between) - 1))
    frames = inference.decode(model, np.concatenate([straight_path(a, b, steps) for a, b in pairwise(codes)]), along)
    ways = frames.reshape(-1, steps, *frames.shape[1:])
    save_samples(output, frames, numbers=ways, columns=steps, shape=shape, scale=scale)
    return {"ways": len(ways), "steps": steps, "file": str(output)}


def traverse(
    run: Path, *, row: int | None = None, steps: int = 11, span: float = 3.0, label: str | None = None,
    data: str | None = None, split: SplitName = "test", shape: Sequence[int] | None = None,
    output: Path = Path("traversal.png"), scale: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Move each latent unit through its range while the others stand still.

    Args:
        run: a run folder or a saved model.
        row: number of the sample whose code is the starting point; none starts from the origin.
        steps: values of each unit.
        span: from minus this to plus this, in standard deviations of the prior.
        label: of a conditional model: the class; none takes that of the sample, or the first.
        data: a file of samples (.npy, .npz, .csv) or the name of a data set, for ``row``; none takes the run's own.
        split: of a data set; a file is taken whole.
        shape: height and width, and perhaps channels, of a sample; none takes flat ones for squares.
        output: a .png with one row for each unit, or a .npy (latent, steps, …).
        scale: the file's pixels for each of a sample's, in both directions; none takes 2.
    """
    check_amount(traverse, "steps", steps, output, least=2)
    check_float(traverse, "span", span, "(0, inf)")
    check_output(output, ".png", ".npy")
    opened = _opened(run)
    model = opened.model
    check_amount(traverse, "steps for each latent unit", model.latent * steps, output)
    start, along = np.zeros(model.latent), None
    if row is not None:
        chosen = opened.samples(data, split)
        check_int(traverse, "row", row, f"[0, {len(chosen) - 1}]")
        one = chosen.take(np.array([row]))
        labels = _labels(model, one)
        start = inference.encode(model, one.x, labels)[0]
        along = None if labels is None else labels.repeat(model.latent * steps)
    codes = np.tile(start, (model.latent, steps, 1))
    for unit in range(model.latent):
        codes[unit, :, unit] = np.linspace(-span, span, steps)
    if label is not None:
        along = _asked_labels(model, label, model.latent * steps)
    elif along is None and model.conditions:
        along = np.zeros(model.latent * steps, np.int64)
    frames = inference.decode(model, codes.reshape(-1, model.latent), along)
    rows = frames.reshape(model.latent, steps, *frames.shape[1:])
    save_samples(output, frames, numbers=rows, columns=steps, shape=shape, scale=scale)
    return {"units": model.latent, "steps": steps, "file": str(output)}


def likelihood(
    run: Path, *, samples: int = 5000, seed: int = 0, data: str | None = None, split: SplitName = "test",
    first: int = 0, count: int | None = None, batch_size: int = 256,
) -> dict[str, Any]:  # fmt: skip
    """Estimate log p(x) of samples in nats, by importance sampling from q(z | x).

    The estimate is a lower bound in expectation, which many samples bring close to log p(x); with one sample it is the
    evidence lower bound. Pixels that the objective binarises are drawn once, by the seed.

    Args:
        run: a run folder or a saved model.
        samples: codes for each sample; 5000 is what publications take.
        seed: of pixels and codes.
        data: a file of samples (.npy, .npz, .csv) or the name of a data set; none takes the run's own.
        split: of a data set; a file is taken whole.
        first: number of the first sample, from 0.
        count: how many samples; none takes all from the first on.
        batch_size: rows at a time.
    """
    opened = _opened(run)
    chosen = opened.samples(data, split)
    check_int(likelihood, "first", first, f"[0, {len(chosen) - 1}]")
    if count is not None:
        check_int(likelihood, "count", count, "[1, inf)")
    chosen = chosen.take(np.arange(first, len(chosen))[:count])
    found = importance_weighted_bound(
        opened.model, chosen.x, _labels(opened.model, chosen), samples=samples, seed=seed, batch_size=batch_size
    )
    error = float(found.std(ddof=1) / np.sqrt(len(found))) if len(found) > 1 else None
    return {"samples": len(found), "codes": samples, "log_likelihood": float(found.mean()), "standard_error": error}


# -- what they share -------------------------------------------------------------------------------------------------


def _opened(run: Path) -> FinishedRun[LatentVariableModel]:
    return open_run(run, of=LatentVariableModel)  # type: ignore[type-abstract]


def _labels(model: LatentVariableModel, split: Split) -> HostArray | None:
    """The labels of the samples, where the model takes them."""
    return split.y if model.conditions else None


def _asked_labels(model: LatentVariableModel, label: str | None, count: int) -> HostArray | None:
    """The class asked for, ``count`` times; all classes in turn where none is asked for."""
    if not model.conditions:
        if label is not None:
            raise ConfigError("This model is unconditional: --label has no meaning for it. Leave it out.")
        return None
    if label is None:
        return np.arange(count) % model.conditions
    return np.full(count, class_number(model, label, model.conditions))
