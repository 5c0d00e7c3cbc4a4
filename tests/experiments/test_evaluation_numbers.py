"""The numbers of an evaluation, against SciPy and scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pellucid.workbench.evaluation.calibration import at_temperature, calibration, fit_temperature, reliability
from pellucid.workbench.evaluation.classes import confusion, per_answer, per_class
from pellucid.workbench.evaluation.interval import percentiles, resampled_means, wilson
from pellucid.workbench.evaluation.mistakes import far_values, wrong_classes
from pellucid.workbench.evaluation.pairs import holm, mcnemar, of_classes, of_values
from pellucid.workbench.evaluation.values import values
from scipy import optimize, stats
from sklearn import metrics as oracle

CLASSES = ("ant", "bee", "cat", "dog")


def softmax(z: Any) -> Any:
    p = np.exp(z - z.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def drawn(seed: int = 0, n: int = 300) -> tuple[Any, Any]:
    """Probabilities of four classes that are too sure by a factor of 3, and labels."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 4))
    p = softmax(z)
    labels = (p.cumsum(axis=1) < rng.uniform(size=(n, 1))).sum(axis=1)
    return softmax(3 * z), labels


# -- intervals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("k", "n"), [(0, 9), (9, 9), (28, 30), (9881, 10_000)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_wilson(k: int, n: int, level: float) -> None:
    found, expected = wilson(k, n, level), stats.binomtest(k, n).proportion_ci(level, method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert found.low >= 0 and found.high <= 1 and (found.level, found.method) == (level, "Wilson")


def test_wilson_holds_the_true_fraction_as_often_as_it_says() -> None:
    hits = np.random.default_rng(0).binomial(50, 0.9, size=2000)
    held = [found.low <= 0.9 <= found.high for found in (wilson(int(k), 50) for k in hits)]
    assert abs(np.mean(held) - 0.95) < 0.02


def test_the_bootstrap_of_a_mean_is_that_of_scipy() -> None:
    data = np.random.default_rng(1).exponential(size=(200, 1))
    found = percentiles(resampled_means(data, 2000, np.random.default_rng(0))[:, 0], 0)
    expected = stats.bootstrap((data[:, 0],), np.mean, n_resamples=2000, method="percentile", rng=0).confidence_interval
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.03)
    assert found.method == "bootstrap, 2,000 draws, seed 0"
    some = percentiles(np.array([np.nan, 1.0, 2.0]), 3)
    assert some.method == "bootstrap, 2 draws, seed 3" and 1 <= some.low < some.high <= 2
    assert np.isnan(percentiles(np.array([np.nan]), 3).low)


# -- classes ---------------------------------------------------------------------------------------------------------


def test_the_table_of_classes_is_that_of_scikit_learn() -> None:
    p, labels = drawn()
    p[:, 3], labels[labels == 2] = 0, 1  # dog is never predicted, cat never occurs
    predicted = p.argmax(axis=1)
    matrix = confusion(labels, predicted, CLASSES)
    np.testing.assert_array_equal(matrix.counts, oracle.confusion_matrix(labels, predicted))
    np.testing.assert_allclose(matrix.fractions.sum(axis=1), [1, 1, 0, 1])
    table = per_class(matrix)
    expected = oracle.classification_report(labels, predicted, output_dict=True, zero_division=0, target_names=CLASSES)
    for row in (*table.rows, table.macro, table.weighted):
        of = expected[row.name if row.name in CLASSES else f"{row.name} avg"]
        told = (row.precision, row.recall, row.f1, row.support)
        assert told == pytest.approx((of["precision"], of["recall"], of["f1-score"], of["support"]))


def test_the_bootstrap_draws_cells_as_it_would_draw_samples() -> None:
    p, labels = drawn(n=120)
    predicted, rng = p.argmax(axis=1), np.random.default_rng(5)
    figures = []
    for _ in range(150):
        rows = rng.integers(120, size=120)
        figures.append(oracle.f1_score(labels[rows], predicted[rows], average="macro"))
    found = per_class(confusion(labels, predicted, CLASSES)).macro_f1_interval
    assert found is not None
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(figures, [0.025, 0.975])), abs=0.03)


