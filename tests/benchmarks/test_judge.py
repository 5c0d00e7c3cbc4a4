"""The judge's figures where the answer is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.interfaces.samples import Split

from benchmarks.judge import Judge, between_gaussians


@pytest.fixture(scope="module")
def judge() -> Judge:
    rng = np.random.default_rng(0)
    x = rng.random((80, 784), dtype=np.float32)
    y = np.arange(80) % 10
    model = pl.build("lenet", input_shape=(28, 28, 1), outputs=10, filters=[2], hidden=[6], seed=0)
    return Judge(model, Split(x[:40], y[:40]), Split(x[40:], y[40:]))


def _x(part: Split) -> Any:
    return np.asarray(part.x)


def test_copies_of_training_images_are_at_distance_0_and_a_moved_pixel_by_as_much(judge: Judge) -> None:
    moved = _x(judge.train).copy()
    moved[:, 5] = np.where(moved[:, 5] > 0.5, moved[:, 5] - 0.25, moved[:, 5] + 0.25)
    assert judge.nearest(_x(judge.train)) == pytest.approx(0, abs=2e-2)  # from float32 squares of length 784
    assert judge.nearest(moved) == pytest.approx(0.25, rel=1e-2)


def test_the_test_set_has_the_diversity_of_the_test_set_and_copies_of_one_image_have_none(judge: Judge) -> None:
    asked = np.asarray(judge.test.y)
    np.testing.assert_allclose(judge.diversity(_x(judge.test), asked), 1.0)
    same = np.repeat(_x(judge.test)[:1], 40, axis=0)
    np.testing.assert_allclose(judge.diversity(same, asked), 0.0, atol=1e-6)


def test_the_test_set_is_at_frechet_distance_0_from_itself(judge: Judge) -> None:
    assert judge.frechet(_x(judge.test)) == pytest.approx(0, abs=1e-6)
    assert judge.frechet(1 - _x(judge.test)) > 1e-4


def test_agreement_and_accuracy_count_classes(judge: Judge) -> None:
    seen = judge.classes(_x(judge.test))
    assert judge.agreement(_x(judge.test), seen) == 1
    assert judge.agreement(_x(judge.test), (seen + 1) % 10) == 0
    assert judge.accuracy() == np.mean(seen == judge.test.y)


def test_between_gaussians_in_closed_form() -> None:
    m, n, s, t = np.array([1.0, 2.0]), np.array([0.0, 4.0]), np.array([1.0, 3.0]), np.array([2.0, 0.5])
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])  # distances do not depend on the axes
    a, b = (turn @ np.diag(spread**2) @ turn.T for spread in (s, t))
    expected = np.sum((m - n) ** 2) + np.sum((s - t) ** 2)
    assert between_gaussians(turn @ m, a, turn @ n, b) == pytest.approx(expected)
