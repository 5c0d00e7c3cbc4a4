"""tabular/ensemble: members drawn, trained beside each other, chosen on validation rows, averaged."""

from __future__ import annotations

import copy
import pickle
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint
from pellucid_tabular.ensemble import Ensemble
from pellucid_tabular.ensemble_trainer import EnsembleTrainer
from pellucid_tabular.selection import Selection

RNG = np.random.default_rng(0)
X = RNG.standard_normal((240, 5)).astype("float32")
VALUES = (X[:, :1] * X[:, 1:2] + 3).astype("float32")
CLASSES = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)
Y: dict[str, Any] = {"values": VALUES, "classes": CLASSES, "answers": (X[:, 0] > 0).astype(int)}
OUTPUTS = {"values": 1, "classes": 3, "answers": 1}


def built(kind: str = "values", **arguments: Any) -> Any:
    task = "regression" if kind == "values" else "classification"
    how = {"members": 4, "widths": [8, 16], "depths": [1, 2], "patience": 3, **arguments}
    config = {"type": "tabular/ensemble", "outputs": OUTPUTS[kind], "task": task, **how}
    return pl.build(config, input_shape=(5,), seed=1)


def fitted(model: Any, kind: str = "values", epochs: int = 4, **arguments: Any) -> EnsembleTrainer:
    trainer = pl.trainer_for(model, seed=0, **arguments)
    y = Y[kind]
    trainer.fit((X[:160], y[:160]), validation=(X[160:], y[160:]), epochs=epochs, batch_size=32, verbose=False)
    assert isinstance(trainer, EnsembleTrainer)
    return trainer


def test_members_are_drawn_by_the_seed_within_their_ranges() -> None:
    one, other = built(members=20, seed=3, rates=[0.5, 2.0]), built(members=20, seed=4)
    assert one.drawn == built(members=20, seed=3).drawn != other.drawn
    assert built(members=2, seed=3).drawn == one.drawn[:2], "a member does not depend on how many there are"
    assert {width for drawn in one.drawn for width in drawn.hidden} == {8, 16}
    assert {len(drawn.hidden) for drawn in one.drawn} == {1, 2}
    assert all(0.5 <= drawn.rate <= 2 and 0 <= drawn.dropout <= 0.3 for drawn in one.drawn)
    assert len({drawn.seed for drawn in one.drawn}) == 20


@pytest.mark.parametrize("kind", ["values", "classes", "answers"])
def test_it_averages_what_its_members_say_with_their_weights(kind: str) -> None:
    model = built(kind)
    weights = np.array([0.5, 0.0, 0.25, 0.25])
    model.choose(weights)
    alone = []
    for k in range(4):
        model.choose(np.eye(4)[k])
        alone.append(model.predict(X).astype("float64"))
    model.choose(weights)
    y = model.predict(X)
    if kind == "classes":
        p = [np.exp(z) / np.exp(z).sum(1, keepdims=True) for z in alone]
        expected = np.log(sum(w * each for w, each in zip(weights, p, strict=True)))
    elif kind == "answers":
        mean = sum(w / (1 + np.exp(-z)) for w, z in zip(weights, alone, strict=True))
        expected = np.log(mean / (1 - mean))
    else:
        expected = sum(w * z for w, z in zip(weights, alone, strict=True))
    np.testing.assert_allclose(y, expected, rtol=2e-4, atol=2e-5)


def test_probabilities_that_underflow_stay_numbers() -> None:
    ops = pl.get_ops("reference")
    z = np.array([[[0, -2000, -3000]], [[0, -2500, -2800]]], np.float64)
    w, used, y, dz = np.array([0.5, 0.5]), np.arange(2), np.empty((1, 3)), np.empty_like(z)
    ops.op("tabular/mixture_forward")(z, w, used, "classes", y)
    np.testing.assert_allclose(y, [[0, -2000 - np.log(2), -2800 - np.log(2)]])
    ops.op("tabular/mixture_backward")(np.ones((1, 3)), z, w, used, "classes", dz)
    assert np.isfinite(dz).all()
    answers, y = np.array([[[800.0]], [[900.0]]]), np.empty((1, 1))
    ops.op("tabular/mixture_forward")(answers, w, used, "answers", y)
    np.testing.assert_allclose(y, 800 + np.log(2))
    ops.op("tabular/mixture_forward")(answers, np.array([0.5, 0.5, 1.0]), used, "answers", y)
    assert np.isnan(y).all(), "a member that has a weight and was not computed"


