"""Optimizers: one step by hand, many steps against updates written independently from the papers, decay, groups."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.optimizer import Optimizer, Slots, make_segments
from pellucid.interfaces.parameters import Arena, Param
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint
from pellucid.standard.initializers.fixed import Zeros
from pellucid.standard.optimizers.adagrad import Adagrad
from pellucid.standard.optimizers.adam import Adam, AdamW
from pellucid.standard.optimizers.clipped import Clipped
from pellucid.standard.optimizers.lion import Lion
from pellucid.standard.optimizers.muon import Muon, orthogonal
from pellucid.standard.optimizers.rmsprop import RMSprop
from pellucid.standard.optimizers.sgd import SGD

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


def adagrad_by_the_paper(o: Adagrad, theta: np.ndarray, gradient: Gradient, steps: int) -> np.ndarray:
    """Duchi et al. (2011), figure 1: the squares of all gradients so far under the root."""
    theta, history = theta.copy(), []
    for step in range(steps):
        history.append(gradient(step, theta) + o.weight_decay * theta)
        theta = theta - o.lr * history[-1] / (np.linalg.norm(np.stack(history), axis=0) + o.eps)
    return theta


def rmsprop_by_the_lecture(o: RMSprop, theta: np.ndarray, gradient: Gradient, steps: int) -> np.ndarray:
    """Hinton's lecture 6.5 and Graves (2013), §4.2: moments as explicit sums, the deviation from them."""
    theta, history, u = theta.copy(), [], np.zeros_like(theta)
    for t in range(1, steps + 1):
        history.append(gradient(t - 1, theta) + o.weight_decay * theta)
        shares = [(1 - o.rho) * o.rho ** (t - i) for i in range(1, t + 1)]
        n = sum(share * g**2 for share, g in zip(shares, history, strict=True))
        mean = sum(share * g for share, g in zip(shares, history, strict=True)) if o.centered else 0.0
        u = o.momentum * u + history[-1] / (np.sqrt(n - mean**2) + o.eps)
        theta = theta - o.lr * u
    return theta


def lion_by_the_paper(o: Lion, theta: np.ndarray, gradient: Gradient, steps: int) -> np.ndarray:
    """Chen et al. (2023), program 2: the direction from β₁, the memory from β₂, as explicit sums."""
    theta, history = theta.copy(), []
    for t in range(1, steps + 1):
        g = gradient(t - 1, theta)
        m = sum(((1 - o.beta2) * o.beta2 ** (t - 1 - i) * h for i, h in enumerate(history, 1)), np.zeros_like(theta))
        theta = theta - o.lr * (np.sign(o.beta1 * m + (1 - o.beta1) * g) + o.weight_decay * theta)
        history.append(g)
    return theta


def muon_by_singular_values(o: Muon, theta: np.ndarray, gradient: Gradient, steps: int) -> np.ndarray:
    """Jordan (2024): the polynomial on the singular values of the momentum, whose directions stay."""
    theta, u = theta.copy(), np.zeros_like(theta)
    for step in range(steps):
        g = gradient(step, theta)
        u = o.momentum * u + g
        p, s, q = np.linalg.svd(g + o.momentum * u if o.nesterov else u, full_matrices=False)
        s = s / np.sqrt(np.sum(s**2))
        for _ in range(5):
            s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
        inputs, outputs = theta.shape
        theta = theta * (1 - o.lr * o.weight_decay) - o.lr * max(1, outputs / inputs) ** 0.5 * (p * s) @ q
    return theta


def noisy_bowl(step: int, theta: np.ndarray) -> np.ndarray:
    i = np.arange(theta.size).reshape(theta.shape)
    return theta * (0.1 + 0.3 * i) + np.sin(7 * step + i)


