"""The model of an estimator: a registered name, a configuration, a layer; with as many outputs as the target needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from inspect import signature
from typing import Any

from pellucid import ConfigError, Dense, Dropout, Layer, Parallel, Sequential, build, check_float, check_sizes, read
from pellucid.registry.registry import default_registry


def takes_categories(model: Any) -> bool:
    """Whether a registered model reads indexes of categories, ``categories=…``; others are given them one-hot."""
    name = model.get("type") if isinstance(model, Mapping) else model
    if not isinstance(name, str):
        return False
    registry = default_registry()
    made = registry.load(registry.find(("model", "layer"), name))
    return "categories" in signature(made).parameters


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
        table = {**({"type": model} if isinstance(model, str) else model), **(estimator.model_params or {})}
        offered = {"hidden": estimator.hidden, "activation": estimator.activation, "dropout": estimator.dropout}
        made = read(
            ("model", "layer"), table, path="model", outputs=outputs, task=task, seed=seed, categories=categories or None,
            **{name: value for name, value in offered.items() if value != DEFAULTS[name]},
        )  # fmt: skip
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
