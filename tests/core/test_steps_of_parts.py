"""Steps of several parts, predictions of several batches, averages before they begin: numbers by other ways."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.interfaces.context import Context
from pellucid.model.predict import KEPT_ROWS, KEPT_SHAPES
from pellucid.ops.backends import check_variable, get_ops
from pellucid.standard.functions import FunctionLoss
from pellucid.standard.layers.activations import interval_of
from scipy.special import ndtr

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(12, 3)), RNG.normal(size=(12, 2))
INFINITE = float("inf")


def stepped(weight: Any, batch_size: int, accumulate: int) -> Any:
    model = pl.build("dense", units=2, input_shape=(3,), seed=0, dtype="float64")
    trainer = pl.Trainer(model, loss="mse", optimizer={"type": "sgd", "lr": 0.1}, accumulate=accumulate, seed=0)
    trainer.fit((X, Y), epochs=1, batch_size=batch_size, sample_weight=weight, verbose=False)
    return model.runtime.arena.data.copy(), trainer.history["loss"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "weight", [np.r_[np.ones(6), np.full(6, 3.0)], np.r_[np.ones(4), np.zeros(4), np.full(4, 0.5)], np.arange(12.0)]
)
@pytest.mark.parametrize("rows", [1, 2, 5])
def test_whatever_the_weights_of_its_parts_are_a_step_is_one_mean(weight: Any, rows: int) -> None:
    (whole, loss), (parts, losses) = stepped(weight, 12, 1), stepped(weight, rows, -(-12 // rows))
    np.testing.assert_allclose(parts, whole, rtol=1e-12)
    np.testing.assert_allclose(losses, loss, rtol=1e-12)


def test_a_step_of_sgd_by_hand() -> None:
    model = pl.build("dense", units=2, input_shape=(3,), seed=0, dtype="float64")
    w, b = (param.data.copy() for param in model.parameters())
    weight = np.arange(12.0)
    error = X @ w + b - Y
    share = (weight / weight.sum())[:, None]
    trainer = pl.Trainer(model, loss="mse", optimizer={"type": "sgd", "lr": 0.1}, accumulate=4, seed=0)
    trainer.fit((X, Y), epochs=1, batch_size=3, sample_weight=weight, verbose=False)
    found = [param.data for param in model.parameters()]
    np.testing.assert_allclose(found[0], w - 0.1 * X.T @ (share * error), rtol=1e-12)
    np.testing.assert_allclose(found[1], b - 0.1 * (share * error).sum(axis=0), rtol=1e-12)
    assert trainer.history["loss"][0] == pytest.approx((share[:, 0] * (error**2).mean(axis=1)).sum(), rel=1e-12)


@pytest.mark.parametrize(("size", "accumulate"), [(8, 1), (6, 1), (5, 2), (12, 1), (20, 1)])
def test_running_statistics_follow_a_batch_by_its_share_of_a_full_one(size: int, accumulate: int) -> None:
    """What is left of the state is momentum to the power of the share, (1 − rate)ˢ."""
    model: Any = pl.build({"type": "batch_norm", "momentum": 0.8}, input_shape=(3,), seed=0, dtype="float64")
    trainer = pl.Trainer(model, loss="mse", optimizer={"type": "sgd", "lr": 1e-300}, accumulate=accumulate, seed=0)
    seen: list[Any] = []
    for batch in trainer.batches((X, X), epochs=2, batch_size=size, verbose=False):
        seen += [batch.x[start : start + size] for start in range(0, len(batch.x), size)]
        trainer.step(batch)
    mean, var, full = np.zeros(3), np.ones(3), min(size, 12)
    for rows in seen:
        left = 0.8 ** (len(rows) / full)
        mean = left * mean + (1 - left) * rows.mean(axis=0)
        var = left * var + (1 - left) * rows.var(axis=0)
    state = dict(model.named_states())
    np.testing.assert_allclose(state["running_mean"].data, mean, rtol=1e-10)
    np.testing.assert_allclose(state["running_var"].data, var, rtol=1e-10)


@pytest.mark.parametrize("epochs", [1, 2])
@pytest.mark.parametrize("average", [{"type": "ema", "decay": 0.5}, {"type": "swa", "start": 0.0}])
def test_statistics_fit_the_average_however_few_its_steps(average: Any, epochs: int) -> None:
    layers = [{"type": "dense", "units": 2}, {"type": "batch_norm"}]
    model: Any = pl.build({"type": "sequential", "layers": layers}, input_shape=(3,), seed=0, dtype="float64")
    trainer = pl.Trainer(model, loss="mse", optimizer={"type": "sgd", "lr": 0.5}, callbacks=[average], seed=0)
    trainer.fit((X, Y), epochs=epochs, batch_size=12, verbose=False)
    z = X @ model.layers[0].weight.data + model.layers[0].bias.data
    np.testing.assert_allclose(model.layers[1].running_mean.data, z.mean(axis=0), rtol=1e-8)
    np.testing.assert_allclose(model.layers[1].running_var.data, z.var(axis=0), rtol=1e-8)


@pytest.mark.parametrize("backend", ["reference", "cython"])
@pytest.mark.parametrize("size", [1, KEPT_ROWS, KEPT_ROWS + 1, 60])
def test_predictions_of_many_batches_are_those_of_each(size: int, backend: str) -> None:
    if backend == "cython":
        pytest.importorskip("pellucid.ops.kernels.native")
    model = pl.build("dense", units=2, activation="tanh", input_shape=(3,), seed=0, dtype="float64", backend=backend)
    w, b = (param.data for param in model.parameters())
    x = RNG.normal(size=(5 * size, 3))
    np.testing.assert_allclose(model.predict(x, batch_size=size), np.tanh(x @ w + b), rtol=1e-12)
    np.testing.assert_allclose(model.predict(x[::-1], batch_size=size), np.tanh(x[::-1] @ w + b), rtol=1e-12)
    kept = model.runtime.idle_predictions  # type: ignore[union-attr]
    assert len(kept) == (size <= KEPT_ROWS)


def test_the_shapes_used_last_keep_their_memory() -> None:
    model = pl.build("dense", units=2, input_shape=(None, 3), seed=0)
    lengths = [*range(1, KEPT_SHAPES + 1), 2, KEPT_SHAPES + 1, KEPT_SHAPES + 2]
    for count, length in enumerate(lengths, 1):
        model.predict(np.zeros((1, length, 3)))
        kept = [shape[1] for ((shape, _),) in model.runtime.idle_predictions]  # type: ignore[union-attr]
        assert len(kept) == min(count, KEPT_SHAPES) and kept[-1] == length
    assert {1, 3}.isdisjoint(kept) and {2, 4, KEPT_SHAPES + 2} <= {*kept}


@pytest.mark.parametrize(
    ("activation", "alpha", "expected"),
    [
        (None, None, (-INFINITE, INFINITE)), ("relu", None, (0, INFINITE)), ("sigmoid", None, (0, 1)),
        ("tanh", None, (-1, 1)), ("elu", None, (-1, INFINITE)), ("elu", 0.5, (-0.5, INFINITE)),
        ("elu", 2.0, (-2.0, INFINITE)), ("leaky_relu", None, (-INFINITE, INFINITE)), ("softplus", None, (0, INFINITE)),
        ("leaky_relu", 0.0, (0, INFINITE)), ("leaky_relu", 0.1, (-INFINITE, INFINITE)),
        ("softmax", None, (-INFINITE, INFINITE)),
    ],
)  # fmt: skip
def test_between_which_numbers_an_activation_lies(activation: Any, alpha: Any, expected: Any) -> None:
    assert interval_of(activation, alpha) == expected


@pytest.mark.parametrize(
    ("name", "f"),
    [("silu", lambda x: x / (1 + np.exp(-x))),
     ("gelu", lambda x: x * ndtr(x))],
)  # fmt: skip
def test_their_lowest_points_are_known(name: str, f: Any) -> None:
    low, high = interval_of(name)
    lowest = f(np.linspace(-5, 0, 100_001)).min()
    assert low <= lowest <= low + 3e-4 and high == INFINITE


@pytest.mark.parametrize(
    ("start", "epoch", "position", "last", "kind"),
    [
        (0.5, 1, 8, 4, None), (0.5, 2, 0, 4, None), (0.5, 2, 8, 4, "now"), (0.5, 0, 0, 4, None), (0.0, 0, 8, 4, "now"),
        (0.25, 1, 0, 4, None), (0.25, 1, 8, 4, "now"), (0.25, 3, 0, 4, "now"),
    ],
)  # fmt: skip
def test_an_average_begins_behind_its_start(
    start: float, epoch: int, position: int, last: int, kind: str | None
) -> None:
    """Epoch 3 of 4 is the first behind a half; the epoch that is under way counts with the weights of now."""
    model = pl.build("dense", units=2, input_shape=(3,), seed=0, backend="reference")
    trainer = pl.Trainer(model, loss="mse", callbacks=[{"type": "swa", "start": start}], seed=0)
    swa: Any = trainer.callbacks[0]
    run: Any = SimpleNamespace(trainer=trainer, epoch=epoch, last_epoch=last, step=0)
    trainer.position = position
    swa._average, swa._count, swa._epoch = np.zeros_like(trainer.runtime.arena.data), 0, 0
    found = swa.now(run)
    if kind is None:
        assert found is None
        return
    np.testing.assert_array_equal(found, trainer.runtime.arena.data)
    swa._count, swa._average = 3, np.ones_like(trainer.runtime.arena.data)
    np.testing.assert_allclose(swa.now(run), 1 + (trainer.runtime.arena.data - 1) / 4, rtol=1e-6)
    assert swa.now(run, ended=True) is swa._average
    swa._epoch = epoch + (position > 0)
    assert swa.now(run) is swa._average, "it is in there already"


def test_in_a_chain_only_those_above_what_is_trained_are_asked_for_slopes() -> None:
    layers = [{"type": "dense", "units": 4}, {"type": "relu"}, {"type": "dense", "units": 2}, {"type": "tanh"}]
    for frozen, of_input, expected in (
        ([], False, [False, True, True, True]), ([0], False, [False, False, False, True]),
        ([0, 2], False, [False] * 4), ([2], False, [False, True, True, True]), ([0, 2], True, [True] * 4),
    ):  # fmt: skip
        model: Any = pl.build({"type": "sequential", "layers": layers}, input_shape=(3,), seed=0, backend="reference")
        for i in frozen:
            for param in model.layers[i].parameters():
                param.trainable = False
        ctx = Context(get_ops("reference"), training=True, needs_dx=(of_input,))
        model.forward(ctx, X.astype("f4"))
        assert [any(ctx.child(i).needs_dx) for i in range(4)] == expected


@pytest.mark.parametrize(
    ("output", "target", "rows"),
    [((3,), (), 5), ((5,), (5,), 7), ((3,), (5,), 7), ((5,), (7,), 11), ((5, 7), (11,), 13)],
)
def test_a_function_is_tried_on_rows_that_are_taken_for_no_other_axis(output: Any, target: Any, rows: int) -> None:
    seen: list[Any] = []

    def noted(prediction: Any, given: Any) -> Any:
        seen.append((prediction.shape, given.shape))
        return np.sum(prediction.reshape(len(prediction), -1), axis=1)

    FunctionLoss(noted).check(np.arange(2.0).reshape(2, *(1,) * len(target)) + np.zeros((2, *target)), output)
    assert seen == [((rows, *output), (rows, *target))]


def test_a_backend_that_nobody_knows_is_refused_wherever_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, found in (("", ""), ("reference", "reference"), (" cython ", "cython"), ("acme/fast", "acme/fast")):
        monkeypatch.setenv("PELLUCID_BACKEND", name)
        assert check_variable() == found
    monkeypatch.setenv("PELLUCID_BACKEND", "cyton")
    with pytest.raises(pl.ConfigError, match="cyton"):
        check_variable()
    monkeypatch.delenv("PELLUCID_BACKEND")
    assert check_variable() == ""
