"""Parts of an evaluation by themselves: what outputs are read as, which figures follow, what is said of samples."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.samples import Split
from pellucid.workbench.evaluation import compared, evaluation, read, since
from pellucid.workbench.evaluation.collected import Collected
from pellucid.workbench.evaluation.compared import _pair, _require_same, _Seen, compare_paired
from pellucid.workbench.evaluation.evaluation import Evaluation, How, _further, _of_classes, _of_values
from pellucid.workbench.evaluation.interval import wilson
from pellucid.workbench.evaluation.read import Outcome, read_outcome
from pellucid.workbench.evaluation.since import otherwise
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.experiments.predictions import Predictions
from sklearn import metrics as oracle

BASE = Evaluation("r", None, "test", 4, {"loss": 1.0}, notes=("before",))
P = np.array([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2], [0.3, 0.7]])
LABELS = np.array([0, 1, 1, 0])
TWO = Outcome(("no", "yes"), P, LABELS, P.argmax(axis=1))


# -- what outputs are ------------------------------------------------------------------------------------------------


def outcome(
    monkeypatch: pytest.MonkeyPatch, prediction: Any, target: Any, *, found: Any = None, samples: int | None = None,
    scores: bool = False, known: tuple[str, ...] | None = None,
) -> Outcome | None:  # fmt: skip
    """How a model's outputs are read; ``found`` is what its objective makes of them."""
    made = Predictions(prediction) if found is None else found
    monkeypatch.setattr(read, "interpret", lambda model, outputs, named: made)
    monkeypatch.setattr(read, "_scores_classes", lambda model: scores)
    run: Any = SimpleNamespace(model=SimpleNamespace(runtime=SimpleNamespace(classes=known)), target="price")
    seen = Collected({}, prediction, target)
    return read_outcome(run, seen, len(prediction) if samples is None else samples)


@pytest.mark.parametrize(
    ("target", "labels"),
    [
        (np.array([0, 1, 1, 0]), [0, 1, 1, 0]), (np.array([[0], [1], [1], [0]]), [0, 1, 1, 0]),
        (np.array([[1, 0], [0, 1], [0.4, 0.6], [0.5, 0.5]]), [0, 1, 1, 0]),
        (np.array([0.0, 1.0, 0.51, 0.5]), [0, 1, 1, 0]), (np.array([[False], [True], [True], [False]]), [0, 1, 1, 0]),
    ],
)  # fmt: skip
def test_targets_of_classes_in_every_form(monkeypatch: pytest.MonkeyPatch, target: Any, labels: list[int]) -> None:
    found = Predictions(P, P, P.argmax(axis=1), ("no", "yes"))
    read_as = outcome(monkeypatch, P, target, found=found)
    assert read_as is not None and read_as.labels is not None and read_as.chosen is not None
    assert read_as.labels.tolist() == labels and read_as.labels.dtype == np.int64
    assert read_as.chosen.tolist() == [0, 1, 0, 1] and read_as.names == ("no", "yes") and read_as.by_sample
    nameless = outcome(monkeypatch, P, target, found=Predictions(P, P), samples=3)
    assert nameless is not None and nameless.names == ("0", "1") and not nameless.by_sample


def test_steps_of_sequences_are_classes_each(monkeypatch: pytest.MonkeyPatch) -> None:
    logits, target = np.zeros((2, 2, 3)), np.array([[0, 1], [2, 0]])
    flat = np.array([[0.1, 0.2, 0.7]] * 4)
    steps = outcome(monkeypatch, logits, target, found=Predictions(flat, flat), samples=2)
    assert (
        steps is not None and steps.labels is not None and steps.labels.tolist() == [0, 1, 2, 0] and not steps.by_sample
    )
    assert outcome(monkeypatch, np.zeros((0, 2)), np.zeros(0)) is None
    assert outcome(monkeypatch, np.zeros((2, 3)), np.zeros((2, 2))) is None


