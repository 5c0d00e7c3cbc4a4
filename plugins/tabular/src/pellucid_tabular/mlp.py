"""mlp: the small network for tables, a Sequential of simple layers with the best defaults that are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pellucid import (
    Dense,
    Dropout,
    Example,
    Layer,
    Sequential,
    check_choice,
    check_float,
    check_int,
    check_sizes,
    create,
)

from pellucid_tabular.layers.column_embedding import ColumnEmbedding
from pellucid_tabular.layers.scaling import Scaling

Task = Literal["classification", "regression"]


def mlp(
    outputs: int,
    categories: Sequence[int] = (),
    hidden: Sequence[int] = (256, 256, 256),
    activation: str = "silu",
    *,
    numbers: Layer | str | None = "tabular/piecewise_linear",
    size: int = 8,
    one_hot: int = 8,
    dropout: float = 0.15,
    label_smoothing: float = 0.1,
    task: Task = "classification",
) -> Sequential:
    """Numbers and categories are embedded, scaled, and mixed by dense layers: RealMLP, with the numbers of TabM.

    ``h₀ = s ⊙ [g(numbers), categories]``, ``h_i = dropout(f(h_{i−1} W_i + b_i))``, ``y = h W + b``.

    Args:
        outputs: the classes, or 1 for yes and no; in regression the numbers to predict.
        categories: how many indexes each of the last columns has, the unseen one included; ``tabular/columns`` tells.
        hidden: units of each hidden layer.
        activation: f, of the hidden layers.
        numbers: the layer g of the columns before the categories, such as ``tabular/periodic``; the default is made for
            numbers that are normally distributed, ``scaling="quantile"`` of ``tabular/columns``; None: they stay as
            they are.
        size: the numbers of a category that is looked up.
        one_hot: the most values of a category, the unseen one not counted, that is one-hot.
        dropout: fraction of each hidden layer's outputs that is dropped in training.
        label_smoothing: of the cross-entropy, unless the trainer has a loss of its own.
        task: what it is trained for unless told otherwise: ``classification`` takes softmax with cross-entropy (one
            output: binary cross-entropy), ``regression`` the mean squared error.

    Shapes: x (N, D), the last len(categories) columns of which are indexes, held as floats -> y (N, outputs).

    Source: Holzmüller, Grinsztajn & Steinwart, Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on Tabular
    Data, 2024; Gorishniy, Kotelnikov & Babenko, TabM, 2025. docs/decisions/tabular.md says what was tried.
    """
    check_int(mlp, "outputs", outputs, "[1, inf)")
    check_sizes(mlp, "hidden", hidden, "the units of each hidden layer")
    check_int(mlp, "size", size, "[1, inf)")
    check_int(mlp, "one_hot", one_hot, "[0, inf)")
    check_float(mlp, "label_smoothing", label_smoothing, "[0, 1)")
    check_choice(mlp, "task", task, ("classification", "regression"))
    embedded = create("layer", numbers) if isinstance(numbers, str) else numbers
    if categories:
        embedded = ColumnEmbedding(categories, embedded, size=size, one_hot=one_hot)
    layers: list[Layer] = [embedded] if embedded else []
    layers.append(Scaling())
    for units in hidden:
        layers.append(Dense(units, activation))
        if dropout:
            layers.append(Dropout(dropout))
    layers.append(Dense(outputs))
    model = Sequential(layers)
    model.default_objective = {"type": "core/supervised", "loss": loss_of(task, outputs, label_smoothing)}
    return model


def loss_of(task: Task, outputs: int, label_smoothing: float) -> dict[str, object]:
    """What a table's network is trained with."""
    if task == "regression":
        return {"type": "core/mse"}
    name = "binary_cross_entropy" if outputs == 1 else "softmax_cross_entropy"
    return {"type": f"core/{name}", "label_smoothing": label_smoothing}


# What the conformance kit builds; a class would say this in its body.
mlp.examples = (  # type: ignore[attr-defined]
    Example({"outputs": 3, "hidden": [4]}),
    Example({"outputs": 1, "hidden": [6, 5], "categories": [3, 4], "one_hot": 2, "dropout": 0.0}),
    Example({"outputs": 2, "hidden": [6], "numbers": "tabular/periodic", "task": "regression"}),
)