@pytest.mark.parametrize("kind", ["values", "classes", "answers"])
def test_the_choice_is_that_of_trying_every_member_at_every_round(kind: str) -> None:
    rng, n = np.random.default_rng(1), 50
    y: Any = rng.normal(size=(n, 1)) if kind == "values" else rng.integers(0, 3 if kind == "classes" else 2, n)
    outputs = rng.normal(size=(6, n, OUTPUTS[kind]))
    selection = Selection(6, kind, y, 0.2)
    for k in (0, 1, 2, 4, 5, 2):
        selection.take(k, outputs[k])

    def score(counts: Any) -> float:
        w = counts / counts.sum()
        if kind == "values":
            return float(np.mean((np.tensordot(w, outputs, 1) - y) ** 2))
        z = np.concatenate([0 * outputs, outputs], -1) if kind == "answers" else outputs
        p = np.tensordot(w, np.exp(z) / np.exp(z).sum(-1, keepdims=True), 1)
        c = p.shape[1]
        return float(np.mean(((p - 0.2 / c) / 0.8 - np.eye(c)[y]) ** 2))

    counts, best, chosen = np.zeros(6), np.inf, np.zeros(6)
    for _ in range(32):
        tried = [score(counts + np.eye(6)[k]) if k != 3 else np.inf for k in range(6)]
        counts = counts + np.eye(6)[int(np.argmin(tried))]
        if min(tried) < best:
            best, chosen = min(tried), counts
    weights = selection.weights()
    assert weights is not None and weights[3] == 0
    np.testing.assert_allclose(weights, chosen / chosen.sum(), atol=1e-6)


@pytest.mark.parametrize("kind", ["values", "classes", "answers"])
def test_it_trains_its_members_and_its_history_is_that_of_the_chosen(kind: str) -> None:
    model = built(kind)
    trainer = fitted(model, kind, epochs=12, metrics=["rmse" if kind == "values" else "accuracy"])
    figures, last = trainer.evaluate((X[160:], Y[kind][160:])), trainer.history[-1]
    for name in figures:
        assert figures[name] == pytest.approx(last[f"validation_{name}"], rel=1e-5), name
    assert trainer.epochs == len(trainer.history) <= 12
    assert trainer.history[-1]["validation_loss"] <= trainer.history[0]["validation_loss"]
    weights = np.asarray(model.weights.data)
    assert weights.min() >= 0 and weights.sum() == pytest.approx(1)


def test_a_member_is_what_it_is_when_it_is_trained_alone() -> None:
    trainer, alone = fitted(built(patience=None)), EnsembleTrainer(built(patience=None), seed=0)._member(2)
    alone.fit((X[:160], VALUES[:160]), validation=(X[160:], VALUES[160:]), epochs=4, batch_size=32, verbose=False)
    assert trainer.pack is not None
    member = trainer.pack.trainers[2]
    assert member.runtime.arena.data.tobytes() == alone.runtime.arena.data.tobytes()
    assert member.history.records == alone.history.records


def test_it_keeps_each_members_best_epoch() -> None:
    model = built(patience=2, rates=[30.0, 60.0])
    trainer = fitted(model, epochs=30)
    assert trainer.pack is not None
    for k, member in enumerate(trainer.pack.trainers):
        losses = member.history["validation_loss"]
        assert len(losses) < 30 and trainer.pack.reasons[k] == "no better on the validation rows for 2 epochs"
        model.choose(np.eye(4)[k])
        found = trainer.evaluate((X[160:], VALUES[160:]))["loss"]
        assert found == pytest.approx(min(losses), rel=1e-5)


def test_it_is_saved_with_its_weights(tmp_path: Path) -> None:
    model = built("classes")
    fitted(model, "classes", epochs=3)
    pl.save(model, tmp_path / "m.safetensors")
    loaded = pl.load(tmp_path / "m.safetensors")
    assert np.array_equal(loaded.predict(X), model.predict(X))


