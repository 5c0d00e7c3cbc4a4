"""What the verbs share: the autoencoder of a run, and samples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pellucid import ConfigError
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


def chosen(samples: HostArray, rows: Sequence[int], option: str) -> HostArray:
    """The samples of these rows.

    Raises:
        ConfigError: a row that is not there.
    """
    wrong = [row for row in rows if not 0 <= row < len(samples)]
    if wrong:
        raise ConfigError(f"--{option} must lie in 0 … {len(samples) - 1}, as the samples do. Received: {wrong[0]}.")
    return samples[list(rows)]
