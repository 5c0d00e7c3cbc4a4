"""evaluate, predict and compare: figures that agree with the run, tables, JSON and files."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import DataError
from pellucid.workbench.experiments.finished import open_run

from tests.experiments.support import Shell

SAMPLES = "sepal length,sepal width,petal length,petal width\n5.1,3.5,1.4,0.2\n6.3,3.3,6.0,2.5\n"


@pytest.fixture
def run(pellucid: Shell) -> dict:
    Path("flowers.csv").write_text(SAMPLES)
    summary: dict = pellucid.json("train", "iris.toml", "--out", "run", "--quiet", "--set", "train.epochs=30")
    return summary


# -- evaluate --------------------------------------------------------------------------------------------------------


def test_evaluate_gives_the_figures_of_the_summary(pellucid: Shell, run: dict) -> None:
    told = pellucid.json("evaluate", "run")
    assert {name: told[name] for name in run["test"]} == run["test"]
    validation = pellucid.json("evaluate", "run", "--split", "validation")
    assert {name: validation[name] for name in run["validation"]} == run["validation"]
    assert f"accuracy  {run['test']['accuracy']:.4f}" in pellucid("evaluate", "run")


def test_evaluate_on_another_data_set_and_on_a_file(pellucid: Shell, run: dict) -> None:
    test = pl.load_dataset("iris", seed=0).test
    assert pellucid.json("evaluate", "run", "--data", "iris")["accuracy"] == run["test"]["accuracy"]

    np.savez("test.npz", x=test.x, y=test.y)
    told = pellucid.json("evaluate", "run", "--data", "test.npz")
    assert {name: told[name] for name in run["test"]} == run["test"]

    names = np.array(test.classes)[test.y]
    lines = [",".join([*map(repr, map(float, row)), name]) for row, name in zip(test.x, names, strict=True)]
    Path("test.csv").write_text("a,b,c,d,species\n" + "\n".join(lines))
    told = pellucid.json("evaluate", "run", "--data", "test.csv", "--target", "species")
    assert told["accuracy"] == run["test"]["accuracy"]


def test_evaluate_a_model_file(pellucid: Shell, run: dict) -> None:
    told = pellucid.json("evaluate", "run/model.safetensors", "--data", "iris")
    assert told["accuracy"] == run["test"]["accuracy"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "nowhere does not exist. Give a run folder"),
        (["run/model.safetensors"], "knows nothing of data. Say which: --data iris"),
        (["run", "--data", "irs"], "Unknown dataset 'irs'. Did you mean 'iris'"),
        (["run", "--data", "missing.npz"], "Cannot read missing.npz: No such file"),
        (["run", "--data", "flowers.csv"], "has no targets, so there is nothing to compare with"),
        (["run", "--data", "flowers.csv", "--target", "specie"], "has no column 'specie' for the targets"),
        (["run", "--data", "half_moons"], "unknown class 'upper'. The classes of the training data are: setosa"),
        (["iris.toml"], "not a safetensors file"),
        (["run", "--data", "some.npz", "--split", "validation"], "the file some.npz is taken whole"),
        (["run", "--backend", "fast"], "Unknown backend 'fast'"),
        (["empty"], "empty is no run folder, or its run has not come to its end"),
    ],
)
def test_evaluate_refuses(pellucid: Shell, run: dict, words: list[str], message: str) -> None:
    Path("empty").mkdir()
    assert message in pellucid.refused("evaluate", *words)


# -- predict ---------------------------------------------------------------------------------------------------------


def test_predict_names_classes_and_probabilities(pellucid: Shell, run: dict) -> None:
    lines = pellucid("predict", "run", "flowers.csv").splitlines()
    assert lines[0].split() == ["row", "class", "probability"]
    assert [line.split()[1] for line in lines[1:]] == ["setosa", "virginica"]

    told = pellucid.json("predict", "run", "flowers.csv", "--probabilities")
    model = pl.load("run/model.safetensors")
    logits = model.predict(np.array([[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]])).astype(float)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert [list(sample["probabilities"]) for sample in told] == [["setosa", "versicolor", "virginica"]] * 2
    np.testing.assert_allclose([list(sample["probabilities"].values()) for sample in told], expected, rtol=1e-5)
    assert told[1]["probability"] == max(told[1]["probabilities"].values())


def test_a_class_without_a_name_is_a_text_all_the_same(pellucid: Shell) -> None:
    """A program that reads the JSON finds one type."""
    x = np.array([[-1.0], [1.0]] * 16)
    model = pl.build("dense", units=2, input_shape=(1,), seed=0)
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", optimizer={"type": "sgd", "lr": 1.0}, seed=0)
    trainer.fit(x, (x[:, 0] > 0).astype(int), epochs=5, verbose=False)
    pl.save(model, "m.safetensors")
    np.savez("some.npz", x=x[:2])
    told = pellucid.json("predict", "m.safetensors", "some.npz", "--probabilities")
    assert [sample["class"] for sample in told] == ["0", "1"]
    assert [[*sample["probabilities"]] for sample in told] == [["0", "1"]] * 2


def test_predict_several_files_of_all_kinds(pellucid: Shell, run: dict) -> None:
    x = np.array([[5.1, 3.5, 1.4, 0.2]])
    np.save("one.npy", x)
    np.savez("one.npz", x=x)
    told = pellucid.json("predict", "run", "flowers.csv", "one.npy", "one.npz")
    assert [(sample["file"], sample["row"]) for sample in told] == [
        ("flowers.csv", 0), ("flowers.csv", 1), ("one.npy", 0), ("one.npz", 0),
    ]  # fmt: skip
    assert told[0]["probability"] == told[2]["probability"] == told[3]["probability"]
    assert pellucid("predict", "run", "flowers.csv", "one.npy").splitlines()[0].split()[0] == "file"


@pytest.mark.parametrize("suffix", ["npz", "json", "csv"])
def test_predict_into_a_file(pellucid: Shell, run: dict, suffix: str) -> None:
    out = pellucid("predict", "run", "flowers.csv", "--probabilities", "--output", f"out.{suffix}")
    assert f"2 predictions written to out.{suffix}" in out
    told = pellucid.json("predict", "run", "flowers.csv", "--probabilities")
    if suffix == "json":
        assert json.loads(Path("out.json").read_text()) == told
    elif suffix == "csv":
        rows = list(csv.DictReader(Path("out.csv").read_text().splitlines()))
        assert [row["class"] for row in rows] == ["setosa", "virginica"]
        assert float(rows[0]["setosa"]) == told[0]["probabilities"]["setosa"]
    else:
        with np.load("out.npz") as arrays:
            assert arrays["classes"][arrays["labels"]].tolist() == ["setosa", "virginica"]
            assert arrays["outputs"].shape == arrays["probabilities"].shape == (2, 3)


def test_predict_leaves_out_the_column_of_the_targets(pellucid: Shell) -> None:
    rng = np.random.default_rng(0)
    lines = [f"{a:.3f},{'yes' if a + b > 0 else 'no'},{b:.3f}" for a, b in rng.normal(size=(80, 2))]
    Path("all.csv").write_text("a,answer,b\n" + "\n".join(lines))
    Path("new.csv").write_text("a,b\n3,3\n-3,-3\n")
    Path("f.toml").write_text(
        '[data]\ntype = "files"\ntrain = "all.csv"\ntarget = "answer"\n[model]\ntype = "logistic_regression"\n'
        '[optimizer]\ntype = "adam"\nlr = 0.1\n[train]\nepochs = 20\nseed = 0\n'
    )
    pellucid("train", "f.toml", "--out", "run", "--quiet")
    assert [s["class"] for s in pellucid.json("predict", "run", "new.csv")] == ["yes", "no"]
    assert len(pellucid.json("predict", "run", "all.csv")) == 80
    assert pellucid.json("evaluate", "run", "--data", "all.csv")["accuracy"] > 0.9


NAMED = """
[data]
type = "files"
train = "all.csv"
target = "c"

