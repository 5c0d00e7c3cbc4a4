"""The model of an estimator: a registered name, a configuration, a layer; with as many outputs as the target needs."""

from __future__ import annotations

import re
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

OWN = ("hidden", "activation", "dropout", "members")
"""Arguments of an estimator that are those of its model."""


def takes_categories(estimator: Any, model: Any) -> bool:
    """Whether a registered model reads indexes of categories, ``categories=…``; others are given them one-hot."""
    if not isinstance(model, str | Mapping):
        return False
    try:
        return "categories" in to_config(registered(estimator, model, outputs=2, categories=(3,)))
    except ConfigError:  # it has no configuration, or one that ``network`` will complain of
        return False


def network(
    estimator: Any, model: Any, *, columns: int, outputs: int, heads: tuple[int, ...] | None, seed: int, **offered: Any
) -> Layer:  # fmt: skip
    """A built model from ``columns`` numbers a row to ``outputs``, or to several outputs of the sizes ``heads``.

    A registered model is offered ``outputs``, ``task``, ``categories``, ``patience``, ``members`` and ``seed``, of
    which it takes what its constructor names. What gives another number of outputs, as a layer that knows nothing of
    the target, gets a dense layer behind it that gives them.
    """
    if model is None:
        made: Layer = dense_layers(estimator)
    elif isinstance(model, str | Mapping):
        made = registered(estimator, model, outputs=outputs, seed=seed, **offered)
    else:
        _check_own(estimator)
        if not isinstance(model, Layer):
            raise ConfigError(
                "model: expected 'auto', the name of a registered model or layer, its configuration, a layer, or None "
                f"for dense layers. Received: {model!r:.200}."
            )
        made = deepcopy(model)
    if heads is not None:
        made = Sequential([*_parts(made), Parallel([Dense(size) for size in heads], join="apart")])
    elif model is None or made.output_shape((columns,)) != (outputs,):
        made = Sequential([*_parts(made), Dense(outputs)])
    return build(made, input_shape=(columns,), seed=seed, dtype=estimator.dtype, backend=estimator.backend)


def registered(estimator: Any, model: Any, **offered: Any) -> Layer:
    """The model that is named, not yet built, with those of the offered arguments that it takes."""
    table = {**({"type": model} if isinstance(model, str) else model), **(estimator.model_params or {})}
    chosen = {name: getattr(estimator, name) for name in OWN if getattr(estimator, name) is not None}
    try:
        made: Layer = read(("model", "layer"), table | chosen, **offered)  # offered at no path
    except ConfigError as error:
        refused = [name for name in chosen if re.search(rf"(^|\s){name}: \S+ has no such argument", str(error))]
        if not refused:
            raise
        raise ConfigError(
            f"{refused[0]} is for one network, model='mlp' or model=None, and {table['type']} does not take it: say "
            f"which model, or give this one's own arguments, model_params={{…}}. {error}"
        ) from error
    return made


def dense_layers(estimator: Any) -> Sequential:
    """Hidden layers, without the last one, which gives the outputs."""
    _check_own(estimator, "hidden", "activation", "dropout")
    hidden = (128, 64) if estimator.hidden is None else estimator.hidden
    dropout = 0.0 if estimator.dropout is None else estimator.dropout
    check_sizes(dense_layers, "hidden", hidden, "the units of each hidden layer")
    check_float(dense_layers, "dropout", dropout, "[0, 1)")
    layers: list[Layer] = []
    for units in hidden:
        layers.append(Dense(int(units), estimator.activation or "relu"))
        if dropout:
            layers.append(Dropout(dropout))
    return Sequential(layers or [read("layer", "flatten")])


def _check_own(estimator: Any, *taken: str) -> None:
    """Raise ConfigError if the estimator was given an argument that the model does not take."""
    for name in (*OWN, "model_params"):
        if name not in taken and getattr(estimator, name) is not None:
            raise ConfigError(
                f"{name} is for models that take it, and this one does not: model={estimator.model!r:.100}. Received: "
                f"{getattr(estimator, name)!r:.100}."
            )


def _parts(layer: Layer) -> Sequence[Layer]:
    return layer.layers if type(layer) is Sequential else [layer]
