"""A step of each optimizer opened: certified, asked why; bounds on numbers shown as what the optimizer was given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(12, 5)), np.arange(12) % 3


def traced(optimizer: Any, **how: Any) -> pl.Trace:
    layers = [{"type": "dense", "units": 4, "activation": "tanh"}, {"type": "dense", "units": 3}]
    model = pl.build({"type": "sequential", "layers": layers}, input_shape=(5,), seed=0)
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", optimizer=optimizer, seed=0, **how)
    trainer.train_step(X, Y)
    return trainer.trace_step(X, Y)


@pytest.mark.parametrize(("optimizer", "how"), [
    ("adagrad", {}),
    ({"type": "rmsprop", "momentum": 0.9, "centered": True}, {"clip_value": 0.01}),
    ("lion", {"schedule": {"type": "warmup", "steps": 3, "schedule": "one_cycle"}}),
    ("muon", {"clip_norm": 0.1}),
    ("adam", {"clip_value": 0.01, "clip_norm": 0.2}),
    ({"type": "muon", "rest": {"type": "clipped", "optimizer": "adam", "value": 1e-3}}, {"clip_norm": 0.1}),
    ({"layers.0.*": {"type": "clipped", "optimizer": "muon", "value": 1e-3}, "*": "lion"}, {"clip_norm": 0.1}),
], ids=str)  # fmt: skip
def test_a_step_is_certified(optimizer: Any, how: Any) -> None:
    assert "all that could be checked is right" in str(traced(optimizer, **how).certify())


def test_a_bound_is_shown_with_the_gradient_that_it_bounds() -> None:
    trace = traced({"type": "sgd", "lr": 0.1}, clip_value=0.01, clip_norm=0.2)
    factor, gradient = float(trace["clip_factor"]), trace["layers.0.weight.grad"]
    np.testing.assert_allclose(
        trace["layers.0.weight.step_grad"], np.clip(factor * gradient, -0.01, 0.01), rtol=1e-5, atol=1e-9
    )
    cell = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
    why = str(trace.why("layers.0.weight.step_grad", tuple(map(int, cell))))
    assert "np.clip(clip_factor * g, -clip_value, clip_value)" in why and "0.01" in why


def test_the_whole_is_clipped_by_what_groups_have_left_of_it() -> None:
    groups = [{"match": "*.weight", "clip_norm": 0.05}, {"match": "layers.0.bias", "clip_norm": 1e6}]
    trace = traced({"type": "sgd", "lr": 0.1, "groups": groups}, clip_norm=0.04)
    names = [f"layers.{k}.{what}" for k in (0, 1) for what in ("weight", "bias")]
    gradients = {name: trace[f"{name}.grad"].astype(np.float64) for name in names}
    own = {  # of each group
        "weight": np.sqrt(sum(np.sum(gradients[f"layers.{k}.weight"] ** 2) for k in (0, 1))),
        "layers.0.bias": np.linalg.norm(gradients["layers.0.bias"]),
    }
    left = {name: g * (0.05 / own["weight"] if name.endswith("weight") else 1.0) for name, g in gradients.items()}
    whole = np.sqrt(sum(np.sum(g**2) for g in left.values()))
    assert own["weight"] > 0.05 and whole > 0.04
    close = {"rtol": 1e-5, "atol": 0.0}
    np.testing.assert_allclose([trace["norm.0"], trace["norm.1"]], [own["weight"], own["layers.0.bias"]], **close)
    np.testing.assert_allclose(trace["norm"], whole, **close)
    factors = [trace["clip_factor.0"], trace["clip_factor.1"], trace["clip_factor"]]
    np.testing.assert_allclose(factors, [0.05 / own["weight"], 1.0, 0.04 / whole], **close)
    for name in names:
        np.testing.assert_allclose(trace[f"{name}.step_grad"], left[name] * 0.04 / whole, rtol=2e-5, atol=1e-9)
    assert trace.certify().passed


def test_the_norm_is_that_of_gradients_with_their_penalties() -> None:
    decay = pl.create("regularizer", "l2", strength=0.5)
    model = pl.build(pl.Dense(3, regularizer=decay), input_shape=(5,), seed=0)
    trace = pl.Trainer(model, loss="softmax_cross_entropy", optimizer="sgd", clip_norm=0.1, seed=0).trace_step(X, Y)
    penalty = trace["weight.penalty_grad"].astype(np.float64)
    np.testing.assert_allclose(penalty, 0.5 * trace["weight"], rtol=1e-5)
    both = [trace["weight.grad"] + penalty, trace["bias.grad"].astype(np.float64)]
    whole = np.sqrt(sum(np.sum(g**2) for g in both))
    np.testing.assert_allclose([trace["norm"], trace["clip_factor"]], [whole, 0.1 / whole], rtol=1e-5)
    np.testing.assert_allclose(trace["weight.step_grad"], both[0] * 0.1 / whole, rtol=2e-5, atol=1e-9)
    np.testing.assert_allclose(trace["bias.step_grad"], both[1] * 0.1 / whole, rtol=2e-5, atol=1e-9)
