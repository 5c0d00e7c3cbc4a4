"""A plain function as a loss, a metric or a layer; weights that nobody has looked at."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.interfaces.context import Context
from pellucid.standard.functions import FunctionLoss
from pellucid.standard.ops.base import ReferenceOps

X = np.random.default_rng(0).normal(size=(24, 4))
Y = np.sin(X[:, :2])
MODEL = {"type": "dense", "units": 2, "input_shape": [4]}
MODEL_OF_TWO = {"type": "dense", "units": 2}


def squares(prediction: Any, target: Any) -> Any:
    return (prediction - target) ** 2


def worst(prediction: Any, target: Any) -> Any:
    return abs(prediction - target).max()


def trained(loss: Any, weight: Any = None, **options: Any) -> pl.Trainer:
    model = pl.build(MODEL, seed=0, dtype="float64", backend="reference")
    trainer = pl.Trainer(model, loss=loss, seed=0, **options)
    trainer.fit((X, Y), validation=(X, Y), sample_weight=weight, epochs=2, batch_size=8, verbose=False)
    return trainer


@pytest.mark.parametrize("weight", [None, np.linspace(0.0, 2.0, 24)], ids=["alike", "weighted"])
@pytest.mark.parametrize("accumulate", [1, 3])
def test_a_function_trains_as_the_loss_that_it_is(weight: Any, accumulate: int) -> None:
    ours, theirs = (trained(loss, weight, accumulate=accumulate) for loss in (squares, "mse"))
    np.testing.assert_allclose(ours.history["loss"], theirs.history["loss"], rtol=1e-12)
    np.testing.assert_allclose(ours.history["validation_loss"], theirs.history["validation_loss"], rtol=1e-12)
    np.testing.assert_allclose(ours.model.weight.data, theirs.model.weight.data, rtol=1e-12)


def test_one_number_for_the_batch_is_the_mean_over_it() -> None:
    ours, theirs = trained(lambda p, t: np.mean((p - t) ** 2)), trained("mse")
    np.testing.assert_allclose(ours.model.weight.data, theirs.model.weight.data, rtol=1e-12)
    with pytest.raises(pl.ConfigError, match="cannot be weighed"):
        trained(lambda p, t: np.mean((p - t) ** 2), np.ones(24))


def test_a_metric_may_be_a_function_and_has_its_name() -> None:
    trainer = trained("mse", metrics=[worst, squares, "rmse"])
    record, prediction = trainer.history[-1], trainer.model.predict(X)
    assert record["validation_worst"] == pytest.approx(abs(prediction - Y).max())
    assert record["validation_squares"] == pytest.approx(record["validation_rmse"] ** 2)


def test_metrics_without_names_are_numbered() -> None:
    spread: list[Any] = [lambda p, t: abs(p - t).max(), lambda p, t: abs(p - t).min(), squares, squares]
    record = trained("mse", metrics=[*spread, "rmse"]).history[-1]
    assert record["validation_function_1"] > record["validation_function_2"]
    assert record["validation_squares_1"] == record["validation_squares_2"]
    assert not [name for name in record if "0x" in name]


@pytest.mark.parametrize(("result", "told"), [
    ("good", r"What the metric 'function' returns must hold real numbers.*'good'"),
    (None, r"What the metric 'function' returns must hold real numbers"),
    ([1.0, 2.0], r"The metric 'function' must return one figure, or a number for each of 24 samples. .* shape \(2,\)"),
])  # fmt: skip
def test_what_is_no_figure_is_told_with_the_metrics_name(result: Any, told: str) -> None:
    with pytest.raises(pl.PellucidError, match=told):
        trained("mse", metrics=[lambda p, t: result])


def test_a_layer_may_be_a_function() -> None:
    layers = [{"type": "dense", "units": 8}, lambda x: np.sin(x), {"type": "dense", "units": 2}]
    model = pl.build({"type": "sequential", "layers": layers}, input_shape=(4,), seed=0)
    pl.Trainer(model, loss="mse", seed=0).fit((X, Y), verbose=False)
    with pytest.raises(pl.CheckpointError, match=r"layers\.1\.function: a configuration cannot hold <function"):
        pl.save(model, "never.safetensors")
    with pytest.raises(pl.ShapeError, match="FunctionLayer takes one input"):
        pl.build(pl.FunctionLayer(lambda x: x), input_shape=[(4,), (4,)])


def test_what_was_trained_with_a_function_is_saved_without_it_and_says_so(tmp_path: Any) -> None:
    path = tmp_path / "model.safetensors"
    with pytest.warns(pl.PellucidWarning, match="not what it was trained with"):
        pl.save(trained(squares).model, path)
    with pytest.raises(pl.ConfigError, match="names no default objective"):
        pl.Trainer(pl.load(path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pl.save(trained("mse").model, path)


@pytest.mark.parametrize(("loss", "error", "told"), [
    (lambda p, t: 0.0, pl.DifferentiationError, "computed from its first argument.* Received: float"),
    (lambda p, t: p[:1], pl.ShapeError, r"a number for each of 5 samples.* Received: shape \(1, 2\)"),
    (lambda p, t: p - np.ones(3), pl.DataError, "does not take predictions of shape"),
    (pl.MSE, pl.ConfigError, "expected a loss: its name"),
])  # fmt: skip
def test_a_function_that_is_no_loss_is_refused(loss: Any, error: Any, told: str) -> None:
    with pytest.raises(error, match=told):
        pl.Trainer(pl.build(MODEL, seed=0), loss=loss, seed=0).fit((X, Y), batch_size=24, verbose=False)


def test_no_optimizer_is_a_function() -> None:
    with pytest.raises(pl.ConfigError, match="optimizer: expected an optimizer: its name"):
        trained("mse", optimizer=lambda gradient: gradient)


class Careless(pl.Supervised):
    """Does not look at the weights."""

    def forward(self, ctx: pl.Context, model: pl.Layer, batch: pl.Batch) -> Any:
        return super().forward(ctx, model, pl.Batch(batch.x, batch.y))


def test_an_objective_that_ignores_weights_is_not_given_any() -> None:
    options: dict[str, Any] = {"loss": None, "objective": Careless(pl.MSE())}
    trained(**options)
    with pytest.raises(pl.ConfigError, match=r"Careless was given a weight for each sample, and has not looked"):
        trained(weight=np.linspace(0.5, 1.5, 24), **options)


@pytest.mark.parametrize("container", [lambda item: pl.Sequential([pl.Dense(2), item]), pl.Residual,
                                       lambda item: pl.Parallel([item])])  # fmt: skip
@pytest.mark.parametrize("item", [np.sin, "relu", pl.ReLU])
def test_what_is_no_layer_does_not_stand_among_layers(container: Any, item: Any) -> None:
    with pytest.raises(pl.ConfigError, match=r"is made of layers. Received: .*FunctionLayer\(f\)"):
        container(item)


def test_functions_may_stand_wherever_a_loss_or_a_metric_does() -> None:
    model = pl.build({"type": "parallel", "join": "apart", "layers": [MODEL_OF_TWO, MODEL_OF_TWO]}, input_shape=(4,))
    trainer = pl.Trainer(model, loss={"a": squares, "b": "mse"}, metrics={"a": [worst, "rmse"]}, seed=0)
    trainer.fit((X, {"a": Y, "b": Y}), validation=(X, {"a": Y, "b": Y}), verbose=False)
    assert {"a", "b", "validation_a_worst", "validation_a_rmse"} <= trainer.history[-1].keys()


def test_targets_without_an_axis_stand_beside_predictions_of_one_number() -> None:
    """(N,) against (N, 1) would be (N, N), and its mean would be learned."""
    x = np.random.default_rng(0).normal(size=(60, 6))
    records = [
        pl.Trainer(
            pl.build("ann", input_shape=(6,), hidden=[8], outputs=1, task="regression", seed=0, dtype="float64"),
            loss=loss, metrics=[metric], seed=0,
        ).fit(x, 2 * x[:, 0], validation=(x, 2 * x[:, 0]), epochs=3, verbose=False)[-1]
        for loss, metric in (("mse", "mae"), (lambda p, t: (p - t) ** 2, lambda p, t: np.abs(p - t)))
    ]  # fmt: skip
    ours, theirs = (list(record.values()) for record in records)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


@pytest.mark.parametrize(
    ("prediction", "target", "seen"),
    [
        ((5, 1), (5,), (5, 1)), ((5, 1), (5, 1), (5, 1)), ((5, 3), (5,), (5,)), ((5, 2, 1), (5, 2), (5, 2, 1)),
        ((5, 2, 1), (5, 2, 1), (5, 2, 1)), ((5, 2, 3), (5, 2), (5, 2)), ((5, 1), (5, 2), (5, 2)),
    ],
)  # fmt: skip
def test_no_axis_is_added_but_the_last_of_length_1(prediction: Any, target: Any, seen: Any) -> None:
    given: list[Any] = []

    def noting(p: Any, t: Any) -> Any:
        given.append((p.shape, t.shape))
        return p * 1.0

    FunctionLoss(noting).forward(Context(ReferenceOps(), dtype="float64"), np.zeros(prediction), np.zeros(target))
    assert given == [(prediction, seen)]


def test_a_function_does_not_write_into_the_targets() -> None:
    y = np.ones((8, 1))
    model = pl.build({"type": "dense", "units": 1}, input_shape=(2,), seed=0, dtype="float64")
    trainer = pl.Trainer(model, loss=lambda p, t: (t.__imul__(2), (p - t) ** 2)[1], seed=0)
    with pytest.raises((pl.PellucidError, ValueError), match="read-only"):
        trainer.train_step(np.ones((8, 2)), y)
    assert (y == 1).all()
