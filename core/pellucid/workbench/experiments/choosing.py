"""Who chooses the epoch whose weights an experiment ends with: a callback of its own, best_epoch, early_stopping."""

from __future__ import annotations

from pellucid.basics.errors import ConfigError
from pellucid.standard.callbacks.best_epoch import BestEpoch
from pellucid.standard.callbacks.early_stopping import EarlyStopping
from pellucid.training.run import Training


def add_chooser(trainer: Training, patience: int | None, validated: bool) -> None:
    """Add ``best_epoch`` where there is validation data and no callback chooses an epoch; with ``patience`` the one
    that also ends the run, in place of a ``best_epoch``.

    Raises:
        ConfigError: patience without anything to compare epochs by, or beside another callback that chooses.
    """
    choosing = [callback for callback in trainer.callbacks if callback.choice(trainer) is not None]
    if patience is None:
        if validated and not choosing:
            trainer.callbacks.append(BestEpoch())
        return
    if not choosing and not validated:
        raise ConfigError(
            "train.patience: epochs are compared on validation samples, of which there are none. Set some aside, "
            "data.validation = 0.1, or name a figure of training: "
            'train.callbacks = [{ type = "early_stopping", monitor = "loss" }].'
        )
    kept = next((callback for callback in choosing if type(callback) is BestEpoch), None)
    if choosing and kept is None:
        raise ConfigError(
            f"train.patience: the epoch is chosen by {type(choosing[0]).__name__} already, one of train.callbacks. "
            "Leave one of the two out."
        )
    monitor, mode = (None, None) if kept is None else (kept.monitor, kept.mode)
    stopping = EarlyStopping(monitor=monitor, mode=mode, patience=patience)
    if kept is None:
        trainer.callbacks.append(stopping)
    else:
        trainer.callbacks[trainer.callbacks.index(kept)] = stopping
