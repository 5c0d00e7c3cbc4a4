"""The model of an estimator: a registered name, a configuration, a layer; with as many outputs as the target needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from pellucid import (
    ConfigError,
    Dense,
    Dropout,
    Layer,
    Parallel,
    Sequential,
    build,
    check_float,
    check_sizes,
    read,
    to_config,
)


def takes_categories(estimator: Any) -> bool:
    """Whether a registered model reads indexes of categories, ``categories=…``; others are given them one-hot."""
    if not isinstance(estimator.model, str | Mapping):
        return False
    try:
        return "categories" in to_config(registered(estimator, outputs=2, categories=(3,)))
    except ConfigError:  # it has no configuration, or one that ``network`` will complain of
        return False


def network(
    estimator: Any, *, columns: int, outputs: int, heads: tuple[int, ...] | None, categories: tuple[int, ...],
    task: str, seed: int,
) -> Layer:  # fmt: skip
    """A built model from ``columns`` numbers a row to ``outputs``, or to several outputs of the sizes ``heads``.

    A registered model is offered ``outputs``, ``task``, ``categories``, ``hidden``, ``activation`` and ``dropout``, of
    which it takes what its constructor names. What gives another number of outputs, as a layer that knows nothing of
    the target, gets a dense layer behind it that gives them.
    """
    model = estimator.model
    if model is None:
        made: Layer = dense_layers(estimator.hidden, estimator.activation, estimator.dropout)
    elif isinstance(model, Layer):
        made = deepcopy(model)
    elif isinstance(model, str | Mapping):
        made = registered(estimator, outputs=outputs, task=task, seed=seed, categories=categories or None)
    else:
        raise ConfigError(
            "model: expected the name of a registered model or layer, its configuration, a layer, or None for dense "
            f"layers. Received: {model!r:.200}."
        )
    if heads is not None:
        made = Sequential([*_parts(made), Parallel([Dense(size) for size in heads], join="apart")])
    elif made.output_shape((columns,)) != (outputs,):
        made = Sequential([*_parts(made), Dense(outputs)])
    return build(made, input_shape=(columns,), seed=seed, dtype=estimator.dtype, backend=estimator.backend)


def registered(estimator: Any, **offered: Any) -> Layer:
    """The model that is named, not yet built, with those of the offered arguments that it takes."""
    model = estimator.model
    table = {**({"type": model} if isinstance(model, str) else model), **(estimator.model_params or {})}
    chosen = {name: getattr(estimator, name) for name, usual in DEFAULTS.items() if getattr(estimator, name) != usual}
    made: Layer = read(("model", "layer"), table, **offered, **chosen)  # offered at no path
    return made


DEFAULTS: dict[str, Any] = {"hidden": (128, 64), "activation": "relu", "dropout": 0.0}


def dense_layers(hidden: Sequence[int], activation: str, dropout: float) -> Sequential:
    """Hidden layers, without the last one, which gives the outputs."""
    check_sizes(dense_layers, "hidden", hidden, "the units of each hidden layer")
    check_float(dense_layers, "dropout", dropout, "[0, 1)")
    layers: list[Layer] = []
    for units in hidden:
        layers.append(Dense(int(units), activation))
        if dropout:
            layers.append(Dropout(dropout))
    return Sequential(layers) if layers else Sequential([read("layer", "flatten")])


def _parts(layer: Layer) -> Sequence[Layer]:
    return layer.layers if type(layer) is Sequential else [layer]
