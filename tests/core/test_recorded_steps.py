"""A step is recorded once: what throws a recording away, and what does not. Counted, not timed."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.component import CHANGES
from pellucid.registry.config import read_several
from pellucid.registry.manifest import KINDS
from pellucid.standard.proofs import OfPrediction
from pellucid.training.stepper import Step

RECORDED: list[int] = []
"""Rows of the batches whose step ran in Python: as it was recorded, as that was proved, or because it was not."""


class Counted(pl.Objective):
    """Half the mean square of the output, and a note of each call; a replayed plan makes none."""

    capturable = True

    def forward(self, ctx: pl.Context, model: pl.Layer, batch: pl.Batch) -> Any:
        ctx.y = model.forward(ctx.child("model", needs_dx=(False,)), *batch.inputs)
        if ctx.training:
            RECORDED.append(len(batch))
        ctx.target = ctx.scratch("target", ctx.y.shape)
        ctx.ops.fill(ctx.target, 0.0)
        ctx.dy = ctx.scratch("dy", ctx.y.shape)
        ctx.count = float(len(batch))
        loss = ctx.scratch("loss", (), np.float64)
        ctx.ops.mse(ctx.y, ctx.target, None, loss, ctx.dy)
        return loss

    def backward(self, ctx: pl.Context, model: pl.Layer) -> None:
        model.backward(ctx.child("model"), ctx.dy)

    def metric_pair(self, ctx: pl.Context) -> tuple[Any, Any]:
        return ctx.y, ctx.target


@pytest.fixture(autouse=True)
def _counted() -> Iterator[None]:
    pytest.importorskip("pellucid.ops.kernels.native")
    RECORDED.clear()
    yield


def a_trainer(**settings: Any) -> pl.Trainer:
    model = pl.build({"type": "dense", "units": 3}, input_shape=(4,), seed=0, backend="cython")
    return pl.Trainer(model, **{"objective": Counted(), "optimizer": "adam", "seed": 1} | settings)


def fit(trainer: pl.Trainer, **settings: Any) -> None:
    x = np.random.default_rng(0).standard_normal((70, 4)).astype("float32")
    trainer.fit((x, None), epochs=4, batch_size=16, verbose=False, **settings)


# -- what keeps a recording ------------------------------------------------------------------------------------------


class Counting(pl.Callback):
    """What everybody writes."""

    def on_run_start(self, run: pl.Run) -> None:
        self.seen = 0
        run.on_step(self.see)

    def see(self, run: pl.Run) -> None:
        self.seen += 1
        self.last = run.step

    def on_epoch_end(self, run: pl.Run) -> None:
        self.steps = list(run.trainer._stepper._steps.values())  # type: ignore[attr-defined]


class MeanOutput(pl.Metric):
    """It keeps its sums in attributes."""

    def reset(self) -> None:
        self.sum, self.n = 0.0, 0

    def update(self, prediction: Any, target: Any, weight: Any = None) -> None:
        self.sum += float(prediction.sum())
        self.n += prediction.size

    def result(self) -> float:
        return self.sum / self.n


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"callbacks": [Counting()]},
        {"metrics": [MeanOutput()]},
        {"callbacks": [Counting(), "best_epoch"], "metrics": [MeanOutput()]},
        {"schedule": "cosine"},
    ],
    ids=["alone", "callback", "metric", "both", "schedule"],
)
def test_a_run_records_one_step_a_size(settings: Any) -> None:
    trainer = a_trainer(**settings)
    x = np.random.default_rng(1).standard_normal((20, 4)).astype("float32")
    fit(trainer, validation=(x, None) if "metrics" in settings else None)
    # Steps of 16 rows, and the last of an epoch of 6: in 4 epochs each is recorded once, and put to the proof once;
    # where there is a schedule, at other learning rates too.
    times = 3 if trainer.schedule else 2
    assert [16] * times + [6] * times == RECORDED
    for callback in trainer.callbacks:
        if isinstance(callback, Counting):
            assert (callback.seen, callback.last) == (20, 20)
            assert list(trainer._stepper._steps.values()) == callback.steps, "the same from epoch to epoch"


def test_gradients_that_are_looked_at_are_recorded_too() -> None:
    class Looking(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            run.on_gradients(self.look)

        def look(self, segments: Any) -> None:
            self.norm = float(np.sum(segments[0].grad ** 2))

    fit(a_trainer(callbacks=[Looking()]))
    assert RECORDED == [16, 16, 6, 6]


def test_what_is_done_to_a_callback_or_a_metric_keeps_predictions() -> None:
    model = a_trainer().model
    x = np.ones((3, 4), "float32")
    model.predict(x)
    (kept,) = model.runtime.idle_predictions.values()  # type: ignore[union-attr]
    counting, metric = Counting(), MeanOutput()
    counting.seen, metric.sum = 3, 1.0
    model.predict(x)
    assert list(model.runtime.idle_predictions.values()) == [kept]  # type: ignore[union-attr]
    model.units = 3  # type: ignore[attr-defined]
    model.predict(x)
    assert list(model.runtime.idle_predictions.values()) != [kept]  # type: ignore[union-attr]


# -- what discards it ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["model", "objective", "optimizer"])
def test_a_changed_part_of_the_step_is_recorded_anew(part: str) -> None:
    class Touch(pl.Callback):
        def on_epoch_end(self, run: pl.Run) -> None:
            if run.epoch == 2:
                touched = getattr(run.trainer, part)
                touched.note = "changed"

    fit(a_trainer(callbacks=[Touch()]))
    assert RECORDED == [16, 16, 6, 6] * 2


PARTS = {"layer", "model", "loss", "objective", "optimizer", "schedule", "regularizer", "transform"}
OTHERS = {"callback", "metric", "initializer", "dataset", "feed", "sampler", "view"}


def test_every_kind_says_whether_it_is_part_of_a_step() -> None:
    """A new kind must be put into one of the two sets: the one at whose attributes recordings are thrown away."""
    bases = {"layer": pl.Layer, "model": pl.Layer, "loss": pl.Loss, "objective": pl.Objective,
             "optimizer": pl.Optimizer, "schedule": pl.Schedule, "regularizer": pl.Regularizer,
             "transform": pl.Transform, "callback": pl.Callback, "metric": pl.Metric, "initializer": pl.Initializer,
             "dataset": pl.Dataset, "feed": pl.Feed, "sampler": pl.Sampler, "view": pl.View}  # fmt: skip
    assert set(bases) == PARTS | OTHERS == set(KINDS) - {"backend", "op", "command"}
    assert {kind for kind, base in bases.items() if base.part_of_step} == PARTS


@pytest.mark.parametrize(
    ("kind", "name", "counts"),
    [("schedule", "cosine", True), ("regularizer", "l2", True), ("transform", "standardize", True),
     ("layer", "dropout", True), ("loss", "mse", True), ("callback", "best_epoch", False),
     ("metric", "accuracy", False), ("initializer", "he", False)],
)  # fmt: skip
def test_only_parts_of_a_step_are_counted(kind: str, name: str, counts: bool) -> None:
    (component,) = read_several(kind, [name], path="") if name != "dropout" else [pl.create("layer", name, rate=0.5)]
    before = CHANGES.count
    component.note = "changed"
    assert (CHANGES.count != before) is counts


class Still(pl.Schedule):
    """Nothing is learned by it."""

    def __call__(self, step: int, total: int) -> float:
        return 0.0


@pytest.mark.parametrize("backend", ["reference", "cython"])
@pytest.mark.parametrize(
    ("name", "before", "after"),
    [("schedule", "inverse_time", None), ("schedule", None, Still()), ("clip_norm", None, 1e-3),
     ("clip_norm", 1e-3, None), ("optimizer", "adam", "sgd"), ("objective", "mse", "mae")],
)  # fmt: skip
def test_what_is_put_in_its_place_between_two_steps_holds_from_the_next(
    name: str, before: Any, after: Any, backend: str
) -> None:
    """The second trainer is made with it, and has the weights and the memory of the first."""
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal((8, 4)).astype("float32"), rng.standard_normal((8, 3)).astype("float32")

    def made(part: Any) -> pl.Trainer:
        model = pl.build({"type": "dense", "units": 3}, input_shape=(4,), seed=0, backend=backend)
        key = "loss" if name == "objective" else name
        return pl.Trainer(model, **({"loss": "mse", "optimizer": "adam", "seed": 1} | {key: part}))

    changed, other = made(before), made(after)
    for _ in range(4):  # recorded, and replayed
        changed.train_step(x, y)
    setattr(changed, name, getattr(other, name))
    other.runtime.arena.data[...] = changed.runtime.arena.data
    other.slots.t[...] = changed.slots.t
    for key, values in changed.slots.buffers.items():
        other.slots.buffers[key] = values.copy()
    for step in range(4):
        changed.train_step(x, y)
        other.train_step(x, y)
        assert changed.runtime.arena.data.tobytes() == other.runtime.arena.data.tobytes(), step


# -- what is recorded is whole ---------------------------------------------------------------------------------------


def test_a_step_that_was_rejected_while_it_was_recorded_is_not_replayed() -> None:
    """The recording ends where the step was stopped: before the optimizer."""
    trainer = a_trainer()
    x = np.ones((16, 4), "float32")
    weight = trainer.model.parameters()[0]
    good = weight.data.copy()
    weight.data[0, 0] = np.inf
    with pytest.raises(pl.NumericalError, match="Step 1 was not applied"):
        trainer.train_step(x)
    weight.data[...] = good
    for steps in (1, 2, 3):
        trainer.train_step(x)
        assert trainer.steps == steps
        assert not np.array_equal(weight.data, good)
        good = weight.data.copy()
    # Rejected; looked at once more; recorded; put to the proof: as the batch is that of the recording, on other numbers
    # as well.
    assert RECORDED == [16, 16, 16, 16, 16]


def test_micro_batches_of_one_size_share_their_memory() -> None:
    """It is to save memory that a step is divided."""
    trainer = a_trainer(accumulate=4)
    steps: list[Any] = []

    class Look(pl.Callback):
        def on_epoch_end(self, run: pl.Run) -> None:
            steps[:] = trainer._stepper._steps.values()

    trainer.callbacks.append(Look())
    fit(trainer)
    assert [[len(batch.batch) for batch in step.batches] for step in steps] == [[16, 16, 16, 16], [6]]
    assert len({id(batch) for step in steps for batch in step.batches}) == 2


def test_a_step_beside_an_epoch_does_not_count_in_its_loss() -> None:
    class Stop(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            run.on_step(lambda run: run.stop("in the middle") if run.step == 2 else None)

    trainer = a_trainer(callbacks=[Stop()])
    fit(trainer)
    before = (trainer.position, trainer.totals["loss"].tolist())
    assert before[0] == 32 and before[1][1] == 32.0
    trainer.train_step(np.ones((16, 4), "float32"))
    assert (trainer.position, trainer.totals["loss"].tolist()) == before
    assert trainer.steps == 3


def test_an_interrupted_step_is_taken_again() -> None:
    class Interrupt(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            run.on_gradients(self.interrupt)

        def interrupt(self, segments: Any) -> None:
            self.calls = getattr(self, "calls", 0) + 1
            if self.calls == 3:
                raise KeyboardInterrupt

    trainer, undisturbed = a_trainer(callbacks=[Interrupt()]), a_trainer()
    with pytest.raises(KeyboardInterrupt):
        fit(trainer)
    assert (trainer.steps, trainer.position, trainer.totals["loss"][1]) == (2, 32, 32.0)
    fit(trainer)
    fit(undisturbed)
    assert trainer.history.records == undisturbed.history.records
    np.testing.assert_array_equal(trainer.model.parameters()[0].data, undisturbed.model.parameters()[0].data)


class Elsewhere(Counted):
    """Its loss is a new array of the model's type at every step, made by array code, which it says."""

    def forward(self, ctx: pl.Context, model: pl.Layer, batch: pl.Batch) -> Any:
        loss = super().forward(ctx, model, batch)
        ctx.ops.spoil()
        return loss.astype(self.dtype)

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_loss_of_a_step_without_a_plan_may_lie_anywhere(dtype: str) -> None:
    trainer, recorded = a_trainer(objective=Elsewhere(dtype)), a_trainer()
    fit(trainer)
    fit(recorded)
    np.testing.assert_allclose(trainer.history["loss"], recorded.history["loss"], rtol=1e-6)


