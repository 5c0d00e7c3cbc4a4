"""What a weight means to every metric: how often a sample counts, in proportion, whatever batches they come in."""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.standard.metrics.ranking import log_odds

OF_CLASSES: list[Any] = [
    "accuracy", {"type": "top_k", "k": 2}, "confusion_matrix", "roc_auc", "pr_auc",
    *[{"type": name, "average": average} for name in ("precision", "recall", "f1")
      for average in ("macro", "micro", "weighted")],
]  # fmt: skip
OF_VALUES: list[Any] = [
    "rmse", "mae", "r2", {"type": "within_tolerance", "tolerance": 0.5},
    {"type": "within_tolerance", "tolerance": 0.5, "relative": True},
]  # fmt: skip
RNG = np.random.default_rng(0)
N = 24
SCORES, LABELS = RNG.integers(-3, 4, (N, 4)).astype("f4"), RNG.integers(0, 4, N)
VALUES = RNG.normal(size=(N, 3)).astype("f4")
CASES = [
    *[pytest.param(config, SCORES, LABELS, id=str(config)) for config in OF_CLASSES],
    *[pytest.param(config, VALUES, VALUES + RNG.normal(size=(N, 3)) / 2, id=str(config)) for config in OF_VALUES],
]
COUNTS = RNG.integers(0, 4, N)


def figure(metric: pl.Metric, y: Any, t: Any, w: Any = None, *, batches: int = 1) -> float:
    metric.reset()
    for rows in np.array_split(np.arange(len(y)), batches):
        metric.update(y[rows], t[rows], None if w is None else w[rows])
    return float(metric.result())


@pytest.mark.parametrize(("config", "y", "t"), CASES)
def test_a_weight_is_how_often_a_sample_counts(config: Any, y: Any, t: Any) -> None:
    metric = pl.read("metric", config)
    rows = np.repeat(np.arange(N), COUNTS)
    plain, expected = figure(metric, y, t), figure(metric, y[rows], t[rows])
    assert abs(plain - expected) > 1e-6, "weights make a difference here"
    for scale in (1.0, 2.0**-30, 1e-9, 2.0**20, 0.1):
        for batches in (1, 5, 40):
            assert figure(metric, y, t, COUNTS * scale, batches=batches) == pytest.approx(expected, rel=1e-9)
            assert figure(metric, y, t, np.full(N, scale), batches=batches) == pytest.approx(plain, rel=1e-9)
    assert figure(metric, y, t, batches=7) == pytest.approx(plain, rel=1e-9)


@pytest.mark.parametrize(("config", "y", "t"), CASES)
def test_nothing_that_counts_is_no_figure(config: Any, y: Any, t: Any) -> None:
    metric = pl.read("metric", config)
    assert isnan(metric.result())
    assert isnan(figure(metric, y[:0], t[:0])) and isnan(figure(metric, y, t, np.zeros(N)))
    found = figure(metric, y, t)
    metric.reset()
    assert isnan(metric.result()) and figure(metric, y, t) == found


@pytest.mark.parametrize(
    ("config", "expected"),
    [("rmse", np.sqrt((9 + 16 + 0 + 0.25) / 4)), ("mae", (3 + 4 + 0 + 0.5) / 4),
     ("r2", ((1 - 9.25 / 2) + (1 - 16 / 8)) / 2), ({"type": "within_tolerance", "tolerance": 0.5}, 0.5),
     ({"type": "within_tolerance", "tolerance": 3.0}, 0.75), ({"type": "within_tolerance", "tolerance": 0.49}, 0.25),
     ({"type": "within_tolerance", "tolerance": 1.0, "relative": True}, 0.75)],
)  # fmt: skip
def test_values_by_hand(config: Any, expected: float) -> None:
    """Errors of 3, −4, 0 and 0.5 beside the targets 1, 4, 3 and 8; of these 1 and 3 vary by 2 in all, 4 and 8 by 8."""
    t = np.array([[1.0, 4.0], [3.0, 8.0]])
    y = t + np.array([[3.0, -4.0], [0.5, 0.0]])
    assert figure(pl.read("metric", config), y, t) == pytest.approx(expected, rel=1e-12)


def test_log_odds_by_definition() -> None:
    """log p/(1 − p) is z less the logarithm of the sum of all others' exponentials."""
    rng = np.random.default_rng(0)
    for k in (2, 3, 7):
        z = rng.normal(size=(20, k)) * 3
        z[0], z[1, :2] = 0.0, z[1].max() + 1  # all alike, and two that are ahead alike
        expected = np.array([[row[j] - np.log(np.exp(np.delete(row, j)).sum()) for j in range(k)] for row in z])
        np.testing.assert_allclose(log_odds(z), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(log_odds(np.array([[40.0, 0.0], [-40.0, 400.0]])), [[40, -40], [-440, 440]], rtol=1e-9)


@pytest.mark.parametrize("config", [*OF_CLASSES, {"type": "top_k", "k": 1}, {"type": "top_k", "k": 3}], ids=str)
@pytest.mark.parametrize("steps", [(6, 4), (4, 6), (2, 3, 4), (1, 24), (24, 1)])
def test_steps_count_as_samples(config: Any, steps: tuple[int, ...]) -> None:
    metric = pl.read("metric", config)
    for w in (None, COUNTS):
        expected = figure(metric, SCORES, LABELS, w)
        by_step = None if w is None else w.reshape(steps)
        assert figure(metric, SCORES.reshape(*steps, 4), LABELS.reshape(steps), by_step) == pytest.approx(expected)
    whole = RNG.uniform(0.5, 2, steps[0])
    spread = np.broadcast_to(whole.reshape(-1, *[1] * (len(steps) - 1)), steps)
    found = figure(metric, SCORES.reshape(*steps, 4), LABELS.reshape(steps), whole)
    assert found == pytest.approx(figure(metric, SCORES, LABELS, spread.ravel()))