def test_predictions_that_were_made_before_do_not_stand_in_the_way() -> None:
    model = built()
    before = [model.predict(X[:3]) for _ in range(3)][-1]
    fitted(model)
    after = model.predict(X[:3])
    assert not np.array_equal(before, after)
    assert np.array_equal(copy.deepcopy(model).predict(X[:3]), after)


HOW: dict[str, Any] = {"validation": (X[160:], VALUES[160:]), "batch_size": 32, "verbose": False}


def bits(trainer: Any) -> Any:
    """All that members have learned and how they came to it, and the ensemble that was chosen among them."""
    members = [(m.runtime.arena.data.tobytes(), m.history.records) for m in trainer.pack.trainers]
    return members, trainer.history.records, trainer.model.predict(X).tobytes()


def test_a_second_fit_goes_on_and_so_does_a_copy() -> None:
    trainer = fitted(built(patience=None), epochs=3)
    other = pickle.loads(pickle.dumps(trainer))
    for each in (trainer, other):
        each.fit((X[:160], VALUES[:160]), epochs=2, **HOW)
        assert each.epochs == 5 and len(each.history) == 5
    assert bits(other) == bits(trainer)
    assert X[:160].tobytes() not in pickle.dumps(other), "a pickle holds no rows"


class After(pl.Callback):
    """Calls something in the middle of a run: when the ensemble's members have taken so many steps."""

    def __init__(self, steps: int, then: Any) -> None:
        self.steps, self.then = steps, then

    def on_run_start(self, run: pl.Run) -> None:
        trainer: Any = run.trainer
        trainer.pack = trainer.pack or trainer.new_pack()
        trainer.pack.trainers[1].callbacks.append(_Counting(self, run))


class _Counting(pl.Callback):
    def __init__(self, after: After, run: pl.Run) -> None:
        self.after, self.outer = after, run

    def on_run_start(self, run: pl.Run) -> None:
        run.on_step(self.look)

    def look(self, run: pl.Run) -> None:
        if run.step == self.after.steps:
            self.after.then(self.outer)
            time.sleep(0.2)  # until the pack has looked

    def __reduce__(self) -> Any:
        return pl.Callback, ()