@pytest.mark.parametrize("labels", [np.arange(64) % 2, (np.arange(64) % 2).astype(bool)[:, None]], ids=["int", "bool"])
def test_a_step_that_makes_targets_of_labels_is_recorded(labels: Any) -> None:
    model = pl.build({"type": "dense", "units": 1}, input_shape=(4,), seed=0, backend="cython")
    trainer = pl.Trainer(model, loss="binary_cross_entropy", seed=0)
    trainer.fit((np.ones((64, 4)), labels), epochs=2, batch_size=16, verbose=False)
    assert [step.recorded for step in trainer._stepper._steps.values()] == [True]


# -- several at a time -----------------------------------------------------------------------------------------------


def a_noisy_trainer(**settings: Any) -> pl.Trainer:
    layers = [pl.Dense(6, activation="relu"), pl.Dropout(0.4), pl.BatchNorm(), pl.Dense(3)]
    model = pl.build(pl.Sequential(layers), input_shape=(4,), seed=0, backend="cython")
    groups = [{"match": "*.bias", "lr": 0.02}]
    optimizer = {"type": "adamw", "lr": 0.01, "weight_decay": 0.1, "groups": groups}
    return pl.Trainer(model, **{"loss": "mse", "optimizer": optimizer, "schedule": "cosine", "seed": 3} | settings)