@pytest.mark.parametrize(
    ("scores", "target", "known", "labels", "chosen", "names"),
    [
        ([[-1.0], [0.5], [0.0]], [0, 1, 1], ("a", "b"), [0, 1, 1], [0, 1, 0], ("a", "b")),
        ([[-1.0], [0.5], [0.0]], [-1, 1, 1], None, [0, 1, 1], [0, 1, 0], ("0", "1")),
        ([[1.0, 2.0, 0.0]], [2], ("a", "b"), [2], [1], ("0", "1", "2")),
        ([[1.0, 2.0, 0.0]], [2], ("a", "b", "c"), [2], [1], ("a", "b", "c")),
    ],
)  # fmt: skip
def test_scores_of_classes(
    monkeypatch: pytest.MonkeyPatch, scores: Any, target: Any, known: Any, labels: Any, chosen: Any, names: Any
) -> None:
    found = outcome(monkeypatch, np.array(scores), np.array(target), scores=True, known=known)
    assert found is not None and found.probabilities is None and found.labels is not None and found.chosen is not None
    assert (found.labels.tolist(), found.chosen.tolist(), found.names) == (labels, chosen, names)


def test_values_and_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    column = outcome(monkeypatch, np.array([[1.0], [2.0]], np.float32), np.array([1, 3]), found=None)
    assert column is not None and column.predicted is not None and column.targets is not None
    assert column.predicted.tolist() == [[1], [2]] and column.targets.tolist() == [[1], [3]] and column.names == ("0",)
    assert column.predicted.dtype == column.targets.dtype == np.float64
    two = np.array([[1.0, 2.0]])
    assert getattr(outcome(monkeypatch, two, two, found=Predictions(two, names=("u", "v"))), "names", None) == (
        "u",
        "v",
    )
    assert getattr(outcome(monkeypatch, two, two, found=Predictions(two, names=("u",))), "names", None) == ("0", "1")
    answered = outcome(monkeypatch, two, np.array([[0.5, 0.6]]), found=Predictions(two, answers=np.array([[0.2, 0.9]])))
    assert answered is not None and answered.truth is not None and answered.truth.tolist() == [[False, True]]
    assert answered.predicted is None and answered.answers is not None


# -- figures ---------------------------------------------------------------------------------------------------------


def test_figures_of_two_classes_are_those_of_scikit_learn() -> None:
    figures, intervals = _further(TWO, 3)
    assert list(figures) == list(intervals) == ["accuracy", "roc_auc", "pr_auc"]
    assert figures["accuracy"] == 0.5 and vars(intervals["accuracy"]) == vars(wilson(2, 4))
    assert figures["roc_auc"] == pytest.approx(oracle.roc_auc_score(LABELS, P[:, 1]))
    assert figures["pr_auc"] == pytest.approx(oracle.average_precision_score(LABELS, P[:, 1]))
    assert intervals["roc_auc"].method.endswith("seed 3")
    three = Outcome(("a", "b", "c"), np.eye(3), np.arange(3), np.arange(3))
    assert list(_further(three, 0)[0]) == ["accuracy"]
    assert list(_further(Outcome(("a", "b"), labels=LABELS, chosen=LABELS), 0)[0]) == ["accuracy"]
    assert _further(Outcome(("a",), predicted=np.zeros((1, 1)), targets=np.zeros((1, 1))), 0) == ({}, {})


def test_an_evaluation_of_classes_in_each_case(monkeypatch: pytest.MonkeyPatch) -> None:
    run: Any = None
    monkeypatch.setattr(evaluation, "_validation", lambda run: ((P, LABELS), ""))
    found = _of_classes(BASE, TWO, run, How(worst=1))
    assert found.notes == ("before",) and found.per_class is not None and found.confusion is not None
    assert [mistake.row for mistake in found.mistakes] == [2] and found.calibration is not None
    steps = _of_classes(BASE, Outcome(("no", "yes"), P, LABELS, LABELS, by_sample=False), run, How())
    assert steps.mistakes == () and steps.notes[0].startswith("Counted are the steps of the samples")
    scores = _of_classes(BASE, Outcome(("no", "yes"), labels=LABELS, chosen=LABELS), run, How())
    assert scores.calibration is None and scores.notes[0].startswith("The scores of this loss are no probabilities")
    monkeypatch.setattr(evaluation, "MOST_CLASSES", 2)
    assert _of_classes(BASE, TWO, run, How()).confusion is not None
    monkeypatch.setattr(evaluation, "MOST_CLASSES", 1)
    many = _of_classes(BASE, TWO, run, How())
    assert many.confusion is None and many.per_class is None and many.notes == ("No table of 2 classes.", "before")


