"""The numbers of an evaluation where they are at an edge: of a bin, of a limit, of a tolerance, of ties; by hand."""

from __future__ import annotations

from math import e, log, nan, sqrt
from typing import Any

import numpy as np
import pytest
from pellucid.interfaces.metric import Metric
from pellucid.interfaces.samples import Split
from pellucid.workbench.evaluation import collected, pairs
from pellucid.workbench.evaluation.calibration import (
    at_temperature,
    calibration,
    fit_temperature,
    reliability,
)
from pellucid.workbench.evaluation.classes import ClassFigures, confusion, per_answer, per_class
from pellucid.workbench.evaluation.collected import Collector
from pellucid.workbench.evaluation.compared import _equal, _same_inputs
from pellucid.workbench.evaluation.evaluation import bootstrap
from pellucid.workbench.evaluation.interval import percentiles, resampled, resampled_means, wilson
from pellucid.workbench.evaluation.mistakes import far_values, wrong_classes
from pellucid.workbench.evaluation.pairs import holm, mcnemar, of_classes, of_values
from pellucid.workbench.evaluation.read import Outcome
from pellucid.workbench.evaluation.values import values
from scipy import stats

# -- intervals -------------------------------------------------------------------------------------------------------


def test_an_interval_is_of_95_percent_unless_another_level_is_asked_for() -> None:
    """z is 1.959964: of 1 in 4 (p̂ + z²/2n ∓ z √(p̂(1 − p̂)/n + z²/4n²)) / (1 + z²/n)."""
    found = wilson(1, 4)
    assert (found.low, found.high, found.level) == pytest.approx((0.0455873, 0.6993582, 0.95), abs=1e-6)
    figures = np.arange(101.0)
    assert vars(percentiles(figures, 3)) == {
        "low": pytest.approx(2.5), "high": pytest.approx(97.5), "level": 0.95, "method": "bootstrap, 101 draws, seed 3",
    }  # fmt: skip
    wide = percentiles(figures, 3, 0.5)
    assert (wide.low, wide.high, wide.level) == pytest.approx((25, 75, 0.5))


def test_rows_are_drawn_with_replacement_and_their_means_taken() -> None:
    table = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])
    rng = np.random.default_rng(5)
    expected = [table[rng.integers(3, size=3)].mean(axis=0) for _ in range(4)]
    np.testing.assert_allclose(resampled_means(table, 4, np.random.default_rng(5)), expected)
    counts = resampled(1000, np.random.default_rng(0))
    assert counts.shape == (1000,) and counts.sum() == 1000 and 300 < (counts == 0).sum() < 440  # 1000/e = 368


class Count(Metric):
    """The sum of the weights; how often it was asked."""

    figure = "count"

    def __init__(self) -> None:
        self.asked, self.total = 0, 0.0

    def reset(self) -> None:
        self.total = 0.0

    def update(self, prediction: Any, target: Any, weight: Any = None) -> None:
        assert weight.dtype == np.float64 and weight.sum() == len(prediction) == len(target)
        self.total += float(weight.sum())

    def result(self) -> float:
        self.asked += 1
        return self.total


@pytest.mark.parametrize(("shape", "draws"), [((5, 4000), 1000), ((2, 20_000), 500), ((2, 50_001), 200), ((0,), 1000)])
def test_of_much_data_fewer_draws_are_made(shape: tuple[int, ...], draws: int) -> None:
    metric = Count()
    found = bootstrap(metric, np.ones(shape), np.ones(shape[0]))
    assert metric.asked == draws and found.method == f"bootstrap, {draws:,} draws, seed 0"
    assert (found.low, found.high) == (shape[0], shape[0])


# -- calibration -----------------------------------------------------------------------------------------------------


def test_a_confidence_at_the_edge_of_two_bins_belongs_to_the_lower_one() -> None:
    p = np.array([[0.5, 0.5], [0.75, 0.25], [0.25, 0.75], [1.0, 0.0], [0.6, 0.4]])
    found = reliability(p, np.array([0, 1, 1, 0, 1]), bins=4)
    told = [(each.low, each.high, each.count) for each in found.bins]
    assert told == [(0, 0.25, 0), (0.25, 0.5, 1), (0.5, 0.75, 3), (0.75, 1, 1)]
    assert found.bins[2].confidence == pytest.approx(0.7) and found.bins[2].accuracy == pytest.approx(1 / 3)
    assert found.ece == pytest.approx((0.5 + 3 * (0.7 - 1 / 3) + 0) / 5)
    assert found.nll == pytest.approx(-(log(0.5) + log(0.25) + log(0.75) + log(1.0) + log(0.4)) / 5)
    assert found.brier == pytest.approx((0.5 + 1.125 + 0.125 + 0 + 0.72) / 5)
    assert len(reliability(p, np.zeros(5, int)).bins) == 15
    nothing = reliability(np.zeros((1, 2)), np.array([0]), bins=2)  # below every bin: the first takes it
    assert [each.count for each in nothing.bins] == [1, 0]
    assert nothing.nll == pytest.approx(300 * log(10))


