"""Where an evaluation gets what it judges: the run's samples, its validation part, its regularizers, its metrics."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pellucid.basics.errors import ConfigError, DataError
from pellucid.interfaces.objective import Objective
from pellucid.workbench.evaluation import evaluation
from pellucid.workbench.evaluation.collected import NAME, Collected, collect
from pellucid.workbench.evaluation.evaluation import How, _validation, evaluate_run, look, penalty_of
from pellucid.workbench.evaluation.read import Outcome

P = np.array([[0.9, 0.1], [0.4, 0.6]])
CLASSES = Outcome(("no", "yes"), P, np.array([0, 1]), np.array([0, 1]))
VALUES = Outcome(("price",), predicted=np.array([[1.0], [2.0]]), targets=np.array([[1.5], [2.0]]))
ANSWERS = Outcome(("a", "b"), answers=np.array([[0.6, 0.5]]), truth=np.array([[True, True]]))


def test_why_there_is_no_validation_part(monkeypatch: pytest.MonkeyPatch) -> None:
    run: Any = SimpleNamespace(sections={})
    assert _validation(run) == (None, "a model file knows of no validation part; give the run folder")
    run.sections, asked = {"data": {}}, list[Any]()

    def torn(*words: Any) -> Any:
        raise DataError("It is torn. Mend it.")

    monkeypatch.setattr(evaluation, "look", torn)
    assert _validation(run) == (None, "the validation part of the run cannot be had (It is torn)")

    def looked(*words: Any) -> Any:
        asked.append(words)
        return "seen", None, 2

    monkeypatch.setattr(evaluation, "look", looked)
    for outcome in (None, VALUES, Outcome(("a", "b"), labels=np.array([0]), chosen=np.array([0]))):
        monkeypatch.setattr(evaluation, "read_outcome", lambda *words, outcome=outcome: outcome)
        assert _validation(run) == (None, "the validation part says nothing of classes")
    monkeypatch.setattr(evaluation, "read_outcome", lambda *words: asked.append(words) or CLASSES)  # type: ignore[func-returns-value]
    (found, why) = _validation(run)
    assert found is not None and found[0] is P and found[1] is CLASSES.labels and why == ""
    assert asked[-2:] == [(run, None, "validation", None), (run, "seen", 2)]


@pytest.mark.parametrize("needs", [False, True])
def test_samples_need_targets_where_the_objective_does(monkeypatch: pytest.MonkeyPatch, needs: bool) -> None:
    asked: list[Any] = []

    def unread(*words: Any, must_have_target: bool) -> str:
        asked.append((*words, must_have_target))
        return "four"

    trainer = SimpleNamespace(objective=SimpleNamespace(needs_target=needs))
    run: Any = SimpleNamespace(trainer=lambda: trainer, unread=unread)
    monkeypatch.setattr(evaluation, "collect", lambda *words: words)
    found: Any = look(run, "iris", "train", "y")
    assert found == ((trainer, "four"), trainer, 4)
    assert asked == [("iris", "train", "y", needs)]


def test_the_penalty_is_the_sum_over_what_is_regularized() -> None:
    regularizer = SimpleNamespace(penalty=lambda ops, data: ops * data.sum())
    parameters = [
        SimpleNamespace(regularizer=of, data=np.full(2, value))
        for of, value in ((regularizer, 1.0), (None, 100.0), (regularizer, 3.0))
    ]
    model: Any = SimpleNamespace(runtime=SimpleNamespace(ops=0.5), parameters=lambda: parameters)
    assert penalty_of(model) == 4.0
    model.parameters = lambda: parameters[1:2]
    assert penalty_of(model) is None


class Trainer:
    """Evaluates with whatever metrics it has: two batches."""

    def __init__(self, objective: Any, *, fails: bool = False) -> None:
        self.objective, self.metrics, self.fails = objective, ["own"], fails

    def evaluate(self, data: Any) -> dict[str, float]:
        if self.fails:
            raise DataError("torn")
        for metric in self.metrics[1:]:
            metric.update(np.array([[1.0], [2.0]]), np.array([1, 2]))  # type: ignore[attr-defined]
            metric.update(np.array([[3.0]]), np.array([3]))  # type: ignore[attr-defined]
        return {"loss": 0.5} | ({NAME: 2.0} if self.metrics[1:] else {})


class Pairs:
    """Has pairs of predictions and targets."""

    def metric_pair(self) -> None: ...


class Nothing:
    """Has none, as any objective that does not say so."""

    metric_pair = Objective.metric_pair


def test_what_was_seen_is_collected_beside_the_runs_metrics() -> None:
    trainer: Any = Trainer(Pairs())
    found = collect(trainer, "data")
    assert found.figures == {"loss": 0.5} and trainer.metrics == ["own"] and found.why == ""
    assert found.prediction is not None and found.prediction.tolist() == [[1], [2], [3]]
    assert found.target is not None and found.target.tolist() == [1, 2, 3]
    trainer.fails = True
    with pytest.raises(DataError, match="torn"):
        collect(trainer, "data")
    assert trainer.metrics == ["own"]
    alone: Any = Trainer(Nothing())
    nothing = collect(alone, "data")
    assert nothing.figures == {"loss": 0.5} and nothing.prediction is None
    assert nothing.why == "Nothing has no pair of prediction and target"


@pytest.mark.parametrize("outcome", [None, CLASSES, VALUES, ANSWERS], ids=["nothing", "classes", "values", "answers"])
@pytest.mark.parametrize("data", [None, "iris", "a.csv"])
def test_each_kind_of_outcome_is_said(monkeypatch: pytest.MonkeyPatch, outcome: Any, data: str | None) -> None:
    seen = Collected({"loss": 0.5}, np.zeros((2, 1)), np.zeros(2))
    trainer = SimpleNamespace(objective="odd", metrics=[])
    asked: list[Any] = []
    monkeypatch.setattr(evaluation, "look", lambda *words: (seen, trainer, 2))
    monkeypatch.setattr(evaluation, "read_outcome", lambda run, found, samples: outcome if samples == 2 else None)
    monkeypatch.setattr(evaluation, "penalty_of", lambda model: 0.25)
    monkeypatch.setattr(evaluation, "_validation", lambda run: (None, "it rained"))

    def otherwise(run: Any, part: Any, figures: Any) -> tuple[str, ...]:
        asked.append((part, figures))
        return ("It was other.",)

    monkeypatch.setattr(evaluation, "otherwise", otherwise)
    run: Any = SimpleNamespace(path="r", model=None, is_file=lambda data: data == "a.csv")
    found = evaluate_run(run, data, "train")
    base = (found.run, found.data, found.split, found.samples, found.penalty)
    assert base == ("r", data, None if data == "a.csv" else "train", 2, 0.25)
    assert asked == ([("train", {"loss": 0.5})] if data is None else [])
    notes = ["It was other."] if data is None else []
    kinds = [found.confusion is not None, found.values is not None, found.per_class is not None]
    if outcome is None:
        assert kinds == [False] * 3 and found.figures == {"loss": 0.5}
        assert list(found.notes) == ["Only the figures of the run: str does not say what the outputs mean.", *notes]
    elif outcome is CLASSES:
        assert kinds == [True, False, True] and list(found.notes) == notes and found.calibration is not None
        assert found.calibration.why == "it rained" and found.figures["accuracy"] == 1.0 and found.intervals is not None
        assert list(found.figures) == ["loss", "accuracy", "roc_auc", "pr_auc"]
    elif outcome is VALUES:
        assert (
            kinds == [False, True, False] and list(found.notes) == notes and [m.row for m in found.mistakes] == [0, 1]
        )
    else:
        assert kinds == [False, False, True] and found.per_class is not None
        assert [row.recall for row in found.per_class.rows] == [1.0, 0.0]  # half is no yes
        assert list(found.notes) == ["Each answer is a yes or no by itself.", *notes]
    if outcome is VALUES:
        evaluate_run(run, data, how=How(tolerance=1.0))
    else:
        with pytest.raises(ConfigError, match=r"A tolerance is of values, and r predicts none\. Received: 1\. Leave"):
            evaluate_run(run, data, how=How(tolerance=1.0))
