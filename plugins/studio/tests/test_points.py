"""Points that stand in the configuration: what they are loaded as, and which are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_studio.points import Points

RNG = np.random.default_rng(0)


def load(x: Any, y: Any) -> pl.Split:
    return Points(x, y).load(RNG)


def test_whole_numbers_are_classes_and_others_are_values() -> None:
    found = load([[0.5, 1.0], [2.0, -3.0]], [1, 0])
    assert np.asarray(found.x).dtype == np.float32 and np.array_equal(np.asarray(found.x), [[0.5, 1.0], [2.0, -3.0]])
    assert np.asarray(found.y).dtype == np.int64 and np.array_equal(np.asarray(found.y), [1, 0])
    found = load([[0.5, 1.0], [2.0, -3.0]], [1, 0.5])
    assert np.asarray(found.y).dtype == np.float32 and np.array_equal(np.asarray(found.y), [1.0, 0.5])


@pytest.mark.parametrize(("count", "width"), [(2, 1), (2, 2), (2, 100), (2_000, 2)])
def test_so_many_points_of_so_many_numbers_are_taken(count: int, width: int) -> None:
    assert np.asarray(load([[0.25] * width] * count, [0] * count).x).shape == (count, width)


@pytest.mark.parametrize(
    ("x", "said"),
    [
        ([], r"0 points of \[\]"), ([[1.0, 2.0]], r"1 points of \[2\]"), ([[1.0]] * 2_001, r"2,001 points of \[1\]"),
        ([[], []], r"2 points of \[0\]"), ([[1.0] * 101] * 2, r"2 points of \[101\]"),
        ([[1.0], [1.0, 2.0]], r"2 points of \[1, 2\]"),
    ],
)  # fmt: skip
def test_fewer_or_more_are_refused(x: Any, said: str) -> None:
    with pytest.raises(pl.ConfigError, match=f"2 to 2,000 points.*{said}"):
        Points(x, [0] * len(x))


@pytest.mark.parametrize("y", [[0], [0, 1, 0], []])
def test_each_point_has_its_own_target(y: list[int]) -> None:
    with pytest.raises(pl.ConfigError, match=f"{len(y)} for 2 points"):
        Points([[0.0], [1.0]], y)


@pytest.mark.parametrize(("y", "said"), [([-1, 0], "-1 to 0"), ([0, 100], "0 to 100"), ([-2, 200], "-2 to 200")])
def test_classes_run_from_0_to_99(y: list[int], said: str) -> None:
    with pytest.raises(pl.ConfigError, match=f"classes from {said}"):
        Points([[0.0], [1.0]], y)
    values = [float(each) for each in y]
    assert np.array_equal(np.asarray(load([[0.0], [1.0]], values).y), values)


def test_the_first_and_the_last_class_are_taken() -> None:
    assert np.array_equal(np.asarray(load([[0.0], [1.0], [2.0]], [0, 99, 0]).y), [0, 99, 0])


def test_a_number_that_float32_cannot_hold_is_refused_without_a_warning() -> None:
    with pytest.raises(pl.DataError):
        Points([[1e300], [0.0]], [0, 1]).splits(0)


def test_the_examples_are_four_points_of_two_classes_or_with_values() -> None:
    first, second = Points.examples
    assert first.arguments["y"] == [point[0] for point in first.arguments["x"]]
    assert any(isinstance(value, float) for value in second.arguments["y"])
    for example in Points.examples:
        found = pl.create("dataset", "studio/points", **example.arguments).splits(0)
        assert (len(found.train), len(found.validation), len(found.test)) == (4, 0, 0)
        assert sorted(map(tuple, np.asarray(found.train.x).tolist())) == [(0, -0.5), (0, 0.5), (1, -0.5), (1, 0.5)]