def test_probabilities_of_nothing_stay_finite_at_any_temperature() -> None:
    np.testing.assert_array_equal(at_temperature(np.array([[1.0, 0.0]]), 0.01), [[1.0, 0.0]])
    np.testing.assert_allclose(at_temperature(np.array([[0.8, 0.2]]), 2.0), [[2 / 3, 1 / 3]])
    cold = at_temperature(np.array([[1.0, 0.0]]), 300 * log(10))  # nothing is taken for 1e-300
    np.testing.assert_allclose(cold, [[e / (e + 1), 1 / (e + 1)]])


def two_classes(z: float, right: int, wrong: int) -> tuple[Any, Any]:
    """Probabilities σ(z) of the first class, which is the right one so often."""
    one = 1 / (1 + np.exp(-z))
    return np.tile([one, 1 - one], (right + wrong, 1)), np.repeat([0, 1], [right, wrong])


@pytest.mark.parametrize(
    ("z", "right", "wrong"),
    [(0.5, 3, 1), (log(3), 3, 1), (4.0, 3, 1), (0.0011 * log(3), 3, 1), (30.0, 3001, 3000), (0.4, 3001, 3000)],
)
def test_a_temperature_is_known_in_closed_form_for_two_classes(z: float, right: int, wrong: int) -> None:
    """The best T makes σ(z/T) the part that is right: T = z / log(right/wrong), from a thousandth to a thousand."""
    best = z / log(right / wrong)
    found = fit_temperature(*two_classes(z, right, wrong))
    assert found == (pytest.approx(best, rel=1e-6) if best < 1000 else None)


def test_a_temperature_below_a_thousandth_is_none() -> None:
    assert fit_temperature(*two_classes(0.00099 * log(3), 3, 1)) is None
    assert fit_temperature(*two_classes(0.33, 3001, 3000)) == pytest.approx(0.33 / log(3001 / 3000), rel=1e-6)
    assert fit_temperature(*two_classes(0.34, 3001, 3000)) is None


def test_why_no_temperature_was_fitted() -> None:
    p, labels = two_classes(1.0, 3, 1)
    told = calibration(p, labels, (p, 1 - labels))  # mostly wrong: the hotter the better
    assert told.temperature is None and told.after is None
    assert told.why == "the validation part determines none: the NLL there has no minimum in 1e±3"
    right = calibration(p, labels, (p, np.zeros(4, int)))
    assert right.why == "the validation part determines none: every label there is the most probable class"
    assert calibration(p, labels, None, "it rained").why == "it rained"
    assert calibration(p, labels, None).why == "there is no validation part to fit it on"


# -- classes ---------------------------------------------------------------------------------------------------------


def test_figures_of_classes_by_hand() -> None:
    labels, predicted = np.array([0, 0, 0, 1, 1, 3]), np.array([0, 0, 1, 1, 0, 3])
    found = confusion(labels, predicted, ("a", "b", "c", "d"))
    assert found.counts.tolist() == [[2, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]]
    assert found.counts.dtype == np.int64 and found.classes == ("a", "b", "c", "d")
    fractions = np.array([[2 / 3, 1 / 3, 0, 0], [0.5, 0.5, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]])
    np.testing.assert_allclose(found.fractions, fractions)
    table = per_class(found)
    assert table.rows == (
        ClassFigures("a", 2 / 3, 2 / 3, 2 / 3, 3), ClassFigures("b", 0.5, 0.5, 0.5, 2), ClassFigures("c", 0, 0, 0, 0),
        ClassFigures("d", 1, 1, 1, 1),
    )  # fmt: skip
    mean = (2 / 3 + 0.5 + 1) / 3  # c occurs nowhere, and is left out
    assert vars(table.macro) == {"name": "macro", "precision": mean, "recall": mean, "f1": mean, "support": 6}
    weighted = (3 * 2 / 3 + 2 * 0.5 + 1) / 6
    assert vars(table.weighted) == {"name": "weighted", "precision": pytest.approx(weighted), "support": 6,
                                    "recall": pytest.approx(weighted), "f1": pytest.approx(weighted)}  # fmt: skip
    assert table.macro_f1_interval is not None and table.macro_f1_interval.method == "bootstrap, 1,000 draws, seed 0"
    assert per_class(found, 7).macro_f1_interval != table.macro_f1_interval


