"""What a trained model can do on the command line: encode, reconstruct, sample, interpolate, traverse.

Each writes one file, a picture where its name ends in .png, the array itself where it ends in .npy, and never
overwrites one. Samples and labels are those of the run's own data unless ``data`` names others.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pellucid import pictures
from pellucid.checks import check_float, check_int
from pellucid.datasets.samples import Split
from pellucid.errors import ConfigError
from pellucid.experiments.finished import FinishedRun, Part, open_run
from pellucid.experiments.outputs import check_output, save_array
from pellucid.model import HostArray, require_runtime

from pellucid_vae import inference
from pellucid_vae.models import LatentVariableModel


def encode(
    run: Path, *, data: str | None = None, part: Part = "test", output: Path = Path("codes.npy")
) -> dict[str, Any]:
    """Write the codes of samples: the means of q(z | x).

    Args:
        run: a run folder or a saved model.
        data: a file of samples or the name of a data set; none takes the run's own.
        part: of a data set.
        output: a .npy file for the array (N, latent).
    """
    check_output(output, ".npy")
    opened = _opened(run)
    model = opened.model
    split = opened.samples(data, part)
    codes = inference.encode(model, split.x, _labels(model, split))
    save_array(output, codes)
    return {"file": str(output), "samples": len(codes), "latent": model.latent}


def reconstruct(
    run: Path, *, data: str | None = None, part: Part = "test", count: int = 16,
    output: Path = Path("reconstructions.png"),
) -> dict[str, Any]:  # fmt: skip
    """Write samples and below each what comes back from the mean of its code.

    Args:
        run: a run folder or a saved model.
        data: a file of samples or the name of a data set; none takes the run's own.
        part: of a data set.
        count: how many samples, the first ones.
        output: a .png with two rows, or a .npy with the reconstructions.
    """
    check_int(reconstruct, "count", count, "[1, inf)")
    check_output(output, ".png", ".npy")
    opened = _opened(run)
    model = opened.model
    split = _first(opened.samples(data, part), count)
    back = inference.reconstruct(model, split.x, _labels(model, split))
    originals = np.asarray(split.x, np.float64)
    _save(output, back, np.concatenate([originals, back]), columns=len(back))
    return {"file": str(output), "samples": len(back), "mean_squared_error": float(np.mean((originals - back) ** 2))}


def sample(
    run: Path, *, count: int = 100, label: int | None = None, seed: int = 0, output: Path = Path("samples.png")
) -> dict[str, Any]:
    """Draw new samples: codes from N(0, I), decoded.

    Args:
        run: a run folder or a saved model.
        count: how many.
        label: of a conditional model: the class to draw; none draws all in turn.
        seed: the same seed, the same samples.
        output: a .png of all samples, or a .npy.
    """
    check_output(output, ".png", ".npy")
    model = _opened(run).model
    labels = _asked_labels(model, label, count)
    drawn = inference.sample(model, count, labels=labels, seed=seed)
    _save(output, drawn, drawn, columns=model.conditions if model.conditions and label is None else None)
    return {"file": str(output), "samples": count, "seed": seed}


def interpolate(
    run: Path, *, first: int = 0, second: int = 1, steps: int = 10, data: str | None = None, part: Part = "test",
    label: int | None = None, output: Path = Path("interpolation.png"),
) -> dict[str, Any]:  # fmt: skip
    """Walk on a straight line from the code of one sample to that of another.

    Args:
        run: a run folder or a saved model.
        first: number of the sample to start from.
        second: number of the sample to arrive at.
        steps: codes on the way, both ends included.
        data: a file of samples or the name of a data set; none takes the run's own.
        part: of a data set.
        label: of a conditional model: the class along the way; none takes that of the first sample.
        output: a .png of one row, a .gif, or a .npy.
    """
    check_output(output, ".png", ".gif", ".npy")
    opened = _opened(run)
    model = opened.model
    split = opened.samples(data, part)
    for name, row in (("first", first), ("second", second)):
        check_int(interpolate, name, row, f"[0, {len(split) - 1}]")
    ends = split.take(np.array([first, second]))
    labels = _labels(model, ends)
    start, end = inference.encode(model, ends.x, labels)
    codes = inference.straight_path(start, end, steps)
    along = None
    if labels is not None:
        along = _asked_labels(model, int(labels[0]) if label is None else label, steps)
    elif label is not None:
        _asked_labels(model, label, steps)  # raises: unconditional
    frames = inference.decode(model, codes, along)
    if output.suffix.lower() == ".gif":
        pictures.save_gif(pictures.as_pixels(pictures.as_images(frames)), output, scale=8)
    else:
        _save(output, frames, frames, columns=steps)
    return {"file": str(output), "steps": steps, "distance": float(np.linalg.norm(end - start))}


def traverse(
    run: Path, *, row: int | None = None, steps: int = 11, span: float = 3.0, data: str | None = None,
    part: Part = "test", label: int | None = None, output: Path = Path("traversal.png"),
) -> dict[str, Any]:  # fmt: skip
    """Move each latent unit through its range while the others stand still.

    Args:
        run: a run folder or a saved model.
        row: number of the sample whose code is the starting point; none starts from the origin.
        steps: values of each unit.
        span: from minus this to plus this, in standard deviations of the prior.
        data: a file of samples or the name of a data set, for ``row``; none takes the run's own.
        part: of a data set.
        label: of a conditional model: the class; none takes that of the sample, or 0.
        output: a .png with one row for each unit, or a .npy (latent, steps, …).
    """
    check_int(traverse, "steps", steps, "[2, inf)")
    check_float(traverse, "span", span, "(0, inf)")
    check_output(output, ".png", ".npy")
    opened = _opened(run)
    model = opened.model
    start, of_sample = np.zeros(model.latent), 0
    if row is not None:
        split = opened.samples(data, part)
        check_int(traverse, "row", row, f"[0, {len(split) - 1}]")
        one = split.take(np.array([row]))
        labels = _labels(model, one)
        start, of_sample = inference.encode(model, one.x, labels)[0], 0 if labels is None else int(labels[0])
    codes = np.tile(start, (model.latent, steps, 1))
    for unit in range(model.latent):
        codes[unit, :, unit] = np.linspace(-span, span, steps)
    wanted = of_sample if label is None and model.conditions else label
    frames = inference.decode(
        model, codes.reshape(-1, model.latent), _asked_labels(model, wanted, model.latent * steps)
    )
    _save(output, frames.reshape(model.latent, steps, *frames.shape[1:]), frames, columns=steps)
    return {"file": str(output), "units": model.latent, "steps": steps}


# -- what they share -------------------------------------------------------------------------------------------------


def _opened(run: Path) -> FinishedRun[LatentVariableModel]:
    return open_run(run, of=LatentVariableModel)  # type: ignore[type-abstract]


def _labels(model: LatentVariableModel, split: Split) -> HostArray | None:
    """The labels of the samples, where the model takes them."""
    return split.y if model.conditions else None


def _asked_labels(model: LatentVariableModel, label: int | None, count: int) -> HostArray | None:
    """The class asked for, ``count`` times; all classes in turn where none is asked for."""
    if not model.conditions:
        if label is not None:
            raise ConfigError("This model is unconditional: --label has no meaning for it. Leave it out.")
        return None
    if label is None:
        return np.arange(count) % model.conditions
    if not 0 <= label < model.conditions:
        classes = require_runtime(model).classes
        names = f" ({', '.join(classes)})" if classes else ""
        raise ConfigError(f"--label must be 0 to {model.conditions - 1}{names}. Received: {label}.")
    return np.full(count, label)


def _first(split: Split, count: int) -> Split:
    return split.take(np.arange(min(count, len(split))))


def _save(output: Path, array: HostArray, images: HostArray, columns: int | None) -> None:
    """The array to a .npy file, the images tiled to a .png."""
    if output.suffix.lower() == ".npy":
        save_array(output, array)
    else:
        pictures.save_png(pictures.tile(pictures.as_images(images), columns=columns), output, scale=2)