[model]
type = "logistic_regression"

[optimizer]
type = "adam"
lr = 0.1

[train]
epochs = 20
seed = 0
"""


@pytest.fixture
def named(pellucid: Shell) -> None:
    """A run on the columns a and b, of which only a matters; all.csv has them in order, turned.csv the other way."""
    rows = [(*pair, "yes" if pair[0] > 0 else "no") for pair in np.random.default_rng(0).normal(size=(80, 2))]
    Path("all.csv").write_text("a,b,c\n" + "\n".join(f"{a:.3f},{b:.3f},{c}" for a, b, c in rows))
    Path("turned.csv").write_text("b,c,a\n" + "\n".join(f"{b:.3f},{c},{a:.3f}" for a, b, c in rows))
    Path("named.toml").write_text(NAMED)
    pellucid("train", "named.toml", "--out", "run", "--quiet")


def test_columns_are_matched_by_their_names(pellucid: Shell, named: None) -> None:
    predicted = [pellucid.json("predict", "run", file) for file in ("all.csv", "turned.csv")]
    assert [s["probability"] for s in predicted[0]] == [s["probability"] for s in predicted[1]]
    figures = [pellucid.json("evaluate", "run", "--data", file) for file in ("all.csv", "turned.csv")]
    assert figures[0]["accuracy"] == figures[1]["accuracy"] > 0.8

    Path("plain.csv").write_text("3,-3\n-3,3\n")
    assert [s["class"] for s in pellucid.json("predict", "run", "plain.csv")] == ["yes", "no"]


def test_the_test_file_is_matched_by_names_too(pellucid: Shell, named: None) -> None:
    told = pellucid.json("train", "named.toml", "--out", "second", "--quiet", "--set", "data.test=turned.csv")
    assert told["test"]["accuracy"] > 0.8


def test_columns_of_other_names_are_refused(pellucid: Shell, named: None) -> None:
    Path("other.csv").write_text("a,d\n1,2\n")
    for words in (["predict", "run", "other.csv"], ["evaluate", "run", "--data", "other.csv", "--target", "d"]):
        message = pellucid.refused(*words)
        assert "its columns are not those of the training data. Expected: a, b. Received: a" in message
        assert "Missing: b" in message


@pytest.fixture
def model_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model of the columns a and b, of which only a matters, and of the classes 1, 2 and x: a < 0, a < 2, a ≥ 2."""
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).uniform(-2, 4, size=(90, 2)).astype(np.float32)
    model = pl.build("ann", input_shape=(2,), outputs=3, hidden=[16], seed=0)
    trainer = pl.Trainer(model, optimizer={"type": "adam", "lr": 0.1}, seed=0)
    trainer.fit(pl.Split(x, np.digitize(x[:, 0], [0, 2]), ("1", "2", "x"), ("a", "b")), epochs=40)
    pl.save(model, "m.safetensors")
    return Path("m.safetensors")


