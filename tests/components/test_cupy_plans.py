"""Steps captured as graphs and replayed, on the stand-in: the same numbers as step by step, and the same errors."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import DataError, NumericalError
from pellucid.ops.backends import get_ops

from tests.components.test_cupy_backend import GPU, ON_A_GPU, needs_compiler
from tests.testing.wrong.promises import Descent, Fading, OfChance, OfEpoch, OfStep

pytestmark = needs_compiler
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 6)), RNG.integers(0, 3, 60)
LAYERS = [{"type": "dense", "units": 5, "activation": "relu"}, {"type": "dense", "units": 3}]
NORMALISED = [{"type": "batch_norm"}, LAYERS[0], {"type": "layer_norm"}, LAYERS[1]]
NOISY = [LAYERS[0], {"type": "dropout", "rate": 0.3}, LAYERS[1]]


@pytest.fixture
def ops() -> Any:
    GPU.refused = None
    return GPU


def trained(ops: Any, layers: list[Any], x: Any = X, *, epochs: int = 4, **settings: Any) -> pl.Trainer:
    model = pl.build({"type": "sequential", "layers": layers}, input_shape=(6,), seed=1, dtype="float64", backend=ops)
    settings = {"loss": "softmax_cross_entropy", "optimizer": {"type": "adam", "lr": 1e-2}} | settings
    trainer = pl.Trainer(model, seed=2, **settings)
    trainer.fit((x, Y), epochs=epochs, batch_size=4, verbose=False)
    return trainer


def weights(trainer: pl.Trainer) -> np.ndarray[Any, Any]:
    return np.array(trainer.runtime.ops.to_host(trainer.runtime.arena.data))


@pytest.mark.parametrize("layers", [LAYERS, NOISY, NORMALISED], ids=["plain", "dropout", "normalised"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"schedule": "cosine", "clip_norm": 0.1},
        {"optimizer": {"type": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True}},
        {"optimizer": {"type": "adamw", "lr": 1e-2, "groups": [{"match": "*.bias", "weight_decay": 0.0}]}},
    ],
    ids=["adam", "schedule", "sgd", "groups"],
)
def test_replayed_steps_are_those_of_the_reference(ops: Any, layers: list[Any], settings: Any) -> None:
    launches, looks = ops.device.launches, ops.device.downloads
    its = trained(ops, layers, **settings)
    mine = trained(get_ops("reference"), layers, **settings)
    assert its.steps == mine.steps == 60 and int(its.slots.t) == 60
    np.testing.assert_allclose(weights(its), weights(mine), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(its.history["loss"], mine.history["loss"], rtol=1e-10)
    for a, b in zip(its.model.states(), mine.model.states(), strict=True):
        np.testing.assert_allclose(ops.to_host(a.data), b.data, rtol=1e-9)
    assert ops.device.launches - launches > 50, ops.refused
    assert ops.device.downloads - looks < 12  # an epoch's 15 steps are looked at once


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": {"type": "adagrad", "lr": 1e-2, "weight_decay": 0.1}, "clip_value": 1e-3},
        {"optimizer": {"type": "rmsprop", "lr": 1e-2, "momentum": 0.8, "centered": True, "eps": 1e-3}},
        {"optimizer": {"type": "rmsprop", "lr": 1e-2, "weight_decay": 0.1}},
        {"optimizer": {"type": "lion", "lr": 1e-3, "weight_decay": 0.1}, "schedule": "one_cycle"},
        {"optimizer": {"type": "muon", "lr": 1e-2, "weight_decay": 0.1}, "schedule": "linear"},
    ],
    ids=["adagrad", "centered rmsprop", "rmsprop", "lion", "muon"],
)
def test_so_are_those_of_further_optimizers(ops: Any, settings: Any) -> None:
    launches = ops.device.launches
    its, mine = (trained(backend, LAYERS, epochs=2, **settings) for backend in (ops, get_ops("reference")))
    np.testing.assert_allclose(weights(its), weights(mine), rtol=1e-8, atol=1e-11)
    assert ops.device.launches - launches > 20, ops.refused


def test_a_bad_step_is_named_and_nothing_changes(ops: Any) -> None:
    x = X.copy()
    x[33] = 1.7e308  # overflows in the middle of a row of replays
    messages, left = [], []
    for backend in (get_ops("reference"), ops):
        with pytest.raises(NumericalError) as raised:
            trained(backend, LAYERS, x, epochs=1)
        messages.append(str(raised.value))
    for backend in (get_ops("reference"), ops):
        model = pl.build(
            {"type": "sequential", "layers": LAYERS}, input_shape=(6,), seed=1, dtype="float64", backend=backend
        )
        trainer = pl.Trainer(model, loss="softmax_cross_entropy", optimizer="adam", seed=2)
        with pytest.raises(NumericalError):
            trainer.fit((x, Y), epochs=1, batch_size=4, verbose=False)
        left.append((weights(trainer), trainer.steps, int(trainer.slots.t)))
        assert not np.array(backend.to_host(trainer.runtime.arena.grad)).any()
    assert messages[0] == messages[1]
    assert "Step" in messages[0] and "weight" in messages[0]
    np.testing.assert_allclose(left[0][0], left[1][0], rtol=1e-9, atol=1e-12)
    assert left[0][1:] == left[1][1:]
    assert left[0][1] > 4  # the plan had been replaying


def test_single_steps_and_small_predictions_replay_too(ops: Any) -> None:
    results = []
    for backend in (get_ops("reference"), ops):
        model = pl.build(
            {"type": "sequential", "layers": NOISY}, input_shape=(6,), seed=1, dtype="float64", backend=backend
        )
        trainer = pl.Trainer(model, loss="softmax_cross_entropy", optimizer="adam", seed=2)
        losses = [trainer.train_step(X[i : i + 8], Y[i : i + 8]) for i in range(0, 48, 8)]
        results.append((losses, [model.predict(X[i : i + 2]) for i in range(0, 10, 2)]))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-10)
    np.testing.assert_allclose(results[0][1], results[1][1], rtol=1e-9)


def test_a_step_that_no_graph_can_hold_runs_without_one(ops: Any) -> None:
    layers = [LAYERS[0], {"type": "softmax"}, LAYERS[1]]  # array code, which the stand-in does not capture
    its, mine = trained(ops, layers), trained(get_ops("reference"), layers)
    assert ON_A_GPU or ops.refused is not None
    np.testing.assert_allclose(weights(its), weights(mine), rtol=1e-9, atol=1e-12)


def test_observed_steps_replay_one_by_one(ops: Any) -> None:
    seen: list[float] = []

    class Watch(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            run.on_step(lambda run: seen.append(run.loss))

    launches = ops.device.launches
    its = trained(ops, NOISY, callbacks=[Watch()])
    mine = trained(get_ops("reference"), NOISY)
    assert len(seen) == 60 and 58 <= ops.device.launches - launches <= 60
    np.testing.assert_allclose(weights(its), weights(mine), rtol=1e-9, atol=1e-12)


def test_a_table_of_the_host_is_sent_again_when_it_has_changed() -> None:
    table, out = np.arange(3.0), GPU.empty(3, "float64")
    _, plan = GPU.record(lambda: GPU.copy(GPU.asarray(table), out))
    assert plan is not None
    np.testing.assert_array_equal(GPU.to_host(out), table)
    table[1] = 9
    plan.run()
    np.testing.assert_array_equal(GPU.to_host(out), [0, 9, 2])


def test_a_row_number_out_of_range_stops_a_plan() -> None:
    source, out = GPU.asarray(np.arange(6.0).reshape(3, 2)), GPU.empty((1, 2), "float64")
    order, cursor, index = np.array([2, 0, 3]), np.zeros((), np.int64), np.empty(1, np.int64)

    def step() -> None:
        GPU.next_rows(order, cursor, index)
        GPU.gather(source, index, out)

    _, plan = GPU.record(step)
    assert plan is not None
    np.testing.assert_array_equal(GPU.to_host(out), [[4, 5]])
    plan.run()
    np.testing.assert_array_equal(GPU.to_host(out), [[0, 1]])
    with pytest.raises(DataError, match=r"outside 0 … 2. Received: 3 … 3"):
        plan.run()


def test_what_no_graph_can_hold_is_called_and_says_why() -> None:
    cell, calls = np.zeros((), np.int64), []

    def step() -> str:
        calls.append(1)
        GPU.sgd(*(GPU.asarray(np.ones(4)) for _ in range(2)), None, np.zeros(2048), 0.0, False)  # too long for a cell
        GPU.increment(cell)
        return "done"

    result, plan = GPU.record(step)
    assert (result, plan, int(cell), len(calls)) == ("done", None, 1, 2)
    assert "a cell of 2048 numbers" in str(GPU.refused)
    assert GPU.record(lambda: GPU.record(lambda: 3))[0] == (3, None)  # recordings do not nest


def test_a_look_at_the_device_cannot_stand_in_a_graph(ops: Any) -> None:
    x = GPU.asarray(np.arange(3.0))
    value, plan = GPU.record(lambda: float(GPU.to_host(x)[2]))
    assert (value, plan) == (2.0, None) and "capturing" in str(GPU.refused)


class Heard:
    """Ctrl-C while ``fit`` waits for the device: it is heard when the wait is over."""

    def __init__(self, ops: Any, wait: int) -> None:
        self.device, self.download, self.left = ops.device, ops.device.download, wait

    def __enter__(self) -> None:
        self.device.download = self.heard

    def __exit__(self, *error: Any) -> None:
        self.device.download = self.download

    def heard(self, device: Any, host: Any) -> None:
        self.download(device, host)
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("wait", [1, 2, 3, 4])
def test_what_was_done_before_an_interrupt_is_counted(ops: Any, wait: int) -> None:
    undisturbed = trained(ops, NOISY, schedule="cosine")
    model = pl.build({"type": "sequential", "layers": NOISY}, input_shape=(6,), seed=1, dtype="float64", backend=ops)
    settings = {"loss": "softmax_cross_entropy", "optimizer": {"type": "adam", "lr": 1e-2}, "schedule": "cosine"}
    trainer = pl.Trainer(model, seed=2, **settings)
    with Heard(ops, wait), pytest.raises(KeyboardInterrupt):
        trainer.fit((X, Y), epochs=4, batch_size=4, verbose=False)
    steps = {1: 2, 2: 2, 3: 15, 4: 30}[wait]  # captured; the proof of that, broken off; two epochs' ends
    assert (trainer.steps, int(trainer.slots.t)) == (steps, steps)
    assert trainer.position == (steps - 1) % 15 * 4 + 4
    assert ops.to_host(trainer.totals["loss"])[1] == trainer.position
    assert not ops.to_host(trainer.runtime.arena.grad).any()
    trainer.fit((X, Y), epochs=4 - trainer.epochs, batch_size=4, verbose=False)
    np.testing.assert_allclose(weights(trainer), weights(undisturbed), rtol=1e-12)
    np.testing.assert_allclose(trainer.history["loss"], undisturbed.history["loss"], rtol=1e-12)


def test_predictions_are_captured_at_the_second_call(ops: Any) -> None:
    layers = [{"type": "dense", "units": 7, "activation": "elu"}]
    model = pl.build({"type": "sequential", "layers": layers}, input_shape=(5,), seed=1, dtype="float64", backend=ops)
    launches, outputs = [], []
    for k in range(4):
        before = ops.device.launches
        outputs.append(model.predict(X[k : k + 3, :5]))
        launches.append(ops.device.launches - before)
    assert launches == [0, 1, 2, 1] and ops.refused is None  # the third puts the plan to the proof, on other data too
    reference = pl.build({"type": "sequential", "layers": layers}, input_shape=(5,), seed=1, dtype="float64",
                         backend="reference")  # fmt: skip
    np.testing.assert_allclose(outputs, [reference.predict(X[k : k + 3, :5]) for k in range(4)], rtol=1e-10)


def test_array_code_after_the_finite_check_runs_without_a_graph(ops: Any) -> None:
    squares, x = GPU.zeros((), "float64"), GPU.asarray(np.ones(4))

    def step() -> bool:
        GPU.sum_squares(x, squares)
        if not GPU.guard_finite(squares):
            return False
        GPU.spoil()  # what an op of a plugin says that has array code for this backend
        return True

    step()
    assert GPU.record(step) == (True, None)
    assert "array code after the finite check" in str(GPU.refused)


def test_what_was_refused_keeps_no_memory(ops: Any) -> None:
    class Batch:
        """What a step works with."""

    def step() -> bool:
        batch = Batch()
        kept.append(weakref.ref(batch))
        return GPU.guard_finite(np.zeros(()))  # of the host, which no graph looks at

    kept: list[Any] = []
    assert GPU.record(step) == (True, None) and GPU.refused is not None
    assert [batch() for batch in kept] == [None, None]


class Narrow(pl.Objective):
    """Half of the mean square, in the model's type."""

    capturable = True

    def forward(self, ctx: pl.Context, model: pl.Layer, batch: pl.Batch) -> Any:
        y = model.forward(ctx.child("model", needs_dx=(False,)), *batch.inputs)
        target, wide = ctx.scratch("target", y.shape), ctx.scratch("wide", (), np.float64)
        ctx.dy, ctx.count = ctx.scratch("dy", y.shape), float(len(batch))
        ctx.ops.fill(target, 0.0)
        ctx.ops.mse(y, target, None, wide, ctx.dy)
        loss = ctx.scratch("loss", (), np.float32)
        ctx.ops.copy(wide, loss)
        return loss

    def backward(self, ctx: pl.Context, model: pl.Layer) -> None:
        model.backward(ctx.child("model"), ctx.dy)


