"""What the verbs share: the autoencoder of a run, samples, and pictures of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt, prod
from pathlib import Path
from typing import TYPE_CHECKING

from pellucid import ConfigError, DataError
from pellucid.experiments.finished import FinishedRun, open_run

from pellucid_ae.autoencoder import Autoencoder

if TYPE_CHECKING:
    from pellucid.model import HostArray


def open_autoencoder(run: Path) -> tuple[FinishedRun, Autoencoder]:
    """A finished run and its model.

    Raises:
        ConfigError: the model is another one.
    """
    finished = open_run(run)
    model = finished.model
    if not isinstance(model, Autoencoder):
        raise ConfigError(
            f"{run} holds a {type(model).__name__}, which has no code. This verb is for runs of autoencoder and "
            "denoising_autoencoder."
        )
    return finished, model


def as_images(samples: HostArray, shape: Sequence[int] | None) -> HostArray:
    """Samples (N, …) as images (N, H, W) or (N, H, W, C).

    Args:
        shape: of an image; None takes samples that are images already, and makes squares of flat ones.

    Raises:
        ConfigError: the shape has another number of pixels. DataError: no shape is given, and none follows.
    """
    pixels = prod(samples.shape[1:])
    if shape is not None:
        if len(shape) not in (2, 3) or min(shape) < 1 or prod(shape) != pixels:
            raise ConfigError(
                f"--shape must be height, width and perhaps channels, {pixels} numbers in all, as a sample has. "
                f"Received: {' '.join(map(str, shape))}."
            )
        return samples.reshape(-1, *shape)
    if samples.ndim == 3 or (samples.ndim == 4 and samples.shape[3] in (1, 3)):
        return samples
    side = isqrt(pixels)
    if samples.ndim == 2 and side * side == pixels and side > 1:
        return samples.reshape(-1, side, side)
    raise DataError(
        f"Samples of shape {samples.shape[1:]} are no pictures, unless --shape says how to lay out their {pixels} "
        "numbers: --shape HEIGHT WIDTH."
    )


def chosen(samples: HostArray, rows: Sequence[int], option: str) -> HostArray:
    """The samples of these rows.

    Raises:
        ConfigError: a row that is not there.
    """
    wrong = [row for row in rows if not 0 <= row < len(samples)]
    if wrong:
        raise ConfigError(f"--{option} must lie in 0 … {len(samples) - 1}, as the samples do. Received: {wrong[0]}.")
    return samples[list(rows)]