def samples_in(kind: str) -> str:
    """The same four samples, of the classes 2, 2, 1, 1, in a file."""
    a, b, names = [1, 1, -1, -1], [0, 3, 3, -3], ["2", "2", "1", "1"]
    x = np.stack([a, b], 1).astype(np.float32)
    arrays: dict[str, Any] = {
        "numbers.npz": {"y": np.array([1, 1, 0, 0])},
        "turned.npz": {"y": np.array([0, 0, 1, 1]), "classes": np.array(["2", "1"])},
        "texts.npz": {"y": np.array(names)},
    }
    if kind in arrays:
        np.savez(kind, x=x, **arrays[kind])
    else:
        Path(kind).write_text("y,b,a\n" + "".join(f"{name},{v},{u}\n" for u, v, name in zip(a, b, names, strict=True)))
    return kind


@pytest.mark.parametrize("kind", ["turned.csv", "numbers.npz", "turned.npz", "texts.npz"])
def test_files_of_all_kinds_mean_the_same_to_a_model(model_file: Path, kind: str) -> None:
    opened = open_run(model_file)
    data = opened.samples(samples_in(kind), target="y")
    assert data.y.tolist() == [1, 1, 0, 0] and data.classes == ("1", "2", "x")
    assert data.x.tolist() == [[1, 0], [1, 3], [-1, 3], [-1, -3]]
    assert opened.trainer().evaluate(data)["accuracy"] == opened.evaluate(kind, target="y")["accuracy"] == 1.0


