"""Figures that are true: what a loss predicts, what a metric reads and what a last layer gives are compared when a
Trainer is made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import ConfigError, DataError, ShapeError
from pellucid.training.evaluation import figure_names

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 5)).astype(np.float32)
ANSWERS = (X @ RNG.normal(size=(5, 4)) > 0).astype(np.int64)  # several labels a sample
SOFTMAX, BINARY = "softmax_cross_entropy", "binary_cross_entropy"


def linear(units: int = 4, **arguments: Any) -> pl.Layer:
    return pl.build("dense", units=units, input_shape=(5,), seed=0, backend="reference", **arguments)


class TopK(pl.Metric):
    def __init__(self, k: int = 1) -> None:
        self.k = k

    def reset(self) -> None:
        self._hits = self._total = 0

    def update(self, prediction: Any, target: Any, weight: Any = None) -> None:
        self._hits += int((np.argsort(-prediction, axis=1)[:, : self.k] == target[:, None]).any(axis=1).sum())
        self._total += len(target)

    def result(self) -> float:
        return self._hits / self._total


# -- what accuracy counts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.int64, np.float32, bool])
def test_every_answer_counts_where_several_labels_may_hold(dtype: Any) -> None:
    model = linear()
    trainer = pl.Trainer(model, loss=BINARY, metrics=["accuracy"], seed=0)
    right = ((model.predict(X) > 0) == ANSWERS).mean()
    assert trainer.evaluate((X, ANSWERS.astype(dtype)))["accuracy"] == pytest.approx(right)
    assert pl.to_config(trainer.metrics[0])["each"] is True  # what was decided stands in the run folder


def test_one_answer_a_sample_and_classes_are_counted_as_before() -> None:
    model, labels = linear(), X.argmax(axis=1) % 4
    chosen = (model.predict(X).argmax(axis=1) == labels).mean()
    trainer = pl.Trainer(model, loss=SOFTMAX, metrics=["accuracy"], seed=0)
    for target in (labels, np.eye(4)[labels], np.eye(4)[labels] * 0.7 + 0.075):
        assert trainer.evaluate((X, target))["accuracy"] == chosen
    one = pl.Trainer(linear(1), loss=BINARY, metrics=["accuracy"], seed=0)
    assert one.evaluate((X, ANSWERS[:, 0]))["accuracy"] == one.evaluate((X, ANSWERS[:, :1]))["accuracy"]
    assert not one.metrics[0].each  # type: ignore[attr-defined]


def test_a_row_of_several_labels_is_no_class() -> None:
    with pytest.raises(DataError, match=r"one class a sample.*\[1, 1, 0\] in row 1.*Accuracy\(each=True\)"):
        pl.Accuracy().update(np.zeros((2, 3)), np.array([[0, 1, 0], [1, 1, 0]]))
    with pytest.raises(ShapeError, match=r"scores of classes along their last axis.*Received: shape \(3,\)"):
        pl.Accuracy().update(np.array([1.0, -1.0, 2.0]), np.array([1, 0, 1]))
    with pytest.raises(ShapeError, match=r"answers of shape \(2, 3\).*Received: \(2,\)"):
        pl.Accuracy(each=True).update(np.zeros((2, 3)), np.zeros(2))


@pytest.mark.parametrize(
    ("loss", "metric", "message"),
    [
        ("mse", "accuracy", "Accuracy counts classes .* predicts values.*Take r2, rmse or mae"),
        (SOFTMAX, {"type": "accuracy", "each": True}, "counts answers .* predicts one class a sample"),
        *((loss, metric, "compares values.*Take accuracy") for loss in (SOFTMAX, BINARY) for metric in ("r2", "mae")),
        (SOFTMAX, "ae/reconstruction_error", "ReconstructionError compares values"),
    ],
)
def test_a_metric_that_would_read_predictions_otherwise_is_refused(loss: str, metric: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        pl.Trainer(linear(), loss=loss, metrics=[metric])


def test_a_loss_that_says_nothing_takes_any_metric() -> None:
    class Silent(pl.MSE):
        predicts = None

    assert len(pl.Trainer(linear(), loss=Silent(), metrics=["accuracy", "r2"]).metrics) == 2


# -- the names of figures --------------------------------------------------------------------------------------------


def test_two_metrics_of_one_class_are_two_figures() -> None:
    trainer = pl.Trainer(linear(), loss=SOFTMAX, metrics=[TopK(1), "accuracy", TopK(3)], callbacks=["best_epoch"])
    labels = X.argmax(axis=1) % 4
    figures = trainer.evaluate((X, labels))
    assert list(figures) == ["loss", "top_k(k=1)", "accuracy", "top_k(k=3)"]
    assert figures["top_k(k=1)"] == figures["accuracy"] < figures["top_k(k=3)"]
    record = trainer.fit((X, labels), validation=(X, labels), verbose=False)[-1]
    assert record["validation_top_k(k=3)"] > record["validation_top_k(k=1)"]


def test_names_of_figures() -> None:
    assert figure_names([TopK(), pl.R2(), pl.RMSE()], "loss") == ["top_k", "r2", "rmse"]
    for twice in ([TopK(2), TopK(2)], [pl.MAE(), pl.MAE()]):
        with pytest.raises(ConfigError, match="every figure needs a name of its own"):
            pl.Trainer(linear(), loss=type("Silent", (pl.MSE,), {"predicts": None})(), metrics=twice)


class InParts(pl.Supervised):
    """Its loss is a part of itself, under a name."""

    part = "loss"

    def forward(self, ctx: Any, model: Any, batch: Any) -> Any:
        value = super().forward(ctx, model, batch)
        ctx.parts = {self.part: value}
        return value


@pytest.mark.parametrize("part", ["loss", "top_k"])
def test_a_part_of_the_loss_overwrites_no_figure(part: str) -> None:
    objective = type("InParts", (InParts,), {"part": part})(pl.SoftmaxCrossEntropy())
    trainer = pl.Trainer(linear(), objective=objective, metrics=[TopK()])
    with pytest.raises(ConfigError, match=f"a name of its own. Received: loss, {part}, "):
        trainer.evaluate((X, X.argmax(axis=1) % 4))


@pytest.mark.parametrize("part", ["epoch", "step", "penalty", "lr", "seconds", "validation_loss"])
def test_nor_one_of_the_epochs_record(part: str) -> None:
    objective = type("InParts", (InParts,), {"part": part})(pl.SoftmaxCrossEntropy())
    trainer = pl.Trainer(linear(), objective=objective, seed=0)
    with pytest.raises(ConfigError, match=f"a name of its own. Received: epoch, .*, validation_loss, loss, {part}. "):
        trainer.fit((X, X.argmax(axis=1) % 4), epochs=1, verbose=False)


# -- objectives without a pair ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [
    {"type": "vae/vae", "latent": 2, "hidden": [3]},
    {"type": "diffusion/mlp_denoiser", "input_shape": [[5], []]},
], ids=lambda config: config["type"])  # fmt: skip
def test_a_metric_beside_an_objective_without_a_pair_is_refused(model: dict[str, Any]) -> None:
    built = pl.build({"input_shape": [5], **model}, seed=0, backend="reference")
    with pytest.raises(ConfigError, match=r"has no pair of prediction and target .*Accuracy.*metrics = \[\]"):
        pl.Trainer(built, metrics=["accuracy"])
    pl.Trainer(built)


def test_a_pair_that_is_missing_after_all_is_no_nan() -> None:
    class Without(pl.Supervised):
        def metric_pair(self, ctx: Any) -> Any:
            return None

    trainer = pl.Trainer(linear(), objective=Without(pl.SoftmaxCrossEntropy()), metrics=["accuracy"])
    with pytest.raises(ConfigError, match="Without has no pair"):
        trainer.evaluate((X, X.argmax(axis=1) % 4))


# -- the last layer --------------------------------------------------------------------------------------------------


class Head(pl.Composite):
    """Its last layer stands in the middle of its attributes, and is moved about before it is returned."""

    def __init__(self, goes_on: bool = False) -> None:
        self.goes_on = goes_on
        self.last, self.before, self.flat = pl.Softmax(), pl.Dense(4), pl.Flatten()

    def call(self, ctx: pl.Context, x: Any) -> Any:
        y = self.flat(self.last(self.before(x)))
        return np.log(y) if self.goes_on else y


class Squash(pl.Layer):
    """A stranger's activation: x / (1 + |x|)."""

    def output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def output_interval(self, *inputs: pl.Interval) -> pl.Interval:
        return -1.0, 1.0

    def forward(self, ctx: pl.Context, x: Any) -> Any:
        return x / (1 + abs(x))

    def backward(self, ctx: pl.Context, dy: Any) -> Any:
        raise NotImplementedError


