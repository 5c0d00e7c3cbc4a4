"""What is trained, and how, where an estimator's arguments leave it open: stated rules in the size of the table."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
from pellucid import ConfigError

from pellucid_tabular.estimators.targets import Choices, Indicators, Target
from pellucid_tabular.recipe import SCALING, ensemble_recipe, recipe

ENSEMBLE, MLP = "tabular/ensemble", "tabular/mlp"
NAMES = {"ensemble": ENSEMBLE, "mlp": MLP}
MANY = 100
"""Rows from which some are held out, if nobody says whether."""
PATIENCE = 16
"""Epochs without a better one, of a model that no schedule brings to an end."""
SMOOTHING = 0.1
"""Of labels, in the recipe."""


class Settings(NamedTuple):
    """How the network of a table is trained."""

    loss: Any
    optimizer: Any
    schedule: Any
    epochs: int
    batch_size: int


def chosen_model(model: Any, target: Target, ensembles: bool) -> Any:
    """The model that is meant: ``"auto"`` is an ensemble where one class or values are to be predicted, and where
    members can be averaged; for many labels, several choices and hidden features one network.

    Raises:
        ConfigError: an ensemble for many labels or several choices, which it would not average.
    """
    several = isinstance(target, Choices | Indicators)
    if isinstance(model, str) and model == "auto":
        return ENSEMBLE if ensembles and not several else MLP
    if several and name_of(model) == ENSEMBLE:
        raise ConfigError(
            f"model: {ENSEMBLE} averages what its members say of one class, or of values, and y holds several answers "
            f"a row. Received: {model!r:.100}. Take model='mlp', one network for all answers, or "
            "sklearn.multioutput.MultiOutputClassifier, an ensemble for each."
        )
    return model


def folds_itself(estimator: Any, target: Target) -> bool:
    """Whether the model holds out rows by itself, each member of an ensemble others: nobody else need do so then."""
    return name_of(chosen_model(estimator.model, target, estimator._ensembles)) == ENSEMBLE


def name_of(model: Any) -> str:
    """The registered name of a model that is named, else an empty text."""
    name = model.get("type") if isinstance(model, Mapping) else model
    return NAMES.get(name, name) if isinstance(name, str) else ""


def scaling_of(scaling: str | None, model: Any) -> str:
    """Of numbers: by their quantiles for the networks that are made for it, else robust."""
    if scaling is not None:
        return scaling
    return SCALING if name_of(model) in (ENSEMBLE, MLP) else "robust"


def recipe_for(
    estimator: Any, model: Any, target: Target, *, rows: int, columns: int, categories: Any, outputs: int
) -> dict[str, Any]:
    """The recipe of ``tabular/mlp`` or ``tabular/ensemble`` for so large a table; empty for other models."""
    size = {"rows": rows, "columns": columns, "categories": categories, "outputs": outputs}
    if name_of(model) == ENSEMBLE:
        return ensemble_recipe(target.task, **size)  # type: ignore[arg-type]
    wide = {} if estimator.hidden is None else {"hidden": tuple(estimator.hidden)}
    return recipe(target.task, **size, **wide) if name_of(model) == MLP else {}  # type: ignore[arg-type]


def patience_of(estimator: Any, schedule: Any) -> int | None:
    """After how many epochs without a better one training ends: a schedule that comes to its end finds its best epochs
    there, so nobody waits for them."""
    if estimator.patience != "auto":
        return int(estimator.patience)
    return PATIENCE if schedule is None else None


def settled(estimator: Any, target: Target, found: Mapping[str, Any], rows: int) -> Settings:
    """What is found in the recipe; Adam for other models. What the estimator was given goes before."""
    loss, schedule = target.loss, None
    optimizer: Any = {"type": "adam", "lr": 0.003}
    epochs, batch_size = 200, int(np.clip(rows // 20, 32, 256))
    if found:
        optimizer, schedule = found["optimizer"], found["schedule"]
        epochs, batch_size = found["train"]["epochs"], found["train"]["batch_size"]
        if target.task == "classification":
            loss = [smoothed(each) for each in loss] if isinstance(loss, list) else smoothed(loss)
    if estimator.optimizer is not None:
        optimizer = estimator.optimizer
        optimizer, schedule = {"type": optimizer} if isinstance(optimizer, str) else optimizer, None
    if estimator.learning_rate is not None and isinstance(optimizer, dict):
        optimizer = at_rate(optimizer, float(estimator.learning_rate))
    return Settings(
        loss if estimator.loss is None else estimator.loss,
        deepcopy(optimizer),
        schedule if estimator.schedule is None else deepcopy(estimator.schedule),
        epochs if estimator.epochs is None else int(estimator.epochs),
        batch_size if isinstance(estimator.batch_size, str) else int(estimator.batch_size),
    )


def smoothed(loss: str) -> dict[str, Any]:
    """A loss of classes as the recipe has it: logits of a network that is sure of everything grow without end."""
    return {"type": loss, "label_smoothing": SMOOTHING}


def at_rate(optimizer: dict[str, Any], rate: float) -> dict[str, Any]:
    """An optimizer's configuration with another learning rate; those of its groups keep their ratio to it."""
    if "type" not in optimizer:
        return optimizer
    groups = optimizer.get("groups")
    if groups is None or "lr" not in optimizer:
        return {**optimizer, "lr": rate}
    factor = rate / optimizer["lr"]
    scaled = [{**group, "lr": group["lr"] * factor} if "lr" in group else group for group in groups]
    return {**optimizer, "lr": rate, "groups": scaled}