def test_the_table_of_answers() -> None:
    rng = np.random.default_rng(0)
    yes, truth = rng.uniform(size=(2, 80, 3)) > 0.5
    table = per_answer(yes, truth, ("a", "b", "c"))
    expected = oracle.precision_recall_fscore_support(truth, yes, zero_division=0)
    for k, row in enumerate(table.rows):
        assert (row.precision, row.recall, row.f1, row.support) == pytest.approx(tuple(each[k] for each in expected))
    assert table.macro.f1 == pytest.approx(oracle.f1_score(truth, yes, average="macro"))
    assert table.macro_f1_interval is not None and table.macro_f1_interval.low < table.macro.f1


# -- calibration -----------------------------------------------------------------------------------------------------


def test_the_expected_calibration_error_and_the_reliability_table() -> None:
    p, labels = drawn()
    found = reliability(p, labels, bins=10)
    confidence, right, ece = p.max(axis=1), p.argmax(axis=1) == labels, 0.0
    for low, row in zip(np.arange(10) / 10, found.bins, strict=True):
        inside = (confidence > low) & (confidence <= low + 0.1)
        assert row.count == inside.sum() and row.low == pytest.approx(low)
        if inside.any():
            assert row.accuracy == pytest.approx(right[inside].mean())
            assert row.confidence == pytest.approx(confidence[inside].mean())
            ece += inside.mean() * abs(row.accuracy - row.confidence)
        else:
            assert np.isnan(row.accuracy)
    assert found.ece == pytest.approx(ece) and found.ece > 0.1
    assert found.nll == pytest.approx(oracle.log_loss(labels, p))
    assert found.brier == pytest.approx(np.mean(((p - np.eye(4)[labels]) ** 2).sum(axis=1)))
    sure = reliability(np.eye(4)[labels], labels)
    assert sure.ece == sure.nll == sure.brier == 0 and sure.bins[-1].count == len(labels)


def test_the_temperature_is_that_of_the_least_nll_and_undoes_what_made_it_too_sure() -> None:
    p, labels = drawn(n=4000)
    found = fit_temperature(p, labels)
    assert found is not None
    best = optimize.minimize_scalar(lambda t: oracle.log_loss(labels, at_temperature(p, t)), bounds=(0.1, 20))
    assert found == pytest.approx(best.x, abs=1e-3) and abs(found - 3) < 0.25
    z = np.log(p)
    np.testing.assert_allclose(at_temperature(p, 2.0), softmax(z / 2))
    other, others = drawn(1)
    told = calibration(other, others, (p, labels))
    assert told.temperature == found and told.after is not None
    assert told.after.nll < told.before.nll and told.after.ece < told.before.ece


def test_there_is_no_temperature_where_every_label_is_the_likeliest() -> None:
    p = softmax(np.random.default_rng(0).normal(size=(20, 3)))
    assert fit_temperature(p, p.argmax(axis=1)) is None
    told = calibration(p, p.argmax(axis=1), (p, p.argmax(axis=1)))
    assert told.temperature is told.after is None and "every label there is the most probable class" in told.why
    assert "no validation part" in calibration(p, p.argmax(axis=1), None).why


# -- values and mistakes ---------------------------------------------------------------------------------------------


