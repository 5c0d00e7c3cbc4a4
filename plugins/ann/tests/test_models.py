"""The architectures: which layers they put in a row, their gradients, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import Batch, ConfigError, choose_objective

VARIANTS: list[dict[str, Any]] = [
    {},
    {"hidden": []},
    {"hidden": [4], "activation": "tanh", "init": "glorot"},
    {"hidden": [6, 5], "activation": "gelu", "init": {"type": "normal", "std": 0.3}},
    {"hidden": [6, 5], "activation": "softplus", "dropout": 0.3},
    {"hidden": [6, 5], "activation": "silu", "normalization": "batch_norm"},
    {"hidden": [6, 5], "activation": "sigmoid", "normalization": "layer_norm", "dropout": 0.2},
    {"hidden": [4], "activation": "tanh", "task": "regression"},
    {"hidden": [4], "activation": "tanh", "outputs": 1},
]


def build(name: str = "ann", input_shape: tuple[int, ...] = (3,), **arguments: Any) -> pl.Layer:
    arguments = {"outputs": 3, **arguments}
    return pl.build(name, input_shape=input_shape, seed=0, dtype="float64", backend="reference", **arguments)


def layers(model: pl.Layer) -> list[str]:
    return [type(layer).__name__ for _, layer in model.walk()][1:]


def shapes(model: pl.Layer) -> dict[str, tuple[int, ...]]:
    return {param.path: param.shape for param in model.parameters()}


def test_the_default_network() -> None:
    model = build(input_shape=(784,), outputs=10)
    assert layers(model) == ["Flatten", "Dense", "Dense"]
    assert shapes(model) == {
        "layers.1.weight": (784, 128), "layers.1.bias": (128,), "layers.2.weight": (128, 10), "layers.2.bias": (10,),
    }  # fmt: skip


def test_dropout_follows_each_hidden_layer_and_not_the_outputs() -> None:
    assert layers(build(hidden=[5, 4], dropout=0.5)) == ["Flatten", "Dense", "Dropout", "Dense", "Dropout", "Dense"]


@pytest.mark.parametrize(("normalization", "layer", "bias"), [("batch_norm", "BatchNorm", False),
                                                              ("layer_norm", "LayerNorm", True)])  # fmt: skip
def test_normalization_stands_before_the_activation(normalization: str, layer: str, bias: bool) -> None:
    model = build(hidden=[5], activation="tanh", normalization=normalization, dropout=0.1)
    assert layers(model) == ["Flatten", "Dense", layer, "Tanh", "Dropout", "Dense"]
    assert ("layers.1.bias" in shapes(model)) is bias


def test_no_hidden_layer_makes_it_linear() -> None:
    model = build(hidden=[])
    x = np.random.default_rng(0).normal(size=(5, 3))
    middle = model.predict((x[:1] + x[1:2]) / 2)
    np.testing.assert_allclose(middle, (model.predict(x[:1]) + model.predict(x[1:2])) / 2, atol=1e-12)


def test_images_are_flattened() -> None:
    images = np.random.default_rng(0).normal(size=(5, 2, 3, 1))
    model = build(input_shape=(2, 3, 1))
    assert shapes(model)["layers.1.weight"] == (6, 128)
    np.testing.assert_array_equal(model.predict(images), build(input_shape=(6,)).predict(images.reshape(5, 6)))


def test_the_initializer_reaches_every_weight() -> None:
    model = build(hidden=[4], init="zeros")
    assert not any(param.data.any() for param in model.parameters())


def test_logistic_regression_starts_undecided() -> None:
    model = build("logistic_regression", outputs=4)
    assert layers(model) == ["Flatten", "Dense"]
    np.testing.assert_array_equal(model.predict(np.ones((2, 3))), np.zeros((2, 4)))


@pytest.mark.parametrize(
    ("name", "arguments", "loss"),
    [
        ("ann", {"outputs": 3}, "core/softmax_cross_entropy"),
        ("ann", {"outputs": 1}, "core/binary_cross_entropy"),
        ("ann", {"outputs": 1, "task": "regression"}, "core/mse"),
        ("ann", {"outputs": 3, "task": "regression"}, "core/mse"),
        ("logistic_regression", {"outputs": 3}, "core/softmax_cross_entropy"),
        ("logistic_regression", {"outputs": 1}, "core/binary_cross_entropy"),
    ],
)
def test_the_task_decides_the_loss(name: str, arguments: dict[str, Any], loss: str) -> None:
    objective = choose_objective(build(name, **arguments), None, None)
    assert pl.to_config(objective) == {"type": "core/supervised", "loss": pl.to_config(pl.create("loss", loss))}


@pytest.mark.parametrize("arguments", VARIANTS, ids=str)
def test_the_configuration_builds_the_same_model_again(arguments: dict[str, Any]) -> None:
    model = build(**arguments)
    config = pl.to_config(model)
    assert config["type"] == "ann/ann"
    again = pl.build(config, input_shape=(3,), seed=0, dtype="float64", backend="reference")
    assert pl.to_config(again) == config
    assert again.default_objective == model.default_objective
    x = np.random.default_rng(1).normal(size=(5, 3))
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


@pytest.mark.parametrize("arguments", VARIANTS, ids=str)
def test_gradients_agree_with_central_differences(arguments: dict[str, Any]) -> None:
    model = build(**arguments)
    objective = choose_objective(model, None, None)
    rng = np.random.default_rng(2)
    for param in model.parameters():  # biases start at zero, and a rectifier has a kink there
        param.data += 0.1 * rng.normal(size=param.shape)
    x = rng.normal(size=(6, 3))
    outputs = arguments.get("outputs", 3)
    y: np.ndarray[Any, Any] = rng.normal(size=(6, outputs))
    if arguments.get("task") != "regression":
        y = rng.integers(0, 2, (6, 1)) if outputs == 1 else rng.integers(0, outputs, 6)
    ops = model.runtime.ops
    ctx = pl.Context(ops, training=True, seed=3, dtype="float64")

    def loss() -> float:
        ctx.begin(0, 0)  # the same step each time: the same dropout
        value = float(objective.forward(ctx, model, Batch(x, y)))
        ctx.discard()
        return value

    loss()
    model.runtime.arena.grad[...] = 0
    objective.backward(ctx, model)
    step = 1e-6
    for param in model.parameters():
        for index in list(np.ndindex(param.shape))[:20]:
            value = param.data[index]
            param.data[index] = value + step
            above = loss()
            param.data[index] = value - step
            numeric = (above - loss()) / (2 * step)
            param.data[index] = value
            assert abs(param.grad[index] - numeric) < 1e-6 * max(1.0, abs(numeric)), (param.path, index)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"outputs": 0}, r"outputs: The 'outputs' of ann must be an int in \[1, inf\). Received: 0"),
        ({"hidden": [5, 0]}, r"hidden: The 'hidden' of ann must be .* Received: \[5, 0\]"),
        ({"hidden": 5}, "hidden: expected a list"),
        ({"hidden": ["a"]}, "hidden.0: expected"),
        ({"activation": "rleu"}, "activation.*'relu'"),
        ({"dropout": 1.0}, "dropout|rate"),
        ({"normalization": "batchnorm"}, "normalization: expected one of 'batch_norm', 'layer_norm'"),
        ({"task": "clustering"}, "task: expected one of 'classification', 'regression'"),
        ({"hiden": [5]}, "hiden: .*[Dd]id you mean 'hidden'"),
    ],
    ids=str,
)
def test_wrong_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(**arguments)


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(ConfigError, match="outputs: missing"):
        pl.build("logistic_regression", input_shape=(3,))
