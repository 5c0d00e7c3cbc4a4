"""pellucid compare: many runs in one table, as text, Markdown, CSV and JSON, and two of them on the same samples."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pellucid.workbench.evaluation.compared import _equal
from pellucid.workbench.experiments.finished import open_run
from scipy import stats

from tests.experiments.support import Shell

QUIET = ("--quiet", "--set", "train.seed=0")


@pytest.fixture
def runs(pellucid: Shell) -> None:
    """run, and b, which is worse, on the same data."""
    pellucid("train", "iris.toml", "--out", "run", *QUIET, "--set", "train.epochs=20")
    pellucid("train", "iris.toml", "--out", "b", *QUIET, "--set", "model.hidden=[2]", "--set", "train.epochs=3")


def test_every_split_stands_in_the_table_and_csv_has_every_digit(pellucid: Shell, runs: None) -> None:
    told = pellucid.json("compare", "run", "b")
    rows = list(csv.DictReader(pellucid("compare", "run", "b", "--format", "csv").splitlines()))
    assert [row["run"] for row in rows] == ["run", "b"]
    for row, summary in zip(rows, told["runs"], strict=True):
        for split in ("train", "validation", "test"):
            for name, value in summary[split].items():
                assert float(row[f"{split} {name}"]) == value
        assert row["model.hidden"] == ("[8]" if row["run"] == "run" else "[2]")
    assert json.loads(pellucid("compare", "run", "b", "--format", "json")) == told
    page = pellucid("compare", "run", "b", "--format", "markdown").splitlines()
    assert page[0].startswith("| run | best epoch | train loss |") and page[1].startswith("| --- |")
    assert "Different settings:" in page and any(line.startswith("| model.hidden | [8] | [2] |") for line in page)


def test_an_interval_stands_beside_a_figure_that_was_evaluated(pellucid: Shell, runs: None) -> None:
    assert "(" not in pellucid("compare", "run", "b")
    found = pellucid.json("evaluate", "run")["details"]["intervals"]["accuracy"]
    told = pellucid.json("compare", "run", "b")
    assert told["runs"][0]["test_intervals"]["accuracy"] == [found["low"], found["high"]]
    assert told["runs"][1]["test_intervals"] == {}
    assert f"({found['low']:.4f}–{found['high']:.4f})" in pellucid("compare", "run", "b")
    path = Path("run/evaluation.json")  # of another model by now
    path.write_text(path.read_text().replace('"accuracy": ', '"accuracy": 1', 1))
    assert pellucid.json("compare", "run", "b")["runs"][0]["test_intervals"] == {}
    path.write_text("[")
    assert pellucid.json("compare", "run", "b")["runs"][0]["test_intervals"] == {}


def test_two_runs_on_the_same_samples(pellucid: Shell, runs: None) -> None:
    told = pellucid.json("compare", "run", "b", "--paired")
    (found,) = told["pairs"]
    right = []
    for name in ("run", "b"):
        opened = open_run(name)
        test = opened.samples()
        right.append(opened.model.predict(test.x).argmax(axis=1) == test.y)
    first, second = right
    b, c = int((first & ~second).sum()), int((second & ~first).sum())
    assert (found["run"], found["against"], found["same_inputs"]) == ("b", "run", True)
    pair = found["pair"]
    assert (pair["only_first"], pair["only_second"], pair["samples"]) == (b, c, len(first))
    assert pair["p"] == pytest.approx(stats.binomtest(b, b + c).pvalue) == pytest.approx(found["adjusted"])
    assert pair["interval"]["low"] <= pair["difference"] <= pair["interval"]["high"]
    text = pellucid("compare", "run", "b", "--paired")
    assert "On the same samples:" in text and "McNemar, exact; bootstrap, 10,000 draws, seed 0" in text
    assert "p (Holm)" not in text


def test_several_runs_are_held_against_the_first(pellucid: Shell, runs: None) -> None:
    text = pellucid("compare", "run", "b", "run", "--paired", "--format", "markdown")
    assert "p (Holm)" in text and text.count("against run") == 1
    told = pellucid.json("compare", "run", "b", "run", "--paired", "--split", "validation")["pairs"]
    assert [pair["run"] for pair in told] == ["b", "run"] and told[1]["adjusted"] == 1.0
    assert told[0]["adjusted"] == pytest.approx(min(1, 2 * told[0]["pair"]["p"]))


def test_values_are_compared_by_a_paired_bootstrap(pellucid: Shell) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2)).astype(np.float32)
    np.savez("data.npz", x=x, y=100 + 10 * x.sum(axis=1) + rng.normal(size=200))
    for out, epochs in (("run", 20), ("b", 1)):
        pellucid("train", "--model", "ann", "--dataset", "data.npz", "--out", out, *QUIET,
                 "--set", f"train.epochs={epochs}", "--set", "model.task=regression")  # fmt: skip
    (found,) = pellucid.json("compare", "run", "b", "--paired")["pairs"]
    summaries = [json.loads(Path(name, "summary.json").read_text())["test"]["rmse"] for name in ("run", "b")]
    assert [found["pair"]["first"], found["pair"]["second"]] == pytest.approx(summaries)
    assert found["pair"]["figure"] == "rmse" and found["pair"]["p"] < 0.01 and found["pair"]["only_first"] is None
    assert "paired bootstrap, 10,000 draws" in pellucid("compare", "run", "b", "--paired")


@pytest.mark.parametrize("content", [b'{"details": {', b"[]", b"\xff", b'{"details": 3}'])
def test_a_damaged_evaluation_is_said_with_its_remedy(pellucid: Shell, runs: None, content: bytes) -> None:
    Path("b/evaluation.json").write_bytes(content)
    (note,) = pellucid.json("compare", "run", "b")["notes"]
    assert note.startswith("Intervals are missing: b/evaluation.json cannot be read: ")
    assert note.endswith("Remove it, and write it again: pellucid evaluate b.")
    assert note in pellucid("compare", "run", "b")
    assert note in pellucid("compare", "run", "b", "--format", "markdown")
    pellucid("evaluate", "b")
    assert Path("b/evaluation.json").read_bytes() == content  # not ours to replace
    Path("b/evaluation.json").unlink()
    pellucid("evaluate", "b")
    assert pellucid.json("compare", "run", "b")["notes"] == []


def test_runs_of_other_samples_are_said_and_refused(pellucid: Shell, runs: None) -> None:
    pellucid("train", "iris.toml", "--out", "other", "--quiet", "--set", "train.seed=1", "--set", "train.epochs=1")
    assert "The runs differ in their data (data.seed)" in pellucid("compare", "run", "other")
    message = pellucid.refused("compare", "run", "other", "--paired")
    assert "run and other were not tested on the same test samples (with other inputs)" in message
    assert "data.seed = N in the experiments makes them the same" in message
    pellucid("train", "--model", "ann", "--dataset", "half_moons", "--out", "moons", *QUIET, "--set", "train.epochs=1")
    assert "not tested on the same test samples" in pellucid.refused("compare", "run", "moons", "--paired")
    text = pellucid("compare", "run", "moons")
    assert "data.type" in text.splitlines()[-1]


def test_seeds_of_training_with_one_seed_of_the_data_can_be_compared(pellucid: Shell) -> None:
    for seed in (1, 2):
        pellucid("train", "iris.toml", "--out", f"s{seed}", "--quiet", "--set", "data.seed=7", "--set",
                 f"train.seed={seed}")  # fmt: skip
    assert pellucid.json("compare", "s1", "s2", "--paired")["pairs"][0]["same_inputs"]
    assert pellucid.json("compare", "s1", "s2")["notes"] == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "--paired"], "--paired holds runs against the first of them. Give at least two."),
        (["run", "b", "--split", "test"], "--split chooses the samples of --paired"),
        (["run", "b", "--paired", "--format", "csv"], "--format csv is one table"),
        (["run", "b", "--paired", "--seed", "-1"], "'seed' of compare_paired must be an int"),
        (["run", "b", "--format", "html"], "there is no 'html'"),
    ],
)
def test_what_cannot_be_compared_is_refused(pellucid: Shell, runs: None, words: list[str], message: str) -> None:
    assert message in pellucid.refused("compare", *words)


def test_runs_without_anything_to_be_right_about_are_refused(pellucid: Shell) -> None:
    pellucid("train", "--model", "vae", "--dataset", "iris", "--out", "run", *QUIET, "--set", "train.epochs=1",
             "--set", "objective.type=vae/elbo", "--set", "objective.likelihood=gaussian")  # fmt: skip
    message = pellucid.refused("compare", "run", "run", "--paired")
    assert "run has nothing that --paired can compare" in message and "Leave --paired out" in message


def test_what_is_missing_in_both_is_equal() -> None:
    gap: Any = np.array([1.0, np.nan])
    assert _equal(gap, gap.copy()) and not _equal(gap, np.array([1.0, 2.0])) and not _equal(gap, gap[:1])
    assert _equal(gap.astype(object), gap.astype(object)) and _equal(np.array(["a"]), np.array(["a"]))
