"""How a training begins, and goes on, in its folder: what is told, what is refused, what is written first."""

from __future__ import annotations

import os
from pathlib import Path
from signal import SIGINT
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pellucid.basics.errors import ConfigError, DataError
from pellucid.interfaces.samples import Split
from pellucid.workbench.experiments import training
from pellucid.workbench.experiments.folder import RunFolder

X = np.zeros((4, 2))
PARTS = SimpleNamespace(train=Split(X), validation=Split(X[:1]), test=Split(X[:1]), classes=None)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run")


def prepared(*, epochs: int = 0, planned: int = 5, proposed: Any = None, decided: Any = None) -> Any:
    trainer = SimpleNamespace(epochs=epochs, steps=0, callbacks=[], directory=None)
    settings = SimpleNamespace(epochs=planned, batch_size=16, checkpoint_seconds=2.5)
    return SimpleNamespace(
        trainer=trainer, settings=settings, splits=PARTS, decided=decided or {}, proposed=proposed or {},
        resolved={"data": {"type": "iris"}, "model": {"type": "ann"}},
    )  # fmt: skip


def begun(monkeypatch: pytest.MonkeyPatch, folder: RunFolder, of: Any, *, resume: bool = False) -> list[str]:
    """What is told while a training begins; nothing is trained."""
    notes: list[str] = []

    def train(of: Any, folder: Any, recorder: Any, resume: bool, verbose: Any, note: Any) -> Any:
        recorder.begin()
        return SIGINT

    monkeypatch.setattr(training, "_train", train)
    monkeypatch.setattr(training, "draw_curves", lambda *words: notes.append("drawn"))
    assert training.train(of, folder, resume=resume, note=notes.append) is SIGINT
    return notes


def test_a_folder_is_made_ready_before_the_first_step(monkeypatch: pytest.MonkeyPatch, folder: RunFolder) -> None:
    of = prepared(proposed={"optimizer": {"type": "adam", "lr": 0.5}}, decided={"header": True})
    notes = begun(monkeypatch, folder, of)
    assert folder.experiment.read_text().endswith('[data]\ntype = "iris"\n\n[model]\ntype = "ann"\n')
    assert folder.metrics.read_text() == ""
    assert notes == [
        "data: found out that header = true.",
        "chosen to suit the data; to change it, use --set, or change experiment.toml in the run folder and train it "
        "again:\n  optimizer adam, lr = 0.5",
    ]
    with pytest.raises(ConfigError, match="exists already and is not empty"):
        begun(monkeypatch, folder, prepared())


def test_epochs_behind_the_checkpoint_are_forgotten(monkeypatch: pytest.MonkeyPatch, folder: RunFolder) -> None:
    folder.create()
    folder.write_experiment("")
    folder.checkpoint.touch()
    folder.append_epochs([{"epoch": n} for n in (1, 2, 3)])
    assert begun(monkeypatch, folder, prepared(epochs=2), resume=True) == []
    assert folder.epochs() == [{"epoch": 1}, {"epoch": 2}]
    (note,) = begun(monkeypatch, folder, prepared(epochs=3), resume=True)
    assert note.startswith(f"{folder.metrics} holds 2 of the 3 epochs so far: the others were removed from it.")
    with folder.lock(), pytest.raises(ConfigError, match="Another process is training in"):
        begun(monkeypatch, folder, prepared(epochs=2), resume=True)


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_is_locked_until_its_training_has_ended(
    monkeypatch: pytest.MonkeyPatch, folder: RunFolder, resume: bool
) -> None:
    if resume:
        folder.create()
        folder.write_experiment("")
    tried: list[str] = []

    def train(of: Any, own: Any, recorder: Any, *words: Any) -> Any:
        recorder.begin()
        with pytest.raises(ConfigError, match="Another process is training in"), RunFolder(folder.path).lock():
            tried.append("locked twice")
        tried.append("refused")
        return {"test": None}

    def draw(*words: Any) -> None:
        with pytest.raises(ConfigError, match="Another process is training in"), RunFolder(folder.path).lock():
            tried.append("locked twice")

    monkeypatch.setattr(training, "_train", train)
    monkeypatch.setattr(training, "draw_curves", draw)
    training.train(prepared(), folder, resume=resume)
    assert tried == ["refused"]
    with RunFolder(folder.path).lock():
        assert folder.experiment.read_text().endswith('type = "ann"\n')


