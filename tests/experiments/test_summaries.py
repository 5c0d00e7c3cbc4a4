"""What a run says of itself in the end, and what is read of it; which file is read by whom."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import ConfigError, DataError
from pellucid.interfaces.samples import Split
from pellucid.workbench.experiments import file_reading, summary, training
from pellucid.workbench.experiments.experiment import TrainSettings, check
from pellucid.workbench.experiments.file_reading import file_reader, reader_named_by, told_of_texts
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.experiments.sections import choose, is_table
from pellucid.workbench.experiments.summary import summary_of

IRIS: dict[str, Any] = {"data": "iris", "model": "ann"}


def prepared(choice: Any = None, *, epochs: int = 3) -> Any:
    """A training of three epochs, ended by a callback that has chosen one, if any."""
    x = np.zeros((6, 2))
    callbacks = [SimpleNamespace(choice=lambda trainer: None), SimpleNamespace(choice=lambda trainer: choice)]
    history = [{"epoch": n, "loss": n / 4, "accuracy": 0.5, "validation_loss": n / 8} for n in range(1, epochs + 1)]
    parameters = [SimpleNamespace(data=np.zeros(shape)) for shape in ((3, 4), (4,))]
    trainer = SimpleNamespace(
        callbacks=callbacks, history=history, epochs=epochs, steps=12, seed=7,
        model=SimpleNamespace(parameters=lambda: parameters),
        runtime=SimpleNamespace(ops=SimpleNamespace(name="reference"), dtype=np.dtype("float64")),
    )  # fmt: skip
    parts = SimpleNamespace(train=Split(x), validation=Split(x[:2]), test=Split(x[:1]))
    resolved = {"model": {"type": "ann/ann"}, "data": {"type": "core/iris"}}
    return SimpleNamespace(trainer=trainer, splits=parts, resolved=resolved)


@pytest.mark.parametrize(
    ("choice", "epoch", "by"), [(None, 3, None), ((2, "validation_loss"), 2, "validation_loss"), ((1, "x"), 1, "x")]
)
def test_the_summary_is_of_the_epoch_that_was_chosen(
    monkeypatch: pytest.MonkeyPatch, choice: Any, epoch: int, by: str | None
) -> None:
    monkeypatch.setattr(
        summary, "model_document", lambda model: {"pellucid": "9.9", "plugins": {"ann": "pellucid-ann 1.2"}}
    )
    monkeypatch.setattr(summary, "get_num_threads", lambda: 5)
    found = summary_of(prepared(choice), {"loss": 0.125}, 1.23456)
    assert (found["best_epoch"], found["chosen_by"]) == (epoch, by)
    assert (found["epochs"], found["steps"], found["seed"]) == (3, 12, 7)
    assert found["train"] == {"loss": epoch / 4} and found["validation"] == {"loss": epoch / 8}
    assert found["test"] == {"loss": 0.125} and found["training_seconds"] == 1.235 and found["parameters"] == 16
    assert found["samples"] == {"train": 6, "validation": 2, "test": 1}
    assert (found["model"], found["data"]) == ("ann/ann", "core/iris")
    assert found["versions"]["pellucid"] == "9.9" and found["versions"]["pellucid-ann"] == "1.2"
    assert found["versions"]["numpy"] == np.__version__ and "python" in found["versions"]
    machine = [found["machine"][name] for name in ("threads", "backend", "dtype")]
    assert machine == [5, "reference", "float64"]
    assert found["machine"]["cores"] >= 1 and json.loads(json.dumps(found)) == found


def test_the_name_of_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[Any] = ["vendor: x\nmodel name\t: Best One\nmodel name : Other\n", "nothing: here\n", OSError("none")]

    def text(self: Path, **how: Any) -> str:
        found = texts.pop(0)
        if isinstance(found, OSError):
            raise found
        return str(found)

    monkeypatch.setattr(Path, "read_text", text)
    monkeypatch.setattr("platform.processor", lambda: "plain")
    assert [summary._processor() for _ in range(3)] == ["Best One", "plain", "plain"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "cannot be read: "), (b"[" * 100_000, "cannot be read: "),
        (b"[]", "must hold a JSON object. Received: a list."),
        (b'{"test": 3}', "'test' must hold figures by name, or null. Received: 3."),
        (b'{"train": []}', "'train' must hold figures"), (b'{"validation": "x"}', "'validation' must hold figures"),
        (b" " * ((1 << 20) + 1), "is longer than 1,048,576 bytes, which no run writes"),
    ],
)  # fmt: skip
def test_a_summary_that_is_none(tmp_path: Path, content: bytes, said: str) -> None:
    folder = RunFolder(tmp_path)
    with pytest.raises(DataError, match=r"its run has not come to its end: summary\.json is missing"):
        folder.read_summary()
    folder.summary.write_bytes(content)
    with pytest.raises(DataError) as error:
        folder.read_summary()
    assert said in str(error.value)
    folder.summary.write_bytes(b'{"test": null, "train": {}}' + b" " * ((1 << 20) - 27))
    assert folder.read_summary() == {"test": None, "train": {}}
    with pytest.raises(DataError, match=r"summary\.json is a file\. Expected: the folder of a finished run"):
        RunFolder(folder.summary).read_summary()
    (tmp_path / "sweep.toml").touch()
    folder.summary.unlink()
    with pytest.raises(DataError, match="is the folder of a sweep, and no run"):
        folder.read_summary()


# -- files -----------------------------------------------------------------------------------------------------------


def test_a_model_names_who_reads_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"net": SimpleNamespace(reads={".txt": "text"}), "plain": SimpleNamespace()}

    def find(kinds: Any, name: str) -> Any:
        if name not in known:
            raise ConfigError("unknown")
        return known[name]

    monkeypatch.setattr(file_reading, "default_registry", lambda: SimpleNamespace(find=find, load=lambda entry: entry))
    for model, name, expected in [
        ("net", "a.TXT", "text"), ({"type": "net"}, "a.txt", "text"), ("net", "a.csv", None), ("plain", "a.txt", None),
        ("none", "a.txt", None), ("net", None, None), (None, "a.txt", None), ({}, "a.txt", None),
        ({"type": 3}, "a.txt", None),
    ]:  # fmt: skip
        assert reader_named_by(model, name) == expected
    chosen: dict[str, Any] = {}
    choose(chosen, "data", "a.txt", "text")
    assert chosen == {"data": {"type": "text", "train": "a.txt"}}


def test_a_table_that_may_be_a_text_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_reading, "_who_learns_from_texts", lambda: "a model learns from it")
    for name, told in (("a.txt", True), ("a.TXT", True), ("a.csv", False), (None, False), ("txt", False)):
        with pytest.raises(DataError) as error, told_of_texts(name):
            raise DataError("No table.")
        assert str(error.value) == "No table." + " If it is running text, a model learns from it." * told


def test_arrays_need_no_reader() -> None:
    class Reads:
        target_names = ("y",)

        def read_file(self, path: Path, target: str | None = None, *, targets: bool = True) -> Any: ...

    def model(*transforms: Any) -> Any:
        return SimpleNamespace(runtime=SimpleNamespace(transforms=list(transforms)))

    reads = Reads()
    for path in ("a.npy", "a.NPZ"):
        assert file_reader(model(reads), Path(path)) is None
    assert file_reader(model(reads), Path("a.csv")) is reads
    assert file_reader(model(object(), reads), Path("a.csv")) is None and file_reader(model(), Path("a.csv")) is None


def test_tables_by_their_ending() -> None:
    for name in ("a.csv", "a.CSV", "a.tsv.gz", "b/a.parquet", "a.Txt"):
        assert is_table(name)
    for name in ("a.npz", "csv", "a.gz", "a.csv.zip"):
        assert not is_table(name)


# -- settings --------------------------------------------------------------------------------------------------------


def test_an_experiment_that_says_little() -> None:
    found = check({"data": "iris", "model": "ann"})
    assert found.settings == TrainSettings() and found.open is None and found.data_seed is None
    assert type(found.optimizer).__name__ == "Adam"
    assert (found.loss, found.schedule, found.sampler) == (
        None,
        None,
        None,
    )
    assert found.inferred == ("outputs", "task") and found.model == {"type": "ann"}
    assert check({"data": "iris", "model": {"type": "ann", "outputs": 3}, "loss": "mse"}).inferred == ()
    assert check({"data": "iris", "model": "ann", "loss": "mse"}).inferred == ("outputs",)
    named = check({"data": "iris", "model": {"type": "ann", "task": "regression"}, "optimizer": {"lr": 0.5}})
    assert named.inferred == ("outputs",) and named.optimizer.lr == 0.5
    assert check({"data": "iris", "model": "ann", "optimizer": "sgd"}).optimizer.lr == pl.create("optimizer", "sgd").lr
    for sections, said in [
        ({"data": "iris"}, "model: missing. It names the model"),
        ({"model": "ann"}, "data: missing. It names the data"),
        (IRIS | {"sweep": {}}, "sweep: makes many runs of an experiment"),
        (IRIS | {"dat": {}}, "dat: an experiment has no such section. Did you mean 'data'?"),
    ]:  # fmt: skip
        with pytest.raises(ConfigError) as error:
            check(sections)
        assert said in str(error.value)


@pytest.mark.parametrize(
    ("steps", "note"),
    [(3, "The run is saved up to step 3: "), (None, "The run is not saved: ")],
)
def test_how_far_a_run_that_fails_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int | None, note: str
) -> None:
    folder = RunFolder(tmp_path)
    if steps is not None:
        document = {"progress": {"steps": steps}}
        monkeypatch.setattr(training, "read_header", lambda path, kind: SimpleNamespace(document=document))
    said = training._saved(folder)
    assert said.startswith(note) and ("pellucid train --resume --out" in said) == (steps is not None)


def test_the_last_checkpoint_may_fail_and_no_other() -> None:
    def fit(data: Any, **how: Any) -> None:
        asked.append(how)
        trainer.epochs = reached
        raise pl.CheckpointError("The disk is full.")

    asked, notes = list[Any](), list[str]()
    trainer: Any = SimpleNamespace(epochs=2, fit=fit)
    settings = SimpleNamespace(epochs=5, batch_size=16)
    each: Any = SimpleNamespace(trainer=trainer, settings=settings, splits="data")
    reached = 5
    training._fit(each, False, notes.append)
    assert asked == [{"epochs": 3, "batch_size": 16, "verbose": False}]
    assert notes == ["The disk is full. The run has come to its end all the same."]
    reached = 4
    with pytest.raises(pl.CheckpointError, match="full"):
        training._fit(each, False, notes.append)
