"""recurrent_network: recurrent layers that read a sequence, then a dense layer on what they have read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from pellucid import (
    ConfigError,
    Dense,
    Dropout,
    Example,
    Layer,
    Parallel,
    Stack,
    check_bool,
    check_choice,
    check_int,
    check_sizes,
)

from pellucid_recurrent.layers.gru import GRU
from pellucid_recurrent.layers.lstm import LSTM
from pellucid_recurrent.layers.rnn import RNN

CELLS: dict[str, Callable[..., Layer]] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}
LOSSES = {
    "classification": "core/softmax_cross_entropy", "answers": "core/binary_cross_entropy", "regression": "core/mse",
}  # fmt: skip


def recurrent_network(
    outputs: int,
    hidden: Sequence[int] = (64,),
    cell: Literal["rnn", "gru", "lstm"] = "lstm",
    *,
    each_step: bool = False,
    both_ways: bool = False,
    carry: int = 0,
    dropout: float = 0.0,
    task: Literal["classification", "answers", "regression"] = "classification",
) -> Layer:
    """A network that reads sequences: ``[cell → (dropout)]`` for each of ``hidden``, then a dense layer.

    Args:
        outputs: classes, answers, or values.
        hidden: units of each recurrent layer.
        cell: ``rnn``, ``gru`` or ``lstm``.
        each_step: an output for each step, (T, outputs), or one for the sequence.
        both_ways: each layer reads the sequence forwards and backwards, ``hidden`` units each way.
        carry: how many rows of a step carry their state over to the next step; 0: every sample begins anew.
        dropout: fraction of each recurrent layer's outputs that is dropped in training.
        task: decides the loss: softmax with cross-entropy, binary cross-entropy, or the squared error. For targets of
            each step of sequences of different length say it to the Trainer: the label that is ignored, or ``masked``.

    Shapes: x (N, T, F), and optional mask (N, T), begins (N,) -> (N, outputs), or (N, T, outputs) for each step.
    """
    check_int(recurrent_network, "outputs", outputs, "[1, inf)")
    check_sizes(recurrent_network, "hidden", hidden, "the units of each recurrent layer", least=1)
    check_choice(recurrent_network, "cell", cell, tuple(CELLS))
    check_choice(recurrent_network, "task", task, tuple(LOSSES))
    check_bool(recurrent_network, "each_step", each_step)
    check_bool(recurrent_network, "both_ways", both_ways)
    if both_ways and carry:
        raise ConfigError(
            f"recurrent_network cannot carry a state over and read both ways. Received: both_ways=True, carry={carry}. "
            "Choose one of the two."
        )
    layers: list[Layer] = []
    for i, units in enumerate(hidden):
        how: dict[str, Any] = {"return_sequences": each_step or i + 1 < len(hidden)}
        if both_ways:
            layers.append(Parallel([CELLS[cell](units, **how), CELLS[cell](units, backwards=True, **how)]))
        else:
            layers.append(CELLS[cell](units, carry=carry, **how))
        layers += [Dropout(dropout)] if dropout else []
    model = Stack([*layers, Dense(outputs)])
    model.default_objective = {"type": "core/supervised", "loss": LOSSES[task]}
    return model


# What the conformance kit builds; a class would say this in its body.
recurrent_network.examples = (  # type: ignore[attr-defined]
    Example({"outputs": 3, "hidden": [4]}, ((5, 2),)),
    Example({"outputs": 2, "hidden": [3, 2], "cell": "gru", "both_ways": True}, ((None, 2), ("bool", None))),
    Example({"outputs": 2, "hidden": [3], "cell": "rnn", "each_step": True, "task": "regression"}, ((4, 2),)),
)