class Single(pl.Callback):
    """Looks on at every step, so that each is taken by itself."""

    def on_run_start(self, run: pl.Run) -> None:
        run.on_step(lambda run: None)


def test_steps_of_rates_and_random_numbers_of_their_own_are_taken_several_at_a_time(monkeypatch: Any) -> None:
    x = np.random.default_rng(2).standard_normal((200, 4)).astype("float32")
    times: list[int] = []
    native = Step.__call__
    monkeypatch.setattr(Step, "__call__", lambda self, n, *how, **o: times.append(n) or native(self, n, *how, **o))
    made = []
    for callbacks in ([], [Single()]):
        times.clear()
        trainer = a_noisy_trainer(callbacks=callbacks)
        trainer.fit((x, x[:, :3]), epochs=5, batch_size=8, verbose=False)
        made.append(trainer)
        assert (max(times), sum(times)) == ((25, 125) if not callbacks else (1, 125))
    one, other = made
    assert one.runtime.arena.data.tobytes() == other.runtime.arena.data.tobytes()
    assert all(one.slots.buffers[name].tobytes() == other.slots.buffers[name].tobytes() for name in one.slots.buffers)
    assert one.history.records == other.history.records


def test_one_of_several_that_is_refused_leaves_what_single_steps_leave() -> None:
    class Late(pl.Schedule):
        def __call__(self, step: int, total: int) -> float:
            return 1.0 if step < 20 else 1e38

    x = np.random.default_rng(2).standard_normal((400, 4)).astype("float32")
    left = []
    for callbacks in ([], [Single()]):
        trainer = a_noisy_trainer(callbacks=callbacks, schedule=Late(), optimizer="sgd")
        with pytest.raises(pl.NumericalError) as refused:
            trainer.fit((x, x[:, :3]), epochs=5, batch_size=8, verbose=False)
        left.append((str(refused.value), trainer.steps, trainer.position, trainer.runtime.arena.data.tobytes()))
    assert left[0] == left[1]


