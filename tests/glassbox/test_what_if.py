"""What would have been: foretold by the gradient, beside what another run really does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest

OPTIMIZERS = ["sgd", {"type": "sgd", "lr": 0.1, "momentum": 0.9}, "adam"]


def _trainer(optimizer: Any = "sgd", dtype: str = "float64", **options: Any) -> tuple[Any, Any]:
    layers = [pl.Dense(5, "tanh"), pl.BatchNorm(), pl.Dropout(0.3), pl.Dense(3)]
    model = pl.build(pl.Sequential(layers), input_shape=(4,), seed=1, dtype=dtype)
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", seed=2, optimizer=optimizer, **options)
    trainer.train_step(*_batch())
    return model, trainer


def _batch() -> tuple[Any, Any]:
    rng = np.random.default_rng(8)
    return rng.normal(size=(7, 4)), rng.integers(0, 3, 7)


def _weights(model: Any) -> dict[str, Any]:
    return {param.path: np.array(param.data) for param in model.parameters()}


def _norm(change: dict[str, Any]) -> float:
    return float(np.sqrt(sum(np.sum(each**2) for each in change.values())))


def _taken(model: Any, trainer: Any, **how: Any) -> tuple[float, dict[str, Any]]:
    """The loss of a real step, and what it adds to the weights."""
    before = _weights(model)
    loss = trainer.train_step(*_batch(), **how)
    return loss, {path: value - before[path] for path, value in _weights(model).items()}


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_another_weight(optimizer: Any) -> None:
    trace = _trainer(optimizer)[1].trace_step(*_batch())
    found = trace.what_if("layers.0.weight", (3, 2), 0.05)
    loss, change = _taken(*_trainer(optimizer))
    model, trainer = _trainer(optimizer)
    model.parameters()[0].data[3, 2] += 0.05
    other, changed = _taken(model, trainer)
    assert found.before.loss == pytest.approx(loss, abs=1e-12)
    assert found.then.loss == pytest.approx(other, abs=1e-12)
    assert found.actual == pytest.approx(other - loss, abs=1e-12)
    assert found.predicted == pytest.approx(trace["layers.0.weight.grad"][3, 2] * 0.05, abs=1e-15)
    assert found.before.update == pytest.approx(_norm(change), rel=1e-9)
    assert found.then.update == pytest.approx(_norm(changed), rel=1e-9)
    assert found.difference == pytest.approx(_norm({p: changed[p] - change[p] for p in change}), rel=1e-6)
    assert found.before.own == pytest.approx(change["layers.0.weight"][3, 2], abs=1e-12)
    assert found.then.own == pytest.approx(changed["layers.0.weight"][3, 2], abs=1e-12)


def test_the_smaller_the_change_the_better_it_is_foretold() -> None:
    trace = _trainer()[1].trace_step(*_batch())
    errors = [
        abs((w := trace.what_if("layers.3.weight", (1, 2), by)).predicted - w.actual) for by in (1e-1, 1e-2, 1e-3)
    ]
    assert errors[1] == pytest.approx(errors[0] / 100, rel=0.2)  # of second order
    assert errors[2] == pytest.approx(errors[1] / 100, rel=0.2)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("schedule", [None, {"type": "constant"}])
def test_another_learning_rate(optimizer: Any, schedule: Any) -> None:
    trace = _trainer(optimizer, schedule=schedule)[1].trace_step(*_batch())
    found = trace.what_if(lr=0.07)
    model, trainer = _trainer(optimizer, schedule=schedule)
    trainer.optimizer.lr = 0.07
    before = _weights(model)
    loss = trainer.train_step(*_batch())
    changed = {path: value - before[path] for path, value in _weights(model).items()}
    assert found.then.loss == found.before.loss == pytest.approx(loss, abs=1e-12)
    assert found.then.update == pytest.approx(_norm(changed), rel=1e-9)
    slopes = {path: trace[f"{path}.grad"] for path in changed}
    assert found.then.predicted == pytest.approx(sum(np.sum(slopes[p] * changed[p]) for p in changed), rel=1e-9)
    assert found.actual == pytest.approx(found.then.after - found.before.after, abs=1e-15)
    assert "The loss after the step" in str(found)


@pytest.mark.parametrize("weight", [None, np.array([1.0, 0.5, 2.0, 1.0, 0.25, 3.0, 1.0])], ids=["equal", "weighted"])
def test_without_a_sample(weight: Any) -> None:
    trace = _trainer()[1].trace_step(*_batch(), weight=weight)
    found = trace.what_if(without_sample=4)
    left = np.ones(7) if weight is None else weight.copy()
    left[4] = 0.0
    other, changed = _taken(*_trainer(), weight=left)
    loss, change = _taken(*_trainer(), weight=weight)
    assert found.actual == pytest.approx(other - loss, abs=1e-12)
    assert found.difference == pytest.approx(_norm({p: changed[p] - change[p] for p in change}), rel=1e-9)
    share = (np.ones(7) if weight is None else weight)[4] / (7 if weight is None else weight.sum())
    assert found.predicted == pytest.approx(found.actual * (1 - share), abs=1e-12)


def test_in_single_precision_and_words() -> None:
    trace = _trainer("adam", "float32")[1].trace_step(*_batch())
    text = str(trace.what_if("layers.0.weight", (1, 2), 0.1))
    value = float(trace["layers.0.weight"][1, 2])
    assert text.startswith(f"What if layers.0.weight[1, 2] were {value + 0.1:.6g} in place of {value:.6g}?")
    assert "Predicted change, to first order: " in text
    assert max(map(len, text.splitlines())) <= 120
    assert "sample 2 had not been in the batch" in str(trace.what_if(without_sample=2))


def test_a_frozen_weight_can_be_another() -> None:
    model = pl.build(pl.Sequential([pl.Dense(4, "tanh"), pl.Dense(2)]), input_shape=(3,), seed=1, dtype="float64")
    model.parameters()[0].trainable = False
    trace = pl.Trainer(model, loss="mse", seed=2).trace_step(np.ones((5, 3)), np.ones((5, 2)))
    found = trace.what_if("layers.0.weight", (1, 1), 1e-4)
    assert found.predicted == pytest.approx(found.actual, rel=1e-3)
    assert found.then.own == 0.0


def test_of_a_prediction_the_outputs_change() -> None:
    model, _ = _trainer()
    x, _ = _batch()
    found = model.trace(x).what_if("layers.0.weight", (1, 2), 0.01)
    before = model.predict(x)
    model.parameters()[0].data[1, 2] += 0.01
    after = model.predict(x)
    assert len(found.outputs) == 5
    place, was, foretold, now = found.outputs[0]
    cell = np.unravel_index(np.abs(after - before).argmax(), before.shape)
    assert place == f"y[{cell[0]}, {cell[1]}]"
    assert was == pytest.approx(before[cell], abs=1e-12)
    assert now == pytest.approx((after - before)[cell], abs=1e-12)
    assert foretold == pytest.approx(now, rel=0.05)
    assert place in str(found)


@pytest.mark.parametrize(("given", "how", "told"), [
    ((), {}, "supposes one thing"),
    (("layers.0.weight", (1, 2)), {}, "supposes one thing"),
    (("layers.0.weight", (1, 2), 0.1), {"lr": 0.1}, "supposes one thing"),
    (("layers.0.wieght", (1, 2), 0.1), {}, r"Did you mean 'layers\.0\.weight'"),
    (("layers.0.weight.grad", (1, 2), 0.1), {}, r"Did you mean 'layers\.0\.weight'"),
    (("layers.0.weight", (1, 5), 0.1), {}, r"its shape is \(4, 5\)"),
    (("layers.0.weight", (1,), 0.1), {}, r"its shape is \(4, 5\)"),
    (("layers.0.weight", (1, 2), "much"), {}, "The 'by' of what_if must be a float"),
    ((), {"lr": -0.1}, "The 'lr' of what_if"),
    ((), {"lr": float("nan")}, "The 'lr' of what_if"),
    ((), {"without_sample": 7}, "has 7 samples, 0 to 6"),
    ((), {"without_sample": -1}, "The 'without_sample' of what_if"),
])  # fmt: skip
def test_what_cannot_be_supposed(given: Any, how: Any, told: str) -> None:
    trace = _trainer()[1].trace_step(*_batch())
    with pytest.raises(pl.PellucidError, match=told):
        trace.what_if(*given, **how)


def test_a_prediction_has_no_learning_rate() -> None:
    with pytest.raises(pl.DataError, match="Trace a step"):
        _trainer()[0].trace(_batch()[0]).what_if(lr=0.1)
