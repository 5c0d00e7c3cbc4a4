"""Event files: what was written is read again, with the library's own messages and checksums."""

from __future__ import annotations

import builtins
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.standard.callbacks.event_files import EventFile
from pellucid.workbench.experiments.opened import trace_of_run

from tests.experiments.support import Shell

tensorboardx = pytest.importorskip("tensorboardX", reason='the extra: pip install "pellucid[tensorboard]"')

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
Y = np.arange(40) % 2


def trainer(path: Path | None, **settings: Any) -> pl.Trainer:
    model = pl.build("dense", units=2, input_shape=(3,), seed=0)
    callback = {"type": "tensorboard", **({} if path is None else {"path": str(path)}), **settings}
    return pl.Trainer(
        model, loss="softmax_cross_entropy", optimizer="adam", schedule="cosine", metrics=["accuracy"],
        callbacks=[callback], seed=0,
    )  # fmt: skip


def fit(trainer: pl.Trainer, epochs: int) -> None:
    trainer.fit((X, Y), epochs=epochs, batch_size=10, validation=(X, Y), verbose=False)


def events(file: Path) -> Iterator[Any]:
    """The records of one file: length, its checksum, bytes, theirs."""
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.record_writer import masked_crc32c

    data = file.read_bytes()
    while data:
        (length,), (header,) = struct.unpack("<Q", data[:8]), struct.unpack("<I", data[8:12])
        body, (found,) = data[12 : 12 + length], struct.unpack("<I", data[12 + length : 16 + length])
        assert header == masked_crc32c(data[:8]) and found == masked_crc32c(body)
        yield Event.FromString(body)
        data = data[16 + length :]


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    read: dict[str, list[tuple[int, float]]] = {}
    for file in sorted(folder.iterdir()):
        for event in events(file):
            for value in event.summary.value:
                if value.HasField("simple_value"):
                    read.setdefault(value.tag, []).append((event.step, value.simple_value))
    return read


def test_figures_of_epochs_and_steps_are_those_of_the_history(tmp_path: Path) -> None:
    training = trainer(tmp_path, every=2)
    losses: list[float] = []
    training.callbacks.insert(0, Losses(losses))
    fit(training, 3)
    read = scalars(tmp_path)
    names = {
        "loss/training": "loss",
        "loss/validation": "validation_loss",
        "accuracy/validation": "validation_accuracy",
    }
    for tag, name in names.items():
        assert read[tag] == [(4 * k + 4, np.float32(v)) for k, v in enumerate(training.history[name])]
    assert [step for step, _ in read["step/loss"]] == [2, 4, 6, 8, 10, 12]
    assert [value for _, value in read["step/loss"]] == [np.float32(loss) for loss in losses[1::2]]
    rates = [1e-3 * training.schedule(step - 1, 12) for step in (4, 8, 12)]
    assert read["learning_rate"] == [(4 * k + 4, np.float32(rate)) for k, rate in enumerate(rates)]
    assert set(read) == {*names, "step/loss", "step/learning_rate", "learning_rate"}


class Losses(pl.Callback):
    def __init__(self, seen: list[float]) -> None:
        self.seen = seen

    def on_run_start(self, run: pl.Run) -> None:
        run.on_step(lambda run: self.seen.append(run.loss))


def test_histograms_count_every_number_and_the_run_is_told_as_a_text(tmp_path: Path) -> None:
    training = trainer(tmp_path, histograms=2)
    fit(training, 4)
    (file,) = tmp_path.iterdir()
    read = [(event.step, value) for event in events(file) for value in event.summary.value]
    weights = [(step, value.histo) for step, value in read if value.tag == "weight"]
    assert [step for step, _ in weights] == [8, 16] and all(sum(histo.bucket) == 6 for _, histo in weights)
    assert np.isclose(weights[-1][1].sum, training.model.weight.data.sum())
    (text,) = [value.tensor.string_val[0].decode() for _, value in read if value.tag == "experiment/text_summary"]
    told = json.loads(text)
    assert told["optimizer"]["type"] == "core/adam" and told["settings"]["seed"] == 0
    assert told["settings"]["batch_size"] == 10 and told["settings"]["parameters"] == 8


def test_what_is_not_finite_is_left_out_of_a_histogram(tmp_path: Path) -> None:
    training = trainer(tmp_path, histograms=1)
    training.callbacks.insert(0, Spoils())
    fit(training, 1)
    (file,) = tmp_path.iterdir()
    read = {value.tag: value.histo for event in events(file) for value in event.summary.value}
    assert sum(read["weight"].bucket) == 5 and "bias" not in read


class Spoils(pl.Callback):
    def on_epoch_end(self, run: pl.Run) -> None:
        run.model.weight.data[0, 0] = np.nan
        run.model.bias.data[:] = np.inf


def test_a_run_that_goes_on_says_from_which_step(tmp_path: Path) -> None:
    """What a killed run wrote behind its checkpoint counts no more. Two files of one second are two."""
    training = trainer(tmp_path)
    fit(training, 1)
    fit(training, 1)
    first, second = sorted(tmp_path.iterdir())
    assert not [event for event in events(first) if event.HasField("session_log")]
    begun = [event for event in events(second) if event.HasField("session_log")]
    assert [(event.step, event.session_log.status) for event in begun] == [(5, 1)]  # 1 is START
    assert [step for step, _ in scalars(tmp_path)["loss/training"]] == [4, 8]


def test_in_a_run_folder_it_has_a_place_of_its_own_and_a_step_opened_again_writes_nothing(pellucid: Shell) -> None:
    Path("iris.toml").write_text(Path("iris.toml").read_text() + 'callbacks = ["best_epoch", "tensorboard"]\n')
    pellucid("train", "iris.toml", "--out", "run", "--quiet")
    epochs = [json.loads(line) for line in Path("run/metrics.jsonl").read_text().splitlines()]
    read = scalars(Path("run/tensorboard"))
    assert read["accuracy/validation"] == [(e["step"], np.float32(e["validation_accuracy"])) for e in epochs]
    before = sorted(Path("run").rglob("*"))
    trace_of_run(Path("run"), step=3)
    assert sorted(Path("run").rglob("*")) == before


def test_without_a_folder_or_the_library_it_says_so_before_the_first_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    with pytest.raises(pl.ConfigError, match="needs a folder"):
        fit(trainer(None), 1)
    real = builtins.__import__

    def missing(name: str, *given: Any, **named: Any) -> Any:
        if name.partition(".")[0] == "tensorboardX":
            raise ImportError(name)
        return real(name, *given, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    training = trainer(tmp_path)
    with pytest.raises(pl.ConfigError, match=r'pip install "pellucid\[tensorboard\]"'):
        fit(training, 1)
    assert training.steps == 0


@pytest.mark.parametrize("fails", ["__init__", "scalar", "flush"])
def test_a_full_disk_ends_the_files_and_not_the_run(
    fails: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    def full(*given: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(EventFile, fails, full)
    training = trainer(tmp_path)
    with pytest.warns(pl.PellucidWarning, match="event files cannot be written: .*No space left") as told:
        fit(training, 2)
    assert training.epochs == 2 and len(told) == 1
