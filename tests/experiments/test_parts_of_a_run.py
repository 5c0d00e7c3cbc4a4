"""Parts of a run by themselves: what is written of epochs, what is said of the data, how a step is reached again."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import CheckpointError, ConfigError, DataError
from pellucid.interfaces.dataset import Splits
from pellucid.interfaces.samples import Split
from pellucid.standard.summary import Summary
from pellucid.workbench.cli import main
from pellucid.workbench.experiments import opened, training
from pellucid.workbench.experiments.callbacks import Recorder
from pellucid.workbench.experiments.finished import open_run
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.experiments.opened import trace_of_run
from pellucid.workbench.experiments.predictions import class_number, interpret
from pellucid.workbench.experiments.sections import to_toml

# -- epochs ----------------------------------------------------------------------------------------------------------


def test_an_epoch_is_written_with_the_rate_of_its_last_step(tmp_path: Path) -> None:
    folder, asked = RunFolder(tmp_path), list[Any]()

    def schedule(step: int, total: int) -> float:
        asked.append((step, total))
        return 0.5

    recorder = Recorder(folder, {}, lambda: None, lambda text: None)
    trainer = SimpleNamespace(schedule=None, optimizer=SimpleNamespace(lr=0.25))
    for step, own in ((7, None), (7, schedule), (0, schedule)):
        trainer.schedule = own
        run: Any = SimpleNamespace(trainer=trainer, step=step, total_steps=30, history=[{"epoch": 1}, {"epoch": 2}])
        recorder.on_epoch_end(run)
    assert [(epoch["epoch"], epoch["lr"]) for epoch in folder.epochs()] == [(2, 0.25), (2, 0.125), (2, 0.125)]
    assert asked == [(6, 30), (0, 30)]


def test_time_is_counted_over_interruptions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("pellucid.workbench.experiments.callbacks.perf_counter", lambda: clock[0])
    begun: list[int] = []
    recorder = Recorder(RunFolder(tmp_path), {"training": "a"}, lambda: begun.append(1), lambda text: None)
    run: Any = None
    assert recorder.seconds == 0
    recorder.restore({"seconds": 5, "data": {"test": "b"}})
    assert recorder.seconds == 5.0 and recorder.data_before == {"test": "b"}
    for _ in range(2):
        recorder.on_run_start(run)
        clock[0] += 1.5
        assert recorder.seconds in (6.5, 8.0)
        recorder.on_run_end(run)
        clock[0] += 100
    assert recorder.state() == {"seconds": 8.0, "data": {"training": "a"}} and begun == [1, 1]
    recorder.restore({"seconds": 0, "data": {}})
    for seconds in (-1e-9, True, float("inf"), "1", None):
        with pytest.raises(CheckpointError, match="'seconds' must be the time that a run took"):
            recorder.restore({"data": {}, "seconds": seconds})
    for data in (None, [1], {"test": 1}):
        with pytest.raises(CheckpointError, match="'data' must be hashes"):
            recorder.restore({"seconds": 1.0, "data": data})


def test_of_epochs_that_cannot_be_written_it_is_told_how_many(tmp_path: Path) -> None:
    notes: list[str] = []
    folder = RunFolder(tmp_path / "none")  # there is no such folder
    recorder = Recorder(folder, {}, lambda: None, notes.append)
    trainer = SimpleNamespace(schedule=None, optimizer=SimpleNamespace(lr=1.0))
    for epoch in (4, 5):
        run: Any = SimpleNamespace(trainer=trainer, step=1, total_steps=1, history=[{"epoch": epoch}])
        recorder.on_epoch_end(run)
    recorder.on_run_end(run)
    lacks = "epochs so far, because it cannot be written: No such file or directory. Training does not depend on it."
    assert notes == [f"{folder.metrics} lacks 1 of 4 {lacks}", f"{folder.metrics} lacks 2 of 5 {lacks}"]
    folder.create()
    recorder.on_run_end(run)
    assert [each["epoch"] for each in folder.epochs()] == [4, 5]


# -- the data --------------------------------------------------------------------------------------------------------


def splits(validation: int, test: int) -> Splits:
    x, y = np.arange(12.0).reshape(6, 2), np.array([0, 1, 0, 1, 0, 1])
    return Splits(Split(x, y), Split(x[:validation], y[:validation]), Split(x[:test], y[:test]))


@pytest.mark.parametrize(
    ("data", "sizes", "told"),
    [
        ({"validation": 0.1, "test": 0.2}, (1, 1), []), ({"validation": 0.1}, (0, 0), ["validation"]),
        ({"validation": 0.1, "test": 0.25}, (0, 0), ["validation", "test"]), ({"test": 1}, (1, 0), ["test"]),
        ({"validation": 0, "test": 0.0}, (0, 0), []), ({"validation": "a.csv", "test": True}, (0, 0), []),
    ],
)  # fmt: skip
def test_a_part_that_was_asked_for_and_is_empty_is_told(data: Any, sizes: Any, told: list[str]) -> None:
    prepared: Any = SimpleNamespace(splits=splits(*sizes), resolved={"data": data})
    notes = list(training._empty_parts(prepared))
    count = 6 + sum(sizes)
    begin = [f"data.{name} = {data[name]:g} of {count} samples, in which every class has its part, is" for name in told]
    assert [note[: len(first)] for note, first in zip(notes, begin, strict=True)] == begin
    for name, note in zip(told, notes, strict=True):
        assert (
            f"there is no {name} part. {'No epoch is validated' if name == 'validation' else 'Nothing tells'}" in note
        )


def test_a_fingerprint_tells_data_names_and_parts_apart() -> None:
    base = splits(2, 1)
    prepared: Any = SimpleNamespace(splits=base)
    found = training._fingerprints(prepared)
    assert list(found) == ["training", "validation", "test"] and len(set(found.values())) == 3
    assert training._fingerprints(prepared) == found
    x, y = np.array(base.train.x), np.array(base.train.y)
    x[5, 1] += 1
    for train in (Split(x, y), Split(base.train.x, y, ("a", "b")), Split(base.train.x, y, None, ("u", "v")),
                  Split(base.train.x, 1 - y), Split(base.train.x)):  # fmt: skip
        prepared.splits = Splits(train, base.validation, base.test)
        other = training._fingerprints(prepared)
        assert other["training"] != found["training"] and other["test"] == found["test"]


def test_what_the_data_set_found_out_is_a_line() -> None:
    for y, classes, said in [
        (np.array([0, 1]), ("a", "b"), "; 2 classes: a, b."),
        (np.array([[0.5, 1]] * 2), ("u", "v"), "; 2 targets: u, v."), (np.array([0, 1]), None, "."),
    ]:  # fmt: skip
        part = Split(np.zeros((2, 1)), y, classes)
        prepared: Any = SimpleNamespace(splits=Splits(part, part, part), decided={"header": True, "sep": ","})
        assert training._decided(prepared) == f'data: found out that header = true, sep = ","{said}'


# -- a step that is reached again ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reached", "step", "expected"),
    [
        (None, None, (9, "nine")), (12, None, (12, "c")), (12, 13, (12, "c")), (12, 12, (9, "nine")),
        (12, 9, (4, "four")), (12, 5, (4, "four")), (12, 4, None), (None, 3, None), (9, None, (9, "c")),
        (9, 10, (9, "c")), (2, None, (2, "c")),
    ],
)  # fmt: skip
def test_the_nearest_place_before_a_step(
    monkeypatch: pytest.MonkeyPatch, reached: int | None, step: int | None, expected: Any
) -> None:
    monkeypatch.setattr(opened, "Parts", lambda path: SimpleNamespace(anchors=lambda: [(4, "four"), (9, "nine")]))
    folder: Any = SimpleNamespace(recorder="r", checkpoint="c")
    assert opened._nearest(folder, reached, step) == expected


def test_an_epoch_that_comes_out_otherwise_is_noticed(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.append_epochs([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": None}, {"epoch": 3}])
    before = opened._Before(folder)

    def now(epoch: int, loss: float) -> Any:
        return SimpleNamespace(history=[{"epoch": 9, "loss": 9.0}, {"epoch": epoch, "loss": loss}])

    for epoch, loss in ((1, 0.5), (2, 0.1), (3, 0.1), (4, 0.1)):
        before.on_epoch_end(now(epoch, loss))
    with pytest.raises(DataError, match=r"Epoch 1 of the run in .*: its loss was 0\.5 and is 0\.25 now"):
        before.on_epoch_end(now(1, 0.25))


@pytest.mark.parametrize("checkpoint", [None, Path("c")])
def test_who_writes_or_prints_takes_no_part_in_a_step_that_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkpoint: Path | None
) -> None:
    """The memory of a checkpoint finds everybody that it was of, in the order of the run, before they are left out."""
    restored: list[Any] = []
    monkeypatch.setattr(opened, "restore_checkpoint", lambda trainer, path: restored.extend([*trainer.callbacks, path]))
    best, told = pl.BestEpoch(), Summary()
    each: Any = SimpleNamespace(trainer=SimpleNamespace(callbacks=[told, best]))
    opened._keep_callbacks(each, RunFolder(tmp_path), checkpoint)
    assert each.trainer.callbacks[0] is best and [type(other) for other in each.trainer.callbacks[1:]] == [
        opened._Before
    ]
    if checkpoint is None:
        assert not restored
    else:
        kinds = [type(other) for other in restored[:-1]]
        assert kinds == [Summary, pl.BestEpoch, Recorder, opened._Before] and restored[-1] == checkpoint


def test_a_step_behind_the_end_is_told_before_any_work(tmp_path: Path) -> None:
    beyond = opened._NotBeyond(5, RunFolder(tmp_path))
    for total in (0, 5, 6):
        beyond.on_run_start(SimpleNamespace(total_steps=total))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="has no step 5: it ends after step 4"):
        beyond.on_run_start(SimpleNamespace(total_steps=4))  # type: ignore[arg-type]


def test_the_step_behind_a_short_training_says_nothing_of_its_schedule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    monkeypatch.setattr(training, "draw_curves", lambda *_: None)
    words = ["schedule.type=warmup", "schedule.steps=50", "schedule.schedule=constant", "train.epochs=1"]
    settings = [word for setting in [*words, "train.seed=0"] for word in ("--set", setting)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert main(["train", "--model", "ann", "--dataset", "iris", "--out", str(run), "--quiet", *settings]) == 0
    notes: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = trace_of_run(run, note=notes.append)
    assert found.setting.step == 3 and notes == [
        "The run ended after step 3: this is the step that would have followed."
    ]
    for step, said in ((0, "counted from 1. Received: 0"), (4, "has no step 4: it ends after step 3")):
        with pytest.raises(DataError, match=said):
            trace_of_run(run, step=step)
    with pytest.raises(DataError, match="is a file, which knows nothing of the training behind it"):
        trace_of_run(run / "model.safetensors", step=1)
    with pytest.raises(DataError, match=r"none does not exist\. Give the folder"):
        trace_of_run(tmp_path / "none")
    with pytest.raises(DataError, match="is no run folder"):
        trace_of_run(tmp_path)
    sections = {"data": 3, "train": [], "model": {"type": "ann"}}
    RunFolder(run).experiment.write_text(to_toml(sections))
    with pytest.raises(ConfigError, match=r"experiment\.toml: data, train must be a table, as a run writes it"):
        open_run(run)
    with pytest.raises(ConfigError, match=r"holds a model of Sequential\. Expected: one of Dense"):
        open_run(run / "model.safetensors", of=pl.Dense)


# -- predictions -----------------------------------------------------------------------------------------------------


def test_the_number_of_a_class() -> None:
    named, plain = (SimpleNamespace(runtime=SimpleNamespace(classes=of)) for of in (("cat", "7"), None))
    assert [class_number(named, label, 2) for label in ("cat", "7")] == [0, 1]  # type: ignore[arg-type]
    assert [class_number(plain, label, 3) for label in ("0", "2")] == [0, 2]  # type: ignore[arg-type]
    for model, label, said in [
        (named, "cap", "no class 'cap'. Did you mean 'cat'? Its classes: cat, 7."),
        (named, "1", "Its classes: cat, 7."),
        (plain, "3", "Its classes are the numbers 0 to 2."), (plain, "-1", "0 to 2."), (plain, "²", "0 to 2."),
    ]:  # fmt: skip
        with pytest.raises(ConfigError) as error:
            class_number(model, label, 3)  # type: ignore[arg-type]
        assert said in str(error.value)


def test_outputs_without_an_objective_are_themselves() -> None:
    model = pl.build({"type": "dense", "units": 2}, input_shape=(3,), seed=0)
    outputs = np.array([[1.0, 2.0], [3.0, 4.0]])
    found = interpret(model, outputs)
    assert set(found.arrays()) == {"outputs"} and found.answers is None
    assert interpret(model, outputs, "price").names is None
    assert interpret(model, outputs[:, :1], "price").names == ("price",)
    assert interpret(model, outputs[:, :1], 3).names is None
