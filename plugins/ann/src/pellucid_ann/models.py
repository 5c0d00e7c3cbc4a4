"""The architectures of this package: each is a function that puts layers of the core in a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pellucid import (
    Dense,
    Dropout,
    Example,
    Flatten,
    Initializer,
    Layer,
    Regularizer,
    Sequential,
    check_choice,
    check_int,
    check_sizes,
    create,
)

Task = Literal["classification", "regression"]
Normalization = Literal["batch_norm", "layer_norm"]


def ann(
    outputs: int,
    hidden: Sequence[int] = (128,),
    activation: str = "relu",
    *,
    dropout: float = 0.0,
    normalization: Normalization | None = None,
    init: Initializer | str | None = None,
    regularizer: Regularizer | None = None,
    bias_regularizer: Regularizer | None = None,
    task: Task = "classification",
) -> Sequential:
    """A fully connected network: ``h_i = f(h_{i−1} W_i + b_i)`` for each hidden layer, then ``y = h W + b``.

    Args:
        outputs: number of outputs: the classes, or 1 for yes and no; in regression the numbers to predict.
        hidden: units of each hidden layer; none makes the model linear.
        activation: f, of the hidden layers; the outputs are logits or numbers, without one.
        dropout: fraction of each hidden layer's outputs that is dropped in training.
        normalization: between a hidden layer's weights and its activation; None: none.
        init: initializer of every W; None lets each layer choose (He's before rectifiers, else Glorot's).
        regularizer: a penalty on every W, such as ``{type = "l1", strength = 1e-5}``; None: none.
        bias_regularizer: the same on every b.
        task: what it is trained for unless told otherwise: ``classification`` takes softmax with cross-entropy (one
            output: binary cross-entropy), ``regression`` the mean squared error.

    Shapes: x (N, …), flattened to (N, I) -> y (N, outputs).

    Source: Goodfellow, Bengio & Courville, Deep Learning, chapter 6.
    """
    check_int(ann, "outputs", outputs, "[1, inf)")
    check_sizes(ann, "hidden", hidden, "the units of each hidden layer")
    check_choice(ann, "normalization", normalization, ("batch_norm", "layer_norm", None))
    check_choice(ann, "task", task, ("classification", "regression"))
    kept: dict[str, Any] = {"init": init, "regularizer": regularizer, "bias_regularizer": bias_regularizer}
    layers: list[Layer] = [Flatten()]
    for units in hidden:
        if normalization is None:
            layers.append(Dense(units, activation, **kept))
        else:
            # Batch normalisation subtracts each feature's mean, and a bias with it.
            dense = Dense(units, use_bias=normalization != "batch_norm", **kept)
            layers += [dense, create("layer", normalization), create("layer", activation)]
        if dropout:
            layers.append(Dropout(dropout))
    layers.append(Dense(outputs, **kept))
    return _trained_for(task, outputs, Sequential(layers))


def logistic_regression(outputs: int) -> Sequential:
    """A linear classifier: ``p(class k | x) = softmax(x W + b)_k``; with one output ``p(yes | x) = σ(x w + b)``.

    The weights start at zero: the problem is convex, so the start decides nothing.

    Args:
        outputs: number of classes, or 1 for yes and no.

    Shapes: x (N, …), flattened to (N, I) -> logits (N, outputs).

    Source: Bishop, Pattern Recognition and Machine Learning, section 4.3.
    """
    check_int(logistic_regression, "outputs", outputs, "[1, inf)")
    return _trained_for("classification", outputs, Sequential([Flatten(), Dense(outputs, init="zeros")]))


# What the conformance kit builds; a class would say this in its body.
ann.examples = (  # type: ignore[attr-defined]
    Example({"outputs": 3, "hidden": [4], "activation": "tanh"}),
    Example({"outputs": 2, "hidden": [6, 5], "activation": "gelu", "task": "regression"}, ((2, 3),)),
    Example({"outputs": 3, "hidden": [4], "activation": "silu", "normalization": "batch_norm"}),
    Example({"outputs": 3, "hidden": [4], "activation": "softplus", "normalization": "layer_norm", "dropout": 0.3}),
    Example({"outputs": 1, "hidden": []}),
)
logistic_regression.examples = (Example({"outputs": 3}), Example({"outputs": 1}))  # type: ignore[attr-defined]


def _trained_for(task: Task, outputs: int, model: Sequential) -> Sequential:
    if task == "regression":
        loss = "core/mse"
    else:
        loss = "core/binary_cross_entropy" if outputs == 1 else "core/softmax_cross_entropy"
    model.default_objective = {"type": "core/supervised", "loss": loss}
    return model
