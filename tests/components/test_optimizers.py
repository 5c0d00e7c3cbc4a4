"""Optimizers: one step by hand, many steps against updates written independently from the papers, decay, groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.optimizer import Optimizer, Slots, make_segments
from pellucid.interfaces.parameters import Arena, Param
from pellucid.standard.initializers.fixed import Zeros
from pellucid.standard.optimizers import SGD, Adam, AdamW

from tests.components.support import REFERENCE

Gradient = Callable[[int, np.ndarray], np.ndarray]


def run(optimizer: Optimizer, theta: np.ndarray, gradient: Gradient, steps: int, dtype: str = "float64") -> np.ndarray:
    """Steps of the optimizer on one parameter, through an arena and segments as the trainer makes them."""
    param = Param("weight", theta.shape, Zeros(), True, None, None, None)
    arena = Arena([param], dtype, REFERENCE)
    param.data[...] = theta
    slots = Slots(arena)
    segments = make_segments(optimizer, slots)
    for step in range(steps):
        param.grad += gradient(step, np.array(param.data)).astype(dtype)
        slots.t += 1
        optimizer.step(segments)
        assert not param.grad.any(), "zeroes_grad is promised"
    return np.array(param.data)


# -- the oracles: scalar loops straight from the papers --------------------------------------------------------------


def sgd_by_the_paper(o: SGD, theta: np.ndarray, gradient: Gradient, steps: int) -> np.ndarray:
    """Sutskever et al. (2013) write the velocity with the learning rate in it; here for a constant rate."""
    theta, u = theta.copy(), np.zeros_like(theta)
    for step in range(steps):
        g = gradient(step, theta) + o.weight_decay * theta
        u_next = o.momentum * u - o.lr * g
        theta = theta + (o.momentum * u_next - o.lr * g if o.nesterov else u_next)
        u = u_next
    return theta


def adam_by_the_paper(o: Any, theta: np.ndarray, gradient: Gradient, steps: int, decoupled: bool) -> np.ndarray:
    """Kingma & Ba (2015), the moments as explicit sums over all gradients so far; Loshchilov & Hutter (2019)."""
    theta, history = theta.copy(), []
    for t in range(1, steps + 1):
        g = gradient(t - 1, theta)
        history.append(g if decoupled else g + o.weight_decay * theta)
        m = sum((1 - o.beta1) * o.beta1 ** (t - i) * h for i, h in enumerate(history, 1)) / (1 - o.beta1**t)
        v = sum((1 - o.beta2) * o.beta2 ** (t - i) * h * h for i, h in enumerate(history, 1)) / (1 - o.beta2**t)
        decay = o.lr * o.weight_decay * theta if decoupled else 0.0
        theta = theta - decay - o.lr * m / (np.sqrt(v) + o.eps)
    return theta


def noisy_bowl(step: int, theta: np.ndarray) -> np.ndarray:
    i = np.arange(theta.size).reshape(theta.shape)
    return theta * (0.1 + 0.3 * i) + np.sin(7 * step + i)


CASES = [
    SGD(0.1), SGD(0.1, weight_decay=0.3), SGD(0.05, momentum=0.9), SGD(0.05, momentum=0.9, weight_decay=0.1),
    SGD(0.05, momentum=0.8, nesterov=True), SGD(0.05, momentum=0.8, nesterov=True, weight_decay=0.2),
    Adam(), Adam(0.1), Adam(0.05, beta1=0.5, beta2=0.9, eps=1e-3), Adam(0.05, weight_decay=0.3),
    AdamW(0.1), AdamW(0.05, weight_decay=0.3), AdamW(0.05, weight_decay=0.0),
]  # fmt: skip


@pytest.mark.parametrize("optimizer", CASES, ids=repr)
def test_many_steps(optimizer: Any) -> None:
    theta = np.random.default_rng(0).normal(size=(3, 4))
    if isinstance(optimizer, SGD):
        expected = sgd_by_the_paper(optimizer, theta, noisy_bowl, 12)
    else:
        expected = adam_by_the_paper(optimizer, theta, noisy_bowl, 12, isinstance(optimizer, AdamW))
    np.testing.assert_allclose(run(optimizer, theta, noisy_bowl, 12), expected, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(run(optimizer, theta, noisy_bowl, 12, "float32"), expected, rtol=2e-4, atol=2e-5)


def test_one_step_by_hand() -> None:
    theta, g = np.array([2.0]), np.array([0.5])
    once = lambda optimizer: float(run(optimizer, theta, lambda *_: g, 1)[0])  # noqa: E731
    assert once(SGD(0.1)) == pytest.approx(2 - 0.1 * 0.5)
    assert once(SGD(0.1, weight_decay=0.01)) == pytest.approx(2 - 0.1 * (0.5 + 0.01 * 2))
    assert once(SGD(0.1, momentum=0.9)) == pytest.approx(2 - 0.1 * 0.5)
    assert once(SGD(0.1, momentum=0.9, nesterov=True)) == pytest.approx(2 - 0.1 * 1.9 * 0.5)
    assert once(Adam(0.1)) == pytest.approx(2 - 0.1 * 0.5 / (0.5 + 1e-8), abs=1e-15)  # the first step has size lr
    assert once(AdamW(0.1, weight_decay=0.01)) == pytest.approx(2 - 0.1 * 0.01 * 2 - 0.1 * 0.5 / (0.5 + 1e-8))


def test_decay_is_through_the_moments_or_not_at_all() -> None:
    """With no gradient Adam with L2 takes full steps towards 0; AdamW shrinks by the factor 1 − lr·λ."""
    theta = np.array([1.0, 100.0])
    none: Gradient = lambda step, theta: np.zeros(2)  # noqa: E731
    np.testing.assert_allclose(run(Adam(0.1, weight_decay=0.5), theta, none, 1), theta - 0.1, rtol=1e-7)
    np.testing.assert_allclose(run(AdamW(0.1, weight_decay=0.5), theta, none, 3), theta * 0.95**3, rtol=1e-14)


def test_momentum_slows_down_like_a_geometric_series() -> None:
    push: Gradient = lambda step, theta: np.array([1.0 if step == 0 else 0.0])  # noqa: E731
    moved = run(SGD(1.0, momentum=0.5), np.zeros(1), push, 60)
    assert float(moved[0]) == pytest.approx(-2.0, abs=1e-14)


def test_without_momentum_no_memory_is_kept() -> None:
    param = Param("weight", (3,), Zeros(), True, None, None, None)
    slots = Slots(Arena([param], "float64", REFERENCE))
    optimizer = SGD(0.1)
    optimizer.step(make_segments(optimizer, slots))
    assert slots.buffers == {}


def test_groups_and_biases_have_their_own_hyper_parameters() -> None:
    params = [Param(n, (2,), Zeros(), n == "weight", None, None, None) for n in ("weight", "bias", "scale")]
    arena = Arena(params, "float64", REFERENCE)
    for p in params:
        p.data[...] = 1.0
    slots = Slots(arena)
    optimizer = AdamW(0.1, weight_decay=0.5, groups=[{"match": "scale", "weight_decay": 0.2}])
    segments = make_segments(optimizer, slots)
    slots.t += 1
    optimizer.step(segments)
    assert [float(p.data[0]) for p in params] == pytest.approx([0.95, 1.0, 0.98])  # bias: decay=False


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(-1.0), r"The 'lr' of SGD must be a float in \[0, inf\). Received: -1.0."),
        (lambda: SGD(0.1, momentum=1.0), r"The 'momentum' of SGD must be a float in \[0, 1\). Received: 1.0."),
        (lambda: SGD(0.1, nesterov=True), "needs a 'momentum' above 0"),
        (lambda: SGD(0.1, momentum=0.9, nesterov=1), "The 'nesterov' of SGD must be True or False. Received: 1."),
        (lambda: Adam("fast"), "The 'lr' of Adam must be a float in .* Received: 'fast'."),
        (lambda: Adam(beta2=1.0), "The 'beta2' of Adam must be a float in"),
        (lambda: Adam(eps=0.0), r"The 'eps' of Adam must be a float in \[1e-19, inf\)"),
        (lambda: AdamW(eps=1e-38), r"The 'eps' of AdamW must be a float in \[1e-19, inf\). Received: 1e-38"),
        (lambda: AdamW(weight_decay=float("nan")), "The 'weight_decay' of AdamW must be .* Received: nan."),
        (lambda: AdamW(lr=float("inf")), "The 'lr' of AdamW must be .* Received: inf."),
    ],
)  # fmt: skip
def test_arguments_are_checked(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
