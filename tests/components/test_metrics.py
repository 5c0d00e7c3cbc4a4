"""Metrics of classes and rankings against scikit-learn: random cases with ties, absent classes and weights."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import ConfigError, DataError, ShapeError
from pellucid.standard.metrics.ranking import log_odds
from sklearn import metrics as oracle

OF = {"precision": oracle.precision_score, "recall": oracle.recall_score, "f1": oracle.f1_score}


def figure(metric: pl.Metric, prediction: Any, target: Any, weight: Any = None) -> float:
    """Over three batches, one of them empty."""
    metric.reset()
    for rows in (slice(0, 7), slice(7, 7), slice(7, None)):
        metric.update(prediction[rows], target[rows], None if weight is None else weight[rows])
    return metric.result()


def case(seed: int, k: int = 4, n: int = 60) -> tuple[Any, Any, Any]:
    """Scores of few values, so with ties; of the classes one never occurs in every other case; weights, or None."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(-2, 3, size=(n, k)).astype(np.float32)
    labels = rng.integers(seed % 2, k, size=n)
    return scores, labels, None if seed % 3 == 0 else rng.uniform(0.1, 3, n)


def softmax(z: Any) -> Any:
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize("name", OF)
def test_figures_of_classes(name: str, average: str) -> None:
    for seed in range(12):
        scores, labels, w = case(seed)
        scores[:, 3] -= 9 * (seed % 4 == 3)  # a class that is never predicted
        expected = OF[name](labels, scores.argmax(1), average=average, sample_weight=w, zero_division=0)
        assert figure(pl.create("metric", name, average=average), scores, labels, w) == pytest.approx(expected)
        one_hot = np.eye(4)[labels]
        assert figure(pl.create("metric", name, average=average), scores, one_hot, w) == pytest.approx(expected)


@pytest.mark.parametrize("name", OF)
def test_figures_of_class_1_of_two_and_of_one_logit(name: str) -> None:
    for seed in range(6):
        scores, labels, w = case(2 * seed, k=2)
        expected = OF[name](labels, scores.argmax(1), average="binary", sample_weight=w, zero_division=0)
        metric = pl.create("metric", name, average="binary")
        assert figure(metric, scores, labels, w) == pytest.approx(expected)
        logit = (scores[:, 1] - scores[:, 0])[:, None]
        assert figure(metric, logit, labels[:, None], w) == pytest.approx(expected)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize("name", OF)
def test_figures_of_several_answers(name: str, average: str) -> None:
    for seed in range(6):
        scores, _, w = case(seed, k=3)
        truth = np.random.default_rng(seed).integers(0, 2, size=scores.shape)
        truth[:, 0] *= seed % 2  # nothing to be found there
        expected = OF[name](truth, scores > 0, average=average, sample_weight=w, zero_division=0)
        metric = pl.create("metric", name, average=average, each=True)
        assert figure(metric, scores, truth, w) == pytest.approx(expected)


def test_the_confusion_matrix_and_the_balanced_accuracy() -> None:
    for seed in range(0, 12, 2):
        scores, labels, w = case(seed)
        metric = pl.ConfusionMatrix()
        found = figure(metric, scores, labels, w)
        expected = oracle.confusion_matrix(labels, scores.argmax(1), sample_weight=w)
        np.testing.assert_allclose(metric.matrix, expected)
        assert found == pytest.approx(oracle.balanced_accuracy_score(labels, scores.argmax(1), sample_weight=w))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_top_k_with_ties(k: int) -> None:
    for seed in range(0, 12, 2):
        scores, labels, w = case(seed, k=5)
        expected = oracle.top_k_accuracy_score(labels, scores, k=k, sample_weight=w, labels=range(5))
        assert figure(pl.TopK(k), scores, labels, w) == pytest.approx(expected)
        assert figure(pl.TopK(k), scores, np.eye(5)[labels], w) == pytest.approx(expected)


def test_scores_that_are_not_numbers_are_nobodys_right_class() -> None:
    scores, labels = np.array([[0.1, np.nan, 0.3, 0.2], [np.nan] * 4, [0.1, 0.2, 0.3, 0.4]]), np.array([2, 0, 3])
    assert figure(pl.TopK(1), scores, labels) == pytest.approx(1 / 3)
    assert figure(pl.TopK(2), scores, labels) == pytest.approx(2 / 3)  # the third class is behind the NaN alone
    for target in (labels, np.array([1, 1, 3])):  # the place of the first NaN, which argmax would choose
        assert figure(pl.Accuracy(), scores, target) == pytest.approx(1 / 3)
        right = figure(pl.Recall("micro"), scores, target)
        assert right == pytest.approx(1 / 3) and figure(pl.Precision("micro"), scores, target) == 1.0
    assert figure(pl.ConfusionMatrix(), scores, labels) == pytest.approx(1 / 3)
    logits = np.array([[np.nan], [-1.0], [1.0], [np.nan]])
    for target in (np.array([0, 0, 1, 1]), np.array([[0], [0], [1], [1]])):
        assert figure(pl.Accuracy(), logits, target) == figure(pl.ConfusionMatrix(), logits, target) == 0.5
    assert figure(pl.Accuracy(each=True), logits, np.array([[0], [0], [1], [1]])) == 0.5


