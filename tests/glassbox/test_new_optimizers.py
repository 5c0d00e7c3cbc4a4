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