def test_numbers_that_may_be_names_or_labels_are_refused(model_file: Path) -> None:
    np.savez("both.npz", x=np.zeros((2, 2), np.float32), y=np.array([1, 2]))
    with pytest.raises(DataError, match=r"both\.npz: the labels 1, 2 may be names"):
        open_run(model_file).samples("both.npz")


def test_a_data_set_means_the_same_to_a_model(model_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Turned(pl.Dataset):
        def load(self, rng: np.random.Generator) -> pl.Split:
            return pl.Split(np.array([[0.0, 1.0]] * 10), np.array([0] * 10), ("2", "1"), ("b", "a"))

    monkeypatch.setattr("pellucid.workbench.experiments.finished.read", lambda kind, *_, **__: Turned())
    monkeypatch.setattr("pellucid.workbench.experiments.finished.trained_objective", lambda _: None)
    data = open_run(model_file).samples("turned")
    assert data.x.tolist() == [[1, 0]] * 2 and data.y.tolist() == [1] * 2 and data.features == ("a", "b")


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_predict_refuses_what_is_not_finite(pellucid: Shell, run: dict, value: str) -> None:
    Path("hole.csv").write_text(f"1,2,3,4\n1,2,{value},4\n")
    np.save("hole.npy", np.array([[1, 2, 3, 4], [1, 2, float(value), 4]]))
    for file in ("hole.csv", "hole.npy"):
        assert f"x of {file} must be finite. Received: {value} in row 1, column 2" in pellucid.refused(
            "predict", "run", file
        )


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.full((2, 4), np.nan, np.float32), "x of bad.npz must be finite. Received: nan in row 0, column 0"),
        (np.zeros((0, 4), np.float32), "There are no samples in bad.npz"),
        (np.zeros((3, 4), np.float32), "must have one row for each sample. Received: 3 rows in x, 2 in y"),
    ],
)
def test_samples_with_labels_are_checked_too(run: dict, x: np.ndarray, message: str) -> None:
    np.savez("bad.npz", x=x, y=np.zeros(min(len(x), 2), np.int64))
    with pytest.raises(DataError, match=re.escape(message)):
        open_run(Path("run")).samples("bad.npz")


def test_predict_never_overwrites(pellucid: Shell, run: dict) -> None:
    Path("kept.json").write_text("precious")
    message = pellucid.refused("predict", "run", "flowers.csv", "--output", "kept.json")
    assert "kept.json exists already. Choose another name" in message
    assert Path("kept.json").read_text() == "precious"


def test_predict_with_one_logit_for_yes_and_no(pellucid: Shell) -> None:
    pellucid(
        "train", "--model", "ann", "--dataset", "half_moons", "--loss", "binary_cross_entropy", "--out", "run",
        "--quiet", "--set", "train.epochs=20", "--set", "optimizer.lr=0.02", "--set", "train.seed=0",
    )  # fmt: skip
    np.save("points.npy", np.array([[0.0, 1.0], [1.0, -0.5]], np.float32))
    told = pellucid.json("predict", "run", "points.npy", "--probabilities")
    assert [sample["class"] for sample in told] == ["upper", "lower"]
    assert all(abs(sum(sample["probabilities"].values()) - 1) < 1e-12 for sample in told)


def test_predict_numbers(pellucid: Shell) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 2)).astype(np.float32)
    np.savez("data.npz", x=x, y=np.stack([x.sum(1), x[:, 0]], 1))
    pellucid(
        "train", "--model", "ann", "--dataset", "files", "--out", "run", "--quiet", "--set", "data.train=data.npz",
        "--set", "model.task=regression", "--set", "train.epochs=1",
    )  # fmt: skip
    np.save("x.npy", x[:3])
    told = pellucid.json("predict", "run", "x.npy")
    model = pl.load("run/model.safetensors")
    assert [sample["outputs"] for sample in told] == model.predict(x[:3]).tolist()
    assert pellucid("predict", "run", "x.npy").splitlines()[0].split() == ["row", "output", "0", "output", "1"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "picture.png"], "takes samples of shape (4,), which are no pictures"),
        (["run", "sound.wav"], "samples are read from .csv, .npy, .npz files"),
        (["run", "none.csv"], "Cannot read none.csv: No such file"),
        (["run", "wide.csv"], "fitted on samples of shape (4,). Received: samples of shape (5,)"),
        (["run", "flowers.csv", "--target", "species"], "has no column 'species'"),
        (["run", "flowers.csv", "--output", "out.txt"], "--output must end in .npz, .json, .csv"),
        (["run", "flowers.csv", "--output", "no/out.csv"], "--output no/out.csv: there is no folder no. Make it first"),
        (["run"], "the following arguments are required: FILE"),
    ],
)
def test_predict_refuses(pellucid: Shell, run: dict, words: list[str], message: str) -> None:
    Path("wide.csv").write_text("1,2,3,4,5\n")
    assert message in pellucid.refused("predict", *words)