def test_nothing_has_no_interval() -> None:
    table = per_class(confusion(np.zeros(0, int), np.zeros(0, int), ("a", "b")))
    assert table.macro_f1_interval is None and np.isnan(table.macro.f1) and np.isnan(table.weighted.f1)
    assert table.rows[0] == ClassFigures("a", 0, 0, 0, 0)
    answers = per_answer(np.zeros((0, 2), bool), np.zeros((0, 2), bool), ("a", "b"))
    assert answers.macro_f1_interval is None and answers.macro.f1 == 0


def test_figures_of_answers_by_hand() -> None:
    yes = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0]], bool)
    truth = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0]], bool)
    table = per_answer(yes, truth, ("a", "b", "c"))
    assert table.rows == (
        ClassFigures("a", 0.5, 0.5, 0.5, 2), ClassFigures("b", 0.5, 1.0, 2 / 3, 1), ClassFigures("c", 0, 0, 0, 0),
    )  # fmt: skip
    assert table.macro.f1 == pytest.approx((0.5 + 2 / 3) / 3) and table.macro.support == 3  # c counts, too
    assert table.weighted.f1 == pytest.approx((2 * 0.5 + 2 / 3) / 3)
    one = per_answer(truth[:, :1], truth[:, :1], ("a",)).macro_f1_interval
    assert one is not None and (one.high, one.method) == (1.0, "bootstrap, 1,000 draws, seed 0")
    other = per_answer(yes, truth, ("a", "b", "c"), 7).macro_f1_interval
    assert other is not None and other.method.endswith("seed 7")


# -- values and mistakes ---------------------------------------------------------------------------------------------


def test_an_error_as_large_as_the_tolerance_is_within_it() -> None:
    t, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([[0.5], [1.0], [1.25], [3.75]])
    (row,) = values(y, t, ("a",), tolerance=0.5).rows
    assert (row.name, row.within, row.tolerance) == ("a", 0.5, 0.5)
    assert row.mae == 0.5 and row.rmse == pytest.approx(sqrt((0.25 + 2 * 0.5625) / 4))
    assert row.r2 == pytest.approx(1 - 1.375 / 5)
    assert vars(row.intervals["within"]) == vars(wilson(2, 4))
    assert row.intervals["mae"].method == "bootstrap, 1,000 draws, seed 0"
    assert values(y, t, ("a",), 0.0).rows[0].within == 0.25
    assert values(y, t, ("a",)).rows[0].tolerance == pytest.approx(0.1 * sqrt(1.25))
    assert values(y, t, ("a",), None, 7).rows[0].intervals["mae"].method.endswith("seed 7")


def test_the_worst_are_listed_and_no_more_and_of_ties_the_first() -> None:
    p = np.array([[0.4, 0.6], [0.6, 0.4], [0.4, 0.6], [0.0, 1.0]])
    found = wrong_classes(p, np.zeros(4, int), ("a", "b"), 3)
    assert [(m.row, m.error) for m in found] == [(3, pytest.approx(300 * log(10))), (0, -log(0.4)), (2, -log(0.4))]
    assert wrong_classes(p, np.zeros(4, int), ("a", "b"), 0) == ()
    far = far_values(np.array([1.0, -3.0, 3.0]), np.zeros(3), 2)
    assert [(m.row, m.true, m.predicted, m.error, m.probability) for m in far] == [
        (1, 0.0, -3.0, 3.0, None), (2, 0.0, 3.0, 3.0, None),
    ]  # fmt: skip


# -- two runs --------------------------------------------------------------------------------------------------------


def test_up_to_ten_thousand_pairs_mcnemar_is_exact() -> None:
    assert mcnemar(5000, 5000) == (1.0, "McNemar, exact")
    p, method = mcnemar(4999, 5002)
    assert p == pytest.approx(stats.chi2.sf((3 - 1) ** 2 / 10_001, 1)) and "continuity" in method
    assert mcnemar(6000, 6000)[0] == mcnemar(6000, 6001)[0] == 1.0
    assert (
        mcnemar(1, 0)[0] == 1.0 and mcnemar(0, 2)[0] == pytest.approx(0.5) and mcnemar(3, 0)[0] == pytest.approx(0.25)
    )


