"""A step of ``y = w x + b`` with two samples, worked out by hand: what it did, would have done, and of what it is made.

x = 1 and 3, targets 1 and 2, w = 2, b = 0: the errors are 1 and 4, the loss (1 + 16) / 2, ∂L/∂w = 1·1 + 4·3 = 13 and
∂L/∂b = 1 + 4 = 5. At a rate of 0.1 w becomes 0.7 and b −0.5: then the errors are −0.8 and −0.4, the loss 0.4.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest

X, Y = np.array([[1.0], [3.0]]), np.array([[1.0], [2.0]])


def line() -> Any:
    model: Any = pl.build("dense", units=1, input_shape=(1,), seed=0, dtype="float64", backend="reference")
    model.weight.data[:] = 2.0
    return model


@pytest.fixture(scope="module")
def trace() -> pl.Trace:
    trainer = pl.Trainer(line(), loss="mse", optimizer={"type": "sgd", "lr": 0.1}, seed=0)
    return trainer.trace_step(X, Y)


def test_the_step(trace: pl.Trace) -> None:
    told = {
        "loss": 8.5,
        "weight.grad": 13.0,
        "bias.grad": 5.0,
        "norm": np.hypot(13, 5),
        "weight.new": 0.7,
        "bias.new": -0.5,
    }
    for name, value in told.items():
        assert np.ravel(trace[name]) == pytest.approx([value], rel=1e-12), name
    assert trace["model.dy"].ravel().tolist() == [1.0, 4.0] and trace["loss.l"].tolist() == [1.0, 16.0]


def test_another_weight(trace: pl.Trace) -> None:
    """w = 2.1: the errors are 1.1 and 4.3, the loss 9.85, its gradient 14 and 5.4, and after the step 0.4496."""
    found = trace.what_if("weight", (0, 0), 0.1)
    before, then = found.before, found.then
    assert before is not None and then is not None
    assert (found.predicted, found.actual) == pytest.approx((1.3, 1.35)) and not found.after
    steps = (
        (before, (8.5, 0.4, -19.4, np.hypot(1.3, 0.5), -1.3)),
        (then, (9.85, 0.4496, -22.516, np.hypot(1.4, 0.54), -1.4)),
    )
    for step, told in steps:
        assert (step.loss, step.after, step.predicted, step.update, step.own) == pytest.approx(told)
    assert found.difference == pytest.approx(np.hypot(0.1, 0.04))
    assert str(found).splitlines() == [
        "What if weight[0, 0] were 2.1 in place of 2?",
        "  The loss of this batch: 8.5 -> 9.85.",
        "  Predicted change, to first order: +1.3. Actual: +1.35.",
        "  The step changes the loss by -19.4 predicted, -8.1 in fact; then by -22.52 predicted, -9.4 in fact.",
        "  It moves the weights by 1.393; then by 1.501. The two differ by 0.1077.",
        "  It changes this weight by -1.3; then by -1.4.",
    ]
    again = trace.what_if("bias", (0,), -1.0)  # the errors are 0 and 3
    assert again.actual == pytest.approx(-4.0) and again.predicted == pytest.approx(-5.0)
    assert again.what == "bias[0] were -1 in place of 0"


def test_another_rate(trace: pl.Trace) -> None:
    """At 0.2 w becomes −0.6 and b −1: the errors are −2.6 and −4.8, the loss 14.9."""
    found = trace.what_if(lr=0.2)
    assert found.then is not None and found.then.after == pytest.approx(14.9) and found.after
    assert (found.predicted, found.actual) == pytest.approx((-19.4, 14.5)) and found.then.own is None
    assert found.what == "the learning rate were 0.2 in place of 0.1"
    assert str(found).splitlines()[1] == "  The loss after the step: 0.4 -> 14.9."


def test_without_a_sample(trace: pl.Trace) -> None:
    """Of the first alone the loss is 1, its gradient 2 and 2."""
    found = trace.what_if(without_sample=1)
    assert found.actual == pytest.approx(-7.5) and found.predicted == pytest.approx(-3.75)
    assert found.then is not None and (found.then.loss, found.then.update) == pytest.approx((1.0, np.hypot(0.2, 0.2)))
    assert found.what == "sample 1 had not been in the batch"
    other = trace.what_if(without_sample=0)
    assert other.actual == pytest.approx(7.5) and other.predicted == pytest.approx(3.75)
    with pytest.raises(
        pl.DataError, match=r"has 2 samples, 0 to 1, by their places in it\. Received: without_sample=2"
    ):
        trace.what_if(without_sample=2)


def test_what_each_sample_has_contributed(trace: pl.Trace) -> None:
    assert trace.samples("loss").tolist() == pytest.approx([0.5, 8.0])
    assert trace.samples("weight.grad").shape == (2, 1, 1)
    assert trace.samples("weight.grad").ravel().tolist() == pytest.approx([1.0, 12.0])
    assert trace.samples("bias.grad").ravel().tolist() == pytest.approx([1.0, 4.0])


def test_weights_of_samples_count() -> None:
    """With weights 3 and 1 the loss is (3·1 + 16) / 4, its gradient (3·2·1 + 2·4·3) / 4."""
    trainer = pl.Trainer(line(), loss="mse", optimizer={"type": "sgd", "lr": 0.1}, seed=0)
    trace = trainer.trace_step(X, Y, weight=np.array([3.0, 1.0]))
    assert float(trace["loss"]) == pytest.approx(4.75) and float(trace["weight.grad"][0, 0]) == pytest.approx(7.5)
    assert trace.samples("loss").tolist() == pytest.approx([0.75, 4.0])
    assert trace.samples("weight.grad").ravel().tolist() == pytest.approx([1.5, 6.0])
    found = trace.what_if(without_sample=0)
    assert found.actual == pytest.approx(16 - 4.75) and found.predicted == pytest.approx(-(0.75 - 0.75 * 4.75))


def test_a_prediction() -> None:
    model: Any = pl.build("dense", units=2, input_shape=(1,), seed=0, dtype="float64", backend="reference")
    model.weight.data[:] = [[2.0, -1.0]]
    found = model.trace(np.arange(4.0)[:, None]).what_if("weight", (0, 1), 0.5)
    assert [(name, *map(float, rest)) for name, *rest in found.outputs] == [
        (f"y[{n}, 1]", -float(n), pytest.approx(n / 2), pytest.approx(n / 2)) for n in (3, 2, 1)
    ] + [("y[0, 0]", 0.0, 0.0, 0.0), ("y[0, 1]", 0.0, 0.0, 0.0)]
    assert str(found).splitlines()[0] == "What if weight[0, 1] were -0.5 in place of -1?"
    assert str(found).splitlines()[2] == "  y[3, 1]: -3, +1.5, +1.5"
    assert model.weight.data.tolist() == [[2.0, -1.0]]


def test_a_certificate_of_it(trace: pl.Trace) -> None:
    found = trace.certify(cells=50)
    held = {each.name: each for each in found.gradients}
    assert held.keys() == {"weight.grad", "bias.grad", "model.dx"}
    assert (held["weight.grad"].slope, held["bias.grad"].slope) == pytest.approx((13.0, 5.0), rel=1e-8)
    assert [each.cells for each in held.values()] == [1, 1, 2] and found.passed and found.cells == 4
    assert not held["model.dx"].recorded and held["weight.grad"].recorded  # of the data no gradient is wanted
    assert (found.what, found.rows, found.dtype, found.backend, found.seed) == ("step 1", 2, "float64", "reference", 0)
    told = {each.name: each.size for each in found.equations}
    assert told["model.y"] == told["loss.dprediction"] == 2 and told["weight.new"] == told["loss"] == 1
    with pytest.raises(pl.ConfigError, match="The 'cells' of certify must be an int in"):
        trace.certify(cells=0)
    with pytest.raises(pl.ConfigError, match="The 'seed' of certify must be an int in"):
        trace.certify(seed=-1)


def test_a_replay_of_it(trace: pl.Trace) -> None:
    found = trace.replay()
    assert found.same and found.missing == () and found.what == "step 1"
    assert {"model.y", "loss", "weight.grad", "weight.new"} <= set(found.compared)
    assert "model.z" not in found.compared  # what an equation alone gives
    prediction = line().trace(X).replay()
    assert prediction.same and prediction.what == "a prediction"


@pytest.mark.parametrize(("dtype", "right", "wrong"), [("float64", 5e-10, 2e-9), ("float32", 5e-4, 2e-3)])
def test_contributions_that_do_not_add_up_are_refused(dtype: str, right: float, wrong: float) -> None:
    """What was added up to 13 is 1 and 12: √(1 + 144) and a hundredth of the largest gradient are its size, 12.17."""
    model: Any = pl.build("dense", units=1, input_shape=(1,), seed=0, dtype=dtype, backend="reference")
    model.weight.data[:] = 2.0
    trace = pl.Trainer(model, loss="mse", seed=0).trace_step(X, Y)
    held = trace.quantity("weight.grad")
    held.array = np.array([[13.0 * (1 + right)]])
    assert trace.samples("weight.grad").sum() == pytest.approx(13.0)
    held.array = np.array([[13.0 * (1 + wrong)]])
    with pytest.raises(
        pl.DataError, match=r"^What the rows of the batch have contributed to 'weight\.grad' does not add"
    ):
        trace.samples("weight.grad")
