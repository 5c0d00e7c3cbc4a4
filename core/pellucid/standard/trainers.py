"""trainer_for: the trainer of a model, of the class that the model says trains it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pellucid.basics.errors import ConfigError
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.training.trainer import Trainer


def trainer_for(model: Layer, **arguments: Any) -> Trainer:
    """A trainer of a built model, made with these arguments of :class:`pellucid.Trainer`: of the class that the model
    names as ``trained_by``, or else that one. Who trains whatever model he is given makes it so: a command, an
    estimator, a study.

    Raises:
        ConfigError: not a built model; what it names cannot be imported, or is no subclass of Trainer.
    """
    require_runtime(model)
    named = model.trained_by
    if named is None:
        return Trainer(model, **arguments)
    where = f"{type(model).__name__}.trained_by"
    module, _, name = named.partition(":")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"{where} must be 'module:Class'. Received: {named!r}: {error}.") from error
    if not (isinstance(found, type) and issubclass(found, Trainer)):
        raise ConfigError(f"{where} must name a subclass of pellucid.Trainer. Received: {named!r}, {found!r}.")
    trainer: Trainer = found(model, **arguments)
    return trainer
