"""pellucid evaluate says everything of a model, keeps it in the run folder, and says what it could not say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.workbench.evaluation import collected
from pellucid.workbench.evaluation.evaluation import bootstrap, evaluate_run
from pellucid.workbench.experiments.finished import open_run
from sklearn import metrics as oracle

from tests.experiments.support import Shell

QUIET = ("--quiet", "--set", "train.epochs=20", "--set", "train.seed=0")


@pytest.fixture
def run(pellucid: Shell) -> Path:
    asked = 'train.metrics=["accuracy", {type="core/f1", average="macro"}, "roc_auc"]'
    pellucid("train", "iris.toml", "--out", "run", *QUIET, "--set", asked)
    return Path("run")


def trained_on(pellucid: Shell, x: Any, y: Any, *words: object, out: str = "run") -> None:
    np.savez("data.npz", x=np.asarray(x, np.float32), y=y)
    pellucid("train", "--model", "ann", "--dataset", "data.npz", "--out", out, *QUIET, *words)


def test_all_of_it_agrees_with_scikit_learn(run: Path) -> None:
    opened = open_run(run)
    found, test = evaluate_run(opened), opened.samples()
    logits = opened.model.predict(test.x)
    assert test.y is not None and found.confusion is not None and found.per_class is not None
    np.testing.assert_array_equal(found.confusion.counts, oracle.confusion_matrix(test.y, logits.argmax(axis=1)))
    assert found.confusion.classes == ("setosa", "versicolor", "virginica")
    assert found.per_class.macro.f1 == pytest.approx(found.figures["f1"])
    assert found.calibration is not None and found.calibration.temperature is not None
    assert found.calibration.before.nll == pytest.approx(found.figures["loss"], rel=1e-5)
    wrong = {mistake.row: mistake for mistake in found.mistakes}
    assert sorted(wrong) == np.flatnonzero(logits.argmax(axis=1) != test.y).tolist()
    for row, mistake in wrong.items():
        assert mistake.true == test.classes[test.y[row]] and mistake.probability > mistake.probability_of_true
    assert found.intervals["accuracy"].method == "Wilson" and found.penalty is None
    for name in ("accuracy", "f1", "roc_auc"):
        assert found.intervals[name].low <= found.figures[name] <= found.intervals[name].high


@pytest.mark.parametrize(("labels", "outputs"), [((0, 1), 1), ((-1, 1), 1), ((0, 1, 2), 3)])
def test_scores_of_a_hinge_are_classes_without_probabilities(
    pellucid: Shell, labels: tuple[int, ...], outputs: int
) -> None:
    x = np.random.default_rng(0).normal(size=(120, 2))
    y = np.array(labels)[np.digitize(x[:, 0], [0.0] if len(labels) == 2 else [-0.5, 0.5])]
    settings = ('loss.type="hinge"', f"model.outputs={outputs}", "data.classify=true")
    trained_on(pellucid, x, y, *(word for setting in settings for word in ("--set", setting)))
    opened = open_run("run")
    found, test = evaluate_run(opened), opened.samples()
    scores = opened.model.predict(test.x)
    chosen = scores.argmax(axis=1) if outputs > 1 else (scores[:, 0] > 0).astype(int)
    assert test.y is not None and found.confusion is not None
    truth = np.unique(np.asarray(test.y).reshape(-1), return_inverse=True)[1]
    np.testing.assert_array_equal(found.confusion.counts, oracle.confusion_matrix(truth, chosen))
    assert found.figures["accuracy"] == pytest.approx(oracle.accuracy_score(truth, chosen))
    assert found.intervals is not None and found.intervals["accuracy"].method == "Wilson"
    assert found.values is None and found.calibration is None and "no probabilities" in found.notes[0]
    assert "within" not in pellucid("evaluate", "run", "--figures")


def test_it_is_readable_whole_in_json_and_kept(pellucid: Shell, run: Path) -> None:
    text = pellucid("evaluate", "run")
    for part in ("Classes", "Confusion", "Calibration", "Reliability", "Wilson", "bootstrap, 1,000 draws, seed 0",
                 "true \\ predicted  setosa  versicolor  virginica", "30 samples; intervals of 95%"):  # fmt: skip
        assert part in text
    assert text.endswith("Written to run/evaluation.json and .md beside it.\n")
    told = pellucid.json("evaluate", "run")
    assert told.pop("written") == "run/evaluation.json" and not pellucid.err
    assert json.loads((run / "evaluation.json").read_text()) == told
    assert set(told["details"]) == {
        "samples", "penalty", "intervals", "confusion", "per_class", "calibration", "values", "mistakes", "notes",
        "figures",
    }  # fmt: skip
    page = (run / "evaluation.md").read_text()
    assert page.startswith("# Evaluation of run\n") and "| setosa |" in page and "## Calibration" in page
    assert max(map(len, page.splitlines())) < 200


def test_each_split_and_other_data_are_kept_apart_and_replaced_by_their_like(pellucid: Shell) -> None:
    pellucid("train", "iris.toml", "--out", "run", *QUIET)
    run = Path("run")
    test = pl.load_dataset("iris", seed=0).test
    np.savez("t.npz", x=test.x, y=test.y)
    Path("far").mkdir()
    np.savez("far/t.npz", x=test.x[:9], y=test.y[:9])
    for _ in range(2):
        pellucid("evaluate", "run", "--split", "validation")
        for file in ("t.npz", "far/t.npz"):
            pellucid("evaluate", "run", "--data", file)
        pellucid("evaluate", "run")
    found = sorted(path.name for path in run.glob("evaluation*.json"))
    assert found == ["evaluation-t-2.json", "evaluation-t.json", "evaluation-validation.json", "evaluation.json"]
    assert json.loads((run / "evaluation-t-2.json").read_text())["details"]["samples"] == 9
    assert "figures on them flatter" in pellucid("evaluate", "run", "--split", "validation")


def test_of_a_model_file_nothing_is_kept_and_no_temperature_fitted(pellucid: Shell, run: Path) -> None:
    text = pellucid("evaluate", "run/model.safetensors", "--data", "iris")
    assert "No temperature: a model file knows of no validation part; give the run folder." in text
    assert not list(run.glob("evaluation*")) and not list(Path().glob("evaluation*"))


def test_a_folder_that_cannot_be_written_is_said(pellucid: Shell, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pellucid.workbench.evaluation.writing.replace_text", full)
    assert "accuracy" in pellucid("evaluate", "run")
    assert "The evaluation is not kept in the run folder: " in pellucid.err and "No space" in pellucid.err


def test_the_penalty_is_apart_from_the_loss_of_the_data(pellucid: Shell) -> None:
    layers = [{"type": "dense", "units": 3, "regularizer": {"type": "l2", "strength": 0.1}}]
    model = pl.build({"type": "sequential", "layers": layers}, input_shape=(4,), seed=0)
    pl.Trainer(model, loss="softmax_cross_entropy", seed=0).fit("iris", epochs=1, verbose=False)
    pl.save(model, "m.safetensors")
    told = pellucid.json("evaluate", "m.safetensors", "--data", "iris")
    weight = next(p for p in pl.load("m.safetensors").parameters() if p.data.ndim == 2).data.astype(float)
    assert told["details"]["penalty"] == pytest.approx(0.05 * (weight**2).sum(), rel=1e-5)
    assert told["loss"] == pytest.approx(told["details"]["calibration"]["before"]["nll"], rel=1e-5)
    assert "no part of the loss above" in pellucid("evaluate", "m.safetensors", "--data", "iris")


def test_a_yes_or_no_by_one_logit(pellucid: Shell) -> None:
    pellucid("train", "--model", "ann", "--dataset", "half_moons", "--loss", "binary_cross_entropy", "--out", "run",
             *QUIET)  # fmt: skip
    opened = open_run("run")
    found, test = evaluate_run(opened), opened.samples()
    logit = opened.model.predict(test.x)[:, 0]
    assert found.figures["roc_auc"] == pytest.approx(oracle.roc_auc_score(test.y, logit))
    assert found.figures["pr_auc"] == pytest.approx(oracle.average_precision_score(test.y, logit))
    assert found.per_class is not None
    assert found.per_class.rows[1].recall == pytest.approx(oracle.recall_score(test.y, logit > 0))


def test_several_answers(pellucid: Shell) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 3))
    trained_on(
        pellucid, x, (x > 0).astype(float), "--loss", "binary_cross_entropy", "--set", "data.target_transforms=[]"
    )
    told = pellucid.json("evaluate", "run")
    opened = open_run("run")
    test = opened.samples()
    yes = opened.model.predict(test.x) > 0
    assert told["details"]["per_class"]["macro"]["f1"] == pytest.approx(oracle.f1_score(test.y, yes, average="macro"))
    assert told["details"]["confusion"] is None and "yes or no by itself" in told["details"]["notes"][0]


def test_values(pellucid: Shell) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2))
    trained_on(pellucid, x, 100 + 10 * x.sum(axis=1), "--set", "model.task=regression")
    told = pellucid.json("evaluate", "run", "--tolerance", 5)
    test = open_run("run").samples()
    predicted = open_run("run").model.predict(test.x).reshape(-1).astype(float)
    (row,) = told["details"]["values"]["rows"]
    assert row["r2"] == pytest.approx(oracle.r2_score(test.y, predicted), rel=1e-5) == pytest.approx(told["r2"])
    assert row["within"] == np.mean(abs(predicted - test.y) <= 5) and row["tolerance"] == 5
    assert row["intervals"]["within"]["method"] == "Wilson"
    worst = told["details"]["mistakes"][0]
    assert worst["row"] == int(abs(predicted - test.y).argmax())
    text = pellucid("evaluate", "run")
    assert "R²" in text and "Largest errors" in text and "Classes" not in text


def test_what_has_no_predictions_to_compare_says_so(pellucid: Shell) -> None:
    pellucid("train", "--model", "vae", "--dataset", "iris", "--out", "run", "--quiet", "--set", "train.epochs=1",
             "--set", "objective.type=vae/elbo", "--set", "objective.likelihood=gaussian")  # fmt: skip
    text = pellucid("evaluate", "run")
    assert "loss" in text and "Only the figures of the run: " in text and "has no pair of prediction and target" in text


def test_what_would_take_too_much_memory_is_not_kept(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collected, "MOST", 10)
    found = evaluate_run(open_run(run))
    assert found.confusion is None and "more than 10 numbers" in found.notes[0] and found.figures["accuracy"] > 0


def test_many_classes_are_shown_in_part_and_kept_whole(pellucid: Shell) -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(600) % 25
    trained_on(pellucid, np.eye(25)[labels] + 0.5 * rng.normal(size=(600, 25)), labels)
    text = pellucid("evaluate", "run")
    assert "The 20 classes of 25 with the lowest F1." in text and "Most frequent confusions" in text
    page = Path("run/evaluation.md").read_text()
    assert page.count("\n| 24 |") == 2 and "Most frequent" not in page


def test_the_bootstrap_of_a_metric_is_that_of_rows_drawn_again() -> None:
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(80, 3)), rng.integers(3, size=80)
    found = bootstrap(pl.F1(), scores, labels, seed=4)
    figures, rng = [], np.random.default_rng(4)
    for _ in range(200):
        rows = rng.integers(80, size=80)
        figures.append(oracle.f1_score(labels[rows], scores[rows].argmax(axis=1), average="macro"))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(figures, [0.025, 0.975])), abs=0.03)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--worst", "-1"], "'worst' of evaluate_run must be an int in [0, 10000]"),
        (["--tolerance", "-1"], "'tolerance' of evaluate_run must be a float in [0, inf)"),
        (["--tolerance", "3"], "A tolerance is of values, and run predicts none. Received: 3. Leave it out."),
        (["--seed", "-1"], "'seed' of evaluate_run must be an int"),
        (["--split", "tests"], "there is no 'tests'. Did you mean 'test'?"),
    ],
)
def test_wrong_options_are_refused(pellucid: Shell, run: Path, words: list[str], message: str) -> None:
    assert message in pellucid.refused("evaluate", "run", *words)


# -- bad input -------------------------------------------------------------------------------------------------------


@pytest.fixture
def table(pellucid: Shell) -> list[str]:
    """A run on shop.csv, with the columns a, b and answer; its lines."""
    rng = np.random.default_rng(0)
    lines = ["a,b,answer", *(f"{a:.3f},{b:.3f},{'yes' if a > 0 else 'no'}" for a, b in rng.normal(size=(60, 2)))]
    Path("shop.csv").write_text("\n".join(lines))
    Path("shop.toml").write_text(
        '[data]\ntype = "files"\ntrain = "shop.csv"\ntarget = "answer"\n[model]\ntype = "logistic_regression"\n'
    )
    pellucid("train", "shop.toml", "--out", "run", *QUIET)
    return lines


def evaluated(pellucid: Shell, lines: list[str]) -> str:
    Path("new.csv").write_text("\n".join(lines))
    return pellucid.refused("evaluate", "run", "--data", "new.csv")


def test_a_wrong_column_is_named(pellucid: Shell, table: list[str]) -> None:
    message = evaluated(pellucid, ["a,c,answer", *table[1:]])
    assert "new.csv" in message and "Expected: a, b" in message and "Missing: b" in message
    assert "no column 'answers'" in pellucid.refused("evaluate", "run", "--data", "shop.csv", "--target", "answers")


def test_a_class_that_training_never_saw_is_named(pellucid: Shell, table: list[str]) -> None:
    message = evaluated(pellucid, [*table[:5], "0.1,0.2,maybe"])
    assert "new.csv" in message and "'maybe'" in message and "no, yes" in message


def test_a_row_that_is_not_finite_is_named(pellucid: Shell, table: list[str]) -> None:
    message = evaluated(pellucid, [*table[:3], "nan,0.2,yes"])
    assert "new.csv must be finite. Received: nan in row 2, column 0" in message


def test_too_few_samples_for_a_split_are_said(pellucid: Shell) -> None:
    Path("few.csv").write_text("a,answer\n1,yes\n2,no\n3,yes\n")
    data = ("--set", "data.train=few.csv", "--set", "data.target=answer")
    pellucid("train", "--dataset", "files", *data, "--model", "ann", "--out", "run", *QUIET)
    assert "data.validation = 0.1 of 3 samples, in which every class has its part, is none" in pellucid.err
    assert "No epoch is validated" in pellucid.err and "data.test" not in pellucid.err
    message = pellucid.refused("evaluate", "run", "--split", "validation")
    assert "run: its data has no validation part. It has: train, test. Choose one of these, --split" in message
    told = "No temperature: the validation part of the run cannot be had (run: its data has no validation part)"
    assert told in pellucid("evaluate", "run")


def test_a_run_of_another_version_is_opened_or_refused_in_words(pellucid: Shell, run: Path) -> None:
    before = (run / "summary.json").read_text()
    old = json.loads(before)
    old["versions"]["pellucid"] = "0.0.1"
    Path("old").mkdir()
    for file in run.iterdir():
        (Path("old") / file.name).write_bytes(file.read_bytes())
    (Path("old") / "summary.json").write_text(json.dumps(old))
    told = pellucid("compare", "run", "old")
    assert "Made by different versions of pellucid: " in told and "0.0.1 (old)" in told


def test_figures_that_are_others_than_they_were_are_said(pellucid: Shell, run: Path) -> None:
    assert pellucid.json("evaluate", "run")["details"]["notes"] == []
    summary = json.loads((run / "summary.json").read_text())
    summary["test"]["accuracy"], summary["versions"]["pellucid"] = 0.5, "0.0.1"
    (run / "summary.json").write_text(json.dumps(summary))
    (note,) = pellucid.json("evaluate", "run")["details"]["notes"]
    assert "summary.json has other figures (accuracy 0.5 then, 0.9" in note and "pellucid 0.0.1 then, " in note
    assert len(pellucid.json("evaluate", "run", "--data", "iris")["details"]["notes"]) == 0
    (run / "summary.json").write_text("{")
    assert "cannot be read" in pellucid.json("evaluate", "run")["details"]["notes"][0]
