"""What stands beside sequences: a mask, and where they begin; what is refused; and the layers of a network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_recurrent.initializers import ForgetBias
from pellucid_recurrent.layers.gru import GRU
from pellucid_recurrent.layers.lstm import LSTM
from pellucid_recurrent.layers.rnn import RNN
from pellucid_recurrent.models.network import recurrent_network

CELLS: tuple[Any, ...] = (RNN, GRU, LSTM)


@pytest.mark.parametrize("cell", CELLS)
def test_a_mask_of_the_steps_and_begins_may_stand_beside_sequences(cell: Any) -> None:
    carries, forgets = cell(4, carry=2), cell(4, return_sequences=False)
    for steps, more in ((5, ()), (5, ((5,),)), (5, ((None,),)), (None, ((5,),)), (None, ((None,),)), (5, ((5,), ())),
                        (5, ((), (5,))), (None, ((),))):  # fmt: skip
        assert carries.output_shape((steps, 3), *more) == (steps, 4)
        if () not in more:
            assert forgets.output_shape((steps, 3), *more) == (4,)
        else:
            with pytest.raises(pl.ShapeError, match="carries no state over, so every sample begins a sequence"):
                forgets.output_shape((steps, 3), *more)
    for more in (((4,),), ((5,), (5,)), ((), ()), ((5, 1),), ((5,), (), ()), ((5, 3), ())):
        with pytest.raises(pl.ShapeError, match=r"a mask of shape \(5,\) and, with carry, begins of shape \(\)"):
            carries.output_shape((5, 3), *more)
    for x in ((5,), (5, None), (2, 5, 3), ()):
        with pytest.raises(pl.ShapeError, match=r"needs sequences, samples of 2 axes: \(steps, features\)"):
            carries.output_shape(x)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("name", "wrong", "expected"),
    [("return_sequences", 1, "true or false"), ("backwards", "yes", "true or false"),
     ("init", 0.5, "an initializer or its name"), ("recurrent_init", None, "an initializer or its name"),
     ("units", 0, r"an int in \[1, inf\)"), ("carry", -1, r"an int in \[0, inf\)")],
)  # fmt: skip
def test_arguments_are_held_by_their_names(cell: Any, name: str, wrong: Any, expected: str) -> None:
    with pytest.raises(pl.ConfigError, match=rf"The '{name}' of {cell.__name__} must be {expected}\. Received: "):
        cell(**{"units": 2, name: wrong})


@pytest.mark.parametrize("mask", [(2, 4), (3, 5), (1, 5)])
def test_a_mask_that_comes_has_the_steps_of_its_batch(mask: tuple[int, int]) -> None:
    model: Any = pl.build(GRU(4), input_shape=[(None, 3), (None,)], seed=0)
    ctx = pl.Context(pl.require_runtime(model).ops)
    model.forward(ctx, np.zeros((2, 5, 3), "f4"), np.ones((2, 5), bool))
    with pytest.raises(pl.ShapeError, match=r"needs a mask of shape \(2, 5\) for an input of shape \(2, 5, 3\)"):
        model.forward(ctx, np.zeros((2, 5, 3), "f4"), np.ones(mask, bool))


@pytest.mark.parametrize(("shape", "theta"), [
    ((8,), [0, 0, 3, 3, 0, 0, 0, 0]), ((4,), [0, 3, 0, 0]), ((2, 4), [[0, 3, 0, 0]] * 2), ((0,), []), ((), 0),
    ((12,), [0] * 3 + [3] * 3 + [0] * 6),
])  # fmt: skip
def test_the_second_quarter_is_the_forget_gate(shape: tuple[int, ...], theta: Any) -> None:
    with np.errstate(all="raise"):
        found = ForgetBias(3.0)(np.random.default_rng(0), shape, 1, 1)
    assert found.shape == shape and np.array_equal(found, theta)


def told(layer: Any) -> Any:
    if hasattr(layer, "layers"):
        return [told(part) for part in layer.layers]
    if hasattr(layer, "rate"):
        return ("Dropout", layer.rate)
    names = ("units", "return_sequences", "backwards", "carry")
    return (type(layer).__name__, *(getattr(layer, name) for name in names if hasattr(layer, name)))


@pytest.mark.parametrize(
    ("arguments", "layers"),
    [
        ({"hidden": [5]}, [("LSTM", 5, False, False, 0), ("Dense", 3)]),
        ({"hidden": [5, 4], "cell": "gru"}, [("GRU", 5, True, False, 0), ("GRU", 4, False, False, 0), ("Dense", 3)]),
        ({"hidden": [5, 4], "cell": "rnn", "each_step": True, "carry": 6},
         [("RNN", 5, True, False, 6), ("RNN", 4, True, False, 6), ("Dense", 3)]),
        ({"hidden": [5, 4], "both_ways": True, "dropout": 0.25},
         [[("LSTM", 5, True, False, 0), ("LSTM", 5, True, True, 0)], ("Dropout", 0.25),
          [("LSTM", 4, False, False, 0), ("LSTM", 4, False, True, 0)], ("Dropout", 0.25), ("Dense", 3)]),
    ],
    ids=str,
)  # fmt: skip
def test_a_network_is_its_cells_and_a_dense_layer(arguments: dict[str, Any], layers: list[Any]) -> None:
    assert told(recurrent_network(3, **arguments)) == layers


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"outputs": 0}, r"The 'outputs' of recurrent_network must be an int in \[1, inf\)"),
        ({"hidden": []}, "The 'hidden' of recurrent_network must be a list of at least 1"),
        ({"cell": "cell"}, "The 'cell' of recurrent_network must be one of 'rnn', 'gru', 'lstm'"),
        ({"task": "none"}, "The 'task' of recurrent_network must be one of 'classification', 'answers', 'regression'"),
        ({"each_step": 1}, "The 'each_step' of recurrent_network must be"),
        ({"both_ways": 1}, "The 'both_ways' of recurrent_network must be"),
        ({"both_ways": True, "carry": 2}, r"read both ways\. Received: both_ways=True, carry=2\."),
    ],
    ids=str,
)
def test_what_no_network_can_be_is_said(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(pl.ConfigError, match=said):
        recurrent_network(**{"outputs": 3, **arguments})


@pytest.mark.parametrize(("task", "loss"), [
    ("classification", "softmax_cross_entropy"), ("answers", "binary_cross_entropy"), ("regression", "mse"),
])  # fmt: skip
def test_the_task_decides_the_loss(task: Any, loss: str) -> None:
    model = recurrent_network(2, task=task)
    assert model.default_objective == {"type": "core/supervised", "loss": f"core/{loss}"}
