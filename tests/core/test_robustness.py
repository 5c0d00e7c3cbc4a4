"""What a review found: half gradients, moved memory, infinities that slip by, settings changed on the way."""

from __future__ import annotations

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import CheckpointError, ConfigError, DataError, NumericalError

X = np.random.default_rng(0).standard_normal((40, 4)).astype("float32")
Y = (X[:, 0] > 0).astype(np.int64)


def a_model(*extra, **settings):
    layers = [*extra, {"type": "dense", "units": 8, "activation": "relu"}, {"type": "dense", "units": 2}]
    return pl.build({"type": "sequential", "layers": layers}, input_shape=(4,), seed=0, **settings)


def a_trainer(model=None, **settings):
    return pl.Trainer(model or a_model(), **{"loss": "softmax_cross_entropy", "seed": 0, **settings})


class Interrupt(pl.Callback):
    def on_run_start(self, run):
        run.on_gradients(self._interrupt)

    def _interrupt(self, segments):
        raise KeyboardInterrupt


def test_an_interrupted_step_leaves_no_gradient_to_the_next():
    interrupted, clean = a_trainer(), a_trainer()
    interrupted.callbacks.append(Interrupt())
    with pytest.raises(KeyboardInterrupt):
        interrupted.fit((X, Y), batch_size=40, verbose=False)
    interrupted.callbacks.clear()
    for trainer in (interrupted, clean):
        trainer.fit((X, Y), batch_size=40, verbose=False)
    np.testing.assert_array_equal(interrupted.runtime.arena.data, clean.runtime.arena.data)


def test_built_layers_keep_their_values_in_a_new_model_and_their_old_trainer_notices():
    trainer = a_trainer()
    trainer.fit((X, Y), verbose=False)
    trained = trainer.model.layers[0]
    before = trained.weight.data.copy()
    pl.build({"type": "sequential", "layers": [trained, {"type": "dense", "units": 3}]}, input_shape=(4,), seed=5)
    np.testing.assert_array_equal(trained.weight.data, before)
    with pytest.raises(ConfigError, match="part of another model"):
        trainer.train_step(X, Y)


@pytest.mark.parametrize("backend", ["reference", "cython"])
def test_a_state_that_is_not_finite_rejects_the_step(backend):
    trainer = a_trainer(a_model({"type": "batch_norm"}, backend=backend))
    with pytest.raises(NumericalError, match="running variance"):
        trainer.train_step(X * 1e25, Y)
    assert all(np.isfinite(state.data).all() for state in trainer.model.states())
    assert trainer.steps == 0


def test_weights_that_an_optimizer_made_infinite_are_noticed_at_the_end_of_the_epoch():
    class Explode(pl.Optimizer):
        def __init__(self, lr: float = 1.0) -> None:
            self.lr = lr

        def step(self, segments):
            segments[0].data[3] = np.inf

    with pytest.raises(NumericalError, match=r"layers\.0\.weight.*\(0, 3\)"):
        a_trainer(optimizer=Explode()).fit((X, Y), batch_size=40, verbose=False)


def test_a_number_too_large_for_the_model_is_named():
    x = X.astype("float64")
    x[3, 2] = 1e300
    with pytest.raises(DataError, match=r"1e\+300 in row 3, column 2"):
        a_trainer().fit((x, Y), verbose=False)


@pytest.mark.parametrize("group", [{"match": 3}, {"lr": "x"}, {"lr": -1.0}, {"weight_decay": np.nan}], ids=str)
def test_wrong_hyper_parameters_of_a_group(group):
    with pytest.raises(ConfigError, match=r"groups\[0\]"):
        a_trainer(optimizer={"type": "sgd", "groups": [{"match": "*", **group}]}).train_step(X, Y)


def test_a_setting_changed_after_a_factory_made_the_model_refuses_to_be_saved(tmp_path):
    pytest.importorskip("pellucid_ann")
    model = pl.build("ann", input_shape=(4,), outputs=2, dropout=0.1, seed=0)
    pl.save(model, tmp_path / "model.safetensors")
    for layer in model.layers:
        if hasattr(layer, "rate"):
            layer.rate = 0.5
    with pytest.raises(CheckpointError, match=r"rate.*0\.5.*0\.1"):
        pl.save(model, tmp_path / "changed.safetensors")


def test_train_step_keeps_the_memory_of_few_shapes():
    trainer = a_trainer()
    for rows in range(1, 41):
        trainer.train_step(X[:rows], Y[:rows])
    assert len(trainer._direct) <= 32
    assert trainer.steps == 40


@pytest.mark.parametrize(("name", "value"), [("clip_norm", 1e-12), ("schedule", pl.create("schedule", "constant"))])
def test_settings_changed_between_steps_take_effect(name, value):
    trainer = a_trainer(optimizer={"type": "sgd", "lr": 1.0})
    trainer.train_step(X, Y)
    before = trainer.runtime.arena.data.copy()
    setattr(trainer, name, value)
    trainer.train_step(X, Y)
    moved = np.abs(trainer.runtime.arena.data - before).max()
    assert moved < 1e-10 if name == "clip_norm" else moved > 1e-4


def test_every_callback_that_was_started_is_ended_whatever_happens_to_the_others():
    told = []

    class Told(pl.Callback):
        def __init__(self, name: str, fails: str = "") -> None:
            self.name = name
            self.fails = fails

        def on_run_start(self, run):
            told.append(f"start {self.name}")
            if self.fails == "start":
                raise RuntimeError(self.name)

        def on_run_end(self, run):
            told.append(f"end {self.name}")
            if self.fails == "end":
                raise RuntimeError(self.name)

    with pytest.raises(RuntimeError, match="b") as caught:
        a_trainer(callbacks=[Told("a"), Told("b", "end"), Told("c", "start")]).fit((X, Y), verbose=False)
    assert str(caught.value.__context__) == "c"
    assert told == ["start a", "start b", "start c", "end b", "end a"]


