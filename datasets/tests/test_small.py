"""iris and half_moons: the figures themselves, stratified parts, the seed, wrong arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pellucid import ConfigError
from pellucid_datasets.half_moons import HalfMoons
from pellucid_datasets.iris import Iris


def test_iris_is_fishers_version() -> None:
    whole = Iris(validation=0, test=0).splits(0).train
    assert whole.x.shape == (150, 4) and whole.x.dtype == np.float32
    assert whole.y.tolist() == [0] * 50 + [1] * 50 + [2] * 50
    assert whole.classes == ("setosa", "versicolor", "virginica")
    # Means of the three species in Fisher's table II, and the two flowers in which the versions differ.
    means = [whole.x[whole.y == label].mean(axis=0) for label in range(3)]
    expected = [[5.006, 3.428, 1.462, 0.246], [5.936, 2.770, 4.260, 1.326], [6.588, 2.974, 5.552, 2.026]]
    np.testing.assert_allclose(means, expected, rtol=1e-6)
    np.testing.assert_array_equal(whole.x[34], np.array([4.9, 3.1, 1.5, 0.2], np.float32))
    np.testing.assert_array_equal(whole.x[37], np.array([4.9, 3.6, 1.4, 0.1], np.float32))


def test_iris_agrees_with_an_independent_copy() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    theirs = datasets.load_iris()
    whole = Iris(validation=0, test=0).splits(0).train
    np.testing.assert_array_equal(whole.x, theirs.data.astype(np.float32))
    np.testing.assert_array_equal(whole.y, theirs.target)


@pytest.mark.parametrize("seed", range(4))
def test_iris_parts_have_the_species_in_proportion(seed: int) -> None:
    splits = Iris().splits(seed)
    counts = [np.bincount(part.y).tolist() for part in (splits.train, splits.validation, splits.test)]
    assert counts == [[30] * 3, [10] * 3, [10] * 3]
    assert list(splits.transforms) == ["core/standardize"]


def test_half_moons_lie_on_their_circles_without_noise() -> None:
    whole = HalfMoons(101, 0.0, validation=0, test=0).splits(0).train
    assert whole.x.shape == (101, 2) and whole.x.dtype == np.float32
    assert np.bincount(whole.y).tolist() == [51, 50]
    upper, lower = whole.x[whole.y == 0], whole.x[whole.y == 1]
    np.testing.assert_allclose(np.hypot(upper[:, 0], upper[:, 1]), 1, rtol=1e-6)
    np.testing.assert_allclose(np.hypot(lower[:, 0] - 1, lower[:, 1] - 0.5), 1, rtol=1e-6)
    assert (upper[:, 1] > -1e-6).all() and (lower[:, 1] < 0.5 + 1e-6).all()


def test_half_moons_noise_has_the_deviation_asked_for() -> None:
    clean, noisy = (HalfMoons(20_000, noise, validation=0, test=0).splits(0).train.x for noise in (0.0, 0.2))
    residual = noisy - clean
    np.testing.assert_allclose(residual.std(), 0.2, rtol=0.02)
    np.testing.assert_allclose(residual.mean(), 0.0, atol=0.005)


def test_half_moons_follow_the_seed() -> None:
    first, again, other = (HalfMoons(100).splits(seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.train.x, again.train.x)
    assert not np.array_equal(first.train.x, other.train.x)
    assert [len(part) for part in (first.train, first.validation, first.test)] == [60, 20, 20]
    assert np.bincount(first.test.y).tolist() == [10, 10]


@pytest.mark.parametrize(
    "arguments",
    [{"n": 9}, {"n": 10.0}, {"n": True}, {"noise": -0.1}, {"noise": float("nan")}, {"noise": "0.1"}, {"test": 2.0}],
)
def test_half_moons_refuses_wrong_arguments(arguments: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"The '{next(iter(arguments))}' of HalfMoons must be"):
        HalfMoons(**arguments)
