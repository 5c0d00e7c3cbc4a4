"""What an experiment finds out from its data: said, written into its folder, and refused where it would be a guess."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pellucid as pl
import pytest
from pellucid.workbench.experiments.inference import holds_values, outputs_of

from tests.experiments.support import Shell

WORDS = ("train", "--model", "logistic_regression", "--dataset", "files", "--set", "data.train=d.csv", "--quiet")


def written(targets: list[object], header: str = "a,b,y\n") -> None:
    Path("d.csv").write_text(header + "".join(f"{i}.5,{-i},{target}\n" for i, target in enumerate(targets)))


@pytest.mark.parametrize(("header", "target"), [("a,b,y\n", "y"), ("", 2)])
def test_what_was_decided_is_said_and_stands_in_the_run_folder(pellucid: Shell, header: str, target: object) -> None:
    written(["no", "yes"] * 10, header)
    pellucid(*WORDS, "--set", "data.target=2", "--set", "train.epochs=1", "--set", "train.seed=0", "--out", "run")
    assert f"data: found out that header = {'true' if header else 'false'}, " in pellucid.err
    assert "classify = true; 2 classes: no, yes." in pellucid.err
    resolved = tomllib.loads(Path("run/experiment.toml").read_text())["data"]
    assert (resolved["header"], resolved["target"], resolved["classify"]) == (bool(header), target, True)
    pellucid("train", "run/experiment.toml", "--out", "again", "--quiet")
    assert Path("run/experiment.toml").read_bytes() == Path("again/experiment.toml").read_bytes()
    assert pellucid.json("evaluate", "run", "--data", "d.csv") | {"run": 0, "written": 0} == pellucid.json(
        "evaluate", "again", "--data", "d.csv"
    ) | {"run": 0, "written": 0}
    assert len(pellucid.json("predict", "run", "d.csv")) == 20


def test_files_without_names_are_read_as_in_training(pellucid: Shell) -> None:
    """A class may be a word or a number, so the first line says nothing. Files without targets have one column less."""
    written(["x", 1, 2, "x"] * 5, "")
    more = ("--set", "data.target=-1", "--set", "data.header=false", "--set", "train.epochs=1", "--out", "run")
    pellucid(*WORDS, *more)
    assert tomllib.loads(Path("run/experiment.toml").read_text())["data"]["target"] == 2
    assert "accuracy" in pellucid.json("evaluate", "run", "--data", "d.csv")
    Path("x.csv").write_text("0.5,0\n1.5,-1\n")
    assert len(pellucid.json("predict", "run", "x.csv")) == 2


def test_labels_of_a_run_are_those_of_its_training(pellucid: Shell) -> None:
    written([1001, 1003] * 10)
    more = ("--set", "data.target=y", "--set", "data.classify=true", "--set", "train.epochs=1", "--out", "run")
    pellucid(*WORDS, *more)
    assert tomllib.loads(Path("run/experiment.toml").read_text())["model"]["outputs"] == 2
    assert {sample["class"] for sample in pellucid.json("predict", "run", "d.csv")} <= {"1001", "1003"}
    assert "accuracy" in pellucid.json("evaluate", "run", "--data", "d.csv")
    written([1001, 1002])
    assert "unknown class '1002'" in pellucid.refused("evaluate", "run", "--data", "d.csv")


def parts(y: list[object], classes: tuple[str, ...] | None = None) -> pl.Splits:
    split = pl.Split(np.zeros((len(y), 1)), np.array(y), classes)
    return pl.Splits(split, split.take(np.arange(0)), split.take(np.arange(1)))


@pytest.mark.parametrize(
    ("y", "classes", "message"),
    [
        (
            [1001, 1002, 1003] * 4,
            None,
            "3 different ones from 1001 to 1003 in 13 rows: labels .* must be all of 0 to 2",
        ),
        ([1, 2, 3] * 4, None, "must be all of 0 to 2"),
        ([0, 2] * 4, None, "must be all of 0 to 1"),
        (list(range(50)), None, "too few for each to be the label of a class"),
        ([200_000 + 947 * i for i in range(50)], None, r"numbers to be predicted give floats: y.astype\(float\)"),
        ([0] * 4, None, "of one class, 0"),
        ([0] * 4, ("yes",), "of one class, yes"),
    ],
)
@pytest.mark.parametrize("loss", [None, "softmax_cross_entropy"])
def test_whole_numbers_that_cannot_be_labels(
    y: list[object], classes: tuple[str, ...] | None, message: str, loss: str | None
) -> None:
    with pytest.raises(pl.DataError, match=message):
        outputs_of(parts(y, classes), None if loss is None else pl.create("loss", loss))


@pytest.mark.parametrize(
    ("y", "scaled", "expected"),
    [
        ([0.5, 1.5], False, True),
        ([[0.5, -1.0], [0.0, 1.0]], False, True),
        ([0.0, 0.5, 1.0], False, False),  # probabilities
        ([0.0, 0.5, 1.0], True, True),
        ([0, 7], True, False),
    ],
)
def test_whether_targets_are_values(y: list[object], scaled: bool, expected: bool) -> None:
    transforms = ("standardize",) if scaled else ()
    assert holds_values(replace(parts(y), target_transforms=transforms)) is expected


def test_the_task_follows_from_the_targets_unless_it_or_a_loss_is_named(pellucid: Shell) -> None:
    words = ("train", "--model", "ann", "--dataset", "sine", "--set", "train.epochs=1", "--quiet", "--out")
    assert "rmse" in pellucid.json(*words, "run")["test"]
    assert 'task = "regression"' in Path("run/experiment.toml").read_text()
    assert "numbers to be predicted mse" in pellucid.refused(*words, "classes", "--set", "model.task=classification")
    pellucid.json(*words, "mse", "--set", "loss=mse")
    assert 'task = "classification"' in Path("mse/experiment.toml").read_text()


def test_how_many_outputs() -> None:
    assert outputs_of(parts([0, 1, 2] * 4), None) == 3
    assert outputs_of(parts([0, 1] * 4, ("a", "b", "c")), None) == 3
    assert outputs_of(parts([0, 1] * 4), pl.create("loss", "binary_cross_entropy")) == 1
    assert outputs_of(parts([[1.5, 2.5]] * 4), None) == 2