@pytest.mark.parametrize("batch_size", [0, -1, 1.5, "a", True])
def test_wrong_batch_sizes(batch_size):
    model = a_model()
    with pytest.raises(ConfigError, match="batch_size"):
        model.predict(X, batch_size=batch_size)
    with pytest.raises(ConfigError, match="batch_size"):
        a_trainer(model).evaluate((X, Y), batch_size=batch_size)
    with pytest.raises(ConfigError, match="batch_size"):
        a_trainer(model).fit((X, Y), batch_size=batch_size, verbose=False)


def test_numpy_integers_are_integers():
    trainer = a_trainer()
    trainer.fit((X, Y), epochs=np.int64(2), batch_size=np.int64(7), verbose=False)
    assert trainer.epochs == 2
    assert len(trainer.model.predict(X, batch_size=np.int64(7))) == 40


def test_a_batch_of_weight_zero_teaches_nothing():
    trainer = a_trainer(optimizer="adamw")
    trainer.train_step(X, Y)
    before = trainer.runtime.arena.data.copy()
    assert trainer.train_step(X, Y, weight=np.zeros(40)) == 0.0
    np.testing.assert_array_equal(trainer.runtime.arena.data, before)
    assert trainer.steps == 1


@pytest.mark.parametrize("backend", ["reference", "cython"])
def test_squares_of_gradients_that_overflow_reject_the_step(backend):
    def regression(**settings):
        model = pl.build("dense", units=1, input_shape=(4,), seed=0, backend=backend)
        return pl.Trainer(model, loss="mse", seed=0, **settings)

    x, y = X * 1e9, (X[:, 0] * 1e12)[:, None]  # the gradient is about 1e21, and float32 holds squares up to 1e19
    for optimizer in ("adam", "adamw"):
        trainer = regression(optimizer=optimizer)
        before = trainer.runtime.arena.data.copy()
        for train in (lambda: trainer.train_step(x, y), lambda: trainer.fit((x, y), verbose=False)):  # noqa: B023
            with pytest.raises(
                NumericalError, match=r"Step 1 was not applied.*squares .* more than float32 holds.*clip"
            ):
                train()
        np.testing.assert_array_equal(trainer.runtime.arena.data, before)
        assert trainer.steps == 0 and not trainer.slots.buffer("v").any()
    for settings in ({"optimizer": "adam", "clip_norm": 1.0}, {"optimizer": {"type": "sgd", "lr": 1e-21}}):
        trainer = regression(**settings)
        trainer.fit((x, y), verbose=False)
        assert trainer.steps == 2 and (trainer.runtime.arena.data != before).any()


def test_memory_that_an_optimizer_made_infinite_is_noticed_at_the_end_of_the_epoch():
    class Forgetful(pl.Optimizer):
        """It keeps squares, and does not say so."""

        def __init__(self, lr: float = 0.0) -> None:
            self.lr = lr

        def step(self, segments):
            for s in segments:
                s.slot("v")[1] = np.inf

    with pytest.raises(NumericalError, match=r"After step 2 the optimizer's 'v' of 'layers\.0\.weight' at \(0, 1\)"):
        a_trainer(optimizer=Forgetful()).fit((X, Y), verbose=False)


@pytest.mark.parametrize("backend", ["reference", "cython"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_that_vanish_are_no_error_where_numpy_is_to_raise(backend, dtype):
    trainer = a_trainer(a_model("layer_norm", dtype=dtype, backend=backend), metrics=["accuracy"])
    binary = a_trainer(pl.build("dense", units=1, input_shape=(4,), seed=0, dtype=dtype, backend=backend),
                       loss="binary_cross_entropy")  # fmt: skip
    tiny, wide = X.astype(np.float64) * np.array([1e-310, 1e-200, 1.0, 1e-30]), X.astype(np.float64) * 5e3
    with np.errstate(all="raise"):
        a_trainer().fit(pl.Splits(*3 * [pl.Split(tiny, Y)], transforms=["standardize"]), verbose=False)
        trainer.train_step(tiny, Y)
        for x in (tiny, wide):
            assert np.isfinite(trainer.model.predict(x)).all() and np.isfinite(trainer.evaluate((x, Y))["loss"])
            assert np.isfinite(binary.evaluate((x, Y.astype(float)))["loss"])
            assert np.isfinite(binary.objective.loss.probabilities(binary.model.predict(x))).all()
        for name in ("relu", "leaky_relu", "elu", "sigmoid", "tanh", "softplus", "silu", "gelu", "softmax"):
            layer = pl.build(name, input_shape=(4,), dtype=dtype, backend=backend)
            assert np.isfinite(layer.predict(wide)).all() and np.isfinite(layer.predict(tiny)).all()


def test_a_target_that_the_models_type_cannot_hold_is_named_as_it_was():
    model = pl.build("dense", units=1, input_shape=(4,), seed=0)
    trainer, y = pl.Trainer(model, loss="mse", seed=0), X[:, :1].astype(np.float64)
    y[7] = -1e300
    for call in (lambda: trainer.fit((X, y), verbose=False), lambda: trainer.train_step(X, y[:, 0]),
                 lambda: trainer.evaluate((X, y))):  # fmt: skip
        with pytest.raises(DataError, match=r"y of .* too large for the model's float32: -1e\+300 in row 7.*Scale"):
            call()