CASES = [
    SGD(0.1), SGD(0.1, weight_decay=0.3), SGD(0.05, momentum=0.9), SGD(0.05, momentum=0.9, weight_decay=0.1),
    SGD(0.05, momentum=0.8, nesterov=True), SGD(0.05, momentum=0.8, nesterov=True, weight_decay=0.2),
    Adam(), Adam(0.1), Adam(0.05, beta1=0.5, beta2=0.9, eps=1e-3), Adam(0.05, weight_decay=0.3),
    AdamW(0.1), AdamW(0.05, weight_decay=0.3), AdamW(0.05, weight_decay=0.0),
    Adagrad(0.1), Adagrad(0.05, eps=1e-3, weight_decay=0.3),
    RMSprop(0.01), RMSprop(0.01, rho=0.8, momentum=0.7, weight_decay=0.1), RMSprop(0.01, centered=True, eps=1e-2),
    RMSprop(0.01, rho=0.95, centered=True, momentum=0.5, eps=1e-2),
    Lion(0.01), Lion(0.05, beta1=0.7, beta2=0.8, weight_decay=0.3),
    Muon(), Muon(0.1, momentum=0.7, weight_decay=0.3), Muon(0.1, momentum=0.5, nesterov=False),
]  # fmt: skip


@pytest.mark.parametrize("optimizer", CASES, ids=repr)
def test_many_steps(optimizer: Any) -> None:
    theta = np.random.default_rng(0).normal(size=(3, 4))
    oracles: dict[type, Any] = {
        SGD: sgd_by_the_paper, Adagrad: adagrad_by_the_paper, RMSprop: rmsprop_by_the_lecture, Lion: lion_by_the_paper,
        Muon: muon_by_singular_values,
    }  # fmt: skip
    if type(optimizer) in oracles:
        expected = oracles[type(optimizer)](optimizer, theta, noisy_bowl, 12)
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


def test_first_steps_of_all_others_by_hand() -> None:
    theta, g = np.array([2.0, 2.0]), np.array([0.5, -1e-6])
    once = lambda optimizer: run(optimizer, theta, lambda *_: g, 1) - theta  # noqa: E731
    assert once(Adagrad(0.1)) == pytest.approx([-0.1, 0.1], rel=1e-3)  # g/|g|
    assert once(RMSprop(0.1, eps=1e-12)) == pytest.approx([-0.1 * 10**0.5, 0.1 * 10**0.5], rel=1e-4)  # 1/√(1 − ρ)
    assert once(Lion(0.1)) == pytest.approx([-0.1, 0.1])
    assert once(Lion(0.1, weight_decay=0.5)) == pytest.approx([-0.2, 0.0])
    clipped = Clipped(SGD(1.0), 0.25)
    assert once(clipped) == pytest.approx([-0.25, 1e-6])