@pytest.mark.parametrize("folds", [1, 2])
@pytest.mark.parametrize("steps", [7, 38])
def test_a_run_that_was_stopped_in_an_epoch_goes_on_from_its_checkpoint(folds: int, steps: int, tmp_path: Path) -> None:
    how: dict[str, Any] = {"batch_size": 32, "verbose": False} | ({} if folds > 1 else HOW)
    data = (X[:160], VALUES[:160])
    arguments: dict[str, Any] = {"patience": 2, "rates": [1.0, 40.0], "folds": folds}
    path = tmp_path / "c.safetensors"
    whole: Any = pl.trainer_for(built(**arguments), seed=0)
    whole.fit(data, epochs=12, **how)
    assert any(whole.compared.stopped), "that some members are stopped is part of the test"
    checkpoint = pl.Checkpoint(path)

    def signalled(run: Any) -> None:
        signal.raise_signal(signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    first: Any = pl.trainer_for(built(**arguments), seed=0, callbacks=[After(steps, signalled), checkpoint])
    signal.signal(signal.SIGTERM, lambda *_: first.run.stop("told to"))
    try:
        first.fit(data, epochs=12, **how)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert first.epochs < 12 and any(m.steps % (4 if folds > 1 else 5) for m in first.pack.trainers)
    saved = pl.trainer_for(built(**arguments), seed=0, callbacks=[pl.Checkpoint(tmp_path / "d.safetensors")])
    restore_checkpoint(saved, path)
    saved.fit(data, epochs=12 - saved.epochs, **how)
    assert bits(saved) == bits(whole)
    first.callbacks.clear()
    copied = pickle.loads(pickle.dumps(first))
    for each in (first, copied):  # and without a file
        each.fit(data, epochs=12 - each.epochs, **how)
        assert bits(each) == bits(whole)


def test_a_finished_run_that_is_made_longer_keeps_the_best_of_all_epochs() -> None:
    trainer: Any = fitted(built(patience=2, rates=[1.0, 60.0]), epochs=12)
    best = trainer.compared.best.copy()
    trainer.fit((X[:160], VALUES[:160]), epochs=2, **HOW)
    assert (trainer.compared.best <= best).all() and (trainer.compared.best == best).any()
    assert not (trainer.compared.best == np.inf).any()


def test_a_checkpoint_of_another_trainer_is_refused(tmp_path: Path) -> None:
    other = pl.Trainer(built(), seed=0)
    other.fit((X[:160], VALUES[:160]), batch_size=32, verbose=False)
    save_checkpoint(other, tmp_path / "c.safetensors")
    trainer = pl.trainer_for(built(), optimizer="adam", seed=0)
    restore_checkpoint(trainer, tmp_path / "c.safetensors")
    with pytest.raises(pl.ConfigError, match="not of an EnsembleTrainer"):
        trainer.fit((X[:160], VALUES[:160]), batch_size=32, verbose=False)


def test_an_interrupt_is_heard_when_an_epoch_is_counted_and_nothing_is_lost() -> None:
    class Interrupt(pl.Callback):
        """Ctrl-C, once."""

        def on_epoch_end(self, run: pl.Run) -> None:
            if run.epoch == 2:
                signal.raise_signal(signal.SIGINT)

    whole: Any = fitted(built(patience=None), epochs=5)
    trainer: Any = pl.trainer_for(built(patience=None), seed=0, callbacks=[Interrupt()])
    how: dict[str, Any] = {"validation": (X[160:], VALUES[160:]), "batch_size": 32, "verbose": False}
    with pytest.raises(KeyboardInterrupt):
        trainer.fit((X[:160], VALUES[:160]), epochs=5, **how)
    assert trainer.epochs == 2 and [each.epochs for each in trainer.pack.trainers] == [2] * 4
    trainer.fit((X[:160], VALUES[:160]), epochs=3, **how)
    for one, other in zip(trainer.pack.trainers, whole.pack.trainers, strict=True):
        assert one.runtime.arena.data.tobytes() == other.runtime.arena.data.tobytes()


def test_without_validation_rows_and_folds_all_have_equal_weights() -> None:
    model = built(folds=1)
    trainer = pl.trainer_for(model, seed=0)
    trainer.fit((X, VALUES), epochs=3, batch_size=32, verbose=False)
    assert len(trainer.history) == 3 and np.allclose(model.weights.data, 0.25)
    assert trainer.evaluate((X, VALUES))["loss"] < 2


def test_its_best_epoch_may_be_chosen_by_a_callback() -> None:
    model = built("classes")
    trainer = fitted(model, "classes", epochs=8, metrics=["accuracy"], callbacks=["best_epoch"])
    best = max(trainer.history["validation_accuracy"])
    assert trainer.evaluate((X[160:], CLASSES[160:]))["accuracy"] == best
    assert model.predict(X[:1]).shape == (1, 3)


def test_the_spread_is_that_of_the_members() -> None:
    model = built()
    model.choose([0.5, 0.25, 0.25, 0.0])
    assert model.spread(X).shape == (240, 1)
    outputs = model.of_members(X)
    assert outputs.shape == (3, 240, 1)
    w = np.array([0.5, 0.25, 0.25])[:, None, None]
    np.testing.assert_allclose((w * outputs).sum(0), model.predict(X), rtol=1e-5, atol=1e-6)
    mean = (w * outputs).sum(0)
    np.testing.assert_allclose(model.spread(X), np.sqrt((w * (outputs - mean) ** 2).sum(0)), rtol=1e-9)
    classes = built("classes")
    assert np.allclose(classes.of_members(X).sum(-1), 1)
    assert (classes.spread(X) > 0).all() and (classes.spread(X) < 0.5).all()


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda: built(widths=[16, 8]), "the least and the most"),
        (lambda: built(rates=[0.0, 1.0]), "rates"),
        (lambda: built(members=0), "members"),
        (lambda: built().choose([0.5, 0.5]), "a weight for each of 4"),
        (lambda: built().choose([0.5, 0.5, 0.5, -0.5]), "at least 0"),
        (lambda: pl.trainer_for(built(), loss="binary_cross_entropy"), "takes a loss of values"),
        (lambda: pl.trainer_for(built("classes"), loss="binary_cross_entropy"), "takes a loss of classes"),
        (lambda: EnsembleTrainer(pl.build("dense", units=1, input_shape=(3,)), loss="mse"), "trains a tabular"),
        (lambda: fitted(built(), callbacks=[Looking()]), "has none of its own"),
    ],
)
def test_what_cannot_be_is_said(made: Any, told: str) -> None:
    with pytest.raises(pl.ConfigError, match=told):
        made()