def test_figures_of_values() -> None:
    rng = np.random.default_rng(0)
    t = 1e6 + rng.normal(size=(400, 2)) * [1, 50]
    y = t + rng.normal(size=t.shape) * [0.2, 30]
    table = values(y, t, ("a", "b"), tolerance=0.3)
    for j, row in enumerate(table.rows):
        assert row.r2 == pytest.approx(oracle.r2_score(t[:, j], y[:, j]))
        assert row.rmse == pytest.approx(oracle.root_mean_squared_error(t[:, j], y[:, j]))
        assert row.mae == pytest.approx(oracle.mean_absolute_error(t[:, j], y[:, j]))
        assert row.within == np.mean(abs(y - t)[:, j] <= 0.3)
        for name in ("r2", "rmse", "mae", "within"):
            assert row.intervals[name].low < getattr(row, name) < row.intervals[name].high
    assert values(y, t, ("a", "b")).rows[1].tolerance == pytest.approx(0.1 * t[:, 1].std())
    flat = values(y[:, :1], np.full((400, 1), 7.0), ("a",)).rows[0]
    assert np.isnan(flat.r2) and np.isnan(flat.intervals["r2"].low)


def test_the_worst_mistakes_come_first() -> None:
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.9, 0.05, 0.05]])
    found = wrong_classes(p, np.array([1, 1, 0, 2]), ("a", "b", "c"), 2)
    assert [(m.row, m.true, m.predicted, m.probability) for m in found] == [(3, "c", "a", 0.9), (0, "b", "a", 0.7)]
    assert found[0].error == pytest.approx(-np.log(0.05)) and found[0].probability_of_true == 0.05
    far = far_values(np.array([1.0, 5.0, 2.0]), np.array([1.5, 1.0, 2.0]), 2)
    assert [(m.row, m.true, m.predicted, m.error) for m in far] == [(1, 1.0, 5.0, 4.0), (0, 1.5, 1.0, 0.5)]


# -- two runs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("b", "c"), [(0, 0), (0, 5), (3, 12), (40, 61), (4000, 4200)])
def test_mcnemar_is_the_binomial_test(b: int, c: int) -> None:
    p, method = mcnemar(b, c)
    assert p == pytest.approx(stats.binomtest(b, b + c).pvalue if b + c else 1.0, rel=1e-7)
    assert method == "McNemar, exact"


def test_mcnemar_of_very_many_pairs_is_close_to_the_exact_one() -> None:
    p, method = mcnemar(6000, 6200)
    assert p == pytest.approx(stats.binomtest(6000, 12_200).pvalue, rel=0.01) and "continuity" in method


def test_two_runs_that_differ_and_two_that_do_not() -> None:
    rng = np.random.default_rng(0)
    first = rng.uniform(size=500) < 0.8
    better = first | (rng.uniform(size=500) < 0.3)
    pair = of_classes(first, better)
    assert pair.only_first == 0 and pair.only_second == (better & ~first).sum()
    assert pair.difference == pytest.approx(better.mean() - first.mean()) and pair.p < 1e-6
    assert 0 < pair.interval.low < pair.difference < pair.interval.high
    same = of_classes(first, first)
    assert (same.difference, same.p, same.interval.low, same.interval.high) == (0, 1, 0, 0)


def test_the_paired_bootstrap_of_values() -> None:
    rng = np.random.default_rng(0)
    squares = rng.exponential(size=300)
    worse = of_values(squares, squares * 1.3)
    assert worse.difference == pytest.approx(np.sqrt(1.3 * squares.mean()) - np.sqrt(squares.mean()))
    assert worse.p == pytest.approx(2 / 10_001) and worse.interval.low > 0
    alike = of_values(squares, rng.permutation(squares))
    assert alike.difference == pytest.approx(0) and alike.p > 0.5 and alike.interval.low < 0 < alike.interval.high


def test_p_is_adjusted_for_several_comparisons() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0] and holm([]) == []


def test_a_probability_that_rounding_has_put_above_one_is_in_the_last_bin() -> None:
    p = np.array([[1 + 1e-7, 0.0], [0.0, 1.0], [0.9, 0.1], [0.5, 0.5]])
    found = reliability(p, np.zeros(4, int), bins=10)
    assert [each.count for each in found.bins] == [0, 0, 0, 0, 1, 0, 0, 0, 1, 2]
    assert found.bins[-1].accuracy == 0.5 and found.bins[-1].high == 1.0
