"""Figures of steps worked out by hand, and records as they are written in columns, kept and read again."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.flight import flight
from pellucid.glassbox.flight.figures import OF_OUTPUT, Layout, Row, distribution, span_sums
from pellucid.glassbox.flight.flight import FlightRecorder
from pellucid.glassbox.flight.recording import Parts, Recording, from_columns, to_columns
from pellucid.glassbox.flight.statistics import _has_inner


@pytest.fixture
def by_array_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pellucid.ops.kernels.native", raising=False)


def test_sums_of_spans(by_array_code: None) -> None:
    x, other = np.array([1.0, 0.0, 3.0, -2.0]), np.array([1.0, 2.0, 0.0, -1.0])
    spans, out = np.array([[0, 2], [1, 4], [4, 4]]), np.full((3, 3), 9.0)
    span_sums(x, None, spans, out)
    assert out.tolist() == [[1.0, 1.0, 0.0], [13.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    span_sums(x, other, spans, out)
    assert out.tolist() == [[4.0, 1.0, 5.0], [14.0, 0.0, 5.0], [0.0, 0.0, 0.0]]


@pytest.mark.parametrize(
    ("y", "bins", "told"),
    [
        ([[0.0, 1.0, 0.0], [0.0, 4.0, 2.0]], 4, [7.0, 21.0, 0.0, 4.0, 1.0, 3.0, 1.0, 1.0, 1.0]),
        ([[2.0, 2.0]], 3, [4.0, 8.0, 2.0, 2.0, 0.0, 2.0, 0.0, 0.0]),
        ([[0.0], [0.0]], 2, [0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 0.0]),
        ([[-1.0, 0.0], [1.0, 0.0]], 2, [0.0, 2.0, -1.0, 1.0, 1.0, 1.0, 3.0]),
        ([[np.inf, 0.0]], 2, [np.inf, np.inf, 0.0, np.inf, 1.0, 0.0, 0.0]),
    ],
)
def test_a_distribution(y: Any, bins: int, told: list[float], by_array_code: None) -> None:
    out = np.full(5 + bins, 9.0)
    distribution(np.array(y), out)
    assert out.tolist() == told


def layout(rates: tuple[str, ...] = ("w", "b")) -> Layout:
    return Layout([("w", 4, True), ("frozen", 2, False), ("b", 1, True)], [("l.y", 8), ("m.y", 2)], rates)


def flat(rates: tuple[float, ...] = (0.1, 0.1)) -> Any:
    gradients = [[16.0, 1.0, 0.0], [7.0, 7.0, 7.0], [9.0, 0.0, 0.0]]
    changes = [[4.0, 0.0, 16.0], [7.0, 7.0, 7.0], [0.0, 1.0, 0.0]]
    outputs = np.zeros((2, OF_OUTPUT))
    outputs[0, :7], outputs[1, :7] = [16.0, 64.0, -1.0, 5.0, 3.0, 6.0, 2.0], [2.0, 2.0, 1.0, 1.0, 0.0, 2.0, 0.0]
    return np.concatenate([np.ravel(gradients), np.ravel(changes), outputs.ravel(), rates, [2.5]])


def test_the_figures_of_a_step() -> None:
    found = Row(layout(), flat()).figures()
    histogram = [found.pop(name).tolist() for name in ("l.y.histogram", "m.y.histogram")]
    assert histogram == [[6, 2, *[0] * 30], [2, *[0] * 31]]
    assert {name: float(value) for name, value in found.items()} == {
        "l.y.mean": 2.0, "l.y.min": -1.0, "l.y.max": 5.0, "l.y.std": 2.0, "l.y.dead": 3.0,
        "m.y.mean": 1.0, "m.y.min": 1.0, "m.y.max": 1.0, "m.y.std": 0.0, "m.y.dead": 0.0,
        "w.grad.rms": 2.0, "w.grad.zeros": 0.25, "w.update.rms": 1.0, "w.update.ratio": 0.5,
        "b.grad.rms": 3.0, "b.grad.zeros": 0.0, "b.update.rms": 0.0, "b.update.ratio": 0.0,
        "norm": 5.0, "loss": 2.5, "lr": 0.1,
    }  # fmt: skip
    assert Row(layout(), flat()).nbytes == 8 * len(flat())


def test_rates_have_names_where_they_differ() -> None:
    found = Row(layout(), flat((0.1, 0.2))).figures()
    assert "lr" not in found and [float(found[name]) for name in ("w.lr", "b.lr")] == [0.1, 0.2]
    none = Row(layout(()), flat(())).figures()
    assert "lr" not in none and none["loss"] == 2.5 and not any(name.endswith(".lr") for name in none)


def test_a_layer_that_is_made_of_others_is_told_by_its_path() -> None:
    paths = ["", "a", "a.b", "ab"]
    assert [_has_inner(path, paths) for path in paths] == [True, True, False, False]
    assert not _has_inner("", [""])


# -- records ----------------------------------------------------------------------------------------------------------


RECORDS: dict[int, dict[str, Any]] = {
    5: {"x": np.array([1.0, 2.0]), "loss": 3.0}, 2: {"x": np.array([3.0, 4.0])}, 9: {"x": np.array([5.0]), "n": 1},
}  # fmt: skip


def test_records_stand_in_columns_and_come_back() -> None:
    tensors, names = to_columns(RECORDS)
    assert names == ["x", "loss", "x", "n"]
    assert tensors["0/steps"].tolist() == [2, 5] and tensors["0/values"].tolist() == [[3.0, 4.0], [1.0, 2.0]]
    assert tensors["3/steps"].tolist() == [9] and tensors["3/values"].tolist() == [1]
    found = from_columns(names, tensors, pl.CheckpointError)
    assert list(found) == [2, 5, 9] and found[5]["loss"] == 3.0 and found[9]["x"].tolist() == [5.0]
    assert to_columns({}) == ({}, []) and from_columns([], {}, pl.CheckpointError) == {}


def test_records_of_both_kinds_stand_in_the_same_columns_in_the_order_of_steps() -> None:
    records = {4: Row(layout(), flat()), 1: Row(layout(), 2 * flat()), 2: Row(layout(), 3 * flat()).figures()}
    tensors, names = to_columns(records)
    assert len(set(names)) == len(names) and set(names) == set(Row(layout(), flat()).figures())
    found = from_columns(names, tensors, pl.CheckpointError)
    for i in range(len(names)):
        assert tensors[f"{i}/steps"].tolist() == [1, 2, 4]
    for step, times in ((1, 2), (2, 3), (4, 1)):
        expected = Row(layout(), times * flat()).figures()
        assert all(np.array_equal(found[step][name], expected[name]) for name in expected)


@pytest.mark.parametrize(
    ("names", "steps", "values"),
    [
        (["x"], None, np.ones(1)), (["x"], np.ones(1, np.int64), None), ([3], np.ones(1, np.int64), np.ones(1)),
        (["x"], np.ones(1, np.int32), np.ones(1)), (["x"], np.ones((1, 1), np.int64), np.ones(1)), ("x", None, None),
        (["x"], np.ones(2, np.int64), np.ones(1)), (["x"], np.ones(1, np.int64), np.array(1.0)), (None, None, None),
    ],
)  # fmt: skip
def test_columns_that_are_not_complete(names: Any, steps: Any, values: Any) -> None:
    tensors = {"0/steps": steps, "0/values": values}
    with pytest.raises(pl.CheckpointError, match=r"its column .* is not complete"):
        from_columns(names, tensors, pl.CheckpointError)


def test_a_recording_is_read() -> None:
    recording = Recording(dict(sorted(RECORDS.items())))
    assert recording.names() == ["x", "loss", "n"] == list(recording) and len(recording) == 3
    assert repr(recording) == "<Recording of 3 steps: 3 names>" and "loss" in recording and "y" not in recording
    assert recording.steps().tolist() == [2, 5, 9] and recording.steps("x").tolist() == [2, 5, 9]
    assert recording.steps("loss").tolist() == [5] and recording.steps().dtype == np.int64
    assert recording["loss"].tolist() == [3.0] and recording.at(9) == {"x": RECORDS[9]["x"], "n": 1}
    with pytest.raises(
        pl.DataError, match=r"^'x' has several shapes\. Take one step after the other: recording\.at\(step\)\['x'\]\.$"
    ):
        recording["x"]
    for step, near in ((1, 2), (4, 5), (6, 5), (100, 9)):
        with pytest.raises(pl.DataError, match=rf"Step {step} was not recorded\. The nearest that was: {near}\."):
            recording.at(step)
    with pytest.raises(pl.DataError, match=r"The nearest that was: None\."):
        Recording({}).at(1)
    with pytest.raises(pl.DataError, match=r"Nothing was recorded as 'los'\. Did you mean 'loss'\?"):
        recording.steps("los")


def test_parts_are_kept_up_to_a_step(tmp_path: Path) -> None:
    parts = Parts(tmp_path / "recorder")
    assert parts.parts() == [] and parts.size() == 0
    parts.append({})
    assert not parts.folder.exists()
    parts.append(RECORDS)
    assert [part[:2] for part in parts.parts()] == [(2, 9)]
    (file,) = parts.folder.iterdir()
    assert file.name == "part-000000000002-000000000009.safetensors" and parts.size() == file.stat().st_size
    anchors = [parts.anchor(step) for step in (4, 5, 6)]
    for anchor in anchors:
        anchor.write_bytes(b"anchor")
    assert list(parts.anchors()) == [4, 5, 6]
    parts.keep(9)
    assert len(Recording(parts.folder)) == 3
    parts.keep(5)
    assert list(parts.anchors()) == [4, 5] and Recording(parts.folder).steps().tolist() == [2, 5]
    assert [part[:2] for part in parts.parts()] == [(2, 5)]
    (parts.folder / "part-1-2.safetensors").write_bytes(b"of another")
    assert [part[:2] for part in parts.parts()] == [(2, 5)]
    parts.keep(2)
    assert Recording(parts.folder).steps().tolist() == [2]
    parts.keep(1)
    assert parts.parts() == [] and parts.anchors() == {}


def test_what_is_new_joins_the_last_part_alone(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    for step in (1, 2):
        parts._write({step: {"x": 1.0}})
    parts.append({5: {"x": 2.0}})
    assert [part[:2] for part in parts.parts()] == [(1, 1), (2, 5)]


@pytest.mark.parametrize("keep", [["statistics"], ["loss"], ["statistics", "loss"]])
def test_one_that_is_full_looks_at_no_step(keep: list[str]) -> None:
    recorder = FlightRecorder(keep=keep)
    trainer = pl.Trainer(pl.build(pl.Dense(2), input_shape=(3,), seed=0), loss="mse", seed=0)
    opener = recorder._opener(SimpleNamespace(trainer=trainer, gradient_observers=[]))  # type: ignore[arg-type]
    recorder._full = True
    with opener(object()) as looked:
        assert looked is False
    assert (
        recorder._unwritten == {}
        and FlightRecorder(keep=["everything"])._opener(
            SimpleNamespace(trainer=trainer, gradient_observers=[])  # type: ignore[arg-type]
        )
        is None
    )


@pytest.mark.filterwarnings("ignore:recorder")
@pytest.mark.parametrize(("limit", "left"), [(1 << 20, 3), (31, 1), (32, 3)])
def test_what_cannot_be_written_is_kept_within_its_limit(limit: int, left: int, tmp_path: Path) -> None:
    recorder = FlightRecorder(limit=limit)
    recorder._parts = Parts(tmp_path / "file" / "inside")
    (tmp_path / "file").write_text("", encoding="utf-8")
    for step in (1, 2):
        recorder._take(step, {"x": np.ones(2)})  # sixteen bytes each
        recorder._flush()
    (tmp_path / "file").unlink()
    recorder._take(3, {"x": np.ones(2)})
    assert recorder.recording.steps().tolist() == list(range(4 - left, 4))


def test_numbers_count_eight_bytes_and_what_is_written_counts_no_more(tmp_path: Path) -> None:
    memory = FlightRecorder(limit=1 << 20)
    memory._take(1, {"x": np.ones(2), "n": 3})
    memory._take(2, Row(layout(), flat()))
    assert memory._bytes == 16 + 8 + 8 * len(flat())
    memory._flush()
    assert memory._bytes == 16 + 8 + 8 * len(flat()) and len(memory.recording) == 2  # in memory they stay
    written = FlightRecorder(limit=1 << 20)
    written._parts = Parts(tmp_path)
    written._take(1, {"x": np.ones(2)})
    written._flush()
    assert written._bytes == 0 and written._unwritten == {} and not written._full


def test_behind_its_limit_it_is_full() -> None:
    recorder = FlightRecorder(limit=16)
    recorder._take(1, {"x": np.ones(2)})
    recorder._flush()
    full = [recorder._full]
    told = "recorder has kept 32 bytes, more than its limit of 16, and records no more. Raise limit, or every, or keep"
    with pytest.warns(pl.PellucidWarning, match=told):
        recorder._take(2, {"x": np.ones(2)})  # written at once, as it is more than may be kept
    assert [*full, recorder._full] == [False, True]
    recorder._take(3, {"x": np.ones(2)})  # and told no more


def test_after_half_a_minute_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(flight, "monotonic", lambda: clock[0])
    for parts, written in ((Parts(tmp_path), {110: 0, 130: 0, 130.5: 3, 131: 3, 160.5: 3, 161: 6}), (None, {1e6: 0})):
        recorder = FlightRecorder()
        recorder._parts, recorder._written = parts, 100.0
        for step, (clock[0], many) in enumerate(written.items(), start=1):
            recorder._take(step, {"x": np.ones(2)})
            assert (len(Recording(parts.folder)) if parts is not None and parts.parts() else 0) == many
            assert len(recorder._unwritten) == step - many and recorder._bytes == 16 * (step - many)


def test_at_the_end_of_an_epoch_what_is_half_a_minute_old_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock: list[float] = [100.0]
    monkeypatch.setattr(flight, "monotonic", lambda: clock[0])
    recorder, run = FlightRecorder(), SimpleNamespace()
    recorder._parts = Parts(tmp_path)
    recorder._take(1, {"x": np.ones(2)})
    for clock[0], unwritten in ((130.0, 1), (130.5, 0), (131.0, 0)):
        recorder.on_epoch_end(run)  # type: ignore[arg-type]
        assert len(recorder._unwritten) == unwritten
    recorder._take(2, {"x": np.ones(2)})
    recorder.on_run_end(run)  # type: ignore[arg-type]
    assert recorder._unwritten == {} and Recording(tmp_path).steps().tolist() == [1, 2]


def test_what_is_in_memory_alone_is_its_state(tmp_path: Path) -> None:
    recorder = FlightRecorder()
    assert recorder.state() == {}
    recorder._take(3, {"x": np.ones(2), "n": 3.0})
    state = recorder.state()
    assert state["names"] == ["x", "n"] and state["0/steps"].tolist() == [3]
    again = FlightRecorder()
    again.restore(state)
    assert again.recording.at(3)["n"] == 3.0 and again._bytes == 24
    again.restore({})
    assert len(again.recording) == 0 and again._bytes == 0
    recorder._parts = Parts(tmp_path)
    assert recorder.state() == {}
