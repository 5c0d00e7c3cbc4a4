"""The training loop: every sample once an epoch, continuation, rejection of steps that are not finite, observers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import ConfigError, DataError, NumericalError, ShapeError


def a_model(**settings):
    layers = [{"type": "dense", "units": 8, "activation": "relu"}, {"type": "dense", "units": 2}]
    return pl.build({"type": "sequential", "input_shape": [3], "layers": layers}, seed=0, **settings)


@pytest.fixture
def samples():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((70, 3)).astype("float32")
    return x, (x[:, 0] > x[:, 1]).astype(np.int64)


class Seen(pl.Objective):
    """Notes which rows it is shown."""

    def __init__(self) -> None:
        self.rows = []

    def forward(self, ctx, model, batch):
        self.rows.append(batch.index.copy())
        np.testing.assert_array_equal(batch.x[:, 0], batch.y)
        ctx.count = len(batch)
        return np.float64(0.0)

    def backward(self, ctx, model):
        pass


def test_every_epoch_sees_every_sample_once_beside_its_label_in_a_new_order():
    x = np.zeros((70, 3), np.float32)
    x[:, 0] = np.arange(70)
    seen = Seen()
    trainer = pl.Trainer(a_model(), objective=seen, seed=5)
    trainer.fit((x, np.arange(70)), epochs=2, batch_size=16, verbose=False)
    sizes = [len(rows) for rows in seen.rows]
    assert sizes == [16, 16, 16, 16, 6] * 2
    first, second = np.concatenate(seen.rows[:5]), np.concatenate(seen.rows[5:])
    assert sorted(first) == sorted(second) == list(range(70))
    assert (first != second).any()


def test_a_second_call_continues(samples):
    def trained(*epochs):
        trainer = pl.Trainer(a_model(), loss="softmax_cross_entropy", seed=3)
        for n in epochs:
            trainer.fit(samples, epochs=n, batch_size=32, verbose=False)
        return trainer

    once, twice = trained(4), trained(1, 3)
    np.testing.assert_array_equal(once.runtime.arena.data, twice.runtime.arena.data)
    assert once.history["loss"] == twice.history["loss"]
    assert (once.steps, once.epochs) == (twice.steps, twice.epochs) == (12, 4)


def test_training_lowers_the_loss_and_predict_agrees_with_evaluate(samples):
    trainer = pl.Trainer(
        a_model(), loss="softmax_cross_entropy", optimizer={"type": "adam", "lr": 0.02}, metrics=["accuracy"], seed=0
    )
    history = trainer.fit(samples, validation=samples, epochs=40, batch_size=32, verbose=False)
    assert history["loss"][-1] < 0.3 < history["loss"][0]
    figures = trainer.evaluate(samples, batch_size=9)
    assert history[-1]["validation_accuracy"] == pytest.approx(figures["accuracy"])
    predicted = trainer.model.predict(samples[0], batch_size=11).argmax(axis=1)
    assert figures["accuracy"] == pytest.approx((predicted == samples[1]).mean())


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_a_step_that_is_not_finite_changes_nothing_and_says_where(samples, poison):
    trainer = pl.Trainer(a_model(), loss="softmax_cross_entropy", seed=0)
    trainer.fit(samples, epochs=1, batch_size=32, verbose=False)
    before = trainer.runtime.arena.data.copy()
    steps = trainer.steps

    def spoil(segments):
        segments[0].params[2].grad[3, 1] = poison

    class Spoiler(pl.Callback):
        def on_run_start(self, run):
            run.on_gradients(spoil)

    trainer.callbacks.append(Spoiler())
    with pytest.raises(NumericalError, match=r"layers\.1\.weight.*\(3, 1\)"):
        trainer.fit(samples, epochs=1, batch_size=32, verbose=False)
    np.testing.assert_array_equal(trainer.runtime.arena.data, before)
    assert trainer.steps == steps == int(trainer.slots.t)
    trainer.callbacks.clear()
    trainer.fit(samples, epochs=1, batch_size=32, verbose=False)  # and it can go on
    assert np.isfinite(trainer.runtime.arena.data).all()


def test_a_diverging_run_stops_before_the_weights_are_lost(samples):
    trainer = pl.Trainer(a_model(), loss="mse", optimizer={"type": "sgd", "lr": 1e30}, seed=0)
    target = np.ones((70, 2), np.float32)
    with pytest.raises(NumericalError, match="Lower the learning rate"):
        trainer.fit((samples[0], target), epochs=50, batch_size=32, verbose=False)
    assert np.isfinite(trainer.runtime.arena.data).all()


def test_recorded_and_unrecorded_steps_have_the_same_bits(samples):
    pytest.importorskip("pellucid.ops.kernels.native")

    def trained(observe):
        trainer = pl.Trainer(a_model(backend="cython"), loss="softmax_cross_entropy", seed=1)
        if observe:
            trainer.objective = Watched(trainer.objective)
        trainer.fit(samples, epochs=3, batch_size=32, verbose=False)
        return trainer.runtime.arena.data.copy()

    class Watched(pl.Objective):
        def __init__(self, inner):
            self.inner = inner

        def forward(self, ctx, model, batch):
            return self.inner.forward(ctx, model, batch)

        def backward(self, ctx, model):
            self.inner.backward(ctx, model)

    np.testing.assert_array_equal(trained(False), trained(True))


def test_changing_a_component_in_the_middle_takes_effect(samples):
    trainer = pl.Trainer(a_model(), loss="softmax_cross_entropy", optimizer={"type": "sgd", "lr": 0.1}, seed=1)

    class Freeze(pl.Callback):
        def on_epoch_end(self, run):
            run.trainer.optimizer.lr = 0.0

    trainer.callbacks.append(Freeze())
    trainer.fit(samples, epochs=1, batch_size=32, verbose=False)
    before = trainer.runtime.arena.data.copy()
    trainer.fit(samples, epochs=1, batch_size=32, verbose=False)
    np.testing.assert_array_equal(trainer.runtime.arena.data, before)


def test_frozen_parameters_stay_and_their_gradients_do_not_pile_up(samples):
    trainer = pl.Trainer(a_model(), loss="softmax_cross_entropy", seed=1)
    weight, bias = trainer.model.parameters()[:2]
    weight.trainable = False
    before, free = weight.data.copy(), bias.data.copy()
    trainer.fit(samples, epochs=2, batch_size=32, verbose=False)
    np.testing.assert_array_equal(weight.data, before)
    assert (bias.data != free).any()
    weight.trainable = True
    trainer.fit(samples, epochs=1, batch_size=32, verbose=False)
    assert (weight.data != before).any()


def test_train_step_returns_the_loss_before_the_update(samples):
    trainer = pl.Trainer(a_model(), loss="softmax_cross_entropy", seed=1)
    x, y = samples
    expected = trainer.evaluate(samples)["loss"]
    assert trainer.train_step(x, y) == pytest.approx(expected, rel=1e-5)
    later = [trainer.train_step(x, y) for _ in range(200)]
    assert later[-1] < expected
    assert trainer.steps == 201


def test_observers_see_every_nth_step_and_can_stop_the_run(samples):
    seen = []

    class Watch(pl.Callback):
        def on_run_start(self, run):
            run.on_step(lambda run: seen.append((run.step, run.rows)), every=2)
            run.on_step(lambda run: run.stop("enough") if run.step == 6 else None)

    trainer = pl.Trainer(a_model(), loss="softmax_cross_entropy", seed=1, callbacks=[Watch()])
    trainer.fit(samples, epochs=100, batch_size=16, verbose=False)
    assert seen == [(2, 32), (4, 64), (6, 16)]
    assert trainer.steps == 6


@pytest.mark.parametrize(("call", "message"), [("on_step", "'every' of on_step"), ("on_trace", "'every' of Run")])
@pytest.mark.parametrize("every", [0, -1])
def test_every_how_many_steps_is_a_number_from_1_on(samples, call, message, every):
    class Never(pl.Callback):
        def on_run_start(self, run):
            getattr(run, call)(lambda run: None, every=every)

    trainer = pl.Trainer(a_model(), loss="softmax_cross_entropy", seed=1, callbacks=[Never()])
    with pytest.raises(ConfigError, match=f"The {message} must be an int .*Received: {every}"):
        trainer.fit(samples, verbose=False)
    assert trainer.steps == 0


def test_a_callback_that_lends_no_context_manager_is_named(samples):
    class Careless(pl.Callback):
        def lent(self, run):
            """Forgets to return anything."""

    trainer = pl.Trainer(a_model(), loss="softmax_cross_entropy", seed=1, callbacks=[Careless()])
    with pytest.raises(ConfigError, match=r"Careless\.lent must return a context manager: .* Received: None\."):
        trainer.fit(samples, validation=samples, verbose=False)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "needs a loss"),
        ({"loss": "mse", "objective": "supervised"}, "not both"),
        ({"loss": "mse", "clip_norm": 0.0}, "clip_norm"),
        ({"loss": "mse", "accumulate": 0}, "accumulate"),
        ({"loss": "mse", "seed": -1}, r"The 'seed' of Trainer must be an int in \[0, inf\). Received: -1"),
        ({"loss": "mse", "clip_norm": "1"}, "clip_norm"),
        ({"loss": "mse", "metrics": "accuracy"}, r"metrics: expected a list. .* Put it into brackets: \['accuracy'\]"),
        ({"loss": "mes"}, "mse"),
        ({"loss": "mse", "optimizer": {"type": "adam", "learning_rate": 1}}, "learning_rate"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ConfigError, match=message):
        pl.Trainer(a_model(), **settings)


def test_only_training_decides_what_a_model_is_trained_with_next(samples):
    model = pl.build("logistic_regression", input_shape=(3,), outputs=2, seed=0)
    with pytest.raises(DataError):
        pl.Trainer(model, loss="mse").fit(samples, verbose=False)
    assert type(pl.Trainer(model).objective.loss).__name__ == "SoftmaxCrossEntropy"
    targets = np.eye(2, dtype=np.float32)[samples[1]]
    pl.Trainer(model, loss="mse").fit((samples[0], targets), verbose=False)
    assert type(pl.Trainer(model).objective.loss).__name__ == "MSE"


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ((np.zeros((4, 5), "float32"), np.zeros(4, int)), ShapeError, r"\(N, 3\).*\(4, 5\)"),
        ((np.zeros((3,), "float32"), np.zeros(3, int)), DataError, "one sample a row"),
        ((np.zeros((4, 3), "float32"), np.zeros(3, int)), DataError, "4 rows in x, 3 in y"),
        ((np.zeros((0, 3), "float32"), np.zeros(0, int)), DataError, "no samples"),
        ((np.zeros((4, 3), "float32"), np.array([0, 1, 2, 1])), DataError, "row 2"),
        ((np.full((4, 3), np.nan, "float32"), np.zeros(4, int)), DataError, "row 0, column 0"),
        ((np.zeros((4, 3), "float32"), None), DataError, "needs a target"),
        ([1, 2], DataError, "pair"),
        ("mnits", ConfigError, "mnist"),
    ],
)
def test_wrong_data(data, error, message):
    trainer = pl.Trainer(a_model(), loss="softmax_cross_entropy")
    with pytest.raises(error, match=message):
        trainer.fit(data, verbose=False)


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    for use in (lambda: pl.Trainer(3), lambda: pl.save(3, tmp_path / "x")):  # type: ignore[arg-type]
        with pytest.raises(pl.ConfigError, match=r"A built model is needed.*Received: 3"):
            use()
