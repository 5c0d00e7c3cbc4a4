"""Which objective a model is trained with, from what the caller and the model say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pellucid.component import Component
from pellucid.config import create, names
from pellucid.errors import ConfigError
from pellucid.objectives.supervised import Supervised

if TYPE_CHECKING:
    from pellucid.layer import Layer
    from pellucid.objective import Objective


def as_component(kind: str, given: Any) -> Any:
    """A component from an object of its kind, a registered name, or a configuration ``{"type": name, …}``."""
    if isinstance(given, Component):
        if given.kind != kind:
            raise ConfigError(f"Expected a component of kind '{kind}'. Received: {given!r}, of kind '{given.kind}'.")
        return given
    if isinstance(given, str):
        return create(kind, given)
    if isinstance(given, dict) and isinstance(given.get("type"), str):
        return create(kind, given["type"], **{key: value for key, value in given.items() if key != "type"})
    raise ConfigError(
        f"Expected a {kind} as an object, a registered name, or {{'type': name, …}}. Received: {given!r}."
    )


def choose_objective(model: Layer, loss: Any, objective: Any) -> Objective:
    """The objective given, the loss given under ``supervised``, or the model's own default.

    Raises:
        ConfigError: both are given, or neither is and the model has no default.
    """
    if loss is not None and objective is not None:
        raise ConfigError(
            "Trainer takes a 'loss' or an 'objective', not both: an objective brings its own losses. "
            f"Received: loss={loss!r}, objective={objective!r}."
        )
    if loss is not None:
        return Supervised(as_component("loss", loss))
    if objective is None:
        objective = _default(model)
    chosen: Objective = as_component("objective", objective)
    return chosen


def _default(model: Layer) -> Any:
    if model.default_objective is not None:
        return model.default_objective
    config = model.runtime.config if model.runtime is not None else None
    if config is not None:
        from pellucid.config import default_objective

        named = default_objective(config["type"])
        if named is not None:
            return named
    raise ConfigError(
        f"This {type(model).__name__} names no default objective, so Trainer needs a loss=… or objective=…. "
        f"Losses: {', '.join(names('loss'))}. Objectives: {', '.join(names('objective'))}."
    )
