"""Which rows are held out: of every class in proportion."""

from __future__ import annotations

import numpy as np
import pytest
from pellucid_tabular.estimators.held_out import stratified


@pytest.mark.parametrize("count", [1, 7, 50, 100, 399])
@pytest.mark.parametrize("sizes", [(400,), (200, 200), (360, 36, 4), (10, 390), (398, 1, 1)])
def test_each_class_is_held_out_in_proportion(sizes: tuple[int, ...], count: int) -> None:
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(sizes)) * 3, sizes))
    chosen = stratified(400, count, labels, np.random.default_rng(1))
    assert chosen.dtype == bool and chosen.shape == (400,) and chosen.sum() == count
    for label, size in zip(np.unique(labels), sizes, strict=True):
        assert abs(chosen[labels == label].sum() - count * size / 400) < 1
    other = stratified(400, count, labels, np.random.default_rng(2))
    assert not np.array_equal(chosen, other)
    assert np.array_equal(chosen, stratified(400, count, labels, np.random.default_rng(1)))


def test_without_labels_as_many_as_asked_for() -> None:
    assert stratified(10, 3, None, np.random.default_rng(0)).sum() == 3


@pytest.mark.parametrize(
    ("sizes", "count", "expected"),
    [((390, 10), 10, [10, 0]), ((390, 10), 30, [29, 1]), ((390, 10), 59, [58, 1]), ((390, 10), 61, [59, 2]),
     ((300, 60, 40), 2, [2, 0, 0]), ((300, 60, 40), 7, [5, 1, 1]), ((398, 1, 1), 190, [190, 0, 0])],
)  # fmt: skip
def test_each_class_gives_the_nearest_whole_number_of_rows(
    sizes: tuple[int, ...], count: int, expected: list[int]
) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    for seed in range(5):
        chosen = stratified(400, count, labels, np.random.default_rng(seed))
        assert np.bincount(labels[chosen], minlength=len(sizes)).tolist() == expected