def test_an_objective_may_be_of_the_models_type(ops: Any) -> None:
    its = trained(ops, LAYERS, loss=None, objective=Narrow(), epochs=3)
    mine = trained(get_ops("reference"), LAYERS, loss=None, objective=Narrow(), epochs=3)
    assert ops.refused is None
    np.testing.assert_allclose(its.history["loss"], mine.history["loss"], rtol=1e-6)


@pytest.mark.parametrize("sampler", [None, "balanced"])
def test_batches_that_are_brought_one_by_one_are_replayed_too(ops: Any, sampler: Any) -> None:
    whole = trained(ops, NOISY, sampler=sampler)
    model = pl.build({"type": "sequential", "layers": NOISY}, input_shape=(6,), seed=1, dtype="float64", backend=ops)
    settings: dict[str, Any] = {"loss": "softmax_cross_entropy", "optimizer": {"type": "adam", "lr": 1e-2}}
    trainer = pl.Trainer(model, seed=2, sampler=sampler, **settings)
    for batch in trainer.batches(X, Y, epochs=4, batch_size=4, verbose=False):
        trainer.step(batch)
    assert (weights(trainer) == weights(whole)).all() and trainer.history.records == whole.history.records
    assert all(step.recorded for step in trainer._stepper._steps.values())


