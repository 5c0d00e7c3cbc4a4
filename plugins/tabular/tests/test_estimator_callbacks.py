"""scikit-learn's own callbacks: told of every epoch, also inside of pipelines and searches."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import numpy as np
import pytest
from pellucid_tabular import PellucidClassifier, PellucidTransformer
from pellucid_tabular.estimators import library
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has no callbacks")

X, Y = load_iris(return_X_y=True)
QUICK: dict[str, Any] = {"model": None, "hidden": (8,), "epochs": 6, "learning_rate": 0.03, "random_state": 0}


class Seen:
    """What a callback is told."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.stop_after = stop_after
        self.told: list[str] = []
        self.scores: list[float] = []

    def setup(self, estimator: Any, context: Any) -> None:
        self.told.append("setup")

    def teardown(self, estimator: Any, context: Any) -> None:
        self.told.append("teardown")

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        self.told.append(f"begin {context.task_name}")

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, X: Any = None, y: Any = None, fitted_estimator: Any = None
    ) -> bool:  # fmt: skip
        self.told.append(f"end {context.task_name}")
        if context.task_name == "epoch":
            self.scores.append(fitted_estimator.score(X, y))
        return len(self.scores) == self.stop_after


def test_every_epoch_is_a_task() -> None:
    seen = Seen()
    PellucidClassifier(**QUICK).set_callbacks(seen).fit(X, Y)
    assert seen.told == ["setup", "begin fit", *["begin epoch", "end epoch"] * 6, "end fit", "teardown"]
    assert len(seen.scores) == 6 and seen.scores[-1] > 0.6


def test_the_estimator_of_an_epoch_is_that_which_would_have_stopped_there() -> None:
    seen = Seen()
    PellucidClassifier(**QUICK).set_callbacks(seen).fit(X, Y)
    for epochs in (1, 4):
        stopped = PellucidClassifier(**{**QUICK, "epochs": epochs}).fit(X, Y)
        assert stopped.score(X, Y) == seen.scores[epochs - 1]


def test_a_callback_ends_the_training() -> None:
    model = PellucidClassifier(**QUICK).set_callbacks(Seen(stop_after=3)).fit(X, Y)
    assert model.n_iter_ == 3


def test_it_is_put_away_after_an_error() -> None:
    seen = Seen()
    with pytest.raises(ValueError, match="infinity"):
        PellucidClassifier(**QUICK).set_callbacks(seen).fit(X * np.inf, Y)
    assert seen.told[0] == "setup" and seen.told[-1] == "teardown"


def test_scores_and_progress_inside_a_pipeline() -> None:
    monitor = callback.ScoringMonitor(scoring="accuracy")
    model = PellucidClassifier(**QUICK).set_callbacks(monitor)
    pipeline = make_pipeline(StandardScaler(), PellucidTransformer(**QUICK), model)
    pipeline.fit(X, Y)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == 6 and rows[-1]["accuracy"] > 0.6
    assert [row["task_id"] for row in rows] == list(range(6))


def test_older_versions_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.callback", None)
    spec = importlib.util.spec_from_file_location("older", library.__file__)
    assert spec is not None and spec.loader is not None
    older = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(older)
    assert library.HAS_CALLBACKS and not older.HAS_CALLBACKS

    def fit() -> None: ...

    assert older.with_callbacks(fit) is fit and not hasattr(older.CallbackSupport, "set_callbacks")


def test_part_by_part_is_a_task_of_one_epoch() -> None:
    seen = Seen()
    model = PellucidClassifier(**QUICK).set_callbacks(seen)
    for _ in range(2):
        model.partial_fit(X, Y)
    assert seen.told.count("end epoch") == 2 == seen.told.count("teardown")