# -- compare ---------------------------------------------------------------------------------------------------------


def test_compare(pellucid: Shell, run: dict) -> None:
    other = pellucid.json(
        "train", "iris.toml", "--model", "logistic_regression", "--out", "b", "--quiet", "--set", "optimizer.lr=0.1"
    )
    text = pellucid("compare", "run", "b")
    head, first, second = text.splitlines()[:3]
    assert head.split("  ")[0] == "run" and "test accuracy" in head and "best epoch" in head
    assert f"{run['test']['accuracy']:.4f}" in first and f"{other['test']['accuracy']:.4f}" in second
    assert "optimizer.lr" in text and "model.type" in text and "train.batch_size" not in text

    told = pellucid.json("compare", "run", "b")
    assert [r["run"] for r in told["runs"]] == ["run", "b"]
    assert told["different"]["optimizer.lr"] == [0.02, 0.1]


def test_compare_refuses(pellucid: Shell, run: dict) -> None:
    assert "nowhere is no run folder, or its run has not come to its end: summary.json is missing" in pellucid.refused(
        "compare", "run", "nowhere"
    )
    shutil.copytree("run", "torn")
    Path("torn/summary.json").write_text('{"model": ')
    assert "torn/summary.json cannot be read" in pellucid.refused("compare", "torn")
    Path("torn/summary.json").write_text("[]")
    assert "must hold a JSON object" in pellucid.refused("compare", "torn")
    Path("torn/summary.json").write_text('{"test": "x"}')
    assert "'test' must hold figures by name, or null. Received: 'x'" in pellucid.refused("compare", "run", "torn")
    assert "iris.toml is a file. Expected: the folder of a finished run" in pellucid.refused("compare", "iris.toml")


# -- what a verb gets its samples from -------------------------------------------------------------------------------


def test_samples_of_the_runs_own_data_of_other_data_and_of_files_without_targets(pellucid: Shell, run: dict) -> None:
    finished, splits = open_run(Path("run")), pl.load_dataset("iris", seed=0)
    np.testing.assert_array_equal(finished.samples().x, splits.test.x)
    np.testing.assert_array_equal(finished.samples(split="validation").y, splits.validation.y)
    np.testing.assert_array_equal(finished.samples("iris", "train").x, splits.train.x)
    flowers = finished.samples("flowers.csv")
    assert flowers.y is None
    np.testing.assert_array_equal(flowers.x, np.array([[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]]))
    with pytest.raises(pl.DataError, match="no column 'species' for the targets"):
        finished.samples("flowers.csv", target="species")


def test_accuracy_is_reported_only_by_an_objective_that_learns_the_labels() -> None:
    for loss in ("softmax_cross_entropy", "binary_cross_entropy", "mse"):
        wanted = [] if loss == "mse" else ["core/accuracy"]
        supervised = pl.create("objective", "supervised", loss=loss)
        assert list(supervised.default_metrics(labels=True)) == wanted
        values = ["core/rmse", "core/r2"] if loss == "mse" else []
        assert list(supervised.default_metrics(labels=False)) == values
    assert list(pl.Objective.default_metrics(supervised, labels=True)) == []


def test_the_backend_is_that_of_the_call_or_the_variable_or_the_run(run: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    def name(backend: str | None = None) -> str:
        return open_run(Path("run"), backend).model.runtime.ops.name  # type: ignore[union-attr]

    recorded = name()
    monkeypatch.setenv("PELLUCID_BACKEND", "reference")
    assert (recorded, name(), name("cython")) == ("cython", "reference", "cython")