@pytest.mark.parametrize("number", [int, np.float32, np.float64])
def test_a_schedule_may_give_any_kind_of_number(number: Any) -> None:
    class Given(pl.Schedule):
        def __call__(self, step: int, total: int) -> Any:
            return number(1 + step % 2)

    x = np.random.default_rng(2).standard_normal((200, 4)).astype("float32")
    left = []
    for callbacks in ([], [Single()]):
        trainer = a_noisy_trainer(callbacks=callbacks, schedule=Given())
        trainer.fit((x, x[:, :3]), epochs=2, batch_size=8, verbose=False)
        left.append(trainer.runtime.arena.data.tobytes())
    assert left[0] == left[1]


@pytest.mark.parametrize(
    ("cell", "values"),
    [
        (np.zeros(2), np.zeros(3)), (np.zeros(1), np.zeros(2)), (np.zeros(1), [0, 0, 0]),
        (np.zeros(1, "f4"), np.zeros(3, "f4")), (np.zeros(1), np.zeros(3, np.int64)),
    ],
)  # fmt: skip
def test_a_cell_that_is_none_is_refused(cell: Any, values: Any) -> None:
    ops = pl.get_ops("cython")
    _, plan = ops.record(lambda: ops.fill(np.zeros(3, "f4"), 1.0))
    with pytest.raises(pl.ShapeError, match="one number of 8 bytes"):
        plan.run(3, [(cell, values)])


def test_of_what_a_step_changes_a_device_that_queues_may_miss_a_hundredth() -> None:
    runtime: Any = SimpleNamespace(ops=SimpleNamespace(queues=True), model=None, ctx=None, inputs=[])
    proof = OfPrediction(runtime)
    before = np.random.default_rng(0).normal(size=(20, 5))
    step = np.random.default_rng(1).normal(size=(20, 5)) * 1e-3
    found, astray = before + step, np.roll(step, 1, axis=0) * (np.linalg.norm(step) / np.linalg.norm(np.roll(step, 1)))
    assert proof.alike([found + 0.009 * astray], [found], [before])
    assert not proof.alike([found + 0.011 * astray], [found], [before])
    assert not proof.alike([found[:1]], [found], [before])
    assert not proof.alike([found, step], [found], [before])
    # What was not there before is measured by itself.
    assert proof.alike([found, step + 0.009 * astray], [found, step], [before])
    assert not proof.alike([found, step + 0.011 * astray], [found, step], [before])
    runtime.ops.queues = False
    assert not OfPrediction(runtime).alike([1], [2], [])