def _of_each(f: Any, labels: Any, p: Any, w: Any) -> tuple[Any, Any]:
    """scikit-learn's figure of each class against the rest, NaN where there is none, and what the class weighs."""
    figures, support = [], []
    for k in range(p.shape[1]):
        truth = labels == k
        there = truth.sum() > 0 and (f is oracle.average_precision_score or truth.sum() < len(labels))
        figures.append(f(truth, p[:, k], sample_weight=w) if there else np.nan)
        support.append(np.sum(truth * (1 if w is None else w)))
    return np.array(figures), np.array(support)


@pytest.mark.parametrize(("name", "f"), [("roc_auc", oracle.roc_auc_score), ("pr_auc", oracle.average_precision_score)])
def test_areas_of_each_class_against_the_rest(name: str, f: Any) -> None:
    for seed in range(12):
        scores, labels, w = case(seed)
        of_each, support = _of_each(f, labels, np.round(softmax(scores.astype(float)), 12), w)
        there = np.isfinite(of_each)
        assert there.all() == (seed % 2 == 0)
        expected = {"macro": of_each[there].mean(), "weighted": np.average(of_each[there], weights=support[there])}
        for average, value in expected.items():
            metric = pl.create("metric", name, average=average)
            assert figure(metric, scores, labels, w) == pytest.approx(value)
            assert figure(metric, scores + 500, labels, w) == pytest.approx(value)  # what softmax does not notice
            by_p = pl.create("metric", name, average=average, scores="probabilities")
            assert figure(by_p, np.round(softmax(scores.astype(float)), 12), labels, w) == pytest.approx(value)


def test_areas_are_those_of_scikit_learn_where_it_averages_itself() -> None:
    for seed in range(0, 12, 2):
        scores, labels, w = case(seed)
        p = softmax(scores.astype(float))
        for average in ("macro", "weighted"):
            expected = oracle.roc_auc_score(labels, p, multi_class="ovr", average=average, sample_weight=w)
            metric = pl.ROCAUC(average, scores="probabilities")
            assert figure(metric, p, labels, w) == pytest.approx(expected)
            several = np.random.default_rng(seed).integers(0, 2, size=scores.shape)
            for each, f in ((pl.ROCAUC, oracle.roc_auc_score), (pl.PRAUC, oracle.average_precision_score)):
                expected = f(several, scores, average=average, sample_weight=w)
                assert figure(each(average, each=True), scores, several, w) == pytest.approx(expected)


def test_areas_of_two_classes() -> None:
    for seed in range(0, 12, 2):
        scores, labels, w = case(seed, k=2)
        logit = scores[:, 1] - scores[:, 0]
        roc = oracle.roc_auc_score(labels, logit, sample_weight=w)
        precision = oracle.average_precision_score(labels, logit, sample_weight=w)
        for prediction in (scores, logit[:, None]):
            assert figure(pl.ROCAUC("binary"), prediction, labels, w) == pytest.approx(roc)
            assert figure(pl.ROCAUC("macro"), prediction, labels, w) == pytest.approx(roc)
            assert figure(pl.PRAUC("binary"), prediction, labels, w) == pytest.approx(precision)


def test_log_odds_keep_apart_what_a_softmax_rounds_to_one() -> None:
    z = np.array([[60.0, 0.0, -5.0], [61.0, 0.0, -5.0], [900.0, 0.0, -5.0]])
    odds = log_odds(z)
    assert (softmax(z[:2])[:, 0] == 1).all() and odds[0, 0] < odds[1, 0] < odds[2, 0]
    small = np.random.default_rng(0).normal(size=(50, 5))
    np.testing.assert_allclose(odds_of(softmax(small)), log_odds(small), rtol=1e-9)
    equal = np.array([[0.3, 0.3, 0.3], [1.3, 1.3, 1.3]])
    np.testing.assert_allclose(log_odds(equal), -np.log(2))


def odds_of(p: Any) -> Any:
    return np.log(p / (1 - p))


def test_nothing_to_be_ranked_is_no_figure() -> None:
    one = np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1])
    assert np.isnan(figure(pl.ROCAUC(), *one))
    assert figure(pl.PRAUC(), *one) == 1.0
    for metric in (pl.ROCAUC(), pl.PRAUC(), pl.F1(), pl.TopK(1), pl.ConfusionMatrix(), pl.WithinTolerance(1.0)):
        metric.reset()
        assert np.isnan(metric.result())
    assert np.isnan(figure(pl.ROCAUC(), np.array([[np.nan, 1.0], [0.0, 1.0]]), np.array([0, 1])))


