"""The equations that components carry as data are what the code computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pellucid.basics.component import Component
from pellucid.standard.initializers.fixed import Ones, Zeros
from pellucid.standard.layers.dense import Dense
from pellucid.standard.layers.normalisation import BatchNorm
from pellucid.standard.metrics.accuracy import Accuracy
from pellucid.standard.optimizers.adam import Adam
from pellucid.standard.regularizers import L2
from pellucid.standard.schedules.constant import Constant
from pellucid.standard.schedules.cosine import Cosine

from tests.components import test_layer_gradients, test_losses, test_optimizers
from tests.components.equations import evaluate
from tests.components.support import REFERENCE, built, context, random_input


@pytest.mark.parametrize(("cls", "arguments", "example"), test_layer_gradients.CASES, ids=test_layer_gradients.IDS)
def test_layers(cls: Any, arguments: dict[str, Any], example: Any) -> None:
    layer = built(cls(**arguments), *example.input_shapes)
    (x,) = random_input(example, rows=4)
    ctx = context()
    y = layer.forward(ctx, x)
    dy = np.random.default_rng(1).normal(size=y.shape)
    dx = layer.backward(ctx, dy)
    defined = evaluate(layer, x=x, dy=dy, uniform=context().uniform(x.shape))
    np.testing.assert_allclose(y, defined["y"], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(dx, defined["dx"], rtol=1e-11, atol=1e-13)
    for symbol, attribute in layer.symbols.items():
        if attribute in {p.name for p in layer.parameters()}:
            np.testing.assert_allclose(getattr(layer, attribute).grad, defined[f"d{symbol}"], rtol=1e-11, atol=1e-13)


SIMPLE = {"indices", "indices weighted", "binary", "binary weighted", "mse", "mse weighted"}


@pytest.mark.parametrize("case", [c for c in test_losses.CASES if c[0] in SIMPLE], ids=lambda c: c[0])
def test_losses_too(case: Any) -> None:
    _, loss, prediction, target, weight = case
    ctx = context()
    value = loss.forward(ctx, prediction, target, weight)
    w = np.ones(len(prediction)) if weight is None else weight
    defined = evaluate(loss, prediction=prediction, z=prediction, t=target, w=w)
    assert float(value) == pytest.approx(defined["loss"], rel=1e-12)
    np.testing.assert_allclose(loss.backward(ctx), defined["dprediction"], rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("optimizer", test_optimizers.CASES, ids=repr)
def test_optimizers_too(optimizer: Any) -> None:
    theta = np.random.default_rng(0).normal(size=(3, 4))
    quantities: dict[str, Any] = {"theta": theta} | dict.fromkeys("mvau", 0.0)  # slots begin at zero
    for step in range(4):
        gradient = test_optimizers.noisy_bowl(step, quantities["theta"])
        quantities |= evaluate(optimizer, **{**quantities, "g": gradient, "t": step + 1})
    np.testing.assert_allclose(
        test_optimizers.run(optimizer, theta, test_optimizers.noisy_bowl, 4), quantities["theta"], rtol=1e-11
    )


@pytest.mark.parametrize("schedule", [Constant(), *(Cosine(**e.arguments) for e in Cosine.examples)], ids=repr)
def test_schedules(schedule: Any) -> None:
    for step in range(getattr(schedule, "steps", None) or 15):  # after its own steps it warns
        assert schedule(step, 10) == pytest.approx(evaluate(schedule, step=step, total=10)["factor"], abs=1e-15)


def test_the_others() -> None:
    theta = np.random.default_rng(0).normal(size=(3, 4))
    defined, grad = evaluate(L2(0.3), theta=theta), np.zeros((3, 4))
    L2(0.3).add_gradient(REFERENCE, theta, grad)
    assert L2(0.3).penalty(REFERENCE, theta) == pytest.approx(defined["penalty"])
    np.testing.assert_allclose(grad, defined["dtheta"])
    metric, w = Accuracy(), test_losses.WEIGHT
    metric.update(test_losses.LOGITS, test_losses.LABELS, w)
    defined = evaluate(metric, prediction=test_losses.LOGITS, t=test_losses.LABELS, w=w)
    assert metric.result() == pytest.approx(defined["accuracy"])
    for initializer in (Zeros(), Ones()):
        values = initializer(np.random.default_rng(0), (2, 3), 2, 3)
        np.testing.assert_array_equal(values, evaluate(initializer, shape=(2, 3))["theta"])


def test_examples_build() -> None:
    assert len(Dense.examples) >= 3
    for cls in (*test_layer_gradients.LAYERS, BatchNorm, Adam, Cosine):
        for example in cls.examples:
            component: Component = cls(**example.arguments)
            assert component.equations and all(e.latex for e in component.equations)
