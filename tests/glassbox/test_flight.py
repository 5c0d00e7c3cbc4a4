"""recorder keeps figures of steps, chosen numbers of them, and anchors from which any step can be made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.flight.flight import FlightRecorder
from pellucid.glassbox.flight.recording import SMALL, Parts, Recording
from pellucid.glassbox.tracing import Tracing
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint

from tests.glassbox.nets import bits

LAYERS = [
    {"type": "dense", "units": 6, "activation": "relu"}, {"type": "batch_norm"},
    {"type": "residual", "layer": {"type": "dense", "units": 6, "activation": "tanh"}},
    {"type": "dropout", "rate": 0.2}, {"type": "dense", "units": 3},
]  # fmt: skip


def _trainer(*callbacks: Any, layers: Any = None, backend: str = "cython", shape: Any = (4,), **how: Any) -> pl.Trainer:
    model = pl.build({"type": "sequential", "layers": layers or LAYERS}, input_shape=shape, seed=1, backend=backend)
    options = {"loss": "softmax_cross_entropy", "optimizer": {"type": "adam", "lr": 0.01}, "seed": 2} | how
    return pl.Trainer(model, callbacks=list(callbacks), **options)


def _data(shape: tuple[int, ...] = (4,)) -> Any:
    rng = np.random.default_rng(0)
    return rng.normal(size=(42, *shape)), rng.integers(0, 3, 42)


def _fit(trainer: pl.Trainer, epochs: int = 3, shape: tuple[int, ...] = (4,)) -> pl.Trainer:
    trainer.fit(_data(shape), epochs=epochs, batch_size=8, verbose=False)
    return trainer


class Traced(pl.Callback):
    """The whole of every step."""

    def __init__(self) -> None:
        self.traces: dict[int, pl.Trace] = {}

    def on_run_start(self, run: pl.Run) -> None:
        run.on_trace(Tracing().opener(run.trainer, lambda trace: self.traces.update({trace.setting.step + 1: trace})))


@pytest.mark.parametrize("backend", ["cython", "reference"])
@pytest.mark.parametrize("keep", [["statistics"], ["statistics", "layers.0.*", "loss"], ["everything", "statistics"]])
def test_a_step_that_is_looked_at_has_the_same_bits(keep: list[str], backend: str, tmp_path: Path) -> None:
    for every in (1, 3):
        how = {"every": every, "keep": keep, "path": str(tmp_path / f"{every}"), "anchors": 4}
        assert bits(_fit(_trainer(FlightRecorder(**how), backend=backend))) == bits(_fit(_trainer(backend=backend)))


CONV = [
    {"type": "cnn/conv2d", "filters": 3, "kernel_size": 3, "activation": "relu"}, {"type": "flatten"},
    {"type": "dense", "units": 3},
]  # fmt: skip


@pytest.mark.parametrize("backend", ["cython", "reference"])
@pytest.mark.parametrize(
    ("how", "shape"),
    [
        ({}, (4,)),
        ({"accumulate": 2}, (4,)),
        ({"optimizer": "sgd", "clip_norm": 0.1}, (4,)),
        ({"layers": CONV}, (5, 5, 1)),
    ],
)
def test_statistics_are_those_of_the_step(how: dict[str, Any], shape: Any, backend: str) -> None:
    """Each is held against what a trace of that step holds: by plan and by code, of full batches and of the last."""
    recorder, traced = FlightRecorder(every=2), Traced()
    _fit(_trainer(recorder, backend=backend, shape=shape, **how), shape=shape)
    _fit(_trainer(traced, backend=backend, shape=shape, **how), shape=shape)
    recording = recorder.recording
    assert recording.steps().tolist() == [step for step in traced.traces if step % 2 == 0]
    for step in recording.steps().tolist():
        _agree(recording.at(step), traced.traces[step])


def _agree(record: dict[str, Any], trace: pl.Trace) -> None:
    told = set()
    for name in trace.names():
        if name.endswith(".grad"):
            own = name.removesuffix(".grad")
            g, before = trace[name].astype(float), trace[own].astype(float)
            change = trace[f"{own}.new"].astype(float) - before
            expected = {
                f"{name}.rms": np.sqrt(np.mean(g**2)), f"{name}.zeros": np.mean(g == 0),
                f"{own}.update.rms": np.sqrt(np.mean(change**2)),
                f"{own}.update.ratio": np.linalg.norm(change) / max(np.linalg.norm(before), 1e-300),
            }  # fmt: skip
            for key, value in expected.items():
                if np.linalg.norm(before) or not key.endswith("ratio"):
                    assert record[key] == pytest.approx(value, rel=2e-3, abs=1e-9), key
            told |= set(expected)
    assert record["loss"] == float(trace["loss"])
    assert record["lr"] == float(trace["lr"])
    for key in record:
        if key.endswith(".y.mean"):
            own = key.removesuffix(".mean")
            micro = max((n for n in (1, 2, 3) if f"micro.{n}.{own}" in trace), default=1)
            y = trace[own if micro == 1 else f"micro.{micro}.{own}"]
            assert record[key] == pytest.approx(y.astype(float).mean(), rel=1e-4, abs=1e-6)
            assert record[f"{own}.std"] == pytest.approx(y.astype(float).std(), rel=1e-3, abs=1e-4)
            assert (record[f"{own}.min"], record[f"{own}.max"]) == (y.min(), y.max())
            assert record[f"{own}.dead"] == int((~y.any(axis=0)).sum())
            counts = record[f"{own}.histogram"]
            assert counts.sum() == y.size and len(counts) == 32
            expected_counts = np.histogram(y, 32, (float(y.min()), float(y.max()) or 1.0))[0]
            assert np.abs(np.cumsum(counts) - np.cumsum(expected_counts)).max() <= max(2, 0.02 * y.size)
            told |= {f"{own}.{what}" for what in ("mean", "std", "min", "max", "dead", "histogram")}
    assert set(record) - told == {"loss", "lr", "norm"}


class Parted(pl.Layer):
    """Its first output is its second input as it was given, the second is new."""

    def output_shape(self, *shapes: Any) -> Any:
        return shapes[1], shapes[0]

    def forward(self, ctx: Any, a: Any, b: Any) -> Any:
        return b, 2 * a

    def backward(self, ctx: Any, da: Any, db: Any) -> Any:
        return 2 * db, da


@pytest.mark.parametrize(
    ("layers", "shape", "told"),
    [
        (LAYERS, (4,), {"layers.0.y", "layers.1.y", "layers.2.layer.y", "layers.3.y", "layers.4.y"}),
        (CONV, (5, 5, 1), {"layers.0.y", "layers.2.y"}),
        ([{"type": "flatten"}, {"type": "dense", "units": 3}], (2, 3), {"layers.1.y"}),
    ],
)
def test_of_layers_that_make_something_new_the_outputs_are_told(layers: Any, shape: Any, told: set[str]) -> None:
    recorder = FlightRecorder(every=1)
    _fit(_trainer(recorder, layers=layers, shape=shape), epochs=1, shape=shape)
    for step in recorder.recording.steps().tolist():
        names = recorder.recording.at(step)
        assert {name.removesuffix(".mean") for name in names if name.endswith(".mean")} == told


def test_of_several_outputs_those_are_told_that_no_input_holds() -> None:
    model = pl.build(Parted(), input_shape=((3,), (2,)), seed=0)
    recorder = FlightRecorder(every=1)
    trainer = pl.Trainer(model, loss=["mse", "mse"], callbacks=[recorder], seed=0)
    a, b = np.arange(12.0).reshape(4, 3), np.ones((4, 2))
    trainer.fit(((a, b), (b, a)), epochs=1, batch_size=4, verbose=False)
    record = recorder.recording.at(1)
    assert {name for name in record if ".y" in name and name.endswith("mean")} == {"model.y1.mean"}
    assert record["model.y1.mean"] == 11.0 and record["model.y1.max"] == 22.0


def test_chosen_quantities_are_kept_as_they_are() -> None:
    recorder, traced = FlightRecorder(every=3, keep=["layers.0.weight.grad", "loss", "*.y"]), Traced()
    _fit(_trainer(recorder))
    _fit(_trainer(traced))
    recording = recorder.recording
    for step in recording.steps().tolist():
        record = recording.at(step)
        assert {"layers.0.weight.grad", "loss", "layers.4.y"} <= set(record) and "layers.0.x" not in record
        for name, array in record.items():
            assert np.asarray(array).tobytes() == traced.traces[step][name].tobytes()
    assert recording["layers.0.weight.grad"].shape == (6, 4, 6)
    with pytest.raises(pl.DataError, match=r"several shapes. Take one step after the other"):
        recording["layers.0.y"]
    with pytest.raises(pl.DataError, match=r"the step has no quantity like 'layers.9.y'"):
        _fit(_trainer(FlightRecorder(keep=["layers.9.y"], every=1)))


def test_it_is_written_in_parts_and_read_again(tmp_path: Path) -> None:
    memory, path = FlightRecorder(every=1), tmp_path / "recorded"
    _fit(_trainer(memory))
    trainer = _trainer(FlightRecorder(every=1, path=str(path)))
    for epochs in range(3):
        _fit(trainer, epochs=1)
        assert len(Parts(path).parts()) == 1  # small ones are put together
        assert Parts(path).parts()[0][:2] == (1, 6 * (epochs + 1))
    one, other = memory.recording, Recording(path)
    assert one.names() and set(one.names()) == set(other.names()) and len(one) == len(other) == 18
    for name in other:
        assert np.array_equal(one[name], other[name]) and np.array_equal(one.steps(name), other.steps(name))
    with pytest.raises(pl.DataError, match=r"Did you mean 'layers.0.y.mean'"):
        other["layers.0.y.maen"]
    with pytest.raises(pl.DataError, match=r"Step 99 was not recorded. The nearest that was: 18"):
        other.at(99)
    whole = next(iter(path.iterdir())).read_bytes()
    next(iter(path.iterdir())).write_bytes(whole[:-3])
    with pytest.raises(pl.CheckpointError, match="truncated"):
        Recording(path)


def test_large_parts_stand_by_themselves(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    for step in range(1, 7):
        parts.append({step: {"x": np.full(SMALL // 3, step, np.float32)}})
    assert [part[:2] for part in parts.parts()] == [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6)]
    parts.append({7: {"x": 1.0}, 9: {"x": 2.0}})
    parts.append({11: {"x": 3.0}})
    assert [part[:2] for part in parts.parts()][-1] == (7, 11)
    parts.keep(9)
    assert [part[:2] for part in parts.parts()][-1] == (7, 9) and Recording(tmp_path).steps("x").tolist()[-1] == 9
    parts.keep(3)
    assert Recording(str(tmp_path)).steps().tolist() == [1, 2, 3]


def test_behind_its_limit_it_records_no_more_and_says_so(tmp_path: Path) -> None:
    with pytest.warns(pl.PellucidWarning, match="more than its limit of 3,000, and records no more"):
        _fit(_trainer(FlightRecorder(every=1, limit=3000, path=str(tmp_path / "a"))))
    assert 0 < len(Recording(tmp_path / "a")) < 18


def test_where_it_cannot_write_training_goes_on(tmp_path: Path) -> None:
    tmp_path.joinpath("file").write_text("")
    with pytest.warns(pl.PellucidWarning, match="Training goes on, and it is tried again later"):
        trainer = _fit(_trainer(FlightRecorder(every=1, path=str(tmp_path / "file" / "inside"))))
    assert trainer.epochs == 3


def test_a_step_that_was_refused_is_not_recorded() -> None:
    recorder = FlightRecorder(every=1)
    trainer = _trainer(recorder, loss="mse")
    x, y = np.ones((4, 4)), np.ones((4, 3))
    trainer.train_step(x, y)
    with pytest.raises(pl.NumericalError):
        trainer.train_step(x, 1e30 * y)
    trainer.train_step(x, y)
    assert recorder.recording.steps().tolist() == [1, 2]


@pytest.mark.parametrize("refused", [[], [4], [2, 5, 6]])
def test_of_a_step_that_was_refused_in_the_midst_of_planned_ones_nothing_is_kept(refused: list[int]) -> None:
    recorder = FlightRecorder(every=1)
    trainer = _trainer(recorder, loss="mse")
    x, y = np.ones((4, 4)), np.ones((4, 3))
    for step in range(8):
        trainer.train_step(x, y)
        if step in refused:
            with pytest.raises(pl.NumericalError):
                trainer.train_step(x, 1e30 * y)
    recording = recorder.recording
    assert recording.steps().tolist() == [*range(1, 9)]
    assert recording["loss"].tolist() == sorted(recording["loss"].tolist(), reverse=True)


def test_what_is_in_memory_alone_is_in_checkpoints(tmp_path: Path) -> None:
    whole, first, again = (_trainer(FlightRecorder(every=2)) for _ in range(3))
    _fit(whole)
    _fit(first, 1)
    save_checkpoint(first, tmp_path / "checkpoint")
    restore_checkpoint(again, tmp_path / "checkpoint")
    _fit(again, 2)
    one, other = (trainer.callbacks[0].recording for trainer in (whole, again))  # type: ignore[attr-defined]
    assert set(one) == set(other) and all(np.array_equal(one[name], other[name]) for name in one)
    with pytest.raises(pl.CheckpointError, match="What recorder kept is damaged"):
        FlightRecorder().restore({"names": ["x"]})


def test_mistakes() -> None:
    for wrong in ({"every": 0}, {"limit": 0}, {"keep": []}, {"keep": "statistics"}, {"keep": [3]}, {"anchors": 0}):
        with pytest.raises(pl.ConfigError):
            FlightRecorder(**wrong)  # type: ignore[arg-type]
    with pytest.raises(pl.ConfigError, match="'everything' needs a folder"):
        _fit(_trainer(FlightRecorder(keep=["everything"])))
    with pytest.raises(pl.DataError, match=r"holds nothing that was recorded. Train with the callback"):
        Recording(Path("none"))


def test_registered_and_written_down() -> None:
    made = pl.create("callback", "recorder", every=5, keep=["statistics", "loss"])
    assert pl.to_config(made)["every"] == 5 and pl.to_config(made)["keep"] == ["statistics", "loss"]