def test_a_class_without_predictions_has_the_precision_0() -> None:
    scores, labels = np.array([[2.0, 1.0], [2.0, 1.0]]), np.array([0, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert figure(pl.Precision(), scores, labels) == 0.25  # (1/2 + 0)/2
        assert figure(pl.Recall(), scores, labels) == 0.5
        assert figure(pl.F1("binary"), scores, labels) == 0.0


def test_within_tolerance() -> None:
    y, t = np.array([[1.0, 10.0], [2.0, 30.0]]), np.array([[1.5, 10.0], [2.0, 20.0]])
    assert figure(pl.WithinTolerance(0.5), y, t) == 0.75
    assert figure(pl.WithinTolerance(0.5), y, t, np.array([3.0, 1.0])) == (3 + 0.5) / 4
    assert figure(pl.WithinTolerance(0.25), y, t) == 0.5
    assert figure(pl.WithinTolerance(0.5, relative=True), y, t) == 1.0
    with pytest.raises(ConfigError, match=r"'tolerance' of WithinTolerance must be a float in \[0, inf\)"):
        pl.WithinTolerance(-1)


# -- beside losses ---------------------------------------------------------------------------------------------------

SOFTMAX, BINARY = "softmax_cross_entropy", "binary_cross_entropy"


def linear(units: int = 4) -> pl.Layer:
    return pl.build("dense", units=units, input_shape=(5,), seed=0, backend="reference")


@pytest.mark.parametrize(
    ("loss", "metric", "message"),
    [
        ("mse", "f1", "F1 counts classes .* within_tolerance"),
        ("mse", "roc_auc", "ROCAUC counts classes"),
        ("mse", "top_k", "TopK looks for the right one of several classes.*predicts values.*within_tolerance"),
        (BINARY, "top_k", "predicts answers. Take accuracy"),
        (SOFTMAX, "top_k", r"TopK\(k=5\) of 4 classes is always 1"),
        (BINARY, "confusion_matrix", "ConfusionMatrix counts one class a sample.*Take precision"),
        (SOFTMAX, {"type": "f1", "each": True}, r"F1\(each=True\) counts answers"),
        (SOFTMAX, {"type": "f1", "average": "binary"}, "class 1 of two, and this model gives 4 classes"),
        (BINARY, {"type": "recall", "average": "binary"}, "class 1 of two, and this model gives 4 answers"),
        (SOFTMAX, {"type": "within_tolerance", "tolerance": 1.0}, "WithinTolerance compares values"),
        (SOFTMAX, {"type": "roc_auc", "average": "micro"}, "scores of different classes have no common order"),
        (SOFTMAX, {"type": "f1", "average": "mean"}, "metrics.0.average: expected one of 'macro'"),
    ],
)
def test_what_means_nothing_beside_a_loss_is_refused(loss: str, metric: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        pl.Trainer(linear(), loss=loss, metrics=[metric])


def test_several_answers_and_names_of_figures() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 5)).astype(np.float32)
    wanted = ["accuracy", {"type": "core/f1", "average": "macro"}, "roc_auc", "pr_auc", "recall"]
    several = pl.Trainer(linear(), loss=BINARY, metrics=wanted, seed=0)
    assert all(metric.each for metric in several.metrics)  # type: ignore[attr-defined]
    assert list(several.evaluate((x, rng.integers(0, 2, (40, 4))))) == [
        "loss", "accuracy", "f1", "roc_auc", "pr_auc", "recall",
    ]  # fmt: skip
    one = pl.Trainer(linear(1), loss=BINARY, metrics=["confusion_matrix", {"type": "f1", "average": "binary"}], seed=0)
    assert not one.metrics[1].each  # type: ignore[attr-defined]


def test_predictions_of_another_shape_are_refused() -> None:
    for metric in (pl.F1(), pl.ROCAUC(), pl.ConfusionMatrix(), pl.TopK(1)):
        name = type(metric).__name__
        with pytest.raises(
            ShapeError, match=rf"{name} of a prediction of shape \(3, 4\) needs a target of shape \(3,\)"
        ):
            metric.update(np.zeros((3, 4)), np.zeros(2, int))
        with pytest.raises(DataError, match=rf"{name} needs one class a sample.*in row 0"):
            metric.update(np.zeros((1, 3)), np.array([[1, 1, 0]]))
    with pytest.raises(ShapeError, match=r"two classes.*Received: shape \(3, 4\)"):
        pl.F1("binary").update(np.zeros((3, 4)), np.zeros(3, int))