@pytest.mark.parametrize("shape", [(12, 8), (8, 12), (9, 9), (1, 5), (5, 1), (64, 10)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_directions_of_muon_are_orthogonal_and_those_of_the_momentum(shape: tuple[int, int], dtype: str) -> None:
    u = np.random.default_rng(1).normal(size=shape).astype(dtype)
    found = orthogonal(REFERENCE, u)
    p, _, q = np.linalg.svd(u, full_matrices=False)
    between = p.T @ found @ q.T
    assert ((np.diag(between) > 0.6) & (np.diag(between) < 1.3)).all()
    np.testing.assert_allclose(between, np.diag(np.diag(between)), atol=1e-4 if dtype == "float32" else 1e-10)
    np.testing.assert_allclose(orthogonal(REFERENCE, u * dtype_of(u)(1e-9)), found, atol=1e-5)  # its scale is nothing
    assert not orthogonal(REFERENCE, np.zeros(shape, dtype)).any()


def dtype_of(array: np.ndarray) -> Any:
    return array.dtype.type


@pytest.mark.parametrize("backend", ["cython", "reference"])
@pytest.mark.parametrize("size", [1e-10, 1e25, 3e37])
def test_directions_do_not_depend_on_the_size_of_a_gradient(backend: str, size: float) -> None:
    g = np.random.default_rng(0).normal(size=(16, 8)).astype(np.float32)
    ops = pl.get_ops(backend)
    expected = np.linalg.svd(orthogonal(ops, g.copy()), compute_uv=False)
    found = np.linalg.svd(orthogonal(ops, g * np.float32(size)), compute_uv=False)
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_muon_takes_filters_as_matrices_and_leaves_the_rest_to_another() -> None:
    shapes = {"filters": (3, 3, 2, 4), "bias": (4,), "weight": (18, 4)}
    params = [Param(name, shape, Zeros(), name != "bias", None, None, None) for name, shape in shapes.items()]
    arena = Arena(params, "float64", REFERENCE)
    muon = Muon(0.1, rest=SGD(0.5), groups=[{"match": "weight", "lr": 0.2}])
    segments = make_segments(muon, Slots(arena))
    g = np.random.default_rng(0).normal(size=(18, 4))
    for param, gradient in zip(params, (g.reshape(3, 3, 2, 4), np.ones(4), g), strict=True):
        param.grad += gradient
    segments[0].slots.t += 1
    muon.step(segments)
    filters, bias, weight = (np.array(param.data) for param in params)
    np.testing.assert_allclose(filters.reshape(18, 4) * 2, weight, rtol=1e-12)  # the group's rate is twice as large
    np.testing.assert_allclose(bias, -0.5)
    assert not any(param.grad.any() for param in params)
    assert muon.of(params[1]) is muon.rest and muon.of(params[0]) is muon


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
        (lambda: Adagrad(eps=0.0), r"The 'eps' of Adagrad must be a float in \[1e-19, inf\)"),
        (lambda: RMSprop(rho=1.0), r"The 'rho' of RMSprop must be a float in \[0, 1\)"),
        (lambda: RMSprop(centered=1), "The 'centered' of RMSprop must be True or False. Received: 1."),
        (lambda: Lion(beta1=-0.1), "The 'beta1' of Lion must be a float in"),
        (lambda: Muon(momentum=1.0), "The 'momentum' of Muon must be a float in"),
        (lambda: Muon(rest="sdg"), "rest: .*sdg"),
        (lambda: Clipped(SGD(), 0.0), r"The 'value' of Clipped must be a float in \(0, inf\). Received: 0.0."),
    ],
)  # fmt: skip
def test_arguments_are_checked(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize(
    "optimizer",
    ["adagrad", {"type": "rmsprop", "momentum": 0.9, "centered": True}, "lion", "muon",
     {"type": "clipped", "optimizer": "adam", "value": 0.1}],
    ids=str,
)  # fmt: skip
def test_a_run_in_one_go_and_one_in_two_have_the_same_bits(optimizer: Any, accumulate: int, tmp_path: Path) -> None:
    """Replayed and by code, with a schedule, over a checkpoint in the middle of an epoch."""
    rng = np.random.default_rng(0)
    data = (rng.normal(size=(48, 4)), rng.integers(0, 3, 48))

    def trainer(*callbacks: pl.Callback) -> pl.Trainer:
        dense = {"type": "dense", "units": 6, "activation": "tanh"}
        layers = [dense, {"type": "batch_norm"}, {"type": "dense", "units": 3}]
        model = pl.build({"type": "sequential", "layers": layers}, input_shape=(4,), seed=0)
        schedule = {"type": "warmup", "steps": 3, "schedule": "one_cycle"}
        return pl.Trainer(
            model, loss="softmax_cross_entropy", optimizer=optimizer, schedule=schedule, callbacks=callbacks, seed=1,
            accumulate=accumulate,
        )  # fmt: skip

    class Save(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            run.on_step(lambda run: save_checkpoint(run.trainer, path) if run.step == 5 else None)

    path = tmp_path / "middle.checkpoint"
    whole, again = trainer(Save()), trainer()
    whole.fit(data, epochs=4, batch_size=8, verbose=False)
    restore_checkpoint(again, path)
    assert again.steps == 5 and again.position
    again.fit(data, epochs=4 - again.epochs, batch_size=8, verbose=False)
    for ours, theirs in zip(again.model.parameters(), whole.model.parameters(), strict=True):
        np.testing.assert_array_equal(ours.data, theirs.data)
    assert accumulate > 1 or all(step.recorded for step in whole._stepper._steps.values())
