"""A step is made once more from what a trace has recorded, on a copy; nothing of it reaches the trainer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.component import CHANGES
from pellucid.glassbox.prove.twin import Twin
from pellucid.glassbox.record.quantity import Quantity
from pellucid.glassbox.tracing import Tracing

from tests.glassbox.every import cases
from tests.glassbox.nets import bits, made

QUICK, ALL = range(8), range(8, 224)


class Look(pl.Callback):
    """Opens every step of a run."""

    def __init__(self) -> None:
        self.traces: list[Any] = []

    def on_run_start(self, run: pl.Run) -> None:
        run.on_trace(Tracing().opener(run.trainer, self.traces.append))


class Careless(pl.Dense):
    """Draws from a generator of its own, which nobody can put back."""

    def forward(self, ctx: Any, x: Any) -> Any:
        return super().forward(ctx, x) + np.random.default_rng().normal()


def _replays(seed: int) -> None:
    _, trainer, (x, y, weight) = made(seed)
    for _ in range(3):
        trace = trainer.trace_step(x, y, weight=weight)
        found = trace.replay()
        assert found.same, str(found)
    assert len(found.compared) > 20


@pytest.mark.parametrize("seed", QUICK)
def test_a_replay_has_the_bits_of_the_step(seed: int) -> None:
    _replays(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ALL)
def test_replays_of_many_networks_have_the_bits_of_their_steps(seed: int) -> None:
    _replays(seed)


@pytest.mark.filterwarnings(r"ignore:The \w+ schedule does not know")
@pytest.mark.slow
def test_steps_of_every_component_are_replayed() -> None:
    for case in cases(dtype="float32"):
        for _ in range(2):
            trace = case.trainer.trace_step(*case.batch)
        assert trace.replay().same, f"{case.label}: {trace.replay()}"


@pytest.mark.parametrize("accumulate", [1, 3])
def test_steps_of_a_run_are_replayed_with_their_micro_batches(accumulate: int) -> None:
    rng, look = np.random.default_rng(3), Look()
    layers = [pl.Dense(5, "tanh"), pl.BatchNorm(), pl.Dropout(0.3), pl.Dense(3)]
    model = pl.build(pl.Sequential(layers), input_shape=(4,), seed=1)
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", schedule="cosine", accumulate=accumulate, seed=2,
                         callbacks=[look])  # fmt: skip
    trainer.fit(rng.normal(size=(22, 4)), rng.integers(0, 3, 22), epochs=2, batch_size=4,
                sample_weight=rng.uniform(0.5, 2, 22))  # fmt: skip
    sizes = {trace.setting.sizes for trace in look.traces}
    assert sizes == ({(4,), (2,)} if accumulate == 1 else {(4, 4, 4), (4, 4, 2)})
    for trace in look.traces:
        assert trace.replay().same, str(trace.replay())


def test_parts_that_follow_others_are_replayed() -> None:
    rng = np.random.default_rng(3)
    model = pl.build(pl.Sequential([pl.Dense(4, "tanh"), pl.Dense(4), pl.Dense(2)]), input_shape=(4,), seed=1)
    follow = {"type": "moving", "optimizer": "adam", "follow": {"layers.1": "layers.0"}, "rate": 0.1}
    trainer = pl.Trainer(model, loss="mse", optimizer=follow, seed=2)
    for _ in range(3):
        trace = trainer.trace_step(rng.normal(size=(5, 4)), rng.normal(size=(5, 2)))
        assert trace.replay().same, str(trace.replay())
        assert trace.certify(30).passed, str(trace.certify(30))
        assert not np.array_equal(trace["layers.1.weight"], trace["layers.1.weight.new"])


def test_a_prediction_is_replayed() -> None:
    model, trainer, (x, y, weight) = made(5)
    trainer.train_step(x, y, weight=weight)
    trace = model.trace(x)
    assert trace.replay().same
    assert "a prediction" in str(trace.replay())


def test_a_trace_from_a_file_is_replayed(tmp_path: Any) -> None:
    rng = np.random.default_rng(0)
    model = pl.build(pl.Sequential([pl.Dense(5, "relu"), pl.Dropout(0.3), pl.Dense(3)]), input_shape=(4,), seed=1)
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", seed=3, clip_norm=0.1)
    trainer.trace_step(rng.normal(size=(6, 4)), rng.integers(0, 3, 6)).save(tmp_path / "step.safetensors")
    loaded = pl.load_trace(tmp_path / "step.safetensors")
    assert loaded.setting.model is None
    assert loaded.replay().same, str(loaded.replay())


def test_what_is_no_function_of_the_record_is_named() -> None:
    model = pl.build(pl.Sequential([pl.Dense(3, "tanh"), Careless(2)]), input_shape=(4,), seed=1)
    trainer = pl.Trainer(model, loss="mse", seed=2)
    found = trainer.trace_step(np.ones((3, 4)), np.zeros((3, 2))).replay()
    assert not found.same
    assert found.differing[0] == "layers.1.y"
    assert "layers.1.y[0, 0]" in str(found)
    assert "layers.0.y" not in found.differing


def test_a_change_of_the_optimizer_since_then_does_not_count() -> None:
    _, trainer, (x, y, weight) = made(2, optimizer={"type": "adam", "lr": 0.01})
    trace = trainer.trace_step(x, y, weight=weight)
    trainer.optimizer.lr = 0.5
    assert trace.replay().same


def test_nothing_of_it_reaches_the_trainer() -> None:
    _, asked, (x, y, weight) = made(7)
    _, plain, _ = made(7)
    for trainer in (asked, plain):
        for _ in range(3):
            trainer.train_step(x, y, weight=weight)
    trace = asked.trace_step(x, y, weight=weight)
    plain.train_step(x, y, weight=weight)
    changes, first = CHANGES.count, asked.model.parameters()[0]
    path = first.path
    trace.replay(), trace.certify(40), trace.samples(f"{path}.grad"), trace.samples("loss")
    trace.what_if(path, (0,) * len(first.shape), 0.1), trace.what_if(lr=0.1), trace.what_if(without_sample=0)
    assert changes == CHANGES.count  # recorded plans are as good as before
    assert bits(asked) == bits(plain)
    for _ in range(3):
        assert asked.train_step(x, y, weight=weight) == plain.train_step(x, y, weight=weight)
    assert bits(asked) == bits(plain)


def test_layers_may_be_called_as_the_batch_is() -> None:
    class Names(pl.Composite):
        def __init__(self) -> None:
            self.x, self.y, self.rows = pl.Dense(4, "tanh"), pl.BatchNorm(), pl.Dense(2)

        def call(self, ctx: Any, x: Any) -> Any:
            return self.rows(self.y(self.x(x)))

    rng = np.random.default_rng(0)
    trainer = pl.Trainer(pl.build(Names(), input_shape=(3,), seed=1), loss="mse", seed=2)
    trace = trainer.trace_step(rng.normal(size=(5, 3)), rng.normal(size=(5, 2)))
    assert trace.replay().same, str(trace.replay())
    assert trace.certify(40).passed


@pytest.mark.parametrize("left_out", ["x", "y", "layers.0.weight", "layers.1.running_mean"])
def test_each_quantity_that_is_needed_is_asked_for(left_out: str) -> None:
    model = pl.build(pl.Sequential([pl.Dense(4), pl.BatchNorm()]), input_shape=(3,), seed=1)
    trace = pl.Trainer(model, loss="mse", seed=2).trace_step(np.ones((5, 3)), np.ones((5, 4)))
    names = [name for name in trace.names() if name != left_out]
    partial = pl.Trainer(model, loss="mse", seed=2).trace_step(np.ones((5, 3)), np.ones((5, 4)), keep=names)
    with pytest.raises(pl.DataError, match=f"has not kept '{left_out}'"):
        partial.replay()


def test_a_twin_holds_what_was_before_the_step() -> None:
    model, trainer, (x, y, weight) = made(4)
    trainer.train_step(x, y, weight=weight)
    before = [np.array(param.data) for param in model.parameters()]
    trace = trainer.trace_step(x, y, weight=weight)
    for exact in (False, True):
        twin = Twin(trace, exact=exact)
        assert twin.dtype == (np.float64 if exact else np.float32)
        assert all(np.array_equal(twin.params[p.path].data, b) for p, b in zip(model.parameters(), before, strict=True))
        assert twin.training.steps == 1
        assert abs(twin.loss() - float(trace["loss"])) < 1e-5
        twin.step()
        assert twin.training.steps == 2
        for path, param in twin.params.items():
            assert np.allclose(param.data, trace[f"{path}.new"], atol=1e-5), path
        twin.reset()
        assert all(np.array_equal(twin.params[p.path].data, b) for p, b in zip(model.parameters(), before, strict=True))


def test_what_is_missing_is_said(tmp_path: Any) -> None:
    _, trainer, (x, y, weight) = made(1)
    trace = trainer.trace_step(x, y, weight=weight, keep=("loss", "*.grad"))
    with pytest.raises(pl.DataError, match=r"has not kept 'layers\.0\.\w+'.*keep='\*'"):
        trace.replay()
    model = pl.build(Careless(2), input_shape=(4,), seed=1)
    stranger = pl.Trainer(model, loss="mse", seed=2).trace_step(np.ones((3, 4)), np.zeros((3, 2)))
    stranger.save(tmp_path / "step.safetensors")
    with pytest.raises(pl.ConfigError, match="The model of this trace is not registered"):
        pl.load_trace(tmp_path / "step.safetensors").replay()


def test_what_cannot_be_copied_is_said() -> None:
    class Open(pl.Dense):
        def __deepcopy__(self, memo: Any) -> Any:
            raise TypeError("a file is open")

    trainer = pl.Trainer(pl.build(Open(2), input_shape=(4,), seed=1), loss="mse", seed=2)
    with pytest.raises(pl.ConfigError, match=r"cannot be copied: TypeError: a file is open"):
        trainer.trace_step(np.ones((3, 4)), np.zeros((3, 2))).replay()


@pytest.mark.parametrize("name", ["model.z", "left.over"])
def test_what_was_recorded_and_is_not_recorded_again_is_missing(name: str) -> None:
    trainer = pl.Trainer(pl.build(pl.Dense(2), input_shape=(3,), seed=0), loss="mse", seed=0)
    trace = trainer.trace_step(np.ones((4, 3)), np.ones((4, 2)))
    trace._quantities[name] = Quantity(name, np.ones((4, 2)), None, "", "recorded")  # type: ignore[index]
    found = trace.replay()
    assert found.missing == (name,) and found.differing == [name] and not found.same and name not in found.compared
    assert f"Not computed again: {name}." in str(found) and "with the same bits." in str(found)