@pytest.mark.parametrize(
    ("split", "data", "validation", "told"),
    [("validation", None, True, True), ("test", None, True, False), ("validation", "iris", True, False),
     ("validation", None, False, False)],
)  # fmt: skip
def test_samples_that_fitted_the_temperature_flatter(
    monkeypatch: pytest.MonkeyPatch, split: Any, data: str | None, validation: bool, told: bool
) -> None:
    monkeypatch.setattr(evaluation, "_validation", lambda run: ((P, LABELS) if validation else None, "why"))
    run: Any = None
    found = _of_classes(Evaluation("r", data, split, 4, {}), TWO, run, How())
    assert any("figures on them flatter" in note for note in found.notes) == told


def test_so_many_targets_have_a_line_each() -> None:
    for count, told in ((1, False), (16, False), (17, True)):
        names = tuple(map(str, range(count)))
        numbers = np.arange(3.0 * count).reshape(3, count)
        found = _of_values(BASE, Outcome(names, predicted=numbers, targets=numbers + 1), How(worst=2, tolerance=0.5))
        assert (found.values is None) == told and len(found.mistakes) == (2 if count == 1 else 0)
        if told:
            assert found.notes == ("No table of 17 targets: there is one of 16 at most.", "before")
        else:
            assert found.values is not None and found.values.rows[-1].name == str(count - 1)
            assert found.values.rows[0].within == 0
    one = np.zeros((2, 1))
    steps = _of_values(BASE, Outcome(("a",), predicted=one, targets=one, by_sample=False), How())
    assert steps.mistakes == () and steps.values is not None and steps.values.rows[0].tolerance == 0


# -- since -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("split", "versions", "figures", "told"),
    [
        ("test", {}, {"loss": 0.5, "accuracy": 1.0}, ""), ("train", {}, {"loss": 9.0}, ""),
        (None, {}, {"loss": 9.0}, ""),
        ("test", {}, {"other": 9.0}, ""), ("validation", {}, {"loss": 9.0}, ""),
        ("test", {"pellucid": "2.0", "pellucid-ann": "1.0"}, {"loss": 0.25}, "(loss 0.5 then, 0.25 now)"),
        ("test", {"pellucid": "1.0", "pellucid-ann": "1.0"}, {"loss": 0.25, "accuracy": 0.5},
         "(loss 0.5 then, 0.25 now, accuracy 1 then, 0.5 now)|; versions: pellucid 1.0 then, 2.0 now"),
        ("test", {"pellucid-ann": "0.9"}, {"loss": 0.25}, "|; versions: pellucid-ann 0.9 then, 1.0 now"),
    ],
)  # fmt: skip
def test_what_has_changed_since_a_run_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, split: Any, versions: Any, figures: Any, told: str
) -> None:
    document = {"pellucid": "2.0", "plugins": {"ann": "pellucid-ann 1.0"}}
    monkeypatch.setattr(since, "model_document", lambda model: document)
    RunFolder(tmp_path).write_summary(
        {"test": {"loss": 0.5, "accuracy": 1.0}, "train": {"loss": 1.0}, "validation": None, "versions": versions}
    )
    run: Any = SimpleNamespace(path=tmp_path, model=None)
    notes = otherwise(run, split, figures)
    assert len(notes) == bool(told)
    for part in filter(None, told.split("|")):
        assert part in notes[0]
    if told:
        assert ("versions:" in notes[0]) == ("versions" in told)
        run.path = tmp_path / "summary.json"
        assert otherwise(run, split, figures) == ()
        (tmp_path / "summary.json").unlink()
        run.path = tmp_path
        assert "cannot be read, and is not compared" in otherwise(run, split, figures)[0]