def test_a_pair_of_accuracies_by_hand() -> None:
    first, second = np.array([1, 1, 0, 0, 1], bool), np.array([1, 0, 1, 1, 1], bool)
    pair = of_classes(first, second)
    assert (pair.figure, pair.first, pair.second, pair.samples) == ("accuracy", 0.6, 0.8, 5)
    assert pair.difference == pytest.approx(0.2) and (pair.only_first, pair.only_second) == (1, 2)
    assert pair.interval.method == "bootstrap, 10,000 draws, seed 0" and pair.p == pytest.approx(1.0)
    assert of_classes(first, second, 7).interval.method.endswith("seed 7")
    # Of five draws of -1, 0 and 1, with 0.2, 0.4 and 0.4: P(mean ≤ -0.6) = 0.0195, P(≤ -0.4) = 0.071, P(≤ 0.6) = 0.939,
    # P(≤ 0.8) = 0.990.
    assert (pair.interval.low, pair.interval.high) == pytest.approx((-0.4, 0.8))


def test_p_of_a_paired_bootstrap_counts_the_draws_that_are_not_larger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 9 draws 2 are below 0, 1 is 0 and 6 above it: p = 2 · (2 + 1 + 1)/(9 + 1)."""
    monkeypatch.setattr(pairs, "DRAWS", 9)
    apart = np.array([-2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    drawn = np.stack([np.full(9, 9.0), 9.0 + apart], axis=1) ** 2
    monkeypatch.setattr(pairs, "resampled_means", lambda table, draws, rng: drawn if draws == 9 else None)
    pair = of_values(np.array([1.0, 7.0]), np.array([4.0, 14.0]), 5)
    assert pair.p == pytest.approx(0.8) and pair.method == "paired bootstrap, 9 draws, seed 5"
    assert (pair.figure, pair.first, pair.second, pair.difference) == ("rmse", 2.0, 3.0, 1.0)
    assert (pair.interval.low, pair.interval.high) == pytest.approx(tuple(np.quantile(apart, [0.025, 0.975])))
    monkeypatch.setattr(pairs, "resampled_means", lambda table, draws, rng: drawn * 0 + 1.0)
    assert of_values(np.ones(2), np.ones(2)).p == 1.0
    monkeypatch.setattr(pairs, "resampled_means", lambda table, draws, rng: drawn[:, ::-1])
    assert of_values(np.ones(2), np.ones(2)).p == pytest.approx(0.8)


def test_of_equal_p_each_is_adjusted_alike() -> None:
    assert holm([0.2, 0.01, 0.2, 0.04]) == pytest.approx([0.4, 0.04, 0.4, 0.12])
    assert holm([0.03]) == [0.03]


# -- what was collected ----------------------------------------------------------------------------------------------


def test_as_many_numbers_are_kept_as_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collected, "MOST", 6)
    own, batch = Collector(), np.ones((3, 1))
    for count in (1, 2):
        own.update(batch, batch)
        assert own.result() == count and own.why == ""
    own.update(batch, batch)
    assert own.result() == 0 and own.targets == [] and own.why.startswith("the model gives more than 6 numbers here")
    own.update(batch, batch)
    assert own.result() == 0
    own.reset()
    own.update(batch, batch)
    batch += 1
    assert own.why == "" and own.predictions[0].tolist() == own.targets[0].tolist() == [[1], [1], [1]]
    own.update((batch, batch), batch)
    assert own.why == "the model has several outputs: their figures stand in the list above"


def test_arrays_are_equal_where_nan_is_as_nan() -> None:
    assert _equal([1.0, nan], [1.0, nan]) and not _equal([1.0, nan], [nan, 1.0]) and not _equal([1.0], [[1.0]])
    a, b = np.ones((2, 1)), np.zeros((2, 1))
    assert _same_inputs(Split((a, b)), Split((a, b))) and not _same_inputs(Split((a, b)), Split((a, a)))
    assert not _same_inputs(Split((a, b)), Split(a))


def test_what_an_outcome_says_of_each_sample() -> None:
    two = np.array([[1.0, 2.0], [3.0, 5.0]])
    of_values = Outcome(("a", "b"), predicted=two, targets=np.array([[0.0, 2.0], [0.0, 1.0]]))
    assert of_values.right is None and of_values.squares is not None and of_values.squares.tolist() == [0.5, 12.5]
    of_classes = Outcome(("a", "b"), labels=np.array([0, 1]), chosen=np.array([1, 1]))
    assert of_classes.squares is None and of_classes.right is not None and of_classes.right.tolist() == [False, True]
