"""Every layer's gradients, in float64: against central differences, and against an independent oracle at 1e-9."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pellucid.interfaces.layer import Layer
from pellucid.standard.layers.activations import ELU, GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from pellucid.standard.layers.dense import Dense
from pellucid.standard.layers.dropout import Dropout
from pellucid.standard.layers.neuron import Neuron
from pellucid.standard.layers.normalisation import BatchNorm, LayerNorm
from pellucid.standard.layers.prelu import PReLU
from pellucid.standard.layers.reshape import Flatten, Reshape
from pellucid.standard.ops.activations import ACTIVATIONS
from scipy import special

from tests.components.support import built, central_difference, complex_step, context, random_input, relative_error

LAYERS = (BatchNorm, Dense, Dropout, ELU, Flatten, GELU, LayerNorm)
LAYERS += (LeakyReLU, Neuron, PReLU, ReLU, Reshape, Sigmoid, SiLU, Softmax, Softplus, Tanh)
CASES = [(cls, dict(e.arguments), e) for cls in LAYERS for e in cls.examples] + [
    (Dense, {"units": 3, "activation": name}, Dense.examples[0]) for name in ACTIVATIONS
]
IDS = [f"{cls.__name__}-{'-'.join(map(str, arguments.values()))}-{e.input_shapes[0]}" for cls, arguments, e in CASES]

# -- the oracle: each function written from the textbook in complex arithmetic -------------------------------------

FUNCTIONS: dict[str | None, Callable[..., Any]] = {
    None: lambda z: z,
    "relu": lambda z: np.where(z.real > 0, z, 0),
    "leaky_relu": lambda z, alpha=0.01: np.where(z.real > 0, z, alpha * z),
    "elu": lambda z, alpha=1.0: np.where(z.real > 0, z, alpha * (np.exp(z) - 1)),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "gelu": lambda z: z * (1 + special.erf(z / np.sqrt(2))) / 2,
}


def normalised(x: Any, axis: Any, eps: float) -> Any:
    mean = x.mean(axis, keepdims=True)
    return (x - mean) / np.sqrt(((x - mean) ** 2).mean(axis, keepdims=True) + eps)


def textbook(layer: Layer, values: dict[str, Any], x: Any, training: bool) -> Any:
    """y of the layer as a function of its parameters and x that is analytic in all of them."""
    leading = tuple(range(x.ndim - 1))
    match layer:
        case Dense() | Neuron():
            z = x @ values["weight"] + values.get("bias", 0)
            return FUNCTIONS[layer.activation](z)
        case BatchNorm() if training:
            return values["gamma"] * normalised(x, leading, layer.eps) + values["beta"]
        case BatchNorm():
            spread = np.sqrt(layer.running_var.data + layer.eps)
            return values["gamma"] * (x - layer.running_mean.data) / spread + values["beta"]
        case LayerNorm():
            return values["gamma"] * normalised(x, -1, layer.eps) + values["beta"]
        case Softmax():
            return np.exp(x) / np.exp(x).sum(-1, keepdims=True)
        case Flatten():
            return x.reshape(x.shape[0], -1)
        case Reshape():
            return x.reshape(x.shape[0], *layer.shape)
        case ELU() | LeakyReLU():
            return FUNCTIONS[layer.op](x, layer.alpha)
        case PReLU():
            return FUNCTIONS["leaky_relu"](x, values["alpha"])
        case ReLU() | Sigmoid() | Tanh() | Softplus() | SiLU() | GELU():
            return FUNCTIONS[layer.op](x)
        case Dropout():
            mask = values["mask"] if training and layer.rate > 0 else 1.0
            return x * mask
    raise AssertionError(f"no oracle for {layer!r}")


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize(("cls", "arguments", "example"), CASES, ids=IDS)
def test_gradients(cls: Any, arguments: dict[str, Any], example: Any, training: bool) -> None:
    layer = built(cls(**arguments), *example.input_shapes)
    (x,) = random_input(example, rows=4)
    ctx = context(training=training)

    y = np.array(layer.forward(ctx, x))
    assert y.shape[1:] == tuple(layer.output_shape(*example.input_shapes))
    dy = np.random.default_rng(5).normal(size=y.shape)
    dx = np.array(layer.backward(ctx, dy))
    gradients = {p.name: np.array(p.grad) for p in layer.parameters()}
    ctx.discard()

    def objective() -> float:
        other = context(training=training)
        result = float(np.sum(dy * layer.forward(other, x)))
        other.discard()
        return result

    assert relative_error(dx, central_difference(objective, x)) < 1e-6
    for p in layer.parameters():
        assert relative_error(gradients[p.name], central_difference(objective, p.data)) < 1e-6, p.name

    values: dict[str, Any] = {p.name: np.array(p.data) for p in layer.parameters()}
    if cls is Dropout:
        values["mask"] = np.array(layer.forward(context(training=training), np.ones_like(x)))
    assert relative_error(y, textbook(layer, values, x, training)) < 1e-9
    assert relative_error(dx, complex_step(lambda v: np.sum(dy * textbook(layer, values, v, training)), x)) < 1e-9
    for name in gradients:
        oracle = complex_step(
            lambda v, name=name: np.sum(dy * textbook(layer, {**values, name: v}, x.astype(complex), training)),
            values[name],
        )
        assert relative_error(gradients[name], oracle) < 1e-9, name


@pytest.mark.parametrize(("cls", "arguments", "example"), CASES, ids=IDS)
def test_gradients_accumulate_and_inputs_stay_untouched(cls: Any, arguments: dict[str, Any], example: Any) -> None:
    layer = built(cls(**arguments), *example.input_shapes)
    (x,) = random_input(example, rows=3)
    x.flags.writeable = False
    ctx = context()
    y = layer.forward(ctx, x)
    dy = np.random.default_rng(5).normal(size=y.shape)
    dy.flags.writeable = False
    first = np.array(layer.backward(ctx, dy))
    once = [np.array(p.grad) for p in layer.parameters()]
    second = np.array(layer.backward(ctx, dy))
    np.testing.assert_array_equal(first, second)
    for p, g in zip(layer.parameters(), once, strict=True):
        np.testing.assert_allclose(p.grad, 2 * g, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("cls", "arguments", "example"), CASES, ids=IDS)
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_no_rows(cls: Any, arguments: dict[str, Any], example: Any, training: bool) -> None:
    layer = built(cls(**arguments), *example.input_shapes)
    (x,) = random_input(example, rows=0)
    ctx = context(training=training)
    y = layer.forward(ctx, x)
    assert y.shape == (0, *layer.output_shape(*example.input_shapes))
    assert layer.backward(ctx, np.zeros(y.shape)).shape == x.shape
    assert all(not p.grad.any() for p in layer.parameters())
    before = [np.array(s.data) for s in layer.states()]
    ctx.commit()
    for state, value in zip(layer.states(), before, strict=True):
        np.testing.assert_array_equal(state.data, value)


@pytest.mark.parametrize(("cls", "arguments", "example"), CASES, ids=IDS)
def test_non_contiguous_input_gives_the_same(cls: Any, arguments: dict[str, Any], example: Any) -> None:
    layer = built(cls(**arguments), *example.input_shapes)
    (x,) = random_input(example, rows=4)
    spread = np.zeros((*x.shape[:-1], 2 * x.shape[-1]))[..., ::2]
    spread[...] = x
    assert not spread.flags.c_contiguous or spread.size <= 1 or spread.ndim == 1
    expected = np.array(layer.forward(context(), x))
    ctx = context()
    np.testing.assert_allclose(layer.forward(ctx, spread), expected, rtol=1e-13)
    dy = np.ones((*expected.shape[:-1], 2 * expected.shape[-1]))[..., ::2]
    assert layer.backward(ctx, dy).shape == x.shape


@pytest.mark.parametrize(("cls", "arguments", "example"), CASES, ids=IDS)
def test_float32_stays_float32_and_agrees(cls: Any, arguments: dict[str, Any], example: Any) -> None:
    exact = built(cls(**arguments), *example.input_shapes)
    layer = built(cls(**arguments), *example.input_shapes, dtype="float32")
    (x,) = random_input(example, rows=4)
    ctx, ctx32 = context(), context(dtype="float32")
    y, y32 = exact.forward(ctx, x), layer.forward(ctx32, x.astype("float32"))
    dx, dx32 = exact.backward(ctx, y), layer.backward(ctx32, y32)
    assert y32.dtype == dx32.dtype == np.float32
    np.testing.assert_allclose(y32, y, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(dx32, dx, rtol=1e-3, atol=1e-4)
    for p32, p in zip(layer.parameters(), exact.parameters(), strict=True):
        np.testing.assert_allclose(p32.grad, p.grad, rtol=1e-3, atol=1e-4)