# -- pairs -----------------------------------------------------------------------------------------------------------


def seen(x: Any, y: Any, *, name: str = "a", of: Outcome = TWO) -> _Seen:
    return _Seen(Path(name), Split(np.asarray(x), np.asarray(y)), Collected({}, None, np.asarray(y)), of)


def test_runs_are_held_against_each_other_on_the_same_samples_alone() -> None:
    x, y = np.arange(6.0).reshape(3, 2), np.array([0, 1, 1])
    assert _require_same(seen(x, y), seen(x.copy(), y.copy()), "test") is True
    other = Outcome(("no", "maybe"), P, LABELS, LABELS)
    for second, why in [
        (seen(x[:2], y[:2], name="b"), "3 and 2 of them"), (seen(x, 1 - y, name="b"), "with other targets"),
        (seen(x + 1, y, name="b"), "with other inputs"),
        (seen(x, y, name="b", of=other), "of no, yes, and of no, maybe"),
    ]:  # fmt: skip
        with pytest.raises(ConfigError) as error:
            _require_same(seen(x, y), second, "validation")
        assert f"a and b were not tested on the same validation samples ({why})" in str(error.value)


def test_a_pair_is_of_classes_or_of_values() -> None:
    numbers = Outcome(("a",), predicted=np.array([[1.0], [2.0]]), targets=np.array([[1.0], [4.0]]))
    one, two = seen([[0.0]], [0]), seen([[0.0]], [0], of=numbers)
    assert (_pair(one, one, 5).figure, _pair(one, one, 5).interval.method[-6:]) == ("accuracy", "seed 5")
    values = _pair(two, two, 5)
    assert values.first == pytest.approx(2**0.5) and (values.figure, values.method[-6:]) == ("rmse", "seed 5")
    for first, second in ((one, two), (two, one)):
        with pytest.raises(ConfigError, match="predict classes and values: neither figure is of both"):
            _pair(first, second, 0)


def test_each_run_is_compared_with_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    right = {"a": [1, 1, 1, 1, 1, 1, 0, 0], "b": [0, 0, 0, 0, 0, 0, 0, 0], "c": [1, 1, 1, 1, 1, 1, 0, 1]}

    def look(path: Path, split: str) -> _Seen:
        chosen = np.array(right[str(path)])
        of = Outcome(("no", "yes"), labels=np.ones(8, int), chosen=chosen)
        return seen(np.zeros((8, 1)), np.ones(8), name=str(path), of=of)

    monkeypatch.setattr(compared, "_look", look)
    found = compare_paired([Path("a"), Path("b"), Path("c")], seed=4)
    assert [(each.run, each.against, each.same_inputs) for each in found] == [("b", "a", True), ("c", "a", True)]
    assert [each.pair.p for each in found] == pytest.approx([2 / 64, 1.0])
    assert [each.adjusted for each in found] == pytest.approx([4 / 64, 1.0])
    assert [each.pair.difference for each in found] == pytest.approx([-0.75, 0.125])
    with pytest.raises(ConfigError, match="Give at least two"):
        compare_paired([Path("a")])
    for seed in (0, 4294967295):
        compare_paired([Path("a"), Path("a")], seed=seed)
    for seed in (-1, 4294967296):
        with pytest.raises(ConfigError, match="'seed' of compare_paired must be an int"):
            compare_paired([Path("a"), Path("a")], seed=seed)


@pytest.mark.parametrize(
    ("good", "bad"),
    [({"worst": 0}, {"worst": -1}), ({"worst": 10000}, {"worst": 10001}), ({"seed": 4294967295}, {"seed": 4294967296}),
     ({"seed": 0}, {"seed": -1}), ({"tolerance": 0.0}, {"tolerance": -1e-9})],
)  # fmt: skip
def test_how_to_evaluate(good: dict[str, Any], bad: dict[str, Any]) -> None:
    assert vars(How(**good)) == {"worst": 10, "tolerance": None, "seed": 0, **good}
    with pytest.raises(ConfigError, match="of evaluate_run must be"):
        How(**bad)