@pytest.mark.parametrize("kind", [OfEpoch, OfStep, OfChance, Descent])
def test_numbers_of_the_host_that_a_graph_would_hold_fast_are_noticed(ops: Any, kind: Any) -> None:
    """A graph holds array code, but not what Python has read: the code is run at every step then, and says whose."""
    expected = strangers(ops, kind, promise=False)
    with pytest.warns(pl.PellucidWarning, match=f"{kind.__name__}.* asks for .*the code is run every time"):
        found = strangers(ops, kind, promise=True)
    np.testing.assert_array_equal(weights(found), weights(expected))
    assert found.history["loss"] == expected.history["loss"]


def test_the_number_of_a_step_is_not_known_while_it_is_captured(ops: Any) -> None:
    """It is counted on the device, and whoever asks is not captured."""
    expected, found = (strangers(ops, Fading, promise=promise) for promise in (False, True))
    np.testing.assert_array_equal(weights(found), weights(expected))


def strangers(ops: Any, kind: Any, *, promise: bool) -> pl.Trainer:
    """A network that has a stranger's component in it, trained."""
    own = type(kind.__name__, (kind,), {"capturable": promise})()
    layers = [LAYERS[0], own, LAYERS[1]] if isinstance(own, pl.Layer) else LAYERS
    model = pl.build(pl.create("layer", "sequential", layers=layers), input_shape=(6,), seed=1, backend=ops)
    optimizer = own if isinstance(own, pl.Optimizer) else "adam"
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", optimizer=optimizer, seed=2)
    trainer.fit((X, Y), epochs=4, batch_size=4, verbose=False)
    return trainer


def test_members_of_a_pack_are_stepped_one_after_the_other_on_a_device_that_queues(ops: Any) -> None:
    def trainer(k: int) -> pl.Trainer:
        tree = {"type": "sequential", "layers": NOISY}
        model = pl.build(tree, input_shape=(6,), seed=k, dtype="float64", backend=ops)
        return pl.Trainer(model, loss="softmax_cross_entropy", schedule="cosine", seed=k)

    alone, pack = [trainer(k) for k in range(2)], pl.Pack([trainer(k) for k in range(2)])
    for each in alone:
        each.fit((X, Y), validation=(X[:9], Y[:9]), epochs=2, batch_size=16, verbose=False)
    pack.fit((X, Y), validation=(X[:9], Y[:9]), epochs=2, batch_size=16, verbose=False)
    assert pack.packed == [False, False]
    for one, other in zip(alone, pack.trainers, strict=True):
        assert np.array_equal(weights(one), weights(other)) and one.history.records == other.history.records