class Looking(pl.Callback):
    def on_run_start(self, run: pl.Run) -> None:
        run.on_gradients(lambda segments: None)


def test_an_augmentation_that_no_member_would_see_is_refused() -> None:
    class Shaken(pl.Augmentation):
        def augment(self, ctx: pl.Context, x: Any) -> Any:
            return x

    data = pl.Splits(pl.Split(X, VALUES), pl.Split(X, VALUES), pl.Split(X, VALUES), transforms=[Shaken()])
    with pytest.raises(pl.ConfigError, match="Received: Shaken among the transforms"):
        pl.trainer_for(built()).fit(data, verbose=False)


def test_any_architecture_can_be_a_member() -> None:
    model = built("classes", architecture="ann", settings={"activation": "tanh"})
    assert isinstance(model, Ensemble)
    fitted(model, "classes", epochs=2)


@pytest.mark.parametrize("kind", ["values", "classes", "answers"])
def test_the_kernel_of_the_mixture_is_its_reference_and_is_recorded(kind: str) -> None:
    pytest.importorskip("pellucid_tabular.kernels.native", reason="the kernels are not compiled")
    rng, reference, ops = np.random.default_rng(0), pl.get_ops("reference"), pl.get_ops("cython")
    z = (30 * rng.standard_normal((3, 41, OUTPUTS[kind]))).astype("float32")
    w, used = np.array([0.5, 0, 0.25, 0.25, 0], "float32"), np.array([0, 2, 3])
    wanted, y = np.empty((41, OUTPUTS[kind]), "float32"), np.empty((41, OUTPUTS[kind]), "float32")
    reference.op("tabular/mixture_forward")(z, w, used, kind, wanted)
    _, plan = ops.record(lambda: ops.op("tabular/mixture_forward")(z, w, used, kind, y))
    np.testing.assert_allclose(y, wanted, rtol=1e-6, atol=1e-6)
    assert plan is not None
    w[1], w[0] = 0.25, 0.25  # a member that was not computed has a weight now
    plan.run()
    assert np.isnan(y).all()
    with pytest.raises(pl.ShapeError, match="mixture_forward"):
        ops.op("tabular/mixture_forward")(z, w, used[:2], kind, y)


@pytest.mark.parametrize("member", [-1, 3, 2**40, -(2**62)])
@pytest.mark.parametrize("place", [0, 1])
def test_a_member_that_has_no_weight_is_refused(member: int, place: int) -> None:
    pytest.importorskip("pellucid_tabular.kernels.native", reason="the kernels are not compiled")
    used, y = np.array([1, 1]), np.full((4, 5), 7, "float32")
    used[place] = member
    with pytest.raises(pl.DataError, match=rf"0 … 2\. Received: .*{member}"):
        z, weight = np.ones((2, 4, 5), "float32"), np.full(3, 1 / 3, "float32")
        pl.get_ops("cython").op("tabular/mixture_forward")(z, weight, used, "values", y)
    assert (y == 7).all()


def test_predictions_of_few_rows_are_recorded() -> None:
    pytest.importorskip("pellucid_tabular.kernels.native", reason="the kernels are not compiled")
    model = pl.build(
        "tabular/ensemble", outputs=3, members=3, widths=[8, 8], input_shape=(5,), seed=0, backend="cython"
    )
    for _ in range(3):
        model.predict(X[:2])
    (prediction,) = model.runtime.idle_predictions.values()
    assert prediction._forward.recorded


def test_what_another_architecture_does_not_take_is_told_with_the_way_out() -> None:
    with pytest.raises(
        pl.ConfigError, match=r"no such argument.*--model tabular/ensemble --set model\.architecture=ann"
    ):
        built("classes", architecture="ann", categories=[3])
