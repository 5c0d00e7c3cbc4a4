"""What a finished run takes its data from: its own, another data set, a file, a folder; by which names and seeds."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import ConfigError, DataError
from pellucid.interfaces.dataset import Splits
from pellucid.interfaces.samples import Split
from pellucid.workbench.experiments import finished
from pellucid.workbench.experiments.finished import FinishedRun, open_run

X = np.arange(8.0).reshape(4, 2)
Y = np.array([0, 1, 0, 1])


class Data:
    """A data set that keeps with which seed it was split."""

    def __init__(self) -> None:
        self.seeds: list[int] = []

    def splits(self, seed: int = 0) -> Splits:
        self.seeds.append(seed)
        return Splits(Split(X, Y), Split(X[:1], Y[:1]), Split(X[:0], Y[:0]))


@pytest.fixture
def model() -> Any:
    return pl.build("ann", input_shape=(2,), hidden=[2], outputs=2, seed=0)


def run(model: Any, sections: dict[str, Any] | None = None, path: str = "run") -> FinishedRun[Any]:
    return FinishedRun(Path(path), model, {} if sections is None else sections)


@pytest.mark.parametrize(
    ("sections", "data", "config", "seed"),
    [
        ({"data": {"type": "iris", "a": 1}, "train": {"seed": 7}}, None, {"type": "iris", "a": 1}, 7),
        ({"data": {"type": "iris", "seed": 0}, "train": {"seed": 7}}, None, {"type": "iris"}, 0),
        ({"data": {"type": "iris"}}, None, {"type": "iris"}, 0),
        ({"data": {"seed": 5}, "train": {"seed": 7}}, "digits", "digits", 7),
        ({}, "digits", "digits", 0),
    ],
)  # fmt: skip
def test_the_data_of_a_run_is_split_as_it_was(
    monkeypatch: pytest.MonkeyPatch, model: Any, sections: dict[str, Any], data: Any, config: Any, seed: int
) -> None:
    own, asked = Data(), list[Any]()

    def read(kind: str, given: Any, **how: Any) -> Any:
        asked.append((kind, given))
        return own

    monkeypatch.setattr(finished, "read", read)
    monkeypatch.setattr(FinishedRun, "_named", lambda self, split, where: (split, where))
    found, where = run(model, sections).unread(data, "train")  # type: ignore[misc]
    assert asked == [("dataset", config)] and own.seeds == [seed] and where == "the train data"
    np.testing.assert_array_equal(found.x, X)
    with pytest.raises(DataError, match=r"run: its data has no test part\. It has: train, validation\. Choose one"):
        run(model, sections).unread(data)
    assert "seed" not in sections or sections["data"]["seed"] is not None


def test_without_data_it_is_asked_which(model: Any, tmp_path: Path) -> None:
    for path, why in (
        (tmp_path, "names no data in its experiment.toml"),
        (tmp_path / "m.safetensors", "is a file, which"),
    ):
        with pytest.raises(ConfigError) as error:
            run(model, path=str(path)).unread()
        assert why in str(error.value) and "Say which: --data iris, or --data FILE." in str(error.value)


def test_metrics_and_seed_are_those_of_the_run(model: Any) -> None:
    trainer = run(model, {"train": {"metrics": ["f1"], "seed": 3}}).trainer()
    assert trainer.seed == 3 and [type(metric) for metric in trainer.metrics] == [pl.F1]
    plain = run(model).trainer()
    assert plain.seed == 0 and run(model, {"train": {"metrics": []}}).trainer().metrics == []
    assert run(model, {"data": {"target": "price"}}).target == "price" and run(model).target is None


@pytest.mark.parametrize(
    ("classify", "known", "y", "expected"),
    [
        (None, None, "int", True), (None, None, "float", False), (None, ("a", "b"), "float", True),
        (False, ("a", "b"), "int", False), (True, None, "float", True),
    ],
)  # fmt: skip
def test_whether_a_column_of_a_file_holds_labels(
    monkeypatch: pytest.MonkeyPatch, model: Any, tmp_path: Path, classify: Any, known: Any, y: str, expected: bool
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(
        finished, "labelled", lambda table, classes, are_labels, where: asked.append((classes, are_labels))
    )
    monkeypatch.setattr(finished, "labels_count", lambda model, objective: 2 if known else None)
    model.runtime.classes = known
    values = ["0", "1", "1"] if y == "int" else ["0.5", "1.5", "0.25"]
    (tmp_path / "a.csv").write_text("u,v,y\n" + "".join(f"1,2,{value}\n" for value in values))
    sections = {"data": {"target": "y"} | ({} if classify is None else {"classify": classify})}
    run(model, sections)._table(tmp_path / "a.csv", None, True)
    assert asked == [(known, expected)]


@pytest.mark.parametrize(
    ("target", "needed", "asked"), [(None, False, False), (None, True, True), ("y", False, True), ("y", True, True)]
)
def test_a_column_that_is_named_or_needed_must_be_there(
    monkeypatch: pytest.MonkeyPatch, model: Any, target: str | None, needed: bool, asked: bool
) -> None:
    told: list[Any] = []

    def read(self: Any, path: Path, target: Any, *, must_have_target: bool) -> Any:
        told.append((path, target, must_have_target))
        return SimpleNamespace(x=X, y=None, features=("u", "v"))

    monkeypatch.setattr(FinishedRun, "read_samples", read)
    found = run(model)._table(Path("a.csv"), target, needed)
    assert told == [(Path("a.csv"), target, asked)] and found.features == ("u", "v") and found.y is None


def test_a_file_without_targets(model: Any, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=X.astype(np.float32))
    path = str(tmp_path / "x.npz")
    found = run(model).samples(path)
    assert found.y is None and len(found) == 4
    with pytest.raises(DataError, match="has no targets, so there is nothing to compare with"):
        run(model).samples(path, must_have_target=True)
    assert FinishedRun.is_file(path) and not FinishedRun.is_file("iris") and not FinishedRun.is_file(None)


def test_what_is_read_when_it_is_asked_for_is_read_and_named(monkeypatch: pytest.MonkeyPatch, model: Any) -> None:
    asked: list[Any] = []

    class Late:
        def __len__(self) -> int:
            return 3

        def take(self, rows: Any) -> Split:
            return Split(X[rows], Y[rows])

    monkeypatch.setattr(FinishedRun, "_named", lambda self, split, where: asked.append((split.x.tolist(), where)))
    monkeypatch.setattr(FinishedRun, "unread", lambda self, *words, **how: asked.append((words, how)) or Late())
    run(model).samples("iris", "train", "y", must_have_target=True)
    assert asked == [(("iris", "train", "y"), {"must_have_target": True}), (X[:3].tolist(), "the train data")]


def test_images_of_a_folder_come_in_the_form_of_the_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[Any] = []
    images = Splits(Split(np.zeros((3, 2, 2, 1)), np.array([0, 1, 0]), ("a", "b")), Split(X[:0]), Split(X[:0]))

    def read(kind: str, config: Any, **how: Any) -> Any:
        asked.append(config)
        return SimpleNamespace(splits=lambda: images)

    monkeypatch.setattr(finished, "read", read)
    monkeypatch.setattr(FinishedRun, "_named", lambda self, split, where: split)
    whole = {"type": "image_folder", "train": str(tmp_path), "validation": 0, "test": 0}
    for photos, form, shape in [
        (None, {}, (3, 2, 2, 1)), ({"rule": "ink", "size": 2, "fit": "pad"}, {"size": 2, "fit": "pad"}, (3, 2, 2, 1)),
        ({"size": [2, 2], "channels": 1, "flat": True}, {"size": [2, 2], "channels": 1}, (3, 4)),
    ]:  # fmt: skip
        model = SimpleNamespace(runtime=SimpleNamespace(metadata={} if photos is None else {"photos": photos}))
        found: Any = run(model).unread(str(tmp_path))
        assert asked.pop() == whole | form and found.x.shape == shape and found.classes == ("a", "b")


def test_what_is_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: Any) -> None:
    pl.save(model, tmp_path / "model.safetensors")
    threads: list[int] = []
    monkeypatch.setattr(finished, "set_num_threads", threads.append)
    monkeypatch.delenv("PELLUCID_BACKEND", raising=False)
    alone = open_run(tmp_path / "model.safetensors")
    assert alone.sections == {} and not threads
    (tmp_path / "experiment.toml").write_text('[train]\nthreads = 3\nbackend = "reference"\n')
    opened = open_run(str(tmp_path))
    assert opened.path == tmp_path and threads == [3]
    assert opened.model.runtime is not None and opened.model.runtime.ops.name == "reference"
    assert opened.sections == {"train": {"threads": 3, "backend": "reference"}}
    for variable, asked, used in (
        ("", "cython", "cython"), ("cython", None, "cython"), ("cython", "reference", "reference"),
        ("", None, "reference"),
    ):  # fmt: skip
        monkeypatch.setenv("PELLUCID_BACKEND", variable)
        found: Any = open_run(tmp_path, asked)
        assert found.model.runtime.ops.name == used
    monkeypatch.delenv("PELLUCID_BACKEND")
    (tmp_path / "experiment.toml").write_text("train = 3\n")
    with pytest.raises(ConfigError, match="train must be a table, as a run writes it"):
        open_run(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(DataError, match=r"model\.safetensors is missing"):
        open_run(tmp_path)
    with pytest.raises(DataError, match=r"none does not exist\. Give a run folder"):
        open_run(tmp_path / "none")