@pytest.mark.skipif(os.name == "nt", reason="a folder cannot be opened there")
def test_a_lock_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch, folder: RunFolder) -> None:
    folder.create()
    opened: list[int] = []
    own = os.open
    monkeypatch.setattr(os, "open", lambda *words, **how: opened.append(own(*words, **how)) or opened[-1])
    with folder.lock(), pytest.raises(ConfigError, match="Another process"), folder.lock():
        pass
    monkeypatch.undo()
    assert len(set(opened)) == 2
    for descriptor in opened:
        with pytest.raises(OSError, match="descriptor"):
            os.fstat(descriptor)


def test_pictures_are_drawn_of_a_finished_run_alone(monkeypatch: pytest.MonkeyPatch, folder: RunFolder) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(training, "_train", lambda *words: {"test": None})
    monkeypatch.setattr(training, "draw_curves", lambda folder, summary, note: drawn.append((folder, summary)))
    assert training.train(prepared(), folder) == {"test": None} and drawn == [(folder, {"test": None})]
    assert training.train(prepared(), folder, pictures=False) == {"test": None} and len(drawn) == 1
    assert not folder.path.exists()


@pytest.mark.parametrize(("had", "planned", "refused"), [(5, 5, False), (6, 5, True), (4, 5, False)])
def test_a_run_goes_on_where_it_stands(
    monkeypatch: pytest.MonkeyPatch, folder: RunFolder, had: int, planned: int, refused: bool
) -> None:
    of, notes = prepared(planned=planned), list[str]()
    recorder: Any = SimpleNamespace(data={"training": "a", "test": "b"}, data_before=None)
    training._go_on(of, folder, recorder, notes.append)
    begins = f"The run in {folder.path} was ended before its first checkpoint: it begins anew, with the same settings."
    assert notes == [begins] and of.trainer.epochs == 0
    folder.create()
    folder.checkpoint.touch()

    def restore(trainer: Any, path: Path) -> None:
        assert path == folder.checkpoint
        trainer.epochs = had
        recorder.data_before = before

    monkeypatch.setattr(training, "restore_checkpoint", restore)
    before: Any = {"training": "a", "test": "b", "more": "c"}
    if refused:
        with pytest.raises(ConfigError, match=r"has had 6 epochs, and train\.epochs = 5\. Give the same number"):
            training._go_on(of, folder, recorder, notes.append)
        return
    training._go_on(of, folder, recorder, notes.append)
    assert len(notes) == 1
    for other, named in (({"training": "x", "test": "b"}, "training"), (None, "training and its test")):
        before = other
        with pytest.raises(DataError, match=f"cannot be continued with other data: its {named} data have changed"):
            training._go_on(of, folder, recorder, notes.append)


@pytest.mark.parametrize("signal", [None, SIGINT])
@pytest.mark.parametrize("steps", [0, 3])
def test_what_is_left_of_a_training(
    monkeypatch: pytest.MonkeyPatch, folder: RunFolder, signal: Any, steps: int
) -> None:
    """Its model always; figures of the test data and a summary where it has come to its end."""
    of, notes, did = prepared(), list[str](), list[Any]()
    of.trainer.model, of.trainer.evaluate = "model", lambda splits: {"loss": len(splits.train)}
    checkpoint: Any = SimpleNamespace()
    monkeypatch.setattr(training, "StopOnSignal", lambda: SimpleNamespace(received=signal))
    monkeypatch.setattr(training, "Checkpoint", lambda path, *, seconds: did.append((path, seconds)) or checkpoint)  # type: ignore[func-returns-value]
    monkeypatch.setattr(training, "_fit", lambda *words: did.append(words))
    monkeypatch.setattr(training, "_go_on", lambda *words: did.append("on"))
    monkeypatch.setattr(training, "save", lambda model, path: did.append((model, path)))
    monkeypatch.setattr(training, "summary_of", lambda of, test, seconds: {"test": test, "training_seconds": seconds})
    recorder: Any = SimpleNamespace(seconds=1.5)
    folder.create()
    outcome = training._train(of, folder, recorder, steps > 0, False, notes.append)
    assert outcome == (SIGINT if signal else {"test": {"loss": 4}, "training_seconds": 1.5})
    assert folder.summary.exists() == (signal is None) and of.trainer.directory == folder.path
    assert did == [
        (folder.checkpoint, 2.5),
        *(["on"] if steps else []),
        (of, False, notes.append),
        ("model", folder.model),
    ]
    assert of.trainer.callbacks[0] is recorder and of.trainer.callbacks[2] is checkpoint

    def fails(*words: Any) -> None:
        of.trainer.steps = steps
        raise ZeroDivisionError

    monkeypatch.setattr(training, "_fit", fails)
    monkeypatch.setattr(training, "_saved", lambda folder: "It is saved.")
    with pytest.raises(ZeroDivisionError):
        training._train(of, folder, recorder, False, False, notes.append)
    assert notes == (["It is saved."] if steps else [])
