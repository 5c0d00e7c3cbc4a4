"""The small ones: the figures themselves, stratified parts, the seed, wrong arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pellucid import ConfigError
from pellucid_datasets.breast_cancer import BreastCancer
from pellucid_datasets.digits import Digits
from pellucid_datasets.gaussian_blobs import GaussianBlobs
from pellucid_datasets.half_moons import HalfMoons
from pellucid_datasets.iris import Iris
from pellucid_datasets.sine import Sine
from pellucid_datasets.spirals import Spirals


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


def test_spirals_lie_on_their_arms_without_noise() -> None:
    whole = Spirals(101, 3, 1.5, 0.0, validation=0, test=0).splits(0).train
    assert whole.x.shape == (101, 2) and whole.x.dtype == np.float32
    assert np.bincount(whole.y).tolist() == [34, 34, 33] and whole.classes == ("arm 0", "arm 1", "arm 2")
    r = np.hypot(whole.x[:, 0], whole.x[:, 1])
    assert r.min() > 0 and r.max() == pytest.approx(1)
    angle = np.arctan2(whole.x[:, 1], whole.x[:, 0]) / (2 * np.pi)
    turns = angle - 1.5 * r - whole.y / 3  # whole ones, for every point
    np.testing.assert_allclose(turns, np.rint(turns), atol=1e-5)


def test_blobs_are_normal_about_their_centres() -> None:
    whole = GaussianBlobs(20_000, 4, 3, 0.5, validation=0, test=0).splits(0).train
    assert whole.x.shape == (20_000, 3) and whole.x.dtype == np.float32
    centres = np.stack([whole.x[whole.y == k].mean(axis=0) for k in range(4)])
    assert (np.abs(centres) < 10.1).all() and len(np.unique(centres.round(1), axis=0)) == 4
    residual = (whole.x - centres[whole.y]) / 0.5
    np.testing.assert_allclose(np.cov(residual.T), np.eye(3), atol=0.03)
    assert not np.array_equal(whole.x, GaussianBlobs(20_000, 4, 3, 0.5, validation=0, test=0).splits(1).train.x)


def test_sine_has_the_noise_asked_for() -> None:
    whole = Sine(20_000, 2.0, 0.3, validation=0, test=0).splits(0).train
    assert whole.x.shape == whole.y.shape == (20_000, 1) and whole.labels is None
    assert np.abs(whole.x).max() <= np.pi + 1e-6
    residual = whole.y - np.sin(2 * whole.x.astype(np.float64))
    np.testing.assert_allclose([residual.mean(), residual.std()], [0, 0.3], atol=0.01)


def test_breast_cancer_agrees_with_an_independent_copy() -> None:
    theirs = pytest.importorskip("sklearn.datasets").load_breast_cancer()
    whole = BreastCancer(validation=0, test=0).splits(0).train
    np.testing.assert_array_equal(whole.x, theirs.data.astype(np.float32))
    np.testing.assert_array_equal(whole.y, theirs.target)
    assert list(whole.classes) == theirs.target_names.tolist()
    assert list(whole.features) == theirs.feature_names.tolist()


def test_digits_agree_with_an_independent_copy() -> None:
    theirs = pytest.importorskip("sklearn.datasets").load_digits()
    whole = Digits(validation=0, test=0).splits(0).train
    np.testing.assert_array_equal(16 * whole.x, theirs.data)
    np.testing.assert_array_equal(whole.y, theirs.target)
    images = Digits(flat=False, validation=0, test=0).splits(0).train
    np.testing.assert_array_equal(16 * images.x[..., 0], theirs.images)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (Spirals, {"n": 9}), (Spirals, {"classes": 1}), (Spirals, {"turns": -1.0}), (Spirals, {"noise": "0"}),
        (GaussianBlobs, {"n": 10.0}), (GaussianBlobs, {"classes": 0}), (GaussianBlobs, {"features": 0}),
        (GaussianBlobs, {"deviation": float("inf")}), (Sine, {"frequency": 0.0}), (Sine, {"noise": float("nan")}),
        (Digits, {"flat": 1}), (BreastCancer, {"test": 1.5}),
    ],
)  # fmt: skip
def test_wrong_arguments_are_refused(kind: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"The '{next(iter(arguments))}' of {kind.__name__} must be"):
        kind(**arguments)
