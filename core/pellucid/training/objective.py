"""Which objective a model is trained with, from what the caller and the model say."""

from __future__ import annotations

from typing import Any

from pellucid.basics.errors import ConfigError
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.objective import Objective
from pellucid.registry.config import names, read


def choose_objective(model: Layer, loss: Any, objective: Any) -> Objective:
    """The objective given, the loss given under ``supervised``, or several under ``several_losses``, that of the last
    training, or the model's own default.

    Raises:
        ConfigError: both are given, or neither is and the model has no default; its turns are no paths.
    """
    if loss is not None and objective is not None:
        raise ConfigError(
            "Trainer takes a 'loss' or an 'objective', not both: an objective brings its own losses. "
            f"Received: loss={loss!r}, objective={objective!r}."
        )
    last = None if model.runtime is None else model.runtime.metadata.get("objective")
    wanted, saved = objective, False
    if isinstance(loss, list | tuple | dict) and "type" not in loss:
        wanted = {"type": "several_losses", "losses": loss}
    elif loss is not None:
        wanted = {"type": "supervised", "loss": read("loss", loss, path="loss")}
    elif objective is None and last is not None:  # what it was last trained with, perhaps before it was saved
        wanted, saved = last, True
    elif objective is None:
        wanted = model.default_objective
    if wanted is None:
        raise ConfigError(
            f"This {type(model).__name__} names no default objective, so Trainer needs a loss=… or objective=…. "
            f"Losses: {', '.join(names('loss'))}. Objectives: {', '.join(names('objective'))}."
        )
    chosen: Objective = read("objective", wanted, path="objective", saved=saved)
    if isinstance(chosen.turns, str) or not all(isinstance(player, str) for player in chosen.turns):
        raise ConfigError(f"{type(chosen).__name__}.turns must be a tuple of paths. Received: {chosen.turns!r}.")
    return chosen