def after(*layers: Any) -> pl.Layer:
    return pl.build(pl.Sequential([pl.Dense(4), *layers]), input_shape=(5,), seed=0, backend="reference")


@pytest.mark.parametrize("loss", [SOFTMAX, BINARY])
@pytest.mark.parametrize(("model", "place"), [
    (lambda: linear(activation="sigmoid"), "Dense: "),
    (lambda: after(pl.Sigmoid()), r"layers.1 \(Sigmoid\): "),
    (lambda: after(pl.Softmax(), pl.Flatten(), pl.Dropout(0.1)), r"layers.1 \(Softmax\): "),
    (lambda: after(pl.Sequential([pl.Tanh(), pl.Reshape((2, 2)), pl.Flatten()])), r"layers.1.layers.0 \(Tanh\): "),
    (lambda: after(pl.Parallel([pl.Sigmoid(), pl.Dense(2, "sigmoid")])), r"layers.1.layers.1 \(Dense\): "),
    (lambda: after(Squash()), r"layers.1 \(Squash\): "),
    (lambda: after(Head()), r"layers.1.last \(Softmax\): "),
    (lambda: pl.build(Head(), input_shape=(5,), seed=0), r"last \(Softmax\): "),
], ids=["dense", "sigmoid", "softmax", "inside", "parallel", "stranger", "in a composite", "composite"])  # fmt: skip
def test_a_last_activation_before_a_loss_on_logits_is_refused(model: Any, place: str, loss: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{place}.* takes logits.*Leave the last activation out"):
        pl.Trainer(model(), loss=loss)
    pl.Trainer(model(), loss="mse")  # a choice of its own


@pytest.mark.parametrize("loss", [SOFTMAX, BINARY])
@pytest.mark.parametrize("layers", [
    [pl.LeakyReLU()], [pl.Sigmoid(), pl.Dense(4)], [pl.Residual(pl.Tanh())], [pl.Softmax(), pl.LayerNorm()],
    [Head(goes_on=True)], [pl.Parallel([pl.Tanh(), pl.Dense(4)], join="sum")],
], ids=["leaky_relu", "dense", "residual", "norm", "composite", "sum"])  # fmt: skip
def test_what_can_be_large_is_a_logit(layers: list[pl.Layer], loss: str) -> None:
    pl.Trainer(after(*layers), loss=loss)


def test_one_output_is_no_choice() -> None:
    with pytest.raises(ConfigError, match="this model has one output, whose probability is 1"):
        pl.Trainer(linear(1), loss=SOFTMAX)


def test_a_rectifier_never_says_no_and_may_choose_between_classes() -> None:
    with pytest.raises(ConfigError, match="between 0 and inf"):
        pl.Trainer(after(pl.ReLU()), loss=BINARY)
    pl.Trainer(after(pl.ReLU()), loss=SOFTMAX)


def test_a_strangers_loss_looks_at_the_interval() -> None:
    class Poisson(pl.MSE):
        def check_interval(self, interval: pl.Interval, output_shape: Any) -> None:
            if interval[0] < 0:
                raise ConfigError("a rate is positive")

    with pytest.raises(ConfigError, match="a rate is positive"):
        pl.Trainer(linear(), loss=Poisson())
    pl.Trainer(linear(activation="softplus"), loss=Poisson())
